"""Networks: properties 4, 5, 7 and 10."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gradcheck import Verdict, check_grad, strategies
from gradcheck.reference import (
    Cache,
    Network,
    binary_cross_entropy,
    gelu,
    he,
    identity,
    loops,
    relu,
    sigmoid,
    softmax,
    softmax_cross_entropy,
    squared_error,
    tanh,
)
from tests.reference.refute import caught

L2 = st.just(0.0) | st.floats(0.0, 1.0)
CASES = strategies.networks(l2=L2)
ANY_OUTPUT = strategies.networks(l2=L2, linked=False)
SMOOTH = strategies.networks(hidden=strategies.activations(kinks=False), l2=L2)
DEEP = strategies.widths(min_layers=2, max_layers=5)
LINEAR = strategies.networks(shapes=DEEP, hidden=st.just(identity), loss=st.just(squared_error))


def close(given, expected, tolerance=1e-12):
    """Every entry to the tolerance, relative to the largest of the array."""
    for name, layer in expected.items():
        for key, array in layer.items():
            assert given[name][key].shape == array.shape
            assert np.abs(given[name][key] - array).max() <= tolerance * (1 + np.abs(array).max())


def gradients(case, network=None):
    return (network or case.network).gradients(case.params, case.X, case.Y)


class Wrong(Network):
    """Twins whose backward pass is wrong in a way that people get it wrong."""

    @classmethod
    def of(cls, case):
        network = case.network
        return cls(network.widths, network.activations, network.loss, network.l2)


class SumOfExamples(Wrong):
    def backward(self, params, cache, Y):
        gradients = super().backward(params, cache, Y)
        m = cache.A[0].shape[1]
        return {name: {key: m * g for key, g in layer.items()} for name, layer in gradients.items()}


class BiasOfFirstExample(Wrong):
    def backward(self, params, cache, Y):
        first = Cache(tuple(Z[:, :1] for Z in cache.Z), tuple(A[:, :1] for A in cache.A))
        gradients = super().backward(params, cache, Y)
        for name, layer in super().backward(params, first, Y[:, :1]).items():
            gradients[name]["b"] = layer["b"]
        return gradients


class SwappedUnits(Wrong):
    def backward(self, params, cache, Y):
        gradients = super().backward(params, cache, Y)
        gradients["layer1"]["W"] = np.sort(gradients["layer1"]["W"], axis=0)
        return gradients


class NoPenalty(Wrong):
    def backward(self, params, cache, Y):
        return Network(self.widths, self.activations, self.loss).backward(params, cache, Y)


class OutputErrorOfSigmoid(Wrong):
    """Takes dZ = A - Y whatever the output activation is."""

    def _output_error(self, cache, Y):
        return cache.A[-1] - Y


# 4 ---------------------------------------------------------------------------------------------------------


def equals_one_linear_layer(case):
    """W' = W_L .. W_1, b' = W_L (.. (W_2 b_1 + b_2) ..) + b_L."""
    W, b = np.eye(case.network.widths[0]), np.zeros((case.network.widths[0], 1))
    for layer in case.params.values():
        W, b = layer["W"] @ W, layer["W"] @ b + layer["b"]
    A, _ = case.network.forward(case.params, case.X)
    assert np.allclose(A, W @ case.X + b, rtol=1e-12, atol=1e-12 * (1 + np.abs(A).max()))


@given(case=LINEAR)
def test_identity_layers_of_any_depth_equal_one_linear_layer(case):
    equals_one_linear_layer(case)


@pytest.mark.parametrize("hidden", [tanh, relu], ids=lambda g: g.name)
def test_a_non_linear_network_is_not_one_linear_layer(hidden):
    cases = strategies.networks(shapes=DEEP, hidden=st.just(hidden), loss=st.just(squared_error))
    caught(equals_one_linear_layer, case=cases)


# 5 ---------------------------------------------------------------------------------------------------------


def equals_loops(case, network=None):
    network = network or case.network
    A, cache = network.forward(case.params, case.X)
    slow_A, slow_cache = loops.forward(case.network, case.params, case.X)
    assert np.allclose(A, slow_A, rtol=1e-11, atol=1e-13)
    for fast, slow in zip((*cache.Z, *cache.A), (*slow_cache.Z, *slow_cache.A), strict=True):
        assert fast.shape == slow.shape
        assert np.allclose(fast, slow, rtol=1e-11, atol=1e-13)
    close(
        network.backward(case.params, cache, case.Y),
        loops.backward(case.network, case.params, slow_cache, case.Y),
        1e-9,  # the loops take 1 - a and 1 - a^2 from a rounded a
    )


def certain(case):
    """Whether a cross-entropy meets a probability so near 0 or 1 that the loops' scalar formulas lose digits."""
    A, _ = case.network.forward(case.params, case.X)
    return not isinstance(case.network.loss, type(squared_error)) and (A.min() < 1e-5 or A.max() > 1 - 1e-5)


