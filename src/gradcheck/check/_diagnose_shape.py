"""A gradient, a Jacobian or a Hessian of the wrong shape: what its shape is that of."""

from collections.abc import Mapping, Sequence

import numpy as np

from gradcheck.check._jacobian import HessianClaim, JacobianClaim
from gradcheck.check._match import Misfit
from gradcheck.check._outputs import Outputs
from gradcheck.check._point import Variable
from gradcheck.check._reverse import Reverse

__all__ = ["misshapen"]

Shape = tuple[int, ...]


def misshapen(
    claim: Reverse, outputs: Outputs, variables: Sequence[Variable], misfits: Mapping[int, Misfit], i: int
) -> tuple[str, str]:
    """Slug ('' where there is none) and advice for input `i`, one of the `misfits`."""
    if isinstance(claim, HessianClaim):
        return "", "return arrays of shape x_i.shape + x_j.shape, x_i the input of the row"
    lead = outputs.shapes[0] if isinstance(claim, JacobianClaim) else ()
    expected = {j: lead + v.shape for j, v in enumerate(variables)}
    got = {j: m.array.shape for j, m in misfits.items() if m.code == "shape" and m.array is not None}
    if i not in got:
        return "", "sum over the axes that were broadcast, or reshape"
    if others := _exchanged(got, expected, i):
        names = " or ".join(variables[j].path for j in others)
        return "wrong-input", f"this is the shape of {names}: look at the order in which they are returned"
    if isinstance(claim, JacobianClaim):
        return _of_a_jacobian(got[i], lead, variables[i].shape)
    if got[i] == expected[i][::-1]:
        return "transpose", "look for a missing or superfluous transpose, or operands in the wrong order"
    slug = "missing-sum" if _is_unreduced(got[i], expected[i]) else ""
    return slug, "sum over the axes that were broadcast, or reshape"


def _exchanged(got: Mapping[int, Shape], expected: Mapping[int, Shape], i: int) -> list[int]:
    """The inputs that have this shape, where the misfits have each other's shapes and no other."""
    if len(got) < 2 or sorted(got.values()) != sorted(expected[j] for j in got):
        return []
    return [j for j in got if j != i and expected[j] == got[i]]


def _of_a_jacobian(got: Shape, output: Shape, shape: Shape) -> tuple[str, str]:
    if got == shape + output or got == (output + shape)[::-1]:
        return "transpose", "transpose it: the axes of the output come before those of the input"
    if got == output == shape:
        return (
            "",
            "the Jacobian of an elementwise function is np.diag(derivative) for a vector, not the derivative",
        )
    return "", "return an array of shape f(x).shape + x.shape"


def _is_unreduced(got: Shape, shape: Shape) -> bool:
    """The gradient has the shape to which the input was broadcast."""
    try:
        return np.broadcast_shapes(shape, got) == got
    except ValueError:
        return False
