"""localise: evaluations until k wrong entries of n are named."""

import numpy as np
import pytest

import gradcheck

from .measuring import expected_seconds, timed
from .network import entries_of, network, wrong_entries

SIZES = [1_000, *(pytest.param(10**n, marks=pytest.mark.large) for n in (4, 5, 6))]

FEW_HUNDRED = 500  # evaluations, which is what all of these need: it says where one round has to do


@pytest.mark.benchmark(group="localise")
@pytest.mark.parametrize("wrong", [1, 3, pytest.param(10, marks=pytest.mark.large)])
@pytest.mark.parametrize("parameters", SIZES)
def test_wrong_entries_are_named(benchmark, parameters: int, wrong: int) -> None:
    problem = network(parameters, mistake=wrong_entries(wrong, 1e-2))
    correct = network(parameters)
    planted = entries_of(correct.gradient(*correct.inputs)[0], wrong, seed=0)
    expected = set(zip(*map(list, np.unravel_index(planted, problem.inputs[0].shape)), strict=True))

    def localise() -> gradcheck.Report:
        problem.reset()
        return gradcheck.check_grad(problem.f, problem.gradient, problem.inputs)

    report = timed(benchmark, localise, expected_seconds(problem, FEW_HUNDRED))
    benchmark.extra_info |= {
        "evaluations": problem.calls,
        "2 k log2 n": round(2 * wrong * np.log2(problem.inputs[0].size)),
        "2 n": 2 * problem.size,
    }
    (finding,) = (f for f in report.findings if f.verdict == "fail" and f.input.endswith("0"))
    assert set(finding.wrong_entries) == expected
