"""What parts a JVP and a VJP, where one number or one conjugate does."""

from dataclasses import dataclass

import numpy as np

from gradcheck.check._diagnose_evidence import Diagnosis
from gradcheck.check._point import Floats

__all__ = ["CONJUGATES", "Sides", "conjugate_named", "ratio_named"]

SAME = 1e-6  # relative: two factors that agree so far are the same number
NEAR_ONE = 1e-3  # a factor so near to 1 is a rounded constant rather than a forgotten one
PLAIN = (2, 3, 4, 5, 6, 8, 10)  # and one over them: what says something where there is one number alone
EACH = "in one of the two"


@dataclass(frozen=True)
class Sides:
    """<J v, w> and <v, J^T w> of several pairs, with the bounds of their differences.

    Attributes
    ----------
    left, right, bound : (pairs,) arrays
    names : (str, str)
        Of the JVP and of the VJP.
    path : str
        Of the input in which v lies.
    alone : bool
        One number has one derivative: any mistake is a factor there.
    """

    left: Floats
    right: Floats
    bound: Floats
    names: tuple[str, str]
    path: str
    alone: bool

    def agree(self) -> bool:
        """Whether no difference exceeds its bound, and some product does, so that this says something."""
        shown = np.abs(self.left) > self.bound
        return bool(shown.any() and (np.abs(self.left - self.right) <= self.bound).all())


def ratio_named(sides: Sides) -> Diagnosis | None:
    """Zero, sign, factor or rounded constant: <v, J^T w> = c <J v, w> for every pair."""
    (jvp, vjp), path = sides.names, sides.path
    forgotten = f"look for a result that is never written, or an argument that is left out, {EACH}"
    if not sides.right.any():
        return Diagnosis("zero", f"{vjp} gives zero for {path} whatever w is", forgotten)
    if not sides.left.any():
        return Diagnosis("zero", f"{jvp} gives zero whatever v in {path} is", forgotten)
    ratio, error = _ratio(sides)
    if ratio is None:
        return None
    words = f"<v, {vjp}(w)> is {{}} x <{jvp}(v), w> for every v in {path} and every w"
    if abs(ratio + 1.0) <= max(4.0 * error, SAME):
        advice = f"look for a difference taken the wrong way round, or a minus that was lost, {EACH}"
        return Diagnosis("sign", words.format("-1"), advice)
    if abs(ratio - 1.0) < NEAR_ONE:
        return Diagnosis("precision", words.format(f"{ratio:.10g}"), f"look for a rounded constant, {EACH}")
    if sides.alone and not _is_plain(ratio):
        return None
    advice = (
        f"look for a mean where the other sums, or a constant of the chain rule that was left out, {EACH}"
    )
    number = f"{ratio:.4f}" if NEAR_ONE < abs(ratio) < 1.0 / SAME else f"{ratio:.4g}"
    return Diagnosis("factor", words.format(number), advice)


def _ratio(sides: Sides) -> tuple[float | None, float]:
    """right / left where all pairs agree on it, and how well it is known."""
    left, right = sides.left, sides.right
    known = np.abs(left) > sides.bound
    if not known.any():
        return None, 0.0
    best = int(np.argmax(np.where(known, np.abs(left) / np.maximum(sides.bound, np.finfo(float).tiny), 0.0)))
    ratio = float(right[best] / left[best])
    room = sides.bound * max(1.0, abs(ratio))
    error = float(room[best] / abs(left[best]))
    same = np.abs(right - ratio * left) <= room + error * np.abs(left)
    return (ratio if same.all() else None), error


def _is_plain(ratio: float) -> bool:
    size = abs(ratio)
    return any(abs(size - n) <= SAME * n or abs(size * n - 1.0) <= SAME for n in PLAIN)


CONJUGATES = {"cotangent": (True, False), "gradient": (False, True), "derivative": (True, True)}
"""What may be conjugated by mistake: whether the VJP is then right for conj(w), and once it is conjugated itself."""


def conjugate_named(what: str, sides: Sides, *, conjugate: bool) -> Diagnosis | None:
    """`sides` are those after the VJP's cotangent, or its gradient, or both were conjugated: do they agree?"""
    if not sides.agree():
        return None
    (jvp, vjp), path = sides.names, sides.path
    convention = "leave conjugate=True out" if conjugate else "pass conjugate=True"
    advice = {
        "cotangent": f"look for a conjugate of the cotangent, or of the output tangent, that is one too many, {EACH}",
        "gradient": f"the other convention for complex gradients: conjugate the gradient, or {convention}",
        "derivative": "a gradient is the cotangent times the conjugate of the derivative: J^H w, not J^T w",
    }[what]
    sentence = (
        f"{jvp} and {vjp} agree for {path} once the {what} is conjugated: the sign of the imaginary parts"
    )
    return Diagnosis("sign", sentence, advice)
