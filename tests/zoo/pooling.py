"""Pooling, upsampling and their inverses."""

import numpy as np

from tests.zoo._case import Array, Layer

_normal = np.random.Generator.standard_normal


def _blocks(x: Array) -> Array:
    n, h, w = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2)


def _max_pool(x: Array) -> Array:
    return _blocks(x).max((2, 4))


def _max_pool_vjp(ct: Array, x: Array) -> tuple[Array, ...]:
    is_max = _blocks(x) == _blocks(x).max((2, 4), keepdims=True)
    return ((is_max * ct[:, :, None, :, None]).reshape(x.shape),)


def _distinct(rng: np.random.Generator) -> tuple[Array, ...]:
    return (rng.permuted(np.linspace(-2, 2, 32)).reshape(2, 4, 4),)


MAX = Layer("pooling", "max", _max_pool, _max_pool_vjp, _distinct)
AVERAGE = Layer(
    "pooling",
    "average",
    lambda x: _blocks(x).mean((2, 4)),
    lambda ct, x: (np.repeat(np.repeat(ct, 2, 1), 2, 2) / 4,),
    lambda rng: (_normal(rng, (2, 4, 4)),),
)


def _overlapping(x: Array) -> Array:
    """x (c, t), windows of 3, stride 2."""
    return np.stack([x[:, p : p + 3].mean(1) for p in range(0, x.shape[1] - 2, 2)], axis=1)


def _overlapping_vjp(ct: Array, x: Array) -> tuple[Array, ...]:
    g = np.zeros_like(x)
    for j in range(ct.shape[1]):
        g[:, 2 * j : 2 * j + 3] += ct[:, j : j + 1] / 3
    return (g,)


OVERLAPPING = Layer(
    "pooling", "overlapping", _overlapping, _overlapping_vjp, lambda rng: (_normal(rng, (2, 21)),)
)
GLOBAL = Layer(
    "pooling",
    "global-average",
    lambda x: x.mean((2, 3)),
    lambda ct, x: (ct[:, :, None, None] * np.ones_like(x) / x[0, 0].size,),
    lambda rng: (_normal(rng, (3, 2, 4, 3)),),
)
L2 = Layer(
    "pooling",
    "l2",
    lambda x: np.sqrt((x**2).sum(1)),
    lambda ct, x: (x * (ct / np.sqrt((x**2).sum(1)))[:, None],),
    lambda rng: (0.5 + rng.random((4, 5)),),
)
NEAREST = Layer(
    "pooling",
    "upsample-nearest",
    lambda x: np.repeat(np.repeat(x, 2, 0), 2, 1) ** 2,
    lambda ct, x: (2 * x * ct.reshape(x.shape[0], 2, x.shape[1], 2).sum((1, 3)),),
    lambda rng: (1 + rng.random((3, 4)),),
)


def _assigned(ct: Array, x: Array) -> tuple[Array, ...]:
    g = np.zeros_like(x)
    for j in range(ct.shape[1]):
        g[:, 2 * j : 2 * j + 3] = ct[:, j : j + 1] / 3
    return (g,)


def _one_window_of_the_first(g: Array, ct: Array, x: Array) -> Array:
    """One window sends its gradient to its first element."""
    g = g.copy()
    g[0, :2, :2] = 0
    first = 0 if x[0, :2, :2].argmax() else 1
    g[0, 0, first] = ct[0, 0, 0]
    return g


CASES = (
    MAX.gradient(
        0,
        _one_window_of_the_first,
        "wrong-element",
        "one window feeds an element that is not its maximum",
        "entries",
    ),
    MAX.wrong(
        "compares-with-cotangent",
        "looks for the cotangent in place of the maximum",
        lambda ct, x: (((_blocks(x) == ct[:, :, None, :, None]) * 1.0).reshape(x.shape),),
        "zero",
    ),
    MAX.gradient(0, lambda g, *_: g / 4, "averaged", "divided by the window", "factor"),
    MAX.gradient(
        0,
        lambda g, *_: np.roll(g, 1, axis=2),
        "shifted",
        "one column too far",
        "shifted",
        "permuted",
        because="a cyclic shift is a permutation",
    ),
    MAX.gradient(
        0,
        lambda g, *_: g.transpose(0, 2, 1),
        "transposed",
        "height and width exchanged",
        "transpose",
        "permuted",
        because="an exchange of two axes is a permutation",
    ),
    MAX.wrong(
        "ignores-cotangent",
        "the mask alone",
        lambda ct, x: _max_pool_vjp(np.ones_like(ct), x),
        "ignores-cotangent",
    ),
    AVERAGE.gradient(0, lambda g, *_: 4 * g, "not-divided", "1/4 left out", "factor"),
    AVERAGE.gradient(0, lambda g, *_: -g, "sign", "negated", "sign"),
    OVERLAPPING.wrong("assigned", "later windows overwrite earlier ones", _assigned, "entries"),
    OVERLAPPING.gradient(0, lambda g, *_: 0 * g, "detached", "zero", "zero"),
    GLOBAL.gradient(0, lambda g, ct, x: g * x[0, 0].size, "not-divided", "1/(h w) left out", "factor"),
    GLOBAL.gradient(0, lambda g, ct, x: g / len(x), "batch-too", "divided by the batch too", "factor"),
    L2.gradient(0, lambda g, *_: -g, "sign", "negated", "sign"),
    L2.gradient(0, lambda g, *_: 2 * g, "root-forgotten", "the 1/2 of the root left out", "factor"),
    NEAREST.gradient(
        0,
        lambda g, ct, x: 2 * x * ct[::2, ::2],
        "first-copy",
        "the first of four copies alone",
        "missing-sum",
    ),
    NEAREST.gradient(0, lambda g, *_: g / 4, "averaged", "the mean of the copies for their sum", "factor"),
)
