"""Correct gradients of simulations, unrolled descent, forces, spectra and matrix functions."""

from itertools import pairwise

import numpy as np
from scipy import linalg

from tests.corpus._case import Case, Problem, control
from tests.corpus._formulas import elem


@control("spring_after_200_steps", "time steps", "symplectic Euler of three springs by state and stiffness")
def spring_after_200_steps(rng):
    dt = 0.01

    def path(i):
        x, v, k = i
        xs = []
        for _ in range(200):
            xs.append(x)
            v = v - dt * k * x
            x = x + dt * v
        return x, v, xs

    def good(i, ct):
        dx, dv, dk = ct[0], ct[1], np.zeros(3)
        for x in reversed(path(i)[2]):
            dv = dv + dt * dx
            dk = dk - dt * dv * x
            dx = dx - dt * i[2] * dv
        return dx, dv, dk

    return Problem(
        f=lambda i: np.stack(path(i)[:2]),
        vjp_good=good,
        inputs=(rng.standard_normal(3), rng.standard_normal(3), 1 + rng.random(3)),
    )


@control("ball_that_bounced", "events", "200 steps of a ball that loses a fifth of its speed at the floor")
def ball_that_bounced(rng):
    def path(i):
        y, v = i
        hits = []
        for _ in range(200):
            v = v - 0.0981
            y = y + 0.01 * v
            hit = y < 0
            y, v = np.where(hit, -y, y), np.where(hit, -0.8 * v, v)
            hits.append(hit)
        return y, hits

    def good(i, ct):
        dy, dv = ct, np.zeros(4)
        for hit in reversed(path(i)[1]):
            dy, dv = np.where(hit, -dy, dy), np.where(hit, -0.8 * dv, dv)
            dv = dv + 0.01 * dy
        return dy, dv

    return Problem(f=lambda i: path(i)[0], vjp_good=good, inputs=(1 + rng.random(4), rng.standard_normal(4)))


@control("close_encounter", "strong curvature", "gravity of four bodies, two of them 1e-5 apart")
def close_encounter(rng):
    x = rng.standard_normal((4, 3))
    x[1] = x[0] + 1e-5 * rng.standard_normal(3)

    def parts(x):
        d = x[:, None] - x
        r = np.sqrt((d * d).sum(-1) + np.eye(4))
        return d, r

    def good(i, ct):
        d, r = parts(i[0])
        c = np.broadcast_to(ct[:, None], d.shape)
        g = c / r[..., None] ** 3 - 3 * d * ((c * d).sum(-1) / r**5)[..., None]
        return (g.sum(1) - g.sum(0),)

    def pull(i):
        d, r = parts(i[0])
        return (d / r[..., None] ** 3).sum(1)

    return Problem(f=pull, vjp_good=good, inputs=(x,))


@control("steep_repulsion", "strong curvature", "Lennard-Jones energy, one pair at half its radius")
def steep_repulsion(rng):
    x = np.array([[0, 0, 0], [1.1, 0, 0], [0, 0.5, 1], [5, 5, 5.0]]) + 0.01 * rng.standard_normal((4, 3))
    a, b = np.triu_indices(4, 1)

    def good(i, ct):
        d = i[0][a] - i[0][b]
        s = (d * d).sum(1)
        g = ct * (4 * (-6 * s**-7 + 3 * s**-4) * 2)[:, None] * d
        out = np.zeros((4, 3))
        np.add.at(out, a, g)
        np.add.at(out, b, -g)
        return (out,)

    def energy(i):
        s = ((i[0][a] - i[0][b]) ** 2).sum(1)
        return np.asarray(4 * (s**-6 - s**-3).sum())

    return Problem(f=energy, vjp_good=good, inputs=(x,))


