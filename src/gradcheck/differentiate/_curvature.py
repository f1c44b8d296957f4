"""Second derivatives u^T H v from values of a scalar function, many pairs of directions at once.

Along the lines x + t (u + v) and x + t (u - v) the even parts of f,

    E(h) = (f(h) + f(-h) - 2 f(0)) / h^2 = phi'' + h^2 phi''''/12 + ...,

give M = (E+ - E-) / 4 = u^T H v + O(h^2) (polarisation; f(0) drops out). An even power series in h is what the windows
of `_window` extrapolate, with noise that grows as eta / h^2 instead of eta / h. All rungs stand between half of the
input's size and 2^-25 of it, a factor 4 apart. Block 0 (2^-5, 2^-7, 2^-9: there truncation and noise of a function of
length scale 1 meet) and one rung far below it settle nearly all pairs; the others get all rungs.

**Kinks of the gradient.** Where phi'' jumps at x (relu(x)^2, Huber's loss), E is the mean of both sides at every step,
and nothing in E says so. The odd part does: (f(h) - f(-h)) / (2h) = phi' + h J/4 + h^2 phi'''/6 + ..., J the jump. The
coefficient of h, from the three rungs of a window, is at most a small multiple of h^3 for a smooth function; its
share of M joins the error, and is the interval of admissible values where it persists from window to window.

**Kinks of f** make E grow as 1/h: no window contracts.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate._arrange import STATUS, empty
from gradcheck.differentiate._estimate import Estimate, Status
from gradcheck.differentiate._rungs import contradicted
from gradcheck.differentiate._window import DOUBLE, EPS, GOOD, NOISE_WEIGHT, SAFETY, USEFUL, Floats, windows

__all__ = ["mixed_derivatives"]

Bools = NDArray[np.bool_]
# pairs (m,), lines (m,): 1 for u + v and -1 for u - v, steps (m,) -> values (m,)
Evaluate = Callable[[NDArray[np.intp], NDArray[np.intp], Floats], Floats]

STEPS = 2.0 ** -np.arange(1.0, 26.0, 2.0)  # of the input's size
BLOCK, NEAR = slice(2, 5), 6
PERSISTS = 0.25  # two windows' jumps this close are one; a smooth function's shrink by 64
GROWS = 3.0  # from rung to rung a kink of f makes M grow by 4, a jump by 16
ROOM = 4.0  # times the noise of one rung: what M is off by there


@dataclass(frozen=True)
class _Values:
    """f along the lines: sides, rungs, lines and pairs, shape (2, R, 2, k); steps h (R, k)."""

    h: Floats
    f: Floats
    base: float
    eta: float
    reach: Floats

    def take(self, rungs: slice, pairs: NDArray[np.intp]) -> "_Values":
        return _Values(
            self.h[rungs, pairs], self.f[:, rungs][..., pairs], self.base, self.eta, self.reach[pairs]
        )

    @property
    def even(self) -> Floats:
        """E of both lines, (R, 2, k)."""
        return np.asarray(((self.f[0] - self.base) + (self.f[1] - self.base)) / self.h[:, None] ** 2)

    @property
    def odd(self) -> Floats:
        """(f(h) - f(-h)) / (2h) of both lines, (R, 2, k)."""
        return np.asarray((self.f[0] - self.f[1]) / (2.0 * self.h[:, None]))

    @property
    def mixed(self) -> Floats:
        """M, (R, k)."""
        return np.asarray((self.even[:, 0] - self.even[:, 1]) / 4.0)

    @property
    def noise(self) -> Floats:
        """Bound on the noise of one value, (R, k): what was measured, the last bit of the values, and of the input."""
        size = np.fmax.reduce(np.fmax.reduce(np.abs(self.f), axis=0), axis=1)
        slope = np.fmax.reduce(np.abs(self.odd), axis=1)
        return np.asarray(np.maximum(self.eta, EPS * size) + EPS * self.reach * slope)


def mixed_derivatives(
    evaluate: Evaluate, base: float, eta: float, scale: Floats, reach: Floats, diagonal: Bools
) -> Estimate:
    """u^T H v for every pair, shape (k,).

    Parameters
    ----------
    evaluate : callable
        ``evaluate(pairs, lines, t)``, three arrays (m,) -> f(x + t (u + v)) where the line is 1 and f(x + t (u - v))
        where it is -1; NaN where f raised or was not finite.
    base, eta : float
        f(x), and a bound on the absolute noise of f's values.
    scale : (k,)
        The t at which the input has moved by about its own size.
    reach : (k,)
        The input's own size in units of t.
    diagonal : (k,) of bool
        Pairs with v = u: there is one line.
    """
    count = len(scale)
    if not np.isfinite(base):
        nothing = empty((count,))
        nothing.status[:] = Status.NONFINITE.value
        return nothing
    f = np.full((2, len(STEPS), 2, count), np.nan)
    values = _Values(STEPS[:, None] * scale, f, base, eta, reach)
    everyone = np.arange(count)
    with np.errstate(all="ignore"):
        spent = _fill(values, evaluate, everyone, diagonal, [*range(*BLOCK.indices(len(STEPS))), NEAR])
        estimate, good = _first(values, everyone)
        rest = np.flatnonzero(~good)
        if len(rest):
            spent[rest] += _fill(values, evaluate, rest, diagonal, [0, 1, 5, *range(NEAR + 1, len(STEPS))])
            _put(estimate, rest, _among_all(values.take(slice(None), rest)))
    estimate.evaluations[:] = spent
    return estimate


def _fill(
    values: _Values, evaluate: Evaluate, pairs: NDArray[np.intp], diagonal: Bools, rungs: list[int]
) -> NDArray[np.intp]:
    """Evaluate f at both sides of these rungs of both lines, in one call; how many evaluations each pair took."""
    off = pairs[~diagonal[pairs]]
    values.f[:, :, 1, pairs[diagonal[pairs]]] = values.base
    places = [
        (side, rung, line, p)
        for line, which in ((0, pairs), (1, off))
        for rung in rungs
        for side in (0, 1)
        for p in which.tolist()
    ]
    side, rung, line, pair = (np.array(x, dtype=np.intp) for x in zip(*places, strict=True))
    values.f[side, rung, line, pair] = evaluate(pair, 1 - 2 * line, values.h[rung, pair] * (1.0 - 2.0 * side))
    return np.where(diagonal[pairs], 2, 4) * len(rungs)


@dataclass(frozen=True)
class _Windows:
    """Windows of three rungs, (W, k): M's limit, its error apart from a kink's share, sizes to compare with."""

    value: Floats
    plain: Floats
    half: Floats
    noise: Floats
    truncation: Floats
    size: Floats
    step: Floats

    @property
    def error(self) -> Floats:
        return self.plain + self.half

    @classmethod
    def of(cls, values: _Values) -> "_Windows":
        h, noise = values.h, values.noise
        found = windows(
            h[..., None],
            values.mixed[..., None],
            np.zeros((*h.shape, 1)),
            (noise / h)[..., None],
            np.zeros((1, 1)),
        )
        curvature = np.abs(values.even).max(axis=1) / 4.0
        size = np.maximum(np.maximum(curvature[:-2], curvature[1:-1]), curvature[2:])
        return cls(
            found.value[..., 0],
            found.error[..., 0],
            _jump(h[:, None], values.odd),
            found.noise[..., 0],
            found.truncation[..., 0],
            size,
            h[2:],
        )


def _jump(h: Floats, odd: Floats) -> Floats:
    """Half of the jump of M: a quarter of J = 4a of each line, with a the coefficient of h in the odd part, (W, k)."""
    h0, h1, h2 = h[:-2], h[1:-1], h[2:]
    upper, lower = (odd[:-2] - odd[1:-1]) / (h0 - h1), (odd[1:-1] - odd[2:]) / (h1 - h2)
    a = lower - (upper - lower) * (h1 + h2) / (h0 - h2)
    return np.asarray(np.abs(a).sum(axis=1) / 2.0)


def _first(values: _Values, pairs: NDArray[np.intp]) -> tuple[Estimate, Bools]:
    """What block 0 says of every pair, and where that is good enough and the rung far below does not contradict it."""
    w, near = _Windows.of(values.take(BLOCK, pairs)), values.take(slice(NEAR, NEAR + 1), pairs)
    value, error = w.value[0], w.error[0]
    miss = np.abs(near.mixed[0] - value)
    good = (error <= GOOD * w.size[0]) & (miss <= error + ROOM * near.noise[0] / near.h[0] ** 2)
    status = np.full(value.shape, Status.SMOOTH.value, dtype=STATUS)
    return _estimate(value, error, status, w.step[0]), np.asarray(good)


def _among_all(values: _Values) -> Estimate:
    """The best window of all, of those that contract and agree with everything finer that does."""
    w = _Windows.of(values)
    broken = np.asarray(~np.isfinite(values.f).all(axis=(0, 2)))
    below = np.logical_or.accumulate(broken[::-1], axis=0)[::-1]
    error = contradicted(w.value, np.where(below[2:], np.inf, w.error))
    best = error.argmin(axis=0)[None]

    def at(x: Floats) -> Floats:
        return np.asarray(np.take_along_axis(x, best, axis=0)[0])

    value, plain, half, step = (at(x) for x in (w.value, w.plain, w.half, w.step))
    error, size = at(error), at(np.fmax.accumulate(w.size, axis=0))
    noisy = at(w.truncation) <= 2.0 * at(w.noise)
    flat = (values.f == values.base).all(axis=(0, 1, 2))
    kink = np.isfinite(error) & (half > plain) & (half > USEFUL * size) & _persists(w.half, best)
    status = np.select(
        [
            flat,
            ~np.isfinite(error) & _grows(values),
            ~np.isfinite(error),
            kink,
            error <= GOOD * size,
            noisy & ((values.eta <= DOUBLE * abs(values.base)) | (error <= USEFUL * size)),
            error <= USEFUL * size,
        ],
        [
            Status.FLAT.value,
            Status.SINGULAR.value,
            Status.UNRESOLVED.value,
            Status.KINK.value,
            Status.SMOOTH.value,
            Status.NOISY.value,
            Status.SMOOTH.value,
        ],
        Status.UNRESOLVED.value,
    ).astype(STATUS)
    value = np.where(flat, 0.0, np.where(np.isfinite(error), value, np.nan))
    error = np.where(flat, _flat_error(values), error)
    estimate = _estimate(value, error, status, step)
    estimate.interval[kink] = np.stack([value - half, value + half], axis=-1)[kink]
    return estimate


def _flat_error(values: _Values) -> Floats:
    """What a second derivative may be whose effect is lost in rounding, of numbers near 1 where f is 0."""
    eta = max(values.eta, EPS * abs(values.base) or EPS)
    return np.asarray(SAFETY * NOISE_WEIGHT * eta / values.h[2] ** 2)


def _persists(half: Floats, best: NDArray[np.intp]) -> Bools:
    """The jump is the same in the next coarser window: a smooth function's is 64 times as large there."""
    here = np.take_along_axis(half, best, axis=0)[0]
    coarser = np.take_along_axis(half, np.maximum(best - 1, 0), axis=0)[0]
    finer = np.take_along_axis(half, np.minimum(best + 1, len(half) - 1), axis=0)[0]
    other = np.where(best[0] > 0, coarser, finer)
    return np.asarray(np.abs(here - other) <= PERSISTS * here)


def _grows(values: _Values) -> Bools:
    """M grows without bound as the step shrinks, at three successive rungs above the noise."""
    size = np.abs(values.mixed)
    seen = size > ROOM * values.noise / values.h**2
    up = seen[1:] & (size[1:] >= GROWS * size[:-1]) & (size[:-1] > 0)
    return np.asarray((up[:-2] & up[1:-1] & up[2:]).any(axis=0))


def _put(estimate: Estimate, pairs: NDArray[np.intp], part: Estimate) -> None:
    estimate.value[pairs], estimate.error[pairs] = part.value, part.error
    estimate.status[pairs], estimate.interval[pairs] = part.status, part.interval
    estimate.step[pairs] = part.step


def _estimate(value: Floats, error: Floats, status: NDArray[np.str_], step: Floats) -> Estimate:
    shape = value.shape
    interval, spent = np.full((*shape, 2), np.nan), np.zeros(shape, dtype=np.intp)
    return Estimate(value, error, status, interval, np.broadcast_to(step, shape).copy(), spent)
