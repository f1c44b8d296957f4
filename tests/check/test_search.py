"""Exploring with the judge: one budget for all points, the same report for the same seed, cheap where all is well."""

from typing import Any

import numpy as np
import pytest

from gradcheck import Report, Verdict, check_backward, check_grad, check_vjp

Array = np.ndarray[Any, np.dtype[Any]]
X = np.random.default_rng(5).uniform(0.3, 2, (3, 4))


class Counted:
    """A function and the number of its calls."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.calls = 0

    def __call__(self, *args: Any) -> Any:
        self.calls += 1
        return self.function(*args)


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def right(ct: Array, x: Array) -> Array:
    return ct * (x > 0)


def wrong_at_zero(ct: Array, x: Array) -> Array:
    return ct * np.where(x == 0, 2.0, x > 0)


def nan_at_zero(ct: Array, x: Array) -> Array:
    with np.errstate(all="ignore"):
        return ct * (x > 0) * (x / x)


def narrow(x: Array) -> Array:
    """Raises, and is not finite, at many of the points."""
    if np.any(x < -1):
        raise ValueError("too small")
    with np.errstate(all="ignore"):
        return np.log(x) + 0 * x


@pytest.mark.parametrize("limit", [40, 100, 300, 1000, 3000, None])
@pytest.mark.parametrize(
    ("f", "vjp"),
    [
        (relu, right),
        (relu, wrong_at_zero),
        (relu, nan_at_zero),
        (narrow, lambda ct, x: ct / x),
        (
            lambda x: np.sort(x, axis=None),
            lambda ct, x: ct[np.argsort(np.argsort(x, axis=None))].reshape(x.shape),
        ),
    ],
)
def test_every_call_is_counted_and_there_are_never_more_than_allowed(
    f: Any, vjp: Any, limit: int | None
) -> None:
    counted = Counted(f)
    report = check_vjp(counted, vjp, X, explore=60, max_evaluations=limit)
    assert report.evaluations == counted.calls
    assert limit is None or counted.calls <= limit


def test_progress_grows_through_all_points() -> None:
    seen: list[int] = []
    report = check_vjp(relu, right, X, explore=30, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == report.evaluations


def test_a_budget_that_ends_says_how_far_it_came() -> None:
    whole = check_vjp(relu, right, X, explore=60)
    part = check_vjp(relu, right, X, explore=60, max_evaluations=whole.evaluations // 2)
    assert whole.explored == {"tried": 60, "skipped": 0}
    assert 5 < part.explored["tried"] < 60
    assert part.verdict is Verdict.PASS


def test_what_is_found_within_the_budget_is_reported() -> None:
    whole = check_vjp(relu, wrong_at_zero, X, explore=100)
    part = check_vjp(relu, wrong_at_zero, X, explore=100, max_evaluations=whole.evaluations)
    assert part.verdict is whole.verdict is Verdict.FAIL
    assert part.explored == whole.explored


def told(report: Report) -> Any:
    counterexample = report.counterexample or {}
    arrays = {path: (np.asarray(x).tolist(), np.asarray(x).strides) for path, x in counterexample.items()}
    return report.verdict, report.explored, report.evaluations, arrays, repr(report.findings)


@pytest.mark.parametrize("vjp", [right, wrong_at_zero, nan_at_zero])
def test_the_same_seed_gives_the_same_report(vjp: Any) -> None:
    assert told(check_vjp(relu, vjp, X, explore=60, seed=3)) == told(
        check_vjp(relu, vjp, X, explore=60, seed=3)
    )


def test_the_counterexample_is_one_entry_of_the_authors_point() -> None:
    report = check_vjp(relu, wrong_at_zero, X, explore=100)
    assert report.counterexample is not None
    x = report.counterexample["x"]
    assert np.count_nonzero(x != X) == 1
    assert np.count_nonzero(x == 0) == 1


@pytest.mark.parametrize(("vjp", "verdict"), [(right, Verdict.PASS), (wrong_at_zero, Verdict.FAIL)])
def test_a_function_that_takes_float32_alone_is_explored_in_float32(vjp: Any, verdict: Verdict) -> None:
    def f(x: Array) -> Array:
        if x.dtype != np.float32:
            raise TypeError("float32 only")
        return relu(x)

    def claim(ct: Array, x: Array) -> Array:
        return vjp(ct, x).astype(np.float32)

    report = check_vjp(f, claim, X.astype(np.float32), explore=60)
    assert report.verdict is verdict, str(report)
    assert report.explored["skipped"] == 0


def test_points_outside_the_domain_are_skipped_and_counted() -> None:
    report = check_vjp(narrow, lambda ct, x: ct / x, X, explore=100)
    assert report.verdict is Verdict.PASS
    assert report.explored["tried"] == 100
    assert 5 < report.explored["skipped"] < 100


def test_a_point_costs_few_evaluations_where_all_is_well() -> None:
    """Two directions by central differences and the noise: entry by entry it would be 2 * 12 + 7 * 2 more."""
    report = check_vjp(np.tanh, lambda ct, x: ct * (1 - np.tanh(x) ** 2), X, explore=100)
    alone = check_vjp(np.tanh, lambda ct, x: ct * (1 - np.tanh(x) ** 2), X)
    assert (report.evaluations - alone.evaluations) / 100 < alone.evaluations


def test_every_entry_is_measured_where_that_was_asked_for() -> None:
    """One entry of two hundred, wrong by 1e-3 of its size and only where all are whole numbers."""
    x = np.random.default_rng(6).uniform(1, 2, 200)

    def grad(x: Array) -> Array:
        slopes = np.cos(x)
        slopes[77] *= 1 + 1e-3 * np.all(x == np.round(x))
        return slopes

    report = check_grad(lambda x: np.sum(np.sin(x)), grad, x, explore=100, coverage="full")
    assert report.verdict is Verdict.FAIL
    assert [f.wrong_entries for f in report.findings if f.verdict is Verdict.FAIL] == [((77,),)]


def test_an_input_of_one_entry_is_among_those_that_a_probe_looks_at() -> None:
    def f(x: Array, scale: Array) -> Array:
        return x * scale

    def vjp(ct: Array, x: Array, scale: Array, factor: float = 1.0) -> tuple[Array, Array]:
        return ct * scale, factor * np.sum(ct * x)

    inputs = (X, np.asarray(0.7))
    assert check_vjp(f, vjp, inputs, coverage="probe")
    wrong = check_vjp(f, lambda ct, x, s: vjp(ct, x, s, 2.0), inputs, coverage="probe")
    assert [(f.input, f.diagnosis) for f in wrong.findings if f.verdict is Verdict.FAIL] == [
        ("scale", "factor")
    ]


def test_a_backward_pass_is_explored_as_well() -> None:
    def forward(x: Array) -> tuple[Array, Array]:
        return relu(x), x

    assert check_backward(forward, right, X, explore=30)
    assert check_backward(forward, wrong_at_zero, X, explore=100).verdict is Verdict.FAIL
