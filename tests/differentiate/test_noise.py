"""The noise probe: what it finds, what it costs, and which traps it avoids."""

import numpy as np
import pytest

from gradcheck.differentiate import _noise
from gradcheck.differentiate._ecnoise import ecnoise
from gradcheck.differentiate._noise import noise_level, probe
from tests.differentiate.recorder import Floats, Recorder

EPS = float(np.finfo(float).eps)
SINGLE = float(np.finfo(np.float32).eps)


def look(f, x, dtype=float):
    lines = Recorder(f, np.atleast_1d(np.asarray(x, dtype=float)))
    scale = 2.0 ** np.ceil(np.log2(np.maximum(np.abs(lines.x), 1.0)))
    return probe(lines, np.arange(len(lines.x)), lines.base, scale, dtype), lines


def in_float32(v: Floats) -> Floats:
    return np.sin(v.astype(np.float32)).astype(float)


@pytest.mark.parametrize("sigma", [1e-3, 1e-7, 1e-12])
def test_ecnoise_finds_gaussian_noise_within_its_factor_of_four(sigma: float) -> None:
    rng = np.random.default_rng(3)
    t = np.arange(7.0)[:, None] * 1e-6
    found, settled = ecnoise(np.sin(1.0 + t) + sigma * rng.standard_normal((7, 2000)))
    assert settled.mean() > 0.7
    assert np.median(found) == pytest.approx(sigma, rel=0.3)
    assert (found[settled] < 4.0 * sigma).all()
    assert (found[settled] > sigma / 8.0).mean() > 0.97


def test_ecnoise_does_not_settle_on_a_function_that_only_varies() -> None:
    _, settled = ecnoise(np.exp(np.arange(7.0))[:, None])
    assert not settled.any()


def test_ecnoise_takes_values_of_any_size() -> None:
    noise = np.random.default_rng(0).standard_normal(7)
    assert ecnoise(1e300 * (1.0 + 1e-10 * noise))[0] == pytest.approx(
        1e300 * ecnoise(1.0 + 1e-10 * noise)[0], rel=1e-3
    )
    assert ecnoise(1e-300 * (1.0 + 1e-3 * noise))[0] == pytest.approx(
        1e-300 * ecnoise(1.0 + 1e-3 * noise)[0], rel=1e-3
    )


def test_a_double_function_costs_six_evaluations_and_has_the_noise_of_doubles() -> None:
    found, lines = look(np.sin, np.linspace(0.5, 1.5, 40))
    assert lines.calls == [6 * 40]
    assert (found.eta[:, 0] >= EPS * np.abs(np.sin(lines.x))).all()
    assert (found.eta < 8 * EPS).all()
    assert not found.single.any()


def test_a_function_that_computes_in_float32_inside_is_found_out() -> None:
    found, lines = look(in_float32, np.linspace(0.1, 3.0, 200).astype(np.float32))
    assert found.single.all()
    assert (found.eta[:, 0] > 0.2 * SINGLE * np.abs(np.sin(lines.x))).all()
    assert (found.eta < 8 * SINGLE).all()


def test_float32_below_a_float64_sum_is_found_out_too() -> None:
    found, _ = look(lambda v: in_float32(v) * 1.234567 + np.sqrt(2.0), [0.3, 1.0, 2.9])
    assert found.single.all()
    assert (found.eta > 1e-9).all()


def test_a_probe_on_float32s_own_grid_would_see_no_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    def line(v: Floats) -> Floats:
        return v.astype(np.float32).astype(float)

    x = np.linspace(1.001, 1.99, 101).astype(np.float32).astype(float)
    assert (look(line, x)[0].eta[:, 0] > 0.2 * SINGLE * x).all()
    monkeypatch.setattr(_noise, "OFF_GRID", 1.0)
    monkeypatch.setattr(_noise, "EPS_SINGLE", 0.0)
    assert (look(line, x)[0].eta[:, 0] < 0.2 * SINGLE * x).mean() > 0.7


def test_additive_noise_is_measured() -> None:
    rng = np.random.default_rng(5)
    found, _ = look(lambda v: np.sin(v) + 1e-6 * rng.uniform(-1.0, 1.0, v.shape), np.linspace(0.0, 3.0, 300))
    assert (found.eta > 2e-7).mean() > 0.99
    assert np.median(found.eta) < 1e-5


def test_cancellation_inside_is_measured() -> None:
    found, _ = look(lambda v: (1e8 + v) - 1e8, [1.0, 1.7, 30.0])
    assert (found.eta > 1e-9).all()


def test_a_kink_at_the_point_is_no_noise() -> None:
    found, _ = look(np.abs, [0.0])
    assert found.eta[0, 0] < 1e-20


def test_a_jump_at_the_point_is_no_noise() -> None:
    found, _ = look(lambda v: np.sign(v) + np.sin(v), [0.0])
    assert found.eta[0, 0] < 1e-12


