"""Real wrong-gradient bugs of public projects and correct but hard controls, re-expressed in plain NumPy.

Every case is written from the facts of a public report or fixing commit, named in its `source`.
"""

from tests.corpus import controls, factors_and_signs, indexing, points_and_precision, products
from tests.corpus._case import Case, Problem

__all__ = ["BUGS", "CONTROLS", "Case", "Problem"]

BUGS: tuple[Case, ...] = (
    *factors_and_signs.CASES,
    *indexing.CASES,
    *products.CASES,
    *points_and_precision.CASES,
)
CONTROLS: tuple[Case, ...] = controls.CASES
