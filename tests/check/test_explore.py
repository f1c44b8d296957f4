"""Derived points show what the author's point hides; they keep to its conventions, and the same seed derives them."""

import builtins
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck import check_jvp, check_vjp
from gradcheck.check._explore import SkipPoint, Spent, explore
from gradcheck.check._points import KINDS, PICKS, PLACES, Change, apply, plain_points
from gradcheck.check._traits import restored, traits_of
from gradcheck.check._verdict import Entry, Finding, Report, Verdict
from gradcheck.differentiate import UsageError

Array = np.ndarray[Any, np.dtype[Any]]
Inputs = Mapping[str, Array]
Predicate = Callable[[Inputs], Any]


FAILURE = Finding("value", Verdict.FAIL, input="x", claimed=1.0, measured=2.0, error=1e-9, status="smooth")


def failing_where(wrong: Predicate, finding: Finding = FAILURE) -> Callable[[Inputs, str | None], Report]:
    def judge(inputs: Inputs, cotangent: str | None) -> Report:
        return Report(Verdict.FAIL, (finding,)) if np.any(wrong(inputs)) else Report(Verdict.PASS, ())

    return judge


def right(inputs: Inputs, cotangent: str | None) -> Report:
    return Report(Verdict.PASS, ())


_RNG = np.random.default_rng(2)
AUTHOR: dict[str, Array] = {
    "x": _RNG.standard_normal((4, 3)),
    "W": _RNG.standard_normal((3, 3)),
    "gamma": np.ones(3),
    "scale": np.asarray(1.0),
    "spread": _RNG.uniform(0.5, 2, 4),
    "labels": np.array([0, 2, 1, 1]),
}
SYMMETRIC = {"A": (AUTHOR["W"] + AUTHOR["W"].T) / 2}

SPECIAL: dict[str, tuple[Inputs, Predicate]] = {
    "a zero": (AUTHOR, lambda i: i["x"] == 0),
    "exactly two zeros": (AUTHOR, lambda i: np.sum(i["spread"] == 0) == 2),
    "nothing but zeros": (AUTHOR, lambda i: not np.any(i["x"])),
    "a row of zeros": (AUTHOR, lambda i: not np.all(np.any(i["x"], axis=1)) and np.any(i["x"])),
    "a column of zeros": (AUTHOR, lambda i: not np.all(np.any(i["x"], axis=0)) and np.any(i["x"])),
    "a tie": (AUTHOR, lambda i: len(np.unique(i["x"])) < 12 and np.all(i["x"])),
    "the largest twice": (AUTHOR, lambda i: np.sum(i["x"] == i["x"].max()) > 1 and i["x"].max() > 0.1),
    "equal rows": (AUTHOR, lambda i: np.all(i["x"][0] == i["x"][1]) and np.ptp(i["x"]) > 0),
    "a border": (AUTHOR, lambda i: np.abs(i["x"]) == 1),
    "whole numbers": (AUTHOR, lambda i: np.all(i["W"] == np.round(i["W"])) and len(np.unique(i["W"])) > 2),
    "gamma not one": (AUTHOR, lambda i: i["gamma"][0] not in (0, 1)),
    "gamma not uniform": (AUTHOR, lambda i: np.ptp(i["gamma"]) > 0 and np.all(i["gamma"] > 0)),
    "scale not one": (AUTHOR, lambda i: i["scale"] not in (0, 1) and i["scale"] > 0),
    "scale small": (AUTHOR, lambda i: 0 < i["scale"] < 0.4),
    "opposite sign": (AUTHOR, lambda i: np.sum(np.sign(i["x"]) != np.sign(AUTHOR["x"])) > 8),
    "spread negative": (AUTHOR, lambda i: i["spread"] < 0),
    "saturated": (AUTHOR, lambda i: i["x"] > 20),
    "saturated below": (AUTHOR, lambda i: i["x"] < -20),
    "underflowing": (AUTHOR, lambda i: i["x"] > 600),
    "tiny": (AUTHOR, lambda i: (np.abs(i["x"]) < 1e-7) & (i["x"] != 0)),
    "huge": (AUTHOR, lambda i: np.abs(i["x"]) > 1e7),
    "singular": (AUTHOR, lambda i: np.linalg.matrix_rank(i["W"]) == 2),
    "identity": (AUTHOR, lambda i: np.array_equal(i["W"], np.eye(3))),
    "diagonal": (AUTHOR, lambda i: np.any(i["W"]) and not np.any(i["W"] - np.diag(np.diag(i["W"])))),
    "symmetric": (AUTHOR, lambda i: np.any(np.triu(i["W"], 1)) and np.array_equal(i["W"], i["W"].T)),
    "asymmetric": (SYMMETRIC, lambda i: not np.allclose(i["A"], i["A"].T)),
    "sorted": (AUTHOR, lambda i: np.all(np.diff(i["spread"]) > 0)),
    "large offset": (AUTHOR, lambda i: np.all(i["x"] > 50) and np.ptp(i["x"]) > 1),
    "strided": (AUTHOR, lambda i: i["x"].strides[-1] == 16),
    "Fortran order": (AUTHOR, lambda i: i["W"].strides[0] == 8 and i["W"].strides[1] == 24),
    "backwards": (AUTHOR, lambda i: i["x"].strides[0] < 0),
    "two at once": (AUTHOR, lambda i: np.any(i["x"] == 0) and np.ptp(i["gamma"]) > 0),
    "equal inputs": ({"a": np.arange(3.0), "b": np.ones(3) / 3}, lambda i: np.array_equal(i["a"], i["b"])),
}


