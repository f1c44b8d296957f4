"""Every kind of mistake is called by its name, with the numbers; what no hypothesis explains stays unknown."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck import Verdict, check_grad, check_jacobian, check_vjp
from gradcheck.check._diagnose import Evidence, diagnose

Array = np.ndarray[Any, np.dtype[Any]]
Vjp = Callable[..., tuple[Array, ...]]

ERROR = 1e-10
"""What the step ladder reports for smooth functions, relative to the gradient's size."""


def evidence(truth: Array, claim: Array, **more: Any) -> Evidence:
    """An input W whose gradient was measured entry by entry."""
    scale = float(np.sqrt(np.mean(np.abs(truth) ** 2))) or 1.0
    rng = np.random.default_rng(0)
    defaults: dict[str, Any] = {
        "path": "W",
        "shape": truth.shape,
        "claimed": claim,
        "index": np.arange(truth.size),
        "measured": truth.ravel() + 0.3 * ERROR * scale * rng.uniform(-1, 1, truth.size),
        "error": np.full(truth.size, ERROR * scale),
        "inputs": {"W": rng.standard_normal(truth.shape)},
        "claims": {"W": claim},
        "output_shape": (7, 2),
    }
    return Evidence(**{**defaults, **more})


def of_vjp(good: Vjp, bad: Vjp, inputs: tuple[Array, ...], cotangent: Array, wrong: int = 0) -> Evidence:
    """What a judge would gather about input number `wrong` of a wrong backward pass."""
    paths = [f"arg{i}" for i in range(len(inputs))]
    truth = dict(zip(paths, good(cotangent, *inputs), strict=True))
    claims = dict(zip(paths, bad(cotangent, *inputs), strict=True))

    def claim_at(other: Array) -> Mapping[str, Array]:
        return dict(zip(paths, bad(other, *inputs), strict=True))

    def claim_with(changed: Mapping[str, Array]) -> Mapping[str, Array]:
        return dict(zip(paths, bad(cotangent, *changed.values()), strict=True))

    def measure_other(path: str, index: Array) -> tuple[Array, Array]:
        values = truth[path].ravel()[index]
        return values, np.full(len(index), ERROR)

    path = paths[wrong]
    return replace(
        evidence(truth[path], claims[path]),
        path=path,
        inputs=dict(zip(paths, inputs, strict=True)),
        claims=claims,
        output_shape=cotangent.shape,
        cotangent=cotangent,
        claim_at=claim_at,
        claim_with=claim_with,
        measure_other=measure_other,
    )


def normal(*shape: int, seed: int = 1) -> Array:
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


G = normal(4, 6)
SQUARE = normal(5, 5)
IMAGE = normal(2, 3, 4, 4)

MISPLACED = {
    "transposed": (SQUARE, SQUARE.T, "transpose"),
    "transposed and reshaped": (G, G.T.reshape(4, 6), "transpose"),
    "read in the other order": (G, G.reshape(6, 4).T, "transpose"),
    "two equal axes exchanged": (IMAGE, IMAGE.swapaxes(2, 3), "transpose"),
    "a pair exchanged": (normal(2, 2), normal(2, 2).T, "transpose"),
    "rolled": (G, np.roll(G, 1, axis=1), "shifted"),
    "rolled back by two": (normal(9), np.roll(normal(9), -2), "shifted"),
    "shifted with zeros let in": (normal(8, 3), np.pad(normal(8, 3), ((1, 0), (0, 0)))[:-1], "shifted"),
    "rows reversed": (G, G[::-1], "permuted"),
    "kernel turned round": (IMAGE, IMAGE[:, :, ::-1, ::-1], "permuted"),
    "blocks in another order": (normal(3, 4, 4), normal(3, 4, 4)[[1, 0, 2]], "permuted"),
    "anyhow": (G, np.random.default_rng(0).permutation(G.ravel()).reshape(4, 6), "permuted"),
}


