"""The slopes of f along a few directions as a function of the point: what a Hessian is the derivative of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from gradcheck.check._direction import Direction
from gradcheck.check._function import STACK
from gradcheck.check._options import Options
from gradcheck.check._plan import along, units_of
from gradcheck.check._point import Floats, Point
from gradcheck.differentiate._errors import UsageError
from gradcheck.differentiate._tree import flatten

__all__ = ["WHOLE", "Slopes", "bases"]

# Entries of all inputs together up to which every entry of the Hessian is measured, 900 of them in some 50,000
# evaluations of f; beyond, slopes along four random directions through each input.
WHOLE = 30
RUNGS = 2.0**-7 * np.array([1.0, 0.25, 0.0625])  # of the input's size: the first block of the ladder, halved


@dataclass
class _Instrument:
    """What `along` and `units_of` need of an instrument."""

    point: Point
    eps: float = float(np.finfo(np.float64).eps)


def bases(point: Point, options: Options) -> list[Direction]:
    """The directions u: every entry of a small problem, four random ones through each array of a large one."""
    instrument, arrays = cast(Any, _Instrument(point)), range(len(point.variables))
    whole = options.coverage == "full" or (options.coverage == "auto" and point.size <= WHOLE)
    if whole:
        return [d for a in arrays for d in units_of(instrument, a, finite=False)]
    rng = np.random.default_rng(options.seed)
    return [along(instrument, kind, a, rng) for a in arrays for kind in ("signs", "gaussian") * 2]


@dataclass(frozen=True)
class Slopes:
    """x -> (D_u f)(x) for every u: sixth order, from the same steps everywhere."""

    f: Callable[..., Any]
    point: Point
    bases: Sequence[Direction]
    batched: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether there is a slope along every entry."""
        return len(self.bases) == self.point.size and all(d.kind == "entry" for d in self.bases)

    @property
    def cost(self) -> int:
        """Calls of f for one call of this."""
        return 6 * len(self.bases)

    def __call__(self, *args: Any) -> Floats:
        leaves = flatten(args).leaves
        here = [
            np.array(leaves[v.position], dtype=v.working).reshape(-1).view(np.float64)
            for v in self.point.variables
        ]
        moved = [d.moved(here, float(t)) for d in self.bases for h in RUNGS for t in (h, -h)]
        values = self._stacked(moved) if self.batched else np.array([self._value(x) for x in moved])
        plus, minus = values.reshape(len(self.bases), len(RUNGS), 2).transpose(2, 0, 1)
        return _neville((plus - minus) / (2.0 * RUNGS))

    def _value(self, coordinates: Sequence[Floats]) -> float:
        try:
            value = self.f(*self.point.arguments(coordinates))
        except UsageError:
            raise
        except Exception:  # outside f's domain, as everywhere away from the point
            return float("nan")
        return float(np.real(np.asarray(value)).reshape(()))

    def _stacked(self, moved: Sequence[list[Floats]]) -> Floats:
        """The same with one call of f for so many perturbations."""
        shares = [moved[i : i + STACK] for i in range(0, len(moved), STACK)]
        return np.concatenate([self._at_once(share) for share in shares])

    def _at_once(self, moved: Sequence[list[Floats]]) -> Floats:
        stacks = [np.stack(arrays).reshape(-1) for arrays in zip(*moved, strict=True)]
        values = np.real(np.asarray(self.f(*self.point.arguments(stacks, (len(moved),)))))
        if values.shape != (len(moved),):
            raise UsageError(
                f"f returned shape {values.shape} for {len(moved)} stacked perturbations",
                "batched=True says that it returns one number for each",
                "reduce over the last axes only, or leave batched out",
            )
        return np.asarray(values, dtype=float)


def _neville(c: Floats) -> Floats:
    """Two levels of Neville's scheme for central differences (slopes, 3) with steps h, h/4, h/16: 4^2 and 4^4."""
    low, high = (16.0 * c[:, 1] - c[:, 0]) / 15.0, (16.0 * c[:, 2] - c[:, 1]) / 15.0
    return np.asarray((256.0 * high - low) / 255.0)
