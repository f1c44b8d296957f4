"""Convolutions in one and two dimensions, written as sums over the kernel."""

import numpy as np

from tests.zoo._case import Array, Layer, in_float32

_normal = np.random.Generator.standard_normal


def _windows(x: Array, a: int, b: int, stride: int, shape: tuple[int, int]) -> Array:
    """The view of x (n, c, h, w) that kernel element (a, b) meets."""
    return x[:, :, a : a + stride * shape[0] : stride, b : b + stride * shape[1] : stride]


def _conv2d(x: Array, w: Array, b: Array, stride: int = 1, pad: int = 0) -> Array:
    """x (n, c, h, w), w (o, c, k, k), b (o,)."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    k = w.shape[2]
    shape = ((x.shape[2] - k) // stride + 1, (x.shape[3] - k) // stride + 1)
    y = b[:, None, None] * np.ones((len(x), 1, *shape))
    for i in range(k):
        for j in range(k):
            y = y + np.einsum("nchw,oc->nohw", _windows(x, i, j, stride, shape), w[:, :, i, j])
    return y


def _conv2d_vjp(
    ct: Array, x: Array, w: Array, b: Array, stride: int = 1, pad: int = 0, read: int | None = None
) -> tuple[Array, ...]:
    """`read` is the stride with which the backward pass meets the input: another one is a mistake."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    gx, gw, shape = np.zeros_like(x), np.zeros_like(w), ct.shape[2:]
    for i in range(w.shape[2]):
        for j in range(w.shape[2]):
            _windows(gx, i, j, read or stride, shape)[...] += np.einsum("nohw,oc->nchw", ct, w[:, :, i, j])
            gw[:, :, i, j] = np.einsum("nohw,nchw->oc", ct, _windows(x, i, j, read or stride, shape))
    end = -pad or None
    return gx[:, :, pad:end, pad:end], gw, ct.sum((0, 2, 3))


def _inputs(rng: np.random.Generator) -> tuple[Array, ...]:
    return _normal(rng, (2, 3, 5, 5)), _normal(rng, (3, 3, 3, 3)), _normal(rng, 3)


CONV = Layer("convolution", "conv2d", _conv2d, _conv2d_vjp, _inputs)
STRIDED = Layer(
    "convolution",
    "strided",
    lambda x, w, b: _conv2d(x, w, b, stride=2, pad=1),
    lambda ct, x, w, b: _conv2d_vjp(ct, x, w, b, stride=2, pad=1),
    lambda rng: (_normal(rng, (2, 2, 5, 5)), _normal(rng, (2, 2, 3, 3)), _normal(rng, 2)),
)


def _conv1d(x: Array, w: Array) -> Array:
    """x (t,), w (k,): the correlation that neural networks call convolution."""
    return sum(w[j] * x[j : j + len(x) - len(w) + 1] for j in range(len(w)))


def _conv1d_vjp(ct: Array, x: Array, w: Array) -> tuple[Array, ...]:
    gx = np.zeros_like(x)
    for j in range(len(w)):
        gx[j : j + len(ct)] += w[j] * ct
    return gx, np.array([x[j : j + len(ct)] @ ct for j in range(len(w))])


CONV1D = Layer("convolution", "conv1d", _conv1d, _conv1d_vjp, lambda rng: (_normal(rng, 12), _normal(rng, 4)))


def _correlate_input(g: Array, ct: Array, x: Array, w: Array) -> Array:
    """The input's gradient with the kernel not turned round."""
    return _conv1d_vjp(ct, x, w[::-1])[0]


def _depthwise(x: Array, w: Array) -> Array:
    """x (c, t), w (c, 2)."""
    return x[:, :-1] * w[:, :1] + x[:, 1:] * w[:, 1:]


def _depthwise_vjp(ct: Array, x: Array, w: Array) -> tuple[Array, ...]:
    gx = np.zeros_like(x)
    gx[:, :-1] += ct * w[:, :1]
    gx[:, 1:] += ct * w[:, 1:]
    return gx, np.stack([(ct * x[:, :-1]).sum(1), (ct * x[:, 1:]).sum(1)], axis=1)


