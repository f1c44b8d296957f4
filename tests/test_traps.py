"""Where a good numerical derivative still raises false alarms: right claims that must not fail, wrong ones that must.

Each trap is a point at which a right claim disagrees with a naive measurement, and beside it a wrong claim at the
same point, so that nothing is bought by looking away.
"""

import math

import numpy as np
import pytest

from gradcheck import Report, Verdict, check_vjp


def verdict(f, vjp, *inputs) -> Report:
    return check_vjp(f, vjp, inputs)


def assert_not_failed(report: Report) -> None:
    assert report.verdict is not Verdict.FAIL, str(report)


def assert_failed(report: Report) -> None:
    assert report.verdict is Verdict.FAIL, str(report)


def test_absorbed_input_with_a_tiny_right_claim_does_not_fail():
    def f(x):
        return 1.0 + 1e-20 * np.sin(x)

    def vjp(ct, x):
        return (ct * 1e-20 * np.cos(x),)

    assert_not_failed(verdict(f, vjp, np.array([0.0, 1e-300, 0.3])))
    assert_failed(verdict(f, lambda ct, x: (ct * np.cos(x),), np.array([0.0, 1e-300, 0.3])))


@pytest.mark.parametrize("tiny", [0.0, 1e-200, 1e-30])
def test_zero_or_tiny_entry_of_a_function_of_order_one_is_stepped_by_the_scale_of_the_others(tiny):
    def f(x):
        return np.cos(x) + np.sum(x)

    def vjp(ct, x):
        return (ct * -np.sin(x) + ct.sum(),)

    def wrong(ct, x):
        return (vjp(ct, x)[0] * np.where(np.arange(x.size) == 0, 1.01, 1),)

    x = np.array([tiny, 1.0, -2.0])
    assert verdict(f, vjp, x).verdict is Verdict.PASS
    assert_failed(verdict(f, wrong, x))


def test_output_that_dwarfs_the_others_does_not_hide_their_mistakes():
    size = np.array([1e14, 1.0, 1.0])

    def f(x):
        return size * np.sin(x)

    def vjp(ct, x):
        return (ct * size * np.cos(x),)

    x = np.array([0.3, 0.5, -0.7])
    assert verdict(f, vjp, x).verdict is Verdict.PASS
    assert_failed(verdict(f, lambda ct, x: (vjp(ct, x)[0] * np.array([1, 1, 1.01]),), x))


def _pool(x):
    """Maximum over windows of two, stride one."""
    return np.maximum(x[:-1], x[1:])


def _pool_vjp(ct, x, to_the_smaller=False):
    g = np.zeros_like(x)
    for k, share in enumerate(ct):
        second = x[k + 1] > x[k]
        g[k + (second ^ (to_the_smaller and k == 3))] += share
    return (g,)


def test_subgradient_of_overlapping_windows_at_ties_passes():
    x = np.array([1.0, 1.0, 1.0, 0.0, 2.0, 2.0])
    assert_not_failed(verdict(_pool, _pool_vjp, x))
    assert_failed(verdict(_pool, lambda ct, x: _pool_vjp(ct, x, to_the_smaller=True), x))


def test_sort_of_tied_values_passes_with_a_stable_permutation():
    def vjp(ct, x):
        g = np.empty_like(x)
        g[np.argsort(x, kind="stable")] = ct
        return (g,)

    x = np.array([1.0, 0.0, 1.0, 0.0, 1.0])
    assert_not_failed(verdict(np.sort, vjp, x))
    assert_failed(verdict(np.sort, lambda ct, x: (ct.copy(),), x))


@pytest.mark.parametrize("chosen", [0, 1, 2])
def test_median_at_ties_may_choose_any_of_the_tied_entries(chosen):
    def at(k):
        return lambda ct, x: (ct * np.eye(5)[k],)

    x = np.array([1.0, 1.0, 1.0, -3.0, 4.0])
    assert_not_failed(verdict(np.median, at(chosen), x))
    assert_failed(verdict(np.median, at(3), x))


def _batch_norm(x):
    centred = x - x.mean(0)
    return centred / np.sqrt((centred**2).mean(0) + 1e-5)


