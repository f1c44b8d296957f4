"""The claim's side of a comparison, for claims that turn tangents into output tangents."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.check import _contracts as contracts
from gradcheck.check._direction import Direction, Part
from gradcheck.check._outputs import Outputs
from gradcheck.check._plan import along, units_of
from gradcheck.check._point import Floats, Point
from gradcheck.check._reverse import (
    FLOOR,
    MIXERS,
    ULPS,
    WIDE,
    ClaimRaised,
    jostled,
    spread_of,
    third_differences,
)
from gradcheck.check._scene import Scene
from gradcheck.check._verdict import Finding, Verdict
from gradcheck.differentiate._errors import UsageError
from gradcheck.differentiate._tree import flatten

__all__ = ["Forward", "ForwardScene"]

SMALL = 64  # entries up to which the claimed gradient of an array is put together from its columns


@dataclass
class Forward:
    """A JVP with its evaluations counted.

    Attributes
    ----------
    push : callable
        ``push(tangents, arguments)`` -> the output tangent; `tangents` is a tuple like the arguments.
    name : str
    explain : callable, optional
        (scene, number of the input, finding) -> the finding explained, or None, for claims that know a better way.
    """

    push: Callable[[tuple[Any, ...], tuple[Any, ...]], Any]
    name: str
    evaluations: int = 0
    explain: Callable[[Scene, int, Finding], Finding | None] | None = None

    def raw(self, tangents: tuple[Any, ...], arguments: tuple[Any, ...]) -> Any:
        self.evaluations += 1
        try:
            with np.errstate(all="ignore"):
                result = self.push(tangents, arguments)
        except UsageError:
            raise
        except Exception as error:
            raise ClaimRaised(error) from error
        _require_numbers(result, self.name)
        return result

    def tangent(self, v: Sequence[Floats], point: Point, outputs: Outputs) -> Floats:
        """The claimed output tangent as a flat vector; raises `Misshapen` where it does not fit f's output."""
        return self.flat(self.raw(tangents(v, point), point.arguments(point.copies())), outputs)

    def flat(self, result: Any, outputs: Outputs) -> Floats:
        """What the claim returned as a flat vector; raises `Misshapen`."""
        try:
            return np.array(outputs.vector(result))
        except (UsageError, TypeError, ValueError) as error:
            got = ", ".join(str(np.shape(leaf)) for leaf in flatten(result).leaves)
            raise Misshapen(f"the output tangent has shape {got}, f's output {outputs.shapes}") from error


def _require_numbers(result: Any, name: str) -> None:
    """Raise `UsageError` for what cannot be an output tangent; one output of many may have `None` for one."""
    leaves = flatten(result).leaves
    if result is None or any(x is not None and np.asarray(x).dtype.kind not in "fciub" for x in leaves):
        raise UsageError(
            f"{name} returned {result!r}"[:80],
            "an output tangent is an array of floats",
            "return tangents in the structure of f's output",
        )


class Misshapen(ClaimRaised):
    """An output tangent that does not fit the output."""

    def __str__(self) -> str:
        return str(self.args[0])


def tangents(v: Sequence[Floats], point: Point) -> tuple[Any, ...]:
    """v in the structure of the arguments; zeros for numbers that are held fixed, None for what is no number."""
    leaves = [_zero(leaf) for leaf in point.tree.leaves]
    for variable, flat in zip(point.variables, v, strict=True):
        leaves[variable.position] = variable.user(flat.copy())
    whole: tuple[Any, ...] = point.tree.rebuild(leaves)
    return whole


def _zero(leaf: Any) -> Any:
    return (
        np.zeros(np.shape(leaf)) if isinstance(leaf, (np.ndarray, np.generic, int, float, complex)) else None
    )


