"""Benchmarks -> groups -> cases -> rows with their ratio to the reference of the case."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gradcheck.differentiate._errors import UsageError

from ._read import Benchmark, Run
from ._settings import Settings

__all__ = ["Case", "Group", "Row", "groups_of"]

DEFAULTS = Settings()


@dataclass(frozen=True)
class Row:
    """One contender in one case; `ratio` is its median over the reference's."""

    contender: str
    benchmark: Benchmark
    ratio: float


@dataclass(frozen=True)
class Case:
    """Contenders that do the same work: `params` says which; `reference` names the one with ratio 1."""

    params: Mapping[str, Any]
    rows: tuple[Row, ...]
    reference: str

    @property
    def label(self) -> str:
        return ", ".join(f"{name}={number(value)}" for name, value in self.params.items())


@dataclass(frozen=True)
class Group:
    """The cases of one benchmark group, smallest first, and its contenders in the order of the file."""

    name: str
    cases: tuple[Case, ...]
    contenders: tuple[str, ...]

    def extra_names(self) -> tuple[str, ...]:
        """The figures that the benchmarks wrote down beside their times, in the order of their appearance."""
        rows = (row for case in self.cases for row in case.rows)
        names = (name for row in rows for name, value in row.benchmark.extra.items() if is_scalar(value))
        return tuple(dict.fromkeys(names))


def groups_of(run: Run, settings: Settings = DEFAULTS) -> tuple[Group, ...]:
    """Sort a run's benchmarks into groups and cases, each with its reference.

    A benchmark without a group is grouped with those of its test function. In a group, the parameters that
    `Settings.contender` names (and the test functions, where there are several) compete; the others name the
    case. Without such a parameter, numbers name the case and everything else competes; where nothing would then
    compete, the whole group is one case.

    Raises
    ------
    gradcheck.UsageError
        The reference, to which the settings limit ratios, is no contender of the group.
    """
    members: dict[str, list[Benchmark]] = {}
    for benchmark in run.benchmarks:
        members.setdefault(benchmark.group or benchmark.function, []).append(benchmark)
    return tuple(_group(name, benchmarks, settings) for name, benchmarks in members.items())


def _group(name: str, benchmarks: list[Benchmark], settings: Settings) -> Group:
    contender = settings.contender_of(name)
    competing = _competing(benchmarks, contender)
    by_case = _by_case(benchmarks, competing)
    declared = any(key in benchmark.params for benchmark in benchmarks for key in contender)
    if not declared and all(len(members) == 1 for members in by_case.values()):
        by_case = {(): benchmarks}
        competing = {key for benchmark in benchmarks for key in benchmark.params}
    several = len({benchmark.function for benchmark in benchmarks}) > 1
    reference = settings.of(name).reference
    contenders = tuple(dict.fromkeys(_contender(b, competing, several) for b in benchmarks))
    if settings.of(name).ratios:
        _refuse_absent(reference, name, contenders)
    cases = (
        _case(_case_params(members[0], competing), members, competing, several, reference)
        for members in by_case.values()
    )
    return Group(name, tuple(sorted(cases, key=lambda case: _order(case.params))), contenders)


def _competing(benchmarks: Iterable[Benchmark], contender: Iterable[str]) -> set[str]:
    values: dict[str, list[Any]] = {}
    for benchmark in benchmarks:
        for key, value in benchmark.params.items():
            values.setdefault(key, []).append(value)
    declared = {key for key in values if key in contender}
    return declared or {key for key, seen in values.items() if not all(map(is_number, seen))}


def _by_case(benchmarks: Iterable[Benchmark], competing: set[str]) -> dict[Any, list[Benchmark]]:
    cases: dict[Any, list[Benchmark]] = {}
    for benchmark in benchmarks:
        key = tuple((name, repr(value)) for name, value in sorted(_case_params(benchmark, competing).items()))
        cases.setdefault(key, []).append(benchmark)
    return cases


def _case_params(benchmark: Benchmark, competing: set[str]) -> dict[str, Any]:
    return {key: value for key, value in benchmark.params.items() if key not in competing}


def _case(
    params: Mapping[str, Any],
    benchmarks: list[Benchmark],
    competing: set[str],
    several: bool,
    reference: str | None,
) -> Case:
    fastest_first = sorted(benchmarks, key=lambda benchmark: benchmark.median)
    named = [(_contender(benchmark, competing, several), benchmark) for benchmark in fastest_first]
    label, yardstick = next((pair for pair in named if pair[0] == reference), named[0])
    rows = tuple(Row(name, b, b.median / yardstick.median) for name, b in named)
    return Case(params, rows, label)


def _contender(benchmark: Benchmark, competing: set[str], several: bool) -> str:
    function = benchmark.function.removeprefix("test_")
    values = labels({key: value for key, value in sorted(benchmark.params.items()) if key in competing})
    return ", ".join([function, *values] if several or not values else values)


def _refuse_absent(reference: str | None, group: str, contenders: tuple[str, ...]) -> None:
    if reference is not None and reference not in contenders:
        cause = f"no contender of group {group!r} has that name, and limits of ratios to it are set"
        raise UsageError(f"reference={reference!r}", cause, f"name one of {', '.join(sorted(contenders))}")


def _order(params: Mapping[str, Any]) -> tuple[tuple[bool, float], ...]:
    """Numbers by size, before words, which keep the order of the file."""
    return tuple((not is_number(v), v if is_number(v) else 0.0) for v in params.values())


def labels(params: Mapping[str, Any]) -> list[str]:
    """Parameters as they stand in a name: words bare, numbers with the name of what they count."""
    return [f"{key}={number(value)}" if is_number(value) else str(value) for key, value in params.items()]


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_scalar(value: Any) -> bool:
    return isinstance(value, int | float | str)


def number(value: Any) -> str:
    """A parameter or figure as a person reads it: ``0.25``, ``100,000``, ``1.2e-13``, ``relu``."""
    if not is_number(value):
        return str(value)
    whole = isinstance(value, int) or (value.is_integer() and abs(value) < 1e15)
    return f"{int(value):,}" if whole else digits(value)


def digits(value: float) -> str:
    """Three digits, or the whole part where it has more: ``1,328``."""
    return f"{value:,.0f}" if 999.5 <= abs(value) < 1e15 else f"{value:.3g}"
