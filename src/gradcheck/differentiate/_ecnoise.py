"""ECNoise: the standard deviation of the noise in equally spaced values of a function.

Source: J. J. Moré and S. M. Wild, "Estimating computational noise", SIAM J. Sci. Comput. 33 (2011), 1292-1314.
Of m + 1 equally spaced values, the k-th differences of a smooth function vanish like the k-th power of the step,
while those of independent noise of variance sigma^2 have the variance (2k)! / (k!)^2 sigma^2. So

    sigma_k^2 = (k!)^2 / (2k)! * mean of (k-th differences)^2

settles at sigma once k is high enough: the first k at which three successive estimates agree within a factor 4 while
the k-th differences change sign. A step too large never gets there, a step too small sees equal values.
"""

from functools import cache
from math import comb

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate._window import EPS, Floats

__all__ = ["ecnoise"]

AGREEMENT = 4.0  # the paper's factor within which three successive estimates must lie


def ecnoise(values: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Standard deviation of the noise in equally spaced `values` (m + 1, ...), and whether it could be told.

    Where the estimates never settle the smallest of them that its neighbour confirms is returned: differences that
    still hold the function itself only make it larger.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sigma, settled = ecnoise(np.linspace(0, 1e-3, 7) ** 2 + 1e-6 * rng.standard_normal(7))
    >>> bool(settled), bool(3e-7 < sigma < 3e-6)
    (True, True)
    """
    table, orders = _difference_table(len(values))
    moved = values - values[:1]
    size = np.abs(moved).max(axis=0)
    unit = np.where(size > 0, size, 1.0)  # squares of differences must neither overflow nor vanish
    differences = table @ (moved / unit).reshape(len(values), -1)
    sigma = np.sqrt(orders @ (differences * differences)).reshape(-1, *size.shape)
    absolute, signed = orders @ np.abs(differences), np.abs(orders @ differences)
    changes_sign = (absolute > signed * (1.0 + 8.0 * EPS)).reshape(-1, *size.shape)
    largest = np.maximum(np.maximum(sigma[:-2], sigma[1:-1]), sigma[2:])
    smallest = np.minimum(np.minimum(sigma[:-2], sigma[1:-1]), sigma[2:])
    settled = (largest <= AGREEMENT * smallest) & changes_sign[:-2]
    estimate = np.maximum(sigma[:-1], sigma[1:]).min(axis=0)  # one of them alone may vanish by chance
    for order, at_this_order in zip(sigma[-3::-1], settled[::-1], strict=True):
        estimate = np.where(at_this_order, order, estimate)
    return estimate * unit, np.asarray(settled.any(axis=0))


@cache
def _difference_table(count: int) -> tuple[Floats, Floats]:
    """The matrix of all differences of `count` values, and the one that adds up those of each order.

    The rows of the first are scaled so that the squares of one order add up to sigma_k^2.
    """
    weights = {k: [(-1.0) ** (k - j) * comb(k, j) for j in range(k + 1)] for k in range(1, count)}
    places = [(k, i) for k in range(1, count) for i in range(count - k)]
    table, orders = np.zeros((len(places), count)), np.zeros((count - 1, len(places)))
    for row, (k, i) in enumerate(places):
        table[row, i : i + k + 1] = np.divide(weights[k], np.sqrt(comb(2 * k, k) * (count - k)))
        orders[k - 1, row] = 1.0
    return table, orders
