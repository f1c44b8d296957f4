"""Large arrays with many kinks: right claims do not fail along random directions, impossible ones do."""

import numpy as np
import pytest

from gradcheck import Verdict, check_vjp


def relu(x):
    return np.maximum(x, 0)


def holed(size, share, seed=1):
    """Numbers of which a share is exactly zero: what a ReLU or a dropout leaves."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(size) < share, 0.0, rng.standard_normal(size))


def claim(at_zero):
    return lambda ct, x: ct * np.where(x == 0, at_zero, x > 0)


@pytest.mark.parametrize("at_zero", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("size", "share"), [(1_000, 0.5), (8_000, 0.02), (8_000, 0.5)])
def test_every_subgradient_of_relu_at_many_zeros_passes(size, share, at_zero):
    for seed in range(2):
        report = check_vjp(relu, claim(at_zero), holed(size, share), seed=seed)
        assert report.verdict is Verdict.PASS, str(report)


@pytest.mark.parametrize("at_zero", [2.0, -1.0])
@pytest.mark.parametrize("size", [1_000, 8_000])
def test_what_is_no_subgradient_of_relu_at_zero_fails(size, at_zero):
    for f in (relu, lambda x: np.asarray(relu(x).sum())):
        report = check_vjp(f, claim(at_zero), holed(size, 0.1))
        assert report.verdict is Verdict.FAIL, str(report)


def test_entries_beside_the_kinks_are_judged_as_ever():
    def wrong(ct, x):
        gradient = ct * (x > 0)
        gradient[np.flatnonzero(x > 0)[7]] *= 1.01
        return gradient

    report = check_vjp(relu, wrong, holed(2_000, 0.3))
    assert report.verdict is Verdict.FAIL


@pytest.mark.parametrize("size", [50, 1_000, 70_000])
def test_maximum_whose_ties_all_get_nothing_fails(size):
    report = check_vjp(lambda x: np.asarray(x.max()), lambda ct, x: ct * 0 * x, np.ones(size))
    assert report.verdict is Verdict.FAIL, str(report)


@pytest.mark.parametrize("on", [np.greater, np.greater_equal])
@pytest.mark.parametrize("units", [20, 200])
def test_network_with_zero_biases_and_padded_examples_does_not_fail(units, on):
    """Its units kink together, some up and some down: no interval of one-sided slopes holds what frameworks return."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        x, W, v = (
            rng.standard_normal((32, 20)),
            rng.standard_normal((20, units)) / 4,
            rng.standard_normal(units),
        )
        x[:8] = 0

        def cost(x, W, b, v=v):
            return np.asarray((relu(x @ W + b) @ v).mean())

        def back(ct, x, W, b, v=v):
            d = np.outer(np.full(32, ct / 32), v) * on(x @ W + b, 0)
            return d @ W.T, x.T @ d, d.sum(0)

        report = check_vjp(cost, back, (x, W, np.zeros(units)), seed=seed)
        assert report.verdict is not Verdict.FAIL, str(report)
        doubled = check_vjp(
            cost,
            lambda ct, *a: (back(ct, *a)[0], 2 * back(ct, *a)[1], back(ct, *a)[2]),
            (x, W, np.zeros(units)),
        )
        assert doubled.verdict is Verdict.FAIL


@pytest.mark.parametrize("allowed", [60, 300, 1000])
def test_directions_through_kinks_decide_nothing_where_the_evaluations_end_before_the_entries_are_looked_at(
    allowed,
):
    """Sums of kinks that open to both sides: intervals that right claims miss, and wrong ones hit."""
    x, W = holed((20, 30), 0.5), np.random.default_rng(2).standard_normal((30, 7))

    def layer(x, W):
        return relu(x) @ W

    def back(factor):
        return lambda ct, x, W: (factor * (ct @ W.T) * (x > 0), relu(x).T @ ct)

    for seed in range(2):
        right, wrong = (
            check_vjp(layer, back(factor), (x, W), max_evaluations=allowed, seed=seed)
            for factor in (1.0, 1.5)
        )
        assert right.verdict is not Verdict.FAIL, str(right)
        assert wrong.verdict is not Verdict.PASS, str(wrong)
        if allowed == 1000:
            assert (right.verdict, wrong.verdict) == (Verdict.PASS, Verdict.FAIL)
