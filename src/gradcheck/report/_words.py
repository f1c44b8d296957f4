"""What a report says, in sentences: the text, Markdown and HTML renderings differ in the clothes alone."""

import math
import re

import numpy as np

from gradcheck.check._verdict import Finding, Report, Verdict
from gradcheck.report._numbers import (
    MOST,
    PLAIN,
    entry_name,
    estimate,
    exact_digits,
    names,
    number,
    percent,
    short,
)

__all__ = [
    "agreement",
    "caught",
    "closing",
    "digits_right",
    "effort",
    "headline",
    "labelled_passes",
    "measurements",
    "notes",
    "passed_inputs",
    "sentence",
    "spots",
    "worst_first",
]

ORDER = {Verdict.FAIL: 0, Verdict.INCONCLUSIVE: 1, Verdict.PASS: 2}
DECIDING = ("value", "adjoint", "symmetry")  # the findings that compare numbers


def worst_first(report: Report) -> list[Finding]:
    """What did not pass: wrong before undecided, broken contracts before values, widest margin first."""

    def rank(finding: Finding) -> tuple[int, bool, float]:
        margin = 0.0 if finding.margin is None else finding.margin
        margin = math.inf if math.isnan(margin) else margin  # a claim of NaN is as wrong as can be
        return ORDER[finding.verdict], finding.code in DECIDING, -margin

    return sorted((f for f in report.findings if f.verdict is not Verdict.PASS), key=rank)


def effort(report: Report) -> str:
    """Whose claim it was and what the answer cost: ``dense_backward, 41 evaluations``."""
    if report.evaluations:
        cost = _counted(report.evaluations, "evaluation")
    elif _computed(report):  # two claims were held against each other, without the function
        cost = _counted(report.claim_evaluations, "claim evaluation")
    else:
        cost = _counted(len(report.findings), "check")
    return ", ".join(filter(None, (report.subject, cost)))


def _computed(report: Report) -> bool:
    """Whether something was evaluated: the answers of a test kit count questions instead."""
    return report.evaluations + report.claim_evaluations > 0


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def headline(finding: Finding) -> str:
    """What was found, in one line: the entry with both numbers, or the sentence of the finding."""
    if finding.claimed is not None and finding.measured is not None:
        along = "" if finding.index is not None or not finding.input else " along a direction"
        return f"{_entry(finding)}{along}: {measurements(finding)}"
    return sentence(finding)


def sentence(finding: Finding) -> str:
    """The first line of the message, which begins with what it is about."""
    name = finding.input or finding.code
    message = (finding.message or finding.code).splitlines()[0]
    return message if message.startswith(name) else f"{name}: {message}"


def _entry(finding: Finding) -> str:
    return entry_name(finding.input, finding.index) or finding.code


def measurements(finding: Finding) -> str:
    """``claimed 0.500000, measured 1.0000000000 ± 3e-11``, with the digits in which the two part."""
    if finding.claimed is None or finding.measured is None:
        return ""
    claimed = number(
        finding.claimed, _telling_digits(finding.claimed, finding.measured, finding.error or 0.0)
    )
    return f"claimed {claimed}, measured {estimate(finding.measured, finding.error)}"


def _telling_digits(claimed: float | complex, measured: float | complex, error: float) -> int:
    apart = abs(complex(claimed) - complex(measured))  # Python's own numbers, which never warn
    return max(PLAIN, min(exact_digits(claimed, apart) + 2, MOST)) if apart > error else PLAIN


def passed_inputs(report: Report) -> list[Finding]:
    """The comparisons that passed, of inputs about which nothing else was held against the claim."""
    objected = {f.input for f in worst_first(report)}
    compared = (f for f in report.findings if f.verdict is Verdict.PASS and f.code in DECIDING)
    return [f for f in compared if f.resolution is not None and not f.diagnosis and f.input not in objected]


def digits_right(findings: list[Finding]) -> str:
    """``x and b are right to 9.7 digits``: the fewest digits over these findings."""
    paths = list(dict.fromkeys(f.input for f in findings if f.input))
    verb = "are" if len(paths) != 1 else "is"
    who = f"{names(paths)} {verb}" if paths else "the numbers are"
    coarsest = max(f.resolution for f in findings if f.resolution is not None)
    if not 0 < coarsest < 1:
        return f"{who} within the measured error"
    return f"{who} right to {-math.log10(coarsest):.1f} digits"


