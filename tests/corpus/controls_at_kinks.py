"""Correct gradients at kinks, ties, borders and other special points."""

import numpy as np

from tests.corpus._case import Case, Problem, control
from tests.corpus._formulas import _norm_stats, elem


def kinked(name, what):
    """A control at a kink: any element of the subdifferential is right."""
    return control(name, "at a kink, convention", what, truth="subdifferential")


def scalar(f, grad, *inputs):
    """A function of several arrays with the vjp ``grad(inputs, ct)``."""
    return Problem(f=lambda i: np.asarray(f(*i)), vjp_good=lambda i, ct: grad(ct, *i), inputs=inputs)


@kinked("relu_at_zero_claims_one", "the notes' convention: slope 1 at exactly 0")
def relu_at_zero_claims_one(rng):
    return elem(lambda x: np.maximum(x, 0), lambda x: (x >= 0) * 1.0, [0.0, -1.0, 2.0, 0.0])


@kinked("relu_at_minus_zero_claims_zero", "the usual convention, at -0.0")
def relu_at_minus_zero_claims_zero(rng):
    return elem(lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0, [-0.0, -1.0, 2.0])


@kinked("abs_at_zero_claims_zero", "sign(0) = 0")
def abs_at_zero_claims_zero(rng):
    return elem(np.abs, np.sign, [0.0, 1.0, -3.0])


@kinked("leaky_relu_at_zero", "slope 1 at 0")
def leaky_relu_at_zero(rng):
    return elem(
        lambda x: np.where(x < 0, 0.01 * x, x), lambda x: np.where(x < 0, 0.01, 1.0), [0.0, -2.0, 1.0]
    )


@kinked("clip_on_both_borders", "the border counts as inside")
def clip_on_both_borders(rng):
    return elem(lambda x: np.clip(x, -1, 1), lambda x: (np.abs(x) <= 1) * 1.0, [-1.0, 1.0, 0.5, 3.0])


@kinked("hardswish_on_both_knees", "-1/2 at -3 and 3/2 at 3, as torch has it")
def hardswish_on_both_knees(rng):
    return elem(
        lambda x: x * np.clip(x + 3, 0, 6) / 6,
        lambda x: np.where(x < -3, 0.0, np.where(x > 3, 1.0, x / 3 + 0.5)),
        [-3.0, 3.0, 1.0, -5.0],
    )


@kinked("maximum_of_equal_arrays_in_halves", "each side gets one half")
def maximum_of_equal_arrays_in_halves(rng):
    def grad(ct, x, y):
        w = np.where(x > y, 1.0, np.where(x < y, 0.0, 0.5))
        return ct * w, ct * (1 - w)

    return scalar(np.maximum, grad, np.array([1.0, 2.0, 0.0]), np.array([1.0, 3.0, 0.0]))


@kinked("maximum_of_equal_arrays_to_one", "the first takes all")
def maximum_of_equal_arrays_to_one(rng):
    def grad(ct, x, y):
        return ct * (x >= y), ct * (x < y)

    return scalar(np.maximum, grad, np.array([1.0, 2.0, 0.0]), np.array([1.0, 3.0, 0.0]))


@kinked("hinge_exactly_on_the_margin", "max(0, 1 - y s) with y s = 1, claims 0")
def hinge_exactly_on_the_margin(rng):
    y = np.array([1.0, -1.0, 1.0])
    return elem(lambda s: np.maximum(0, 1 - y * s), lambda s: -y * (1 - y * s > 0), [1.0, -1.0, 0.3])


@control("huber_exactly_at_delta", "smooth join", "quadratic and linear branch meet at the point")
def huber_exactly_at_delta(rng):
    return elem(
        lambda r: np.where(np.abs(r) <= 1, 0.5 * r * r, np.abs(r) - 0.5),
        lambda r: np.clip(r, -1, 1),
        [1.0, -1.0, 0.0, 2.5],
    )


@kinked("inf_norm_ties_shared", "three entries of maximal size share the cotangent")
def inf_norm_ties_shared(rng):
    def grad(ct, x):
        tie = np.abs(x) == np.abs(x).max()
        return (ct * np.sign(x) * tie / tie.sum(),)

    return scalar(lambda x: np.abs(x).max(), grad, np.array([[9.0, 2, 9], [7, 8, -9]]))


@kinked("norm_of_zero_claims_zero", "|x| at x = 0")
def norm_of_zero_claims_zero(rng):
    def grad(ct, x):
        n = np.linalg.norm(x)
        return (ct * x / n if n else np.zeros_like(x),)

    return scalar(np.linalg.norm, grad, np.zeros(4))


