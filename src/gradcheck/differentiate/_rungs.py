"""All rungs of the rows that block 0 could not settle, and which of their windows can be believed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate._lines import Lines, misses_near
from gradcheck.differentiate._view import STAIRS, has_few_digits, is_left_over
from gradcheck.differentiate._window import EPS, NOISE_WEIGHT, SAFETY, Floats, even_part, odd_part, windows

__all__ = ["ABOVE", "RUNGS", "Bools", "Choice", "Rungs", "choose", "contradicted"]

Bools = NDArray[np.bool_]

ABOVE = 3  # rungs above block 0: up to half of the input's size
EXCELLENT = 1e-4  # a window so good cannot be an accident: what contradicts it must cover it
UNEXPLAINED = 8.0  # times eta, half a quantum: what moves less is a few quanta that the noise probe knew of
RUNGS = ABOVE + 3 + 21  # down to 2^-53 of the input's size


@dataclass(frozen=True)
class Rungs:
    """Values at x ± h for RUNGS steps h, the largest first; NaN where nothing was evaluated or f was not finite.

    Attributes
    ----------
    lines : Lines
    h : (RUNGS, n)
    plus, minus : (RUNGS, n, p)
    near : (n, p)
        The value at ``lines.near``.
    seen : (RUNGS, n)
        Where f was evaluated.
    """

    lines: Lines
    h: Floats
    plus: Floats
    minus: Floats
    near: Floats
    seen: Bools

    @classmethod
    def start(cls, lines: Lines, plus: Floats, minus: Floats, near: Floats) -> "Rungs":
        """The rungs of block 0, with room above and below."""
        n, p = lines.base.shape
        h = lines.top * 4.0 ** (ABOVE - np.arange(RUNGS))[:, None]
        rungs = cls(
            lines,
            h,
            np.full((RUNGS, n, p), np.nan),
            np.full((RUNGS, n, p), np.nan),
            near,
            np.zeros((RUNGS, n), dtype=bool),
        )
        block = slice(ABOVE, ABOVE + 3)
        rungs.plus[block], rungs.minus[block], rungs.seen[block] = plus, minus, True
        return rungs

    def evaluate(self, wanted: Bools) -> None:
        """f at both sides of the rungs `wanted` (RUNGS, n) that were not seen yet, in one call."""
        k, row = np.nonzero(wanted & ~self.seen)
        if not len(k):
            return
        h = self.h[k, row]
        values = self.lines.values(np.concatenate([row, row]), np.concatenate([h, -h]))
        self.plus[k, row], self.minus[k, row] = values[: len(k)], values[len(k) :]
        self.seen[k, row] = True

    def take(self, which: NDArray[np.intp]) -> "Rungs":
        """Some of the rows."""
        return Rungs(
            self.lines.take(which),
            self.h[:, which],
            self.plus[:, which],
            self.minus[:, which],
            self.near[which],
            self.seen[:, which],
        )

    @property
    def last(self) -> NDArray[np.intp]:
        """The index of each row's smallest rung so far."""
        return np.asarray(RUNGS - 1 - self.seen[::-1].argmax(axis=0))

    @property
    def first(self) -> NDArray[np.intp]:
        """The index of each row's largest rung so far."""
        return np.asarray(self.seen.argmax(axis=0))

    @property
    def largest_step(self) -> Floats:
        """Each row's largest step so far, (n,)."""
        return np.asarray(np.take_along_axis(self.h, self.first[None], axis=0)[0])

    @property
    def contiguous_last(self) -> NDArray[np.intp]:
        """The index of the smallest rung above the first gap."""
        gap = ~self.seen & (np.arange(RUNGS)[:, None] > self.first)
        return np.asarray(np.where(gap.any(axis=0), gap.argmax(axis=0), RUNGS) - 1)

    def at_last(self) -> tuple[tuple[Floats, Floats], Floats]:
        """Values at x ± h, (n, p) each, and h (n, 1), of each row's smallest rung."""
        last = self.last
        rows = np.arange(len(last))
        return (self.plus[last, rows], self.minus[last, rows]), self.h[last, rows][:, None]

    def lowest_three(self, values: Floats) -> Floats:
        """The three smallest rungs of a contiguous block, (3, n, p)."""
        index = self.last[None, :] - np.array([2, 1, 0])[:, None]
        return np.asarray(values[index, np.arange(values.shape[1])[None, :]])


@dataclass(frozen=True)
class Choice:
    """The best window of each element, all (n, p): what it says, and the index of its coarsest rung."""

    value: Floats
    error: Floats
    slope: Floats
    step: Floats
    noisy: Bools  # the noise that was measured is most of the error
    window: NDArray[np.intp]


