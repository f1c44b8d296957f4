"""check: what it costs to certify the same NumPy network, and what was caught for that time."""

import pytest

from .checkers import CHECKERS, OWN, installed
from .measuring import Watched, peak_bytes, skip_over_a_minute, timed
from .network import MISTAKES, OverTheLimitError, Problem, network

TOOLS = installed(["gradcheck", "torch fast", "torch slow", "jax", "autograd", "scipy", "CS231n"])
SIZES = [100, 1_000, *(pytest.param(10**n, marks=pytest.mark.large) for n in (4, 5, 6, 7))]

# The relative mistakes, largest first. A pass promises that those of the resolution would have been caught.
MISTAKEN = (1e-2, 1e-4, 1e-6)
RESOLUTION = 1e-4
# Networks that each mistake is planted in; fewer where one takes a second to localise.
TRIALS, LARGE_TRIALS = 10, 5

# Evaluations that torch's fast mode needs for its verdict on four arrays (ten, measured), and some more.
FAST_MODE = 20

# Below this, arrays are no larger than a few pages, which is the unit of resident memory.
PAGES = 10_000


@pytest.mark.benchmark(group="check")
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("parameters", SIZES)
def test_correct_network(benchmark, tool: str, parameters: int) -> None:
    problem = network(parameters)
    expected = skip_over_a_minute(tool, problem)
    check = Watched(CHECKERS[tool], problem)
    timed(benchmark, check, expected)
    # A peer's verdict is a figure of the benchmark, and with unseeded directions not always the same.
    assert all(check.verdicts) or tool not in OWN
    benchmark.extra_info |= {
        "evaluations": problem.calls,
        "claims": problem.claim_calls,
        "accepted": f"{sum(check.verdicts)} of {len(check.verdicts)}",
        "outside f": f"{check.outside:.0%}",
    }
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
@pytest.mark.parametrize("parameters", [1_000, pytest.param(100_000, marks=pytest.mark.large)])
def test_planted_mistakes(benchmark, tool: str, parameters: int) -> None:
    problem = network(parameters)
    expected = skip_over_a_minute(tool, problem)
    trials = 1 if benchmark.disabled else TRIALS if parameters < PAGES else LARGE_TRIALS
    caught = {kind: [_caught(tool, parameters, kind, size, trials) for size in MISTAKEN] for kind in MISTAKES}
    alarms = sum(_refuses(tool, network(parameters, seed=seed)) for seed in range(trials))
    benchmark.extra_info |= {"false alarms": f"{alarms} of {trials}"}
    sizes = " / ".join(f"{size:.0e}".replace("e-0", "e-") for size in MISTAKEN)
    benchmark.extra_info |= {f"{kind}, {sizes}": _counts(counts, trials) for kind, counts in caught.items()}
    if tool in OWN:
        assert alarms == 0
        promised = [
            n
            for counts in caught.values()
            for n, size in zip(counts, MISTAKEN, strict=True)
            if size >= RESOLUTION
        ]
        assert set(promised) == {trials}
    timed(benchmark, lambda: CHECKERS[tool](problem), expected)


def _caught(tool: str, parameters: int, kind: str, size: float, trials: int) -> int:
    """In how many of the networks the checker refuses the claim with this mistake."""
    return sum(
        _refuses(tool, network(parameters, mistake=MISTAKES[kind](size, seed), seed=seed))
        for seed in range(trials)
    )


def _refuses(tool: str, problem: Problem) -> bool:
    """Torch's fast mode, once it has found a mismatch, measures every entry to describe it: that would take minutes."""
    if tool == "torch fast":
        problem.limit = FAST_MODE
    try:
        return not CHECKERS[tool](problem)
    except OverTheLimitError:
        return True


def _counts(counts: list[int], trials: int) -> str:
    return f"{' / '.join(map(str, counts))} of {trials}"
