//! Escrow in the city in memory: what was captured is held, released, on its way back, or back, and
//! nothing of it is in two places.
#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::{Value, json};
use yunlong_sdk::messaging::{Event, PAYMENTS_TOPIC};
use yunlong_sdk::payments::{
    self, EscrowState, HeldRefund, Intent, Line, NewEscrow, NewIntent, NewRefund, Outcome, PaymentError, Release,
    Status,
};
use yunlong_sdk::testing::TestCity;
use yunlong_sdk::{Consumer, DataError, Failure, Tx, data, now, t, transact};

const MANIFEST: &str = include_str!("app.toml");
const SELLER: &str = "92320324MA000TX221";
const STATION: &str = "91320300MA000TX14G";

/// Writes down what it heard of payments.
struct Shop;

impl Consumer for Shop {
    fn handle(event: &Event, tx: &Tx<'_>) -> Result<(), Failure> {
        assert_eq!(event.topic, PAYMENTS_TOPIC);
        Ok(tx.adjust("audience", "payment", 1, 0..=1_000)?)
    }
}

fn line(payee: &str, amount: u64) -> Line {
    Line { payee: payee.into(), amount, description: "货款".into() }
}

fn new(reference: &str, amount: u64) -> NewEscrow {
    NewEscrow {
        reference: reference.into(),
        description: t("实木床", "A wooden bed"),
        amount,
        expires_at: now() + 60_000,
        return_path: "/".into(),
    }
}

