"""The zoo is what it says, and the judge tells its mutants from their twins."""

import numpy as np
import pytest

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
