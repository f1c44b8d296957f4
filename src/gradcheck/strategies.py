"""Hypothesis strategies for testing derivatives: arrays, shapes, cotangents, activations, whole networks.

Everything shrinks towards the simplest case that still fails: one example, one unit, one layer, round numbers.
Needs the extra `test` (`pip install gradcheck[test]`).

Examples
--------
>>> from hypothesis import given
>>> from gradcheck import strategies
>>> from gradcheck.reference import tanh
>>> @given(z=strategies.arrays((3, 4), scale=(1e-3, 20.0)))
... def test_tanh_is_odd(z):
...     assert (tanh(-z) == -tanh(z)).all()
>>> test_tanh_is_odd()
"""

from __future__ import annotations

from collections.abc import Sequence
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

__all__ = [
    "NetworkCase",
    "activations",
    "arrays",
    "away_from_kinks",
    "cotangents",
    "layer_shapes",
    "losses",
    "networks",
    "on_kinks",
    "widths",
]

Array = NDArray[Any]
Shape = tuple[int, ...]

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


def arrays(
    shape: Shape | int | st.SearchStrategy[Shape],
    *,
    scale: tuple[float, float] = (1e-3, 1e3),
    zeros: bool = True,
    dtype: DTypeLike = np.float64,
) -> st.SearchStrategy[Array]:
    """Arrays whose elements have a magnitude between the two of `scale`, either sign, or are 0.

    Parameters
    ----------
    shape : tuple of int, int, or a strategy for them
    scale : (smallest, largest)
        Bounds of |element|, 0 < smallest <= largest.
    zeros : bool
        Whether elements may be exactly 0; they shrink towards it.
    dtype : a NumPy float dtype

    Raises
    ------
    ValueError
        If the scale is not two positive numbers in order, or not finite in the dtype.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(arrays(3, scale=(2.0, 8.0), zeros=False), lambda a: True)
    array([2., 2., 2.])
    """
    smallest, largest = _bounds(scale, dtype)
    width = _width(dtype)
    magnitudes = st.floats(smallest, largest, width=width)
    elements = magnitudes | magnitudes.map(lambda x: -x)
    return hnp.arrays(dtype, shape, elements=(st.just(0.0) | elements) if zeros else elements)


def away_from_kinks(
    kinks: Sequence[float],
    shape: Shape | int | st.SearchStrategy[Shape],
    *,
    distance: float = 0.1,
    largest: float = 10.0,
    dtype: DTypeLike = np.float64,
) -> st.SearchStrategy[Array]:
    """Arrays in [-largest, largest] whose every element is at least `distance` from every kink.

    There a difference quotient with steps under the distance sees a smooth function.

    Raises
    ------
    ValueError
        If the kinks leave no room in [-largest, largest].

    Examples
    --------
    >>> from hypothesis import find
    >>> from gradcheck.reference import relu
    >>> find(away_from_kinks(relu.kinks, 2, distance=0.5), lambda z: True)
    array([1., 1.])
    """
    gaps = _gaps(kinks, distance, largest)
    if not gaps:
        raise ValueError(
            f"kinks={tuple(kinks)}: no room at distance={distance} from all of them within largest={largest}. "
            "Try: a smaller distance."
        )
    width = _width(dtype)
    pieces = [st.floats(*_inside(low, high, dtype), width=width) for low, high in gaps]
    return hnp.arrays(dtype, shape, elements=st.one_of(pieces))


