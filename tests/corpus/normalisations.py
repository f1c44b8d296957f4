"""Norms and normalisations: which statistics are constants, where the weight goes, what happens at 0."""

import numpy as np

from tests.corpus._case import Case, Problem, bug
from tests.corpus._formulas import _bn, _bn_vjp


@bug(
    "batchnorm_eval_with_the_training_formula",
    "pytorch/xla#913, apache/mxnet#9580, soumith/cudnn.torch#244",
    "batch normalisation in evaluation mode",
    "constants differentiated",
    "running statistics are constants, the backward pass differentiates them as those of the batch",
    fidelity="issue",
)
def batchnorm_eval_with_the_training_formula(rng):
    mu, var = rng.standard_normal(3), rng.uniform(0.5, 2, 3)
    r = 1 / np.sqrt(var + 1e-5)

    def good(i, ct):
        return ct * i[1] * r, (ct * (i[0] - mu) * r).sum(0), ct.sum(0)

    def bad(i, ct):
        _, gg, gb = good(i, ct)
        d, xh = ct * i[1], (i[0] - mu) * r
        return r * (d - d.mean(0) - xh * (d * xh).mean(0)), gg, gb

    return Problem(
        f=lambda i: (i[0] - mu) * r * i[1] + i[2],
        vjp_good=good,
        vjp_bad=bad,
        inputs=(rng.standard_normal((5, 3)), rng.uniform(0.5, 2, 3), rng.standard_normal(3)),
    )


def _rms(x):
    r = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6)
    return x * r, r


def _rms_vjp(i, ct, weight_in_dx=True):
    xh, r = _rms(i[0])
    d = ct * i[1] if weight_in_dx else ct
    return r * (d - xh * (d * xh).mean(-1, keepdims=True)), (ct * xh).sum(0)


@bug(
    "rmsnorm_weight_not_in_dx",
    "karpathy/llm.c#763 (review by azret)",
    "RMS normalisation",
    "missing factor (only weight != 1)",
    "the input's gradient is taken before the weight is multiplied in",
    generic=False,
    fidelity="issue",
)
def rmsnorm_weight_not_in_dx(rng):
    x = rng.standard_normal((3, 5))
    return Problem(
        f=lambda i: _rms(i[0])[0] * i[1],
        vjp_good=_rms_vjp,
        vjp_bad=lambda i, ct: _rms_vjp(i, ct, False),
        inputs=(x, np.ones(5)),
        special_inputs=(x, rng.uniform(0.5, 2, 5)),
    )


@bug(
    "rmsnorm_weight_gets_none",
    "unslothai/unsloth#4533",
    "RMS normalisation",
    "dead gradient",
    "the kernel returns None for the weight",
    says=("zero", "missing"),
)
def rmsnorm_weight_gets_none(rng):
    return Problem(
        f=lambda i: _rms(i[0])[0] * i[1],
        vjp_good=_rms_vjp,
        vjp_bad=lambda i, ct: (_rms_vjp(i, ct)[0], None),
        inputs=(rng.standard_normal((3, 5)), np.ones(5)),
    )


@bug(
    "prenorm_residual_normalised_too",
    "Dao-AILab/quack#53",
    "residual stream and its RMS norm",
    "wrong order of accumulation",
    "the gradient of the residual stream is added before the norm's backward, not after",
)
def prenorm_residual_normalised_too(rng):
    one = np.ones(4)

    def f(i):
        s = i[0] + i[1]
        return np.concatenate([s, _rms(s)[0]])

    def vjp(fix):
        def go(i, ct):
            s = i[0] + i[1]
            dres, dout = ct[: len(s)], ct[len(s) :]
            g = dres + _rms_vjp((s, one), dout)[0] if fix else _rms_vjp((s, one), dres + dout)[0]
            return g, g.copy()

        return go

    n = rng.standard_normal
    return Problem(f=f, vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(n((3, 4)), n((3, 4))))


