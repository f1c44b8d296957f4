"""pytest-benchmark's JSON -> `Run`. Whatever is not such a file is refused with the reason."""

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from gradcheck.differentiate._errors import UsageError

__all__ = ["Benchmark", "Run", "read_run"]

CURE = "write the file with pytest --benchmark-json=results.json"

# A top-level key that gives another tool's file away -> the tool's name.
FOREIGN = {
    "context": "Google Benchmark",
    "results": "hyperfine or asv",
    "benchmark_group_map": "Airspeed Velocity",
    "findings": "gradcheck's own check report",
    "traceEvents": "a trace",
}


@dataclass(frozen=True)
class Benchmark:
    """One benchmark of one run.

    Attributes
    ----------
    fullname : str
        ``path::test[params]``, by which two runs are matched.
    name, function : str
        The test's name with and without its parameters.
    group : str or None
    params : mapping of str to Any
    extra : mapping of str to Any
        What the benchmark itself wrote down (``benchmark.extra_info``).
    median : float
        Seconds for one call.
    rounds : int
    spread : float or None
        A standard deviation of one round in seconds, from the interquartile range where there is one; None
        where the file does not allow it to be known (a single round).
    """

    fullname: str
    name: str
    group: str | None
    median: float
    rounds: int = 1
    spread: float | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def function(self) -> str:
        return self.name.partition("[")[0]

    @property
    def instructions(self) -> float | None:
        """Machine instructions, where the benchmark counted them (``extra_info["instructions"]``)."""
        count = self.extra.get("instructions")
        return float(count) if isinstance(count, int | float) and count > 0 else None


@dataclass(frozen=True)
class Run:
    """All benchmarks of one JSON file, and on what they ran."""

    benchmarks: tuple[Benchmark, ...]
    machine: Mapping[str, str]
    source: str


def read_run(path: str | PathLike[str]) -> Run:
    """Read a file that ``pytest --benchmark-json`` (or ``--benchmark-save``) wrote.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Run

    Raises
    ------
    gradcheck.UsageError
        The file is missing, empty, broken, another tool's, holds no benchmark, or a time in it is not one.
    """
    document = _load(Path(path))
    entries = _entries(document, str(path))
    benchmarks = tuple(_benchmark(entry, number, str(path)) for number, entry in enumerate(entries))
    _refuse_duplicates(benchmarks, str(path))
    return Run(benchmarks, _machine(document), str(path))


