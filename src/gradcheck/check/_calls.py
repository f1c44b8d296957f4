"""The checks of first derivatives that users call."""

from collections.abc import Callable
from typing import Any, Unpack

import numpy as np

from gradcheck.check._contracts import arrays
from gradcheck.check._diagnose_jacobian import explained_jacobian
from gradcheck.check._forward import Forward
from gradcheck.check._jacobian import JacobianClaim
from gradcheck.check._options import Options, OptionsDict
from gradcheck.check._point import as_point
from gradcheck.check._reverse import Reverse
from gradcheck.check._run import Problem
from gradcheck.check._search import explored
from gradcheck.check._verdict import Report
from gradcheck.differentiate._errors import UsageError

__all__ = [
    "check_backward",
    "check_grad",
    "check_jacobian",
    "check_jvp",
    "check_vjp",
    "name_of",
    "require_callable",
]


def check_grad(
    f: Callable[..., Any], grad: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> Report:
    """Judge the gradient of a function that returns one real number.

    Parameters
    ----------
    f : callable
        ``f(*inputs)`` -> a real number.
    grad : callable
        ``grad(*inputs)`` -> gradients in the structure of the inputs; for one input, the bare gradient or a 1-tuple.
        `None` for a float input is a claim of zero.
    inputs : tuple, array or nested structure
        A tuple is unpacked into ``f(*inputs)``; anything else is one argument. Integer and Boolean arrays are
        held fixed.
    **options
        See `gradcheck.check.Options`.

    Returns
    -------
    Report
        True for a pass alone.

    Raises
    ------
    UsageError
        For a call that cannot be carried out as it stands, before any long work.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([0.5, 1.0, 2.0])
    >>> bool(check_grad(lambda x: np.sum(x**2), lambda x: 2 * x, x))
    True
    >>> report = check_grad(lambda x: np.sum(x**2), lambda x: x.copy(), x)
    >>> report.verdict.value, report.findings[-1].diagnosis
    ('fail', 'factor')
    """
    chosen = Options.of(options)
    require_callable(f=f, grad=grad)
    claim = Reverse(lambda _, args: grad(*args), name_of(grad, "grad"), False, chosen.conjugate)
    return explored(
        Problem("check_grad", f, name_of(f, "f"), claim, as_point(inputs, f, chosen.wrt), chosen, scalar=True)
    )


def check_vjp(
    f: Callable[..., Any], vjp: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> Report:
    """Judge a vector-Jacobian product.

    Parameters
    ----------
    f : callable
        ``f(*inputs)`` -> an array, or a nested structure of arrays.
    vjp : callable
        ``vjp(cotangent, *inputs)`` -> gradients in the structure of the inputs; the cotangent has the structure of f's
        output. For complex numbers both are dL/dRe + i dL/dIm of a real L (``conjugate=True``: minus).
    inputs, **options
        As for `check_grad`.

    Returns
    -------
    Report

    Raises
    ------
    UsageError

    Examples
    --------
    >>> import numpy as np
    >>> report = check_vjp(np.tanh, lambda w, x: w * (1 - np.tanh(x) ** 2), np.array([-1.0, 0.0, 2.0]))
    >>> report.verdict.value
    'pass'
    """
    chosen = Options.of(options)
    require_callable(f=f, vjp=vjp)
    claim = Reverse(lambda w, args: vjp(w, *args), name_of(vjp, "vjp"), True, chosen.conjugate)
    return explored(Problem("check_vjp", f, name_of(f, "f"), claim, as_point(inputs, f, chosen.wrt), chosen))


def check_backward(
    forward: Callable[..., Any], backward: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> Report:
    """Judge a backward pass that uses what its forward pass cached.

    Parameters
    ----------
    forward : callable
        ``forward(*inputs)`` -> (output, cache).
    backward : callable
        ``backward(cotangent, cache)`` -> gradients in the structure of the inputs. It gets a cache of its own
        each time, which must hold when forward is called again with other inputs (unless it is the layer itself). The
        calls of forward that make these caches count as evaluations.
    inputs, **options
        As for `check_grad`.

    Returns
    -------
    Report

    Raises
    ------
    UsageError

    Examples
    --------
    >>> import numpy as np
    >>> def forward(x, W): return x @ W, (x, W)
    >>> def backward(w, cache): return w @ cache[1].T, cache[0].T @ w
    >>> check_backward(forward, backward, (np.ones((2, 3)), np.ones((3, 4)))).verdict.value
    'pass'
    """
    chosen = Options.of(options)
    require_callable(forward=forward, backward=backward)

    def cache_of(args: tuple[Any, ...]) -> Any:
        if claim.account is not None:
            claim.account.reserve(1)
        return forward(*args)[1]

    def late(w: Any, args: tuple[Any, ...], later: tuple[Any, ...]) -> Any:
        cache = cache_of(args)
        if cache_of(later) is cache and not (isinstance(cache, STORES) and arrays(cache)):
            raise TypeError(
                "a layer that hands itself out as the cache has that of its latest call, and says so"
            )
        return backward(w, cache)

    claim = Reverse(
        lambda w, args: backward(w, cache_of(args)),
        name_of(backward, "backward"),
        True,
        chosen.conjugate,
        late=late,
    )
    point = as_point(inputs, forward, chosen.wrt)
    return explored(
        Problem("check_backward", _First(forward), name_of(forward, "forward"), claim, point, chosen)
    )


def check_jvp(
    f: Callable[..., Any], jvp: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> Report:
    """Judge a Jacobian-vector product.

    Parameters
    ----------
    f : callable
        ``f(*inputs)`` -> an array, or a nested structure of arrays.
    jvp : callable
        ``jvp(tangents, *inputs)`` -> the output tangent, in the structure of f's output; `tangents` is a tuple like the
        inputs (zeros for integers).
    inputs, **options
        As for `check_grad`.

    Returns
    -------
    Report

    Raises
    ------
    UsageError

    Examples
    --------
    >>> import numpy as np
    >>> check_jvp(np.sin, lambda t, x: t[0] * np.cos(x), np.array([0.3, 1.0])).verdict.value
    'pass'
    """
    chosen = Options.of(options)
    require_callable(f=f, jvp=jvp)
    claim = Forward(lambda t, args: jvp(t, *args), name_of(jvp, "jvp"))
    return explored(Problem("check_jvp", f, name_of(f, "f"), claim, as_point(inputs, f, chosen.wrt), chosen))


def check_jacobian(
    f: Callable[..., Any], jac: Callable[..., Any], inputs: Any, **options: Unpack[OptionsDict]
) -> Report:
    """Judge a whole Jacobian.

    A finding's `index` is that of an entry of the Jacobian: the output's, then the input's.

    Parameters
    ----------
    f : callable
        ``f(*inputs)`` -> one array.
    jac : callable
        ``jac(*inputs)`` -> an array of shape ``f(x).shape + x.shape`` for each input, in the structure of the inputs.
    inputs, **options
        As for `check_grad`.

    Returns
    -------
    Report

    Raises
    ------
    UsageError

    Examples
    --------
    >>> import numpy as np
    >>> check_jacobian(np.square, lambda x: np.diag(2 * x), np.array([1.0, 2.0])).verdict.value
    'pass'
    """
    chosen = Options.of(options)
    require_callable(f=f, jac=jac)
    claim = JacobianClaim(lambda _, args: jac(*args), name_of(jac, "jac"), False, explain=explained_jacobian)
    return explored(
        Problem("check_jacobian", f, name_of(f, "f"), claim, as_point(inputs, f, chosen.wrt), chosen)
    )


STORES = (np.ndarray, list, tuple, dict)  # what is kept for backward; another object may be the layer itself


class _First:
    """The output of a forward pass without its cache."""

    def __init__(self, forward: Callable[..., Any]) -> None:
        self.forward = forward

    def __call__(self, *args: Any) -> Any:
        result = self.forward(*args)
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise UsageError(
                f"forward returned {type(result).__name__}",
                "it must return a pair (output, cache)",
                "return (output, cache), or use check_vjp",
            )
        return result[0]


def name_of(function: Any, default: str) -> str:
    """What reports call a function; `default` for a lambda."""
    name = str(getattr(function, "__qualname__", type(function).__qualname__))
    return default if "<lambda>" in name else name.rsplit("<locals>.", 1)[-1]


def require_callable(**functions: Any) -> None:
    """Raise `UsageError` for the first that is not callable."""
    for name, function in functions.items():
        if not callable(function):
            raise UsageError(
                f"{name}={function!r}"[:80], "it is not callable", f"pass the function itself as {name}"
            )
