"""Gradient descent: property 9, convergence, history, interruption."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gradcheck import strategies
from gradcheck.reference import (
    Descent,
    Epoch,
    Network,
    flatten,
    gradient_descent,
    identity,
    relu,
    sigmoid,
    squared_error,
    step,
    tanh,
    unflatten,
    xavier,
)
from tests.reference.refute import caught

X = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
XOR = np.array([[0, 1, 1, 0]])
SMOOTH = strategies.networks(
    hidden=strategies.activations(kinks=False), l2=st.just(0.0) | st.floats(0.01, 1.0)
)
LINE = Network((1, 1), identity, squared_error)


def xor(hidden=tanh):
    network = Network((2, 4, 1), hidden)
    return network, network.initialise(np.random.default_rng(0), xavier)


# 9 ---------------------------------------------------------------------------------------------------------


def cost_after(case, rate, sign=1.0):
    gradients = case.network.gradients(case.params, case.X, case.Y)
    return case.network.cost(step(case.params, gradients, sign * rate), case.X, case.Y)


def lowers_the_cost(case, sign=1.0):
    """Some rate of 1/2, 1/4, .. lowers the cost, and then the decrease tends to rate |grad|^2."""
    slope = float(np.sum(flatten(case.network.gradients(case.params, case.X, case.Y)) ** 2))
    assume(slope > 1e-6)  # unless the gradient is zero, or the decrease drowns in the rounding of J
    J = case.network.cost(case.params, case.X, case.Y)
    assert any(cost_after(case, 0.5**k, sign) < J for k in range(1, 16))
    ratios = [(J - cost_after(case, h, sign)) / (h * slope) for h in (1e-3, 5e-4, 2.5e-4)]
    errors = [abs(ratio - 1) for ratio in ratios]
    noise = 1e-15 * (1 + abs(J)) / (2.5e-4 * slope)
    # The first-order error is proportional to the rate: half the rate leaves about half of it.
    assert errors[1] <= 0.75 * errors[0] + noise
    assert errors[2] <= 0.75 * errors[1] + noise


@given(case=SMOOTH)
def test_a_small_enough_step_lowers_the_cost_by_the_rate_times_the_squared_gradient(case):
    lowers_the_cost(case)


def test_a_step_uphill_is_caught():
    caught(lambda case: lowers_the_cost(case, sign=-1.0), case=SMOOTH)


class HalfGradient(Network):
    def backward(self, params, cache, Y):
        gradients = super().backward(params, cache, Y)
        return {n: {k: g * (0.5 if k == "W" else 1.0) for k, g in v.items()} for n, v in gradients.items()}


def test_a_step_whose_decrease_is_of_another_size_is_caught():
    def half(case):
        network = HalfGradient(
            case.network.widths, case.network.activations, case.network.loss, case.network.l2
        )
        lowers_the_cost(strategies.NetworkCase(network, case.params, case.X, case.Y))

    caught(half, case=SMOOTH)


def stays_at_a_zero_gradient(case, step=step):
    still = {n: {k: np.zeros_like(a) for k, a in v.items()} for n, v in case.params.items()}
    moved = step(case.params, still, 0.5)
    assert np.array_equal(flatten(moved), flatten(case.params))


@settings(max_examples=30)
@given(case=SMOOTH)
def test_at_a_zero_gradient_the_step_changes_nothing(case):
    stays_at_a_zero_gradient(case)


def decaying(params, gradients, rate):
    """A step that also shrinks the weights."""
    moved = step(params, gradients, rate)
    return {name: {"W": 0.999 * layer["W"], "b": layer["b"]} for name, layer in moved.items()}


def test_a_step_that_moves_without_a_gradient_is_caught():
    caught(lambda case: stays_at_a_zero_gradient(case, decaying), case=SMOOTH)


def test_a_step_subtracts_the_rate_times_the_gradient():
    params = {"layer1": {"W": np.array([[1.0]]), "b": np.array([[2.0]])}}
    gradients = {"layer1": {"W": np.array([[4.0]]), "b": np.array([[8.0]])}}
    moved = step(params, gradients, 0.25)
    assert moved == {"layer1": {"W": [[0.0]], "b": [[0.0]]}}
    assert params["layer1"]["W"] == [[1.0]]


# convergence and history -------------------------------------------------------------------------------------


def test_xor_is_learnt():
    network, params = xor()
    end = gradient_descent(network, params, X, XOR, rate=1.0, tolerance=1e-2, max_epochs=5000)
    assert end.converged
    assert end.reason == "converged"
    assert ((network.forward(end.params, X)[0] > 0.5) == XOR).all()
    assert end.history[-1].gradient_norm <= 1e-2 < end.history[-2].gradient_norm


def test_the_params_returned_are_those_of_the_last_epoch_when_converged():
    start = LINE.initialise(np.random.default_rng(0))
    end = gradient_descent(LINE, start, [[0.0, 1.0]], [[1.0, 3.0]], rate=0.5)
    assert float(LINE.cost(end.params, [[0.0, 1.0]], [[1.0, 3.0]])) == end.costs[-1]
    np.testing.assert_allclose(flatten(end.params), [2.0, 1.0], atol=1e-3)


def test_the_history_holds_cost_norms_and_saturation_for_each_layer_and_epoch():
    network, params = xor(sigmoid)
    params = unflatten(10 * flatten(params), params)
    end = gradient_descent(network, params, X, XOR, rate=0.5, tolerance=0.0, max_epochs=3)
    assert end.reason == "max_epochs"
    assert not end.converged
    assert end.costs.shape == (3,)
    assert end.gradient_norms.shape == end.saturated.shape == (3, 2)
    for epoch in end.history:
        _, cache = network.forward(params, X)
        gradients = network.backward(params, cache, XOR)
        norms = [np.linalg.norm(flatten({"one": layer})) for layer in gradients.values()]
        assert epoch.cost == network.cost(params, X, XOR)
        np.testing.assert_allclose(epoch.gradient_norms, norms, rtol=1e-12)
        np.testing.assert_allclose(epoch.gradient_norm, np.linalg.norm(flatten(gradients)), rtol=1e-12)
        assert epoch.saturated == tuple(float(np.mean(np.abs(Z) >= 4.6)) for Z in cache.Z)
        params = step(params, gradients, 0.5)
    assert np.array_equal(flatten(end.params), flatten(params))
    assert end.saturated.max() > 0


def test_the_cost_in_the_history_has_its_penalty():
    network = Network((2, 4, 1), tanh, l2=0.5)
    _, params = xor()
    assert gradient_descent(network, params, X, XOR, max_epochs=1).costs == [network.cost(params, X, XOR)]


def test_relu_layers_are_never_counted_as_saturated():
    network, params = xor(relu)
    end = gradient_descent(network, params, X, XOR, max_epochs=1)
    assert end.saturated[0, 0] == 0.0


def test_the_defaults_are_rate_a_tenth_and_tolerance_1e_4():
    network, params = xor()
    given_ = gradient_descent(network, params, X, XOR, max_epochs=2)
    stated = gradient_descent(network, params, X, XOR, rate=0.1, tolerance=1e-4, max_epochs=2)
    assert np.array_equal(flatten(given_.params), flatten(stated.params))
    start = {"layer1": {"W": np.array([[0.0]]), "b": np.array([[1.5e-4]])}}
    epochs = len(gradient_descent(LINE, start, [[0.0]], [[0.0]]).history)
    assert (
        epochs == len(gradient_descent(LINE, start, [[0.0]], [[0.0]], rate=0.1, tolerance=1e-4).history) > 1
    )


def test_ten_thousand_epochs_are_the_default_limit():
    far = {"layer1": {"W": np.array([[0.0]]), "b": np.array([[1.0]])}}
    end = gradient_descent(LINE, far, [[0.0]], [[0.0]], rate=1e-9)
    assert len(end.history) == 10_000


def test_a_gradient_norm_of_exactly_the_tolerance_converges():
    start = {"layer1": {"W": np.array([[0.0]]), "b": np.array([[0.5]])}}
    end = gradient_descent(LINE, start, [[0.0]], [[0.0]], tolerance=0.5)
    assert end.converged
    assert len(end.history) == 1


def test_the_callers_parameters_stay_as_they_were():
    network, params = xor()
    before = flatten(params)
    gradient_descent(network, params, X, XOR, max_epochs=5)
    assert np.array_equal(flatten(params), before)


# callback, interruption, divergence, bad input ------------------------------------------------------------------


def test_the_callback_sees_every_epoch_in_order():
    seen = []
    network, params = xor()
    end = gradient_descent(
        network, params, X, XOR, max_epochs=4, callback=lambda number, epoch: seen.append((number, epoch))
    )
    assert [number for number, _ in seen] == [0, 1, 2, 3]
    assert tuple(epoch for _, epoch in seen) == end.history
    assert end.reason == "max_epochs"


def test_the_callback_stops_the_descent_by_returning_true():
    network, params = xor()
    end = gradient_descent(network, params, X, XOR, callback=lambda number, epoch: number == 6)
    assert end.reason == "stopped"
    assert len(end.history) == 7


@pytest.mark.parametrize("returned", [None, 0, 1, "yes"])
def test_only_true_itself_stops(returned):
    network, params = xor()
    end = gradient_descent(network, params, X, XOR, max_epochs=3, callback=lambda number, epoch: returned)
    assert end.reason == "max_epochs"


def test_an_interrupt_keeps_what_was_reached():
    network, params = xor()

    def interrupt(number, epoch):
        if number == 4:
            raise KeyboardInterrupt

    end = gradient_descent(network, params, X, XOR, callback=interrupt)
    whole = gradient_descent(network, params, X, XOR, max_epochs=5)
    assert end.reason == "interrupted"
    assert end.history == whole.history
    assert np.array_equal(flatten(end.params), flatten(whole.params))


def test_an_interrupt_within_an_epoch_keeps_the_last_whole_step(monkeypatch):
    network, params = xor()
    passes = iter(range(4))

    class Interrupting(Network):
        def backward(self, params, cache, Y):
            if next(passes) == 3:
                raise KeyboardInterrupt
            return super().backward(params, cache, Y)

    end = gradient_descent(Interrupting((2, 4, 1), tanh), params, X, XOR)
    whole = gradient_descent(network, params, X, XOR, max_epochs=3)
    assert end.reason == "interrupted"
    assert end.history == whole.history
    assert np.array_equal(flatten(end.params), flatten(whole.params))


def test_other_errors_of_the_callback_are_not_swallowed():
    network, params = xor()

    def fail(number, epoch):
        raise RuntimeError("the bar broke")

    with pytest.raises(RuntimeError, match="the bar broke"):
        gradient_descent(network, params, X, XOR, callback=fail)


def test_an_infinite_error_at_a_dead_unit_ends_without_a_warning_too():
    """0 times infinity: an invalid operation, where the others overflow."""
    network = Network((1, 1, 1), (relu, identity), squared_error)
    start = {
        "layer1": {"W": np.array([[-1.0]]), "b": np.zeros((1, 1))},
        "layer2": {"W": np.full((1, 1), 1e200), "b": np.full((1, 1), 1e200)},
    }
    end = gradient_descent(network, start, [[1.0]], [[0.0]])
    assert end.reason == "diverged"
    assert end.history == ()
    assert end.params is start


def test_divergence_ends_without_a_warning_at_the_last_finite_cost():
    start = LINE.initialise(np.random.default_rng(0))
    end = gradient_descent(LINE, start, [[3.0]], [[1.0]], rate=1e3)
    assert end.reason == "diverged"
    assert np.isfinite(end.costs).all()
    assert np.isfinite(flatten(end.params)).all()
    assert float(LINE.cost(end.params, [[3.0]], [[1.0]])) == end.costs[-1]


def test_a_start_whose_cost_is_not_a_number_is_returned_without_a_warning():
    network = Network((2, 1), identity, squared_error)
    start = {"layer1": {"W": np.array([[1e200, -1e200]]), "b": np.zeros((1, 1))}}
    end = gradient_descent(network, start, [[1e200], [1e200]], [[0.0]])
    assert end.reason == "diverged"
    assert end.history == ()
    assert end.params is start


@pytest.mark.parametrize("rate", [0, -0.1, np.inf, np.nan])
def test_a_rate_that_is_not_positive_is_refused(rate):
    with pytest.raises(
        ValueError, match=rf"^rate={rate!r}: a learning rate is a positive number\. Try: rate=0\.1\.$"
    ):
        gradient_descent(LINE, {}, [[0.0]], [[0.0]], rate=rate)


def test_no_epochs_are_refused():
    text = r"^max_epochs=0: at least one epoch is needed\. Try: max_epochs=10_000\.$"
    with pytest.raises(ValueError, match=text):
        gradient_descent(LINE, {}, [[0.0]], [[0.0]], max_epochs=0)


def test_a_descent_of_no_epochs_has_an_empty_history():
    assert Descent({}, (), "interrupted").costs.shape == (0,)
    assert Epoch(1.0, (3.0, 4.0), (0.0, 0.0)).gradient_norm == 5.0
