"""One historical bug, or one correct but hard control."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np

Inputs = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Problem:
    """A function, its right and its wrong backward pass, and points to judge them at.

    Attributes
    ----------
    f : f(inputs) -> array
    vjp_good, vjp_bad : vjp(inputs, cotangent) -> gradients, one per input; `vjp_bad` is None for a control
    inputs : tuple of arrays
        A point that a test author would plausibly use.
    special_inputs : tuple of arrays, or None
        A point that shows the bug, where `inputs` does not.
    mp : mp(mpmath, inputs) -> list of numbers, or None
        The same function in multiple precision.
    ideal : f as it would be in float64, or None
        Where f itself computes in float32.
    """

    f: Callable[[Inputs], Any]
    vjp_good: Callable[[Inputs, Any], Inputs]
    vjp_bad: Callable[[Inputs, Any], Inputs] | None = None
    inputs: Inputs = ()
    special_inputs: Inputs | None = None
    mp: Callable[..., list[Any]] | None = None
    ideal: Callable[[Inputs], Any] | None = None

    def forward(self, *inputs: np.ndarray) -> Any:
        return self.f(inputs)

    def good(self, cotangent: Any, *inputs: np.ndarray) -> Inputs:
        return self.vjp_good(inputs, cotangent)

    def bad(self, cotangent: Any, *inputs: np.ndarray) -> Inputs:
        assert self.vjp_bad is not None, "a control has no wrong backward pass"
        return self.vjp_bad(inputs, cotangent)

    @property
    def telling_inputs(self) -> Inputs:
        """The point that shows the bug."""
        return self.inputs if self.special_inputs is None else self.special_inputs


@dataclass(frozen=True)
class Case:
    """Where a problem comes from, and what is wrong in it.

    Attributes
    ----------
    name, source, op, bug_class, what : str
        `source` is the public report or fixing commit.
    make : make(rng) -> Problem
    detectable_at_generic_point : bool
        False where only ``special_inputs`` expose the bug.
    kind : {"bug", "control"}
    fidelity : {"diff", "issue", "modelled", "synthetic"}
        Formula read in the fixing commit; stated in the report; mechanism re-created; class of mistake.
    truth : {"derivative", "subdifferential"}
        The second at a kink, where any element is accepted.
    magnitude : str
        "gross", the order of the relative error at the inputs, or "absolute".
    says : tuple of str
        The words that name the mistake, slugs of `code` or `diagnosis`; empty where nobody has decided.
    """

    name: str
    source: str
    op: str
    bug_class: str
    what: str
    make: Callable[[np.random.Generator], Problem]
    detectable_at_generic_point: bool = True
    kind: str = "bug"
    fidelity: str = "diff"
    truth: str = "derivative"
    magnitude: str = "gross"
    says: tuple[str, ...] = ()

    def problem(self, seed: int = 0) -> Problem:
        """The same problem for the same seed, on every machine."""
        return self.make(np.random.default_rng([crc32(self.name.encode()), seed]))


Make = Callable[[np.random.Generator], Problem]


def bug(
    name: str,
    source: str,
    op: str,
    bug_class: str,
    what: str,
    generic: bool = True,
    fidelity: str = "diff",
    mag: str = "gross",
    says: tuple[str, ...] = (),
) -> Callable[[Make], Case]:
    """The decorated function makes the problem of a historical bug."""
    return lambda make: Case(
        name, source, op, bug_class, what, make, generic, "bug", fidelity, magnitude=mag, says=says
    )


def control(name: str, bug_class: str, what: str, truth: str = "derivative") -> Callable[[Make], Case]:
    """The decorated function makes a correct but hard problem."""
    return lambda make: Case(
        name, "", name, bug_class, what, make, False, "control", "synthetic", truth, magnitude="none"
    )