@pytest.mark.parametrize(("truth", "claim", "slug"), MISPLACED.values(), ids=MISPLACED)
def test_right_numbers_in_wrong_places(truth: Array, claim: Array, slug: str) -> None:
    assert diagnose(evidence(truth, claim)).slug == slug


@pytest.mark.parametrize(("truth", "claim", "slug"), MISPLACED.values(), ids=MISPLACED)
def test_wrong_numbers_in_wrong_places_are_not_called_misplaced(
    truth: Array, claim: Array, slug: str
) -> None:
    """The partner: the same rearrangement of a gradient that is wrong besides."""
    other = claim * np.linspace(1.1, 1.9, claim.size).reshape(claim.shape)
    assert diagnose(evidence(truth, other)).slug == "unknown"


@pytest.mark.parametrize("claim", [0 * G, np.zeros((4, 6), np.float32)])
def test_zero(claim: Array) -> None:
    found = diagnose(evidence(G, claim))
    assert found.slug == "zero"
    assert "zero everywhere" in found.sentence


@pytest.mark.parametrize("truth", [G, np.asarray(0.7), normal(1)])
def test_sign(truth: Array) -> None:
    assert diagnose(evidence(truth, -truth)).slug == "sign"


def test_the_other_convention_for_complex_gradients_is_a_sign() -> None:
    truth = G + 1j * normal(4, 6, seed=2)
    found = diagnose(evidence(truth, truth.conj()))
    assert found.slug == "sign"
    assert "conjugate" in found.sentence


@pytest.mark.parametrize(
    ("ratio", "named"),
    [
        (1 / 7, "1 / batch"),
        (7.0, "batch"),
        (2.0, "axis 1 of the output (2)"),
        (1 / 14, "1 / the entries of the output's last 2 axes (14)"),
        (4.0, "axis 0 of W (4)"),
        (0.5, "1 / axis 1 of the output (2)"),
        (1 / np.sqrt(6), "1 / sqrt(axis 1 of W (6))"),
        (6 / 7, "(batch - 1) / batch"),
        (3.0, "3"),
        (1.7, "scale"),
        (1 / 1.7**2, "1 / scale^2"),
    ],
)
def test_factor_says_what_has_that_size(ratio: float, named: str) -> None:
    inputs = {"W": normal(4, 6, seed=3), "scale": np.asarray(1.7)}
    found = diagnose(evidence(G, ratio * G, inputs=inputs))
    assert found.slug == "factor"
    assert f"{ratio:.4f} x the measured gradient" in found.sentence
    assert named in found.sentence


@given(st.floats(0.01, 100).filter(lambda r: abs(r - 1) > 0.01), st.sampled_from([1, -1]))
def test_any_constant_ratio_is_a_factor(ratio: float, sign: int) -> None:
    assert diagnose(evidence(G, sign * ratio * G)).slug in ("factor", "sign")


def test_one_entry_is_no_evidence_for_a_factor_without_a_name() -> None:
    truth = np.asarray(0.7)
    found = diagnose(evidence(truth, 0.3719 * truth))
    assert found.slug == "unknown"
    assert "0.3719 x the measured gradient" in found.sentence
    assert diagnose(evidence(truth, truth / 7)).slug == "factor"


def test_a_factor_that_is_another_input_entry_by_entry() -> None:
    gamma = np.random.default_rng(4).uniform(0.5, 2, 6)
    found = diagnose(evidence(G, G / gamma, inputs={"W": normal(4, 6, seed=3), "gamma": gamma}))
    assert found.slug == "factor"
    assert "1 / gamma" in found.sentence


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (G.astype(np.float32).astype(float), "float32"),
        (G * 1.0000012, "right to 5.9 digits"),
        (G * (1 + 1e-5 * normal(4, 6, seed=5)), "digits"),
    ],
)
def test_precision(claim: Array, words: str) -> None:
    found = diagnose(evidence(G, claim))
    assert found.slug == "precision"
    assert words in found.sentence


