"""A claim before its judge: everything that comparisons need, and the contracts that it can break."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from gradcheck.check import _contracts as contracts
from gradcheck.check._diagnose_shape import misshapen
from gradcheck.check._direction import Direction, dots
from gradcheck.check._match import Gradients
from gradcheck.check._measure import Instrument
from gradcheck.check._options import Options
from gradcheck.check._outputs import Outputs
from gradcheck.check._point import Floats, Point
from gradcheck.check._reverse import ClaimRaised, Reverse, Rounding, floor
from gradcheck.check._verdict import Finding, Verdict
from gradcheck.differentiate._errors import UsageError

__all__ = ["ReverseScene", "Scene"]


@dataclass
class Scene(ABC):
    """What every kind of claim offers to its judge.

    Attributes
    ----------
    instrument : Instrument
    weights : (K, p) array
        Cotangents.
    dense : int
        The first so many cotangents are dense.
    options : Options
    rng : numpy.random.Generator
    """

    instrument: Instrument
    weights: Floats
    dense: int
    options: Options
    rng: np.random.Generator

    @property
    def point(self) -> Point:
        return self.instrument.point

    @property
    def outputs(self) -> Outputs:
        return self.instrument.outputs

    @property
    @abstractmethod
    def misfits(self) -> dict[int, str]:
        """Variables whose claim cannot be compared at all, with the slug."""

    @property
    def absent(self) -> tuple[str, ...]:
        """Paths for which the claim says `None`."""
        return ()

    @property
    def claim_eps(self) -> float:
        """Relative rounding of numbers that the claim returns in the caller's own, lower precision; else 0."""
        return 0.0

    @abstractmethod
    def contracts(self) -> Iterator[Finding]:
        """Evaluate the claim; yield the contracts that it breaks."""

    @abstractmethod
    def gradients(self, k: int) -> Sequence[Floats]:
        """The claimed gradient for cotangent k, one flat array for each variable."""

    @abstractmethod
    def along(self, directions: Sequence[Direction]) -> tuple[Floats, Floats]:
        """The claim along each direction for each cotangent, (rows, K), and the rounding of that sum."""

    @abstractmethod
    def scatter(self, directions: Sequence[Direction], k: int) -> Floats:
        """The claim's own rounding for cotangent k along each direction, measured by moving the inputs a few ulp."""

    @abstractmethod
    def wide_scatter(self, directions: Sequence[Direction], k: int) -> Floats:
        """The same by moving them further: what is asked before the claim is called wrong."""

    def residue(self, directions: Sequence[Direction], k: int) -> Floats:
        """What may be left, by rounding alone, of terms that cancel whatever the inputs are."""
        return np.zeros(len(directions))


@dataclass
class ReverseScene(Scene):
    """A claim that turns cotangents into gradients.

    Attributes
    ----------
    reverse : Reverse
    known : list of Gradients
        The claim for each cotangent.
    """

    reverse: Reverse
    known: list[Gradients] = field(default_factory=list)

    @property
    def misfits(self) -> dict[int, str]:
        return (
            {i: m.code for i, m in self.known[0].misfits.items() if m.code != "dtype"} if self.known else {}
        )

    @property
    def absent(self) -> tuple[str, ...]:
        return self.known[0].absent

    @property
    def claim_eps(self) -> float:
        return max((g.eps for g in self.known), default=0.0)

    def contracts(self) -> Iterator[Finding]:
        self.evaluate_claim()
        yield from unfit(self)
        yield from promises(self)

    def evaluate_claim(self) -> None:
        """The claim for every cotangent that it has not been asked for."""
        for w in self.weights[len(self.known) :]:
            found = self.reverse.gradients(w, self.point, self.outputs)
            self.known.append(replace(found, leaves=()))

    def gradients(self, k: int) -> Sequence[Floats]:
        return self.known[k].flat

    def along(self, directions: Sequence[Direction]) -> tuple[Floats, Floats]:
        """The claim along each direction for each cotangent, and the rounding of that sum."""
        sets = [self.gradients(k) for k in range(len(self.weights))]
        with np.errstate(all="ignore"):
            claimed = np.array([dots(directions, g) for g in sets]).T.reshape(len(directions), len(sets))
            eps = [max(self.instrument.precision, g.eps) for g in self.known]
            rounding = np.array([floor(g, directions, e) for g, e in zip(sets, eps, strict=True)]).T
        return claimed, rounding.reshape(claimed.shape)

    def scatter(self, directions: Sequence[Direction], k: int) -> Floats:
        return self.rounding.along(directions, k)

    def wide_scatter(self, directions: Sequence[Direction], k: int) -> Floats:
        return self.rounding.wide(directions, k)

    def residue(self, directions: Sequence[Direction], k: int) -> Floats:
        return self.rounding.residue(directions, k)

    @cached_property
    def rounding(self) -> Rounding:
        return Rounding(self.reverse, self.point, self.outputs, self.weights, self.instrument.eps)


