"""Losses and costs: scalar, or one value for each example."""

import numpy as np

from tests.zoo._case import Array, Layer, away_from

_normal = np.random.Generator.standard_normal


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def _softmax(z: Array) -> Array:
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _pair(rng: np.random.Generator) -> tuple[Array, ...]:
    return _normal(rng, (5, 3)), _normal(rng, (5, 3))


MSE = Layer(
    "losses",
    "mse",
    lambda p, y: np.asarray(np.mean((p - y) ** 2)),
    lambda ct, p, y: (ct * 2 * (p - y) / p.size, -ct * 2 * (p - y) / p.size),
    _pair,
)
MAE = Layer(
    "losses",
    "mae",
    lambda p, y: np.mean(np.abs(p - y), axis=1),
    lambda ct, p, y: (ct[:, None] * np.sign(p - y) / p.shape[1], -ct[:, None] * np.sign(p - y) / p.shape[1]),
    lambda rng: (y := _normal(rng, (5, 3)), y + away_from(_normal(rng, (5, 3)), 0.0)),
)


def _bce(z: Array, y: Array) -> Array:
    return np.asarray(np.mean(np.logaddexp(0, z) - y * z))


BCE = Layer(
    "losses",
    "bce",
    _bce,
    lambda ct, z, y: (ct * (_sigmoid(z) - y) / z.size, -ct * z / z.size),
    lambda rng: (_normal(rng, (1, 8)), rng.uniform(0.1, 0.9, (1, 8))),
)
BCE_OF_PROBABILITY = Layer(
    "losses",
    "bce-of-probability",
    lambda a: -(np.log(a[0]) + np.log(1 - a[1])),
    lambda ct, a: (np.stack([-ct / a[0], ct / (1 - a[1])]),),
    lambda rng: (rng.uniform(0.2, 0.8, (2, 6)),),
)

_LABELS = np.array([0, 2, 1, 3, 2, 0])
_ONE_HOT = np.eye(4)[_LABELS]


def _cross_entropy(z: Array) -> Array:
    shifted = z - z.max(1, keepdims=True)
    return np.log(np.exp(shifted).sum(1)) - shifted[np.arange(6), _LABELS]


CROSS_ENTROPY = Layer(
    "losses",
    "cross-entropy",
    _cross_entropy,
    lambda ct, z: (ct[:, None] * (_softmax(z) - _ONE_HOT),),
    lambda rng: (_normal(rng, (6, 4)),),
)


def _hinge_margins(s: Array) -> Array:
    margins = np.maximum(0, s - s[np.arange(6), _LABELS][:, None] + 1)
    margins[np.arange(6), _LABELS] = 0
    return margins


def _hinge_vjp(ct: Array, s: Array, right_class: float = 1.0) -> tuple[Array, ...]:
    active = (_hinge_margins(s) > 0) * 1.0
    active[np.arange(6), _LABELS] = -right_class * active.sum(1)
    return (ct * active / 6,)


def _away_from_hinges(rng: np.random.Generator) -> tuple[Array, ...]:
    return (rng.permuted(np.linspace(-2.05, 1.83, 24)).reshape(6, 4),)


HINGE = Layer(
    "losses", "hinge", lambda s: np.asarray(_hinge_margins(s).sum() / 6), _hinge_vjp, _away_from_hinges
)


def _huber(p: Array, y: Array, delta: float = 2.0) -> Array:
    d = np.abs(p - y)
    return np.where(d <= delta, 0.5 * d * d, delta * (d - 0.5 * delta))


HUBER = Layer(
    "losses",
    "huber",
    _huber,
    lambda ct, p, y: (ct * np.clip(p - y, -2, 2), -ct * np.clip(p - y, -2, 2)),
    lambda rng: (
        y := _normal(rng, 20),
        y + np.where(np.arange(20) % 9 == 4, 3.0, 1.0) * rng.uniform(0.5, 1.5, 20) * rng.choice([-1, 1], 20),
    ),
)
LOGCOSH = Layer(
    "losses",
    "logcosh",
    lambda p: np.sum(np.log(np.cosh(p)), axis=1),
    lambda ct, p: (ct[:, None] * np.tanh(p),),
    lambda rng: (_normal(rng, (4, 3)),),
)
POISSON = Layer(
    "losses",
    "poisson",
    lambda s, y: np.asarray(np.sum(np.exp(s) - y * s)),
    lambda ct, s, y: (ct * (np.exp(s) - y), -ct * s),
    lambda rng: (_normal(rng, 7), rng.uniform(0.5, 4, 7)),
)


def _cosine(a: Array, b: Array) -> Array:
    return np.asarray(1 - a @ b / np.sqrt((a @ a) * (b @ b)))


def _cosine_vjp(ct: Array, a: Array, b: Array, project: float = 1.0) -> tuple[Array, ...]:
    na, nb = np.sqrt(a @ a), np.sqrt(b @ b)
    c = a @ b / (na * nb)
    return -ct * (b / (na * nb) - project * c * a / na**2), -ct * (a / (na * nb) - c * b / nb**2)


COSINE = Layer("losses", "cosine", _cosine, _cosine_vjp, lambda rng: (_normal(rng, 5), _normal(rng, 5)))


def _triplet(a: Array, p: Array, n: Array) -> Array:
    return np.sum((a - p) ** 2, axis=1) - np.sum((a - n) ** 2, axis=1)


