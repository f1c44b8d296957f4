"""How much of a function's value is noise: ECNoise (see `_ecnoise`), with a bracketed search of its step.

The search starts with a step so small that a double computation shows its rounding and hardly anything else. Half of
the neighbours being equal, the step was too small for the precision in which f computes, and float32's is next; no
agreement between the orders, it was too large.

Beyond the paper:
- the probe is one-sided, so that a kink exactly at x, where people put them, is not inside it;
- the step is 5/7 of a power of two: with others, float32 values can form a perfect arithmetic progression, and a
  function that computes in float32 would look noiseless; and of two such probes a perfect progression counts less;
- a function whose values are a staircase at this step shows its quantum, half of which bounds its rounding.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate._view import (
    EPS_SINGLE,
    SHORT,
    SIMPLE,
    STAIRS,
    View,
    are_float32,
    has_few_digits,
    is_left_over,
    is_short,
)
from gradcheck.differentiate._window import UNBOUNDED, Floats

__all__ = ["Noise", "Probe", "noise_level", "probe"]

Evaluate = Callable[[NDArray[np.intp], Floats], NDArray[Any]]

Which = slice | NDArray[np.intp]

POINTS = 6  # beyond f(x); seven values are the fewest that the paper recommends
# Steps are 5/7 of a power of two: seven equally spaced points then fall on all seven residues of any binary grid,
# whatever the precision in which f rounds x, or a sum with x in it.
OFF_GRID = 5.0 / 7.0
# The probe's step relative to the input's size: the same 2^16 ulp above each precision's own rounding of x, or nearly.
LEVELS = FLOAT64_LEVEL, FLOAT32_LEVEL, FLOAT16_LEVEL = 2.0**-36, 2.0**-14, 2.0**-5
FAR = (-1.5, -0.75, 0.75, 1.5)  # of the size of x, times OFF_GRID: the outer ones reach beyond 0
COARSEST = 2.0**-7  # bfloat16's stairs beside its values
LOW = 2.0**-34  # noise beside the values of most outputs: f computes in less than doubles
LEFT = 2.0**-16  # of the largest of those outputs: what may be left over in another one, 256 ulp of float32
SMALL = 0.35  # beside values a long way off, where a multiple of x is no more than 2.8 times as large
BEND = 2.0**-12  # of the same: where a straight line is told from a curve
BELOW = 2.0**-10  # a step too large is divided by 1024


@dataclass(frozen=True)
class Noise:
    """What a probe found: eta (p,), a bound on the absolute noise of each output element.

    Where f has stairs of its own there is none: eta is `UNBOUNDED`, with which nothing is resolved.
    """

    eta: Floats
    evaluations: int
    single: bool


@dataclass(frozen=True)
class Probe:
    """The same, row by row: eta (rows, p), evaluations (rows,), single (rows, p).

    `floor` (rows, p) is the part of eta that no kink or jump can feign: rounding at the size of the values that were
    seen, and stairs.
    `slope` (rows, p) and `slope_error` are what the smallest step saw of the derivative: no more than a check that
    other steps were not too long. The error is infinite where it saw nothing.
    `still` (rows, p): no step of this line moved the element, which says nothing of its noise along others.
    """

    eta: Floats
    evaluations: NDArray[np.intp]
    single: NDArray[np.bool_]
    slope: Floats
    slope_error: Floats
    floor: Floats
    still: NDArray[np.bool_]


def noise_level(
    evaluate: Evaluate,
    base: NDArray[Any],
    scale: Floats,
    *,
    dtype: Any,
    rows: Sequence[int] | NDArray[np.intp] | None = None,
) -> Noise:
    """Bound on the noise of each output element, from probes along the lines `rows` (all of them by default).

    Along two random directions twelve evaluations are usual. A line that runs into something that is not noise (a
    kink, a jump) is kept from spoiling the others: the largest estimate counts up to eight times the smallest of the
    lines that move the element. What is no estimate, the rounding of values that were seen, counts whichever line saw
    them.

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
    voices = np.where(found.still & ~found.still.all(axis=0), np.inf, found.eta)
    estimate = np.minimum(found.eta.max(axis=0), 8.0 * voices.min(axis=0))
    eta = np.minimum(np.maximum(estimate, found.floor.max(axis=0)), UNBOUNDED)
    return Noise(eta, int(found.evaluations.sum()), bool(found.single.any()))


def probe(evaluate: Evaluate, rows: NDArray[np.intp], base: NDArray[Any], scale: Floats, dtype: Any) -> Probe:
    """The noise of f along each row's own line; `scale` (k,) belongs to `rows` (k,), `base` is (p,) or (k, p)."""
    eps = float(np.finfo(np.dtype(dtype)).eps)
    start = np.broadcast_to(np.asarray(base, dtype=float), (len(rows), np.shape(base)[-1]))
    levels = [x for x in LEVELS if x >= 2.0**5 * eps]
    state = _State(evaluate, rows, start, eps, levels[0])
    with np.errstate(all="ignore"):
        _search(state, scale, levels)
        error = 2.0 * state.eta / state.length
    return Probe(state.eta, state.evaluations, state.single, state.slope, error, state.floor, state.flat)


