"""Networks: numbers by hand, structure, what the caller keeps, memory, bad input."""

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck import strategies
from gradcheck.reference import (
    Cache,
    GELUTanh,
    Identity,
    Network,
    Sigmoid,
    Tanh,
    binary_cross_entropy,
    flatten,
    identity,
    leaky_relu,
    relu,
    sigmoid,
    squared_error,
    tanh,
    unflatten,
)

L2 = st.just(0.0) | st.floats(0.0, 1.0)
CASES = strategies.networks(l2=L2)
ANY_OUTPUT = strategies.networks(l2=L2, linked=False)


def by_hand():
    network = Network((1, 1, 1), (relu, identity), squared_error, l2=0.5)
    params = {
        "layer1": {"W": np.array([[2.0]]), "b": np.array([[1.0]])},
        "layer2": {"W": np.array([[3.0]]), "b": np.array([[-1.0]])},
    }
    return network, params, np.array([[1.0, -2.0]]), np.array([[6.0, 0.0]])


def test_forward_cost_and_backward_of_a_network_computed_by_hand():
    network, params, X, Y = by_hand()
    A, cache = network.forward(params, X)
    assert [Z.tolist() for Z in cache.Z] == [[[3.0, -3.0]], [[8.0, -1.0]]]
    assert [a.tolist() for a in cache.A] == [[[1.0, -2.0]], [[3.0, 0.0]], [[8.0, -1.0]]]
    assert A.tolist() == [[8.0, -1.0]]
    # ((8 - 6)^2 + (-1)^2) / 2 / 2, and 0.5 / 2 (2^2 + 3^2)
    assert network.cost(params, X, Y) == 1.25 + 3.25
    # dZ2 = (2, -1), dZ1 = (6, 0), both over m = 2
    assert {
        n: {k: g.tolist() for k, g in v.items()} for n, v in network.backward(params, cache, Y).items()
    } == {
        "layer1": {"W": [[3.0 + 1.0]], "b": [[3.0]]},
        "layer2": {"W": [[3.0 + 1.5]], "b": [[0.5]]},
    }


def test_gradients_keep_the_order_and_structure_of_the_parameters():
    network = Network((2, 3, 4, 1), tanh)
    params = network.initialise(np.random.default_rng(0))
    got = network.gradients(params, np.ones((2, 3)), np.ones((1, 3)))
    assert [(name, list(layer)) for name, layer in got.items()] == [
        ("layer1", ["W", "b"]),
        ("layer2", ["W", "b"]),
        ("layer3", ["W", "b"]),
    ]
    assert list(got) == list(params)


@given(case=ANY_OUTPUT)
def test_the_callers_arrays_stay_as_they_were(case):
    before = [case.X.copy(), case.Y.copy(), flatten(case.params)]
    network = case.network
    _, cache = network.forward(case.params, case.X)
    kept = [a.copy() for a in (*cache.Z, *cache.A)]
    network.backward(case.params, cache, case.Y)
    for a, b in zip(before, [case.X, case.Y, flatten(case.params)], strict=True):
        assert np.array_equal(a, b)
    for a, b in zip(kept, (*cache.Z, *cache.A), strict=True):
        assert np.array_equal(a, b)


# memory -----------------------------------------------------------------------------------------------------


def most(call):
    """The most bytes held at one time by what `call` allocates, as NumPy reports them to tracemalloc."""
    call()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def holds_no_more_than_it_needs(network):
    """Forward: the cache, and what one activation needs. Backward: the gradients, two layers' errors, one slope.

    All in arrays of one layer, beside which the weights and the interpreter's own objects are small.
    """
    params = network.initialise(np.random.default_rng(0))
    units, m = network.widths[1], 8192
    X, Y = np.ones((network.widths[0], m)), np.zeros((network.widths[-1], m))
    one = 8 * units * m
    _, cache = network.forward(params, X)
    kept = sum(a.nbytes for a in (*cache.Z, *cache.A[1:]))
    temporary = 1.3 if network.activations[0].name == "sigmoid" else 0.3  # 1 + e, and the masks' bytes
    assert most(lambda: network.forward(params, X)) <= kept + temporary * one
    assert most(lambda: network.backward(params, cache, Y)) <= 3.3 * one


