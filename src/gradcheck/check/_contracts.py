"""What a derivative must keep to besides its numbers: each broken promise with its slug, each kept one silent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._function import Exhausted, Function
from gradcheck.check._match import Gradients
from gradcheck.check._outputs import Outputs
from gradcheck.check._point import Floats, Point
from gradcheck.check._reverse import ClaimRaised, Reverse, Rounding
from gradcheck.check._verdict import Finding, Verdict
from gradcheck.differentiate._errors import UsageError
from gradcheck.differentiate._tree import flatten
from gradcheck.differentiate._window import UNBOUNDED

__all__ = ["changed", "differs", "failure", "strided"]

CANCELLING = 64.0  # roundings
NOISES = (
    4.0  # times the measured noise: 1.0 is the most that normalised constants in another layout differed by
)
ZERO = "the zero cotangent"
SHARED = "return a copy: whoever updates one in place changes the other"
ELSEWHERE = 0.75  # of each input: probabilities stay probabilities
PROBES = 3.0  # two cotangents and their sum, each with a residue of its own
SUMMED = 4.0  # roundings of a gradient in low precision: two that are added, their sum, and one to spare
LINEAR = 1e-6  # relative; what breaks linearity (an ignored, clipped or squared cotangent) breaks it grossly


def failure(code: str, message: str, advice: str, **details: Any) -> Finding:
    return Finding(code, Verdict.FAIL, message, advice=advice, **details)


def rounding_level(eps: float) -> float:
    """Relative differences between two calls that reordered sums can explain: half of the digits."""
    return float(np.sqrt(eps))


def differs(a: Floats, b: Floats, room: Floats | float = 0.0) -> float:
    """The largest difference relative to the largest value; NaN equals NaN here, as do equal infinities.

    Of each difference `room` is taken off."""
    with np.errstate(invalid="ignore", over="ignore"):
        gap = a - b
        np.abs(gap, out=gap)
        if np.any(room):
            gap -= room
        plain = float(np.max(gap, initial=0.0))
    del gap
    if np.isfinite(plain):  # the usual case: no infinity or NaN anywhere
        return plain / max(_largest(a), _largest(b)) if plain else 0.0
    with np.errstate(invalid="ignore"):
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        if same.all():
            return 0.0
        gap = np.maximum(np.abs(np.where(same, 0.0, a - b)) - room, 0.0).max()
    finite = np.concatenate([np.abs(a[np.isfinite(a)]), np.abs(b[np.isfinite(b)]), [0.0]])
    size = float(finite.max())
    return float(gap / size) if np.isfinite(gap) and size else float("inf")


@dataclass(frozen=True)
class Likeness:
    """When two evaluations at the same numbers are the same but for rounding.

    Attributes
    ----------
    level : float
        Relative to the largest number.
    noise : (p,) array
        Bound on the absolute noise of f's values, which may be all that they are: a normalised constant.
    w : (p,) array
        The cotangent of the gradients.
    """

    level: float
    noise: Floats
    w: Floats

    @cached_property
    def known(self) -> Floats:
        """The noise, of outputs of which it is known; by chance that of an output may be too small."""
        noise = np.where(self.noise < UNBOUNDED, self.noise, 0.0)
        return np.asarray(NOISES * np.maximum(noise, np.median(noise)))

    def values(self, a: Floats, b: Floats) -> float:
        """The relative difference of two values of f; 0 where rounding explains it."""
        return self._difference(a, b, self.known)

    def gradients(self, a: Floats, b: Floats, x: Floats) -> float:
        """The same of two gradients at x, whose terms may cancel to the noise of <w, f> over the size of x."""
        noise = float(np.linalg.norm(self.w * self.known))
        return self._difference(a, b, noise / (_largest(x) or 1.0))

    def _difference(self, a: Floats, b: Floats, room: Floats | float) -> float:
        for allowed in (0.0, room):
            gap = differs(a, b, allowed)
            if gap <= self.level:
                return 0.0
        return gap


def changed(before: Sequence[Any], after: Sequence[Any]) -> list[int]:
    """Positions of the arrays whose bits are not what they were; the first where one is gone or came to them."""
    if len(before) != len(after):
        return [0]
    pairs = enumerate(zip(before, after, strict=True))
    return [i for i, (a, b) in pairs if isinstance(a, np.ndarray) and not _same_bits(a, np.asarray(b))]


def _same_bits(a: NDArray[Any], b: NDArray[Any]) -> bool:
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind == "O" or np.array_equal(a, b):  # without NaN, as nearly always, one pass is enough
        return True
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))


def strided(array: NDArray[Any]) -> NDArray[Any]:
    """A copy in another layout: Fortran order, or every other element of a buffer."""
    if array.ndim >= 2 and min(array.shape) > 1:
        return array.copy(order="F")
    if array.ndim == 0:
        return array.copy()
    buffer = np.empty((*array.shape[:-1], 2 * array.shape[-1]), dtype=array.dtype)
    buffer[..., ::2] = array
    return buffer[..., ::2]


def relaid(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Copies of the arguments, every array in another layout."""
    tree = flatten(arguments)
    whole: tuple[Any, ...] = tree.rebuild(
        [strided(v) if isinstance(v, np.ndarray) else v for v in tree.leaves]
    )
    return whole


