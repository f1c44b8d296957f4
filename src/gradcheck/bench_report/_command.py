"""The part of the command line that is bench-report's own: an option with an optional value, and what is printed."""

import shutil
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

from ._main import Outcome, bench_report
from ._terminal import to_terminal

__all__ = ["report_command", "spell_out_md", "summary"]


def spell_out_md(arguments: Sequence[str]) -> list[str]:
    """``--md`` without a path becomes ``--md -`` (standard output).

    The next word is its path unless it is another option or a JSON file, which is the results.

    Examples
    --------
    >>> spell_out_md(["results.json", "--md"])
    ['results.json', '--md', '-']
    >>> spell_out_md(["--md", "results.json"])
    ['--md', '-', 'results.json']
    >>> spell_out_md(["results.json", "--md", "summary.md", "--html", "page.html"])
    ['results.json', '--md', 'summary.md', '--html', 'page.html']
    """
    spelt: list[str] = []
    for word, after in zip_longest(arguments, arguments[1:]):
        spelt.append(word)
        if word == "--md" and (
            after is None or (after.startswith("-") and after != "-") or after.endswith(".json")
        ):
            spelt.append("-")
    return spelt


def report_command(
    results: Path, baseline: Path | None, html: Path | None, md: str | None, fail_above: float | None
) -> tuple[str, bool]:
    """What the command prints, and whether a limit is exceeded; `md` is a path or ``-``."""
    to_stdout = md == "-"
    path = None if to_stdout else md
    outcome = bench_report(results, baseline=baseline, html=html, md=path, fail_above=fail_above)
    return outcome.text if to_stdout else summary(outcome), outcome.exceeded


def summary(outcome: Outcome) -> str:
    """What the terminal shows: the whole report, or where it was written and what is over its limit."""
    if not outcome.written:
        return to_terminal(outcome.document, width=shutil.get_terminal_size().columns)
    lines = [outcome.verdict, *map(str, outcome.breaches), *(f"wrote {path}" for path in outcome.written)]
    return "\n".join(lines) + "\n"
