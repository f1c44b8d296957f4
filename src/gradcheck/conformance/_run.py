"""Running the checks: prerequisites, expected failures, a snippet for each failure."""

import inspect
import sys
import textwrap
import tomllib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from gradcheck.conformance._catalogue import CHECKS, find
from gradcheck.conformance._check import CannotTell, Check
from gradcheck.conformance._subjects import Subject
from gradcheck.differentiate import UsageError

__all__ = [
    "Conformance",
    "Expectation",
    "Outcome",
    "Result",
    "check_library",
    "load_expectations",
    "run_check",
]


class Result(StrEnum):
    """How one check of one subject ended."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    BLOCKED = "blocked"
    """A check that this one requires did not pass."""
    EXPECTED = "expected failure"
    STALE = "stale expectation"
    """It was expected to fail and passed: take the entry out of the file."""


@dataclass(frozen=True)
class Expectation:
    """A failure that is known: subject, check, and the reason why it is accepted."""

    subject: str
    check: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """One check of one subject.

    `message` shows the numbers of a failure (or what blocks it), `snippet` is Python text that reproduces it.
    """

    subject: str
    check: Check
    result: Result
    message: str = ""
    snippet: str = ""

    def __bool__(self) -> bool:
        return self.result in (
            Result.PASS,
            Result.EXPECTED,
            Result.BLOCKED,
        )  # what blocks it is false already

    def __str__(self) -> str:
        head = f"{self.result.value.upper()}  {self.check.id} {self.subject}: {self.check.title}"
        if not self.message:
            return head
        parts = [head, textwrap.indent(self.message, "  ")]
        if self.snippet:
            parts += ["  to repeat it:", textwrap.indent(self.snippet, "    ")]
        return "\n".join([*parts, f"  cure: {self.check.cure}", f"  more: gradcheck explain {self.check.id}"])


@dataclass(frozen=True)
class Conformance:
    """All outcomes of a library; true where something was checked and nothing failed, was undecided or stale."""

    outcomes: tuple[Outcome, ...]

    def __bool__(self) -> bool:
        return bool(self.outcomes) and all(self.outcomes)

    def __str__(self) -> str:
        troubles = [str(outcome) for outcome in self.outcomes if not outcome]
        troubles += [_blocked_line(name, held) for name, held in self.blocked().items()]
        counts = ", ".join(
            f"{number} {result.value}"
            for result in Result
            if (number := sum(outcome.result is result for outcome in self.outcomes))
        )
        return "\n\n".join([*troubles, counts or "nothing was checked"])

    def blocked(self) -> dict[str, list[Outcome]]:
        """What could not be asked, for each subject."""
        held: dict[str, list[Outcome]] = {}
        for outcome in self.outcomes:
            if outcome.result is Result.BLOCKED:
                held.setdefault(outcome.subject, []).append(outcome)
        return held


def _blocked_line(subject: str, held: list[Outcome]) -> str:
    ids = ", ".join(outcome.check.id for outcome in held)
    return f"BLOCKED  {subject}: {ids} ({held[0].message})"


def load_expectations(path: str | Path) -> tuple[Expectation, ...]:
    """The known failures in a TOML file, each a table ``[[expected]]`` with subject, check and reason.

    Raises
    ------
    UsageError
        For a file that cannot be read, or an entry without a subject, a known check or a reason.
    """
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"expected_failures={str(path)!r}", str(error), "name a readable TOML file"
        ) from error
    entries = table.get("expected")
    if not isinstance(entries, list) or set(table) != {"expected"}:
        raise UsageError(
            str(path), "holds no list of tables [[expected]] alone", "write [[expected]] for each"
        )
    return tuple(_expectation(entry, str(path)) for entry in entries)


def _expectation(entry: object, where: str) -> Expectation:
    if not isinstance(entry, dict) or set(entry) != {"subject", "check", "reason"} or not all(entry.values()):
        raise UsageError(
            f"{entry!r} in {where}", "is not subject, check and reason", "give all three, in quotes"
        )
    find(entry["check"])
    return Expectation(**entry)


def run_check(subject: Subject, check: str | Check, *, seed: int = 0) -> Outcome:
    """Ask one question of one subject.

    Parameters
    ----------
    subject : Subject
    check : str or Check
        An id, ``"GC101"``.
    seed : int
        Of the example, the cotangents and the judge.

    Raises
    ------
    UsageError
        If `subject` is none, or the check is unknown or not asked of this kind of subject.
    """
    asked = find(check) if isinstance(check, str) else check
    _demand_subject(subject)
    if not asked.applies(subject):
        raise UsageError(
            f"{asked.id} on {subject.name!r}", f"is not asked of this {subject.kind}", "see its tags"
        )
    rng = np.random.default_rng([seed, zlib.crc32(f"{asked.id} {subject.name}".encode())])
    try:
        message = asked.run(subject, rng)
    except CannotTell as reason:
        return Outcome(subject.name, asked, Result.INCONCLUSIVE, str(reason), _snippet(subject, asked, seed))
    except Exception as error:  # an exception of the library under test is a failure of it, not of the kit
        message = f"raised {type(error).__name__}: {error}"
    if message is None:
        return Outcome(subject.name, asked, Result.PASS)
    return Outcome(subject.name, asked, Result.FAIL, message, _snippet(subject, asked, seed))


def _demand_subject(subject: object) -> None:
    if not isinstance(subject, Subject):
        raise UsageError(
            f"subject={subject!r}",
            "has not name, kind, tags and case",
            "wrap it in Activation, Layer, Loss or Network",
        )


def _snippet(subject: Subject, check: Check, seed: int) -> str:
    """Python text that asks the same question again, without pytest."""
    lines = ["from gradcheck.conformance import run_check"]
    place = _locate(subject)
    if place is None:
        lines.append(f"# subject = the {subject.kind} named {subject.name!r}")
        name = "subject"
    else:
        module, name = place
        lines.append(f"from {module} import {name.split('[')[0].split('.')[0]}")
    return "\n".join([*lines, f"print(run_check({name}, {check.id!r}, seed={seed}))"])


def _locate(subject: Subject) -> tuple[str, str] | None:
    """The module and the expression under which a loaded module holds `subject`."""
    for module_name, module in list(sys.modules.items()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if value is subject:
                return module_name, name
            members = value if isinstance(value, list | tuple) else _decorated(value)
            for index, member in enumerate(members):
                if member is subject:
                    inside = "" if members is value else ".gradcheck_subjects"
                    return module_name, f"{name}{inside}[{index}]"
    return None


def _decorated(value: object) -> tuple[Subject, ...]:
    """The subjects of a test function that `parametrize_with_checks` made; asks nothing of the object itself."""
    return tuple(inspect.getattr_static(value, "gradcheck_subjects", ()))


def check_library(
    subjects: Sequence[Subject],
    *,
    expected_failures: str | Path | Sequence[Expectation] = (),
    checks: Sequence[str] | None = None,
    seed: int = 0,
) -> Conformance:
    """Ask every question of every subject, without pytest.

    Parameters
    ----------
    subjects : sequence of Subject
    expected_failures : path or sequence of Expectation
        Known failures; an entry that no longer fails, or that fits nothing, is an error.
    checks : sequence of str, optional
        Ids; all by default.
    seed : int

    Returns
    -------
    Conformance
        True where all is well; ``str()`` of it tells what is not.

    Raises
    ------
    UsageError
        For something that is no subject, two subjects of one name, an unknown check, a broken file.

    Examples
    --------
    >>> import numpy as np
    >>> from gradcheck.conformance import Activation, check_library
    >>> wrong = Activation("tanh", lambda z: (np.tanh(z), z), lambda cotangent, z: cotangent * (1 - z * z))
    >>> result = check_library([wrong], checks=["GC001", "GC101"])
    >>> [(outcome.check.id, str(outcome.result)) for outcome in result.outcomes]
    [('GC001', 'pass'), ('GC101', 'fail')]
    """
    runner = Runner(subjects, expected_failures, checks, seed)
    return Conformance(tuple(runner.outcome(subject, check) for subject, check in runner.plan))


class Runner:
    """Asks each question once, its prerequisites first, and remembers the answers.

    Under pytest every question is a test of its own, perhaps in a worker of its own: it asks what it needs itself.
    """

    def __init__(
        self,
        subjects: Sequence[Subject],
        expected_failures: str | Path | Sequence[Expectation],
        checks: Sequence[str] | None,
        seed: int,
    ) -> None:
        if isinstance(expected_failures, str | Path):
            expected_failures = load_expectations(expected_failures)
        self.expected = tuple(expected_failures)
        self.plan = _plan(subjects, self.expected, checks)
        self.seed = seed
        self._known: dict[tuple[str, str], Outcome] = {}

    def outcome(self, subject: Subject, check: Check) -> Outcome:
        """The outcome in the light of prerequisites and of what was expected."""
        key = (subject.name, check.id)
        if key not in self._known:
            self._known[key] = self._ask(subject, check)
        return self._known[key]

    def _ask(self, subject: Subject, check: Check) -> Outcome:
        needed = [each for each in map(find, check.requires) if each.applies(subject)]
        failed = [each.id for each in needed if self.outcome(subject, each).result is not Result.PASS]
        if failed:
            return Outcome(subject.name, check, Result.BLOCKED, f"requires {', '.join(failed)}")
        return _settled(run_check(subject, check, seed=self.seed), self.expected)


def _plan(
    subjects: Sequence[Subject], expected: Sequence[Expectation], checks: Sequence[str] | None
) -> list[tuple[Subject, Check]]:
    """Which check is asked of which subject; refuses subjects of one name and expectations that fit nothing."""
    for subject in subjects:
        _demand_subject(subject)
    names = [subject.name for subject in subjects]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"name={twice[0]!r}", "two subjects have it", "give each a name of its own")
    known = {(subject.name, check.id) for subject in subjects for check in CHECKS if check.applies(subject)}
    for entry in expected:
        if (entry.subject, entry.check) not in known:
            raise UsageError(f"{entry}", "an expected failure that fits no subject and check", "take it out")
    chosen = CHECKS if checks is None else tuple(find(check) for check in checks)
    return [(subject, check) for subject in subjects for check in chosen if check.applies(subject)]


def _settled(outcome: Outcome, expected: Sequence[Expectation]) -> Outcome:
    """Strict, both ways: a known failure is accepted, a known failure that passes is not."""
    reasons = [e.reason for e in expected if (e.subject, e.check) == (outcome.subject, outcome.check.id)]
    if not reasons:
        return outcome
    if outcome.result is Result.PASS:
        said = f"expected to fail ({reasons[0]}), but it passes: take the entry out of the file"
        return Outcome(outcome.subject, outcome.check, Result.STALE, said)
    return Outcome(outcome.subject, outcome.check, Result.EXPECTED, f"{reasons[0]}\n{outcome.message}")
