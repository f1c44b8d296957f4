"""Losses: what is averaged over what, which samples count, and what is held constant."""

import numpy as np

from tests.corpus._case import Case, Problem, bug
from tests.corpus._formulas import _sig, _softmax


@bug(
    "squared_difference_returns_its_inputs",
    "SciSharp/TensorFlow.NET#787",
    "squared difference",
    "ignores the cotangent",
    "the backward pass returns x and y themselves, whatever comes in",
    fidelity="issue",
    says=("ignores-cotangent",),
)
def squared_difference_returns_its_inputs(rng):
    return Problem(
        f=lambda i: (i[0] - i[1]) ** 2,
        vjp_good=lambda i, ct: (2 * ct * (i[0] - i[1]), -2 * ct * (i[0] - i[1])),
        vjp_bad=lambda i, ct: (i[0].copy(), i[1].copy()),
        inputs=(rng.standard_normal(4), rng.standard_normal(4)),
    )


@bug(
    "label_smoothing_of_ignored_rows",
    "pytorch/pytorch#73205",
    "cross-entropy with ignore_index and label smoothing",
    "masked samples leak",
    "the uniform part of the smoothed loss also reaches the ignored samples",
    fidelity="modelled",
    says=("entries", "extra-term"),
)
def label_smoothing_of_ignored_rows(rng):
    n, k, a = 6, 4, 0.2
    y, keep = rng.integers(0, k, n), np.array([1.0, 1, 0, 1, 0, 1])[:, None]
    target = (1 - a) * np.eye(k)[y] + a / k

    def f(i):
        z = i[0] - i[0].max(1, keepdims=True)
        logp = z - np.log(np.exp(z).sum(1, keepdims=True))
        return np.asarray(-np.sum(keep * target * logp) / keep.sum())

    def vjp(fix):
        def go(i, ct):
            p = _softmax(i[0])
            leak = 0 if fix else (1 - keep) * a * (p - 1 / k)
            return (ct * (keep * (p - target) + leak) / keep.sum(),)

        return go

    return Problem(f=f, vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(rng.standard_normal((n, k)),))


@bug(
    "weighted_nll_divided_by_the_count",
    "pytorch/pytorch#69511 (review)",
    "class-weighted negative log-likelihood, mean",
    "wrong denominator",
    "forward divides by the sum of the weights, backward by the number of samples",
    fidelity="modelled",
    says=("factor",),
)
def weighted_nll_divided_by_the_count(rng):
    n, k = 7, 3
    y, w = rng.integers(0, k, n), np.array([0.2, 1.0, 2.5])

    def vjp(fix):
        def go(i, ct):
            g = np.zeros((n, k))
            g[np.arange(n), y] = -w[y]
            return (ct * g / (w[y].sum() if fix else n),)

        return go

    return Problem(
        f=lambda i: np.asarray(-np.sum(w[y] * i[0][np.arange(n), y]) / w[y].sum()),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(np.log(_softmax(rng.standard_normal((n, k)))),),
    )


@bug(
    "smooth_l1_without_beta",
    "keras-team/keras-cv#920, pytorch/pytorch#17447 (review)",
    "smooth L1 loss with beta = 0.5",
    "missing factor in one branch",
    "the quadratic branch has slope r, not r / beta",
    fidelity="modelled",
    says=("factor", "entries"),
)
def smooth_l1_without_beta(rng):
    beta, r = 0.5, np.array([0.1, -0.3, 0.45, 1.2, -2.0, -0.05])

    def f(i):
        a = np.abs(i[0])
        return np.where(a < beta, 0.5 * a * a / beta, a - 0.5 * beta)

    def vjp(b):
        return lambda i, ct: (ct * np.where(np.abs(i[0]) < beta, i[0] / b, np.sign(i[0])),)

    return Problem(f=f, vjp_good=vjp(beta), vjp_bad=vjp(1.0), inputs=(r,))


@bug(
    "focal_loss_pt_held_constant",
    "clcarwin/focal_loss_pytorch#5",
    "focal loss",
    "path cut (detached factor)",
    "(1 - p)^gamma is treated as a constant weight",
    fidelity="issue",
)
def focal_loss_pt_held_constant(rng):
    gamma = 2.0

    def vjp(fix):
        def go(i, ct):
            p = _sig(i[0])
            cut = gamma * (1 - p) ** (gamma - 1) * np.log(p) * p * (1 - p)
            return (ct * (-((1 - p) ** gamma) * (1 - p) + (cut if fix else 0)),)

        return go

    return Problem(
        f=lambda i: -((1 - _sig(i[0])) ** gamma) * np.log(_sig(i[0])),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(5),),
    )


