"""The pytest plugin: a fixture, options, a summary; nothing here decides.

Reports travel as JSON text on pytest's own test reports, so that under pytest-xdist the controller alone
counts, summarises and writes.
"""

import hashlib
import json
import warnings
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

import gradcheck as library
from gradcheck.check import GradientError, Report, Verdict
from gradcheck.config import INCONCLUSIVE, PROFILES, REPORTS, Settings, load, one_of
from gradcheck.differentiate import UsageError

__all__ = ["Checks", "InconclusiveWarning"]

# What a profile adds to a call; an option that the test gives itself wins.
PROFILE_OPTIONS: dict[str, dict[str, Any]] = {
    "quick": {"coverage": "probe"},
    "default": {},
    "thorough": {"explore": 100, "negative_control": True},
}
KEPT = 20  # reports of one test that are written out; a check below @given can make thousands
THINNEST = 3  # margins shown in the summary

_CHECKS = pytest.StashKey["Checks"]()


class InconclusiveWarning(UserWarning):
    """A check that could not decide, where ``--gradcheck-inconclusive=warn`` lets the test go on."""


class Checks:
    """The fixture ``gradcheck``: every ``check_*`` and ``assert_*`` call, seeded from the node id.

    One object serves the whole session, so that Hypothesis has no complaint about a fixture inside ``@given``.

    Examples
    --------
    In a test module::

        def test_dense(gradcheck):
            gradcheck.assert_backward(dense_forward, dense_backward, (x, W, b))
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._nodeid = ""
        self.reports: list[Report] = []
        self.counts: Counter[Verdict] = Counter()

    def begin(self, nodeid: str) -> None:
        """Forget the last test."""
        self._nodeid, self.reports, self.counts = nodeid, [], Counter()

    @property
    def seed(self) -> int:
        """The seed of every check in this test: ``--gradcheck-seed``, or 32 bits of the node id's SHA-256."""
        if self._settings.seed is not None:
            return self._settings.seed
        return int.from_bytes(hashlib.sha256(self._nodeid.encode()).digest()[:4], "big")

    def __getattr__(self, name: str) -> Callable[..., Report]:
        kind, _, what = name.partition("_")
        check = getattr(library, f"check_{what}", None)
        if kind not in ("check", "assert") or check is None:
            raise AttributeError(
                f"the fixture gradcheck has no {name!r}; it has check_* and assert_* of gradcheck"
            )

        def call(*args: Any, **options: Any) -> Report:
            __tracebackhide__ = True
            chosen = {"seed": self.seed} | PROFILE_OPTIONS[self._settings.profile] | options
            report: Report = self.record(check(*args, **chosen))
            if kind == "assert":
                self._demand(report)
            return report

        return call

    def record(self, report: Report) -> Report:
        """Count a report, and keep it: failures rather than passes, the thinner margin rather than the wider."""
        self.counts[report.verdict] += 1
        self.reports = sorted([*self.reports, report], key=_urgency)[:KEPT]
        return report

    def _demand(self, report: Report) -> None:
        __tracebackhide__ = True
        if report.verdict is Verdict.INCONCLUSIVE and self._settings.inconclusive == "warn":
            warnings.warn(str(report), InconclusiveWarning, stacklevel=3)
        else:
            report.raise_if_failed()


def _urgency(report: Report) -> tuple[bool, float]:
    return bool(report), -thinnest_margin(report)


def thinnest_margin(report: Report) -> float:
    """The distance from the bound in units of the bound, at the finding that came nearest to failing."""
    return max((finding.margin for finding in report.findings if finding.margin is not None), default=0.0)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gradcheck", "gradient checking")
    group.addoption(
        "--gradcheck-report", action="append", metavar="KIND[,KIND]", help=f"{', '.join(REPORTS)}"
    )
    group.addoption("--gradcheck-report-dir", metavar="DIR", help="where reports go (default .gradcheck)")
    group.addoption(
        "--gradcheck-seed", type=int, metavar="N", help="one seed for all (default: from the node id)"
    )
    group.addoption("--gradcheck-profile", metavar="NAME", help=f"{', '.join(PROFILES)} (default: default)")
    group.addoption(
        "--gradcheck-inconclusive", metavar="DO", help=f"{', '.join(INCONCLUSIVE)} (default: fail)"
    )


def pytest_configure(config: pytest.Config) -> None:
    settings = _settings(config)
    checks = Checks(settings)
    config.stash[_CHECKS] = checks
    config.pluginmanager.register(Recorder(checks), "gradcheck-recorder")
    if not hasattr(config, "workerinput"):  # under xdist the controller alone collects and writes
        config.pluginmanager.register(Collector(settings, config.rootpath), "gradcheck-collector")


def _settings(config: pytest.Config) -> Settings:
    """The command line over [tool.gradcheck] over the defaults."""
    try:
        table = load(config.rootpath)
        given = {
            name: config.getoption(f"gradcheck_{name}")
            for name in ("report_dir", "seed", "profile", "inconclusive")
        }
        chosen = {name: value for name, value in given.items() if value is not None}
        kinds = [kind for text in config.getoption("gradcheck_report") or [] for kind in text.split(",")]
        merged = Settings(**(vars(table) | chosen | ({"report": tuple(kinds)} if kinds else {})))
        for kind in merged.report:
            one_of("--gradcheck-report", kind, REPORTS)
        one_of("--gradcheck-profile", merged.profile, PROFILES)
        one_of("--gradcheck-inconclusive", merged.inconclusive, INCONCLUSIVE)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error
    return merged


@pytest.fixture(scope="session", name="gradcheck")
def gradcheck_fixture(pytestconfig: pytest.Config) -> Checks:
    """Every ``check_*`` and ``assert_*`` call of gradcheck, seeded from the node id of the test."""
    return pytestconfig.stash[_CHECKS]


