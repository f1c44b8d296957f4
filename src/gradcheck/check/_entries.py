"""Arrays that random directions leave open are measured entry by entry, where they are small enough.

A direction meets the kinks of all entries, and adds up the noise of all; a single entry meets its own few kinks, and
its steps may be as long as they let it. Where most outputs are saturated, and a few are steep, that decides what
directions do not. In float32 it does not: of hundreds of entries among kinks and noise one is measured wrongly by luck.
"""

import numpy as np

from gradcheck.check._compare import Outcome
from gradcheck.check._confirm import confirmed
from gradcheck.check._judge import Ledger, judge_rows, required
from gradcheck.check._plan import Row, Tier, units_of
from gradcheck.check._resolution import power
from gradcheck.check._scene import Scene

__all__ = ["measure_entries"]

MOST = 256  # entries of an array, some 5,000 evaluations where many of them are open at first


def measure_entries(scene: Scene, ledger: Ledger) -> None:
    """Put entries in the place of directions for the arrays that these leave open."""
    options = scene.options
    if options.coverage != "auto" or not options.adjudicates or scene.instrument.single:
        return
    for array in range(len(scene.point.variables)):
        if _is_open(scene, ledger, array):
            tier = Tier("central", tuple(Row(array, d) for d in units_of(scene.instrument, array)))
            tier, comparison = judge_rows(scene, tier)
            comparison = confirmed(scene, tier, comparison)
            ledger.keep(np.setdiff1d(np.arange(len(ledger.rows)), ledger.of(array)))
            ledger.add(tier.rows, comparison)


def _is_open(scene: Scene, ledger: Ledger, array: int) -> bool:
    rows, c = ledger.of(array), ledger.comparison
    if not rows or c is None or ledger.are_entries(rows).any():
        return False
    if scene.point.coordinates[array].size > MOST:
        return False
    outcome = c.outcome[rows]
    if np.isin(outcome, (Outcome.WRONG, Outcome.SUBGRADIENT)).any():
        return False
    undecided = (outcome == Outcome.UNDECIDED).any(axis=1).all()
    return bool(undecided) or power(scene, ledger, array, required(scene)).gate > required(scene)
