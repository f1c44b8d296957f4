"""Batch: what has to hold between examples. Arrays: what has to hold for every kind of array."""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import numpy as np

from gradcheck.conformance._calls import Call, call, copied, difference, named, worst_difference
from gradcheck.conformance._check import Category, Check, Severity
from gradcheck.conformance._subjects import Case, Loss, Subject, Tags
from gradcheck.differentiate._tree import arguments

__all__ = ["CHECKS"]

BATCH = 5
FLOAT32_ULPS = 4096.0  # a layer's rounding in float32, both ways of summing: thirty times below a bug of 1e-2


def _each_input(case: Case, change: Callable[[Any], Any]) -> Case:
    """The case with `change` made to the axis of the examples, where an input has one."""
    return case.at(*(change(x) if b else x for x, b in zip(case.inputs, case.batched, strict=True)))


def _per_example(out: Any, batch: int) -> bool:
    return np.ndim(out) > 0 and len(out) == batch


def _independent(subject: Subject, rng: np.random.Generator) -> str | None:
    """Examples one by one give the rows of the batch; gradients of parameters add up."""
    case = subject.case(rng, BATCH)
    whole = call(case, rng)
    if not _per_example(whole.out, BATCH):
        return None
    single = [
        call(_each_input(case, itemgetter(slice(i, i + 1))), rng, whole.cotangent[i : i + 1])
        for i in range(BATCH)
    ]
    found = difference("output", whole.out, np.concatenate([each.out for each in single]))
    return found or worst_difference(_gathered(case, single), whole.gradients)


def _gathered(case: Case, single: list[Call]) -> dict[str, Any]:
    """The gradients of a batch from those of its examples: stacked for batched inputs, added for parameters."""
    gathered = {}
    for path, flag in zip(single[0].gradients, _flags(case), strict=True):
        parts = [each.gradients[path] for each in single]
        gathered[path] = np.concatenate(parts) if flag else np.sum(parts, axis=0)
    return gathered


def _reduction(subject: Subject, rng: np.random.Generator) -> str | None:
    """The batch twice over: a mean stays and halves the gradient of each copy, a sum doubles and keeps it."""
    assert isinstance(subject, Loss)
    case = subject.case(rng, BATCH)
    (prediction,), target = case.inputs, case.forward.target  # type: ignore[attr-defined]
    twice = subject.against(np.concatenate([target] * 2), np.concatenate([prediction] * 2))
    one, two = call(case, rng, _ones(case)), call(twice, rng, _ones(twice))
    factor = {"mean": 1.0, "sum": 2.0}[subject.tags.reduction]
    found = difference(
        f"loss of the batch twice over (reduction={subject.tags.reduction})", factor * one.out, two.out
    )
    path = next(iter(one.gradients))
    expected = np.concatenate([one.gradients[path] * factor / 2.0] * 2)
    return found or difference(f"d{path} of the batch twice over", expected, two.gradients[path])


def _ones(case: Case) -> Any:
    return np.ones_like(np.asarray(case.forward(*case.inputs)[0], dtype=float))


def _equivariant(subject: Subject, rng: np.random.Generator) -> str | None:
    """Examples in another order: outputs and gradients in that order, parameter gradients unchanged."""
    case = subject.case(rng, BATCH)
    order = np.roll(np.arange(BATCH), 2)
    whole = call(case, rng)
    moved = _reordered(subject, case, order)
    rows = _per_example(whole.out, BATCH)
    given = call(moved, rng, whole.cotangent[order] if rows else whole.cotangent)
    found = difference("output", whole.out[order] if rows else whole.out, given.out)
    back = {
        path: gradient[order] if flag else gradient
        for (path, gradient), flag in zip(whole.gradients.items(), _flags(case), strict=True)
    }
    return found or worst_difference(back, given.gradients)


def _reordered(subject: Subject, case: Case, order: Any) -> Case:
    if isinstance(subject, Loss):
        return subject.against(case.forward.target[order], case.inputs[0][order])  # type: ignore[attr-defined]
    return _each_input(case, lambda x: x[order])


def _flags(case: Case) -> list[bool]:
    return [flag for x, flag in zip(case.inputs, case.batched, strict=True) for _ in arguments((x,)).leaves]


def _of_size(batch: int) -> Callable[[Subject, np.random.Generator], str | None]:
    """Forward and backward at a batch of this size give gradients of the inputs' shapes."""

    def run(subject: Subject, rng: np.random.Generator) -> str | None:
        case = subject.case(rng, batch)
        try:
            with np.errstate(all="ignore"):
                made = call(case, rng)
        except Exception as error:  # whatever the library raises is the answer
            return f"a batch of {batch} raised {type(error).__name__}: {error}"
        expected = _output_shape(subject, rng, batch)
        if expected is not None and made.out.shape != expected:
            return f"batch of {batch}: the output has shape {made.out.shape}, expected {expected}"
        for path, value in arguments(case.inputs).items():
            if made.gradients[path].shape != np.shape(value):
                return f"batch of {batch}: d{path} has shape {made.gradients[path].shape}, {path} {np.shape(value)}"
        bad = [path for path, gradient in made.gradients.items() if not np.isfinite(gradient).all()]
        return f"batch of {batch}: d{bad[0]} is not finite" if bad else None

    return run


