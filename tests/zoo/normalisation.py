"""Batch, layer, group, instance, RMS and weight normalisation."""

import numpy as np

from tests.zoo._case import Array, Layer

_normal = np.random.Generator.standard_normal
Axes = tuple[int, ...]


def _standardised(x: Array, axes: Axes, eps: float) -> tuple[Array, Array]:
    centred = x - x.mean(axes, keepdims=True)
    rstd = 1 / np.sqrt((centred**2).mean(axes, keepdims=True) + eps)
    return centred * rstd, rstd


def _standardised_vjp(
    d: Array, x: Array, axes: Axes, eps: float, mean: float = 1.0, var: float = 1.0
) -> Array:
    xh, rstd = _standardised(x, axes, eps)
    return rstd * (d - mean * d.mean(axes, keepdims=True) - var * xh * (d * xh).mean(axes, keepdims=True))


def _norm(name: str, shape: Axes, axes: Axes, over: Axes, eps: float = 1e-3) -> Layer:
    """A normalisation over `axes` with gamma and beta shared over the axes `over`."""
    kept = tuple(1 if axis in over else n for axis, n in enumerate(shape))

    def forward(x: Array, gamma: Array, beta: Array) -> Array:
        return _standardised(x, axes, eps)[0] * gamma + beta

    def vjp(ct: Array, x: Array, gamma: Array, beta: Array) -> tuple[Array, ...]:
        gx = _standardised_vjp(ct * gamma, x, axes, eps)
        xh = _standardised(x, axes, eps)[0]
        return gx, (ct * xh).sum(over, keepdims=True), ct.sum(over, keepdims=True)

    def inputs(rng: np.random.Generator) -> tuple[Array, ...]:
        return _normal(rng, shape), rng.uniform(0.5, 2, kept), _normal(rng, kept)

    return Layer("normalisation", name, forward, vjp, inputs)


BATCH = _norm("batch", (6, 3), (0,), (0,))
LAYER = _norm("layer", (4, 5), (1,), (0,))
INSTANCE = _norm("instance", (2, 3, 3, 3), (2, 3), (0, 2, 3))
GROUP = _norm("group", (2, 2, 2, 3), (2, 3), (0, 3))
WIDE = _norm("wide-batch", (64, 2), (0,), (0,), eps=1e-5)


def _rms(x: Array, gamma: Array) -> Array:
    return gamma * x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6)


def _rms_vjp(ct: Array, x: Array, gamma: Array, project: float = 1.0) -> tuple[Array, ...]:
    r = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6)
    d = ct * gamma
    return r * d - project * x * r**3 * (d * x).mean(-1, keepdims=True), (ct * x * r).sum(0)


RMS = Layer(
    "normalisation", "rms", _rms, _rms_vjp, lambda rng: (_normal(rng, (4, 5)), rng.uniform(0.5, 2, 5))
)


def _weight_norm(v: Array, g: Array) -> Array:
    return g * v / np.sqrt(np.sum(v * v))


def _weight_norm_vjp(ct: Array, v: Array, g: Array) -> tuple[Array, ...]:
    n = np.sqrt(np.sum(v * v))
    return g / n * (ct - v * np.sum(ct * v) / n**2), np.asarray(np.sum(ct * v) / n)


WEIGHT = Layer(
    "normalisation",
    "weight",
    _weight_norm,
    _weight_norm_vjp,
    lambda rng: (_normal(rng, (3, 4)), np.asarray(1.7)),
)


def _constant_statistics(ct: Array, x: Array, gamma: Array, beta: Array) -> tuple[Array, ...]:
    gx = _standardised_vjp(ct * gamma, x, (0,), 1e-3, mean=0.0, var=0.0)
    return gx, *BATCH.vjp(ct, x, gamma, beta)[1:]


def _without_variance(ct: Array, x: Array, gamma: Array, beta: Array) -> tuple[Array, ...]:
    return _standardised_vjp(ct * gamma, x, (1,), 1e-3, var=0.0), *LAYER.vjp(ct, x, gamma, beta)[1:]


def _unbiased(g: Array, ct: Array, x: Array, gamma: Array, beta: Array) -> Array:
    return _standardised_vjp(ct * gamma, x, (0,), 1e-5, var=64 / 63)


