"""``[tool.gradcheck]`` in pyproject.toml: what the command line, pytest and bench-report read there."""

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradcheck.differentiate import UsageError

__all__ = ["INCONCLUSIVE", "PROFILES", "REPORTS", "Settings", "find", "load", "one_of", "parse"]

REPORTS = ("text", "json", "html", "md")
PROFILES = ("quick", "default", "thorough")
INCONCLUSIVE = ("fail", "warn")


@dataclass(frozen=True)
class Settings:
    """The table as written; a dash in a key stands for the underscore of the field.

    Attributes
    ----------
    targets : tuple of str
        What ``gradcheck run`` checks: ``module:object`` or ``path/to/file.py:object``.
    jobs : int
        How many targets ``gradcheck run`` checks at the same time.
    report : tuple of str
        Reports that a pytest run writes: ``text``, ``json``, ``html``, ``md``.
    report_dir : str
        The folder they are written to.
    seed : int or None
        None: pytest derives the seed of a check from the node id of the test.
    profile : str
        ``quick``, ``default`` or ``thorough``.
    inconclusive : str
        ``fail`` or ``warn``: what a test does that could not decide.
    bench : mapping
        As written: limits and references of benchmark groups, which `gradcheck.bench_report` reads.
    """

    targets: tuple[str, ...] = ()
    jobs: int = 1
    report: tuple[str, ...] = ()
    report_dir: str = ".gradcheck"
    seed: int | None = None
    profile: str = "default"
    inconclusive: str = "fail"
    bench: Mapping[str, Any] = field(default_factory=dict)


def find(start: Path) -> Path | None:
    """The nearest pyproject.toml in `start` or above it."""
    candidates = (folder / "pyproject.toml" for folder in (start, *start.parents))
    return next((path for path in candidates if path.is_file()), None)


def load(start: Path) -> Settings:
    """The settings of the project that holds `start`; the defaults where it has none.

    Raises
    ------
    UsageError
        For a file that is not TOML, an unknown key (with the nearest known one) or a value of the wrong kind.
    """
    path = find(start.resolve())
    if path is None:
        return Settings()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(str(path), f"not a TOML file ({error})", "mend the file at that place") from error
    return parse(document.get("tool", {}).get("gradcheck", {}), str(path))


def parse(table: Any, where: str = "pyproject.toml") -> Settings:
    """The settings in one ``[tool.gradcheck]`` table.

    Examples
    --------
    >>> parse({"report": ["html"], "report-dir": "out"}).report_dir
    'out'
    >>> parse({"repotr": ["html"]})
    Traceback (most recent call last):
        ...
    gradcheck.UsageError: repotr: no such key in [tool.gradcheck] of pyproject.toml. Try: report.
    """
    if not isinstance(table, dict):
        raise UsageError(repr(table), f"[tool.gradcheck] of {where} is not a table", "write [tool.gradcheck]")
    values = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in _KINDS:
            known = [each.replace("_", "-") for each in _KINDS]
            raise UsageError(key, f"no such key in [tool.gradcheck] of {where}", _nearest(key, known))
        values[name] = _KINDS[name](f"{key} in {where}", value)
    return Settings(**values)


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> str:
    """`value` if it is one of `allowed`, else a `UsageError` with the nearest."""
    if not isinstance(value, str) or value not in allowed:
        raise UsageError(
            f"{name}={value!r}", f"not one of {', '.join(allowed)}", _nearest(str(value), list(allowed))
        )
    return value


def _nearest(word: str, known: list[str]) -> str:
    return (difflib.get_close_matches(word, known, n=1, cutoff=0.5) or [f"one of {', '.join(known)}"])[0]


def _strings(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise UsageError(f"{name}={value!r}", "not a list of strings", 'write ["...", "..."]')
    return tuple(value)


def _reports(name: str, value: object) -> tuple[str, ...]:
    return tuple(one_of(name, each, REPORTS) for each in _strings(name, value))


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise UsageError(f"{name}={value!r}", "not a text", 'write it in quotes: "..."')
    return value


def _whole(name: str, value: object, least: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UsageError(
            f"{name}={value!r}", f"not a whole number from {least}", f"write a number, {least} say"
        )
    return value


def _table(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{name}={value!r}", "not a table of limits", "write group = 1.3 below it")
    return value


_KINDS: dict[str, Callable[[str, object], Any]] = {
    "targets": _strings,
    "jobs": lambda name, value: _whole(name, value, least=1),
    "report": _reports,
    "report_dir": _text,
    "seed": _whole,
    "profile": lambda name, value: one_of(name, value, PROFILES),
    "inconclusive": lambda name, value: one_of(name, value, INCONCLUSIVE),
    "bench": _table,
}
