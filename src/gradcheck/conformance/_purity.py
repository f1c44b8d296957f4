"""Purity: nothing is changed, kept or shared behind the caller's back."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.conformance._calls import call, copied, cotangent_for, named, worst_difference
from gradcheck.conformance._check import Category, Check, Severity
from gradcheck.conformance._subjects import Subject
from gradcheck.differentiate._tree import arguments

__all__ = ["CHECKS"]


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """The first array that is no longer bit for bit what it was."""
    for path, value in before.items():
        if np.asarray(value).tobytes() != np.asarray(after[path]).tobytes():
            where = np.flatnonzero(np.asarray(value).ravel() != np.asarray(after[path]).ravel())
            return f"{path}, at {len(where)} of {np.size(value)} entries"
    return None


def _keeps_inputs(subject: Subject, rng: np.random.Generator) -> str | None:
    case = subject.case(rng)
    mine = copied(case.inputs)
    before = dict(arguments(case.inputs).items())
    out, cache = case.forward(*mine)
    changed = _changed(before, dict(arguments(mine).items()))
    if changed:
        return f"forward changed {changed}"
    case.backward(cotangent_for(out, rng), cache)
    changed = _changed(before, dict(arguments(mine).items()))
    return f"backward changed {changed}" if changed else None


def _keeps_cotangent(subject: Subject, rng: np.random.Generator) -> str | None:
    case = subject.case(rng)
    out, cache = case.forward(*copied(case.inputs))
    cotangent = cotangent_for(out, rng)
    given = cotangent.copy()
    case.backward(given, cache)
    changed = _changed({"the cotangent": cotangent}, {"the cotangent": given})
    return f"backward changed {changed}" if changed else None


def _repeats(subject: Subject, rng: np.random.Generator) -> str | None:
    case = subject.case(rng)
    first = call(case, rng)
    again = call(case, rng, first.cotangent)
    if not np.array_equal(first.out, again.out, equal_nan=True):
        from_ = worst_difference({"": first.out}, {"": again.out}, "output")
        return f"a second forward at the same inputs gives another output ({from_})" if from_ else None
    found = worst_difference(first.gradients, again.gradients)
    return f"a second call at the same inputs gives another gradient: {found}" if found else None


def _second_backward(subject: Subject, rng: np.random.Generator) -> str | None:
    case = subject.case(rng)
    out, cache = case.forward(*copied(case.inputs))
    cotangent = cotangent_for(out, rng)
    first = copied(named(case, case.backward(cotangent.copy(), cache)))
    try:
        second = named(case, case.backward(cotangent.copy(), cache))
    except Exception:  # refusing a second backward is an honest answer
        return None
    found = worst_difference(first, second)
    return f"a second backward on the same cache: {found}" if found else None


def _overwrites(subject: Subject, rng: np.random.Generator) -> str | None:
    """A gradient that was handed out stays as it was when backward runs again."""
    case = subject.case(rng)
    out, cache = case.forward(*copied(case.inputs))
    handed_out = named(case, case.backward(cotangent_for(out, rng), cache))
    kept = copied(handed_out)
    call(case, rng)
    changed = _changed(kept, handed_out)
    return f"a later backward changed the gradient already returned for {changed}" if changed else None


def _no_stale_cache(subject: Subject, rng: np.random.Generator) -> str | None:
    """forward at x, forward at y, then backward with x's cache: the gradient at x."""
    case = subject.case(rng)
    expected = call(case, rng)
    tree = arguments(case.inputs)
    elsewhere = tree.rebuild([0.5 * np.asarray(leaf) for leaf in tree.leaves])
    _, cache = case.forward(*copied(case.inputs))
    case.forward(*copied(elsewhere))
    given = named(case, case.backward(expected.cotangent.copy(), cache))
    found = worst_difference(expected.gradients, given)
    return f"after another forward, the first cache gives {found}" if found else None


def _unshared(subject: Subject, rng: np.random.Generator) -> str | None:
    """No gradient shares memory with an input, the cotangent or another gradient."""
    case = subject.case(rng)
    mine = copied(case.inputs)
    out, cache = case.forward(*mine)
    cotangent = cotangent_for(out, rng)
    gradients = named(case, case.backward(cotangent, cache))
    others = {**dict(arguments(mine).items()), "the cotangent": cotangent}
    for path, gradient in gradients.items():
        shared = [name for name, other in others.items() if np.may_share_memory(gradient, other)]
        if shared:
            return f"d{path} shares its memory with {shared[0]}: adding to one changes the other"
        others[f"d{path}"] = gradient
    return None


def _check(number: int, title: str, severity: Severity, reason: str, cure: str, run: Any) -> Check:
    return Check(f"GC{number}", title, Category.PURITY, severity, reason, cure, run)


CHECKS = (
    _check(
        201,
        "the inputs are left as they were",
        Severity.ERROR,
        "A caller who uses his array again computes with something else. Usual causes: `x -= x.max()`, `x[x < 0] = 0`.",
        "Work on a copy, or write to a new array with `out=`.",
        _keeps_inputs,
    ),
    _check(
        202,
        "the cotangent is left as it was",
        Severity.ERROR,
        "In a network the same cotangent flows into several branches; the next branch gets a changed one. Usual "
        "cause: `dout[mask] = 0`, `dout *= ...`.",
        "Multiply into a new array.",
        _keeps_cotangent,
    ),
    _check(
        203,
        "the same call gives the same answer",
        Severity.ERROR,
        "State that a call leaves behind changes the next one. Usual causes: running statistics used in training "
        "mode, an unseeded random mask, gradients that accumulate.",
        "Keep state out of forward and backward; declare a stochastic subject in its tags and take `rng`.",
        _repeats,
    ),
    _check(
        204,
        "a second backward on the same cache gives the same gradient, or refuses",
        Severity.WARNING,
        "A cache that backward uses up in silence gives a wrong gradient the second time.",
        "Do not change the cache in backward; or raise when it was used.",
        _second_backward,
    ),
    _check(
        205,
        "a gradient that was returned stays as it was",
        Severity.ERROR,
        "A buffer that is used again, or accumulated into, changes gradients that the caller still holds.",
        "Return fresh arrays; let the caller accumulate.",
        _overwrites,
    ),
    _check(
        206,
        "a cache belongs to its own forward",
        Severity.ERROR,
        "A layer used twice in a network keeps the last input only, and gives the gradient at the wrong point.",
        "Put all that backward needs into the cache, nothing into the layer object.",
        _no_stale_cache,
    ),
    _check(
        207,
        "gradients share no memory with inputs, cotangent or each other",
        Severity.WARNING,
        "An in-place update of one array then changes another, `W -= dW` where dW is a view of x say.",
        "Return a copy where the gradient is the cotangent or an input itself.",
        _unshared,
    ),
)
