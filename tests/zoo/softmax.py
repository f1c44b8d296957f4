"""Softmax and its relatives."""

import numpy as np

from tests.zoo._case import Array, Layer, in_float32

_normal = np.random.Generator.standard_normal


def _softmax(z: Array, axis: int = -1) -> Array:
    e = np.exp(z - z.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def _softmax_vjp(ct: Array, z: Array) -> tuple[Array, ...]:
    y = _softmax(z)
    return (y * (ct - (ct * y).sum(-1, keepdims=True)),)


def _matrix(rng: np.random.Generator) -> tuple[Array, ...]:
    return (_normal(rng, (4, 4)),)


SOFTMAX = Layer("softmax", "softmax", _softmax, _softmax_vjp, _matrix)


def _log_softmax(z: Array) -> Array:
    shifted = z - z.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


LOG_SOFTMAX = Layer(
    "softmax",
    "log-softmax",
    _log_softmax,
    lambda ct, z: (ct - _softmax(z) * ct.sum(-1, keepdims=True),),
    lambda rng: (_normal(rng, (3, 5)),),
)


def _tempered(z: Array, T: Array) -> Array:
    return _softmax(z / T)


def _tempered_vjp(ct: Array, z: Array, T: Array) -> tuple[Array, ...]:
    (d,) = _softmax_vjp(ct, z / T)
    return d / T, np.asarray(-(d * z).sum() / T**2)


TEMPERED = Layer(
    "softmax", "tempered", _tempered, _tempered_vjp, lambda rng: (_normal(rng, (3, 4)), np.asarray(2.5))
)
LOGSUMEXP = Layer(
    "softmax",
    "logsumexp",
    lambda z: np.log(np.exp(z - z.max()).sum(1)) + z.max(),
    lambda ct, z: (ct[:, None] * _softmax(z),),
    lambda rng: (_normal(rng, (5, 3)),),
)

_ALLOWED = np.tril(np.ones((5, 5), bool))
_ALLOWED[0, 3] = True


def _masked(z: Array) -> Array:
    return _softmax(np.where(_ALLOWED, z, -1e30))


def _masked_vjp(ct: Array, z: Array) -> tuple[Array, ...]:
    return (np.where(_ALLOWED, _softmax_vjp(ct, np.where(_ALLOWED, z, -1e30))[0], 0),)


MASKED = Layer("softmax", "masked", _masked, _masked_vjp, lambda rng: (_normal(rng, (5, 5)),))


def _leak(g: Array, ct: Array, z: Array) -> Array:
    g = g.copy()
    g[1, 3] = 0.1 * ct[1, 3]
    return g


CASES = (
    SOFTMAX.wrong(
        "diagonal-only",
        "y (1 - y) alone",
        lambda ct, z: (ct * _softmax(z) * (1 - _softmax(z)),),
        "unknown",
        "missing-term",
        because="the missing cross terms are no input's multiple",
    ),
    SOFTMAX.wrong(
        "mean-for-sum",
        "the mean of ct * y for its sum",
        lambda ct, z: (_softmax(z) * (ct - (ct * _softmax(z)).mean(-1, keepdims=True)),),
        "unknown",
        "missing-term",
        because="the missing term is the output times a number for each row",
    ),
    SOFTMAX.gradient(0, lambda g, *_: -g, "sign", "negated", "sign"),
    SOFTMAX.gradient(0, lambda g, *_: g.T, "transposed", "examples and classes exchanged", "transpose"),
    SOFTMAX.wrong(
        "ignores-cotangent",
        "the derivative for a cotangent of the first class",
        lambda ct, z: _softmax_vjp(np.eye(4)[np.zeros(4, int)], z),
        "ignores-cotangent",
    ),
    SOFTMAX.gradient(0, in_float32, "float32", "computed in float32", "precision"),
    LOG_SOFTMAX.wrong(
        "sum-assumed-one",
        "ct - y for ct - y sum(ct)",
        lambda ct, z: (ct - _softmax(z),),
        "nonlinear",
    ),
    LOG_SOFTMAX.gradient(
        0,
        lambda g, ct, z: ct,
        "normaliser-dropped",
        "ct alone",
        "unknown",
        "missing-term",
        because="the missing term is a row's number times the softmax",
    ),
    LOG_SOFTMAX.gradient(
        0, lambda g, *_: g[:, ::-1], "classes-reversed", "the classes in reverse order", "permuted"
    ),
    TEMPERED.gradient(0, lambda g, ct, z, T: g * T, "temperature-forgotten", "1/T left out", "factor"),
    TEMPERED.gradient(1, lambda g, ct, z, T: g * T, "temperature-once", "1/T for 1/T^2", "factor"),
    TEMPERED.gradient(1, lambda g, *_: -g, "temperature-sign", "the sign of d(1/T) forgotten", "sign"),
    LOGSUMEXP.gradient(
        0, lambda g, ct, z: _softmax(z), "ignores-cotangent", "softmax alone", "ignores-cotangent"
    ),
    LOGSUMEXP.gradient(0, lambda g, ct, z: g / z.shape[1], "averaged", "divided by the classes", "factor"),
    MASKED.gradient(0, _leak, "mask-leaks", "a gradient at a masked entry", "entries"),
)
