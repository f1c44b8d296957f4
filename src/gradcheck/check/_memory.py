"""Layouts: the same numbers, stored otherwise.

Slices, transposes, reversed views, the gradient of a sum (one number for a whole array) and memory-mapped data are
everyday arrays; code that reads memory in its own order, or writes to what it was given, goes wrong on some of them.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

__all__ = ["LAYOUTS", "flat", "is_plain", "like"]

Array = NDArray[Any]


def _fortran(x: Array) -> Array:
    """Column by column; axes of length 1 have the strides of that order too."""
    wider = np.empty((*x.shape[:-1], x.shape[-1] + 1), x.dtype, order="F")
    return _filled(wider[..., :-1], x)


def _strided(x: Array) -> Array:
    """Every second element of a window in a larger buffer."""
    buffer = np.empty((*(n + 1 for n in x.shape[:-1]), 2 * x.shape[-1]), x.dtype)
    return _filled(buffer[tuple(slice(n) for n in x.shape[:-1])][..., ::2], x)


def _backwards(x: Array) -> Array:
    """From the last element to the first, along every axis."""
    return _filled(np.empty(x.shape, x.dtype)[(slice(None, None, -1),) * x.ndim], x)


def _expanded(x: Array) -> Array:
    """One line for all along the first axis, as a sum's gradient has it; NumPy makes such views read-only."""
    return np.broadcast_to(x[:1].copy(), x.shape)


def _read_only(x: Array) -> Array:
    fixed = x.copy()
    fixed.flags.writeable = False
    return fixed


def _filled(view: Array, x: Array) -> Array:
    view[...] = x
    return view


def _of_axes(layout: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda x: layout(x) if x.ndim else x.copy()


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "fortran": _of_axes(_fortran),
    "strided": _of_axes(_strided),
    "backwards": _of_axes(_backwards),
    "expanded": _of_axes(_expanded),
    "read-only": _read_only,
}


def is_plain(array: Array) -> bool:
    """Stored as NumPy stores a new array."""
    return bool(array.flags.writeable) and array.strides == np.empty(array.shape, array.dtype).strides


def flat(array: Array) -> NDArray[np.float64]:
    """A flat float64 copy, row by row; of complex numbers real and imaginary parts in turn."""
    wide = np.complex128 if array.dtype.kind == "c" else np.float64
    return np.array(array, wide, order="C").reshape(-1).view(np.float64)


def like(values: Array, template: Array) -> Array:
    """The values, stored as `template` is: strides of its order, signs and zeros, and read-only where it is.

    Where one number in memory stands for several, it is that of the last of them.
    """
    steps = [stride // template.itemsize for stride in template.strides]
    reach = [(n - 1) * step for n, step in zip(template.shape, steps, strict=True)]
    buffer = np.zeros(1 + sum(map(abs, reach)), values.dtype)
    first = -sum(r for r in reach if r < 0)
    view = as_strided(buffer[first:], template.shape, [step * values.itemsize for step in steps])
    view[...] = values
    if not template.flags.writeable:
        view.flags.writeable = False
    return view
