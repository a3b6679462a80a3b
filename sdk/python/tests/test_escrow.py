"""Escrow in the city in memory: what was captured is held, released, on its way back, or back, and nothing of it is in
two places."""

from collections.abc import Iterator

import pytest

from yunlong import App, Event, Router, data, now, payments, t
from yunlong.data import Tx, transact
from yunlong.payments import HeldRefund, Intent, Line, NewEscrow, NewIntent, NewRefund, Outcome, Release, Status, outcome_of
from yunlong.testing import TestCity

from .conftest import MANIFEST

SELLER = "92320324MA000TX221"
STATION = "91320300MA000TX14G"


def consume(event: Event, tx: Tx) -> None:
    assert outcome_of(event)
    tx.adjust("audience", event.topic, 1, 0, 1000)


@pytest.fixture
def city() -> Iterator[TestCity]:
    with TestCity(MANIFEST, App(Router(), consumer=consume)) as city:
        yield city


def line(payee: str, amount: int) -> Line:
    return Line(payee, amount, "货款")


def new(reference: str, amount: int) -> NewEscrow:
    return NewEscrow(reference, t("实木床", "A wooden bed"), amount, now() + 60_000, "/")


def plain(reference: str, amount: int) -> NewIntent:
    return NewIntent(reference, t("学费", "Fees"), [line(SELLER, amount)], now() + 60_000, "/")


def create(reference: str, amount: int) -> Intent:
    return transact(lambda tx: tx.create_escrow(new(reference, amount)))


def give(reference: str, *lines: Line) -> Release:
    return Release(reference, list(lines), "确认收货")


def release(id: str, reference: str, *lines: Line) -> None:
    transact(lambda tx: tx.release(id, give(reference, *lines)))


def refund_held(id: str, reference: str, amount: int) -> None:
    transact(lambda tx: tx.refund_held(id, HeldRefund(reference, amount, "少发")))


def state(id: str) -> list[int]:
    """Captured, held, released, refunding, refunded."""
    s = payments.escrow(id)
    assert s.captured == s.held + s.released + s.refunding + s.refunded
    return [s.captured, s.held, s.released, s.refunding, s.refunded]


def outcomes(city: TestCity) -> list[tuple[Outcome, int, str | None]]:
    found = [outcome_of(event) for event in city.queued]
    city.deliver()
    return [(o.outcome, o.amount, o.refund) for o in found if o]


def paid(city: TestCity, reference: str, amount: int) -> str:
    id = create(reference, amount).id
    city.pay(id)
    return id


def test_a_bed_is_paid_held_partly_returned_and_settled_with_a_commission(city: TestCity) -> None:
    intent = create("o-1", 108_000)
    assert (intent.amount, intent.status) == (108_000, Status.PENDING)
    assert state(intent.id) == [0, 0, 0, 0, 0]
    with pytest.raises(payments.WrongStatus):
        release(intent.id, "s", line(SELLER, 1))
    city.pay(intent.id)
    city.pay(intent.id)
    assert outcomes(city) == [(Outcome.CAPTURED, 108_000, None)]
    assert state(intent.id) == [108_000, 108_000, 0, 0, 0]

    refund_held(intent.id, "less", 20_000)
    refund_held(intent.id, "less", 20_000)
    assert state(intent.id) == [108_000, 88_000, 0, 20_000, 0], "the same number is the same refund"
    city.pay_refunds()
    assert outcomes(city) == [(Outcome.REFUNDED, 20_000, "less")]

    lines = [line(SELLER, 85_360), line(STATION, 2_640)]
    release(intent.id, "settle", *lines)
    release(intent.id, "settle", *lines)
    assert state(intent.id) == [108_000, 0, 88_000, 0, 20_000]
    read = payments.intent(intent.id)
    assert (read.status, read.refunded) == (Status.CAPTURED, 20_000)
    assert outcomes(city) == [], "a release is no event: it is done with its commit"


def test_nothing_is_moved_that_is_not_held_and_the_refusal_says_how_much_is(city: TestCity) -> None:
    id = paid(city, "o-1", 1_000)
    refund_held(id, "r", 300)
    with pytest.raises(payments.Invalid, match="700 fen.* 701 .*300"):
        release(id, "s", line(SELLER, 500), line(STATION, 201))
    with pytest.raises(payments.Invalid):
        refund_held(id, "r-2", 701)
    release(id, "s", line(SELLER, 700))
    with pytest.raises(payments.Invalid, match="new reference"):
        release(id, "s", line(SELLER, 699))
    with pytest.raises(payments.Invalid, match="new reference"):
        refund_held(id, "r", 299)
    for reference, lines in [
        ("s-2", []),
        ("s-2", [line(SELLER, 0)]),
        ("s-2", [line("a farmer", 1)]),
        ("", [line(SELLER, 1)]),
    ]:
        with pytest.raises(payments.Invalid):
            release(id, reference, *lines)
    with pytest.raises(payments.Invalid):
        refund_held(id, "r-2", 0)
    assert state(id) == [1_000, 0, 700, 300, 0]


