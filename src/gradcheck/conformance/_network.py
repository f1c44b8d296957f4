"""Whole networks: agreement with the reference, linear collapse, the symmetry of an all-zero start."""

from collections.abc import Callable
from typing import Any

import numpy as np

import gradcheck.reference as reference
from gradcheck.conformance._calls import difference
from gradcheck.conformance._check import Category, Check, Severity
from gradcheck.conformance._subjects import Network, Parameters, Subject, drawn_parameters
from gradcheck.differentiate import UsageError
from gradcheck.differentiate._tree import flatten

__all__ = ["CHECKS"]

Array = Any
ARCHITECTURES = 25  # drawn by Hypothesis for each check; small ones first
STEPS, RATE = 5, 0.5  # of gradient descent, for the symmetry of an all-zero start

# A relative distance that no order of summation explains in a network of a few units, in units of its rounding:
# the reference and the library compute the same sums along different ways (Higham, section 3.1).
AGREEMENT_ULPS = 2.0**16


class Disagreement(AssertionError):
    """What Hypothesis shrinks: the smallest architecture at which a network differs."""


def _over_architectures(test: Callable[[Network, tuple[int, ...], str, int, int], None]) -> Any:
    """`test(subject, widths, hidden, examples, seed)` for architectures that Hypothesis draws and shrinks."""

    def run(subject: Subject, rng: np.random.Generator) -> str | None:
        given, settings, st = _hypothesis()
        assert isinstance(subject, Network)
        hidden_widths = st.lists(st.integers(1, 6), min_size=1, max_size=3)

        def probe(inputs: int, hidden: list[int], activation: str, examples: int, seed: int) -> None:
            test(subject, (inputs, *hidden, 1), activation, examples, seed)

        drawn = given(
            st.integers(1, 5),
            hidden_widths,
            st.sampled_from(subject.hidden),
            st.integers(1, 7),
            st.integers(0, 99),
        )
        try:
            settings(drawn(probe))()
        except Disagreement as found:
            return str(found)
        return None

    return run


