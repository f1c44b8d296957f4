"""What is judged: claims with a known answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from tests.corpus import BUGS, CONTROLS
from tests.zoo import ZOO
from tests.zoo.hard import DECIDABLE
from tests.zoo.hidden_in_arrays import HIDDEN

Inputs = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Claim:
    """A function, a claimed vector-Jacobian product, a point, and whether the claim is right there."""

    name: str
    group: str
    right: bool
    forward: Callable[..., np.ndarray]
    vjp: Callable[..., Inputs]
    inputs: Inputs


def claims() -> Iterator[Claim]:
    """Historical bugs at the point that shows them, their fixes, hard controls, and the zoo's three parts."""
    for case in BUGS:
        problem = case.problem()
        for right, vjp in ((False, problem.bad), (True, problem.good)):
            yield Claim(case.name, "history", right, problem.forward, vjp, problem.telling_inputs)
    for case in CONTROLS:
        problem = case.problem()
        yield Claim(case.name, "controls", True, problem.forward, problem.good, problem.inputs)
    for case in ZOO:
        if "shape" in case.diagnoses:
            continue  # A framework refuses a gradient of another shape before any check of its own.
        for right, vjp in ((False, case.bad), (True, case.good)):
            yield Claim(case.name, "zoo", right, case.forward, vjp, case.point())
    for case in HIDDEN:
        for right, vjp in ((False, case.bad), (True, case.good)):
            yield Claim(case.name, "hidden", right, case.forward, vjp, case.telling)
    for case in DECIDABLE:
        yield Claim(case.name, "hard", True, case.forward, case.vjp, case.inputs)
