"""Every call on a right claim and on wrong ones."""

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import GradientError, Verdict

X = np.array([0.5, 1.0, -0.3])
A = np.arange(9.0).reshape(3, 3)


def f(x: Any) -> Any:
    return np.sum(np.sin(x) * x) + x @ A @ x


def grad(x: Any) -> Any:
    return np.cos(x) * x + np.sin(x) + (A + A.T) @ x


def hess(x: Any) -> Any:
    return np.diag(2 * np.cos(x) - np.sin(x) * x) + A + A.T


def g(x: Any) -> Any:
    return np.sin(A @ x)


def jac(x: Any) -> Any:
    return np.cos(A @ x)[:, None] * A


CALLS: dict[str, Any] = {
    "grad": (lambda s: (f, lambda x: s * grad(x), X)),
    "vjp": (lambda s: (g, lambda w, x: s * w @ jac(x), X)),
    "jvp": (lambda s: (g, lambda t, x: s * jac(x) @ t[0], X)),
    "backward": (lambda s: (lambda x: (g(x), x), lambda w, cache: s * w @ jac(cache), X)),
    "jacobian": (lambda s: (g, lambda x: s * jac(x), X)),
    "hvp": (lambda s: (f, grad, lambda t, x: s * hess(x) @ t[0], X)),
    "hessian": (lambda s: (f, lambda x: s * hess(x), X)),
    "adjoint": (lambda s: (lambda t, x: jac(x) @ t[0], lambda w, x: s * w @ jac(x), X)),
}


@pytest.mark.parametrize("kind", CALLS)
def test_a_right_claim_passes_and_its_assertion_is_silent(kind: str) -> None:
    report = getattr(gradcheck, f"check_{kind}")(*CALLS[kind](1.0))
    assert report.verdict is Verdict.PASS
    assert report.call == f"check_{kind}"
    assert bool(report)
    getattr(gradcheck, f"assert_{kind}")(*CALLS[kind](1.0))


@pytest.mark.parametrize("factor", [1 + 1e-6, 2.0, -1.0, 0.0])
@pytest.mark.parametrize("kind", CALLS)
def test_a_wrong_claim_fails_and_its_assertion_shows_the_report(kind: str, factor: float) -> None:
    report = getattr(gradcheck, f"check_{kind}")(*CALLS[kind](factor))
    assert report.verdict is Verdict.FAIL
    with pytest.raises(GradientError, match="FAIL") as caught:
        getattr(gradcheck, f"assert_{kind}")(*CALLS[kind](factor))
    assert caught.value.report.verdict is Verdict.FAIL


def test_a_hessian_of_two_inputs_has_blocks() -> None:
    Q = np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 4.0]])

    def bilinear(u: Any, v: Any) -> Any:
        return u @ Q @ v + np.sum(u**3)

    def blocks(u: Any, v: Any) -> Any:
        return (np.diag(6 * u), Q), (Q.T, np.zeros((3, 3)))

    def crossed(u: Any, v: Any) -> Any:
        return (np.diag(6 * u), Q), (-Q.T, np.zeros((3, 3)))

    inputs = np.array([1.0, 2.0]), np.array([0.5, -1.0, 1.5])
    assert gradcheck.check_hessian(bilinear, blocks, inputs).verdict is Verdict.PASS
    report = gradcheck.check_hessian(bilinear, crossed, inputs)
    assert {"value", "symmetry"} <= {f.code for f in report.findings if f.verdict is Verdict.FAIL}


def test_an_unsymmetric_hessian_vector_product_is_named() -> None:
    report = gradcheck.check_hvp(f, grad, lambda t, x: (hess(x) - A) @ t[0], X)
    assert {"value", "symmetry"} == {f.code for f in report.findings if f.verdict is Verdict.FAIL}


def test_the_adjoint_identity_needs_no_function() -> None:
    report = gradcheck.check_adjoint(lambda t, x: A @ t[0], lambda w, x: A @ w, X)
    assert report.evaluations == 0
    assert {f.code for f in report.findings if f.verdict is Verdict.FAIL} == {"adjoint"}


def test_complex_jacobians_are_of_holomorphic_functions() -> None:
    z = np.array([1 + 1j, 0.5 - 2j])
    assert gradcheck.check_jacobian(np.square, lambda z: np.diag(2 * z), z).verdict is Verdict.PASS
    assert gradcheck.check_jacobian(np.square, lambda z: np.diag(2 * z.conj()), z).verdict is Verdict.FAIL


@pytest.mark.parametrize("kind", CALLS)
def test_pytest_is_told_to_show_the_callers_line(kind: str) -> None:
    """Every frame of the package's own between the caller and the error is marked as hidden."""
    with pytest.raises(GradientError) as caught:
        getattr(gradcheck, f"assert_{kind}")(*CALLS[kind](2.0))
    inner = [frame.frame for frame in list(caught.traceback)[1:]]
    assert inner
    assert all(frame.f_locals.get("__tracebackhide__") for frame in inner)


def test_a_hundred_thousand_outputs_need_no_matrix_of_their_number_squared() -> None:
    x = np.random.default_rng(0).standard_normal((100, 1000))
    assert gradcheck.check_vjp(np.arcsinh, lambda w, x: w / np.sqrt(1 + x**2), x).verdict is Verdict.PASS
    report = gradcheck.check_vjp(np.arcsinh, lambda w, x: w / np.sqrt(1.001 + x**2), x)
    assert report.verdict is Verdict.FAIL
