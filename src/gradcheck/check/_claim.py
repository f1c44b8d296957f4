"""A claim as a value: what the command line finds in a module, before anything is judged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gradcheck.differentiate._errors import UsageError

if TYPE_CHECKING:
    from gradcheck.check._verdict import Report

__all__ = ["KINDS", "Claim"]

# How many functions each check takes before the inputs.
KINDS = {
    "grad": 2,
    "vjp": 2,
    "jvp": 2,
    "backward": 2,
    "jacobian": 2,
    "hessian": 2,
    "adjoint": 2,
    "hvp": 3,
}


@dataclass(frozen=True)
class Claim:
    """Functions, inputs and options of one ``check_*`` call that has not been made yet.

    Attributes
    ----------
    kind : str
        The check: ``grad``, ``vjp``, ``jvp``, ``backward``, ``jacobian``, ``hessian``, ``hvp`` or ``adjoint``.
    functions : tuple of callable
        In the order in which ``check_<kind>`` takes them: ``(f, grad)``, ``(forward, backward)`` and so on.
    inputs : any
        As ``check_<kind>`` takes them, or a function without arguments that makes them: nothing is computed
        before the claim is judged.
    options : mapping
        Keyword arguments of the check.
    name : str
        What reports call it; by default the name of the last function.

    Raises
    ------
    UsageError
        For an unknown kind, a wrong number of functions, or one that cannot be called.

    Examples
    --------
    >>> import numpy as np
    >>> claim = Claim("grad", (lambda x: (x**2).sum(), lambda x: 2 * x), lambda: np.ones(3), name="square")
    >>> claim.name, claim.given()
    ('square', array([1., 1., 1.]))
    """

    kind: str
    functions: tuple[Callable[..., Any], ...]
    inputs: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"kind={self.kind!r}", "there is no such check", f"one of {', '.join(KINDS)}")
        needed = KINDS[self.kind]
        if not isinstance(self.functions, tuple) or len(self.functions) != needed:
            cause = f"check_{self.kind} takes {needed} functions"
            raise UsageError(f"functions={self.functions!r}", cause, f"pass a tuple of {needed}")
        for function in self.functions:
            if not callable(function):
                raise UsageError(f"{function!r}", "this cannot be called", "pass a function")
        if not self.name:
            object.__setattr__(self, "name", _name_of(self.functions[-1]))

    def given(self) -> Any:
        """The inputs, made now where the claim holds a function that makes them."""
        return self.inputs() if callable(self.inputs) else self.inputs

    def check(self, inputs: Any = None, **options: Any) -> "Report":
        """Judge the claim: ``check_<kind>`` with these inputs (by default its own) and options on top of its own."""
        from gradcheck import check

        judge: Callable[..., Report] = getattr(check, f"check_{self.kind}")
        return judge(
            *self.functions, self.given() if inputs is None else inputs, **{**self.options, **options}
        )


def _name_of(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))
