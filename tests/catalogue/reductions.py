"""Reductions, scans and rearrangements of NumPy and SciPy."""

import numpy as np
import scipy.integrate
from scipy import special, stats

from tests.catalogue._entry import Entry, reducing
from tests.catalogue._points import ONE, TIED, ZERO_AND_HUGE, normal, pair, positive


def _first(x, of):
    g = np.zeros_like(x)
    g[of(x)] = 1
    return g


def _share(x, value):
    """Every element that equals the value, with equal shares."""
    return (x == value) / np.sum(x == value)


def _others(x):
    """The product of all other elements, without dividing by one that is zero."""
    return np.array([np.prod(np.delete(x, k)) for k in range(x.size)]).reshape(x.shape)


def _std_slope(x, ddof=0):
    return (x - x.mean()) / ((x.size - ddof) * x.std(ddof=ddof))


def _middle(x):
    order = np.argsort(x, kind="stable")
    g = np.zeros_like(x)
    half = x.size // 2
    g[order[[half]] if x.size % 2 else order[[half - 1, half]]] = 1 if x.size % 2 else 0.5
    return g


def _quantile_vjp(ct, x, q=0.3):
    order, at = np.argsort(x), q * (x.size - 1)
    low = int(at)
    g = np.zeros_like(x)
    g[order[low]] += 1 - (at - low)
    g[order[low + 1]] += at - low
    return ct * g


def _sort_vjp(ct, x):
    g = np.empty_like(x)
    g[np.argsort(x)] = ct
    return g


def _cumprod_vjp(ct, x):
    n = x.size
    return np.array([sum(ct[k] * np.prod(np.delete(x[: k + 1], i)) for k in range(i, n)) for i in range(n)])


def _nan_at_two(x):
    return np.where(np.arange(x.size) == 2, np.nan, x)


def _nan_mean_vjp(ct, x):
    return ct * (np.arange(x.size) != 2) / (x.size - 1)


def _softmax_vjp(ct, z):
    y = special.softmax(z, axis=-1)
    return y * (ct - (ct * y).sum(-1, keepdims=True))


def _skew_vjp(ct, x):
    n, d, s2 = x.size, x - x.mean(), x.var()
    skew = np.mean(d**3) / s2**1.5
    return ct * (3 / n * (d**2 - s2) / s2**1.5 - 3 / n * skew * d / s2)


def _kurtosis_vjp(ct, x):
    n, d, s2 = x.size, x - x.mean(), x.var()
    m3, m4 = np.mean(d**3), np.mean(d**4)
    return ct * 4 / n * ((d**3 - m3) / s2**2 - m4 * d / s2**3)


def _tile_vjp(ct, x):
    return ct.reshape(3, -1).sum(0)


def _gradient_vjp(ct, x):
    g = np.zeros_like(x)
    g[2:] += ct[1:-1] / 2
    g[:-2] -= ct[1:-1] / 2
    g[:2] += np.array([-1, 1]) * ct[0]
    g[-2:] += np.array([-1, 1]) * ct[-1]
    return g


def _diff_vjp(ct, x):
    return np.concatenate([[0.0], ct]) - np.concatenate([ct, [0.0]])


def _trapezoid_vjp(ct, x):
    return ct * np.where((np.arange(x.size) % (x.size - 1)) == 0, 0.5, 1.0)


def _convolve_vjp(ct, x, w):
    return np.correlate(ct, w, "valid"), np.correlate(ct, x, "valid")


