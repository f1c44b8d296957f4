"""Reading: what pytest-benchmark wrote is understood, everything else is refused with the reason."""

import json
from pathlib import Path

import pytest

from gradcheck.bench_report import read_run
from gradcheck.differentiate._errors import UsageError

from .conftest import document, entry

pytest_plugins = ["pytester"]

SUITE = """
import pytest

@pytest.mark.benchmark(group="sums")
@pytest.mark.parametrize("n", [10, 1000])
@pytest.mark.parametrize("tool", ["loop", "builtin"])
def test_sum(benchmark, tool, n):
    benchmark.extra_info["terms"] = n
    benchmark(lambda: sum(range(n)))
"""


def test_results_of_a_real_run_are_read(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # the run is one of its own, and may take times
    pytester.makepyfile(SUITE)
    quick = ("--benchmark-min-time=1e-6", "--benchmark-max-time=1e-3", "--benchmark-json=out.json")
    ran = pytester.runpytest_subprocess(*quick, "-p", "no:cacheprovider", "-q")
    assert ran.ret == 0, ran.stdout.str()
    run = read_run(pytester.path / "out.json")
    assert len(run.benchmarks) == 4
    by_name = {benchmark.name: benchmark for benchmark in run.benchmarks}
    first = by_name["test_sum[loop-1000]"]
    assert first.params == {"tool": "loop", "n": 1000}
    assert first.extra == {"terms": 1000}
    assert (first.group, first.function) == ("sums", "test_sum")
    assert 1e-7 < first.median < 1
    assert first.rounds >= 1
    assert "Python" in run.machine


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("   \n", "is empty"),
        ('{"benchmarks": [', "broken JSON: .* line 1, column 17, before the file is whole"),
        ('{"benchmarks": [{"name": "test_', "broken JSON: .*cut short"),
        ('{"benchmarks": oops, "version": 1}', r"broken JSON: .* column 16\. Try"),
        ("[1, 2]", "a JSON array, not an object"),
        ("3", "a JSON number, not an object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"verdict": "pass"}', "its keys: verdict"),
        ('{"findings": []}', "looks like gradcheck's own check report"),
        ('{"results": [{"command": "sleep 1"}]}', "looks like hyperfine"),
        ('{"context": {}, "benchmarks": [{"name": "BM_x", "real_time": 3}]}', "looks like Google Benchmark"),
        ('{"benchmarks": {}}', "its keys: benchmarks"),
        ('{"benchmarks": []}', "holds no benchmark"),
        ('{"benchmarks": [3]}', r"benchmarks\[0\]: has no name"),
        ('{"benchmarks": [{"name": "test_a"}]}', r"benchmarks\[0\] \(test_a\): stats is a JSON null"),
    ],
)
def test_foreign_and_broken_files_are_refused_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=reason) as caught:
        read_run(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("stats", "reason"),
    [
        ({"median": None}, "median=None"),
        ({"median": "fast"}, "median='fast'"),
        ({"median": True}, "median=True"),
        ({"median": 0.0}, "median=0.0 is not a positive time"),
        ({"median": -1.0}, "median=-1.0 is not a positive time"),
        ({"median": float("nan")}, "median=nan"),
        ({"rounds": 0}, "rounds=0"),
        ({"rounds": 2.5}, "rounds=2.5"),
        ({"iqr": -1.0}, "iqr=-1.0 is negative"),
        ({"stddev": float("inf")}, "stddev=inf"),
    ],
)
def test_a_time_that_is_none_is_refused(tmp_path: Path, stats: dict[str, object], reason: str) -> None:
    path = tmp_path / "results.json"
    broken = entry("test_a", 1.0)
    broken["stats"] |= stats
    path.write_text(json.dumps(document(broken)), encoding="utf-8")
    with pytest.raises(UsageError, match=reason):
        read_run(path)


def test_a_missing_file_a_folder_and_bytes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    for name, reason in (("absent.json", "cannot be read"), (".", "cannot be read"), ("bytes", "not UTF-8")):
        with pytest.raises(UsageError, match=reason):
            read_run(tmp_path / name)


def test_a_name_that_occurs_twice_is_refused(write) -> None:
    with pytest.raises(UsageError, match="occurs 2 times"):
        read_run(write(entry("test_a", 1.0), entry("test_a", 2.0)))


def test_params_that_are_no_object_are_refused(write) -> None:
    with pytest.raises(UsageError, match="params is a JSON array"):
        read_run(write(entry("test_a", 1.0, params=[1])))


def test_spread_comes_from_the_quartiles_and_else_from_the_deviation(write) -> None:
    entries = (
        entry("test_quartiles", 1.0, iqr=0.1349, stddev=9.0),
        entry("test_ticks", 1.0, iqr=0.0, stddev=0.25),
        entry("test_once", 1.0, rounds=1, iqr=0.0, stddev=0.0),
    )
    spreads = {b.name: b.spread for b in read_run(write(*entries)).benchmarks}
    assert spreads == {"test_quartiles": pytest.approx(0.1), "test_ticks": 0.25, "test_once": None}


def test_a_file_with_a_mean_alone_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text('{"benchmarks": [{"name": "test_a", "stats": {"mean": 0.5}}]}', encoding="utf-8")
    (only,) = read_run(path).benchmarks
    assert (only.fullname, only.median, only.rounds, only.spread) == ("test_a", 0.5, 1, None)
