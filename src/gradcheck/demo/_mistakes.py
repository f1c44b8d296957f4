"""The back propagation of the notes with one line wrong: what a checker must catch.

`Backward` is section 5 of the notes for one hidden layer of tanh units and a sigmoid output, one method for
each line. A planted mistake is a subclass that overrides a single line, as the slip of a pen would.
"""

# NumPy types the result of a sum as Any; the formulas are more readable than a cast in every line.
# mypy: disable-error-code="no-any-return"

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["MISTAKES", "Backward", "Mistake"]

Floats = NDArray[np.float64]
Gradients = dict[str, Floats]


class Backward:
    """Gradients of the mean cross-entropy of tanh(W1 X + b1) -> sigmoid(W2 A1 + b2), line by line.

    Parameters
    ----------
    parameters : mapping
        ``W1`` (n1, n0), ``b1`` (n1, 1), ``W2`` (1, n1), ``b2`` (1, 1).
    X : array, shape (n0, m)
    Y : array, shape (1, m)

    Examples
    --------
    >>> one = {"W1": np.zeros((1, 1)), "b1": np.zeros((1, 1)), "W2": np.ones((1, 1)), "b2": np.zeros((1, 1))}
    >>> gradients = Backward(one, np.ones((1, 1)), np.ones((1, 1))).gradients()
    >>> {name: float(gradient[0, 0]) for name, gradient in gradients.items()}
    {'W1': -0.5, 'b1': -0.5, 'W2': 0.0, 'b2': -0.5}
    """

    def __init__(self, parameters: Mapping[str, Floats], X: Floats, Y: Floats) -> None:
        self.X, self.Y, self.m = X, Y, X.shape[1]
        self.W1, self.W2 = parameters["W1"], parameters["W2"]
        self.Z1 = self.W1 @ X + parameters["b1"]
        self.A1 = np.tanh(self.Z1)
        Z2 = self.W2 @ self.A1 + parameters["b2"]
        self.A2 = 0.5 * (1 + np.tanh(0.5 * Z2))  # the sigmoid, without the overflow of exp(-z)

    def dZ2(self) -> Floats:
        return self.A2 - self.Y

    def dW2(self) -> Floats:
        return self.dZ2() @ self.A1.T / self.m

    def db2(self) -> Floats:
        return self.dZ2().sum(axis=1, keepdims=True) / self.m

    def dZ1(self) -> Floats:
        return self.W2.T @ self.dZ2() * (1 - self.A1**2)

    def dW1(self) -> Floats:
        return self.dZ1() @ self.X.T / self.m

    def db1(self) -> Floats:
        return self.dZ1().sum(axis=1, keepdims=True) / self.m

    def gradients(self) -> Gradients:
        """All four gradients by the name of their parameter."""
        return {"W1": self.dW1(), "b1": self.db1(), "W2": self.dW2(), "b2": self.db2()}


class Mistake(Backward):
    """A `Backward` with one line wrong, and what is to be expected of the checker.

    Attributes
    ----------
    title : str
    right, wrong : str
        The line as the notes have it, and as it is planted.
    inputs : tuple of str
        The gradients that the mistake spoils: exactly these must be found.
    code : str
        ``value``, or ``shape`` where the spoiled gradient no longer fits its parameter.
    square : bool
        Planted in a network with as many hidden units as features, where a transposed gradient fits.
    """

    title: ClassVar[str]
    right: ClassVar[str]
    wrong: ClassVar[str]
    inputs: ClassVar[tuple[str, ...]]
    code: ClassVar[str] = "value"
    square: ClassVar[bool] = False


class MeanForgotten(Mistake):
    title = "1/m forgotten in dW1"
    right, wrong = "dW1 = (1/m) dZ1 X^T", "dW1 = dZ1 X^T"
    inputs = ("W1",)

    def dW1(self) -> Floats:
        return self.dZ1() @ self.X.T


