"""One finding for each input, from the outcomes of its rows."""

from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.check._compare import Comparison, Outcome
from gradcheck.check._diagnose_jacobian import placed
from gradcheck.check._explain import explained
from gradcheck.check._judge import Ledger, required
from gradcheck.check._point import Variable
from gradcheck.check._resolution import Power, power
from gradcheck.check._scene import Scene
from gradcheck.check._verdict import Entry, Finding, Verdict
from gradcheck.differentiate._estimate import Status

__all__ = ["finding_for", "nowhere_finite", "undecided", "unreached"]

SYMMETRIC = 1e-9  # relative: rounding of a symmetric claim
SHOWN = 4096  # entries that a finding carries
UNREACHED, RAISE = "the evaluations allowed did not reach", "raise max_evaluations"


def undecided(path: str, message: str, advice: str, **details: Any) -> Finding:
    return Finding(
        "value",
        Verdict.INCONCLUSIVE,
        f"{path}: {message}" if path else message,
        input=path,
        advice=advice,
        **details,
    )


def unreached(path: str) -> Finding:
    """The budget ended before this input was measured."""
    return undecided(path, f"{UNREACHED} this input", RAISE)


def nowhere_finite(path: str) -> Finding:
    """No output has a value that could have a derivative."""
    return undecided(
        path, WHY[Status.NONFINITE.value], ADVICE[Status.NONFINITE.value], status=Status.NONFINITE.value
    )


def finding_for(scene: Scene, ledger: Ledger, array: int) -> Finding:
    """The verdict on one input."""
    variable = scene.point.variables[array]
    rows = ledger.of(array)
    if not rows or ledger.comparison is None:
        return unreached(variable.path)
    caught = power(scene, ledger, array, _needed(scene))
    details = _details(ledger, rows, variable)
    wrong = (ledger.comparison.outcome[rows] == Outcome.WRONG).any(axis=1)
    if scene.instrument.single and ledger.is_lone(rows, wrong, ledger.comparison.margin[rows]):
        return undecided(variable.path, DISPUTED, "evaluate f in float64", **details)
    if wrong.any():
        return _wrong(scene, ledger, array, details)
    details |= {"resolution": caught.resolution, "probability": caught.probability}
    return _without_mistake(scene, ledger, array, rows, caught, details)


def _wrong(scene: Scene, ledger: Ledger, array: int, details: dict[str, Any]) -> Finding:
    path = scene.point.variables[array].path
    if not np.isfinite(details["claimed"]):
        advice = "look for 0/0, 0 * inf, or a logarithm or root at the edge of its domain"
        finding = placed(
            scene, array, Finding("nonfinite", Verdict.FAIL, input=path, advice=advice, **details)
        )
        message = f"the claim for {path} is {finding.claimed} where the derivative is finite"
        return replace(finding, message=message)
    if path in scene.absent:
        message = f"there is no gradient for {path} (None is a claim of zero), and the derivative is not zero"
        return Finding(
            "missing",
            Verdict.FAIL,
            message,
            input=path,
            diagnosis="zero",
            advice="return its gradient",
            **details,
        )
    if _is_convention(scene, ledger, array):
        message = (
            "f reads one triangle of this matrix and the claim is symmetric; summed over mirrored "
            "entries they agree"
        )
        advice = "the convention decides, not the code: symmetrise inside f, or check the symmetric part"
        return undecided(path, message, advice, **details)
    return explained(scene, ledger, array, Finding("value", Verdict.FAIL, input=path, **details))


