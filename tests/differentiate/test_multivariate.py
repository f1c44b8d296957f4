"""directional_derivative, gradient, jacobian, hessian."""

from dataclasses import dataclass

import numpy as np
import pytest

from gradcheck.differentiate import (
    Estimate,
    Status,
    UsageError,
    directional_derivative,
    gradient,
    hessian,
    jacobian,
)

RNG = np.random.default_rng(4)
A = RNG.normal(size=(4, 3))


def contains(estimate: Estimate, truth) -> bool:
    return bool((np.abs(estimate.value - truth) <= estimate.error).all())


def softplus_loss(x):
    return np.log1p(np.exp(A @ x)).sum()


def softplus_gradient(x):
    return A.T @ (1.0 / (1.0 + np.exp(-A @ x)))


def test_gradient_of_a_scalar_function() -> None:
    x = RNG.normal(size=3)
    estimate = gradient(softplus_loss, x)
    assert estimate.value.shape == (3,)
    assert contains(estimate, softplus_gradient(x))
    assert (estimate.error < 1e-9).all()


def test_gradient_costs_seven_evaluations_an_entry_and_a_shared_probe() -> None:
    calls = 0

    def f(x):
        nonlocal calls
        calls += 1
        return softplus_loss(x)

    estimate = gradient(f, RNG.normal(size=3))
    assert calls == estimate.evaluations.sum() + estimate.shared_evaluations
    assert (estimate.evaluations == 7).all()
    assert estimate.shared_evaluations == 13


def test_jacobian_has_the_shape_of_the_result_and_then_of_x() -> None:
    x = RNG.normal(size=(3, 2))
    estimate = jacobian(lambda v: np.tanh(A @ v), x)
    slope = 1.0 - np.tanh(A @ x) ** 2
    truth = np.einsum("ij,ik,jl->ijkl", slope, A, np.eye(2))
    assert estimate.value.shape == (4, 2, 3, 2)
    assert estimate.interval.shape == (4, 2, 3, 2, 2)
    assert contains(estimate, truth)


def test_directional_derivative_over_several_arguments() -> None:
    a, b = RNG.normal(size=3), RNG.normal(size=(3, 2))
    da, db = RNG.normal(size=3), RNG.normal(size=(3, 2))
    estimate = directional_derivative(lambda u, v: np.sin(u @ v), (a, b), (da, db))
    assert estimate.value.shape == (2,)
    assert contains(estimate, np.cos(a @ b) * (da @ b + a @ db))
    assert (estimate.error < 1e-8).all()


def test_a_directional_derivative_scales_with_its_direction() -> None:
    x, v = RNG.normal(size=3), RNG.normal(size=3)
    for size in (1e-8, 1.0, 1e8):
        estimate = directional_derivative(softplus_loss, x, size * v)
        assert contains(estimate, size * (softplus_gradient(x) @ v))
        assert estimate.error < 1e-8 * size


@dataclass(frozen=True)
class Layer:
    w: np.ndarray
    b: np.ndarray


def test_nested_inputs_keep_their_structure() -> None:
    inputs = {"layers": [Layer(np.ones((2, 2)), np.zeros(2))], "steps": np.array([1, 2]), "name": None}

    def f(tree):
        layer = tree["layers"][0]
        return (layer.w.sum() ** 2 + layer.b @ np.array([1.0, 3.0])) * tree["steps"][1]

    found = gradient(f, inputs)
    assert contains(found["layers"][0].w, 16.0)
    assert contains(found["layers"][0].b, [2.0, 6.0])
    assert found["steps"] is None
    assert found["name"] is None


def test_a_tuple_is_several_arguments_and_a_tuple_comes_back() -> None:
    first, second = gradient(lambda a, b: a @ b, (np.ones(2), np.arange(2.0)))
    assert contains(first, [0.0, 1.0])
    assert contains(second, 1.0)


def test_a_number_is_an_input() -> None:
    estimate = gradient(lambda x: x**2, 3.0)
    assert estimate.value.shape == ()
    assert contains(estimate, 6.0)


