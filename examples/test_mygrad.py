"""MyGrad: back propagation through tensors, as claims."""

import mygrad as mg
from mygrad.nnet.activations import relu

from gradcheck.conformance import Activation, Layer, Tags, parametrize_with_checks


def elementwise(f):
    def forward(z):
        tensor = mg.tensor(z)
        out = f(tensor)
        return out.data.copy(), (tensor, out)

    def backward(cotangent, cache):
        tensor, out = cache
        out.backward(cotangent)
        return tensor.grad.copy()

    return forward, backward


def dense_forward(params, x):
    tensors = {name: mg.tensor(value) for name, value in params.items()}
    inputs = mg.tensor(x)
    out = mg.matmul(inputs, tensors["W"]) + tensors["b"]
    return out.data.copy(), (tensors, inputs, out)


def dense_backward(cotangent, cache):
    tensors, inputs, out = cache
    out.backward(cotangent)
    return {name: tensor.grad.copy() for name, tensor in tensors.items()}, inputs.grad.copy()


SUBJECTS = [
    Activation("tanh", *elementwise(mg.tanh)),
    Activation("relu", *elementwise(relu), tags=Tags(kinks=True)),
    Layer("dense", dense_forward, dense_backward, {"W": (4, 3), "b": (3,)}, shape=(4,)),
]


@parametrize_with_checks(SUBJECTS)
def test_conformance(subject, check):
    check(subject)
