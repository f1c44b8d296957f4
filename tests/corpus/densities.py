"""Log densities, scores and special functions of statistics."""

import numpy as np
from scipy import special

from tests.corpus._case import Case, Problem, bug
from tests.corpus._formulas import _sig


@bug(
    "weibull_partials_swapped",
    "openturns/openturns#1556",
    "Weibull density",
    "swapped gradients",
    "the derivatives with respect to shape and scale come in each other's place",
    says=("wrong-input",),
)
def weibull_partials_swapped(rng):
    def parts(i):
        x, a, b = i
        return (x / b) ** a, np.log(x / b)

    def f(i):
        p, _ = parts(i)
        return i[1] / i[0] * p * np.exp(-p)

    def good(i, ct):
        x, a, b = i
        p, lr = parts(i)
        y = f(i)
        da = p * np.exp(-p) / x * (1 + a * lr * (1 - p))
        return ct * y * ((a - 1) - a * p) / x, ct * da, ct * y * a / b * (p - 1)

    def bad(i, ct):
        gx, ga, gb = good(i, ct)
        return gx, gb, ga

    u = rng.uniform
    return Problem(f=f, vjp_good=good, vjp_bad=bad, inputs=(u(0.5, 2, 4), u(1, 2, 4), u(0.7, 2, 4)))


@bug(
    "eight_schools_dmu_without_effects",
    "pints-team/pints#1136",
    "hierarchical normal model, centred",
    "missing term (hidden by all-equal inputs)",
    "the derivative in mu lacks the sum over the effects, which is 0 where every effect equals mu",
    generic=False,
    fidelity="issue",
)
def eight_schools_dmu_without_effects(rng):
    y, s = np.array([28.0, 8, -3, 7, -1, 1, 18, 12]), np.array([15.0, 10, 16, 11, 9, 11, 10, 18])

    def f(i):
        mu, tau, th = i
        prior = -0.5 * (mu / 5) ** 2 - np.log1p((tau / 5) ** 2)
        return np.asarray(
            prior - 0.5 * np.sum(((th - mu) / tau) ** 2) - 8 * np.log(tau) - 0.5 * np.sum(((y - th) / s) ** 2)
        )

    def vjp(fix):
        def go(i, ct):
            mu, tau, th = i
            r = (th - mu) / tau**2
            dmu = -mu / 25 + (r.sum() if fix else 0)
            dtau = np.sum(r * (th - mu)) / tau - 8 / tau - 2 * tau / (25 + tau**2)
            return np.asarray(ct * dmu), np.asarray(ct * dtau), ct * (-r + (y - th) / s**2)

        return go

    one = np.asarray(1.0)
    return Problem(
        f=f,
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(one, one.copy(), np.ones(8)),
        special_inputs=(np.asarray(0.4), np.asarray(1.3), rng.standard_normal(8)),
    )


@bug(
    "logitnormal_score_uses_log",
    "JuliaStats/Distributions.jl#1221",
    "logit-normal log density",
    "wrong function",
    "log(x) stands where logit(x) belongs",
    fidelity="issue",
)
def logitnormal_score_uses_log(rng):
    mu, s = 0.3, 0.8

    def vjp(inner):
        def go(i, ct):
            x = i[0]
            return (-ct * ((inner(x) - mu) / s**2 + 1 - 2 * x) / (x * (1 - x)),)

        return go

    return Problem(
        f=lambda i: -0.5 * ((special.logit(i[0]) - mu) / s) ** 2 - np.log(i[0] * (1 - i[0])),
        vjp_good=vjp(special.logit),
        vjp_bad=vjp(np.log),
        inputs=(rng.uniform(0.1, 0.9, 5),),
    )


@bug(
    "neal_funnel_half",
    "chi-feng/mcmc-demo#16",
    "Neal's funnel",
    "missing factor",
    "x^2 exp(-v) enters the derivative in v without its 1/2",
    fidelity="modelled",
)
def neal_funnel_half(rng):
    def vjp(k):
        def go(i, ct):
            x, v = i
            return -ct * x * np.exp(-v), ct * (-v / 9 - 0.5 + k * x * x * np.exp(-v))

        return go

    return Problem(
        f=lambda i: -(i[1] ** 2) / 18 - 0.5 * i[0] ** 2 * np.exp(-i[1]) - 0.5 * i[1],
        vjp_good=vjp(0.5),
        vjp_bad=vjp(1.0),
        inputs=(rng.standard_normal(3), rng.standard_normal(3)),
    )


