"""All checks of the kit, prerequisites first."""

import textwrap

from gradcheck.conformance import _batch, _modes, _network, _purity, _value
from gradcheck.conformance._check import Check
from gradcheck.differentiate import UsageError

__all__ = ["CHECKS", "explain", "find"]

WIDTH = 80  # of a page in a terminal

CHECKS: tuple[Check, ...] = (
    *_value.CHECKS,
    *_purity.CHECKS,
    *_batch.CHECKS,
    *_modes.CHECKS,
    *_network.CHECKS,
)


def find(check: str) -> Check:
    """The check with this id.

    Raises
    ------
    UsageError
        For an id that no check has.

    Examples
    --------
    >>> find("GC202").title
    'the cotangent is left as it was'
    """
    known = {each.id: each for each in CHECKS}
    if check not in known:
        raise UsageError(f"check={check!r}", "no such check", f"one of {', '.join(known)}")
    return known[check]


def explain(check: str) -> str:
    """The page of a check: what it asks, of whom, why, and what to do when it fails.

    Examples
    --------
    >>> print(explain("GC202").splitlines()[0])
    GC202  the cotangent is left as it was
    """
    asked = find(check)
    head = f"Asked of: {', '.join(asked.kinds)}. Category: {asked.category.value}. Severity: {asked.severity.value}."
    parts = [
        f"{asked.id}  {asked.title}",
        head,
        f"Requires: {', '.join(asked.requires) or 'nothing'}.",
        f"Why: {asked.reason}",
        f"Cure: {asked.cure}",
    ]
    return "\n\n".join(textwrap.fill(part, WIDTH) for part in parts)
