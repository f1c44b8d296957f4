"""Further points from a given one: the special places at which a gradient that is right elsewhere goes wrong.

A change is a small recipe (kind, which input, which entries, which value); a point is the author's inputs after one
to three changes. Recipes are data, so that they can be shrunk; what they do is a function of recipe and input alone.
The kinds are those at which real defects of released libraries showed: zeros, huge and saturating values, negatives,
exact ones, tiny values, ties, singular and structured matrices, strided and Fortran-ordered inputs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._memory import LAYOUTS
from gradcheck.check._traits import ALWAYS, restored, traits_of

__all__ = [
    "ANYWHERE",
    "COTANGENTS",
    "KINDS",
    "PICKS",
    "PLACES",
    "Change",
    "Point",
    "apply",
    "is_varied",
    "plain_points",
    "weight",
    "where_possible",
]

Array = NDArray[Any]
Inputs = Mapping[str, Array]

COTANGENTS = (None, "one-hot", "negative", "asymmetric", "ones", "zero", *LAYOUTS)
"""None leaves the choice to the judge, a layout leaves it the numbers; the simplest first, as everywhere in this file,
for the sake of shrinking."""

_PLAIN = (2.0, 0.5, 3.0, 1.5, 0.25, 4.0, 0.75, 2.5, 1.25, 5.0, 0.125)
"""Values without a meaning of their own, exact in binary: a point built from them is easy to read."""
_SATURATING = (21.0, 5.0, 12.0, 30.0, 40.0, 90.0, 700.0)
"""tanh rounds to 1 beyond 19, the sigmoid beyond 37; exp leaves float32 at 88 and float64 at 709."""
_BORDERS = (1.0, -1.0, 0.5, 2.0, 3.0, 6.0, np.pi, np.pi / 2)
"""Where published activations, losses and special functions change branch: clip at 1, Huber at 1, ReLU6, poles."""
_SCALES = (1e-4, 1e4, 1e-8, 1e8)
"""Nanometres, parts per million, money. Beyond, squares of squares leave float64 and the formula is not at fault."""
_PLAIN_SCALES = (8.0, 0.125)
"""As far as most functions are still themselves."""


@dataclass(frozen=True)
class Change:
    """One change: `pick` chooses the entries or values among those that `kind` and `place` leave open."""

    kind: str
    path: str | None
    place: str
    pick: int
    value: int
    kept: bool = True


@dataclass(frozen=True)
class Point:
    """Inputs to judge at, and the cotangent to judge with."""

    inputs: Inputs
    cotangent: str | None = None

    def key(self) -> tuple[object, ...]:
        """Equal for points that no judge could tell apart."""
        varied = [(path, a) for path, a in self.inputs.items() if is_varied(a)]
        return (self.cotangent, *((path, _digest(a), a.strides, a.flags.writeable) for path, a in varied))


def _digest(array: Array) -> bytes:
    return blake2b(np.ascontiguousarray(array).tobytes(), digest_size=16).digest()


def is_varied(value: object) -> bool:
    """Arrays of floating-point numbers are varied; everything else is held fixed."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "fc" and value.size > 0


def apply(change: Change, inputs: Inputs, traits: Mapping[str, tuple[str, ...]]) -> Inputs:
    """The inputs after the change; new arrays where they differ. `traits` are those of the author's inputs."""
    paths = [path for path, value in inputs.items() if is_varied(value) and change.path in (path, None)]
    return {
        path: _changed(change, value, inputs, path, traits[path]) if path in paths else value
        for path, value in inputs.items()
    }


def _changed(change: Change, value: Array, inputs: Inputs, path: str, traits: tuple[str, ...]) -> Array:
    if change.kind in LAYOUTS:
        return LAYOUTS[change.kind](value)
    others = [a for p, a in inputs.items() if p != path and is_varied(a) and a.shape == value.shape]
    with np.errstate(all="ignore"):
        new = np.asarray(_apply_kind(change, value, others), dtype=value.dtype)
        return restored(new, traits if change.kept else [t for t in traits if t in ALWAYS])


def _apply_kind(change: Change, value: Array, others: list[Array]) -> Array:
    if change.kind in _OF_OTHERS:
        return _OF_OTHERS[change.kind](value, others[change.pick % len(others)]) if others else value.copy()
    if change.kind in _WHOLE:
        return _WHOLE[change.kind](value, change.pick, change.value)
    new = np.array(value, order="C")
    at = _where(change, new.shape)
    new.reshape(-1)[at] = (_VALUES | _OF_COMPLEX)[change.kind](value, at, change.value)
    return new