def derived(inputs: Inputs) -> list[Inputs]:
    points: list[Inputs] = []

    def judge(at: Inputs, cotangent: str | None) -> Report:
        points.append(at)
        return Report(Verdict.PASS, ())

    explore(judge, inputs, 200, seed=0)
    return points


@pytest.fixture(scope="module")
def points() -> dict[int, list[Inputs]]:
    """200 points from each of the given ones."""
    return {
        id(inputs): derived(inputs) for inputs, _ in {id(i): (i, w) for i, w in SPECIAL.values()}.values()
    }


@pytest.mark.parametrize(("inputs", "wrong"), SPECIAL.values(), ids=SPECIAL)
def test_200_points_show_what_the_given_point_hides(
    inputs: Inputs, wrong: Predicate, points: dict[int, list[Inputs]]
) -> None:
    assert not np.any(wrong(inputs)), "the author's own point is not special"
    assert any(np.any(wrong(point)) for point in points[id(inputs)])


@pytest.mark.parametrize(
    "name", ["a zero", "exactly two zeros", "gamma not uniform", "saturated", "singular"]
)
def test_a_claim_that_goes_wrong_there_is_found_out(name: str) -> None:
    inputs, wrong = SPECIAL[name]
    found = explore(failing_where(wrong), inputs, 200, seed=1)
    assert found.report is not None
    assert found.counterexample is not None
    assert np.any(wrong(found.counterexample))


def test_a_positive_number_on_its_own_stays_positive(points: dict[int, list[Inputs]]) -> None:
    assert all(point["scale"] > 0 for point in points[id(AUTHOR)])


@pytest.mark.parametrize("kind", ["one-hot", "negative", "asymmetric", "ones", "zero"])
def test_every_kind_of_cotangent_is_used(kind: str) -> None:
    def judge(inputs: Inputs, cotangent: str | None) -> Report:
        return Report(Verdict.FAIL if cotangent == kind else Verdict.PASS, ())

    assert explore(judge, AUTHOR, 100, seed=0).report is not None


def test_a_right_claim_passes_at_every_point_and_each_is_another_one() -> None:
    """The partner: nothing fails, so nothing is found."""
    seen = set()

    def judge(inputs: Inputs, cotangent: str | None) -> Report:
        seen.add((cotangent, *((v.tobytes(), v.strides, v.flags.writeable) for v in inputs.values())))
        return Report(Verdict.PASS, ())

    found = explore(judge, AUTHOR, 150, seed=0)
    assert (found.report, found.counterexample, found.tried, found.skipped) == (None, None, 150, 0)
    assert len(seen) == 150


def test_inconclusive_is_no_failure() -> None:
    found = explore(lambda inputs, cotangent: Report(Verdict.INCONCLUSIVE, ()), AUTHOR, 30, seed=0)
    assert found.report is None


