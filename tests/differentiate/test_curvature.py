"""Hessians measured by second differences: they contain the truth, and say so where there is none."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.differentiate import hessian

Array = np.ndarray[Any, np.dtype[Any]]
POINTS = [np.array([0.3, -1.2, 0.7]), np.array([1e-3, 20.0, -0.5]), np.array([0.0, 1.0, 100.0])]
A = np.array([1.0, -1.0, 0.5])


def of_log_sum_exp(x: Array) -> Array:
    p = np.exp(x - x.max()) / np.exp(x - x.max()).sum()
    return np.asarray(np.diag(p) - np.outer(p, p))


SMOOTH: dict[str, tuple[Callable[[Array], Any], Callable[[Array], Array]]] = {
    "linear": (lambda x: A @ x + 3, lambda x: np.zeros((3, 3))),
    "squares": (lambda x: np.sum(x**2), lambda x: 2 * np.eye(3)),
    "sines": (lambda x: np.sum(np.sin(x)), lambda x: np.diag(-np.sin(x))),
    "bell": (lambda x: np.sum(1 / (1 + x**2)), lambda x: np.diag((6 * x**2 - 2) / (1 + x**2) ** 3)),
    "product": (np.prod, lambda x: np.array([[0, x[2], x[1]], [x[2], 0, x[0]], [x[1], x[0], 0]])),
    "log-sum-exp": (lambda x: x.max() + np.log(np.exp(x - x.max()).sum()), of_log_sum_exp),
    "cubes": (lambda x: np.sum(abs(x) ** 3), lambda x: np.diag(6 * abs(x))),
    "fast": (lambda x: np.sum(np.sin(50 * x)), lambda x: np.diag(-2500 * np.sin(50 * x))),
}


@pytest.mark.parametrize("x", POINTS, ids=str)
@pytest.mark.parametrize(("f", "truth"), SMOOTH.values(), ids=SMOOTH)
def test_the_truth_is_inside_the_error(f: Any, truth: Any, x: Array) -> None:
    found, expected = hessian(f, x), truth(x)
    inside = abs(found.value - expected) <= found.error + 1e-15 * abs(expected)
    assert (inside | ~np.isfinite(found.error)).all(), found
    assert np.isfinite(found.error).all(), found
    scale = max(abs(expected).max(), abs(f(x)) / 100)
    assert np.median(found.error) < 1e-5 * scale, found


def relu_squared(x: Array) -> Any:
    return 0.5 * np.sum(np.maximum(x, 0) ** 2)


def test_a_jump_of_the_second_derivative_is_an_interval() -> None:
    found = hessian(relu_squared, np.array([-1.0, 0.0, 2.0]))
    assert found.status[1, 1] == "kink"
    assert np.allclose(found.interval[1, 1], [0, 1], atol=1e-6)
    assert np.allclose(np.diag(found.value), [0, 0.5, 1], atol=1e-6)
    assert found.error[0, 0] < 1e-6 > found.error[2, 2]


@pytest.mark.parametrize("distance", [1e-6, 1e-4, 1e-3, 3e-3, 1e-2])
def test_a_jump_of_the_second_derivative_nearby_is_not_straddled(distance: float) -> None:
    found = hessian(lambda x: 0.5 * np.maximum(A @ x, 0) ** 2, np.array([0.5 + distance, 1.0, 1.0]))
    assert (abs(found.value - np.outer(A, A)) <= found.error).all()
    assert (found.error < 1e-4).all()


def test_a_kink_of_the_function_itself_has_no_second_derivative() -> None:
    found = hessian(lambda x: np.sum(abs(x)), np.array([-1.0, 0.0, 2.0]))
    assert found.status[1, 1] == "singular"
    assert not np.isfinite(found.error[1, 1])
    assert np.isfinite(np.delete(found.error.ravel(), 4)).all()


def test_second_derivatives_that_values_cannot_show_are_not_claimed_to_be_known() -> None:
    found = hessian(lambda x: 1e6 + 1e-12 * np.sum(x**2), np.array([0.3, 1.0]))
    assert (found.error > 1e-12).all()
