"""The traps in which a good numerical derivative still raised false alarms, on the oracle's side.

Each was met on real operators; the name says what the function does.
"""

import numpy as np
import pytest

from gradcheck.differentiate import Status, derivative, directional_derivative, gradient, jacobian
from gradcheck.differentiate import _classify as classify_module
from gradcheck.differentiate import _lines as lines_module


def contains(estimate, truth) -> np.ndarray:
    return np.abs(estimate.value - truth) <= estimate.error


# 1. Absorption: x_i is 0 or tiny, f is O(1), and small steps vanish in rounding.


@pytest.mark.parametrize("x", [0.0, 1e-30, -1e-12, 1e-9])
@pytest.mark.parametrize("size", [1e-14, 1e-10, 1e-3])
def test_a_small_term_beside_a_large_value_is_never_called_zero_for_certain(x: float, size: float) -> None:
    estimate = derivative(lambda v: 1.0 + size * v, x)
    assert contains(estimate, size)
    assert 1e-16 < estimate.error < 1e-9


def test_a_quadratic_that_vanishes_beside_one_is_measured_within_its_error() -> None:
    for x in (0.0, 1e-9, 1e-5):
        assert contains(derivative(lambda v: 1.0 + v * v, x), 2.0 * x)


def test_without_a_floor_absorption_would_be_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    def absorbed():
        return derivative(lambda v: 1.0 + 1e-18 * v, 0.0)

    assert contains(absorbed(), 1e-18)
    monkeypatch.setattr(classify_module, "SAFETY", 0.0)
    assert not contains(absorbed(), 1e-18)


def test_an_output_that_dwarfs_the_others_does_not_hide_them() -> None:
    estimate = jacobian(lambda x: np.stack([1e12 * np.cos(x), np.sin(x)]), 0.5)
    assert contains(estimate, [-1e12 * np.sin(0.5), np.cos(0.5)]).all()
    assert estimate.error[1] < 1e-8


# 2. Staircase aliasing: steps that are multiples of the period see a straight line.

STAIRS = {
    "floor": np.floor,
    "round": np.round,
    "floor of a quarter": lambda v: np.floor(4.0 * v) / 4.0,
    "round to a tenth": lambda v: np.round(v, 1),
}


@pytest.mark.parametrize("x", [700.3, 12345.3, 1e5 + 0.2, 1e6 + 0.3, 1e8 + 0.3])
@pytest.mark.parametrize("name", STAIRS)
def test_stairs_are_never_taken_for_their_secant(name: str, x: float) -> None:
    estimate = derivative(STAIRS[name], x)
    assert contains(estimate, 0.0) or np.isinf(estimate.error)


@pytest.mark.parametrize("x", [700.3, 12345.3, 1e6 + 0.3, 1e8 + 0.3])
def test_a_sawtooth_is_never_taken_for_flat(x: float) -> None:
    estimate = derivative(lambda v: np.mod(v, 1.0), x)
    assert contains(estimate, 1.0)
    assert estimate.error < 1e-2


def test_without_evidence_from_small_steps_a_sawtooth_is_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    def sawtooth():
        return derivative(lambda v: np.mod(v, 1.0), 1e8 + 0.25)

    assert contains(sawtooth(), 1.0)
    monkeypatch.setattr(lines_module, "NEAR", 2.0**-20)
    assert sawtooth().value == 0.0


# 4. Partial derivatives exist, the function is not differentiable.


def test_a_joint_direction_shows_what_partials_at_a_tie_hide() -> None:
    def median(x):
        return np.sort(x)[1]

    tie = np.array([1.0, 1.0, 1.0])
    partials = gradient(median, tie)
    assert (np.nan_to_num(partials.value) == 0.0).all()
    joint = directional_derivative(median, tie, np.ones(3))
    assert contains(joint, 1.0)
    assert joint.error < 1e-6


# 5. Ill-conditioned forward passes: the noise along coordinates understates that along a direction.


def test_noise_is_probed_along_the_direction_that_is_measured() -> None:
    rng = np.random.default_rng(0)
    x = 1e8 + rng.normal(size=20)
    weights = rng.normal(size=20)

    def normalised(v):
        centred = v - v.mean()
        return weights @ (centred / np.sqrt((centred * centred).mean() + 1e-5))

    centred = x - x.mean()
    s = np.sqrt((centred * centred).mean() + 1e-5)
    pull = (weights - weights.mean() - centred * (weights @ centred) / (20 * s * s)) / s
    for _ in range(20):
        v = rng.normal(size=20)
        estimate = directional_derivative(normalised, x, v)
        assert contains(estimate, pull @ v) or np.isinf(estimate.error)


# 6. Saturated or underflowed: measured 0, the true derivative is tiny.


@pytest.mark.parametrize("x", [-6.0, -8.37, -9.9, -15.0, -20.0, -37.0])
def test_a_saturated_gelu_is_zero_within_what_its_values_can_show(x: float) -> None:
    from math import erf, erfc, exp, pi, sqrt

    estimate = derivative(np.vectorize(lambda v: 0.5 * v * (1.0 + erf(v / sqrt(2.0))), otypes=[float]), x)
    truth = 0.5 * erfc(-x / sqrt(2.0)) + x * exp(-x * x / 2.0) / sqrt(2.0 * pi)
    assert contains(estimate, truth)
    assert estimate.error < 1e-6


@pytest.mark.parametrize("x", [20.0, 37.0, 40.0, 700.0])
def test_a_saturated_sigmoid_and_an_underflowed_exponential(x: float) -> None:
    assert contains(derivative(lambda v: 1.0 / (1.0 + np.exp(-v)), x), np.exp(-x))
    assert contains(derivative(lambda v: np.exp(-v * 2.0), x), -2.0 * np.exp(-x * 2.0))


# 8. Isolated domains: finite at a few steps by accident.


@pytest.mark.parametrize("x", [3.0, 200.0, 700.0, -500.0, -1000.0])
def test_isolated_points_are_no_smooth_function(x: float) -> None:
    estimate = derivative(lambda v: np.power(-2.0, v), x)
    assert estimate.error == np.inf
    assert estimate.status in (Status.UNRESOLVED, Status.NONFINITE)


# Beyond the list: the ripple that coarse steps average out.


@pytest.mark.parametrize("k", [1e3, 1e5, 1e8])
def test_a_ripple_is_never_averaged_away_for_certain(k: float) -> None:
    x = np.random.default_rng(3).uniform(0.5, 3.0, 100)
    estimate = derivative(lambda v: v + 0.1 / k * np.sin(k * v), x)
    assert (contains(estimate, 1.0 + 0.1 * np.cos(k * x)) | np.isinf(estimate.error)).all()


def test_no_oscillation_is_settled_by_block_0() -> None:
    x = np.random.default_rng(3).uniform(0.5, 3.0, 100)
    estimate = derivative(lambda v: np.sin(1e4 * v), x)
    assert contains(estimate, 1e4 * np.cos(1e4 * x)).all()
    assert (estimate.evaluations > 7).all()
