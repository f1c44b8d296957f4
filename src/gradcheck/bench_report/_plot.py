"""Scaling curves -> SVG, by Matplotlib without a display."""

import io
from collections.abc import Iterable

from ._scaling import Curve

__all__ = ["scaling_svg"]


def scaling_svg(curves: Iterable[Curve]) -> str:
    """Times over one parameter on logarithmic axes, the fitted power dashed, its exponent in the legend.

    Parameters
    ----------
    curves : iterable of Curve
        Of one parameter; at least one.

    Returns
    -------
    str
        An SVG document, the same text for the same curves.
    """
    import matplotlib
    from matplotlib.figure import Figure

    drawn = list(curves)
    figure = Figure(figsize=(8.8, 4.2), layout="constrained")
    axes = figure.add_subplot(xscale="log", yscale="log", xlabel=drawn[0].parameter, ylabel="seconds")
    for curve in drawn:
        label = f"{curve.label}: {curve.power}"
        (line,) = axes.plot(curve.sizes, curve.seconds, "o-", label=label, markersize=4, linewidth=1)
        fit = [curve.factor * size**curve.exponent for size in curve.sizes]
        axes.plot(curve.sizes, fit, "--", color=line.get_color(), linewidth=1, alpha=0.5)
    axes.grid(True, which="major", alpha=0.3)
    more = "\n(between the two largest)" if any(len(curve.sizes) > 2 for curve in drawn) else ""
    title = f"exponent of {drawn[0].parameter}{more}"
    axes.legend(title=title, title_fontsize=8, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    text = io.StringIO()
    # A fixed salt and no date: the same results give the same file.
    with matplotlib.rc_context({"svg.hashsalt": "gradcheck"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