def _batch_norm_vjp(ct, x):
    centred = x - x.mean(0)
    rstd = 1 / np.sqrt((centred**2).mean(0) + 1e-5)
    xh = centred * rstd
    return (rstd * (ct - ct.mean(0) - xh * (ct * xh).mean(0)),)


@pytest.mark.parametrize("offset", [1e4, 1e6, 1e8])
def test_ill_conditioned_forward_pass_does_not_fail_a_right_claim(offset):
    x = offset + np.random.default_rng(0).standard_normal((8, 3))
    assert_not_failed(verdict(_batch_norm, _batch_norm_vjp, x))
    assert_failed(verdict(_batch_norm, lambda ct, x: (-_batch_norm_vjp(ct, x)[0],), x))


_erf = np.vectorize(math.erf, otypes=[float])


def _gelu(x):
    return 0.5 * x * (1 + _erf(x / math.sqrt(2)))


def _gelu_vjp(ct, x):
    density = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return (ct * (0.5 * (1 + _erf(x / math.sqrt(2))) + x * density),)


@pytest.mark.parametrize("x", [-9.0, -20.0, -37.0])
def test_saturated_forward_pass_does_not_fail_a_tiny_right_claim(x):
    assert_not_failed(verdict(_gelu, _gelu_vjp, np.array([x])))
    assert_not_failed(verdict(_gelu, _gelu_vjp, np.array([x, 0.5, 20.0])))
    assert_failed(verdict(_gelu, lambda ct, x: (_gelu_vjp(ct, x)[0] + 1e-3 * ct,), np.array([x])))


def test_integer_output_beside_the_result_needs_no_derivative():
    def f(x):
        return x.max(1), x.argmax(1)

    def vjp(ct, x):
        ct = ct[0] if isinstance(ct, tuple) else ct
        return (ct[:, None] * (np.arange(x.shape[1]) == x.argmax(1)[:, None]),)

    x = np.random.default_rng(0).standard_normal((3, 4))
    assert_not_failed(verdict(f, vjp, x))
    assert_failed(verdict(f, lambda ct, x: (2 * vjp(ct, x)[0],), x))


def _symmetric_cholesky_vjp(ct, a):
    """Murray 2016, equation 10: the gradient with respect to the symmetric matrix."""
    low = np.linalg.cholesky(a)
    phi = np.tril(low.T @ ct)
    phi[np.diag_indices(len(a))] *= 0.5
    inverse = np.linalg.inv(low)
    g = inverse.T @ phi @ inverse
    return (0.5 * (g + g.T),)


def test_symmetric_claim_for_a_function_that_reads_one_triangle_is_a_matter_of_convention():
    b = np.random.default_rng(0).standard_normal((3, 3))
    a = b @ b.T + np.eye(3)
    a = 0.5 * (a + a.T)
    assert_not_failed(verdict(np.linalg.cholesky, _symmetric_cholesky_vjp, a))
    assert_failed(verdict(np.linalg.cholesky, lambda ct, a: (2 * _symmetric_cholesky_vjp(ct, a)[0],), a))


def test_infinite_output_elsewhere_does_not_blame_an_honest_gradient():
    def f(x):
        with np.errstate(divide="ignore"):
            return np.log(x)

    def vjp(ct, x):
        with np.errstate(divide="ignore", invalid="ignore"):
            return (ct / x,)

    assert_not_failed(verdict(f, vjp, np.array([0.0, 1.0, 2.0])))
    assert_failed(verdict(f, lambda ct, x: (ct / x * np.array([1, 1, 1.01]),), np.array([0.5, 1.0, 2.0])))


def test_gradient_that_is_not_finite_where_the_function_is_smooth_fails():
    def f(x):
        return np.exp(-np.sum(x**2))

    def right(ct, x):
        return (-2 * ct * x * f(x),)

    def through_the_norm(ct, x):
        norm = np.linalg.norm(x)
        with np.errstate(invalid="ignore"):
            return (ct * -2 * norm * f(x) * (x / norm),)

    assert verdict(f, right, np.zeros(3)).verdict is Verdict.PASS
    assert_failed(verdict(f, through_the_norm, np.zeros(3)))
