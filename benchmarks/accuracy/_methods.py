"""The methods side by side: each gives value, error, status and evaluations for one case."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.accuracy._hard import Case
from gradcheck.differentiate import derivative

__all__ = ["METHODS", "Answer", "available"]


@dataclass(frozen=True)
class Answer:
    """What a method said; `error` is NaN where it reports none."""

    value: float
    error: float
    status: str
    evaluations: float
    shared: float = 0.0


class Counted:
    """f with its elements counted."""

    def __init__(self, case: Case) -> None:
        self.case, self.count = case, 0

    def __call__(self, x: Any) -> Any:
        self.count += int(np.size(x))
        return self.case(np.asarray(x, dtype=float))


def ladder(case: Case) -> Answer:
    """gradcheck.differentiate.derivative."""
    f = Counted(case)
    found = derivative(f, np.array([case.x]))
    spent = int(found.evaluations[0])
    return Answer(float(found.value[0]), float(found.error[0]), str(found.status[0]), spent, f.count - spent)


def scipy(case: Case) -> Answer:
    """scipy.differentiate.derivative."""
    from scipy.differentiate import derivative as method

    with np.errstate(all="ignore"):
        found = method(Counted(case), np.array([case.x]))
    return Answer(float(found.df[0]), float(found.error[0]), str(found.success[0]), int(found.nfev[0]))


def numdifftools(case: Case) -> Answer:
    """numdifftools.Derivative."""
    from numdifftools import Derivative

    f = Counted(case)
    with np.errstate(all="ignore"):
        found = Derivative(f, full_output=True)(np.array([case.x]))
    return Answer(float(np.ravel(found.estimate)[0]), float(np.ravel(found.error_estimate)[0]), "", f.count)


def jacobi(case: Case) -> Answer:
    """jacobi.jacobi."""
    from jacobi import jacobi as method

    f = Counted(case)
    with np.errstate(all="ignore"):
        value, error = method(f, np.array([case.x]), diagonal=True)
    return Answer(float(np.ravel(value)[0]), float(np.ravel(error)[0]), "", f.count)


def fixed(case: Case) -> Answer:
    """Central difference with the step 1e-6."""
    with np.errstate(all="ignore"):
        plus, minus = case(np.array([case.x + 1e-6, case.x - 1e-6]))
    return Answer(float((plus - minus) / 2e-6), np.nan, "", 2)


METHODS: dict[str, Callable[[Case], Answer]] = {
    "gradcheck": ladder,
    "scipy.differentiate": scipy,
    "numdifftools": numdifftools,
    "jacobi": jacobi,
    "central, step 1e-6": fixed,
}


def available() -> dict[str, Callable[[Case], Answer]]:
    """The methods whose packages are installed."""
    from importlib.util import find_spec

    needs = {"scipy.differentiate": "scipy", "numdifftools": "numdifftools", "jacobi": "jacobi"}
    return {name: method for name, method in METHODS.items() if name not in needs or find_spec(needs[name])}
