"""Negative controls: every kind of claim gets mistakes planted, array by array, and a blind check does not pass."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import Report, Verdict, check_adjoint, check_grad, check_jvp, check_vjp
from gradcheck.check import _judge
from gradcheck.check._compare import Outcome

X = np.array([0.5, 1.0, -0.3])
A = np.arange(9.0).reshape(3, 3)


def f(x: Any) -> Any:
    return np.sum(np.sin(x) * x) + x @ A @ x


def grad(x: Any) -> Any:
    return np.cos(x) * x + np.sin(x) + (A + A.T) @ x


def hess(x: Any) -> Any:
    return np.diag(2 * np.cos(x) - np.sin(x) * x) + A + A.T


def g(x: Any) -> Any:
    return np.sin(A @ x)


def jac(x: Any) -> Any:
    return np.cos(A @ x)[:, None] * A


CALLS: dict[str, tuple[Any, ...]] = {
    "grad": (f, grad, X),
    "vjp": (g, lambda w, x: w @ jac(x), X),
    "jvp": (g, lambda t, x: jac(x) @ t[0], X),
    "backward": (lambda x: (g(x), x), lambda w, cache: w @ jac(cache), X),
    "jacobian": (g, jac, X),
    "hvp": (f, grad, lambda t, x: hess(x) @ t[0], X),
    "hessian": (f, hess, X),
    "adjoint": (lambda t, x: jac(x) @ t[0], lambda w, x: w @ jac(x), X),
}


def judged(kind: str, **options: Any) -> Report:
    call: Callable[..., Report] = getattr(gradcheck, f"check_{kind}")
    return call(*CALLS[kind], **options)


def controls(report: Report) -> list[tuple[str, Verdict]]:
    return [(f.input, f.verdict) for f in report.findings if f.message.startswith("negative control")]


@pytest.mark.parametrize("kind", CALLS)
def test_planted_mistakes_are_caught_whatever_is_claimed(kind: str) -> None:
    report = judged(kind, negative_control=True)
    assert report.verdict is Verdict.PASS
    assert set(controls(report)) == {("x", Verdict.PASS)}


@pytest.mark.parametrize("kind", CALLS)
def test_a_mistake_too_small_to_be_seen_is_said_to_be_missed(kind: str) -> None:
    report = judged(kind, negative_control=True, resolution=1e-15)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert ("x", Verdict.INCONCLUSIVE) in controls(report)


@pytest.mark.parametrize("kind", CALLS)
def test_a_tolerance_that_hides_the_planted_mistake_does_not_pass(kind: str) -> None:
    report = judged(kind, negative_control=True, rtol=1e-2)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert judged(kind, negative_control=True, rtol=1e-2, resolution=0.1).verdict is Verdict.PASS


@pytest.mark.parametrize("kind", ["grad", "vjp", "jvp", "backward", "jacobian", "hvp", "hessian"])
def test_a_judge_that_compares_nothing_does_not_pass(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every bound infinite and every outcome right: what a broken checker would say."""
    honest = _judge.compare

    def blind(*args: Any, **more: Any) -> Any:
        found = honest(*args, **more)
        return replace(
            found, bound=np.full_like(found.bound, np.inf), outcome=np.full_like(found.outcome, Outcome.RIGHT)
        )

    monkeypatch.setattr(_judge, "compare", blind)
    report = judged(kind, negative_control=True)
    assert report.verdict is not Verdict.PASS
    assert ("x", Verdict.INCONCLUSIVE) in controls(report)


def test_each_array_has_its_own_control() -> None:
    report = check_vjp(
        lambda a, b: a * np.sin(b), lambda w, a, b: (w * np.sin(b), w * a * np.cos(b)), (X, X + 1)
    )
    assert controls(report) == []
    report = check_vjp(
        lambda a, b: a * np.sin(b),
        lambda w, a, b: (w * np.sin(b), w * a * np.cos(b)),
        (X, X + 1),
        negative_control=True,
    )
    assert controls(report) == [("a", Verdict.PASS), ("b", Verdict.PASS)]


def test_only_the_array_that_cannot_be_seen_is_undecided() -> None:
    """One input moves f by less than f's own rounding."""

    def value(a: Any, b: Any) -> Any:
        return np.sum(a**2) + 1e8 + 1e-9 * np.sum(np.sin(b))

    report = check_grad(
        value, lambda a, b: (2 * a, 1e-9 * np.cos(b)), (1e4 * X, X), negative_control=True, resolution=1e-3
    )
    assert dict(controls(report))["b"] is Verdict.INCONCLUSIVE
    assert dict(controls(report))["a"] is Verdict.PASS


def test_a_zero_gradient_has_an_absolute_mistake_planted() -> None:
    report = check_grad(lambda x: 3.0, np.zeros_like, X, negative_control=True)
    assert report.verdict is Verdict.PASS
    assert controls(report) == [("x", Verdict.PASS)]


def test_controls_of_a_measured_claim_cost_no_evaluations_of_f() -> None:
    plain, controlled = (check_vjp(*CALLS["vjp"], negative_control=c) for c in (False, True))
    assert controlled.evaluations == plain.evaluations
    assert controlled.claim_evaluations == plain.claim_evaluations


def test_controls_of_the_adjoint_identity_are_counted_as_claim_evaluations() -> None:
    plain, controlled = (check_adjoint(*CALLS["adjoint"], negative_control=c) for c in (False, True))
    assert controlled.claim_evaluations > plain.claim_evaluations


def test_the_wrong_claim_fails_with_controls_as_without() -> None:
    report = check_jvp(g, lambda t, x: 1.01 * jac(x) @ t[0], X, negative_control=True)
    assert report.verdict is Verdict.FAIL
