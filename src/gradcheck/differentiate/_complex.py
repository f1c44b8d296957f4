"""The complex step: a second opinion on analytic code, and silently wrong for much of NumPy."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate._arrange import STATUS
from gradcheck.differentiate._calls import as_real
from gradcheck.differentiate._errors import UsageError
from gradcheck.differentiate._estimate import Estimate, Status
from gradcheck.differentiate._multivariate import jacobian
from gradcheck.differentiate._window import Floats

__all__ = ["complex_step"]

STEP = 2.0**-100  # its square is lost beside 1 in every precision: no truncation, and nothing is subtracted


def complex_step(f: Callable[..., Any], x: Any) -> Estimate:
    """Jacobian by the complex step, trusted only where it agrees with the ladder.

    For a function that is analytic and computed by analytic operations, Im f(x + ih e_j) / h is the derivative without
    truncation or cancellation (Squire and Trapp 1998). In NumPy it is silently wrong at ``abs``, ``linalg.norm``,
    ``conj``, ``vdot``, ``var``, ``sign``, casts and buffers made by ``zeros``; so its value counts only where it lies
    within the error of the measured derivative.

    Parameters
    ----------
    f : callable
        Of one array; returns a number or an array.
    x : array_like of real numbers

    Returns
    -------
    Estimate
        Of shape ``f(x).shape + x.shape``. Where both agree `value` is the complex step and `error` the ladder's
        with the distance of the two added; elsewhere `value` is NaN, `error` infinite, `status` unresolved, and `notes`
        say so.

    Raises
    ------
    UsageError
        As `jacobian`.

    Examples
    --------
    >>> import numpy as np
    >>> complex_step(np.exp, 1.0).value == np.e
    np.True_
    >>> complex_step(np.abs, -2.0).notes
    ('the complex step contradicts the measured derivative in 1 of 1 entries: f is not analytic there',)
    """
    point = as_real(x).astype(float)
    measured: Estimate = jacobian(f, point)
    value, note = _imaginary_parts(f, point, measured.value.shape)
    distance = np.abs(value - measured.value.astype(float))
    agrees = distance <= measured.error
    agrees &= np.isfinite(measured.error)
    notes = measured.notes + note
    if not agrees.all() and not note:
        count = f"{np.count_nonzero(~agrees)} of {agrees.size}"
        notes += (
            f"the complex step contradicts the measured derivative in {count} entries: f is not analytic there",
        )
    return replace(
        measured,
        value=np.where(agrees, value, np.nan),
        error=np.where(agrees, measured.error + distance, np.inf),
        status=np.where(agrees, measured.status, Status.UNRESOLVED.value).astype(STATUS),
        interval=np.full_like(measured.interval, np.nan),
        step=np.full_like(measured.step, STEP),
        shared_evaluations=measured.shared_evaluations + point.size,
        notes=notes,
    )


def _imaginary_parts(
    f: Callable[..., Any], x: Floats, shape: tuple[int, ...]
) -> tuple[Floats, tuple[str, ...]]:
    """Im f(x + ih e_j) / h for every entry j of x; NaN, and a note, where f refuses complex numbers."""
    columns = []
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # a discarded imaginary part shows as a contradiction
            for j in range(x.size):
                moved = x.astype(complex)
                moved.flat[j] += 1j * STEP
                columns.append(np.imag(_as_complex(f(moved))).reshape(-1) / STEP)
    except UsageError:
        raise
    except Exception as error:  # whatever f raises at a complex argument, it is no answer
        return np.full(shape, np.nan), (f"f raised {type(error).__name__} for a complex argument: {error}",)
    rows = shape[: len(shape) - x.ndim]
    return np.stack(columns, axis=-1).reshape(rows + x.shape), ()


def _as_complex(result: Any) -> NDArray[Any]:
    return np.asarray(result, dtype=complex)
