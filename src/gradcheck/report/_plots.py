"""The pictures of a finding: where it is wrong, how the step was chosen, whether the claim converges."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._verdict import Entry, Finding, Verdict
from gradcheck.report._figures import Figure, draw
from gradcheck.report._numbers import entry_name, short

__all__ = ["convergence", "convergence_order", "error_map", "margins", "pictures", "step_curve"]

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#7f7f7f"  # Okabe and Ito's palette, safe for any colour vision
# Inside the bound in blues, outside in reds: the edges are multiples of the bound.
EDGES = (0.0, 0.1, 1.0, 10.0, 1e3, 1e6, math.inf)
COLOURS = ("#4393c3", "#92c5de", "#fddbc7", "#f4a582", "#d6604d", "#b2182b")
NAMES = ("below 0.1", "up to 1: right", "up to 10", "up to 1000", "up to 1e6", "above 1e6")
SIDE = 64  # cells of a map in each direction; larger arrays show the worst of each block
MARKED = 400  # cells that are still large enough to hold a cross


def pictures(finding: Finding) -> list[Figure]:
    """The pictures that the data of this finding allow."""
    drawn = [error_map(finding) if len(finding.sample) > 1 else None]
    if finding.sweep is not None and len(finding.sweep.steps) > 1:
        drawn += [step_curve(finding), convergence(finding)]
    return [figure for figure in drawn if figure is not None]


def margins(entries: tuple[Entry, ...]) -> NDArray[np.float64]:
    """|claimed - measured| in units of the bound, for each entry; 1 and below is right."""
    apart = np.array([abs(complex(e.claimed) - complex(e.measured)) for e in entries])
    bound = np.array([float(e.error) for e in entries])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = apart / bound
    return np.where(apart == 0, 0.0, np.where(np.isnan(ratio), np.inf, ratio))


def error_map(finding: Finding) -> Figure | None:
    """A heat map of the error for each entry that was measured; a row of points for a vector."""
    axes_count = len(finding.sample[0].index)
    if axes_count == 0:
        return None
    name = finding.input or finding.code
    title = f"error of each measured entry of {name}, in units of the bound"
    if axes_count == 1:
        svg = draw(lambda axes: _paint_vector(axes, finding), height=2.4)
        return Figure(svg, title, "Points above the line are wrong.")
    grid, block = _grid(finding)
    svg = draw(lambda axes: _paint_grid(axes, grid, axes_count))
    coarse = f" Each cell is the worst of {block[0]} × {block[1]} entries." if max(block) > 1 else ""
    return Figure(svg, title, f"Blue is right, red with a cross is wrong, empty was not measured.{coarse}")


def _paint_vector(axes: Any, finding: Finding) -> None:
    index = [entry.index[0] for entry in finding.sample]
    size = np.clip(margins(finding.sample), 1e-3, 1e9)
    wrong = size > 1
    for mask, marker, colour in ((~wrong, "o", BLUE), (wrong, "x", ORANGE)):
        axes.semilogy(np.array(index)[mask], size[mask], marker, color=colour, markersize=5)
    axes.axhline(1, color=GREY, linewidth=1)
    axes.set_xlabel("entry")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_ylabel("error / bound")
    axes.yaxis.set_major_formatter(_power)


def _grid(finding: Finding) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """The worst margin of each block of entries, leading axes folded into rows; NaN where unmeasured."""
    index = np.array([entry.index for entry in finding.sample])
    shape = tuple(index.max(axis=0) + 1)
    rows, columns = np.ravel_multi_index(tuple(index[:, :-1].T), shape[:-1]), index[:, -1]
    extent = math.prod(shape[:-1]), int(shape[-1])
    block = -(-extent[0] // SIDE), -(-extent[1] // SIDE)
    grid = np.full((-(-extent[0] // block[0]), -(-extent[1] // block[1])), -1.0)
    np.maximum.at(grid, (rows // block[0], columns // block[1]), margins(finding.sample))
    return np.where(grid < 0, np.nan, grid), block


def _paint_grid(axes: Any, grid: NDArray[np.float64], axes_count: int) -> None:
    from matplotlib.colors import BoundaryNorm, ListedColormap
    from matplotlib.patches import Patch

    level = np.searchsorted(EDGES, grid, side="left").clip(1, len(COLOURS)) - 1.0
    shown = np.ma.masked_invalid(np.where(np.isnan(grid), np.nan, level))
    norm = BoundaryNorm(np.arange(len(COLOURS) + 1) - 0.5, len(COLOURS))
    corners = [np.arange(n + 1) - 0.5 for n in grid.shape]
    mesh = ListedColormap(list(COLOURS))
    axes.pcolormesh(corners[1], corners[0], shown, cmap=mesh, norm=norm, edgecolors=GREY, linewidth=0.3)
    axes.invert_yaxis()
    if grid.size <= MARKED:
        row, column = np.nonzero(grid > 1)
        axes.plot(column, row, "x", color="#111111", markersize=7)
    present = sorted(set(shown.compressed().astype(int)))
    handles = [Patch(color=COLOURS[k], label=NAMES[k]) for k in present]
    axes.legend(
        handles=handles, title="error / bound", loc="center left", bbox_to_anchor=(1, 0.5), frameon=False
    )
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("last axis")
    axes.set_ylabel("first axis" if axes_count == 2 else "the other axes, folded")


def step_curve(finding: Finding) -> Figure:
    """The V: error of the difference quotient against the step, with the step that was chosen."""
    sweep, measured = finding.sweep, finding.measured
    assert sweep is not None
    steps, apart = _apart(finding, _slope_reference(finding))

    def paint(axes: Any) -> None:
        axes.loglog(steps, apart, "o-", color=BLUE, markersize=4, linewidth=1)
        axes.axvline(sweep.chosen, color=ORANGE, linewidth=1.2)
        axes.set_title(f"chosen step {short(sweep.chosen)}: vertical line", loc="left", fontsize=10)
        if finding.error is not None and 0 < finding.error < math.inf:
            axes.axhline(finding.error, color=GREY, linewidth=1)
            corner = {"ha": "right", "va": "bottom", "xycoords": axes.get_yaxis_transform()}
            axes.annotate("bound", (0.99, finding.error), **corner)
        _label(axes, "step", "|slope − measured|")

    title = f"choice of the step at {_where(finding)}"
    caption = "To the left of the V the rounding of f rules, to the right the curvature of f."
    return Figure(draw(paint), title, caption if measured is not None else "")


def convergence(finding: Finding) -> Figure | None:
    """Distance of the difference quotient from the claim: a right claim is approached, a wrong one is not."""
    if finding.claimed is None:
        return None
    steps, apart = _apart(finding, finding.claimed)
    order = convergence_order(steps, apart)
    verdict = _converges(finding, order)

    def paint(axes: Any) -> None:
        colour = ORANGE if finding.verdict is Verdict.FAIL else BLUE
        axes.loglog(steps, apart, "o-", color=colour, markersize=4, linewidth=1)
        axes.set_title(verdict, loc="left", fontsize=10)
        axes.set_ylim(apart.min() / 10, apart.max() * 10)  # a flat line is drawn flat
        axes.set_ylim(apart.min() / 10, apart.max() * 10)  # a flat line is drawn flat
        _label(axes, "step", "|slope − claimed|")

    caption = "Towards smaller steps (left) the distance from a right claim falls until rounding stops it."
    return Figure(draw(paint), f"convergence to the claim at {_where(finding)}: {verdict}", caption)


def _label(axes: Any, x: str, y: str) -> None:
    """Names for two logarithmic axes, numbers in plain text: typesetting them takes longer than all else."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(_power)
        axis.set_minor_formatter("")


