"""What the demo found out: data alone; the tables, the JSON file and the page are rendered from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._verdict import Finding, Report, Verdict

__all__ = ["Comparison", "Curve", "DemoResult", "Depth", "Planted", "Run", "Stage", "Start"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stage:
    """The gradients of the right back propagation, judged at one moment of the training.

    Attributes
    ----------
    name : str
    step : int
        Steps of gradient descent taken so far.
    cost : float
        Mean cross-entropy of the training part.
    accuracy : float
        Share of the held-back examples that are classified rightly.
    saturated : float
        Share of the hidden units' values with a slope below 0.01.
    report : Report
    """

    name: str
    step: int
    cost: float
    accuracy: float
    saturated: float
    report: Report


@dataclass(frozen=True)
class Planted:
    """One planted mistake, and what the checker said of it at the start and at the end of the training.

    Attributes
    ----------
    title : str
    right, wrong : str
        The line of the notes, and what was written instead.
    inputs : tuple of str
        The gradients that the mistake spoils.
    start, end : Report
    """

    title: str
    right: str
    wrong: str
    inputs: tuple[str, ...]
    start: Report
    end: Report

    @property
    def caught(self) -> bool:
        """True if both reports fail and blame exactly the gradients that are wrong."""
        return all(
            report.verdict is Verdict.FAIL and blamed(report) == set(self.inputs)
            for report in (self.start, self.end)
        )


def blamed(report: Report) -> set[str]:
    """The inputs whose gradient the report calls wrong."""
    return {finding.input for finding in report.findings if finding.verdict is Verdict.FAIL}


def worst(report: Report) -> Finding | None:
    """The failing finding that is farthest outside its bound; a broken contract before any number."""
    failing = [finding for finding in report.findings if finding.verdict is Verdict.FAIL]
    return max(failing, key=lambda f: float("inf") if f.margin is None else f.margin, default=None)


def off_by(finding: Finding | None) -> float | None:
    """The mistake relative to the measured derivative; None where no numbers were compared."""
    if finding is None or finding.claimed is None or finding.measured is None:
        return None
    difference = abs(finding.claimed - finding.measured)
    return difference / abs(finding.measured) if finding.measured else float("inf")


@dataclass(frozen=True)
class Start:
    """What a network became that was trained from one initialisation.

    Attributes
    ----------
    initialisation, activation : str
    units, distinct : int
        Hidden units, and how many of them still differ from each other after the training.
    rank : int
        Rank of W1 after the training.
    steps : int
    cost, accuracy : float
        After the training; the accuracy on the held-back part.
    W1 : array, shape (n1, n0)
        The first layer's weights after the training.
    """

    initialisation: str
    activation: str
    units: int
    distinct: int
    rank: int
    steps: int
    cost: float
    accuracy: float
    W1: Floats


@dataclass(frozen=True)
class Curve:
    """Cost and norm of the first layer's gradient at each epoch of gradient descent."""

    cost: Floats
    first_gradient: Floats


@dataclass(frozen=True)
class Run:
    """One activation trained on one data set.

    Attributes
    ----------
    data, activation : str
    epochs : int
        Epochs until it ended ...
    reason : str
        ... and why: converged, max_epochs or diverged.
    cost, accuracy, first_gradient, saturated : float
        After the last step; the accuracy on the held-back part.
    curve : Curve
    """

    data: str
    activation: str
    epochs: int
    reason: str
    cost: float
    accuracy: float
    first_gradient: float
    saturated: float
    curve: Curve


@dataclass(frozen=True)
class Depth:
    """What reaches the first layer through a number of hidden layers, before any training.

    Attributes
    ----------
    activation : str
    hidden_layers : int
    slope : float
        Mean \\|g'\\| over all hidden units and examples.
    first_gradient : float
        Norm of the gradient of the first layer's weights.
    """

    activation: str
    hidden_layers: int
    slope: float
    first_gradient: float


@dataclass(frozen=True)
class Comparison:
    """Every activation on every data set, and the gradient by depth.

    Attributes
    ----------
    criterion : str
        When a training stops.
    runs : tuple of Run
    depth_data : str
        The data on which depth was measured ...
    depth_starts : int
        ... and over how many random starts.
    depths : tuple of Depth
    """

    criterion: str
    runs: tuple[Run, ...]
    depth_data: str
    depth_starts: int
    depths: tuple[Depth, ...]


@dataclass(frozen=True)
class DemoResult:
    """Everything that one `run_demo` found out.

    Attributes
    ----------
    seed : int
    data, credit : str
    shape : tuple of int
        Features, hidden units, outputs.
    examples, held_back : int
    criterion : str
        When the training stops.
    stages : tuple of Stage
    planted : tuple of Planted
    starts : tuple of Start
    curve : Curve
    comparison : Comparison or None
    files : mapping of str to str
        What was written, by kind.
    notes : tuple of str
        What the user should know, a page that could not be written say.
    seconds : float
    """

    seed: int
    data: str
    credit: str
    shape: tuple[int, ...]
    examples: int
    held_back: int
    criterion: str
    stages: tuple[Stage, ...]
    planted: tuple[Planted, ...]
    starts: tuple[Start, ...]
    curve: Curve
    comparison: Comparison | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def right(self) -> list[bool]:
        """For each stage, whether the right gradients passed."""
        return [bool(stage.report) for stage in self.stages]

    @property
    def caught(self) -> list[bool]:
        """For each planted mistake, whether it was caught."""
        return [planted.caught for planted in self.planted]

    @property
    def passed(self) -> bool:
        """True if every right gradient passed and every planted mistake was caught; False if there was none."""
        return bool(self.right and self.caught) and all(self.right + self.caught)

    @property
    def exit_code(self) -> int:
        """0 if `passed`, else 1."""
        return 0 if self.passed else 1
