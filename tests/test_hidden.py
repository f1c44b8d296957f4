"""Mistakes that a plausible point hides: right there, wrong at the telling point, and caught at it."""

import numpy as np
import pytest

from gradcheck import Verdict, check_vjp
from tests.zoo.hard import DECIDABLE
from tests.zoo.hidden_in_arrays import HIDDEN, Hidden
from tests.zoo.undecidable import UNDECIDABLE

STEP = 2.0**-8


def flat(gradients: tuple[np.ndarray, ...]) -> np.ndarray:
    return np.concatenate([np.ravel(g) for g in gradients])


def claims(case: Hidden, inputs: tuple[np.ndarray, ...]) -> tuple[np.ndarray, np.ndarray]:
    shape = np.shape(case.forward(*inputs))
    ct = np.asarray(1 + np.random.default_rng(2).random(shape))
    return flat(case.good(ct, *inputs)), flat(case.bad(ct, *inputs))


@pytest.mark.parametrize("case", HIDDEN, ids=lambda case: case.name)
def test_right_and_wrong_agree_at_the_plausible_point(case: Hidden) -> None:
    good, bad = claims(case, case.plausible)
    # eps / |x|, where an epsilon is the mistake, is what a plausible point shows of it.
    np.testing.assert_allclose(bad, good, rtol=1e-12, atol=1e-7 if case.name == "entropy-at-small" else 1e-14)


ONLY_WITH_ANOTHER_COTANGENT_OR_LAYOUT = ("memory-order", "zero-cotangent-nan", "negative-cotangent")


@pytest.mark.parametrize("case", HIDDEN, ids=lambda case: case.name)
def test_right_and_wrong_differ_at_the_telling_point(case: Hidden) -> None:
    if case.name in ONLY_WITH_ANOTHER_COTANGENT_OR_LAYOUT:
        good, bad = other_layout_or_cotangent(case)
    else:
        good, bad = claims(case, case.telling)
    assert not np.allclose(bad, good, rtol=1e-9, atol=0)


def other_layout_or_cotangent(case: Hidden) -> tuple[np.ndarray, np.ndarray]:
    inputs = tuple(np.asfortranarray(x) for x in case.telling)
    ct = np.asarray(np.random.default_rng(2).standard_normal(np.shape(case.forward(*inputs))))
    ct.flat[0] = 0
    return flat(case.good(ct, *inputs)), flat(case.bad(ct, *inputs))


@pytest.mark.parametrize("case", HIDDEN, ids=lambda case: case.name)
def test_right_claim_is_right_at_the_plausible_point_by_plain_central_differences(case: Hidden) -> None:
    inputs = case.plausible
    rng = np.random.default_rng(3)
    v = [0.1 * rng.standard_normal(x.shape) for x in inputs]
    ct = np.asarray(rng.standard_normal(np.shape(case.forward(*inputs))))

    def value(t: float) -> float:
        return float(np.sum(ct * case.forward(*(x + t * d for x, d in zip(inputs, v, strict=True)))))

    slope = (8 * (value(STEP) - value(-STEP)) - (value(2 * STEP) - value(-2 * STEP))) / (12 * STEP)
    claimed = sum(float(np.sum(g * d)) for g, d in zip(case.good(ct, *inputs), v, strict=True))
    assert slope == pytest.approx(claimed, rel=1e-6, abs=1e-9)


def test_cases_have_unique_names() -> None:
    names = [case.name for case in (*HIDDEN, *DECIDABLE, *UNDECIDABLE)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", HIDDEN, ids=lambda case: case.name)
def test_hidden_mistake_fails_at_the_telling_point(case: Hidden) -> None:
    report = check_vjp(case.forward, case.bad, case.telling)
    assert report.verdict is Verdict.FAIL, str(report)


@pytest.mark.parametrize("case", HIDDEN, ids=lambda case: case.name)
def test_right_twin_of_a_hidden_mistake_passes_at_both_points(case: Hidden) -> None:
    for inputs in (case.plausible, case.telling):
        report = check_vjp(case.forward, case.good, inputs)
        assert report.verdict is Verdict.PASS, str(report)
