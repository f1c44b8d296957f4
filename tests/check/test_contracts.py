"""Each promise with its slug: a claim that breaks it fails by that name, its twin that keeps it passes."""

from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from gradcheck import Verdict, check_backward, check_grad, check_jvp, check_vjp

X = np.array([[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]])


def failing(report: Any) -> set[str]:
    return {f.code for f in report.findings if f.verdict is Verdict.FAIL}


def square(x: Any) -> Any:
    return x**2


def right(w: Any, x: Any) -> Any:
    return 2 * w * x


def clobbers_input(w: Any, x: Any) -> Any:
    x *= 2
    return w * x


def clobbers_cotangent(w: Any, x: Any) -> Any:
    w *= 2
    return w * x


class Noisy:
    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)

    def __call__(self, w: Any, x: Any) -> Any:
        return 2 * w * x * (1 + 1e-3 * self.rng.standard_normal(x.shape))


def in_memory_order(w: Any, x: Any) -> Any:
    return 2 * w * x.ravel(order="K").reshape(x.shape)


BROKEN = {
    "mutates-input": clobbers_input,
    "mutates-cotangent": clobbers_cotangent,
    "nondeterministic-backward": Noisy(),
    "nonlinear": lambda w, x: 2 * np.abs(w) * x,
    "noncontiguous": in_memory_order,
    "shape": lambda w, x: (2 * w * x).ravel(),
    "dtype": lambda w, x: (2 * w * x).astype(np.float32),
    "missing": lambda w, x: None,
    "nonfinite": lambda w, x: np.where(x > 1, np.nan, 2 * w * x),
}


def test_a_claim_that_keeps_every_promise_breaks_none() -> None:
    assert failing(check_vjp(square, right, X)) == set()


@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_promise_is_found_by_its_name(code: str) -> None:
    assert code in failing(check_vjp(square, BROKEN[code], X))


def test_the_cotangent_of_a_scalar_must_be_used() -> None:
    def mean(x: Any) -> Any:
        return np.mean(x**2)

    assert failing(check_vjp(mean, lambda w, x: w * 2 * x / x.size, X)) == set()
    report = check_vjp(mean, lambda w, x: 2 * x / x.size, X)
    assert "nonlinear" in failing(report)
    assert report.findings[0].diagnosis == "ignores-cotangent"


def test_gradients_that_share_memory_are_found_and_returning_the_cotangent_is_a_note() -> None:
    add = np.add
    assert failing(check_vjp(add, lambda w, a, b: (w, w), (X, X))) == {"aliased"}
    note = check_vjp(add, lambda w, a, b: (w, w.copy()), (X, X))
    assert note.verdict is Verdict.PASS
    assert "aliased" in {f.code for f in note.findings}
    half_square = check_grad(lambda x: 0.5 * np.sum(x**2), lambda x: x, X)
    assert failing(half_square) == {"aliased"}


def test_a_forward_pass_with_noise_of_its_own_is_found() -> None:
    rng = np.random.default_rng(0)
    report = check_vjp(lambda x: x**2 * (1 + 1e-3 * rng.standard_normal()), right, X)
    assert "nondeterministic-forward" in failing(report)


def test_differences_at_rounding_level_join_the_bound() -> None:
    rng = np.random.default_rng(0)
    report = check_vjp(lambda x: x**2 * (1 + 1e-15 * rng.standard_normal()), right, X)
    assert report.verdict is Verdict.PASS


def test_a_forward_pass_that_mutates_is_found() -> None:
    def f(x: Any) -> Any:
        x **= 2
        return x.copy()

    assert "mutates-input" in failing(check_vjp(f, right, X))


def test_a_claim_that_raises_is_a_finding() -> None:
    def vjp(w: Any, x: Any) -> Any:
        raise RuntimeError("called before forward")

    report = check_vjp(square, vjp, X)
    assert failing(report) == {"raises"}
    assert "called before forward" in report.findings[-1].message


def test_a_jvp_keeps_promises_too() -> None:
    assert failing(check_jvp(square, lambda t, x: 2 * x * t[0], X)) == set()
    assert "nonlinear" in failing(check_jvp(square, lambda t, x: 2 * x * np.abs(t[0]), X))
    assert "shape" in failing(check_jvp(square, lambda t, x: (2 * x * t[0]).ravel(), X))


def test_a_backward_pass_gets_a_cache_of_its_own() -> None:
    def forward(x: Any) -> Any:
        return x**2, [x.copy()]

    def backward(w: Any, cache: Any) -> Any:
        return 2 * w * cache.pop()

    assert check_backward(forward, backward, X).verdict is Verdict.PASS


class Clumsy(Exception):
    pass


@pytest.mark.parametrize("error", [KeyboardInterrupt, Clumsy])
def test_the_callers_arrays_are_as_they_were_also_after_an_exception(error: type[BaseException]) -> None:
    x, calls = X.copy(), []

    def f(x: Any) -> Any:
        x *= 2
        calls.append(1)
        if len(calls) > 5:
            raise error
        return x.sum()

    with suppress(error):
        check_grad(f, lambda x: 2 * np.ones_like(x), x)
    assert len(calls) > 5
    np.testing.assert_array_equal(x, X)
