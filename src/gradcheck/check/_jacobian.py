"""Claimed Jacobians and Hessians: whole arrays, contracted with cotangents as a VJP would be."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.check._match import Gradients, Misfit, by_path, strays
from gradcheck.check._outputs import Outputs
from gradcheck.check._point import Floats, Point
from gradcheck.check._reverse import Reverse
from gradcheck.check._slopes import Slopes
from gradcheck.differentiate._errors import UsageError

__all__ = ["HessianClaim", "JacobianClaim"]


@dataclass
class _AskedOnce(Reverse):
    """A claim of whole arrays: asked once for each point, its contractions cost nothing."""

    seen: dict[int, tuple[Point, Any]] = field(default_factory=dict)

    def gradients(self, w: Floats, point: Point, outputs: Outputs) -> Gradients:
        return self.parsed(self.at(point), w, point, outputs)

    def at(self, point: Point) -> Any:
        """What the claim returned at a point."""
        if id(point) not in self.seen:
            self.seen = {id(point): (point, self.raw(None, point.arguments(point.copies())))}
        return self.seen[id(point)][1]


@dataclass
class JacobianClaim(_AskedOnce):
    """``jac(*inputs)`` -> one array of shape f(x).shape + x.shape for each input."""

    def block(self, point: Point, path: str, shape: tuple[int, ...]) -> Floats:
        """The claimed Jacobian of one input."""
        found = by_path(self.at(point), point, self.name).get(path)
        return np.zeros(shape) if found is None else np.array(found, dtype=float).reshape(shape)

    def parsed(self, result: Any, w: Floats, point: Point, outputs: Outputs) -> Gradients:
        if len(outputs.shapes) != 1:
            raise UsageError(
                f"f returned {len(outputs.shapes)} arrays",
                "a Jacobian is that of one array",
                "return one array, or use check_vjp",
            )
        found = by_path(result, point, self.name)
        flats, misfits = [], {}
        for i, (variable, x) in enumerate(zip(point.variables, point.coordinates, strict=True)):
            flat, misfit = self._contracted(found.get(variable.path), w, variable.shape, x.size, outputs)
            flats.append(flat)
            if variable.path not in found:
                misfit = Misfit("missing", f"{self.name} returned no Jacobian for it")
            if misfit:
                misfits[i] = misfit
        leaves, lead = tuple(found.get(v.path) for v in point.variables), outputs.shapes[0]
        return Gradients(tuple(flats), leaves, misfits, strays=strays(found, point, lead))

    def _contracted(
        self, block: Any, w: Floats, shape: tuple[int, ...], size: int, outputs: Outputs
    ) -> tuple[Floats, Misfit | None]:
        """w^T J for one input, in the convention dL/dRe + i dL/dIm."""
        if block is None:
            return np.zeros(size), None
        array = np.asarray(block)
        if array.dtype.kind not in "fciub":
            raise UsageError(
                f"{self.name}={block!r}"[:80],
                "a Jacobian is an array of floats",
                "return arrays of shape f(x).shape + x.shape",
            )
        expected = outputs.shapes[0] + shape
        if array.shape != expected:
            return np.zeros(size), Misfit(
                "shape",
                f"the Jacobian has shape {array.shape} where f(x).shape + x.shape is {expected}",
                array,
            )
        is_complex = size == 2 * int(np.prod(shape, dtype=int))
        cotangent = w.view(np.complex128) if outputs.is_complex else w
        with np.errstate(invalid="ignore"):
            flat = cotangent @ np.conj(array.reshape(len(cotangent), -1))
        return (
            np.asarray(flat, dtype=np.complex128).view(np.float64) if is_complex else np.array(flat.real)
        ), None


@dataclass
class HessianClaim(_AskedOnce):
    """u^T H for the cotangents of the slopes."""

    slopes: Slopes | None = None

    def parsed(self, result: Any, w: Floats, point: Point, outputs: Outputs) -> Gradients:
        assert self.slopes is not None
        blocks, misfits = self.blocks(result, point)
        u = [np.zeros(x.size) for x in point.coordinates]
        for weight, direction in zip(w, self.slopes.bases, strict=True):
            for part in direction.parts:
                u[part.array][part.index] += weight * part.values()
        flats = tuple(
            sum((a @ blocks[i][j] for i, a in enumerate(u)), np.zeros(x.size))
            for j, x in enumerate(point.coordinates)
        )
        return Gradients(flats, (None,) * len(flats), misfits)

    def whole(self, point: Point) -> Floats:
        """The claimed Hessian, all inputs flattened."""
        blocks, _ = self.blocks(self.raw(None, point.arguments(point.copies())), point)
        return np.block(blocks)

    def blocks(self, result: Any, point: Point) -> tuple[list[list[Floats]], dict[int, Misfit]]:
        """H[i][j] as matrices; a block of another shape is a misfit of input j."""
        rows, misfits = [], {}
        for i, row in enumerate(self._rows(result, point)):
            found = self._row(row, point)
            blocks = []
            for j, b in enumerate(point.variables):
                expected, n = (
                    point.variables[i].shape + b.shape,
                    (point.coordinates[i].size, point.coordinates[j].size),
                )
                block = np.zeros(expected) if found.get(b.path) is None else self._numbers(found[b.path])
                if block.shape != expected:
                    misfits[j] = Misfit(
                        "shape", f"the block has shape {block.shape} where {expected} is right", block
                    )
                    block = np.zeros(expected)
                blocks.append(block.reshape(n))
            rows.append(blocks)
        return rows, misfits

    def _numbers(self, block: Any) -> Floats:
        array = np.asarray(block)
        if array.dtype.kind not in "fiub":
            raise UsageError(
                f"{self.name} returned {block!r}"[:80],
                "a Hessian is an array of floats",
                "return arrays of shape x.shape + x.shape",
            )
        return array.astype(np.float64)

    def _rows(self, result: Any, point: Point) -> list[Any]:
        """The rows of blocks, one for each variable: all that `result` has may be those of the variables alone."""
        count, several = len(point.variables), isinstance(result, (tuple, list))
        if isinstance(result, dict):
            return [result.get(v.path) for v in point.variables]
        if count == 1 and (not several or _is_block(result, point)):
            return [result]
        if several and len(result) == count:
            rows = list(result)
            while count == 1 and isinstance(rows[0], (tuple, list)) and len(rows[0]) == 1:
                rows = list(rows[0])
            return rows
        if several and len(result) == len(point.tree.leaves):
            return [result[v.position] for v in point.variables]
        raise UsageError(
            f"{self.name} returned {type(result).__name__}",
            f"there are {len(point.tree.leaves)} inputs, of which {count} are judged",
            "return hess[i][j] for every pair of inputs",
        )

    def _row(self, row: Any, point: Point) -> dict[str, Any]:
        """Path -> block."""
        several, paths = isinstance(row, (tuple, list)), [v.path for v in point.variables]
        if len(paths) == 1 and _is_block(row, point):
            return {paths[0]: row}
        if several and len(row) == len(paths) != len(point.tree.leaves):
            return dict(zip(paths, row, strict=True))
        return by_path(row, point, self.name)


def _is_block(nested: Any, point: Point) -> bool:
    """The Hessian of the only variable: an array, or lists of numbers that make one."""
    try:
        return bool(np.shape(nested) == 2 * point.variables[0].shape)
    except ValueError:  # arrays of several shapes
        return False