@dataclass
class ForwardScene(Scene):
    """A claim that turns tangents into output tangents; each direction is asked once."""

    forward: Forward
    asked: dict[int, tuple[Direction, Floats]] = field(default_factory=dict)
    rebuilt: dict[int, list[Floats]] = field(default_factory=dict)
    broken: bool = False

    @property
    def misfits(self) -> dict[int, str]:
        return dict.fromkeys(range(len(self.point.variables)), "shape") if self.broken else {}

    def contracts(self) -> Iterator[Finding]:
        first = [along(self.instrument, "gaussian", a, self.rng) for a in range(len(self.point.variables))]
        second = [along(self.instrument, "signs", a, self.rng) for a in range(len(self.point.variables))]
        v, u = (
            [_vector(d.parts[0], x.size) for d, x in zip(ds, self.point.coordinates, strict=True)]
            for ds in (first, second)
        )
        try:
            yield from self._kept(v, u)
        except Misshapen as error:
            self.broken = True
            yield contracts.failure("shape", str(error), "return one tangent for each output, of its shape")

    def _kept(self, v: list[Floats], u: list[Floats]) -> Iterator[Finding]:
        point, outputs, claim = self.point, self.outputs, self.forward
        args = point.fresh()
        given = tangents(v, point)
        fits = self._fits(tangents(v, point))
        handed = [flatten(x).leaves for x in (args, given)]
        result = claim.raw(given, args) if fits else None
        t = claim.flat(result, outputs) if fits else claim.tangent(v, point, outputs)
        yield from contracts.mutation(point, args, claim.name)
        yield from _aliasing(result, point.tree.paths, *handed)
        if contracts.changed(contracts.arrays(tangents(v, point)), contracts.arrays(given)):
            yield contracts.failure(
                "mutates-input",
                f"{claim.name} changes its tangents in place",
                "work on a copy of the tangents",
            )
        gap = contracts.differs(t, claim.tangent(v, point, outputs))
        if gap > contracts.rounding_level(self.instrument.eps):
            yield contracts.failure(
                "nondeterministic-backward",
                f"{claim.name} gives another tangent for the same inputs: they differ by {gap:.2g} of their size",
                "fix the seed; keep no state between calls",
            )
        s = claim.tangent(u, point, outputs)
        size = max(float(np.abs(t).max(initial=0.0)), float(np.abs(s).max(initial=0.0)))
        for what, w, expected in (
            ("the zero tangent", [0.0 * x for x in v], 0.0 * t),
            ("the sum of two tangents", [a + b for a, b in zip(v, u, strict=True)], t + s),
        ):
            miss = np.abs(claim.tangent(w, point, outputs) - expected)
            if (miss > contracts.LINEAR * size).any():
                yield contracts.failure(
                    "nonlinear",
                    f"for {what} the output tangent is off by {miss.max():.3g} of {size:.3g}",
                    "a JVP is linear in its tangents",
                )
                return

    def _fits(self, given: tuple[Any, ...]) -> bool:
        """Whether a first call gives a tangent of the right shape."""
        result = self.forward.raw(given, self.point.arguments(self.point.copies()))
        shapes = [np.shape(leaf) for leaf in flatten(result).leaves]
        return shapes == list(self.outputs.shapes)

    def gradients(self, k: int) -> Sequence[Floats]:
        """For small arrays column by column; for large ones their typical size, from directions that were asked."""
        if k not in self.rebuilt:
            self.rebuilt[k] = [self._column(a, k) for a in range(len(self.point.variables))]
        return self.rebuilt[k]

    def _column(self, array: int, k: int) -> Floats:
        n = self.point.coordinates[array].size
        if n <= SMALL:
            found = np.zeros(n)
            for d in units_of(self.instrument, array):
                found[d.parts[0].index] = self.tangent_along(d) @ self.weights[k] / float(d.parts[0].step)
            return found
        seen = [(d, t) for d, t in self.asked.values() if len(d.parts) == 1 and d.parts[0].array == array]
        sizes = [abs(float(t @ self.weights[k])) / np.linalg.norm(d.parts[0].values()) for d, t in seen]
        return np.full(n, float(np.mean(sizes)) if sizes else 0.0)

    def tangent_along(self, direction: Direction) -> Floats:
        """The claimed output tangent along a direction, asked once."""
        key = id(direction)
        if key not in self.asked:
            self.asked[key] = (
                direction,
                self.forward.tangent(direction.arrays(self.point), self.point, self.outputs),
            )
        return self.asked[key][1]

    def along(self, directions: Sequence[Direction]) -> tuple[Floats, Floats]:
        found = np.array([self.tangent_along(d) for d in directions])
        with np.errstate(all="ignore"):
            size = np.nan_to_num(np.abs(found), posinf=0.0)
            usable = np.where(self.weights != 0, 1.0, 0.0)
            claimed = np.where(np.isfinite(found), found, 0.0) @ self.weights.T
            lost = (~np.isfinite(found)).astype(float) @ usable.T > 0
            return np.where(lost, np.nan, claimed), FLOOR * self.instrument.precision * (
                size @ np.abs(self.weights).T
            )

    def scatter(self, directions: Sequence[Direction], k: int) -> Floats:
        return spread_of(self._draws(directions, k, [self._moved(ulps) for ulps in ULPS]))

    def wide_scatter(self, directions: Sequence[Direction], k: int) -> Floats:
        apart = [jostled(self.point, self.instrument.eps, m) for m in MIXERS]
        noise = third_differences(self._draws(directions, k, [self._moved(ulps) for ulps in WIDE]))
        return noise + spread_of(self._draws(directions, k, apart))

    def _moved(self, ulps: float) -> Point:
        return self.point.moved_to([x * (1.0 + ulps * self.instrument.eps) for x in self.point.coordinates])

    def _draws(self, directions: Sequence[Direction], k: int, points: Sequence[Point]) -> Floats:
        """The claim along each direction at each point."""
        return np.array(
            [
                [
                    self.forward.tangent(d.arrays(self.point), at, self.outputs) @ self.weights[k]
                    for d in directions
                ]
                for at in points
            ]
        )


def _aliasing(
    result: Any, paths: Sequence[str], inputs: Sequence[Any], given: Sequence[Any]
) -> Iterator[Finding]:
    """Output tangents that share memory with an input; with a tangent that was given it is only worth a note."""
    for tangent in contracts.arrays(result):
        for path, x, v in zip(paths, inputs, given, strict=True):
            if isinstance(x, np.ndarray) and contracts.share(tangent, x):
                message = f"the output tangent is the memory of the input {path}"
                yield contracts.failure("aliased", message, contracts.SHARED, input=path)
            if isinstance(v, np.ndarray) and contracts.share(tangent, v):
                note = f"the output tangent is the memory of the tangent for {path}"
                yield Finding(
                    "aliased",
                    Verdict.PASS,
                    f"{note}; harmless unless either is changed in place",
                    input=path,
                    advice="return a copy where tangents are accumulated in place",
                )


def _vector(part: Part, size: int) -> Floats:
    v = np.zeros(size)
    v[part.index] = part.values()
    return v
