"""Wrong at special points only, or right to a few digits only."""

import numpy as np

from tests.corpus._case import Case, Problem, bug
from tests.corpus._formulas import _dark_f, _dark_vjp, _excl_prod, _gelu_erf, _gelu_erf_d, _gelu_tanh_d, _sig


@bug(
    "prod_double_backward_two_zeros",
    "pytorch/pytorch#106789",
    "second derivative of prod",
    "second order (special point)",
    "with two or more zeros the double backward is declared 0",
    generic=False,
    fidelity="issue",
)
def prod_double_backward_two_zeros(rng):
    def vjp(fix):
        def go(i, ct):
            x = i[0]
            if not fix and np.sum(x == 0) >= 2:
                return (np.zeros_like(x),)
            n = len(x)
            H = np.array(
                [[0.0 if a == b else np.prod(np.delete(x, [a, b])) for b in range(n)] for a in range(n)]
            )
            return (H @ ct,)

        return go

    return Problem(
        f=lambda i: _excl_prod(i[0]),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.uniform(0.5, 2, 4),),
        special_inputs=(np.array([2.0, 3.0, 0.0, 0.0]),),
    )


@bug(
    "exp_neg_norm_sq_at_zero",
    "HIPS/autograd#183, jax-ml/jax#4177",
    "exp(-||x||^2) via norm",
    "special point (norm at 0) -> NaN",
    "x/||x|| = 0/0 inside a function that is smooth at 0",
    generic=False,
    fidelity="issue",
)
def exp_neg_norm_sq_at_zero(rng):
    def bad(i, ct):
        n = np.linalg.norm(i[0])
        with np.errstate(all="ignore"):
            return (ct * -2 * n * np.exp(-n * n) * (i[0] / n),)

    return Problem(
        f=lambda i: np.asarray(np.exp(-np.sum(i[0] ** 2))),
        vjp_good=lambda i, ct: (-2 * ct * i[0] * np.exp(-np.sum(i[0] ** 2)),),
        vjp_bad=bad,
        inputs=(0.5 * rng.standard_normal(3),),
        special_inputs=(np.zeros(3),),
    )


@bug(
    "atan2_at_y_zero",
    "coin-or/CppAD#120",
    "atan2",
    "special point (zero) -> wrong 0",
    "d/dy returns 0 instead of 1/x when y == 0",
    generic=False,
    fidelity="issue",
)
def atan2_at_y_zero(rng):
    def vjp(fix):
        def go(i, ct):
            y, x = i
            r = x * x + y * y
            gy = ct * x / r
            return (gy if fix else np.where(y == 0, 0.0, gy)), -ct * y / r

        return go

    return Problem(
        f=lambda i: np.arctan2(i[0], i[1]),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(3), rng.uniform(0.5, 2, 3)),
        special_inputs=(np.array([0.0, 0.4]), np.array([1.0, 2.0])),
    )


@bug(
    "softplus_at_origin",
    "FluxML/NNlib.jl#671 (36292db), jax-ml/jax#2107",
    "softplus = log1p(exp(-|x|))+relu(x)",
    "special point (kinks that should cancel)",
    "derivative at 0 is 0 instead of 1/2",
    generic=False,
    fidelity="modelled",
)
def softplus_at_origin(rng):
    return Problem(
        f=lambda i: np.logaddexp(0, i[0]),
        vjp_good=lambda i, ct: (ct * _sig(i[0]),),
        vjp_bad=lambda i, ct: (ct * np.where(i[0] == 0, 0.0, _sig(i[0])),),
        inputs=(rng.standard_normal(5),),
        special_inputs=(np.array([-1.0, 0.0, 2.0]),),
    )


@bug(
    "gelu_erf_forward_tanh_backward",
    "class of mistake; cf. tenstorrent/tt-metal#49498 review (tanh kernel checked against exact GELU)",
    "GELU",
    "approximated function",
    "forward exact (erf), backward is the derivative of the tanh approximation",
    fidelity="synthetic",
    mag="1e-4",
)
def gelu_erf_forward_tanh_backward(rng):
    return Problem(
        f=lambda i: _gelu_erf(i[0]),
        vjp_good=lambda i, ct: (ct * _gelu_erf_d(i[0]),),
        vjp_bad=lambda i, ct: (ct * _gelu_tanh_d(i[0]),),
        inputs=(rng.standard_normal(8),),
    )


@bug(
    "darknet_bn_unbiased_variance",
    "pjreddie/darknet#1723 (blas.c vs batchnorm_layer.c)",
    "BatchNorm",
    "unbiased vs biased variance",
    "forward variance divides by N-1, backward by N (N=64); eps also differs",
    mag="1e-4",
)
def darknet_bn_unbiased_variance(rng):
    return Problem(
        f=_dark_f,
        vjp_good=_dark_vjp("good"),
        vjp_bad=_dark_vjp("full"),
        inputs=(rng.standard_normal((64, 2)),),
    )


@bug(
    "standardize_eps_in_dvar",
    "chainer/chainer@06fee7326d",
    "_standardize (weight standardisation)",
    "epsilon misplaced",
    "dvar = dstd*0.5/(sqrt(var)+eps) instead of 0.5/sqrt(var), eps=1e-5",
    mag="1e-5",
)
def standardize_eps_in_dvar(rng):
    eps = 1e-5

    def vjp(fix):
        def go(i, ct):
            x = i[0]
            xm = x - x.mean(-1, keepdims=True)
            s = np.sqrt((xm**2).mean(-1, keepdims=True))
            r = 1 / (s + eps)
            ds = -(ct * xm).sum(-1, keepdims=True) * r * r
            dv = ds * 0.5 / (s if fix else s + eps)
            g = ct * r + dv * 2 * xm / x.shape[-1]
            return (g - g.mean(-1, keepdims=True),)

        return go

    def f(i):
        xm = i[0] - i[0].mean(-1, keepdims=True)
        return xm / (np.sqrt((xm**2).mean(-1, keepdims=True)) + eps)

    return Problem(f=f, vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(rng.standard_normal((3, 8)),))


@bug(
    "float32_backward_in_float64_op",
    "class of mistake (kernel computes in float32)",
    "dense layer backward",
    "dtype / precision loss",
    "gradient evaluated in float32: relative error ~1e-7",
    fidelity="synthetic",
    mag="1e-7",
)
def float32_backward_in_float64_op(rng):
    f4 = np.float32
    return Problem(
        f=lambda i: np.tanh(i[0] @ i[1]),
        vjp_good=lambda i, ct: (
            (ct * (1 - np.tanh(i[0] @ i[1]) ** 2)) @ i[1].T,
            i[0].T @ (ct * (1 - np.tanh(i[0] @ i[1]) ** 2)),
        ),
        vjp_bad=lambda i, ct: tuple(
            g.astype(float)
            for g in (lambda d: (d @ i[1].T.astype(f4), i[0].T.astype(f4) @ d))(
                (ct * (1 - np.tanh(i[0] @ i[1]) ** 2)).astype(f4)
            )
        ),
        inputs=(rng.standard_normal((4, 6)), rng.standard_normal((6, 3))),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
