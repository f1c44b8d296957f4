"""A small correct library, as a user would wrap it: the clean twins of the mutants."""

from typing import Any

import numpy as np

from gradcheck.conformance import Activation, Layer, Loss, Network, Tags

Array = Any
Pair = tuple[Any, Any]


def tanh_forward(z: Array) -> Pair:
    a = np.tanh(z)
    return a, a


def tanh_backward(cotangent: Array, a: Array) -> Array:
    return cotangent * (1 - a * a)


def relu_forward(z: Array) -> Pair:
    return np.maximum(z, 0), z


def relu_backward(cotangent: Array, z: Array) -> Array:
    return cotangent * (z >= 0)


def dense_forward(params: dict[str, Array], x: Array) -> Pair:
    return x @ params["W"] + params["b"], (params, x)


def dense_backward(cotangent: Array, cache: Any) -> Pair:
    params, x = cache
    if cotangent.shape != (len(x), params["W"].shape[1]):
        raise ValueError(f"cotangent of shape {cotangent.shape}")
    return {"W": x.T @ cotangent, "b": cotangent.sum(0)}, cotangent @ params["W"].T


def squared_forward(prediction: Array, target: Array) -> Pair:
    difference = prediction - target
    return 0.5 * np.sum(difference * difference) / len(prediction), difference


def squared_backward(cotangent: Array, difference: Array) -> Array:
    return cotangent * difference / len(difference)


def sum_forward(prediction: Array, target: Array) -> Pair:
    difference = prediction - target
    return 0.5 * np.sum(difference * difference), difference


def sum_backward(cotangent: Array, difference: Array) -> Array:
    return cotangent * difference


def dropout_forward(z: Array, mode: str, rng: np.random.Generator) -> Pair:
    mask = (rng.random(z.shape) < 0.5).astype(z.dtype) * 2 if mode == "train" else np.ones_like(z)
    return z * mask, mask


def dropout_backward(cotangent: Array, mask: Array) -> Array:
    return cotangent * mask


def mean_of(x: Array) -> Array:
    return x.sum(0) / x.dtype.type(max(len(x), 1))


def centre_forward(params: dict[str, Array], x: Array, mode: str) -> Pair:
    """Centres each feature on the batch in training, leaves it in evaluation."""
    shift = mean_of(x) if mode == "train" else 0 * mean_of(x)
    return (x - shift) * params["gain"], (params, x - shift, mode)


def centre_backward(cotangent: Array, cache: Any) -> Pair:
    params, centred, mode = cache
    if cotangent.shape != centred.shape:
        raise ValueError(f"cotangent of shape {cotangent.shape}")
    dx = cotangent * params["gain"]
    dx = dx - mean_of(dx) if mode == "train" else dx
    return {"gain": (cotangent * centred).sum(0)}, dx


HIDDEN = {
    "tanh": (np.tanh, lambda a: 1 - a * a),
    "identity": (lambda z: z.copy(), np.ones_like),
}


def network(params: dict[str, Any], X: Array, Y: Array, hidden: str) -> Pair:
    g, slope = HIDDEN[hidden]
    layers = list(params.values())
    A = [X]
    for layer in layers[:-1]:
        A.append(g(layer["W"] @ A[-1] + layer["b"]))
    z = layers[-1]["W"] @ A[-1] + layers[-1]["b"]
    cost = np.mean(np.logaddexp(0, z) - Y * z)
    dZ = 1 / (1 + np.exp(-z)) - Y
    gradients = {}
    for index in range(len(layers) - 1, -1, -1):
        gradients[f"layer{index + 1}"] = {
            "W": dZ @ A[index].T / X.shape[1],
            "b": dZ.mean(1, keepdims=True),
        }
        dZ = (layers[index]["W"].T @ dZ) * slope(A[index]) if index else dZ
    return cost, dict(sorted(gradients.items()))


DENSE_PARAMS = {"W": (4, 3), "b": (3,)}
KINKED = Tags(kinks=True)

CLEAN = (
    Activation("tanh", tanh_forward, tanh_backward),
    Activation("relu", relu_forward, relu_backward, tags=KINKED),
    Activation(
        "dropout", dropout_forward, dropout_backward, tags=Tags(stochastic=True, modes=("train", "eval"))
    ),
    Layer("dense", dense_forward, dense_backward, DENSE_PARAMS, shape=(4,)),
    Layer(
        "centre",
        centre_forward,
        centre_backward,
        {"gain": (4,)},
        shape=(4,),
        tags=Tags(modes=("train", "eval"), batch_independent=False),
    ),
    Loss("squared", squared_forward, squared_backward),
    Loss("sum of squares", sum_forward, sum_backward, tags=Tags(reduction="sum")),
    Network("network", network, hidden=("tanh", "identity")),
)
