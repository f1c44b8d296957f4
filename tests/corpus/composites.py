"""Bugs of compositions: volumes composited front to back, cells, fitted kernels, and hand-written networks."""

import numpy as np

from tests.corpus._case import Case, Problem, bug


@bug(
    "skipped_splat_shifts_the_weights",
    "joeyan/gaussian_splatting#35",
    "front-to-back compositing that skips opacities below 1/255",
    "special point (threshold)",
    "the backward walks from the last splat, also a skipped one, and divides its share out of the transmittance",
    generic=False,
    fidelity="modelled",
)
def skipped_splat_shifts_the_weights(rng):
    def parts(a, skip):
        used = np.where(a < skip, 0.0, a)
        clear = np.r_[1, np.cumprod(1 - used)[:-1]]
        return used, clear

    def vjp(skip):
        def go(i, ct):
            a, c = i
            used, clear = parts(a, skip)
            behind = np.zeros(6)
            for k in range(4, -1, -1):
                behind[k] = used[k] * c[k] + (1 - used[k]) * behind[k + 1]
            return ct * clear * (c - behind[1:]) * (a >= 1 / 255), ct * used * clear

        return go

    def forward(i):
        used, clear = parts(i[0], 1 / 255)
        return np.asarray((used * clear * i[1]).sum())

    a, c = rng.uniform(0.1, 0.8, 5), rng.uniform(0.2, 1, 5)
    return Problem(
        f=forward,
        vjp_good=vjp(1 / 255),
        vjp_bad=vjp(0.0),
        inputs=(a, c),
        special_inputs=(a * np.array([1, 1, 0.001, 1, 1]) ** np.array([0, 0, 1, 0, 0]), c),
    )


@bug(
    "weight_gradient_per_sliding_step",
    "Oneflow-Inc/oneflow#255",
    "one-dimensional convolution with bias",
    "constant factor",
    "weights' and bias' gradients are divided by the number of positions",
    says=("factor",),
)
def weight_gradient_per_sliding_step(rng):
    x = rng.standard_normal(12)
    windows = np.lib.stride_tricks.sliding_window_view(x, 4)

    def vjp(steps):
        return lambda i, ct: (windows.T @ ct / steps, np.asarray(ct.sum() / steps))

    return Problem(
        f=lambda i: windows @ i[0] + i[1],
        vjp_good=vjp(1),
        vjp_bad=vjp(9),
        inputs=(rng.standard_normal(4), np.asarray(0.3)),
    )


@bug(
    "virial_added_for_subtracted",
    "materialyzeai/matgl#825",
    "virial -dE/dstrain",
    "sign",
    "the model returns dE/dstrain, the interface adds it where it should subtract",
    says=("sign",),
)
def virial_added_for_subtracted(rng):
    r = rng.standard_normal((5, 3))

    def vjp(sign):
        def go(i, ct):
            y = r + r @ i[0].T
            return (sign * ct * 2 * (np.cos((y * y).sum(1))[:, None] * y).T @ r,)

        return go

    def forward(i):
        y = r + r @ i[0].T
        return np.asarray(-np.sin((y * y).sum(1)).sum())

    return Problem(f=forward, vjp_good=vjp(-1), vjp_bad=vjp(1), inputs=(0.1 * rng.standard_normal((3, 3)),))


@bug(
    "six_of_nine_components",
    "brucefan1983/GPUMD#1662",
    "virial of a bias on the cell",
    "entries not updated",
    "six of the nine components are written: the lower triangle stays zero",
    fidelity="issue",
    says=("entries", "zero"),
)
def six_of_nine_components(rng):
    def good(i, ct):
        a, b, c = i[0]
        return (ct * np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)]),)

    return Problem(
        f=lambda i: np.asarray(np.linalg.det(i[0])),
        vjp_good=good,
        vjp_bad=lambda i, ct: (np.triu(good(i, ct)[0]),),
        inputs=(3 * np.eye(3) + rng.standard_normal((3, 3)),),
    )


