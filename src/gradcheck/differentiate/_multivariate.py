"""Derivatives of functions of arrays and of nested inputs: along a direction, and for every entry."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate import _tree
from gradcheck.differentiate._arrange import arranged
from gradcheck.differentiate._calls import RAISED, Caller, as_floats, as_real, real_result, working_precision
from gradcheck.differentiate._curvature import mixed_derivatives
from gradcheck.differentiate._elementwise import size_of
from gradcheck.differentiate._errors import UsageError
from gradcheck.differentiate._estimate import Estimate
from gradcheck.differentiate._window import Floats
from gradcheck.differentiate.engine import Noise, ladder, noise_level

__all__ = ["directional_derivative", "gradient", "hessian", "jacobian"]

PROBE_SEED = 20261  # the probe's directions are random, and the same in every call


def directional_derivative(f: Callable[..., Any], inputs: Any, direction: Any) -> Estimate:
    """Derivative of ``f(inputs + t direction)`` at t = 0, for every element of what f returns.

    Parameters
    ----------
    f : callable
        Returns a number or an array.
    inputs : tuple, array or nested structure
        A tuple is unpacked into ``f(*inputs)``; anything else is one argument. Integer and Boolean arrays are held
        fixed.
    direction
        Of the structure and shapes of `inputs`; None where an input is held fixed.

    Returns
    -------
    Estimate
        Of the shape of f's result, in its units per unit of t.

    Raises
    ------
    UsageError
        `direction` is zero, not finite, or of another structure or shape; f does not return real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> estimate = directional_derivative(lambda a, b: a @ b, (np.ones(3), np.arange(3.0)), (np.ones(3), np.zeros(3)))
    >>> bool(abs(estimate.value - 3.0) <= estimate.error < 1e-9)
    True
    """
    call = _Call.of(f, inputs)
    v = call.flat(direction)
    if not np.isfinite(v).all() or not v.any():
        raise UsageError(
            "direction", "it is zero or not finite", "pass a finite direction with an entry that is not zero"
        )
    return arranged(
        _measure(call, v[None]),
        lambda array: array[0].reshape(call.shape + array.shape[2:]),
        notes=call.caller.notes(),
    )


def gradient(f: Callable[..., Any], x: Any) -> Any:
    """Gradient of a scalar function with respect to every floating-point entry of its inputs.

    Parameters
    ----------
    f : callable
        Returns one number.
    x : array, tuple or nested structure
        A tuple is unpacked into ``f(*x)``; anything else is one argument.

    Returns
    -------
    Estimate, or the structure of `x` with an Estimate for each array
        None for integer and Boolean arrays, which are held fixed.

    Raises
    ------
    UsageError
        f does not return one real number.

    Examples
    --------
    >>> import numpy as np
    >>> estimate = gradient(lambda x: np.sum(x ** 3), np.array([1.0, 2.0]))
    >>> bool((abs(estimate.value - [3.0, 12.0]) <= estimate.error).all())
    True
    """
    call = _Call.of(f, x)
    _require_one_number(call, "use jacobian")
    found = _per_leaf(call, _measure(call, np.eye(call.x.size)))
    return found if type(x) is tuple else found[0]


def jacobian(f: Callable[..., Any], x: Any) -> Any:
    """Jacobian: as `gradient`, for functions that return an array; the shape is ``f(x).shape + x.shape``.

    Examples
    --------
    >>> import numpy as np
    >>> estimate = jacobian(lambda x: np.array([x[0] * x[1], x[1]]), np.array([2.0, 3.0]))
    >>> bool((abs(estimate.value - [[3.0, 2.0], [0.0, 1.0]]) <= estimate.error).all())
    True
    """
    call = _Call.of(f, x)
    found = _per_leaf(call, _measure(call, np.eye(call.x.size)))
    return found if type(x) is tuple else found[0]


def hessian(f: Callable[..., Any], x: Any) -> Estimate:
    """Hessian of a scalar function of one array, shape ``x.shape + x.shape``, from second differences of its values.

    Every entry has its own steps and error (see `gradcheck.differentiate._curvature`); where the second derivative
    jumps at x its status is ``kink`` and `interval` holds what it may be. It costs about 8 n^2 evaluations.

    Raises
    ------
    UsageError
        f does not return one real number, or x is not one array of floats.

    Examples
    --------
    >>> import numpy as np
    >>> estimate = hessian(lambda x: x[0] ** 2 * x[1], np.array([1.0, 2.0]))
    >>> bool((abs(estimate.value - [[4.0, 2.0], [2.0, 0.0]]) <= estimate.error).all())
    True
    """
    point = as_real(x).astype(float)
    call = _Call.of(f, point)
    _require_one_number(call, "use jacobian of a gradient")
    size = size_of(call.x)
    first, second = np.triu_indices(call.x.size)
    noise = _noise(call, _probe_directions(size))

    def evaluate(pairs: NDArray[np.intp], lines: NDArray[np.intp], t: Floats) -> Floats:
        return np.array([at(*step) for step in zip(first[pairs], second[pairs], lines, t, strict=True)])

    def at(i: int, j: int, line: int, t: float) -> float:
        moved = call.x.copy()
        moved[i] += t * size[i]
        moved[j] += line * t * size[j]
        return float(call.at(moved)[0])

    reach = np.abs(call.x) / size
    found = mixed_derivatives(
        evaluate,
        float(call.base[0]),
        float(noise.eta[0]),
        np.ones(len(first)),
        np.maximum(reach[first], reach[second]),
        first == second,
    )
    unit = size[first] * size[second]
    value, error = np.asarray(found.value, dtype=float) / unit, found.error / unit
    found = replace(found, value=value, error=error, interval=found.interval / unit[:, None])
    place = np.empty((call.x.size,) * 2, dtype=np.intp)
    place[first, second] = place[second, first] = np.arange(len(first))
    return arranged(
        found,
        lambda array: array[place].reshape(point.shape * 2 + array.shape[1:]),
        shared_evaluations=1 + noise.evaluations,
        notes=call.caller.notes(),
    )


def _require_one_number(call: "_Call", cure: str) -> None:
    if call.base.size != 1:
        raise UsageError(f"f(x).shape={call.shape}", "a gradient belongs to a function with one value", cure)


@dataclass
class _Call:
    """f as a function of one flat float64 vector, which holds every floating-point leaf of the inputs."""

    caller: Caller
    tree: _tree.Tree
    moving: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]
    x: Floats
    base: Floats
    shape: tuple[int, ...]
    dtype: Any

    @classmethod
    def of(cls, f: Callable[..., Any], inputs: Any) -> "_Call":
        tree = _tree.arguments(inputs, f)
        moving = tuple(i for i, leaf in enumerate(tree.leaves) if _moves(leaf, tree.paths[i]))
        if not moving:
            raise UsageError(
                "inputs", "there is no floating-point array in them", "pass at least one array of floats"
            )
        leaves = [np.asarray(tree.leaves[i], dtype=float) for i in moving]
        x = np.concatenate([leaf.ravel() for leaf in leaves])
        call = cls(Caller(f), tree, moving, tuple(leaf.shape for leaf in leaves), x, np.empty(0), (), float)
        result = call.caller.f(*call.inputs(x))
        call.caller.evaluations += 1
        array = real_result(result, "f(x)")
        call.base, call.shape, call.dtype = as_floats(array).ravel(), array.shape, working_precision(array)
        return call

    def inputs(self, x: Floats) -> tuple[Any, ...]:
        """The arguments of f, every array a copy of its own."""
        leaves = [leaf.copy() if isinstance(leaf, np.ndarray) else leaf for leaf in self.tree.leaves]
        for i, part in zip(self.moving, self.split(x), strict=True):
            leaves[i] = part.copy()
        return tuple(self.tree.rebuild(leaves))

    def split(self, flat: NDArray[Any]) -> list[NDArray[Any]]:
        """A flat array, first axis as long as x, as one array for each leaf."""
        sizes = np.cumsum([int(np.prod(shape)) for shape in self.shapes])[:-1]
        parts = np.split(flat, sizes)
        return [part.reshape(shape + flat.shape[1:]) for part, shape in zip(parts, self.shapes, strict=True)]

    def flat(self, direction: Any) -> Floats:
        """A direction of the structure of the inputs as one vector."""
        tree = _tree.arguments(direction)
        if len(tree.leaves) != len(self.tree.leaves):
            raise UsageError(
                f"direction with {len(tree.leaves)} arrays",
                f"the inputs have {len(self.tree.leaves)}",
                "give it the structure of the inputs",
            )
        parts = []
        for i, shape in zip(self.moving, self.shapes, strict=True):
            part = as_real(tree.leaves[i], f"direction[{self.tree.paths[i]}]").astype(float)
            if part.shape != shape:
                raise UsageError(
                    f"direction[{self.tree.paths[i]}].shape={part.shape}",
                    f"the input has the shape {shape}",
                    "give them one shape",
                )
            parts.append(part.ravel())
        return np.concatenate(parts)

    def along(self, lines: Floats) -> Callable[[NDArray[np.intp], Floats], Floats]:
        """phi of every line through x, as the engine wants it."""

        def evaluate(rows: NDArray[np.intp], t: Floats) -> Floats:
            return np.stack([self.at(self.x + step * lines[row]) for row, step in zip(rows, t, strict=True)])

        return evaluate

    def at(self, x: Floats) -> Floats:
        """f's elements at x; NaN where it raised or was not finite."""
        result = self.caller(*self.inputs(x))
        if result is RAISED:
            return np.full(self.base.size, np.nan)
        array = real_result(result, "f(x)")
        if array.shape != self.shape:
            raise UsageError(
                f"f(x).shape={array.shape}",
                f"at the given point it was {self.shape}",
                "return one shape everywhere",
            )
        return as_floats(array).ravel()


