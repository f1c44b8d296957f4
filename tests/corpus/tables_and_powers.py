"""Bugs of interpolants, products, powers, scans and shapes; many are right at an ordinary point."""

import numpy as np
from scipy import interpolate

from tests.corpus._case import Case, Problem, bug


@bug(
    "cubic_differentiated_without_its_exponents",
    "OpenMS/OpenMS#817",
    "piece of a cubic spline",
    "constant factor",
    "d x^2 + c x + b where 3 d x^2 + 2 c x + b belongs",
)
def cubic_differentiated_without_its_exponents(rng):
    a, b, c, d = rng.standard_normal((4, 5))

    def vjp(three, two):
        return lambda i, ct: (ct * (three * d * i[0] ** 2 + two * c * i[0] + b),)

    return Problem(
        f=lambda i: ((d * i[0] + c) * i[0] + b) * i[0] + a,
        vjp_good=vjp(3, 2),
        vjp_bad=vjp(1, 1),
        inputs=(rng.standard_normal(5),),
    )


@bug(
    "constant_extrapolation_with_a_slope",
    "scipy/scipy#10310",
    "spline held constant outside its knots",
    "special point (border)",
    "the derivative is held at its border value instead of zero",
    generic=False,
    says=("entries",),
)
def constant_extrapolation_with_a_slope(rng):
    s = interpolate.make_interp_spline([1, 2, 4, 6, 8.5], [0.5, 0.8, 1.3, 2.5, 5], k=3)

    def vjp(fix):
        def go(i, ct):
            inside = (i[0] > 1) & (i[0] < 8.5)
            return (ct * s(np.clip(i[0], 1, 8.5), 1) * (inside | (not fix)),)

        return go

    x = rng.uniform(1.2, 8.2, 4)
    return Problem(
        f=lambda i: s(np.clip(i[0], 1, 8.5)),
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(x,),
        special_inputs=(np.r_[x[:2], 9.3, 0.2],),
    )


@bug(
    "product_along_axes_by_the_product_of_all",
    "FluxML/Zygote.jl#112",
    "product along two of three axes",
    "wrong extent",
    "the rule for the product of all entries is used for a product along axes",
)
def product_along_axes_by_the_product_of_all(rng):
    def good(i, ct):
        rows = i[0].reshape(2, 6)
        rest = np.stack([np.prod(np.delete(rows, k, 1), 1) for k in range(6)], 1)
        return (ct[:, None, None] * rest.reshape(2, 3, 2),)

    return Problem(
        f=lambda i: np.prod(i[0], (1, 2)),
        vjp_good=good,
        vjp_bad=lambda i, ct: (good(i, ct)[0] * np.prod(i[0], (1, 2))[::-1, None, None],),
        inputs=(rng.uniform(0.5, 2, (2, 3, 2)),),
    )


@bug(
    "complex_product_without_conjugate",
    "ml-explore/mlx#3433",
    "product of complex numbers",
    "conjugate",
    "the product of the others enters without its conjugate",
    fidelity="issue",
)
def complex_product_without_conjugate(rng):
    def vjp(conj):
        def go(i, ct):
            rest = np.array([np.prod(np.delete(i[0], k)) for k in range(4)])
            return (ct * (np.conj(rest) if conj else rest),)

        return go

    return Problem(
        f=lambda i: np.asarray(np.prod(i[0])),
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(rng.standard_normal(4) + 1j * rng.standard_normal(4),),
    )


@bug(
    "exponent_of_a_zero_base",
    "ml-explore/mlx#628",
    "(a - b)^b by b",
    "special point (zero base) -> NaN",
    "0^b log 0 is 0 times minus infinity",
    generic=False,
    fidelity="issue",
    says=("nonfinite",),
)
def exponent_of_a_zero_base(rng):
    def vjp(fix):
        def go(i, ct):
            a, b = i
            with np.errstate(all="ignore"):
                logs = np.log(np.where((a == 0) & fix, 1.0, a))
                return ct * b * a ** (b - 1), ct * a**b * logs

        return go

    a, b = rng.uniform(0.5, 2, 3), rng.uniform(1.5, 3, 3)
    return Problem(
        f=lambda i: i[0] ** i[1],
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(a, b),
        special_inputs=(np.array([a[0], 0.0, a[2]]), np.array([b[0], 2.0, b[2]])),
    )


