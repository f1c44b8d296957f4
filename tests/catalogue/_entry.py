"""A function of NumPy or SciPy with its known derivative, and the points to judge it at."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
INF = float("inf")

# Zeros of both signs, ones, negatives, a repeated value, saturation, tiny and huge.
SPECIAL = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 0.5, -3.0, 50.0, -50.0, 700.0, -700.0, 1e-8, -1e-8, 1e8, -1e8)


@dataclass(frozen=True)
class Entry:
    """One function: ``f(*inputs)``, ``vjp(cotangent, *inputs)`` and the points, each a tuple of inputs.

    `points` is read once for each test; the first point is the plausible one, the others are special.
    """

    name: str
    f: Callable[..., Any]
    vjp: Callable[..., tuple[Any, ...]]
    points: Callable[[np.random.Generator], list[tuple[Array, ...]]]

    def all_points(self) -> list[tuple[Array, ...]]:
        """The points of this entry: the same on every machine."""
        return self.points(np.random.default_rng(crc32(self.name.encode())))


def elementwise(
    name: str,
    f: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    low: float = -INF,
    high: float = INF,
    *,
    extra: tuple[float, ...] = (),
) -> Entry:
    """A function of one variable on the open interval from `low` to `high`."""

    def points(rng: np.random.Generator) -> list[tuple[Array, ...]]:
        left = max(low, -2.0)
        right = min(high, left + 4.0)
        margin = 0.05 * (right - left)
        plausible = rng.uniform(left + margin, right - margin, 6)
        special = np.array([x for x in (*SPECIAL, *extra) if low < x < high])
        with np.errstate(all="ignore"):
            special = special[np.isfinite(f(special)) & np.isfinite(slope(special))]
        return [(plausible,), (special,), (special[:1],)]

    return Entry(name, f, lambda ct, x: (np.asarray(ct * slope(x)),), points)


def binary(
    name: str,
    f: Callable[[Array, Array], Array],
    slopes: Callable[[Array, Array], tuple[Any, Any]],
    *,
    first: tuple[float, float] = (-2.0, 2.0),
    second: tuple[float, float] = (-2.0, 2.0),
    special: tuple[tuple[float, ...], tuple[float, ...]] = ((), ()),
) -> Entry:
    """A function of two variables, plausible in the box `first` × `second`."""

    def vjp(ct: Array, x: Array, y: Array) -> tuple[Array, Array]:
        dx, dy = slopes(x, y)
        return np.asarray(ct * dx), np.asarray(ct * dy)

    def points(rng: np.random.Generator) -> list[tuple[Array, ...]]:
        plausible: list[tuple[Array, ...]] = [(rng.uniform(*first, 5), rng.uniform(*second, 5))]
        return plausible + [tuple(np.array(s) for s in special)] * bool(special[0])

    return Entry(name, f, vjp, points)


def reducing(
    name: str,
    f: Callable[..., Any],
    vjp: Callable[..., Any],
    *points: Callable[[np.random.Generator], Any] | Any,
) -> Entry:
    """A function of whole arrays; a point is an array, a tuple of arrays, or makes one from a generator."""

    def tuples(value: Any) -> tuple[Array, ...]:
        return tuple(np.asarray(v, float) for v in (value if isinstance(value, tuple) else (value,)))

    def several(ct: Any, *inputs: Array) -> tuple[Any, ...]:
        gradients = vjp(ct, *inputs)
        return gradients if isinstance(gradients, tuple) else (gradients,)

    return Entry(name, f, several, lambda rng: [tuples(p(rng) if callable(p) else p) for p in points])
