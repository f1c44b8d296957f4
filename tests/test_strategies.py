"""The public strategies: what they promise, what they reach, and that they shrink to the smallest failing case."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from gradcheck import strategies
from gradcheck.reference import (
    LeakyReLU,
    Network,
    binary_cross_entropy,
    flatten,
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

DTYPES = [np.float64, np.float32, np.float16]


SEARCH = settings(max_examples=1000, database=None, derandomize=True, suppress_health_check=list(HealthCheck))


def smallest(strategy, condition=lambda _: True):
    return find(strategy, condition, settings=SEARCH)


def reached(strategy, condition):
    """Whatever is drawn first that meets the condition, not shrunk."""
    return find(strategy, condition, settings=settings(SEARCH, phases=[Phase.generate]))


# arrays ------------------------------------------------------------------------------------------------------


def in_scale(a, low, high):
    assert ((np.abs(a) >= low) & (np.abs(a) <= high) | (a == 0)).all()


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
def test_arrays_keep_to_their_scale_shape_and_dtype(dtype, data):
    a = data.draw(strategies.arrays((2, 3), scale=(0.1, 30.0), dtype=dtype))
    assert (a.shape, a.dtype) == ((2, 3), dtype)
    in_scale(a.astype(float), 0.1, 30.0)


def test_an_array_outside_its_scale_is_caught():
    caught(lambda a: in_scale(a, 0.1, 20.0), a=strategies.arrays(3, scale=(0.1, 30.0)))


@given(a=strategies.arrays(st.tuples(st.integers(0, 2), st.integers(0, 2)), zeros=False))
def test_shapes_may_be_drawn_and_zeros_excluded(a):
    assert a.ndim == 2
    assert (a != 0).all()


@pytest.mark.parametrize("sought", [0.0, 1e-3, -1e3])
def test_arrays_reach_zero_and_both_ends_of_the_default_scale(sought):
    assert smallest(strategies.arrays(1), lambda a: a[0] == sought).tolist() == [sought]


@pytest.mark.parametrize("scale", [(0, 1), (-1, 1), (2, 1), (1, np.inf), (1, np.nan)])
def test_a_scale_that_is_no_range_is_refused(scale):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
        strategies.arrays(3, scale=scale)
    assert str(error.value) == (
        f"scale={scale!r}: expected 0 < smallest <= largest, finite in float64. Try: scale=(1e-3, 1e3)."
    )


# kinks -------------------------------------------------------------------------------------------------------


def keeps_distance(z, kinks, distance):
    assert all((np.abs(z - kink) >= distance).all() for kink in kinks)


KINKS = (-1.0, 0.0, 2.5)


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
def test_points_away_from_kinks_keep_their_distance(dtype, data):
    z = data.draw(strategies.away_from_kinks(KINKS, (2, 2), distance=0.3, largest=4.0, dtype=dtype))
    assert (z.shape, z.dtype) == ((2, 2), dtype)
    assert np.abs(z).max() <= 4.0
    keeps_distance(z.astype(float), KINKS, 0.3)


def test_points_nearer_than_asked_are_caught():
    nearer = strategies.away_from_kinks(KINKS, 4, distance=0.1)
    caught(lambda z: keeps_distance(z, KINKS, 0.3), z=nearer)


@pytest.mark.parametrize(("low", "high"), [(-4, -1.3), (-0.7, -0.3), (0.3, 2.2), (2.8, 4)])
def test_points_away_from_kinks_reach_every_piece(low, high):
    strategy = strategies.away_from_kinks(KINKS, 1, distance=0.3, largest=4.0)
    assert low <= smallest(strategy, lambda z: low <= z[0] <= high)[0] <= high


def test_without_kinks_every_point_is_allowed():
    assert smallest(strategies.away_from_kinks((), 2)).tolist() == [0.0, 0.0]


def test_kinks_that_leave_no_room_are_refused():
    text = (
        r"kinks=\(0\.0,\): no room at distance=20\.0 from all of them within largest=10\.0\. Try: a smaller"
    )
    with pytest.raises(ValueError, match=text):
        strategies.away_from_kinks((0.0,), 3, distance=20.0)


@given(z=strategies.on_kinks(KINKS, st.just((2, 3)), distance=0.3))
def test_points_on_kinks_hit_one_exactly_and_keep_the_others_away(z):
    assert z.shape == (2, 3)
    on = np.isin(z, KINKS)
    assert on.any()
    keeps_distance(z[~on], KINKS, 0.3)


def test_points_on_kinks_reach_every_kink_and_leave_some_elements_beside():
    for kink in KINKS:
        assert kink in smallest(strategies.on_kinks(KINKS, 1), lambda z, kink=kink: z[0] == kink)
    assert not np.isin(smallest(strategies.on_kinks((0.0,), 2), lambda z: (z != 0).any()), KINKS).all()


def test_a_function_without_kinks_has_no_points_on_them():
    with pytest.raises(
        ValueError, match=r"kinks=\(\): a smooth function has no point on a kink\. Try: away_from_kinks\."
    ):
        strategies.on_kinks((), 3)


# shapes, activations, losses ------------------------------------------------------------------------------------


@given(w=strategies.widths(min_layers=2, max_layers=4, max_width=3))
def test_widths_keep_to_the_numbers_asked_for(w):
    assert 3 <= len(w) <= 5
    assert all(1 <= n <= 3 for n in w)


def test_widths_and_layer_shapes_shrink_to_ones():
    assert smallest(strategies.widths()) == (1, 1)
    assert smallest(strategies.widths(), lambda w: max(w) > 2) == (1, 3)
    assert smallest(strategies.layer_shapes()) == (1, 1, 1)
    assert smallest(strategies.layer_shapes(), lambda s: s[2] > 3) == (1, 1, 4)


def test_activations_shrink_to_the_identity_and_reach_every_kind():
    assert smallest(strategies.activations()) is identity
    assert smallest(strategies.activations(), lambda g: g is relu) is relu
    assert isinstance(smallest(strategies.activations(), lambda g: g == LeakyReLU(0.5)), LeakyReLU)


@given(g=strategies.activations(kinks=False))
def test_activations_without_kinks_have_none(g):
    assert g.kinks == ()


@pytest.mark.parametrize(
    "loss", [squared_error, binary_cross_entropy, softmax_cross_entropy], ids=lambda o: o.name
)
def test_every_loss_is_reached(loss):
    assert smallest(strategies.losses(), lambda drawn: drawn is loss) is loss


# cotangents --------------------------------------------------------------------------------------------------


KINDS = {
    "zero": lambda c: not c.any(),
    "one-hot": lambda c: np.count_nonzero(c) == 1 and c.sum() == 1,
    "negative": lambda c: (c < 0).all(),
    "asymmetric": lambda c: len(set(np.abs(c.ravel()))) == c.size,
    "mixed": lambda c: (c < 0).any() and (c > 0).any(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_cotangents_of_every_kind_are_drawn(kind):
    drawn = reached(strategies.cotangents((2, 2)), KINDS[kind])
    assert drawn.shape == (2, 2)


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
def test_cotangents_have_the_shape_and_dtype_and_are_writable(dtype, data):
    c = data.draw(strategies.cotangents(st.just((2, 3)), dtype=dtype))
    assert (c.shape, c.dtype, c.flags.writeable) == ((2, 3), dtype, True)


@pytest.mark.parametrize("shape", [(), 3, (0, 2)])
def test_cotangents_of_scalars_vectors_and_nothing(shape):
    assert smallest(strategies.cotangents(shape)).shape == np.zeros(shape).shape


def is_transposed_right(c):
    """The vjp of x -> x^T, with the mistake of forgetting to transpose."""
    x = np.zeros(c.shape)
    assert np.vdot(c, (x + 1).T) == np.vdot(c, x + 1)
    assert np.array_equal(c, c.T)


def test_cotangents_expose_a_forgotten_transposition():
    caught(is_transposed_right, c=strategies.cotangents((2, 2)))


# networks ------------------------------------------------------------------------------------------------------


@given(case=strategies.networks(linked=False, l2=st.floats(0, 1)))
def test_networks_fit_their_parameters_data_and_labels(case):
    A, cache = case.network.forward(case.params, case.X)
    assert A.shape == case.Y.shape
    assert flatten(case.network.backward(case.params, cache, case.Y)).shape == flatten(case.params).shape
    assert 0 <= case.network.l2 <= 1


@given(case=strategies.networks(dtype=np.float32))
def test_networks_come_in_the_dtype_asked_for(case):
    assert {a.dtype for a in (case.X, case.Y, flatten(case.params))} == {np.dtype(np.float32)}


@given(case=strategies.networks(kink_distance=0.05, hidden=st.just(relu)))
def test_pre_activations_keep_their_distance_from_the_kinks(case):
    _, cache = case.network.forward(case.params, case.X)
    assert all((np.abs(Z) >= 0.05).all() for Z in cache.Z[:-1])


def test_the_smallest_network_has_one_unit_one_layer_one_example_and_zeros():
    case = reached(strategies.networks(), lambda _: True)  # the first one tried is the simplest there is
    assert case.network.widths == (1, 1)
    assert case.network.activations == (identity,)
    assert case.network.loss is squared_error
    assert case.X.tolist() == case.Y.tolist() == [[0.0]]
    assert flatten(case.params).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("loss", "link"),
    [(binary_cross_entropy, sigmoid), (softmax_cross_entropy, softmax), (squared_error, identity)],
    ids=lambda o: o.name,
)
def test_networks_reach_every_loss_with_its_link_and_with_another_output(loss, link):
    assert reached(strategies.networks(), lambda c: c.network.loss is loss).network.activations[-1] is link
    other = reached(
        strategies.networks(linked=False),
        lambda c: c.network.loss is loss and c.network.activations[-1] is not link,
    )
    assert other.network.loss is loss


class ForgetsSecondLayer(Network):
    """The classical mistake: the first layer's error is not carried back through W2."""

    def backward(self, params, cache, Y):
        gradients = super().backward(params, cache, Y)
        if len(self.widths) > 2:
            gradients["layer1"]["W"] = 0 * gradients["layer1"]["W"]
        return gradients


def test_a_failing_network_shrinks_to_the_smallest_that_fails():
    """Two layers of one unit, one example, and nothing but round numbers."""

    def fails(case):
        network = ForgetsSecondLayer(case.network.widths, case.network.activations, case.network.loss)
        got = network.gradients(case.params, case.X, case.Y)
        _, cache = loops.forward(case.network, case.params, case.X)
        expected = loops.backward(case.network, case.params, cache, case.Y)
        return not np.allclose(flatten(got), flatten(expected))

    case = smallest(strategies.networks(), fails)
    assert case.network.widths == (1, 1, 1)
    assert case.X.shape == (1, 1)
    assert case.network.activations[0] is identity
    # X, W2 and the error must not be 0 for the mistake to show: one parameter beside W2, or the label.
    assert np.count_nonzero(flatten(case.params)) <= 2
    assert set(np.abs([*flatten(case.params), *case.X.flat, *case.Y.flat])) <= {0.0, 1.0}


def test_a_network_of_a_named_hidden_activation_is_drawn():
    case = reached(strategies.networks(shapes=st.just((2, 3, 1)), hidden=st.just(tanh)), lambda _: True)
    assert case.network.activations[0] is tanh
