"""The slow twin: forward and backward as loops over examples and units, from the scalar formulas of section 4.

Nothing here is vectorised, stable or fast: it is what the vectorised code must equal, and what it is timed against.
It shares the parameters' and the cache's structure with `Network`, and no arithmetic. exp overflows beyond |z| = 700.

Examples
--------
>>> import numpy as np
>>> from gradcheck.reference import Network, loops, tanh
>>> network = Network((2, 3, 1), tanh)
>>> params = network.initialise(np.random.default_rng(0))
>>> X, Y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0, 1]])
>>> bool(np.isclose(loops.cost(network, params, X, Y), network.cost(params, X, Y)))
True
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import erf, exp, expm1, log, log1p, pi, sqrt
from math import tanh as tanh_
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._activations import Identity, LeakyReLU, ReLU, Sigmoid, Tanh
from ._base import Activation
from ._losses import BinaryCrossEntropy, Loss, SoftmaxCrossEntropy, SquaredError
from ._network import Cache, Network, Parameters
from ._smooth import ELU, GELU, GELUTanh, SiLU, Softplus
from ._softmax import Softmax

__all__ = ["backward", "cost", "forward", "loss", "loss_derivative", "slope", "value"]

Array = NDArray[Any]
Column = list[float]


def value(activation: Activation, z: float) -> float:
    """Return g(z) for one unit of one example."""
    match activation:
        case Sigmoid():
            return 1 / (1 + exp(-z))
        case Tanh():
            return (exp(z) - exp(-z)) / (exp(z) + exp(-z))
        case ReLU():
            return max(0.0, z)
        case LeakyReLU(slope=leak):
            return max(leak * z, z)
        case Identity():
            return z
        case Softplus():
            return log1p(exp(z))
        case ELU(alpha=alpha):
            return z if z > 0 else alpha * expm1(z)
        case SiLU():
            return z / (1 + exp(-z))
        case GELU():
            return z * (1 + erf(z / sqrt(2))) / 2
        case GELUTanh():
            return z * (1 + tanh_(_cubic(z))) / 2
        case _:
            raise TypeError(f"{activation!r} is not elementwise, or has no scalar formula")


def slope(activation: Activation, z: float) -> float:
    """Return g'(z) for one unit of one example, written with a = g(z) where the notes do."""
    match activation:
        case Sigmoid():
            a = value(activation, z)
            return a * (1 - a)
        case Tanh():
            a = value(activation, z)
            return 1 - a * a
        case ReLU():
            return 0.0 if z < 0 else 1.0
        case LeakyReLU(slope=leak):
            return leak if z < 0 else 1.0
        case Identity():
            return 1.0
        case Softplus():
            return 1 / (1 + exp(-z))
        case ELU(alpha=alpha):
            return alpha * exp(z) if z < 0 else 1.0
        case SiLU():
            s = 1 / (1 + exp(-z))
            return s * (1 + z * (1 - s))
        case GELU():
            return (1 + erf(z / sqrt(2))) / 2 + z * exp(-z * z / 2) / sqrt(2 * pi)
        case GELUTanh():
            t = tanh_(_cubic(z))
            return (1 + t) / 2 + z * (1 - t * t) / 2 * sqrt(2 / pi) * (1 + 3 * 0.044715 * z * z)
        case _:
            raise TypeError(f"{activation!r} is not elementwise, or has no scalar formula")


def _cubic(z: float) -> float:
    return sqrt(2 / pi) * (z + 0.044715 * z**3)


def loss(kind: Loss, a: Sequence[float], y: Sequence[float]) -> float:
    """Return L(a, y) of one example, summed over its output units."""
    match kind:
        case BinaryCrossEntropy():
            return sum(-log(ai) if yi else -log(1 - ai) for ai, yi in zip(a, y, strict=True))
        case SoftmaxCrossEntropy():
            return sum(-log(ai) for ai, yi in zip(a, y, strict=True) if yi)
        case SquaredError():
            return sum((ai - yi) ** 2 / 2 for ai, yi in zip(a, y, strict=True))
        case _:
            raise TypeError(f"{kind!r} has no scalar formula")


def loss_derivative(kind: Loss, a: float, y: float) -> float:
    """Return dL/da for one output unit of one example."""
    match kind:
        case BinaryCrossEntropy():
            return -1 / a if y else 1 / (1 - a)
        case SoftmaxCrossEntropy():
            return -1 / a if y else 0.0
        case SquaredError():
            return a - y
        case _:
            raise TypeError(f"{kind!r} has no scalar formula")


