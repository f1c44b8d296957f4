"""Activations: properties 1 to 3."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradcheck import strategies
from gradcheck.differentiate import Status, derivative
from gradcheck.reference import (
    ACTIVATIONS,
    ELU,
    GELU,
    Activation,
    FromOutput,
    GELUTanh,
    LeakyReLU,
    ReLU,
    Saturation,
    Sigmoid,
    SiLU,
    Tanh,
    elu,
    gelu,
    gelu_tanh,
    identity,
    leaky_relu,
    relu,
    sigmoid,
    silu,
    softplus,
    tanh,
)
from tests.reference import exact
from tests.reference.refute import caught

ALL = [*ACTIVATIONS, LeakyReLU(0.3), ELU(0.5)]
FROM_OUTPUT = [g for g in ALL if isinstance(g, FromOutput)]
SATURATING = [g for g in ALL if g.saturation is not None]
# "A few": the largest ever seen is 6.3, in gelu_tanh.
FEW = 8
DTYPES = [np.float64, np.float32, np.float16]


def named(g):
    return g.name if isinstance(g, Activation) else None


def everywhere(dtype):
    """Over the whole range of the dtype, where activations bend, and closest to the zeros of their slopes."""
    width = 8 * np.dtype(dtype).itemsize
    edge = float(dtype(40))
    elements = (
        st.floats(width=width, allow_nan=False, allow_infinity=False)
        | st.floats(-edge, edge, width=width)
        | st.floats(-2, 2, width=width)
        | st.sampled_from(ROOTS).map(lambda z: float(dtype(z)))
    )
    return hnp.arrays(dtype, 6, elements=elements)


# Where the slopes of SiLU, GELU and its tanh form vanish, a few ulp to either side.
ROOTS = [
    float(root + k * np.spacing(root))
    for root in (-1.2784645427610737, -0.7517915246935645, -0.7524614220710163)
    for k in range(-3, 4)
]
IN_ANY_DTYPE = st.sampled_from(DTYPES).flatmap(everywhere)
SMOOTH = hnp.arrays(np.float64, 6, elements=st.floats(-30, 30))


# 1 ---------------------------------------------------------------------------------------------------------


def derivative_is_exact(g, z):
    assert exact.ulps(g.derivative(z), exact.slopes(g, z)) <= FEW


def value_is_exact(g, z):
    assert exact.ulps(g(z), exact.values(g, z)) <= FEW


@pytest.mark.parametrize("g", ALL, ids=named)
@given(z=IN_ANY_DTYPE)
def test_derivatives_equal_those_of_50_digits_to_a_few_ulp_over_all_floats(g, z):
    derivative_is_exact(g, z)


@pytest.mark.parametrize("g", ALL, ids=named)
@given(z=IN_ANY_DTYPE)
def test_values_equal_those_of_50_digits_to_a_few_ulp_over_all_floats(g, z):
    value_is_exact(g, z)


# In the tails a square is not exact: there every rounding error that is left out is hundreds of ulp of exp.
TAILS = np.linspace(-22.3, 22.3, 61)
GRID = np.array([*np.linspace(-45, 45, 91), *TAILS, *ROOTS, -0.1, 0.1, -1e-9, 1e-9, -709.5, 709.5, -744.0])


@pytest.mark.parametrize("g", ALL, ids=named)
@pytest.mark.parametrize("dtype", DTYPES)
def test_values_and_derivatives_on_a_fixed_grid(g, dtype):
    value_is_exact(g, GRID.astype(dtype))
    derivative_is_exact(g, GRID.astype(dtype))


class CancellingSigmoid(Sigmoid):
    def _slope(self, z):
        a = self._value(z)
        return a * (1 - a)


class CancellingTanh(Tanh):
    def _slope(self, z):
        return 1 - np.tanh(z) ** 2


class PaperSiLU(SiLU):
    def _slope(self, z):
        s = sigmoid(z)
        return s * (1 + z * (1 - s))


class RoundedSquareGELU(GELU):
    @staticmethod
    def _tail(z):
        x = np.minimum(np.abs(z), 40)
        return x, np.exp(-x * x / 4), 0.3989422804014327


class RoundedSquareGELUTanh(GELUTanh):
    def _decay(self, z):
        x = np.minimum(np.abs(z), 40)
        return x, np.exp(-x * (self._LINEAR[0] + self._CUBIC[0] * x * x) / 2)


@pytest.mark.parametrize(
    "wrong",
    [CancellingSigmoid(), CancellingTanh(), PaperSiLU(), RoundedSquareGELU(), RoundedSquareGELUTanh()],
)
def test_a_derivative_that_cancels_is_caught(wrong):
    caught(lambda z: derivative_is_exact(wrong, z), z=everywhere(np.float64))


class HighReLU(ReLU):
    def _value(self, z):
        return np.maximum(z, np.finfo(z.dtype).tiny)


def test_a_value_that_is_off_by_the_smallest_float_is_caught():
    caught(lambda z: value_is_exact(HighReLU(), z), z=everywhere(np.float64))


def derivative_is_measured(g, z):
    """Where the measurement says smooth: within its error, and the computed derivative's own few ulp."""
    estimate = derivative(g, z)
    claimed = g.derivative(z)
    smooth = estimate.status == Status.SMOOTH
    assert (np.abs(claimed - estimate.value) <= estimate.error + 1e-15 * np.abs(claimed))[smooth].all()


