"""Correct gradients over arrays of unusual shape, size, range or content."""

import numpy as np

from tests.corpus._case import Case, Problem, control
from tests.corpus._formulas import _softmax


def scalar(f, gradient, *inputs):
    return Problem(
        f=lambda i: np.asarray(f(*i)),
        vjp_good=lambda i, ct: tuple(ct * np.asarray(g) for g in gradient(*i)),
        inputs=inputs,
    )


@control("exponentials_over_two_hundred_decades", "dynamic range", "exp of -230 ... 230 in one array")
def exponentials_over_two_hundred_decades(rng):
    x = rng.permutation(np.linspace(-230, 230, 12))
    return Problem(f=lambda i: np.exp(i[0]), vjp_good=lambda i, ct: (ct * np.exp(i[0]),), inputs=(x,))


@control("logarithms_of_mixed_units", "dynamic range", "sum of log x over 1e-12, 1 and 1e12")
def logarithms_of_mixed_units(rng):
    x = rng.uniform(1, 9, (3, 4)) * np.array([1e-12, 1e-4, 1, 1e12])
    return scalar(lambda x: np.log(x).sum(), lambda x: (1 / x,), x)


@control("products_of_mixed_units", "dynamic range", "x1 x2 / x3 with units of 1e-9, 1e9 and 1e6")
def products_of_mixed_units(rng):
    a, b, c = rng.uniform(1, 2, 3), rng.uniform(1, 2, 3), rng.uniform(1, 2, 3)
    return Problem(
        f=lambda i: i[0] * i[1] / i[2],
        vjp_good=lambda i, ct: (ct * i[1] / i[2], ct * i[0] / i[2], -ct * i[0] * i[1] / i[2] ** 2),
        inputs=(1e-9 * a, 1e9 * b, 1e6 * c),
    )


@control("quadratic_with_offset_1e9", "offset", "mean of (x - c)^2 with x and c near 1e9")
def quadratic_with_offset_1e9(rng):
    c = 1e9 + rng.standard_normal(5)
    return scalar(
        lambda x: ((x - c) ** 2).mean(), lambda x: (2 * (x - c) / 5,), c + 8 * rng.standard_normal(5)
    )


@control("sum_over_an_empty_axis", "size 0", "sum over an axis of length zero plus a bias")
def sum_over_an_empty_axis(rng):
    return Problem(
        f=lambda i: i[0].sum(1) + i[1],
        vjp_good=lambda i, ct: (np.broadcast_to(ct[:, None], i[0].shape).copy(), ct.copy()),
        inputs=(np.zeros((3, 0)), rng.standard_normal(3)),
    )


@control("all_inputs_of_size_one", "size 1", "(1, 1, 1), (1,) and () in one product")
def all_inputs_of_size_one(rng):
    n = rng.standard_normal

    def good(i, ct):
        a, b, c = i
        return (
            ct * b * np.cos(c),
            (ct * a * np.cos(c)).reshape(1),
            np.asarray(-(ct * a * b * np.sin(c)).sum()),
        )

    return Problem(
        f=lambda i: i[0] * i[1] * np.cos(i[2]), vjp_good=good, inputs=(n((1, 1, 1)), n(1), np.asarray(n()))
    )


@control("three_way_broadcast", "broadcasting", "(3, 1, 4), (5, 1) and () in one expression")
def three_way_broadcast(rng):
    def good(i, ct):
        a, b, c = i
        return (
            (ct * b).sum(1, keepdims=True),
            (ct * a + ct * c).sum((0, 2)).reshape(5, 1),
            np.asarray((ct * b).sum()),
        )

    n = rng.standard_normal
    return Problem(
        f=lambda i: (i[0] + i[2]) * i[1], vjp_good=good, inputs=(n((3, 1, 4)), n((5, 1)), np.asarray(n()))
    )


@control("indices_among_the_inputs", "integer input", "embedding with its indices as an input")
def indices_among_the_inputs(rng):
    def good(i, ct):
        out = np.zeros_like(i[0])
        np.add.at(out, i[1], ct)
        return out, np.zeros(i[1].shape)

    return Problem(
        f=lambda i: i[0][i[1]], vjp_good=good, inputs=(rng.standard_normal((6, 2)), np.array([0, 3, 3, 5]))
    )


@control("mask_among_the_inputs", "Boolean input", "masked sum with the mask as an input")
def mask_among_the_inputs(rng):
    return Problem(
        f=lambda i: np.where(i[1], i[0] ** 2, 0).sum(1),
        vjp_good=lambda i, ct: (ct[:, None] * 2 * i[0] * i[1], None),
        inputs=(rng.standard_normal((3, 4)), rng.uniform(size=(3, 4)) < 0.5),
    )


