"""Softmax, kernels and losses: cross terms and cotangents."""

import numpy as np

from tests.corpus._case import Case, Problem, bug
from tests.corpus._formulas import _softmax


@bug(
    "softmax_diagonal_only",
    "wkcn/mobula#3 (4eec938), eriklindernoren/ML-From-Scratch#71",
    "softmax",
    "missing cross term",
    "ct*(y-y^2): off-diagonal Jacobian ignored",
)
def softmax_diagonal_only(rng):
    def good(i, ct):
        y = _softmax(i[0])
        return (y * (ct - (ct * y).sum(-1, keepdims=True)),)

    def bad(i, ct):
        y = _softmax(i[0])
        return (ct * (y - y * y),)

    return Problem(
        f=lambda i: _softmax(i[0]), vjp_good=good, vjp_bad=bad, inputs=(rng.standard_normal((3, 5)),)
    )


@bug(
    "log_softmax_adds_softmax",
    "mlpack/mlpack#2360",
    "log-softmax",
    "sign / missing sum",
    "ct + softmax instead of ct - softmax*sum(ct)",
    fidelity="issue",
)
def log_softmax_adds_softmax(rng):
    def f(i):
        z = i[0] - i[0].max(-1, keepdims=True)
        return z - np.log(np.exp(z).sum(-1, keepdims=True))

    return Problem(
        f=f,
        vjp_good=lambda i, ct: (ct - _softmax(i[0]) * ct.sum(-1, keepdims=True),),
        vjp_bad=lambda i, ct: (ct + _softmax(i[0]),),
        inputs=(rng.standard_normal((2, 4)),),
    )


@bug(
    "linear_kernel_asymmetric_cotangent",
    "SheffieldML/GPy@ee5a562c",
    "linear kernel K=XX' dK/dX",
    "transpose (only asymmetric cotangent)",
    "2*dL_dK@X instead of (dL_dK+dL_dK')@X: right for every symmetric cotangent, e.g. all ones",
)
def linear_kernel_asymmetric_cotangent(rng):
    return Problem(
        f=lambda i: i[0] @ i[0].T,
        vjp_good=lambda i, ct: ((ct + ct.T) @ i[0],),
        vjp_bad=lambda i, ct: (2 * ct @ i[0],),
        inputs=(rng.standard_normal((4, 3)),),
    )


@bug(
    "huber_ignores_gy",
    "chainer/chainer#1175, #1178",
    "HuberLoss",
    "cotangent ignored",
    "backward does not multiply by gy",
)
def huber_ignores_gy(rng):
    t = rng.standard_normal((4, 3))

    def f(i):
        d = i[0] - t
        a = np.abs(d)
        return np.where(a <= 1, 0.5 * d * d, a - 0.5).sum(1)

    def vjp(fix):
        def go(i, ct):
            d = i[0] - t
            return ((ct[:, None] if fix else 1.0) * np.clip(d, -1, 1),)

        return go

    return Problem(f=f, vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(2 * rng.standard_normal((4, 3)),))


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
