"""Softmax: the one activation whose outputs depend on all units of their column."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._base import Activation
from ._errors import invalid

__all__ = ["Softmax", "softmax"]

Array = NDArray[Any]


class Softmax(Activation):
    """a_i = exp(z_i) / sum_j exp(z_j) over the units (axis 0), for every example (column) by itself.

    The derivative is a matrix for each example, so it is not elementwise, and a network uses `vjp`.

    Raises
    ------
    ValueError
        If `z` has no axis of units.

    Examples
    --------
    >>> print(softmax([[1000.0, 0.0], [1000.0, 0.0]]))
    [[0.5 0.5]
     [0.5 0.5]]
    """

    name = "softmax"

    def _value(self, z: Array) -> Array:
        """exp(z - max z) over its sum: exp cannot overflow, and a difference that does is exp(-inf) = 0."""
        with np.errstate(over="ignore"):
            a: Array = z - np.maximum.reduce(z)
        np.exp(a, out=a)
        a /= np.add.reduce(a)
        return a

    def _slope(self, z: Array) -> Array:
        """da_i/dz_j = a_i (delta_ij - a_j), (n, n, m) for z (n, m); 1 - a_i as the sum of the others."""
        a = self._value(z)
        slope = -a[:, None] * a[None]
        for i in range(len(a)):
            slope[i, i] = a[i] * (a[:i].sum(axis=0) + a[i + 1 :].sum(axis=0))
        return slope

    def vjp(self, cotangent: Array, z: Array, a: Array, out: Array | None = None) -> Array:
        """Return dL/dz = a (dL/da - sum over the units of a dL/da)."""
        mean = np.add.reduce(a * cotangent)
        dz: Array = np.subtract(cotangent, mean, out=out)
        dz *= a
        return dz

    def __call__(self, z: Any) -> Array:
        """Return the columns' softmax, of the shape and dtype of `z`: (n,) or (n, m)."""
        if np.ndim(z) == 0:
            raise invalid(f"z={z!r}", "softmax needs an axis of units", "pass an array of shape (n, m)")
        return super().__call__(z)


softmax = Softmax()
