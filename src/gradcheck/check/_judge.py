"""From directions to outcomes: the cheap route first, the ladder where it disagrees, the claim's rounding last."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._compare import Comparison, Measured, Outcome, compare
from gradcheck.check._direction import Direction
from gradcheck.check._function import Exhausted
from gradcheck.check._look import learn_noise
from gradcheck.check._plan import Row, Tier, along, units_of
from gradcheck.check._point import Floats
from gradcheck.check._scene import Scene

__all__ = ["Ledger", "decide", "judge_rows", "required"]

POOR = 0.1  # of the resolution that a pass needs: a coarser row is worth another look
FULL, LOW = (
    1e-4,
    1e-2,
)  # the relative mistake that a pass must have been able to catch: in float64, and below it
LARGER = 8.0, 64.0  # than the top rung, 2^-8 of the input's size in float64 and 2^-3 in float32
# Bounds that a single direction must miss by where f computes in float32: over many kinks (a wide ReLU network) its
# slopes are a random walk, hidden by noise, and one window in a hundred contracts to a wrong one.
LONE = 4.0
QUIETER = 0.125  # of the noise along all arrays: ECNoise's own scatter is a factor of 4
OWN = 64.0  # roundings of a claim in low precision, of which `FLOOR` may be in any number
# coordinates up to which the claim's own rounding is always measured, not only where there is a difference
KEPT = 100_000


def required(scene: Scene) -> float:
    """The resolution that a pass needs."""
    low = LOW if scene.instrument.single else FULL
    return scene.options.resolution or max(low, OWN * scene.claim_eps)


@dataclass
class Ledger:
    """Rows with what came out of them; arrays of shape (rows, cotangents)."""

    rows: list[Row] = field(default_factory=list)
    comparison: Comparison | None = None

    def add(self, rows: Sequence[Row], comparison: Comparison) -> None:
        self.rows += rows
        self.comparison = comparison if self.comparison is None else joined(self.comparison, comparison)

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Forget all rows but these."""
        assert self.comparison is not None
        self.rows, self.comparison = [self.rows[i] for i in rows], some(self.comparison, rows)

    def of(self, array: int) -> list[int]:
        return [i for i, row in enumerate(self.rows) if row.array == array]

    def is_lone(self, rows: Sequence[int], wrong: NDArray[np.bool_], margin: Floats) -> bool:
        """One direction of several speaks against the claim, and not loudly: see `LONE`."""
        return bool(
            len(rows) > 1
            and wrong.sum() == 1
            and not self.are_entries(rows).any()
            and margin[wrong].max() < LONE
        )

    def are_entries(self, rows: Sequence[int]) -> NDArray[np.bool_]:
        """Which of these rows move a single entry."""
        return np.array([self.rows[i].direction.kind == "entry" for i in rows], dtype=bool)


def joined(a: Comparison, b: Comparison) -> Comparison:
    """Rows of `a`, then rows of `b`; cotangents that only `b` knows are dropped from it."""
    k = a.outcome.shape[1]
    stack = [
        np.concatenate([x, y[:, :k] if y.ndim == 2 else y])
        for x, y in zip(_arrays(a), _arrays(b), strict=True)
    ]
    return _of_arrays(stack)


def replaced(a: Comparison, rows: NDArray[np.intp], b: Comparison) -> Comparison:
    """`a` with some rows taken from `b`."""
    arrays = [x.copy() for x in _arrays(a)]
    for x, y in zip(arrays, _arrays(b), strict=True):
        x[rows] = y
    return _of_arrays(arrays)


def _arrays(c: Comparison) -> list[Any]:
    m = c.measured
    return [
        c.outcome,
        c.claimed,
        m.value,
        m.error,
        m.low,
        m.high,
        m.status,
        m.tainted,
        m.doubt,
        c.bound,
        c.distance,
    ]


def _of_arrays(x: list[Any]) -> Comparison:
    return Comparison(x[0], x[1], Measured(*x[2:9]), x[9], x[10])


def judge_rows(scene: Scene, tier: Tier) -> tuple[Tier, Comparison]:
    """Outcomes for the rows of a tier: what the central route does not recognise as right goes to the ladder.

    The tier is returned with the directions that were measured in the end.
    """
    directions = [row.direction for row in tier.rows]
    comparison = decide(scene, directions, tier.route)
    if tier.route == "central" and scene.options.method != "central":
        open_rows = _open_rows(tier, comparison)
        if len(open_rows):
            rows = {int(i): _own_size(scene, tier.rows[i]) for i in open_rows}
            tier = tier.with_rows(rows)
            again = decide(scene, [row.direction for row in rows.values()], "ladder")
            comparison = replaced(comparison, open_rows, again)
    return _second_look(scene, tier, comparison)


def _open_rows(tier: Tier, comparison: Comparison) -> NDArray[np.intp]:
    """What the cheap route leaves open."""
    wrong = (comparison.outcome == Outcome.WRONG).any(axis=1)
    return np.flatnonzero(wrong | _alone(tier, (comparison.outcome != Outcome.RIGHT).any(axis=1)))


