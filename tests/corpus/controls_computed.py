"""Correct gradients of functions that are computed: iterations, quadrature, float32 inside, factorisations."""

from itertools import pairwise

import numpy as np
from scipy import integrate, linalg, optimize

from tests.corpus._case import Case, Problem, control
from tests.corpus._formulas import _sig, elem


@control("newton_root_with_tolerance", "iteration with tolerance", "cube root by Newton, stopped at 1e-12")
def newton_root_with_tolerance(rng):
    def root(a):
        x = max(a, 1.0)
        while abs(x**3 - a) > 1e-12 * a:
            x -= (x**3 - a) / (3 * x * x)
        return x

    return elem(np.vectorize(root, otypes=[float]), lambda a: np.cbrt(a) / (3 * a), [2.0, 5.0, 0.7])


@control("bisection_with_tolerance", "stairs", "root of x + exp(x) = a by bisection to 1e-9")
def bisection_with_tolerance(rng):
    def root(a):
        lo, hi = -10.0, 10.0
        while hi - lo > 1e-9:
            mid = 0.5 * (lo + hi)
            lo, hi = (mid, hi) if mid + np.exp(mid) < a else (lo, mid)
        return 0.5 * (lo + hi)

    f = np.vectorize(root, otypes=[float])
    return elem(f, lambda a: 1 / (1 + np.exp(f(a))), [2.0, 0.5, 4.0])


@control(
    "fixed_point_layer", "iteration with tolerance", "x = tanh(W x + b) iterated to 1e-13, implicit gradient"
)
def fixed_point_layer(rng):
    def solve(w, b):
        x = np.zeros_like(b)
        while True:
            y = np.tanh(w @ x + b)
            if np.abs(y - x).max() < 1e-13:
                return y
            x = y

    def good(i, ct):
        x = solve(*i)
        s = 1 - x * x
        d = s * np.linalg.solve((np.eye(3) - s[:, None] * i[0]).T, ct)
        return np.outer(d, x), d

    return Problem(
        f=lambda i: solve(*i),
        vjp_good=good,
        inputs=(0.3 * rng.standard_normal((3, 3)), rng.standard_normal(3)),
    )


@control("adaptive_quadrature", "quadrature inside", "integral of exp(-a x^2) by adaptive quadrature")
def adaptive_quadrature(rng):
    def integral(a, k):
        return integrate.quad(lambda x: x**k * np.exp(-a * x * x), 0, 2)[0]

    return elem(
        np.vectorize(lambda a: integral(a, 0), otypes=[float]),
        np.vectorize(lambda a: -integral(a, 2), otypes=[float]),
        [0.5, 1.0, 3.0],
    )


@control("trapezoidal_rule", "quadrature inside", "1,000 trapezoids under sin(a x)")
def trapezoidal_rule(rng):
    x = np.linspace(0, 1, 1001)

    def rule(y):
        return np.trapezoid(y, x)

    return elem(
        np.vectorize(lambda a: rule(np.sin(a * x)), otypes=[float]),
        np.vectorize(lambda a: rule(x * np.cos(a * x)), otypes=[float]),
        [0.5, 2.0, -3.0],
    )


@control(
    "monte_carlo_with_a_fixed_seed",
    "simulation inside",
    "mean of max(s exp(v z) - 1, 0) over 500 fixed draws",
)
def monte_carlo_with_a_fixed_seed(rng):
    z = np.random.default_rng(12345).standard_normal(500)

    def good(i, ct):
        s, v = i
        e = np.exp(v * z)
        on = s * e > 1
        return np.asarray(ct * np.mean(on * e)), np.asarray(ct * np.mean(on * s * e * z))

    return Problem(
        f=lambda i: np.asarray(np.mean(np.maximum(i[0] * np.exp(i[1] * z) - 1, 0))),
        vjp_good=good,
        inputs=(np.asarray(1.1), np.asarray(0.2)),
    )


