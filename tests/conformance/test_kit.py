"""Every check kills its mutants and passes the clean twins; outcomes, prerequisites, expected failures, snippets."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gradcheck.conformance import (
    CHECKS,
    Activation,
    Check,
    Expectation,
    Loss,
    Result,
    Subject,
    Tags,
    check_library,
    explain,
    load_expectations,
    parametrize_with_checks,
    run_check,
    to_markdown_table,
)
from gradcheck.differentiate import UsageError
from tests.conformance.mutants import MUTANTS, dense, relu_masks_cotangent, tanh
from tests.conformance.small_library import CLEAN, tanh_backward, tanh_forward

KILLS = [
    pytest.param(check, mutant, id=f"{check}-{number}")
    for check, mutants in MUTANTS.items()
    for number, mutant in enumerate(mutants)
]


@pytest.mark.parametrize(("check", "mutant"), KILLS)
def test_a_check_kills_its_mutants(check: str, mutant: Subject) -> None:
    outcome = run_check(mutant, check)
    assert outcome.result is Result.FAIL, str(outcome)
    assert outcome.message


@parametrize_with_checks(CLEAN)
def test_clean_twins_pass(subject: Subject, check: Check) -> None:
    check(subject)  # type: ignore[operator]


def test_no_check_is_vacuous() -> None:
    assert [check.id for check in CHECKS if len(MUTANTS.get(check.id, ())) < 2] == []
    asked = {check.id for check in CHECKS for subject in CLEAN if check.applies(subject)}
    assert asked == {check.id for check in CHECKS}


def test_ids_are_unique_and_prerequisites_come_first() -> None:
    ids = [check.id for check in CHECKS]
    assert len(set(ids)) == len(ids)
    for position, check in enumerate(CHECKS):
        assert set(check.requires) <= set(ids[:position])


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_has_a_page(check: Check) -> None:
    page = explain(check.id)
    words = " ".join(page.split())
    assert all(part in words for part in (check.id, check.title, check.reason, check.cure))
    assert max(map(len, page.splitlines())) <= 80


def broken() -> Subject:
    return Activation("broken", tanh_forward, lambda cotangent, a: cotangent[:-1])


def test_what_depends_on_a_failure_is_blocked_and_said_once() -> None:
    result = check_library([broken()])
    assert [o.check.id for o in result.outcomes if o.result is Result.FAIL] == ["GC001"]
    assert all(o.result is Result.BLOCKED for o in result.outcomes[1:])
    assert not result
    assert str(result).count("BLOCKED") == 1


def test_a_known_failure_is_accepted_and_a_stale_one_is_not() -> None:
    wrong = tanh(backward=lambda cotangent, a: cotangent * (1 - a))
    known = [Expectation("tanh", "GC101", "being mended")]
    accepted = check_library([wrong], expected_failures=known, checks=["GC001", "GC002", "GC101"])
    assert accepted
    assert accepted.outcomes[-1].result is Result.EXPECTED
    stale = check_library([tanh()], expected_failures=known, checks=["GC001", "GC002", "GC101"])
    assert not stale
    assert stale.outcomes[-1].result is Result.STALE


def test_expectations_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text('[[expected]]\nsubject = "tanh"\ncheck = "GC402"\nreason = "no empty batches yet"\n')
    assert load_expectations(path) == (Expectation("tanh", "GC402", "no empty batches yet"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[expected", "name a readable TOML file"),
        ("x = 1", "write \\[\\[expected\\]\\]"),
        ('[[expected]]\nsubject = "a"\ncheck = "GC101"\n', "give all three"),
        ('[[expected]]\nsubject = "a"\ncheck = "GC999"\nreason = "r"\n', "no such check"),
        ('[[expected]]\nsubject = "a"\ncheck = "GC101"\nreason = ""\n', "give all three"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "known.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=said):
        load_expectations(path)


def test_misuse_is_refused() -> None:
    with pytest.raises(UsageError, match="wrap it in"):
        check_library([np.tanh])  # type: ignore[list-item]
    with pytest.raises(UsageError, match="two subjects"):
        check_library([tanh(), tanh()])
    with pytest.raises(UsageError, match="fits no subject"):
        check_library([tanh()], expected_failures=[Expectation("tahn", "GC101", "typo")])
    with pytest.raises(UsageError, match="no such check"):
        run_check(tanh(), "GC000")
    with pytest.raises(UsageError, match="not asked of"):
        run_check(tanh(), "GC601")
    with pytest.raises(UsageError, match="not a reduction"):
        Tags(reduction="max")
    with pytest.raises(UsageError, match="one of normal"):
        Loss("l", tanh_forward, tanh_backward, targets="bools").case(np.random.default_rng(0))


MODULE = """
import numpy as np
from gradcheck.conformance import Activation

def forward(z):
    return np.tanh(z), np.tanh(z)

def backward(cotangent, a):
    cotangent[a < 0] = 0
    return cotangent * 1

SUBJECTS = [Activation("mine", forward, backward)]
"""


def test_the_snippet_repeats_the_failure_without_pytest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_library.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    import my_library  # type: ignore[import-not-found]

    outcome = run_check(my_library.SUBJECTS[0], "GC202")
    ran = subprocess.run(
        [sys.executable, "-c", outcome.snippet], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[0] == str(outcome).splitlines()[0]
    assert "FAIL  GC202 mine" in ran.stdout


def test_the_table_shows_every_mark() -> None:
    wrong = Activation("wrong", tanh_forward, relu_masks_cotangent)
    table = to_markdown_table(check_library([wrong, dense(), broken()], checks=["GC001", "GC202", "GC401"]))
    assert table.splitlines()[3].endswith("| **FAIL** | pass | blocked |")
    assert table.splitlines()[0] == "| check | what holds | wrong | dense | broken |"


def test_nothing_checked_is_no_success() -> None:
    assert not check_library([])
