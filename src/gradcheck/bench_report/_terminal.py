"""`Document` -> text for a terminal: no mark-up, no line wider than the window."""

from collections.abc import Iterator
from textwrap import wrap

from ._document import Document
from ._markdown import growth, machine, verdict
from ._table import Table, change_table, group_table, lone, lone_table

__all__ = ["to_terminal"]

GAP = "  "


def to_terminal(document: Document, *, width: int = 80) -> str:
    """The report as plain text.

    Parameters
    ----------
    document : Document
    width : int
        Columns of the window. The columns of a table that do not fit go on below, beside the names of the rows.
    """
    return "\n".join(line.rstrip() for line in _lines(document, width)).rstrip() + "\n"


def _lines(document: Document, width: int) -> Iterator[str]:
    yield from wrap(verdict(document), width)
    for breach in document.breaches:
        yield from _bullet(f"OVER ITS LIMIT {breach}", width)
    for note in document.notes:
        yield from _bullet(note, width)
    if document.changes is not None and document.changes.changes:
        yield from (
            "",
            "AGAINST THE BASELINE",
            *_drawn(change_table(document.changes, document.settings), width),
        )
    single = lone(document.groups)
    for group in document.groups:
        if group not in single:
            yield from ("", _clean(group.name).upper(), *_drawn(group_table(group), width))
            for line in growth(group):
                yield from _bullet(line, width)
    if single:
        yield from ("", "ALONE IN THEIR GROUPS", *_drawn(lone_table(single), width))
    yield from ("", *wrap(machine(document.run), width))


def _bullet(text: str, width: int) -> list[str]:
    return wrap(_clean(text), width, initial_indent="- ", subsequent_indent="  ")


def _drawn(table: Table, width: int) -> Iterator[str]:
    """The table in blocks of columns that fit, each with the columns of words at its left."""
    rows = [[_clean(cell) for cell in row] for row in (table.heads, *table.rows)]
    names = sorted(table.words & set(range(_leading(table))))
    room = max(
        8, (width - len(GAP) * len(names)) // (2 * max(1, len(names)))
    )  # half the window for the names
    rows = [[_cut(cell, room if i in names else width) for i, cell in enumerate(row)] for row in rows]
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, block in enumerate(_blocks(sizes, names, width)):
        yield from [""] if number else []
        yield from (_line(row, sizes, block, table) for row in _without_repeats(rows, names))


def _leading(table: Table) -> int:
    """How many columns of words there are before the first of numbers."""
    return next((i for i in range(len(table.heads)) if i not in table.words), len(table.heads))


def _blocks(sizes: list[int], names: list[int], width: int) -> Iterator[list[int]]:
    rest = [i for i in range(len(sizes)) if i not in names]
    while rest:
        block = [*names, rest.pop(0)]
        while rest and sum(sizes[i] + len(GAP) for i in (*block, rest[0])) - len(GAP) <= width:
            block.append(rest.pop(0))
        yield block


def _without_repeats(rows: list[list[str]], names: list[int]) -> Iterator[list[str]]:
    """A name that is that of the row above is left out, all but the last of the names."""
    above: list[str] = []
    for row in rows:
        same = [i for i in names[:-1] if above and above[: i + 1] == row[: i + 1]]
        yield ["" if i in same else cell for i, cell in enumerate(row)]
        above = row


def _line(row: list[str], sizes: list[int], block: list[int], table: Table) -> str:
    return GAP.join(row[i].ljust(sizes[i]) if i in table.words else row[i].rjust(sizes[i]) for i in block)


def _cut(cell: str, room: int) -> str:
    return cell if len(cell) <= room else cell[: room - 1] + "…"


def _clean(text: str) -> str:
    """One line, without what could steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
