"""One offline HTML page: a summary, every finding, and the pictures; nothing is loaded from anywhere."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from gradcheck.check._verdict import Finding, Report, Verdict
from gradcheck.differentiate._errors import UsageError
from gradcheck.report._figures import Figure, inline, need
from gradcheck.report._numbers import entry_name, estimate, number, percent, short
from gradcheck.report._plots import margins, pictures
from gradcheck.report._words import agreement, closing, headline, notes, worst_first

__all__ = ["Section", "render", "to_html"]

DRAWN = 16  # findings with pictures on one page: more would take minutes to draw and to scroll
WORST = 10  # entries listed below a map, for those who do not see it
NUMBER = re.compile(r"[-+−±]?[\d.,]+(e[-+]?\d+)?( ?(%|s|ms|µs|×))?")


@dataclass(frozen=True)
class Section:
    """A part of the page that the caller fills: text, a table, pictures.

    Attributes
    ----------
    title : str
    text : str
        Paragraphs, separated by empty lines.
    columns, rows : sequences of str
        A table; a cell that is the name of a verdict is shown as its badge, numbers are right-aligned.
    figures : sequence of Figure
    """

    title: str
    text: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    figures: Sequence[Figure] = ()


def to_html(
    report: Report | Sequence[Report] | Mapping[str, Report],
    path: str | PathLike[str],
    *,
    title: str = "gradcheck report",
    sections: Sequence[Section] = (),
) -> None:
    """Write one report, or several, as one HTML file that needs nothing beside itself.

    Parameters
    ----------
    report : Report, or sequence of them, or mapping of title to Report
    path : path
        The file; its folder is made where it is missing.
    title : str
        Heading of the page.
    sections : sequence of Section
        Parts of the caller's own, shown before the reports.

    Raises
    ------
    UsageError
        If the extra ``report`` (Jinja2 and Matplotlib) is not installed, or the file cannot be written.
    """
    text = render(report, title=title, sections=sections)
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        cause = f"the file cannot be written ({error.strerror})"
        raise UsageError(str(target), cause, "choose a folder that you may write to") from error


def render(
    report: Report | Sequence[Report] | Mapping[str, Report],
    *,
    title: str = "gradcheck report",
    sections: Sequence[Section] = (),
) -> str:
    """The page of `to_html` as text."""
    jinja2 = need("jinja2")
    need("matplotlib")
    reports = _titled(report)
    gallery = Gallery(need("markupsafe").Markup, _drawable(each for _, each in reports))
    content = {
        "title": title,
        "sections": [_section(section, gallery) for section in sections],
        "reports": [_report(name, each, gallery) for name, each in reports],
        "counts": {v: sum(each.verdict is v for _, each in reports) for v in Verdict},
        "left_out": gallery.left_out,
    }
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gradcheck.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return str(environment.get_template("report.html.jinja").render(content))


def _titled(report: Report | Sequence[Report] | Mapping[str, Report]) -> list[tuple[str, Report]]:
    if isinstance(report, Mapping):
        return list(report.items())
    several = [report] if isinstance(report, Report) else list(report)
    return [(each.subject or each.call or f"report {place}", each) for place, each in enumerate(several, 1)]


def _drawable(reports: Iterable[Report]) -> list[Finding]:
    """The findings that have pictures, what failed first."""
    order = list(Verdict)
    found = [f for each in reports for f in each.findings if len(f.sample) > 1 or f.sweep is not None]
    return sorted(found, key=lambda f: (f.verdict is Verdict.PASS, order.index(f.verdict)))


class Gallery:
    """The pictures of one page: their number is limited, and their names are kept apart."""

    def __init__(self, markup: Callable[[str], Any], candidates: list[Finding]) -> None:
        self._markup = markup
        self._drawn = {id(finding) for finding in candidates[:DRAWN]}
        self._count = 0
        self.left_out = len(candidates[DRAWN:])

    def of(self, finding: Finding) -> list[dict[str, Any]]:
        """The pictures of a finding, none where the page has enough of them."""
        return self.hang(pictures(finding)) if id(finding) in self._drawn else []

    def hang(self, figures: Iterable[Figure]) -> list[dict[str, Any]]:
        """What the template needs to show these pictures."""
        return [self._framed(figure) for figure in figures]

    def _framed(self, figure: Figure) -> dict[str, Any]:
        self._count += 1
        svg = inline(figure.svg, f"p{self._count}", figure.title)
        return {"svg": self._markup(svg), "title": figure.title, "caption": figure.caption}


def _section(section: Section, gallery: Gallery) -> dict[str, Any]:
    paragraphs = [part.strip() for part in section.text.split("\n\n") if part.strip()]
    kinds = [_kind([str(cell) for cell in column]) for column in zip(*section.rows, strict=True)]
    return {
        "title": section.title,
        "paragraphs": paragraphs,
        "columns": list(zip(section.columns, kinds or ["text"] * len(section.columns), strict=True)),
        "rows": [
            [_cell(str(cell), kind) for cell, kind in zip(row, kinds, strict=True)] for row in section.rows
        ],
        "figures": gallery.hang(section.figures),
    }


def _kind(column: list[str]) -> str:
    """A column of numbers is right-aligned, also where a few of its cells say why there is no number."""
    return (
        "number" if 2 * sum(NUMBER.fullmatch(cell) is not None for cell in column) >= len(column) else "text"
    )


def _cell(text: str, kind: str) -> dict[str, str]:
    """A cell with what decides its looks: the verdict that it is, or the kind of its column."""
    verdict = text.lower()
    return (
        {"text": verdict.upper(), "kind": verdict}
        if verdict in list(Verdict)
        else {"text": text, "kind": kind}
    )


def _report(name: str, report: Report, gallery: Gallery) -> dict[str, Any]:
    objections = worst_first(report)
    return {
        "name": name,
        "verdict": report.verdict,
        "worst": headline(objections[0]) if objections else agreement(report),
        "sentences": closing(report),
        "caught": _caught(report.resolution, report.probability),
        "evaluations": report.evaluations,
        "objections": [_finding(f, gallery) for f in objections],
        "passes": [_finding(f, gallery) for f in report.findings if f.verdict is Verdict.PASS],
        "facts": _facts(report),
    }


def _finding(finding: Finding, gallery: Gallery) -> dict[str, Any]:
    return {
        "name": entry_name(finding.input, finding.index),
        "code": finding.code,
        "diagnosis": finding.diagnosis,
        "verdict": finding.verdict,
        "headline": headline(finding),
        "notes": notes(finding),
        "claimed": "" if finding.claimed is None else number(finding.claimed),
        "measured": "" if finding.measured is None else estimate(finding.measured, finding.error),
        "margin": "" if finding.margin is None else short(finding.margin),
        "caught": "" if finding.resolution is None else _caught(finding.resolution, finding.probability),
        "status": finding.status,
        "figures": gallery.of(finding),
        "entries": _worst_entries(finding),
    }


def _worst_entries(finding: Finding) -> list[tuple[str, str, str, str]]:
    """The worst of the measured entries in words: what the map shows in colours."""
    if finding.verdict is Verdict.PASS:
        return []
    ranked = sorted(zip(margins(finding.sample), finding.sample, strict=True), key=lambda pair: -pair[0])
    return [
        (entry_name(finding.input, e.index), number(e.claimed), estimate(e.measured, e.error), short(size))
        for size, e in ranked[:WORST]
    ]


def _caught(resolution: float, probability: float | None) -> str:
    if not math.isfinite(resolution):
        return ""
    return short(resolution) if probability is None else f"{short(resolution)} ({percent(probability)})"


def _facts(report: Report) -> list[tuple[str, str]]:
    """How the verdict was reached, so that somebody else can repeat it."""
    facts = {
        "check": report.call,
        "evaluations of the function": report.evaluations,
        "evaluations of the claim": report.claim_evaluations,
        "seconds": f"{report.seconds:.3g}",
        "seed": report.seed,
        **{f"option {name}": value for name, value in report.options.items()},
        **report.environment,
    }
    return [(name, str(value)) for name, value in facts.items() if value != ""]
