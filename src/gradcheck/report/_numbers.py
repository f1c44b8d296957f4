"""Numbers as people read them: as many digits as the error allows, and words for shares."""

import cmath
import math
import re

__all__ = ["MOST", "PLAIN", "entry_name", "estimate", "exact_digits", "names", "number", "percent", "short"]

PLAIN = 6  # significant digits of a number whose error nobody stated
MOST = 17  # significant digits that identify a float64


def number(value: float | complex, digits: int = PLAIN) -> str:
    """The value with this many significant digits, in scientific notation where it is very large or small.

    >>> number(0.5), number(1.25e-9, 3), number(1 - 2j, 3)
    ('0.500000', '1.25e-09', '1.00-2.00j')
    """
    if isinstance(value, complex):
        imaginary = number(value.imag, digits)
        return f"{number(value.real, digits)}{'' if imaginary.startswith('-') else '+'}{imaginary}j"
    if value == 0 or not math.isfinite(value):
        return f"{value:.0f}" if value == 0 else str(float(value))
    size = math.floor(math.log10(abs(value)))
    if -4 <= size < PLAIN:
        return f"{value:.{max(digits - 1 - size, 0)}f}"
    return f"{value:.{digits - 1}e}"


def short(value: float) -> str:
    """A size: one significant digit, or two where the first is a one.

    >>> short(3.2e-11), short(1.24e-9), short(2.0)
    ('3e-11', '1.2e-9', '2')
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    text = f"{value:.0e}"
    shown = f"{value:.2g}" if text.startswith("1") else f"{value:.1g}"
    return re.sub(r"e([-+])0", r"e\1", shown)


def estimate(value: float | complex, error: float | None) -> str:
    """A measured number with its error: the last digit shown is the first that the error touches.

    >>> estimate(1.0, 3e-11), estimate(-2.5, 0.1), estimate(7.0, None)
    ('1.0000000000 ± 3e-11', '-2.5 ± 0.1', '7.00000')
    """
    if error is None:
        return number(value)
    return f"{number(value, exact_digits(value, error))} ± {short(error)}"


def exact_digits(value: float | complex, error: float) -> int:
    """How many significant digits of the value the error leaves standing."""
    if not cmath.isfinite(value) or not math.isfinite(error) or value == 0:
        return PLAIN
    if error <= 0:
        return MOST
    standing = math.floor(math.log10(abs(value))) - math.floor(math.log10(error))
    return min(max(standing, 2), MOST)


def entry_name(path: str, index: tuple[int, ...] | None) -> str:
    """An entry as Python would write it.

    >>> entry_name("W", (2, 1)), entry_name("b", None), entry_name("s", ())
    ('W[2, 1]', 'b', 's')
    """
    return f"{path}[{', '.join(map(str, index))}]" if index else path


def names(items: list[str], limit: int = 4) -> str:
    """A list in words, cut where it becomes one to skip.

    >>> names(["x"]), names(["x", "W", "b"]), names(list("abcdef"))
    ('x', 'x, W and b', 'a, b, c and 3 more')
    """
    if len(items) > limit:
        items = [*items[: limit - 1], f"{len(items) - limit + 1} more"]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def percent(share: float) -> str:
    """A probability in per cent; 100 % is said of certainty alone.

    >>> percent(1.0), percent(0.999), percent(0.99999), percent(0.5)
    ('100 %', '99.9 %', '99.999 %', '50 %')
    """
    if share >= 1:
        return "100 %"
    decimals = 1 if share < 0.9995 else min(math.ceil(-math.log10(1 - share)), 9)
    text = f"{100 * share:.{decimals}f}"
    text = "99." + "9" * decimals if text.startswith("100") else text
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"
