"""Exit codes: what a script or a CI job learns from a run."""

from collections.abc import Iterable
from enum import IntEnum

from gradcheck.check._verdict import Verdict

__all__ = ["Exit", "exit_code", "worst"]


class Exit(IntEnum):
    """The documented exit codes of every command."""

    PASS = 0
    FAIL = 1
    USAGE = 2
    INCONCLUSIVE = 3
    INTERNAL = 4
    NOTHING = 5


def exit_code(verdicts: Iterable[Verdict]) -> Exit:
    """One code for several verdicts: a failure outweighs an open question, which outweighs a pass.

    >>> exit_code([Verdict.PASS, Verdict.INCONCLUSIVE]), exit_code([])
    (<Exit.INCONCLUSIVE: 3>, <Exit.NOTHING: 5>)
    """
    seen = set(verdicts)
    if not seen:
        return Exit.NOTHING
    if Verdict.FAIL in seen:
        return Exit.FAIL
    return Exit.INCONCLUSIVE if Verdict.INCONCLUSIVE in seen else Exit.PASS


SEVERITY = (Exit.PASS, Exit.NOTHING, Exit.INCONCLUSIVE, Exit.FAIL, Exit.USAGE, Exit.INTERNAL)


def worst(codes: Iterable[Exit]) -> Exit:
    """The code of several runs together.

    >>> worst([Exit.PASS, Exit.FAIL, Exit.INCONCLUSIVE])
    <Exit.FAIL: 1>
    """
    return max(codes, key=SEVERITY.index)
