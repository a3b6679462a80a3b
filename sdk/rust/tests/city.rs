//! Identity, messages, payments, jobs and configuration on the test double.
#![allow(clippy::unwrap_used)]

use serde_json::json;
use yunlong_sdk::identity::{self, ActingFor, AttributeError, Grantor};
use yunlong_sdk::messaging::MessagingError;
use yunlong_sdk::payments::{self, Line, NewIntent, NewRefund, Outcome, PaymentError, Status};
use yunlong_sdk::testing::{Deliveries, TestCity};
use yunlong_sdk::{
    Attribute, Consumer, DataError, Event, Failure, Jobs, Kind, Lifecycle, Notification, Outgoing, Tx, context, data,
    now, random, t, transact, web,
};

const MANIFEST: &str = include_str!("app.toml");

/// Counts what arrives; does as the payload says.
struct Lesson;

impl Consumer for Lesson {
    fn handle(event: &Event, tx: &Tx<'_>) -> Result<(), Failure> {
        tx.adjust("audience", &event.topic, 1, 0..=1000)?;
        assert_eq!(identity::current().kind, Kind::Service);
        match event.json::<serde_json::Value>()?["do"].as_str() {
            Some("retry") if event.attempt < 3 => Err(Failure::Retry("not yet".into())),
            Some("reject") => Err(Failure::Reject("never".into())),
            Some("chain") => Ok(tx.publish(&Outgoing::new("pupil.joined", &json!({}))).map(drop)?),
            _ => Ok(()),
        }
    }
}

impl Jobs for Lesson {
    fn run(_: &str, scheduled: u64, tx: &Tx<'_>) -> Result<(), Failure> {
        assert_eq!(scheduled, now());
        Ok(tx.adjust("audience", "job", 1, 0..=1000)?)
    }
}

impl Lifecycle for Lesson {
    fn install(tx: &Tx<'_>) -> Result<(), String> {
        tx.adjust("seats", "room", 5, 0..=5).map_err(|e| e.to_string())
    }
}

fn publish(event: Outgoing) -> Result<String, web::Error> {
    transact(|tx| Ok(tx.publish(&event)?))
}

fn heard(topic: &str) -> i64 {
    data::counter("audience", topic).unwrap()
}

struct Asked;

impl Lifecycle for Asked {
    fn install(_: &Tx<'_>) -> Result<(), String> {
        Ok(())
    }

    fn health() -> Result<(), String> {
        if identity::current().kind == Kind::Service { Err("no price is set".into()) } else { Ok(()) }
    }
}

#[test]
fn the_app_is_asked_how_it_is_as_the_service_principal() {
    let city = TestCity::new(MANIFEST);
    city.sign_in("p-1");
    assert_eq!(city.health::<Asked>(), Err("no price is set".into()));
    assert_eq!(city.health::<Lesson>(), Ok(()));
    assert_eq!(identity::current().kind, Kind::Citizen);
}

#[test]
fn an_app_is_told_for_whom_its_visitor_acts_and_sends_them_to_step_up() {
    let city = TestCity::new(MANIFEST);
    city.sign_in("p-1");
    assert_eq!(identity::acting_for(), None);
    let company = Grantor::Company { code: "91320300MA000TX14G".into(), name: "示范".into() };
    let acting = ActingFor { subject: "p-2".into(), grantor: company, mandate: "m-1".into() };
    city.act_for(Some(acting.clone()));
    assert_eq!(identity::acting_for(), Some(acting));
    assert_eq!(identity::current().subject.as_deref(), Some("p-1"), "who acts stays who it is");
    city.sign_in("p-3");
    assert_eq!(identity::acting_for(), None, "another visitor acts for nobody");
    assert!(identity::step_up_url("/pledge").ends_with("/step-up?installation=lesson&return=%2Fpledge"));
}

#[test]
fn attributes_need_a_person_a_scope_and_their_consent() {
    let city = TestCity::new(MANIFEST);
    city.set_attribute("p-1", Attribute::BirthDate, "1950-01-02");
    let birth = || identity::attribute(Attribute::BirthDate);
    assert_eq!(birth(), Err(AttributeError::NotSignedIn));
    city.sign_in("p-1");
    assert_eq!(birth(), Err(AttributeError::ConsentRequired("age".into())));
    city.consent("p-1", "age");
    assert_eq!(birth().as_deref(), Ok("1950-01-02"));
    assert!(matches!(identity::attribute(Attribute::ResidentId), Err(AttributeError::NotGranted(_))));
    city.withdraw("p-1", "age");
    assert_eq!(birth(), Err(AttributeError::ConsentRequired("age".into())));
    city.sign_in("p-2");
    city.consent("p-2", "age");
    assert_eq!(birth(), Err(AttributeError::Absent));
}

