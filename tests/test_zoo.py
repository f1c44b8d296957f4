"""The zoo is what it says, and the judge tells its mutants from their twins."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from gradcheck import Report, Verdict, check_vjp
from tests.zoo import CONTRACTS, FAMILIES, ZOO, Case

Array = np.ndarray

# Sixth-order central difference on seven points: the truncation, h^6/140 times the seventh derivative, is
# far below 1e-10 for functions of unit scale.
STEP = 2.0**-8
WEIGHTS = {1: 45 / 60, 2: -9 / 60, 3: 1 / 60}
RIGHT, WRONG = 1e-10, 1e-9
"""Relative errors: a twin is nearer than the first to the difference quotient, a mutant farther than the
second."""


def shifted(inputs: tuple[Array, ...], which: int, entry: int, by: float) -> list[Array]:
    moved = [x.copy() for x in inputs]
    moved[which].flat[entry] += by
    return moved


def difference_quotient(case: Case, inputs: tuple[Array, ...], ct: Array, which: int, entry: int) -> float:
    def value(t: float) -> float:
        return float(np.sum(ct * case.forward(*shifted(inputs, which, entry, t))))

    return sum(w * (value(k * STEP) - value(-k * STEP)) for k, w in WEIGHTS.items()) / STEP


def true_gradients(case: Case, inputs: tuple[Array, ...], ct: Array) -> list[Array]:
    return [
        np.array([difference_quotient(case, inputs, ct, i, e) for e in range(x.size)]).reshape(x.shape)
        for i, x in enumerate(inputs)
    ]


def distance(gradients: tuple[Array, ...], truth: list[Array]) -> float:
    """The largest error of an input's gradient relative to the largest entry of any."""
    scale = max(np.abs(t).max() for t in truth)
    return max(
        np.inf if g.shape != t.shape else np.abs(g - t).max() / scale
        for g, t in zip(gradients, truth, strict=True)
    )


def point_and_cotangent(case: Case) -> tuple[tuple[Array, ...], Array]:
    inputs = case.point()
    shape = np.shape(case.forward(*inputs))
    return inputs, np.random.default_rng(len(case.name)).standard_normal(shape)


@pytest.mark.parametrize("case", ZOO, ids=lambda case: case.name)
def test_twin_is_right_and_mutant_is_wrong_by_plain_central_differences(case: Case) -> None:
    inputs, ct = point_and_cotangent(case)
    truth = true_gradients(case, inputs, ct)
    assert distance(case.good(ct, *inputs), truth) < RIGHT
    assert distance(case.bad(ct, *inputs), truth) > WRONG


@pytest.mark.parametrize("case", CONTRACTS, ids=lambda case: case.name)
def test_twin_of_a_contract_breaker_is_right_by_plain_central_differences(case: Case) -> None:
    inputs, ct = point_and_cotangent(case)
    assert distance(case.good(ct, *inputs), true_gradients(case, inputs, ct)) < RIGHT


def test_zoo_is_large_varied_and_has_unique_names() -> None:
    assert len(ZOO) >= 80
    assert len({case.name for case in (*ZOO, *CONTRACTS)}) == len(ZOO) + len(CONTRACTS)
    assert all(len(family.CASES) >= 10 for family in FAMILIES)


def test_every_case_that_expects_more_than_one_word_or_none_says_why() -> None:
    assert [
        case.name
        for case in ZOO
        if (len(case.diagnoses) > 1 or "unknown" in case.diagnoses) and not case.reason
    ] == []


def breaks(case: Case, slug: str) -> bool:
    """Whether the bad backward pass of `case` breaks the promise `slug`, seen directly."""
    inputs, ct = point_and_cotangent(case)
    before, ct_before = [x.copy() for x in inputs], ct.copy()
    truth = case.good(ct.copy(), *before)
    try:
        first, second = case.bad(ct, *inputs), case.bad(ct_before.copy(), *before)
    except RuntimeError:
        return slug == "raises"
    gradients = [g for g in first if g is not None]
    strided = [np.repeat(x, 2, -1)[..., ::2].T.copy().T for x in before]
    return {
        "mutates-input": lambda: any(
            (x != b).any() for x, b in zip(inputs, point_and_cotangent(case)[0], strict=True)
        ),
        "mutates-cotangent": lambda: (ct != ct_before).any(),
        "aliased": lambda: first[0] is first[-1] or any(np.shares_memory(g, ct) for g in gradients),
        "nondeterministic-backward": lambda: not np.allclose(first[0], second[0]),
        "noncontiguous": lambda: not np.allclose(case.bad(ct, *strided)[0], truth[0]),
        "shape": lambda: first[0].shape != inputs[0].shape,
        "dtype": lambda: first[0].dtype != inputs[0].dtype,
        "missing": lambda: any(g is None for g in first),
        "nonfinite": lambda: not np.isfinite(first[0]).all() and bool(np.isfinite(truth[0]).all()),
    }[slug]()


