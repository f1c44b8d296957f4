"""Correct gradients of layers and losses at delicate points, and of layers that compute in float32."""

import numpy as np
from scipy import special

from tests.corpus._case import Case, Problem, control
from tests.corpus._formulas import _conv2d, _conv2d_vjp, _sig, _softmax

F4 = np.float32


def _logsumexp(z):
    m = z.max(-1, keepdims=True)
    return m + np.log(np.exp(z - m).sum(-1, keepdims=True))


def _attend(i, mask):
    q, k, v = i
    p = _softmax(q @ k.T / 2 + mask)
    return p @ v, p


def _attention_vjp(i, ct, mask):
    q, k, v = i
    p = _attend(i, mask)[1]
    dp = ct @ v.T
    ds = p * (dp - (dp * p).sum(1, keepdims=True)) / 2
    return ds @ k, ds.T @ q, p.T @ ct


def _attention(rng, dtype, mask):
    q, k, v = (rng.standard_normal(s).astype(dtype) for s in ((5, 4), (5, 4), (5, 3)))
    return Problem(
        f=lambda i: _attend(i, mask)[0], vjp_good=lambda i, ct: _attention_vjp(i, ct, mask), inputs=(q, k, v)
    )


@control("causal_attention", "minus infinity", "attention with -inf above the diagonal")
def causal_attention(rng):
    return _attention(rng, float, np.triu(np.full((5, 5), -np.inf), 1))


@control("attention_in_float32", "float32 input", "attention, all of it float32, causal")
def attention_in_float32(rng):
    return _attention(rng, F4, np.triu(np.full((5, 5), -np.inf, F4), 1))


@control("attention_float32_inside", "float32 inside", "attention computed in float32 from float64 inputs")
def attention_float32_inside(rng):
    plain = _attention(rng, float, np.zeros((5, 5)))

    def forward(i):
        return _attend(tuple(a.astype(F4) for a in i), F4(0))[0].astype(float)

    return Problem(f=forward, vjp_good=plain.vjp_good, inputs=plain.inputs, ideal=plain.f)


@control("attention_that_looks_at_one_key", "saturation", "scores tens apart: one key takes nearly all")
def attention_that_looks_at_one_key(rng):
    plain = _attention(rng, float, np.zeros((5, 5)))
    q, k, v = plain.inputs
    return Problem(f=plain.f, vjp_good=plain.vjp_good, inputs=(10 * q, k, v))


@control(
    "cross_entropy_smoothed_weighted_ignored", "masked mean", "smoothing 0.1, class weights, one row ignored"
)
def cross_entropy_smoothed(rng):
    y, w = np.array([0, 2, 1, 1, 3]), np.array([1, 2, 0.5, 1.5, 1.0])
    on = np.array([1, 1, 0, 1, 1.0])
    target = w * (0.9 * np.eye(5)[y] + 0.1 / 5) * on[:, None]
    total = (w[y] * on).sum()
    return Problem(
        f=lambda i: np.asarray(-(target * (i[0] - _logsumexp(i[0]))).sum() / total),
        vjp_good=lambda i, ct: (ct * (_softmax(i[0]) * target.sum(1, keepdims=True) - target) / total,),
        inputs=(3 * rng.standard_normal((5, 5)),),
    )


@control(
    "cross_entropy_of_logits_of_1000", "saturation", "logits around a thousand, some examples wrong by 2,000"
)
def cross_entropy_of_logits_of_1000(rng):
    y = np.eye(5)[[0, 2, 4, 1, 3]]
    return Problem(
        f=lambda i: np.asarray(-np.mean((y * (i[0] - _logsumexp(i[0]))).sum(1))),
        vjp_good=lambda i, ct: (ct * (_softmax(i[0]) - y) / 5,),
        inputs=(1e3 * rng.standard_normal((5, 5)),),
    )


@control("focal_loss_in_float32", "float32 input", "focal loss of 20 logits up to 15, float32")
def focal_loss_in_float32(rng):
    s = np.where(rng.random(20) < 0.5, 1, -1).astype(F4)

    def good(i, ct):
        p = _sig(s * i[0])
        q = 1 - p
        return ((ct * s * q * q * (2 * p * np.log(p) - q) / 20).astype(F4),)

    return Problem(
        f=lambda i: np.mean(-((1 - _sig(s * i[0])) ** 2) * np.log(_sig(s * i[0]))),
        vjp_good=good,
        inputs=((3 * rng.standard_normal(20)).astype(F4),),
    )