def on_kinks(
    kinks: Sequence[float],
    shape: Shape | int | st.SearchStrategy[Shape],
    *,
    distance: float = 0.1,
    largest: float = 10.0,
    dtype: DTypeLike = np.float64,
) -> st.SearchStrategy[Array]:
    """Arrays with one element or more exactly on a kink, the others at least `distance` from every kink.

    Raises
    ------
    ValueError
        If there are no kinks.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(on_kinks((0.0,), 3), lambda z: True)
    array([0., 0., 0.])
    """
    if not kinks:
        raise ValueError("kinks=(): a smooth function has no point on a kink. Try: away_from_kinks.")
    shapes = shape if isinstance(shape, st.SearchStrategy) else st.just(shape)

    @st.composite
    def draw_array(draw: st.DrawFn) -> Array:
        size = draw(shapes)
        z = draw(away_from_kinks(kinks, size, distance=distance, largest=largest, dtype=dtype))
        on = draw(hnp.arrays(np.bool_, size, elements=st.sampled_from([True, False])))
        assume(on.any())
        z[on] = draw(hnp.arrays(dtype, int(on.sum()), elements=st.sampled_from(tuple(kinks))))
        return z

    return draw_array()


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


def cotangents(
    shape: Shape | int | st.SearchStrategy[Shape], *, dtype: DTypeLike = np.float64
) -> st.SearchStrategy[Array]:
    """Cotangents of the kinds that expose a wrong vector-Jacobian product.

    Zero (the product must vanish), one-hot (one output by itself), negative, asymmetric (all entries different in
    size, so that nothing cancels and no transposition is hidden), and any others.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(cotangents((2, 2)), lambda c: True)
    array([[0., 0.],
           [0., 0.]])
    """
    shapes = shape if isinstance(shape, st.SearchStrategy) else st.just(shape)
    return shapes.flatmap(lambda size: _cotangents(size, dtype))


def _cotangents(shape: Shape | int, dtype: DTypeLike) -> st.SearchStrategy[Array]:
    n = int(np.prod(shape))
    asymmetric = np.arange(1, n + 1, dtype=np.dtype(dtype)) / np.dtype(dtype).type(n)
    kinds = [st.just(np.zeros(n, dtype))]
    if n:
        kinds += [
            st.integers(0, n - 1).map(lambda i: np.eye(1, n, i, dtype=dtype)[0]),
            arrays(n, scale=(0.125, 8.0), zeros=False, dtype=dtype).map(lambda c: -np.abs(c)),
            st.permutations(range(n)).map(lambda order: asymmetric[list(order)]),
            arrays(n, scale=(0.125, 8.0), dtype=dtype),
        ]
    return st.one_of(kinds).map(lambda c: c.reshape(shape).copy())


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


def _bounds(scale: tuple[float, float], dtype: DTypeLike) -> tuple[float, float]:
    smallest, largest = scale
    if not 0 < smallest <= largest <= float(np.finfo(dtype).max):
        raise ValueError(
            f"scale={scale!r}: expected 0 < smallest <= largest, finite in {np.dtype(dtype)}. "
            "Try: scale=(1e-3, 1e3)."
        )
    return _inside(smallest, largest, dtype)


def _gaps(kinks: Sequence[float], distance: float, largest: float) -> list[tuple[float, float]]:
    """The intervals of [-largest, largest] that keep the distance, the one nearest above 0 first."""
    edges = [-largest]
    for kink in sorted(kinks):
        edges += [-_beyond(-kink, distance), _beyond(kink, distance)]
    edges.append(largest)
    gaps = [(low, high) for low, high in zip(edges[::2], edges[1::2], strict=True) if low <= high]
    return sorted(gaps, key=lambda gap: (gap[1] < 0, abs(gap[0])))


def _beyond(kink: float, distance: float) -> float:
    """The smallest float above the kink whose computed distance is not rounded below the one asked for."""
    edge = kink + distance
    while edge - kink < distance:
        edge = float(np.nextafter(edge, np.inf))
    return edge


def _inside(low: float, high: float, dtype: DTypeLike) -> tuple[float, float]:
    """The smallest and largest numbers of the dtype within [low, high]."""
    kind: Any = np.dtype(dtype).type
    a, b = kind(low), kind(high)
    if float(a) < low:
        a = np.nextafter(a, kind(np.inf))
    if float(b) > high:
        b = np.nextafter(b, kind(-np.inf))
    return float(a), float(b)


def _width(dtype: DTypeLike) -> Any:
    return 8 * min(np.dtype(dtype).itemsize, 8)
