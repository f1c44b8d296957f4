"""A wrong input explained: which entries are wrong, what kind of mistake it is, and what the step size does to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._compare import Measured, Outcome
from gradcheck.check._diagnose import Evidence, diagnose
from gradcheck.check._direction import Direction, dense, signs
from gradcheck.check._forward import ForwardScene
from gradcheck.check._function import Exhausted, Lines
from gradcheck.check._judge import Ledger
from gradcheck.check._localise import localise
from gradcheck.check._plan import units_of
from gradcheck.check._point import Floats, Point
from gradcheck.check._reverse import ClaimRaised, floor
from gradcheck.check._scene import ReverseScene, Scene
from gradcheck.check._verdict import Entry, Finding, Sweep

__all__ = ["explained"]

DIRECTIONS = 220  # for localising: k wrong entries of n cost about 2 k log2 n, three of a million 120
CLEAR = 4.0  # a mistake so many times the bound of the cheap route is localised by it
SAMPLE = 24  # entries that are measured one by one where nothing was localised
POWERS = range(
    4, 44, 3
)  # of 1/2: the steps of the step-size curve, from a sixteenth of the input's size to its last bits


@dataclass(frozen=True)
class Case:
    """One input whose claim is wrong for one cotangent."""

    scene: Scene
    ledger: Ledger
    array: int
    k: int

    @property
    def point(self) -> Point:
        return self.scene.point

    @property
    def weights(self) -> Floats:
        return self.scene.weights[self.k : self.k + 1]

    @property
    def claimed(self) -> Floats:
        return self.scene.gradients(self.k)[self.array]

    def entries(self, array: int, which: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Single coordinates of an input measured by the ladder: derivatives and their errors."""
        directions = units_of(self.scene.instrument, array, which, finite=False)
        measured = self.measure(directions, "ladder")
        size = np.array([float(d.parts[0].step) for d in directions])
        return measured.value[:, 0] / size, measured.error[:, 0] / size

    def measure(self, directions: list[Direction], route: str) -> Measured:
        return self.scene.instrument.measured(route, directions, self.weights)


def explained(scene: Scene, ledger: Ledger, array: int, finding: Finding) -> Finding:
    """`finding` with the worst entry, the wrong entries, a diagnosis, advice and the step-size curve."""
    if isinstance(scene, ForwardScene):
        return _explained_forward(scene, ledger, array, finding)
    case = Case(scene, ledger, array, _worst_cotangent(scene, ledger, array))
    try:
        index, value, error, wrong = _measured_entries(case)
        finding = _with_entries(case, finding, index, value, error, wrong)
        finding = _diagnosed(case, finding, index, value, error, wrong)
        return replace(finding, sweep=_sweep(case, finding))
    except (Exhausted, ClaimRaised):
        return replace(
            finding,
            diagnosis=finding.diagnosis or "unknown",
            advice="raise max_evaluations to have the mistake named",
        )


def _explained_forward(scene: ForwardScene, ledger: Ledger, array: int, finding: Finding) -> Finding:
    """The mistake as the output tangent shows it, along the direction with the largest margin."""
    c = ledger.comparison
    assert c is not None
    rows = ledger.of(array)
    worst = rows[int(np.argmax(np.where(c.outcome[rows] == Outcome.WRONG, c.margin[rows], -1.0).max(axis=1)))]
    direction, shape = ledger.rows[worst].direction, scene.outputs.shape
    try:
        estimate = scene.instrument.estimate("ladder", [direction])
    except Exhausted:
        return replace(finding, diagnosis="unknown")
    claimed = scene.tangent_along(direction)
    good = np.isfinite(estimate.value[0]) & np.isfinite(estimate.error[0])
    if scene.outputs.is_complex or not good.any():
        return replace(finding, diagnosis="unknown")
    path = f"the tangent for {scene.point.variables[array].path}"
    found = diagnose(
        Evidence(
            path=path,
            shape=shape,
            claimed=claimed.reshape(shape),
            index=np.flatnonzero(good),
            measured=np.asarray(estimate.value[0][good], dtype=float),
            error=estimate.error[0][good],
            inputs={},
            claims={path: claimed.reshape(shape)},
            output_shape=shape,
            cotangent=None,
            wrong=None,
            measure=None,
            measure_other=None,
            claim_at=None,
        )
    )
    return replace(finding, diagnosis=found.slug, message=found.sentence, advice=found.advice)


