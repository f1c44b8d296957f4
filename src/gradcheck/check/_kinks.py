"""Large arrays at kinks, where random directions say little.

relu of an array with many exact zeros has a kink at each of them. Along a random direction their one-sided slopes add
up with the signs of the cotangent, and the sum is an interval that right claims miss and wrong ones hit: "between the
one-sided slopes" decides only where all kinks open to the same side (Clarke's regular functions: a convex f, say).

So where directions through an array meet kinks and its entries were not measured one by one, others are asked:

- some of the entries that may be at a kink (zeros, else equal numbers), one by one, and all of a small array;
- directions that leave all of these where they are: the other entries are judged as ever;
- a direction that raises every entry, along which kinks of one sign cannot cancel.

What directions through kinks accuse stands only if the entries that were looked at open to one side.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._compare import Comparison, Outcome
from gradcheck.check._confirm import confirmed
from gradcheck.check._direction import Direction, Part, dense
from gradcheck.check._function import Exhausted, Lines
from gradcheck.check._judge import Ledger, decide, some
from gradcheck.check._look import part
from gradcheck.check._plan import SMALL_ARRAY, Row, Tier, units_of
from gradcheck.check._point import Floats
from gradcheck.check._scene import Scene
from gradcheck.differentiate._estimate import Status

__all__ = ["look_beside_kinks", "without_kinks"]

SAMPLE = 12  # entries: all open to the same side by chance, of signs that are random, once in 2,000
FEW = 4  # kinks among them from which something follows
STEP, CLEAR = 2.0**-16, 8.0  # of the entry's size; times the noise: a bend, not curvature


def look_beside_kinks(scene: Scene, ledger: Ledger) -> None:
    """Add rows to the ledger for arrays of which the random directions met kinks; take back what these accused.

    Raises `Exhausted` where the evaluations do not go so far: see `without_kinks`."""
    arrays = _doubtful(scene, ledger)
    if not arrays:
        return
    rows = tuple(Row(a, direction) for a in arrays for direction in _others(scene, a))
    comparison = decide(scene, [row.direction for row in rows], "ladder")
    comparison = confirmed(scene, Tier("ladder", rows), comparison)
    told = np.flatnonzero([_tells(scene, row, c) for row, c in zip(rows, comparison.outcome, strict=True)])
    ledger.add([rows[i] for i in told], some(comparison, told))
    for array in arrays:
        _take_back(scene, ledger, array)


def without_kinks(scene: Scene, ledger: Ledger) -> None:
    """Drop the rows that say nothing by themselves, where the evaluations ended before `look_beside_kinks` did."""
    c = ledger.comparison
    if c is not None:
        dropped = [i for a in _doubtful(scene, ledger) for i in ledger.of(a) if _kinked(c)[i].any()]
        ledger.keep(np.setdiff1d(np.arange(len(ledger.rows)), dropped))


def _doubtful(scene: Scene, ledger: Ledger) -> list[int]:
    """Arrays of which random directions met kinks."""
    if not scene.options.adjudicates:
        return []
    return [a for a in range(len(scene.point.variables)) if _met_kinks(ledger, a)]


def _tells(scene: Scene, row: Row, outcome: NDArray[np.intp]) -> bool:
    """An entry of a sample that cannot be decided is no loss; in a small array, of which all are asked, it is."""
    sampled = row.direction.kind == "entry" and scene.point.coordinates[row.array].size > SMALL_ARRAY
    return not (sampled and (outcome == Outcome.UNDECIDED).any())


def _met_kinks(ledger: Ledger, array: int) -> bool:
    own = ledger.of(array)
    if not own or ledger.comparison is None or ledger.are_entries(own).any():
        return False
    return bool(_kinked(ledger.comparison)[own].any())


def _kinked(c: Comparison) -> NDArray[np.bool_]:
    return np.asarray((c.outcome == Outcome.SUBGRADIENT) | (c.measured.status == Status.KINK.value))


def _others(scene: Scene, array: int) -> Iterator[Direction]:
    x = scene.point.coordinates[array]
    if x.size <= SMALL_ARRAY:
        yield from units_of(scene.instrument, array)
        return
    at_kinks = _special(x)
    candidates = np.flatnonzero(at_kinks) if at_kinks.any() else np.flatnonzero(np.isfinite(x))
    sampled = np.sort(scene.rng.choice(candidates, min(SAMPLE, len(candidates)), replace=False))
    yield from units_of(scene.instrument, array, sampled)
    if at_kinks.any() and not at_kinks.all():
        for kind in ("signs", "gaussian"):
            drawn = part(kind, scene.point, array, scene.rng)
            yield _along(scene, replace(drawn, quanta=np.where(at_kinks, np.int8(0), drawn.quanta)))
    drawn = part("gaussian", scene.point, array, scene.rng)
    yield _along(scene, replace(drawn, quanta=np.abs(drawn.quanta)))


def _along(scene: Scene, drawn: Part) -> Direction:
    return dense("gaussian", [drawn], scene.point, scene.instrument.eps)


def _special(x: Floats) -> NDArray[np.bool_]:
    """Entries where people's kinks are."""
    zero = np.asarray(x == 0)
    if zero.any():
        return zero
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    return np.asarray(counts[inverse] > 1)


def _take_back(scene: Scene, ledger: Ledger, array: int) -> None:
    c = ledger.comparison
    assert c is not None
    own, entry = np.array(ledger.of(array)), ledger.are_entries(ledger.of(array))
    through = own[~entry]
    accused = (c.outcome[through] == Outcome.WRONG) & _kinked(c)[through]
    if accused.any():
        try:
            convex = _open_to_one_side(scene, [ledger.rows[i].direction for i in own[entry]])
        except Exhausted:
            convex = np.zeros(len(scene.weights), dtype=bool)  # nothing is shown
        outcome = c.outcome.copy()
        outcome[through] = np.where(accused & ~convex, Outcome.UNDECIDED, outcome[through])
        ledger.comparison = replace(c, outcome=outcome)


def _open_to_one_side(scene: Scene, entries: list[Direction]) -> NDArray[np.bool_]:
    """For each cotangent, whether f bends to the same side at all of the entries at which it has a kink."""
    instrument = scene.instrument
    lines = Lines(instrument.function, instrument.point, instrument.outputs, entries)
    rows = np.arange(len(entries))
    values = lines.evaluate(np.tile(rows, 2), np.repeat([STEP, -STEP], len(entries)))
    base, noise = (np.nan_to_num(x, posinf=0.0, neginf=0.0) for x in (instrument.base, instrument.noise))
    bends = (np.nan_to_num(values[rows] - base) + np.nan_to_num(values[len(rows) :] - base)) @ scene.weights.T
    shown = np.abs(bends) > CLEAR * (np.abs(scene.weights) @ noise)
    up, down = (shown & (bends > 0)).sum(axis=0), (shown & (bends < 0)).sum(axis=0)
    return np.asarray((np.maximum(up, down) >= FEW) & (np.minimum(up, down) == 0))
