"""Judge a claim at further points, derived from the author's own, and shrink the first failure.

Of 101 real gradient bugs 28 cannot be seen at the point that a sensible author would choose: gamma is 1, nothing is
zero, nothing ties, nothing saturates. Hypothesis generates the points and shrinks; `_points` says what a change is.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial, reduce
from math import inf
from random import Random
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._memory import LAYOUTS
from gradcheck.check._points import (
    ANYWHERE,
    COTANGENTS,
    KINDS,
    PICKS,
    PLACES,
    Change,
    Point,
    apply,
    is_varied,
    plain_points,
    weight,
    where_possible,
)
from gradcheck.check._revert import reverted
from gradcheck.check._traits import traits_of
from gradcheck.check._trust import trusted
from gradcheck.check._verdict import Report, Verdict
from gradcheck.differentiate._errors import UsageError

__all__ = ["Exploration", "Judge", "SkipPoint", "Spent", "explore"]

Array = NDArray[Any]
Inputs = Mapping[str, Array]
Judge = Callable[[Inputs, str | None], Report]
Glance = Callable[[Inputs, str | None], bool]
Claims = Callable[[Inputs], Mapping[str, Array]]

_SHRINKS = 300
"""Judgements that shrinking may cost: as many again as a usual exploration."""
_REVERTS = 60
"""Judgements for setting changed entries back to what the author had, one half, quarter, ... at a time."""
_EVALUATIONS = 30_000
"""Evaluations that shrinking may cost, or as many as led to the failure if these are more; setting back, half of it."""
_DRAWS = 3
"""Draws for each point to be judged: some come out equal, and equal points are judged once."""
_BESIDE = 1.0
"""Other changes that a point has on average, whatever the number of inputs: pairs matter, crowds hide each other."""


class SkipPoint(Exception):
    """The function raises or is not finite at a derived point: there is nothing to judge."""


class Spent(Exception):
    """No evaluation of the function is left: nothing further can be judged."""


class _Over(BaseException):
    """No point will be judged any more, so none need be drawn; not an `Exception`, which Hypothesis would shrink."""


@dataclass(frozen=True)
class Exploration:
    """Outcome of `explore`.

    Attributes
    ----------
    report : Report or None
        The failing one, at the shrunk point.
    counterexample : mapping of path to array, or None
        The inputs of that point.
    tried : int
        Points derived, until the first failure; those skipped are among them.
    skipped : int
        Points where the function raised or was not finite.
    """

    report: Report | None
    counterexample: Inputs | None
    tried: int
    skipped: int


def explore(
    judge: Judge,
    inputs: Inputs,
    n: int,
    *,
    seed: int,
    suspects: Glance = lambda inputs, cotangent: True,
    claimed: Claims = lambda inputs: {},
) -> Exploration:
    """Judge at up to `n` points derived from `inputs`; stop at the first failure and shrink it.

    Parameters
    ----------
    judge : callable
        ``judge(inputs, cotangent)`` returns a `Report`, or raises `SkipPoint`, or `Spent`, which ends the search.
        `inputs` have the shapes and dtypes of the given ones, and may lie in memory in any way; `cotangent` is None
        (the judge's own choice), ``"one-hot"``, ``"negative"``, ``"asymmetric"``, ``"ones"``, ``"zero"`` or a key of
        `LAYOUTS`.
    inputs : mapping of path to array
        The author's point; never written to. Arrays that are not floating-point stay as they are.
    n : int
        The largest number of points.
    seed : int
        The same seed derives the same points.
    suspects : callable, optional
        ``suspects(inputs, cotangent)``: whether judging there is worth its cost. It raises as `judge` does.
    claimed : callable, optional
        ``claimed(inputs)``: the claims for one cotangent, the same everywhere, flat and by path, by which a
        generalised gradient is recognised at a tie. It raises as `judge` does.

    Returns
    -------
    Exploration

    Raises
    ------
    UsageError
        Hypothesis is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from gradcheck.check._verdict import Report, Verdict
    >>> def judge(inputs, cotangent):  # a claim that goes wrong where x is zero
    ...     return Report(Verdict.FAIL if np.any(inputs["x"] == 0) else Verdict.PASS, ())
    >>> explore(judge, {"x": np.array([0.3, 0.7])}, 50, seed=0).counterexample
    {'x': array([0. , 0.7])}
    """
    hypothesis = _hypothesis(n)
    search = _Search(judge, inputs, n, suspects, claimed)
    if (plain := _first_plain(search, seed)) is not None:
        return search.outcome(_reverted(plain, search))
    points = _points(hypothesis, inputs)
    for kind, share in _shares(inputs, n - search.tried):
        search.limit = min(n, search.tried + share)
        point = _found(hypothesis, search, points(kind), share, Random(f"{seed} {kind}"))
        if point is not None:
            return search.outcome(_reverted(point, search))
    return search.outcome(None)


def _first_plain(search: "_Search", seed: int) -> Point | None:
    """The first of the plain points that fails; Hypothesis draws whatever is less plain."""
    try:
        return next((point for point in plain_points(search.given, seed) if search.fails(point)), None)
    except _Over:
        return None
    finally:
        search.raise_what_stopped_it()


def _shares(inputs: Inputs, n: int) -> list[tuple[str, int]]:
    """How many points every kind of change gets, so that none is left to chance; what is over goes to zeros."""
    kinds = sorted((kind for kind in KINDS if where_possible(kind, inputs)), key=weight, reverse=True)
    ends = np.round(np.cumsum([weight(kind) for kind in kinds]) * n / max(1, sum(map(weight, kinds))))
    shares = [*zip(kinds, np.diff(ends.astype(int), prepend=0).tolist(), strict=True)]
    return [*shares, *((kind, n) for kind in kinds[:2])]


def _hypothesis(n: int) -> ModuleType:
    try:
        import hypothesis
    except ImportError as missing:
        cure = "pip install 'gradcheck[test]', or leave explore out"
        raise UsageError(
            f"explore={n}", "exploring needs Hypothesis, which is not installed", cure
        ) from missing
    return hypothesis


def _found(
    hypothesis: ModuleType, search: "_Search", points: Any, share: int, random: Random
) -> Point | None:
    """What Hypothesis finds; in a thread of its own if it is already at work, since it refuses to be nested."""
    if search.tried >= search.limit:
        return None
    settings = hypothesis.settings(
        max_examples=_DRAWS * share,
        database=None,
        deadline=None,
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    find = partial(hypothesis.find, points, search.fails, settings=settings, random=random)
    try:
        return _alone(find, search) if hypothesis.currently_in_test_context() else find()
    except (hypothesis.errors.NoSuchExample, _Over):
        return None
    finally:
        search.raise_what_stopped_it()


def _alone(find: Callable[[], Point], search: "_Search") -> Point:
    with ThreadPoolExecutor(1) as thread:
        try:
            return thread.submit(find).result()
        except KeyboardInterrupt as interrupt:
            search.stopped_by = interrupt  # ends the thread at its next point
            raise


def _points(hypothesis: ModuleType, inputs: Inputs) -> Callable[[str], Any]:
    """For each kind of change the strategy: one such change and a few of any kind before it; the simplest come first.

    What the kinds share is made once, since Hypothesis looks a new strategy over before it draws from it."""
    st = hypothesis.strategies
    paths = [path for path, value in inputs.items() if is_varied(value)]
    traits = {path: traits_of(inputs[path], alone=len(paths) == 1) for path in paths}
    rest = {
        "place": st.sampled_from(PLACES),
        "pick": st.integers(0, PICKS - 1),
        "value": st.integers(0, 23),
        "kept": st.sampled_from((True, True, True, False)),
    }
    none = [st.none()] * max(1, round(len(paths) / _BESIDE) - 1)
    kinds = st.sampled_from([k for k in KINDS if k in ANYWHERE or where_possible(k, inputs)])
    beside = [st.one_of(*none, st.builds(Change, kind=kinds, path=st.just(path), **rest)) for path in paths]
    before = st.tuples(*beside)
    # Most draws leave the cotangent alone: a point has enough that is special about it.
    cotangent = st.sampled_from((None,) * len(COTANGENTS) + COTANGENTS)

    def point(main: Change, before: tuple[Change | None, ...], cotangent: str | None) -> Point:
        made = [*(change for change in before if change is not None), main]
        made.sort(key=lambda change: change.kind in LAYOUTS)  # whatever changes numbers makes a plain array
        return Point(reduce(lambda at, change: apply(change, at, traits), made, inputs), cotangent)

    def of_kind(kind: str) -> Any:
        possible = where_possible(kind, inputs)
        path = st.sampled_from([*possible, None] if len(possible) > 1 else possible)
        return st.builds(point, st.builds(Change, kind=st.just(kind), path=path, **rest), before, cotangent)

    return of_kind


@dataclass
class _Search:
    """Judges every point once, remembers the verdicts, and stays within its numbers of judgements."""

    judge: Judge
    given: Inputs
    limit: int
    suspects: Glance
    claimed: Claims
    tried: int = 0
    skipped: int = 0
    shrinks: int = 0
    reports: dict[tuple[object, ...], Report | None] = field(default_factory=dict)
    stopped_by: BaseException | None = None
    spent: bool = False
    failed: bool = False
    evaluations: int = 0  # so far, and as many as shrinking may come to
    allowed: float = inf

    def __post_init__(self) -> None:
        self.reports[Point(self.given).key()] = None  # the author's own point is not a further one

    def fails(self, point: Point) -> bool:
        key = point.key()
        if key not in self.reports and self._may_judge():
            report = self.reports[key] = self._judged(point)
            if report is not None and not self.failed:
                self.failed, self.allowed = True, self.evaluations + max(_EVALUATIONS, self.evaluations)
        if not self.failed and not self._may_judge():
            raise _Over
        return self.reports.get(key) is not None

    def _may_judge(self) -> bool:
        """Whether the numbers of judgements allow another one."""
        if self.stopped_by is not None or self.spent:
            return False
        if self.failed:
            return self.shrinks < _SHRINKS and self.evaluations < self.allowed
        return self.tried < self.limit

    def _judged(self, point: Point) -> Report | None:
        """The report if it is a failure that can be trusted."""
        self.tried += not self.failed
        self.shrinks += self.failed
        try:
            return self._failure(point) if self.suspects(point.inputs, point.cotangent) else None
        except SkipPoint:
            self.skipped += not self.failed
            return None
        except Spent:
            self.spent = True
            self.tried -= not self.failed
            return None
        except BaseException as error:  # Hypothesis would shrink it; the caller is to see it as it came
            self.stopped_by = error
            return None

    def _failure(self, point: Point) -> Report | None:
        report = self.judge(point.inputs, point.cotangent)
        self.evaluations = report.evaluations
        if report.verdict is not Verdict.FAIL:
            return None
        judge = partial(_unless_skipped, lambda inputs: self.judge(inputs, point.cotangent), None)
        claimed = partial(_unless_skipped, self.claimed, {})
        return report if trusted(report, point.inputs, self.given, judge, claimed) else None

    def raise_what_stopped_it(self) -> None:
        if self.stopped_by is not None:
            raise self.stopped_by

    def outcome(self, point: Point | None) -> Exploration:
        if point is None:
            return Exploration(None, None, self.tried, self.skipped)
        return Exploration(self.reports[point.key()], dict(point.inputs), self.tried, self.skipped)


def _unless_skipped(call: Callable[[Inputs], Any], otherwise: Any, inputs: Inputs) -> Any:
    try:
        return call(inputs)
    except SkipPoint:
        return otherwise


def _reverted(point: Point, search: _Search) -> Point:
    """What was found as near to the author's point as the judgements for that allow."""
    search.shrinks, search.allowed = _SHRINKS - _REVERTS, search.evaluations + _EVALUATIONS // 2
    return reverted(point, search.given, search.fails)
