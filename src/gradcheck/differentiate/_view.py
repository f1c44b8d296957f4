"""What seven equally spaced values of a function show: noise, stairs, or nothing."""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate._ecnoise import ecnoise
from gradcheck.differentiate._window import EPS, Floats

__all__ = [
    "EPS_SINGLE",
    "SHORT",
    "SIMPLE",
    "STAIRS",
    "View",
    "are_float32",
    "has_few_digits",
    "is_left_over",
    "is_short",
]

SIGMAS = 4.0  # eta bounds the noise, sigma is its standard deviation: uniform noise has 1.7, Gaussian seldom above 3
EPS_SINGLE = float(np.finfo(np.float32).eps)
STAIRS = (
    2.0**-18
)  # stairs this high beside the values are not float32's, unless f cancels: a loss of 6 of its 24 bits
# Stairs below a thousand ulp of values further off are left over from values of that size.
CANCELLED = 2.0**-42
LEAST = (
    2.0**-56
)  # what numbers of the size of 1/8 leave over; smaller stairs are no rounding of anything near 1
DIGITS = 1e-6  # of the last digit: other numbers come so near by chance, one in 10^5; ulp of values 10^9 times as large
KINKED = 8.0  # ECNoise's own scatter is a factor of 4: one estimate is so far above another if it saw something else

SIMPLE = 12  # bits: a constant with no more may well be a literal, and few of them times a step a double
SHORT = (
    22  # bits: of float32's 24 not all of several values end in two zeros, unless numbers cancelled in them
)
ROUNDING = (
    4.0  # third differences of values that are rounded to the last bit: (1 + 3 + 3 + 1) / 2 ulp at most
)

