"""Random straight-line programs on arrays, with their gradient by a tape of forty lines.

A program is a tuple of steps; a step names an operation and the earlier values it reads. Values are arrays of one
shape (n, m), so that every operation can follow every other one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.zoo._case import Array

Rule = Callable[..., tuple[Array, Callable[[Array], tuple[Array, ...]]]]
"""rule(*values) -> (value, pullback); pullback(cotangent) -> a cotangent for each value."""


def _sigmoid(x: Array) -> Array:
    return np.exp(-np.logaddexp(0, -x))


def _softmax(x: Array) -> Array:
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def _unary(f: Callable[[Array], Array], slope: Callable[[Array], Array]) -> Rule:
    return lambda x: (f(x), lambda ct: (ct * slope(x),))


def _binary(f: Callable[..., Array], slopes: Callable[..., tuple[Array, Array]]) -> Rule:
    return lambda x, y: (f(x, y), lambda ct: tuple(ct * s for s in slopes(x, y)))


def _softmax_rule(x: Array) -> tuple[Array, Callable[[Array], tuple[Array, ...]]]:
    p = _softmax(x)
    return p, lambda ct: (p * (ct - (ct * p).sum(1, keepdims=True)),)


def _normalise(x: Array) -> tuple[Array, Callable[[Array], tuple[Array, ...]]]:
    centred = x - x.mean(1, keepdims=True)
    rstd = 1 / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-3)
    xh = centred * rstd

    def pullback(ct: Array) -> tuple[Array, ...]:
        return (rstd * (ct - ct.mean(1, keepdims=True) - xh * (ct * xh).mean(1, keepdims=True)),)

    return xh, pullback


def _matmul(x: Array, y: Array) -> tuple[Array, Callable[[Array], tuple[Array, ...]]]:
    """x yᵀ x: the shape stays."""
    n = x.size
    value = x @ y.T @ x / n
    return value, lambda ct: ((ct @ x.T @ y + y @ x.T @ ct) / n, x @ ct.T @ x / n)


def _row_max(x: Array) -> tuple[Array, Callable[[Array], tuple[Array, ...]]]:
    """The largest of each row in all of its columns; the first of equal ones gets the gradient."""
    first = np.arange(x.shape[1]) == x.argmax(1)[:, None]
    return np.repeat(x.max(1, keepdims=True), x.shape[1], 1), lambda ct: (first * ct.sum(1, keepdims=True),)


SMOOTH: dict[str, Rule] = {
    "sin": _unary(np.sin, np.cos),
    "cos": _unary(np.cos, lambda x: -np.sin(x)),
    "tanh": _unary(np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "sigmoid": _unary(_sigmoid, lambda x: _sigmoid(x) * _sigmoid(-x)),
    "softplus": _unary(lambda x: np.logaddexp(0, x), _sigmoid),
    "arctan": _unary(np.arctan, lambda x: 1 / (1 + x * x)),
    "arcsinh": _unary(np.arcsinh, lambda x: 1 / np.hypot(1, x)),
    "log1p-square": _unary(lambda x: np.log1p(x * x), lambda x: 2 * x / (1 + x * x)),
    "gauss": _unary(lambda x: np.exp(-x * x), lambda x: -2 * x * np.exp(-x * x)),
    "root": _unary(lambda x: np.sqrt(1 + x * x), lambda x: x / np.sqrt(1 + x * x)),
    "square": _unary(lambda x: 0.3 * x * x, lambda x: 0.6 * x),
    "double": _unary(lambda x: 2 * x, lambda x: np.full_like(x, 2)),
    "softmax": _softmax_rule,
    "normalise": _normalise,
    "cumsum": lambda x: (np.cumsum(x, 1), lambda ct: (np.cumsum(ct[:, ::-1], 1)[:, ::-1],)),
    "mean": lambda x: (
        np.broadcast_to(x.mean(0), x.shape).copy(),
        lambda ct: (np.broadcast_to(ct.mean(0), x.shape).copy(),),
    ),
    "roll": lambda x: (np.roll(x, 1, 1), lambda ct: (np.roll(ct, -1, 1),)),
    "add": _binary(np.add, lambda x, y: (np.ones_like(x), np.ones_like(y))),
    "subtract": _binary(np.subtract, lambda x, y: (np.ones_like(x), -np.ones_like(y))),
    "multiply": _binary(np.multiply, lambda x, y: (y, x)),
    "divide": _binary(
        lambda x, y: x / (1 + y * y), lambda x, y: (1 / (1 + y * y), -2 * x * y / (1 + y * y) ** 2)
    ),
    "logaddexp": _binary(np.logaddexp, lambda x, y: (_sigmoid(x - y), _sigmoid(y - x))),
    "matmul": _matmul,
}
KINKED: dict[str, Rule] = SMOOTH | {
    "relu": _unary(lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0),
    "leaky": _unary(lambda x: np.where(x > 0, x, 0.01 * x), lambda x: np.where(x > 0, 1, 0.01)),
    "abs": _unary(np.abs, np.sign),
    "clip": _unary(lambda x: np.clip(x, -1, 1), lambda x: (np.abs(x) < 1) * 1.0),
    "maximum": _binary(np.maximum, lambda x, y: ((x > y) * 1.0, (y >= x) * 1.0)),
    "minimum": _binary(np.minimum, lambda x, y: ((x < y) * 1.0, (y <= x) * 1.0)),
    "sort": lambda x: (
        np.sort(x, 1),
        lambda ct: (np.take_along_axis(ct, np.argsort(np.argsort(x, 1), 1), 1),),
    ),
    "row-max": _row_max,
}
BINARY = frozenset({"add", "subtract", "multiply", "divide", "logaddexp", "matmul", "maximum", "minimum"})


@dataclass(frozen=True)
class Step:
    """One operation of a program and the indices of the values that it reads, counted from the latest."""

    operation: str
    operands: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """A function of some arrays of one shape, and its vector-Jacobian product."""

    steps: tuple[Step, ...]

    def _run(self, inputs: tuple[Array, ...]) -> tuple[list[Array], list]:
        values, tape = list(inputs), []
        for step in self.steps:
            read = [len(values) - 1 - k % len(values) for k in step.operands]
            value, pullback = KINKED[step.operation](*(values[k] for k in read))
            tape.append((read, pullback))
            values.append(value)
        return values, tape

    def forward(self, *inputs: Array) -> Array:
        return self._run(inputs)[0][-1]

    def vjp(self, ct: Array, *inputs: Array) -> tuple[Array, ...]:
        values, tape = self._run(inputs)
        cotangents = [np.zeros_like(v) for v in values]
        cotangents[-1] = cotangents[-1] + ct
        for position, (read, pullback) in reversed(list(enumerate(tape, len(inputs)))):
            for k, share in zip(read, pullback(cotangents[position]), strict=True):
                cotangents[k] = cotangents[k] + share
        return tuple(cotangents[: len(inputs)])
