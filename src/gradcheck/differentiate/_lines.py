"""The lines along which f is measured, and where their rungs may stand."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate._window import EPS, UNBOUNDED, Floats

__all__ = ["Lines", "misses_near"]

# Of the scale. Theory has the noise and the truncation of P meet at about 2 eta^(1/7), 2^-6 for doubles and 2^-2 for
# float32; the bound, which sees the truncation of a lower order, is smallest at 2^-8 and 2^-3 on the tuning set.
TOP = 2.0**-8
RAISE = 2.0 / 11.0  # the power of noise beyond that of doubles that leads from the one to the other
NARROW = 2.0**-10  # of the top rung
# The step of the small-step evidence, relative to the scale: noise of doubles is 1e-7 of the slope there.
NEAR = 2.0**-30


@dataclass(frozen=True)
class Lines:
    """Rows phi(t) = f(x + t v): values at 0, noise, and the steps that each row may take.

    Attributes
    ----------
    evaluate : callable
    bounded : bool
        Whether `low` and `high` say anything.
    rows : (n,) of int
        The caller's numbers for the rows.
    base, eta : (n, p)
    scale, finest, low, high : (n,)
    top : (n,)
        The first rung, a power of two.
    near : (n,)
        The step of the small-step evidence (negative where only the left side is in the domain).
    reach : (n,)
        The input's own size in units of t.
    """

    evaluate: Callable[[NDArray[np.intp], Floats], NDArray[Any]]
    bounded: bool
    rows: NDArray[np.intp]
    base: Floats
    eta: Floats
    scale: Floats
    finest: Floats
    low: Floats
    high: Floats
    top: Floats
    near: Floats
    reach: Floats

    @classmethod
    def make(
        cls,
        evaluate: Callable[[NDArray[np.intp], Floats], NDArray[Any]],
        base: NDArray[Any],
        scale: Floats,
        noise: Floats,
        finest: Floats | None,
        low: Floats | None,
        high: Floats | None,
    ) -> Self:
        """Choose the steps."""
        scale = _power_of_two(np.asarray(scale, dtype=float))
        n, p = len(scale), np.shape(base)[-1]
        start = np.array(np.broadcast_to(np.asarray(base, dtype=float), (n, p)))
        eta = np.maximum(np.broadcast_to(np.asarray(noise, dtype=float), (n, p)), EPS * np.abs(start))
        eta = np.where(np.isnan(eta), 0.0, eta)
        smallest = scale * EPS if finest is None else np.asarray(finest, dtype=float)
        left = np.full(n, -np.inf) if low is None else np.asarray(low, dtype=float)
        right = np.full(n, np.inf) if high is None else np.asarray(high, dtype=float)
        with np.errstate(all="ignore"):
            relative = np.where(start != 0, eta / np.abs(start), 0.0).min(axis=1, initial=1.0)
            top = scale * TOP * _power_of_two(np.clip((relative / EPS) ** RAISE, 1.0, 32.0))
            room = np.minimum(-left, right)  # closer to a border than this the estimate is one-sided
            top = np.where((room < top) & (room > top * NARROW), _power_of_two(room), top)
        near = np.minimum(np.maximum(scale * NEAR, smallest), top / 64.0)
        near = np.where(near <= right, near, -near)
        return cls(
            evaluate,
            bool(np.isfinite(left).any() or np.isfinite(right).any()),
            np.arange(n),
            start,
            eta,
            scale,
            smallest,
            left,
            right,
            top,
            near,
            np.minimum(scale, smallest / EPS),
        )

    @property
    def known(self) -> NDArray[np.bool_]:
        """Elements (n, p) whose noise has a bound."""
        return np.asarray(self.eta < UNBOUNDED)

    def values(self, which: NDArray[np.intp], t: Floats) -> Floats:
        """phi of the rows `which` at `t`, both (k,): shape (k, p); NaN, and no evaluation, where t is not allowed."""
        if not len(t):
            return np.empty((0, self.base.shape[1]))
        if not self.bounded:
            return np.asarray(self.evaluate(self.rows[which], t), dtype=float)
        inside = (t >= self.low[which]) & (t <= self.high[which])
        if inside.all():
            return np.asarray(self.evaluate(self.rows[which], t), dtype=float)
        found = np.full((len(t), self.base.shape[1]), np.nan)
        if inside.any():
            found[inside] = self.evaluate(self.rows[which[inside]], t[inside])
        return found

    def take(self, which: Any) -> "Lines":
        """Some of the rows."""
        names = ("rows", "base", "eta", "scale", "finest", "low", "high", "top", "near", "reach")
        return Lines(self.evaluate, self.bounded, *(getattr(self, name)[which] for name in names))


def misses_near(
    lines: Lines, near: Floats, h: Floats, curve: Floats, value: Floats, error: Floats, eta: Floats
) -> NDArray[np.bool_]:
    """Windows whose smallest step h lies well above ``lines.near`` and that do not predict f there.

    `near` (n, p) is phi at ``lines.near``; `curve` is phi''/2 as the window saw it. Noise far above that of doubles
    makes this evidence weak; stairs that would hide in it are the noise probe's business.
    """
    t = lines.near[:, None]
    miss = np.abs((near - lines.base) / t - value - curve * t)
    slack = error + 2.5 * eta / np.abs(t) + np.abs(curve * t)
    return np.asarray((h > 2.0 * np.abs(t)) & ~(miss <= slack))


def _power_of_two(x: Floats) -> Floats:
    """The power of two at or below each x: steps whose sums with x are exact."""
    return np.asarray(np.ldexp(0.5, np.frexp(x)[1]))
