"""Functions and their derivatives, found in a module by their usual names."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

__all__ = ["Pair", "find_pairs"]

# Names of the function that leave the stem, and names of its derivative made from the stem, by kind.
STEMS = ("{}", "{}_forward", "forward_{}", "{}_fwd", "{}_fprop")
DERIVATIVES = {
    "backward": ("{}_backward", "backward_{}", "{}_bwd", "{}_bprop"),
    "vjp": ("{}_vjp", "vjp_{}"),
    "jvp": ("{}_jvp", "jvp_{}"),
    "jacobian": ("{}_jacobian", "{}_jac", "jacobian_{}", "jac_{}"),
    "hessian": ("{}_hessian", "{}_hess", "hessian_{}", "hess_{}"),
    "grad": (
        *("{}_grad", "grad_{}", "{}_gradient", "gradient_{}"),
        *("{}_prime", "{}_derivative", "{}_deriv", "d_{}", "d{}"),
    ),
}
ALONE = {"forward": "backward", "fprop": "bprop"}  # a module that is one layer


@dataclass(frozen=True)
class Pair:
    """A function and what its name says is a derivative of it.

    Attributes
    ----------
    kind : str
        The check that the name suggests: ``grad``, ``backward`` ...; ``layer`` for a class with the methods
        ``forward`` and ``backward``.
    function, derivative : str
        Their names in the module; for a layer both are the name of the class.
    """

    kind: str
    function: str
    derivative: str


def find_pairs(module: ModuleType) -> list[Pair]:
    """Every pair of the module's own functions, each derivative once, and its layers."""
    functions = dict(_own(module, inspect.isfunction))
    pairs: dict[str, Pair] = {}
    for pair in _named(functions):
        pairs.setdefault(pair.derivative, pair)
    layers = [Pair("layer", name, name) for name, cls in _own(module, inspect.isclass) if _is_layer(cls)]
    return [*pairs.values(), *layers]


def _own(module: ModuleType, is_kind: Callable[[Any], bool]) -> Iterator[tuple[str, Any]]:
    """Public members that the module itself defines, in the order of its source."""
    for name, member in vars(module).items():
        if is_kind(member) and member.__module__ == module.__name__ and not name.startswith("_"):
            yield name, member


def _named(functions: dict[str, Any]) -> Iterator[Pair]:
    for name in functions:
        if ALONE.get(name) in functions:
            yield Pair("backward", name, ALONE[name])
        for stem in _stems(name):
            for kind, forms in DERIVATIVES.items():
                names = (form.format(stem) for form in forms)
                yield from (Pair(kind, name, each) for each in names if each in functions and each != name)


def _stems(name: str) -> Iterator[str]:
    """What is left of a name without the words that say it is a forward pass; longest marks first.

    >>> list(_stems("dense_forward"))
    ['dense', 'dense_forward']
    """
    for form in reversed(STEMS):
        head, tail = form.split("{}")
        if len(name) > len(head + tail) and name.startswith(head) and name.endswith(tail):
            yield name[len(head) : len(name) - len(tail)]


def _is_layer(cls: Any) -> bool:
    return all(callable(getattr(cls, method, None)) for method in ("forward", "backward"))
