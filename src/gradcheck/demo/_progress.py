"""A progress bar on the standard error that is gone when the work is done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Tick", "progress"]

Tick = Callable[[str], None]


@contextmanager
def progress(total: int, *, hidden: bool) -> Iterator[Tick]:
    """Yield a function that is told what begins now; nothing is drawn if `hidden` or off a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (BarColumn(bar_width=24), TimeElapsedColumn(), TextColumn("{task.description}"))
    disable = hidden or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=disable) as bar:
        task = bar.add_task("", total=total)

        def tick(description: str) -> None:
            bar.update(task, description=description, advance=1)

        yield tick
