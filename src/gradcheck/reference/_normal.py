"""The normal distribution's tail, and products carried in two floats, for GELU and its tanh form.

The tail is Phi(-x) = phi(x) R(x) with Mills' ratio R(x) = sqrt(pi/2) erfcx(x / sqrt 2). R varies slowly, so
one Chebyshev series in t = (x - 5) / (x + 5) serves all x >= 0 (Schonfelder 1978, "Chebyshev expansions for
the error and related functions", and Shepherd and Laframboise 1981, "Chebyshev approximation of
(1 + 2x) exp(x^2) erfc x in 0 <= x < inf"). phi then has to be evaluated at x itself, not at a rounded x^2:
in the far tail an ulp of x^2 is hundreds of ulp of exp(-x^2/2).
"""

from __future__ import annotations

from typing import Any

from numpy.polynomial.chebyshev import chebval
from numpy.typing import NDArray

__all__ = ["ROOT", "mills", "mills_quotient", "two_product", "two_sum"]

Array = NDArray[Any]

# Chebyshev coefficients in t of (1 + x) R(x), from 40 nodes and 40 digits; the next one is below 1e-16.
_MILLS = (
    1.1579976221305188, -0.1633449388451398, -0.013683136055781576, 0.03082200019810004,
    -0.016220073012046806, 0.005616691016460094, -0.0014133933783549216, 0.0002502625460725661,
    -2.468907239728387e-05, -1.0107964061837592e-06, 7.495419179740573e-07, -7.600274268728337e-08,
    -1.1574771441328644e-08, 3.333386472599843e-09, 7.538039628171347e-11, -1.1104247263727494e-10,
    3.509243776551059e-12, 3.6894953861750955e-12, -2.3376697776383095e-13, -1.3271797523541405e-13,
    9.921706995888276e-15, 5.276004995455379e-15, -3.373097694187922e-16, -2.2804338776379946e-16,
)  # fmt: skip

# The x at which R(x) = x, in two floats: -x is the minimum of GELU.
ROOT = (0.7517915246935645, -1.4956759177009883e-17)

# Chebyshev coefficients in t of (x - R(x)) / (x - ROOT), which has no zero, from 40 nodes and 40 digits.
_QUOTIENT = (
    1.2259182622406541, -0.30393785499390014, 0.10080911941980679, -0.02834394150977215,
    0.006648706164325906, -0.0012562643746282273, 0.0001762481522962657, -1.3934341854313243e-05,
    -6.54352032292436e-07, 3.4603378634424706e-07, -2.8982042399895598e-08, -4.561373933353276e-09,
    1.103611736562751e-09, 3.1381299877663516e-11, -3.1843566810017055e-11, 7.326034994733094e-13,
    9.279813088657945e-13, -4.932455102179649e-14, -2.9600864941493794e-14, 1.9120642281862737e-15,
    1.0532083706440697e-15, -5.841572147253876e-17, -4.1097974248411194e-17,
)  # fmt: skip

# 2^27 + 1 cuts a float64 into halves of 26 bits (Dekker 1971, "A floating-point technique", section 5).
_SPLIT = 134217729.0


def two_sum(a: Any, b: Array) -> tuple[Array, Array]:
    """Return s = fl(a + b) and its rounding error: s + error == a + b exactly (Knuth, TAOCP 2, 4.2.2)."""
    s = a + b
    part = s - a
    return s, (a - (s - part)) + (b - part)


def _halves(a: Any) -> tuple[Any, Any]:
    scaled = a * _SPLIT
    high = scaled - (scaled - a)
    return high, a - high


def two_product(a: Any, b: Array) -> tuple[Array, Array]:
    """Return p = fl(a b) and its rounding error: p + error == a b exactly, for |a|, |b| < 1e150 (Dekker)."""
    p = a * b
    (a1, a2), (b1, b2) = _halves(a), _halves(b)
    return p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2


def mills(x: Array) -> Array:
    """Return Mills' ratio R(x) = Phi(-x) / phi(x) for x >= 0 in float64."""
    return chebval((x - 5) / (x + 5), _MILLS) / (1 + x)  # type: ignore[no-any-return]


def mills_quotient(x: Array) -> Array:
    """Return (x - R(x)) / (x - ROOT) for x >= 0 in float64."""
    return chebval((x - 5) / (x + 5), _QUOTIENT)  # type: ignore[no-any-return]
