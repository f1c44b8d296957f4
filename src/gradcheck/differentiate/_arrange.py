"""An `Estimate` in another arrangement: all its arrays at once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate._estimate import Estimate, Status

__all__ = ["STATUS", "arranged", "empty", "joined"]

STATUS = f"<U{max(map(len, Status))}"


def arranged(estimate: Estimate, arrange: Callable[[NDArray[Any]], NDArray[Any]], **changes: Any) -> Estimate:
    """`estimate` with `arrange` applied to every array, `interval` included; and other `changes`."""
    return replace(
        estimate,
        value=arrange(estimate.value),
        error=arrange(estimate.error),
        status=arrange(estimate.status),
        interval=arrange(estimate.interval),
        step=arrange(estimate.step),
        evaluations=arrange(estimate.evaluations),
        **changes,
    )


def empty(shape: tuple[int, ...]) -> Estimate:
    """Nothing known about elements of this shape."""
    return Estimate(
        np.full(shape, np.nan),
        np.full(shape, np.inf),
        np.full(shape, Status.UNRESOLVED.value, dtype=STATUS),
        np.full((*shape, 2), np.nan),
        np.full(shape, np.nan),
        np.zeros(shape, dtype=np.intp),
    )


def joined(parts: Sequence[Estimate], shape: tuple[int, ...]) -> Estimate:
    """Several estimates, one after the other along the first axis, as one of `shape`."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return empty(shape)
    return Estimate(
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.error for part in parts]),
        np.concatenate([part.status for part in parts]),
        np.concatenate([part.interval for part in parts]),
        np.concatenate([part.step for part in parts]),
        np.concatenate([part.evaluations for part in parts]),
    )
