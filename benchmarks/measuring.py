"""Timing with a budget, and peak memory."""

import ctypes
import gc
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import pytest

from .checkers import COST, OWN
from .network import Problem

MINUTE = 60.0  # what a peer may need for one check
SLOW = 3.0  # seconds from which one round has to do
BUDGET = 2.0  # seconds for all rounds of a faster function
MOST_ROUNDS = 500  # of a function of microseconds, fewer would all fall into one mood of the machine


def clocked(function: Callable[[], Any]) -> tuple[Any, float]:
    """The result of `function`, and the seconds that it took."""
    start = perf_counter()
    result = function()
    return result, perf_counter() - start


def timed(benchmark: Any, function: Callable[[], Any], expected: float = 0.0) -> Any:
    """Run `function` under the benchmark for about `BUDGET` seconds, at least once; return its last result.

    A function that is `expected` to be slow, in seconds, runs this one time alone. Any other runs before: the first
    call warms up and shows whether it is slow after all, the second says how many rounds there is time for.
    """
    if benchmark.disabled:
        return benchmark(function)
    return benchmark.pedantic(function, rounds=1 if expected > SLOW else _rounds(function))


def _rounds(function: Callable[[], Any]) -> int:
    _, seconds = clocked(function)
    if seconds < SLOW:
        _, seconds = clocked(function)
    return max(1, min(MOST_ROUNDS, int(BUDGET / seconds)))


@dataclass
class Watched:
    """A check of one problem, called as often as a benchmark likes, and what its calls came to.

    The counts of `problem` are those of the last call.
    """

    check: Callable[[Problem], bool]
    problem: Problem
    verdicts: list[bool] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)

    def __call__(self) -> bool:
        self.problem.reset()
        accepted, seconds = clocked(lambda: self.check(self.problem))
        self.verdicts.append(accepted)
        self.shares.append(1 - self.problem.inside / seconds)
        return accepted

    @property
    def outside(self) -> float:
        """The median share of a call's time that is spent outside the problem's f and claim."""
        return median(self.shares)


def expected_seconds(problem: Problem, evaluations: float) -> float:
    """What so many evaluations of f alone would take."""
    problem.f(*problem.inputs)
    _, seconds = clocked(lambda: problem.f(*problem.inputs))
    return evaluations * seconds


def skip_over_a_minute(tool: str, problem: Problem) -> float:
    """The seconds to expect; a peer stops where f, evaluated for every parameter, would need more than a minute."""
    expected = expected_seconds(problem, COST.get(tool, 0.0) * problem.size)
    if tool not in OWN and expected > MINUTE:
        pytest.skip(f"{tool} would need about {expected:,.0f} s for {problem.size:,} parameters")
    return expected


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
