"""Correct gradients of solvers, time steps, factorisations and interpolants."""

import numpy as np
from scipy import interpolate, linalg

from tests.corpus._case import Case, Problem, control
from tests.corpus._formulas import elem


@control("kepler_equation_near_a_parabola", "iteration inside", "E - e sin E = M at e = 0.99, M = 0.02")
def kepler_equation_near_a_parabola(rng):
    def solve(m, e):
        x = np.full_like(m, np.pi)
        for _ in range(60):
            x = x - (x - e * np.sin(x) - m) / (1 - e * np.cos(x))
        return x

    def good(i, ct):
        x = solve(*i)
        slope = 1 / (1 - i[1] * np.cos(x))
        return ct * slope, ct * slope * np.sin(x)

    return Problem(
        f=lambda i: solve(*i), vjp_good=good, inputs=(np.array([0.02, 1.0, 3.0]), np.array([0.99, 0.5, 0.9]))
    )


@control(
    "conjugate_gradients_to_convergence",
    "iteration inside",
    "A x = b by conjugate gradients, implicit gradient",
)
def conjugate_gradients_to_convergence(rng):
    b = rng.standard_normal((6, 6))
    a = b @ b.T + 2 * np.eye(6)

    def solve(m, y):
        x, r = np.zeros(6), y.copy()
        p = r.copy()
        for _ in range(40):
            if r @ r < 1e-30:
                break
            step = r @ r / (p @ m @ p)
            x, new = x + step * p, r - step * (m @ p)
            p, r = new + (new @ new) / (r @ r) * p, new
        return x

    def good(i, ct):
        m = 0.5 * (i[0] + i[0].T) + np.diag(i[1])
        x, lam = solve(m, np.ones(6)), solve(m, ct)
        return -0.5 * (np.outer(lam, x) + np.outer(x, lam)), -lam * x

    return Problem(
        f=lambda i: solve(0.5 * (i[0] + i[0].T) + np.diag(i[1]), np.ones(6)),
        vjp_good=good,
        inputs=(a, rng.uniform(0, 1, 6)),
    )


@control("power_iteration_to_convergence", "iteration inside", "largest eigenvalue after 400 products")
def power_iteration_to_convergence(rng):
    b = rng.standard_normal((4, 4))
    a = b @ b.T

    def run(m):
        m = 0.5 * (m + m.T)
        v = np.ones(4)
        for _ in range(400):
            v = m @ v
            v /= np.linalg.norm(v)
        return v, v @ m @ v

    return Problem(
        f=lambda i: np.asarray(run(i[0])[1]),
        vjp_good=lambda i, ct: (ct * np.outer(run(i[0])[0], run(i[0])[0]),),
        inputs=(a,),
    )


@control(
    "entropic_transport_by_its_duals",
    "iteration inside",
    "Sinkhorn's value, whose gradient by the cost is the plan",
)
def entropic_transport_by_its_duals(rng):
    eps = 0.3

    def plan(cost):
        k, u = np.exp(-cost / eps), np.ones(4)
        for _ in range(300):
            v = 0.25 / (k.T @ u)
            u = 0.25 / (k @ v)
        return u[:, None] * k * v

    def f(i):
        p = plan(i[0])
        return np.asarray((p * i[0]).sum() + eps * (p * (np.log(p) - 1)).sum())

    return Problem(f=f, vjp_good=lambda i, ct: (ct * plan(i[0]),), inputs=(rng.uniform(0, 1, (4, 4)),))


@control("hundred_steps_of_the_lorenz_system", "time steps", "Runge-Kutta 4, sensitivities near 100")
def hundred_steps_of_the_lorenz_system(rng):
    h = 0.01

    def rate(x):
        return np.array([10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]])

    def jac(x):
        return np.array([[-10, 10, 0], [28 - x[2], -1, -x[0]], [x[1], x[0], -8 / 3]])

    def step(x):
        k1 = rate(x)
        k2 = rate(x + h / 2 * k1)
        k3 = rate(x + h / 2 * k2)
        return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + rate(x + h * k3)), (k1, k2, k3)

    def tangent(x):
        k1, k2, k3 = step(x)[1]
        j1 = jac(x)
        j2 = jac(x + h / 2 * k1) @ (np.eye(3) + h / 2 * j1)
        j3 = jac(x + h / 2 * k2) @ (np.eye(3) + h / 2 * j2)
        return np.eye(3) + h / 6 * (j1 + 2 * j2 + 2 * j3 + jac(x + h * k3) @ (np.eye(3) + h * j3))

    def run(x):
        xs = [x]
        for _ in range(100):
            xs.append(step(xs[-1])[0])
        return xs

    def good(i, ct):
        lam = ct
        for x in run(i[0])[-2::-1]:
            lam = tangent(x).T @ lam
        return (lam,)

    return Problem(f=lambda i: run(i[0])[-1], vjp_good=good, inputs=(np.array([1.0, 1.0, 20.0]),))


