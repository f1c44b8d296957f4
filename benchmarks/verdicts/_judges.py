"""The checkers, each asked the way its own documentation shows; a verdict is "right", "wrong" or "cannot tell".

Every judge takes a `Claim`. One that needs a framework imports it when it is made, so that the others run without.
"""

import logging
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.verdicts._problems import Claim, Inputs

Verdict = str
Judge = Callable[[Claim], Verdict]
RIGHT, WRONG, CANNOT_TELL = "right", "wrong", "cannot tell"


def _gradcheck() -> Judge:
    from gradcheck import check_vjp

    words = {"pass": RIGHT, "fail": WRONG, "inconclusive": CANNOT_TELL}
    return lambda claim: words[check_vjp(claim.forward, claim.vjp, claim.inputs).verdict]


def _like(gradients: Inputs, inputs: Inputs) -> Inputs:
    return tuple(
        np.asarray(g, dtype=x.dtype).reshape(x.shape).copy() for g, x in zip(gradients, inputs, strict=True)
    )


def _torch(fast_mode: bool) -> Judge:
    import torch

    def judge(claim: Claim) -> Verdict:
        class Function(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, *tensors: Any) -> Any:
                ctx.inputs = tuple(t.detach().numpy().copy() for t in tensors)
                return torch.from_numpy(np.array(claim.forward(*ctx.inputs), dtype=float))

            @staticmethod
            def backward(ctx: Any, ct: Any) -> Any:
                gradients = claim.vjp(ct.numpy().copy(), *ctx.inputs)
                return tuple(torch.from_numpy(np.array(g)) for g in _like(gradients, ctx.inputs))

        tensors = tuple(torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in claim.inputs)
        passed = torch.autograd.gradcheck(Function.apply, tensors, fast_mode=fast_mode, raise_exception=False)
        return RIGHT if passed else WRONG

    return judge


def _jax() -> Judge:
    import jax
    from jax.test_util import check_grads

    logging.getLogger("jax").setLevel(logging.CRITICAL)
    jax.config.update("jax_enable_x64", True)

    def judge(claim: Claim) -> Verdict:
        shape = np.shape(claim.forward(*claim.inputs))
        output = jax.ShapeDtypeStruct(shape, np.float64)
        gradients = tuple(jax.ShapeDtypeStruct(x.shape, np.float64) for x in claim.inputs)

        def plain(*inputs: Any) -> np.ndarray:
            return np.asarray(claim.forward(*(np.array(x) for x in inputs)), dtype=float)

        def pullback(ct: Any, *inputs: Any) -> Inputs:
            arrays = tuple(np.array(x) for x in inputs)
            return _like(claim.vjp(np.array(ct), *arrays), arrays)

        @jax.custom_vjp
        def f(*inputs: Any) -> Any:
            return jax.pure_callback(plain, output, *inputs)

        f.defvjp(
            lambda *inputs: (f(*inputs), inputs),
            lambda inputs, ct: jax.pure_callback(pullback, gradients, ct, *inputs),
        )
        return _by_assertion(lambda: check_grads(f, claim.inputs, order=1, modes=("rev",)))

    return judge


def _by_assertion(check: Callable[[], object]) -> Verdict:
    try:
        check()
    except AssertionError:
        return WRONG
    return RIGHT


def _autograd() -> Judge:
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    def judge(claim: Claim) -> Verdict:
        @primitive
        def f(*inputs: Any) -> Any:
            return np.asarray(claim.forward(*inputs), dtype=float)

        def of(position: int) -> Callable[..., Any]:
            return lambda out, *inputs: lambda ct: _like(claim.vjp(np.array(ct), *inputs), inputs)[position]

        defvjp(f, *(of(k) for k in range(len(claim.inputs))))
        np.random.seed(0)  # noqa: NPY002 -- autograd draws its one direction from the global generator
        every_argument = tuple(range(len(claim.inputs)))
        return _by_assertion(lambda: check_grads(f, every_argument, modes=["rev"], order=1)(*claim.inputs))

    return judge


def _contracted(claim: Claim) -> tuple[Callable[[np.ndarray], float], Callable[[np.ndarray], np.ndarray]]:
    """The claim as a scalar function of one vector, for a random cotangent."""
    shape = np.shape(claim.forward(*claim.inputs))
    ct = np.asarray(np.random.default_rng(0).standard_normal(shape))
    ends = np.cumsum([x.size for x in claim.inputs])[:-1]

    def split(x: np.ndarray) -> Inputs:
        return tuple(p.reshape(i.shape) for p, i in zip(np.split(x, ends), claim.inputs, strict=True))

    def gradient(x: np.ndarray) -> np.ndarray:
        return np.concatenate([np.ravel(g) for g in _like(claim.vjp(ct.copy(), *split(x)), claim.inputs)])

    return lambda x: float(np.sum(ct * claim.forward(*split(x)))), gradient


def _scipy() -> Judge:
    from scipy.optimize import check_grad

    def judge(claim: Claim) -> Verdict:
        f, gradient = _contracted(claim)
        x = np.concatenate([x.ravel() for x in claim.inputs])
        # The norm comes without a verdict; its tutorial calls 1e-6 and the like correct for a few variables.
        return RIGHT if check_grad(f, gradient, x) < 1e-5 else WRONG

    return judge


def _cs231n() -> Judge:
    def judge(claim: Claim) -> Verdict:
        f, gradient = _contracted(claim)
        x, h = np.concatenate([x.ravel() for x in claim.inputs]), 1e-5
        claimed, measured = gradient(x), np.empty_like(x)
        for k in range(x.size):
            step = h * (np.arange(x.size) == k)
            measured[k] = (f(x + step) - f(x - step)) / (2 * h)
        error = np.abs(claimed - measured) / np.maximum(1e-8, np.abs(claimed) + np.abs(measured))
        # The course notes: "1e-7 and less you should be happy".
        return RIGHT if np.max(error) < 1e-7 else WRONG

    return judge


JUDGES: dict[str, Callable[[], Judge]] = {
    "gradcheck (this project)": _gradcheck,
    "torch gradcheck": lambda: _torch(False),
    "torch gradcheck, fast_mode": lambda: _torch(True),
    "jax check_grads": _jax,
    "autograd check_grads": _autograd,
    "scipy check_grad < 1e-5": _scipy,
    "CS231n loop < 1e-7": _cs231n,
}


def ask(judge: Judge, claim: Claim) -> Verdict:
    """The verdict; a judge that stumbles over the claim has none."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return judge(claim)
        except Exception:  # What a foreign checker raises is not ours to list; it gave no verdict.
            return CANNOT_TELL
