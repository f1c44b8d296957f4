"""Losses over paths and masks: CTC, transducers, random fields, overlap of segmentations."""

import numpy as np

from tests.corpus._case import Case, Problem, bug
from tests.corpus._formulas import _softmax


def _lse(*x):
    m = max(x)
    return m if m == -np.inf else m + np.log(sum(np.exp(v - m) for v in x))


def _ctc_lattice(lp, labels, blank=0):
    """log alpha and log beta (both with the emission) over the extended labels."""
    ext = [blank]
    for label in labels:
        ext += [label, blank]
    t_max, s_max = len(lp), len(ext)

    def sweep(lp, ext):
        a = np.full((t_max, s_max), -np.inf)
        a[0, 0] = lp[0, ext[0]]
        if s_max > 1:
            a[0, 1] = lp[0, ext[1]]
        for t in range(1, t_max):
            for s in range(s_max):
                skip = s > 1 and ext[s] != blank and ext[s] != ext[s - 2]
                ways = (a[t - 1, s], *([a[t - 1, s - 1]] if s else []), *([a[t - 1, s - 2]] if skip else []))
                a[t, s] = _lse(*ways) + lp[t, ext[s]]
        return a

    alpha, beta = sweep(lp, ext), sweep(lp[::-1], ext[::-1])[::-1, ::-1]
    return ext, alpha, beta, _lse(*alpha[-1, -2:])


def _ctc_posterior(lp, labels):
    ext, alpha, beta, total = _ctc_lattice(lp, labels)
    out = np.zeros_like(lp)
    for t in range(len(lp)):
        for s, k in enumerate(ext):
            out[t, k] += np.exp(alpha[t, s] + beta[t, s] - lp[t, k] - total)
    return out


def _log_softmax(z):
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


@bug(
    "ctc_gradient_of_an_impossible_sequence",
    "rwth-i6/returnn#1835",
    "CTC loss of a batch",
    "zeroed loss, gradient kept",
    "a label sequence that does not fit gets the loss 0 and the gradient softmax(logits)",
    says=("entries", "extra-term"),
)
def ctc_gradient_of_an_impossible_sequence(rng):
    labels = ((1, 2), (3, 3))
    fits = np.array([True, False])

    def f(i):
        return np.array([-_ctc_lattice(_log_softmax(i[0][0]), labels[0])[3], 0.0])

    def vjp(fix):
        def go(i, ct):
            p = _softmax(i[0])
            post = np.stack([_ctc_posterior(_log_softmax(i[0][0]), labels[0]), np.zeros_like(p[1])])
            return (ct[:, None, None] * (p - post) * (fits | (not fix))[:, None, None],)

        return go

    return Problem(f=f, vjp_good=vjp(True), vjp_bad=vjp(False), inputs=(rng.standard_normal((2, 2, 4)),))


@bug(
    "ctc_assumes_that_its_input_is_normalised",
    "pytorch/pytorch#52241",
    "CTC loss of log-probabilities",
    "the softmax of the layer before is included",
    "exp(lp) - posterior instead of -posterior",
    fidelity="modelled",
)
def ctc_assumes_that_its_input_is_normalised(rng):
    labels = (1, 1, 2)
    lp = _log_softmax(rng.standard_normal((6, 3)))
    return Problem(
        f=lambda i: np.asarray(-_ctc_lattice(i[0], labels)[3]),
        vjp_good=lambda i, ct: (-ct * _ctc_posterior(i[0], labels),),
        vjp_bad=lambda i, ct: (ct * (np.exp(i[0]) - _ctc_posterior(i[0], labels)),),
        inputs=(lp,),
    )


def _transducer(blank, label):
    """alpha, beta of a transducer: `blank` (T, U) advances the time, `label` (T, U - 1) the output."""
    t_max, u_max = blank.shape
    a = np.full((t_max, u_max), -np.inf)
    b = np.full((t_max, u_max), -np.inf)
    for t in range(t_max):
        for u in range(u_max):
            ways = [0.0] if t == u == 0 else []
            ways += [a[t - 1, u] + blank[t - 1, u]] if t else []
            ways += [a[t, u - 1] + label[t, u - 1]] if u else []
            a[t, u] = _lse(*ways)
    for t in reversed(range(t_max)):
        for u in reversed(range(u_max)):
            last = (t, u) == (t_max - 1, u_max - 1)
            ways = [blank[t, u]] if last else []
            ways += [b[t + 1, u] + blank[t, u]] if t < t_max - 1 else []
            ways += [b[t, u + 1] + label[t, u]] if u < u_max - 1 else []
            b[t, u] = _lse(*ways)
    return a, b


@bug(
    "transducer_last_blank_forgotten",
    "HawkAaron/warp-transducer#55",
    "transducer loss",
    "boundary index",
    "the blank that ends every path gets no gradient",
    fidelity="issue",
    says=("entries", "zero"),
)
def transducer_last_blank_forgotten(rng):
    def vjp(last):
        def go(i, ct):
            blank, label = i
            a, b = _transducer(blank, label)
            down = np.full_like(b, -np.inf)
            down[:-1] = b[1:]
            down[-1, -1] = last
            return (
                -ct * np.exp(a + blank + down - b[0, 0]),
                -ct * np.exp(a[:, :-1] + label + b[:, 1:] - b[0, 0]),
            )

        return go

    return Problem(
        f=lambda i: np.asarray(-_transducer(*i)[1][0, 0]),
        vjp_good=vjp(0.0),
        vjp_bad=vjp(-np.inf),
        inputs=(rng.standard_normal((4, 3)), rng.standard_normal((4, 2))),
    )


