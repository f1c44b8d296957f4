"""Directional derivatives of f along many directions, each contracted with every cotangent."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._compare import Measured, contract
from gradcheck.check._complex_step import sharpened
from gradcheck.check._direction import Direction
from gradcheck.check._function import Function, Lines
from gradcheck.check._outputs import Outputs
from gradcheck.check._point import Floats, Point
from gradcheck.differentiate import engine
from gradcheck.differentiate._estimate import Estimate, Status
from gradcheck.differentiate._view import EPS_SINGLE, SHORT, are_float32, is_short

__all__ = ["Instrument"]

# over the top rung, 2^-7 of the input's size, eight ulp twice: trap 6 of the numerics, saturated forward passes,
# and what a number that f rounds inside may be larger than f
FLAT = 2.0**11
# f's own value, times float32's last bit: what flat values hide (tanh and sigmoid end at 9 and 17 in float32, where
# input times slope is 5 of these), also where all are 0, 1 or -1 and nobody knows the precision
SATURATED = 8.0
# outputs that are kept apart; more are contracted with the cotangents before they are differenced
APART = 4096
# (h / scale)^2 of the slope: h^2 f'''/6 of a function whose length scale is an eighth of its input's size...
TRUNCATION = 64.0
SAFETY = 2.0  # ... which numerics.md (item 7) found to hold for 1,370 of 1,370 coordinates, doubled


@dataclass(frozen=True)
class Instrument:
    """f at a point, its noise measured: what all measurements share.

    Attributes
    ----------
    function, point, outputs
    base : (p,) array
        f at the point.
    noise : (p,) array
        Bound on the absolute noise of f's values.
    eps : float
        Of the precision in which f is called.
    single : bool
        f computes in less than float64, whatever it returns.
    own : dict
        The noise, (p,), along directions through one array alone, where that was asked for.
    """

    function: Function
    point: Point
    outputs: Outputs
    base: Floats
    noise: Floats
    eps: float
    single: bool = False
    own: dict[int, Floats] = field(default_factory=dict, compare=False)

    @property
    def is_final(self) -> bool:
        """Whether what speaks against a claim need not be measured again before anybody is accused."""
        return False

    @property
    def may_be_single(self) -> bool:
        """f computes in float32 as far as its values tell: they are float32 numbers, and have its many bits or none."""
        base = _finite(self.base)
        ends = bool(np.isin(np.abs(base), (0.0, 1.0)).all())
        return self.single or ends or bool(are_float32(base[None]).all() and not is_short(base, SHORT).all())

    def noise_along(self, directions: Sequence[Direction]) -> Floats:
        """The noise for each direction, (rows, p): that of its array alone where it is known."""
        arrays = [{part.array for part in d.parts} for d in directions]
        found = [self.own.get(next(iter(a)), self.noise) if len(a) == 1 else self.noise for a in arrays]
        return np.array(found).reshape(len(directions), -1)

    @property
    def precision(self) -> float:
        """Relative rounding of what f computes with, whatever it is called with."""
        return max(self.eps, EPS_SINGLE) if self.single else self.eps

    def estimate(
        self,
        route: str,
        directions: Sequence[Direction],
        weights: Floats | None = None,
        scale: float = 1.0,
        noise: Floats | None = None,
    ) -> Estimate:
        """Every output along every direction, (rows, p); contracted first, (rows, K), where `weights` are given.

        `noise` (rows, p) replaces that of the instrument."""
        lines = Lines(self.function, self.point, self.outputs, directions, weights)
        base, eta = self.base, self.noise_along(directions) if noise is None else noise
        if weights is not None:
            base, eta = _finite(base) @ weights.T, _finite(eta) @ np.abs(weights).T
        finest = np.array([d.finest for d in directions])
        measure = engine.ladder if route == "ladder" else engine.two_point
        estimate = measure(lines.evaluate, base, np.full(len(directions), scale), eta, finest=finest)
        if route == "central":
            estimate = tightened(estimate, np.asarray(eta), self.eps)
        estimate = self._with_floor(estimate, base, scale)
        if self.function.options.method == "complex" and route == "ladder" and weights is None:
            return sharpened(estimate, self.function, self.point, self.outputs, directions)
        return estimate

    def _with_floor(self, estimate: Estimate, base: Floats, scale: float) -> Estimate:
        """What f's values cannot show: a flat output is one of many, and its zero may be an absorbed or an underflowed
        number."""
        size = float(np.max(np.abs(_finite(base)), initial=0.0)) or 1.0
        hidden = np.full(base.shape, FLAT * self.eps * size)
        if self.may_be_single:
            hidden = np.maximum(hidden, SATURATED * EPS_SINGLE * np.abs(_finite(base)))
        floor = np.where(estimate.status == Status.FLAT.value, hidden / scale, 0.0)
        return replace(estimate, error=np.maximum(estimate.error, floor))

    def measured(
        self,
        route: str,
        directions: Sequence[Direction],
        weights: Floats,
        scale: float = 1.0,
        noise: Floats | None = None,
    ) -> Measured:
        """Every direction contracted with every cotangent; outputs kept apart until then wherever memory allows."""
        apart = self.outputs.size <= APART
        estimate = self.estimate(route, directions, None if apart else weights, scale, noise)
        measured = contract(estimate, weights if apart else np.eye(len(weights)))
        infinite = not np.isfinite(self.base).all()
        return replace(measured, tainted=measured.tainted | infinite)


def tightened(estimate: Estimate, noise: Floats, eps: float) -> Estimate:
    """The truncation of a central difference where nothing speaks against smoothness.

    The first-order bound of `engine.two_point` is half the difference of the one-sided slopes, mostly plain
    curvature. A claim that agrees far better than that with their mean is right: to agree with a mean of two slopes
    of a kink by accident it would have to be wrong by just that much. A claim that does not agree is measured by the
    ladder."""
    slope = np.where(np.isfinite(estimate.value), np.abs(estimate.value), 0.0)
    error = SAFETY * (TRUNCATION * estimate.step**2 * slope + (noise + eps * slope) / estimate.step)
    return replace(
        estimate, error=np.where(np.isfinite(estimate.error), np.minimum(error, estimate.error), np.inf)
    )


def _finite(x: NDArray[np.float64]) -> Floats:
    """Outputs that are not finite have no cotangent."""
    return np.where(np.isfinite(x), x, 0.0)
