"""Right claims that float64 values of their function do not carry: a judge may not know, but must not fail them."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from tests.zoo._case import Array
from tests.zoo.hard import (
    Hard,
    erf,
    largest_eigenvalue_case,
    logistic_map,
    naive_variance,
    norm_case,
    rng,
    scalar,
    solve_case,
    total,
    variance_gradient,
    zero_network,
    zero_network_vjp,
)


def _hmm(logits: Array) -> Array:
    """The forward algorithm in the log domain over sixty steps."""
    alpha = np.zeros(3)
    for row in logits:
        alpha = special.logsumexp(alpha[:, None] + logits[0][None, :], axis=0) + row
    return special.logsumexp(alpha)


def _hmm_longdouble(logits: Array) -> Any:
    alpha = np.zeros(3, np.longdouble)
    for row in logits:
        s = alpha[:, None] + logits[0][None, :]
        alpha = np.log(np.sum(np.exp(s - s.max()), axis=0)) + s.max() + row
    return np.log(np.sum(np.exp(alpha - alpha.max()))) + alpha.max()


def _by_longdouble(f: Callable[[Array], Any], x: Array) -> Array:
    """Central differences of sixth order in extended precision: right to about fourteen digits."""
    g, h = np.zeros(x.size), np.longdouble(2.0**-9)
    for k in range(x.size):
        e = (np.arange(x.size) == k).reshape(x.shape).astype(np.longdouble)
        at = {j: f(x.astype(np.longdouble) + j * h * e) for j in (-3, -2, -1, 1, 2, 3)}
        g[k] = (45 * (at[1] - at[-1]) - 9 * (at[2] - at[-2]) + (at[3] - at[-3])) / (60 * h)
    return g.reshape(x.shape)


UNDECIDABLE: tuple[Hard, ...] = (
    scalar("offset-1e14", lambda x: 1e14 + np.sin(x), np.cos, 1.0, 0.3),
    scalar("naive-expm1", lambda x: np.exp(x) - 1, np.exp, 1e-12, -1e-14, 1e-9),
    scalar("naive-log1p", lambda x: np.log(1 + x), lambda x: 1 / (1 + x), 1e-12, -1e-14, 1e-9),
    scalar(
        "naive-versine",
        lambda x: (1 - np.cos(x)) / x**2,
        lambda x: (np.sin(x) - 2 * (1 - np.cos(x)) / x) / x**2,
        0.5,
        1.0,
        -0.7,
    ),
    scalar("one-plus-x-minus-one", lambda x: (1 + x) - 1, np.ones_like, 1e-10, 1e-17, 0.5),
    scalar("rounded-to-6-decimals", lambda x: np.round(np.sin(x), 6), np.cos, 0.3, 1.0, -2.0),
    scalar(
        "half-precision",
        lambda x: np.tanh(x.astype(np.float16)).astype(float),
        lambda x: 1 - np.tanh(x) ** 2,
        0.3,
        -1.0,
    ),
    scalar("sign-at-its-jump", np.sign, np.zeros_like, 0.0, 1.0),
    scalar("floor-at-its-jump", np.floor, np.zeros_like, 3.0, 0.5),
    scalar("round-at-its-jump", np.rint, np.zeros_like, 0.5, 0.2),
    scalar("heaviside", lambda x: np.heaviside(x, 0.5), np.zeros_like, 0.0, -2.0),
    scalar("staircase-at-700", np.floor, np.zeros_like, 700.3, 1e6 + 0.5),
    scalar(
        "x2-sin-1-by-x",
        lambda x: np.where(x == 0, 0, x**2 * np.sin(1 / np.where(x == 0, 1, x))),
        np.zeros_like,
        0.0,
    ),
    scalar(
        "chaos-of-60-steps", lambda x: logistic_map(x, 60)[0], lambda x: logistic_map(x, 60)[1], 0.3, 0.61
    ),
    scalar("sine-of-1e15", np.sin, np.cos, 1e15, 1e12),
    scalar(
        "gelu-underflow",
        lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2))),
        lambda x: 0.5 * special.erfc(-x / math.sqrt(2)) + x * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi),
        -9.0,
        -20.0,
        0.3,
    ),
    scalar(
        "saturated-sigmoid-by-output",
        lambda x: 1 / (1 + np.exp(-x)),
        lambda x: 1 / (1 + np.exp(-x)) * (1 - 1 / (1 + np.exp(-x))),
        30.0,
        20.0,
        -20.0,
    ),
    scalar("saturated-tanh-by-output", np.tanh, lambda x: 1 - np.tanh(x) ** 2, 12.0, 15.0, 18.5, -20.0),
    scalar("softplus-by-exp", lambda x: np.log(1 + np.exp(x)), special.expit, -30.0, -40.0, 3.0),
    scalar(
        "fourth-root-at-0",
        lambda x: np.abs(x) ** 0.25,
        lambda x: 0.25 * np.sign(x) * np.abs(x) ** -0.75,
        1e-12,
        -1e-12,
    ),
    total("naive-variance-offset-1e7", naive_variance, variance_gradient, 1e7 + rng(0).standard_normal(6)),
    total("median-of-even-tie", np.median, lambda x: np.array([0.5, 0.5, 0.0, 0.0]), [1.0, 1.0, 1.0, 1.0]),
    total(
        "hidden-markov", _hmm, lambda x: _by_longdouble(_hmm_longdouble, x), rng(10).standard_normal((8, 3))
    ),
    total("norm-at-0", np.linalg.norm, np.zeros_like, [0.0, 0.0, 0.0]),
    norm_case("batch-offset-1e8", 1e8 + rng(3).standard_normal((6, 2)), 1e-5),
    norm_case("batch-offset-1e12", 1e12 + rng(3).standard_normal((6, 2)), 1e-5),
    largest_eigenvalue_case("eigenvalue-gap-1e-7", 1e-7),
    solve_case("solve-nearly-singular", np.array([[1.0, 2.0], [1.0, 2.0 + 1e-10]]), np.array([1.0, -1.0])),
    Hard(
        "zero-initialised-hidden",
        zero_network,
        zero_network_vjp,
        (np.zeros((3, 2)), rng(8).standard_normal((2, 3))),
    ),
)
