"""Fully connected layers and small networks."""

import numpy as np

from tests.zoo._case import Array, Layer, in_float32


def _dense(x: Array, W: Array, b: Array) -> Array:
    return x @ W + b


def _dense_vjp(ct: Array, x: Array, W: Array, b: Array) -> tuple[Array, ...]:
    return ct @ W.T, x.T @ ct, ct.sum(0)


def _one_entry(g: Array, *_: Array) -> Array:
    g = g.copy()
    g[1, 2] *= 1.01
    return g


def _without_last_row(g: Array, *_: Array) -> Array:
    g = g.copy()
    g[-1] = 0
    return g


_normal = np.random.Generator.standard_normal
DENSE = Layer(
    "dense",
    "dense",
    _dense,
    _dense_vjp,
    lambda rng: (_normal(rng, (5, 3)), _normal(rng, (3, 4)), _normal(rng, 4)),
)
SQUARE = Layer(
    "dense",
    "square",
    _dense,
    _dense_vjp,
    lambda rng: (_normal(rng, (4, 4)), _normal(rng, (4, 4)), _normal(rng, 4)),
)


def _network(X: Array, W1: Array, b1: Array, W2: Array, b2: Array) -> Array:
    return W2 @ np.tanh(W1 @ X + b1) + b2


def _network_vjp(
    ct: Array, X: Array, W1: Array, b1: Array, W2: Array, b2: Array, slope: bool = True
) -> tuple[Array, ...]:
    A1 = np.tanh(W1 @ X + b1)
    d1 = (W2.T @ ct) * ((1 - A1**2) if slope else 1.0)
    return W1.T @ d1, d1 @ X.T, d1.sum(1, keepdims=True), ct @ A1.T, ct.sum(1, keepdims=True)


NETWORK = Layer(
    "dense",
    "network",
    _network,
    _network_vjp,
    lambda rng: tuple(_normal(rng, s) for s in ((3, 6), (5, 3), (5, 1), (2, 5), (2, 1))),
)


def _ridge(x: Array, W: Array, y: Array) -> Array:
    return np.asarray(0.5 * np.sum((x @ W - y) ** 2) + 0.3 * np.sum(W * W))


def _ridge_vjp(ct: Array, x: Array, W: Array, y: Array, decay: float = 0.6) -> tuple[Array, ...]:
    r = x @ W - y
    return ct * (r @ W.T), ct * (x.T @ r + decay * W), -ct * r


RIDGE = Layer(
    "dense",
    "ridge",
    _ridge,
    _ridge_vjp,
    lambda rng: (_normal(rng, (6, 3)), _normal(rng, (3, 4)), _normal(rng, (6, 4))),
)

CASES = (
    DENSE.gradient(2, lambda g, ct, x, *_: g / len(x), "bias-averaged", "db divided by the batch", "factor"),
    DENSE.gradient(
        1, lambda g, ct, x, *_: g / len(x), "weights-averaged", "dW divided by the batch", "factor"
    ),
    DENSE.gradient(
        2, lambda g, ct, *_: ct[0], "bias-first-row", "db is the first row's alone", "missing-sum"
    ),
    DENSE.gradient(
        2,
        lambda g, ct, *_: ct,
        "bias-not-summed",
        "db keeps the batch axis",
        "missing-sum",
        "shape",
        because="a broadcast that was not reduced shows as a gradient of the wrong shape",
    ),
    DENSE.gradient(1, lambda g, *_: -g, "weights-sign", "dW negated", "sign"),
    DENSE.gradient(0, lambda g, *_: np.zeros_like(g), "input-detached", "dx is zero everywhere", "zero"),
    DENSE.gradient(1, _one_entry, "one-entry", "dW[1, 2] is 1 % too large", "entries"),
    DENSE.gradient(0, _without_last_row, "last-row", "dx of the last example is never written", "entries"),
    DENSE.gradient(
        1, lambda g, *_: g[::-1], "rows-reversed", "the rows of dW come in reverse order", "permuted"
    ),
    DENSE.gradient(
        1,
        lambda g, *_: np.roll(g, 1, axis=1),
        "columns-rolled",
        "the columns of dW are one too far",
        "shifted",
        "permuted",
        because="a cyclic shift is a permutation",
    ),
    DENSE.gradient(1, in_float32, "float32-weights", "dW computed in float32", "precision"),
    DENSE.gradient(
        1,
        lambda g, ct, x, W, b: g + 0.01 * W,
        "weight-decay",
        "0.01 W added to dW, not in the forward",
        "extra-term",
    ),
    DENSE.gradient(
        2,
        lambda g, ct, *_: np.full_like(g, len(ct)),
        "bias-ignores-cotangent",
        "db counts the rows, as if the loss were the sum",
        "ignores-cotangent",
    ),
    SQUARE.gradient(1, lambda g, *_: g.T, "weights-transposed", "ct.T @ x for x.T @ ct", "transpose"),
    SQUARE.swapped(0, 1, "input-and-weights-swapped", "dx and dW in each other's place", "wrong-input"),
    SQUARE.gradient(
        0,
        lambda g, ct, x, W, b: ct @ W,
        "weights-not-transposed",
        "ct @ W for ct @ W.T",
        "transpose",
        "unknown",
        because="a factor is transposed, the gradient as a whole is not",
    ),
    NETWORK.wrong(
        "slope-dropped",
        "1 - a^2 of the hidden layer left out",
        lambda ct, *inputs: _network_vjp(ct, *inputs, slope=False),
        "unknown",
        because="the vocabulary has no word for a missing factor that differs from unit to unit",
    ),
    NETWORK.gradient(1, lambda g, ct, X, *_: 2 * g, "W1-doubled", "dW1 twice too large", "factor"),
    NETWORK.gradient(3, lambda g, ct, X, *_: g / X.shape[1], "W2-averaged", "dW2 divided by m", "factor"),
    NETWORK.gradient(2, lambda g, *_: 0 * g, "b1-zero", "db1 never computed", "zero"),
    RIDGE.wrong(
        "decay-forgotten",
        "the regulariser's gradient left out",
        lambda ct, *inputs: _ridge_vjp(ct, *inputs, decay=0.0),
        "missing-term",
    ),
    RIDGE.wrong(
        "decay-halved",
        "lambda W for 2 lambda W",
        lambda ct, *inputs: _ridge_vjp(ct, *inputs, decay=0.3),
        "missing-term",
    ),
    RIDGE.gradient(
        2, lambda g, *_: -g, "target-sign", "the target's gradient has the residual's sign", "sign"
    ),
)
