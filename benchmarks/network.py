"""The subject that every checker is given: one NumPy network, its cost, its back propagation, its mistakes.

It is written out here, and not taken from `gradcheck.reference`, so that nobody's subject is his own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from time import perf_counter
from typing import Any

import numpy as np

Arrays = tuple[np.ndarray, ...]
NAMES = ("W1", "b1", "W2", "b2")

# (inputs, hidden units) with one output: 101, 993, 4,225, 9,997, 99,853, 999,997 and 9,998,241 parameters.
SHAPES = {
    100: (8, 10),
    1_000: (30, 31),
    4_225: (64, 64),
    10_000: (100, 98),
    100_000: (316, 314),
    1_000_000: (1000, 998),
    10_000_000: (3162, 3160),
}
# Examples in the batch: small networks learn from small ones.
SMALL_BATCH, BATCH = 32, 128


class OverTheLimitError(Exception):
    """A checker asked for more evaluations than its problem grants."""


@dataclass
class Problem:
    """A cost and a claim of its gradient, which count their calls and the seconds spent inside them.

    More than `limit` evaluations of the cost raise `OverTheLimitError`.
    """

    inputs: Arrays
    cost: Callable[..., float]
    claim: Callable[..., Arrays]
    limit: float = inf
    calls: int = field(default=0, init=False)
    claim_calls: int = field(default=0, init=False)
    inside: float = field(default=0.0, init=False)

    def f(self, *parameters: np.ndarray) -> float:
        self.calls += 1
        if self.calls > self.limit:
            raise OverTheLimitError
        return self._clocked(self.cost, parameters)

    def gradient(self, *parameters: np.ndarray) -> Arrays:
        self.claim_calls += 1
        return self._clocked(self.claim, parameters)

    def _clocked(self, function: Callable[..., Any], parameters: Arrays) -> Any:
        start = perf_counter()
        result = function(*parameters)
        self.inside += perf_counter() - start
        return result

    def reset(self) -> None:
        self.calls, self.claim_calls, self.inside = 0, 0, 0.0

    @property
    def size(self) -> int:
        return sum(array.size for array in self.inputs)


def network(
    parameters: int,
    *,
    mistake: Callable[[Arrays], Arrays] | None = None,
    seed: int = 0,
    examples: int | None = None,
) -> Problem:
    """A tanh network of about that many parameters with a cross-entropy cost; `mistake` spoils its gradient."""
    inputs, hidden = SHAPES[parameters]
    examples = examples or (BATCH if parameters >= 100_000 else SMALL_BATCH)
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((inputs, examples))
    y = (rng.random((1, examples)) < 0.5).astype(float)
    weights = (
        rng.standard_normal((hidden, inputs)) / np.sqrt(inputs),
        0.1 * rng.standard_normal((hidden, 1)),
        rng.standard_normal((1, hidden)) / np.sqrt(hidden),
        0.1 * rng.standard_normal((1, 1)),
    )

    def cost(W1: Any, b1: Any, W2: Any, b2: Any) -> float:
        z = W2 @ np.tanh(W1 @ x + b1) + b2
        return float(np.mean(np.logaddexp(0, z) - y * z))

    def back(W1: Any, b1: Any, W2: Any, b2: Any) -> Arrays:
        a = np.tanh(W1 @ x + b1)
        d2 = (1 / (1 + np.exp(-(W2 @ a + b2))) - y) / examples
        d1 = (W2.T @ d2) * (1 - a * a)
        return d1 @ x.T, d1.sum(1, keepdims=True), d2 @ a.T, d2.sum(1, keepdims=True)

    claim = back if mistake is None else lambda *parameters: mistake(back(*parameters))
    return Problem(weights, cost, claim)


def wrong_entries(count: int, size: float, *, seed: int = 0) -> Callable[[Arrays], Arrays]:
    """Entries of W1 that are wrong by a relative `size`, drawn among the larger half of the gradient."""

    def spoil(gradients: Arrays) -> Arrays:
        first = gradients[0].copy()
        flat = first.ravel()
        flat[entries_of(gradients[0], count, seed)] *= 1 + size
        return first, *gradients[1:]

    return spoil


def entries_of(gradient: np.ndarray, count: int, seed: int) -> np.ndarray:
    larger = np.flatnonzero(np.abs(gradient) >= np.median(np.abs(gradient)))
    return np.sort(np.random.default_rng(seed).choice(larger, count, replace=False))


def wrong_array(position: int, size: float) -> Callable[[Arrays], Arrays]:
    """One whole gradient that is wrong by a relative `size`."""

    def spoil(gradients: Arrays) -> Arrays:
        return tuple(g * (1 + size) if i == position else g for i, g in enumerate(gradients))

    return spoil


# What the power benchmarks plant: W1 is the largest array, b2 the smallest (a single entry beside W1's thousands).
MISTAKES = {
    "entry": lambda size, seed: wrong_entries(1, size, seed=seed),
    "array": lambda size, seed: wrong_array(0, size),
    "smallest": lambda size, seed: wrong_array(3, size),
}
