"""Bugs of remainders: functions with jumps, whose slope between two jumps is exact."""

import numpy as np

from tests.corpus._case import Case, Problem, bug


@bug(
    "remainder_without_a_gradient_for_its_divisor",
    "shader-slang/slang#10071",
    "fmod(x, y)",
    "no gradient",
    "the gradient by the divisor is always zero",
    says=("zero",),
)
def remainder_without_a_gradient_for_its_divisor(rng):
    return Problem(
        f=lambda i: np.fmod(i[0], i[1]),
        vjp_good=lambda i, ct: (ct, -ct * np.trunc(i[0] / i[1])),
        vjp_bad=lambda i, ct: (ct, np.zeros(3)),
        inputs=(np.array([5.5, -7.3, 4.1]), np.array([2.0, 3.0, 1.5])),
    )


@bug(
    "remainder_of_a_negative_number_rounded_down",
    "jax-ml/jax#11466",
    "remainder of x < 0",
    "special region (negative)",
    "x // y rounds down where the remainder rounds to zero: one too many",
    says=("entries", "factor"),
)
def remainder_of_a_negative_number_rounded_down(rng):
    def vjp(quotient):
        return lambda i, ct: (ct, -ct * quotient(i[0] / i[1]))

    return Problem(
        f=lambda i: np.fmod(i[0], i[1]),
        vjp_good=vjp(np.trunc),
        vjp_bad=vjp(np.floor),
        inputs=(np.array([-19.0, 7.0, -4.4]), np.array([3.1, 2.5, 1.7])),
    )


@bug(
    "fraction_whose_gradient_is_lost",
    "tensorflow/tensorflow#6365",
    "fractional part of a scaled input",
    "no gradient",
    "the operator has no gradient: taken for a step function, it hands back zero",
    fidelity="synthetic",
    says=("zero",),
)
def fraction_whose_gradient_is_lost(rng):
    return Problem(
        f=lambda i: np.mod(i[0], 1.0),
        vjp_good=lambda i, ct: (ct,),
        vjp_bad=lambda i, ct: (0 * ct,),
        inputs=(np.array([0.3137, 0.4242, -1.13, 2.271]),),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
