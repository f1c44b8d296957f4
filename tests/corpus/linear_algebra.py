"""Determinants, factorisations and matrix functions."""

import numpy as np
from scipy import linalg

from tests.corpus._case import Case, Problem, bug


def _adjugate_t(a):
    n = len(a)
    return np.array(
        [
            [
                (-1) ** (r + c) * np.linalg.det(np.delete(np.delete(a, r, 0), c, 1)) if n > 1 else 1.0
                for c in range(n)
            ]
            for r in range(n)
        ]
    )


@bug(
    "det_of_a_singular_matrix",
    "tensorflow/tensorflow#119477",
    "determinant",
    "special point (rank n-1) -> wrong 0",
    "det(A) inv(A)^T has no meaning for a singular A; the adjugate has",
    generic=False,
    fidelity="modelled",
)
def det_of_a_singular_matrix(rng):
    def bad(i, ct):
        d = np.linalg.det(i[0])
        if abs(d) < 1e-12:
            return (np.zeros_like(i[0]),)
        return (ct * d * np.linalg.inv(i[0]).T,)

    return Problem(
        f=lambda i: np.asarray(np.linalg.det(i[0])),
        vjp_good=lambda i, ct: (ct * _adjugate_t(i[0]),),
        vjp_bad=bad,
        inputs=(rng.standard_normal((3, 3)),),
        special_inputs=(np.array([[1.0, 2, 0], [2, 4, 1], [0, 0, 3]]),),
    )


def _chol_vjp(a, g):
    """The gradient of the lower triangle that np.linalg.cholesky reads."""
    low = np.linalg.cholesky(a)
    phi = np.tril(low.T @ g)
    phi[np.diag_indices(len(a))] /= 2
    inv = np.linalg.inv(low)
    s = inv.T @ phi @ inv
    out = np.tril(s + s.T)
    out[np.diag_indices(len(a))] /= 2
    return out, s


@bug(
    "cholesky_ghost_of_the_unread_triangle",
    "jax-ml/jax#40421",
    "Cholesky factor",
    "gradient for entries that are not read",
    "the triangle that the factorisation ignores gets a part of the gradient",
    fidelity="issue",
)
def cholesky_ghost_of_the_unread_triangle(rng):
    b = rng.standard_normal((3, 3))
    return Problem(
        f=lambda i: np.linalg.cholesky(i[0]),
        vjp_good=lambda i, ct: (_chol_vjp(i[0], ct)[0],),
        vjp_bad=lambda i, ct: (_chol_vjp(i[0], ct)[1],),
        inputs=(b @ b.T + 2 * np.eye(3),),
    )


@bug(
    "slogdet_without_transpose",
    "class of mistake (hidden by symmetric matrices)",
    "log |det A|",
    "transpose",
    "inv(A) instead of inv(A)^T",
    generic=False,
    fidelity="synthetic",
    says=("transpose",),
)
def slogdet_without_transpose(rng):
    b = rng.standard_normal((3, 3))
    return Problem(
        f=lambda i: np.asarray(np.linalg.slogdet(i[0])[1]),
        vjp_good=lambda i, ct: (ct * np.linalg.inv(i[0]).T,),
        vjp_bad=lambda i, ct: (ct * np.linalg.inv(i[0]),),
        inputs=(np.diag([2.0, 1.0, 0.5]),),
        special_inputs=(b + 3 * np.eye(3),),
    )


@bug(
    "solve_with_the_matrix_itself",
    "class of mistake (hidden by symmetric matrices)",
    "A^-1 b",
    "missing transpose",
    "the adjoint system is solved with A instead of A^T",
    generic=False,
    fidelity="synthetic",
)
def solve_with_the_matrix_itself(rng):
    def vjp(fix):
        def go(i, ct):
            g = np.linalg.solve(i[0].T if fix else i[0], ct)
            return -np.outer(g, np.linalg.solve(*i)), g

        return go

    b = rng.standard_normal((4, 4))
    return Problem(
        f=lambda i: np.linalg.solve(*i),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(np.diag([4.0, 3.0, 2.0, 5.0]), rng.standard_normal(4)),
        special_inputs=(b + 4 * np.eye(4), rng.standard_normal(4)),
    )


