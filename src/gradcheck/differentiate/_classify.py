"""The last word on every element that block 0 could not settle: value, error, status, interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate._estimate import Estimate, Status
from gradcheck.differentiate._lines import Lines
from gradcheck.differentiate._rungs import Bools, Choice, Rungs
from gradcheck.differentiate._shape import flat, jumps, kinked, missing_side, shape_of_kink, singular
from gradcheck.differentiate._window import DOUBLE, EPS, GOOD, SAFETY, USEFUL, Floats, one_sided

__all__ = ["classify", "flat_error", "one_sided_slope"]


@dataclass(frozen=True)
class Slope:
    """The best one-sided slope of each element, (n, p), and the smallest step that it used."""

    value: Floats
    error: Floats
    step: Floats
    size: Floats  # the largest one-sided slope of any step


def one_sided_slope(rungs: Rungs, side: int) -> Slope:
    """The best window on the right (1) or the left (-1) that predicts the value at the smallest step."""
    values = rungs.plus if side > 0 else rungs.minus
    h = side * rungs.h[..., None]
    base, eta = rungs.lines.base, rungs.lines.eta
    slope, error = one_sided(h, values, base, eta)
    deep, smallest = rungs.at_last()
    deepest = (deep[0 if side > 0 else 1] - base) / (side * smallest)
    curve = np.abs((values[2:] - base) / h[2:] - slope)
    miss = np.abs(deepest - slope) > error + 2.5 * eta / smallest + curve
    error = np.where(miss | ~np.isfinite(deepest), np.inf, error)
    best = error.argmin(axis=0)[None]
    step = np.broadcast_to(np.abs(h[2:]), error.shape)
    size = np.fmax.reduce(np.abs((values - base) / h), axis=0)
    return Slope(_at(slope, best), _at(error, best), _at(step, best), size)


def _at(values: Floats, index: NDArray[np.intp]) -> Floats:
    return np.asarray(np.take_along_axis(values, index, axis=0)[0])


def flat_error(lines: Lines, h: Floats) -> Floats:
    """2 eta / h at the largest step h (n,): what a slope may be whose effect is lost in rounding.

    A value that is exactly 0, and of which no noise is known, may be the difference of two numbers near 1.
    """
    eta = np.where(lines.eta > 0, lines.eta, EPS)
    return np.asarray(SAFETY * eta / h[:, None])


def classify(
    rungs: Rungs, choice: Choice, estimate: Estimate, which: NDArray[np.intp], settled: Bools
) -> None:
    """Write the rows `which` of `estimate`, except the elements that are `settled`."""
    result = _Result(estimate, which, settled.copy())
    base = rungs.lines.base
    step, nothing = choice.step, np.full_like(base, np.inf)
    result.put(~np.isfinite(base), Status.NONFINITE, np.full_like(base, np.nan), nothing, step)
    result.put(
        flat(rungs) & rungs.lines.known,
        Status.FLAT,
        np.zeros_like(base),
        flat_error(rungs.lines, rungs.largest_step),
        step,
    )
    good, useful = choice.error <= GOOD * choice.slope, choice.error <= USEFUL * choice.slope
    result.put(good, Status.SMOOTH, choice.value, choice.error, step)
    result.put(useful & choice.noisy, Status.NOISY, choice.value, choice.error, step)
    _put_kinks(rungs, result, choice)
    result.put(useful, Status.SMOOTH, choice.value, choice.error, step)
    _put_edges(rungs, result)
    undefined = np.full_like(base, np.nan)
    result.put(jumps(rungs), Status.JUMP, undefined, nothing, step)
    result.put(singular(rungs), Status.SINGULAR, undefined, nothing, step)
    # noise above that of doubles may be structure instead, a ripple faster than every step, and says nothing
    rounding = rungs.lines.eta <= DOUBLE * np.abs(base)
    result.put(choice.noisy & rounding, Status.UNRESOLVED, choice.value, choice.error, step)
    result.put(np.ones_like(settled), Status.UNRESOLVED, undefined, nothing, step)
    spent = 1 + 2 * rungs.seen.sum(axis=0)
    estimate.evaluations[which] = spent[:, None]


def _put_kinks(rungs: Rungs, result: "_Result", choice: Choice) -> None:
    """Both one-sided slopes, unless one slope with less error will do.

    A kink that is not at x but at most the smallest step seen away moves them by the jump times that step over h.
    """
    right, left = one_sided_slope(rungs, 1), one_sided_slope(rungs, -1)
    jump, _ = shape_of_kink(rungs)
    _, smallest = rungs.at_last()
    step = np.minimum(right.step, left.step)
    blur = np.abs(jump) * np.minimum(1.0, smallest / step)
    low, high = np.minimum(left.value, right.value), np.maximum(left.value, right.value)
    error = (high - low) / 2.0 + np.maximum(left.error, right.error) + blur
    found = kinked(rungs) & np.isfinite(error) & (error <= choice.error)
    result.put(found, Status.KINK, (low + high) / 2.0, error, step, np.stack([low, high], axis=-1))


def _put_edges(rungs: Rungs, result: "_Result") -> None:
    missing = missing_side(rungs)
    for side in (1, -1):
        slope = one_sided_slope(rungs, side)
        result.put(
            (missing == -side) & (slope.error <= USEFUL * slope.size),
            Status.EDGE,
            slope.value,
            slope.error,
            slope.step,
        )


@dataclass
class _Result:
    """Writes each element once: the first that claims it wins."""

    estimate: Estimate
    which: NDArray[np.intp]
    taken: Bools

    def put(
        self,
        where: Bools,
        status: Status,
        value: Floats,
        error: Floats,
        step: Floats,
        interval: Floats | None = None,
    ) -> None:
        row, output = np.nonzero(where & ~self.taken)
        self.taken |= where
        place = self.which[row], output
        self.estimate.value[place] = value[row, output]
        self.estimate.error[place] = error[row, output]
        self.estimate.status[place] = status.value
        self.estimate.step[place] = step[row, output]
        self.estimate.interval[place] = np.nan if interval is None else interval[row, output]
