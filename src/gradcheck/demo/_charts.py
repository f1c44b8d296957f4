"""The demo's charts for the page; they need Matplotlib."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._verdict import Verdict
from gradcheck.demo._result import Comparison, DemoResult, Start, off_by, worst
from gradcheck.report import Figure
from gradcheck.report._figures import draw

__all__ = ["depths", "learning", "planted", "runs", "starts", "thin"]

POINTS = 200  # more than this many points of a curve shows nothing further at the size of the page
# Okabe and Ito's colours, which people with any colour vision can tell apart.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
COLOUR = {Verdict.PASS: "#009e73", Verdict.FAIL: "#d55e00", Verdict.INCONCLUSIVE: "#e69f00"}


def thin(values: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """At most `POINTS` points of a curve as (number, value), numbers from 1, denser at the start.

    >>> thin(np.array([3.0, 2.0, 1.0]))
    (array([1, 2, 3]), array([3., 2., 1.]))
    """
    chosen = np.unique(np.geomspace(1, len(values), POINTS).round().astype(np.intp))
    return chosen, values[chosen - 1]


def learning(result: DemoResult) -> list[Figure]:
    """Cost with the moments at which the gradients were judged, and the saturated share."""

    def cost(axes: Any) -> None:
        axes.loglog(*thin(result.curve.cost), color=PALETTE[0])
        for stage in result.stages:
            axes.plot(stage.step + 1, stage.cost, "o", color=COLOUR[stage.report.verdict], zorder=3)
        name_axes(axes, "epoch", "cost J")

    def gradient(axes: Any) -> None:
        axes.loglog(*thin(result.curve.first_gradient), color=PALETTE[0])
        name_axes(axes, "epoch", "norm of the first layer's gradient")

    def saturated(axes: Any) -> None:
        epochs, shares = zip(
            *((stage.step + 1, 100 * stage.saturated) for stage in result.stages), strict=True
        )
        axes.semilogx(epochs, shares, "o-", color=PALETTE[0])
        name_axes(axes, "epoch", "saturated hidden units, %")

    return [
        Figure(draw(cost), "cost while learning", "A dot where the gradients were judged: green passed."),
        Figure(draw(gradient), "gradient of the first layer while learning"),
        Figure(
            draw(saturated),
            "saturated hidden units while learning",
            "The share with a slope below 0.01.",
        ),
    ]


def planted(result: DemoResult) -> list[Figure]:
    """How far off each planted mistake is, next to the smallest mistake that would have been caught."""
    smallest = max(stage.report.resolution for stage in result.stages)

    def bars(axes: Any) -> None:
        for shift, moment, colour in ((-0.18, "start", PALETTE[5]), (0.18, "end", PALETTE[0])):
            sizes = [off_by(worst(getattr(row, moment))) for row in result.planted]
            known = [
                (place + shift, size) for place, size in enumerate(sizes) if size and math.isfinite(size)
            ]
            places, lengths = zip(*known, strict=True) if known else ((), ())
            axes.barh(places, lengths, height=0.34, color=colour, label=f"at the {moment}")
        if math.isfinite(smallest) and smallest > 0:
            axes.axvline(smallest, color=PALETTE[1], label="would still have been caught")
        axes.set_xscale("log")
        axes.set_yticks(range(len(result.planted)), [row.title for row in result.planted])
        axes.invert_yaxis()
        axes.legend(loc="upper right", bbox_to_anchor=(1, -0.13), fontsize=8, frameon=False)
        name_axes(axes, "mistake / measured derivative", "")

    svg = draw(bars, height=0.3 * len(result.planted) + 1.4)
    return [
        Figure(
            svg,
            "size of each planted mistake",
            "No bar: the gradient's shape was wrong, no number was compared.",
        )
    ]


def starts(result: DemoResult) -> list[Figure]:
    """The first layer's weights after the training, one map for each initialisation."""
    limit = max(float(np.abs(row.W1).max()) for row in result.starts) or 1.0
    return [weights(row, limit) for row in result.starts]


def weights(row: Start, limit: float) -> Figure:
    def paint(axes: Any) -> None:
        axes.imshow(row.W1, cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
        axes.set_yticks(range(0, row.units, 5))
        name_axes(axes, "feature", "hidden unit")

    title = f"W1 after learning from {row.initialisation} weights, {row.activation}"
    return Figure(
        draw(paint, height=2.6), title, f"Rank {row.rank}, {row.distinct} different units of {row.units}."
    )


def runs(comparison: Comparison) -> list[Figure]:
    """Cost and first layer's gradient while learning, for each data set, a line for each activation."""
    style = styles(run.activation for run in comparison.runs)

    def lines(data: str, quantity: str, name: str, legend: bool) -> Callable[[Any], None]:
        def paint(axes: Any) -> None:
            for run in comparison.runs:
                if run.data == data:
                    axes.loglog(
                        *thin(getattr(run.curve, quantity)), label=run.activation, **style[run.activation]
                    )
            name_axes(axes, "epoch", name)
            if legend:
                axes.legend(frameon=False, fontsize=8, ncols=2)

        return paint

    return [
        Figure(draw(lines(data, quantity, name, quantity == "cost")), f"{data}: {name}")
        for data in dict.fromkeys(run.data for run in comparison.runs)
        for quantity, name in (("cost", "cost J"), ("first_gradient", "norm of the first layer's gradient"))
    ]


def depths(comparison: Comparison) -> list[Figure]:
    """Mean slope and first layer's gradient against the number of hidden layers."""
    style = styles(row.activation for row in comparison.depths)

    def lines(axes: Any, quantity: str) -> None:
        for activation, look in style.items():
            rows = [row for row in comparison.depths if row.activation == activation]
            points = [(row.hidden_layers, getattr(row, quantity)) for row in rows]
            axes.plot(*zip(*points, strict=True), marker="o", label=activation, **look)
        name_axes(axes, "hidden layers", "")

    def slope(axes: Any) -> None:
        lines(axes, "slope")
        axes.set_ylim(0, 1)
        axes.legend(frameon=False, fontsize=8, ncols=2, loc="lower right")

    def gradient(axes: Any) -> None:
        lines(axes, "first_gradient")
        axes.set_yscale("log")
        axes.legend(frameon=False, fontsize=8)

    return [
        Figure(draw(slope), "mean |g'| before training, by depth"),
        Figure(draw(gradient), "norm of the first layer's gradient before training, by depth"),
    ]


def styles(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """A colour and a dash for each distinct name, in order of appearance.

    Every other line is dashed and lies on top: of two neighbours that coincide, as relu and leaky relu do, both show.
    """
    look = {}
    for place, name in enumerate(dict.fromkeys(names)):
        dashed = (place + place // len(PALETTE)) % 2  # the other way round when the colours come again
        look[name] = {
            "color": PALETTE[place % len(PALETTE)],
            "linestyle": "--" if dashed else "-",
            "linewidth": 1.3,
            "zorder": 2 + dashed,
        }
    return look


def name_axes(axes: Any, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
