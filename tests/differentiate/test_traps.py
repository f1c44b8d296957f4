"""The traps in which a good numerical derivative still raised false alarms, on the oracle's side.

Each was met on real operators; the name says what the function does.
"""

import numpy as np
import pytest

from gradcheck.differentiate import Status, derivative, directional_derivative, gradient, jacobian
from gradcheck.differentiate import _classify as classify_module
from gradcheck.differentiate import _lines as lines_module
from gradcheck.differentiate import _rungs as rungs_module
from gradcheck.differentiate.engine import ladder, noise_level, two_point
from tests.differentiate.recorder import Recorder


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


TINY = np.array([1e-12, -1e-14, 1e-9])

# Values that move in quanta: the function, where, the slope at x.
QUANTA = {
    "floor": (np.floor, np.array([700.3, 1e6 + 0.5]), np.zeros_like),
    "float16 inside": (
        lambda v: np.tanh(v.astype(np.float16)),
        np.array([0.3, -1.0]),
        lambda x: 1 - np.tanh(x) ** 2,
    ),
    "a third of float16": (
        lambda v: v.astype(np.float16) / 3.0,
        np.array([0.3, -1.3]),
        lambda x: x / (3.0 * x),
    ),
    "six decimals": (lambda v: np.round(np.sin(v), 6), np.array([0.3, 1.1]), np.cos),
    "exp(x) - 1": (lambda v: np.exp(v) - 1.0, TINY, np.exp),
    "log(1 + x)": (lambda v: np.log(1.0 + v), TINY, lambda x: 1.0 / (1.0 + x)),
    "softplus": (
        lambda v: np.log(1.0 + np.exp(v)),
        np.array([-30.0, -40.0]),
        lambda x: np.exp(x) / (1.0 + np.exp(x)),
    ),
    "1 - cos": (lambda v: 1.0 - (1.0 - v**2 / 2.0), np.array([1e-6, 1e-8, 1e-4, 1e-9]), lambda x: x),
}


def sigmoid(v: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-v))


# Rounding of an inner value near 1: stairs of uneven height, whose treads are wider than the fine rungs. The function,
# where, and its slope in a form that does not cancel.
UNEVEN = {
    "log(1 - sigmoid)": (lambda v: np.log(1.0 - sigmoid(v)), (24.0, 35.0), lambda x: -sigmoid(x)),
    "logit of sigmoid": (lambda v: np.log(sigmoid(v) / (1.0 - sigmoid(v))), (24.0, 35.0), np.ones_like),
    "1 / (1 - sigmoid)": (lambda v: 1.0 / (1.0 - sigmoid(v)), (24.0, 35.0), np.exp),
    "arcsin of tanh": (lambda v: np.arcsin(np.tanh(v)), (10.0, 18.0), lambda x: 1.0 / np.cosh(x)),
    "arccosh of cosh": (lambda v: np.arccosh(np.cosh(v)), (1e-8, 1e-4), np.ones_like),
}


@pytest.mark.parametrize("name", UNEVEN)
def test_a_tread_between_uneven_steps_is_no_slope_of_zero(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    f, between, slope = UNEVEN[name]
    x = np.linspace(*between, 97)

    def certain_and_wrong() -> int:
        with np.errstate(divide="ignore"):
            estimate = derivative(f, x)
        return int((~(contains(estimate, slope(x)) | np.isinf(estimate.error))).sum())

    assert certain_and_wrong() == 0
    monkeypatch.setattr(rungs_module, "noise_of_stairs", lambda rungs: np.zeros_like(rungs.lines.base))
    assert certain_and_wrong() > 0


def ladder_with(noise: float, f, x: np.ndarray):
    """The ladder at every x by itself, told that the noise is no more than this."""
    lines = Recorder(lambda v: f(v).astype(float), x)
    return ladder(
        lines, lines.base, np.ones(len(x)), np.full_like(lines.base, noise), finest=np.spacing(abs(x))
    )


def certain_and_wrong_without_a_probe(name: str) -> bool:
    f, x, slope = QUANTA[name]
    found = ladder_with(0.0, f, x)
    return bool((~(contains(found, slope(x)[:, None]) | np.isinf(found.error))).any())


@pytest.mark.parametrize("name", ["float16 inside", "six decimals", "softplus", "1 - cos"])
def test_the_rungs_see_quanta_that_the_noise_probe_did_not(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not certain_and_wrong_without_a_probe(name)
    monkeypatch.setattr(rungs_module, "noise_of_stairs", lambda rungs: np.zeros_like(rungs.lines.base))
    assert certain_and_wrong_without_a_probe(name)


@pytest.mark.parametrize("scale", [1.0, 2.0**-10, 2.0**-20])
@pytest.mark.parametrize("name", QUANTA)
def test_noise_measured_with_long_steps_keeps_short_ones_from_certainty(name: str, scale: float) -> None:
    """As a caller does who looks again with shorter steps: nothing moves, and that is no slope of 0."""
    f, x, slope = QUANTA[name]
    for i in range(len(x)):
        here = x[i : i + 1]
        lines = Recorder(lambda v: f(v).astype(float), here)
        eta = noise_level(lines, lines.base[0], np.maximum(1.0, np.abs(here)), dtype=float).eta[0]
        assert np.isfinite(eta)
        for method in (ladder, two_point):
            found = method(
                lines, lines.base, np.full(1, scale), np.array([[eta]]), finest=np.spacing(np.abs(here))
            )
            assert (contains(found, slope(here)[:, None]) | np.isinf(found.error)).all()


@pytest.mark.parametrize("name", QUANTA)
def test_an_entry_that_moves_in_quanta_is_never_certain_of_another_slope(name: str) -> None:
    f, x, slope = QUANTA[name]
    for estimate in (derivative(f, x), directional_derivative(f, x, np.ones_like(x))):
        assert (contains(estimate, slope(x)) | np.isinf(estimate.error)).all()
    found = jacobian(f, x)
    assert (contains(found, np.diag(slope(x))) | np.isinf(found.error)).all()


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


@pytest.mark.parametrize("x", [-1e-2, -1e-3, -1e-5])
def test_a_flat_piece_that_ends_nearby_is_no_staircase(x: float) -> None:
    estimate = derivative(lambda v: np.maximum(v, 0.0), x)
    assert contains(estimate, 0.0)
    assert estimate.error < 1e-7


@pytest.mark.parametrize(("f", "x"), [(np.log, [-1.0, 0.5]), (np.sqrt, [-1.0, 2.0])])
def test_where_f_is_not_finite_no_route_has_a_slope(f, x) -> None:
    point = np.array(x)
    with np.errstate(invalid="ignore"):
        routes = (
            gradient(lambda v: f(v).sum(), point),
            directional_derivative(lambda v: f(v).sum(), point, np.ones(2)),
            ladder_with(0.0, f, point[:1]),
        )
    for estimate in routes:
        assert (estimate.status == Status.NONFINITE).all()
        assert np.isinf(estimate.error).all()
        assert np.isnan(estimate.value).all()
