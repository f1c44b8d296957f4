"""Misuse raises one error with value, cause and cure, before any long work."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from gradcheck import (
    UsageError,
    Verdict,
    check_adjoint,
    check_backward,
    check_grad,
    check_hessian,
    check_hvp,
    check_jacobian,
    check_jvp,
    check_vjp,
)

X = np.ones(3)


def f(x: Any) -> Any:
    return np.sum(x**2)


def grad(x: Any) -> Any:
    return 2 * x


def square(x: Any) -> Any:
    return x**2


def vjp(w: Any, x: Any) -> Any:
    return 2 * w * x


def jvp(t: Any, x: Any) -> Any:
    return 2 * x * t[0]


class Turncoat:
    """A square that returns something else from some call on."""

    def __init__(self, other: Any, after: int) -> None:
        self.other, self.after, self.calls = other, after, 0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return x**2 if self.calls <= self.after else self.other(x)


def boom(*_: Any) -> Any:
    raise ZeroDivisionError("boom")


MISUSES: dict[str, Any] = {
    "f and claim swapped": lambda: check_grad(grad, f, X),
    "vjp swapped": lambda: check_vjp(lambda w, x: 2 * w * x, lambda x: x**2, X),
    "f returns an array": lambda: check_grad(lambda x: x, grad, X),
    "f returns a complex number": lambda: check_grad(lambda x: np.sum(x) * 1j, grad, X),
    "f returns a string": lambda: check_grad(lambda x: "loss", grad, X),
    "f returns None": lambda: check_grad(lambda x: None, grad, X),
    "f raises": lambda: check_grad(lambda x: x @ np.ones(4), grad, X),
    "claim returns a string": lambda: check_grad(f, lambda x: "2x", X),
    "claim returns objects": lambda: check_grad(f, lambda x: np.array([object()] * 3), X),
    "wrong structure": lambda: check_grad(
        lambda x, y, z: np.sum(x * y * z), lambda x, y, z: (x, y), (X, X, X)
    ),
    "no float input": lambda: check_grad(lambda i: 1.0, lambda i: i, np.arange(3)),
    "empty input": lambda: check_grad(lambda x: 1.0, lambda x: x, np.empty(0)),
    "f is no function": lambda: check_grad(3, grad, X),
    "claim is no function": lambda: check_grad(f, "grad", X),
    "unknown option": lambda: check_grad(f, grad, X, kink="strict"),
    "unknown value": lambda: check_grad(f, grad, X, kinks="lenient"),
    "negative tolerance": lambda: check_grad(f, grad, X, rtol=-1.0),
    "resolution of zero": lambda: check_grad(f, grad, X, resolution=0.0),
    "budget of zero": lambda: check_grad(f, grad, X, max_evaluations=0),
    "explore is no number": lambda: check_grad(f, grad, X, explore="all"),
    "wrt names nothing": lambda: check_grad(f, grad, X, wrt="W*"),
    "outputs name nothing": lambda: check_vjp(np.sin, lambda w, x: w * np.cos(x), X, outputs=4),
    "executor cannot submit": lambda: check_grad(f, grad, X, executor=4),
    "forward without a cache": lambda: check_backward(np.sin, lambda w, c: w, X),
    "forward with too much": lambda: check_backward(lambda x: (x, x, x), lambda w, c: w, X),
    "hessian of an array": lambda: check_hessian(np.sin, grad, X),
    "hessian of a function that raises": lambda: check_hessian(boom, grad, X),
    "hessian swapped": lambda: check_hessian(lambda x: 2 * np.eye(3), f, X),
    "hessian returns a string": lambda: check_hessian(f, lambda x: "H", X),
    "jacobian of two outputs": lambda: check_jacobian(lambda x: (x, x), lambda x: np.eye(3), X),
    "jacobian returns a string": lambda: check_jacobian(square, lambda x: "J", X),
    "jvp swapped": lambda: check_jvp(jvp, square, X),
    "jvp returns None": lambda: check_jvp(square, lambda t, x: None, X),
    "jvp returns a string": lambda: check_jvp(square, lambda t, x: "t", X),
    "jvp returns objects": lambda: check_jvp(square, lambda t, x: np.array([object()] * 3), X),
    "hvp swapped": lambda: check_hvp(grad, f, jvp, X),
    "hvp returns None": lambda: check_hvp(f, grad, lambda t, x: None, X),
    "gradient of the hvp returns None": lambda: check_hvp(f, lambda x: None, jvp, X),
    "adjoint's jvp returns None": lambda: check_adjoint(lambda t, x: None, vjp, X),
    "adjoint's vjp returns a string": lambda: check_adjoint(jvp, lambda w, x: "g", X),
    "adjoint explored": lambda: check_adjoint(jvp, vjp, X, explore=3),
    "a claim for what is no input": lambda: check_grad(
        lambda p: np.sum(p["a"]), lambda p: {"a": np.ones(3), "z": np.ones(3)}, {"a": X}
    ),
    "an array for a dictionary": lambda: check_grad(lambda p: np.sum(p["a"]), lambda p: np.ones(3), {"a": X}),
    "one gradient for two inputs": lambda: check_grad(
        lambda a, b: np.sum(a * b), lambda a, b: b.copy(), (X, X)
    ),
    "masked array": lambda: check_grad(f, grad, np.ma.array(X, mask=[0, 1, 0])),
    "objects as input": lambda: check_grad(f, grad, np.array([1.0, 2.0], dtype=object)),
    "None as input": lambda: check_grad(f, grad, None),
    "too many inputs": lambda: check_grad(f, grad, (X, X)),
    "f of another shape at once": lambda: check_vjp(Turncoat(lambda x: x[:2], 1), vjp, X),
    "f of another shape later": lambda: check_vjp(Turncoat(lambda x: x[:2], 5), vjp, X),
    "f of another structure later": lambda: check_vjp(Turncoat(lambda x: (x, x), 5), vjp, X),
    "f complex later": lambda: check_vjp(Turncoat(lambda x: x + 1j, 5), vjp, X),
    "f None later": lambda: check_vjp(Turncoat(lambda x: None, 5), vjp, X),
    "f objects later": lambda: check_vjp(Turncoat(lambda x: np.array([None] * 3), 5), vjp, X),
    "wrt is a float": lambda: check_grad(f, grad, X, wrt=3.5),
    "wrt is empty": lambda: check_grad(f, grad, X, wrt=[]),
    "outputs is a float": lambda: check_vjp(square, vjp, X, outputs=1.5),
    "an option that is an array": lambda: check_grad(f, grad, X, method=np.ones(2)),
    "an option that is a list": lambda: check_grad(f, grad, X, coverage=["auto"]),
    "resolution of a whole gradient": lambda: check_grad(f, grad, X, resolution=2.0),
    "tolerance that is no number": lambda: check_grad(f, grad, X, rtol=float("nan")),
    "the class of an executor": lambda: check_grad(f, grad, X, executor=ThreadPoolExecutor),
    "batched f without batches": lambda: check_grad(f, grad, X, batched=True),
    "batched hessian without batches": lambda: check_hessian(f, lambda x: 2 * np.eye(3), X, batched=True),
}


@pytest.mark.parametrize("misuse", MISUSES)
def test_misuse_is_refused_with_value_cause_and_cure(misuse: str) -> None:
    with pytest.raises(UsageError) as caught:
        MISUSES[misuse]()
    assert all([caught.value.value, caught.value.cause, caught.value.cure])


def test_a_misspelt_option_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="negative_control"):
        check_grad(f, grad, X, negative_controls=True)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("name", "cure"),
    [("tol", "rtol or atol"), ("seeds", "seed"), ("zzz", "one of wrt")],
)
def test_an_unknown_option_is_told_the_near_ones(name: str, cure: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_grad(f, grad, X, **{name: 1})  # type: ignore[arg-type]
    assert caught.value.cure.startswith(cure)


def test_a_list_of_numbers_whose_gradient_is_an_array_is_advised_to_be_an_array() -> None:
    def of_list(x: Any) -> Any:
        return float(np.sum(np.square(x)))

    with pytest.raises(UsageError, match=r"or pass np.array\(\[...\]\)"):
        check_grad(of_list, lambda x: 2 * np.asarray(x), [0.5, 1.0])
    with pytest.raises(UsageError) as caught:
        check_grad(lambda x: np.sum(x[0]), lambda x: np.ones(3), [X, X])
    assert "np.array" not in caught.value.cure
    assert check_grad(of_list, lambda x: [2 * v for v in x], [0.5, 1.0])


def test_a_hessian_speaks_of_the_slopes_of_a_function_that_returns_one_number() -> None:
    found = check_hessian(f, lambda x: 2 * np.eye(2), np.array([np.nan, 1.0])).findings
    assert [x.message for x in found if x.code == "nonfinite"] == [
        "2 of f's 2 slopes are NaN here, and were left out"
    ]
    vector = check_vjp(square, vjp, np.array([np.nan, 1.0])).findings
    assert any("outputs are NaN" in x.message for x in vector)


def test_misuse_is_refused_before_any_long_work() -> None:
    calls = []

    def counted(x: Any) -> Any:
        calls.append(1)
        return x

    with pytest.raises(UsageError):
        check_grad(counted, grad, X)
    assert len(calls) == 1


def test_the_message_shows_what_was_returned() -> None:
    with pytest.raises(UsageError, match="f returned None"):
        check_vjp(Turncoat(lambda x: None, 5), vjp, X)
    with pytest.raises(UsageError, match="jvp returned 't'"):
        check_jvp(square, lambda t, x: "t", X)


def test_an_error_for_misuse_is_not_wrapped_in_another() -> None:
    with pytest.raises(UsageError) as caught:
        check_backward(lambda x: (x, x, x), lambda w, c: w, X)
    assert str(caught.value).count("Try:") == 1


def test_what_cannot_be_sent_to_another_process_is_refused() -> None:
    with ProcessPoolExecutor(1) as pool, pytest.raises(UsageError, match="another process"):
        check_grad(lambda x: np.sum(x**2), grad, X, executor=pool)


@pytest.mark.parametrize(
    "judge",
    [
        lambda: check_hvp(f, grad, boom, X),
        lambda: check_hvp(f, boom, lambda t, x: 2 * t[0], X),
        lambda: check_hessian(f, boom, X),
        lambda: check_adjoint(boom, vjp, X),
        lambda: check_adjoint(jvp, boom, X),
    ],
)
def test_a_claim_that_raises_is_a_finding_of_every_check(judge: Any) -> None:
    report = judge()
    assert {f.code for f in report.findings if f.verdict is Verdict.FAIL} == {"raises"}
    assert "boom" in str(report)


@pytest.mark.parametrize(
    "judge",
    [
        lambda: check_hvp(f, grad, lambda t, x: np.ones(2), X),
        lambda: check_hessian(f, lambda x: np.ones(3), X),
        lambda: check_adjoint(_shrinking(), vjp, X),
    ],
)
def test_a_claim_of_the_wrong_shape_fails_every_check(judge: Any) -> None:
    assert "shape" in {f.code for f in judge().findings if f.verdict is Verdict.FAIL}


def _shrinking() -> Any:
    calls = []

    def claim(t: Any, x: Any) -> Any:
        calls.append(1)
        return 2 * x * t[0] if len(calls) == 1 else np.ones(2)

    return claim


@pytest.mark.parametrize(
    ("claim", "diagnosis"),
    [
        (lambda x: np.ones((2, 3)), "missing-sum"),
        (lambda x: np.ones((1, 3)), "missing-sum"),
        (lambda x: np.ones(4), ""),
    ],
)
def test_only_a_shape_that_was_broadcast_is_called_unreduced(claim: Any, diagnosis: str) -> None:
    found = next(f for f in check_grad(f, claim, X).findings if f.code == "shape")
    assert found.diagnosis == diagnosis


@pytest.mark.parametrize(
    ("shape", "expected"), [((0, 2), Verdict.PASS), ((3,), Verdict.FAIL), ((2, 0), Verdict.FAIL)]
)
def test_the_gradient_of_an_empty_array_is_empty(shape: tuple[int, ...], expected: Verdict) -> None:
    inputs, g = (np.zeros((0, 2)), X), np.ones(shape)
    reports = [
        check_grad(lambda e, x: f(x) + e.sum(), lambda e, x: (g, 2 * x), inputs),
        check_vjp(lambda e, x: square(x), lambda w, e, x: (g, 2 * w * x), inputs),
        check_jacobian(lambda e, x: square(x), lambda e, x: (np.ones((3, *shape)), np.diag(2 * x)), inputs),
        check_backward(lambda e, x: (square(x), x), lambda w, x: (g, 2 * w * x), inputs),
        check_adjoint(lambda t, e, x: 2 * x * t[1], lambda w, e, x: (g, 2 * w * x), inputs),
    ]
    assert [report.verdict for report in reports] == [expected] * len(reports)
    for report in reports:
        failed = {(x.code, x.input) for x in report.findings if x.verdict is Verdict.FAIL}
        assert failed == (set() if expected is Verdict.PASS else {("shape", "e")})


def test_there_need_be_no_gradient_of_an_empty_array() -> None:
    inputs = np.zeros((0, 2)), X
    for claim in (lambda e, x: (None, 2 * x), lambda e, x: 2 * x):
        assert check_grad(lambda e, x: f(x) + e.sum(), claim, inputs).verdict is Verdict.PASS


CALLED_OTHERWISE = {
    "grad(*inputs)": lambda: check_grad(f, lambda x, y: x, X),
    "vjp(cotangent, *inputs)": lambda: check_vjp(square, lambda x: x, X),
    "jvp(tangents, *inputs)": lambda: check_jvp(square, lambda x: x, X),
    "jac(*inputs)": lambda: check_jacobian(square, lambda w, x: x, X),
    "hess(*inputs)": lambda: check_hessian(f, lambda w, x: x, X),
    "hvp(tangents, *inputs)": lambda: check_hvp(f, grad, lambda x: x, X),
    "backward(cotangent, cache)": lambda: check_backward(lambda x: (x**2, x), lambda w, x, y: w, X),
}


@pytest.mark.parametrize("signature", CALLED_OTHERWISE)
def test_a_claim_of_another_signature_is_told_how_it_is_called(signature: str) -> None:
    report = CALLED_OTHERWISE[signature]()
    assert [signature in f.advice for f in report.findings if f.code == "raises"] == [True]


def _adds_what_does_not_add(x: Any) -> Any:
    return x + "1"


@pytest.mark.parametrize("claim", [boom, _adds_what_does_not_add])
def test_a_claim_that_raises_by_itself_is_not(claim: Any) -> None:
    found = [x for x in check_grad(f, claim, X).findings if x.code == "raises"]
    assert ["called as" in x.advice for x in found] == [False]


def test_a_jvp_among_vjps_is_asked_about() -> None:
    report = check_vjp(square, lambda t, x: 2 * x * t[0], np.array([0.5, 1.0, 2.0]))
    assert "check_jvp" in report.findings[-1].advice
