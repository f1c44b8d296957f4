"""A report for the terminal: what is wrong, why, what was right and how surely, in 80 columns."""

import textwrap

from gradcheck.check._verdict import Finding, Report
from gradcheck.report._words import agreement, closing, effort, headline, notes, worst_first

__all__ = ["to_text"]

INDENT = " " * 6
SHOWN = 5  # objections written out; the rest are counted, and stand in the JSON report


def to_text(report: Report, *, width: int = 80, saved: str | None = None) -> str:
    """The report in words: verdict, worst entry, the mistake, what was right to how many digits.

    Parameters
    ----------
    report : Report
    width : int
        Columns; longer sentences are wrapped.
    saved : str, optional
        The file that holds the report as JSON: the last line then says how to repeat the check.

    Returns
    -------
    str
        Lines without colour and without a final line break.

    Examples
    --------
    >>> from gradcheck.check._verdict import Finding, Report, Verdict
    >>> right = Finding("value", Verdict.PASS, input="x", resolution=2e-10, probability=0.999)
    >>> print(to_text(Report(Verdict.PASS, (right,), subject="square", resolution=2e-10, probability=0.999,
    ...                      evaluations=9)))
    PASS  x is right to 9.7 digits                           (square, 9 evaluations)
          a relative mistake of 2e-10 would have been caught (99.9 %)
    """
    objections = worst_first(report)
    lines = _objections(objections, report, width) if objections else _agreement(report, width)
    for sentence in closing(report, saved):
        lines += _wrapped(sentence, width)
    return "\n".join(lines)


def _objections(objections: list[Finding], report: Report, width: int) -> list[str]:
    lines: list[str] = []
    for finding in objections[:SHOWN]:
        aside = effort(report) if finding is objections[0] else ""
        lines += _titled(finding.verdict.upper(), headline(finding), aside, width)
        for note in notes(finding):
            lines += _wrapped(note, width)
    if len(objections) > SHOWN:
        lines += _wrapped(f"and {len(objections) - SHOWN} more findings against the claim", width)
    return lines


def _agreement(report: Report, width: int) -> list[str]:
    return _titled(report.verdict.upper(), agreement(report), effort(report), width)


def _titled(label: str, sentence: str, aside: str, width: int) -> list[str]:
    """The verdict, the sentence, and the aside at the right edge where there is room for it."""
    lines = textwrap.wrap(f"{label:4}  {sentence}", width, subsequent_indent=INDENT, break_long_words=False)
    if not aside:
        return lines
    room = width - len(lines[-1]) - len(aside) - 2
    if room >= 2:
        return [*lines[:-1], f"{lines[-1]}{' ' * room}({aside})"]
    return [*lines, *_wrapped(f"({aside})", width)]


def _wrapped(sentence: str, width: int) -> list[str]:
    wrap = textwrap.TextWrapper(width, INDENT, INDENT, break_long_words=False, break_on_hyphens=False)
    # The slug stays with the last word of its sentence: no line begins with an arrow or holds a slug alone.
    lines = (line for part in sentence.splitlines() for line in wrap.wrap(part.replace(" -> ", "\0->\0")))
    return [line.replace("\0", " ") for line in lines]
