"""The judge: claim + inputs -> directions -> measured against claimed -> findings."""

from gradcheck.check._adjoint import check_adjoint
from gradcheck.check._asserts import (
    assert_adjoint,
    assert_backward,
    assert_grad,
    assert_hessian,
    assert_hvp,
    assert_jacobian,
    assert_jvp,
    assert_vjp,
)
from gradcheck.check._calls import check_backward, check_grad, check_jacobian, check_jvp, check_vjp
from gradcheck.check._claim import Claim
from gradcheck.check._options import Options
from gradcheck.check._second import check_hessian, check_hvp
from gradcheck.check._verdict import Entry, Finding, GradientError, Report, Sweep, Verdict

__all__ = [
    "Claim",
    "Entry",
    "Finding",
    "GradientError",
    "Options",
    "Report",
    "Sweep",
    "Verdict",
    "assert_adjoint",
    "assert_backward",
    "assert_grad",
    "assert_hessian",
    "assert_hvp",
    "assert_jacobian",
    "assert_jvp",
    "assert_vjp",
    "check_adjoint",
    "check_backward",
    "check_grad",
    "check_hessian",
    "check_hvp",
    "check_jacobian",
    "check_jvp",
    "check_vjp",
]
