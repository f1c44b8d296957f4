"""Mistakes recognised by what the claim depends on or differs by: cotangent, other inputs, terms."""

from collections.abc import Iterator, Mapping

import numpy as np

from gradcheck.check._diagnose_evidence import Array, Diagnosis, Evidence, Sample

__all__ = ["another_input", "ignores_cotangent", "lost_contributions", "part_of_cotangent", "term"]

_FIRST = "index 0 of axis 0"
_STRIDES = (2, 3, 4)
"""Factors of upsampling and pooling in use: a claim may read every second cotangent alone."""
_OTHER_ENTRIES = 16
"""Entries of another input that are measured to see whether the claim is its gradient."""
_LEADING, _POSITIONS, _AFFECTED, _LISTED, _LARGE = 2, 32, 24, 4, 10_000
"""Of `lost_contributions`: axes of the output; positions along each, which cost a call of the claim; entries that are
measured; positions that a sentence lists; entries of a gradient whose claim is called so often."""
_SHARP = 0.05
"""A difference known less well than this fits too many terms."""


def ignores_cotangent(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """The claim does not change with its cotangent."""
    if evidence.claim_at is None or evidence.cotangent is None or not np.any(evidence.claimed):
        return None
    other = _another_cotangent(evidence.cotangent)
    if not _same(evidence.claim_at(other)[evidence.path], evidence.claimed):
        return None
    return Diagnosis(
        "ignores-cotangent",
        f"the claim for {evidence.path} is the same for two different cotangents",
        "multiply by the cotangent: the function's output need not be the end of the computation",
    )


def _another_cotangent(cotangent: Array) -> Array:
    """Reversed and doubled: no entry keeps its value (but zero), and neither does the sum."""
    return np.asarray(-2 * np.flip(cotangent), dtype=cotangent.dtype)


def _same(claim: Array | None, reference: Array) -> bool:
    if claim is None or np.shape(claim) != np.shape(reference):
        return False
    scale = float(np.max(np.abs(reference), initial=0.0))
    return bool(np.allclose(claim, reference, rtol=1e-12, atol=1e-14 * scale))


def part_of_cotangent(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """The claim reads one slice of the cotangent alone, and the measured gradient is another."""
    if evidence.claim_at is None or evidence.cotangent is None or not np.any(evidence.claimed):
        return None
    if np.all(sample.right[sample.claimed != 0]):  # what is claimed is right: other entries were left out
        return None
    if not _is_homogeneous(evidence, evidence.cotangent):
        return None
    for words, mask in _slices(evidence.output_shape):
        if np.all(evidence.cotangent[~mask] == 0):
            continue
        kept = np.where(mask, evidence.cotangent, 0)
        if _same(evidence.claim_at(kept)[evidence.path], evidence.claimed):
            advice = f"{evidence.path} is used at every position: sum the contributions over all of them"
            if words == _FIRST:
                advice += "; or is it a JVP, which takes a tuple of tangents? check_jvp judges those"
            return Diagnosis(
                "missing-sum",
                f"the claim for {evidence.path} depends on {words} of the cotangent alone",
                advice,
            )
    return None


def lost_contributions(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """Some slices of the cotangent do not reach the claim, which is right for the rest: overwritten, or not added."""
    w, measure = evidence.cotangent, evidence.measure_at
    if w is None or measure is None or np.all(sample.right[sample.claimed != 0]):
        return None
    if not _is_homogeneous(evidence, w):
        return None
    which = sample.index[sample.wrong]
    which = which[np.linspace(0, len(which) - 1, min(_AFFECTED, len(which))).astype(np.intp)]
    for axis in range(min(w.ndim, _LEADING)):
        lost = _ignored(evidence, w, axis)
        if not lost or len(lost) == w.shape[axis]:
            continue
        rest = w.copy()
        np.moveaxis(rest, axis, 0)[lost] = 0
        value, error = measure(rest, which)
        left = Sample(which, evidence.claimed.flat[which], np.asarray(value), np.asarray(error))
        if not np.any(left.wrong):
            listed = ", ".join(map(str, lost[:_LISTED])) + (", ..." if len(lost) > _LISTED else "")
            return Diagnosis(
                "missing-sum",
                f"the claim for {evidence.path} is right but for what index {listed} of axis {axis} of the cotangent "
                "contributes, which does not reach it",
                "accumulate every use of an entry, with np.add.at where an index repeats",
            )
    return None


def _ignored(evidence: Evidence, w: Array, axis: int) -> list[int]:
    """Positions along an axis of the cotangent on which the claim does not depend."""
    if evidence.claim_at is None or w.shape[axis] > _POSITIONS or evidence.claimed.size > _LARGE:
        return []
    found = []
    for position in range(w.shape[axis]):
        other = w.copy()
        np.moveaxis(other, axis, 0)[position] = 0
        if np.any(other != w) and _same(evidence.claim_at(other)[evidence.path], evidence.claimed):
            found.append(position)
    return found


def _is_homogeneous(evidence: Evidence, w: Array) -> bool:
    """Minus twice the cotangent gives minus twice the claim: else it is no sum of what the cotangent's parts give."""
    if evidence.claim_at is None:
        return False
    claim = evidence.claim_at(-2.0 * w)[evidence.path]
    size = float(np.max(np.abs(evidence.claimed), initial=0.0))
    return claim is not None and bool(
        np.allclose(claim, -2.0 * evidence.claimed, rtol=1e-6, atol=1e-6 * size)
    )


def _slices(shape: tuple[int, ...]) -> Iterator[tuple[str, Array]]:
    for axis, length in enumerate(shape):
        position = np.arange(length).reshape([-1 if a == axis else 1 for a in range(len(shape))])
        if length > 1:
            yield f"index 0 of axis {axis}", np.broadcast_to(position == 0, shape)
            yield f"the last index of axis {axis}", np.broadcast_to(position == length - 1, shape)
        for stride in _STRIDES:
            if length >= 2 * stride:
                yield f"every {stride}. index of axis {axis}", np.broadcast_to(position % stride == 0, shape)


def another_input(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """The claim is the gradient of another input, or another input's claim is this one's gradient."""
    if np.count_nonzero(sample.wrong) < min(2, evidence.claimed.size):
        return None
    for path in _of_the_same_size(evidence):
        if _claimed_there(evidence, sample, path):
            return _exchanged(f"the gradient of {evidence.path} is what is claimed for {path}")
    for path in _of_the_same_size(evidence):
        if _measured_there(evidence, sample, path):
            return _exchanged(f"the claim for {evidence.path} is the gradient of {path}")
    return None


def _exchanged(sentence: str) -> Diagnosis:
    return Diagnosis("wrong-input", sentence, "look at the order in which the gradients are returned")


def _of_the_same_size(evidence: Evidence) -> Iterator[str]:
    for path, value in {**evidence.inputs, **evidence.claims}.items():
        if path != evidence.path and np.size(value) == evidence.claimed.size:
            yield path


def _claimed_there(evidence: Evidence, sample: Sample, path: str) -> bool:
    claim = evidence.claims.get(path)
    if claim is None or np.size(claim) != evidence.claimed.size or not np.any(sample.nonzero):
        return False
    return sample.explains(np.ravel(claim)[sample.index])


def _measured_there(evidence: Evidence, sample: Sample, path: str) -> bool:
    if evidence.measure_other is None:
        return False
    by_size = np.argsort(-np.abs(sample.claimed), kind="stable")[:_OTHER_ENTRIES]
    claimed = sample.claimed[by_size]
    value, error = evidence.measure_other(path, sample.index[by_size])
    there = Sample(sample.index[by_size], claimed, np.asarray(value), np.asarray(error, dtype=float))
    known = bool(np.all(np.isfinite(there.tolerance)) and np.any(there.nonzero))
    return known and not np.any(there.wrong)


def term(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """Claimed minus measured is a multiple of an input, the output or the cotangent."""
    unit = _unit(evidence.cotangent)
    difference = (sample.claimed - sample.measured) / unit
    for name, values in _terms(evidence):
        at = values.flat[sample.index]
        multiple = _multiple(difference, at, sample.tolerance / abs(unit))
        if multiple is not None:
            return _extra_or_missing(evidence, name, multiple)
    return None


def _has_a_random_sign(evidence: Evidence, name: str) -> bool:
    """A difference that is linear in a cotangent of several numbers may have either sign: a term that is not there.

    A superfluous one, a regulariser say, seldom asks for the cotangent.
    """
    w = evidence.cotangent
    return w is not None and np.size(w) > 1 and name != "the cotangent" and _is_homogeneous(evidence, w)


def _unit(cotangent: Array | None) -> complex:
    """The cotangent of a scalar function multiplies every term; what is named is the term itself."""
    if cotangent is None or np.size(cotangent) != 1 or not np.all(cotangent):
        return 1.0
    unit: complex = np.asarray(cotangent).item()
    return unit


def _terms(evidence: Evidence) -> Iterator[tuple[str, Array]]:
    """Arrays that spread over this input's shape: this input first, then the others, output and cotangent."""
    values: Mapping[str, Array | None] = {
        evidence.path: evidence.inputs.get(evidence.path),
        **evidence.inputs,
        "the cotangent": evidence.cotangent,
        "the output": evidence.output,
    }
    for name, value in values.items():
        array = None if value is None else _spread(np.asarray(value), evidence.shape)
        if array is not None and array.dtype.kind in "fc":
            yield name, array
    yield "1", np.ones(evidence.shape)


def _spread(value: Array, shape: tuple[int, ...]) -> Array | None:
    """As NumPy broadcasts it; or, one number for each example, along the first axis."""
    for candidate in (value, value.reshape(value.shape + (1,) * (len(shape) - value.ndim))):
        try:
            spread: Array = np.broadcast_to(candidate, shape)
        except ValueError:
            continue
        # A scalar spread over an array is "1" in disguise.
        return spread if value.size > 1 or spread.size == 1 else None
    return None


def _multiple(difference: Array, at: Array, tolerance: Array) -> complex | None:
    """The number that times `at` is the difference, within the errors of every entry."""
    largest = int(np.argmax(np.abs(at) / tolerance)) if at.size else 0
    if not at.size or at[largest] == 0:
        return None
    multiple: complex = (difference[largest] / at[largest]).item()
    slack = tolerance + tolerance[largest] * np.abs(at / at[largest])
    telling = np.abs(difference) * _SHARP > tolerance
    enough = np.count_nonzero(telling & (at != 0)) >= 3
    if not enough or np.any(np.abs(difference - multiple * at) > slack):
        return None
    return multiple


def _extra_or_missing(evidence: Evidence, name: str, multiple: complex) -> Diagnosis:
    size = f"{abs(multiple):.6g}" if name == "1" else f"{abs(multiple):.6g} x {name}"
    if np.real(multiple) > 0 and not _has_a_random_sign(evidence, name):
        return Diagnosis(
            "extra-term",
            f"the claim for {evidence.path} exceeds the measured gradient by {size}, entry by entry",
            "look for a regulariser, or another term, that the function does not have",
        )
    verb = "lacks" if np.real(multiple) <= 0 else "is off by"
    return Diagnosis(
        "missing-term",
        f"the claim for {evidence.path} {verb} {size} of the measured gradient, entry by entry",
        "look for a term that was not differentiated: a regulariser, a direct path, a normaliser",
    )
