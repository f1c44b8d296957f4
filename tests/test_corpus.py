"""Historical bugs are caught, fixes and hard controls are not, and hidden bugs are found by exploring."""

from functools import cache

import numpy as np
import pytest

from gradcheck import Report, Verdict, check_vjp
from tests.corpus import BUGS, CONTROLS, Case, Problem

HIDDEN = tuple(case for case in BUGS if not case.detectable_at_generic_point)


def name(case: Case) -> str:
    return case.name


def gradients(problem: Problem, which: str, inputs: tuple[np.ndarray, ...]) -> np.ndarray:
    """The gradients of two calls as one vector: a cotangent without symmetry, then the same with a zero in it."""
    shape = np.shape(problem.forward(*inputs))
    plain = np.asarray(np.random.default_rng(1).standard_normal(shape))
    holed = plain.copy()
    holed.flat[0] = 0
    found = [g for ct in (plain, holed) for g in getattr(problem, which)(ct, *inputs)]
    return np.concatenate([np.zeros(1) if g is None else np.ravel(g) for g in found])


@pytest.mark.parametrize("case", BUGS, ids=name)
def test_wrong_and_right_differ_at_the_point_that_shows_the_bug(case: Case) -> None:
    problem = case.problem()
    good, bad = (gradients(problem, which, problem.telling_inputs) for which in ("good", "bad"))
    assert good.shape != bad.shape or not np.array_equal(good, bad)


@pytest.mark.parametrize("case", HIDDEN, ids=name)
def test_wrong_and_right_agree_at_the_point_that_hides_the_bug(case: Case) -> None:
    problem = case.problem()
    good, bad = (gradients(problem, which, problem.inputs) for which in ("good", "bad"))
    np.testing.assert_allclose(bad, good, rtol=1e-12, atol=1e-12)


def test_corpus_is_whole() -> None:
    assert (len(BUGS), len(HIDDEN), len(CONTROLS)) == (266, 48, 219)
    assert all(case.source for case in BUGS)
    assert len({case.name for case in (*BUGS, *CONTROLS)}) == len(BUGS) + len(CONTROLS)


def judged(problem: Problem, which: str, inputs: tuple[np.ndarray, ...], **options: object) -> Report:
    return check_vjp(problem.forward, getattr(problem, which), inputs, **options)


@cache
def shown(case: Case) -> Report:
    problem = case.problem()
    return judged(problem, "bad", problem.telling_inputs)


@pytest.mark.parametrize("case", BUGS, ids=name)
def test_bug_fails_at_the_point_that_shows_it(case: Case) -> None:
    assert shown(case).verdict is Verdict.FAIL, str(shown(case))


@pytest.mark.parametrize("case", BUGS, ids=name)
def test_fix_passes_at_the_plausible_point_and_at_the_one_that_shows_the_bug(case: Case) -> None:
    problem = case.problem()
    for inputs in (problem.inputs, *([] if problem.special_inputs is None else [problem.special_inputs])):
        report = judged(problem, "good", inputs)
        assert report.verdict is Verdict.PASS, str(report)


# Hundreds of kinks in float32: steps so short that none is crossed show noise, longer ones a walk over them.
OPEN = "relu_network_float32_inside"


@pytest.mark.parametrize("case", CONTROLS, ids=name)
def test_hard_control_passes(case: Case) -> None:
    problem = case.problem()
    report = judged(problem, "good", problem.inputs)
    expected = Verdict.INCONCLUSIVE if case.name == OPEN else Verdict.PASS
    assert report.verdict is expected, str(report)


def test_what_float32_leaves_open_in_a_network_is_decided_in_float64() -> None:
    (case,) = (case for case in CONTROLS if case.name == OPEN)
    problem = case.problem()
    assert problem.ideal is not None
    options = {"seed": 0}
    right = check_vjp(lambda *x: problem.ideal(x), problem.good, problem.inputs, **options)
    doubled = check_vjp(
        problem.forward, lambda ct, *x: tuple(2 * g for g in problem.good(ct, *x)), problem.inputs, **options
    )
    assert (right.verdict, doubled.verdict) == (Verdict.PASS, Verdict.FAIL)


TELLING = tuple(case for case in BUGS if case.says)


@pytest.mark.parametrize("case", TELLING, ids=name)
def test_failure_names_the_mistake(case: Case) -> None:
    failures = [finding for finding in shown(case).findings if finding.verdict is Verdict.FAIL]
    words = {word for finding in failures for word in (finding.code, finding.diagnosis)}
    assert words & set(case.says), str(shown(case))


# It needs twenty-four channels: no point of the given shape shows it.
ANOTHER_SHAPE = "depthwise_conv_24_channels"


@pytest.mark.parametrize("case", HIDDEN, ids=name)
def test_exploring_from_the_plausible_point_finds_the_bug_and_inputs_that_show_it(case: Case) -> None:
    problem = case.problem()
    report = judged(problem, "bad", problem.inputs, explore=200)
    assert (report.verdict is Verdict.FAIL) == (case.name != ANOTHER_SHAPE), str(report)
    if report.verdict is Verdict.FAIL:
        assert report.counterexample is not None
        again = judged(problem, "bad", tuple(np.asarray(x) for x in report.counterexample.values()))
        assert again.verdict is Verdict.FAIL, str(again)
