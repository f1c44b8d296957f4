"""Right claims that are hard to judge: scales, kinks, edges, noise, cancellation, ill-conditioning.

`DECIDABLE` ones can be told right in float64 arithmetic and must pass.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg, special

from tests.zoo._case import Array

INF = math.inf


@dataclass(frozen=True)
class Hard:
    """A function with its right vector-Jacobian product, at a point."""

    name: str
    forward: Callable[..., Any]
    vjp: Callable[..., tuple[Any, ...]]
    inputs: tuple[Array, ...]


def scalar(name: str, f: Callable[[Array], Array], slope: Callable[[Array], Any], *points: float) -> Hard:
    """An elementwise function at the points."""
    return Hard(name, f, lambda ct, x: (np.asarray(ct * slope(x)) * np.ones_like(x),), (np.array(points),))


def total(name: str, f: Callable[[Array], Any], gradient: Callable[[Array], Array], x: Any) -> Hard:
    """A function of one array to a number."""
    return Hard(name, lambda x: np.asarray(f(x)), lambda ct, x: (ct * gradient(x),), (np.array(x, float),))


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def erf(x: Array) -> Array:
    return special.erf(x)


def _float32(f: Callable[[Array], Any]) -> Callable[[Array], Array]:
    return lambda x: np.asarray(f(x.astype(np.float32)), dtype=np.float64)


def naive_variance(x: Array) -> Array:
    return np.mean(x * x) - np.mean(x) ** 2


def variance_gradient(x: Array) -> Array:
    return 2 * (x - x.mean()) / x.size


def logistic_map(x: Array, steps: int) -> tuple[Array, Array]:
    slope = np.ones_like(x)
    for _ in range(steps):
        slope = slope * 3.9 * (1 - 2 * x)
        x = 3.9 * x * (1 - x)
    return x, slope


def _newton_cosine(a: Array, tolerance: float) -> Array:
    """The root of x = a cos x, to a tolerance."""
    x = np.full_like(a, 0.7)
    for _ in range(50):
        step = (x - a * np.cos(x)) / (1 + a * np.sin(x))
        x = x - step
        if np.max(np.abs(step)) < tolerance:
            break
    return x


def _root_slope(a: Array) -> Array:
    x = _newton_cosine(a, 1e-15)
    return np.cos(x) / (1 + a * np.sin(x))


def _batch_norm(x: Array, eps: float) -> tuple[Array, Array]:
    centred = x - x.mean(0)
    rstd = 1 / np.sqrt((centred**2).mean(0) + eps)
    return centred * rstd, rstd


def norm_case(name: str, x: Array, eps: float) -> Hard:
    def vjp(ct: Array, x: Array) -> tuple[Array]:
        xh, rstd = _batch_norm(x, eps)
        return (rstd * (ct - ct.mean(0) - xh * (ct * xh).mean(0)),)

    return Hard(name, lambda x: _batch_norm(x, eps)[0], vjp, (x,))


def _rosenbrock(x: Array) -> Array:
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def _rosenbrock_gradient(x: Array) -> Array:
    return np.array([-400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0]), 200 * (x[1] - x[0] ** 2)])


def _masked_softmax(z: Array) -> Array:
    z = np.where([True, True, False, True], z, -INF)
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _masked_softmax_vjp(ct: Array, z: Array) -> tuple[Array]:
    y = _masked_softmax(z)
    return (y * (ct - (ct * y).sum(-1, keepdims=True)),)


def _coulomb(q1: Array, q2: Array, r: Array) -> Array:
    return 8.9875517873681764e9 * q1 * q2 / r**2


def _coulomb_vjp(ct: Array, q1: Array, q2: Array, r: Array) -> tuple[Array, ...]:
    f = ct * _coulomb(q1, q2, r)
    return f / q1, f / q2, -2 * f / r


def solve_case(name: str, a: Array, b: Array) -> Hard:
    def vjp(ct: Array, a: Array, b: Array) -> tuple[Array, ...]:
        g = np.linalg.solve(a.T, ct)
        return -np.outer(g, np.linalg.solve(a, b)), g

    return Hard(name, np.linalg.solve, vjp, (a, b))


def largest_eigenvalue_case(name: str, gap: float) -> Hard:
    q = np.linalg.qr(rng(4).standard_normal((4, 4)))[0]
    a = q @ np.diag([3.0, 3.0 - gap, 1.0, 0.5]) @ q.T

    def f(a: Array) -> Array:
        return np.asarray(np.linalg.eigvalsh(0.5 * (a + a.T))[-1])

    def vjp(ct: Array, a: Array) -> tuple[Array]:
        v = np.linalg.eigh(0.5 * (a + a.T))[1][:, -1]
        return (ct * np.outer(v, v),)

    return Hard(name, f, vjp, (a,))


def zero_network(W1: Array, W2: Array) -> Array:
    return W2 @ np.maximum(W1 @ np.array([1.0, -2.0]), 0)


def zero_network_vjp(ct: Array, W1: Array, W2: Array) -> tuple[Array, ...]:
    z = W1 @ np.array([1.0, -2.0])
    return np.outer((W2.T @ ct) * (z > 0), [1.0, -2.0]), np.outer(ct, np.maximum(z, 0))


_HILBERT = linalg.hilbert(5)

DECIDABLE: tuple[Hard, ...] = (
    scalar(
        "relu-beside-its-kink", lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0, 1e-8, -1e-8, 1e-12, 0.4
    ),
    scalar("relu-at-its-kink-0", lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0, 0.0, 1.0, -1.0),
    scalar("relu-at-its-kink-1", lambda x: np.maximum(x, 0), lambda x: (x >= 0) * 1.0, 0.0, 1.0, -1.0),
    scalar("relu-at-its-kink-half", lambda x: np.maximum(x, 0), lambda x: np.heaviside(x, 0.5), 0.0, 2.0),
    scalar("relu6-at-6", lambda x: np.clip(x, 0, 6), lambda x: ((x > 0) & (x < 6)) * 1.0, 6.0, 3.0, 7.0),
    scalar(
        "hardswish-at-3",
        lambda x: x * np.clip(x + 3, 0, 6) / 6,
        lambda x: np.where(np.abs(x) < 3, (2 * x + 3) / 6, x >= 3),
        -3.0,
        3.0,
        1.0,
    ),
    scalar(
        "elu-at-0",
        lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
        lambda x: np.exp(np.minimum(x, 0)),
        0.0,
        -1e-9,
        1e-9,
    ),
    scalar(
        "huber-at-delta",
        lambda x: np.where(np.abs(x) <= 1, 0.5 * x * x, np.abs(x) - 0.5),
        lambda x: np.clip(x, -1, 1),
        1.0,
        -1.0,
        0.0,
    ),
    scalar(
        "squared-hinge-at-margin",
        lambda x: np.maximum(0, 1 - x) ** 2,
        lambda x: -2 * np.maximum(0, 1 - x),
        1.0,
        0.5,
        3.0,
    ),
    scalar("x-abs-x-at-0", lambda x: x * np.abs(x), lambda x: 2 * np.abs(x), 0.0, 1e-5, -2.0),
    scalar("cube-at-0", lambda x: x**3, lambda x: 3 * x**2, 0.0, 1e-6, -2.0),
    scalar("fourth-power-at-0", lambda x: x**4, lambda x: 4 * x**3, 0.0, 1e-3),
    scalar(
        "three-halves-at-0",
        lambda x: np.abs(x) ** 1.5,
        lambda x: 1.5 * np.sign(x) * np.sqrt(np.abs(x)),
        1e-6,
        0.3,
    ),
    scalar("offset-1e8", lambda x: 1e8 + x**2, lambda x: 2 * x, 1.0, -3.0, 0.5),
    scalar("scale-1e-7", lambda x: 1e-7 * np.sin(x), lambda x: 1e-7 * np.cos(x), 1.0, -3.0, 0.5),
    scalar("scale-1e-200", lambda x: 1e-200 * np.sin(x), lambda x: 1e-200 * np.cos(x), 1.0, -3.0),
    scalar("scale-1e200", lambda x: 1e200 * np.sin(x), lambda x: 1e200 * np.cos(x), 1.0, -3.0),
    scalar("steep-exponential", lambda x: np.exp(100 * x), lambda x: 100 * np.exp(100 * x), 1.0, -0.1, 0.3),
    scalar("fast-sine", lambda x: np.sin(1000 * x), lambda x: 1000 * np.cos(1000 * x), 1.0, 0.3, -2.0),
    scalar("very-fast-sine", lambda x: np.sin(1e6 * x), lambda x: 1e6 * np.cos(1e6 * x), 1.0, 0.3),
    scalar(
        "sine-of-seconds",
        lambda t: np.sin(2 * np.pi * t / 86400),
        lambda t: 2 * np.pi / 86400 * np.cos(2 * np.pi * t / 86400),
        1.7e9,
        1.7e9 + 1234.5,
    ),
    scalar("pole-beside", lambda x: 1 / x, lambda x: -1 / x**2, 1e-8, -1e-3, 1e8),
    scalar(
        "tangent-beside-its-pole", np.tan, lambda x: 1 / np.cos(x) ** 2, np.pi / 2 - 1e-4, -np.pi / 2 + 1e-3
    ),
    scalar(
        "gamma-beside-its-pole",
        special.gamma,
        lambda x: special.gamma(x) * special.digamma(x),
        1e-4,
        -1 + 1e-3,
        0.5,
    ),
    scalar(
        "arccos-at-the-edge", np.arccos, lambda x: -1 / np.sqrt((1 - x) * (1 + x)), 1 - 1e-6, -1 + 1e-4, 0.0
    ),
    scalar("arctanh-at-the-edge", np.arctanh, lambda x: 1 / ((1 - x) * (1 + x)), 1 - 1e-6, 0.0),
    scalar("log-tiny", np.log, lambda x: 1 / x, 1e-300, 1e-100, 1e100),
    scalar("x-log-x-tiny", lambda x: x * np.log(x), lambda x: np.log(x) + 1, 1e-12, 0.3),
    scalar("power-tiny", lambda x: x**0.3, lambda x: 0.3 * x**-0.7, 1e-100, 1e100, 1.0),
    scalar("floor-plus-x", lambda x: np.floor(x) + x, np.ones_like, 0.5, 3.2, -1.7),
    scalar("floor-beside-its-jump", lambda x: np.floor(x) + x * x, lambda x: 2 * x, 3 + 1e-6, 0.5),
    scalar("float32-tanh", _float32(np.tanh), lambda x: 1 - np.tanh(x) ** 2, 0.3, -1.2, 0.9),
    scalar(
        "chaos-of-10-steps", lambda x: logistic_map(x, 10)[0], lambda x: logistic_map(x, 10)[1], 0.3, 0.61
    ),
    scalar(
        "chaos-of-25-steps", lambda x: logistic_map(x, 25)[0], lambda x: logistic_map(x, 25)[1], 0.3, 0.61
    ),
    scalar("newton-tight", lambda a: _newton_cosine(a, 1e-14), _root_slope, 0.8, 0.4, 1.2),
    scalar("constant", np.zeros_like, np.zeros_like, 0.0, 1.0, 1e8),
    scalar("x-minus-x", lambda x: x - x, np.zeros_like, 0.0, 1.0, 1e8),
    scalar("hidden-constant", lambda x: np.sin(x) ** 2 + np.cos(x) ** 2, np.zeros_like, 0.3, 1.0, 4.0),
    scalar(
        "mish",
        lambda x: x * np.tanh(np.logaddexp(0, x)),
        lambda x: np.tanh(np.logaddexp(0, x)) + x * special.expit(x) / np.cosh(np.logaddexp(0, x)) ** 2,
        -3.0,
        0.0,
        5.0,
    ),
    total("rosenbrock-at-its-minimum", _rosenbrock, _rosenbrock_gradient, [1.0, 1.0]),
    total("rosenbrock", _rosenbrock, _rosenbrock_gradient, [-1.2, 1.0]),
    total("naive-variance-offset-1e3", naive_variance, variance_gradient, 1e3 + rng(0).standard_normal(6)),
    total("maximum-tie-shared", np.max, lambda x: (x == x.max()) / np.sum(x == x.max()), [2.0, 2.0, 1.0]),
    total("maximum-tie-last", np.max, lambda x: (np.arange(x.size) == 1) * 1.0, [2.0, 2.0, 1.0]),
    total("maximum-beside-a-tie", np.max, lambda x: (x == x.max()) * 1.0, [2.0, 2.0 + 1e-7, 1.0]),
    total("norm-tiny", np.linalg.norm, lambda x: x / np.linalg.norm(x), [1e-10, -2e-10, 3e-10]),
    total("norm-huge", np.linalg.norm, lambda x: x / np.linalg.norm(x), [1e100, -2e100, 3e100]),
    total("mixed-scales-product", np.prod, lambda x: np.prod(x) / x, [1e-12, 1e12, 3.0, -1e5]),
    total(
        "mixed-scales-sum",
        lambda x: np.sum(np.array([1e-8, 1.0, 1e8]) * np.sin(x)),
        lambda x: np.array([1e-8, 1.0, 1e8]) * np.cos(x),
        [0.3, 0.7, -1.1],
    ),
    total(
        "log-likelihood-offset",
        lambda x: -1e6 + np.sum(np.log(special.expit(x))),
        lambda x: special.expit(-x),
        [0.3, -2.0, 5.0],
    ),
    total("logsumexp-one-dominates", special.logsumexp, special.softmax, [0.0, 40.0, -30.0]),
    total("logdet-hilbert", lambda a: np.linalg.slogdet(a)[1], lambda a: np.linalg.inv(a).T, _HILBERT),
    total("long-product", np.prod, lambda x: np.prod(x) / x, 0.5 + rng(1).random(60)),
    norm_case("batch-of-two", np.array([[0.3, 5.0], [-1.0, 5.5]]), 1e-5),
    norm_case("batch-tiny-spread", 1e-4 * rng(2).standard_normal((5, 2)), 1e-5),
    norm_case("batch-of-one", np.array([[0.3, 5.0]]), 1e-5),
    norm_case("batch-of-equals", np.full((4, 2), 3.0), 1e-5),
    norm_case("batch-offset-1e4", 1e4 + rng(3).standard_normal((6, 2)), 1e-5),
    solve_case("solve-well-scaled", rng(5).standard_normal((3, 3)), rng(6).standard_normal(3)),
    solve_case(
        "solve-badly-scaled",
        np.diag([1e-6, 1.0, 1e6]) @ rng(5).standard_normal((3, 3)),
        rng(6).standard_normal(3),
    ),
    solve_case("solve-hilbert", _HILBERT, np.ones(5)),
    largest_eigenvalue_case("eigenvalue-gap-1e-3", 1e-3),
    Hard("masked-by-infinity", _masked_softmax, _masked_softmax_vjp, (rng(7).standard_normal((2, 4)),)),
    Hard(
        "coulomb-in-si-units",
        _coulomb,
        _coulomb_vjp,
        tuple(np.array([v]) for v in (1.602e-19, -3.2e-19, 5.3e-11)),
    ),
    Hard(
        "zero-initialised-output",
        zero_network,
        zero_network_vjp,
        (rng(8).standard_normal((3, 2)), np.zeros((2, 3))),
    ),
    Hard(
        "empty-input-beside",
        lambda x, e: x * 2 + e.sum(),
        lambda ct, x, e: (2 * ct, np.zeros_like(e)),
        (np.ones(3), np.zeros((0, 2))),
    ),
    Hard("no-dimension", lambda x: x * x, lambda ct, x: (2 * ct * x,), (np.array(1.5),)),
    Hard(
        "transposed-view",
        lambda x: np.tanh(x),
        lambda ct, x: (ct * (1 - np.tanh(x) ** 2),),
        (rng(9).standard_normal((4, 3)).T,),
    ),
    Hard(
        "read-only",
        lambda x: np.tanh(x),
        lambda ct, x: (ct * (1 - np.tanh(x) ** 2),),
        (np.broadcast_to(np.array([0.3, 1.0]), (3, 2)),),
    ),
    Hard(
        "python-numbers",
        lambda x: float(np.sum(x**2)),
        lambda ct, x: [2 * float(ct) * x],
        (np.array([1.0, 2.0]),),
    ),
)
