"""Recurrence, attention and gates: masks, states, shared weights and shared buffers."""

import numpy as np

from tests.corpus._case import Case, Problem, bug
from tests.corpus._formulas import _sig, _softmax


@bug(
    "swiglu_gradients_swapped",
    "unslothai/unsloth#3314",
    "SwiGLU",
    "swapped gradients",
    "the two buffers are stored in each other's place",
    fidelity="issue",
    says=("wrong-input",),
)
def swiglu_gradients_swapped(rng):
    def good(i, ct):
        s = _sig(i[0])
        return ct * i[1] * s * (1 + i[0] * (1 - s)), ct * i[0] * s

    n = rng.standard_normal
    return Problem(
        f=lambda i: i[0] * _sig(i[0]) * i[1],
        vjp_good=good,
        vjp_bad=lambda i, ct: good(i, ct)[::-1],
        inputs=(n((2, 4)), n((2, 4))),
    )


def _rnn(i, xs):
    h = [np.zeros(len(i[1]))]
    for x in xs:
        h.append(np.tanh(i[0] @ x + i[1] @ h[-1]))
    return h


@bug(
    "recurrent_gradient_zeroed",
    "ooples/AiDotNet#722 (review)",
    "recurrent network",
    "truncated to one step",
    "the gradient through the hidden state is set to 0 at every step",
    fidelity="modelled",
)
def recurrent_gradient_zeroed(rng):
    xs = rng.standard_normal((4, 2))

    def vjp(fix):
        def go(i, ct):
            h, gx, gh = _rnn(i, xs), np.zeros_like(i[0]), np.zeros_like(i[1])
            d = np.zeros(3)
            for t in range(3, -1, -1):
                d = (d + ct[t]) * (1 - h[t + 1] ** 2)
                gx += np.outer(d, xs[t])
                gh += np.outer(d, h[t])
                d = i[1].T @ d if fix else np.zeros(3)
            return gx, gh

        return go

    return Problem(
        f=lambda i: np.array(_rnn(i, xs)[1:]),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal((3, 2)), 0.5 * rng.standard_normal((3, 3))),
    )


@bug(
    "zoneout_mask_of_the_first_step",
    "lmnt-com/haste#43",
    "recurrent network with zoneout",
    "wrong mask",
    "the mask of the first step serves all steps of the backward pass",
    fidelity="issue",
)
def zoneout_mask_of_the_first_step(rng):
    x, keep = rng.standard_normal((3, 4)), np.array([[1.0, 0, 1, 1], [0, 1, 1, 0], [1, 1, 0, 1]])

    def run(w):
        h = [np.zeros(4)]
        for t in range(3):
            h.append(keep[t] * np.tanh(x[t] + w * h[-1]) + (1 - keep[t]) * h[-1])
        return h

    def vjp(fix):
        def go(i, ct):
            h, d, g = run(i[0]), ct.copy(), np.zeros(4)
            for t in range(2, -1, -1):
                m = keep[t if fix else 0]
                s = m * d * (1 - np.tanh(x[t] + i[0] * h[t]) ** 2)
                g += s * h[t]
                d = s * i[0] + (1 - m) * d
            return (g,)

        return go

    return Problem(
        f=lambda i: run(i[0])[-1], vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(rng.standard_normal(4),)
    )


@bug(
    "lstm_peepholes_exchanged",
    "tensorflow/tensorflow#34171",
    "LSTM cell with peepholes, previous cell state",
    "swapped weights",
    "the peephole weights of input and forget gate are exchanged in the backward pass",
    fidelity="modelled",
)
def lstm_peepholes_exchanged(rng):
    zi, zf, g = rng.standard_normal((3, 4))

    def gates(i):
        return _sig(zi + i[1] * i[0]), _sig(zf + i[2] * i[0])

    def vjp(fix):
        def go(i, ct):
            c, wi, wf = i
            a, b = gates(i)
            di, df = ct * g * a * (1 - a), ct * c * b * (1 - b)
            return ct * b + di * (wi if fix else wf) + df * (wf if fix else wi), di * c, df * c

        return go

    n = rng.standard_normal
    return Problem(
        f=lambda i: gates(i)[1] * i[0] + gates(i)[0] * g,
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(n(4), n(4), n(4)),
    )


def _attention(i, mask):
    p = _softmax(i[0] @ i[1].T / np.sqrt(i[0].shape[1]))
    return p, (p * mask) @ i[2]


def _attention_vjp(i, ct, mask, scale=None, weights=None):
    q, k, v = i
    p, _ = _attention(i, mask)
    dp = ct @ v.T * (mask if scale is None else (mask > 0) * scale)
    w = p if weights is None else weights(p)
    ds = w * (dp - (dp * w).sum(1, keepdims=True)) / np.sqrt(q.shape[1])
    return ds @ k, ds.T @ q, (p * mask).T @ ct


