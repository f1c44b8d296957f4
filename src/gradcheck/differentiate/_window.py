"""Three rungs of the ladder make a window: its extrapolated slope, and how far that slope can be trusted.

Along one line, phi(t) = f(x + t v). At the step h the function's two values split into an odd and an even part,

    S(h) = (phi(h) - phi(-h)) / 2h             = phi' + h^2 phi'''/6 + h^4 phi'''''/120 + ...
    C(h) = ((phi(h) - phi(0)) + (phi(-h) - phi(0))) / h = h phi'' + h^3 phi''''/12 + ...

S is a central difference; C is the jump of the one-sided slopes, which vanishes with h where phi is smooth and tends
to a constant at a kink. A window holds S and C at h, h/4 and h/16.

**Neville.** S is a series in h^2, so one level of Richardson extrapolation with ratio 4 takes
N = S(h/4) + (S(h/4) - S(h)) / 15, which is free of h^2, and the second takes P = N2 + (N2 - N1) / 255, free of h^4.
Written out, P = (4096 S2 - 272 S1 + S0) / 3825: the truncation is h0^2 h1^2 h2^2 phi^(7) / 7!, and rounding errors
of at most eta in every value of phi move P by at most (4096 + 272/4 + 1/16) / 3825 = 1.09 times eta / h2.

**Another order.** Where phi'' jumps exactly at x (ELU, Huber, relu(x)^2), S has a term in h, and the correction
(N2 - N1) / 255 understates the error of P eighty-fold. Extrapolation with the orders h, h^2 is exact there:
M = (4 S(h/4) - S(h)) / 3, Q = (16 M2 - M1) / 15. For such a term P - Q is all of P's error; for a smooth function it is
0.02 h^4 phi'''''/120, below rounding at the top step chosen here. Aitken's value, which finds the order by itself,
is compared where the observed ratio of contraction is none of a smooth function's (1/16 or less).

**Kinks inside the window.** C2 - (17/64) C1 + (1/256) C0 has neither h nor h^3 in it: what is left above noise comes
from something within h of x that is not smooth, and costs no evaluation.

**Contraction.** A window counts only if S1 - S2 is at most a third of S0 - S1, or is lost in noise. Slopes seen with a
step far above the function's own length (aliasing) pass this by accident only.

The bound is E = 2 (truncation + 1.2 eta / h2) with the largest of these differences as the truncation. The noise
term is a justified bound where eta bounds the noise. The truncation term is empirical: no finite number of values
of a black box bounds a derivative. The factor 2 covers both.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

__all__ = [
    "DOUBLE",
    "EPS",
    "GOOD",
    "NOISE_WEIGHT",
    "SAFETY",
    "UNBOUNDED",
    "USEFUL",
    "Floats",
    "Windows",
    "even_part",
    "odd_part",
    "one_sided",
    "windows",
]

EPS = float(np.finfo(np.float64).eps)
NOISE_WEIGHT = 1.2  # (4096 + 272/4 + 1/16) / 3825 = 1.089, and a little for the rounding of P itself
EVEN_WEIGHTS = (1.0, -17.0 / 64.0, 1.0 / 256.0)  # of C2, C1, C0: neither h nor h^3 is left
FIRST_ORDER = (
    0.75  # of the distance to the extrapolation with orders h and h^2, which is all of P's error at worst
)
EVEN_NOISE = 4.5  # C2's four values of noise at h2, and those of C1 and C0 at a quarter and less of it
CONTRACTION = 1.0 / 3.0  # a smooth function contracts by 1/16, x|x| by 1/4
SAFETY = 2.0
UNBOUNDED = 2.0**1000  # noise of which no bound is known: finite, so that no cotangent of 0 makes a NaN of it
GOOD = 1e-6  # an error this small beside the slope needs no better one
DOUBLE = 2.0**-46  # noise up to here, relative to f, is that of doubles for certain
USEFUL = 1e-2  # above this share of the slope's scale nothing is resolved


@dataclass(frozen=True)
class Windows:
    """K - 2 windows of K rungs, the coarsest first; every array has the shape (K - 2, rows, p)."""

    value: Floats
    truncation: Floats
    noise: Floats
    contracts: NDArray[np.bool_]
    slope: Floats  # the largest one-sided slope in the window: the size against which an error is small

    @property
    def error(self) -> Floats:
        """Half-width that is claimed to contain the truth; infinite where the window does not contract."""
        bound = SAFETY * (self.truncation + self.noise)
        return np.where(self.contracts & np.isfinite(bound), bound, np.inf)


def odd_part(h: Floats, plus: Floats, minus: Floats) -> Floats:
    """S(h), the central difference."""
    return (plus - minus) * (0.5 / h)


def even_part(h: Floats, plus: Floats, minus: Floats, base: Floats) -> Floats:
    """C(h), the jump of the one-sided slopes."""
    return ((plus - base) + (minus - base)) / h


def windows(h: Floats, odd: Floats, even: Floats, eta: Floats, reach: Floats) -> Windows:
    """Every window of three successive rungs.

    Parameters
    ----------
    h : (K, rows, 1)
        Steps, each a quarter of the one before.
    odd, even : (K, rows, p)
    eta : (K, rows, p) or broadcastable
        Bound on the noise of one value at each rung.
    reach : (rows, 1)
        The size of the input that the row moves, in units of t: rounding of the input inside f moves f by
        eps * reach * slope, which no noise measured at a stationary point can show.
    """
    s0, s1, s2 = odd[:-2], odd[1:-1], odd[2:]
    n1, n2 = s1 + (s1 - s0) / 15.0, s2 + (s2 - s1) / 15.0
    correction = (n2 - n1) / 255.0
    value = n2 + correction
    first_order = (64.0 * s2 - 20.0 * s1 + s0) / 45.0  # (16 M2 - M1) / 15
    d1, d2 = s1 - s0, s2 - s1
    unit = (np.broadcast_to(eta, odd.shape)[2:] + EPS * reach * np.abs(value)) / h[2:]
    truncation = np.maximum(np.abs(correction), FIRST_ORDER * np.abs(value - first_order))
    truncation = np.maximum(truncation, _aitken_distance(value, s2, d1, d2, unit, 0.125))
    c2, c1, c0 = EVEN_WEIGHTS
    residual = np.abs(c2 * even[2:] + c1 * even[1:-1] + c0 * even[:-2])
    truncation = np.maximum(truncation, residual - EVEN_NOISE * unit)
    contracts = np.abs(d2) <= CONTRACTION * np.abs(d1) + 3.0 * unit
    side = np.abs(odd) + 0.5 * np.abs(even)
    slope = np.maximum(np.maximum(side[:-2], side[1:-1]), side[2:])
    return Windows(value, truncation, NOISE_WEIGHT * unit, contracts, slope)


def _aitken_distance(
    value: Floats, s2: Floats, d1: Floats, d2: Floats, unit: Floats, smooth: float
) -> Floats:
    """Distance to the limit of a geometric sequence, where its ratio is above a `smooth` function's."""
    suspicious = np.abs(d2) > smooth * np.abs(d1) + 3.0 * unit
    if not suspicious.any():
        return np.zeros_like(value)
    limit = s2 - d2 * d2 / np.where(suspicious, d2 - d1, 1.0)
    return np.where(suspicious, np.abs(value - limit), 0.0)


