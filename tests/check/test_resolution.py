"""The stated probability is kept: planted mistakes of the stated size are caught at least as often as stated."""

import re
from typing import Any

import numpy as np
import pytest

from gradcheck import Verdict, check_grad
from gradcheck.check._compare import Outcome, compare
from gradcheck.check._function import Function
from gradcheck.check._judge import Ledger, judge_rows
from gradcheck.check._look import cotangents, first_look, instrument_at
from gradcheck.check._options import Options
from gradcheck.check._plan import plan
from gradcheck.check._point import as_point
from gradcheck.check._resolution import power
from gradcheck.check._reverse import Reverse
from gradcheck.check._scene import ReverseScene

PLANTED = 2500  # for each of the four functions: 10,000 in all


def sine(weights: Any) -> Any:
    return lambda x: np.sum(weights * np.sin(x)), lambda x: weights * np.cos(x)


def measured(f: Any, grad: Any, x: Any, coverage: str) -> tuple[ReverseScene, Ledger]:
    options, rng = Options(), np.random.default_rng(7)
    look = first_look(Function(f, options), as_point(x, f), "f")
    instrument = instrument_at(look, rng)
    weights, dense = cotangents(look.outputs, look.base, rng)
    scene = ReverseScene(
        instrument, weights, dense, options, rng, Reverse(lambda _, a: grad(*a), "grad", False)
    )
    list(scene.contracts())
    ledger = Ledger()
    for tier in plan(instrument, coverage, rng):
        tier, comparison = judge_rows(scene, tier)
        ledger.add(tier.rows, comparison)
    return scene, ledger


@pytest.mark.parametrize(("size", "coverage"), [(40, "auto"), (300, "auto"), (300, "full"), (5000, "auto")])
def test_ten_thousand_planted_mistakes_are_caught_as_often_as_stated(size: int, coverage: str) -> None:
    rng = np.random.default_rng(size)
    f, grad = sine(rng.standard_normal(size))
    scene, ledger = measured(f, grad, rng.standard_normal(size), coverage)
    stated = power(scene, ledger, 0, required=1e-2)
    c = ledger.comparison
    assert c is not None
    gradient, v = (
        grad(scene.point.coordinates[0]),
        np.array([r.direction.arrays(scene.point)[0] for r in ledger.rows]),
    )
    caught = 0
    for entry, sign in zip(rng.integers(0, size, PLANTED), rng.choice([-1, 1], PLANTED), strict=True):
        moved = c.claimed + sign * stated.resolution * gradient[entry] * v[:, [entry]]
        again = compare(moved, c.bound - c.measured.error, c.measured)
        caught += bool((again.outcome == Outcome.WRONG).any())
    assert stated.resolution < 1e-4
    assert caught / PLANTED >= stated.probability - 3 * np.sqrt(0.01 / PLANTED)


def test_a_millionth_in_one_entry_of_a_thousand_is_caught_in_99_percent() -> None:
    """The whole check, from the outside: 100 gradients of 1,000 entries, one of them wrong by 1e-6 of itself."""
    rng = np.random.default_rng(11)
    missed = 0
    for trial in range(100):
        x, weights = rng.standard_normal(1000), rng.standard_normal(1000)
        f, grad = sine(weights)
        spoiled = grad(x)
        spoiled[rng.integers(1000)] *= 1 + 1e-6
        claim = spoiled.copy
        missed += (
            check_grad(f, lambda x, claim=claim: claim(), x, seed=trial, max_evaluations=60).verdict
            is not Verdict.FAIL
        )
    assert missed <= 1


def test_a_small_resolution_is_not_promised_where_it_is_not_reached() -> None:
    report = check_grad(lambda x: 1e8 + np.sum(x**2), lambda x: 2 * x, np.linspace(0.1, 1, 20))
    assert report.resolution > 1e-9


def beside_one(size):
    """A quadratic function beside a constant, of whose slope float64 keeps few digits."""
    return lambda x: 1 + size * np.sum(x**2), lambda x: 2 * size * x


SHORT = np.array([0.5, 1.0, 2.0])


@pytest.mark.parametrize("size", [1e-11, 1e-12, 1e-13, 1e-14])
def test_the_resolution_that_is_said_to_pass_passes_and_half_of_it_does_not(size):
    f, grad = beside_one(size)
    told = check_grad(f, grad, SHORT).findings[-1]
    assert told.verdict is Verdict.INCONCLUSIVE
    enough = float(re.search(r"resolution=(\S+) would pass", told.advice)[1])
    assert check_grad(f, grad, SHORT, resolution=enough).verdict is Verdict.PASS
    assert check_grad(f, grad, SHORT, resolution=enough / 2).verdict is Verdict.INCONCLUSIVE


def test_who_evaluates_in_float64_is_not_told_to():
    f, grad = beside_one(1e-12)
    told = check_grad(f, grad, SHORT).findings[-1]
    assert "float64" not in told.advice
    assert "2.5 digits" in told.advice

    def low(x):
        return float(np.float32(1) + np.sum(x.astype(np.float32) ** 2) * np.float32(1e-3))

    told = check_grad(low, lambda x: 2e-3 * x, SHORT, resolution=1e-4).findings[-1]
    assert told.verdict is Verdict.INCONCLUSIVE
    assert "evaluate f in float64" in told.advice


def test_a_tolerance_of_the_callers_own_is_named_as_the_reason():
    def f(x):
        return np.sum(np.sin(x))

    found = check_grad(f, np.cos, SHORT, atol=1e3, negative_control=True).findings
    undecided = [x for x in found if x.verdict is Verdict.INCONCLUSIVE]
    assert len(undecided) == 2
    assert all("atol" in x.message + x.advice for x in undecided)
    assert "below the atol of 1e+03" in undecided[0].message


def test_saturated_values_are_the_reason_without_a_tolerance():
    """The partner: the claim is small, and nobody asked for an atol."""
    found = check_grad(lambda x: 1e30 + np.sum(x), np.ones_like, SHORT).findings
    assert not any("atol" in x.message + x.advice for x in found)