#[test]
fn an_event_exists_if_its_transaction_commits() {
    let city = TestCity::new(MANIFEST);
    let failed: Result<(), web::Error> = transact(|tx| {
        tx.publish(&Outgoing::new("pupil.joined", &json!({})))?;
        Err(yunlong_sdk::Problem::not_found().into())
    });
    assert!(failed.is_err() && city.published().is_empty());
    city.conflict_next(2);
    publish(Outgoing::new("pupil.joined", &json!({})).subject("a").key("k")).unwrap();
    assert_eq!(city.published().len(), 1);
    assert_eq!(city.deliver::<Lesson>(), Deliveries { handled: 1, retried: 0, dead: 0 });
    assert_eq!((heard("pupil.joined"), city.queued().len()), (1, 0));
}

#[test]
fn a_process_dies_in_front_of_any_call_and_leaves_nothing_that_it_had_not_committed() {
    let city = TestCity::new(MANIFEST);
    let enrol = || {
        transact(|tx| {
            tx.adjust("audience", "pupils", 1, 0..=1000)?;
            Ok::<_, DataError>(tx.publish(&Outgoing::new("pupil.joined", &json!({}))).map(drop))
        })
    };
    // To begin, to count, to publish, to commit.
    for calls in 0..4 {
        assert!(city.cut_after(calls, enrol).is_none(), "it lived through {calls} calls");
        assert_eq!((heard("pupils"), city.published().len()), (0, 0));
    }
    assert_eq!(city.cut_after(4, enrol), Some(Ok(Ok(()))));
    assert_eq!((heard("pupils"), city.published().len()), (1, 1));
    let failure = || city.cut_after(4, || assert_eq!(heard("pupils"), 2, "a failure is no death"));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(failure)).is_err());
}

#[test]
fn a_message_at_which_a_process_dies_comes_again() {
    let city = TestCity::new(MANIFEST);
    city.sign_in("p-1");
    for _ in 0..3 {
        publish(Outgoing::new("pupil.joined", &json!({}))).unwrap();
    }
    // Each takes three: to begin, to count, to commit.
    assert_eq!(city.cut_after(5, || city.deliver::<Lesson>()), None);
    let attempts: Vec<u32> = city.queued().iter().map(|e| e.attempt).collect();
    assert_eq!((heard("pupil.joined"), attempts), (1, vec![1, 2]));
    assert_eq!(identity::current().subject.as_deref(), Some("p-1"), "the service's call is over");
    assert_eq!(city.deliver::<Lesson>().handled, 2);
    assert_eq!((heard("pupil.joined"), city.queued().len()), (3, 0));
}

#[test]
fn topics_must_be_declared() {
    let _city = TestCity::new(MANIFEST);
    let result = transact(|tx| Ok::<_, DataError>(tx.publish(&Outgoing::new("pupil.left", &json!({})))));
    assert_eq!(result, Ok(Err(MessagingError::Undeclared("pupil.left".into()))));
}

#[test]
fn events_wait_for_their_time() {
    let city = TestCity::new(MANIFEST);
    publish(Outgoing::new("pupil.joined", &json!({})).not_before(now() + 1000)).unwrap();
    assert_eq!(city.deliver::<Lesson>().handled, 0);
    city.advance(999);
    assert_eq!(city.deliver::<Lesson>().handled, 0);
    city.advance(1);
    assert_eq!(city.deliver::<Lesson>().handled, 1);
}

#[test]
fn a_deduplication_key_publishes_once() {
    let city = TestCity::new(MANIFEST);
    for _ in 0..3 {
        publish(Outgoing::new("pupil.joined", &json!({})).once("a")).unwrap();
    }
    publish(Outgoing::new("pupil.joined", &json!({})).once("b")).unwrap();
    assert_eq!(city.published().len(), 2);
}

