"""``[tool.gradcheck.bench]`` of pyproject.toml -> `Settings`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from gradcheck import config
from gradcheck.differentiate._errors import UsageError

__all__ = ["GroupSettings", "Settings", "find_settings", "parse_settings"]

KEYS = ("fail-above", "reference", "ratios", "contender", "figures")  # of a group's table

# Parameters by which projects say "this is what competes"; `contender` in the settings replaces them.
CONTENDERS = ("contender", "tool", "peer", "library", "backend", "implementation", "impl")


@dataclass(frozen=True)
class GroupSettings:
    """What a project says about one group.

    Attributes
    ----------
    fail_above : float or None
        How many times the baseline's median a benchmark may take.
    reference : str or None
        The contender whose time is 1; without one, or where it did not run, the fastest of each case.
    ratios : mapping of contender to float
        How many times the reference's time of the same run a contender may take.
    contender : tuple of str
        Parameters whose values compete in this group; by default those of all groups.
    figures : tuple of str or None
        Which of the figures that the benchmarks wrote down stand in the Markdown; None for all.
    """

    fail_above: float | None = None
    reference: str | None = None
    ratios: Mapping[str, float] = field(default_factory=dict)
    contender: tuple[str, ...] = ()
    figures: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Settings:
    """What a project says about its benchmarks.

    Attributes
    ----------
    contender : tuple of str
        Parameters whose values compete with each other; the other parameters name the case.
    fail_above : float or None
        The limit of every group that has none of its own.
    groups : mapping of str to GroupSettings
    """

    contender: tuple[str, ...] = CONTENDERS
    fail_above: float | None = None
    groups: Mapping[str, GroupSettings] = field(default_factory=dict)

    def of(self, group: str) -> GroupSettings:
        return self.groups.get(group, GroupSettings())

    def contender_of(self, group: str) -> tuple[str, ...]:
        return self.of(group).contender or self.contender

    def limit_of(self, group: str) -> float | None:
        own = self.of(group).fail_above
        return self.fail_above if own is None else own


def find_settings(start: str | PathLike[str] = ".") -> Settings:
    """The settings of the nearest pyproject.toml at or above `start`; the defaults where there is none."""
    return parse_settings(config.load(Path(start)).bench)


def parse_settings(table: Mapping[str, Any]) -> Settings:
    """The settings in one ``[tool.gradcheck.bench]`` table.

    ``fail-above`` and ``contender`` are for all groups; any other key is a group: a number is its limit
    against the baseline, a table holds its ``fail-above``, ``reference``, ``ratios``, ``contender`` and ``figures``.

    Raises
    ------
    gradcheck.UsageError
        A value is of the wrong kind, or a group's table has a key that is not known.

    Examples
    --------
    >>> settings = parse_settings({"fail-above": 1.3, "core": 1.1, "check": {"reference": "torch"}})
    >>> settings.limit_of("core"), settings.limit_of("check"), settings.of("check").reference
    (1.1, 1.3, 'torch')
    """
    groups = {key: value for key, value in table.items() if key not in ("fail-above", "contender")}
    return Settings(
        contender=_words("bench.contender", table.get("contender", list(CONTENDERS))),
        fail_above=_optional_limit(table, "bench"),
        groups={name: _group(f"bench.{name}", value) for name, value in groups.items()},
    )


def check_limit(name: str, value: Any) -> float:
    """`value` if it is a ratio that can be exceeded: a positive finite number."""
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if not numeric or not math.isfinite(value) or value <= 0:
        raise UsageError(f"{name}={value!r}", "not a ratio above 0", "write a number, 1.3 say")
    return float(value)


def _optional_limit(table: Mapping[str, Any], name: str) -> float | None:
    return check_limit(f"{name}.fail-above", table["fail-above"]) if "fail-above" in table else None


def _group(name: str, value: Any) -> GroupSettings:
    if not isinstance(value, dict):
        return GroupSettings(fail_above=check_limit(name, value))
    unknown = [key for key in value if key not in KEYS]
    if unknown:
        raise UsageError(f"{name}.{unknown[0]}", "no such key of a group", f"use one of {', '.join(KEYS)}")
    ratios = _table(f"{name}.ratios", value.get("ratios", {}))
    return GroupSettings(
        fail_above=_optional_limit(value, name),
        reference=_word(f"{name}.reference", value["reference"]) if "reference" in value else None,
        ratios={each: check_limit(f"{name}.ratios.{each}", limit) for each, limit in ratios.items()},
        contender=_words(f"{name}.contender", value.get("contender", [])),
        figures=_words(f"{name}.figures", value["figures"]) if "figures" in value else None,
    )


def _words(name: str, value: Any) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list):
        raise UsageError(
            f"{name}={value!r}", "not a name or a list of names", 'write them in quotes: ["..."]'
        )
    return tuple(_word(name, word) for word in words)


def _word(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise UsageError(f"{name}={value!r}", "not a name", 'write it in quotes: "..."')
    return value


def _table(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{name}={value!r}", "not a table", "write { contender = 0.5 }")
    return value
