"""Networks of any depth with right gradients: what the judge must never call wrong."""

from dataclasses import dataclass

import numpy as np

from tests.zoo._case import Array


def _sigmoid(z: Array) -> Array:
    return np.exp(-np.logaddexp(z.dtype.type(0), -z))


ACTIVATIONS = {
    "identity": (lambda z: z, np.ones_like),
    "sigmoid": (_sigmoid, lambda z: _sigmoid(z) * (1 - _sigmoid(z))),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    "leaky-relu": (
        lambda z: np.maximum(z, z * z.dtype.type(0.01)),
        lambda z: np.where(z > 0, 1, 0.01).astype(z.dtype),
    ),
    "softplus": (lambda z: np.logaddexp(z.dtype.type(0), z), _sigmoid),
    "silu": (lambda z: z * _sigmoid(z), lambda z: _sigmoid(z) * (1 + z * (1 - _sigmoid(z)))),
    "elu": (
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        lambda z: np.where(z > 0, 1, np.exp(np.minimum(z, 0))).astype(z.dtype),
    ),
}


@dataclass(frozen=True)
class Network:
    """Dense layers with one activation; `loss` is one of ``outputs``, ``mse``, ``bce`` and ``cross-entropy``.

    ``forward(X, W1, b1, W2, b2, ...)``: X (n0, m), W (n, n_before), b (n, 1); the targets are fixed by the shapes.
    """

    activation: str
    loss: str

    def _pass(self, X: Array, parameters: tuple[Array, ...]) -> tuple[list[Array], list[Array]]:
        g = ACTIVATIONS[self.activation][0]
        inner, outer = [X], []
        for layer, (W, b) in enumerate(zip(parameters[::2], parameters[1::2], strict=True)):
            outer.append(W @ inner[-1] + b)
            last = 2 * layer + 2 == len(parameters)
            inner.append(outer[-1] if last else g(outer[-1]))
        return inner, outer

    def forward(self, X: Array, *parameters: Array) -> Array:
        z = self._pass(X, parameters)[1][-1]
        m = z.dtype.type(z.shape[1])
        y = _targets(z)
        if self.loss == "mse":
            return np.asarray(np.sum((z - y) ** 2) / m)
        if self.loss == "bce":
            return np.asarray(np.sum(np.logaddexp(z.dtype.type(0), z) - y * z) / m)
        if self.loss == "cross-entropy":
            return np.asarray(-np.sum(y * _log_softmax(z)) / m)
        return z

    def _loss_slope(self, ct: Array, z: Array) -> Array:
        m, y = z.dtype.type(z.shape[1]), _targets(z)
        if self.loss == "mse":
            return ct * 2 * (z - y) / m
        if self.loss == "bce":
            return ct * (_sigmoid(z) - y) / m
        if self.loss == "cross-entropy":
            return ct * (np.exp(_log_softmax(z)) * y.sum(0) - y) / m
        return ct

    def vjp(self, ct: Array, X: Array, *parameters: Array) -> tuple[Array, ...]:
        slope = ACTIVATIONS[self.activation][1]
        inner, outer = self._pass(X, parameters)
        d, gradients = self._loss_slope(ct, outer[-1]), []
        for layer in reversed(range(len(outer))):
            gradients[:0] = [d @ inner[layer].T, d.sum(1, keepdims=True)]
            d = parameters[2 * layer].T @ d
            if layer:
                d = d * slope(outer[layer - 1])
        return d, *gradients


def _targets(z: Array) -> Array:
    """Fixed targets between 0 and 1 that differ from entry to entry."""
    return (0.5 + 0.4 * np.sin(np.arange(1, z.size + 1))).reshape(z.shape).astype(z.dtype)


def _log_softmax(z: Array) -> Array:
    shifted = z - z.max(0, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(0, keepdims=True))