def test_a_refund_that_the_provider_refused_is_held_again(city: TestCity) -> None:
    id = paid(city, "o-1", 1_000)
    outcomes(city)
    refund_held(id, "r", 1_000)
    with pytest.raises(payments.Invalid):
        release(id, "s", line(SELLER, 1))
    city.refuse_refunds("closed account")
    assert outcomes(city) == [(Outcome.REFUND_FAILED, 1_000, "r")]
    assert state(id) == [1_000, 1_000, 0, 0, 0]
    refund_held(id, "r", 1_000)
    assert state(id) == [1_000, 1_000, 0, 0, 0], "a number is used once, whatever became of it"
    refund_held(id, "r-2", 1_000)
    city.pay_refunds()
    assert outcomes(city) == [(Outcome.REFUNDED, 1_000, "r-2")]
    assert state(id) == [1_000, 0, 0, 0, 1_000]
    assert payments.intent(id).status is Status.REFUNDED
    with pytest.raises(payments.WrongStatus):
        refund_held(id, "r-3", 1)


def test_each_kind_of_intent_says_which_words_it_has(city: TestCity) -> None:
    held = paid(city, "o-1", 1_000)
    id = transact(lambda tx: tx.create_intent(plain("o-2", 1_000))).id
    city.pay(id)
    with pytest.raises(payments.WrongStatus, match="refund-held"):
        transact(lambda tx: tx.refund(held, NewRefund("r", [line(SELLER, 1)], "x")))
    with pytest.raises(payments.WrongStatus, match="no escrow"):
        release(id, "s", line(SELLER, 1))
    with pytest.raises(payments.WrongStatus, match="`refund`"):
        refund_held(id, "r", 1)
    with pytest.raises(payments.WrongStatus, match="get"):
        payments.escrow(id)
    with pytest.raises(payments.UnknownIntent):
        payments.escrow("nobody's")
    with pytest.raises(payments.UnknownIntent):
        release("nobody's", "s", line(SELLER, 1))


def test_one_reference_has_one_intent_of_one_kind(city: TestCity) -> None:
    first = create("o-1", 700)
    assert create("o-1", 700).id == first.id
    for reference, amount in [("o-1", 701), ("o-2", 0)]:
        with pytest.raises(payments.Invalid):
            create(reference, amount)
    with pytest.raises(payments.Invalid):
        transact(lambda tx: tx.create_intent(plain("o-1", 700)))

    def both(tx: Tx) -> None:
        tx.create_escrow(new("o-3", 700))
        tx.create_intent(plain("o-3", 700))

    with pytest.raises(payments.Invalid):
        transact(both)


def test_what_a_transaction_staged_counts_within_it_and_goes_with_it(city: TestCity) -> None:
    id = paid(city, "o-1", 1_000)

    def given_up(tx: Tx) -> None:
        tx.release(id, give("s", line(SELLER, 600)))
        with pytest.raises(payments.Invalid, match="400 fen"):
            tx.refund_held(id, HeldRefund("r", 401, "x"))
        raise ValueError("thought better of it")

    with pytest.raises(ValueError):
        transact(given_up)
    assert state(id) == [1_000, 1_000, 0, 0, 0], "nothing was written"

    def early(tx: Tx) -> None:
        tx.release(tx.create_escrow(new("o-2", 5)).id, give("s", line(SELLER, 5)))

    with pytest.raises(payments.WrongStatus):
        transact(early)


def test_of_two_releases_at_once_one_commits_and_the_other_meets_what_is_left(city: TestCity) -> None:
    id = paid(city, "o-1", 1_000)
    tries = 0

    def late(tx: Tx) -> None:
        nonlocal tries
        tries += 1
        tx.release(id, give("late", line(STATION, 600)))
        if tries == 1:
            release(id, "first", line(SELLER, 600))

    with pytest.raises(payments.Invalid):
        transact(late)
    assert tries == 2
    assert state(id) == [1_000, 400, 600, 0, 0]


def test_money_that_comes_late_is_held_and_can_be_returned(city: TestCity) -> None:
    id = create("o-1", 700).id
    transact(lambda tx: tx.cancel_intent(id))
    city.pay(id)
    assert outcomes(city) == [(Outcome.CANCELLED, 0, None), (Outcome.CAPTURED, 700, None)]
    refund_held(id, "late", 700)
    city.pay_refunds()
    assert state(id) == [700, 0, 0, 0, 700]
    assert data.counter("audience", "city.payments") == 2
