"""Correct gradients beside kinks, poles and cancellations, and of numbers of very different size."""

import numpy as np
from scipy import interpolate, special

from tests.corpus._case import Case, Problem, control
from tests.corpus._formulas import _sig, _softmax, elem


def _sides(rng, n):
    return np.where(rng.random(n) < 0.5, 1.0, -1.0)


@control("hinge_beside_its_margin", "kink nearby", "hinge loss of scores 1e-2 ... 1e-9 from the margin")
def hinge_beside_its_margin(rng):
    y = _sides(rng, 8)
    s = y * (1 + 10.0 ** -np.arange(2, 10) * _sides(rng, 8))
    return Problem(
        f=lambda i: np.asarray(np.mean(np.maximum(1 - y * i[0], 0))),
        vjp_good=lambda i, ct: (ct * -y * (y * i[0] < 1) / 8,),
        inputs=(s,),
    )


@control("pinball_beside_zero", "kink nearby", "quantile loss at residuals of 1e-1 ... 1e-8")
def pinball_beside_zero(rng):
    y = rng.standard_normal(8)
    x = y + 10.0 ** -np.arange(1, 9) * _sides(rng, 8)
    return Problem(
        f=lambda i: np.maximum(0.9 * (y - i[0]), -0.1 * (y - i[0])),
        vjp_good=lambda i, ct: (ct * np.where(y > i[0], -0.9, 0.1),),
        inputs=(x,),
    )


@control("clip_beside_its_borders", "kink nearby", "squared clip at 1e-3 ... 1e-9 inside and outside")
def clip_beside_its_borders(rng):
    x = np.array([1 - 1e-9, 1 + 1e-9, -1 + 1e-6, -1 - 1e-6, 0.3, 1 - 1e-3, 1 + 1e-3])
    return elem(lambda x: np.clip(x, -1, 1) ** 2, lambda x: 2 * x * (np.abs(x) < 1), x)


@control("total_variation_of_small_steps", "kink nearby", "sum of |differences| between 1e-7 and 2")
def total_variation_of_small_steps(rng):
    x = np.cumsum([0, 1e-6, -1e-5, 1, -1e-4, 2, -1e-7, 0.3])

    def good(i, ct):
        s = np.sign(np.diff(i[0]))
        return (ct * (np.r_[0, s] - np.r_[s, 0]),)

    return Problem(f=lambda i: np.asarray(np.abs(np.diff(i[0])).sum()), vjp_good=good, inputs=(x,))


@control(
    "norms_of_rows_from_1_to_1e-12", "strong curvature", "Euclidean norms of rows of very different length"
)
def norms_of_rows(rng):
    x = rng.standard_normal((5, 4)) * np.array([1, 1e-3, 1e-6, 1e-9, 1e-12])[:, None]
    return Problem(
        f=lambda i: np.sqrt((i[0] ** 2).sum(1)),
        vjp_good=lambda i, ct: (ct[:, None] * i[0] / np.sqrt((i[0] ** 2).sum(1) + 1e-300)[:, None],),
        inputs=(x,),
    )


@control("modulus_of_small_complex_numbers", "complex", "|z| for |z| from 1 to 1e-12")
def modulus_of_small_complex_numbers(rng):
    z = (rng.standard_normal(5) + 1j * rng.standard_normal(5)) * np.array([1, 1e-3, 1e-6, 1e-8, 1e-12])
    return Problem(
        f=lambda i: np.abs(i[0]),
        vjp_good=lambda i, ct: (ct * np.exp(1j * np.angle(i[0])) * (i[0] != 0),),
        inputs=(z,),
    )


@control("weighted_order_statistics", "selection", "weights on the sorted entries, two of them 1e-6 apart")
def weighted_order_statistics(rng):
    w, x = rng.standard_normal(8), rng.standard_normal(8)
    x[3] = x[1] + 1e-6

    def good(i, ct):
        g = np.zeros(8)
        g[np.argsort(i[0])] = ct * w
        return (g,)

    return Problem(f=lambda i: np.asarray(np.sort(i[0]) @ w), vjp_good=good, inputs=(x,))


@control("projection_on_the_simplex", "piecewise linear", "sparsemax of six scores")
def projection_on_the_simplex(rng):
    def threshold(z):
        s = np.sort(z)[::-1]
        k = np.count_nonzero(1 + np.arange(1, len(z) + 1) * s > np.cumsum(s))
        return (s[:k].sum() - 1) / k

    def good(i, ct):
        on = i[0] > threshold(i[0])
        return (on * (ct - ct[on].mean()),)

    return Problem(
        f=lambda i: np.maximum(i[0] - threshold(i[0]), 0), vjp_good=good, inputs=(rng.standard_normal(6),)
    )


