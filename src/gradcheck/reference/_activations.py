"""The activations of section 2 of the notes: sigmoid, tanh, ReLU, leaky ReLU and identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._base import Activation, FromOutput, Saturation
from ._errors import invalid

__all__ = [
    "Identity",
    "LeakyReLU",
    "ReLU",
    "Sigmoid",
    "Tanh",
    "decay",
    "identity",
    "leaky_relu",
    "relu",
    "sigmoid",
    "tanh",
]

Array = NDArray[Any]

# Beyond it exp(-2|z|) is 0 in every NumPy float (longdouble's smallest is exp(-11400)), and below it
# doubling |z| cannot overflow, not even in float16.
_FLAT = 1e4


def decay(z: Array) -> Array:
    """Return exp(-|z|) as a new array: it never overflows, whatever the sign of z."""
    e = np.abs(z)
    np.negative(e, out=e)
    np.exp(e, out=e)
    return e


class Sigmoid(FromOutput):
    """g(z) = 1 / (1 + exp(-z)), the output unit for labels 0 and 1.

    Range (0, 1), g'(0) = 1/4, g(-z) = 1 - g(z). It saturates: g' <= 0.01 where |z| >= 4.6.

    Examples
    --------
    >>> print(sigmoid([-1000.0, 0.0, 1000.0]), sigmoid.derivative(0.0))
    [0.  0.5 1. ] 0.25
    """

    name = "sigmoid"
    saturation = Saturation(bound=0.01, below=-4.6, above=4.6)

    def _value(self, z: Array) -> Array:
        """1 / (1 + e) for z >= 0 and e / (1 + e) below, with e = exp(-|z|): no overflow, no cancellation."""
        e = decay(z)
        d = e + 1
        np.maximum(e, z >= 0, out=e)  # e <= 1: True makes it 1, False leaves it
        e /= d
        return e

    def _slope(self, z: Array) -> Array:
        """g'(z) = e / (1 + e)^2 with e = exp(-|z|): a (1 - a) without the cancellation in 1 - a."""
        e = decay(z)
        d = e + 1
        e /= d
        e /= d
        return e

    def _slope_from_output(self, a: Array) -> Array:
        """g' = a (1 - a). 1 - a is exact for a >= 1/2, but a itself was rounded: right to an ulp of a."""
        slope = 1 - a
        slope *= a
        return slope


class Tanh(FromOutput):
    """g(z) = (exp(z) - exp(-z)) / (exp(z) + exp(-z)).

    Range (-1, 1), odd, g'(0) = 1. It saturates: g' <= 0.01 where |z| >= 3. Zero-centred, so the next layer
    learns more easily than after a sigmoid, whose outputs centre on 0.5.

    Examples
    --------
    >>> print(tanh([-1000.0, 0.0, 1000.0]), tanh.derivative(0.0))
    [-1.  0.  1.] 1.0
    """

    name = "tanh"
    saturation = Saturation(bound=0.01, below=-3.0, above=3.0)

    def _value(self, z: Array) -> Array:
        return np.tanh(z)

    def _slope(self, z: Array) -> Array:
        """g'(z) = 1 / cosh(z)^2 = 4 e / (1 + e)^2 with e = exp(-2|z|): 1 - a^2 without its cancellation."""
        e = np.abs(z)
        np.minimum(e, _FLAT, out=e)
        e *= -2
        np.exp(e, out=e)
        d = e + 1
        e *= 4
        e /= d
        e /= d
        return e

    def _slope_from_output(self, a: Array) -> Array:
        """g' = 1 - a^2, right to an ulp of 1: where |a| is near 1 the leading digits cancel."""
        slope = a * a
        np.subtract(1, slope, out=slope)
        return slope


class ReLU(Activation):
    """g(z) = max(0, z), with g'(0) = 1 by the convention of the notes.

    There is no `derivative_from_output`: the output 0 does not tell z = 0 from z < 0.

    Examples
    --------
    >>> print(relu([-2.0, 0.0, 3.0]), relu.derivative([-2.0, 0.0, 3.0]))
    [0. 0. 3.] [0. 1. 1.]
    """

    name = "relu"
    kinks = (0.0,)

    def _value(self, z: Array) -> Array:
        return np.maximum(z, 0)

    def _slope(self, z: Array) -> Array:
        return (z >= 0).astype(z.dtype)

    def vjp(self, cotangent: Array, z: Array, a: Array, out: Array | None = None) -> Array:
        """Return dL/dz: the cotangent where z >= 0, zero elsewhere."""
        return np.multiply(cotangent, z >= 0, out=out)


@dataclass(frozen=True)
class LeakyReLU(FromOutput):
    """g(z) = max(slope z, z) with 0 < slope < 1, and g'(0) = 1 by the convention of the notes.

    Raises
    ------
    ValueError
        If the slope is outside (0, 1), where max(slope z, z) is another function.

    Examples
    --------
    >>> print(leaky_relu([-100.0, 0.0, 3.0]), leaky_relu.derivative([-100.0, 0.0, 3.0]))
    [-1.  0.  3.] [0.01 1.   1.  ]
    """

    name = "leaky_relu"
    slope: float = 0.01
    kinks = (0.0,)

    def __post_init__(self) -> None:
        if not 0 < self.slope < 1:
            raise invalid(f"slope={self.slope!r}", "a leaky ReLU has 0 < slope < 1", "0.01, or relu for 0")

    def _value(self, z: Array) -> Array:
        a: Array = z * z.dtype.type(self.slope)
        np.maximum(a, z, out=a)
        return a

    def _slope(self, z: Array) -> Array:
        return np.maximum(z >= 0, self.slope, dtype=z.dtype)  # True is 1, and slope < 1

    def _slope_from_output(self, a: Array) -> Array:
        """g' = 1 if a >= 0, slope if a < 0: a has the sign of z, unless slope z underflows to 0."""
        return self._slope(a)


class Identity(FromOutput):
    """g(z) = z, g' = 1: layers of it collapse into one linear layer (section 3 of the notes).

    Examples
    --------
    >>> print(identity([-2.0, 3.0]), identity.derivative([-2.0, 3.0]))
    [-2.  3.] [1. 1.]
    """

    name = "identity"

    def _value(self, z: Array) -> Array:
        return z.copy()

    def _slope(self, z: Array) -> Array:
        return np.ones_like(z)

    def _slope_from_output(self, a: Array) -> Array:
        return np.ones_like(a)


sigmoid, tanh, relu, leaky_relu, identity = Sigmoid(), Tanh(), ReLU(), LeakyReLU(), Identity()
