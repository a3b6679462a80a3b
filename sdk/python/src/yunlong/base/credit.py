"""Credit 信用: ``credit.event``, what is on record about the conduct of entities."""

from dataclasses import dataclass

from .. import _city
from . import Page, Standing


@dataclass(frozen=True)
class Event:
    """Something that was decided about an entity."""

    standing: Standing
    number: str | None = None
    uscc: str | None = None
    """The entity."""
    kind: str | None = None
    """``licence``, ``penalty``, ``honour``, ``performance`` or ``breach``."""
    date: str | None = None
    """When it was decided, ``YYYY-MM-DD``."""
    until: str | None = None
    """The last day on which it is in force or is shown, ``YYYY-MM-DD``."""
    authority: str | None = None
    """Who decided it."""
    content: str | None = None
    amount: int | None = None
    """In fen."""
    division: str | None = None


def events(purpose: str, uscc: str, kinds: list[str], cursor: str | None = None) -> Page[Event]:
    """The events about an entity, the oldest first, of these kinds; all kinds when none is named."""
    return _city.credit.get().events(purpose, uscc, kinds, cursor)


def summary(purpose: str, uscc: str) -> dict[str, int]:
    """How many events of each kind are in force today; kinds without any are left out."""
    return _city.credit.get().credit_summary(purpose, uscc)


_city.provide(_city.credit, "credit")
