"""Forward and back propagation for any number of layers (sections 1, 4 and 5 of the notes).

Columns are examples. Layer l = 1..L has W_l of shape (n_l, n_(l-1)) and b_l of shape (n_l, 1); A_0 = X.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ._base import Activation, as_floats
from ._errors import invalid
from ._initialise import Scheme, small_normal
from ._losses import Loss, binary_cross_entropy

__all__ = ["Cache", "Network", "Parameters", "flatten", "unflatten"]

Array = NDArray[Any]
Parameters = dict[str, dict[str, Array]]


@dataclass(frozen=True)
class Cache:
    """What the forward pass leaves for the backward pass.

    Attributes
    ----------
    Z : tuple of arrays
        Z_1 .. Z_L, each (n_l, m).
    A : tuple of arrays
        A_0 = X, A_1 .. A_L, each (n_l, m).
    """

    Z: tuple[Array, ...]
    A: tuple[Array, ...]


class Network:
    """A fully connected network.

    Parameters
    ----------
    widths : sequence of int
        n_0 .. n_L: the number of inputs, then the number of units of every layer.
    activations : Activation or sequence of Activation
        One for each layer; or a single one for all hidden layers, the output layer taking the loss's link.
    loss : Loss
        Of one example; the cost J is its mean over the examples.
    l2 : float
        Adds l2/2 times the sum of all squared weights (not biases) to J.

    Raises
    ------
    ValueError
        If there is no layer, a width is not positive, the activations are not one for each layer, or
        l2 < 0.

    Examples
    --------
    >>> import numpy as np
    >>> from gradcheck.reference import Network, tanh
    >>> network = Network((2, 4, 1), tanh)
    >>> params = network.initialise(np.random.default_rng(0))
    >>> X, Y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0, 1]])
    >>> A, cache = network.forward(params, X)
    >>> network.backward(params, cache, Y)["layer1"]["W"].shape
    (4, 2)
    """

    def __init__(
        self,
        widths: Sequence[int],
        activations: Activation | Sequence[Activation],
        loss: Loss = binary_cross_entropy,
        l2: float = 0.0,
    ) -> None:
        self.widths = _checked_widths(widths)
        self.loss = loss
        self.activations = _one_each(activations, loss, len(self.widths) - 1)
        if not 0 <= l2 < np.inf:
            raise invalid(f"l2={l2!r}", "the penalty's factor is a number >= 0", "l2=0.0 for no penalty")
        self.l2 = l2
        self._layers = tuple(
            (f"layer{layer}", (units, inputs))
            for layer, (inputs, units) in enumerate(pairwise(self.widths), 1)
        )
        self._linked = type(self.activations[-1]) is type(loss.link)

    def __repr__(self) -> str:
        names = ", ".join(activation.name for activation in self.activations)
        return f"Network({self.widths}, ({names}), {self.loss.name}, l2={self.l2})"

    def initialise(
        self, rng: np.random.Generator, scheme: Scheme = small_normal, dtype: DTypeLike = np.float64
    ) -> Parameters:
        """Return fresh parameters {"layer1": {"W": ..., "b": ...}, ...}: W by the scheme, b = 0."""
        if not isinstance(rng, np.random.Generator):
            raise invalid(f"rng={rng!r}", "not a numpy.random.Generator", "np.random.default_rng(seed)")
        return {
            name: {"W": scheme(rng, shape, dtype), "b": np.zeros((shape[0], 1), dtype)}
            for name, shape in self._layers
        }

    def forward(self, params: Mapping[str, Mapping[str, Array]], X: ArrayLike) -> tuple[Array, Cache]:
        """Return the prediction A_L, (n_L, m), and the cache.

        Z_l = W_l A_(l-1) + b_l and A_l = g_l(Z_l), for l = 1..L.

        Raises
        ------
        ValueError
            If a shape does not fit (the text names the layer, the expected and the given shape), or X is not
            finite.
        """
        A = self._inputs(X)
        Zs, As = [], [A]
        for activation, layer in zip(self.activations, self._layers, strict=True):
            W, b = _checked(params, *layer)
            Z = np.dot(W, A)
            Z += b
            A = activation(Z)
            Zs.append(Z)
            As.append(A)
        if not isfinite(np.vdot(Zs[0], Zs[0])):  # cheaper than a look at X, which shows in Z_1
            _check_finite(As[0])
        return A, Cache(tuple(Zs), tuple(As))

    def cost(self, params: Mapping[str, Mapping[str, Array]], X: ArrayLike, Y: ArrayLike) -> Any:
        """Return J = (1/m) sum over the m examples of L, plus the l2 term: a NumPy scalar."""
        return self.cost_of(params, self.forward(params, X)[1], Y)

    def cost_of(self, params: Mapping[str, Mapping[str, Array]], cache: Cache, Y: ArrayLike) -> Any:
        """Return J from the cache of a forward pass that has been made already."""
        Z, A = cache.Z[-1], cache.A[-1]
        L = self.loss.value_from_logits(Z, Y) if self._linked else self.loss.value(A, Y)
        J = L.sum() / L.shape[1]
        if self.l2:
            J += self.l2 / 2 * sum(np.vdot(params[name]["W"], params[name]["W"]) for name, _ in self._layers)
        return J

    def backward(self, params: Mapping[str, Mapping[str, Array]], cache: Cache, Y: ArrayLike) -> Parameters:
        """Return dJ/dW_l and dJ/db_l in the structure of the parameters (section 5 of the notes).

        dZ_L = A_L - Y, and from the last layer to the first:
        dW_l = (1/m) dZ_l A_(l-1)^T, db_l = (1/m) sum of dZ_l over the examples,
        dZ_(l-1) = (W_l^T dZ_l) * g'_(l-1)(Z_(l-1)).

        Raises
        ------
        ValueError
            If Y has not the shape of the prediction or holds labels for which the loss is not defined.
        """
        gradients: Parameters = {}
        dZ = self._output_error(cache, Y)
        m = dZ.shape[1]
        dZ /= m  # Everything below is linear in dZ_L: its 1/m is that of every dW and db.
        ones = np.ones((m, 1), dZ.dtype)  # A sum over the examples is a product with them, and faster.
        for layer in reversed(range(len(self._layers))):
            name, _ = self._layers[layer]
            W = params[name]["W"]
            dW = np.dot(dZ, cache.A[layer].T)
            if self.l2:
                dW += self.l2 * W
            gradients[name] = {"W": dW, "b": np.dot(dZ, ones)}
            if layer:
                dA = np.dot(W.T, dZ)
                dZ = self.activations[layer - 1].vjp(dA, cache.Z[layer - 1], cache.A[layer], out=dA)
        return dict(reversed(gradients.items()))

    def gradients(self, params: Mapping[str, Mapping[str, Array]], X: ArrayLike, Y: ArrayLike) -> Parameters:
        """Return the gradients of `cost`: `forward`, then `backward`."""
        return self.backward(params, self.forward(params, X)[1], Y)

    def _inputs(self, X: ArrayLike) -> Array:
        X = as_floats(X)
        if X.ndim != 2 or X.shape[0] != self.widths[0] or X.shape[1] == 0:
            raise invalid(
                f"X of shape {X.shape}",
                f"layer1 expects ({self.widths[0]}, m): one row for each input, one column for each example",
                "transpose X if its rows are examples",
            )
        return X

    def _output_error(self, cache: Cache, Y: ArrayLike) -> Array:
        """dZ_L: A_L - Y where the chain rule collapses, dL/da g'(z) elsewhere."""
        A = cache.A[-1]
        if self._linked:
            return A - self.loss.labels(Y, A)
        return self.activations[-1].vjp(self.loss.derivative(A, Y), cache.Z[-1], A)


