"""Compare the mutation run's survivors with those that docs/mutants.md explains.

`python -m tests.reference.check_mutants` after `mutmut run`: it fails if a mutant that is not listed was not killed,
and if a listed one was, so that the list neither hides a gap in the tests nor outlives the code.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LIST = Path(__file__).parents[2] / "docs" / "mutants.md"
# A line of `mutmut results`: gradcheck.reference._smooth.xǁELUǁ_value__mutmut_7: survived
RESULT = re.compile(
    r"gradcheck\.reference\.(?P<module>\w+)\.(?P<function>\S+)__mutmut_(?P<number>\d+): (?P<state>.+)"
)
# A row of the list: | `_smooth.ELU._value` 7 17, `loops.value` 41 | the mutant | the reason |
ROW = re.compile(r"\| (?P<where>`.+?) \| .+ \| .+ \|")
ENTRY = re.compile(r"`(?P<function>[\w.]+)`(?P<numbers>(?: \d+)+)")


def survivors(results: str) -> dict[str, str]:
    """Name and state of every mutant that mutmut does not call killed; one that ran for ever is caught as well."""
    found = {}
    for line in RESULT.finditer(results):
        function = re.sub(r"^x(?:_|ǁ(\w+)ǁ)", lambda m: f"{m[1]}." if m[1] else "", line["function"])
        found[f"{line['module']}.{function} {line['number']}"] = line["state"].strip()
    return {name: state for name, state in found.items() if state != "timeout"}


def listed(text: str) -> Iterator[str]:
    """The names in the first column of the list's tables."""
    for row in ROW.finditer(text):
        for entry in ENTRY.finditer(row["where"]):
            yield from (f"{entry['function']} {number}" for number in entry["numbers"].split())


def complaints(results: str, text: str) -> list[str]:
    """One line for every mutant that survived without a reason, and for every reason without a survivor."""
    alive, explained = survivors(results), set(listed(text))
    return [
        *(f"{name}: {state}, and not listed" for name, state in alive.items() if name not in explained),
        *(f"{name}: listed, and killed or gone" for name in sorted(explained - alive.keys())),
    ]


def main() -> None:
    """Exit 1 with the complaints, if there are any."""
    results = subprocess.run(["mutmut", "results"], capture_output=True, text=True, check=True).stdout
    found = complaints(results, LIST.read_text(encoding="utf-8"))
    print(*found, f"{len(survivors(results))} survivors, {len(found)} complaints", sep="\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