@control("contrastive_loss_at_temperature_0.01", "steep", "InfoNCE of normalised vectors")
def contrastive_loss_cold(rng):
    def unit(a):
        n = np.sqrt((a * a).sum(1, keepdims=True))
        return a / n, n

    def good(i, ct):
        (a, na), (b, nb) = unit(i[0]), unit(i[1])
        d = ct * (_softmax(a @ b.T / 0.01) - np.eye(6)) / 6 / 0.01
        da, db = d @ b, d.T @ a
        return tuple((g - u * (g * u).sum(1, keepdims=True)) / n for g, u, n in ((da, a, na), (db, b, nb)))

    def forward(i):
        s = unit(i[0])[0] @ unit(i[1])[0].T / 0.01
        return np.asarray(np.mean(_logsumexp(s)[:, 0] - np.diag(s)))

    return Problem(
        f=forward, vjp_good=good, inputs=(rng.standard_normal((6, 4)), rng.standard_normal((6, 4)))
    )


def _convolution(rng, dtype):
    x, w = rng.standard_normal((2, 3, 6, 6)).astype(dtype), rng.standard_normal((4, 3, 3, 3)).astype(dtype)
    return Problem(
        f=lambda i: _conv2d(*i, pad=1), vjp_good=lambda i, ct: _conv2d_vjp(*i, ct, pad=1), inputs=(x, w)
    )


@control("convolution_in_float32", "float32 input", "3 x 3 kernels with padding, all of it float32")
def convolution_in_float32(rng):
    return _convolution(rng, F4)


@control("convolution_float32_inside", "float32 inside", "the same computed in float32 from float64 inputs")
def convolution_float32_inside(rng):
    plain = _convolution(rng, float)

    def forward(i):
        return _conv2d(i[0].astype(F4), i[1].astype(F4), pad=1).astype(float)

    return Problem(f=forward, vjp_good=plain.vjp_good, inputs=plain.inputs, ideal=plain.f)


