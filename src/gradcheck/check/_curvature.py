"""What measures a Hessian: u^T H v along every direction v, for the directions u of the slopes that stand for f."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._direction import Direction
from gradcheck.check._function import Function, Lines
from gradcheck.check._look import Look, instrument_at
from gradcheck.check._measure import Instrument
from gradcheck.check._outputs import describe
from gradcheck.check._point import Floats
from gradcheck.check._slopes import RUNGS, Slopes
from gradcheck.differentiate._arrange import arranged
from gradcheck.differentiate._curvature import mixed_derivatives
from gradcheck.differentiate._estimate import Estimate
from gradcheck.differentiate._window import EPS

__all__ = ["Curvature", "curvature_at"]

AMPLIFIED = (
    0.55  # of the noise of a value over the last rung of a slope: 1.09 / 2, see differentiate/_window.py
)


@dataclass(frozen=True)
class Curvature(Instrument):
    """Second differences of f in place of differences of its slopes, which are the outputs.

    Attributes
    ----------
    f : Instrument
        For f itself, one real number.
    slopes : Slopes
    """

    f: Instrument = field(kw_only=True)
    slopes: Slopes = field(kw_only=True)

    @property
    def is_final(self) -> bool:
        return True

    def estimate(
        self,
        route: str,
        directions: Sequence[Direction],
        weights: Floats | None = None,
        scale: float = 1.0,
        noise: Floats | None = None,
    ) -> Estimate:
        """u^T H v for every direction v and every u, (rows, p), by the one route that there is."""
        pairs = list(product(directions, self.slopes.bases))
        both = [_combined(u, v, side) for v, u in pairs for side in (1, -1)]
        lines = Lines(self.f.function, self.point, self.f.outputs, both)

        def evaluate(pair: NDArray[np.intp], line: NDArray[np.intp], t: Floats) -> Floats:
            return lines.evaluate(2 * pair + (line < 0), t)[:, 0]

        found = mixed_derivatives(
            evaluate,
            float(self.f.base[0]),
            float(self.f.noise[0]),
            np.full(len(pairs), scale),
            np.array([d.finest for d in both[::2]]) / EPS,
            np.array([_is_same_entry(u, v) for v, u in pairs], dtype=bool),
        )
        shape = len(directions), len(self.slopes.bases)
        return arranged(found, lambda array: array.reshape(shape + array.shape[1:]))


def _combined(u: Direction, v: Direction, sign: int) -> Direction:
    """u + v or u - v."""
    other = v.parts if sign > 0 else tuple(replace(p, quanta=-p.quanta) for p in v.parts)
    return Direction("pair", (*u.parts, *other), max(u.finest, v.finest))


def _is_same_entry(u: Direction, v: Direction) -> bool:
    if not u.kind == v.kind == "entry":
        return False
    a, b = u.parts[0], v.parts[0]
    return bool(a.array == b.array and a.index[0] == b.index[0] and a.step == b.step)


def curvature_at(
    look: Look, rng: np.random.Generator, f: Function, value: float, slopes: Slopes
) -> Curvature:
    """The noise of f measured along two directions; that of its slopes follows."""
    spread = float(np.max(look.jitter, initial=0.0)) * RUNGS[-1] / AMPLIFIED
    outputs = describe(value)
    base = np.array([value])
    own = instrument_at(Look(f, look.point, outputs, base, np.full(1, spread), []), rng)
    noise = np.full(look.base.shape, AMPLIFIED * float(own.noise[0]) / RUNGS[-1])
    return Curvature(
        look.function, look.point, look.outputs, look.base, noise, own.eps, own.single, f=own, slopes=slopes
    )