def test_float32_inputs_are_measured_in_float64() -> None:
    x = RNG.normal(size=3).astype(np.float32)
    estimate = gradient(softplus_loss, x)
    assert contains(estimate, softplus_gradient(x.astype(float)))
    assert (estimate.error < 1e-9).all()


def test_a_network_in_float32_inside_gets_the_error_of_float32() -> None:
    x = RNG.normal(size=3).astype(np.float32)

    def f(v):
        v = v.astype(np.float32)
        return float(np.log1p(np.exp(A.astype(np.float32) @ v)).sum())

    estimate = gradient(f, x)
    assert contains(estimate, softplus_gradient(x.astype(float)))
    assert (estimate.error > 1e-7).all()


def test_partials_at_a_kink_are_intervals() -> None:
    estimate = gradient(lambda x: np.maximum(x, 0.0).sum(), np.array([0.0, 1.0, -1.0]))
    assert estimate.status.tolist() == [Status.KINK, Status.SMOOTH, Status.FLAT]
    np.testing.assert_allclose(estimate.interval[0], [0.0, 1.0], atol=1e-9)


def test_an_edge_by_exception_is_told() -> None:
    def f(x):
        if x[0] < 0.0:
            raise np.linalg.LinAlgError("not positive definite")
        return x[0] ** 2 + 3.0 * x[0] + x[1]

    estimate = gradient(f, np.array([0.0, 2.0]))
    assert estimate.status.tolist() == [Status.EDGE, Status.SMOOTH]
    assert contains(estimate, [3.0, 1.0])
    assert "not positive definite" in estimate.notes[0]


def test_an_exception_at_the_point_itself_passes_through() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        gradient(lambda x: np.linalg.inv(x).sum(), np.zeros((2, 2)))


def test_the_hessian_contains_the_truth() -> None:
    x = np.array([0.7, -1.1])

    def f(v):
        return np.sin(v[0] * v[1]) + v[0] ** 3

    a, b = x
    cross = np.cos(a * b) - a * b * np.sin(a * b)
    truth = [[-b * b * np.sin(a * b) + 6 * a, cross], [cross, -a * a * np.sin(a * b)]]
    estimate = hessian(f, x)
    assert contains(estimate, truth)
    assert (estimate.error < 1e-5).all()
    assert estimate.shared_evaluations > 0


def test_the_caller_s_arrays_are_as_they_were() -> None:
    x, fixed = np.ones(3), np.array([1, 2, 3])

    def f(a, b):
        a *= 0.0
        b *= 0
        return a.sum() + 1.0

    gradient(f, (x, fixed))
    assert x.tolist() == [1.0, 1.0, 1.0]
    assert fixed.tolist() == [1, 2, 3]


def test_an_empty_array_has_an_empty_gradient() -> None:
    empty, full = gradient(lambda a, b: a.sum() + b @ b, (np.empty((0, 2)), np.ones(2)))
    assert empty.value.shape == (0, 2)
    assert contains(full, 2.0)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: gradient(lambda x: x, np.ones(2)), "jacobian"),
        (lambda: gradient(lambda x: x.sum(), np.array([1, 2])), "floating-point"),
        (lambda: gradient(lambda x: x.sum(), np.ones(2) * 1j), "complex"),
        (lambda: jacobian(lambda x: x * 1j, np.ones(2)), "complex"),
        (lambda: jacobian(lambda x: "a", np.ones(2)), "numbers"),
        (lambda: jacobian(lambda x: x[x > 0.999], np.ones(2)), "one shape"),
        (lambda: directional_derivative(np.sum, np.ones(2), np.zeros(2)), "zero"),
        (lambda: directional_derivative(np.sum, np.ones(2), np.array([np.nan, 1.0])), "finite"),
        (lambda: directional_derivative(np.sum, np.ones(2), np.ones(3)), "shape"),
        (
            lambda: directional_derivative(lambda a, b: a @ b, (np.ones(2), np.ones(2)), np.ones(2)),
            "structure",
        ),
        (lambda: directional_derivative(np.sum, np.ones(2), "no"), "direction"),
    ],
)
def test_misuse_is_refused_with_cause_and_cure(call, text: str) -> None:
    with pytest.raises(UsageError, match=text) as caught:
        call()
    assert "Try: " in str(caught.value)
