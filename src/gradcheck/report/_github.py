"""A report as GitHub workflow commands: each finding an annotation beside the code."""

from os import PathLike, fspath

from gradcheck.check._verdict import Finding, Report, Verdict
from gradcheck.report._words import agreement, closing, headline, notes, worst_first

__all__ = ["to_github"]

LEVEL = {Verdict.FAIL: "error", Verdict.INCONCLUSIVE: "warning", Verdict.PASS: "notice"}


def to_github(report: Report, *, file: str | PathLike[str] | None = None, line: int | None = None) -> str:
    """The report as workflow commands of GitHub Actions: an error, warning or notice for each finding.

    Parameters
    ----------
    report : Report
    file : path, optional
        Where the claim stands, relative to the root of the repository: the annotation is shown there.
    line : int, optional
        The line of the file, from 1.

    Returns
    -------
    str
        One command a line; a report without an objection gives a single notice.

    Examples
    --------
    >>> from gradcheck.check._verdict import Finding, Report, Verdict
    >>> wrong = Finding("shape", Verdict.FAIL, "the gradient is (2, 3), the input (3, 2)", "W")
    >>> print(to_github(Report(Verdict.FAIL, (wrong,), subject="dense"), file="nn.py", line=3))
    ::error file=nn.py,line=3,title=gradcheck%3A dense%3A shape::W: the gradient is (2, 3), the input (3, 2)

    Notes
    -----
    The form of the commands and their escapes: docs.github.com, "Workflow commands for GitHub Actions".
    """
    place = {"file": None if file is None else fspath(file), "line": line}
    objections = worst_first(report)
    commands = [_command(finding, report, place) for finding in objections]
    return "\n".join(commands or [_notice(report, place)])


def _command(finding: Finding, report: Report, place: dict[str, str | int | None]) -> str:
    slug = f"{finding.code} ({finding.diagnosis})" if finding.diagnosis else finding.code
    lines = [headline(finding), *notes(finding)]
    return _written(LEVEL[finding.verdict], place, _title(report, slug), lines)


def _notice(report: Report, place: dict[str, str | int | None]) -> str:
    return _written(
        LEVEL[report.verdict],
        place,
        _title(report, report.verdict.value),
        [agreement(report), *closing(report)],
    )


def _title(report: Report, what: str) -> str:
    return ": ".join(filter(None, ("gradcheck", report.subject, what)))


def _written(level: str, place: dict[str, str | int | None], title: str, lines: list[str]) -> str:
    known = {**place, "title": title}
    properties = ",".join(
        f"{key}={_property(str(value))}" for key, value in known.items() if value is not None
    )
    text = _data("\n".join(lines))
    return f"::{level} {properties}::{text}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
