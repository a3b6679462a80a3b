//! A provider that calls an attempt failed and later takes its money after all: the payment counts once, and what
//! arrived besides is owed back.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

mod support;

use support::*;
use yunlong_model::Clock;
use yunlong_payments::*;

/// Says, signed as the sandbox signs, that the money of an attempt arrived.
async fn arrives(city: &City, intent: &Intent, attempt: u32) -> Result<(), CallbackError> {
    let secret = SandboxSecret::new(b"a key of this test");
    let cashier =
        SandboxCashier::new(city.store.clone(), std::sync::Arc::new(city.clock.clone()), secret, city.wire.clone());
    let event = CallbackEvent::Charge { intent: intent.id.clone(), attempt, amount: intent.amount, failure: None };
    let body = serde_json::to_vec(&event).unwrap();
    let headers = cashier.sign(&body, city.clock.now());
    city.payments.handle_callback("sandbox", &headers, &body).await
}

/// A payment whose first attempt failed and whose second one paid.
async fn paid_by_the_second(city: &City) -> Intent {
    let intent = city.create("1", 60, 40).await.unwrap();
    for behaviour in [Behaviour::Fail, Behaviour::Succeed] {
        city.payments.pay_at_cashier(&intent.id, "citizen", behaviour).await.unwrap();
        city.settle().await;
    }
    city.payments.intent_by_id(&intent.id).await.unwrap()
}

#[tokio::test]
async fn money_of_an_attempt_that_was_called_failed_is_owed_back_once() {
    let city = City::new();
    let intent = paid_by_the_second(&city).await;
    assert_eq!((intent.status, intent.attempt, intent.captured), (Status::Captured, 2, 100));
    // As often as the provider says it.
    for _ in 0..3 {
        assert_eq!(arrives(&city, &intent, 1).await, Ok(()));
    }
    let report = city.payments.verify_ledger().await.unwrap();
    assert!(report.is_sound(), "{:?}", report.differences);
    assert_eq!((report.balances["clearing:sandbox"], report.balances["surplus:sandbox"]), (200, -100));
    let after = city.payments.intent_by_id(&intent.id).await.unwrap();
    assert_eq!((after.status, after.captured, after.arrived.len()), (Status::Captured, 100, 2));
    assert_eq!(city.outcomes().await[&intent.id], [("failed".to_owned(), 100), ("captured".to_owned(), 100)]);
}

#[tokio::test]
async fn the_same_money_told_again_is_no_surplus() {
    let city = City::new();
    let intent = paid_by_the_second(&city).await;
    assert_eq!(arrives(&city, &intent, 2).await, Ok(()));
    let report = city.payments.verify_ledger().await.unwrap();
    assert_eq!((report.balances["clearing:sandbox"], report.balances.get("surplus:sandbox")), (100, None));
}
