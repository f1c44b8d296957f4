"""Timing with a budget, and peak memory."""

import ctypes
import gc
import re
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import pytest

from .checkers import COST
from .network import Problem

MINUTE = 60.0


SLOW = 5.0  # seconds from which one round has to do


def clocked(function: Callable[[], Any]) -> tuple[Any, float]:
    """The result of `function`, and the seconds that it took."""
    start = perf_counter()
    result = function()
    return result, perf_counter() - start


def timed(benchmark: Any, function: Callable[[], Any], seconds: float = 0.0) -> Any:
    """Run `function` under the benchmark for about two seconds in all, at least once; return its result.

    `seconds` is what an earlier call took, if there was one: it may have imported a library, so that one that was
    not slow is clocked again to choose the rounds.
    """
    if benchmark.disabled:
        return benchmark(function)
    if seconds < SLOW:
        _, seconds = clocked(function)
    return benchmark.pedantic(function, rounds=max(1, min(50, int(2 / seconds))))


def outside(problem: Problem, function: Callable[[], Any]) -> float:
    """The share of the time that `function` spends outside the problem's f and claim: the median of some runs."""
    shares, spent = [], 0.0
    while len(shares) < 5 and spent < SLOW:
        problem.reset()
        _, seconds = clocked(function)
        shares.append(1 - problem.inside / seconds)
        spent += seconds
    return median(shares)


def skip_over_a_minute(tool: str, problem: Problem) -> None:
    """A peer that evaluates f for every parameter stops where that alone would need more than a minute."""
    problem.f(*problem.inputs)
    _, seconds = clocked(lambda: problem.f(*problem.inputs))
    problem.reset()
    expected = COST.get(tool, 0.0) * problem.size * seconds
    if expected > MINUTE:
        pytest.skip(f"{tool} would need about {expected:,.0f} s for {problem.size:,} parameters")


def peak_bytes(function: Callable[[], Any]) -> int | None:
    """How far the resident memory of this process rose above its start while `function` ran; None off Linux.

    Writing 5 to clear_refs resets the high-water mark (proc(5)), so that Torch's and JAX's own allocations
    count as NumPy's do.
    """
    reset = Path("/proc/self/clear_refs")
    if not reset.exists():
        return None
    gc.collect()
    _return_free_memory()
    reset.write_text("5", encoding="ascii")
    before = _status("VmRSS")
    function()
    return max(0, _status("VmHWM") - before)


def _return_free_memory() -> None:
    """Let glibc give back what it keeps for reuse, else a peak below an earlier one would not show."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _status(key: str) -> int:
    text = Path("/proc/self/status").read_text(encoding="ascii")
    (kilobytes,) = re.findall(rf"{key}:\s+(\d+) kB", text)
    return int(kilobytes) * 1024
