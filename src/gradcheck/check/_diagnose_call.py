"""A claim that raised: by itself, or because it is called otherwise than it is written."""

import traceback

from gradcheck.check._forward import Forward
from gradcheck.check._reverse import ClaimRaised, Reverse

__all__ = ["advice_where_raised"]

_SIGNATURES = {
    "check_grad": "grad(*inputs)",
    "check_vjp": "vjp(cotangent, *inputs)",
    "check_jvp": "jvp(tangents, *inputs), tangents a tuple like the inputs",
    "check_backward": "backward(cotangent, cache), with forward(*inputs) -> (out, cache)",
    "check_jacobian": "jac(*inputs)",
    "check_hessian": "hess(*inputs)",
}
_OF_CHECK_HVP = {
    Reverse: "grad(*inputs)",
    Forward: "hvp(tangents, *inputs), tangents a tuple like the inputs",
}


def advice_where_raised(call: str, claim: Reverse | Forward, error: ClaimRaised) -> str:
    """What to do about it: `call` is the check that asked, ``check_vjp`` say."""
    signature = _OF_CHECK_HVP.get(type(claim)) if call == "check_hvp" else _SIGNATURES.get(call)
    if signature is not None and _never_entered(error.args[0]):
        return f"the claim is called as {signature}: a tuple of inputs is unpacked"
    return "where the function has a value nearby a derivative may exist: see what the claim assumes"


def _never_entered(error: Exception) -> bool:
    """The call itself failed: no line of the claim ran, so that the last frame is one of this package."""
    if not isinstance(error, TypeError) or error.__traceback__ is None:
        return False
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__", "")).startswith("gradcheck.check.")
