"""Returns, codebooks, gates, flows and attention."""

import numpy as np

from tests.corpus._case import Case, Problem, bug
from tests.corpus._formulas import _softmax


@bug(
    "temporal_difference_semi_gradient",
    "class of mistake (the target held constant)",
    "squared temporal difference",
    "stop-gradient that the function does not have",
    "the value of the next state gets no gradient",
    fidelity="synthetic",
)
def temporal_difference_semi_gradient(rng):
    r = rng.standard_normal(6)

    def vjp(target):
        def go(i, ct):
            d = 2 * ct * (i[0][:-1] - r - 0.9 * i[0][1:])
            return (np.append(d, 0) - target * 0.9 * np.insert(d, 0, 0),)

        return go

    return Problem(
        f=lambda i: np.asarray(((i[0][:-1] - r - 0.9 * i[0][1:]) ** 2).sum()),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(7),),
    )


@bug(
    "entropy_without_its_mean",
    "class of mistake (normaliser of the softmax)",
    "entropy of a softmax",
    "normaliser held constant",
    "-p (log p + 1) instead of -p (log p + H)",
    fidelity="synthetic",
)
def entropy_without_its_mean(rng):
    def vjp(fix):
        def go(i, ct):
            p = _softmax(i[0])
            h = -(p * np.log(p)).sum(-1, keepdims=True)
            return (-ct[:, None] * p * (np.log(p) + (h if fix else 1)),)

        return go

    def f(i):
        p = _softmax(i[0])
        return -(p * np.log(p)).sum(-1)

    return Problem(f=f, vjp_good=vjp(True), vjp_bad=vjp(False), inputs=(rng.standard_normal((3, 4)),))


@bug(
    "codebook_behind_a_straight_through_estimator",
    "showlab/Olaf-World#8",
    "squared distance to the nearest code",
    "detached",
    "the loss is taken after the straight-through copy: the codebook gets nothing",
    says=("zero",),
)
def codebook_behind_a_straight_through_estimator(rng):
    def vjp(keep):
        def go(i, ct):
            z, code = i
            at = ((z[:, None] - code) ** 2).sum(-1).argmin(1)
            d = 2 * ct * (z - code[at])
            out = np.zeros_like(code)
            np.subtract.at(out, at, keep * d)
            return d, out

        return go

    return Problem(
        f=lambda i: np.asarray(((i[0][:, None] - i[1]) ** 2).sum(-1).min(1).sum()),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal((8, 2)), rng.standard_normal((3, 2))),
    )


@bug(
    "commitment_pulls_the_inputs_twice",
    "andylolu2/jax-vqvae-gpt#2",
    "encoding and commitment loss",
    "gradient of another input",
    "the term of the codebook is sent to the inputs",
    fidelity="modelled",
    says=("factor", "zero"),
)
def commitment_pulls_the_inputs_twice(rng):
    at = np.array([0, 1, 1, 2, 0])

    def vjp(fix):
        def go(i, ct):
            d = 2 * ct * (i[0] - i[1][at])
            out = np.zeros_like(i[1])
            np.subtract.at(out, at, fix * d)
            return (2 - fix) * d, out

        return go

    return Problem(
        f=lambda i: np.asarray(((i[0] - i[1][at]) ** 2).sum()),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal((5, 2)), rng.standard_normal((3, 2))),
    )


@bug(
    "gate_weights_not_renormalised",
    "class of mistake (top-2 routing)",
    "mixture of two of four experts",
    "normaliser held constant",
    "the sum of the chosen gates is taken for a constant",
    fidelity="synthetic",
)
def gate_weights_not_renormalised(rng):
    y = rng.standard_normal((4, 3))

    def parts(g):
        keep = g >= np.sort(g)[-2]
        w = np.exp(g) * keep
        return w, w.sum()

    def vjp(fix):
        def go(i, ct):
            w, s = parts(i[0])
            value = y @ ct
            return (w / s * (value - fix * (w @ value) / s),)

        return go

    return Problem(
        f=lambda i: parts(i[0])[0] @ y / parts(i[0])[1],
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(4),),
    )


def _flow(i, data):
    """A planar flow: log density of the data."""
    u, w, b = i
    h = np.tanh(data @ w + b)
    z, slope = data + h[:, None] * u, (1 - h * h)
    return h, z, slope, 1 + slope * (u @ w)


