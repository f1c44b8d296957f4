"""Mistakes that a plausible point hides, of functions of whole arrays."""

from typing import Any

import numpy as np
from scipy import special

from tests.zoo._case import Array
from tests.zoo.hidden import ELEMENTWISE, PLAIN, POSITIVE, Gradients, Hidden, several

_R = np.random.default_rng(11)
_SYMMETRIC = np.array([[2.0, 0.5, -0.3], [0.5, 1.5, 0.2], [-0.3, 0.2, 3.0]])
_SQUARE = _SYMMETRIC + np.array([[0.0, 0.7, 0.1], [-0.2, 0.0, 0.4], [0.3, 0.0, 0.0]])


def _others(x: Array) -> Array:
    return np.array([np.prod(np.delete(x, k)) for k in range(x.size)])


def _inverse_vjp(ct: Array, a: Array, transpose: bool = True) -> Gradients:
    p = np.linalg.inv(a)
    q = p.T if transpose else p
    return (-q @ ct @ q,)


def _max_vjp(ct: Array, x: Array, all_ties: bool) -> Gradients:
    ties = x == x.max()
    return (ct * (ties * 1.0 if all_ties else np.arange(x.size) == x.argmax()),)


def _spectral_square_vjp(ct: Array, a: Array) -> Gradients:
    """The derivative of sum(eigenvalues**2) through eigenvectors and their gaps."""
    w, v = np.linalg.eigh(a)
    gaps = w[:, None] - w[None, :]
    f = np.where(np.eye(len(a)) == 1, 1.0, gaps / gaps)
    return (ct * 2 * v @ (np.diag(w) * f) @ v.T,)


