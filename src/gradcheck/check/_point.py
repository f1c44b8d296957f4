"""The point at which a claim is judged: named inputs as flat vectors of real coordinates, and the arguments that they
make.

A complex array counts as twice as many real coordinates (re, im, re, im, ...); integers, Booleans, `None` and
whatever is no number are held fixed. Nothing here refers to the caller's own arrays: what is handed to f and to the
claim are copies."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate._errors import UsageError
from gradcheck.differentiate._tree import Tree, flatten, is_leaf, join, parameter_names

__all__ = ["TINY", "Extent", "Floats", "Point", "Variable", "as_point", "power_of_two"]

Floats = NDArray[np.float64]

# Squares above it keep their digits.
TINY = float(np.finfo(float).tiny) / float(np.finfo(float).eps)


@dataclass(frozen=True)
class Variable:
    """One float input: where it stands among the leaves, and how its flat coordinates become the user's array again."""

    path: str
    position: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    working: np.dtype[Any]
    is_array: bool = True

    @property
    def is_complex(self) -> bool:
        return self.dtype.kind == "c"

    @property
    def width(self) -> int:
        """Real coordinates for each entry."""
        return 2 if self.is_complex else 1

    def user(self, flat: Floats, lead: tuple[int, ...] = ()) -> Any:
        """The array that f receives for these coordinates, with `lead` further leading axes; it may share memory."""
        array = flat.view(np.complex128) if self.is_complex else flat
        array = array.astype(self.working, copy=False).reshape(lead + self.shape)
        return array if self.is_array or lead else array[()]

    def entry(self, coordinate: int) -> tuple[int, ...]:
        """The index of the entry that a flat coordinate belongs to."""
        return tuple(int(i) for i in np.unravel_index(coordinate // self.width, self.shape))


@dataclass(frozen=True)
class Point:
    """Named inputs.

    Attributes
    ----------
    tree : Tree
        Of the tuple of arguments; fixed leaves are taken from it.
    names : tuple of str
        Of the arguments ('' for a single nested one, whose leaves need no prefix).
    variables : tuple of Variable
    coordinates : tuple of flat float64 arrays
    """

    tree: Tree
    names: tuple[str, ...]
    counts: tuple[int, ...]
    variables: tuple[Variable, ...]
    coordinates: tuple[Floats, ...]
    extents: dict[int, "Extent"] = field(default_factory=dict, compare=False)

    @cached_property
    def views(self) -> tuple[Any, ...]:
        """The arrays as f receives them: most evaluations move one of them alone."""
        return tuple(v.user(x) for v, x in zip(self.variables, self.coordinates, strict=True))

    def arguments(self, coordinates: Sequence[Floats], lead: tuple[int, ...] = ()) -> tuple[Any, ...]:
        """The tuple to unpack into f; the arrays may share memory with `coordinates`."""
        leaves = list(self.tree.leaves)
        for variable, own, view, flat in zip(
            self.variables, self.coordinates, self.views, coordinates, strict=True
        ):
            leaves[variable.position] = view if flat is own and not lead else variable.user(flat, lead)
        whole: tuple[Any, ...] = self.tree.rebuild(leaves)
        return whole

    def fresh(self) -> tuple[Any, ...]:
        """The arguments, nothing of them shared with the point."""
        whole = flatten(self.arguments(self.copies()))
        fixed = set(range(len(whole.leaves))) - {v.position for v in self.variables}
        arguments: tuple[Any, ...] = whole.rebuild(
            [copy.copy(v) if i in fixed else v for i, v in enumerate(whole.leaves)]
        )
        return arguments

    def copies(self) -> list[Floats]:
        return [x.copy() for x in self.coordinates]

    @property
    def size(self) -> int:
        return sum(x.size for x in self.coordinates)

    def extent_of(self, array: int) -> "Extent":
        """How large an array's entries are, looked at once."""
        if array not in self.extents:
            self.extents[array] = Extent.of(self.coordinates[array])
        return self.extents[array]

    def size_of(self, array: int) -> float:
        """The typical size of an array's entries."""
        return self.extent_of(array).typical

    @property
    def is_narrow(self) -> bool:
        """Whether f is called in less than float64."""
        return any(v.working.itemsize < 8 * v.width for v in self.variables)

    def narrow(self) -> "Point":
        """The same point in the user's own precision."""
        return replace(self, variables=tuple(replace(v, working=v.dtype) for v in self.variables))

    def moved_to(self, coordinates: Sequence[Floats]) -> "Point":
        return replace(self, coordinates=tuple(coordinates), extents={})


def power_of_two(x: Any) -> Any:
    """The power of two at or below each |x| > 0."""
    return np.ldexp(0.5, np.frexp(x)[1])


@dataclass(frozen=True)
class Extent:
    """How large the entries of an array are.

    Attributes
    ----------
    largest : float
        The largest |x|; not finite where an entry is not.
    typical : float
        A power of two near the root mean square of the finite entries; 1 where all are zero.
    """

    largest: float
    typical: float

    @classmethod
    def of(cls, x: Floats) -> Self:
        """In three passes over an array whose entries are finite, as nearly always."""
        largest = max(float(x.max()), -float(x.min()))
        square = float(np.dot(x, x)) / x.size
        if TINY < square < np.inf:  # nothing has overflown or vanished
            return cls(largest, float(power_of_two(np.sqrt(square))))
        return cls(largest, _typical(x[np.isfinite(x)]))


def _typical(x: Floats) -> float:
    """The same for finite numbers whose squares may overflow or vanish."""
    largest = float(np.max(np.abs(x), initial=0.0))
    if largest < np.finfo(float).tiny:
        return 1.0
    scaled = x / largest
    return float(power_of_two(largest * np.sqrt(float(np.dot(scaled, scaled)) / x.size)))


def as_point(inputs: Any, function: Callable[..., Any] | None, wrt: Any = None) -> Point:
    """Name the inputs of a call, copy them, and choose those to judge.

    Raises
    ------
    UsageError
        Where there is no float input, or `wrt` names none.
    """
    args = inputs if type(inputs) is tuple else (inputs,)
    alone = len(args) == 1 and not is_leaf(args[0])
    names = [""] if alone else parameter_names(function, len(args))
    trees = [flatten(a, n) for a, n in zip(args, names, strict=True)]
    tree = join(trees, tuple)
    leaves = [_array(leaf) for leaf in tree.leaves]
    owner = [i for i, t in enumerate(trees) for _ in t.leaves]
    found = [_variable(path, i, leaf) for i, (path, leaf) in enumerate(zip(tree.paths, leaves, strict=True))]
    variables = [v for v in found if v is not None]
    if not variables:
        raise UsageError(
            f"inputs={_shorten(inputs)}",
            "there is no float array with at least one element to differentiate",
            "pass float64 arrays",
        )
    variables = _selected(variables, owner, wrt)
    coordinates = tuple(_flat(leaves[v.position], v) for v in variables)
    judged = {v.position for v in variables}
    fixed = tuple(None if i in judged else copy.copy(leaf) for i, leaf in enumerate(leaves))
    counts = tuple(len(t.leaves) for t in trees)
    return Point(replace(tree, leaves=fixed), tuple(names), counts, tuple(variables), coordinates)


def _array(leaf: Any) -> Any:
    """Foreign arrays as NumPy's; anything that is no array as it is."""
    if isinstance(leaf, np.ma.MaskedArray):
        raise UsageError(
            f"inputs hold a masked array of shape {leaf.shape}",
            "its masked entries have no value to move",
            "pass x.filled(0.0) and the mask as an array of Booleans",
        )
    foreign = hasattr(leaf, "__array__") and not isinstance(leaf, (np.ndarray, np.generic, type))
    return np.asarray(leaf) if foreign else leaf


def _variable(path: str, position: int, leaf: Any) -> Variable | None:
    if isinstance(leaf, (bool, int)) or not isinstance(leaf, (np.ndarray, np.generic, float, complex)):
        return None
    array = np.asarray(leaf)
    if array.dtype.kind not in "fc" or array.size == 0:
        return None
    working = np.dtype(np.complex128 if array.dtype.kind == "c" else np.float64)
    return Variable(path, position, array.shape, array.dtype, working, isinstance(leaf, np.ndarray))


def _flat(leaf: Any, variable: Variable) -> Floats:
    return np.array(leaf, dtype=variable.working, order="C").reshape(-1).view(np.float64)


def _selected(variables: list[Variable], owner: list[int], wrt: Any) -> list[Variable]:
    """Those that `wrt` names: positions of arguments, paths, or globs (also with ``arg0`` for the first argument)."""
    if wrt is None:
        return variables
    wanted = [wrt] if isinstance(wrt, (str, int)) else list(wrt)
    chosen = []
    for pattern in wanted:
        hits = [v for v in variables if _matches(v, owner[v.position], pattern)]
        if not hits:
            raise UsageError(
                f"wrt={wrt!r}",
                f"{pattern!r} names no float input",
                f"one of {', '.join(v.path for v in variables)}",
            )
        chosen += hits
    return [v for v in variables if v in chosen]


def _matches(variable: Variable, owner: int, pattern: str | int) -> bool:
    if not isinstance(pattern, str):
        return owner == pattern
    brackets = pattern.replace("[", "[[]")  # those of a path, not those of a glob
    if pattern in (variable.path, f"arg{owner}") or fnmatchcase(variable.path, brackets):
        return True
    return variable.path.startswith((f"{pattern}.", f"{pattern}["))


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
