"""Whether a failure at a derived point can be believed: a point that nobody chose can be at fault itself.

The judge measures with f's own values. Where these are rounded away, jump, or have no derivative, a claim that is
right in mathematics may look wrong. Each rule asks a question that the judge can answer at a point nearby.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._points import is_varied
from gradcheck.check._verdict import Finding, Report, Verdict

__all__ = ["trusted"]

Array = NDArray[Any]
Inputs = Mapping[str, Array]
JudgeAt = Callable[[Inputs], Report | None]
"""The report at other inputs with the same cotangent; None where the function raises or is not finite."""
ClaimAt = Callable[[Inputs], Mapping[str, Array]]
"""What is claimed at other inputs for one dense cotangent, the same everywhere: flat arrays, by path if they are
gradients; none where the function raises or is not finite."""

_FAR = 1e6
"""Beyond this size, or below its inverse, relative to the author's own numbers, an entry counts as extreme."""
_ABSORBED = 18.0
"""exp(18) is 1/sqrt(eps): from there on 1 + exp(-x) holds less than half of the digits of what its derivative is made
of, and at 33 none."""
_NEAR, _NEARER = 2.0**-16, 2.0**-24
_STEEPER = 4.0
"""An infinite slope of x^(1/2) grows sixteenfold from the nearer to the nearest point; a bounded one does not."""
_NEIGHBOURS = 16
"""Ways off a tie or a kink: two in the order of the entries, as a stable sort or the first maximum takes them, and
random ones. Of three tied entries, each is the one that counts in one of them but for 0.2 %."""
_RAMPS = {0: 1.0, 1: -1.0}
"""Seeds of the two: the shares ascend or descend."""
_ULP = 2.0**-52
_NEGLIGIBLE = 1e-6
"""Of the author's gradients: a mistake in linearity is as large as they are."""
_SCATTER = 16.0 * 1024.0
"""Times the largest change of three draws: a fourth stays far below sixteen times that, and the contract asks for -1024
times a cotangent."""
_UNDERFLOW = 1e-9
"""A claim below this where f does not move at all may be right: f's values cannot show it."""


def trusted(report: Report, inputs: Inputs, given: Inputs, judge: JudgeAt, claimed: ClaimAt) -> bool:
    """Whether the failing `report` at `inputs`, derived from the author's `given` ones, shows a mistake.

    Parameters
    ----------
    report : Report
        With verdict ``fail``.
    inputs, given : mapping of path to array
    judge : callable
        Inputs -> report, or None where there is nothing to judge.
    claimed : callable
        Inputs -> claims, by path.
    """
    questions: dict[str, Callable[[Report], bool]] = {
        "": lambda part: True,  # a broken promise needs no derivative to be one
        "nonlinear": lambda part: _is_no_rounding(part, inputs, given, claimed),
        "value": lambda part: _is_wrong_value(part, inputs, given, judge, claimed),
        "nonfinite": lambda part: _has_a_derivative(part, inputs, given, judge, claimed),
    }
    parts = _by_question(report)
    return not parts or any(questions[question](part) for question, part in parts.items())


def _by_question(report: Report) -> dict[str, Report]:
    """The failures that one question settles: any of them that holds makes a failure of the whole."""
    questions = {"nonlinear": "nonlinear", "value": "value", "nonfinite": "nonfinite", "raises": "nonfinite"}
    parts: dict[str, list[Finding]] = {}
    for finding in _failures(report):
        parts.setdefault(questions.get(finding.code, ""), []).append(finding)
    return {question: replace(report, findings=tuple(found)) for question, found in parts.items()}


def _is_wrong_value(report: Report, inputs: Inputs, given: Inputs, judge: JudgeAt, claimed: ClaimAt) -> bool:
    """Numbers that differ, where neither rounding nor a point of no derivative explains it."""
    return (
        any(f.status != "unresolved" for f in _failures(report))
        and not _is_below_resolution(report)
        and not _is_negligible(report, given, claimed)
        and _holds_nearby(_nudged(inputs, given), inputs, judge)
        and (_is_large_itself(report, inputs) or _holds_nearby(_unsaturated(inputs, given), inputs, judge))
        and (not _is_flat(report) or _holds_nearby(_zeroed(inputs, given), inputs, judge))
        and not _is_limit_of_right_claims(report, inputs, given, judge, claimed)
    )


def _failures(report: Report) -> list[Finding]:
    return [f for f in report.findings if f.verdict is Verdict.FAIL]