@control("stiff_implicit_euler", "time steps", "y' = -k (y - 1) with k = 1e6, fifty implicit steps")
def stiff_implicit_euler(rng):
    n, h = 50, 0.1

    def good(i, ct):
        y, k = i
        q = 1 / (1 + h * k)
        return ct * q**n, -ct * (y - 1) * n * h * q ** (n + 1)

    def f(i):
        y, k = i
        for _ in range(n):
            y = (y + h * k) / (1 + h * k)
        return y

    return Problem(f=f, vjp_good=good, inputs=(np.array([3.0, 2.0, 0.5]), np.array([1e-3, 0.3, 2.0])))


@control(
    "kalman_filter_by_two_variances", "recursion", "log-likelihood of a local level by its log variances"
)
def kalman_filter_by_two_variances(rng):
    y = np.cumsum(0.3 * rng.standard_normal(30)) + rng.standard_normal(30)

    def run(theta):
        q, r = np.exp(theta)
        only_r = np.array([0.0, 1.0])
        a, p, total = 0.0, 10.0, 0.0
        da, dp, d = np.zeros(2), np.zeros(2), np.zeros(2)
        for v in y:
            f, e = p + r, v - a
            df = dp + r * only_r
            total -= 0.5 * (np.log(f) + e * e / f)
            d -= 0.5 * (df / f - 2 * e * da / f - e * e * df / f**2)
            k = p / f
            dk = dp / f - p * df / f**2
            a, da = a + k * e, da + dk * e - k * da
            p, dp = p * (1 - k) + q, dp * (1 - k) - p * dk + q * (1 - only_r)
        return total, d

    return Problem(
        f=lambda i: np.asarray(run(i[0])[0]),
        vjp_good=lambda i, ct: (ct * run(i[0])[1],),
        inputs=(np.array([-2.0, 0.1]),),
    )


@control(
    "least_squares_of_condition_1e5", "factorisation", "normal solution by QR, gradient by the residual too"
)
def least_squares_of_condition_1e5(rng):
    u, _, vt = np.linalg.svd(rng.standard_normal((6, 3)), full_matrices=False)
    a = u @ np.diag([1, 1e-2, 1e-5]) @ vt

    def good(i, ct):
        m, b = i
        x = np.linalg.lstsq(m, b, rcond=None)[0]
        w = np.linalg.pinv(m) @ np.linalg.pinv(m).T @ ct
        return np.outer(b - m @ x, w) - np.outer(m @ w, x), m @ w

    def f(i):
        q, r = np.linalg.qr(i[0])
        return np.linalg.solve(r, q.T @ i[1])

    return Problem(f=f, vjp_good=good, inputs=(a, a @ np.ones(3) + 1e-3 * rng.standard_normal(6)))


@control("singular_values_next_to_zero", "factorisation", "sum of singular values of which the least is 1e-6")
def singular_values_next_to_zero(rng):
    u, _, vt = np.linalg.svd(rng.standard_normal((3, 3)))

    def good(i, ct):
        u, _, vt = np.linalg.svd(i[0])
        return (ct * u @ vt,)

    return Problem(
        f=lambda i: np.asarray(np.linalg.svd(i[0], compute_uv=False).sum()),
        vjp_good=good,
        inputs=(u @ np.diag([2, 1, 1e-6]) @ vt,),
    )


@control("log_determinant_of_condition_1e7", "factorisation", "log det of a positive matrix")
def log_determinant_of_condition_1e7(rng):
    q, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    return Problem(
        f=lambda i: np.asarray(np.linalg.slogdet(i[0])[1]),
        vjp_good=lambda i, ct: (ct * np.linalg.inv(i[0]).T,),
        inputs=(q @ np.diag([1, 1e-2, 1e-4, 1e-7]) @ q.T,),
    )


