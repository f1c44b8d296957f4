"""``python -m benchmarks.verdicts``: a table of who caught what, and who cried wolf."""

import argparse
from collections import Counter
from time import perf_counter

from benchmarks.verdicts._judges import CANNOT_TELL, JUDGES, WRONG, Judge, ask
from benchmarks.verdicts._problems import Claim, claims

GROUPS = {
    "history": "historical bugs and their fixes, at the point that shows the bug",
    "controls": "hard controls of the historical corpus",
    "zoo": "the zoo",
    "hidden": "the zoo's mistakes at special points",
    "hard": "the zoo's hard right claims",
}


def tally(judge: Judge, judged: list[Claim]) -> tuple[Counter, list[str]]:
    """How often each verdict fell on wrong and on right claims, and the names of those misjudged."""
    verdicts = [(claim, ask(judge, claim)) for claim in judged]
    misjudged = [
        f"{claim.name} ({'right' if claim.right else 'wrong'}: {v})"
        for claim, v in verdicts
        if v == CANNOT_TELL or (v == WRONG) == claim.right
    ]
    return Counter((claim.right, v) for claim, v in verdicts), misjudged


def row(name: str, counts: Counter, seconds: float) -> str:
    wrong, right = (sum(n for (r, _), n in counts.items() if r is side) for side in (False, True))
    caught = f"{counts[False, WRONG]} of {wrong}" if wrong else "-"
    undecided = f"{counts[False, CANNOT_TELL]} + {counts[True, CANNOT_TELL]}"
    alarms = f"{counts[True, WRONG]} of {right}"
    return f"| {name:<28} | {caught:>10} | {alarms:>12} | {undecided:>11} | {seconds:>7.1f} |"


def head(title: str, judged: list[Claim]) -> str:
    widths = (28, 10, 12, 11, 7)
    wrong = sum(not claim.right for claim in judged)
    return (
        f"\n{title}: {wrong} wrong, {len(judged) - wrong} right claims\n\n"
        f"| {'judge':<28} | {'caught':>10} | {'false alarms':>12} | {'cannot tell':>11} | seconds |\n"
        f"| {' | '.join('-' * (n - bool(i)) + ':' * bool(i) for i, n in enumerate(widths))} |"
    )


def chosen(parts: list[str] | None) -> dict[str, Judge]:
    """The judges with one of `parts` in their names, all by default, that can be made here."""
    judges = {}
    for name, make in JUDGES.items():
        if parts and not any(part in name for part in parts):
            continue
        try:
            judges[name] = make()
        except ImportError as missing:
            print(f"{name} is left out: {missing.name} is not installed")
    return judges


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verdicts", description=__doc__)
    parser.add_argument("--misjudged", action="store_true", help="name what each judge got wrong")
    parser.add_argument("--judge", action="append", help="part of the name of a judge; all by default")
    arguments = parser.parse_args()
    everything, judges = list(claims()), chosen(arguments.judge)
    totals, spent = {name: Counter() for name in judges}, dict.fromkeys(judges, 0.0)
    for group, title in GROUPS.items():
        judged = [claim for claim in everything if claim.group == group]
        print(head(title, judged))
        for name, judge in judges.items():
            start = perf_counter()
            counts, misjudged = tally(judge, judged)
            seconds = perf_counter() - start
            totals[name] += counts
            spent[name] += seconds
            print(row(name, counts, seconds), flush=True)
            if arguments.misjudged:
                print("    " + "\n    ".join(misjudged))
    print(head("all of them", everything))
    for name, counts in totals.items():
        print(row(name, counts, spent[name]))
    print("\ncannot tell: of the wrong claims + of the right ones")


if __name__ == "__main__":
    main()
