"""A point that fails, brought back to the author's own as far as the failure stays."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._memory import is_plain, like
from gradcheck.check._points import Point, is_varied

__all__ = ["reverted"]

Array = NDArray[Any]
Fails = Callable[[Point], bool]


def reverted(point: Point, given: Mapping[str, Array], fails: Fails) -> Point:
    """As much as possible set back to the author's with the failure kept: cotangent, arrays, then entries by halves."""
    point = _simpler(point, Point(point.inputs), fails)
    for path, original in given.items():
        point = _simpler(point, Point({**point.inputs, path: original}, point.cotangent), fails)
        point = _reverted_input(point, path, original, fails)
    return point


def _simpler(point: Point, candidate: Point, fails: Fails) -> Point:
    return candidate if fails(candidate) else point


def _reverted_input(point: Point, path: str, original: Array, fails: Fails) -> Point:
    pending = [np.flatnonzero(~_equal(point.inputs[path], original))] if is_varied(original) else []
    while pending:
        at = pending.pop()
        if not len(at):
            continue
        candidate = Point(
            {**point.inputs, path: _set_back(point.inputs[path], original, at)}, point.cotangent
        )
        if fails(candidate):
            point = candidate
        elif len(at) > 1:
            pending += [at[len(at) // 2 :], at[: len(at) // 2]]
    return point


def _equal(a: Array, b: Array) -> NDArray[np.bool_]:
    return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)))


def _set_back(value: Array, original: Array, at: NDArray[np.intp]) -> Array:
    new = np.array(value, order="C")
    new.flat[at] = original.flat[at]
    return new if is_plain(value) else like(new, value)