def _power(value: float, _: int) -> str:
    return f"{value:.0e}"


def _converges(finding: Finding, order: float | None) -> str:
    """Slope and verdict, as they are written on the plot."""
    slope = "no slope to fit" if order is None else f"slope {round(order, 1) + 0:.1f}"
    if finding.verdict is Verdict.FAIL and finding.measured is not None and finding.claimed is not None:
        apart = short(abs(complex(finding.claimed) - complex(finding.measured)))
        return f"{slope}, stays {apart} away: FAIL"
    return f"{slope}: {finding.verdict.upper()}"


def convergence_order(steps: NDArray[np.float64], apart: NDArray[np.float64]) -> float | None:
    """The exponent p of h^p that the distances follow from the largest step down, for as long as they fall.

    Near 0 where they do not fall at all; None where fewer than three steps were seen.

    Examples
    --------
    >>> h = 2.0 ** -np.arange(8)
    >>> round(convergence_order(h, 3 * h**2), 6)
    2.0
    >>> round(convergence_order(h, 0.5 + 0 * h), 6) + 0
    0.0
    """
    if len(steps) < 3:
        return None
    # A first-order formula halves its error with each halved step: less than the root of that is no fall.
    falls = apart[1:] <= apart[:-1] * np.sqrt(steps[1:] / steps[:-1])
    fitted = max(3, 1 + int(np.argmin(falls)) if not falls.all() else len(steps))
    return float(np.polyfit(np.log(steps[:fitted]), np.log(apart[:fitted]), 1)[0])


def _apart(finding: Finding, reference: float | complex) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Steps, largest first, and the distance of each slope from the reference, at least its last digit."""
    assert finding.sweep is not None
    steps, slopes = np.array(finding.sweep.steps), np.array(finding.sweep.slopes)
    usable = np.isfinite(slopes) & (steps > 0)
    order = np.argsort(-steps[usable])
    distance = np.abs(slopes - reference)[usable][order]
    floor = max(np.finfo(float).eps * abs(reference), np.finfo(float).tiny)
    return steps[usable][order], np.maximum(distance, floor)


def _slope_reference(finding: Finding) -> float | complex:
    """What the V is drawn against: the measured derivative, or the slope at the chosen step."""
    if finding.measured is not None:
        return finding.measured
    assert finding.sweep is not None
    nearest = np.argmin(np.abs(np.array(finding.sweep.steps) - finding.sweep.chosen))
    return finding.sweep.slopes[int(nearest)]


def _where(finding: Finding) -> str:
    return entry_name(finding.input, finding.index) or finding.code
