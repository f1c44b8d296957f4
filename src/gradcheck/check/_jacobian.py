"""Claimed Jacobians and Hessians: whole arrays, contracted with cotangents as a VJP would be."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.check._match import Gradients, Misfit, by_path
from gradcheck.check._outputs import Outputs
from gradcheck.check._point import Floats, Point
from gradcheck.check._reverse import Reverse
from gradcheck.differentiate._errors import UsageError

__all__ = ["JacobianClaim"]


@dataclass
class JacobianClaim(Reverse):
    """``jac(*inputs)`` -> one array of shape f(x).shape + x.shape for each input.

    A Jacobian is asked once for each point; its contractions cost nothing.
    """

    seen: dict[int, tuple[Point, Any]] = field(default_factory=dict)

    def gradients(self, w: Floats, point: Point, outputs: Outputs) -> Gradients:
        if id(point) not in self.seen:
            self.seen = {id(point): (point, self.raw(None, point.arguments(point.copies())))}
        return self.parsed(self.seen[id(point)][1], w, point, outputs)

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
        return Gradients(tuple(flats), tuple(found.get(v.path) for v in point.variables), misfits)

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
