"""Derivatives of elementwise functions: a million elements at once, each with its own step, error and status."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate._arrange import arranged, joined
from gradcheck.differentiate._calls import RAISED, Caller, as_floats, as_real, real_result, working_precision
from gradcheck.differentiate._errors import UsageError
from gradcheck.differentiate._estimate import Estimate, Status
from gradcheck.differentiate._noise import Probe, probe
from gradcheck.differentiate._window import Floats
from gradcheck.differentiate.engine import CHUNK, ladder, two_point

__all__ = ["central", "derivative"]

Method = Callable[..., Estimate]


def derivative(
    f: Callable[..., Any], x: Any, *, domain: tuple[float | None, float | None] | None = None
) -> Estimate:
    """Derivative of an elementwise function at every element of `x`, each with an error that can be believed.

    Parameters
    ----------
    f : callable
        ``f(x)`` for a one-dimensional float64 array returns an array of the same shape; element i depends on x[i] only.
    x : array_like of real numbers, any shape
        float32, float16 and integers are raised to float64.
    domain : (low, high), optional
        No evaluation leaves it; None stands for infinite.

    Returns
    -------
    Estimate
        Of the shape of `x`; `value` in the units of f per unit of x.

    Raises
    ------
    UsageError
        f returns another shape, complex numbers or no numbers; x is no real array or lies outside `domain`.

    Notes
    -----
    The derivation is in `gradcheck.differentiate.engine`.

    Examples
    --------
    >>> import numpy as np
    >>> estimate = derivative(np.sin, [0.0, 1.0])
    >>> bool((abs(estimate.value - np.cos([0.0, 1.0])) <= estimate.error).all())
    True
    >>> derivative(abs, 0.0).interval.tolist()
    [-1.0, 1.0]
    """
    return _measure(ladder, f, x, domain)


def central(
    f: Callable[..., Any], x: Any, *, domain: tuple[float | None, float | None] | None = None
) -> Estimate:
    """Central differences of an elementwise function: two evaluations an element, and an honest bound of first order.

    The bound is about 1e-5 of the slope where f has a length scale like the size of x, and infinite where the step did
    not resolve f; see `gradcheck.differentiate.engine.two_point`. The parameters are those of `derivative`.

    Examples
    --------
    >>> import numpy as np
    >>> estimate = central(np.exp, 1.0)
    >>> bool(abs(estimate.value - np.e) <= estimate.error < 1e-4)
    True
    """
    return _measure(two_point, f, x, domain)


def _measure(
    method: Method, f: Callable[..., Any], x: Any, domain: tuple[float | None, float | None] | None
) -> Estimate:
    given = as_real(x)
    points = given.astype(float).ravel()
    low, high = _bounds(domain, points)
    elementwise = _Elementwise(Caller(f))
    parts = [
        _measure_chunk(method, elementwise, points[i : i + CHUNK], low, high)
        for i in range(0, len(points), CHUNK)
    ]
    if parts and not elementwise.answered:
        elementwise.fail()
    flat = joined(parts, (len(points), 1))
    shared = max((part.shared_evaluations for part in parts), default=0)
    return arranged(
        flat,
        lambda array: array.reshape(given.shape + array.shape[2:]),
        shared_evaluations=shared,
        notes=elementwise.caller.notes(),
    )


def _measure_chunk(method: Method, f: "_Elementwise", x: Floats, low: float, high: float) -> Estimate:
    def evaluate(rows: NDArray[np.intp], t: Floats) -> Floats:
        return f(x[rows] + t)[:, None]

    with np.errstate(all="ignore"):
        base = f(x.copy())[:, None]
        scale = size_of(x)
        limits = low - x, high - x
        domain_free = np.isinf(low) and np.isinf(high)
        within = evaluate if domain_free else _Within(evaluate, *limits)
        found = probe(within, np.arange(len(x)), base, scale, f.dtype)
        finest = np.where(np.isfinite(x), np.spacing(np.abs(x)), 1.0)
        estimate = method(evaluate, base, scale, found.eta, finest=finest, low=limits[0], high=limits[1])
        if method is two_point:
            estimate = _distrusted(estimate, found)
    return replace(estimate, shared_evaluations=1 + int(np.median(found.evaluations)))


def _distrusted(estimate: Estimate, found: Probe) -> Estimate:
    """Two points alone cannot know that their step is too long; the probe's, a millionth of it, can."""
    miss = np.abs(estimate.value.astype(float) - found.slope)
    wrong = (miss > estimate.error + found.slope_error) & np.isfinite(found.slope_error)
    status = np.where(wrong, Status.UNRESOLVED.value, estimate.status)
    return replace(estimate, error=np.where(wrong, np.inf, estimate.error), status=status)


@dataclass
class _Within:
    """`evaluate` that answers NaN, without calling f, for t outside [low, high]."""

    evaluate: Callable[[NDArray[np.intp], Floats], Floats]
    low: Floats
    high: Floats

    def __call__(self, rows: NDArray[np.intp], t: Floats) -> Floats:
        inside = (t >= self.low[rows]) & (t <= self.high[rows])
        if inside.all():
            return self.evaluate(rows, t)
        values = np.full((len(t), 1), np.nan)
        if inside.any():
            values[inside] = self.evaluate(rows[inside], t[inside])
        return values


def size_of(x: Floats) -> Floats:
    """The scale of each step: the power of two at or above max(|x|, 1)."""
    with np.errstate(all="ignore"):
        mantissa, exponent = np.frexp(np.maximum(np.abs(x), 1.0))
        return np.where(np.isfinite(x), np.ldexp(1.0, exponent - (mantissa == 0.5)), 1.0)


class _Elementwise:
    """f on a one-dimensional array, checked; elements for which it raises are NaN."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.dtype = np.dtype(float)
        self.answered = False

    def __call__(self, x: Floats) -> Floats:
        if not len(x):
            return np.empty(0)
        expected = x.shape
        result = self.caller(x)
        if result is RAISED:
            return self._halved(x)
        array = real_result(result, "f(x)")
        if array.shape != expected:
            raise UsageError(
                f"f(x).shape={array.shape} for x.shape={expected}",
                "an elementwise function returns one value for each element",
                "use gradient or jacobian for other functions, numpy.vectorize for functions of one number",
            )
        self.dtype, self.answered = working_precision(array), True
        return as_floats(array)

    def _halved(self, x: Floats) -> Floats:
        """Find the elements that raise by halving; `x` has been spoilt by f at most, not the caller's array."""
        if len(x) == 1:
            return np.full(1, np.nan)
        middle = len(x) // 2
        return np.concatenate([self(x[:middle].copy()), self(x[middle:].copy())])

    def fail(self) -> None:
        """f raised everywhere: that is no edge of a domain."""
        text = "; ".join(self.caller.raised)
        raise UsageError("f(x)", f"f raised at every point that was tried ({text})", "check f at x by hand")


def _bounds(domain: tuple[float | None, float | None] | None, x: Floats) -> tuple[float, float]:
    if domain is None:
        return -np.inf, np.inf
    try:
        low, high = domain
        low, high = float(-np.inf if low is None else low), float(np.inf if high is None else high)
    except (TypeError, ValueError) as error:
        raise UsageError(f"domain={domain!r}", "this is no pair of numbers", "pass (low, high)") from error
    if not low < high:
        raise UsageError(f"domain={domain!r}", "low must be less than high", "pass (low, high)")
    outside = (x < low) | (x > high)
    if outside.any():
        raise UsageError(
            f"x={x[outside][0]!r}",
            f"it lies outside domain={domain!r}",
            "pass points of the domain, its border included",
        )
    return low, high
