"""Convolution, pooling, padding and interpolation."""

import numpy as np

from tests.corpus._case import Case, Problem, bug


@bug(
    "transposed_conv_ignores_its_stride",
    "pytorch/pytorch#63314",
    "transposed convolution, stride 2",
    "stride forgotten",
    "the input's gradient reads the cotangent without stride",
    fidelity="issue",
)
def transposed_conv_ignores_its_stride(rng):
    n, k, s = 3, 2, 2

    def f(i):
        y = np.zeros((n - 1) * s + k)
        for p in range(n):
            y[p * s : p * s + k] += i[0][p] * i[1]
        return y

    def vjp(t):
        def go(i, ct):
            gx = np.array([ct[p * t : p * t + k] @ i[1] for p in range(n)])
            return gx, sum(i[0][p] * ct[p * s : p * s + k] for p in range(n))

        return go

    return Problem(
        f=f, vjp_good=vjp(s), vjp_bad=vjp(1), inputs=(rng.standard_normal(n), rng.standard_normal(k))
    )


def _strided(s, d, k, out):
    return s * np.arange(out)[:, None] + d * np.arange(k)


@bug(
    "conv_weight_stride_and_dilation_swapped",
    "iree-org/iree-turbine#1223, huggingface/candle#2337",
    "weight gradient of a dilated convolution",
    "swapped settings",
    "stride and dilation change places: hidden where they are equal",
    fidelity="modelled",
)
def conv_weight_stride_and_dilation_swapped(rng):
    k, out = 3, 3
    right, wrong = _strided(1, 2, k, out), _strided(2, 1, k, out)

    def vjp(at):
        def go(i, ct):
            gx = np.zeros_like(i[0])
            np.add.at(gx, right, ct[:, None] * i[1])
            return gx, ct @ i[0][at]

        return go

    return Problem(
        f=lambda i: i[0][right] @ i[1],
        vjp_good=vjp(right),
        vjp_bad=vjp(wrong),
        inputs=(rng.standard_normal(7), rng.standard_normal(k)),
    )


@bug(
    "conv_depth_index_of_the_output",
    "NervanaSystems/neon#111",
    "convolution over depth, input gradient",
    "wrong index",
    "the gradient is written at the output's depth, not at the input's",
    fidelity="modelled",
)
def conv_depth_index_of_the_output(rng):
    k = 2

    def f(i):
        return np.stack([sum(i[0][m + a] * i[1][a] for a in range(k)) for m in range(3)])

    def vjp(fix):
        def go(i, ct):
            g = np.zeros_like(i[0])
            for m in range(3):
                for a in range(k):
                    g[m + a if fix else m] += ct[m] * i[1][a]
            return g, np.array([sum(np.sum(ct[m] * i[0][m + a]) for m in range(3)) for a in range(k)])

        return go

    return Problem(
        f=f, vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(rng.standard_normal((4, 2)), rng.standard_normal(k))
    )


@bug(
    "avgpool_ceil_mode_divisor",
    "tracel-ai/burn#5604, pytorch/pytorch#198119",
    "average pooling with ceil_mode",
    "wrong divisor at the edge",
    "the overhanging last window divides by the whole kernel",
    fidelity="issue",
    says=("entries", "missing-sum"),
)
def avgpool_ceil_mode_divisor(rng):
    k, n = 2, 7

    def vjp(fix):
        def go(i, ct):
            g = np.zeros_like(i[0])
            for p in range(4):
                part = slice(p * k, min(p * k + k, n))
                g[part] = ct[p] / (len(i[0][part]) if fix else k)
            return (g,)

        return go

    return Problem(
        f=lambda i: np.array([i[0][p * k : p * k + k].mean() for p in range(4)]),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(n),),
    )


