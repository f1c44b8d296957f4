"""The whole conformance suite of `numpy_network.py`: one decorated function, and one check of the network."""

import numpy as np
import numpy_network as mine

from gradcheck.conformance import Activation, Layer, Loss, Tags, parametrize_with_checks

SUBJECTS = [
    Layer("dense", mine.dense_forward, mine.dense_backward, {"W": (4, 3), "b": (3,)}, shape=(4,)),
    Activation("relu", mine.relu_forward, mine.relu_backward, tags=Tags(kinks=True)),
    Activation("tanh", mine.tanh_forward, mine.tanh_backward),
    Loss("softmax loss", mine.softmax_loss_forward, mine.softmax_loss_backward, targets="class"),
]


@parametrize_with_checks(SUBJECTS)
def test_conformance(subject, check):
    check(subject)


def test_the_whole_network(gradcheck):
    rng = np.random.default_rng(0)
    net = mine.TwoLayerNet(4, 6, 3, rng)
    x, labels = rng.standard_normal((10, 4)), rng.integers(3, size=10)
    gradcheck.assert_grad(
        lambda params: net.loss_and_gradients(params, x, labels)[0],
        lambda params: net.loss_and_gradients(params, x, labels)[1],
        net.params,
    )


def test_training_lowers_the_loss():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 2))
    losses = mine.TwoLayerNet(2, 8, 2, rng).train(x, (x[:, 0] * x[:, 1] > 0).astype(int))
    assert losses[-1] < 0.3 * losses[0]
