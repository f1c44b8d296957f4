"""What stands beside a slope must not hide it, nor excuse a wrong claim: each right claim with its wrong partner."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from gradcheck import Verdict, check_jacobian, check_jvp, check_vjp
from gradcheck.differentiate import jacobian

Array = np.ndarray[Any, np.dtype[Any]]
SEEDS = range(2)


def verdicts(f: Any, claim: Any, inputs: Any, **options: Any) -> set[Verdict]:
    return {check_vjp(f, claim, inputs, seed=seed, **options).verdict for seed in SEEDS}


def elementwise(slope: Callable[[Array], Array], factor: float = 1.0) -> Any:
    return lambda ct, x: ct * factor * slope(x)


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True))


def softmax_vjp(factor: float) -> Any:
    def vjp(ct: Array, x: Array) -> Array:
        p = softmax(x)
        return np.asarray(factor * p * (ct - (ct * p).sum(-1, keepdims=True)))

    return vjp


@pytest.mark.parametrize("scores", [[0.0, -40.0], [0.0, -200.0]])
def test_outputs_that_are_tiny_beside_others_are_measured_in_their_own_size(scores: list[float]) -> None:
    x = np.array(scores)
    assert verdicts(softmax, softmax_vjp(1.0), x) == {Verdict.PASS}
    assert verdicts(softmax, softmax_vjp(1.01), x) == {Verdict.FAIL}


def test_an_output_that_a_line_does_not_move_says_nothing_of_its_noise() -> None:
    """The first output has noise of 1e-13, and moves with the first entry alone."""

    def f(x: Array) -> Array:
        return np.array([0.65 + 1e-13 * np.sin(1e15 * x[0]), x[1] ** 2])

    estimate = jacobian(f, np.array([0.3, 0.7]))
    assert not abs(estimate.value[0, 0]) > estimate.error[0, 0]
    assert abs(estimate.value[1, 1] - 1.4) <= estimate.error[1, 1] < 1e-8


def logsumexp(x: Array) -> Array:
    m = x.max(-1, keepdims=True)
    return np.asarray((m + np.log(np.exp(x - m).sum(-1, keepdims=True)))[..., 0])


def by_value(factor: float) -> Any:
    return lambda ct, x: factor * ct[..., None] * np.exp(x - logsumexp(x)[..., None])


@pytest.mark.parametrize("offset", [1e6, 1e8])
def test_an_offset_that_all_entries_share_is_in_the_claims_own_rounding(offset: float) -> None:
    def jvp(t: Any, x: Array, factor: float = 1.0) -> Array:
        return np.asarray((t[0] * by_value(factor)(np.ones(3), x)).sum(-1))

    x = offset + np.random.default_rng(0).standard_normal((3, 5))
    assert verdicts(logsumexp, by_value(1.0), x) == {Verdict.PASS}
    assert check_jvp(logsumexp, jvp, x).verdict is Verdict.PASS
    assert check_vjp(logsumexp, by_value(1.001), x).verdict is Verdict.FAIL
    assert check_jvp(logsumexp, partial(jvp, factor=1.001), x).verdict is Verdict.FAIL


def test_an_entry_that_is_wrong_beside_saturated_outputs_fails() -> None:
    rng = np.random.default_rng(1012)
    A, x = rng.standard_normal((30, 30)), rng.standard_normal(30)

    def jac(x: Array) -> Array:
        return np.asarray((1 - np.tanh(A @ x) ** 2)[:, None] * A)

    for size, expected in ((0.0, Verdict.PASS), (1e-4, Verdict.FAIL), (1.0, Verdict.FAIL)):

        def claim(x: Array, size: float = size) -> Array:
            found = jac(x)
            found[17, 20] += size * np.sqrt(np.mean(found**2))
            return found

        assert {check_jacobian(lambda x: np.tanh(A @ x), claim, x, seed=s).verdict for s in SEEDS} == {
            expected
        }


@pytest.mark.parametrize("size", [100, 200])
def test_a_few_steep_outputs_among_saturated_ones_are_judged(size: int) -> None:
    x = 20 * np.random.default_rng(0).standard_normal(size)

    def slope(x: Array) -> Array:
        return np.asarray(1 - np.tanh(x) ** 2)

    assert verdicts(np.tanh, elementwise(slope), x) == {Verdict.PASS}
    assert verdicts(np.tanh, elementwise(slope, 2.0), x) == {Verdict.FAIL}


def test_the_noise_of_one_array_does_not_hide_the_gradient_of_another() -> None:
    """A layer norm of a constant row is noise as a function of its input, and exact as one of its gain."""
    rng = np.random.default_rng(0)
    x, gain = rng.standard_normal((3, 6)), rng.standard_normal(6)
    x[1] = 0.7

    def parts(x: Array) -> tuple[Array, Array]:
        c = x - x.mean(1, keepdims=True)
        return c, 1 / np.sqrt((c * c).mean(1, keepdims=True) + 1e-12)

    def norm(x: Array, gain: Array) -> Array:
        c, k = parts(x)
        return np.asarray(c * k * gain)

    def vjp(factor: float) -> Any:
        def claim(ct: Array, x: Array, gain: Array) -> tuple[Array, Array]:
            c, k = parts(x)
            d = ct * gain
            d = d - d.mean(1, keepdims=True) - c * k * k * (d * c).mean(1, keepdims=True)
            return k * d, factor * (ct * c * k).sum(0)

        return claim

    assert verdicts(norm, vjp(1.0), (x, gain)) == {Verdict.PASS}
    assert verdicts(norm, vjp(1.001), (x, gain)) == {Verdict.FAIL}


EDGES: dict[str, tuple[Any, Any, float]] = {
    "root": (lambda x: np.sqrt(x - 1), lambda x: 0.5 / np.sqrt(x - 1), 1 + 1e-7),
    "logarithm": (lambda x: np.log(x - 1), lambda x: 1 / (x - 1), 1 + 1e-7),
    "logarithm of what is left": (lambda x: np.log(1 - x), lambda x: -1 / (1 - x), 1 - 1e-7),
    "smooth distance": (
        lambda x: np.sqrt((x - 0.5) ** 2 + 1e-14),
        lambda x: (x - 0.5) / np.sqrt((x - 0.5) ** 2 + 1e-14),
        0.5 + 1e-7,
    ),
}


@pytest.mark.parametrize(("f", "slope", "x"), EDGES.values(), ids=EDGES)
def test_what_bends_on_the_way_to_an_edge_is_no_kink(f: Any, slope: Any, x: float) -> None:
    assert verdicts(f, elementwise(slope), np.array([x])) == {Verdict.PASS}
    for factor in (0.0, 0.5, 2.0):
        assert verdicts(f, elementwise(slope, factor), np.array([x])) == {Verdict.FAIL}


REMAINDERS = {
    "mod": lambda x: np.mod(x, 1),
    "fmod": lambda x: np.fmod(x, 0.5),
    "rest of rounding": lambda x: x - np.round(x),
}


@pytest.mark.parametrize("f", REMAINDERS.values(), ids=REMAINDERS)
def test_the_piece_of_a_remainder_between_two_jumps_is_no_tread_of_rounding(f: Any) -> None:
    x = np.array([0.3137, 0.4242, -1.13, 2.271])
    assert verdicts(f, elementwise(np.ones_like), x) == {Verdict.PASS}
    for factor in (0.0, -1.0):
        assert verdicts(f, elementwise(np.ones_like, factor), x) == {Verdict.FAIL}


def test_treads_are_looked_for_in_an_entry_s_own_size_too() -> None:
    """(exp(x) - 1) / x at 1e-8 moves in steps of 1e-8, beside an entry of 0.1 that shows its slope."""

    def slope(x: Array) -> Array:
        series = 0.5 + x / 3 + x * x / 8 + x**3 / 30 + x**4 / 144
        return np.where(abs(x) < 0.05, series, (x * np.exp(x) - np.expm1(x)) / x / x)

    x = np.array([1e-12, 1e-8, 1e-4, 0.1])

    def f(x: Array) -> Array:
        return np.asarray((np.exp(x) - 1) / x)

    assert Verdict.FAIL not in verdicts(f, elementwise(slope), x)
    assert verdicts(f, elementwise(slope, 1.1), x) == {Verdict.FAIL}


@pytest.mark.parametrize("size", [1e-6, 1e-8, 1e-9])
def test_a_slope_far_below_the_function_is_seen_by_longer_steps(size: float) -> None:
    def f(h: Array) -> Array:
        return np.tanh(0.3 + size * np.tanh(h + 0.5))

    def slope(h: Array) -> Array:
        return np.asarray((1 - f(h) ** 2) * size * (1 - np.tanh(h + 0.5) ** 2))

    h = np.array([0.2, -0.7, 1.1, 0.4])
    assert verdicts(f, elementwise(slope), h) == {Verdict.PASS}
    assert verdicts(f, elementwise(slope, 1.01), h) == {Verdict.FAIL}
