"""Directions along which f is moved: one entry, random signs, Gaussian; over one array or over all of them.

Every direction is a power-of-two step times a few-bit whole number (`quanta` / 16), so that x + t v is exact for a
power of two t well above an ulp of x: the displacement that really happens is the one that is meant. With the step as
large as the array, t = 1 moves x by about its own size, whatever the units of the input.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._point import Floats, Point, power_of_two

__all__ = ["Direction", "Part", "dense", "dots", "entry_sizes", "gaussian", "magnitudes", "signs", "units"]

QUANTUM = 1 / 16  # of the step: four bits below it, and a Gaussian up to 4 needs two above it
LOST = 128.0  # times eps of the array's size: a singular value decomposition drops less from a matrix
CHUNK = 2**15  # elements: what stays in a core's cache between two passes


@dataclass(frozen=True)
class Part:
    """The share of one array: v[index] = step * quanta / 16.

    Attributes
    ----------
    array : int
        Which variable.
    index : slice or array of int
    step : float or array
        Powers of two.
    quanta : array of int8
    """

    array: int
    index: Any
    step: Any
    quanta: NDArray[np.int8]

    def values(self) -> Floats:
        return np.asarray(self.quanta * (self.step * QUANTUM))

    def at(self, entries: Any) -> Floats:
        """v at some entries of a dense part, an index or a slice."""
        step = self.step if np.ndim(self.step) == 0 else self.step[entries]
        return np.asarray(self.quanta[entries] * (step * QUANTUM))

    def moved(self, x: Floats, t: float, out: Floats | None = None) -> Floats:
        """x + t v in the fewest passes over memory: a new array, or `out` where the part is dense."""
        if isinstance(self.index, slice):
            return self._dense(x, (t * QUANTUM) * self.step, np.empty_like(x) if out is None else out)
        y = x.copy()
        if self.quanta.size == 1 and isinstance(self.step, float):
            y[self.index[0]] += t * (float(self.quanta[0]) * QUANTUM * self.step)
        else:
            y[self.index] += t * self.values()
        return y

    def _dense(self, x: Floats, step: Any, y: Floats) -> Floats:
        for here in _chunks(x.size):
            piece = y[here]
            piece[...] = self.quanta[
                here
            ]  # converted first: a product of mixed types takes half as long again
            piece *= step if np.ndim(step) == 0 else step[here]
            piece += x[here]
        return y

    def dot(self, gradient: Floats) -> float:
        """<g, v>."""
        return float(sum(terms.sum() for terms in self._terms(gradient)))

    def magnitude(self, gradient: Floats) -> float:
        """Sum of |g v|: what the rounding of the dot product is proportional to."""
        return float(sum(np.abs(terms, out=terms).sum() for terms in self._terms(gradient)))

    def _terms(self, gradient: Floats) -> Iterator[Floats]:
        """The products g_i v_i, some at a time."""
        if isinstance(self.index, slice):
            for here in _chunks(gradient.size):
                yield gradient[here] * self.at(here)
        else:
            yield gradient[self.index] * self.values()


def _chunks(size: int) -> Iterator[slice]:
    """Pieces of a large array in which several passes cost little more than one."""
    return (slice(i, i + CHUNK) for i in range(0, size, CHUNK))


@dataclass(frozen=True)
class Direction:
    """One row of a measurement.

    Attributes
    ----------
    kind : str
        ``entry``, ``signs``, ``gaussian``.
    parts : tuple of Part
    finest : float
        The smallest t at which every x + t v is exact.
    """

    kind: str
    parts: tuple[Part, ...]
    finest: float

    def moved(
        self, coordinates: Sequence[Floats], t: float, room: dict[int, Floats] | None = None
    ) -> list[Floats]:
        """The coordinates at x + t v; arrays that do not move are the same objects.

        A large array that moves is written to its place in `room`, over what was there before.
        """
        moved = list(coordinates)
        for part in self.parts:
            x = moved[part.array]
            if room is not None and x.size > CHUNK and part.array not in room:
                room[part.array] = np.empty_like(x)
            place = None if room is None else room.get(part.array)
            moved[part.array] = part.moved(x, t, None if place is x else place)
        return moved

    def dot(self, gradients: Sequence[Floats]) -> float:
        """<g, v>."""
        if self.kind == "entry":
            part = self.parts[0]
            return float(gradients[part.array][part.index[0]] * part.step)
        return sum(part.dot(gradients[part.array]) for part in self.parts)

    def magnitude(self, gradients: Sequence[Floats]) -> float:
        """Sum of |g v|."""
        if self.kind == "entry":
            return abs(self.dot(gradients))
        return sum(part.magnitude(gradients[part.array]) for part in self.parts)

    def arrays(self, point: Point) -> list[Floats]:
        """v itself, one flat array for each variable."""
        whole = [np.zeros(x.size) for x in point.coordinates]
        for part in self.parts:
            whole[part.array][part.index] += part.values()
        return whole


def entry_sizes(x: Floats, typical: float) -> Floats:
    """Every entry's own size, a power of two; the array's where the entry is zero."""
    size = np.abs(x)
    usable = np.isfinite(size) & (size >= np.finfo(float).tiny)
    return np.where(usable, power_of_two(np.where(usable, size, 1.0)), typical)


def units(point: Point, array: int, entries: NDArray[np.intp], sizes: Floats, eps: float) -> list[Direction]:
    """Each of some coordinates by itself, moved in units of its size."""
    with np.errstate(invalid="ignore"):
        ratio = np.abs(point.coordinates[array][entries]) / sizes
    finest = _finest(np.where(np.isfinite(ratio), ratio, 0.0), eps, 1.0)
    quanta = np.array([16], dtype=np.int8)
    return [
        Direction("entry", (Part(array, index, size, quanta),), step)
        for index, size, step in zip(entries[:, None], sizes.tolist(), finest.tolist(), strict=True)
    ]


def dense(kind: str, parts: Sequence[Part], point: Point, eps: float) -> Direction:
    return Direction(kind, tuple(parts), max(_finest_of(point, part, eps) for part in parts))


def signs(point: Point, array: int, size: Any, rng: np.random.Generator, index: Any = None) -> Part:
    """Random signs times `size`, over a whole array or some of its coordinates."""
    x = point.coordinates[array]
    length = x.size if index is None else len(index)
    part = Part(array, slice(None) if index is None else index, size, _drawn(_SIGNS, length, rng))
    return _still_where_not_finite(point, part)


def _drawn(table: bytes, length: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """One of the table's 256 signed bytes for every random byte."""
    words = rng.integers(2**64, size=-(-length // 8), dtype=np.uint64)  # a quarter of the time of rng.bytes
    return np.frombuffer(bytearray(words.astype("<u8", copy=False)).translate(table), np.int8, length)


_SIGNS = np.where(np.arange(256) % 2, 16, -16).astype(np.int8).tobytes()


@lru_cache(maxsize=1)
def _bell() -> bytes:
    """The 256 equally likely values of a standard normal variable, in sixteenths: one random byte picks one.

    The largest is 2.9; the variance is 0.99. None is zero, so that every entry moves.
    """
    normal = NormalDist()
    sixteenths = np.rint([16.0 * normal.inv_cdf((i + 0.5) / 256.0) for i in range(256)])
    return np.where(sixteenths == 0, 1, sixteenths).astype(np.int8).tobytes()


def gaussian(point: Point, array: int, size: Any, rng: np.random.Generator) -> Part:
    """Standard normal numbers rounded to sixteenths, none of them zero, times `size`."""
    x = point.coordinates[array]
    return _still_where_not_finite(point, Part(array, slice(None), size, _drawn(_bell(), x.size, rng)))


def _still_where_not_finite(point: Point, part: Part) -> Part:
    """Infinite and NaN entries of an input (a mask of -inf, say) have no derivative and stay where they are."""
    if not np.isfinite(point.extent_of(part.array).largest):
        part.quanta[~np.isfinite(point.coordinates[part.array][part.index])] = 0
    return part


def _finest_of(point: Point, part: Part, eps: float) -> float:
    if isinstance(part.index, slice) and np.ndim(part.step) == 0:
        ratio = point.extent_of(part.array).largest / part.step
    else:
        x = np.abs(point.coordinates[part.array][part.index])
        ratio = float(np.max(np.where(np.isfinite(x), x, 0.0) / part.step))
    return float(_finest(ratio if np.isfinite(ratio) else 1.0, eps, QUANTUM))


def _finest(ratio: Any, eps: float, lowest: float) -> Any:
    """The least t for which t v is whole multiples of two ulp of x (x + t v may be one binade up).

    Zeros: what moves them by a few ulp of the others is lost beside these.
    """
    return np.where(ratio < eps, LOST * eps, 2.0 * eps * power_of_two(ratio) / lowest)


def dots(directions: Sequence[Direction], gradients: Sequence[Floats]) -> Floats:
    """<g, v> for each direction."""
    return _each(directions, gradients, Direction.dot, np.asarray)


def magnitudes(directions: Sequence[Direction], gradients: Sequence[Floats]) -> Floats:
    """Sum of |g v| for each direction."""
    return _each(directions, gradients, Direction.magnitude, np.abs)


def _each(
    directions: Sequence[Direction],
    gradients: Sequence[Floats],
    one: Callable[[Direction, Sequence[Floats]], float],
    many: Callable[[Floats], Floats],
) -> Floats:
    """`one` of every dense direction; single entries, of which there may be thousands, all at once by `many`."""
    found = np.empty(len(directions))
    for array, (rows, index, steps) in _entries(directions).items():
        found[rows] = many(gradients[array][index] * steps)
    for i, direction in enumerate(directions):
        if direction.kind != "entry":
            found[i] = one(direction, gradients)
    return found


def _entries(directions: Sequence[Direction]) -> dict[int, tuple[list[int], list[int], list[float]]]:
    """Array -> rows of its single entries, with their coordinates and steps."""
    found: dict[int, tuple[list[int], list[int], list[float]]] = {}
    for row, direction in enumerate(directions):
        if direction.kind == "entry":
            part = direction.parts[0]
            rows, index, steps = found.setdefault(part.array, ([], [], []))
            rows.append(row)
            index.append(int(part.index[0]))
            steps.append(part.step)
    return found