def forward(network: Network, params: Mapping[str, Mapping[str, Array]], X: Array) -> tuple[Array, Cache]:
    """Return the prediction and the cache, one example and one unit after the other."""
    Z = [np.zeros((width, X.shape[1])) for width in network.widths[1:]]
    A = [np.array(X, float), *(np.zeros_like(z) for z in Z)]
    for k in range(X.shape[1]):
        a = [float(x) for x in X[:, k]]
        for index, layer in enumerate(params.values()):
            z = [_weighted(layer["W"][i], a) + float(layer["b"][i, 0]) for i in range(len(layer["b"]))]
            a = _outputs(network.activations[index], z)
            Z[index][:, k], A[index + 1][:, k] = z, a
    return A[-1], Cache(tuple(Z), tuple(A))


def cost(network: Network, params: Mapping[str, Mapping[str, Array]], X: Array, Y: Array) -> float:
    """Return J = (1/m) sum of L over the examples, plus the l2 term."""
    A, _ = forward(network, params, X)
    total = 0.0
    for k in range(X.shape[1]):
        total += loss(network.loss, _column(A, k), _column(Y, k))
    squares = sum(float(w) ** 2 for layer in params.values() for w in layer["W"].flat)
    return float(total / X.shape[1] + network.l2 / 2 * squares)


def backward(
    network: Network, params: Mapping[str, Mapping[str, Array]], cache: Cache, Y: Array
) -> Parameters:
    """Return dJ/dW and dJ/db: for every example dL/dw = dz x and dL/db = dz, then their mean."""
    layers = list(params.values())
    gradients = [{"W": np.zeros(layer["W"].shape), "b": np.zeros(layer["b"].shape)} for layer in layers]
    m = Y.shape[1]
    for k in range(m):
        dz = _output_error(network, _column(cache.Z[-1], k), _column(cache.A[-1], k), _column(Y, k))
        for index in range(len(layers) - 1, -1, -1):
            _accumulate(gradients[index], dz, _column(cache.A[index], k), m)
            if index:
                dz = _back(network.activations[index - 1], layers[index]["W"], dz, cache, index - 1, k)
    for layer, gradient in zip(layers, gradients, strict=True):
        for i, j in np.ndindex(layer["W"].shape):
            gradient["W"][i, j] += network.l2 * layer["W"][i, j]
    return dict(zip(params, gradients, strict=True))


def _column(array: Array, k: int) -> Column:
    return [float(x) for x in array[:, k]]


def _weighted(weights: Array, a: Column) -> float:
    total = 0.0
    for w, x in zip(weights, a, strict=True):
        total += float(w) * x
    return total


def _outputs(activation: Activation, z: Column) -> Column:
    if isinstance(activation, Softmax):
        exps = [exp(zi - max(z)) for zi in z]
        return [e / sum(exps) for e in exps]
    return [value(activation, zi) for zi in z]


def _errors(activation: Activation, da: Column, z: Column) -> Column:
    """dL/dz of every unit from dL/da: by the chain rule, through the whole matrix for a softmax."""
    if isinstance(activation, Softmax):
        a = _outputs(activation, z)
        return [sum(da[i] * a[i] * ((i == j) - a[j]) for i in range(len(a))) for j in range(len(a))]
    return [d * slope(activation, zi) for d, zi in zip(da, z, strict=True)]


def _output_error(network: Network, z: Column, a: Column, y: Column) -> Column:
    if type(network.activations[-1]) is type(network.loss.link):
        return [ai - yi for ai, yi in zip(a, y, strict=True)]
    da = [loss_derivative(network.loss, ai, yi) for ai, yi in zip(a, y, strict=True)]
    return _errors(network.activations[-1], da, z)


def _accumulate(gradient: dict[str, Array], dz: Column, a: Column, m: int) -> None:
    for i, d in enumerate(dz):
        gradient["b"][i, 0] += d / m
        for j, x in enumerate(a):
            gradient["W"][i, j] += d * x / m


def _back(activation: Activation, W: Array, dz: Column, cache: Cache, index: int, k: int) -> Column:
    da = [sum(float(W[i, j]) * dz[i] for i in range(len(dz))) for j in range(W.shape[1])]
    return _errors(activation, da, _column(cache.Z[index], k))
