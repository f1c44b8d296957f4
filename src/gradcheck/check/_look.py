"""What a judgement starts from: f described, its noise measured, cotangents chosen."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.check import _contracts as contracts
from gradcheck.check._direction import Direction, Part, dense, entry_sizes, gaussian, signs
from gradcheck.check._function import Exhausted, Function, Lines
from gradcheck.check._measure import Instrument
from gradcheck.check._outputs import Outputs, describe
from gradcheck.check._point import Floats, Point
from gradcheck.check._verdict import Finding, Verdict
from gradcheck.differentiate import engine
from gradcheck.differentiate._errors import UsageError
from gradcheck.differentiate._view import are_float32

__all__ = ["Look", "cotangents", "first_look", "instrument_at", "learn_noise", "overall", "part"]

# Cotangents are multiples of this: float16 holds them up to 8, and two of them, whose difference a normalised function
# may depend on alone, are equal once in a thousand pairs (once in fifty for sixteenths).
FINE = 1 / 256
EACH = 16  # outputs up to which every one gets a cotangent of its own
REPEATS = 3  # further calls that tell the size of a nondeterminism once two have differed
JITTER = 4.0  # times the largest difference of five calls bounds what the next may differ by
LARGE = 100_000  # coordinates above which no array of entrywise steps is made


@dataclass(frozen=True)
class Look:
    """f at the point, described."""

    function: Function
    point: Point
    outputs: Outputs
    base: Floats
    jitter: Floats
    findings: list[Finding]


def first_look(
    function: Function, point: Point, name: str, *, scalar: bool = False, wanted: Any = None
) -> Look:
    """Call f twice: its structure, its repeatability, whether it keeps its hands off its inputs.

    Raises
    ------
    UsageError
        f raises at the point, or returns nothing that has a derivative.
    """
    point, result, args = _called(function, point, name)
    outputs = describe(result, wanted)
    if scalar and not outputs.is_scalar:
        got = (
            f"shape {outputs.shapes[0]}, {outputs.dtypes[0]}"
            if len(outputs.shapes) == 1
            else f"{len(outputs.shapes)} arrays"
        )
        raise UsageError(
            f"{name} returned {got}",
            "check_grad needs one real number",
            f"sum it, use check_vjp, or see whether {name} and the claim are swapped",
        )
    base = np.array(outputs.vector(result))
    findings = [*contracts.mutation(point, args, name), *_no_number(outputs, base, name)]
    jitter, message = _repeatability(function, point, outputs, base, name)
    if message:
        findings.append(
            contracts.failure(
                "nondeterministic-forward", message, "fix the seed, or pass the random numbers as an input"
            )
        )
    return Look(function, point, outputs, base, jitter, findings)


def _called(function: Function, point: Point, name: str) -> tuple[Point, Any, tuple[Any, ...]]:
    """f's first result, in float64 if it takes float64."""
    args = point.fresh()
    try:
        return point, function(*args), args
    except (UsageError, Exhausted):
        raise
    except Exception as error:
        narrow = point.narrow()
        if narrow == point:
            raise _raised(name, error, point) from error
    args = narrow.fresh()
    try:
        return narrow, function(*args), args
    except Exhausted:
        raise
    except Exception as error:
        raise _raised(name, error, point) from error


def _raised(name: str, error: Exception, point: Point) -> UsageError:
    shapes = ", ".join(f"{v.path}{v.shape}" for v in point.variables)
    return UsageError(
        f"{name}({shapes}) raised {type(error).__name__}: {error}",
        "f must return a value at the point that is checked",
        "check the inputs' number and shapes (a tuple is unpacked into arguments), and that f "
        "and the claim are not swapped",
    )


def _no_number(outputs: Outputs, base: Floats, name: str) -> Iterator[Finding]:
    """Some outputs are NaN: they get no cotangent, and what they would have shown stays open."""
    lost = np.isnan(base) & outputs.differentiable
    if lost.any() and not outputs.is_scalar:
        message = f"{lost.sum()} of {name}'s {lost.size} outputs are NaN here, and were left out"
        yield Finding(
            "nonfinite", Verdict.INCONCLUSIVE, message, advice="choose inputs at which the function is finite"
        )


def _repeatability(
    function: Function, point: Point, outputs: Outputs, base: Floats, name: str
) -> tuple[Floats, str]:
    """How much repeated calls differ: at rounding level it joins the noise, beyond it is a finding."""
    if function.left < 2:
        return np.zeros_like(base), ""
    try:
        values = [outputs.vector(function(*point.fresh()))]
        if contracts.differs(base, values[0]) == 0.0:
            return np.zeros_like(base), ""
        values += [outputs.vector(function(*point.fresh())) for _ in range(int(min(REPEATS, function.left)))]
    except UsageError:
        raise
    except Exception as error:
        message = (
            f"{name} raises {type(error).__name__}: {error} when it is called again with the same inputs"
        )
        return np.zeros_like(base), message
    with np.errstate(invalid="ignore"):
        jitter = np.nan_to_num(np.ptp(np.stack([base, *values]), axis=0), nan=0.0, posinf=0.0)
    worst = max(contracts.differs(base, v) for v in values)
    single = bool(are_float32(np.stack([base, *values])).all())
    if worst <= contracts.rounding_level(float(np.finfo(np.float32 if single else outputs.dtype).eps)):
        return JITTER * jitter, ""
    return (
        JITTER * jitter,
        f"{name} gives another value when it is called again with the same inputs: they differ "
        f"by {worst:.2g} of their size",
    )


