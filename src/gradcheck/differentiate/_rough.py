"""Slopes over many kinks, seen through noise: a second look between the rungs.

The slopes of a wide ReLU network are a random walk in the step. In float64 finer windows show that, and win. In float32
they are lost in noise, and of the coarser ones that window has the least error which contracts by luck. Between its
rungs the walk goes on: f is evaluated at four more steps, and what their slopes are off by, beyond P + c t^2 + d t^4
and noise, joins the error.
"""

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate._estimate import Estimate, Status
from gradcheck.differentiate._lines import Lines
from gradcheck.differentiate._window import NOISE_WEIGHT, Floats

__all__ = ["widen_where_rough"]

# With less noise than this, a hundredth of float32's last bit, finer windows see what this look would.
LOW = 2.0**-30
BETWEEN = np.array([1.5, 2.5, 6.0, 10.0])  # times a window's smallest step; its rungs are at 1, 4 and 16
WALK = 16.0  # the way left from a window to 0 is as long as that between its rungs or longer, and random
NOISE = 2.0  # times eta / t: the scatter of four slopes

_EVEN = (BETWEEN / BETWEEN[-1])[:, None] ** np.array([2.0, 4.0])
# takes out of four slopes what a smooth function's are off by: c t^2 + d t^4
_SMOOTH = np.eye(len(BETWEEN)) - _EVEN @ np.linalg.pinv(_EVEN)


def widen_where_rough(lines: Lines, estimate: Estimate) -> None:
    """Widen the errors of `estimate`, (n, p), where f's noise is that of float32 or more and a window was chosen."""
    chosen = np.isin(estimate.status, (Status.SMOOTH.value, Status.NOISY.value)) & np.isfinite(estimate.error)
    rough = chosen & lines.known & (lines.eta > LOW * np.abs(lines.base))
    rows = np.flatnonzero(rough.any(axis=1))
    for step in np.unique(estimate.step[rough]):
        here = rows[(rough[rows] & (estimate.step[rows] == step)).any(axis=1)]
        miss = _miss(lines.take(here), estimate.value[here], float(step))
        told = rough[here] & (estimate.step[here] == step) & np.isfinite(miss)
        estimate.error[here] += np.where(told, WALK * miss, 0.0)
        estimate.evaluations[here] += 2 * len(BETWEEN)


def _miss(lines: Lines, value: NDArray[np.generic], step: float) -> Floats:
    """The most that a slope between the rungs is off by, (n, p)."""
    n, t = len(lines.rows), step * BETWEEN
    which = np.tile(np.arange(n), 2 * len(t))
    values = lines.values(which, np.repeat(np.concatenate([t, -t]), n)).reshape(2, len(t), n, -1)
    off = (values[0] - values[1]) / (2.0 * t[:, None, None]) - value
    # the noise of these slopes, and of the window's
    room = (NOISE / t[:, None, None] + NOISE_WEIGHT / step) * lines.eta
    left = np.abs(np.tensordot(_SMOOTH, off, axes=1)) - room
    return np.asarray(np.maximum(left.max(axis=0), 0.0))
