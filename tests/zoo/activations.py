"""Elementwise activation functions."""

import math
from collections.abc import Callable

import numpy as np

from tests.zoo._case import Array, Case, Layer, away_from, in_float32

_erf = np.vectorize(math.erf, otypes=[float])
_normal = np.random.Generator.standard_normal


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def _elementwise(
    name: str, g: Callable[[Array], Array], slope: Callable[[Array], Array], *kinks: float
) -> Layer:
    def vjp(ct: Array, z: Array) -> tuple[Array, ...]:
        return (ct * slope(z),)

    return Layer("activations", name, g, vjp, lambda rng: (away_from(1.5 * _normal(rng, (4, 6)), *kinks),))


def _mostly_positive(layer: Layer) -> Layer:
    """The same layer at a point where three of thirty entries are on the negative side."""

    def inputs(rng: np.random.Generator) -> tuple[Array, ...]:
        z = 0.1 + np.abs(_normal(rng, 30))
        z[[4, 11, 25]] *= -1
        return (z,)

    return Layer(layer.family, layer.name, layer.forward, layer.vjp, inputs)


def _slope(
    layer: Layer, slope: Callable[[Array], Array], name: str, what: str, *diagnoses: str, because: str = ""
) -> Case:
    return layer.wrong(name, what, lambda ct, z: (ct * slope(z),), *diagnoses, because=because)


SIGMOID = _elementwise("sigmoid", _sigmoid, lambda z: _sigmoid(z) * (1 - _sigmoid(z)))
TANH = _elementwise("tanh", np.tanh, lambda z: 1 - np.tanh(z) ** 2)
RELU = _mostly_positive(_elementwise("relu", lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0))
LEAKY = _mostly_positive(
    _elementwise("leaky-relu", lambda z: np.where(z > 0, z, 0.1 * z), lambda z: np.where(z > 0, 1, 0.1))
)
ELU = _mostly_positive(
    _elementwise(
        "elu",
        lambda z: np.where(z > 0, z, 1.5 * np.expm1(np.minimum(z, 0))),
        lambda z: np.where(z > 0, 1, 1.5 * np.exp(np.minimum(z, 0))),
    )
)
SELU = _elementwise(
    "selu",
    lambda z: 1.0507 * np.where(z > 0, z, 1.6733 * np.expm1(np.minimum(z, 0))),
    lambda z: 1.0507 * np.where(z > 0, 1, 1.6733 * np.exp(np.minimum(z, 0))),
    0.0,
)
SOFTPLUS = _elementwise("softplus", lambda z: np.logaddexp(0, 3 * z) / 3, lambda z: _sigmoid(3 * z))
SCALED_SOFTPLUS = _elementwise(
    "scaled-softplus", lambda z: np.logaddexp(0, 3 * z), lambda z: 3 * _sigmoid(3 * z)
)
GELU = _elementwise(
    "gelu",
    lambda z: 0.5 * z * (1 + _erf(z / math.sqrt(2))),
    lambda z: 0.5 * (1 + _erf(z / math.sqrt(2))) + z * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi),
)
SILU = _elementwise("silu", lambda z: z * _sigmoid(z), lambda z: _sigmoid(z) * (1 + z * (1 - _sigmoid(z))))
SOFTSIGN = _elementwise("softsign", lambda z: z / (1 + np.abs(z)), lambda z: 1 / (1 + np.abs(z)) ** 2, 0.0)
HARDTANH = _elementwise(
    "hardtanh", lambda z: np.clip(z, -2.5, 2.5), lambda z: (np.abs(z) < 2.5) * 1.0, -2.5, 2.5
)
SQUARE = _elementwise("squared-relu", lambda z: np.maximum(z, 0) ** 2, lambda z: 2 * np.maximum(z, 0), 0.0)
LOGISTIC_TANH = _elementwise(
    "tanh-by-sigmoid",
    lambda z: 2 * _sigmoid(2 * z) - 1,
    lambda z: 4 * _sigmoid(2 * z) * (1 - _sigmoid(2 * z)),
)


def _gelu_tanh_slope(z: Array) -> Array:
    inner = math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)
    t = np.tanh(inner)
    return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * z * z)


def _prelu_vjp(ct: Array, z: Array, alpha: Array) -> tuple[Array, ...]:
    return ct * np.where(z > 0, 1, alpha), (ct * np.minimum(z, 0)).sum(0)


PRELU = Layer(
    "activations",
    "prelu",
    lambda z, alpha: np.where(z > 0, z, alpha * z),
    _prelu_vjp,
    lambda rng: (away_from(_normal(rng, (6, 3)), 0.0), rng.uniform(0.1, 0.5, 3)),
)

