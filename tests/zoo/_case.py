"""A layer with a right backward pass, and the wrong ones that people write for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Forward = Callable[..., Array]
Vjp = Callable[..., tuple[Array, ...]]


@dataclass(frozen=True)
class Case:
    """One wrong backward pass with its correct twin.

    Attributes
    ----------
    name, family : str
        The name is unique within the zoo.
    what : str
        The mistake in words.
    forward : forward(*inputs) -> array
    good, bad : vjp(cotangent, *inputs) -> gradients, one per input
    inputs : inputs(rng) -> tuple of arrays
    diagnoses : tuple of str
        The slugs that name the mistake; more than one, or ``unknown`` among them, only with a `reason`.
    reason : str
        Why several slugs are equally true, or why the vocabulary has no word for the mistake.
    """

    name: str
    family: str
    what: str
    forward: Forward
    good: Vjp
    bad: Vjp
    inputs: Callable[[np.random.Generator], tuple[Array, ...]]
    diagnoses: tuple[str, ...]
    reason: str = ""

    def point(self, seed: int = 0) -> tuple[Array, ...]:
        """The inputs of this case: the same for the same seed, on every machine."""
        return self.inputs(np.random.default_rng([crc32(self.name.encode()), seed]))


@dataclass(frozen=True)
class Layer:
    """A forward pass and its right backward pass, from which the wrong ones are bred."""

    family: str
    name: str
    forward: Forward
    vjp: Vjp
    inputs: Callable[[np.random.Generator], tuple[Array, ...]]

    def wrong(self, name: str, what: str, bad: Vjp, *diagnoses: str, because: str = "") -> Case:
        """The case in which `bad` stands in for the right backward pass."""
        full_name = f"{self.name}-{name}"
        return Case(
            full_name, self.family, what, self.forward, self.vjp, bad, self.inputs, diagnoses, because
        )

    def gradient(
        self,
        index: int,
        change: Callable[..., Array],
        name: str,
        what: str,
        *diagnoses: str,
        because: str = "",
    ) -> Case:
        """The case in which gradient number `index` is ``change(gradient, cotangent, *inputs)``."""
        return self.wrong(name, what, _changed(self.vjp, index, change), *diagnoses, because=because)

    def swapped(self, i: int, j: int, name: str, what: str, *diagnoses: str, because: str = "") -> Case:
        """The case in which two gradients are returned in each other's place."""
        return self.wrong(name, what, _swapped(self.vjp, i, j), *diagnoses, because=because)


def _changed(vjp: Vjp, index: int, change: Callable[..., Array]) -> Vjp:
    def bad(ct: Array, *inputs: Array) -> tuple[Array, ...]:
        gradients = list(vjp(ct, *inputs))
        gradients[index] = np.asarray(change(gradients[index], ct, *inputs))
        return tuple(gradients)

    return bad


def _swapped(vjp: Vjp, i: int, j: int) -> Vjp:
    def bad(ct: Array, *inputs: Array) -> tuple[Array, ...]:
        gradients = list(vjp(ct, *inputs))
        gradients[i], gradients[j] = gradients[j], gradients[i]
        return tuple(gradients)

    return bad


def in_float32(gradient: Array, ct: Array, *inputs: Array) -> Array:
    """A gradient that went through float32 on its way."""
    return gradient.astype(np.float32).astype(np.float64)


def away_from(values: Array, *kinks: float, margin: float = 0.05) -> Array:
    """The values, those nearer than `margin` to a kink moved out to it."""
    for kink in kinks:
        near = np.abs(values - kink) < margin
        values = np.where(near, kink + np.where(values < kink, -margin, margin), values)
    return values
