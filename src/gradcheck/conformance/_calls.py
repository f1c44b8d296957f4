"""One forward and one backward call of a case, with named gradients; and the comparison of two results."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import optree
from numpy.typing import NDArray

from gradcheck.conformance._subjects import Case
from gradcheck.differentiate._tree import arguments

__all__ = ["Broken", "Call", "call", "copied", "cotangent_for", "difference", "named", "worst_difference"]

Array = NDArray[Any]

# Two orders of summation of the same n numbers differ by about sqrt(n) ulp of the largest partial sum (Higham,
# Accuracy and Stability of Numerical Algorithms, section 4.2); a mistake of structure differs by far more.
SUMMATION_ULPS = 1024.0


class Broken(Exception):
    """The subject's answer cannot be used at all: wrong structure, shape or type."""


@dataclass(frozen=True)
class Call:
    """What one forward and one backward call gave."""

    out: Array
    cotangent: Array
    gradients: Mapping[str, Array]


def copied(tree: Any) -> Any:
    """`tree` with fresh arrays of the same memory layout."""
    return optree.tree_map(lambda leaf: np.array(leaf, copy=True, order="K"), tree)


def cotangent_for(out: Any, rng: np.random.Generator) -> Array:
    """A random cotangent, asymmetric and of both signs, of the output's shape and dtype."""
    shaped = np.asarray(out)
    kind = shaped.dtype if np.issubdtype(shaped.dtype, np.inexact) else np.dtype(float)
    return np.asarray(rng.standard_normal(shaped.shape), dtype=kind)


def call(case: Case, rng: np.random.Generator, cotangent: Array | None = None) -> Call:
    """Forward, then backward with `cotangent` (a random one by default), on copies of the inputs."""
    out, cache = case.forward(*copied(case.inputs))
    ct = cotangent_for(out, rng) if cotangent is None else cotangent
    gradients = named(case, case.backward(ct.copy(), cache))
    return Call(np.array(out), ct, {path: np.array(value) for path, value in gradients.items()})


def named(case: Case, gradients: Any) -> dict[str, Any]:
    """The gradients by the paths of the inputs.

    Raises
    ------
    Broken
        If they are not nested like the inputs.
    """
    several = gradients if isinstance(gradients, tuple) else (gradients,)
    expected, given = arguments(case.inputs), arguments(several)
    if len(case.inputs) != len(several) or expected.paths != given.paths:
        raise Broken(
            f"backward returned gradients for {_listed(given.paths)}; the inputs are {_listed(expected.paths)}"
        )
    return dict(zip(expected.paths, given.leaves, strict=True))


def _listed(paths: tuple[str, ...]) -> str:
    return ", ".join(paths) or "nothing"


def difference(what: str, expected: Any, given: Any, ulps: float = SUMMATION_ULPS) -> str | None:
    """Where `given` differs from `expected` by more than `ulps` of its largest entry; None where it does not.

    Examples
    --------
    >>> import numpy as np
    >>> difference("dx", np.array([1.0, 2.0]), np.array([1.0, 2.5]))
    'dx[1]: expected 2, got 2.5'
    >>> difference("dx", np.array([1.0]), np.array([1.0 + 1e-15])) is None
    True
    """
    left, right = np.asarray(expected), np.asarray(given)
    if left.shape != right.shape:
        return f"{what}: expected shape {left.shape}, got {right.shape}"
    if left.size == 0:
        return None
    kind = np.result_type(left, right)
    unit = np.finfo(kind).eps if np.issubdtype(kind, np.inexact) else 0.0
    bound = ulps * unit * max(np.max(np.abs(left)), np.finfo(np.float64).tiny)
    off = ~(np.abs(left - right) <= bound) & ~((left == right) | (np.isnan(left) & np.isnan(right)))
    if not off.any():
        return None
    where = tuple(
        int(i) for i in np.unravel_index(np.argmax(np.where(off, np.abs(left - right), -1.0)), left.shape)
    )
    return f"{what}{list(where) if where else ''}: expected {left[where]:.6g}, got {right[where]:.6g}"


def worst_difference(expected: Mapping[str, Any], given: Mapping[str, Any], prefix: str = "d") -> str | None:
    """The first difference between two sets of named arrays."""
    return next(_differences(expected, given, prefix), None)


def _differences(expected: Mapping[str, Any], given: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for path, value in expected.items():
        found = difference(f"{prefix}{path}", value, given[path])
        if found:
            yield found
