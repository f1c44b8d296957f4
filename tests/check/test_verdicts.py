"""Right, wrong or undecided: each kind of claim beside its wrong-on-purpose twin."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from gradcheck import Report, Verdict, check_grad, check_vjp

PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
X = np.array([0.3, -1.2, 2.0, 0.7])


def verdict_of(report: Report, path: str) -> Verdict:
    return next(f.verdict for f in report.findings if f.input == path and f.code == "value")


def codes(report: Report, verdict: Verdict) -> set[str]:
    return {f.code for f in report.findings if f.verdict is verdict}


def dense(x: Any, W: Any, b: Any) -> Any:
    return np.tanh(x @ W + b)


def dense_vjp(w: Any, x: Any, W: Any, b: Any) -> tuple[Any, Any, Any]:
    d = w * (1 - np.tanh(x @ W + b) ** 2)
    return d @ W.T, x.T @ d, d.sum(0)


def dense_inputs() -> tuple[Any, ...]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((5, 3)), rng.standard_normal((3, 4)), rng.standard_normal(4)


def test_a_right_claim_passes_for_every_input() -> None:
    report = check_vjp(dense, dense_vjp, dense_inputs())
    assert report.verdict is PASS
    assert [f.input for f in report.findings] == ["x", "W", "b"]
    assert report.resolution < 1e-7
    assert report.probability >= 0.99


def test_only_the_wrong_input_fails_and_the_mistake_is_named() -> None:
    def wrong(w: Any, *inputs: Any) -> tuple[Any, ...]:
        gx, gW, gb = dense_vjp(w, *inputs)
        return gx, gW / 5, gb

    report = check_vjp(dense, wrong, dense_inputs())
    assert report.verdict is FAIL
    assert [verdict_of(report, p) for p in ("x", "W", "b")] == [PASS, FAIL, PASS]
    found = next(f for f in report.findings if f.input == "W")
    assert found.diagnosis == "factor"
    assert found.claimed == pytest.approx(found.measured / 5, rel=1e-6)
    assert found.index is not None
    assert found.sweep is not None
    assert report.counterexample is not None
    np.testing.assert_array_equal(report.counterexample["W"], dense_inputs()[1])


@pytest.mark.parametrize("relative", [1e-2, 1e-4, 1e-6])
def test_one_wrong_entry_of_many_is_caught_and_named(relative: float) -> None:
    x = np.random.default_rng(1).standard_normal(3000)
    weights = np.random.default_rng(2).uniform(0.5, 1.5, 3000)

    def wrong(x: Any) -> Any:
        g = weights * np.cos(x)
        g[1234] *= 1 + relative
        return g

    report = check_grad(lambda x: np.sum(weights * np.sin(x)), wrong, x)
    assert report.verdict is FAIL
    assert report.findings[0].wrong_entries == ((1234,),)
    assert check_grad(lambda x: np.sum(weights * np.sin(x)), lambda x: weights * np.cos(x), x).verdict is PASS


def test_a_small_array_beside_a_large_one_is_not_swamped() -> None:
    def f(big: Any, small: Any) -> Any:
        return 1e3 * np.sum(np.sin(big)) + 1e-2 * np.sum(np.cos(small))

    inputs = np.ones(500), np.array([0.5, 1.0])
    right = check_grad(f, lambda big, small: (1e3 * np.cos(big), -1e-2 * np.sin(small)), inputs)
    wrong = check_grad(f, lambda big, small: (1e3 * np.cos(big), -1.01e-2 * np.sin(small)), inputs)
    assert right.verdict is not FAIL
    assert verdict_of(wrong, "small") is FAIL
    assert verdict_of(wrong, "big") is PASS


RELU_AT_ZERO = np.array([0.0, 1.0, -1.0])


@pytest.mark.parametrize(
    ("slope", "verdict"), [(0.0, PASS), (0.5, PASS), (1.0, PASS), (1.5, FAIL), (-0.1, FAIL)]
)
def test_at_a_kink_any_slope_between_the_one_sided_ones_passes(slope: float, verdict: Verdict) -> None:
    def vjp(w: Any, x: Any) -> Any:
        return w * np.where(x == 0, slope, x > 0)

    report = check_vjp(lambda x: np.maximum(x, 0), vjp, RELU_AT_ZERO)
    assert report.verdict is verdict
    if verdict is PASS:
        assert report.findings[0].diagnosis == "subgradient"


@pytest.mark.parametrize("distance", [1e-1, 1e-3, 1e-5])
@pytest.mark.parametrize("mistake", [0.0, 1e-5, 1e-3, 0.1, 0.5])
def test_a_wrong_gradient_near_a_minimum_is_no_subgradient(distance: float, mistake: float) -> None:
    """Where the gradient is small, ordinary curvature changes it from one nearby point to the next."""
    curvature = np.linspace(1.0, 50.0, 20)
    x = 1.0 + distance * np.random.default_rng(0).standard_normal(20)
    report = check_grad(
        lambda x: 0.5 * (curvature * (x - 1.0)) @ (x - 1.0),
        lambda x: (1.0 + mistake) * curvature * (x - 1.0),
        x,
    )
    assert report.verdict is (FAIL if mistake else PASS)


def test_strict_kinks_are_undecided() -> None:
    report = check_vjp(lambda x: np.maximum(x, 0), lambda w, x: w * (x >= 0), RELU_AT_ZERO, kinks="strict")
    assert report.verdict is INCONCLUSIVE


def pool(x: Any) -> Any:
    return np.array([x[i : i + 3].max() for i in range(len(x) - 2)])


def pool_vjp(w: Any, x: Any) -> Any:
    g = np.zeros_like(x)
    for i in range(len(x) - 2):
        g[i + np.argmax(x[i : i + 3])] += w[i]
    return g


@pytest.mark.parametrize("x", [np.array([1.0, 1, 1, 0, 0, 2, 2, 1]), np.ones(8), np.repeat([1.0, 2.0], 9)])
def test_kinks_of_several_outputs_are_judged_by_output(x: Any) -> None:
    assert check_vjp(pool, pool_vjp, x).verdict is PASS
    assert check_vjp(pool, lambda w, x: 1.5 * pool_vjp(w, x), x).verdict is FAIL


def median_vjp(w: Any, x: Any) -> Any:
    return w * np.eye(len(x))[np.argsort(x, kind="stable")[len(x) // 2]]


@pytest.mark.parametrize(
    "x", [np.array([1.0, 1, 1, 0, 2]), np.ones(5), np.array([0.3, 0.3 + 1e-8, 0.3 - 1e-8, 2, -1])]
)
def test_a_subgradient_that_no_coordinate_shows_is_accepted(x: Any) -> None:
    assert check_vjp(np.median, median_vjp, x).verdict is PASS
    assert check_vjp(np.median, lambda w, x: -median_vjp(w, x), x).verdict is FAIL


def test_a_gradient_that_is_zero_everywhere_passes_as_vacuous() -> None:
    report = check_grad(lambda x: 3.0, np.zeros_like, X)
    assert report.verdict is PASS
    assert report.findings[0].diagnosis == "vacuous"
    assert check_grad(lambda x: 3.0, lambda x: np.full_like(x, 1e-6), X).verdict is FAIL


def test_none_is_a_claim_of_zero() -> None:
    def f(x: Any, y: Any) -> Any:
        return np.sum(x**2) + 0.0 * np.sum(y)

    assert check_grad(f, lambda x, y: (2 * x, None), (X, X)).verdict is PASS
    wrong = check_grad(f, lambda x, y: (None, 0 * y), (X, X))
    assert codes(wrong, FAIL) == {"missing"}
    assert verdict_of(wrong, "y") is PASS


def test_a_claim_below_what_the_values_show_is_never_wrong() -> None:
    def vjp(w: Any, x: Any) -> Any:
        return w / np.cosh(x) ** 2

    assert check_vjp(np.tanh, vjp, np.array([25.0, -22.0, 0.3])).verdict is PASS
    assert check_vjp(np.tanh, vjp, np.array([25.0, -22.0])).verdict is not FAIL
    assert check_vjp(np.tanh, lambda w, x: vjp(w, x) + 1e-6 * w, np.array([25.0, -22.0])).verdict is FAIL


def test_staircases_are_flat_although_steps_of_whole_periods_are_not() -> None:
    assert check_vjp(np.round, lambda w, x: 0 * w, np.array([0.3, 1.2, 700.2, 1e6 + 0.2])).verdict is not FAIL
    assert check_vjp(np.floor, lambda w, x: w, np.array([0.5, 700.5])).verdict is not PASS


def test_a_jump_is_undecided() -> None:
    assert check_vjp(np.floor, lambda w, x: 0 * w, np.array([0.0, 1.0, 2.0])).verdict is INCONCLUSIVE


def test_nan_beside_an_output_without_a_derivative_is_undecided_and_elsewhere_wrong() -> None:
    at_edge = check_vjp(np.sqrt, lambda w, x: w * 0.5 / np.sqrt(x), np.array([0.0, 1.0, 4.0]))
    assert at_edge.verdict is INCONCLUSIVE

    def norm_rule(w: Any, x: Any) -> Any:
        n = np.linalg.norm(x)
        return w * -2 * n * np.exp(-n * n) * (x / n)

    smooth = check_vjp(lambda x: np.exp(-np.sum(x**2)), norm_rule, np.zeros(3))
    assert codes(smooth, FAIL) == {"nonfinite"}


@pytest.mark.parametrize("x", [-1.0, 0.0])
def test_a_point_where_f_has_no_value_is_undecided(x: float) -> None:
    report = check_grad(lambda x: np.log(x).sum(), lambda x: 1 / x, np.array([x, 0.5]))
    assert report.verdict is INCONCLUSIVE
    assert report.findings[-1].status == "nonfinite"


def test_an_output_that_is_not_a_number_is_left_out_and_said_to_be() -> None:
    report = check_vjp(np.log, lambda w, x: w / x, np.array([-1.0, 0.5]))
    assert codes(report, INCONCLUSIVE) == {"nonfinite"}
    report = check_vjp(np.log, lambda w, x: 1.1 * w / x, np.array([-1.0, 0.5]))
    assert report.verdict is FAIL


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, PASS), (1.0 + 1e-6, FAIL)])
def test_numbers_whose_squares_vanish_are_judged(factor: float, verdict: Verdict) -> None:
    report = check_vjp(lambda x: 1e-200 * np.sin(x), lambda w, x: factor * 1e-200 * w * np.cos(x), X)
    assert report.verdict is verdict


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, PASS), (1.0 + 1e-5, FAIL)])
def test_a_claim_that_cancels_is_allowed_its_own_rounding(factor: float, verdict: Verdict) -> None:
    """A few ulp of 1e8 change neither root by an ulp, so that their difference seems not to scatter."""
    report = check_vjp(
        lambda x: 1.0 / (np.sqrt(x + 1.0) + np.sqrt(x)),
        lambda w, x: factor * w * 0.5 * (np.sqrt(x) - np.sqrt(x + 1.0)) / (np.sqrt(x) * np.sqrt(x + 1.0)),
        np.array([1e8]),
    )
    assert report.verdict is verdict


@pytest.mark.parametrize(("both", "verdict"), [(0.5, PASS), (1.0, FAIL), (0.0, FAIL)])
def test_tied_maxima_share_one_cotangent(both: float, verdict: Verdict) -> None:
    """Each entry alone may have any slope between zero and one; together they have one."""
    claim = np.array([both, both, 0.0, 0.0])
    assert check_vjp(np.max, lambda w, x: w * claim, np.array([2.0, 2.0, 1.0, 0.0])).verdict is verdict


def test_cancellation_inside_f_is_noise_that_is_found_along_the_line() -> None:
    def f(x: Any) -> Any:
        return (1 - np.cos(x)) / x**2

    def vjp(w: Any, x: Any) -> Any:
        return w * (x * np.sin(x) - 2 * (1 - np.cos(x))) / x**3

    assert check_vjp(f, vjp, np.array([1e-3, 1e-2, 1.0])).verdict is not FAIL
    assert check_vjp(f, lambda w, x: 2 * vjp(w, x), np.array([0.5, 1.0])).verdict is FAIL


def test_a_symmetric_claim_for_one_triangle_is_a_convention() -> None:
    def vjp(w: Any, A: Any) -> Any:
        v = np.linalg.eigh(A)[1]
        return (v * w) @ v.T

    A = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, 0.3], [0.1, 0.3, 4.0]])
    report = check_vjp(np.linalg.eigvalsh, vjp, A)
    assert report.verdict is INCONCLUSIVE
    assert "triangle" in report.findings[0].message
    assert check_vjp(np.linalg.eigvalsh, lambda w, A: 2 * vjp(w, A), A).verdict is FAIL


def test_float32_is_judged_in_float64() -> None:
    x = X.astype(np.float32)
    right = check_vjp(np.tanh, lambda w, x: w * (1 - np.tanh(x) ** 2), x)
    assert right.verdict is PASS
    assert right.resolution < 1e-6
    assert any("float32" in f.message and f.code == "dtype" for f in right.findings)
    wrong = check_vjp(np.tanh, lambda w, x: w * (1.00001 - np.tanh(x) ** 2), x)
    assert wrong.verdict is FAIL


def test_float32_inside_asks_for_a_coarser_resolution() -> None:
    def f(x: Any) -> Any:
        return np.tanh(x.astype(np.float32)).astype(float)

    def vjp(w: Any, x: Any) -> Any:
        return w * (1 - np.tanh(x) ** 2)

    assert check_vjp(f, vjp, X).verdict is PASS
    assert check_vjp(f, lambda w, x: 1.1 * vjp(w, x), X).verdict is FAIL


Z = np.array([1 + 2j, -0.5 + 0.3j])


@pytest.mark.parametrize(("rule", "conjugate"), [(lambda z: 2 * z, False), (lambda z: 2 * z.conj(), True)])
def test_complex_gradients_follow_either_convention(rule: Any, conjugate: bool) -> None:
    def loss(z: Any) -> Any:
        return np.sum(np.abs(z) ** 2)

    assert check_grad(loss, rule, Z, conjugate=conjugate).verdict is PASS
    assert check_grad(loss, rule, Z, conjugate=not conjugate).verdict is FAIL


def test_complex_outputs_pair_with_the_conjugate() -> None:
    assert check_vjp(lambda z: 1j * z**2, lambda w, z: w * np.conj(2j * z), Z).verdict is PASS
    assert check_vjp(lambda z: 1j * z**2, lambda w, z: w * 2j * z, Z).verdict is FAIL


@dataclass
class Layer:
    W: Any
    b: Any


def test_nested_inputs_are_named_by_path() -> None:
    inputs = {"layers": [Layer(np.ones((2, 2)), np.zeros(2))], "scale": np.asarray(2.0)}

    def f(p: Any) -> Any:
        layer = p["layers"][0]
        return p["scale"] * np.sum(np.sin(layer.W @ np.array([1.0, 2.0]) + layer.b))

    def grad(p: Any) -> Any:
        layer, x = p["layers"][0], np.array([1.0, 2.0])
        z = layer.W @ x + layer.b
        d = p["scale"] * np.cos(z)
        return {"layers": [Layer(np.outer(d, x), 2 * d)], "scale": np.asarray(np.sum(np.sin(z)))}

    report = check_grad(f, grad, inputs)
    assert {f.input for f in report.findings} == {"layers[0].W", "layers[0].b", "scale"}
    assert verdict_of(report, "layers[0].b") is FAIL
    assert verdict_of(report, "layers[0].W") is PASS
    assert check_grad(f, grad, inputs, wrt="layers[*].W").verdict is PASS
    assert check_grad(f, grad, inputs, wrt=["scale"]).verdict is PASS


def test_integers_and_booleans_are_held_fixed() -> None:
    x, index, mask = np.arange(4.0), np.array([0, 2, 2]), np.array([True, False, True])

    def f(x: Any, index: Any, mask: Any) -> Any:
        return np.where(mask, x[index] ** 2, 0.0)

    def vjp(w: Any, x: Any, index: Any, mask: Any) -> Any:
        g = np.zeros_like(x)
        np.add.at(g, index, np.where(mask, 2 * w * x[index], 0.0))
        return g, None, None

    assert check_vjp(f, vjp, (x, index, mask)).verdict is PASS
    assert check_vjp(f, lambda *a: vjp(*a)[0], (x, index, mask)).verdict is PASS


def test_secondary_outputs_get_a_zero_cotangent() -> None:
    def f(x: Any) -> Any:
        return np.sin(x), x.mean()

    def vjp(w: Any, x: Any) -> Any:
        return w[0] * np.cos(x)

    assert check_vjp(f, vjp, X).verdict is FAIL
    assert check_vjp(f, vjp, X, outputs=0).verdict is PASS


def relu_network(wrong: dict[int, int], mistake: float) -> tuple[Any, Any, tuple[Any, ...]]:
    """Cost, claim and parameters, 100,401 of them; `wrong` names an entry of some of the gradients."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((32, 500)), rng.standard_normal(32)
    inputs = (
        rng.standard_normal((500, 200)) / 22.0,
        0.1 * rng.standard_normal(200),
        rng.standard_normal(200) / 14.0,
        np.array(0.1),
    )

    def cost(W: Any, b: Any, v: Any, c: Any) -> Any:
        return 0.5 * np.mean((np.maximum(X @ W + b, 0.0) @ v + c - y) ** 2)

    def claim(W: Any, b: Any, v: Any, c: Any) -> Any:
        z = X @ W + b
        e = (np.maximum(z, 0.0) @ v + c - y) / 32.0
        dz = np.outer(e, v) * (z > 0)
        gradients = X.T @ dz, dz.sum(axis=0), np.maximum(z, 0.0).T @ e, e.sum()
        for array, entry in wrong.items():
            gradients[array].flat[entry] *= 1.0 + mistake
        return gradients

    return cost, claim, inputs