@bug(
    "scaling_factor_on_log_scale",
    "alan-turing-institute/stat-fem#35",
    "Gaussian log posterior with rho = exp(theta)",
    "missing factor (chain rule)",
    "the derivative is taken in rho, not in log rho: right only for rho = 1",
    generic=False,
    fidelity="issue",
)
def scaling_factor_on_log_scale(rng):
    y, m, s = rng.standard_normal(6), rng.standard_normal(6), 0.7

    def vjp(fix):
        def go(i, ct):
            rho = np.exp(i[0])
            return (np.asarray(ct * np.sum((y - rho * m) * m) / s**2 * (rho if fix else 1)),)

        return go

    return Problem(
        f=lambda i: np.asarray(-0.5 * np.sum((y - np.exp(i[0]) * m) ** 2) / s**2),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(np.asarray(0.0),),
        special_inputs=(np.asarray(0.6),),
    )


@bug(
    "logistic_lpdf_exponentials_overflow",
    "stan-dev/math#3398",
    "logistic log density, location",
    "overflow in the derivative alone",
    "exp(y) and exp(mu) taken one by one: NaN at 711 where the density is fine",
    generic=False,
    fidelity="issue",
    says=("nonfinite",),
)
def logistic_lpdf_exponentials_overflow(rng):
    def f(i):
        d = i[0] - i[1]
        return -d - 2 * np.logaddexp(0, -d)

    def bad(i, ct):
        with np.errstate(all="ignore"):
            ey, em = np.exp(i[0]), np.exp(i[1])
            g = (ey - em) / (ey + em)
        return -ct * g, ct * g

    return Problem(
        f=f,
        vjp_good=lambda i, ct: (-ct * np.tanh((i[0] - i[1]) / 2), ct * np.tanh((i[0] - i[1]) / 2)),
        vjp_bad=bad,
        inputs=(rng.standard_normal(3), rng.standard_normal(3)),
        special_inputs=(np.array([711.0, 0.3]), np.array([710.0, 0.1])),
    )


@bug(
    "trigamma_without_reflection",
    "jax-ml/jax#37635",
    "digamma",
    "wrong on one half-line",
    "for negative arguments the large-argument series of trigamma is used as it stands",
    generic=False,
    fidelity="issue",
)
def trigamma_without_reflection(rng):
    def series(x):
        return 1 / x + 0.5 / x**2 + 1 / (6 * x**3)

    def vjp(fix):
        def go(i, ct):
            x = i[0]
            right = special.polygamma(1, np.abs(x))
            reflected = (np.pi / np.sin(np.pi * x)) ** 2 - special.polygamma(1, 1 - np.minimum(x, 0))
            return (ct * np.where(x > 0, right, reflected if fix else series(x)),)

        return go

    return Problem(
        f=lambda i: special.digamma(i[0]),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.uniform(0.5, 4, 4),),
        special_inputs=(np.array([-16.5, -19.5, 0.7]),),
    )


@bug(
    "betaln_one_digamma_forgotten",
    "class of mistake; cf. stan-dev/math#2417 (digamma of the wrong shape parameter)",
    "log beta function",
    "wrong argument",
    "the derivative in b uses digamma(a)",
    fidelity="modelled",
)
def betaln_one_digamma_forgotten(rng):
    psi = special.digamma

    def vjp(fix):
        def go(i, ct):
            a, b = i
            return ct * (psi(a) - psi(a + b)), ct * (psi(b if fix else a) - psi(a + b))

        return go

    u = rng.uniform
    return Problem(
        f=lambda i: special.betaln(*i),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(u(0.5, 3, 4), u(0.5, 3, 4)),
    )


@bug(
    "ordered_logit_same_cutpoint",
    "class of mistake (ordered logistic regression)",
    "log of a difference of two sigmoids",
    "wrong operand",
    "the lower cutpoint's slope is evaluated at the upper one",
    fidelity="synthetic",
)
def ordered_logit_same_cutpoint(rng):
    def vjp(fix):
        def go(i, ct):
            up, lo = i
            p, q = _sig(up), _sig(lo)
            at = q if fix else p
            return ct * p * (1 - p) / (p - q), -ct * at * (1 - at) / (p - q)

        return go

    lo = rng.standard_normal(4)
    return Problem(
        f=lambda i: np.log(_sig(i[0]) - _sig(i[1])),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(lo + rng.uniform(0.5, 2, 4), lo),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