def test_a_few_wrong_entries_are_listed() -> None:
    claim = G.copy()
    claim[1, 2] *= 1.01
    claim[3, 2] = 0.0
    found = diagnose(evidence(G, claim, wrong=(8, 20)))
    assert found.slug == "entries"
    assert "2 of the 24 entries of W are wrong: [1, 2], [3, 2] (all at index 2 of axis 1)" in found.sentence


def test_localised_entries_of_a_large_array_need_no_other_sample() -> None:
    truth = normal(300, 300)
    claim = truth.copy()
    claim.flat[[17, 4000, 80_000]] += 0.5
    at = np.array([17, 4000, 80_000])
    sampled = {"index": at, "measured": truth.ravel()[at], "error": np.full(3, ERROR)}
    found = diagnose(evidence(truth, claim, wrong=(17, 4000, 80_000), **sampled))
    assert found.slug == "entries"
    assert "3 of the 90000 entries" in found.sentence


def test_a_wrong_branch_is_entries_with_what_they_have_in_common() -> None:
    claim = np.where(G < 0, 100 * G, G)
    found = diagnose(evidence(G, claim))
    assert found.slug == "entries"
    assert "each 100 x the measured gradient" in found.sentence


@pytest.mark.parametrize(("sign", "slug"), [(1, "extra-term"), (-1, "missing-term")])
def test_a_regulariser_is_named_with_its_coefficient(sign: int, slug: str) -> None:
    weights = normal(4, 6, seed=6)
    found = diagnose(evidence(G, G + sign * 0.01 * weights, inputs={"W": weights}))
    assert found.slug == slug
    assert "0.01 x W" in found.sentence


def test_the_coefficient_of_a_term_does_not_hold_the_cotangent_of_a_scalar() -> None:
    weights = normal(4, 6, seed=6)
    claim = G - 0.3 * -0.7 * weights
    found = diagnose(evidence(G, claim, inputs={"W": weights}, cotangent=np.asarray(-0.7), output_shape=()))
    assert found.slug == "missing-term"
    assert "0.3 x W" in found.sentence


def test_a_direct_path_is_the_cotangent_missing() -> None:
    cotangent = normal(4, 6, seed=7)
    found = diagnose(evidence(G, G - cotangent, cotangent=cotangent, output_shape=(4, 6)))
    assert found.slug == "missing-term"
    assert "the cotangent" in found.sentence


def dense(ct: Array, x: Array, W: Array, b: Array) -> tuple[Array, ...]:
    return ct @ W.T, x.T @ ct, ct.sum(0)


DENSE = (normal(6, 3), normal(3, 4), normal(4))
CT = normal(6, 4, seed=8)
SQUARES = (normal(4, 4, seed=2), normal(4, 4, seed=3), normal(4))

BACKWARD = {
    "ignores the cotangent": (
        lambda ct, x, W, b: (*dense(ct, x, W, b)[:2], np.full(4, 6.0)),
        DENSE,
        2,
        "ignores-cotangent",
    ),
    "first row alone": (lambda ct, x, W, b: (*dense(ct, x, W, b)[:2], ct[0]), DENSE, 2, "missing-sum"),
    "last row alone": (lambda ct, x, W, b: (*dense(ct, x, W, b)[:2], 1 * ct[-1]), DENSE, 2, "missing-sum"),
    "swapped with another": (
        lambda ct, *i: tuple(dense(ct, *i)[k] for k in (1, 0, 2)),
        SQUARES,
        0,
        "wrong-input",
    ),
    "the other's, returned twice": (
        lambda ct, *i: (dense(ct, *i)[1], *dense(ct, *i)[1:]),
        SQUARES,
        0,
        "wrong-input",
    ),
    "weights not transposed": (
        lambda ct, x, W, b: (ct @ W, *dense(ct, x, W, b)[1:]),
        SQUARES,
        0,
        "transpose",
    ),
    "cotangent reversed": (lambda ct, *i: (dense(ct[::-1], *i)[0], *dense(ct, *i)[1:]), DENSE, 0, "permuted"),
}


