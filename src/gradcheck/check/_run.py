"""One check at one point, from f and claim to a report."""

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from gradcheck.check._findings import finding_for
from gradcheck.check._function import Exhausted, Function
from gradcheck.check._judge import Ledger, judge_rows
from gradcheck.check._options import Options
from gradcheck.check._plan import plan
from gradcheck.check._point import Point
from gradcheck.check._reverse import Reverse
from gradcheck.check._scene import Scene, cotangents, first_look, instrument_at, promises, unfit
from gradcheck.check._verdict import Finding, Report, Verdict

__all__ = ["Problem", "run"]


@dataclass(frozen=True)
class Problem:
    """What a call asks for.

    Attributes
    ----------
    call : str
        Of the check, ``check_vjp`` say.
    function : callable
    name : str
        Of the function.
    reverse : Reverse
    point : Point
    scalar : bool
        f must return one real number.
    """

    call: str
    function: Callable[..., Any]
    name: str
    reverse: Reverse
    point: Point
    options: Options
    scalar: bool = False


def run(problem: Problem) -> Report:
    """Contracts first, then values."""
    start = time.perf_counter()
    function = Function(problem.function, problem.options)
    findings: list[Finding] = []
    _judged(problem, function, findings)
    return Report(
        verdict=_verdict(findings),
        findings=tuple(findings),
        call=problem.call,
        subject=problem.reverse.name,
        resolution=max((f.resolution for f in findings if f.resolution is not None), default=float("inf")),
        probability=min((f.probability for f in findings if f.probability is not None), default=1.0),
        evaluations=function.evaluations,
        claim_evaluations=problem.reverse.evaluations,
        seconds=time.perf_counter() - start,
        seed=problem.options.seed,
        counterexample=_counterexample(problem.point) if _verdict(findings) is Verdict.FAIL else None,
        options=problem.options.chosen,
        environment=environment(),
    )


def _judged(problem: Problem, function: Function, findings: list[Finding]) -> None:
    rng = np.random.default_rng(problem.options.seed)
    look = first_look(
        function, problem.point, problem.name, scalar=problem.scalar, wanted=problem.options.outputs
    )
    findings += look.findings
    ledger, scene = Ledger(), None
    try:
        instrument = instrument_at(look, rng)
        weights, dense = cotangents(look.outputs, look.base, rng)
        scene = Scene(instrument, problem.reverse, weights, dense, problem.options, rng)
        scene.evaluate_claim()
        findings += [*unfit(scene), *promises(scene)]
        for tier in plan(instrument, problem.options.coverage, rng):
            ledger.add(tier.rows, judge_rows(scene, tier))
    except Exhausted:
        pass
    if scene is not None and scene.known:
        misfits = {i for i, m in scene.known[0].misfits.items() if m.code != "dtype"}
        findings += [
            finding_for(scene, ledger, a) for a in range(len(scene.point.variables)) if a not in misfits
        ]


def _verdict(findings: list[Finding]) -> Verdict:
    verdicts = {f.verdict for f in findings}
    if Verdict.FAIL in verdicts:
        return Verdict.FAIL
    return Verdict.PASS if verdicts == {Verdict.PASS} else Verdict.INCONCLUSIVE


def _counterexample(point: Point) -> dict[str, Any]:
    return {
        v.path: np.array(v.user(x.copy()), dtype=v.dtype)
        for v, x in zip(point.variables, point.coordinates, strict=True)
    }


@lru_cache(maxsize=1)
def environment() -> dict[str, str]:
    """Versions and platform."""
    from gradcheck import __version__

    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "gradcheck": __version__,
        "platform": platform.platform(),
    }
