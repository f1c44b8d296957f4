"""What kind of mistake a wrong gradient holds: simple hypotheses, each tested against every sampled entry.

A hypothesis is named only if it explains all sampled entries within the errors with which they were measured.
They are asked in an order in which the simpler comes first; where none holds, the answer is ``unknown``.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gradcheck.check import _diagnose_cause as cause
from gradcheck.check import _diagnose_conjugate as conjugate
from gradcheck.check import _diagnose_place as place
from gradcheck.check import _diagnose_ratio as ratio
from gradcheck.check import _diagnose_structure as structure
from gradcheck.check._diagnose_evidence import Array, Diagnosis, Evidence, Sample, sample_of

__all__ = ["MORE", "Diagnosis", "Evidence", "diagnose"]

Hypothesis = Callable[[Evidence, Sample], Diagnosis | None]

MORE = "raise max_evaluations to have the mistake named"
"""Advice where the evaluations end before a wrong gradient is explained."""
_ENOUGH = 24
"""Entries that the hypotheses look at, where they can be had: no coincidence holds at all of them."""
_SHOWN = 6
"""Wrong entries that a sentence lists."""


_TERM_BY_TERM = "compare the formula with the function's derivative term by term"


def diagnose(evidence: Evidence) -> Diagnosis:
    """The simplest hypothesis that explains every sampled entry, or ``unknown``.

    Parameters
    ----------
    evidence : Evidence
        One input's claim, the entries of it that were measured, and what else may be asked.

    Returns
    -------
    Diagnosis

    Examples
    --------
    >>> import numpy as np
    >>> from gradcheck.check._diagnose import Evidence, diagnose
    >>> true = np.array([1.0, -2.0, 0.5])
    >>> evidence = Evidence(
    ...     path="W", shape=(3,), claimed=true / 2, index=np.arange(3), measured=true, error=np.full(3, 1e-10),
    ...     inputs={"W": np.ones(3)}, claims={"W": true / 2}, output_shape=(2,),
    ... )
    >>> diagnose(evidence).slug
    'factor'
    >>> print(diagnose(evidence).sentence)
    every entry of W is 0.5000 x the measured gradient; 0.5 = 1 / batch or 1 / 2?
    """
    sample = _enlarged(evidence, sample_of(evidence))
    if evidence.wrong and not np.any(sample.wrong):  # at kinks, where no one number is the measured one
        return _entries(evidence, sample) or _unknown(evidence, sample)
    if not len(sample.index) or not np.any(sample.wrong):
        return Diagnosis("unknown", f"too few entries of {evidence.path} could be measured")
    found = (hypothesis(evidence, sample) for hypothesis in _HYPOTHESES)
    return next((diagnosis for diagnosis in found if diagnosis is not None), _unknown(evidence, sample))


def _enlarged(evidence: Evidence, sample: Sample) -> Sample:
    """The sample with further entries, evenly spread, where it is small.

    Where the wrong entries were localised the others are right, and need not be measured.
    """
    more = _further(evidence, min(_ENOUGH, evidence.claimed.size) - len(sample.index))
    if not len(more) or not len(sample.index):
        return sample
    if evidence.wrong is not None:
        value, error = evidence.claimed.ravel()[more], np.full(len(more), np.max(sample.error))
    elif evidence.measure is not None:
        value, error = evidence.measure(more)
    else:
        return sample
    index = np.concatenate([sample.index, more])
    measured, errors = np.concatenate([sample.measured, value]), np.concatenate([sample.error, error])
    return sample_of(replace(evidence, index=index, measured=measured, error=errors))


def _further(evidence: Evidence, number: int) -> Array:
    """So many entries that were neither measured nor named, or as many as there are."""
    spread = np.unique(np.linspace(0, evidence.claimed.size - 1, 4 * _ENOUGH).astype(np.intp))
    rest = np.setdiff1d(spread, [*evidence.index, *(evidence.wrong or ())])
    return rest[np.linspace(0, len(rest) - 1, min(max(number, 0), len(rest))).astype(np.intp)]


def _entries(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """Some entries are right: name the others."""
    localised = evidence.wrong is not None and len(evidence.wrong) < evidence.claimed.size
    if not localised and not np.any(sample.right):
        return None
    wrong = np.unique([*(evidence.wrong or ()), *sample.index[sample.wrong]]).astype(np.intp)
    return Diagnosis(
        "entries",
        f"{_how_many(evidence, sample, wrong)} of {evidence.path} are wrong: {_listed(evidence, wrong)}"
        f"{_pattern(evidence, wrong)}{_in_common(sample)}; the others are right",
        "look at what sets these entries apart: a border, a repeated index, a branch, a mask",
    )


def _how_many(evidence: Evidence, sample: Sample, wrong: Array) -> str:
    if evidence.wrong is not None:
        return f"{len(wrong)} of the {evidence.claimed.size} entries"
    return f"{len(wrong)} of {len(sample.index)} measured entries"


def _listed(evidence: Evidence, wrong: Array) -> str:
    places = [str([int(i) for i in np.unravel_index(flat, evidence.shape)]) for flat in wrong[:_SHOWN]]
    return ", ".join(places) + (", ..." if len(wrong) > _SHOWN else "")


def _pattern(evidence: Evidence, wrong: Array) -> str:
    """The index that all wrong entries share, along an axis."""
    if len(wrong) < 2 or len(evidence.shape) < 2:
        return ""
    where = np.unravel_index(wrong, evidence.shape)
    shared = [f"index {w[0]} of axis {axis}" for axis, w in enumerate(where) if np.all(w == w[0])]
    return f" (all at {' and '.join(shared)})" if shared else ""


def _in_common(sample: Sample) -> str:
    claimed, measured = sample.claimed[sample.wrong], sample.measured[sample.wrong]
    if not len(claimed):
        return ""
    if not np.any(claimed):
        return ", claimed zero there"
    if np.all(np.abs(measured) <= sample.tolerance[sample.wrong]):
        return ", zero in truth"
    quotient = claimed / np.where(measured == 0, np.nan, measured)
    if len(quotient) > 1 and np.all(np.abs(quotient - quotient[0]) <= 1e-6 * abs(quotient[0])):
        return f", each {quotient[0]:.4g} x the measured gradient"
    return ""


def _unknown(evidence: Evidence, sample: Sample) -> Diagnosis:
    with np.errstate(all="ignore"):
        ratios = np.real(sample.claimed / sample.measured)[sample.nonzero]
    if len(ratios) == 1:
        sentence = (
            f"{evidence.path} is claimed {ratios[0]:.4g} x the measured gradient; one number shows no rule"
        )
        return Diagnosis("unknown", sentence, _TERM_BY_TERM)
    span = f" (claimed / measured runs from {ratios.min():.3g} to {ratios.max():.3g})" if len(ratios) else ""
    return Diagnosis(
        "unknown",
        f"{np.count_nonzero(sample.wrong)} of {len(sample.index)} measured entries of {evidence.path} are wrong"
        f", by no simple rule{span}",
        _TERM_BY_TERM,
    )


_HYPOTHESES: tuple[Hypothesis, ...] = (
    ratio.zero,
    cause.ignores_cotangent,
    ratio.constant_ratio,
    conjugate.conjugate,
    conjugate.real_part,
    place.gradient_misplaced,
    cause.part_of_cotangent,
    cause.another_input,
    cause.term,
    ratio.few_digits,
    ratio.along_one_axis,
    structure.term_along_axis,
    structure.product_transposed,
    place.cotangent_misplaced,
    place.input_misplaced,
    place.same_numbers,
    cause.lost_contributions,
    structure.uncoupled,
    _entries,
    ratio.roughly_right,
)
