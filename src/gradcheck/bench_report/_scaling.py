"""How time grows with a numeric parameter: time = c · n^p, fitted as a line in logarithms."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, isinf, log, sqrt

from ._group import Group, is_number, labels
from ._read import Benchmark

__all__ = ["Curve", "curves_of"]


@dataclass(frozen=True)
class Curve:
    """One contender's times along one parameter.

    Attributes
    ----------
    parameter : str
    label : str
        What is held fixed: the contender and the other parameters.
    sizes, seconds : tuple of float
        At least two points, by rising size.
    exponent : float
        p of time = c · size^p.
    error : float
        The standard error of the exponent; infinite for two points, through which a line always fits.
    factor : float
        c, in seconds.
    """

    parameter: str
    label: str
    sizes: tuple[float, ...]
    seconds: tuple[float, ...]
    exponent: float
    error: float
    factor: float

    @property
    def end(self) -> float:
        """The exponent between the two largest sizes, where a fixed cost hides the growth least."""
        return log(self.seconds[-1] / self.seconds[-2]) / log(self.sizes[-1] / self.sizes[-2])

    @property
    def power(self) -> str:
        """The fitted exponent with its error, and the last one: ``0.53 ± 0.11 (0.99)``."""
        if isinf(self.error):
            return f"{self.exponent:.2f} (two points, no error)"
        return f"{self.exponent:.2f} ± {self.error:.2f} ({self.end:.2f})"


def curves_of(group: Group) -> tuple[Curve, ...]:
    """Every contender along each numeric parameter with two or more positive values, the rest held fixed."""
    points: dict[tuple[str, str], dict[float, float]] = {}
    for parameter, label, size, seconds in _points(group):
        points.setdefault((parameter, label), {})[size] = seconds
    return tuple(_fit(*key, at) for key, at in points.items() if len(at) > 1)


def _points(group: Group) -> Iterator[tuple[str, str, float, float]]:
    benchmarks = [row.benchmark for case in group.cases for row in case.rows]
    several = len({benchmark.function for benchmark in benchmarks}) > 1
    for benchmark in benchmarks:
        for parameter, size in benchmark.params.items():
            if is_number(size) and size > 0:
                yield parameter, _label(benchmark, parameter, several), float(size), benchmark.median


def _label(benchmark: Benchmark, parameter: str, several: bool) -> str:
    """Everything that is held fixed along the curve: words bare, numbers with their names."""
    words = labels({key: value for key, value in benchmark.params.items() if key != parameter})
    function = benchmark.function.removeprefix("test_")
    return ", ".join([function, *words] if several or not words else words)


def _fit(parameter: str, label: str, at: dict[float, float]) -> Curve:
    """Least squares of log seconds on log size (Draper and Smith, Applied Regression Analysis)."""
    sizes = tuple(sorted(at))
    x, y = [log(size) for size in sizes], [log(at[size]) for size in sizes]
    n, mean_x, mean_y = len(x), sum(x) / len(x), sum(y) / len(y)
    sxx = sum((a - mean_x) ** 2 for a in x)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sxx
    residual = sum((b - mean_y - slope * (a - mean_x)) ** 2 for a, b in zip(x, y, strict=True))
    error = sqrt(residual / (n - 2) / sxx) if n > 2 else float("inf")
    factor = exp(mean_y - slope * mean_x)
    return Curve(parameter, label, sizes, tuple(at[size] for size in sizes), slope, error, factor)