@given(case=ANY_OUTPUT)
def test_vectorised_forward_and_backward_equal_the_loops(case):
    assume(not certain(case))
    equals_loops(case)
    J = case.network.cost(case.params, case.X, case.Y)
    assert math.isclose(J, loops.cost(case.network, case.params, case.X, case.Y), rel_tol=1e-9, abs_tol=1e-12)


@pytest.mark.parametrize("wrong", [SumOfExamples, BiasOfFirstExample, SwappedUnits, NoPenalty])
def test_a_backward_pass_that_differs_from_the_loops_is_caught(wrong):
    caught(lambda case: equals_loops(case, wrong.of(case)), case=CASES)


def test_a_wrong_output_error_is_caught_by_the_loops():
    caught(lambda case: equals_loops(case, OutputErrorOfSigmoid.of(case)), case=ANY_OUTPUT)


@pytest.mark.parametrize("m", [1, 4])
@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("output", [sigmoid, softmax], ids=lambda g: g.name)
def test_one_example_and_one_unit_are_no_special_case(m, n, output):
    rng = np.random.default_rng(m + n)
    network = Network((n, n, n), (tanh, output), binary_cross_entropy if output is sigmoid else squared_error)
    params = network.initialise(rng, he)
    X, Y = rng.normal(size=(n, m)), rng.integers(0, 2, (n, m))
    case = strategies.NetworkCase(network, params, X, Y)
    equals_loops(case)


# 7 ---------------------------------------------------------------------------------------------------------


def passes_check_grad(case, network=None):
    network = network or case.network
    report = check_grad(
        lambda params: network.cost(params, case.X, case.Y),
        lambda params: network.gradients(params, case.X, case.Y),
        (case.params,),
    )
    assert report.verdict is not Verdict.FAIL, str(report)
    return report


@settings(max_examples=50)
@given(case=SMOOTH)
def test_every_gradient_of_a_smooth_network_passes_check_grad(case):
    passes_check_grad(case)


@settings(max_examples=50)
@given(case=strategies.networks(kink_distance=0.02, l2=L2))
def test_every_gradient_away_from_the_kinks_passes_check_grad(case):
    passes_check_grad(case)


@pytest.mark.parametrize("hidden", [tanh, sigmoid, relu, gelu], ids=lambda g: g.name)
@pytest.mark.parametrize(
    "loss", [binary_cross_entropy, squared_error, softmax_cross_entropy], ids=lambda o: o.name
)
def test_a_network_of_ordinary_size_passes_check_grad_beyond_doubt(hidden, loss):
    rng = np.random.default_rng(7)
    network = Network((5, 4, 3, 3), hidden, loss, l2=0.1)
    params, X = network.initialise(rng, he), rng.normal(size=(5, 6))
    Y = np.eye(3)[:, rng.integers(0, 3, 6)]
    report = passes_check_grad(strategies.NetworkCase(network, params, X, Y))
    assert report.verdict is Verdict.PASS, str(report)


@pytest.mark.parametrize("wrong", [SumOfExamples, BiasOfFirstExample, SwappedUnits, NoPenalty])
def test_a_wrong_gradient_does_not_pass_check_grad(wrong):
    caught(lambda case: passes_check_grad(case, wrong.of(case)) and None, case=SMOOTH)


def is_mean_over_examples(case, network=None):
    network = network or case.network
    m = case.X.shape[1]
    singles = [network.gradients(case.params, case.X[:, k : k + 1], case.Y[:, k : k + 1]) for k in range(m)]
    mean = {
        name: {key: sum(g[name][key] for g in singles) / m for key in layer}
        for name, layer in case.params.items()
    }
    close(gradients(case, network), mean)


@given(case=CASES)
def test_the_gradient_of_a_batch_is_the_mean_over_its_examples(case):
    is_mean_over_examples(case)


def keeps_gradient(case, columns, network=None):
    """The columns are a reordering or a repetition of the examples."""
    moved = (network or case.network).gradients(case.params, case.X[:, columns], case.Y[:, columns])
    close(moved, gradients(case, network))


@given(case=CASES, data=st.data())
def test_permuting_the_examples_changes_nothing(case, data):
    keeps_gradient(case, data.draw(st.permutations(range(case.X.shape[1]))))


@given(case=CASES)
def test_a_batch_twice_over_has_the_same_gradient(case):
    m = case.X.shape[1]
    keeps_gradient(case, [*range(m), *range(m)])


@pytest.mark.parametrize("wrong", [SumOfExamples, BiasOfFirstExample])
def test_a_gradient_that_is_not_the_mean_is_caught(wrong):
    caught(lambda case: is_mean_over_examples(case, wrong.of(case)), case=CASES)


