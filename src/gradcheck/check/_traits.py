"""What an author's input shows of its own conventions, and how to keep to them: positive, symmetric, rows of sum 1.

A point that breaks such a convention is refused by the function, or judged where nobody meant it to be used.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ALWAYS", "restored", "traits_of"]

Array = NDArray[Any]

_EXACT = 1e-12
"""Sums and mirror images agree to rounding."""
_LARGEST = 64
"""Rows of a matrix whose eigenvalues are looked at: thousands of them would cost more than the judging."""


def _real(x: Array) -> bool:
    return bool(x.dtype.kind == "f" and np.all(np.isfinite(x)))


def _square(x: Array) -> bool:
    return x.ndim >= 2 and x.shape[-1] == x.shape[-2] and x.shape[-1] > 1


def _is_whole(x: Array) -> bool:
    """Whole numbers that are not all 0 or 1: those are weights, masks and biases rather than counts."""
    return _real(x) and bool(np.all(x == np.round(x))) and bool(np.any(np.abs(x) > 1))


def _is_unit(x: Array) -> bool:
    return _real(x) and x.size > 1 and bool(np.all((x >= 0) & (x <= 1)) and np.any((x > 0) & (x < 1)))


def _is_positive(x: Array) -> bool:
    return _real(x) and bool(np.all(x >= 0) and np.any(x > 0))


def _is_symmetric(x: Array) -> bool:
    return _square(x) and bool(np.allclose(x, x.swapaxes(-1, -2), rtol=_EXACT, atol=0)) and not _is_lower(x)


def _is_definite(x: Array) -> bool:
    return (
        x.shape[-1:] <= (_LARGEST,)
        and _real(x)
        and _is_symmetric(x)
        and bool(np.all(np.linalg.eigvalsh(x) > 0))
    )


def _is_lower(x: Array) -> bool:
    return _square(x) and bool(np.all(np.triu(x, 1) == 0)) and bool(np.any(np.tril(x, -1)))


def _is_upper(x: Array) -> bool:
    return _square(x) and bool(np.all(np.tril(x, -1) == 0)) and bool(np.any(np.triu(x, 1)))


def _is_normalised(x: Array) -> bool:
    rows = x.ndim >= 1 and x.shape[-1] > 1
    return rows and _is_positive(x) and bool(np.allclose(x.sum(-1), 1, rtol=_EXACT, atol=0))


def _is_ascending(x: Array) -> bool:
    return _real(x) and x.ndim == 1 and len(x) > 3 and bool(np.all(np.diff(x) > 0))


def _inside(x: Array) -> Array:
    """Into [0, 1], zeros and ones kept."""
    size = np.abs(x)
    return np.where(size > 1, 1 / np.where(size > 1, size, 1), size)


def _mirrored(x: Array) -> Array:
    return np.tril(x) + np.tril(x, -1).swapaxes(-1, -2)


def _definite(x: Array) -> Array:
    """The mirrored matrix where it is definite, else its square moved away from zero."""
    mirrored = _mirrored(x)
    if not np.all(np.isfinite(mirrored)) or np.all(np.linalg.eigvalsh(mirrored) > 0):
        return mirrored
    square = mirrored @ mirrored.swapaxes(-1, -2)
    size = np.trace(square, axis1=-2, axis2=-1)[..., None, None] / x.shape[-1]
    return square + np.where(size > 0, size, 1.0) * np.eye(x.shape[-1]) / 4


def _normalised(x: Array) -> Array:
    size = np.abs(x)
    total = size.sum(-1, keepdims=True)
    return np.where(total > 0, size / np.where(total > 0, total, 1), 1 / x.shape[-1])


def _is_scale(x: Array) -> bool:
    """A positive number on its own: a length, a temperature, a variance. Zero or less is not a special case of it."""
    return bool(_real(x) and x.size == 1 and np.all(x > 0))


def _scale(x: Array) -> Array:
    return np.where(x == 0, 0.25, np.abs(x))


_TRAITS: dict[str, tuple[Callable[[Array], bool], Callable[[Array], Array]]] = {
    "scale": (_is_scale, _scale),
    "whole": (_is_whole, np.round),
    "normalised": (_is_normalised, _normalised),
    "unit": (_is_unit, _inside),
    "positive": (_is_positive, np.abs),
    "lower": (_is_lower, np.tril),
    "upper": (_is_upper, np.triu),
    "definite": (_is_definite, _definite),
    "symmetric": (_is_symmetric, _mirrored),
    "ascending": (_is_ascending, np.sort),
}


ALWAYS = ("scale",)
"""Conventions that no point leaves: the function does not refuse, and nobody means it to be used there."""


def traits_of(array: Array, *, alone: bool = False) -> tuple[str, ...]:
    """The names of the conventions that the array keeps; a number that is the only input is no scale of others."""
    return tuple(
        name for name, (holds, _) in _TRAITS.items() if holds(array) and not (alone and name == "scale")
    )


def restored(array: Array, traits: Iterable[str]) -> Array:
    """The array, brought back to these conventions."""
    for name in traits:
        array = np.asarray(_TRAITS[name][1](array), dtype=array.dtype)
    return array
