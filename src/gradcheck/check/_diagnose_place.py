"""Right numbers in wrong places: transposed, shifted, permuted, in the claim or in what it reads."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain, combinations, permutations

import numpy as np

from gradcheck.check._diagnose_evidence import Array, Diagnosis, Evidence, Sample

__all__ = ["cotangent_misplaced", "gradient_misplaced", "input_misplaced", "same_numbers"]

Undo = Callable[[Array], Array]

_MAX_AXES = 4
"""24 orders of axes; a fifth axis would make 120 of them for layouts that hardly exist."""
_MAX_SHIFT = 16
_BY_CHANCE = 1e-4
"""Of a single find; two of them together are then beyond doubt."""
_INSIDE = 2 / 3
"""Share of the entries that a shift must leave inside: what comes in at the border may be anything."""


def gradient_misplaced(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """The claim, put back in order, is the measured gradient."""
    if _distinct(sample.measured[sample.nonzero], sample) < 2:
        return None
    for slug, how, undo in _rearrangements(evidence.shape):
        if sample.explains(undo(evidence.claimed).flat[sample.index]):
            return _misplaced(slug, f"the claim for {evidence.path} is the measured gradient {how}")
    return _shifted_out(evidence, sample)


def _distinct(values: Array, sample: Sample) -> int:
    """How many of the values differ by more than their errors."""
    if not len(values):
        return 0
    gap = 4 * float(np.max(sample.tolerance[sample.nonzero]))
    return 1 + int(np.count_nonzero(np.diff(np.sort(np.real(values))) > gap))


def _misplaced(slug: str, sentence: str) -> Diagnosis:
    advice = {
        "transpose": "look for a missing or superfluous transpose, or operands in the wrong order",
        "shifted": "look for an index off by one, an offset by the padding, or a roll",
        "permuted": "look for a reversed loop, or an order of gates, heads or axes unlike the function's",
    }
    return Diagnosis(slug, sentence, advice[slug])


def _rearrangements(shape: tuple[int, ...]) -> Iterator[tuple[str, str, Undo]]:
    """(slug, words, how to undo it) for every simple rearrangement of an array of this shape."""
    yield from _transpositions(shape)
    yield from _flips(shape)
    yield from _rolls(shape)


def _transpositions(shape: tuple[int, ...]) -> Iterator[tuple[str, str, Undo]]:
    if len(shape) > _MAX_AXES:
        return
    for axes in permutations(range(len(shape))):
        if axes == tuple(range(len(shape))):
            continue
        how = "transposed" if len(shape) == 2 else f"with its axes in the order {axes}"
        permuted = tuple(shape[a] for a in axes)
        if permuted == shape:
            yield "transpose", how, _axes_back(axes, shape)
        elif all(length > 1 for length in shape):
            yield "transpose", f"{how} and reshaped to {shape}", _axes_back(axes, permuted)
            yield "transpose", f"reshaped to {permuted} and {how}", _shape_back(axes, shape)


def _axes_back(axes: tuple[int, ...], permuted: tuple[int, ...]) -> Undo:
    return lambda g: g.reshape(permuted).transpose(np.argsort(axes))


def _shape_back(axes: tuple[int, ...], shape: tuple[int, ...]) -> Undo:
    return lambda g: g.transpose(axes).reshape(shape)


def _flips(shape: tuple[int, ...]) -> Iterator[tuple[str, str, Undo]]:
    long = [axis for axis, length in enumerate(shape) if length > 1][:_MAX_AXES]
    for axes in chain.from_iterable(combinations(long, k) for k in range(1, len(long) + 1)):
        named = "axis" if len(axes) == 1 else "axes"
        yield "permuted", f"in reverse order along {named} {_listed(axes)}", partial(np.flip, axis=axes)


def _rolls(shape: tuple[int, ...]) -> Iterator[tuple[str, str, Undo]]:
    for axis, shift in _shifts(shape):
        yield "shifted", f"rolled by {shift:+d} along axis {axis}", partial(np.roll, shift=-shift, axis=axis)


def _shifts(shape: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    for axis, length in enumerate(shape):
        reach = min(length // 2, _MAX_SHIFT)
        for size in range(1, reach + 1):
            yield axis, size
            if 2 * size != length:
                yield axis, -size


def _listed(axes: tuple[int, ...]) -> str:
    return " and ".join(str(axis) for axis in axes)


def _shifted_out(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """Shifted with something else let in at the border."""
    where = np.unravel_index(sample.index, evidence.shape)
    for axis, shift in _shifts(evidence.shape):
        place = list(where)
        place[axis] = place[axis] + shift
        inside = (place[axis] >= 0) & (place[axis] < evidence.shape[axis])
        telling = inside & sample.nonzero
        if np.mean(inside) < _INSIDE or np.count_nonzero(telling) < 3:
            continue
        prediction = sample.measured.copy()
        prediction[inside] = evidence.claimed[tuple(p[inside] for p in place)]
        if sample.explains(prediction) and _distinct(sample.measured[telling], sample) >= 3:
            how = f"shifted by {shift:+d} along axis {axis}"
            return _misplaced("shifted", f"the claim for {evidence.path} is the measured gradient {how}")
    return None


def cotangent_misplaced(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """The claim at a rearranged cotangent is the measured gradient."""
    cotangent = evidence.cotangent
    if evidence.claim_at is None or cotangent is None or np.size(cotangent) < 2 or not np.any(sample.nonzero):
        return None
    for slug, how, undo in _few_rearrangements(np.shape(cotangent)):
        if _claim_explains(sample, evidence.claim_at(undo(cotangent)), evidence.path):
            return _misplaced(slug, f"{evidence.path} is right once the cotangent is read {how}")
    return None


def input_misplaced(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """The claim at one rearranged input is the measured gradient."""
    if evidence.claim_with is None or not np.any(sample.nonzero):
        return None
    for path, value in evidence.inputs.items():
        if path == evidence.path or np.asarray(value).dtype.kind not in "fc":
            continue
        for slug, how, undo in _few_rearrangements(np.shape(value)):
            changed = {**evidence.inputs, path: np.ascontiguousarray(undo(np.asarray(value)))}
            if _claim_explains(sample, evidence.claim_with(changed), evidence.path):
                return _misplaced(slug, f"{evidence.path} is right once the claim reads {path} {how}")
    return None


def _few_rearrangements(shape: tuple[int, ...]) -> Iterator[tuple[str, str, Undo]]:
    """Those that cost a call of the claim each: of one shape, the axes exchanged in pairs, and the flips."""
    for slug, how, undo in chain(_transpositions(shape), _flips(shape)):
        if "reshaped" not in how:
            yield slug, how, undo


def _claim_explains(sample: Sample, claims: Mapping[str, Array], path: str) -> bool:
    claim = np.asarray(claims[path]).ravel()
    if claim.size <= np.max(sample.index):
        return False
    return sample.explains(claim[sample.index])


def same_numbers(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """Every measured number is found in the claim, somewhere else."""
    moved = sample.wrong & sample.nonzero
    if np.iscomplexobj(sample.measured) or np.count_nonzero(moved) < 2:
        return None
    claimed = np.sort(evidence.claimed.ravel())
    low = np.searchsorted(claimed, (sample.measured - sample.tolerance)[moved], side="left")
    high = np.searchsorted(claimed, (sample.measured + sample.tolerance)[moved], side="right")
    # A chance find is as likely as the errors' share of the claim's range, times its entries.
    width = 2 * float(np.mean(sample.tolerance[moved]))
    by_chance = claimed.size * width / max(float(np.ptp(claimed)), np.finfo(float).tiny)
    if np.any(high - low < 1) or by_chance > _BY_CHANCE or _distinct(sample.measured[moved], sample) < 2:
        return None
    if np.count_nonzero(moved) == 2 and not _exchanged(sample, moved):
        return None
    along = _one_axis(evidence, sample, moved)
    where = "" if along is None else f" along axis {along}"
    sentence = f"the claim for {evidence.path} holds the measured numbers in another order{where}"
    return _misplaced("permuted", sentence)


def _exchanged(sample: Sample, two: Array) -> bool:
    """Two entries hold each other's numbers: that one is found somewhere may be chance, where cotangents are round."""
    claimed, measured, room = (x[two] for x in (sample.claimed, sample.measured, sample.tolerance))
    return bool(np.all(np.abs(claimed - measured[::-1]) <= room[::-1]))


def _one_axis(evidence: Evidence, sample: Sample, moved: Array) -> int | None:
    """The axis along which alone the numbers moved."""
    flat = evidence.claimed.ravel()
    nearest = [int(np.argmin(np.abs(flat - m))) for m in sample.measured[moved]]
    here = np.array(np.unravel_index(sample.index[moved], evidence.shape))
    there = np.array(np.unravel_index(nearest, evidence.shape))
    axes = np.flatnonzero(np.any(here != there, axis=1))
    return int(axes[0]) if len(axes) == 1 else None
