"""A wrong Hessian, entry by entry: which of its entries are wrong, and what kind of mistake it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._diagnose import Evidence, diagnose
from gradcheck.check._diagnose_evidence import Diagnosis
from gradcheck.check._point import Floats, Variable
from gradcheck.check._verdict import Entry, Finding

__all__ = ["Matrix", "explained_by"]

_ROUNDING = 64 * np.finfo(float).eps
_SHOWN = 4096
"""Entries that a finding carries."""


@dataclass(frozen=True)
class Matrix:
    """A Hessian, claimed and measured; arrays of shape (rows, columns), all inputs flattened.

    Attributes
    ----------
    claimed, measured, error : arrays
    gradient : array of shape (rows,), or None
    name : str
        What sentences call it.
    """

    claimed: Floats
    measured: Floats
    error: Floats
    gradient: Floats | None = None
    name: str = "H"

    @property
    def room(self) -> Floats:
        return self.error + _ROUNDING * np.maximum(np.abs(self.claimed), np.abs(self.measured))

    @property
    def wrong(self) -> NDArray[np.bool_]:
        with np.errstate(invalid="ignore"):
            return np.asarray(~(np.abs(self.claimed - self.measured) <= self.room))

    def explained_by(self, prediction: Floats) -> bool:
        return bool(np.all(np.abs(prediction - self.measured) <= self.room))

    @property
    def is_square(self) -> bool:
        rows, columns = self.claimed.shape
        return bool(rows == columns)


def explained_by(matrix: Matrix, finding: Finding, variables: Sequence[Variable], array: int) -> Finding:
    """The finding about one input: its columns of the matrix, the wrong entries of them, the worst, a diagnosis.

    An index is that of the row's entry followed by that of the column's, each within its own input.
    """
    paths, cuts = [v.path for v in variables], _cuts(variables)
    columns = cuts[array]
    if not matrix.wrong[:, columns].any():
        return replace(finding, diagnosis="unknown")
    rows = cuts if matrix.is_square else [slice(None)]
    parts = [_part(matrix, r, columns) for r in rows]
    gap = [np.abs(p.claimed - p.measured) - p.error for p in parts]
    largest = [float(np.max(g, initial=-np.inf, where=np.isfinite(g))) for g in gap]
    row = int(np.argmax(largest))
    part, shape = parts[row], variables[array].shape
    places = _places(part, (*variables[row].shape, *shape) if matrix.is_square else None, shape)
    worst = int(np.argmax(np.where(np.isfinite(gap[row]), gap[row], -np.inf)))
    found = _diagnosis_by_blocks(matrix, paths, cuts, (row, array))
    error = float(part.error.flat[worst])
    return replace(
        finding,
        index=places[worst],
        claimed=float(part.claimed.flat[worst]),
        measured=float(part.measured.flat[worst]),
        error=error,
        margin=float(np.abs(part.claimed - part.measured).flat[worst] / error) if error else float("inf"),
        diagnosis=found.slug,
        message=found.sentence,
        advice=found.advice,
        wrong_entries=tuple(dict.fromkeys(places[int(i)] for i in np.flatnonzero(part.wrong))),
        sample=_sample(part, places) if len(variables) == 1 and matrix.is_square else (),
    )


def _cuts(variables: Sequence[Variable]) -> list[slice]:
    """Where each input stands among the rows and columns."""
    ends = np.cumsum([int(np.prod(v.shape, dtype=int)) for v in variables])
    return [slice(int(a), int(b)) for a, b in zip([0, *ends[:-1]], ends, strict=True)]


def _part(matrix: Matrix, rows: slice, columns: slice, name: str = "H") -> Matrix:
    claimed, measured, error = (x[rows, columns] for x in (matrix.claimed, matrix.measured, matrix.error))
    return Matrix(claimed, measured, error, name=name)


def _places(part: Matrix, whole: tuple[int, ...] | None, shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The index of every entry: of a Hessian's block its own, of anything else that of the input's entry."""
    size = part.claimed.shape[1]
    if whole is not None:
        return [tuple(int(p) for p in np.unravel_index(i, whole)) for i in range(part.claimed.size)]
    return [tuple(int(p) for p in np.unravel_index(i % size, shape)) for i in range(part.claimed.size)]


