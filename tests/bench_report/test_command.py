"""``gradcheck bench-report``: what it prints, what it writes, with which exit code it leaves."""

from pathlib import Path

import pytest

from gradcheck.cli import main

from .conftest import entry


@pytest.fixture
def runs(write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """An old run, and a new one that is twice as slow; a folder without a pyproject.toml."""
    monkeypatch.chdir(tmp_path)
    return str(write(entry("test_a", 1.0), name="old.json")), str(
        write(entry("test_a", 2.0), name="new.json")
    )


def test_it_prints_the_tables_and_passes_where_nothing_is_limited(runs, capsys) -> None:
    old, new = runs
    assert main(["bench-report", new, "--baseline", old]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("1 benchmark in 1 group; no limit was set.\n")
    assert "slower" in printed
    assert "|" not in printed


@pytest.mark.parametrize(("limit", "code"), [("1.3", 1), ("2.5", 0)])
def test_it_leaves_with_1_where_a_limit_is_exceeded(runs, limit: str, code: int) -> None:
    old, new = runs
    assert main(["bench-report", new, "--baseline", old, "--fail-above", limit]) == code


def test_a_groups_limit_in_pyproject_decides(runs, tmp_path: Path) -> None:
    old, new = runs
    assert main(["bench-report", new, "--baseline", old, "--fail-above", "1.3"]) == 1
    (tmp_path / "pyproject.toml").write_text("[tool.gradcheck.bench]\ng = 2.5\n", encoding="utf-8")
    assert main(["bench-report", new, "--baseline", old, "--fail-above", "1.3"]) == 0


@pytest.mark.parametrize(
    "arguments", [["{new}", "--md"], ["--md", "{new}"], ["{new}", "--md", "--html", "p.html"]]
)
def test_md_without_a_path_prints_markdown(runs, capsys, arguments: list[str]) -> None:
    assert main(["bench-report", *(each.format(new=runs[1]) for each in arguments)]) == 0
    assert capsys.readouterr().out.startswith("# Benchmarks\n")


def test_md_and_html_with_a_path_are_written_and_named(runs, tmp_path: Path, capsys) -> None:
    assert main(["bench-report", runs[1], "--md", "out.md", "--html", "out.html"]) == 0
    assert (tmp_path / "out.md").read_text(encoding="utf-8").startswith("# Benchmarks")
    assert (tmp_path / "out.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert capsys.readouterr().out.splitlines()[1:] == ["wrote out.html", "wrote out.md"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "Missing argument"),
        (["absent.json"], "cannot be read"),
        (["{new}", "--fail-above", "1.3"], "no baseline"),
        (["{new}", "--baseline", "{old}", "--fail-above", "-2"], "not a ratio above 0"),
        (["{new}", "--baseline", "broken.json"], "broken JSON"),
    ],
)
def test_misuse_leaves_with_2_and_the_reason(runs, tmp_path: Path, capsys, arguments, reason: str) -> None:
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    old, new = runs
    assert main(["bench-report", *(each.format(old=old, new=new) for each in arguments)]) == 2
    streams = capsys.readouterr()
    assert reason in streams.err
    assert "Traceback" not in streams.err
    assert streams.out == ""
