"""Directional derivatives of f along many directions, each contracted with every cotangent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._compare import Measured, contract
from gradcheck.check._direction import Direction
from gradcheck.check._function import Function, Lines
from gradcheck.check._outputs import Outputs
from gradcheck.check._point import Floats, Point
from gradcheck.differentiate import engine
from gradcheck.differentiate._estimate import Estimate

__all__ = ["Instrument"]

APART = (
    4096  # outputs that are kept apart; more are contracted with the cotangents before they are differenced
)
TRUNCATION = 64.0  # (h / scale)^2 of the slope: h^2 f'''/6 of a function whose length scale is an eighth of its input's size...
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
    extra : (p,) array, optional
        Error of the outputs' slopes that the measurement cannot see.
    """

    function: Function
    point: Point
    outputs: Outputs
    base: Floats
    noise: Floats
    eps: float
    single: bool = False
    extra: Floats | None = None

    def estimate(
        self, route: str, directions: Sequence[Direction], weights: Floats | None = None, scale: float = 1.0
    ) -> Estimate:
        """Every output along every direction, (rows, p); contracted first, (rows, K), where `weights` are given."""
        lines = Lines(self.function, self.point, self.outputs, directions, weights)
        base, noise = self.base, self.noise
        if weights is not None:
            base, noise = _finite(base) @ weights.T, _finite(noise) @ np.abs(weights).T
        finest = np.array([d.finest for d in directions])
        measure = engine.ladder if route == "ladder" else engine.two_point
        return measure(lines.evaluate, base, np.full(len(directions), scale), noise, finest=finest)

    def measured(
        self, route: str, directions: Sequence[Direction], weights: Floats, scale: float = 1.0
    ) -> Measured:
        """Every direction contracted with every cotangent; outputs kept apart until then wherever memory allows."""
        apart = self.outputs.size <= APART
        estimate = self.estimate(route, directions, None if apart else weights, scale)
        if route == "central":
            noise = self.noise if apart else _finite(self.noise) @ np.abs(weights).T
            estimate = tightened(estimate, noise, self.eps)
        if self.extra is not None and apart:
            estimate = replace(estimate, error=estimate.error + self.extra)
        return contract(estimate, weights if apart else np.eye(len(weights)))

    def with_noise(self, noise: Floats) -> "Instrument":
        return replace(self, noise=np.maximum(self.noise, noise))


def tightened(estimate: Estimate, noise: Floats, eps: float) -> Estimate:
    """The truncation of a central difference where nothing speaks against smoothness.

    The first-order bound of `engine.two_point` is half the difference of the one-sided slopes, mostly plain curvature. A claim
    that agrees far better than that with their mean is right: to agree with a mean of two slopes of a kink by accident
    it would have to be wrong by just that much. A claim that does not agree is measured by the ladder.
    """
    slope = np.where(np.isfinite(estimate.value), np.abs(estimate.value), 0.0)
    error = SAFETY * (TRUNCATION * estimate.step**2 * slope + (noise + eps * slope) / estimate.step)
    return replace(
        estimate, error=np.where(np.isfinite(estimate.error), np.minimum(error, estimate.error), np.inf)
    )


def _finite(x: NDArray[np.float64]) -> Floats:
    """Outputs that are not finite have no cotangent."""
    return np.where(np.isfinite(x), x, 0.0)
