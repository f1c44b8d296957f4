"""Calls of f: counted, never more than the budget, one by one, stacked, or through an executor."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import repeat
from pickle import PicklingError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._direction import Direction
from gradcheck.check._options import Options
from gradcheck.check._outputs import Outputs
from gradcheck.check._point import Floats, Point
from gradcheck.differentiate._errors import UsageError

__all__ = ["Exhausted", "Function", "Lines"]

STACK = 64  # perturbations in one batched call: stacking gains most near 64, and memory stays small
UNSENDABLE = "pickle", "local object"  # what pickling says of a closure; the latter from Python 3.13 on
SHARE = 32  # evaluations that an executor is sent at a time


class Exhausted(Exception):
    """The budget of evaluations does not allow the next measurement."""


@dataclass
class Function:
    """f with its budget; the only thing in a check that changes while it runs.

    Attributes
    ----------
    call : callable
    options : Options
    evaluations : int
        Calls of f so far.
    trouble : str
        The first exception that f raised away from the point: reported, never swallowed silently.
    cost : int
        Calls that one call of this makes of another function, ...
    account : Function, optional
        ... on whose budget they are.
    """

    call: Callable[..., Any]
    options: Options
    evaluations: int = 0
    trouble: str = ""
    cost: int = 1
    account: "Function | None" = None

    def __call__(self, *args: Any) -> Any:
        """One call of f, counted."""
        self.reserve(1)
        with np.errstate(all="ignore"):
            return self.call(*args)

    def reserve(self, count: int) -> None:
        """Count evaluations before they are made; raises `Exhausted` where the budget does not hold them."""
        if self.account is not None:
            self.account.reserve(self.cost * count)
            self.evaluations += count
            return
        most = self.options.max_evaluations
        if most is not None and self.evaluations + count > most:
            raise Exhausted
        self.evaluations += count
        if self.options.progress is not None:
            self.options.progress(self.evaluations)

    @property
    def left(self) -> float:
        if self.account is not None:
            return self.account.left / self.cost
        most = self.options.max_evaluations
        return float("inf") if most is None else most - self.evaluations


@dataclass(frozen=True)
class Lines:
    """f along directions through a point: ``evaluate`` is what the oracle calls.

    Attributes
    ----------
    function : Function
    point : Point
    outputs : Outputs
    directions : sequence of Direction
    weights : (K, p) array, optional
        Contract every value with these cotangents at once (large outputs).
    """

    function: Function
    point: Point
    outputs: Outputs
    directions: Sequence[Direction]
    weights: Floats | None = None

    def evaluate(self, rows: NDArray[np.intp], t: Floats) -> Floats:
        """phi_row(t) for every pair, shape (k, p) or (k, K); NaN where f raised."""
        self.function.reserve(len(rows))
        task = _Task(self.function.call, self.point, self.outputs, self.weights)
        pairs = [(self.directions[r], float(s)) for r, s in zip(rows, t, strict=True)]
        values, trouble = _run(task, pairs, self.function.options)
        self.function.trouble = self.function.trouble or trouble
        return values


@dataclass(frozen=True)
class _Task:
    """Everything that an evaluation needs, so that another process can make it."""

    call: Callable[..., Any]
    point: Point
    outputs: Outputs
    weights: Floats | None

    def __call__(self, pairs: Sequence[tuple[Direction, float]]) -> tuple[Floats, str]:
        size = self.outputs.size if self.weights is None else len(self.weights)
        values, trouble = np.full((len(pairs), size), np.nan), ""
        room: dict[int, Floats] = {}  # one array for all large ones that an input takes in turn
        with np.errstate(all="ignore"):
            for i, (direction, t) in enumerate(pairs):
                args = self.point.arguments(direction.moved(self.point.coordinates, t, room))
                try:
                    values[i] = self.contract(self.outputs.vector(self.call(*args)))
                except UsageError:
                    raise
                except Exception as error:  # outside f's domain: the oracle sees NaN, the report says why
                    trouble = trouble or f"{type(error).__name__}: {error}"
        return values, trouble

    def stacked(self, pairs: Sequence[tuple[Direction, float]]) -> tuple[Floats, str]:
        """The same with one call of f on stacked perturbations."""
        moved = [d.moved(self.point.coordinates, t) for d, t in pairs]
        stacks = [np.stack(arrays) for arrays in zip(*moved, strict=True)]
        lead = (len(pairs),)
        with np.errstate(all="ignore"):
            try:
                result = self.call(*self.point.arguments([s.reshape(-1) for s in stacks], lead))
            except UsageError:
                raise
            except Exception as error:
                raise UsageError(
                    f"f raised {type(error).__name__}: {error}, for {len(pairs)} stacked perturbations",
                    "batched=True says that it takes a leading axis of them",
                    "let f work along the last axes, and return NaN outside its domain, or leave batched out",
                ) from error
        return self.contract(self.outputs.vector(result, lead)), ""

    def contract(self, values: Floats) -> Floats:
        return values if self.weights is None else values @ self.weights.T


def _run(task: _Task, pairs: Sequence[tuple[Direction, float]], options: Options) -> tuple[Floats, str]:
    work, size = (task.stacked, STACK) if options.batched else (task, SHARE)
    if options.executor is None and not options.batched:
        return task(pairs)
    shares = [pairs[i : i + size] for i in range(0, len(pairs), size)]
    done = (
        [work(s) for s in shares] if options.executor is None else _elsewhere(options.executor, work, shares)
    )
    return np.concatenate([v for v, _ in done]), next((t for _, t in done if t), "")


def _elsewhere(executor: Executor, work: Any, shares: Sequence[Any]) -> list[tuple[Floats, str]]:
    futures = [executor.submit(w, share) for w, share in zip(repeat(work), shares, strict=False)]
    try:
        return [future.result() for future in futures]
    except (AttributeError, TypeError, PicklingError) as error:
        if not any(words in str(error) for words in UNSENDABLE):
            raise
        raise UsageError(
            "executor",
            f"f cannot be sent to another process ({error})",
            "define f at the top level of a module, or use threads",
        ) from error
