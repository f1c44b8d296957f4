"""derivative and central: statuses, dtypes, domains, misuse, size."""

import tracemalloc

import numpy as np
import pytest

from gradcheck.differentiate import Estimate, Status, UsageError, central, derivative


def relu(x):
    return np.maximum(x, 0.0)


def contains(estimate, truth) -> np.ndarray:
    return np.abs(estimate.value - truth) <= estimate.error


# --- statuses ---------------------------------------------------------------------------------------------------


def test_smooth_values_and_errors() -> None:
    x = np.linspace(-3.0, 3.0, 301)
    estimate = derivative(np.sin, x)
    assert contains(estimate, np.cos(x)).all()
    assert (estimate.status == Status.SMOOTH).all()
    assert np.median(np.abs(estimate.value - np.cos(x))) < 1e-12
    assert (estimate.error < 1e-8).all()


@pytest.mark.parametrize(
    ("f", "x", "low", "high"),
    [
        (relu, 0.0, 0.0, 1.0),
        (np.abs, 0.0, -1.0, 1.0),
        (lambda x: np.maximum(x, 0.01 * x), 0.0, 0.01, 1.0),
        (lambda x: np.abs(x - 1.0) + x * x, 1.0, 1.0, 3.0),
        (lambda x: 1e-3 * np.abs(x) + np.exp(x), 0.0, 0.999, 1.001),
        (lambda x: -2.0 * relu(x), 0.0, -2.0, 0.0),
    ],
)
def test_at_a_kink_the_interval_is_that_of_the_one_sided_slopes(f, x: float, low: float, high: float) -> None:
    estimate = derivative(f, x)
    assert estimate.status == Status.KINK
    np.testing.assert_allclose(estimate.interval, [low, high], rtol=0, atol=1e-6)
    assert estimate.value - estimate.error <= low
    assert estimate.value + estimate.error >= high


@pytest.mark.parametrize("distance", [1e-10, 1e-8, 1e-6, 1e-4, 1e-2])
def test_near_a_kink_the_slope_is_that_of_the_side(distance: float) -> None:
    for sign, slope in ((1.0, 1.3), (-1.0, 0.3)):
        x = 1.0 + sign * distance
        estimate = derivative(lambda v: relu(v - 1.0) + 0.3 * v, x)
        assert contains(estimate, slope)
        assert estimate.error < 1e-3
        assert estimate.status in (Status.SMOOTH, Status.NOISY)


def test_a_zoom_is_what_tells_a_near_kink_from_one_at_the_point(monkeypatch: pytest.MonkeyPatch) -> None:
    from gradcheck.differentiate import _descent

    def near() -> Estimate:
        return derivative(lambda v: relu(v - 1.0), 1.0 + 1e-7)

    assert near().status == Status.SMOOTH
    assert contains(near(), 1.0)
    monkeypatch.setattr(
        _descent, "_zoom_depth", lambda rungs, undecided, reachable: np.zeros(1, dtype=np.intp)
    )
    monkeypatch.setattr(_descent, "_gains_below", lambda rungs, choice, bottom: np.zeros((1, 1), dtype=bool))
    assert near().status == Status.JUMP
    assert near().error == np.inf


@pytest.mark.parametrize(
    "f", [np.sign, np.floor, lambda x: np.floor(x) + np.sin(x), lambda x: np.mod(x, 1.0)]
)
def test_a_jump_has_no_derivative(f) -> None:
    estimate = derivative(f, 0.0)
    assert estimate.status == Status.JUMP
    assert np.isnan(estimate.value)
    assert estimate.error == np.inf


@pytest.mark.parametrize("f", [np.sqrt, np.cbrt, lambda x: np.sqrt(np.abs(x)), lambda x: np.cbrt(x) + x])
def test_a_slope_without_bound_is_singular(f) -> None:
    estimate = derivative(f, 0.0)
    assert estimate.status == Status.SINGULAR
    assert estimate.error == np.inf


