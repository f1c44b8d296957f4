"""One wrong input as its diagnosis sees it: entries measured one by one, complex ones as one number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._compare import Measured
from gradcheck.check._diagnose_evidence import Evidence
from gradcheck.check._direction import Direction
from gradcheck.check._judge import Ledger
from gradcheck.check._plan import units_of
from gradcheck.check._point import Floats, Point, Variable
from gradcheck.check._scene import ReverseScene, Scene

__all__ = ["Case", "Entries", "coordinates", "evidence_of"]

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Entries:
    """Entries of one input that were measured one by one; all arrays of shape (k,).

    Attributes
    ----------
    index : array of int
        Flat indices, in entries (a complex entry is one, although it has two coordinates).
    value : array, complex for a complex input
    error : array
        Half-width that contains every admissible value: at a kink it covers the interval of the slopes, whose
        middle alone would be no better a reference than any other of them.
    low, high : arrays
        The interval itself; both are the value away from kinks.
    """

    index: Indices
    value: NDArray[Any]
    error: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Case:
    """One input whose claim is wrong for one cotangent."""

    scene: Scene
    ledger: Ledger
    array: int
    k: int

    @property
    def point(self) -> Point:
        return self.scene.point

    @property
    def variable(self) -> Variable:
        return self.point.variables[self.array]

    @property
    def size(self) -> int:
        """Entries, not coordinates."""
        return self.point.coordinates[self.array].size // self.variable.width

    @property
    def weights(self) -> Floats:
        return self.scene.weights[self.k : self.k + 1]

    @property
    def claimed(self) -> NDArray[Any]:
        """The claim for every entry."""
        return _whole(self.scene.gradients(self.k)[self.array], self.variable)

    def entries(self, array: int, which: Indices) -> Entries:
        """Single entries of an input measured by the ladder."""
        variable = self.point.variables[array]
        directions = units_of(
            self.scene.instrument, array, coordinates(np.asarray(which), variable), finite=False
        )
        measured = self.measure(directions, "ladder")
        size = np.array([float(d.parts[0].step) for d in directions])
        numbers = (measured.value, measured.error, measured.low, measured.high)
        return joined(np.asarray(which), variable, *(x[:, 0] / size for x in numbers))

    def measure(self, directions: list[Direction], route: str) -> Measured:
        return self.scene.instrument.measured(route, directions, self.weights)


def coordinates(entries: Indices, variable: Variable) -> Indices:
    """The real coordinates of some entries."""
    if not variable.is_complex:
        return entries
    return (2 * entries[:, None] + np.arange(2)).ravel()


def joined(
    index: Indices, variable: Variable, value: Floats, error: Floats, low: Floats, high: Floats
) -> Entries:
    """Measured coordinates as entries: the two of a complex entry as one number."""
    with np.errstate(invalid="ignore"):
        error = error + np.nan_to_num(0.5 * (high - low), nan=0.0)
    if variable.is_complex:
        pairs = error.reshape(-1, 2)
        value, error = _whole(value, variable), np.hypot(pairs[:, 0], pairs[:, 1])
        low, high = np.real(value), np.real(value)
    return Entries(index, value, error, low, high)


def _whole(flat: Floats, variable: Variable) -> NDArray[Any]:
    return np.ascontiguousarray(flat).view(np.complex128) if variable.is_complex else flat


def _flat(array: NDArray[Any], variable: Variable) -> Floats:
    kind = np.complex128 if variable.is_complex else np.float64
    return np.array(array, dtype=kind).reshape(-1).view(np.float64)


def evidence_of(case: Case, entries: Entries, wrong: tuple[int, ...] | None) -> Evidence | None:
    """What a diagnosis may look at and ask; None where nothing could be measured."""
    variable, point, scene = case.variable, case.point, case.scene
    finite = np.isfinite(entries.value) & np.isfinite(entries.error)
    if not isinstance(scene, ReverseScene) or not finite.any():
        return None
    where = {v.path: i for i, v in enumerate(point.variables)}
    outputs = scene.outputs
    complex_output = outputs.is_complex and len(outputs.shapes) == 1
    shape = outputs.shapes[0] if complex_output else outputs.shape

    def arrays(flats: Sequence[Floats]) -> Mapping[str, Any]:
        return {v.path: _whole(x, v).reshape(v.shape) for v, x in zip(point.variables, flats, strict=True)}

    def of_output(flat: Floats) -> NDArray[Any]:
        return (flat.view(np.complex128) if complex_output else flat).reshape(shape)

    def weights(cotangent: NDArray[Any]) -> Floats:
        if complex_output:
            return np.array(cotangent, dtype=np.complex128).reshape(-1).view(np.float64)
        return np.array(cotangent, dtype=float).reshape(-1)

    def claim_at(cotangent: NDArray[Any]) -> Mapping[str, Any]:
        return arrays(scene.reverse.gradients(weights(cotangent), point, outputs).flat)

    def claim_with(inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, Any]:
        moved = point.moved_to([_flat(inputs[v.path], v) for v in point.variables])
        return arrays(scene.reverse.gradients(case.weights[0], moved, outputs).flat)

    def measure(which: Indices) -> tuple[NDArray[Any], Floats]:
        found = case.entries(case.array, which)
        return found.value, found.error

    def measure_other(path: str, which: Indices) -> tuple[NDArray[Any], Floats]:
        found = case.entries(where[path], which)
        return found.value, found.error

    def measure_at(cotangent: NDArray[Any], which: Indices) -> tuple[NDArray[Any], Floats]:
        other = _Weighted(scene, case.ledger, case.array, case.k, weights(cotangent)[None])
        found = other.entries(case.array, which)
        return found.value, found.error

    uses_cotangent = scene.reverse.uses_cotangent
    return Evidence(
        path=variable.path,
        shape=variable.shape,
        claimed=case.claimed.reshape(variable.shape),
        index=entries.index[finite],
        measured=entries.value[finite],
        error=entries.error[finite],
        inputs=arrays(point.coordinates),
        claims=arrays(scene.gradients(case.k)),
        output_shape=shape,
        cotangent=None if outputs.is_scalar and not uses_cotangent else of_output(case.weights[0]),
        wrong=wrong,
        measure=measure,
        measure_other=measure_other,
        measure_at=measure_at if uses_cotangent else None,
        claim_at=claim_at if uses_cotangent else None,
        claim_with=claim_with,
        output=of_output(scene.instrument.base),
        conjugated=scene.options.conjugate,
    )


@dataclass(frozen=True)
class _Weighted(Case):
    """The same case for a cotangent of another."""

    cotangent: Floats

    @property
    def weights(self) -> Floats:
        return self.cotangent
