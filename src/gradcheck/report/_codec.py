"""Dataclasses to JSON values and back, led by their type hints: what is read is checked, never evaluated.

JSON has no NaN, no infinity, no complex number and no array. A float field holds a number or one of the
strings ``"nan"``, ``"inf"``, ``"-inf"``; all else that JSON lacks is an object with one key that starts
with a dollar sign (`$complex`, `$array`, `$tuple`, `$float`, `$map`).
"""

import dataclasses
import math
from collections.abc import Mapping
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from gradcheck.differentiate._errors import UsageError
from gradcheck.report._arrays import array_from_json, array_to_json, float_from_json, float_to_json

__all__ = ["decode", "encode", "schema"]

CURE = "pass the text that Report.to_json wrote, unchanged"


def encode(hint: Any, value: Any) -> Any:
    """The JSON value of `value`, which the hint describes."""
    if dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        return {f.name: encode(hints[f.name], getattr(value, f.name)) for f in dataclasses.fields(hint)}
    if value is None:
        return None
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return encode(_alternative(arguments, value), value)
    if origin is tuple:
        return [encode(arguments[0], part) for part in value]  # reports have tuples of one kind alone
    if origin is not None and issubclass(origin, Mapping):
        return {str(key): encode(arguments[1], part) for key, part in value.items()}
    if hint is Any:
        return _encode_any(value)
    if hint is float:
        return float_to_json(float(value))
    if hint is complex:
        return _encode_any(complex(value))
    return str(value) if issubclass(hint, str) else hint(value)


def decode(hint: Any, value: Any, where: str) -> Any:
    """The Python value that `encode` turned into this JSON value; `where` names it in the error."""
    if dataclasses.is_dataclass(hint):
        return hint(**decode_fields(hint, value, where))  # type: ignore[operator]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _decode_union(arguments, value, where)
    if origin is tuple:
        _require(isinstance(value, list), value, where, "a list")
        return tuple(decode(arguments[0], part, f"{where}[{i}]") for i, part in enumerate(value))
    if origin is not None and issubclass(origin, Mapping):
        _require(isinstance(value, dict), value, where, "an object")
        return {key: decode(arguments[1], part, f"{where}.{key}") for key, part in value.items()}
    if hint is Any:
        return _decode_any(value, where)
    return _decode_scalar(hint, value, where)


def decode_fields(cls: Any, value: Any, where: str) -> dict[str, Any]:
    """The keyword arguments of a dataclass; a field that an older version did not write keeps its default."""
    _require(isinstance(value, dict), value, where, "an object")
    hints = get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls)}
    for key in value:
        _require(key in fields, key, where, f"a field of {cls.__name__}, of which {key!r} is none")
    for name, field in fields.items():
        needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        _require(name in value or not needed, "nothing", f"{where}.{name}", "a value")
    return {key: decode(hints[key], part, f"{where}.{key}") for key, part in value.items()}


