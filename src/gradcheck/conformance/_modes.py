"""Modes and parameters: train and eval, every parameter learns, misuse is refused."""

from functools import partial
from typing import Any

import numpy as np
import optree

from gradcheck.check import Verdict, check_backward
from gradcheck.conformance._calls import call, copied
from gradcheck.conformance._check import CannotTell, Category, Check, Severity
from gradcheck.conformance._subjects import Case, Subject
from gradcheck.differentiate._tree import arguments

__all__ = ["CHECKS"]

NUDGE = 1e-2  # a step that a parameter takes to see whether the output depends on it at all


def _every_mode(subject: Subject, rng: np.random.Generator) -> str | None:
    for mode in subject.tags.modes:
        case = subject.case(rng, mode=mode)
        report = check_backward(case.forward, case.backward, case.inputs, seed=int(rng.integers(2**32)))
        if report.verdict is Verdict.INCONCLUSIVE:
            raise CannotTell(f"mode {mode!r}: {report}")
        if not report:
            return f"mode {mode!r}: {report}"
    return None


def _every_parameter(subject: Subject, rng: np.random.Generator) -> str | None:
    case = subject.case(rng)
    made = call(case, rng)
    tree = arguments(case.inputs)
    for position, path in enumerate(tree.paths):
        if not np.any(made.gradients[path]) and _moves(case, position, rng):
            return f"d{path} is zero everywhere, but the output moves with {path}"
    return None


def _moves(case: Case, position: int, rng: np.random.Generator) -> bool:
    """Whether the output changes when one input moves."""
    tree = arguments(case.inputs)
    leaves = list(tree.leaves)
    here = np.asarray(case.forward(*copied(case.inputs))[0])
    leaves[position] = leaves[position] + NUDGE * rng.standard_normal(np.shape(leaves[position]))
    there = np.asarray(case.forward(*copied(tree.rebuild(leaves)))[0])
    return not np.array_equal(here, there)


def _refuses_alike(subject: Subject, rng: np.random.Generator) -> str | None:
    """Where forward refuses an input that does not fit, backward refuses a cotangent that does not fit."""
    case = subject.case(rng)
    wider = partial(_one_more, axis=-1)
    if not _raises(lambda: case.forward(*_batched(case, wider))):
        return None
    out, cache = case.forward(*copied(case.inputs))
    for axis in range(np.ndim(out)):
        if not _raises(partial(case.backward, _one_more(np.asarray(out, dtype=float), axis), cache)):
            return (
                f"forward refuses an input that does not fit, but backward accepts a cotangent of shape "
                f"{_one_more(np.asarray(out), axis).shape} for an output of {np.shape(out)}"
            )
    return None


def _batched(case: Case, change: Any) -> tuple[Any, ...]:
    return tuple(
        optree.tree_map(change, x) if flag else copied(x)
        for x, flag in zip(case.inputs, case.batched, strict=True)
    )


def _one_more(array: Any, axis: int) -> Any:
    last = np.take(array, [-1], axis=axis)
    return np.concatenate([array, last], axis=axis)


def _raises(attempt: Any) -> bool:
    try:
        attempt()
    except Exception:  # any refusal counts
        return True
    return False


CHECKS = (
    Check(
        "GC501",
        "the gradient is the derivative in every mode",
        Category.MODES,
        Severity.ERROR,
        "Batch normalisation and dropout differ in training and evaluation; backward must know which forward ran.",
        "Put the mode into the cache.",
        _every_mode,
        requires=("GC001",),
        concerns=lambda tags: bool(tags.modes),
    ),
    Check(
        "GC502",
        "every parameter that moves the output has a gradient",
        Category.MODES,
        Severity.ERROR,
        "A parameter whose gradient is always zero never learns, and no error says so.",
        "Compute its gradient; or take the parameter out of `params` if it is a constant.",
        _every_parameter,
        kinds=("layer", "network"),
    ),
    Check(
        "GC503",
        "backward refuses a cotangent that does not fit, as forward refuses its input",
        Category.MODES,
        Severity.WARNING,
        "A cotangent of the wrong shape that broadcasts in silence gives a gradient of something else.",
        "Check the cotangent's shape against the output's.",
        _refuses_alike,
        kinds=("layer",),
    ),
)
