"""Views, expansions, slices, top-k: where each number of the cotangent goes."""

import numpy as np

from tests.corpus._case import Case, Problem, bug


@bug(
    "element_of_an_expanded_array",
    "pytorch/pytorch#9145",
    "one element of a broadcast view",
    "sum over the expanded axis",
    "every copy is counted: 100 times the gradient",
    fidelity="issue",
    says=("factor",),
)
def element_of_an_expanded_array(rng):
    def vjp(n):
        return lambda i, ct: (n * ct * 2 * i[0],)

    return Problem(
        f=lambda i: np.broadcast_to(i[0], (100, 3))[0] ** 2,
        vjp_good=vjp(1),
        vjp_bad=vjp(100),
        inputs=(rng.standard_normal(3),),
    )


@bug(
    "overlapping_windows_assigned",
    "pytorch/pytorch#8626",
    "strided view with overlap",
    "assigned instead of added",
    "an element that lies in several windows keeps the last one's share",
    fidelity="modelled",
    says=("entries",),
)
def overlapping_windows_assigned(rng):
    def vjp(add):
        def go(i, ct):
            out = np.zeros_like(i[0])
            for start, g in enumerate(ct):
                out[start : start + 3] = add * out[start : start + 3] + g
            return (out,)

        return go

    return Problem(
        f=lambda i: np.lib.stride_tricks.sliding_window_view(i[0], 3) * 1.0,
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(8),),
    )


@bug(
    "overwritten_slice_keeps_its_gradient",
    "pytorch/pytorch#180164",
    "slice assignment followed by a sum",
    "mask folded away",
    "the gradient reaches the entries that were overwritten",
    says=("entries",),
)
def overwritten_slice_keeps_its_gradient(rng):
    inside = np.zeros(20, bool)
    inside[5:12] = True

    def f(i):
        y = i[0].copy()
        y[:, 5:12] = i[1]
        return (y**2).sum(1)

    def vjp(fix):
        def go(i, ct):
            dx = ct[:, None] * 2 * i[0] * ~(inside & fix)
            return dx, ct[:, None] * 2 * i[1]

        return go

    n = rng.standard_normal
    return Problem(f=f, vjp_good=vjp(True), vjp_bad=vjp(False), inputs=(n((3, 20)), n((3, 7))))


@bug(
    "gradient_of_the_last_consumer_only",
    "apache/mxnet#9497",
    "an array with two consumers",
    "overwritten instead of added",
    "the second operator writes over what the first had written",
    fidelity="modelled",
)
def gradient_of_the_last_consumer_only(rng):
    def vjp(first):
        return lambda i, ct: (ct * (first * np.cos(i[0]) + 3 * i[0] ** 2),)

    return Problem(
        f=lambda i: np.sin(i[0]) + i[0] ** 3,
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal((2, 4)),),
    )


@bug(
    "backward_registered_as_the_forward",
    "apache/mxnet#16938",
    "a x^2 + b x + c",
    "forward called as backward",
    "the cotangent times the function itself",
)
def backward_registered_as_the_forward(rng):
    return Problem(
        f=lambda i: 2 * i[0] ** 2 - i[0] + 3,
        vjp_good=lambda i, ct: (ct * (4 * i[0] - 1),),
        vjp_bad=lambda i, ct: (ct * (2 * i[0] ** 2 - i[0] + 3),),
        inputs=(rng.standard_normal(6),),
    )


@bug(
    "clip_squares_the_cotangent",
    "elixir-nx/nx#1779",
    "clip",
    "cotangent applied twice",
    "g^2 instead of g: invisible under a sum, whose cotangent is one",
    says=("nonlinear",),
)
def clip_squares_the_cotangent(rng):
    def vjp(power):
        return lambda i, ct: (ct**power * (np.abs(i[0]) < 1),)

    return Problem(
        f=lambda i: np.clip(i[0], -1, 1),
        vjp_good=vjp(1),
        vjp_bad=vjp(2),
        inputs=(2 * rng.standard_normal(9),),
    )


@bug(
    "clip_bound_with_two_signs",
    "elixir-nx/nx#971",
    "clip to [-c, c]",
    "sign of one end",
    "entries below -c push the bound the wrong way",
    fidelity="modelled",
)
def clip_bound_with_two_signs(rng):
    def vjp(sign):
        def go(i, ct):
            x, c = i
            return ct * (np.abs(x) < c), np.sum(ct * (x > c)) + sign * np.sum(ct * (x < -c))

        return go

    x = np.concatenate([rng.uniform(1, 2, 3), -rng.uniform(1, 2, 3), rng.uniform(-0.4, 0.4, 3)])
    return Problem(
        f=lambda i: np.clip(i[0], -i[1], i[1]), vjp_good=vjp(-1), vjp_bad=vjp(1), inputs=(x, np.array(0.7))
    )


@bug(
    "top_k_scattered_to_the_front",
    "class of mistake (indices of the selection dropped)",
    "top-k of each row",
    "indices not used",
    "the cotangent of the k largest lands in the first k columns",
    fidelity="synthetic",
    says=("permuted",),
)
def top_k_scattered_to_the_front(rng):
    def top(x):
        return np.argsort(-x, 1)[:, :2]

    def vjp(fix):
        def go(i, ct):
            out = np.zeros_like(i[0])
            np.put_along_axis(out, top(i[0]) if fix else np.tile([0, 1], (len(ct), 1)), ct, 1)
            return (out,)

        return go

    return Problem(
        f=lambda i: np.take_along_axis(i[0], top(i[0]), 1),
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(rng.standard_normal((4, 6)),),
    )


@bug(
    "last_row_of_a_large_array",
    "class of mistake (loop one short)",
    "squared differences of neighbours, 60 x 60",
    "boundary index",
    "one entry of 3,600 is wrong: the loop ends before the corner",
    fidelity="synthetic",
    says=("entries",),
)
def last_row_of_a_large_array(rng):
    def good(i, ct):
        out = np.zeros_like(i[0])
        for axis in (0, 1):
            d = 2 * np.diff(i[0], axis=axis)
            out += ct * (np.insert(d, 0, 0, axis) - np.insert(d, d.shape[axis], 0, axis))
        return (out,)

    def bad(i, ct):
        out = good(i, ct)[0]
        out[-1, -1] = 0
        return (out,)

    return Problem(
        f=lambda i: np.asarray(sum((np.diff(i[0], axis=a) ** 2).sum() for a in (0, 1))),
        vjp_good=good,
        vjp_bad=bad,
        inputs=(rng.standard_normal((60, 60)),),
    )


@bug(
    "kronecker_product_blocks_as_rows",
    "class of mistake (reshape without a transpose)",
    "Kronecker product",
    "axes of the blocks",
    "(a, b, c, d) read where the product is laid out as (a, c, b, d)",
    fidelity="synthetic",
)
def kronecker_product_blocks_as_rows(rng):
    def vjp(fix):
        def go(i, ct):
            a, b = i
            t = ct.reshape(3, 3, 3, 3)
            t = t if fix else t.transpose(0, 2, 1, 3)
            return np.einsum("akbl,kl->ab", t, b), np.einsum("akbl,ab->kl", t, a)

        return go

    n = rng.standard_normal
    return Problem(
        f=lambda i: np.kron(*i), vjp_good=vjp(True), vjp_bad=vjp(False), inputs=(n((3, 3)), n((3, 3)))
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
