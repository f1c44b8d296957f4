"""Every checker behind one call: `check(problem)` says whether it accepts the claim.

Each is used as its own documentation shows it, with its own steps and tolerances; where it returns a number and
no verdict, the threshold is named beside it.
"""

import importlib.util
from collections.abc import Callable, Iterable

import numpy as np

import gradcheck

from .network import Problem

Checker = Callable[[Problem], bool]


def ours(problem: Problem) -> bool:
    return bool(gradcheck.check_grad(problem.f, problem.gradient, problem.inputs))


def ours_full(problem: Problem) -> bool:
    return bool(gradcheck.check_grad(problem.f, problem.gradient, problem.inputs, coverage="full"))


def torch_slow(problem: Problem) -> bool:
    return _torch(problem, fast_mode=False)


def torch_fast(problem: Problem) -> bool:
    return _torch(problem, fast_mode=True)


def _torch(problem: Problem, *, fast_mode: bool) -> bool:
    import torch

    class Cost(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *parameters):
            ctx.save_for_backward(*parameters)
            return torch.tensor(problem.f(*(p.numpy() for p in parameters)), dtype=torch.float64)

        @staticmethod
        def backward(ctx, cotangent):
            gradients = problem.gradient(*(p.detach().numpy() for p in ctx.saved_tensors))
            return tuple(cotangent * torch.from_numpy(g) for g in gradients)

    inputs = tuple(torch.from_numpy(x.copy()).requires_grad_() for x in problem.inputs)
    return torch.autograd.gradcheck(Cost.apply, inputs, fast_mode=fast_mode, raise_exception=False)


def jax(problem: Problem) -> bool:
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)
    shapes = tuple(jax.ShapeDtypeStruct(x.shape, x.dtype) for x in problem.inputs)
    scalar = jax.ShapeDtypeStruct((), np.float64)

    def f(*parameters):
        return np.float64(problem.f(*map(np.asarray, parameters)))

    def gradient(*parameters):
        return problem.gradient(*map(np.asarray, parameters))

    @jax.custom_vjp
    def cost(*parameters):
        return jax.pure_callback(f, scalar, *parameters)

    def forward(*parameters):
        return cost(*parameters), parameters

    def backward(parameters, cotangent):
        return tuple(cotangent * g for g in jax.pure_callback(gradient, shapes, *parameters))

    cost.defvjp(forward, backward)
    return _accepts(lambda: check_grads(cost, problem.inputs, order=1, modes=["rev"]))


def autograd(problem: Problem) -> bool:
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    cost = primitive(problem.f)

    def rule(position):
        return lambda _, *parameters: lambda cotangent: cotangent * problem.gradient(*parameters)[position]

    defvjp(cost, *map(rule, range(len(problem.inputs))))
    return _accepts(lambda: check_grads(cost, modes=["rev"], order=1)(*problem.inputs))


def scipy(problem: Problem) -> bool:
    """The norm that it returns is held against 1e-6, some thirty times the value in its documentation."""
    from scipy.optimize import check_grad

    def gradient(flat):
        return np.concatenate([g.ravel() for g in problem.gradient(*_split(problem, flat))])

    start = np.concatenate([x.ravel() for x in problem.inputs])
    return check_grad(lambda flat: problem.f(*_split(problem, flat)), gradient, start) < 1e-6


def cs231n(problem: Problem) -> bool:
    """The loop of the CS231n notes: step 1e-5, relative error below 1e-4 (their limit for smooth functions)."""
    claimed = problem.gradient(*problem.inputs)
    inputs = tuple(x.copy() for x in problem.inputs)
    worst = 0.0
    for x, gradient in zip(inputs, claimed, strict=True):
        for i in np.ndindex(x.shape):
            old, h = x[i], 1e-5
            x[i] = old + h
            above = problem.f(*inputs)
            x[i] = old - h
            below = problem.f(*inputs)
            x[i] = old
            numeric = (above - below) / (2 * h)
            worst = max(worst, abs(gradient[i] - numeric) / max(1e-8, abs(gradient[i]) + abs(numeric)))
    return worst < 1e-4


def _split(problem: Problem, flat: np.ndarray) -> list[np.ndarray]:
    ends = np.cumsum([x.size for x in problem.inputs])[:-1]
    parts = np.split(flat, ends)
    return [part.reshape(x.shape) for part, x in zip(parts, problem.inputs, strict=True)]


def _accepts(check: Callable[[], object]) -> bool:
    try:
        check()
    except AssertionError:
        return False
    return True


CHECKERS: dict[str, Checker] = {
    "gradcheck": ours,
    "gradcheck full": ours_full,
    "torch fast": torch_fast,
    "torch slow": torch_slow,
    "jax": jax,
    "autograd": autograd,
    "scipy": scipy,
    "CS231n": cs231n,
}
MODULES = {"gradcheck full": "gradcheck", "torch fast": "torch", "torch slow": "torch", "CS231n": "numpy"}

OWN = ("gradcheck", "gradcheck full")

# Evaluations of f for each parameter, from each checker's documentation: what decides whether it gets its minute.
COST = {"gradcheck full": 2.0, "torch slow": 2.0, "scipy": 1.0, "CS231n": 2.0}


def installed(tools: Iterable[str]) -> list[str]:
    """Those whose library is there, so that the benchmarks also run where no peer is."""
    return [tool for tool in tools if importlib.util.find_spec(MODULES.get(tool, tool))]
