"""Every activation on every data set, and what reaches the first layer through many layers."""

from collections.abc import Iterator

import numpy as np

from gradcheck.demo._data import Split
from gradcheck.demo._network import CRITERION, Learner, names, to_curve
from gradcheck.demo._progress import Tick
from gradcheck.demo._result import Comparison, Depth, Run
from gradcheck.reference import (
    ACTIVATIONS,
    Activation,
    Network,
    Parameters,
    he,
    leaky_relu,
    relu,
    sigmoid,
    tanh,
    xavier,
)
from gradcheck.reference._initialise import Scheme

__all__ = ["compare", "ticks"]

HIDDEN = 16
DEEP = (sigmoid, tanh, relu, leaky_relu)
RECTIFIERS = (relu, leaky_relu)
LAYERS = range(1, 9)
STARTS = 10  # random starts over which depth is averaged: one start alone scatters by a factor of two


def ticks(data: int) -> int:
    """How often `compare` ticks for so many data sets."""
    return data * len(ACTIVATIONS) + len(DEEP)


def compare(data: tuple[Split, ...], seed: int, tick: Tick) -> Comparison:
    """Train with every activation on each of the data sets; measure depth on the first of them."""
    return Comparison(
        criterion=CRITERION,
        runs=tuple(runs(data, seed, tick)),
        depth_data=data[0].name,
        depth_starts=STARTS,
        depths=tuple(depths(data[0], seed, tick)),
    )


def runs(data: tuple[Split, ...], seed: int, tick: Tick) -> Iterator[Run]:
    for part in data:
        for activation in ACTIVATIONS:
            tick(f"{part.name}: learning with {activation.name}")
            yield run(part, activation, np.random.default_rng(seed))  # the same draws for all


def run(data: Split, activation: Activation, rng: np.random.Generator) -> Run:
    learner = Learner(Network((data.train_X.shape[0], HIDDEN, 1), activation), data)
    descent = learner.train(learner.network.initialise(rng, scheme_for(activation)))
    curve = to_curve(descent)
    return Run(
        data=data.name,
        activation=activation.name,
        epochs=len(descent.history),
        reason=descent.reason,
        cost=learner.cost(names(descent.params)),
        accuracy=learner.accuracy(descent.params),
        first_gradient=float(curve.first_gradient[-1]),
        saturated=learner.saturated(descent.params),
        curve=curve,
    )


def scheme_for(activation: Activation) -> Scheme:
    """The standard scaled start: He's for the rectifiers, which pass half of their inputs on, Xavier's otherwise."""
    return he if activation in RECTIFIERS else xavier


def depths(data: Split, seed: int, tick: Tick) -> Iterator[Depth]:
    for activation in DEEP:
        tick(f"depth: {activation.name}")
        for layers in LAYERS:
            yield depth(data, activation, layers, seed)


def depth(data: Split, activation: Activation, layers: int, seed: int) -> Depth:
    """Mean slope and first layer's gradient before any training: geometric means over `STARTS` starts."""
    widths = (data.train_X.shape[0], *[HIDDEN] * layers, 1)
    network = Network(widths, activation)
    measured = [
        slope_and_gradient(
            network, data, network.initialise(np.random.default_rng([seed, start]), scheme_for(activation))
        )
        for start in range(STARTS)
    ]
    slope, gradient = np.exp(np.mean(np.log(measured), axis=0))
    return Depth(activation.name, layers, float(slope), float(gradient))


def slope_and_gradient(network: Network, data: Split, params: Parameters) -> tuple[float, float]:
    """Mean |g'| over all hidden units and examples, and the norm of the first layer's gradient."""
    _, cache = network.forward(params, data.train_X)
    slopes = [
        np.abs(g.derivative(Z)).mean() for g, Z in zip(network.activations[:-1], cache.Z[:-1], strict=True)
    ]
    first = network.backward(params, cache, data.train_Y)["layer1"]
    return float(np.mean(slopes)), float(np.sqrt(sum(np.vdot(array, array) for array in first.values())))
