"""Kernels, pairwise distances and embeddings of points."""

import numpy as np

from tests.corpus._case import Case, Problem, bug


def _square_distances(x):
    d = x[:, None] - x[None]
    return d, (d * d).sum(-1)


@bug(
    "rbf_kernel_by_the_logarithm_of_its_scale",
    "scikit-learn/scikit-learn#31366",
    "squared exponential kernel",
    "gradient in the logarithm of the parameter",
    "a factor l too many: nobody sees it at l = 1",
    generic=False,
    says=("factor",),
)
def rbf_kernel_by_the_logarithm_of_its_scale(rng):
    r2 = _square_distances(rng.standard_normal((4, 2)))[1]

    def vjp(power):
        return lambda i, ct: (np.sum(ct * np.exp(-r2 / (2 * i[0] ** 2)) * r2) / i[0] ** power,)

    return Problem(
        f=lambda i: np.exp(-r2 / (2 * i[0] ** 2)),
        vjp_good=vjp(3),
        vjp_bad=vjp(2),
        inputs=(np.array(1.0),),
        special_inputs=(np.array(2.0),),
    )


@bug(
    "ard_kernel_scales_by_the_logarithm",
    "scikit-learn/scikit-learn#26502",
    "squared exponential kernel with a scale for each feature",
    "gradient in the logarithm of the parameter",
    "r^2 / l^2 instead of r^2 / l^3, feature by feature",
)
def ard_kernel_scales_by_the_logarithm(rng):
    x = rng.standard_normal((5, 3))
    d2 = (x[:, None] - x[None]) ** 2

    def k(i):
        return np.exp(-0.5 * (d2 / i[0] ** 2).sum(-1))

    def vjp(power):
        return lambda i, ct: (((ct * k(i))[..., None] * d2).sum((0, 1)) / i[0] ** power,)

    return Problem(f=k, vjp_good=vjp(3), vjp_bad=vjp(2), inputs=(rng.uniform(0.6, 2.5, 3),))


@bug(
    "matern_gradient_sign_of_the_first_point",
    "cornellius-gp/gpytorch#2563",
    "Matern 5/2 kernel",
    "sign",
    "d r / d x1 is taken with the sign of d r / d x2",
    says=("sign",),
)
def matern_gradient_sign_of_the_first_point(rng):
    s5 = np.sqrt(5)

    def f(i):
        r = np.abs(i[0][:, None] - i[1][None])
        return (1 + s5 * r + 5 * r * r / 3) * np.exp(-s5 * r)

    def vjp(sign):
        def go(i, ct):
            d = i[0][:, None] - i[1][None]
            g = ct * -5 / 3 * d * (1 + s5 * np.abs(d)) * np.exp(-s5 * np.abs(d))
            return sign * g.sum(1), -g.sum(0)

        return go

    return Problem(
        f=f, vjp_good=vjp(1), vjp_bad=vjp(-1), inputs=(rng.standard_normal(4), rng.standard_normal(3))
    )


@bug(
    "periodic_kernel_period_without_its_square",
    "class of mistake (d/dp of sin(pi x / p))",
    "periodic kernel",
    "missing inner derivative",
    "1 / p instead of 1 / p^2 in the derivative by the period",
    generic=False,
    fidelity="synthetic",
    says=("factor",),
)
def periodic_kernel_period_without_its_square(rng):
    d = np.abs(np.subtract.outer(*2 * [rng.uniform(0, 3, 5)]))

    def vjp(power):
        def go(i, ct):
            a = np.pi * d / i[0]
            k = np.exp(-2 * np.sin(a) ** 2)
            return (np.sum(ct * k * 4 * np.sin(a) * np.cos(a) * np.pi * d) / i[0] ** power,)

        return go

    return Problem(
        f=lambda i: np.exp(-2 * np.sin(np.pi * d / i[0]) ** 2),
        vjp_good=vjp(2),
        vjp_bad=vjp(1),
        inputs=(np.array(1.0),),
        special_inputs=(np.array(1.7),),
    )


def _minkowski(p, backward_p, shapes, rng):
    def parts(i):
        d = i[0][:, None] - i[1][None]
        return d, (np.abs(d) ** p).sum(-1) ** (1 / p)

    def vjp(q):
        def go(i, ct):
            d, r = parts(i)
            g = (ct / np.where(r > 0, r, 1) ** (q - 1))[..., None] * np.sign(d) * np.abs(d) ** (q - 1)
            return g.sum(1), -g.sum(0)

        return go

    return Problem(
        f=lambda i: parts(i)[1],
        vjp_good=vjp(p),
        vjp_bad=vjp(backward_p),
        inputs=tuple(rng.standard_normal(s) for s in shapes),
    )


