"""What a library hands to the kit: small adapters, by protocol; nothing here has to be inherited from."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate import UsageError

__all__ = ["Activation", "Case", "Layer", "Loss", "Network", "Subject", "Tags"]

Array = NDArray[Any]
Forward = Callable[..., tuple[Any, Any]]
Backward = Callable[..., Any]
Parameters = dict[str, dict[str, Array]]


@dataclass(frozen=True)
class Tags:
    """What a subject is like, so that no check asks of it what it does not promise.

    Attributes
    ----------
    kinks : bool
        Not differentiable everywhere (ReLU): a subgradient is right there.
    stochastic : bool
        `forward` takes ``rng=``, a `numpy.random.Generator`; the same seed gives the same output.
    modes : tuple of str
        `forward` takes ``mode=``, one of these (``("train", "eval")``).
    batch_independent : bool
        Each example is treated by itself (not so for batch normalisation in training).
    reduction : str
        Of a loss over the examples: ``"mean"``, ``"sum"`` or ``"none"``.
    """

    kinks: bool = False
    stochastic: bool = False
    modes: tuple[str, ...] = ()
    batch_independent: bool = True
    reduction: str = "mean"

    def __post_init__(self) -> None:
        if self.reduction not in ("mean", "sum", "none"):
            raise UsageError(f"reduction={self.reduction!r}", "not a reduction", "'mean', 'sum' or 'none'")


@dataclass(frozen=True)
class Case:
    """One differentiable call: ``forward(*inputs) -> (out, cache)``, ``backward(cotangent, cache)`` its claim.

    `backward` returns one gradient for each of `inputs`, or the bare gradient where there is one input.
    `batched` tells which inputs have the examples on axis 0 (None is a parameter or a dict of them).
    """

    forward: Forward
    backward: Backward
    inputs: tuple[Any, ...]
    batched: tuple[bool, ...]

    def at(self, *inputs: Any) -> "Case":
        """The same call with other inputs."""
        return replace(self, inputs=inputs)


@runtime_checkable
class Subject(Protocol):
    """What every check works on: a name, a kind, tags, and a call at an example of a given batch size."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def tags(self) -> Tags: ...
    def case(self, rng: np.random.Generator, batch: int = 5, mode: str | None = None) -> Case:
        """The call at example inputs of `batch` examples."""
        ...


def _bind(forward: Forward, tags: Tags, mode: str | None, seed: int) -> Forward:
    """`forward` with the keywords that the tags announce; a stochastic one sees the same seed in every call."""
    if not tags.modes and not tags.stochastic:
        return forward
    keywords: dict[str, Any] = {"mode": mode or tags.modes[0]} if tags.modes else {}

    def bound(*inputs: Any) -> tuple[Any, Any]:
        extra = {"rng": np.random.default_rng(seed)} if tags.stochastic else {}
        return forward(*inputs, **keywords, **extra)

    return bound


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**32))


@dataclass(frozen=True)
class Activation:
    """An elementwise function: ``forward(z) -> (a, cache)``, ``backward(cotangent, cache) -> dz``.

    `shape` is the shape of one example.

    Examples
    --------
    >>> import numpy as np
    >>> tanh = Activation(
    ...     "tanh",
    ...     forward=lambda z: (np.tanh(z), np.tanh(z)),
    ...     backward=lambda cotangent, a: cotangent * (1 - a * a),
    ... )
    >>> tanh.case(np.random.default_rng(0), batch=2).inputs[0].shape
    (2, 4)
    """

    name: str
    forward: Forward
    backward: Backward
    shape: tuple[int, ...] = (4,)
    tags: Tags = field(default_factory=Tags)
    kind: str = field(default="activation", init=False)

    def case(self, rng: np.random.Generator, batch: int = 5, mode: str | None = None) -> Case:
        """The call at standard normal pre-activations."""
        z = rng.standard_normal((batch, *self.shape))
        return Case(_bind(self.forward, self.tags, mode, _seed(rng)), self.backward, (z,), (True,))


@dataclass(frozen=True)
class Layer:
    """A layer: ``forward(params, x) -> (out, cache)``, ``backward(cotangent, cache) -> (dparams, dx)``.

    Attributes
    ----------
    params : mapping of str to shape, or a callable ``params(rng) -> dict``
        Shapes are filled with normal numbers of standard deviation ``fan_in ** -0.5``, biases with small ones.
    shape : tuple of int
        The shape of one example; `x` has the examples on axis 0.
    """

    name: str
    forward: Forward
    backward: Backward
    params: Mapping[str, tuple[int, ...]] | Callable[[np.random.Generator], Mapping[str, Array]]
    shape: tuple[int, ...]
    tags: Tags = field(default_factory=Tags)
    kind: str = field(default="layer", init=False)

    def case(self, rng: np.random.Generator, batch: int = 5, mode: str | None = None) -> Case:
        """The call at seeded parameters and standard normal inputs."""
        params = dict(self.params(rng)) if callable(self.params) else _normal(self.params, rng)
        x = rng.standard_normal((batch, *self.shape))
        return Case(
            _bind(self.forward, self.tags, mode, _seed(rng)), self.backward, (params, x), (False, True)
        )


