"""Arrays that are plausible, and arrays that are not."""

import numpy as np

TIED = [1.0, 3.0, 3.0, -2.0]
ZERO_AND_HUGE = [0.0, 1e8, -700.0, 1e-8, 50.0]
ONE = [0.7]
SINGULAR = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.0, 1.0, -1.0]])


def normal(*shape):
    return lambda rng: rng.standard_normal(shape)


def positive(*shape):
    return lambda rng: rng.uniform(0.5, 2, shape)


def pair(*shapes):
    return lambda rng: tuple(rng.standard_normal(s) for s in shapes)


def regular(n):
    """A well-conditioned matrix without symmetry."""
    return lambda rng: rng.standard_normal((n, n)) + 3 * np.eye(n)