@bug(
    "cosine_similarity_norm_held_constant",
    "tyandzx/caffe#3",
    "cosine similarity of rows",
    "path cut (norm)",
    "b / (|a| |b|) alone: the norm of a is not differentiated",
    fidelity="modelled",
)
def cosine_similarity_norm_held_constant(rng):
    def parts(i):
        na, nb = (np.linalg.norm(x, axis=1, keepdims=True) for x in i)
        return i[0] / na, i[1] / nb, na, nb

    def f(i):
        a, b, _, _ = parts(i)
        return (a * b).sum(1)

    def vjp(fix):
        def go(i, ct):
            a, b, na, nb = parts(i)
            c, s = ct[:, None], f(i)[:, None]
            return c * (b - fix * s * a) / na, c * (a - fix * s * b) / nb

        return go

    n = rng.standard_normal
    return Problem(f=f, vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(n((3, 4)), n((3, 4))))


@bug(
    "triplet_inactive_rows_pushed",
    "luhaofang/tripletloss#56 (discussion of the margin)",
    "triplet margin loss",
    "mask lost",
    "triplets that satisfy the margin still get a gradient",
    fidelity="modelled",
)
def triplet_inactive_rows_pushed(rng):
    a, p = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
    far = a + np.array([[0.5], [6.0], [0.4], [7.0]]) * np.ones(3)

    def hinge(i):
        return ((i[0] - i[1]) ** 2).sum(1) - ((i[0] - i[2]) ** 2).sum(1) + 1.0

    def vjp(fix):
        def go(i, ct):
            on = (2 * ct * (hinge(i) > 0) if fix else 2 * ct * np.ones(4))[:, None]
            return on * (i[2] - i[1]), on * (i[1] - i[0]), on * (i[0] - i[2])

        return go

    return Problem(f=lambda i: np.maximum(0, hinge(i)), vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(a, p, far))


@bug(
    "output_sigmoid_not_differentiated",
    "Bot-Academy/NeuralNetworkFromScratch#3",
    "two-layer network, squared error",
    "missing factor (activation)",
    "the error is not multiplied by the slope of the output sigmoid",
    fidelity="issue",
)
def output_sigmoid_not_differentiated(rng):
    X, Y = rng.standard_normal((5, 3)), rng.uniform(0, 1, (5, 2))

    def fw(i):
        h = _sig(X @ i[0])
        return h, _sig(h @ i[1])

    def vjp(fix):
        def go(i, ct):
            h, o = fw(i)
            d = 2 * ct * (o - Y) * (o * (1 - o) if fix else 1)
            return X.T @ (d @ i[1].T * h * (1 - h)), h.T @ d

        return go

    n = rng.standard_normal
    return Problem(
        f=lambda i: np.asarray(((fw(i)[1] - Y) ** 2).sum()),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(n((3, 4)), n((4, 2))),
    )


@bug(
    "single_neuron_1_over_n",
    "Open-Deep-ML/DML-OpenProblem#54",
    "one sigmoid neuron, mean squared error",
    "missing factor 2",
    "1/n where the mean of squares gives 2/n",
    fidelity="issue",
    says=("factor",),
)
def single_neuron_1_over_n(rng):
    X, y = rng.standard_normal((6, 3)), rng.uniform(0, 1, 6)

    def vjp(k):
        def go(i, ct):
            p = _sig(X @ i[0] + i[1])
            d = ct * k / 6 * (p - y) * p * (1 - p)
            return X.T @ d, np.asarray(d.sum())

        return go

    return Problem(
        f=lambda i: np.asarray(np.mean((_sig(X @ i[0] + i[1]) - y) ** 2)),
        vjp_good=vjp(2),
        vjp_bad=vjp(1),
        inputs=(rng.standard_normal(3), np.asarray(0.1)),
    )


@bug(
    "kl_log_target_product_rule",
    "class of mistake (KL divergence with log_target=True)",
    "exp(t) (t - x)",
    "missing term (product rule)",
    "the gradient of the target forgets the derivative of t itself",
    fidelity="synthetic",
)
def kl_log_target_product_rule(rng):
    def vjp(one):
        return lambda i, ct: (-ct * np.exp(i[1]), ct * np.exp(i[1]) * (i[1] - i[0] + one))

    x, t = (np.log(_softmax(rng.standard_normal((3, 4)))) for _ in range(2))
    return Problem(
        f=lambda i: np.exp(i[1]) * (i[1] - i[0]), vjp_good=vjp(1.0), vjp_bad=vjp(0.0), inputs=(x, t)
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
