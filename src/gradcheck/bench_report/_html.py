"""`Document` -> one HTML file that needs no network: style inside, plots as data URIs."""

import base64
from itertools import groupby
from typing import Any

from gradcheck.differentiate._errors import UsageError

from ._document import Document
from ._group import Group
from ._markdown import verdict
from ._scaling import Curve, curves_of
from ._table import change_table, group_table, lone, lone_table

__all__ = ["to_html"]


def to_html(document: Document) -> str:
    """The report as a page; needs the extra ``report`` (jinja2, and matplotlib for the scaling plots).

    Raises
    ------
    gradcheck.UsageError
        The extra is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader

        loader = PackageLoader("gradcheck.bench_report")
        environment = Environment(loader=loader, autoescape=True, trim_blocks=True)
        return environment.get_template("bench_report.html.j2").render(_page(document))
    except ModuleNotFoundError as error:
        cure = 'python -m pip install "gradcheck[report]"'
        raise UsageError("html", f"the page needs {error.name}, which is not installed", cure) from error


def _page(document: Document) -> dict[str, Any]:
    changes, single = document.changes, lone(document.groups)
    return {
        "document": document,
        "verdict": verdict(document),
        "changes": change_table(changes, document.settings) if changes and changes.changes else None,
        "sections": [_section(group) for group in document.groups if group not in single],
        "lone": lone_table(single) if single else None,
        "machine": document.run.machine,
    }


def _section(group: Group) -> dict[str, Any]:
    widest = max(row.ratio for case in group.cases for row in case.rows)
    return {
        "name": group.name,
        "table": group_table(group),
        "bars": [100 * row.ratio / widest for case in group.cases for row in case.rows],
        "plots": [_plot(parameter, list(curves)) for parameter, curves in _by_parameter(curves_of(group))],
    }


def _by_parameter(curves: tuple[Curve, ...]) -> Any:
    return groupby(sorted(curves, key=lambda curve: curve.parameter), key=lambda curve: curve.parameter)


def _plot(parameter: str, curves: list[Curve]) -> dict[str, Any]:
    from ._plot import scaling_svg

    image = base64.b64encode(scaling_svg(curves).encode()).decode()
    laws = "; ".join(f"{curve.label}: time to the power {curve.power}" for curve in curves)
    return {"uri": f"data:image/svg+xml;base64,{image}", "parameter": parameter, "laws": laws}
