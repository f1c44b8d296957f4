"""overhead: the time a check takes outside f and the claim, for functions of 1 µs to 1 ms."""

from collections.abc import Callable
from time import perf_counter

import numpy as np
import pytest

from .checkers import CHECKERS, installed
from .measuring import Watched, timed
from .network import Problem

TOOLS = installed(
    ["gradcheck", "gradcheck full", "torch fast", "torch slow", "jax", "autograd", "scipy", "CS231n"]
)


def lasting(function: Callable[[np.ndarray], object], microseconds: float) -> Callable[[np.ndarray], object]:
    """The same function, made to last that long; one that takes longer by itself stays as it is."""

    def waits(x: np.ndarray) -> object:
        end = perf_counter() + 1e-6 * microseconds
        value = function(x)
        while perf_counter() < end:
            pass
        return value

    return waits


@pytest.mark.benchmark(group="overhead")
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    "microseconds", [1, 5, *(pytest.param(10**n, marks=pytest.mark.large) for n in (1, 2, 3))]
)
def test_small_function(benchmark, tool: str, microseconds: int) -> None:
    """f(x) = x·x / 2 of ten parameters, whose gradient is x."""
    x = np.random.default_rng(0).standard_normal(10)
    f = lasting(lambda t: 0.5 * float(t @ t), microseconds)
    gradient = lasting(lambda t: (t.copy(),), microseconds)
    check = Watched(CHECKERS[tool], Problem((x,), f, gradient))
    timed(benchmark, check)
    assert all(check.verdicts)
    benchmark.extra_info |= {"evaluations": check.problem.calls, "claims": check.problem.claim_calls}
    if not benchmark.disabled:
        microseconds_outside = round(1e6 * check.outside * benchmark.stats.stats.median)
        benchmark.extra_info |= {"outside f": f"{check.outside:.0%}", "µs outside f": microseconds_outside}
