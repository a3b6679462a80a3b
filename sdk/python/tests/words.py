"""The calls that `docs/sdk.md` shows, as they stand there: what a guide shows must be right by its types. Nothing here is
run; a test of the book finds each of its words in this file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yunlong.base.population
import yunlong.testing
from yunlong import (
    App,
    Column,
    Event,
    Form,
    Input,
    Layout,
    Problem,
    Progress,
    Reject,
    Request,
    Response,
    Retry,
    Router,
    Templates,
    attributes,
    base32,
    clock,
    context,
    files,
    http,
    identity,
    money,
    now,
    page,
    payments,
    qr,
    random,
    shared,
    t,
)
from yunlong.attributes import Attribute
from yunlong.data import Collection, Tx, transact
from yunlong.messaging import Notification, Outgoing


@dataclass(frozen=True)
class Order:
    number: str
    time: int


@dataclass(frozen=True)
class ByNumber:
    number: str


P = TypeVar("P")
Q = TypeVar("Q")
B = TypeVar("B")


ORDERS = Collection("orders", Order, id="number")
LAYOUT = Layout(t("门票", "Tickets"), Templates(Path("templates")))
router = Router()


@router.get("/orders/{number}")
def order(req: Request) -> Response:
    raise Problem(404, t("没有", "None"))


@router.operation("POST", "/api/orders", "order")
def make(req: Request, input: Input[ByNumber, None, Order]) -> Order:
    return parts(input)[2]


def parts(input: Input[P, Q, B]) -> tuple[P, Q, B]:
    return input.path, input.query, input.body


def asks(req: Request) -> Response:
    form: Form = req.form()
    form.text("name", 1, 80)
    subject = req.subject()
    req.require_role("clerk")
    if identity.acting_for() is None and attributes.attribute(Attribute.MOBILE) == subject:
        return Response.see_other(attributes.consent_url(["call-back"], "/"))
    if form.checked("more"):
        return Response.see_other(identity.step_up_url("/"))
    columns: Sequence[Column[Order]] = [Column(req.t("门票", "Tickets"), lambda o: o.number)]
    return LAYOUT.page(req, t("门票", "Tickets"), "list.html", table=page.table("Tickets", columns, []))


def stores(order: Order, cursor: str | None) -> list[Order]:
    found = ORDERS.find(ORDERS.index("by-time").descending().after(cursor))

    def run(tx: Tx) -> None:
        tx.insert(ORDERS, order)
        tx.adjust("places", "evening", 1, 0, 50)
        tx.audit("order.make", order.number, {})
        tx.publish(Outgoing("order.made", order))
        tx.notify(Notification("p-1", t("门票", "Tickets"), t("已下单", "Ordered")))
        tx.create_intent(payments.NewIntent(order.number, t("门票", "Tickets"), [], now(), "/"))
        held = tx.create_escrow(payments.NewEscrow(order.number, t("门票", "Tickets"), 1, now(), "/"))
        tx.release(held.id, payments.Release("settle", [], "confirmed"))
        tx.refund_held(held.id, payments.HeldRefund("return", 1, "returned"))
        payments.escrow(held.id)
        tx.attach("file", order.number)

    transact(run)
    return found.values


def consume(event: Event, tx: Tx) -> None:
    if payments.outcome_of(event) is None:
        raise Reject("unknown")
    raise Retry("later")


def run_job(job: str, scheduled: int, tx: Tx) -> None: ...


def install(tx: Tx) -> None: ...


def health() -> None: ...


def migrate(old: int, new: int, cursor: str | None, tx: Tx) -> Progress:
    return Progress(None, 0)


app = App(router, consumer=consume, jobs=run_job, install=install, health=health, migrate=migrate)


def looks() -> list[object]:
    residents = shared.Dataset.open("population.person", "roster")
    return [
        files.ticket(files.NewTicket("photos", "/")),
        residents.me(["name"]),
        yunlong.base.population,
        context.derive_key("plates", 32),
        context.config("places", int),
        random.bytes(8),
        random.code(12),
        money.split(108_000, [97, 3]),
        money.yuan(108_000),
        base32.encode(b"key", 12),
        base32.typed("zw00"),
        clock.minute(now()),
        clock.years_until(clock.date_at(0), clock.date_at(now())),
        qr.svg("A1", "A ticket"),
        http.get("https://api.example.org/prices"),
        http.post_json("https://api.example.org/orders", {}),
        http.send(http.OutboundRequest("GET", "https://api.example.org/")),
        files.serve("file"),
    ]


def tries(city: yunlong.testing.TestCity) -> list[object]:
    city.sign_in("p-1")
    city.sign_in_official("o-1", "clerk")
    city.consent("p-1", "call-back")
    city.put_record("population.person", "K1", "p-1", {})
    city.grant("population.person", "roster")
    city.conflict_next(1)
    city.advance(60_000)
    city.get("/")
    city.post("/")
    city.post_json("/api/orders", {})
    city.send("GET", "/", {"accept": "text/html"})
    city.deliver()
    city.run_job("end")
    city.pay("intent")
    city.answer("https://api.example.org/", http.OutboundResponse(200, [], b"{}"))
    return [city.sent, city.published, city.inbox("p-1"), city.audit, city.shared_reads]