def flatten(params: Mapping[str, Mapping[str, Array]]) -> Array:
    """Return all parameters as one vector: layer by layer, W row by row and then b."""
    return np.concatenate([np.ravel(array) for layer in params.values() for array in layer.values()])


def unflatten(vector: ArrayLike, like: Mapping[str, Mapping[str, Array]]) -> Parameters:
    """Return the vector's entries in the structure and shapes of `like`: the inverse of `flatten`.

    Raises
    ------
    ValueError
        If the vector has not as many entries as `like`.
    """
    vector = np.asarray(vector)
    size = sum(array.size for layer in like.values() for array in layer.values())
    if vector.shape != (size,):
        raise invalid(f"vector of shape {vector.shape}", f"expected ({size},)", "pass what flatten returned")
    params: Parameters = {}
    start = 0
    for name, layer in like.items():
        params[name] = {}
        for key, array in layer.items():
            params[name][key] = vector[start : start + array.size].reshape(array.shape).copy()
            start += array.size
    return params


def _checked_widths(widths: Sequence[int]) -> tuple[int, ...]:
    checked = tuple(widths)
    if len(checked) < 2 or any(int(width) != width or width < 1 for width in checked):
        raise invalid(
            f"widths={widths!r}", "expected n0, n1, .. nL: two or more positive integers", "widths=(2, 4, 1)"
        )
    return checked


def _one_each(
    activations: Activation | Sequence[Activation], loss: Loss, layers: int
) -> tuple[Activation, ...]:
    if isinstance(activations, Activation):
        return (activations,) * (layers - 1) + (loss.link,)
    if len(activations) != layers:
        raise invalid(
            f"{len(activations)} activations",
            f"there are {layers} layers",
            "pass one for each layer, or a single one for all hidden layers",
        )
    return tuple(activations)


def _checked(
    params: Mapping[str, Mapping[str, Array]], name: str, shape: tuple[int, int]
) -> tuple[Array, Array]:
    """Return W, of the given shape, and b of a layer, having checked both."""
    try:
        W, b = params[name]["W"], params[name]["b"]
    except KeyError as error:
        raise invalid(
            f"params without {error} of {name}", "every layer has a W and a b", "start from initialise(rng)"
        ) from None
    if W.shape != shape:
        raise _misshapen(name, "W", W, shape)
    if b.shape != (shape[0], 1):
        raise _misshapen(name, "b", b, shape)
    return W, b


def _misshapen(name: str, key: str, array: Array, shape: tuple[int, int]) -> ValueError:
    units, inputs = shape
    expected = shape if key == "W" else (units, 1)
    return invalid(
        f"{name}.{key} of shape {array.shape}",
        f"{name} has {inputs} inputs and {units} units, so its {key} has shape {expected}",
        f"reshape {key}, or change the network's widths",
    )


def _check_finite(X: Array) -> None:
    wrong = np.argwhere(~np.isfinite(X))
    if len(wrong):
        row, column = (int(i) for i in wrong[0])
        raise invalid(
            f"X[{row}, {column}]={X[row, column]}",
            f"{len(wrong)} of {X.size} entries of the data are not finite",
            "drop or impute those examples",
        )
