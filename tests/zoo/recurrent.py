"""Recurrent cells unrolled over a few steps: RNN, GRU, LSTM."""

import numpy as np

from tests.zoo._case import Array, Layer

_normal = np.random.Generator.standard_normal


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def _rnn_states(x: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> list[Array]:
    states = [h0]
    for row in x:
        states.append(np.tanh(row @ Wx + states[-1] @ Wh + b))
    return states


def _rnn(x: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> Array:
    """x (t, d), h0 (h,) -> every hidden state (t, h)."""
    return np.stack(_rnn_states(x, h0, Wx, Wh, b)[1:])


def _rnn_vjp(
    ct: Array, x: Array, h0: Array, Wx: Array, Wh: Array, b: Array, carry: float = 1.0, lag: int = 0
) -> tuple[Array, ...]:
    """`carry`: the share of the gradient that flows through time; `lag`: the state that Wh is paired with."""
    h = _rnn_states(x, h0, Wx, Wh, b)
    gx, gWx, gWh, gb, dh = np.zeros_like(x), 0 * Wx, 0 * Wh, 0 * b, 0 * h0
    for t in reversed(range(len(x))):
        d = (ct[t] + carry * dh) * (1 - h[t + 1] ** 2)
        gx[t] = d @ Wx.T
        gWx, gWh, gb = gWx + np.outer(x[t], d), gWh + np.outer(h[t + lag], d), gb + d
        dh = d @ Wh.T
    return gx, dh, gWx, gWh, gb


def _rnn_inputs(rng: np.random.Generator) -> tuple[Array, ...]:
    return tuple(_normal(rng, s) for s in ((5, 3), 3, (3, 3), (3, 3), 3))


RNN = Layer("recurrent", "rnn", _rnn, _rnn_vjp, _rnn_inputs)


def _gates(x: Array, h: Array, W: Array, U: Array, gates: int) -> list[Array]:
    """The pre-activations of the gates, each (h,), from W (gates, d, h) and U (gates, h, h)."""
    return [x @ W[k] + h @ U[k] for k in range(gates)]


def _gru(x: Array, h: Array, W: Array, U: Array) -> Array:
    """One step: x (d,), h (h,), gates in the order update, reset, candidate."""
    z, r = (_sigmoid(a) for a in _gates(x, h, W, U, 2))
    n = np.tanh(x @ W[2] + (r * h) @ U[2])
    return (1 - z) * n + z * h


def _gru_vjp(ct: Array, x: Array, h: Array, W: Array, U: Array, reset: float = 1.0) -> tuple[Array, ...]:
    z, r = (_sigmoid(a) for a in _gates(x, h, W, U, 2))
    n = np.tanh(x @ W[2] + (r * h) @ U[2])
    dn = ct * (1 - z) * (1 - n * n)
    dz = ct * (h - n) * z * (1 - z)
    drh = dn @ U[2].T
    dr = reset * drh * h * r * (1 - r)
    gx = dz @ W[0].T + dr @ W[1].T + dn @ W[2].T
    gh = ct * z + dz @ U[0].T + dr @ U[1].T + drh * r
    gW = np.stack([np.outer(x, d) for d in (dz, dr, dn)])
    gU = np.stack([np.outer(h, dz), np.outer(h, dr), np.outer(r * h, dn)])
    return gx, gh, gW, gU


GRU = Layer(
    "recurrent",
    "gru",
    _gru,
    _gru_vjp,
    lambda rng: (_normal(rng, 3), _normal(rng, 4), _normal(rng, (3, 3, 4)), _normal(rng, (3, 4, 4))),
)


def _lstm(x: Array, h: Array, c: Array, W: Array, U: Array) -> Array:
    """One step, both states (2, h); gates in the order input, forget, output, candidate."""
    i, f, o, g = _gates(x, h, W, U, 4)
    cell = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return np.stack([_sigmoid(o) * np.tanh(cell), cell])


def _lstm_vjp(
    ct: Array, x: Array, h: Array, c: Array, W: Array, U: Array, through_output: float = 1.0
) -> tuple[Array, ...]:
    i, f, o, g = _gates(x, h, W, U, 4)
    i, f, o, g = _sigmoid(i), _sigmoid(f), _sigmoid(o), np.tanh(g)
    cell = f * c + i * g
    t = np.tanh(cell)
    dc = ct[1] + through_output * ct[0] * o * (1 - t * t)
    d = (dc * g * i * (1 - i), dc * c * f * (1 - f), ct[0] * t * o * (1 - o), dc * i * (1 - g * g))
    gx, gh = sum(d[k] @ W[k].T for k in range(4)), sum(d[k] @ U[k].T for k in range(4))
    return gx, gh, dc * f, np.stack([np.outer(x, e) for e in d]), np.stack([np.outer(h, e) for e in d])


LSTM = Layer(
    "recurrent",
    "lstm",
    _lstm,
    _lstm_vjp,
    lambda rng: tuple(_normal(rng, s) for s in (3, 4, 4, (4, 3, 4), (4, 4, 4))),
)

CASES = (
    RNN.wrong(
        "truncated",
        "nothing flows through time",
        lambda ct, *i: _rnn_vjp(ct, *i, carry=0.0),
        "unknown",
        "missing-term",
        "missing-sum",
        "entries",
        because="the sum over later steps is missing, in h0 and in all rows of x but the last",
    ),
    RNN.gradient(
        3,
        lambda g, ct, *i: _rnn_vjp(ct, *i, lag=1)[3],
        "next-state",
        "dWh paired with h_t for h_(t-1)",
        "unknown",
        because="a different formula at every entry",
    ),
    RNN.gradient(1, lambda g, *_: 0 * g, "initial-state", "dh0 is zero", "zero"),
    RNN.swapped(2, 3, "weights-swapped", "dWx and dWh in each other's place", "wrong-input"),
    RNN.gradient(
        0, lambda g, *_: g[::-1], "time-reversed", "dx in the order of the backward loop", "permuted"
    ),
    RNN.gradient(4, lambda g, ct, x, *_: g / len(x), "bias-averaged", "db averaged over time", "factor"),
    RNN.gradient(3, lambda g, *_: g.T, "recurrent-transposed", "dWh transposed", "transpose"),
    RNN.gradient(
        2, lambda g, ct, x, h0, Wx, Wh, b: g + 0.1 * Wx, "weight-decay", "0.1 Wx added", "extra-term"
    ),
    GRU.wrong(
        "reset-detached",
        "no gradient through the reset gate",
        lambda ct, *i: _gru_vjp(ct, *i, reset=0.0),
        "unknown",
        "missing-term",
        "entries",
        because="whole blocks of dW and dU are zero, dx and dh lack a term",
    ),
    GRU.gradient(
        2, lambda g, *_: g[[1, 0, 2]], "gates-swapped", "update and reset gates exchanged", "permuted"
    ),
    GRU.gradient(1, lambda g, *_: -g, "state-sign", "dh negated", "sign"),
    GRU.gradient(
        3,
        lambda g, *_: g.transpose(0, 2, 1),
        "recurrent-transposed",
        "dU transposed",
        "transpose",
        "permuted",
        because="an exchange of two axes is a permutation",
    ),
    GRU.gradient(
        1,
        lambda g, ct, x, h, W, U: g - ct,
        "carry",
        "the direct path lost and more",
        "unknown",
        "missing-term",
        because="the missing term is the cotangent, no input",
    ),
    LSTM.wrong(
        "output-gate",
        "the cell gets no gradient from the hidden state",
        lambda ct, *i: _lstm_vjp(ct, *i, through_output=0.0),
        "unknown",
        "missing-term",
        "missing-sum",
        "entries",
        because="dc lacks a term, and so do three gates of four",
    ),
    LSTM.gradient(
        3,
        lambda g, *_: np.roll(g, 1, axis=0),
        "gate-order",
        "gates stored in another order",
        "permuted",
        "shifted",
        because="a cyclic shift is a permutation",
    ),
    LSTM.gradient(2, lambda g, *_: 0 * g, "cell-not-carried", "dc zero", "zero"),
    LSTM.gradient(4, lambda g, *_: 2 * g, "recurrent-doubled", "dU accumulated twice", "factor"),
    LSTM.swapped(1, 2, "states-swapped", "dh and dc in each other's place", "wrong-input"),
)
