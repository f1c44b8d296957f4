"""The HTML page: one file, nothing loaded, nothing of the user's taken for markup."""

import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from gradcheck.check import _verdict as v
from gradcheck.differentiate._errors import UsageError
from gradcheck.report import Figure, Section, to_html
from gradcheck.report._plots import convergence, convergence_order, error_map, margins, step_curve
from tests.report import samples

VOID = {"meta", "br", "hr", "img", "link", "input"}
HOSTILE = '<script>alert("1")</script>'


class Page(HTMLParser):
    """What the tests ask of a page: its tags are balanced, and what they carry."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        return [value for _, key, value in self.attributes if key == name]


def page(tmp_path: Path, *args: object, **options: object) -> tuple[str, Page]:
    to_html(*args, tmp_path / "report.html", **options)  # type: ignore[arg-type]
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    return text, Page(text)


@pytest.mark.parametrize("name", samples.ALL)
def test_a_page_of_each_kind_is_well_formed_and_offline(name: str, tmp_path: Path) -> None:
    text, parsed = page(tmp_path, samples.ALL[name]())
    assert not {"script", "link", "iframe", "object"} & parsed.tags.keys()
    assert all(value.startswith("#") for key in ("href", "xlink:href", "src") for value in parsed.values(key))
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert samples.ALL[name]().verdict.upper() in parsed.text


def test_a_failing_entry_has_its_three_pictures(tmp_path: Path) -> None:
    _, parsed = page(tmp_path, samples.halved())
    labels = [value for tag, key, value in parsed.attributes if (tag, key) == ("svg", "aria-label")]
    assert labels == [
        "error of each measured entry of W, in units of the bound",
        "choice of the step at W[2, 1]",
        "convergence to the claim at W[2, 1]: slope 0.0, stays 0.3 away: FAIL",
    ]
    assert "chosen step 0.00098: vertical line" in parsed.text


def test_no_two_elements_share_an_id(tmp_path: Path) -> None:
    _, parsed = page(tmp_path, {"one": samples.halved(), "two": samples.halved()})
    ids = parsed.values("id")
    assert len(ids) == len(set(ids))
    references = {value[1:] for key in ("href", "xlink:href") for value in parsed.values(key)}
    assert references <= set(ids)


def test_several_reports_come_under_their_titles(tmp_path: Path) -> None:
    _, parsed = page(tmp_path, {"at the start": samples.right(), "at the end": samples.impure()})
    assert "at the start" in parsed.text
    assert "at the end" in parsed.text
    assert "Every claim" in parsed.text


def test_what_users_wrote_is_text(tmp_path: Path) -> None:
    finding = samples.value(
        HOSTILE, v.Verdict.FAIL, message=HOSTILE, advice=HOSTILE, sample=samples.halved().findings[1].sample
    )
    report = samples.report(v.Verdict.FAIL, finding, subject=HOSTILE, options={"wrt": HOSTILE})
    section = Section(HOSTILE, HOSTILE, (HOSTILE,), ((HOSTILE,),), (Figure(plain_svg(), HOSTILE, HOSTILE),))
    text, parsed = page(tmp_path, {HOSTILE: report}, title=HOSTILE, sections=[section])
    assert parsed.tags["script"] == 0
    assert "<script" not in text


def plain_svg() -> str:
    figure = step_curve(samples.halved().findings[1])
    return figure.svg


def test_a_section_shows_verdicts_as_badges_and_numbers_to_the_right(tmp_path: Path) -> None:
    rows = (("sign", "fail", "2.0"), ("shape", "FAIL", "none"))
    section = Section("Planted", "one\n\ntwo", ("what", "verdict", "off by"), rows)
    text, _ = page(tmp_path, samples.right(), sections=[section])
    assert '<td><span class="badge fail">FAIL</span></td>' in text
    assert '<td class="number">2.0</td>' in text
    assert '<td class="number">none</td>' in text
    assert '<th scope="col" class="number">off by</th>' in text
    assert '<td class="text">sign</td>' in text
    assert "<p>one</p>" in text
    assert "<p>two</p>" in text


def test_sections_alone_make_a_page(tmp_path: Path) -> None:
    _, parsed = page(tmp_path, [], sections=[Section("Runs", "nothing else")])
    assert "nothing else" in parsed.text


def test_pictures_are_limited_and_the_rest_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradcheck.report._html.DRAWN", 1)
    many = [samples.value(f"p{i}", sweep=samples.sweep()) for i in range(3)]
    _, parsed = page(tmp_path, samples.report(v.Verdict.PASS, *many))
    assert parsed.tags["svg"] == 2
    assert "2 more findings have pictures that are not drawn here" in parsed.text


def test_the_same_report_gives_the_same_bytes(tmp_path: Path) -> None:
    assert page(tmp_path, samples.halved())[0] == page(tmp_path, samples.halved())[0]


def test_the_folder_is_made(tmp_path: Path) -> None:
    samples.right().to_html(tmp_path / "new" / "deep" / "report.html")
    assert (tmp_path / "new" / "deep" / "report.html").is_file()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    with pytest.raises(UsageError, match="cannot be written"):
        to_html(samples.right(), tmp_path / "taken" / "report.html")


@pytest.mark.parametrize("module", ["jinja2", "matplotlib"])
def test_a_missing_extra_is_named_with_its_cure(module: str, tmp_path: Path) -> None:
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from gradcheck.report import to_html\n"
        "from gradcheck import UsageError\n"
        f"try: to_html([], {str(tmp_path / 'x.html')!r})\n"
        "except UsageError as error: print(error)"
    )
    code = code.replace("from gradcheck import", "from gradcheck.differentiate._errors import")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == (
        f'to_html: the package {module} is not installed. Try: pip install "gradcheck[report]".\n'
    )


def test_text_and_json_load_no_extra() -> None:
    code = (
        "import sys\nfrom gradcheck.report import *\nfrom gradcheck.check._verdict import *\n"
        "r = Report(Verdict.PASS, ()); to_text(r); from_json(to_json(r)); to_markdown(r); to_github(r)\n"
        "print({'jinja2', 'matplotlib', 'rich', 'typer'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"


def test_svg_without_a_viewbox_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="viewBox"):
        to_html([], tmp_path / "x.html", sections=[Section("s", figures=(Figure("<svg/>", "t"),))])


def entry(index: tuple[int, ...], claimed: complex, error: float = 1e-9) -> v.Entry:
    return v.Entry(index, claimed, 1.0, error)


def test_margins_are_errors_in_units_of_the_bound() -> None:
    entries = (entry((0,), 1.0), entry((1,), 1 + 2e-9), entry((2,), 2.0, 0.0), entry((3,), 1.0, 0.0))
    np.testing.assert_allclose(margins(entries), [0, 2, np.inf, 0], rtol=1e-6)


@pytest.mark.parametrize("claimed", [float("nan"), float("inf"), 1j])
def test_a_claim_that_is_not_a_near_number_is_outside(claimed: complex) -> None:
    assert margins((entry((0,), claimed),))[0] > 1


@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4), (200, 300)])
def test_arrays_of_any_rank_have_a_map(shape: tuple[int, ...]) -> None:
    indices = [tuple(int(n) - 1 for n in shape), tuple(0 for _ in shape)]
    finding = samples.value("W", sample=tuple(entry(index, 1.5) for index in indices))
    figure = error_map(finding)
    assert figure is not None
    assert ("worst of 4 × 5 entries" in figure.caption) == (shape == (200, 300))


def test_a_right_claim_converges_with_the_order_of_the_formula() -> None:
    figure = convergence(samples.right().findings[2])
    assert figure is not None
    assert "slope 2.0: PASS" in figure.title


def test_a_wrong_claim_is_not_approached() -> None:
    finding = samples.halved().findings[1]
    steps = np.array(finding.sweep.steps)  # type: ignore[union-attr]
    distance = np.abs(np.array(finding.sweep.slopes) - finding.claimed)  # type: ignore[union-attr]
    order = convergence_order(steps, distance)
    assert order is not None
    assert abs(order) < 0.1


def test_two_steps_have_no_order() -> None:
    assert convergence_order(np.array([1.0, 0.5]), np.array([1.0, 0.25])) is None