@bug(
    "row_sums_for_the_diagonal",
    "AndreiChertkov/fpcross#2",
    "drift A (m - x) of a stochastic process, d f_i / d x_i",
    "wrong entries of a matrix",
    "the sum of each row of A is taken for its diagonal (A is diagonal in the test)",
    generic=False,
    fidelity="diff",
)
def row_sums_for_the_diagonal(rng):
    m = rng.standard_normal(3)

    def parts(i):
        return np.diag(i[0]) * (m - i[1]) ** 2

    def good(i, ct):
        return np.diag(ct * (m - i[1]) ** 2), -2 * ct * np.diag(i[0]) * (m - i[1])

    def bad(i, ct):
        return np.diag(ct * (m - i[1]) ** 2), -2 * ct * i[0].sum(1) * (m - i[1])

    a, x = np.diag(rng.uniform(0.5, 2, 3)), rng.standard_normal(3)
    return Problem(
        f=parts,
        vjp_good=good,
        vjp_bad=bad,
        inputs=(a, x),
        special_inputs=(a + 0.3 * rng.standard_normal((3, 3)), x),
    )


@bug(
    "gradient_of_the_maximum_transposed",
    "tensorflow/tfjs#4135",
    "maximum along the middle axis, dimensions kept",
    "wrong shape",
    "the axes were permuted for the reduction and not put back",
    fidelity="issue",
    says=("shape",),
)
def gradient_of_the_maximum_transposed(rng):
    def good(i, ct):
        first = np.arange(4)[:, None] == i[0].argmax(1)[:, None]
        return (ct * first,)

    return Problem(
        f=lambda i: i[0].max(1, keepdims=True),
        vjp_good=good,
        vjp_bad=lambda i, ct: (good(i, ct)[0].transpose(1, 2, 0),),
        inputs=(rng.standard_normal((2, 4, 5)),),
    )


@bug(
    "rotary_embedding_cut_from_the_graph",
    "huggingface/candle#3568",
    "rotary embedding",
    "no gradient",
    "the fast path has no backward: no gradient comes back",
    fidelity="issue",
    says=("missing", "zero"),
)
def rotary_embedding_cut_from_the_graph(rng):
    t = np.arange(4)[:, None] / 10.0 ** np.arange(3)

    def turn(x, s):
        a, b = x[:, :3], x[:, 3:]
        return np.concatenate([a * np.cos(t) - s * b * np.sin(t), s * a * np.sin(t) + b * np.cos(t)], 1)

    return Problem(
        f=lambda i: turn(i[0], 1),
        vjp_good=lambda i, ct: (turn(ct, -1),),
        vjp_bad=lambda i, ct: (None,),
        inputs=(rng.standard_normal((4, 6)),),
    )


@bug(
    "running_sum_back_in_the_same_direction",
    "PaddlePaddle/Paddle#50997",
    "exclusive cumulative sum",
    "direction",
    "the backward sums exclusively, but from the same end",
    fidelity="modelled",
)
def running_sum_back_in_the_same_direction(rng):
    def exclusive(x):
        return np.cumsum(x, 1) - x

    return Problem(
        f=lambda i: exclusive(i[0]),
        vjp_good=lambda i, ct: (exclusive(ct[:, ::-1])[:, ::-1],),
        vjp_bad=lambda i, ct: (exclusive(ct),),
        inputs=(rng.standard_normal((3, 5)),),
    )


@bug(
    "sine_times_y_with_a_minus",
    "jax-ml/jax#3213",
    "sin(x) y",
    "sign",
    "the derivative by y is written as -sin(x)",
    says=("sign",),
)
def sine_times_y_with_a_minus(rng):
    def vjp(sign):
        return lambda i, ct: (ct * np.cos(i[0]) * i[1], ct * sign * np.sin(i[0]))

    return Problem(
        f=lambda i: np.sin(i[0]) * i[1],
        vjp_good=vjp(1),
        vjp_bad=vjp(-1),
        inputs=(rng.standard_normal(4), rng.standard_normal(4)),
    )


@bug(
    "quarter_of_the_mean_forgotten",
    "pytorch/tutorials#709",
    "mean of 3 (x + 2)^2 over four entries",
    "constant factor",
    "the quarter of the mean is missing in the intermediate step",
    says=("factor",),
)
def quarter_of_the_mean_forgotten(rng):
    return Problem(
        f=lambda i: np.asarray(np.mean(3 * (i[0] + 2) ** 2)),
        vjp_good=lambda i, ct: (ct * 1.5 * (i[0] + 2),),
        vjp_bad=lambda i, ct: (ct * 6 * (i[0] + 2),),
        inputs=(np.ones((2, 2)),),
    )


@bug(
    "vector_of_a_product_gets_nothing",
    "jax-ml/jax#17496",
    "A2 tanh(A1 x) with a custom matrix-vector rule",
    "no gradient",
    "the rule returns zero for the vector: the first matrix of a chain gets none",
    fidelity="issue",
    says=("zero",),
)
def vector_of_a_product_gets_nothing(rng):
    x = rng.standard_normal(3)

    def vjp(on):
        def go(i, ct):
            h = np.tanh(i[0] @ x)
            return on * np.outer((i[1].T @ ct) * (1 - h * h), x), np.outer(ct, h)

        return go

    return Problem(
        f=lambda i: i[1] @ np.tanh(i[0] @ x),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal((4, 3)), rng.standard_normal((2, 4))),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
