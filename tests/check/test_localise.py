"""Wrong entries are named by few directions, right ones never; dense mistakes are given up on early."""

from collections.abc import Mapping
from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.check._localise import Localisation, localise

NOISE = 1e-9


class Simulated:
    """Claimed minus measured of a gradient with known mistakes, noise that grows as the square root of the group."""

    def __init__(self, size: int, mistakes: Mapping[int, float], seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.mistake = np.zeros(size)
        self.mistake[list(mistakes)] = list(mistakes.values())
        self.calls = 0

    def __call__(self, groups: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        self.calls += 1
        sigma = NOISE * np.sqrt([len(g) for g in groups])
        noise = sigma * np.clip(self.rng.standard_normal(len(groups)), -3, 3)
        signed = [self.rng.choice([-1.0, 1.0], len(g)) @ self.mistake[g] for g in groups]
        return np.array(signed) + noise, 4 * sigma


def located(size: int, mistakes: Mapping[int, float], *, seed: int = 0, budget: int = 400) -> Localisation:
    return localise(
        Simulated(size, mistakes, seed), size, rng=np.random.default_rng(seed), max_directions=budget
    )


@st.composite
def gradients_with_mistakes(draw: st.DrawFn) -> tuple[int, dict[int, float]]:
    """Up to four mistakes, each three times another at least, so that no signed sum of them vanishes."""
    size = draw(st.integers(1, 3000))
    number = draw(st.integers(1, min(4, size)))
    places = draw(st.lists(st.integers(0, size - 1), min_size=number, max_size=number, unique=True))
    powers = draw(st.lists(st.integers(0, 9), min_size=number, max_size=number, unique=True))
    return size, {place: 1e-5 * 3.0**power for place, power in zip(places, powers, strict=True)}


@given(gradients_with_mistakes(), st.integers(0, 2**32 - 1))
def test_every_wrong_entry_is_named_and_no_other(case: tuple[int, dict[int, float]], seed: int) -> None:
    size, mistakes = case
    result = located(size, mistakes, seed=seed)
    assert result.entries == tuple(sorted(mistakes))
    assert result.complete


@given(gradients_with_mistakes(), st.integers(0, 120))
def test_the_budget_is_kept_and_what_it_names_is_wrong(
    case: tuple[int, dict[int, float]], budget: int
) -> None:
    size, mistakes = case
    result = located(size, mistakes, budget=budget)
    assert result.directions <= budget
    assert set(result.entries) <= set(mistakes)


@pytest.mark.parametrize("size", [1, 2, 17, 1000, 100_000])
def test_a_right_claim_has_no_entry_named(size: int) -> None:
    """The partner of all the others: nothing is wrong, whatever the noise."""
    for seed in range(10):
        result = located(size, {}, seed=seed)
        assert result.entries == ()
        assert not result.dense


@pytest.mark.parametrize("number", [1, 2, 3])
def test_directions_grow_as_the_logarithm_of_the_size(number: int) -> None:
    size = 1_000_000
    places = np.random.default_rng(number).choice(size, number, replace=False)
    result = located(size, {int(place): 10.0**-k for k, place in enumerate(places)})
    assert set(result.entries) == set(places.tolist())
    # 19 look at the whole first, 11 confirm that nothing is left; the halving itself costs the rest.
    assert result.directions - 30 <= 1.5 * number * log2(size)


def test_all_groups_of_a_level_share_one_call() -> None:
    residual = Simulated(4096, {5: 1.0, 1700: 0.1, 4000: 0.01})
    result = localise(residual, 4096, rng=np.random.default_rng(0), max_directions=200)
    assert len(result.entries) == 3
    assert residual.calls <= 4 + 2 * log2(4096)


def test_a_mistake_hidden_behind_a_larger_one_is_named_too() -> None:
    named = [located(10_000, {100: 1.0, 101: 1e-5, 9000: 3e-6}, seed=seed).entries for seed in range(20)]
    assert named == [(100, 101, 9000)] * 20


def test_equal_and_opposite_mistakes_do_not_hide_each_other() -> None:
    """Neighbours cancel along half of all signs at every level: fresh signs have to find them out."""
    results = [located(4096, {700: 0.5, 701: -0.5}, seed=seed) for seed in range(200)]
    assert sum(result.entries == (700, 701) for result in results) >= 196
    assert all(result.entries == (700, 701) for result in results if result.complete)


@pytest.mark.parametrize(("size", "step"), [(40, 1), (1000, 1), (1000, 3), (100_000, 4)])
def test_dense_mistakes_are_given_up_on_early(size: int, step: int) -> None:
    result = located(size, {place: 1.0 + place % 7 for place in range(0, size, step)})
    assert result.dense
    assert not result.complete
    assert result.directions <= 40


def test_a_small_gradient_that_is_all_wrong_is_named_and_called_dense() -> None:
    result = located(10, {place: 1.0 + place for place in range(10)})
    assert result.entries == tuple(range(10))
    assert result.dense


def test_more_mistakes_than_the_budget_can_name_are_named_in_part() -> None:
    mistakes = dict.fromkeys(range(0, 100000, 2000), 1.0)
    result = located(100_000, mistakes, budget=120)
    assert not result.dense
    assert not result.complete
    assert 3 <= len(result.entries) < 50
    assert set(result.entries) <= set(mistakes)


def test_what_cannot_be_measured_is_no_evidence() -> None:
    def blind(groups: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        return np.full(len(groups), np.nan), np.full(len(groups), np.inf)

    result = localise(blind, 100, rng=np.random.default_rng(0), max_directions=100)
    assert result.entries == ()
    assert not result.complete