def _moves(leaf: Any, path: str) -> bool:
    if leaf is None or isinstance(leaf, str):
        return False
    kind = np.asarray(leaf).dtype.kind
    if kind == "c":
        raise UsageError(
            f"{path} is complex",
            "derivatives are measured with respect to real numbers",
            "pass real and imaginary parts",
        )
    return kind == "f"


def _measure(call: _Call, lines: Floats) -> Estimate:
    """The ladder along every one of `lines` (rows, n), with the noise measured along two of them or two random ones."""
    with np.errstate(all="ignore"):
        size = size_of(call.x)
        noise = _noise(call, lines if len(lines) == 1 else _probe_directions(size))
        spacing = np.spacing(np.abs(call.x))
        finest = np.where(lines != 0, spacing / np.abs(lines), 0.0).max(axis=1)
        estimate = ladder(call.along(lines), call.base, _scale(size, lines), noise.eta, finest=finest)
    return replace(estimate, shared_evaluations=1 + noise.evaluations)


def _noise(call: _Call, probes: Floats) -> Noise:
    with np.errstate(all="ignore"):
        scale = _scale(size_of(call.x), probes)
        return noise_level(call.along(probes), call.base, scale, dtype=call.dtype)


def _scale(size: Floats, lines: Floats) -> Floats:
    """The t at which the first entry of x has moved by its own size."""
    return np.asarray(np.where(lines != 0, size / np.abs(lines), np.inf).min(axis=1))


def _probe_directions(size: Floats) -> Floats:
    """One Gaussian direction and one of random signs, each entry scaled to its own size."""
    rng = np.random.default_rng(PROBE_SEED)
    signs = rng.integers(0, 2, len(size)) * 2.0 - 1.0
    return np.stack([rng.standard_normal(len(size)), signs]) * size


def _per_leaf(call: _Call, estimate: Estimate) -> tuple[Any, ...]:
    """(n, p) as one Estimate of shape f(x).shape + leaf.shape for each leaf, in the structure of the inputs."""
    leaves: list[Any] = [None] * len(call.tree.leaves)
    start = 0
    for i, shape in zip(call.moving, call.shapes, strict=True):
        stop = start + int(np.prod(shape))
        part = slice(start, stop)

        def arrange(array: NDArray[Any], part: slice = part, shape: tuple[int, ...] = shape) -> NDArray[Any]:
            return np.moveaxis(array[part], 0, 1).reshape(call.shape + shape + array.shape[2:])

        leaves[i] = arranged(estimate, arrange, notes=call.caller.notes())
        start = stop
    return tuple(call.tree.rebuild(leaves))
