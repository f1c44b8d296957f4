"""Formulas that several cases share."""

import math

import numpy as np

from tests.corpus._case import Problem

_erf = np.vectorize(math.erf, otypes=[float])


_lgamma = np.vectorize(math.lgamma, otypes=[float])


SQ2, SQ2PI = math.sqrt(2.0), math.sqrt(2 * math.pi)


C0, C1 = math.sqrt(2 / math.pi), 0.044715


def _psi_asym(x, n):
    """Asymptotic digamma (n=0) / trigamma (n=1); valid for large positive x."""
    i2 = 1.0 / (x * x)
    if n == 0:
        s = i2 * (
            1 / 12 - i2 * (1 / 120 - i2 * (1 / 252 - i2 * (1 / 240 - i2 * (1 / 132 - i2 * 691 / 32760))))
        )
        return np.log(x) - 0.5 / x - s
    s = 1 / 6 - i2 * (1 / 30 - i2 * (1 / 42 - i2 * (1 / 30 - i2 * (5 / 66 - i2 * 691 / 2730))))
    return 1 / x + 0.5 * i2 + i2 / x * s


def _psi(x, n=0):
    x = np.asarray(x, float)
    pos = np.where(x > 0, x, 1 - x)
    acc = np.zeros_like(pos)
    z = pos.copy()
    for _ in range(12):
        acc = acc + (-1 / z if n == 0 else 1 / z**2)
        z = z + 1
    r = _psi_asym(z, n) + acc
    if n == 0:
        with np.errstate(all="ignore"):
            return np.where(x > 0, r, r - np.pi / np.tan(np.pi * x))
    with np.errstate(all="ignore"):
        return np.where(x > 0, r, (np.pi / np.sin(np.pi * x)) ** 2 - r)


