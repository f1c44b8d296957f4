"""core: forward and backward pass of the reference network.

Beside it: the bare matrix products of the same pass (of the same arrays, in the same memory layout and order: what
NumPy cannot go below), its own loops, Autograd and torch, in float64; the products in float32 as well. Hidden layers
are tanh in the two small networks and ReLU in the three large ones.
"""

import importlib.util
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from gradcheck.reference import (
    Network,
    binary_cross_entropy,
    flatten,
    he,
    loops,
    relu,
    softmax_cross_entropy,
    tanh,
)

from .measuring import MINUTE, clocked, timed

# The loops need about so many seconds for one multiplication by a weight.
LOOP = 1.5e-7
# How far two float64 gradients may lie apart, in their largest entry: 2^-52 times the products summed up.
NEAR = 1e-11


@dataclass(frozen=True)
class Work:
    """A network of given widths with m examples, and its gradients by every contender."""

    widths: tuple[int, ...]
    m: int
    dtype: type = np.float64

    @property
    def small(self) -> bool:
        return self.widths[0] < 100

    @cached_property
    def network(self) -> Network:
        loss = softmax_cross_entropy if self.widths[-1] > 1 else binary_cross_entropy
        return Network(self.widths, tanh if self.small else relu, loss)

    @cached_property
    def params(self) -> Any:
        rng = np.random.default_rng(0)
        params = self.network.initialise(rng, he, self.dtype)
        for layer in params.values():
            layer["b"] += rng.normal(size=layer["b"].shape)  # no pre-activation exactly on a kink
        return params

    @cached_property
    def X(self) -> np.ndarray:
        return np.random.default_rng(1).normal(size=(self.widths[0], self.m)).astype(self.dtype)

    @cached_property
    def Y(self) -> np.ndarray:
        rng, outputs = np.random.default_rng(2), self.widths[-1]
        if outputs == 1:
            return rng.integers(0, 2, (1, self.m)).astype(self.dtype)
        return np.eye(outputs, dtype=self.dtype)[:, rng.integers(0, outputs, self.m)]

    @property
    def products(self) -> int:
        """Multiplications by a weight: once forward, twice back."""
        return 3 * self.m * sum(layer["W"].size for layer in self.params.values())


def gradcheck_pass(work: Work) -> Callable[[], Any]:
    def run() -> Any:
        _, cache = work.network.forward(work.params, work.X)
        return work.network.backward(work.params, cache, work.Y)

    return run


def loops_pass(work: Work) -> Callable[[], Any]:
    def run() -> Any:
        _, cache = loops.forward(work.network, work.params, work.X)
        return loops.backward(work.network, work.params, cache, work.Y)

    return run


def matrix_products(work: Work) -> Callable[[], Any]:
    """W A for every layer, then dZ A^T for every layer and W^T dZ for all but the first, on given A and dZ."""
    A = work.network.forward(work.params, work.X)[1].A
    W = [layer["W"] for layer in work.params.values()]
    dZ = [np.random.default_rng(3).normal(size=a.shape).astype(work.dtype) for a in A[1:]]

    def run() -> Any:
        results = [np.dot(w, a) for w, a in zip(W, A, strict=False)]
        for layer in range(len(W) - 1, -1, -1):
            results.append(np.dot(dZ[layer], A[layer].T))
            if layer:
                results.append(np.dot(W[layer].T, dZ[layer]))
        return results

    return run


def torch_pass(work: Work) -> Callable[[], Any]:
    import torch

    hidden = torch.tanh if work.small else torch.relu
    flat = [torch.tensor(a, requires_grad=True) for layer in work.params.values() for a in layer.values()]
    X, Y = torch.tensor(work.X), torch.tensor(work.Y)
    binary = work.widths[-1] == 1
    labels = Y if binary else Y.argmax(0)

    def run() -> Any:
        A = X
        for W, b in zip(flat[:-2:2], flat[1:-2:2], strict=True):
            A = hidden(W @ A + b)
        Z = flat[-2] @ A + flat[-1]
        if binary:
            L = torch.nn.functional.binary_cross_entropy_with_logits(Z, labels)
        else:
            L = torch.nn.functional.cross_entropy(Z.T, labels)
        return torch.autograd.grad(L, flat)

    return run