def _load(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        cause = f"cannot be read ({error.strerror})"
        raise UsageError(f"{path}", cause, "name an existing file") from error
    except UnicodeDecodeError as error:
        cause = f"is not UTF-8 text ({error.reason} at byte {error.start})"
        raise UsageError(f"{path}", cause, CURE) from error
    if not text.strip():
        raise UsageError(f"{path}", "the file is empty (did the benchmark run end early?)", CURE)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        ends = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        cut = ", before the file is whole (was the run cut short?)" if ends else ""
        raise UsageError(f"{path}", f"is broken JSON: {error.msg} at {where}{cut}", CURE) from error
    except RecursionError as error:
        raise UsageError(f"{path}", "is JSON nested too deeply to be results", CURE) from error


def _entries(document: Any, source: str) -> list[Any]:
    if not isinstance(document, dict):
        raise UsageError(f"{source}", f"holds a JSON {_kind(document)}, not an object", CURE)
    entries = document.get("benchmarks")
    foreign = next((tool for key, tool in FOREIGN.items() if key in document), None)
    if not isinstance(entries, list) or (foreign and not any(_has_stats(entry) for entry in entries)):
        keys = ", ".join(sorted(map(str, document))[:6]) or "none"
        guess = f"; it looks like {foreign}" if foreign else ""
        cause = f"is not pytest-benchmark's JSON (its keys: {keys}){guess}"
        raise UsageError(f"{source}", cause, CURE)
    if not entries:
        cause = "holds no benchmark: none was selected, or timing was off (--benchmark-disable, xdist)"
        raise UsageError(f"{source}", cause, "run pytest with --benchmark-json and timing on")
    return entries


def _has_stats(entry: Any) -> bool:
    return isinstance(entry, dict) and "stats" in entry


def _benchmark(entry: Any, number: int, source: str) -> Benchmark:
    where = f"{source}, benchmarks[{number}]"
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise UsageError(where, "has no name", CURE)
    where = f"{where} ({entry['name']})"
    stats = entry.get("stats")
    if not isinstance(stats, dict):
        raise UsageError(where, f"stats is a JSON {_kind(stats)}: it did not finish", "run it again")
    median = _seconds(stats, "median" if "median" in stats else "mean", where)
    rounds = stats.get("rounds", 1)
    if not isinstance(rounds, int) or isinstance(rounds, bool) or rounds < 1:
        raise UsageError(where, f"rounds={rounds!r} is not a count", CURE)
    return Benchmark(
        fullname=str(entry.get("fullname") or entry["name"]),
        name=entry["name"],
        group=str(entry["group"]) if entry.get("group") else None,
        median=median,
        rounds=rounds,
        spread=_spread(stats, rounds, where),
        params=_mapping(entry.get("params"), "params", where),
        extra=_mapping(entry.get("extra_info"), "extra_info", where),
    )


def _seconds(stats: Mapping[str, Any], key: str, where: str) -> float:
    value = _number(stats, key, where)
    if not value > 0:
        raise UsageError(where, f"{key}={value!r} is not a positive time", CURE)
    return value


def _number(stats: Mapping[str, Any], key: str, where: str) -> float:
    value = stats.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise UsageError(where, f"{key}={value!r} is not a finite number", CURE)
    return float(value)


def _spread(stats: Mapping[str, Any], rounds: int, where: str) -> float | None:
    """Interquartile range / 1.349 (a normal's); the standard deviation where the clock's ticks hide it."""
    if rounds < 2:
        return None
    iqr, stddev = (_number(stats, key, where) if key in stats else 0.0 for key in ("iqr", "stddev"))
    for key, value in (("iqr", iqr), ("stddev", stddev)):
        if value < 0:
            raise UsageError(where, f"{key}={value!r} is negative", CURE)
    known = "iqr" in stats or "stddev" in stats
    return (iqr / 1.349 or stddev) if known else None


def _mapping(value: Any, name: str, where: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UsageError(where, f"{name} is a JSON {_kind(value)}, not an object", CURE)
    return value


def _refuse_duplicates(benchmarks: tuple[Benchmark, ...], source: str) -> None:
    name, count = Counter(benchmark.fullname for benchmark in benchmarks).most_common(1)[0]
    if count > 1:
        cause = f"{name} occurs {count} times, so that it cannot be told which is meant"
        raise UsageError(f"{source}", cause, "give one run's file at a time")


def _machine(document: Mapping[str, Any]) -> Mapping[str, str]:
    """What a reader needs to judge the figures: processor, system, Python, commit, time; what is known."""
    info, commit = (_object(document.get(key)) for key in ("machine_info", "commit_info"))
    cpu = _object(info.get("cpu"))
    facts = {
        "processor": cpu.get("brand_raw") or cpu.get("brand") or info.get("processor"),
        "cores": cpu.get("count"),
        "system": " ".join(str(info[key]) for key in ("system", "machine") if info.get(key)),
        "Python": " ".join(
            str(info[key]) for key in ("python_implementation", "python_version") if info.get(key)
        ),
        "commit": str(commit.get("id") or "")[:12] + (" (with changes)" if commit.get("dirty") else ""),
        "time": str(document.get("datetime") or "")[:16].replace("T", " "),
        "pytest-benchmark": document.get("version"),
        **_object(info.get("libraries")),
    }
    return {key: str(value) for key, value in facts.items() if value}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _kind(value: Any) -> str:
    kinds = {type(None): "null", list: "array", dict: "object", str: "string", bool: "Boolean"}
    return kinds.get(type(value), "number")