def test_points_where_the_function_raises_are_skipped_and_counted() -> None:
    judged: list[bool] = []

    def judge(inputs: Inputs, cotangent: str | None) -> Report:
        judged.append(not np.any(inputs["x"] < -2))
        if not judged[-1]:
            raise SkipPoint
        return Report(Verdict.PASS, ())

    found = explore(judge, {"x": np.array([-0.5, 0.5, 1.5])}, 100, seed=0)
    assert found.report is None
    assert (found.tried, found.skipped) == (len(judged), judged.count(False))
    assert (found.tried, found.skipped > 0) == (100, True)


def test_what_is_spent_ends_the_search() -> None:
    judged: list[int] = []

    def judge(inputs: Inputs, cotangent: str | None) -> Report:
        if len(judged) == 30:
            raise Spent
        judged.append(1)
        return Report(Verdict.PASS, ())

    found = explore(judge, AUTHOR, 100, seed=0)
    assert (found.report, found.tried, len(judged)) == (None, 30, 30)


def test_where_a_glance_finds_nothing_nothing_is_judged() -> None:
    judged: list[Inputs] = []

    def judge(inputs: Inputs, cotangent: str | None) -> Report:
        judged.append(inputs)
        return Report(Verdict.PASS, ())

    def suspects(inputs: Inputs, cotangent: str | None) -> bool:
        return bool(np.any(inputs["x"] == 0))

    assert explore(judge, AUTHOR, 100, seed=0, suspects=suspects).tried == 100
    assert judged
    assert all(np.any(inputs["x"] == 0) for inputs in judged)


def test_the_counterexample_is_small() -> None:
    found = explore(
        failing_where(lambda i: np.any(i["x"] == 0) and np.any(i["gamma"] > 1)), AUTHOR, 200, seed=1
    )
    assert found.counterexample is not None
    changed = {path: int(np.sum(found.counterexample[path] != AUTHOR[path])) for path in AUTHOR}
    assert changed == {"x": 1, "W": 0, "gamma": 1, "scale": 0, "spread": 0, "labels": 0}


def test_the_report_is_the_one_of_the_counterexample() -> None:
    def judge(inputs: Inputs, cotangent: str | None) -> Report:
        zeros = int(np.sum(inputs["x"] == 0))
        return Report(Verdict.FAIL if zeros else Verdict.PASS, (), subject=f"{zeros} zeros")

    found = explore(judge, AUTHOR, 100, seed=3)
    assert found.report is not None
    assert found.report.subject == "1 zeros"


def test_the_same_seed_derives_the_same_points_and_another_seed_others() -> None:
    def numbers(seed: int) -> list[bytes]:
        points: list[bytes] = []

        def judge(inputs: Inputs, cotangent: str | None) -> Report:
            points.append(b"".join(np.ascontiguousarray(v).tobytes() for v in inputs.values()))
            return Report(Verdict.PASS, ())

        explore(judge, AUTHOR, 40, seed=seed)
        return points

    assert numbers(0) == numbers(0)
    assert numbers(0) != numbers(1)


def test_the_callers_arrays_stay_as_they_are() -> None:
    before = {path: value.copy() for path, value in AUTHOR.items()}

    def judge(inputs: Inputs, cotangent: str | None) -> Report:
        for path, value in inputs.items():
            assert value.shape == AUTHOR[path].shape
            assert value.dtype == AUTHOR[path].dtype
        np.testing.assert_array_equal(inputs["labels"], AUTHOR["labels"])
        return Report(Verdict.FAIL if np.any(inputs["x"] == 0) else Verdict.PASS, ())

    explore(judge, AUTHOR, 60, seed=0)
    for path, value in AUTHOR.items():
        np.testing.assert_array_equal(value, before[path])


