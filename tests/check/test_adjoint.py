"""The adjoint identity: judged in the claims' own precision, and what parts the two named where one number shows it."""

from typing import Any

import numpy as np
import pytest

from gradcheck import Report, Verdict, check_adjoint, check_hvp

rng = np.random.default_rng(0)
A = rng.standard_normal((4, 3))
B = A + 1j * rng.standard_normal((4, 3))
X = rng.standard_normal(3)
Z = X + 1j * rng.standard_normal(3)
W1, W2 = rng.standard_normal((30, 20)), rng.standard_normal((20, 30))


def single(x: Any) -> Any:
    return np.asarray(x, dtype=np.float32)


class Layer:
    """tanh(x W1) W2, computed in one precision whatever it is given."""

    def __init__(self, dtype: type[np.floating[Any]]) -> None:
        self.dtype, self.W1, self.W2 = dtype, W1.astype(dtype), W2.astype(dtype)
        self.x = np.random.default_rng(1).standard_normal(30).astype(dtype)

    def bend(self, x: Any) -> Any:
        return 1 - np.tanh(x.astype(self.dtype) @ self.W1) ** 2

    def jvp(self, t: Any, x: Any) -> Any:
        return ((t[0].astype(self.dtype) @ self.W1) * self.bend(x)) @ self.W2

    def vjp(self, w: Any, x: Any) -> Any:
        return self.W1 @ ((self.W2 @ w.astype(self.dtype)) * self.bend(x))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("back", [np.float32, np.float64])
def test_claims_that_compute_in_float32_are_judged_to_float32s_rounding(seed: int, back: Any) -> None:
    layer = Layer(np.float32)

    def judge(factor: float) -> Report:
        def vjp(w: Any, x: Any) -> Any:
            return (factor * layer.vjp(w, x)).astype(np.float32).astype(back)

        return check_adjoint(layer.jvp, vjp, layer.x, seed=seed, negative_control=True)

    right = judge(1.0)
    assert right.verdict is Verdict.PASS
    assert 1e-7 < right.resolution < 1e-2
    for factor in (1.01, 1 + 4 * right.resolution):
        assert judge(factor).verdict is Verdict.FAIL


@pytest.mark.parametrize("seed", range(4))
def test_claims_that_compute_in_float64_are_held_to_it(seed: int) -> None:
    layer = Layer(np.float64)
    right = check_adjoint(layer.jvp, layer.vjp, layer.x, seed=seed)
    assert right.verdict is Verdict.PASS
    assert right.resolution < 1e-12
    wrong = check_adjoint(layer.jvp, lambda w, x: (1 + 1e-7) * layer.vjp(w, x), layer.x, seed=seed)
    assert wrong.verdict is Verdict.FAIL
    cast = check_adjoint(layer.jvp, lambda w, x: single(layer.vjp(w, x)), layer.x, seed=seed)
    assert [f.code for f in cast.findings] == ["dtype"]


@pytest.mark.parametrize("seed", range(4))
def test_the_symmetry_of_a_hessian_in_float32_is_judged_to_float32s_rounding(seed: int) -> None:
    x = np.array([0.3, -1.2, 0.7, 2.0], np.float32)
    cross = single(rng.standard_normal((4, 4)))

    def f(x: Any) -> Any:
        return np.sum(single(x) ** 3)

    def judge(extra: Any) -> Report:
        def hvp(t: Any, x: Any) -> Any:
            return 6 * single(x) * single(t[0]) + extra @ single(t[0])

        return check_hvp(f, lambda x: 3 * single(x) ** 2, hvp, x, seed=seed)

    def found(report: Report) -> Verdict:
        return next(f for f in report.findings if f.code == "symmetry").verdict

    assert judge(0 * cross).verdict is Verdict.PASS
    assert found(judge(single(0.1) * cross)) is Verdict.FAIL
    assert found(judge(cross + cross.T)) is Verdict.PASS  # wrong, but symmetric


MISTAKES: dict[str, tuple[Any, str, str]] = {
    "sign": (lambda w, x: -A.T @ w, "sign", "-1 x"),
    "factor": (lambda w, x: 2 * A.T @ w, "factor", "2.0000 x"),
    "mean": (lambda w, x: A.T @ w / 4, "factor", "0.2500 x"),
    "rounded constant": (lambda w, x: 1.00003 * A.T @ w, "precision", "1.00003 x"),
    "zero": (lambda w, x: 0 * x, "zero", "whatever w is"),
    "None": (lambda w, x: None, "zero", "whatever w is"),
    "one entry": (lambda w, x: A.T @ w * np.array([1, 1, 1.1]), "", "<v, vjp(w)>"),
    "another matrix": (lambda w, x: np.sin(A.T) @ w, "", "<v, vjp(w)>"),
}


@pytest.mark.parametrize(("claim", "slug", "words"), MISTAKES.values(), ids=MISTAKES)
@pytest.mark.parametrize("seed", range(3))
def test_what_one_number_explains_is_named(claim: Any, slug: str, words: str, seed: int) -> None:
    report = check_adjoint(lambda t, x: A @ t[0], claim, X, seed=seed)
    assert report.verdict is Verdict.FAIL
    assert report.findings[0].diagnosis == slug
    assert words in report.findings[0].message


CONJUGATES: dict[str, tuple[Any, str, str]] = {
    "of the derivative": (lambda w, z: B.T @ w, "sign", "once the derivative is conjugated"),
    "of the gradient": (lambda w, z: (B.conj().T @ w).conj(), "sign", "once the gradient is conjugated"),
    "of the cotangent": (
        lambda w, z: B.conj().T @ w.conj(),
        "sign",
        "once the cotangent is conjugated",
    ),
    "minus": (lambda w, z: -B.conj().T @ w, "sign", "-1 x"),
    "half": (lambda w, z: B.conj().T @ w / 2, "factor", "0.5000 x"),
    "two mistakes": (lambda w, z: 2 * B.T @ w, "", ""),
}


@pytest.mark.parametrize(("claim", "slug", "words"), CONJUGATES.values(), ids=CONJUGATES)
@pytest.mark.parametrize("seed", range(3))
def test_a_conjugate_too_many_or_too_few_is_named(claim: Any, slug: str, words: str, seed: int) -> None:
    def jvp(t: Any, z: Any) -> Any:
        return B @ t[0]

    report = check_adjoint(jvp, claim, Z, seed=seed)
    assert report.verdict is Verdict.FAIL
    assert report.findings[0].diagnosis == slug
    assert words in report.findings[0].message
    assert check_adjoint(jvp, lambda w, z: B.conj().T @ w, Z, seed=seed).verdict is Verdict.PASS


def test_an_argument_that_the_tangent_forgets_is_named() -> None:
    def jvp(t: Any, x: Any, y: Any) -> Any:
        return A @ t[0]

    report = check_adjoint(jvp, lambda w, x, y: (A.T @ w, A.T @ w), (X, X + 1))
    assert [f.verdict for f in report.findings] == [Verdict.PASS, Verdict.FAIL]
    assert report.findings[1].diagnosis == "zero"
    assert "jvp gives zero whatever v in y is" in report.findings[1].message


@pytest.mark.parametrize(("wrong", "slug"), [(np.sin, ""), (lambda x: 3 * np.cos(x), "factor")])
def test_one_number_is_a_multiple_of_any_other_and_only_a_plain_multiple_is_named(
    wrong: Any, slug: str
) -> None:
    x = np.array(0.7)
    report = check_adjoint(lambda t, x: t[0] * np.cos(x), lambda w, x: w * wrong(x), x)
    assert report.findings[0].diagnosis == slug