@control("gate_of_the_two_best", "selection", "softmax over the two largest of five, others zero")
def gate_of_the_two_best(rng):
    def gate(z):
        out, best = np.zeros_like(z), np.argsort(z, 1)[:, -2:]
        np.put_along_axis(out, best, _softmax(np.take_along_axis(z, best, 1)), 1)
        return out

    def good(i, ct):
        p = gate(i[0])
        return (p * (ct - (ct * p).sum(1, keepdims=True)),)

    return Problem(f=lambda i: gate(i[0]), vjp_good=good, inputs=(rng.standard_normal((4, 5)),))


@control("steep_sigmoid", "steep", "sigmoid(1e4 x) at, beside and far from its step")
def steep_sigmoid(rng):
    def slope(x):
        return 1e4 * _sig(1e4 * x) * _sig(-1e4 * x)

    return elem(lambda x: _sig(1e4 * x), slope, [0, 1e-4, -3e-4, 1e-3, 0.1, -0.5])


@control("sine_of_1e4_x", "high frequency", "sin(1e4 x) at numbers near 0 and near 100")
def sine_of_1e4_x(rng):
    x = np.r_[rng.standard_normal(3), 100 + rng.standard_normal(3)]
    return elem(lambda x: np.sin(1e4 * x), lambda x: 1e4 * np.cos(1e4 * x), x)


@control("chirp", "high frequency", "sin(exp(x)) where exp(x) is up to 8,000")
def chirp(rng):
    return elem(lambda x: np.sin(np.exp(x)), lambda x: np.cos(np.exp(x)) * np.exp(x), rng.uniform(5, 9, 5))


@control("squares_from_1e-30_to_1e30", "dynamic range", "x^2 for sizes of 1e-30 ... 1e30 in one array")
def squares_of_all_sizes(rng):
    x = 10.0 ** np.array([-30, -20, -8, 0, 8, 20, 30]) * rng.uniform(0.5, 2, 7)
    return elem(np.square, lambda x: 2 * x, x)


@control(
    "matrix_of_all_scales", "dynamic range", "W x with columns of 1e30 ... 1e-30 and x the other way round"
)
def matrix_of_all_scales(rng):
    s = 10.0 ** np.array([-30, -10, 0, 10, 30])
    return Problem(
        f=lambda i: i[0] @ i[1],
        vjp_good=lambda i, ct: (np.outer(ct, i[1]), i[0].T @ ct),
        inputs=(rng.standard_normal((4, 5)) / s, s * rng.standard_normal(5)),
    )


@control("product_of_all_scales", "dynamic range", "product of numbers from 1e-30 to 1e30")
def product_of_all_scales(rng):
    x = 10.0 ** np.array([-30, -20, -8, 0, 8, 20, 30]) * rng.uniform(0.5, 2, 7)
    return Problem(
        f=lambda i: np.asarray(np.prod(i[0])),
        vjp_good=lambda i, ct: (ct * np.array([np.prod(np.delete(i[0], k)) for k in range(7)]),),
        inputs=(x,),
    )


@control("outputs_of_1e200", "dynamic range", "1e200 sin(x)")
def outputs_of_1e200(rng):
    return elem(lambda x: 1e200 * np.sin(x), lambda x: 1e200 * np.cos(x), rng.standard_normal(5))


@control(
    "constant_row_normalised_with_1e-12", "strong curvature", "layer norm, a constant row, epsilon 1e-12"
)
def constant_row_normalised(rng):
    x = rng.standard_normal((3, 6))
    x[1] = 0.7

    def parts(x):
        c = x - x.mean(1, keepdims=True)
        return c, 1 / np.sqrt((c * c).mean(1, keepdims=True) + 1e-12)

    def good(i, ct):
        c, r = parts(i[0])
        d = ct * i[1]
        d = d - d.mean(1, keepdims=True) - c * r * r * (d * c).mean(1, keepdims=True)
        return r * d, (ct * c * r).sum(0)

    def forward(i):
        c, r = parts(i[0])
        return c * r * i[1]

    return Problem(f=forward, vjp_good=good, inputs=(x, rng.standard_normal(6)))


