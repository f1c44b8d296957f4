"""What is in no layer and in every network: broadcasting, sharing, indexing, clipping, reshaping."""

import numpy as np

from tests.zoo._case import Array, Layer, away_from

_normal = np.random.Generator.standard_normal

SCALE = Layer(
    "oddities",
    "broadcast-scale",
    lambda x, s: x * s,
    lambda ct, x, s: (ct * s, np.asarray((ct * x).sum())),
    lambda rng: (_normal(rng, (3, 4)), np.asarray(0.7)),
)
COLUMN = Layer(
    "oddities",
    "broadcast-column",
    lambda x, c: np.tanh(x + c),
    lambda ct, x, c: (
        ct * (1 - np.tanh(x + c) ** 2),
        (ct * (1 - np.tanh(x + c) ** 2)).sum(1, keepdims=True),
    ),
    lambda rng: (_normal(rng, (3, 3)), _normal(rng, (3, 1))),
)


def _autoencoder(x: Array, W: Array) -> Array:
    return np.tanh(x @ W) @ W.T


def _autoencoder_vjp(ct: Array, x: Array, W: Array, encoder: float = 1.0) -> tuple[Array, ...]:
    h = np.tanh(x @ W)
    d = (ct @ W) * (1 - h * h)
    return d @ W.T, ct.T @ h + encoder * x.T @ d


TIED = Layer(
    "oddities",
    "tied-weights",
    _autoencoder,
    _autoencoder_vjp,
    lambda rng: (_normal(rng, (4, 3)), _normal(rng, (3, 2))),
)

_INDEX = np.array([2, 0, 2, 7])


def _gather_vjp(ct: Array, x: Array) -> tuple[Array, ...]:
    g = np.zeros_like(x)
    np.add.at(g, _INDEX, 2 * x[_INDEX] * ct)
    return (g,)


GATHER = Layer(
    "oddities",
    "gather",
    lambda x: x[_INDEX] ** 2,
    _gather_vjp,
    lambda rng: (away_from(_normal(rng, 16), 0.0),),
)


def _gather_assigned(ct: Array, x: Array) -> tuple[Array, ...]:
    g = np.zeros_like(x)
    g[_INDEX] = 2 * x[_INDEX] * ct
    return (g,)


def _scatter(x: Array, v: Array) -> Array:
    y = x.copy()
    y[[1, 4]] = v
    return y


def _scatter_vjp(ct: Array, x: Array, v: Array) -> tuple[Array, ...]:
    g = ct.copy()
    g[[1, 4]] = 0
    return g, ct[[1, 4]]


SCATTER = Layer(
    "oddities", "scatter", _scatter, _scatter_vjp, lambda rng: (_normal(rng, 12), _normal(rng, 2))
)
CLIP = Layer(
    "oddities",
    "clip",
    lambda x: np.clip(x, -1, 1),
    lambda ct, x: (ct * (np.abs(x) < 1),),
    lambda rng: (away_from(0.7 * rng.uniform(-1, 1, 20) + 1.5 * (np.arange(20) % 7 == 3), -1.0, 1.0),),
)
CONCAT = Layer(
    "oddities",
    "concat",
    lambda a, b: np.concatenate([a, b], axis=1) ** 2,
    lambda ct, a, b: (2 * a * ct[:, :3], 2 * b * ct[:, 3:]),
    lambda rng: (_normal(rng, (2, 3)), _normal(rng, (2, 3))),
)
RESIDUAL = Layer(
    "oddities",
    "residual",
    lambda x, W: x + np.tanh(x @ W),
    lambda ct, x, W: (
        ct + (ct * (1 - np.tanh(x @ W) ** 2)) @ W.T,
        x.T @ (ct * (1 - np.tanh(x @ W) ** 2)),
    ),
    lambda rng: (_normal(rng, (4, 3)), _normal(rng, (3, 3))),
)
CUMSUM = Layer(
    "oddities",
    "cumsum",
    lambda x: np.cumsum(x),
    lambda ct, x: (np.cumsum(ct[::-1])[::-1],),
    lambda rng: (_normal(rng, 8),),
)


def _sort_vjp(ct: Array, x: Array) -> tuple[Array, ...]:
    g = np.empty_like(x)
    g[np.argsort(x)] = ct
    return (g,)


