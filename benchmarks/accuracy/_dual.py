"""The truth: value and derivative together in 50-digit arithmetic, by dual numbers over mpmath."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath

__all__ = ["Dual", "Truth", "truth"]

DIGITS = 50


class OnAKink(Exception):
    """Two branches meet exactly here and their slopes differ: there is no derivative."""


@dataclass(frozen=True)
class Dual:
    """a + b epsilon with epsilon^2 = 0: b is the derivative of a."""

    a: Any
    b: Any

    def __add__(self, other: Any) -> Dual:
        o = _dual(other)
        return Dual(self.a + o.a, self.b + o.b)

    def __sub__(self, other: Any) -> Dual:
        o = _dual(other)
        return Dual(self.a - o.a, self.b - o.b)

    def __mul__(self, other: Any) -> Dual:
        o = _dual(other)
        return Dual(self.a * o.a, self.b * o.a + self.a * o.b)

    def __truediv__(self, other: Any) -> Dual:
        o = _dual(other)
        return Dual(self.a / o.a, (self.b - self.a / o.a * o.b) / o.a)

    def __rsub__(self, other: Any) -> Dual:
        return _dual(other) - self

    def __rtruediv__(self, other: Any) -> Dual:
        return _dual(other) / self

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Dual:
        return Dual(-self.a, -self.b)

    def __pow__(self, n: float) -> Dual:
        return Dual(self.a**n, n * self.a ** (n - 1) * self.b if n else mpmath.mpf(0))


def _dual(x: Any) -> Dual:
    return x if isinstance(x, Dual) else Dual(mpmath.mpf(x), mpmath.mpf(0))


def _lift(function: Callable[[Any], Any], slope: Callable[[Any], Any]) -> Callable[[Dual], Dual]:
    return lambda x: Dual(function(x.a), slope(x.a) * x.b)


def _maximum(x: Any, y: Any) -> Dual:
    x, y = _dual(x), _dual(y)
    if x.a == y.a and x.b != y.b:
        raise OnAKink
    return x if x.a >= y.a else y


class Truth:
    """The functions of NumPy that the cases use, on dual numbers."""

    sin = staticmethod(_lift(mpmath.sin, mpmath.cos))
    cos = staticmethod(_lift(mpmath.cos, lambda a: -mpmath.sin(a)))
    tan = staticmethod(_lift(mpmath.tan, lambda a: mpmath.sec(a) ** 2))
    exp = staticmethod(_lift(mpmath.exp, mpmath.exp))
    expm1 = staticmethod(_lift(mpmath.expm1, mpmath.exp))
    log = staticmethod(_lift(mpmath.log, lambda a: 1 / a))
    log1p = staticmethod(_lift(lambda a: mpmath.log(1 + a), lambda a: 1 / (1 + a)))
    sqrt = staticmethod(_lift(mpmath.sqrt, lambda a: 1 / (2 * mpmath.sqrt(a))))
    cbrt = staticmethod(
        _lift(lambda a: mpmath.sign(a) * mpmath.cbrt(abs(a)), lambda a: 1 / (3 * mpmath.cbrt(abs(a)) ** 2))
    )
    tanh = staticmethod(_lift(mpmath.tanh, lambda a: mpmath.sech(a) ** 2))
    sinh = staticmethod(_lift(mpmath.sinh, mpmath.cosh))
    cosh = staticmethod(_lift(mpmath.cosh, mpmath.sinh))
    arctan = staticmethod(_lift(mpmath.atan, lambda a: 1 / (1 + a * a)))
    arcsin = staticmethod(_lift(mpmath.asin, lambda a: 1 / mpmath.sqrt(1 - a * a)))
    square = staticmethod(_lift(lambda a: a * a, lambda a: 2 * a))
    maximum = staticmethod(_maximum)

    @staticmethod
    def abs(x: Dual) -> Dual:
        """|x|."""
        return _maximum(x, -x)


def truth(f: Callable[[Any, Any], Any], x: float) -> Any:
    """The derivative at the float64 number `x` of f(x, namespace) with exact arithmetic; None exactly on a kink.

    Examples
    --------
    >>> float(truth(lambda x, m: m.sin(x) * x, 0.0))
    0.0
    """
    with mpmath.workdps(DIGITS):
        try:
            return +_dual(f(Dual(mpmath.mpf(float(x)), mpmath.mpf(1)), Truth)).b
        except (OnAKink, ZeroDivisionError):
            return None
