"""The compliance matrix as Markdown."""

from gradcheck.conformance._run import Conformance, Result

__all__ = ["to_markdown_table"]

MARKS = {
    Result.PASS: "pass",
    Result.FAIL: "**FAIL**",
    Result.INCONCLUSIVE: "cannot tell",
    Result.BLOCKED: "blocked",
    Result.EXPECTED: "known",
    Result.STALE: "**stale**",
}


def to_markdown_table(conformance: Conformance) -> str:
    """Checks down, subjects across; a dash where a check is not asked of a subject.

    Examples
    --------
    >>> import numpy as np
    >>> from gradcheck.conformance import Activation, check_library
    >>> double = Activation("double", lambda z: (2 * z, None), lambda cotangent, cache: 2 * cotangent)
    >>> print(to_markdown_table(check_library([double], checks=["GC001", "GC202"])))
    | check | what holds | double |
    | --- | --- | --- |
    | GC001 | forward and backward run, and each input gets a gradient of its shape | pass |
    | GC202 | the cotangent is left as it was | pass |
    """
    subjects = list(dict.fromkeys(outcome.subject for outcome in conformance.outcomes))
    checks = {outcome.check.id: outcome.check for outcome in conformance.outcomes}
    marks = {(o.check.id, o.subject): MARKS[o.result] for o in conformance.outcomes}
    rows = [["check", "what holds", *subjects], ["---"] * (2 + len(subjects))]
    for identifier in sorted(checks):
        cells = [marks.get((identifier, subject), "–") for subject in subjects]
        rows.append([identifier, checks[identifier].title, *cells])
    return "\n".join(f"| {' | '.join(_escaped(cell) for cell in row)} |" for row in rows)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")
