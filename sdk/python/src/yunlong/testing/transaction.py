"""Optimistic transactions: reads are remembered and compared at the commit."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .. import codec
from ..data import errors
from ..data.query import RawDocument, RawPage, RawQuery
from ..messaging import Notification, Outgoing
from .collections import Collections, Overlay
from .files import FileOp
from .ledger import PaymentOp

if TYPE_CHECKING:
    from .state import State


@dataclass(frozen=True)
class AuditRow:
    """A row of the audit trail."""

    actor: str | None
    """The subject of the principal; ``None`` for an anonymous visitor."""
    action: str
    """The verb."""
    target: str
    """What it was done to."""
    detail: Any


Seen = list[tuple[str, int]]
"""Ids and versions that a query answered."""


@dataclass
class Staged:
    """What a transaction read, and what it wants to write."""

    writes: dict[str, Overlay] = field(default_factory=dict)
    reads: list[tuple[str, str, int | None]] = field(default_factory=list)
    queries: list[tuple[str, RawQuery, Seen]] = field(default_factory=list)
    adjusts: list[tuple[str, str, int, int, int]] = field(default_factory=list)
    audit: list[AuditRow] = field(default_factory=list)
    events: list[tuple[str, Outgoing, str]] = field(default_factory=list)
    """Id, event, and its payload as it was when it was published."""
    notes: list[Notification] = field(default_factory=list)
    payments: list[PaymentOp] = field(default_factory=list)
    intents: list[tuple[str, int | None]] = field(default_factory=list)
    """Intents that ``payments`` builds on, with their versions."""
    files: list[FileOp] = field(default_factory=list)


def _seen(page: RawPage) -> Seen:
    return [(d.id, d.version) for d in page.documents]


class Transaction:
    """A transaction of the double."""

    def __init__(self, city: "State") -> None:
        self._city = city
        self._closed = False
        self._staged = Staged()

    @property
    def staged(self) -> Staged:
        """What is staged. Raises ``Closed`` once it is over."""
        if self._closed:
            raise errors.Closed
        return self._staged

    @property
    def _data(self) -> Collections:
        return self._city.data

    def get(self, collection: str, id: str) -> RawDocument | None:
        committed = self._data.get(collection, id)
        staged = self.staged
        overlay = staged.writes.get(collection, {})
        if id in overlay:
            own = overlay[id]
            return RawDocument(id, own.version, own.body) if own else None
        staged.reads.append((collection, id, committed.version if committed else None))
        return committed

    def find(self, collection: str, query: RawQuery) -> RawPage:
        committed = self._data.find(collection, query, {})
        staged = self.staged
        staged.queries.append((collection, query, _seen(committed)))
        overlay = staged.writes.get(collection)
        return self._data.find(collection, query, overlay) if overlay else committed

    def insert(self, collection: str, id: str, body: str) -> None:
        if self.get(collection, id):
            _reads_hold(self.staged, self._data)
            raise errors.AlreadyExists(id)
        self.put(collection, id, body)

    def put(self, collection: str, id: str, body: str) -> None:
        entry = self._data.check(collection, id, body)
        overlay = self.staged.writes.setdefault(collection, {})
        try:
            self._data.check_unique(collection, id, entry, overlay)
        except errors.UniqueViolation:
            _reads_hold(self.staged, self._data)
            raise
        overlay[id] = entry

    def delete(self, collection: str, id: str) -> None:
        self._data.get(collection, id)
        self.staged.writes.setdefault(collection, {})[id] = None

    def adjust(self, counter: str, key: str, delta: int, least: int, most: int) -> None:
        self._data.counter(counter, key)
        self.staged.adjusts.append((counter, key, delta, least, most))

    def counter(self, counter: str, key: str) -> int:
        own = sum(a[2] for a in self.staged.adjusts if a[:2] == (counter, key))
        return self._data.counter(counter, key) + own

    def audit(self, action: str, target: str, detail: str) -> None:
        row = AuditRow(self._city.principal.subject, action, target, codec.parse(detail))
        self.staged.audit.append(row)

    def rollback(self) -> None:
        self._closed = True

    def commit(self) -> int:
        """Applies everything or nothing."""
        staged, city = self.staged, self._city
        self._closed = True
        if city.conflicts > 0:
            city.conflicts -= 1
            raise errors.Conflict
        if any(city.ledger.version(id) != version for id, version in staged.intents):
            raise errors.Conflict
        _validate(staged, city.data)
        counters = _counters(staged, city.data)
        city.sequence += 1
        for collection, overlay in staged.writes.items():
            for id, entry in overlay.items():
                city.data.apply(collection, id, entry and replace(entry, version=city.sequence))
        for (counter, key), value in counters.items():
            city.data.set_counter(counter, key, value)
        city.take(staged)
        return city.sequence


def _reads_hold(staged: Staged, data: Collections) -> None:
    """A refusal counts only if what was read still holds; a commit takes place only then."""
    for collection, id, version in staged.reads:
        found = data.get(collection, id)
        if (found.version if found else None) != version:
            raise errors.Conflict
    for collection, query, before in staged.queries:
        if _seen(data.find(collection, query, {})) != before:
            raise errors.Conflict


def _validate(staged: Staged, data: Collections) -> None:
    _reads_hold(staged, data)
    for collection, overlay in staged.writes.items():
        for id, entry in overlay.items():
            if entry:
                data.check_unique(collection, id, entry, overlay)


def _counters(staged: Staged, data: Collections) -> dict[tuple[str, str], int]:
    """What the counters will stand at."""
    out: dict[tuple[str, str], int] = {}
    for counter, key, delta, least, most in staged.adjusts:
        value = out.get((counter, key), data.counter(counter, key))
        if not least <= value + delta <= most:
            raise errors.OutOfBounds(counter, key, value, delta, least, most)
        out[(counter, key)] = value + delta
    return out
