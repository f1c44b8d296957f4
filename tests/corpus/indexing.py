"""Wrong positions, repeated indices, swapped and lost gradients."""

import numpy as np

from tests.corpus._case import Case, Problem, bug
from tests.corpus._formulas import _gather, _lgamma, _ln_f, _ln_vjp, _psi


@bug(
    "maxpool_compares_with_dy",
    "FluxML/NNlib.jl@2d9ac54",
    "max pooling",
    "dead gradient (wrong operand)",
    "looks for elements equal to dy instead of y: nothing matches, gradient is 0",
)
def maxpool_compares_with_dy(rng):
    def win(x):
        n, h, w = x.shape
        return x.reshape(n, h // 2, 2, w // 2, 2)

    def vjp(fix):
        def go(i, ct):
            x = win(i[0])
            y = x.max((2, 4), keepdims=True)
            c = ct[:, :, None, :, None]
            return (((x == (y if fix else c)) * c).reshape(i[0].shape),)

        return go

    return Problem(
        f=lambda i: win(i[0]).max((2, 4)),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal((2, 4, 4)),),
    )


@bug(
    "layernorm_swapped_dgamma_dbeta",
    "Oneflow-Inc/oneflow#6149",
    "LayerNorm",
    "swapped gradients",
    "gradients of weight and bias returned in each other's place",
    fidelity="issue",
)
def layernorm_swapped_dgamma_dbeta(rng):
    def bad(i, ct):
        gx, gg, gb = _ln_vjp(i[0], i[1], ct)
        return gx, gb, gg

    return Problem(
        f=lambda i: _ln_f(*i),
        vjp_good=lambda i, ct: _ln_vjp(i[0], i[1], ct),
        vjp_bad=bad,
        inputs=(rng.standard_normal((4, 6)), rng.uniform(0.5, 1.5, 6), rng.standard_normal(6)),
    )


