"""JSON: nothing is lost on the way out and nothing foreign comes in."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradcheck.check import _verdict as v
from gradcheck.differentiate._errors import UsageError
from gradcheck.report import from_json, json_schema, to_json
from tests.report import samples

PUBLISHED = Path(__file__).parents[2] / "src/gradcheck/report/schema.json"


def same(a: Any, b: Any) -> bool:
    """Equality that also tells types, dtypes, signs of zero and NaN apart."""
    if isinstance(a, np.ndarray):
        layout = a.shape == b.shape and a.dtype == b.dtype and a.flags.f_contiguous == b.flags.f_contiguous
        return layout and a.tobytes() == b.tobytes()
    if dataclasses.is_dataclass(a):
        return type(a) is type(b) and all(
            same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a)
        )
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and repr(a) == repr(b)


def there_and_back(report: v.Report) -> v.Report:
    return from_json(to_json(report))


@pytest.mark.parametrize("name", samples.ALL)
def test_a_report_comes_back_as_it_was(name: str) -> None:
    assert same(samples.ALL[name](), there_and_back(samples.ALL[name]()))


NUMBERS = st.floats() | st.complex_numbers()


@given(claimed=NUMBERS, measured=NUMBERS | st.none(), error=st.floats() | st.none(), margin=st.floats())
def test_every_number_comes_back_bit_for_bit(claimed: Any, measured: Any, error: Any, margin: float) -> None:
    finding = samples.value("x", claimed=claimed, measured=measured, error=error, margin=margin)
    assert same(
        samples.report(v.Verdict.PASS, finding), there_and_back(samples.report(v.Verdict.PASS, finding))
    )


DTYPES = (
    hnp.boolean_dtypes()
    | hnp.integer_dtypes(endianness="?")
    | hnp.unsigned_integer_dtypes(endianness="?")
    | hnp.floating_dtypes(endianness="?", sizes=(16, 32, 64))
    | hnp.complex_number_dtypes(endianness="?", sizes=(64, 128))
)


@given(DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=4))))
def test_arrays_come_back_with_dtype_shape_and_elements(array: np.ndarray) -> None:
    back = there_and_back(samples.report(v.Verdict.FAIL, counterexample={"x": array})).counterexample
    assert back is not None
    assert back["x"].dtype == array.dtype
    assert back["x"].shape == array.shape
    np.testing.assert_array_equal(back["x"], array)
    if array.dtype.kind in "fc":
        before, after = real_parts(array), real_parts(back["x"])
        numbers = ~np.isnan(before)  # a NaN is written as "nan", without a sign
        np.testing.assert_array_equal(np.signbit(after)[numbers], np.signbit(before)[numbers])


def real_parts(array: np.ndarray) -> np.ndarray:
    return np.concatenate([array.real.ravel(), array.imag.ravel()])


def test_long_doubles_keep_their_digits() -> None:
    array = np.array([np.longdouble(1) / 3, np.longdouble("inf")])
    back = there_and_back(samples.report(v.Verdict.FAIL, counterexample={"x": array})).counterexample
    assert back is not None
    np.testing.assert_array_equal(back["x"], array)
    assert back["x"].dtype == array.dtype


@pytest.mark.parametrize(
    "array", [np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(12.0).reshape(2, 6)[:, ::2]]
)
def test_the_layout_of_a_counterexample_is_kept(array: np.ndarray) -> None:
    back = there_and_back(samples.report(v.Verdict.FAIL, counterexample={"x": array})).counterexample
    assert back is not None
    assert back["x"].flags.c_contiguous == array.flags.c_contiguous
    assert back["x"].flags.f_contiguous == array.flags.f_contiguous
    np.testing.assert_array_equal(back["x"], array)


def test_options_keep_tuples_odd_keys_and_infinities() -> None:
    options = {"wrt": ("W", "b"), "rtol": math.inf, "deep": [{"$array": 1}, {3: None}, 1j, True, "nan"]}
    report = samples.report(v.Verdict.PASS, options=options)
    assert same(there_and_back(report).options, options)


def test_numpy_scalars_become_plain_numbers() -> None:
    finding = samples.value("x", claimed=np.float32(0.5), measured=np.complex64(1j), index=(np.int64(3),))
    back = there_and_back(samples.report(v.Verdict.PASS, finding)).findings[0]
    assert (back.claimed, back.measured, back.index) == (0.5, 1j, (3,))
    assert type(back.index[0]) is int


def test_a_subclass_reads_itself() -> None:
    class Own(v.Report):
        pass

    assert type(Own.from_json(to_json(samples.right()))) is Own


def test_fields_that_an_older_version_did_not_write_keep_their_default() -> None:
    document = json.loads(to_json(samples.right()))
    del document["explored"]
    assert from_json(json.dumps(document)) == samples.right()


def test_what_is_written_is_strict_json() -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    finding = samples.value("x", claimed=math.nan, error=math.inf)
    json.loads(to_json(samples.report(v.Verdict.FAIL, finding)), parse_constant=refuse)


def test_an_object_in_the_options_is_refused_on_the_way_out() -> None:
    with pytest.raises(UsageError, match="numbers, strings, arrays"):
        to_json(samples.report(v.Verdict.PASS, options={"executor": object()}))
    with pytest.raises(UsageError, match="dtype object"):
        to_json(samples.report(v.Verdict.PASS, counterexample={"x": np.array([object()])}))


def changed(**fields: Any) -> str:
    """A good report with one field replaced; double underscores lead into lists and objects."""
    document = json.loads(to_json(samples.halved()))
    for path, value in fields.items():
        *lead, last = (int(part) if part.isdigit() else part for part in path.split("__"))
        target = document
        for part in lead:
            target = target[part]
        target[last] = value
    return json.dumps(document)


ARRAY = {"dtype": "<f8", "shape": [2], "order": "C", "data": [1.0, 2.0]}

FOREIGN = {
    "empty": "",
    "no json": "FAIL  W[2, 1]",
    "cut short": to_json(samples.halved())[:-20],
    "a list": "[]",
    "a number": "3",
    "deep": "[" * 100_000,
    "another program's": '{"version": 1, "results": []}',
    "NaN literal": changed(seconds=math.nan),
    "version": changed(version=99),
    "Boolean version": changed(version=True),
    "verdict": changed(verdict="maybe"),
    "unhashable verdict": changed(verdict=[]),
    "findings": changed(findings="none"),
    "unknown field": changed(verdikt="pass"),
    "text for a number": changed(seconds="fast"),
    "Boolean for a number": changed(seconds=True),
    "fraction for a count": changed(evaluations=1.5),
    "Boolean for a count": changed(evaluations=True),
    "number for text": changed(subject=3),
    "huge number": changed(seconds=10**400),
    "finding": changed(findings__0=3),
    "finding without verdict": changed(findings__0={"code": "value"}),
    "index": changed(findings__1__index=["0"]),
    "claimed": changed(findings__1__claimed={"$complex": [1]}),
    "sample": changed(findings__1__sample=[{"index": []}]),
    "tag": changed(options={"f": {"$pickle": "gASVAAAA"}}),
    "two tags": changed(options={"f": {"$float": "nan", "$tuple": []}}),
    "array fields": changed(counterexample={"x": {"$array": {"dtype": "<f8"}}}),
    "array dtype": changed(counterexample={"x": {"$array": {**ARRAY, "dtype": "object"}}}),
    "array of objects": changed(counterexample={"x": {"$array": {**ARRAY, "dtype": "|O8"}}}),
    "unknown width": changed(counterexample={"x": {"$array": {**ARRAY, "dtype": "<f7"}}}),
    "array shape": changed(counterexample={"x": {"$array": {**ARRAY, "shape": [3]}}}),
    "negative shape": changed(counterexample={"x": {"$array": {**ARRAY, "shape": [-2]}}}),
    "array order": changed(counterexample={"x": {"$array": {**ARRAY, "order": "K"}}}),
    "array data": changed(counterexample={"x": {"$array": {**ARRAY, "data": [1.0, "two"]}}}),
    "int range": changed(counterexample={"x": {"$array": {**ARRAY, "dtype": "|i1", "data": [1, 300]}}}),
    "int kind": changed(counterexample={"x": {"$array": {**ARRAY, "dtype": "|i1", "data": [1, True]}}}),
    "long doubles as numbers": changed(counterexample={"x": {"$array": {**ARRAY, "dtype": "<f16"}}}),
    "strided scalar": changed(
        counterexample={"x": {"$array": {"dtype": "<f8", "shape": [], "order": "strided", "data": [1.0]}}}
    ),
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_foreign_or_corrupt_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="Try: "):
        from_json(text)


def test_the_error_names_the_place() -> None:
    with pytest.raises(UsageError, match=r"report\.findings\[1\]\.index\[0\]='0'"):
        from_json(changed(findings__1__index=["0"]))


def test_the_published_schema_is_the_one_that_the_code_follows() -> None:
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == json_schema()


def test_the_schema_names_every_field() -> None:
    document = json.loads(to_json(samples.halved()))
    assert set(document) == set(json_schema()["properties"])
    finding = json_schema()["properties"]["findings"]["items"]
    assert set(document["findings"][0]) == set(finding["properties"])


@pytest.mark.parametrize("name", samples.ALL)
def test_reports_keep_to_the_published_schema(name: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(json_schema())
    jsonschema.validate(json.loads(to_json(samples.ALL[name]())), json_schema())


def test_the_published_schema_refuses_what_reports_are_not() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    for text in (changed(verdict="maybe"), changed(seconds="fast"), changed(verdikt="pass")):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(json.loads(text), json_schema())


@pytest.mark.parametrize("name", ["halved", "impure"])
def test_files_of_this_version_are_written_and_read_as_ever(name: str) -> None:
    stored = (Path(__file__).parent / f"version1_{name}.json").read_text(encoding="utf-8")
    assert to_json(samples.ALL[name]()) + "\n" == stored
    assert same(from_json(stored), samples.ALL[name]())
