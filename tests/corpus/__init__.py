"""Real wrong-gradient bugs of public projects and correct but hard controls, re-expressed in plain NumPy.

Every case is written from the facts of a public report or fixing commit, named in its `source`.
"""

from tests.corpus import (
    assembly,
    averages,
    bodies,
    borders,
    controls,
    controls_at_kinks,
    controls_at_scale,
    controls_computed,
    controls_in_arrays,
    controls_solved,
    controls_special,
    densities,
    distances,
    elementwise,
    factors_and_signs,
    indexing,
    likelihoods,
    linear_algebra,
    losses,
    normalisations,
    points_and_precision,
    policies,
    positions,
    products,
    rearrangements,
    sequences,
    structured,
    transforms,
    wide_and_low,
    windows,
)
from tests.corpus._case import Case, Problem

__all__ = ["BUGS", "CONTROLS", "Case", "Problem"]

BUGS: tuple[Case, ...] = (
    *factors_and_signs.CASES,
    *indexing.CASES,
    *products.CASES,
    *points_and_precision.CASES,
    *losses.CASES,
    *densities.CASES,
    *normalisations.CASES,
    *linear_algebra.CASES,
    *positions.CASES,
    *windows.CASES,
    *elementwise.CASES,
    *sequences.CASES,
    *assembly.CASES,
    *averages.CASES,
    *bodies.CASES,
    *borders.CASES,
    *distances.CASES,
    *likelihoods.CASES,
    *policies.CASES,
    *rearrangements.CASES,
    *structured.CASES,
    *transforms.CASES,
    *wide_and_low.CASES,
)
CONTROLS: tuple[Case, ...] = (
    *controls.CASES,
    *controls_at_kinks.CASES,
    *controls_at_scale.CASES,
    *controls_computed.CASES,
    *controls_in_arrays.CASES,
    *controls_solved.CASES,
    *controls_special.CASES,
    *wide_and_low.CONTROLS,
)
