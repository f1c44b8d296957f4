"""Subjects of the conformance kit on the command line: check, table, explain."""

import json
from pathlib import Path

import pytest

from gradcheck.check import Verdict
from gradcheck.cli import Exit
from gradcheck.conformance import CHECKS
from gradcheck.report import from_json
from tests.cli.conftest import Run

LIBRARY = """
import numpy as np
from gradcheck.conformance import Activation

def tanh(z): return np.tanh(z), np.tanh(z)
def back(cotangent, a): return cotangent * (1 - a * a)
def back_in_place(cotangent, a):
    cotangent *= 1 - a * a
    return cotangent.copy()

right = Activation("right", tanh, back)
wrong = Activation("wrong", tanh, back_in_place)
both = [right, wrong]
"""


QUICK = ("GC001", "GC202")
BLOCKING = ("GC001", "GC101", "GC102", "GC202")


def ask_only(monkeypatch: pytest.MonkeyPatch, checks: tuple[str, ...]) -> None:
    """The kit has tests of its own; here a few of its questions will do."""
    asked = tuple(check for check in CHECKS if check.id in checks)
    monkeypatch.setattr("gradcheck.conformance._run.CHECKS", asked)


@pytest.fixture
def library(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (project / "library.py").write_text(LIBRARY)
    ask_only(monkeypatch, QUICK)
    return project


@pytest.mark.parametrize(("target", "code"), [("library:right", Exit.PASS), ("library:both", Exit.FAIL)])
def test_the_exit_code_is_the_verdict_of_the_kit(run: Run, library: Path, target: str, code: Exit) -> None:
    assert run("check", target).code == code
    assert run("table", target).code == code


def test_each_question_is_a_finding(run: Run, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask_only(monkeypatch, BLOCKING)
    report = from_json(run("check", "library:wrong", "--format", "json").out)
    verdicts = {finding.code: finding.verdict for finding in report.findings}
    assert verdicts["GC001"] is Verdict.PASS
    assert verdicts["GC202"] is Verdict.FAIL
    assert verdicts["GC102"] is Verdict.INCONCLUSIVE  # it requires GC101, which failed
    assert report.verdict is Verdict.FAIL


def test_a_report_of_the_kit_speaks_of_checks_not_of_digits(run: Run, library: Path) -> None:
    out = run("check", "library:right").out
    assert "(right, 2 checks)" in out.splitlines()[0]
    assert "caught" not in out
    assert "evaluations" not in out


def test_a_subject_can_be_replayed(run: Run, library: Path) -> None:
    path = run("check", "library:wrong", "--save").out.rsplit("gradcheck replay ", 1)[1].strip()
    assert run("replay", path).code == Exit.FAIL


def test_the_table_has_a_row_for_each_check(run: Run, library: Path) -> None:
    lines = run("table", "library:both").out.splitlines()
    assert lines[0] == "| check | what holds | right | wrong |"
    assert any(line.startswith("| GC202 |") and line.endswith("| pass | **FAIL** |") for line in lines)


def test_known_failures_are_expected(run: Run, library: Path) -> None:
    report = json.loads(run("check", "library:wrong", "--format", "json").out)
    failing = [each["code"] for each in report["findings"] if each["verdict"] == "fail"]
    entries = [f'[[expected]]\nsubject = "wrong"\ncheck = "{code}"\nreason = "known"\n' for code in failing]
    (library / "known.toml").write_text("\n".join(entries))
    assert run("table", "library:wrong", "--expected", "known.toml").code == Exit.PASS


@pytest.mark.parametrize("arguments", [["library:tanh"], ["library:right", "--expected", "none.toml"]])
def test_what_is_no_subject_is_a_usage_error(run: Run, library: Path, arguments: list[str]) -> None:
    ran = run("table", *arguments)
    assert ran.code == Exit.USAGE
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("check", [check.id for check in CHECKS])
def test_every_check_has_a_page(run: Run, check: str) -> None:
    ran = run("explain", check.lower())
    assert ran.code == Exit.PASS
    assert ran.out.startswith(check)
    assert "Why:" in ran.out


def test_an_unknown_check_is_a_usage_error(run: Run) -> None:
    assert run("explain", "GC999").code == Exit.USAGE