def test_a_gradient_that_depends_on_the_order_is_caught():
    caught(
        lambda case: keeps_gradient(case, range(case.X.shape[1])[::-1], BiasOfFirstExample.of(case)),
        case=CASES,
    )


def test_a_gradient_that_grows_with_a_batch_twice_over_is_caught():
    caught(
        lambda case: keeps_gradient(case, [*range(case.X.shape[1])] * 2, SumOfExamples.of(case)), case=CASES
    )


def follows_units(case, order, network=None):
    """Permuting the units of the first hidden layer permutes their rows, biases and outgoing columns."""
    network = network or case.network

    def permuted(params):
        return params | {
            "layer1": {key: array[order] for key, array in params["layer1"].items()},
            "layer2": {"W": params["layer2"]["W"][:, order], "b": params["layer2"]["b"]},
        }

    moved = network.gradients(permuted(case.params), case.X, case.Y)
    close(moved, permuted(gradients(case, network)))


@st.composite
def permuted_units(draw):
    case = draw(strategies.networks(shapes=strategies.widths(min_layers=2), hidden=_same_for_all(), l2=L2))
    return case, draw(st.permutations(range(case.network.widths[1])))


def _same_for_all():
    return strategies.activations()


@given(drawn=permuted_units())
def test_permuting_hidden_units_permutes_their_gradients(drawn):
    follows_units(*drawn)


def test_a_gradient_that_loses_track_of_its_units_is_caught():
    caught(lambda drawn: follows_units(*drawn, SwappedUnits.of(drawn[0])), drawn=permuted_units())


class Scaled(type(squared_error)):
    """A loss c times as large, without its link's short cut."""

    link = softmax  # never the output activation here, so that the chain is taken

    def __init__(self, c):
        self.c = c

    def _value(self, a, y):
        return self.c * super()._value(a, y)

    def _derivative(self, a, y):
        return self.c * super()._derivative(a, y)


def scales(case, c, network=Network):
    def of(loss):
        return network(case.network.widths, case.network.activations, loss)

    once, scaled = (gradients(case, of(loss)) for loss in (Scaled(1.0), Scaled(c)))
    close(scaled, {n: {k: c * g for k, g in layer.items()} for n, layer in once.items()})


SQUARED = strategies.networks(loss=st.just(squared_error))


@given(case=SQUARED, c=st.floats(-4, 4))
def test_scaling_the_loss_scales_the_gradients(case, c):
    scales(case, c)


def test_a_gradient_that_does_not_scale_is_caught():
    caught(lambda case: scales(case, 2.0, OutputErrorOfSigmoid), case=SQUARED)


# 10 --------------------------------------------------------------------------------------------------------


SINGLE = strategies.networks(dtype=np.float32, kink_distance=1e-3, l2=L2)


def single_agrees_with_double(case, network=None):
    network = network or case.network
    wide = {
        name: {key: a.astype(np.float64) for key, a in layer.items()} for name, layer in case.params.items()
    }
    A, cache = network.forward(case.params, case.X)
    got = network.backward(case.params, cache, case.Y)
    assert {a.dtype for a in (*cache.Z, *cache.A, A)} == {np.dtype(np.float32)}
    assert {g.dtype for layer in got.values() for g in layer.values()} == {np.dtype(np.float32)}
    assert network.cost(case.params, case.X, case.Y).dtype == np.float32
    expected = case.network.gradients(wide, case.X.astype(np.float64), case.Y)
    close(got, expected, 1e-4)  # 2^-23 times the growth of rounding over three layers, at most 1000


@given(case=SINGLE)
def test_a_float32_network_equals_the_float64_one_and_never_upcasts(case):
    single_agrees_with_double(case)


class Upcasting(Wrong):
    def forward(self, params, X):
        return super().forward(params, np.asarray(X, float))


class HalfPrecision(Wrong):
    def backward(self, params, cache, Y):
        exact = super().backward(params, cache, Y)
        return {n: {k: g.astype(np.float16).astype(g.dtype) for k, g in v.items()} for n, v in exact.items()}


@pytest.mark.parametrize("wrong", [Upcasting, HalfPrecision])
def test_a_network_that_upcasts_or_loses_digits_is_caught(wrong):
    caught(lambda case: single_agrees_with_double(case, wrong.of(case)), case=SINGLE)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64])
@pytest.mark.parametrize("Y", [[[0, 1]], [[False, True]], [[0.0, 1.0]]])
def test_labels_never_change_the_dtype(dtype, Y):
    network = Network((2, 3, 1), tanh, l2=0.5)
    params = network.initialise(np.random.default_rng(0), he, dtype)
    X = np.array([[0, 1], [1, 0]], dtype)
    assert {g.dtype for layer in network.gradients(params, X, Y).values() for g in layer.values()} == {
        np.dtype(dtype)
    }
    assert network.cost(params, X, Y).dtype == dtype
