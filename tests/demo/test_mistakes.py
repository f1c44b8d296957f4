"""The planted mistakes: each spoils exactly what it says, and the line it replaces is right."""

import numpy as np
import pytest

from gradcheck.demo._mistakes import MISTAKES, Backward, Gradients, KeepdimsLost, Mistake

RNG = np.random.default_rng(5)
FEATURES, EXAMPLES = 4, 7


def parameters(hidden: int) -> dict[str, np.ndarray]:
    shapes = {"W1": (hidden, FEATURES), "b1": (hidden, 1), "W2": (1, hidden), "b2": (1, 1)}
    return {name: RNG.standard_normal(shape) for name, shape in shapes.items()}


X = RNG.standard_normal((FEATURES, EXAMPLES))
Y = (RNG.random((1, EXAMPLES)) < 0.5).astype(float)


def cost(W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: np.ndarray) -> complex:
    """Written from section 4 of the notes, and defined for complex weights."""
    A2 = 1 / (1 + np.exp(-(W2 @ np.tanh(W1 @ X + b1) + b2)))
    return complex(-np.mean(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)))


def measured(point: dict[str, np.ndarray]) -> Gradients:
    """The gradient by the complex step of Squire and Trapp (1998), exact to rounding."""
    gradients = {}
    for name, value in point.items():
        gradients[name] = np.empty_like(value)
        for index in np.ndindex(value.shape):
            moved = value.astype(complex)
            moved[index] += 1e-30j
            gradients[name][index] = cost(**{**point, name: moved}).imag / 1e-30
    return gradients


def spoiled(claimed: Gradients, truth: Gradients) -> set[str]:
    return {
        name
        for name in truth
        if claimed[name].shape != truth[name].shape or not np.allclose(claimed[name], truth[name], rtol=1e-10)
    }


def test_the_backward_without_a_mistake_is_right() -> None:
    point = parameters(hidden=3)
    assert spoiled(Backward(point, X, Y).gradients(), measured(point)) == set()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_each_mistake_spoils_exactly_the_gradients_it_names(mistake: type[Mistake]) -> None:
    point = parameters(hidden=FEATURES if mistake.square else 3)
    assert spoiled(mistake(point, X, Y).gradients(), measured(point)) == set(mistake.inputs)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_a_shape_changes_only_where_the_mistake_says_so(mistake: type[Mistake]) -> None:
    point = parameters(hidden=FEATURES if mistake.square else 3)
    claimed = mistake(point, X, Y).gradients()
    fits = all(claimed[name].shape == point[name].shape for name in point)
    assert fits == (mistake.code == "value")


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_each_mistake_overrides_one_line_and_states_it(mistake: type[Mistake]) -> None:
    lines = {"dZ2", "dW2", "db2", "dZ1", "dW1", "db1"}
    changed = {line for line in lines if getattr(mistake, line) is not getattr(Backward, line)}
    assert changed == {mistake.right.split(" = ")[0]}
    assert mistake.right != mistake.wrong


def test_the_lost_keepdims_would_blow_up_the_bias() -> None:
    point = parameters(hidden=3)
    assert (point["b1"] - 0.1 * KeepdimsLost(point, X, Y).gradients()["b1"]).shape == (3, 3)


def test_titles_are_distinct_and_fit_the_table() -> None:
    titles = [mistake.title for mistake in MISTAKES]
    assert len(set(titles)) == len(titles) >= 6
    assert max(map(len, titles)) <= 26
