//! Going back to a version whose indexes the data breaks since.

use crate::platform::*;
use crate::releases::{V1, asked, published, release, soon, tickets, upgrade, version};
use http::StatusCode;
use yunlong_gateway::{GatewayConfig, OperationError};
use yunlong_installations::{InstallationError, Status, Why};
use yunlong_model::Digest;
use yunlong_runtime::Outcomes;
use yunlong_store::Txn;
use yunlong_store::documents::Schema;

const UNIQUE: &str = "[[collections]]\nname = \"orders\"\n[[collections.indexes]]\nname = \"number\"\nfields = [\"number\"]\nunique = true\n";

/// `tickets` 1.1.0 behind 1.0.0 whose index its data breaks since.
async fn no_way_back() -> (Platform, Digest) {
    let p = Platform::empty(GatewayConfig::default(), "http://localhost:8080").await;
    let first = published(&p, "1.0.0", UNIQUE).await;
    p.install_package(first, "tickets").await;
    let next = published(&p, "1.1.0", V1).await;
    upgrade(&p, next, None).await.unwrap();
    let now = p.installations.get(&tickets()).unwrap();
    let mut txn = Txn::new(p.store.clone());
    for id in ["a", "b"] {
        Schema::new(&tickets(), &now.manifest).insert(&mut txn, "orders", id, r#"{"number":7}"#).await.unwrap();
    }
    txn.commit().await.unwrap();
    (p, next)
}

#[tokio::test]
async fn a_version_whose_index_the_data_breaks_since_does_not_keep_people_waiting() {
    let (p, next) = no_way_back().await;
    let refused = p.gateway.operations().roll_back(&tickets(), asked(None, false)).await.unwrap_err();
    assert!(matches!(refused, OperationError::Indexes(_)), "{refused}");
    let now = p.installations.get(&tickets()).unwrap();
    assert_eq!(
        (now.version.to_string(), now.status.clone(), now.indexes_due),
        ("1.1.0".into(), Status::Running, false)
    );
    assert_eq!(p.app.loaded.lock()[&tickets()], (next, None));
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK);
    assert_eq!(p.messaging.jobs(&tickets()).await.unwrap()[0].name, "sweep", "its jobs are back, too");
    let history = p.installations.history(&tickets(), 1).await.unwrap();
    let why = history[0].why.as_ref().unwrap().text();
    assert!(why.en.contains("version 1.0.0 cannot serve again"), "{why:?}");
    assert!(why.zh.contains("版本 1.0.0 无法恢复服务"), "{why:?}");
}

#[tokio::test]
async fn a_roll_back_by_itself_that_fails_calls_a_person() {
    let (p, next) = no_way_back().await;
    p.app.outcomes.lock().insert(next, Outcomes { total: 100, errors: 100 });
    soon("the alarm", async || {
        p.installations.history(&tickets(), 1).await.unwrap().iter().any(|row| row.event == "alarm")
    })
    .await;
    assert_eq!(version(&p), "1.1.0");
    assert_eq!(p.installations.get(&tickets()).unwrap().status, Status::Running);
    soon("the note", async || {
        let inbox = p.messaging.inbox("city-admin", None, 10).await.unwrap();
        inbox.notes.iter().any(|n| n.body.en.contains("cannot go back by itself") && n.body.en.contains("number"))
    })
    .await;
}

