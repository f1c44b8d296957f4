"""full: every entry of a gradient measured, beside torch's slow mode on the same NumPy network."""

import numpy as np
import pytest

import gradcheck

from .checkers import CHECKERS, OWN, installed
from .measuring import skip_over_a_minute, timed
from .network import SMALL_BATCH, Problem, network

# The steps with which the peers measure what they hold a claim against.
STEPS = {"torch slow": 1e-6, "CS231n": 1e-5}
TOOLS = installed(["gradcheck full", "torch slow", "CS231n"])
SIZES = [
    pytest.param(100),
    *(pytest.param(n, marks=pytest.mark.large) for n in (1_000, 4_225, 10_000, 100_000)),
]
# Entries of an array whose measured values our report keeps; as many of the peers', which keep none, are measured
# once more.
SAMPLE = 4_096


@pytest.mark.benchmark(group="full coverage")
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("parameters", SIZES)
def test_every_entry(benchmark, tool: str, parameters: int) -> None:
    problem = network(parameters, examples=SMALL_BATCH)
    expected = skip_over_a_minute(tool, problem)
    check = _ours if tool in OWN else CHECKERS[tool]

    def counted() -> bool | gradcheck.Report:
        problem.reset()
        return check(problem)

    answer = timed(benchmark, counted, expected)
    assert answer or tool not in OWN
    benchmark.extra_info["accepted"] = str(bool(answer))
    benchmark.extra_info["evaluations per entry"] = round(problem.calls / problem.size, 3)
    exact = _flat(problem.claim(*problem.inputs))
    if tool in OWN:
        places, measured, error = _kept(answer, problem)
        assert np.all(np.abs(measured - exact[places]) <= error)
    else:
        places = np.random.default_rng(0).permutation(problem.size)[:SAMPLE]
        measured = _central(problem, STEPS[tool], places)
    wrong = np.abs(measured - exact[places]) / np.sqrt(np.mean(exact**2))
    benchmark.extra_info["error / rms (worst)"] = float(f"{np.max(wrong):.2g}")
    benchmark.extra_info["error / rms (median)"] = float(f"{np.median(wrong):.2g}")


def _ours(problem: Problem) -> gradcheck.Report:
    return gradcheck.check_grad(problem.f, problem.gradient, problem.inputs, coverage="full")


def _flat(arrays: tuple[np.ndarray, ...]) -> np.ndarray:
    return np.concatenate([array.ravel() for array in arrays])


def _kept(report: gradcheck.Report, problem: Problem) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the entries that the report keeps: their places in the whole gradient, what was measured, the errors."""
    starts = np.cumsum([0, *(x.size for x in problem.inputs)])
    kept = [
        (starts[k] + np.ravel_multi_index(entry.index, x.shape), entry.measured, entry.error)
        for k, x in enumerate(problem.inputs)
        for finding in report.findings
        if finding.code == "value" and finding.input == f"arg{k}"
        for entry in finding.sample
    ]
    places, measured, error = (np.array(column) for column in zip(*kept, strict=True))
    return places, measured, error


def _central(problem: Problem, step: float, chosen: np.ndarray) -> np.ndarray:
    """What torch.autograd.gradcheck (absolute step 1e-6) and the CS231n loop (1e-5) hold the claim against."""
    inputs = tuple(x.copy() for x in problem.inputs)
    places = [(x, i) for x in inputs for i in np.ndindex(x.shape)]

    def slope(x: np.ndarray, i: tuple[int, ...]) -> float:
        old = x[i]
        x[i] = old + step
        above = problem.cost(*inputs)
        x[i] = old - step
        below = problem.cost(*inputs)
        x[i] = old
        return (above - below) / (2 * step)

    return np.array([slope(*places[k]) for k in chosen])