def _is_convention(scene: Scene, ledger: Ledger, array: int) -> bool:
    """A structured argument (symmetric, triangular) that was perturbed out of its structure."""
    variable, c = scene.point.variables[array], ledger.comparison
    assert c is not None
    own = [i for i in ledger.of(array) if ledger.rows[i].direction.kind == "entry"]
    square = (
        len(variable.shape) == 2 and variable.shape[0] == variable.shape[1] > 1 and not variable.is_complex
    )
    if not square or len(own) != scene.point.coordinates[array].size:
        return False
    size = np.array([float(ledger.rows[i].direction.parts[0].step) for i in own])
    claim, value, error = (
        (x[own] / size[:, None]).T.reshape(-1, *variable.shape)
        for x in (c.claimed, c.measured.value, c.bound)
    )
    still = np.abs(value) <= error
    one_sided = any(
        still[:, t > 0].all()
        for t in (np.triu(np.ones(variable.shape), 1), np.tril(np.ones(variable.shape), -1))
    )
    symmetric = np.abs(claim - claim.transpose(0, 2, 1)) <= SYMMETRIC * np.abs(claim).max()
    gap = claim + claim.transpose(0, 2, 1) - value - value.transpose(0, 2, 1)
    return bool(one_sided and symmetric.all() and (np.abs(gap) <= error + error.transpose(0, 2, 1)).all())


def _details(ledger: Ledger, rows: list[int], variable: Variable) -> dict[str, Any]:
    """The worst number of an input: the largest margin among the gravest outcomes.

    Wrong is graver than left open, and that than right; of what is not right, single entries come before directions."""
    c = ledger.comparison
    assert c is not None
    outcome, margin = c.outcome[rows], np.nan_to_num(c.margin[rows], nan=0.0, posinf=np.inf)
    entry = ledger.are_entries(rows)
    gravity = np.where(outcome == Outcome.WRONG, 3, _openness(ledger, rows))
    rank = 2 * gravity + (entry[:, None] & (gravity > 0))
    claims = np.abs(c.claimed[rows])  # an output that an entry does not move says least about it
    r, k = np.unravel_index(np.lexsort((claims.ravel(), margin.ravel(), rank.ravel()))[-1], outcome.shape)
    i = rows[r]
    direction = ledger.rows[i].direction
    size = float(direction.parts[0].step) if entry[r] else 1.0
    return {
        "index": variable.entry(int(direction.parts[0].index[0])) if entry[r] else None,
        "claimed": float(c.claimed[i, k]) / size,
        "measured": float(c.measured.value[i, k]) / size,
        "error": float(c.bound[i, k]) / size,
        "margin": float(c.margin[i, k]),
        "status": str(c.measured.status[i, k]),
        "sample": _sample(ledger, rows, variable, int(k)),
    }


def _openness(ledger: Ledger, rows: list[int]) -> Any:
    """2 where there is no slope at all in a lost row, 1 where nothing could be resolved, else 0; (rows, cotangents).

    Values of f without a digit that counts leave outcomes open, or make the bound larger than every claim. Where
    single entries were measured, random directions need not show anything."""
    c = ledger.comparison
    assert c is not None
    outcome, claimed = c.outcome[rows], np.abs(c.claimed[rows])
    entry = ledger.are_entries(rows)
    judged = (entry if entry.any() else ~entry)[:, None]
    lost = np.isin(rows, _lost_rows(ledger, rows, outcome))[:, None] & (outcome == Outcome.UNDECIDED)
    largest = np.max(claimed, initial=0.0, where=judged & np.isfinite(claimed))
    blind = judged & (c.bound[rows] > largest)
    reason = c.measured.status[rows] != Status.UNRESOLVED.value
    return np.select([lost & reason, lost | blind], [2, 1], 0)


def _sample(ledger: Ledger, rows: list[int], variable: Variable, k: int) -> tuple[Entry, ...]:
    """The entries that were measured one by one; a complex one where both of its coordinates were."""
    c = ledger.comparison
    assert c is not None
    parts: dict[tuple[int, ...], list[tuple[float, float, float]]] = {}
    for i in rows[: SHOWN + 8]:
        direction = ledger.rows[i].direction
        if direction.kind == "entry":
            part = direction.parts[0]
            s = float(part.step)
            numbers = (float(x[i, k]) / s for x in (c.claimed, c.measured.value, c.bound))
            parts.setdefault(variable.entry(int(part.index[0])), []).append(tuple(numbers))  # type: ignore[arg-type]
    return tuple(_entry(at, found) for at, found in parts.items() if len(found) == variable.width)


