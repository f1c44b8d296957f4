"""Elementwise and reducing functions of NumPy and SciPy with their known derivatives."""

from tests.catalogue import linear_algebra, numpy_elementwise, reductions, scipy_elementwise
from tests.catalogue._entry import Entry

__all__ = ["CATALOGUE", "Entry"]

CATALOGUE: tuple[Entry, ...] = (
    *numpy_elementwise.ENTRIES,
    *scipy_elementwise.ENTRIES,
    *reductions.ENTRIES,
    *linear_algebra.ENTRIES,
)
