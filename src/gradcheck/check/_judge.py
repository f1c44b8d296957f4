"""From directions to outcomes: the cheap route first, the ladder where it disagrees, the claim's rounding last."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gradcheck.check._compare import Comparison, Measured, Outcome, compare
from gradcheck.check._direction import Direction
from gradcheck.check._plan import Row, Tier, along, units_of
from gradcheck.check._point import Floats
from gradcheck.check._scene import Scene

__all__ = ["Ledger", "decide", "judge_rows"]

KEPT = 100_000  # coordinates up to which the claim's own rounding is always measured, not only where there is a difference


@dataclass
class Ledger:
    """Rows with what came out of them; arrays of shape (rows, cotangents)."""

    rows: list[Row] = field(default_factory=list)
    comparison: Comparison | None = None

    def add(self, rows: Sequence[Row], comparison: Comparison) -> None:
        self.rows += rows
        self.comparison = comparison if self.comparison is None else joined(self.comparison, comparison)

    def of(self, array: int) -> list[int]:
        return [i for i, row in enumerate(self.rows) if row.array == array]


def joined(a: Comparison, b: Comparison) -> Comparison:
    """Rows of `a`, then rows of `b`; cotangents that only `b` knows are dropped from it."""
    k = a.outcome.shape[1]
    stack = [np.concatenate([x, y[:, :k]]) for x, y in zip(_arrays(a), _arrays(b), strict=True)]
    return _of_arrays(stack)


def replaced(a: Comparison, rows: Floats, b: Comparison) -> Comparison:
    """`a` with some rows taken from `b`."""
    arrays = [x.copy() for x in _arrays(a)]
    for x, y in zip(arrays, _arrays(b), strict=True):
        x[rows] = y
    return _of_arrays(arrays)


def _arrays(c: Comparison) -> list[Floats]:
    m = c.measured
    return [c.outcome, c.claimed, m.value, m.error, m.low, m.high, m.status, c.bound, c.distance]


def _of_arrays(x: list[Floats]) -> Comparison:
    return Comparison(x[0], x[1], Measured(*x[2:7]), x[7], x[8])


def judge_rows(scene: Scene, tier: Tier) -> Comparison:
    """Outcomes for the rows of a tier: what the central route does not recognise as right goes to the ladder."""
    directions = [row.direction for row in tier.rows]
    comparison = decide(scene, directions, tier.route)
    if tier.route == "central" and scene.options.method != "central":
        open_rows = np.flatnonzero((comparison.outcome != Outcome.RIGHT).any(axis=1))
        if len(open_rows):
            again = decide(scene, [directions[i] for i in open_rows], "ladder")
            comparison = replaced(comparison, open_rows, again)
    return _second_look(scene, tier, comparison)


def _second_look(scene: Scene, tier: Tier, comparison: Comparison) -> Comparison:
    """Where a step of one size showed nothing, another may: single entries in the array's size, arrays in the entries' sizes."""
    lost = np.flatnonzero((comparison.outcome == Outcome.UNDECIDED).any(axis=1))
    lost = np.array([i for i in lost if tier.rows[i].array >= 0], dtype=np.intp)
    if not len(lost) or scene.options.method == "central":
        return comparison
    others = [_other_size(scene, tier.rows[i]) for i in lost]
    again = decide(scene, others, "ladder")
    before = _of_arrays([x[lost] for x in _arrays(comparison)])
    better = (again.outcome != Outcome.UNDECIDED).sum(axis=1) > (before.outcome != Outcome.UNDECIDED).sum(
        axis=1
    )
    return replaced(comparison, lost[better], _of_arrays([x[better] for x in _arrays(again)]))


def _other_size(scene: Scene, row: Row) -> Direction:
    direction = row.direction
    if direction.kind == "entry":
        return units_of(scene.instrument, row.array, direction.parts[0].index, own=False)[0]
    return along(scene.instrument, direction.kind, row.array, scene.rng, relative=True)


def decide(scene: Scene, directions: Sequence[Direction], route: str) -> Comparison:
    """Measure and compare; the claim's rounding is measured for the dense cotangents, and wherever the claim looks wrong."""
    measured = scene.instrument.measured(route, directions, scene.weights)
    claimed, rounding = scene.along(directions)
    if scene.point.size <= KEPT:
        for k in range(scene.dense):
            rounding[:, k] += scene.scatter(directions, k)
    comparison = _compared(scene, claimed, rounding, measured)
    doubtful = (comparison.outcome == Outcome.WRONG).any(axis=0)
    doubtful[: scene.dense] &= scene.point.size > KEPT
    for k in np.flatnonzero(doubtful):
        rounding[:, k] += scene.scatter(directions, int(k))
    return _compared(scene, claimed, rounding, measured) if doubtful.any() else comparison


def _compared(scene: Scene, claimed: Floats, rounding: Floats, measured: Measured) -> Comparison:
    options = scene.options
    tolerance = options.tolerance(measured.value)
    return compare(claimed, rounding, measured, strict=options.kinks == "strict", tolerance=tolerance)
