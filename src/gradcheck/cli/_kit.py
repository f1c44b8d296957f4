"""A subject of the conformance kit as a report: each question to it is a finding."""

from typing import Any

from gradcheck.check._verdict import Finding, Report, Verdict

__all__ = ["report_of"]


def report_of(subject: Any, target: str, seed: int) -> Report:
    """All questions of the kit to one subject."""
    from gradcheck.conformance import check_library

    findings = tuple(map(_finding, check_library([subject], seed=seed).outcomes))
    return Report(
        _worst(findings), findings, call="check_library", subject=subject.name, seed=seed, target=target
    )


def _finding(outcome: Any) -> Finding:
    """One answer. What a failed prerequisite blocks is open, never passed."""
    known = {verdict.value: verdict for verdict in Verdict}
    verdict = known.get(outcome.result.value, Verdict.INCONCLUSIVE)
    if verdict is Verdict.PASS:
        return Finding(outcome.check.id, verdict, outcome.check.title)
    message = f"{outcome.check.title}: {outcome.message or outcome.result.value}"
    return Finding(outcome.check.id, verdict, message, advice=outcome.check.cure)


def _worst(findings: tuple[Finding, ...]) -> Verdict:
    verdicts = {finding.verdict for finding in findings}
    if Verdict.FAIL in verdicts:
        return Verdict.FAIL
    return Verdict.PASS if verdicts == {Verdict.PASS} else Verdict.INCONCLUSIVE
