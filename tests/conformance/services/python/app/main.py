"""The app of the second conformance set. The same stands in ``../rust`` and ``../typescript``, in the same order."""

from dataclasses import dataclass, replace

# `files` before `data`: the SDK's modules may be imported in any order.
from yunlong import App, Event, Problem, Reject, Request, Response, Router, context, files, http, now, random, shared, t
from yunlong.data import Collection, OutOfBounds, Tx, counter, transact
from yunlong.messaging import Notification, Outgoing
from yunlong.payments import Line, NewIntent, NewRefund, Outcome, PaymentOutcome, WrongStatus, intent, outcome_of

PAYEE = "11320300MB000YL15P"
QUARTER = 15 * 60_000
DAY = 24 * 60 * 60_000


@dataclass(frozen=True)
class Order:
    number: str
    owner: str
    state: str
    """``held``, ``paid``, ``returning`` or ``ended``."""
    intent: str
    fee: int
    time: int


@dataclass(frozen=True)
class Made:
    number: str


ORDERS = Collection("orders", Order, id="number")

router = Router()


def _setting(key: str) -> int:
    return context.config(key, int) or 0


@router.post("/api/orders")
def order(req: Request) -> Response:
    owner = req.subject()
    number, time, fee, most = random.code(12), now(), _setting("fee"), _setting("places")

    def run(tx: Tx) -> Order:
        tx.adjust("places", "all", 1, 0, most)
        lines = [Line(PAYEE, fee, "预订")]
        made = tx.create_intent(NewIntent(number, t("预订", "An order"), lines, time + QUARTER, "/"))
        order = Order(number, owner, "held", made.id, fee, time)
        tx.insert(ORDERS, order)
        tx.publish(Outgoing("order.made", Made(number), key=number))
        tx.publish(Outgoing("order.over", Made(number), key=number, not_before=time + QUARTER))
        tx.audit("order.make", number, {})
        return order

    try:
        made = transact(run)
    except OutOfBounds as e:
        raise Problem.conflict(t("名额已满", "No place is left"), "sold-out") from e
    return Response.json({"number": made.number, "intent": made.intent}, 201)


def _own(req: Request) -> Order:
    """An order of whoever asks; somebody else's is answered like none at all."""
    owner = req.subject()
    found = ORDERS.get(req.param("number"))
    if found is None or found.value.owner != owner:
        raise Problem.not_found()
    return found.value


def _to(number: str) -> str:
    return f"orders/{number}"


@router.get("/api/orders/{number}")
def show(req: Request) -> Response:
    order = _own(req)
    payment = intent(order.intent)
    names = [file.name for file in files.attached(_to(order.number))]
    amounts = {"amount": payment.amount, "captured": payment.captured, "refunded": payment.refunded}
    return Response.json({"state": order.state, **amounts, "files": names})


@router.post("/api/orders/{number}/return")
def give_back(req: Request) -> Response:
    order = _own(req)
    if order.state != "paid":
        raise Problem.conflict(t("现在不能退", "It cannot be given back now"), "wrong-state")

    def run(tx: Tx) -> None:
        lines = [Line(PAYEE, order.fee, "退款")]
        tx.refund(order.intent, NewRefund(f"{order.number}-returned", lines, "退订"))
        tx.put(ORDERS, replace(order, state="returning"))

    transact(run)
    return Response.json({"state": "returning"}, 202)


@router.post("/api/orders/{number}/receipt")
def write_receipt(req: Request) -> Response:
    order = _own(req)
    # What is never attached is forgotten by the host: a file that was written before a fault does no harm.
    file = files.write("receipts", "收据.txt", f"receipt {order.number}\n".encode())

    def run(tx: Tx) -> None:
        tx.attach(file.id, _to(order.number))

    transact(run)
    return Response.json({"type": file.media_type, "size": file.size}, 201)


def _receipt(req: Request) -> str:
    order = _own(req)
    attached = files.attached(_to(order.number))
    if not attached:
        raise Problem.not_found()
    return attached[0].id


@router.get("/api/orders/{number}/receipt")
def read_receipt(req: Request) -> Response:
    """A part of it: what a program reads is a range."""
    return Response.text(files.read(_receipt(req), 0, 7).decode())


@router.get("/api/orders/{number}/receipt/file")
def serve_receipt(req: Request) -> Response:
    return files.serve(_receipt(req))


@router.get("/api/places")
def places(_: Request) -> Response:
    taken, told = counter("places", "all"), counter("told", "all")
    return Response.json({"taken": taken, "told": told, "of": _setting("places"), "fee": _setting("fee")})


@router.get("/api/key")
def key(_: Request) -> Response:
    one, again, other = (context.derive_key(purpose, 16) for purpose in ("one", "one", "other"))
    return Response.json({"key": one.hex(), "same": one == again, "apart": one != other})


@router.get("/api/elsewhere")
def elsewhere(_: Request) -> Response:
    """Nobody declared that host."""
    return Response.text(http.get("http://elsewhere.test/").text())


@router.get("/api/entry")
def entry(req: Request) -> Response:
    """Nobody granted that use."""
    req.subject()
    found = shared.Dataset.open("population.person", "own-entry").me(["name"])
    return Response.json({"found": found is not None})


def consume(event: Event, tx: Tx) -> None:
    payment = outcome_of(event)
    if payment:
        return _settled(payment, tx)
    number = event.json(Made).number
    found = tx.get(ORDERS, number)
    if event.topic == "order.over":
        # Unless it was forgotten meanwhile.
        return _over(found.value, tx) if found else None
    if found is None:
        raise Reject(f"there is no order {number}")
    tx.adjust("told", "all", 1, 0, 2**63 - 1)


def _over(order: Order, tx: Tx) -> None:
    """Gives up the payment that nobody made; its outcome, an event, ends the order."""
    if order.state == "held":
        try:
            tx.cancel_intent(order.intent)
        except WrongStatus:
            # Somebody is paying at this moment: what becomes of it comes as an event.
            return


def _settled(payment: PaymentOutcome, tx: Tx) -> None:
    found = tx.get(ORDERS, payment.reference)
    if found is None:
        raise Reject(f"there is no order {payment.reference}")
    order = found.value
    match payment.outcome, order.state:
        case Outcome.CAPTURED, "held":
            tx.put(ORDERS, replace(order, state="paid"))
            title, body = t("已付款", "Paid"), t("预订成功。", "The order stands.")
            tx.notify(Notification(order.owner, title, body, path=f"/api/orders/{order.number}"))
        case (Outcome.CANCELLED, "held") | (Outcome.REFUNDED, "returning"):
            tx.adjust("places", "all", -1, 0, 2**63 - 1)
            tx.put(ORDERS, replace(order, state="ended"))
        case Outcome.REFUND_FAILED, "returning":
            tx.put(ORDERS, replace(order, state="paid"))


def run_job(_: str, scheduled: int, tx: Tx) -> None:
    old = ORDERS.index("by-state").equals("ended").at_most(scheduled - DAY).limit(100)
    for order in tx.find(ORDERS, old).values:
        tx.delete(ORDERS, order.number)
    tx.adjust("swept", "all", 1, 0, 2**63 - 1)


app = App(router, consumer=consume, jobs=run_job)
