"""Which entries of a large gradient are wrong, by halving: adaptive group testing with a noisy test.

A group of entries is tested by one directional derivative along random signs on the group and zeros
elsewhere: claimed minus measured is then the signed sum of the entries' mistakes. A group without a mistake stays
within its bound. A parent with one mistake has a child with the same size of difference, so that its other child
need not be tested: about log2(n) directions for each wrong entry, and twice that where several share a group.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray

__all__ = ["Localisation", "Residual", "localise"]

Indices = NDArray[np.intp]
Residual = Callable[[list[Indices]], tuple[NDArray[np.float64], NDArray[np.float64]]]
"""Groups of flat indices -> (claimed minus measured, its bound), one number each, signs fresh every time."""

_BLOCKS = 16
"""First cut. Sixteen directions see mistakes a quarter of the size that one over all entries sees (noise adds
up as the square root of the group), and all sixteen wrong says that at least some forty entries are."""
_SAMPLE = 16
"""Single entries that decide whether mistakes are dense: with a quarter wrong, none shows in 1 % of samples."""
_REST = 8
"""Blocks of what is left once some entries are named; fewer than at first, the large mistakes are out."""
_WHOLE = 3
"""Fresh signs over all that is left: two equal and opposite mistakes hide from all of them once in eight."""
_UNSEEN = 2
"""Levels that a group may be followed because its sibling is clean, before it is tested itself."""
_TRIES = 6
"""Fresh signs for a group whose difference no child explains: a cancelling pair hides from all in 1 %."""
_STALLS = 3
"""Passes that name nothing new before an unexplained difference is given up on."""


@dataclass(frozen=True)
class Localisation:
    """Outcome of `localise`.

    Attributes
    ----------
    entries : tuple of int
        Flat indices of entries that were measured by themselves and found wrong, ascending.
    dense : bool
        Too large a share of the entries is wrong to name them all: sample instead.
    complete : bool
        What is left beside `entries` shows no difference.
    directions : int
        Directions spent, at most ``max_directions``.
    """

    entries: tuple[int, ...]
    dense: bool
    complete: bool
    directions: int


@dataclass(frozen=True)
class _Suspect:
    """A group that holds a mistake, with the difference that it showed or inherited.

    `unseen` counts the levels since `seen`, the last ancestor that showed the difference in a direction of its
    own; `tries` counts how often such an ancestor was looked at again because no child of it explained it.
    """

    group: Indices
    difference: float
    bound: float
    unseen: int = 0
    tries: int = 0
    seen: "_Suspect | None" = None

    @property
    def halves(self) -> tuple[Indices, Indices]:
        middle = len(self.group) // 2
        return self.group[:middle], self.group[middle:]

    @property
    def to_test(self) -> Indices:
        """The left half, or the group itself where nothing but a clean sibling accuses it."""
        alone = len(self.group) == 1 or self.unseen >= _UNSEEN or self.bound == np.inf
        return self.group if alone else self.halves[0]

    @property
    def cost(self) -> int:
        return 1 + ceil(1.25 * log2(len(self.group)))

    @property
    def named(self) -> bool:
        return len(self.group) == 1 and not self.unseen


class _Meter:
    """The residual with its budget."""

    def __init__(self, residual: Residual, limit: int) -> None:
        self.residual, self.limit, self.spent = residual, limit, 0

    @property
    def left(self) -> int:
        return self.limit - self.spent

    def measure(self, groups: Sequence[Indices]) -> list[_Suspect]:
        """Every group with its difference and bound, as many as the budget allows, in one call."""
        groups = list(groups)[: self.left]
        if not groups:
            return []
        self.spent += len(groups)
        difference, bound = self.residual(groups)
        return [
            _Suspect(g, abs(float(d)), float(b)) for g, d, b in zip(groups, difference, bound, strict=True)
        ]

    def wrong(self, groups: Sequence[Indices]) -> list[_Suspect]:
        return [suspect for suspect in self.measure(groups) if _is_wrong(suspect)]


def localise(residual: Residual, size: int, *, rng: np.random.Generator, max_directions: int) -> Localisation:
    """Name the k wrong ones of `size` gradient entries in about ``k log2(size)`` directions.

    Parameters
    ----------
    residual : callable
        Takes a list of k arrays of flat indices; returns claimed minus measured along a random-sign combination
        of each, shape (k,), and the bounds within which they are zero for a right claim, shape (k,). A difference
        or bound that is not finite counts as no evidence.
    size : int
        Number of entries of the gradient.
    rng : numpy.random.Generator
        Draws the sample that recognises dense mistakes.
    max_directions : int
        Never exceeded.

    Returns
    -------
    Localisation

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> mistake = np.zeros(1000)
    >>> mistake[[3, 700]] = 0.5, -0.1
    >>> def residual(groups):
    ...     difference = np.array([rng.choice([-1, 1], len(g)) @ mistake[g] for g in groups])
    ...     return difference, np.full(len(groups), 1e-6)
    >>> localise(residual, 1000, rng=rng, max_directions=80).entries
    (3, 700)

    Notes
    -----
    Binary splitting for group testing (Hwang 1972), with the difference's size used to skip siblings.
    """
    meter = _Meter(residual, max_directions)
    suspects = _look(meter, np.arange(size), _BLOCKS)
    if _is_dense(meter, suspects, size, rng):
        return Localisation((), True, False, meter.spent)
    entries, complete = _name(meter, suspects, size)
    return Localisation(entries, 2 * len(entries) > size, complete, meter.spent)


def _is_wrong(suspect: _Suspect) -> bool:
    return bool(np.isfinite(suspect.bound) and suspect.difference > suspect.bound)


def _is_dense(meter: _Meter, suspects: list[_Suspect], size: int, rng: np.random.Generator) -> bool:
    """Nearly every block holds a mistake, and most single entries do, or too many to name them all."""
    if size <= _BLOCKS or 4 * len(suspects) < 3 * _BLOCKS:
        return False
    sample = rng.choice(size, size=min(_SAMPLE, size), replace=False).astype(np.intp)
    share = len(meter.wrong(list(sample[:, None]))) / len(sample)
    return share > 0.5 or share * size * log2(size) > meter.left


def _name(meter: _Meter, suspects: list[_Suspect], size: int) -> tuple[tuple[int, ...], bool]:
    """Follow the suspects to single entries; look again at what is left until it shows nothing."""
    found: set[int] = set()
    stalls = 0
    while stalls < _STALLS and meter.left:
        new = _descend(meter, suspects)
        stalls = 0 if new - found else stalls + 1
        found |= new
        suspects = _look(meter, np.delete(np.arange(size), sorted(found)), _REST)
        if found and not suspects:
            return tuple(sorted(found)), meter.left > 0
    return tuple(sorted(found)), False


def _look(meter: _Meter, group: Indices, blocks: int) -> list[_Suspect]:
    """The blocks of a group that show a mistake; the whole group where it does and no block."""
    if not len(group):
        return []
    cut = np.array_split(group, min(blocks, len(group)))
    wrong = meter.wrong([*cut, *[group] * _WHOLE])
    return [s for s in wrong if len(s.group) <= len(cut[0])] or wrong[:1]


def _descend(meter: _Meter, suspects: list[_Suspect]) -> set[int]:
    """Halve until single entries are left, all suspects of a level in one call.

    Those that the budget cannot follow to the end wait until the others are done.
    """
    found = {int(s.group[0]) for s in suspects if s.named}
    suspects = [s for s in suspects if not s.named]
    waiting: list[_Suspect] = []
    while (suspects or waiting) and meter.left:
        if not suspects:
            suspects, waiting = waiting, []
        followed, later = _affordable(suspects, meter.left)
        waiting += later
        tests = meter.measure([s.to_test for s in followed])
        pairs = zip(followed, tests, strict=False)  # the budget may end within a level
        suspects = [child for parent, test in pairs for child in _accused(parent, test)]
        found |= {int(s.group[0]) for s in suspects if s.named}
        suspects = [s for s in suspects if not s.named]
    return found


def _affordable(suspects: list[_Suspect], left: int) -> tuple[list[_Suspect], list[_Suspect]]:
    """Those that can be followed to the end, what stands out most first and one at least, and the others."""
    by_margin = sorted(suspects, key=lambda s: s.bound / max(s.difference, np.finfo(float).tiny))
    number = max(1, int(np.searchsorted(np.cumsum([s.cost for s in by_margin]), left, side="right")))
    return by_margin[:number], by_margin[number:]


def _accused(parent: _Suspect, test: _Suspect) -> list[_Suspect]:
    """The part of the parent that the test of its left half (or of itself) accuses."""
    if test.group is parent.group:
        return [test] if _is_wrong(test) else _again(parent.seen)
    right = parent.halves[1]
    if not _is_wrong(test):
        seen = parent.seen or parent
        return [_Suspect(right, parent.difference, parent.bound, parent.unseen + 1, seen=seen)]
    if abs(test.difference - parent.difference) <= test.bound + parent.bound:
        return [test]
    return [test, _Suspect(right, parent.difference, np.inf)]


def _again(ancestor: _Suspect | None) -> list[_Suspect]:
    """Mistakes of one size cancel along half of all signs: look once more before the ancestor is given up."""
    if ancestor is None or ancestor.tries == _TRIES:
        return []
    return [replace(ancestor, tries=ancestor.tries + 1)]
