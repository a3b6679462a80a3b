"""JSON and dataclasses, in both directions."""

import dataclasses
import json
import re
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any, TypeVar, cast

import dacite

T = TypeVar("T")

_DEPTH = 128
"""How deep JSON may be nested, as in the host. CPython's own bound is not met in a component: the sandbox's stack ends
before it, and the call with it."""

# In one pass over what there is, also where a text does not end.
_TEXT = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_NO_BRACKET = re.compile(r"[^\[\]{}]++")


def _number(value: Any) -> Any:
    """``True`` is a number to Python, and not to JSON."""
    if isinstance(value, bool):
        raise dacite.WrongTypeError(field_type=int, value="a boolean")
    return value


def _real(value: Any) -> Any:
    return float(value) if isinstance(_number(value), int) else value


def json_name(field: "dataclasses.Field[Any]") -> str:
    """The name of a dataclass's field in JSON: its own, or what ``field(metadata={"json": "hold-until"})`` says, for
    names that Python cannot write."""
    return str(field.metadata.get("json", field.name))


def _renamed(type_: Any, value: Any) -> Any:
    """An object under the names that its dataclass has for the fields."""
    if not isinstance(value, dict):
        return value
    names = [(json_name(f), f.name) for f in dataclasses.fields(type_)]
    return {own: value[name] for name, own in names if name in value}


class _Hooks(dict[Any, Callable[[Any], Any]]):
    """What happens to a value before it becomes a type: numbers are checked, and objects of dataclasses renamed."""

    def __contains__(self, type_: object) -> bool:
        return super().__contains__(type_) or dataclasses.is_dataclass(type_)

    def __missing__(self, type_: Any) -> Callable[[Any], Any]:
        return partial(_renamed, type_)


_CONFIG = dacite.Config(cast=[Enum, tuple], type_hooks=_Hooks({int: _number, float: _real}))


def parse(text: str | bytes) -> Any:
    """JSON text as a value.

    Raises ``ValueError``, which says where, also for what is nested too deep and for numbers that JSON does not have.
    """
    plain_text = text.decode() if isinstance(text, bytes) else text
    if plain_text.count("[") + plain_text.count("{") > _DEPTH and _depth(plain_text) > _DEPTH:
        raise ValueError(f"it is nested deeper than {_DEPTH} levels")
    return json.loads(plain_text, parse_constant=_no_constant)


def _depth(text: str) -> int:
    deepest = depth = 0
    for bracket in _NO_BRACKET.sub("", _TEXT.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


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
        data = _renamed(type_, value) if inner is type_ else {"value": value}
        found = dacite.from_dict(cast(Any, inner), data, _CONFIG)
    except (dacite.DaciteError, ValueError) as e:
        raise ValueError(str(e)) from e
    return cast(T, found if inner is type_ else found.value)


def _named(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def plain(value: Any, nulls: bool = False) -> Any:
    """A dataclass, or anything made of them, as a value of JSON. Fields that are ``None`` are left out, as an absent
    field is what an index passes over; with ``nulls``, or for those of ``field(metadata={"null": True})``, they are
    ``null``."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((f, getattr(value, f.name)) for f in dataclasses.fields(value))
        return {json_name(f): plain(v, nulls) for f, v in pairs if nulls or v is not None or f.metadata.get("null")}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {str(k): plain(v, nulls) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v, nulls) for v in value]
    return value


def encode(value: Any, nulls: bool = False) -> str:
    """A value as JSON text. Fields of dataclasses that are ``None`` are left out, or with ``nulls`` are ``null``.

    Raises ``ValueError`` for what JSON does not have.
    """
    try:
        return json.dumps(plain(value, nulls), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except TypeError as e:
        raise ValueError(str(e)) from e
