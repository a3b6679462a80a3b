//! Upgrades, canaries, migrations and the way back.

use crate::platform::*;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use yunlong_audit::AuditFilter;
use yunlong_gateway::{Asked, GatewayConfig, OperationError, Upgrading};
use yunlong_installations::{Status, Why};
use yunlong_messaging::Outgoing;
use yunlong_model::{Digest, InstallationName};
use yunlong_registry::Reason;
use yunlong_runtime::{InvocationError, Outcomes};
use yunlong_store::Txn;
use yunlong_store::documents::{Query, Schema};

pub(crate) const V1: &str = r#"
    [[collections]]
    name = "orders"
    [[jobs]]
    name = "sweep"
    cron = "0 3 * * *"
"#;

pub(crate) fn release(version: &str, extra: &str) -> String {
    format!(
        "name = \"tickets\"\nversion = \"{version}\"\nvendor = \"han-software\"\ntitle = {{ zh = \"景区门票\", en = \"Tickets\" }}\ndescription = {{ zh = \"购票\", en = \"Tickets\" }}\n{extra}"
    )
}

pub(crate) fn tickets() -> InstallationName {
    "tickets".parse().unwrap()
}

pub(crate) async fn published(p: &Platform, version: &str, extra: &str) -> Digest {
    let tar = package(&release(version, extra), &p.key);
    p.publish(tar).await.digest
}

/// `tickets` 1.0.0 with [`V1`].
pub(crate) async fn city() -> Platform {
    let p = Platform::empty(GatewayConfig::default(), "http://localhost:8080").await;
    let digest = published(&p, "1.0.0", V1).await;
    p.install_package(digest, "tickets").await;
    p
}

pub(crate) async fn upgrade(p: &Platform, package: Digest, share: Option<u8>) -> Result<(), OperationError> {
    let difference = p.gateway.operations().difference(&tickets(), package).await?;
    let approve = difference.added.iter().map(ToString::to_string).collect();
    let wanted = Upgrading { package, approve, share, by: "city-admin".into() };
    p.gateway.operations().upgrade(&tickets(), wanted).await.map(drop)
}

pub(crate) fn version(p: &Platform) -> String {
    p.installations.get(&tickets()).unwrap().version.to_string()
}

/// Asks again until it is so, for a few seconds.
pub(crate) async fn soon(what: &str, mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..1_000 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen within ten seconds: {what}");
}

async fn call(p: &Platform, token: &str, method: Method, path: &str, body: Value) -> Answered {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1/installations/tickets{path}"))
        .header("host", CONSOLE)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    p.send(request).await
}

pub(crate) fn asked(version: Option<&str>, accept_unreadable: bool) -> Asked {
    Asked {
        version: version.map(|v| v.parse().unwrap()),
        accept_unreadable,
        why: Why::said("the gate cannot print"),
        by: "city-admin".into(),
    }
}

