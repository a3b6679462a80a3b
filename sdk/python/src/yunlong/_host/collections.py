"""``city:data/collections``."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from componentize_py_types import Err
from wit_world.imports import city_data_collections_1_1_0 as wit

from .._query import RawBound
from ..data import errors as sdk
from ..data.query import RawDocument, RawPage, RawQuery


def _error(error: wit.Error) -> sdk.DataError:
    match error:
        case wit.Error_Conflict():
            return sdk.Conflict()
        case wit.Error_AlreadyExists():
            return sdk.AlreadyExists(error.value)
        case wit.Error_UniqueViolation():
            v = error.value
            return sdk.UniqueViolation(v.collection, v.index, v.existing)
        case wit.Error_OutOfBounds():
            b = error.value
            return sdk.OutOfBounds(b.counter, b.key, b.value, b.delta, b.min, b.max)
        case wit.Error_Undeclared():
            return sdk.Undeclared(error.value)
        case wit.Error_Invalid():
            return sdk.Invalid(error.value)
        case wit.Error_TooLarge():
            return sdk.TooLarge(error.value)
        case wit.Error_Closed():
            return sdk.Closed()
        case wit.Error_Unavailable():
            return sdk.Unavailable(error.value)
        case wit.Error_Other():
            return sdk.Other(error.value)


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except Err as e:
        raise _error(e.value) from e


def _bound(bound: RawBound | None) -> wit.Bound | None:
    return wit.Bound(json.dumps(bound.value), bound.inclusive) if bound else None


def _query(q: RawQuery) -> wit.Query:
    direction = wit.Direction.DESCENDING if q.descending else wit.Direction.ASCENDING
    equals = [json.dumps(value) for value in q.equals]
    return wit.Query(q.index, equals, _bound(q.lower), _bound(q.upper), direction, q.limit, q.cursor)


def _document(document: wit.Document | None) -> RawDocument | None:
    return RawDocument(document.id, document.version, document.body) if document else None


def _page(page: wit.Page) -> RawPage:
    return RawPage([RawDocument(d.id, d.version, d.body) for d in page.documents], page.next)


class Transaction:
    """A transaction of the host."""

    def __init__(self, raw: wit.Transaction) -> None:
        self.raw = raw

    def get(self, collection: str, id: str) -> RawDocument | None:
        with _errors():
            return _document(self.raw.get(collection, id))

    def find(self, collection: str, query: RawQuery) -> RawPage:
        with _errors():
            return _page(self.raw.find(collection, _query(query)))

    def insert(self, collection: str, id: str, body: str) -> None:
        with _errors():
            self.raw.insert(collection, id, body)

    def put(self, collection: str, id: str, body: str) -> None:
        with _errors():
            self.raw.put(collection, id, body)

    def delete(self, collection: str, id: str) -> None:
        with _errors():
            self.raw.delete(collection, id)

    def adjust(self, counter: str, key: str, delta: int, least: int, most: int) -> None:
        with _errors():
            self.raw.adjust(counter, key, delta, least, most)

    def counter(self, counter: str, key: str) -> int:
        with _errors():
            return self.raw.counter(counter, key)

    def audit(self, action: str, target: str, detail: str) -> None:
        with _errors():
            self.raw.audit(action, target, detail)

    def commit(self) -> int:
        with _errors(), self.raw as raw:
            return raw.commit()

    def rollback(self) -> None:
        with self.raw as raw:
            raw.rollback()


class Host:
    """Fills ``_city.collections``."""

    def get(self, collection: str, id: str) -> RawDocument | None:
        with _errors():
            return _document(wit.get(collection, id))

    def find(self, collection: str, query: RawQuery) -> RawPage:
        with _errors():
            return _page(wit.find(collection, _query(query)))

    def counter(self, counter: str, key: str) -> int:
        with _errors():
            return wit.counter(counter, key)

    def begin(self) -> Transaction:
        with _errors():
            return Transaction(wit.Transaction.begin())
