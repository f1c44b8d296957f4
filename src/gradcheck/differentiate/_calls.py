"""Calling the user's function: a copy goes in, what comes out is checked, exceptions are the edge of the domain."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate._errors import UsageError
from gradcheck.differentiate._window import Floats

__all__ = ["OUTSIDE", "RAISED", "Caller", "as_real", "real_result"]

# What a function raises at points where it is not defined. TypeError and the like are mistakes and pass through.
OUTSIDE = (ValueError, ArithmeticError, np.linalg.LinAlgError)
RAISED = object()  # in place of a result


@dataclass
class Caller:
    """f with its evaluations and its exceptions counted.

    Attributes
    ----------
    f : callable
    evaluations : int
        Calls so far, or elements of one call where f is elementwise.
    raised : Counter of str
        The exceptions that were taken for the edge of the domain.
    """

    f: Callable[..., Any]
    evaluations: int = 0
    raised: Counter[str] = field(default_factory=Counter)

    def __call__(self, *inputs: Any) -> Any:
        """f(*inputs), or `RAISED` where f raised one of `OUTSIDE`."""
        self.evaluations += 1
        try:
            return self.f(*inputs)
        except UsageError:
            raise
        except OUTSIDE as error:
            self.raised[f"{type(error).__name__}: {error}"] += 1
            return RAISED

    def notes(self) -> tuple[str, ...]:
        """One sentence for each exception that was counted."""
        return tuple(
            f"f raised {text!r} at {count} of the points tried, which count as outside its domain"
            for text, count in self.raised.items()
        )


def as_real(x: Any, name: str = "x") -> NDArray[Any]:
    """`x` as an array of real numbers of its own dtype, or `UsageError`."""
    try:
        array = np.asarray(x)
    except ValueError as error:  # ragged lists
        raise UsageError(
            f"{name}={x!r}", "this is no rectangular array", "pass an array of numbers"
        ) from error
    if array.dtype.kind not in "fiu":
        raise UsageError(
            f"{name} of dtype {array.dtype}",
            "derivatives are measured with respect to real numbers",
            "pass real and imaginary parts as two inputs" if array.dtype.kind == "c" else "pass floats",
        )
    return array


def real_result(result: Any, call: str) -> NDArray[Any]:
    """What f returned as a real array, or `UsageError`."""
    try:
        array = np.asarray(result)
    except ValueError as error:
        raise UsageError(
            f"{call} returned {type(result).__name__}", "its parts have different shapes", "return one array"
        ) from error
    if array.dtype.kind == "c":
        raise UsageError(
            f"{call} of dtype {array.dtype}",
            "f returned complex numbers for real input",
            "differentiate the real and the imaginary part separately",
        )
    if array.dtype.kind not in "fiub":
        raise UsageError(
            f"{call} of dtype {array.dtype} ({result!r:.60})",
            "f must return numbers",
            "return a float or an array of floats",
        )
    return array


def working_precision(array: NDArray[Any]) -> np.dtype[Any]:
    """The dtype that f answered in: integers and Booleans are exact, and count as float64."""
    return array.dtype if array.dtype.kind == "f" else np.dtype(float)


def as_floats(array: NDArray[Any]) -> Floats:
    """As float64, with infinite values as NaN: neither has a difference."""
    values = np.asarray(array, dtype=float)
    finite = np.isfinite(values)
    return values if finite.all() else np.where(finite, values, np.nan)
