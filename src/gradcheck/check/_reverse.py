"""The claim's side of a comparison, for claims that turn a cotangent into gradients."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._direction import Direction, Part, dots, magnitudes
from gradcheck.check._function import Exhausted, Function
from gradcheck.check._match import Gradients, match
from gradcheck.check._outputs import Outputs
from gradcheck.check._point import Floats, Point
from gradcheck.check._verdict import Finding
from gradcheck.differentiate._errors import UsageError

__all__ = [
    "FLOOR",
    "MIXERS",
    "SCATTER",
    "ULPS",
    "WIDE",
    "ClaimRaised",
    "Reverse",
    "Rounding",
    "conjugated",
    "floor",
    "jostled",
    "spread_of",
    "third_differences",
]

ULPS = (
    2.0,
    3.0,
    5.0,
)  # how far the inputs are moved, all outwards: a claim that branches at a kink stays on one side of it
WIDE = 256.0 * np.arange(1.0, 9.0)  # ulps: where a few of them change nothing inside the claim, these do
MIXERS = tuple(
    np.uint64(m) for m in (0x6A09E667F3BCC909, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B)
)  # what follows the point in the roots of 2, 3 and 5: multiplicative hashing (Knuth 3, 6.4) wants odd numbers
STRETCH = 1 / 61  # of the cotangent, no power of two: all of its digits change
SCATTER = 4.0  # times the range of three draws, 1.7 standard deviations on average: nearly seven of them
FLOOR = 16.0  # a range of zero happens too: at least this many eps of the terms that are summed
KEPT = 100_000  # coordinates up to which moved gradients are kept for the next question


class ClaimRaised(Exception):
    """The claim raised where f has a value."""

    def __str__(self) -> str:
        error = self.args[0]
        return f"{type(error).__name__}: {error}"


@dataclass
class Reverse:
    """A VJP (or a gradient, a backward pass, a Jacobian) with its evaluations counted.

    Attributes
    ----------
    pull : callable
        ``pull(cotangent, arguments)`` -> what the claim returns.
    name : str
    uses_cotangent : bool
        Whether linearity in the cotangent is the claim's own doing.
    explain : callable, optional
        (scene, number of the input, finding) -> the finding explained, or None, for claims that know a better way.
    late : callable, optional
        ``late(cotangent, arguments, later)`` -> what a claim that keeps a cache returns for `arguments` when its
        forward pass has meanwhile been called with `later`.
    account : Function, optional
        On whose budget are the calls of f that the claim makes itself, to fill its cache.
    """

    pull: Callable[[Any, tuple[Any, ...]], Any]
    name: str
    uses_cotangent: bool = True
    conjugate: bool = False
    evaluations: int = 0
    explain: Callable[[Any, int, Finding], Finding | None] | None = None
    late: Callable[[Any, tuple[Any, ...], tuple[Any, ...]], Any] | None = None
    account: Function | None = None

    def raw(self, cotangent: Any, arguments: tuple[Any, ...]) -> Any:
        """One call of the claim; raises `ClaimRaised` where it raises."""
        return self.counted(self.pull, cotangent, arguments)

    def counted(self, pull: Callable[..., Any], *arguments: Any) -> Any:
        """One call of one of the claim's forms."""
        self.evaluations += 1
        try:
            with np.errstate(all="ignore"):
                return pull(*arguments)
        except (UsageError, Exhausted):
            raise
        except Exception as error:
            raise ClaimRaised(error) from error

    def gradients(self, w: Floats, point: Point, outputs: Outputs) -> Gradients:
        """The claim for a flat cotangent, on copies."""
        cotangent = self.cotangent(w, point, outputs)
        return self.parsed(self.raw(cotangent, point.arguments(point.copies())), w, point, outputs)

    def cotangent(self, w: Floats, point: Point, outputs: Outputs) -> Any:
        """A flat cotangent as the claim takes it."""
        return outputs.cotangent(conjugated(w, outputs) if self.conjugate else w, narrow=point.is_narrow)

    def parsed(self, result: Any, w: Floats, point: Point, outputs: Outputs) -> Gradients:
        """What the claim returned for the flat cotangent `w`, input by input."""
        return match(result, point, conjugate=self.conjugate, name=self.name)


