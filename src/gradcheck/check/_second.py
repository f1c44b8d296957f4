"""Second derivatives: Hessian-vector products and Hessians."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Unpack

import numpy as np

from gradcheck.check import _contracts as contracts
from gradcheck.check._calls import name_of, require_callable
from gradcheck.check._direction import Direction
from gradcheck.check._forward import Forward
from gradcheck.check._function import Function
from gradcheck.check._look import overall
from gradcheck.check._match import Gradients, Misfit, by_path
from gradcheck.check._options import Options, OptionsDict
from gradcheck.check._outputs import Outputs, describe
from gradcheck.check._plan import along, units_of
from gradcheck.check._point import Floats, Point, as_point
from gradcheck.check._reverse import FLOOR, SCATTER, ULPS, ClaimRaised, Reverse
from gradcheck.check._run import Problem, judged, report_of
from gradcheck.check._verdict import Finding, Report, Verdict
from gradcheck.differentiate._errors import UsageError
from gradcheck.differentiate._tree import flatten

__all__ = ["check_hessian", "check_hvp"]

EPS = float(np.finfo(np.float64).eps)
SYMMETRIC = 1e-6  # relative; what breaks symmetry (a transposed or a missing cross term) breaks it grossly
WHOLE = (
    6  # entries up to which the slopes along all of them are differenced; else along four random directions
)
RUNGS = 2.0**-7 * np.array([1.0, 0.25, 0.0625])  # of the input's size: the ladder's own first block
BIAS = 16.0  # times what a halved top rung changes: the slopes' truncation changes along v about as much as they do


def check_hvp(
    f: Callable[..., Any],
    grad: Callable[..., Any],
    hvp: Callable[..., Any],
    inputs: Any,
    **options: Unpack[OptionsDict],
) -> Report:
    """Judge a Hessian-vector product: the gradient, H v against the gradient's slope along v, and <u, H v> = <v, H u>.

    Parameters
    ----------
    f : callable
        ``f(*inputs)`` -> a real number.
    grad : callable
        ``grad(*inputs)`` -> gradients in the structure of the inputs; it is judged too.
    hvp : callable
        ``hvp(tangents, *inputs)`` -> H v in the structure of the gradients; `tangents` is a tuple like the inputs.
    inputs, **options
        As for `gradcheck.check_grad`.

    Returns
    -------
    Report

    Raises
    ------
    UsageError

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([0.5, 1.0])
    >>> check_hvp(lambda x: np.sum(x**3), lambda x: 3 * x**2, lambda t, x: 6 * x * t[0], x).verdict.value
    'pass'
    """
    start, chosen = time.perf_counter(), Options.of(options)
    require_callable(f=f, grad=grad, hvp=hvp)
    point = as_point(inputs, f, chosen.wrt)
    first = Problem(
        "check_hvp",
        f,
        name_of(f, "f"),
        Reverse(lambda _, a: grad(*a), name_of(grad, "grad"), False),
        point,
        chosen,
        scalar=True,
    )
    function = Function(f, chosen)
    findings = judged(first, function)
    claim = Forward(lambda t, a: hvp(t, *a), name_of(hvp, "hvp"))
    left = None if chosen.max_evaluations is None else max(1, chosen.max_evaluations - function.evaluations)
    slope = Function(grad, replace(chosen, max_evaluations=left))
    second = Problem("check_hvp", grad, first.claim.name, claim, point, chosen)
    findings += [replace(x, message=x.message or f"H v along {x.input}") for x in judged(second, slope)]
    findings += _symmetry(claim, grad, point, np.random.default_rng(chosen.seed))
    claims = first.claim.evaluations + slope.evaluations + claim.evaluations
    return report_of(replace(second, name=first.name), findings, function.evaluations, claims, start)


def _symmetry(
    claim: Forward, grad: Callable[..., Any], point: Point, rng: np.random.Generator
) -> Iterator[Finding]:
    outputs = describe(grad(*point.fresh()))
    if outputs.size != point.size:  # gradients of inputs that are not judged: u and H v do not pair
        return
    u, v = (overall(kind, point, rng, EPS).arrays(point) for kind in ("gaussian", "signs"))

    def sides(at: Point) -> tuple[float, float, float]:
        hv, hu = claim.tangent(v, at, outputs), claim.tangent(u, at, outputs)
        a, b = np.concatenate(u), np.concatenate(v)
        return float(a @ hv), float(b @ hu), float(np.abs(a) @ np.abs(hv) + np.abs(b) @ np.abs(hu))

    left, right, size = sides(point)
    bound = FLOOR * EPS * size
    if abs(left - right) > bound:
        moved = [sides(point.moved_to([x * (1.0 + k * EPS) for x in point.coordinates])) for k in ULPS]
        bound += SCATTER * float(np.ptp([a - b for a, b, _ in moved]))
    wrong = not abs(left - right) <= bound
    yield Finding(
        "symmetry",
        Verdict.FAIL if wrong else Verdict.PASS,
        f"<u, H v> = {left:.10g} and <v, H u> = {right:.10g}" if wrong else "",
        claimed=left,
        measured=right,
        error=bound,
        margin=abs(left - right) / bound if bound else 0.0,
        advice="a Hessian is symmetric: look for a transposed or a missing cross term" if wrong else "",
    )


def check_hessian(
    f: Callable[..., Any], hess: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> Report:
    """Judge a whole Hessian, from values of f alone.

    Slopes of f along a few directions u, each a sixth-order difference, are functions themselves; their derivatives
    along v are u^T H v.

    Parameters
    ----------
    f : callable
        ``f(*inputs)`` -> a real number.
    hess : callable
        ``hess(*inputs)`` -> for one input an array of shape ``x.shape + x.shape``; for several, a tuple (or the inputs'
        structure) of tuples: ``hess[i][j]`` has the shape ``x_i.shape + x_j.shape``.
    inputs, **options
        As for `gradcheck.check_grad`.

    Returns
    -------
    Report

    Raises
    ------
    UsageError

    Examples
    --------
    >>> import numpy as np
    >>> def hess(x): return np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> check_hessian(np.prod, hess, np.array([2.0, 3.0])).verdict.value
    'pass'
    """
    start, chosen = time.perf_counter(), Options.of(options)
    require_callable(f=f, hess=hess)
    point = as_point(inputs, f, chosen.wrt)
    slopes = _Slopes(f, point, _bases(point, np.random.default_rng(chosen.seed)))
    _require_number(f, point)
    claim = _HessianClaim(lambda _, a: hess(*a), name_of(hess, "hess"), False, slopes=slopes)
    limit = None if chosen.max_evaluations is None else max(1, chosen.max_evaluations // slopes.cost)
    problem = Problem(
        "check_hessian", slopes, name_of(f, "f"), claim, point, chosen, extra=slopes.bias(point)
    )
    function = Function(slopes, replace(chosen, max_evaluations=limit))
    findings = [*judged(problem, function), *_symmetric_blocks(claim, point)]
    return report_of(problem, findings, function.evaluations * slopes.cost, claim.evaluations, start)


def _require_number(f: Callable[..., Any], point: Point) -> None:
    value = f(*point.fresh())
    if not describe(value).is_scalar:
        raise UsageError(
            f"f returned shape {np.shape(value)}",
            "check_hessian needs one real number",
            "sum it, or check a Jacobian",
        )


@dataclass
class _Bases:
    """What `along` and `units_of` need of an instrument."""

    point: Point
    eps: float = EPS


def _bases(point: Point, rng: np.random.Generator) -> list[Direction]:
    """The directions u: every entry of a small array, four random ones of a large."""
    instrument: Any = _Bases(point)
    found: list[Direction] = []
    for a, x in enumerate(point.coordinates):
        if x.size <= WHOLE:
            found += units_of(instrument, a)
        else:
            found += [along(instrument, kind, a, rng) for kind in ("signs", "gaussian") * 2]
    return found


@dataclass(frozen=True)
class _Slopes:
    """x -> (D_u f)(x) for every u: sixth order, from the same steps everywhere."""

    f: Callable[..., Any]
    point: Point
    bases: Sequence[Direction]

    @property
    def cost(self) -> int:
        """Calls of f for one call of this."""
        return 6 * len(self.bases)

    def __call__(self, *args: Any, rungs: Floats = RUNGS) -> Floats:
        leaves = flatten(args).leaves
        here = [
            np.array(leaves[v.position], dtype=v.working).reshape(-1).view(np.float64)
            for v in self.point.variables
        ]
        return np.array([self._slope(d, here, rungs) for d in self.bases])

    def _slope(self, direction: Direction, here: list[Floats], rungs: Floats) -> float:
        """Two levels of Neville's scheme for h, h/4, h/16: the factors are 4^2 and 4^4."""
        d = [self._value(direction, here, h) - self._value(direction, here, -h) for h in rungs]
        c = [x / (2.0 * h) for x, h in zip(d, rungs, strict=True)]
        low, high = (16.0 * c[1] - c[0]) / 15.0, (16.0 * c[2] - c[1]) / 15.0
        return float((256.0 * high - low) / 255.0)

    def _value(self, direction: Direction, here: list[Floats], t: float) -> float:
        return float(
            np.real(np.asarray(self.f(*self.point.arguments(direction.moved(here, float(t)))))).reshape(())
        )

    def bias(self, point: Point) -> Floats:
        """How much of the slopes may be truncation: what a halved top rung changes."""
        args = point.arguments(point.coordinates)
        return BIAS * np.abs(self(*args) - self(*args, rungs=RUNGS / 2.0))