@pytest.mark.parametrize(
    ("f", "x"), [(np.log, -1.0), (np.log, 0.0), (lambda x: 1.0 / x, 0.0), (np.sqrt, -4.0)]
)
def test_a_value_that_is_not_finite_is_nonfinite(f, x: float) -> None:
    estimate = derivative(f, x)
    assert estimate.status == Status.NONFINITE
    assert np.isnan(estimate.value)
    assert estimate.error == np.inf


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (lambda x: np.sqrt(x) * x, 0.0, 0.0),
        (lambda x: np.where(x <= 1.0, np.sin(x), np.nan), 1.0, np.cos(1.0)),
        (lambda x: np.where(x >= 0.0, np.exp(x), np.nan), 0.0, 1.0),
        (lambda x: np.where(x >= 0.0, np.exp(x), np.inf), 0.0, 1.0),
    ],
)
def test_at_the_edge_of_the_domain_the_estimate_is_one_sided(f, x: float, slope: float) -> None:
    estimate = derivative(f, x)
    assert estimate.status == Status.EDGE
    assert contains(estimate, slope)
    assert estimate.error < 1e-5


@pytest.mark.parametrize("distance", [1e-8, 1e-5, 1e-3, 0.3])
def test_inside_the_domain_but_near_its_edge_both_sides_are_used(distance: float) -> None:
    estimate = derivative(np.log, distance)
    assert estimate.status in (Status.SMOOTH, Status.NOISY)
    assert contains(estimate, 1.0 / distance)
    assert estimate.error < 1e-6 / distance


def test_flat_is_zero_with_an_error_that_rounding_explains() -> None:
    estimate = derivative(lambda x: 1.0 / (1.0 + np.exp(-x)), 40.0)
    assert estimate.status == Status.FLAT
    assert estimate.value == 0.0
    assert contains(estimate, np.exp(-40.0))
    assert 0.0 < estimate.error < 1e-10


def test_noise_of_the_function_is_in_the_error() -> None:
    rng = np.random.default_rng(1)
    x = np.linspace(0.2, 1.2, 200)
    estimate = derivative(lambda v: np.sin(v) + 1e-7 * rng.uniform(-1.0, 1.0, v.shape), x)
    assert contains(estimate, np.cos(x)).mean() > 0.99
    assert (estimate.status == Status.NOISY).mean() > 0.9


# --- dtypes and points ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, np.int64, np.uint8])
def test_functions_that_follow_the_dtype_are_measured_in_float64(dtype) -> None:
    estimate = derivative(np.exp, np.array([1, 2], dtype=dtype))
    assert estimate.value.dtype == np.float64
    assert contains(estimate, np.exp([1.0, 2.0])).all()
    assert (estimate.error < 1e-9).all()


def test_functions_that_compute_in_float32_get_the_error_of_float32() -> None:
    x = np.linspace(0.1, 2.0, 50).astype(np.float32)
    for f in (lambda v: np.sin(v.astype(np.float32)), lambda v: np.sin(v.astype(np.float32)).astype(float)):
        estimate = derivative(f, x)
        assert contains(estimate, np.cos(x.astype(float))).all()
        assert (estimate.error < 1e-2).all()
        assert (estimate.error > 1e-8).all()


def test_a_function_that_computes_in_float16_is_never_certain_of_a_wrong_number() -> None:
    x = np.linspace(0.5, 2.0, 40)
    for f in (lambda v: np.sin(v.astype(np.float16)), lambda v: np.sin(v.astype(np.float16)).astype(float)):
        estimate = derivative(f, x)
        assert (contains(estimate, np.cos(x)) | np.isinf(estimate.error)).all()


@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0,), (2, 0, 3)])
def test_the_estimate_has_the_shape_of_x(shape: tuple[int, ...]) -> None:
    estimate = derivative(np.sin, np.ones(shape))
    for array in (estimate.value, estimate.error, estimate.status, estimate.step, estimate.evaluations):
        assert array.shape == shape
    assert estimate.interval.shape == (*shape, 2)


