"""Comparison with a baseline: what stands out of the spread, and what exceeds a limit."""

from pathlib import Path

import pytest

from gradcheck.bench_report import bench_report, compare, document_of, parse_settings, read_run, to_markdown
from gradcheck.differentiate._errors import UsageError

from .conftest import entry


def changed(write, old, new, settings=None):
    """The document of one benchmark before and after."""
    runs = (write(entry("test_a", **old), name="old.json"), write(entry("test_a", **new), name="new.json"))
    baseline, run = map(read_run, runs)
    return document_of(run, baseline, parse_settings(settings or {}))


@pytest.mark.parametrize(
    ("factor", "trend"),
    [(2.0, "slower"), (0.5, "faster"), (1.0005, "within the spread"), (1.0, "within the spread")],
)
def test_a_change_is_named_where_it_stands_out_of_the_spread(write, factor: float, trend: str) -> None:
    (change,) = changed(write, {"median": 1.0}, {"median": factor}).changes.changes
    assert (change.ratio, str(change.trend)) == (factor, trend)
    assert change.low < factor < change.high


def test_the_notch_is_that_of_mcgill_tukey_and_larsen(write) -> None:
    (change,) = changed(write, {"median": 1.0, "iqr": 0.1}, {"median": 1.0, "iqr": 0.1}).changes.changes
    notch = 1.57 * 0.1 / 100**0.5
    assert change.low == pytest.approx((1 - notch) / (1 + notch))
    assert change.high == pytest.approx((1 + notch) / (1 - notch))


def test_the_same_change_within_a_wide_spread_exceeds_nothing(write) -> None:
    limit = {"fail-above": 1.3}
    narrow = changed(write, {"median": 1.0}, {"median": 1.5}, limit)
    wide = changed(
        write, {"median": 1.0, "iqr": 0.9, "rounds": 5}, {"median": 1.5, "iqr": 0.9, "rounds": 5}, limit
    )
    assert [breach.limit for breach in narrow.breaches] == [1.3]
    assert wide.breaches == ()
    assert str(wide.changes.changes[0].trend) == "within the spread"


def test_a_single_round_has_no_spread_so_that_the_ratio_decides(write) -> None:
    slow = changed(write, {"median": 1.0, "rounds": 1}, {"median": 1.4, "rounds": 1}, {"fail-above": 1.3})
    assert str(slow.changes.changes[0].trend) == "spread unknown"
    assert len(slow.breaches) == 1
    fine = changed(write, {"median": 1.0, "rounds": 1}, {"median": 1.2, "rounds": 1}, {"fail-above": 1.3})
    assert fine.breaches == ()


@pytest.mark.parametrize(
    ("settings", "over"),
    [
        ({"g": 3.0}, 0),
        ({"g": 1.5}, 1),
        ({"fail-above": 1.5, "g": 3.0}, 0),
        ({"fail-above": 3.0, "g": {"fail-above": 1.5}}, 1),
        ({"other": 1.5}, 0),
        ({}, 0),
    ],
)
def test_a_groups_own_limit_goes_before_the_common_one(write, settings, over: int) -> None:
    assert len(changed(write, {"median": 1.0}, {"median": 2.0}, settings).breaches) == over


def test_a_ratio_to_the_reference_has_a_limit_of_its_own(write) -> None:
    entries = [
        entry(f"test_x[{t}]", time, params={"tool": t}) for t, time in (("ours", 1.2), ("theirs", 1.0))
    ]
    run = read_run(write(*entries))
    strict = parse_settings({"g": {"reference": "theirs", "ratios": {"ours": 1.1}}})
    loose = parse_settings({"g": {"reference": "theirs", "ratios": {"ours": 1.3}}})
    (breach,) = document_of(run, settings=strict).breaches
    assert str(breach) == "g: test_x[ours] takes 1.20 × theirs, limit 1.1"
    assert document_of(run, settings=loose).breaches == ()
    assert document_of(run, settings=loose).limits == 1


def test_a_ratio_is_not_held_against_the_fastest_where_the_reference_did_not_run(write) -> None:
    entries = [
        entry(f"test_x[{t}-{n}]", time, params={"tool": t, "n": n})
        for t, n, time in (("ours", 1, 1.0), ("theirs", 1, 4.0), ("ours", 9, 1.0), ("other", 9, 0.1))
    ]
    run = read_run(write(*entries))
    held = {"g": {"reference": "theirs", "ratios": {"ours": 0.4}}}
    document = document_of(run, settings=parse_settings(held))
    assert (document.breaches, document.limits) == ((), 1)
    (breach,) = document_of(run, settings=parse_settings({"g": {"ratios": {"ours": 2.0}}})).breaches
    assert str(breach) == "g: test_x[ours-9] takes 10.00 × other, limit 2"


