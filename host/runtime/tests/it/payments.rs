//! `city:payments`: what guests of both minor versions get.

use crate::guest::Guest;
use crate::platform::Platform;
use yunlong_messaging::{Deliver, Delivery, DeliveryError, Kind};
use yunlong_model::{Event, Timestamp};
use yunlong_payments::Status;
use yunlong_store::Txn;

const MANIFEST: &str = "payments = { reason = { zh = \"托管\", en = \"Escrow\" } }\n[[publishes]]\nname = \"order.paid\"\n[[consumes]]\ntopic = \"order.paid\"";

/// Reads an intent that is not there, and is told that.
const READ: &str = r#"
    (call $get (i32.const 300) (i32.const 1) (i32.const 512))
    (if (i32.ne (i32.load8_u (i32.const 512)) (i32.const 1)) (then unreachable))
    (if (i32.load8_u (i32.const 520)) (then unreachable))"#;

/// Stages an escrow, and is told that nothing of it is there to be released.
const HOLD: &str = r#"
    (i32.store16 (i32.const 300) (i32.const 0x2f72))
    (call $create (local.get $t) (i32.const 300) (i32.const 1) (i32.const 300) (i32.const 1) (i32.const 300) (i32.const 1)
        (i64.const 108000) (i64.const 1900000000000) (i32.const 301) (i32.const 1) (i32.const 512))
    (if (i32.load8_u (i32.const 512)) (then unreachable))
    (call $release (local.get $t) (i32.load (i32.const 520)) (i32.load (i32.const 524)) (i32.const 300) (i32.const 1)
        (i32.const 0) (i32.const 0) (i32.const 300) (i32.const 1) (i32.const 600))
    (if (i32.ne (i32.load8_u (i32.const 600)) (i32.const 1)) (then unreachable))
    (if (i32.ne (i32.load8_u (i32.const 604)) (i32.const 1)) (then unreachable))"#;

/// A consumer of these instructions; `(local.get $t)` is the transaction.
fn consumer(work: &str, older: bool) -> Vec<u8> {
    let imports = r#"
        (import "city:payments/intents@1.1.0" "get" (func $get (param i32 i32 i32)))
        (import "city:data/collections@1.1.0" "[resource-drop]transaction" (func $drop-transaction (param i32)))"#;
    let escrow = r#"
        (import "city:payments/intents@1.1.0" "create-escrow" (func $create (param i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i32 i32)))
        (import "city:payments/intents@1.1.0" "release" (func $release (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#;
    let imports =
        if older { imports.replace("@1.1.0", "@1.0.0") } else { format!("{imports}{escrow}") };
    let body = format!(
        r#"(func (export "city:app/consumer@1.0.0#handle") (param $e i32) (result i32) (local $t i32)
            (local.set $t (i32.load offset=72 (local.get $e))) {work}
            (call $drop-transaction (local.get $t)) (i32.const 700))"#
    );
    Guest { body: &body, imports: &imports, exports: &["consumer"], pages: 1, older }.component()
}

async fn deliver(p: &Platform, name: &str) -> Result<Txn, DeliveryError> {
    let event = Event {
        id: "event-1".into(),
        source: format!("/installations/{name}"),
        topic: "order.paid".into(),
        subject: None,
        time: Timestamp(1),
        key: None,
        data: serde_json::json!({}),
    };
    let mut txn = Txn::new(p.store.clone());
    let delivery = Delivery { kind: Kind::Event, event, attempt: 1 };
    p.runtime.deliver(&name.parse().unwrap(), delivery, &mut txn).await?;
    Ok(txn)
}

#[tokio::test]
async fn a_guest_of_payments_1_0_runs_on() {
    let p = Platform::new().await;
    p.install("older", MANIFEST, &consumer(READ, true)).await.unwrap();
    deliver(&p, "older").await.unwrap();
}

#[tokio::test]
async fn an_escrow_is_staged_with_the_transaction_and_holds_nothing_before_it_is_paid() {
    let p = Platform::new().await;
    let i = p.install("shop", MANIFEST, &consumer(HOLD, false)).await.unwrap();
    let staged = deliver(&p, "shop").await.unwrap();
    assert!(p.payments.intents_for(&i.name, None, 10).await.unwrap().intents.is_empty(), "nothing before the commit");
    staged.commit().await.unwrap();
    let all = p.payments.intents_for(&i.name, None, 10).await.unwrap().intents;
    let [intent] = &all[..] else { panic!("{all:?}") };
    assert_eq!((intent.amount, intent.status, intent.lines.len()), (108_000, Status::Pending, 0));
    let state = intent.escrow_state().unwrap();
    assert_eq!((state.amount, state.captured, state.held), (108_000, 0, 0));
}
