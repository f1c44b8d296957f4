"""How small a mistake a comparison would have caught, and with what probability.

Let an entry i of the claimed gradient be wrong by delta. Along a direction v the claim then moves by delta v_i, from
a residual rho = claimed - measured that is known, and leaves the bound B for certain where

    |delta v_i| > B + |rho|,

B being the bound and, where some outputs are unresolved, what a claim must miss beyond it to be called wrong.

A mistake of relative size r in entry i is therefore caught by one of the directions where

    r > ratio_i = min over directions and cotangents of (B + |rho|) / |g_i v_i|.

With random signs every |v_i| is the same, and the smallest entries decide; a Gaussian v_i is below x with
probability 0.8 x. The stated probability P at the stated size r is the share of the entries with ratio_i <= r: the
probability that a relative mistake of r in one entry (of those that are not zero), drawn at random, is caught. It
needs no assumption about the function beyond the bound.

Two further statements hold for the directions drawn here: a mistake in many entries is seen as the norm of it, since
<e, v> has the variance |e|^2 (miss probability 0.8 (B + |rho|) / |e| for each Gaussian direction); and two equal and
opposite mistakes cancel for half of all random signs, and never for a Gaussian, which is why both kinds are used.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._compare import Outcome
from gradcheck.check._judge import LONE, Ledger
from gradcheck.check._point import TINY, Floats
from gradcheck.check._scene import Scene

__all__ = ["Power", "power"]

PROBABILITY = 0.99  # the size is stated for which this much is reached, where that is small enough
BEYOND = 1.01  # a mistake as large as the bound is not outside it, and claimed minus measured has rounding of its own
SAMPLE = 4096  # entries of a large array from which the share is estimated: its error is 0.2 %


@dataclass(frozen=True)
class Power:
    """What one input's comparisons would have caught.

    Attributes
    ----------
    resolution, probability : float
        A relative mistake of this size in one entry is caught with this probability.
    gate : float
        The mistake, relative to the gradient's root mean square, that is caught in every entry.
    """

    resolution: float
    probability: float
    gate: float


def power(scene: Scene, ledger: Ledger, array: int, required: float) -> Power:
    """See the module; `required` is the size that is stated where the smallest entries cannot be resolved better."""
    entries = _sample(scene.point.coordinates[array].size)
    ratios, gates = _ratios(scene, ledger, array, entries)
    judged = np.isfinite(gates)
    gate = float(gates[judged].max()) if judged.any() else float("inf")
    counted = np.sort(ratios[_nonzero(scene, array, entries)])
    if not counted.size:
        return Power(gate, 1.0, gate)
    if counted[-1] * BEYOND <= required and _is_whole(ledger, array, len(entries)):
        return Power(float(counted[-1]) * BEYOND, 1.0, gate)
    size = float(counted[int(np.ceil(PROBABILITY * len(counted))) - 1]) * BEYOND
    if not size <= required:
        size = required
    return Power(size, float(np.mean(counted <= size)), gate)


def _is_whole(ledger: Ledger, array: int, size: int) -> bool:
    """Every entry was measured by itself."""
    return sum(ledger.rows[i].direction.kind == "entry" for i in ledger.of(array)) >= size


def _sample(size: int) -> np.ndarray:
    if size <= SAMPLE:
        return np.arange(size)
    return np.sort(np.random.default_rng(0).choice(size, SAMPLE, replace=False))


def _nonzero(scene: Scene, array: int, entries: np.ndarray) -> np.ndarray:
    found = np.zeros(len(entries), dtype=bool)
    for k in range(len(scene.weights)):
        found |= scene.gradients(k)[array][entries] != 0
    return found


def _ratios(scene: Scene, ledger: Ledger, array: int, entries: np.ndarray) -> tuple[Floats, Floats]:
    """ratio_i for each entry, and the same relative to the gradient's root mean square."""
    comparison = ledger.comparison
    ratios, gates = np.full(len(entries), np.inf), np.full(len(entries), np.inf)
    if comparison is None:
        return ratios, gates
    gradients = [scene.gradients(k)[array] for k in range(comparison.outcome.shape[1])]
    gradient = np.abs([g[entries] for g in gradients])
    typical = np.array([_rms(g) for g in gradients])
    own = [i for i in ledger.of(array) if ledger.rows[i].direction.kind == "entry"]
    scaled = np.array([_rms(c) for c in comparison.claimed[own].T]) if own else typical
    with np.errstate(all="ignore"):
        right = comparison.outcome == Outcome.RIGHT
        reach = comparison.bound + comparison.measured.doubt
        need = np.where(right, reach + comparison.distance, np.inf)
        if own:
            index = np.array([int(ledger.rows[i].direction.parts[0].index[0]) for i in own])
            at, seen = _positions(entries, index)
            np.fmin.at(ratios, at, np.fmin.reduce(need[own] / np.abs(comparison.claimed[own]), axis=1)[seen])
            told = np.where(_speak(comparison.claimed[own]), need[own] / scaled, np.inf)
            np.fmin.at(gates, at, np.fmin.reduce(told, axis=1)[seen])
        lines = [i for i in ledger.of(array) if ledger.rows[i].direction.kind != "entry"]
        v = np.abs([ledger.rows[i].direction.parts[0].at(entries) for i in lines]).reshape(
            len(lines), len(entries)
        )
        told = np.fmin.reduce(need[lines, :, None] / (gradient * v[:, None]), axis=1)
        alone = not own and scene.instrument.single
        ratios = np.fmin(ratios, _accusing(told) if alone else np.fmin.reduce(told, axis=0, initial=np.inf))
        told = np.fmin.reduce(need[lines] / typical, axis=1)[:, None] / v
        gates = np.fmin(gates, _accusing(told) if alone else np.fmin.reduce(told, axis=0, initial=np.inf))
    return ratios, gates


def _accusing(told: Floats) -> Floats:
    """From what size on a mistake is seen by two directions (rows, entries), or by one alone and loudly: (entries,)."""
    if len(told) < 2:
        return np.asarray(np.fmin.reduce(told, axis=0, initial=np.inf))
    first, second = np.sort(told, axis=0)[:2]
    return np.asarray(np.fmin(LONE * first, second))


def _positions(entries: NDArray[np.intp], index: NDArray[np.intp]) -> tuple[Any, NDArray[np.bool_]]:
    """Where each of `index` stands among the ascending `entries`, of those that do; and which they are."""
    at = np.minimum(np.searchsorted(entries, index), len(entries) - 1)
    seen = entries[at] == index
    return at[seen], seen


def _speak(claimed: Floats) -> NDArray[np.bool_]:
    """Cotangents (rows, K) that each entry is claimed to matter to; all of them where there is none.

    That an entry does nothing to another output is no evidence about the one that it moves."""
    matters = claimed != 0
    return np.asarray(matters | ~matters.any(axis=1, keepdims=True))


def _rms(g: Floats) -> float:
    """Root mean square; where squares vanish or overflow, of what is left without the largest."""
    square = float(np.dot(g, g)) / g.size
    if TINY < square < np.inf:
        return float(np.sqrt(square))
    largest = float(np.max(np.abs(g)))
    return largest * _rms(g / largest) if 0.0 < largest < np.inf else float(np.sqrt(square))
