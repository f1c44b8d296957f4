"""The complex step, where it can be believed: Im f(x + i h v) / h has no subtraction, and so no noise.

It is silently wrong where f is not analytic (abs, norm, conj, casts), so it replaces a measurement of the ladder
only where it lies within the ladder's own error. Source: W. Squire and G. Trapp, "Using complex variables to
estimate derivatives of real functions", SIAM Review 40 (1998), 110-112."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.check._direction import Direction
from gradcheck.check._function import Exhausted, Function
from gradcheck.check._outputs import Outputs
from gradcheck.check._point import Floats, Point
from gradcheck.differentiate._estimate import Estimate
from gradcheck.differentiate._tree import flatten

__all__ = ["sharpened"]

STEP = 2.0**-100  # its square is nothing beside 1, and itself far from underflow
ROUNDINGS = 64.0  # of f's own operations; each is relative to the slope here


def sharpened(
    estimate: Estimate, function: Function, point: Point, outputs: Outputs, directions: Sequence[Direction]
) -> Estimate:
    """`estimate` with the complex step's values wherever they lie within its errors."""
    values = np.array([_slope(function, point, outputs, d) for d in directions])
    if values.shape != estimate.value.shape:
        return estimate
    with np.errstate(invalid="ignore"):
        agrees = np.abs(values - estimate.value) <= estimate.error
    error = ROUNDINGS * np.finfo(np.float64).eps * np.abs(values)
    better = agrees & np.isfinite(estimate.error) & (error < estimate.error)
    return replace(
        estimate,
        value=np.where(better, values, estimate.value),
        error=np.where(better, error, estimate.error),
    )


def _slope(function: Function, point: Point, outputs: Outputs, direction: Direction) -> Floats:
    """Every output's slope; NaN where f does not take complex numbers."""
    nothing = np.full(outputs.size, np.nan)
    if outputs.is_complex or any(v.is_complex for v in point.variables):
        return nothing
    v = direction.arrays(point)
    leaves = list(point.tree.leaves)
    for variable, x, d in zip(point.variables, point.coordinates, v, strict=True):
        array: Any = (x + 1j * STEP * d).reshape(variable.shape)
        leaves[variable.position] = array if variable.is_array else array[()]
    try:
        result = flatten(function(*point.tree.rebuild(leaves))).leaves
        parts = [
            np.imag(np.asarray(r)).reshape(-1) / STEP for r, n in zip(result, outputs.sizes, strict=True) if n
        ]
    except Exhausted:
        raise
    except Exception:  # f does not take complex numbers: the ladder stands
        return nothing
    found = np.concatenate(parts)
    return found if found.shape == nothing.shape else nothing
