"""What stands behind the SDK: the host's imports in a component, an in-memory double anywhere else.

Each slot is one interface of the contract. In a component it is filled by the module of the SDK that stands for
the interface, when the app imports that module; so a component imports what its app imports, and no more.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from .attributes import Attribute
    from .base import Page as TypedPage
    from .base.credit import Event as CreditEvent
    from .base.economy import Divisions, Indicator, Observation, Series
    from .base.geospatial import Place, Where
    from .base.legal_entities import Entity, Which
    from .base.population import Household, Person
    from .context import Installation
    from .data.query import RawDocument, RawPage, RawQuery
    from .files import File, NewTicket, Show, Ticket
    from .http import OutboundRequest, OutboundResponse
    from .identity import ActingFor, Presentation, Principal
    from .messaging import Notification, Outgoing
    from .payments import EscrowState, HeldRefund, Intent, NewEscrow, NewIntent, NewRefund, Release
    from .shared import Job, Released
    from .shared import Page as SharedPage
    from .shared import Query as SharedQuery

# By way of a text, so that a type checker on another system does not take the rest for unreachable.
IN_COMPONENT: Final[bool] = str(sys.platform) == "wasi"


class System(Protocol):
    """Clocks and randomness."""

    def now(self) -> int: ...
    def random(self, n: int) -> bytes: ...
    def pause(self, milliseconds: int) -> None: ...


class Identity(Protocol):
    """``city:identity/principal`` and ``representation``."""

    def current(self) -> "Principal": ...
    def presentation(self) -> "Presentation": ...
    def sign_in_url(self, return_path: str) -> str: ...
    def step_up_url(self, return_path: str) -> str: ...
    def acting_for(self) -> "ActingFor | None": ...


class Attributes(Protocol):
    """``city:identity/attributes``."""

    def attribute(self, attribute: "Attribute") -> str: ...
    def consent_url(self, scopes: list[str], return_path: str) -> str: ...


class Context(Protocol):
    """``city:app/context``."""

    def installation(self) -> "Installation": ...
    def request_id(self) -> str: ...
    def config(self, key: str) -> str | None: ...
    def derive_key(self, purpose: str, n: int) -> bytes: ...


class Transaction(Protocol):
    """The resource ``transaction`` of ``city:data/collections``. Bodies are JSON text."""

    def get(self, collection: str, id: str) -> "RawDocument | None": ...
    def find(self, collection: str, query: "RawQuery") -> "RawPage": ...
    def insert(self, collection: str, id: str, body: str) -> None: ...
    def put(self, collection: str, id: str, body: str) -> None: ...
    def delete(self, collection: str, id: str) -> None: ...
    def adjust(self, counter: str, key: str, delta: int, least: int, most: int) -> None: ...
    def counter(self, counter: str, key: str) -> int: ...
    def audit(self, action: str, target: str, detail: str) -> None: ...
    def commit(self) -> int: ...
    def rollback(self) -> None: ...


class Collections(Protocol):
    """``city:data/collections``."""

    def get(self, collection: str, id: str) -> "RawDocument | None": ...
    def find(self, collection: str, query: "RawQuery") -> "RawPage": ...
    def counter(self, counter: str, key: str) -> int: ...
    def begin(self) -> Transaction: ...


class Publisher(Protocol):
    """``city:messaging/publisher``."""

    def publish(self, tx: Transaction, event: "Outgoing") -> str: ...
    def notify(self, tx: Transaction, note: "Notification") -> None: ...


class Intents(Protocol):
    """``city:payments/intents``."""

    def create(self, tx: Transaction, intent: "NewIntent") -> "Intent": ...
    def confirm(self, tx: Transaction, id: str) -> None: ...
    def cancel(self, tx: Transaction, id: str) -> None: ...
    def refund(self, tx: Transaction, id: str, refund: "NewRefund") -> None: ...
    def intent(self, id: str) -> "Intent": ...
    def create_escrow(self, tx: Transaction, escrow: "NewEscrow") -> "Intent": ...
    def release(self, tx: Transaction, id: str, release: "Release") -> None: ...
    def refund_held(self, tx: Transaction, id: str, refund: "HeldRefund") -> None: ...
    def escrow(self, id: str) -> "EscrowState": ...


class Files(Protocol):
    """``city:files/files``."""

    def issue_ticket(self, wanted: "NewTicket") -> "Ticket": ...
    def stat(self, id: str) -> "File": ...
    def attached(self, to: str) -> "list[File]": ...
    def read(self, id: str, offset: int, length: int) -> bytes: ...
    def write(self, area: str, name: str, content: bytes) -> "File": ...
    def serve(self, id: str, how: "Show") -> str: ...
    def attach(self, tx: Transaction, id: str, to: str) -> "File": ...
    def delete(self, tx: Transaction, id: str) -> None: ...


class RawDataset(Protocol):
    """The resource ``dataset`` of ``city:data/shared``."""

    def fields(self) -> list[str]: ...
    def get(self, key: str, fields: list[str], as_of: str | None) -> "Released | None": ...
    def me(self, fields: list[str]) -> "Released | None": ...
    def query(self, query: "SharedQuery", fields: list[str]) -> "SharedPage": ...
    def write(self, key: str, body: str, version: int, valid_from: str) -> int: ...
    def start_job(self, query: "SharedQuery", fields: list[str]) -> str: ...
    def job(self, id: str) -> "Job": ...
    def job_page(self, id: str, page: int) -> "list[Released]": ...


class Shared(Protocol):
    """``city:data/shared``."""

    def open(self, dataset: str, purpose: str) -> RawDataset: ...


class Population(Protocol):
    """``city:base/population``."""

    def person(self, purpose: str, resident_id: str, items: list[str]) -> "Person | None": ...
    def own_person(self, purpose: str, items: list[str]) -> "Person | None": ...
    def household(self, purpose: str, number: str, items: list[str]) -> "Household | None": ...


class LegalEntities(Protocol):
    """``city:base/legal-entities``."""

    def entity(self, purpose: str, uscc: str) -> "Entity | None": ...
    def entities(self, purpose: str, which: "Which", cursor: str | None) -> "TypedPage[Entity]": ...


class Credit(Protocol):
    """``city:base/credit``."""

    def events(self, purpose: str, uscc: str, kinds: list[str], cursor: str | None) -> "TypedPage[CreditEvent]": ...
    def credit_summary(self, purpose: str, uscc: str) -> dict[str, int]: ...


class Geospatial(Protocol):
    """``city:base/geospatial``."""

    def place(self, purpose: str, code: str) -> "Place | None": ...
    def places(self, purpose: str, at: "Where", limit: int, cursor: str | None) -> "TypedPage[Place]": ...


class Economy(Protocol):
    """``city:base/economy``."""

    def observation(self, purpose: str, number: str) -> "Observation | None": ...
    def indicators(self, purpose: str) -> "list[Indicator]": ...
    def series(
        self, purpose: str, indicator: str, divisions: "Divisions", first: str, last: str
    ) -> "list[Series]": ...


class Outbound(Protocol):
    """``wasi:http/outgoing-handler``."""

    def send(self, request: "OutboundRequest") -> "OutboundResponse": ...


P = TypeVar("P")


class Slot(Generic[P]):
    """One interface of the contract, and what stands behind it now."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._behind: P | None = None

    @property
    def module(self) -> str:
        """The module of the SDK that stands for the interface."""
        return self._module

    def set(self, behind: P | None) -> None:
        """Puts something behind it, or takes it away."""
        self._behind = behind

    def get(self) -> P:
        """What stands behind it."""
        if self._behind is None:
            raise RuntimeError(self._missing())
        return self._behind

    def _missing(self) -> str:
        if IN_COMPONENT:
            return f"the app does not import {self._module}, so its component does not import that interface: import it"
        return 'outside of a component the SDK runs on a city in memory: begin the test with yunlong.testing.TestCity'


