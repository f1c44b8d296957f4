"""A wrong Jacobian, entry by entry: the numbers that the user knows, not their contraction with a cotangent."""

from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.check._diagnose import MORE, Evidence, diagnose
from gradcheck.check._diagnose_matrix import Matrix
from gradcheck.check._function import Exhausted
from gradcheck.check._jacobian import HessianClaim, JacobianClaim
from gradcheck.check._match import by_path
from gradcheck.check._plan import units_of
from gradcheck.check._scene import ReverseScene
from gradcheck.check._verdict import Finding

__all__ = ["explained_jacobian", "placed"]

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
            claims=_blocks(scene, shape),
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
        message=found.sentence.replace("measured gradient", "measured Jacobian").replace(
            "the gradient of", "the Jacobian of"
        ),
        advice=found.advice,
        wrong_entries=tuple(places),
        sample=(),
    )


def _blocks(scene: ReverseScene, shape: tuple[int, ...]) -> dict[str, Any]:
    """The claimed Jacobians of this shape, by path: two of them may have been exchanged."""
    assert isinstance(scene.reverse, JacobianClaim)
    alike = [
        v.path
        for i, v in enumerate(scene.point.variables)
        if scene.outputs.shapes[0] + v.shape == shape and i not in scene.misfits and not v.is_complex
    ]
    return {path: scene.reverse.block(scene.point, path, shape) for path in alike}


def placed(scene: Any, array: int, finding: Finding) -> Finding:
    """The first entry of a claimed Jacobian or Hessian that is not finite, and its own derivative, in the finding."""
    claim = getattr(scene, "reverse", None)
    if scene.outputs.is_complex or scene.point.variables[array].is_complex:
        return finding
    if isinstance(claim, JacobianClaim):
        shape = scene.outputs.shapes[0]
        block = np.asarray(
            by_path(claim.at(scene.point), scene.point, claim.name)[finding.input], dtype=float
        )
        return _at_the_first(scene, array, finding, block.reshape(scene.outputs.size, -1), [(0, shape)], 1.0)
    if isinstance(claim, HessianClaim) and claim.slopes is not None and claim.slopes.is_whole:
        columns = [row[array] for row in claim.blocks(claim.at(scene.point), scene.point)[0]]
        starts = np.cumsum([0, *(len(b) for b in columns[:-1])]).tolist()
        rows = [(start, v.shape) for start, v in zip(starts, scene.point.variables, strict=True)]
        steps = np.array([float(d.parts[0].step) for d in claim.slopes.bases])
        return _at_the_first(scene, array, finding, np.vstack(columns), rows, steps)
    return finding


def _at_the_first(
    scene: Any, array: int, finding: Finding, block: Any, rows: list[tuple[int, tuple[int, ...]]], steps: Any
) -> Finding:
    """`block` has all rows; `rows` says where each of those that are indexed by themselves starts, and its shape."""
    wrong = np.argwhere(~np.isfinite(block))
    if not len(wrong):
        return finding
    row, column = (int(i) for i in wrong[0])
    start, shape = [r for r in rows if r[0] <= row][-1]
    unit = units_of(scene.instrument, array, np.array([column]), finite=False)
    index = (
        *np.unravel_index(row - start, shape),
        *np.unravel_index(column, scene.point.variables[array].shape),
    )
    finding = replace(finding, index=tuple(map(int, index)), claimed=float(block[row, column]), sample=())
    try:
        estimate = scene.instrument.estimate("ladder", unit)
    except Exhausted:
        return replace(finding, measured=None, error=None)
    size = float(unit[0].parts[0].step) * np.broadcast_to(steps, (len(block),))[row]
    return replace(
        finding, measured=float(estimate.value[0, row] / size), error=float(estimate.error[0, row] / size)
    )
