"""Correct gradients that are hard to judge."""

import numpy as np

from tests.corpus._case import Case, Problem, control
from tests.corpus._formulas import _sig, _softmax, elem


@control("abs_entry_1e-8_from_kink", "kink nearby", "|x| with x=1e-8 and -1e-8")
def abs_entry_1e_8_from_kink(rng):
    return elem(np.abs, np.sign, [1e-8, -1e-8, 0.5], lambda mp, v: abs(v))


@control(
    "max_tie_first",
    "at a kink, convention",
    "max of [1,1,0.5] with all gradient to the first maximum (torch/caffe convention)",
    truth="subdifferential",
)
def max_tie_first(rng):
    def good(i, ct):
        g = np.zeros_like(i[0])
        g[np.argmax(i[0])] = ct
        return (g,)

    return Problem(
        f=lambda i: np.asarray(i[0].max()), vjp_good=good, vjp_bad=None, inputs=(np.array([1.0, 1.0, 0.5]),)
    )


@control("median_near_tie", "kink nearby (selection)", "median selection with neighbours 1e-8 apart")
def median_near_tie(rng):
    def good(i, ct):
        g = np.zeros_like(i[0])
        g[np.argsort(i[0])[2]] = ct
        return (g,)

    return Problem(
        f=lambda i: np.asarray(np.sort(i[0])[2]),
        vjp_good=good,
        vjp_bad=None,
        inputs=(np.array([0.3, 0.3 + 1e-8, 0.3 - 1e-8, 2.0, -1.0]),),
        mp=lambda mp, i: [sorted(i[0])[2]],
    )


@control("inputs_scaled_1e-8", "bad scaling", "sin(1e8 x) at x ~ 1e-8 (metres vs nanometres)")
def inputs_scaled_1e_8(rng):
    return elem(
        lambda x: np.sin(1e8 * x),
        lambda x: 1e8 * np.cos(1e8 * x),
        [1e-8, 0.5e-8, -2e-8],
        lambda mp, v: mp.sin(10**8 * v),
    )


@control("inputs_scaled_1e8", "bad scaling", "1e8*sin(x/1e8) at x ~ 1e8")
def inputs_scaled_1e8(rng):
    return elem(
        lambda x: 1e8 * np.sin(x / 1e8),
        lambda x: np.cos(x / 1e8),
        [1e8, 0.5e8, -2e8],
        lambda mp, v: 10**8 * mp.sin(v / 10**8),
    )


@control("inputs_mixed_scales", "bad scaling", "sum of log over inputs 1e-8, 1, 1e8")
def inputs_mixed_scales(rng):
    return Problem(
        f=lambda i: np.asarray(np.sum(np.log(i[0]))),
        vjp_good=lambda i, ct: (ct / i[0],),
        vjp_bad=None,
        inputs=(np.array([1e-8, 1.0, 1e8]),),
        mp=lambda mp, i: [sum(mp.log(v) for v in i[0])],
    )


@control("sigmoid_saturated", "saturation", "sigmoid at +-20, +-35: derivative 2e-9 .. 6e-16")
def sigmoid_saturated(rng):
    return elem(
        _sig,
        lambda x: _sig(x) * _sig(-x),
        [20.0, -20.0, 35.0, -35.0, 0.3],
        lambda mp, v: 1 / (1 + mp.exp(-v)),
    )


@control("tanh_saturated", "saturation", "tanh at 12, 18: derivative 1e-10 .. 1e-15")
def tanh_saturated(rng):
    return elem(np.tanh, lambda x: 1 / np.cosh(x) ** 2, [12.0, -18.0, 0.4], lambda mp, v: mp.tanh(v))


@control(
    "float32_softmax_xent",
    "float32 arithmetic",
    "mean softmax cross-entropy computed in float32 behind a float64 interface",
)
def float32_softmax_xent(rng):
    y = rng.integers(0, 5, 8)

    def loss(z):
        m = z.max(1, keepdims=True)
        return np.mean(np.log(np.exp(z - m).sum(1)) + m[:, 0] - z[np.arange(8), y])

    return Problem(
        f=lambda i: np.asarray(float(loss(i[0].astype(np.float32)))),
        vjp_good=lambda i, ct: (ct * (_softmax(i[0], 1) - np.eye(5)[y]) / 8,),
        vjp_bad=None,
        inputs=(rng.standard_normal((8, 5)),),
        ideal=lambda i: np.asarray(loss(i[0])),
    )


@control("logsumexp_offset_1e6", "large offset", "log-sum-exp with all inputs near 1e6")
def logsumexp_offset_1e6(rng):
    z = 1e6 + rng.standard_normal(4)

    def f(i):
        m = i[0].max()
        return np.asarray(m + np.log(np.exp(i[0] - m).sum()))

    return Problem(
        f=f,
        vjp_good=lambda i, ct: (ct * _softmax(i[0]),),
        vjp_bad=None,
        inputs=(z,),
        mp=lambda mp, i: [i[0][0] + mp.log(sum(mp.exp(v - i[0][0]) for v in i[0]))],
    )


@control("log_domain_edge", "domain edge", "log at 1e-10")
def log_domain_edge(rng):
    return elem(np.log, lambda x: 1 / x, [1e-10, 1e-8, 0.5], lambda mp, v: mp.log(v))


@control("sqrt_domain_edge", "domain edge", "sqrt at 1e-12")
def sqrt_domain_edge(rng):
    return elem(np.sqrt, lambda x: 0.5 / np.sqrt(x), [1e-12, 1e-6, 0.5], lambda mp, v: mp.sqrt(v))


@control("quadratic_at_minimum", "gradient exactly zero", "0.5 x'Ax - b'x at its minimiser")
def quadratic_at_minimum(rng):
    B = rng.standard_normal((5, 5))
    A = B @ B.T + np.eye(5)
    b = rng.standard_normal(5)
    return Problem(
        f=lambda i: np.asarray(0.5 * i[0] @ A @ i[0] - b @ i[0]),
        vjp_good=lambda i, ct: (ct * (A @ i[0] - b),),
        vjp_bad=None,
        inputs=(np.linalg.solve(A, b),),
    )


@control(
    "eigenvalue_near_degenerate",
    "strong curvature",
    "smallest eigenvalue of a symmetric matrix with a 1e-5 gap",
)
def eigenvalue_near_degenerate(rng):
    Q, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    A = Q @ np.diag([1.0, 1.0 + 1e-5, 2.0, 3.0]) @ Q.T

    def f(i):
        return np.asarray(np.linalg.eigvalsh(0.5 * (i[0] + i[0].T))[0])

    def good(i, ct):
        v = np.linalg.eigh(0.5 * (i[0] + i[0].T))[1][:, 0]
        return (ct * np.outer(v, v),)

    return Problem(f=f, vjp_good=good, vjp_bad=None, inputs=(A,))


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
