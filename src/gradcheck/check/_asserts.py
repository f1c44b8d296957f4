"""The checks as assertions: each raises `GradientError`, with the report as its text, unless the check passes."""

from collections.abc import Callable
from typing import Any, Unpack

from gradcheck.check import _calls as calls
from gradcheck.check._options import OptionsDict

__all__ = ["assert_backward", "assert_grad", "assert_jacobian", "assert_jvp", "assert_vjp"]


def assert_grad(
    f: Callable[..., Any], grad: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> None:
    """`gradcheck.check_grad`, raising `GradientError` unless it passes."""
    calls.check_grad(f, grad, inputs, **options).raise_if_failed()


def assert_vjp(
    f: Callable[..., Any], vjp: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> None:
    """`gradcheck.check_vjp`, raising `GradientError` unless it passes."""
    calls.check_vjp(f, vjp, inputs, **options).raise_if_failed()


def assert_backward(
    forward: Callable[..., Any], backward: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> None:
    """`gradcheck.check_backward`, raising `GradientError` unless it passes."""
    calls.check_backward(forward, backward, inputs, **options).raise_if_failed()


def assert_jvp(
    f: Callable[..., Any], jvp: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> None:
    """`gradcheck.check_jvp`, raising `GradientError` unless it passes."""
    calls.check_jvp(f, jvp, inputs, **options).raise_if_failed()


def assert_jacobian(
    f: Callable[..., Any], jac: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> None:
    """`gradcheck.check_jacobian`, raising `GradientError` unless it passes."""
    calls.check_jacobian(f, jac, inputs, **options).raise_if_failed()
