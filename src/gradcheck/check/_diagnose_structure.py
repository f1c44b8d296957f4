"""Mistakes recognised by how the claim is built, whatever its numbers: a statistic taken for a constant, an operand
that was not transposed."""

from collections.abc import Iterator

import numpy as np

from gradcheck.check._diagnose_evidence import Array, Diagnosis, Evidence, Indices, Sample, measured_at

__all__ = ["product_transposed", "term_along_axis", "uncoupled"]

_LINES, _ALONG = 3, 8
"""Lines of a large array, and entries on each, that are measured: with three unknowns, fifteen coincidences."""
_TELLING = 1e-3
"""Of the difference's size: a hypothesis tested less sharply than this says nothing."""
_COINCIDENCES = 3
"""Equations beyond the unknowns, each of which holds by chance once in a thousand (`_TELLING`)."""
_WIDEST = 64
"""Entries of a line that must all be measured to multiply it by a matrix."""


def term_along_axis(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """Claimed minus measured is, along an axis, a combination of few known vectors, another one for each line.

    So it is where a statistic over that axis (a mean, a variance, a sum of exponentials) was taken for a constant.
    """
    if evidence.wrong is not None or np.any(sample.right & sample.nonzero):
        return None
    for axis in _axes(evidence.shape):
        index = _lines(evidence.shape, axis, _ALONG)
        found = measured_at(evidence, sample, index)
        if found is None:
            return None
        difference = evidence.claimed.flat[index] - found[0]
        for words, basis in _bases(evidence):
            if _spans(difference, found[1], [b.flat[index] for b in basis]):
                return Diagnosis(
                    "missing-term",
                    f"claim and measured gradient of {evidence.path} differ by {words}, with other coefficients for "
                    f"each line along axis {axis}",
                    f"look for a mean, a variance or a sum over axis {axis} that was taken for a constant",
                )
    return None


def _axes(shape: tuple[int, ...]) -> list[int]:
    """The last axis, then the first: statistics are taken over features or over the batch."""
    return [a for a in dict.fromkeys((len(shape) - 1, 0)) if len(shape) and shape[a] >= 3]


def _lines(shape: tuple[int, ...], axis: int, most: int) -> Indices:
    """Flat indices of a few lines along an axis, (lines, entries on each)."""
    flat = np.moveaxis(np.arange(np.prod(shape, dtype=int)).reshape(shape), axis, -1).reshape(-1, shape[axis])
    lines = np.unique(np.linspace(0, len(flat) - 1, _LINES).astype(np.intp))
    along = np.unique(np.linspace(0, shape[axis] - 1, most).astype(np.intp))
    return np.asarray(flat[lines][:, along])


def _bases(evidence: Evidence) -> Iterator[tuple[str, list[Array]]]:
    one = np.ones(evidence.shape)
    yield "a constant", [one]
    value = evidence.inputs.get(evidence.path)
    if value is not None:
        yield f"a multiple of {evidence.path}", [value]
        yield f"a constant and a multiple of {evidence.path}", [one, value]
    if evidence.output is not None and evidence.output.shape == evidence.shape:
        yield "a multiple of the output", [evidence.output]


def _spans(difference: Array, tolerance: Array, basis: list[Array]) -> bool:
    """Whether each line of the difference, (lines, entries), lies in the span of the basis' lines."""
    surplus = 0
    for i, line in enumerate(difference):
        a = np.stack([b[i] for b in basis], axis=-1)
        apart = np.eye(len(line)) - a @ np.linalg.pinv(a)
        room = np.abs(apart) @ tolerance[i]
        if not np.all(np.isfinite(room)) or np.any(np.abs(apart @ line) > room):
            return False
        if np.max(room) <= _TELLING * np.max(np.abs(line)):
            surplus += len(line) - np.linalg.matrix_rank(a)
    return surplus >= _COINCIDENCES


def uncoupled(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """Each claimed entry depends on the cotangent at its own place alone, the measured gradient on others too."""
    w = evidence.cotangent
    if w is None or evidence.claim_at is None or evidence.measure_at is None or w.shape != evidence.shape:
        return None
    which = sample.index[sample.wrong & (sample.claimed != 0)][:_LINES]
    if w.size < 2 or not len(which) or not all(_is_its_own(evidence, w, int(i)) for i in which):
        return None
    seen = [_from_elsewhere(evidence, sample, w, int(i)) for i in which]
    if not any(seen):
        return None
    return Diagnosis(
        "missing-term",
        f"each entry claimed for {evidence.path} depends on the cotangent at its own place alone, the measured "
        "gradient on other places too",
        "look for the part of the Jacobian off its diagonal: a sum, a mean or a normaliser that was not differentiated",
    )


def _without(w: Array, entry: int) -> Array:
    other = w.copy()
    other.flat[entry] = 0
    return other


def _is_its_own(evidence: Evidence, w: Array, entry: int) -> bool:
    """The claimed entry is zero without the cotangent at its place, and the same with it alone."""
    assert evidence.claim_at is not None
    others = _without(w, entry)
    gone, alone = (evidence.claim_at(x)[evidence.path].flat[entry] for x in (others, w - others))
    return bool(gone == 0 and alone == evidence.claimed.flat[entry])


def _from_elsewhere(evidence: Evidence, sample: Sample, w: Array, entry: int) -> bool:
    """The measured entry is not zero without the cotangent at its place."""
    assert evidence.measure_at is not None
    value, error = evidence.measure_at(_without(w, entry), np.array([entry]))
    return bool(np.abs(value[0]) > 4 * error[0] + _TELLING * sample.scale)


def product_transposed(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """The claim is A V where the measured gradient is A V^T (or V A for V^T A), for an A that need not be known."""
    if evidence.wrong is not None or len(evidence.shape) < 2:
        return None
    for path, value in evidence.inputs.items():
        matrix = np.asarray(value)
        if path == evidence.path or not _is_square(matrix):
            continue
        for axis in (-1, 0) if len(evidence.shape) == 2 else (-1,):
            if evidence.shape[axis] == len(matrix) and _turns(evidence, sample, matrix, axis):
                return Diagnosis(
                    "transpose",
                    f"the claim for {evidence.path} multiplies by {path} where the measured gradient has its transpose",
                    "look for a missing or superfluous transpose, or operands in the wrong order",
                )
    return None


def _is_square(matrix: Array) -> bool:
    square = matrix.ndim == 2 and 1 < len(matrix) == matrix.shape[1] <= _WIDEST and matrix.dtype.kind in "fc"
    return square and bool(np.all(np.isfinite(matrix))) and np.linalg.matrix_rank(matrix) == len(matrix)


def _turns(evidence: Evidence, sample: Sample, matrix: Array, axis: int) -> bool:
    """Whether undoing one of matrix and transpose and doing the other turns measured lines into claimed ones."""
    index = _lines(evidence.shape, axis, evidence.shape[axis])
    found = measured_at(evidence, sample, index)
    if found is None or index.size <= _COINCIDENCES:
        return False
    claimed, turns = evidence.claimed.flat[index], []
    for turn in (np.linalg.solve(matrix.T, matrix), np.linalg.solve(matrix, matrix.T)):
        room = found[1] @ np.abs(turn)
        sharp = np.max(room) <= _TELLING * np.max(np.abs(claimed))
        turns.append(sharp and np.all(np.abs(claimed - found[0] @ turn) <= room))
    return bool(any(turns))
