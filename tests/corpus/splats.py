"""Bugs of renderers: splats, covariances, rotations, images that are normalised."""

import numpy as np

from tests.corpus._case import Case, Problem, bug


@bug(
    "conic_off_diagonal_halved",
    "graphdeco-inria/gaussian-splatting#551",
    "exponent of a splat: -(a x^2 + 2 b x y + c y^2) / 2",
    "constant factor",
    "the coefficient -1/2 of a x^2 is also used for the mixed term b x y",
    fidelity="issue",
    says=("factor",),
)
def conic_off_diagonal_halved(rng):
    d = rng.standard_normal((6, 2))

    def vjp(mixed):
        def go(i, ct):
            g = ct * np.exp(-0.5 * (i[0] * d[:, 0] ** 2 + i[2] * d[:, 1] ** 2) - i[1] * d[:, 0] * d[:, 1])
            return -0.5 * g * d[:, 0] ** 2, mixed * g * d[:, 0] * d[:, 1], -0.5 * g * d[:, 1] ** 2

        return go

    return Problem(
        f=lambda i: np.exp(-0.5 * (i[0] * d[:, 0] ** 2 + i[2] * d[:, 1] ** 2) - i[1] * d[:, 0] * d[:, 1]),
        vjp_good=vjp(-1.0),
        vjp_bad=vjp(-0.5),
        inputs=(rng.uniform(1, 2, 6), rng.uniform(-0.5, 0.5, 6), rng.uniform(1, 2, 6)),
    )


@bug(
    "scales_for_their_logarithms",
    "openvdb/fvdb-core#432",
    "covariance from log scales",
    "missing chain rule",
    "the gradient by exp(s) is returned as the gradient by s",
    fidelity="issue",
)
def scales_for_their_logarithms(rng):
    r = np.linalg.qr(rng.standard_normal((3, 3)))[0]

    def vjp(power):
        def go(i, ct):
            s = np.exp(i[0])
            return (2 * s * np.diag(r.T @ (0.5 * (ct + ct.T)) @ r) * s**power,)

        return go

    return Problem(
        f=lambda i: r @ np.diag(np.exp(2 * i[0])) @ r.T,
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(3),),
    )


@bug(
    "global_scale_left_out",
    "nerfstudio-project/gsplat#136",
    "covariance with a global scale",
    "constant factor",
    "the global scale (1 in the tests) is not in the gradient of the scales",
    generic=False,
    says=("factor",),
)
def global_scale_left_out(rng):
    r = np.linalg.qr(rng.standard_normal((3, 3)))[0]

    def vjp(power):
        def go(i, ct):
            s, k = i
            core = np.diag(r.T @ ct @ r)
            return 2 * k**power * s * core, np.asarray(2 * k * (s * s * core).sum())

        return go

    s = rng.uniform(0.5, 2, 3)
    return Problem(
        f=lambda i: r @ np.diag((i[1] * i[0]) ** 2) @ r.T,
        vjp_good=vjp(2),
        vjp_bad=vjp(1),
        inputs=(s, np.asarray(1.0)),
        special_inputs=(s, np.asarray(0.3)),
    )


@bug(
    "quaternion_used_without_normalising",
    "nerfstudio-project/gsplat#136 (review)",
    "rotation from a quaternion that is normalised first",
    "missing chain rule",
    "the backward treats the quaternion as already of length one",
    generic=True,
)
def quaternion_used_without_normalising(rng):
    v = rng.standard_normal(3)

    def rotate(q):
        w, u = q[0], q[1:]
        return v + 2 * (w * np.cross(u, v) + np.cross(u, np.cross(u, v)))

    def jacobian(q):
        w, u = q[0], q[1:]
        e = np.eye(3)
        rows = [2 * np.cross(u, v)]
        rows += [
            2 * (w * np.cross(k, v) + np.cross(k, np.cross(u, v)) + np.cross(u, np.cross(k, v))) for k in e
        ]
        return np.array(rows)

    def vjp(project):
        def go(i, ct):
            n = np.sqrt(i[0] @ i[0])
            q = i[0] / n
            g = jacobian(q) @ ct
            return ((g - q * (q @ g)) / n if project else g,)

        return go

    q = rng.standard_normal(4)
    return Problem(
        f=lambda i: rotate(i[0] / np.sqrt(i[0] @ i[0])), vjp_good=vjp(True), vjp_bad=vjp(False), inputs=(q,)
    )


@bug(
    "normalised_image_differentiated_as_raw",
    "isaac-for-healthcare/i4h-sensor-simulation#68",
    "inverted, normalised projection of a volume",
    "missing chain rule and sign",
    "the cotangent of the normalised, inverted image is applied to the raw one",
    fidelity="issue",
)
def normalised_image_differentiated_as_raw(rng):
    a = rng.random((6, 4))

    def good(i, ct):
        raw = a @ i[0]
        lo, hi = raw.argmin(), raw.argmax()
        span = raw[hi] - raw[lo]
        d = -ct / span
        p = (raw - raw[lo]) / span
        extra = np.zeros(6)
        extra[lo] += (ct * (1 - p)).sum() / span
        extra[hi] += (ct * p).sum() / span
        return ((d + extra) @ a,)

    def forward(i):
        raw = a @ i[0]
        return 1 - (raw - raw.min()) / (raw.max() - raw.min())

    return Problem(
        f=forward, vjp_good=good, vjp_bad=lambda i, ct: (ct @ a,), inputs=(rng.standard_normal(4),)
    )


@bug(
    "maximum_of_a_normalisation_forgotten",
    "FluxML/Zygote.jl#197",
    "(x - min) / (max - min)",
    "missing term",
    "the minimum gets its gradient, the maximum in the denominator does not",
    fidelity="issue",
    says=("missing-term",),
)
def maximum_of_a_normalisation_forgotten(rng):
    def vjp(with_max):
        def go(i, ct):
            x = i[0]
            lo, hi = x.argmin(), x.argmax()
            p = (x - x[lo]) / (x[hi] - x[lo])
            g = ct.copy()
            g[lo] -= (ct * (1 - p)).sum()
            g[hi] -= with_max * (ct * p).sum()
            return (g / (x[hi] - x[lo]),)

        return go

    return Problem(
        f=lambda i: (i[0] - i[0].min()) / (i[0].max() - i[0].min()),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.random(8),),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
