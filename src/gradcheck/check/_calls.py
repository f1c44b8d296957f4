"""The calls that users make."""

from collections.abc import Callable
from typing import Any, Unpack

from gradcheck.check._options import Options, OptionsDict
from gradcheck.check._point import as_point
from gradcheck.check._reverse import Reverse
from gradcheck.check._run import Problem, run
from gradcheck.check._verdict import Report
from gradcheck.differentiate._errors import UsageError

__all__ = ["check_backward", "check_grad", "check_vjp"]


def check_grad(
    f: Callable[..., Any], grad: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> Report:
    """Judge the gradient of a scalar function."""
    chosen = Options.of(options)
    _callable(f=f, grad=grad)
    reverse = Reverse(lambda _, args: grad(*args), name_of(grad, "grad"), False, chosen.conjugate)
    return run(
        Problem(
            "check_grad", f, name_of(f, "f"), reverse, as_point(inputs, f, chosen.wrt), chosen, scalar=True
        )
    )


def check_vjp(
    f: Callable[..., Any], vjp: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> Report:
    """Judge a vector-Jacobian product."""
    chosen = Options.of(options)
    _callable(f=f, vjp=vjp)
    reverse = Reverse(lambda w, args: vjp(w, *args), name_of(vjp, "vjp"), True, chosen.conjugate)
    return run(Problem("check_vjp", f, name_of(f, "f"), reverse, as_point(inputs, f, chosen.wrt), chosen))


def check_backward(
    forward: Callable[..., Any], backward: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> Report:
    """Judge a backward pass that uses what the forward pass cached."""
    chosen = Options.of(options)
    _callable(forward=forward, backward=backward)
    reverse = Reverse(
        lambda w, args: backward(w, forward(*args)[1]), name_of(backward, "backward"), True, chosen.conjugate
    )
    return run(
        Problem(
            "check_backward",
            First(forward),
            name_of(forward, "forward"),
            reverse,
            as_point(inputs, forward, chosen.wrt),
            chosen,
        )
    )


class First:
    """The output of a forward pass without its cache."""

    def __init__(self, forward: Callable[..., Any]) -> None:
        self.forward = forward

    def __call__(self, *args: Any) -> Any:
        result = self.forward(*args)
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise UsageError(
                f"forward returned {type(result).__name__}",
                "it must return a pair (output, cache)",
                "return (output, cache), or use check_vjp",
            )
        return result[0]


def name_of(function: Any, default: str) -> str:
    """What reports call a function; `default` for a lambda."""
    name = str(getattr(function, "__qualname__", type(function).__qualname__))
    return default if "<lambda>" in name else name.rsplit("<locals>.", 1)[-1]


def _callable(**functions: Any) -> None:
    for name, function in functions.items():
        if not callable(function):
            raise UsageError(
                f"{name}={function!r}"[:80], "it is not callable", f"pass the function itself as {name}"
            )


def assert_grad(
    f: Callable[..., Any], grad: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> None:
    """`check_grad`, raising `GradientError` unless it passes."""
    check_grad(f, grad, inputs, **options).raise_if_failed()


def assert_vjp(
    f: Callable[..., Any], vjp: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> None:
    """`check_vjp`, raising `GradientError` unless it passes."""
    check_vjp(f, vjp, inputs, **options).raise_if_failed()


def assert_backward(
    forward: Callable[..., Any], backward: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> None:
    """`check_backward`, raising `GradientError` unless it passes."""
    check_backward(forward, backward, inputs, **options).raise_if_failed()