@control("three_rows_of_a_thousand", "sparse gradient", "1,000 x 8 embedding of which three rows are used")
def three_rows_of_a_thousand(rng):
    at = np.array([7, 500, 999])

    def good(i, ct):
        out = np.zeros_like(i[0])
        out[at] = ct * np.cos(i[0][at])
        return (out,)

    return Problem(f=lambda i: np.sin(i[0][at]), vjp_good=good, inputs=(rng.standard_normal((1000, 8)),))


@control("product_of_many_factors_with_two_zeros", "zeros", "cumulative product with two zeros, done right")
def product_of_many_factors_with_two_zeros(rng):
    x = rng.uniform(0.5, 1.5, 9)
    x[[3, 6]] = 0

    def good(i, ct):
        n, out = len(i[0]), np.zeros(len(i[0]))
        for k in range(n):
            rest = i[0].copy()
            rest[k] = 1
            out[k] = (ct * np.cumprod(rest))[k:].sum()
        return (out,)

    return Problem(f=lambda i: np.cumprod(i[0]), vjp_good=good, inputs=(x,))


@control(
    "softmax_of_masked_scores",
    "minus infinity",
    "softmax with -inf added to some scores, one row of a single key",
)
def softmax_of_masked_scores(rng):
    keep = np.tri(5, dtype=bool)

    def p(i):
        return _softmax(np.where(keep, i[0], -np.inf))

    def good(i, ct):
        return (p(i) * (ct - (ct * p(i)).sum(-1, keepdims=True)),)

    return Problem(f=p, vjp_good=good, inputs=(3 * rng.standard_normal((5, 5)),))


@control("minus_infinity_among_the_logits", "minus infinity", "logsumexp of an input that holds -inf")
def minus_infinity_among_the_logits(rng):
    x = rng.standard_normal((2, 4))
    x[0, 1] = x[1, 3] = -np.inf

    def lse(x):
        m = x.max(-1)
        return m + np.log(np.exp(x - m[:, None]).sum(-1))

    return Problem(f=lambda i: lse(i[0]), vjp_good=lambda i, ct: (ct[:, None] * _softmax(i[0]),), inputs=(x,))


@control("attention_with_a_mask_of_minus_1e9", "large offset", "additive mask of -1e9 inside the scores")
def attention_with_a_mask_of_minus_1e9(rng):
    bias = np.where(np.tri(5), 0.0, -1e9)

    def p(i):
        return _softmax(i[0] @ i[1].T + bias)

    def good(i, ct):
        q = p(i)
        ds = q * (ct - (ct * q).sum(-1, keepdims=True))
        return ds @ i[1], ds.T @ i[0]

    n = rng.standard_normal
    return Problem(f=p, vjp_good=good, inputs=(n((5, 3)), n((5, 3))))


@control("float32_network_float64_inputs", "float32 inside", "two tanh layers that compute in float32")
def float32_network_float64_inputs(rng):
    def hidden(i):
        return np.tanh(i[0].astype(np.float32) @ i[1].astype(np.float32))

    def good(i, ct):
        h = np.tanh(i[0] @ i[1])
        d = np.outer(ct, i[2]) * (1 - h * h)
        return d @ i[1].T, i[0].T @ d, h.T @ ct

    n = rng.standard_normal
    return Problem(
        f=lambda i: (hidden(i) @ i[2].astype(np.float32)).astype(float),
        vjp_good=good,
        inputs=(n((4, 6)), 0.5 * n((6, 5)), n(5)),
    )


@control("norm_clipping_below_and_above", "clipping", "rows scaled to norm one where they exceed it")
def norm_clipping_below_and_above(rng):
    x = rng.standard_normal((4, 3))
    x *= np.array([[0.2], [3], [0.9], [1e4]]) / np.linalg.norm(x, axis=1, keepdims=True)

    def good(i, ct):
        n = np.linalg.norm(i[0], axis=1, keepdims=True)
        u = i[0] / n
        return (np.where(n > 1, (ct - u * (ct * u).sum(1, keepdims=True)) / n, ct),)

    return Problem(
        f=lambda i: i[0] / np.maximum(1, np.linalg.norm(i[0], axis=1, keepdims=True)),
        vjp_good=good,
        inputs=(x,),
    )


@control("top_k_near_a_tie", "selection", "mean of the three largest, the third and the fourth 1e-6 apart")
def top_k_near_a_tie(rng):
    x = np.array([0.2, 1.0, 3.0, 1.0 + 1e-6, 2.0, -1.0])

    def good(i, ct):
        out = np.zeros(6)
        out[np.argsort(-i[0])[:3]] = ct / 3
        return (out,)

    return Problem(f=lambda i: np.asarray(np.sort(i[0])[-3:].mean()), vjp_good=good, inputs=(x,))


@control("unused_and_constant", "zero gradient", "one input not used, one only rounded")
def unused_and_constant(rng):
    n = rng.standard_normal
    return Problem(
        f=lambda i: np.sin(i[0]) + np.floor(i[1]),
        vjp_good=lambda i, ct: (ct * np.cos(i[0]), None, None),
        inputs=(n(4), 0.5 + np.arange(4.0), n((2, 2))),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
