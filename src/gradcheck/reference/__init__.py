"""The notes' forward and back propagation in NumPy: activations, losses, networks, gradient descent.

It imports nothing of the rest of the package: the oracle and its subject share no code. `loops` is the same
network once more, as plain loops over examples and units straight from the scalar formulas.
"""

from . import loops
from ._activations import (
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Tanh,
    identity,
    leaky_relu,
    relu,
    sigmoid,
    tanh,
)
from ._base import Activation, FromOutput, Saturation
from ._descent import Descent, Epoch, gradient_descent, step
from ._initialise import he, small_normal, xavier, zeros
from ._losses import (
    BinaryCrossEntropy,
    Loss,
    SoftmaxCrossEntropy,
    SquaredError,
    binary_cross_entropy,
    softmax_cross_entropy,
    squared_error,
)
from ._network import Cache, Network, Parameters, flatten, unflatten
from ._smooth import ELU, GELU, GELUTanh, SiLU, Softplus, elu, gelu, gelu_tanh, silu, softplus
from ._softmax import Softmax, softmax

ACTIVATIONS = (sigmoid, tanh, relu, leaky_relu, identity, softplus, elu, silu, gelu, gelu_tanh)
"""The elementwise activations, in the order of the notes, for trying them all."""

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "Activation",
    "BinaryCrossEntropy",
    "Cache",
    "Descent",
    "Epoch",
    "FromOutput",
    "GELUTanh",
    "Identity",
    "LeakyReLU",
    "Loss",
    "Network",
    "Parameters",
    "ReLU",
    "Saturation",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "SoftmaxCrossEntropy",
    "Softplus",
    "SquaredError",
    "Tanh",
    "binary_cross_entropy",
    "elu",
    "flatten",
    "gelu",
    "gelu_tanh",
    "gradient_descent",
    "he",
    "identity",
    "leaky_relu",
    "loops",
    "relu",
    "sigmoid",
    "silu",
    "small_normal",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "squared_error",
    "step",
    "tanh",
    "unflatten",
    "xavier",
    "zeros",
]
