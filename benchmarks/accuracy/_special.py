"""Points without a derivative: nobody may be certain of a number there."""

import numpy as np

from benchmarks.accuracy._hard import Case
from benchmarks.accuracy._methods import Answer

__all__ = ["certain_of_a_wrong_number", "special_points"]

CERTAIN = 1e-3  # an error this small beside the value claims three digits of something that does not exist


def special_points() -> list[Case]:
    """Exactly on kinks, at jumps, poles and singular points, and where f is not defined."""

    def relu(x, m):  # type: ignore[no-untyped-def]
        return m.maximum(x, 0.0)

    rows = [
        ("kink", "relu at 0", relu, 0.0),
        ("kink", "|x| at 0", lambda x, m: m.abs(x), 0.0),
        ("kink", "leaky relu at 0", lambda x, m: m.maximum(x, 0.01 * x), 0.0),
        ("kink", "|x-1| + x^2 at 1", lambda x, m: m.abs(x - 1.0) + x * x, 1.0),
        ("kink", "max of two lines at 0.5", lambda x, m: m.maximum(x - 0.5, 2.0 * x - 1.0), 0.5),
        ("kink", "1e-3 |x| + exp at 0", lambda x, m: 1e-3 * m.abs(x) + m.exp(x), 0.0),
        ("kink", "|x-1e6| at 1e6", lambda x, m: m.abs(x - 1e6), 1e6),
        ("kink", "relu(relu) at 0", lambda x, m: relu(relu(x, m) - 0.5 * x, m), 0.0),
        ("jump", "sign at 0", lambda x, m: m.sign(x), 0.0),
        ("jump", "floor at 3", lambda x, m: m.floor(x), 3.0),
        ("jump", "floor + x at 3", lambda x, m: m.floor(x) + x, 3.0),
        ("jump", "step of 1e-6 at 1", lambda x, m: x + 1e-6 * (x >= 1.0), 1.0),
        ("jump", "mod at 2", lambda x, m: m.mod(x, 1.0), 2.0),
        ("pole", "1/x at 0", lambda x, m: 1.0 / x, 0.0),
        ("pole", "log at 0", lambda x, m: m.log(x), 0.0),
        ("pole", "log|x| at 0", lambda x, m: m.log(m.abs(x)), 0.0),
        ("singular", "sqrt at 0", lambda x, m: m.sqrt(x), 0.0),
        ("singular", "sqrt|x| at 0", lambda x, m: m.sqrt(m.abs(x)), 0.0),
        ("singular", "cbrt at 0", lambda x, m: m.cbrt(x), 0.0),
        ("singular", "arcsin at 1", lambda x, m: m.arcsin(x), 1.0),
        ("undefined", "log at -1", lambda x, m: m.log(x), -1.0),
        ("undefined", "sqrt at -4", lambda x, m: m.sqrt(x), -4.0),
        ("undefined", "(-2)^x at 3", lambda x, m: m.power(-2.0, x), 3.0),
        ("undefined", "(-2)^x at 200", lambda x, m: m.power(-2.0, x), 200.0),
        ("undefined", "0/0 at 0", lambda x, m: m.sin(x) / x, 0.0),
    ]
    return [Case(family, name, formula, x) for family, name, formula, x in rows]


def certain_of_a_wrong_number(answer: Answer) -> bool:
    """A finite value with an error below a thousandth of it, or of 1 where the value is smaller."""
    size = max(abs(answer.value), 1.0) if np.isfinite(answer.value) else 0.0
    return bool(
        np.isfinite(answer.error) and answer.error < CERTAIN * size and answer.status not in ("kink", "False")
    )
