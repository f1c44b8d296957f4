"""Bugs of log densities with normalisers, and of models of dose and dispersion."""

import numpy as np
from scipy import special

from tests.corpus._case import Case, Problem, bug


@bug(
    "truncation_normaliser_held_constant",
    "pymc-devs/pymc#4417",
    "truncated exponential log density",
    "missing term",
    "the log of the mass between the bounds is in the value and not in the gradient",
    fidelity="issue",
)
def truncation_normaliser_held_constant(rng):
    x = rng.uniform(1, 20, 12)

    def mass(m):
        return np.exp(-1 / m) - np.exp(-20 / m)

    def vjp(normaliser):
        def go(i, ct):
            m = i[0]
            slope = (np.exp(-1 / m) - 20 * np.exp(-20 / m)) / m**2 / mass(m)
            return (np.asarray(ct * ((x / m**2 - 1 / m).sum() - normaliser * 12 * slope)),)

        return go

    return Problem(
        f=lambda i: np.asarray((-x / i[0] - np.log(i[0])).sum() - 12 * np.log(mass(i[0]))),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(np.asarray(3.0),),
    )


@bug(
    "normal_density_by_its_factor",
    "pyro-ppl/pyro#685",
    "multivariate normal by its Cholesky factor",
    "missing term",
    "the gradient by the factor lacks the log determinant",
    fidelity="modelled",
)
def normal_density_by_its_factor(rng):
    x = rng.standard_normal(3)

    def vjp(log_det):
        def go(i, ct):
            z = np.linalg.solve(np.tril(i[0]), x)
            s = np.linalg.solve(np.tril(i[0]).T, z)
            return (ct * (np.tril(np.outer(s, z)) - log_det * np.diag(1 / np.diag(i[0]))),)

        return go

    def value(i):
        z = np.linalg.solve(np.tril(i[0]), x)
        return np.asarray(-0.5 * z @ z - np.log(np.diag(i[0])).sum())

    factor = np.tril(0.3 * rng.standard_normal((3, 3))) + np.diag(rng.uniform(1, 2, 3))
    return Problem(f=value, vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(factor,))


@bug(
    "dispersion_that_moves_with_the_mean",
    "statsmodels/statsmodels#4616",
    "Gamma log likelihood with the scale estimated inside",
    "missing term",
    "the score is that of a fixed scale, the value estimates it from the same means",
    fidelity="issue",
)
def dispersion_that_moves_with_the_mean(rng):
    y = rng.uniform(0.5, 4, 8)

    def scale(m):
        return np.mean(((y - m) / m) ** 2)

    def by_shape(m, k):
        return (np.log(k) + 1 - special.digamma(k) + np.log(y / m) - y / m).sum()

    def vjp(indirect):
        def go(i, ct):
            m = np.exp(i[0])
            k = 1 / scale(m)
            d_scale = -2 * y * (y - m) / m**3 / 8
            direct = k * (y / m**2 - 1 / m)
            return (ct * m * (direct - indirect * by_shape(m, k) * k * k * d_scale),)

        return go

    def value(i):
        m = np.exp(i[0])
        k = 1 / scale(m)
        return np.asarray((k * np.log(k * y / m) - k * y / m - np.log(y) - special.gammaln(k)).sum())

    return Problem(f=value, vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(0.3 * rng.standard_normal(8),))


@bug(
    "no_failures_at_certain_success",
    "JuliaStats/Distributions.jl#1582",
    "negative binomial log density at p = 1",
    "special point (border)",
    "the branch for p = 1 returns a constant, its gradient is zero instead of r",
    generic=False,
    says=("zero", "entries"),
)
def no_failures_at_certain_success(rng):
    r = np.array([2.0, 1.5, 3.0])

    def vjp(fix):
        return lambda i, ct: (ct * np.where((i[0] == 1) & (not fix), 0.0, r / i[0]),)

    p = rng.uniform(0.3, 0.9, 3)
    return Problem(
        f=lambda i: r * np.log(i[0]),
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(p,),
        special_inputs=(np.array([p[0], 1.0, p[2]]),),
    )


@bug(
    "interval_of_repeated_doses",
    "metrumresearchgroup/Torsten#15",
    "amount in steady state of repeated doses",
    "missing term",
    "the interval is differentiated in the decay and not in the accumulated sum",
    fidelity="modelled",
)
def interval_of_repeated_doses(rng):
    t = rng.uniform(0.1, 0.6, 5)

    def accumulated(k, tau):
        return -1 / np.expm1(-k * tau)

    def good(i, ct):
        k, tau = i
        base, e = np.exp(-k * t) * accumulated(k, tau), np.exp(-k * tau) * accumulated(k, tau)
        return np.asarray((ct * base * (-t - tau * e)).sum()), np.asarray((ct * base * -k * e).sum())

    def bad(i, ct):
        k, tau = i
        return good(i, ct)[0], np.asarray((ct * np.exp(-k * t) * accumulated(k, tau) * -k).sum())

    return Problem(
        f=lambda i: np.exp(-i[0] * t) * accumulated(*i),
        vjp_good=good,
        vjp_bad=bad,
        inputs=(np.asarray(0.8), np.asarray(1.4)),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