def _chain(e, trans):
    """log Z of a linear chain, its marginals and its expected transitions."""
    n, k = e.shape

    def step(row, t):
        top = row.max()
        return top + np.log(np.exp(row - top) @ np.exp(t))

    a, b = [e[0]], [np.zeros(k)]
    for t in range(1, n):
        a.append(step(a[-1], trans) + e[t])
    for t in range(n - 1, 0, -1):
        b.append(step(b[-1] + e[t], trans.T))
    a, b = np.array(a), np.array(b[::-1])
    z = _lse(*a[-1])
    pair = sum(np.exp(a[t - 1][:, None] + trans + (e[t] + b[t])[None] - z) for t in range(1, n))
    return z, np.exp(a + b - z), pair


@bug(
    "chain_field_transitions_of_the_first_step",
    "neoml-lib/neoml#70",
    "log partition function of a linear chain",
    "a step too many",
    "the transition weights get a share of the first element, which has no predecessor",
    fidelity="modelled",
)
def chain_field_transitions_of_the_first_step(rng):
    def vjp(extra):
        def go(i, ct):
            _, unary, pair = _chain(*i)
            return ct * unary, ct * (pair + extra * _softmax(np.zeros_like(pair), 0) * _softmax(i[0][0]))

        return go

    return Problem(
        f=lambda i: np.asarray(_chain(*i)[0]),
        vjp_good=vjp(0.0),
        vjp_bad=vjp(1.0),
        inputs=(rng.standard_normal((5, 3)), rng.standard_normal((3, 3))),
    )


@bug(
    "chain_field_right_boundary_masked_out",
    "keras-team/keras-contrib#508",
    "log partition function with boundary energies",
    "mask of the wrong end",
    "the right boundary energy never gets a gradient",
    fidelity="modelled",
    says=("zero",),
)
def chain_field_right_boundary_masked_out(rng):
    def unary(i):
        e = i[0].copy()
        e[0] += i[2]
        e[-1] += i[3]
        return e

    def vjp(end):
        def go(i, ct):
            _, u, pair = _chain(unary(i), i[1])
            return ct * u, ct * pair, ct * u[0], ct * end * u[-1]

        return go

    n = rng.standard_normal
    return Problem(
        f=lambda i: np.asarray(_chain(unary(i), i[1])[0]),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(n((4, 3)), n((3, 3)), n(3), n(3)),
    )


def _dice_case(rng, bad):
    t = (rng.uniform(size=8) < 0.5).astype(float)

    def parts(i):
        return (i[0] * t).sum(), i[0].sum() + t.sum()

    return Problem(
        f=lambda i: np.asarray(2 * parts(i)[0] / parts(i)[1]),
        vjp_good=lambda i, ct: (ct * 2 * (t * parts(i)[1] - parts(i)[0]) / parts(i)[1] ** 2,),
        vjp_bad=lambda i, ct: (ct * bad(t, *parts(i)),),
        inputs=(rng.uniform(0.1, 0.9, 8),),
    )


@bug(
    "dice_quotient_rule_with_plus",
    "milesial/Pytorch-UNet#35",
    "dice coefficient",
    "sign inside the quotient rule",
    "(t U + I) / U^2 instead of (t U - I) / U^2",
)
def dice_quotient_rule_with_plus(rng):
    return _dice_case(rng, lambda t, inter, union: 2 * (t * union + inter) / union**2)


@bug(
    "dice_divided_by_u_times_u",
    "milesial/Pytorch-UNet#35",
    "dice coefficient",
    "operator precedence",
    "x / U * U instead of x / (U * U)",
    says=("factor",),
)
def dice_divided_by_u_times_u(rng):
    return _dice_case(rng, lambda t, inter, union: 2 * (t * union - inter) / union * union)


@bug(
    "dice_channels_concatenated_along_the_batch",
    "mattmacy/torchbiomed#2",
    "dice of two channels",
    "concatenated along the wrong axis",
    "the gradients of the two channels are stacked as if they were examples",
    fidelity="modelled",
    says=("permuted", "transpose"),
)
def dice_channels_concatenated_along_the_batch(rng):
    t = (rng.uniform(size=4) < 0.5).astype(float)

    def slope(x):
        d = x[:, 1] - x[:, 0]
        union = (d * d).sum() + t.sum()
        return 2 * (t * union - 2 * d * (d * t).sum()) / union**2

    def f(i):
        d = i[0][:, 1] - i[0][:, 0]
        return np.asarray(2 * (d * t).sum() / ((d * d).sum() + t.sum()))

    return Problem(
        f=f,
        vjp_good=lambda i, ct: (ct * np.stack([-slope(i[0]), slope(i[0])], 1),),
        vjp_bad=lambda i, ct: (ct * np.concatenate([-slope(i[0]), slope(i[0])]).reshape(4, 2),),
        inputs=(rng.uniform(0, 1, (4, 2)),),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
