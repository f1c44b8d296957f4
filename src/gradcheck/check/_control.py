"""Negative controls: mistakes planted in the claim, which this very call must catch."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from gradcheck.check._compare import Outcome, compare
from gradcheck.check._direction import Direction
from gradcheck.check._forward import ForwardScene
from gradcheck.check._judge import Ledger, required
from gradcheck.check._match import Gradients
from gradcheck.check._point import Floats
from gradcheck.check._scene import ReverseScene, Scene
from gradcheck.check._verdict import Finding, Verdict

__all__ = ["PLANTS", "control_finding", "negative_controls", "spoiled"]

PLANTS = ("every entry", "the largest entry")


def negative_controls(scene: Scene, ledger: Ledger) -> Iterator[Finding]:
    """For each array: its gradient scaled by 1 + r, then its largest entry alone, r the resolution that a pass needs.

    The planted claims go the way of the real one, from the gradients to the verdict; the measurements are those made,
    so that f is not called again.
    """
    for array, variable in enumerate(scene.point.variables):
        if array in scene.misfits or ledger.comparison is None or not ledger.of(array):
            continue
        directions = [ledger.rows[i].direction for i in ledger.of(array)]
        missed = [
            what for what in PLANTS if not _is_caught(_planted(scene, array, directions, what), ledger, array)
        ]
        own = scene.options.tolerance(0.0) is not None
        yield control_finding(variable.path, required(scene), missed, own_bound=own)


def control_finding(path: str, size: float, missed: list[str], *, own_bound: bool = False) -> Finding:
    """What a planted mistake of this relative size came to; `missed` says where it was not caught.

    `own_bound`: whether the bound is the caller's."""
    if missed:
        message = (
            f"negative control: a planted mistake of {size:.1g} in {' and in '.join(missed)} of "
            f"{path} was not caught"
        )
        advice = "choose a point where the gradient is larger, or ask for a coarser resolution"
        if own_bound:
            advice = (
                "it lies within the atol and rtol that were asked for: leave them out, the bound is measured"
            )
        return Finding("value", Verdict.INCONCLUSIVE, message, input=path, advice=advice)
    message = f"negative control: planted mistakes of {size:.1g} in {path} were caught"
    return Finding("value", Verdict.PASS, message, input=path)


def _planted(scene: Scene, array: int, directions: list[Direction], what: str) -> Scene:
    """The scene with a wrong claim for one array."""
    size = required(scene)
    if isinstance(scene, ForwardScene):
        return _planted_tangents(scene, size, directions, what)
    assert isinstance(scene, ReverseScene)
    x, zero = scene.point.coordinates[array], _size_where_zero(scene, array)
    known = [_with(g, array, lambda flat: spoiled(flat, size, x, what, zero)) for g in scene.known]
    return replace(scene, known=known)


def _with(gradients: Gradients, array: int, change: Callable[[Floats], Floats]) -> Gradients:
    flat = list(gradients.flat)
    flat[array] = change(flat[array])
    return replace(gradients, flat=tuple(flat))


def _planted_tangents(scene: ForwardScene, size: float, directions: list[Direction], what: str) -> Scene:
    """The same in the output tangents along all directions through an array."""
    asked = dict(scene.asked)
    for direction in directions:
        tangent = scene.tangent_along(direction)
        still = np.zeros(tangent.size)  # an output can always be moved
        asked[id(direction)] = direction, spoiled(tangent, size, still, what, size_where_zero=0.0)
    return replace(scene, asked=asked)


def _size_where_zero(scene: Scene, array: int) -> float:
    """What a gradient would typically be that is zero everywhere: no relative mistake can be planted in it."""
    if any(np.any(scene.gradients(k)[array]) for k in range(len(scene.weights))):
        return 0.0
    base = scene.instrument.base
    largest = float(np.max(np.abs(base), initial=0.0, where=np.isfinite(base)))
    return (largest or 1.0) / scene.point.size_of(array)


def spoiled(gradient: Floats, size: float, x: Floats, what: str, size_where_zero: float) -> Floats:
    """A relative mistake in every entry, or in the largest of those that can be moved."""
    wrong = gradient.copy()
    movable = np.where(np.isfinite(x) & np.isfinite(gradient), np.abs(gradient), -1.0)
    where = int(np.argmax(movable)) if what == PLANTS[1] else slice(None)
    wrong[where] = wrong[where] * (1.0 + size) + size * size_where_zero
    return wrong


def _is_caught(planted: Scene, ledger: Ledger, array: int) -> bool:
    c, rows = ledger.comparison, ledger.of(array)
    assert c is not None
    claimed, _ = planted.along([ledger.rows[i].direction for i in rows])
    m = c.measured
    measured = replace(
        m,
        value=m.value[rows],
        error=c.bound[rows],  # the rounding of the claim, or the caller's own tolerance, is in it
        low=m.low[rows],
        high=m.high[rows],
        status=m.status[rows],
        tainted=m.tainted[rows],
        doubt=m.doubt[rows],
    )
    claimed = claimed[:, : measured.value.shape[1]]
    found = compare(claimed, np.zeros_like(claimed), measured)
    wrong = (found.outcome == Outcome.WRONG).any(axis=1)
    lone = planted.instrument.single and ledger.is_lone(rows, wrong, found.margin)
    return bool(wrong.any() and not lone)
