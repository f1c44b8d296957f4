"""The adjoint identity: <J v, w> = <v, J^T w>. No function, no step, rounding only."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np

from gradcheck.check import _contracts as contracts
from gradcheck.check._calls import name_of, require_callable
from gradcheck.check._control import PLANTS, control_finding, spoiled
from gradcheck.check._direction import Direction, dense, entry_sizes, gaussian, signs, units
from gradcheck.check._forward import Forward, Misshapen, tangents
from gradcheck.check._judge import FULL
from gradcheck.check._look import cotangents
from gradcheck.check._options import Options, OptionsDict
from gradcheck.check._outputs import Outputs, describe
from gradcheck.check._plan import ENTIRE
from gradcheck.check._point import Floats, Point, as_point
from gradcheck.check._reverse import FLOOR, SCATTER, ULPS, ClaimRaised, Reverse
from gradcheck.check._run import Problem, report_of
from gradcheck.check._verdict import Finding, Report, Verdict
from gradcheck.differentiate._errors import UsageError

__all__ = ["check_adjoint"]

EPS = float(np.finfo(np.float64).eps)


def check_adjoint(
    jvp: Callable[..., Any], vjp: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> Report:
    """Judge a JVP and a VJP against each other: ``<J v, w> = <v, J^T w>`` to rounding, without a step.

    A second opinion that needs no function: where both are wrong in the same way it sees nothing.

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
    """Both claims at one point; `plant` spoils the gradients of one input for a negative control."""

    forward: Forward
    reverse: Reverse
    outputs: Outputs
    options: Options
    plant: tuple[int, str] | None = None

    @property
    def required(self) -> float:
        return self.options.resolution or FULL

    def gradients(self, w: Floats, point: Point) -> tuple[Floats, ...]:
        flats = list(self.reverse.gradients(w, point, self.outputs).flat)
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
    zero = [np.zeros(x.size) for x in point.coordinates]
    first = forward.raw(tangents(zero, point), point.arguments(point.copies()))
    outputs = describe(first, options.outputs, forward.name)
    weights, _ = cotangents(outputs, np.zeros(outputs.size), rng)
    pair = _Pair(forward, reverse, outputs, options)
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
    misfits = pair.reverse.gradients(weights[0], point, pair.outputs).misfits
    if array in misfits:
        return contracts.failure(
            misfits[array].code, f"{path}: {misfits[array].message}", "return the input's shape", input=path
        )
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
    names = pair.forward.name, pair.reverse.name
    return Finding(
        "adjoint",
        Verdict.FAIL,
        f"<{names[0]}(v), w> = {worst.left:.10g} and <v, {names[1]}(w)> = {worst.right:.10g} for v in {path}",
        path,
        point.variables[array].entry(int(index[0])) if worst.direction.kind == "entry" else None,
        worst.right,
        worst.left,
        worst.bound,
        margin=worst.margin,
        advice="one of the two is wrong: check each against the function",
    )


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
    bound = FLOOR * EPS * size
    if abs(left - right) > bound:
        bound += _scatter(pair, point, v, w)
    tolerance = pair.options.tolerance(left)
    return _Compared(left, right, bound if tolerance is None else max(bound, float(tolerance)), direction)


def _scatter(pair: _Pair, point: Point, v: list[Floats], w: Floats) -> float:
    """How much the difference of the two sides moves when the inputs move by a few ulp."""
    gaps = []
    for ulps in ULPS:
        left, right, _ = pair.sides(point.moved_to([x * (1.0 + ulps * EPS) for x in point.coordinates]), v, w)
        gaps.append(left - right)
    return float(SCATTER * np.ptp(gaps))
