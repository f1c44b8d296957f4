"""Hard scalar cases, each written once for NumPy and for 50-digit arithmetic: f(x, m), m the module of functions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Case", "hard_cases"]


@dataclass(frozen=True)
class Case:
    """One derivative to measure.

    Attributes
    ----------
    family, name : str
    formula : callable
        f(x, m): x an array and m NumPy, or a dual number and `Truth`.
    x : float
    inside : dtype
        The precision in which NumPy computes; the result is float64 again, so that nothing shows from outside.
    noise : float
        Additive noise, a deterministic and wild function of x, of this size.
    """

    family: str
    name: str
    formula: Callable[[Any, Any], Any]
    x: float
    inside: Any = np.float64
    noise: float = 0.0

    def __call__(self, x: NDArray[Any]) -> NDArray[Any]:
        """f as the methods under test see it."""
        with np.errstate(all="ignore"):
            value = np.asarray(self.formula(np.asarray(x).astype(self.inside), np)).astype(float)
            if self.noise:
                value = value + self.noise * _wild(np.asarray(x, dtype=float))
        return value


def _wild(x: NDArray[Any]) -> NDArray[Any]:
    """Uniform in [-1, 1] and without any relation between neighbours: a hash of the bits of x."""
    bits = np.ascontiguousarray(x, dtype=np.float64).view(np.uint64)
    with np.errstate(over="ignore"):
        for shift, factor in ((33, 0xFF51AFD7ED558CCD), (33, 0xC4CEB9FE1A85EC53), (33, 1)):
            bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    return bits.astype(float) / 2.0**63 - 1.0


def _relu(x: Any, m: Any) -> Any:
    return m.maximum(x, 0.0)


def hard_cases(seed: int) -> list[Case]:
    """About 120 cases; `seed` moves their points and parameters."""
    rng = np.random.default_rng(seed)

    def near(x: float) -> float:
        return float(x * rng.uniform(0.9, 1.1))

    cases: list[Case] = []

    def add(
        family: str, name: str, formula: Callable[[Any, Any], Any], *points: float, **options: Any
    ) -> None:
        for x in points:
            at = float(np.float32(x)) if options.get("inside") is np.float32 else x
            cases.append(Case(family, f"{name} at {x:.3g}", formula, at, **options))

    scales = [near(10.0**k) for k in (-8, -5, -2, 0, 2, 5, 8)]
    add("scaled", "x^3", lambda x, m: x * x * x, *scales)
    add("scaled", "1/x", lambda x, m: 1.0 / x, *scales)
    add("scaled", "log", lambda x, m: m.log(x), *scales)
    add("scaled", "1e-300 sin", lambda x, m: 1e-300 * m.sin(x), near(1), near(100))
    add("scaled", "1e300 tanh", lambda x, m: 1e300 * m.tanh(x), near(0.3), near(1))
    add("scaled", "1e-150 exp", lambda x, m: 1e-150 * m.exp(x), near(-3), near(30))
    add("scaled", "exp", lambda x, m: m.exp(x), near(-600), near(-40), near(300), near(630))
    add("scaled", "sqrt", lambda x, m: m.sqrt(x), near(1e-8), near(1e8))
    add("scaled", "x tiny + 1", lambda x, m: 1.0 + x * x, near(1e-8), near(1e-3))
    add(
        "scaled",
        "exp(-x^2/2s^2) s=1e-4",
        lambda x, m: m.exp(-0.5 * (x / 1e-4) * (x / 1e-4)),
        near(1e-4),
        near(3e-4),
    )
    for k in (1e2, 1e4, 1e6, 1e8):
        add("oscillating", f"sin({k:g}x)", lambda x, m, k=k: m.sin(k * x), near(1), near(0.3))
    add("oscillating", "sin", lambda x, m: m.sin(x), near(100), near(1e4), near(1e6), near(1e8))
    add("oscillating", "sin(1/x)", lambda x, m: m.sin(1.0 / x), near(1e-2), near(1e-3))
    add("oscillating", "x + 1e-3 sin(1e5 x)", lambda x, m: x + 1e-3 * m.sin(1e5 * x), near(1), near(7))
    for d in (1e-2, 1e-4, 1e-6, 1e-8):
        d = near(d)
        add("poles", f"1/(x-1), {d:.1e} away", lambda x, m: 1.0 / (x - 1.0), 1.0 + d)
        add("poles", f"tan, {d:.1e} from pi/2", lambda x, m: m.tan(x), float(np.pi / 2 - d))
        add("roots", f"sqrt, {d:.1e}", lambda x, m: m.sqrt(x), d)
        add("roots", f"cbrt, {d:.1e}", lambda x, m: m.cbrt(x), -d)
    add("poles", "1/(x^2+1e-6)", lambda x, m: 1.0 / (x * x + 1e-6), near(1e-3), near(0.1))
    add(
        "cancelling",
        "(1-cos x)/x^2",
        lambda x, m: (1.0 - m.cos(x)) / (x * x),
        near(1),
        near(1e-2),
        near(1e-4),
    )
    add("cancelling", "(1e8+x)-1e8", lambda x, m: (1e8 + x) - 1e8, near(1), near(30))
    add("cancelling", "(exp(x)-1-x)/x^2", lambda x, m: (m.exp(x) - 1.0 - x) / (x * x), near(1e-2), near(1e-3))
    add("cancelling", "1e8+x^2", lambda x, m: 1e8 + x * x, near(1), near(10))
    add("cancelling", "(x-1)^7 expanded", _seventh_power, near(1.2), near(1.02))
    add("cancelling", "sqrt(x^2+1)-x", lambda x, m: m.sqrt(x * x + 1.0) - x, near(1e3), near(1e5))
    add("cancelling", "log(exp(x))", lambda x, m: m.log(m.exp(x)), near(0.01), near(20))
    sigmoid = lambda x, m: 1.0 / (1.0 + m.exp(-x))  # noqa: E731 -- a row of the table
    add("saturated", "sigmoid", sigmoid, near(-40), near(-10), near(10), near(25), near(36))
    add("saturated", "tanh", lambda x, m: m.tanh(x), near(5), near(15), near(18), near(-12))
    add(
        "saturated",
        "gelu",
        lambda x, m: 0.5 * x * (1.0 + m.tanh(0.7978845608 * (x + 0.044715 * x**3))),
        near(-5),
        near(-9),
        near(-20),
        near(6),
    )
    add("saturated", "exp(-exp(x))", lambda x, m: m.exp(-m.exp(x)), near(2), near(4))
    single = {"inside": np.float32}
    add("float32", "sin", lambda x, m: m.sin(x), near(1), near(0.01), near(30), **single)
    add("float32", "exp", lambda x, m: m.exp(x), near(1), near(-10), **single)
    add("float32", "tanh(x)x", lambda x, m: m.tanh(x) * x, near(0.5), near(3), **single)
    add("float32", "1/(1+x^2)", lambda x, m: 1.0 / (1.0 + x * x), near(0.1), near(5), **single)
    add("float32", "sqrt log1p", lambda x, m: m.sqrt(m.log1p(x * x)), near(2), near(100), **single)
    for size in (1e-12, 1e-9, 1e-6, 1e-4):
        add("noisy", f"sin + {size:g} noise", lambda x, m: m.sin(x), near(0.7), noise=size)
        add("noisy", f"exp + {size:g} noise", lambda x, m: m.exp(x), near(1.5), noise=size)
    for d in (1e-10, 1e-8, 1e-6, 1e-4, 1e-2):
        d = near(d)
        add("near kinks", f"relu, {d:.1e} away", lambda x, m: _relu(x - 1.0, m) + 0.3 * x, 1.0 + d, 1.0 - d)
        add("near kinks", f"|sin|, {d:.1e} away", lambda x, m: m.abs(m.sin(x)), d)
    add(
        "near kinks",
        "two relus",
        lambda x, m: _relu(x - 0.5, m) + 2.0 * _relu(0.4999 - x, m) + m.sin(x),
        0.49995,
        0.4998,
    )
    add(
        "near kinks",
        "1e-3 |x-1| on x^2",
        lambda x, m: x * x + 1e-3 * m.abs(x - 1.0),
        1.0 + near(1e-5),
        1.0 + near(1e-9),
    )
    add("edges", "arcsin", lambda x, m: m.arcsin(x), 1.0 - near(1e-2), 1.0 - near(1e-6), near(-0.7))
    add("edges", "log(1-x)", lambda x, m: m.log(1.0 - x), 1.0 - near(1e-4), 1.0 - near(1e-7))
    add("edges", "x^1.5", lambda x, m: m.sqrt(x) * x, near(1e-3), near(1e-6))
    add("flat", "constant", lambda x, m: 0.0 * x + 3.0, near(1))
    add("flat", "relu, dead", lambda x, m: _relu(x, m), near(-1), near(-800))
    add("flat", "cos at 0", lambda x, m: m.cos(x), 0.0)
    add("flat", "x^8 at 0", lambda x, m: x**8, 0.0, near(1e-3))
    add("flat", "1 - exp(-1/x^2)", lambda x, m: 1.0 - m.exp(-1.0 / (x * x)), near(0.1), near(0.3))
    return cases


def _seventh_power(x: Any, m: Any) -> Any:
    """(x - 1)^7 as an expanded polynomial: all its digits cancel near 1."""
    value = 0.0 * x + 1.0
    for coefficient in (-7.0, 21.0, -35.0, 35.0, -21.0, 7.0, -1.0):
        value = value * x + coefficient
    return value
