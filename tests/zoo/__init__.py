"""A zoo of wrong backward passes, each with its correct twin.

`ZOO` holds the passes whose numbers are wrong; `CONTRACTS` those whose numbers are right but which break
a promise. A case is added by one call of `Layer.gradient`, `Layer.swapped` or `Layer.wrong` in the module of its
family.
"""

from tests.zoo import (
    activations,
    attention,
    contracts,
    convolution,
    dense,
    embedding,
    losses,
    normalisation,
    oddities,
    pooling,
    recurrent,
    softmax,
)
from tests.zoo._case import Case

__all__ = ["CONTRACTS", "FAMILIES", "ZOO", "Case"]

FAMILIES = (
    dense,
    activations,
    losses,
    softmax,
    normalisation,
    convolution,
    pooling,
    embedding,
    recurrent,
    attention,
    oddities,
)
ZOO: tuple[Case, ...] = tuple(case for family in FAMILIES for case in family.CASES)
CONTRACTS: tuple[Case, ...] = contracts.CASES
