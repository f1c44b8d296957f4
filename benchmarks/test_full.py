"""full: every entry of a gradient measured, beside torch's slow mode on the same NumPy network."""

from collections.abc import Callable

import numpy as np
import pytest

import gradcheck

from .checkers import CHECKERS, installed
from .measuring import clocked, skip_over_a_minute, timed
from .network import SMALL_BATCH, Problem, network

# The steps with which the peers measure what they hold a claim against.
STEPS = {"torch slow": 1e-6, "CS231n": 1e-5}
TOOLS = installed(["gradcheck full", "torch slow", "CS231n"])
SIZES = [
    pytest.param(100),
    *(pytest.param(n, marks=pytest.mark.large) for n in (1_000, 4_225, 10_000, 100_000)),
]


@pytest.mark.benchmark(group="full coverage")
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("parameters", SIZES)
def test_every_entry(benchmark, tool: str, parameters: int) -> None:
    problem = network(parameters, examples=SMALL_BATCH)
    skip_over_a_minute(tool, problem)
    (accepted, measured), seconds = clocked(lambda: (_peer(tool) if tool in STEPS else _ours)(problem))
    assert accepted
    benchmark.extra_info["evaluations per entry"] = round(problem.calls / problem.size, 3)
    exact = np.concatenate([g.ravel() for g in problem.claim(*problem.inputs)])
    reference = _central(problem, STEPS[tool]) if measured is None else measured
    rms = np.sqrt(np.mean(exact**2))
    benchmark.extra_info["error / rms (worst)"] = float(f"{np.max(np.abs(reference - exact)) / rms:.2g}")
    benchmark.extra_info["error / rms (median)"] = float(f"{np.median(np.abs(reference - exact)) / rms:.2g}")
    assert timed(benchmark, lambda: CHECKERS[tool](problem), seconds)


def _peer(tool: str) -> Callable[[Problem], tuple[bool, None]]:
    return lambda problem: (CHECKERS[tool](problem), None)


def _ours(problem: Problem) -> tuple[bool, np.ndarray]:
    """The verdict, and what was measured at every entry, in the order of the gradient."""
    report = gradcheck.check_grad(problem.f, problem.gradient, problem.inputs, coverage="full")
    entries = [entry for finding in report.findings if finding.code == "value" for entry in finding.sample]
    assert len(entries) == problem.size
    return bool(report), np.array([entry.measured for entry in entries])


def _central(problem: Problem, step: float) -> np.ndarray:
    """What torch.autograd.gradcheck (absolute step 1e-6) and the CS231n loop (1e-5) hold the claim against."""
    inputs = tuple(x.copy() for x in problem.inputs)

    def slope(x: np.ndarray, i: tuple[int, ...]) -> float:
        old = x[i]
        x[i] = old + step
        above = problem.cost(*inputs)
        x[i] = old - step
        below = problem.cost(*inputs)
        x[i] = old
        return (above - below) / (2 * step)

    return np.array([slope(x, i) for x in inputs for i in np.ndindex(x.shape)])