def _is_no_rounding(report: Report, inputs: Inputs, given: Inputs, claimed: ClaimAt) -> bool:
    """A nonlinearity is larger than the claim's own rounding: what is left of terms that cancel is not linear.

    That is what a few ulp in the inputs make of it, and at least a tiny share of the author's gradients: a softmax that
    is saturated cancels exactly for most numbers."""
    here, usual = claimed(inputs), claimed(given)
    moved = [claimed(_rounded(inputs, seed)) for seed in range(3)]

    def rounding(path: str) -> float:
        changes = [float(np.max(np.abs(there[path] - here[path]))) for there in moved if path in there]
        return max(_SCATTER * max(changes, default=0.0), _NEGLIGIBLE * float(np.max(np.abs(usual[path]))))

    return any(
        f.claimed is None
        or f.measured is None
        or not here.keys() & usual.keys() & {f.input}
        or not abs(f.claimed - f.measured) <= rounding(f.input)
        for f in _failures(report)
    )


def _is_flat(report: Report) -> bool:
    return all(f.status == "flat" for f in _failures(report))


def _is_below_resolution(report: Report) -> bool:
    """f does not move, and the claim says that it moves by next to nothing."""
    return _is_flat(report) and all(
        f.claimed is not None and abs(f.claimed) < _UNDERFLOW for f in _failures(report)
    )


def _is_negligible(report: Report, given: Inputs, claimed: ClaimAt) -> bool:
    """The difference is nothing beside the author's gradients: what rounding leaves of terms that cancel."""
    usual = claimed(given)
    return all(
        f.claimed is not None
        and f.measured is not None
        and f.input in usual
        and abs(f.claimed - f.measured) <= _UNDERFLOW * np.max(np.abs(usual[f.input]))
        for f in _failures(report)
    )


def _is_large_itself(report: Report, inputs: Inputs) -> bool:
    """What is large is what fails, as at a branch for large numbers; no large number drowns another's derivative."""
    return all(
        f.input in inputs and _largest(inputs[f.input], f.index) > _ABSORBED for f in _failures(report)
    )


def _largest(value: Array, index: tuple[int, ...] | None) -> float:
    """At an entry of the input; the index of a Jacobian's entry ends with one."""
    return float(np.max(np.abs(value if index is None else value[index[len(index) - value.ndim :]])))


# Points nearby -----------------------------------------------------------------------------------------------------


def _moved(inputs: Inputs, change: Callable[[str, Array], Array]) -> dict[str, Array]:
    return {path: change(path, value) if is_varied(value) else value for path, value in inputs.items()}


def _rounded(inputs: Inputs, seed: int) -> dict[str, Array]:
    """Every entry moved by a few ulp; zeros stay zeros."""
    rng = np.random.default_rng(seed)
    return _moved(inputs, lambda path, x: (x * (1 + _ULP * rng.integers(-4, 5, x.shape))).astype(x.dtype))


def _size(array: Array) -> float:
    """A typical size of the author's numbers."""
    size = np.abs(array[np.isfinite(array)])
    return float(np.sqrt(np.mean(size**2))) or 1.0 if size.size else 1.0


def _extreme(value: Array, given: Array) -> NDArray[np.bool_]:
    size = np.abs(value) / _size(given)
    return np.asarray(((size > _FAR) | ((size > 0) & (size < 1 / _FAR))) & (value != given))


def _nudged(inputs: Inputs, given: Inputs) -> dict[str, Array]:
    """Entries of extreme size moved by a thousandth: rounding differs there, a formula does not."""
    return _moved(
        inputs, lambda path, x: np.where(_extreme(x, given[path]), x * (1 + 2.0**-10), x).astype(x.dtype)
    )


def _unsaturated(inputs: Inputs, given: Inputs) -> dict[str, Array]:
    """Entries large enough for exp to swallow a 1, where the author had none such, brought back from there."""

    def change(path: str, x: Array) -> Array:
        if x.dtype.kind != "f" or np.max(np.abs(given[path])) > _ABSORBED:
            return x
        return np.clip(x, -_ABSORBED, _ABSORBED)

    return _moved(inputs, change)


def _zeroed(inputs: Inputs, given: Inputs) -> dict[str, Array]:
    """Tiny entries set to zero, where the judge looks at them with steps of the usual size."""
    return _moved(
        inputs, lambda path, x: np.where(np.abs(x) < _size(given[path]) / _FAR, 0, x).astype(x.dtype)
    )


