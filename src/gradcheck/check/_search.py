"""The judge at the given point, and at points derived from it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._explore import SkipPoint, Spent, explore
from gradcheck.check._function import Exhausted, Function
from gradcheck.check._layouts import CALLS, claims, layout_findings
from gradcheck.check._memory import LAYOUTS, flat, is_plain
from gradcheck.check._plan import glance
from gradcheck.check._point import Point
from gradcheck.check._reverse import ClaimRaised
from gradcheck.check._run import Problem, judged, report_of, run
from gradcheck.check._verdict import Finding, Report, Verdict
from gradcheck.differentiate._errors import UsageError
from gradcheck.differentiate._tree import flatten

__all__ = ["explored"]

GROSS = 1e-2
"""The relative mistake that a glance at a further point looks for: special cases that are wrong are grossly wrong."""

Inputs = Mapping[str, NDArray[Any]]


def explored(problem: Problem, at: Callable[[Problem], Report] | None = None) -> Report:
    """The report at the given point; with `explore`, that of the first further point that fails.

    `at` judges one point where that takes more than `run`: second derivatives, at which there is no quick glance.
    """
    start, first = time.perf_counter(), (at or run)(problem)
    if not problem.options.explore or first.verdict is Verdict.FAIL:
        return first
    judge = _Judge(problem, first.evaluations, at)
    found = explore(
        judge,
        _named(problem),
        problem.options.explore,
        seed=problem.options.seed,
        suspects=judge.suspects,
        claimed=judge.claimed,
    )
    best = first if found.report is None else replace(found.report, counterexample=found.counterexample)
    return replace(
        best,
        explored={"tried": found.tried, "skipped": found.skipped},
        evaluations=judge.evaluations,
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


@dataclass
class _Judge:
    """What `explore` calls at each derived point.

    Attributes
    ----------
    problem : Problem
        At the author's point.
    evaluations : int
        Calls of f at all points so far: `max_evaluations` is the limit of all together.
    at : callable, optional
        Judges one point in place of `run`.
    """

    problem: Problem
    evaluations: int
    at: Callable[[Problem], Report] | None = None

    def __post_init__(self) -> None:
        """Where f does not take float64, its points have the author's own precision."""
        own = self.problem.point.narrow()
        if own.is_narrow and not self._takes(self.problem.point):
            self.problem = replace(self.problem, point=own)

    def _takes(self, point: Point) -> bool:
        try:
            self._require_value(replace(self.problem, point=point))
        except (SkipPoint, Spent):
            return False
        return True

    def __call__(self, inputs: Inputs, cotangent: str | None) -> Report:
        """The report at these inputs."""
        problem = self._problem_at(inputs, cotangent)
        self._require_value(problem)
        report = self._report(problem)
        settled = report.verdict is Verdict.FAIL or self.at is not None
        found = () if settled else self._layout(problem, inputs, cotangent)
        return replace(report, verdict=Verdict.FAIL, findings=found) if found else report

    def suspects(self, inputs: Inputs, cotangent: str | None) -> bool:
        """Whether a glance finds anything wrong there."""
        if self.at is not None:
            return True
        problem = self._problem_at(inputs, cotangent)
        self._require_value(problem)
        gross = max(problem.options.resolution or GROSS, GROSS)
        quick = replace(problem, options=replace(problem.options, resolution=gross), tiers=glance)
        return self._report(quick).verdict is Verdict.FAIL or bool(self._layout(problem, inputs, cotangent))

    def claimed(self, inputs: Inputs) -> dict[str, NDArray[Any]]:
        """What is claimed there for one cotangent."""
        if self.at is not None:
            return {}
        problem = self._problem_at(inputs, None)
        function = self._function(problem)
        try:
            return claims(problem, function)
        except Exception as error:
            raise SkipPoint(str(error)) from error
        finally:
            self.evaluations = function.evaluations

    def _problem_at(self, inputs: Inputs, cotangent: str | None) -> Problem:
        problem, point = self.problem, self.problem.point
        coordinates = [flat(inputs[v.path]) for v in point.variables]
        return replace(
            problem,
            point=point.moved_to(coordinates),
            options=replace(problem.options, explore=0, negative_control=False),
            cotangent=None if problem.scalar or cotangent in LAYOUTS else cotangent,
        )

    def _function(self, problem: Problem) -> Function:
        """f, with what has been spent already on its account."""
        function = problem.counted(self.evaluations)
        if function.left < 1:
            raise Spent
        return function

    def _report(self, problem: Problem) -> Report:
        start, function = time.perf_counter(), self._function(problem)
        try:
            findings = judged(problem, function) if self.at is None else self._elsewhere(problem, function)
        except UsageError as error:
            raise SkipPoint(str(error)) from error
        finally:
            self.evaluations = function.evaluations
        # Another layout gives the same at the author's point, or nothing would be explored: `_layout` says why.
        findings = [f for f in findings if f.code != "noncontiguous"]
        return report_of(problem, findings, function.evaluations, problem.claim.evaluations, start)

    def _elsewhere(self, problem: Problem, function: Function) -> list[Finding]:
        """The findings of `at` within what is left of the budget."""
        assert self.at is not None
        limit = None if problem.options.max_evaluations is None else int(function.left)
        told, before = problem.options.progress, function.evaluations
        progress = None if told is None else lambda count: told(before + count)
        own = replace(problem.options, max_evaluations=limit, progress=progress)
        report = self.at(replace(problem, options=own))
        function.evaluations += report.evaluations
        return list(report.findings)

    def _require_value(self, problem: Problem) -> None:
        """f has a finite value there, or there is nothing to judge."""
        function = self._function(problem)
        try:
            value = function(*problem.point.fresh())
            finite = all(np.isfinite(np.asarray(leaf)).all() for leaf in _numbers(value))
        except Exception as error:
            raise SkipPoint(str(error)) from error
        finally:
            self.evaluations = function.evaluations
        if not finite:
            raise SkipPoint("f is not finite")

    def _layout(self, problem: Problem, inputs: Inputs, cotangent: str | None) -> tuple[Finding, ...]:
        """Findings about how the arrays lie in memory, if they show with the author's numbers too.

        Where numbers cancel, sums in another order differ by more than rounding, and nothing is wrong with that.
        """
        if cotangent not in LAYOUTS and all(map(is_plain, inputs.values())):
            return ()
        found: tuple[Finding, ...] = ()
        for at in (self._problem_at(_named(self.problem), None), problem):
            function = self._function(problem)
            try:
                if function.left >= CALLS:
                    found = tuple(layout_findings(at, function, inputs, cotangent))
            except (Exhausted, ClaimRaised):  # by the claim's own calls of f; where it raised only once
                found = ()
            self.evaluations = function.evaluations
            if not found:
                break
        return found


def _numbers(value: Any) -> list[Any]:
    return [
        leaf
        for leaf in flatten(value).leaves
        if getattr(np.asarray(leaf), "dtype", np.dtype("O")).kind in "fciub"
    ]
