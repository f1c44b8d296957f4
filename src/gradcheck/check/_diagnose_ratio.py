"""Mistakes that leave claimed / measured constant: zero, sign, factor, and a constant that was rounded."""

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

import numpy as np

from gradcheck.check._diagnose_evidence import Array, Diagnosis, Evidence, Sample

__all__ = ["along_one_axis", "constant_ratio", "few_digits", "roughly_right", "zero"]

_NEAR_ONE = 1e-3
"""A constant ratio this near to 1 is a rounded constant rather than a forgotten factor."""
_ROUGHLY = 5e-3
"""Every entry this near to the measured one, by no rule: a fitted or truncated stand-in for the function."""
_SAME = 1e-6
"""Two factors that agree to this are taken as the same number; a measured ratio knows 8 digits or so."""
_POWERS = (
    (1.0, "{}"),
    (-1.0, "1 / {}"),
    (0.5, "sqrt({})"),
    (-0.5, "1 / sqrt({})"),
    (2.0, "{}^2"),
    (-2.0, "1 / {}^2"),
)
_CURVES: tuple[tuple[Callable[[Array], Array], str], ...] = (
    (np.exp, "exp({})"),
    (lambda x: np.exp(-x), "exp(-{})"),
    (lambda x: 1 / (2 + np.exp(x) + np.exp(-x)), "p (1 - p) with p = sigmoid({})"),
    (lambda x: 2 + np.exp(x) + np.exp(-x), "1 / (p (1 - p)) with p = sigmoid({})"),
)
"""Derivatives of the commonest changes of a variable, which a chain rule leaves out: log scales and logits."""
_PLAIN = (2, 3, 4, 5, 6, 8, 10)


