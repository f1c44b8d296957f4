"""Hypothesis strategies for testing derivatives: arrays, shapes, cotangents, activations, whole networks.

Everything shrinks towards the simplest case that still fails: one example, one unit, one layer, round numbers.
Needs the extra `test` (`pip install gradcheck[test]`).

Examples
--------
>>> from hypothesis import given
>>> from gradcheck import strategies
>>> from gradcheck.reference import tanh
>>> @given(z=strategies.arrays((3, 4), scale=(1e-3, 20.0)))
... def test_tanh_is_odd(z):
...     assert (tanh(-z) == -tanh(z)).all()
>>> test_tanh_is_odd()
"""

from ._arrays import arrays, away_from_kinks, cotangents, on_kinks
from ._networks import NetworkCase, activations, layer_shapes, losses, networks, widths

__all__ = [
    "NetworkCase",
    "activations",
    "arrays",
    "away_from_kinks",
    "cotangents",
    "layer_shapes",
    "losses",
    "networks",
    "on_kinks",
    "widths",
]
