"""Broadcasting, contractions, cached adjoints and complex numbers."""

import numpy as np

from tests.corpus._case import Case, Problem, bug


@bug(
    "broadcast_column_summed_over_rows",
    "HomericIntelligence/Odyssey#2080",
    "matrix plus column",
    "wrong axis reduced",
    "the column's gradient is summed over the rows; a square matrix hides the shape",
    fidelity="modelled",
)
def broadcast_column_summed_over_rows(rng):
    def vjp(axis):
        return lambda i, ct: (ct * i[1], (ct * i[0]).sum(axis).reshape(4, 1))

    return Problem(
        f=lambda i: i[0] * i[1],
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal((4, 4)), rng.standard_normal((4, 1))),
    )


@bug(
    "broadcast_row_not_summed",
    "deeplearning4j/nd4j#2424, aesara-devs/aesara#1089",
    "matrix plus row",
    "missing sum",
    "the row's gradient keeps the shape of the matrix",
    fidelity="issue",
    says=("shape", "missing-sum"),
)
def broadcast_row_not_summed(rng):
    return Problem(
        f=lambda i: i[0] + i[1],
        vjp_good=lambda i, ct: (ct.copy(), ct.sum(0, keepdims=True)),
        vjp_bad=lambda i, ct: (ct.copy(), ct.copy()),
        inputs=(rng.standard_normal((3, 4)), rng.standard_normal((1, 4))),
    )


@bug(
    "einsum_diagonal_fills_the_matrix",
    "HIPS/autograd#510, #31",
    "einsum 'nd,nn->d'",
    "repeated index",
    "the gradient of the repeated index is spread over the whole matrix",
    fidelity="modelled",
    says=("entries", "missing-sum"),
)
def einsum_diagonal_fills_the_matrix(rng):
    def vjp(fix):
        def go(i, ct):
            x, w = i
            d = x @ ct
            return np.outer(np.diag(w), ct), np.diag(d) if fix else np.tile(d[:, None], (1, len(d)))

        return go

    return Problem(
        f=lambda i: np.einsum("nd,nn->d", *i),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal((4, 2)), rng.standard_normal((4, 4))),
    )


@bug(
    "second_call_adds_a_stale_adjoint",
    "bshillingford/autobw.torch#7",
    "Y-shaped model",
    "state kept between calls",
    "the adjoint cached at the fork is right in the first call only",
    fidelity="issue",
    says=("nondeterministic-backward",),
)
def second_call_adds_a_stale_adjoint(rng):
    cache = [np.zeros(3)]

    def bad(i, ct):
        cache[0] = cache[0] + ct * (np.cos(i[0]) + 2 * i[0])
        return (cache[0].copy(),)

    return Problem(
        f=lambda i: np.sin(i[0]) + i[0] ** 2,
        vjp_good=lambda i, ct: (ct * (np.cos(i[0]) + 2 * i[0]),),
        vjp_bad=bad,
        inputs=(rng.standard_normal(3),),
    )


@bug(
    "rfft_middle_bins_not_halved",
    "locuslab/pytorch_fft#38",
    "power spectrum through rfft",
    "missing factor in some entries",
    "the inverse transform counts the middle bins twice, their gradient must be halved first",
    fidelity="modelled",
)
def rfft_middle_bins_not_halved(rng):
    n = 8
    w = np.array([1.0, 0.5, 0.5, 0.5, 1.0])

    def vjp(k):
        return lambda i, ct: (n * np.fft.irfft(2 * ct * np.fft.rfft(i[0]) * k, n),)

    return Problem(
        f=lambda i: np.abs(np.fft.rfft(i[0])) ** 2,
        vjp_good=vjp(w),
        vjp_bad=vjp(1.0),
        inputs=(rng.standard_normal(n),),
    )


@bug(
    "complex_matmul_without_conjugate",
    "tensorflow/tensorflow#4859",
    "complex matrix product, squared size",
    "missing conjugate",
    "B^T where B^H belongs",
    fidelity="issue",
)
def complex_matmul_without_conjugate(rng):
    def vjp(c):
        def go(i, ct):
            g = 2 * ct * (i[0] @ i[1])
            return g @ c(i[1]).T, c(i[0]).T @ g

        return go

    n = rng.standard_normal
    return Problem(
        f=lambda i: np.abs(i[0] @ i[1]) ** 2,
        vjp_good=vjp(np.conj),
        vjp_bad=vjp(np.asarray),
        inputs=(n((2, 3)) + 1j * n((2, 3)), n((3, 2)) + 1j * n((3, 2))),
    )


@bug(
    "angle_without_i",
    "pytorch/pytorch#46144",
    "angle of a complex number",
    "wrong direction",
    "z / |z|^2: the gradient points outwards instead of around",
    fidelity="modelled",
)
def angle_without_i(rng):
    def vjp(k):
        return lambda i, ct: (k * ct * i[0] / np.abs(i[0]) ** 2,)

    n = rng.standard_normal
    return Problem(f=lambda i: np.angle(i[0]), vjp_good=vjp(1j), vjp_bad=vjp(1.0), inputs=(n(4) + 1j * n(4),))


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
