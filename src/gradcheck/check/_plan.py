"""Which directions are worth their evaluations."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._direction import Direction, dense, entry_sizes, units
from gradcheck.check._look import part
from gradcheck.check._measure import Instrument

__all__ = ["Row", "Tier", "glance", "plan"]

SMALL_ARRAY = 64  # entries up to which an array is measured entry by entry ...
ENTIRE = {"auto": SMALL_ARRAY, "probe": 1, "full": np.inf}  # ... and with another coverage
SMALL_PROBLEM = (
    900  # ... unless all arrays together are larger than this, a thousand or so: then evaluations do not grow
)
FRUGAL = 60  # evaluations that a correct large problem may cost ...
RESERVED = (
    16  # ... of which the value, its repetition, the strided view and the noise probe take about this many
)
# times the array's size: one entry of many moves f by little beside its rounding. The error of a central difference is
# least between 8 and 32 on networks of 1,000 and 4,225 parameters (`pytest benchmarks -k full`).
ALONE = 16.0
LADDER, CENTRAL = 7, 2  # evaluations of a row ...
CLIMB = 16  # ... and of one that goes on, as a ReLU network's may, at a kink nearby
PIECES = 4  # in which scarce evaluations are spent: a piece that needs more than are left is lost


@dataclass(frozen=True)
class Row:
    """A direction, and the variable that it belongs to."""

    array: int
    direction: Direction


@dataclass(frozen=True)
class Tier:
    """Rows that are measured by one route, in one call."""

    route: str
    rows: tuple[Row, ...]

    def with_rows(self, rows: Mapping[int, Row]) -> "Tier":
        """Some rows exchanged."""
        return replace(self, rows=tuple(rows.get(i, row) for i, row in enumerate(self.rows)))

    @property
    def cost(self) -> int:
        """Evaluations of a row that is settled at once."""
        return LADDER if self.route == "ladder" else CENTRAL

    def pieces(self, affordable: float) -> Iterator["Tier"]:
        """Tiers of a quarter of the rows that can be afforded, at least one."""
        size = max(1, int(affordable / PIECES))
        return (replace(self, rows=self.rows[i : i + size]) for i in range(0, len(self.rows), size))

    def without(self, arrays: Collection[int]) -> "Tier":
        """The rows that do not move any of these variables."""
        rows = (r for r in self.rows if not any(part.array in arrays for part in r.direction.parts))
        return replace(self, rows=tuple(rows)) if arrays else self


def plan(instrument: Instrument, coverage: str, rng: np.random.Generator) -> Iterable[Tier]:
    """Tiers in the order in which they should be measured, should the budget end."""
    sizes = [x.size for x in instrument.point.coordinates]
    frugal = coverage != "full" and sum(sizes) >= SMALL_PROBLEM
    left = instrument.function.left
    if frugal:
        return _within(left, list(_frugal(instrument, rng)))
    entire = [n <= ENTIRE[coverage] for n in sizes]
    # the ladder adjudicates what long steps do not show
    adjudicated = instrument.function.options.method != "central"
    units = [
        Row(a, d)
        for a, whole in enumerate(entire)
        if whole
        for d in units_of(instrument, a, size=ALONE if coverage == "full" and adjudicated else None)
    ]
    repeats = [1 if whole else 2 for whole in entire]
    lines = [
        Row(a, along(instrument, k, a, rng))
        for k in ("signs", "gaussian")
        for a, n in enumerate(repeats)
        if sizes[a] > 1
        for _ in range(n)
    ]
    return _within(left, [t for t in (Tier("ladder", tuple(lines)), Tier("central", tuple(units))) if t.rows])


def _within(left: float, tiers: list[Tier]) -> list[Tier]:
    """The tiers; in pieces where they need more evaluations than are left, so that as much is measured as these hold.

    A tier is measured whole or not at all."""
    if sum(tier.cost * len(tier.rows) for tier in tiers) <= left:
        return tiers
    return [piece for tier in tiers for piece in tier.pieces(left / tier.cost)]


def glance(instrument: Instrument, coverage: str, rng: np.random.Generator) -> list[Tier]:
    """The cheapest look that shows a gross mistake: two directions for each array, one of them in the array's size and
    one in its entries' own, so that a huge entry hides no other."""
    if coverage == "full":
        return list(plan(instrument, coverage, rng))
    arrays = range(len(instrument.point.variables))
    kinds = (("signs", False), ("gaussian", True))
    rows = (Row(a, along(instrument, kind, a, rng, relative=own)) for kind, own in kinds for a in arrays)
    return [Tier("central", tuple(rows))]


def _frugal(instrument: Instrument, rng: np.random.Generator) -> Iterator[Tier]:
    """Random directions only: as many by the ladder as the evaluations allow, two kinds for each array."""
    arrays = range(len(instrument.point.variables))
    left = FRUGAL - RESERVED
    if len(arrays) * LADDER * 2 + CLIMB <= left:
        rounds = max(1, (left - CLIMB) // (LADDER * len(arrays)))
        kinds = ("signs", "gaussian") * rounds
        yield Tier(
            "ladder", tuple(Row(a, along(instrument, k, a, rng)) for k in kinds[:rounds] for a in arrays)
        )
        return
    kinds = ("signs", "gaussian") if 2 * CENTRAL * len(arrays) <= left else ("signs",)
    yield Tier("central", tuple(Row(a, along(instrument, k, a, rng)) for k in kinds for a in arrays))


def along(
    instrument: Instrument, kind: str, array: int, rng: np.random.Generator, *, relative: bool = False
) -> Direction:
    """A dense direction through one array."""
    return dense(
        kind, [part(kind, instrument.point, array, rng, relative=relative)], instrument.point, instrument.eps
    )


def units_of(
    instrument: Instrument,
    array: int,
    entries: NDArray[np.intp] | None = None,
    *,
    size: float | None = None,
    finite: bool = True,
) -> list[Direction]:
    """One direction for each coordinate (or for `entries`), in its own size or in so many times the array's.

    Coordinates that are not finite cannot be moved; they are left out where `finite`.
    """
    x = instrument.point.coordinates[array]
    typical = instrument.point.size_of(array)
    which = np.arange(x.size) if entries is None else entries
    if finite and not np.isfinite(instrument.point.extent_of(array).largest):
        which = which[np.isfinite(x[which])]
    sizes = entry_sizes(x[which], typical) if size is None else np.full(len(which), size * typical)
    return units(instrument.point, array, which, sizes, instrument.eps)