def choose(rungs: Rungs) -> Choice:
    """The window with the smallest error, of those that contract and agree with everything finer that does.

    A finer rung where f is not finite on both sides forbids every coarser window: what was finite there was finite
    by accident.

    Where an excellent coarse window and a good fine one contradict each other, f is one smooth function on one
    scale and another on the other: a ripple, or stairs that the noise probe took for a plain. Values alone cannot
    say which is meant; the error covers both.
    """
    h = rungs.h[..., None]
    base = rungs.lines.base
    odd, even = odd_part(h, rungs.plus, rungs.minus), even_part(h, rungs.plus, rungs.minus, base)
    eta = np.maximum(rungs.lines.eta, EPS * np.fmax(np.abs(rungs.plus), np.abs(rungs.minus)))
    eta = np.maximum(eta, noise_of_stairs(rungs))
    found = windows(h, odd, even, eta, rungs.lines.reach[:, None])
    noise = np.maximum(found.noise, NOISE_WEIGHT * _scatter(h, odd, found.value) / h[2:])
    bound = SAFETY * (found.truncation + noise)
    error = np.where(found.contracts & np.isfinite(bound), bound, np.inf)
    error = np.where(_broken_below(rungs), np.inf, error)
    coarse = np.where(error <= EXCELLENT * found.slope, error, np.inf)
    curve = 0.5 * even[2:] / h[2:]
    error = np.where(
        misses_near(rungs.lines, rungs.near, h[2:], curve, found.value, error, eta[2:]), np.inf, error
    )
    error = contradicted(found.value, error)
    best = error.argmin(axis=0)
    pick = best[None]

    def at(values: Floats) -> Floats:
        return np.asarray(np.take_along_axis(np.broadcast_to(values, error.shape), pick, axis=0)[0])

    value = at(found.value)
    gap = np.abs(found.value - value) - coarse - at(error)
    above = np.arange(len(error))[:, None, None] < best
    widened = at(error) + np.where(above & (gap > 0), np.abs(found.value - value), 0.0).max(axis=0)
    slope = np.fmax.accumulate(found.slope, axis=0)
    noisy = np.maximum(at(found.truncation), at(noise)) <= 2.0 * at(found.noise)
    return Choice(value, widened, at(slope), at(h[2:]), noisy, best)


def noise_of_stairs(rungs: Rungs) -> Floats:
    """What stairs that the noise probe did not see add to the noise, (n, p): 0 where there are none.

    One rung moves f and the next one, a quarter of it, does not: either f is flat up to a kink between the two, or its
    values move in quanta. In the latter case what the larger step moves is a few of them, and a number of few digits;
    the former makes such numbers by accident only.

    Quanta that are rounding beside numbers of the size of 1, or of f's values at other steps, are what is left over
    where these cancel: they are noise. So are low ones of any number of digits, where f moves to opposite sides of
    f(x): a kink has x on one piece, and is in sight on one side at first. What f does between other stairs is not to
    be known: their noise is infinite; unless f moves alike on both sides, which says nothing of a slope.
    """
    base = rungs.lines.base
    up, down = rungs.plus - base, rungs.minus - base
    plus, minus = np.abs(up), np.abs(down)
    moved = np.where((plus == 0) | (minus == 0), np.maximum(plus, minus), np.minimum(plus, minus))
    ends = (moved[1:] == 0) & (moved[:-1] > 0)
    if not ends.any():
        return np.zeros_like(base)
    quantum = np.where(ends, moved[:-1], 0.0).max(axis=0)
    lopsided = (ends & (rungs.plus != rungs.minus)[:-1]).any(axis=0)
    across = (ends & np.logical_or.accumulate(up * down < 0, axis=0)[:-1]).any(axis=0)
    stairs = (quantum > UNEXPLAINED * rungs.lines.eta) & (has_few_digits(quantum) | across)
    size = np.fmax.reduce(np.fmax(np.abs(rungs.plus), np.abs(rungs.minus)), axis=0)
    low = is_left_over(quantum, size) | (across & ~has_few_digits(quantum) & (quantum <= STAIRS * size))
    otherwise = np.where(lopsided, np.inf, 0.0)
    return np.where(stairs, np.where(low, quantum, otherwise), 0.0)


def _scatter(h: Floats, odd: Floats, value: Floats) -> Floats:
    """The noise that finer rungs show about each window's value, in units of f: (K - 2, n, p).

    Truncation shrinks sixteenfold from rung to rung, and is taken off twice over; what is left, times its step, is
    noise.
    """
    scatter = np.zeros_like(value)
    truncation = 2.0 * np.abs(odd[2:] - value)
    for below in range(1, len(value)):
        miss = np.abs(odd[2 + below :] - value[:-below]) - truncation[:-below] / 16.0**below
        scatter[:-below] = np.fmax(scatter[:-below], miss * h[2 + below :])
    return scatter


def _broken_below(rungs: Rungs) -> Bools:
    """Windows with a finer rung, or the near point, where f is not finite."""
    broken = rungs.seen[..., None] & ~(np.isfinite(rungs.plus) & np.isfinite(rungs.minus))
    below = np.logical_or.accumulate(broken[::-1], axis=0)[::-1]
    return np.asarray(below[2:] | ~np.isfinite(rungs.near))


def contradicted(value: Floats, error: Floats) -> Floats:
    """`error`, infinite where a window's interval misses that of any finer window that counts."""
    result = error.copy()
    low, high = np.full(value.shape[1:], -np.inf), np.full(value.shape[1:], np.inf)
    for w in range(len(value) - 1, -1, -1):
        bottom, top = value[w] - error[w], value[w] + error[w]
        agrees = (bottom <= high) & (top >= low)
        result[w] = np.where(agrees, error[w], np.inf)
        counts = np.isfinite(result[w])
        low, high = np.where(counts, np.fmax(low, bottom), low), np.where(counts, np.fmin(high, top), high)
    return result
