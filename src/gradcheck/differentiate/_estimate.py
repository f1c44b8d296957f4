"""A measured derivative: a number never travels without its error."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["Estimate", "Status"]


class Status(StrEnum):
    """What the function looked like where its derivative was measured."""

    SMOOTH = "smooth"
    """The odd differences contract as those of a smooth function do; `error` is truncation and noise."""
    NOISY = "noisy"
    """Contraction ends in the function's own noise, which is most of `error`."""
    FLAT = "flat"
    """Every difference is exactly zero: the derivative is below what the function's values can show."""
    KINK = "kink"
    """The one-sided slopes differ and both are finite: `interval` holds them."""
    EDGE = "edge"
    """One side is outside the function's domain: the estimate is one-sided."""
    JUMP = "jump"
    """The function's value itself differs from side to side: there is no derivative."""
    SINGULAR = "singular"
    """The slope grows without bound as the step shrinks: there is no finite derivative."""
    NONFINITE = "nonfinite"
    """The function's value at the point is not finite."""
    UNRESOLVED = "unresolved"
    """None of the above could be justified: `error` says how little is known, infinite if nothing is."""


@dataclass(frozen=True)
class Estimate:
    """Derivatives measured from function values alone; all fields are arrays of one shape.

    Attributes
    ----------
    value : array
        The measured derivative (NaN where there is none).
    error : array of float64, >= 0
        The half-width that is claimed to contain the truth; infinite where nothing can be justified.
    status : array of str
        One of `Status` for each element.
    interval : array of float64, shape ``value.shape + (2,)``
        The two one-sided slopes, smaller first, where they differ (`Status.KINK`); NaN elsewhere.
    step : array of float64
        The smallest step that contributed to `value`.
    evaluations : array of int
        Evaluations of f spent on each element, beyond what all elements share.
    shared_evaluations : int
        Calls of f that serve all elements together: the value at the point and the noise probe.
    notes : tuple of str
        What happened on the way that the numbers do not show: exceptions of f that were taken for the edge of
        its domain, say.
    """

    value: NDArray[np.generic]
    error: NDArray[np.float64]
    status: NDArray[np.str_]
    interval: NDArray[np.float64]
    step: NDArray[np.float64]
    evaluations: NDArray[np.intp]
    shared_evaluations: int = 0
    notes: tuple[str, ...] = ()
