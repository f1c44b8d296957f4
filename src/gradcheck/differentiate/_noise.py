"""How much of a function's value is noise: ECNoise, with a bracketed search of its step.

Source: J. J. Moré and S. M. Wild, "Estimating computational noise", SIAM J. Sci. Comput. 33 (2011), 1292-1314.
Of m + 1 equally spaced values, the k-th differences of a smooth function vanish like the k-th power of the step, while those of independent
noise of variance sigma^2 have the variance (2k)! / (k!)^2 sigma^2. So

    sigma_k^2 = (k!)^2 / (2k)! * mean of (k-th differences)^2

settles at sigma once k is high enough: the first k at which three successive estimates agree within a factor 4 while the k-th
differences change sign. A step too large never gets there, a step too small sees equal values.

Beyond the paper:
- the probe is one-sided, so that a kink exactly at x, where people put them, is not inside it;
- the step is no power of two: values at x that happen to be representable in float32 would form a perfect arithmetic progression, and
  a function that computes in float32 would look noiseless;
- a function whose values are a staircase at this step shows its quantum, half of which bounds its rounding.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate._window import EPS, Floats

__all__ = ["Noise", "Probe", "ecnoise", "noise_level", "probe"]

Evaluate = Callable[[NDArray[np.intp], Floats], NDArray[Any]]

POINTS = 6  # beyond f(x); seven values are the fewest that the paper recommends
SIGMAS = 4.0  # eta bounds the noise, sigma is its standard deviation: uniform noise has 1.7, Gaussian seldom above 3
AGREEMENT = 4.0  # the paper's factor within which three successive estimates must lie
OFF_GRID = 0.7390851332151607  # no power of two ...
GRID = 2.0**-48  # ... and on this grid of the input's size, so that x + i h is exact in float64
# The probe's step relative to the input's size: the same 2^16 ulp above each precision's own rounding of x, or nearly.
LEVELS = FLOAT64_LEVEL, FLOAT32_LEVEL, FLOAT16_LEVEL = 2.0**-36, 2.0**-14, 2.0**-5
BELOW = 2.0**-10  # a step too large is divided by 1024


@dataclass(frozen=True)
class Noise:
    """What a probe found: eta (p,), a bound on the absolute noise of each output element."""

    eta: Floats
    evaluations: int
    single: bool


@dataclass(frozen=True)
class Probe:
    """The same, row by row: eta (rows, p), evaluations (rows,), single (rows, p)."""

    eta: Floats
    evaluations: NDArray[np.intp]
    single: NDArray[np.bool_]


def ecnoise(values: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Standard deviation of the noise in equally spaced `values` (m + 1, ...), and whether it could be told.

    Where the estimates never settle the smallest is returned: differences that still hold the function itself
    only make it larger.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sigma, settled = ecnoise(np.linspace(0, 1e-3, 7) ** 2 + 1e-6 * rng.standard_normal(7))
    >>> bool(settled), bool(3e-7 < sigma < 3e-6)
    (True, True)
    """
    m = len(values) - 1
    sigma = np.empty((m, *values.shape[1:]))
    signs = np.empty(sigma.shape, dtype=bool)
    size = np.abs(values - values[:1]).max(axis=0)
    unit = np.where(size > 0, size, 1.0)  # squares of differences must neither overflow nor vanish
    differences = (values - values[:1]) / unit
    for k in range(1, m + 1):
        differences = np.diff(differences, axis=0)
        sigma[k - 1] = np.sqrt((differences * differences).mean(axis=0) / comb(2 * k, k))
        signs[k - 1] = (differences.min(axis=0) < 0) & (differences.max(axis=0) > 0)
    three = np.stack([sigma[:-2], sigma[1:-1], sigma[2:]])
    settled = (three.max(axis=0) <= AGREEMENT * three.min(axis=0)) & signs[:-2]
    first = np.take_along_axis(sigma, settled.argmax(axis=0)[None], axis=0)[0]
    found = settled.any(axis=0)
    return np.where(found, first, sigma.min(axis=0)) * unit, found


def noise_level(
    evaluate: Evaluate,
    base: NDArray[Any],
    scale: Floats,
    *,
    dtype: Any,
    rows: Sequence[int] | NDArray[np.intp] | None = None,
) -> Noise:
    """Bound on the noise of each output element, from probes along the lines `rows` (all of them by default).

    Along two random directions twelve evaluations are usual. A line that runs into something that is not noise (a kink, a jump)
    is kept from spoiling the others: the largest estimate counts up to eight times the smallest.

    Parameters
    ----------
    evaluate, base, scale
        As for `gradcheck.differentiate.engine.ladder`.
    dtype : dtype
        Of f's own result.
    rows : sequence of int, optional
    """
    lines = np.arange(len(scale)) if rows is None else np.asarray(rows, dtype=np.intp)
    found = probe(evaluate, lines, np.asarray(base), np.asarray(scale, dtype=float)[lines], dtype)
    eta = np.minimum(found.eta.max(axis=0), 8.0 * found.eta.min(axis=0))
    return Noise(eta, int(found.evaluations.sum()), bool(found.single.any()))


