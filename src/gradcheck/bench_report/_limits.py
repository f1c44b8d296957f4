"""What exceeds its limit: against the baseline, and against the reference of the same run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gradcheck.differentiate._errors import UsageError

from ._baseline import Changes
from ._group import Case, Group, Row
from ._settings import Settings

__all__ = ["Breach", "breaches", "held"]


@dataclass(frozen=True)
class Breach:
    """One benchmark over one limit; `against` says what the ratio is to."""

    group: str
    name: str
    ratio: float
    limit: float
    against: str

    def __str__(self) -> str:
        return f"{self.group}: {self.name} takes {self.ratio:.2f} × {self.against}, limit {self.limit:g}"


def breaches(groups: tuple[Group, ...], changes: Changes | None, settings: Settings) -> tuple[Breach, ...]:
    """Everything that is over its limit.

    A change is over its limit when its lowest ratio still is, so that spread alone never fails a run; where
    the spread is unknown the ratio itself decides. A ratio within one run is one of medians, as printed.
    """
    return (*_against_reference(groups, settings), *(_against_baseline(changes, settings) if changes else ()))


def _against_baseline(changes: Changes, settings: Settings) -> Iterator[Breach]:
    for change in changes.changes:
        limit = settings.limit_of(change.group)
        if limit is not None and change.low > limit:
            yield Breach(change.group, change.new.name, change.ratio, limit, "the baseline")


def _against_reference(groups: tuple[Group, ...], settings: Settings) -> Iterator[Breach]:
    for group in groups:
        _refuse_absent(settings.of(group.name).ratios, group)
    for group, case, row, limit in held(groups, settings):
        if row.ratio > limit:
            yield Breach(group.name, row.benchmark.name, row.ratio, limit, case.reference)


def held(groups: tuple[Group, ...], settings: Settings) -> Iterator[tuple[Group, Case, Row, float]]:
    """Every row whose ratio has a limit; none of a case in which another stands in for the reference."""
    for group in groups:
        own = settings.of(group.name)
        for case in group.cases:
            if own.reference in (None, case.reference):
                limited = (row for row in case.rows if row.contender in own.ratios)
                yield from ((group, case, row, own.ratios[row.contender]) for row in limited)


def _refuse_absent(limits: Mapping[str, float], group: Group) -> None:
    for name in set(limits) - set(group.contenders):
        cause = f"no contender of group {group.name!r} has that name: the limit could never be exceeded"
        raise UsageError(f"ratios.{name}", cause, f"name one of {', '.join(sorted(group.contenders))}")
