"""What the demo does: judge while training, plant mistakes, start from zero weights."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._verdict import Report
from gradcheck.demo._data import Split
from gradcheck.demo._mistakes import MISTAKES, Mistake
from gradcheck.demo._network import LIMIT, Learner, Named, names
from gradcheck.demo._progress import Tick
from gradcheck.demo._result import Planted, Stage, Start
from gradcheck.reference import (
    Activation,
    Descent,
    Network,
    Parameters,
    sigmoid,
    small_normal,
    tanh,
    zeros,
)

__all__ = [
    "HIDDEN",
    "MOMENTS",
    "STARTS",
    "Check",
    "judge_stages",
    "learner_of",
    "plant_all",
    "start_all",
    "train_in_parts",
]

Floats = NDArray[np.float64]
Check = Callable[..., Report]
"""`gradcheck.check_grad`, or another checker with its signature."""

HIDDEN = 16
MOMENTS = (10, 100, 1000)
"""Steps after which the gradients are judged while training."""

STARTS = (
    ("all zero", zeros, tanh),
    ("0.01 x normal", small_normal, tanh),
    ("all zero", zeros, sigmoid),
    ("0.01 x normal", small_normal, sigmoid),
)

# Two hidden units count as one where their weights differ by less than this share of the largest weight: far
# above what rounding leaves after thousands of steps, far below what training does to two different units.
SAME = 1e-8


def learner_of(data: Split, hidden: int = HIDDEN, activation: Activation = tanh) -> Learner:
    """The notes' network with one hidden layer for this data."""
    return Learner(Network((data.train_X.shape[0], hidden, 1), activation), data)


def train_in_parts(learner: Learner, params: Parameters) -> list[Descent]:
    """The whole training, cut at `MOMENTS`; the last part ends where the criterion holds."""
    parts: list[Descent] = []
    for steps in np.diff((0, *MOMENTS, LIMIT)):
        parts.append(learner.train(params, int(steps)))
        params = parts[-1].params
        if parts[-1].reason != "max_epochs":
            break
    return parts


def judge_stages(
    learner: Learner, start: Parameters, parts: list[Descent], check: Check, tick: Tick
) -> Iterator[Stage]:
    """The right gradients judged at the start and after each part of the training."""
    step = 0
    yield judge(learner, "at the start", step, start, check, tick)
    for part in parts:
        step += len(part.history) - (
            part.reason == "converged"
        )  # the last epoch is measured, not stepped from
        name = "converged" if part.reason == "converged" else "while learning"
        name = "at the end" if part is parts[-1] and part.reason != "converged" else name
        yield judge(learner, name, step, part.params, check, tick)


def judge(learner: Learner, name: str, step: int, params: Parameters, check: Check, tick: Tick) -> Stage:
    tick(f"judging the gradients after {step} steps")
    named = names(params)
    return Stage(
        name=name,
        step=step,
        cost=learner.cost(named),
        accuracy=learner.accuracy(params),
        saturated=learner.saturated(params),
        report=check(learner.cost, learner.gradients, named),
    )


def plant_all(
    data: Split, start: Parameters, end: Parameters, rng: np.random.Generator, check: Check, tick: Tick
) -> Iterator[Planted]:
    """Each mistake planted at the start and at the end of the training, and judged."""
    usual = learner_of(data)
    square = learner_of(data, hidden=data.train_X.shape[0])
    square_start = square.network.initialise(rng)
    square_end = square.train(square_start).params
    for mistake in MISTAKES:
        tick(f"planting: {mistake.title}")
        if mistake.square:
            yield plant(mistake, square, square_start, square_end, check)
        else:
            yield plant(mistake, usual, start, end, check)


def plant(
    mistake: type[Mistake], learner: Learner, start: Parameters, end: Parameters, check: Check
) -> Planted:
    def backward(named: Mapping[str, Floats]) -> Named:
        return mistake(named, learner.data.train_X, learner.data.train_Y).gradients()

    backward.__name__ = backward.__qualname__ = mistake.__name__
    reports = [check(learner.cost, backward, names(params)) for params in (start, end)]
    return Planted(mistake.title, mistake.right, mistake.wrong, mistake.inputs, *reports)


def start_all(data: Split, rng: np.random.Generator, tick: Tick) -> Iterator[Start]:
    """The network trained from zero weights and from small random ones, behind a tanh and behind a sigmoid."""
    for name, scheme, activation in STARTS:
        tick(f"learning from {name} weights, {activation.name}")
        learner = learner_of(data, activation=activation)
        descent = learner.train(learner.network.initialise(rng, scheme))
        yield outcome(name, learner, descent)


def outcome(initialisation: str, learner: Learner, descent: Descent) -> Start:
    W1, b1 = descent.params["layer1"]["W"], descent.params["layer1"]["b"]
    return Start(
        initialisation=initialisation,
        activation=learner.network.activations[0].name,
        units=len(W1),
        distinct=count_distinct(np.hstack([W1, b1])),
        rank=rank(W1),
        steps=len(descent.history),
        cost=learner.cost(names(descent.params)),
        accuracy=learner.accuracy(descent.params),
        W1=W1,
    )


def count_distinct(units: Floats) -> int:
    """How many rows differ from every earlier row by more than `SAME` of the largest entry.

    >>> count_distinct(np.array([[1.0, 2.0], [1.0, 2.0], [3.0, 4.0]]))
    2
    """
    close = np.abs(units[:, None] - units[None]).max(axis=2) <= SAME * np.abs(units).max()
    return int(np.sum(~np.tril(close, -1).any(axis=1)))


def rank(W: Floats) -> int:
    """How many singular values exceed `SAME` of the largest; 0 for a matrix of zeros.

    >>> rank(np.ones((3, 2))), rank(np.zeros((3, 2)))
    (1, 0)
    """
    singular = np.linalg.svd(W, compute_uv=False)
    return int(np.sum(singular > SAME * singular[0]))