def test_a_kink_on_one_line_does_not_spoil_the_noise_of_the_others() -> None:
    x = np.array([1.0, 1.0 - 2.0**-36])
    lines = Recorder(lambda v: np.maximum(v - 1.0, 0.0) + 1.0, x)
    level = noise_level(lines, np.ones(1), np.ones(2), dtype=float)
    assert level.eta[0] < 100 * EPS
    assert level.evaluations == sum(lines.calls)


def test_two_lines_cost_twelve_evaluations() -> None:
    lines = Recorder(np.sin, np.array([1.0, 1.3]))
    assert noise_level(lines, np.sin(np.ones(1)), np.ones(2), dtype=float).evaluations == 12


def test_the_dtype_of_the_result_counts() -> None:
    found, _ = look(lambda v: np.sin(v).astype(np.float32), [1.0, 0.3], dtype=np.float32)
    assert (found.eta > 0.5 * SINGLE * 0.29).all()


@pytest.mark.parametrize("x", [700.3, 1e5 + 0.2, 1e7 + 0.1, 1e8 + 0.3])
@pytest.mark.parametrize(
    "f", [np.floor, np.round, lambda v: np.round(v, 1), lambda v: np.floor(4.0 * v) / 4.0]
)
def test_stairs_of_its_own_are_not_noise_of_a_precision(f, x: float) -> None:
    found, _ = look(f, [x])
    assert found.eta[0, 0] == np.inf


DEAD = {
    "relu": lambda t: np.maximum(t, 0.0),
    "relu squared": lambda t: np.maximum(t, 0.0) ** 2,
    "softshrink": lambda t: np.sign(t) * np.maximum(np.abs(t) - 0.5, 0.0) if t.ndim else t,
    "tanh of relu": lambda t: np.tanh(np.maximum(t, 0.0)),
    "hardtanh": lambda t: np.clip(t - 1.0, -1.0, 1.0),
}


@pytest.mark.parametrize("distance", [0.03, 1e-2, 1e-3, 1e-4, 1e-5])
@pytest.mark.parametrize("name", sorted(DEAD))
def test_kink_that_comes_into_sight_of_a_flat_piece_is_no_noise(name: str, distance: float) -> None:
    start = 0.5 if name == "softshrink" else 0.0
    for x in (0.05, 0.287, 1.0, 3.0):
        found, _ = look(lambda v, x=x: DEAD[name](v - x - distance + start), [x])
        assert found.eta[0, 0] < 1e-6, x


@pytest.mark.parametrize("distance", [0.1, 0.03, 1e-2])
def test_kink_that_comes_into_sight_of_a_flat_piece_is_no_noise_of_float32(distance: float) -> None:
    for x in (0.05, 0.287, 1.0, 3.0):
        border = np.float32(x + distance)
        found, _ = look(lambda v, b=border: np.maximum(v.astype(np.float32) - b, 0).astype(float), [x])
        assert found.eta[0, 0] < 1e-6, x


def test_values_that_are_few_bits_by_saturation_are_not_those_of_float32() -> None:
    found, _ = look(lambda v: np.clip(3.0 * v, -1.0, 1.0), [1.0])
    assert found.eta[0, 0] < 1e-14
    assert not found.single.any()


def test_output_of_a_float32_layer_whose_terms_cancel_has_the_noise_of_the_others() -> None:
    """What is left of them has few bits, as stairs of f's own have."""
    rng = np.random.default_rng(0)
    W, single = rng.standard_normal((6, 20)), np.float32
    for seed in range(20):
        x = np.random.default_rng(seed).standard_normal(6)

        def layer(rows: np.ndarray, t: Floats, x: Floats = x) -> Floats:
            moved = x + t[:, None] * np.array([1.0, -0.7, 0.4, 1.3, -0.2, 0.9])
            return (moved.astype(single) @ W.astype(single)).astype(float)

        base = layer(np.zeros(1), np.zeros(1))[0]
        found = noise_level(layer, base, np.ones(1), dtype=float)
        assert found.single
        assert found.eta.max() < 1e-5, seed


def test_output_that_is_rounded_beside_float32_ones_has_stairs_of_its_own() -> None:
    def pair(rows: np.ndarray, t: Floats) -> Floats:
        single = np.sin((0.7 + t).astype(np.float32)).astype(float)
        return np.stack([single, 1.1 * single, np.round(0.7 + t, 3)], axis=1)

    base = pair(np.zeros(1), np.zeros(1))[0]
    found = noise_level(pair, base, np.ones(1), dtype=float)
    assert found.eta[0] < 1e-6
    assert found.eta[2] > 1e3


def test_where_f_is_finite_on_one_side_only_the_probe_goes_there() -> None:
    found, _ = look(lambda v: np.sqrt(1.0 - v), [1.0 - 2.0**-50])
    assert np.isfinite(found.eta).all()


def test_a_value_that_never_changes_has_the_noise_of_the_values_around_it() -> None:
    found, _ = look(lambda v: 0.5 * v * (1.0 + np.tanh(0.8 * (v + 0.04 * v**3))), [-20.0])
    assert found.eta[0, 0] > 1e-16