def _hypothesis() -> Any:
    try:
        import hypothesis
    except ImportError as error:
        cure = "python -m pip install 'gradcheck[test]'"
        raise UsageError("hypothesis", "not installed; architectures are drawn with it", cure) from error
    settings = hypothesis.settings(
        database=None,
        deadline=None,
        derandomize=True,
        max_examples=ARCHITECTURES,
        print_blob=False,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    return hypothesis.given, settings, hypothesis.strategies


def _drawn(widths: tuple[int, ...], examples: int, seed: int) -> tuple[Parameters, Array, Array]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((widths[0], examples))
    return drawn_parameters(rng, widths), X, rng.integers(2, size=(1, examples)).astype(float)


def _described(widths: tuple[int, ...], hidden: str, examples: int) -> str:
    return f"{'-'.join(map(str, widths))} network, {hidden}, {examples} examples"


def _activation(name: str) -> reference.Activation:
    known = {activation.name: activation for activation in reference.ACTIVATIONS}
    if name not in known:
        raise UsageError(
            f"hidden={name!r}", "gradcheck.reference has no such activation", f"one of {', '.join(known)}"
        )
    return known[name]


def _same_cost(subject: Network, widths: tuple[int, ...], hidden: str, examples: int, seed: int) -> None:
    params, X, Y = _drawn(widths, examples, seed)
    expected = reference.Network(widths, _activation(hidden)).cost(params, X, Y)
    given, _ = subject.cost_and_gradients(params, X, Y, hidden)
    found = difference("cost", expected, np.asarray(given).reshape(()), AGREEMENT_ULPS)
    if found:
        raise Disagreement(f"{_described(widths, hidden, examples)}: {found}")


def _same_gradients(subject: Network, widths: tuple[int, ...], hidden: str, examples: int, seed: int) -> None:
    params, X, Y = _drawn(widths, examples, seed)
    expected = flatten(reference.Network(widths, _activation(hidden)).gradients(params, X, Y))
    given = flatten(subject.cost_and_gradients(params, X, Y, hidden)[1])
    if expected.paths != given.paths:
        raise Disagreement(
            f"gradients are named {', '.join(given.paths)}; expected {', '.join(expected.paths)}"
        )
    for path, right, left in zip(expected.paths, expected.leaves, given.leaves, strict=True):
        found = difference(f"d{path}", right, left, AGREEMENT_ULPS)
        if found:
            raise Disagreement(f"{_described(widths, hidden, examples)}: {found}")


def _collapse(subject: Network, widths: tuple[int, ...], hidden: str, examples: int, seed: int) -> None:
    """W_L ... W_1 and the biases carried through them are one layer, and give the same cost (section 3)."""
    params, X, Y = _drawn(widths, examples, seed)
    W, b = np.eye(widths[0]), np.zeros((widths[0], 1))
    for layer in params.values():
        W, b = layer["W"] @ W, layer["W"] @ b + layer["b"]
    one = reference.Network((widths[0], 1), reference.sigmoid).cost({"layer1": {"W": W, "b": b}}, X, Y)
    given, _ = subject.cost_and_gradients(params, X, Y, "identity")
    found = difference(
        "cost against the one linear layer", one, np.asarray(given).reshape(()), AGREEMENT_ULPS
    )
    if found:
        raise Disagreement(f"{_described(widths, 'identity', examples)}: {found}")


def _has_identity(subject: Subject, rng: np.random.Generator) -> str | None:
    assert isinstance(subject, Network)
    if "identity" not in subject.hidden:
        return None  # nothing linear is offered
    return _over_architectures(_collapse)(subject, rng)  # type: ignore[no-any-return]


def _symmetric(subject: Subject, rng: np.random.Generator) -> str | None:
    """From all-zero weights, hidden units get the same gradient and stay the same, step after step (section 7)."""
    assert isinstance(subject, Network)
    params, X, Y = _drawn((3, 4, 1), 6, int(rng.integers(100)))
    params = {
        name: {key: np.zeros_like(value) for key, value in layer.items()} for name, layer in params.items()
    }
    for step in range(1, STEPS + 1):
        _, gradients = subject.cost_and_gradients(params, X, Y, subject.hidden[0])
        for key in ("W", "b"):
            rows = np.asarray(gradients["layer1"][key])
            found = difference(f"dlayer1.{key} of the hidden units", np.tile(rows[:1], (len(rows), 1)), rows)
            if found:
                return f"all-zero start, step {step}: {found}"
        params = {
            name: {key: value - RATE * np.asarray(gradients[name][key]) for key, value in layer.items()}
            for name, layer in params.items()
        }
    return None


def _check(number: int, title: str, reason: str, cure: str, run: Any) -> Check:
    return Check(
        f"GC{number}", title, Category.NETWORK, Severity.ERROR, reason, cure, run, kinds=("network",)
    )


CHECKS = (
    _check(
        601,
        "the cost is that of the reference",
        "Another cost has another gradient: right for itself, and not the one that was meant. Usual causes: a sum "
        "for a mean, log without its sign, an activation with another constant.",
        "Compare with section 4 of the notes: J = (1/m) sum of -(y log a + (1 - y) log(1 - a)).",
        _over_architectures(_same_cost),
    ),
    _check(
        602,
        "the gradients are those of the reference",
        "Two independent computations of one gradient agree to rounding or one is wrong.",
        "Run GC101: it says which entry is wrong, and how.",
        _over_architectures(_same_gradients),
    ),
    _check(
        603,
        "with identity activations a network of any depth is one linear layer",
        "W2 (W1 x + b1) + b2 = W' x + b'. Usual causes: an activation applied where none was asked for, a bias "
        "left out of a layer.",
        "See section 3 of the notes.",
        _has_identity,
    ),
    _check(
        604,
        "from an all-zero start the hidden units stay identical",
        "Nothing but the numbers tells hidden units apart; a difference comes from a bug. Usual causes: an index "
        "into the units, hidden randomness, an initialisation that ignores the given parameters.",
        "See section 7 of the notes.",
        _symmetric,
    ),
)