@pytest.mark.parametrize("mistake", [1e-2, 1e-4])
def test_three_wrong_entries_of_a_large_network_are_named_within_600_evaluations(mistake: float) -> None:
    _, right, inputs = relu_network({}, 0.0)
    wrong = {i: int(np.argsort(np.abs(g).ravel())[g.size * 3 // 4]) for i, g in enumerate(right(*inputs)[:3])}
    report = check_grad(*relu_network(wrong, mistake))
    named = {f.input: f.wrong_entries for f in report.findings if f.verdict is FAIL}
    expected = [(tuple(map(int, np.unravel_index(wrong[i], x.shape))),) for i, x in enumerate(inputs[:3])]
    assert named == dict(zip(("W", "b", "v"), expected, strict=True))
    assert report.evaluations <= 600


def test_a_right_large_network_of_four_arrays_takes_at_most_60_evaluations() -> None:
    report = check_grad(*relu_network({}, 0.0))
    assert report.verdict is PASS
    assert report.evaluations <= 60


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_vjp(w: Any, z: Any) -> Any:
    y = softmax(z)
    return y * (w - (w * y).sum(axis=-1, keepdims=True))


@pytest.mark.parametrize("seed", range(8))
def test_entries_whose_claim_cancels_to_rounding_hide_no_mistake_in_others(seed: int) -> None:
    """With equal cotangents for both classes a row's gradient is rounding alone, as large as its own scatter."""
    rng = np.random.default_rng(seed)
    z, wrong = rng.standard_normal((24, 2)), rng.uniform(1.1, 2.0, (24, 2))
    assert check_vjp(softmax, softmax_vjp, z, seed=seed).verdict is PASS
    report = check_vjp(softmax, lambda w, z: wrong * softmax_vjp(w, z), z, seed=seed)
    assert report.verdict is FAIL
    assert all(abs(e.claimed - e.measured) > e.error for e in report.findings[-1].sample)


def test_a_finer_measurement_that_is_unresolved_but_the_same_does_not_acquit() -> None:
    """1,089 outputs: the noise of the finest steps is too large to resolve a slope that the coarse ones saw."""
    rng = np.random.default_rng(0)
    x, W, b = rng.standard_normal((33, 33)), rng.standard_normal((33, 33)) / 6, rng.standard_normal(33)

    def wrong(w: Any, x: Any, W: Any, b: Any) -> tuple[Any, ...]:
        return (w * (1 - np.tanh(x @ W) ** 2)) @ W.T, *dense_vjp(w, x, W, b)[1:]

    assert check_vjp(dense, wrong, (x, W, b)).verdict is FAIL
    assert check_vjp(dense, dense_vjp, (x, W, b)).verdict is PASS


def test_a_float32_gradient_of_a_float32_input_has_float32_rounding() -> None:
    x = X.astype(np.float32)

    def vjp(w: Any, x: Any) -> Any:
        return (w * (1 - np.tanh(x) ** 2)).astype(np.float32)

    assert check_vjp(np.tanh, vjp, x).verdict is PASS
    assert check_vjp(np.tanh, lambda w, x: vjp(w, x) * np.float32(1.0001), x).verdict is FAIL
    assert codes(check_vjp(np.tanh, vjp, X), FAIL) == {"dtype", "value"}


def test_a_claim_outside_a_kinks_interval_is_told_what_is_accepted() -> None:
    report = check_vjp(
        lambda x: np.maximum(x, 0), lambda w, x: w * np.where(x == 0, 1.5, x > 0), RELU_AT_ZERO
    )
    found = next(f for f in report.findings if f.verdict is FAIL)
    assert "is accepted" in found.message
    assert found.wrong_entries == ((0,),)
    assert found.diagnosis == "entries"
    assert abs(found.claimed - found.measured) > found.error


def test_the_middle_of_a_kinks_interval_is_no_reference_for_a_factor() -> None:
    """Twice the middle of [0, 1] is a slope itself; the entries off the kink alone show the factor of a half."""
    x = np.array([0.0, 0.0, 1.0, 2.0, 0.5, 3.0])
    report = check_vjp(lambda x: np.maximum(x, 0), lambda w, x: 0.5 * w * (x >= 0), x)
    found = next(f for f in report.findings if f.verdict is FAIL)
    assert found.diagnosis == "factor"
    assert "0.5000 x" in found.message


def test_a_tolerance_never_accuses_within_the_measurements_error() -> None:
    """rtol alone allows nothing beside a zero, where measurement and claim are zero up to rounding."""
    A = np.arange(9.0).reshape(3, 3)
    report = check_vjp(
        lambda x: np.sin(A @ x),
        lambda w, x: w @ (np.cos(A @ x)[:, None] * A),
        np.array([0.5, 1.0, -0.3]),
        rtol=1e-2,
    )
    assert report.verdict is PASS


def test_outputs_are_named_as_inputs_are() -> None:
    def f(x: Any) -> Any:
        return {"a": x**2, "rest": (np.sin(x), x.sum())}

    def vjp(w: Any, x: Any) -> Any:
        return 2 * x * w["a"]

    assert check_vjp(f, vjp, X).verdict is FAIL
    for name in ("a", "output.a", 0, "a*"):
        assert check_vjp(f, vjp, X, outputs=name).verdict is PASS
    assert (
        check_vjp(f, lambda w, x: w["rest"][0] * np.cos(x) + w["rest"][1], X, outputs="rest").verdict is PASS
    )


def complement(x: Any) -> Any:
    """log(1 - p) of a logistic p, whose values have few digits where p is nearly 1."""
    return np.log(1 - 1 / (1 + np.exp(-x)))


def d_complement(w: Any, x: Any) -> Any:
    return -w / (1 + np.exp(-x))


@pytest.mark.parametrize("order", [[0, 1, 2], [1, 0, 2], [2, 1, 0]])
def test_what_is_left_open_is_shown_by_the_entry_that_could_not_be_resolved(order: list[int]) -> None:
    x = np.array([33.0, 1.0, -1.0])[order]
    for seed in range(3):
        report = check_vjp(complement, d_complement, x, seed=seed)
        assert report.verdict is Verdict.INCONCLUSIVE
        shown = report.findings[-1]
        assert shown.index == (order.index(0),)
        assert shown.error >= abs(shown.claimed)


def test_a_wrong_entry_is_shown_before_one_that_could_not_be_resolved() -> None:
    def wrong(w: Any, x: Any) -> Any:
        return d_complement(w, x) * np.array([1.0, 1.01])

    report = check_vjp(complement, wrong, np.array([33.0, 1.0]))
    assert report.verdict is Verdict.FAIL
    assert report.findings[-1].index == (1,)


def test_a_reason_is_shown_before_a_slope_that_is_only_unresolved() -> None:
    def f(x: Any) -> Any:
        return np.where(x < 10, np.sign(x), complement(x))

    report = check_vjp(f, lambda w, x: np.where(x < 10, 0.0, d_complement(w, x)), np.array([0.0, 33.0]))
    shown = report.findings[-1]
    assert (shown.index, shown.status) == ((0,), "jump")
    assert "f jumps here" in shown.message
