"""Two runs against each other: a change counts only where it stands out of both runs' spread.

Benchmarks that counted their instructions in both runs are compared by the counts, which have no spread.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import inf, sqrt

from ._group import Group
from ._read import Benchmark, Run

__all__ = ["Change", "Changes", "Trend", "compare"]

# Half-width of the notch in interquartile ranges / sqrt(rounds): two medians whose notches do not overlap
# differ at about the 95 % level (McGill, Tukey and Larsen 1978, "Variations of box plots").
NOTCH = 1.57
IQR_OF_A_NORMAL = 1.349
# Counts of the same code repeat exactly in one place; another folder (longer paths) moved them by 2e-4.
SAME_COUNT = 1e-3


class Trend(StrEnum):
    """What became of a benchmark."""

    SLOWER = "slower"
    FASTER = "faster"
    SAME = "within the spread"
    UNKNOWN = "spread unknown"


@dataclass(frozen=True)
class Change:
    """One benchmark in both runs.

    `ratio` is the new median over the old one; `low` and `high` are the least and the largest ratio that the
    two notches allow, both equal to `ratio` where a single round leaves the spread unknown or where instructions
    were counted (`counted`).
    """

    group: str
    new: Benchmark
    old: Benchmark
    ratio: float
    low: float
    high: float
    trend: Trend
    counted: bool = False


@dataclass(frozen=True)
class Changes:
    """A whole comparison: what is in both runs, what came, what went, and what makes the machines differ."""

    changes: tuple[Change, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    machine: tuple[str, ...]


def compare(run: Run, groups: tuple[Group, ...], baseline: Run) -> Changes:
    """Match the benchmarks of `run` (sorted into `groups`) with those of `baseline` by their full names."""
    old = {benchmark.fullname: benchmark for benchmark in baseline.benchmarks}
    new = [(group.name, row.benchmark) for group in groups for case in group.cases for row in case.rows]
    names = {benchmark.fullname for _, benchmark in new}
    return Changes(
        changes=tuple(_change(group, b, old[b.fullname]) for group, b in new if b.fullname in old),
        added=tuple(b.fullname for _, b in new if b.fullname not in old),
        removed=tuple(name for name in old if name not in names),
        machine=tuple(
            f"{key}: {baseline.machine[key]} → {run.machine[key]}"
            for key in ("processor", "cores", "system", "Python")
            if key in run.machine and key in baseline.machine and run.machine[key] != baseline.machine[key]
        ),
    )


def _change(group: str, new: Benchmark, old: Benchmark) -> Change:
    if new.instructions is not None and old.instructions is not None:
        return _counted(group, new, old, new.instructions / old.instructions)
    return _timed(group, new, old)


def _counted(group: str, new: Benchmark, old: Benchmark, ratio: float) -> Change:
    trend = Trend.SLOWER if ratio > 1 + SAME_COUNT else Trend.FASTER if ratio < 1 - SAME_COUNT else Trend.SAME
    return Change(group, new, old, ratio, ratio, ratio, trend, counted=True)


def _timed(group: str, new: Benchmark, old: Benchmark) -> Change:
    ratio = new.median / old.median
    if new.spread is None or old.spread is None:
        return Change(group, new, old, ratio, ratio, ratio, Trend.UNKNOWN)
    new_notch, old_notch = _notch(new, new.spread), _notch(old, old.spread)
    low = max(new.median - new_notch, 0.0) / (old.median + old_notch)
    high = (new.median + new_notch) / (old.median - old_notch) if old.median > old_notch else inf
    trend = Trend.SLOWER if low > 1 else Trend.FASTER if high < 1 else Trend.SAME
    return Change(group, new, old, ratio, low, high, trend)


def _notch(benchmark: Benchmark, spread: float) -> float:
    return NOTCH * IQR_OF_A_NORMAL * spread / sqrt(benchmark.rounds)
