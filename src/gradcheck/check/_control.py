"""Negative controls: mistakes planted in the claim, which this very call must catch."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gradcheck.check._compare import Outcome, compare
from gradcheck.check._judge import Ledger, required
from gradcheck.check._point import Floats
from gradcheck.check._scene import ReverseScene, Scene
from gradcheck.check._verdict import Finding, Verdict

__all__ = ["negative_controls"]


def negative_controls(scene: Scene, ledger: Ledger) -> Iterator[Finding]:
    """For each array: its gradient scaled by 1 + r, then its largest entry alone, r the resolution that a pass needs.

    The planted claims go the way of the real one, from the gradients to the verdict; the measurements are those made.
    """
    if ledger.comparison is None or scene.options.tolerance(0.0) is not None:
        return
    for array, variable in enumerate(scene.point.variables):
        if array in scene.misfits or not ledger.of(array):
            continue
        missed = [what for what, planted in _plants(scene, array) if not _is_caught(planted, ledger, array)]
        size = f"{required(scene):.1g}"
        if missed:
            message = (
                f"negative control: a planted mistake of {size} in {' and in '.join(missed)} of "
                f"{variable.path} was not caught"
            )
            advice = "choose a point where the gradient is larger, or ask for a coarser resolution"
            yield Finding("value", Verdict.INCONCLUSIVE, message, input=variable.path, advice=advice)
        else:
            message = f"negative control: planted mistakes of {size} in {variable.path} were caught"
            yield Finding("value", Verdict.PASS, message, input=variable.path)


def _plants(scene: Scene, array: int) -> Iterator[tuple[str, Scene]]:
    """The scene with a wrong claim for one array."""
    if not isinstance(scene, ReverseScene):
        return
    for what in ("every entry", "the largest entry"):
        known = []
        for gradients in scene.known:
            flat = list(gradients.flat)
            flat[array] = _spoiled(
                flat[array], required(scene), scene.point.coordinates[array], alone=what != "every entry"
            )
            known.append(replace(gradients, flat=tuple(flat)))
        yield what, replace(scene, known=known)


def _spoiled(gradient: Floats, size: float, x: Floats, *, alone: bool) -> Floats:
    wrong = gradient.copy()
    movable = np.where(np.isfinite(x) & np.isfinite(gradient), np.abs(gradient), -1.0)
    where = int(np.argmax(movable)) if alone else slice(None)
    wrong[where] *= 1.0 + size
    return wrong


def _is_caught(planted: Scene, ledger: Ledger, array: int) -> bool:
    c, rows = ledger.comparison, ledger.of(array)
    assert c is not None
    claimed, _ = planted.along([ledger.rows[i].direction for i in rows])
    m = c.measured
    measured = replace(
        m,
        value=m.value[rows],
        error=c.bound[rows],
        low=m.low[rows],
        high=m.high[rows],
        status=m.status[rows],
        tainted=m.tainted[rows],
    )
    claimed = claimed[:, : measured.value.shape[1]]
    return bool((compare(claimed, np.zeros_like(claimed), measured).outcome == Outcome.WRONG).any())