def probe(evaluate: Evaluate, rows: NDArray[np.intp], base: NDArray[Any], scale: Floats, dtype: Any) -> Probe:
    """The noise of f along each row's own line; `scale` (k,) belongs to `rows` (k,), `base` is (p,) or (k, p)."""
    eps = float(np.finfo(np.dtype(dtype)).eps)
    start = np.broadcast_to(np.asarray(base, dtype=float), (len(rows), np.shape(base)[-1]))
    state = _State(evaluate, rows, start, eps)
    with np.errstate(all="ignore"):
        _search(state, scale, [x for x in LEVELS if x >= 2.0**5 * eps])
    return Probe(state.eta, state.evaluations, state.single)


def _search(state: "_State", scale: Floats, levels: Sequence[float]) -> None:
    """Try the smallest step first; one that shows nothing gives way to a larger one, and once to a smaller."""
    everyone = np.arange(len(scale))
    low, high = state.look(everyone, levels[0], scale)
    state.look(everyone[high], BELOW * levels[0], scale[high])
    for level in levels[1:]:
        everyone = everyone[low]
        if not everyone.size:
            break
        low, _ = state.look(everyone, level, scale[everyone])


class _State:
    """The estimates so far, row by row; `look` improves them with a probe at another step."""

    def __init__(self, evaluate: Evaluate, rows: NDArray[np.intp], base: Floats, eps: float) -> None:
        self.evaluate, self.rows, self.base, self.eps = evaluate, rows, base, eps
        self.floor = eps * np.abs(np.where(np.isfinite(base), base, 0.0))
        self.settled = np.zeros(base.shape)
        self.unsettled = np.full(base.shape, np.inf)
        self.evaluations = np.zeros(len(rows), dtype=np.intp)
        self.single = np.zeros(base.shape, dtype=bool)
        self.flat = np.ones(base.shape, dtype=bool)

    @property
    def eta(self) -> Floats:
        """The largest of what settled; the smallest of what did not, where nothing did."""
        doubtful = np.where(np.isfinite(self.unsettled), self.unsettled, 0.0)
        return np.maximum(self.floor, np.where(self.settled > 0, self.settled, doubtful))

    def look(
        self, which: NDArray[np.intp], level: float, scale: Floats
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Probe the rows `which`; says of each whether its step was too small, and whether too large."""
        if not which.size:
            return np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)
        values = self._values(which, max(GRID, round(level * OFF_GRID / GRID) * GRID) * scale)
        sigma, settled = ecnoise(values)
        gaps = np.abs(np.diff(values, axis=0))
        equal = (gaps == 0).sum(axis=0) >= POINTS // 2
        finite, varies = np.isfinite(sigma), (gaps > 0).any(axis=0)
        found = np.where(finite, np.maximum(SIGMAS * sigma, _half_quantum(gaps)), 0.0)
        settled = finite & (settled | equal)
        self.settled[which] = np.where(settled, np.maximum(self.settled[which], found), self.settled[which])
        self.unsettled[which] = np.where(
            finite & ~settled, np.minimum(self.unsettled[which], found), self.unsettled[which]
        )
        spread = np.abs(values).max(axis=0)
        self.floor[which] = np.where(
            finite, np.maximum(self.floor[which], self.eps * spread), self.floor[which]
        )
        self._notice_float32(which, values, finite & varies)
        return (equal & finite).any(axis=1), (finite & ~settled).any(axis=1)

    def _notice_float32(self, which: NDArray[np.intp], values: Floats, varies: NDArray[np.bool_]) -> None:
        """Values that are float32 numbers; or an input that was rounded, so that a step far above its float64 ulp did nothing."""
        visible = np.abs(values[-1] - values[0]) * (FLOAT64_LEVEL / FLOAT32_LEVEL) > 8.0 * EPS * np.abs(
            values[0]
        )
        rounded = visible & self.flat[which] & (self.evaluations[which] > POINTS)[:, None]
        self.single[which] |= varies & (rounded | (values.astype(np.float32) == values).all(axis=0))
        self.flat[which] &= ~varies

    def _values(self, which: NDArray[np.intp], h: Floats) -> Floats:
        """f at t = 0, h, ..., 6h; at the other side of x where this one is not finite."""
        values = np.empty((POINTS + 1, *self.base[which].shape))
        values[0] = self.base[which]
        values[1:] = self._call(which, h)
        lost = ~np.isfinite(values).all(axis=(0, 2))
        if lost.any():
            values[1:, lost] = self._call(which[lost], -h[lost])
        return values

    def _call(self, which: NDArray[np.intp], h: Floats) -> Floats:
        t = np.arange(1.0, POINTS + 1.0)[:, None] * h
        self.evaluations[which] += POINTS
        found = self.evaluate(np.tile(self.rows[which], POINTS), t.ravel())
        return np.asarray(found, dtype=float).reshape(POINTS, len(which), -1)


def _half_quantum(gaps: Floats) -> Floats:
    """Half the height of the lowest stair, where some successive values are equal and others are not."""
    lowest = np.where(gaps > 0, gaps, np.inf).min(axis=0)
    return np.where((gaps == 0).any(axis=0) & np.isfinite(lowest), lowest / 2.0, 0.0)
