"""Activations: extremes, dtypes, what the caller keeps, bad input; and the softmax."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from mpmath import mp

from gradcheck.reference import (
    ACTIVATIONS,
    ELU,
    Activation,
    FromOutput,
    LeakyReLU,
    Sigmoid,
    Tanh,
    elu,
    leaky_relu,
    sigmoid,
    softmax,
)
from tests.reference import exact
from tests.reference.refute import caught
from tests.reference.test_activations import ALL, DTYPES, FEW, named


def holds_at_the_extremes(g, dtype):
    """Neither a warning nor an overflow, NaN or change of dtype, at ±1000 and at the largest floats."""
    top = np.finfo(dtype).max
    z = np.array([-top, -1000, -1, 0, 1, 1000, top], dtype)
    before = z.copy()
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        results = [g(z), g.derivative(z)]
        if isinstance(g, FromOutput):
            results.append(g.derivative_from_output(g(z)))
    for result in results:
        assert result.dtype == dtype
        assert np.isfinite(result).all()
    assert (z == before).all()


@pytest.mark.parametrize("g", [*ALL, softmax], ids=named)
@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_warns_overflows_or_is_nan_at_the_extremes(g, dtype):
    holds_at_the_extremes(g, dtype)


class NotesSigmoid(Sigmoid):
    def _value(self, z):
        return 1 / (1 + np.exp(-z))


class NotesTanh(Tanh):
    def _value(self, z):
        with np.errstate(all="ignore"):
            return (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))


class UpcastingTanh(Tanh):
    def _rounded(self, function, x):
        return function(x.astype(np.float64))


@pytest.mark.parametrize("wrong", [NotesSigmoid(), NotesTanh(), UpcastingTanh()], ids=type)
def test_a_formula_that_overflows_is_not_a_number_or_changes_the_dtype_is_caught(wrong):
    with pytest.raises((AssertionError, FloatingPointError)):
        holds_at_the_extremes(wrong, np.float32)


class Seen(Activation):
    """Keeps the dtype in which it was computed."""

    def __init__(self, working):
        self._working = working

    def _value(self, z):
        self.dtype = z.dtype
        return z

    _slope = _value


@pytest.mark.parametrize("working", [np.float32, np.float64])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_dtype_narrower_than_the_working_one_is_widened_to_it_and_no_further(dtype, working):
    g = Seen(working)
    assert g(dtype(1)).dtype == dtype
    assert g.dtype == np.promote_types(dtype, working)


@pytest.mark.parametrize("g", ALL, ids=named)
@pytest.mark.parametrize("z", [1, np.int64(1), [1, 2], np.array([True])])
def test_integers_become_float64(g, z):
    assert g(z).dtype == np.float64
    assert g.derivative(z).dtype == np.float64
    assert g(z).shape == np.shape(z)


@pytest.mark.parametrize("g", ALL, ids=named)
def test_the_vjp_is_the_cotangent_times_the_slope_and_fills_out(g):
    z, cotangent = np.array([[-2.0, -0.5], [0.0, 3.0]]), np.array([[1.0, -2.0], [3.0, -4.0]])
    expected = cotangent * g.derivative(z)
    np.testing.assert_allclose(g.vjp(cotangent, z, g(z)), expected, rtol=1e-14)
    assert (cotangent == [[1, -2], [3, -4]]).all()
    assert g.vjp(cotangent, z, g(z), out=cotangent) is cotangent
    np.testing.assert_allclose(cotangent, expected, rtol=1e-14)


@pytest.mark.parametrize("g", ALL, ids=named)
def test_values_and_slopes_are_new_arrays(g):
    z = np.array([1.0, 2.0])
    a = g(z)
    a[:] = 7
    g.derivative(z)[:] = 7
    if isinstance(g, FromOutput):
        g.derivative_from_output(a)[:] = 8
    assert z.tolist() == [1.0, 2.0]
    assert a.tolist() == [7.0, 7.0]


@pytest.mark.parametrize("bad", ["text", 1j, None])
def test_what_is_not_a_real_number_is_refused(bad):
    with pytest.raises(
        ValueError,
        match=r"^z of dtype .*: an activation takes real numbers\. Try: pass an array of floats\.$",
    ):
        sigmoid(bad)


@pytest.mark.parametrize("slope", [0, 1, -0.1, np.nan, 2])
def test_a_leak_outside_0_and_1_is_refused(slope):
    text = rf"^slope={slope!r}: a leaky ReLU has 0 < slope < 1\. Try: 0\.01, or relu for 0\.$"
    with pytest.raises(ValueError, match=text):
        LeakyReLU(slope)


@pytest.mark.parametrize("alpha", [0, -1.0, np.inf, np.nan])
def test_an_alpha_that_is_not_positive_is_refused(alpha):
    text = rf"^alpha={alpha!r}: an ELU has a positive alpha\. Try: alpha=1\.0, or relu for 0\.$"
    with pytest.raises(ValueError, match=text):
        ELU(alpha)


def test_elu_has_a_kink_unless_alpha_is_1():
    assert elu.kinks == ()
    assert ELU(0.5).kinks == (0.0,)


def test_the_default_leak_is_a_hundredth():
    assert leaky_relu == LeakyReLU(0.01)
    assert leaky_relu(-100.0) == -1.0


# softmax ---------------------------------------------------------------------------------------------------


COLUMNS = hnp.arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 3)), elements=st.floats(-50, 50))


def softmax_is_exact(g, z):
    from mpmath import mpf

    with mp.workdps(50):
        for k in range(z.shape[1]):
            e = [mp.exp(mpf(float(x))) for x in z[:, k]]
            a = [x / sum(e) for x in e]
            others = [sum(e[:i] + e[i + 1 :]) / sum(e) for i in range(len(e))]
            assert (
                exact.ulps(g(z)[:, k], a) <= 2 * FEW + 100
            )  # z - max z is rounded: up to |z| ulp of exp of it
            for i, j in np.ndindex(len(a), len(a)):
                reference = a[i] * (others[i] if i == j else -a[j])
                assert (
                    abs(mpf(float(g.derivative(z)[i, j, k])) - reference) <= 4e-14 * abs(reference) + 1e-300
                )


@given(z=COLUMNS)
def test_softmax_and_its_derivative_equal_those_of_50_digits(z):
    softmax_is_exact(softmax, z)


class CancellingSoftmax(type(softmax)):
    def _slope(self, z):
        a = self._value(z)
        return a[:, None] * (np.eye(len(a))[:, :, None] - a[None])


def test_a_softmax_derivative_that_cancels_is_caught():
    caught(lambda z: softmax_is_exact(CancellingSoftmax(), z), z=COLUMNS)


@given(z=COLUMNS)
def test_the_softmax_vjp_is_its_derivative_times_the_cotangent(z):
    cotangent = np.arange(1.0, z.size + 1).reshape(z.shape)
    expected = np.einsum("ijk,ik->jk", softmax.derivative(z), cotangent)
    got = softmax.vjp(cotangent, z, softmax(z))
    np.testing.assert_allclose(got, expected, atol=1e-13)
    assert softmax.vjp(cotangent, z, softmax(z), out=cotangent) is cotangent


def test_softmax_takes_one_column_as_a_vector():
    assert softmax([0.0, 0.0]).tolist() == [0.5, 0.5]
    assert softmax(np.zeros((2, 3), np.float32)).dtype == np.float32


def test_softmax_refuses_a_single_number():
    text = r"^z=1\.0: softmax needs an axis of units\. Try: pass an array of shape \(n, m\)\.$"
    with pytest.raises(ValueError, match=text):
        softmax(1.0)


def test_names_are_those_of_the_instances():
    import gradcheck.reference as reference

    assert all(getattr(reference, g.name) == g for g in [*ACTIVATIONS, softmax])