ONE = {"x": np.array([0.3, 0.7])}
ODD_POINTS: dict[str, tuple[Predicate, Predicate, Finding]] = {
    # not trusted where ..., trusted where ..., as what
    "rounding at an extreme point": (
        lambda i: np.abs(i["x"]) == 1e-8,
        lambda i: (np.abs(i["x"]) < 1e-7) & (i["x"] != 0),
        FAILURE,
    ),
    "another number drowned by a large one": (
        lambda i: i["x"] > 20,
        lambda i: i["x"] > 11,
        replace(FAILURE, input="y"),
    ),
    "a branch for large numbers": (lambda i: False, lambda i: i["x"] > 35, FAILURE),
    "another entry drowned by a large one": (
        lambda i: abs(i["x"][1]) > 35 > 30 > abs(i["x"][0]),
        lambda i: i["x"][0] > 35,
        replace(FAILURE, index=(0,)),
    ),
    "flat where steps are tiny": (
        lambda i: (np.abs(i["x"]) < 1e-6) & (i["x"] != 0),
        lambda i: np.abs(i["x"]) < 1e-6,
        replace(FAILURE, status="flat", measured=0.0),
    ),
    "claimed below what f can show": (
        lambda i: i["x"] < -20,
        lambda i: False,
        replace(FAILURE, status="flat", measured=0.0, claimed=-1e-95),
    ),
    "0 * inf": (
        lambda i: i["x"] == 0,
        lambda i: i["x"] <= 0,
        Finding("nonfinite", Verdict.FAIL, claimed=np.nan, measured=0.0, status="flat"),
    ),
}


@pytest.mark.parametrize(("odd", "wrong", "finding"), ODD_POINTS.values(), ids=ODD_POINTS)
def test_an_alarm_that_the_point_may_be_to_blame_for_is_not_trusted(
    odd: Predicate, wrong: Predicate, finding: Finding
) -> None:
    assert explore(failing_where(odd, finding), ONE, 120, seed=0).report is None
    believed = replace(finding, claimed=1.0) if finding.claimed == -1e-95 else finding
    wrong = odd if finding is not believed else wrong
    assert explore(failing_where(wrong, believed), ONE, 120, seed=0).report is not None


def _measured(finding: Finding, slopes: Array, verdict: Verdict) -> Report:
    sample = tuple(Entry((k,), float(s), float(s), 1e-9) for k, s in enumerate(slopes))
    return Report(verdict, (replace(finding, verdict=verdict, input="x", sample=sample),))


@pytest.mark.parametrize(("power", "found"), [(0.5, False), (2.0, True)])
def test_a_claim_that_is_not_finite_fails_only_where_there_is_a_derivative(power: float, found: bool) -> None:
    """x**0.5 is infinitely steep at 0 and NaN may be claimed; x**2 is not."""
    finding = Finding("nonfinite", Verdict.FAIL, claimed=np.nan, measured=0.0, status="smooth")

    def judge(inputs: Inputs, cotangent: str | None) -> Report:
        zero = bool(np.any(inputs["x"] == 0))
        slopes = power * np.where(inputs["x"] == 0, 1.0, np.abs(inputs["x"])) ** (power - 1)
        return _measured(finding, slopes, Verdict.FAIL if zero else Verdict.PASS)

    assert (explore(judge, ONE, 100, seed=0).report is not None) == found


@pytest.mark.parametrize(
    ("at_a_tie", "found"), [((1.0, 0.0), False), ((0.0, 1.0), False), ((1.0, 1.0), True)]
)
def test_at_a_tie_a_gradient_from_beside_it_is_no_mistake(at_a_tie: tuple[float, float], found: bool) -> None:
    """max(a, b): all to the one or all to the other is a generalised gradient; all to both is not."""

    def judge(inputs: Inputs, cotangent: str | None) -> Report:
        a, b = inputs["x"]
        return Report(Verdict.FAIL if a == b else Verdict.PASS, (FAILURE,) if a == b else ())

    def claimed(inputs: Inputs) -> Inputs:
        a, b = inputs["x"]
        return {"x": np.array(at_a_tie if a == b else (a > b, b > a), float)}

    assert (explore(judge, ONE, 100, seed=0, claimed=claimed).report is not None) == found


@pytest.mark.parametrize("right", [True, False])
def test_a_permutation_of_ties_is_no_mistake_and_a_repetition_is(right: bool) -> None:
    """Of eight equal entries 40,320 orders are right, and a sort takes the one in which they stand."""

    def vjp(ct: Array, x: Array) -> Array:
        ranks = np.argsort(np.argsort(x, kind="stable"), kind="stable")
        return ct[ranks] if right or len(np.unique(x)) == len(x) else ct[0 * ranks]

    x = np.random.default_rng(4).standard_normal(8)
    verdicts = {check_vjp(np.sort, vjp, x, explore=100, seed=seed).verdict for seed in range(2)}
    assert verdicts == {Verdict.PASS if right else Verdict.FAIL}