class Transposed(Mistake):
    title = "dW1 transposed"
    right, wrong = "dW1 = (1/m) dZ1 X^T", "dW1 = (1/m) X dZ1^T"
    inputs = ("W1",)
    code = "shape"

    def dW1(self) -> Floats:
        return self.X @ self.dZ1().T / self.m


class TransposedSquare(Transposed):
    title = "dW1 transposed, W1 square"
    code = "value"
    square = True


class TransposedReshaped(Mistake):
    title = "dW1 transposed, reshaped"
    right, wrong = "dW1 = (1/m) dZ1 X^T", "dW1 = ((1/m) X dZ1^T).reshape(n1, n0)"
    inputs = ("W1",)

    def dW1(self) -> Floats:
        return (self.X @ self.dZ1().T / self.m).reshape(self.W1.shape)


class SignFlipped(Mistake):
    title = "sign of dZ2"
    right, wrong = "dZ2 = A2 - Y", "dZ2 = Y - A2"
    inputs = ("W1", "b1", "W2", "b2")

    def dZ2(self) -> Floats:
        return self.Y - self.A2


class DerivativeOfZ(Mistake):
    title = "1 - a² written with z"
    right, wrong = "dZ1 = W2^T dZ2 * (1 - A1²)", "dZ1 = W2^T dZ2 * (1 - Z1²)"
    inputs = ("W1", "b1")

    def dZ1(self) -> Floats:
        return self.W2.T @ self.dZ2() * (1 - self.Z1**2)


class DerivativeLeftOut(Mistake):
    title = "g1'(Z1) left out"
    right, wrong = "dZ1 = W2^T dZ2 * (1 - A1²)", "dZ1 = W2^T dZ2"
    inputs = ("W1", "b1")

    def dZ1(self) -> Floats:
        return self.W2.T @ self.dZ2()


class KeepdimsLost(Mistake):
    title = "keepdims lost in db1"
    right = "db1 = (1/m) sum(dZ1, axis=1, keepdims=True)"
    wrong = "db1 = (1/m) sum(dZ1, axis=1), so that b1 - alpha db1 broadcasts to (n1, n1)"
    inputs = ("b1",)
    code = "shape"

    def db1(self) -> Floats:
        return self.dZ1().sum(axis=1) / self.m


class BiasNotSummed(Mistake):
    title = "db1 of one example only"
    right, wrong = "db1 = (1/m) sum(dZ1, axis=1, keepdims=True)", "db1 = dZ1[:, :1]"
    inputs = ("b1",)

    def db1(self) -> Floats:
        return self.dZ1()[:, :1]


class UpdatedWeights(Mistake):
    title = "W2 of after the update"
    right, wrong = "dZ1 = W2^T dZ2 * g1'(Z1)", "dZ1 = (W2 - alpha dW2)^T dZ2 * g1'(Z1)"
    inputs = ("W1", "b1")
    rate: ClassVar[float] = 0.1

    def dZ1(self) -> Floats:
        updated = self.W2 - self.rate * self.dW2()
        return updated.T @ self.dZ2() * (1 - self.A1**2)


class OneLess(Mistake):
    title = "1/(m - 1) for 1/m in dW2"
    right, wrong = "dW2 = (1/m) dZ2 A1^T", "dW2 = (1/(m - 1)) dZ2 A1^T"
    inputs = ("W2",)

    def dW2(self) -> Floats:
        return self.dZ2() @ self.A1.T / (self.m - 1)


class WeightDecay(Mistake):
    title = "L2 term the cost lacks"
    right, wrong = "dW1 = (1/m) dZ1 X^T", "dW1 = (1/m) dZ1 X^T + 0.001 W1"
    inputs = ("W1",)

    def dW1(self) -> Floats:
        return self.dZ1() @ self.X.T / self.m + 0.001 * self.W1


MISTAKES: tuple[type[Mistake], ...] = (
    MeanForgotten,
    OneLess,
    Transposed,
    TransposedSquare,
    TransposedReshaped,
    SignFlipped,
    DerivativeOfZ,
    DerivativeLeftOut,
    KeepdimsLost,
    BiasNotSummed,
    UpdatedWeights,
    WeightDecay,
)