#[test]
fn retries_wait_and_rejections_become_dead_letters_without_effects() {
    let city = TestCity::new(MANIFEST);
    publish(Outgoing::new("pupil.joined", &json!({"do": "retry"}))).unwrap();
    publish(Outgoing::new("pupil.joined", &json!({"do": "reject"}))).unwrap();
    assert_eq!(city.deliver::<Lesson>(), Deliveries { handled: 0, retried: 1, dead: 1 });
    assert_eq!(heard("pupil.joined"), 0, "what the consumer wrote went with its failure");
    assert_eq!(city.dead_letters()[0].1, "never");
    city.deliver::<Lesson>();
    assert_eq!(city.deliver::<Lesson>().handled, 1);
}

#[test]
fn what_a_consumer_publishes_is_delivered_too_and_other_apps_are_heard() {
    let city = TestCity::new(MANIFEST);
    city.arrive("clock-tower", "bell.rang", Some("k"), &json!({"do": "chain"}));
    assert_eq!(city.deliver::<Lesson>().handled, 2);
    assert_eq!((heard("bell.rang"), heard("pupil.joined")), (1, 1));
    assert_eq!(city.published()[0].source, "/installations/lesson");
}

#[test]
fn the_person_who_was_signed_in_still_is_after_a_delivery() {
    let city = TestCity::new(MANIFEST);
    city.sign_in("p-1");
    publish(Outgoing::new("pupil.joined", &json!({}))).unwrap();
    city.deliver::<Lesson>();
    assert_eq!(identity::current().subject.as_deref(), Some("p-1"));
}

#[test]
fn notes_reach_people_whom_the_installation_knows() {
    let city = TestCity::new(MANIFEST);
    let note = |to: &str| {
        transact(|tx| {
            Ok::<_, DataError>(tx.notify(&Notification::new(to, t("好", "Good"), t("好", "Good")).path("/x")))
        })
    };
    assert_eq!(note("p-9"), Ok(Err(MessagingError::UnknownRecipient)));
    city.sign_in("p-9");
    city.sign_out();
    assert_eq!(note("p-9"), Ok(Ok(())));
    assert_eq!(city.inbox("p-9")[0].path.as_deref(), Some("/x"));
}

#[test]
fn jobs_and_installation_run_in_transactions() {
    let city = TestCity::new(MANIFEST);
    city.install::<Lesson>().unwrap();
    city.run_job::<Lesson>("roll-call").unwrap();
    assert_eq!((data::counter("seats", "room"), heard("job")), (Ok(5), 1));
    assert!(city.install::<Lesson>().is_err(), "the bound refuses the second");
}

#[test]
fn configuration_is_typed_and_has_its_defaults() {
    let city = TestCity::new(MANIFEST);
    assert_eq!(context::config::<u32>("limit"), Ok(Some(30)));
    assert_eq!(context::config::<u32>("other"), Ok(None));
    city.configure("limit", "many");
    assert!(context::config::<u32>("limit").is_err());
}

#[test]
fn derived_keys_are_stable_and_differ_by_purpose() {
    let _city = TestCity::new(MANIFEST);
    assert_eq!(context::derive_key::<64>("ticket"), context::derive_key::<64>("ticket"));
    assert_ne!(context::derive_key::<32>("ticket"), context::derive_key::<32>("gate"));
    assert_ne!(random::code(16), random::code(16));
    assert_eq!(random::code(13).len(), 13);
}

const PAYEE: &str = "91320300MA000TX14G";
const OTHER: &str = "11320300MB000TX42P";

fn line(payee: &str, amount: u64) -> Line {
    Line { payee: payee.into(), amount, description: "学费".into() }
}

fn create(reference: &str, lines: Vec<Line>) -> Result<payments::Intent, PaymentError> {
    let new = NewIntent {
        reference: reference.into(),
        description: t("学费", "Fees"),
        lines,
        expires_at: now() + 60_000,
        return_path: "/".into(),
    };
    transact(|tx| Ok::<_, DataError>(tx.create_intent(&new))).unwrap()
}

fn refund(intent: &str, reference: &str, lines: Vec<Line>) -> Result<(), PaymentError> {
    let new = NewRefund { reference: reference.into(), lines, reason: "退学".into() };
    transact(|tx| Ok::<_, DataError>(tx.refund(intent, &new))).unwrap()
}

fn outcomes(city: &TestCity) -> Vec<(Outcome, u64)> {
    let out = city.queued().iter().map(|e| e.payment().unwrap().unwrap()).map(|p| (p.outcome, p.amount)).collect();
    city.deliver::<Lesson>();
    out
}

