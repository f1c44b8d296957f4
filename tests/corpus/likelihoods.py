"""Survival times, counts, boosting objectives and Gaussian likelihoods."""

import numpy as np
from scipy import special, stats

from tests.corpus._case import Case, Problem, bug


@bug(
    "gamma_objective_weight_on_one_term",
    "lightgbm-org/LightGBM#4174",
    "weighted gamma deviance",
    "weight inside the brackets",
    "1 - w y exp(-s) instead of w (1 - y exp(-s)): right where every weight is 1",
)
def gamma_objective_weight_on_one_term(rng):
    y, w = rng.gamma(2.0, 1.0, 6), rng.uniform(0.5, 3, 6)
    return Problem(
        f=lambda i: np.asarray((w * (i[0] + y * np.exp(-i[0]))).sum()),
        vjp_good=lambda i, ct: (ct * w * (1 - y * np.exp(-i[0])),),
        vjp_bad=lambda i, ct: (ct * (1 - w * y * np.exp(-i[0])),),
        inputs=(0.5 * rng.standard_normal(6),),
    )


@bug(
    "least_squares_boosting_without_two",
    "scikit-learn/scikit-learn#5268",
    "weighted mean of squares",
    "missing factor 2",
    "the residual is returned as the gradient of its square",
    says=("factor",),
)
def least_squares_boosting_without_two(rng):
    y, w = rng.standard_normal(7), rng.uniform(0.5, 3, 7)

    def vjp(k):
        return lambda i, ct: (ct * k * w * (i[0] - y) / w.sum(),)

    return Problem(
        f=lambda i: np.asarray((w * (y - i[0]) ** 2).sum() / w.sum()),
        vjp_good=vjp(2),
        vjp_bad=vjp(1),
        inputs=(rng.standard_normal(7),),
    )


def _cox(i):
    """Subjects ordered by time, all dying: the negative log partial likelihood and its risk-set sums."""
    beta, z = i
    eta = np.exp(z @ beta)
    s0 = np.cumsum(eta[::-1])[::-1]
    s1 = np.cumsum((eta[:, None] * z)[::-1], 0)[::-1]
    return float((np.log(s0) - z @ beta).sum()), eta, s0, s1


@bug(
    "cox_score_by_running_minimum",
    "derrynknife/SurPyval#250",
    "Cox partial likelihood",
    "a sum that is assumed monotone",
    "the covariate-weighted risk sums are clamped to a running minimum: right while no covariate is negative",
    generic=False,
)
def cox_score_by_running_minimum(rng):
    def vjp(fix):
        def go(i, ct):
            beta, z = i
            _, eta, s0, s1 = _cox(i)
            dz = beta * (eta * np.cumsum(1 / s0) - 1)[:, None]
            s1 = s1 if fix else np.minimum.accumulate(s1, 0)
            return ct * (s1 / s0[:, None] - z).sum(0), ct * dz

        return go

    beta, z = rng.standard_normal(2), rng.uniform(0.2, 2, (6, 2))
    return Problem(
        f=lambda i: np.asarray(_cox(i)[0]),
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(beta, z),
        special_inputs=(beta, z - 1),
    )


@bug(
    "efron_likelihood_breslow_score",
    "derrynknife/SurPyval#279",
    "Cox likelihood with ties",
    "the gradient of another tie rule",
    "three deaths at one time: the risk set is not thinned in the score",
)
def efron_likelihood_breslow_score(rng):
    z = rng.standard_normal((7, 2))
    tied = np.arange(7) < 3
    share = np.arange(3) / 3

    def sums(beta, thin):
        eta = np.exp(z @ beta)
        weight = 1 - thin * share[:, None] * tied
        return weight @ eta, weight @ (eta[:, None] * z)

    def vjp(thin):
        def go(i, ct):
            s0, s1 = sums(i[0], thin)
            return (ct * ((s1 / s0[:, None]).sum(0) - z[tied].sum(0)),)

        return go

    return Problem(
        f=lambda i: np.asarray(np.log(sums(i[0], 1)[0]).sum() - (z[tied] @ i[0]).sum()),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(2),),
    )


def _incomplete_gamma_by_series(a, z, terms):
    """The derivative of P(a, z) by a: the power series of P, term by term."""
    n = np.arange(terms)[:, None]
    log_term = (a + n) * np.log(z) - z - special.gammaln(a + n + 1)
    return (np.exp(log_term) * (np.log(z) - special.digamma(a + n + 1))).sum(0)


