"""A library author's project: the built wheel in an environment of its own, three lines of test, one decorator."""

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LIBRARY = """
import numpy as np

def forward(x, W, b):
    return x @ W + b, (x, W)

def backward(cotangent, cache):
    x, W = cache
    return cotangent @ W.T, x.T @ cotangent, cotangent.sum(0)

def wrong_backward(cotangent, cache):
    x, W = cache
    return cotangent @ W.T, x.T @ cotangent / len(x), cotangent.sum(0)

rng = np.random.default_rng(0)
inputs = rng.standard_normal((2, 3)), rng.standard_normal((3, 2)), rng.standard_normal(2)
"""

THREE_LINES = """
from library import backward, forward, inputs, wrong_backward
def test_right(gradcheck): gradcheck.assert_backward(forward, backward, inputs)
def test_wrong(gradcheck): gradcheck.assert_backward(forward, wrong_backward, inputs)
"""

KIT = """
import numpy as np
from gradcheck.conformance import Activation, parametrize_with_checks

def tanh(z): return np.tanh(z), np.tanh(z)
def back(cotangent, a): return cotangent * (1 - a * a)
def back_in_place(cotangent, a):
    cotangent *= 1 - a * a
    return cotangent.copy()

@parametrize_with_checks([Activation("right", tanh, back), Activation("in place", tanh, back_in_place)])
def test_conformance(subject, check):
    check(subject)
"""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    subprocess.run([*build, "--wheel-dir", str(folder), str(source)], check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """A folder with the author's files and a Python that has the wheel; its dependencies are lent by this one."""
    folder = tmp_path_factory.mktemp("project")
    venv.create(folder / "env", with_pip=False, symlinks=sys.platform != "win32")
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "env")}))
    site.mkdir(parents=True, exist_ok=True)
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(site),
    ]
    subprocess.run([*install, str(wheel)], check=True)
    (site / "lent.pth").write_text("\n".join(path for path in sys.path if "site-packages" in path))
    (folder / "library.py").write_text(LIBRARY)
    (folder / "test_three_lines.py").write_text(THREE_LINES)
    (folder / "test_kit.py").write_text(KIT)
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\npythonpath = ['.']\n")
    return folder


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    python = project / "env" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    command = [str(python), "-m", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def test_the_wheel_is_what_is_imported(project: Path) -> None:
    where = run(project, "gradcheck", "--help")
    assert where.returncode == 0
    (project / "where.py").write_text("import gradcheck; print(gradcheck.__file__)")
    assert str(project / "env") in run(project, "where").stdout


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_three_lines_of_test_say_pass_and_fail(project: Path, workers: tuple[str, ...]) -> None:
    result = run(project, "pytest", "-p", "no:cacheprovider", *workers, "test_three_lines.py")
    assert result.returncode == 1
    assert "1 failed, 1 passed" in result.stdout
    assert "1 pass, 1 fail" in result.stdout
    assert "factor" in result.stdout


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_one_decorator_runs_the_kit(project: Path, workers: tuple[str, ...]) -> None:
    result = run(project, "pytest", "-p", "no:cacheprovider", "-q", "-rf", *workers, "test_kit.py")
    assert result.returncode == 1
    failed = [line for line in result.stdout.splitlines() if line.startswith("FAILED")]
    assert all("in place" in line for line in failed)
    assert any("GC202-in place" in line for line in failed)
    assert "passed" in result.stdout


@pytest.mark.parametrize(
    ("target", "code"),
    [("library:right", 0), ("library:wrong", 1), ("library:nothing", 2), ("no_such_module:x", 2)],
)
def test_the_command_line_has_its_exit_codes(project: Path, target: str, code: int) -> None:
    claims = "\nfrom gradcheck import Claim\n"
    claims += "right = Claim('backward', (forward, backward), inputs)\n"
    claims += "wrong = Claim('backward', (forward, wrong_backward), inputs)\n"
    (project / "library.py").write_text(LIBRARY + claims)
    result = run(project, "gradcheck", "check", target)
    assert result.returncode == code, result.stdout + result.stderr
