"""Elementwise functions: powers, activations and remainders, at and away from their special points."""

import numpy as np

from tests.corpus._case import Case, Problem, bug
from tests.corpus._formulas import _sig


def unary(f, good, bad, plain, special=None):
    """An elementwise function with a right and a wrong slope."""
    return Problem(
        f=lambda i: f(i[0]),
        vjp_good=lambda i, ct: (ct * good(i[0]),),
        vjp_bad=lambda i, ct: (ct * bad(i[0]),),
        inputs=(np.asarray(plain, float),),
        special_inputs=None if special is None else (np.asarray(special, float),),
    )


@bug(
    "logaddexp_of_equal_inputs",
    "keras-team/keras#23616, tensorflow/tensorflow#127232",
    "logaddexp",
    "special point (ties inside a smooth function)",
    "max and abs route (1, 0) where the inputs are equal, the truth is (1/2, 1/2)",
    generic=False,
    fidelity="issue",
)
def logaddexp_of_equal_inputs(rng):
    def vjp(fix):
        def go(i, ct):
            w = _sig(i[0] - i[1])
            w = w if fix else np.where(i[0] == i[1], 1.0, w)
            return ct * w, ct * (1 - w)

        return go

    return Problem(
        f=lambda i: np.logaddexp(*i),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(3), rng.standard_normal(3)),
        special_inputs=(np.array([0.5, 2.0]), np.array([0.5, 1.0])),
    )


@bug(
    "logaddexp_second_derivative_overflows",
    "pytorch/pytorch#196787",
    "weight of logaddexp, 1 / (1 + exp(b - a))",
    "overflow in the derivative alone",
    "exp(d) / (1 + exp(d))^2 is inf / inf beyond 709",
    generic=False,
    fidelity="issue",
    says=("nonfinite",),
)
def logaddexp_second_derivative_overflows(rng):
    def bad(d):
        with np.errstate(all="ignore"):
            e = np.exp(d)
            return -e / (1 + e) ** 2

    return unary(
        lambda d: _sig(-d), lambda d: -_sig(d) * _sig(-d), bad, rng.standard_normal(4), [0.3, 800.0, -1.0]
    )


@bug(
    "tanh_slope_through_exponentials",
    "jax-ml/jax#764",
    "tanh",
    "overflow in the derivative alone",
    "4 exp(2x) / (exp(2x) + 1)^2 is NaN for large x",
    generic=False,
    fidelity="modelled",
    says=("nonfinite",),
)
def tanh_slope_through_exponentials(rng):
    def bad(x):
        with np.errstate(all="ignore"):
            e = np.exp(2 * x)
            return 4 * e / (e + 1) ** 2

    return unary(np.tanh, lambda x: 1 - np.tanh(x) ** 2, bad, rng.standard_normal(4), [0.2, 400.0])


@bug(
    "pow_of_a_negative_base",
    "tenstorrent/tt-metal#54439",
    "x ** 3",
    "wrong on one half-line",
    "exp(2 log x) with the NaN of a negative base painted over by +inf",
    generic=False,
    fidelity="issue",
    says=("nonfinite",),
)
def pow_of_a_negative_base(rng):
    return unary(
        lambda x: x**3,
        lambda x: 3 * x * x,
        lambda x: np.where(x < 0, np.inf, 3 * x * x),
        rng.uniform(0.5, 2, 4),
        [1.0, -2.0, 0.5],
    )


@bug(
    "ldexp_with_e_for_two",
    "tenstorrent/tt-metal#6533",
    "x 2^y",
    "wrong base, ignores the cotangent",
    "exp(y) stands for 2^y, and the incoming gradient is not used",
)
def ldexp_with_e_for_two(rng):
    ln2 = np.log(2.0)
    return Problem(
        f=lambda i: i[0] * 2.0 ** i[1],
        vjp_good=lambda i, ct: (ct * 2.0 ** i[1], ct * i[0] * 2.0 ** i[1] * ln2),
        vjp_bad=lambda i, ct: (np.exp(i[1]) * ln2, i[0] * np.exp(i[1]) * ln2**2),
        inputs=(rng.standard_normal(3), rng.standard_normal(3)),
    )


@bug(
    "hardsigmoid_slope_outside",
    "pytorch/pytorch#51408",
    "hard sigmoid",
    "wrong outside an interval",
    "1/6 everywhere, also where the function is constant",
    generic=False,
    fidelity="issue",
)
def hardsigmoid_slope_outside(rng):
    return unary(
        lambda x: np.clip(x / 6 + 0.5, 0, 1),
        lambda x: (np.abs(x) < 3) / 6,
        lambda x: np.full_like(x, 1 / 6),
        rng.uniform(-2, 2, 4),
        [-4.6, -3.4, 0.5, 5.0],
    )


