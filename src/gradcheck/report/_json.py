"""Reports as JSON: the source from which everything else is rendered, and what `gradcheck replay` reads."""

import json
from typing import Any, TypeVar

from gradcheck.check._verdict import Report
from gradcheck.differentiate._errors import UsageError
from gradcheck.report._codec import CURE, decode_fields, encode, schema

__all__ = ["FORMAT", "VERSION", "from_json", "json_schema", "to_json"]

FORMAT = "gradcheck-report"
VERSION = 1

AnyReport = TypeVar("AnyReport", bound=Report)


def to_json(report: Report, *, indent: int | None = 2) -> str:
    """The whole report as JSON text, nothing rounded: NaN, infinities, complex numbers and arrays included.

    Parameters
    ----------
    report : Report
    indent : int or None
        Spaces a level; None writes one line.

    Returns
    -------
    str
        An object with ``format``, ``version`` and the fields of the report, as the published schema
        (`json_schema`) describes it.

    Raises
    ------
    UsageError
        Where `options` or `counterexample` hold something other than numbers, strings, arrays, nests of them.

    Examples
    --------
    >>> from gradcheck.check._verdict import Report, Verdict
    >>> text = to_json(Report(Verdict.PASS, (), resolution=float("inf")))
    >>> from_json(text).resolution
    inf
    """
    try:
        fields = encode(Report, report)
    except TypeError as error:
        raise UsageError("report", str(error), "hold arrays of numbers in the report") from error
    document = {"format": FORMAT, "version": VERSION, **fields}
    return json.dumps(document, indent=indent, allow_nan=False, ensure_ascii=False)


def from_json(text: str, cls: type[AnyReport] = Report) -> AnyReport:  # type: ignore[assignment]
    """The report that `to_json` wrote. Nothing in the text is ever evaluated, imported or unpickled.

    Parameters
    ----------
    text : str
    cls : type
        `Report` or a subclass of it.

    Raises
    ------
    UsageError
        For anything that `to_json` did not write: no JSON, another format, another version, a wrong field.
    """
    document = _parsed(text)
    if not isinstance(document, dict) or document.pop("format", None) != FORMAT:
        raise UsageError(_start(text), "this JSON is not a gradcheck report", CURE)
    version = document.pop("version", None)
    if version != VERSION or isinstance(version, bool):
        raise UsageError(
            f"version={version!r}",
            f"this gradcheck reads reports of version {VERSION}",
            "use the gradcheck that wrote the file, or a newer one",
        )
    return cls(**decode_fields(cls, document, "report"))


def json_schema() -> dict[str, Any]:
    """The published JSON schema (draft 2020-12) of reports.

    Examples
    --------
    >>> json_schema()["properties"]["verdict"]
    {'enum': ['pass', 'fail', 'inconclusive']}
    """
    body = schema(Report)
    head = {"format": {"const": FORMAT}, "version": {"const": VERSION}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gradcheck report",
        **body,
        "properties": {**head, **body["properties"]},
        "required": [*head, *body["required"]],
        "$defs": DEFINITIONS,
    }


FLOAT = {"anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}]}
DEFINITIONS: dict[str, Any] = {
    "complex": {
        "type": "object",
        "properties": {"$complex": {"type": "array", "items": FLOAT, "minItems": 2, "maxItems": 2}},
        "required": ["$complex"],
        "additionalProperties": False,
    },
    "any": {
        "description": "Any JSON value; $array, $complex, $float, $map, $tuple mark what JSON itself lacks.",
    },
    "array": {
        "description": "The value of $array: elements row by row, complex ones as two numbers each.",
        "type": "object",
        "properties": {
            "dtype": {"type": "string", "pattern": "^[<>|][biufc][0-9]+$"},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
            "order": {"enum": ["C", "F", "strided"]},
            "data": {"type": "array", "items": {"type": ["number", "boolean", "string"]}},
        },
        "required": ["dtype", "shape", "order", "data"],
        "additionalProperties": False,
    },
}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, TypeError, RecursionError) as error:
        raise UsageError(_start(text), f"this is not JSON that gradcheck wrote ({error})", CURE) from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _start(text: Any) -> str:
    shown = repr(text)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