def _output_shape(subject: Subject, rng: np.random.Generator, batch: int) -> tuple[int, ...] | None:
    """The shape for `batch` examples, read off a batch of another size; None where it has no axis of examples."""
    case = subject.case(rng, BATCH)
    shape = np.shape(case.forward(*copied(case.inputs))[0])
    return (batch, *shape[1:]) if shape[:1] == (BATCH,) else None


def _laid_out(relay: Callable[[Any], Any], what: str) -> Callable[[Subject, np.random.Generator], str | None]:
    """The same numbers in another memory layout give the same output and gradients."""

    def run(subject: Subject, rng: np.random.Generator) -> str | None:
        case = subject.case(rng)
        plain = call(case, rng)
        inputs: tuple[Any, ...] = _mapped(relay, case.inputs)
        try:
            out, cache = case.forward(*inputs)
            claimed = case.backward(relay(plain.cotangent), cache)
        except Exception as error:  # whatever the library raises is the answer
            return f"{what} inputs raised {type(error).__name__}: {error}"
        found = difference("output", plain.out, out)
        found = found or worst_difference(plain.gradients, named(case, claimed))
        return f"{what} inputs: {found}" if found else None

    return run


def _strided(array: Any) -> Any:
    """The same numbers as every second entry of a larger array, along each axis."""
    whole = np.asarray(array)
    if whole.ndim == 0:
        return whole
    wide = np.zeros(tuple(2 * n for n in whole.shape), whole.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in whole.shape)]
    view[...] = whole
    return view


def _read_only(array: Any) -> Any:
    fixed = np.array(array, copy=True)
    fixed.flags.writeable = False
    return fixed


def _keeps_single(subject: Subject, rng: np.random.Generator) -> str | None:
    """float32 in, float32 out, and the numbers are those of float64 to float32's accuracy."""
    case = subject.case(rng)
    exact = call(case, rng)
    made = call(_cast(subject, case, np.float32), rng, exact.cotangent.astype(np.float32))
    if made.out.dtype != np.float32 and made.out.ndim:
        return f"the output is {made.out.dtype} for float32 inputs"
    for path, gradient in made.gradients.items():
        if gradient.dtype != np.float32:
            return f"d{path} is {gradient.dtype} for float32 inputs"
        found = difference(f"d{path}", exact.gradients[path].astype(np.float32), gradient, FLOAT32_ULPS)
        if found:
            return f"in float32: {found}"
    return None


def _cast(subject: Subject, case: Case, kind: Any) -> Case:
    """The case with every float array of another dtype, a loss's target among them."""
    inputs = _mapped(lambda x: _cast_floats(x, kind), case.inputs)
    if isinstance(subject, Loss):
        return subject.against(_cast_floats(case.forward.target, kind), inputs[0])  # type: ignore[attr-defined]
    return case.at(*inputs)