def test_a_limit_that_could_never_be_exceeded_is_refused(write) -> None:
    run = read_run(write(entry("test_x[ours]", 1.0, params={"tool": "ours"})))
    with pytest.raises(UsageError, match="could never be exceeded"):
        document_of(run, settings=parse_settings({"g": {"ratios": {"uors": 0.4}}}))


@pytest.mark.parametrize(
    ("count", "trend"), [(1_020, "slower"), (980, "faster"), (1_000, "within the spread")]
)
def test_counted_instructions_are_compared_instead_of_noisy_times(write, count: int, trend: str) -> None:
    old = read_run(write(entry("test_a", 1.0, extra_info={"instructions": 1_000}), name="old.json"))
    new = read_run(write(entry("test_a", 9.0, iqr=9.0, extra_info={"instructions": count})))
    document = document_of(new, old, parse_settings({"g": 1.01}))
    (change,) = document.changes.changes
    assert (change.ratio, change.low, str(change.trend)) == (count / 1000, count / 1000, trend)
    assert len(document.breaches) == (count > 1_010)
    assert f"{count:,} instructions" in to_markdown(document)


def test_what_came_and_what_went_and_another_machine_are_told(write) -> None:
    old = read_run(write(entry("test_a", 1.0), entry("test_gone", 1.0), name="old.json"))
    cpu = {"cpu": {"brand_raw": "Abacus 4"}}
    new = read_run(write(entry("test_a", 1.0), entry("test_new", 1.0), machine_info=cpu))
    notes = document_of(new, old, parse_settings({"nowhere": 1.2})).notes
    assert "named in the settings, did not run: nowhere" in notes
    assert any("Abacus 3 → Abacus 4" in note for note in notes)
    assert any("not in the baseline" in note and "test_new" in note for note in notes)
    assert any("only in the baseline" in note and "test_gone" in note for note in notes)


def test_an_unchecked_limit_is_told(write) -> None:
    document = document_of(read_run(write(entry("test_a", 1.0))), settings=parse_settings({"g": 1.2}))
    assert document.notes == ("no baseline was given: no limit against one was checked",)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"g": "fast"}, "bench.g='fast': not a ratio above 0"),
        ({"g": True}, "bench.g=True"),
        ({"g": 0}, "bench.g=0"),
        ({"fail-above": float("inf")}, "bench.fail-above=inf"),
        ({"g": {"fail-abvoe": 1.3}}, "bench.g.fail-abvoe: no such key"),
        ({"g": {"reference": 3}}, "bench.g.reference=3: not a name"),
        ({"g": {"ratios": 0.4}}, "bench.g.ratios=0.4: not a table"),
        ({"g": {"ratios": {"ours": -1}}}, "bench.g.ratios.ours=-1"),
        ({"contender": 4}, "bench.contender=4"),
        ({"g": {"contender": 4}}, "bench.g.contender=4: not a name or a list"),
        ({"g": {"figures": {"a": 1}}}, "bench.g.figures={'a': 1}: not a name or a list"),
        ({"contender": [4]}, "bench.contender=4: not a name"),
    ],
)
def test_settings_that_mean_nothing_are_refused(table, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        parse_settings(table)


def test_fail_above_needs_something_to_compare(write) -> None:
    new, other = write(entry("test_a", 1.0)), write(entry("test_b", 1.0), name="other.json")
    with pytest.raises(UsageError, match="no baseline"):
        bench_report(new, fail_above=1.3)
    with pytest.raises(UsageError, match="in common"):
        bench_report(new, baseline=other, fail_above=1.3)
    with pytest.raises(UsageError, match="fail_above=-1"):
        bench_report(new, baseline=new, fail_above=-1)


def test_the_limits_are_read_from_the_nearest_pyproject(write, tmp_path: Path, monkeypatch) -> None:
    old, new = write(entry("test_a", 1.0), name="old.json"), write(entry("test_a", 2.0))
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    assert not bench_report(new, baseline=old).exceeded
    (tmp_path / "pyproject.toml").write_text("[tool.gradcheck.bench]\ng = 1.3\n", encoding="utf-8")
    assert bench_report(new, baseline=old).exceeded
    assert bench_report(new, baseline=old, fail_above=9.0).exceeded, "the group's own limit is kept"
    (tmp_path / "pyproject.toml").write_text("[tool.gradcheck.bench]\ng = 2.5\n", encoding="utf-8")
    assert not bench_report(new, baseline=old, fail_above=1.1).exceeded


def test_comparing_a_run_with_itself_changes_nothing(write) -> None:
    run = read_run(write(entry("test_a", 1.0), entry("test_b", 2.0)))
    changes = compare(run, document_of(run).groups, run)
    assert {str(change.trend) for change in changes.changes} == {"within the spread"}
    assert (changes.added, changes.removed, changes.machine) == ((), (), ())
