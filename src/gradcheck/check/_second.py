"""Second derivatives: Hessian-vector products and Hessians."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Unpack

import numpy as np

from gradcheck.check import _contracts as contracts
from gradcheck.check._calls import name_of, require_callable
from gradcheck.check._curvature import curvature_at
from gradcheck.check._diagnose import MORE
from gradcheck.check._diagnose_matrix import Matrix, explained_by
from gradcheck.check._findings import unreached
from gradcheck.check._forward import Forward, ForwardScene, Misshapen, tangents
from gradcheck.check._function import Exhausted, Function
from gradcheck.check._jacobian import HessianClaim
from gradcheck.check._look import overall
from gradcheck.check._match import precision_of
from gradcheck.check._options import Options, OptionsDict
from gradcheck.check._outputs import describe
from gradcheck.check._plan import units_of
from gradcheck.check._point import Floats, Point, as_point
from gradcheck.check._reverse import FLOOR, SCATTER, ULPS, ClaimRaised, Reverse, conjugated
from gradcheck.check._run import Problem, judged, report_of
from gradcheck.check._scene import ReverseScene, Scene
from gradcheck.check._search import explored
from gradcheck.check._slopes import WHOLE, Slopes, bases
from gradcheck.check._verdict import Finding, Report, Verdict
from gradcheck.differentiate._errors import UsageError

__all__ = ["check_hessian", "check_hvp"]

EPS = float(np.finfo(np.float64).eps)
SYMMETRIC = 1e-6  # relative; what breaks symmetry (a transposed or a missing cross term) breaks it grossly
COVER = 'use coverage="full" to have the wrong entries named'


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
    chosen = Options.of(options)
    require_callable(f=f, grad=grad, hvp=hvp)
    claim = Forward(lambda t, a: hvp(t, *a), name_of(hvp, "hvp"), explain=_explained_product)
    problem = Problem(
        "check_hvp", f, name_of(f, "f"), claim, as_point(inputs, f, chosen.wrt), chosen, scalar=True
    )
    return explored(problem, lambda problem: _run_hvp(problem, grad))


def _run_hvp(problem: Problem, grad: Callable[..., Any]) -> Report:
    """The gradient against f, H v against the gradient, and the symmetry of H, at one point."""
    start, options, claim = time.perf_counter(), problem.options, problem.claim
    assert isinstance(claim, Forward)
    gradient = Reverse(lambda _, a: grad(*a), name_of(grad, "grad"), False, options.conjugate)
    first = replace(problem, claim=gradient)
    function = Function(problem.function, options)
    findings = judged(first, function)
    left = None if options.max_evaluations is None else max(1, options.max_evaluations - function.evaluations)
    slope = Function(grad, replace(options, max_evaluations=left, progress=None))  # no call of f
    second = replace(problem, function=grad, name=gradient.name, scalar=False)
    if not _raises(findings):
        unsound = {x.input for x in findings if x.code in ("value", "missing") and x.verdict is Verdict.FAIL}
        products = judged(second, slope)
        findings += [_from_a_gradient(x, gradient.name, unsound) for x in products]
        if not _raises(products):
            findings += _symmetric(claim, gradient, problem.point, np.random.default_rng(options.seed))
    claim.evaluations += gradient.evaluations + slope.evaluations
    return report_of(problem, findings, function.evaluations, claim.evaluations, start)


def _from_a_gradient(finding: Finding, name: str, unsound: set[str]) -> Finding:
    """A finding about H v, which says so where the gradient that it was measured from is wrong itself."""
    message = finding.message or f"H v along {finding.input}"
    if not unsound or finding.code != "value" or finding.verdict is not Verdict.FAIL:
        return replace(finding, message=message)
    told = f"measured from {name}, which is itself judged wrong (for {', '.join(sorted(unsound))}): {message}"
    return replace(finding, message=told, advice=f"mend {name} first: H may be right")


def _explained_product(scene: Scene, array: int, finding: Finding) -> Finding | None:
    """The Hessian column by column, where it is small."""
    assert isinstance(scene, ForwardScene)
    if scene.point.size > WHOLE or any(v.is_complex for v in scene.point.variables):
        return None
    units = [
        d for a in range(len(scene.point.variables)) for d in units_of(scene.instrument, a, finite=False)
    ]
    size = np.array([float(d.parts[0].step) for d in units])
    try:
        estimate = scene.instrument.estimate("ladder", units)
    except Exhausted:
        return replace(finding, diagnosis="unknown", advice=MORE)
    claimed = np.array([scene.tangent_along(d) for d in units])
    matrix = Matrix(*((x / size[:, None]).T for x in (claimed, estimate.value, estimate.error)))
    return explained_by(matrix, finding, scene.point.variables, array)


def _raises(findings: list[Finding]) -> bool:
    """Whether a claim cannot be asked any further."""
    return any(x.code in ("shape", "raises") and x.verdict is Verdict.FAIL for x in findings)


def _symmetric(claim: Forward, gradient: Reverse, point: Point, rng: np.random.Generator) -> list[Finding]:
    try:
        return list(_symmetry(claim, gradient, point, rng))
    except Misshapen as error:
        return [contracts.failure("shape", f"at another call {error}", "return the same shape every time")]
    except ClaimRaised as error:
        return [
            contracts.failure("raises", f"a claim raised {error}", "both must return a value at the point")
        ]


def _symmetry(claim: Forward, gradient: Reverse, point: Point, rng: np.random.Generator) -> Iterator[Finding]:
    """<u, H v> = <v, H u> in real coordinates, to the rounding of what the claim returns."""
    outputs = describe(gradient.raw(None, point.fresh()))
    if outputs.size != point.size:  # gradients of inputs that are not judged: u and H v do not pair
        return
    u, v = (overall(kind, point, rng, EPS).arrays(point) for kind in ("gaussian", "signs"))
    a, b = np.concatenate(u), np.concatenate(v)
    eps = precision_of(claim.raw(tangents(v, point), point.fresh()))

    def product(x: list[Floats], at: Point) -> Floats:
        h = claim.tangent(x, at, outputs)
        return conjugated(h, outputs) if gradient.conjugate else h

    def sides(at: Point) -> tuple[float, float, float]:
        hv, hu = product(v, at), product(u, at)
        return float(a @ hv), float(b @ hu), float(np.abs(a) @ np.abs(hv) + np.abs(b) @ np.abs(hu))

    left, right, size = sides(point)
    bound = FLOOR * eps * size
    if abs(left - right) > bound:
        moved = [sides(point.moved_to([x * (1.0 + k * eps) for x in point.coordinates])) for k in ULPS]
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

    u^T H v is measured for a few directions u (all entries of a small problem) and each direction v, from second
    differences of f of sixth order. Where the second derivative jumps at the point (a squared ReLU at 0), what lies
    between its one-sided values passes, labelled a subgradient.

    Parameters
    ----------
    f : callable
        ``f(*inputs)`` -> a real number.
    hess : callable
        ``hess(*inputs)`` -> for one input an array of shape ``x.shape + x.shape``; for several, a tuple (or the inputs'
        structure) of tuples: ``hess[i][j]`` has the shape ``x_i.shape + x_j.shape``. Blocks of inputs that are not
        judged may be left out.
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
    chosen = Options.of(options)
    require_callable(f=f, hess=hess)
    claim = HessianClaim(lambda _, a: hess(*a), name_of(hess, "hess"), False, explain=_explained_hessian)
    problem = Problem("check_hessian", f, name_of(f, "f"), claim, as_point(inputs, f, chosen.wrt), chosen)
    return explored(problem, _run_hessian)


def _run_hessian(problem: Problem) -> Report:
    """The slopes of f as a function, and the claim against second differences of f, at one point."""
    start, point, options, claim = time.perf_counter(), problem.point, problem.options, problem.claim
    assert isinstance(claim, HessianClaim)
    f = Function(problem.function, options)
    value = _real_value(problem, f)
    claim.slopes = slopes = Slopes(problem.function, point, bases(point, options), options.batched)
    inside = replace(options, batched=False)
    function = Function(slopes, inside, cost=slopes.cost, account=f)
    if function.left < 1:
        findings = [unreached(v.path) for v in point.variables]
        return report_of(problem, findings, f.evaluations, claim.evaluations, start)
    instrument = partial(curvature_at, f=f, value=value, slopes=slopes)
    inner = replace(problem, function=slopes, instrument=instrument, options=inside)
    findings = [_of_slopes(x) for x in judged(inner, function)]
    if not any(x.code == "raises" for x in findings):
        findings += _symmetric_blocks(claim, point)
    return report_of(problem, findings, f.evaluations, claim.evaluations, start)


def _of_slopes(finding: Finding) -> Finding:
    """The outputs that were judged are slopes: f returns one number."""
    return replace(finding, message=finding.message.replace("outputs are NaN", "slopes are NaN"))


def _real_value(problem: Problem, f: Function) -> float:
    """One call of f, which must give a real number for real inputs."""
    for variable in problem.point.variables:
        if variable.is_complex:
            raise UsageError(
                f"{variable.path} is {variable.dtype}",
                "a Hessian is that of a function of real numbers",
                "pass the real and the imaginary parts as two inputs, or use check_hvp",
            )
    try:
        value = f(*problem.point.fresh())
    except Exception as error:
        raise UsageError(
            f"{problem.name} raised {type(error).__name__}: {error}",
            "f must return a value at the point that is checked",
            "check the inputs' number and shapes (a tuple is unpacked into arguments)",
        ) from error
    if not describe(value, name=problem.name).is_scalar:
        raise UsageError(
            f"{problem.name} returned shape {np.shape(value)}",
            "check_hessian needs one real number",
            f"sum it, check a Jacobian, or see whether {problem.name} and the claim are swapped",
        )
    return float(np.real(np.asarray(value)).reshape(()))


def _explained_hessian(scene: Scene, array: int, finding: Finding) -> Finding:
    """Every entry of the Hessian by itself, where slopes along all of them are differenced."""
    assert isinstance(scene, ReverseScene)
    assert isinstance(scene.reverse, HessianClaim)
    slopes, point = scene.reverse.slopes, scene.point
    if slopes is None or not slopes.is_whole:
        return replace(finding, diagnosis="unknown", advice=COVER)
    units = [d for a in range(len(point.variables)) for d in units_of(scene.instrument, a, finite=False)]
    size = np.array([float(d.parts[0].step) for d in slopes.bases])
    try:
        estimate = scene.instrument.estimate("ladder", units)
    except Exhausted:
        return replace(finding, diagnosis="unknown", advice=MORE)
    measured, error = ((x / np.outer(size, size)).T for x in (estimate.value, estimate.error))
    matrix = Matrix(scene.reverse.whole(point), measured, error, scene.instrument.base / size)
    return explained_by(matrix, finding, point.variables, array)


def _symmetric_blocks(claim: HessianClaim, point: Point) -> Iterator[Finding]:
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
