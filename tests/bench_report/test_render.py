"""Markdown and the page: what is in the results is in them, and nothing in them can break out."""

import base64
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gradcheck.bench_report import (
    bench_report,
    document_of,
    parse_settings,
    read_run,
    summary,
    to_html,
    to_markdown,
    to_terminal,
)
from gradcheck.differentiate._errors import UsageError

from .conftest import entry

VOID = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """Collects what a browser would: text, addresses, and whether every element that opens closes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data.strip())


@pytest.fixture
def sized(write) -> Path:
    return write(
        *(
            entry(f"test_x[{t}-{n}]", c * n, params={"tool": t, "n": n}, extra_info={"evaluations": 7 * n})
            for t, c in (("ours", 1e-6), ("theirs", 3e-6))
            for n in (10, 100, 1000)
        )
    )


def test_markdown_has_a_table_of_ratios_with_the_reference_named(sized: Path) -> None:
    lines = to_markdown(document_of(read_run(sized))).splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    assert rows[0] == ["case", "contender", "ratio", "median", "spread", "rounds", "evaluations"]
    assert rows[2] == ["n=10", "ours", "1 (reference)", "10 µs", "0.7%", "100", "70"]
    assert rows[3] == ["n=10", "theirs", "3", "30 µs", "0.7%", "100", "70"]
    assert len({len(line) for line in lines if line.startswith("|")}) == 1, "the columns line up"
    assert any(
        "Time grows with n to the power (between the two largest): ours 1.00" in line for line in lines
    )


def test_markdown_shows_the_baseline_and_what_is_over_its_limit(write) -> None:
    old, new = write(entry("test_a", 1.0), name="old.json"), write(entry("test_a", 2.0))
    document = document_of(read_run(new), read_run(old), parse_settings({"fail-above": 1.3}))
    text = to_markdown(document)
    assert "1 benchmark in 1 group; 1 of 1 over the limit." in text
    assert r"**over its limit**: g: test\_a takes 2.00 × the baseline, limit 1.3" in text
    assert "| slower " in text
    assert "1.3 exceeded" in text


@pytest.mark.parametrize("name", ["a|b", "a\nb", "<script>alert(1)</script>", "`x`", "{{ 7 * 7 }}", "日本語"])
def test_names_cannot_break_out_of_the_tables(write, name: str) -> None:
    document = document_of(read_run(write(entry(f"test[{name}]", 1.0, params={"tool": name}))))
    rows = [line for line in to_markdown(document).splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}
    assert "<script>" not in "".join(rows).replace(r"\<", "")
    page = Page(to_html(document))
    assert "script" not in page.tags
    assert name.strip() in page.text


def test_the_page_is_whole_offline_and_holds_every_figure(sized: Path) -> None:
    page = Page(to_html(document_of(read_run(sized))))
    assert page.open == []
    assert all(address.startswith(("#", "data:")) for address in page.addresses)
    assert {"n=1,000", "theirs", "3 ms", "1 (reference)", "7,000", "Abacus 3"} <= set(page.text)


def test_the_scaling_plot_is_an_svg_with_both_exponents(sized: Path) -> None:
    page = to_html(document_of(read_run(sized)))
    (image,) = (base64.b64decode(part) for part in re.findall(r"data:image/svg\+xml;base64,([^\"]+)", page))
    assert ET.fromstring(image).tag.endswith("svg")
    assert "ours: time to the power 1.00 ± 0.00 (1.00)" in page


def test_the_same_results_give_the_same_page(sized: Path) -> None:
    document = document_of(read_run(sized))
    assert to_html(document) == to_html(document)


def test_files_are_written_where_they_were_asked_for(sized: Path, tmp_path: Path) -> None:
    html, md = tmp_path / "new" / "out.html", tmp_path / "out.md"
    outcome = bench_report(sized, html=html, md=md)
    assert outcome.written == (html, md)
    assert md.read_text(encoding="utf-8") == outcome.text
    assert html.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_terminal_shows_the_report_or_where_it_went(write, tmp_path: Path) -> None:
    old, new = write(entry("test_a", 1.0), name="old.json"), write(entry("test_a", 2.0))
    outcome = bench_report(new, baseline=old, fail_above=1.3)
    assert summary(outcome) == to_terminal(outcome.document)
    assert summary(bench_report(new, baseline=old, fail_above=1.3, md=tmp_path / "out.md")).splitlines() == [
        "1 benchmark in 1 group; 1 of 1 over the limit.",
        "g: test_a takes 2.00 × the baseline, limit 1.3",
        f"wrote {tmp_path / 'out.md'}",
    ]


def test_a_place_that_cannot_be_written_is_refused(sized: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        bench_report(sized, html=tmp_path)


def test_without_the_extra_the_page_says_what_to_install_and_markdown_works(sized: Path) -> None:
    script = f"""
