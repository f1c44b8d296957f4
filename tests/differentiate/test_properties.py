"""What holds for every function: exact polynomials, scaling, and that elements do not disturb each other."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.differentiate import Status, central, derivative, gradient

coefficients = st.lists(st.integers(-1000, 1000).map(lambda n: n / 64.0), min_size=1, max_size=7)
points = st.floats(-50.0, 50.0)


def polynomial(c):
    return lambda x: np.polynomial.polynomial.polyval(x, c)


def exact_slope(c, x: float) -> Fraction:
    at = Fraction(x)
    return sum((k * Fraction(a) * at ** (k - 1) for k, a in enumerate(c) if k), Fraction(0))


def contains(value: float, error: float, exact: Fraction) -> bool:
    return np.isinf(error) or abs(Fraction(float(value)) - exact) <= Fraction(float(error))


@given(coefficients, points)
def test_the_error_contains_the_derivative_of_every_polynomial(c, x: float) -> None:
    estimate = derivative(polynomial(c), x)
    assert contains(estimate.value, estimate.error, exact_slope(c, x))


@given(coefficients, points)
def test_the_first_order_bound_contains_it_too(c, x: float) -> None:
    estimate = central(polynomial(c), x)
    assert contains(estimate.value, estimate.error, exact_slope(c, x))


@given(coefficients, points, st.integers(-200, 200))
def test_a_power_of_two_before_the_function_scales_the_estimate(c, x: float, exponent: int) -> None:
    factor = 2.0**exponent
    one, other = derivative(polynomial(c), x), derivative(lambda v: factor * polynomial(c)(v), x)
    if one.status == other.status == Status.SMOOTH:
        assert float(other.value) == float(one.value) * factor


@given(st.lists(points, min_size=2, max_size=5))
def test_an_element_has_the_estimate_that_it_would_have_alone(x: list[float]) -> None:
    def f(v):
        return np.where(v > 0.3, np.sin(v), np.abs(v)) + np.floor(v / 7.0)

    together = derivative(f, x)
    for i, point in enumerate(x):
        alone = derivative(f, point)
        assert together.status[i] == alone.status
        np.testing.assert_allclose(together.value[i], alone.value, rtol=1e-12, atol=0)
        np.testing.assert_allclose(together.error[i], alone.error, rtol=1e-3, atol=0)


@given(st.lists(points, min_size=1, max_size=4), st.floats(-3.0, 3.0))
def test_a_gradient_agrees_with_the_derivative_of_each_entry(x: list[float], slope: float) -> None:
    at = np.array(x)
    whole = gradient(lambda v: float((np.tanh(v) + slope * v).sum()), at)
    each = derivative(lambda v: np.tanh(v) + slope * v, at)
    assert np.isfinite(whole.error).all()
    assert (np.abs(whole.value - each.value) <= whole.error + each.error).all()