def mutation(point: Point, arguments: Any, who: str) -> Iterator[Finding]:
    """Inputs that a call changed: `arguments` were copies of the point's."""
    before, after = flatten(point.arguments(point.coordinates)).leaves, flatten(arguments).leaves
    positions = changed(before, after) if len(before) == len(after) else range(1)
    for i in positions:
        path = point.tree.paths[i]
        yield failure(
            "mutates-input",
            f"{who} changes {path} in place",
            f"let {who} work on a copy of {path}",
            input=path,
        )


def aliasing(gradients: Gradients, point: Point, arguments: Any, cotangent: Any) -> Iterator[Finding]:
    """Gradients that share memory with an input or with each other; with the cotangent that is only worth a note."""
    arrays = [
        (v.path, g)
        for v, g in zip(point.variables, gradients.leaves, strict=True)
        if isinstance(g, np.ndarray)
    ]
    inputs = [
        (p, a)
        for p, a in zip(point.tree.paths, flatten(arguments).leaves, strict=True)
        if isinstance(a, np.ndarray)
    ]
    for i, (path, gradient) in enumerate(arrays):
        for other, array in inputs:
            if share(gradient, array):
                yield failure(
                    "aliased",
                    f"the gradient of {path} is the memory of the input {other}",
                    SHARED,
                    input=path,
                )
        for other, array in arrays[:i]:
            if share(gradient, array):
                yield failure(
                    "aliased", f"the gradients of {other} and {path} are the same memory", SHARED, input=path
                )
        if any(share(gradient, w) for w in flatten(cotangent).leaves if isinstance(w, np.ndarray)):
            note = f"the gradient of {path} is the memory of the cotangent; harmless unless either is changed in place"
            yield Finding(
                "aliased",
                Verdict.PASS,
                note,
                input=path,
                advice="return a copy where gradients are accumulated in place",
            )


