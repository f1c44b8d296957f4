"""Embeddings, lookups and bags."""

import numpy as np

from tests.zoo._case import Array, Layer

_normal = np.random.Generator.standard_normal
_TOKENS = np.array([[3, 1, 4], [1, 5, 9]])  # 1 occurs twice


def _scatter(ct: Array, rows: int, tokens: Array = _TOKENS) -> Array:
    g = np.zeros((rows, ct.shape[-1]))
    np.add.at(g, tokens, ct)
    return g


EMBEDDING = Layer(
    "embedding",
    "lookup",
    lambda E: E[_TOKENS],
    lambda ct, E: (_scatter(ct, len(E)),),
    lambda rng: (_normal(rng, (12, 4)),),
)


def _assigned(g: Array, ct: Array, E: Array) -> Array:
    g = np.zeros_like(E)
    g[_TOKENS] = ct
    return g


SCALED = Layer(
    "embedding",
    "scaled",
    lambda E: E[_TOKENS] * 2.0,
    lambda ct, E: (2.0 * _scatter(ct, len(E)),),
    lambda rng: (_normal(rng, (10, 4)),),
)


def _padded(E: Array) -> Array:
    return np.where((_TOKENS == 1)[..., None], 0.0, E[_TOKENS])


PADDED = Layer(
    "embedding",
    "padded",
    _padded,
    lambda ct, E: (_scatter(np.where((_TOKENS == 1)[..., None], 0.0, ct), len(E)),),
    lambda rng: (_normal(rng, (12, 2)),),
)
POSITIONAL = Layer(
    "embedding",
    "positional",
    lambda x, P: np.tanh(x + P),
    lambda ct, x, P: (ct * (1 - np.tanh(x + P) ** 2), (ct * (1 - np.tanh(x + P) ** 2)).sum(0)),
    lambda rng: (_normal(rng, (4, 3, 3)), _normal(rng, (3, 3))),
)
BAG = Layer(
    "embedding",
    "bag-mean",
    lambda E: E[_TOKENS].mean(1),
    lambda ct, E: (_scatter(np.repeat(ct[:, None], 3, 1) / 3, len(E)),),
    lambda rng: (_normal(rng, (10, 3)),),
)


def _tied(E: Array) -> Array:
    """Scores of every word after a one-word context, with the embedding as output weights."""
    return np.tanh(E[[3, 0]]) @ E.T


def _tied_vjp(ct: Array, E: Array, lookup: float = 1.0) -> tuple[Array, ...]:
    h = np.tanh(E[[3, 0]])
    g = ct.T @ h
    g[[3, 0]] += lookup * (ct @ E) * (1 - h * h)
    return (g,)


TIED = Layer("embedding", "tied", _tied, _tied_vjp, lambda rng: (_normal(rng, (8, 4)),))

CASES = (
    EMBEDDING.gradient(0, _assigned, "assigned", "a repeated token keeps its last gradient alone", "entries"),
    EMBEDDING.gradient(
        0,
        lambda g, ct, E: _scatter(ct, len(E), _TOKENS + 1),
        "one-based",
        "rows counted from one",
        "shifted",
        "permuted",
        because="a cyclic shift is a permutation",
    ),
    EMBEDDING.gradient(0, lambda g, *_: -g, "sign", "negated", "sign"),
    EMBEDDING.gradient(0, lambda g, *_: 0 * g, "frozen", "the table is not trained", "zero"),
    EMBEDDING.gradient(
        0, lambda g, ct, E: g / ct[..., 0].size, "averaged", "divided by the number of tokens", "factor"
    ),
    SCALED.gradient(0, lambda g, *_: g / 2, "scale-forgotten", "sqrt(d) left out", "factor"),
    SCALED.gradient(0, lambda g, *_: 2 * g, "scale-twice", "sqrt(d) multiplied in twice", "factor"),
    PADDED.gradient(
        0,
        lambda g, ct, E: _scatter(ct, len(E)),
        "padding-trained",
        "the padding row gets a gradient",
        "entries",
    ),
    POSITIONAL.gradient(
        1,
        lambda g, ct, x, P: (ct * (1 - np.tanh(x + P) ** 2))[0],
        "first-example",
        "the batch not summed",
        "missing-sum",
    ),
    POSITIONAL.gradient(
        1, lambda g, ct, x, P: g / len(x), "averaged", "the batch's mean for its sum", "factor"
    ),
    POSITIONAL.gradient(1, lambda g, *_: g.T, "transposed", "positions and features exchanged", "transpose"),
    BAG.gradient(0, lambda g, *_: 3 * g, "not-averaged", "the mean's 1/3 left out", "factor"),
    BAG.gradient(
        0,
        lambda g, ct, E: _scatter(np.repeat(ct[::-1, None], 3, 1) / 3, len(E)),
        "bags-reversed",
        "each bag's gradient goes to the other bag",
        "permuted",
        "entries",
        "unknown",
        because="rows move, but the row that both bags share does not",
    ),
    TIED.wrong(
        "output-only",
        "the use as lookup table left out",
        lambda ct, E: _tied_vjp(ct, E, 0.0),
        "missing-term",
        "entries",
        because="the missing term touches the looked-up rows alone",
    ),
)
