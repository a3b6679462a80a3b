"""The installation's own data: typed collections of JSON documents, queries over their declared indexes, bounded counters
and serializable transactions."""

from .. import _city
from .. import clock as _clock  # A transaction pauses after a conflict.
from .._query import Scalar
from .collection import Collection
from .errors import (
    AlreadyExists,
    Closed,
    Conflict,
    DataError,
    Invalid,
    Mismatch,
    Other,
    OutOfBounds,
    TooLarge,
    Unavailable,
    Undeclared,
    UniqueViolation,
)
from .query import Page, Query, Stored
from .transact import Tx, transact

__all__ = [
    "AlreadyExists",
    "Closed",
    "Collection",
    "Conflict",
    "DataError",
    "Invalid",
    "Mismatch",
    "Other",
    "OutOfBounds",
    "Page",
    "Query",
    "Scalar",
    "Stored",
    "TooLarge",
    "Tx",
    "Unavailable",
    "Undeclared",
    "UniqueViolation",
    "counter",
    "transact",
]


def counter(counter: str, key: str) -> int:
    """What a counter stands at, as last committed; one that was never adjusted is 0. Raises ``DataError``."""
    return _city.collections.get().counter(counter, key)


_city.provide(_city.collections, "collections")
