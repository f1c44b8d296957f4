"""Bugs of objectives that people write themselves: boosting losses, weighted losses, weights, cotangents."""

import numpy as np

from tests.corpus._case import Case, Problem, bug
from tests.corpus._formulas import _sig, _softmax


@bug(
    "fair_loss_of_the_other_difference",
    "dmlc/xgboost#3037",
    "Fair loss of prediction and label",
    "sign",
    "derivative by (label - prediction) returned as that by the prediction",
    says=("sign",),
)
def fair_loss_of_the_other_difference(rng):
    y = rng.standard_normal(6)

    def vjp(sign):
        return lambda i, ct: (ct * sign * (y - i[0]) / (np.abs(y - i[0]) + 1),)

    return Problem(
        f=lambda i: np.abs(y - i[0]) - np.log1p(np.abs(y - i[0])),
        vjp_good=vjp(-1),
        vjp_bad=vjp(1),
        inputs=(rng.standard_normal(6),),
    )


@bug(
    "logarithmic_error_divided_by_the_label",
    "dmlc/xgboost#4402",
    "root mean squared logarithmic error",
    "wrong variable",
    "the inner derivative is 1 / (1 + label) instead of 1 / (1 + prediction)",
)
def logarithmic_error_divided_by_the_label(rng):
    y, x = rng.uniform(0.5, 5, 6), rng.uniform(0.5, 5, 6)

    def loss(p):
        return np.sqrt(np.mean((np.log1p(p) - np.log1p(y)) ** 2))

    def vjp(own):
        def go(i, ct):
            inner = 1 + (i[0] if own else y)
            return (ct * (np.log1p(i[0]) - np.log1p(y)) / inner / (6 * loss(i[0])),)

        return go

    return Problem(f=lambda i: np.asarray(loss(i[0])), vjp_good=vjp(True), vjp_bad=vjp(False), inputs=(x,))


@bug(
    "symmetric_percentage_error_with_a_stray_epsilon",
    "lightgbm-org/LightGBM#2156",
    "|p - y| / (p + y + eps)",
    "constant",
    "2 y + eps with eps = 1e-4 where the function has another",
    fidelity="issue",
)
def symmetric_percentage_error(rng):
    y, x = rng.uniform(0.5, 5, 6), rng.uniform(0.5, 5, 6)

    def vjp(eps):
        def go(i, ct):
            return (ct * np.sign(i[0] - y) * (2 * y + eps) / (i[0] + y + 1e-9) ** 2,)

        return go

    return Problem(
        f=lambda i: np.abs(i[0] - y) / (i[0] + y + 1e-9), vjp_good=vjp(1e-9), vjp_bad=vjp(1e-4), inputs=(x,)
    )


@bug(
    "huber_gradient_by_the_error_not_the_prediction",
    "dmlc/xgboost#2602",
    "Huber loss of label - prediction",
    "sign",
    "sign of the inner difference lost in both branches",
    says=("sign",),
)
def huber_gradient_by_the_error(rng):
    y = rng.standard_normal(6)

    def vjp(sign):
        return lambda i, ct: (ct * sign * np.clip(y - i[0], -1, 1),)

    def loss(i):
        e = np.abs(y - i[0])
        return np.where(e > 1, e - 0.5, 0.5 * e * e)

    return Problem(f=loss, vjp_good=vjp(-1), vjp_bad=vjp(1), inputs=(3 * rng.standard_normal(6),))


@bug(
    "focal_objective_without_the_sigmoid",
    "lightgbm-org/LightGBM#2052",
    "focal loss of raw scores",
    "missing chain rule",
    "derivative by the probability returned as that by the score",
    fidelity="issue",
)
def focal_objective_without_the_sigmoid(rng):
    y = rng.integers(0, 2, 8).astype(float)

    def vjp(inner):
        def go(i, ct):
            p = _sig(i[0])
            one = -0.5 * (2 * p - 2) * np.log(p) - 0.5 * (1 - p) ** 2 / p
            zero = 0.5 * p**2 / (1 - p) - p * np.log(1 - p)
            return (ct * np.where(y == 1, one, zero) * (p * (1 - p)) ** inner,)

        return go

    def loss(i):
        p = _sig(i[0])
        return -0.5 * np.where(y == 1, (1 - p) ** 2 * np.log(p), p**2 * np.log(1 - p))

    return Problem(f=loss, vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(rng.standard_normal(8),))


