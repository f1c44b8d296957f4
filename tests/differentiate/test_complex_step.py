"""The complex step is trusted only where it agrees with the ladder."""

import numpy as np
import pytest

from gradcheck.differentiate import Status, complex_step


def into_a_real_buffer(x):
    out = np.zeros(x.shape)
    out[:] = np.sin(x)
    return out


SILENTLY_WRONG = {
    "abs": np.abs,
    "linalg.norm": np.linalg.norm,
    "conj": lambda x: (x * np.conj(x)).sum().real if np.isrealobj(x) else (x * np.conj(x)).sum(),
    "vdot": lambda x: np.vdot(x, x),
    "var": np.var,
    "float64 cast": lambda x: np.sin(x.astype(float)),
    "float32 cast": lambda x: np.sin(x).astype(np.float32),
    "a real buffer": into_a_real_buffer,
    "maximum by abs": lambda x: 0.5 * (x + np.abs(x)),
}
X = np.array([0.7, -1.3, 2.1])


@pytest.mark.parametrize("name", SILENTLY_WRONG)
def test_what_is_silently_wrong_is_not_trusted(name: str) -> None:
    estimate = complex_step(SILENTLY_WRONG[name], X)
    wrong = np.isinf(estimate.error)
    assert wrong.any()
    assert np.isnan(estimate.value[wrong]).all()
    assert (estimate.status[wrong] == Status.UNRESOLVED).all()
    assert "contradicts" in estimate.notes[0]


@pytest.mark.parametrize(
    "f", [lambda x: np.arctan2(x, 2.0).sum(), lambda x: np.hypot(x, 1.0).sum(), np.floor, np.cbrt]
)
def test_what_refuses_complex_numbers_is_told(f) -> None:
    estimate = complex_step(f, X)
    assert np.isinf(estimate.error).all()
    assert "complex argument" in estimate.notes[-1]


def test_analytic_code_is_exact_to_rounding() -> None:
    estimate = complex_step(lambda x: np.exp(np.sin(x)), X)
    truth = np.diag(np.cos(X) * np.exp(np.sin(X)))
    np.testing.assert_allclose(estimate.value, truth, rtol=4e-16, atol=0)
    assert (np.abs(estimate.value - truth) <= estimate.error).all()


def test_shapes_are_those_of_a_jacobian() -> None:
    assert complex_step(np.sin, 1.0).value.shape == ()
    assert complex_step(np.sum, X).value.shape == (3,)
    assert complex_step(lambda x: x @ x.T, np.ones((2, 3))).value.shape == (2, 2, 2, 3)


def test_without_the_ladder_the_silent_failures_would_pass() -> None:
    """What this module guards against is there: the bare complex step of |x| is 0."""
    assert np.imag(np.abs(-2.0 + 1e-30j)) / 1e-30 == 0.0
