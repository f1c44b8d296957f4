"""The coverage table in small: cases that were not used for tuning, truth in 50-digit arithmetic.

The full table beside the peers is `python -m benchmarks.accuracy`.
"""

from dataclasses import replace

import numpy as np
import pytest

mpmath = pytest.importorskip("mpmath", reason="the truth needs 50 digits")

from benchmarks.accuracy._dual import truth  # noqa: E402 -- after the check that mpmath is there
from benchmarks.accuracy._hard import hard_cases  # noqa: E402
from benchmarks.accuracy._methods import Answer, ladder  # noqa: E402
from benchmarks.accuracy._random import random_cases  # noqa: E402
from benchmarks.accuracy._score import JUDGING_SEED, TUNING_SEED, contains, score  # noqa: E402
from benchmarks.accuracy._special import certain_of_a_wrong_number, special_points  # noqa: E402

from gradcheck.differentiate import _classify, _elementwise, _rungs  # noqa: E402
from gradcheck.differentiate._noise import Probe, probe  # noqa: E402

WIDE, NARROW = 800, 400  # of the full table's 5,000 and 2,000


def judged(cases):
    return [(case, truth(case.formula, case.x)) for case in cases]


@pytest.fixture(scope="module")
def hard():
    return judged(hard_cases(JUDGING_SEED))


@pytest.fixture(scope="module")
def float64():
    return random_cases(JUDGING_SEED, WIDE)


@pytest.fixture(scope="module")
def float32():
    return random_cases(JUDGING_SEED + 1, NARROW, inside=np.float32)


def test_every_hard_case_lies_within_its_error_at_thirty_evaluations(hard) -> None:
    assert len(hard) >= 90
    found = score(ladder, hard)
    assert found.missed == ()
    assert found.with_probe <= 30
    assert found.resolved > 0.9


def test_the_hard_cases_are_of_every_kind_that_was_promised(hard) -> None:
    families = {case.family for case, _ in hard}
    assert families == {
        "scaled",
        "oscillating",
        "poles",
        "roots",
        "cancelling",
        "saturated",
        "float32",
        "noisy",
        "near kinks",
        "edges",
        "flat",
    }


def test_random_expressions_in_float64(float64) -> None:
    found = score(ladder, float64)
    assert found.coverage >= 0.9995 or len(found.missed) <= 1
    assert found.evaluations <= 8
    assert found.resolved > 0.95


def test_smooth_random_expressions_to_twelve_digits() -> None:
    found = score(ladder, random_cases(JUDGING_SEED + 2, WIDE // 2, kinks=False))
    assert found.median <= 1e-12
    assert len(found.missed) <= 1


def test_random_expressions_in_float32_inside(float32) -> None:
    found = score(ladder, float32)
    assert found.coverage >= 0.998 or len(found.missed) <= 1
    assert found.with_probe <= 40
    assert found.resolved > 0.85


def test_nowhere_without_a_derivative_is_the_oracle_certain_of_a_number() -> None:
    wrong = [case.name for case in special_points() if certain_of_a_wrong_number(ladder(case))]
    assert wrong == []


def test_the_seeds_for_tuning_and_judging_differ() -> None:
    assert [c.x for c in hard_cases(TUNING_SEED)] != [c.x for c in hard_cases(JUDGING_SEED)]


# --- wrong on purpose -------------------------------------------------------------------------------------------


def without_a_probe(evaluate, rows, base, scale, dtype) -> Probe:
    """What an engine believes that takes every function for a double computation."""
    found = probe(evaluate, rows, base, scale, dtype)
    return replace(found, eta=np.finfo(float).eps * np.abs(np.nan_to_num(base)))


def no_stairs(rungs) -> np.ndarray:
    return np.zeros_like(rungs.lines.base)


def test_an_engine_without_the_noise_probe_loses_its_coverage(
    hard, float32, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_elementwise, "probe", without_a_probe)
    monkeypatch.setattr(_rungs, "noise_of_stairs", no_stairs)
    monkeypatch.setattr(_classify, "EPS", 0.0)  # of a value that is exactly 0
    assert score(ladder, float32[:100]).coverage < 0.95
    for family in ("float32", "cancelling", "saturated"):
        assert score(ladder, [pair for pair in hard if pair[0].family == family]).coverage < 0.95


def test_where_the_noise_probe_fails_the_rungs_see_stairs_themselves(
    float32, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_elementwise, "probe", without_a_probe)
    assert score(ladder, float32[:100]).coverage == 1.0


def test_a_bound_without_its_truncation_loses_its_coverage(float64, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_sure(case) -> Answer:
        answer = ladder(case)
        return replace(answer, error=answer.error / 1e4)

    assert score(too_sure, float64).coverage < 0.95


def test_the_score_sees_a_method_that_errs() -> None:
    case = hard_cases(1)[0]
    exact = truth(case.formula, case.x)
    right = float(exact)
    assert contains(Answer(right, 1e-12 * abs(right), "", 1), exact)
    assert not contains(Answer(right * 1.001, 1e-12 * abs(right), "", 1), exact)
    assert not contains(Answer(np.nan, 0.1, "", 1), exact)
    assert contains(Answer(np.nan, np.inf, "", 1), exact)
    assert certain_of_a_wrong_number(Answer(1.0, 1e-9, "smooth", 1))
    assert not certain_of_a_wrong_number(Answer(0.5, 0.5, "kink", 1))


def test_the_truth_is_exact_on_functions_that_are_known() -> None:
    assert float(truth(lambda x, m: m.sin(x) * m.exp(x), 0.5)) == pytest.approx(
        np.exp(0.5) * (np.sin(0.5) + np.cos(0.5)), rel=1e-15
    )
    assert truth(lambda x, m: m.maximum(x, 0.0), 0.0) is None
    assert float(truth(lambda x, m: 1.0 / x, 2.0)) == -0.25
