"""Random expressions: trees of elementary functions, smooth ones and such with kinks."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.accuracy._dual import truth
from benchmarks.accuracy._hard import Case

__all__ = ["random_cases"]

Formula = Callable[[Any, Any], Any]

SMOOTH: tuple[Callable[[Any, Any], Any], ...] = (
    lambda a, m: m.sin(a),
    lambda a, m: m.cos(a),
    lambda a, m: m.tanh(a),
    lambda a, m: m.exp(a * 0.5),
    lambda a, m: 1.0 / (1.0 + m.exp(-a)),
    lambda a, m: m.log1p(m.exp(a)),
    lambda a, m: m.sqrt(1.0 + a * a),
    lambda a, m: m.arctan(a),
    lambda a, m: a * a,
    lambda a, m: 1.0 / (1.0 + a * a),
    lambda a, m: m.log(0.1 + a * a),
    lambda a, m: a * a * a,
)
KINKED: tuple[Callable[[Any, Any], Any], ...] = (
    lambda a, m: m.maximum(a, 0.0),
    lambda a, m: m.abs(a),
    lambda a, m: m.maximum(a, 0.01 * a),
    lambda a, m: m.maximum(a, 0.5),
)
BINARY: tuple[Callable[[Any, Any, Any], Any], ...] = (
    lambda a, b, m: a + b,
    lambda a, b, m: a - b,
    lambda a, b, m: a * b,
    lambda a, b, m: a / (1.0 + b * b),
    lambda a, b, m: a / b,
)


def _tree(rng: np.random.Generator, depth: int, kinks: bool) -> Formula:
    if depth == 0 or rng.random() < 0.1:
        return _leaf(rng)
    if rng.random() < 0.45:
        pool = (*BINARY, lambda a, b, m: m.maximum(a, b)) if kinks else BINARY
        binary = pool[rng.integers(len(pool))]
        left, right = _tree(rng, depth - 1, kinks), _tree(rng, depth - 1, kinks)
        return lambda x, m: binary(left(x, m), right(x, m), m)
    pool_of_one = SMOOTH + KINKED * 2 if kinks else SMOOTH
    unary = pool_of_one[rng.integers(len(pool_of_one))]
    inner = _tree(rng, depth - 1, kinks)
    return lambda x, m: unary(inner(x, m), m)


def _leaf(rng: np.random.Generator) -> Formula:
    scale, shift = float(rng.normal() * 2.0), float(rng.normal())
    kind = rng.integers(10)
    if kind < 3:
        return lambda x, m: x
    if kind < 9:
        return lambda x, m: x * scale + shift
    return lambda x, m: 0.0 * x + scale


def _depends_on_x(case: Case) -> bool:
    values = case(np.array([case.x, 0.37, -1.91, 2.6, -0.11]))
    return bool((values[1:] != values[0]).any())


def random_cases(
    seed: int, count: int, *, inside: Any = np.float64, kinks: bool = True
) -> list[tuple[Case, Any]]:
    """`count` cases with their true derivatives, at points from 0.1 to 10 in size.

    Formulas that are constant, not finite at their point, or so large that float32 cannot hold them, are drawn again.
    """
    rng = np.random.default_rng(seed)
    found: list[tuple[Case, Any]] = []
    while len(found) < count:
        formula = _tree(rng, int(rng.integers(1, 5)), kinks and bool(rng.integers(2)))
        x = float(rng.normal() * 10.0 ** rng.uniform(-1.0, 0.5))
        case = Case(
            "random",
            f"random {len(found)}",
            formula,
            float(np.float32(x)) if inside is np.float32 else x,
            inside,
        )
        value = case(np.array([case.x]))
        if not (np.isfinite(value).all() and np.abs(value).max() < 1e30 and _depends_on_x(case)):
            continue
        exact = truth(formula, case.x)
        if exact is not None and abs(exact) < 1e30:
            found.append((case, exact))
    return found