def _sample(part: Matrix, places: list[tuple[int, ...]]) -> tuple[Entry, ...]:
    numbers = (x.ravel().tolist() for x in (part.claimed, part.measured, part.error))
    return tuple(Entry(*entry) for entry in zip(places[:_SHOWN], *numbers, strict=False))


def _diagnosis_by_blocks(
    matrix: Matrix, paths: Sequence[str], cuts: Sequence[slice], worst: tuple[int, int]
) -> Diagnosis:
    """Of a Hessian over several inputs that is right in some blocks: the wrong ones, or what is wrong in the worst."""
    if len(cuts) == 1 or not matrix.is_square:
        return _diagnosis(matrix)
    blocks = {
        (i, j): _part(matrix, cuts[i], cuts[j], f"H[{a}][{b}]")
        for i, a in enumerate(paths)
        for j, b in enumerate(paths)
    }
    wrong = {at: block for at, block in blocks.items() if block.wrong.any()}
    if all(
        at in wrong or not block.claimed.any() for at, block in blocks.items()
    ):  # nothing that counts is right
        found = _diagnosis(matrix)
        return replace(found, sentence=f"{found.sentence}; the entry shown is one of {blocks[worst].name}")
    if not any(block.claimed.any() for block in wrong.values()):
        return _missing_blocks(wrong)
    return _diagnosis(wrong[worst]) if worst[0] == worst[1] else _general(wrong[worst])


def _missing_blocks(wrong: Mapping[tuple[int, int], Matrix]) -> Diagnosis:
    advice = "differentiate the gradient of every input by every other one"
    if not any((j, i) in wrong for i, j in wrong):
        advice = "a Hessian is symmetric: H[a][b] is the transpose of H[b][a]"
    names = [block.name for block in wrong.values()]
    verb = "is" if len(names) == 1 else "are"
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return Diagnosis("missing-term", f"{listed} {verb} claimed zero; the rest of H is right", advice)


def _diagnosis(matrix: Matrix) -> Diagnosis:
    finite = np.isfinite(matrix.error) & np.isfinite(matrix.measured)
    if matrix.is_square and finite.all() and len(matrix.claimed) > 1:
        found = _one_triangle(matrix) or _parts(matrix) or _gradient_product(matrix)
        if found is not None:
            return found
    general = _general(matrix)
    if general.slug == "unknown" and matrix.is_square and finite.all():
        return _gauss_newton(matrix) or general
    return general


def _general(matrix: Matrix) -> Diagnosis:
    """As of any wrong gradient."""
    found = diagnose(_evidence(matrix, np.isfinite(matrix.error) & np.isfinite(matrix.measured)))
    return replace(found, sentence=found.sentence.replace("measured gradient", "measured Hessian"))


def _evidence(matrix: Matrix, finite: NDArray[np.bool_]) -> Evidence:
    index = np.flatnonzero(finite)
    wrong = np.flatnonzero(matrix.wrong & finite)
    few = finite.all() and 2 * len(wrong) <= matrix.claimed.size
    inputs: dict[str, Any] = {}
    if matrix.is_square:
        inputs["the identity"] = np.eye(len(matrix.claimed))
    return Evidence(
        path=matrix.name,
        shape=matrix.claimed.shape,
        claimed=matrix.claimed,
        index=index,
        measured=matrix.measured.flat[index],
        error=matrix.error.flat[index],
        inputs=inputs,
        claims={matrix.name: matrix.claimed},
        wrong=tuple(int(i) for i in wrong) if few else None,
    )


