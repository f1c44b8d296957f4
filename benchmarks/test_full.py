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
# The peers keep no measured values, so theirs are measured once more, at so many entries; ours are compared there.
SAMPLE = 5_000


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
    assert answer
    benchmark.extra_info["evaluations per entry"] = round(problem.calls / problem.size, 3)
    sample = np.random.default_rng(0).permutation(problem.size)[:SAMPLE]
    exact = _flat(problem.claim(*problem.inputs))
    if tool in OWN:
        measured, error = (values[sample] for values in _measured(answer))
        assert np.all(np.abs(measured - exact[sample]) <= error)
    else:
        measured = _central(problem, STEPS[tool], sample)
    wrong = np.abs(measured - exact[sample]) / np.sqrt(np.mean(exact**2))
    benchmark.extra_info["error / rms (worst)"] = float(f"{np.max(wrong):.2g}")
    benchmark.extra_info["error / rms (median)"] = float(f"{np.median(wrong):.2g}")


def _ours(problem: Problem) -> gradcheck.Report:
    return gradcheck.check_grad(problem.f, problem.gradient, problem.inputs, coverage="full")


def _flat(arrays: tuple[np.ndarray, ...]) -> np.ndarray:
    return np.concatenate([array.ravel() for array in arrays])


def _measured(report: gradcheck.Report) -> tuple[np.ndarray, np.ndarray]:
    """What was measured at every entry, in the order of the gradient, and the errors."""
    entries = [entry for finding in report.findings if finding.code == "value" for entry in finding.sample]
    return np.array([entry.measured for entry in entries]), np.array([entry.error for entry in entries])


def _central(problem: Problem, step: float, sample: np.ndarray) -> np.ndarray:
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

    return np.array([slope(*places[k]) for k in sample])