@control("differences_of_roots", "cancellation", "sqrt(x + 1) - sqrt(x) up to 1e12")
def differences_of_roots(rng):
    def slope(x):
        a, b = np.sqrt(x + 1), np.sqrt(x)
        return -0.5 / (a * b * (a + b))

    return elem(lambda x: np.sqrt(x + 1) - np.sqrt(x), slope, [1.0, 1e4, 1e8])


@control("one_minus_cosine", "cancellation", "1 - cos(x) at 1e-4 ... 1, as written")
def one_minus_cosine(rng):
    return elem(lambda x: 1 - np.cos(x), np.sin, [1e-4, 1e-3, 1e-2, 1.0])


@control("log_of_expm1", "domain edge", "log(exp(x) - 1) by expm1 from 1e-300 to 700")
def log_of_expm1(rng):
    return elem(lambda x: np.log(np.expm1(x)), lambda x: -1 / np.expm1(-x), [1e-300, 1e-20, 1e-8, 0.1, 700.0])


@control("powers_of_all_sizes", "dynamic range", "x^p by base and exponent, bases from 1e-12 to 1e100")
def powers_of_all_sizes(rng):
    x, p = np.array([1e-12, 1e-5, 0.3, 1e8, 1e100]), np.array([0.1, 0.5, 2.5, 3.1, 2.0])
    return Problem(
        f=lambda i: i[0] ** i[1],
        vjp_good=lambda i, ct: (ct * i[1] * i[0] ** (i[1] - 1), ct * i[0] ** i[1] * np.log(i[0])),
        inputs=(x, p),
    )


@control(
    "refraction_beside_total_reflection", "domain edge", "asin(1.5 sin t), 1e-9 ... 0.1 short of the limit"
)
def refraction_beside_total_reflection(rng):
    t = np.arcsin(1 / 1.5) - np.array([1e-9, 1e-6, 1e-3, 0.1])
    return elem(
        lambda t: np.arcsin(1.5 * np.sin(t)),
        lambda t: 1.5 * np.cos(t) / np.sqrt(1 - (1.5 * np.sin(t)) ** 2),
        t,
    )


@control("beta_density_at_its_ends", "tails", "log density, shapes from 1e-3 to 1e4, at 1e-9 and 1 - 1e-9")
def beta_density_at_its_ends(rng):
    def good(i, ct):
        a, b, x = i
        both = special.digamma(a + b)
        return (
            ct * (both - special.digamma(a) + np.log(x)),
            ct * (both - special.digamma(b) + np.log1p(-x)),
            ct * ((a - 1) / x - (b - 1) / (1 - x)),
        )

    return Problem(
        f=lambda i: (i[0] - 1) * np.log(i[2]) + (i[1] - 1) * np.log1p(-i[2]) - special.betaln(i[0], i[1]),
        vjp_good=good,
        inputs=(
            np.array([1e-3, 2.0, 500.0, 0.5]),
            np.array([1e-3, 5.0, 400.0, 1e4]),
            np.array([1e-9, 0.3, 0.5001, 1e-6]),
        ),
    )


@control("normal_density_40_deviations_out", "tails", "log density at 40, -300 and 1e5 deviations")
def normal_density_far_out(rng):
    def good(i, ct):
        x, m, s = i
        z = (x - m) / s
        return -ct * z / s, ct * z / s, ct * (z * z - 1) / s

    return Problem(
        f=lambda i: -0.5 * ((i[0] - i[1]) / i[2]) ** 2 - np.log(i[2]),
        vjp_good=good,
        inputs=(np.array([40.0, -300, 1e5]), rng.standard_normal(3), np.exp(rng.standard_normal(3))),
    )


@control(
    "quadratic_spline_at_its_knots", "second derivative jumps", "quadratic spline on, and 1e-9 beside, a knot"
)
def quadratic_spline_at_its_knots(rng):
    s = interpolate.make_interp_spline(np.arange(8.0), rng.standard_normal(8), k=2)
    return elem(s, s.derivative(), [s.t[4], s.t[5] + 1e-9, 0.5, 6.3])


@control("fine_table", "kinks everywhere", "linear interpolation in a table of 100,001 sines")
def fine_table(rng):
    knots = np.linspace(0, 6, 100_001)
    values = np.sin(knots)

    def slope(x):
        k = np.clip(np.searchsorted(knots, x) - 1, 0, 99_999)
        return (values[k + 1] - values[k]) / (knots[k + 1] - knots[k]) * ((x >= 0) & (x <= 6))

    return elem(lambda x: np.interp(x, knots, values), slope, rng.uniform(0.1, 5.9, 5))


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