/// One transaction of one payment call.
fn staged<T>(f: impl Fn(&Tx<'_>) -> Result<T, PaymentError>) -> Result<T, PaymentError> {
    transact(|tx| Ok::<_, DataError>(f(tx))).unwrap()
}

fn create(reference: &str, amount: u64) -> Result<Intent, PaymentError> {
    staged(|tx| payments::create_escrow(tx, new(reference, amount)))
}

fn give(reference: &str, lines: &[Line]) -> Release {
    Release { reference: reference.into(), lines: lines.to_vec(), reason: "确认收货".into() }
}

fn release(id: &str, reference: &str, lines: &[Line]) -> Result<(), PaymentError> {
    staged(|tx| payments::release(tx, id, give(reference, lines)))
}

fn back(reference: &str, amount: u64) -> HeldRefund {
    HeldRefund { reference: reference.into(), amount, reason: "少发".into() }
}

fn refund_held(id: &str, reference: &str, amount: u64) -> Result<(), PaymentError> {
    staged(|tx| payments::refund_held(tx, id, back(reference, amount)))
}

/// Captured, held, released, refunding, refunded.
fn state(id: &str) -> [u64; 5] {
    let EscrowState { captured, held, released, refunding, refunded, .. } = payments::escrow(id).unwrap();
    assert_eq!(captured, held + released + refunding + refunded);
    [captured, held, released, refunding, refunded]
}

fn outcomes(city: &TestCity) -> Vec<(Outcome, u64, Option<String>)> {
    let events = city.queued();
    let told = events.iter().map(|e| e.payment().unwrap().unwrap());
    let told = told.map(|p| (p.outcome, p.amount, p.refund)).collect();
    city.deliver::<Shop>();
    told
}

#[test]
fn a_bed_is_paid_held_partly_returned_and_settled_with_a_commission() {
    let city = TestCity::new(MANIFEST);
    let intent = create("o-1", 108_000).unwrap();
    assert_eq!((intent.amount, intent.status), (108_000, Status::Pending));
    assert_eq!(state(&intent.id), [0, 0, 0, 0, 0]);
    assert!(matches!(release(&intent.id, "s", &[line(SELLER, 1)]), Err(PaymentError::WrongStatus(_))));
    city.pay(&intent.id);
    city.pay(&intent.id);
    assert_eq!(outcomes(&city), [(Outcome::Captured, 108_000, None)]);
    assert_eq!(state(&intent.id), [108_000, 108_000, 0, 0, 0]);

    refund_held(&intent.id, "less", 20_000).unwrap();
    refund_held(&intent.id, "less", 20_000).unwrap();
    assert_eq!(state(&intent.id), [108_000, 88_000, 0, 20_000, 0], "the same number is the same refund");
    city.pay_refunds();
    assert_eq!(outcomes(&city), [(Outcome::Refunded, 20_000, Some("less".into()))]);

    let lines = [line(SELLER, 85_360), line(STATION, 2_640)];
    release(&intent.id, "settle", &lines).unwrap();
    release(&intent.id, "settle", &lines).unwrap();
    assert_eq!(state(&intent.id), [108_000, 0, 88_000, 0, 20_000]);
    let read = payments::intent(&intent.id).unwrap();
    assert_eq!((read.status, read.refunded), (Status::Captured, 20_000));
    assert_eq!(outcomes(&city), [], "a release is no event: it is done with its commit");
}

#[test]
fn nothing_is_moved_that_is_not_held_and_the_refusal_says_how_much_is() {
    let city = TestCity::new(MANIFEST);
    let intent = create("o-1", 1_000).unwrap();
    city.pay(&intent.id);
    refund_held(&intent.id, "r", 300).unwrap();
    let over = release(&intent.id, "s", &[line(SELLER, 500), line(STATION, 201)]).unwrap_err();
    let PaymentError::Invalid(why) = over else { panic!("{over:?}") };
    assert!(why.contains("700 fen") && why.contains("701") && why.contains("300"), "{why}");
    assert!(matches!(refund_held(&intent.id, "r-2", 701), Err(PaymentError::Invalid(_))));
    release(&intent.id, "s", &[line(SELLER, 700)]).unwrap();
    for again in [release(&intent.id, "s", &[line(SELLER, 699)]), refund_held(&intent.id, "r", 299)] {
        assert!(matches!(&again, Err(PaymentError::Invalid(why)) if why.contains("new reference")), "{again:?}");
    }
    for nothing in [
        release(&intent.id, "s-2", &[]),
        release(&intent.id, "s-2", &[line(SELLER, 0)]),
        release(&intent.id, "s-2", &[line("a farmer", 1)]),
        release(&intent.id, "", &[line(SELLER, 1)]),
        refund_held(&intent.id, "r-2", 0),
    ] {
        assert!(matches!(nothing, Err(PaymentError::Invalid(_))), "{nothing:?}");
    }
    assert_eq!(state(&intent.id), [1_000, 0, 700, 300, 0]);
}

#[test]
fn a_refund_that_the_provider_refused_is_held_again() {
    let city = TestCity::new(MANIFEST);
    let intent = create("o-1", 1_000).unwrap();
    city.pay(&intent.id);
    outcomes(&city);
    refund_held(&intent.id, "r", 1_000).unwrap();
    assert!(matches!(release(&intent.id, "s", &[line(SELLER, 1)]), Err(PaymentError::Invalid(_))));
    city.refuse_refunds("closed account");
    assert_eq!(outcomes(&city), [(Outcome::RefundFailed, 1_000, Some("r".into()))]);
    assert_eq!(state(&intent.id), [1_000, 1_000, 0, 0, 0]);
    refund_held(&intent.id, "r", 1_000).unwrap();
    assert_eq!(state(&intent.id), [1_000, 1_000, 0, 0, 0], "a number is used once, whatever became of it");
    refund_held(&intent.id, "r-2", 1_000).unwrap();
    city.pay_refunds();
    assert_eq!(outcomes(&city), [(Outcome::Refunded, 1_000, Some("r-2".into()))]);
    assert_eq!(state(&intent.id), [1_000, 0, 0, 0, 1_000]);
    assert_eq!(payments::intent(&intent.id).unwrap().status, Status::Refunded);
    assert!(matches!(refund_held(&intent.id, "r-3", 1), Err(PaymentError::WrongStatus(_))));
}

#[test]
fn each_kind_of_intent_says_which_words_it_has() {
    let city = TestCity::new(MANIFEST);
    let held = create("o-1", 1_000).unwrap();
    let plain = NewIntent {
        reference: "o-2".into(),
        description: t("学费", "Fees"),
        lines: vec![line(SELLER, 1_000)],
        expires_at: now() + 60_000,
        return_path: "/".into(),
    };
    let plain = staged(|tx| tx.create_intent(&plain)).unwrap();
    city.pay(&held.id);
    city.pay(&plain.id);
    let refund = NewRefund { reference: "r".into(), lines: vec![line(SELLER, 1)], reason: "x".into() };
    let says = |refused: PaymentError, word: &str| {
        assert!(matches!(&refused, PaymentError::WrongStatus(why) if why.contains(word)), "{refused:?}");
    };
    says(staged(|tx| tx.refund(&held.id, &refund)).unwrap_err(), "refund-held");
    says(release(&plain.id, "s", &[line(SELLER, 1)]).unwrap_err(), "no escrow");
    says(refund_held(&plain.id, "r", 1).unwrap_err(), "`refund`");
    says(payments::escrow(&plain.id).unwrap_err(), "get");
    assert_eq!(payments::escrow("nobody's"), Err(PaymentError::UnknownIntent("nobody's".into())));
    assert_eq!(release("nobody's", "s", &[line(SELLER, 1)]), Err(PaymentError::UnknownIntent("nobody's".into())));
}

#[test]
fn one_reference_has_one_intent_of_one_kind() {
    let _city = TestCity::new(MANIFEST);
    let first = create("o-1", 700).unwrap();
    assert_eq!(create("o-1", 700).unwrap().id, first.id);
    assert!(matches!(create("o-1", 701), Err(PaymentError::Invalid(_))));
    assert!(matches!(create("o-2", 0), Err(PaymentError::Invalid(_))));
    let plain = NewIntent {
        reference: "o-1".into(),
        description: t("学费", "Fees"),
        lines: vec![line(SELLER, 700)],
        expires_at: now() + 60_000,
        return_path: "/".into(),
    };
    assert!(matches!(staged(|tx| tx.create_intent(&plain)), Err(PaymentError::Invalid(_))));
    // Within one transaction too.
    let both = staged(|tx| {
        payments::create_escrow(tx, new("o-3", 700))?;
        tx.create_intent(&NewIntent { reference: "o-3".into(), ..plain.clone() })
    });
    assert!(matches!(both, Err(PaymentError::Invalid(_))));
}

#[test]
fn what_a_transaction_staged_counts_within_it_and_goes_with_it() {
    let city = TestCity::new(MANIFEST);
    let intent = create("o-1", 1_000).unwrap();
    city.pay(&intent.id);
    let mut second = Ok(());
    let given_up: Result<(), DataError> = transact(|tx| {
        payments::release(tx, &intent.id, give("s", &[line(SELLER, 600)])).unwrap();
        second = payments::refund_held(tx, &intent.id, back("r", 401));
        Err(DataError::Invalid("thought better of it".into()))
    });
    assert!(given_up.is_err());
    assert!(matches!(&second, Err(PaymentError::Invalid(why)) if why.contains("400 fen")), "{second:?}");
    assert_eq!(state(&intent.id), [1_000, 1_000, 0, 0, 0], "nothing was written");
    let early = staged(|tx| {
        let intent = payments::create_escrow(tx, new("o-2", 5))?;
        payments::release(tx, &intent.id, give("s", &[line(SELLER, 5)]))
    });
    assert!(matches!(early, Err(PaymentError::WrongStatus(_))), "{early:?}");
}

#[test]
fn of_two_releases_at_once_one_commits_and_the_other_meets_what_is_left() {
    let city = TestCity::new(MANIFEST);
    let intent = create("o-1", 1_000).unwrap();
    city.pay(&intent.id);
    let mut tries = 0;
    let late = transact(|tx| {
        tries += 1;
        let staged = payments::release(tx, &intent.id, give("late", &[line(STATION, 600)]));
        if tries == 1 {
            staged.clone().unwrap();
            release(&intent.id, "first", &[line(SELLER, 600)]).unwrap();
        }
        Ok::<_, DataError>(staged)
    });
    assert_eq!(tries, 2);
    assert!(matches!(late, Ok(Err(PaymentError::Invalid(_)))), "{late:?}");
    assert_eq!(state(&intent.id), [1_000, 400, 600, 0, 0]);
}

#[test]
fn money_that_comes_late_is_held_and_can_be_returned() {
    let city = TestCity::new(MANIFEST);
    let intent = create("o-1", 700).unwrap();
    staged(|tx| tx.cancel_intent(&intent.id)).unwrap();
    city.pay(&intent.id);
    assert_eq!(outcomes(&city), [(Outcome::Cancelled, 0, None), (Outcome::Captured, 700, None)]);
    refund_held(&intent.id, "late", 700).unwrap();
    city.pay_refunds();
    assert_eq!(state(&intent.id), [700, 0, 0, 0, 700]);
    assert_eq!(data::counter("audience", "payment"), Ok(2));
    let shown: Value = serde_json::to_value(payments::escrow(&intent.id).unwrap()).unwrap();
    assert_eq!(shown["refunded"], json!(700));
}