@bug(
    "pinv_with_the_formula_of_the_inverse",
    "class of mistake (Golub and Pereyra's terms forgotten)",
    "pseudo-inverse of a tall matrix",
    "missing terms",
    "-P^T G P^T is right for square matrices only",
    fidelity="synthetic",
)
def pinv_with_the_formula_of_the_inverse(rng):
    def vjp(fix):
        def go(i, ct):
            a, p = i[0], np.linalg.pinv(i[0])
            g = -p.T @ ct @ p.T
            if fix:
                g = g + (np.eye(len(a)) - a @ p) @ ct.T @ p @ p.T
            return (g,)

        return go

    return Problem(
        f=lambda i: np.linalg.pinv(i[0]),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal((4, 2)),),
    )


@bug(
    "svd_norm_with_equal_singular_values",
    "jax-ml/jax#8732",
    "Frobenius norm through U S V^H",
    "special point (equal singular values) -> NaN",
    "1 / (s_i^2 - s_j^2) inside a function that is smooth there",
    generic=False,
    fidelity="issue",
    says=("nonfinite",),
)
def svd_norm_with_equal_singular_values(rng):
    def f(i):
        u, s, v = np.linalg.svd(i[0])
        return np.asarray(np.linalg.norm((u * s) @ v))

    def bad(i, ct):
        s = np.linalg.svd(i[0])[1]
        with np.errstate(all="ignore"):
            gap = 1 / (s[:, None] ** 2 - s**2 + np.diag(np.ones(len(s))))
            zero = 0 * np.where(np.eye(len(s)) > 0, 0, gap).sum()
        return (ct * i[0] / np.linalg.norm(i[0]) + zero,)

    return Problem(
        f=f,
        vjp_good=lambda i, ct: (ct * i[0] / np.linalg.norm(i[0]),),
        vjp_bad=bad,
        inputs=(rng.standard_normal((4, 4)),),
        special_inputs=(np.diag([1.0, 1.0, 2.0, 3.0]),),
    )


@bug(
    "eigenprojector_gap_sign",
    "class of mistake (sign of 1 / (l_i - l_j))",
    "projector onto the eigenvector of the smallest eigenvalue",
    "sign",
    "the reciprocal gaps have the wrong sign",
    fidelity="synthetic",
    says=("sign",),
)
def eigenprojector_gap_sign(rng):
    def f(i):
        v = np.linalg.eigh(0.5 * (i[0] + i[0].T))[1][:, 0]
        return np.outer(v, v)

    def vjp(sign):
        def go(i, ct):
            w, v = np.linalg.eigh(0.5 * (i[0] + i[0].T))
            gap = np.concatenate([[0.0], 1 / (w[0] - w[1:])])
            g = v[:, :1] * 0 + v @ np.diag(gap) @ v.T
            m = 0.5 * (ct + ct.T)
            out = 2 * sign * g @ m @ np.outer(v[:, 0], v[:, 0])
            return (0.5 * (out + out.T),)

        return go

    q, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    a = q @ np.diag([1.0, 2.0, 3.5, 5.0]) @ q.T
    return Problem(f=f, vjp_good=vjp(1), vjp_bad=vjp(-1), inputs=(0.5 * (a + a.T),))


@bug(
    "expm_as_if_matrices_commuted",
    "class of mistake (matrix exponential)",
    "matrix exponential",
    "approximated derivative",
    "exp(A^T) G: right only where A and the direction commute",
    fidelity="synthetic",
)
def expm_as_if_matrices_commuted(rng):
    return Problem(
        f=lambda i: linalg.expm(i[0]),
        vjp_good=lambda i, ct: (linalg.expm_frechet(i[0].T, ct, compute_expm=False),),
        vjp_bad=lambda i, ct: (linalg.expm(i[0].T) @ ct,),
        inputs=(rng.standard_normal((3, 3)),),
    )


@bug(
    "triangular_solve_gradient_not_masked",
    "class of mistake; cf. jax-ml/jax#40421",
    "solve with the lower triangle",
    "gradient for entries that are not read",
    "the upper triangle, never read, gets a gradient",
    fidelity="synthetic",
    says=("entries",),
)
def triangular_solve_gradient_not_masked(rng):
    def f(i):
        return linalg.solve_triangular(i[0], i[1], lower=True)

    def vjp(mask):
        def go(i, ct):
            g = linalg.solve_triangular(i[0], ct, lower=True, trans="T")
            return mask(-g @ f(i).T), g

        return go

    a = rng.standard_normal((4, 4)) + 4 * np.eye(4)
    return Problem(
        f=f, vjp_good=vjp(np.tril), vjp_bad=vjp(np.asarray), inputs=(a, rng.standard_normal((4, 2)))
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
