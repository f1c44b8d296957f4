"""What raises, changes or runs out late: a finding, or `UsageError`, never an exception of the package's own."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import (
    Report,
    UsageError,
    Verdict,
    check_adjoint,
    check_backward,
    check_grad,
    check_hessian,
    check_hvp,
    check_jacobian,
    check_jvp,
    check_vjp,
)

X = np.array([0.3, 1.0, 2.0])
LATE = 1, 2, 3, 7, 8, 15, 16, 26, 34, 41, 42, 45, 56, 58, 120


class Fails:
    """Raises at its k-th call, and at no other."""

    def __init__(self, f: Callable[..., Any], k: int) -> None:
        self.f, self.left = f, k

    def __call__(self, *args: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            raise RuntimeError("boom")
        return self.f(*args)


def f(x: Any) -> Any:
    return np.sum(np.sin(x))


def g(x: Any) -> Any:
    return np.sin(x) * x


def slope(x: Any) -> Any:
    return np.cos(x) * x + np.sin(x)


CHECKS: dict[str, tuple[Callable[..., Report], tuple[Callable[..., Any], ...]]] = {
    "grad": (check_grad, (f, np.cos)),
    "vjp": (check_vjp, (g, lambda w, x: slope(x) * w)),
    "jvp": (check_jvp, (g, lambda t, x: slope(x) * t[0])),
    "backward": (check_backward, (lambda x: (g(x), x), lambda w, x: slope(x) * w)),
    "jacobian": (check_jacobian, (g, lambda x: np.diag(slope(x)))),
    "hvp": (check_hvp, (f, np.cos, lambda t, x: -np.sin(x) * t[0])),
    "hessian": (check_hessian, (f, lambda x: -np.diag(np.sin(x)))),
    "adjoint": (check_adjoint, (lambda t, x: slope(x) * t[0], lambda w, x: slope(x) * w)),
}


def failing(report: Report) -> set[str]:
    return {f.code for f in report.findings if f.verdict is Verdict.FAIL}


@pytest.mark.parametrize("k", LATE)
@pytest.mark.parametrize("kind", CHECKS)
def test_a_claim_that_raises_late_is_a_finding(kind: str, k: int) -> None:
    judge, functions = CHECKS[kind]
    claim = Fails(functions[-1], k)
    report = judge(*functions[:-1], claim, X)
    if claim.left > 0:
        assert report.verdict is Verdict.PASS  # it was never called so often
    elif k > 1 and kind in ("jvp", "hvp", "adjoint"):
        assert failing(report) == {"raises"}
        assert "boom" in str(report)
    else:  # a claim that refuses a second look at its cache is not wrong
        assert failing(report) <= {"raises", "noncontiguous"}


@pytest.mark.parametrize("k", LATE)
@pytest.mark.parametrize("kind", [kind for kind in CHECKS if kind != "adjoint"])
def test_a_function_that_raises_late_is_a_finding_or_misuse(kind: str, k: int) -> None:
    judge, (function, *claims) = CHECKS[kind]
    if k == 1:
        with pytest.raises(UsageError, match="boom"):
            judge(Fails(function, k), *claims, X)
        return
    found = failing(judge(Fails(function, k), *claims, X))
    assert found <= {"nondeterministic-forward", "noncontiguous", "raises"}
    assert k > 2 or "nondeterministic-forward" in found


def test_a_gradient_that_raises_is_not_asked_for_its_slopes() -> None:
    def boom(x: Any) -> Any:
        raise RuntimeError("boom")

    report = check_hvp(f, boom, lambda t, x: -np.sin(x) * t[0], X)
    assert failing(report) == {"raises"}


@pytest.mark.parametrize("k", [2, 20, 45])
def test_a_tangent_that_changes_its_shape_late_is_a_finding(k: int) -> None:
    calls = []

    def turns(t: Any, x: Any) -> Any:
        calls.append(1)
        return slope(x) * t[0] if len(calls) < k else np.ones(2)

    assert failing(check_jvp(g, turns, X)) == {"shape"}
    calls.clear()
    hvp = check_hvp(lambda x: np.sum(np.sin(x) - np.cos(x) * x), g, turns, X)
    assert "shape" in failing(hvp)


class Jumpy:
    """Another value at every call."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, x: Any) -> float:
        self.calls += 1
        return float(np.sum(x)) * (1 + self.calls)


@pytest.mark.parametrize("most", range(1, 8))
def test_repeated_calls_stay_within_the_budget(most: int) -> None:
    report = check_grad(Jumpy(), np.ones_like, X, max_evaluations=most)
    assert report.evaluations <= most
    assert report.verdict is (Verdict.INCONCLUSIVE if most < 3 else Verdict.FAIL)


def test_a_budget_that_ends_before_the_callers_own_precision_is_tried_is_undecided() -> None:
    def single(x: Any) -> Any:
        if x.dtype == np.float64:
            raise TypeError("float32 only")
        return np.sum(x)

    report = check_grad(single, np.ones_like, X.astype(np.float32), max_evaluations=1)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert check_grad(single, np.ones_like, X.astype(np.float32)).verdict is Verdict.PASS


@pytest.mark.parametrize(("factor", "expected"), [(1.0, Verdict.INCONCLUSIVE), (1.5, Verdict.FAIL)])
def test_a_hessian_near_the_edge_of_a_domain_is_judged_where_there_are_values(
    factor: float, expected: Verdict
) -> None:
    """math.sqrt raises a little below x[0]; the curvature along x[1] can be judged."""

    def near(x: Any) -> float:
        return math.sqrt(x[0] - 0.995) + float(x[1] ** 2)

    def hess(x: Any) -> Any:
        return np.diag([-0.25 * (x[0] - 0.995) ** -1.5, factor * 2.0])

    assert check_hessian(near, hess, np.array([1.0, 2.0])).verdict is expected


def test_a_function_that_raises_for_stacked_perturbations_is_misuse() -> None:
    def one_by_one(x: Any) -> Any:
        if x.ndim > 1:
            raise RuntimeError("one at a time")
        return np.sin(x)

    def claim(w: Any, x: Any) -> Any:
        return w * np.cos(x)

    with pytest.raises(UsageError, match=r"one at a time.*batched"):
        check_vjp(one_by_one, claim, X, batched=True)
    assert check_vjp(one_by_one, claim, X).verdict is Verdict.PASS


@pytest.mark.parametrize("explore", [0, 3])
@pytest.mark.parametrize("kind", ["hvp", "hessian"])
def test_progress_through_second_derivatives_grows_and_ends_at_the_evaluations(
    kind: str, explore: int
) -> None:
    judge, functions = CHECKS[kind]
    seen: list[int] = []
    report = judge(*functions, X, explore=explore, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == report.evaluations


@pytest.mark.parametrize("explore", [0, 3])
def test_every_call_of_the_gradient_and_of_the_product_is_counted(explore: int) -> None:
    calls = []

    def counted(claim: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args: (calls.append(1), claim(*args))[1]

    f, grad, hvp = CHECKS["hvp"][1]
    report = check_hvp(f, counted(grad), counted(hvp), X, explore=explore)
    assert report.claim_evaluations == len(calls)
