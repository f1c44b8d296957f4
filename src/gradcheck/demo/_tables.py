"""The demo's result as tables of text, which the terminal and the page then clothe."""

from collections.abc import Iterator
from dataclasses import dataclass

from gradcheck.check._verdict import Finding, Report, Verdict
from gradcheck.demo._result import Comparison, DemoResult, Planted, Run, off_by, worst

__all__ = ["CAUGHT", "MISSED", "Table", "heading", "planted", "tables", "verdict"]

CAUGHT, MISSED = "caught", "MISSED"


@dataclass(frozen=True)
class Table:
    """A table of text with what it shows and how to read it."""

    title: str
    text: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def heading(result: DemoResult) -> str:
    """What is learnt, by which network, until when."""
    return (
        f"{result.data}: {result.examples} examples to learn from, {result.held_back} held back.\n"
        f"Network {'-'.join(map(str, result.shape))}, tanh and sigmoid; seed {result.seed}; gradient descent until\n"
        f"{result.criterion}."
    )


def verdict(result: DemoResult) -> str:
    """The sentence on which the exit code rests."""
    return (
        f"{sum(result.right)} of {len(result.stages)} right gradients passed, "
        f"{sum(result.caught)} of {len(result.planted)} planted mistakes were caught"
    )


def tables(result: DemoResult) -> Iterator[Table]:
    """Every table of the result, in order."""
    yield stages(result)
    yield planted(result)
    yield starts(result)
    if result.comparison is not None:
        yield runs(result.comparison)
        yield depths(result.comparison)


def stages(result: DemoResult) -> Table:
    return Table(
        "The right gradients, judged before, while and after learning",
        "A gradient that is right at the start can be wrong where units saturate, so one moment is not enough. Held "
        "back: the share of the held-back examples that are classified rightly. Saturated: the share of the hidden "
        "units' values with a slope below 0.01. Resolution: the relative mistake that would have been caught.",
        ("moment", "epoch", "cost", "held back", "saturated", "verdict", "resolution"),
        tuple(
            (
                stage.name,
                str(stage.step),
                f"{stage.cost:.4f}",
                percent(stage.accuracy),
                percent(stage.saturated),
                stage.report.verdict.value,
                f"{stage.report.resolution:.0e}",
            )
            for stage in result.stages
        ),
    )


def planted(result: DemoResult) -> Table:
    return Table(
        "Planted mistakes, one after the other",
        "Off by how much, relative to the measured derivative, at the start and at the end of the training. Caught "
        "means: the gradients that the mistake spoils, and no others, were called wrong both times.",
        ("mistake", "found in", "at start", "at end", "diagnosis", ""),
        tuple(
            (
                row.title,
                place(row),
                amount(row.start),
                amount(row.end),
                diagnosis(worst(row.end)),
                CAUGHT if row.caught else MISSED,
            )
            for row in result.planted
        ),
    )


def place(row: Planted) -> str:
    """The worst entry where one gradient alone is wrong, else the names of those that are."""
    finding = worst(row.end)
    if finding is None:
        return "nowhere"
    if finding.index and len(row.inputs) == 1:
        return f"{finding.input}{list(finding.index)}"
    return " ".join(dict.fromkeys(f.input for f in row.end.findings if f.verdict is Verdict.FAIL))


def amount(report: Report) -> str:
    """How wrong, relative to the measured derivative; the code of the contract where one was broken."""
    finding = worst(report)
    if finding is None:
        return report.verdict.value
    relative = off_by(finding)
    return finding.code if relative is None else f"{relative:.0e}"


def diagnosis(finding: Finding | None) -> str:
    """What kind of mistake it was taken for; a factor with its size."""
    if finding is None:
        return ""
    if finding.diagnosis == "factor" and finding.claimed is not None and finding.measured:
        return f"factor {abs(finding.claimed / finding.measured):.4g}"
    return finding.diagnosis or finding.code


def starts(result: DemoResult) -> Table:
    return Table(
        "All-zero weights next to random ones, trained alike",
        "From zero weights the gradients are right, and useless: every hidden unit computes the same, gets the same "
        "gradient, and stays the same for ever. Behind a tanh, which is 0 at 0, no weight moves at all (rank 0); "
        "behind a sigmoid all units move together and do the work of one (rank 1).",
        ("weights", "hidden", "different units", "rank of W1", "cost", "held back"),
        tuple(
            (
                row.initialisation,
                row.activation,
                f"{row.distinct} of {row.units}",
                str(row.rank),
                f"{row.cost:.4f}",
                percent(row.accuracy),
            )
            for row in result.starts
        ),
    )


def runs(comparison: Comparison) -> Table:
    return Table(
        "Every activation on every data set",
        f"All learn at one rate. Epochs until {comparison.criterion}; at the end of them the cost, the accuracy on the "
        "held-back examples, the norm of the first layer's gradient, and the "
        "share of the hidden units' values with a slope below 0.01 (for relu the negative ones, where it is 0).",
        ("data", "hidden", "epochs", "cost", "held back", "1st grad", "saturated"),
        tuple(
            (
                run.data,
                run.activation,
                epochs(run),
                f"{run.cost:.4f}",
                percent(run.accuracy),
                f"{run.first_gradient:.0e}",
                percent(run.saturated),
            )
            for run in comparison.runs
        ),
    )


def epochs(run: Run) -> str:
    """The number of epochs; ``> 5000`` where they did not suffice, ``diverged`` where they led nowhere."""
    return {"converged": f"{run.epochs}", "max_epochs": f"> {run.epochs}"}.get(run.reason, run.reason)


def depths(comparison: Comparison) -> Table:
    names = tuple(dict.fromkeys(row.activation for row in comparison.depths))
    cells = {(row.hidden_layers, row.activation): row for row in comparison.depths}
    layers = sorted({row.hidden_layers for row in comparison.depths})
    return Table(
        "By depth: mean |g'| / norm of the first layer's gradient",
        f"What reaches the first layer before training, on {comparison.depth_data}, by the number of hidden layers: "
        f"geometric means over {comparison.depth_starts} random starts. A sigmoid's slope is at most 1/4, and every "
        "layer multiplies by it once more.",
        ("layers", *names),
        tuple(
            (str(n), *(f"{cells[n, name].slope:.3f} / {cells[n, name].first_gradient:.0e}" for name in names))
            for n in layers
        ),
    )


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"