def autograd_pass(work: Work) -> Callable[[], Any]:
    import autograd
    import autograd.numpy as anp

    flat = [a for layer in work.params.values() for a in layer.values()]
    signs = 1 - 2 * work.Y

    def cost(*flat: Any) -> Any:
        A = work.X
        for W, b in zip(flat[:-2:2], flat[1:-2:2], strict=True):
            Z = anp.dot(W, A) + b
            A = anp.tanh(Z) if work.small else anp.maximum(Z, 0)
        Z = anp.dot(flat[-2], A) + flat[-1]
        if work.widths[-1] == 1:
            return anp.sum(anp.logaddexp(0, signs * Z)) / work.m
        top = anp.max(Z, axis=0, keepdims=True)
        return (
            anp.sum(anp.log(anp.sum(anp.exp(Z - top), axis=0)) - anp.sum(work.Y * (Z - top), axis=0)) / work.m
        )

    gradient = autograd.grad(cost, argnum=list(range(len(flat))))
    return lambda: gradient(*flat)


CONTENDERS: dict[str, Callable[[Work], Callable[[], Any]]] = {
    "matrix products": matrix_products,
    "gradcheck": gradcheck_pass,
    "loops": loops_pass,
    "Autograd": autograd_pass,
    "torch": torch_pass,
}
MODULES = {"Autograd": "autograd", "torch": "torch"}
TOOLS = [tool for tool in CONTENDERS if importlib.util.find_spec(MODULES.get(tool, "numpy"))]
SMALL = [Work((2, 4, 1), 400), Work((30, 16, 1), 455)]
LARGE = [
    Work((12288, 20, 7, 5, 1), 209),
    Work((784, 128, 64, 10), 128),
    Work((1024, 1024, 1024, 10), 256),
]
WORKS = {f"{'-'.join(map(str, work.widths))} x {work.m}": work for work in SMALL + LARGE}


def vector(gradients: Any) -> np.ndarray:
    """Gradients of any contender as one vector."""
    if isinstance(gradients, dict):
        return flatten(gradients)
    return np.concatenate([np.asarray(g).ravel() for g in gradients])


def ratio(one: Callable[[], Any], other: Callable[[], Any], seconds: float = 3.0) -> float:
    """Time of `one` over that of `other`, by turns: the median over the turns, so that a busy machine slows both."""
    one(), other()
    ratios: list[float] = []
    end = perf_counter() + seconds
    while perf_counter() < end or len(ratios) < 5:
        ratios.append(clocked(one)[1] / clocked(other)[1])
    return median(ratios)


def peak(function: Callable[[], Any]) -> int:
    """The most bytes allocated at one time while `function` runs, as NumPy reports them to tracemalloc."""
    function()
    tracemalloc.start()
    function()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def kept(work: Work) -> int:
    """Bytes that must be held: Z and A of every layer, and the gradients."""
    _, cache = work.network.forward(work.params, work.X)
    return sum(a.nbytes for a in (*cache.Z, *cache.A[1:])) + flatten(work.params).nbytes


@pytest.mark.benchmark(group="core")
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    "shape", [pytest.param(s, marks=[pytest.mark.large] * (work in LARGE)) for s, work in WORKS.items()]
)
def test_forward_and_backward(benchmark: Any, shape: str, tool: str) -> None:
    work = WORKS[shape]
    if tool == "loops" and LOOP * work.products > MINUTE:
        pytest.skip(f"the loops would need about {LOOP * work.products:,.0f} s")
    run = CONTENDERS[tool](work)
    expected = vector(gradcheck_pass(work)())
    if tool != "matrix products":
        assert np.abs(vector(run()) - expected).max() <= NEAR * np.abs(expected).max()
    if tool == "gradcheck" and not benchmark.disabled:
        for other in (name for name in TOOLS if name in ("matrix products", "torch")):
            benchmark.extra_info[f"x {other}, by turns"] = round(ratio(run, CONTENDERS[other](work)), 3)
        single = replace(work, dtype=np.float32)
        benchmark.extra_info["x matrix products in float32"] = round(
            ratio(gradcheck_pass(single), matrix_products(single)), 3
        )
        benchmark.extra_info["peak / (cache + gradients)"] = round(peak(run) / kept(work), 2)
    timed(benchmark, run)