def _one_triangle(matrix: Matrix) -> Diagnosis | None:
    """The cross terms stand on one side of the diagonal only."""
    c = matrix.claimed
    for side, other in (("above", np.tril(c, -1)), ("below", np.triu(c, 1))):
        if not other.any() and matrix.explained_by(c + c.T - np.diag(np.diag(c))):
            return Diagnosis(
                "missing-term",
                f"the entries {side} the diagonal of {matrix.name} are right, those on the other side are claimed zero",
                "a Hessian is symmetric: mirror the triangle that was computed",
            )
    return None


def _parts(matrix: Matrix) -> Diagnosis | None:
    """The diagonal is right and the rest a constant times the truth, or the reverse."""
    on = np.eye(len(matrix.claimed), dtype=bool)
    for right, other, name, rest in ((on, ~on, "off", "on it"), (~on, on, "on", "off it")):
        ratio = _ratio(matrix, other)
        if matrix.wrong[right].any() or ratio is None:
            continue
        if ratio == 0.0:
            advice = "differentiate the gradient by every input, not only by the entry's own"
            return Diagnosis(
                "missing-term",
                f"the entries {name} the diagonal of {matrix.name} are claimed zero; those {rest} are right",
                advice,
            )
        slug = "sign" if abs(ratio + 1.0) < 1e-6 else "factor"
        return Diagnosis(
            slug,
            f"every entry {name} the diagonal of {matrix.name} is {ratio:.4f} x the measured one; "
            f"those {rest} are right",
            "count each pair of inputs once on either side of the diagonal, and the diagonal once",
        )
    return None


def _ratio(matrix: Matrix, where: NDArray[np.bool_]) -> float | None:
    """claimed / measured, where it is one number on all these entries and shown by two of them."""
    c, m, room = matrix.claimed[where], matrix.measured[where], matrix.room[where]
    known = np.abs(m) > 4 * room
    if np.count_nonzero(known) < 2:
        return None
    best = int(np.argmax(np.abs(m) / room))
    ratio = float(c[best] / m[best])
    return ratio if np.all(np.abs(c - ratio * m) <= (1 + abs(ratio)) * room * 4) else None


def _gradient_product(matrix: Matrix) -> Diagnosis | None:
    """Claimed minus measured is a multiple of g g^T: the derivative of an outer function that bends."""
    if matrix.gradient is None:
        return None
    product = np.outer(matrix.gradient, matrix.gradient)
    difference, room = matrix.claimed - matrix.measured, matrix.room
    best = int(np.argmax(np.abs(product)))
    if not product.flat[best] or len(product) < 3:
        return None
    multiple = float(difference.flat[best] / product.flat[best])
    slack = room + room.flat[best] * np.abs(product / product.flat[best])
    sharp = room.flat[best] <= 1e-3 * abs(difference.flat[best])
    if not sharp or np.any(np.abs(difference - multiple * product) > slack):
        return None
    slug, verb = ("extra-term", "exceeds") if multiple > 0 else ("missing-term", "lacks")
    return Diagnosis(
        slug,
        f"{matrix.name} {verb} {abs(multiple):.6g} x g g^T, with g the gradient, of the measured Hessian",
        "for f = phi(r) the Hessian is phi' r'' + phi'' r' r'^T: look for the second of these terms",
    )


def _gauss_newton(matrix: Matrix) -> Diagnosis | None:
    """The claim has no negative eigenvalue, as J^T J has none, and the measured Hessian has."""
    c = matrix.claimed
    if len(c) < 3 or np.any(np.abs(c - c.T) > 1e-9 * np.abs(c).max()):
        return None
    size, error = np.abs(c).max(), float(np.linalg.norm(matrix.error))
    mine = np.linalg.eigvalsh(c)
    true = np.linalg.eigvalsh(0.5 * (matrix.measured + matrix.measured.T))
    if mine[0] < -1e-9 * size or true[0] > -4.0 * error:
        return None
    return Diagnosis(
        "missing-term",
        f"{matrix.name} is claimed without negative eigenvalues, as a Gauss-Newton matrix J^T J is; "
        f"the measured one has {true[0]:.4g}",
        "look for the term with the second derivatives of the residuals",
    )
