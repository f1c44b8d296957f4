"""`gradcheck check`: what is judged, what is printed where, and the exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradcheck.check import Report, Verdict
from gradcheck.cli import Exit
from gradcheck.report import from_json
from tests.cli.conftest import Run

COMMAND = [sys.executable, "-c", "import sys; from gradcheck.cli import main; sys.exit(main())"]


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("layers:right", Exit.PASS),
        ("layers.py:right", Exit.PASS),
        ("layers:pair", Exit.PASS),
        ("layers:nested_pair", Exit.PASS),
        ("layers:right_ones", Exit.PASS),
        ("layers:wrong", Exit.FAIL),
        ("layers:claims", Exit.FAIL),
        ("layers:claims[2]", Exit.PASS),
        ("layers:undecided", Exit.INCONCLUSIVE),
        ("layers:nothing", Exit.NOTHING),
    ],
)
def test_the_exit_code_is_the_verdict(run: Run, target: str, code: Exit) -> None:
    assert run("check", target).code == code


def test_results_go_to_stdout_and_the_rest_to_stderr(run: Run) -> None:
    ran = run("check", "layers:wrong")
    assert ran.out.startswith("FAIL  x[2]: claimed 9.00000, measured 6.0")
    assert "(tripled, " in ran.out
    assert "printed while importing" not in ran.out
    assert "printed while importing" in ran.err


def test_a_list_is_counted(run: Run) -> None:
    assert run("check", "layers:claims").out.endswith("3 claims: 2 pass, 1 fail\n")


def test_nothing_checked_is_said(run: Run) -> None:
    ran = run("check", "layers:nothing")
    assert ran.out == ""
    assert "nothing was checked" in ran.err


def test_json_of_one_claim_is_a_report_and_of_a_list_a_list(run: Run) -> None:
    report = from_json(run("check", "layers:wrong", "--format", "json").out)
    assert (report.verdict, report.target, report.subject) == (Verdict.FAIL, "layers:wrong", "tripled")
    documents = json.loads(run("check", "layers:claims", "--format", "json").out)
    targets = [from_json(json.dumps(each)).target for each in documents]
    assert targets == ["layers:claims[0]", "layers:claims[1]", "layers:claims[2]"]
    assert json.loads(run("check", "layers:nothing", "--format", "json").out) == []


def test_annotations_point_to_the_derivative(run: Run, project: Path) -> None:
    line = 1 + (project / "layers.py").read_text().splitlines().index("def tripled(x):")
    ran = run("check", "layers:wrong", "--format", "github")
    assert ran.out.startswith(f"::error file=layers.py,line={line},title=gradcheck%3A tripled%3A value")


def test_markdown_has_a_table(run: Run) -> None:
    ran = run("check", "layers:right", "--format", "md")
    assert ran.out.startswith("### PASS: square\n")
    assert "| input | checked | verdict |" in ran.out


def test_options_reach_the_check(run: Run) -> None:
    given = ["--seed", "5", "--resolution", "0.01", "--coverage", "full", "--format", "json"]
    report = from_json(run("check", "layers:right", *given).out)
    assert report.seed == 5
    assert report.options == {"resolution": 0.01, "coverage": "full"}


@pytest.mark.parametrize("options", [["--coverage", "most"], ["--resolution", "-1"], ["--resolution", "nan"]])
def test_an_option_that_the_check_refuses_is_a_usage_error(run: Run, options: list[str]) -> None:
    ran = run("check", "layers:right", *options)
    assert ran.code == Exit.USAGE
    assert "this option does not take that value" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [["check"], ["chekc", "x"], ["check", "a:b", "--seed", "x"], ["check", "a:b", "--format", "xml"]],
)
def test_a_wrong_command_line_is_a_usage_error(run: Run, arguments: list[str]) -> None:
    ran = run(*arguments)
    assert ran.code == Exit.USAGE
    assert ran.out == ""
    assert ran.err != ""


def test_the_page_is_written(run: Run, project: Path) -> None:
    ran = run("check", "layers:claims", "--html", "out/page.html")
    assert ran.code == Exit.FAIL
    assert "wrote out" in ran.err
    assert "tripled" in (project / "out" / "page.html").read_text(encoding="utf-8")


def test_a_saved_report_is_named_and_can_be_read(run: Run, project: Path) -> None:
    ran = run("check", "layers:wrong", "--save")
    name = ran.out.rsplit("repeat: gradcheck replay ", 1)[1].strip()
    assert name.startswith(".gradcheck/")
    assert not Report.from_json((project / name).read_text(encoding="utf-8"))
    assert run("check", "layers:wrong", "--save").out.rsplit("replay ", 1)[1].strip() == name


# What is wrong with the target, and a word that the message must hold.
WRONG_TARGETS = {
    "layers": "module:object",
    "layers:": "module:object",
    ":right": "module:object",
    "layers:right()": "nothing else is evaluated",
    "layers:__import__('os')": "nothing else is evaluated",
    "layers:rihgt": "Try: right",
    "layers:right.nothing": "has no 'nothing'",
    "layers:claims[9]": "from 0 to 2",
    "layers:right[0]": "only a list has positions",
    "lyers:right": "Try: layers",
    "no.such.module:x": "there is no such module",
    "layer.py:right": "Try: layers.py",
    "layers:number": "cannot be judged",
    "layers:f": "the function f alone",
    "layers:without_inputs": "without its derivative and inputs",
}


@pytest.mark.parametrize("target", WRONG_TARGETS)
def test_a_target_that_is_none_is_a_usage_error_with_a_cure(run: Run, target: str) -> None:
    ran = run("check", target)
    assert ran.code == Exit.USAGE
    assert ran.out == ""
    assert WRONG_TARGETS[target] in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("source", "last"),
    [
        ("def g():\n    import not_installed_anywhere\ng()\n", "No module named 'not_installed_anywhere'"),
        ("x = = 3\n", "SyntaxError"),
        ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
        ("1 / 0\n", "ZeroDivisionError"),
    ],
)
def test_a_module_that_fails_gives_its_own_lines_only(
    run: Run, project: Path, source: str, last: str
) -> None:
    (project / "broken.py").write_text(source)
    ran = run("check", "broken:x")
    assert ran.code == Exit.USAGE
    assert "broken could not be imported" in ran.err
    assert last in ran.err
    assert "broken.py" in ran.err
    assert "importlib" not in ran.err
    assert "gradcheck/cli" not in ran.err.replace("\\", "/")


def test_inputs_that_cannot_be_made_give_the_users_line(run: Run) -> None:
    ran = run("check", "layers:no_inputs")
    assert ran.code == Exit.USAGE
    assert "the inputs of no_inputs could not be made" in ran.err
    assert "ZeroDivisionError" in ran.err
    assert "gradcheck/cli" not in ran.err.replace("\\", "/")


def test_a_claim_that_raises_is_no_internal_error(run: Run) -> None:
    ran = run("check", "layers:raising")
    assert ran.code in (Exit.FAIL, Exit.USAGE)
    assert "the claim exploded" in ran.out + ran.err
    assert "internal error" not in ran.err


def test_a_defect_of_ours_is_an_internal_error_without_a_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("a defect")

    monkeypatch.setattr("gradcheck.check.check_grad", broken)
    ran = run("check", "layers:right")
    assert ran.code == Exit.INTERNAL
    assert "internal error: KeyError: 'a defect'" in ran.err
    assert "Traceback" not in ran.err
    with pytest.raises(KeyError):
        run("--debug", "check", "layers:right")


def test_debug_shows_the_traceback_of_a_usage_error(run: Run) -> None:
    with pytest.raises(ValueError, match="there is no such module"):
        run("check", "nowhere:x", "--debug")


def test_a_page_that_cannot_be_written_is_a_usage_error(run: Run, project: Path) -> None:
    (project / "file").write_text("")
    ran = run("check", "layers:right", "--html", "file/page.html")
    assert ran.code == Exit.USAGE
    assert "cannot be written" in ran.err


def test_a_report_folder_that_cannot_be_written_is_a_usage_error(run: Run, project: Path) -> None:
    (project / "file").write_text("")
    ran = run("check", "layers:right", "--save", "--report-dir", "file")
    assert ran.code == Exit.USAGE
    assert "cannot be written" in ran.err


def test_a_report_folder_without_save_is_a_usage_error(run: Run) -> None:
    assert run("check", "layers:right", "--report-dir", "x").code == Exit.USAGE


def test_a_file_in_a_package_is_imported_with_its_package(run: Run, project: Path) -> None:
    package = project / "src" / "pkg"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "base.py").write_text("factor = 2\n")
    (package / "sub.py").write_text(
        "import numpy as np\nfrom .base import factor\n"
        "claim = (lambda x: (x**2).sum(), lambda x: factor * x, np.ones(2))\n"
    )
    assert run("check", "src/pkg/sub.py:claim").code == Exit.PASS


def test_two_files_of_one_name_are_two_modules(run: Run, project: Path) -> None:
    (project / "other").mkdir()
    (project / "other" / "layers.py").write_text("import layers\nclaim = layers.wrong\n")
    assert run("check", "layers.py:right").code == Exit.PASS
    assert run("check", "other/layers.py:claim").code == Exit.FAIL


def test_only_the_named_module_is_imported(project: Path) -> None:
    (project / "bystander.py").write_text("raise SystemExit('imported')")
    (project / "conftest.py").write_text("raise SystemExit('imported')")
    ran = subprocess.run([*COMMAND, "check", "layers:right"], capture_output=True, text=True, check=False)
    assert ran.returncode == Exit.PASS
    assert "imported" not in ran.stderr.replace("while importing", "")


def test_no_colour_in_a_pipe(project: Path) -> None:
    ran = subprocess.run([*COMMAND, "check", "layers:wrong"], capture_output=True, check=False, env=plain())
    assert b"\x1b" not in ran.stdout + ran.stderr
    assert ran.stdout.startswith(b"FAIL")


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are a matter of POSIX")
@pytest.mark.parametrize(("more", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_on_a_terminal_unless_no_color(project: Path, more: dict[str, str], coloured: bool) -> None:
    output = on_a_terminal([*COMMAND, "check", "layers:wrong"], {**plain(), "TERM": "xterm-256color", **more})
    assert "FAIL" in output
    assert ("\x1b[1;31m" in output) == coloured


def plain() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS")}


def on_a_terminal(command: list[str], environment: dict[str, str]) -> str:
    """What the command writes to a terminal."""
    import pty

    ours, its = pty.openpty()
    process = subprocess.Popen(command, stdout=its, stderr=subprocess.DEVNULL, env=environment)
    os.close(its)
    chunks = []
    while True:
        try:
            chunk = os.read(ours, 4096)
        except OSError:  # Linux: the other end is closed
            break
        if not chunk:
            break
        chunks.append(chunk)
    process.wait()
    os.close(ours)
    return b"".join(chunks).decode()


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_a_missing_extra_is_one_plain_line(project: Path, missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from gradcheck.cli import main; sys.exit(main(['explain']))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == Exit.USAGE
    assert ran.stderr == f'gradcheck: the command line needs {missing}: pip install "gradcheck[cli]"\n'
    assert ran.stdout == ""


def test_help_teaches(run: Run) -> None:
    top = run("--help")
    assert top.code == Exit.PASS
    assert all(command in top.out for command in ("check", "run", "replay", "explain", "init", "demo"))
    assert "Exit codes" in top.out
    assert 'Claim("grad", (f, grad_f)' in run("check", "--help").out


def test_the_version_is_told(run: Run) -> None:
    from gradcheck import __version__

    assert run("--version").out == f"gradcheck {__version__}\n"


def test_an_interrupt_leaves_quietly(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gradcheck.check.check_grad", interrupted)
    ran = run("check", "layers:right")
    assert ran.code == 130
    assert ran.out == ""
    assert "Traceback" not in ran.err


def test_other_points_are_tried_on_request(run: Run, project: Path) -> None:
    (project / "ones.py").write_text(
        "import numpy as np\n"
        "claim = (lambda x: (x**3).sum(), lambda x: 3 * x, np.ones(3))   # right at 1 alone\n"
    )
    assert run("check", "ones:claim").code == Exit.PASS
    ran = run("check", "ones:claim", "--explore", "20", "--format", "json")
    assert ran.code == Exit.FAIL
    report = from_json(ran.out)
    assert report.counterexample is not None
    assert report.explored["tried"] >= 1
    (project / "found.json").write_text(ran.out)
    assert run("replay", "found.json").code == Exit.FAIL


def test_a_pair_without_a_name_is_called_by_its_target(run: Run, project: Path) -> None:
    (project / "short.py").write_text(
        "import numpy as np\npair = (lambda x: x.sum(), lambda x: x * 0 + 1, np.ones(2))\n"
    )
    assert "(pair, " in run("check", "short:pair").out


def test_a_member_that_cannot_be_judged_is_named(run: Run, project: Path) -> None:
    (project / "mixed.py").write_text("import layers\nclaims = [layers.right, layers.number, layers.wrong]\n")
    ran = run("check", "mixed:claims")
    assert ran.code == Exit.USAGE
    assert ran.out.endswith("2 claims: 1 pass, 1 fail\n")
    assert "mixed:claims[1] is of type int: this cannot be judged" in ran.err
