"""A wrong JVP explained: by its output tangent along the worst direction, and by the entries whose motion shows it."""

from dataclasses import replace

import numpy as np

from gradcheck.check._compare import Outcome
from gradcheck.check._diagnose import MORE, Evidence, diagnose
from gradcheck.check._diagnose_conjugate import tangent_conjugated
from gradcheck.check._diagnose_evidence import Array, Diagnosis, Sample
from gradcheck.check._direction import Direction
from gradcheck.check._forward import ForwardScene
from gradcheck.check._function import Exhausted
from gradcheck.check._judge import Ledger
from gradcheck.check._plan import along
from gradcheck.check._point import Floats
from gradcheck.check._reverse import ClaimRaised
from gradcheck.check._verdict import Finding

__all__ = ["explained_tangent"]

_SHOWN = 6
"""Wrong entries that a sentence lists."""


def explained_tangent(scene: ForwardScene, ledger: Ledger, array: int, finding: Finding) -> Finding:
    """`finding` with a diagnosis, and the wrong entries of the input where they are few."""
    wrong = _wrong_entries(scene, ledger, array)
    try:
        found = _conjugated(scene, array) or _diagnosed(scene, ledger, array, wrong)
    except (Exhausted, ClaimRaised):
        return replace(finding, diagnosis="unknown", advice=MORE)
    sentence = found.sentence.replace("measured gradient", "measured tangent")
    finding = replace(finding, diagnosis=found.slug, message=sentence, advice=found.advice)
    shape = scene.point.variables[array].shape
    places = tuple(tuple(int(p) for p in np.unravel_index(i, shape)) for i in wrong)
    return replace(finding, wrong_entries=places) if found.slug == "entries" and wrong else finding


def _wrong_entries(scene: ForwardScene, ledger: Ledger, array: int) -> tuple[int, ...]:
    """The entries along which the tangent is wrong, where each was moved by itself and some are right; else none."""
    c, rows, variable = ledger.comparison, ledger.of(array), scene.point.variables[array]
    assert c is not None
    own = [i for i in rows if ledger.rows[i].direction.kind == "entry"]
    if len(own) < scene.point.coordinates[array].size or (c.outcome[own] == Outcome.UNDECIDED).any():
        return ()
    bad = [i for i in own if (c.outcome[i] == Outcome.WRONG).any()]
    entries = np.unique([ledger.rows[i].direction.parts[0].index[0] // variable.width for i in bad])
    few = 2 * len(entries) * variable.width <= len(own)
    return tuple(int(i) for i in entries) if few else ()


def _worst(scene: ForwardScene, ledger: Ledger, array: int, wrong: tuple[int, ...]) -> Direction:
    """The direction with the largest margin; of single entries where those are wrong."""
    c, rows = ledger.comparison, ledger.of(array)
    assert c is not None
    if wrong:
        rows = [i for i in rows if ledger.rows[i].direction.kind == "entry"]
    margin = np.where(c.outcome[rows] == Outcome.WRONG, c.margin[rows], -1.0).max(axis=1)
    return ledger.rows[rows[int(np.argmax(margin))]].direction


def _diagnosed(scene: ForwardScene, ledger: Ledger, array: int, wrong: tuple[int, ...]) -> Diagnosis:
    variable = scene.point.variables[array]
    direction = _worst(scene, ledger, array, wrong)
    path = f"the tangent for {variable.path}"
    if wrong:
        at = list(variable.entry(int(direction.parts[0].index[0])))
        path = f"the tangent along {variable.path}{at}"
    claimed, sample, shape = _seen(scene, direction, scene.tangent_along(direction))
    if not len(sample.index):
        return Diagnosis("unknown", "")
    found = diagnose(
        Evidence(
            path=path,
            shape=shape,
            claimed=claimed.reshape(shape),
            index=sample.index,
            measured=sample.measured,
            error=sample.error,
            inputs={},
            claims={path: claimed.reshape(shape)},
            output_shape=shape,
        )
    )
    if not wrong:
        return found
    size = int(np.prod(variable.shape, dtype=int))
    places = [str([int(p) for p in np.unravel_index(i, variable.shape)]) for i in wrong[:_SHOWN]]
    listed = ", ".join(places) + (", ..." if len(wrong) > _SHOWN else "")
    what = "" if found.slug == "unknown" else f": {found.sentence}"
    return Diagnosis(
        "entries",
        f"the tangent is wrong along {len(wrong)} of the {size} entries of {variable.path}, {listed}, and right "
        f"along the others{what}",
        "look at what sets these entries apart, or at what multiplies their tangents",
    )


def _seen(
    scene: ForwardScene, direction: Direction, claimed: Floats
) -> tuple[Array, Sample, tuple[int, ...]]:
    """A claimed output tangent, what was measured of it, and its shape; complex numbers where f returns such."""
    estimate = scene.instrument.estimate("ladder", [direction])
    claim: Array = claimed
    value, error, shape = estimate.value[0], estimate.error[0], scene.outputs.shape
    if scene.outputs.is_complex and len(scene.outputs.shapes) == 1:
        claim, value, shape = claimed.view(complex), value.view(complex), scene.outputs.shapes[0]
        error = np.hypot(*error.reshape(-1, 2).T)
    good = np.isfinite(value) & np.isfinite(error)
    return claim, Sample(np.flatnonzero(good), claim[good], value[good], error[good]), shape


def _conjugated(scene: ForwardScene, array: int) -> Diagnosis | None:
    """A conjugate too many or too few, seen along a direction with real and imaginary parts."""
    variable, outputs = scene.point.variables[array], scene.outputs
    if not (variable.is_complex or outputs.is_complex):
        return None
    direction = along(scene.instrument, "gaussian", array, scene.rng)
    _, sample, _ = _seen(scene, direction, scene.tangent_along(direction))
    v = direction.arrays(scene.point)
    if variable.is_complex:
        v[array] = np.asarray(v[array].view(complex).conj()).view(float)
    claim: Array = scene.forward.tangent(v, scene.point, outputs)
    if sample.claimed.dtype.kind == "c":
        claim = claim.view(complex)
    return tangent_conjugated(variable.path, sample, claim[sample.index]) if len(sample.index) else None
