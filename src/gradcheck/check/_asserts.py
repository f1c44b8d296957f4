"""The checks as assertions: each raises `GradientError`, with the report as its text, unless the check passes.

`__tracebackhide__` makes pytest show the caller's line instead of these."""

from collections.abc import Callable
from typing import Any, Unpack

from gradcheck.check import _adjoint as adjoint
from gradcheck.check import _calls as calls
from gradcheck.check import _second as second
from gradcheck.check._options import OptionsDict

__all__ = [
    "assert_adjoint",
    "assert_backward",
    "assert_grad",
    "assert_hessian",
    "assert_hvp",
    "assert_jacobian",
    "assert_jvp",
    "assert_vjp",
]


def assert_grad(
    f: Callable[..., Any], grad: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> None:
    """`gradcheck.check_grad`, raising `GradientError` unless it passes."""
    __tracebackhide__ = True
    calls.check_grad(f, grad, inputs, **options).raise_if_failed()


def assert_vjp(
    f: Callable[..., Any], vjp: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> None:
    """`gradcheck.check_vjp`, raising `GradientError` unless it passes."""
    __tracebackhide__ = True
    calls.check_vjp(f, vjp, inputs, **options).raise_if_failed()


def assert_backward(
    forward: Callable[..., Any], backward: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> None:
    """`gradcheck.check_backward`, raising `GradientError` unless it passes."""
    __tracebackhide__ = True
    calls.check_backward(forward, backward, inputs, **options).raise_if_failed()


def assert_jvp(
    f: Callable[..., Any], jvp: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> None:
    """`gradcheck.check_jvp`, raising `GradientError` unless it passes."""
    __tracebackhide__ = True
    calls.check_jvp(f, jvp, inputs, **options).raise_if_failed()


def assert_jacobian(
    f: Callable[..., Any], jac: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> None:
    """`gradcheck.check_jacobian`, raising `GradientError` unless it passes."""
    __tracebackhide__ = True
    calls.check_jacobian(f, jac, inputs, **options).raise_if_failed()


def assert_hvp(
    f: Callable[..., Any],
    grad: Callable[..., Any],
    hvp: Callable[..., Any],
    inputs: Any,
    **options: Unpack[OptionsDict],
) -> None:
    """`gradcheck.check_hvp`, raising `GradientError` unless it passes."""
    __tracebackhide__ = True
    second.check_hvp(f, grad, hvp, inputs, **options).raise_if_failed()


def assert_hessian(
    f: Callable[..., Any], hess: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> None:
    """`gradcheck.check_hessian`, raising `GradientError` unless it passes."""
    __tracebackhide__ = True
    second.check_hessian(f, hess, inputs, **options).raise_if_failed()


def assert_adjoint(
    jvp: Callable[..., Any], vjp: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> None:
    """`gradcheck.check_adjoint`, raising `GradientError` unless it passes."""
    __tracebackhide__ = True
    adjoint.check_adjoint(jvp, vjp, inputs, **options).raise_if_failed()
