"""What queries of own and of shared data have in common."""

from dataclasses import dataclass

Scalar = str | int | float | bool | None
"""A value that an index can order."""

DEFAULT_LIMIT = 50
"""What a query asks for when it names no limit."""


@dataclass(frozen=True)
class RawBound:
    """One end of a range."""

    value: Scalar
    inclusive: bool
