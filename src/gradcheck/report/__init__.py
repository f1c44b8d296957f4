"""Reports for people and programs: JSON is the source; text, Markdown, CI annotations, HTML are rendered."""

from gradcheck.report._json import from_json, json_schema, to_json
from gradcheck.report._text import to_text

__all__ = ["from_json", "json_schema", "to_json", "to_text"]