def _beside(inputs: Inputs, given: Inputs, distance: float, seed: int) -> dict[str, Array]:
    """Every entry moved by this share of its size, and zeros by this share of the author's sizes, to their side.

    By shares that ascend from the first entry to the last (seed 0), that descend (seed 1), or at random."""
    rng, ramp = np.random.default_rng(seed), _RAMPS.get(seed)

    def change(path: str, x: Array) -> Array:
        size = np.where(x == 0, _size(given[path]), np.abs(x))
        ordered = np.arange(1.0, x.size + 1).reshape(x.shape) / x.size
        share = rng.uniform(-1, 1, x.shape) if ramp is None else ramp * ordered
        if np.min(given[path].real) >= 0:
            share = np.where(x == 0, np.abs(share), share)
        return np.asarray(x + distance * size * share, dtype=x.dtype)

    return _moved(inputs, change)


# Questions ---------------------------------------------------------------------------------------------------------


def _same(a: Inputs, b: Inputs) -> bool:
    return all(np.array_equal(a[path], b[path], equal_nan=is_varied(a[path])) for path in a)


def _holds_nearby(other: Inputs, inputs: Inputs, judge: JudgeAt) -> bool:
    if _same(other, inputs):
        return True
    report = judge(other)
    return report is not None and report.verdict is Verdict.FAIL


def _has_a_derivative(
    report: Report, inputs: Inputs, given: Inputs, judge: JudgeAt, claimed: ClaimAt
) -> bool:
    """There is something to be claimed: it fails alike next to the point, or the slopes do not grow towards it."""
    near, nearer = (judge(_beside(inputs, given, d, seed=2)) for d in (_NEAR, _NEARER))
    if near is None or nearer is None:
        return False
    codes = {f.code for f in _failures(report)}
    if any(f.code in codes for f in (*_failures(near), *_failures(nearer))):
        return True
    if "raises" in codes and Verdict.INCONCLUSIVE in (near.verdict, nearer.verdict):
        return False  # whoever cannot measure a derivative there cannot ask for one
    if _is_flat(report) and not any(_is_weighed(f, inputs, given, claimed) for f in _failures(report)):
        return False
    usual = judge(given)
    most = (
        _FAR * _steepest(usual) if usual is not None else np.inf
    )  # beside a singular matrix there is no more to see
    return _steepest(nearer) <= _STEEPER * _steepest(near) and _steepest(near) <= most


def _is_weighed(finding: Finding, inputs: Inputs, given: Inputs, claimed: ClaimAt) -> bool:
    """A right claim next to the point says that f moves with this entry, as x^2 does beside 0.

    An entry that f does not move with at all is one that no output weighs, and 0 * inf is NaN in an honest claim."""
    if finding.index is None or finding.input not in inputs:
        return False
    moved = {**inputs, finding.input: _beside(inputs, given, _NEAR, seed=2)[finding.input]}
    slopes = claimed(moved).get(finding.input)
    width = 1 if slopes is None else slopes.size // inputs[finding.input].size
    shape = inputs[finding.input].shape
    at = int(np.ravel_multi_index(finding.index[len(finding.index) - len(shape) :], shape)) * width
    return slopes is not None and bool(np.any(slopes[at : at + width]))


def _steepest(report: Report) -> float:
    numbers = [f.measured for f in report.findings] + [e.measured for f in report.findings for e in f.sample]
    sizes = (abs(number) for number in numbers if number is not None)
    return max((float(size) for size in sizes if np.isfinite(size)), default=0.0)


def _is_limit_of_right_claims(
    report: Report, inputs: Inputs, given: Inputs, judge: JudgeAt, claimed: ClaimAt
) -> bool:
    """The claim is the gradient next to the point, as at a tie: any such limit is a generalised gradient (Clarke)."""
    here = claimed(inputs)
    failing = [f.input for f in _failures(report) if f.input in here] or list(here)
    for seed in range(_NEIGHBOURS) if failing else ():
        beside = _beside(inputs, given, _NEAR, seed)
        there = claimed(beside)
        if all(path in there and _are_close(here[path], there[path]) for path in failing):
            found = judge(beside)
            return found is not None and found.verdict is not Verdict.FAIL
    return False


def _are_close(a: Array, b: Array) -> bool:
    """The same, but for what the small distance makes."""
    return bool(np.all(np.abs(a - b) <= 1e-3 * np.max(np.abs(a))))
