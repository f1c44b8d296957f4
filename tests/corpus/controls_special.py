"""Correct gradients of special functions, near their limits."""

import numpy as np
from scipy import special

from tests.corpus._case import Case, Problem, control
from tests.corpus._formulas import elem

SQ2PI = np.sqrt(2 * np.pi)


def two(f, slopes, a, b, mpf=None):
    return Problem(
        f=lambda i: f(*i),
        vjp_good=lambda i, ct: tuple(ct * s for s in slopes(*i)),
        inputs=(np.array(a), np.array(b)),
        mp=mpf and (lambda mp, i: [mpf(mp, x, y) for x, y in zip(*i, strict=True)]),
    )


@control("digamma_at_large_and_small", "special function", "digamma at 1e-6, near its root, and at 1e6")
def digamma_at_large_and_small(rng):
    return elem(
        special.digamma,
        lambda x: special.polygamma(1, x),
        [1e-6, 1.4616321449683622, 3.0, 1e6],
        lambda mp, v: mp.digamma(v),
    )


@control("log_gamma_next_to_a_pole", "special function", "log |gamma| at -1 + 1e-5 and -2.5")
def log_gamma_next_to_a_pole(rng):
    return elem(
        special.gammaln,
        special.digamma,
        [-1 + 1e-5, -2.5, 0.3],
        lambda mp, v: mp.log(abs(mp.gamma(v))),
    )


@control("log_normal_cdf_in_the_tail", "special function", "log Phi at -30, -5 and 8")
def log_normal_cdf_in_the_tail(rng):
    return elem(
        special.log_ndtr,
        lambda x: np.exp(-0.5 * x * x - special.log_ndtr(x)) / SQ2PI,
        [-30.0, -5.0, 0.0, 4.0],
        lambda mp, v: mp.log(mp.ncdf(v)),
    )


@control("normal_quantile_in_the_tail", "special function", "inverse of Phi at 1e-12, 0.5 and 1 - 1e-6")
def normal_quantile_in_the_tail(rng):
    return elem(
        special.ndtri,
        lambda p: SQ2PI * np.exp(0.5 * special.ndtri(p) ** 2),
        [1e-12, 1e-4, 0.5, 1 - 1e-6],
    )


@control(
    "elliptic_integral_next_to_one",
    "special function",
    "K(m) at 1 - 1e-7, where it diverges like a logarithm",
)
def elliptic_integral_next_to_one(rng):
    def slope(m):
        return (special.ellipe(m) - (1 - m) * special.ellipk(m)) / (2 * m * (1 - m))

    return elem(special.ellipk, slope, [0.3, 0.99, 1 - 1e-7], lambda mp, v: mp.ellipk(v))


@control("bessel_k_underflowing", "special function", "K_1 at 1e-5, 2 and 300")
def bessel_k_underflowing(rng):
    return elem(
        lambda x: special.kv(1, x),
        lambda x: -0.5 * (special.kv(0, x) + special.kv(2, x)),
        [1e-5, 2.0, 300.0],
        lambda mp, v: mp.besselk(1, v),
    )


@control("bessel_i_scaled", "special function", "exp(-x) I_0(x) up to 1e4")
def bessel_i_scaled(rng):
    return elem(
        special.i0e,
        lambda x: special.i1e(x) - np.sign(x) * special.i0e(x),
        [0.1, 5.0, 1e4],
        lambda mp, v: mp.exp(-v) * mp.besseli(0, v),
    )


@control("incomplete_beta_in_the_tails", "special function", "I_x(a, b) by x where it is 1e-20 and nearly 1")
def incomplete_beta_in_the_tails(rng):
    return elem(
        lambda x: special.betainc(10.0, 3.0, x),
        lambda x: x**9 * (1 - x) ** 2 / special.beta(10.0, 3.0),
        [0.01, 0.5, 0.95, 0.9999],
        lambda mp, v: mp.betainc(10, 3, 0, v, regularized=True),
    )


@control("incomplete_gamma_in_the_tails", "special function", "P(5, x) at 1e-3 and Q(5, x) at 60")
def incomplete_gamma_in_the_tails(rng):
    lower = np.array([True, True, False, False])

    def f(x):
        return np.where(lower, special.gammainc(5, x), special.gammaincc(5, x))

    def slope(x):
        return np.where(lower, 1, -1) * x**4 * np.exp(-x) / 24

    return Problem(
        f=lambda i: f(i[0]),
        vjp_good=lambda i, ct: (ct * slope(i[0]),),
        inputs=(np.array([1e-3, 4.0, 12.0, 60.0]),),
        mp=lambda mp, i: [
            mp.gammainc(5, *((0, v) if low else (v, mp.inf)), regularized=True)
            for v, low in zip(i[0], lower, strict=True)
        ],
    )


@control("lambert_w_next_to_its_branch_point", "special function", "W at -1/e + 1e-6, 0 and 1e10")
def lambert_w_next_to_its_branch_point(rng):
    def w(x):
        return special.lambertw(x).real

    def slope(x):
        return 1 / (np.exp(w(x)) * (1 + w(x)))

    return elem(w, slope, [-np.exp(-1) + 1e-6, 0.0, 1.0, 1e10], lambda mp, v: mp.re(mp.lambertw(v)))


