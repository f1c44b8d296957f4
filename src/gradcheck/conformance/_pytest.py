"""The kit under pytest: one test function, one test for each question to each subject."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from gradcheck.conformance._check import Check
from gradcheck.conformance._run import Expectation, Outcome, Result, Runner
from gradcheck.conformance._subjects import Subject

__all__ = ["ConformanceError", "parametrize_with_checks"]

Test = TypeVar("Test", bound=Callable[..., Any])


class ConformanceError(AssertionError):
    """A check of the kit that did not pass; ``str()`` of it is the outcome with its snippet."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


ConformanceError.__module__ = "gradcheck.conformance"


@dataclass(frozen=True)
class Question:
    """What the test function calls: ``check(subject)``."""

    runner: Runner
    check: Check

    def __call__(self, subject: Subject) -> Outcome:
        """The outcome; raises where it is none that the suite accepts, skips where it is blocked."""
        __tracebackhide__ = True
        import pytest

        outcome = self.runner.outcome(subject, self.check)
        if outcome.result is Result.BLOCKED:
            pytest.skip(f"blocked: {outcome.message}")
        if outcome.result is Result.EXPECTED:
            pytest.xfail(outcome.message.splitlines()[0])
        if not outcome:
            raise ConformanceError(outcome)
        return outcome


def parametrize_with_checks(
    subjects: Sequence[Subject],
    *,
    expected_failures: str | Path | Sequence[Expectation] = (),
    checks: Sequence[str] | None = None,
    seed: int = 0,
) -> Callable[[Test], Test]:
    """Decorate one test function: it becomes one test for each question to each subject.

    Parameters and errors are those of `check_library`.

    Examples
    --------
    The whole conformance suite of a library::

        @parametrize_with_checks([Activation("tanh", tanh_forward, tanh_backward), Layer("dense", ...)])
        def test_conformance(subject, check):
            check(subject)
    """
    import pytest

    runner = Runner(subjects, expected_failures, checks, seed)
    cases = [
        pytest.param(subject, Question(runner, check), id=f"{check.id}-{subject.name}")
        for subject, check in runner.plan
    ]

    def decorate(test: Test) -> Test:
        decorated: Any = pytest.mark.parametrize(("subject", "check"), cases)(test)
        decorated.gradcheck_subjects = tuple(subjects)  # where the snippets find them
        return decorated  # type: ignore[no-any-return]

    return decorate