def instrument_at(look: Look, rng: np.random.Generator) -> Instrument:
    """Measure the noise of f along two directions through all arrays."""
    point, outputs = look.point, look.outputs
    eps = float(np.finfo(np.float64).eps)
    if point.is_narrow:
        eps = max(float(np.finfo(v.dtype).eps) for v in point.variables)
    parts = [
        [part(kind, point, a, rng, relative=True) for a in range(len(point.variables))]
        for kind in ("signs", "gaussian")
    ]
    noise = _noise(look.function, point, outputs, look.base, eps, *parts)
    eta = np.maximum(np.nan_to_num(noise.eta, nan=0.0, posinf=0.0), look.jitter)
    single = noise.single or outputs.dtype.itemsize < 8 or point.is_narrow
    return Instrument(look.function, point, outputs, look.base, eta, eps, single)


def learn_noise(instrument: Instrument, array: int, rng: np.random.Generator) -> None:
    """Measure the noise along two directions through one array alone: what other arrays stir up is none of its.

    A layer norm of a constant row is noisy as a function of its input, and exact as one of its gain."""
    point, eps = instrument.point, instrument.eps
    parts = [[part(kind, point, array, rng, relative=True)] for kind in ("signs", "gaussian")]
    noise = _noise(instrument.function, point, instrument.outputs, instrument.base, eps, *parts)
    eta = np.nan_to_num(noise.eta, nan=0.0, posinf=0.0)
    instrument.own[array] = np.minimum(eta, instrument.noise)


def _noise(
    function: Function,
    point: Point,
    outputs: Outputs,
    base: Floats,
    eps: float,
    first: list[Part],
    second: list[Part],
) -> engine.Noise:
    signed = dense("signs", first, point, eps)
    directions = [signed, _opposed(dense("gaussian", second, point, eps), signed)]
    lines = Lines(function, point, outputs, directions)
    return engine.noise_level(lines.evaluate, base, np.ones(2), dtype=outputs.dtype)


def _opposed(direction: Direction, first: Direction) -> Direction:
    """`direction` with every entry against `first`'s: a kink nearby is then on one side of the two only."""
    parts = [
        replace(p, quanta=(-np.sign(q.quanta) * np.abs(p.quanta)).astype(np.int8))
        for p, q in zip(direction.parts, first.parts, strict=True)
    ]
    return replace(direction, parts=tuple(parts))


def overall(
    kind: str, point: Point, rng: np.random.Generator, eps: float, *, relative: bool = False
) -> Direction:
    """One direction through all arrays, each in its own size (each entry in its own where `relative`)."""
    return dense(
        kind, [part(kind, point, a, rng, relative=relative) for a in range(len(point.variables))], point, eps
    )


def part(kind: str, point: Point, array: int, rng: np.random.Generator, *, relative: bool = False) -> Part:
    x = point.coordinates[array]
    size: Any = point.size_of(array)
    if relative and x.size <= LARGE:
        size = entry_sizes(x, size)
    return (signs if kind == "signs" else gaussian)(point, array, size, rng)


def cotangents(
    outputs: Outputs, base: Floats, rng: np.random.Generator, kind: str | None = None
) -> tuple[Floats, int]:
    """Cotangents (K, p), and how many of them are dense: Gaussian and signs, then one for each output if they are few.

    Outputs that are not finite, integers and those that the caller left out get zero. Random numbers are
    asymmetric, so a claim that is right for symmetric cotangents alone shows.
    """
    usable = outputs.differentiable & np.isfinite(base)
    if outputs.is_scalar:
        return usable[None].astype(float), 1
    p = outputs.size
    normal = np.rint(rng.standard_normal(p) / FINE) * FINE
    normal[normal == 0] = FINE
    rows = [normal, rng.choice([-1.0, 1.0], p)]
    few = np.eye(p)[usable] if usable.sum() <= EACH else np.empty((0, p))
    return np.array([*_asked_for(kind, p), *rows, *few]) * usable, 2 + (kind is not None)


def _asked_for(kind: str | None, p: int) -> list[Floats]:
    """The cotangent of a derived point."""
    ramp = np.arange(1.0, p + 1.0) / p
    known = {
        "ones": np.ones(p),
        "zero": np.zeros(p),
        "one-hot": (ramp == 1.0).astype(float),
        "negative": -np.ones(p),
        "asymmetric": ramp,
    }
    return [] if kind is None else [known[kind]]
