"""Molecules, rotations, cameras, time steps and grids."""

import numpy as np

from tests.corpus._case import Case, Problem, bug


def _pairs(x):
    i, j = np.triu_indices(len(x), 1)
    d = x[i] - x[j]
    return i, j, d, np.sqrt((d * d).sum(-1))


def _scattered(x, i, j, force):
    out = np.zeros_like(x)
    np.add.at(out, i, force)
    np.subtract.at(out, j, force)
    return out


def _lennard_jones(r):
    return 4 * (r**-12 - r**-6), 4 * (-12 * r**-13 + 6 * r**-7)


def _switch(r, on=2.5, off=4.0):
    x = np.clip((r - on) / (off - on), 0, 1)
    return 1 - x**3 * (10 + x * (6 * x - 15)), -30 * x**2 * (1 - x) ** 2 / (off - on)


_TETRAHEDRON = np.array([[0.0, 0, 0], [1.2, 0, 0.1], [0, 1.3, 0], [0.2, 0, 1.25]])


@bug(
    "switched_potential_without_the_slope_of_the_switch",
    "deepmodeling/DMFF#183, openmm/openmm#906",
    "Lennard-Jones energy with a switching function",
    "product rule",
    "E' S without E S': right while every pair is nearer than the switching distance",
    generic=False,
    fidelity="modelled",
)
def switched_potential_without_the_slope_of_the_switch(rng):
    def vjp(keep):
        def go(i, ct):
            a, b, d, r = _pairs(i[0])
            (e, de), (s, ds) = _lennard_jones(r), _switch(r)
            return (ct * _scattered(i[0], a, b, ((de * s + keep * e * ds) / r)[:, None] * d),)

        return go

    def f(i):
        r = _pairs(i[0])[3]
        return np.asarray((_lennard_jones(r)[0] * _switch(r)[0]).sum())

    x = _TETRAHEDRON + 0.05 * rng.standard_normal((4, 3))
    return Problem(f=f, vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(x,), special_inputs=(2.2 * x,))


@bug(
    "reaction_forgotten",
    "class of mistake (half neighbour list)",
    "sum over pairs",
    "half of the pairs",
    "each pair pushes its first body only",
    fidelity="synthetic",
)
def reaction_forgotten(rng):
    def vjp(back):
        def go(i, ct):
            a, b, d, r = _pairs(i[0])
            push = (_lennard_jones(r)[1] / r)[:, None] * d
            out = np.zeros_like(i[0])
            np.add.at(out, a, push)
            np.add.at(out, b, -back * push)
            return (ct * out,)

        return go

    return Problem(
        f=lambda i: np.asarray(_lennard_jones(_pairs(i[0])[3])[0].sum()),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(_TETRAHEDRON + 0.05 * rng.standard_normal((4, 3)),),
    )


@bug(
    "periodic_image_taken_along_two_axes",
    "class of mistake (minimum image on a slab)",
    "springs in a periodic box",
    "one axis not wrapped in the backward",
    "right until a pair faces each other across the third wall",
    generic=False,
    fidelity="synthetic",
)
def periodic_image_taken_along_two_axes(rng):
    box = 10.0

    def wrapped(i, axes):
        a, b = np.triu_indices(len(i[0]), 1)
        d = i[0][a] - i[0][b]
        d[:, :axes] -= box * np.round(d[:, :axes] / box)
        return a, b, d, np.sqrt((d * d).sum(-1))

    def vjp(axes):
        def go(i, ct):
            a, b, d, r = wrapped(i, axes)
            return (ct * _scattered(i[0], a, b, (2 * (r - 1) / r)[:, None] * d),)

        return go

    x = _TETRAHEDRON + 4 + 0.05 * rng.standard_normal((4, 3))
    return Problem(
        f=lambda i: np.asarray(((wrapped(i, 3)[3] - 1) ** 2).sum()),
        vjp_good=vjp(3),
        vjp_bad=vjp(2),
        inputs=(x,),
        special_inputs=(x + np.array([[0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 7.0]]),),
    )


@bug(
    "coulomb_constant_rounded",
    "class of mistake (138.935 for 138.935456)",
    "Coulomb energy",
    "rounded constant",
    "forces with a constant of six digits: wrong by 3e-6",
    fidelity="synthetic",
    mag="1e-6",
    says=("factor", "precision"),
)
def coulomb_constant_rounded(rng):
    q = rng.uniform(-1, 1, 4)

    def vjp(k):
        def go(i, ct):
            a, b, d, r = _pairs(i[0])
            return (ct * _scattered(i[0], a, b, (-k * q[a] * q[b] / r**3)[:, None] * d),)

        return go

    def f(i):
        a, b, _, r = _pairs(i[0])
        return np.asarray((138.935456 * q[a] * q[b] / r).sum())

    x = _TETRAHEDRON + 0.05 * rng.standard_normal((4, 3))
    return Problem(f=f, vjp_good=vjp(138.935456), vjp_bad=vjp(138.935), inputs=(x,))


@bug(
    "velocity_loss_by_a_secant",
    "ODINN-SciML/ODINN.jl#527",
    "loss of a speed",
    "secant instead of tangent",
    "(vx - vx_ref) / (V - V_ref) instead of vx / V: the same where the directions agree",
    generic=False,
)
def velocity_loss_by_a_secant(rng):
    ref = rng.standard_normal((5, 2))
    speed = np.sqrt((ref**2).sum(-1))

    def v(i):
        return np.sqrt((i[0] ** 2).sum(-1))

    def bad(i, ct):
        return (ct * (2 * (v(i) - speed) / (v(i) - speed))[:, None] * (i[0] - ref),)

    return Problem(
        f=lambda i: np.asarray(((v(i) - speed) ** 2).sum()),
        vjp_good=lambda i, ct: (ct * (2 * (v(i) - speed) / v(i))[:, None] * i[0],),
        vjp_bad=bad,
        inputs=(1.5 * ref,),
        special_inputs=(1.5 * ref[:, ::-1].copy(),),
    )