@control(
    "adaptive_ode_solver", "solver with tolerance", "logistic growth by adaptive Runge-Kutta, rtol 1e-11"
)
def adaptive_ode_solver(rng):
    def end(r):
        return integrate.solve_ivp(lambda _, y: r * y * (1 - y), (0, 2), [0.1], rtol=1e-11, atol=1e-13).y[
            0, -1
        ]

    def slope(r):
        y = 1 / (1 + 9 * np.exp(-2 * r))
        return 2 * y * (1 - y)

    return elem(np.vectorize(end, otypes=[float]), slope, [1.0, 0.4])


@control(
    "optimum_value_by_envelope", "solver with tolerance", "min over x of (x - a)^2 + x^4, by a scalar search"
)
def optimum_value_by_envelope(rng):
    def best(a):
        return optimize.minimize_scalar(lambda x: (x - a) ** 2 + x**4, tol=1e-6)

    return elem(
        np.vectorize(lambda a: best(a).fun, otypes=[float]),
        np.vectorize(
            lambda a: 2 * (a - optimize.brentq(lambda x: 2 * (x - a) + 4 * x**3, -10, 10)), otypes=[float]
        ),
        [1.0, -0.5, 2.0],
    )


@control(
    "logdet_of_a_hilbert_matrix",
    "ill-conditioned forward",
    "log det of the 6 x 6 Hilbert matrix, condition 1e7",
)
def logdet_of_a_hilbert_matrix(rng):
    return Problem(
        f=lambda i: np.asarray(np.linalg.slogdet(i[0])[1]),
        vjp_good=lambda i, ct: (ct * np.linalg.inv(i[0]).T,),
        inputs=(linalg.hilbert(6),),
        mp=lambda mp, i: [mp.log(mp.det(mp.matrix(i[0])))],
    )


@control("solve_with_condition_1e8", "ill-conditioned forward", "A^-1 b with singular values 1 to 1e-8")
def solve_with_condition_1e8(rng):
    u, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    v, _ = np.linalg.qr(rng.standard_normal((4, 4)))

    def good(i, ct):
        g = np.linalg.solve(i[0].T, ct)
        return -np.outer(g, np.linalg.solve(*i)), g

    return Problem(
        f=lambda i: np.linalg.solve(*i),
        vjp_good=good,
        inputs=(u @ np.diag([1.0, 1e-2, 1e-5, 1e-8]) @ v, rng.standard_normal(4)),
    )


@control("inverse_next_to_singular", "strong curvature", "inverse of [[1, 1], [1, 1 + 1e-6]]")
def inverse_next_to_singular(rng):
    def good(i, ct):
        p = np.linalg.inv(i[0])
        return (-p.T @ ct @ p.T,)

    return Problem(
        f=lambda i: np.linalg.inv(i[0]), vjp_good=good, inputs=(np.array([[1.0, 1.0], [1.0, 1 + 1e-6]]),)
    )


def _mlp(x, ws, dtype=np.float64):
    h = [x.astype(dtype)]
    for w in ws:
        h.append(np.tanh(h[-1] @ w.astype(dtype)))
    return h


def _mlp_vjp(x, ws, ct):
    h, g = _mlp(x, ws), []
    for w, a, b in zip(ws[::-1], h[-2::-1], h[:0:-1], strict=True):
        d = ct * (1 - b * b)
        g.append(a.T @ d)
        ct = d @ w.T
    return tuple(g[::-1])


@control("deep_narrow_network", "long chain", "30 layers of 4 tanh units")
def deep_narrow_network(rng):
    x = rng.standard_normal((2, 4))
    return Problem(
        f=lambda i: _mlp(x, i)[-1],
        vjp_good=lambda i, ct: _mlp_vjp(x, i, ct),
        inputs=tuple(1.2 * rng.standard_normal((4, 4)) / 2 for _ in range(30)),
    )


@control("wide_network", "many coordinates", "100-150-100-10 tanh network: 31,000 weights")
def wide_network(rng):
    x = rng.standard_normal((8, 100))
    sizes = (100, 150, 100, 10)
    return Problem(
        f=lambda i: _mlp(x, i)[-1],
        vjp_good=lambda i, ct: _mlp_vjp(x, i, ct),
        inputs=tuple(rng.standard_normal(s) / np.sqrt(s[0]) for s in pairwise(sizes)),
    )


