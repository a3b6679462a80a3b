"""Queries over one declared index."""

from dataclasses import dataclass, replace
from typing import Generic, Self, TypeVar

from .._query import DEFAULT_LIMIT, RawBound, Scalar

T = TypeVar("T")
D = TypeVar("D")


@dataclass(frozen=True)
class RawQuery:
    """A query as the contract has it."""

    index: str
    equals: tuple[Scalar, ...] = ()
    lower: RawBound | None = None
    upper: RawBound | None = None
    descending: bool = False
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


@dataclass(frozen=True)
class RawDocument:
    """A document as the contract has it; the body is JSON text."""

    id: str
    version: int
    body: str


@dataclass(frozen=True)
class RawPage:
    """A page as the contract has it."""

    documents: list[RawDocument]
    next: str | None


@dataclass(frozen=True)
class Query(Generic[T]):
    """A query over one index of the collection of ``T``: equality on its first fields, a range on the field that
    follows, a direction, a limit and a cursor. Values are JSON scalars.

    ``SLOTS.index("by-day").equals("guishan").at_least("2026-11-01").below("2026-12-01").limit(31)``
    """

    raw: RawQuery

    def equals(self, value: Scalar) -> Self:
        """The next field of the index has this value."""
        return replace(self, raw=replace(self.raw, equals=(*self.raw.equals, value)))

    def at_least(self, value: Scalar) -> Self:
        """The field after those of ``equals`` is this or more."""
        return replace(self, raw=replace(self.raw, lower=RawBound(value, True)))

    def above(self, value: Scalar) -> Self:
        """The field after those of ``equals`` is more than this."""
        return replace(self, raw=replace(self.raw, lower=RawBound(value, False)))

    def at_most(self, value: Scalar) -> Self:
        """The field after those of ``equals`` is this or less."""
        return replace(self, raw=replace(self.raw, upper=RawBound(value, True)))

    def below(self, value: Scalar) -> Self:
        """The field after those of ``equals`` is less than this."""
        return replace(self, raw=replace(self.raw, upper=RawBound(value, False)))

    def descending(self) -> Self:
        """Largest first."""
        return replace(self, raw=replace(self.raw, descending=True))

    def limit(self, limit: int) -> Self:
        """At most this many documents: 1 to 500, 50 when not said."""
        return replace(self, raw=replace(self.raw, limit=limit))

    def after(self, cursor: str | None) -> Self:
        """Goes on where a page of the same query ended (``Page.next``)."""
        return replace(self, raw=replace(self.raw, cursor=cursor))


@dataclass(frozen=True)
class Stored(Generic[D]):
    """A document as it is stored."""

    id: str
    version: int
    """The sequence number of the commit that wrote this state."""
    value: D
    """The document."""


@dataclass(frozen=True)
class Page(Generic[D]):
    """A page of a query's answer."""

    items: list[Stored[D]]
    """The documents, in the index's order."""
    next: str | None
    """Give this to ``Query.after`` for the next page; ``None`` when there is no more."""

    @property
    def values(self) -> list[D]:
        """The documents alone."""
        return [item.value for item in self.items]