system: Slot[System] = Slot("yunlong.clock")
identity: Slot[Identity] = Slot("yunlong.identity")
attributes: Slot[Attributes] = Slot("yunlong.attributes")
context: Slot[Context] = Slot("yunlong.context")
collections: Slot[Collections] = Slot("yunlong.data")
publisher: Slot[Publisher] = Slot("yunlong.messaging")
intents: Slot[Intents] = Slot("yunlong.payments")
files: Slot[Files] = Slot("yunlong.files")
shared: Slot[Shared] = Slot("yunlong.shared")
population: Slot[Population] = Slot("yunlong.base.population")
legal_entities: Slot[LegalEntities] = Slot("yunlong.base.legal_entities")
credit: Slot[Credit] = Slot("yunlong.base.credit")
geospatial: Slot[Geospatial] = Slot("yunlong.base.geospatial")
economy: Slot[Economy] = Slot("yunlong.base.economy")
outbound: Slot[Outbound] = Slot("yunlong.http")

SLOTS: Final[list[Slot[Any]]] = [
    system, identity, attributes, context, collections, publisher, intents, files, shared, population, legal_entities,
    credit, geospatial, economy, outbound,
]  # fmt: skip
"""All of them."""


def provide(slot: Slot[P], host: str) -> None:
    """Fills a slot from the host's imports when this is a component. The last line of the module that stands for
    the interface: the host's side needs that module's types."""
    if IN_COMPONENT:
        slot.set(cast(P, importlib.import_module(f"yunlong._host.{host}").Host()))
