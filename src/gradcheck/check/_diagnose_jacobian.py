"""A wrong Jacobian, entry by entry: the numbers that the user knows, not their contraction with a cotangent."""

from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.check._diagnose import MORE, Evidence, diagnose
from gradcheck.check._diagnose_matrix import Matrix
from gradcheck.check._function import Exhausted
from gradcheck.check._jacobian import JacobianClaim
from gradcheck.check._plan import units_of
from gradcheck.check._scene import ReverseScene
from gradcheck.check._verdict import Finding

__all__ = ["explained_jacobian"]

WHOLE = 4096  # entries of a Jacobian that are measured one by one


def explained_jacobian(scene: Any, array: int, finding: Finding) -> Finding | None:
    """The worst entry, the wrong entries and a diagnosis of one input's Jacobian; None where it is too large.

    An index is that of the output followed by that of the input.
    """
    assert isinstance(scene, ReverseScene)
    assert isinstance(scene.reverse, JacobianClaim)
    variable, outputs = scene.point.variables[array], scene.outputs
    entries = outputs.size * scene.point.coordinates[array].size
    if variable.is_complex or outputs.is_complex or entries > WHOLE:
        return None
    units = units_of(scene.instrument, array, finite=False)
    size = np.array([float(d.parts[0].step) for d in units])
    try:
        estimate = scene.instrument.estimate("ladder", units)
    except Exhausted:
        return replace(finding, diagnosis="unknown", advice=MORE)
    shape = outputs.shapes[0] + variable.shape
    claimed = scene.reverse.block(scene.point, variable.path, shape)
    measured, error = ((x / size[:, None]).T.reshape(shape) for x in (estimate.value, estimate.error))
    room = Matrix(claimed, measured, error).room
    gap = np.where(np.isfinite(room), np.abs(claimed - measured) - room, -np.inf)
    wrong = np.flatnonzero(gap > 0)
    if not len(wrong):
        return None
    found = diagnose(
        Evidence(
            path=variable.path,
            shape=shape,
            claimed=claimed,
            index=np.flatnonzero(np.isfinite(room)),
            measured=measured[np.isfinite(room)],
            error=error[np.isfinite(room)],
            inputs={},
            claims={variable.path: claimed},
            output_shape=outputs.shape,
            wrong=tuple(int(i) for i in wrong) if 2 * len(wrong) <= entries else None,
        )
    )
    worst, places = int(np.argmax(gap)), [tuple(map(int, np.unravel_index(i, shape))) for i in wrong]
    off, bound = float(np.abs(claimed - measured).flat[worst]), float(error.flat[worst])
    return replace(
        finding,
        index=tuple(map(int, np.unravel_index(worst, shape))),
        claimed=float(claimed.flat[worst]),
        measured=float(measured.flat[worst]),
        error=bound,
        margin=off / bound if bound else float("inf"),
        diagnosis=found.slug,
        message=found.sentence.replace("measured gradient", "measured Jacobian"),
        advice=found.advice,
        wrong_entries=tuple(places),
        sample=(),
    )
