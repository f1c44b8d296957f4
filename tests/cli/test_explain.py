"""`gradcheck explain`: a page for every word that a report can hold."""

import inspect
import re
from pathlib import Path

import pytest

import gradcheck.check
from gradcheck.check import Finding, Verdict
from gradcheck.cli import Exit
from gradcheck.cli._explain import find, pages
from gradcheck.differentiate import Status, UsageError
from tests.cli.conftest import Run

SLUG = re.compile(r"``([a-z-]+)``")


def documented(field: str) -> set[str]:
    """The slugs that the docstring of `Finding` lists for a field."""
    text = inspect.cleandoc(Finding.__doc__ or "").split(f"\n{field} : str\n", 1)[1]
    return set(SLUG.findall(re.split(r"\n\w+(?:, \w+)* : ", text)[0]))


def slugs(kind: str) -> set[str]:
    return {page.slug for page in pages() if page.kind == kind}


def test_every_verdict_and_status_has_a_page() -> None:
    assert slugs("verdict") == set(Verdict)
    assert slugs("status") == set(Status)


@pytest.mark.parametrize(("kind", "field"), [("code", "code"), ("diagnosis", "diagnosis")])
def test_every_documented_slug_has_a_page(kind: str, field: str) -> None:
    assert len(documented(field)) > 10
    assert slugs(kind) == documented(field)


def test_every_code_that_the_judge_writes_has_a_page() -> None:
    folder = Path(gradcheck.check.__file__).parent
    source = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    written = set(re.findall(r'Finding\(\s*"([a-z-]+)"', source))
    assert "value" in written
    assert written <= slugs("code")


def test_no_page_has_an_empty_part() -> None:
    for page in pages():
        assert all((page.title, page.meaning, page.cause, page.example, page.cure)), page.slug


def test_no_line_of_a_page_is_wider_than_a_terminal() -> None:
    lines = [line for page in pages() for line in str(page).splitlines()]
    assert max(map(len, lines)) <= 100
    assert sum(len(line) > 80 for line in lines) <= 10


def test_a_page_says_what_why_and_what_to_do(run: Run) -> None:
    ran = run("explain", "factor")
    assert ran.code == Exit.PASS
    assert ran.out.startswith("factor (diagnosis): a constant factor")
    assert all(part in ran.out for part in ("Usual cause:", "Example:", "What to do:"))


def test_a_word_of_two_kinds_has_both_pages(run: Run) -> None:
    out = run("explain", "nonfinite").out
    assert "nonfinite (code)" in out
    assert "nonfinite (status)" in out


def test_case_does_not_matter(run: Run) -> None:
    assert run("explain", "FAIL").out == run("explain", "fail").out


def test_without_a_word_all_are_listed(run: Run) -> None:
    out = run("explain").out
    assert all(f"  {page.slug}" in out for page in pages())


def test_an_unknown_word_gives_the_nearest(run: Run) -> None:
    ran = run("explain", "factr")
    assert ran.code == Exit.USAGE
    assert "Try: factor" in ran.err
    with pytest.raises(UsageError, match="lists them all"):
        find("xyzzy")
