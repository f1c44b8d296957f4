"""One run of the whole demo serves all tests that look at what it found."""

from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from gradcheck.demo import DemoResult, run_demo


@dataclass(frozen=True)
class Ran:
    """A finished demo: its result, what it printed, where its files are."""

    result: DemoResult
    text: str
    folder: Path


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("demo")
    console = Console(file=StringIO(), width=80)
    result = run_demo(output=folder, console=console)
    return Ran(result, console.file.getvalue(), folder)  # type: ignore[attr-defined]