SORT = Layer(
    "oddities", "sort", lambda x: np.sort(x), _sort_vjp, lambda rng: (rng.permuted(np.linspace(-1, 1, 9)),)
)
ROLL = Layer(
    "oddities",
    "roll",
    lambda x: np.roll(np.tanh(x), 2),
    lambda ct, x: (np.roll(ct, -2) * (1 - np.tanh(x) ** 2),),
    lambda rng: (_normal(rng, 9),),
)
RESHAPE = Layer(
    "oddities",
    "flatten",
    lambda x: x.reshape(-1),
    lambda ct, x: (ct.reshape(x.shape),),
    lambda rng: (_normal(rng, (3, 4)),),
)
INVERSE = Layer(
    "oddities",
    "inverse",
    lambda A: np.linalg.inv(A),
    lambda ct, A: (-np.linalg.inv(A).T @ ct @ np.linalg.inv(A).T,),
    lambda rng: (_normal(rng, (3, 3)) + 3 * np.eye(3),),
)
LOGDET = Layer(
    "oddities",
    "logdet",
    lambda A: np.linalg.slogdet(A)[1],
    lambda ct, A: (ct * np.linalg.inv(A).T,),
    lambda rng: (_normal(rng, (3, 3)) + 3 * np.eye(3),),
)
NORM = Layer(
    "oddities",
    "norm",
    lambda x: np.sqrt(x @ x),
    lambda ct, x: (ct * x / np.sqrt(x @ x),),
    lambda rng: (_normal(rng, 5),),
)
VARIANCE = Layer(
    "oddities",
    "variance",
    lambda x: np.var(x, axis=1, ddof=1),
    lambda ct, x: (2 * ct[:, None] * (x - x.mean(1, keepdims=True)) / (x.shape[1] - 1),),
    lambda rng: (_normal(rng, (3, 5)),),
)
WHERE = Layer(
    "oddities",
    "where",
    lambda a, b: np.where(np.arange(8) % 2 == 0, a, b) ** 3,
    lambda ct, a, b: (
        3 * ct * a**2 * (np.arange(8) % 2 == 0),
        3 * ct * b**2 * (np.arange(8) % 2 == 1),
    ),
    lambda rng: (1 + rng.random(8), 1 + rng.random(8)),
)
DROPOUT = Layer(
    "oddities",
    "dropout",
    lambda x: np.tanh(x) * (np.arange(24) % 6 != 1) / 0.8,
    lambda ct, x: (ct * (1 - np.tanh(x) ** 2) * (np.arange(24) % 6 != 1) / 0.8,),
    lambda rng: (_normal(rng, 24),),
)
OUTER = Layer(
    "oddities",
    "outer",
    lambda u, v: np.outer(u, v),
    lambda ct, u, v: (ct @ v, ct.T @ u),
    lambda rng: (_normal(rng, 4), _normal(rng, 4)),
)
DIFFERENCE = Layer(
    "oddities",
    "difference",
    lambda a, b: a - b,
    lambda ct, a, b: (ct, -ct),
    lambda rng: (_normal(rng, (2, 3)), _normal(rng, (2, 3))),
)

