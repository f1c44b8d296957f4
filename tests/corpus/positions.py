"""Selections, sorts, scatters and products over entries."""

import numpy as np

from tests.corpus._case import Case, Problem, bug


def _cumprod_vjp(x, ct):
    n = len(x)
    return np.array([sum(ct[k] * np.prod(np.delete(x[: k + 1], j)) for k in range(j, n)) for j in range(n)])


@bug(
    "cumprod_divides_by_zero",
    "tensorflow/tensorflow#119430, #3862, pymc-devs/pytensor#1911",
    "cumulative product",
    "special point (zero) -> wrong 0",
    "cumsum(ct * y) / x, with 0 / 0 replaced by 0",
    generic=False,
    fidelity="issue",
)
def cumprod_divides_by_zero(rng):
    def bad(i, ct):
        x = i[0]
        top = np.cumsum((ct * np.cumprod(x))[::-1])[::-1]
        with np.errstate(all="ignore"):
            return (np.where(x == 0, 0.0, top / x),)

    return Problem(
        f=lambda i: np.cumprod(i[0]),
        vjp_good=lambda i, ct: (_cumprod_vjp(i[0], ct),),
        vjp_bad=bad,
        inputs=(rng.uniform(0.5, 2, 4),),
        special_inputs=(np.array([2.0, 0.0, 3.0, 0.5]),),
    )


@bug(
    "scatter_prod_zero_masked",
    "pytorch/pytorch#76523, #77382",
    "scatter with product",
    "special point (zero) -> wrong 0",
    "ct * result / source, with zeros of the source masked out",
    generic=False,
    fidelity="issue",
)
def scatter_prod_zero_masked(rng):
    idx = np.array([0, 1, 0, 1, 0])

    def f(i):
        return np.array([np.prod(i[0][idx == k]) for k in range(2)])

    def good(i, ct):
        return (
            np.array(
                [ct[k] * np.prod(np.delete(i[0], j)[np.delete(idx, j) == k]) for j, k in enumerate(idx)]
            ),
        )

    def bad(i, ct):
        with np.errstate(all="ignore"):
            return (np.where(i[0] == 0, 0.0, (ct * f(i))[idx] / i[0]),)

    return Problem(
        f=f,
        vjp_good=good,
        vjp_bad=bad,
        inputs=(rng.uniform(0.5, 2, 5),),
        special_inputs=(np.array([0.0, 2.0, 3.0, 0.5, 1.5]),),
    )


@bug(
    "median_of_an_even_number",
    "PaddlePaddle/Paddle#42385 (review)",
    "median as the mean of the two middle values",
    "missing factor 1/2",
    "both middle values get the whole cotangent",
    fidelity="modelled",
    says=("factor",),
)
def median_of_an_even_number(rng):
    def vjp(k):
        def go(i, ct):
            g = np.zeros_like(i[0])
            g[np.argsort(i[0])[2:4]] = k * ct
            return (g,)

        return go

    return Problem(
        f=lambda i: np.asarray(np.median(i[0])),
        vjp_good=vjp(0.5),
        vjp_bad=vjp(1.0),
        inputs=(rng.standard_normal(6),),
    )


@bug(
    "take_into_a_buffer_not_reset",
    "apache/mxnet#19817, #20166",
    "take along axis 1",
    "state kept between calls",
    "the gradient is added to what the last call left in the buffer",
    fidelity="modelled",
    says=("nondeterministic-backward",),
)
def take_into_a_buffer_not_reset(rng):
    idx, buffer = np.array([0, 2, 2]), np.zeros((3, 4))

    def into(g, ct):
        for k, j in enumerate(idx):
            g[:, j] += ct[:, k]
        return g

    return Problem(
        f=lambda i: i[0][:, idx],
        vjp_good=lambda i, ct: (into(np.zeros((3, 4)), ct),),
        vjp_bad=lambda i, ct: (into(buffer, ct).copy(),),
        inputs=(rng.standard_normal((3, 4)),),
    )