def _search(state: "_State", scale: Floats, levels: Sequence[float]) -> None:
    """Try the smallest step first; one that shows nothing gives way to a larger one, and once to a smaller."""
    low, high = state.look(slice(None), scale, levels[0], sides=(1,))
    everyone = np.arange(len(scale))
    state.look(everyone[high], scale[high], BELOW * levels[0], sides=(1,))
    for level in levels[1:]:
        everyone = everyone[low]
        low, _ = state.look(everyone, scale[everyone], level, sides=(1, -1))
    tiny = np.abs(state.base) <= 4.0 * state.eps * scale[:, None]
    hidden = np.flatnonzero((state.flat | tiny).any(axis=1))
    state.look_far(hidden, scale[hidden])


def _in_low_precision(view: View, own: NDArray[np.bool_]) -> Floats:
    """Up to which height stairs are rounding for the other outputs of a row say so, (rows, 1): 0 where they do not."""
    others = view.varies & ~own
    noisy = others & (view.noise > LOW * view.size)
    low = 2 * noisy.sum(axis=1, keepdims=True) > others.sum(axis=1, keepdims=True)
    return LEFT * np.where(low, np.where(others, view.size, 0.0).max(axis=1, keepdims=True), 0.0)


class _State:
    """The estimates so far, row by row; `look` improves them with a probe at another step."""

    def __init__(
        self, evaluate: Evaluate, rows: NDArray[np.intp], base: Floats, eps: float, first_level: float
    ) -> None:
        self.evaluate, self.rows, self.base, self.eps = evaluate, rows, base, eps
        self.first_level = first_level
        self.floor = eps * np.abs(np.where(np.isfinite(base), base, 0.0))
        self.settled = np.zeros(base.shape)
        self.unsettled = np.full(base.shape, np.inf)
        self.evaluations = np.zeros(len(rows), dtype=np.intp)
        self.single = np.zeros(base.shape, dtype=bool)
        self.flat = np.isfinite(base)
        self.moved = np.zeros(base.shape, dtype=bool)  # enough to be told, at a step that was long enough
        self.unmoved = self.flat.copy()  # by the smallest step
        self.slope, self.length = np.zeros(base.shape), np.zeros(base.shape)

    @property
    def eta(self) -> Floats:
        """The largest of what settled; the smallest of what did not, where nothing did."""
        doubtful = np.where(np.isfinite(self.unsettled), self.unsettled, 0.0)
        return np.maximum(self.floor, np.where(self.settled > 0, self.settled, doubtful))

    def look(
        self, which: Which, scale: Floats, level: float, sides: Sequence[int]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Probe the rows `which`; says of each whether its step was too small, and whether too large.

        Of two sides the louder one counts: quantised values form a smooth curve by chance now and then.
        """
        if not scale.size:
            return np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)
        h = level * OFF_GRID * scale
        views = [View.of(self._values(which, side * h)) for side in sides]
        view = views[0] if len(views) == 1 else views[0].louder(views[1])
        told, noise = view.told, view.noise
        doubtful = view.finite & ~told
        told, doubtful = told & ~self.moved[which], doubtful & ~self.moved[which]
        if level > self.first_level:  # nothing has moved so far: a kink that comes into sight is no noise
            bend = view.is_bend(level) & self.flat[which]
            told, doubtful = told & ~bend, doubtful & ~bend
        if (
            level == FLOAT16_LEVEL > self.first_level
        ):  # so long a step meets structure, not noise, except for stairs
            told, doubtful = told & view.is_float32, doubtful & view.is_float32
        self.settled[which] = np.maximum(self.settled[which], np.where(told, noise, 0.0))
        self.unsettled[which] = np.minimum(self.unsettled[which], np.where(doubtful, noise, np.inf))
        # values of a longer step than was needed may be larger by many orders
        seen_here = view.finite & ~self.moved[which]
        self.floor[which] = np.maximum(self.floor[which], np.where(seen_here, self.eps * view.size, 0.0))
        single = np.logical_and.reduce([v.is_float32 | ~v.varies for v in views])
        single &= np.logical_or.reduce([v.varies for v in views])
        self.single[which] |= single
        if level == self.first_level:
            seen = view.varies & ~view.equal
            self.unmoved[which] &= ~view.varies
            self.length[which] = np.where(seen, POINTS * h[:, None], 0.0)
            self.slope[which] = (view.values[-1] - view.values[0]) / (POINTS * h[:, None])
        if level > self.first_level:
            self.floor[which] = np.maximum(self.floor[which], np.where(single, EPS_SINGLE * view.size, 0.0))
            stairs = (
                view.varies_beyond_x & self.flat[which] & ~bend & view.shows_slope(self.first_level / level)
            )
            self.single[which] |= stairs
            if stairs.any():
                self._judge_stairs(np.arange(len(self.rows))[which], scale, view, stairs)
        self.flat[which] &= ~view.varies
        self.moved[which] |= told & view.varies & ~view.equal
        return np.asarray((view.equal & view.finite).any(axis=1)), np.asarray(doubtful.any(axis=1))

    def _judge_stairs(
        self, which: NDArray[np.intp], scale: Floats, view: View, stairs: NDArray[np.bool_]
    ) -> None:
        """Stairs of f's own are no noise; but what is rounding beside f's values a long way off is.

        Those that are too high for any precision in use are f itself, which is flat between them: there is no noise.
        """
        noise = view.noise_of_stairs()
        own = (stairs & np.isinf(noise)).any(axis=1)
        if own.any():
            t = np.concatenate([factor * OFF_GRID * scale[own] for factor in FAR])
            far = self._at(which[own], t, len(FAR))
            size = np.where(np.isfinite(far), np.abs(far), 0.0).max(axis=0)
            size = np.maximum(size, view.size[own])
            # what is left of float32 numbers that cancel may be short, and is small beside those that did not
            single = are_float32(far) & ~is_short(far, SHORT).all(axis=0) & (view.size[own] < SMALL * size)
            rounding = is_left_over(view.noise[own], size) | (single & (view.noise[own] <= STAIRS * size))
            low = _in_low_precision(view, stairs & np.isinf(noise))
            rounding |= (view.noise <= low)[own] & ~view.is_decimal[own]
            noise[own] = np.where(rounding, view.noise[own], noise[own])
            tall = ~rounding & (view.lowest[own] > COARSEST * size) & view.still[:, own].any(axis=0)
            noise[own] = np.where(tall, 0.0, noise[own])
        self.settled[which] = np.where(stairs, noise, self.settled[which])
        certain = (
            stairs & view.has_many_stairs & (np.isinf(noise) & view.is_round | is_left_over(noise, view.size))
        )
        self.floor[which] = np.where(certain, np.maximum(self.floor[which], noise), self.floor[which])

    def look_far(self, which: NDArray[np.intp], scale: Floats) -> None:
        """How large f is a long way off, for elements that nothing moved so far, and tiny ones that are straight lines.

        A value that never changes shows no noise: sigmoid(40) is 1, and gelu(-20) is 0 because numbers of the size of
        its values at other points cancel in it; gelu(-8.37) is x times what rounding left of them. Their noise is
        rounding at that size, or at the size of x where that is less; and where those values are float32 numbers, the
        rounding of float32.
        """
        if not which.size:
            return
        t = np.concatenate([factor * OFF_GRID * scale for factor in (*FAR, -BEND, BEND)])
        values = self._at(which, t, len(FAR) + 2)
        base = self.base[which]
        here = np.abs(base)
        size = np.where(np.isfinite(values), np.abs(values), 0.0).max(axis=0)
        # of doubles one in 2^29 is a float32 number, but the bounds of a clip are, too
        single = are_float32(values) & ~is_short(values, SIMPLE).all(axis=0)
        single |= are_float32(base[None]) & ~is_short(base, SIMPLE)
        far = np.maximum(here, np.minimum(size, scale[:, None]))
        rounding = np.where(single, EPS_SINGLE, self.eps) * far
        bend = np.abs((values[-1] - base) + (values[-2] - base))
        straight = (bend <= 8.0 * self.eps * np.abs(values[-2:]).max(axis=0)) & (here < self.eps * size)
        hidden = self.unmoved[which] | straight
        moved = np.abs(values - base)
        quantum = np.where(moved > 0, moved, np.inf).min(axis=0)
        quanta = self.flat[which] & is_left_over(quantum, np.zeros_like(size)) & has_few_digits(quantum)
        rounding = np.where(quanta, np.maximum(rounding, quantum), rounding)
        self.floor[which] = np.where(hidden, np.maximum(self.floor[which], rounding), self.floor[which])
        self.single[which] |= self.flat[which] & single

    def _values(self, which: Which, h: Floats) -> Floats:
        """f at t = 0, h, ..., 6h; at the other side of x where this one is not finite."""
        values = np.empty((POINTS + 1, *self.base[which].shape))
        values[0] = self.base[which]
        t = np.arange(1.0, POINTS + 1.0)[:, None] * h
        values[1:] = self._at(which, t.ravel(), POINTS)
        lost = ~np.isfinite(values).all(axis=(0, 2))
        if lost.any():
            values[1:, lost] = self._at(np.arange(len(self.rows))[which][lost], -t[:, lost].ravel(), POINTS)
        return values

    def _at(self, which: Which, t: Floats, count: int) -> Floats:
        self.evaluations[which] += count
        found = self.evaluate(np.tile(self.rows[which], count), t)
        return np.asarray(found, dtype=float).reshape(count, *self.base[which].shape)
