"""JSON and dataclasses, in both directions."""

import dataclasses
import json
from enum import Enum
from typing import Any, TypeVar, cast

import dacite

T = TypeVar("T")

_STRICT = dacite.Config(cast=[Enum, tuple], strict=False)
_LIMIT = 64


def parse(text: str | bytes) -> Any:
    """JSON text as a value.

    Raises ``ValueError``, which says where, also for what is nested too deep and for numbers that JSON does not have.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError as e:
        raise ValueError("it is nested too deep") from e


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def decode(type_: type[T], value: Any) -> T:
    """A value of JSON as a dataclass, or as any type that a dataclass may have a field of. Fields that the dataclass
    does not have are passed over.

    Raises ``ValueError``, which names the field.
    """
    # Other types pass through a field, so that one decoder serves both.
    inner = type_ if dataclasses.is_dataclass(type_) else dataclasses.make_dataclass("Value", [("value", type_)])
    if inner is type_ and not isinstance(value, dict):
        raise ValueError(f"an object is expected, not {_named(value)}")
    try:
        found = dacite.from_dict(cast(Any, inner), value if inner is type_ else {"value": value}, _STRICT)
    except (dacite.DaciteError, ValueError) as e:
        raise ValueError(str(e)) from e
    _no_booleans(inner, found, _LIMIT)
    return cast(T, found if inner is type_ else found.value)


def _no_booleans(type_: Any, found: Any, left: int) -> None:
    """``True`` is an ``int`` to Python, and not to JSON."""
    if left and dataclasses.is_dataclass(found):
        for field in dataclasses.fields(found):
            value = getattr(found, field.name)
            if isinstance(value, bool) and field.type in (int, float):
                raise ValueError(f'wrong value type for field "{field.name}" - should be "{field.type}", not a boolean')
            _no_booleans(field.type, value, left - 1)


def _named(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def plain(value: Any) -> Any:
    """A dataclass, or anything made of them, as a value of JSON. Fields that are ``None`` are left out, as an absent
    field is what an index passes over."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
        return {name: plain(v) for name, v in pairs if v is not None}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


def encode(value: Any) -> str:
    """A value as JSON text.

    Raises ``ValueError`` for what JSON does not have.
    """
    try:
        return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except TypeError as e:
        raise ValueError(str(e)) from e