#[tokio::test]
async fn a_new_index_finds_the_documents_that_were_there_and_jobs_follow_the_new_manifest() {
    let p = city().await;
    let now = p.installations.get(&tickets()).unwrap();
    let mut txn = Txn::new(p.store.clone());
    let schema = Schema::new(&tickets(), &now.manifest);
    schema.insert(&mut txn, "orders", "a", r#"{"number":7}"#).await.unwrap();
    txn.commit().await.unwrap();
    let indexed = r#"
        [[collections]]
        name = "orders"
        [[collections.indexes]]
        name = "number"
        fields = ["number"]
        unique = true
        [[jobs]]
        name = "report"
        cron = "0 4 * * *"
    "#;
    upgrade(&p, published(&p, "1.1.0", indexed).await, None).await.unwrap();
    let now = p.installations.get(&tickets()).unwrap();
    assert_eq!(now.status, Status::Running);
    let schema = Schema::new(&tickets(), &now.manifest);
    let query = Query { index: "number".into(), limit: 10, ..Query::default() };
    let found = schema.find_committed(&p.store, "orders", &query).await.unwrap();
    assert_eq!(found.documents.iter().map(|d| d.id.as_str()).collect::<Vec<_>>(), ["a"]);
    let mut txn = Txn::new(p.store.clone());
    assert!(schema.insert(&mut txn, "orders", "b", r#"{"number":7}"#).await.is_err(), "it is unique at once");
    let jobs: Vec<_> = p.messaging.jobs(&tickets()).await.unwrap().into_iter().map(|j| j.name).collect();
    assert_eq!(jobs, ["report"], "the job that is no more does not run");
}

#[tokio::test]
async fn an_index_that_the_data_breaks_undoes_the_upgrade() {
    let p = city().await;
    let now = p.installations.get(&tickets()).unwrap();
    let mut txn = Txn::new(p.store.clone());
    let schema = Schema::new(&tickets(), &now.manifest);
    for id in ["a", "b"] {
        schema.insert(&mut txn, "orders", id, r#"{"number":7}"#).await.unwrap();
    }
    txn.commit().await.unwrap();
    let unique = "data = { schema = 2, reads = [1] }\n[[collections]]\nname = \"orders\"\n[[collections.indexes]]\nname = \"number\"\nfields = [\"number\"]\nunique = true\n";
    let refused = upgrade(&p, published(&p, "1.1.0", unique).await, None).await.unwrap_err();
    assert!(matches!(refused, OperationError::Indexes(_)), "{refused}");
    let now = p.installations.get(&tickets()).unwrap();
    assert_eq!(
        (now.version.to_string(), now.status.clone(), now.change.is_none()),
        ("1.0.0".into(), Status::Running, true)
    );
    assert_eq!(now.data.newest, 1, "the new version has written nothing");
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK);
    assert_eq!(p.messaging.jobs(&tickets()).await.unwrap()[0].name, "sweep");
}

#[tokio::test]
async fn a_release_that_is_not_well_never_has_charge_and_says_why() {
    let p = city().await;
    let next = published(&p, "1.1.0", V1).await;
    p.app.ill.lock().insert(next, "the scanner has no driver".into());
    let token = p.token("city-admin").await;
    let refused = call(&p, &token, Method::POST, "/upgrade", json!({"package": next})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text().contains("the scanner has no driver"), "{}", refused.text());
    assert_eq!(version(&p), "1.0.0");
    assert_eq!(p.app.loaded.lock()[&tickets()].1, None);
    let history = call(&p, &token, Method::GET, "/history", Value::Null).await.json();
    let row = &history["history"][0];
    assert_eq!((row["event"].as_str(), row["version"].as_str()), (Some("refused"), Some("1.1.0")));
    assert!(row["detail"].as_str().unwrap().contains("no driver"));
    let inbox = p.messaging.inbox("city-admin", None, 10).await.unwrap();
    assert!(inbox.notes[0].title.en.contains("1.1.0") && inbox.notes[0].body.en.contains("no driver"));
}

#[tokio::test]
async fn a_release_that_doubles_the_errors_gives_charge_back_by_itself_and_says_why() {
    let p = city().await;
    let first = p.installations.get(&tickets()).unwrap().package_digest;
    p.app.outcomes.lock().insert(first, Outcomes { total: 1_000, errors: 10 });
    let next = published(&p, "1.1.0", V1).await;
    upgrade(&p, next, None).await.unwrap();
    assert_eq!(version(&p), "1.1.0");
    // As many errors as before are no reason.
    p.app.outcomes.lock().insert(next, Outcomes { total: 100, errors: 1 });
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(version(&p), "1.1.0");
    p.app.outcomes.lock().insert(next, Outcomes { total: 100, errors: 30 });
    let began = std::time::Instant::now();
    soon("the roll-back", async || version(&p) == "1.0.0").await;
    assert!(began.elapsed() < Duration::from_secs(10));
    let i = p.installations.get(&tickets()).unwrap();
    assert_eq!((i.status.clone(), i.change.is_none()), (Status::Running, true));
    assert_eq!(p.app.loaded.lock()[&tickets()], (first, None));
    let history = p.installations.history(&tickets(), 1).await.unwrap();
    assert_eq!((history[0].event.as_str(), history[0].by.as_str()), ("rolled-back", "platform"));
    let why = Why::Errors { failed: 30, of: 100, failed_before: 10, of_before: 1_000 };
    assert_eq!(history[0].why, Some(why), "what happened is kept, not what was said of it");
    let cookie = p.console("city-admin").await;
    let page = p.see(CONSOLE, "/apps/tickets/versions", &cookie).await.text();
    assert!(page.contains("最近 100 次调用中有 30 次失败") && !page.contains("calls failed"), "{page}");
    soon("the note", async || {
        p.messaging.inbox("city-admin", None, 10).await.unwrap().notes.iter().any(|n| n.title.en.contains("by itself"))
    })
    .await;
    let inbox = p.messaging.inbox("city-admin", None, 10).await.unwrap();
    let note = inbox.notes.iter().find(|n| n.title.en.contains("by itself")).unwrap();
    assert!(note.body.zh.contains("最近 100 次调用中有 30 次失败"), "Chinese readers read Chinese: {}", note.body.zh);
    let audit = p.installations.audit_page(None, 20, &AuditFilter::default()).await.unwrap().unwrap().rows;
    assert!(audit.iter().any(|r| r.action == "rolled-back" && r.actor == "platform"));
}

#[tokio::test]
async fn a_release_that_falls_ill_gives_charge_back() {
    let p = city().await;
    let next = published(&p, "1.1.0", V1).await;
    upgrade(&p, next, None).await.unwrap();
    p.app.ill.lock().insert(next, "out of paper".into());
    soon("the roll-back", async || version(&p) == "1.0.0").await;
}

#[tokio::test]
async fn going_back_over_data_that_the_older_version_cannot_read_stops_and_asks() {
    let p = city().await;
    let next = published(&p, "2.0.0", &format!("data = {{ schema = 2, reads = [1] }}\n{V1}")).await;
    upgrade(&p, next, None).await.unwrap();
    soon("the migration", async || p.installations.get(&tickets()).unwrap().data.oldest == 2).await;
    // By itself it does nothing, and calls a person.
    p.app.ill.lock().insert(next, "out of paper".into());
    soon("the alarm", async || {
        p.installations.get(&tickets()).unwrap().change.as_ref().is_some_and(|c| c.problem.is_some())
    })
    .await;
    assert_eq!(version(&p), "2.0.0");
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK, "it goes on");
    let token = p.token("city-admin").await;
    let asks = call(&p, &token, Method::POST, "/rollback", json!({})).await;
    assert_eq!(asks.status, StatusCode::CONFLICT);
    assert_eq!(asks.json()["errors"][0]["field"], "accept_unreadable", "{}", asks.text());
    assert_eq!(version(&p), "2.0.0");
    let back = call(&p, &token, Method::POST, "/rollback", json!({"accept_unreadable": true, "reason": "paper"})).await;
    assert_eq!(back.status, StatusCode::OK, "{}", back.text());
    assert_eq!((version(&p).as_str(), back.json()["status"].as_str()), ("1.0.0", Some("running")));
}

#[tokio::test]
async fn going_back_is_possible_where_the_older_version_reads_what_the_newer_wrote() {
    let p = Platform::empty(GatewayConfig::default(), "http://localhost:8080").await;
    let first = published(&p, "1.0.0", &format!("data = {{ schema = 1, reads = [2] }}\n{V1}")).await;
    p.install_package(first, "tickets").await;
    let next = published(&p, "2.0.0", &format!("data = {{ schema = 2, reads = [1] }}\n{V1}")).await;
    upgrade(&p, next, None).await.unwrap();
    soon("the migration", async || p.installations.get(&tickets()).unwrap().data.oldest == 2).await;
    let back = p.gateway.operations().roll_back(&tickets(), asked(None, false)).await.unwrap();
    assert_eq!(back.version.to_string(), "1.0.0");
    // And forward again, by the usual way.
    upgrade(&p, next, None).await.unwrap();
    assert_eq!(version(&p), "2.0.0");
}

#[tokio::test]
async fn going_back_leads_only_to_a_version_that_ran_here_and_whose_key_stands() {
    let p = city().await;
    published(&p, "1.1.0", V1).await;
    let next = published(&p, "1.2.0", V1).await;
    upgrade(&p, next, None).await.unwrap();
    let never = p.gateway.operations().roll_back(&tickets(), asked(Some("1.1.0"), true)).await.unwrap_err();
    assert!(matches!(never, OperationError::NeverRan { .. }), "{never}");
    let key = p.key.public().id().to_string();
    p.gateway.operations().revoke_key(&key, Reason::Compromised, "leaked", "city-security").await.unwrap();
    let revoked = p.gateway.operations().roll_back(&tickets(), asked(None, true)).await.unwrap_err();
    assert!(revoked.to_string().contains("revoked"), "{revoked}");
    assert_eq!(version(&p), "1.2.0");
    let audit = p.installations.audit(3).await.unwrap();
    assert!(audit.iter().any(|r| r.action == "registry.key-revoked" && r.actor == "city-security"));
}

#[tokio::test]
async fn a_canary_needs_a_version_in_charge_that_reads_the_new_schema() {
    let p = city().await;
    let fits = published(&p, "1.1.0", V1).await;
    let next = published(&p, "2.0.0", &format!("data = {{ schema = 2, reads = [1] }}\n{V1}")).await;
    let refused = upgrade(&p, next, Some(10)).await.unwrap_err();
    assert!(matches!(&refused, OperationError::Invalid { field, .. } if field == "share"), "{refused}");

    upgrade(&p, fits, Some(10)).await.unwrap();
    let i = p.installations.get(&tickets()).unwrap();
    assert_eq!((i.version.to_string(), i.canary().unwrap().share), ("1.0.0".into(), 10));
    let token = p.token("city-admin").await;
    let state = call(&p, &token, Method::GET, "/upgrade", Value::Null).await.json();
    assert_eq!((&state["stage"], &state["share"], &state["other"]), (&json!("canary"), &json!(10), &json!("1.1.0")));
    let aborted = call(&p, &token, Method::POST, "/upgrade/abort", json!({})).await;
    assert_eq!(aborted.status, StatusCode::OK, "{}", aborted.text());
    upgrade(&p, fits, Some(50)).await.unwrap();
    let promoted = call(&p, &token, Method::POST, "/upgrade/promote", json!({})).await;
    assert_eq!(
        (promoted.json()["version"].as_str(), promoted.json()["stage"].as_str()),
        (Some("1.1.0"), Some("trial"))
    );
    assert_eq!(p.app.loaded.lock()[&tickets()].0, fits);
}

#[tokio::test]
async fn a_canary_that_fails_more_often_is_aborted_by_itself() {
    let p = city().await;
    let next = published(&p, "1.1.0", V1).await;
    upgrade(&p, next, Some(10)).await.unwrap();
    p.app.outcomes.lock().insert(next, Outcomes { total: 20, errors: 20 });
    soon("the end of the canary", async || p.installations.get(&tickets()).unwrap().change.is_none()).await;
    assert_eq!(version(&p), "1.0.0");
}

#[tokio::test]
async fn requests_wait_for_a_migration_that_the_new_version_cannot_serve_without() {
    let p = city().await;
    let next = published(&p, "2.0.0", &format!("data = {{ schema = 2 }}\n{V1}")).await;
    let p = Arc::new(p);
    upgrade(&p, next, None).await.unwrap();
    // Ten batches are under way; this one waits for the last of them.
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK);
    let i = p.installations.get(&tickets()).unwrap();
    assert_eq!((i.status.clone(), i.data.oldest, i.data.newest), (Status::Running, 2, 2));
    let migration = p.installations.migration(&tickets()).await.unwrap().unwrap();
    assert_eq!((migration.done, migration.batches, migration.finished), (10, 10, true));
}

#[tokio::test]
async fn a_migration_that_fails_at_once_brings_the_version_before_back() {
    let p = city().await;
    *p.app.migration_fails_at.lock() = Some(0);
    let next = published(&p, "2.0.0", &format!("data = {{ schema = 2 }}\n{V1}")).await;
    upgrade(&p, next, None).await.unwrap();
    soon("the roll-back", async || version(&p) == "1.0.0").await;
    let i = p.installations.get(&tickets()).unwrap();
    assert_eq!((i.status.clone(), i.data.newest), (Status::Running, 1), "nothing was written in the new schema");
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_migration_that_fails_half_way_stops_and_goes_on_from_there_when_asked() {
    let p = city().await;
    *p.app.migration_fails_at.lock() = Some(4);
    let next = published(&p, "2.0.0", &format!("data = {{ schema = 2 }}\n{V1}")).await;
    upgrade(&p, next, None).await.unwrap();
    // Half of the data is of each schema, and no version reads both: a person decides.
    soon("the failure", async || matches!(p.installations.get(&tickets()).unwrap().status, Status::Failed(_))).await;
    let token = p.token("city-admin").await;
    let state = call(&p, &token, Method::GET, "/upgrade", Value::Null).await.json();
    assert_eq!(state["migration"]["done"], 4);
    assert!(state["migration"]["failure"].as_str().unwrap().contains("document 4 is odd"), "{state}");
    let asks = call(&p, &token, Method::POST, "/rollback", json!({})).await;
    assert_eq!(asks.status, StatusCode::CONFLICT, "{}", asks.text());
    *p.app.migration_fails_at.lock() = None;
    // The stand-in refuses to see a batch twice.
    let resumed = call(&p, &token, Method::POST, "/upgrade/resume", json!({})).await;
    assert_eq!(resumed.status, StatusCode::OK, "{}", resumed.text());
    soon("the end", async || p.installations.get(&tickets()).unwrap().status == Status::Running).await;
    assert_eq!(p.installations.get(&tickets()).unwrap().data.oldest, 2);
}

#[tokio::test]
async fn a_request_that_was_looked_at_before_an_upgrade_waits_for_it_too() {
    let p = Arc::new(city().await);
    let installations = p.installations.clone();
    p.answer_with(move || match installations.get(&tickets()).unwrap().status {
        Status::Running => Ok(http::Response::new("served".into())),
        _ => Err(InvocationError::NotLoaded(tickets())),
    });
    // Its installation serves when it comes, and its body takes longer than it takes an upgrade to begin.
    let (begun, rest) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let body = futures::stream::once({
        let (begun, rest) = (begun.clone(), rest.clone());
        async move {
            begun.notify_one();
            rest.notified().await;
            Ok::<_, std::io::Error>(b"{}".to_vec())
        }
    });
    let asked = tokio::spawn({
        let p = p.clone();
        let request = post(APP, "/orders").header("sec-fetch-site", "same-origin");
        async move { p.send(request.body(Body::from_stream(body)).unwrap()).await }
    });
    begun.notified().await;
    let calls_end = Arc::new(tokio::sync::Notify::new());
    *p.app.calls_end.lock() = Some(calls_end.clone());
    let indexed =
        format!("{V1}[[collections]]\nname = \"gates\"\n[[collections.indexes]]\nname = \"n\"\nfields = [\"n\"]\n");
    let next = published(&p, "1.1.0", &indexed).await;
    let upgrading = tokio::spawn({
        let p = p.clone();
        async move { upgrade(&p, next, None).await }
    });
    soon("the upgrade", async || p.installations.get(&tickets()).unwrap().status == Status::Migrating).await;
    rest.notify_one();
    soon("the call", async || !p.app.seen.lock().is_empty()).await;
    *p.app.calls_end.lock() = None;
    calls_end.notify_one();
    let answer = asked.await.unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (StatusCode::OK, "served"));
    upgrading.await.unwrap().unwrap();
    let bodies: Vec<_> = p.app.seen.lock().iter().map(|s| s.body.clone()).collect();
    assert_eq!(bodies, ["{}", "{}"], "the app was asked as it was meant, once it served");
}

#[tokio::test]
async fn a_stop_waits_for_no_compilation() {
    let p = Arc::new(city().await);
    let next = published(&p, "1.1.0", V1).await;
    let compiled = Arc::new(tokio::sync::Notify::new());
    *p.app.compiling.lock() = Some(compiled.clone());
    let upgrading = tokio::spawn({
        let p = p.clone();
        async move { upgrade(&p, next, None).await }
    });
    soon("the compilation", async || *p.app.held_up.lock() > 0).await;
    let name = tickets();
    let stop = p.gateway.operations().stop(&name, "city-admin");
    let stopped = tokio::time::timeout(Duration::from_secs(1), stop).await.expect("it waits for the compilation");
    assert_eq!(stopped.unwrap().status, Status::Stopped);
    compiled.notify_waiters();
    upgrading.await.unwrap().unwrap();
    let i = p.installations.get(&tickets()).unwrap();
    assert_eq!((i.version.to_string(), i.status.clone()), ("1.1.0".into(), Status::Stopped));
}

#[tokio::test]
async fn what_is_done_at_the_console_may_take_longer_than_a_page() {
    let config = GatewayConfig { page_timeout: Duration::from_secs(1), ..GatewayConfig::default() };
    let p = Platform::empty(config, "http://localhost:8080").await;
    let digest = published(&p, "1.0.0", V1).await;
    p.install_package(digest, "tickets").await;
    let token = p.token("city-admin").await;
    let next = published(&p, "1.1.0", V1).await;
    let compiled = Arc::new(tokio::sync::Notify::new());
    *p.app.compiling.lock() = Some(compiled.clone());
    let compile = async {
        soon("the compilation", async || *p.app.held_up.lock() > 0).await;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        compiled.notify_waiters();
    };
    let (answer, ()) = tokio::join!(call(&p, &token, Method::POST, "/upgrade", json!({"package": next})), compile);
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
}

#[tokio::test]
async fn nothing_is_written_for_what_was_removed() {
    let p = city().await;
    *p.app.calls_hang.lock() = true;
    let busy = p.gateway.operations().uninstall(&tickets(), "city-admin").await.unwrap_err();
    assert!(matches!(busy, OperationError::StillRunning(_)), "{busy}");
    assert_eq!(p.installations.get(&tickets()).unwrap().status, Status::Stopped, "it can be removed later");
    *p.app.calls_hang.lock() = false;
    // A callback that has looked before the removal and commits behind it.
    let event = || Outgoing {
        topic: "city.payments".into(),
        subject: None,
        key: None,
        data: json!({
            "outcome": "captured", "intent": "019a", "reference": "T-1", "amount": 1, "refund": null, "reason": null,
        }),
        not_before: None,
        deduplication_key: None,
    };
    let mut late = Txn::new(p.store.clone());
    p.messaging.publish_platform(&mut late, &tickets(), "payments", event()).await.unwrap();
    p.gateway.operations().uninstall(&tickets(), "city-admin").await.unwrap();
    assert!(late.commit().await.is_err());
    let mut later = Txn::new(p.store.clone());
    p.messaging.publish_platform(&mut later, &tickets(), "payments", event()).await.unwrap();
    assert!(later.is_empty());
    let rest = p
        .store
        .scan(&yunlong_store::Key::space("tickets").children(), yunlong_store::Direction::Ascending, 10)
        .await
        .unwrap();
    assert!(rest.is_empty(), "{rest:?}");
    let audit = p.installations.audit(20).await.unwrap();
    assert!(audit.iter().any(|r| r.action == "stopped" && r.actor == "city-admin"), "who did it");
    assert!(audit.iter().any(|r| r.action == "registry.published" && r.actor == "han-developer"));
}

#[tokio::test]
async fn an_official_asks_after_an_apps_health_and_runs_pauses_and_resumes_its_jobs() {
    let p = city().await;
    let token = p.token("city-admin").await;
    assert_eq!(call(&p, &token, Method::POST, "/health", json!({})).await.json(), json!({"healthy": true}));
    let digest = p.installations.get(&tickets()).unwrap().package_digest;
    p.app.ill.lock().insert(digest, "out of paper".into());
    let ill = call(&p, &token, Method::POST, "/health", json!({})).await.json();
    assert_eq!(ill, json!({"healthy": false, "reason": "out of paper"}));

    for action in ["pause", "resume", "run"] {
        let done = call(&p, &token, Method::POST, &format!("/jobs/sweep/{action}"), json!({})).await;
        assert_eq!(done.status, StatusCode::NO_CONTENT, "{action}: {}", done.text());
    }
    let jobs = call(&p, &token, Method::GET, "/jobs", Value::Null).await.json();
    assert_eq!((&jobs["jobs"][0]["name"], &jobs["jobs"][0]["asked_by"]), (&json!("sweep"), &json!("city-admin")));
    assert_eq!(jobs["delayed"]["count"], 0);
    let unknown = call(&p, &token, Method::POST, "/jobs/nothing/run", json!({})).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let department = p.token("quanshan-admin").await;
    for (method, path) in [
        (Method::POST, "/jobs/sweep/run"),
        (Method::POST, "/rollback"),
        (Method::POST, "/upgrade/promote"),
        (Method::GET, "/history"),
        (Method::POST, "/health"),
        (Method::POST, "/dead-letters/redrive"),
    ] {
        assert_eq!(call(&p, &department, method, path, json!({})).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn the_pages_of_versions_and_jobs_do_what_the_api_does() {
    let p = city().await;
    let next = published(&p, "2.0.0", &format!("data = {{ schema = 2, reads = [1] }}\n{V1}")).await;
    let portal = p.cookie("city-admin").await;
    let (cookie, _) = p.sign_on(&portal, CONSOLE, "/").await;
    let submit = |path: String, body: &str| {
        p.send(form_post(CONSOLE, &path).header("cookie", &cookie).body(body.to_owned().into()).unwrap())
    };
    let page = async |path: &str| {
        p.send(get(CONSOLE, path).header("cookie", &cookie).body(Body::empty()).unwrap()).await.text()
    };
    assert!(page("/apps/tickets/versions").await.contains("2.0.0"));
    let upgraded = submit(format!("/install/{next}/upgrade"), "name=tickets").await;
    assert_eq!(upgraded.location(), "/apps/tickets/versions?done=1", "{}", upgraded.text());
    soon("the migration", async || p.installations.get(&tickets()).unwrap().data.oldest == 2).await;
    let versions = page("/apps/tickets/versions").await;
    assert!(versions.contains("观察期") && versions.contains("数据迁移") && versions.contains("10 / 10"), "{versions}");
    let asks = submit("/apps/tickets/versions".into(), "action=roll-back&version=1.0.0&reason=x").await;
    assert_eq!(asks.status, StatusCode::CONFLICT);
    assert!(asks.text().contains("accept_unreadable"), "{}", asks.text());
    let back = "action=roll-back&version=1.0.0&reason=x&accept_unreadable=true";
    assert_eq!(submit("/apps/tickets/versions".into(), back).await.location(), "/apps/tickets/versions?done=1");
    assert_eq!(version(&p), "1.0.0");
    assert_eq!(
        submit("/apps/tickets/jobs".into(), "action=pause&job=sweep").await.location(),
        "/apps/tickets/jobs?done=1"
    );
    assert!(page("/apps/tickets/jobs").await.contains("已暂停"));
    assert!(page("/apps/tickets/jobs/sweep").await.contains("还没有运行过"));
    let unknown = submit("/apps/tickets/jobs".into(), "action=run&job=nothing").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert!(submit("/apps/tickets/health".into(), "").await.text().contains("一切正常"));
}
