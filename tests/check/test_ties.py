"""Ties: claims that are possible one by one and impossible together fail, and those of a piece nearby pass."""

import numpy as np
import pytest

from gradcheck import Verdict, check_grad, check_jvp, check_vjp

X, Y = np.array([1.0, 2.0, -1.0]), np.array([1.0, 0.5, 3.0])


def share(ct, x, y, to_x):
    """The gradient of maximum(x, y) that gives x that part of the cotangent where both are equal."""
    tie = x == y
    return ct * np.where(tie, to_x, x > y), ct * np.where(tie, 1.0 - to_x, y > x)


@pytest.mark.parametrize("to_x", [0.0, 0.3, 0.5, 1.0])
def test_maximum_may_divide_the_cotangent_of_a_tie_as_it_likes(to_x):
    report = check_vjp(np.maximum, lambda ct, x, y: share(ct, x, y, to_x), (X, Y))
    assert report.verdict is Verdict.PASS, str(report)


@pytest.mark.parametrize("seed", range(4))
def test_maximum_may_not_give_the_whole_cotangent_of_a_tie_to_both(seed):
    report = check_vjp(np.maximum, lambda ct, x, y: (ct * (x >= y), ct * (y >= x)), (X, Y), seed=seed)
    assert report.verdict is Verdict.FAIL
    assert "x1[0], x2[0] are at a kink together" in str(report)
    assert report.findings[-1].wrong_entries == ((0,),)


def test_maximum_may_not_give_the_cotangent_of_a_tie_to_nobody():
    report = check_vjp(np.maximum, lambda ct, x, y: (ct * (x > y), ct * (y > x)), (X, Y))
    assert report.verdict is Verdict.FAIL


def test_tangents_of_a_tie_have_to_fit_together_too():
    def right(t, x, y):
        return np.where(x >= y, t[0], t[1])

    def both(t, x, y):
        return t[0] * (x >= y) + t[1] * (y >= x)

    assert check_jvp(np.maximum, right, (X, Y)).verdict is Verdict.PASS
    assert check_jvp(np.maximum, both, (X, Y)).verdict is Verdict.FAIL


@pytest.mark.parametrize("seed", range(4))
def test_infinity_norm_shares_its_cotangent_among_ties(seed):
    x = np.array([[9.0, 2, 9], [-2, -3, -4], [7, 8, -9]])

    def largest(x):
        return float(np.abs(x).max())

    def each(x):
        return np.sign(x) * (np.abs(x) == np.abs(x).max())

    assert (
        check_grad(largest, lambda x: each(x) / np.abs(each(x)).sum(), x, seed=seed).verdict is Verdict.PASS
    )
    assert check_grad(largest, each, x, seed=seed).verdict is Verdict.FAIL


@pytest.mark.parametrize("seed", range(12))
def test_sum_of_separate_kinks_takes_the_gradient_of_any_piece(seed):
    a = np.random.default_rng(seed).standard_normal(12)

    def f(x):
        return float(a @ np.maximum(x, 0.0))

    assert check_grad(f, lambda x: a * (x >= 0), np.zeros(12), seed=seed).verdict is Verdict.PASS
    wrong = check_grad(f, lambda x: 1.5 * a * (x >= 0), np.zeros(12), seed=seed)
    assert wrong.verdict is Verdict.FAIL


def test_float32_sum_in_another_order_is_no_broken_layout():
    def f(x):
        return np.asarray(float(np.mean(x.astype(np.float32) ** 2)))

    def by_position(x):  # takes the first element in memory for the first by index
        return np.asarray(float(np.mean(x.astype(np.float32) ** 2) + x.ravel(order="K")[1]))

    def vjp(ct, x):
        return ct * 2 * x / x.size

    for seed in range(6):
        x = np.random.default_rng(seed).standard_normal((5, 9))
        assert check_vjp(f, vjp, x).verdict is Verdict.PASS
        report = check_vjp(by_position, vjp, x)
        assert "noncontiguous" in {finding.code for finding in report.findings if finding.verdict != "pass"}
