"""Functions that compute in float32 behind float64 arrays, with kinks and saturation: gross mistakes alone fail."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from gradcheck import Verdict, check_vjp

Array = np.ndarray[Any, np.dtype[Any]]
F = np.float32


def network(*layers: int, batch: int, seed: int) -> tuple[Array, ...]:
    rng = np.random.default_rng(seed)
    weights = [rng.standard_normal((a, b)) * np.sqrt(2 / a) for a, b in pairwise(layers)]
    return rng.standard_normal((batch, layers[0])), *weights


def loss(x: Array, *weights: Array) -> Array:
    h = x.astype(F)
    for w in weights:
        h = np.maximum(h @ w.astype(F), 0)
    return np.asarray(float(np.mean(h * h, dtype=F)))


def loss_vjp(ct: Any, x: Array, *weights: Array) -> tuple[Array, ...]:
    """Exact, in float64."""
    hs, gradients = [x], []
    for w in weights:
        hs.append(np.maximum(hs[-1] @ w, 0))
    d = ct * 2 * hs[-1] / hs[-1].size
    for w, h, out in zip(weights[::-1], hs[-2::-1], hs[::-1], strict=False):
        d = d * (out > 0)
        gradients.append(h.T @ d)
        d = d @ w.T
    return d, *gradients[::-1]


@pytest.mark.parametrize("seed", [1, 4])
@pytest.mark.parametrize(("layers", "batch"), [((20, 64, 64, 3), 32), ((20, 50, 1), 64), ((6, 10, 10, 2), 4)])
def test_a_wide_relu_network_in_float32_is_not_accused(
    layers: tuple[int, ...], batch: int, seed: int
) -> None:
    """Its slopes are a random walk in the step: one window in a few contracts by luck."""
    inputs = network(*layers, batch=batch, seed=seed)
    right = check_vjp(loss, loss_vjp, inputs, seed=seed)
    assert right.verdict is not Verdict.FAIL, str(right)
    wrong = check_vjp(loss, lambda ct, *a: tuple(1.3 * g for g in loss_vjp(ct, *a)), inputs, seed=seed)
    assert wrong.verdict is Verdict.FAIL, str(wrong)


@pytest.mark.parametrize("scale", [1, 5, 8])
def test_a_saturated_layer_in_float32_is_not_accused(scale: int) -> None:
    """float32's tanh is 1 from 9.01 on: where all values are, nobody knows in which precision they are flat."""

    def layer(x: Array, w: Array) -> Array:
        return np.asarray(np.tanh(x.astype(F) @ w.astype(F)).astype(float))

    def vjp(ct: Array, x: Array, w: Array, factor: float = 1.0) -> tuple[Array, Array]:
        d = factor * ct / np.cosh(x @ w) ** 2
        return d @ w.T, x.T @ d

    for k in range(3):
        rng = np.random.default_rng(k)
        inputs = rng.uniform(0.5, 2, (4, 3)), scale * rng.uniform(0.3, 1, (3, 2))
        for seed in range(2):
            assert check_vjp(layer, vjp, inputs, seed=seed).verdict is not Verdict.FAIL
            if scale == 1:
                wrong = check_vjp(layer, lambda ct, x, w: vjp(ct, x, w, 2.0), inputs, seed=seed)
                assert wrong.verdict is Verdict.FAIL


def test_a_plain_relu_layer_in_float32_passes() -> None:
    def layer(x: Array, W: Array, b: Array) -> Array:
        return np.asarray(np.maximum(x.astype(F) @ W.astype(F) + b.astype(F), 0).astype(float))

    def vjp(ct: Array, x: Array, W: Array, b: Array, factor: float = 1.0) -> tuple[Array, ...]:
        d = ct * (x @ W + b > 0)
        return d @ W.T, factor * x.T @ d, d.sum(0)

    for k in range(3):
        rng = np.random.default_rng(k)
        inputs = rng.standard_normal((6, 8)), rng.standard_normal((8, 5)), rng.standard_normal(5)
        assert check_vjp(layer, vjp, inputs, seed=k).verdict is Verdict.PASS
        wrong = check_vjp(layer, lambda ct, x, W, b: vjp(ct, x, W, b, 1.03), inputs, seed=k)
        assert wrong.verdict is Verdict.FAIL
