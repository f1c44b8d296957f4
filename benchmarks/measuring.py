"""Timing with a budget, and peak memory."""

import ctypes
import gc
import re
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from .checkers import COST
from .network import Problem

MINUTE = 60.0


def timed(benchmark: Any, function: Callable[[], Any]) -> Any:
    """Run `function` under the benchmark for about two seconds in all, at least once; return its result."""
    if benchmark.disabled:
        return benchmark(function)
    start = perf_counter()
    function()
    rounds = max(1, min(50, int(2 / (perf_counter() - start))))
    return benchmark.pedantic(function, rounds=rounds)


def outside(problem: Problem, function: Callable[[], Any]) -> float:
    """The share of the time that `function` spends outside the problem's f and claim: the median of five runs."""
    shares = []
    for _ in range(5):
        problem.reset()
        start = perf_counter()
        function()
        shares.append(1 - problem.inside / (perf_counter() - start))
    return sorted(shares)[2]


def skip_over_a_minute(tool: str, problem: Problem) -> None:
    """A checker that evaluates f for every parameter stops where that alone would need more than a minute."""
    problem.f(*problem.inputs)
    start = perf_counter()
    problem.f(*problem.inputs)
    expected = COST.get(tool, 0.0) * problem.size * (perf_counter() - start)
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
