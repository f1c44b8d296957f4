"""Groups, cases, references and ratios; exponents of scaling."""

import math

import pytest

from gradcheck.bench_report import curves_of, document_of, groups_of, parse_settings, read_run
from gradcheck.differentiate._errors import UsageError

from .conftest import entry


def times(law, tools=("ours", "theirs"), sizes=(10, 100, 1000)):
    """One entry for each tool and size; the second tool takes twice the time of the first."""
    return [
        entry(f"test_x[{t}-{n}]", (1 + i) * law(n), params={"tool": t, "n": n})
        for i, t in enumerate(tools)
        for n in sizes
    ]


def test_contenders_are_compared_within_the_case_they_share(write) -> None:
    (group,) = groups_of(read_run(write(*times(lambda n: 1e-6 * n))))
    assert [case.label for case in group.cases] == ["n=10", "n=100", "n=1,000"]
    for case in group.cases:
        assert case.reference == "ours"
        assert [(row.contender, row.ratio) for row in case.rows] == [("ours", 1.0), ("theirs", 2.0)]


def test_the_settings_name_the_reference(write) -> None:
    settings = parse_settings({"g": {"reference": "theirs"}})
    (group,) = groups_of(read_run(write(*times(lambda n: 1e-6 * n))), settings)
    assert {case.reference for case in group.cases} == {"theirs"}
    assert [row.ratio for row in group.cases[0].rows] == [0.5, 1.0]


def test_the_fastest_stands_in_for_a_reference_that_did_not_run_and_a_note_says_so(write) -> None:
    document = document_of(
        read_run(write(*times(float))), settings=parse_settings({"g": {"reference": "torch"}})
    )
    assert {case.reference for case in document.groups[0].cases} == {"ours"}
    assert any("'torch', the reference of 'g', did not run" in note for note in document.notes)


def test_a_reference_that_did_not_run_is_refused_where_ratios_to_it_are_limited(write) -> None:
    with pytest.raises(UsageError, match=r"no contender of group 'g'.*ours, theirs"):
        groups_of(
            read_run(write(*times(float))),
            parse_settings({"g": {"reference": "thiers", "ratios": {"ours": 1.0}}}),
        )


def test_functions_of_one_group_compete(write) -> None:
    run = read_run(write(entry("test_fast", 1.0), entry("test_slow", 3.0)))
    (group,) = groups_of(run)
    (case,) = group.cases
    assert [(row.contender, row.ratio) for row in case.rows] == [("fast", 1.0), ("slow", 3.0)]


def test_words_compete_and_numbers_name_the_case_where_nothing_is_declared(write) -> None:
    entries = [
        entry(f"test_f[{m}-{n}]", n * (2.0 if m == "b" else 1.0), params={"mode": m, "n": n})
        for m in "ab"
        for n in (1, 2)
    ]
    (group,) = groups_of(read_run(write(*entries)))
    assert [[row.ratio for row in case.rows] for case in group.cases] == [[1.0, 2.0], [1.0, 2.0]]


def test_the_settings_declare_what_competes(write) -> None:
    entries = [
        entry(f"test_f[{d}-{n}]", float(n), params={"order": n, "shape": d})
        for d in ("2x4", "3x3")
        for n in (2, 4)
    ]
    (group,) = groups_of(read_run(write(*entries)), parse_settings({"contender": "order"}))
    assert [case.label for case in group.cases] == ["shape=2x4", "shape=3x3"]
    assert [row.contender for row in group.cases[0].rows] == ["order=2", "order=4"]


def test_a_group_where_nothing_would_compete_is_one_case(write) -> None:
    entries = [entry(f"test_f[{n}]", float(n), params={"n": n}) for n in (4, 2, 8)]
    (group,) = groups_of(read_run(write(*entries)))
    (case,) = group.cases
    assert [(row.contender, row.ratio) for row in case.rows] == [("n=2", 1.0), ("n=4", 2.0), ("n=8", 4.0)]


def test_a_declared_contender_that_ran_alone_keeps_its_cases(write) -> None:
    (group,) = groups_of(read_run(write(*times(float, tools=("ours",)))))
    assert [(case.label, case.reference) for case in group.cases] == [
        ("n=10", "ours"),
        ("n=100", "ours"),
        ("n=1,000", "ours"),
    ]


