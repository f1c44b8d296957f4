"""How much of a function's value is noise: ECNoise, with a bracketed search of its step.

Source: J. J. Moré and S. M. Wild, "Estimating computational noise", SIAM J. Sci. Comput. 33 (2011), 1292-1314.
Of m + 1 equally spaced values, the k-th differences of a smooth function vanish like the k-th power of the step, while those of independent
noise of variance sigma^2 have the variance (2k)! / (k!)^2 sigma^2. So

    sigma_k^2 = (k!)^2 / (2k)! * mean of (k-th differences)^2

settles at sigma once k is high enough: the first k at which three successive estimates agree within a factor 4 while the k-th
differences change sign. A step too large never gets there, a step too small sees equal values.

Beyond the paper:
- the probe is one-sided, so that a kink exactly at x, where people put them, is not inside it;
- the step is 5/7 of a power of two: with others, float32 values can form a perfect arithmetic progression, and a function that
  computes in float32 would look noiseless;
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
# Steps are 5/7 of a power of two: seven equally spaced points then fall on all seven residues of any binary grid, whatever
# the precision in which f rounds x ...
OFF_GRID = 5.0 / 7.0
GRID = 2.0**-48  # ... but on this grid of the input's size, so that x + i h is exact in float64
# The probe's step relative to the input's size: the same 2^16 ulp above each precision's own rounding of x, or nearly.
LEVELS = FLOAT64_LEVEL, FLOAT32_LEVEL, FLOAT16_LEVEL = 2.0**-36, 2.0**-14, 2.0**-5
FAR = (-1.5, -0.75, 0.75, 1.5)  # of the size of x, times OFF_GRID: the outer ones reach beyond 0
EPS_SINGLE = float(np.finfo(np.float32).eps)
STAIRS = (
    2.0**-18
)  # stairs this high beside the values are not float32's, unless f cancels: a loss of 6 of its 24 bits
KINKED = 8.0  # one estimate is so far above another only where it saw something else; ECNoise's own scatter is a factor of 4
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

    Where the estimates never settle the smallest of them that its neighbour confirms is returned: differences that
    still hold the function itself only make it larger.

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
    doubtful = np.maximum(sigma[:-1], sigma[1:]).min(axis=0)  # one estimate alone may vanish by chance
    return np.where(found, first, doubtful) * unit, found


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
    low, high = state.look(everyone, scale, levels[0], sides=(1,))
    state.look(everyone[high], scale[high], BELOW * levels[0], sides=(1,))
    for level in levels[1:]:
        everyone = everyone[low]
        low, _ = state.look(everyone, scale[everyone], level, sides=(1, -1))
    flat = np.flatnonzero(state.flat.any(axis=1))
    state.look_far(flat, scale[flat])


class _State:
    """The estimates so far, row by row; `look` improves them with a probe at another step."""

    def __init__(self, evaluate: Evaluate, rows: NDArray[np.intp], base: Floats, eps: float) -> None:
        self.evaluate, self.rows, self.base, self.eps = evaluate, rows, base, eps
        self.floor = eps * np.abs(np.where(np.isfinite(base), base, 0.0))
        self.settled = np.zeros(base.shape)
        self.unsettled = np.full(base.shape, np.inf)
        self.evaluations = np.zeros(len(rows), dtype=np.intp)
        self.single = np.zeros(base.shape, dtype=bool)
        self.flat = np.isfinite(base)

    @property
    def eta(self) -> Floats:
        """The largest of what settled; the smallest of what did not, where nothing did."""
        doubtful = np.where(np.isfinite(self.unsettled), self.unsettled, 0.0)
        return np.maximum(self.floor, np.where(self.settled > 0, self.settled, doubtful))

    def look(
        self, which: NDArray[np.intp], scale: Floats, level: float, sides: Sequence[int]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Probe the rows `which`; says of each whether its step was too small, and whether too large.

        Of two sides the quieter one counts: a kink on the other is no noise.
        """
        h = max(GRID, round(level * OFF_GRID / GRID) * GRID) * scale
        views = [_View.of(self._values(which, side * h)) for side in sides]
        view = views[0] if len(views) == 1 else views[0].quieter(views[1])
        good = view.finite & (view.settled | view.equal)
        doubtful = view.finite & ~good
        update = np.where(good, np.maximum(self.settled[which], view.found), self.settled[which])
        self.settled[which] = update
        update = np.where(doubtful, np.minimum(self.unsettled[which], view.found), self.unsettled[which])
        self.unsettled[which] = update
        self.floor[which] = np.maximum(self.floor[which], np.where(view.finite, self.eps * view.size, 0.0))
        later = (self.evaluations[which] > POINTS)[:, None]
        stairs = view.varies & later & view.visible & self.flat[which]
        self.single[which] |= view.varies & (stairs | view.is_float32)
        self.settled[which] = np.where(stairs, view.noise_of_stairs(), self.settled[which])
        self.flat[which] &= ~view.varies
        return np.any(view.equal & view.finite, axis=1), np.any(doubtful, axis=1)

    def look_far(self, which: NDArray[np.intp], scale: Floats) -> None:
        """How large f is a long way off, for elements that nothing moved so far.

        A value that never changes shows no noise: sigmoid(40) is 1, and gelu(-20) is 0 because numbers of the size of its values at other
        points cancel in it. Their noise is rounding at that size, or at the size of x where that is less; and where those values are float32
        numbers, the rounding of float32.
        """
        if not which.size:
            return
        t = np.concatenate([factor * OFF_GRID * scale for factor in FAR])
        values = self._at(which, t, len(FAR))
        known = np.where(np.isfinite(values), np.abs(values), 0.0)
        here = np.abs(self.base[which])
        single = _are_float32(values) & (known.max(axis=0) != here)
        far = np.maximum(here, np.minimum(known.max(axis=0), scale[:, None]))
        rounding = np.where(single, EPS_SINGLE, self.eps) * far
        flat = self.flat[which]
        self.floor[which] = np.where(flat, np.maximum(self.floor[which], rounding), self.floor[which])
        self.single[which] |= flat & single

    def _values(self, which: NDArray[np.intp], h: Floats) -> Floats:
        """f at t = 0, h, ..., 6h; at the other side of x where this one is not finite."""
        values = np.empty((POINTS + 1, *self.base[which].shape))
        values[0] = self.base[which]
        if not which.size:
            return values
        t = np.arange(1.0, POINTS + 1.0)[:, None] * h
        values[1:] = self._at(which, t.ravel(), POINTS)
        lost = ~np.isfinite(values).all(axis=(0, 2))
        if lost.any():
            values[1:, lost] = self._at(which[lost], -t[:, lost].ravel(), POINTS)
        return values

    def _at(self, which: NDArray[np.intp], t: Floats, count: int) -> Floats:
        self.evaluations[which] += count
        found = self.evaluate(np.tile(self.rows[which], count), t)
        return np.asarray(found, dtype=float).reshape(count, *self.base[which].shape)


