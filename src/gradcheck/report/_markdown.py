"""A report as Markdown: for a pull request, a job summary, a notebook."""

import re

from gradcheck.check._verdict import Finding, Report
from gradcheck.report._numbers import entry_name, estimate, number, percent, short
from gradcheck.report._words import agreement, closing, headline, notes, worst_first

__all__ = ["to_markdown"]

COLUMNS = ("input", "checked", "verdict", "claimed", "measured", "off by", "would have caught")
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def to_markdown(report: Report) -> str:
    """The report as Markdown (GitHub's flavour): the verdict, what is wrong and why, all findings as a table.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
        Text that ends in a line break; what users wrote is escaped.

    Examples
    --------
    >>> from gradcheck.check._verdict import Finding, Report, Verdict
    >>> right = Finding("value", Verdict.PASS, input="x", resolution=2e-10, probability=0.999)
    >>> print(to_markdown(Report(Verdict.PASS, (right,), subject="square")).splitlines()[0])
    ### PASS: square
    """
    title = f"### {report.verdict.upper()}"
    parts = [f"{title}: {escape(report.subject)}" if report.subject else title, _objections(report)]
    parts += [f"- {escape(sentence)}" for sentence in closing(report)]
    return "\n".join([*filter(None, parts), "", _table(report), "", _bookkeeping(report), ""])


def escape(text: str) -> str:
    """The text with everything that Markdown or HTML would read as a sign made harmless, on one line."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _objections(report: Report) -> str:
    if not worst_first(report):
        return f"- {escape(agreement(report))}"
    lines = []
    for finding in worst_first(report):
        lines.append(f"- **{finding.verdict.upper()}** {escape(headline(finding))}")
        lines += [f"  - {escape(note)}" for note in notes(finding)]
    return "\n".join(lines)


def _table(report: Report) -> str:
    rows = [COLUMNS, ("---",) * len(COLUMNS), *(_row(finding) for finding in report.findings)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(finding: Finding) -> tuple[str, ...]:
    measured = "" if finding.measured is None else estimate(finding.measured, finding.error)
    cells = (
        entry_name(finding.input, finding.index),
        f"{finding.code} ({finding.diagnosis})" if finding.diagnosis else finding.code,
        finding.verdict.upper(),
        "" if finding.claimed is None else number(finding.claimed),
        measured,
        "" if finding.margin is None else f"{short(finding.margin)} × the bound",
        _caught(finding),
    )
    return tuple(map(escape, cells))


def _caught(finding: Finding) -> str:
    if finding.resolution is None:
        return ""
    sure = "" if finding.probability is None else f" ({percent(finding.probability)})"
    return f"{short(finding.resolution)}{sure}"


def _bookkeeping(report: Report) -> str:
    """What it cost and where it ran: the line that makes two reports comparable."""
    facts = [
        report.call,
        f"{report.evaluations} evaluations of the function",
        f"{report.claim_evaluations} of the claim",
        f"{report.seconds:.2g} s",
        f"seed {report.seed}",
        *(f"{name} {version}" for name, version in report.environment.items()),
    ]
    return escape(", ".join(filter(None, facts)))
