"""The options that all checks share, refused before any work where they make no sense."""

import difflib
from collections.abc import Callable, Sequence, Set
from concurrent.futures import Executor
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, Self, TypedDict

import numpy as np

from gradcheck.differentiate._errors import UsageError

__all__ = ["Options", "OptionsDict"]

CHOICES = {
    "coverage": ("auto", "probe", "full"),
    "method": ("auto", "central", "complex"),
    "kinks": ("subgradient", "strict"),
}


class OptionsDict(TypedDict, total=False):
    """Keyword arguments of every check; see `Options`."""

    wrt: str | int | Sequence[str | int] | None
    outputs: str | int | Sequence[str | int] | None
    coverage: str
    explore: int
    method: str
    resolution: float | None
    rtol: float | None
    atol: float | None
    kinks: str
    negative_control: bool
    max_evaluations: int | None
    batched: bool
    executor: Executor | None
    conjugate: bool
    seed: int
    progress: Callable[[int], object] | None


@dataclass(frozen=True)
class Options:
    """What a caller may choose.

    Attributes
    ----------
    wrt : str, int or sequence of them, optional
        Paths (globs allowed) or positions of the inputs to judge; all float inputs by default.
    outputs : str, int or sequence of them, optional
        Positions or paths of the outputs that the claim differentiates; the others get a zero cotangent.
    coverage : {"auto", "probe", "full"}
        Small arrays entry by entry and large ones along random directions; directions only; every entry.
    explore : int
        How many further points to try.
    method : {"auto", "central", "complex"}
        The step ladder where it matters; central differences alone; the complex step where it agrees with the ladder.
    resolution : float, optional
        The relative mistake that must be caught for a pass: 1e-4, or 1e-2 where f computes in less than float64.
    rtol, atol : float, optional
        Replace the measured bound by ``atol + rtol * |measured|`` where that is larger: no tolerance makes a
        measurement better than it is.
    kinks : {"subgradient", "strict"}
        At a kink, accept a claim between the one-sided slopes, or call it undecided.
    negative_control : bool
        Plant mistakes of size `resolution` in the claim and require that this very call catches them.
    max_evaluations : int, optional
        Calls of f, never exceeded.
    batched : bool
        f accepts a leading axis of perturbations on every input and returns it on every output.
    executor : concurrent.futures.Executor, optional
        Runs the evaluations; the report is the same whichever does.
    conjugate : bool
        Complex gradients are dL/dRe - i dL/dIm instead of dL/dRe + i dL/dIm.
    seed : int
    progress : callable, optional
        Called with the number of evaluations so far.
    """

    wrt: str | int | Sequence[str | int] | None = None
    outputs: str | int | Sequence[str | int] | None = None
    coverage: str = "auto"
    explore: int = 0
    method: str = "auto"
    resolution: float | None = None
    rtol: float | None = None
    atol: float | None = None
    kinks: str = "subgradient"
    negative_control: bool = False
    max_evaluations: int | None = None
    batched: bool = False
    executor: Executor | None = None
    conjugate: bool = False
    seed: int = 0
    progress: Callable[[int], object] | None = None

    @classmethod
    def of(cls, options: OptionsDict) -> Self:
        """The options of a call; raises `UsageError` for a name or a value that does not exist."""
        names = [f.name for f in fields(cls)]
        for name, value in options.items():
            if name not in names:
                near = difflib.get_close_matches(name, names, 2)
                cure = " or ".join(near) or f"one of {', '.join(names)}"
                raise UsageError(f"{name}={value!r}", "there is no such option", cure)
        return cls(**options)

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            value = getattr(self, name)
            _require(
                isinstance(value, str) and value in allowed,
                name,
                getattr(self, name),
                f"one of {', '.join(map(repr, allowed))}",
            )
        for name in ("rtol", "atol"):
            value = getattr(self, name)
            good = value is None or (_is_real(value) and 0 <= value < float("inf"))
            _require(good, name, value, "a number of at least 0")
        size = self.resolution
        _require(
            size is None or (_is_real(size) and 0 < size < 1),
            "resolution",
            size,
            "a relative mistake between 0 and 1",
        )
        for name in ("wrt", "outputs"):
            _require_names(name, getattr(self, name))
        for name, least in (("explore", 0), ("seed", 0)):
            _require(
                _is_whole(getattr(self, name)) and getattr(self, name) >= least,
                name,
                getattr(self, name),
                f"an integer of at least {least}",
            )
        most = self.max_evaluations
        _require(
            most is None or (_is_whole(most) and most >= 1),
            "max_evaluations",
            most,
            "a positive integer, or None",
        )
        for name in ("negative_control", "batched", "conjugate"):
            _require(isinstance(getattr(self, name), bool), name, getattr(self, name), "True or False")
        _require(
            self.executor is None
            or (hasattr(self.executor, "submit") and not isinstance(self.executor, type)),
            "executor",
            self.executor,
            "a concurrent.futures.Executor",
        )
        _require(
            self.progress is None or callable(self.progress),
            "progress",
            self.progress,
            "a callable that takes the number of evaluations",
        )

    @property
    def chosen(self) -> dict[str, Any]:
        """The options that differ from their defaults, as JSON values."""
        differing = {
            f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default
        }
        differing.pop("seed", None)
        return {n: _plain(v) for n, v in differing.items() if n not in ("executor", "progress")}

    @property
    def adjudicates(self) -> bool:
        """Whether what the directions say is looked into: a caller who sets the route or the bound has decided."""
        return self.method != "central" and self.tolerance(0.0) is None

    def tolerance(self, measured: Any) -> Any:
        """``atol + rtol * |measured|`` where the caller overrides the measured bound, else None."""
        if self.rtol is None and self.atol is None:
            return None
        return (self.atol or 0.0) + (self.rtol or 0.0) * abs(measured)


def _require(condition: bool, name: str, value: Any, cure: str) -> None:
    if not condition:
        raise UsageError(f"{name}={value!r}", "this option does not take that value", cure)


def _require_names(name: str, value: Any) -> None:
    """One name or position, or several of them."""
    several = isinstance(value, (Sequence, Set)) and not isinstance(value, str) and len(value) > 0
    each = list(value) if several else [value]
    good = value is None or all(isinstance(v, str) or _is_whole(v) for v in each)
    _require(good, name, value, "paths or positions, such as ['W1', 0]")


def _is_real(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))


def _is_whole(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, (tuple, set)) else value
