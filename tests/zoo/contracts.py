"""Backward passes whose numbers are right and whose manners are not."""

import itertools

import numpy as np

from tests.zoo._case import Array, Case, Layer, Vjp

_normal = np.random.Generator.standard_normal
RELU = Layer(
    "contracts",
    "relu",
    lambda x: np.maximum(x, 0),
    lambda ct, x: (ct * (x > 0),),
    lambda rng: (np.where(np.arange(12) % 3 == 0, -1, 1) * (0.2 + rng.random(12)),),
)
SQUARE = Layer(
    "contracts",
    "square",
    lambda x: x * x,
    lambda ct, x: (2 * ct * x,),
    lambda rng: (_normal(rng, (3, 4)),),
)
SUM = Layer(
    "contracts",
    "sum",
    lambda a, b: a + b,
    lambda ct, a, b: (ct.copy(), ct.copy()),
    lambda rng: (_normal(rng, 5), _normal(rng, 5)),
)


def _mutates_cotangent(ct: Array, x: Array) -> tuple[Array, ...]:
    ct[x <= 0] = 0
    return (ct.copy(),)


def _mutates_input(ct: Array, x: Array) -> tuple[Array, ...]:
    gradient = 2 * ct * x
    x *= 2
    return (gradient,)


def _one_array_twice(ct: Array, a: Array, b: Array) -> tuple[Array, ...]:
    gradient = ct.copy()
    return gradient, gradient


def _accumulates() -> Vjp:
    """A backward pass that adds to what it returned last time."""
    total: list[Array] = []

    def vjp(ct: Array, x: Array) -> tuple[Array, ...]:
        total.append(2 * ct * x)
        return (sum(total[-2:]),)

    return vjp


def _draws_noise() -> Vjp:
    """A backward pass with a random mask of its own."""
    calls = itertools.count()
    return lambda ct, x: (ct * (x > 0) * (1 + 0.1 * (next(calls) % 3)),)


def _reads_memory(ct: Array, x: Array) -> tuple[Array, ...]:
    """Walks the buffer of x in memory order: right for C-contiguous arrays alone."""
    return ((2 * ct * x.ravel(order="K").reshape(x.shape)),)


def _raises(ct: Array, x: Array) -> tuple[Array, ...]:
    raise RuntimeError("backward was called before forward")


def _nonfinite(ct: Array, x: Array) -> tuple[Array, ...]:
    gradient = ct * (x > 0)
    gradient[0] = np.nan
    return (gradient,)


CASES: tuple[Case, ...] = (
    RELU.wrong("mutates-cotangent", "masks the cotangent in place", _mutates_cotangent, "mutates-cotangent"),
    SQUARE.wrong("mutates-input", "doubles x in place", _mutates_input, "mutates-input"),
    SUM.wrong("aliased", "one array for both gradients", _one_array_twice, "aliased"),
    SQUARE.wrong("accumulates", "not cleared between calls", _accumulates(), "nondeterministic-backward"),
    RELU.wrong("random", "a random factor", _draws_noise(), "nondeterministic-backward"),
    SQUARE.wrong("memory-order", "right for C-contiguous x alone", _reads_memory, "noncontiguous"),
    SQUARE.wrong("squeezed", "an axis lost", lambda ct, x: ((2 * ct * x).ravel(),), "shape"),
    SQUARE.wrong("integers", "integers", lambda ct, x: (np.rint(2 * ct * x).astype(np.int64),), "dtype"),
    SUM.wrong(
        "none",
        "None for an input that matters",
        lambda ct, a, b: (ct.copy(), None),
        "missing",
        "zero",
        because="None is a claim of zero",
    ),
    RELU.wrong("not-a-number", "one NaN", _nonfinite, "nonfinite"),
    RELU.wrong("raises", "raises where the forward pass does not", _raises, "raises"),
)