CASES = (
    BATCH.gradient(
        0,
        lambda g, ct, x, gamma, beta: g / gamma.mean(),
        "gamma-mean",
        "divided by the mean of gamma",
        "factor",
    ),
    BATCH.gradient(
        0,
        lambda g, ct, x, gamma, beta: g / gamma,
        "gamma-dropped",
        "dx without gamma",
        "factor",
        "unknown",
        because="each column has a factor of its own",
    ),
    BATCH.wrong(
        "constant-statistics",
        "mean and variance taken as constants",
        _constant_statistics,
        "unknown",
        "missing-term",
        because="the missing terms are no input's multiple",
    ),
    BATCH.swapped(1, 2, "gamma-beta-swapped", "dgamma and dbeta in each other's place", "wrong-input"),
    BATCH.gradient(
        2, lambda g, ct, x, *_: g / len(x), "beta-averaged", "dbeta divided by the batch", "factor"
    ),
    BATCH.gradient(
        1,
        lambda g, ct, x, gamma, beta: (ct * x).sum(0, keepdims=True),
        "gamma-of-raw-input",
        "x for its standardised value in dgamma",
        "unknown",
        because="a different formula at every entry",
    ),
    BATCH.gradient(1, lambda g, *_: -g, "gamma-sign", "dgamma negated", "sign"),
    BATCH.gradient(
        2,
        lambda g, ct, *_: ct[:1],
        "beta-first-example",
        "dbeta of the first example alone",
        "missing-sum",
    ),
    LAYER.wrong(
        "variance-dropped",
        "the variance taken as a constant",
        _without_variance,
        "unknown",
        "missing-term",
        because="the missing term is no input's multiple",
    ),
    LAYER.gradient(0, lambda g, *_: 0 * g, "detached", "dx is zero", "zero"),
    LAYER.gradient(
        1,
        lambda g, *_: np.roll(g, 1, 1),
        "gamma-shifted",
        "dgamma one feature too far",
        "shifted",
        "permuted",
        because="a cyclic shift is a permutation",
    ),
    LAYER.gradient(
        2,
        lambda g, ct, *_: np.full_like(g, len(ct)),
        "beta-ignores-cotangent",
        "dbeta counts the rows",
        "ignores-cotangent",
    ),
    INSTANCE.gradient(
        1, lambda g, ct, x, *_: g / 9, "gamma-averaged", "dgamma averaged over the image", "factor"
    ),
    INSTANCE.gradient(
        0,
        lambda g, *_: g.transpose(0, 1, 3, 2),
        "image-transposed",
        "height and width exchanged",
        "transpose",
        "permuted",
        because="an exchange of two axes is a permutation",
    ),
    GROUP.gradient(
        2,
        lambda g, ct, *_: ct.sum(0, keepdims=True)[..., :1],
        "beta-first-position",
        "dbeta summed over the batch, not over the positions",
        "missing-sum",
        "unknown",
        because="one of two reductions was made: what is there is a partial sum",
    ),
    GROUP.gradient(0, lambda g, ct, x, *_: g * 6, "count", "1/n of the mean left out everywhere", "factor"),
    WIDE.gradient(
        0,
        _unbiased,
        "unbiased-variance",
        "N - 1 for N in the variance term",
        "precision",
        "unknown",
        because="right to two digits, by no rounding",
    ),
    RMS.wrong(
        "projection-dropped",
        "the norm taken as a constant",
        lambda ct, x, gamma: _rms_vjp(ct, x, gamma, project=0.0),
        "unknown",
        "missing-term",
        because="each row has a multiple of its own",
    ),
    RMS.gradient(1, lambda g, *_: g[::-1], "gamma-reversed", "dgamma in reverse order", "permuted"),
    WEIGHT.gradient(0, lambda g, ct, v, gain: g / gain, "gain-forgotten", "g left out of dv", "factor"),
    WEIGHT.gradient(
        0,
        lambda g, ct, v, gain: gain * ct / np.sqrt(np.sum(v * v)),
        "projection-dropped",
        "the norm taken as a constant",
        "missing-term",
        "extra-term",
        because="the difference is proportional to the input v",
    ),
    WEIGHT.gradient(1, lambda g, *_: -g, "gain-sign", "dg negated", "sign"),
)