import sys
sys.modules["jinja2"] = sys.modules["matplotlib"] = None
from gradcheck.bench_report import bench_report
assert bench_report({str(sized)!r}).text.startswith("# Benchmarks")
try:
    bench_report({str(sized)!r}, html="x.html")
except ValueError as error:
    assert "gradcheck[report]" in str(error), error
else:
    raise SystemExit("no error")
"""
    subprocess.run([sys.executable, "-c", script], check=True)


COMPACT = {"g": {"reference": "theirs", "figures": ["evaluations"]}}


def table_of(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_markdown_crosses_cases_with_contenders_where_the_settings_choose_the_figures(sized: Path) -> None:
    text = to_markdown(document_of(read_run(sized), settings=parse_settings(COMPACT)))
    rows = table_of(text)
    assert rows[0] == ["n", "ours", "theirs"]
    assert rows[2] == ["10", "10 µs (0.333); 70", "30 µs (1); 70"]
    assert len(rows) == 2 + 3
    assert "median (ratio); evaluations. Ratios are to theirs. Spread of a round: 0.7% (median)" in text


def test_a_contender_that_is_missing_from_a_case_is_shown_as_missing(write) -> None:
    entries = [
        entry(f"test_x[{t}-{n}]", 1e-6 * n, params={"tool": t, "n": n})
        for t, n in (("ours", 1), ("theirs", 1), ("ours", 9))
    ]
    text = to_markdown(document_of(read_run(write(*entries)), settings=parse_settings(COMPACT)))
    assert table_of(text)[3] == ["9", "9 µs (1)", "-"]
    assert "Ratios are to the contender with 1: theirs, ours." in text


def test_cases_that_share_no_contender_are_not_crossed(write) -> None:
    entries = [
        entry(f"test_x[{t}-{n}]", 1.0, params={"tool": t, "n": n}) for n, t in enumerate("abcd", start=1)
    ]
    text = to_markdown(document_of(read_run(write(*entries)), settings=parse_settings(COMPACT)))
    assert table_of(text)[0][:2] == ["case", "contender"]


def test_groups_of_one_benchmark_share_a_table(write) -> None:
    entries = [entry(f"test_{name}", 1.0, group=None, extra_info={name: 3}) for name in ("a", "b")]
    document = document_of(read_run(write(*entries, entry("test_c", 1.0), entry("test_d", 2.0))))
    rows = table_of(to_markdown(document))
    alone = rows.index(["group", "median", "spread", "rounds", "a", "b"])
    assert rows[alone + 2 :] == [
        [r"test\_a", "1 s", "0.7%", "100", "3", ""],
        [r"test\_b", "1 s", "0.7%", "100", "", "3"],
    ]
    assert "ALONE IN THEIR GROUPS\ngroup " in to_terminal(document)
    page = Page(to_html(document))
    assert {"Alone in their groups", "test_a", "test_b"} <= set(page.text)


def test_a_lone_benchmark_is_no_table_of_lone_ones(write) -> None:
    text = to_markdown(document_of(read_run(write(entry("test_a", 1.0)))))
    assert "## g\n" in text
    assert "Alone" not in text


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_terminals_text_fits_the_window_and_loses_no_figure(write, width: int) -> None:
    extra = {f"a figure with a long name {i}": f"value{i}" for i in range(9)}
    entries = [
        entry(f"test_x[{t}-{n}]", 1e-6 * n, params={"tool": t, "n": n}, extra_info=extra)
        for t in ("a contender whose name is longer than any window could show" * 2, "ours")
        for n in (10, 100)
    ]
    run = read_run(write(*entries))
    settings = parse_settings({"g": {"fail-above": 0.5}})
    text = to_terminal(document_of(run, run, settings), width=width)
    assert max(map(len, text.splitlines())) <= width
    for i in range(9):
        assert f"a figure with a long name {i}" in text
        assert text.count(f"value{i}") == 4
    assert "OVER ITS LIMIT" in text


def test_a_name_cannot_steer_the_terminal(write) -> None:
    run = read_run(write(entry("test[x]", 1.0, group="g\x1b[31m", params={"tool": "\x1b[2J\r\n"})))
    text = to_terminal(document_of(run))
    assert all(letter.isprintable() or letter == "\n" for letter in text)