@control("ray_that_grazes_a_sphere", "domain edge", "distance to a unit sphere, passing 1e-7 inside its edge")
def ray_that_grazes_a_sphere(rng):
    def root(o, d):
        b = o @ d
        return b, np.sqrt(b * b - o @ o + 1)

    def good(i, ct):
        o, raw = i
        n = np.sqrt(raw @ raw)
        d = raw / n
        b, s = root(o, d)
        db = -1 - b / s
        g = db * o
        return ct * (db * d + o / s), ct * (g - d * (d @ g)) / n

    def distance(i):
        b, s = root(i[0], i[1] / np.sqrt(i[1] @ i[1]))
        return np.asarray(-b - s)

    return Problem(f=distance, vjp_good=good, inputs=(np.array([1 - 1e-7, 0, -3]), np.array([0, 0, 1.0])))


@control(
    "exponential_of_a_large_matrix",
    "matrix function",
    "exp(A) with norms near 10, gradient by a block matrix",
)
def exponential_of_a_large_matrix(rng):
    def good(i, ct):
        block = np.block([[i[0].T, ct], [np.zeros((4, 4)), i[0].T]])
        return (linalg.expm(block)[:4, 4:],)

    return Problem(f=lambda i: linalg.expm(i[0]), vjp_good=good, inputs=(4 * rng.standard_normal((4, 4)),))


@control(
    "eigenvalues_1e-5_apart", "strong curvature", "all eigenvalues of a symmetric matrix, two nearly equal"
)
def eigenvalues_nearly_equal(rng):
    q = np.linalg.qr(rng.standard_normal((4, 4)))[0]

    def good(i, ct):
        v = np.linalg.eigh(0.5 * (i[0] + i[0].T))[1]
        return ((v * ct) @ v.T,)

    return Problem(
        f=lambda i: np.linalg.eigvalsh(0.5 * (i[0] + i[0].T)),
        vjp_good=good,
        inputs=(q @ np.diag([3, 3 - 1e-5, 1, 0]) @ q.T,),
    )


@control("logarithm_of_a_line_spectrum", "dynamic range", "log power spectrum of a cosine plus 1e-5 noise")
def logarithm_of_a_line_spectrum(rng):
    x = np.cos(2 * np.pi * np.arange(16) * 3 / 16) + 1e-5 * rng.standard_normal(16)
    basis = np.exp(-2j * np.pi * np.outer(np.arange(9), np.arange(16)) / 16)

    def good(i, ct):
        s = np.fft.rfft(i[0])
        return (np.real((2 * ct * s / np.abs(s) ** 2) @ np.conj(basis)),)

    return Problem(f=lambda i: np.log(np.abs(np.fft.rfft(i[0])) ** 2), vjp_good=good, inputs=(x,))


@control(
    "complex_root_beside_its_cut", "complex", "sqrt(z) 1e-6 above and below the negative axis, and at 1e-8"
)
def complex_root_beside_its_cut(rng):
    z = np.array([-1 + 1e-6j, -1 - 1e-6j, 1e-8 + 1e-8j, 4, -2 + 1j])
    return elem(np.sqrt, lambda z: np.conj(0.5 / np.sqrt(z)), z)


@control(
    "descent_unrolled_for_its_own_rate",
    "unrolled iteration",
    "25 steps of gradient descent, by rate and penalty",
)
def descent_unrolled_for_its_own_rate(rng):
    a, y = rng.standard_normal((8, 3)), rng.standard_normal(8)

    def steps(i):
        w, rate, decay = i
        all_ = [w]
        for _ in range(25):
            w = w - rate * (a.T @ (a @ w - y) / 8 + decay * w)
            all_.append(w)
        return all_

    def good(i, ct):
        _, rate, decay = i
        ws = steps(i)
        d, d_rate, d_decay = ct * 2 * a.T @ (a @ ws[-1] - y) / 8, 0.0, 0.0
        for w, _next in reversed(list(pairwise(ws))):
            d_rate -= d @ (a.T @ (a @ w - y) / 8 + decay * w)
            d_decay -= rate * d @ w
            d = d - rate * (a.T @ (a @ d) / 8 + decay * d)
        return d, np.asarray(d_rate), np.asarray(d_decay)

    return Problem(
        f=lambda i: np.asarray(np.mean((a @ steps(i)[-1] - y) ** 2)),
        vjp_good=good,
        inputs=(rng.standard_normal(3), np.asarray(0.1), np.asarray(0.01)),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