def share(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return a.size > 0 and b.size > 0 and np.may_share_memory(a, b) and np.shares_memory(a, b)


def stale(
    reverse: Reverse, point: Point, outputs: Outputs, known: Gradients, alike: Likeness
) -> Iterator[Finding]:
    """A cache that a later forward pass overwrites: the scratch array of a layer that is used twice, say.

    A claim that refuses such a cache is not wrong, and a forward pass may have no value at other inputs."""
    if reverse.late is None:
        return
    for other in later_points(point):
        cotangent = reverse.cotangent(alike.w, point, outputs)
        try:
            result = reverse.counted(reverse.late, cotangent, point.fresh(), other.fresh())
            found = reverse.parsed(result, alike.w, point, outputs).flat
        except (ClaimRaised, UsageError):
            continue
        for variable, x, a, b in zip(point.variables, point.coordinates, found, known.flat, strict=True):
            gap = alike.gradients(a, b, x)
            if gap:
                message = (
                    f"the cache is overwritten by a later forward pass: after one at other inputs {reverse.name} "
                    f"gives another gradient of {variable.path}, off by {gap:.2g} of its size"
                )
                advice = "make new arrays for each cache: a layer that is used twice needs both"
                yield failure("aliased", message, advice, input=variable.path)
        return


def later_points(point: Point) -> Iterator[Point]:
    """Other inputs: all entries smaller and in reverse order, and those of the largest array with the other sign, so
    that masks turn; then without the sign, which keeps what is positive so."""
    sizes = [x.size for x in point.coordinates]
    for sign in (-1.0, 1.0):
        factors = [ELSEWHERE * (sign if i == int(np.argmax(sizes)) else 1.0) for i in range(len(sizes))]
        moved = [f * x[::-1] if x.any() else f + x for f, x in zip(factors, point.coordinates, strict=True)]
        yield point.moved_to(moved)


def linearity(rounding: Rounding, known: Sequence[Gradients], base: Floats) -> Iterator[Finding]:
    """A VJP is linear in its cotangent: zero gives zero, a sum gives the sum, scaling scales.

    What looks otherwise may be the claim's rounding, which is not linear: terms that cancel leave nothing else."""
    point, weights = rounding.point, rounding.weights
    first, second = known[0].flat, known[min(1, len(known) - 1)].flat
    w1, w2 = weights[0], weights[min(1, len(known) - 1)]
    probes = [
        (ZERO, 1.0, np.zeros_like(w1), [np.zeros_like(g) for g in first]),
        ("the sum of two cotangents", 1.0, w1 + w2, [a + b for a, b in zip(first, second, strict=True)]),
        ("-1024 times a cotangent", 1024.0, -1024.0 * w1, [-1024.0 * g for g in first]),
    ]
    blamed: set[int] = set()
    for what, scale, w, expected in probes:
        got = rounding.reverse.gradients(w, point, rounding.outputs).flat
        for i, (a, b) in enumerate(zip(got, expected, strict=True)):
            gap = _gap(a, b)
            size = scale * max(_largest(first[i]), _largest(second[i]))
            room = max(LINEAR, SUMMED * known[0].eps) * size + scale * _cancellation(
                point.coordinates[i], base, weights
            )
            worst = int(np.argmax(gap))
            if i in blamed or gap[worst] <= room or gap[worst] <= PROBES * scale * rounding.residues[i]:
                continue
            blamed.add(i)
            ignored = what == ZERO and differs(a, first[i]) < LINEAR
            yield _nonlinear(point, i, worst, what, float(a[worst]), float(b[worst]), ignored)


def _nonlinear(
    point: Point, i: int, worst: int, what: str, got: float, expected: float, ignored: bool
) -> Finding:
    variable = point.variables[i]
    return failure(
        "nonlinear",
        f"for {what} the gradient of {variable.path} is {got:.6g} where linearity asks for {expected:.6g}",
        "a VJP is linear in its cotangent: multiply by it exactly once",
        input=variable.path,
        index=variable.entry(worst),
        claimed=got,
        measured=expected,
        diagnosis="ignores-cotangent" if ignored else "",
    )


def _gap(a: Floats, b: Floats) -> Floats:
    """|a - b|; zero where either is not finite, which is another finding's business."""
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(np.abs(a - b), nan=0.0, posinf=0.0)


def _largest(x: Floats) -> float:
    return float(np.max(np.abs(x), initial=0.0, where=np.isfinite(x)))


def _cancellation(x: Floats, base: Floats, weights: Floats) -> float:
    """What is left of w - w: rounding of terms of the size |w| |f| / |x| that cancel where f is saturated."""
    size = _largest(base) / (_largest(x) or 1.0)
    return float(CANCELLING * np.finfo(np.float64).eps * _largest(weights[:2].ravel()) * size)


def layout(
    rounding: Rounding, function: Function, base: Floats, known: Gradients, alike: Likeness
) -> Iterator[Finding]:
    """Values and gradients do not depend on how the inputs lie in memory, but for the order of sums."""
    reverse, point, outputs = rounding.reverse, rounding.point, rounding.outputs
    if all(np.ndim(leaf) == 0 for leaf in flatten(point.arguments(point.coordinates)).leaves):
        return
    advice = (
        "address elements by index, not by position in memory: reshape, ravel or make a contiguous copy first"
    )
    args = relaid(point.arguments(point.coordinates))
    try:
        value = outputs.vector(function(*args))
        if alike.values(value, base):
            yield failure(
                "noncontiguous", "f gives another value for the same numbers in a strided view", advice
            )
            return
        del args
        args = relaid(point.arguments(point.coordinates))
        cotangent = relaid((reverse.cotangent(alike.w, point, outputs),))[0]
        result = replace(reverse.parsed(reverse.raw(cotangent, args), alike.w, point, outputs), leaves=())
    except Exhausted:
        raise
    except Exception as error:
        yield failure("noncontiguous", f"a strided view of the inputs raises {error}", advice)
        return
    del args
    for i, (variable, x) in enumerate(zip(point.variables, point.coordinates, strict=True)):
        a, b = result.flat[i], known.flat[i]
        if alike.gradients(a, b, x) and (_gap(a, b) > rounding.jitter[i]).any():
            message = f"{reverse.name} gives another gradient of {variable.path} for the same numbers in a strided view"
            yield failure("noncontiguous", message, advice, input=variable.path)


def arrays(tree: Any) -> list[Any]:
    """The arrays in a nested structure."""
    return [leaf for leaf in flatten(tree).leaves if isinstance(leaf, np.ndarray)]
