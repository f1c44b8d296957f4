"""The activations and their derivatives at 50 digits, straight from the formulas, and distances in ulp."""

from typing import Any

import mpmath
import numpy as np
from mpmath import mp, mpf
from numpy.typing import NDArray

from gradcheck.reference import (
    ELU,
    GELU,
    Activation,
    GELUTanh,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Tanh,
)

Array = NDArray[Any]


def values(g: Activation, z: Array) -> list[Any]:
    """g(z) at 50 digits; an activation's parameter is what the dtype of z makes of it."""
    with mp.workdps(50):
        return [_value(g, mpf(float(x)), z.dtype.type) for x in z]


def slopes(g: Activation, z: Array) -> list[Any]:
    """g'(z) at 50 digits, with the notes' convention at a kink."""
    with mp.workdps(50):
        return [_slope(g, mpf(float(x)), z.dtype.type) for x in z]


def ulps(given: Array, exact: list[Any]) -> float:
    """Largest distance of a given number from the exact one, in units in the last place of the exact one."""
    info = np.finfo(given.dtype)
    with mp.workdps(50):
        return max(
            (float(abs(mpf(float(a)) - b) / _ulp(b, info)) for a, b in zip(given, exact, strict=True)),
            default=0.0,
        )


def _ulp(exact: Any, info: Any) -> Any:
    """Spacing of the dtype's numbers at the exact one; that of the subnormals below the smallest normal one."""
    exponent = max(int(mpmath.mag(exact)) - 1 if exact else info.minexp, info.minexp)
    return mpf(2) ** (exponent - info.nmant)


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + mp.exp(-z))


def _phi(z: Any) -> Any:
    return mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi)


def _normal(z: Any) -> Any:
    # The asymptotic series of erfc cannot hold the exponent of exp(-1e600).
    return mp.erfc(-max(min(z, mpf(10) ** 6), -(mpf(10) ** 6)) / mp.sqrt(2)) / 2


def _cubic(z: Any) -> Any:
    return 2 * mp.sqrt(2 / mp.pi) * (z + mpf(44715) / 10**6 * z**3)


def _value(g: Activation, z: Any, kind: Any) -> Any:
    match g:
        case Sigmoid():
            return _sigmoid(z)
        case Tanh():
            return mp.tanh(z)
        case ReLU():
            return max(z, mpf(0))
        case LeakyReLU(slope=slope):
            return max(mpf(float(kind(slope))) * z, z)
        case Identity():
            return z
        case Softplus():
            return mp.log1p(mp.exp(z)) if z < 1000 else z
        case ELU(alpha=alpha):
            return z if z > 0 else mpf(float(kind(alpha))) * mp.expm1(z)
        case SiLU():
            return z * _sigmoid(z)
        case GELU():
            return z * _normal(z)
        case GELUTanh():
            return z * _sigmoid(_cubic(z))
    raise TypeError(g)


def _slope(g: Activation, z: Any, kind: Any) -> Any:
    match g:
        case Sigmoid():
            return _sigmoid(z) * _sigmoid(-z)
        case Tanh():
            return mp.sech(z) ** 2
        case ReLU():
            return mpf(z >= 0)
        case LeakyReLU(slope=slope):
            return mpf(1) if z >= 0 else mpf(float(kind(slope)))
        case Identity():
            return mpf(1)
        case Softplus():
            return _sigmoid(z)
        case ELU(alpha=alpha):
            return mpf(1) if z >= 0 else mpf(float(kind(alpha))) * mp.exp(z)
        case SiLU():
            return _sigmoid(z) + z * _sigmoid(z) * _sigmoid(-z)
        case GELU():
            return _normal(z) + z * _phi(z)
        case GELUTanh():
            v, rise = _cubic(z), 2 * mp.sqrt(2 / mp.pi) * (1 + 3 * mpf(44715) / 10**6 * z * z)
            return _sigmoid(v) + z * _sigmoid(v) * _sigmoid(-v) * rise
    raise TypeError(g)