@kinked("std_of_a_constant_vector", "standard deviation of equal values, claims 0")
def std_of_a_constant_vector(rng):
    def grad(ct, x):
        d, sd = x - x.mean(), np.std(x)
        return (ct * d / (sd * x.size) if sd else np.zeros_like(x),)

    return scalar(np.std, grad, np.full(5, 1.0))


@control("var_of_a_constant_vector", "gradient exactly zero", "variance of equal values")
def var_of_a_constant_vector(rng):
    return scalar(np.var, lambda ct, x: (2 * ct * (x - x.mean()) / x.size,), np.full(5, 3.0))


@kinked("max_pool_overlapping_ties", "overlapping windows whose maxima tie: the first of each window")
def max_pool_overlapping_ties(rng):
    at = np.arange(4)[:, None] + np.arange(3)

    def grad(ct, x):
        g = np.zeros_like(x)
        np.add.at(g, at[np.arange(4), np.argmax(x[at], 1)], ct)
        return (g,)

    return scalar(lambda x: x[at].max(1), grad, np.array([1.0, 2.0, 2.0, 0.5, 2.0, -1.0]))


@kinked("sort_with_ties", "equal entries keep their order")
def sort_with_ties(rng):
    def grad(ct, x):
        g = np.empty_like(x)
        g[np.argsort(x, kind="stable")] = ct
        return (g,)

    return scalar(np.sort, grad, np.array([2.0, 1.0, 2.0, 0.5]))


@kinked("l1_norm_of_sparse_weights", "many entries exactly 0")
def l1_norm_of_sparse_weights(rng):
    w = rng.standard_normal((6, 5)) * (rng.random((6, 5)) < 0.4)
    return scalar(lambda x: np.abs(x).sum(), lambda ct, x: (ct * np.sign(x),), w)


@control("x_abs_x_at_zero", "smooth join", "x |x|: second derivative jumps, slope 0")
def x_abs_x_at_zero(rng):
    return elem(lambda x: x * np.abs(x), lambda x: 2 * np.abs(x), [0.0, 1.0, -2.0])


@control("squared_relu_at_zero", "smooth join", "max(0, x)^2 at 0")
def squared_relu_at_zero(rng):
    return elem(lambda x: np.maximum(x, 0) ** 2, lambda x: 2 * np.maximum(x, 0), [0.0, 1.5, -1.0])


@control("cube_at_zero", "gradient exactly zero", "x^3 at 0", "derivative")
def cube_at_zero(rng):
    return elem(lambda x: x**3, lambda x: 3 * x * x, [0.0, 1e-5, 2.0], lambda mp, v: v**3)


@control("flat_exponential_at_zero", "gradient exactly zero", "exp(-1/x^2): all derivatives vanish at 0")
def flat_exponential_at_zero(rng):
    def f(x):
        with np.errstate(all="ignore"):
            return np.where(x == 0, 0.0, np.exp(-1 / np.where(x == 0, 1, x) ** 2))

    return elem(f, lambda x: np.where(x == 0, 0.0, 2 * f(x) / np.where(x == 0, 1, x) ** 3), [0.0, 0.7, -1.3])


@control("power_four_thirds_at_zero", "low order of convergence", "|x|^(4/3): slope 0, curvature infinite")
def power_four_thirds_at_zero(rng):
    return elem(
        lambda x: np.abs(x) ** (4 / 3),
        lambda x: 4 / 3 * np.sign(x) * np.abs(x) ** (1 / 3),
        [0.0, 0.5, -2.0],
    )


@control(
    "entry_held_at_nan", "NaN that does not matter", "nanmean of squares with a NaN entry, gradient 0 there"
)
def entry_held_at_nan(rng):
    def grad(ct, x):
        ok = ~np.isnan(x)
        return (np.where(ok, 2 * ct * np.where(ok, x, 0) / ok.sum(), 0.0),)

    return scalar(lambda x: np.nanmean(x**2), grad, np.array([1.0, np.nan, -2.0, 0.5]))


@kinked("layer_norm_of_relu_with_dead_units", "layer norm after ReLU, some units exactly at 0")
def layer_norm_of_relu_with_dead_units(rng):
    def grad(ct, x):
        xh, r = _norm_stats(np.maximum(x, 0), 1e-5)
        g = r * (ct - ct.mean(-1, keepdims=True) - xh * (ct * xh).mean(-1, keepdims=True))
        return (g * (x > 0),)

    x = rng.standard_normal((3, 5))
    x[0, 1] = x[2, 3] = 0.0
    return scalar(lambda x: _norm_stats(np.maximum(x, 0), 1e-5)[0], grad, x)


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
