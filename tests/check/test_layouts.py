"""Arrays in every layout are handed to f and the claim; what goes wrong on one of them alone is found by exploring."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import Report, Verdict, check_grad, check_jvp, check_vjp
from gradcheck.check._memory import LAYOUTS, is_plain, like

Array = np.ndarray[Any, np.dtype[Any]]
X = np.random.default_rng(1).standard_normal((4, 3))
THIN = np.random.default_rng(2).standard_normal((4, 1))
SHAPES = [(), (1,), (5,), (4, 3), (4, 1), (1, 3), (2, 3, 4)]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_a_layout_keeps_the_numbers_and_leaves_the_array_alone(
    layout: str, shape: tuple[int, ...], dtype: type
) -> None:
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    before = x.copy()
    new = LAYOUTS[layout](x)
    expected = np.broadcast_to(x[:1], shape) if layout == "expanded" and shape else x
    np.testing.assert_array_equal(new, expected)
    np.testing.assert_array_equal(x, before)
    assert new.dtype == dtype
    assert not np.shares_memory(new, x)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_array_is_stored_like_another_one(layout: str, shape: tuple[int, ...]) -> None:
    template = LAYOUTS[layout](np.zeros(shape, np.float32))
    x = np.random.default_rng(0).standard_normal(shape)
    new = like(x, template)
    assert [2 * step for step in template.strides] == list(new.strides)
    assert new.flags.writeable == template.flags.writeable
    np.testing.assert_array_equal(new, np.broadcast_to(x[-1:], shape) if 0 in new.strides else x)


def test_layouts_are_what_they_are_called() -> None:
    strides = {name: layout(X).strides for name, layout in LAYOUTS.items()}
    assert strides == {
        "fortran": (8, 32),
        "strided": (48, 16),
        "backwards": (-24, -8),
        "expanded": (0, 8),
        "read-only": (24, 8),
    }
    assert LAYOUTS["fortran"](THIN).strides == (8, 32), "NumPy itself would leave (8, 8), which is C order"
    assert [n for n, layout in LAYOUTS.items() if not layout(X).flags.writeable] == ["expanded", "read-only"]
    assert is_plain(X)
    assert not any(is_plain(layout(X)) for layout in LAYOUTS.values())


# Claims that are right for plain arrays and wrong for others. -------------------------------------------------------


def square(x: Array) -> Array:
    return x * x


def right(ct: Array, x: Array) -> Array:
    return 2 * ct * x


def forwards(x: Array) -> Array:
    """What code reads that takes strides for their sizes."""
    return x[tuple(slice(None, None, -1 if step < 0 else 1) for step in x.strides)]


def without_gaps(x: Array) -> Array:
    """What C code reads that is handed a pointer and takes every second element for every one."""
    plain = np.empty(x.shape, x.dtype).strides
    return np.lib.stride_tricks.as_strided(x, x.shape, plain) if x.strides[-1] == 2 * x.itemsize else x


def in_columns(x: Array) -> Array:
    """What is read in the order of memory and written row by row."""
    return np.ravel(x, order="K").reshape(x.shape) if x.flags.f_contiguous else x


def leading_dimension(x: Array) -> Array:
    """Steps over as many elements as the last stride has, where one is meant."""
    return x / (x.strides[-1] // x.itemsize) if x.strides[-1] > x.strides[0] > 0 else x


def one_for_all(x: Array) -> Array:
    """A shortcut for arrays of equal lines that forgets how many there are."""
    return x / len(x) if x.strides[0] == 0 else x


def there_and_back(x: Array) -> Array:
    """Works in place and leaves everything as it was."""
    x[...] = -x
    y = -x
    x[...] = -x
    return y


Read = Callable[[Array], Array]
WRONG: dict[str, tuple[Read, Array, str]] = {
    "negative strides": (forwards, X, "noncontiguous"),
    "gaps": (without_gaps, X, "noncontiguous"),
    "Fortran order": (in_columns, X, "noncontiguous"),
    "Fortran order of a column": (leading_dimension, THIN, "noncontiguous"),
    "zero strides": (one_for_all, X, "noncontiguous"),
    "read-only": (there_and_back, X, "mutates"),
}
# The strided views of the given point show these two; they must be found where that look is not taken.
SHOWN_AT_ONCE = ("gaps", "Fortran order")


def codes(report: Report) -> set[str]:
    return {
        f.code.removesuffix("-input").removesuffix("-cotangent")
        for f in report.findings
        if f.verdict is Verdict.FAIL
    }


@pytest.mark.parametrize(("read", "x", "code"), WRONG.values(), ids=WRONG)
def test_a_claim_that_reads_its_input_wrong_is_found(read: Read, x: Array, code: str) -> None:
    report = check_vjp(square, lambda ct, x: 2 * ct * read(x), x, explore=200)
    assert report.verdict is Verdict.FAIL
    assert codes(report) == {code}


@pytest.mark.parametrize(("read", "x", "code"), WRONG.values(), ids=WRONG)
def test_a_claim_that_reads_its_cotangent_wrong_is_found(read: Read, x: Array, code: str) -> None:
    report = check_vjp(square, lambda ct, x: 2 * read(ct) * x, x, explore=200)
    assert report.verdict is Verdict.FAIL
    assert codes(report) == {code}


@pytest.mark.parametrize(("read", "x", "code"), WRONG.values(), ids=WRONG)
def test_a_claim_of_tangents_that_reads_them_wrong_is_found(read: Read, x: Array, code: str) -> None:
    report = check_jvp(square, lambda t, x: 2 * read(t[0]) * x, x, explore=200)
    assert report.verdict is Verdict.FAIL
    assert codes(report) == {code}


@pytest.mark.parametrize(("read", "x", "code"), WRONG.values(), ids=WRONG)
def test_a_function_that_reads_its_input_wrong_is_found(read: Read, x: Array, code: str) -> None:
    """But for one that must write: where f raises there is nothing to judge."""
    report = check_vjp(lambda x: read(x) ** 2, right, x, explore=200)
    assert report.verdict is (Verdict.PASS if code == "mutates" else Verdict.FAIL)


@pytest.mark.parametrize("name", [name for name in WRONG if name not in SHOWN_AT_ONCE])
def test_the_given_point_does_not_show_it(name: str) -> None:
    """What makes the tests above tests of exploring."""
    read, x, _ = WRONG[name]
    assert check_vjp(square, lambda ct, x: 2 * ct * read(x), x)
    assert check_vjp(square, lambda ct, x: 2 * read(ct) * x, x)


@pytest.mark.parametrize("x", [X, THIN], ids=["matrix", "column"])
def test_twins_that_read_by_index_pass(x: np.ndarray) -> None:
    assert check_vjp(square, right, x, explore=200)
    assert check_jvp(square, lambda t, x: 2 * t[0] * x, x, explore=100)
    assert check_grad(lambda x: np.sum(x * x), lambda x: 2 * x, x, explore=100)


def test_the_counterexample_has_the_layout_and_the_authors_numbers() -> None:
    report = check_vjp(square, lambda ct, x: 2 * ct * forwards(x), X, explore=200)
    assert report.counterexample is not None
    x = report.counterexample["x"]
    assert x.strides[0] < 0
    np.testing.assert_array_equal(x, X)


def test_sums_that_cancel_are_no_matter_of_layout() -> None:
    """Another layout sums in another order; at 1e4 + noise the variance shows it in its seventh digit."""

    def naive_variance(x: Array) -> Array:
        return np.mean(x * x, axis=(0, 1)) - np.mean(x, axis=(0, 1)) ** 2

    def vjp(ct: Array, x: Array) -> Array:
        return 2 * ct * (x - np.mean(x, axis=(0, 1))) / (x.shape[0] * x.shape[1])

    x = np.random.default_rng(3).standard_normal((8, 8, 3))
    report = check_vjp(naive_variance, vjp, x, explore=200)
    assert report.verdict is not Verdict.FAIL, str(report)


def test_a_gradient_of_rounding_alone_is_no_matter_of_layout() -> None:
    """At the minimum A x - b is what rounding leaves, and every order of summing leaves something else."""
    rng = np.random.default_rng(7)
    B, b = rng.standard_normal((5, 5)), rng.standard_normal(5)
    A = B @ B.T + np.eye(5)
    minimum = np.linalg.solve(A, b)
    for seed in range(3):
        report = check_grad(
            lambda x: 0.5 * x @ A @ x - b @ x, lambda x: A @ x - b, minimum, explore=100, seed=seed
        )
        assert report.verdict is not Verdict.FAIL, str(report)


def refuses(ct: Array, x: Array) -> Array:
    if min(ct.strides) < 0:
        raise ValueError("negative strides are not supported")
    return 2 * ct * x


def test_a_claim_that_refuses_a_layout_aloud_is_not_wrong() -> None:
    assert check_vjp(square, refuses, X, explore=200)
