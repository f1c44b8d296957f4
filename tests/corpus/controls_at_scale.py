"""Correct gradients of functions that are badly scaled, saturated, offset, or near the edge of their domain."""

import numpy as np
from scipy import special

from tests.corpus._case import Case, Problem, control
from tests.corpus._formulas import _bn, _bn_vjp, _sig, _softmax, elem


@control("square_on_1e8", "cancellation", "1e8 + x^2: eight digits of the square are left")
def square_on_1e8(rng):
    return elem(lambda x: 1e8 + x * x, lambda x: 2 * x, [0.3, -1.0, 2.0], lambda mp, v: 10**8 + v * v)


@control("tiny_sine", "tiny gradient", "1e-7 sin(x)")
def tiny_sine(rng):
    return elem(
        lambda x: 1e-7 * np.sin(x),
        lambda x: 1e-7 * np.cos(x),
        [0.3, 1.5, -2.0],
        lambda mp, v: mp.sin(v) / 10**7,
    )


@control("tiny_sine_on_one", "cancellation", "1 + 1e-7 sin(x)")
def tiny_sine_on_one(rng):
    return elem(
        lambda x: 1 + 1e-7 * np.sin(x),
        lambda x: 1e-7 * np.cos(x),
        [0.3, 1.5, -2.0],
        lambda mp, v: 1 + mp.sin(v) / 10**7,
    )


@control("steep_exponential", "strong curvature", "exp(100 x)")
def steep_exponential(rng):
    return elem(
        lambda x: np.exp(100 * x),
        lambda x: 100 * np.exp(100 * x),
        [0.01, 1.0, -0.5],
        lambda mp, v: mp.exp(100 * v),
    )


@control("sine_of_1000_x", "high frequency", "sin(1000 x)")
def sine_of_1000_x(rng):
    return elem(
        lambda x: np.sin(1000 * x),
        lambda x: 1000 * np.cos(1000 * x),
        [0.3, 1.0, -2.0],
        lambda mp, v: mp.sin(1000 * v),
    )


@control("slow_plus_fast", "high frequency", "x^2 + 1e-3 sin(1e5 x): the ripple has slope 100")
def slow_plus_fast(rng):
    return elem(
        lambda x: x * x + 1e-3 * np.sin(1e5 * x),
        lambda x: 2 * x + 100 * np.cos(1e5 * x),
        [0.3, 1.0, -2.0],
        lambda mp, v: v * v + mp.sin(10**5 * v) / 1000,
    )


@control("log_of_one_minus_a_saturated_p", "saturation", "log(1 - sigmoid(x)) written naively, x to 22")
def log_of_one_minus_a_saturated_p(rng):
    return elem(
        lambda x: np.log(1 - 1 / (1 + np.exp(-x))),
        lambda x: -_sig(x),
        [22.0, 15.0, 2.0],
        lambda mp, v: -mp.log1p(mp.exp(v)),
    )


@control("cross_entropy_of_p_1e-9", "domain edge", "-y log p - (1-y) log(1-p) at p = 1e-9 and 1 - 1e-9")
def cross_entropy_of_p_1e_9(rng):
    y = np.array([1.0, 0.0, 1.0])
    return elem(
        lambda p: -y * np.log(p) - (1 - y) * np.log1p(-p),
        lambda p: -y / p + (1 - y) / (1 - p),
        [1e-9, 1 - 1e-9, 0.3],
    )


@control("cross_entropy_in_float32_at_1e-9", "float32 arithmetic", "the same, computed in float32")
def cross_entropy_in_float32_at_1e_9(rng):
    y = np.array([1.0, 1.0, 0.0])

    def f(p):
        q = p.astype(np.float32)
        return (-y * np.log(q) - (1 - y) * np.log(1 - q)).astype(float)

    return elem(f, lambda p: -y / p + (1 - y) / (1 - p), [1e-9, 0.3, 0.6])


@control("sigmoid_slope_s_times_one_minus_s_at_40", "saturation", "s (1 - s) is 0 at 40, the truth 4e-18")
def sigmoid_slope_s_times_one_minus_s_at_40(rng):
    return elem(lambda x: 1 / (1 + np.exp(-x)), lambda x: _sig(x) * (1 - _sig(x)), [40.0, 0.3, 38.0])


@control("softmax_of_far_logits", "saturation", "softmax of logits 100 apart")
def softmax_of_far_logits(rng):
    def good(i, ct):
        p = _softmax(i[0])
        return (p * (ct - (ct * p).sum()),)

    return Problem(f=lambda i: _softmax(i[0]), vjp_good=good, inputs=(np.array([100.0, 0.0, -100.0, 99.0]),))


@control("log_softmax_of_gap_1000", "large offset", "log-softmax with logits 1000 apart")
def log_softmax_of_gap_1000(rng):
    def f(i):
        z = i[0] - i[0].max()
        return z - np.log(np.exp(z).sum())

    return Problem(
        f=f, vjp_good=lambda i, ct: (ct - _softmax(i[0]) * ct.sum(),), inputs=(np.array([1000.0, 0.0, 3.0]),)
    )


@control("batchnorm_with_offset_1e6", "ill-conditioned forward", "batch statistics of columns near 1e6")
def batchnorm_with_offset_1e6(rng):
    return Problem(
        f=lambda i: _bn(*i)[0] * i[1] + i[2],
        vjp_good=_bn_vjp,
        inputs=(1e6 + rng.standard_normal((6, 3)), rng.uniform(0.5, 2, 3), rng.standard_normal(3)),
    )


@control("one_pass_variance_with_offset_1e5", "cancellation", "E x^2 - (E x)^2 near 1e5")
def one_pass_variance_with_offset_1e5(rng):
    return Problem(
        f=lambda i: np.asarray(np.mean(i[0] ** 2) - np.mean(i[0]) ** 2),
        vjp_good=lambda i, ct: (2 * ct * (i[0] - i[0].mean()) / i[0].size,),
        inputs=(1e5 + rng.standard_normal(6),),
    )