@bug(
    "weights_of_the_forward_pass_only",
    "rbgirshick/fast-rcnn#134",
    "smooth L1 of weighted differences",
    "missing factor",
    "the weights enter the loss, not its gradient",
)
def weights_of_the_forward_pass_only(rng):
    w, y = rng.uniform(0.2, 3, (4, 3)), rng.standard_normal((4, 3))

    def vjp(power):
        return lambda i, ct: (ct * w**power * np.clip(w * (i[0] - y), -1, 1) / 4,)

    def loss(i):
        e = np.abs(w * (i[0] - y))
        return np.asarray(np.where(e < 1, 0.5 * e * e, e - 0.5).sum() / 4)

    return Problem(f=loss, vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(rng.standard_normal((4, 3)),))


@bug(
    "class_weight_applied_to_the_first_columns",
    "shicai/Weighted_Softmax_Loss#1",
    "weighted softmax loss over pixels",
    "wrong extent",
    "the loop scales `dim` entries from the start where it should scale the channels of its own pixel",
    fidelity="modelled",
)
def class_weight_applied_to_the_first_columns(rng):
    y, w = rng.integers(0, 3, (2, 4)), rng.uniform(0.5, 3, (2, 4))
    hot = np.moveaxis(np.eye(3)[y], -1, 1)

    def good(i, ct):
        return (ct * (_softmax(i[0], 1) - hot) * w[:, None],)

    def bad(i, ct):
        d = (_softmax(i[0], 1) - hot).reshape(2, 12)
        for n in range(2):
            for k in range(4):
                d[n, k : k + 4] *= w[n, k]
        return (ct * d.reshape(2, 3, 4),)

    def loss(i):
        return np.asarray(-(w * np.log((_softmax(i[0], 1) * hot).sum(1))).sum())

    return Problem(f=loss, vjp_good=good, vjp_bad=bad, inputs=(rng.standard_normal((2, 3, 4)),))


@bug(
    "loss_of_weight_zero_leaves_its_value_behind",
    "BVLC/caffe#2895",
    "softmax loss with a loss weight",
    "special cotangent (zero)",
    "with a zero cotangent the buffer still holds the probabilities, not a gradient of zero",
    fidelity="issue",
    says=("nonlinear",),
)
def loss_of_weight_zero_leaves_its_value_behind(rng):
    y = np.eye(4)[rng.integers(0, 4, 5)]

    def good(i, ct):
        return (ct[:, None] * (_softmax(i[0]) - y),)

    def bad(i, ct):
        return (np.where((ct == 0)[:, None], _softmax(i[0]) * y, good(i, ct)[0]),)

    x = rng.standard_normal((5, 4))
    return Problem(
        f=lambda i: -np.log((_softmax(i[0]) * y).sum(1)),
        vjp_good=good,
        vjp_bad=bad,
        inputs=(x,),
    )


@bug(
    "total_score_ignores_the_cotangent",
    "k2-fsa/k2#341",
    "log of the summed weight of all paths",
    "ignored cotangent",
    "the posterior is returned without the gradient of the output",
    says=("ignores-cotangent", "nonlinear", "factor"),
)
def total_score_ignores_the_cotangent(rng):
    def total(x):
        return np.log(np.exp(x).sum(1))

    return Problem(
        f=lambda i: total(i[0]),
        vjp_good=lambda i, ct: (ct[:, None] * _softmax(i[0]),),
        vjp_bad=lambda i, ct: (_softmax(i[0]),),
        inputs=(rng.standard_normal((3, 5)),),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
