"""What a method's answers are worth: coverage, accuracy, cost."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.accuracy._dual import truth
from benchmarks.accuracy._hard import Case, hard_cases
from benchmarks.accuracy._methods import Answer
from benchmarks.accuracy._random import random_cases

__all__ = ["JUDGING_SEED", "TUNING_SEED", "Score", "Set", "contains", "score", "sets"]

TUNING_SEED = 1  # the constants of the engine were chosen on sets with seeds near this one
JUDGING_SEED = 20_261_123  # never looked at while they were

RESOLVED = 1e-2  # of the true derivative: an error above says hardly more than the sign

Judged = tuple[Case, Any]


@dataclass(frozen=True)
class Set:
    """Cases of one kind with their true derivatives, and the goal for the share that is contained."""

    name: str
    cases: Sequence[Judged]
    goal: float


@dataclass(frozen=True)
class Score:
    """One method on one set.

    Attributes
    ----------
    coverage : float
        Share of answers whose error contains the truth; NaN for a method without errors.
    resolved : float
        Share whose error is below 1 % of the derivative, of those whose derivative is not 0.
    median : float
        Median relative error of the value, of the same.
    evaluations, with_probe : float
        Medians.
    missed : tuple of str
        Names of the cases not contained.
    """

    coverage: float
    resolved: float
    median: float
    evaluations: float
    with_probe: float
    missed: tuple[str, ...]


def sets(seed: int, share: float = 1.0) -> list[Set]:
    """The three sets of the coverage table; `share` of the full number of random cases."""
    hard = [(case, truth(case.formula, case.x)) for case in hard_cases(seed)]
    wide, narrow = round(5000 * share), round(2000 * share)
    return [
        Set("hard", hard, 1.0),
        Set("random float64", random_cases(seed, wide), 0.9995),
        Set("random float32 inside", random_cases(seed + 1, narrow, inside=np.float32), 0.998),
    ]


def contains(answer: Answer, exact: Any) -> bool:
    """The claimed interval contains the truth; an infinite error contains everything."""
    if answer.error == np.inf:
        return True
    if not (np.isfinite(answer.value) and np.isfinite(answer.error)):
        return False
    return bool(abs(answer.value - exact) <= answer.error)


def score(method: Callable[[Case], Answer], cases: Iterable[Judged]) -> Score:
    """Measure every case."""
    answers = [(case, method(case), exact) for case, exact in cases]
    covered = [contains(answer, exact) for _, answer, exact in answers]
    nonzero = [(answer, float(exact)) for _, answer, exact in answers if float(exact)]
    relative = [abs(answer.value - exact) / abs(exact) for answer, exact in nonzero]
    reports = any(not np.isnan(answer.error) for _, answer, _ in answers)
    return Score(
        float(np.mean(covered)) if reports else np.nan,
        float(np.mean([answer.error <= RESOLVED * abs(exact) for answer, exact in nonzero]))
        if reports
        else np.nan,
        float(np.median([r if np.isfinite(r) else np.inf for r in relative])),
        float(np.median([answer.evaluations for _, answer, _ in answers])),
        float(np.median([answer.evaluations + answer.shared for _, answer, _ in answers])),
        tuple(case.name for (case, _, _), ok in zip(answers, covered, strict=True) if not ok),
    )
