"""Norms, products, inverses and factorisations of NumPy and SciPy."""

import numpy as np
import scipy.linalg

from tests.catalogue._entry import Entry, reducing
from tests.catalogue._points import ONE, SINGULAR, TIED, ZERO_AND_HUGE, normal, pair, regular


def _first(x, of):
    g = np.zeros_like(x)
    g[of(x)] = 1
    return g


def _inv_vjp(ct, a):
    inverse = np.linalg.inv(a)
    return -inverse.T @ ct @ inverse.T


def _solve_vjp(ct, a, b):
    g = np.linalg.solve(a.T, ct)
    return -np.outer(g, np.linalg.solve(a, b)), g


def _svdvals(a):
    return np.linalg.svd(a, compute_uv=False)


def _svdvals_vjp(ct, a):
    u, _, vt = np.linalg.svd(a, full_matrices=False)
    return (u * ct) @ vt


def _adjugate(a):
    """The derivative of det, which exists where the inverse does not."""
    n = len(a)
    minor = [[np.delete(np.delete(a, i, 0), j, 1) for j in range(n)] for i in range(n)]
    return np.array([[(-1) ** (i + j) * np.linalg.det(minor[i][j]) for j in range(n)] for i in range(n)])


def _symmetric(a):
    return 0.5 * (a + a.T)


def _eigvalsh_vjp(ct, a):
    v = np.linalg.eigh(_symmetric(a))[1]
    return (v * ct) @ v.T


def _cholesky_vjp(ct, a):
    """Murray 2016, equation 10, with the lower triangle's half diagonal."""
    low = np.linalg.cholesky(_symmetric(a))
    phi = np.tril(low.T @ ct)
    phi[np.diag_indices(len(a))] *= 0.5
    inverse = np.linalg.inv(low)
    return _symmetric(inverse.T @ phi @ inverse)


def _expm_vjp(ct, a):
    return scipy.linalg.expm_frechet(a.T, ct, compute_expm=False)


def _pinv_vjp(ct, a):
    """Golub and Pereyra 1973, for full column rank."""
    p = np.linalg.pinv(a)
    g = -p.T @ ct @ p.T
    return g + (np.eye(len(a)) - a @ p) @ ct.T @ p @ p.T


def _power_vjp(ct, a):
    """a @ a @ a."""
    t = a.T
    return ct @ t @ t + t @ ct @ t + t @ t @ ct


def _nuclear_vjp(ct, a):
    u, _, vt = np.linalg.svd(a, full_matrices=False)
    return ct * u @ vt


def _spectral_vjp(ct, a):
    u, _, vt = np.linalg.svd(a)
    return ct * np.outer(u[:, 0], vt[0])


def _kron_vjp(ct, a, b):
    blocks = ct.reshape(len(a), len(b), a.shape[1], b.shape[1])
    return np.einsum("ikjl,kl->ij", blocks, b), np.einsum("ikjl,ij->kl", blocks, a)


def _cross_vjp(ct, a, b):
    return np.cross(b, ct), np.cross(ct, a)


