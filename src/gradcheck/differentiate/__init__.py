"""The oracle: derivatives measured from function values alone, each with an error that can be believed."""

from gradcheck.differentiate._complex import complex_step
from gradcheck.differentiate._elementwise import central, derivative
from gradcheck.differentiate._errors import UsageError
from gradcheck.differentiate._estimate import Estimate, Status
from gradcheck.differentiate._multivariate import directional_derivative, gradient, hessian, jacobian

__all__ = [
    "Estimate",
    "Status",
    "UsageError",
    "central",
    "complex_step",
    "derivative",
    "directional_derivative",
    "gradient",
    "hessian",
    "jacobian",
]
