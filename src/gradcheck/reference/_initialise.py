"""Starting weights (section 7 of the notes): a scheme takes a generator, the shape and the dtype of W."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["Scheme", "he", "small_normal", "xavier", "zeros"]

Scheme = Callable[[np.random.Generator, tuple[int, int], DTypeLike], NDArray[Any]]


def zeros(rng: np.random.Generator, shape: tuple[int, int], dtype: DTypeLike = np.float64) -> NDArray[Any]:
    """Return W = 0: all hidden units of a layer stay the same for ever. Only to show that."""
    return np.zeros(shape, dtype)


def small_normal(
    rng: np.random.Generator, shape: tuple[int, int], dtype: DTypeLike = np.float64
) -> NDArray[Any]:
    """Return W = 0.01 * standard normal, so that sigmoid and tanh start where their slope is not yet flat."""
    return (0.01 * rng.standard_normal(shape)).astype(dtype)


def xavier(rng: np.random.Generator, shape: tuple[int, int], dtype: DTypeLike = np.float64) -> NDArray[Any]:
    """Return W uniform in ±sqrt(6 / (n_in + n_out)), for tanh, sigmoid (Glorot and Bengio 2010, eq. 16)."""
    bound = float(np.sqrt(6 / sum(shape)))
    return rng.uniform(-bound, bound, shape).astype(dtype)


def he(rng: np.random.Generator, shape: tuple[int, int], dtype: DTypeLike = np.float64) -> NDArray[Any]:
    """Return W = sqrt(2 / n_in) * standard normal, for ReLU (He, Zhang, Ren and Sun 2015, eq. 10)."""
    return (float(np.sqrt(2 / shape[1])) * rng.standard_normal(shape)).astype(dtype)