@bug(
    "reflect_pad_one_side_only",
    "intel/torch-xpu-ops#2901 (review)",
    "reflection padding of a short row",
    "lost contribution",
    "an entry that is mirrored at both ends gets the left image only (if ... else if)",
    fidelity="issue",
    says=("entries", "missing-sum"),
)
def reflect_pad_one_side_only(rng):
    n, p = 3, 2

    def vjp(fix):
        def go(i, ct):
            g = ct[p : p + n].copy()
            for j in range(n):
                left, right = 1 <= j <= p, n - 1 - p <= j <= n - 2
                if left:
                    g[j] += ct[p - j]
                if right and (fix or not left):
                    g[j] += ct[p + 2 * (n - 1) - j]
            return (g,)

        return go

    return Problem(
        f=lambda i: np.pad(i[0], p, mode="reflect"),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(n),),
    )


@bug(
    "circular_pad_not_summed",
    "class of mistake (padding cropped as if it were zeros)",
    "circular padding",
    "lost contribution",
    "the wrapped copies are dropped",
    fidelity="synthetic",
    says=("entries", "missing-sum"),
)
def circular_pad_not_summed(rng):
    n, p = 5, 1

    def vjp(fix):
        def go(i, ct):
            g = ct[p : p + n].copy()
            if fix:
                g[-p:] += ct[:p]
                g[:p] += ct[-p:]
            return (g,)

        return go

    return Problem(
        f=lambda i: np.pad(i[0], p, mode="wrap"),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(n),),
    )


def _sample(x, u):
    """Linear interpolation at u, clamped to the border."""
    u = np.clip(u, 0, len(x) - 1)
    lo = np.minimum(u.astype(int), len(x) - 2)
    return lo, u - lo


@bug(
    "grid_sample_at_the_border",
    "pytorch/pytorch#23925, #32829",
    "linear sampling, border padding",
    "special point (exactly on the border)",
    "on the last pixel the slope is that of a picture padded with zeros",
    generic=False,
    fidelity="issue",
)
def grid_sample_at_the_border(rng):
    x = np.array([1.0, 3.0, 4.0, 8.0])

    def f(i):
        lo, t = _sample(*i)
        return i[0][lo] * (1 - t) + i[0][lo + 1] * t

    def vjp(fix):
        def go(i, ct):
            img, u = i
            lo, t = _sample(img, u)
            g = np.zeros_like(img)
            np.add.at(g, lo, ct * (1 - t))
            np.add.at(g, lo + 1, ct * t)
            inside = (u > 0) & (u < len(img) - 1)
            slope = np.where(inside, img[lo + 1] - img[lo], 0.0)
            if not fix:
                slope = np.where(u == len(img) - 1, -img[-1], slope)
            return g, ct * slope

        return go

    return Problem(
        f=f,
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(x, np.array([0.3, 1.6, 2.2])),
        special_inputs=(x, np.array([0.3, 3.0])),
    )


@bug(
    "grid_normalised_with_the_other_convention",
    "ooples/AiDotNet.Tensors#582 (review)",
    "linear sampling at normalised coordinates",
    "wrong factor (align_corners)",
    "forward maps with n / 2, the gradient scales with (n - 1) / 2",
    fidelity="issue",
    says=("factor",),
)
def grid_normalised_with_the_other_convention(rng):
    x = rng.standard_normal(5)

    def place(u):
        return (u + 1) * len(x) / 2 - 0.5

    def f(i):
        lo, t = _sample(x, place(i[0]))
        return x[lo] * (1 - t) + x[lo + 1] * t

    def vjp(k):
        def go(i, ct):
            lo, _ = _sample(x, place(i[0]))
            return (ct * (x[lo + 1] - x[lo]) * k,)

        return go

    return Problem(f=f, vjp_good=vjp(2.5), vjp_bad=vjp(2.0), inputs=(np.array([-0.5, 0.1, 0.45]),))


@bug(
    "upsample_overwrites_the_other_path",
    "huggingface/candle#3507",
    "nearest upsampling beside a second use",
    "accumulation (variable used twice)",
    "the gradient of the upsampling replaces the one that is there",
)
def upsample_overwrites_the_other_path(rng):
    def vjp(fix):
        def go(i, ct):
            up = ct[: 2 * len(i[0])].reshape(-1, 2).sum(1)
            return (up + (2 * i[0] * ct[2 * len(i[0]) :] if fix else 0),)

        return go

    return Problem(
        f=lambda i: np.concatenate([np.repeat(i[0], 2), i[0] ** 2]),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(4),),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
