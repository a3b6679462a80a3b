"""Identity, messages, payments, jobs, configuration and outside hosts on the test double."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from yunlong import App, Event, Kind, Problem, Reject, Retry, Router, context, data, http, identity, messaging, now, random, t
from yunlong import attributes, payments
from yunlong.attributes import Attribute, attribute
from yunlong.data import Tx, transact
from yunlong.http import HttpError, OutboundResponse
from yunlong.identity import ActingFor, Company
from yunlong.messaging import Notification, Outgoing
from yunlong.payments import Line, NewIntent, NewRefund, Outcome, Status, outcome_of
from yunlong.testing import Deliveries, TestCity

from .conftest import MANIFEST


def consume(event: Event, tx: Tx) -> None:
    """Counts what arrives; does as the payload says."""
    tx.adjust("audience", event.topic, 1, 0, 1000)
    assert identity.current().kind is Kind.SERVICE
    match event.value().get("do"):
        case "retry" if event.attempt < 3:
            raise Retry("not yet")
        case "reject":
            raise Reject("never")
        case "chain":
            tx.publish(Outgoing("pupil.joined", {}))


def run(job: str, scheduled: int, tx: Tx) -> None:
    assert scheduled == now()
    tx.adjust("audience", "job", 1, 0, 1000)


def install(tx: Tx) -> None:
    tx.adjust("seats", "room", 5, 0, 5)


@pytest.fixture
def city() -> Iterator[TestCity]:
    with TestCity(MANIFEST, App(Router(), consumer=consume, jobs=run, install=install)) as city:
        yield city


def publish(data: Any, **more: Any) -> str:
    return transact(lambda tx: tx.publish(Outgoing("pupil.joined", data, **more)))


def heard(topic: str) -> int:
    return data.counter("audience", topic)


def test_an_app_is_told_for_whom_its_visitor_acts_and_sends_them_to_step_up(city: TestCity) -> None:
    city.sign_in("p-1")
    assert identity.acting_for() is None
    acting = ActingFor("p-2", Company("91320300MA000TX14G", "示范"), "m-1")
    city.act_for(acting)
    assert identity.acting_for() == acting
    assert identity.current().subject == "p-1", "who acts stays who it is"
    city.sign_in("p-3")
    assert identity.acting_for() is None, "another visitor acts for nobody"
    assert identity.step_up_url("/pledge").endswith("/step-up?installation=lesson&return=%2Fpledge")


def test_attributes_need_a_person_a_scope_and_their_consent(city: TestCity) -> None:
    city.set_attribute("p-1", Attribute.BIRTH_DATE, "1950-01-02")
    with pytest.raises(attributes.NotSignedIn):
        attribute(Attribute.BIRTH_DATE)
    city.sign_in("p-1")
    with pytest.raises(attributes.ConsentRequired, match="`age`"):
        attribute(Attribute.BIRTH_DATE)
    city.consent("p-1", "age")
    assert attribute(Attribute.BIRTH_DATE) == "1950-01-02"
    with pytest.raises(attributes.NotGranted):
        attribute(Attribute.RESIDENT_ID)
    city.withdraw("p-1", "age")
    with pytest.raises(attributes.ConsentRequired):
        attribute(Attribute.BIRTH_DATE)
    city.sign_in("p-2")
    city.consent("p-2", "age")
    with pytest.raises(attributes.Absent):
        attribute(Attribute.BIRTH_DATE)


def test_an_event_exists_if_its_transaction_commits(city: TestCity) -> None:
    def fails(tx: Tx) -> None:
        tx.publish(Outgoing("pupil.joined", {}))
        raise Problem.not_found()

    with pytest.raises(Problem):
        transact(fails)
    assert city.published == []
    city.conflict_next(2)
    publish({}, subject="a", key="k")
    assert len(city.published) == 1
    assert city.deliver() == Deliveries(handled=1)
    assert (heard("pupil.joined"), city.queued) == (1, [])


def test_topics_must_be_declared(city: TestCity) -> None:
    with pytest.raises(messaging.Undeclared, match="pupil.left"):
        transact(lambda tx: tx.publish(Outgoing("pupil.left", {})))
    with pytest.raises(messaging.Invalid, match="bytes"):
        publish({"text": "x" * 262_144})
    with pytest.raises(messaging.Invalid):
        publish({"number": float("nan")})


def test_events_wait_for_their_time(city: TestCity) -> None:
    publish({}, not_before=now() + 1000)
    assert city.deliver().handled == 0
    city.advance(999)
    assert city.deliver().handled == 0
    city.advance(1)
    assert city.deliver().handled == 1


def test_a_deduplication_key_publishes_once(city: TestCity) -> None:
    for _ in range(3):
        publish({}, once="a")
    publish({}, once="b")
    assert len(city.published) == 2


def test_retries_wait_and_rejections_become_dead_letters_without_effects(city: TestCity) -> None:
    publish({"do": "retry"})
    publish({"do": "reject"})
    assert city.deliver() == Deliveries(handled=0, retried=1, dead=1)
    assert heard("pupil.joined") == 0, "what the consumer wrote went with its failure"
    assert city.dead_letters[0][1] == "never"
    city.deliver()
    assert city.deliver().handled == 1


def test_what_a_consumer_publishes_is_delivered_too_and_other_apps_are_heard(city: TestCity) -> None:
    city.arrive("clock-tower", "bell.rang", {"do": "chain"}, key="k")
    assert city.deliver().handled == 2
    assert (heard("bell.rang"), heard("pupil.joined")) == (1, 1)
    assert city.published[0].source == "/installations/lesson"


def test_the_person_who_was_signed_in_still_is_after_a_delivery(city: TestCity) -> None:
    city.sign_in("p-1")
    publish({})
    city.deliver()
    assert identity.current().subject == "p-1"


def test_an_event_of_another_shape_is_rejected() -> None:
    @dataclass(frozen=True)
    class Joined:
        name: str

    event = Event("e-1", "/installations/lesson", "pupil.joined", None, 0, None, '{"name": "a", "more": 1}', 1)
    assert event.json(Joined) == Joined("a")
    for data_ in ['{"name": 5}', "{}", "[]", "nonsense", "[" * 100_000]:
        with pytest.raises(Reject, match=r"pupil\.joined e-1"):
            Event("e-1", "/installations/lesson", "pupil.joined", None, 0, None, data_, 1).json(Joined)


def test_notes_reach_people_whom_the_installation_knows(city: TestCity) -> None:
    note = Notification("p-9", t("好", "Good"), t("好", "Good"), path="/x")
    with pytest.raises(messaging.UnknownRecipient):
        transact(lambda tx: tx.notify(note))
    city.sign_in("p-9")
    city.sign_out()
    transact(lambda tx: tx.notify(note))
    assert city.inbox("p-9") == [note]


def test_jobs_and_installation_run_in_a_transaction(city: TestCity) -> None:
    city.conflict_next(1)
    city.run_job("roll-call")
    assert heard("job") == 1
    city.install()
    assert data.counter("seats", "room") == 5
    with pytest.raises(Retry):
        city.install()
    with pytest.raises(AssertionError):
        city.run_job("undeclared")


def test_configuration_has_defaults_and_types(city: TestCity) -> None:
    assert context.config("limit", int) == 30
    assert context.config("other", int) is None
    city.configure("limit", "many")
    with pytest.raises(context.ConfigError):
        context.config("limit", int)


def test_derived_keys_are_stable_and_differ_by_purpose(city: TestCity) -> None:
    assert context.derive_key("ticket", 64) == context.derive_key("ticket", 64)
    assert context.derive_key("ticket", 32) != context.derive_key("gate", 32)
    with pytest.raises(ValueError):
        context.derive_key("ticket", 65)
    assert random.code(16) != random.code(16)
    assert len(random.code(13)) == 13


PAYEE = "91320300MA000TX14G"
OTHER = "11320300MB000TX42P"


def line(payee: str, amount: int) -> Line:
    return Line(payee, amount, "学费")


def create(reference: str, lines: list[Line]) -> payments.Intent:
    new = NewIntent(reference, t("学费", "Fees"), lines, now() + 60_000, "/")
    return transact(lambda tx: tx.create_intent(new))


def refund(intent: str, reference: str, lines: list[Line]) -> None:
    transact(lambda tx: tx.refund(intent, NewRefund(reference, lines, "退学")))


def confirm(id: str) -> None:
    transact(lambda tx: tx.confirm_intent(id))


def outcomes(city: TestCity) -> list[tuple[Outcome, int]]:
    found = [outcome_of(event) for event in city.queued]
    city.deliver()
    return [(o.outcome, o.amount) for o in found if o]


def test_a_payment_is_captured_and_refunded_within_what_each_payee_received(city: TestCity) -> None:
    intent = create("o-1", [line(PAYEE, 700), line(OTHER, 300)])
    assert (intent.amount, intent.status) == (1000, Status.PENDING)
    with pytest.raises(payments.WrongStatus):
        refund(intent.id, "r-0", [line(PAYEE, 1)])
    city.pay(intent.id)
    city.pay(intent.id)
    assert outcomes(city) == [(Outcome.CAPTURED, 1000)]
    with pytest.raises(payments.Invalid):
        refund(intent.id, "r-1", [line(PAYEE, 701)])
    refund(intent.id, "r-2", [line(PAYEE, 700)])
    refund(intent.id, "r-2", [line(PAYEE, 700)])
    assert payments.intent(intent.id).refunded == 700, "the same number is the same refund"
    refund(intent.id, "r-3", [line(OTHER, 300)])
    city.pay_refunds()
    assert outcomes(city) == [(Outcome.REFUNDED, 700), (Outcome.REFUNDED, 300)]
    assert payments.intent(intent.id).status is Status.REFUNDED


def test_one_reference_has_one_intent(city: TestCity) -> None:
    first = create("o-1", [line(PAYEE, 700)])
    assert create("o-1", [line(PAYEE, 700)]).id == first.id
    for reference, lines in [("o-1", [line(PAYEE, 701)]), ("o-2", []), ("o-3", [line("short", 1)])]:
        with pytest.raises(payments.Invalid):
            create(reference, lines)


def test_money_that_comes_after_a_cancellation_is_reported(city: TestCity) -> None:
    intent = create("o-1", [line(PAYEE, 700)])
    transact(lambda tx: tx.cancel_intent(intent.id))
    with pytest.raises(payments.WrongStatus):
        transact(lambda tx: tx.cancel_intent(intent.id))
    city.pay(intent.id)
    assert outcomes(city) == [(Outcome.CANCELLED, 0), (Outcome.CAPTURED, 700)]
    refund(intent.id, "r-1", [line(PAYEE, 700)])
    city.refuse_refunds("closed account")
    assert outcomes(city) == [(Outcome.REFUND_FAILED, 700)]
    assert payments.intent(intent.id).refunded == 0


def test_a_payment_is_confirmed_in_its_payers_call_alone(city: TestCity) -> None:
    city.sign_in("p-1")
    intent = create("o-1", [line(PAYEE, 700)])
    city.sign_out()
    with pytest.raises(payments.Other):
        confirm(intent.id)
    city.sign_in("p-2")
    with pytest.raises(payments.Other):
        confirm(intent.id)
    city.sign_in("p-1")
    confirm(intent.id)
    city.sign_out()
    open_ = create("o-2", [line(PAYEE, 700)])
    city.sign_in("p-2")
    confirm(open_.id)


def test_a_refused_payment_may_be_tried_again(city: TestCity) -> None:
    intent = create("o-1", [line(PAYEE, 700)])
    city.refuse_payment(intent.id, "no funds")
    confirm(intent.id)
    assert payments.intent(intent.id).status is Status.PROCESSING
    city.pay(intent.id)
    assert outcomes(city) == [(Outcome.FAILED, 0), (Outcome.CAPTURED, 700)]
    with pytest.raises(payments.UnknownIntent):
        payments.intent("nobody's")


def test_only_declared_hosts_are_reached(city: TestCity) -> None:
    city.answer("https://api.example.org/prices", OutboundResponse(200, [("Content-Type", "text/plain")], b'{"name": "a"}'))
    # ANCHOR: http
    answer = http.get("https://api.example.org/prices?day=1")
    assert answer.is_success and answer.header("content-type") == "text/plain"
    # ANCHOR_END: http
    assert city.sent[0].parts() == ("https", "api.example.org", "/prices?day=1")
    for url, code in [
        ("https://example.net/?token=secret", "refused"),
        ("https://api.example.org:9443/", "refused"),
        ("ftp://api.example.org/", "invalid"),
        ("https://user:secret@api.example.org/", "invalid"),
        ("https://[", "invalid"),
        ("https://api.example.org/silent", "refused"),
    ]:
        with pytest.raises(HttpError) as refused:
            http.get(url)
        assert refused.value.code == code, url
        assert "secret" not in str(refused.value), "an address may carry secrets"
    with pytest.raises(HttpError) as long:
        http.send(http.OutboundRequest("GET", "https://api.example.org/prices", most=3))
    assert long.value.code == "too-large"

    @dataclass(frozen=True)
    class Price:
        fen: int

    with pytest.raises(HttpError, match="fen"):
        answer.json(Price)


def test_without_a_city_the_error_says_what_to_do() -> None:
    with pytest.raises(RuntimeError, match="TestCity"):
        now()
