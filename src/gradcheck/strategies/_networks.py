"""Networks: their widths, activations and losses, and whole ones with parameters, data and labels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import DTypeLike, NDArray

from gradcheck.reference import (
    ACTIVATIONS,
    Activation,
    LeakyReLU,
    Loss,
    Network,
    Parameters,
    SoftmaxCrossEntropy,
    SquaredError,
    binary_cross_entropy,
    sigmoid,
    softmax,
    softmax_cross_entropy,
    squared_error,
)

__all__ = ["NetworkCase", "activations", "layer_shapes", "losses", "networks", "widths"]

Array = NDArray[Any]

LOSSES = (squared_error, binary_cross_entropy, softmax_cross_entropy)


@dataclass(frozen=True)
class NetworkCase:
    """A network with parameters and data that fit it.

    Attributes
    ----------
    network : Network
    params : dict
        In the structure of `Network.initialise`.
    X : array, (n_0, m)
    Y : array, (n_L, m)
        0 or 1 for binary cross-entropy, one-hot columns for softmax cross-entropy, numbers for squared error.
    """

    network: Network
    params: Parameters
    X: Array
    Y: Array


def widths(
    *, min_layers: int = 1, max_layers: int = 3, max_width: int = 3
) -> st.SearchStrategy[tuple[int, ...]]:
    """Layer widths (n_0, .., n_L) of a network with min_layers to max_layers layers.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(widths(), lambda w: len(w) > 2)
    (1, 1, 1)
    """
    width = st.integers(1, max_width)
    return st.integers(min_layers, max_layers).flatmap(lambda layers: st.tuples(*[width] * (layers + 1)))


def layer_shapes(*, max_width: int = 6, max_examples: int = 8) -> st.SearchStrategy[tuple[int, int, int]]:
    """Shapes (inputs, units, examples) of one layer, size 1 among them.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(layer_shapes(), lambda shape: True)
    (1, 1, 1)
    """
    return st.tuples(st.integers(1, max_width), st.integers(1, max_width), st.integers(1, max_examples))


def activations(*, kinks: bool = True) -> st.SearchStrategy[Activation]:
    """Elementwise activations, the identity first; without those that have kinks if `kinks` is False.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(activations(), lambda g: True).name
    'identity'
    """
    simplest_first = sorted(ACTIVATIONS, key=lambda activation: activation.name != "identity")
    chosen = st.sampled_from([g for g in simplest_first if kinks or not g.kinks])
    if not kinks:
        return chosen
    return chosen | st.floats(0.01, 0.99).map(LeakyReLU)


def losses() -> st.SearchStrategy[Loss]:
    """The losses: squared error first, then binary and softmax cross-entropy."""
    return st.sampled_from(LOSSES)


@st.composite
def networks(
    draw: st.DrawFn,
    *,
    shapes: st.SearchStrategy[tuple[int, ...]] | None = None,
    hidden: st.SearchStrategy[Activation] | None = None,
    loss: st.SearchStrategy[Loss] | None = None,
    linked: bool = True,
    l2: st.SearchStrategy[float] | None = None,
    max_examples: int = 4,
    kink_distance: float = 0.0,
    dtype: DTypeLike = np.float64,
) -> NetworkCase:
    """Whole networks with parameters, data and labels; they shrink to the smallest network that fails.

    All numbers are multiples of 1/256 in [-2, 2], so that they are the same in every dtype.

    Parameters
    ----------
    shapes : strategy, default `widths()`
        n_0 .. n_L.
    hidden : strategy, default `activations()`
        Of the hidden layers, drawn for each.
    loss : strategy, default `losses()`
    linked : bool
        Whether the output activation is the loss's link (always), or may be another one that suits the loss.
    l2 : strategy, default 0
    max_examples : int
        Columns of X at most.
    kink_distance : float
        Every pre-activation is at least so far from the kinks of its activation.
    dtype : a NumPy float dtype

    Examples
    --------
    >>> from hypothesis import find
    >>> case = find(networks(), lambda case: case.X.shape[1] > 1)
    >>> case.network.widths, case.X.shape
    ((1, 1), (1, 2))
    """
    sizes = draw(shapes if shapes is not None else widths())
    kind = draw(loss if loss is not None else losses())
    penalty = draw(l2) if l2 is not None else 0.0
    m = draw(st.integers(1, max_examples))
    # Numbers are drawn for the largest shape and cut: a smaller network then keeps the numbers of a larger one,
    # and shrinking a width does not shift all that follows.
    room = max(_ROOM, *sizes)
    X = draw(_numbers((room, max_examples)))[: sizes[0], :m]
    Y = _as_labels(kind, draw(_numbers((room, max_examples)))[: sizes[-1], :m])
    chosen, params = [], {}
    for layer, (inputs, units) in enumerate(pairwise(sizes), 1):
        chosen.append(draw(hidden if hidden is not None else activations()))
        drawn = draw(_numbers((room, room + 1)))[:units].astype(dtype)
        params[f"layer{layer}"] = {"W": drawn[:, 1 : inputs + 1].copy(), "b": drawn[:, :1].copy()}
    chosen[-1] = kind.link if linked else draw(_outputs(kind, sizes[-1]))
    network = Network(sizes, chosen, kind, penalty)
    case = NetworkCase(network, params, X.astype(dtype), Y.astype(dtype))
    assume(kink_distance == 0 or _kink_distance(case) >= kink_distance)
    return case


# Units for which numbers are drawn: as many as `widths` has by default.
_ROOM = 3


# Multiples of 1/256 in [-2, 2], the round ones first: a single choice that shrinks to 0, 1, -1, 2, -2, 1/2, ..
_NUMBERS = sorted((k / 256 for k in range(-512, 513)), key=lambda x: (x.as_integer_ratio()[1], abs(x), x < 0))


def _numbers(shape: tuple[int, int]) -> st.SearchStrategy[Array]:
    return hnp.arrays(np.float64, shape, elements=st.sampled_from(_NUMBERS), fill=st.nothing())


def _as_labels(loss: Loss, numbers: Array) -> Array:
    """Targets as they are; classes by the largest number of a column; 1 for a positive number."""
    if isinstance(loss, SquaredError):
        return numbers
    if isinstance(loss, SoftmaxCrossEntropy):
        return np.eye(len(numbers))[:, numbers.argmax(axis=0)]
    return (numbers > 0).astype(np.float64)


def _outputs(loss: Loss, units: int) -> st.SearchStrategy[Activation]:
    """Output activations whose range suits the loss: probabilities short of 0 and 1 for a cross-entropy."""
    if isinstance(loss, SquaredError):
        return activations()
    # The softmax of a single unit is 1 whatever z is.
    return st.sampled_from([sigmoid, softmax] if units > 1 else [sigmoid])


def _kink_distance(case: NetworkCase) -> float:
    """Smallest distance of a pre-activation from a kink of its activation; infinite where there is none."""
    _, cache = case.network.forward(case.params, case.X)
    distances = [
        np.abs(Z - kink).min()
        for g, Z in zip(case.network.activations, cache.Z, strict=True)
        for kink in g.kinks
    ]
    return float(min(distances, default=np.inf))
