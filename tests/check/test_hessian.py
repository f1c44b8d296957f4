"""Hessians and Hessian-vector products: small ones entry by entry, each mistake named, the budget kept."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import Report, UsageError, Verdict, check_hessian, check_hvp

Array = np.ndarray[Any, np.dtype[Any]]


class Problem:
    """f(x) = sum of sin(x) + x^T A x / 2 + exp(c x): a Hessian that is dense and indefinite."""

    def __init__(self, n: int) -> None:
        rng = np.random.default_rng(n)
        A = rng.standard_normal((n, n))
        self.A, self.c, self.x = A + A.T, rng.standard_normal(n) / n, rng.standard_normal(n)
        self.calls = 0

    def f(self, x: Array) -> Any:
        self.calls += 1
        return np.sum(np.sin(x)) + 0.5 * x @ self.A @ x + np.exp(self.c @ x)

    def grad(self, x: Array) -> Array:
        return np.cos(x) + self.A @ x + np.exp(self.c @ x) * self.c

    def hess(self, x: Array) -> Array:
        return self.A - np.diag(np.sin(x)) + np.exp(self.c @ x) * np.outer(self.c, self.c)


def diagonal_only(H: Array) -> Array:
    return np.diag(np.diag(H))


def cross_terms_twice(H: Array) -> Array:
    return 2 * H - diagonal_only(H)


def one_entry(H: Array) -> Array:
    wrong = H.copy()
    wrong[1, 2] *= 1 + 1e-4
    return wrong


MISTAKES: dict[str, tuple[Callable[[Array], Array], str, str]] = {
    "diagonal only": (diagonal_only, "missing-term", "off the diagonal"),
    "cross terms counted twice": (
        cross_terms_twice,
        "factor",
        "every entry off the diagonal of H is 2.0000 x",
    ),
    "diagonal halved": (
        lambda H: H - diagonal_only(H) / 2,
        "factor",
        "every entry on the diagonal of H is 0.5000 x",
    ),
    "upper triangle only": (np.triu, "missing-term", "above the diagonal"),
    "lower triangle only": (np.tril, "missing-term", "below the diagonal"),
    "one entry": (one_entry, "entries", "[1, 2]"),
    "sign": (lambda H: -H, "sign", "-1 x"),
    "half": (lambda H: H / 2, "factor", "0.5000 x"),
    "zero": (lambda H: 0 * H, "zero", "zero everywhere"),
    "a regulariser": (lambda H: H + 0.1 * np.eye(len(H)), "extra-term", "0.1 x the identity"),
    "Gauss-Newton": (lambda H: H @ H / 3, "missing-term", "Gauss-Newton"),
}


def value_finding(report: Report) -> Any:
    return next(f for f in report.findings if f.code == "value" and f.verdict is Verdict.FAIL)


@pytest.mark.parametrize(("mistake", "slug", "words"), MISTAKES.values(), ids=MISTAKES)
@pytest.mark.parametrize("n", [3, 8])
def test_a_wrong_hessian_is_named(n: int, mistake: Any, slug: str, words: str) -> None:
    p = Problem(n)
    found = value_finding(check_hessian(p.f, lambda x: mistake(p.hess(x)), p.x))
    assert found.diagnosis == slug
    assert words in found.message


@pytest.mark.parametrize(("mistake", "slug", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_wrong_hessian_vector_product_is_named(mistake: Any, slug: str, words: str) -> None:
    p = Problem(4)
    found = value_finding(check_hvp(p.f, p.grad, lambda t, x: mistake(p.hess(x)) @ t[0], p.x))
    assert found.diagnosis == slug
    assert words in found.message


def test_a_missing_outer_product_of_the_gradient_is_named() -> None:
    """log of a sum of exponentials, differentiated as if the logarithm were a constant factor."""
    x = np.array([0.3, -0.2, 0.5, 0.1])

    def softmax(x: Array) -> Array:
        return np.exp(x) / np.exp(x).sum()

    report = check_hessian(lambda x: np.log(np.exp(x).sum()), lambda x: np.diag(softmax(x)), x)
    found = value_finding(report)
    assert found.diagnosis == "extra-term"
    assert "g g^T" in found.message


@pytest.mark.parametrize("n", [1, 2, 7, 12, 30])
def test_a_right_hessian_passes_with_every_entry_measured(n: int) -> None:
    p = Problem(n)
    report = check_hessian(p.f, p.hess, p.x)
    assert report.verdict is Verdict.PASS
    assert report.probability == 1.0
    assert report.resolution < 1e-4


@pytest.mark.parametrize("n", [7, 12])
def test_a_single_wrong_entry_is_found_beyond_six_parameters_and_listed(n: int) -> None:
    p = Problem(n)
    report = check_hessian(p.f, lambda x: one_entry(p.hess(x)), p.x)
    assert value_finding(report).wrong_entries == ((1, 2),)
    assert "symmetry" in {f.code for f in report.findings if f.verdict is Verdict.FAIL}
    symmetric = check_hessian(p.f, lambda x: one_entry(one_entry(p.hess(x)).T), p.x)
    wrong = [f.wrong_entries for f in symmetric.findings if f.verdict is Verdict.FAIL]
    assert wrong == [((1, 2), (2, 1))]


def test_large_hessians_are_probed_unless_full_coverage_is_asked_for() -> None:
    p = Problem(31)
    probed = check_hessian(p.f, p.hess, p.x)
    assert probed.verdict is Verdict.PASS
    few = p.calls
    small = Problem(8)
    full = check_hessian(small.f, small.hess, small.x, coverage="full").evaluations
    probe = check_hessian(small.f, small.hess, small.x, coverage="probe").evaluations
    assert probe < full
    assert few < 5_000


@pytest.mark.parametrize("most", [1, 20, 60, 150, 400, 2000])
@pytest.mark.parametrize("right", [True, False])
def test_the_budget_of_a_hessian_is_never_exceeded(most: int, right: bool) -> None:
    p = Problem(3)
    report = check_hessian(p.f, p.hess if right else lambda x: 2 * p.hess(x), p.x, max_evaluations=most)
    assert p.calls == report.evaluations <= most
    assert right or report.verdict is not Verdict.PASS


def test_stacked_evaluations_of_a_hessian_give_the_same_verdicts() -> None:
    x = np.array([0.3, -0.4, 1.1])

    def f(x: Array) -> Any:
        return np.sin(x).sum(axis=-1) + np.prod(x, axis=-1)

    def hess(x: Array) -> Array:
        a, b, c = x
        return np.array([[-np.sin(a), c, b], [c, -np.sin(b), a], [b, a, -np.sin(c)]])

    assert check_hessian(f, hess, x, batched=True).verdict is Verdict.PASS
    assert check_hessian(f, lambda x: 1.01 * hess(x), x, batched=True).verdict is Verdict.FAIL


def test_second_derivatives_are_explored() -> None:
    def hides(x: Array) -> Array:
        return np.diag(np.where(x == 0, 1.0, 6 * x))

    x = np.array([0.3, 0.7])
    assert check_hessian(lambda x: np.sum(x**3), hides, x).verdict is Verdict.PASS
    found = check_hessian(lambda x: np.sum(x**3), hides, x, explore=40)
    assert found.verdict is Verdict.FAIL
    assert found.counterexample is not None
    right = check_hvp(lambda x: np.sum(x**3), lambda x: 3 * x**2, lambda t, x: 6 * x * t[0], x, explore=10)
    assert right.verdict is Verdict.PASS
    assert right.explored["tried"] == 10


def quartic(u: Any, v: Any, k: Any = 1) -> Any:
    return np.sum(u * v) ** 2


def blocks(u: Array, v: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    cross = 2 * np.outer(v, u) + 2 * (u @ v) * np.eye(len(u))
    return (2 * np.outer(v, v), cross), (cross.T, 2 * np.outer(u, u))


U, V = np.array([1.0, 2.0]), np.array([-0.5, 0.7])
NONE = None, None, None


def full(u: Array, v: Array) -> Any:
    return blocks(u, v)


def as_lists(u: Array, v: Array) -> Any:
    return [[block.tolist() for block in row] for row in blocks(u, v)]


def by_name(u: Array, v: Array) -> Any:
    return {name: dict(zip("uv", row, strict=True)) for name, row in zip("uv", blocks(u, v), strict=True)}


OF_U: dict[str, Callable[[Array, Array], Any]] = {
    "hess[i][j]": full,
    "by name": by_name,
    "u alone": lambda u, v: blocks(u, v)[0][0],
    "u alone, as a list": lambda u, v: blocks(u, v)[0][0].tolist(),
    "u alone, in a tuple": lambda u, v: (blocks(u, v)[0][0],),
    "u alone, as hess[i][j]": lambda u, v: ((blocks(u, v)[0][0],),),
}


@pytest.mark.parametrize("claim", OF_U.values(), ids=OF_U)
def test_a_hessian_is_taken_whole_or_of_the_judged_inputs_alone(claim: Callable[[Array, Array], Any]) -> None:
    def wrong(u: Array, v: Array) -> Any:
        return claim(u, 1.01 * v)

    assert check_hessian(quartic, claim, (U, V), wrt="u").verdict is Verdict.PASS
    assert value_finding(check_hessian(quartic, wrong, (U, V), wrt="u")).input == "u"


@pytest.mark.parametrize("claim", [full, by_name, as_lists])
def test_a_hessian_of_all_inputs_comes_in_any_of_its_structures(claim: Any) -> None:
    assert check_hessian(quartic, claim, (U, V)).verdict is Verdict.PASS
    assert check_hessian(quartic, lambda u, v: claim(1.01 * u, v), (U, V)).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "fixed",
    [np.array([2, 3]), 3, np.zeros((0, 2)), None, "text"],
    ids=["integers", "3", "empty", "None", "text"],
)
@pytest.mark.parametrize("last", [True, False])
def test_a_hessian_may_hold_blocks_of_inputs_that_are_fixed_or_leave_them_out(fixed: Any, last: bool) -> None:
    def ordered(u: Any, v: Any, k: Any) -> tuple[Any, ...]:
        return (u, v, k) if last else (k, u, v)

    def f(*inputs: Any) -> Any:
        return quartic(*(inputs[:2] if last else inputs[1:]))

    def judge(claim: Callable[..., Any]) -> Verdict:
        return check_hessian(
            f, lambda *inputs: claim(*(inputs[:2] if last else inputs[1:])), ordered(U, V, fixed)
        ).verdict

    def whole(u: Array, v: Array) -> Any:
        return ordered(*(ordered(*row, None) for row in blocks(u, v)), NONE)

    for claim in (whole, blocks):
        assert judge(claim) is Verdict.PASS
        assert judge(lambda u, v, claim=claim: claim(1.01 * u, v)) is Verdict.FAIL


def test_a_hessian_of_some_inputs_in_a_list_is_taken_whole_or_of_these_alone() -> None:
    def f(inputs: Any) -> Any:
        return quartic(*inputs)

    for claim in (lambda x: list(map(list, blocks(*x))), lambda x: [[blocks(*x)[1][1]]]):
        assert check_hessian(f, claim, [U, V], wrt="[1]").verdict is Verdict.PASS
        wrong = check_hessian(f, lambda x, claim=claim: claim([1.01 * x[0], x[1]]), [U, V], wrt="[1]")
        assert wrong.verdict is Verdict.FAIL


def test_a_hessian_of_another_number_of_inputs_is_misuse() -> None:
    with pytest.raises(UsageError, match="2 inputs, of which 2 are judged"):
        check_hessian(quartic, lambda u, v: blocks(u, v)[:1], (U, V))


class TwoInputs:
    """f(u, v) = sum of sin(u) v^2: four blocks, all of them diagonal."""

    u, v = np.array([0.3, -0.6, 1.1]), np.array([0.9, -1.4, 0.5])

    def f(self, u, v):
        return np.sum(np.sin(u) * v**2)

    def grad(self, u, v):
        return np.cos(u) * v**2, 2 * np.sin(u) * v

    def hess(self, u, v):
        cross = np.diag(2 * np.cos(u) * v)
        return [[np.diag(-np.sin(u) * v**2), cross], [cross.copy(), np.diag(2 * np.sin(u))]]


def without(*blocks):
    def mistake(H):
        for i, j in blocks:
            H[i][j] = 0 * H[i][j]
        return H

    return mistake


def one_entry_of_a_block(H):
    H[0][1][1, 2] += 0.1
    return H


def a_block_halved(H):
    H[0][0] = H[0][0] / 2
    return H


BLOCKS = {
    "no cross blocks": (
        without((0, 1), (1, 0)),
        "missing-term",
        "H[u][v] and H[v][u] are claimed zero",
        (1, 1),
    ),
    "one side only": (without((1, 0)), "missing-term", "H[v][u] is claimed zero", (1, 1)),
    "no block of its own": (without((1, 1)), "missing-term", "H[v][v] is claimed zero", (2, 2)),
    "one entry": (one_entry_of_a_block, "entries", "1 of the 9 entries of H[u][v] are wrong: [1, 2]", (1, 2)),
    "a block halved": (a_block_halved, "factor", "the diagonal of H[u][u] is 0.5000 x", (1, 1)),
    "everything halved": (
        lambda H: [[b / 2 for b in r] for r in H],
        "factor",
        "entry of H is 0.5000",
        (1, 1),
    ),
}


@pytest.mark.parametrize(("mistake", "slug", "words", "index"), BLOCKS.values(), ids=BLOCKS)
def test_the_wrong_block_of_a_hessian_over_two_inputs_is_named(mistake, slug, words, index):
    p = TwoInputs()

    def product(t, u, v):
        H = mistake(p.hess(u, v))
        return tuple(row[0] @ t[0] + row[1] @ t[1] for row in H)

    for report in (
        check_hessian(p.f, lambda u, v: mistake(p.hess(u, v)), (p.u, p.v)),
        check_hvp(p.f, p.grad, product, (p.u, p.v)),
    ):
        found = value_finding(report)
        assert found.diagnosis == slug
        assert words in found.message
        assert found.index == index


def test_a_zero_block_that_is_right_is_not_called_missing():
    """The partner: u and v do not meet, and a wrong block is another one."""

    def hess(u, v):
        return ((np.diag(-np.sin(u)) * 1.5, np.zeros((3, 3))), (np.zeros((3, 3)), 2 * np.eye(3)))

    found = value_finding(
        check_hessian(lambda u, v: np.sum(np.sin(u)) + v @ v, hess, (TwoInputs.u, TwoInputs.v))
    )
    assert found.diagnosis == "factor"
    assert "H[u][u]" in found.message


@pytest.mark.parametrize(("i", "j", "index"), [(0, 1, (1, 2)), (1, 0, (1, 2)), (1, 1, (1, 2))])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_in_a_hessian_is_found_within_its_block(i, j, index, value):
    p = TwoInputs()

    def hess(u, v):
        H = p.hess(u, v)
        H[i][j][1, 2] = value
        return H

    found = next(f for f in check_hessian(p.f, hess, (p.u, p.v)).findings if f.code == "nonfinite")
    assert (found.input, found.index) == ("uv"[j], index)
    assert abs(found.measured) <= found.error  # off the diagonal
    assert f"is {value} where" in found.message


@pytest.mark.parametrize(("factor", "told"), [(8, True), (4, False)])
def test_what_was_measured_from_a_wrong_gradient_says_so(factor, told):
    """A wrong gradient and a right product; the partner is the right gradient and a wrong product."""
    x = np.array([0.5, 1.0, 2.0])
    product = 12 if told else 24
    report = check_hvp(lambda x: np.sum(x**4), lambda x: factor * x**3, lambda t, x: product * x**2 * t[0], x)
    of_h = [f for f in report.findings if f.verdict is Verdict.FAIL and "of H " in f.message]
    assert of_h
    assert all(("itself judged wrong (for x)" in f.message) is told for f in of_h)
    assert all(("mend grad first" in f.advice) is told for f in of_h)
