"""The notes' network on the demo's data: its cost and its gradients under the notes' names, and its training."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.demo._data import Split
from gradcheck.demo._result import Curve
from gradcheck.reference import Descent, Network, Parameters, gradient_descent

__all__ = ["CRITERION", "LIMIT", "Learner", "Named", "layered", "names", "to_curve"]

Floats = NDArray[np.float64]
Named = dict[str, Floats]

# Found by trying: a rate of 1 lowers the cost at every step on standardised features, and the norm 1e-3 is reached
# within some 2,000 steps, when the cost is a hundredth of what it was.
RATE = 1.0
TOLERANCE = 1e-3
LIMIT = 5000
FLAT = 0.01  # saturated: what is left of a gradient that comes through the unit is under a hundredth
CRITERION = f"the gradient's norm is at most {TOLERANCE:g}, for {LIMIT} epochs at most"


@dataclass(frozen=True)
class Learner:
    """A network and the data that it learns; parameters go by the notes' names W1, b1, W2, b2."""

    network: Network
    data: Split

    def cost(self, named: Mapping[str, Floats]) -> float:
        """J of the training part."""
        return float(self.network.cost(layered(named), self.data.train_X, self.data.train_Y))

    def gradients(self, named: Mapping[str, Floats]) -> Named:
        """The gradients of `cost` by back propagation."""
        return names(self.network.gradients(layered(named), self.data.train_X, self.data.train_Y))

    def accuracy(self, params: Parameters) -> float:
        """Share of the held-back examples on whose side of 1/2 the prediction falls."""
        prediction, _ = self.network.forward(params, self.data.test_X)
        return float(np.mean((prediction > 0.5) == (self.data.test_Y == 1)))

    def saturated(self, params: Parameters) -> float:
        """Share of the hidden units' values on the training part where the slope |g'| is below `FLAT`."""
        _, cache = self.network.forward(params, self.data.train_X)
        hidden = zip(self.network.activations[:-1], cache.Z[:-1], strict=True)
        return float(np.mean([np.abs(g.derivative(Z)) < FLAT for g, Z in hidden]))

    def train(self, params: Parameters, steps: int = LIMIT) -> Descent:
        """Gradient descent until the criterion holds, `steps` steps at most; Ctrl-C ends the demo, not this alone."""
        X, Y = self.data.train_X, self.data.train_Y
        descent = gradient_descent(
            self.network, params, X, Y, rate=RATE, tolerance=TOLERANCE, max_epochs=steps
        )
        if descent.reason == "interrupted":
            raise KeyboardInterrupt
        return descent


def names(params: Mapping[str, Mapping[str, Floats]]) -> Named:
    """{"layer1": {"W": ..., "b": ...}, ...} as {"W1": ..., "b1": ..., ...}."""
    return {
        f"{kind}{number}": array
        for number, layer in enumerate(params.values(), start=1)
        for kind, array in layer.items()
    }


def layered(named: Mapping[str, Floats]) -> Parameters:
    """The inverse of `names`."""
    layers = range(1, len(named) // 2 + 1)
    return {f"layer{number}": {kind: named[f"{kind}{number}"] for kind in "Wb"} for number in layers}


def to_curve(*parts: Descent) -> Curve:
    """The history of descents that continued each other, as arrays."""
    first_gradient = np.concatenate([part.gradient_norms[:, 0] for part in parts])
    return Curve(np.concatenate([part.costs for part in parts]), first_gradient)