@pytest.mark.parametrize("x", [np.nan, np.inf, -np.inf])
def test_points_that_are_not_finite_do_not_disturb_the_others(x: float) -> None:
    estimate = derivative(lambda v: v * v, [1.0, x, 2.0])
    assert estimate.status[1] == Status.NONFINITE
    assert contains(estimate, [2.0, np.nan, 4.0])[[0, 2]].all()


@pytest.mark.parametrize("x", [5e-324, -1e-310, 1e-300, 1.7e308, 1e150])
def test_tiny_and_huge_points(x: float) -> None:
    estimate = derivative(lambda v: 3.0 * v, x)
    assert contains(estimate, 3.0) or np.isinf(estimate.error)


def test_strided_and_fortran_ordered_points() -> None:
    x = np.asfortranarray(np.arange(12.0).reshape(3, 4))[:, ::-2]
    np.testing.assert_allclose(derivative(np.square, x).value, 2 * x, atol=1e-9)


# --- domain -----------------------------------------------------------------------------------------------------


def test_no_evaluation_leaves_the_domain() -> None:
    def f(x):
        assert ((x >= 0.0) & (x <= 1.0)).all()
        return np.sqrt(x * (1.0 - x)) + x

    x = np.array([1e-9, 0.3, 1.0 - 1e-12, 0.5])
    estimate = derivative(f, x, domain=(0.0, 1.0))
    assert (contains(estimate, (0.5 - x) / np.sqrt(x * (1.0 - x)) + 1.0) | np.isinf(estimate.error)).all()
    assert (estimate.error[[1, 3]] < 1e-8).all()


def test_on_the_border_of_the_domain_the_estimate_is_one_sided() -> None:
    estimate = derivative(np.exp, [0.0, 1.0], domain=(0.0, 1.0))
    assert (estimate.status == Status.EDGE).all()
    assert contains(estimate, np.exp([0.0, 1.0])).all()
    assert (estimate.error < 1e-5).all()


def test_a_domain_may_be_open_to_one_side() -> None:
    assert contains(derivative(np.log, 0.5, domain=(0.0, None)), 2.0)
    assert contains(derivative(np.log, 0.5, domain=(None, 7)), 2.0)


@pytest.mark.parametrize("domain", [(1.0, 0.0), (0.0, 0.0), (0.0,), 3.0, ("a", "b"), (np.nan, 1.0)])
def test_a_domain_that_is_none_is_refused(domain) -> None:
    with pytest.raises(UsageError, match="domain"):
        derivative(np.sin, 0.5, domain=domain)


def test_a_point_outside_the_domain_is_refused() -> None:
    with pytest.raises(UsageError, match=r"2\.0"):
        derivative(np.sin, [0.5, 2.0], domain=(0.0, 1.0))


# --- exceptions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError, FloatingPointError, ZeroDivisionError, np.linalg.LinAlgError])
def test_an_exception_from_one_side_is_the_edge_of_the_domain_and_is_told(error: type[Exception]) -> None:
    def f(x):
        if (x < 1.0).any():
            raise error("not there")
        return x * x

    estimate = derivative(f, [1.0, 5.0])
    assert estimate.status.tolist() == [Status.EDGE, Status.SMOOTH]
    assert contains(estimate, [2.0, 10.0]).all()
    assert "not there" in estimate.notes[0]
    assert error.__name__ in estimate.notes[0]


def test_without_an_exception_there_is_nothing_to_tell() -> None:
    assert derivative(np.sin, 1.0).notes == ()


def test_a_function_that_raises_everywhere_is_an_error() -> None:
    def f(x):
        raise ValueError("broken")

    with pytest.raises(UsageError, match="broken"):
        derivative(f, [1.0, 2.0])


