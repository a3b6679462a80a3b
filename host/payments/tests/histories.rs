//! The "never" lines of payments, over random histories with crashes: the ledger always sums to
//! zero and agrees with its balances, no payee returns more than it received, each outcome reaches
//! the app once, and refused callbacks leave no trace.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

mod support;

use proptest::prelude::*;
use std::collections::BTreeMap;
use support::*;
use yunlong_model::{Clock, InstallationName};
use yunlong_payments::*;

#[derive(Clone, Debug)]
enum Step {
    Create(u8),
    Pay(u8, Behaviour),
    Confirm(u8),
    Cancel(u8),
    Refund(u8, u8, u64, u64),
    Poll,
    Deliver,
    DeliverTwice,
    Lose,
    Break(bool),
    Wait(i64),
    Crash,
    Close,
}

fn behaviours() -> impl Strategy<Value = Behaviour> {
    prop_oneof![
        4 => Just(Behaviour::Succeed),
        1 => Just(Behaviour::Fail),
        1 => (1_u64..2_000_000).prop_map(|millis| Behaviour::Delay { millis }),
        1 => (1_u32..4).prop_map(|times| Behaviour::Repeat { times }),
        1 => Just(Behaviour::FailRefund),
        1 => Just(Behaviour::Lose),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    let n = 0_u8..3;
    prop_oneof![
        2 => n.clone().prop_map(Step::Create),
        4 => (n.clone(), behaviours()).prop_map(|(n, b)| Step::Pay(n, b)),
        2 => n.clone().prop_map(Step::Confirm),
        1 => n.clone().prop_map(Step::Cancel),
        4 => (n, 0_u8..4, 0_u64..80, 0_u64..80).prop_map(|(n, r, a, b)| Step::Refund(n, r, a, b)),
        5 => Just(Step::Poll),
        5 => Just(Step::Deliver),
        1 => Just(Step::DeliverTwice),
        1 => Just(Step::Lose),
        1 => any::<bool>().prop_map(Step::Break),
        2 => (1_i64..1_000_000).prop_map(Step::Wait),
        2 => Just(Step::Crash),
        1 => Just(Step::Close),
    ]
}

async fn run(history: Vec<Step>) {
    let mut city = City::new();
    let mut intents: BTreeMap<u8, String> = BTreeMap::new();
    // What was sold before the app was removed, once it was.
    let mut sold: Option<BTreeMap<String, u64>> = None;
    for step in history {
        match step {
            Step::Create(n) => {
                let created = city.create(&format!("order-{n}"), 60, 40).await;
                if sold.is_some() {
                    assert_eq!(created, Err(PaymentError::Closed));
                    continue;
                }
                let intent = created.unwrap();
                let first = intents.entry(n).or_insert_with(|| intent.id.clone());
                assert_eq!(*first, intent.id, "one reference has one intent");
            }
            Step::Pay(n, behaviour) => {
                if let Some(id) = intents.get(&n) {
                    let begun = city.payments.pay_at_cashier(id, "citizen", behaviour).await;
                    assert!(sold.is_none() || begun == Err(PaymentError::Closed), "{begun:?}");
                }
            }
            Step::Confirm(n) => {
                if let Some(id) = intents.get(&n) {
                    let alone = city.stage(async |txn| city.payments.confirm(txn, &city.app, None, id).await).await;
                    assert_eq!(alone, Err(PaymentError::NotThePayer));
                    let _ =
                        city.stage(async |txn| city.payments.confirm(txn, &city.app, Some("citizen"), id).await).await;
                }
            }
            Step::Cancel(n) => {
                if let Some(id) = intents.get(&n) {
                    let _ = city.stage(async |txn| city.payments.cancel(txn, &city.app, id).await).await;
                }
            }
            Step::Refund(n, r, a, b) => {
                if let Some(id) = intents.get(&n) {
                    let new = refund(&format!("r-{r}"), a, b);
                    let _ = city.stage(async |txn| city.payments.refund(txn, &city.app, id, new).await).await;
                }
            }
            Step::Poll => drop(city.payments.poll_once().await.unwrap()),
            Step::Deliver => drop(city.deliver().await),
            Step::DeliverTwice => {
                let again = city.wire.sent.lock().unwrap().clone();
                city.deliver().await;
                *city.wire.sent.lock().unwrap() = again;
                let refused = city.deliver().await;
                assert!(
                    refused.iter().all(|e| matches!(e, CallbackError::Replayed | CallbackError::Stale)),
                    "{refused:?}"
                );
            }
            // Sent, answered by nobody, never sent again.
            Step::Lose => city.wire.sent.lock().unwrap().clear(),
            Step::Break(broken) => *city.wire.broken.lock().unwrap() = broken,
            Step::Wait(millis) => {
                // What is on its way for minutes arrives too late: refused as stale, and looked up.
                city.clock.advance(millis);
            }
            Step::Crash => city = city.crash(),
            Step::Close => {
                city.payments.close(&city.app).await.unwrap();
                if sold.is_none() {
                    let mut before = BTreeMap::new();
                    for id in intents.values() {
                        before.insert(id.clone(), city.payments.intent_by_id(id).await.unwrap().captured);
                    }
                    sold = Some(before);
                }
            }
        }
        check(&city, &intents).await;
    }
    // What was accepted comes to an end, however long it was delayed.
    *city.wire.broken.lock().unwrap() = false;
    for _ in 0..24 {
        city.clock.advance(300_000);
        city.payments.poll_once().await.unwrap();
        city.deliver().await;
    }
    check(&city, &intents).await;
    for id in intents.values() {
        let intent = city.payments.intent_by_id(id).await.unwrap();
        assert_ne!(intent.status, Status::Processing);
        assert!(intent.refunds.values().all(|r| r.status != RefundStatus::Staged), "{intent:?}");
        if sold.as_ref().is_some_and(|sold| sold[id] == 0) {
            let refused = intent.refunds.get("closed").is_some_and(|r| r.status == RefundStatus::Failed);
            assert!(
                matches!(intent.status, Status::Cancelled | Status::Refunded) || refused,
                "an app that is gone keeps money: {intent:?}"
            );
        }
    }
}

async fn check(city: &City, intents: &BTreeMap<u8, String>) {
    let report = city.payments.verify_ledger().await.unwrap();
    assert!(report.is_sound(), "{report:?}");
    let outcomes = city.outcomes().await;
    let mut clearing = 0;
    for id in intents.values() {
        let intent = city.payments.get(&city.app, id).await.unwrap();
        assert!(intent.captured == 0 || intent.captured == intent.amount);
        assert!(intent.refunded() <= intent.captured, "{intent:?}");
        for payee in [A, B] {
            let of = |lines: &[Line]| lines.iter().filter(|l| l.payee == payee).map(|l| l.amount).sum::<u64>();
            let returned: u64 =
                intent.refunds.values().filter(|r| r.status != RefundStatus::Failed).map(|r| of(&r.lines)).sum();
            assert!(returned <= of(&intent.lines), "{payee} returns more than it received: {intent:?}");
        }
        let none = Vec::new();
        let told = outcomes.get(id).unwrap_or(&none);
        let count = |what: &str| told.iter().filter(|(o, _)| o == what).count();
        let sum = |what: &str| told.iter().filter(|(o, _)| o == what).map(|(_, a)| a).sum::<u64>();
        assert_eq!(count("captured"), usize::from(intent.captured > 0), "{told:?}");
        let by = |s: RefundStatus| intent.refunds.values().filter(move |r| r.status == s);
        assert_eq!(count("refunded"), by(RefundStatus::Done).count());
        assert_eq!(count("refund-failed"), by(RefundStatus::Failed).count());
        assert!(count("cancelled") <= 1);
        clearing += i64::try_from(sum("captured") - sum("refunded")).unwrap();
    }
    assert_eq!(
        report.balances.get("clearing:sandbox").copied().unwrap_or(0),
        clearing,
        "the ledger and the outcomes differ"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_breaks_the_ledger(history in prop::collection::vec(steps(), 1..60)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run(history));
    }
}

#[tokio::test]
async fn a_payment_is_captured_split_and_reported() {
    let city = City::new();
    let intent = city.create("order-1", 5_486, 7_314).await.unwrap();
    city.payments.pay_at_cashier(&intent.id, "citizen", Behaviour::Succeed).await.unwrap();
    city.settle().await;
    let report = city.payments.verify_ledger().await.unwrap();
    assert_eq!(report.balances[&format!("payee:tickets:{A}")], -5_486);
    assert_eq!(report.balances["clearing:sandbox"], 12_800);
    assert_eq!(city.outcomes().await[&intent.id], [("captured".to_owned(), 12_800)]);
    let page = city.payments.intents_of("citizen", None, 10).await.unwrap();
    assert_eq!((page.intents.len(), page.next), (1, None));
}

#[tokio::test]
async fn a_repeated_callback_has_one_effect() {
    let city = City::new();
    let intent = city.create("order-1", 60, 40).await.unwrap();
    city.payments.pay_at_cashier(&intent.id, "citizen", Behaviour::Repeat { times: 3 }).await.unwrap();
    city.payments.poll_once().await.unwrap();
    city.payments.poll_once().await.unwrap();
    assert_eq!(city.wire.sent.lock().unwrap().len(), 3);
    assert_eq!(city.deliver().await, []);
    assert_eq!(city.outcomes().await[&intent.id].len(), 1);
}

#[tokio::test]
async fn an_outcome_that_nobody_told_is_looked_up() {
    let city = City::new();
    let intent = city.create("order-1", 60, 40).await.unwrap();
    city.payments.pay_at_cashier(&intent.id, "citizen", Behaviour::Lose).await.unwrap();
    city.settle().await;
    assert_eq!(city.payments.intent_by_id(&intent.id).await.unwrap().status, Status::Processing);
    city.clock.advance(59_000);
    city.payments.poll_once().await.unwrap();
    assert_eq!(city.payments.intent_by_id(&intent.id).await.unwrap().status, Status::Processing);
    city.clock.advance(6_000);
    city.payments.poll_once().await.unwrap();
    assert_eq!(city.outcomes().await[&intent.id], [("captured".to_owned(), 100)]);

    city.stage(async |txn| city.payments.refund(txn, &city.app, &intent.id, refund("r", 60, 40)).await).await.unwrap();
    city.settle().await;
    assert_eq!(city.payments.intent_by_id(&intent.id).await.unwrap().status, Status::Captured);
    city.clock.advance(65_000);
    city.payments.poll_once().await.unwrap();
    assert_eq!(city.payments.intent_by_id(&intent.id).await.unwrap().status, Status::Refunded);
    assert!(city.payments.verify_ledger().await.unwrap().is_sound());
}

#[tokio::test]
async fn a_callback_that_was_lost_on_the_way_is_made_good() {
    let city = City::new();
    let intent = city.create("order-1", 60, 40).await.unwrap();
    city.payments.pay_at_cashier(&intent.id, "citizen", Behaviour::Succeed).await.unwrap();
    city.payments.poll_once().await.unwrap();
    city.payments.poll_once().await.unwrap();
    let lost = std::mem::take(&mut *city.wire.sent.lock().unwrap());
    assert_eq!(lost.len(), 1);
    // Not even a restart forgets that an outcome is awaited.
    let city = city.crash();
    city.clock.advance(65_000);
    city.payments.poll_once().await.unwrap();
    assert_eq!(city.payments.intent_by_id(&intent.id).await.unwrap().status, Status::Captured);
    // The callback turns up after all: it changes nothing.
    for (headers, body) in lost {
        city.payments.handle_callback("sandbox", &headers, &body).await.unwrap();
    }
    assert_eq!(city.outcomes().await[&intent.id].len(), 1);
}

#[tokio::test]
async fn money_after_a_cancellation_is_reported_and_can_be_returned() {
    let city = City::new();
    let intent = city.create("order-1", 60, 40).await.unwrap();
    city.payments.pay_at_cashier(&intent.id, "citizen", Behaviour::Delay { millis: 1_200_000 }).await.unwrap();
    city.payments.poll_once().await.unwrap();
    city.stage(async |txn| city.payments.cancel(txn, &city.app, &intent.id).await).await.unwrap();
    city.clock.advance(1_200_000);
    city.settle().await;
    assert_eq!(city.payments.intent_by_id(&intent.id).await.unwrap().status, Status::Captured);
    city.stage(async |txn| city.payments.refund(txn, &city.app, &intent.id, refund("r", 60, 40)).await).await.unwrap();
    city.settle().await;
    assert_eq!(city.payments.intent_by_id(&intent.id).await.unwrap().status, Status::Refunded);
    assert!(city.payments.verify_ledger().await.unwrap().balances.values().all(|b| *b == 0));
}

#[tokio::test]
async fn forged_stale_and_replayed_callbacks_leave_no_trace() {
    let city = City::new();
    let intent = city.create("order-1", 60, 40).await.unwrap();
    city.payments.pay_at_cashier(&intent.id, "citizen", Behaviour::Succeed).await.unwrap();
    city.payments.poll_once().await.unwrap();
    city.payments.poll_once().await.unwrap();
    let (headers, body) = city.wire.sent.lock().unwrap()[0].clone();
    let before = city.dump().await;
    let refused = async |headers: &Headers, body: &[u8]| {
        city.payments.handle_callback("sandbox", headers, body).await.unwrap_err()
    };
    assert!(matches!(
        city.payments.handle_callback("bank", &headers, &body).await,
        Err(CallbackError::UnknownProvider(_))
    ));
    assert_eq!(refused(&Headers::new(), &body).await, CallbackError::BadSignature);
    let more = String::from_utf8(body.clone()).unwrap().replace("100", "999");
    assert_eq!(refused(&headers, more.as_bytes()).await, CallbackError::BadSignature);
    for name in ["x-sandbox-timestamp", "x-sandbox-nonce", "x-sandbox-signature"] {
        let mut forged = headers.clone();
        forged.insert(name.into(), "1800000000001".into());
        assert_eq!(refused(&forged, &body).await, CallbackError::BadSignature, "{name}");
    }
    city.clock.advance(5 * 60 * 1_000 + 1);
    assert_eq!(refused(&headers, &body).await, CallbackError::Stale);
    assert_eq!(city.dump().await, before, "a refused callback left a trace");
    city.clock.advance(-60_000);
    city.payments.handle_callback("sandbox", &headers, &body).await.unwrap();
    let after = city.dump().await;
    assert_eq!(refused(&headers, &body).await, CallbackError::Replayed);
    assert_eq!(city.dump().await, after, "a replayed callback left a trace");
}

#[tokio::test]
async fn every_wrong_request_says_why() {
    let city = City::new();
    let now = city.clock.now();
    let create = async |change: fn(&mut NewIntent)| {
        let mut new = new_intent("order-1", 60, 40, now);
        change(&mut new);
        city.payments.create(&mut city.txn(), &city.app, None, new).await.unwrap_err().to_string()
    };
    assert!(create(|n| n.amount = 99).await.contains("sum to 100"));
    assert!(create(|n| n.lines.clear()).await.contains("1 to 50 lines"));
    assert!(create(|n| n.lines[0].payee = "91320300MA000TX14H".into()).await.contains("91320300MA000TX14H"));
    assert!(create(|n| n.reference.clear()).await.contains("reference"));
    assert!(create(|n| n.lines[0].description = "x".repeat(501)).await.contains("501 bytes"));
    for path in ["orders", "//evil.example", "/\\evil.example", "https://evil.example", "/a\nb"] {
        let mut new = new_intent("order-1", 60, 40, now);
        new.return_path = path.into();
        assert!(city.payments.create(&mut city.txn(), &city.app, None, new).await.is_err(), "{path}");
    }
    let intent = city.create("order-1", 60, 40).await.unwrap();
    assert!(matches!(city.create("order-1", 60, 41).await, Err(PaymentError::Invalid(_))));
    assert_eq!(
        city.payments.pay_at_cashier(&intent.id, "stranger", Behaviour::Succeed).await,
        Err(PaymentError::NotThePayer)
    );
    let confirm = async |person: Option<&'static str>| {
        city.payments.confirm(&mut city.txn(), &city.app, person, &intent.id).await
    };
    assert_eq!(confirm(Some("stranger")).await, Err(PaymentError::NotThePayer), "in nobody else's call");
    assert_eq!(confirm(None).await, Err(PaymentError::NotThePayer), "nor in a call of nobody");
    assert_eq!(confirm(Some("citizen")).await, Ok(()));
    let mut txn = city.txn();
    let open = new_intent("order-2", 60, 40, now);
    let open = city.payments.create(&mut txn, &city.app, None, open).await.unwrap();
    assert_eq!(
        city.payments.confirm(&mut txn, &city.app, None, &open.id).await,
        Ok(()),
        "what anybody may pay, anybody confirms"
    );
    let early = city
        .stage(async |txn| city.payments.refund(txn, &city.app, &intent.id, refund("r", 1, 0)).await)
        .await
        .unwrap_err();
    assert!(early.to_string().contains("pending") && early.to_string().contains("captured"), "{early}");
    let stranger: InstallationName = "stranger".parse().unwrap();
    assert!(matches!(city.payments.get(&stranger, &intent.id).await, Err(PaymentError::UnknownIntent(_))));
    city.clock.advance(900_000);
    assert_eq!(
        city.payments.pay_at_cashier(&intent.id, "citizen", Behaviour::Succeed).await,
        Err(PaymentError::Expired)
    );
}
