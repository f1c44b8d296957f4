"""full: every entry of a gradient measured, beside torch's slow mode on the same NumPy network."""

import numpy as np
import pytest

import gradcheck

from .checkers import CHECKERS, installed
from .measuring import skip_over_a_minute, timed
from .network import Problem, network

TOOLS = installed(["gradcheck full", "torch slow", "CS231n"])
SIZES = [
    pytest.param(100),
    *(pytest.param(n, marks=pytest.mark.large) for n in (1_000, 4_225, 10_000, 100_000)),
]


@pytest.mark.benchmark(group="full coverage")
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("parameters", SIZES)
def test_every_entry(benchmark, tool: str, parameters: int) -> None:
    problem = network(parameters)
    skip_over_a_minute(tool, problem)
    problem.calls = 0
    assert CHECKERS[tool](problem)
    benchmark.extra_info |= {
        "evaluations per entry": round(problem.calls / problem.size, 3),
        "error / rms": _error(tool, problem),
    }
    assert timed(benchmark, lambda: CHECKERS[tool](problem))


def _error(tool: str, problem: Problem) -> float:
    """The largest distance of the reference derivative from the (correct) gradient, over the gradient's rms."""
    exact = np.concatenate([g.ravel() for g in problem.gradient(*problem.inputs)])
    measured = (
        _ours(problem)
        if tool == "gradcheck full"
        else _central(problem, {"torch slow": 1e-6}.get(tool, 1e-5))
    )
    return float(f"{np.max(np.abs(measured - exact)) / np.sqrt(np.mean(exact**2)):.2g}")


def _ours(problem: Problem) -> np.ndarray:
    report = gradcheck.check_grad(problem.f, problem.gradient, problem.inputs, coverage="full")
    entries = [entry for finding in report.findings if finding.code == "value" for entry in finding.sample]
    assert len(entries) == problem.size
    return np.array([entry.measured for entry in entries])


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
