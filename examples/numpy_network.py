"""A small neural network as a newcomer writes it: three layers, a loss, and training. NumPy only.

`test_numpy_network.py` beside it runs the conformance kit on everything here.
"""

import numpy as np


def dense_forward(params, x):
    """x (m, n) -> x W + b (m, k)."""
    return x @ params["W"] + params["b"], (params["W"], x)


def dense_backward(dout, cache):
    W, x = cache
    if dout.shape != (x.shape[0], W.shape[1]):
        raise ValueError(f"dout has shape {dout.shape}, expected {(x.shape[0], W.shape[1])}")
    return {"W": x.T @ dout, "b": dout.sum(axis=0)}, dout @ W.T


def relu_forward(z):
    return np.maximum(z, 0), z


def relu_backward(dout, z):
    return dout * (z > 0)


def tanh_forward(z):
    a = np.tanh(z)
    return a, a


def tanh_backward(dout, a):
    return dout * (1 - a**2)


def softmax_loss_forward(scores, labels):
    """Mean cross-entropy of scores (m, k) for class numbers (m,)."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1))
    loss = np.mean(log_sum - shifted[np.arange(len(labels)), labels])
    return loss, (shifted, labels)


def softmax_loss_backward(dout, cache):
    shifted, labels = cache
    probabilities = np.exp(shifted)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    probabilities[np.arange(len(labels)), labels] -= 1
    return dout * probabilities / len(labels)


class TwoLayerNet:
    """dense - tanh - dense - softmax."""

    def __init__(self, inputs, hidden, classes, rng):
        self.params = {
            "first": {"W": rng.standard_normal((inputs, hidden)) / np.sqrt(inputs), "b": np.zeros(hidden)},
            "second": {"W": rng.standard_normal((hidden, classes)) / np.sqrt(hidden), "b": np.zeros(classes)},
        }

    def loss_and_gradients(self, params, x, labels):
        z, first = dense_forward(params["first"], x)
        a, hidden = tanh_forward(z)
        scores, second = dense_forward(params["second"], a)
        loss, cache = softmax_loss_forward(scores, labels)

        dscores = softmax_loss_backward(1.0, cache)
        dsecond, da = dense_backward(dscores, second)
        dfirst, _ = dense_backward(tanh_backward(da, hidden), first)
        return loss, {"first": dfirst, "second": dsecond}

    def train(self, x, labels, rate=0.5, steps=200):
        losses = []
        for _ in range(steps):
            loss, gradients = self.loss_and_gradients(self.params, x, labels)
            losses.append(loss)
            for name, layer in self.params.items():
                for key in layer:
                    layer[key] -= rate * gradients[name][key]
        return losses


def main():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 2))
    labels = (x[:, 0] * x[:, 1] > 0).astype(int)
    losses = TwoLayerNet(2, 8, 2, rng).train(x, labels)
    print(f"loss {losses[0]:.3f} -> {losses[-1]:.3f}")


if __name__ == "__main__":
    main()