@pytest.mark.parametrize(("bad", "inputs", "wrong", "slug"), BACKWARD.values(), ids=BACKWARD)
def test_what_the_claim_depends_on(bad: Vjp, inputs: tuple[Array, ...], wrong: int, slug: str) -> None:
    ct = CT if inputs is DENSE else normal(4, 4, seed=8)
    assert diagnose(of_vjp(dense, bad, inputs, ct, wrong)).slug == slug


def softmax(z: Array) -> Array:
    e = np.exp(z - z.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True))


def softmax_vjp(ct: Array, z: Array) -> tuple[Array, ...]:
    y = softmax(z)
    return (y * (ct - (ct * y).sum(-1, keepdims=True)),)


def normalise_vjp(ct: Array, x: Array, *, mean: float = 1.0, variance: float = 1.0) -> tuple[Array, ...]:
    size = np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    h = (x - x.mean(-1, keepdims=True)) / size
    return (
        (ct - mean * ct.mean(-1, keepdims=True) - variance * h * (ct * h).mean(-1, keepdims=True)) / size,
    )


def gather_vjp(ct: Array, E: Array) -> tuple[Array, ...]:
    gradient = np.zeros_like(E)
    np.add.at(gradient, [0, 2, 2, 1], ct)
    return (gradient,)


def overwrite_vjp(ct: Array, E: Array) -> tuple[Array, ...]:
    gradient = np.zeros_like(E)
    gradient[[0, 2, 2, 1]] = ct
    return (gradient,)


STATISTICS: dict[str, tuple[Vjp, Vjp, str]] = {
    "softmax without its sum": (softmax_vjp, lambda ct, z: (softmax(z) * ct,), "own place alone"),
    "softmax as if sigmoid": (
        softmax_vjp,
        lambda ct, z: (softmax(z) * (1 - softmax(z)) * ct,),
        "own place alone",
    ),
    "mean a constant": (normalise_vjp, lambda ct, x: normalise_vjp(ct, x, mean=0.0), "along axis 1"),
    "variance a constant": (normalise_vjp, lambda ct, x: normalise_vjp(ct, x, variance=0.0), "along axis 1"),
    "both constants": (
        normalise_vjp,
        lambda ct, x: normalise_vjp(ct, x, mean=0.0, variance=0.0),
        "along axis 1",
    ),
}


def with_measure_at(found: Evidence, good: Vjp, inputs: tuple[Array, ...]) -> Evidence:
    """Measurements for other cotangents too."""

    def measure_at(other: Array, index: Array) -> tuple[Array, Array]:
        values = good(other, *inputs)[0].ravel()[index]
        return values, np.full(len(index), ERROR)

    return replace(found, measure_at=measure_at)


@pytest.mark.parametrize(("good", "bad", "words"), STATISTICS.values(), ids=STATISTICS)
@pytest.mark.parametrize("shape", [(4, 6), (3, 4), (2, 9)])
def test_a_statistic_taken_for_a_constant_is_a_missing_term(
    good: Vjp, bad: Vjp, words: str, shape: tuple[int, int]
) -> None:
    inputs, ct = (normal(*shape, seed=3),), normal(*shape, seed=8)
    found = diagnose(with_measure_at(of_vjp(good, bad, inputs, ct), good, inputs))
    assert found.slug == "missing-term"
    assert words in found.sentence


@pytest.mark.parametrize("shape", [(4, 6), (3, 4)])
def test_a_wrong_statistic_beside_another_mistake_is_not_called_a_missing_term(
    shape: tuple[int, int],
) -> None:
    """The partner: coupled as it should be, and wrong in every entry."""
    some = np.random.default_rng(3).uniform(0.5, 2, shape)
    inputs, ct = (normal(*shape, seed=3),), normal(*shape, seed=8)
    found = diagnose(
        with_measure_at(
            of_vjp(normalise_vjp, lambda ct, x: (some * normalise_vjp(ct, x)[0],), inputs, ct),
            normalise_vjp,
            inputs,
        )
    )
    assert found.slug == "unknown"


