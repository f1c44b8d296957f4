"""The comparison of the mutation run's survivors with docs/mutants.md."""

import pytest

from tests.reference.check_mutants import complaints, listed, survivors

RESULTS = """
    gradcheck.reference._smooth.xǁELUǁ_value__mutmut_7: survived
    gradcheck.reference._smooth.xǁELUǁ_value__mutmut_17: survived
    gradcheck.reference.loops.x_value__mutmut_41: survived
    gradcheck.reference.loops.x__outputs__mutmut_3: timeout
"""
TABLE = """
| where | mutant | why |
| --- | --- | --- |
| `_smooth.ELU._value` 7 17, `loops.value` 41 | `z > 0` for `z >= 0` | At z = 0 both are 0. |
"""


def test_a_list_of_exactly_the_survivors_has_no_complaint():
    assert complaints(RESULTS, TABLE) == []


def test_names_are_those_of_the_source():
    assert list(survivors(RESULTS)) == ["_smooth.ELU._value 7", "_smooth.ELU._value 17", "loops.value 41"]
    assert list(listed(TABLE)) == list(survivors(RESULTS))


@pytest.mark.parametrize("state", ["survived", "no tests", "not checked", "suspicious", "segfault"])
def test_a_mutant_that_is_neither_killed_nor_listed_is_named(state):
    more = f"{RESULTS}    gradcheck.reference._losses.x__first__mutmut_5: {state}\n"
    assert complaints(more, TABLE) == [f"_losses._first 5: {state}, and not listed"]


def test_a_listed_mutant_that_is_killed_is_named():
    fewer = RESULTS.replace("    gradcheck.reference.loops.x_value__mutmut_41: survived\n", "")
    assert complaints(fewer, TABLE) == ["loops.value 41: listed, and killed or gone"]


def test_no_results_at_all_do_not_pass():
    assert len(complaints("", TABLE)) == 3
