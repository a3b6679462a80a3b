"""The city in memory: what the SDK runs on outside of a component."""

import hashlib
import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from .. import _city, attributes, codec, messaging
from ..attributes import Attribute
from ..context import Installation
from ..data.query import RawDocument, RawPage, RawQuery
from ..event import PAYMENTS_TOPIC, Event
from ..http import HttpError, OutboundRequest, OutboundResponse
from ..identity import ActingFor, Kind, Presentation, Principal
from ..messaging import Notification, Outgoing
from ..payments import (
    EscrowState,
    HeldRefund,
    Intent,
    NewEscrow,
    NewIntent,
    NewRefund,
    NotGranted,
    PaymentOutcome,
    Release,
)
from ..web.urls import encode
from . import ledger
from .collections import Collections
from .files import FilesOf
from .ledger import Ledger, PaymentOp
from .manifest import Manifest
from .transaction import AuditRow, Staged, Transaction

EVENT_BYTES = 256 * 1024
"""The host's bound for events."""


@dataclass(frozen=True)
class Queued:
    """An event that waits for its delivery."""

    event: Event
    due: int


class State:
    """Everything the double knows, but for datasets. It fills the slots of ``_city``."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.config_values: dict[str, Any] = manifest.config_defaults()
        self.data = Collections(manifest)
        # 2026-05-01 09:00 in China.
        self.time = 1_777_597_200_000
        self.calls = 0
        self.sequence = 0
        self.principal = Principal()
        self.grantor: ActingFor | None = None
        self.shown = Presentation()
        self.people: set[str] = set()
        self.attribute_values: dict[tuple[str, Attribute], str] = {}
        self.consents: set[tuple[str, str]] = set()
        self.audit: list[AuditRow] = []
        self.published: list[Event] = []
        self.queue: list[Queued] = []
        self.dead: list[tuple[Event, str]] = []
        self.notes: list[Notification] = []
        self.ledger = Ledger()
        self.files = FilesOf(self)
        self.outside: list[tuple[str, OutboundResponse]] = []
        self.sent: list[OutboundRequest] = []
        self.conflicts = 0
        """How many of the next commits answer ``Conflict``."""
        self._deduplicated: set[tuple[str, str]] = set()
        # The same numbers in every run.
        self._random = random.Random(0x5EED)

    @property
    def person(self) -> str | None:
        """The person whose call this is; nobody in a visitor's, an event's or a job's."""
        nobody = self.principal.kind in (Kind.ANONYMOUS, Kind.SERVICE)
        return None if nobody else self.principal.subject

    # _city.System

    def now(self) -> int:
        return self.time

    def random(self, n: int) -> bytes:
        return self._random.randbytes(n)

    def pause(self, milliseconds: int) -> None:
        """Time stands still in a test; nobody else will change anything meanwhile."""

    # _city.Context

    def installation(self) -> Installation:
        name = self.manifest.name
        origin = f"http://{name}.localhost:8080"
        return Installation(name, name, self.manifest.version, "320300", "徐州市", origin, "http://localhost:8080")

    def request_id(self) -> str:
        return f"test-{self.calls}"

    def config(self, key: str) -> str | None:
        return codec.encode(self.config_values[key]) if key in self.config_values else None

    def derive_key(self, purpose: str, n: int) -> bytes:
        blocks = (f"{block}\0{self.manifest.name}\0{purpose}".encode() for block in range(2))
        return b"".join(hashlib.sha256(block).digest() for block in blocks)[:n]

    # _city.Identity and _city.Attributes

    def current(self) -> Principal:
        return self.principal

    def presentation(self) -> Presentation:
        return self.shown

    def acting_for(self) -> ActingFor | None:
        # A consumer or a job acts for nobody, whoever is signed in meanwhile.
        return None if self.principal.kind is Kind.SERVICE else self.grantor

    def sign_in_url(self, return_path: str) -> str:
        return self._portal("sign-on", "", return_path)

    def step_up_url(self, return_path: str) -> str:
        return self._portal("step-up", "", return_path)

    def consent_url(self, scopes: list[str], return_path: str) -> str:
        return self._portal("consent", "".join(f"&scope={encode(s)}" for s in scopes), return_path)

    def _portal(self, page: str, middle: str, return_path: str) -> str:
        i = self.installation()
        return f"{i.portal}/{page}?installation={i.name}{middle}&return={encode(return_path)}"

    def attribute(self, attribute: Attribute) -> str:
        subject = self.person
        if subject is None:
            raise attributes.NotSignedIn
        scopes = self.manifest.scopes_with(attribute.value)
        if not scopes:
            raise attributes.NotGranted(f"app.toml declares no scope with `{attribute.value}`")
        if not any((subject, scope) in self.consents for scope in scopes):
            raise attributes.ConsentRequired(scopes[0])
        if (subject, attribute) not in self.attribute_values:
            raise attributes.Absent
        return self.attribute_values[(subject, attribute)]

    # _city.Publisher

    def publish(self, tx: _city.Transaction, event: Outgoing) -> str:
        if not self.manifest.publishes_topic(event.topic):
            raise messaging.Undeclared(event.topic)
        text = event.text()
        size = len(text.encode())
        if size > EVENT_BYTES:
            raise messaging.Invalid(f"the payload has {size} bytes; {EVENT_BYTES} are allowed")
        id = f"event-{self.random(8).hex()}"
        _of(tx).staged.events.append((id, event, text))
        return id

    def notify(self, tx: _city.Transaction, note: Notification) -> None:
        if note.recipient not in self.people:
            raise messaging.UnknownRecipient
        _of(tx).staged.notes.append(note)

    # _city.Outbound

    def send(self, request: OutboundRequest) -> OutboundResponse:
        scheme, authority, _ = request.parts()
        host = authority.removesuffix(":443" if scheme == "https" else ":80")
        if host not in self.manifest.outbound:
            raise HttpError("refused", f"{host}: app.toml does not list it under outbound")
        self.sent.append(request)
        answer = next((a for prefix, a in self.outside if request.url.startswith(prefix)), None)
        if answer is None:
            raise HttpError("refused", f"{host}: nobody answers, until `TestCity.answer` says it")
        if len(answer.body) > request.most:
            raise HttpError("too-large", f"{host}: the answer has more than {request.most} bytes")
        return answer

    # What commits.

    def take(self, staged: Staged) -> None:
        """Takes over what a commit brings beside documents and counters."""
        for op in staged.files:
            self.files.apply(op)
        self.audit += staged.audit
        self.notes += staged.notes
        source = f"/installations/{self.manifest.name}"
        for id, event, text in staged.events:
            if event.once is not None:
                if (event.topic, event.once) in self._deduplicated:
                    continue
                self._deduplicated.add((event.topic, event.once))
            out = Event(id, source, event.topic, event.subject, self.time, event.key, text, 1)
            self.published.append(out)
            if self.manifest.consumes_from(event.topic, source):
                self.queue.append(Queued(out, max(event.not_before or 0, self.time)))
        for payment in staged.payments:
            outcome = self.ledger.apply(payment)
            self.report([outcome] if outcome else [])

    def report(self, outcomes: Iterable[PaymentOutcome]) -> None:
        """Queues what became of payments."""
        for o in outcomes:
            id = f"event-{self.random(8).hex()}"
            source = "/platform/payments"
            event = Event(id, source, PAYMENTS_TOPIC, o.reference, self.time, o.intent, codec.encode(o), 1)
            self.queue.append(Queued(event, self.time))

    def take_due(self) -> Queued | None:
        """The event that is due first."""
        due = [q for q in self.queue if q.due <= self.time]
        first = min(due, key=lambda q: q.due, default=None)
        if first:
            self.queue.remove(first)
        return first