@bug(
    "groupnorm_weight_of_the_wrong_channel",
    "pytorch/pytorch#140913",
    "group normalisation, channels last",
    "wrong statistics (layout)",
    "the weight's gradient takes the statistics of interleaved groups",
    fidelity="modelled",
)
def groupnorm_weight_of_the_wrong_channel(rng):
    n, h, c, g = 2, 5, 4, 2

    def hat(x, blocked=True):
        axes = (n, h, g, c // g) if blocked else (n, h, c // g, g)
        over = (1, 3) if blocked else (1, 2)
        y = x.reshape(axes)
        mu = y.mean(over, keepdims=True)
        r = 1 / np.sqrt(((y - mu) ** 2).mean(over, keepdims=True) + 1e-5)
        return (y - mu) * r, r

    def dx(i, ct):
        xh, r = hat(i[0])
        d = (ct * i[1]).reshape(xh.shape)
        m = (1, 3)
        return (r * (d - d.mean(m, keepdims=True) - xh * (d * xh).mean(m, keepdims=True))).reshape(ct.shape)

    def vjp(blocked):
        return lambda i, ct: (dx(i, ct), (ct * hat(i[0], blocked)[0].reshape(ct.shape)).sum((0, 1)))

    return Problem(
        f=lambda i: hat(i[0])[0].reshape(n, h, c) * i[1],
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(rng.standard_normal((n, h, c)), rng.uniform(0.5, 2, c)),
    )


@bug(
    "l2_normalise_below_epsilon",
    "class of mistake (x / sqrt(max(sum x^2, eps)) below eps)",
    "L2 normalisation",
    "wrong branch at a special point",
    "below epsilon the norm is a constant, the projection is subtracted all the same",
    generic=False,
    fidelity="synthetic",
)
def l2_normalise_below_epsilon(rng):
    eps = 1e-6

    def vjp(fix):
        def go(i, ct):
            x = i[0]
            q = np.sum(x * x)
            s = 1 / np.sqrt(max(q, eps))
            return (s * ct - (0 if fix and q < eps else s**3 * x * np.sum(ct * x)),)

        return go

    return Problem(
        f=lambda i: i[0] / np.sqrt(max(np.sum(i[0] ** 2), eps)),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(4),),
        special_inputs=(5e-4 * np.array([1.0, -0.5, 0.3, 0.7]),),
    )


@bug(
    "inf_norm_gradient_zero",
    "tenstorrent/tt-metal#56248",
    "infinity norm of rows",
    "dead gradient",
    "the infinite order falls into the power formula and comes out as 0",
    fidelity="issue",
    says=("zero",),
)
def inf_norm_gradient_zero(rng):
    def good(i, ct):
        top = np.abs(i[0]) == np.abs(i[0]).max(1, keepdims=True)
        return (ct[:, None] * np.sign(i[0]) * top / top.sum(1, keepdims=True),)

    return Problem(
        f=lambda i: np.abs(i[0]).max(1),
        vjp_good=good,
        vjp_bad=lambda i, ct: (np.zeros_like(i[0]),),
        inputs=(rng.standard_normal((3, 4)),),
    )


@bug(
    "row_norm_of_a_zero_row",
    "tenstorrent/tt-metal#55585, pytorch/pytorch#2421",
    "Euclidean norm of rows",
    "special point (zero slice) -> NaN",
    "x / |x| in a row of zeros, where 0 is a subgradient",
    generic=False,
    fidelity="issue",
    says=("nonfinite",),
)
def row_norm_of_a_zero_row(rng):
    def vjp(fix):
        def go(i, ct):
            n = np.linalg.norm(i[0], axis=1, keepdims=True)
            with np.errstate(all="ignore"):
                g = ct[:, None] * i[0] / n
            return (np.where(n == 0, 0.0, g) if fix else g,)

        return go

    return Problem(
        f=lambda i: np.linalg.norm(i[0], axis=1),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal((2, 3)),),
        special_inputs=(np.array([[0.0, 0, 0], [1, 2, 2]]),),
    )


@bug(
    "batchnorm_mean_of_cotangent_forgotten",
    "class of mistake (the shortest form of the batch norm backward with a term missing)",
    "batch normalisation",
    "missing term",
    "the mean of the cotangent is not subtracted",
    fidelity="synthetic",
)
def batchnorm_mean_of_cotangent_forgotten(rng):
    def bad(i, ct):
        xh, iv = _bn(*i)
        d = ct * i[1]
        return iv * (d - xh * (d * xh).mean(0)), (ct * xh).sum(0), ct.sum(0)

    return Problem(
        f=lambda i: _bn(*i)[0] * i[1] + i[2],
        vjp_good=_bn_vjp,
        vjp_bad=bad,
        inputs=(rng.standard_normal((6, 3)), rng.uniform(0.5, 2, 3), rng.standard_normal(3)),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
