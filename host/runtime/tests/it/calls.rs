//! Consumers, jobs and lifecycle calls: the host's transaction is lent, and the host commits.

use crate::guest::Guest;
use crate::platform::Platform;
use std::sync::Arc;
use yunlong_installations::{Capability, Installation};
use yunlong_messaging::{Deliver, Delivery, DeliveryError, Kind};
use yunlong_model::{Event, Timestamp};
use yunlong_runtime::{InvocationError, Step};
use yunlong_store::Txn;
use yunlong_store::documents::Schema;

const IMPORTS: &str = r#"
    (import "city:data/collections@1.1.0" "[method]transaction.adjust" (func $adjust (param i32 i32 i32 i32 i32 i64 i64 i64 i32)))
    (import "city:data/collections@1.1.0" "[method]transaction.commit" (func $commit (param i32 i32)))
    (import "city:data/collections@1.1.0" "[resource-drop]transaction" (func $drop-transaction (param i32)))"#;

/// Adds 5 to `seats` in the lent transaction, and finds that it cannot commit it.
const WORK: &str = r#"
    (func $work (param $t i32)
        (i64.store (i32.const 300) (i64.const 0x7374616573))
        (call $adjust (local.get $t) (i32.const 300) (i32.const 5) (i32.const 300) (i32.const 0) (i64.const 5) (i64.const 0) (i64.const 100) (i32.const 512))
        (if (i32.load8_u (i32.const 512)) (then unreachable))
        (call $commit (local.get $t) (i32.const 512))
        (if (i32.ne (i32.load8_u (i32.const 512)) (i32.const 1)) (then unreachable))
        (if (i32.ne (i32.load8_u (i32.const 520)) (i32.const 7)) (then unreachable))
        (call $drop-transaction (local.get $t)))
    ;; A result at 700, with the text `no` at 800.
    (func $refuse (param $at i32)
        (i32.store8 (i32.const 700) (i32.const 1))
        (i32.store16 (i32.const 800) (i32.const 0x6f6e))
        (i32.store (local.get $at) (i32.const 800))
        (i32.store (i32.add (local.get $at) (i32.const 4)) (i32.const 2)))"#;

fn consumer(after: &str) -> Vec<u8> {
    consumer_of(after, false)
}

/// `older`: built after the first version of the contract.
fn consumer_of(after: &str, older: bool) -> Vec<u8> {
    let imports = if older { IMPORTS.replace("@1.1.0", "@1.0.0") } else { IMPORTS.to_owned() };
    let body = format!(
        r#"{WORK} (func (export "city:app/consumer@1.0.0#handle") (param $e i32) (result i32) (call $work (i32.load offset=72 (local.get $e))) {after} (i32.const 700))"#
    );
    Guest { body: &body, imports: &imports, exports: &["consumer"], pages: 1, older }.component()
}

const MANIFEST: &str =
    "counters = [\"seats\"]\n[[publishes]]\nname = \"order.paid\"\n[[consumes]]\ntopic = \"order.paid\"";

fn event(source: &str) -> Delivery {
    let event = Event {
        id: "event-1".into(),
        source: source.into(),
        topic: "order.paid".into(),
        subject: None,
        time: Timestamp(1),
        key: Some("k".into()),
        data: serde_json::json!({"order": 7}),
    };
    Delivery { kind: Kind::Event, event, attempt: 1 }
}

async fn seats(p: &Platform, i: &Installation) -> i64 {
    Schema::new(&i.name, &i.manifest).counter_committed(&p.store, "seats", "").await.unwrap()
}

async fn deliver(p: &Platform, i: &Arc<Installation>, delivery: Delivery) -> (Result<(), DeliveryError>, Txn) {
    let mut txn = Txn::new(p.store.clone());
    let result = p.runtime.deliver(&i.name, delivery, &mut txn).await;
    (result, txn)
}

#[tokio::test]
async fn a_consumers_writes_commit_with_the_hosts_transaction() {
    let p = Platform::new().await;
    let i = p.install("lesson", MANIFEST, &consumer("")).await.unwrap();
    let (result, txn) = deliver(&p, &i, event("/installations/lesson")).await;
    result.unwrap();
    assert_eq!(seats(&p, &i).await, 0, "nothing before the host commits");
    txn.commit().await.unwrap();
    assert_eq!(seats(&p, &i).await, 5);
}

#[tokio::test]
async fn a_consumer_of_the_first_contract_gets_the_hosts_transaction_too() {
    let p = Platform::new().await;
    let i = p.install("lesson", MANIFEST, &consumer_of("", true)).await.unwrap();
    let (result, txn) = deliver(&p, &i, event("/installations/lesson")).await;
    result.unwrap();
    txn.commit().await.unwrap();
    assert_eq!(seats(&p, &i).await, 5);
}