@dataclass
class _HessianClaim(Reverse):
    """u^T H for the cotangents of the slopes."""

    slopes: _Slopes | None = None
    seen: dict[int, tuple[Point, Any]] = field(default_factory=dict)

    def gradients(self, w: Floats, point: Point, outputs: Outputs) -> Gradients:
        if id(point) not in self.seen:
            self.seen = {id(point): (point, self.raw(None, point.arguments(point.copies())))}
        return self.parsed(self.seen[id(point)][1], w, point, outputs)

    def parsed(self, result: Any, w: Floats, point: Point, outputs: Outputs) -> Gradients:
        assert self.slopes is not None
        blocks, misfits = self.blocks(result, point)
        u = [np.zeros(x.size) for x in point.coordinates]
        for weight, direction in zip(w, self.slopes.bases, strict=True):
            for part in direction.parts:
                u[part.array][part.index] += weight * part.values()
        flats = tuple(
            sum((a @ blocks[i][j] for i, a in enumerate(u)), np.zeros(x.size))
            for j, x in enumerate(point.coordinates)
        )
        return Gradients(flats, (None,) * len(flats), misfits)

    def blocks(self, result: Any, point: Point) -> tuple[list[list[Floats]], dict[int, Misfit]]:
        """H[i][j] as matrices; a block of another shape is a misfit of input j."""
        rows, misfits = [], {}
        for i, row in enumerate(self._rows(result, point)):
            found = by_path(row, point, self.name)
            blocks = []
            for j, b in enumerate(point.variables):
                expected, n = (
                    point.variables[i].shape + b.shape,
                    (point.coordinates[i].size, point.coordinates[j].size),
                )
                block = (
                    np.zeros(expected)
                    if found.get(b.path) is None
                    else np.asarray(found[b.path], dtype=np.float64)
                )
                if block.shape != expected:
                    misfits[j] = Misfit(
                        "shape", f"the block has shape {block.shape} where {expected} is right", block
                    )
                    block = np.zeros(expected)
                blocks.append(block.reshape(n))
            rows.append(blocks)
        return rows, misfits

    def _rows(self, result: Any, point: Point) -> list[Any]:
        """The rows of blocks, one for each variable."""
        count = len(point.variables)
        if count == 1:
            while isinstance(result, (tuple, list)) and len(result) == 1 and np.ndim(result[0]) > 0:
                result = result[0]
            return [result]
        if isinstance(result, dict):
            result = [result.get(v.path) for v in point.variables]
        if not isinstance(result, (tuple, list)) or len(result) != count:
            raise UsageError(
                f"{self.name} returned {type(result).__name__}",
                f"there are {count} inputs",
                "return hess[i][j] for every pair of inputs",
            )
        return list(result)


def _symmetric_blocks(claim: _HessianClaim, point: Point) -> Iterator[Finding]:
    """H[i][j] = H[j][i]^T."""
    try:
        result = claim.raw(None, point.arguments(point.copies()))
    except ClaimRaised:  # a finding already
        return
    blocks, misfits = claim.blocks(result, point)
    if misfits:
        return
    whole = np.block(blocks)
    gap = np.abs(whole - whole.T)
    wrong = bool((gap > SYMMETRIC * np.abs(whole).max()).any())
    if wrong:
        i, j = np.unravel_index(int(np.nanargmax(gap)), gap.shape)
        message = (
            f"H[{i}, {j}] = {whole[i, j]:.10g} and H[{j}, {i}] = {whole[j, i]:.10g} (all inputs flattened)"
        )
        yield contracts.failure(
            "symmetry", message, "a Hessian is symmetric: look for a transposed or a missing cross term"
        )
    else:
        yield Finding("symmetry", Verdict.PASS)
