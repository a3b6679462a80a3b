"""The order of JSON scalars: null, false, true, numbers, text by its code points."""

from typing import Any

Key = tuple[int, Any]


def rank(value: Any) -> Key:
    """A value that orders as the scalar does."""
    match value:
        case None:
            return 0, 0
        case bool():
            return 1, value
        case int() | float():
            return 2, value
        case str():
            return 3, value
        case _:
            return 4, ""
