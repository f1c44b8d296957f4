"""Results to stdout, progress to stderr; colour and movement on a terminal alone."""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from gradcheck.check._verdict import Verdict
from gradcheck.cli._judge import Judged
from gradcheck.report import to_github, to_json, to_markdown, to_text

__all__ = ["Format", "Shown", "progress", "show", "tally"]

STYLE = {Verdict.PASS: "bold green", Verdict.FAIL: "bold red", Verdict.INCONCLUSIVE: "bold yellow"}
WIDTH = 80


class Format(StrEnum):
    """How results are written to stdout."""

    TEXT = "text"
    JSON = "json"
    MD = "md"
    GITHUB = "github"


class Shown(NamedTuple):
    """A judged claim with the file that holds its report, if it was saved."""

    judged: Judged
    saved: str | None = None


def show(results: Sequence[Shown], form: Format, *, as_list: bool) -> None:
    """Write the results to stdout.

    `as_list` writes a JSON list even for a single report: the shape depends on the question, not on the answer.
    """
    reports = [each.judged.report for each in results]
    if form is Format.JSON:
        documents = [json.loads(to_json(report)) for report in reports]
        print(json.dumps(documents if as_list else documents[0], indent=2, ensure_ascii=False))
    elif form is Format.MD:
        print("\n".join(map(to_markdown, reports)), end="")
    elif form is Format.GITHUB:
        for each in results:
            file, line = each.judged.place or (None, None)
            print(to_github(each.judged.report, file=file, line=line))
    else:
        _show_text(results)


def _show_text(results: Sequence[Shown]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    width = min(WIDTH, console.width) if console.is_terminal else WIDTH
    for place, (judged, saved) in enumerate(results):
        if place:
            console.print()
        console.print(coloured(to_text(judged.report, width=width, saved=saved)))
    if len(results) > 1:
        console.print(f"\n{tally([each.judged.report.verdict for each in results])}")


def coloured(text: str) -> Text:
    """The text with its verdicts in colour."""
    shown = Text(text)
    for verdict, style in STYLE.items():
        shown.highlight_regex(rf"(?m)^{verdict.upper()}\b", style)
    return shown


def tally(verdicts: Sequence[Verdict]) -> str:
    """How many of which verdict.

    >>> tally([Verdict.PASS, Verdict.FAIL, Verdict.PASS])
    '3 claims: 2 pass, 1 fail'
    """
    counts = ((verdict, verdicts.count(verdict)) for verdict in Verdict)
    parts = ", ".join(f"{count} {verdict}" for verdict, count in counts if count)
    return f"{len(verdicts)} claim{'' if len(verdicts) == 1 else 's'}: {parts}"


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str, int], None]]:
    """A line on stderr that says what is being judged, and vanishes; silent where stderr is no terminal."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda name, count: None
        return
    with console.status("") as status:

        def update(name: str, count: int) -> None:
            status.update(Text(f"{name}: {count} evaluations" if count else name))

        yield update