def schema(hint: Any) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of what `encode` writes for this hint."""
    if dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        names = [f.name for f in dataclasses.fields(hint)]
        properties = {name: schema(hints[name]) for name in names}
        return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return {"anyOf": [schema(item) for item in arguments]}
    if origin is tuple:
        return {"type": "array", "items": schema(arguments[0])}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": schema(arguments[1])}
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {"enum": [str(member) for member in hint]}
    return SCALARS[hint]


SCALARS: dict[Any, dict[str, Any]] = {
    float: {"anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}]},
    complex: {"$ref": "#/$defs/complex"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    str: {"type": "string"},
    NoneType: {"type": "null"},
    Any: {"$ref": "#/$defs/any"},
}


def _require(holds: bool, value: Any, where: str, wanted: str) -> None:
    if not holds:
        raise UsageError(f"{where}={_short(value)}", f"a gradcheck report has {wanted} here", CURE)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _alternative(arguments: tuple[Any, ...], value: Any) -> Any:
    """The member of a union that describes the value: complex for a complex number, else the first."""
    options = [item for item in arguments if item is not NoneType]
    return complex if complex in options and np.iscomplexobj(value) else options[0]


def _decode_union(arguments: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and NoneType in arguments:
        return None
    tagged = isinstance(value, dict) and "$complex" in value
    options = [item for item in arguments if item is not NoneType]
    return decode(complex if tagged and complex in options else options[0], value, where)


def _decode_scalar(hint: Any, value: Any, where: str) -> Any:
    if hint is float:
        number = float_from_json(value)
        _require(number is not None, value, where, 'a number, "nan", "inf" or "-inf"')
        return number
    if hint is complex:
        number = _decode_any(value, where)
        _require(isinstance(number, complex), value, where, "a complex number")
        return number
    if issubclass(hint, StrEnum):
        _require(value in list(hint), value, where, f"one of {', '.join(hint)}")
        return hint(value)
    exact = isinstance(value, hint) and not (hint is int and isinstance(value, bool))
    _require(exact, value, where, {str: "a string", int: "a whole number", bool: "true or false"}[hint])
    return value


def _encode_any(value: Any) -> Any:
    """A value that no hint describes: an option, or an input of the counterexample."""
    match value:
        case np.ndarray():
            return {"$array": array_to_json(value)}
        case np.generic():
            # A long double has no counterpart in Python; it comes back as an array without axes.
            return _encode_any(np.asarray(value) if isinstance(value.item(), np.generic) else value.item())
        case None | bool() | int() | str():
            return str(value) if isinstance(value, str) else value
        case float():
            return value if math.isfinite(value) else {"$float": float_to_json(value)}
        case complex():
            return {"$complex": [float_to_json(value.real), float_to_json(value.imag)]}
        case tuple():
            return {"$tuple": [_encode_any(item) for item in value]}
        case list():
            return [_encode_any(item) for item in value]
        case Mapping() if any(not isinstance(key, str) or key.startswith("$") for key in value):
            return {"$map": [[_encode_any(key), _encode_any(part)] for key, part in value.items()]}
        case Mapping():
            return {key: _encode_any(part) for key, part in value.items()}
    raise UsageError(
        f"{type(value).__name__} {_short(value)}",
        "a report holds numbers, strings, arrays and nests of them alone",
        "name the object by a string",
    )


def _decode_any(value: Any, where: str) -> Any:
    if isinstance(value, list):
        return [_decode_any(item, f"{where}[{i}]") for i, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    tags = [key for key in value if key.startswith("$")]
    if not tags:
        return {key: _decode_any(part, f"{where}.{key}") for key, part in value.items()}
    _require(len(value) == 1 and tags[0] in TAGS, value, where, f"one of the tags {', '.join(TAGS)}")
    return TAGS[tags[0]](value[tags[0]], where)


def _tagged_float(value: Any, where: str) -> float:
    number = float_from_json(value)
    _require(number is not None, value, where, 'a number, "nan", "inf" or "-inf"')
    return number  # type: ignore[return-value]


def _tagged_complex(value: Any, where: str) -> complex:
    _require(isinstance(value, list) and len(value) == 2, value, where, "a pair of numbers")
    return complex(_tagged_float(value[0], where), _tagged_float(value[1], where))


def _tagged_tuple(value: Any, where: str) -> tuple[Any, ...]:
    _require(isinstance(value, list), value, where, "a list")
    return tuple(_decode_any(value, where))


def _tagged_map(value: Any, where: str) -> dict[Any, Any]:
    pairs = isinstance(value, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in value)
    _require(pairs, value, where, "a list of pairs")
    keys = [_decode_any(key, where) for key, _ in value]
    _require(all(isinstance(key, str | int | float | None) for key in keys), value, where, "plain keys")
    return {key: _decode_any(part, f"{where}.{key}") for key, (_, part) in zip(keys, value, strict=True)}


def _tagged_array(value: Any, where: str) -> Any:
    try:
        return array_from_json(value)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{where}={_short(value)}", f"a gradcheck report has arrays here, and {error}", CURE
        ) from None


TAGS = {
    "$array": _tagged_array,
    "$complex": _tagged_complex,
    "$float": _tagged_float,
    "$map": _tagged_map,
    "$tuple": _tagged_tuple,
}