def test_contributions_that_overwrite_each_other_are_a_missing_sum() -> None:
    inputs, ct = (normal(3, 5),), normal(4, 5, seed=8)
    found = diagnose(with_measure_at(of_vjp(gather_vjp, overwrite_vjp, inputs, ct), gather_vjp, inputs))
    assert found.slug == "missing-sum"
    assert "index 1 of axis 0 of the cotangent" in found.sentence


def test_a_shift_that_loses_its_last_contribution_is_no_missing_sum() -> None:
    """The partner: it does not depend on the last cotangent either, but what is left is wrong too."""
    inputs, ct = (normal(3),), normal(3, seed=8)
    moved = of_vjp(lambda ct, x: (ct * x,), lambda ct, x: (np.append(0.0, (ct * x)[:-1]),), inputs, ct)
    assert diagnose(with_measure_at(moved, lambda ct, x: (ct * x,), inputs)).slug == "unknown"


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("n", [2, 5])
def test_an_operand_that_was_not_transposed_is_named_whatever_else_the_product_holds(
    side: str, n: int
) -> None:
    """The other factor depends on both inputs, so that no rearranged input makes the claim right."""

    def good(ct: Array, x: Array, W: Array) -> tuple[Array, ...]:
        d = ct * (1 - np.tanh(x @ W) ** 2)
        return d @ W.T, x.T @ d

    def bad(ct: Array, x: Array, W: Array) -> tuple[Array, ...]:
        d = ct * (1 - np.tanh(x @ W) ** 2)
        return d @ W, x @ d

    inputs = (normal(n, n, seed=2), normal(n, n, seed=3))
    found = diagnose(of_vjp(good, bad, inputs, normal(n, n, seed=8), 0 if side == "right" else 1))
    assert found.slug == "transpose"
    assert ("arg1" if side == "right" else "arg0") in found.sentence.split("multiplies")[-1]


@pytest.mark.parametrize("ratio", [1 + 1e-6, 1 + 4e-7, 1 - 1e-6])
def test_a_ratio_next_to_one_is_a_rounded_constant_and_no_factor_of_one(ratio: float) -> None:
    assert diagnose(evidence(G, ratio * G)).slug == "precision"


def test_a_mask_that_leaves_one_entry_is_entries_and_no_missing_sum() -> None:
    """The claim depends on one cotangent alone because it is zero, wrongly, at the other entries."""
    inputs, ct = (normal(7),), normal(7, seed=8)
    keep = np.arange(7) == 0
    found = diagnose(of_vjp(lambda ct, x: (ct * x,), lambda ct, x: (np.where(keep, ct * x, 0),), inputs, ct))
    assert found.slug == "entries"
    assert "claimed zero" in found.sentence


def test_two_entries_in_each_others_place_are_permuted_and_two_that_equal_others_are_not() -> None:
    truth = np.round(normal(60) * 4) / 4  # round numbers: many entries have the same
    swapped, copied = truth.copy(), truth.copy()
    swapped[[3, 7]] = 9.0, -8.0
    truth[[3, 7]] = -8.0, 9.0
    copied[[3, 7]] = truth[[5, 6]]
    at = {"wrong": (3, 7)}
    assert diagnose(evidence(truth, swapped, **at)).slug == "permuted"
    assert (
        diagnose(evidence(truth, np.where(np.isin(np.arange(60), (3, 7)), copied, truth), **at)).slug
        == "entries"
    )


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_digits_are_not_counted_by_squares_that_overflow_or_vanish(size: float) -> None:
    unit = np.array([1.0, -2.0, 0.5, 3.0])
    truth = size * unit
    known = {"measured": truth, "error": ERROR * np.abs(truth)}
    few, none = unit + np.array([1e-6, 2e-6, -1e-6, 1e-6]), unit * np.array([0.7, 1.3, 1.9, 0.2])
    with np.errstate(over="ignore"):
        assert diagnose(evidence(truth, size * few, **known)).slug == "precision"
        assert diagnose(evidence(truth, size * none, **known)).slug == "unknown"