class Recorder:
    """Where tests run: ties the checks to their test, explains a failure, sends the reports along."""

    def __init__(self, checks: Checks) -> None:
        self.checks = checks

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self.checks.begin(item.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        if call.when != "call":
            return (yield)
        for report in _explain(call.excinfo):
            if all(report is not known for known in self.checks.reports):  # made without the fixture
                self.checks.record(report)
        result = yield
        if self.checks.reports:
            self._attach(item, result)
        return result

    def _attach(self, item: pytest.Item, result: pytest.TestReport) -> None:
        counts, reports = self.checks.counts, self.checks.reports
        # pytest carries extra attributes of plain types to the controller of xdist
        vars(result)["gradcheck_counts"] = {verdict.value: number for verdict, number in counts.items()}
        vars(result)["gradcheck_reports"] = [report.to_json() for report in reports]
        item.user_properties.append(("gradcheck.verdicts", _counted(counts)))
        item.user_properties.append(
            ("gradcheck.thinnest_margin", f"{max(map(thinnest_margin, reports)):.3g}")
        )
        for report in reports:
            if not report:
                item.user_properties += list(_properties(report))
                result.sections.append((f"gradcheck {report.call}", str(report)))


def _explain(excinfo: pytest.ExceptionInfo[BaseException] | None) -> Iterator[Report]:
    """The reports that a failed assertion was about; a bare ``assert report`` gets their text as its message."""
    if excinfo is None or not isinstance(excinfo.value, AssertionError):
        return
    if isinstance(excinfo.value, GradientError):
        yield excinfo.value.report
        return
    failed = _asserted(excinfo)
    if failed:
        excinfo.value.args = ("\n".join(map(str, failed)),)
    yield from failed


def _asserted(excinfo: pytest.ExceptionInfo[BaseException]) -> list[Report]:
    """What was false in the assert statement: pytest's temporaries, else the variables that it names."""
    entry = excinfo.traceback[-1]
    local = entry.frame.f_locals
    temporary = [value for name, value in local.items() if name.startswith("@py_")]
    named = [value for name, value in local.items() if name in str(entry.statement)]
    for values in (temporary, named):
        reports = [value for value in values if isinstance(value, Report) and not value]
        if reports:
            return reports
    return []


def _counted(counts: Counter[Verdict]) -> str:
    return ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict])


def _properties(report: Report) -> Iterator[tuple[str, str]]:
    """JUnit properties: one for each finding that did not pass."""
    for finding in report.findings:
        if finding.verdict is not Verdict.PASS:
            where = finding.input + (str(list(finding.index)) if finding.index is not None else "")
            yield f"gradcheck.{finding.code}", f"{where}: {finding.diagnosis or finding.message}"


class Collector:
    """On the controller: counts, the thinnest margins, the report files."""

    def __init__(self, settings: Settings, root: Path) -> None:
        self.settings, self.root = settings, root
        self.counts: Counter[Verdict] = Counter()
        self.reports: list[tuple[str, Report]] = []
        self.written: list[Path] = []
        self.trouble = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for verdict, number in getattr(report, "gradcheck_counts", {}).items():
            self.counts[Verdict(verdict)] += number
        for text in getattr(report, "gradcheck_reports", ()):
            self.reports.append((report.nodeid, Report.from_json(text)))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self.reports:
            return
        folder = self.root / self.settings.report_dir
        try:
            self.written = [self._write(folder, kind) for kind in self.settings.report]
        except (OSError, UsageError) as error:  # a folder that cannot be written, or an extra that is missing
            self.trouble = f"no report written to {folder}: {error}"
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def _write(self, folder: Path, kind: str) -> Path:
        from gradcheck.report import to_html, to_json, to_markdown, to_text

        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"pytest.{'txt' if kind == 'text' else kind}"
        self.reports.sort(key=lambda each: each[0])  # the same file whichever worker was first
        if kind == "html":
            titled = {
                f"{number}. {nodeid}": report for number, (nodeid, report) in enumerate(self.reports, 1)
            }
            to_html(titled, path, title="gradcheck: pytest run")
            return path
        if kind == "json":
            members = (
                f'{{"test": {json.dumps(nodeid)}, "report": {to_json(each)}}}'
                for nodeid, each in self.reports
            )
            text = "[" + ",\n".join(members) + "]\n"
        elif kind == "md":
            text = "\n\n".join(f"## `{nodeid}`\n\n{to_markdown(each)}" for nodeid, each in self.reports)
        else:
            text = "\n\n".join(f"{nodeid}\n{to_text(each)}" for nodeid, each in self.reports)
        path.write_text(text, encoding="utf-8")
        return path

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.counts:
            return
        terminalreporter.section("gradcheck")
        terminalreporter.line(_counted(self.counts))
        for line in self._margins():
            terminalreporter.line(line)
        for path in self.written:
            terminalreporter.line(f"written: {path}")
        if self.trouble:
            terminalreporter.line(self.trouble, red=True)

    def _margins(self) -> Iterator[str]:
        """The passes that came nearest to failing, so that erosion shows before it breaks."""
        passes = [
            (finding.margin, nodeid, finding)
            for nodeid, report in self.reports
            if report
            for finding in report.findings
            if finding.margin is not None and finding.verdict is Verdict.PASS
        ]
        thinnest = sorted(passes, key=lambda each: -each[0])[:THINNEST]
        if thinnest:
            yield "thinnest margins among the passes (1 is the bound):"
        for margin, nodeid, finding in thinnest:
            yield f"  {margin:8.2g}  {nodeid} {finding.input}"
