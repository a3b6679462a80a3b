"""Typed collections: a dataclass for the documents of one collection."""

import dataclasses
from typing import Any, Generic, TypeVar, cast

from .. import _city, codec
from .errors import Invalid, Mismatch
from .query import Page, Query, RawDocument, RawPage, RawQuery, Stored
from .transact import transact

T = TypeVar("T")


class Collection(Generic[T]):
    """A collection whose documents are values of a dataclass. Its name, its indexes and its counters are declared in
    ``app.toml``; the id is one of the fields.

    ``ENTRIES = Collection("entries", Entry, id="number")``

    ``get`` and ``find`` read what was committed last. In a transaction say ``tx.get(ENTRIES, …)``.
    """

    def __init__(self, name: str, type_: type[T], id: str = "id") -> None:
        fields = [f.name for f in dataclasses.fields(cast(Any, type_))]
        if id not in fields:
            raise TypeError(f"{type_.__name__} has no field `{id}` that could be the id of `{name}`")
        self.name = name
        self.type = type_
        self._id = id

    def id_of(self, document: T) -> str:
        """The document's id: 1 to 256 bytes."""
        return str(getattr(document, self._id))

    def index(self, name: str) -> Query[T]:
        """Walks a declared index, or what ``equals`` and its siblings leave of it."""
        return Query(RawQuery(name))

    def by_id(self) -> Query[T]:
        """Walks the collection in the order of ids."""
        return Query(RawQuery("id"))

    def get(self, id: str) -> Stored[T] | None:
        """Reads one document as last committed. Raises ``DataError``."""
        found = _city.collections.get().get(self.name, id)
        return self.decode(found) if found else None

    def find(self, query: Query[T]) -> Page[T]:
        """Reads one page as last committed. Raises ``DataError``."""
        return self.decode_page(_city.collections.get().find(self.name, query.raw))

    def insert(self, document: T) -> None:
        """Adds a document whose id must be new, in a transaction of its own.

        Raises ``AlreadyExists`` and the other kinds of ``DataError``.
        """
        transact(lambda tx: tx.insert(self, document))

    def put(self, document: T) -> None:
        """Adds or replaces a document, in a transaction of its own. Raises ``DataError``."""
        transact(lambda tx: tx.put(self, document))

    def delete(self, id: str) -> None:
        """Removes a document, in a transaction of its own; one that is absent is no error. Raises ``DataError``."""
        transact(lambda tx: tx.delete(self, id))

    def encode(self, document: T) -> str:
        """The document as it is stored. Raises ``Invalid`` for what JSON does not have."""
        try:
            return codec.encode(document)
        except ValueError as e:
            raise Invalid(str(e)) from e

    def decode(self, document: RawDocument) -> Stored[T]:
        """A stored document as its type. Raises ``Mismatch``."""
        try:
            value = codec.decode(self.type, codec.parse(document.body))
        except ValueError as e:
            raise Mismatch(self.name, document.id, str(e)) from e
        return Stored(document.id, document.version, value)

    def decode_page(self, page: RawPage) -> Page[T]:
        """A page of stored documents. Raises ``Mismatch``."""
        return Page([self.decode(d) for d in page.documents], page.next)