@pytest.mark.parametrize(("power", "found"), [(2.0, True), (0.5, False)])
def test_nan_where_other_outputs_do_not_depend_on_the_entry(power: float, found: bool) -> None:
    """x^p by x^p / x: NaN at 0, where x^2 has a derivative and the root has none."""
    x = np.array([0.7, 1.3, 0.4, 2.1])

    def vjp(ct: Array, x: Array) -> Array:
        with np.errstate(all="ignore"):
            return ct * power * x**power / x

    report = check_vjp(lambda x: x**power, vjp, x, explore=100)
    assert (report.verdict is Verdict.FAIL) == found, str(report)


@pytest.mark.parametrize(
    ("size", "noise", "found"), [(1.0, 1.0, False), (1e-14, 0.0, False), (1.0, 1e-6, True), (1.0, 0.0, True)]
)
def test_a_nonlinearity_within_the_claims_own_rounding_is_not_trusted(
    size: float, noise: float, found: bool
) -> None:
    """Terms that cancel leave numbers like 0.555 and 1.11 ulp of them, whatever the cotangent."""
    finding = Finding("nonlinear", Verdict.FAIL, input="x", claimed=1.11 * size, measured=0.555 * size)
    judge = failing_where(lambda i: i["x"] > 20, finding)

    def claimed(inputs: Inputs) -> Inputs:
        return {"x": 1 + noise * np.sin(1e18 * inputs["x"])}

    assert (explore(judge, ONE, 100, seed=0, claimed=claimed).report is not None) == found


@pytest.mark.parametrize(("gap", "found"), [(1e-15, False), (1e-3, True)])
@pytest.mark.parametrize("code", ["value", "nonlinear", "value nonlinear"])
def test_what_is_nothing_beside_the_authors_gradients_is_not_trusted(
    code: str, gap: float, found: bool
) -> None:
    """At 1e-13 where they are 1 a claim is made of the rounding of terms that cancel."""
    findings = tuple(
        Finding(c, Verdict.FAIL, input="x", claimed=1e-13 + gap, measured=1e-13, error=1e-18, status="noisy")
        for c in code.split()
    )

    def judge(inputs: Inputs, cotangent: str | None) -> Report:
        wrong = np.any(inputs["x"] > 11)
        return Report(Verdict.FAIL, findings) if wrong else Report(Verdict.PASS, ())

    def claimed(inputs: Inputs) -> Inputs:
        return {"x": np.ones(2) + (1e-3 * inputs["x"] > 11)}

    assert (explore(judge, ONE, 100, seed=0, claimed=claimed).report is not None) == found


@pytest.mark.parametrize(("code", "found"), [("raises", True), ("value", False)])
def test_a_claim_that_raises_is_believed_where_it_raises_beside_the_point_too(code: str, found: bool) -> None:
    """Beside a singular matrix a right inverse is inexact, which is no reason to want one at the singular matrix."""

    def judge(inputs: Inputs, cotangent: str | None) -> Report:
        distance = float(np.min(np.abs(inputs["x"])))
        beside = 2e-7 < distance < 9e-6  # no further point lies there, only what is beside a zero
        failing = replace(FAILURE, code="raises" if distance == 0 else code)
        steep = (Entry((0,), 1.0, 1 / distance if distance else 0.0, 1e-9),)
        passing = replace(FAILURE, verdict=Verdict.PASS, sample=steep)
        if distance == 0 or beside:
            return Report(Verdict.FAIL, (failing,))
        return Report(Verdict.PASS, (passing,))

    assert (explore(judge, ONE, 100, seed=0).report is not None) == found


def test_a_measurement_that_came_to_no_end_is_no_reason() -> None:
    unresolved = replace(FAILURE, status="unresolved")
    assert explore(failing_where(lambda i: i["x"] == 0, unresolved), ONE, 60, seed=0).report is None


def test_a_broken_promise_needs_no_derivative() -> None:
    mutates = Finding("mutates-input", Verdict.FAIL)
    assert explore(failing_where(lambda i: i["x"] > 50, mutates), ONE, 200, seed=0).report is not None


