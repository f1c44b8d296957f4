"""The ladder itself: how it calls f, what it costs, and that every safeguard of its error is needed."""

import numpy as np
import pytest
from numpy.typing import NDArray

from gradcheck.differentiate import Status, engine
from gradcheck.differentiate import _window as window_module
from gradcheck.differentiate.engine import ladder, two_point
from tests.differentiate.recorder import Floats, Recorder

EPS = np.finfo(float).eps


def climb(f, x, noise=None, **options):
    lines = Recorder(f, np.atleast_1d(np.asarray(x, dtype=float)))
    eta = 2 * EPS * np.abs(np.nan_to_num(lines.base)) if noise is None else np.full_like(lines.base, noise)
    scale = 2.0 ** np.ceil(np.log2(np.maximum(np.abs(lines.x), 1.0)))
    return ladder(lines, lines.base, scale, eta, **options), lines


def test_smooth_rows_take_seven_evaluations_in_one_call() -> None:
    estimate, lines = climb(np.sin, np.linspace(-3.0, 3.0, 50))
    assert lines.calls == [7 * 50]
    assert (estimate.evaluations == 7).all()
    assert (np.abs(estimate.value[:, 0] - np.cos(lines.x)) <= estimate.error[:, 0]).all()
    assert np.median(estimate.error) < 1e-10


def test_only_the_failing_row_goes_on_and_all_failing_rows_share_a_call() -> None:
    x = np.array([1.0, 1e-4, 2.0, -1e-5])
    estimate, lines = climb(lambda v: np.maximum(v, 0.0) + v * v, x)
    assert lines.calls[0] == 7 * 4
    assert len(lines.calls) > 1
    for rows in lines.rows[1:]:
        assert set(rows.tolist()) <= {1, 3}
    assert set(lines.rows[1].tolist()) == {1, 3}
    assert estimate.evaluations[[0, 2], 0].tolist() == [7, 7]
    assert (estimate.evaluations[[1, 3], 0] > 7).all()


def test_steps_are_powers_of_two_so_that_the_displacement_is_exact() -> None:
    _, lines = climb(lambda v: np.abs(v - 1.0001) + np.sin(v), [1.0, 3.3, -700.1])
    for rows, t in zip(lines.rows, lines.offsets, strict=True):
        mantissa, _ = np.frexp(np.abs(t))
        assert (mantissa == 0.5).all()
        moved = lines.x[rows] + t
        assert (moved - lines.x[rows] == t).all()


def test_more_rows_than_a_chunk_come_back_in_order() -> None:
    x = np.linspace(-2.0, 2.0, engine.CHUNK + 5)
    estimate, lines = climb(np.sin, x)
    assert estimate.value.shape == (engine.CHUNK + 5, 1)
    assert max(lines.calls) <= 7 * engine.CHUNK
    np.testing.assert_allclose(estimate.value[:, 0], np.cos(x), rtol=0, atol=1e-12)


def test_rows_times_outputs_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "ELEMENTS", 12)
    estimate, lines = climb(lambda v: np.stack([np.sin(v), v, v * v], axis=-1), np.arange(1.0, 11.0))
    assert max(lines.calls) <= 7 * 4
    assert estimate.value.shape == (10, 3)
    np.testing.assert_allclose(estimate.value[:, 2], 2 * np.arange(1.0, 11.0), rtol=1e-10)


