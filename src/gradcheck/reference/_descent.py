"""Gradient descent until convergence (section 6 of the notes), with its history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._errors import invalid
from ._network import Cache, Network, Parameters

__all__ = ["Descent", "Epoch", "gradient_descent", "step"]

Array = NDArray[Any]
Reason = Literal["converged", "max_epochs", "stopped", "interrupted", "diverged"]


@dataclass(frozen=True)
class Epoch:
    """One epoch, measured before its step.

    Attributes
    ----------
    cost : float
        J.
    gradient_norms : tuple of float
        Euclidean norm of (dW_l, db_l) for every layer.
    saturated : tuple of float
        Share of saturated units, over the examples, for every layer; 0 for one that never saturates.
    """

    cost: float
    gradient_norms: tuple[float, ...]
    saturated: tuple[float, ...]

    @property
    def gradient_norm(self) -> float:
        """Euclidean norm of the whole gradient."""
        return float(np.linalg.norm(self.gradient_norms))


@dataclass(frozen=True)
class Descent:
    """What gradient descent reached.

    Attributes
    ----------
    params : dict
        The parameters after the last whole step; of the last finite cost if it diverged.
    history : tuple of Epoch
        One entry for every epoch whose cost was measured.
    reason : str
        Why it ended: converged, max_epochs, stopped (by the callback), interrupted (Ctrl-C) or diverged.
    """

    params: Parameters
    history: tuple[Epoch, ...]
    reason: Reason

    @property
    def converged(self) -> bool:
        """Whether the criterion was met."""
        return self.reason == "converged"

    @property
    def costs(self) -> Array:
        """J by epoch, (epochs,)."""
        return np.array([epoch.cost for epoch in self.history])

    @property
    def gradient_norms(self) -> Array:
        """Gradient norm by epoch and layer, (epochs, L)."""
        return np.array([epoch.gradient_norms for epoch in self.history])

    @property
    def saturated(self) -> Array:
        """Share of saturated units by epoch and layer, (epochs, L)."""
        return np.array([epoch.saturated for epoch in self.history])


def gradient_descent(
    network: Network,
    params: Parameters,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    rate: float = 0.1,
    tolerance: float = 1e-4,
    max_epochs: int = 10_000,
    callback: Callable[[int, Epoch], object] | None = None,
) -> Descent:
    """Repeat W := W - rate dW, b := b - rate db for every layer until convergence.

    Converged: the Euclidean norm of the whole gradient is at most `tolerance`. Ctrl-C ends the loop, and what
    was reached is returned; the caller's `params` stay as they are.

    Parameters
    ----------
    network, params, X, Y
        As for `Network.cost`.
    rate : float
        The learning rate alpha.
    tolerance : float
        Of the criterion; 0 asks for `max_epochs` epochs.
    max_epochs : int
        Steps at most.
    callback : callable, optional
        Called as callback(epoch, record) after every step: a progress bar. Returning True stops the descent.

    Raises
    ------
    ValueError
        If the rate or the number of epochs is not positive, or the data do not fit the network.

    Examples
    --------
    >>> import numpy as np
    >>> from gradcheck.reference import Network, identity, squared_error
    >>> network = Network((1, 1), identity, squared_error)
    >>> start = network.initialise(np.random.default_rng(0))
    >>> end = gradient_descent(network, start, [[0.0, 1.0]], [[1.0, 3.0]], rate=0.5)
    >>> end.reason, end.params["layer1"]["W"].round(2).tolist()
    ('converged', [[2.0]])
    """
    if not 0 < rate < np.inf:
        raise invalid(f"rate={rate!r}", "a learning rate is a positive number", "rate=0.1")
    if max_epochs < 1:
        raise invalid(f"max_epochs={max_epochs!r}", "at least one epoch is needed", "max_epochs=10_000")
    history: list[Epoch] = []
    reason: Reason = "max_epochs"
    previous = params
    try:
        for number in range(max_epochs):
            with np.errstate(over="ignore", invalid="ignore"):
                epoch, gradients = _measure(network, params, X, Y)
                if not np.isfinite((epoch.cost, *epoch.gradient_norms)).all():
                    params, reason = previous, "diverged"
                    break
                history.append(epoch)
                if epoch.gradient_norm <= tolerance:
                    reason = "converged"
                    break
                previous, params = params, step(params, gradients, rate)
            if callback is not None and callback(number, epoch) is True:
                reason = "stopped"
                break
    except KeyboardInterrupt:
        reason = "interrupted"
    return Descent(params, tuple(history), reason)


def step(params: Parameters, gradients: Parameters, rate: float) -> Parameters:
    """Return W - rate dW and b - rate db for every layer, in new arrays."""
    return {
        name: {key: array - rate * gradients[name][key] for key, array in layer.items()}
        for name, layer in params.items()
    }


def _measure(network: Network, params: Parameters, X: ArrayLike, Y: ArrayLike) -> tuple[Epoch, Parameters]:
    _, cache = network.forward(params, X)
    gradients = network.backward(params, cache, Y)
    norms = tuple(_norm(layer) for layer in gradients.values())
    return Epoch(float(network.cost_of(params, cache, Y)), norms, _saturated(network, cache)), gradients


def _norm(layer: Mapping[str, Array]) -> float:
    return float(np.sqrt(sum(np.vdot(array, array) for array in layer.values())))


def _saturated(network: Network, cache: Cache) -> tuple[float, ...]:
    flats = (activation.saturation for activation in network.activations)
    return tuple(flat.share(Z) if flat else 0.0 for flat, Z in zip(flats, cache.Z, strict=True))