@pytest.mark.parametrize("g", ALL, ids=named)
@given(data=st.data())
def test_derivatives_equal_the_measured_ones_within_their_error(g, data):
    z = data.draw(strategies.away_from_kinks(g.kinks or (0.0,), 6, distance=0.1, largest=20.0))
    derivative_is_measured(g, z)


class SteepTanh(Tanh):
    def _slope(self, z):
        return super()._slope(z) * (1 + 1e-6)


def test_a_derivative_that_is_a_millionth_too_steep_is_caught_by_measuring():
    caught(lambda z: derivative_is_measured(SteepTanh(), z), z=SMOOTH)


# 2 ---------------------------------------------------------------------------------------------------------


def output_form_agrees(g, z):
    """To a few ulp of 1, where the rounding of a has lost the distance to an asymptote; see `FromOutput`."""
    eps = np.finfo(z.dtype).eps
    assert np.abs(g.derivative_from_output(g(z)) - g.derivative(z)).max() <= 2 * eps


@pytest.mark.parametrize("g", FROM_OUTPUT, ids=named)
@given(z=IN_ANY_DTYPE)
def test_the_derivative_from_the_output_equals_the_derivative(g, z):
    z[np.abs(z) < 1e-4] = 0.0  # below, slope z of a leaky ReLU may underflow to a zero without a sign
    output_form_agrees(g, z)


class NoSquareTanh(Tanh):
    def _slope_from_output(self, a):
        return 1 - np.abs(a)


def test_a_wrong_derivative_from_the_output_is_caught():
    caught(lambda z: output_form_agrees(NoSquareTanh(), z), z=everywhere(np.float64))


def test_relu_has_no_derivative_from_the_output_because_0_does_not_tell_the_side():
    assert not hasattr(relu, "derivative_from_output")


@pytest.mark.parametrize(
    ("g", "value", "slope"),
    [
        (sigmoid, 0.5, 0.25),
        (tanh, 0.0, 1.0),
        (relu, 0.0, 1.0),
        (leaky_relu, 0.0, 1.0),
        (LeakyReLU(0.3), 0.0, 1.0),
        (identity, 0.0, 1.0),
        (softplus, np.log(2), 0.5),
        (elu, 0.0, 1.0),
        (ELU(0.5), 0.0, 1.0),
        (silu, 0.0, 0.5),
        (gelu, 0.0, 0.5),
        (gelu_tanh, 0.0, 0.5),
    ],
)
def test_values_and_slopes_at_zero(g, value, slope):
    assert g(0.0) == value
    assert g.derivative(0.0) == pytest.approx(slope, abs=2e-16)


def has_the_slope_of_the_notes_at_zero(g):
    assert g.derivative(np.array([0.0, -0.0])).tolist() == [0.25 if g.name == "sigmoid" else 1.0] * 2


@pytest.mark.parametrize("g", [sigmoid, tanh, relu, leaky_relu], ids=named)
def test_the_slopes_at_zero_that_the_notes_state_are_exact(g):
    has_the_slope_of_the_notes_at_zero(g)


class MirroredReLU(ReLU):
    """Takes the slope from the sign bit, which -0 has."""

    def _slope(self, z):
        return 1 - np.signbit(z).astype(z.dtype)


def test_a_slope_at_minus_zero_that_is_not_the_one_at_zero_is_caught():
    with pytest.raises(AssertionError):
        has_the_slope_of_the_notes_at_zero(MirroredReLU())


def test_the_slope_of_silu_at_zero_is_exact():
    assert silu.derivative(0.0) == 0.5


@pytest.mark.parametrize("g", [tanh, identity, leaky_relu, elu, silu, gelu, gelu_tanh], ids=named)
def test_a_zero_keeps_its_sign(g):
    z = np.array([0.0, -0.0])
    assert (g(z) == 0).all()
    assert (np.signbit(g(z)) == np.signbit(z)).all()


