"""A group in few lines, for a CI summary or a README: cases downwards, contenders across."""

from collections.abc import Iterable, Iterator
from statistics import median

from ._group import Case, Group, Row, digits, is_number, number
from ._settings import GroupSettings
from ._table import Table, figure, group_table, seconds

__all__ = ["caption", "compact_table"]

ABSENT = "-"


def compact_table(group: Group, settings: GroupSettings) -> Table:
    """One row for each case and one column for each contender where cells stay short; else one row for each contender.

    Cells stay short where the settings choose the group's figures, or where there are none to show.
    """
    figures = _figures(group, settings)
    if not _crosses(group) or (settings.figures is None and figures):
        return group_table(group, figures)
    names = tuple(dict.fromkeys(name for case in group.cases for name in case.params))
    rows = tuple(
        (*(number(case.params.get(name, "")) for name in names), *_cells(case, group.contenders, figures))
        for case in group.cases
    )
    words = (
        i for i, name in enumerate(names) if not all(is_number(case.params.get(name)) for case in group.cases)
    )
    return Table((*names, *group.contenders), rows, frozenset(words))


def caption(group: Group, settings: GroupSettings) -> str:
    """How a cell is read, what 1 stands for, and how far one round strayed from the median."""
    figures = _figures(group, settings)
    crossed = isinstance(settings.figures, tuple) or not figures
    cell = "; ".join(("median (ratio)", *figures)) if crossed and _crosses(group) else ""
    return ". ".join(part for part in (cell, _reference(group), _spread(group)) if part) + "."


def _figures(group: Group, settings: GroupSettings) -> tuple[str, ...]:
    known = group.extra_names()
    return known if settings.figures is None else tuple(name for name in settings.figures if name in known)


def _crosses(group: Group) -> bool:
    """Several cases, of which most contenders took most, none of them twice in one."""
    rows = [row.contender for case in group.cases for row in case.rows]
    once = all(len({row.contender for row in case.rows}) == len(case.rows) for case in group.cases)
    across, down = len(group.contenders), len(group.cases)
    return once and min(across, down) > 1 and 2 * len(rows) > across * down


def _cells(case: Case, contenders: Iterable[str], figures: tuple[str, ...]) -> Iterator[str]:
    rows = {row.contender: row for row in case.rows}
    for contender in contenders:
        yield _cell(rows[contender], figures) if contender in rows else ABSENT


def _cell(row: Row, figures: tuple[str, ...]) -> str:
    known = [figure(row.benchmark.extra.get(name)) for name in figures]
    shown = [each or ABSENT for each in known] if any(known) else []
    return "; ".join((f"{seconds(row.benchmark.median)} ({digits(row.ratio)})", *shown))


def _reference(group: Group) -> str:
    references = dict.fromkeys(case.reference for case in group.cases)
    if len(group.contenders) == 1:
        return ""
    if len(references) == 1:
        return f"Ratios are to {next(iter(references))}"
    return f"Ratios are to the contender with 1: {', '.join(references)}"


def _spread(group: Group) -> str:
    """The spread of a round, which every ratio inherits."""
    benchmarks = [row.benchmark for case in group.cases for row in case.rows]
    known = [b.spread / b.median for b in benchmarks if b.spread is not None]
    single = (
        f"{len(benchmarks) - len(known)} of {len(benchmarks)} ran once"
        if len(known) < len(benchmarks)
        else ""
    )
    if not known:
        return "Each ran once: the spread is unknown"
    spread = f"Spread of a round: {median(known):.1%} (median), {max(known):.0%} (largest)"
    return f"{spread}; {single}" if single else spread
