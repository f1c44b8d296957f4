"""The activations people expect beside those of the notes: softplus, ELU, SiLU, GELU and its tanh form.

SiLU and GELU have a minimum, where g' = 0. Written as they are found in papers their derivatives cancel
there; here the zero is factored out, so that g' is right to a few units in its own last place everywhere.
Below 0 they are z times something that underflows before the product does: the something is kept as
t * (moderate) * t, and the last multiplication alone may underflow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._activations import decay, sigmoid
from ._base import Activation, FromOutput, Saturation
from ._errors import invalid
from ._normal import ROOT, mills, mills_quotient, two_product, two_sum

__all__ = ["ELU", "GELU", "GELUTanh", "SiLU", "Softplus", "elu", "gelu", "gelu_tanh", "silu", "softplus"]

Array = NDArray[Any]

# Beyond it exp(-z^2/2) and exp of GELU's cubic are 0 in float64.
_TAIL = 40.0
# 1 / sqrt(2 pi), the density's factor.
_DENSITY = 0.3989422804014327


class Softplus(FromOutput):
    """g(z) = log(1 + exp(z)), a smooth ReLU; g'(z) = sigmoid(z), g'(0) = 1/2.

    Source: Dugas et al. 2001, "Incorporating second-order functional knowledge for better option pricing".

    Examples
    --------
    >>> print(softplus([-1000.0, 1000.0]), softplus.derivative(0.0))
    [   0. 1000.] 0.5
    """

    name = "softplus"
    saturation = Saturation(bound=0.01, below=-4.6, above=np.inf)

    def _value(self, z: Array) -> Array:
        """max(z, 0) + log(1 + exp(-|z|)): no overflow."""
        a = decay(z)
        np.log1p(a, out=a)
        a += np.maximum(z, 0)
        return a

    def _slope(self, z: Array) -> Array:
        return sigmoid(z)

    def _slope_from_output(self, a: Array) -> Array:
        """g' = 1 - exp(-a)."""
        return np.negative(np.expm1(-a))


@dataclass(frozen=True)
class ELU(FromOutput):
    """g(z) = z for z > 0, alpha (exp(z) - 1) below; g'(0) = 1, as for the ReLU.

    Source: Clevert, Unterthiner and Hochreiter 2016, "Fast and accurate deep network learning by exponential
    linear units". For alpha other than 1 there is a kink at 0.

    Raises
    ------
    ValueError
        If alpha is not positive.

    Examples
    --------
    >>> print(elu([-1000.0, 0.0, 2.0]), elu.derivative(0.0))
    [-1.  0.  2.] 1.0
    """

    name = "elu"
    alpha: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < np.inf:
            raise invalid(f"alpha={self.alpha!r}", "an ELU has a positive alpha", "alpha=1.0, or relu for 0")

    @property
    def kinks(self) -> tuple[float, ...]:  # type: ignore[override]
        """Where the one-sided slopes differ: nowhere for alpha = 1."""
        return () if self.alpha == 1 else (0.0,)

    @property
    def saturation(self) -> Saturation:  # type: ignore[override]
        """alpha exp(z) <= 0.01 below log(0.01 / alpha)."""
        return Saturation(bound=0.01, below=min(0.0, float(np.log(0.0099 / self.alpha))), above=np.inf)

    def _value(self, z: Array) -> Array:
        a: Array = np.expm1(np.minimum(z, 0))
        a *= z.dtype.type(self.alpha)
        np.copyto(a, z, where=z >= 0)
        return a

    def _slope(self, z: Array) -> Array:
        slope: Array = np.exp(np.minimum(z, 0))
        slope *= z.dtype.type(self.alpha)
        np.copyto(slope, 1, where=z >= 0)
        return slope

    def _slope_from_output(self, a: Array) -> Array:
        """g' = 1 if a >= 0, a + alpha if a < 0."""
        slope: Array = a + a.dtype.type(self.alpha)
        np.copyto(slope, 1, where=a >= 0)
        return slope


class SiLU(Activation):
    """g(z) = z sigmoid(z), also called swish; g'(0) = 1/2, minimum at z = -1.278.

    Source: Elfwing, Uchibe and Doya 2018, "Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning".

    Examples
    --------
    >>> print(silu([-1000.0, 0.0, 1000.0]), silu.derivative(0.0))
    [  -0.    0. 1000.] 0.5
    """

    name = "silu"
    saturation = Saturation(bound=0.01, below=-7.0, above=np.inf)
    _working = np.float64
    # The zero of g', where 1 + z + exp(z) = 0, in two floats; and exp of it.
    _ROOT = (-1.2784645427610737, -1.0946994183093437e-16)
    _EXP_ROOT = 0.2784645427610738

    def _value(self, z: Array) -> Array:
        """z * n / (1 + t^2) * n with t = exp(-|z|/2), n = 1 for z >= 0 and t below."""
        t = decay(z / 2)
        n = np.where(z >= 0, 1, t)
        return z * n / (1 + t * t) * n  # type: ignore[no-any-return]

    def _slope(self, z: Array) -> Array:
        """sigma(z) (1 + z sigma(-z)): as it stands for z >= 0, with the zero factored out below."""
        return np.where(z >= 0, self._slope_above(np.maximum(z, 0)), self._slope_below(np.minimum(z, 0)))

    def _slope_above(self, z: Array) -> Array:
        e = np.exp(-z)
        return (1 + z * e / (1 + e)) / (1 + e)  # type: ignore[no-any-return]

    def _slope_below(self, z: Array) -> Array:
        """e (1 + z + e) / (1 + e)^2 with e = exp(z); 1 + z + e = d + exp(root) (exp(d) - 1), d = z - root."""
        t = np.exp(z / 2)
        d = (z - self._ROOT[0]) - self._ROOT[1]
        q = 1 + t * t
        return t * ((d + self._EXP_ROOT * np.expm1(d)) / q / q) * t  # type: ignore[no-any-return]


