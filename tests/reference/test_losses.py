"""Losses: property 6, values at 50 digits, certain predictions, bad labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from mpmath import mp, mpf

from gradcheck.reference import (
    BinaryCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredError,
    binary_cross_entropy,
    softmax_cross_entropy,
    squared_error,
)
from tests.reference import exact
from tests.reference.refute import caught

FEW = 8
LOGITS = hnp.arrays(np.float64, (2, 3), elements=st.floats(-700, 700) | st.floats(-3, 3))
LABELS = hnp.arrays(np.int64, (2, 3), elements=st.integers(0, 1))
ONE_HOT = st.sampled_from([np.eye(2)[:, list(c)] for c in ((0, 0, 0), (0, 1, 0), (1, 1, 1), (1, 0, 1))])
MODERATE = hnp.arrays(np.float64, (2, 3), elements=st.floats(-5, 5))


def labels_of(loss):
    return ONE_HOT if isinstance(loss, SoftmaxCrossEntropy) else LABELS


def named(loss):
    return loss.name


EVERY = [binary_cross_entropy, squared_error, softmax_cross_entropy]


# 6 ---------------------------------------------------------------------------------------------------------


def collapses(loss, z, y):
    """dL/da g'(z), through the link's vector-Jacobian product, is dL/dz from the logits, is a - y."""
    a = loss.link(z)
    chain = loss.link.vjp(loss.derivative(a, y), z, a)
    np.testing.assert_allclose(loss.derivative_from_logits(z, y), chain, atol=1e-12)
    np.testing.assert_allclose(loss.derivative_from_logits(z, y), a - y, atol=1e-15 * (1 + np.abs(z).max()))


@pytest.mark.parametrize("loss", EVERY, ids=named)
@given(data=st.data())
def test_the_derivative_from_logits_is_the_chain_and_is_a_minus_y(loss, data):
    collapses(loss, data.draw(MODERATE), data.draw(labels_of(loss)))


class SwappedLabels(BinaryCrossEntropy):
    def _derivative_from_logits(self, z, y):
        return super()._derivative_from_logits(z, 1 - y)


class HalfSquaredError(SquaredError):
    def _derivative(self, a, y):
        return (a - y) / 2


@pytest.mark.parametrize("wrong", [SwappedLabels(), HalfSquaredError()], ids=named)
def test_a_wrong_derivative_of_a_loss_is_caught(wrong):
    caught(lambda z, y: collapses(wrong, z, y), z=MODERATE, y=LABELS)


def bce_exact(z, y):
    return [mp.log1p(mp.exp(-s if t else s)) for s, t in pairs(z, y)]


def bce_slope_exact(z, y):
    return [(-1 / (1 + mp.exp(s))) if t else 1 / (1 + mp.exp(-s)) for s, t in pairs(z, y)]


def pairs(z, y):
    return [(mpf(float(s)), int(t)) for s, t in zip(z.flat, y.flat, strict=True)]


def is_stable_from_logits(loss, z, y):
    with mp.workdps(50):
        assert exact.ulps(loss.value_from_logits(z, y).ravel(), bce_exact(z, y)) <= FEW
        assert exact.ulps(loss.derivative_from_logits(z, y).ravel(), bce_slope_exact(z, y)) <= FEW


@given(z=LOGITS, y=LABELS)
def test_binary_cross_entropy_from_logits_is_right_to_a_few_ulp_where_the_chain_is_not(z, y):
    is_stable_from_logits(binary_cross_entropy, z, y)


class ThroughProbabilities(BinaryCrossEntropy):
    def _value_from_logits(self, z, y):
        return self._value(self.link(z), y)

    def _derivative_from_logits(self, z, y):
        return self.link(z) - y


def test_a_loss_that_goes_through_the_probabilities_is_caught():
    caught(lambda z, y: is_stable_from_logits(ThroughProbabilities(), z, y), z=LOGITS, y=LABELS)


def softmax_is_stable(loss, z, y):
    with mp.workdps(50):
        for k in range(z.shape[1]):
            e = [mp.exp(mpf(float(s))) for s in z[:, k]]
            hit = int(np.argmax(y[:, k]))
            others = sum(e[:hit] + e[hit + 1 :])
            value = mp.log1p(others / e[hit])
            slopes = [(x if i != hit else -others) / sum(e) for i, x in enumerate(e)]
            # z - max z is rounded: half an ulp of a difference d is up to |d| ulp of exp(d).
            near = FEW + float(np.ptp(z[:, k]))
            assert exact.ulps(loss.value_from_logits(z, y)[hit : hit + 1, k], [value]) <= near
            assert exact.ulps(loss.derivative_from_logits(z, y)[:, k], slopes) <= 2 * near


@given(z=LOGITS, y=ONE_HOT)
def test_softmax_cross_entropy_from_logits_is_stable(z, y):
    softmax_is_stable(softmax_cross_entropy, z, y)


class SoftmaxThroughProbabilities(SoftmaxCrossEntropy):
    def _value_from_logits(self, z, y):
        return self._value(self.link(z), y)


def test_a_softmax_loss_that_goes_through_the_probabilities_is_caught():
    caught(
        lambda z, y: softmax_is_stable(SoftmaxThroughProbabilities(), z, y),
        z=hnp.arrays(np.float64, (2, 3), elements=st.floats(-60, 60)),
        y=ONE_HOT,
    )


@pytest.mark.parametrize("loss", EVERY, ids=named)
@given(data=st.data())
def test_values_from_logits_are_the_values_of_the_link(loss, data):
    z, y = data.draw(MODERATE), data.draw(labels_of(loss))
    np.testing.assert_allclose(loss.value_from_logits(z, y), loss.value(loss.link(z), y), atol=1e-12)


def test_ties_of_the_largest_logit_are_counted_once_each():
    z, y = np.zeros((3, 1)), np.array([[1], [0], [0]])
    np.testing.assert_allclose(softmax_cross_entropy.value_from_logits(z, y), [[np.log(3)], [0], [0]])


# values, certain predictions, dtypes ---------------------------------------------------------------------------


def test_losses_of_known_predictions():
    a, y = np.array([[0.25, 0.25]]), np.array([[0, 1]])
    np.testing.assert_allclose(binary_cross_entropy.value(a, y), [[-np.log(0.75), -np.log(0.25)]])
    np.testing.assert_allclose(binary_cross_entropy.derivative(a, y), [[1 / 0.75, -4]])
    np.testing.assert_allclose(squared_error.value([[3.0]], [[1]]), [[2.0]])
    np.testing.assert_allclose(squared_error.value_from_logits([[3.0]], [[1]]), [[2.0]])
    np.testing.assert_allclose(squared_error.derivative([[3.0]], [[1]]), [[2.0]])
    a, y = np.array([[0.25, 0.5], [0.75, 0.5]]), np.array([[1, 0], [0, 1]])
    np.testing.assert_allclose(softmax_cross_entropy.value(a, y), [[np.log(4), 0], [0, np.log(2)]])
    np.testing.assert_allclose(softmax_cross_entropy.derivative(a, y), [[-4, 0], [0, -2]])


def test_small_probabilities_keep_their_digits():
    assert binary_cross_entropy.value(1e-20, 0) == 1e-20


@pytest.mark.parametrize("loss", [binary_cross_entropy, softmax_cross_entropy], ids=named)
def test_a_certain_prediction_costs_nothing_if_right_and_infinitely_much_if_wrong(loss):
    a, y = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1, 1], [0, 0]])
    values, slopes = loss.value(a, y), loss.derivative(a, y)
    assert values[0].tolist() == [0.0, np.inf]
    assert slopes[0].tolist() == [-1.0, -np.inf]


def test_a_certain_wrong_0_costs_infinitely_much():
    assert binary_cross_entropy.value(1.0, 0) == np.inf
    assert binary_cross_entropy.derivative(1.0, 0) == np.inf


@pytest.mark.parametrize("loss", EVERY, ids=named)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_the_dtype_is_that_of_the_prediction(loss, dtype):
    a, y = np.array([[0.25], [0.75]], dtype), np.array([[1], [0]])
    for method in (loss.value, loss.derivative, loss.value_from_logits, loss.derivative_from_logits):
        assert method(a, y).dtype == dtype
        assert method(a, y.astype(bool)).dtype == dtype


@pytest.mark.parametrize("loss", EVERY, ids=named)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_extreme_logits_give_finite_losses_without_a_warning(loss, dtype):
    z, y = np.array([[-1000, 0, 1000], [1000, 0, -1000]], dtype) / 4, np.array([[1, 1, 1], [0, 0, 0]])
    assert np.isfinite(loss.value_from_logits(z, y)).all()
    assert np.isfinite(loss.derivative_from_logits(z, y)).all()


def test_names():
    assert [loss.name for loss in EVERY] == ["binary_cross_entropy", "squared_error", "softmax_cross_entropy"]


# bad input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("y", [2, -1, 0.5, np.nan, np.inf])
@pytest.mark.parametrize("loss", [binary_cross_entropy, softmax_cross_entropy], ids=named)
def test_a_label_other_than_0_and_1_is_refused(loss, y):
    text = (
        rf"^Y contains {float(y)}: labels of a cross-entropy are 0 or 1\. "
        r"Try: map the labels to 0 and 1, or use squared_error\.$"
    )
    with pytest.raises(ValueError, match=text):
        loss.value(np.full((2, 1), 0.5), [[0], [y]])
    with pytest.raises(ValueError, match=text):
        loss.derivative_from_logits(np.full((2, 1), 0.5), [[0], [y]])


def test_a_column_that_is_not_one_hot_is_refused():
    text = r"^Y\[:, 1\] has 2 ones: a column of labels is one-hot\. Try: one 1 a column\.$"
    with pytest.raises(ValueError, match=text):
        softmax_cross_entropy.value(np.full((2, 2), 0.5), [[0, 1], [1, 1]])


@pytest.mark.parametrize("y", [np.nan, np.inf])
def test_a_target_that_is_not_a_number_is_refused(y):
    text = rf"^Y contains {y}: a target is a number\. Try: drop that example\.$"
    with pytest.raises(ValueError, match=text):
        squared_error.value(np.zeros((1, 2)), [[0, y]])


@pytest.mark.parametrize("loss", [binary_cross_entropy, softmax_cross_entropy], ids=named)
@pytest.mark.parametrize("a", [-0.5, 1.5, np.nan])
def test_what_is_not_a_probability_is_refused(loss, a):
    text = (
        rf"^a={a}: a cross-entropy takes probabilities, 0 <= a <= 1\. "
        r"Try: end the network with the loss's link, or use value_from_logits\.$"
    )
    for method in (loss.value, loss.derivative):
        with pytest.raises(ValueError, match=text):
            method([[0.0], [1.0], [a]], [[0], [1], [0]])


def test_labels_of_another_shape_are_refused():
    text = (
        r"^Y of shape \(3, 1\): the prediction has shape \(1, 3\), one row for each unit, one column for each "
        r"example\. Try: reshape or transpose Y\.$"
    )
    with pytest.raises(ValueError, match=text):
        binary_cross_entropy.value(np.full((1, 3), 0.5), np.zeros((3, 1)))