ENTRIES: tuple[Entry, ...] = (
    reducing(
        "norm",
        np.linalg.norm,
        lambda ct, x: ct * x / np.linalg.norm(x),
        normal(5),
        [0.0, 3.0, 0.0],
        ONE,
        ZERO_AND_HUGE,
    ),
    reducing(
        "norm-1", lambda x: np.linalg.norm(x, 1), lambda ct, x: ct * np.sign(x), normal(5), [0.0, -1.0, 1e-8]
    ),
    reducing(
        "norm-inf",
        lambda x: np.linalg.norm(x, np.inf),
        lambda ct, x: ct * np.sign(x) * _first(np.abs(x), np.argmax),
        normal(5),
        [1.0, -1.0, 0.5],
    ),
    reducing(
        "norm-3",
        lambda x: np.linalg.norm(x, 3),
        lambda ct, x: ct * np.sign(x) * (np.abs(x) / np.linalg.norm(x, 3)) ** 2,
        normal(5),
        [0.0, -1.0, 2.0],
    ),
    reducing(
        "norm-frobenius", np.linalg.norm, lambda ct, a: ct * a / np.linalg.norm(a), normal(3, 2), SINGULAR
    ),
    reducing("norm-nuclear", lambda a: np.linalg.norm(a, "nuc"), _nuclear_vjp, normal(3, 2), regular(3)),
    reducing("norm-spectral", lambda a: np.linalg.norm(a, 2), _spectral_vjp, normal(3, 2), SINGULAR),
    reducing("trace", np.trace, lambda ct, a: ct * np.eye(*a.shape), normal(3, 3), SINGULAR),
    reducing("det", np.linalg.det, lambda ct, a: ct * _adjugate(a), regular(3), SINGULAR, np.eye(3)),
    reducing(
        "det-by-inverse",
        np.linalg.det,
        lambda ct, a: ct * np.linalg.det(a) * np.linalg.inv(a).T,
        regular(3),
        np.eye(3),
    ),
    reducing(
        "slogdet",
        lambda a: np.linalg.slogdet(a)[1],
        lambda ct, a: ct * np.linalg.inv(a).T,
        regular(3),
        np.eye(2),
    ),
    reducing("inv", np.linalg.inv, _inv_vjp, regular(3), np.diag([1.0, 1e-4])),
    reducing("solve", np.linalg.solve, _solve_vjp, lambda rng: (regular(3)(rng), rng.standard_normal(3))),
    reducing("pinv", np.linalg.pinv, _pinv_vjp, normal(4, 2)),
    reducing("svdvals", _svdvals, _svdvals_vjp, normal(3, 2), regular(3)),
    reducing("eigvalsh", lambda a: np.linalg.eigvalsh(_symmetric(a)), _eigvalsh_vjp, normal(3, 3)),
    reducing(
        "cholesky",
        lambda a: np.linalg.cholesky(_symmetric(a)),
        _cholesky_vjp,
        lambda rng: (lambda b: b @ b.T + np.eye(3))(rng.standard_normal((3, 3))),
    ),
    reducing("matrix_power", lambda a: np.linalg.matrix_power(a, 3), _power_vjp, normal(3, 3), SINGULAR),
    reducing("expm", scipy.linalg.expm, _expm_vjp, normal(3, 3), np.zeros((2, 2))),
    reducing(
        "matmul",
        np.matmul,
        lambda ct, a, b: (ct @ b.T, a.T @ ct),
        pair((2, 3), (3, 4)),
        (np.zeros((2, 2)), SINGULAR[:2]),
    ),
    reducing(
        "dot", np.dot, lambda ct, a, b: (ct * b, ct * a), pair(4, 4), (ZERO_AND_HUGE, ZERO_AND_HUGE[::-1])
    ),
    reducing("vdot", np.vdot, lambda ct, a, b: (ct * b, ct * a), pair(4, 4)),
    reducing("inner", np.inner, lambda ct, a, b: (ct @ b, ct.T @ a), pair((2, 3), (4, 3))),
    reducing("outer", np.outer, lambda ct, a, b: (ct @ b, ct.T @ a), pair(3, 4), (TIED, ONE)),
    reducing("kron", np.kron, _kron_vjp, pair((2, 2), (2, 3))),
    reducing("cross", np.cross, _cross_vjp, pair(3, 3), ([1.0, 0.0, 0.0], [1.0, 0.0, 0.0])),
    reducing(
        "tensordot",
        lambda a, b: np.tensordot(a, b, 2),
        lambda ct, a, b: (np.einsum("l,jkl->jk", ct, b), np.einsum("jk,l->jkl", a, ct)),
        pair((2, 3), (2, 3, 4)),
    ),
    reducing("einsum-trace", lambda a: np.einsum("ii->i", a), lambda ct, a: np.diag(ct), normal(3, 3)),
    reducing(
        "einsum-bilinear",
        lambda a, b: np.einsum("ij,ij->i", a, b),
        lambda ct, a, b: (ct[:, None] * b, ct[:, None] * a),
        pair((3, 2), (3, 2)),
    ),
    reducing("triu", np.triu, lambda ct, a: np.triu(ct), normal(3, 3), SINGULAR),
    reducing("diag", np.diag, lambda ct, a: np.diag(ct), normal(3, 3), SINGULAR),
    reducing("transpose", np.transpose, lambda ct, a: ct.T, normal(2, 3)),
    reducing(
        "distance",
        lambda x, y: np.sqrt(np.sum((x - y) ** 2)),
        lambda ct, x, y: (ct * (x - y) / np.linalg.norm(x - y), ct * (y - x) / np.linalg.norm(x - y)),
        pair(4, 4),
    ),
)
