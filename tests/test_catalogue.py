"""NumPy's and SciPy's functions with their known derivatives are judged without a false alarm."""

import mpmath
import numpy as np
import pytest

from gradcheck import Report, Verdict, check_vjp
from tests.catalogue import CATALOGUE, Entry

# Fourth-order central difference with a step far above the noise: right to about 1e-9 on functions of unit scale.
STEP = 2.0**-9
FLAT = ("sign", "floor", "ceil", "rint", "trunc")
"""Their derivative is zero: a thousandth of it is nothing."""


def name(entry: Entry) -> str:
    return entry.name


def slope_along(entry: Entry, inputs: tuple[np.ndarray, ...], ct: np.ndarray, v: list[np.ndarray]) -> float:
    def value(t: float) -> float:
        return float(np.sum(ct * entry.f(*(x + t * d for x, d in zip(inputs, v, strict=True)))))

    return (8 * (value(STEP) - value(-STEP)) - (value(2 * STEP) - value(-2 * STEP))) / (12 * STEP)


@pytest.mark.parametrize("entry", CATALOGUE, ids=name)
def test_derivative_of_the_catalogue_is_right_by_plain_central_differences(entry: Entry) -> None:
    rng = np.random.default_rng(7)
    inputs = entry.all_points()[0]
    ct = np.asarray(rng.standard_normal(np.shape(entry.f(*inputs))))
    claimed = entry.vjp(ct, *inputs)
    for _ in range(3):
        v = [0.1 * rng.standard_normal(x.shape) for x in inputs]
        expected = sum(float(np.sum(g * d)) for g, d in zip(claimed, v, strict=True))
        assert slope_along(entry, inputs, ct, v) == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_catalogue_is_large_and_has_unique_names() -> None:
    assert len(CATALOGUE) >= 150
    assert len({entry.name for entry in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize("entry", CATALOGUE, ids=name)
def test_right_derivative_passes_at_a_plausible_point(entry: Entry) -> None:
    report = check_vjp(entry.f, entry.vjp, entry.all_points()[0])
    assert report.verdict is Verdict.PASS, str(report)


@pytest.mark.parametrize("entry", CATALOGUE, ids=name)
def test_right_derivative_does_not_fail_at_special_points(entry: Entry) -> None:
    for inputs in entry.all_points()[1:]:
        report = check_vjp(entry.f, entry.vjp, inputs)
        assert report.verdict is not Verdict.FAIL or confirmed_defect(entry, report), str(report)


@pytest.mark.parametrize("entry", [e for e in CATALOGUE if e.name not in FLAT], ids=name)
def test_derivative_one_in_a_thousand_too_large_fails(entry: Entry) -> None:
    def wrong(ct: np.ndarray, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(1.001 * np.asarray(g) for g in entry.vjp(ct, *inputs))

    assert check_vjp(entry.f, wrong, entry.all_points()[0]).verdict is Verdict.FAIL


def student_t_with_one_degree(t: float) -> float:
    """The distribution function of the Cauchy distribution with fifty digits."""
    with mpmath.workdps(50):
        return float(mpmath.mpf(1) / 2 + mpmath.atan(mpmath.mpf(t)) / mpmath.pi)


REFERENCES = {"stdtr-1": student_t_with_one_degree}


def confirmed_defect(entry: Entry, report: Report) -> bool:
    """Whether SciPy's own value at a point that failed is wrong by more than a thousand roundings."""
    places = [f.index for f in report.findings if f.verdict is Verdict.FAIL]
    x = entry.all_points()[1][0]
    return entry.name in REFERENCES and all(
        place is None or off_by_a_thousand_roundings(entry, float(x[place])) for place in places
    )


def off_by_a_thousand_roundings(entry: Entry, x: float) -> bool:
    right = REFERENCES[entry.name](x)
    return abs(float(entry.f(np.array(x))) - right) > 1000 * np.finfo(float).eps * abs(right)
