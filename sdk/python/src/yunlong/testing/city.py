"""``TestCity``."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self, TypeVar

from .. import _city, shared
from ..app import App, Progress
from ..attributes import Attribute
from ..data import Conflict, Tx
from ..errors import CityError, Failure, Reject, Retry
from ..event import Event
from ..http import OutboundRequest, OutboundResponse
from ..identity import ActingFor, Assurance, Kind, Presentation, Principal
from ..messaging import Notification
from ..text import Lang
from ..web import Request, Response
from ..web.urls import encode
from .hub import Granted, Hub, Kept, SharedRead, Standing
from .manifest import Manifest
from .state import CollectionsOf, IntentsOf, Queued, State
from .transaction import AuditRow, Transaction
from .typed import Typed

T = TypeVar("T")

REDELIVERIES = 32
"""How often a consumer meets a conflict before the double gives up."""


@dataclass(frozen=True)
class Deliveries:
    """What a delivery did."""

    handled: int = 0
    """Events that were handled."""
    retried: int = 0
    """Events that the consumer wants again; they stay in the queue."""
    dead: int = 0
    """Events that became dead letters."""


class TestCity:
    """A city with one installation, of the app of this ``app.toml``. Nobody is signed in; it is 09:00 on 2026-05-01 in
    China. A new one replaces it; as a context it goes away at its end.

    Raises ``ValueError`` for an ``app.toml`` that cannot be read.
    """

    # A test runner takes a class of such a name for tests.
    __test__ = False

    def __init__(self, app_toml: str, app: App | None = None) -> None:
        self._app = app
        self._state = State(Manifest.parse(app_toml))
        self._hub = Hub(self._state)
        self._fill()

    def _fill(self) -> None:
        typed = Typed(self._hub)
        for slot in (_city.system, _city.identity, _city.attributes, _city.context, _city.publisher, _city.outbound):
            slot.set(self._state)
        for base in (_city.population, _city.legal_entities, _city.credit, _city.geospatial, _city.economy):
            base.set(typed)
        _city.collections.set(CollectionsOf(self._state))
        _city.intents.set(IntentsOf(self._state))
        _city.files.set(self._state.files)
        _city.shared.set(self._hub)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for slot in _city.SLOTS:
            slot.set(None)

    # The clock, and who is there.

    def set_now(self, ms: int) -> None:
        """Sets the clock (ms since 1970)."""
        self._state.time = ms

    def advance(self, ms: int) -> None:
        """Moves the clock."""
        self._state.time += ms

    def sign_in(self, subject: str) -> None:
        """A citizen signs in."""
        self.sign_in_as(Principal(subject, Kind.CITIZEN, Assurance.PASSWORD))

    def sign_in_official(self, subject: str, *roles: str) -> None:
        """An official signs in, with roles that the department assigned."""
        self.sign_in_as(Principal(subject, Kind.OFFICIAL, Assurance.PASSWORD, list(roles), "320300"))

    def sign_in_as(self, principal: Principal) -> None:
        """Anybody signs in."""
        for role in principal.roles:
            assert self._state.manifest.declares_role(role), f"app.toml declares no role `{role}`"
        if principal.subject is not None:
            self._state.people.add(principal.subject)
        self._state.principal = principal
        self._state.grantor = None

    def act_for(self, grantor: ActingFor | None) -> None:
        """Whoever is signed in acts for somebody else, as they chose at the portal."""
        self._state.grantor = grantor

    def sign_out(self) -> None:
        """The visitor is nobody again."""
        self._state.principal = Principal()
        self._state.grantor = None

    def prefer(self, lang: Lang, elder: bool = False) -> None:
        """How the visitor wants pages to be."""
        self._state.shown = Presentation(lang, elder)

    def set_attribute(self, subject: str, attribute: Attribute, value: str) -> None:
        """What a person's record holds."""
        self._state.attribute_values[(subject, attribute)] = value

    def consent(self, subject: str, scope: str) -> None:
        """A person consents to a scope, or to the use of a dataset that rests on consent: then ``scope`` is the
        purpose."""
        assert self._state.manifest.asks_consent(scope), f"app.toml asks for no consent `{scope}`"
        self._state.consents.add((subject, scope))

    def withdraw(self, subject: str, scope: str) -> None:
        """A person takes a consent back."""
        self._state.consents.discard((subject, scope))

    def configure(self, key: str, value: Any) -> None:
        """Sets a value of the configuration; the defaults of ``app.toml`` stand already."""
        self._state.config_values[key] = value

    def conflict_next(self, n: int) -> None:
        """The next ``n`` commits answer ``Conflict``."""
        self._state.conflicts = n

    # The information hub.

    def put_record(self, dataset: str, key: str, person: str | None, body: dict[str, Any]) -> None:
        """Puts a record into a dataset of the information hub, about a person or not. The hub's masks are not applied
        here: put in what the app is to see, such as an age instead of a date of birth."""
        records = self._hub.records.setdefault(dataset, {})
        version = records[key].version + 1 if key in records else 1
        records[key] = Kept(person, version, dict(body), "2020-01-01")

    def remove_record(self, dataset: str, key: str) -> None:
        """Takes a record out of a dataset."""
        self._hub.records.get(dataset, {}).pop(key, None)

    def grant(self, dataset: str, purpose: str, fields: list[str] | None = None) -> None:
        """The provider of a dataset grants what ``app.toml`` asks for, or these fields alone. Nothing is granted
        before."""
        self._decide(dataset, purpose, Granted(fields))

    def revoke(self, dataset: str, purpose: str) -> None:
        """The provider revokes a grant."""
        self._decide(dataset, purpose, shared.Revoked("2026-05-01T01:00:00Z"))

    def expire(self, dataset: str, purpose: str) -> None:
        """A grant runs out."""
        self._decide(dataset, purpose, shared.Expired("2026-05-01T01:00:00Z"))

    def _decide(self, dataset: str, purpose: str, standing: Standing) -> None:
        declared = self._state.manifest.dataset_use(dataset, purpose)
        assert declared, f"app.toml declares no use of `{dataset}` for `{purpose}`"
        self._hub.standings[(dataset, purpose)] = standing

    @property
    def shared_reads(self) -> list[SharedRead]:
        """The reads of datasets that were answered, as the city's audit log has them."""
        return list(self._hub.reads)

    # Requests.

    def get(self, target: str, **headers: str) -> Response:
        """Opens a page. Headers are named with ``_`` for ``-``: ``accept="application/json"``."""
        return self.send("GET", target, headers)

    def post(self, target: str, fields: dict[str, str] | None = None, **headers: str) -> Response:
        """Posts a form."""
        body = "&".join(f"{encode(n)}={encode(v)}" for n, v in (fields or {}).items())
        return self.send("POST", target, {"content_type": "application/x-www-form-urlencoded"} | headers, body.encode())

    def post_json(self, target: str, value: Any, **headers: str) -> Response:
        """Posts JSON."""
        return self.send("POST", target, {"content_type": "application/json"} | headers, json.dumps(value).encode())

    def send(self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Response:
        """Sends any request."""
        self._state.calls += 1
        named = [(name.replace("_", "-"), value.encode()) for name, value in (headers or {}).items()]
        return self._of_app().router.serve(Request(method, target, named, body))

    def _of_app(self) -> App:
        assert self._app, "give the app to TestCity as well: TestCity(app_toml, app)"
        return self._app

    # Messages, jobs and lifecycle.

    def arrive(self, source: str, topic: str, data: Any, key: str | None = None) -> None:
        """Puts an event of another installation into this one's queue, when ``app.toml`` subscribes to it."""
        path = f"/installations/{source}"
        subscribes = self._state.manifest.consumes_from(topic, path)
        assert subscribes, f"app.toml does not subscribe to `{topic}` from `{source}`"
        n = len(self._state.queue) + len(self._state.published)
        event = Event(f"{source}-{n}", path, topic, None, self._state.time, key, json.dumps(data), 1)
        self._state.queue.append(Queued(event, self._state.time))

    def deliver(self) -> Deliveries:
        """Delivers what is due, and what that publishes in turn, in the order of due times. An event that is to be tried
        again waits for the next call."""
        handled = retried = 0
        before = len(self._state.dead)
        again: list[Queued] = []
        while queued := self._state.take_due():
            event = queued.event
            try:
                self.deliver_event(event)
                handled += 1
            except Reject as e:
                self._state.dead.append((event, str(e)))
            except Failure:
                retried += 1
                again.append(replace(queued, event=replace(event, attempt=event.attempt + 1)))
        self._state.queue += again
        return Deliveries(handled, retried, len(self._state.dead) - before)

    def deliver_event(self, event: Event) -> None:
        """Delivers one event, whether it is due, queued or new: for duplicates and late arrivals. Raises what the
        consumer answers."""
        consumer = self._of_app().consumer
        assert consumer, "the app has no consumer"
        self._in_transaction(lambda tx: consumer(event, tx))

    def run_job(self, job: str) -> None:
        """Runs a job of ``app.toml``, due now. Raises what the app answers."""
        assert self._state.manifest.declares_job(job), f"app.toml declares no job `{job}`"
        jobs = self._of_app().jobs
        assert jobs, "the app runs no jobs"
        self._in_transaction(lambda tx: jobs(job, self._state.time, tx))

    def install(self) -> None:
        """Calls the app's ``install`` as the host does before the first request. Raises what the app answers."""
        install = self._of_app().install
        if install:
            self._in_transaction(install)

    def health(self) -> None:
        """Calls the app's ``health``. Raises what the app answers."""
        health = self._of_app().health
        if health:
            self._as_service(health)

    def migrate(self, old: int, new: int) -> int:
        """Migrates as the host does: batch by batch, each in a transaction, until the app says that all is done. Answers
        how much was done.

        Raises what the app answers; ``ValueError`` for a cursor that does not move on, which would never end.
        """
        migrate = self._of_app().migrate
        assert migrate, "the app has no migrations"
        cursor: str | None = None
        while True:
            at = cursor

            def batch(tx: Tx, at: str | None = at) -> Progress:
                return migrate(old, new, at, tx)

            progress = self._in_transaction(batch)
            if progress.next is None:
                return progress.done
            if progress.next == cursor:
                raise ValueError(f"the cursor `{cursor}` does not move on")
            cursor = progress.next

    def _in_transaction(self, call: Callable[[Tx], T]) -> T:
        """Runs a call as the installation's own service principal and commits it, again after a conflict, as the host
        does."""

        def attempt() -> T:
            for _ in range(REDELIVERIES):
                raw = Transaction(self._state)
                value = call(Tx(raw))
                try:
                    raw.commit()
                    return value
                except Conflict:
                    continue
            raise Retry("too many conflicts")

        return self._as_service(attempt)

    def _as_service(self, call: Callable[[], T]) -> T:
        state = self._state
        state.calls += 1
        person = state.principal
        state.principal = Principal(f"service:{state.manifest.name}", Kind.SERVICE, organization="320300")
        try:
            return call()
        except CityError as e:
            raise e.failure() from e
        finally:
            state.principal = person

    # What came of it.

    @property
    def published(self) -> list[Event]:
        """Everything that was published, in the order of the commits."""
        return list(self._state.published)

    @property
    def queued(self) -> list[Event]:
        """What waits for its delivery."""
        return [q.event for q in self._state.queue]

    @property
    def dead_letters(self) -> list[tuple[Event, str]]:
        """Events that the consumer rejected, with the reason."""
        return list(self._state.dead)

    def inbox(self, subject: str) -> list[Notification]:
        """A person's inbox."""
        return [note for note in self._state.notes if note.recipient == subject]

    @property
    def audit(self) -> list[AuditRow]:
        """The audit trail."""
        return list(self._state.audit)

    # Files, payments, and hosts outside.

    def upload(self, area: str, name: str, media_type: str, content: bytes) -> str:
        """Whoever is signed in uploads a file of this type, as the gateway would have recognized it. Answers its id, as
        it stands in a form's field then. Raises ``FileError`` when the area does not take it."""
        return self._state.files.add(area, name, media_type, content, self._state.principal.subject).id

    def pay(self, intent: str) -> None:
        """The payer pays at the cashier; the outcome waits in the queue. Also works on an intent that was cancelled or
        has expired: late money is reported. Paying twice changes nothing."""
        self._state.report(self._state.ledger.capture(intent))

    def refuse_payment(self, intent: str, reason: str) -> None:
        """The provider refuses the payment."""
        self._state.report(self._state.ledger.fail(intent, reason))

    def pay_refunds(self) -> None:
        """The provider pays out all refunds that were asked for."""
        self._state.report(self._state.ledger.settle_refunds(None))

    def refuse_refunds(self, reason: str) -> None:
        """The provider refuses all refunds that were asked for."""
        self._state.report(self._state.ledger.settle_refunds(reason))

    def answer(self, url: str, response: OutboundResponse) -> None:
        """What a host outside answers to requests whose URL begins so; the last one that was said counts."""
        self._state.outside.insert(0, (url, response))

    @property
    def sent(self) -> list[OutboundRequest]:
        """The requests that went to hosts outside."""
        return list(self._state.sent)
