"""What a claim returned, matched with the inputs by path."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._point import Floats, Point, Variable
from gradcheck.differentiate._errors import UsageError
from gradcheck.differentiate._tree import flatten, is_leaf
from gradcheck.differentiate._view import EPS_SINGLE, SIMPLE, are_float32, is_short

__all__ = ["Gradients", "Misfit", "by_path", "match", "precision_of", "strays"]


@dataclass(frozen=True)
class Misfit:
    """A gradient that cannot be compared as it stands: its slug and what is the matter."""

    code: str
    message: str
    array: NDArray[Any] | None = None

    @property
    def cure(self) -> str:
        return _CURES.get(self.code, "")


_CURES = {
    "shape": "return the input's shape",
    "dtype": "return the input's own precision",
    "missing": "return one gradient for each float input",
}


@dataclass(frozen=True)
class Gradients:
    """One evaluation of a claim.

    Attributes
    ----------
    flat : tuple of flat float64 arrays
        For each variable; zeros where the claim says `None`.
    leaves : tuple
        What the claim returned for each variable, `None` where nothing.
    misfits : mapping from variable's position in the tuple to Misfit
    absent : tuple of str
        Paths for which the claim says `None`.
    strays : mapping from path to Misfit
        Gradients of empty arrays, of which there is nothing to judge but the shape.
    eps : float
        Of the least precise gradient that is as precise as the caller's own input, though not as what f was given.
    """

    flat: tuple[Floats, ...]
    leaves: tuple[Any, ...]
    misfits: dict[int, Misfit] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    strays: dict[str, Misfit] = field(default_factory=dict)
    eps: float = 0.0


def match(result: Any, point: Point, *, conjugate: bool = False, name: str = "the claim") -> Gradients:
    """The gradients in `result`, in the order of the point's variables.

    Raises
    ------
    UsageError
        Where the structure does not fit the inputs, or a gradient is no number.
    """
    found = by_path(result, point, name)
    flats, leaves, misfits = [], [], {}
    for i, (variable, x) in enumerate(zip(point.variables, point.coordinates, strict=True)):
        leaf = found.get(variable.path)
        flat, misfit = _fit(leaf, variable, x.size, conjugate, name)
        if variable.path not in found:
            misfit = Misfit("missing", f"{name} returned no gradient for it")
        if misfit:
            misfits[i] = misfit
        flats.append(flat)
        leaves.append(leaf)
    absent = tuple(p for p, leaf in found.items() if leaf is None)
    eps = max((_own_eps(leaf, v) for leaf, v in zip(leaves, point.variables, strict=True)), default=0.0)
    return Gradients(tuple(flats), tuple(leaves), misfits, absent, strays(found, point), eps)


def strays(found: Mapping[str, Any], point: Point, lead: tuple[int, ...] = ()) -> dict[str, Misfit]:
    """Gradients of empty float arrays, by path, that have another shape; of a Jacobian `lead` comes first."""
    empty = [
        (path, leaf)
        for path, leaf in point.tree.items()
        if isinstance(leaf, np.ndarray) and leaf.dtype.kind in "fc" and leaf.size == 0
    ]
    wrong = {}
    for path, leaf in empty:
        array = np.asarray(found.get(path))
        if found.get(path) is not None and array.shape != lead + leaf.shape:
            message = f"the gradient has shape {array.shape}, the input {lead + leaf.shape}"
            wrong[path] = Misfit("shape", message, array)
    return wrong


def _own_eps(leaf: Any, variable: Variable) -> float:
    """The precision of a gradient that stays in the caller's dtype when it is given more; 0 for any other."""
    if not isinstance(leaf, np.ndarray) or leaf.dtype.kind not in "fc":
        return 0.0
    own, given = (d.itemsize // variable.width for d in (variable.dtype, variable.working))
    narrow = own <= leaf.real.dtype.itemsize < given
    return float(np.finfo(leaf.dtype).eps) if narrow else 0.0


def _fit(
    leaf: Any, variable: Variable, size: int, conjugate: bool, name: str
) -> tuple[Floats, Misfit | None]:
    if leaf is None:
        return np.zeros(size), None
    array = np.asarray(leaf)
    if array.dtype.kind not in "fciub":
        raise UsageError(
            f"{name}[{variable.path}]={_text(leaf)}",
            f"a gradient is an array of floats, not {_kind(leaf)}",
            "return arrays of the inputs' shapes",
        )
    if array.shape != variable.shape:
        message = f"the gradient has shape {array.shape}, the input {variable.shape}"
        return np.zeros(size), Misfit("shape", message, array)
    flat = _coordinates(array, variable, conjugate)
    return flat, _narrower(array, leaf, variable)


def _coordinates(array: NDArray[Any], variable: Variable, conjugate: bool) -> Floats:
    if not variable.is_complex:
        return np.array(array.real, dtype=np.float64, order="C").reshape(-1)
    whole = np.array(array, dtype=np.complex128, order="C").reshape(-1)
    return np.asarray((whole.conj() if conjugate else whole).view(np.float64))


def _narrower(array: NDArray[Any], leaf: Any, variable: Variable) -> Misfit | None:
    """A gradient must be able to hold what its input can: no complex for real, no float32 for float64, no integers."""
    if not isinstance(leaf, np.ndarray):  # numbers have no dtype to break
        return None
    precision = array.real.dtype.itemsize if array.dtype.kind in "fc" else 0
    if array.dtype.kind == "c" and not variable.is_complex:
        return Misfit("dtype", f"the gradient is {array.dtype}, the input is real")
    if precision < min(variable.working.itemsize, variable.dtype.itemsize) // variable.width:
        return Misfit("dtype", f"the gradient is {array.dtype} where the input is {variable.dtype}", array)
    return None


def by_path(result: Any, point: Point, name: str) -> dict[str, Any]:
    """Path -> gradient, `None` where the claim says `None`."""
    found: dict[str, Any] = {}
    for root, part in _by_argument(result, point, name):
        if part is None:
            prefix = _below(root, point)
            found |= dict.fromkeys(prefix)
            continue
        if root in [v.path for v in point.variables]:  # the argument is an array: so is its gradient
            found[root] = part if is_leaf(part) else _as_array(part, root, name)
            continue
        for path, leaf in flatten(part, root).items():
            _require_input(path, leaf, point, name)
            found |= dict.fromkeys(_below(path, point), None) if leaf is None else {path: leaf}
    return found


def _require_input(path: str, leaf: Any, point: Point, name: str) -> None:
    """A gradient belongs to an input; `None` also to a whole branch of them."""
    if path not in point.tree.paths and not (leaf is None and _below(path, point)):
        numbers = not any(v.is_array for v in point.variables) and isinstance(leaf, np.ndarray)
        raise UsageError(
            f"{name} returned a gradient of {path or type(leaf).__name__!r}",
            f"the inputs are {', '.join(point.tree.paths[:6])}",
            "return gradients in the structure of the inputs"
            + (", or pass np.array([...])" if numbers else ""),
        )


def _below(root: str, point: Point) -> list[str]:
    paths = [v.path for v in point.variables]
    return [p for p in paths if not root or p == root or p.startswith((f"{root}.", f"{root}["))]


def _as_array(part: Any, root: str, name: str) -> Any:
    try:
        return np.asarray(part, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{name}[{root}]={_text(part)}",
            f"a gradient is one array, not {_kind(part)}",
            "return arrays of the inputs' shapes",
        ) from error


def _by_argument(result: Any, point: Point, name: str) -> list[tuple[str, Any]]:
    """Pairs of an argument's name and its gradient."""
    names = point.names
    if len(names) == 1:
        inner_is_sequence = not names[0] and type(point.arguments(point.coordinates)[0]) in (tuple, list)
        if names[0] and isinstance(result, dict) and set(result) == {names[0]}:
            return list(result.items())
        single = isinstance(result, (tuple, list)) and len(result) == 1 and not inner_is_sequence
        return [(names[0], result[0] if single else result)]
    if isinstance(result, dict) and set(result) <= set(names):
        return list(result.items())
    owners = _owners(point)
    if isinstance(result, (tuple, list)):
        if len(result) == len(names):
            return list(zip(names, result, strict=True))
        if len(result) == len(owners):
            return list(zip(owners, result, strict=True))
    elif len(owners) == 1:
        return [(owners[0], result)]
    count = len(result) if isinstance(result, (tuple, list, dict)) else 1
    raise UsageError(
        f"{name} returned {_kind(result)} of {count}",
        f"there are {len(names)} inputs ({', '.join(names)})",
        "return a tuple with one gradient for each input, None for those held fixed",
    )


def _owners(point: Point) -> list[str]:
    """The arguments that hold a variable."""
    ends = np.cumsum(point.counts)
    return [
        n
        for n, end, count in zip(point.names, ends, point.counts, strict=True)
        if any(end - count <= v.position < end for v in point.variables)
    ]


def precision_of(result: Any) -> float:
    """The relative rounding of the least precise array in a nested structure.

    That of its dtype; float32's also for float64 numbers that are all float32's, as what was computed in it is."""
    arrays = [a for a in map(np.asarray, flatten(result).leaves) if a.dtype.kind in "fc"]
    return max(map(_precision, arrays), default=float(np.finfo(np.float64).eps))


def _precision(array: NDArray[Any]) -> float:
    own = max(float(np.finfo(array.dtype).eps), float(np.finfo(np.float64).eps))
    with np.errstate(over="ignore"):
        values = np.stack([array.real, array.imag]).astype(np.float64).reshape(-1)
        single = are_float32(values[None]).all() and not is_short(values, SIMPLE).all()
    return max(own, EPS_SINGLE) if single else own


def _kind(value: Any) -> str:
    return f"{type(value).__name__}"


def _text(value: Any) -> str:
    return repr(value)[:60]
