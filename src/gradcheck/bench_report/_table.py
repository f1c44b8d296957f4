"""The report as plain tables of strings, which Markdown and HTML both draw."""

from dataclasses import dataclass
from typing import Any

from ._baseline import Change, Changes, Trend
from ._group import Case, Group, Row, digits, is_scalar, number
from ._read import Benchmark
from ._settings import Settings

__all__ = ["Table", "change_table", "group_table", "lone", "lone_table", "seconds"]


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


def lone(groups: tuple[Group, ...]) -> tuple[Group, ...]:
    """The groups of a single benchmark, which one table can hold; none where it would hold one alone."""
    found = tuple(group for group in groups if sum(len(case.rows) for case in group.cases) == 1)
    return found if len(found) > 1 else ()


def lone_table(groups: tuple[Group, ...]) -> Table:
    """One row for each of `groups`, whose single benchmark competes with nothing."""
    extra = tuple(dict.fromkeys(name for group in groups for name in group.extra_names()))
    rows = tuple((group.name, *_measured(group.cases[0].rows[0], extra)) for group in groups)
    return Table(("group", *MEASURED, *extra), rows, frozenset({0}))


def group_table(group: Group, figures: tuple[str, ...] | None = None) -> Table:
    """One row for each contender of each case: its time, its ratio to the reference, its figures (all by default)."""
    cased = any(case.params for case in group.cases)
    extra = group.extra_names() if figures is None else figures
    heads = (*(("case",) if cased else ()), "contender", "ratio", *MEASURED, *extra)
    rows = tuple(
        ((case.label,) if cased else ()) + (row.contender, _ratio(case, row), *_measured(row, extra))
        for case in group.cases
        for row in case.rows
    )
    return Table(heads, rows, frozenset(range(1 + cased)))


def _ratio(case: Case, row: Row) -> str:
    return "1 (reference)" if row.contender == case.reference else digits(row.ratio)


MEASURED = ("median", "spread", "rounds")


def _measured(row: Row, extra: tuple[str, ...]) -> tuple[str, ...]:
    benchmark = row.benchmark
    spread = "?" if benchmark.spread is None else f"{benchmark.spread / benchmark.median:.1%}"
    figures = (figure(benchmark.extra.get(name)) for name in extra)
    return (seconds(benchmark.median), spread, f"{benchmark.rounds:,}", *figures)


def figure(value: Any) -> str:
    """A figure that a benchmark wrote down; nothing for what is neither a number nor a word."""
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
