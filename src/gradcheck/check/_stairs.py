"""Steps of f's own rounding that are too wide for the ladder: flat between them, and on their slope as a whole.

log(1 - p) of a saturated p stands still while p does, and moves by a third of its value where p takes the next number.
Within a tread every difference is exact and says that the slope is 0 (or that of f's other terms); the slope of the
whole staircase, which a right claim gives, is the height of its risers over the length of its treads.

A claim that looks wrong by e = claimed - measured is therefore held against f(x + t v) far off:

1. What the slope and the curvature at x leave of f's way, r(t), grows at most eightfold as t doubles where f is smooth.
   A riser makes it leap to a share of e t.
2. Of equally spaced values around x the differences at risers stand out from their neighbours. All risers together,
   over the length that they were found on, are the slope that the treads hide.
3. Bisection of one riser ends in a jump; a way that is merely steep shrinks with the interval.

Where that slope is e, f's values hide what is claimed, and nothing can be decided there; nor along other lines on which
such a riser could hide what is claimed, being no further away than its height over e. A single jump of f itself, or
risers that do not add up to e, excuse nothing; and nothing excuses what a wide piece with a slope of its own shows of
one entry (a remainder's between two jumps).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._compare import Comparison, Outcome
from gradcheck.check._direction import Direction
from gradcheck.check._function import Lines
from gradcheck.check._judge import replaced, some
from gradcheck.check._plan import Tier, units_of
from gradcheck.check._point import Floats
from gradcheck.check._scene import Scene
from gradcheck.differentiate._estimate import Status

__all__ = ["hidden", "left_open", "stairs_excused"]

# of the input's size: from below the ladder's top rung to half of it
DISTANCES = 2.0 ** np.arange(-10.0, 0.0)
CURVATURE = 2.0**-12  # the step from which the curvature at x is taken
UNITS = 1.0, 2.0**-10, 2.0**-20  # of them: a leap at the least distance asks for lesser ones
LEAST = 0.25  # of e t: what the first riser leaves at least at the next of the doubling distances
LEAP = 16.0  # from one distance to the next: a smooth way of third order makes 8
# half the length searched for risers: from twice the first one's distance on
NEAR, WIDER, FAR = 2.0, 2.0, 0.5
POINTS = 64  # intervals of that length
BESIDE = 5  # differences on each side of one to whose median it is compared
RISERS = 2  # one may be f's own
STANDS_OUT = 8.0  # times the median of the differences' distances from their neighbours
LOW = 0.1  # of the highest: what is lower is no riser
ALIKE = 0.5, 2.0  # the risers' slope over e: of three treads the first and the last are cut off
HALVINGS, JUMP = 24, 0.5  # a smooth way has shrunk by 2^-24 after them, a jump keeps most of its height
CLEAR = 16.0  # times the noise
# of the slope, and times the median: a smooth function's sixth differences are much alike
SMALL, SEAM = 1e-3, 1e3
TALL = 1e-2  # of what the slope makes of the input's size: a higher jump is f's own, and no tolerance
# of the input's size: the widest treads of rounding, where a logistic is 1 but for its last bit, end sooner; a piece
# that is as wide, and has a slope of its own so many times its error, is f's own
PIECE, SLOPED = 2.0**-5, 1e3
MANY, FEW = 32, 2  # such lengths that are searched, in a small problem and in a large one
SEARCHED = 1000  # coordinates up to which a small excess is worth 260 evaluations
ROWS, TRIES = 64, 4  # accused rows that are looked at, and those among which a staircase must be


@dataclass(frozen=True)
class _Way:
    """f along one direction, contracted with the cotangent under which the claim looks most wrong."""

    lines: Lines
    weights: Floats
    base: float
    slope: float
    excess: float
    noise: float
    is_sloped: bool

    def values(self, t: Floats) -> Floats:
        """f(x + t v) - f(x); NaN where it is not finite."""
        values = self.lines.evaluate(np.zeros(len(t), dtype=np.intp), t)
        with np.errstate(all="ignore"):
            found = values @ self.weights - self.base
        return np.where(np.isfinite(found), found, np.nan)

    def riser(self, first: float) -> float:
        """The height of the highest of several risers that make up for the excess of the claim; 0 if there are none."""
        spans = NEAR * first * WIDER ** np.arange(MANY if self.is_small else FEW)
        return next((height for s in spans if s <= FAR and (height := self._hidden_in(float(s)))), 0.0)

    @property
    def is_small(self) -> bool:
        """In a large problem an accusation must not cost more than naming the entries."""
        return self.lines.point.size <= SEARCHED

    def hides(self, first: float, height: float) -> bool:
        """Whether risers as high as that, the first between `first` and its half, could have the excess as slope."""
        return abs(self.excess) * 0.5 * first <= height

    def seam(self) -> float:
        """The height of the highest jump between smooth pieces that only sixth differences show; 0 if there is none.

        That is what a solver leaves that stops at a tolerance, another number of iterations on each side. It can only
        hide a small excess.
        """
        if not abs(self.excess) <= SMALL * abs(self.slope):
            return 0.0
        t = np.linspace(-0.5 * FAR, 0.5 * FAR, 2 * POINTS + 1)
        heights = self._sixth(t)
        least = SEAM * float(np.median(heights)) + CLEAR * self.noise
        if not least < heights.max() <= TALL * abs(self.slope):  # NaN: f is not defined there
            return 0.0
        first = int(heights.argmax())
        closer = self._sixth(np.linspace(t[first], t[first + 6], 2 * POINTS + 1))
        return float(closer.max()) if closer.max() >= JUMP * heights.max() else 0.0

    def _sixth(self, t: Floats) -> Floats:
        """How high jumps are whose sixth differences these are: the largest coefficient of fifth ones is 10."""
        return np.asarray(np.abs(np.diff(self.values(t), n=6)) / 10.0)

    def first_riser(self) -> float:
        """The least of the doubling distances at which r leaps; infinite where it never does."""
        first = np.inf
        for unit in UNITS:
            found = self._first_leap(unit * DISTANCES, unit * CURVATURE)
            first = min(first, found)
            if found > unit * DISTANCES[0]:
                break
        return first

    def _first_leap(self, distances: Floats, near: float) -> float:
        curve = float(self.values(np.array([near, -near])).sum()) / near**2
        found = np.inf
        for side in (1.0, -1.0):
            t = side * distances
            left = np.abs(self.values(t) - self.slope * t - 0.5 * curve * t * t)
            before = np.concatenate([[0.0, 0.0], left[:-1]])
            leaps = (left > LEAP * before[1:]) | (left > LEAP**2 * before[:-1])
            bent = (t / near) ** 2 if curve else 0.0  # what noise makes of the curvature
            leaps &= left > LEAP * self.noise * (1.0 + bent)
            way = np.abs(self.excess * t)
            leaps &= (left >= LEAST * way) & (
                before[1:] <= way
            )  # no smooth way that has long outgrown the excess
            found = min(found, float(np.min(distances[leaps], initial=np.inf)))
        return found

    def _hidden_in(self, span: float) -> float:
        """The height of the highest riser within `span` of x, where they all make up for the excess; else 0."""
        t = np.linspace(-span, span, POINTS + 1)
        windows = np.lib.stride_tricks.sliding_window_view(np.diff(self.values(t)), 2 * BESIDE + 1)
        whole = np.isfinite(windows).all(axis=1)
        if whole.sum() < POINTS // 4:
            return 0.0
        apart = np.where(whole, windows[:, BESIDE] - np.median(windows, axis=1), 0.0)
        height = np.abs(apart)
        least = max(
            STANDS_OUT * float(np.median(height[whole])) + CLEAR * self.noise, LOW * float(height.max())
        )
        risers = np.flatnonzero(height >= least)
        share = float(apart[risers].sum()) / (whole.sum() * (t[1] - t[0])) / self.excess
        if len(risers) < RISERS or not ALIKE[0] <= share <= ALIKE[1]:
            return 0.0
        highest = int(height.argmax())
        jumps = self._jumps(float(t[BESIDE + highest]), float(t[BESIDE + highest + 1]))
        return float(height[highest]) if jumps else 0.0

    def _jumps(self, a: float, b: float) -> bool:
        """Whether f's way from a to b is made in one point of it."""
        left, right = (float(v) for v in self.values(np.array([a, b])))
        least = max(JUMP * abs(right - left), CLEAR * self.noise)
        for _ in range(HALVINGS):
            t = 0.5 * (a + b)
            middle = float(self.values(np.array([t]))[0])
            if abs(middle - left) >= abs(right - middle):
                b, right = t, middle
            else:
                a, left = t, middle
            if not abs(right - left) >= least:
                return False
        return True


