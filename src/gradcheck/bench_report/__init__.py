"""Benchmark results as a report: the JSON of pytest-benchmark in; tables, plots and an exit code out.

The way through: `read_run` -> `document_of` (`groups_of`, `compare`, `breaches`) -> `to_html`, `to_markdown`,
`to_terminal`; `bench_report` walks it.
"""

from ._baseline import Change, Changes, compare
from ._command import report_command, spell_out_md, summary
from ._document import Document, document_of
from ._group import Case, Group, Row, groups_of
from ._html import to_html
from ._limits import Breach, breaches
from ._main import Outcome, bench_report
from ._markdown import to_markdown
from ._read import Benchmark, Run, read_run
from ._scaling import Curve, curves_of
from ._settings import Settings, find_settings, parse_settings
from ._terminal import to_terminal

__all__ = [
    "Benchmark",
    "Breach",
    "Case",
    "Change",
    "Changes",
    "Curve",
    "Document",
    "Group",
    "Outcome",
    "Row",
    "Run",
    "Settings",
    "bench_report",
    "breaches",
    "compare",
    "curves_of",
    "document_of",
    "find_settings",
    "groups_of",
    "parse_settings",
    "read_run",
    "report_command",
    "spell_out_md",
    "summary",
    "to_html",
    "to_markdown",
    "to_terminal",
]