class GELU(Activation):
    """g(z) = z Phi(z) with the normal distribution function Phi; g'(0) = 1/2, minimum at z = -0.7518.

    Source: Hendrycks and Gimpel 2016, "Gaussian error linear units (GELUs)".

    Examples
    --------
    >>> print(gelu([-1000.0, 0.0, 1000.0]), gelu.derivative(1000.0))
    [  -0.    0. 1000.] 1.0
    """

    name = "gelu"
    saturation = Saturation(bound=0.01, below=-3.2, above=np.inf)
    _working = np.float64

    def _value(self, z: Array) -> Array:
        """z (1 - Phi(-z)) for z >= 0, z Phi(z) below, with Phi(-x) = phi(x) R(x)."""
        x, t, c = self._tail(z)
        tail = c * mills(x)
        return np.where(z >= 0, z * (1 - tail * t * t), -x * tail * t * t)  # type: ignore[no-any-return]

    def _slope(self, z: Array) -> Array:
        """Phi(z) + z phi(z): 1 + phi (z - R) for z >= 0; below, -phi (x - R) with its zero factored out."""
        x, t, c = self._tail(z)
        d = (x - ROOT[0]) - ROOT[1]
        return np.where(z >= 0, 1 + (x - mills(x)) * c * t * t, -t * (d * mills_quotient(x) * c) * t)

    @staticmethod
    def _tail(z: Array) -> tuple[Array, Array, Array]:
        """Return x = min(|z|, 40), t and c with phi(x) = c t^2: the rounding error of x^2 goes into c."""
        x = np.minimum(np.abs(z), _TAIL)
        square, error = two_product(x, x)
        return x, np.exp(-square / 4), _DENSITY * (1 - error / 2)


class GELUTanh(Activation):
    """g(z) = z/2 (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))), the usual approximation of GELU.

    Computed as z sigmoid(v), v = 2 sqrt(2/pi) (z + 0.044715 z^3), with v in two floats: at v = -700 an ulp of
    v is hundreds of ulp of exp(v). Source: Hendrycks and Gimpel 2016, section 2.

    Examples
    --------
    >>> print(gelu_tanh([-1000.0, 0.0, 1000.0]), gelu_tanh.derivative(0.0))
    [  -0.    0. 1000.] 0.5
    """

    name = "gelu_tanh"
    saturation = Saturation(bound=0.01, below=-3.2, above=np.inf)
    _working = np.float64
    # v = _LINEAR z + _CUBIC z^3, both in two floats: 2 sqrt(2/pi), and 0.044715 times it.
    _LINEAR = (1.5957691216057308, -9.96930880911092e-17)
    _CUBIC = (0.07135481627260025, -6.175149918155315e-19)
    # The zero of g', where 1 + exp(v) + z v' = 0, in two floats; and exp(v) there.
    _ROOT = (-0.7524614220710163, 3.635560509207687e-17)
    _EXP_ROOT = 0.29195521191476714

    def _value(self, z: Array) -> Array:
        """As SiLU's, with exp(-|v|/2) in the place of exp(-|z|/2)."""
        _, t = self._decay(z)
        n = np.where(z >= 0, 1, t)
        return z * n / (1 + t * t) * n  # type: ignore[no-any-return]

    def _slope(self, z: Array) -> Array:
        """sigma(v) (1 + z v' sigma(-v)): as it stands for z >= 0, with the zero factored out below."""
        x, t = self._decay(z)
        q = 1 + t * t
        w = x * (self._LINEAR[0] + 3 * self._CUBIC[0] * x * x)
        return np.where(z >= 0, (1 + w * t * t / q) / q, t * (self._bracket(-x) / q / q) * t)  # type: ignore[no-any-return]

    def _bracket(self, z: Array) -> Array:
        """1 + exp(v) + z v' for z <= 0: what v and z v' have gained since the zero, two terms of one sign."""
        d = (z - self._ROOT[0]) - self._ROOT[1]
        s = self._CUBIC[0] * (z * z + z * self._ROOT[0] + self._ROOT[0] ** 2)
        gained = np.expm1(d * (self._LINEAR[0] + s))
        return d * (self._LINEAR[0] + 3 * s) + self._EXP_ROOT * gained

    def _decay(self, z: Array) -> tuple[Array, Array]:
        """Return x = min(|z|, 40) and exp(-|v|/2)."""
        x = np.minimum(np.abs(z), _TAIL)
        square, e1 = two_product(x, x)
        cubic, e2 = two_product(self._CUBIC[0], square)
        factor, e3 = two_sum(self._LINEAR[0], cubic)
        low = self._CUBIC[0] * e1 + self._CUBIC[1] * square + self._LINEAR[1] + e2 + e3
        v, e4 = two_product(x, factor)
        return x, np.exp(-v / 2) * (1 - (e4 + x * low) / 2)


softplus, elu, silu, gelu, gelu_tanh = Softplus(), ELU(), SiLU(), GELU(), GELUTanh()