# Of the square of a step relative to the input's size: third differences beside first ones, of a function that bends on
# that size. Stairs at the longest step that nothing showed at the next one, 2^-9 of it, add no less than 2^-7.
BENT = 2.0
# Of curves: third differences beside first ones; fourth and fifth beside third, of which stairs have even more.
CURVED, STEADY = 2.0**-4, 0.25
LONG = 2.0**-10  # of the input's size: a step in which float32's own stairs are lost

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class View:
    """Seven equally spaced values (7, rows, p); everything that follows from them is (rows, p).

    Attributes
    ----------
    values : (7, rows, p)
    sigma : (rows, p)
        Standard deviation of their noise.
    settled : (rows, p)
        Whether it could be told.
    """

    values: Floats
    sigma: Floats
    settled: Bools

    @classmethod
    def of(cls, values: Floats) -> "View":
        """Third differences where they show rounding alone, as nearly always; ECNoise where they show more.

        At the smallest step a smooth function's third differences lie far below rounding.
        """
        third = np.abs((values[3:] - values[:-3]) - 3.0 * (values[2:-1] - values[1:-2])).max(axis=0)
        sigma, settled = third / np.sqrt(20.0), np.ones(third.shape, dtype=bool)
        more = ~(third <= ROUNDING * EPS * np.abs(values[0])).all(axis=1)
        if more.any():
            sigma[more], settled[more] = _without_a_jump_at_x(values[:, more])
        return cls(values, sigma, settled)

    @cached_property
    def gaps(self) -> Floats:
        """Distances of neighbours, (6, rows, p)."""
        return np.abs(self.values[1:] - self.values[:-1])

    @cached_property
    def still(self) -> Bools:
        """Neighbours that are equal, (6, rows, p)."""
        return np.asarray(self.gaps == 0)

    @cached_property
    def size(self) -> Floats:
        """The largest value."""
        return np.asarray(np.abs(self.values).max(axis=0))

    @cached_property
    def finite(self) -> Bools:
        """Every value is."""
        return np.isfinite(self.size)

    @cached_property
    def equal(self) -> Bools:
        """Half of the neighbours are equal: the step is too small."""
        return np.asarray(np.add.reduce(self.still, axis=0, dtype=np.intp) >= len(self.still) // 2)

    @cached_property
    def varies(self) -> Bools:
        """Some value differs from its neighbour."""
        return self.finite & ~self.still.all(axis=0)

    @cached_property
    def varies_beyond_x(self) -> Bools:
        """Some value away from x differs from its neighbour."""
        return self.finite & ~self.still[1:].all(axis=0)

    @cached_property
    def noise(self) -> Floats:
        """A bound on the noise: 4 sigma, or half the height of the lowest stair where there are stairs."""
        bound = SIGMAS * self.sigma
        if self.still.any():
            gaps = self.gaps[1:]
            lowest = np.where(gaps > 0, gaps, np.inf).min(axis=0)
            stairs = (gaps == 0).any(axis=0) & np.isfinite(lowest)
            bound = np.where(stairs, np.maximum(bound, lowest / 2.0), bound)
        return np.where(self.finite, bound, 0.0)

    @cached_property
    def told(self) -> Bools:
        """The noise could be told, or there is none at this step."""
        return self.finite & (self.settled | self.equal)

    @cached_property
    def is_float32(self) -> Bools:
        """Every value is a float32 number, and not all of them have a few bits only."""
        found = self.finite & are_float32(self.values)
        if found.any():
            found[found] = ~is_short(self.values[:, found], SIMPLE).all(axis=0)
        return found

    @cached_property
    def lowest(self) -> Floats:
        """The least distance of neighbours that differ."""
        return np.asarray(np.where(self.still, np.inf, self.gaps).min(axis=0))

    def is_bend(self, level: float) -> Bools:
        """The way to a kink, like relu's, and no stairs: x is on another piece than the values beyond some point.

        Either nothing moves near x and everything does beyond, by a number of few digits only by accident; or all is
        smooth beyond x, seen with a step of `level` times the input's size.
        """
        waits = self.still[0] & (np.logical_and.accumulate(self.still, axis=0) == self.still).all(axis=0)
        waits &= np.isfinite(self.lowest) & ~has_few_digits(self.lowest)
        third = np.diff(self.values[1:], n=3, axis=0)
        size = np.abs(third).max(axis=0)
        higher = np.maximum(
            np.abs(np.diff(third, axis=0)).max(axis=0), np.abs(np.diff(third, n=2, axis=0)).max(axis=0)
        )
        steady = (size <= CURVED * self.gaps.max(axis=0)) & (higher <= STEADY * size)
        straight = size <= np.maximum(ROUNDING * EPS * self.size, BENT * level**2 * self.gaps[1:].min(axis=0))
        smooth = (straight | steady) & ~self.still[1:].any(axis=0) & ~self.is_decimal
        if level < LONG:
            smooth &= ~self.is_float32
        return np.asarray(waits | smooth)

    @cached_property
    def has_many_stairs(self) -> Bools:
        """At least two of them: one alone may be a jump of a function that is smooth elsewhere."""
        return np.asarray((self.gaps > 0).sum(axis=0) >= 2)

    def straight(self) -> Bools:
        """A perfect arithmetic progression, as float32 values form by chance."""
        curved = np.abs(np.diff(self.values, n=2, axis=0)).max(axis=0)
        return np.asarray(curved <= EPS * self.size)

    def shows_slope(self, ratio: float) -> Bools:
        """A double computation would have shown this slope at a step `ratio` times this one as well."""
        return np.asarray(np.abs(self.values[-1] - self.values[0]) * ratio > 8.0 * EPS * self.size)

    def louder(self, other: "View") -> "View":
        """Element by element the one with more noise, of those that could be told.

        An arithmetic progression counts as not told, and so does what lies beyond the kink of a function that is
        exactly 0 on this side, like relu: 0 has no rounding.
        """
        zero, other_zero = (np.asarray((v.values == 0).all(axis=0)) for v in (self, other))
        mine = self.told & ~self.straight() & ~other_zero
        theirs = other.told & ~other.straight() & ~zero
        keep = np.where(mine == theirs, self.noise >= other.noise, mine)
        keep = np.where(self.finite == other.finite, keep, self.finite)
        return View(*(np.where(keep, getattr(self, f.name), getattr(other, f.name)) for f in fields(View)))

    def noise_of_stairs(self) -> Floats:
        """For a function with a slope that smaller steps did not show: those of a precision, or stairs of its own.

        floor, round and mod are on the scale of many stairs as good as straight lines with noise. They differ from a
        coarse precision in that their stairs have a round height, or are far too high for any precision that is in use.
        Theirs is no noise: it is infinite.
        """
        own = self.is_round | (~self.is_float32 & (self.noise > STAIRS * self.size))
        return np.where(own, np.inf, self.noise)

    @cached_property
    def is_round(self) -> Bools:
        """Every value is a round number, or has at most 22 bits; stairs and all.

        Of float32's 24 bits all 13 values would not end in two zeros.
        """
        short = is_short(self.values, SHORT).all(axis=0) & (self.lowest > 2.0**-23 * self.size)
        return np.asarray(self.is_decimal | short)

    @cached_property
    def is_decimal(self) -> Bools:
        """Every value is an integer below 2^24, or a multiple of 1/1000 or 1/1024; stairs and all.

        Above 2^13 all float32 numbers are multiples of 1/1024.
        """
        stair = self.lowest
        small = (self.size < np.where(self.is_float32, 2.0**13, 2.0**30)) & (stair > 0.9 / 1024.0)
        multiple = _all_integers(self.values * 1000.0) | _all_integers(self.values * 1024.0)
        integer = _all_integers(self.values) & (self.size < 2.0**24) & (stair > 0.9)
        return np.asarray((small & multiple) | integer)


def _without_a_jump_at_x(values: Floats) -> tuple[Floats, Bools]:
    """ECNoise of all values; of all but f(x) where that is much less: a jump at x itself is no noise."""
    sigma, settled = ecnoise(values)
    gaps = np.abs(values[1:] - values[:-1])
    if not (gaps[0] > KINKED * gaps[1:].max(axis=0)).any():
        return sigma, settled
    rest, rest_settled = ecnoise(values[1:])
    less = (rest < sigma / KINKED) & (rest_settled | (gaps[1:] == 0).all(axis=0))
    return np.where(less, rest, sigma), np.where(less, rest_settled, settled)


def are_float32(values: Floats) -> Bools:
    """Every value is a float32 number, as results of a double computation are not by chance, integers apart."""
    return np.asarray((values.astype(np.float32) == values).all(axis=0))


def is_short(values: Floats, bits: int) -> Bools:
    """Numbers of at most so many significant bits."""
    mantissa = np.ldexp(np.frexp(values)[0], bits)
    return np.asarray(np.rint(mantissa) == mantissa)


def is_left_over(quantum: Floats, size: Floats) -> Bools:
    """Stairs so low that they are rounding of numbers that cancel: of f's values elsewhere, or of the size of 1."""
    return np.asarray((quantum <= CANCELLED * size) | ((quantum <= CANCELLED) & (quantum >= LEAST)))


def has_few_digits(values: Floats) -> Bools:
    """Numbers of at most 8 bits or 2 decimals, rounding apart."""
    bits = np.ldexp(np.frexp(np.abs(values))[0], 8)
    decimals = np.abs(values) * 10.0 ** (1.0 - np.floor(np.log10(np.abs(values))))
    return np.asarray(
        np.minimum(np.abs(np.rint(bits) - bits), np.abs(np.rint(decimals) - decimals)) <= DIGITS
    )


def _all_integers(values: Floats) -> Bools:
    return np.asarray((np.abs(np.rint(values) - values) <= EPS * np.abs(values)).all(axis=0))
