"""What the rungs of an element look like where no window of central differences is good: kinks, edges, jumps, poles.

All functions take `Rungs` of n rows and p outputs and return Boolean arrays (n, p).
"""

import numpy as np

from gradcheck.differentiate._rungs import Bools, Rungs
from gradcheck.differentiate._window import Floats, even_part

__all__ = ["flat", "jumps", "kinked", "missing_side", "shape_of_kink", "singular"]

CONSTANT = 0.1  # two slopes' jumps this close are one
NOISE = 6.0  # C has four values of noise; what two of them differ by stays below this many
CLEAR = 16.0  # a jump this many times its noise is there


def flat(rungs: Rungs) -> Bools:
    """Every value that was seen is exactly f(x)."""
    base = rungs.lines.base
    same = ((rungs.plus == base) & (rungs.minus == base)) | ~rungs.seen[..., None]
    return np.asarray(same.all(axis=0) & (rungs.near == base))


def shape_of_kink(rungs: Rungs) -> tuple[Floats, Bools]:
    """C at the lowest rung of the coarsest window over which it is constant; and whether there is one."""
    h = rungs.h[..., None]
    even = even_part(h, rungs.plus, rungs.minus, rungs.lines.base)
    unit = rungs.lines.eta / h[2:]
    jump = even[2:]
    allowed = CONSTANT * np.abs(jump) + NOISE * unit
    constant = (np.abs(jump - even[1:-1]) <= allowed) & (np.abs(jump - even[:-2]) <= allowed)
    constant &= np.abs(jump) > CLEAR * unit
    first = constant.argmax(axis=0)
    found = np.take_along_axis(jump, first[None], axis=0)[0]
    return found, np.asarray(constant.any(axis=0))


def kinked(rungs: Rungs) -> Bools:
    """The jump of the one-sided slopes is constant over a window, and still there at the smallest step seen."""
    jump, constant = shape_of_kink(rungs)
    deep, h = rungs.at_last()
    unit = rungs.lines.eta / h
    even = even_part(h, *deep, rungs.lines.base)
    return np.asarray(constant & (np.abs(even - jump) <= 2.0 * CONSTANT * np.abs(jump) + NOISE * unit))


def missing_side(rungs: Rungs) -> Bools:
    """-1 or 1 where f was never finite on that side and always is near x on the other; 0 elsewhere."""
    plus, minus = np.isfinite(rungs.plus), np.isfinite(rungs.minus)
    (deep_plus, deep_minus), _ = rungs.at_last()
    left_only = ~plus.any(axis=0) & np.isfinite(deep_minus)
    right_only = ~minus.any(axis=0) & np.isfinite(deep_plus)
    return np.asarray(np.where(left_only, 1, np.where(right_only, -1, 0)))


def jumps(rungs: Rungs) -> Bools:
    """f itself keeps its distance from f(x) over the last sixteenfold range of h, on one side at least."""
    plus, minus = rungs.lowest_three(rungs.plus), rungs.lowest_three(rungs.minus)
    base, eta = rungs.lines.base, rungs.lines.eta

    def constant(side: Floats) -> Bools:
        gap = np.abs(side - base)
        return np.asarray((gap.min(axis=0) > CLEAR * eta) & (gap.min(axis=0) >= 0.8 * gap.max(axis=0)))

    return np.asarray(constant(plus) | constant(minus))


def singular(rungs: Rungs) -> Bools:
    """The slope of one side grows over the last six rungs, by as much in the end as before, while f tends to f(x)."""
    count = 6
    index = np.maximum(rungs.last[None] - np.arange(count)[::-1, None], 0)
    column = np.arange(rungs.h.shape[1])[None]
    h, base = rungs.h[index, column][..., None], rungs.lines.base

    def grows(side: Floats) -> Bools:
        moved = np.abs(side[index, column] - base)
        growth = np.diff(moved / h, axis=0)
        rising = ((growth > 0) & (moved[1:] <= 0.9 * moved[:-1])).all(axis=0)
        return np.asarray(rising & (growth[-2:].sum(axis=0) >= 0.6 * growth[:2].sum(axis=0)))

    return grows(rungs.plus) | grows(rungs.minus)
