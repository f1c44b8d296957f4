"""Networks: properties 4, 5, 7 and 10, shapes, structure, bad input."""

import itertools
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gradcheck import Verdict, check_grad, strategies
from gradcheck.reference import (
    Cache,
    GELUTanh,
    Identity,
    Network,
    Sigmoid,
    Tanh,
    binary_cross_entropy,
    flatten,
    gelu,
    he,
    identity,
    leaky_relu,
    loops,
    relu,
    sigmoid,
    softmax,
    softmax_cross_entropy,
    squared_error,
    tanh,
    unflatten,
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


# the numbers of a small network by hand ---------------------------------------------------------------------------


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


class CopiesOutputs(Wrong):
    def backward(self, params, cache, Y):
        return super().backward(params, Cache(cache.Z, tuple(A.copy() for A in cache.A)), Y)


class CopiesInputs(Wrong):
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
