"""What block 0 could not settle: more rungs, for those rows only, until an error is justified or cannot be.

Where noise is most of the error the next rung is one up; otherwise the next three are down, until the noise at the
next rung would exceed the error that is there already, or the step would be under two ulp of x. Two questions are put
to a very small step at once, without climbing down to it: is a kink that looks the same over a sixteenfold range of h
still there, and is a side of x on which f was never finite still not? Where the kink is gone there, bisection of the
steps between finds the largest ones that do not reach it.
"""

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate._classify import classify, one_sided_slope
from gradcheck.differentiate._estimate import Estimate
from gradcheck.differentiate._lines import Lines
from gradcheck.differentiate._rungs import RUNGS, Bools, Choice, Rungs, choose
from gradcheck.differentiate._shape import flat, kinked, missing_side, shape_of_kink
from gradcheck.differentiate._window import GOOD, NOISE_WEIGHT, SAFETY, USEFUL, Floats

__all__ = ["descend"]

KINK_NOISE = 1e-3  # zoom to the step at which noise is this share of the slopes' jump
EDGE_ZOOM = 2.0**-40  # of the input's size: closer than this to its border x is on it


def descend(
    lines: Lines,
    block: tuple[Floats, Floats, Floats],
    estimate: Estimate,
    which: NDArray[np.intp],
    settled: Bools,
) -> None:
    """Go on from block 0 = (plus, minus, near) of `lines`, and write the rows `which` of `estimate`.

    Elements that are already `settled` (rows, p) keep what they have.
    """
    rungs = Rungs.start(lines, *block)
    zoomed = np.zeros(len(which), dtype=bool)
    active = np.arange(len(which))
    while active.size:
        some = rungs.take(active)
        wanted = _next(some, settled[active], zoomed[active])
        zoomed[active] |= (wanted.argmax(axis=0) > some.last + 3) & wanted.any(axis=0)
        moving = wanted.any(axis=0)
        active = active[moving]
        everything = np.zeros_like(rungs.seen)
        everything[:, active] = wanted[:, moving]
        rungs.evaluate(everything)
    classify(rungs, choose(rungs), estimate, which, settled)


def _next(rungs: Rungs, settled: Bools, zoomed: NDArray[np.bool_]) -> Bools:
    """The rungs (RUNGS, n) that the rows want evaluated next; none where a row is finished."""
    choice = choose(rungs)
    undecided = ~(settled | _finished(rungs, choice, zoomed))
    index = np.arange(RUNGS)[:, None]
    reachable = rungs.h >= 2.0 * rungs.lines.finest
    depth = _zoom_depth(rungs, undecided & ~zoomed[:, None], reachable)
    zoom = depth > rungs.last + 3
    wanted = zoom & (index > depth - 3) & (index <= depth)
    bottom = rungs.contiguous_last
    down = ~zoom & (undecided & _gains_below(rungs, choice, bottom)).any(axis=1)
    wanted |= down & (index > bottom) & (index <= bottom + 3)
    wanted |= ~zoom & _between(rungs, choice, undecided)
    return np.asarray(wanted & reachable & ~rungs.seen)


def _finished(rungs: Rungs, choice: Choice, zoomed: NDArray[np.bool_]) -> Bools:
    """Elements that need no further rung."""
    good = choice.error <= GOOD * choice.slope
    noisy = choice.noisy & (choice.error <= USEFUL * choice.slope) & ~_gap_above(rungs, choice)[0]
    special = zoomed[:, None] & (kinked(rungs) | _known_edge(rungs))
    return np.asarray(good | noisy | flat(rungs) | special | ~np.isfinite(rungs.lines.base))


def _known_edge(rungs: Rungs) -> Bools:
    """Elements at an edge whose one-sided slope is good already."""
    missing = missing_side(rungs)
    if not missing.any():
        return np.zeros(missing.shape, dtype=bool)
    right, left = one_sided_slope(rungs, 1), one_sided_slope(rungs, -1)
    error, value = (
        np.where(missing < 0, right.error, left.error),
        np.where(missing < 0, right.value, left.value),
    )
    return np.asarray((missing != 0) & (error <= 1e-4 * np.abs(value)))


def _zoom_depth(rungs: Rungs, undecided: Bools, reachable: Bools) -> NDArray[np.intp]:
    """The index (n,) of the small step to ask about a kink or an edge; 0 where there is no question."""
    jump, constant = shape_of_kink(rungs)
    at_kink = undecided & constant
    at_edge = undecided & (missing_side(rungs) != 0)
    kink_step = np.where(at_kink, rungs.lines.eta / (KINK_NOISE * np.abs(jump)), np.inf)
    edge_step = np.where(at_edge, EDGE_ZOOM * rungs.lines.scale[:, None], np.inf)
    step = np.minimum(kink_step, edge_step).min(axis=1)
    allowed = reachable & (rungs.h >= step)
    return np.asarray(np.where(np.isfinite(step), allowed.sum(axis=0) - 1, 0))


def _gains_below(rungs: Rungs, choice: Choice, bottom: NDArray[np.intp]) -> Bools:
    """The noise of a window one rung further down is less than the error so far."""
    h = np.take_along_axis(rungs.h, bottom[None], axis=0)[0][:, None] / 4.0
    return np.asarray(SAFETY * NOISE_WEIGHT * rungs.lines.eta / h < choice.error)


def _gap_above(rungs: Rungs, choice: Choice) -> tuple[Bools, NDArray[np.intp]]:
    """Whether steps between the best window and the next larger one seen are missing, and the latter's index, or -1."""
    index = np.arange(RUNGS)[:, None]
    largest = np.maximum.accumulate(np.where(rungs.seen, index, -1), axis=0)
    above = np.where(
        choice.window > 0, largest[np.maximum(choice.window - 1, 0), np.arange(largest.shape[1])[:, None]], -1
    )
    return np.asarray((above >= 0) & (above < choice.window - 1)), above


def _between(rungs: Rungs, choice: Choice, undecided: Bools) -> Bools:
    """Larger steps (RUNGS, n) for windows whose error is noise: the next one at the top, or the middle of a gap."""
    noisy = undecided & choice.noisy & np.isfinite(choice.error)
    gap, above = _gap_above(rungs, choice)
    middle = np.where(gap, (above + choice.window) // 2, choice.window - 1)
    half = np.where(gap, 1, 0)
    index = np.arange(RUNGS)[:, None, None]
    wanted = (np.abs(index - middle) <= half) & noisy & (gap | (above < 0))
    return np.asarray(wanted.any(axis=2))
