"""scikit-learn's MLPClassifier: its own back propagation, held against the reference and the oracle.

`_backprop` is private: the adapter sets the attributes that `fit` would set, and passes arguments by name, so
that a new one (`sample_weight` came with version 1.7) is met by its default.
"""

import inspect
from pathlib import Path

import numpy as np
from sklearn.neural_network import MLPClassifier

from gradcheck.conformance import Network, parametrize_with_checks

NAMES = {"sigmoid": "logistic", "tanh": "tanh", "relu": "relu", "identity": "identity"}


def cost_and_gradients(params, X, Y, hidden):
    layers = list(params.values())
    widths = [len(layer["W"]) for layer in layers]
    m = X.shape[1]
    model = MLPClassifier(hidden_layer_sizes=tuple(widths[:-1]), activation=NAMES[hidden], alpha=0.0)
    model.coefs_ = [layer["W"].T.copy() for layer in layers]
    model.intercepts_ = [layer["b"].ravel().copy() for layer in layers]
    model.n_layers_, model.n_outputs_, model.out_activation_ = len(layers) + 1, 1, "logistic"
    model.loss = "log_loss"
    given = {
        "X": X.T,
        "y": Y.T,
        "sample_weight": None,
        "activations": [X.T.copy()] + [np.empty((m, width)) for width in widths],
        "deltas": [np.empty((m, width)) for width in widths],
        "coef_grads": [np.empty_like(coef) for coef in model.coefs_],
        "intercept_grads": [np.empty_like(intercept) for intercept in model.intercepts_],
    }
    wanted = inspect.signature(model._backprop).parameters
    loss, coefs, intercepts = model._backprop(**{name: given[name] for name in wanted})
    return loss, {
        f"layer{number}": {"W": coef.T, "b": intercept[:, np.newaxis]}
        for number, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True), start=1)
    }


@parametrize_with_checks(
    [Network("MLPClassifier", cost_and_gradients, hidden=("tanh", "sigmoid", "relu", "identity"))],
    expected_failures=Path(__file__).with_name("sklearn_known.toml"),
)
def test_conformance(subject, check):
    check(subject)
