"""Judging again what a report is about: the same target, seed and options, at the inputs that showed the mistake."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from gradcheck.check._claim import Claim
from gradcheck.check._verdict import Report
from gradcheck.cli._exit import Exit
from gradcheck.cli._judge import Judged, as_claim, is_pair, judge_object
from gradcheck.cli._target import Target, load
from gradcheck.differentiate._errors import UsageError
from gradcheck.differentiate._tree import arguments

__all__ = ["is_test", "replay", "replay_tests"]


def is_test(report: Report) -> bool:
    """Whether the report came from a pytest run: its target is the node id of the test."""
    return "::" in report.target


def replay(report: Report, named: str | None, progress: Callable[[str, int], object]) -> Judged:
    """Judge the claim of the report again.

    Parameters
    ----------
    report : Report
    named : str or None
        The target, where the report has none or the user wants another one.
    progress : callable
        Called with the name of the claim and the evaluations so far.

    Raises
    ------
    UsageError
        If the report does not say where its claim is, or says a place outside this folder.
    """
    target = Target.parse(named) if named else _recorded(report)
    options = {**report.options, "seed": report.seed}
    found = load(target)
    if isinstance(found, list | tuple) and not is_pair(found):
        cause = f"{target} holds {len(found)} objects, the report is about one"
        raise UsageError(f"target={str(target)!r}", cause, f"name one of them: {target}[0]")
    if report.counterexample is not None:
        found = at_inputs(as_claim(found), report.counterexample)
        options.pop("explore", None)  # what exploring would look for is found
    return judge_object(found, target, options, progress)


def at_inputs(found: Any, known: Mapping[str, Any]) -> Any:
    """The claim with those of its inputs replaced that `known` has by path."""
    if not isinstance(found, Claim):
        return found
    tree = arguments(found.given(), found.functions[0])
    strange = [path for path in known if path not in tree.paths]
    if strange:
        cause = f"{found.name} has no such input: the code has changed since the report was written"
        raise UsageError(f"input {strange[0]!r}", cause, f"one of {', '.join(tree.paths)}")
    return replace(found, inputs=tree.rebuild([known.get(path, leaf) for path, leaf in tree.items()]))


def _recorded(report: Report) -> Target:
    """The target that the report names: a module, or a file below this folder; others may be anything."""
    if not report.target:
        cause = "the report does not say where its claim is, for it was not made by gradcheck check or run"
        raise UsageError(
            f"report of {report.subject or 'a claim'}", cause, "gradcheck replay REPORT module:object"
        )
    target = Target.parse(report.target)
    if target.is_file and not _is_below(target.module):
        cause = "the report names a file outside this folder, and replay runs none that you did not name"
        raise UsageError(f"target={report.target!r}", cause, "gradcheck replay REPORT path/to/file.py:object")
    return target


def _is_below(path: str) -> bool:
    """Whether the path leads down from here, by the rules of every system."""
    rooted = PurePosixPath(path).is_absolute() or PureWindowsPath(path).drive or path.startswith("\\")
    return not rooted and ".." not in (*PurePosixPath(path).parts, *PureWindowsPath(path).parts)


def replay_tests(reports: Sequence[Report]) -> list[Exit]:
    """Run the tests that made these reports again, each once, with its seed; pytest writes the results itself."""
    tests = dict.fromkeys((report.target, report.seed) for report in reports)
    return [_run_test(target, seed) for target, seed in tests]


def _run_test(target: str, seed: int) -> Exit:
    file = target.partition("::")[0]
    if not _is_below(file) or file.startswith("-") or not Path(file).is_file():
        cause = "there is no such test below this folder"
        raise UsageError(f"target={target!r}", cause, "run from the folder where pytest ran")
    command = [sys.executable, "-m", "pytest", "-q", f"--gradcheck-seed={seed}", target]
    return PYTEST.get(subprocess.run(command, check=False).returncode, Exit.INTERNAL)


# pytest's own exit codes: passed, failed, interrupted, internal error, usage error, nothing collected.
PYTEST = {0: Exit.PASS, 1: Exit.FAIL, 2: Exit.USAGE, 4: Exit.USAGE, 5: Exit.NOTHING}
