"""Bugs of poses, forces and stresses."""

import numpy as np

from tests.corpus._case import Case, Problem, bug


@bug(
    "prior_jacobian_without_minus",
    "UZ-SLAMLab/ORB_SLAM3#330",
    "residual prior - bias",
    "sign",
    "the Jacobian is the identity instead of minus the identity",
    says=("sign",),
)
def prior_jacobian_without_minus(rng):
    prior, w = rng.standard_normal(3), rng.uniform(1, 3, 3)
    return Problem(
        f=lambda i: w * (prior - i[0]),
        vjp_good=lambda i, ct: (-w * ct,),
        vjp_bad=lambda i, ct: (w * ct,),
        inputs=(rng.standard_normal(3),),
    )


@bug(
    "logarithm_of_a_rotation_taken_for_the_identity",
    "borglab/gtsam#2661",
    "planar pose difference: log of the relative pose",
    "right at zero residual",
    "the Jacobian of the logarithm is left out, which is the identity only where the residual is zero",
    generic=False,
)
def logarithm_of_a_rotation_taken_for_the_identity(rng):
    """Translation part of the logarithm: V(t)^-1 p, with V^-1 = [[h, t/2], [-t/2, h]] and h = t/2 cot(t/2)."""

    def half(t):
        return np.where(np.abs(t) < 1e-4, 1 - t * t / 12, 0.5 * t / np.tan(0.5 * t + (t == 0)))

    def slope(t):
        t1 = np.where(np.abs(t) < 1e-2, 1.0, t)
        exact = 0.5 / np.tan(0.5 * t1) - 0.25 * t1 / np.sin(0.5 * t1) ** 2
        return np.where(np.abs(t) < 1e-2, -t / 6 - t**3 / 180, exact)

    def forward(i):
        p, t = i
        h = half(t)
        return np.array([h * p[0] + 0.5 * t * p[1], -0.5 * t * p[0] + h * p[1], t])

    def good(i, ct):
        p, t = i
        h = half(t)
        dp = np.array([h * ct[0] - 0.5 * t * ct[1], 0.5 * t * ct[0] + h * ct[1]])
        dt = ct[2] + ct[0] * (slope(t) * p[0] + 0.5 * p[1]) + ct[1] * (slope(t) * p[1] - 0.5 * p[0])
        return dp, np.asarray(dt)

    return Problem(
        f=forward,
        vjp_good=good,
        vjp_bad=lambda i, ct: (ct[:2].copy(), np.asarray(ct[2])),
        inputs=(np.zeros(2), np.asarray(0.0)),
        special_inputs=(rng.standard_normal(2), np.asarray(0.7)),
    )


@bug(
    "odometry_jacobian_for_another_residual",
    "borglab/gtsam#1340",
    "residual (x2 - x1) - measured",
    "sign",
    "the Jacobians by the two poses are exchanged",
    says=("sign", "wrong-input"),
)
def odometry_jacobian_for_another_residual(rng):
    w = rng.uniform(1, 3, 4)
    return Problem(
        f=lambda i: w * (i[1] - i[0] - 0.5),
        vjp_good=lambda i, ct: (-w * ct, w * ct),
        vjp_bad=lambda i, ct: (w * ct, -w * ct),
        inputs=(rng.standard_normal(4), rng.standard_normal(4)),
    )


@bug(
    "torsion_force_of_the_wrong_sign",
    "disorderedmaterials/dissolve#544",
    "torsion energy k (1 + s cos(n phi - d))",
    "sign",
    "minus of the chain rule through the cosine lost",
    says=("sign",),
)
def torsion_force_of_the_wrong_sign(rng):
    k = rng.uniform(1, 5, 4)

    def vjp(sign):
        return lambda i, ct: (ct * sign * 3 * k * np.sin(3 * i[0] - 0.4),)

    return Problem(
        f=lambda i: k * (1 + np.cos(3 * i[0] - 0.4)),
        vjp_good=vjp(-1),
        vjp_bad=vjp(1),
        inputs=(rng.uniform(-3, 3, 4),),
    )


@bug(
    "partition_weights_held_constant",
    "Open-Quantum-Platform/openqp#385",
    "sum of normalised cell weights times an integrand",
    "missing term",
    "the weights that move with the centres are not differentiated",
    fidelity="issue",
)
def partition_weights_held_constant(rng):
    grid = rng.uniform(-2, 2, 12)

    def parts(c):
        d = grid[:, None] - c
        w = np.exp(-(d**2))
        return d, w / w.sum(1, keepdims=True), np.exp(-0.3 * d**2)

    def vjp(weights_move):
        def go(i, ct):
            d, p, e = parts(i[0])
            g = p * e * 0.6 * d
            total = (p * e).sum(1, keepdims=True)
            return (ct * (g + weights_move * 2 * d * p * (e - total)).sum(0),)

        return go

    return Problem(
        f=lambda i: np.asarray((parts(i[0])[1] * parts(i[0])[2]).sum()),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(3),),
    )


@bug(
    "gradient_returned_for_the_force",
    "openforcefield/descent#70",
    "force of a pair potential",
    "sign",
    "the gradient of the energy is handed back where the force was the output",
    says=("sign",),
)
def gradient_returned_for_the_force(rng):
    def slope(r):
        return -2 * (np.exp(-2 * (r - 1)) * -2 - np.exp(-(r - 1)) * -1)

    return Problem(
        f=lambda i: 2 * (np.exp(-2 * (i[0] - 1)) - np.exp(-(i[0] - 1))),
        vjp_good=lambda i, ct: (-ct * slope(i[0]),),
        vjp_bad=lambda i, ct: (ct * slope(i[0]),),
        inputs=(rng.uniform(0.8, 2, 5),),
    )


@bug(
    "virial_counted_twice",
    "plumed/plumed2#132",
    "pressure of a restraint on the volume",
    "constant factor",
    "the virial of the bias enters with a factor of two",
    fidelity="issue",
    says=("factor",),
)
def virial_counted_twice(rng):
    def vjp(times):
        def go(i, ct):
            a, b, c = i[0]
            cofactors = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)])
            return (ct * times * 5 * (np.linalg.det(i[0]) - 1) * cofactors,)

        return go

    return Problem(
        f=lambda i: np.asarray(2.5 * (np.linalg.det(i[0]) - 1) ** 2),
        vjp_good=vjp(1),
        vjp_bad=vjp(2),
        inputs=(np.eye(3) + 0.3 * rng.standard_normal((3, 3)),),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
