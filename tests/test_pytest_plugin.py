"""The pytest plugin, run on test files of its own, with and without xdist."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gradcheck.check import Report

pytest_plugins = ["pytester"]

SUITE = """
import numpy as np
import pytest
from gradcheck import check_grad, assert_grad, Verdict

x = np.array([0.3, -1.2, 2.0])

def f(x):
    return np.sum(np.sin(x))

def right(x):
    return np.cos(x)

def wrong(x):
    return 0.5 * np.cos(x)

def rough(x):
    return np.sum(np.sin(x)) + 1e-2 * np.sum(np.sin(1e9 * x))

def test_right(gradcheck):
    assert gradcheck.check_grad(f, right, x)

def test_wrong_by_fixture(gradcheck):
    gradcheck.assert_grad(f, wrong, x)

def test_wrong_by_bare_assert():
    report = check_grad(f, wrong, x)
    assert report

def test_wrong_by_nested_assert():
    assert check_grad(f, wrong, x)

def test_wrong_by_function():
    assert_grad(f, wrong, x)

def test_an_ordinary_failure():
    assert 1 == 2
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(SUITE)
    return pytester


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_failures_show_the_report_and_the_summary_counts(
    suite: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    result = suite.runpytest_subprocess(*workers)
    result.assert_outcomes(passed=1, failed=5)
    text = result.stdout.str()
    for name in ("fixture", "bare_assert", "nested_assert", "function"):
        section = text.split(f"test_wrong_by_{name} ___")[1].split("\n____")[0]
        assert "0.5" in section
        assert "FAIL" in section
    assert "Report(verdict" not in text
    result.stdout.fnmatch_lines(["*= gradcheck =*", "1 pass, 4 fail", "thinnest margins*", "*test_right*"])


def test_a_suite_without_checks_has_no_summary(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_nothing(): pass")
    assert "gradcheck =" not in pytester.runpytest_subprocess().stdout.str()


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_reports_are_written_by_the_controller_alone(
    suite: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    suite.runpytest_subprocess(*workers, "--gradcheck-report=json,md,text", "--gradcheck-report=html")
    folder = suite.path / ".gradcheck"
    entries = json.loads((folder / "pytest.json").read_text())
    assert [entry["test"].split("::")[1] for entry in entries] == sorted(
        [
            "test_right",
            *(f"test_wrong_by_{name}" for name in ("bare_assert", "fixture", "function", "nested_assert")),
        ]
    )
    reports = [Report.from_json(json.dumps(entry["report"])) for entry in entries]
    assert [bool(report) for report in reports] == [True, False, False, False, False]
    for kind in ("md", "txt", "html"):
        assert "test_wrong_by_fixture" in (folder / f"pytest.{kind}").read_text()


def test_junit_has_the_findings_as_properties(suite: pytest.Pytester) -> None:
    suite.runpytest_subprocess("--junitxml=out.xml")
    tree = ElementTree.parse(suite.path / "out.xml")
    case = next(each for each in tree.iter("testcase") if each.get("name") == "test_wrong_by_fixture")
    properties = {each.get("name"): each.get("value") for each in case.iter("property")}
    assert properties["gradcheck.verdicts"] == "1 fail"
    assert "factor" in str(properties["gradcheck.value"])


def test_seeds_come_from_the_node_id_and_from_the_option(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import numpy as np
        SEEDS = {}
        def seed(gradcheck):
            return gradcheck.check_grad(lambda x: np.sum(x * x), lambda x: 2 * x, np.ones(3)).seed
        def test_one(gradcheck):
            SEEDS["one"] = seed(gradcheck)
        def test_two(gradcheck):
            print("=SEED=", SEEDS["one"], seed(gradcheck))
        """
    )
    runs = [
        pytester.runpytest_subprocess("-s", *option).stdout.str()
        for option in ((), (), ("--gradcheck-seed=5",))
    ]
    seeds = [next(line for line in run.splitlines() if "=SEED=" in line).split()[-2:] for run in runs]
    assert seeds[0] == seeds[1]
    assert seeds[0][0] != seeds[0][1]
    assert [seed.rstrip(".") for seed in seeds[2]] == ["5", "5"]


def test_an_undecided_check_warns_where_that_is_asked_for(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import numpy as np
        def test_noise(gradcheck):
            single = lambda x: float(np.sum(np.sin(x.astype(np.float32))))
            gradcheck.assert_grad(single, np.cos, np.array([0.3, 0.7]), resolution=1e-9)
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(failed=1)
    warned = pytester.runpytest_subprocess("--gradcheck-inconclusive=warn")
    warned.assert_outcomes(passed=1, warnings=1)
    warned.stdout.fnmatch_lines(["*InconclusiveWarning*"])


def test_a_check_below_given_shrinks(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import numpy as np
        from hypothesis import given, settings, strategies as st
        @settings(database=None, derandomize=True, deadline=None)
        @given(st.integers(1, 9))
        def test_wide(gradcheck, n):
            factor = 1.0 if n < 4 else 0.5
            gradcheck.assert_grad(lambda x: np.sum(x**3), lambda x: 3 * factor * x**2, np.arange(1.0, n + 1))
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    assert "n=4" in result.stdout.str()


def test_profiles_reach_the_check(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import numpy as np
        def test_cost(gradcheck):
            x = np.linspace(1, 2, 40)
            report = gradcheck.check_grad(lambda x: np.sum(x * x), lambda x: 2 * x, x)
            print("=COST=", report.evaluations)
        """
    )
    cost = {}
    for profile in ("quick", "default", "thorough"):
        out = pytester.runpytest_subprocess("-s", f"--gradcheck-profile={profile}").stdout.str()
        cost[profile] = int(
            next(line for line in out.splitlines() if "=COST=" in line).split()[-1].rstrip(".")
        )
    assert cost["quick"] < cost["default"] < cost["thorough"]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--gradcheck-report=htlm", "Try: html"),
        ("--gradcheck-profile=thorou", "Try: thorough"),
        ("--gradcheck-inconclusive=ignore", "fail, warn"),
    ],
)
def test_a_misspelt_option_is_a_usage_error(suite: pytest.Pytester, option: str, said: str) -> None:
    result = suite.runpytest_subprocess(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.stderr.str()


def test_a_misspelt_key_in_pyproject_is_a_usage_error(suite: pytest.Pytester) -> None:
    suite.makepyprojecttoml('[tool.gradcheck]\nprofle = "quick"\n')
    result = suite.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "Try: profile" in result.stderr.str()


def test_pyproject_sets_what_the_command_line_does_not(suite: pytest.Pytester) -> None:
    suite.makepyprojecttoml('[tool.gradcheck]\nreport = ["md"]\nreport-dir = "out"\n')
    suite.runpytest_subprocess()
    assert (suite.path / "out" / "pytest.md").exists()
    suite.runpytest_subprocess("--gradcheck-report-dir=elsewhere")
    assert (suite.path / "elsewhere" / "pytest.md").exists()


def test_a_folder_that_cannot_be_written_is_said_and_the_exit_code_is_usage(suite: pytest.Pytester) -> None:
    (suite.path / "taken").write_text("a file")
    result = suite.runpytest_subprocess("--gradcheck-report=md", "--gradcheck-report-dir=taken")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["no report written to *taken*"])


def test_an_unknown_call_of_the_fixture_is_an_attribute_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_typo(gradcheck): gradcheck.check_gard")
    result = pytester.runpytest_subprocess()
    result.stdout.fnmatch_lines(["*AttributeError*check_gard*"])


def test_the_plugin_stands_beside_pytest_benchmark(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import numpy as np
        def test_cost(gradcheck, benchmark):
            x = np.ones(3)
            assert benchmark(lambda: gradcheck.check_grad(lambda x: np.sum(x * x), lambda x: 2 * x, x))
        """
    )
    pytester.runpytest_subprocess("--benchmark-max-time=0.05").assert_outcomes(passed=1)


def test_report_files_go_to_the_root_of_the_run(suite: pytest.Pytester, tmp_path: Path) -> None:
    suite.runpytest_subprocess("--gradcheck-report=json", f"--gradcheck-report-dir={tmp_path}")
    assert (tmp_path / "pytest.json").exists()
