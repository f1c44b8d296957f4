"""Mistakes that a plausible point hides: right there, wrong at the special point beside it. Here: elementwise."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from tests.zoo._case import Array

Gradients = tuple[Any, ...]


@dataclass(frozen=True)
class Hidden:
    """`bad` equals `good` at `plausible`, and differs from it at `telling`."""

    name: str
    forward: Callable[..., Any]
    good: Callable[..., Gradients]
    bad: Callable[..., Gradients]
    plausible: tuple[Array, ...]
    telling: tuple[Array, ...]


def scalar(
    name: str,
    f: Callable[[Array], Any],
    good: Callable[[Array], Any],
    bad: Callable[[Array], Any],
    plausible: Any,
    telling: Any,
) -> Hidden:
    """An elementwise function with a right and a wrong slope."""

    def by(slope: Callable[[Array], Any]) -> Callable[..., Gradients]:
        def vjp(ct: Array, x: Array) -> Gradients:
            with np.errstate(all="ignore"):
                return (np.asarray(ct * slope(x)),)

        return vjp

    return Hidden(name, f, by(good), by(bad), (np.array(plausible, float),), (np.array(telling, float),))


def several(
    name: str,
    f: Callable[..., Any],
    good: Callable[..., Gradients],
    bad: Callable[..., Gradients],
    plausible: tuple[Any, ...],
    telling: tuple[Any, ...],
) -> Hidden:
    def quiet(vjp: Callable[..., Gradients]) -> Callable[..., Gradients]:
        def call(ct: Array, *inputs: Array) -> Gradients:
            with np.errstate(all="ignore"):
                return tuple(np.asarray(g) for g in vjp(ct, *inputs))

        return call

    points = (tuple(np.array(x, float) for x in point) for point in (plausible, telling))
    return Hidden(name, f, quiet(good), quiet(bad), *points)


PLAIN = [0.7, -1.3, 0.4, 2.1]
POSITIVE = [0.7, 1.3, 0.4, 2.1]

ELEMENTWISE: tuple[Hidden, ...] = (
    scalar("sqrt-of-square-is-x", lambda x: np.sqrt(x * x), np.sign, np.ones_like, POSITIVE, PLAIN),
    scalar(
        "log-abs-by-abs",
        lambda x: np.log(np.abs(x)),
        lambda x: 1 / x,
        lambda x: 1 / np.abs(x),
        POSITIVE,
        PLAIN,
    ),
    scalar(
        "square-by-power-rule", lambda x: x**2, lambda x: 2 * x, lambda x: 2 * x**2 / x, PLAIN, [0.7, 0.0]
    ),
    scalar(
        "cube-by-log",
        lambda x: x**3,
        lambda x: 3 * x**2,
        lambda x: 3 * np.exp(2 * np.log(x)),
        POSITIVE,
        PLAIN,
    ),
    scalar(
        "sinc-at-zero",
        np.sinc,
        lambda x: np.where(x == 0, 0.0, (np.cos(np.pi * x) - np.sinc(x)) / np.where(x == 0, 1, x)),
        lambda x: (np.cos(np.pi * x) - np.sinc(x)) / x,
        PLAIN,
        [0.0, 0.5],
    ),
    scalar(
        "x-by-x-at-zero",
        lambda x: np.where(x == 0, 1.0, np.tanh(x) / np.where(x == 0, 1, x)),
        lambda x: np.where(
            x == 0, 0.0, (1 - np.tanh(x) ** 2 - np.tanh(x) / np.where(x == 0, 1, x)) / np.where(x == 0, 1, x)
        ),
        lambda x: (1 - np.tanh(x) ** 2 - np.tanh(x) / x) / x,
        PLAIN,
        [0.0, 0.5],
    ),
    scalar(
        "sigmoid-overflow",
        special.expit,
        lambda x: special.expit(x) * special.expit(-x),
        lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2,
        PLAIN,
        [-800.0, 0.5],
    ),
    scalar(
        "softplus-overflow",
        lambda x: np.logaddexp(0, x),
        special.expit,
        lambda x: np.exp(x) / (1 + np.exp(x)),
        PLAIN,
        [800.0, 0.5],
    ),
    scalar(
        "softplus-threshold",
        lambda x: np.logaddexp(0, x),
        special.expit,
        lambda x: np.where(x > 5, 1.0, special.expit(x)),
        PLAIN,
        [6.0, 0.5],
    ),
    scalar(
        "relu-grad-at-zero-2",
        lambda x: np.maximum(x, 0),
        lambda x: (x > 0) * 1.0,
        lambda x: np.where(x == 0, 2.0, x > 0),
        PLAIN,
        [0.0, 1.0],
    ),
    scalar("abs-grad-at-zero-nan", np.abs, np.sign, lambda x: x / np.abs(x), PLAIN, [0.0, 1.0]),
    scalar(
        "huber-outside",
        lambda x: np.where(np.abs(x) <= 3, 0.5 * x * x, 3 * np.abs(x) - 4.5),
        lambda x: np.clip(x, -3, 3),
        lambda x: x,
        PLAIN,
        [5.0, -4.0, 0.3],
    ),
    scalar(
        "clip-straight-through",
        lambda x: np.clip(x, -3, 3),
        lambda x: (np.abs(x) < 3) * 1.0,
        np.ones_like,
        PLAIN,
        [5.0, -4.0, 0.3],
    ),
    scalar(
        "leaky-negative-only",
        lambda x: np.where(x > 0, x, 0.1 * x),
        lambda x: np.where(x > 0, 1, 0.1),
        np.ones_like,
        POSITIVE,
        PLAIN,
    ),
    scalar(
        "elu-branches",
        lambda x: np.where(x > 0, x, 2 * np.expm1(np.minimum(x, 0))),
        lambda x: np.where(x > 0, 1, 2 * np.exp(np.minimum(x, 0))),
        lambda x: np.where(x > 0, 1, np.exp(np.minimum(x, 0))),
        POSITIVE,
        PLAIN,
    ),
    scalar(
        "x-squared-over-1-plus",
        lambda x: 1 / (1 + x * x),
        lambda x: -2 * x / (1 + x * x) ** 2,
        lambda x: -2 * x * np.exp(-2 * np.log1p(x * x)) * np.where(np.abs(x) > 20, 2.0, 1.0),
        PLAIN,
        [50.0, 0.3],
    ),
    scalar(
        "special-case-at-one",
        lambda x: x**2.5,
        lambda x: 2.5 * x**1.5,
        lambda x: np.where(x == 1, 1.0, 2.5 * x**1.5),
        POSITIVE,
        [1.0, 0.3],
    ),
    scalar(
        "special-case-at-integers",
        lambda x: np.sin(x),
        np.cos,
        lambda x: np.where(x == np.floor(x), 0.0, np.cos(x)),
        PLAIN,
        [2.0, 0.3],
    ),
    scalar(
        "reciprocal-of-negative",
        lambda x: 1 / x,
        lambda x: -1 / x**2,
        lambda x: -np.sign(x) / x**2,
        POSITIVE,
        PLAIN,
    ),
    scalar(
        "cbrt-of-negative",
        np.cbrt,
        lambda x: np.cbrt(x) ** -2 / 3,
        lambda x: x ** (-2 / 3) / 3,
        POSITIVE,
        PLAIN,
    ),
    scalar(
        "logit-clamped",
        lambda x: np.log(x / (1 - x)),
        lambda x: 1 / (x * (1 - x)),
        lambda x: 1 / np.clip(x * (1 - x), 1e-3, None),
        [0.3, 0.6],
        [1e-5, 0.6],
    ),
    scalar(
        "entropy-at-small",
        lambda x: -x * np.log(x),
        lambda x: -np.log(x) - 1,
        lambda x: -np.log(x + 1e-8) - 1,
        [0.3, 0.6],
        [1e-8, 0.6],
    ),
)
