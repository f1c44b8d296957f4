"""`gradcheck run` and `gradcheck replay`."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gradcheck.check import Report, Verdict
from gradcheck.cli import Exit
from gradcheck.cli._files import read_reports
from gradcheck.report import from_json, to_json
from tests.cli.conftest import Run
from tests.report import samples


def configured(project: Path, table: str) -> None:
    (project / "pyproject.toml").write_text(f"[tool.gradcheck]\n{table}\n")


def test_the_targets_of_the_project_are_judged_in_order(run: Run, project: Path) -> None:
    configured(project, 'targets = ["layers:wrong", "layers.py:right_ones"]')
    ran = run("run", "--format", "json")
    assert ran.code == Exit.FAIL
    targets = [each["target"] for each in json.loads(ran.out)]
    assert targets == ["layers:wrong", "layers.py:right_ones[0]", "layers.py:right_ones[1]"]


def test_parallel_and_serial_reports_are_the_same(run: Run, project: Path) -> None:
    configured(project, 'targets = ["layers:wrong", "layers:right", "layers:undecided"]')

    def reports(*arguments: str) -> list[Report]:
        documents = json.loads(run("run", "--format", "json", *arguments).out)
        return [replace(from_json(json.dumps(each)), seconds=0.0) for each in documents]

    serial, parallel = reports(), reports("--jobs", "2")
    assert list(map(to_json, serial)) == list(map(to_json, parallel))
    assert [each.verdict for each in serial] == [Verdict.FAIL, Verdict.PASS, Verdict.INCONCLUSIVE]


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize(("target", "message"), [("layers:rihgt", "Try: right"), ("broken:x", "mine")])
def test_a_target_that_cannot_be_judged_is_said_after_the_results_of_the_others(
    run: Run, project: Path, jobs: str, target: str, message: str
) -> None:
    (project / "broken.py").write_text("raise RuntimeError('mine')")
    configured(project, f'targets = ["layers:right", "{target}", "nowhere:x", "layers:wrong"]')
    ran = run("run", "--jobs", jobs)
    assert ran.code == Exit.USAGE
    assert "(square, " in ran.out
    assert "(tripled, " in ran.out
    assert message in ran.err
    assert "no such module" in ran.err
    assert "gradcheck/cli" not in ran.err.replace("\\", "/")


def test_the_seed_of_the_project_holds_unless_another_is_given(run: Run, project: Path) -> None:
    configured(project, 'targets = ["layers:right"]\nseed = 11')
    assert json.loads(run("run", "--format", "json").out)[0]["seed"] == 11
    assert json.loads(run("run", "--format", "json", "--seed", "3").out)[0]["seed"] == 3


@pytest.mark.parametrize("table", ["", "targets = []"])
def test_a_project_without_targets_has_nothing_to_check(run: Run, project: Path, table: str) -> None:
    configured(project, table)
    ran = run("run")
    assert ran.code == Exit.NOTHING
    assert "nothing was checked" in ran.err


@pytest.mark.parametrize(
    ("table", "message"),
    [('tragets = ["a:b"]', "Try: targets"), ("targets = 3", "not a list"), ("targets = [", "TOML")],
)
def test_a_typo_in_the_configuration_is_a_usage_error(
    run: Run, project: Path, table: str, message: str
) -> None:
    configured(project, table)
    ran = run("run")
    assert ran.code == Exit.USAGE
    assert message in ran.err


def saved(run: Run, target: str, *options: str) -> str:
    return run("check", target, "--save", *options).out.rsplit("gradcheck replay ", 1)[1].strip()


@pytest.mark.parametrize(("target", "code"), [("layers:wrong", Exit.FAIL), ("layers:claims[0]", Exit.PASS)])
def test_a_saved_report_is_judged_again(run: Run, target: str, code: Exit) -> None:
    ran = run("replay", saved(run, target, "--seed", "4", "--coverage", "full"), "--format", "json")
    assert ran.code == code
    report = from_json(ran.out)
    assert (report.seed, dict(report.options), report.target) == (4, {"coverage": "full"}, target)


def test_replay_uses_the_inputs_that_showed_the_mistake(run: Run, project: Path) -> None:
    path = saved(run, "layers:wrong")
    report = Report.from_json((project / path).read_text())
    found = replace(report, counterexample={"x": np.array([7.0, 8.0])})
    (project / "found.json").write_text(to_json(found))
    again = from_json(run("replay", "found.json", "--format", "json").out)
    assert again.findings[0].claimed in (21.0, 24.0)


def test_a_mended_claim_passes_on_replay(run: Run, project: Path) -> None:
    path = saved(run, "layers:wrong")
    (project / "mended.py").write_text("import layers\nclaim = layers.right\n")
    assert run("replay", path, "mended:claim").code == Exit.PASS


def test_a_list_of_reports_is_replayed(run: Run, project: Path) -> None:
    (project / "all.json").write_text(run("check", "layers:claims", "--format", "json").out)
    ran = run("replay", "all.json")
    assert ran.code == Exit.FAIL
    assert ran.out.endswith("3 claims: 2 pass, 1 fail\n")


def test_inputs_that_the_claim_no_longer_has_are_named(run: Run, project: Path) -> None:
    path = saved(run, "layers:wrong")
    report = Report.from_json((project / path).read_text())
    (project / "old.json").write_text(to_json(replace(report, counterexample={"W": np.ones(2)})))
    ran = run("replay", "old.json")
    assert ran.code == Exit.USAGE
    assert "input 'W'" in ran.err


FOREIGN = {
    "missing": (None, "cannot be read"),
    "text": ("FAIL  W[2, 1]", "not JSON"),
    "binary": (b"\x80\x04\x95\xff\xfe", "not text"),
    "another program's": ('{"version": 1}', "not a gradcheck report"),
    "another version": (to_json(samples.halved()).replace('"version": 1', '"version": 7'), "version=7"),
    "pickle": (b"cos\nsystem\n(S'echo pwned'\ntR.", "not JSON"),
    "list of others": ("[1, 2]", "not a gradcheck report"),
    "no target": (to_json(samples.halved()), "does not say where its claim is"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_corrupt_or_foreign_file_is_a_usage_error(run: Run, project: Path, name: str) -> None:
    content, message = FOREIGN[name]
    if content is not None:
        (project / "r.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    ran = run("replay", "r.json")
    assert ran.code == Exit.USAGE
    assert message in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "target",
    [
        "/tmp/evil.py:x",
        "../evil.py:x",
        "a/../../evil.py:x",
        "C:\\evil.py:x",
        "\\\\host\\share\\evil.py:x",
        "..\\evil.py:x",
    ],
)
def test_a_report_cannot_name_a_file_outside_the_folder(run: Run, project: Path, target: str) -> None:
    (project / "evil.json").write_text(to_json(replace(samples.halved(), target=target)))
    ran = run("replay", "evil.json")
    assert ran.code == Exit.USAGE
    assert "outside this folder" in ran.err


@pytest.mark.parametrize("target", ["--pdb::x", "../test_x.py::test", "tests/none.py::test"])
def test_a_report_of_a_test_cannot_name_anything_but_a_test_below_the_folder(
    run: Run, project: Path, target: str
) -> None:
    (project / "evil.json").write_text(to_json(replace(samples.halved(), target=target)))
    ran = run("replay", "evil.json")
    assert ran.code == Exit.USAGE
    assert "no such test" in ran.err


def test_an_option_in_a_report_that_no_check_has_is_refused(run: Run, project: Path) -> None:
    report = replace(samples.halved(), target="layers:right", options={"shell": "rm"}, counterexample=None)
    (project / "odd.json").write_text(to_json(report))
    ran = run("replay", "odd.json")
    assert ran.code == Exit.USAGE
    assert "shell" in ran.err


def test_reports_of_a_pytest_run_are_repeated_by_pytest(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def pytest_run(command: list[str], check: bool) -> SimpleNamespace:
        commands.append(command[3:])
        return SimpleNamespace(returncode=1 if "test_b" in command[-1] else 0)

    monkeypatch.setattr("gradcheck.cli._replay.subprocess.run", pytest_run)
    (project / "test_x.py").write_text("")
    report = json.loads(to_json(samples.halved()))
    tests = [{"test": f"test_x.py::{name}", "report": report} for name in ("test_a", "test_a", "test_b")]
    (project / "pytest.json").write_text(json.dumps(tests))
    assert run("replay", "pytest.json").code == Exit.FAIL
    assert commands == [
        ["-q", "--gradcheck-seed=7", "test_x.py::test_a"],
        ["-q", "--gradcheck-seed=7", "test_x.py::test_b"],
    ]


def test_a_failing_test_fails_again_when_its_report_is_replayed(project: Path) -> None:
    (project / "test_layers.py").write_text(
        "import layers\ndef test_wrong(gradcheck):\n"
        "    gradcheck.assert_grad(layers.f, layers.tripled, layers.np.ones(3))\n"
    )
    options = ["-q", "-p", "no:cacheprovider", "--gradcheck-report=json"]
    command = [sys.executable, "-m", "pytest", *options, "-p", "gradcheck.pytest_plugin"]
    first = subprocess.run(command, capture_output=True, text=True, check=False)
    if "already registered" in first.stderr:  # installed: the entry point has loaded it
        command = command[:-2]
        first = subprocess.run(command, capture_output=True, text=True, check=False)
    assert first.returncode == 1, first.stdout + first.stderr
    reports = read_reports(project / ".gradcheck" / "pytest.json")
    assert [each.target for each in reports] == ["test_layers.py::test_wrong"]
