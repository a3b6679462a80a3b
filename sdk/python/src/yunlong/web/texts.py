"""Dataclasses of what arrives as text: the parameters of a query or a path."""

import dataclasses
import re
from collections.abc import Sequence
from typing import Any, TypeVar, cast, get_type_hints

from .. import codec
from . import schema

T = TypeVar("T")

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)


def decode(type_: type[T], pairs: Sequence[tuple[str, str]]) -> T:
    """A dataclass of the pairs of a query or a path, each read as its field is declared; of a name that stands there
    several times the first. Raises ``ValueError``, which names the field."""
    of_fields = get_type_hints(type_, include_extras=True)
    hints = {codec.json_name(f): of_fields[f.name] for f in dataclasses.fields(cast(Any, type_))}
    found: dict[str, Any] = {}
    for name, text in pairs:
        if name in hints and name not in found:
            found[name] = _from_text(name, schema.bare(hints[name]), text)
    return codec.decode(type_, found)


def _from_text(name: str, type_: Any, text: str) -> Any:
    if type_ is int:
        if not _INTEGER.fullmatch(text):
            raise ValueError(f"`{name}` is no whole number")
        return int(text)
    if type_ is float:
        if not _NUMBER.fullmatch(text):
            raise ValueError(f"`{name}` is no number")
        return float(text)
    if type_ is bool:
        if text not in ("true", "false"):
            raise ValueError(f"`{name}` is neither true nor false")
        return text == "true"
    return text
