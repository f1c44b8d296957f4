"""check: what it costs to certify the same NumPy network, and what was caught for that time."""

import pytest

from .checkers import CHECKERS, installed
from .measuring import clocked, outside, peak_bytes, skip_over_a_minute, timed
from .network import MISTAKES, network

TOOLS = installed(["gradcheck", "torch fast", "torch slow", "jax", "autograd", "scipy", "CS231n"])
SIZES = [100, 1_000, *(pytest.param(10**n, marks=pytest.mark.large) for n in (4, 5, 6, 7))]

TRIALS = 10

# Below this, arrays are no larger than a few pages, which is the unit of resident memory.
PAGES = 10_000


@pytest.mark.benchmark(group="check")
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("parameters", SIZES)
def test_correct_network(benchmark, tool: str, parameters: int) -> None:
    problem = network(parameters)
    skip_over_a_minute(tool, problem)
    accepted, seconds = clocked(lambda: CHECKERS[tool](problem))
    benchmark.extra_info |= {
        "evaluations": problem.calls,
        "claims": problem.claim_calls,
        "accepted": str(accepted),
    }
    again = timed(benchmark, lambda: CHECKERS[tool](problem), seconds)
    # A peer's verdict is a figure of the benchmark, and with unseeded directions not always the same.
    assert (accepted and again) or tool != "gradcheck"
    if not benchmark.disabled:
        benchmark.extra_info["outside f"] = f"{outside(problem, lambda: CHECKERS[tool](problem)):.0%}"
    if not benchmark.disabled and parameters >= PAGES:
        benchmark.extra_info["peak arrays"] = _arrays(tool, parameters)


def _arrays(tool: str, parameters: int) -> float | str:
    """Peak memory beyond the start and beyond what f and the claim need, in arrays of all parameters."""
    problem = network(parameters)
    own = peak_bytes(lambda: (problem.f(*problem.inputs), problem.gradient(*problem.inputs)))
    peak = peak_bytes(lambda: CHECKERS[tool](problem))
    return "" if own is None or peak is None else round((peak - own) / (8 * problem.size), 2)


@pytest.mark.benchmark(group="power")
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("parameters", [1_000, pytest.param(1_000_000, marks=pytest.mark.large)])
def test_planted_mistakes(benchmark, tool: str, parameters: int) -> None:
    skip_over_a_minute(tool, network(parameters))
    trials = 1 if benchmark.disabled or parameters > 10_000 else TRIALS
    caught = {
        f"{kind} {size:g}": sum(
            not CHECKERS[tool](network(parameters, mistake=plant(size, seed), seed=seed))
            for seed in range(trials)
        )
        for kind, plant in MISTAKES.items()
        for size in (1e-2, 1e-4, 1e-6)
    }
    alarms = sum(not CHECKERS[tool](network(parameters, seed=seed)) for seed in range(trials))
    benchmark.extra_info |= {"trials": trials, "false alarms": alarms, **caught}
    if tool == "gradcheck":
        assert alarms == 0
        _assert_resolution(caught, trials)
    problem = network(parameters)
    timed(benchmark, lambda: CHECKERS[tool](problem))


def _assert_resolution(caught: dict[str, int], trials: int) -> None:
    """A pass promises that mistakes of the resolution, 1e-4 by default, would have been caught."""
    promised = {name: count for name, count in caught.items() if not name.endswith("1e-06")}
    assert promised == dict.fromkeys(promised, trials)
