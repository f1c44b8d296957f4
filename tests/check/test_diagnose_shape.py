"""A claim of the wrong shape is told what that shape is: a transpose, another input's, a diagonal, a missing sum."""

from typing import Any

import numpy as np
import pytest

from gradcheck import (
    Finding,
    Report,
    Verdict,
    check_backward,
    check_grad,
    check_hessian,
    check_jacobian,
    check_vjp,
)

A = np.arange(12.0).reshape(4, 3)
X, W, B = (np.random.default_rng(i).standard_normal(shape) for i, shape in enumerate([(5, 3), (3, 2), (2,)]))


def of_shape(report: Report) -> list[Finding]:
    assert report.verdict is Verdict.FAIL
    return [f for f in report.findings if f.code == "shape"]


def jacobian(f: Any, claim: Any, x: Any) -> Finding:
    return of_shape(check_jacobian(f, lambda x: claim, x))[0]


def test_a_jacobian_that_is_transposed() -> None:
    found = jacobian(lambda x: A @ x, A.T, np.ones(3))
    assert found.diagnosis == "transpose"
    assert "transpose" in found.advice


def test_a_jacobian_of_an_elementwise_function_without_its_zeros() -> None:
    found = jacobian(np.sin, np.cos(np.ones(3)), np.ones(3))
    assert found.diagnosis == ""
    assert "np.diag" in found.advice
    assert check_jacobian(np.sin, lambda x: np.diag(np.cos(x)), np.ones(3))


@pytest.mark.parametrize("claim", [A[:2], A[0], A[None]])
def test_a_jacobian_of_any_other_shape_is_told_the_right_one(claim: Any) -> None:
    found = jacobian(lambda x: A @ x, claim, np.ones(3))
    assert found.diagnosis == ""
    assert "f(x).shape + x.shape" in found.advice


def dense(w: Any, q: Any) -> tuple[Any, Any, Any]:
    x, weight = q
    return w @ weight.T, x.T @ w, w.sum(0)


@pytest.mark.parametrize("order", [(1, 0, 2), (1, 2, 0), (2, 1, 0)])
def test_gradients_in_another_order_are_told_whose_shape_they_have(order: tuple[int, ...]) -> None:
    def backward(w: Any, q: Any) -> tuple[Any, ...]:
        return tuple(dense(w, q)[i] for i in order)

    found = of_shape(check_backward(lambda x, W, b: (x @ W + b, (x, W)), backward, (X, W, B)))
    assert {f.input: f.diagnosis for f in found} == {
        "xWb"[i]: "wrong-input" for i in range(3) if order[i] != i
    }
    assert all(f"the shape of {'xWb'[order['xWb'.index(f.input)]]}" in f.advice for f in found)


def test_one_gradient_with_the_shape_of_another_input_is_no_exchange() -> None:
    def backward(w: Any, q: Any) -> tuple[Any, ...]:
        return dense(w, q)[0], dense(w, q)[1].sum(0), dense(w, q)[2]

    found = of_shape(check_backward(lambda x, W, b: (x @ W + b, (x, W)), backward, (X, W, B)))
    assert [(f.input, f.diagnosis) for f in found] == [("W", "")]


def test_a_gradient_that_is_transposed() -> None:
    found = of_shape(check_grad(lambda a: np.sum(a**2), lambda a: 2 * a.T, A))[0]
    assert found.diagnosis == "transpose"


def test_a_gradient_that_was_broadcast_is_still_not_summed() -> None:
    found = of_shape(check_vjp(lambda x, b: x + b, lambda w, x, b: (w, w), (X, np.ones(3))))
    assert [(f.input, f.diagnosis) for f in found] == [("b", "missing-sum")]


def test_a_hessian_of_the_wrong_shape_is_told_the_right_one() -> None:
    found = of_shape(check_hessian(lambda x: np.sum(x**2), lambda x: 2 * np.ones(3), np.ones(3)))[0]
    assert "x_i.shape + x_j.shape" in found.advice
