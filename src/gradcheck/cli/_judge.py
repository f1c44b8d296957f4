"""From a loaded object to reports: claims, pairs of functions, subjects of the kit, lists of them."""

import contextlib
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any

from gradcheck.check._claim import Claim
from gradcheck.check._verdict import Report
from gradcheck.cli._target import Target, load, place_of
from gradcheck.cli._trace import UserError
from gradcheck.differentiate._errors import UsageError
from gradcheck.report import from_json, to_json

__all__ = ["Judged", "as_claim", "is_pair", "judge", "judge_all", "judge_object"]

KINDS_OF_OBJECT = (
    "a gradcheck.Claim, (f, grad, inputs), a subject of gradcheck.conformance, or a list of them"
)


@dataclass(frozen=True)
class Judged:
    """A report, and where the claim stands in the user's code."""

    report: Report
    place: tuple[str, int] | None = None


def judge(target: Target, options: Mapping[str, Any], progress: Callable[[str, int], object]) -> list[Judged]:
    """Judge everything that the target holds.

    Parameters
    ----------
    target : Target
    options : mapping
        On top of those that a claim has itself.
    progress : callable
        Called with the name of the claim and the evaluations so far.

    Raises
    ------
    UsageError
        If the object is none that can be judged.
    UserError
        If the user's code raises.
    """
    return [judge_object(each, where, options, progress) for where, each in _members(load(target), target)]


def _members(found: Any, target: Target) -> Iterator[tuple[Target, Any]]:
    """The object, or the members of a list, each with the target that names it alone."""
    if isinstance(found, list) or (isinstance(found, tuple) and not is_pair(found)):
        for place, each in enumerate(found):
            yield from _members(each, replace(target, path=f"{target.path}[{place}]"))
    else:
        yield target, found


def is_pair(found: Any) -> bool:
    """Whether this is ``(f, grad, inputs)`` or ``((f, grad), inputs)``."""
    if not isinstance(found, tuple):
        return False
    functions = found[:-1] if len(found) == 3 else found[0] if len(found) == 2 else ()
    return isinstance(functions, tuple) and len(functions) == 2 and all(map(callable, functions))


def as_claim(found: Any) -> Any:
    """A pair of functions with its inputs as a claim; anything else as it is."""
    if not is_pair(found):
        return found
    return Claim("grad", found[:-1] if len(found) == 3 else found[0], found[-1])


def judge_object(
    found: Any, where: Target, options: Mapping[str, Any], progress: Callable[[str, int], object]
) -> Judged:
    """Judge a claim, a pair with its inputs, or a subject of the kit; raises as `judge` does."""
    claim = as_claim(found)
    with contextlib.redirect_stdout(sys.stderr):
        if isinstance(claim, Claim):
            return _judge_claim(claim, where, options, progress)
        if all(hasattr(claim, name) for name in ("name", "kind", "tags", "case")):
            return _judge_subject(claim, where, options)
    raise UsageError(f"{where} is {_described(found)}", "this cannot be judged", KINDS_OF_OBJECT)


def _judge_claim(
    claim: Claim, where: Target, options: Mapping[str, Any], progress: Callable[[str, int], object]
) -> Judged:
    if claim.name == "<lambda>":
        claim = replace(claim, name=where.path)
    with UserError.shortened(f"the inputs of {claim.name} could not be made"):
        inputs = claim.given()
    try:
        report = claim.check(inputs, **{"progress": lambda count: progress(claim.name, count), **options})
    except UsageError:
        raise
    except Exception as error:
        if _passes_through(error, claim):
            raise UserError.of(f"{claim.name} could not be judged", error) from error
        raise
    return Judged(replace(report, subject=claim.name, target=str(where)), place_of(claim.functions[-1]))


def _passes_through(error: Exception, claim: Claim) -> bool:
    """Whether the exception came out of the files of the claim's own functions."""
    files = {code.co_filename for f in claim.functions if (code := getattr(f, "__code__", None)) is not None}
    return any(frame.f_code.co_filename in files for frame, _ in traceback.walk_tb(error.__traceback__))


def _judge_subject(subject: Any, where: Target, options: Mapping[str, Any]) -> Judged:
    from gradcheck.cli._kit import report_of

    return Judged(report_of(subject, str(where), options.get("seed", 0)))


def _described(found: Any) -> str:
    if callable(found):
        return f"the function {getattr(found, '__name__', found)!s} alone, without its derivative and inputs"
    return f"of type {type(found).__name__}"


@dataclass(frozen=True)
class Trouble:
    """Why a target could not be judged, in a form that travels between processes."""

    usage: bool
    parts: tuple[str, ...]

    def raised(self) -> Exception:
        return UsageError(*self.parts) if self.usage else UserError(*self.parts)


def judge_all(
    targets: list[Target],
    options: Mapping[str, Any],
    progress: Callable[[str, int], object],
    *,
    jobs: int = 1,
) -> Iterator[list[Judged]]:
    """The reports of each target in order, computed `jobs` targets at a time in processes of their own."""
    if jobs == 1 or len(targets) < 2:
        yield from (judge(target, options, progress) for target in targets)
        return
    # Fresh interpreters: a fork would copy the threads of BLAS in whatever state they are.
    with ProcessPoolExecutor(min(jobs, len(targets)), get_context("spawn")) as pool:
        for target, answer in zip(
            targets, pool.map(_remote, targets, [dict(options)] * len(targets)), strict=True
        ):
            progress(str(target), 0)
            if isinstance(answer, Trouble):
                raise answer.raised()
            yield [Judged(from_json(text), place) for text, place in answer]


def _remote(target: Target, options: dict[str, Any]) -> list[tuple[str, tuple[str, int] | None]] | Trouble:
    """One target in a process of its own; reports travel as JSON, which holds all of them."""
    try:
        return [(to_json(each.report), each.place) for each in judge(target, options, lambda *_: None)]
    except UsageError as error:
        return Trouble(True, (error.value, error.cause, error.cure))
    except UserError as error:
        return Trouble(False, (str(error),))
