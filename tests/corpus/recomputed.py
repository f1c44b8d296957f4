"""Bugs of attention, resampling and normalisation, where the backward recomputes what the forward did."""

import numpy as np

from tests.corpus._case import Case, Problem, bug
from tests.corpus._formulas import _softmax


@bug(
    "window_sized_for_the_other_convention",
    "flagos-ai/FlagGems#5218",
    "linear upsampling 2 -> 10, corners aligned",
    "dropped terms",
    "the gather scans a window sized for the other convention: the farthest contributions are lost",
    says=("unknown", "entries", "factor", "missing-term"),
)
def window_sized_for_the_other_convention(rng):
    pos = np.arange(10) / 9.0
    w = np.maximum(1 - np.abs(pos[:, None] - np.arange(2)), 0)
    cut = np.where(w <= 1 / 9 + 1e-9, 0, w)
    return Problem(
        f=lambda i: w @ i[0],
        vjp_good=lambda i, ct: (w.T @ ct,),
        vjp_bad=lambda i, ct: (cut.T @ ct,),
        inputs=(rng.standard_normal((2, 3)),),
    )


@bug(
    "output_column_from_the_height",
    "intel/torch-xpu-ops#4380",
    "nearest-cell upsampling of a portrait image",
    "wrong extent",
    "the output column is computed with the height: right for square images",
    fidelity="modelled",
)
def output_column_from_the_height(rng):
    h, w = 4, 3

    def good(i, ct):
        return (ct.reshape(h, 2, w, 2).sum((1, 3)),)

    def bad(i, ct):
        shifted = np.roll(ct, h - w, 1)
        return (shifted.reshape(h, 2, w, 2).sum((1, 3)),)

    return Problem(
        f=lambda i: np.repeat(np.repeat(i[0], 2, 0), 2, 1),
        vjp_good=good,
        vjp_bad=bad,
        inputs=(rng.standard_normal((h, w)),),
    )


@bug(
    "sink_left_out_of_the_denominator",
    "NVIDIA/cudnn-frontend#421",
    "attention with a learnt sink in its denominator",
    "missing term",
    "the backward rebuilds the probabilities without the sink and gives the sink no gradient",
)
def sink_left_out_of_the_denominator(rng):
    v = rng.standard_normal((5, 3))

    def probabilities(s, sink):
        return _softmax(np.concatenate([s, np.broadcast_to(sink, (4, 1))], 1))[:, :-1]

    def good(i, ct):
        p = probabilities(*i)
        d = ct @ v.T
        m = (d * p).sum(1, keepdims=True)
        return p * (d - m), np.asarray(-(m * (1 - p.sum(1, keepdims=True))).sum())

    def bad(i, ct):
        p = _softmax(i[0])
        d = ct @ v.T
        return p * (d - (d * p).sum(1, keepdims=True)), np.asarray(0.0)

    return Problem(
        f=lambda i: probabilities(*i) @ v,
        vjp_good=good,
        vjp_bad=bad,
        inputs=(rng.standard_normal((4, 5)), np.asarray(0.3)),
    )


def _causal(queries, keys, shift):
    return np.arange(keys) <= np.arange(queries)[:, None] + shift


@bug(
    "causal_mask_aligned_to_the_other_corner",
    "xlite-dev/ffpa-attn#300",
    "causal attention of 3 queries over 5 keys",
    "wrong alignment",
    "forward masks from the bottom right corner, backward from the top left",
)
def causal_mask_aligned_to_the_other_corner(rng):
    def run(i, shift):
        s = np.where(_causal(3, 5, shift), i[0] @ i[1].T, -np.inf)
        return _softmax(s)

    def vjp(shift):
        def go(i, ct):
            q, k, v = i
            p = run(i, shift)
            d = ct @ v.T
            ds = p * (d - (d * p).sum(1, keepdims=True))
            return ds @ k, ds.T @ q, p.T @ ct

        return go

    return Problem(
        f=lambda i: run(i, 2) @ i[2],
        vjp_good=vjp(2),
        vjp_bad=vjp(0),
        inputs=tuple(rng.standard_normal(s) for s in ((3, 4), (5, 4), (5, 2))),
    )


@bug(
    "padding_taken_for_tokens",
    "hao-ai-lab/FastVideo#925",
    "attention over a padded block",
    "mask missing in the backward",
    "the backward recomputes the probabilities with the padded keys unmasked",
)
def padding_taken_for_tokens(rng):
    def vjp(valid):
        def go(i, ct):
            q, k, v = i
            s = q @ k.T
            top = s[:, :3].max(1, keepdims=True)
            weight = np.exp(np.minimum(s - top, 700))
            p = weight * (np.arange(5) < valid) / weight[:, :3].sum(1, keepdims=True)
            d = ct @ v.T
            ds = p * (d - (d * p).sum(1, keepdims=True))
            return ds @ k, ds.T @ q, p.T @ ct

        return go

    return Problem(
        f=lambda i: _softmax((i[0] @ i[1].T)[:, :3]) @ i[2][:3],
        vjp_good=vjp(3),
        vjp_bad=vjp(5),
        inputs=tuple(rng.standard_normal(s) for s in ((4, 3), (5, 3), (5, 2))),
    )


@bug(
    "batch_mean_corrected_twice",
    "apache/mxnet#1053",
    "batch normalisation",
    "superfluous term",
    "the gradient of the mean gets a second term of size 1 / m^2",
    fidelity="issue",
)
def batch_mean_corrected_twice(rng):
    def vjp(extra):
        def go(i, ct):
            c = i[0] - i[0].mean(0)
            r = 1 / np.sqrt((c * c).mean(0) + 1e-5)
            d = ct - ct.mean(0) - c * r * r * (ct * c).mean(0)
            return (r * (d + extra * (ct * c).sum(0) * r / 64),)

        return go

    def forward(i):
        c = i[0] - i[0].mean(0)
        return c / np.sqrt((c * c).mean(0) + 1e-5)

    return Problem(f=forward, vjp_good=vjp(0), vjp_bad=vjp(1), inputs=(rng.standard_normal((8, 3)),))


@bug(
    "variance_detached",
    "abhiskk/ladder#2",
    "batch normalisation",
    "missing term",
    "the variance is cut off from the graph",
    says=("missing-term",),
    fidelity="issue",
)
def variance_detached(rng):
    def vjp(through):
        def go(i, ct):
            c = i[0] - i[0].mean(0)
            r = 1 / np.sqrt((c * c).mean(0) + 1e-5)
            return (r * (ct - ct.mean(0) - through * c * r * r * (ct * c).mean(0)),)

        return go

    def forward(i):
        c = i[0] - i[0].mean(0)
        return c / np.sqrt((c * c).mean(0) + 1e-5)

    return Problem(f=forward, vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(rng.standard_normal((8, 3)),))


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
