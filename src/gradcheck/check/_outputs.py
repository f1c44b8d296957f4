"""What f returns, as one flat vector of real numbers, and cotangents in the structure of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._point import Floats
from gradcheck.differentiate._errors import UsageError
from gradcheck.differentiate._tree import Tree, flatten

__all__ = ["Outputs", "describe"]


@dataclass(frozen=True)
class Outputs:
    """The structure of f's result.

    Attributes
    ----------
    tree : Tree
        Of the first result.
    shapes : tuple of tuple
    dtypes : tuple of dtype or None
        None for a leaf without a derivative (integers, strings, None): it is neither measured nor given a cotangent.
    sizes : tuple of int
        Real numbers that each leaf contributes to the flat vector.
    active : tuple of bool
        The leaves that the claim differentiates; the others get a zero cotangent.
    """

    tree: Tree
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[np.dtype[Any] | None, ...]
    sizes: tuple[int, ...]
    active: tuple[bool, ...]

    @property
    def size(self) -> int:
        return sum(self.sizes)

    @property
    def is_scalar(self) -> bool:
        """One real number."""
        return len(self.sizes) == 1 and self.size == 1 and not self.is_complex

    @property
    def is_complex(self) -> bool:
        return any(d is not None and d.kind == "c" for d in self.dtypes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the flat vector's only leaf; flat where there are several or it is complex."""
        return self.shapes[0] if len(self.shapes) == 1 and not self.is_complex else (self.size,)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The least precise of the float leaves."""
        kinds = [np.dtype(d.type(0).real.dtype) for d in self.dtypes if d is not None and d.kind in "fc"]
        return min(kinds, key=lambda d: d.itemsize) if kinds else np.dtype(np.float64)

    @property
    def differentiable(self) -> NDArray[np.bool_]:
        """Which elements of the flat vector may get a cotangent."""
        return np.repeat(np.array(self.active, dtype=bool), self.sizes)

    def vector(self, result: Any, lead: tuple[int, ...] = ()) -> Floats:
        """A result of f as a flat vector (``lead + (size,)``); raises `UsageError` where its structure changed."""
        single = len(self.shapes) == 1
        if single and isinstance(result, float) and self.shapes[0] == () and not lead:
            return np.array([float(result)])
        leaves = (result,) if single and isinstance(result, np.ndarray) else flatten(result).leaves
        if len(leaves) != len(self.shapes):
            raise UsageError(
                f"f returned {len(leaves)} arrays",
                f"it returned {len(self.shapes)} before",
                "return the same structure for every input",
            )
        parts = [
            _real(leaf, lead + shape, dtype).reshape((*lead, -1))
            for leaf, shape, dtype in zip(leaves, self.shapes, self.dtypes, strict=True)
            if dtype is not None
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)

    def cotangent(self, w: Floats, *, narrow: bool = False) -> Any:
        """The flat cotangent `w` in the structure of the result, in f's own dtypes where `narrow`."""
        leaves: list[Any] = []
        start = 0
        for leaf, shape, dtype, size in zip(
            self.tree.leaves, self.shapes, self.dtypes, self.sizes, strict=True
        ):
            if dtype is None:
                leaves.append(np.zeros(shape) if isinstance(leaf, np.ndarray) else None)
                continue
            flat = np.array(w[start : start + size])
            array: NDArray[Any] = (flat.view(np.complex128) if dtype.kind == "c" else flat).reshape(shape)
            leaves.append(array.astype(dtype) if narrow and dtype.kind in "fc" else array)
            start += size
        return self.tree.rebuild(leaves)


def describe(result: Any, wanted: Any = None, name: str = "f") -> Outputs:
    """The structure of the first result of the function called `name`.

    Raises
    ------
    UsageError
        Where it holds no number.
    """
    tree = flatten(result, "output")
    arrays = [_numbers(leaf, alone=len(tree.leaves) == 1) for leaf in tree.leaves]
    if not any(a is not None for a in arrays):
        empty = any(np.size(leaf) == 0 for leaf in tree.leaves if isinstance(leaf, np.ndarray))
        why = "its arrays have no entries" if empty else "there is no float array in it"
        cure = "give it a batch of at least one" if empty else "return a float64 array or scalar"
        raise UsageError(f"{name} returned {repr(result)[:60]}", f"{why} to differentiate", cure)
    shapes = tuple(
        np.shape(leaf) if a is None else a.shape for leaf, a in zip(tree.leaves, arrays, strict=True)
    )
    dtypes = tuple(None if a is None else a.dtype for a in arrays)
    sizes = tuple(0 if a is None else a.size * (2 if a.dtype.kind == "c" else 1) for a in arrays)
    return Outputs(tree, shapes, dtypes, sizes, _active(tree.paths, wanted))


def _active(paths: Sequence[str], wanted: Any) -> tuple[bool, ...]:
    if wanted is None:
        return (True,) * len(paths)
    names = [wanted] if isinstance(wanted, (str, int)) else list(wanted)
    chosen = tuple(any(_matches(i, path, name) for name in names) for i, path in enumerate(paths))
    if not any(chosen):
        raise UsageError(
            f"outputs={wanted!r}",
            "names no output",
            f"positions up to {len(paths) - 1}, or one of {', '.join(paths)}",
        )
    return chosen


def _matches(position: int, path: str, name: Any) -> bool:
    """Whether a position, a path (with or without the leading ``output``), a branch or a glob names this output."""
    if not isinstance(name, str):
        return bool(position == name)
    short = path.removeprefix("output").removeprefix(".")
    glob = name.replace("[", "[[]")  # brackets are those of a path
    return (
        name in (path, short)
        or short.startswith((f"{name}.", f"{name}["))
        or fnmatchcase(path, glob)
        or fnmatchcase(short, glob)
    )


def _numbers(leaf: Any, *, alone: bool) -> NDArray[Any] | None:
    """The leaf as an array where it is differentiable: floats, and integers where there is nothing else."""
    if leaf is None or isinstance(leaf, (str, bytes)):
        return None
    array = np.asarray(leaf)
    kinds = "fciub" if alone else "fc"
    return array if array.dtype.kind in kinds and array.size else None


def _real(leaf: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Floats:
    array = np.asarray(leaf)
    if array.dtype.kind not in ("fciub" if dtype.kind == "c" else "fiub"):
        text = str(array.dtype) if isinstance(leaf, np.ndarray) else repr(leaf)[:60]
        raise UsageError(
            f"f returned {text}", f"it returned {dtype} before", "return the same type for every input"
        )
    if array.shape != shape:
        raise UsageError(
            f"f returned shape {array.shape}",
            f"it returned {shape} before",
            "return the same shape for every input",
        )
    if dtype.kind == "c":
        return np.ascontiguousarray(array, dtype=np.complex128).reshape(-1).view(np.float64)
    return np.asarray(array, dtype=np.float64)
