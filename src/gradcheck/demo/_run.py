"""`run_demo`: the whole demo, from the data to the files and the exit code."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from gradcheck.demo._compare import compare, ticks
from gradcheck.demo._data import Split, load_breast_cancer, split, two_spirals, xor
from gradcheck.demo._files import folder_for, to_json, write
from gradcheck.demo._mistakes import MISTAKES
from gradcheck.demo._network import CRITERION, to_curve
from gradcheck.demo._progress import Tick, progress
from gradcheck.demo._result import Comparison, DemoResult
from gradcheck.demo._stages import (
    MOMENTS,
    STARTS,
    Check,
    judge_stages,
    learner_of,
    plant_all,
    start_all,
    train_in_parts,
)
from gradcheck.differentiate._errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["find_out", "run_demo"]

STEPS = 2 + len(MOMENTS) + len(MISTAKES) + len(STARTS) + 1  # of the progress bar; the last is the page


def run_demo(
    *,
    seed: int = 0,
    output: str | Path = "gradcheck-demo",
    as_json: bool = False,
    quiet: bool = False,
    compare_activations: bool = False,
    console: "Console | None" = None,
    check: Check | None = None,
) -> DemoResult:
    """Check a real network's gradients while it learns, and show that planted mistakes are caught.

    Parameters
    ----------
    seed : int
        Of the split, the starting weights and the checks; not negative.
    output : path
        The folder for ``demo.json`` and ``demo.html``; made where it is missing.
    as_json : bool
        Print the result as JSON instead of tables.
    quiet : bool
        Print nothing if everything passed, the verdict alone if not; no progress bar.
    compare_activations : bool
        Also train with every activation on three data sets, and measure the gradient by depth.
    console : rich.console.Console, optional
        Where to print; by default the standard output.
    check : callable, optional
        The checker that is shown at work; by default `gradcheck.check_grad`.

    Returns
    -------
    DemoResult
        Its ``exit_code`` is 0 only if every right gradient passed and every planted mistake was caught.

    Raises
    ------
    UsageError
        If the seed is negative, the folder cannot be made, or the extra ``cli`` is not installed.
    """
    if seed < 0:
        raise UsageError(f"seed={seed}", "a seed is not negative", "seed=0")
    console = console or standard_output()
    folder = folder_for(output)
    with progress(STEPS + (ticks(3) if compare_activations else 0), hidden=quiet or as_json) as tick:
        result = find_out(seed, check or default_check(seed), tick, compare_activations)
        tick("writing the page")
        result = write(result, folder)
    report(result, console, as_json, quiet)
    return result


def find_out(seed: int, check: Check, tick: Tick, compare_activations: bool) -> DemoResult:
    """Everything but the files: train, judge, plant, start from zeros, and compare if asked."""
    began = perf_counter()
    data = load_breast_cancer()
    # A stream of its own for each purpose: a further check must not change the data or the weights.
    splitting, weights, square, zero = (np.random.default_rng([seed, purpose]) for purpose in range(4))
    parts = split(data, splitting)
    learner = learner_of(parts)
    start = learner.network.initialise(weights)
    descents = train_in_parts(learner, start)
    result = DemoResult(
        seed=seed,
        data="Breast Cancer Wisconsin (Diagnostic)",
        credit=data.credit,
        shape=learner.network.widths,
        examples=parts.train_X.shape[1],
        held_back=parts.test_X.shape[1],
        criterion=CRITERION,
        stages=tuple(judge_stages(learner, start, descents, check, tick)),
        planted=tuple(plant_all(parts, start, descents[-1].params, square, check, tick)),
        starts=tuple(start_all(parts, zero, tick)),
        curve=to_curve(*descents),
        comparison=compare_on_three(parts, seed, tick) if compare_activations else None,
    )
    return replace(result, seconds=perf_counter() - began)


def compare_on_three(real: Split, seed: int, tick: Tick) -> Comparison:
    """The comparison on the real data and on the two synthetic sets."""
    synthetic = (xor(np.random.default_rng([seed, 10])), two_spirals(np.random.default_rng([seed, 11])))
    data = (real, *(split(each, np.random.default_rng([seed, 12])) for each in synthetic))
    return compare(data, seed, tick)


def default_check(seed: int) -> Check:
    """`gradcheck.check_grad` with this seed."""
    from gradcheck import check_grad

    return partial(check_grad, seed=seed)


def standard_output() -> "Console":
    try:
        from rich.console import Console
    except ModuleNotFoundError:
        cause = "the package rich is not installed"
        raise UsageError("gradcheck demo", cause, 'pip install "gradcheck[cli]"') from None
    return Console()


def report(result: DemoResult, console: "Console", as_json: bool, quiet: bool) -> None:
    """Print what was asked for; a failure is never silent."""
    from gradcheck.demo._terminal import close, show

    if as_json:
        console.file.write(to_json(result) + "\n")
    elif not quiet:
        show(result, console)
    elif not result.passed:
        close(result, console)
