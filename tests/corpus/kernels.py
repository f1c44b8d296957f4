"""Bugs of activations and recurrent cells."""

import numpy as np

from tests.corpus._case import Case, Problem, bug
from tests.corpus._formulas import _sig


@bug(
    "softsign_slope_from_the_output",
    "apache/mxnet#10868",
    "softsign",
    "output for input",
    "1 / (1 + |y|)^2 with the output y where the input x belongs",
)
def softsign_slope_from_the_output(rng):
    def vjp(from_output):
        def go(i, ct):
            z = i[0] / (1 + np.abs(i[0])) if from_output else i[0]
            return (ct / (1 + np.abs(z)) ** 2,)

        return go

    return Problem(
        f=lambda i: i[0] / (1 + np.abs(i[0])),
        vjp_good=vjp(False),
        vjp_bad=vjp(True),
        inputs=(2 * rng.standard_normal((2, 4)),),
    )


@bug(
    "mish_slope_from_the_output",
    "mlpack/mlpack#3478",
    "mish",
    "output for input",
    "the derivative formula in x is called with the output of the layer",
    fidelity="issue",
)
def mish_slope_from_the_output(rng):
    def value(x):
        return x * np.tanh(np.logaddexp(0, x))

    def slope(x):
        t = np.tanh(np.logaddexp(0, x))
        return t + x * (1 - t * t) * _sig(x)

    return Problem(
        f=lambda i: value(i[0]),
        vjp_good=lambda i, ct: (ct * slope(i[0]),),
        vjp_bad=lambda i, ct: (ct * slope(value(i[0])),),
        inputs=(2 * rng.standard_normal(6),),
    )


@bug(
    "softplus_slope_without_its_sharpness",
    "NVlabs/tiny-cuda-nn#130",
    "softplus log(1 + exp(k x)) / k, k = 10",
    "output for input",
    "the slope is taken as exp(k y) / (exp(k y) + 1) of the output y",
    fidelity="modelled",
)
def softplus_slope_without_its_sharpness(rng):
    def value(x):
        return np.logaddexp(0, 10 * x) / 10

    return Problem(
        f=lambda i: value(i[0]),
        vjp_good=lambda i, ct: (ct * _sig(10 * i[0]),),
        vjp_bad=lambda i, ct: (ct * _sig(10 * value(i[0])),),
        inputs=(0.2 * rng.standard_normal(6),),
    )


@bug(
    "one_derivative_for_every_activation",
    "ttezel/nn#8",
    "two layers: ReLU, then identity",
    "wrong function",
    "the slope of the sigmoid, y (1 - y), is used whatever the activation is",
    fidelity="issue",
)
def one_derivative_for_every_activation(rng):
    x = rng.standard_normal((5, 3))

    def vjp(fix):
        def go(i, ct):
            h = np.maximum(x @ i[0], 0)
            y = h @ i[1]
            d = ct if fix else ct * y * (1 - y)
            e = (d @ i[1].T) * ((h > 0) if fix else h * (1 - h))
            return x.T @ e, h.T @ d

        return go

    return Problem(
        f=lambda i: np.maximum(x @ i[0], 0) @ i[1],
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(rng.standard_normal((3, 4)), rng.standard_normal((4, 2))),
    )


@bug(
    "state_gradient_stops_after_one_step",
    "qixianbiao/RNN#2",
    "tanh network over five steps",
    "truncated chain",
    "the gradient of the state is not handed to the step before",
    fidelity="issue",
)
def state_gradient_stops_after_one_step(rng):
    x = rng.standard_normal((5, 3))

    def states(i):
        hs = [np.zeros(4)]
        for row in x:
            hs.append(np.tanh(i[0] @ row + i[1] @ hs[-1]))
        return hs

    def vjp(hand_on):
        def go(i, ct):
            hs, dw, du, dh = states(i), np.zeros((4, 3)), np.zeros((4, 4)), np.zeros(4)
            for t in range(4, -1, -1):
                dz = (ct[t] + hand_on * dh) * (1 - hs[t + 1] ** 2)
                dw, du, dh = dw + np.outer(dz, x[t]), du + np.outer(dz, hs[t]), i[1].T @ dz
            return dw, du

        return go

    return Problem(
        f=lambda i: np.array(states(i)[1:]),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal((4, 3)), 0.5 * rng.standard_normal((4, 4))),
    )


@bug(
    "candidate_of_the_cell_by_the_wrong_tanh",
    "jinzishuai/learn2deeplearn#44",
    "one LSTM step",
    "misprinted formula",
    "the candidate's slope is 1 - tanh(c~)^2 of a value that already went through tanh",
    fidelity="issue",
)
def candidate_of_the_cell_by_the_wrong_tanh(rng):
    def vjp(fix):
        def go(i, ct):
            z, c = i
            a, f, g, o = z
            a, f, g, o = _sig(a), _sig(f), np.tanh(g), _sig(o)
            new = f * c + a * g
            dc = ct * o * (1 - np.tanh(new) ** 2)
            dg = dc * a * (1 - (g if fix else np.tanh(g)) ** 2)
            do = ct * np.tanh(new) * o * (1 - o)
            return np.stack([dc * g * a * (1 - a), dc * c * f * (1 - f), dg, do]), dc * f

        return go

    def forward(i):
        a, f, g, o = i[0]
        return _sig(o) * np.tanh(_sig(f) * i[1] + _sig(a) * np.tanh(g))

    return Problem(
        f=forward,
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(rng.standard_normal((4, 3)), rng.standard_normal(3)),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