@dataclass(frozen=True)
class _View:
    """Seven equally spaced values of each element, and what they show."""

    found: Floats  # the noise, as a bound
    settled: NDArray[np.bool_]
    equal: NDArray[np.bool_]  # half of the neighbours are: the step is too small
    varies: NDArray[np.bool_]
    finite: NDArray[np.bool_]
    size: Floats
    is_float32: NDArray[np.bool_]
    is_round: NDArray[np.bool_]
    straight: NDArray[np.bool_]  # a perfect arithmetic progression
    visible: NDArray[np.bool_]  # a double computation would have shown this slope at the smallest step too

    @classmethod
    def of(cls, values: Floats) -> "_View":
        sigma, settled = _without_a_jump_at_x(values)
        gaps = np.abs(np.diff(values, axis=0))
        size = np.abs(values).max(axis=0)
        change = np.abs(values[-1] - values[0]) * (FLOAT64_LEVEL / FLOAT32_LEVEL)
        finite = np.asarray(np.isfinite(values).all(axis=0))
        return cls(
            np.where(finite, np.maximum(SIGMAS * sigma, _half_quantum(gaps[1:])), 0.0),
            settled,
            np.asarray((gaps == 0).sum(axis=0) >= POINTS // 2),
            np.asarray(finite & (gaps > 0).any(axis=0)),
            finite,
            size,
            finite & _are_float32(values),
            finite & _are_round(values),
            (np.abs(np.diff(values, n=2, axis=0)) == 0).all(axis=0),
            change > 8.0 * EPS * size,
        )

    def quieter(self, other: "_View") -> "_View":
        """Element by element the one that could be told; of two the noisier, unless a kink makes it far noisier."""
        mine, theirs = (v.finite & (v.settled | v.equal) & ~v.straight for v in (self, other))
        larger = self.found >= other.found
        ratio = np.maximum(self.found, other.found) > KINKED * np.minimum(self.found, other.found)
        both = np.where(mine == theirs, larger ^ (ratio & mine), mine)
        keep = np.where(self.finite == other.finite, both, self.finite)
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return _View(*(np.where(keep, a, b) for a, b in pairs))

    def noise_of_stairs(self) -> Floats:
        """For a function with a slope that smaller steps did not show: the rounding of float32, or stairs of its own.

        floor, round and mod are on the scale of many stairs as good as straight lines with noise. They differ from a coarse precision in that
        their stairs have a round height, or are far too high for any precision that is in use. Theirs is no noise: it is infinite.
        """
        rounding = np.where(self.is_float32, EPS_SINGLE * self.size, 0.0)
        own = self.is_round | (~self.is_float32 & (self.found > STAIRS * self.size))
        return np.where(own, np.inf, np.maximum(self.found, rounding))


def _without_a_jump_at_x(values: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """ECNoise of all values; of all but f(x) where that is much less: a jump at x itself is no noise."""
    sigma, settled = ecnoise(values)
    rest, rest_settled = ecnoise(values[1:])
    still = (np.diff(values[1:], axis=0) == 0).all(axis=0)
    less = (rest < sigma / KINKED) & (rest_settled | still)
    return np.where(less, rest, sigma), np.where(less, rest_settled, settled)


def _are_float32(values: Floats) -> NDArray[np.bool_]:
    """Every value is a float32 number, as results of a double computation are not by chance, small integers apart."""
    return np.asarray((values.astype(np.float32) == values).all(axis=0))


def _are_round(values: Floats) -> NDArray[np.bool_]:
    """Every value is a multiple of 1/1000 or of 1/1024, which float32 shows below 2^13, or an integer, below 2^24."""
    limit = np.where(_are_float32(values), 2.0**13, 2.0**40)
    small = np.abs(values).max(axis=0) < limit
    multiple = (np.round(values, 3) == values).all(axis=0) | (
        np.rint(values * 1024.0) == values * 1024.0
    ).all(axis=0)
    integer = (np.rint(values) == values).all(axis=0) & (np.abs(values).max(axis=0) < 2.0**24)
    return np.asarray((small & multiple) | integer)


def _half_quantum(gaps: Floats) -> Floats:
    """Half the height of the lowest stair, where some successive values are equal and others are not."""
    lowest = np.where(gaps > 0, gaps, np.inf).min(axis=0)
    return np.where((gaps == 0).any(axis=0) & np.isfinite(lowest), lowest / 2.0, 0.0)