def plain_points(inputs: Inputs, seed: int) -> list[Point]:
    """The plainest changes, in this order: signs, a zero, ties, a larger, a smaller scale; none is left to chance.

    Signs are turned in the first input alone: it is the data, where others may be bounds, scales or counts."""
    paths = [path for path, value in inputs.items() if is_varied(value)]
    traits = {path: traits_of(inputs[path], alone=len(paths) == 1) for path in paths}
    pick = seed % PICKS
    signs = [Change("negated", paths[0], "all", pick, 0)] if paths else []
    rest = [
        Change("zero", None, "one", pick, 0),
        Change("tied", None, "several", pick, pick),
    ]
    # Signs cannot change where numbers must stay positive; a matrix stays definite, and a distribution one.
    free = {path: tuple(t for t in kept if t not in _OF_SIGN) for path, kept in traits.items()}
    changed = [*(apply(c, inputs, free) for c in signs), *(apply(c, inputs, traits) for c in rest)]
    scaled = [
        {
            path: restored(np.asarray(x * size), traits[path]) if path in traits else x
            for path, x in inputs.items()
        }
        for size in _PLAIN_SCALES
    ]
    return [Point(point) for point in (*changed, *scaled)]


_OF_SIGN = ("positive", "unit")
"""Conventions that an author's plain numbers keep without meaning to."""

# Which entries -----------------------------------------------------------------------------------------------------

PICKS = 48
"""How many different entries, lines or values a change can choose between."""
PLACES = ("one", "several", "line", "all")


