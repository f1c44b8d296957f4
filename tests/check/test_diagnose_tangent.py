"""A wrong JVP is called by its name: the entries whose motion shows the mistake, the conjugate that is one too many."""

from typing import Any

import numpy as np
import pytest

from gradcheck import Finding, Report, Verdict, check_jvp

A = np.array([[0.3, -1.2, 0.8, 0.4], [1.1, 0.4, -0.5, 2.0]])
X = np.array([0.5, 1.0, 2.0, -0.3])
Z = np.array([1 + 2j, 0.5 - 1j, -0.3 + 0.2j])


def value_finding(report: Report) -> Finding:
    return next(f for f in report.findings if f.code == "value" and f.verdict is Verdict.FAIL)


def off_along(factors: Any) -> Finding:
    return value_finding(check_jvp(lambda x: A @ x, lambda t, x: A @ (t[0] * np.array(factors)), X))


@pytest.mark.parametrize("factor", [1.001, 2.0, -1.0, 0.0])
def test_the_entry_along_which_a_tangent_is_wrong_is_named(factor: float) -> None:
    found = off_along([1, factor, 1, 1])
    assert found.diagnosis == "entries"
    assert "wrong along 1 of the 4 entries of x, [1], and right along the others" in found.message
    assert found.wrong_entries == ((1,),)
    assert found.index == (1,)


def test_a_tangent_that_is_wrong_along_every_entry_is_not_called_so() -> None:
    found = off_along([2, 2, 2, 2])
    assert found.diagnosis == "factor"
    assert "every entry of the tangent for x is 2.0000 x the measured tangent" in found.message
    assert found.wrong_entries == ()
    assert off_along([1.1, 1.2, 1.3, 1]).diagnosis != "entries"


CONJUGATES = {
    "of what goes in": (lambda t, z: 2 * z * np.conj(t), "once the tangent that goes in is conjugated"),
    "of the derivative": (lambda t, z: np.conj(2 * z) * t, "once the derivative is conjugated"),
    "of what comes out": (lambda t, z: np.conj(2 * z * t), "once it is conjugated as a whole"),
}


@pytest.mark.parametrize(("jvp", "words"), CONJUGATES.values(), ids=CONJUGATES)
def test_a_conjugate_too_many_is_named(jvp: Any, words: str) -> None:
    found = value_finding(check_jvp(lambda z: z**2, lambda t, z: jvp(t[0], z), Z))
    assert found.diagnosis == "sign"
    assert words in found.message
    assert "conjugate=True" not in found.advice


def test_a_wrong_sign_of_everything_is_no_conjugate() -> None:
    found = value_finding(check_jvp(lambda z: z**2, lambda t, z: -2 * z * t[0], Z))
    assert found.diagnosis == "sign"
    assert "conjugate" not in found.message
    assert check_jvp(lambda z: z**2, lambda t, z: 2 * z * t[0], Z)


def test_the_tangent_of_a_complex_function_of_real_numbers() -> None:
    x = np.array([0.3, 1.0, 2.0])
    found = value_finding(check_jvp(lambda x: np.exp(1j * x), lambda t, x: -1j * np.exp(-1j * x) * t[0], x))
    assert "conjugated as a whole" in found.message
    assert check_jvp(lambda x: np.exp(1j * x), lambda t, x: 1j * np.exp(1j * x) * t[0], x)