@pytest.mark.parametrize("case", CONTRACTS, ids=lambda case: case.name)
def test_a_contract_breaker_breaks_the_promise_it_names(case: Case) -> None:
    assert breaks(case, case.diagnoses[0])


@cache
def judged(case: Case, which: str) -> Report:
    return check_vjp(case.forward, getattr(case, which), case.point())


@pytest.mark.parametrize("case", [*ZOO, *CONTRACTS], ids=lambda case: case.name)
def test_twin_passes(case: Case) -> None:
    report = judged(case, "good")
    assert report.verdict is Verdict.PASS, str(report)


@pytest.mark.parametrize("case", [*ZOO, *CONTRACTS], ids=lambda case: case.name)
def test_mutant_fails(case: Case) -> None:
    report = judged(case, "bad")
    assert report.verdict is Verdict.FAIL, str(report)


@pytest.mark.parametrize("case", CONTRACTS, ids=lambda case: case.name)
def test_broken_promise_is_among_the_findings(case: Case) -> None:
    failed = [finding.code for finding in judged(case, "bad").findings if finding.verdict is Verdict.FAIL]
    assert set(failed) & set(case.diagnoses)


def says_the_mistake_and_no_other(case: Case) -> bool:
    """The words for wrong values are all true (or ``unknown``), and one of them or a broken promise names the case."""
    failed = [f for f in judged(case, "bad").findings if f.verdict is Verdict.FAIL]
    of_values = {f.diagnosis for f in failed if f.code == "value"}
    of_promises = {f.code for f in failed if f.code != "value"}
    return bool((of_values | of_promises) & set(case.diagnoses)) and of_values <= {*case.diagnoses, "unknown"}


def has_a_word(case: Case) -> bool:
    return "unknown" not in case.diagnoses


def test_nine_in_ten_diagnoses_name_the_true_mistake() -> None:
    misnamed = [case.name for case in ZOO if not says_the_mistake_and_no_other(case)]
    assert len(misnamed) <= 0.1 * len(ZOO), misnamed


def test_nine_in_ten_mistakes_for_which_there_is_a_word_get_it() -> None:
    nameable = [case for case in ZOO if has_a_word(case)]
    misnamed = [case.name for case in nameable if not says_the_mistake_and_no_other(case)]
    assert len(nameable) >= 80
    assert len(misnamed) <= 0.1 * len(nameable), misnamed


def in_float32(forward: Callable[..., Array]) -> Callable[..., Array]:
    """The same layer, computed in float32 from float64 inputs, its output float64 again."""

    def low(*inputs: Array) -> Array:
        single = (x.astype(np.float32) if x.dtype == np.float64 else x for x in inputs)
        return np.asarray(forward(*single)).astype(np.float64)

    return low


def test_layers_that_compute_in_float32_are_decided_and_none_is_called_wrong() -> None:
    twins = {case.forward: case for case in ZOO}.values()
    verdicts = [check_vjp(in_float32(c.forward), c.good, c.point()).verdict for c in twins]
    assert len(verdicts) > 40
    assert Verdict.FAIL not in verdicts
    assert verdicts.count(Verdict.PASS) >= 0.95 * len(verdicts)


def test_mistakes_in_layers_that_compute_in_float32_are_caught() -> None:
    gross = [case for case in ZOO[::5] if "precision" not in case.diagnoses]
    missed = [
        c.name
        for c in gross
        if check_vjp(in_float32(c.forward), c.bad, c.point()).verdict is not Verdict.FAIL
    ]
    assert len(missed) <= 0.02 * len(gross), missed
