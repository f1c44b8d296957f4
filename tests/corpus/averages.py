"""Means, maxima and quantiles of bags, masks and batches."""

import numpy as np

from tests.corpus._case import Case, Problem, bug

_BAGS = (np.array([0, 1, 2, 4]), np.array([3]), np.array([1, 4]))


@bug(
    "bag_mean_divided_by_the_size_of_another_bag",
    "pytorch/pytorch#190063",
    "mean of bags of embeddings",
    "index of the count",
    "the size is looked up with the loop counter instead of the bag",
    fidelity="modelled",
)
def bag_mean_divided_by_the_size_of_another_bag(rng):
    def vjp(off):
        def go(i, ct):
            out = np.zeros_like(i[0])
            for n, bag in enumerate(_BAGS):
                np.add.at(out, bag, ct[n] / len(_BAGS[n - off]))
            return (out,)

        return go

    return Problem(
        f=lambda i: np.stack([i[0][bag].mean(0) for bag in _BAGS]),
        vjp_good=vjp(0),
        vjp_bad=vjp(1),
        inputs=(rng.standard_normal((5, 3)),),
    )


@bug(
    "bag_maximum_with_the_gradient_of_the_mean",
    "flagos-ai/FlagGems#5220",
    "maximum of bags of embeddings",
    "mode ignored in the backward",
    "the share of the winner is spread over the bag",
)
def bag_maximum_with_the_gradient_of_the_mean(rng):
    def good(i, ct):
        out = np.zeros_like(i[0])
        for n, bag in enumerate(_BAGS):
            np.add.at(out, (bag[i[0][bag].argmax(0)], np.arange(3)), ct[n])
        return (out,)

    def bad(i, ct):
        out = np.zeros_like(i[0])
        for n, bag in enumerate(_BAGS):
            out[bag] += ct[n] / len(bag)
        return (out,)

    return Problem(
        f=lambda i: np.stack([i[0][bag].max(0) for bag in _BAGS]),
        vjp_good=good,
        vjp_bad=bad,
        inputs=(rng.standard_normal((5, 3)),),
    )


@bug(
    "quantile_without_interpolation",
    "class of mistake (lower neighbour takes all)",
    "30 % quantile",
    "interpolation weights forgotten",
    "the quantile lies between two order statistics, and one gets everything",
    fidelity="synthetic",
    says=("entries",),
)
def quantile_without_interpolation(rng):
    def vjp(fix):
        def go(i, ct):
            order = np.argsort(i[0])
            at = 0.3 * (len(order) - 1)
            low, w = int(at), (at - int(at)) * fix
            out = np.zeros_like(i[0])
            out[order[low]], out[order[low + 1]] = ct * (1 - w), ct * w
            return (out,)

        return go

    return Problem(
        f=lambda i: np.asarray(np.quantile(i[0], 0.3)),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(9),),
    )


@bug(
    "mean_of_a_batch_of_one",
    "class of mistake (squeeze)",
    "mean over the batch",
    "a batch of one",
    "the squeezed example is divided by its features",
    fidelity="synthetic",
    says=("factor",),
)
def mean_of_a_batch_of_one(rng):
    def vjp(fix):
        return lambda i, ct: (2 * i[0] * ct / len(i[0] if fix else np.squeeze(i[0])),)

    return Problem(
        f=lambda i: (i[0] ** 2).mean(0),
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(rng.standard_normal((1, 5)),),
    )


@bug(
    "masked_mean_divided_by_everything",
    "class of mistake (padding counted)",
    "mean over the elements of a mask",
    "wrong only where a mask is used",
    "divided by the length instead of the number of elements kept",
    fidelity="synthetic",
    says=("factor",),
)
def masked_mean_divided_by_everything(rng):
    mask = np.array([1.0, 1, 1, 0, 1, 0, 0])

    def vjp(n):
        return lambda i, ct: (ct * 2 * i[0] * mask / n,)

    return Problem(
        f=lambda i: np.asarray((mask * i[0] ** 2).sum() / mask.sum()),
        vjp_good=vjp(mask.sum()),
        vjp_bad=vjp(mask.size),
        inputs=(rng.standard_normal(7),),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