def _euler(p, x0, steps=12, h=0.1):
    xs = [x0]
    for _ in range(steps):
        x = xs[-1]
        xs.append(x + h * np.array([x[1], -p[0] * np.sin(x[0]) - p[1] * x[1]]))
    return np.array(xs)


@bug(
    "adjoint_without_the_deposit_at_the_start",
    "ODINN-SciML/ODINN.jl#527",
    "discrete adjoint of a pendulum",
    "boundary index in time",
    "the loss at t = 0 is not added to the adjoint of the initial state",
)
def adjoint_without_the_deposit_at_the_start(rng):
    def vjp(first):
        def go(i, ct):
            p, x0 = i
            xs = _euler(p, x0)
            lam, dp, h = 2 * xs[-1], np.zeros(2), 0.1
            for x, n in zip(xs[-2::-1], range(len(xs) - 2, -1, -1), strict=True):
                dp -= h * lam[1] * np.array([np.sin(x[0]), x[1]])
                lam = lam + h * np.array([-p[0] * np.cos(x[0]) * lam[1], lam[0] - p[1] * lam[1]])
                lam = lam + (2 * x if n or first else 0)
            return ct * dp, ct * lam

        return go

    return Problem(
        f=lambda i: np.asarray((_euler(*i) ** 2).sum()),
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(np.array([2.0, 0.3]), rng.standard_normal(2)),
    )


@bug(
    "adjoint_right_side_not_clamped",
    "hippylib/hippylib#50",
    "Poisson problem with Dirichlet ends",
    "boundary condition of the adjoint",
    "the source at the two ends is not used, and gets a gradient",
    says=("entries",),
)
def adjoint_right_side_not_clamped(rng):
    n = 9
    stiff = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    stiff[[0, -1]] = np.eye(n)[[0, -1]]
    inner = np.arange(n) % (n - 1) > 0

    def vjp(clamp):
        return lambda i, ct: (np.where(inner | (not clamp), np.linalg.solve(stiff.T, ct), 0.0),)

    return Problem(
        f=lambda i: np.linalg.solve(stiff, np.where(inner, i[0], 0.0)),
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(rng.standard_normal(n),),
    )


@bug(
    "pose_jacobian_sign_of_one_term",
    "dqrobotics/matlab#62",
    "dual quaternion of a planar pose",
    "sign of one term of one entry",
    "x cos - y sin instead of -x cos - y sin",
    says=("entries", "sign"),
)
def pose_jacobian_sign_of_one_term(rng):
    def f(i):
        x, y, phi = i[0]
        c, s = np.cos(phi / 2), np.sin(phi / 2)
        return np.array([c, s, 0.5 * (x * c + y * s), 0.5 * (y * c - x * s)])

    def vjp(sign):
        def go(i, ct):
            x, y, phi = i[0]
            c, s = np.cos(phi / 2), np.sin(phi / 2)
            last = [-0.5 * s, 0.5 * c, 0.25 * (y * c - x * s), 0.25 * (sign * x * c - y * s)]
            jac = np.array(
                [[0, 0, last[0]], [0, 0, last[1]], [c / 2, s / 2, last[2]], [-s / 2, c / 2, last[3]]]
            )
            return (ct @ jac,)

        return go

    return Problem(f=f, vjp_good=vjp(-1), vjp_bad=vjp(1), inputs=(rng.standard_normal(3),))


@bug(
    "quaternion_norm_not_differentiated",
    "class of mistake (normalisation outside the backward)",
    "rotation by a normalised quaternion",
    "stop-gradient on the norm",
    "the radial part of the quaternion's gradient is kept",
    fidelity="synthetic",
    says=("missing-term",),
)
def quaternion_norm_not_differentiated(rng):
    v = rng.standard_normal((3, 3))

    def turned(q):
        w, u = q[0], q[1:]
        t = 2 * np.cross(u, v)
        return v + w * t + np.cross(u, t)

    def raw(q, ct):
        w, u = q[0], q[1:]
        t = 2 * np.cross(u, v)
        dt = w * ct + np.cross(ct, u)
        return np.concatenate([[(ct * t).sum()], (np.cross(t, ct) + 2 * np.cross(v, dt)).sum(0)])

    def vjp(project):
        def go(i, ct):
            r = np.linalg.norm(i[0])
            g = raw(i[0] / r, ct)
            return ((g - project * i[0] * (g @ i[0]) / r**2) / r,)

        return go

    return Problem(
        f=lambda i: turned(i[0] / np.linalg.norm(i[0])),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(4),),
    )


@bug(
    "projection_depth_sign",
    "class of mistake (derivative of 1 / z)",
    "pinhole camera",
    "sign of one column",
    "the depth gets + f (x, y) / z^2",
    fidelity="synthetic",
    says=("sign", "entries"),
)
def projection_depth_sign(rng):
    def vjp(sign):
        def go(i, ct):
            p = i[0]
            depth = sign * 500 * (ct * p[:, :2]).sum(-1) / p[:, 2] ** 2
            return (np.concatenate([500 * ct / p[:, 2:], depth[:, None]], 1),)

        return go

    p = np.concatenate([rng.standard_normal((6, 2)), rng.uniform(2, 8, (6, 1))], 1)
    return Problem(
        f=lambda i: 500 * i[0][:, :2] / i[0][:, 2:] + 320, vjp_good=vjp(-1), vjp_bad=vjp(1), inputs=(p,)
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
