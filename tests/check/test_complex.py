"""Complex inputs: judged in either convention, and each mistake that they invite called by its name."""

from typing import Any

import numpy as np
import pytest

from gradcheck import Report, Verdict, check_grad, check_hessian, check_hvp, check_jvp, check_vjp

rng = np.random.default_rng(0)


def normal(*shape: int) -> Any:
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


A, Z = normal(3, 3), normal(3, 2)


def product(A: Any, z: Any) -> Any:
    return A @ z


def vjp(w: Any, A: Any, z: Any) -> tuple[Any, Any]:
    return w @ z.conj().T, A.conj().T @ w


def changed(index: int, change: Any) -> Any:
    """The right claim with one gradient replaced by ``change(gradient, w, A, z)``."""

    def claim(w: Any, A: Any, z: Any) -> tuple[Any, Any]:
        gradients = list(vjp(w, A, z))
        gradients[index] = np.array(change(gradients[index], w, A, z))
        return gradients[0], gradients[1]

    return claim


MISTAKES: dict[str, tuple[Any, str, str]] = {
    "the other convention": (changed(1, lambda g, w, A, z: g.conj()), "sign", "complex conjugate"),
    "transpose without a conjugate": (changed(1, lambda g, w, A, z: A.T @ w), "sign", "conjugated"),
    "neither transpose nor conjugate": (
        changed(1, lambda g, w, A, z: A @ w),
        "sign",
        "conjugate transpose of A",
    ),
    "conjugate without a transpose": (
        changed(1, lambda g, w, A, z: A.conj() @ w),
        "transpose",
        "A transposed",
    ),
    "cotangent conjugated": (
        changed(0, lambda g, w, A, z: w.conj() @ z.conj().T),
        "sign",
        "once the cotangent is conjugated",
    ),
    "Wirtinger's half": (changed(0, lambda g, *_: g / 2), "factor", "0.5000"),
    "a factor of i": (changed(0, lambda g, *_: 1j * g), "factor", "is 1.0000j x"),
    "a factor of -2i": (changed(0, lambda g, *_: -2j * g), "factor", "is -2.0000j x"),
    "a complex factor": (changed(0, lambda g, *_: (1 + 2j) * g), "factor", "1.0000+2.0000j"),
    "minus": (changed(0, lambda g, *_: -g), "sign", "-1 x"),
    "zero": (changed(0, lambda g, *_: 0 * g), "zero", "zero everywhere"),
    "real part alone": (changed(0, lambda g, *_: g.real + 0j), "missing-term", "imaginary part"),
    "imaginary part alone": (changed(0, lambda g, *_: 1j * g.imag), "missing-term", "real part"),
    "transposed": (changed(0, lambda g, *_: g.T), "transpose", "transposed"),
    "rolled": (changed(0, lambda g, *_: np.roll(g, 1, 0)), "shifted", "axis 0"),
    "complex64": (changed(0, lambda g, *_: g.astype(np.complex64).astype(complex)), "precision", "float32"),
    "one entry": (
        changed(0, lambda g, *_: g * np.where(np.arange(9).reshape(3, 3) == 4, 1.1j, 1)),
        "entries",
        "[1, 1]",
    ),
    "one imaginary part": (
        changed(0, lambda g, *_: g.real + 1j * g.imag * np.where(np.arange(9).reshape(3, 3) == 4, 1.1, 1)),
        "entries",
        "[1, 1]",
    ),
}


def wrong_value(report: Report) -> Any:
    return next(f for f in report.findings if f.verdict is Verdict.FAIL and f.code == "value")


@pytest.mark.parametrize(("claim", "slug", "words"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_with_complex_numbers_are_named(claim: Any, slug: str, words: str) -> None:
    found = wrong_value(check_vjp(product, claim, (A, Z)))
    assert found.diagnosis == slug
    assert words in found.message
    assert isinstance(found.claimed, complex)
    assert isinstance(found.measured, complex)


def test_a_dense_mistake_that_no_rule_explains_stays_unknown() -> None:
    some = normal(3, 3)
    assert wrong_value(check_vjp(product, changed(0, lambda g, *_: g * some), (A, Z))).diagnosis == "unknown"


def test_the_right_claim_passes_and_carries_complex_entries_for_the_heat_map() -> None:
    report = check_vjp(product, vjp, (A, Z))
    assert report.verdict is Verdict.PASS
    assert [len(f.sample) for f in report.findings] == [9, 6]
    entry = report.findings[0].sample[4]
    assert entry.index == (1, 1)
    assert abs(entry.claimed - entry.measured) <= entry.error
    assert isinstance(entry.measured, complex)
    assert Report.from_json(report.to_json()) == report


def test_wirtinger_is_explained() -> None:
    report = check_grad(lambda z: np.sum(np.abs(z) ** 2), lambda z: z.copy(), Z)
    assert "Wirtinger" in wrong_value(report).advice


def test_one_wrong_entry_of_a_large_complex_array_is_named() -> None:
    def claim(z: Any) -> Any:
        g = 2 * z
        g[13, 4] *= 1.01
        return g

    found = wrong_value(check_grad(lambda z: np.sum(np.abs(z) ** 2), claim, normal(40, 30)))
    assert found.diagnosis == "entries"
    assert found.wrong_entries == ((13, 4),)


def test_a_complex_output_tangent_is_diagnosed() -> None:
    report = check_jvp(lambda z: z**2, lambda t, z: 4 * z * t[0], Z)
    assert wrong_value(report).diagnosis == "factor"


def test_a_hessian_of_complex_inputs_is_refused() -> None:
    with pytest.raises(ValueError, match="real numbers"):
        check_hessian(lambda z: np.sum(np.abs(z) ** 2), lambda z: 2 * np.eye(2), Z[:2, 0])


@pytest.mark.parametrize("seed", range(3))
def test_a_hessian_is_symmetric_in_either_convention(seed: int) -> None:
    def f(z: Any) -> Any:
        return np.sum(np.abs(z) ** 4)

    def grad(z: Any) -> Any:
        return 4 * np.abs(z) ** 2 * z

    def hvp(t: Any, z: Any) -> Any:
        return 4 * np.abs(z) ** 2 * t[0] + 8 * np.real(z.conj() * t[0]) * z

    z = Z[:, 0].copy()
    assert check_hvp(f, grad, hvp, z, seed=seed).verdict is Verdict.PASS

    def other(turn: Any) -> Report:
        def conjugated(t: Any, z: Any) -> Any:
            return np.conj(hvp((turn(t[0]),), z))

        return check_hvp(f, lambda z: grad(z).conj(), conjugated, z, conjugate=True, seed=seed)

    assert other(lambda t: t).verdict is Verdict.PASS
    wrong = {f.code for f in other(lambda t: (1 + 0.1j) * t).findings if f.verdict is Verdict.FAIL}
    assert {"value", "symmetry"} <= wrong