DEPTHWISE = Layer(
    "convolution",
    "depthwise",
    _depthwise,
    _depthwise_vjp,
    lambda rng: (_normal(rng, (3, 7)), _normal(rng, (3, 2))),
)


def _border_lost(g: Array, *_: Array) -> Array:
    g = g.copy()
    g[:, -1] = 0
    return g


CASES = (
    CONV.gradient(
        1,
        lambda g, ct, *_: g / (ct.shape[0] * ct.shape[2] * ct.shape[3]),
        "weights-averaged",
        "dw divided by batch and image",
        "factor",
    ),
    CONV.gradient(
        1, lambda g, *_: g[:, :, ::-1, ::-1], "kernel-flipped", "dw of the flipped kernel", "permuted"
    ),
    CONV.gradient(
        1,
        lambda g, *_: g.transpose(1, 0, 2, 3),
        "channels-exchanged",
        "in and out channels exchanged",
        "transpose",
        "permuted",
        because="an exchange of two axes is a permutation",
    ),
    CONV.gradient(1, lambda g, *_: -g, "weights-sign", "dw negated", "sign"),
    CONV.gradient(
        2,
        lambda g, ct, *_: ct[0].sum((1, 2)),
        "bias-first-image",
        "db of the first image alone",
        "missing-sum",
        "unknown",
        because="the image axes are reduced, the batch is not: a partial sum",
    ),
    CONV.gradient(
        2, lambda g, ct, *_: g / ct[0, 0].size, "bias-averaged", "db averaged over the image", "factor"
    ),
    CONV.gradient(
        0,
        lambda g, ct, x, w, b: _conv2d_vjp(ct, x, w[:, :, ::-1, ::-1], b)[0],
        "input-not-flipped",
        "the kernel not turned round in dx",
        "unknown",
        "permuted",
        because="the kernel is permuted, its gradient of the input is not",
    ),
    CONV.gradient(1, in_float32, "float32", "dw accumulated in float32", "precision"),
    STRIDED.wrong(
        "stride-forgotten",
        "windows read with stride 1",
        lambda ct, x, w, b: _conv2d_vjp(ct, x, w, b, stride=2, pad=1, read=1),
        "unknown",
        because="other windows are summed at every entry",
    ),
    STRIDED.gradient(
        0,
        lambda g, *_: np.roll(g, -1, axis=3),
        "padding-offset",
        "dx off by the padding",
        "shifted",
        "permuted",
        because="a cyclic shift is a permutation",
    ),
    STRIDED.gradient(0, lambda g, *_: 0 * g, "detached", "dx zero", "zero"),
    CONV1D.gradient(1, lambda g, *_: g[::-1], "kernel-reversed", "dw of the reversed kernel", "permuted"),
    CONV1D.gradient(
        0,
        _correlate_input,
        "correlated",
        "the kernel not turned round in dx",
        "unknown",
        "permuted",
        because="the kernel is permuted, its gradient of the input is not",
    ),
    CONV1D.gradient(
        1,
        lambda g, ct, x, w: np.array([x[j + 1 : j + 1 + len(ct) - 1] @ ct[1:] for j in range(4)]),
        "first-output-lost",
        "the first output position never visited",
        "unknown",
        "missing-term",
        because="the missing term is a window of the input, not the input",
    ),
    DEPTHWISE.gradient(0, _border_lost, "border-lost", "dx of the last position never written", "entries"),
    DEPTHWISE.gradient(
        1,
        lambda g, ct, x, w: np.tile(g.sum(0) / len(g), (len(g), 1)),
        "channels-shared",
        "dw averaged over the channels",
        "unknown",
        because="another mean at every entry",
    ),
    DEPTHWISE.gradient(
        1, lambda g, ct, x, w: g * len(g), "groups", "dw multiplied by the number of groups", "factor"
    ),
)