@bug(
    "fitted_energy_with_the_exact_gradient",
    "pyscf/pyscf#3425",
    "energy by a density-fitted (low-rank) kernel",
    "derivative of another function",
    "the exact kernel is differentiated, the fitted one was evaluated: a relative error near 1e-3",
    fidelity="modelled",
    mag="1e-3",
)
def fitted_energy_with_the_exact_gradient(rng):
    grid, q = np.linspace(-3, 3, 9), rng.standard_normal(5)

    def pair(a, b):
        d = a[:, None] - b
        k = np.exp(-0.5 * d * d)
        return k, -d * k

    metric = np.linalg.inv(pair(grid, grid)[0] + 1e-4 * np.eye(9))

    def fitted(i, ct):
        k, dk = pair(i[0], grid)
        return (2 * ct * q * (dk @ metric @ (k.T @ q)),)

    def exact(i, ct):
        return (2 * ct * q * (pair(i[0], i[0])[1] @ q),)

    def energy(i):
        k = pair(i[0], grid)[0]
        return np.asarray(q @ k @ metric @ k.T @ q)

    return Problem(f=energy, vjp_good=fitted, vjp_bad=exact, inputs=(rng.uniform(-2, 2, 5),))


@bug(
    "loss_multiplied_into_the_first_delta",
    "microsoft/AI-For-Beginners#747",
    "cross entropy of a softmax layer",
    "superfluous factor",
    "the change of the probabilities is multiplied by the loss itself",
    fidelity="issue",
    says=("factor",),
)
def loss_multiplied_into_the_first_delta(rng):
    y = np.eye(3)[[0, 2, 1, 1]]

    def loss(x):
        return np.mean(np.log(np.exp(x).sum(1)) - (x * y).sum(1))

    def good(i, ct):
        p = np.exp(i[0]) / np.exp(i[0]).sum(1, keepdims=True)
        return (ct * (p - y) / 4,)

    return Problem(
        f=lambda i: np.asarray(loss(i[0])),
        vjp_good=good,
        vjp_bad=lambda i, ct: (good(i, ct)[0] * loss(i[0]),),
        inputs=(rng.standard_normal((4, 3)),),
    )


@bug(
    "activation_lost_in_the_adjoint",
    "SciML/SciMLBook#164",
    "two tanh layers, gradient by the first weights",
    "missing chain rule",
    "the adjoint of the layer before is built from that of the value, not of the pre-activation",
    fidelity="issue",
)
def activation_lost_in_the_adjoint(rng):
    x = rng.standard_normal((6, 3))

    def vjp(fix):
        def go(i, ct):
            h = np.tanh(x @ i[0])
            y = np.tanh(h @ i[1])
            d = ct * (1 - y * y)
            e = ((d if fix else ct) @ i[1].T) * (1 - h * h)
            return x.T @ e, h.T @ d

        return go

    return Problem(
        f=lambda i: np.tanh(np.tanh(x @ i[0]) @ i[1]),
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(rng.standard_normal((3, 4)), rng.standard_normal((4, 2))),
    )


@bug(
    "cosine_loss_off_by_512",
    "BVLC/caffe#4983",
    "mean of 1 - cosine over a batch",
    "constant factor",
    "the gradient is not divided by the batch: analytic and estimated differ by a constant factor",
    fidelity="modelled",
    says=("factor",),
)
def cosine_loss_off_by_the_batch(rng):
    y = rng.standard_normal((6, 4))
    y /= np.sqrt((y * y).sum(1, keepdims=True))

    def vjp(n):
        def go(i, ct):
            r = np.sqrt((i[0] ** 2).sum(1, keepdims=True))
            u = i[0] / r
            return (-ct * (y - u * (u * y).sum(1, keepdims=True)) / r / n,)

        return go

    def loss(i):
        return np.asarray(np.mean(1 - (i[0] * y).sum(1) / np.sqrt((i[0] ** 2).sum(1))))

    return Problem(f=loss, vjp_good=vjp(6), vjp_bad=vjp(1), inputs=(rng.standard_normal((6, 4)),))


@bug(
    "inverse_pose_one_sign",
    "jlblancoc/tutorial-se3-manifold#11",
    "point seen from a planar pose: R(t)^T (p - x)",
    "sign",
    "one term of the Jacobian by the angle has the wrong sign",
)
def inverse_pose_one_sign(rng):
    p = rng.standard_normal(2)

    def vjp(sign):
        def go(i, ct):
            c, s = np.cos(i[1]), np.sin(i[1])
            d = p - i[0]
            dt = ct[0] * (-s * d[0] + c * d[1]) + ct[1] * (sign * c * d[0] - s * d[1])
            return np.array([-c * ct[0] + s * ct[1], -s * ct[0] - c * ct[1]]), np.asarray(dt)

        return go

    def forward(i):
        c, s = np.cos(i[1]), np.sin(i[1])
        d = p - i[0]
        return np.array([c * d[0] + s * d[1], -s * d[0] + c * d[1]])

    return Problem(
        f=forward, vjp_good=vjp(-1), vjp_bad=vjp(1), inputs=(rng.standard_normal(2), np.asarray(0.4))
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