def test_other_exceptions_pass_through() -> None:
    def f(x):
        raise KeyError("a mistake in f")

    with pytest.raises(KeyError, match="a mistake"):
        derivative(f, 1.0)


# --- misuse -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda x: x.sum(), "shape"),
        (lambda x: np.stack([x, x]), "shape"),
        (lambda x: x + 1j, "complex"),
        (lambda x: x.astype(str), "numbers"),
        (lambda x: x.astype(object), "numbers"),
        (lambda x: None, "numbers"),
        (lambda x: [[1.0], [1.0, 2.0]], "shapes"),
    ],
)
def test_results_that_are_no_derivable_array_are_refused(f, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        derivative(f, [1.0, 2.0, 3.0])


@pytest.mark.parametrize("x", [1j, "1.0", None, [True], [[1.0], [1.0, 2.0]], np.array([1.0], dtype=object)])
def test_points_that_are_no_real_numbers_are_refused(x) -> None:
    with pytest.raises(UsageError):
        derivative(np.sin, x)


def test_f_may_spoil_its_argument() -> None:
    x = np.array([1.0, 2.0])

    def f(v):
        v *= v
        return v

    estimate = derivative(f, x)
    assert x.tolist() == [1.0, 2.0]
    assert contains(estimate, [2.0, 4.0]).all()


def test_the_caller_s_array_is_as_it_was_after_an_exception() -> None:
    x = np.array([1.0, 2.0])

    def f(v):
        v[:] = 7.0
        raise RuntimeError("after spoiling")

    with pytest.raises(RuntimeError, match="after spoiling"):
        derivative(f, x)
    assert x.tolist() == [1.0, 2.0]


def test_integers_and_booleans_from_f_are_numbers() -> None:
    assert derivative(lambda x: np.where(x > 2.0, 1, 0), 5.0).value == 0.0
    assert derivative(lambda x: x > 2.0, 5.0).value == 0.0


# --- size -------------------------------------------------------------------------------------------------------


def test_a_million_elements_in_bounded_memory() -> None:
    x = np.random.default_rng(0).normal(size=1_000_000)
    tracemalloc.start()
    estimate = derivative(np.sin, x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert contains(estimate, np.cos(x)).mean() > 0.9999
    held = sum(a.nbytes for a in vars(estimate).values() if isinstance(a, np.ndarray))
    assert peak < 2.6 * held + 64e6


def test_every_element_costs_the_same_few_evaluations_whatever_their_number() -> None:
    count = 0

    def f(x):
        nonlocal count
        count += x.size
        return np.sin(x)

    for size in (1, 100, 10_000):
        count = 0
        estimate = derivative(f, np.linspace(0.5, 1.5, size))
        assert count == int(estimate.evaluations.sum()) + 7 * size
        assert (estimate.evaluations == 7).all()
        assert estimate.shared_evaluations == 7


# --- central ----------------------------------------------------------------------------------------------------


def test_central_differences_have_an_honest_bound() -> None:
    x = np.linspace(-3.0, 3.0, 1001)
    estimate = central(np.sin, x)
    assert contains(estimate, np.cos(x)).all()
    assert (estimate.evaluations == 2).all()
    assert np.median(estimate.error) < 2e-5


@pytest.mark.parametrize("k", [1e4, 1e5, 1e6, 1e8])
def test_central_differences_are_uncertain_where_the_step_is_too_long(k: float) -> None:
    x = np.random.default_rng(2).uniform(0.3, 2.0, 500)
    estimate = central(lambda v: np.sin(k * v), x)
    assert contains(estimate, k * np.cos(k * x)).all()


def test_central_differences_obey_the_domain_and_refuse_misuse() -> None:
    assert central(np.log, 1e-7, domain=(0.0, None)).error == np.inf
    with pytest.raises(UsageError):
        central(lambda x: x.sum(), [1.0, 2.0])
