"""The five base databases of the city's information hub, typed.

Each is a view of datasets of ``yunlong.shared``, and what is said there holds here: grant, role, purpose and consent are
checked at each call, and reads of personal data are in the log. All raise ``yunlong.shared.SharedError``.

Every item of a record is optional. In ``Standing.released`` and ``None``: not on record. Not in it: not granted. In
``Standing.present``: on record, and the grant lets no more be told.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

# An error of the base databases is one of shared data, which may ask for a consent.
from .. import shared as _shared

T = TypeVar("T")


@dataclass(frozen=True)
class Standing:
    """How a record stands, and what of it was released."""

    reference: str
    """The record's opaque reference in this installation."""
    version: int
    """The record's version, as ``yunlong.shared`` gives it: to be compared for equality alone."""
    valid_from: str
    """From when it holds, ``YYYY-MM-DD``."""
    valid_to: str | None
    """The first day on which it no longer holds; ``None`` while it holds."""
    released: list[str]
    """Names of the items that are granted, whether they are on record or not."""
    present: list[str]
    """Names of the items that are on record while the grant tells no more than that."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """A page of records. It may be short and have a next one."""

    items: list[T]
    next: str | None
    """The cursor for the next page; ``None`` when there is no more."""