#[tokio::test]
async fn where_neither_version_can_serve_the_console_says_why_and_a_start_builds_what_is_missing() {
    let p = Platform::empty(GatewayConfig::default(), "http://localhost:8080").await;
    p.install_package(published(&p, "1.0.0", UNIQUE).await, "tickets").await;
    let code = UNIQUE.replace("number", "code");
    upgrade(&p, published(&p, "1.1.0", &code).await, None).await.unwrap();
    // As a damaged index would leave it: both values twice.
    let loose = yunlong_model::Manifest::parse(&release("1.0.0", V1)).unwrap();
    let loose = Schema::new(&tickets(), &loose);
    let mut txn = Txn::new(p.store.clone());
    for id in ["a", "b"] {
        loose.insert(&mut txn, "orders", id, r#"{"number":7,"code":"x"}"#).await.unwrap();
    }
    txn.commit().await.unwrap();
    p.gateway.operations().roll_back(&tickets(), asked(None, false)).await.unwrap_err();
    let now = p.installations.get(&tickets()).unwrap();
    let Status::Failed(why) = &now.status else { panic!("{:?}", now.status) };
    let why = why.text();
    assert!(why.en.contains("version 1.0.0 cannot serve again") && why.en.contains("1.1.0"), "{why:?}");
    assert_eq!(p.get(APP, "/").await.status, StatusCode::SERVICE_UNAVAILABLE);
    let inbox = p.messaging.inbox("city-admin", None, 10).await.unwrap();
    assert!(inbox.notes.iter().any(|n| n.body.en.contains("cannot serve again")));
    // Stopped meanwhile or not: it never runs without its indexes.
    p.gateway.operations().stop(&tickets(), "city-admin").await.unwrap();
    let again = p.gateway.operations().start(&tickets(), "city-admin").await.unwrap_err();
    assert!(matches!(again, OperationError::Indexes(_)), "{again}");
    let mut txn = Txn::new(p.store.clone());
    loose.delete(&mut txn, "orders", "b").await.unwrap();
    txn.commit().await.unwrap();
    let started = p.gateway.operations().start(&tickets(), "city-admin").await.unwrap();
    assert_eq!((started.status.clone(), started.indexes_due), (Status::Running, false));
}

#[tokio::test]
async fn two_who_go_back_at_once_go_back_once_and_the_version_serves() {
    let p = std::sync::Arc::new(Platform::empty(GatewayConfig::default(), "http://localhost:8080").await);
    let first = published(&p, "1.0.0", V1).await;
    p.install_package(first, "tickets").await;
    upgrade(&p, published(&p, "1.1.0", V1).await, None).await.unwrap();
    let compiled = std::sync::Arc::new(tokio::sync::Notify::new());
    *p.app.compiling.lock() = Some(compiled.clone());
    let both: Vec<_> = (0..2)
        .map(|_| {
            let p = p.clone();
            tokio::spawn(async move { p.gateway.operations().roll_back(&tickets(), asked(None, false)).await })
        })
        .collect();
    // Both have chosen where to go back to.
    soon("both", async || *p.app.held_up.lock() == 2).await;
    compiled.notify_waiters();
    let mut refused = Vec::new();
    for one in both {
        refused.extend(one.await.unwrap().err());
    }
    assert!(
        matches!(refused[..], [OperationError::Installation(InstallationError::Runs { .. })]),
        "one of them does it: {refused:?}"
    );
    assert_eq!(version(&p), "1.0.0");
    assert_eq!(p.app.loaded.lock()[&tickets()], (first, None), "nothing is loaded");
    let history = p.installations.history(&tickets(), 10).await.unwrap();
    assert_eq!(history.iter().filter(|row| row.event == "rolled-back").count(), 1);
}

#[tokio::test]
async fn a_canary_that_is_promoted_where_nothing_runs_is_loaded_before_it_has_charge() {
    let p = Platform::empty(GatewayConfig::default(), "http://localhost:8080").await;
    p.install_package(published(&p, "1.0.0", V1).await, "tickets").await;
    let next = published(&p, "1.1.0", V1).await;
    upgrade(&p, next, Some(10)).await.unwrap();
    let why = Why::said("the first one cannot be loaded").unwrap();
    p.installations.set_status(&tickets(), Status::Failed(why), "platform").await.unwrap();
    p.app.loaded.lock().remove(&tickets());
    p.gateway.operations().promote(&tickets(), "city-admin").await.unwrap();
    assert_eq!(p.installations.get(&tickets()).unwrap().status, Status::Running);
    assert_eq!(p.app.loaded.lock().get(&tickets()).map(|slots| slots.0), Some(next));
}
