"""What a check of the kit is: an id that stays, what it asks, why it matters, what to do when it fails."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from gradcheck.conformance._subjects import Subject, Tags

__all__ = ["CannotTell", "Category", "Check", "Severity"]


class Category(StrEnum):
    """What a check is about."""

    CONTRACT = "contract"
    VALUE = "value"
    PURITY = "purity"
    BATCH = "batch"
    ARRAYS = "arrays"
    MODES = "modes"
    NETWORK = "network"


class Severity(StrEnum):
    """How bad a failure is."""

    ERROR = "error"
    """Training goes wrong."""
    WARNING = "warning"
    """Correct training is possible, but a user will trip over it."""


class CannotTell(Exception):
    """The subject does not allow a decision here; the text says why."""


def _always(tags: Tags) -> bool:
    return True


@dataclass(frozen=True)
class Check:
    """One question to a subject.

    Attributes
    ----------
    id : str
        ``GC101``; stays for ever.
    title : str
        What holds, in one line.
    reason : str
        Why it matters, and what usually breaks it.
    cure : str
        What to do when it fails.
    run : callable
        ``run(subject, rng)``: None where it holds, else one text that shows the numbers.
    kinds : tuple of str
        The kinds of subject that it is asked of.
    requires : tuple of str
        Checks without which this one makes no sense: where one of them fails, this is blocked.
    concerns : callable
        ``concerns(tags)``: whether the subject promises what is asked.
    """

    id: str
    title: str
    category: Category
    severity: Severity
    reason: str
    cure: str
    run: Callable[[Subject, np.random.Generator], str | None]
    kinds: tuple[str, ...] = ("activation", "layer", "loss", "network")
    requires: tuple[str, ...] = ("GC001",)
    concerns: Callable[[Tags], bool] = _always

    def applies(self, subject: Subject) -> bool:
        """Whether this is asked of `subject` at all."""
        return subject.kind in self.kinds and self.concerns(subject.tags)