def promises(scene: ReverseScene) -> Iterator[Finding]:
    """The contracts that the claim itself can break."""
    point, outputs, reverse, w = scene.point, scene.outputs, scene.reverse, scene.weights[0]
    cotangent, args = reverse.cotangent(w, point, outputs), point.fresh()
    result = reverse.raw(cotangent, args)
    again = reverse.parsed(result, w, point, outputs)
    yield from contracts.mutation(point, args, reverse.name)
    pristine = reverse.cotangent(w, point, outputs)
    if contracts.changed(contracts.arrays(pristine), contracts.arrays(cotangent)):
        yield contracts.failure(
            "mutates-cotangent",
            f"{reverse.name} changes its cotangent in place",
            "work on a copy of the cotangent",
        )
    yield from contracts.aliasing(again, point, args, cotangent)
    del args, result  # large arrays, no longer needed
    again = replace(again, leaves=())
    eps = float(np.finfo(np.float32 if scene.instrument.single else outputs.dtype).eps)
    alike = contracts.Likeness(contracts.rounding_level(eps), scene.instrument.noise, w)
    repeats = True
    for variable, x, a, b in zip(
        point.variables, point.coordinates, again.flat, scene.known[0].flat, strict=True
    ):
        gap = alike.gradients(a, b, x)
        if gap:
            repeats = False
            message = (
                f"{reverse.name} gives another gradient of {variable.path} for the same inputs: they "
                f"differ by {gap:.2g} of their size"
            )
            yield contracts.failure(
                "nondeterministic-backward",
                message,
                "fix the seed; keep no state between calls",
                input=variable.path,
            )
    del again
    if repeats:
        yield from contracts.stale(reverse, point, outputs, scene.known[0], alike)
    yield from own_precision(scene)
    if reverse.uses_cotangent:
        yield from contracts.linearity(scene.rounding, scene.known[: scene.dense], scene.instrument.base)
    if scene.instrument.function.left >= 1:
        yield from contracts.layout(
            scene.rounding, scene.instrument.function, scene.instrument.base, scene.known[0], alike
        )


def own_precision(scene: ReverseScene) -> Iterator[Finding]:
    """How far gradients in the user's own, lower precision are from those in float64: told apart, never judged."""
    point, outputs = scene.point, scene.outputs
    own = point.narrow()
    if own == point:
        return
    try:
        low = scene.reverse.gradients(scene.weights[0], own, outputs).flat
    except (ClaimRaised, UsageError):
        return
    for variable, a, b in zip(own.variables, low, scene.known[0].flat, strict=True):
        if variable.dtype.itemsize < 8 * variable.width:
            gap = contracts.differs(a, b)
            message = (
                f"the gradient of {variable.path} in {variable.dtype} is within {gap:.1g} of that in float64"
            )
            yield Finding("dtype", Verdict.PASS, message, input=variable.path)


def unfit(scene: ReverseScene) -> Iterator[Finding]:
    """Gradients of the wrong shape or dtype, or not there."""
    for path, misfit in scene.known[0].strays.items():
        yield contracts.failure("shape", f"{path}: {misfit.message}", misfit.cure, input=path)
    misfits = scene.known[0].misfits
    for i, misfit in misfits.items():
        path, slug, cure = scene.point.variables[i].path, "", misfit.cure
        if misfit.code == "shape":
            slug, cure = misshapen(scene.reverse, scene.outputs, scene.point.variables, misfits, i)
        message = f"{path}: {misfit.message}"
        yield Finding(misfit.code, Verdict.FAIL, message, input=path, diagnosis=slug, advice=cure)
