"""Reports in files: saved by content, read back with nothing evaluated."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from gradcheck.check._verdict import Report
from gradcheck.differentiate._errors import UsageError
from gradcheck.report import from_json, to_json

__all__ = ["read_reports", "save"]

WROTE = "name a file that --save or --format json wrote"


def save(report: Report, folder: Path) -> str:
    """Write the report into the folder and return its path; the same check gives the same name.

    Raises
    ------
    UsageError
        If the folder cannot be made or written.
    """
    identity = "\0".join(
        [report.target, report.call, report.subject, str(report.seed), repr(dict(report.options))]
    )
    path = folder / f"{hashlib.sha256(identity.encode()).hexdigest()[:6]}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(to_json(report) + "\n", encoding="utf-8")
    except OSError as error:
        cause = f"the report cannot be written ({error.strerror})"
        raise UsageError(
            str(path), cause, "name a folder that you may write to, with --report-dir"
        ) from error
    return path.as_posix()


def read_reports(path: Path) -> list[Report]:
    """The report, or the list of reports, that ``--save`` or ``--format json`` wrote.

    Raises
    ------
    UsageError
        If the file cannot be read or holds anything else.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        cause = f"the file cannot be read ({error.strerror})"
        raise UsageError(str(path), cause, WROTE) from error
    except UnicodeDecodeError:
        raise UsageError(str(path), "this is not text, so no report", "name a report in JSON") from None
    try:
        return [_report(each) for each in _members(text)]
    except UsageError as error:
        raise UsageError(f"{path}: {error.value}", error.cause, WROTE) from None


def _members(text: str) -> list[Any]:
    """The members of a list; anything but a list, also what is no JSON, is one member."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    return document if isinstance(document, list) else [text]


def _report(member: Any) -> Report:
    """One report; the pytest plugin writes each with the node id of its test."""
    if isinstance(member, str):
        return from_json(member)
    if isinstance(member, dict) and member.keys() == {"test", "report"} and isinstance(member["test"], str):
        return replace(from_json(json.dumps(member["report"])), target=member["test"])
    return from_json(json.dumps(member))
