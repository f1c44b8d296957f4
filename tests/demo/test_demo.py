"""The demo end to end: what is right passes, what is planted is caught, and a blind checker is found out."""

import json
import re
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from gradcheck import check_grad
from gradcheck.check._verdict import Finding, Report, Verdict
from gradcheck.demo import _files, run_demo
from gradcheck.demo._mistakes import MISTAKES
from gradcheck.demo._stages import MOMENTS

from .conftest import Ran


def blind(f: object, grad: object, inputs: dict[str, np.ndarray]) -> Report:
    """A checker that lets everything pass."""
    findings = tuple(Finding("value", Verdict.PASS, input=name, resolution=1e-9) for name in inputs)
    return Report(Verdict.PASS, findings, resolution=1e-9)


def accusing(*blamed: str) -> Report:
    """The report of a checker that calls these gradients wrong, whatever they are."""
    return Report(Verdict.FAIL, tuple(Finding("value", Verdict.FAIL, input=name) for name in blamed))


UNDECIDED = Report(Verdict.INCONCLUSIVE, ())


def test_the_demo_passes(ran: Ran) -> None:
    assert ran.result.passed
    assert ran.result.exit_code == 0


def test_the_gradients_are_judged_at_the_start_while_learning_and_at_the_end(ran: Ran) -> None:
    stages = ran.result.stages
    assert [stage.step for stage in stages[:-1]] == [0, *MOMENTS]
    assert stages[-1].name == "converged"
    assert stages[-1].step > MOMENTS[-1]
    for stage in stages:
        assert stage.report.verdict is Verdict.PASS
        assert {f.input for f in stage.report.findings} >= {"W1", "b1", "W2", "b2"}
        assert stage.report.resolution <= 1e-4


def test_learning_lowers_the_cost_and_generalises(ran: Ran) -> None:
    first, *_, last = ran.result.stages
    assert last.cost < 0.01 < 0.69 < first.cost
    assert last.accuracy > 0.9
    assert last.saturated > first.saturated
    assert ran.result.curve.cost[0] == first.cost
    assert len(ran.result.curve.cost) == last.step + 1


@pytest.mark.parametrize("number", range(len(MISTAKES)), ids=[mistake.__name__ for mistake in MISTAKES])
def test_each_planted_mistake_is_caught_where_it_is(ran: Ran, number: int) -> None:
    row, mistake = ran.result.planted[number], MISTAKES[number]
    assert row.caught
    for report in (row.start, row.end):
        failed = [f for f in report.findings if f.verdict is Verdict.FAIL]
        assert {f.input for f in failed} == set(mistake.inputs)
        assert {f.code for f in failed} == {mistake.code}


@pytest.mark.parametrize(
    ("title", "diagnosis"),
    [
        ("1/m forgotten in dW1", "factor"),
        ("1/(m - 1) for 1/m in dW2", "factor"),
        ("dW1 transposed, W1 square", "transpose"),
        ("dW1 transposed, reshaped", "transpose"),
        ("sign of dZ2", "sign"),
        ("L2 term the cost lacks", "extra-term"),
    ],
)
def test_mistakes_with_a_name_are_called_by_it(ran: Ran, title: str, diagnosis: str) -> None:
    row = next(row for row in ran.result.planted if row.title == title)
    for report in (row.start, row.end):
        assert {f.diagnosis for f in report.findings if f.verdict is Verdict.FAIL} == {diagnosis}


def test_a_factor_is_told_with_its_size(ran: Ran) -> None:
    assert "factor 455" in ran.text
    assert "factor 1.002" in ran.text


def test_from_zero_weights_the_hidden_units_stay_identical(ran: Ran) -> None:
    found = {(row.initialisation, row.activation): row for row in ran.result.starts}
    for activation, rank in (("tanh", 0), ("sigmoid", 1)):
        zero, random = found["all zero", activation], found["0.01 x normal", activation]
        assert (zero.distinct, zero.rank) == (1, rank)
        assert (random.distinct, random.rank) == (16, 16)
        assert random.cost < 0.2 * zero.cost


@pytest.mark.parametrize(
    "report",
    [Report(Verdict.PASS, ()), UNDECIDED, accusing("b2"), accusing("W1", "b2")],
    ids=["passed", "undecided", "blamed-elsewhere", "blamed-too-much"],
)
def test_one_mistake_that_is_not_caught_makes_the_demo_fail(ran: Ran, report: Report) -> None:
    assert ran.result.planted[0].inputs == ("W1",)
    for moment in ("start", "end"):
        row = replace(ran.result.planted[0], **{moment: report})
        result = replace(ran.result, planted=(row, *ran.result.planted[1:]))
        assert not row.caught
        assert result.exit_code == 1


