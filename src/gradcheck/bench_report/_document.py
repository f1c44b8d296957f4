"""Everything a rendering needs, gathered once."""

from dataclasses import dataclass

from ._baseline import Changes, compare
from ._group import Group, groups_of
from ._limits import Breach, breaches, held
from ._read import Run
from ._settings import Settings

DEFAULTS = Settings()

__all__ = ["Document", "document_of"]


@dataclass(frozen=True)
class Document:
    """A run, sorted, compared and judged."""

    run: Run
    groups: tuple[Group, ...]
    changes: Changes | None
    breaches: tuple[Breach, ...]
    notes: tuple[str, ...]
    settings: Settings

    @property
    def limits(self) -> int:
        """How many benchmarks were held against a limit."""
        changes = self.changes.changes if self.changes else ()
        ratios = len(list(held(self.groups, self.settings)))
        return ratios + sum(self.settings.limit_of(change.group) is not None for change in changes)


def document_of(run: Run, baseline: Run | None = None, settings: Settings = DEFAULTS) -> Document:
    """Sort `run` into groups, compare it with `baseline` and hold both against the limits of `settings`."""
    groups = groups_of(run, settings)
    changes = compare(run, groups, baseline) if baseline else None
    notes = _notes(groups, changes, settings)
    return Document(run, groups, changes, breaches(groups, changes, settings), notes, settings)


def _notes(groups: tuple[Group, ...], changes: Changes | None, settings: Settings) -> tuple[str, ...]:
    """What a reader must know so as not to read too much into the figures."""
    absent = sorted(set(settings.groups) - {group.name for group in groups})
    notes = [f"named in the settings, did not run: {', '.join(absent)}"] if absent else []
    notes += [
        f"{settings.of(group.name).reference!r}, the reference of {group.name!r}, did not run: the fastest stands in"
        for group in groups
        if settings.of(group.name).reference not in {None, *group.contenders}
    ]
    if changes is None:
        limited = any(settings.limit_of(group.name) is not None for group in groups)
        return (*notes, *(["no baseline was given: no limit against one was checked"] if limited else []))
    notes += [f"another machine than the baseline's: {difference}" for difference in changes.machine]
    notes += [f"not in the baseline: {name}" for name in changes.added]
    notes += [f"only in the baseline: {name}" for name in changes.removed]
    return tuple(notes)
