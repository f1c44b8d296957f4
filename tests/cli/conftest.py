"""A user's project in a folder of its own, and the command line run in it."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gradcheck.cli import main

LAYERS = '''
"""A user's module with right and wrong derivatives."""
import numpy as np
from gradcheck import Claim

print("printed while importing")

def f(x):
    return (x**2).sum()

def grad(x):
    return 2 * x

def tripled(x):
    return 3 * x

def relu(x):
    return np.maximum(x, 0).sum()

def step(x):
    return (x > 0) * 1.0

def explode(x):
    raise RuntimeError("the claim exploded")

right = Claim("grad", (f, grad), lambda: np.arange(1.0, 4.0), name="square")
wrong = Claim("grad", (f, tripled), lambda: np.arange(1.0, 4.0), name="tripled")
undecided = Claim("grad", (relu, step), np.array([0.0, 1.0]), {"kinks": "strict"}, name="at the kink")
pair = (f, grad, np.ones(3))
nested_pair = ((f, grad), np.ones(3))
without_inputs = (f, grad)
claims = [right, wrong, pair]
right_ones = [right, pair]
nothing = []
number = 3
no_inputs = Claim("grad", (f, grad), lambda: 1 / 0, name="no_inputs")
raising = Claim("grad", (f, explode), np.ones(3), name="raising")
'''


@dataclass
class Ran:
    """What a run left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty project with the module `layers`; what it imports is forgotten afterwards."""
    (tmp_path / "layers.py").write_text(LAYERS)
    monkeypatch.chdir(tmp_path)
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(tmp_path):
            del sys.modules[name]


@pytest.fixture
def run(project: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in the project."""

    def run(*arguments: str) -> Ran:
        code = main(list(arguments))
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run
