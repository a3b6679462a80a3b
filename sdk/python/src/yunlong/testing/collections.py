"""Committed documents and counters, and how indexes order them."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from .. import codec
from .._query import RawBound
from ..data import errors
from ..data.query import RawDocument, RawPage, RawQuery
from .manifest import Index, Manifest
from .order import Key, rank

# The host's bounds.
DOCUMENT_BYTES = 1024 * 1024
ID_BYTES = 256
PAGE_DOCUMENTS = 500


@dataclass(frozen=True)
class Entry:
    """A document, and what it says."""

    version: int
    body: str
    value: dict[str, Any]


Overlay = dict[str, Entry | None]
"""Writes that are not committed: ``None`` removes."""


@dataclass
class _Collection:
    indexes: list[Index]
    documents: dict[str, Entry] = field(default_factory=dict)


class Collections:
    """What was committed."""

    def __init__(self, manifest: Manifest) -> None:
        self._collections = {c.name: _Collection(c.indexes) for c in manifest.collections}
        self._declared_counters = set(manifest.counters)
        self._counters: dict[tuple[str, str], int] = {}

    def _collection(self, name: str) -> _Collection:
        if name not in self._collections:
            raise errors.Undeclared(f"collection `{name}`")
        return self._collections[name]

    def get(self, collection: str, id: str) -> RawDocument | None:
        _check_id(id)
        entry = self._collection(collection).documents.get(id)
        return RawDocument(id, entry.version, entry.body) if entry else None

    def apply(self, collection: str, id: str, entry: Entry | None) -> None:
        documents = self._collection(collection).documents
        if entry:
            documents[id] = entry
        else:
            documents.pop(id, None)

    def counter(self, counter: str, key: str) -> int:
        if counter not in self._declared_counters:
            raise errors.Undeclared(f"counter `{counter}`")
        return self._counters.get((counter, key), 0)

    def set_counter(self, counter: str, key: str, value: int) -> None:
        self._counters[(counter, key)] = value

    def check(self, collection: str, id: str, body: str) -> Entry:
        """A document that may be written: a JSON object whose indexed fields can be ordered."""
        _check_id(id)
        indexes = self._collection(collection).indexes
        size = len(body.encode())
        if size > DOCUMENT_BYTES:
            raise errors.TooLarge(f"the document has {size} bytes; {DOCUMENT_BYTES} are allowed")
        value = codec.parse(body)
        if not isinstance(value, dict):
            raise errors.Invalid("a document is a JSON object")
        for path in (path for index in indexes for path in index.fields):
            if isinstance(_field(value, path), dict | list):
                raise errors.Invalid(f"the indexed field `{path}` cannot be ordered")
        return Entry(0, body, value)

    def check_unique(self, collection: str, id: str, entry: Entry, overlay: Overlay) -> None:
        """Refuses a document whose values of a unique index another one has."""
        found = self._collection(collection)
        for index in (i for i in found.indexes if i.unique):
            key = _key(index, entry.value)
            for other, existing in _view(found, overlay).items():
                if key is not None and other != id and _key(index, existing.value) == key:
                    raise errors.UniqueViolation(collection, index.name, other)

    def find(self, collection: str, query: RawQuery, overlay: Overlay) -> RawPage:
        found = self._collection(collection)
        if not 1 <= query.limit <= PAGE_DOCUMENTS:
            raise errors.Invalid(f"limit {query.limit} is not in 1 to {PAGE_DOCUMENTS}")
        after = _read_cursor(query.cursor, collection, query) if query.cursor is not None else None
        index = next((i for i in found.indexes if i.name == query.index), None)
        if index is None and query.index != "id":
            raise errors.Undeclared(f"index `{query.index}` of `{collection}`")
        width = len(index.fields) if index else 1
        ranged = query.lower is not None or query.upper is not None
        if len(query.equals) + ranged > width:
            raise errors.Invalid(f"the index `{query.index}` has {width} fields")
        rows: list[tuple[list[Key], str, Entry]] = []
        for id, entry in _view(found, overlay).items():
            key = _key(index, entry.value) if index else [rank(id)]
            if key is not None and _matches(key, query):
                rows.append((key, id, entry))
        rows.sort(key=lambda r: (r[0], r[1]), reverse=query.descending)
        if after is not None:
            rows = [r for r in rows if ((r[0], r[1]) < after if query.descending else (r[0], r[1]) > after)]
        page = rows[: query.limit]
        more = len(rows) > query.limit
        next_ = _write_cursor(collection, query, page[-1][2].value, page[-1][1], index) if more else None
        return RawPage([RawDocument(id, e.version, e.body) for _, id, e in page], next_)


def _check_id(id: str) -> None:
    size = len(id.encode())
    if not 1 <= size <= ID_BYTES:
        raise errors.Invalid(f"an id has 1 to {ID_BYTES} bytes, not {size}")


def _view(collection: _Collection, overlay: Overlay) -> dict[str, Entry]:
    """The committed documents with the overlay on top."""
    merged: dict[str, Entry | None] = {**collection.documents, **overlay}
    return {id: entry for id, entry in merged.items() if entry}


_ABSENT = object()


def _field(document: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(document, dict) or name not in document:
            return _ABSENT
        document = document[name]
    return document


def _key(index: Index, document: dict[str, Any]) -> list[Key] | None:
    """The values of an index; ``None`` when the document lacks one of the fields."""
    values = [_field(document, path) for path in index.fields]
    return None if _ABSENT in values else [rank(v) for v in values]


def _matches(key: list[Key], query: RawQuery) -> bool:
    n = len(query.equals)
    if key[:n] != [rank(v) for v in query.equals]:
        return False
    return n == len(key) or (reaches(query.lower, key[n], 1) and reaches(query.upper, key[n], -1))


def reaches(bound: RawBound | None, key: Key, side: int) -> bool:
    """Whether a value is on this side of a bound, if there is one."""
    if bound is None:
        return True
    at = rank(bound.value)
    return bound.inclusive if key == at else (key > at) == (side > 0)


def _fingerprint(collection: str, query: RawQuery) -> str:
    return repr((collection, replace(query, cursor=None, limit=1)))


def _write_cursor(collection: str, query: RawQuery, value: dict[str, Any], id: str, index: Index | None) -> str:
    """Cursors are opaque to apps: hexadecimal, bound to the query that made them."""
    key = [_field(value, path) for path in index.fields] if index else [id]
    return json.dumps([_fingerprint(collection, query), key, id]).encode().hex()


def _read_cursor(text: str, collection: str, query: RawQuery) -> tuple[list[Key], str]:
    try:
        of, key, id = json.loads(bytes.fromhex(text))
    except ValueError as e:
        raise errors.Invalid("the cursor is not from this query") from e
    if of != _fingerprint(collection, query):
        raise errors.Invalid("the cursor is not from this query")
    return [rank(v) for v in key], id
