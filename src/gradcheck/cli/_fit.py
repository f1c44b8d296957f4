"""How a found pair is to be judged: small inputs that it accepts, and the call that its results fit."""

import inspect
import itertools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.cli._pairs import Pair

__all__ = ["CALLS", "Fit", "fit"]

Array = NDArray[np.float64]
Shape = tuple[int, ...]

SHAPES: tuple[Shape, ...] = ((4, 3), (3, 2), (2,), (4, 2), (3,), (3, 3), (4,), (2, 3), (3, 1), ())
# Which shapes to try first for a parameter of this name: examples in rows, weights in between, one bias a column.
FAVOURED = {
    "w": (3, 2),
    "weight": (3, 2),
    "weights": (3, 2),
    "b": (2,),
    "bias": (2,),
    "beta": (3,),
    "gamma": (3,),
}
TRIES = 2000  # combinations of shapes: a second or two of calls on arrays this small

# The checks that a derivative of each kind may turn out to need, likeliest first.
CANDIDATES = {
    "backward": ("backward", "vjp", "vjp_last", "elementwise"),
    "vjp": ("vjp", "vjp_last"),
    "jvp": ("jvp",),
    "jacobian": ("jacobian",),
    "hessian": ("hessian",),
    "grad": ("grad", "elementwise", "vjp", "vjp_last", "jacobian"),
    "layer": ("layer",),
}
# How the test file writes each of them: the check, and the derivative as an argument of it.
CALLS = {
    "grad": ("grad", "{d}"),
    "elementwise": ("vjp", "lambda cotangent, {p}: cotangent * {d}({p})"),
    "vjp": ("vjp", "{d}"),
    "vjp_last": ("vjp", "lambda cotangent, {p}: {d}({p}, cotangent)"),
    "backward": ("backward", "{d}"),
    "jvp": ("jvp", "{d}"),
    "jacobian": ("jacobian", "{d}"),
    "hessian": ("hessian", "{d}"),
    "layer": ("backward", "lambda cotangent, layer: layer.backward(cotangent)"),
}


@dataclass(frozen=True)
class Fit:
    """A pair with the inputs and the call that were found for it.

    Attributes
    ----------
    pair : Pair
    call : str
        A key of `CALLS`.
    shapes : mapping of str to shape, or None
        The shape of each parameter; None where no small array was accepted.
    without : tuple of int
        Positions of the parameters for which the derivative returns None: labels, as a rule.
    """

    pair: Pair
    call: str
    shapes: dict[str, Shape] | None
    without: tuple[int, ...] = ()


def fit(pair: Pair, namespace: dict[str, Any]) -> Fit:
    """Try small arrays, and the calls that fit the kind, until the results have the right shapes.

    Where the function runs but no call fits, the likeliest call with those arrays: its test then says what is
    wrong. Where nothing runs, no shapes.
    """
    if pair.kind == "layer":
        return _fit_layer(pair, namespace[pair.function])
    function, derivative = namespace[pair.function], namespace[pair.derivative]
    runs: dict[str, Shape] | None = None
    for shapes, inputs in _trials(_parameters(function)):
        out = _quietly(function, *inputs)
        if out is None:
            continue
        runs = runs or shapes
        found = [Fit(pair, call, shapes, held) for call, held in _calls(pair.kind, out, derivative, inputs)]
        if found:
            return found[0]
    return Fit(pair, CANDIDATES[pair.kind][0], runs)


def _calls(
    kind: str, out: Any, derivative: Callable[..., Any], inputs: tuple[Array, ...]
) -> list[tuple[str, tuple[int, ...]]]:
    """The calls whose answers fit, with the positions that have no gradient; those linear in the cotangent first.

    Arrays of one shape cannot tell ``vjp(g, x, y)`` from ``vjp(x, y, g)``, but a zero cotangent can.
    """
    fitting = []
    for call in CANDIDATES[kind]:
        answer = _answer(call, out, derivative, inputs)
        if _fits(call, out, answer, inputs):
            parts = answer if isinstance(answer, tuple | list) else (answer,)
            held = tuple(place for place, part in enumerate(parts) if part is None)
            fitting.append((not _vanishes(call, out, derivative, inputs), call, held))
    return [(call, held) for _, call, held in sorted(fitting, key=itemgetter(0))]


