"""A wrong input explained: which entries are wrong, what kind of mistake it is, and what the step size does to it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._compare import Comparison, Outcome
from gradcheck.check._diagnose import MORE, diagnose
from gradcheck.check._diagnose_case import Case, Entries, evidence_of, joined
from gradcheck.check._diagnose_tangent import explained_tangent
from gradcheck.check._direction import dense, signs
from gradcheck.check._forward import ForwardScene
from gradcheck.check._function import Exhausted, Lines
from gradcheck.check._judge import Ledger
from gradcheck.check._localise import localise
from gradcheck.check._plan import units_of
from gradcheck.check._point import Floats
from gradcheck.check._reverse import ClaimRaised, floor
from gradcheck.check._scene import Scene
from gradcheck.check._verdict import Entry, Finding, Sweep

__all__ = ["explained"]

DIRECTIONS = 220  # for localising: k wrong entries of n cost about 2 k log2 n, three of a million 120
CLEAR = 4.0  # a mistake so many times the bound of the cheap route is localised by it
SAMPLE = 24  # entries that are measured one by one where nothing was localised
POWERS = range(
    4, 44, 3
)  # of 1/2: the steps of the step-size curve, from a sixteenth of the input's size to its last bits


def explained(scene: Scene, ledger: Ledger, array: int, finding: Finding) -> Finding:
    """`finding` with the worst entry, the wrong entries, a diagnosis, advice and the step-size curve."""
    claim = scene.forward if isinstance(scene, ForwardScene) else getattr(scene, "reverse", None)
    own = claim.explain(scene, array, finding) if claim is not None and claim.explain is not None else None
    if own is not None:
        return own
    if isinstance(scene, ForwardScene):
        return explained_tangent(scene, ledger, array, finding)
    case = Case(scene, ledger, array, _worst_cotangent(scene, ledger, array))
    try:
        entries, wrong = _measured_entries(case)
        finding = _with_entries(case, finding, entries, wrong)
        finding = _diagnosed(case, finding, entries, wrong)
        return replace(finding, sweep=_sweep(case, finding))
    except (Exhausted, ClaimRaised):
        return replace(finding, diagnosis=finding.diagnosis or "unknown", advice=MORE)


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


def _measured_entries(case: Case) -> tuple[Entries, tuple[int, ...] | None]:
    """Entries measured one by one, and the wrong ones among all (None where mistakes are dense)."""
    c, rows = case.ledger.comparison, case.ledger.of(case.array)
    assert c is not None
    own = [i for i in rows if case.ledger.rows[i].direction.kind == "entry"]
    if len(own) >= case.size * case.variable.width:
        return _from_rows(case, c, own)
    found = _localised(case)
    if found:
        return case.entries(case.array, np.array(found[: 4 * SAMPLE])), found
    spread = np.unique(np.linspace(0, case.size - 1, SAMPLE).astype(np.intp))
    return case.entries(case.array, spread), None


def _from_rows(case: Case, c: Comparison, own: list[int]) -> tuple[Entries, tuple[int, ...] | None]:
    """The entries of an array all of whose coordinates have rows of their own."""
    parts = {int((d := case.ledger.rows[i].direction.parts[0]).index[0]): (i, float(d.step)) for i in own}
    at = np.array(sorted(parts))
    rows, size = np.array([parts[j][0] for j in at]), np.array([parts[j][1] for j in at])
    m = c.measured
    numbers = (x[rows, case.k] / size for x in (m.value, c.bound, m.low, m.high))
    wrong = at[c.outcome[rows, case.k] == Outcome.WRONG] // case.variable.width
    named = tuple(int(i) for i in np.unique(wrong))
    entries = joined(np.arange(case.size), case.variable, *numbers)
    # Where some entry could not be decided, nobody knows that all the others are right.
    open_ones = bool((c.outcome[rows, case.k] == Outcome.UNDECIDED).any())
    return entries, named if 2 * len(named) <= case.size and not open_ones else None


def _localised(case: Case) -> tuple[int, ...]:
    """Wrong entries by halving; none where mistakes are dense."""
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
    named = np.unique(np.array(outcome.entries, dtype=np.intp) // case.variable.width)
    return () if outcome.dense else tuple(int(i) for i in named)


def _route(case: Case) -> str:
    """The cheap route where the mistake stands out from its bound."""
    c = case.ledger.comparison
    assert c is not None
    rows = [i for i in case.ledger.of(case.array) if c.outcome[i, case.k] == Outcome.WRONG]
    directions = [case.ledger.rows[rows[0]].direction]
    cheap = case.measure(directions, "central")
    return "central" if c.distance[rows[0], case.k] > CLEAR * cheap.error[0, 0] else "ladder"


def _with_entries(case: Case, finding: Finding, entries: Entries, wrong: tuple[int, ...] | None) -> Finding:
    """The worst entry and the sample, as the user counts entries."""
    shape, claimed = case.variable.shape, case.claimed[entries.index]
    places = [tuple(int(p) for p in np.unravel_index(i, shape)) for i in entries.index]
    numbers = zip(places, claimed.tolist(), entries.value.tolist(), entries.error.tolist(), strict=True)
    finding = replace(
        finding,
        wrong_entries=tuple(tuple(int(p) for p in np.unravel_index(i, shape)) for i in wrong or ()),
        sample=tuple(Entry(*number) for number in numbers),
    )
    distance = np.abs(claimed - entries.value)
    with np.errstate(invalid="ignore"):
        gap = np.where(np.isfinite(entries.error), distance - entries.error, -np.inf)
        worst = int(np.argmax(np.where(np.isnan(gap), -np.inf, gap)))
    if not gap[worst] > 0:
        return finding
    error = float(entries.error[worst])
    return replace(
        finding,
        index=places[worst],
        claimed=claimed[worst].item(),
        measured=entries.value[worst].item(),
        error=error,
        margin=float(distance[worst] / error) if error > 0 else float("inf"),
        message=_kink_in_words(entries, worst),
    )


def _kink_in_words(entries: Entries, worst: int) -> str:
    """What would have been accepted, where that is more than one number."""
    low, high = float(entries.low[worst]), float(entries.high[worst])
    return f"f has a kink there: any slope from {low:.4g} to {high:.4g} is accepted" if high > low else ""


def _diagnosed(case: Case, finding: Finding, entries: Entries, wrong: tuple[int, ...] | None) -> Finding:
    evidence = evidence_of(case, entries, wrong)
    if evidence is None:
        return replace(finding, diagnosis="unknown")
    with np.errstate(all="ignore"):
        found = diagnose(evidence)
    message = f"{found.sentence}; {finding.message}" if finding.message else found.sentence
    return replace(finding, diagnosis=found.slug, message=message, advice=found.advice or finding.advice)


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
    target = float(np.real(finding.measured or 0.0))
    chosen = float(t[good][np.argmin(np.abs(slopes[good] - target))] * size)
    return Sweep(tuple(float(s) for s in t[good] * size), tuple(float(s) for s in slopes[good]), chosen)
