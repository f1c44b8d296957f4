"""Losses L(a, y) of section 4 of the notes, from the prediction a and from the pre-activation z.

Each loss has a link, the output activation g for which dL/da g'(z) collapses to a - y; the values and
derivatives from z are then free of the cancellation and the division by zero that a chain through a suffers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._activations import identity, sigmoid
from ._base import Activation, as_floats
from ._errors import invalid
from ._smooth import softplus
from ._softmax import softmax

__all__ = [
    "BinaryCrossEntropy",
    "Loss",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "binary_cross_entropy",
    "softmax_cross_entropy",
    "squared_error",
]

Array = NDArray[Any]


class Loss(ABC):
    """A loss of one example, summed over its output units; arrays are (units, examples)."""

    name: ClassVar[str]
    link: ClassVar[Activation]

    def value(self, a: ArrayLike, y: ArrayLike) -> Array:
        """Return L(a, y) element by element, of the shape of `a`."""
        a = self._predictions(a)
        return self._value(a, self.labels(y, a))

    def derivative(self, a: ArrayLike, y: ArrayLike) -> Array:
        """Return dL/da element by element, of the shape of `a`."""
        a = self._predictions(a)
        return self._derivative(a, self.labels(y, a))

    def value_from_logits(self, z: ArrayLike, y: ArrayLike) -> Array:
        """Return L(link(z), y) element by element, of the shape of `z`."""
        z = as_floats(z)
        return self._value_from_logits(z, self.labels(y, z))

    def derivative_from_logits(self, z: ArrayLike, y: ArrayLike) -> Array:
        """Return dL/dz = a - y with a = link(z), of the shape of `z`."""
        z = as_floats(z)
        return self._derivative_from_logits(z, self.labels(y, z))

    def labels(self, y: ArrayLike, like: Array) -> Array:
        """Return `y` in the dtype of `like`, having checked its shape and that the loss is defined for it."""
        labels = np.asarray(y)
        if labels.shape != like.shape:
            raise invalid(
                f"Y of shape {labels.shape}",
                f"the prediction has shape {like.shape}, one row for each unit, one column for each example",
                "reshape or transpose Y",
            )
        labels = np.asarray(labels, like.dtype)
        self._check_labels(labels)
        return labels

    def _predictions(self, a: ArrayLike) -> Array:
        return as_floats(a)

    @abstractmethod
    def _check_labels(self, y: Array) -> None: ...
    @abstractmethod
    def _value(self, a: Array, y: Array) -> Array: ...
    @abstractmethod
    def _derivative(self, a: Array, y: Array) -> Array: ...
    @abstractmethod
    def _value_from_logits(self, z: Array, y: Array) -> Array: ...
    @abstractmethod
    def _derivative_from_logits(self, z: Array, y: Array) -> Array: ...


def _probabilities(a: ArrayLike) -> Array:
    p = as_floats(a)
    fits = (p >= 0) & (p <= 1)
    if not fits.all():
        raise invalid(
            f"a={p[~fits].flat[0]}",
            "a cross-entropy takes probabilities, 0 <= a <= 1",
            "end the network with the loss's link, or use value_from_logits",
        )
    return p


def _check_binary(y: Array) -> None:
    """Every label that is not 0 is 1: counted, because it is asked for in every backward pass."""
    ones = y == 1
    if np.count_nonzero(y) != np.count_nonzero(ones):
        raise invalid(
            f"Y contains {y[(y != 0) & ~ones].flat[0]}",
            "labels of a cross-entropy are 0 or 1",
            "map the labels to 0 and 1, or use squared_error",
        )


class BinaryCrossEntropy(Loss):
    """L(a, y) = -(y log a + (1 - y) log(1 - a)) for labels 0 and 1; its link is the sigmoid.

    Raises
    ------
    ValueError
        If a label is neither 0 nor 1, a probability is outside [0, 1], or the shapes differ.

    Examples
    --------
    >>> print(binary_cross_entropy.derivative(0.25, 1), binary_cross_entropy.derivative_from_logits(0.0, 1))
    -4.0 -0.5
    """

    name = "binary_cross_entropy"
    link = sigmoid

    def _predictions(self, a: ArrayLike) -> Array:
        return _probabilities(a)

    def _check_labels(self, y: Array) -> None:
        _check_binary(y)

    def _value(self, a: Array, y: Array) -> Array:
        """-log a for y = 1, -log(1 - a) for y = 0: infinite for a certain and wrong prediction, never NaN."""
        with np.errstate(divide="ignore"):
            return -np.where(y == 1, np.log(a), np.log1p(-a))

    def _derivative(self, a: Array, y: Array) -> Array:
        """-y/a + (1 - y)/(1 - a), each term where its factor is not zero."""
        with np.errstate(divide="ignore"):
            return np.where(y == 1, -1 / a, 1 / (1 - a))

    def _value_from_logits(self, z: Array, y: Array) -> Array:
        """log(1 + exp(z)) for y = 0 and log(1 + exp(-z)) for y = 1, from log a and log(1 - a)."""
        return softplus((1 - 2 * y) * z)

    def _derivative_from_logits(self, z: Array, y: Array) -> Array:
        """a - y: sigmoid(z) for y = 0, and -sigmoid(-z) for y = 1, where sigmoid(z) - 1 would cancel."""
        sign = 1 - 2 * y
        return np.multiply(sign, sigmoid(sign * z))  # type: ignore[no-any-return]


class SquaredError(Loss):
    """L(a, y) = (a - y)^2 / 2; its link is the identity.

    Examples
    --------
    >>> print(squared_error.value(3.0, 1.0), squared_error.derivative(3.0, 1.0))
    2.0 2.0
    """

    name = "squared_error"
    link = identity

    def _check_labels(self, y: Array) -> None:
        if not np.isfinite(y).all():
            raise invalid(
                f"Y contains {y[~np.isfinite(y)].flat[0]}", "a target is a number", "drop that example"
            )

    def _value(self, a: Array, y: Array) -> Array:
        difference = a - y
        return difference * difference / 2  # type: ignore[no-any-return]

    def _derivative(self, a: Array, y: Array) -> Array:
        return a - y

    def _value_from_logits(self, z: Array, y: Array) -> Array:
        return self._value(z, y)

    def _derivative_from_logits(self, z: Array, y: Array) -> Array:
        return z - y


class SoftmaxCrossEntropy(Loss):
    """L(a, y) = -sum_i y_i log a_i over the units, for one-hot columns y; its link is the softmax.

    Values come element by element, -y_i log a_i; their sum over axis 0 is the loss of the example.

    Raises
    ------
    ValueError
        If a column of labels is not one-hot, a probability is outside [0, 1], or the shapes differ.

    Examples
    --------
    >>> print(softmax_cross_entropy.derivative_from_logits([[0.0], [0.0]], [[1], [0]]).T)
    [[-0.5  0.5]]
    """

    name = "softmax_cross_entropy"
    link = softmax

    def _predictions(self, a: ArrayLike) -> Array:
        return _probabilities(a)

    def _check_labels(self, y: Array) -> None:
        _check_binary(y)
        count = np.add.reduce(y)
        if np.count_nonzero(count == 1) != np.size(count):
            count = np.atleast_1d(count)
            wrong = int(np.flatnonzero(count != 1)[0])
            raise invalid(
                f"Y[:, {wrong}] has {count[wrong]:g} ones", "a column of labels is one-hot", "one 1 a column"
            )

    def _value(self, a: Array, y: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.where(y == 1, -np.log(a), a.dtype.type(0))

    def _derivative(self, a: Array, y: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.where(y == 1, -1 / a, a.dtype.type(0))

    def _value_from_logits(self, z: Array, y: Array) -> Array:
        """log sum_j exp(z_j - z_i) where y_i = 1, the largest term taken out: log(1 + others)."""
        margin = z - (y * z).sum(axis=0)
        return y * _log_sum_exp(margin)

    def _derivative_from_logits(self, z: Array, y: Array) -> Array:
        """a - y; where y_i = 1 as minus the sum of the other a_j, because a_i - 1 would cancel."""
        a = softmax(z)
        others = np.where(y == 1, 0, a).sum(axis=0)
        return np.where(y == 1, -others, a)


def _log_sum_exp(margin: Array) -> Array:
    """log sum_j exp(margin_j) over axis 0, where one margin is 0: log1p of the others if none is larger."""
    top: Array = margin.max(axis=0)
    e = np.exp(margin - top)
    np.copyto(e, 0, where=_first(margin == top))
    return top + np.log1p(e.sum(axis=0))  # type: ignore[no-any-return]


def _first(mask: Array) -> Array:
    """Keep the first True of every column."""
    return mask & (np.cumsum(mask, axis=0) == 1)  # type: ignore[no-any-return]


binary_cross_entropy, squared_error = BinaryCrossEntropy(), SquaredError()
softmax_cross_entropy = SoftmaxCrossEntropy()
