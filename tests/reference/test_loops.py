"""The slow twin, at fixed points: every activation, every loss with every output, one example and one unit."""

import math

import numpy as np
import pytest

from gradcheck.reference import (
    ACTIVATIONS,
    ELU,
    LeakyReLU,
    Network,
    binary_cross_entropy,
    flatten,
    he,
    identity,
    loops,
    sigmoid,
    softmax,
    softmax_cross_entropy,
    squared_error,
    tanh,
)

ALL = [*ACTIVATIONS, LeakyReLU(0.3), ELU(0.5)]
POINTS = [-3.0, -0.75, 0.0, 0.5, 1.0, 2.5]
OUTPUTS = [
    (squared_error, identity),
    (squared_error, tanh),
    (squared_error, softmax),
    (binary_cross_entropy, sigmoid),
    (binary_cross_entropy, softmax),
    (softmax_cross_entropy, softmax),
    (softmax_cross_entropy, sigmoid),
]


@pytest.mark.parametrize("g", ALL, ids=lambda g: g.name)
@pytest.mark.parametrize("z", POINTS)
def test_scalar_formulas_equal_the_vectorised_ones(g, z):
    assert math.isclose(loops.value(g, z), g(z), rel_tol=1e-14, abs_tol=1e-16)
    assert math.isclose(loops.slope(g, z), g.derivative(z), rel_tol=1e-13, abs_tol=1e-16)


def labels(loss, n, m, rng):
    if loss is squared_error:
        return rng.normal(size=(n, m))
    if loss is softmax_cross_entropy:
        return np.eye(n)[:, rng.integers(0, n, m)]
    return rng.integers(0, 2, (n, m))


@pytest.mark.parametrize(("loss", "output"), OUTPUTS, ids=lambda o: o.name)
@pytest.mark.parametrize(
    "hidden", [(), (tanh,), (ELU(0.5), sigmoid), (LeakyReLU(0.3), tanh, softmax)], ids=len
)
@pytest.mark.parametrize("m", [1, 4])
def test_loops_equal_the_vectorised_network(loss, output, hidden, m):
    rng = np.random.default_rng(m)
    network = Network([3, *range(4, 4 + len(hidden)), 2], [*hidden, output], loss, l2=0.25)
    params = network.initialise(rng, he)
    for layer in params.values():
        layer["b"] += rng.normal(size=layer["b"].shape)
    X, Y = rng.normal(size=(3, m)), labels(loss, 2, m, rng)
    A, cache = loops.forward(network, params, X)
    fast_A, fast_cache = network.forward(params, X)
    for slow, fast in zip((A, *cache.Z, *cache.A), (fast_A, *fast_cache.Z, *fast_cache.A), strict=True):
        np.testing.assert_allclose(slow, fast, rtol=1e-12, atol=1e-14)
    assert math.isclose(loops.cost(network, params, X, Y), network.cost(params, X, Y), rel_tol=1e-12)
    gradients = loops.backward(network, params, cache, Y)
    assert [(n, list(layer)) for n, layer in gradients.items()] == [
        (n, list(layer)) for n, layer in params.items()
    ]
    expected = flatten(network.backward(params, fast_cache, Y))
    np.testing.assert_allclose(flatten(gradients), expected, rtol=1e-10, atol=1e-12)
    assert math.isclose(network.cost_of(params, fast_cache, Y), network.cost(params, X, Y), rel_tol=1e-15)


@pytest.mark.parametrize("function", [loops.value, loops.slope])
def test_an_activation_without_a_scalar_formula_is_refused(function):
    with pytest.raises(TypeError) as error:
        function(softmax, 1.0)
    assert str(error.value) == f"{softmax!r} is not elementwise, or has no scalar formula"


def test_a_loss_without_a_scalar_formula_is_refused():
    for call in (lambda: loops.loss("mine", [1.0], [1.0]), lambda: loops.loss_derivative("mine", 1.0, 1.0)):
        with pytest.raises(TypeError) as error:
            call()
        assert str(error.value) == "'mine' has no scalar formula"


def test_losses_of_one_example():
    assert math.isclose(loops.loss(binary_cross_entropy, [0.25, 0.5], [1, 0]), math.log(4) + math.log(2))
    assert math.isclose(loops.loss(softmax_cross_entropy, [0.25, 0.75], [0, 1]), -math.log(0.75))
    assert loops.loss(squared_error, [3.0, 1.0], [1.0, 0.0]) == 2.5
    assert loops.loss_derivative(binary_cross_entropy, 0.25, 1) == -4.0
    assert loops.loss_derivative(binary_cross_entropy, 0.25, 0) == 1 / 0.75
    assert loops.loss_derivative(softmax_cross_entropy, 0.25, 1) == -4.0
    assert loops.loss_derivative(softmax_cross_entropy, 0.25, 0) == 0.0
    assert loops.loss_derivative(squared_error, 3.0, 1.0) == 2.0


@pytest.mark.parametrize("kind", [binary_cross_entropy, softmax_cross_entropy, squared_error])
@pytest.mark.parametrize("y", [[1.0], [1.0, 0.0, 0.0]])
def test_a_loss_of_too_few_or_too_many_labels_is_refused(kind, y):
    with pytest.raises(ValueError, match=r"^zip\(\) argument 2 is (shorter|longer)"):
        loops.loss(kind, [0.5, 0.5], y)


def layered(*layers):
    return {
        f"layer{k}": {"W": np.array(W, float), "b": np.zeros((len(W), 1))} for k, W in enumerate(layers, 1)
    }


def test_what_does_not_fit_together_is_refused():
    """The vectorised code says which layer; the loops at least do not drop what is too much."""
    network = Network((2, 2, 1), tanh, squared_error)
    params = layered([[1, 2], [3, 4]], [[5, 6]])
    X, Y = np.ones((2, 1)), np.ones((1, 1))
    _, cache = loops.forward(network, params, X)
    two = np.ones((2, 1))
    with pytest.raises(ValueError, match=r"^zip\(\)"):
        loops.forward(network, layered([[1, 2, 3]], [[5]]), X)
    with pytest.raises(ValueError, match=r"^zip\(\)"):
        loops.backward(network, params, cache, two)
    with pytest.raises(ValueError, match=r"^zip\(\)"):
        loops.backward(Network((2, 2, 1), (tanh, tanh), squared_error), params, cache, two)
    with pytest.raises(ValueError, match=r"^zip\(\)"):
        loops.backward(network, layered([[1, 2], [3, 4]], [[5, 6, 7]]), cache, Y)


def test_the_error_of_a_certain_and_wrong_prediction_is_1_because_the_chain_rule_collapses():
    network, params, X = Network((1, 1), sigmoid), layered([[1]]), np.array([[40.0]])
    A, cache = loops.forward(network, params, X)
    assert A[0, 0] == 1.0
    gradients = loops.backward(network, params, cache, np.zeros((1, 1)))
    assert gradients["layer1"]["b"][0, 0] == 1.0


def test_a_softmax_of_large_numbers_does_not_overflow():
    network = Network((1, 2), softmax, softmax_cross_entropy)
    A, _ = loops.forward(network, layered([[1], [1]]), np.array([[600.0]]))
    assert A.tolist() == [[0.5], [0.5]]


def test_integers_become_float64():
    _, cache = loops.forward(Network((1, 1), sigmoid), layered([[1]]), np.array([[3]]))
    assert cache.A[0].dtype == np.float64