TRIPLET = Layer(
    "losses",
    "triplet",
    _triplet,
    lambda ct, a, p, n: (2 * ct[:, None] * (n - p), 2 * ct[:, None] * (p - a), 2 * ct[:, None] * (a - n)),
    lambda rng: tuple(_normal(rng, (4, 3)) for _ in range(3)),
)
KL = Layer(
    "losses",
    "kl",
    lambda p, q: np.sum(p * (np.log(p) - np.log(q)), axis=1),
    lambda ct, p, q: (ct[:, None] * (np.log(p) - np.log(q) + 1), -ct[:, None] * p / q),
    lambda rng: (rng.uniform(0.3, 0.9, (4, 5)), rng.uniform(0.3, 0.9, (4, 5))),
)
REGULARISED = Layer(
    "losses",
    "regularised-mse",
    lambda w, x: np.asarray(np.sum((x @ w - 1) ** 2) + 1e-3 * np.sum(w**2)),
    lambda ct, w, x: (ct * (2 * x.T @ (x @ w - 1) + 2e-3 * w), 2 * ct * np.outer(x @ w - 1, w)),
    lambda rng: (_normal(rng, 6), _normal(rng, (4, 6))),
)


def _only_right_class_unchanged(g: Array, ct: Array, z: Array) -> Array:
    return ct[:, None] * _softmax(z)


CASES = (
    MSE.gradient(0, lambda g, *_: g / 2, "factor-2", "(p - y) / n for 2 (p - y) / n", "factor"),
    MSE.gradient(0, lambda g, ct, p, y: g * p.size, "not-averaged", "the mean's 1/n left out", "factor"),
    MSE.gradient(0, lambda g, ct, p, y: g * p.shape[1], "batch-average-only", "1/m for 1/(m k)", "factor"),
    MSE.gradient(
        0,
        lambda g, *_: -g,
        "sign",
        "y - p for p - y",
        "sign",
        "wrong-input",
        because="the negated gradient is the gradient of the target",
    ),
    MSE.gradient(
        0,
        lambda g, ct, p, y: 2 * (p - y) / p.size,
        "ignores-cotangent",
        "as if the loss were the last node",
        "ignores-cotangent",
    ),
    MAE.gradient(0, lambda g, ct, p, y: g * 0, "zero", "sign() taken as having zero gradient twice", "zero"),
    BCE.gradient(0, lambda g, ct, z, y: g * z.size, "not-averaged", "1/m left out", "factor"),
    BCE.gradient(
        0,
        lambda g, ct, z, y: g * _sigmoid(z) * (1 - _sigmoid(z)),
        "slope-twice",
        "a (1 - a) multiplied in although the loss takes logits",
        "unknown",
        because="the factor differs from entry to entry",
    ),
    BCE.gradient(
        0,
        lambda g, ct, z, y: ct * (_sigmoid(z) - y > 0) / z.size,
        "thresholded",
        "a > y for a - y",
        "unknown",
        because="another formula at every entry",
    ),
    BCE_OF_PROBABILITY.gradient(0, lambda g, ct, a: -g, "sign", "both terms negated", "sign"),
    CROSS_ENTROPY.gradient(
        0, _only_right_class_unchanged, "one-hot-forgotten", "softmax without - one-hot", "entries"
    ),
    CROSS_ENTROPY.gradient(
        0, lambda g, ct, z: g / len(z), "averaged", "1/m although the loss is per example", "factor"
    ),
    CROSS_ENTROPY.gradient(
        0,
        lambda g, ct, z: _softmax(z) - _ONE_HOT,
        "ignores-cotangent",
        "p - y without the cotangent of each example",
        "ignores-cotangent",
    ),
    HINGE.wrong(
        "right-class",
        "the right class's row never updated",
        lambda ct, s: _hinge_vjp(ct, s, right_class=0.0),
        "entries",
    ),
    HUBER.gradient(0, lambda g, ct, p, y: ct * (p - y), "not-clipped", "p - y outside delta too", "entries"),
    HUBER.gradient(
        0, lambda g, ct, p, y: np.clip(p - y, -2, 2), "ignores-cotangent", "gy left out", "ignores-cotangent"
    ),
    LOGCOSH.gradient(
        0,
        lambda g, ct, p: ct.mean() * np.tanh(p),
        "mean-cotangent",
        "one cotangent for all examples",
        "unknown",
        because="each row has a factor of its own",
    ),
    POISSON.gradient(
        0,
        lambda g, ct, s, y: g + ct * y,
        "target-dropped",
        "exp(s) for exp(s) - y",
        "missing-term",
        "extra-term",
        because="the difference is exactly the target, which is an input",
    ),
    COSINE.wrong(
        "norm-constant",
        "the norm of a taken as a constant",
        lambda ct, a, b: _cosine_vjp(ct, a, b, project=0.0),
        "missing-term",
        "extra-term",
        because="the difference is proportional to the input a",
    ),
    TRIPLET.swapped(
        1, 2, "positive-negative", "the gradients of positive and negative swapped", "wrong-input"
    ),
    TRIPLET.gradient(0, lambda g, *_: -g, "anchor-sign", "p - n for n - p", "sign"),
    KL.gradient(
        0,
        lambda g, ct, p, q: g - ct[:, None],
        "plus-one",
        "log p - log q without + 1",
        "unknown",
        "missing-term",
        because="the missing term is the cotangent, broadcast: no input",
    ),
    KL.gradient(1, lambda g, *_: -g, "target-sign", "p / q for -p / q", "sign"),
    REGULARISED.gradient(
        0, lambda g, ct, w, x: g - ct * 1e-3 * w, "decay-halved", "lambda w for 2 lambda w", "missing-term"
    ),
)
