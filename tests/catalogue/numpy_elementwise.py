"""NumPy's elementwise functions."""

import numpy as np

from tests.catalogue._entry import binary, elementwise

LN2, LN10 = np.log(2.0), np.log(10.0)


def _zero(x):
    return 0.0 * x


def _sinc_slope(x):
    x = np.asarray(x)
    safe = np.where(x == 0, 1.0, x)
    # By its series near 0, where the quotient cancels; the next term is pi^6 x^5 / 840.
    series = -(np.pi**2) * x / 3 + np.pi**4 * x**3 / 30
    quotient = (np.cos(np.pi * safe) - np.sinc(safe)) / safe
    return np.where(np.abs(x) < 1e-3, series, quotient)


ENTRIES = (
    elementwise("sin", np.sin, np.cos),
    elementwise("cos", np.cos, lambda x: -np.sin(x)),
    elementwise("tan", np.tan, lambda x: 1 / np.cos(x) ** 2, -1.5, 1.5),
    elementwise("arcsin", np.arcsin, lambda x: 1 / np.sqrt(1 - x * x), -1, 1, extra=(0.999,)),
    elementwise("arccos", np.arccos, lambda x: -1 / np.sqrt(1 - x * x), -1, 1, extra=(-0.999,)),
    elementwise("arctan", np.arctan, lambda x: 1 / (1 + x * x)),
    elementwise("sinh", np.sinh, np.cosh),
    elementwise("cosh", np.cosh, np.sinh),
    elementwise("tanh", np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    elementwise("tanh-by-cosh", np.tanh, lambda x: 1 / np.cosh(np.clip(x, -700, 700)) ** 2, -355, 355),
    elementwise("arcsinh", np.arcsinh, lambda x: 1 / np.hypot(1, x)),
    elementwise("arccosh", np.arccosh, lambda x: 1 / np.sqrt(x * x - 1), 1, extra=(1.001,)),
    elementwise("arctanh", np.arctanh, lambda x: 1 / (1 - x * x), -1, 1, extra=(0.999,)),
    elementwise("exp", np.exp, np.exp, high=709),
    elementwise("exp2", np.exp2, lambda x: LN2 * np.exp2(x), high=1000),
    elementwise("expm1", np.expm1, np.exp, high=709),
    elementwise("log", np.log, lambda x: 1 / x, 0, extra=(1e-300,)),
    elementwise("log2", np.log2, lambda x: 1 / (x * LN2), 0),
    elementwise("log10", np.log10, lambda x: 1 / (x * LN10), 0),
    elementwise("log1p", np.log1p, lambda x: 1 / (1 + x), -1, extra=(-0.999999,)),
    elementwise("sqrt", np.sqrt, lambda x: 0.5 / np.sqrt(x), 0, extra=(1e-12,)),
    elementwise("cbrt", np.cbrt, lambda x: 1 / (3 * np.cbrt(x) ** 2), extra=(1e-12,)),
    elementwise("square", np.square, lambda x: 2 * x),
    elementwise("reciprocal", np.reciprocal, lambda x: -1 / (x * x)),
    elementwise("reciprocal-of-positive", np.reciprocal, lambda x: -1 / (x * x), 0.01),
    elementwise("absolute", np.absolute, np.sign),
    elementwise("fabs", np.fabs, np.sign),
    elementwise("negative", np.negative, lambda x: -np.ones_like(x)),
    elementwise("positive", np.positive, np.ones_like),
    elementwise("sign", np.sign, _zero, 0),
    elementwise("floor", np.floor, _zero, 0.01, 0.99),
    elementwise("ceil", np.ceil, _zero, 3.01, 3.99, extra=(3.5,)),
    elementwise("rint", np.rint, _zero, -0.49, 0.49),
    elementwise("trunc", np.trunc, _zero, -0.99, 0.99),
    elementwise("deg2rad", np.deg2rad, lambda x: np.full_like(x, np.pi / 180)),
    elementwise("rad2deg", np.rad2deg, lambda x: np.full_like(x, 180 / np.pi)),
    elementwise("degrees", np.degrees, lambda x: np.full_like(x, 180 / np.pi)),
    elementwise("radians", np.radians, lambda x: np.full_like(x, np.pi / 180)),
    elementwise("sinc", np.sinc, _sinc_slope, -60, 60),
    elementwise("nan_to_num", np.nan_to_num, np.ones_like),
    elementwise("real", np.real, np.ones_like),
    elementwise("conj", np.conj, np.ones_like),
    elementwise("clip", lambda x: np.clip(x, -0.7, 1.3), lambda x: ((x >= -0.7) & (x <= 1.3)) * 1.0),
    elementwise("clip-at-a-bound", lambda x: np.clip(x, -1, 1), lambda x: (np.abs(x) <= 1) * 1.0),
    elementwise("maximum-with-0", lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0),
    elementwise("maximum-with-0-right", lambda x: np.maximum(x, 0), lambda x: (x >= 0) * 1.0),
    elementwise("maximum-with-0-half", lambda x: np.maximum(x, 0), lambda x: np.heaviside(x, 0.5)),
    elementwise("mod-1", lambda x: np.mod(x, 1.0), np.ones_like, 0.01, 0.99),
    elementwise("fmod-3", lambda x: np.fmod(x, 3.0), np.ones_like, 0.01, 2.99),
    elementwise("modf", lambda x: np.modf(x)[0], np.ones_like, 0.01, 0.99),
    elementwise("unwrapped-angle", lambda x: np.arctan2(np.sin(x), np.cos(x)), np.ones_like, -3, 3),
    elementwise("power-3", lambda x: np.power(x, 3), lambda x: 3 * x**2),
    elementwise("power-half", lambda x: np.power(x, 0.5), lambda x: 0.5 * x**-0.5, 0),
    elementwise("power-minus-2", lambda x: np.power(x, -2.0), lambda x: -2 * x**-3.0, 0.01),
    elementwise("float_power", lambda x: np.float_power(x, 4), lambda x: 4 * x**3),
    elementwise("power-of-2", lambda x: np.power(2.0, x), lambda x: LN2 * 2.0**x, high=1000),
    elementwise("ldexp", lambda x: np.ldexp(x, 5), lambda x: np.full_like(x, 32.0)),
    elementwise(
        "interp",
        lambda x: np.interp(x, [-3.0, 0.0, 0.75, 4.0], [1.0, 2.0, -1.0, 0.5]),
        lambda x: np.where(x < 0, 1 / 3, np.where(x < 0.75, -4.0, 1.5 / 3.25)),
        -3,
        4,
    ),
    elementwise("i0", np.i0, lambda x: np.sign(x) * _i1(x), -30, 30),
    elementwise("log-cosh", lambda x: np.logaddexp(x, -x) - LN2, np.tanh),
    elementwise("softplus", lambda x: np.logaddexp(0, x), lambda x: np.exp(-np.logaddexp(0, -x))),
    elementwise("gauss", lambda x: np.exp(-x * x), lambda x: -2 * x * np.exp(-x * x)),
    binary("add", np.add, lambda x, y: (1.0, 1.0), special=((0.0, 1e8, 700.0), (0.0, 1e-8, -700.0))),
    binary("subtract", np.subtract, lambda x, y: (1.0, -1.0), special=((0.0, 1e8, 1.0), (0.0, 1e8, 1.0))),
    binary(
        "multiply", np.multiply, lambda x, y: (y, x), special=((0.0, 1e8, 0.0, -1.0), (0.0, 1e-8, 50.0, 1.0))
    ),
    binary(
        "divide",
        np.divide,
        lambda x, y: (1 / y, -x / y**2),
        second=(0.3, 2.0),
        special=((0.0, 1e8, 1.0, -50.0), (1.0, 1e-8, -700.0, 1e8)),
    ),
    binary(
        "power",
        np.power,
        lambda x, y: (y * x ** (y - 1), x**y * np.log(x)),
        first=(0.3, 2.0),
        special=((1.0, 1.0, 1e-8, 50.0), (0.0, 700.0, 2.0, -1.0)),
    ),
    binary(
        "float_power-binary",
        np.float_power,
        lambda x, y: (y * x ** (y - 1), x**y * np.log(x)),
        first=(0.3, 2.0),
    ),
    binary(
        "hypot",
        np.hypot,
        lambda x, y: (x / np.hypot(x, y), y / np.hypot(x, y)),
        special=((0.0, 1e8, 3.0, 1e-8), (1.0, 1.0, 0.0, 1e-8)),
    ),
    binary(
        "arctan2",
        np.arctan2,
        lambda y, x: (x / (x * x + y * y), -y / (x * x + y * y)),
        second=(0.2, 2.0),
        special=((0.0, 1.0, 50.0, 1e-8), (1.0, 0.0, 1e8, 1e-8)),
    ),
    binary(
        "logaddexp",
        np.logaddexp,
        lambda x, y: (np.exp(x - np.logaddexp(x, y)), np.exp(y - np.logaddexp(x, y))),
        special=((0.0, 50.0, 700.0, -700.0), (0.0, -50.0, 700.0, 50.0)),
    ),
    binary(
        "logaddexp2",
        np.logaddexp2,
        lambda x, y: (np.exp2(x - np.logaddexp2(x, y)), np.exp2(y - np.logaddexp2(x, y))),
        special=((0.0, 50.0, 700.0), (0.0, -50.0, 700.0)),
    ),
    binary(
        "maximum",
        np.maximum,
        lambda x, y: ((x > y) + 0.5 * (x == y), (y > x) + 0.5 * (x == y)),
        special=((0.0, 1.0, -1.0, 1e8), (0.0, 1.0, -1.0, 1e-8)),
    ),
    binary(
        "maximum-first",
        np.maximum,
        lambda x, y: ((x >= y) * 1.0, (y > x) * 1.0),
        special=((1.0, 2.0), (1.0, 2.0)),
    ),
    binary(
        "minimum", np.minimum, lambda x, y: ((x <= y) * 1.0, (y < x) * 1.0), special=((1.0, 2.0), (1.0, -2.0))
    ),
    binary("fmax", np.fmax, lambda x, y: ((x >= y) * 1.0, (y > x) * 1.0), special=((0.0, 2.0), (-0.0, 2.0))),
    binary("fmin", np.fmin, lambda x, y: ((x <= y) * 1.0, (y < x) * 1.0), special=((0.0, 2.0), (0.0, 2.0))),
    binary(
        "copysign",
        np.copysign,
        lambda x, y: (np.sign(x) * np.sign(y), 0.0),
        first=(0.5, 2.0),
        second=(0.5, 2.0),
        special=((1.0, -50.0, 700.0), (1.0, -1.0, -1e-8)),
    ),
    binary(
        "remainder",
        np.remainder,
        lambda x, y: (1.0, -np.floor(x / y)),
        first=(2.1, 2.9),
        second=(0.95, 1.0),
    ),
    binary(
        "nan-to-where",
        lambda x, y: np.where(x > 0, x * y, y),
        lambda x, y: (np.where(x > 0, y, 0), np.where(x > 0, x, 1)),
    ),
)


def _i1(x):
    """The modified Bessel function of order one, by its integral (periodic, so that the midpoint rule is exact)."""
    t = (np.arange(200) + 0.5) * np.pi / 200
    return np.mean(np.exp(np.abs(np.asarray(x))[..., None] * np.cos(t)) * np.cos(t), -1)
