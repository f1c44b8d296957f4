"""The judge at the given point, and at points derived from it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._explore import SkipPoint, explore
from gradcheck.check._function import Function
from gradcheck.check._run import Problem, run
from gradcheck.check._verdict import Report, Verdict
from gradcheck.differentiate._errors import UsageError

__all__ = ["explored"]


def explored(problem: Problem, run: Callable[[Problem], Report] = run) -> Report:
    """The report at the given point; with `explore`, that of the first further point that fails.

    `run` judges one point."""
    start, first = time.perf_counter(), run(problem)
    if not problem.options.explore or first.verdict is Verdict.FAIL:
        return first
    judge = _Judge(problem, run)
    found = explore(judge, _named(problem), problem.options.explore, seed=problem.options.seed)
    best = first if found.report is None else replace(found.report, counterexample=found.counterexample)
    return replace(
        best,
        explored={"tried": found.tried, "skipped": found.skipped},
        evaluations=first.evaluations + judge.evaluations,
        claim_evaluations=problem.claim.evaluations,
        seconds=time.perf_counter() - start,
        options=problem.options.chosen,
    )


def _named(problem: Problem) -> dict[str, NDArray[Any]]:
    point = problem.point
    return {
        v.path: np.array(v.user(x.copy()), dtype=v.dtype)
        for v, x in zip(point.variables, point.coordinates, strict=True)
    }


class _Judge:
    """What `explore` calls at each derived point."""

    def __init__(self, problem: Problem, run: Callable[[Problem], Report]) -> None:
        self.run = run
        self.problem = replace(
            problem, options=replace(problem.options, explore=0, negative_control=False, progress=None)
        )
        self.evaluations = 0

    def __call__(self, inputs: Mapping[str, NDArray[Any]], cotangent: str | None) -> Report:
        point = self.problem.point
        coordinates = [
            np.array(inputs[v.path], dtype=v.working, order="C").reshape(-1).view(np.float64)
            for v in point.variables
        ]
        problem = replace(
            self.problem,
            point=point.moved_to(coordinates),
            cotangent=None if self.problem.scalar else cotangent,
        )
        self._require_value(problem)
        try:
            report = self.run(problem)
        except UsageError as error:
            raise SkipPoint(str(error)) from error
        self.evaluations += report.evaluations + 1
        return report

    def _require_value(self, problem: Problem) -> None:
        """f has a finite value there, or there is nothing to judge."""
        try:
            value = Function(problem.function, problem.options)(*problem.point.fresh())
            finite = all(np.isfinite(np.asarray(leaf)).all() for leaf in _numbers(value))
        except Exception as error:
            raise SkipPoint(str(error)) from error
        if not finite:
            raise SkipPoint("f is not finite")


def _numbers(value: Any) -> list[Any]:
    from gradcheck.differentiate._tree import flatten

    return [
        leaf
        for leaf in flatten(value).leaves
        if getattr(np.asarray(leaf), "dtype", np.dtype("O")).kind in "fciub"
    ]