def test_nothing_to_vary_is_nothing_tried() -> None:
    assert explore(right, {"labels": np.arange(3)}, 50, seed=0).tried == 0
    assert explore(right, {"x": np.zeros((0, 3))}, 50, seed=0).tried == 0
    assert explore(right, AUTHOR, 0, seed=0).tried == 0


def test_what_the_judge_raises_reaches_the_caller() -> None:
    def judge(inputs: Inputs, cotangent: str | None) -> Report:
        raise ZeroDivisionError("the judge's own")

    with pytest.raises(ZeroDivisionError, match="the judge's own"):
        explore(judge, AUTHOR, 50, seed=0)


@given(st.integers(0, 100))
@settings(max_examples=5)
def test_exploring_inside_a_hypothesis_test_works(seed: int) -> None:
    found = explore(failing_where(lambda i: i["x"] == 0), AUTHOR, 60, seed=seed)
    assert found.report is not None


def test_without_hypothesis_the_error_names_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".")[0] == "hypothesis":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match=r"explore=200: .*not installed.*gradcheck\[test\]"):
        explore(right, AUTHOR, 200, seed=0)


# Changes and conventions -------------------------------------------------------------------------------------------

PATHS = st.sampled_from(["x", "W", "gamma", "scale", "spread", None])
CHANGES = st.builds(
    Change,
    kind=st.sampled_from(KINDS),
    path=PATHS,
    place=st.sampled_from(PLACES),
    pick=st.integers(0, PICKS - 1),
    value=st.integers(0, 23),
    kept=st.booleans(),
)


@given(CHANGES, st.sampled_from([np.float32, np.float64, np.complex128]))
def test_a_change_keeps_shapes_and_dtypes_and_its_neighbours(change: Change, dtype: type) -> None:
    inputs = {path: value.astype(dtype) if path != "labels" else value for path, value in AUTHOR.items()}
    new = apply(change, inputs, {path: traits_of(value) for path, value in inputs.items()})
    for path, value in inputs.items():
        assert (new[path].shape, new[path].dtype) == (value.shape, value.dtype)
        if change.path not in (path, None):
            assert new[path] is value


_DEFINITE = AUTHOR["W"] @ AUTHOR["W"].T + np.eye(3)
CONVENTIONS = {
    "positive": AUTHOR["spread"],
    "unit": np.array([0.2, 0.7, 0.4]),
    "normalised": np.array([[0.2, 0.8], [0.5, 0.5]]),
    "symmetric": SYMMETRIC["A"],
    "definite": _DEFINITE,
    "lower": np.linalg.cholesky(_DEFINITE),
    "upper": np.linalg.cholesky(_DEFINITE).T,
    "whole": np.array([3.0, -1.0, 7.0]),
    "ascending": np.array([0.1, 0.4, 0.6, 1.3]),
}
HOLDS: dict[str, Predicate] = {
    "positive": lambda x: np.all(x >= 0),
    "unit": lambda x: np.all((x >= 0) & (x <= 1)),
    "normalised": lambda x: np.allclose(x.sum(-1), 1) and np.all(x >= 0),
    "symmetric": lambda x: np.array_equal(x, x.T),
    "definite": lambda x: np.array_equal(x, x.T) and np.linalg.eigvalsh(x).min() > -1e-9 * np.abs(x).max(),
    "lower": lambda x: not np.any(np.triu(x, 1)),
    "upper": lambda x: not np.any(np.tril(x, -1)),
    "whole": lambda x: np.array_equal(x, np.round(x)),
    "ascending": lambda x: np.all(np.diff(x) >= 0),
}


@pytest.mark.parametrize("trait", CONVENTIONS)
def test_conventions_are_seen(trait: str) -> None:
    assert trait in traits_of(CONVENTIONS[trait])
    assert traits_of(AUTHOR["x"]) == traits_of(AUTHOR["W"]) == ()


@pytest.mark.parametrize("trait", CONVENTIONS)
def test_most_points_keep_the_conventions_and_some_leave_them(trait: str) -> None:
    kept: list[bool] = []

    def judge(inputs: Inputs, cotangent: str | None) -> Report:
        kept.append(bool(HOLDS[trait](inputs["x"])))
        return Report(Verdict.PASS, ())

    explore(judge, {"x": CONVENTIONS[trait]}, 100, seed=0)
    assert 0.5 < np.mean(kept) < 1