@pytest.mark.parametrize("hidden", [sigmoid, tanh, relu, leaky_relu], ids=lambda g: g.name)
def test_neither_pass_holds_an_array_that_it_does_not_need(hidden):
    holds_no_more_than_it_needs(Network((2, 16, 16, 16, 1), hidden))


class CopiesOutputs(Network):
    def backward(self, params, cache, Y):
        return super().backward(params, Cache(cache.Z, tuple(A.copy() for A in cache.A)), Y)


class CopiesInputs(Network):
    def forward(self, params, X):
        A, cache = super().forward(params, X)
        return A, Cache(cache.Z, tuple(A.copy() for A in cache.A))


@pytest.mark.parametrize("wrong", [CopiesOutputs, CopiesInputs])
def test_a_pass_that_copies_is_caught(wrong):
    with pytest.raises(AssertionError):
        holds_no_more_than_it_needs(wrong((2, 16, 16, 16, 1), tanh))


@given(case=CASES)
def test_unflatten_undoes_flatten(case):
    vector = flatten(case.params)
    assert vector.shape == (sum(n * (k + 1) for k, n in itertools.pairwise(case.network.widths)),)
    again = unflatten(vector, case.params)
    assert list(again) == list(case.params)
    for name, layer in again.items():
        for key, array in layer.items():
            assert np.array_equal(array, case.params[name][key])
    again["layer1"]["W"][:] = 7
    assert np.array_equal(vector, flatten(case.params))


@pytest.mark.parametrize("vector", [np.zeros(5), np.zeros(7), np.zeros((6, 1))])
def test_a_vector_of_another_size_is_refused(vector):
    like = {"layer1": {"W": np.zeros((2, 2)), "b": np.zeros((2, 1))}}
    assert refusal(lambda: unflatten(vector, like)) == (
        f"vector of shape {vector.shape}: expected (6,). Try: pass what flatten returned."
    )


def test_flatten_goes_layer_by_layer_and_row_by_row():
    params = {"layer1": {"W": np.array([[1, 2], [3, 4]]), "b": np.array([[5], [6]])}}
    assert flatten(params).tolist() == [1, 2, 3, 4, 5, 6]


def test_one_activation_serves_all_hidden_layers_and_the_output_takes_the_link():
    assert Network((2, 3, 3, 1), tanh).activations == (tanh, tanh, sigmoid)
    assert Network((2, 1), tanh, squared_error).activations == (identity,)
    assert Network((2, 3, 1), [relu, tanh], squared_error).activations == (relu, tanh)
    assert Network((2, 1), tanh).loss is binary_cross_entropy
    assert Network((2, 1), tanh).l2 == 0.0


def test_the_repr_names_everything():
    text = "Network((2, 3, 1), (tanh, sigmoid), binary_cross_entropy, l2=0.0)"
    assert repr(Network([2, 3, 1], tanh)) == text


def test_the_cost_of_a_cache_is_the_cost():
    network, params, X, Y = by_hand()
    assert network.cost_of(params, network.forward(params, X)[1], Y) == network.cost(params, X, Y)


def test_the_cost_of_a_saturated_output_is_taken_from_its_logits():
    """Through the probability, which has rounded to 1, the cost would be infinite."""
    network = Network((1, 1), tanh)
    params = {"layer1": {"W": np.array([[1.0]]), "b": np.zeros((1, 1))}}
    assert network.cost(params, np.array([[800.0]]), np.array([[0]])) == 800.0


def test_back_propagation_writes_dz_into_da():
    seen = []

    class Spy(Tanh):
        def vjp(self, cotangent, z, a, out=None):
            seen.append(out is cotangent)
            return super().vjp(cotangent, z, a, out)

    network = Network((2, 3, 1), Spy())
    network.gradients(network.initialise(np.random.default_rng(0)), np.ones((2, 4)), np.ones((1, 4)))
    assert seen == [True]


# bad input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("widths", [(), (3,), (3, 0), (3, -1, 1), (2, 1.5)])
def test_widths_that_make_no_network_are_refused(widths):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
        Network(widths, tanh)
    text = "expected n0, n1, .. nL: two or more positive integers. Try: widths=(2, 4, 1)."
    assert str(error.value) == f"widths={widths!r}: {text}"