@control("exponential_integral", "special function", "E_1 at 1e-8, 1 and 100")
def exponential_integral(rng):
    return elem(special.exp1, lambda x: -np.exp(-x) / x, [1e-8, 1.0, 100.0], lambda mp, v: mp.e1(v))


@control("dawson_and_faddeeva", "special function", "Dawson's integral at 1e-4, its maximum, and 1e3")
def dawson_and_faddeeva(rng):
    return elem(special.dawsn, lambda x: 1 - 2 * x * special.dawsn(x), [1e-4, 0.9241388730, 3.0])


@control(
    "zeta_next_to_its_pole", "special function", "zeta at 1.001 and 20, by its Laurent and Dirichlet series"
)
def zeta_next_to_its_pole(rng):
    def slope(s):
        n = np.arange(1, 4001.0)[:, None]
        # Euler-Maclaurin for the tail of sum n^-s log n.
        big = 4000.0
        tail = big ** (1 - s) * (np.log(big) / (s - 1) + 1 / (s - 1) ** 2) - 0.5 * big**-s * np.log(big)
        edge = (s * np.log(big) - 1) * big ** (-s - 1) / 12
        return -((np.log(n) * n**-s).sum(0) + tail + edge)

    return elem(special.zeta, slope, [1.001, 2.0, 20.0], lambda mp, v: mp.zeta(v))


@control("black_scholes_far_out_of_the_money", "tiny value", "a call worth 1e-30 by its price and volatility")
def black_scholes_far_out_of_the_money(rng):
    def d1(s, v):
        return np.log(s / 100) / v + v / 2

    def price(s, v):
        return s * special.ndtr(d1(s, v)) - 100 * special.ndtr(d1(s, v) - v)

    def slopes(s, v):
        return special.ndtr(d1(s, v)), s * np.exp(-0.5 * d1(s, v) ** 2) / SQ2PI

    return two(
        price,
        slopes,
        [80.0, 100.0, 40.0],
        [0.2, 0.3, 0.1],
        lambda mp, s, v: (
            s * mp.ncdf(mp.log(s / 100) / v + v / 2) - 100 * mp.ncdf(mp.log(s / 100) / v - v / 2)
        ),
    )


@control("poisson_of_extreme_rates", "dynamic range", "k log r - r for rates from 1e-10 to 1e10")
def poisson_of_extreme_rates(rng):
    k = np.array([0.0, 1, 2, 1e6])
    return elem(lambda r: k * np.log(r) - r, lambda r: k / r - 1, [1e-10, 1e-5, 3.0, 1e10])


@control("logistic_losses_at_500", "saturation", "log(1 + exp(-y s)) at scores of 500 and -500, by logaddexp")
def logistic_losses_at_500(rng):
    y = np.array([1.0, 1, -1, -1, 1])

    def slope(s):
        return -y * special.expit(-y * s)

    return elem(lambda s: np.logaddexp(0, -y * s), slope, [500.0, -500, 500, 30, 0])


@control(
    "focal_loss_of_certain_examples", "saturation", "(1 - p)^2 log p at a logit of 40, where it is 1e-52"
)
def focal_loss_of_certain_examples(rng):
    def f(s):
        return special.expit(-s) ** 2 * np.logaddexp(0, -s)

    def slope(s):
        q, p = special.expit(-s), special.expit(s)
        return -2 * q * q * p * np.logaddexp(0, -s) - q**3

    return elem(f, slope, [40.0, 3.0, -60.0])


@control("cosine_similarity_of_nearly_parallel", "flat", "1 - cos of vectors 1e-5 apart")
def cosine_similarity_of_nearly_parallel(rng):
    a = rng.standard_normal(4)

    def parts(i):
        return np.linalg.norm(i[0]), np.linalg.norm(i[1])

    def good(i, ct):
        (a, b), (n, m) = i, parts(i)
        c = a @ b / (n * m)
        return -ct * (b / m - c * a / n) / n, -ct * (a / n - c * b / m) / m

    return Problem(
        f=lambda i: np.asarray(1 - i[0] @ i[1] / np.prod(parts(i))),
        vjp_good=good,
        inputs=(a, 2 * a + 1e-2 * rng.standard_normal(4)),
    )


@control("softmax_at_temperature_1e_3", "steep", "softmax of scores 0.002 apart, divided by 0.001")
def softmax_at_temperature_1e_3(rng):
    def p(x, t):
        e = np.exp((x - x.max()) / t)
        return e / e.sum()

    def good(i, ct):
        x, t = i
        q = p(x, t)
        d = q * (ct - ct @ q)
        return d / t, np.asarray(-(d @ x) / t**2)

    return Problem(
        f=lambda i: p(*i), vjp_good=good, inputs=(5 + 2e-3 * rng.standard_normal(5), np.array(1e-3))
    )


@control(
    "alternating_series", "cancellation", "exp(-6) by its power series: terms up to 65 for a sum of 0.0025"
)
def alternating_series(rng):
    n = np.arange(1, 60)
    factorial = np.cumprod(n.astype(float))

    def f(x):
        return 1 + ((-x[:, None]) ** n / factorial).sum(1)

    return elem(f, lambda x: -np.exp(-x), [6.0, 1.0, 3.0])


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
