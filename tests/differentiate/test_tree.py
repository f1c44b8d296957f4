"""Nested inputs: every leaf is named, and the structure comes back as it was."""

import pickle
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest

from gradcheck.differentiate._tree import arguments, flatten


class Pair(NamedTuple):
    a: Any
    b: Any


@dataclass
class Layer:
    W: Any
    b: Any = None


@dataclass(frozen=True, slots=True)
class Model:
    layers: list[Any]
    name: str = "m"
    cache: dict[str, Any] = field(default_factory=dict, init=False)


CASES = [
    ({"W": 1.0, "b": 2.0}, ("W", "b")),
    ({"layers": [{"b": 1.0}, {"b": 2.0}]}, ("layers[0].b", "layers[1].b")),
    (Pair(1.0, (2.0, None)), ("a", "b[0]", "b[1]")),
    (Layer(1.0), ("W", "b")),
    (
        Model([Layer(1.0, 2.0), Pair(3.0, 4.0)]),
        ("layers[0].W", "layers[0].b", "layers[1].a", "layers[1].b", "name"),
    ),
    (OrderedDict(z=1.0, a=2.0), ("z", "a")),
    ({"two words": 1.0}, ("['two words']",)),
    ({"p": Layer({"deep": [1.0]})}, ("p.W.deep[0]", "p.b")),
    ([[], {}, (1.0,)], ("[2][0]",)),
]


@pytest.mark.parametrize(("tree", "paths"), CASES)
def test_every_leaf_is_named_and_the_structure_comes_back(tree: Any, paths: tuple[str, ...]) -> None:
    flat = flatten(tree)
    assert flat.paths == paths
    assert flat.rebuild(flat.leaves) == tree
    assert type(flat.rebuild(flat.leaves)) is type(tree)


def test_rebuilding_leaves_the_original_dataclass_alone() -> None:
    layer = Layer(1.0, 2.0)
    assert flatten(layer).rebuild([5.0, 6.0]) == Layer(5.0, 6.0)
    assert layer == Layer(1.0, 2.0)


@pytest.mark.parametrize(
    ("inputs", "paths"),
    [
        ((1.0, 2.0), ("x", "W")),
        ((1.0, 2.0, 3.0), ("x", "W", "arg2")),
        (({"a": 1.0}, 2.0), ("x.a", "W")),
        (({"a": 1.0},), ("a",)),
        ({"a": 1.0}, ("a",)),
        (Layer(1.0), ("W", "b")),
        ((Layer(1.0),), ("W", "b")),
        (np.ones(3), ("x",)),
        ([1.0, 2.0], ("[0]", "[1]")),
        (Pair(1.0, 2.0), ("a", "b")),
        (([1.0], None), ("x[0]", "W")),
    ],
)
def test_arguments_are_named_as_the_parameters_of_the_function(inputs: Any, paths: tuple[str, ...]) -> None:
    def f(x: Any, W: Any, *more: Any, option: int = 0) -> None: ...

    flat = arguments(inputs, f)
    assert flat.paths == paths
    args = flat.rebuild(flat.leaves)
    expected = inputs if type(inputs) is tuple else (inputs,)
    assert isinstance(args, tuple)
    assert args is not inputs
    assert all(a is e or a == e for a, e in zip(args, expected, strict=True))


def test_a_function_without_a_signature_gives_numbered_arguments() -> None:
    assert arguments((1.0, 2.0), min).paths == ("arg0", "arg1")
    assert arguments((1.0, 2.0)).paths == ("arg0", "arg1")


def test_the_way_back_can_be_sent_to_another_process() -> None:
    flat = arguments((Layer([1.0, {"a": 2.0}]), 3.0))
    again = pickle.loads(pickle.dumps(flat))
    assert again.rebuild(again.leaves) == (Layer([1.0, {"a": 2.0}]), 3.0)
