"""The JSON Schema (2020-12) of dataclasses and of what they are made of: what the OpenAPI document says of an operation is
what the codec reads and writes."""

import dataclasses
from collections.abc import Sequence
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from ..codec import json_name

Json = dict[str, Any]

_PLAIN: dict[Any, Json] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
    None: {"type": "null"},
    Any: {},
}


class Components:
    """The schemas of an OpenAPI document that have a name: one for each dataclass."""

    def __init__(self) -> None:
        self.schemas: dict[str, Json] = {}
        self._names: dict[type, str] = {}

    def of(self, type_: Any) -> Json:
        """The schema of a type; that of a dataclass is a reference. Raises ``ValueError`` for a type that JSON does not
        have."""
        if type_ in _PLAIN:
            return dict(_PLAIN[type_])
        origin, args = get_origin(type_), get_args(type_)
        if origin is Annotated:
            return self.of(args[0]) | described(type_)
        if origin in (Union, UnionType):
            return self._any_of(args)
        if origin is Literal:
            return {"enum": list(args)}
        if origin in (list, Sequence):
            return {"type": "array", "items": self.of(args[0])}
        if origin is tuple and len(args) == 2 and args[1] is ...:
            return {"type": "array", "items": self.of(args[0])}
        if origin is dict and args[0] is str:
            return {"type": "object", "additionalProperties": self.of(args[1])}
        if isinstance(type_, type) and issubclass(type_, Enum):
            return {"enum": [member.value for member in type_]}
        if dataclasses.is_dataclass(type_):
            return self._named(type_ if isinstance(type_, type) else type(type_))
        raise ValueError(f"`{getattr(type_, '__name__', type_)}` has no JSON Schema: take a dataclass, a text or a number")

    def _any_of(self, args: tuple[Any, ...]) -> Json:
        schemas = [self.of(arg) for arg in args]
        if all(schema.keys() == {"type"} for schema in schemas):
            return {"type": [schema["type"] for schema in schemas]}
        return {"anyOf": schemas}

    def _named(self, type_: type) -> Json:
        if type_ not in self._names:
            same = sum(name.rstrip("0123456789") == type_.__name__ for name in self._names.values())
            name = type_.__name__ if same == 0 else f"{type_.__name__}{same + 1}"
            # Before its fields, which may be of this type, too.
            self._names[type_] = name
            self.schemas[name] = {}
            self.schemas[name] = self.object(type_)
        return {"$ref": f"#/components/schemas/{self._names[type_]}"}

    def object(self, type_: type) -> Json:
        """The schema of a dataclass itself. What has a default or may be ``None`` need not be there."""
        hints = get_type_hints(type_, include_extras=True)
        fields = dataclasses.fields(type_)
        out: Json = {"type": "object", "properties": {json_name(f): self.of(hints[f.name]) for f in fields}}
        required = [json_name(f) for f in fields if not has_default(f) and not may_be_none(hints[f.name])]
        if required:
            out["required"] = required
        # A dataclass without a text of its own has one that repeats its fields.
        text = type_.__doc__ or ""
        if text and not text.startswith(f"{type_.__name__}("):
            out["description"] = " ".join(text.split())
        return out


def described(type_: Any) -> Json:
    """What ``Annotated[str, "1 to 80 characters."]`` says of a field."""
    texts = [arg for arg in get_args(type_)[1:] if isinstance(arg, str)] if get_origin(type_) is Annotated else []
    return {"description": texts[0]} if texts else {}


def bare(type_: Any) -> Any:
    """A type without what ``Annotated`` says of it, and without ``None``."""
    if get_origin(type_) is Annotated:
        return bare(get_args(type_)[0])
    if get_origin(type_) in (Union, UnionType):
        others = [arg for arg in get_args(type_) if arg is not NoneType]
        return bare(others[0]) if len(others) == 1 else type_
    return type_


def has_default(field: "dataclasses.Field[Any]") -> bool:
    """Whether a field may be left out."""
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def may_be_none(type_: Any) -> bool:
    """Whether ``None`` is a value of a type."""
    if get_origin(type_) is Annotated:
        return may_be_none(get_args(type_)[0])
    return type_ in (None, NoneType) or (get_origin(type_) in (Union, UnionType) and NoneType in get_args(type_))
