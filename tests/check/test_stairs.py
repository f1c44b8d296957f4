"""Where rounding inside f makes its values move in steps a right claim is left open, and a wrong one is caught."""

import numpy as np
import pytest

from gradcheck import Verdict, check_grad


def log_loss(z: np.ndarray) -> float:
    """-log(1 - sigmoid(z)) as it is written down: 1 - p has few digits left where p is nearly 1."""
    return float(np.mean(-np.log(1 - 1 / (1 + np.exp(-z)))))


def log_loss_gradient(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z)) / z.size


def saturated(at: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    z = rng.standard_normal(4)
    z[1] = at + rng.uniform(-0.5, 0.5)
    return z


@pytest.mark.parametrize("at", [20.0, 24.0, 26.0, 28.0, 30.0, 32.0, 34.0, 36.0])
def test_right_gradient_of_a_saturated_loss_does_not_fail(at):
    for seed in range(4):
        z = saturated(at, seed)
        report = check_grad(log_loss, log_loss_gradient, z, seed=seed)
        assert report.verdict is not Verdict.FAIL, str(report)


@pytest.mark.parametrize("at", [26.0, 30.0, 34.0])
@pytest.mark.parametrize("factor", [-1.0, 5.0])
def test_wrong_gradient_of_a_saturated_loss_fails(at, factor):
    def wrong(z):
        return log_loss_gradient(z) * np.where(np.arange(z.size) == 1, factor, 1.0)

    verdicts = [check_grad(log_loss, wrong, saturated(at, seed), seed=seed).verdict for seed in range(4)]
    assert verdicts == [Verdict.FAIL] * 4


def test_steps_that_hide_the_slope_are_named():
    z = saturated(34.0, 0)
    report = check_grad(log_loss, log_loss_gradient, z)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "makes its values move in steps here" in report.findings[-1].message


def test_wrong_gradient_of_another_entry_fails_beside_a_saturated_one():
    def wrong(z):
        return log_loss_gradient(z) * np.where(np.arange(z.size) == 2, 1.01, 1.0)

    assert check_grad(log_loss, wrong, saturated(34.0, 0)).verdict is Verdict.FAIL


def test_layer_before_a_saturated_loss_does_not_fail():
    failed = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        X, w = rng.standard_normal((6, 3)), rng.standard_normal(3)
        w *= 31.0 / np.max(X @ w)
        report = check_grad(
            lambda w, X=X: log_loss(X @ w), lambda w, X=X: X.T @ log_loss_gradient(X @ w), w, seed=seed
        )
        failed += [seed] * (report.verdict is Verdict.FAIL)
    assert not failed


@pytest.mark.parametrize("seed", range(8))
def test_single_jump_nearby_excuses_no_wrong_claim(seed):
    def gated(x):
        return float(np.sum(x**2) + 0.3 * (x[0] > 1.0))

    rng = np.random.default_rng(seed)
    x = rng.standard_normal(4)
    x[0] = 1.0 + rng.uniform(-0.2, 0.2)
    factor = np.array([rng.uniform(0.3, 3.0), 1.0, 1.0, 1.0])
    assert check_grad(gated, lambda x: 2 * x, x, seed=seed).verdict is Verdict.PASS
    assert check_grad(gated, lambda x: 2 * x * factor, x, seed=seed).verdict is Verdict.FAIL


def test_jump_at_every_nearby_point_is_no_kink_that_forgives():
    """Slopes over a riser grow with 1 / step, so that any claim would lie between them."""

    def twice(z):
        return log_loss_gradient(z) * np.where(np.arange(z.size) == 1, 2.0, 1.0)

    verdicts = {check_grad(log_loss, twice, saturated(24.0, seed), seed=seed).verdict for seed in range(8)}
    assert Verdict.PASS not in verdicts


def cube_root(a: np.ndarray, tolerance: float) -> np.ndarray:
    """By Newton's method, with as many steps as each number needs."""
    x = np.maximum(np.abs(a), 1.0)
    for _ in range(60):
        x = np.where(np.abs(x**3 - a) > tolerance * np.abs(a), x - (x**3 - a) / (3 * x * x), x)
    return x


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8])
def test_exact_derivative_of_what_a_solver_finds_to_a_tolerance_does_not_fail(tolerance):
    a = np.array([2.0, 5.0, 0.7])

    def f(a):
        return float(cube_root(a, tolerance).sum())

    for seed in range(3):
        assert check_grad(f, lambda a: np.cbrt(a) / (3 * a), a, seed=seed).verdict is not Verdict.FAIL
        assert check_grad(f, lambda a: 1.01 * np.cbrt(a) / (3 * a), a, seed=seed).verdict is Verdict.FAIL


def test_few_digits_are_no_solver_where_f_is_smooth_or_has_kinks():
    def single(x):
        return x.astype(np.float32).astype(float)

    x = np.array([0.3, 1.0, 2.0])
    assert (
        check_grad(lambda x: float(np.sin(x).sum()), lambda x: single(np.cos(x)), x).verdict is Verdict.FAIL
    )
    kinked = np.array([0.31, -0.17, 0.45])

    def f(x):
        return float(np.sum(np.maximum(np.subtract.outer(x, [0.2, -0.2, 0.37]), 0) * np.cos(x)[:, None]))

    def exact(x):
        z = np.subtract.outer(x, [0.2, -0.2, 0.37])
        return ((z > 0) * np.cos(x)[:, None] - np.maximum(z, 0) * np.sin(x)[:, None]).sum(axis=1)

    assert check_grad(f, exact, kinked).verdict is Verdict.PASS
    assert check_grad(f, lambda x: single(exact(x)), kinked).verdict is Verdict.FAIL
