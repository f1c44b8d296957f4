"""Lines for the engine, with every call recorded."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass
class Recorder:
    """`evaluate` for one number per row: f(x + t), and how it was called."""

    f: Callable[[Floats], Floats]
    x: Floats
    calls: list[int] = field(default_factory=list)
    offsets: list[Floats] = field(default_factory=list)
    rows: list[NDArray[np.intp]] = field(default_factory=list)

    def __call__(self, rows: NDArray[np.intp], t: Floats) -> Floats:
        assert rows.shape == t.shape
        self.calls.append(len(t))
        self.rows.append(rows)
        self.offsets.append(t)
        with np.errstate(all="ignore"):
            values = np.asarray(self.f(self.x[rows] + t), dtype=float)
        values = values if values.ndim == 2 else values[:, None]
        return np.where(np.isfinite(values), values, np.nan)

    @property
    def base(self) -> Floats:
        with np.errstate(all="ignore"):
            values = np.asarray(self.f(self.x), dtype=float)
        return values if values.ndim == 2 else values[:, None]
