"""One check at one point, from f and claim to a report."""

import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from gradcheck.check import _contracts as contracts
from gradcheck.check._accounted import accounted_for
from gradcheck.check._confirm import confirmed
from gradcheck.check._control import negative_controls
from gradcheck.check._diagnose_call import advice_where_raised
from gradcheck.check._entries import measure_entries
from gradcheck.check._findings import finding_for, nowhere_finite, unreached
from gradcheck.check._forward import Forward, ForwardScene, Misshapen
from gradcheck.check._function import Exhausted, Function
from gradcheck.check._judge import Ledger, judge_rows
from gradcheck.check._kinks import look_beside_kinks, without_kinks
from gradcheck.check._look import Look, cotangents, first_look, instrument_at
from gradcheck.check._measure import Instrument
from gradcheck.check._options import Options
from gradcheck.check._plan import Tier, plan
from gradcheck.check._point import Floats, Point
from gradcheck.check._reverse import ClaimRaised, Reverse
from gradcheck.check._scene import ReverseScene, Scene
from gradcheck.check._ties import torn_ties
from gradcheck.check._verdict import Finding, Report, Verdict

__all__ = ["Problem", "environment", "judged", "report_of", "run"]


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
    claim : Reverse or Forward
    point : Point
    options : Options
    scalar : bool
        f must return one real number.
    cotangent : str, optional
        A kind of cotangent that is judged besides those that are drawn.
    tiers : callable
        Instrument, coverage, random numbers -> the directions that are measured.
    instrument : callable
        Look, random numbers -> what measures.
    """

    call: str
    function: Callable[..., Any]
    name: str
    claim: Reverse | Forward
    point: Point
    options: Options
    scalar: bool = False
    cotangent: str | None = None
    tiers: Callable[[Instrument, str, np.random.Generator], Iterable[Tier]] = plan
    instrument: Callable[[Look, np.random.Generator], Instrument] = instrument_at

    def counted(self, spent: int = 0) -> Function:
        """f with its calls counted from `spent` on, those among them that the claim makes itself."""
        function = Function(self.function, self.options, spent)
        if isinstance(self.claim, Reverse):
            self.claim.account = function
        return function


def run(problem: Problem) -> Report:
    """Judge, and report."""
    start = time.perf_counter()
    function = problem.counted()
    findings = judged(problem, function)
    return report_of(problem, findings, function.evaluations, problem.claim.evaluations, start)


def report_of(
    problem: Problem, findings: list[Finding], evaluations: int, claims: int, start: float
) -> Report:
    """Findings, and what they cost, as a report."""
    verdict = _verdict(findings)
    return Report(
        verdict=verdict,
        findings=tuple(findings),
        call=problem.call,
        subject=problem.claim.name,
        resolution=max((f.resolution for f in findings if f.resolution is not None), default=float("inf")),
        probability=min((f.probability for f in findings if f.probability is not None), default=1.0),
        evaluations=evaluations,
        claim_evaluations=claims,
        seconds=time.perf_counter() - start,
        seed=problem.options.seed,
        counterexample=_counterexample(problem.point) if verdict is Verdict.FAIL else None,
        options=problem.options.chosen,
        environment=environment(),
    )


def judged(problem: Problem, function: Function) -> list[Finding]:
    """Contracts first, then values, array by array; overflow and 0/0 are looked for in numbers, not in warnings."""
    with np.errstate(all="ignore"):
        return _judged(problem, function)


def _judged(problem: Problem, function: Function) -> list[Finding]:
    rng = np.random.default_rng(problem.options.seed)
    try:
        look = first_look(
            function, problem.point, problem.name, scalar=problem.scalar, wanted=problem.options.outputs
        )
    except Exhausted:
        return [unreached(v.path) for v in problem.point.variables]
    findings, ledger, scene = list(look.findings), Ledger(), None
    try:
        instrument = problem.instrument(look, rng)
        weights, dense = cotangents(look.outputs, look.base, rng, problem.cotangent)
        scene = _scene(problem, instrument, weights, dense, rng)
        findings += scene.contracts()
        if not weights.any():
            return findings + [nowhere_finite(v.path) for v in look.point.variables]
        for tier in problem.tiers(instrument, problem.options.coverage, rng):
            tier = tier.without(scene.misfits)
            if tier.rows:
                measured, comparison = judge_rows(scene, tier)
                ledger.add(measured.rows, confirmed(scene, measured, comparison))
        if problem.tiers is plan:
            look_beside_kinks(scene, ledger)
            measure_entries(scene, ledger)
    except Exhausted:
        if scene is not None and problem.tiers is plan:
            without_kinks(scene, ledger)
    except ClaimRaised as error:
        return [*findings, _raised(problem, error)]
    if scene is None:
        return findings + [unreached(v.path) for v in look.point.variables]
    try:
        return findings + _concluded(scene, ledger, findings)
    except ClaimRaised as error:
        return [*findings, _raised(problem, error)]


def _concluded(scene: Scene, ledger: Ledger, broken: list[Finding]) -> list[Finding]:
    """The verdict on each input, from the rows that were judged; `broken` are the contracts that are."""
    accounted_for(scene, ledger)
    variables = range(len(scene.point.variables))
    findings = [finding_for(scene, ledger, a) for a in variables if a not in scene.misfits]
    findings += _at_ties(scene, ledger, broken + findings)
    return [*findings, *negative_controls(scene, ledger)] if scene.options.negative_control else findings


def _raised(problem: Problem, error: ClaimRaised) -> Finding:
    if isinstance(error, Misshapen):
        return contracts.failure("shape", f"at another call {error}", "return the same shape every time")
    advice = advice_where_raised(problem.call, problem.claim, error)
    return contracts.failure("raises", f"{problem.claim.name} raised {error}", advice)


def _at_ties(scene: Scene, ledger: Ledger, findings: list[Finding]) -> list[Finding]:
    """Ties are looked at where nothing is wrong yet, as far as the evaluations go."""
    if _verdict(findings) is Verdict.FAIL:
        return []
    try:
        return list(torn_ties(scene, ledger))
    except (Exhausted, ClaimRaised):
        return []


def _scene(
    problem: Problem, instrument: Instrument, weights: Floats, dense: int, rng: np.random.Generator
) -> Scene:
    common = (instrument, weights, dense, problem.options, rng)
    if isinstance(problem.claim, Forward):
        return ForwardScene(*common, problem.claim)
    return ReverseScene(*common, problem.claim)


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
        "platform": f"{platform.system()}-{platform.machine()}",
    }