def zero(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    if np.any(evidence.claimed):
        return None
    largest = float(np.max(np.abs(sample.measured)))
    return Diagnosis(
        "zero",
        f"the claim for {evidence.path} is zero everywhere; the measured gradient reaches {largest:.4g}",
        "look for a gradient that is never written, a detached value, or a mask that matches nothing",
    )


def constant_ratio(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """Sign, factor or rounded constant: one number times the measured gradient explains every entry."""
    ratio = _ratio(sample)
    if ratio is None:
        return None
    room = max(4 * _ratio_error(sample, ratio), _SAME * abs(ratio))
    if abs(ratio.imag) <= room:
        ratio = ratio.real
    elif abs(ratio.real) <= room:
        ratio = complex(0.0, ratio.imag)
    names = named_ratios(evidence, ratio)
    if np.count_nonzero(sample.nonzero) < 2 and not names:
        return None  # One number is a multiple of any other: only a ratio with a name is evidence.
    return _describe(
        evidence.path,
        ratio,
        _ratio_error(sample, ratio),
        names,
        is_complex=np.iscomplexobj(evidence.claimed),
    )


def _ratio(sample: Sample) -> complex | None:
    known = sample.nonzero
    if not np.any(known):
        return None
    # The tolerance of the largest entry is the tightest relative to its size.
    best = np.argmax(np.where(known, np.abs(sample.measured) / sample.tolerance, 0))
    ratio: complex = (sample.claimed[best] / sample.measured[best]).item()
    slack = sample.tolerance + sample.tolerance[best] * np.abs(sample.measured / sample.measured[best])
    if ratio == 0 or np.any(np.abs(sample.claimed - ratio * sample.measured) > abs(ratio) * slack):
        return None
    return ratio


def _ratio_error(sample: Sample, ratio: complex) -> float:
    return float(
        abs(ratio) * np.min(sample.tolerance[sample.nonzero] / np.abs(sample.measured[sample.nonzero]))
    )


def _describe(
    path: str, ratio: complex, error: float, names: list[str], *, is_complex: bool = False
) -> Diagnosis:
    if abs(ratio + 1) <= max(4 * error, _SAME):
        return Diagnosis(
            "sign",
            f"every entry of {path} is -1 x the measured gradient",
            "look for a difference taken the wrong way round, or a minus that was lost",
        )
    if abs(ratio - 1) < _NEAR_ONE and not names:
        digits = -np.log10(abs(ratio - 1))
        return Diagnosis(
            "precision",
            f"every entry of {path} is {ratio:.10g} x the measured gradient: right to {digits:.1f} digits",
            "look for a rounded constant",
        )
    guess = f"; {abs(ratio):.4g} = {' or '.join(names[:2])}?" if names else ""
    part, unit = (ratio.imag, "j") if ratio.real == 0 else (ratio, "")
    number = f"{part:.4f}{unit}" if 1e-3 < abs(ratio) < 1e4 else f"{part:.4g}{unit}"
    advice = (
        "look for a mean where the function sums (or the reverse), or a constant of the chain rule left out"
    )
    if is_complex and abs(ratio - 0.5) <= _SAME:
        advice = "dL/dRe + i dL/dIm is twice the Wirtinger derivative dL/d(conj z)"
    if np.iscomplex(ratio):
        advice = "look for a factor of i, or of another constant, that was not conjugated or left out"
    return Diagnosis("factor", f"every entry of {path} is {number} x the measured gradient{guess}", advice)


def named_ratios(evidence: Evidence, ratio: complex) -> list[str]:
    """What in the problem has the size of the ratio, the simplest first."""
    if np.iscomplex(ratio):
        return []
    if abs(ratio - 1) <= _SAME:  # "1" is no name for a constant that was rounded
        return []
    size = abs(ratio.real)
    with np.errstate(all="ignore"):
        candidates = [(value, name) for value, name in _candidates(evidence) if np.isfinite(value)]
    found = [name for value, name in candidates if abs(size - value) <= _SAME * value]
    return list(dict.fromkeys(found))


def _candidates(evidence: Evidence) -> Iterator[tuple[float, str]]:
    """(value, name), the likelier explanation of a ratio first."""
    sizes = _sizes(evidence)
    # NumPy's numbers overflow to infinity, where Python's powers raise
    named = {np.float64(value): name for value, name in {**sizes, **_scalars(evidence)}.items()}
    for power, pattern in _POWERS[:2]:
        yield from ((value**power, pattern.format(name)) for value, name in named.items())
    yield from ((1.0, "1"), (2.0, "2"), (0.5, "1 / 2"))
    for power, pattern in _POWERS[2:]:
        yield from ((value**power, pattern.format(name)) for value, name in named.items())
    yield from _degrees_of_freedom(sizes)
    for (a, name_a), (b, name_b) in combinations(sizes.items(), 2):
        yield from ((a / b, f"{name_a} / {name_b}"), (b / a, f"{name_b} / {name_a}"))
        yield from ((a * b, f"{name_a} * {name_b}"), (1 / (a * b), f"1 / ({name_a} * {name_b})"))
    for k in _PLAIN:
        yield from (
            (float(k), str(k)),
            (1 / k, f"1 / {k}"),
            (k**0.5, f"sqrt({k})"),
            (k**-0.5, f"1 / sqrt({k})"),
        )


def _degrees_of_freedom(sizes: dict[float, str]) -> Iterator[tuple[float, str]]:
    """n - 1 for n, as a variance divides by the one or the other."""
    for n, name in sizes.items():
        if n > 2:
            yield from (((n - 1) / n, f"({name} - 1) / {name}"), (n / (n - 1), f"{name} / ({name} - 1)"))
            yield from ((1 / (n - 1), f"1 / ({name} - 1)"), (n - 1, f"{name} - 1"))


def _sizes(evidence: Evidence) -> dict[float, str]:
    """Axes and numbers of entries larger than 1, of the output first; the output's first axis is the batch."""
    sizes: dict[float, str] = {}
    shapes: Mapping[str, tuple[int, ...]] = {
        "the output": evidence.output_shape,
        evidence.path: evidence.shape,
        **{path: np.shape(value) for path, value in evidence.inputs.items()},
    }
    for name, shape in shapes.items():
        for axis, length in enumerate(shape):
            batch = name == "the output" and axis == 0
            sizes.setdefault(float(length), "batch" if batch else f"axis {axis} of {name} ({length})")
        for first in range(len(shape) - 1):
            number = int(np.prod(shape[first:]))
            sizes.setdefault(
                float(number), f"the entries of {name}'s last {len(shape) - first} axes ({number})"
            )
    return {value: name for value, name in sizes.items() if value > 1}


def _scalars(evidence: Evidence) -> dict[float, str]:
    """Inputs of one element, a uniform input, the mean of a small one, and a cotangent of one element."""
    values = {
        **evidence.inputs,
        **({} if evidence.cotangent is None else {"the cotangent": evidence.cotangent}),
    }
    scalars: dict[float, str] = {}
    for path, value in values.items():
        array = np.asarray(value)
        if array.size == 0 or array.dtype.kind != "f":
            continue
        mean = abs(float(array.mean()))
        uniform = bool(np.all(array == array.flat[0]))
        if mean not in (0.0, 1.0) and np.isfinite(mean):
            scalars.setdefault(mean, path if uniform else f"the mean of {path}")
    return scalars


def along_one_axis(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """The ratio is a power of an input, or its exponential, spread over the entries as NumPy would broadcast it."""
    known = sample.nonzero & (sample.claimed != 0)
    if np.count_nonzero(known) < 3:
        return None
    for path, value in evidence.inputs.items():
        factor = _spread(np.asarray(value), evidence.shape)
        if factor is None or factor.dtype.kind != "f" or np.ptp(factor) == 0:
            continue
        at = factor.flat[sample.index]
        name = next((n.format(path) for n, by in _rules(at) if _divides(sample, by)), None)
        if name is not None and np.ptp(at[known]) > 0:
            return Diagnosis(
                "factor",
                f"every entry of {evidence.path} is the measured gradient x {name}, entry by entry",
                f"look for {path} left out of the chain rule, or multiplied in once too often",
            )
    return None


def _rules(x: Array) -> Iterator[tuple[str, Array]]:
    with np.errstate(all="ignore"):
        yield from ((pattern, x**power) for power, pattern in _POWERS)
        yield from ((pattern, curve(x)) for curve, pattern in _CURVES)


def _divides(sample: Sample, by: Array) -> bool:
    with np.errstate(all="ignore"):
        prediction = sample.claimed / by
    return bool(np.all(np.isfinite(prediction))) and sample.explains(prediction)


def _spread(value: Array, shape: tuple[int, ...]) -> Array | None:
    try:
        return np.broadcast_to(value, shape)
    except ValueError:
        return None


def few_digits(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """Most entries are wrong, and all of them only a little: float32 inside, or an approximation."""
    wrong = sample.wrong
    off = np.abs(sample.claimed - sample.measured)[wrong] / sample.scale
    if not np.any(wrong) or np.max(off) > _NEAR_ONE:
        return None
    single = _is_single(sample.claimed) and np.max(off) < 1e-5
    if not single and 2 * np.count_nonzero(wrong) < np.count_nonzero(sample.nonzero):
        return None
    return _imprecise(
        evidence, float(np.median(off)), "; every claimed number is a float32" if single else ""
    )


def roughly_right(evidence: Evidence, sample: Sample) -> Diagnosis | None:
    """Every entry is wrong by a little of its own size, and nothing simpler was found."""
    off = np.abs(sample.claimed - sample.measured)
    if np.any(off > _ROUGHLY * np.abs(sample.measured) + sample.tolerance) or not np.any(sample.nonzero):
        return None
    return _imprecise(evidence, float(np.median(off[sample.wrong]) / sample.scale), "")


def _imprecise(evidence: Evidence, off: float, seen: str) -> Diagnosis:
    return Diagnosis(
        "precision",
        f"{evidence.path} is right to about {-np.log10(off):.1f} digits and no further{seen}",
        "look for float32 inside the claim, a rounded constant, an epsilon that the function does not have, "
        "or an approximation of the function that was differentiated in its place",
    )


def _is_single(claimed: Array) -> bool:
    with np.errstate(all="ignore"):
        return bool(
            np.all(claimed.astype(np.complex64 if claimed.dtype.kind == "c" else np.float32) == claimed)
        )