@pytest.mark.parametrize("report", [UNDECIDED, accusing("W1")], ids=["undecided", "failed"])
def test_one_right_gradient_that_does_not_pass_makes_the_demo_fail(ran: Ran, report: Report) -> None:
    stages = (*ran.result.stages[:-1], replace(ran.result.stages[-1], report=report))
    assert replace(ran.result, stages=stages).exit_code == 1


def test_a_demo_that_judged_nothing_fails(ran: Ran) -> None:
    assert replace(ran.result, planted=()).exit_code == 1
    assert replace(ran.result, stages=()).exit_code == 1


def test_a_blind_checker_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_files, "PAGE_NEEDS", ("no_such_module",))
    console = Console(file=StringIO(), width=80)
    result = run_demo(output=tmp_path, console=console, quiet=True, check=blind)
    assert result.exit_code == 1
    assert all(result.right)
    assert not any(result.caught)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert f"0 of {len(MISTAKES)} planted mistakes were caught" in said
    assert not json.loads((tmp_path / "demo.json").read_text(encoding="utf-8"))["passed"]


def test_the_other_seed_learns_from_other_examples() -> None:
    """And its right gradient passes too."""
    from gradcheck.demo._data import load_breast_cancer, split
    from gradcheck.demo._network import names
    from gradcheck.demo._stages import learner_of

    learner = learner_of(split(load_breast_cancer(), np.random.default_rng(99)))
    point = names(learner.network.initialise(np.random.default_rng(98)))
    assert check_grad(learner.cost, learner.gradients, point)


def test_the_text_fits_80_columns_and_has_no_colour_off_a_terminal(ran: Ran) -> None:
    assert all(len(line) <= 80 for line in ran.text.splitlines() if str(ran.folder) not in line)
    assert "\x1b" not in ran.text
    assert "…" not in ran.text


def test_the_text_names_every_mistake_the_verdict_and_the_files(ran: Ran) -> None:
    for mistake in MISTAKES:
        assert mistake.title in ran.text
    assert "5 of 5 right gradients passed, 12 of 12 planted mistakes were caught" in ran.text
    assert str(ran.folder / "demo.html") in ran.text
    assert str(ran.folder / "demo.json") in ran.text


def test_the_json_file_holds_everything_and_its_reports_can_be_read_back(ran: Ran) -> None:
    document = json.loads((ran.folder / "demo.json").read_text(encoding="utf-8"))
    assert document["passed"] is True
    assert document["network"] == [30, 16, 1]
    assert len(document["stages"]) == 5
    assert len(document["planted"]) == len(MISTAKES)
    assert all(row["caught"] for row in document["planted"])
    first = Report.from_json(json.dumps(document["stages"][0]["report"]))
    assert first.verdict is Verdict.PASS
    assert first.evaluations == ran.result.stages[0].report.evaluations


def test_the_page_tells_the_story_offline(ran: Ran) -> None:
    page = (ran.folder / "demo.html").read_text(encoding="utf-8")
    for mistake in MISTAKES:
        assert mistake.title.replace("'", "&#39;") in page
    assert "10.24432/C5DW2B" in page
    assert page.count("<svg") >= 8
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert "<script src" not in page


def test_without_the_extra_there_is_no_page_but_a_word_and_the_json(
    ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_files, "PAGE_NEEDS", ("no_such_module",))
    result = _files.write(replace(ran.result, files={}, notes=()), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["demo.json"]
    assert "no_such_module" in result.notes[0]
    assert "gradcheck[report]" in result.notes[0]
    assert set(result.files) == {"json"}


def test_a_progress_bar_is_not_drawn_off_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    from gradcheck.demo._progress import progress

    with progress(2, hidden=False) as tick:
        tick("one")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("seed", [-1, -100])
def test_a_negative_seed_is_refused(tmp_path: Path, seed: int) -> None:
    with pytest.raises(ValueError, match=rf"seed={seed}.*Try: seed=0"):
        run_demo(seed=seed, output=tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(ValueError, match=r"taken.*cannot be made.*Try: name a folder"):
        run_demo(output=tmp_path / "taken")


def test_a_folder_where_the_file_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo.json").mkdir()
    with pytest.raises(ValueError, match=r"demo.json.*cannot be written.*Try: name a folder"):
        _files.save(tmp_path / "demo.json", "{}")