#[tokio::test]
async fn nothing_is_left_of_a_consumer_that_traps_or_refuses() {
    let p = Platform::new().await;
    let trapping = p.install("trapping", MANIFEST, &consumer("unreachable")).await.unwrap();
    let (result, txn) = deliver(&p, &trapping, event("/installations/trapping")).await;
    assert!(matches!(result, Err(DeliveryError::Retry(why)) if why.contains("unreachable")));
    assert!(txn.is_empty());
    assert_eq!(p.log("trapping").await[0].request_id.as_deref(), Some("event-1"));

    let rejecting = p
        .install(
            "rejecting",
            MANIFEST,
            &consumer("(call $refuse (i32.const 708)) (i32.store8 (i32.const 704) (i32.const 1))"),
        )
        .await
        .unwrap();
    let (result, txn) = deliver(&p, &rejecting, event("/installations/rejecting")).await;
    assert_eq!(result, Err(DeliveryError::Reject("no".into())));
    assert!(txn.is_empty());
    assert!(p.log_text("rejecting").await.contains("message refused: no"));

    let later = p.install("later", MANIFEST, &consumer("(call $refuse (i32.const 708))")).await.unwrap();
    assert_eq!(deliver(&p, &later, event("/installations/later")).await.0, Err(DeliveryError::Retry("no".into())));
}

#[tokio::test]
async fn a_stopped_or_unloaded_installation_is_not_running() {
    let p = Platform::new().await;
    let i = p.install("lesson", MANIFEST, &consumer("")).await.unwrap();
    p.installations.set_status(&i.name, yunlong_installations::Status::Stopped, "city-admin").await.unwrap();
    assert_eq!(deliver(&p, &i, event("/installations/lesson")).await.0, Err(DeliveryError::NotRunning));
    p.installations.set_status(&i.name, yunlong_installations::Status::Running, "city-admin").await.unwrap();
    p.runtime.unload(&i.name);
    assert_eq!(deliver(&p, &i, event("/installations/lesson")).await.0, Err(DeliveryError::NotRunning));
}

#[tokio::test]
async fn another_installations_topic_needs_a_grant_that_stands() {
    let p = Platform::new().await;
    let i = p
        .install(
            "lesson",
            "counters = [\"seats\"]\n[[consumes]]\ntopic = \"order.paid\"\nfrom = \"shop\"",
            &consumer(""),
        )
        .await
        .unwrap();
    deliver(&p, &i, event("/installations/shop")).await.0.unwrap();
    deliver(&p, &i, event("/platform/payments")).await.0.unwrap();
    let need = Capability::Consume { topic: "order.paid".into(), from: "shop".parse().unwrap() };
    p.installations.revoke_grant(&i.name, &need, "city-admin").await.unwrap();
    assert!(
        matches!(deliver(&p, &i, event("/installations/shop")).await.0, Err(DeliveryError::Reject(why)) if why.contains("consume:order.paid@shop"))
    );
}

#[tokio::test]
async fn a_job_runs_with_its_name_and_time() {
    let p = Platform::new().await;
    let body = format!(
        r#"{WORK} (func (export "city:app/jobs@1.0.0#run") (param $p i32) (param $n i32) (param $at i64) (param $t i32) (result i32)
            (if (i32.ne (local.get $n) (i32.const 7)) (then unreachable))
            (if (i64.ne (local.get $at) (i64.const 1234)) (then unreachable))
            (call $work (local.get $t)) (i32.const 700))"#
    );
    let guest = Guest { body: &body, imports: IMPORTS, exports: &["jobs"], pages: 1, older: false }.component();
    let i = p
        .install("lesson", "counters = [\"seats\"]\n[[jobs]]\nname = \"nightly\"\ncron = \"0 3 * * *\"", &guest)
        .await
        .unwrap();
    let job = || Delivery {
        kind: Kind::Job { job: "nightly".into(), scheduled: Timestamp(1_234) },
        ..event("/platform/jobs")
    };
    let (result, txn) = deliver(&p, &i, job()).await;
    result.unwrap();
    txn.commit().await.unwrap();
    assert_eq!(seats(&p, &i).await, 5);
    p.installations.revoke_grant(&i.name, &Capability::Jobs("nightly".into()), "city-admin").await.unwrap();
    assert!(matches!(deliver(&p, &i, job()).await.0, Err(DeliveryError::Reject(_))));
}

fn lifecycle(install: &str, health: &str) -> Vec<u8> {
    let body = format!(
        r#"{WORK} (func (export "city:app/lifecycle@1.0.0#install") (param $t i32) (result i32) (call $work (local.get $t)) {install} (i32.const 700))
            (func (export "city:app/lifecycle@1.0.0#health") (result i32) {health} (i32.const 700))
            (func (export "wasi:http/incoming-handler@0.2.10#handle") (param i32 i32))"#
    );
    Guest { body: &body, imports: IMPORTS, exports: &["http", "lifecycle"], pages: 1, older: false }.component()
}

