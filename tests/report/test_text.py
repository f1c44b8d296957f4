"""The terminal text: what a person reads first."""

import pytest

from gradcheck.check import _verdict as v
from gradcheck.report import to_text
from tests.report import samples

HALVED = """\
FAIL  W[2, 1]: claimed 0.270151, measured 0.5403023059 ± 3e-11
      (dense_backward, 41 evaluations)
      every entry of W is 0.5000 × the measured gradient; 0.5 = 1 /
      batch? -> factor
      multiply the gradient of W by 2
      x and b are right to 9.7 digits; a relative mistake of 2e-10 in them would
      have been caught (99.9 %)
      repeat: gradcheck replay .gradcheck/7f3a91.json"""

RIGHT = """\
PASS  x, W and b are right to 9.7 digits        (dense_backward, 41 evaluations)
      a relative mistake of 2e-10 would have been caught (99.9 %)
      also in order: shape, mutates-input"""

IMPURE = """\
FAIL  W: the backward pass changes W in place: W[0, 0] was 1.0 and is 0.0
      afterwards                                (dense_backward, 41 evaluations)
      work on a copy: W = W.copy()
FAIL  a[0]: claimed 2.00000, measured -2.0000000000 ± 3e-11
      a has the wrong sign -> sign
INCONCLUSIVE  b[1]: claimed 1.00000, measured 1.0 ± 0.02
      the noise of the function (1e-3) hides a mistake of 1e-4
      evaluate it in float64, or ask for resolution=0.02
      x is right to 9.7 digits; a relative mistake of 2e-10 in it would have
      been caught (99.9 %)
      explored 200 further points, 3 more where the function is not finite
      smallest inputs found that show it: x = [0., 1.], W = array of shape (5,
      5), float64"""

UNDECIDED = """\
INCONCLUSIVE  b[1]: claimed 1.00000, measured 1.0 ± 0.02
      (dense_backward, 41 evaluations)
      the noise of the function (1e-3) hides a mistake of 1e-4
      evaluate it in float64, or ask for resolution=0.02
      a relative mistake of 0.02 would have been caught (90 %)"""

KINKED = """\
PASS  b is right to 9.7 digits                  (dense_backward, 41 evaluations)
      x: 0 lies between the one-sided slopes 0 and 1 -> subgradient
      a relative mistake of 2e-10 would have been caught (100 %)"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [("right", RIGHT), ("impure", IMPURE), ("undecided", UNDECIDED), ("kinked", KINKED)],
)
def test_the_text_is_the_snapshot(name: str, expected: str) -> None:
    assert to_text(samples.ALL[name]()) == expected


def test_a_saved_report_says_how_to_repeat_it() -> None:
    assert to_text(samples.halved(), saved=".gradcheck/7f3a91.json") == HALVED


def test_str_of_a_report_is_its_text() -> None:
    assert str(samples.halved()) == to_text(samples.halved())


@pytest.mark.parametrize("name", samples.ALL)
@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_asked(name: str, width: int) -> None:
    lines = to_text(samples.ALL[name](), width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)


def test_the_claim_is_shown_with_the_digits_in_which_it_is_wrong() -> None:
    close = samples.value("x", v.Verdict.FAIL, claimed=1.00000001, measured=1.0, error=1e-12)
    assert "claimed 1.0000000100, measured 1.00000000000 ± 1e-12" in to_text(
        samples.report(v.Verdict.FAIL, close)
    )


def test_a_complex_entry_shows_both_parts() -> None:
    wrong = samples.value("z", v.Verdict.FAIL, claimed=1 - 2j, measured=1 + 2j, error=1e-3)
    assert "z[0]: claimed 1.00000-2.00000j, measured 1.00+2.00j ± 0.001" in to_text(
        samples.report(v.Verdict.FAIL, wrong)
    )


def test_a_report_that_compared_nothing_claims_nothing() -> None:
    shape = v.Finding("shape", v.Verdict.FAIL, "the gradient of W has shape (2, 3), W has (3, 2)", "W")
    text = to_text(samples.report(v.Verdict.FAIL, shape, resolution=float("inf")))
    assert "no number was compared" in text
    assert "caught" not in text


def test_a_pass_without_a_bound_does_not_pretend_to_one() -> None:
    text = to_text(samples.report(v.Verdict.PASS, resolution=float("inf")))
    assert "no mistake, however large, would have been caught for certain" in text


def test_only_the_first_objections_are_written_out() -> None:
    many = [samples.value(f"p{i}", v.Verdict.FAIL) for i in range(9)]
    text = to_text(samples.report(v.Verdict.FAIL, *many))
    assert text.count("FAIL") == 5
    assert "and 4 more findings against the claim" in text


def test_a_claim_of_nan_stands_before_a_small_mistake() -> None:
    small = samples.value("a", v.Verdict.FAIL, claimed=1.1, margin=1e3)
    nan = samples.value("b", v.Verdict.FAIL, claimed=float("nan"), margin=float("nan"))
    assert to_text(samples.report(v.Verdict.FAIL, small, nan)).startswith("FAIL  b[0]: claimed nan, ")