@pytest.mark.parametrize("value", [1e-300, 1e-160, 1e160, 1e300])
def test_a_number_whose_powers_overflow_is_a_factor_by_its_name_or_none(value: float) -> None:
    truth = np.array([1.0, -2.0, 0.5])
    scalar = {"W": np.ones(3), "s": np.array([value])}
    found = diagnose(evidence(truth, 0.7 * truth, inputs=scalar))
    assert found.slug == "factor"
    assert "?" not in found.sentence
    if value < 1:
        assert "= s" in diagnose(evidence(truth, value * truth, inputs=scalar)).sentence


def test_a_small_sample_is_enlarged() -> None:
    truth = normal(40, 50)
    asked: list[int] = []

    def measure(index: Array) -> tuple[Array, Array]:
        asked.extend(index)
        return truth.ravel()[index], np.full(len(index), ERROR)

    few = {"index": np.array([3, 9]), "measured": truth.ravel()[[3, 9]], "error": np.full(2, ERROR)}
    assert diagnose(evidence(truth, np.roll(truth, 1, 0), measure=measure, **few)).slug == "shifted"
    assert 10 <= len(asked) <= 24


def test_entries_that_could_not_be_measured_are_left_out() -> None:
    given_evidence = evidence(G, G / 2)
    error = given_evidence.error.copy()
    error[:6] = np.inf
    measured = given_evidence.measured.copy()
    measured[6:9] = np.nan
    assert diagnose(replace(given_evidence, error=error, measured=measured)).slug == "factor"
    assert diagnose(replace(given_evidence, measured=np.full(24, np.nan))).slug == "unknown"