ENTRIES: tuple[Entry, ...] = (
    reducing("sum", np.sum, lambda ct, x: ct * np.ones_like(x), normal(6), ZERO_AND_HUGE, ONE),
    reducing(
        "sum-axis", lambda x: x.sum(0), lambda ct, x: ct * np.ones_like(x), normal(3, 4), np.zeros((1, 2))
    ),
    reducing("mean", np.mean, lambda ct, x: ct * np.ones_like(x) / x.size, normal(2, 3), ZERO_AND_HUGE, ONE),
    reducing(
        "average",
        lambda x: np.average(x, weights=[1, 2, 3, 0]),
        lambda ct, x: ct * np.array([1, 2, 3, 0]) / 6,
        normal(4),
        TIED,
    ),
    reducing(
        "prod",
        np.prod,
        lambda ct, x: ct * _others(x),
        normal(4),
        [2.0, 0.0, 3.0],
        [0.0, 0.0, 3.0],
        ONE,
        ZERO_AND_HUGE,
    ),
    reducing(
        "var",
        np.var,
        lambda ct, x: ct * 2 * (x - x.mean()) / x.size,
        normal(5),
        TIED,
        [2.0, 2.0, 2.0],
        ONE,
        ZERO_AND_HUGE,
    ),
    reducing(
        "var-unbiased",
        lambda x: np.var(x, ddof=1),
        lambda ct, x: ct * 2 * (x - x.mean()) / (x.size - 1),
        normal(5),
        TIED,
    ),
    reducing("std", np.std, lambda ct, x: ct * _std_slope(x), normal(5), TIED, ZERO_AND_HUGE),
    reducing(
        "std-unbiased", lambda x: np.std(x, ddof=1), lambda ct, x: ct * _std_slope(x, 1), normal(5), TIED
    ),
    reducing(
        "max", np.max, lambda ct, x: ct * _share(x, x.max()), normal(5), TIED, ONE, ZERO_AND_HUGE, [0.0, 0.0]
    ),
    reducing("max-first", np.max, lambda ct, x: ct * _first(x, np.argmax), normal(5), TIED, [0.0, 0.0, 0.0]),
    reducing(
        "max-axis",
        lambda x: x.max(1),
        lambda ct, x: ct[:, None] * (x == x.max(1, keepdims=True)),
        normal(3, 4),
    ),
    reducing(
        "min", np.min, lambda ct, x: ct * _share(x, x.min()), normal(5), [-2.0, 1.0, -2.0], ZERO_AND_HUGE
    ),
    reducing("min-first", np.min, lambda ct, x: ct * _first(x, np.argmin), normal(5), [-2.0, 1.0, -2.0]),
    reducing(
        "ptp",
        np.ptp,
        lambda ct, x: ct * (_first(x, np.argmax) - _first(x, np.argmin)),
        normal(5),
        ZERO_AND_HUGE,
    ),
    reducing("median-odd", np.median, lambda ct, x: ct * _middle(x), normal(5), ZERO_AND_HUGE),
    reducing("median-even", np.median, lambda ct, x: ct * _middle(x), normal(6)),
    reducing("quantile", lambda x: np.quantile(x, 0.3), _quantile_vjp, normal(6), ZERO_AND_HUGE),
    reducing("percentile", lambda x: np.percentile(x, 30), _quantile_vjp, normal(6)),
    reducing(
        "nansum", lambda x: np.nansum(_nan_at_two(x)), lambda ct, x: ct * (np.arange(x.size) != 2), normal(5)
    ),
    reducing("nanmean", lambda x: np.nanmean(_nan_at_two(x)), _nan_mean_vjp, normal(5), ZERO_AND_HUGE),
    reducing(
        "nanmax",
        lambda x: np.nanmax(_nan_at_two(x)),
        lambda ct, x: ct * (np.nan_to_num(_nan_at_two(x), nan=-9e99) == np.nanmax(_nan_at_two(x))),
        normal(5),
    ),
    reducing("cumsum", np.cumsum, lambda ct, x: np.cumsum(ct[::-1])[::-1], normal(5), ZERO_AND_HUGE, ONE),
    reducing("cumprod", np.cumprod, _cumprod_vjp, normal(4), [2.0, 0.0, 3.0], ONE),
    reducing("diff", np.diff, _diff_vjp, normal(5), TIED, ZERO_AND_HUGE),
    reducing("ediff1d", np.ediff1d, _diff_vjp, normal(5)),
    reducing("gradient", np.gradient, _gradient_vjp, normal(6), TIED),
    reducing("trapezoid", lambda x: scipy.integrate.trapezoid(x), _trapezoid_vjp, normal(6), ZERO_AND_HUGE),
    reducing("convolve", np.convolve, _convolve_vjp, pair(6, 3), (ZERO_AND_HUGE, TIED)),
    reducing("sort", np.sort, _sort_vjp, normal(6), ZERO_AND_HUGE),
    reducing(
        "take",
        lambda x: np.take(x, [0, 2, 2]),
        lambda ct, x: np.bincount([0, 2, 2], ct, x.size),
        normal(4),
        TIED,
    ),
    reducing("roll", lambda x: np.roll(x, 2), lambda ct, x: np.roll(ct, -2), normal(5), ONE),
    reducing("flip", np.flip, lambda ct, x: np.flip(ct), normal(2, 3)),
    reducing("tile", lambda x: np.tile(x, 3), _tile_vjp, normal(4), ONE),
    reducing("repeat", lambda x: np.repeat(x, 2), lambda ct, x: ct.reshape(-1, 2).sum(1), normal(4), TIED),
    reducing(
        "pad-reflect",
        lambda x: np.pad(x, 1, "edge"),
        lambda ct, x: np.concatenate([[ct[0] + ct[1]], ct[2:-2], [ct[-2] + ct[-1]]]),
        normal(4),
        TIED,
    ),
    reducing(
        "concatenate",
        lambda a, b: np.concatenate([a, b]),
        lambda ct, a, b: (ct[: a.size], ct[a.size :]),
        pair(2, 3),
        (ONE, TIED),
    ),
    reducing("stack", lambda a, b: np.stack([a, b]), lambda ct, a, b: (ct[0], ct[1]), pair(3, 3)),
    reducing(
        "fft-power",
        lambda x: np.abs(np.fft.rfft(x)) ** 2,
        lambda ct, x: 2 * np.fft.irfft(ct * np.fft.rfft(x) * np.where(np.arange(4) % 3, 0.5, 1) * 6, 6),
        normal(6),
    ),
    reducing(
        "logsumexp",
        special.logsumexp,
        lambda ct, x: ct * special.softmax(x),
        normal(5),
        TIED,
        [700.0, -700.0, 1e6],
        ONE,
        [1e8, 1e8],
    ),
    reducing(
        "softmax",
        lambda z: special.softmax(z, axis=-1),
        _softmax_vjp,
        normal(2, 4),
        [TIED],
        [ONE],
        [[50.0, -50.0, 0.0]],
    ),
    reducing(
        "log_softmax",
        lambda z: special.log_softmax(z, axis=-1),
        lambda ct, z: ct - special.softmax(z, axis=-1) * ct.sum(-1, keepdims=True),
        normal(2, 4),
        [TIED],
        [[50.0, -50.0, 0.0]],
    ),
    reducing(
        "gmean",
        stats.gmean,
        lambda ct, x: ct * stats.gmean(x) / (x.size * x),
        positive(5),
        [1.0, 1.0],
        [1e8, 1e-8],
    ),
    reducing(
        "hmean",
        stats.hmean,
        lambda ct, x: ct * stats.hmean(x) ** 2 / (x.size * x**2),
        positive(5),
        [1.0, 1.0],
    ),
    reducing("skew", stats.skew, _skew_vjp, normal(6), TIED),
    reducing("kurtosis", stats.kurtosis, _kurtosis_vjp, normal(6), TIED),
    reducing(
        "entropy",
        lambda p: np.sum(special.entr(p)),
        lambda ct, p: -ct * (np.log(p) + 1),
        positive(4),
        [1.0, 1e-8, 50.0],
    ),
    reducing(
        "cov",
        lambda x, y: np.cov(x, y)[0, 1],
        lambda ct, x, y: (ct * (y - y.mean()) / (x.size - 1), ct * (x - x.mean()) / (x.size - 1)),
        pair(5, 5),
        (TIED, TIED),
    ),
)
