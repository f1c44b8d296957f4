"""What a check returns: verdict, findings, report. Data alone; `gradcheck.report` renders it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from os import PathLike
from typing import Any, Self

__all__ = ["Entry", "Finding", "GradientError", "Report", "Sweep", "Verdict"]


class Verdict(StrEnum):
    """Right, wrong, or cannot tell."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Entry:
    """One entry of a gradient: what was claimed, what was measured, and the half-width of the bound."""

    index: tuple[int, ...]
    claimed: float | complex
    measured: float | complex
    error: float


@dataclass(frozen=True)
class Sweep:
    """The slope seen at each step along one line: what the V-curve and the convergence plot draw."""

    steps: tuple[float, ...]
    slopes: tuple[float, ...]
    chosen: float


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at for one input (or for the whole claim, where `input` is empty).

    Attributes
    ----------
    code : str
        What was looked at: ``value``, ``shape``, ``dtype``, ``nonfinite``, ``missing``, ``mutates-input``,
        ``mutates-cotangent``, ``aliased``, ``nondeterministic-forward``, ``nondeterministic-backward``,
        ``nonlinear``, ``noncontiguous``, ``adjoint``, ``symmetry``, ``raises``.
    verdict : Verdict
    message : str
        One plain sentence with the numbers.
    input : str
        Path of the input (``W1``, ``layers[0].b``, ``arg0``); empty where it concerns the whole claim.
    index : tuple of int, or None
        The worst entry, where entries were measured one by one.
    claimed, measured, error : float, complex or None
        At the worst entry or direction: the claim, the measured derivative, the half-width of the bound.
    resolution : float or None
        The smallest relative mistake that this comparison would have caught ...
    probability : float or None
        ... and with what probability (1.0 where every entry was measured).
    margin : float or None
        ``|claimed - measured| / bound``: at most 1 for a pass.
    status : str
        `gradcheck.differentiate.Status` of the deciding measurement, or empty.
    diagnosis : str
        ``sign``, ``factor``, ``transpose``, ``permuted``, ``shifted``, ``zero``, ``missing-sum``,
        ``ignores-cotangent``, ``wrong-input``, ``extra-term``, ``missing-term``, ``entries``, ``precision``,
        ``unknown``; on a pass possibly ``subgradient`` or ``vacuous``; empty otherwise.
    advice : str
        What to do about it.
    wrong_entries : tuple of index tuples
        The wrong entries, where they were localised.
    sample : tuple of Entry
        Entries that were measured (all of a small array): what the heat map draws.
    sweep : Sweep or None
        The step-size curve at the worst entry or direction.
    """

    code: str
    verdict: Verdict
    message: str = ""
    input: str = ""
    index: tuple[int, ...] | None = None
    claimed: float | complex | None = None
    measured: float | complex | None = None
    error: float | None = None
    resolution: float | None = None
    probability: float | None = None
    margin: float | None = None
    status: str = ""
    diagnosis: str = ""
    advice: str = ""
    wrong_entries: tuple[tuple[int, ...], ...] = ()
    sample: tuple[Entry, ...] = ()
    sweep: Sweep | None = None


@dataclass(frozen=True)
class Report:
    """The outcome of one check: true for `Verdict.PASS` alone.

    Attributes
    ----------
    verdict : Verdict
    findings : tuple of Finding
        Passes too.
    call : str
        The check that was made, ``check_vjp`` say.
    subject : str
        The name of the claim that was judged.
    resolution : float
        The largest over the inputs: the relative mistake that would have been caught everywhere.
    probability : float
        The smallest over the inputs: with what probability.
    evaluations, claim_evaluations : int
        Calls of the function, and of the claim.
    seconds : float
    seed : int
    counterexample : mapping of path to array, or None
        The inputs at which it failed, the smallest found.
    explored : mapping of str to int
        ``tried`` and ``skipped`` further points, where `explore` was used.
    options : mapping
        The options of the call that differ from their defaults; JSON values only.
    environment : mapping of str to str
        Versions of Python, NumPy and gradcheck, the platform.
    target : str
        Where ``gradcheck replay`` finds the claim: ``module:object``, ``path/to/file.py:object`` or the node id
        of a test; empty for a call that nobody wrote down.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    call: str = ""
    subject: str = ""
    resolution: float = float("inf")
    probability: float = 1.0
    evaluations: int = 0
    claim_evaluations: int = 0
    seconds: float = 0.0
    seed: int = 0
    counterexample: Mapping[str, Any] | None = None
    explored: Mapping[str, int] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    target: str = ""

    def __bool__(self) -> bool:
        return self.verdict is Verdict.PASS

    # Rendering lives above, in gradcheck.report; these four methods are the only imports that point upwards.
    def __str__(self) -> str:
        from gradcheck.report import to_text

        return to_text(self)

    def to_json(self) -> str:
        """The whole report as JSON text; see `gradcheck.report.to_json`."""
        from gradcheck.report import to_json

        return to_json(self)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The report that `to_json` wrote; raises `gradcheck.UsageError` for anything else."""
        from gradcheck.report import from_json

        return from_json(text, cls)

    def to_html(self, path: str | PathLike[str]) -> None:
        """Write the report as one offline HTML file; needs the extra ``report``."""
        from gradcheck.report import to_html

        to_html(self, path)

    def raise_if_failed(self) -> None:
        """Raise `GradientError` with this report as its text unless the verdict is `Verdict.PASS`."""
        __tracebackhide__ = True  # pytest then shows the caller's line, and the report
        if not self:
            raise GradientError(self)


class GradientError(AssertionError):
    """A claim that did not pass; ``str()`` of it is the report."""

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        return str(self.report)


# Tracebacks show the name that a user can import.
GradientError.__module__ = "gradcheck"