def conjugated(w: Floats, outputs: Outputs) -> Floats:
    """A cotangent, or an output, in the other convention: imaginary parts negated."""
    signs = [
        np.tile([1.0, -1.0], n // 2) if d is not None and d.kind == "c" else np.ones(n)
        for n, d in zip(outputs.sizes, outputs.dtypes, strict=True)
    ]
    return np.asarray(w * np.concatenate(signs))


@dataclass
class Rounding:
    """How much of a claim is its own rounding: what changes when the inputs move by a few ulp.

    All entries are scaled by the same 1 + k eps, so that zeros stay zeros and ties stay ties. What counts is
    the scatter of the moved claims among each other: a claim that is special at the very point is no noise.
    """

    reverse: Reverse
    point: Point
    outputs: Outputs
    weights: Floats
    eps: float
    cache: dict[int, list[tuple[Floats, ...]]] = field(default_factory=dict)
    asked: dict[tuple[int, int], tuple[Direction, float]] = field(default_factory=dict)

    def along(self, directions: Sequence[Direction], k: int) -> Floats:
        """The scatter of the claim for cotangent k along each direction.

        A spread of three is a poor estimate for a single direction, so the spread of all directions together,
        relative to all their sizes, is another lower bound for each. A direction along which the claim cancels to
        nothing but rounding has a spread as large as itself, and counts for no more than that."""
        draws, size = np.empty((0, len(directions))), np.zeros(len(directions))
        for g in self._moved(k):
            draws = np.vstack([draws, dots(directions, g)])
            size = magnitudes(directions, g)
        size = np.where(np.isfinite(size), size, 0.0)
        spread = spread_of(draws)
        common = size * (_norm(spread) / _norm(size)) if size.any() else 0.0
        return np.maximum(spread, common)

    def wide(self, directions: Sequence[Direction], k: int) -> Floats:
        """The same from third differences at eight points further out, which a smooth claim has none of, and from
        entries that move each by its own few ulp: to a claim that reads differences of large numbers (an offset that
        all share) those that move together are the same input."""
        new = [d for d in directions if (id(d), k) not in self.asked]
        if new:
            draws = np.array([dots(new, g) for g in (self._at(k, float(u)) for u in WIDE)])
            apart = np.array([dots(new, g) for g in (self._jostled(k, m) for m in MIXERS)])
            noise = third_differences(draws) + spread_of(apart)
            self.asked |= {(id(d), k): (d, r) for d, r in zip(new, noise, strict=True)}
        return np.array([self.asked[id(d), k][1] for d in directions])

    def residue(self, directions: Sequence[Direction], k: int) -> Floats:
        """The same where the cotangent is stretched from point to point, which adds nothing for a linear claim: terms
        of it that cancel may round alike wherever the inputs are. No entry has less than any other of its array."""
        own = third_differences(np.array([dots(directions, g) for g in self._stretched(k)]))
        norms = [np.linalg.norm([self.residues[p.array] * _length(p) for p in d.parts]) for d in directions]
        return np.maximum(own, norms)

    @cached_property
    def residues(self) -> list[float]:
        """For each input the residue of the entry that has most of it, for the first two cotangents."""
        bounds = [
            [
                third_differences(np.array(draws)).max(initial=0.0)
                for draws in zip(*self._stretched(k), strict=True)
            ]
            for k in range(min(2, len(self.weights)))
        ]
        return [float(max(both)) for both in zip(*bounds, strict=True)]

    @cached_property
    def jitter(self) -> list[Floats]:
        """The scatter of each entry of each input for the first cotangent: large where the claim is chaotic."""
        with np.errstate(invalid="ignore"):
            return [SCATTER * np.ptp(draws, axis=0) for draws in zip(*self._moved(0), strict=True)]

    def _stretched(self, k: int) -> Iterator[tuple[Floats, ...]]:
        return (self._at(k, float(ulps), 1.0 + i * STRETCH) for i, ulps in enumerate(WIDE))

    def _moved(self, k: int) -> Iterator[tuple[Floats, ...]]:
        """The gradients at three points a few ulp away; large ones are made again rather than kept."""
        if k in self.cache:
            yield from self.cache[k]
            return
        for ulps in ULPS:
            moved = self._at(k, ulps)
            if self.point.size <= KEPT:
                self.cache.setdefault(k, []).append(moved)
            yield moved

    def _at(self, k: int, ulps: float, stretch: float = 1.0) -> tuple[Floats, ...]:
        moved = [x * (1.0 + ulps * self.eps) for x in self.point.coordinates]
        return self._of(stretch * self.weights[k], self.point.moved_to(moved))

    def _jostled(self, k: int, mixer: np.uint64) -> tuple[Floats, ...]:
        return self._of(self.weights[k], jostled(self.point, self.eps, mixer))

    def _of(self, w: Floats, point: Point) -> tuple[Floats, ...]:
        return self.reverse.gradients(w, point, self.outputs).flat


def _length(part: Part) -> float:
    return float(np.linalg.norm(part.values()))


def _norm(x: Floats) -> float:
    """Euclidean, of numbers whose squares may vanish or overflow."""
    largest = float(np.max(np.abs(x)))
    return largest * float(np.linalg.norm(x / largest)) if largest else 0.0


def jostled(point: Point, eps: float, mixer: np.uint64) -> Point:
    """Each entry moved outwards by its own 2 to 5 ulp; zeros stay, equal and opposite numbers move alike."""
    moved = []
    for x in point.coordinates:
        hashed = np.abs(x).view(np.uint64) * mixer >> np.uint64(62)
        moved.append(x * (1.0 + (2.0 + hashed) * eps))
    return point.moved_to(moved)


def spread_of(draws: Floats) -> Floats:
    """Bound on the noise of numbers of which three were drawn, (3, rows) -> (rows,)."""
    with np.errstate(all="ignore"):
        spread = draws.max(axis=0) - draws.min(axis=0)
    return np.asarray(SCATTER * np.nan_to_num(spread, nan=0.0, posinf=0.0))


def third_differences(draws: Floats) -> Floats:
    """Bound on the noise of numbers at equidistant points, (points, rows) -> (rows,)."""
    with np.errstate(all="ignore"):
        noise = np.abs(np.diff(draws, n=3, axis=0)).max(axis=0) / np.sqrt(20.0)  # 1 + 9 + 9 + 1
    return np.asarray(SCATTER * np.nan_to_num(noise, nan=0.0, posinf=0.0))


def floor(gradients: Sequence[Floats], directions: Sequence[Direction], eps: float) -> NDArray[np.float64]:
    """The rounding that any sum of these terms has."""
    sizes = magnitudes(directions, gradients)
    return FLOOR * eps * np.where(np.isfinite(sizes), sizes, 0.0)
