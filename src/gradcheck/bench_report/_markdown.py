"""`Document` -> Markdown, for a CI summary and for the terminal."""

from collections.abc import Iterator

from ._document import Document
from ._group import Group
from ._scaling import Curve, curves_of
from ._table import Table, change_table, group_table

__all__ = ["to_markdown"]


def to_markdown(document: Document) -> str:
    """The report as GitHub-flavoured Markdown, its tables padded so that they also read as plain text."""
    return "\n".join(_lines(document)).rstrip() + "\n"


def _lines(document: Document) -> Iterator[str]:
    yield from ("# Benchmarks", "", verdict(document), "")
    remarks = [f"- **over its limit**: {_escape(str(breach))}" for breach in document.breaches]
    remarks += [f"- {_escape(note)}" for note in document.notes]
    yield from (*remarks, *[""] * bool(remarks))
    if document.changes is not None and document.changes.changes:
        yield from ("## Against the baseline", "")
        yield from (*_table(change_table(document.changes, document.settings)), "")
    for group in document.groups:
        yield from (f"## {_escape(group.name)}", "", *_table(group_table(group)), "")
        laws = list(_scaling(group))
        yield from (*laws, *[""] * bool(laws))
    yield from (f"- {name}: {_escape(value)}" for name, value in document.run.machine.items())


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


def _scaling(group: Group) -> Iterator[str]:
    for curve in curves_of(group):
        yield f"- scaling of {_escape(curve.label)}: {_law(curve)}"


def _law(curve: Curve) -> str:
    return f"time {_escape(curve.law)}, {len(curve.sizes)} sizes"


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
