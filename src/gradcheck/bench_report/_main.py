"""From file names to the text, the files and the verdict."""

from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

from gradcheck.differentiate._errors import UsageError

from ._document import Document, document_of
from ._html import to_html
from ._limits import Breach
from ._markdown import to_markdown, verdict
from ._read import read_run
from ._settings import Settings, check_limit, find_settings

__all__ = ["Outcome", "bench_report"]


@dataclass(frozen=True)
class Outcome:
    """What a report came to: everything in it, its Markdown, and the files that were written."""

    document: Document
    text: str
    written: tuple[Path, ...]

    @property
    def verdict(self) -> str:
        """The first sentence."""
        return verdict(self.document)

    @property
    def breaches(self) -> tuple[Breach, ...]:
        return self.document.breaches

    @property
    def exceeded(self) -> bool:
        return bool(self.breaches)


def bench_report(
    results: str | PathLike[str],
    *,
    baseline: str | PathLike[str] | None = None,
    html: str | PathLike[str] | None = None,
    md: str | PathLike[str] | None = None,
    fail_above: float | None = None,
    settings: Settings | None = None,
) -> Outcome:
    """Report on pytest-benchmark's JSON; what ``gradcheck bench-report`` does.

    Parameters
    ----------
    results, baseline : path-like
        Files of ``pytest --benchmark-json``, from this project or any other.
    html, md : path-like, optional
        Where to write the page and the Markdown.
    fail_above : float, optional
        How many times the baseline's median a benchmark may take, beyond what the spread of both runs
        explains; a group that ``[tool.gradcheck.bench]`` gives a limit of its own keeps it. Needs a baseline.
    settings : Settings, optional
        By default those of the nearest pyproject.toml.

    Raises
    ------
    gradcheck.UsageError
        A file cannot be read or is not what it should be, or `fail_above` has nothing to compare.
    """
    chosen = find_settings() if settings is None else settings
    if fail_above is not None:
        _refuse_no_baseline(fail_above, baseline)
        chosen = replace(chosen, fail_above=check_limit("fail_above", fail_above))
    document = document_of(read_run(results), read_run(baseline) if baseline else None, chosen)
    _refuse_nothing_compared(document, baseline)
    text = to_markdown(document)
    files = [(html, to_html(document))] if html else []
    files += [(md, text)] if md else []
    written = tuple(_write(path, content) for path, content in files)
    return Outcome(document, text, written)


def _refuse_no_baseline(fail_above: float, baseline: object) -> None:
    if baseline is None:
        cause = "there is no baseline to compare with, so that nothing could ever fail"
        raise UsageError(f"fail_above={fail_above!r}", cause, "add --baseline old.json")


def _refuse_nothing_compared(document: Document, baseline: object) -> None:
    if document.changes is not None and not document.changes.changes:
        cause = "has no benchmark in common with the results, so that nothing was compared"
        raise UsageError(f"baseline={baseline}", cause, "give a run of the same tests, from the same folder")


def _write(path: str | PathLike[str], content: str) -> Path:
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
    except OSError as error:
        cause = f"cannot be written ({error.strerror})"
        raise UsageError(f"path={target}", cause, "name a file in a writable folder") from error
    return target
