"""``[tool.gradcheck]``: what is read, and what is refused."""

from pathlib import Path

import pytest

from gradcheck.config import Settings, load, parse
from gradcheck.differentiate import UsageError


def test_every_key_is_read() -> None:
    table = {
        "targets": ["a:b"],
        "jobs": 2,
        "report": ["json", "md"],
        "report-dir": "out",
        "seed": 7,
        "profile": "quick",
        "inconclusive": "warn",
        "bench": {"core": 2},
    }
    assert parse(table) == Settings(("a:b",), 2, ("json", "md"), "out", 7, "quick", "warn", {"core": 2.0})


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"repotr": ["html"]}, "Try: report."),
        ({"report-dirs": "x"}, "Try: report-dir."),
        ({"report": ["htm"]}, "Try: html."),
        ({"report": "html"}, "not a list"),
        ({"profile": "thoroughly"}, "Try: thorough."),
        ({"jobs": 0}, "not a whole number from 1"),
        ({"seed": True}, "not a whole number"),
        ({"report-dir": 3}, "not a text"),
        ({"bench": 3}, "not a table"),
        ("text", "not a table"),
    ],
)
def test_a_mistake_is_refused_with_value_and_cure(table: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse(table)


def test_the_nearest_file_above_is_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.gradcheck]\nseed = 3\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert load(below).seed == 3


def test_a_project_without_the_table_has_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert load(tmp_path) == Settings()


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.gradcheck\n")
    with pytest.raises(UsageError, match="not a TOML file"):
        load(tmp_path)
