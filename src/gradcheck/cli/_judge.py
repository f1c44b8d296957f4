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

__all__ = ["Answer", "Judged", "as_claim", "is_pair", "judge", "judge_all", "judge_object"]

KINDS_OF_OBJECT = (
    "a gradcheck.Claim, (f, grad, inputs), a subject of gradcheck.conformance, or a list of them"
)


@dataclass(frozen=True)
class Judged:
    """A report, and where the claim stands in the user's code."""

    report: Report
    place: tuple[str, int] | None = None


Answer = Judged | UsageError | UserError
Progress = Callable[[str, int], object]


def judge(target: Target, options: Mapping[str, Any], progress: Progress) -> list[Answer]:
    """Judge everything that the target holds; what cannot be judged does not keep the rest from it.

    Parameters
    ----------
    target : Target
    options : mapping
        On top of those that a claim has itself.
    progress : callable
        Called with the name of the claim and the evaluations so far.

    Returns
    -------
    list
        For each member a `Judged`; or a `UsageError` where it is nothing that can be judged, a `UserError` where
        the user's code raises.
    """
    try:
        members = list(_members(load(target), target))
    except (UsageError, UserError) as error:
        return [error]
    return [_answer(each, where, options, progress) for where, each in members]


def _answer(found: Any, where: Target, options: Mapping[str, Any], progress: Progress) -> Answer:
    try:
        return judge_object(found, where, options, progress)
    except UserError as error:
        return error
    except UsageError as error:
        named = error.value if str(where) in error.value else f"{where}: {error.value}"
        return UsageError(named, error.cause, error.cure)


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


def judge_object(found: Any, where: Target, options: Mapping[str, Any], progress: Progress) -> Judged:
    """Judge a claim, a pair with its inputs, or a subject of the kit.

    Raises
    ------
    UsageError
        If the object is none of these, or cannot be judged as it is.
    UserError
        If the user's code raises.
    """
    claim = as_claim(found)
    with contextlib.redirect_stdout(sys.stderr):
        if isinstance(claim, Claim):
            return _judge_claim(claim, where, options, progress)
        if all(hasattr(claim, name) for name in ("name", "kind", "tags", "case")):
            return _judge_subject(claim, where, options)
    raise UsageError(f"{where} is {_described(found)}", "this cannot be judged", KINDS_OF_OBJECT)


def _judge_claim(claim: Claim, where: Target, options: Mapping[str, Any], progress: Progress) -> Judged:
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


def judge_all(
    targets: list[Target], options: Mapping[str, Any], progress: Progress, *, jobs: int = 1
) -> Iterator[list[Answer]]:
    """The answers of each target in order, computed `jobs` targets at a time in processes of their own."""
    if jobs == 1 or len(targets) < 2:
        yield from (judge(target, options, progress) for target in targets)
        return
    # Fresh interpreters: a fork would copy the threads of BLAS in whatever state they are.
    with ProcessPoolExecutor(min(jobs, len(targets)), get_context("spawn")) as pool:
        futures = [pool.submit(judge, target, dict(options), silent) for target in targets]
        for target, future in zip(targets, futures, strict=True):
            progress(str(target), 0)
            yield future.result()


def silent(name: str, count: int) -> None:
    """The progress of a process that has no terminal of its own."""