@bug(
    "incomplete_gamma_shape_series_cut_short",
    "stan-dev/math#3408",
    "regularised incomplete gamma function",
    "series stopped too soon",
    "twenty terms are enough for z near 1 and far too few for z = 30",
    generic=False,
    fidelity="modelled",
    says=("entries",),
)
def incomplete_gamma_shape_series_cut_short(rng):
    def vjp(terms):
        def go(i, ct):
            a, z = i
            dz = np.exp((a - 1) * np.log(z) - z - special.gammaln(a))
            return ct * _incomplete_gamma_by_series(a, z, terms), ct * dz

        return go

    return Problem(
        f=lambda i: special.gammainc(*i),
        vjp_good=vjp(200),
        vjp_bad=vjp(20),
        inputs=(np.array([2.0, 1.3]), np.array([0.7, 0.4])),
        special_inputs=(np.array([2.0, 25.0]), np.array([0.7, 30.0])),
        mp=lambda mp, i: [mp.gammainc(a, 0, z, regularized=True) for a, z in zip(*i, strict=True)],
    )


@bug(
    "generalized_poisson_dispersion_power",
    "statsmodels/statsmodels#3727",
    "generalised Poisson log-likelihood",
    "a power of the mean forgotten",
    "the score of the dispersion is right for GP-1 and used for GP-2",
    fidelity="modelled",
)
def generalized_poisson_dispersion_power(rng):
    y = rng.poisson(3.0, 8).astype(float)
    mu = rng.uniform(1, 4, 8)

    def vjp(power):
        def go(i, ct):
            a, m = i[0], mu**power
            one, rest = 1 + a * m, mu + a * m * y
            return (ct * np.sum((y - 1) * m * y / rest - y * m / one - (m * y * one - m * rest) / one**2),)

        return go

    def f(i):
        one, rest = 1 + i[0] * mu, mu + i[0] * mu * y
        return np.asarray(np.sum(np.log(mu) + (y - 1) * np.log(rest) - y * np.log(one) - rest / one))

    return Problem(f=f, vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(np.array(0.3),))


@bug(
    "log_determinant_times_the_dimension",
    "pymc-devs/pymc-extras#744",
    "Gaussian log-likelihood by its Cholesky factor",
    "log-determinant counted k times",
    "one series hides it; with three the diagonal of the factor gets three times its share",
    says=("entries", "extra-term", "missing-term"),
)
def log_determinant_times_the_dimension(rng):
    r = rng.standard_normal(3)
    low = np.tril(rng.standard_normal((3, 3)), -1) + np.diag(rng.uniform(1, 2, 3))

    def vjp(k):
        def go(i, ct):
            factor = np.tril(i[0])
            u = np.linalg.solve(factor, r)
            return (
                ct * (np.tril(np.outer(np.linalg.solve(factor.T, u), u)) - k * np.diag(1 / np.diag(factor))),
            )

        return go

    def f(i):
        factor = np.tril(i[0])
        return np.asarray(-0.5 * (np.linalg.solve(factor, r) ** 2).sum() - np.log(np.diag(factor)).sum())

    return Problem(f=f, vjp_good=vjp(1), vjp_bad=vjp(3), inputs=(low,))


@bug(
    "von_mises_bessel_not_divided",
    "class of mistake (derivative of log I0)",
    "von Mises log density",
    "logarithm not differentiated",
    "I1 instead of I1 / I0 as the derivative of log I0",
    fidelity="synthetic",
)
def von_mises_bessel_not_divided(rng):
    x = rng.uniform(-2, 2, 5)

    def vjp(scale):
        return lambda i, ct: (ct * (np.cos(x) - special.i1e(i[0]) / scale(i[0])),)

    return Problem(
        f=lambda i: i[0] * np.cos(x) - np.log(2 * np.pi * special.i0(i[0])),
        vjp_good=vjp(special.i0e),
        vjp_bad=vjp(lambda k: np.exp(-k)),
        inputs=(rng.uniform(0.5, 3, 5),),
        mp=lambda mp, i: [
            k * mp.cos(v) - mp.log(2 * mp.pi * mp.besseli(0, k)) for k, v in zip(i[0], x, strict=True)
        ],
    )


@bug(
    "student_t_degrees_of_freedom",
    "class of mistake (a term of the normaliser)",
    "Student t log density",
    "missing term",
    "-1 / (2 nu) of the normalising constant is forgotten",
    fidelity="synthetic",
)
def student_t_degrees_of_freedom(rng):
    x = rng.standard_normal(6)

    def vjp(keep):
        def go(i, ct):
            n = i[0]
            psi = special.digamma
            slope = (
                psi((n + 1) / 2)
                - psi(n / 2)
                - keep / n
                - np.log1p(x * x / n)
                + (n + 1) * x * x / (n * (n + x * x))
            )
            return (ct * slope / 2,)

        return go

    return Problem(
        f=lambda i: stats.t.logpdf(x, i[0]),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.uniform(2, 9, 6),),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