@bug(
    "boolean_mask_scattered_to_the_front",
    "apache/mxnet#15175",
    "boolean mask",
    "wrong positions",
    "the cotangents land in the first rows, not in the rows that were taken",
    fidelity="modelled",
)
def boolean_mask_scattered_to_the_front(rng):
    mask = np.array([False, True, False, True, True])

    def vjp(fix):
        def go(i, ct):
            g = np.zeros_like(i[0])
            g[mask if fix else slice(0, 3)] = ct
            return (g,)

        return go

    return Problem(
        f=lambda i: i[0][mask] * 1.0, vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(rng.standard_normal((5, 2)),)
    )


@bug(
    "negative_index_dropped",
    "class of mistake (index -1 treated as out of range in the backward pass)",
    "take with negative indices",
    "lost contribution",
    "a negative index is skipped",
    fidelity="synthetic",
    says=("entries",),
)
def negative_index_dropped(rng):
    idx = np.array([1, -1, 0])

    def vjp(fix):
        def go(i, ct):
            g = np.zeros_like(i[0])
            for k, j in enumerate(idx):
                if fix or j >= 0:
                    g[j] += ct[k]
            return (g,)

        return go

    return Problem(f=lambda i: i[0][idx], vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(rng.standard_normal(5),))


@bug(
    "rollaxis_of_a_cube",
    "HIPS/autograd#350",
    "rollaxis with a negative axis",
    "wrong axis",
    "the inverse roll takes the axis as it stands; a cube hides the shape",
    fidelity="issue",
    says=("permuted", "transpose"),
)
def rollaxis_of_a_cube(rng):
    return Problem(
        f=lambda i: np.rollaxis(i[0], -1),
        vjp_good=lambda i, ct: (np.moveaxis(ct, 0, -1).copy(),),
        vjp_bad=lambda i, ct: (np.rollaxis(ct, -1).copy(),),
        inputs=(rng.standard_normal((3, 3, 3)),),
    )


@bug(
    "sort_gathers_with_the_permutation",
    "class of mistake (argsort instead of its inverse)",
    "sort",
    "permuted",
    "ct[order] where g[order] = ct belongs",
    fidelity="synthetic",
    says=("permuted", "shifted"),
)
def sort_gathers_with_the_permutation(rng):
    def good(i, ct):
        g = np.empty_like(ct)
        g[np.argsort(i[0])] = ct
        return (g,)

    return Problem(
        f=lambda i: np.sort(i[0]),
        vjp_good=good,
        vjp_bad=lambda i, ct: (ct[np.argsort(i[0])],),
        inputs=(np.array([0.7, -1.2, 1.9, 0.1, -0.4, 2.6]),),
    )


@bug(
    "roll_in_the_same_direction",
    "class of mistake (roll)",
    "roll",
    "shifted",
    "the backward pass rolls forward again",
    fidelity="synthetic",
    says=("shifted", "permuted"),
)
def roll_in_the_same_direction(rng):
    return Problem(
        f=lambda i: np.roll(i[0], 2),
        vjp_good=lambda i, ct: (np.roll(ct, -2),),
        vjp_bad=lambda i, ct: (np.roll(ct, 2),),
        inputs=(rng.standard_normal(7),),
    )


@bug(
    "tile_undone_as_repeat",
    "class of mistake (tile and repeat confused)",
    "tile",
    "permuted",
    "neighbouring cotangents are summed, as for repeat",
    fidelity="synthetic",
)
def tile_undone_as_repeat(rng):
    return Problem(
        f=lambda i: np.tile(i[0], 3),
        vjp_good=lambda i, ct: (ct.reshape(3, 4).sum(0),),
        vjp_bad=lambda i, ct: (ct.reshape(4, 3).sum(1),),
        inputs=(rng.standard_normal(4),),
    )


@bug(
    "equal_constants_are_one_node",
    "tinygrad/tinygrad#9597",
    "sum of two tensors",
    "accumulation (two inputs taken for one)",
    "inputs of equal value are merged by a cache: each gets the gradient of both",
    generic=False,
    fidelity="issue",
)
def equal_constants_are_one_node(rng):
    def bad(i, ct):
        k = 2.0 if np.array_equal(*i) else 1.0
        return k * ct, k * ct

    return Problem(
        f=lambda i: i[0] + i[1],
        vjp_good=lambda i, ct: (ct.copy(), ct.copy()),
        vjp_bad=bad,
        inputs=(rng.standard_normal(3), rng.standard_normal(3)),
        special_inputs=(np.full(3, 3.0), np.full(3, 3.0)),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