def _entry(at: tuple[int, ...], found: list[tuple[float, float, float]]) -> Entry:
    """One real number, or the real and the imaginary part of one, which rows keep in this order."""
    if len(found) == 1:
        return Entry(at, *found[0])
    (a, m, e), (b, n, d) = found
    return Entry(at, complex(a, b), complex(m, n), float(np.hypot(e, d)))


def _without_mistake(
    scene: Scene, ledger: Ledger, array: int, rows: list[int], caught: Power, details: dict[str, Any]
) -> Finding:
    path = scene.point.variables[array].path
    c = ledger.comparison
    assert c is not None
    outcome = c.outcome[rows]
    lost = _lost_rows(ledger, rows, outcome)
    if lost:
        status = details["status"]
        why = _why(status, len(lost), len(rows), hidden=bool(np.isfinite(details["measured"])))
        return undecided(path, why, _advice(scene, status), **details)
    if _is_zero(scene, ledger, array, rows):
        return _vacuous(scene, c, rows, path, details)
    if caught.gate > _needed(scene) and not _all_kinks(ledger, rows, outcome):
        message = (
            f"a relative mistake of {_needed(scene):.1g} could not have been seen: the "
            f"measurement is only good to {caught.gate:.1g}"
        )
        return undecided(path, message, _advice_where_coarse(scene, caught.gate), **details)
    if scene.options.coverage == "full" and (left := _unmeasured(scene, ledger, array, rows)):
        return undecided(path, f"{UNREACHED} {left:,} of its entries", RAISE, **details)
    kinks = bool((outcome == Outcome.SUBGRADIENT).any())
    doubtful = kinks and not caught.probability and (outcome == Outcome.UNDECIDED).any()
    if doubtful and _unmeasured(scene, ledger, array, rows):
        return undecided(path, KINKS, ADVICE[Status.KINK.value], **details)
    details["diagnosis"] = "subgradient" if kinks else ""
    message = ""
    if kinks:
        message = f"{path}: at a kink, the claim lies between the one-sided slopes"
    return Finding("value", Verdict.PASS, message, input=path, **details)