def _worst_cotangent(scene: Scene, ledger: Ledger, array: int) -> int:
    """A dense cotangent where it shows the mistake, as it mixes all outputs; else the one with the largest margin."""
    c = ledger.comparison
    assert c is not None
    rows = ledger.of(array)
    margin = np.where(c.outcome[rows] == Outcome.WRONG, c.margin[rows], -1.0).max(axis=0)
    for k in range(scene.dense):
        if margin[k] > 0:
            return k
    return int(np.argmax(margin))


def _measured_entries(case: Case) -> tuple[NDArray[np.intp], Floats, Floats, tuple[int, ...] | None]:
    """Coordinates measured one by one, and the wrong ones among all (None where mistakes are dense)."""
    c, rows = case.ledger.comparison, case.ledger.of(case.array)
    assert c is not None
    own = [i for i in rows if case.ledger.rows[i].direction.kind == "entry"]
    n = case.point.coordinates[case.array].size
    if len(own) >= n:
        parts = [case.ledger.rows[i].direction.parts[0] for i in own]
        index, size = np.array([int(p.index[0]) for p in parts]), np.array([float(p.step) for p in parts])
        wrong = tuple(
            int(j) for i, j in zip(own, index, strict=True) if c.outcome[i, case.k] == Outcome.WRONG
        )
        return (
            index,
            c.measured.value[own, case.k] / size,
            c.bound[own, case.k] / size,
            wrong if 2 * len(wrong) <= n else None,
        )
    found = _localised(case)
    if found:
        index = np.array(found[: 4 * SAMPLE])
        return index, *case.entries(case.array, index), found
    spread = np.unique(np.linspace(0, n - 1, SAMPLE).astype(np.intp))
    return spread, *case.entries(case.array, spread), None


def _localised(case: Case) -> tuple[int, ...]:
    """Wrong coordinates by halving; none where mistakes are dense."""
    x = case.point.coordinates[case.array]
    size = case.point.size_of(case.array)
    route = _route(case)

    def residual(groups: list[NDArray[np.intp]]) -> tuple[Floats, Floats]:
        parts = [signs(case.point, case.array, size, case.scene.rng, group) for group in groups]
        directions = [dense("signs", [p], case.point, case.scene.instrument.eps) for p in parts]
        measured = case.measure(directions, route)
        gradients = case.scene.gradients(case.k)
        claimed = np.array([d.dot(gradients) for d in directions])
        return claimed - measured.value[:, 0], measured.error[:, 0] + floor(
            gradients, directions, case.scene.instrument.eps
        )

    outcome = localise(residual, x.size, rng=case.scene.rng, max_directions=DIRECTIONS)
    return () if outcome.dense else outcome.entries


def _route(case: Case) -> str:
    """The cheap route where the mistake stands out from its bound."""
    c = case.ledger.comparison
    assert c is not None
    rows = [i for i in case.ledger.of(case.array) if c.outcome[i, case.k] == Outcome.WRONG]
    directions = [case.ledger.rows[rows[0]].direction]
    cheap = case.measure(directions, "central")
    return "central" if c.distance[rows[0], case.k] > CLEAR * cheap.error[0, 0] else "ladder"


def _with_entries(
    case: Case,
    finding: Finding,
    index: NDArray[np.intp],
    value: Floats,
    error: Floats,
    wrong: tuple[int, ...] | None,
) -> Finding:
    """The worst entry and the sample, as the user counts entries."""
    variable = case.point.variables[case.array]
    claimed = case.claimed[index]
    gap = np.abs(claimed - value) - error
    with np.errstate(invalid="ignore"):
        worst = int(np.nanargmax(np.where(np.isnan(gap), -np.inf, gap)))
    names = tuple(dict.fromkeys(variable.entry(i) for i in wrong or ()))
    sample = (
        ()
        if variable.is_complex
        else tuple(
            Entry(variable.entry(int(i)), float(c), float(v), float(e))
            for i, c, v, e in zip(index, claimed, value, error, strict=True)
        )
    )
    finding = replace(finding, wrong_entries=names, sample=sample)
    if not gap[worst] > 0:
        return finding
    return replace(
        finding,
        index=variable.entry(int(index[worst])),
        claimed=float(claimed[worst]),
        measured=float(value[worst]),
        error=float(error[worst]),
        margin=float(np.abs(claimed - value)[worst] / error[worst]) if error[worst] > 0 else float("inf"),
    )


