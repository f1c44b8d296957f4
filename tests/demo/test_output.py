"""What is printed: tables, JSON, or nothing; and the comparison of the activations."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from gradcheck.demo import _compare, _run
from gradcheck.demo._charts import styles
from gradcheck.demo._compare import compare, depth, run
from gradcheck.demo._data import Split, split, two_spirals, xor
from gradcheck.demo._files import to_json, write_page
from gradcheck.demo._result import Comparison, DemoResult
from gradcheck.demo._tables import epochs
from gradcheck.demo._terminal import show
from gradcheck.reference import ACTIVATIONS, identity, leaky_relu, relu, sigmoid, tanh

from .conftest import Ran


def printed(result: DemoResult, *, as_json: bool = False, quiet: bool = False) -> str:
    console = Console(file=StringIO(), width=80)
    _run.report(result, console, as_json, quiet)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def test_json_is_all_that_is_printed_if_asked_for(ran: Ran) -> None:
    assert json.loads(printed(ran.result, as_json=True)) == json.loads(to_json(ran.result))
    assert json.loads(printed(ran.result, as_json=True, quiet=True))["passed"] is True


def test_quiet_is_silent_on_success_and_speaks_on_failure(ran: Ran) -> None:
    assert printed(ran.result, quiet=True) == ""
    assert "0 of 0 planted mistakes" in printed(replace(ran.result, planted=()), quiet=True)


def test_without_rich_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rich.console", None)
    with pytest.raises(ValueError, match=r"rich is not installed.*gradcheck\[cli\]"):
        _run.standard_output()


@pytest.fixture(scope="module")
def exclusive() -> Split:
    return split(xor(np.random.default_rng(1)), np.random.default_rng(2))


@pytest.fixture(scope="module")
def comparison(exclusive: Split) -> Comparison:
    spirals = split(two_spirals(np.random.default_rng(1)), np.random.default_rng(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_compare, "ACTIVATIONS", (relu, identity))
        patch.setattr(_compare, "DEEP", (sigmoid, relu))
        patch.setattr(_compare, "LAYERS", (1, 4))
        patch.setattr(_compare, "STARTS", 2)
        return compare((exclusive, spirals), 0, lambda description: None)


def test_every_activation_runs_on_every_data_set(comparison: Comparison) -> None:
    assert [(run.data, run.activation) for run in comparison.runs] == [
        (data, name) for data in ("XOR", "two spirals") for name in ("relu", "identity")
    ]
    assert len(comparison.depths) == 4


def test_only_a_non_linear_network_learns_xor_and_the_spirals(comparison: Comparison) -> None:
    for row in comparison.runs:
        assert (row.accuracy > 0.95) == (row.activation == "relu")
        assert row.reason == "converged"
        assert row.epochs == len(row.curve.cost)
        assert row.first_gradient == row.curve.first_gradient[-1] <= 1e-3


def test_the_same_seed_gives_the_same_run(exclusive: Split) -> None:
    first, second = (run(exclusive, relu, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(first.curve.cost, second.curve.cost)


def test_the_gradient_vanishes_by_depth_behind_sigmoids_not_behind_rectifiers(exclusive: Split) -> None:
    def kept(activation: object) -> float:
        shallow, deep = (depth(exclusive, activation, layers, seed=0) for layers in (1, 8))  # type: ignore[arg-type]
        return deep.first_gradient / shallow.first_gradient

    assert kept(sigmoid) < 1e-3
    assert min(kept(tanh), kept(relu), kept(leaky_relu)) > 1e-2


def test_a_sigmoid_passes_a_quarter_at_most_and_a_rectifier_about_half(exclusive: Split) -> None:
    assert depth(exclusive, sigmoid, 8, seed=0).slope <= 0.25
    assert depth(exclusive, relu, 8, seed=0).slope == pytest.approx(0.5, abs=0.1)


def test_the_comparison_is_printed_drawn_and_saved(ran: Ran, comparison: Comparison, tmp_path: Path) -> None:
    result = replace(ran.result, comparison=comparison)
    console = Console(file=StringIO(), width=80)
    show(result, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "two spirals" in text
    assert all(len(line) <= 80 for line in text.splitlines() if str(ran.folder) not in line)
    document = json.loads(to_json(result))
    assert len(document["comparison"]["runs"]) == 4
    assert document["comparison"]["runs"][0]["curve"]["epoch"][0] == 1
    few = replace(
        result, stages=result.stages[:1], planted=result.planted[:1]
    )  # each report's pictures take time
    write_page(few, tmp_path / "demo.html")
    page = (tmp_path / "demo.html").read_text(encoding="utf-8")
    assert "two spirals: cost J" in page
    assert "mean |g&#39;| before training, by depth" in page


def test_neighbouring_lines_differ_in_dash_and_no_two_lines_look_alike() -> None:
    looks = list(styles(activation.name for activation in ACTIVATIONS).values())
    assert len({(look["color"], look["linestyle"]) for look in looks}) == len(ACTIVATIONS)
    for one, other in ((2, 3), (8, 9)):  # relu and leaky relu, GELU and its tanh form: their curves coincide
        assert looks[one]["linestyle"] != looks[other]["linestyle"]
    assert all((look["linestyle"] == "--") == (look["zorder"] > 2) for look in looks)


@pytest.mark.parametrize(
    ("reason", "shown"), [("converged", "7"), ("max_epochs", "> 7"), ("diverged", "diverged")]
)
def test_a_run_that_did_not_converge_says_so(comparison: Comparison, reason: str, shown: str) -> None:
    assert epochs(replace(comparison.runs[0], epochs=7, reason=reason)) == shown