@control("sylvester_equation", "factorisation", "A X + X B = C, gradient by its adjoint")
def sylvester_equation(rng):
    def good(i, ct):
        a, b, _ = i
        x = linalg.solve_sylvester(*i)
        lam = linalg.solve_sylvester(a.T, b.T, ct)
        return -lam @ x.T, -x.T @ lam, lam

    n = rng.standard_normal
    return Problem(
        f=lambda i: linalg.solve_sylvester(*i),
        vjp_good=good,
        inputs=(n((3, 3)) + 3 * np.eye(3), n((2, 2)) + 2 * np.eye(2), n((3, 2))),
    )


@control("matrix_square_root", "factorisation", "principal root, gradient by a Sylvester equation")
def matrix_square_root(rng):
    b = rng.standard_normal((3, 3))

    def good(i, ct):
        s = linalg.sqrtm(i[0]).real
        return (linalg.solve_sylvester(s.T, s.T, ct),)

    return Problem(f=lambda i: linalg.sqrtm(i[0]).real, vjp_good=good, inputs=(b @ b.T + 0.1 * np.eye(3),))


@control("complex_inverse", "complex", "inverse of a complex matrix")
def complex_inverse(rng):
    def good(i, ct):
        inv = np.linalg.inv(i[0]).conj().T
        return (-inv @ ct @ inv,)

    a = rng.standard_normal((3, 3)) + 1j * rng.standard_normal((3, 3))
    return Problem(f=lambda i: np.linalg.inv(i[0]), vjp_good=good, inputs=(a + 2 * np.eye(3),))


@control("complex_logarithm_beside_the_cut", "complex", "log z just above and below the negative axis")
def complex_logarithm_beside_the_cut(rng):
    z = np.array([-1 + 1e-3j, -2 - 1e-3j, 0.5 + 1j])
    return Problem(f=lambda i: np.log(i[0]), vjp_good=lambda i, ct: (ct / i[0].conj(),), inputs=(z,))


@control("real_transform_of_odd_length", "transform", "spectrum weights on a real transform of seven numbers")
def real_transform_of_odd_length(rng):
    w = rng.uniform(0.5, 2, 4)

    def good(i, ct):
        full = np.zeros(7, complex)
        full[:4] = 2 * w * np.fft.rfft(i[0])
        return (ct * 7 * np.fft.ifft(full).real,)

    return Problem(
        f=lambda i: np.asarray((w * np.abs(np.fft.rfft(i[0])) ** 2).sum()),
        vjp_good=good,
        inputs=(rng.standard_normal(7),),
    )


@control(
    "natural_spline_by_its_values", "interpolation", "a cubic spline is linear in the values at its knots"
)
def natural_spline_by_its_values(rng):
    knots, at = np.array([0.0, 1, 1.2, 3, 4]), np.array([0.0, 0.5, 1.2, 3.7, 4.0])

    def spline(y):
        return interpolate.CubicSpline(knots, y, bc_type="natural")(at)

    matrix = spline(np.eye(5))
    return Problem(
        f=lambda i: spline(i[0]), vjp_good=lambda i, ct: (matrix.T @ ct,), inputs=(rng.standard_normal(5),)
    )


@control(
    "table_at_and_between_its_knots",
    "kink",
    "linear interpolation, two of the points on a knot",
    "subdifferential",
)
def table_at_and_between_its_knots(rng):
    x, y = np.array([0.0, 0.5, 1.5, 2.0, 4.0]), np.array([1.0, -1.0, 2.0, 0.5, 3.0])

    def slope(v):
        inside = (v >= 0) & (v < 4)
        return inside * (np.diff(y) / np.diff(x))[np.clip(np.searchsorted(x, v, side="right") - 1, 0, 3)]

    return elem(lambda v: np.interp(v, x, y), slope, [0.5, 0.9, 2.0, 3.0])


@control("angle_difference_near_pi", "wrapping", "wrapped difference of angles 0.01 short of pi")
def angle_difference_near_pi(rng):
    return Problem(
        f=lambda i: np.arctan2(np.sin(i[0] - i[1]), np.cos(i[0] - i[1])) ** 2,
        vjp_good=lambda i, ct: tuple(
            s * ct * 2 * np.arctan2(np.sin(i[0] - i[1]), np.cos(i[0] - i[1])) for s in (1, -1)
        ),
        inputs=(np.array([3.0, -3.0, 0.2]), np.array([-0.13, 0.13, 7.0])),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