@bug(
    "flow_log_determinant_sign",
    "danielward27/flowjax#208",
    "log density of a planar flow",
    "sign of one term",
    "the log-determinant enters with the other sign",
    fidelity="modelled",
)
def flow_log_determinant_sign(rng):
    data = rng.standard_normal((5, 2))

    def vjp(sign):
        def go(i, ct):
            u, w, _ = i
            h, z, slope, det = _flow(i, data)
            g_det = sign * ct / det
            g_h = -(z @ u) * ct + g_det * (u @ w) * -2 * h
            g_pre = g_h * slope
            du = -(z * (ct * h)[:, None]).sum(0) + (g_det * slope).sum() * w
            return du, data.T @ g_pre + (g_det * slope).sum() * u, g_pre.sum()

        return go

    def f(i):
        _, z, _, det = _flow(i, data)
        return -0.5 * (z * z).sum(-1) + np.log(np.abs(det))

    n = rng.standard_normal
    return Problem(
        f=f, vjp_good=vjp(1), vjp_bad=vjp(-1), inputs=(0.5 * n(2), 0.5 * n(2), np.asarray(0.3 * n()))
    )


def _heads(i, bias):
    q, k = i[:2]
    s = q @ k.T / np.sqrt(q.shape[-1]) + bias
    return _softmax(s), s


def _attention_vjp(i, ct, p, through=1.0):
    q, k, v = i[:3]
    dp = ct @ v.T
    ds = p * (dp - (dp * p).sum(-1, keepdims=True)) * through
    r = np.sqrt(q.shape[-1])
    return ds @ k / r, ds.T @ q / r, p.T @ ct, ds


def _qkv(rng, scale=1.0):
    return tuple(scale * rng.standard_normal((5, 3)) for _ in range(3))


@bug(
    "window_not_applied_when_recomputing",
    "meta-pytorch/MSLK#263",
    "attention in a sliding window",
    "mask forgotten in the backward",
    "the probabilities are computed again without window and causality",
)
def window_not_applied_when_recomputing(rng):
    gap = np.subtract.outer(np.arange(5), np.arange(5))
    bias = np.where((gap >= 0) & (gap < 3), 0.0, -np.inf)

    def vjp(mask):
        return lambda i, ct: _attention_vjp(i, ct, _heads(i, mask)[0])[:3]

    return Problem(
        f=lambda i: _heads(i, bias)[0] @ i[2], vjp_good=vjp(bias), vjp_bad=vjp(0.0), inputs=_qkv(rng)
    )


@bug(
    "soft_cap_not_differentiated",
    "class of mistake (tanh cap of the logits)",
    "attention with capped logits",
    "inner derivative",
    "the slope of the cap is 1 - 4e-4 for logits near one: a small mistake everywhere",
    fidelity="synthetic",
    mag="1e-3",
)
def soft_cap_not_differentiated(rng):
    def capped(i):
        s = _heads(i, 0.0)[1]
        t = np.tanh(s / 50)
        return _softmax(50 * t), 1 - t * t

    def vjp(fix):
        def go(i, ct):
            p, slope = capped(i)
            return _attention_vjp(i, ct, p, slope if fix else 1.0)[:3]

        return go

    return Problem(f=lambda i: capped(i)[0] @ i[2], vjp_good=vjp(True), vjp_bad=vjp(False), inputs=_qkv(rng))


@bug(
    "slope_of_the_distance_bias_signed",
    "class of mistake (distance without absolute value)",
    "attention with a linear distance bias",
    "absolute value",
    "right for causal attention, where no key lies ahead",
    fidelity="synthetic",
)
def slope_of_the_distance_bias_signed(rng):
    gap = np.subtract.outer(np.arange(5), np.arange(5)).astype(float)

    def vjp(distance):
        def go(i, ct):
            p = _heads(i, -i[3] * np.abs(gap))[0]
            *g, ds = _attention_vjp(i, ct, p)
            return *g, -(ds * distance).sum()

        return go

    return Problem(
        f=lambda i: _heads(i, -i[3] * np.abs(gap))[0] @ i[2],
        vjp_good=vjp(np.abs(gap)),
        vjp_bad=vjp(gap),
        inputs=(*_qkv(rng), np.array(0.4)),
    )


@bug(
    "equilibrium_differentiated_one_step_deep",
    "class of mistake (last iteration only)",
    "equilibrium layer",
    "iteration cut off",
    "the gradient of one application of the layer at its fixed point",
    fidelity="synthetic",
    says=("missing-term",),
)
def equilibrium_differentiated_one_step_deep(rng):
    w = 0.3 * rng.standard_normal((4, 4))

    def solve(x):
        z = np.zeros(4)
        for _ in range(200):
            z = np.tanh(w @ z + x)
        return z

    def vjp(fix):
        def go(i, ct):
            s = 1 - solve(i[0]) ** 2
            return (s * np.linalg.solve((np.eye(4) - fix * s[:, None] * w).T, ct),)

        return go

    return Problem(f=lambda i: solve(i[0]), vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(rng.standard_normal(4),))


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
