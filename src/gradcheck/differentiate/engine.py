"""The ladder: derivatives along many lines at once, each with its own steps, error and status.

`evaluate(rows, t)` gives phi_row(t) = f(x + t v_row) for many pairs in one call; the caller moves x, counts and
batches. All rows climb together: six evaluations (rungs h, h/4, h/16) and one more far below settle nearly all of
them, and those that fail go on in `_descent`, again all in one call.

The top rung is 2^-8 of the input's size: there the truncation that the bound sees (0.02 h^4 phi'''''/120) has come
down to the noise (1.2 eta / h2) of a function of length scale 1 computed in float64. Where the noise is larger the
rungs start higher.

The seventh evaluation, at 2^-30 of the input's size, is evidence from a small step: to steps that are whole numbers
floor(x) is a straight line, mod(x, 1) is flat, and (-2)**x is finite by accident.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate._arrange import STATUS, joined
from gradcheck.differentiate._classify import flat_error
from gradcheck.differentiate._descent import descend
from gradcheck.differentiate._estimate import Estimate, Status
from gradcheck.differentiate._lines import Lines, misses_near
from gradcheck.differentiate._noise import Noise, noise_level
from gradcheck.differentiate._rough import widen_where_rough
from gradcheck.differentiate._window import EPS, GOOD, SAFETY, USEFUL, Floats, even_part, odd_part, windows

__all__ = ["Noise", "ladder", "noise_level", "two_point"]

Evaluate = Callable[[NDArray[np.intp], Floats], NDArray[Any]]

CENTRAL = (
    2.0**-17
)  # 7.6e-6, near the cube root of eps, where rounding and truncation of a central difference meet
CHUNK = 4096  # rows that climb together
ELEMENTS = 2**20  # rows times outputs that climb together: what bounds the memory
DESCENDING = 2**15  # the same for rows that go on, which hold 27 rungs


def ladder(
    evaluate: Evaluate,
    base: NDArray[Any],
    scale: Floats,
    noise: Floats,
    *,
    finest: Floats | None = None,
    low: Floats | None = None,
    high: Floats | None = None,
) -> Estimate:
    """The derivative of every output element along every row, shape (rows, p).

    Parameters
    ----------
    evaluate : callable
        ``evaluate(rows, t)``: rows (k,), t (k,) -> values (k, p) of phi_row(t); NaN where f raised or was not finite.
    base : (p,) or (rows, p)
        phi(0).
    scale : (rows,)
        The t at which the row's input has moved by about its own size; the unit of t in everything below.
    noise : (p,) or (rows, p)
        Bound on the absolute noise of f's values.
    finest : (rows,), optional
        The smallest t that still moves x exactly; ``scale * 2**-52`` where it is not given.
    low, high : (rows,), optional
        t stays inside [low, high].
    """
    lines = Lines.make(evaluate, base, scale, noise, finest, low, high)
    size = max(1, min(CHUNK, ELEMENTS // max(1, lines.base.shape[1])))
    parts = [_climb(lines.take(slice(i, i + size))) for i in range(0, len(lines.rows), size)]
    return joined(parts, lines.base.shape)


def _climb(lines: Lines) -> Estimate:
    """Block 0 for all rows of a chunk; what fails there goes on alone."""
    with np.errstate(all="ignore"):
        h = lines.top[None, :, None] * np.array([1.0, 0.25, 0.0625])[:, None, None]
        plus, minus, near = _block(lines, h[..., 0])
        estimate, good = _first_window(lines, h, plus, minus, near)
        good |= _write_flat(lines, plus, minus, near, estimate)
        failing = np.flatnonzero(~good.all(axis=1))
        size = max(1, DESCENDING // max(1, lines.base.shape[1]))
        for which in (failing[i : i + size] for i in range(0, len(failing), size)):
            block = plus[:, which], minus[:, which], near[which]
            descend(lines.take(which), block, estimate, which, good[which])
        widen_where_rough(lines, estimate)
    return estimate


def _first_window(
    lines: Lines, h: Floats, plus: Floats, minus: Floats, near: Floats
) -> tuple[Estimate, NDArray[np.bool_]]:
    """What block 0 says of every element, and where that is good enough."""
    odd, even = odd_part(h, plus, minus), even_part(h, plus, minus, lines.base)
    eta = np.maximum(lines.eta, EPS * np.maximum(np.abs(plus), np.abs(minus)))
    window = windows(h, odd, even, eta, lines.reach[:, None])
    value, error, slope = window.value[0], window.error[0], window.slope[0]
    small = error <= GOOD * slope
    noisy = (window.truncation <= 2.0 * window.noise)[0] & (error <= USEFUL * slope)
    good = (small | noisy) & ~misses_near(lines, near, h[2], 0.5 * even[2] / h[2], value, error, eta[2])
    status = np.where(small, Status.SMOOTH.value, Status.NOISY.value).astype(STATUS)
    return _estimate(value, error, status, h[2], 7), good


def _estimate(value: Floats, error: Floats, status: NDArray[np.str_], step: Floats, spent: int) -> Estimate:
    shape = value.shape
    interval = np.full((*shape, 2), np.nan)
    return Estimate(
        value,
        error,
        status,
        interval,
        np.broadcast_to(step, shape).copy(),
        np.full(shape, spent, dtype=np.intp),
    )


def _write_flat(
    lines: Lines, plus: Floats, minus: Floats, near: Floats, estimate: Estimate
) -> NDArray[np.bool_]:
    """Elements of which every value is exactly f(x): 0, and what rounding may have hidden of a slope."""
    flat = np.asarray((near == lines.base) & lines.known)
    if flat.any():
        flat &= ((plus == lines.base) & (minus == lines.base)).all(axis=0)
        estimate.value[flat], estimate.status[flat] = 0.0, Status.FLAT.value
        estimate.error[flat] = flat_error(lines, lines.top)[flat]
    return flat


def _block(lines: Lines, h: Floats) -> tuple[Floats, Floats, Floats]:
    """f at x ± h for the three rungs h (3, rows), and at x + near: seven values a row, one call."""
    rows = len(lines.rows)
    t = np.concatenate([h.ravel(), -h.ravel(), lines.near])
    values = lines.values(np.tile(np.arange(rows), 7), t)
    values = values.reshape(7, rows, -1)
    return values[:3], values[3:6], values[6]


def two_point(
    evaluate: Evaluate,
    base: NDArray[Any],
    scale: Floats,
    noise: Floats,
    *,
    finest: Floats | None = None,
    low: Floats | None = None,
    high: Floats | None = None,
) -> Estimate:
    """Central differences, two evaluations a row, with a bound of first order; shape (rows, p).

    The two one-sided slopes, S - C/2 and S + C/2, enclose the derivative of a function that is convex or concave
    within h: half of |C| is then a bound, curvature and kinks alike. A function that inflects there has a small C
    and a truncation h^2 phi'''/6, taken as 64 (h / scale)^2 of the slope. Where C is more than a tenth of the slope
    the step has not resolved the function and the error is infinite. The parameters are those of `ladder`.
    """
    lines = Lines.make(evaluate, base, scale, noise, finest, low, high)
    with np.errstate(all="ignore"):
        h = np.minimum(lines.top, np.maximum(CENTRAL * lines.scale, 4.0 * lines.finest))
        values = lines.values(np.tile(np.arange(len(h)), 2), np.concatenate([h, -h])).reshape(2, len(h), -1)
        step = h[:, None]
        odd = odd_part(step, values[0], values[1])
        even = np.abs(even_part(step, values[0], values[1], lines.base))
        eta = np.maximum(lines.eta, EPS * np.abs(values).max(axis=0))
        unit = (eta + EPS * lines.reach[:, None] * np.abs(odd)) / step
        slope = np.abs(odd) + even
        error = SAFETY * (0.5 * even + 64.0 * (step / lines.scale[:, None]) ** 2 * slope + unit)
        resolved = lines.known & np.isfinite(error) & ((even <= 0.1 * np.abs(odd)) | (even <= 4.0 * unit))
        flat = (values == lines.base).all(axis=0)
        status = np.select(
            [~np.isfinite(lines.base), ~resolved, flat, error <= USEFUL * slope],
            [Status.NONFINITE.value, Status.UNRESOLVED.value, Status.FLAT.value, Status.SMOOTH.value],
            Status.NOISY.value,
        ).astype(STATUS)
    value = np.where(np.isfinite(odd), odd, np.nan)
    return _estimate(value, np.where(resolved, error, np.inf), status, step, 2)