def stairs_excused(scene: Scene, tier: Tier, comparison: Comparison) -> Comparison:
    """`comparison` with accusations left open where f moves in steps that hide the claimed slope."""
    wrong = np.flatnonzero(_accused(comparison).any(axis=1))
    wrong = wrong[np.argsort(-_margin(comparison)[wrong].max(axis=1))][:ROWS]
    rows = wrong[_on_stairs(_ways(scene, tier, comparison, wrong, arrays_size=True))]
    small = np.array([_is_small_entry(scene, tier.rows[i].direction) for i in wrong], dtype=bool)
    rest = np.setdiff1d(wrong[small], rows, assume_unique=True)
    own = rest[_on_stairs(_ways(scene, tier, comparison, rest, arrays_size=False))]
    rows = np.concatenate([rows, own])
    return replaced(comparison, rows, left_open(some(comparison, rows))) if len(rows) else comparison


def _ways(
    scene: Scene, tier: Tier, comparison: Comparison, rows: NDArray[np.intp], *, arrays_size: bool
) -> Iterator[_Way]:
    return (_way(scene, tier.rows[i].direction, some(comparison, [i]), arrays_size=arrays_size) for i in rows)


def _is_small_entry(scene: Scene, direction: Direction) -> bool:
    part = direction.parts[0]
    return direction.kind == "entry" and bool(part.step < scene.instrument.point.size_of(part.array))


