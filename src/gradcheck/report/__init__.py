"""Reports for people and programs: JSON is the source; text, Markdown, CI annotations, HTML are rendered."""

from gradcheck.report._figures import Figure
from gradcheck.report._github import to_github
from gradcheck.report._html import Section, to_html
from gradcheck.report._json import from_json, json_schema, to_json
from gradcheck.report._markdown import to_markdown
from gradcheck.report._text import to_text

__all__ = [
    "Figure",
    "Section",
    "from_json",
    "json_schema",
    "to_github",
    "to_html",
    "to_json",
    "to_markdown",
    "to_text",
]