@given(st.integers(0, 2**32 - 1), st.sampled_from([(6,), (3, 3), (4, 6), (2, 3, 4)]))
def test_an_unrelated_claim_stays_unknown(seed: int, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(seed)
    truth, claim = rng.standard_normal(shape), rng.standard_normal(shape)
    cotangent = rng.standard_normal((7, 2))
    inputs = {
        "W": rng.standard_normal(shape),
        "V": rng.standard_normal(shape),
        "g": rng.standard_normal(shape[-1]),
    }
    claims = {"W": claim, "V": rng.standard_normal(shape)}
    mixing = rng.standard_normal((cotangent.size, claim.size))

    def claim_at(other: Array) -> Mapping[str, Array]:
        return {"W": claim + ((other - cotangent).ravel() @ mixing).reshape(shape)}

    found = diagnose(
        evidence(truth, claim, inputs=inputs, claims=claims, cotangent=cotangent, claim_at=claim_at)
    )
    assert found.slug == "unknown"
    assert "by no simple rule" in found.sentence


def test_one_entry_with_the_derivative_of_a_tie_wrong_is_entries_and_no_missing_sum() -> None:
    def wrong(w: Array, x: Array, y: Array) -> tuple[Array, Array]:
        share = np.where(x == y, 1.0, 1 / (1 + np.exp(y - x)))
        return w * share, w * (1 - share)

    report = check_vjp(np.logaddexp, wrong, (np.array([0.5, 2.0]), np.array([0.5, 1.0])))
    assert [(f.diagnosis, f.wrong_entries) for f in report.findings] == 2 * [("entries", ((0,),))]


def test_wrong_entries_of_a_jacobian_are_its_own() -> None:
    def f(x: Array) -> Array:
        return np.array([1 - x[0] - 2 * x[1], 1 - x[0] ** 2 - x[1], 1 - x[0] ** 2 + x[1]])

    def first_row_without_its_minus(x: Array) -> Array:
        return np.array([[1.0, 2.0], [-2 * x[0], -1.0], [-2 * x[0], 1.0]])

    found = check_jacobian(f, first_row_without_its_minus, np.array([0.5, 0.3])).findings[0]
    assert found.wrong_entries == ((0, 0), (0, 1))
    assert found.index == (0, 1)
    assert found.claimed == 2.0
    assert found.measured == pytest.approx(-2.0, abs=1e-9)
    assert "-1 x the measured Jacobian" in found.message


def test_transposed_jacobian_is_named() -> None:
    A = np.random.default_rng(0).standard_normal((4, 4))

    def jac(x: Array) -> Array:
        return (1 - np.tanh(A @ x) ** 2)[:, None] * A

    x = A[0].copy()
    assert check_jacobian(lambda x: np.tanh(A @ x), jac, x).verdict is Verdict.PASS
    report = check_jacobian(lambda x: np.tanh(A @ x), lambda x: jac(x).T, x)
    assert report.findings[0].diagnosis == "transpose"


def test_logarithm_of_a_parameter_is_a_factor_entry_by_entry() -> None:
    scale, squares = np.array([0.7, 1.5, 2.2]), np.random.default_rng(0).random((6, 3))

    def kernel(scale: Array) -> Array:
        return np.exp(-0.5 * (squares / scale**2).sum(-1))

    report = check_vjp(kernel, lambda w, s: (w * kernel(s)) @ squares / s**2, scale)  # / s**3 is right
    assert report.findings[0].diagnosis == "factor"
    assert "measured gradient x scale, entry by entry" in report.findings[0].message


@pytest.mark.parametrize("seed", range(4))
def test_an_output_that_the_claim_ignores_is_a_missing_term_whatever_its_cotangent(seed: int) -> None:
    x = np.random.default_rng(0).standard_normal(5)
    report = check_vjp(lambda x: (np.sin(x), x.sum()), lambda w, x: w[0] * np.cos(x), x, seed=seed)
    assert report.findings[-1].diagnosis == "missing-term"


@pytest.mark.parametrize("seed", range(6))
def test_a_claim_that_is_not_linear_is_not_said_to_read_parts_of_the_cotangent(seed: int) -> None:
    x = np.array([0.3, 1.4, -0.2, 2.0, 0.9, -3.0, 1.1, -0.5, 0.1])
    report = check_vjp(lambda x: np.clip(x, -1, 1), lambda w, x: w**2 * (abs(x) < 1), x, seed=seed)
    assert "nonlinear" in {f.code for f in report.findings}
    assert "missing-sum" not in {f.diagnosis for f in report.findings}


def test_what_is_not_finite_in_a_jacobian_has_its_own_index_and_derivative() -> None:
    A = normal(4, 3)
    claim = A.copy()
    claim[1, 2] = np.nan
    x = normal(3)
    found = [f for f in check_jacobian(lambda x: A @ x, lambda x: claim, x).findings if f.code == "nonfinite"]
    assert [f.index for f in found] == [(1, 2)]
    assert abs(found[0].measured - A[1, 2]) <= found[0].error
    assert check_jacobian(lambda x: A @ x, lambda x: A, x)


def test_what_is_not_finite_at_a_further_point_is_a_failure_of_a_jacobian() -> None:
    def jac(x: Array) -> Array:
        return np.diag(np.where(x == 0, np.nan, np.cos(x)))

    report = check_jacobian(np.sin, jac, np.ones(3), explore=5)
    assert report.verdict is Verdict.FAIL
    assert np.sum(report.counterexample["x"] == 0) == 1


@pytest.mark.parametrize("conjugate", [True, False])
def test_the_convention_that_was_chosen_is_not_advised_again(conjugate: bool) -> None:
    z = np.array([1 + 2j, 0.5 - 1j])

    def grad(z: Array) -> Array:
        return 4 * np.abs(z) ** 2 * (z if conjugate else z.conj())

    def right(z: Array) -> Array:
        return grad(z).conj()

    def f(z: Array) -> Any:
        return np.sum(np.abs(z) ** 4)

    found = check_grad(f, grad, z, conjugate=conjugate).findings[-1]
    assert found.diagnosis == "sign"
    assert ("leave conjugate=True out" if conjugate else "pass conjugate=True") in found.advice
    assert check_grad(f, grad, z, conjugate=not conjugate)
    assert check_grad(f, right, z, conjugate=conjugate)


OFF = np.array([1, -1, 0.5, 0.2])
COS = np.cos([0.3, 1.2, -0.7, 2.0])


@pytest.mark.parametrize(
    ("size", "slug", "words"),
    [
        (1e-3, "precision", "right to about 3."),
        (4e-3, "precision", "right to about 2."),
        (2e-2, "unknown", "by no simple rule"),
    ],
)
def test_what_is_nearly_right_everywhere_is_called_imprecise(size: float, slug: str, words: str) -> None:
    found = diagnose(evidence(COS, COS * (1 + size * OFF)))
    assert found.slug == slug
    assert words in found.sentence


def test_a_rule_is_named_before_what_is_nearly_right() -> None:
    truth, x = normal(4, 6), normal(4, 6, seed=3)
    assert diagnose(evidence(truth, truth + 2e-3 * x, inputs={"W": x})).slug == "extra-term"
    assert diagnose(evidence(truth, 1.003 * truth)).slug == "factor"
    claim = truth.copy()
    claim[1, 2] *= 1.003
    assert diagnose(evidence(truth, claim)).slug == "entries"


def test_one_number_that_is_nearly_right_is_called_imprecise() -> None:
    assert diagnose(evidence(np.asarray(0.7), np.asarray(0.7 * 0.9988))).slug == "precision"
    assert diagnose(evidence(np.asarray(0.7), np.asarray(0.7 * 0.95))).slug == "unknown"


RULES: dict[str, Callable[[Array], Array]] = {
    "exp(s)": np.exp,
    "exp(-s)": lambda s: np.exp(-s),
    "p (1 - p) with p = sigmoid(s)": lambda s: np.exp(s) / (1 + np.exp(s)) ** 2,
    "1 / (p (1 - p)) with p = sigmoid(s)": lambda s: (1 + np.exp(s)) ** 2 / np.exp(s),
}


@pytest.mark.parametrize(("name", "rule"), RULES.items(), ids=RULES)
@pytest.mark.parametrize("shape", [(3,), (4, 6)])
def test_a_change_of_variable_left_out_is_named(name: str, rule: Any, shape: tuple[int, ...]) -> None:
    truth, s = normal(*shape), normal(*shape, seed=3)
    found = diagnose(evidence(truth, truth * rule(s), inputs={"W": normal(*shape, seed=4), "s": s}))
    assert found.slug == "factor"
    assert f"is the measured gradient x {name}, entry" in found.sentence


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_what_is_almost_a_change_of_variable_is_not(rule: Any) -> None:
    truth, s = normal(3), normal(3, seed=3)
    assert diagnose(evidence(truth, truth * rule(1.01 * s), inputs={"W": s})).slug == "unknown"


def test_jacobians_that_were_exchanged_are_those_of_another_input() -> None:
    x, y = np.array([1.2, 0.3]), np.array([-0.4, 2.0])

    def judged(jac: Callable[..., Any]) -> list[str]:
        report = check_jacobian(lambda x, y: x * y, jac, (x, y))
        return [f.diagnosis for f in report.findings if f.code == "value"]

    assert judged(lambda x, y: (np.diag(x), np.diag(y))) == ["wrong-input", "wrong-input"]
    assert "wrong-input" not in judged(lambda x, y: (np.diag(x + 0.1), np.diag(y - 0.1)))
    assert judged(lambda x, y: (np.diag(y), np.diag(x))) == ["", ""]
