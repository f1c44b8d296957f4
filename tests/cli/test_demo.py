"""`gradcheck demo`: the arguments arrive, the exit code comes back."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gradcheck.cli import Exit
from tests.cli.conftest import Run


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the demo was called with; the demo itself has tests of its own."""
    seen: list[dict[str, Any]] = []

    def run_demo(**options: Any) -> SimpleNamespace:
        seen.append(options)
        return SimpleNamespace(exit_code=1 if options["seed"] == 13 else 0)

    monkeypatch.setattr("gradcheck.demo.run_demo", run_demo)
    return seen


def test_the_demo_gets_its_arguments(run: Run, calls: list[dict[str, Any]]) -> None:
    given = ["--seed", "3", "--json", "--quiet", "--output", "out", "--compare-activations"]
    assert run("demo", *given).code == Exit.PASS
    assert calls == [
        {"seed": 3, "as_json": True, "quiet": True, "output": Path("out"), "compare_activations": True}
    ]


def test_a_failed_demo_is_a_failure(run: Run, calls: list[dict[str, Any]]) -> None:
    assert run("demo", "--seed", "13").code == Exit.FAIL
    assert calls[0]["as_json"] is False


def test_a_folder_that_the_demo_cannot_write_is_a_usage_error(run: Run, project: Path) -> None:
    (project / "file").write_text("")
    ran = run("demo", "--output", "file/below")
    assert ran.code == Exit.USAGE
    assert "Traceback" not in ran.err