def test_rows_that_go_on_are_taken_in_bounded_groups_with_the_same_outcome(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def f(v: Floats) -> Floats:
        return np.maximum(v, 0.0) + np.sin(v)

    x = np.array([0.0, 1e-6, 1.0, -1e-4, 1e-3, -1e-9])
    whole, one_call = climb(f, x)
    monkeypatch.setattr(engine, "DESCENDING", 2)
    parts, groups = climb(f, x)
    assert len(groups.calls) > len(one_call.calls)
    assert max(groups.calls[1:]) <= 2 * 6
    assert parts.status.tolist() == whole.status.tolist()
    np.testing.assert_array_equal(parts.value, whole.value)
    np.testing.assert_array_equal(parts.error, whole.error)


def test_outputs_share_evaluations_and_each_has_its_own_status() -> None:
    estimate, _ = climb(lambda v: np.stack([np.sin(v), np.abs(v - 1.0), 0 * v + 3.0], axis=-1), [1.0])
    assert estimate.status[0].tolist() == [Status.SMOOTH, Status.KINK, Status.FLAT]
    assert len(set(estimate.evaluations[0].tolist())) == 1
    np.testing.assert_allclose(estimate.interval[0, 1], [-1.0, 1.0], atol=1e-9)


def test_no_rows_give_an_empty_estimate() -> None:
    estimate = ladder(lambda rows, t: np.empty((0, 2)), np.zeros(2), np.empty(0), np.zeros(2))
    assert estimate.value.shape == estimate.error.shape == (0, 2)
    assert estimate.interval.shape == (0, 2, 2)


def test_steps_stay_within_the_limits_of_each_row() -> None:
    low, high = np.array([-1e-3, -0.5, 0.0]), np.array([1.0, 1e-9, 1.0])
    _, lines = climb(np.exp, [1.0, 1.0, 1.0], low=low, high=high)
    for rows, t in zip(lines.rows, lines.offsets, strict=True):
        assert (t >= low[rows]).all()
        assert (t <= high[rows]).all()


def test_no_step_goes_below_two_ulp_of_x() -> None:
    x = np.array([1.0, 1e6])
    finest = np.spacing(x)
    _, lines = climb(lambda v: np.where(v > 1.0, 1.0, 0.0) + (v > 1e6), x, finest=finest)
    for rows, t in zip(lines.rows, lines.offsets, strict=True):
        assert (np.abs(t) >= finest[rows]).all()


def test_two_point_takes_two_evaluations_and_contains_the_truth() -> None:
    lines = Recorder(np.sin, np.linspace(-3.0, 3.0, 101))
    estimate = two_point(lines, lines.base, np.full(101, 1.0), np.full((101, 1), EPS))
    assert lines.calls == [202]
    assert (estimate.evaluations == 2).all()
    assert (np.abs(estimate.value[:, 0] - np.cos(lines.x)) <= estimate.error[:, 0]).all()
    resolved = np.isfinite(estimate.error[:, 0])
    assert resolved.mean() > 0.9
    assert np.median(estimate.error[resolved, 0]) < 2e-5


@pytest.mark.parametrize(
    "f", [lambda v: np.abs(v - 1.0), lambda v: np.sin(1e5 * v + 1.0), lambda v: np.where(v > 1.0, 1.0, 0.0)]
)
def test_two_point_is_not_certain_where_its_step_resolves_nothing(f) -> None:
    lines = Recorder(f, np.array([1.0]))
    estimate = two_point(lines, lines.base, np.ones(1), np.full((1, 1), EPS))
    assert estimate.error[0, 0] == np.inf
    assert estimate.status[0, 0] == Status.UNRESOLVED


def coverage(f, slope, x: Floats, noise: float | None = None) -> float:
    estimate, _ = climb(f, x, noise)
    return float((np.abs(estimate.value[:, 0] - slope(x)) <= estimate.error[:, 0]).mean())


X = np.random.default_rng(7).uniform(-2.0, 2.0, 400)


def second_derivative_jumps(v: Floats) -> Floats:
    """The jump hides behind a large third derivative, and is too small for the near point."""
    return 1.0 + v + 1e-4 * v * np.abs(v) + v**3


def test_neville_alone_would_miss_a_jump_of_the_second_derivative(monkeypatch: pytest.MonkeyPatch) -> None:
    at_zero = np.zeros(1)
    assert coverage(second_derivative_jumps, np.ones_like, at_zero) == 1.0
    monkeypatch.setattr(window_module, "FIRST_ORDER", 0.0)
    assert coverage(second_derivative_jumps, np.ones_like, at_zero) == 0.0


def stairs(v: Floats) -> Floats:
    return np.sin(v).astype(np.float32).astype(float)


def test_an_engine_that_trusts_eps_instead_of_the_noise_loses_coverage() -> None:
    assert coverage(stairs, np.cos, X, noise=2.0**-23) == 1.0
    assert coverage(stairs, np.cos, X) < 0.9


def test_two_guards_see_a_kink_at_the_point_and_only_without_both_is_it_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def at_zero() -> str:
        estimate, _ = climb(lambda v: np.maximum(v, 0.0) + v, [0.0])
        return str(estimate.status[0, 0])

    assert at_zero() == Status.KINK
    with monkeypatch.context() as without_the_even_part:
        without_the_even_part.setattr(window_module, "EVEN_WEIGHTS", (0.0, 0.0, 0.0))
        assert at_zero() == Status.KINK
    monkeypatch.setattr(engine, "misses_near", nothing_missed)
    assert at_zero() == Status.KINK
    monkeypatch.setattr(window_module, "EVEN_WEIGHTS", (0.0, 0.0, 0.0))
    assert at_zero() == Status.SMOOTH


def nothing_missed(lines, near, h, curve, value, error, eta) -> NDArray[np.bool_]:
    return np.zeros(value.shape, dtype=bool)


def test_a_window_that_does_not_contract_has_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    h = np.array([1.0, 0.25, 0.0625])[:, None, None]
    odd, even = np.array([1.0, 0.9, 1.3])[:, None, None], np.zeros((3, 1, 1))
    eta, reach = np.full((3, 1, 1), 1e-16), np.ones((1, 1))
    assert window_module.windows(h, odd, even, eta, reach).error == np.inf
    monkeypatch.setattr(window_module, "CONTRACTION", np.inf)
    assert np.isfinite(window_module.windows(h, odd, even, eta, reach).error).all()


def test_the_weights_make_the_window_exact_for_polynomials_of_degree_six() -> None:
    h = np.array([0.5, 0.125, 0.03125])[:, None, None]
    for degree in range(1, 7):
        plus, minus = (1.0 + h) ** degree, (1.0 - h) ** degree
        odd, even = (
            window_module.odd_part(h, plus, minus),
            window_module.even_part(h, plus, minus, np.ones((1, 1))),
        )
        found = window_module.windows(h, odd, even, np.full((3, 1, 1), 1e-16), np.ones((1, 1)))
        assert found.value[0, 0, 0] == pytest.approx(degree, rel=1e-12)


def test_the_even_residual_has_neither_h_nor_h_cubed() -> None:
    c2, c1, c0 = window_module.EVEN_WEIGHTS
    for power in (1, 3):
        assert c2 / 16.0**power + c1 / 4.0**power + c0 == 0.0