def takes_1_inside_the_one_sided_slopes(g):
    below, above = (Fraction(float(g(h))) / Fraction(h) for h in (-0.5, 0.5))
    assert below <= g.derivative(0.0) <= above
    assert g.derivative(0.0) == 1


@pytest.mark.parametrize("g", [relu, leaky_relu, LeakyReLU(0.3)], ids=named)
def test_relus_take_1_at_0_inside_the_interval_of_the_one_sided_slopes(g):
    takes_1_inside_the_one_sided_slopes(g)


class ZeroAtZeroReLU(ReLU):
    def _slope(self, z):
        return (z > 0).astype(z.dtype)


def test_a_relu_that_takes_0_at_0_is_caught():
    with pytest.raises(AssertionError):
        takes_1_inside_the_one_sided_slopes(ZeroAtZeroReLU())


RANGES = [(sigmoid, 0, 1), (tanh, -1, 1), (relu, 0, np.inf), (softplus, 0, np.inf), (elu, -1, np.inf)]


def stays_in_range(g, z, low, high):
    assert ((g(z) >= low) & (g(z) <= high)).all()


@pytest.mark.parametrize(("g", "low", "high"), RANGES)
@given(z=everywhere(np.float64))
def test_values_stay_in_their_range(g, low, high, z):
    stays_in_range(g, z, low, high)


def test_a_value_outside_the_range_is_caught():
    caught(lambda z: stays_in_range(tanh, z, 0, 1), z=everywhere(np.float64))


MONOTONE = [sigmoid, tanh, relu, leaky_relu, identity, softplus, elu]


def is_monotone(g, z):
    """Up to a few ulp: the exponential of NumPy is not monotone itself at that level."""
    a = g(np.sort(z)) / 2  # half of the largest float leaves room for the tolerance
    assert (a[1:] >= a[:-1] - 4 * np.finfo(a.dtype).eps * np.abs(a[:-1])).all()


@pytest.mark.parametrize("g", MONOTONE, ids=named)
@given(z=everywhere(np.float64))
def test_values_never_fall(g, z):
    is_monotone(g, z)


def test_a_function_with_a_minimum_is_caught():
    caught(lambda z: is_monotone(silu, z), z=SMOOTH)


def is_odd(g, z):
    assert (g(-z) == -g(z)).all()


@given(z=everywhere(np.float64))
def test_tanh_is_odd(z):
    is_odd(tanh, z)


def test_a_function_that_is_not_odd_is_caught():
    caught(lambda z: is_odd(sigmoid, z), z=SMOOTH)


def mirrors(g, z):
    assert np.abs(g(-z) - (1 - g(z))).max() <= np.finfo(z.dtype).eps


@given(z=everywhere(np.float64))
def test_sigmoid_of_minus_z_is_1_minus_sigmoid(z):
    mirrors(sigmoid, z)


def test_a_function_that_does_not_mirror_is_caught():
    caught(lambda z: mirrors(tanh, z), z=SMOOTH)


# 3 ---------------------------------------------------------------------------------------------------------


def is_flat_where_it_says(g, distance):
    flat = g.saturation
    z = np.array([flat.below - distance, flat.above + distance])
    z = z[np.isfinite(z)]
    assert (np.abs(g.derivative(z)) <= flat.bound).all()


@pytest.mark.parametrize("g", SATURATING, ids=named)
@given(distance=st.floats(0, 1e4))
def test_slopes_stay_under_the_stated_bound_beyond_the_stated_z(g, distance):
    is_flat_where_it_says(g, distance)


class EarlySigmoid(Sigmoid):
    saturation = Saturation(bound=0.01, below=-4.5, above=4.5)


def test_a_saturation_that_is_stated_too_early_is_caught():
    caught(lambda distance: is_flat_where_it_says(EarlySigmoid(), distance), distance=st.floats(0, 1e4))


def test_sigmoid_and_tanh_saturate_on_both_sides_and_relus_never():
    assert {g.name for g in ACTIVATIONS if g.saturation and np.isfinite(g.saturation.above)} == {
        "sigmoid",
        "tanh",
    }
    assert all(g.saturation is None for g in (relu, leaky_relu, identity))
    assert (relu.derivative(np.array([1.0, 1e3, 1e300])) == 1).all()


def test_elu_saturates_later_the_larger_its_alpha():
    assert ELU(1.0).saturation.below == pytest.approx(np.log(0.0099))
    assert ELU(2.0).saturation.below == pytest.approx(np.log(0.00495))
    assert ELU(0.001).saturation.below == 0.0


def test_share_counts_the_elements_in_both_flat_parts_borders_included():
    assert Saturation(0.01, -1.0, 2.0).share([-1.0, -0.5, 1.5, 2.0, 9.0]) == 0.6
