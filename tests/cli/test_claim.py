"""`gradcheck.Claim`: a call of a check that has not been made yet."""

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import Claim, UsageError
from gradcheck.check import Verdict
from gradcheck.check._claim import KINDS

A = np.array([[2.0, 1.0, 0.5], [0.5, 3.0, 1.0]])
SQUARE = A.T @ A
X = np.array([1.0, -2.0, 0.5])


def quadratic(x: Any) -> Any:
    return x @ SQUARE @ x / 2


# A right claim of each kind: functions and inputs as the check takes them.
RIGHT: dict[str, tuple[Any, ...]] = {
    "grad": (quadratic, lambda x: SQUARE @ x),
    "vjp": (lambda x: A @ x, lambda w, x: A.T @ w),
    "jvp": (lambda x: A @ x, lambda v, x: A @ v[0]),
    "backward": (lambda x: (A @ x, None), lambda w, cache: A.T @ w),
    "jacobian": (lambda x: A @ x, lambda x: A),
    "hessian": (quadratic, lambda x: SQUARE),
    "hvp": (quadratic, lambda x: SQUARE @ x, lambda v, x: SQUARE @ v[0]),
    "adjoint": (lambda v, x: A @ v[0], lambda w, x: A.T @ w),
}


def test_there_is_an_example_of_every_kind() -> None:
    assert RIGHT.keys() == KINDS.keys()
    assert all(hasattr(gradcheck, f"check_{kind}") for kind in KINDS)


@pytest.mark.parametrize("kind", RIGHT)
def test_a_claim_is_judged_by_the_check_of_its_kind(kind: str) -> None:
    report = Claim(kind, RIGHT[kind], X).check()
    assert report.verdict is Verdict.PASS, str(report)
    assert report.call == f"check_{kind}"


def test_inputs_are_made_when_they_are_needed() -> None:
    made = []

    def inputs() -> Any:
        made.append(1)
        return X

    claim = Claim("grad", RIGHT["grad"], inputs)
    assert made == []
    assert claim.check()
    assert made == [1]


def test_options_of_the_call_win_over_those_of_the_claim() -> None:
    claim = Claim("grad", RIGHT["grad"], X, {"seed": 3, "coverage": "full"})
    report = claim.check(seed=4)
    assert report.seed == 4
    assert report.options == {"coverage": "full"}


def test_other_inputs_can_be_judged() -> None:
    wrong_at_zero = Claim("grad", (quadratic, lambda x: SQUARE @ x + (x == 0)), X)
    assert wrong_at_zero.check()
    assert not wrong_at_zero.check(np.zeros(3))


def test_the_name_is_that_of_the_last_function() -> None:
    assert Claim("grad", (quadratic, np.negative), X).name == "negative"
    assert Claim("grad", (quadratic, np.negative), X, name="mine").name == "mine"


@pytest.mark.parametrize(
    ("kind", "functions", "message"),
    [
        ("gradient", (quadratic, quadratic), "there is no such check"),
        ("grad", (quadratic,), "takes 2 functions"),
        ("hvp", (quadratic, quadratic), "takes 3 functions"),
        ("grad", quadratic, "pass a tuple of 2"),
        ("grad", (quadratic, 3), "cannot be called"),
    ],
)
def test_misuse_is_refused_at_once(kind: str, functions: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Claim(kind, functions, X)