def _mapped(change: Callable[[Any], Any], inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    tree = arguments(inputs)
    return tuple(tree.rebuild([change(leaf) for leaf in tree.leaves]))


def _cast_floats(x: Any, kind: Any) -> Any:
    return np.asarray(x).astype(kind) if np.issubdtype(np.asarray(x).dtype, np.floating) else x


def _keeps_double(subject: Subject, rng: np.random.Generator) -> str | None:
    """float64 in, float64 out, and not all of the numbers are float32 ones in disguise."""
    made = call(subject.case(rng), rng)
    for name, array in {
        "the output": made.out,
        **{f"d{path}": g for path, g in made.gradients.items()},
    }.items():
        if array.dtype != np.float64:
            return f"{name} is {array.dtype} for float64 inputs"
        numbers = array[(array != 0) & np.isfinite(array)]
        if numbers.size and np.array_equal(numbers, numbers.astype(np.float32)):
            return f"{name} is float64, but every number in it is rounded to float32"
    return None


def _any_rank(subject: Subject, rng: np.random.Generator) -> str | None:
    """An elementwise function takes arrays of any rank, size-1 axes among them, and keeps the shape."""
    case = subject.case(rng, 2)
    for shape in [(), (1,), (3,), (3, 1), (1, 3), (2, 1, 3)]:
        z = rng.standard_normal(shape)
        made = call(case.at(z), rng)
        (gradient,) = made.gradients.values()
        if made.out.shape != shape or gradient.shape != shape:
            return f"z of shape {shape}: output {made.out.shape}, gradient {gradient.shape}"
        found = difference("dz", made.cotangent * _elementwise(case, z, rng), gradient)
        if found:
            return f"z of shape {shape}: {found}"
    return None


def _elementwise(case: Case, z: Any, rng: np.random.Generator) -> Any:
    """The slopes, one entry at a time with cotangent 1: nothing there is to broadcast."""
    flat = [
        next(iter(call(case.at(np.array([each])), rng, np.ones(1)).gradients.values()))[0]
        for each in np.ravel(z)
    ]
    return np.reshape(flat, np.shape(z))


def _reduces(tags: Tags) -> bool:
    return tags.reduction in ("mean", "sum")


def _separate(tags: Tags) -> bool:
    return tags.batch_independent and not tags.stochastic


_BATCHED = ("activation", "layer", "loss")
_NEEDS = ("GC001", "GC203")

CHECKS = (
    Check(
        "GC301",
        "each example is treated by itself",
        Category.BATCH,
        Severity.ERROR,
        "The gradient of a batch is that of its examples one by one, added for parameters. Usual causes: a mean "
        "where a sum belongs (or the reverse) in the gradient of a parameter, a reduction over the wrong axis.",
        "Sum parameter gradients over axis 0 only; if examples do interact (batch normalisation), say so in the tags.",
        _independent,
        kinds=("activation", "layer"),
        requires=_NEEDS,
        concerns=_separate,
    ),
    Check(
        "GC302",
        "the loss reduces over the examples as it says: mean or sum",
        Category.BATCH,
        Severity.ERROR,
        "A mean whose gradient is that of a sum makes the learning rate depend on the batch size: the commonest "
        "forgotten factor, 1/m.",
        "Divide value and gradient by the same number of examples, or neither.",
        _reduction,
        kinds=("loss",),
        requires=_NEEDS,
        concerns=_reduces,
    ),
    Check(
        "GC303",
        "the order of the examples does not matter",
        Category.BATCH,
        Severity.ERROR,
        "Examples in another order give outputs and gradients in that order and the same parameter gradients.",
        "Look for an index that refers to a position in the batch, or state carried from one example to the next.",
        _equivariant,
        kinds=_BATCHED,
        requires=_NEEDS,
        concerns=lambda tags: not tags.stochastic,
    ),
    Check(
        "GC401",
        "a batch of one works",
        Category.ARRAYS,
        Severity.ERROR,
        "The last batch of an epoch often has one example. Usual cause: a squeeze that drops the batch axis.",
        "Name the axis in squeeze and keep the dimensions in reductions.",
        _of_size(1),
        kinds=_BATCHED,
    ),
    Check(
        "GC402",
        "an empty batch works",
        Category.ARRAYS,
        Severity.WARNING,
        "A filter that lets nothing through should not end a run: no examples, empty outputs, zero gradients.",
        "Reductions such as max need `initial=`; guard a division by the number of examples.",
        _of_size(0),
        kinds=("activation", "layer"),
    ),
    Check(
        "GC403",
        "non-contiguous inputs give the same result",
        Category.ARRAYS,
        Severity.ERROR,
        "Slices of a larger array are everyday inputs. Usual causes: reshape or ravel taken for a view and "
        "written to, strides assumed.",
        "Do not write through a reshape; use np.ascontiguousarray where memory order matters.",
        _laid_out(_strided, "non-contiguous"),
        requires=_NEEDS,
    ),
    Check(
        "GC404",
        "Fortran-ordered inputs give the same result",
        Category.ARRAYS,
        Severity.ERROR,
        "A transposed array is Fortran-ordered. Usual cause: ravel(order='K'), or memory handed to C code.",
        "State the order wherever an array is flattened.",
        _laid_out(np.asfortranarray, "Fortran-ordered"),
        requires=_NEEDS,
    ),
    Check(
        "GC405",
        "read-only inputs are accepted",
        Category.ARRAYS,
        Severity.WARNING,
        "Memory-mapped data and broadcast views cannot be written to; forward and backward need not write to them.",
        "Do not work in place on arrays of the caller.",
        _laid_out(_read_only, "read-only"),
        requires=_NEEDS,
    ),
    Check(
        "GC406",
        "float32 stays float32",
        Category.ARRAYS,
        Severity.WARNING,
        "A silent upcast doubles memory and time. Usual causes: np.zeros without dtype, a NumPy scalar constant.",
        "Take the dtype of the inputs: np.zeros_like, x.dtype.type(constant).",
        _keeps_single,
        kinds=_BATCHED,
        requires=_NEEDS,
    ),
    Check(
        "GC407",
        "float64 stays float64",
        Category.ARRAYS,
        Severity.ERROR,
        "A cast to float32 inside costs half of the digits, and a gradient that is right to seven digits only.",
        "Take the dtype of the inputs.",
        _keeps_double,
        requires=_NEEDS,
    ),
    Check(
        "GC408",
        "an elementwise function keeps any shape, size-1 axes among them",
        Category.ARRAYS,
        Severity.ERROR,
        "A gradient that broadcasts a column against a row has the right numbers in the wrong places.",
        "Do not transpose, squeeze or add axes in an elementwise function.",
        _any_rank,
        kinds=("activation",),
        requires=_NEEDS,
        concerns=_separate,
    ),
)
