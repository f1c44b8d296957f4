"""Whether value and claim stay what they are when the same numbers are stored otherwise."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._contracts import differs, failure, rounding_level
from gradcheck.check._forward import Forward, tangents
from gradcheck.check._function import Function
from gradcheck.check._memory import LAYOUTS, flat, is_plain, like
from gradcheck.check._outputs import Outputs, describe
from gradcheck.check._point import Floats, Point
from gradcheck.check._reverse import ClaimRaised
from gradcheck.check._run import Problem
from gradcheck.check._verdict import Finding
from gradcheck.differentiate._tree import flatten

__all__ = ["CALLS", "claims", "layout_findings"]

Array = NDArray[Any]
Relay = Callable[[Array], Array]

CALLS = 5
"""Of f, that `layout_findings` makes at most: two, and three where these differ."""
_DRAWS = 3
_SCATTER = 16.0
"""Times the largest change that a few ulp in the inputs make in three draws: another order of sums stays below it."""
_READ = "address elements by index, not by position in memory: reshape, ravel or make a contiguous copy first"
_WRITE = "work on a copy: broadcast views and memory-mapped arrays cannot be written to"


def layout_findings(
    problem: Problem, function: Function, inputs: Mapping[str, Array], cotangent: str | None
) -> Iterator[Finding]:
    """Value and claim at arrays that lie in memory as `inputs` do, against those at plain copies of them.

    Parameters
    ----------
    problem : Problem
        Its point has the numbers.
    function : Function
        Called `CALLS` times at most.
    inputs : mapping of path to array
        Of the point's shapes; how they lie in memory counts, not their numbers.
    cotangent : str, optional
        The layout of the cotangent (of the tangents, of a claim that takes those).

    Yields
    ------
    Finding
        ``noncontiguous`` for other numbers; ``mutates-input`` and ``mutates-cotangent`` for a claim that raises where
        it may not write. Nothing where f does not take such arrays, or where the claim refuses them aloud.
    """
    odd = {path: array for path, array in inputs.items() if not is_plain(array)}
    laid, point = _laid_out(problem.point, odd)
    try:
        result = function(*point.fresh())
        outputs = describe(result, problem.options.outputs)
        base, value = np.array(outputs.vector(result)), outputs.vector(function(*laid))
    except Exception:  # f does not take them: nobody's mistake
        return
    eps = float(np.finfo(outputs.dtype).eps)
    if differs(value, base) > rounding_level(eps):
        moved = [outputs.vector(function(*at.fresh())) for at in _rounded(point, eps)]
        if _is_rounding(value, base, moved):
            return
        yield failure("noncontiguous", f"{problem.name} gives another value with {_told(odd)}", _READ)
        return
    claimed = _Claimed(problem, point, outputs, eps)
    if odd:
        slug = "mutates-input" if not any(a.flags.writeable for a in odd.values()) else ""
        yield from claimed.changes(laid, np.copy, _told(odd), slug)
    if cotangent in LAYOUTS:
        slug = "mutates-cotangent" if cotangent in ("expanded", "read-only") else ""
        yield from claimed.changes(point.fresh(), LAYOUTS[cotangent], f"a cotangent stored {cotangent}", slug)


def claims(problem: Problem, function: Function) -> dict[str, Floats]:
    """What is claimed at the point for one dense cotangent, or for dense tangents, by path; f is called once."""
    outputs = describe(function(*problem.point.fresh()), problem.options.outputs)
    claimed = _Claimed(problem, problem.point, outputs, float(np.finfo(outputs.dtype).eps))
    return dict(claimed.at(problem.point.fresh(), np.copy))


def _rounded(point: Point, eps: float) -> Iterator[Point]:
    """Points a few ulp away; zeros stay zeros."""
    rng = np.random.default_rng(0)
    for _ in range(_DRAWS):
        yield point.moved_to([x * (1 + eps * rng.integers(-4, 5, x.shape)) for x in point.coordinates])


def _is_rounding(after: Floats, before: Floats, moved: Sequence[Floats]) -> bool:
    """The difference is what rounding makes where numbers cancel, as in a gradient at a minimum."""
    with np.errstate(all="ignore"):
        room = _SCATTER * np.max([np.abs(m - before) for m in moved], initial=0.0)
        return bool(np.max(np.abs(after - before), initial=0.0) <= room)


def _laid_out(point: Point, odd: Mapping[str, Array]) -> tuple[tuple[Any, ...], Point]:
    """The arguments stored as `odd`, and the point at their numbers: an expanded array holds fewer of them."""
    tree = flatten(point.fresh())
    leaves, coordinates = list(tree.leaves), point.copies()
    for i, variable in enumerate(point.variables):
        value = leaves[variable.position]
        if variable.path in odd and isinstance(value, np.ndarray):
            new = leaves[variable.position] = like(value, odd[variable.path])
            coordinates[i] = flat(new)
    return tuple(tree.rebuild(leaves)), point.moved_to(coordinates)


def _told(odd: Mapping[str, Array]) -> str:
    return " and ".join(
        f"{path} {'stored at' if array.flags.writeable else 'read-only, at'} strides {array.strides}"
        for path, array in odd.items()
    )


@dataclass(frozen=True)
class _Claimed:
    """A claim at a point, its arguments and its cotangent (or tangents) stored in any way."""

    problem: Problem
    point: Point
    outputs: Outputs
    eps: float

    def changes(
        self, arguments: tuple[Any, ...], relay: Relay, where: str, raising: str
    ) -> Iterator[Finding]:
        """What the claim gives otherwise than for plain copies; `raising` is the slug for a claim that raises."""
        known = self.at(self.point.fresh(), partial(_plain, relay))
        name, level = self.problem.claim.name, rounding_level(self.eps)
        try:
            found = self.at(arguments, relay)
        except ClaimRaised as error:
            if raising:
                yield failure(raising, f"{name} raised {error} with {where}", _WRITE)
            return
        for i, ((what, after), (_, before)) in enumerate(zip(found, known, strict=True)):
            if differs(after, before) > level and not _is_rounding(after, before, self._moved(relay, i)):
                gradient = f"gradient of {what}" if what else "tangent"
                message = f"{name} gives another {gradient} for the same numbers with {where}"
                yield failure("noncontiguous", message, _READ)

    def _moved(self, relay: Relay, i: int) -> list[Floats]:
        """Claim number i a few ulp away."""
        plain = partial(_plain, relay)
        return [self.at(at.fresh(), plain)[i][1] for at in _rounded(self.point, self.eps)]

    def at(self, arguments: tuple[Any, ...], relay: Relay) -> list[tuple[str, Floats]]:
        """What it claims, flat, each gradient with its path."""
        claim, rng = self.problem.claim, np.random.default_rng(self.problem.options.seed)
        if isinstance(claim, Forward):
            given = tangents([rng.standard_normal(x.size) for x in self.point.coordinates], self.point)
            result = claim.raw(_relaid(given, relay), arguments)
            return [("", np.array(self.outputs.vector(result)))]
        w = rng.standard_normal(self.outputs.size) * self.outputs.differentiable
        given = _relaid((claim.cotangent(w, self.point, self.outputs),), relay)
        found = claim.parsed(claim.raw(given[0], arguments), w, self.point, self.outputs)
        return [(v.path, flat.copy()) for v, flat in zip(self.point.variables, found.flat, strict=True)]


def _plain(relay: Relay, x: Array) -> Array:
    return np.array(relay(x), order="C")


def _relaid(arguments: tuple[Any, ...], relay: Relay) -> tuple[Any, ...]:
    tree = flatten(arguments)
    return tuple(tree.rebuild([relay(v) if isinstance(v, np.ndarray) else v for v in tree.leaves]))
