"""Nested inputs as a flat list of named leaves and back.

Containers are whatever optree knows (tuple, list, dict, namedtuple, registered classes, nested) and plain
dataclasses.
A leaf is named by its path: ``W1`` in a dictionary, ``layers[0].b`` nested, ``arg0`` where nothing names it.
"""

import copy
import dataclasses
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
import optree

__all__ = ["Tree", "arguments", "flatten", "is_leaf", "join", "parameter_names"]


NUMERIC = (np.ndarray, np.generic, float, int)
"""What is a leaf without being looked into: nearly every value of a function."""

_ONLY = itemgetter(0)


@dataclass(frozen=True)
class Tree:
    """The leaves of a nested structure, each with its path, and the way back.

    Attributes
    ----------
    paths : tuple of str
    leaves : tuple
        `None` is a leaf.
    rebuild : callable
        ``rebuild(leaves)`` is the structure again with other leaves.
    """

    paths: tuple[str, ...]
    leaves: tuple[Any, ...]
    rebuild: Callable[[Sequence[Any]], Any]

    def items(self) -> Iterator[tuple[str, Any]]:
        """Pairs of path and leaf."""
        return zip(self.paths, self.leaves, strict=True)


def flatten(tree: Any, root: str = "") -> Tree:
    """The leaves of `tree`, whose paths start with `root`.

    Examples
    --------
    >>> t = flatten({"W1": 1.0, "layers": [{"b": 2.0}]})
    >>> t.paths
    ('W1', 'layers[0].b')
    >>> t.rebuild([10.0, 20.0])
    {'W1': 10.0, 'layers': [{'b': 20.0}]}
    >>> flatten((1.0, None), root="x").paths
    ('x[0]', 'x[1]')
    """
    if isinstance(tree, NUMERIC):
        return Tree((_trim(root),), (tree,), _ONLY)
    accessors, leaves, spec = optree.tree_flatten_with_accessor(tree, _is_record, none_is_leaf=True)
    paths = [root + "".join(_step(entry) for entry in accessor) for accessor in accessors]
    if any(map(_is_record, leaves)):
        return _through_records(leaves, paths, spec)
    return Tree(tuple(_trim(p) for p in paths), tuple(leaves), spec.unflatten)


def arguments(inputs: Any, function: Callable[..., Any] | None = None, *, skip: int = 0) -> Tree:
    """The leaves of a call's arguments; ``rebuild(leaves)`` is the tuple to unpack into ``f(*arguments)``.

    A plain tuple is unpacked into several arguments; anything else is one. Several arguments are named as the
    parameters of `function` (after the first `skip`), or ``arg0``, ``arg1``, ...; one nested argument needs
    no name.

    Examples
    --------
    >>> arguments((1.0, 2.0), lambda x, *rest: x).paths
    ('x', 'arg1')
    >>> t = arguments({"W": 1.0})
    >>> t.paths, t.rebuild([3.0])
    (('W',), ({'W': 3.0},))
    """
    args = inputs if type(inputs) is tuple else (inputs,)
    names = parameter_names(function, len(args), skip)
    alone = len(args) == 1 and not is_leaf(args[0])
    trees = [flatten(a, "" if alone else n) for a, n in zip(args, names, strict=True)]
    return join(trees, tuple)


def parameter_names(function: Callable[..., Any] | None, count: int, skip: int = 0) -> list[str]:
    """The names under which `function` takes its first `count` positional arguments; else ``arg0``, ..."""
    try:
        parameters = list(inspect.signature(function).parameters.values())[skip:] if function else []
    except (TypeError, ValueError):  # built-in functions and ufuncs have no signature
        parameters = []
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    known = [p.name for p in parameters if p.kind in positional][:count]
    return known + [f"arg{i}" for i in range(len(known), count)]


def is_leaf(node: Any) -> bool:
    """Whether `node` is an array, a number or `None`: nothing to look into."""
    return optree.tree_is_leaf(node, none_is_leaf=True) and not _is_record(node)


def _is_record(node: Any) -> bool:
    return dataclasses.is_dataclass(node) and not isinstance(node, type)


def _step(entry: Any) -> str:
    """One step of a path: ``.b`` for a field or an identifier, ``[0]`` otherwise."""
    name = getattr(entry, "field", entry.entry)
    return f".{name}" if isinstance(name, str) and name.isidentifier() else f"[{name!r}]"


def _trim(path: str) -> str:
    return path.removeprefix(".")


@dataclass(frozen=True)
class _Restore:
    """A dataclass with other fields, set on a copy, without `__init__`, frozen or not."""

    node: Any
    names: tuple[str, ...]

    def __call__(self, values: Sequence[Any]) -> Any:
        twin = copy.copy(self.node)
        for name, value in zip(self.names, values, strict=True):
            object.__setattr__(twin, name, value)
        return twin


def _record(node: Any, root: str) -> Tree:
    names = tuple(f.name for f in dataclasses.fields(node))
    return join([flatten(getattr(node, n), f"{root}.{n}") for n in names], _Restore(node, names))


def _through_records(leaves: Sequence[Any], paths: Sequence[str], spec: optree.PyTreeSpec) -> Tree:
    trees = [
        _record(leaf, path) if _is_record(leaf) else Tree((_trim(path),), (leaf,), itemgetter(0))
        for leaf, path in zip(leaves, paths, strict=True)
    ]
    return join(trees, spec.unflatten)


@dataclass(frozen=True)
class _Rebuild:
    """The way back of several trees side by side; `outer` makes the whole from the list of them.

    A class and no closure, so that a process pool can be sent it.
    """

    parts: tuple[tuple[Callable[[Sequence[Any]], Any], int], ...]
    outer: Callable[[Sequence[Any]], Any]

    def __call__(self, leaves: Sequence[Any]) -> Any:
        whole, start = [], 0
        for rebuild, size in self.parts:
            whole.append(rebuild(leaves[start : start + size]))
            start += size
        return self.outer(whole)


def join(trees: Sequence[Tree], outer: Callable[[Sequence[Any]], Any]) -> Tree:
    """Several trees side by side as one, rebuilt by `outer` from the list of them."""
    return Tree(
        tuple(_trim(p) for t in trees for p in t.paths),
        tuple(v for t in trees for v in t.leaves),
        _Rebuild(tuple((t.rebuild, len(t.leaves)) for t in trees), outer),
    )