def _sig(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def _softmax(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _conv2d(x, w, stride=1, pad=0):
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    kh, kw = w.shape[2:]
    oh = (xp.shape[2] - kh) // stride + 1
    ow = (xp.shape[3] - kw) // stride + 1
    y = np.zeros((x.shape[0], w.shape[0], oh, ow), dtype=np.result_type(x, w))
    for a in range(kh):
        for b in range(kw):
            y = y + np.einsum(
                "nchw,oc->nohw",
                xp[:, :, a : a + stride * oh : stride, b : b + stride * ow : stride],
                w[:, :, a, b],
            )
    return y


def _conv2d_vjp(x, w, ct, stride=1, pad=0, read_stride=None):
    """read_stride != stride models the scatter/gather that forgot the stride."""
    rs = stride if read_stride is None else read_stride
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    gx, gw = np.zeros_like(xp), np.zeros_like(w)
    oh, ow = ct.shape[2:]
    for a in range(w.shape[2]):
        for b in range(w.shape[3]):
            sl = (slice(None), slice(None), slice(a, a + rs * oh, rs), slice(b, b + rs * ow, rs))
            gx[sl] += np.einsum("nohw,oc->nchw", ct, w[:, :, a, b])
            gw[:, :, a, b] = np.einsum("nohw,nchw->oc", ct, xp[sl])
    if pad:
        gx = gx[:, :, pad:-pad, pad:-pad]
    return gx, gw


def _norm_stats(x, eps):
    mu = x.mean(-1, keepdims=True)
    var = ((x - mu) ** 2).mean(-1, keepdims=True)
    rstd = 1 / np.sqrt(var + eps)
    return (x - mu) * rstd, rstd


def _ln_f(x, g, b, eps=1e-5):
    return _norm_stats(x, eps)[0] * g + b


def _ln_vjp(x, g, ct, eps=1e-5, mean_times=1.0):
    xh, r = _norm_stats(x, eps)
    d = ct * g
    gx = r * (d - mean_times * d.mean(-1, keepdims=True) - xh * (d * xh).mean(-1, keepdims=True))
    return gx, (ct * xh).sum(0), ct.sum(0)


def _svm(reg):
    def make(rng):
        N, D, K = 20, 8, 5
        X, y = rng.standard_normal((N, D)), rng.integers(0, K, N)

        def margins(W):
            s = X @ W
            m = np.maximum(0, s - s[np.arange(N), y][:, None] + 1)
            m[np.arange(N), y] = 0
            return m

        def f(inp):
            return np.asarray(margins(inp[0]).sum() / N + reg * np.sum(inp[0] * inp[0]))

        def vjp(fac):
            def go(inp, ct):
                M = (margins(inp[0]) > 0).astype(float)
                M[np.arange(N), y] = -M.sum(1)
                return (ct * (X.T @ M / N + fac * reg * inp[0]),)

            return go

        return Problem(f=f, vjp_good=vjp(2.0), vjp_bad=vjp(1.0), inputs=(rng.standard_normal((D, K)),))

    return make


def _gather(x, idx):
    def good(i, ct):
        g = np.zeros_like(i[0])
        np.add.at(g, idx, ct)
        return (g,)

    def bad(i, ct):
        g = np.zeros_like(i[0])
        g[idx] = ct
        return (g,)

    return Problem(
        f=lambda i: i[0][idx] ** 2 * 0.5,
        vjp_good=lambda i, ct: good(i, ct * i[0][idx]),
        vjp_bad=lambda i, ct: bad(i, ct * i[0][idx]),
        inputs=(x,),
    )


def _bn(x, g, b, eps=1e-5):
    mu = x.mean(0)
    iv = 1 / np.sqrt(((x - mu) ** 2).mean(0) + eps)
    return (x - mu) * iv, iv


def _bn_vjp(i, ct, use_gamma=True):
    g = i[1]
    xh, iv = _bn(*i)
    d = ct * (g if use_gamma else 1.0)
    return iv * (d - d.mean(0) - xh * (d * xh).mean(0)), (ct * xh).sum(0), ct.sum(0)


def _excl_prod(x):
    return np.array([np.prod(np.delete(x, k)) for k in range(len(x))])


def _gelu_erf(x):
    return 0.5 * x * (1 + _erf(x / SQ2))


def _gelu_erf_d(x):
    return 0.5 * (1 + _erf(x / SQ2)) + x * np.exp(-0.5 * x * x) / SQ2PI


def _gelu_tanh_d(x, c0=C0, c1=C1):
    t = np.tanh(c0 * (x + c1 * x**3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c0 * (1 + 3 * c1 * x * x)


def _dark(i):
    x = i[0]
    mu = x.mean(0)
    v = ((x - mu) ** 2).sum(0) / (len(x) - 1)
    return x - mu, v


def _dark_f(i):
    xc, v = _dark(i)
    return xc / (np.sqrt(v) + 1e-6)


def _dark_vjp(mode):
    def go(i, ct):
        xc, v = _dark(i)
        n = len(xc)
        s = np.sqrt(v)
        if mode == "good":
            dv = (ct * xc).sum(0) * -1 / (s + 1e-6) ** 2 * 0.5 / s
            d = ct / (s + 1e-6) + dv * 2 * xc / (n - 1)
            return (d - ct.mean(0) / (s + 1e-6),)
        k = n if mode == "full" else n - 1
        dm = -ct.sum(0) / np.sqrt(v + 1e-5)
        dv = (ct * xc).sum(0) * -0.5 * (v + 1e-5) ** -1.5
        return (ct / (s + 1e-5) + dv * 2 * xc / k + dm / n,)

    return go


def elem(fn, d, x, mpf=None):
    """The elementwise `fn` with derivative `d`, and `mpf` its multiple-precision form."""
    return Problem(
        f=lambda i: fn(i[0]),
        vjp_good=lambda i, ct: (np.asarray(ct * d(i[0])),),
        inputs=(np.array(x),),
        mp=mpf and (lambda mp, i: [mpf(mp, v) for v in i[0]]),
    )
