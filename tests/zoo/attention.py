"""Scaled dot-product attention, with and without mask, projections and heads."""

import numpy as np

from tests.zoo._case import Array, Layer, in_float32

_normal = np.random.Generator.standard_normal


def _softmax(z: Array) -> Array:
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _attention(Q: Array, K: Array, V: Array) -> Array:
    return _softmax(Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])) @ V


def _attention_vjp(ct: Array, Q: Array, K: Array, V: Array, cross: float = 1.0) -> tuple[Array, ...]:
    scale = 1 / np.sqrt(Q.shape[-1])
    P = _softmax(Q @ K.swapaxes(-1, -2) * scale)
    dP = ct @ V.swapaxes(-1, -2)
    dS = P * (dP - cross * (dP * P).sum(-1, keepdims=True)) * scale
    return dS @ K, dS.swapaxes(-1, -2) @ Q, P.swapaxes(-1, -2) @ ct


def _inputs(rng: np.random.Generator) -> tuple[Array, ...]:
    return tuple(_normal(rng, (4, 4)) for _ in range(3))


ATTENTION = Layer("attention", "attention", _attention, _attention_vjp, _inputs)
HEADS = Layer(
    "attention",
    "heads",
    _attention,
    _attention_vjp,
    lambda rng: tuple(_normal(rng, (3, 4, 2)) for _ in range(3)),
)


def _self_attention(X: Array, W: Array) -> Array:
    """X (t, d) is query, key and value at once; W (d, d) projects the result."""
    return _attention(X, X, X) @ W


def _self_attention_vjp(
    ct: Array, X: Array, W: Array, paths: tuple[float, ...] = (1.0, 1.0, 1.0)
) -> tuple[Array, ...]:
    parts = _attention_vjp(ct @ W.T, X, X, X)
    return sum(p * g for p, g in zip(paths, parts, strict=True)), _attention(X, X, X).T @ ct


SELF = Layer(
    "attention",
    "self",
    _self_attention,
    _self_attention_vjp,
    lambda rng: (_normal(rng, (4, 3)), _normal(rng, (3, 3))),
)


def _biased(S: Array, B: Array, V: Array) -> Array:
    """Scores S (h, t, t) with a bias B (t, t) shared by the heads."""
    return _softmax(S + B) @ V


def _biased_vjp(ct: Array, S: Array, B: Array, V: Array) -> tuple[Array, ...]:
    P = _softmax(S + B)
    dP = ct @ V.swapaxes(-1, -2)
    dS = P * (dP - (dP * P).sum(-1, keepdims=True))
    return dS, dS.sum(0), P.swapaxes(-1, -2) @ ct


BIASED = Layer(
    "attention",
    "biased",
    _biased,
    _biased_vjp,
    lambda rng: (_normal(rng, (3, 4, 4)), _normal(rng, (4, 4)), _normal(rng, (3, 4, 2))),
)

CASES = (
    ATTENTION.gradient(
        0,
        lambda g, ct, Q, K, V: g * np.sqrt(Q.shape[-1]),
        "scale-forgotten",
        "1/sqrt(d) left out of dQ",
        "factor",
    ),
    ATTENTION.gradient(
        1, lambda g, ct, Q, K, V: g / np.sqrt(Q.shape[-1]), "scale-twice", "1/sqrt(d) twice in dK", "factor"
    ),
    ATTENTION.wrong(
        "diagonal-softmax",
        "the softmax's cross terms left out",
        lambda ct, *i: _attention_vjp(ct, *i, cross=0.0),
        "unknown",
        "missing-term",
        because="the missing term is another product at every entry",
    ),
    ATTENTION.swapped(0, 1, "query-key-swapped", "dQ and dK in each other's place", "wrong-input"),
    ATTENTION.swapped(1, 2, "key-value-swapped", "dK and dV in each other's place", "wrong-input"),
    ATTENTION.gradient(
        1,
        lambda g, ct, Q, K, V: _attention_vjp(ct, Q, K, V)[0],
        "key-is-query",
        "dQ returned for dK too",
        "wrong-input",
    ),
    ATTENTION.gradient(2, lambda g, *_: g.T, "value-transposed", "dV transposed", "transpose"),
    ATTENTION.gradient(
        2,
        lambda g, ct, Q, K, V: _softmax(Q @ K.T / 2) @ ct,
        "weights-not-transposed",
        "P ct for P' ct",
        "transpose",
        "unknown",
        because="a factor is transposed, the gradient as a whole is not",
    ),
    ATTENTION.gradient(2, lambda g, *_: -g, "value-sign", "dV negated", "sign"),
    ATTENTION.gradient(1, lambda g, *_: 0 * g, "key-detached", "dK zero", "zero"),
    HEADS.gradient(
        0, lambda g, *_: g[::-1], "heads-reversed", "the heads of dQ in reverse order", "permuted"
    ),
    HEADS.gradient(
        2, lambda g, *_: g / len(g), "heads-averaged", "dV divided by the number of heads", "factor"
    ),
    HEADS.gradient(1, in_float32, "float32", "dK in float32", "precision"),
    HEADS.gradient(
        2,
        lambda g, ct, Q, K, V: g - np.roll(g, 1, 0),
        "heads-mixed",
        "another head subtracted",
        "unknown",
        "missing-term",
        "extra-term",
        because="what is subtracted is itself a gradient, of no one term",
    ),
    SELF.wrong(
        "value-path-lost",
        "X as value left out",
        lambda ct, X, W: _self_attention_vjp(ct, X, W, (1, 1, 0)),
        "missing-term",
        "unknown",
        because="the vocabulary's term is an input's multiple; here it is a path",
    ),
    SELF.gradient(1, lambda g, *_: g.T, "projection-transposed", "dW transposed", "transpose"),
    SELF.gradient(
        1, lambda g, ct, X, W: g / len(X), "projection-averaged", "dW averaged over time", "factor"
    ),
    BIASED.gradient(
        1,
        lambda g, ct, S, B, V: _biased_vjp(ct, S, B, V)[0][0],
        "first-head",
        "dB of the first head alone",
        "missing-sum",
    ),
    BIASED.gradient(
        1, lambda g, ct, S, B, V: g / len(S), "heads-averaged", "the heads' mean for their sum", "factor"
    ),
)
