"""Numbers and arrays as JSON values, every bit of every finite number kept."""

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["array_from_json", "array_to_json", "float_from_json", "float_to_json"]

NAMES = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
# Boolean, integers, floats and complex numbers of any byte order; nothing that could hold an object.
DTYPE = re.compile(r"[<>|][biufc]\d{1,2}")


def float_to_json(value: float) -> float | str:
    """A float as a JSON number, or its name where JSON has none."""
    if math.isfinite(value):
        return float(value)
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def float_from_json(value: Any) -> float | None:
    """The float, or None where the value does not denote one."""
    if isinstance(value, str):
        return NAMES.get(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def array_to_json(array: NDArray[Any]) -> dict[str, Any]:
    """Element type, shape, layout and the elements row by row (complex ones as pairs)."""
    array = np.asarray(array)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"an array of dtype {array.dtype} has no numbers to write down")
    flat = np.ascontiguousarray(array).ravel()
    parts = flat.view(_real_dtype(array.dtype)) if array.dtype.kind == "c" else flat
    return {
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "order": _order(array),
        "data": _elements(parts),
    }


def array_from_json(value: Any) -> NDArray[Any]:
    """The array that `array_to_json` wrote; raises `ValueError` or `OverflowError` for anything else."""
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "order", "data"}:
        raise ValueError("an array has dtype, shape, order and data")
    dtype, shape = _dtype(value["dtype"]), _shape(value["shape"])
    data = value["data"]
    expected = math.prod(shape) * (2 if dtype.kind == "c" else 1)
    if not isinstance(data, list) or len(data) != expected:
        raise ValueError(f"an array of shape {shape} and dtype {dtype} needs a list of {expected} numbers")
    parts = _parse(data, _real_dtype(dtype))
    return _laid_out(parts.view(dtype).reshape(shape), value["order"])


def _real_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(f"{dtype.str[0]}f{dtype.itemsize // 2}") if dtype.kind == "c" else dtype


def _elements(parts: NDArray[Any]) -> list[Any]:
    if parts.dtype.kind != "f":
        return list(parts.tolist())
    if parts.dtype.itemsize > 8:  # more than JSON readers keep of a number
        return [np.format_float_scientific(item, unique=True) for item in parts]
    return [float_to_json(item) for item in parts.tolist()]


def _parse(data: list[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind == "f":
        return _parse_floats(data, dtype)
    wanted = bool if dtype.kind == "b" else int
    if any(type(item) is not wanted for item in data):
        raise ValueError(f"an array of dtype {dtype} has elements of another kind")
    return np.array(data, dtype=dtype)


def _parse_floats(data: list[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.itemsize > 8:
        if any(not isinstance(item, str) for item in data):
            raise ValueError(f"an array of dtype {dtype} has its elements as strings")
        return np.array([np.longdouble(item) for item in data], dtype=dtype)
    numbers = [float_from_json(item) for item in data]
    if None in numbers:
        raise ValueError(f"an array of dtype {dtype} has an element that is not a number")
    with np.errstate(over="ignore"):
        return np.array(numbers, dtype=dtype)


def _dtype(name: Any) -> np.dtype[Any]:
    if not isinstance(name, str) or not DTYPE.fullmatch(name):
        raise ValueError(f"dtype {name!r} is none of Boolean, integer, float and complex")
    try:
        return np.dtype(name)
    except TypeError:
        raise ValueError(f"dtype {name!r} does not exist on this machine") from None


def _shape(shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, list) or any(type(n) is not int or n < 0 for n in shape):
        raise ValueError(f"shape {shape!r} is not a list of lengths")
    return tuple(shape)


def _order(array: NDArray[Any]) -> str:
    """How the elements lie in memory: some mistakes show on Fortran-ordered or strided arrays alone."""
    if array.flags.c_contiguous:
        return "C"
    return "F" if array.flags.f_contiguous else "strided"


def _laid_out(array: NDArray[Any], order: Any) -> NDArray[Any]:
    if order == "C":
        return array
    if order == "F":
        return np.asfortranarray(array)
    if order != "strided" or array.ndim == 0:
        raise ValueError(f"order {order!r} is none of C, F and strided")
    view = np.empty((*array.shape[:-1], 2 * array.shape[-1]), dtype=array.dtype)[..., ::2]
    view[...] = array
    return view
