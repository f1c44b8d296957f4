"""Contract and value: does it run, and is the gradient the derivative?"""

from typing import Any

import numpy as np

from gradcheck.check import Report, Verdict, check_backward
from gradcheck.conformance._calls import Broken, call, copied, cotangent_for, difference, named
from gradcheck.conformance._check import CannotTell, Category, Check, Severity
from gradcheck.conformance._subjects import Subject
from gradcheck.differentiate import directional_derivative
from gradcheck.differentiate._tree import arguments

__all__ = ["CHECKS"]

EXPLORED = 50  # points of GC102: a second for a small layer
# GC103: the least relative mistake of the contraction that it must see; the oracle reaches 1e-9 on smooth code.
MEASURABLE = 1e-6


def _runs(subject: Subject, rng: np.random.Generator) -> str | None:
    case = subject.case(rng)
    try:
        out, cache = case.forward(*copied(case.inputs))
        gradients = named(case, case.backward(cotangent_for(out, rng), cache))
    except Broken as broken:
        return str(broken)
    except Exception as error:  # whatever the library raises is the answer
        return f"raised {type(error).__name__}: {error}"
    return _unusable(arguments(case.inputs).items(), gradients)


def _unusable(inputs: Any, gradients: dict[str, Any]) -> str | None:
    for path, value in inputs:
        gradient = gradients[path]
        if gradient is None:
            return f"d{path} is None"
        if not np.issubdtype(np.asarray(gradient).dtype, np.number):
            return f"d{path} has dtype {np.asarray(gradient).dtype}"
        if np.shape(gradient) != np.shape(value):
            return f"d{path} has shape {np.shape(gradient)}; {path} has {np.shape(value)}"
    return None


def _finite(subject: Subject, rng: np.random.Generator) -> str | None:
    case = subject.case(rng)
    made = call(case, rng)
    if not np.isfinite(made.out).all():
        return "the output is not finite at the example inputs"
    bad = [path for path, gradient in made.gradients.items() if not np.isfinite(gradient).all()]
    return f"d{bad[0]} is not finite where the output is" if bad else None


def _value(subject: Subject, rng: np.random.Generator, **options: Any) -> str | None:
    case = subject.case(rng)
    return _told(
        check_backward(case.forward, case.backward, case.inputs, seed=int(rng.integers(2**32)), **options)
    )


def _told(report: Report) -> str | None:
    if report.verdict is Verdict.INCONCLUSIVE:
        raise CannotTell(str(report))
    return None if report else str(report)


def _explored(subject: Subject, rng: np.random.Generator) -> str | None:
    return _value(subject, rng, explore=EXPLORED)


def _adjoint(subject: Subject, rng: np.random.Generator) -> str | None:
    """<J v, w> = <v, J^T w> with J v measured, v over all inputs at once and w dense."""
    case = subject.case(rng)
    tree = arguments(case.inputs)
    v = [rng.choice([-1.0, 1.0], np.shape(leaf)) for leaf in tree.leaves]
    made = call(case, rng)
    slope = directional_derivative(lambda *inputs: case.forward(*inputs)[0], case.inputs, tree.rebuild(v))
    left = float(np.vdot(made.cotangent, slope.value))
    error = float(np.abs(made.cotangent).ravel() @ slope.error.ravel())
    scale = float(np.abs(made.cotangent).ravel() @ np.abs(slope.value).ravel())
    right = sum(float(np.vdot(g, each)) for g, each in zip(made.gradients.values(), v, strict=True))
    if not error <= MEASURABLE * scale:
        raise CannotTell(f"<J v, w> = {left:.10g} is known to ± {error:.1g} only")
    if abs(left - right) <= error + MEASURABLE * scale:
        return None
    return f"<J v, w> = {left:.10g} ± {error:.1g} measured, <v, J^T w> = {right:.10g} claimed"


def _linear(subject: Subject, rng: np.random.Generator) -> str | None:
    """backward(2 u - 3 w) = 2 backward(u) - 3 backward(w), and backward(0) = 0."""
    case = subject.case(rng)
    u, w = call(case, rng), call(case, rng)
    both = call(case, rng, 2.0 * u.cotangent - 3.0 * w.cotangent)
    none = call(case, rng, np.zeros_like(u.cotangent))
    for path in both.gradients:
        expected = 2.0 * u.gradients[path] - 3.0 * w.gradients[path]
        found = difference(f"backward(2 u - 3 w).d{path}", expected, both.gradients[path])
        found = found or difference(f"backward(0).d{path}", np.zeros_like(expected), none.gradients[path])
        if found:
            return found
    return None


CHECKS = (
    Check(
        "GC001",
        "forward and backward run, and each input gets a gradient of its shape",
        Category.CONTRACT,
        Severity.ERROR,
        "Everything else stands on it. Usual causes: gradients in another order than the inputs, a parameter "
        "left out, a bias gradient that was not summed over the batch.",
        "Return one gradient for each input, in the order and structure of the arguments of forward.",
        _runs,
        requires=(),
    ),
    Check(
        "GC002",
        "output and gradients are finite at the example",
        Category.CONTRACT,
        Severity.ERROR,
        "A NaN or an infinity spreads through the whole network in one step.",
        "Look for a division by zero, a log of zero, or exp of a large number in backward.",
        _finite,
    ),
    Check(
        "GC101",
        "the gradient is the derivative at the example",
        Category.VALUE,
        Severity.ERROR,
        "The claim is compared with derivatives measured from forward alone, within their measured error.",
        "Read the diagnosis in the report: it names the entry, the ratio and the likely mistake.",
        _value,
        requires=("GC001", "GC002"),
    ),
    Check(
        "GC102",
        "the gradient is the derivative at explored points too",
        Category.VALUE,
        Severity.ERROR,
        "More than a quarter of the historical bugs cannot be seen at a sensible point: zeros, ties, saturated, "
        "repeated and border values show them.",
        "Repeat at the counterexample that the report prints; a special case is handled wrongly there.",
        _explored,
        requires=("GC101",),
    ),
    Check(
        "GC103",
        "the adjoint identity <J v, w> = <v, J^T w> holds",
        Category.VALUE,
        Severity.ERROR,
        "One number that every input and every output enters, measured with a dense cotangent.",
        "If GC101 passes, look for a gradient that is right for each input alone and wrong for all together.",
        _adjoint,
        requires=("GC001", "GC002"),
    ),
    Check(
        "GC104",
        "backward is linear in the cotangent",
        Category.VALUE,
        Severity.ERROR,
        "backward is a linear map: twice the cotangent is twice the gradient, none is none. Usual causes: the "
        "cotangent ignored, a regulariser added in backward, a gradient clipped in the wrong place.",
        "Multiply by the cotangent exactly once; move clipping and weight decay to the optimiser.",
        _linear,
        requires=("GC001", "GC002"),
    ),
)