@control("network_in_float32", "float32 arithmetic", "tanh network whose layers compute in float32")
def network_in_float32(rng):
    x = rng.standard_normal((6, 5))
    return Problem(
        f=lambda i: _mlp(x, i, np.float32)[-1].astype(float),
        vjp_good=lambda i, ct: _mlp_vjp(x, i, ct),
        inputs=(rng.standard_normal((5, 7)) / 2, rng.standard_normal((7, 3)) / 2),
    )


@control("inputs_in_float32", "float32 arithmetic", "sigmoid cross-entropy of float32 arrays")
def inputs_in_float32(rng):
    y = (rng.random(6) < 0.5).astype(np.float32)
    return Problem(
        f=lambda i: np.asarray(np.mean(np.logaddexp(np.float32(0), i[0]) - y * i[0]), i[0].dtype),
        vjp_good=lambda i, ct: ((ct * (_sig(i[0]) - y) / 6).astype(i[0].dtype),),
        inputs=(rng.standard_normal(6).astype(np.float32),),
    )


@control("rounded_to_eight_decimals", "stairs", "sin(x) rounded to 8 decimals")
def rounded_to_eight_decimals(rng):
    return elem(lambda x: np.round(np.sin(x), 8), np.cos, [0.3, 1.0, -2.0])


@control("kahan_free_sum_of_1e4_terms", "accumulated rounding", "sum of a_k sin(k x), 10,000 terms")
def kahan_free_sum_of_1e4_terms(rng):
    k = np.arange(1, 10_001.0)
    a = 1 / k**2
    return elem(
        np.vectorize(lambda x: float(np.cumsum(a * np.sin(k * x))[-1]), otypes=[float]),
        np.vectorize(lambda x: float(np.sum(a * k * np.cos(k * x))), otypes=[float]),
        [1.0, 2.5],
    )


@control("logistic_map", "sensitive dependence", "25 steps of the logistic map: slope 1e7")
def logistic_map(rng):
    def run(x):
        d = np.ones_like(x)
        for _ in range(25):
            d = d * 3.9 * (1 - 2 * x)
            x = 3.9 * x * (1 - x)
        return x, d

    return elem(lambda x: run(x)[0], lambda x: run(x)[1], [0.3, 0.61])


@control("gaussian_process_likelihood", "ill-conditioned forward", "GP log marginal likelihood, jitter 1e-8")
def gaussian_process_likelihood(rng):
    x = np.linspace(0, 1, 8)
    y, sq = np.sin(6 * x), (x[:, None] - x) ** 2

    def kernel(t):
        e = np.exp(-0.5 * sq * np.exp(-2 * t[0]))
        return np.exp(2 * t[1]) * e + 1e-8 * np.eye(8), e

    def f(i):
        k, _ = kernel(i[0])
        low = np.linalg.cholesky(k)
        w = linalg.solve_triangular(low, y, lower=True)
        return np.asarray(-0.5 * w @ w - np.log(np.diag(low)).sum())

    def good(i, ct):
        k, e = kernel(i[0])
        a = np.linalg.solve(k, y)
        m = 0.5 * (np.outer(a, a) - np.linalg.inv(k))
        s = np.exp(2 * i[0][1]) * e
        return (ct * np.array([np.sum(m * s * sq) * np.exp(-2 * i[0][0]), 2 * np.sum(m * s)]),)

    return Problem(f=f, vjp_good=good, inputs=(np.array([-1.0, 0.0]),))


@control("zero_everywhere", "vacuous", "the number of positive entries, gradient 0")
def zero_everywhere(rng):
    return Problem(
        f=lambda i: np.asarray(float((i[0] > 0).sum())),
        vjp_good=lambda i, ct: (np.zeros_like(i[0]),),
        inputs=(rng.standard_normal(5),),
    )


@control("empty_array_beside_a_full_one", "empty", "a parameter array without entries")
def empty_array_beside_a_full_one(rng):
    return Problem(
        f=lambda i: np.sin(i[0]),
        vjp_good=lambda i, ct: (ct * np.cos(i[0]), np.zeros_like(i[1])),
        inputs=(rng.standard_normal(3), np.zeros((0, 4))),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
