"""The house: who may import whom, read from the source (CONTRIBUTING.md draws it)."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import gradcheck

SOURCE = Path(gradcheck.__file__).parent
EDGES = frozenset(
    {
        "adapters",
        "bench_report",
        "cli",
        "config",
        "conformance",
        "demo",
        "pytest_plugin",
        "strategies",
        "__main__",
    }
)
ROOMS: dict[str, frozenset[str]] = {
    "differentiate": frozenset(),
    "reference": frozenset(),
    "check": frozenset({"differentiate"}),
    "report": frozenset({"check", "differentiate"}),
    "__init__": frozenset({"check", "differentiate"}),
} | dict.fromkeys(EDGES, EDGES | {"report", "check", "differentiate", "reference"})

# What each room below the edges may import beside NumPy and optree, and only inside a function.
ON_REQUEST = {"check": {"hypothesis"}, "report": {"jinja2", "matplotlib"}}
# A report renders itself: the one import that points upwards, made when a method is called.
UPWARD = {("check/_verdict.py", "report")}


@dataclass(frozen=True)
class Import:
    top: str  # "numpy", or "gradcheck"
    room: str  # "check" where top is "gradcheck"
    lazy: bool  # inside a function


def imports(source: str, package: tuple[str, ...]) -> Iterator[Import]:
    """Every import of a module that lies in `package`, the relative ones resolved."""
    tree = ast.parse(source)
    lazy = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    typing_only = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.unparse(branch.test)
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [_absolute(node, package, alias.name) for alias in node.names]
        else:
            continue
        for parts in names:
            deferred = id(node) in lazy or id(node) in typing_only
            yield Import(parts[0], parts[1] if len(parts) > 1 else "__init__", deferred)


def _absolute(node: ast.ImportFrom, package: tuple[str, ...], name: str) -> list[str]:
    base = list(package[: len(package) - node.level + 1]) if node.level else []
    return base + (node.module.split(".") if node.module else []) + [name]


def violations(path: str, source: str) -> list[str]:
    """What `source`, the text of the module at `path` below the package, imports against the rules."""
    parts = path.removesuffix(".py").split("/")
    room, package = parts[0], ("gradcheck", *parts[:-1])
    found = []
    for each in imports(source, package):
        if each.top == "gradcheck":
            if each.room not in ROOMS or each.room == "__init__":  # a public name, taken from the front door
                allowed = room in EDGES or each.lazy
            else:
                allowed = each.room in ROOMS[room] | {room} or (each.lazy and (path, each.room) in UPWARD)
            if not allowed:
                found.append(f"{path} imports gradcheck.{each.room}")
        elif each.top not in sys.stdlib_module_names and room not in EDGES:
            core = {"numpy"} if room == "reference" else {"numpy", "optree"}
            if each.top not in core | (ON_REQUEST.get(room, set()) if each.lazy else set()):
                found.append(f"{path} imports {each.top}{'' if each.lazy else ' when it is imported'}")
    return found


MODULES = sorted(str(path.relative_to(SOURCE).as_posix()) for path in SOURCE.rglob("*.py"))


def test_every_room_is_known() -> None:
    assert {name.split("/")[0].removesuffix(".py") for name in MODULES} <= ROOMS.keys()


@pytest.mark.parametrize("path", MODULES)
def test_imports_point_downwards_only(path: str) -> None:
    assert violations(path, (SOURCE / path).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("differentiate/_ladder.py", "from gradcheck.check import Report"),
        ("differentiate/_ladder.py", "from ..check import Report"),
        ("differentiate/_ladder.py", "import scipy"),
        ("check/_core.py", "from gradcheck.reference import Network"),
        ("check/_core.py", "import hypothesis"),
        ("check/_core.py", "def f():\n    from gradcheck.report import to_text"),
        ("check/_verdict.py", "from gradcheck.report import to_text"),
        ("report/_html.py", "import jinja2"),
        ("report/_html.py", "from gradcheck.cli import main"),
        ("reference/_network.py", "from gradcheck.differentiate import derivative"),
        ("reference/_network.py", "import optree"),
        ("__init__.py", "from gradcheck.report import to_text"),
    ],
)
def test_a_forbidden_import_is_found(path: str, source: str) -> None:
    assert violations(path, source) != []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("check/_core.py", "from gradcheck.differentiate import Estimate\nimport numpy, optree, json"),
        ("check/_explore.py", "def f():\n    import hypothesis"),
        ("check/_verdict.py", "def f():\n    from gradcheck.report import to_text"),
        ("report/_html.py", "def f():\n    import jinja2"),
        ("cli.py", "import typer\nfrom gradcheck.report import to_text"),
        ("demo/_run.py", "from gradcheck.reference import Network\nfrom gradcheck import check_grad"),
    ],
)
def test_an_allowed_import_is_not_reported(path: str, source: str) -> None:
    assert violations(path, source) == []


def loaded_by(statement: str) -> set[str]:
    """The third-party packages in memory after `statement` in a fresh interpreter."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    tops = {name.split(".")[0] for name in run.stdout.split()}
    return {top for top in tops if top not in sys.stdlib_module_names and not top.startswith("_")}


def test_importing_gradcheck_loads_numpy_and_optree_only() -> None:
    own_needs = loaded_by("import numpy.random, optree")  # NumPy loads its random numbers late
    assert loaded_by("import gradcheck") - own_needs <= {"gradcheck"}


def test_an_extra_that_is_loaded_would_be_seen() -> None:
    assert "jinja2" in loaded_by("import gradcheck, jinja2")
