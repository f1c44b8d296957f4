"""Random networks and random programs with right gradients are never called wrong."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gradcheck import Verdict, check_vjp
from tests.zoo.networks import ACTIVATIONS, Network
from tests.zoo.programs import BINARY, KINKED, SMOOTH, Program, Step

LOSSES = ("outputs", "mse", "bce", "cross-entropy")
OPERATIONS = {"smooth": SMOOTH, "kinked": KINKED}
seeds = st.integers(0, 2**32 - 1)
# Thirty examples each in a quick run; thirteen times 2,000 in the thorough profile.
examples = settings(
    max_examples=30 if settings.default.max_examples == 100 else settings.default.max_examples
)


@st.composite
def network_points(draw, dtype=np.float64):
    """(X, W1, b1, ...) of a network of one to four layers, at weights small, plain and saturating."""
    widths = draw(st.lists(st.integers(1, 6), min_size=2, max_size=5))
    examples, scale = draw(st.integers(1, 5)), draw(st.sampled_from([0.01, 0.3, 1.0, 3.0]))
    normal = np.random.default_rng(draw(seeds)).standard_normal
    point = [normal((widths[0], examples))]
    for before, after in pairwise(widths):
        point += [scale * normal((after, before)), scale * normal((after, 1))]
    return tuple(x.astype(dtype) for x in point)


@st.composite
def programs(draw, operations):
    names = draw(st.lists(st.sampled_from(sorted(operations)), min_size=1, max_size=8))
    operands = st.integers(0, 3)
    return Program(tuple(Step(n, tuple(draw(operands) for _ in range(1 + (n in BINARY)))) for n in names))


@st.composite
def program_points(draw, special=False):
    """One to three arrays of one shape, each of its own scale; with special values where asked."""
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 4)))
    rng = np.random.default_rng(draw(seeds))
    arrays = []
    for _ in range(draw(st.integers(1, 3))):
        x = rng.standard_normal(shape) * draw(st.sampled_from([1e-6, 0.1, 1.0, 1.0, 10.0, 1e4]))
        if special:
            x = np.where(rng.random(shape) < 0.3, draw(st.sampled_from([0.0, 1.0, -2.0, 50.0, 1e-8])), x)
        arrays.append(x)
    return tuple(arrays)


def directional(f, inputs, directions, step):
    def at(t):
        return f(*(x + t * v for x, v in zip(inputs, directions, strict=True)))

    return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ["tanh", "softplus", "silu", "sigmoid"])
def test_network_gradients_are_right_by_plain_central_differences(activation, loss):
    normal = np.random.default_rng(3).standard_normal
    point = tuple(normal(s) for s in ((2, 4), (5, 2), (5, 1), (3, 5), (3, 1)))
    network = Network(activation, loss)
    ct, v = normal(np.shape(network.forward(*point))), [normal(x.shape) for x in point]
    claimed = sum(np.sum(g * d) for g, d in zip(network.vjp(ct, *point), v, strict=True))
    assert claimed == pytest.approx(np.sum(ct * directional(network.forward, point, v, 1e-3)), rel=1e-7)


@pytest.mark.parametrize("operation", sorted(KINKED))
def test_program_gradients_are_right_by_plain_central_differences(operation):
    normal = np.random.default_rng(5).standard_normal
    point, program = (
        (normal((2, 3)), normal((2, 3))),
        Program((Step(operation, (0, 1)[: 1 + (operation in BINARY)]),) * 2),
    )
    ct, v = normal((2, 3)), [normal((2, 3)), normal((2, 3))]
    claimed = sum(np.sum(g * d) for g, d in zip(program.vjp(ct, *point), v, strict=True))
    assert claimed == pytest.approx(
        np.sum(ct * directional(program.forward, point, v, 1e-4)), rel=1e-7, abs=1e-9
    )


def verdict_of(f, vjp, point, **options):
    report = check_vjp(f, vjp, point, **options)
    assert report.verdict is not Verdict.FAIL, str(report)
    return report.verdict


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@examples
@given(point=network_points(), loss=st.sampled_from(LOSSES))
def test_no_network_with_right_gradients_fails(activation, point, loss):
    network = Network(activation, loss)
    verdict_of(network.forward, network.vjp, point)


@examples
@given(
    point=network_points(np.float32),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    loss=st.sampled_from(LOSSES),
)
def test_no_float32_network_with_right_gradients_fails(activation, point, loss):
    network = Network(activation, loss)
    verdict_of(network.forward, network.vjp, point)


def finite(program, point):
    with np.errstate(all="ignore"):
        value = program.forward(*point)
        return np.isfinite(value).all() and all(
            np.isfinite(g).all() for g in program.vjp(np.ones_like(value), *point)
        )


@pytest.mark.parametrize("operations", sorted(OPERATIONS))
@examples
@given(data=st.data())
def test_no_program_with_right_gradients_fails(operations, data):
    program, point = data.draw(programs(OPERATIONS[operations])), data.draw(program_points())
    assume(finite(program, point))
    verdict_of(program.forward, program.vjp, point)


@examples
@given(program=programs(SMOOTH), point=program_points(special=True))
def test_no_smooth_program_with_right_gradients_fails_at_special_values(program, point):
    assume(finite(program, point))
    verdict_of(program.forward, program.vjp, point)


@examples
@given(program=programs(SMOOTH), point=program_points(), seed=seeds)
def test_every_program_with_one_gradient_a_tenth_too_large_fails(program, point, seed):
    """The partner of the tests above: a judge that never fails would pass them."""
    assume(finite(program, point) and all(1e-3 < np.abs(x).max() < 100 for x in point))

    def wrong(ct, *inputs):
        *others, last = program.vjp(ct, *inputs)
        return *others, 1.1 * last

    with np.errstate(all="ignore"):
        assume(np.abs(program.vjp(np.ones_like(point[0]), *point)[-1]).max() > 1e-3)
    assert check_vjp(program.forward, wrong, point, seed=seed % 1000).verdict is not Verdict.PASS