def _sorted_median_vjp(ct: Array, x: Array) -> Gradients:
    """Right for sorted input alone."""
    return (ct * (np.arange(x.size) == x.size // 2),)


def _median_vjp(ct: Array, x: Array) -> Gradients:
    return (ct * (np.arange(x.size) == np.argsort(x)[x.size // 2]),)


def _memory_order(ct: Array, x: Array) -> Gradients:
    return ((2 * ct * x.ravel(order="K").reshape(x.shape)),)


def _attention_bias_vjp(ct: Array, s: Array, fixed: bool) -> Gradients:
    y = special.softmax(s, axis=-1)
    total = (
        (ct * y).sum(-1, keepdims=True) if fixed else (ct * y).sum(-1, keepdims=True) * (np.abs(s).max() < 30)
    )
    return (y * (ct - total),)


def _tempered(ct: Array, z: Array, T: Array, divisor: Any) -> Gradients:
    y = special.softmax(z / T)
    d = y * (ct - np.sum(ct * y))
    return d / divisor, -np.sum(d * z) / T**2


def _radial(r: Array) -> Array:
    """The derivative of r^2 / (1 + r), over r."""
    return (2 + r) / (1 + r) ** 2


def _cofactors(a: Array) -> Array:
    n = len(a)
    minor = [[np.delete(np.delete(a, i, 0), j, 1) for j in range(n)] for i in range(n)]
    return np.array([[(-1) ** (i + j) * np.linalg.det(minor[i][j]) for j in range(n)] for i in range(n)])


def _normalised(x: Array) -> tuple[Array, Array]:
    centred = x - x.mean(0)
    rstd = 1 / np.sqrt((centred**2).mean(0) + 1e-5)
    return centred * rstd, rstd


def _normalised_vjp(ct: Array, x: Array, g: Array, factor: Any) -> Gradients:
    xh, rstd = _normalised(x)
    d = ct * factor
    return rstd * (d - d.mean(0) - xh * (d * xh).mean(0)), (ct * xh).sum(0)


HIDDEN: tuple[Hidden, ...] = (
    *ELEMENTWISE,
    several(
        "scale-used-twice",
        lambda x, a: a * x,
        lambda ct, x, a: (ct * a, np.sum(ct * x)),
        lambda ct, x, a: (ct * a * a, np.sum(ct * x)),
        (PLAIN, 1.0),
        (PLAIN, 0.5),
    ),
    several(
        "temperature-forgotten",
        lambda z, T: special.softmax(z / T),
        lambda ct, z, T: _tempered(ct, z, T, T),
        lambda ct, z, T: _tempered(ct, z, T, 1.0),
        (PLAIN, 1.0),
        (PLAIN, 2.0),
    ),
    several(
        "lengthscale-squared",
        lambda x, s: np.exp(-0.5 * (x / s) ** 2),
        lambda ct, x, s: (
            -ct * x / s**2 * np.exp(-0.5 * (x / s) ** 2),
            np.sum(ct * x**2 / s**3 * np.exp(-0.5 * (x / s) ** 2)),
        ),
        lambda ct, x, s: (
            -ct * x / s * np.exp(-0.5 * (x / s) ** 2),
            np.sum(ct * x**2 / s**3 * np.exp(-0.5 * (x / s) ** 2)),
        ),
        (PLAIN, 1.0),
        (PLAIN, 0.4),
    ),
    several(
        "weight-decay-of-zero-bias",
        lambda w, b: np.sum(w**2) + np.sum(np.tanh(b)),
        lambda ct, w, b: (2 * ct * w, ct * (1 - np.tanh(b) ** 2)),
        lambda ct, w, b: (2 * ct * w, ct * (1 - np.tanh(b) ** 2) + 0.1 * ct * b),
        (PLAIN, [0.0, 0.0]),
        (PLAIN, [0.3, -0.2]),
    ),
    several(
        "prelu-slope-at-one",
        lambda x, a: np.where(x > 0, x, a * x),
        lambda ct, x, a: (ct * np.where(x > 0, 1, a), np.sum(ct * np.minimum(x, 0))),
        lambda ct, x, a: (ct * np.where(x > 0, 1, a**2), np.sum(ct * np.minimum(x, 0))),
        (PLAIN, 1.0),
        (PLAIN, 0.25),
    ),
    several(
        "momentum-of-zero",
        lambda x, v: x - 0.1 * (0.9 * v + np.tanh(x)),
        lambda ct, x, v: (ct * (1 - 0.1 * (1 - np.tanh(x) ** 2)), -0.09 * ct),
        lambda ct, x, v: (ct * (1 - 0.1 * (1 - np.tanh(x) ** 2)) + ct * 0.05 * v, -0.09 * ct),
        (PLAIN, [0.0] * 4),
        (PLAIN, POSITIVE),
    ),
    several(
        "power-base-at-zero",
        lambda x, p: x**p,
        lambda ct, x, p: (ct * p * x ** (p - 1), ct * x**p * np.log(np.where(x > 0, x, 1))),
        lambda ct, x, p: (ct * p * x**p / x, ct * x**p * np.log(np.where(x > 0, x, 1))),
        (POSITIVE, [2.0, 3.0, 2.5, 2.0]),
        ([0.0, 1.0, 2.0, 0.5], [2.0, 3.0, 2.5, 2.0]),
    ),
    several(
        "product-by-division",
        lambda x: np.asarray(np.prod(x)),
        lambda ct, x: (ct * _others(x),),
        lambda ct, x: (ct * np.prod(x) / x,),
        (PLAIN,),
        ([0.7, 0.0, 0.4, 2.1],),
    ),
    several(
        "det-by-inverse",
        lambda a: np.asarray(np.linalg.det(a)),
        lambda ct, a: (ct * _cofactors(a),),
        lambda ct, a: (ct * np.linalg.det(a) * np.linalg.pinv(a).T,),
        (_SQUARE,),
        (np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.0, 1.0, -1.0]]),),
    ),
    several(
        "inverse-of-symmetric",
        np.linalg.inv,
        _inverse_vjp,
        lambda ct, a: _inverse_vjp(ct, a, False),
        (_SYMMETRIC,),
        (_SQUARE,),
    ),
    several(
        "quadratic-form-of-symmetric",
        lambda a, x: np.asarray(x @ a @ x),
        lambda ct, a, x: (ct * np.outer(x, x), ct * (a + a.T) @ x),
        lambda ct, a, x: (ct * np.outer(x, x), 2 * ct * a @ x),
        (_SYMMETRIC, [0.3, -1.0, 0.6]),
        (_SQUARE, [0.3, -1.0, 0.6]),
    ),
    several(
        "logdet-of-symmetric",
        lambda a: np.asarray(np.linalg.slogdet(a)[1]),
        lambda ct, a: (ct * np.linalg.inv(a).T,),
        lambda ct, a: (ct * np.linalg.inv(a),),
        (_SYMMETRIC,),
        (_SQUARE,),
    ),
    several(
        "maximum-all-ties",
        lambda x: np.asarray(x.max()),
        lambda ct, x: _max_vjp(ct, x, False),
        lambda ct, x: _max_vjp(ct, x, True),
        (PLAIN,),
        ([2.0, 2.0, 1.0, 0.0],),
    ),
    several(
        "norm-at-zero-nan",
        lambda x: np.asarray(np.sum(x**2) / (1 + np.sqrt(np.sum(x**2)))),
        lambda ct, x: (ct * _radial(np.sqrt(np.sum(x**2))) * x,),
        lambda ct, x: (
            ct * _radial(np.sqrt(np.sum(x**2))) * np.sqrt(np.sum(x**2)) * x / np.sqrt(np.sum(x**2)),
        ),
        (PLAIN,),
        ([0.0] * 4,),
    ),
    several(
        "eigenvalues-degenerate",
        lambda a: np.asarray(np.sum(np.linalg.eigvalsh(0.5 * (a + a.T)) ** 2)),
        lambda ct, a: (ct * (a + a.T),),
        lambda ct, a: _spectral_square_vjp(ct, 0.5 * (a + a.T)),
        (_SYMMETRIC,),
        (np.eye(3),),
    ),
    several(
        "median-of-sorted",
        lambda x: np.asarray(np.median(x)),
        _median_vjp,
        _sorted_median_vjp,
        ([1.0, 2.0, 3.5, 4.0, 7.0],),
        ([4.0, 2.0, 1.0, 3.5, 7.0],),
    ),
    several(
        "memory-order",
        lambda x: x * x,
        lambda ct, x: (2 * ct * x,),
        _memory_order,
        (np.arange(1.0, 7.0).reshape(2, 3),),
        (np.arange(1.0, 7.0).reshape(2, 3),),
    ),
    several(
        "softmax-when-large",
        lambda s: special.softmax(s, axis=-1),
        lambda ct, s: _attention_bias_vjp(ct, s, True),
        lambda ct, s: _attention_bias_vjp(ct, s, False),
        ([PLAIN],),
        ([[40.0, 40.5, 39.0, 0.0]],),
    ),
    several(
        "hypot-tiny",
        np.hypot,
        lambda ct, x, y: (ct * x / np.hypot(x, y), ct * y / np.hypot(x, y)),
        lambda ct, x, y: (ct * x / np.sqrt(x * x + y * y), ct * y / np.sqrt(x * x + y * y)),
        ([0.3, 1.0], [1.0, -2.0]),
        ([1e-180, 1.0], [2e-180, -2.0]),
    ),
    several(
        "batch-norm-gamma",
        lambda x, g: _normalised(x)[0] * g,
        lambda ct, x, g: _normalised_vjp(ct, x, g, g),
        lambda ct, x, g: _normalised_vjp(ct, x, g, 1.0),
        (_R.standard_normal((5, 2)), [1.0, 1.0]),
        (_R.standard_normal((5, 2)), [0.5, 2.0]),
    ),
    several(
        "zero-cotangent-nan",
        lambda x: np.tanh(x),
        lambda ct, x: (ct * (1 - np.tanh(x) ** 2),),
        lambda ct, x: (ct * ct / ct * (1 - np.tanh(x) ** 2),),
        (PLAIN,),
        (PLAIN,),
    ),
    several(
        "negative-cotangent",
        lambda x: np.tanh(x),
        lambda ct, x: (ct * (1 - np.tanh(x) ** 2),),
        lambda ct, x: (np.abs(ct) * (1 - np.tanh(x) ** 2),),
        (PLAIN,),
        (PLAIN,),
    ),
    several(
        "masked-when-zero",
        lambda x, w: np.sum(x * w, axis=0),
        lambda ct, x, w: (ct * w, ct * x),
        lambda ct, x, w: (ct * w, ct * x * (w != 0)),
        ([PLAIN, POSITIVE], [POSITIVE, PLAIN]),
        ([PLAIN, POSITIVE], [[0.0, 1.0, 0.0, 2.0], PLAIN]),
    ),
)