def _unmeasured(scene: Scene, ledger: Ledger, array: int, rows: list[int]) -> int:
    """Entries that were not measured by themselves, of those that can be."""
    measured = int(ledger.are_entries(rows).sum())
    coordinates = int(np.isfinite(scene.point.coordinates[array]).sum())
    return -((measured - coordinates) // scene.point.variables[array].width)


def _needed(scene: Scene) -> float:
    """The resolution without which there is no pass; a caller who sets the bound himself answers for what it shows."""
    return required(scene) if scene.options.tolerance(0.0) is None else np.inf


def _lost_rows(ledger: Ledger, rows: list[int], outcome: Any) -> list[int]:
    """Rows that leave something open: single entries always; of random directions all must have failed."""
    open_rows = (outcome == Outcome.UNDECIDED).any(axis=1)
    closed = (outcome != Outcome.UNDECIDED).all(axis=1)
    entry = ledger.are_entries(rows)
    if entry.any():
        return [rows[i] for i in np.flatnonzero(open_rows & entry)]
    return [] if closed.any() else [rows[i] for i in np.flatnonzero(open_rows)]


def _all_kinks(ledger: Ledger, rows: list[int], outcome: Any) -> bool:
    """Of the entries, where they were looked at one by one; else of the directions."""
    entry = ledger.are_entries(rows)
    asked = outcome[entry] if entry.any() else outcome
    return bool((asked == Outcome.SUBGRADIENT).any(axis=1).all())


def _is_zero(scene: Scene, ledger: Ledger, array: int, rows: list[int]) -> bool:
    """Claim and measurement are both zero as far as can be told, everywhere."""
    c = ledger.comparison
    assert c is not None
    return bool(
        (np.abs(c.claimed[rows]) <= c.bound[rows]).all()
        and (np.abs(c.measured.value[rows]) <= c.bound[rows]).all()
    )


def _vacuous(scene: Scene, c: Comparison, rows: list[int], path: str, details: dict[str, Any]) -> Finding:
    """Nothing to see: a zero that is well measured beside f's own size passes, and so does an exact zero."""
    exact = bool((c.claimed[rows] == 0).all())
    size = np.abs(np.nan_to_num(scene.instrument.base, posinf=0.0, neginf=0.0))
    allowed = required(scene) * (np.abs(scene.weights) @ size)
    details |= {"diagnosis": "vacuous", "resolution": None, "probability": None}
    if exact or (c.bound[rows] <= allowed[: c.bound.shape[1]]).all():
        message = f"{path}: the gradient is zero here as far as f's values can show, and so is the claim"
        return Finding(
            "value", Verdict.PASS, message, input=path, advice="a check elsewhere says more", **details
        )
    details["diagnosis"] = ""
    if scene.options.atol and (np.abs(c.claimed[rows]) > c.measured.error[rows]).any():
        message = f"the claim lies below the atol of {scene.options.atol:.3g} that was asked for"
        return undecided(path, message, "leave atol out: the bound is measured", **details)
    return undecided(
        path,
        "the claim lies below what f's values can show here",
        "check where f is not saturated",
        **details,
    )


def _advice(scene: Scene, status: str) -> str:
    """What to do about a slope that was not found; who evaluates in float64 is not told to."""
    if status not in ADVICE or status == Status.UNRESOLVED.value:
        return ADVICE[Status.UNRESOLVED.value] + (FLOAT64 if scene.instrument.single else "")
    return ADVICE[status]


def _advice_where_coarse(scene: Scene, gate: float) -> str:
    """What to do where a measurement is good to `gate` only: the resolution that it has, in one digit."""
    unit = 10.0 ** np.floor(np.log10(gate)) if 0 < gate < np.inf else np.inf
    enough = float(f"{np.ceil(gate / unit * (1 - 1e-12)) * unit:.0e}") if unit < 1 else 1.0
    way = f"resolution={enough:g} would pass" if enough < 1 else "no resolution would pass: move the point"
    if scene.instrument.single:
        return f"evaluate f in float64; {way}"
    held = f"to {-np.log10(gate):.1f} digits only" if gate < 1 else "to no digit"
    return f"f's values hold this slope {held}: {way}; or take a large constant out of f"


def _why(status: str, lost: int, count: int, *, hidden: bool) -> str:
    """A jump beside a slope that was measured is a step of f's rounding: see `gradcheck.check._stairs`."""
    why = STEPS if status == Status.JUMP.value and hidden else WHY.get(status, WHY["unresolved"])
    return f"{why} (in {lost} of {count} directions)"


WHY = {
    Status.JUMP.value: "f jumps here: it has no derivative",
    Status.SINGULAR.value: "the slope of f grows without bound here",
    Status.NONFINITE.value: "f is not finite here",
    Status.KINK.value: "f has a kink here, and kinks are strict",
    Status.UNRESOLVED.value: "the slope could not be resolved",
}
KINKS = (
    "f has kinks along every direction that was tried: the claim may be one of its subgradients, and no mistake "
    "would have been caught"
)
DISPUTED = (
    "one direction speaks against the claim, by little, and another does not: f computes in less than float64, where "
    "kinks and noise together may look like a slope"
)
STEPS = (
    "rounding inside f, or a solver that stops at a tolerance, makes its values move in steps here, which hide "
    "the slope that is claimed"
)
FLOAT64 = ", or evaluate f in float64"
ADVICE = {
    Status.JUMP.value: "move the point away from the jump",
    Status.SINGULAR.value: "move the point away from the singularity",
    Status.NONFINITE.value: "choose inputs at which f is finite",
    Status.KINK.value: "move the point off the kink, or accept subgradients",
    Status.UNRESOLVED.value: "move the point, or scale the inputs",
}
