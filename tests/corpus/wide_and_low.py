"""Bugs and controls of size and of low precision: many kinks, many outputs, sums in float32, weights of zero."""

import numpy as np

from tests.corpus._case import Case, Problem, bug, control


@bug(
    "maximum_of_many_equal_entries_underflows",
    "tinygrad/tinygrad#12296",
    "maximum of 2,000 equal entries (70,000 there)",
    "count of the ties overflows",
    "1 / inf: nobody gets a gradient, where together they must get one",
)
def maximum_of_many_equal_entries_underflows(rng):
    return Problem(
        f=lambda i: np.asarray(i[0].max()),
        vjp_good=lambda i, ct: (ct * (i[0] == i[0].max()) / np.sum(i[0] == i[0].max()),),
        vjp_bad=lambda i, ct: (0 * ct * i[0],),
        inputs=(np.ones(2_000),),
    )


@control("float32_matrix_product", "float32 input", "float32 inputs, float32 product and float32 gradients")
def float32_matrix_product(rng):
    def n(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    return Problem(
        f=lambda i: np.maximum(i[0] @ i[1] + i[2], 0),
        vjp_good=lambda i, ct: (
            (ct * (i[0] @ i[1] + i[2] > 0)) @ i[1].T,
            i[0].T @ (ct * (i[0] @ i[1] + i[2] > 0)),
            (ct * (i[0] @ i[1] + i[2] > 0)).sum(0),
        ),
        inputs=(n(6, 8), n(8, 5), n(5)),
    )


@control("dense_relu_layer", "kinks near the point", "dense layer with ReLU at a generic point, float64")
def dense_relu_layer(rng):
    r = np.random.default_rng(0)

    def vjp(i, ct):
        x, w, b = i
        d = ct * (x @ w + b > 0)
        return d @ w.T, x.T @ d, d.sum(0)

    return Problem(
        f=lambda i: np.maximum(i[0] @ i[1] + i[2], 0),
        vjp_good=vjp,
        inputs=(r.standard_normal((6, 8)), r.standard_normal((8, 5)), r.standard_normal(5)),
    )


@control("dead_unit_near_its_kink", "flat at the point", "max(t - 1.01, 0) at 1")
def dead_unit_near_its_kink(rng):
    return Problem(
        f=lambda i: np.maximum(i[0] - 1.01, 0), vjp_good=lambda i, ct: (0 * ct,), inputs=(np.array([1.0]),)
    )


@control("dense_layer_in_float32", "float32 inside", "x W + b in float32 from float64 inputs: linear")
def dense_layer_in_float32(rng):
    n = rng.standard_normal
    f4 = np.float32
    return Problem(
        f=lambda i: (i[0].astype(f4) @ i[1].astype(f4) + i[2].astype(f4)).astype(float),
        vjp_good=lambda i, ct: (ct @ i[1].T, i[0].T @ ct, ct.sum(0)),
        inputs=(n((4, 6)), n((6, 5)), n(5)),
    )


@control("zero_weights_in_float32", "float32 inside", "a last layer initialised with zeros")
def zero_weights_in_float32(rng):
    f4 = np.float32
    return Problem(
        f=lambda i: (i[0].astype(f4) @ i[1].astype(f4)).astype(float),
        vjp_good=lambda i, ct: (np.outer(ct, i[1]), i[0].T @ ct),
        inputs=(rng.standard_normal((4, 6)), np.zeros(6)),
    )


@control("float16_square", "float16", "a * a with float16 inputs and gradients")
def float16_square(rng):
    x = np.array([0.5, -1.25, 2, 0.3, 0.1], np.float16)
    return Problem(
        f=lambda i: i[0] * i[0], vjp_good=lambda i, ct: ((2 * ct * i[0]).astype(np.float16),), inputs=(x,)
    )


@control(
    "relu_of_a_hidden_layer",
    "many kinks at the point",
    "ReLU of (32, 50) numbers of which half are exactly 0, claimed 0 there",
)
def relu_of_a_hidden_layer(rng):
    h = np.maximum(rng.standard_normal((32, 50)), 0)
    return Problem(f=lambda i: np.maximum(i[0], 0), vjp_good=lambda i, ct: (ct * (i[0] > 0),), inputs=(h,))


@control("relu_of_a_hidden_layer_claims_one", "many kinks at the point", "the same with 1 at 0")
def relu_of_a_hidden_layer_claims_one(rng):
    h = np.maximum(rng.standard_normal((32, 50)), 0)
    return Problem(f=lambda i: np.maximum(i[0], 0), vjp_good=lambda i, ct: (ct * (i[0] >= 0),), inputs=(h,))


@bug(
    "two_at_every_kink_of_a_thousand",
    "class of mistake (both branches counted at a tie)",
    "sum of ReLU with 100 zeros among 1,000",
    "no subgradient",
    "2 is claimed where 0 ... 1 is possible",
    fidelity="synthetic",
)
def two_at_every_kink_of_a_thousand(rng):
    x = rng.standard_normal(1000)
    x[::10] = 0

    def vjp(c):
        return lambda i, ct: (ct * np.where(i[0] == 0, c, i[0] > 0),)

    return Problem(
        f=lambda i: np.asarray(np.maximum(i[0], 0).sum()), vjp_good=vjp(1.0), vjp_bad=vjp(2.0), inputs=(x,)
    )


@bug(
    "convolution_in_float32_with_flipped_kernel_gradient",
    "class of mistake (correlation for convolution)",
    "1-D convolution computed in float32, returned as float64",
    "flipped",
    "the claim for the kernel is that of the other end first",
    fidelity="synthetic",
)
def convolution_in_float32_with_flipped_kernel_gradient(rng):
    f4 = np.float32

    def win(x):
        return np.lib.stride_tricks.sliding_window_view(x, 4, 1)

    def vjp(step):
        def go(i, ct):
            x, k = i
            dx = np.zeros_like(x)
            for q in range(4):
                dx[:, q : q + 9] += np.einsum("ot,oc->ct", ct, k[:, :, q])
            return dx, np.einsum("ot,ctk->ock", ct, win(x))[:, :, ::step].copy()

        return go

    return Problem(
        f=lambda i: np.einsum("ctk,ock->ot", win(i[0].astype(f4)), i[1].astype(f4)).astype(float),
        vjp_good=vjp(1),
        vjp_bad=vjp(-1),
        inputs=(rng.standard_normal((2, 12)), rng.standard_normal((3, 2, 4))),
    )


_ALL = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
CASES = tuple(case for case in _ALL if case.kind == "bug")
CONTROLS = tuple(case for case in _ALL if case.kind == "control")