def agreement(report: Report) -> str:
    """What a report without an objection comes to, in one sentence."""
    passed = passed_inputs(report)
    if passed:
        return digits_right(passed)
    return "no fault was found" if report.verdict is Verdict.PASS else "nothing was compared"


def caught(resolution: float, probability: float | None, where: str = "") -> str:
    """How small a mistake would have been caught, and how surely: the sentence that every report has."""
    if math.isnan(resolution) or resolution == math.inf:
        return f"no mistake{where}, however large, would have been caught for certain"
    sure = "" if probability is None else f" ({percent(probability)})"
    return f"a relative mistake of {short(resolution)}{where} would have been caught{sure}"


def labelled_passes(report: Report) -> list[Finding]:
    """Passes that a reader should know to be of a special kind: a subgradient at a kink, a vacuous zero."""
    return [f for f in report.findings if f.verdict is Verdict.PASS and f.diagnosis]


def contracts_kept(report: Report) -> list[str]:
    """The slugs of what else was looked at and found in order."""
    bad = {f.code for f in worst_first(report)}
    kept = (f.code for f in report.findings if f.verdict is Verdict.PASS and f.code not in DECIDING)
    return [code for code in dict.fromkeys(kept) if code not in bad]


def notes(finding: Finding) -> list[str]:
    """The lines below the headline: what kind of mistake it is, where else, what to do."""
    first, *more = finding.message.splitlines() or [""]
    lines = []
    repeats = first in headline(finding) or first.startswith(f"{_entry(finding)}: claimed ")
    if not repeats:
        lines.append(_with_slug(first, finding.diagnosis))
    elif finding.diagnosis:
        lines.append(f"diagnosis: {finding.diagnosis}")
    lines += [line.strip() for line in more]
    if len(finding.wrong_entries) > 1 and str(list(finding.wrong_entries[0])) not in finding.message:
        lines.append(f"wrong entries: {spots(finding)}")
    if finding.advice:
        lines.append(finding.advice)
    return lines


def _with_slug(message: str, diagnosis: str) -> str:
    return f"{message} -> {diagnosis}" if diagnosis else message


def spots(finding: Finding, limit: int = 8) -> str:
    """The wrong entries by name, the first few of them."""
    return names([entry_name(finding.input, index) for index in finding.wrong_entries], limit)


def closing(report: Report, saved: str | None = None) -> list[str]:
    """The sentences after the verdict, in the order in which a reader asks for them."""
    objections = worst_first(report)
    sentences = [f"{sentence(f)} -> {f.diagnosis}" for f in labelled_passes(report)]
    sentences += _what_was_right(report, objections)
    kept = contracts_kept(report)
    if kept and not objections:
        sentences.append(f"also in order: {', '.join(kept)}")
    sentences += _exploration(report)
    if saved:
        sentences.append(f"repeat: gradcheck replay {saved}")
    return sentences


def _what_was_right(report: Report, objections: list[Finding]) -> list[str]:
    passed = passed_inputs(report)
    if not _computed(report):
        return []
    if not objections:
        return [caught(report.resolution, report.probability)]
    if not passed:
        return _without_a_pass(report)
    coarsest = max(f.resolution for f in passed if f.resolution is not None)
    surest = min((f.probability for f in passed if f.probability is not None), default=None)
    where = " in them" if len({f.input for f in passed}) > 1 else " in it"
    return [f"{digits_right(passed)}; {caught(coarsest, surest, where)}"]


def _without_a_pass(report: Report) -> list[str]:
    """A failure has been caught: what else would have been is known where something was left undecided."""
    if not any(f.code in DECIDING or f.measured is not None for f in report.findings):
        return ["no number was compared"]
    return [caught(report.resolution, report.probability)] if report.resolution < math.inf else []


def _exploration(report: Report) -> list[str]:
    if not report.explored:
        return []
    tried, skipped = report.explored.get("tried", 0), report.explored.get("skipped", 0)
    lines = [f"explored {tried} further points, {skipped} more where the function is not finite"]
    if report.counterexample is not None:
        shown = ", ".join(f"{path} = {_value(value)}" for path, value in report.counterexample.items())
        lines.append(f"smallest inputs found that show it: {shown}")
    return lines


def _value(value: object, limit: int = 120) -> str:
    array = np.asarray(value)
    if array.dtype == object:
        return repr(value)[:limit]
    if array.size > 12:
        return f"array of shape {array.shape}, {array.dtype}"
    text = np.array2string(array, separator=", ", precision=6, max_line_width=10**6)
    return re.sub(r"(?<=\[) +", "", " ".join(text.split()))
