"""HIPS autograd: its derivatives of a layer, a loss and a network, as claims."""

from pathlib import Path

import autograd.numpy as anp
from autograd import make_vjp, value_and_grad

from gradcheck.conformance import Activation, Layer, Loss, Network, parametrize_with_checks


def pair(f):
    """forward and backward of `f` by reverse mode; the cache is the pullback itself."""

    def forward(*inputs):
        pullback, out = make_vjp(lambda args: f(*args))(tuple(inputs))
        return out, pullback

    def backward(cotangent, pullback):
        return pullback(cotangent)

    return forward, backward


def first_only(f):
    """The same for a loss, whose target gets no gradient."""

    def forward(prediction, target):
        pullback, out = make_vjp(lambda p: f(p, target))(prediction)
        return out, pullback

    return forward, lambda cotangent, pullback: pullback(cotangent)


def dense(params, x):
    return anp.dot(x, params["W"]) + params["b"]


def squared(prediction, target):
    return 0.5 * anp.mean(anp.sum((prediction - target) ** 2, axis=1))


def cost_and_gradients(params, X, Y, hidden):
    g = {"tanh": anp.tanh, "identity": lambda z: 1.0 * z}[hidden]

    def cost(params):
        A, layers = X, list(params.values())
        for layer in layers[:-1]:
            A = g(anp.dot(layer["W"], A) + layer["b"])
        z = anp.dot(layers[-1]["W"], A) + layers[-1]["b"]
        return anp.mean(anp.logaddexp(0.0, z) - Y * z)

    return value_and_grad(cost)(params)


SUBJECTS = [
    Activation("tanh", *pair(anp.tanh)),
    Layer("dense", *pair(dense), {"W": (4, 3), "b": (3,)}, shape=(4,)),
    Loss("squared", *first_only(squared)),
    Network("autograd", cost_and_gradients, hidden=("tanh", "identity")),
]


@parametrize_with_checks(SUBJECTS, expected_failures=Path(__file__).with_name("autograd_known.toml"))
def test_conformance(subject, check):
    check(subject)
