"""`Document` -> Markdown, for a CI summary and for the terminal."""

from collections.abc import Iterator

from ._compact import caption, compact_table
from ._document import Document
from ._group import Group
from ._read import Run
from ._scaling import curves_of
from ._settings import GroupSettings
from ._table import Table, change_table, lone, lone_table

__all__ = ["growth", "machine", "to_markdown", "verdict"]


def to_markdown(document: Document) -> str:
    """The report as GitHub-flavoured Markdown, its tables padded so that they also read as plain text."""
    return "\n".join(_lines(document)).rstrip() + "\n"


def _lines(document: Document) -> Iterator[str]:
    yield from ("# Benchmarks", "", _escape(verdict(document)), "")
    remarks = [f"- **over its limit**: {_escape(str(breach))}" for breach in document.breaches]
    remarks += [f"- {_escape(note)}" for note in document.notes]
    yield from (*remarks, *[""] * bool(remarks))
    if document.changes is not None and document.changes.changes:
        yield from ("## Against the baseline", "")
        yield from (*_table(change_table(document.changes, document.settings)), "")
    single = lone(document.groups)
    for group in document.groups:
        if group not in single:
            yield from _group(group, document.settings.of(group.name))
    if single:
        yield from ("## Alone in their groups", "", *_table(lone_table(single)), "")
    yield _escape(machine(document.run))


def _group(group: Group, settings: GroupSettings) -> Iterator[str]:
    yield from (f"## {_escape(group.name)}", "", *_table(compact_table(group, settings)), "")
    yield from (_escape(" ".join((caption(group, settings), *growth(group)))), "")


def verdict(document: Document) -> str:
    """The first sentence: how much was read, and whether a limit was exceeded."""
    benchmarks, groups = len(document.run.benchmarks), len(document.groups)
    read = f"{benchmarks} benchmark{'s' * (benchmarks != 1)} in {groups} group{'s' * (groups != 1)}"
    held = (
        f"{len(document.breaches)} of {document.limits} over the limit"
        if document.limits
        else "no limit was set"
    )
    return f"{read}; {held}."


def growth(group: Group) -> Iterator[str]:
    """For each parameter, how every contender's time grows with it."""
    curves = curves_of(group)
    for parameter in dict.fromkeys(curve.parameter for curve in curves):
        along = [curve for curve in curves if curve.parameter == parameter]
        exponents = (f"{curve.label} {curve.power}" for curve in along)
        last = " (between the two largest)" if any(len(curve.sizes) > 2 for curve in along) else ""
        yield f"Time grows with {parameter} to the power{last}: {', '.join(exponents)}."


def machine(run: Run) -> str:
    """What the figures were measured on, in one line."""
    bare = ("processor", "system")
    return "; ".join(value if name in bare else f"{name} {value}" for name, value in run.machine.items())


def _table(table: Table) -> Iterator[str]:
    cells = [[_escape(cell) for cell in row] for row in (table.heads, *table.rows)]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    rules = ["-" * w if i in table.words else "-" * (w - 1) + ":" for i, w in enumerate(widths)]
    lines = [_line(cells[0], widths, table), _line(rules, widths, table)]
    yield from (*lines, *(_line(row, widths, table) for row in cells[1:]))


def _line(cells: list[str], widths: list[int], table: Table) -> str:
    aligned = (
        cell.ljust(width) if number in table.words else cell.rjust(width)
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join(aligned)} |"


def _escape(text: str) -> str:
    """Text that Markdown takes as text: a bar would end the cell, a newline the row; `<`, `*`, `_` vanish."""
    flat = " ".join(text.split())
    for sign in "\\|*_<`":
        flat = flat.replace(sign, f"\\{sign}")
    return flat