def refusal(call):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the caller compares the whole text
        call()
    return str(error.value)


def test_one_activation_for_each_layer_or_the_lack_is_named():
    assert refusal(lambda: Network((2, 3, 1), [tanh])) == (
        "1 activations: there are 2 layers. Try: pass one for each layer, or a single one for all hidden layers."
    )


@pytest.mark.parametrize("l2", [-1.0, np.inf, np.nan])
def test_a_penalty_below_0_is_refused(l2):
    assert refusal(lambda: Network((2, 1), tanh, l2=l2)) == (
        f"l2={l2!r}: the penalty's factor is a number >= 0. Try: l2=0.0 for no penalty."
    )


@pytest.mark.parametrize("X", [np.zeros((4, 2)), np.zeros(2), np.zeros((2, 0))])
def test_data_of_another_shape_are_refused(X):
    network = Network((2, 3, 1), tanh)
    params = network.initialise(np.random.default_rng(0))
    assert refusal(lambda: network.forward(params, X)) == (
        f"X of shape {X.shape}: layer1 expects (2, m): one row for each input, one column for each example. "
        "Try: transpose X if its rows are examples."
    )


@pytest.mark.parametrize(
    ("name", "key", "shape", "inputs", "units", "expected"),
    [
        ("layer1", "W", (2, 3), 2, 3, (3, 2)),
        ("layer2", "W", (3, 1), 3, 1, (1, 3)),
        ("layer1", "b", (3,), 2, 3, (3, 1)),
        ("layer2", "b", (1,), 3, 1, (1, 1)),
    ],
)
def test_a_parameter_of_another_shape_names_the_layer_the_expected_and_the_given_shape(
    name, key, shape, inputs, units, expected
):
    network = Network((2, 3, 1), tanh)
    params = network.initialise(np.random.default_rng(0))
    params[name][key] = np.zeros(shape)
    assert refusal(lambda: network.forward(params, np.zeros((2, 1)))) == (
        f"{name}.{key} of shape {shape}: {name} has {inputs} inputs and {units} units, so its {key} has shape "
        f"{expected}. Try: reshape {key}, or change the network's widths."
    )


@pytest.mark.parametrize("missing", ["W", "b"])
def test_a_missing_parameter_is_named(missing):
    network = Network((2, 1), tanh)
    params = network.initialise(np.random.default_rng(0))
    del params["layer1"][missing]
    text = (
        f"params without '{missing}' of layer1: every layer has a W and a b. Try: start from initialise(rng)."
    )
    assert refusal(lambda: network.forward(params, np.zeros((2, 1)))) == text


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_data_that_are_not_finite_are_refused_by_entry(bad):
    network = Network((2, 3, 1), tanh)
    params = network.initialise(np.random.default_rng(0))
    X = np.zeros((2, 5))
    X[1, 3] = X[1, 4] = bad
    assert refusal(lambda: network.forward(params, X)) == (
        f"X[1, 3]={bad}: 2 of 10 entries of the data are not finite. Try: drop or impute those examples."
    )


def test_overflowing_parameters_are_not_blamed_on_the_data():
    network = Network((1, 1), identity, squared_error)
    params = {"layer1": {"W": np.array([[1e200]]), "b": np.zeros((1, 1))}}
    A, _ = network.forward(params, np.array([[1.0]]))
    assert A.tolist() == [[1e200]]


def test_labels_of_another_shape_are_refused_in_cost_and_backward():
    network = Network((2, 1), tanh)
    params = network.initialise(np.random.default_rng(0))
    _, cache = network.forward(params, np.zeros((2, 3)))
    for call in (
        lambda: network.backward(params, cache, np.zeros(3)),
        lambda: network.cost(params, np.zeros((2, 3)), np.zeros(3)),
    ):
        assert refusal(call).startswith("Y of shape (3,): the prediction has shape (1, 3)")


def test_activations_of_one_kind_are_recognised_as_the_link():
    assert isinstance(Network((2, 1), [Sigmoid()])._linked, bool)
    assert Network((2, 1), [Sigmoid()])._linked
    assert Network((2, 1), [Identity()], squared_error)._linked
    assert not Network((2, 1), [Tanh()], squared_error)._linked
    assert not Network((2, 1), [GELUTanh()], squared_error)._linked