#[tokio::test]
async fn first_data_is_written_at_installation() {
    let p = Platform::new().await;
    let i = p.install("lesson", "counters = [\"seats\"]", &lifecycle("", "")).await.unwrap();
    let mut txn = Txn::new(p.store.clone());
    p.runtime.lifecycle_install(&i.name, &mut txn).await.unwrap();
    txn.commit().await.unwrap();
    assert_eq!(seats(&p, &i).await, 5);
    p.runtime.health(&i.name, None).await.unwrap();
}

#[tokio::test]
async fn an_app_may_refuse_its_installation_and_report_ill_health() {
    let p = Platform::new().await;
    let refuse = "(call $refuse (i32.const 704))";
    let i = p.install("lesson", "counters = [\"seats\"]", &lifecycle(refuse, refuse)).await.unwrap();
    let mut txn = Txn::new(p.store.clone());
    assert_eq!(p.runtime.lifecycle_install(&i.name, &mut txn).await, Err(InvocationError::Refused("no".into())));
    assert!(txn.is_empty());
    assert_eq!(p.runtime.health(&i.name, None).await, Err(InvocationError::Refused("no".into())));
}

#[tokio::test]
async fn a_component_without_lifecycle_is_well() {
    let p = Platform::new().await;
    let i = p.install("lesson", "", &Guest::handling("", "")).await.unwrap();
    p.runtime.lifecycle_install(&i.name, &mut Txn::new(p.store.clone())).await.unwrap();
    p.runtime.health(&i.name, None).await.unwrap();
}

/// Migrates by adding 5 seats a batch; a batch with a cursor is the last one.
fn migrating(after: &str) -> Vec<u8> {
    let body = format!(
        r#"{WORK}
            (func (export "city:app/migrations@1.0.0#migrate") (param $from i32) (param $to i32) (param $has i32) (param $p i32) (param $n i32) (param $t i32) (result i32)
                (if (i32.ne (local.get $from) (i32.const 1)) (then unreachable))
                (if (i32.ne (local.get $to) (i32.const 2)) (then unreachable))
                (call $work (local.get $t))
                ;; ok({{ next, done, total: none }}) at 904; the cursor is `c` at 1000.
                (i64.store (i32.const 904) (i64.const 0))
                (i64.store (i32.const 912) (i64.const 0))
                (i32.store8 (i32.const 1000) (i32.const 99))
                (if (i32.eqz (local.get $has)) (then
                    (i32.store8 (i32.const 912) (i32.const 1))
                    (i32.store (i32.const 916) (i32.const 1000))
                    (i32.store (i32.const 920) (i32.const 1))))
                (i64.store (i32.const 928) (i64.const 5))
                (i64.store (i32.const 936) (i64.const 0))
                {after}
                (i32.const 904))
            (func (export "wasi:http/incoming-handler@0.2.10#handle") (param i32 i32))"#
    );
    Guest { body: &body, imports: IMPORTS, exports: &["http", "migrations"], pages: 1, older: false }.component()
}

#[tokio::test]
async fn a_batch_of_a_migration_commits_with_the_hosts_transaction_and_says_where_it_goes_on() {
    let p = Platform::new().await;
    let i = p.install("lesson", "counters = [\"seats\"]\ndata = { schema = 2 }", &migrating("")).await.unwrap();
    let mut txn = Txn::new(p.store.clone());
    let first = p.runtime.migrate(&i.name, 1, 2, None, &mut txn).await.unwrap();
    assert_eq!(first, Step { next: Some("c".into()), done: 5, total: None });
    assert_eq!(seats(&p, &i).await, 0);
    txn.commit().await.unwrap();
    let mut txn = Txn::new(p.store.clone());
    let last = p.runtime.migrate(&i.name, 1, 2, first.next, &mut txn).await.unwrap();
    assert_eq!(last.next, None);
    txn.commit().await.unwrap();
    assert_eq!(seats(&p, &i).await, 10);
}

#[tokio::test]
async fn a_batch_that_traps_leaves_nothing_and_a_component_without_migrations_says_so() {
    let p = Platform::new().await;
    let i = p.install("trapping", "counters = [\"seats\"]", &migrating("unreachable")).await.unwrap();
    let mut txn = Txn::new(p.store.clone());
    assert!(matches!(p.runtime.migrate(&i.name, 1, 2, None, &mut txn).await, Err(InvocationError::Trap(_))));
    assert!(txn.is_empty());
    let plain = p.install("plain", "", &Guest::handling("", "")).await.unwrap();
    let none = p.runtime.migrate(&plain.name, 1, 2, None, &mut txn).await;
    assert!(matches!(none, Err(InvocationError::NotExported(_))), "{none:?}");
}
