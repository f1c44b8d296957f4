"""Mistakes that complex numbers alone can have: a conjugate left out or added, the imaginary part lost."""

import numpy as np

from gradcheck.check._diagnose_evidence import Array, Diagnosis, Evidence, Sample

__all__ = ["conjugate", "real_part", "tangent_conjugated"]


def conjugate(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """The imaginary parts of the claim, or of something that it reads, have the wrong sign."""
    claim = sample.claimed
    if np.iscomplexobj(sample.measured) and sample.explains(np.conj(claim)):
        choice = "leave conjugate=True out" if evidence.conjugated else "pass conjugate=True"
        return _sign(
            f"every entry of {evidence.path} is the complex conjugate of the measured gradient",
            f"the other convention for complex gradients: conjugate the claim, or {choice}",
        )
    return _derivative(evidence, sample) or _operand(evidence, sample)


def _sign(sentence: str, advice: str) -> Diagnosis:
    return Diagnosis("sign", f"{sentence}: the sign of the imaginary parts", advice)


def _derivative(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """J w for J^H w, or J^H conj(w)."""
    w, ask = evidence.cotangent, evidence.claim_at
    if w is None or ask is None or not np.any(np.imag(w)) or not np.any(sample.nonzero):
        return None
    there = np.asarray(ask(np.conj(w))[evidence.path]).flat[sample.index]
    if sample.explains(there):
        return _sign(
            f"{evidence.path} is right once the cotangent is conjugated",
            "look for a conjugate of the cotangent, or np.vdot, that is one too many",
        )
    if np.iscomplexobj(sample.measured) and sample.explains(np.conj(there)):
        return _sign(
            f"{evidence.path} is right once the derivative is conjugated",
            "a gradient is the cotangent times the conjugate of the derivative: J^H w, not J^T w",
        )
    return None


def tangent_conjugated(path: str, sample: Sample, mirrored: Array) -> Diagnosis | None:
    """Of an output tangent J t: `mirrored` is the claim for the conjugate of t."""
    if not np.any(sample.wrong & sample.nonzero):
        return None
    what, advice = f"the tangent for {path} is right once", "a JVP is J t, without a conjugate"
    if sample.explains(mirrored):
        return _sign(f"{what} the tangent that goes in is conjugated", advice)
    if not np.iscomplexobj(sample.measured):
        return None
    if sample.explains(np.conj(sample.claimed)):
        return _sign(f"{what} it is conjugated as a whole", advice)
    if sample.explains(np.conj(mirrored)):
        return _sign(f"{what} the derivative is conjugated", advice)
    return None


def _operand(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """The claim reads an input where it should read its conjugate, or the reverse."""
    if evidence.claim_with is None or not np.any(sample.nonzero):
        return None
    for path, value in evidence.inputs.items():
        for words, other in _conjugates(np.asarray(value)):
            changed: dict[str, Array] = {**evidence.inputs, path: other}
            claim = np.asarray(evidence.claim_with(changed)[evidence.path])
            if sample.explains(claim.flat[sample.index]):
                return _sign(
                    f"{evidence.path} is right once the claim reads the {words} of {path}",
                    "a gradient has the conjugate transpose of an operand: A.conj().T @ w, not A.T @ w",
                )
    return None


def _conjugates(value: Array) -> list[tuple[str, Array]]:
    if not np.any(np.imag(value)):
        return []
    found = [("conjugate", np.conj(value))]
    if value.ndim == 2 and value.shape[0] == value.shape[1] > 1:
        found.append(("conjugate transpose", np.conj(value.T)))
    return found


def real_part(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """The claim is the measured gradient without its imaginary (or its real) part."""
    measured = sample.measured
    if not np.iscomplexobj(measured) or not np.any(np.abs(measured.imag) > 4 * sample.tolerance):
        return None
    for kept, other, lost in (
        (np.real, np.imag, "imaginary"),
        (np.imag, np.real, "real"),
    ):
        close = np.abs(kept(sample.claimed) - kept(measured)) <= sample.tolerance
        if np.all(close) and not np.any(other(evidence.claimed)):
            return Diagnosis(
                "missing-term",
                f"the claim for {evidence.path} lacks the {lost} part of the measured gradient",
                "look for a cast to real, np.real or an array of floats that took complex numbers",
            )
    return None
