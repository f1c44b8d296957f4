"""Tells whether a claimed derivative is right, wrong or undecidable, how sure that is, and where and why it is
wrong.
"""

from gradcheck.check import (
    Claim,
    Entry,
    Finding,
    GradientError,
    Options,
    Report,
    Sweep,
    Verdict,
    assert_adjoint,
    assert_backward,
    assert_grad,
    assert_hessian,
    assert_hvp,
    assert_jacobian,
    assert_jvp,
    assert_vjp,
    check_adjoint,
    check_backward,
    check_grad,
    check_hessian,
    check_hvp,
    check_jacobian,
    check_jvp,
    check_vjp,
)
from gradcheck.differentiate import Estimate, Status, UsageError

__version__ = "0.1.0"

__all__ = [
    "Claim",
    "Entry",
    "Estimate",
    "Finding",
    "GradientError",
    "Options",
    "Report",
    "Status",
    "Sweep",
    "UsageError",
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
