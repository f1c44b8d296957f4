"""The report as plain tables of strings, which Markdown and HTML both draw."""

from dataclasses import dataclass
from typing import Any

from ._baseline import Change, Changes, Trend
from ._group import Case, Group, Row, digits, is_scalar, number
from ._read import Benchmark
from ._settings import Settings

__all__ = ["Table", "change_table", "group_table", "seconds"]


@dataclass(frozen=True)
class Table:
    """Column heads, rows of cells, and which columns hold words (they are set flush left)."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: frozenset[int]


def seconds(value: float) -> str:
    """A time with its unit and three digits: ``12.3 µs``."""
    unit, factor = next(((u, f) for u, f in UNITS if value < f * 999.5), ("s", 1.0))
    return f"{value / factor:,.3g} {unit}" if value / factor < 999.5 else f"{value / factor:,.0f} {unit}"


UNITS = (("ns", 1e-9), ("µs", 1e-6), ("ms", 1e-3))


def group_table(group: Group) -> Table:
    """One row for each contender of each case: its time, its ratio to the reference, its own figures."""
    cased = any(case.params for case in group.cases)
    extra = group.extra_names()
    heads = (*(("case",) if cased else ()), "contender", "median", "spread", "rounds", "ratio", *extra)
    rows = tuple(
        ((case.label,) if cased else ()) + _cells(case, row, extra)
        for case in group.cases
        for row in case.rows
    )
    return Table(heads, rows, frozenset(range(1 + cased)))


def _cells(case: Case, row: Row, extra: tuple[str, ...]) -> tuple[str, ...]:
    benchmark = row.benchmark
    spread = "?" if benchmark.spread is None else f"{benchmark.spread / benchmark.median:.1%}"
    ratio = "1 (reference)" if row.contender == case.reference else digits(row.ratio)
    return (
        row.contender,
        seconds(benchmark.median),
        spread,
        f"{benchmark.rounds:,}",
        ratio,
        *(_figure(benchmark.extra.get(name)) for name in extra),
    )


def _figure(value: Any) -> str:
    return number(value) if is_scalar(value) else ""


def change_table(changes: Changes, settings: Settings) -> Table:
    """One row for each benchmark of both runs: before, after, the ratio and what the spread makes of it."""
    heads = ("group", "benchmark", "baseline", "now", "ratio", "range of the ratio", "change", "limit")
    rows = tuple(
        (
            change.group,
            change.new.name,
            _amount(change.old, change.counted),
            _amount(change.new, change.counted),
            digits(change.ratio),
            _range(change),
            str(change.trend),
            _limit(settings.limit_of(change.group), change.low),
        )
        for change in changes.changes
    )
    return Table(heads, rows, frozenset({0, 1, 6}))


def _range(change: Change) -> str:
    if change.counted or change.trend is Trend.UNKNOWN:
        return "exact" if change.counted else "?"
    return f"{change.low:.3g} … {change.high:.3g}"


def _amount(benchmark: Benchmark, counted: bool) -> str:
    return f"{benchmark.instructions:,.0f} instructions" if counted else seconds(benchmark.median)


def _limit(limit: float | None, low: float) -> str:
    return "" if limit is None else f"{limit:g}{' exceeded' if low > limit else ''}"