def test_benchmarks_without_a_group_are_grouped_by_their_function(write) -> None:
    entries = (entry("test_a[1]", 1.0, group=None), entry("test_b", 1.0, group=None))
    assert [group.name for group in groups_of(read_run(write(*entries)))] == ["test_a", "test_b"]


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_the_exponent_of_a_power_law_is_found(write, power: float) -> None:
    (group,) = groups_of(read_run(write(*times(lambda n: 3e-9 * n**power))))
    curves = curves_of(group)
    assert [curve.label for curve in curves] == ["ours", "theirs"]
    for curve in curves:
        assert curve.exponent == pytest.approx(power, abs=1e-12)
        assert curve.error == pytest.approx(0, abs=1e-6)
    assert curves[0].factor == pytest.approx(3e-9)


def test_a_bent_curve_has_an_error_and_two_points_have_none_to_show(write) -> None:
    (bent,) = groups_of(read_run(write(*times(lambda n: 1e-6 * (n + 100)))))
    assert 0.01 < curves_of(bent)[0].error < 1
    (short,) = groups_of(read_run(write(*times(float, sizes=(10, 20)))))
    assert math.isinf(curves_of(short)[0].error)
    assert "no error" in curves_of(short)[0].power


def test_the_last_exponent_shows_the_growth_that_a_fixed_cost_hides_from_the_fit(write) -> None:
    (group,) = groups_of(read_run(write(*times(lambda n: 1e-6 * (n + 1e4), sizes=(1, 10, 1e6, 1e7)))))
    curve = curves_of(group)[0]
    assert curve.exponent < 0.6
    assert curve.end == pytest.approx(1.0, abs=0.01)
    assert curve.power.endswith("(1.00)")


def test_cases_named_by_words_keep_the_order_of_the_file_and_numbers_go_by_size(write) -> None:
    entries = [
        entry(f"test_f[{s}-{n}]", 1.0, params={"tool": "t", "shape": s, "n": n})
        for s in ("small", "large")
        for n in (100, 9)
    ]
    (group,) = groups_of(read_run(write(*entries)))
    assert [case.label for case in group.cases if case.params["n"] == 9] == [
        "shape=small, n=9",
        "shape=large, n=9",
    ]
    (named,) = groups_of(
        read_run(write(*(entry(f"test_f[{s}]", 1.0, params={"tool": "t", "shape": s}) for s in "cab")))
    )
    assert [case.label for case in named.cases] == ["shape=c", "shape=a", "shape=b"]


def test_a_group_may_declare_its_own_contender(write) -> None:
    entries = [
        entry(f"test_f[{k}-{n}]", float(n * k), params={"k": k, "n": n}) for n in (5, 6) for k in (1, 2)
    ]
    settings = parse_settings({"g": {"contender": "k", "reference": "k=2"}, "contender": "n"})
    (group,) = groups_of(read_run(write(*entries)), settings)
    assert group.contenders == ("k=1", "k=2")
    assert [case.label for case in group.cases] == ["n=5", "n=6"]
    assert {case.reference for case in group.cases} == {"k=2"}


def test_every_other_parameter_is_held_fixed_along_a_curve(write) -> None:
    entries = [
        entry(f"test_f[{n}-{d}]", 1e-6 * n * d**2, params={"tool": "t", "n": n, "d": d})
        for n in (1, 2, 4)
        for d in (1, 10, 100)
    ]
    (group,) = groups_of(read_run(write(*entries)))
    curves = curves_of(group)
    assert len(curves) == 6
    for curve in curves:
        assert curve.exponent == pytest.approx({"n": 1.0, "d": 2.0}[curve.parameter])


@pytest.mark.parametrize("values", [["a", "b"], [True, False], [0, -1], [3, 3.0]])
def test_what_is_no_size_makes_no_curve(write, values) -> None:
    entries = [entry(f"test_f[{i}]", 1.0, params={"n": value}) for i, value in enumerate(values)]
    (group,) = groups_of(read_run(write(*entries)))
    assert curves_of(group) == ()
