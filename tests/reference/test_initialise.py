"""Initialisation: property 8, the schemes' distributions, seeds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck import strategies
from gradcheck.reference import (
    Network,
    gradient_descent,
    he,
    relu,
    sigmoid,
    small_normal,
    softplus,
    squared_error,
    tanh,
    xavier,
    zeros,
)
from tests.reference.refute import caught

SHAPE = (40, 50)


# 8 ---------------------------------------------------------------------------------------------------------


@st.composite
def problems(draw):
    """One hidden layer of two units or more, data, and a number of steps."""
    inputs, units, outputs = draw(st.integers(1, 3)), draw(st.integers(2, 4)), draw(st.integers(1, 2))
    hidden = draw(st.sampled_from([sigmoid, tanh, relu, softplus]))
    case = draw(
        strategies.networks(shapes=st.just((inputs, units, outputs)), hidden=st.just(hidden), max_examples=6)
    )
    return case.network, case.X, case.Y, draw(st.integers(1, 8))


def trained(network, params, X, Y, epochs):
    return gradient_descent(network, params, X, Y, rate=0.3, tolerance=0.0, max_epochs=epochs).params


def with_one_unit(network):
    return Network((network.widths[0], 1, network.widths[2]), network.activations, network.loss)


def stays_symmetric(problem, scheme=zeros):
    """Hidden units stay identical, both weight matrices keep rank one, and one unit does the work of all."""
    network, X, Y, epochs = problem
    start = network.initialise(np.random.default_rng(0), scheme)
    params = trained(network, start, X, Y, epochs)
    W1, b1, W2 = params["layer1"]["W"], params["layer1"]["b"], params["layer2"]["W"]
    assert np.allclose(W1, W1[:1], rtol=1e-12, atol=1e-14)
    assert np.allclose(b1, b1[:1], rtol=1e-12, atol=1e-14)
    assert np.allclose(W2, W2[:, :1], rtol=1e-12, atol=1e-14)
    assert max(np.linalg.matrix_rank(W, tol=1e-12) for W in (W1, W2)) <= 1
    units = network.widths[1]
    single = with_one_unit(network)
    one = {
        "layer1": {"W": W1[:1], "b": b1[:1]},
        "layer2": {"W": units * W2[:, :1], "b": params["layer2"]["b"]},
    }
    assert np.allclose(network.forward(params, X)[0], single.forward(one, X)[0], rtol=1e-10, atol=1e-12)


@given(problem=problems())
def test_from_all_zeros_hidden_units_stay_identical_for_ever(problem):
    stays_symmetric(problem)


def test_small_normal_weights_break_the_symmetry():
    caught(lambda problem: stays_symmetric(problem, small_normal), problem=problems())


def single_unit_follows(problem, factor):
    """Training n identical units is training one: its outgoing weight learns n times as fast as theirs."""
    network, X, Y, epochs = problem
    units = network.widths[1]
    params = network.initialise(
        np.random.default_rng(0), lambda rng, shape, dtype: np.full(shape, 0.5, dtype)
    )
    W1, b1, W2, b2 = (np.array(params[n][k]) for n in ("layer1", "layer2") for k in "Wb")
    single = with_one_unit(network)
    for _ in range(epochs):
        one = {"layer1": {"W": W1[:1], "b": b1[:1]}, "layer2": {"W": units * W2[:, :1], "b": b2}}
        gradient = single.gradients(one, X, Y)
        W1 = W1 - 0.3 * gradient["layer1"]["W"] / factor(units)
        b1 = b1 - 0.3 * gradient["layer1"]["b"] / factor(units)
        W2 = W2 - 0.3 * gradient["layer2"]["W"]
        b2 = b2 - 0.3 * gradient["layer2"]["b"]
    reached = trained(network, params, X, Y, epochs)
    assert np.allclose(reached["layer1"]["W"], W1, rtol=1e-9, atol=1e-9)
    assert np.allclose(reached["layer2"]["W"], W2, rtol=1e-9, atol=1e-9)


@settings(max_examples=50)
@given(problem=problems())
def test_a_symmetric_hidden_layer_learns_as_a_single_unit_does(problem):
    single_unit_follows(problem, lambda units: units)


def test_a_single_unit_that_learns_at_another_rate_is_caught():
    caught(lambda problem: single_unit_follows(problem, lambda units: 1), problem=problems())


# the schemes -------------------------------------------------------------------------------------------------


def test_zeros_are_zeros():
    assert not zeros(np.random.default_rng(0), SHAPE, np.float64).any()
    assert zeros(np.random.default_rng(0), SHAPE).shape == SHAPE


def test_small_normal_is_a_hundredth_of_the_standard_normal():
    W = small_normal(np.random.default_rng(3), SHAPE)
    assert np.array_equal(W, 0.01 * np.random.default_rng(3).standard_normal(SHAPE))


def test_xavier_is_uniform_with_variance_2_over_the_widths_sum():
    W = xavier(np.random.default_rng(3), SHAPE)
    bound = np.sqrt(6 / 90)
    assert 0.99 * bound < W.max() <= bound
    assert -bound <= W.min() < -0.99 * bound
    assert np.var(W) == pytest.approx(2 / 90, rel=0.05)


def test_he_is_normal_with_variance_2_over_the_inputs():
    W = he(np.random.default_rng(3), SHAPE)
    assert np.array_equal(W, np.sqrt(2 / 50) * np.random.default_rng(3).standard_normal(SHAPE))


@pytest.mark.parametrize("scheme", [zeros, small_normal, xavier, he])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_parameters_have_the_dtype_asked_for_and_zero_biases(scheme, dtype):
    params = Network((3, 2, 1), tanh).initialise(np.random.default_rng(0), scheme, dtype)
    assert {a.dtype for layer in params.values() for a in layer.values()} == {np.dtype(dtype)}
    assert [params[n][k].shape for n in params for k in "Wb"] == [(2, 3), (2, 1), (1, 2), (1, 1)]
    assert not any(layer["b"].any() for layer in params.values())


@pytest.mark.parametrize("scheme", [zeros, small_normal, xavier, he])
def test_the_schemes_default_to_float64(scheme):
    assert scheme(np.random.default_rng(0), SHAPE).dtype == np.float64


def test_a_network_starts_small_normal_in_float64_by_default():
    network = Network((3, 2, 1), tanh)
    params = network.initialise(np.random.default_rng(5))
    rng = np.random.default_rng(5)
    assert np.array_equal(params["layer1"]["W"], small_normal(rng, (2, 3)))
    assert np.array_equal(params["layer2"]["W"], small_normal(rng, (1, 2)))
    assert params["layer1"]["b"].dtype == np.float64


@pytest.mark.parametrize("rng", [None, 0, np.random.RandomState(0)])
def test_only_a_generator_is_accepted(rng):
    with pytest.raises(
        ValueError, match=r"not a numpy\.random\.Generator\. Try: np\.random\.default_rng\(seed\)\.$"
    ) as e:
        Network((2, 1), tanh, squared_error).initialise(rng)
    assert str(e.value).startswith(f"rng={rng!r}: not")
