"""Reports made by hand, one of each kind that a reader can meet."""

import math

import numpy as np

from gradcheck.check import _verdict as v

PASS, FAIL, INCONCLUSIVE = v.Verdict.PASS, v.Verdict.FAIL, v.Verdict.INCONCLUSIVE


def sweep() -> v.Sweep:
    """Central differences of sin at 1 with the rounding noise that small steps show."""
    steps = tuple(2.0**-k for k in range(2, 40, 2))
    slopes = tuple(math.cos(1) * (1 - h * h / 6) + (-1) ** i * 1e-16 / h for i, h in enumerate(steps))
    return v.Sweep(steps, slopes, steps[4])


def value(path: str, verdict: v.Verdict = PASS, **fields: object) -> v.Finding:
    """A comparison of numbers, right to 9.7 digits unless the fields say otherwise."""
    numbers = {
        "index": (0,),
        "claimed": 1.0,
        "measured": 1.0 + 1e-11,
        "error": 3e-11,
        "resolution": 2e-10,
        "probability": 0.999,
        "margin": 0.3,
        "status": "smooth",
    }
    return v.Finding("value", verdict, input=path, **{**numbers, **fields})  # type: ignore[arg-type]


def halved() -> v.Report:
    """The example of the documentation: a dense layer whose weight gradient is half of what it should be."""
    weights = np.linspace(-2, 2, 6).reshape(3, 2)
    entries = [
        v.Entry((i, j), 0.5 * float(weights[i, j]), float(weights[i, j]), 3e-11)
        for i in range(3)
        for j in range(2)
    ]
    wrong = value(
        "W",
        FAIL,
        message="every entry of W is 0.5000 × the measured gradient; 0.5 = 1 / batch?",
        index=(2, 1),
        claimed=math.cos(1) / 2,
        measured=math.cos(1),
        margin=1.6e10,
        diagnosis="factor",
        advice="multiply the gradient of W by 2",
        sample=tuple(entries),
        sweep=sweep(),
    )
    shapes = v.Finding("shape", PASS, "every gradient has the shape of its input")
    return report(FAIL, shapes, wrong, value("x"), value("b", resolution=1e-10))


def right() -> v.Report:
    """Three inputs, all right."""
    shapes = v.Finding("shape", PASS, "every gradient has the shape of its input")
    pure = v.Finding("mutates-input", PASS, "no input was changed")
    slope = math.cos(1)
    x = value("x", claimed=slope, measured=slope + 1e-12, sweep=sweep())
    return report(PASS, shapes, pure, x, value("W"), value("b"))


def impure() -> v.Report:
    """A broken contract, a wrong value, an undecided one, explored points and a counterexample."""
    mutates = v.Finding(
        "mutates-input",
        FAIL,
        "the backward pass changes W in place: W[0, 0] was 1.0 and is 0.0 afterwards",
        "W",
        advice="work on a copy: W = W.copy()",
    )
    noisy = undecided().findings[0]
    found = {"x": np.array([0.0, 1.0]), "W": np.zeros((5, 5))}
    wrong = value(
        "a", FAIL, claimed=2.0, measured=-2.0, margin=1e9, diagnosis="sign", message="a has the wrong sign"
    )
    return report(
        FAIL, wrong, noisy, mutates, value("x"), counterexample=found, explored={"tried": 200, "skipped": 3}
    )


def undecided() -> v.Report:
    """Nothing but a comparison that noise hides."""
    noisy = value(
        "b",
        INCONCLUSIVE,
        message="the noise of the function (1e-3) hides a mistake of 1e-4",
        index=(1,),
        measured=1.001,
        error=2e-2,
        resolution=2e-2,
        probability=0.9,
        margin=0.05,
        status="noisy",
        advice="evaluate it in float64, or ask for resolution=0.02",
    )
    return report(INCONCLUSIVE, noisy, resolution=2e-2, probability=0.9)


def kinked() -> v.Report:
    """A pass by a subgradient."""
    sub = value(
        "x",
        message="0 lies between the one-sided slopes 0 and 1",
        claimed=0.0,
        measured=0.5,
        error=0.5,
        status="kink",
        diagnosis="subgradient",
    )
    return report(PASS, sub, value("b", probability=1.0), probability=1.0)


def report(verdict: v.Verdict, *findings: v.Finding, **fields: object) -> v.Report:
    """A report of these findings with the bookkeeping filled in."""
    known = {
        "call": "check_backward",
        "subject": "dense_backward",
        "resolution": 2e-10,
        "probability": 0.999,
        "evaluations": 41,
        "claim_evaluations": 3,
        "seconds": 0.0125,
        "seed": 7,
        "environment": {"python": "3.12.1", "numpy": "2.0.0", "gradcheck": "0.1.0"},
    }
    return v.Report(verdict, findings, **{**known, **fields})  # type: ignore[arg-type]


ALL = {"halved": halved, "right": right, "impure": impure, "undecided": undecided, "kinked": kinked}