@bug(
    "hardswish_relu6_gradient_at_the_wrong_place",
    "tensorflow/swift-apis#743 (review)",
    "hard swish",
    "wrong operand",
    "the slope of relu6 is evaluated without its shift, so the branch is the wrong one",
    fidelity="modelled",
)
def hardswish_relu6_gradient_at_the_wrong_place(rng):
    def slope(shift):
        return lambda x: (np.clip(x + 3, 0, 6) + x * ((x + shift > 0) & (x + shift < 6))) / 6

    return unary(lambda x: x * np.clip(x + 3, 0, 6) / 6, slope(3), slope(0), [-4.0, -2.0, -0.5, 1.5, 4.0])


@bug(
    "elu_slope_from_the_output",
    "class of mistake (y + 1 in place of y + alpha)",
    "ELU with alpha 0.5",
    "wrong constant in one branch",
    "the slope for negative x is y + 1, right for alpha = 1",
    fidelity="synthetic",
)
def elu_slope_from_the_output(rng):
    def f(x):
        return np.where(x > 0, x, 0.5 * np.expm1(np.minimum(x, 0)))

    return unary(
        f,
        lambda x: np.where(x > 0, 1.0, f(x) + 0.5),
        lambda x: np.where(x > 0, 1.0, f(x) + 1.0),
        [-1.5, -0.2, 0.7, 2.0],
    )


@bug(
    "fmod_divisor_with_floor",
    "tenstorrent/tt-metal#9711, #9712 (fmod and remainder side by side)",
    "fmod",
    "wrong rounding for opposite signs",
    "floor(x / y) where fmod truncates: hidden for positive inputs",
    generic=False,
    fidelity="modelled",
)
def fmod_divisor_with_floor(rng):
    def vjp(rounding):
        return lambda i, ct: (ct.copy(), -ct * rounding(i[0] / i[1]))

    return Problem(
        f=lambda i: np.fmod(*i),
        vjp_good=vjp(np.trunc),
        vjp_bad=vjp(np.floor),
        inputs=(np.array([2.6, 4.9, 3.2]), np.array([0.73, 1.1, 0.9])),
        special_inputs=(np.array([-3.3, 2.6]), np.array([1.2, 0.7])),
    )


@bug(
    "sinc_at_zero",
    "class of mistake (sinc' = (cos - sinc) / x)",
    "sinc",
    "special point (zero) -> NaN",
    "0 / 0 at the origin of a smooth function",
    generic=False,
    fidelity="synthetic",
    says=("nonfinite",),
)
def sinc_at_zero(rng):
    def slope(x):
        with np.errstate(all="ignore"):
            return (np.cos(np.pi * x) - np.sinc(x)) / x

    return unary(
        np.sinc, lambda x: np.where(x == 0, 0.0, slope(x)), slope, rng.uniform(0.2, 1.5, 4), [0.0, 0.4]
    )


@bug(
    "atanh_with_a_zero_cotangent",
    "tenstorrent/tt-metal#56378",
    "atanh",
    "zero cotangent -> NaN",
    "wherever the incoming gradient is 0 the result is replaced by NaN",
    fidelity="issue",
    says=("nonfinite",),
)
def atanh_with_a_zero_cotangent(rng):
    def vjp(fix):
        def go(i, ct):
            g = ct / (1 - i[0] ** 2)
            return (g if fix else np.where((ct == 0) & (i[0] != 0), np.nan, g),)

        return go

    return Problem(
        f=lambda i: np.arctanh(i[0]), vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(rng.uniform(-0.9, 0.9, 4),)
    )


@bug(
    "silu_brackets",
    "class of mistake (s (1 + x) (1 - s) for s (1 + x (1 - s)))",
    "SiLU",
    "misplaced bracket",
    "a bracket of the published formula is in the wrong place",
    fidelity="synthetic",
)
def silu_brackets(rng):
    return unary(
        lambda x: x * _sig(x),
        lambda x: _sig(x) * (1 + x * (1 - _sig(x))),
        lambda x: _sig(x) * (1 + x) * (1 - _sig(x)),
        rng.standard_normal(5),
    )


@bug(
    "cube_loses_its_factor",
    "SciSharp/TensorFlow.NET#303",
    "0.1 x x x",
    "accumulation (variable used three times)",
    "only one of three uses of x is counted",
    fidelity="issue",
    says=("factor",),
)
def cube_loses_its_factor(rng):
    return unary(lambda x: 0.1 * x * x * x, lambda x: 0.3 * x * x, lambda x: 0.1 * x * x, [7.0, 0.5, -1.0])


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
