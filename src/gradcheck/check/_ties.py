"""Claims at ties: each between its own one-sided slopes, and all together impossible.

max(x, y) at x = y has slopes in [0, 1] along x and along y. A claim of 1 for both is inside of either interval, yet
along (1, 1) the function moves by 1 and the claim says 2. So entries that are at a kink are moved together, each in
the direction in which it is claimed to raise f: those of one size together, as ties are, and then all of them.

The claim is wrong where f's slope along such a direction is one number, at x and in every piece of f nearby: all
generalised gradients (Clarke) are made of those pieces' slopes. Where the pieces differ nothing follows.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._compare import Outcome
from gradcheck.check._confirm import confirmed, is_one_slope_nearby
from gradcheck.check._direction import Direction, Part, dense
from gradcheck.check._judge import Ledger, decide
from gradcheck.check._plan import Row, Tier
from gradcheck.check._scene import Scene
from gradcheck.check._verdict import Finding, Verdict
from gradcheck.differentiate._estimate import Status

__all__ = ["torn_ties"]

MOST = 8  # directions
SHOWN = 4  # entries that the message names


def torn_ties(scene: Scene, ledger: Ledger) -> Iterator[Finding]:
    """One failure for the first tie whose claims do not fit together."""
    groups = list(_tied(scene, ledger))[:MOST]
    if not groups or scene.options.tolerance(0.0) is not None:
        return
    rows = tuple(Row(ledger.rows[rows[0]].array, _together(scene, ledger, rows, k)) for rows, k in groups)
    comparison = decide(scene, [row.direction for row in rows], "ladder")
    if not (comparison.outcome == Outcome.WRONG).any():
        return
    comparison = confirmed(scene, Tier("ladder", rows), comparison)
    for i, (own, k) in enumerate(groups):
        kink = comparison.measured.status[i, k] == Status.KINK.value
        wrong = comparison.outcome[i, k] == Outcome.WRONG and not kink
        if wrong and is_one_slope_nearby(scene, rows[i].direction):
            claimed, measured, error = (
                float(x[i, k]) for x in (comparison.claimed, comparison.measured.value, comparison.bound)
            )
            yield _finding(scene, ledger, own, (claimed, measured, error))
            return


def _tied(scene: Scene, ledger: Ledger) -> Iterator[tuple[list[int], int]]:
    """Rows of entries at kinks, each with the cotangent under which they are: those of one size, then all."""
    c = ledger.comparison
    if c is None:
        return
    entry = ledger.are_entries(range(len(ledger.rows)))
    seen: set[tuple[tuple[int, ...], bytes]] = set()
    for k in range(c.outcome.shape[1]):
        rows = np.flatnonzero(entry & (c.outcome[:, k] == Outcome.SUBGRADIENT))
        sizes = np.array([_size(scene, ledger.rows[i]) for i in rows])
        for group in [*(rows[sizes == s] for s in np.unique(sizes)), rows]:
            key = (tuple(int(i) for i in group), _signs(c.claimed[group, k]).tobytes())
            if len(group) > 1 and key not in seen:
                seen.add(key)
                yield list(key[0]), k


def _size(scene: Scene, row: Row) -> float:
    return abs(float(scene.point.coordinates[row.array][row.direction.parts[0].index[0]]))


def _signs(claimed: NDArray[np.float64]) -> NDArray[np.int8]:
    return np.where(claimed < 0, -1, 1).astype(np.int8)


def _together(scene: Scene, ledger: Ledger, rows: list[int], k: int) -> Direction:
    """The entries of these rows moved at once, all by the same length: that of the largest of them."""
    c = ledger.comparison
    assert c is not None
    size = max(float(ledger.rows[i].direction.parts[0].step) for i in rows)
    parts = []
    for array in sorted({ledger.rows[i].array for i in rows}):
        own = [i for i in rows if ledger.rows[i].array == array]
        index = np.array([int(ledger.rows[i].direction.parts[0].index[0]) for i in own])
        parts.append(Part(array, index, np.full(len(own), size), _signs(c.claimed[own, k]) * np.int8(16)))
    return dense("tie", parts, scene.point, scene.instrument.eps)


def _finding(scene: Scene, ledger: Ledger, rows: list[int], numbers: tuple[float, float, float]) -> Finding:
    names = [(scene.point.variables[ledger.rows[i].array], ledger.rows[i]) for i in rows]
    entries = [(v.path, v.entry(int(r.direction.parts[0].index[0]))) for v, r in names]
    size = float(ledger.rows[rows[0]].direction.parts[0].step)
    claimed, measured, error = (x / size for x in numbers)
    shown = ", ".join(f"{path}{list(index) if index else ''}" for path, index in entries[:SHOWN])
    more = f" and {len(entries) - SHOWN} more" if len(entries) > SHOWN else ""
    first = entries[0][0]
    return Finding(
        "value",
        Verdict.FAIL,
        f"{shown}{more} are at a kink together: moved at once they are claimed to change f by {claimed:.6g}, and it "
        f"changes by {measured:.6g}, although each claim is possible alone",
        input=first,
        claimed=claimed,
        measured=measured,
        error=error,
        margin=abs(claimed - measured) / error if error else float("inf"),
        diagnosis="entries",
        advice="at a tie share the cotangent among the tied entries, or give it to one of them",
        wrong_entries=tuple(index for path, index in entries if path == first),
    )