CASES = (
    _slope(SIGMOID, lambda z: _sigmoid(z) * (_sigmoid(z) - 1), "sign", "a (a - 1) for a (1 - a)", "sign"),
    SIGMOID.wrong(
        "ignores-cotangent",
        "g'(z) alone",
        lambda ct, z: (SIGMOID.vjp(np.ones_like(z), z)[0],),
        "ignores-cotangent",
    ),
    _slope(
        SIGMOID,
        lambda z: z * (1 - z),
        "of-the-input",
        "z (1 - z) for a (1 - a)",
        "unknown",
        because="a different formula at every entry",
    ),
    _slope(
        TANH,
        lambda z: 1 - np.tanh(z) ** 2 + 1e-3,
        "constant-added",
        "1.001 - a^2",
        "unknown",
        "extra-term",
        because="the difference is the cotangent, which is a term of the gradient only in a residual layer",
    ),
    TANH.gradient(0, in_float32, "float32", "computed in float32", "precision"),
    _slope(
        LOGISTIC_TANH,
        lambda z: 2 * _sigmoid(2 * z) * (1 - _sigmoid(2 * z)),
        "inner-derivative",
        "the inner factor 2 of the chain rule left out",
        "factor",
    ),
    _slope(RELU, np.ones_like, "straight-through", "1 on the negative side too", "entries"),
    RELU.wrong(
        "guided",
        "passes positive cotangents only",
        lambda ct, z: (np.maximum(ct, 0) * (z > 0),),
        "nonlinear",
        "entries",
        because="the entries with a negative cotangent are the wrong ones",
    ),
    _slope(LEAKY, lambda z: (z > 0) * 1.0, "slope-zero", "0 for the negative slope", "entries"),
    _slope(LEAKY, lambda z: np.where(z > 0, 1, 10.0), "slope-inverted", "1 / slope for slope", "entries"),
    _slope(
        ELU, lambda z: np.where(z > 0, 1, np.exp(np.minimum(z, 0))), "alpha-forgotten", "alpha = 1", "entries"
    ),
    _slope(SELU, lambda z: SELU.vjp(1.0, z)[0] / 1.0507, "scale-forgotten", "without lambda", "factor"),
    _slope(
        SELU,
        lambda z: SELU.vjp(1.0, z)[0] * (1.0507009873554805 / 1.0507),
        "rounded-constant",
        "lambda to four decimals in the forward pass only",
        "precision",
        "factor",
        because="a rounded constant is a factor near 1",
    ),
    _slope(
        SOFTPLUS, lambda z: 3 * _sigmoid(3 * z), "beta-twice", "beta multiplied in once too often", "factor"
    ),
    _slope(
        SCALED_SOFTPLUS,
        lambda z: _sigmoid(3 * z),
        "beta-forgotten",
        "inner derivative beta left out",
        "factor",
    ),
    _slope(
        GELU,
        _gelu_tanh_slope,
        "tanh-approximation",
        "the derivative of the tanh approximation for the exact function",
        "precision",
        "unknown",
        because="right to three digits, by a formula that is no rounded constant",
    ),
    _slope(
        GELU,
        lambda z: 0.5 * (1 + _erf(z / math.sqrt(2))),
        "density-dropped",
        "z times the density left out",
        "unknown",
        "missing-term",
        because="the term is a product with the input, not proportional to it",
    ),
    _slope(
        SILU,
        _sigmoid,
        "product-rule",
        "the derivative of the sigmoid factor left out",
        "unknown",
        "missing-term",
        because="the term is a product with the input, not proportional to it",
    ),
    _slope(SOFTSIGN, lambda z: -1 / (1 + np.abs(z)) ** 2, "sign", "negated", "sign"),
    SOFTSIGN.gradient(0, lambda g, *_: np.zeros_like(g), "detached", "zero everywhere", "zero"),
    _slope(HARDTANH, np.ones_like, "leaks", "1 outside the clipped range too", "entries"),
    _slope(SQUARE, lambda z: np.maximum(z, 0), "factor-2", "z for 2 z", "factor"),
    PRELU.gradient(1, lambda g, *_: -g, "alpha-sign", "the slope's gradient negated", "sign"),
    PRELU.gradient(
        1,
        lambda g, ct, z, alpha: (ct * np.minimum(z, 0))[0],
        "alpha-first-row",
        "the slope's gradient of the first example alone",
        "missing-sum",
    ),
    PRELU.gradient(1, lambda g, *_: 0 * g, "alpha-frozen", "the slope's gradient is zero", "zero"),
)