CASES = (
    SCALE.gradient(
        1,
        lambda g, ct, x, s: (ct * x)[0, 0],
        "first-entry",
        "the scalar's gradient of the first entry",
        "missing-sum",
    ),
    SCALE.gradient(1, lambda g, ct, x, s: g / x.size, "averaged", "the mean for the sum", "factor"),
    SCALE.gradient(0, lambda g, ct, x, s: ct.copy(), "scale-forgotten", "s left out of dx", "factor"),
    COLUMN.gradient(
        1,
        lambda g, ct, x, c: (ct * (1 - np.tanh(x + c) ** 2))[:, :1],
        "first-column",
        "the broadcast axis not summed",
        "missing-sum",
    ),
    COLUMN.gradient(
        1,
        lambda g, ct, x, c: (ct * (1 - np.tanh(x + c) ** 2)).sum(0)[:, None],
        "wrong-axis",
        "summed over the other axis",
        "unknown",
        because="another sum at every entry",
    ),
    TIED.wrong(
        "decoder-only",
        "the encoder's share of dW left out",
        lambda ct, *i: _autoencoder_vjp(ct, *i, encoder=0),
        "missing-term",
        "unknown",
        because="the vocabulary's term is an input's multiple; here it is a path",
    ),
    GATHER.wrong("assigned", "a repeated index keeps its last gradient alone", _gather_assigned, "entries"),
    SCATTER.gradient(
        0, lambda g, ct, x, v: ct.copy(), "overwritten-kept", "overwritten entries keep a gradient", "entries"
    ),
    SCATTER.gradient(
        1,
        lambda g, *_: g[::-1],
        "values-reversed",
        "the values' gradients in reverse order",
        "permuted",
        "shifted",
        because="two entries exchanged are also two entries rolled",
    ),
    SCATTER.gradient(1, lambda g, *_: 0 * g, "values-frozen", "the values get no gradient", "zero"),
    CLIP.gradient(
        0, lambda g, ct, x: ct.copy(), "straight-through", "clipped entries keep a gradient", "entries"
    ),
    CONCAT.swapped(0, 1, "swapped", "the parts in each other's place", "wrong-input"),
    CONCAT.gradient(
        1, lambda g, *_: g[:, ::-1], "reversed", "the second part's columns reversed", "permuted"
    ),
    RESIDUAL.gradient(
        0,
        lambda g, ct, x, W: g - ct,
        "skip-lost",
        "the skip connection left out",
        "missing-term",
        "unknown",
        because="the missing term is the cotangent, no input",
    ),
    RESIDUAL.gradient(
        0,
        lambda g, ct, x, W: ct.copy(),
        "branch-detached",
        "the branch left out",
        "missing-term",
        "unknown",
        because="the vocabulary's term is an input's multiple; here it is a path",
    ),
    RESIDUAL.gradient(1, lambda g, *_: g.T, "weights-transposed", "dW transposed", "transpose"),
    CUMSUM.gradient(
        0,
        lambda g, ct, x: np.cumsum(ct),
        "forwards",
        "summed from the wrong end",
        "unknown",
        because="another sum at every entry",
    ),
    SORT.gradient(
        0, lambda g, ct, x: ct[np.argsort(x)], "inverse-order", "the permutation for its inverse", "permuted"
    ),
    SORT.gradient(0, lambda g, ct, x: ct.copy(), "order-forgotten", "the cotangent as it came", "permuted"),
    ROLL.gradient(
        0,
        lambda g, *_: np.roll(g, 1),
        "one-too-far",
        "rolled back by one for two",
        "shifted",
        "permuted",
        because="a cyclic shift is a permutation",
    ),
    RESHAPE.gradient(
        0,
        lambda g, ct, x: ct.reshape(x.shape, order="F"),
        "fortran",
        "filled column by column",
        "permuted",
        "transpose",
        because="another memory layout is a transposition of the reshaped array",
    ),
    INVERSE.gradient(0, lambda g, *_: -g, "sign", "the minus sign forgotten", "sign"),
    INVERSE.gradient(0, lambda g, *_: g.T, "transposed", "transposed", "transpose"),
    LOGDET.gradient(0, lambda g, *_: g.T, "transposed", "inv(A) for inv(A).T", "transpose"),
    LOGDET.gradient(0, lambda g, ct, A: g * np.linalg.det(A), "of-det", "the derivative of det", "factor"),
    NORM.gradient(0, lambda g, ct, x: ct * x, "not-divided", "x for x / |x|", "factor"),
    NORM.gradient(0, lambda g, *_: 2 * g, "doubled", "2 x / |x|", "factor"),
    VARIANCE.gradient(0, lambda g, ct, x: g * 4 / 5, "biased", "1/n for 1/(n - 1)", "factor"),
    VARIANCE.gradient(0, lambda g, ct, x: g / 2, "factor-2", "the square's 2 left out", "factor"),
    WHERE.swapped(0, 1, "branches-swapped", "the branches in each other's place", "wrong-input"),
    WHERE.gradient(1, lambda g, *_: 0 * g, "else-dead", "no gradient for the other branch", "zero"),
    DROPOUT.gradient(
        0,
        lambda g, ct, x: ct * (1 - np.tanh(x) ** 2) / 0.8,
        "no-mask",
        "dropped entries get a gradient",
        "entries",
    ),
    DROPOUT.gradient(0, lambda g, *_: 0.8 * g, "not-rescaled", "1 / keep left out", "factor"),
    OUTER.swapped(0, 1, "swapped", "du and dv in each other's place", "wrong-input"),
    DIFFERENCE.gradient(
        1,
        lambda g, *_: -g,
        "sign",
        "the subtrahend's gradient not negated",
        "sign",
        "wrong-input",
        because="the negated gradient is that of the other input",
    ),
    DIFFERENCE.gradient(
        0, lambda g, ct, *_: np.ones_like(ct), "ignores-cotangent", "ones", "ignores-cotangent"
    ),
)