def _diagnosed(
    case: Case,
    finding: Finding,
    index: NDArray[np.intp],
    value: Floats,
    error: Floats,
    wrong: tuple[int, ...] | None,
) -> Finding:
    evidence = _evidence(case, index, value, error, wrong)
    if evidence is None:
        return replace(finding, diagnosis="unknown")
    with np.errstate(all="ignore"):
        found = diagnose(evidence)
    return replace(
        finding, diagnosis=found.slug, message=found.sentence, advice=found.advice or finding.advice
    )


def _evidence(
    case: Case, index: NDArray[np.intp], value: Floats, error: Floats, wrong: tuple[int, ...] | None
) -> Evidence | None:
    variable, point, scene = case.point.variables[case.array], case.point, case.scene
    if (
        not isinstance(scene, ReverseScene)
        or any(v.is_complex for v in point.variables)
        or not np.isfinite(value).any()
    ):
        return None
    finite = np.isfinite(value) & np.isfinite(error)
    where = {v.path: i for i, v in enumerate(point.variables)}

    def arrays(flats: Sequence[Floats]) -> Mapping[str, Any]:
        return {v.path: x.reshape(v.shape) for v, x in zip(point.variables, flats, strict=True)}

    def claim_at(w: NDArray[Any]) -> Mapping[str, Any]:
        return arrays(scene.reverse.gradients(np.asarray(w, dtype=float).ravel(), point, scene.outputs).flat)

    def claim_with(inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, Any]:
        moved = point.moved_to([np.array(inputs[v.path], dtype=float).ravel() for v in point.variables])
        return arrays(scene.reverse.gradients(case.weights[0], moved, scene.outputs).flat)

    scalar = scene.outputs.is_scalar
    return Evidence(
        path=variable.path,
        shape=variable.shape,
        claimed=case.claimed.reshape(variable.shape),
        index=index[finite],
        measured=value[finite],
        error=error[finite],
        inputs=arrays(point.coordinates),
        claims=arrays(scene.gradients(case.k)),
        output_shape=scene.outputs.shape,
        cotangent=None
        if scalar and not scene.reverse.uses_cotangent
        else case.weights[0].reshape(scene.outputs.shape),
        wrong=wrong,
        measure=lambda which: case.entries(case.array, which),
        measure_other=lambda path, which: case.entries(where[path], which),
        claim_at=None if not scene.reverse.uses_cotangent else claim_at,
        claim_with=claim_with,
        output=scene.instrument.base.reshape(scene.outputs.shape),
    )


def _sweep(case: Case, finding: Finding) -> Sweep | None:
    """The central slope at the worst entry for steps of every size."""
    if finding.index is None:
        return None
    variable = case.point.variables[case.array]
    coordinate = (
        int(np.ravel_multi_index(finding.index, variable.shape)) * variable.width if variable.shape else 0
    )
    direction = units_of(case.scene.instrument, case.array, np.array([coordinate]), finite=False)[0]
    lines = Lines(case.scene.instrument.function, case.point, case.scene.outputs, [direction], case.weights)
    t = 2.0 ** -np.array(POWERS, dtype=float)
    values = lines.evaluate(np.zeros(2 * len(t), dtype=np.intp), np.concatenate([t, -t]))[:, 0]
    size = float(direction.parts[0].step)
    slopes = (values[: len(t)] - values[len(t) :]) / (2.0 * t * size)
    good = np.isfinite(slopes)
    if not good.any():
        return None
    target = finding.measured if isinstance(finding.measured, float) else 0.0
    chosen = float(t[good][np.argmin(np.abs(slopes[good] - target))] * size)
    return Sweep(tuple(float(s) for s in t[good] * size), tuple(float(s) for s in slopes[good]), chosen)
