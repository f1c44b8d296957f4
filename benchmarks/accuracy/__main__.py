"""The accuracy table: `python -m benchmarks.accuracy [--share 0.1] [--seed N]`.

Every installed method sees the same cases in the same run. The peers are numdifftools, jacobi and SciPy; a fixed
central difference needs no package.
"""

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np

from benchmarks.accuracy._hard import Case
from benchmarks.accuracy._methods import Answer, available
from benchmarks.accuracy._score import JUDGING_SEED, Score, Set, score, sets
from benchmarks.accuracy._special import certain_of_a_wrong_number, special_points
from gradcheck.differentiate import derivative

ELEMENTS = 100_000


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the 5,000 and 2,000 random expressions")
    parser.add_argument("--seed", type=int, default=JUDGING_SEED, help="of the cases")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of the peers, at points where f is not finite
    for each in sets(options.seed, options.share):
        _print_set(each)
    _print_special()
    _print_speed()


def _print_set(each: Set) -> None:
    print(f"\n{each.name}: {len(each.cases)} cases, goal {each.goal:.2%} contained")
    print("| method | contained | error below 1 % | median relative error | evaluations | with probe |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, method in available().items():
        print(_row(name, score(method, each.cases)), flush=True)


def _row(name: str, s: Score) -> str:
    contained = "reports none" if np.isnan(s.coverage) else f"{s.coverage:.2%}"
    resolved = "" if np.isnan(s.resolved) else f"{s.resolved:.1%}"
    return f"| {name} | {contained} | {resolved} | {s.median:.1e} | {s.evaluations:g} | {s.with_probe:g} |"


def _print_special() -> None:
    points = special_points()
    print(f"\n{len(points)} points without a derivative (kinks, jumps, poles, outside the domain)")
    print("| method | certain of a wrong number |")
    print("| --- | --- |")
    for name, method in available().items():
        print(f"| {name} | {_count(method, points)} |")


def _count(method: Callable[[Case], Answer], points: list[Case]) -> str:
    answers = [method(case) for case in points]
    if all(np.isnan(answer.error) for answer in answers):
        return "reports no error"
    return str(sum(map(certain_of_a_wrong_number, answers)))


def _print_speed() -> None:
    x = np.random.default_rng(0).normal(size=ELEMENTS)
    ours = _median_seconds(lambda: derivative(np.sin, x))
    print(f"\nsin of {ELEMENTS} elements: gradcheck {ours * 1e3:.0f} ms", end="")
    if "scipy.differentiate" in available():
        from scipy.differentiate import derivative as peer

        theirs = _median_seconds(lambda: peer(np.sin, x))
        print(f", scipy.differentiate {theirs * 1e3:.0f} ms, ratio {ours / theirs:.2f}", end="")
    print()


def _median_seconds(call: Callable[[], object], repeat: int = 7) -> float:
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


if __name__ == "__main__":
    main()