@bug(
    "avgpool_nhwc_missing_pad_offset",
    "pytorch/pytorch#188344, #188345",
    "avg_pool2d channels_last backward, padding>0",
    "off by one (padding)",
    "input pixel not shifted by pad before its windows are looked up",
    fidelity="issue",
)
def avgpool_nhwc_missing_pad_offset(rng):
    k, s, pad, W = 3, 2, 1, 7
    P = (W + 2 * pad - k) // s + 1

    def f(i):
        xp = np.pad(i[0], ((0, 0), (pad, pad)))
        return np.stack([xp[:, p * s : p * s + k].sum(1) / k for p in range(P)], 1)

    def vjp(off):
        def go(i, ct):
            g = np.zeros_like(i[0])
            for w in range(W):
                u = w + off
                for p in range(max(0, -(-(u - k + 1) // s)), min(P, u // s + 1)):
                    g[:, w] += ct[:, p] / k
            return (g,)

        return go

    return Problem(f=f, vjp_good=vjp(pad), vjp_bad=vjp(0), inputs=(rng.standard_normal((2, W)),))


@bug(
    "depthwise_conv_24_channels",
    "pytorch/pytorch#50042",
    "grouped conv weight gradient",
    "wrong only for some shapes",
    "with exactly 24 groups, stride 2, pad 1 the last kernel row misses one output row",
    generic=False,
    fidelity="modelled",
)
def depthwise_conv_24_channels(rng):
    def f(i):
        x, w = i
        xp = np.pad(x, ((0, 0), (1, 1), (1, 1)))
        return sum(
            xp[:, a : a + 6 : 2, b : b + 6 : 2] * w[:, a, b][:, None, None]
            for a in range(3)
            for b in range(3)
        )

    def vjp(fix):
        def go(i, ct):
            x, w = i
            xp = np.pad(x, ((0, 0), (1, 1), (1, 1)))
            gx, gw = np.zeros_like(xp), np.zeros_like(w)
            for a in range(3):
                for b in range(3):
                    gx[:, a : a + 6 : 2, b : b + 6 : 2] += ct * w[:, a, b][:, None, None]
                    t = ct * xp[:, a : a + 6 : 2, b : b + 6 : 2]
                    if not fix and a == 2 and len(x) == 24:
                        t = t[:, :2]
                    gw[:, a, b] = t.sum((1, 2))
            return gx[:, 1:-1, 1:-1], gw

        return go

    def mk(c):
        return rng.standard_normal((c, 6, 6)), rng.standard_normal((c, 3, 3))

    return Problem(f=f, vjp_good=vjp(1), vjp_bad=vjp(0), inputs=mk(3), special_inputs=mk(24))


@bug(
    "gather_one_duplicate_in_2000",
    "pytorch/pytorch#1631 at scale",
    "gather / fancy indexing",
    "single wrong entry in 2000",
    "one index occurs twice; that single gradient entry loses one contribution",
    fidelity="modelled",
)
def gather_one_duplicate_in_2000(rng):
    idx = rng.permutation(2000)
    idx[1234] = idx[77]
    return _gather(rng.standard_normal(2000), idx)


@bug(
    "index_fill_duplicate",
    "pytorch/pytorch#57006, #57101",
    "index_fill value gradient",
    "repeated indices",
    "duplicated positions counted twice",
)
def index_fill_duplicate(rng):
    idx = np.array([0, 3, 3])

    def f(i):
        y = i[0].copy()
        y[idx] = i[1]
        return y

    def vjp(ix):
        def go(i, ct):
            g = ct.copy()
            g[idx] = 0
            return g, np.asarray(ct[ix].sum())

        return go

    return Problem(
        f=f, vjp_good=vjp(np.unique(idx)), vjp_bad=vjp(idx), inputs=(rng.standard_normal(5), np.asarray(0.7))
    )


@bug(
    "neg_binomial_first_element_only",
    "stan-dev/math#1662",
    "neg_binomial cdf family",
    "broadcast scalar parameter against vector data",
    "digamma evaluated at the first n only and reused for all",
    fidelity="modelled",
)
def neg_binomial_first_element_only(rng):
    n = np.array([3.0, 0.0, 7.0, 1.0, 4.0])

    def vjp(fix):
        return lambda i, ct: (
            np.asarray(ct * np.sum(_psi((n if fix else np.full(5, n[0])) + i[0]) - _psi(i[0]))),
        )

    return Problem(
        f=lambda i: np.asarray(np.sum(_lgamma(n + i[0]) - _lgamma(i[0]))),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(np.asarray(1.7),),
    )


@bug(
    "grad_assigned_not_accumulated",
    "karpathy/nn-zero-to-hero notebook ('= instead of +='), Theano@a3db430f6",
    "scalar autodiff engine",
    "accumulation (variable used twice)",
    "y = tanh(a*b)+a: the second write to a.grad replaces the first",
)
def grad_assigned_not_accumulated(rng):
    def vjp(fix):
        def go(i, ct):
            a, b = i
            d = ct * (1 - np.tanh(a * b) ** 2)
            return d * b + (ct if fix else 0), d * a

        return go

    return Problem(
        f=lambda i: np.tanh(i[0] * i[1]) + i[0],
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(3), rng.standard_normal(3)),
    )


@bug(
    "dropout_backward_no_mask",
    "ddbourgin/numpy-ml#94",
    "Dropout wrapper around a dense layer",
    "blocked/unmasked gradient",
    "mask not applied to the input gradient",
)
def dropout_backward_no_mask(rng):
    m, s = (rng.random((4, 5)) < 0.6).astype(float), 1 / 0.6

    def vjp(fix):
        return lambda i, ct: ((s * ct) @ i[1].T * (m if fix else 1), (m * i[0]).T @ (s * ct))

    return Problem(
        f=lambda i: s * ((m * i[0]) @ i[1]),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal((4, 5)), rng.standard_normal((5, 3))),
    )


@bug(
    "clip_bounds_dead",
    "Theano/Theano#633 (3968c2668)",
    "clip(x, lo, hi)",
    "dead gradient",
    "gradients of the bounds are None/0",
)
def clip_bounds_dead(rng):
    def vjp(fix):
        def go(i, ct):
            x, lo, hi = i
            return ct * ((x > lo) & (x < hi)), fix * ct * (x < lo), fix * ct * (x > hi)

        return go

    x = np.array([-2.0, -0.3, 0.4, 1.7, 3.0])
    return Problem(
        f=lambda i: np.minimum(np.maximum(i[0], i[1]), i[2]),
        vjp_good=vjp(1.0),
        vjp_bad=vjp(0.0),
        inputs=(x, np.full(5, -1.0), np.full(5, 1.0)),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