def _normal(shapes: Mapping[str, tuple[int, ...]], rng: np.random.Generator) -> dict[str, Array]:
    return {
        name: rng.standard_normal(shape) / np.sqrt(shape[0] if len(shape) > 1 else 4.0)
        for name, shape in shapes.items()
    }


@dataclass(frozen=True)
class Loss:
    """A loss: ``forward(prediction, target) -> (value, cache)``, ``backward(cotangent, cache) -> dprediction``.

    Attributes
    ----------
    shape : tuple of int
        The shape of one example's prediction.
    targets : {"normal", "binary", "one-hot", "class"}, or a callable ``targets(rng, batch) -> array``
        What the target of an example is.
    predictions : {"normal", "probability", "simplex"}
        Any number, a number in (0, 1), or numbers in (0, 1) that sum to one over the last axis.
    """

    name: str
    forward: Forward
    backward: Backward
    shape: tuple[int, ...] = (3,)
    targets: str | Callable[[np.random.Generator, int], Array] = "normal"
    predictions: str = "normal"
    tags: Tags = field(default_factory=Tags)
    kind: str = field(default="loss", init=False)

    def case(self, rng: np.random.Generator, batch: int = 5, mode: str | None = None) -> Case:
        """The call at seeded predictions and targets, the targets held fixed."""
        prediction = _draw(self.predictions, _PREDICTIONS, "predictions", rng, (batch, *self.shape))
        if callable(self.targets):
            target = self.targets(rng, batch)
        else:
            target = _draw(self.targets, _TARGETS, "targets", rng, (batch, *self.shape))
        return self.against(target, prediction, _bind(self.forward, self.tags, mode, _seed(rng)))

    def against(self, target: Array, prediction: Array, forward: Forward | None = None) -> Case:
        """The call as a function of the prediction alone."""
        whole = forward or self.forward
        return Case(_Fixed(whole, target), self.backward, (prediction,), (True,))


@dataclass(frozen=True)
class _Fixed:
    """A loss with its target filled in."""

    forward: Forward
    target: Array

    def __call__(self, prediction: Array) -> tuple[Any, Any]:
        return self.forward(prediction, self.target)


def _simplex(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    positive = rng.uniform(0.2, 1.0, shape)
    return np.asarray(positive / positive.sum(-1, keepdims=True))


def _one_hot(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(np.eye(shape[-1])[rng.integers(shape[-1], size=shape[:-1])])


Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]
_PREDICTIONS: dict[str, Draw] = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "probability": lambda rng, shape: rng.uniform(0.05, 0.95, shape),
    "simplex": _simplex,
}
_TARGETS: dict[str, Draw] = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "binary": lambda rng, shape: rng.integers(2, size=shape).astype(float),
    "one-hot": _one_hot,
    "class": lambda rng, shape: rng.integers(shape[-1], size=shape[:-1]),
}


def _draw(
    name: str, table: dict[str, Draw], what: str, rng: np.random.Generator, shape: tuple[int, ...]
) -> Array:
    if name not in table:
        raise UsageError(f"{what}={name!r}", "no such kind", f"one of {', '.join(table)}")
    return table[name](rng, shape)


@dataclass(frozen=True)
class Network:
    """A whole network for binary labels: ``cost_and_gradients(params, X, Y, hidden) -> (cost, gradients)``.

    `params` and the gradients are ``{"layer1": {"W": (n1, n0), "b": (n1, 1)}, "layer2": ...}`` with examples as
    columns of X (n0, m) and Y (n_L, m): the layout of the notes and of `gradcheck.reference`. `hidden` is the
    name of the hidden activation, the output unit is a sigmoid, the cost the mean binary cross-entropy. A
    library with another layout transposes here.

    Attributes
    ----------
    hidden : tuple of str
        The hidden activations that the library offers, by the names of `gradcheck.reference`.
    """

    name: str
    cost_and_gradients: Callable[
        [Parameters, Array, Array, str], tuple[Any, Mapping[str, Mapping[str, Array]]]
    ]
    hidden: tuple[str, ...] = ("tanh",)
    tags: Tags = field(default_factory=Tags)
    kind: str = field(default="network", init=False)

    def case(self, rng: np.random.Generator, batch: int = 5, mode: str | None = None) -> Case:
        """The call on a 3-4-1 network with the first of the hidden activations, data and labels held fixed."""
        widths = (3, 4, 1)
        X = rng.standard_normal((widths[0], batch))
        Y = rng.integers(2, size=(1, batch)).astype(float)

        def forward(params: Parameters) -> tuple[Any, Any]:
            return self.cost_and_gradients(params, X, Y, self.hidden[0])

        def backward(cotangent: Array, gradients: Mapping[str, Mapping[str, Array]]) -> Any:
            return {
                name: {key: cotangent * g for key, g in layer.items()} for name, layer in gradients.items()
            }

        return Case(forward, backward, (drawn_parameters(rng, widths),), (False,))


def drawn_parameters(rng: np.random.Generator, widths: Sequence[int]) -> Parameters:
    """Seeded weights and biases for layers of these widths, large enough to reach past the linear part."""
    return {
        f"layer{layer}": {
            "W": rng.standard_normal((fan_out, fan_in)) / np.sqrt(fan_in),
            "b": 0.1 * rng.standard_normal((fan_out, 1)),
        }
        for layer, (fan_in, fan_out) in enumerate(itertools.pairwise(widths), start=1)
    }
