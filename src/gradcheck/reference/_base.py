"""What every activation offers, and the precision at which it is computed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._errors import invalid

__all__ = ["Activation", "FromOutput", "Saturation", "as_floats"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Saturation:
    """Where an activation is flat: |g'(z)| <= `bound` for every z <= `below` and every z >= `above`."""

    bound: float
    below: float
    above: float

    def share(self, z: ArrayLike) -> float:
        """Share of the elements of `z` in the flat parts, between 0 and 1."""
        z = np.asarray(z)
        return float(np.mean((z <= self.below) | (z >= self.above)))


def as_floats(z: ArrayLike) -> Array:
    """Return `z` as a real floating-point array: integers become float64, floats keep their dtype."""
    array = np.asarray(z)
    if array.dtype.kind == "f":
        return array
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    raise invalid(f"z of dtype {array.dtype}", "an activation takes real numbers", "pass an array of floats")


class Activation(ABC):
    """An elementwise function g with its derivative g'.

    Subclasses write `_value` and `_slope` for arrays of at least one dimension and at least the precision
    `_working`; narrower dtypes are computed there and rounded once at the end, so the dtype is preserved.
    """

    name: ClassVar[str]
    kinks: tuple[float, ...] = ()
    saturation: Saturation | None = None
    _working: ClassVar[type[np.floating[Any]]] = np.float32

    def __call__(self, z: ArrayLike) -> Array:
        """Return g(z), of the shape and dtype of `z`."""
        return self._rounded(self._value, as_floats(z))

    def derivative(self, z: ArrayLike) -> Array:
        """Return g'(z), of the shape and dtype of `z`, accurate to a few units in the last place."""
        return self._rounded(self._slope, as_floats(z))

    def vjp(self, cotangent: Array, z: Array, a: Array, out: Array | None = None) -> Array:
        """Return dL/dz = dL/da * g'(z) for a = g(z), in `out` (which may be the cotangent) or a new array."""
        return np.multiply(cotangent, self.derivative(z), out=out)

    def _rounded(self, function: Callable[[Array], Array], x: Array) -> Array:
        if x.ndim == 0:
            return self._rounded(function, x[None])[0]  # type: ignore[no-any-return]
        if x.dtype.itemsize >= np.dtype(self._working).itemsize:
            return function(x)
        return function(x.astype(self._working)).astype(x.dtype)

    @abstractmethod
    def _value(self, z: Array) -> Array: ...

    @abstractmethod
    def _slope(self, z: Array) -> Array: ...


class FromOutput(Activation):
    """An activation whose derivative can be written with a = g(z), so that it costs almost nothing."""

    def derivative_from_output(self, a: ArrayLike) -> Array:
        """Return g'(z) from a = g(z), of the shape and dtype of `a` (section 2 of the notes).

        Near an asymptote of g the rounding of `a` has lost the distance to it: there the result is right
        to an ulp of 1, not of itself. `derivative` has no such loss.
        """
        return self._rounded(self._slope_from_output, as_floats(a))

    def vjp(self, cotangent: Array, z: Array, a: Array, out: Array | None = None) -> Array:
        """Return dL/dz = dL/da * g'(z) as `Activation.vjp` does, with g' from a = g(z)."""
        return np.multiply(cotangent, self.derivative_from_output(a), out=out)

    @abstractmethod
    def _slope_from_output(self, a: Array) -> Array: ...