def _on_stairs(ways: Iterator[_Way]) -> list[int]:
    """The numbers of the ways whose excess may be that of stairs.

    The first that does not even leap ends the search for any, and the first whose risers make up for its excess says
    how high they are.
    """
    seen: list[tuple[int, _Way, float]] = []
    height = 0.0
    for number, way in enumerate(ways):
        first = way.first_riser()
        if way.is_sloped and FAR > first >= PIECE:  # a remainder's piece between two jumps
            continue
        height = height or way.riser(first)
        if not height and way.is_small:
            height = way.seam()
            first = min(first, FAR) if height else first
        seen.append((number, way, first))
        if not height and (len(seen) == TRIES or not np.isfinite(first) or not way.is_small):
            return []
    if not height:
        return []
    return [i for i, way, first in seen if way.hides(first, height) or way.riser(first)]


def hidden(comparison: Comparison) -> NDArray[np.bool_]:
    """What was left open because of stairs: a jump of f itself has no measured slope."""
    jump = comparison.measured.status == Status.JUMP.value
    return np.asarray(
        (comparison.outcome == Outcome.UNDECIDED) & jump & np.isfinite(comparison.measured.value)
    )


def _accused(comparison: Comparison) -> NDArray[np.bool_]:
    finite = np.isfinite(comparison.claimed) & np.isfinite(comparison.measured.value)
    return np.asarray((comparison.outcome == Outcome.WRONG) & finite)


def _margin(comparison: Comparison) -> Floats:
    return np.where(_accused(comparison), np.nan_to_num(comparison.margin, nan=0.0, posinf=np.inf), -1.0)


def _way(scene: Scene, direction: Direction, row: Comparison, *, arrays_size: bool) -> _Way:
    """A small entry is moved in its array's size first: the treads of a layer's output are no narrower for it, those of
    an elementwise function are."""
    instrument, k = scene.instrument, int(_margin(row)[0].argmax())
    size, part = 1.0, direction.parts[0]
    if arrays_size and _is_small_entry(scene, direction):
        direction = units_of(instrument, part.array, part.index, size=1.0)[0]
        size = direction.parts[0].step / part.step
    weights, slope = scene.weights[k], float(row.measured.value[0, k]) * size
    return _Way(
        Lines(instrument.function, instrument.point, instrument.outputs, [direction]),
        weights,
        base=float(np.nan_to_num(instrument.base, posinf=0.0, neginf=0.0) @ weights),
        slope=slope,
        excess=float(row.claimed[0, k]) * size - slope,
        noise=float(np.nan_to_num(instrument.noise, posinf=0.0) @ np.abs(weights)),
        is_sloped=direction.kind == "entry"
        and bool(abs(row.measured.value[0, k]) > SLOPED * row.measured.error[0, k]),
    )


def left_open(rows: Comparison) -> Comparison:
    wrong = rows.outcome == Outcome.WRONG
    return replace(
        rows,
        outcome=np.where(wrong, Outcome.UNDECIDED, rows.outcome),
        measured=replace(rows.measured, status=np.where(wrong, Status.JUMP.value, rows.measured.status)),
        bound=np.where(wrong, np.maximum(rows.bound, rows.distance), rows.bound),
    )
