"""What a caller may choose, and that it does what it says."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from gradcheck import Verdict, check_adjoint, check_grad, check_vjp

X = np.linspace(0.2, 2.0, 12)


def f(x: Any) -> Any:
    return np.tanh(x)


def vjp(w: Any, x: Any) -> Any:
    return w * (1 - np.tanh(x) ** 2)


def wrong(w: Any, x: Any) -> Any:
    return w * (1 - np.tanh(x))


@pytest.mark.parametrize("claim", [vjp, wrong])
@pytest.mark.parametrize("most", [1, 2, 5, 13, 20, 37, 80, 200])
def test_the_budget_is_never_exceeded(most: int, claim: Any) -> None:
    calls = []

    def counted(x: Any) -> Any:
        calls.append(1)
        return f(x)

    report = check_vjp(counted, claim, X, max_evaluations=most)
    assert len(calls) == report.evaluations <= most
    assert not (claim is wrong and report.verdict is Verdict.PASS)


def test_what_the_budget_did_not_reach_is_undecided() -> None:
    report = check_vjp(f, vjp, X, max_evaluations=2)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "max_evaluations" in report.findings[-1].advice


@pytest.mark.parametrize(("claim", "expected"), [(vjp, Verdict.PASS), (wrong, Verdict.FAIL)])
def test_a_scarce_budget_is_spent_on_directions_until_it_decides(claim: Any, expected: Verdict) -> None:
    assert check_vjp(f, vjp, X).evaluations > 30  # two directions, and each of the twelve entries
    report = check_vjp(f, claim, X, max_evaluations=30)
    assert report.verdict is expected, str(report)


def test_full_coverage_that_the_budget_cuts_short_is_undecided_and_says_by_how_much() -> None:
    cut, whole = (check_vjp(f, vjp, X, coverage="full", max_evaluations=most) for most in (40, 400))
    assert whole.verdict is Verdict.PASS
    assert cut.verdict is Verdict.INCONCLUSIVE
    unmeasured = len(X) - len(cut.findings[-1].sample)
    assert 0 < unmeasured < len(X)
    assert f"did not reach {unmeasured} of its entries" in cut.findings[-1].message


def test_a_bound_of_the_callers_own_is_what_the_report_says_it_would_have_caught() -> None:
    report = check_vjp(f, lambda w, x: 1.005 * vjp(w, x), X, rtol=1e-2)
    assert report.verdict is Verdict.PASS
    assert 2e-3 < report.resolution < 3e-2  # a direction in which the entries cancel shows less than 1e-2
    assert report.probability >= 0.99
    assert check_vjp(f, lambda w, x: 1.02 * vjp(w, x), X, rtol=1e-2).verdict is Verdict.FAIL


def jvp(t: Any, x: Any) -> Any:
    return t[0] * (1 - np.tanh(x) ** 2)


def test_the_adjoint_identity_takes_a_bound_of_the_callers_own() -> None:
    def off(w: Any, x: Any) -> Any:
        return 1.005 * vjp(w, x)

    assert check_adjoint(jvp, off, X).verdict is Verdict.FAIL
    report = check_adjoint(jvp, off, X, rtol=1e-2)
    assert (report.verdict, report.resolution >= 1e-2) == (Verdict.PASS, True)
    assert check_adjoint(jvp, wrong, X, rtol=1e-2).verdict is Verdict.FAIL


def test_coverage_says_how_many_entries_the_adjoint_identity_looks_at() -> None:
    x = np.linspace(0.1, 2.0, 100)
    cost = {c: check_adjoint(jvp, vjp, x, coverage=c).claim_evaluations for c in ("probe", "auto", "full")}
    assert cost["full"] > cost["auto"] + 100
    assert cost["auto"] == cost["probe"]
    small = {c: check_adjoint(jvp, vjp, X, coverage=c).claim_evaluations for c in ("probe", "auto", "full")}
    assert small["probe"] < small["auto"] == small["full"]


@pytest.mark.parametrize("claim", [vjp, wrong])
def test_the_report_is_the_same_whoever_evaluates(claim: Any) -> None:
    alone = check_vjp(f, claim, X)
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(1) as processes:
        others = [check_vjp(f, claim, X, executor=threads), check_vjp(f, claim, X, executor=processes)]
    for other in others:
        assert other.findings == alone.findings
        assert other.evaluations == alone.evaluations


def test_stacked_evaluations_count_and_judge_as_single_ones() -> None:
    calls = []

    def stacked(x: Any) -> Any:
        calls.append(x.shape)
        return f(x)

    alone, report = check_vjp(f, vjp, X), check_vjp(stacked, vjp, X, batched=True)
    assert report.verdict is Verdict.PASS
    assert report.evaluations == alone.evaluations == sum(s[0] if len(s) == 2 else 1 for s in calls)
    assert len(calls) < alone.evaluations / 3
    assert check_vjp(stacked, wrong, X, batched=True).verdict is Verdict.FAIL


def test_the_same_seed_gives_the_same_report_and_another_another() -> None:
    first, second, third = (check_vjp(f, vjp, np.linspace(0, 1, 500), seed=s) for s in (3, 3, 4))
    assert first.findings == second.findings
    assert first.findings != third.findings


def test_planted_mistakes_are_caught_or_the_check_does_not_pass() -> None:
    assert check_vjp(f, vjp, X, negative_control=True).verdict is Verdict.PASS
    blind = check_vjp(f, vjp, X, negative_control=True, resolution=1e-15)
    assert blind.verdict is Verdict.INCONCLUSIVE
    assert "was not caught" in blind.findings[-1].message


@pytest.mark.parametrize("coverage", ["auto", "probe", "full"])
@pytest.mark.parametrize("method", ["auto", "central", "complex"])
def test_every_route_tells_right_from_wrong(coverage: str, method: str) -> None:
    assert check_vjp(f, vjp, X, coverage=coverage, method=method).verdict is Verdict.PASS
    assert check_vjp(f, wrong, X, coverage=coverage, method=method).verdict is Verdict.FAIL


def test_the_complex_step_sharpens_only_where_it_agrees() -> None:
    plain, sharp = (check_vjp(f, vjp, X, method=m, coverage="probe").resolution for m in ("auto", "complex"))
    assert sharp < plain / 10
    # abs is silently wrong under a complex step: the ladder stands
    assert check_vjp(np.abs, lambda w, x: w * np.sign(x), X - 1, method="complex").verdict is Verdict.PASS


def test_full_coverage_measures_every_entry() -> None:
    x = np.linspace(0, 1, 100)
    full = check_vjp(f, vjp, x, coverage="full").findings[0]
    assert len(full.sample) == 100
    assert full.probability == 1.0
    assert not check_vjp(f, vjp, x, coverage="probe").findings[0].sample


def test_own_tolerances_replace_the_measured_bound() -> None:
    def nearly(w: Any, x: Any) -> Any:
        return 1.0005 * vjp(w, x)

    assert check_vjp(f, nearly, X).verdict is Verdict.FAIL
    assert check_vjp(f, nearly, X, rtol=1e-3).verdict is Verdict.PASS
    assert check_vjp(f, nearly, X, rtol=1e-4).verdict is Verdict.FAIL


def test_a_resolution_beyond_the_measurement_is_undecided() -> None:
    assert check_vjp(f, vjp, X, resolution=1e-14).verdict is Verdict.INCONCLUSIVE


def test_progress_is_told_the_evaluations() -> None:
    seen: list[int] = []
    report = check_vjp(f, vjp, X, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == report.evaluations


def test_exploring_finds_what_the_point_hides() -> None:
    def hides(w: Any, x: Any) -> Any:
        return np.where(x == 0, 0.0, vjp(w, x))

    x = np.array([0.3, 0.7])
    assert check_vjp(f, hides, x).verdict is Verdict.PASS
    found = check_vjp(f, hides, x, explore=60)
    assert found.verdict is Verdict.FAIL
    assert found.counterexample is not None
    assert np.any(found.counterexample["x"] == 0)
    assert check_vjp(f, vjp, x, explore=60).verdict is Verdict.PASS


@pytest.mark.parametrize("widths", [(20, 10), (100, 60), (400, 250)])
def test_a_large_network_costs_a_constant_number_of_evaluations(widths: tuple[int, int]) -> None:
    n, h = widths
    rng = np.random.default_rng(0)
    A, y = rng.standard_normal((8, n)), rng.standard_normal(8)
    W, b, v = rng.standard_normal((n, h)) / n**0.5, np.zeros(h), rng.standard_normal(h) / h**0.5
    size = 1000 if n * h < 1000 else 0

    def loss(W: Any, b: Any, v: Any, pad: Any) -> Any:
        return 0.5 * np.sum((np.tanh(A @ W + b) @ v - y) ** 2) + np.sum(pad**2)

    def grad(W: Any, b: Any, v: Any, pad: Any) -> Any:
        a = np.tanh(A @ W + b)
        e = a @ v - y
        d = np.outer(e, v) * (1 - a**2)
        return A.T @ d, d.sum(0), a.T @ e, 2 * pad

    report = check_grad(loss, grad, (W, b, v, rng.standard_normal(max(size, 1))))
    assert report.verdict is Verdict.PASS
    assert report.evaluations <= 60