def _attention_case(rng, **wrong):
    mask = (rng.random((3, 4)) < 0.7) / 0.7
    n = rng.standard_normal
    return Problem(
        f=lambda i: _attention(i, mask)[1],
        vjp_good=lambda i, ct: _attention_vjp(i, ct, mask),
        vjp_bad=lambda i, ct: _attention_vjp(
            i, ct, mask, **{k: (v(mask) if k == "weights" else v) for k, v in wrong.items()}
        ),
        inputs=(n((3, 2)), n((4, 2)), n((4, 2))),
    )


@bug(
    "attention_dropout_scaled_by_p",
    "NVIDIA/apex#816",
    "attention with dropout",
    "wrong factor",
    "the backward pass scales the mask by p, not by 1 / (1 - p)",
    says=("factor",),
)
def attention_dropout_scaled_by_p(rng):
    return _attention_case(rng, scale=0.3)


@bug(
    "attention_softmax_after_dropout",
    "aws-neuron/nki-samples#81",
    "attention with dropout",
    "wrong operand",
    "the softmax backward uses the weights after dropout",
    fidelity="issue",
)
def attention_softmax_after_dropout(rng):
    return _attention_case(rng, weights=lambda mask: lambda p: p * mask)


@bug(
    "masked_row_softmax_is_nan",
    "pytorch/pytorch#31829",
    "softmax of masked scores, an empty row set to 0",
    "-inf minus -inf -> NaN",
    "a row whose scores are all masked gets NaN, the output is the constant 0",
    fidelity="modelled",
    says=("nonfinite",),
)
def masked_row_softmax_is_nan(rng):
    mask = np.array([[True, True, False], [False, False, False], [True, False, True]])
    none = ~mask.any(1, keepdims=True)

    def soft(x):
        return np.where(mask, _softmax(np.where(none, 0.0, np.where(mask, x, -np.inf))), 0.0)

    def vjp(fix):
        def go(i, ct):
            p = soft(i[0])
            g = p * (ct - (ct * p).sum(1, keepdims=True))
            return (g if fix else np.where(none, np.nan, g),)

        return go

    return Problem(
        f=lambda i: soft(i[0]), vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(rng.standard_normal((3, 3)),)
    )


@bug(
    "bidirectional_cotangent_overwritten",
    "apache/mxnet#18203",
    "two directions that share a cotangent",
    "in-place write",
    "the first direction's result is written over the cotangent that the second still needs",
    fidelity="modelled",
    says=("mutates-cotangent",),
)
def bidirectional_cotangent_overwritten(rng):
    def bad(i, ct):
        ct *= i[1]
        return ct.copy(), ct * i[0]

    n = rng.standard_normal
    return Problem(
        f=lambda i: i[0] * i[1],
        vjp_good=lambda i, ct: (ct * i[1], ct * i[0]),
        vjp_bad=bad,
        inputs=(n(4), n(4)),
    )


@bug(
    "rotary_embedding_rotated_twice",
    "class of mistake (rotary embedding)",
    "rotation of pairs",
    "sign of the angle",
    "the backward pass rotates forward instead of back",
    fidelity="synthetic",
)
def rotary_embedding_rotated_twice(rng):
    a = rng.uniform(0.3, 1.2, 3)

    def turn(x, s):
        c, d = np.cos(a), s * np.sin(a)
        return np.stack([c * x[:, 0] - d * x[:, 1], d * x[:, 0] + c * x[:, 1]], 1)

    return Problem(
        f=lambda i: turn(i[0], 1),
        vjp_good=lambda i, ct: (turn(ct, -1),),
        vjp_bad=lambda i, ct: (turn(ct, 1),),
        inputs=(rng.standard_normal((3, 2)),),
    )


@bug(
    "tied_autoencoder_decoder_only",
    "ynd/cae.py#4",
    "autoencoder with tied weights",
    "missing path (weight used twice)",
    "the encoder's use of the weight is forgotten",
    fidelity="modelled",
)
def tied_autoencoder_decoder_only(rng):
    x = rng.standard_normal((5, 4))

    def vjp(fix):
        def go(i, ct):
            h = np.tanh(x @ i[0])
            d = 2 * ct * (h @ i[0].T - x)
            return (d.T @ h + (x.T @ ((d @ i[0]) * (1 - h * h)) if fix else 0),)

        return go

    return Problem(
        f=lambda i: np.asarray(np.sum((np.tanh(x @ i[0]) @ i[0].T - x) ** 2)),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal((4, 3)),),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