#[test]
fn a_payment_is_captured_and_refunded_within_what_each_payee_received() {
    let city = TestCity::new(MANIFEST);
    let intent = create("o-1", vec![line(PAYEE, 700), line(OTHER, 300)]).unwrap();
    assert_eq!((intent.amount, intent.status), (1000, Status::Pending));
    assert!(matches!(refund(&intent.id, "r-0", vec![line(PAYEE, 1)]), Err(PaymentError::WrongStatus(_))));
    city.pay(&intent.id);
    city.pay(&intent.id);
    assert_eq!(outcomes(&city), [(Outcome::Captured, 1000)]);
    assert!(matches!(refund(&intent.id, "r-1", vec![line(PAYEE, 701)]), Err(PaymentError::Invalid(_))));
    refund(&intent.id, "r-2", vec![line(PAYEE, 700)]).unwrap();
    refund(&intent.id, "r-2", vec![line(PAYEE, 700)]).unwrap();
    assert_eq!(payments::intent(&intent.id).unwrap().refunded, 700, "the same number is the same refund");
    refund(&intent.id, "r-3", vec![line(OTHER, 300)]).unwrap();
    city.pay_refunds();
    assert_eq!(outcomes(&city), [(Outcome::Refunded, 700), (Outcome::Refunded, 300)]);
    assert_eq!(payments::intent(&intent.id).unwrap().status, Status::Refunded);
}

#[test]
fn one_reference_has_one_intent() {
    let _city = TestCity::new(MANIFEST);
    let first = create("o-1", vec![line(PAYEE, 700)]).unwrap();
    assert_eq!(create("o-1", vec![line(PAYEE, 700)]).unwrap().id, first.id);
    assert!(matches!(create("o-1", vec![line(PAYEE, 701)]), Err(PaymentError::Invalid(_))));
    assert!(matches!(create("o-2", vec![]), Err(PaymentError::Invalid(_))));
}

#[test]
fn money_that_comes_after_a_cancellation_is_reported() {
    let city = TestCity::new(MANIFEST);
    let intent = create("o-1", vec![line(PAYEE, 700)]).unwrap();
    let cancel = || transact(|tx| Ok::<_, DataError>(tx.cancel_intent(&intent.id))).unwrap();
    assert_eq!(cancel(), Ok(()));
    assert!(matches!(cancel(), Err(PaymentError::WrongStatus(_))));
    city.pay(&intent.id);
    assert_eq!(outcomes(&city), [(Outcome::Cancelled, 0), (Outcome::Captured, 700)]);
    refund(&intent.id, "r-1", vec![line(PAYEE, 700)]).unwrap();
    city.refuse_refunds("closed account");
    assert_eq!(outcomes(&city), [(Outcome::RefundFailed, 700)]);
    assert_eq!(payments::intent(&intent.id).unwrap().refunded, 0);
}

#[test]
fn a_payment_is_confirmed_in_its_payers_call_alone() {
    let city = TestCity::new(MANIFEST);
    let confirm = |id: &str| transact(|tx| Ok::<_, DataError>(tx.confirm_intent(id))).unwrap();
    city.sign_in("li-hua");
    let intent = create("o-1", vec![line(PAYEE, 700)]).unwrap();
    city.sign_out();
    assert!(matches!(confirm(&intent.id), Err(PaymentError::Other(_))), "nor in a call of nobody");
    city.sign_in("wang-fang");
    assert!(matches!(confirm(&intent.id), Err(PaymentError::Other(_))));
    city.sign_in("li-hua");
    assert_eq!(confirm(&intent.id), Ok(()));
    city.sign_out();
    let open = create("o-2", vec![line(PAYEE, 700)]).unwrap();
    city.sign_in("wang-fang");
    assert_eq!(confirm(&open.id), Ok(()), "what anybody may pay, anybody confirms");
}

#[test]
fn a_refused_payment_may_be_tried_again() {
    let city = TestCity::new(MANIFEST);
    let intent = create("o-1", vec![line(PAYEE, 700)]).unwrap();
    city.refuse_payment(&intent.id, "no funds");
    transact(|tx| Ok::<_, DataError>(tx.confirm_intent(&intent.id))).unwrap().unwrap();
    assert_eq!(payments::intent(&intent.id).unwrap().status, Status::Processing);
    city.pay(&intent.id);
    assert_eq!(outcomes(&city), [(Outcome::Failed, 0), (Outcome::Captured, 700)]);
    assert_eq!(payments::intent("nobody's"), Err(PaymentError::UnknownIntent("nobody's".into())));
}