def _where(change: Change, shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Flat indices: one entry, a spread of several, a line along an axis (of a vector: two neighbours), or all."""
    size = int(np.prod(shape))
    flat = np.arange(size)
    if change.place == "all" or size == 1:
        return flat
    if change.place == "one":
        # Spread over a large array, one after the other in a small one.
        return flat[[change.pick * max(1, size // PICKS) % size]]
    if change.place == "several":
        return (change.pick + flat[: max(2, size // 3)] * (1 + change.pick % 3)) % size
    if len(shape) == 1:
        return (change.pick + flat[:2]) % size
    axis = change.pick % len(shape)
    line = np.moveaxis(flat.reshape(shape), axis, 0)
    return np.ravel(line[(change.pick // len(shape)) % len(line)])


# Values for these entries ------------------------------------------------------------------------------------------

Values = Callable[[Array, NDArray[np.intp], int], Array | float]


def _of(values: tuple[float, ...]) -> Values:
    """One value for all entries; every second round of picks with its sign changed."""
    return lambda x, at, k: values[k // 2 % len(values)] * (-1) ** (k % 2)


def _plain(x: Array, at: NDArray[np.intp], k: int) -> Array:
    """Different plain values, with the signs that were there."""
    signs = np.where(x.reshape(-1)[at].real < 0, -1.0, 1.0)
    return np.asarray(np.take(_PLAIN, (at + k) % len(_PLAIN)) * signs)


def _mixed(x: Array, at: NDArray[np.intp], k: int) -> Array:
    """Different plain values, every other one negative."""
    return np.asarray(np.take(_PLAIN, (at + k) % len(_PLAIN)) * np.where((at + k) % 2, -1.0, 1.0))


_VALUES: dict[str, Values] = {
    "zero": lambda x, at, k: 0.0,
    "border": _of(_BORDERS),
    "plain": _plain,
    "mixed": _mixed,
    "negated": lambda x, at, k: -x.reshape(-1)[at],
    "tied": lambda x, at, k: x.reshape(-1)[k % x.size],
    "largest": lambda x, at, k: x.reshape(-1)[np.argmax(x.real)],
    "smallest": lambda x, at, k: x.reshape(-1)[np.argmin(x.real)],
    "saturated": _of(_SATURATING),
    "whole": lambda x, at, k: np.round(x.reshape(-1)[at] * 2 ** (k % 3)),
    "scaled": lambda x, at, k: x.reshape(-1)[at] * _SCALES[k % len(_SCALES)],
    "tiny": _of((1e-8, 1e-12, 1e-5)),
}


_PHASES = (1j, -1j, 0.6 - 0.8j, 1 + 1j)
"""Right angles, and two that mix both parts."""


def _turned(x: Array, at: NDArray[np.intp], k: int) -> Array:
    """Complex numbers turned: real ones get an imaginary part. Real arrays stay as they are."""
    old = x.reshape(-1)[at]
    return old * np.asarray(_PHASES[k % 4], dtype=x.dtype) if x.dtype.kind == "c" else old


def _one_part(x: Array, at: NDArray[np.intp], k: int) -> Array:
    """The real parts alone, or the imaginary ones."""
    old = x.reshape(-1)[at]
    return old if x.dtype.kind != "c" else 1j * old.imag if k % 2 else old.real.astype(x.dtype)


_OF_COMPLEX: dict[str, Values] = {"turned": _turned, "one-part": _one_part}


# Changes of a whole array ------------------------------------------------------------------------------------------


def _equal_lines(x: Array, pick: int, k: int) -> Array:
    """One line along an axis repeats another one: equal rows, duplicate examples; a square matrix turns singular."""
    new = np.array(x, order="C")
    if new.ndim == 0:
        return new
    axis = pick % new.ndim
    lines = np.moveaxis(new, axis, 0)
    lines[k % len(lines)] = lines[(k + 1) % len(lines)]
    return new


def _singular(x: Array, pick: int, k: int) -> Array:
    """Whole numbers, the last row the sum of the others: every square block is singular of rank n - 1, exactly."""
    new = np.round(np.array(x, order="C") * 3) if x.ndim >= 2 else np.array(x, order="C")
    if x.ndim >= 2 and x.shape[-2] > 1:
        new[..., -1, :] = new[..., :-1, :].sum(-2)
    return new


def _identity(x: Array, pick: int, k: int) -> Array:
    if x.ndim < 2:
        return np.ones_like(x)
    return np.array(np.broadcast_to(np.eye(x.shape[-2], x.shape[-1]) * (1 + k % 3), x.shape))


def _diagonal(x: Array, pick: int, k: int) -> Array:
    return x * np.eye(x.shape[-2], x.shape[-1]) if x.ndim >= 2 else x.copy()


def _symmetric(x: Array, pick: int, k: int) -> Array:
    square = x.ndim >= 2 and x.shape[-1] == x.shape[-2]
    return (x + x.swapaxes(-1, -2)) / 2 if square else x[..., ::-1].copy() if x.ndim else x.copy()


def _ordered(x: Array, pick: int, k: int) -> Array:
    """Sorted, ascending or descending, along the last axis."""
    if x.ndim == 0:
        return x.copy()
    return np.sort(x, axis=-1)[..., :: 1 - 2 * (k % 2)].copy()


def _moved(x: Array, pick: int, k: int) -> Array:
    """All entries by one amount: a large common offset, or to the other side of zero."""
    return np.asarray(x + (-1) ** (k % 2) * (100.0, 3.0, 25.0, 1e4)[pick % 4])


def _opposite_pair(x: Array, pick: int, k: int) -> Array:
    """Two entries equal and opposite, so that a sum over them cancels."""
    new = np.array(x, order="C")
    flat = new.reshape(-1)
    flat[(pick + 1) % flat.size] = -flat[pick % flat.size] if flat.size > 1 else 0.0
    return new


_WHOLE: dict[str, Callable[[Array, int, int], Array]] = {
    "equal-lines": _equal_lines,
    "singular": _singular,
    "identity": _identity,
    "diagonal": _diagonal,
    "symmetric": _symmetric,
    "ordered": _ordered,
    "moved": _moved,
    "opposite-pair": _opposite_pair,
}

_OF_OTHERS: dict[str, Callable[[Array, Array], Array]] = {
    "same-as-another": lambda x, other: other.copy(),
    "opposite-of-another": lambda x, other: -other,
}


KINDS = (*_VALUES, *_WHOLE, *_OF_OTHERS, *LAYOUTS, *_OF_COMPLEX)
ANYWHERE = (*_VALUES, *_WHOLE, *_OF_OTHERS, *LAYOUTS)
"""Kinds that leave an array alone where they make no difference."""
_OFTEN = {
    "zero": 6,
    "plain": 4,
    "saturated": 3,
    "border": 2,
    "mixed": 2,
    "negated": 2,
    "tied": 2,
    "scaled": 2,
    "turned": 4,
    "one-part": 2,
}
"""Of 82 defects that special points showed, zeros showed 32, plain points 15, large values 13, negatives 9, ..."""
_OF_MATRICES = ("singular", "identity", "diagonal", "symmetric")
_OF_LINES = ("equal-lines", "ordered", "opposite-pair", "tied", "largest", "smallest", *LAYOUTS)


def weight(kind: str) -> int:
    """How often a kind is worth trying."""
    return _OFTEN.get(kind, 1)


def where_possible(kind: str, inputs: Inputs) -> list[str]:
    """The inputs on which a change of this kind makes a difference."""
    varied = {path: value for path, value in inputs.items() if is_varied(value)}
    if kind in _OF_COMPLEX:
        return [path for path, value in varied.items() if value.dtype.kind == "c"]
    if kind in _OF_MATRICES:
        return [path for path, value in varied.items() if value.ndim >= 2 and value.size > 1]
    if kind in _OF_LINES:
        return [path for path, value in varied.items() if value.size > 1]
    if kind in _OF_OTHERS:
        shapes = [value.shape for value in varied.values()]
        return [path for path, value in varied.items() if shapes.count(value.shape) > 1]
    return list(varied)