def one_sided(h: Floats, side: Floats, base: Floats, eta: Floats) -> tuple[Floats, Floats]:
    """One-sided slope and its error for every window of three rungs on one side (h is negative for the left side).

    F(h) = (phi(h) - phi(0)) / h = phi' + h phi''/2 + h^2 phi'''/6 + ..., so Richardson's orders are h and h^2.
    Noise is amplified by (1 + 1/3)(1 + 1/15) + ... < 2 at the smallest step, for each of the two values. A fractional
    order (x^1.5 at 0) shows in the ratio of contraction, and Aitken's value follows it.
    """
    slopes = (side - base) / h
    f0, f1, f2 = slopes[:-2], slopes[1:-1], slopes[2:]
    m1, m2 = (4.0 * f1 - f0) / 3.0, (4.0 * f2 - f1) / 3.0
    value = (16.0 * m2 - m1) / 15.0
    d1, d2, unit = f1 - f0, f2 - f1, 4.0 * eta / np.abs(h[2:])
    truncation = np.maximum(4.0 * np.abs(m2 - m1) / 15.0, _aitken_distance(value, f2, d1, d2, unit, 0.35))
    error = SAFETY * (truncation + unit)
    contracts = np.abs(d2) <= 0.6 * np.abs(d1) + unit
    return value, np.where(contracts & np.isfinite(error), error, np.inf)
