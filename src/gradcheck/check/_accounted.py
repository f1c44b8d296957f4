"""Directions whose difference the entries account for, where every entry of the array was measured by itself.

A direction through the whole array adds up what its entries do. Where none of them is wrong, what it accuses may be
what they leave open: a slope that steps of rounding hide, or a kink, at which the slope along v is not that of every
piece nearby: relu(x1) - relu(x2) has the slope 1 along (1, -1) at 0, and its pieces have 0, 1 and 2.
"""

from dataclasses import replace

import numpy as np

from gradcheck.check._compare import Comparison, Outcome
from gradcheck.check._confirm import is_one_slope_nearby
from gradcheck.check._function import Exhausted
from gradcheck.check._judge import Ledger, replaced, some
from gradcheck.check._point import Floats
from gradcheck.check._scene import Scene
from gradcheck.check._stairs import hidden, left_open

__all__ = ["accounted_for"]

ROUNDING = 1e-6  # relative


def accounted_for(scene: Scene, ledger: Ledger) -> None:
    """Take back the accusations of directions for which the entries of their array account."""
    c = ledger.comparison
    if c is None or scene.options.tolerance(0.0) is not None:
        return
    for row in map(int, np.flatnonzero((c.outcome == Outcome.WRONG).any(axis=1))):
        own = [i for i in ledger.of(ledger.rows[row].array) if ledger.rows[i].direction.kind == "entry"]
        part, accused = ledger.rows[row].direction.parts[0], c.outcome[row] == Outcome.WRONG
        if row in own or len(own) < part.quanta.size or (c.outcome[own] == Outcome.WRONG).any():
            continue
        stairs, kinks = _rooms(ledger, row, own, c)
        limit = c.bound[row] + (1.0 + ROUNDING) * (stairs + kinks)
        if not (c.distance[row] <= limit)[accused].all():
            continue
        if stairs[accused].any():
            c = replaced(c, np.array([row]), left_open(some(c, [row])))
        elif _pieces_differ(scene, ledger, row):
            c = replaced(c, np.array([row]), _forgiven(some(c, [row])))
    ledger.comparison = c


def _rooms(ledger: Ledger, row: int, own: list[int], c: Comparison) -> tuple[Floats, Floats]:
    """What steps, and what kinks, of the entries may add to the direction's difference, for each cotangent."""
    index = [int(ledger.rows[i].direction.parts[0].index[0]) for i in own]
    size = np.array([float(ledger.rows[i].direction.parts[0].step) for i in own])
    share = np.abs(ledger.rows[row].direction.parts[0].values()[index] / size)
    steps = np.where(hidden(c)[own], np.abs(c.claimed - c.measured.value)[own], 0.0)
    return share @ steps, share @ np.nan_to_num(c.measured.high - c.measured.low)[own]


def _forgiven(row: Comparison) -> Comparison:
    accused = row.outcome == Outcome.WRONG
    outcome = np.where(accused, Outcome.SUBGRADIENT, row.outcome)
    return replace(row, outcome=outcome, distance=np.where(accused, 0.0, row.distance))


def _pieces_differ(scene: Scene, ledger: Ledger, row: int) -> bool:
    try:
        return not is_one_slope_nearby(scene, ledger.rows[row].direction)
    except Exhausted:
        return False
