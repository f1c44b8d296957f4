"""The demo's tables in a terminal of 80 columns."""

from typing import TYPE_CHECKING

from gradcheck.demo._result import DemoResult
from gradcheck.demo._tables import CAUGHT, MISSED, Table, heading, tables, verdict

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

__all__ = ["WIDTH", "show"]

WIDTH = 80
STYLE = {"pass": "green", CAUGHT: "green", "fail": "bold red", MISSED: "bold red", "inconclusive": "yellow"}


def show(result: DemoResult, console: "Console") -> None:
    """Print the whole result, `WIDTH` columns at most, coloured on a terminal alone."""
    width = min(WIDTH, console.width)
    console.print(heading(result) + "\n", width=width, highlight=False, markup=False)
    for table in tables(result):
        console.print(table.title, style="bold", width=width, highlight=False)
        console.print(table.text, style="dim", width=width, highlight=False, markup=False)
        console.print(clothed(table), width=width)
    close(result, console)


def close(result: DemoResult, console: "Console") -> None:
    """Print the verdict, what could not be done, and the files, each path on one line."""
    console.print(verdict(result), style="bold green" if result.passed else "bold red", highlight=False)
    for note in result.notes:
        console.print(note, highlight=False, markup=False)
    for kind, path in result.files.items():
        console.print(f"{kind}: {path}", highlight=False, markup=False, soft_wrap=True)


def clothed(table: Table) -> "RenderableType":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as Rich
    from rich.text import Text

    rich = Rich(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for column, cells in zip(table.columns, zip(*table.rows, strict=True), strict=True):
        rich.add_column(column, justify="right" if all(map(numeric, cells)) else "left", no_wrap=True)
    for row in table.rows:
        rich.add_row(*(Text(cell, style=STYLE.get(cell, "")) for cell in row))
    return rich


def numeric(cell: str) -> bool:
    """Whether a cell belongs in a right-aligned column: it starts as a number does.

    >>> numeric("36.8 %"), numeric("> 5000"), numeric("1 of 16"), numeric("W1[0, 3]")
    (True, True, True, False)
    """
    return cell.lstrip("> ")[:1].isdigit()
