"""differentiate: elementwise derivatives beside SciPy, numdifftools and jacobi."""

import importlib.util
from collections.abc import Callable

import numpy as np
import pytest

from gradcheck.differentiate import derivative

from .measuring import timed

Result = tuple[np.ndarray, np.ndarray]
F = Callable[[np.ndarray], np.ndarray]


def ours(f: F, x: np.ndarray) -> Result:
    estimate = derivative(f, x)
    return estimate.value, estimate.error


def scipy(f: F, x: np.ndarray) -> Result:
    from scipy.differentiate import derivative

    result = derivative(f, x)
    return result.df, result.error


def numdifftools(f: F, x: np.ndarray) -> Result:
    import numdifftools

    result = numdifftools.Derivative(f, full_output=True)(x)
    return result.estimate, result.error_estimate


def jacobi(f: F, x: np.ndarray) -> Result:
    from jacobi import jacobi

    return jacobi(f, x, diagonal=True)


TOOLS = {"gradcheck": ours, "scipy": scipy, "numdifftools": numdifftools, "jacobi": jacobi}
INSTALLED = [tool for tool in TOOLS if importlib.util.find_spec(tool)]
SIZES = [1, 100, 10_000, *(pytest.param(10**n, marks=pytest.mark.large) for n in (5, 6))]


@pytest.mark.benchmark(group="differentiate")
@pytest.mark.parametrize("tool", INSTALLED)
@pytest.mark.parametrize("elements", SIZES)
def test_elementwise_derivative(benchmark, tool: str, elements: int) -> None:
    """f(x) = exp(-x) sin(3x), whose derivative is known, on [-2, 2]."""
    x = np.linspace(-2, 2, elements) if elements > 1 else np.array([0.7])
    exact = np.exp(-x) * (3 * np.cos(3 * x) - np.sin(3 * x))
    count = 0

    def counted(t: np.ndarray) -> np.ndarray:
        nonlocal count
        count += np.size(t)
        return np.exp(-t) * np.sin(3 * t)

    def measure() -> Result:
        nonlocal count
        count = 0
        return TOOLS[tool](counted, x)

    value, error = timed(benchmark, measure)
    missed = np.abs(value - exact)
    digits = _digits(missed, exact)
    benchmark.extra_info |= {
        "evaluations per element": round(count / elements, 2),
        "digits (median)": round(float(np.median(digits)), 1),
        "digits (worst)": round(float(np.min(digits)), 1),
        "truth inside error": f"{np.mean(missed <= error):.1%}",
    }
    if tool == "gradcheck":
        assert np.all(missed <= error)
        assert np.min(digits) > 8
    if not benchmark.disabled:
        nanoseconds = 1e9 * benchmark.stats.stats.median / elements
        benchmark.extra_info["ns per element and digit"] = round(
            nanoseconds / max(float(np.median(digits)), 0.1), 1
        )


def _digits(missed: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Correct digits relative to the size of the derivative; at most 16, which is all that float64 has."""
    return -np.log10(np.clip(missed / np.maximum(np.abs(exact), 1e-3), 1e-16, 1.0))
