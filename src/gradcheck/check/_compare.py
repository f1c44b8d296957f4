"""The one place that decides claimed against measured.

Everything is elementwise over rows (directions) and cotangents. A row of measured output derivatives D_j, each with its
error E_j, is contracted with a cotangent w into

    measured = sum_j w_j D_j,    error = sum_j |w_j| E_j

and at a kink into the interval that the outputs' own one-sided slopes allow,

    low = sum_j min(w_j L_j, w_j R_j),    high = sum_j max(w_j L_j, w_j R_j),

so that every output chooses its own subgradient. No tolerance enters, and none grows with the size of anything: the
bound is the error of the measurement and the rounding of the claim."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._point import Floats
from gradcheck.differentiate._estimate import Estimate, Status

__all__ = ["Comparison", "Measured", "Outcome", "compare", "contract"]


class Outcome(IntEnum):
    """What one number says about the claim."""

    RIGHT = 0
    SUBGRADIENT = 1
    UNDECIDED = 2
    WRONG = 3


LOST = (Status.JUMP.value, Status.SINGULAR.value, Status.NONFINITE.value)  # no slope at all
# a number may be right by such a measurement, but not wrong: what hides the slope may be more than noise ...
UNDECIDABLE = (*LOST, Status.UNRESOLVED.value)
DOUBT = 2.0**10  # ... but no slope that is so many times as large, as where one of many outputs is saturated
# Which of its outputs' statuses describes a contraction: the last of these that occurs.
GRAVITY = ("flat", "smooth", "noisy", "edge", "kink", "unresolved", "singular", "jump", "nonfinite")
STEEP = 0.1  # of a one-sided slope: with a larger error it may as well be growing without bound
ENDS = 1e-6  # of a kink's interval: the slopes at its ends are one-sided differences, of lower order


@dataclass(frozen=True)
class Measured:
    """Directional derivatives of <w, f>; arrays of shape (rows, cotangents).

    `low` and `high` enclose the admissible values at a kink and equal `value` elsewhere. `tainted` (rows,) says that
    some output has no derivative along the row, whatever its cotangent: 0 * inf is then NaN in an honest gradient.
    `doubt` is how far a claim must be outside the error where some outputs' slopes are unresolved."""

    value: Floats
    error: Floats
    low: Floats
    high: Floats
    status: NDArray[np.str_]
    tainted: NDArray[np.bool_]
    doubt: Floats


@dataclass(frozen=True)
class Comparison:
    """Arrays of shape (rows, cotangents).

    Attributes
    ----------
    outcome : array of Outcome
    claimed : array
    measured : Measured
    bound : array
        Error of the measurement and rounding of the claim.
    distance : array
        From the claim to the measured value, or to the interval at a kink.
    """

    outcome: NDArray[np.intp]
    claimed: Floats
    measured: Measured
    bound: Floats
    distance: Floats

    @property
    def margin(self) -> Floats:
        """distance / bound: at most 1 for a pass."""
        with np.errstate(all="ignore"):
            return np.where(self.distance == 0, 0.0, self.distance / self.bound)


def contract(estimate: Estimate, weights: Floats) -> Measured:
    """Contract measured output derivatives (rows, p) with cotangents (K, p)."""
    value = np.asarray(estimate.value, dtype=float)
    kinked = (estimate.status == Status.KINK.value) & np.isfinite(estimate.interval).all(axis=-1)
    left = np.where(kinked, estimate.interval[..., 0], value)
    right = np.where(kinked, estimate.interval[..., 1], value)
    lost = (~np.isfinite(value) & ~kinked) | np.isin(estimate.status, LOST)
    lost |= (estimate.status == Status.EDGE.value) & (estimate.error > STEEP * np.abs(value))
    # the error of a kink's slope covers the whole interval: what is left of it is that of its ends
    ends = np.maximum(estimate.error - 0.5 * (right - left), ENDS * (right - left))
    error = np.where(lost, np.inf, np.where(kinked, ends, estimate.error))
    up, down = np.maximum(weights, 0.0).T, np.maximum(-weights, 0.0).T
    clean = [np.where(np.isfinite(a), a, 0.0) for a in (left, right, error)]
    low, high = clean[0] @ up - clean[1] @ down, clean[1] @ up - clean[0] @ down
    used = (weights != 0).T.astype(float)
    unknown = (~np.isfinite(error)).astype(float) @ used > 0
    bound = np.where(unknown, np.inf, clean[2] @ (up + down))
    middle = np.where(
        unknown, np.nan, np.where(kinked.any(axis=1)[:, None], 0.5 * (low + high), clean[0] @ weights.T)
    )
    tainted = np.asarray(~np.isfinite(error).all(axis=1))
    hidden = estimate.status == Status.UNRESOLVED.value
    doubt = np.where(hidden, np.abs(clean[0]) + clean[2], 0.0) @ (DOUBT * (up + down))
    return Measured(middle, bound, low, high, _gravest(estimate.status, used), tainted, doubt)


def _gravest(status: NDArray[np.str_], used: Floats) -> NDArray[np.str_]:
    result = np.full((len(status), used.shape[1]), GRAVITY[0], dtype="<U10")
    for name in GRAVITY[1:]:
        here = status == name
        if here.any():
            result[here.astype(float) @ used > 0] = name
    return result


def compare(
    claimed: Floats, rounding: Floats, measured: Measured, *, strict: bool = False, tolerance: Any = None
) -> Comparison:
    """Decide every element.

    Parameters
    ----------
    claimed, rounding : (rows, K)
        The claim along each direction, and how much of it is its own rounding.
    measured : Measured
    strict : bool
        A claim between two one-sided slopes is undecided rather than accepted.
    tolerance : array, optional
        Replaces the measured bound where it is larger (the caller's rtol and atol).
    """
    with np.errstate(all="ignore"):
        bound = measured.error + rounding
        if tolerance is not None:  # no tolerance makes a measurement better than it is
            bound = np.fmax(bound, tolerance)
        distance = np.maximum(np.maximum(measured.low - claimed, claimed - measured.high), 0.0)
        distance = np.where(np.isfinite(claimed), distance, np.inf)
        unsure = np.isin(measured.status, UNDECIDABLE) & np.isfinite(claimed)
        excused = measured.tainted[:, None] & ~np.isfinite(claimed)
        undecided = (
            excused
            | ~np.isfinite(bound)
            | ((distance > bound) & unsure & (distance <= bound + measured.doubt))
        )
        wrong = distance > bound
    kink = measured.high > measured.low
    outcome = np.select(
        [undecided, wrong, kink & strict, kink],
        [Outcome.UNDECIDED, Outcome.WRONG, Outcome.UNDECIDED, Outcome.SUBGRADIENT],
        Outcome.RIGHT,
    )
    return Comparison(outcome.astype(np.intp), claimed, measured, bound, distance)
