//! An app that is removed while people pay: nobody's money stays with it.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

mod support;

use support::*;
use yunlong_model::Clock as _;
use yunlong_payments::*;

/// Begins to pay one order, and leaves another one open.
async fn paying(behaviour: Behaviour) -> (City, Intent, Intent) {
    let city = City::new();
    let paying = city.create("order-1", 60, 40).await.unwrap();
    let open = city.create("order-2", 10, 20).await.unwrap();
    city.payments.pay_at_cashier(&paying.id, "citizen", behaviour).await.unwrap();
    city.payments.poll_once().await.unwrap();
    (city, paying, open)
}

async fn status(city: &City, intent: &Intent) -> Status {
    city.payments.intent_by_id(&intent.id).await.unwrap().status
}

#[tokio::test]
async fn money_that_arrives_for_an_app_that_is_gone_returns_by_itself() {
    let (city, paying, open) = paying(Behaviour::Delay { millis: 100_000 }).await;
    city.payments.close(&city.app).await.unwrap();
    city.payments.close(&city.app).await.unwrap();
    assert_eq!((status(&city, &paying).await, status(&city, &open).await), (Status::Cancelled, Status::Cancelled));
    let city = city.crash();
    city.clock.advance(100_000);
    city.settle().await;
    let returned = city.payments.intent_by_id(&paying.id).await.unwrap();
    assert_eq!((returned.status, returned.captured, returned.refunded()), (Status::Refunded, 100, 100));
    assert_eq!(returned.refunds["closed"].status, RefundStatus::Done);
    let report = city.payments.verify_ledger().await.unwrap();
    assert!(report.is_sound() && report.entries == 2 && report.balances.values().all(|b| *b == 0), "{report:?}");
}

#[tokio::test]
async fn the_capture_and_the_order_to_return_it_are_one_commit() {
    let (city, paying, _) = paying(Behaviour::Succeed).await;
    city.payments.close(&city.app).await.unwrap();
    city.payments.poll_once().await.unwrap();
    assert_eq!(city.deliver().await, []);
    // Killed right behind the callback.
    let city = city.crash();
    assert_eq!(city.payments.intent_by_id(&paying.id).await.unwrap().refunds["closed"].status, RefundStatus::Staged);
    city.settle().await;
    assert_eq!(status(&city, &paying).await, Status::Refunded);
}

#[tokio::test]
async fn nobody_begins_to_pay_an_app_that_is_gone() {
    let (city, paying, open) = paying(Behaviour::Fail).await;
    city.settle().await;
    assert_eq!(status(&city, &paying).await, Status::Failed);
    // A call that began before and commits behind it commits nothing.
    let mut late = city.txn();
    city.payments.confirm(&mut late, &city.app, Some("citizen"), &open.id).await.unwrap();
    let mut create = city.txn();
    let new = new_intent("order-3", 1, 1, city.clock.now());
    city.payments.create(&mut create, &city.app, Some("citizen"), new).await.unwrap();
    city.payments.close(&city.app).await.unwrap();
    assert!(late.commit().await.is_err() && create.commit().await.is_err());
    for intent in [&paying, &open] {
        assert_eq!(status(&city, intent).await, Status::Cancelled);
        let begun = city.payments.pay_at_cashier(&intent.id, "citizen", Behaviour::Succeed).await;
        assert_eq!(begun, Err(PaymentError::Closed));
    }
    let confirmed =
        city.stage(async |txn| city.payments.confirm(txn, &city.app, Some("citizen"), &open.id).await).await;
    assert_eq!(confirmed, Err(PaymentError::Closed));
    assert_eq!(city.create("order-4", 1, 1).await, Err(PaymentError::Closed));
}

#[tokio::test]
async fn what_was_sold_before_stays_sold_and_others_are_not_touched() {
    let (city, sold, _) = paying(Behaviour::Succeed).await;
    city.settle().await;
    let other = "other".parse().unwrap();
    let mut txn = city.txn();
    let new = new_intent("order-1", 1, 1, city.clock.now());
    let others = city.payments.create(&mut txn, &other, Some("citizen"), new).await.unwrap();
    txn.commit().await.unwrap();
    city.payments.close(&city.app).await.unwrap();
    city.settle().await;
    assert_eq!((status(&city, &sold).await, status(&city, &others).await), (Status::Captured, Status::Pending));
    city.payments.pay_at_cashier(&others.id, "citizen", Behaviour::Succeed).await.unwrap();
}

#[tokio::test]
async fn more_open_payments_than_one_commit_takes_are_all_cancelled() {
    let city = City::new();
    let mut all = Vec::new();
    for n in 0..450 {
        all.push(city.create(&format!("order-{n}"), 1, 1).await.unwrap());
    }
    city.payments.close(&city.app).await.unwrap();
    for intent in &all {
        assert_eq!(status(&city, intent).await, Status::Cancelled);
    }
}