@control("pooling_beside_a_tie", "kink nearby", "maximum of overlapping padded windows, rivals 1e-7 away")
def pooling_beside_a_tie(rng):
    x = rng.standard_normal((2, 6, 6))
    x[0, 2, 2], x[0, 2, 3] = 3, 3 - 1e-7
    x[1, 3, 3], x[1, 4, 4] = 4, 4 - 1e-5

    def windows(x):
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
        return np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))[:, ::2, ::2].reshape(
            2, 3, 3, 9
        )

    def good(i, ct):
        g = np.zeros((2, 8, 8))
        for (c, a, b), k in np.ndenumerate(windows(i[0]).argmax(-1)):
            g[c, 2 * a + k // 3, 2 * b + k % 3] += ct[c, a, b]
        return (g[:, 1:-1, 1:-1],)

    return Problem(f=lambda i: windows(i[0]).max(-1), vjp_good=good, inputs=(x,))


@control("warp_beside_the_grid", "kink nearby", "bilinear image sample, 1e-3 ... 1e-7 beside grid lines")
def warp_beside_the_grid(rng):
    image = rng.standard_normal((6, 6))
    at = rng.uniform(0.2, 4.8, (8, 2))
    at[:4] = np.array([[2, 1.5], [3.3, 1], [4, 4], [1, 2]]) + np.array(
        [[1e-3, 0], [0, -1e-5], [1e-6, -1e-4], [-1e-7, 1e-7]]
    )

    def parts(at):
        k = np.floor(at).astype(int)
        return k[:, 0], k[:, 1], (at - k).T

    def forward(i):
        a, b, (u, t) = parts(i[1])
        im = i[0]
        top = im[a, b] * (1 - t) + im[a, b + 1] * t
        return top * (1 - u) + (im[a + 1, b] * (1 - t) + im[a + 1, b + 1] * t) * u

    def good(i, ct):
        a, b, (u, t) = parts(i[1])
        im, g = i[0], np.zeros_like(i[0])
        for da, wa in ((0, 1 - u), (1, u)):
            for db, wb in ((0, 1 - t), (1, t)):
                np.add.at(g, (a + da, b + db), ct * wa * wb)
        du = (im[a + 1, b] - im[a, b]) * (1 - t) + (im[a + 1, b + 1] - im[a, b + 1]) * t
        dt = (im[a, b + 1] - im[a, b]) * (1 - u) + (im[a + 1, b + 1] - im[a + 1, b]) * u
        return g, ct[:, None] * np.stack([du, dt], 1)

    return Problem(f=forward, vjp_good=good, inputs=(image, at))


def _batch_norm(x, g, b):
    c = x - x.mean(0)
    return c / np.sqrt((c * c).mean(0) + x.dtype.type(1e-5)) * g + b


def _batch_norm_vjp(i, ct):
    x, g, _ = i
    c = x - x.mean(0)
    r = 1 / np.sqrt((c * c).mean(0) + x.dtype.type(1e-5))
    d = ct * g
    return r * (d - d.mean(0) - c * r * r * (d * c).mean(0)), (ct * c * r).sum(0), ct.sum(0)


@control("batch_norm_in_float32_with_offset_1000", "cancellation", "float32 columns with mean 1,000")
def batch_norm_in_float32_with_offset(rng):
    x = (1000 + rng.standard_normal((16, 4))).astype(F4)
    g, b = rng.standard_normal((2, 4)).astype(F4)
    return Problem(f=lambda i: _batch_norm(*i), vjp_good=_batch_norm_vjp, inputs=(x, g, b))


@control("batch_norm_float32_inside", "float32 inside", "batch norm computed in float32 from float64 inputs")
def batch_norm_float32_inside(rng):
    return Problem(
        f=lambda i: _batch_norm(*(a.astype(F4) for a in i)).astype(float),
        vjp_good=_batch_norm_vjp,
        inputs=(rng.standard_normal((16, 4)), rng.standard_normal(4), rng.standard_normal(4)),
        ideal=lambda i: _batch_norm(*i),
    )


@control(
    "relu_network_float32_inside", "many kinks, float32 inside", "8-16-4 ReLU network in float32, batch 16"
)
def relu_network_float32_inside(rng):
    def run(i, t):
        x, w, v = (a.astype(t) for a in i)
        h = np.maximum(x @ w, 0)
        return h, np.maximum(h @ v, 0)

    def good(i, ct):
        h, y = run(i, i[0].dtype)
        d = ct * 2 * y / y.size * (y > 0)
        e = (d @ i[2].T) * (h > 0)
        return e @ i[1].T, i[0].T @ e, h.T @ d

    def loss(i, t):
        return np.asarray(np.mean(run(i, t)[1] ** 2), float)

    shapes = (16, 8), (8, 16), (16, 4)
    return Problem(
        f=lambda i: loss(i, F4),
        vjp_good=good,
        inputs=tuple(rng.standard_normal(s) / np.sqrt(s[0]) * 2 for s in shapes),
        ideal=lambda i: loss(i, i[0].dtype),
    )


@control("mixture_far_from_its_data", "saturation", "Gaussian mixture of points tens of deviations away")
def mixture_far_from_its_data(rng):
    data = 10 * rng.standard_normal((20, 2))

    def scores(i):
        d = data[:, None] - i[0]
        return d, np.log(_softmax(i[2])) - 0.5 * (d * d).sum(-1) * np.exp(-2 * i[1]) - 2 * i[1]

    def good(i, ct):
        d, s = scores(i)
        r = ct * _softmax(s)
        dm = (r[..., None] * d * np.exp(-2 * i[1])[:, None]).sum(0)
        ds = (r * ((d * d).sum(-1) * np.exp(-2 * i[1]) - 2)).sum(0)
        return dm, ds, r.sum(0) - r.sum() * _softmax(i[2])

    return Problem(
        f=lambda i: np.asarray(_logsumexp(scores(i)[1]).sum()),
        vjp_good=good,
        inputs=(rng.standard_normal((3, 2)), 0.3 * rng.standard_normal(3), rng.standard_normal(3)),
    )


@control("factorisation_by_divergence", "two factors", "generalised Kullback-Leibler loss of W H")
def factorisation_by_divergence(rng):
    data = rng.random((5, 6))

    def good(i, ct):
        d = ct * (1 - data / (i[0] @ i[1]))
        return d @ i[1].T, i[0].T @ d

    def loss(i):
        m = i[0] @ i[1]
        return np.asarray((m - data - special.xlogy(data, m / data)).sum())

    return Problem(f=loss, vjp_good=good, inputs=(rng.random((5, 2)) + 0.05, rng.random((2, 6)) + 0.05))


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
