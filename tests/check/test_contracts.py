"""Each promise with its slug: a claim that breaks it fails by that name, its twin that keeps it passes."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from gradcheck import Verdict, check_backward, check_grad, check_hvp, check_jvp, check_vjp

X = np.array([[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]])


def failing(report: Any) -> set[str]:
    return {f.code for f in report.findings if f.verdict is Verdict.FAIL}


def square(x: Any) -> Any:
    return x**2


def right(w: Any, x: Any) -> Any:
    return 2 * w * x


def clobbers_input(w: Any, x: Any) -> Any:
    x *= 2
    return w * x


def clobbers_cotangent(w: Any, x: Any) -> Any:
    w *= 2
    return w * x


class Noisy:
    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)

    def __call__(self, w: Any, x: Any) -> Any:
        return 2 * w * x * (1 + 1e-3 * self.rng.standard_normal(x.shape))


def in_memory_order(w: Any, x: Any) -> Any:
    return 2 * w * x.ravel(order="K").reshape(x.shape)


BROKEN = {
    "mutates-input": clobbers_input,
    "mutates-cotangent": clobbers_cotangent,
    "nondeterministic-backward": Noisy(),
    "nonlinear": lambda w, x: 2 * np.abs(w) * x,
    "noncontiguous": in_memory_order,
    "shape": lambda w, x: (2 * w * x).ravel(),
    "dtype": lambda w, x: (2 * w * x).astype(np.float32),
    "missing": lambda w, x: None,
    "nonfinite": lambda w, x: np.where(x > 1, np.nan, 2 * w * x),
}


def test_a_claim_that_keeps_every_promise_breaks_none() -> None:
    assert failing(check_vjp(square, right, X)) == set()


@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_promise_is_found_by_its_name(code: str) -> None:
    assert code in failing(check_vjp(square, BROKEN[code], X))


def test_the_cotangent_of_a_scalar_must_be_used() -> None:
    def mean(x: Any) -> Any:
        return np.mean(x**2)

    assert failing(check_vjp(mean, lambda w, x: w * 2 * x / x.size, X)) == set()
    report = check_vjp(mean, lambda w, x: 2 * x / x.size, X)
    assert "nonlinear" in failing(report)
    assert report.findings[0].diagnosis == "ignores-cotangent"


def test_gradients_that_share_memory_are_found_and_returning_the_cotangent_is_a_note() -> None:
    add = np.add
    assert failing(check_vjp(add, lambda w, a, b: (w, w), (X, X))) == {"aliased"}
    note = check_vjp(add, lambda w, a, b: (w, w.copy()), (X, X))
    assert note.verdict is Verdict.PASS
    assert "aliased" in {f.code for f in note.findings}
    half_square = check_grad(lambda x: 0.5 * np.sum(x**2), lambda x: x, X)
    assert failing(half_square) == {"aliased"}


def test_an_output_tangent_that_shares_memory_is_found_and_returning_a_tangent_is_a_note() -> None:
    def first(x: Any, y: Any) -> Any:
        return x + 0 * y, y

    def shares(t: Any, x: Any, y: Any) -> Any:
        y[...] = t[1]  # the buffer of an input taken for the result
        return t[0].copy(), y

    assert failing(check_jvp(first, shares, (X, X + 1))) >= {"aliased", "mutates-input"}
    assert failing(check_jvp(first, lambda t, x, y: (t[0].copy(), t[1].copy()), (X, X + 1))) == set()
    copied = check_jvp(first, lambda t, x, y: (t[0].copy(), t[1].copy()), (X, X + 1))
    assert "aliased" not in {f.code for f in copied.findings}
    note = check_jvp(first, lambda t, x, y: (t[0], t[1][:]), (X, X + 1))
    assert note.verdict is Verdict.PASS
    assert [f.input for f in note.findings if f.code == "aliased"] == ["x", "y"]


def test_what_a_claim_takes_out_of_its_tangents_or_its_cotangent_is_found() -> None:
    def scaled(x: Any, by: Any) -> Any:
        return x * by["a"]

    def jvp(t: Any, x: Any, by: Any) -> Any:
        return t[0] * by["a"] + t[1].pop("a") * x

    inputs = X, {"a": np.array(2.0)}
    assert failing(check_jvp(scaled, jvp, inputs)) == {"mutates-input"}
    assert failing(check_jvp(scaled, lambda t, x, by: jvp((t[0], {**t[1]}), x, by), inputs)) == set()

    def vjp(w: Any, x: Any) -> Any:
        return 2 * x * w.pop("y")

    assert failing(check_vjp(lambda x: {"y": x**2}, vjp, X)) == {"mutates-cotangent"}
    assert failing(check_vjp(lambda x: {"y": x**2}, lambda w, x: vjp({**w}, x), X)) == set()


def test_a_hessian_vector_product_that_returns_its_tangent_is_a_note() -> None:
    def half_square(x: Any) -> Any:
        return 0.5 * np.sum(x**2)

    for product, codes in ((lambda t, x: t[0], {"aliased"}), (lambda t, x: t[0].copy(), set())):
        report = check_hvp(half_square, np.copy, product, X)
        assert report.verdict is Verdict.PASS
        assert {f.code for f in report.findings} - {"value", "symmetry"} == codes


def test_a_forward_pass_with_noise_of_its_own_is_found() -> None:
    rng = np.random.default_rng(0)
    report = check_vjp(lambda x: x**2 * (1 + 1e-3 * rng.standard_normal()), right, X)
    assert "nondeterministic-forward" in failing(report)


def test_differences_at_rounding_level_join_the_bound() -> None:
    rng = np.random.default_rng(0)
    report = check_vjp(lambda x: x**2 * (1 + 1e-15 * rng.standard_normal()), right, X)
    assert report.verdict is Verdict.PASS


def test_a_forward_pass_that_mutates_is_found() -> None:
    def f(x: Any) -> Any:
        x **= 2
        return x.copy()

    assert "mutates-input" in failing(check_vjp(f, right, X))


def test_a_claim_that_raises_is_a_finding() -> None:
    def vjp(w: Any, x: Any) -> Any:
        raise RuntimeError("called before forward")

    report = check_vjp(square, vjp, X)
    assert failing(report) == {"raises"}
    assert "called before forward" in report.findings[-1].message


def test_a_jvp_keeps_promises_too() -> None:
    assert failing(check_jvp(square, lambda t, x: 2 * x * t[0], X)) == set()
    assert "nonlinear" in failing(check_jvp(square, lambda t, x: 2 * x * np.abs(t[0]), X))
    assert "shape" in failing(check_jvp(square, lambda t, x: (2 * x * t[0]).ravel(), X))


def test_a_backward_pass_gets_a_cache_of_its_own() -> None:
    def forward(x: Any) -> Any:
        return x**2, [x.copy()]

    def backward(w: Any, cache: Any) -> Any:
        return 2 * w * cache.pop()

    assert check_backward(forward, backward, X).verdict is Verdict.PASS


def normalised(x: Any) -> Any:
    """Columns less their mean, over their deviation: nothing but rounding where a column is constant."""
    centred = x - x.mean(0)
    return centred / np.sqrt((centred**2).mean(0) + 1e-5)


def d_normalised(w: Any, x: Any) -> Any:
    y = normalised(x)
    return (w - w.mean(0) - y * (w * y).mean(0)) / np.sqrt(x.var(0) + 1e-5)


@pytest.mark.parametrize("value", [0.1, 7.3, 1e3 / 3])
@pytest.mark.parametrize("shape", [(11, 4), (37, 23)])
def test_values_that_are_all_rounding_may_differ_in_another_layout(
    value: float, shape: tuple[int, ...]
) -> None:
    assert failing(check_vjp(normalised, d_normalised, np.full(shape, value))) == set()


@pytest.mark.parametrize("seed", range(3))
def test_a_gradient_that_is_all_rounding_may_differ_in_another_layout(seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal((11, 4))
    report = check_vjp(lambda x: np.sum(normalised(x)), lambda w, x: d_normalised(np.full(x.shape, w), x), x)
    assert failing(report) == set()


@pytest.mark.parametrize("offset", [0.0, 0.1, 1e6])
def test_a_function_that_reads_memory_by_position_is_found_beside_its_rounding(offset: float) -> None:
    def in_order(x: Any) -> Any:
        return normalised(x.ravel(order="K").reshape(x.shape))

    x = offset + X
    assert "noncontiguous" in failing(check_vjp(in_order, d_normalised, x))
    assert failing(check_vjp(normalised, lambda w, x: d_normalised(w, x[:, :]), x)) == set()
    by_position = check_vjp(normalised, lambda w, x: d_normalised(w, x.ravel(order="K").reshape(x.shape)), x)
    assert "noncontiguous" in failing(by_position)


def dense_layer(scratch: Any) -> Any:
    """A layer with ReLU whose cache is `scratch`, or arrays of its own where there is none."""

    def forward(x: Any, W: Any) -> Any:
        z = np.matmul(x, W, out=scratch)
        return np.maximum(z, 0), (x, W, z)

    def backward(w: Any, cache: Any) -> Any:
        x, W, z = cache
        d = w * (z > 0)
        return d @ W.T, x.T @ d

    return forward, backward


def test_a_cache_that_a_later_forward_pass_overwrites_is_found() -> None:
    inputs = (X.T.copy(), X)
    for seed in range(3):
        report = check_backward(*dense_layer(np.zeros((3, 3))), inputs, seed=seed)
        assert failing(report) == {"aliased"}
        assert "overwritten by a later forward pass" in report.findings[0].message
        assert check_backward(*dense_layer(None), inputs, seed=seed).verdict is Verdict.PASS
    np.testing.assert_array_equal(inputs[0], X.T)


class Square:
    """A layer with one dictionary for all its caches; `forward` takes what is positive only where `strict`."""

    def __init__(self, *, strict: bool = False) -> None:
        self.strict, self.cache = strict, dict[str, Any]()

    def forward(self, x: Any) -> Any:
        if self.strict and np.any(x <= 0):
            raise ValueError("positive numbers only")
        self.cache["x"] = x.copy()
        return x**2, self.cache

    def apart(self, x: Any) -> Any:
        value, cache = self.forward(x)
        return value, dict(cache)

    def alone(self, x: Any) -> Any:
        return self.forward(x)[0], self

    def backward(self, w: Any, cache: Any) -> Any:
        return 2 * w * (self.cache if cache is self else cache)["x"]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    "x", [np.array([0.7]), np.array([2.0, 2.0, 2.0]), np.array([[0.3, 1.2], [5.0, 0.1]])]
)
def test_a_cache_that_is_filled_again_is_found_also_where_forward_refuses_other_signs(
    x: Any, strict: bool
) -> None:
    layer = Square(strict=strict)
    assert failing(check_backward(layer.forward, layer.backward, x)) == {"aliased"}
    assert check_backward(layer.apart, layer.backward, x).verdict is Verdict.PASS


@dataclass
class Scaled(Square):
    scale: Any

    def __post_init__(self) -> None:
        super().__init__()


@pytest.mark.parametrize("layer", [Square(), Scaled(np.ones(3))])
def test_a_layer_that_hands_itself_out_keeps_the_cache_of_its_latest_call(layer: Square) -> None:
    assert check_backward(layer.alone, layer.backward, X).verdict is Verdict.PASS


def test_a_forward_pass_without_a_value_at_other_inputs_is_not_asked_twice() -> None:
    def forward(x: Any) -> Any:
        if not np.allclose(x, X, rtol=0.2, atol=0.0):
            raise ValueError("near here only")
        return x**2, x

    report = check_backward(forward, lambda w, x: 2 * w * x, X)
    assert failing(report) == set()


def test_the_second_look_at_a_cache_counts_as_an_evaluation_of_the_claim() -> None:
    layer = Square()
    by_hand = check_vjp(lambda x: layer.apart(x)[0], right, X)
    report = check_backward(layer.apart, layer.backward, X)
    assert report.claim_evaluations == by_hand.claim_evaluations + 1
    # Each call of the claim has a forward pass of its own, the second look two.
    assert report.evaluations == by_hand.evaluations + report.claim_evaluations + 1


@pytest.mark.parametrize("factor", [1.0, 2.0])
@pytest.mark.parametrize("most", [1, 3, 10, 20, 33, 50, 90, 200, 600, None])
@pytest.mark.parametrize("explore", [0, 4])
def test_forward_passes_that_fill_a_cache_are_counted_and_never_exceed_the_budget(
    factor: float, most: int | None, explore: int
) -> None:
    calls, rng = [], np.random.default_rng(0)

    def forward(x: Any, W: Any) -> Any:
        calls.append(1)
        return np.tanh(x @ W), (x, W, np.tanh(x @ W))

    def backward(w: Any, cache: Any) -> Any:
        x, W, y = cache
        d = w * (1 - y**2)
        return d @ W.T, factor * x.T @ d

    inputs = rng.standard_normal((5, 3)), rng.standard_normal((3, 4))
    report = check_backward(forward, backward, inputs, max_evaluations=most, explore=explore)
    assert len(calls) == report.evaluations
    assert most is None or len(calls) <= most
    if most is None:
        assert report.verdict is (Verdict.PASS if factor == 1.0 else Verdict.FAIL)
    elif most <= 33:  # the contracts alone take more
        assert report.verdict is Verdict.INCONCLUSIVE
        assert "max_evaluations" in report.findings[-1].advice


def test_a_cache_is_not_blamed_for_a_claim_that_is_never_the_same() -> None:
    noisy = Noisy()
    assert failing(check_backward(lambda x: (x**2, x), noisy, X)) >= {"nondeterministic-backward"}
    assert "aliased" not in failing(check_backward(lambda x: (x**2, x), noisy, X))


class Clumsy(Exception):
    pass


@pytest.mark.parametrize("error", [KeyboardInterrupt, Clumsy])
def test_the_callers_arrays_are_as_they_were_also_after_an_exception(error: type[BaseException]) -> None:
    x, calls = X.copy(), []

    def f(x: Any) -> Any:
        x *= 2
        calls.append(1)
        if len(calls) > 5:
            raise error
        return x.sum()

    with suppress(error):
        check_grad(f, lambda x: 2 * np.ones_like(x), x)
    assert len(calls) > 5
    np.testing.assert_array_equal(x, X)


def normalised_maximum(x: Any) -> Any:
    """A constant, whatever x is: the maximum in all columns, normalised. Its gradient is what rounding leaves."""
    top = np.repeat(x.max(1, keepdims=True), x.shape[1], 1)
    return (top - top.mean(1, keepdims=True)) / np.sqrt(top.var(1, keepdims=True) + 1e-3)


def its_gradient(w: Any, x: Any) -> Any:
    rstd = 1 / np.sqrt(1e-3)
    d = rstd * (w - w.mean(1, keepdims=True))
    return (np.arange(x.shape[1]) == x.argmax(1)[:, None]) * d.sum(1, keepdims=True)


@pytest.mark.parametrize("seed", range(8))
def test_rounding_of_terms_that_cancel_is_no_nonlinearity(seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal((2, 3))
    report = check_vjp(normalised_maximum, its_gradient, x, seed=seed)
    assert report.verdict is not Verdict.FAIL, str(report)
    spoiled = check_vjp(normalised_maximum, lambda w, x: its_gradient(w, x) + 1e-9 * w**2, x, seed=seed)
    assert "nonlinear" in failing(spoiled)


def test_rounding_that_grows_without_bound_is_no_other_gradient_in_another_layout() -> None:
    """sin(1e13 x): the last bit of a sum is a turn of the sine."""
    x = np.random.default_rng(0).standard_normal((3, 7))
    weights = 1e13 * np.random.default_rng(1).standard_normal((3, 7))

    def chaotic(x: Any) -> Any:
        return np.sin((weights * x).sum())

    def slope(w: Any, x: Any) -> Any:
        return w * np.cos((weights * x).sum()) * weights

    assert "noncontiguous" not in failing(check_vjp(chaotic, slope, x))
    plain = check_vjp(lambda x: (x * x).sum(), lambda w, x: 2 * w * in_memory_order(1.0, x) / 2, x)
    assert "noncontiguous" in failing(plain)


def test_gradients_in_float16_are_linear_to_their_own_rounding() -> None:
    x = np.array([0.5, -1.25, 2, 0.3, 0.1], np.float16)
    right_one = check_vjp(lambda a: a * a, lambda w, a: (2 * w * a).astype(np.float16), x)
    assert right_one.verdict is Verdict.PASS, str(right_one)
    wrong_one = check_vjp(lambda a: a * a, lambda w, a: (1.8 * w * a).astype(np.float16), x)
    assert wrong_one.verdict is Verdict.FAIL
