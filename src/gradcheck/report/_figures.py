"""Pictures as SVG text that an HTML page can hold inline, in light and in dark."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from io import StringIO
from typing import Any

from gradcheck.differentiate._errors import UsageError

__all__ = ["Figure", "draw", "inline", "need"]

STYLE = {"svg.fonttype": "none", "svg.hashsalt": "gradcheck", "font.family": "sans-serif", "font.size": 10}
INK = "#000000"  # what Matplotlib draws black becomes the page's own text colour
HEAD = re.compile(r".*?<svg[^>]*?viewBox=\"([^\"]*)\"[^>]*>", re.DOTALL)
# Matplotlib's own style element speaks of every element of the page, its metadata names other sites.
NOISE = re.compile(r"<(metadata|style)\b.*?</\1>", re.DOTALL)
NAMED = re.compile(r"""(\bid="|\bhref="#|url\(#)""")


@dataclass(frozen=True)
class Figure:
    """A picture with the words that stand for it.

    Attributes
    ----------
    svg : str
        The picture as SVG text, as Matplotlib writes it.
    title : str
        What it shows, in a few words: also what a screen reader says.
    caption : str
        How to read it.
    """

    svg: str
    title: str
    caption: str = ""


def need(module: str) -> Any:
    """The optional module, or an error that says how to get it."""
    from importlib import import_module

    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise UsageError(
            "to_html", f"the package {package} is not installed", 'pip install "gradcheck[report]"'
        ) from error


def draw(paint: Callable[[Any], None], width: float = 4.4, height: float = 3.0) -> str:
    """What `paint` puts on a pair of axes (inches) as SVG text, the same bytes for the same data."""
    matplotlib = need("matplotlib")
    figures = need("matplotlib.figure")
    with matplotlib.rc_context(STYLE):
        figure = figures.Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots()
        axes.spines[["top", "right"]].set_visible(False)
        paint(axes)
        text = StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    return text.getvalue()


def inline(svg: str, prefix: str, label: str) -> str:
    """The picture fit for a page: names of its own, no fixed size, the page's text colour, a label."""
    body = NOISE.sub("", HEAD.sub("", svg, count=1))
    view = HEAD.match(svg)
    if view is None:
        raise UsageError(f"svg={svg[:40]!r}", "not SVG text with a viewBox", "pass what savefig wrote")
    body = NAMED.sub(rf"\g<1>{prefix}-", body).replace(INK, "currentColor")
    width = view[1].split()[2]
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{view[1]}" style="width: {width}pt" role="img" aria-label="{escape(label)}">'
    )
    return opening + body