@given(
    CHANGES.map(lambda c: Change(c.kind, "x", c.place, c.pick, c.value, True)),
    st.sampled_from([*CONVENTIONS]),
)
def test_a_kept_change_keeps_the_convention(change: Change, trait: str) -> None:
    inputs = {"x": CONVENTIONS[trait]}
    traits = {"x": traits_of(CONVENTIONS[trait])}
    assert HOLDS[trait](apply(change, inputs, traits)["x"])


def test_what_keeps_a_convention_is_restored_unchanged() -> None:
    for array in CONVENTIONS.values():
        np.testing.assert_allclose(restored(array, traits_of(array)), array, rtol=1e-12)


@pytest.mark.parametrize("x", [np.array([[0.1]]), np.array([0.1]), np.asarray(0.1)])
def test_number_that_is_the_only_input_is_tried_at_zero(x):
    def f(x):
        return 3 * x

    report = check_vjp(f, lambda ct, x: (3 * ct * (x != 0),), (x,), explore=60)
    assert report.verdict is Verdict.FAIL
    assert check_vjp(f, lambda ct, x: (3 * ct,), (x,), explore=60).verdict is Verdict.PASS


def test_real_numbers_of_a_complex_array_get_imaginary_parts():
    def f(z):
        return np.abs(z) ** 2

    z = np.array([1 + 0j, 2, -1])
    assert check_vjp(f, lambda ct, z: (2 * ct * z,), (z,), explore=60).verdict is Verdict.PASS
    assert check_vjp(f, lambda ct, z: (2 * ct * z.real + 0j,), (z,), explore=60).verdict is Verdict.FAIL


def test_imaginary_numbers_are_tried_alone():
    def f(z):
        return np.abs(z) ** 2

    z = np.array([1 + 0.3j, 2 - 1j, -1 + 0.2j])
    wrong = check_vjp(f, lambda ct, z: (2 * ct * np.where(z.real == 0, 0, z),), (z,), explore=200)
    assert wrong.verdict is Verdict.FAIL


def leaky(x):
    return np.where(x > 0, x, 0.1 * x)


@pytest.mark.parametrize("seed", range(6))
def test_signs_are_turned_at_an_all_positive_point_whatever_the_seed(seed):
    x = np.array([1.0, 2.0, 3.0])
    wrong = check_jvp(leaky, lambda t, x: t[0] * np.where(x > 0, 1, 0.2), x, explore=25, seed=seed)
    assert wrong.verdict is Verdict.FAIL
    assert np.sum(wrong.counterexample["x"] < 0) == 1
    assert check_jvp(leaky, lambda t, x: t[0] * np.where(x > 0, 1, 0.1), x, explore=25, seed=seed)


PLAIN: dict[str, Predicate] = {
    "signs": lambda i: np.all(np.sign(i["x"]) == -np.sign(AUTHOR["x"])),
    "signs of one input": lambda i: np.all(i["x"] == -AUTHOR["x"]) and np.all(i["W"] == AUTHOR["W"]),
    "a zero": lambda i: np.sum(i["x"] == 0) == 1,
    "a tie": lambda i: len(np.unique(i["x"])) < 12 and np.all(i["x"]),
    "larger": lambda i: np.all(np.abs(i["x"]) > 4 * np.abs(AUTHOR["x"])),
    "smaller": lambda i: np.all(np.abs(i["x"]) < np.abs(AUTHOR["x"]) / 4) and np.all(i["x"]),
}


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize("seed", [0, 1, 100])
def test_the_first_points_are_the_plain_ones(kind, seed):
    assert explore(failing_where(PLAIN[kind]), AUTHOR, 6, seed=seed).report is not None


def test_turned_signs_leave_what_must_be_positive():
    kept = {"p": np.array([0.25, 0.75]), "A": np.array([[2.0, 1.0], [1.0, 3.0]]), "s": np.asarray(2.5)}
    for point in plain_points(kept, 0):
        p, A, s = point.inputs.values()
        assert s > 0
        assert np.all(np.linalg.eigvalsh(A) > 0)
        assert np.isclose(p.sum(), 1)