class CollectionsOf:
    """Fills ``_city.collections``."""

    def __init__(self, city: State) -> None:
        self._city = city

    def get(self, collection: str, id: str) -> RawDocument | None:
        return self._city.data.get(collection, id)

    def find(self, collection: str, query: RawQuery) -> RawPage:
        return self._city.data.find(collection, query, {})

    def counter(self, counter: str, key: str) -> int:
        return self._city.data.counter(counter, key)

    def begin(self) -> Transaction:
        return Transaction(self._city)


class IntentsOf:
    """Fills ``_city.intents``."""

    def __init__(self, city: State) -> None:
        self._city = city

    def create(self, tx: _city.Transaction, intent: NewIntent) -> Intent:
        self._granted()
        staged = _of(tx).staged.payments
        prepared = self._city.ledger.prepare(intent, staged)
        staged.append(ledger.Create(prepared, intent.lines, self._city.person))
        return prepared

    def confirm(self, tx: _city.Transaction, id: str) -> None:
        self._stage(tx, ledger.Confirm(id))

    def cancel(self, tx: _city.Transaction, id: str) -> None:
        self._stage(tx, ledger.Cancel(id))

    def refund(self, tx: _city.Transaction, id: str, refund: NewRefund) -> None:
        self._stage(tx, ledger.Refund(id, refund))

    def intent(self, id: str) -> Intent:
        return self._city.ledger.get(id)

    def create_escrow(self, tx: _city.Transaction, escrow: NewEscrow) -> Intent:
        self._granted()
        staged = _of(tx).staged.payments
        prepared = self._city.ledger.prepare_escrow(escrow, staged)
        staged.append(ledger.Create(prepared, None, self._city.person))
        return prepared

    def release(self, tx: _city.Transaction, id: str, release: Release) -> None:
        self._stage(tx, ledger.ReleaseHeld(id, release))

    def refund_held(self, tx: _city.Transaction, id: str, refund: HeldRefund) -> None:
        self._stage(tx, ledger.RefundHeld(id, refund))

    def escrow(self, id: str) -> EscrowState:
        return self._city.ledger.escrow(id)

    def _stage(self, tx: _city.Transaction, op: PaymentOp) -> None:
        self._granted()
        staged = _of(tx).staged.payments
        self._city.ledger.check(op, staged, self._city.person)
        _of(tx).staged.intents.append((op.id, self._city.ledger.version(op.id)))
        staged.append(op)

    def _granted(self) -> None:
        if self._city.manifest.payments is None:
            raise NotGranted("app.toml has no [payments]")


def _of(tx: _city.Transaction) -> Transaction:
    return cast(Transaction, tx)