def _vanishes(call: str, out: Any, derivative: Callable[..., Any], inputs: tuple[Array, ...]) -> bool:
    if call not in ("vjp", "vjp_last"):
        return True
    answer = _answer(call, out, derivative, inputs, ones=False)
    parts = answer if isinstance(answer, tuple | list) else (answer,)
    return all(part is None or not np.any(part) for part in parts)


def _fit_layer(pair: Pair, cls: Any) -> Fit:
    layer = _quietly(cls)
    for shapes, inputs in _trials(_parameters(layer.forward) if layer is not None else []):
        out = _quietly(layer.forward, *inputs)
        if _is_float(out) and _match(_quietly(layer.backward, np.ones_like(out)), inputs):
            return Fit(pair, "layer", shapes)
    return Fit(pair, "layer", None)


def _parameters(function: Callable[..., Any]) -> list[str]:
    """The names of the arguments that must be given."""
    parameters = inspect.signature(function).parameters.values()
    given = (p for p in parameters if p.default is p.empty)
    return [p.name for p in given if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _trials(names: list[str]) -> Iterator[tuple[dict[str, Shape], tuple[Array, ...]]]:
    """Assignments of shapes to names, those that the names suggest first, with arrays of them."""
    if not names:
        return
    favoured = [FAVOURED.get(name.lower()) for name in names]
    orders = [(first, *SHAPES) if first else SHAPES for first in favoured]
    for shapes in itertools.islice(itertools.product(*orders), TRIES):
        rng = np.random.default_rng(0)
        yield dict(zip(names, shapes, strict=True)), tuple(rng.uniform(0.1, 0.9, shape) for shape in shapes)


def _quietly(function: Callable[..., Any], *inputs: Any) -> Any:
    """The result, or None where there is none: most shapes do not fit, and that is no error."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return function(*inputs)
        except Exception:  # the user's function may raise whatever it likes at a guess of ours
            return None


def _answer(
    call: str, out: Any, derivative: Callable[..., Any], inputs: tuple[Array, ...], *, ones: bool = True
) -> Any:
    """What the derivative returns when it is called this way; None where it cannot be."""
    if call == "backward":
        if not isinstance(out, tuple | list) or len(out) != 2 or not _is_float(out[0]):
            return None
        return _quietly(derivative, np.ones_like(out[0]), out[1])
    if not _is_float(out):
        return None
    cotangent = np.ones_like(out) if ones else np.zeros_like(out)
    given = {"vjp": (cotangent, *inputs), "vjp_last": (*inputs, cotangent), "jvp": (inputs, *inputs)}
    return _quietly(derivative, *given.get(call, inputs))


def _fits(call: str, out: Any, answer: Any, inputs: tuple[Array, ...]) -> bool:
    """Whether the answer has the shapes that the check wants."""
    if answer is None:
        return False
    if call in ("backward", "vjp", "vjp_last"):
        return _match(answer, inputs)
    shape = np.shape(out)
    if call == "grad":
        return shape == () and _match(answer, inputs)
    if call == "jvp":
        return _has(answer, shape)
    wanted = {
        "elementwise": inputs[0].shape,
        "jacobian": shape + inputs[0].shape,
        "hessian": inputs[0].shape * 2,
    }
    smooth = {"elementwise": shape == inputs[0].shape, "jacobian": shape != (), "hessian": shape == ()}
    return len(inputs) == 1 and smooth[call] and _has(answer, wanted[call])


def _is_float(value: Any) -> bool:
    """Whether this is a finite number, or an array of them."""
    if not isinstance(value, float | np.floating | np.ndarray):
        return False
    array = np.asarray(value)
    return array.dtype.kind == "f" and array.size > 0 and bool(np.isfinite(array).all())


def _has(value: Any, shape: Shape) -> bool:
    return _is_float(value) and np.shape(value) == shape


def _match(gradients: Any, inputs: tuple[Array, ...]) -> bool:
    """Whether there is one gradient for each input, of its shape; None counts for an input that has none."""
    if len(inputs) == 1 and not isinstance(gradients, tuple | list):
        gradients = (gradients,)
    if not isinstance(gradients, tuple | list) or len(gradients) != len(inputs):
        return False
    shaped = [_has(g, x.shape) for g, x in zip(gradients, inputs, strict=True) if g is not None]
    return bool(shaped) and all(shaped)
