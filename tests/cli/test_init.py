"""`gradcheck init`: pairs found by their names, inputs found by trying, a test file that runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from gradcheck.cli import Exit
from gradcheck.cli._fit import fit
from gradcheck.cli._pairs import Pair, find_pairs
from gradcheck.cli._target import Target, load_module
from tests.cli.conftest import Run

NN = """
import numpy as np

def forward(x): return np.tanh(x), x
def backward(dout, x): return dout * (1 - np.tanh(x) ** 2)

def dense_forward(x, W, b): return x @ W + b, (x, W)
def dense_backward(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout, dout.sum(0)

def sigmoid(z): return 1 / (1 + np.exp(-z))
def sigmoid_derivative(z): return sigmoid(z) * (1 - sigmoid(z))

def loss(a, y): return float(-np.mean(y * np.log(a) + (1 - y) * np.log(1 - a)))
def loss_grad(a, y): return (-(y / a) + (1 - y) / (1 - a)) / a.size, None

def norm(x): return np.sum(x ** 2)
def grad_norm(x): return 2 * x
def dnorm(x): return 3 * x          # wrong

def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
def softmax_vjp(g, x):
    s = softmax(x)
    return s * (g - (g * s).sum(-1, keepdims=True))

def mul(x, y): return x * y
def mul_backward(x, y, g): return g * y, g * x

def parse(path): return float(open(path).read())
def parse_grad(path): return 1.0

class Tanh:
    def forward(self, x):
        self.a = np.tanh(x)
        return self.a
    def backward(self, d): return d * (1 - self.a ** 2)

class NotALayer:
    def forward(self, x): return x

def _private(x): return x
def _private_grad(x): return x
"""

EXPECTED = {
    "backward": ("forward", "backward"),
    "dense_backward": ("dense_forward", "backward"),
    "sigmoid_derivative": ("sigmoid", "elementwise"),
    "loss_grad": ("loss", "grad"),
    "grad_norm": ("norm", "grad"),
    "dnorm": ("norm", "grad"),
    "softmax_vjp": ("softmax", "vjp"),
    "mul_backward": ("mul", "vjp_last"),
    "parse_grad": ("parse", "grad"),
    "Tanh": ("Tanh", "layer"),
}


@pytest.fixture
def nn(project: Path) -> Path:
    (project / "nn.py").write_text(NN)
    return project


def test_pairs_are_found_by_their_names_and_calls_by_trying(nn: Path) -> None:
    module = load_module(Target("nn", ""))
    fits = [fit(pair, vars(module)) for pair in find_pairs(module)]
    assert {each.pair.derivative: (each.pair.function, each.call) for each in fits} == EXPECTED
    unknown = [each.pair.derivative for each in fits if each.shapes is None]
    assert unknown == ["parse_grad"]


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("f", "grad_f"), "grad"),
        (("f", "f_grad"), "grad"),
        (("f", "f_gradient"), "grad"),
        (("f", "f_prime"), "grad"),
        (("f", "df"), "grad"),
        (("f", "f_vjp"), "vjp"),
        (("f", "vjp_f"), "vjp"),
        (("f", "f_jvp"), "jvp"),
        (("f", "jac_f"), "jacobian"),
        (("f", "f_hessian"), "hessian"),
        (("f", "f_backward"), "backward"),
        (("forward_f", "backward_f"), "backward"),
        (("f_fwd", "f_bwd"), "backward"),
        (("forward", "backward"), "backward"),
    ],
)
def test_each_usual_name_is_known(project: Path, names: tuple[str, str], kind: str) -> None:
    (project / "named.py").write_text("".join(f"def {name}(x): return x\n" for name in names))
    assert find_pairs(load_module(Target("named", ""))) == [Pair(kind, *names)]


def test_the_written_file_runs_and_finds_the_mistake(run: Run, nn: Path) -> None:
    (nn / "tests").mkdir()
    ran = run("init", "nn")
    assert ran.code == Exit.PASS
    assert "parse_grad (write its inputs)" in ran.out
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    tests = subprocess.run(command, capture_output=True, text=True, check=False, cwd=nn)
    assert "1 failed, 8 passed, 1 skipped" in tests.stdout
    assert "test_dnorm" in tests.stdout


def test_the_written_file_is_well_formatted(run: Run, nn: Path) -> None:
    run("init", "nn.py", "--output", "checks.py")
    text = (nn / "checks.py").read_text()
    assert max(map(len, text.splitlines())) <= 100
    assert "\n\n\n\n" not in text
    assert text.endswith(")\n")
    assert not text.endswith("\n\n")
    compile(text, "checks.py", "exec")


def test_a_file_that_exists_is_kept(run: Run, nn: Path) -> None:
    (nn / "test_gradients_nn.py").write_text("mine")
    ran = run("init", "nn")
    assert ran.code == Exit.USAGE
    assert "this file exists" in ran.err
    assert (nn / "test_gradients_nn.py").read_text() == "mine"
    assert run("init", "nn", "--force").code == Exit.PASS
    assert (nn / "test_gradients_nn.py").read_text() != "mine"


def test_a_module_without_pairs_is_nothing_to_check(run: Run, project: Path) -> None:
    (project / "empty.py").write_text("from numpy import gradient\ndef f(x): return x\n")
    ran = run("init", "empty")
    assert ran.code == Exit.NOTHING
    assert list(project.glob("test_*")) == []


def test_a_missing_module_is_a_usage_error(run: Run) -> None:
    assert run("init", "nowhere").code == Exit.USAGE


def test_a_place_that_cannot_be_written_is_a_usage_error(run: Run, nn: Path) -> None:
    ran = run("init", "nn", "--output", "no/such/folder/test_x.py")
    assert ran.code == Exit.USAGE
    assert "cannot be written" in ran.err