@bug(
    "minkowski_distance_with_the_euclidean_gradient",
    "flagos-ai/FlagGems#5023",
    "pairwise distance of order 3",
    "parameter ignored in the backward",
    "diff / dist whatever the order",
)
def minkowski_distance_with_the_euclidean_gradient(rng):
    return _minkowski(3, 2, ((4, 3), (5, 3)), rng)


@bug(
    "distance_from_a_single_point",
    "pytorch/pytorch#26076",
    "pairwise Euclidean distance",
    "a batch of one",
    "with one row in the first set only the first row of the second gets its gradient",
    fidelity="modelled",
    says=("entries",),
)
def distance_from_a_single_point(rng):
    p = _minkowski(2, 2, ((1, 3), (5, 3)), rng)

    def bad(i, ct):
        a, b = p.vjp_good(i, ct)
        return a, b * (np.arange(len(b)) == 0)[:, None]

    return Problem(f=p.f, vjp_good=p.vjp_good, vjp_bad=bad, inputs=p.inputs)


def _tsne(y, joint):
    d, r2 = _square_distances(y)
    w = (1 - np.eye(len(y))) / (1 + r2)
    q = w / w.sum()
    slope = 4 * (((joint - q) * w)[..., None] * d).sum(1)
    off = ~np.eye(len(y), dtype=bool)
    return np.sum(joint[off] * np.log(joint[off] / q[off])), slope


@bug(
    "neighbour_embedding_without_four",
    "pavlin-policar/openTSNE#89",
    "Kullback-Leibler divergence of a neighbour embedding",
    "constant dropped",
    "the factor 4 is left to the learning rate",
    says=("factor",),
)
def neighbour_embedding_without_four(rng):
    joint = rng.uniform(size=(6, 6)) * (1 - np.eye(6))
    joint = (joint + joint.T) / (2 * joint.sum())

    def vjp(k):
        return lambda i, ct: (ct * k * _tsne(i[0], joint)[1],)

    return Problem(
        f=lambda i: np.asarray(_tsne(i[0], joint)[0]),
        vjp_good=vjp(1),
        vjp_bad=vjp(0.25),
        inputs=(rng.standard_normal((6, 2)),),
    )


@bug(
    "repulsion_with_a_power_of_the_distance_too_few",
    "lmcinnes/umap#482",
    "log(1 - 1 / (1 + a d^2b)) over pairs",
    "inner derivative",
    "the squared distance where the distance belongs: right for points one apart",
)
def repulsion_with_a_power_of_the_distance_too_few(rng):
    a, b = 1.6, 0.9

    def vjp(power):
        def go(i, ct):
            d = i[0] - i[1]
            r2 = (d * d).sum(-1)
            slope = 2 * b / (r2 * (1 + a * r2**b)) * r2 ** (power / 2)
            g = (ct * slope)[:, None] * d
            return g, -g

        return go

    def f(i):
        r2 = ((i[0] - i[1]) ** 2).sum(-1)
        return np.log(a * r2**b / (1 + a * r2**b))

    n = rng.standard_normal
    return Problem(f=f, vjp_good=vjp(0), vjp_bad=vjp(1), inputs=(n((5, 2)), n((5, 2))))


@bug(
    "box_overlap_with_the_union_held_constant",
    "class of mistake (quotient rule of the IoU)",
    "intersection over union of boxes",
    "denominator held constant",
    "the union is detached",
    fidelity="synthetic",
)
def box_overlap_with_the_union_held_constant(rng):
    def parts(i):
        a, b = i
        low, high = np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])
        w = high - low
        area = [np.prod(x[:, 2:] - x[:, :2], 1) for x in (a, b)]
        inter = w.prod(1)
        return w, inter, area[0] + area[1] - inter

    def vjp(keep):
        def go(i, ct):
            w, inter, union = parts(i)
            out = []
            for x, y in (i, i[::-1]):
                side, other = x[:, 2:] - x[:, :2], w[:, ::-1]
                d_inter = np.concatenate([-other * (x[:, :2] > y[:, :2]), other * (x[:, 2:] < y[:, 2:])], 1)
                d_area = np.concatenate([-side[:, ::-1], side[:, ::-1]], 1)
                d_union = keep * (d_area - d_inter)
                out.append(
                    ct[:, None] * (d_inter * union[:, None] - inter[:, None] * d_union) / union[:, None] ** 2
                )
            return tuple(out)

        return go

    a = np.array([[0.0, 0, 4, 3], [1, 1, 5, 6], [2, 0, 7, 4]]) + rng.uniform(-0.3, 0.3, (3, 4))
    b = np.array([[1.0, 1, 6, 5], [0, 0, 4, 5], [3, 1, 6, 3]]) + rng.uniform(-0.3, 0.3, (3, 4))
    return Problem(f=lambda i: parts(i)[1] / parts(i)[2], vjp_good=vjp(1), vjp_bad=vjp(0), inputs=(a, b))


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
