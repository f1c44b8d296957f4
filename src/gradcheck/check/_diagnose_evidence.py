"""What a diagnosis may look at, and the numbers it compares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Diagnosis", "Evidence", "Indices", "Sample", "measured_at", "sample_of"]

Array = NDArray[Any]
Indices = NDArray[np.intp]

_ROUNDING = 64 * np.finfo(float).eps
"""Room for the claim's own rounding, which the measurement's error does not hold: a sum of a few terms."""
_UNINFORMATIVE = 1e-2
"""An error above this share of the gradient's size cannot tell one explanation from another."""


@dataclass(frozen=True)
class Diagnosis:
    """What kind of mistake it is.

    Attributes
    ----------
    slug : str
        ``sign``, ``factor``, ``transpose``, ``permuted``, ``shifted``, ``zero``, ``missing-sum``,
        ``ignores-cotangent``, ``wrong-input``, ``extra-term``, ``missing-term``, ``entries``, ``precision``
        or ``unknown``.
    sentence : str
        What was seen, with the numbers.
    advice : str
        Where to look in the code.
    """

    slug: str
    sentence: str
    advice: str = ""


@dataclass(frozen=True)
class Evidence:
    """One input whose claimed gradient disagrees with the measured one.

    Attributes
    ----------
    path : str
        The input's name.
    shape : tuple of int
    claimed : array of that shape
        The claim for this input, whole.
    index : array of int, shape (k,)
        Flat indices of the entries that were measured one by one ...
    measured, error : arrays, shape (k,)
        ... their derivatives, and the half-widths that contain the truth.
    inputs, claims : mapping of path to array
        All inputs and all claims.
    output_shape : tuple of int
    cotangent : array or None
        The cotangent of the claim, where there is one.
    wrong : tuple of int, or None
        The wrong flat indices, where they were localised; None where mistakes are dense.
    measure : callable or None
        Flat indices of this input -> (values, errors).
    measure_at : callable or None
        (cotangent, flat indices of this input) -> (values, errors) for another cotangent.
    measure_other : callable or None
        (path, flat indices) -> (values, errors) of another input.
    claim_at : callable or None
        Cotangent -> the claims, by path.
    claim_with : callable or None
        All inputs by path -> the claims for the same cotangent, by path.
    output : array or None
        The function's value.
    conjugated : bool
        Whether the caller chose the convention dL/dRe - i dL/dIm.
    """

    path: str
    shape: tuple[int, ...]
    claimed: Array
    index: Indices
    measured: Array
    error: Array
    inputs: Mapping[str, Array]
    claims: Mapping[str, Array]
    output_shape: tuple[int, ...] = ()
    cotangent: Array | None = None
    wrong: tuple[int, ...] | None = None
    measure: Callable[[Indices], tuple[Array, Array]] | None = None
    measure_at: Callable[[Array, Indices], tuple[Array, Array]] | None = None
    measure_other: Callable[[str, Indices], tuple[Array, Array]] | None = None
    claim_at: Callable[[Array], Mapping[str, Array]] | None = None
    claim_with: Callable[[Mapping[str, Array]], Mapping[str, Array]] | None = None
    output: Array | None = None
    conjugated: bool = False


@dataclass(frozen=True)
class Sample:
    """Claimed and measured entries side by side; all arrays of shape (k,)."""

    index: Indices
    claimed: Array
    measured: Array
    error: Array

    @cached_property
    def scale(self) -> float:
        """Root mean square of the larger of claim and measurement."""
        larger = np.maximum(np.abs(self.claimed), np.abs(self.measured))
        largest = float(np.max(larger, initial=0.0)) or 1.0  # squares must neither overflow nor vanish
        return largest * float(np.sqrt(np.mean((larger / largest) ** 2))) if larger.size else 0.0

    @cached_property
    def wrong(self) -> NDArray[np.bool_]:
        return ~self.explained(self.claimed)

    @property
    def right(self) -> NDArray[np.bool_]:
        return ~self.wrong

    @cached_property
    def tolerance(self) -> Array:
        """How far an explanation may lie from the measurement."""
        return self.error + _ROUNDING * np.maximum(np.abs(self.claimed), np.abs(self.measured))

    def explained(self, prediction: Array) -> NDArray[np.bool_]:
        """Where the prediction of the true gradient lies within the measurement's error."""
        with np.errstate(invalid="ignore"):
            room = self.tolerance + _ROUNDING * np.abs(prediction)
            return np.asarray(np.abs(prediction - self.measured) <= room)

    def explains(self, prediction: Array) -> bool:
        return bool(np.all(self.explained(prediction)))

    @property
    def nonzero(self) -> NDArray[np.bool_]:
        return np.asarray(np.abs(self.measured) > 4 * self.tolerance)


def measured_at(evidence: Evidence, sample: Sample, index: Indices) -> tuple[Array, Array] | None:
    """Measurements and tolerances at these flat indices: those of the sample, and the rest asked for."""
    known = {int(i): j for j, i in enumerate(sample.index)}
    missing = np.array([i for i in index.ravel() if int(i) not in known], dtype=np.intp)
    if len(missing) and evidence.measure is None:
        return None
    more, errors = evidence.measure(missing) if len(missing) and evidence.measure else (missing, missing)
    value = np.concatenate([sample.measured, more])
    error = np.concatenate([sample.tolerance, errors])
    known |= {int(i): len(sample.index) + j for j, i in enumerate(missing)}
    at = np.array([known[int(i)] for i in index.ravel()], dtype=np.intp).reshape(index.shape)
    return value[at], error[at]


def sample_of(evidence: Evidence) -> Sample:
    """The entries that were measured well enough to tell one explanation from another, each once."""
    index, first = np.unique(np.asarray(evidence.index, dtype=np.intp).ravel(), return_index=True)
    measured, error = np.asarray(evidence.measured).ravel()[first], np.asarray(evidence.error).ravel()[first]
    claimed = np.asarray(evidence.claimed).ravel()[index]
    finite = np.isfinite(claimed) & np.isfinite(measured) & np.isfinite(error)
    scale = np.max(np.abs(measured[finite]), initial=0.0) or np.max(np.abs(claimed[finite]), initial=0.0)
    sharp = finite & (error <= _UNINFORMATIVE * scale)
    keep = sharp if np.any(sharp) else finite
    return Sample(index[keep], claimed[keep], measured[keep], error[keep].astype(float))
