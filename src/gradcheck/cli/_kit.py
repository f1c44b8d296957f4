"""A subject of the conformance kit as a report: each question to it is a finding."""

import contextlib
import sys
from pathlib import Path
from typing import Any

from gradcheck.check._verdict import Finding, Report, Verdict
from gradcheck.cli._target import Target, load
from gradcheck.conformance import Conformance, Outcome, check_library

__all__ = ["library_of", "report_of"]


def library_of(target: Target, expected: Path | None, seed: int) -> Conformance:
    """All questions of the kit to all subjects that the target holds."""
    found = load(target)
    subjects = found if isinstance(found, list | tuple) else [found]
    with contextlib.redirect_stdout(sys.stderr):
        return check_library(subjects, expected_failures=expected or (), seed=seed)


def report_of(subject: Any, target: str, seed: int) -> Report:
    """All questions of the kit to one subject."""
    findings = tuple(map(_finding, check_library([subject], seed=seed).outcomes))
    return Report(
        _worst(findings), findings, call="check_library", subject=subject.name, seed=seed, target=target
    )


def _finding(outcome: Outcome) -> Finding:
    """One answer. What a failed prerequisite blocks is open, never passed."""
    known = {verdict.value: verdict for verdict in Verdict}
    verdict = known.get(outcome.result.value, Verdict.INCONCLUSIVE)
    if verdict is Verdict.PASS:
        return Finding(outcome.check.id, verdict, outcome.check.title)
    message = f"{outcome.check.title}\n{outcome.message or outcome.result.value}"
    return Finding(outcome.check.id, verdict, message, advice=outcome.check.cure)


def _worst(findings: tuple[Finding, ...]) -> Verdict:
    verdicts = {finding.verdict for finding in findings}
    if Verdict.FAIL in verdicts:
        return Verdict.FAIL
    return Verdict.PASS if verdicts == {Verdict.PASS} else Verdict.INCONCLUSIVE
