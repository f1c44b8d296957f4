"""Markdown for people, workflow commands for GitHub."""

from pathlib import Path

import pytest

from gradcheck.check import _verdict as v
from gradcheck.report import to_github, to_markdown
from tests.report import samples

HALVED = """### FAIL: dense\\_backward
- **FAIL** W\\[2, 1\\]: claimed 0.270151, measured 0.5403023059 ± 3e-11
  - every entry of W is 0.5000 × the measured gradient; 0.5 = 1 / batch? -\\> factor
  - multiply the gradient of W by 2
- x and b are right to 9.7 digits; a relative mistake of 2e-10 in them would have been caught (99.9 %)

| input | checked | verdict | claimed | measured | off by | would have caught |
| --- | --- | --- | --- | --- | --- | --- |
|  | shape | PASS |  |  |  |  |
| W\\[2, 1\\] | value (factor) | FAIL | 0.270151 | 0.5403023059 ± 3e-11 | 2e+10 × the bound | 2e-10 (99.9 %) |
| x\\[0\\] | value | PASS | 1.00000 | 1.0000000000 ± 3e-11 | 0.3 × the bound | 2e-10 (99.9 %) |
| b\\[0\\] | value | PASS | 1.00000 | 1.0000000000 ± 3e-11 | 0.3 × the bound | 1e-10 (99.9 %) |

check\\_backward, 41 evaluations of the function, 3 of the claim, 0.013 s, seed 7, python 3.12.1, \
numpy 2.0.0, gradcheck 0.1.0
"""


def test_the_markdown_is_the_snapshot() -> None:
    assert to_markdown(samples.halved()) == HALVED


@pytest.mark.parametrize("name", samples.ALL)
def test_every_row_of_the_table_has_as_many_cells(name: str) -> None:
    rows = [line for line in to_markdown(samples.ALL[name]()).splitlines() if line.startswith("|")]
    assert {line.replace(r"\|", "").count("|") for line in rows} == {8}
    assert len(rows) == 2 + len(samples.ALL[name]().findings)


def test_what_users_wrote_cannot_break_the_table() -> None:
    hostile = samples.value("a|b\n<img src=x>", v.Verdict.FAIL, message="`code` *bold*\n| x |")
    text = to_markdown(samples.report(v.Verdict.FAIL, hostile))
    assert r"a\|b \<img src=x\>" in text
    assert r"\<" in text
    assert "<" not in text.replace(r"\<", "")
    assert r"\`code\` \*bold\*" in text
    assert r"- \| x \|" in text


def test_each_objection_is_an_annotation_at_its_place() -> None:
    lines = to_github(samples.impure(), file=Path("src") / "nn.py", line=12).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::error", "::warning"]
    assert all(f"file={Path('src') / 'nn.py'},line=12," in line for line in lines)
    assert lines[0] == (
        f"::error file={Path('src') / 'nn.py'},line=12,title=gradcheck%3A dense_backward%3A mutates-input"
        "::W: the backward pass changes W in place: W[0, 0] was 1.0 and is 0.0 afterwards"
        "%0Awork on a copy: W = W.copy()"
    )


def test_a_pass_is_one_notice() -> None:
    assert to_github(samples.right()) == (
        "::notice title=gradcheck%3A dense_backward%3A pass::x, W and b are right to 9.7 digits"
        "%0Aa relative mistake of 2e-10 would have been caught (99.9 %25)"
        "%0Aalso in order: shape, mutates-input"
    )


def test_no_message_can_start_a_command_of_its_own() -> None:
    hostile = v.Finding("raises", v.Verdict.FAIL, "boom\n::set-env name=PATH::/tmp\r\n", "W,x:y")
    text = to_github(samples.report(v.Verdict.FAIL, hostile, subject="a,b::c"))
    assert len(text.splitlines()) == 1
    assert "title=gradcheck%3A a%2Cb%3A%3Ac%3A raises" in text
