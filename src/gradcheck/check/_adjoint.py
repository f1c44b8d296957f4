"""The adjoint identity: <J v, w> = <v, J^T w>. No function, no step, rounding only."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np

from gradcheck.check import _contracts as contracts
from gradcheck.check._adjoint_cause import CONJUGATES, Sides, conjugate_named, ratio_named
from gradcheck.check._calls import name_of, require_callable
from gradcheck.check._control import PLANTS, control_finding, spoiled
from gradcheck.check._diagnose_evidence import Diagnosis
from gradcheck.check._direction import Direction, dense, entry_sizes, gaussian, signs, units
from gradcheck.check._forward import Forward, Misshapen, tangents
from gradcheck.check._judge import FULL, LOW, OWN
from gradcheck.check._look import cotangents, overall
from gradcheck.check._match import Misfit, precision_of
from gradcheck.check._options import Options, OptionsDict
from gradcheck.check._outputs import Outputs, describe
from gradcheck.check._plan import ENTIRE
from gradcheck.check._point import Floats, Point, as_point
from gradcheck.check._reverse import FLOOR, SCATTER, ULPS, ClaimRaised, Reverse, conjugated
from gradcheck.check._run import Problem, report_of
from gradcheck.check._verdict import Finding, Report, Verdict
from gradcheck.differentiate._errors import UsageError

__all__ = ["check_adjoint"]

EPS = float(np.finfo(np.float64).eps)


def check_adjoint(
    jvp: Callable[..., Any], vjp: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> Report:
    """Judge a JVP and a VJP against each other: ``<J v, w> = <v, J^T w>`` to rounding, without a step.

    A second opinion that needs no function: where both are wrong in the same way it sees nothing. Rounding is that of
    what they return, in float32 say; a sign, a factor or a conjugate that parts the two is named.

    Parameters
    ----------
    jvp : callable
        ``jvp(tangents, *inputs)`` -> the output tangent.
    vjp : callable
        ``vjp(cotangent, *inputs)`` -> gradients in the structure of the inputs.
    inputs, **options
        As for `gradcheck.check_grad`. Those about f's evaluations (``method``, ``kinks``, ``max_evaluations``,
        ``batched``, ``executor``, ``progress``) have nothing to act on here.

    Returns
    -------
    Report

    Raises
    ------
    UsageError
        An option that does not exist, ``explore``, or what is not callable.

    Examples
    --------
    >>> import numpy as np
    >>> A = np.arange(6.0).reshape(2, 3)
    >>> check_adjoint(lambda t, x: A @ t[0], lambda w, x: A.T @ w, np.ones(3)).verdict.value
    'pass'
    >>> check_adjoint(lambda t, x: A @ t[0], lambda w, x: 2 * A.T @ w, np.ones(3)).findings[0].code
    'adjoint'
    """
    start, chosen = time.perf_counter(), Options.of(options)
    require_callable(jvp=jvp, vjp=vjp)
    if chosen.explore:
        raise UsageError(
            f"explore={chosen.explore}",
            "check_adjoint has no function whose value tells which points are valid",
            "explore with check_vjp or check_jvp",
        )
    forward = Forward(lambda t, args: jvp(t, *args), name_of(jvp, "jvp"))
    reverse = Reverse(lambda w, args: vjp(w, *args), name_of(vjp, "vjp"), True, chosen.conjugate)
    point = as_point(inputs, _without_first(jvp), chosen.wrt)
    problem = Problem("check_adjoint", jvp, forward.name, reverse, point, chosen)
    try:
        findings = list(_findings(forward, reverse, point, chosen))
    except Misshapen as error:
        findings = [
            contracts.failure("shape", f"at another call {error}", "return the same shape every time")
        ]
    except ClaimRaised as error:
        findings = [
            contracts.failure("raises", f"a claim raised {error}", "both must return a value at the point")
        ]
    return report_of(problem, findings, 0, forward.evaluations + reverse.evaluations, start)


def _without_first(jvp: Callable[..., Any]) -> Callable[..., Any] | None:
    """For the names of the inputs: the parameters of ``jvp(tangents, *inputs)`` after the first."""
    from functools import partial

    return partial(jvp, None)


@dataclass(frozen=True)
class _Pair:
    """Both claims at one point.

    Attributes
    ----------
    eps : float
        Relative rounding of the less precise of the two.
    misfits : mapping from variable's position to Misfit
        Gradients that cannot be compared.
    plant : (variable's position, what), optional
        Spoils the gradients of one input for a negative control.
    turned : (bool, bool)
        Whether the VJP's cotangents, and whether its gradients, are conjugated: to name a mistake.
    """

    forward: Forward
    reverse: Reverse
    outputs: Outputs
    options: Options
    eps: float
    misfits: dict[int, Misfit]
    plant: tuple[int, str] | None = None
    turned: tuple[bool, bool] = (False, False)

    @property
    def names(self) -> tuple[str, str]:
        return self.forward.name, self.reverse.name

    @property
    def required(self) -> float:
        """As for a function that cannot be evaluated in float64, where one of the claims is not."""
        return self.options.resolution or max(LOW if self.eps > EPS else FULL, OWN * self.eps)

    def gradients(self, w: Floats, point: Point) -> tuple[Floats, ...]:
        w = conjugated(w, self.outputs) if self.turned[0] else w
        flats = list(self.reverse.gradients(w, point, self.outputs).flat)
        if self.turned[1]:
            own = zip(flats, point.variables, strict=True)
            flats = [g.view(complex).conj().view(float) if v.is_complex else g for g, v in own]
        if self.plant is not None:
            array, what = self.plant
            x = point.coordinates[array]
            flats[array] = spoiled(flats[array], self.required, x, what, size_where_zero=1.0)
        return tuple(flats)

    def sides(self, point: Point, v: list[Floats], w: Floats) -> tuple[float, float, float]:
        """<J v, w>, <v, J^T w>, and the sum of their terms' sizes."""
        t = self.forward.tangent(v, point, self.outputs)
        g = self.gradients(w, point)
        left, right = float(t @ w), float(sum(a @ b for a, b in zip(g, v, strict=True)))
        size = float(np.abs(t) @ np.abs(w)) + float(
            sum(np.abs(a) @ np.abs(b) for a, b in zip(g, v, strict=True))
        )
        return left, right, size


def _findings(forward: Forward, reverse: Reverse, point: Point, options: Options) -> Iterator[Finding]:
    rng = np.random.default_rng(options.seed)
    some = overall("gaussian", point, rng, EPS).arrays(point)
    first = forward.raw(tangents(some, point), point.arguments(point.copies()))
    outputs = describe(first, options.outputs, forward.name)
    weights, _ = cotangents(outputs, np.zeros(outputs.size), rng)
    known = reverse.gradients(weights[0], point, outputs)
    eps = max(precision_of(first), precision_of(known.leaves))
    pair = _Pair(forward, reverse, outputs, options, eps, known.misfits)
    for path, stray in known.strays.items():
        yield contracts.failure(stray.code, f"{path}: {stray.message}", stray.cure, input=path)
    for array in range(len(point.variables)):
        yield _for_array(pair, point, array, weights[:2], rng)
    if options.negative_control:
        yield from _controls(pair, point, weights[:2], rng)


def _controls(pair: _Pair, point: Point, weights: Floats, rng: np.random.Generator) -> Iterator[Finding]:
    """Mistakes planted in the VJP, input by input, judged as the claim itself was."""
    for array, variable in enumerate(point.variables):
        planted = {what: replace(pair, plant=(array, what)) for what in PLANTS}
        found = {what: _for_array(p, point, array, weights, rng) for what, p in planted.items()}
        missed = [what for what, finding in found.items() if finding.verdict is not Verdict.FAIL]
        yield control_finding(variable.path, pair.required, missed)


def _directions(point: Point, array: int, coverage: str, rng: np.random.Generator) -> list[Direction]:
    x = point.coordinates[array]
    size = point.size_of(array)
    both = [dense(p.__name__, [p(point, array, size, rng)], point, EPS) for p in (gaussian, signs)]
    if x.size > ENTIRE[coverage]:
        return both
    return [*both, *units(point, array, np.arange(x.size), entry_sizes(x, size), EPS)]


def _for_array(pair: _Pair, point: Point, array: int, weights: Floats, rng: np.random.Generator) -> Finding:
    """The worst pair (v, w) for one input."""
    path = point.variables[array].path
    misfit = pair.misfits.get(array)
    if misfit:
        return contracts.failure(misfit.code, f"{path}: {misfit.message}", misfit.cure, input=path)
    found = [
        _compared(pair, point, direction, w)
        for direction in _directions(point, array, pair.options.coverage, rng)
        for w in weights
    ]
    known = [x for x in found if x.is_known]
    worst = max(known or found, key=lambda x: x.margin)
    if worst.margin <= 1 or not known:
        return _without_mistake(pair, path, worst, found)
    index = worst.direction.parts[0].index
    cause = _cause(pair, point, array, known)
    return Finding(
        "adjoint",
        Verdict.FAIL,
        _numbers(pair, path, worst) + (f"; {cause.sentence}" if cause.sentence else ""),
        path,
        point.variables[array].entry(int(index[0])) if worst.direction.kind == "entry" else None,
        worst.right,
        worst.left,
        worst.bound,
        margin=worst.margin,
        diagnosis=cause.slug,
        advice=cause.advice,
    )


def _numbers(pair: _Pair, path: str, worst: "_Compared") -> str:
    jvp, vjp = pair.names
    return f"<{jvp}(v), w> = {worst.left:.10g} and <v, {vjp}(w)> = {worst.right:.10g} for v in {path}"


def _cause(pair: _Pair, point: Point, array: int, known: list["_Compared"]) -> Diagnosis:
    """What one number, or one conjugate, explains."""
    dense = [x for x in known if x.direction.kind != "entry"]
    found = ratio_named(_sides(pair, point, array, known))
    for what, turned in CONJUGATES.items():
        possible = turned[0] <= pair.outputs.is_complex and turned[1] <= point.variables[array].is_complex
        if found is None and possible:
            other = replace(pair, turned=turned)
            again = [_compared(other, point, x.direction, x.w) for x in dense]
            sides = _sides(other, point, array, again)
            found = conjugate_named(what, sides, conjugate=pair.options.conjugate)
    return found or Diagnosis("", "", "one of the two is wrong: check each against the function")


def _sides(pair: _Pair, point: Point, array: int, compared: list["_Compared"]) -> Sides:
    left, right, bound = (
        np.array([getattr(x, name) for x in compared]) for name in ("left", "right", "bound")
    )
    alone = point.coordinates[array].size == pair.outputs.size == 1
    return Sides(left, right, bound, pair.names, point.variables[array].path, alone)


def _without_mistake(pair: _Pair, path: str, worst: "_Compared", found: list["_Compared"]) -> Finding:
    shown = [
        2.0 * x.bound / abs(x.left)
        for x in found
        if x.is_known and x.left and np.isfinite(x.left) and x.direction.kind != "entry"
    ]
    resolution = min(shown, default=None)
    coarse = resolution is not None and resolution > pair.required and pair.options.tolerance(0.0) is None
    message = advice = ""
    if not all(x.is_known for x in found):
        message = f"{path}: neither of the two is finite here"
        advice = "choose inputs at which both are finite"
    elif coarse:
        advice = "choose a point where the products do not cancel, or ask for a coarser resolution"
    return Finding(
        "adjoint",
        Verdict.INCONCLUSIVE if advice else Verdict.PASS,
        message,
        path,
        None,
        worst.right,
        worst.left,
        worst.bound,
        resolution,
        None if resolution is None else 1.0,
        worst.margin,
        advice=advice,
    )


@dataclass(frozen=True)
class _Compared:
    """<J v, w> and <v, J^T w> for one pair, and how far rounding may part them."""

    left: float
    right: float
    bound: float
    direction: Direction
    w: Floats

    @property
    def is_known(self) -> bool:
        """Where neither is finite there is nothing to compare."""
        return bool(np.isfinite(self.left) or np.isfinite(self.right))

    @property
    def margin(self) -> float:
        gap = abs(self.left - self.right)
        margin = gap / self.bound if self.bound else 2.0 * float(self.left != self.right)
        return margin if np.isfinite(margin) else float("inf")


def _compared(pair: _Pair, point: Point, direction: Direction, w: Floats) -> _Compared:
    v = direction.arrays(point)
    left, right, size = pair.sides(point, v, w)
    bound = FLOOR * pair.eps * size
    if abs(left - right) > bound:
        bound += _scatter(pair, point, v, w)
    tolerance = pair.options.tolerance(left)
    return _Compared(left, right, bound if tolerance is None else max(bound, float(tolerance)), direction, w)


def _scatter(pair: _Pair, point: Point, v: list[Floats], w: Floats) -> float:
    """How much the difference of the two sides moves when the inputs move by a few ulp."""
    gaps = []
    for ulps in ULPS:
        moved = point.moved_to([x * (1.0 + ulps * pair.eps) for x in point.coordinates])
        left, right, _ = pair.sides(moved, v, w)
        gaps.append(left - right)
    return float(SCATTER * np.ptp(gaps))