@control("linear_layer_of_mixed_units", "bad scaling", "columns of 1e-8 and 1e8 in one layer")
def linear_layer_of_mixed_units(rng):
    s = np.array([1e-8, 1.0, 1e8])
    return Problem(
        f=lambda i: np.tanh(i[0] @ i[1]),
        vjp_good=lambda i, ct: (
            ct * (1 - np.tanh(i[0] @ i[1]) ** 2) @ i[1].T,
            i[0].T @ (ct * (1 - np.tanh(i[0] @ i[1]) ** 2)),
        ),
        inputs=(rng.standard_normal((4, 3)) * s, rng.standard_normal((3, 2)) / s[:, None]),
    )


@control("root_of_1e-300", "domain edge", "sqrt at 1e-300: slope 5e149")
def root_of_1e_300(rng):
    return elem(np.sqrt, lambda x: 0.5 / np.sqrt(x), [1e-300, 1e-20, 4.0], lambda mp, v: mp.sqrt(v))


@control("log_of_1e-300", "domain edge", "log at 1e-300: slope 1e300")
def log_of_1e_300(rng):
    return elem(np.log, lambda x: 1 / x, [1e-300, 1e-30, 2.0], lambda mp, v: mp.log(v))


@control("arccos_next_to_one", "domain edge", "arccos at 1 - 1e-9")
def arccos_next_to_one(rng):
    return elem(
        np.arccos, lambda x: -1 / np.sqrt((1 - x) * (1 + x)), [1 - 1e-9, 0.2], lambda mp, v: mp.acos(v)
    )


@control("tangent_next_to_its_pole", "strong curvature", "tan at pi/2 - 1e-6")
def tangent_next_to_its_pole(rng):
    return elem(np.tan, lambda x: 1 + np.tan(x) ** 2, [np.pi / 2 - 1e-6, 0.4], lambda mp, v: mp.tan(v))


@control("gamma_at_150", "large values", "gamma function up to 1e260")
def gamma_at_150(rng):
    return elem(
        special.gamma,
        lambda x: special.gamma(x) * special.digamma(x),
        [150.0, 0.5, -1.5],
        lambda mp, v: mp.gamma(v),
    )


@control("lgamma_at_its_zeros", "value exactly zero", "log gamma at 1 and 2")
def lgamma_at_its_zeros(rng):
    return elem(special.gammaln, special.digamma, [1.0, 2.0, 5.5], lambda mp, v: mp.loggamma(v))


@control("erfinv_next_to_one", "domain edge", "inverse error function at 1 - 1e-10")
def erfinv_next_to_one(rng):
    return elem(
        special.erfinv,
        lambda x: 0.5 * np.sqrt(np.pi) * np.exp(special.erfinv(x) ** 2),
        [1 - 1e-10, 0.3, -0.9],
        lambda mp, v: mp.erfinv(v),
    )


@control("erfc_in_the_tail", "tiny gradient", "erfc at 10: 2e-45")
def erfc_in_the_tail(rng):
    return elem(
        special.erfc,
        lambda x: -2 / np.sqrt(np.pi) * np.exp(-x * x),
        [10.0, 3.0, 0.1],
        lambda mp, v: mp.erfc(v),
    )


@control("gelu_tails", "saturation", "x Phi(x) at -12 and 12")
def gelu_tails(rng):
    return elem(
        lambda x: x * special.ndtr(x),
        lambda x: special.ndtr(x) + x * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi),
        [-12.0, 12.0, -5.0, 0.3],
        lambda mp, v: v * mp.ncdf(v),
    )


@control("gelu_tail_by_one_plus_erf", "saturation", "x (1 + erf) / 2 at -12: rounded to 0, slope 1e-31")
def gelu_tail_by_one_plus_erf(rng):
    return elem(
        lambda x: 0.5 * x * (1 + special.erf(x / np.sqrt(2))),
        lambda x: special.ndtr(x) + x * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi),
        [-12.0, -7.0, 0.3],
    )


@control("softplus_naive_at_40", "saturation", "log(1 + exp(x)) at -40 and 40")
def softplus_naive_at_40(rng):
    return elem(lambda x: np.log(1 + np.exp(x)), _sig, [-40.0, 40.0, -20.0, 0.0])


@control("underflowing_gaussian", "underflow", "exp(-x^2) at 30 is 0, at 26 nearly")
def underflowing_gaussian(rng):
    return elem(lambda x: np.exp(-x * x), lambda x: -2 * x * np.exp(-x * x), [30.0, 26.0, 0.4])


@control("bessel_j0_at_1e4", "large argument", "J0 at 1e4")
def bessel_j0_at_1e4(rng):
    return elem(special.j0, lambda x: -special.j1(x), [1e4, 0.0, 2.4], lambda mp, v: mp.besselj(0, v))


@control("hypot_of_tiny_and_huge", "bad scaling", "hypot at 1e-200 and 1e200")
def hypot_of_tiny_and_huge(rng):
    return Problem(
        f=lambda i: np.hypot(*i),
        vjp_good=lambda i, ct: (ct * (i[0] / np.hypot(*i)), ct * (i[1] / np.hypot(*i))),
        inputs=(np.array([3e-200, 3e200, 1.0]), np.array([4e-200, 4e200, 1e-9])),
    )


@control("fractional_part_of_large_numbers", "large offset", "x - floor(x) near 1e6")
def fractional_part_of_large_numbers(rng):
    return elem(lambda x: x - np.floor(x), np.ones_like, [1e6 + 0.3, 2.5, -7.75])


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
