"""The demo's files: a JSON file that holds everything, and a page for people where the extra is installed."""

import json
import math
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gradcheck.check._verdict import Report
from gradcheck.demo import _charts as charts
from gradcheck.demo._result import Comparison, Curve, DemoResult, Planted, off_by, worst
from gradcheck.demo._tables import heading, tables, verdict
from gradcheck.differentiate._errors import UsageError
from gradcheck.report import Figure

__all__ = ["folder_for", "to_json", "write"]

PAGE_NEEDS = ("jinja2", "matplotlib")


def folder_for(output: str | Path) -> Path:
    """The folder, made where it is missing; raises `UsageError` where it cannot be."""
    folder = Path(output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        cause = f"the folder cannot be made ({error.strerror})"
        raise UsageError(f"output={str(output)!r}", cause, "name a folder that you may write to") from error
    return folder


def write(result: DemoResult, folder: Path) -> DemoResult:
    """Write ``demo.html`` and ``demo.json`` into the folder; the result that is returned names them."""
    missing = [name for name in PAGE_NEEDS if find_spec(name) is None]
    if missing:
        note = f'no HTML page, for {" and ".join(missing)} is not installed: pip install "gradcheck[report]"'
        result = replace(result, notes=(*result.notes, note))
    else:
        result = replace(result, files={"page": str(folder / "demo.html")})
        write_page(result, folder / "demo.html")
    result = replace(result, files={**result.files, "json": str(folder / "demo.json")})
    save(folder / "demo.json", to_json(result) + "\n")
    return result


def save(path: Path, text: str) -> None:
    """Write the text; raises `UsageError` where the system forbids it."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        cause = f"the file cannot be written ({error.strerror})"
        raise UsageError(str(path), cause, "name a folder that you may write to") from error


def write_page(result: DemoResult, path: Path) -> None:
    """The story in sections, then every check of the right gradients and of the mistakes with its pictures."""
    from gradcheck.report import Section, to_html

    figures = drawings(result)
    aim = "Every right gradient must pass, and every planted mistake must be called wrong"
    text = f"{aim}: {verdict(result)}.\n\n{heading(result)}\n\n{result.credit}."
    sections = [Section("What was found", text)]
    for table in tables(result):
        section = Section(table.title, table.text, table.columns, table.rows, figures.pop(0))
        sections.append(section)
    lines = tuple((row.title, row.right, row.wrong) for row in result.planted)
    sections.insert(3, Section("The planted lines", "", ("mistake", "the notes", "planted instead"), lines))
    right = {f"{stage.name}, step {stage.step}": stage.report for stage in result.stages}
    wrong = {f"planted: {row.title}": row.end for row in result.planted}
    to_html(right | wrong, path, title="gradcheck demo", sections=sections)


def drawings(result: DemoResult) -> list[list[Figure]]:
    """The figures of each table, in the order of `tables`."""
    drawn = [charts.learning(result), charts.planted(result), charts.starts(result)]
    if result.comparison is not None:
        drawn += [charts.runs(result.comparison), charts.depths(result.comparison)]
    return drawn


def to_json(result: DemoResult) -> str:
    """Everything in `result`, every check's report included, as JSON text.

    Curves are thinned to the points that the page draws; a number that is not finite is null.
    """
    document = {
        "passed": result.passed,
        "seed": result.seed,
        "seconds": result.seconds,
        "data": {"name": result.data, "credit": result.credit},
        "network": list(result.shape),
        "examples": result.examples,
        "held_back": result.held_back,
        "criterion": result.criterion,
        "stages": [facts(stage) for stage in result.stages],
        "planted": [planted(row) for row in result.planted],
        "starts": [{**facts(row), "W1": row.W1.tolist()} for row in result.starts],
        "curve": curve(result.curve),
        "comparison": comparison(result.comparison),
        "files": dict(result.files),
        "notes": list(result.notes),
    }
    return json.dumps(document, indent=1, allow_nan=False)


def facts(item: object) -> dict[str, Any]:
    """The fields of a dataclass that are words, numbers or reports."""
    return {
        name: plain(value)
        for name, value in vars(item).items()
        if isinstance(value, str | int | float | Report)
    }


def plain(value: str | float | Report) -> Any:
    if isinstance(value, Report):
        return json.loads(value.to_json())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def planted(row: Planted) -> dict[str, Any]:
    sizes = {moment: off_by(worst(report)) for moment, report in (("start", row.start), ("end", row.end))}
    off = {moment: None if size is None else plain(float(size)) for moment, size in sizes.items()}
    return {**facts(row), "inputs": list(row.inputs), "caught": row.caught, "off_by": off}


def curve(curve: Curve) -> dict[str, list[Any]]:
    epochs, _ = charts.thin(curve.cost)
    columns = {
        name: [plain(float(v)) for v in charts.thin(values)[1]] for name, values in vars(curve).items()
    }
    return {"epoch": epochs.tolist(), **columns}


def comparison(both: Comparison | None) -> dict[str, Any] | None:
    if both is None:
        return None
    runs = [{**facts(run), "curve": curve(run.curve)} for run in both.runs]
    return {**facts(both), "runs": runs, "depths": [facts(row) for row in both.depths]}
