"""Serializable transactions that try again after a conflict."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from .. import _city, codec
from .errors import Conflict, Invalid
from .query import Page, Query, Stored

if TYPE_CHECKING:
    from ..files import File
    from ..messaging import Notification, Outgoing
    from ..payments import HeldRefund, Intent, NewEscrow, NewIntent, NewRefund, Release
    from .collection import Collection

T = TypeVar("T")
D = TypeVar("D")

ATTEMPTS = 24
"""How often a transaction is tried. With the pauses below, the last attempt starts after about a second; then the
request is better told to come again than kept waiting."""

_LONGEST_PAUSE = 64
"""The longest pause between two attempts, in milliseconds."""


class Tx:
    """A transaction. Its own reads see its writes; nothing is locked and nothing is written until the commit, which
    applies everything or nothing."""

    def __init__(self, raw: _city.Transaction) -> None:
        self.raw = raw
        self.conflict = False
        """Whether the host found a conflict before the commit: ``transact`` must know, whatever became of the error."""

    def _note(self, call: Callable[[], D]) -> D:
        try:
            return call()
        except Conflict:
            self.conflict = True
            raise

    def get(self, collection: "Collection[T]", id: str) -> Stored[T] | None:
        """Reads one document. Raises ``DataError``."""
        found = self._note(lambda: self.raw.get(collection.name, id))
        return collection.decode(found) if found else None

    def find(self, collection: "Collection[T]", query: Query[T]) -> Page[T]:
        """Reads one page. An insertion by somebody else into what was read is a conflict. Raises ``DataError``."""
        return collection.decode_page(self._note(lambda: self.raw.find(collection.name, query.raw)))

    def insert(self, collection: "Collection[T]", document: T) -> None:
        """Adds a document whose id must be new. Raises ``AlreadyExists`` and the other kinds of ``DataError``."""
        body = collection.encode(document)
        self._note(lambda: self.raw.insert(collection.name, collection.id_of(document), body))

    def put(self, collection: "Collection[T]", document: T) -> None:
        """Adds or replaces a document. Raises ``DataError``."""
        body = collection.encode(document)
        self._note(lambda: self.raw.put(collection.name, collection.id_of(document), body))

    def delete(self, collection: "Collection[T]", id: str) -> None:
        """Removes a document; one that is absent is no error. Raises ``DataError``."""
        self._note(lambda: self.raw.delete(collection.name, id))

    def adjust(self, counter: str, key: str, delta: int, least: int, most: int) -> None:
        """Adds ``delta`` to a counter at the commit, which is refused with ``OutOfBounds`` when the sum would be under
        ``least`` or over ``most``. Two transactions that adjust one counter do not conflict: use it for stock, seats
        and caps. Raises ``DataError``; the bounds are checked by the commit."""
        self._note(lambda: self.raw.adjust(counter, key, delta, least, most))

    def counter(self, counter: str, key: str) -> int:
        """What a counter stands at, with this transaction's own adjustments. The read is not remembered: to rely on a
        bound, ``adjust`` with it. Raises ``DataError``."""
        return self._note(lambda: self.raw.counter(counter, key))

    def audit(self, action: str, target: str, detail: Any) -> None:
        """Adds a row to the installation's audit trail: a verb such as ``order.refund``, what it was done to, and
        details without personal data. Who did it is written by the host. Raises ``DataError``."""
        try:
            text = codec.encode(detail)
        except ValueError as e:
            raise Invalid(str(e)) from e
        self._note(lambda: self.raw.audit(action, target, text))

    def publish(self, event: "Outgoing") -> str:
        """Publishes an event with the commit and answers its id. Raises ``MessagingError``."""
        return _city.publisher.get().publish(self.raw, event)

    def notify(self, note: "Notification") -> None:
        """Puts a note into a person's inbox with the commit. Raises ``MessagingError``."""
        _city.publisher.get().notify(self.raw, note)

    def create_intent(self, intent: "NewIntent") -> "Intent":
        """Stages a payment intent. Its cashier page answers once the transaction is committed. Raises
        ``PaymentError``."""
        return _city.intents.get().create(self.raw, intent)

    def confirm_intent(self, id: str) -> None:
        """Asks the provider to take the money now, without the cashier's page, where it allows that. What a person is
        to pay is confirmed in a call of that person alone: never in a consumer or a job. Raises ``PaymentError``."""
        _city.intents.get().confirm(self.raw, id)

    def cancel_intent(self, id: str) -> None:
        """Gives up an intent that is not captured. Raises ``PaymentError``."""
        _city.intents.get().cancel(self.raw, id)

    def refund(self, intent: str, refund: "NewRefund") -> None:
        """Stages a refund of a captured intent. Raises ``PaymentError``."""
        _city.intents.get().refund(self.raw, intent, refund)

    def create_escrow(self, escrow: "NewEscrow") -> "Intent":
        """Stages an intent whose money is held for this installation once it is captured. Its cashier page answers once
        the transaction is committed. Raises ``PaymentError``."""
        return _city.intents.get().create_escrow(self.raw, escrow)

    def release(self, intent: str, release: "Release") -> None:
        """Pays a part of what is held to payees, with the commit: there is no event, and no way back. The same reference
        with the same lines has no second effect. Raises ``PaymentError``: ``Invalid`` for more than is held."""
        _city.intents.get().release(self.raw, intent, release)

    def refund_held(self, intent: str, refund: "HeldRefund") -> None:
        """Stages the return of a part of what is held to the payer. The outcome comes as an event, ``refunded`` or
        ``refund-failed``; what failed is held again, to be tried under another reference. Raises ``PaymentError``."""
        _city.intents.get().refund_held(self.raw, intent, refund)

    def attach(self, id: str, to: str) -> "File":
        """Binds a file to a document with the commit: from then on it stays until it is deleted. ``to`` is the app's
        own word for the document, such as ``reports/01J9``, without personal data. Raises ``FileError``."""
        return _city.files.get().attach(self.raw, id, to)

    def delete_file(self, id: str) -> None:
        """Deletes a file with the commit; one that is absent is no error. Raises ``FileError``."""
        _city.files.get().delete(self.raw, id)


def transact(run: Callable[[Tx], D]) -> D:
    """Runs ``run`` in a transaction and commits it. After a conflict it runs again with fresh reads, up to 24 times with
    growing, random pauses: it must not have effects of its own besides those through ``tx``. When it raises, nothing is
    written.

    ``transact(lambda tx: tx.adjust("seats", "slot-1", 1, 0, 200))``

    Raises what ``run`` raises; what the commit finds, such as ``OutOfBounds`` or ``UniqueViolation``; ``Conflict`` after
    the last attempt.
    """
    city = _city.collections.get()
    for attempt in range(ATTEMPTS):
        tx = Tx(city.begin())
        try:
            value = run(tx)
        except Exception:
            tx.raw.rollback()
            if not tx.conflict:
                raise
        else:
            if tx.conflict:
                tx.raw.rollback()
            else:
                try:
                    tx.raw.commit()
                    return value
                except Conflict:
                    pass
        if attempt + 1 < ATTEMPTS:
            _city.system.get().pause(_pause_after(attempt))
    raise Conflict


def _pause_after(attempt: int) -> int:
    """A random pause in milliseconds ("full jitter"): those who met once do not meet again in step."""
    ceiling = min(2 << attempt, _LONGEST_PAUSE)
    return int.from_bytes(_city.system.get().random(4)) % (ceiling + 1)
