"""Misuse raises one error with value, cause and cure, before any long work."""

from typing import Any

import numpy as np
import pytest

from gradcheck import UsageError, check_backward, check_grad, check_hessian, check_vjp

X = np.ones(3)


def f(x: Any) -> Any:
    return np.sum(x**2)


def grad(x: Any) -> Any:
    return 2 * x


MISUSES: dict[str, Any] = {
    "f and claim swapped": lambda: check_grad(grad, f, X),
    "vjp swapped": lambda: check_vjp(lambda w, x: 2 * w * x, lambda x: x**2, X),
    "f returns an array": lambda: check_grad(lambda x: x, grad, X),
    "f returns a complex number": lambda: check_grad(lambda x: np.sum(x) * 1j, grad, X),
    "f returns a string": lambda: check_grad(lambda x: "loss", grad, X),
    "f returns None": lambda: check_grad(lambda x: None, grad, X),
    "f raises": lambda: check_grad(lambda x: x @ np.ones(4), grad, X),
    "claim returns a string": lambda: check_grad(f, lambda x: "2x", X),
    "claim returns objects": lambda: check_grad(f, lambda x: np.array([object()] * 3), X),
    "wrong structure": lambda: check_grad(
        lambda x, y, z: np.sum(x * y * z), lambda x, y, z: (x, y), (X, X, X)
    ),
    "no float input": lambda: check_grad(lambda i: 1.0, lambda i: i, np.arange(3)),
    "empty input": lambda: check_grad(lambda x: 1.0, lambda x: x, np.empty(0)),
    "f is no function": lambda: check_grad(3, grad, X),
    "claim is no function": lambda: check_grad(f, "grad", X),
    "unknown option": lambda: check_grad(f, grad, X, kink="strict"),
    "unknown value": lambda: check_grad(f, grad, X, kinks="lenient"),
    "negative tolerance": lambda: check_grad(f, grad, X, rtol=-1.0),
    "resolution of zero": lambda: check_grad(f, grad, X, resolution=0.0),
    "budget of zero": lambda: check_grad(f, grad, X, max_evaluations=0),
    "explore is no number": lambda: check_grad(f, grad, X, explore="all"),
    "wrt names nothing": lambda: check_grad(f, grad, X, wrt="W*"),
    "outputs name nothing": lambda: check_vjp(np.sin, lambda w, x: w * np.cos(x), X, outputs=4),
    "executor cannot submit": lambda: check_grad(f, grad, X, executor=4),
    "forward without a cache": lambda: check_backward(np.sin, lambda w, c: w, X),
    "hessian of an array": lambda: check_hessian(np.sin, grad, X),
}


@pytest.mark.parametrize("misuse", MISUSES)
def test_misuse_is_refused_with_value_cause_and_cure(misuse: str) -> None:
    with pytest.raises(UsageError) as caught:
        MISUSES[misuse]()
    assert all([caught.value.value, caught.value.cause, caught.value.cure])


def test_a_misspelt_option_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="negative_control"):
        check_grad(f, grad, X, negative_controls=True)  # type: ignore[call-arg]


def test_misuse_is_refused_before_any_long_work() -> None:
    calls = []

    def counted(x: Any) -> Any:
        calls.append(1)
        return x

    with pytest.raises(UsageError):
        check_grad(counted, grad, X)
    assert len(calls) == 1