def _alone(tier: Tier, poor: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of the poor rows, those for which no other row speaks: single entries, and arrays without a good direction."""
    good = {
        row.array for row, p in zip(tier.rows, poor, strict=True) if not p and row.direction.kind != "entry"
    }
    return poor & [row.direction.kind == "entry" or row.array not in good for row in tier.rows]


def _own_size(scene: Scene, row: Row) -> Row:
    """A single entry that was moved in its array's size is moved in its own where that showed little."""
    if row.direction.kind != "entry":
        return row
    return replace(row, direction=units_of(scene.instrument, row.array, row.direction.parts[0].index)[0])


def _second_look(scene: Scene, tier: Tier, comparison: Comparison) -> tuple[Tier, Comparison]:
    """Where steps of one size showed too little, those of another size may show more.

    First the noise is measured along the array alone. Other sizes are: more, where noise is what is left (f in
    float32, or a slope far below f); the array's for a single entry and the entries' own for an array; and 2^-10 and
    2^-20 of the size, for functions that bend on a scale far below their inputs' own (an offset of 1e6, two
    eigenvalues 1e-5 apart)."""
    for size in () if scene.options.method == "central" else ("itself", *LARGER, "other", 2.0**-10, 2.0**-20):
        poor = _poor(scene, tier, comparison)
        if not len(poor):
            break
        rows = [tier.rows[i] for i in poor]
        if size == "itself" and not _learned(scene, rows):
            continue
        if size == "other":
            rows = [replace(row, direction=other_size(scene, row)) for row in rows]
        try:
            again = decide(
                scene, [row.direction for row in rows], "ladder", size if isinstance(size, float) else 1.0
            )
        except Exhausted:  # what the first look showed stands
            break
        better = np.flatnonzero(_is_better(again, some(comparison, poor)))
        comparison = replaced(comparison, poor[better], some(again, better))
        tier = tier.with_rows({poor[j]: rows[j] for j in better})
    return tier, comparison


def _learned(scene: Scene, rows: Sequence[Row]) -> bool:
    """Whether the noise along one of these rows' arrays alone is less than along all of them together."""
    instrument = scene.instrument
    arrays = {row.array for row in rows} if len(scene.point.variables) > 1 else set()
    try:
        for array in sorted(arrays - instrument.own.keys()):
            learn_noise(instrument, array, scene.rng)
    except Exhausted:
        return False
    return any(bool((instrument.own[a] < QUIETER * instrument.noise).any()) for a in arrays)


def _poor(scene: Scene, tier: Tier, comparison: Comparison) -> NDArray[np.intp]:
    """Rows that decide nothing, or less than a pass needs beside the array's typical slope."""
    owner = np.array([row.array for row in tier.rows])
    size = np.abs(np.nan_to_num(comparison.claimed, posinf=0.0, neginf=0.0))
    typical = np.empty_like(size)
    for a in np.unique(owner):
        typical[owner == a] = size[owner == a].mean(axis=0)
    coarse = comparison.bound[:, : scene.dense] > POOR * required(scene) * typical[:, : scene.dense]
    lost = (comparison.outcome == Outcome.UNDECIDED).any(axis=1)
    wrong = (comparison.outcome == Outcome.WRONG).any(axis=1)
    return np.flatnonzero(_alone(tier, (lost | coarse.any(axis=1)) & ~wrong))


def _is_better(a: Comparison, b: Comparison) -> NDArray[np.bool_]:
    """Rows of `a` that leave less open than those of `b`, or have smaller bounds."""
    open_a, open_b = ((c.outcome == Outcome.UNDECIDED).sum(axis=1) for c in (a, b))
    with np.errstate(all="ignore"):
        smaller = np.where(np.isfinite(a.bound), a.bound, 0.0).sum(axis=1) < np.where(
            np.isfinite(b.bound), b.bound, 0.0
        ).sum(axis=1)
    return np.asarray((open_a < open_b) | ((open_a == open_b) & smaller))


def some(comparison: Comparison, rows: Any) -> Comparison:
    return _of_arrays([x[rows] for x in _arrays(comparison)])


def other_size(scene: Scene, row: Row) -> Direction:
    direction = row.direction
    if direction.kind == "entry":
        return units_of(scene.instrument, row.array, direction.parts[0].index, size=1.0)[0]
    return along(scene.instrument, direction.kind, row.array, scene.rng, relative=True)


def decide(
    scene: Scene, directions: Sequence[Direction], route: str, scale: float = 1.0, noise: Floats | None = None
) -> Comparison:
    """Measure and compare; the claim's rounding is measured for the dense cotangents, and, more thoroughly, wherever
    the claim looks wrong."""
    measured = scene.instrument.measured(route, directions, scene.weights, scale, noise)
    claimed, rounding = scene.along(directions)
    if scene.point.size <= KEPT:
        for k in range(scene.dense):
            rounding[:, k] += scene.scatter(directions, k)
    comparison = _compared(scene, claimed, rounding, measured)
    wrong = comparison.outcome == Outcome.WRONG
    for k in map(int, np.flatnonzero(wrong.any(axis=0))):
        rows = [int(i) for i in np.flatnonzero(wrong[:, k])]
        rounding[rows, k] += scene.wide_scatter([directions[i] for i in rows], k)
        zero = [i for i in rows if abs(measured.value[i, k]) <= measured.error[i, k]]
        if zero:
            rounding[zero, k] += scene.residue([directions[i] for i in zero], k)
    return _compared(scene, claimed, rounding, measured) if wrong.any() else comparison


def _compared(scene: Scene, claimed: Floats, rounding: Floats, measured: Measured) -> Comparison:
    options = scene.options
    tolerance = options.tolerance(measured.value)
    return compare(claimed, rounding, measured, strict=options.kinks == "strict", tolerance=tolerance)
