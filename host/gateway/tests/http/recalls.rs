//! A recall by the city: what runs the version stops at once, everybody concerned is told, and nothing is lost. And what
//! was yanked or recalled while it compiled or waited for its turn does not slip in.

use crate::platform::*;
use crate::releases::{V1, asked, city, published, soon, tickets, upgrade, version};
use axum::body::Body;
use http::StatusCode;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use yunlong_audit::AuditFilter;
use yunlong_gateway::{Install, OperationError};
use yunlong_installations::{Installation, InstallationError, Status};
use yunlong_model::{Digest, InstallationName};
use yunlong_registry::Reason;
use yunlong_store::Txn;
use yunlong_store::documents::Schema;

async fn recall(p: &Platform, package: Digest) {
    p.gateway.operations().end_version(&package, "it steals", true, "city-security").await.unwrap();
}

fn now(p: &Platform) -> Arc<Installation> {
    p.installations.get(&tickets()).unwrap()
}

async fn install(p: &Platform, package: Digest, name: &str, organization: &str) -> Result<(), OperationError> {
    let review = p.gateway.operations().review(package).await.unwrap();
    let wanted = Install {
        package,
        name: Some(name.to_owned()),
        organization: organization.to_owned(),
        config: BTreeMap::new(),
        approve: review.capabilities.iter().map(ToString::to_string).collect(),
        by: "city-admin".into(),
    };
    p.gateway.operations().install(wanted).await.map(drop)
}

/// The titles and bodies of what an account was told, in both languages.
async fn told(p: &Platform, account: &str) -> String {
    let inbox = p.messaging.inbox(account, None, 50).await.unwrap();
    let words = |n: &yunlong_messaging::Note| format!("{} {} {} {}\n", n.title.zh, n.title.en, n.body.zh, n.body.en);
    inbox.notes.iter().map(words).collect()
}

#[tokio::test]
async fn a_recall_stops_what_runs_the_version_says_so_to_everybody_and_keeps_all_data() {
    let p = city().await;
    let recalled = now(&p).package_digest;
    let schema = Schema::new(&tickets(), &now(&p).manifest);
    let mut txn = Txn::new(p.store.clone());
    schema.insert(&mut txn, "orders", "a", r#"{"number":7}"#).await.unwrap();
    txn.commit().await.unwrap();
    install(&p, recalled, "quanshan", "320311").await.unwrap();
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK);

    recall(&p, recalled).await;
    assert_eq!(now(&p).status, Status::Recalled);
    assert_eq!(p.app.loaded.lock().get(&tickets()), None);
    assert!(p.app.hastened.lock().contains(&(recalled, Some(Duration::ZERO))), "what is under way ends");
    let page = p.get(APP, "/").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    for said in ["已被城市召回", "数据完好保留", "请联系徐州市"] {
        assert!(page.text().contains(said), "{said}: {}", page.text());
    }
    let english = p.send(get(APP, "/").header("accept-language", "en").body(Body::empty()).unwrap()).await.text();
    assert!(english.contains("was recalled") && english.contains("kept whole"), "{english}");
    let problem = p.send(get(APP, "/").header("accept", "application/json").body(Body::empty()).unwrap()).await;
    assert_eq!(problem.json()["code"], "recalled");
    for account in ["city-admin", "quanshan-admin"] {
        let told = told(&p, account).await;
        assert!(told.contains("版本 1.0.0 已被城市召回") && told.contains("it steals"), "{account}: {told}");
    }
    let trail = p.installations.audit_page(None, 20, &AuditFilter::default()).await.unwrap().unwrap().rows;
    for (action, target) in [("registry.recalled", recalled.to_string()), ("recalled", "tickets".into())] {
        let found = trail.iter().find(|r| r.action == action && r.target == target);
        assert_eq!(found.map(|r| r.actor.as_str()), Some("city-security"), "{action}");
    }
    let cookie = p.console("city-admin").await;
    let page = p.see(CONSOLE, "/apps/tickets", &cookie).await.text();
    assert!(page.contains("城市召回了这个版本，服务已停止") && !page.contains("/apps/tickets/start"), "{page}");

    // Nobody starts it, and a restart changes nothing.
    assert!(p.gateway.operations().start(&tickets(), "city-admin").await.is_err());
    p.gateway.operations().start_all(|_| {}).await.unwrap();
    assert_eq!((now(&p).status.clone(), p.app.loaded.lock().get(&tickets())), (Status::Recalled, None));
    assert!(p.get(APP, "/").await.text().contains("已被城市召回"));

    // Another version ends it, and finds all that was there.
    upgrade(&p, published(&p, "1.0.1", V1).await, None).await.unwrap();
    assert_eq!(now(&p).status, Status::Running);
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK);
    assert!(schema.get_committed(&p.store, "orders", "a").await.unwrap().is_some());
    assert_eq!(p.messaging.jobs(&tickets()).await.unwrap()[0].name, "sweep");
}

#[tokio::test]
async fn a_recall_that_was_cut_short_is_made_good_by_the_next_start() {
    let p = city().await;
    // The commit of the recall stands; the server was killed before it stopped anything.
    p.library.yank(&now(&p).package_digest, "it steals", true, "city-security").await.unwrap();
    assert_eq!(now(&p).status, Status::Running);
    p.gateway.operations().start_all(|_| {}).await.unwrap();
    assert_eq!(now(&p).status, Status::Recalled);
    assert!(p.get(APP, "/").await.text().contains("已被城市召回"));
    assert!(told(&p, "city-admin").await.contains("已被城市召回"));
}

#[tokio::test]
async fn a_recall_that_was_cut_short_is_made_good_while_the_server_runs() {
    let p = city().await;
    p.library.yank(&now(&p).package_digest, "it steals", true, "city-security").await.unwrap();
    let looking = tokio::spawn(p.gateway.operations().clone().run(std::future::pending()));
    soon("the stop", async || now(&p).status == Status::Recalled).await;
    looking.abort();
}

#[tokio::test]
async fn one_that_upgrades_by_itself_leaves_a_recalled_version_as_soon_as_there_is_another() {
    let p = city().await;
    p.gateway.operations().set_automatic(&tickets(), true, "city-admin").await.unwrap();
    recall(&p, now(&p).package_digest).await;
    published(&p, "1.0.1", V1).await;
    p.gateway.operations().upgrade_automatically().await.unwrap();
    assert_eq!((version(&p), now(&p).status.clone()), ("1.0.1".to_owned(), Status::Running));
}

#[tokio::test]
async fn a_recalled_version_on_trial_is_left_for_the_one_before_by_a_person() {
    let p = city().await;
    let next = published(&p, "1.1.0", V1).await;
    upgrade(&p, next, None).await.unwrap();
    recall(&p, next).await;
    assert_eq!(now(&p).status, Status::Recalled);
    let back = p.gateway.operations().roll_back(&tickets(), asked(None, false)).await.unwrap();
    assert_eq!((back.version.to_string(), back.status.clone()), ("1.0.0".to_owned(), Status::Running));
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK);
    // Nobody comes back to it.
    assert!(upgrade(&p, next, None).await.is_err());
}

#[tokio::test]
async fn a_canary_of_a_recalled_version_is_over_and_the_one_in_charge_goes_on() {
    let p = city().await;
    let next = published(&p, "1.1.0", V1).await;
    upgrade(&p, next, Some(10)).await.unwrap();
    recall(&p, next).await;
    let i = now(&p);
    assert_eq!((i.version.to_string(), i.status.clone(), i.change.is_none()), ("1.0.0".into(), Status::Running, true));
    assert_eq!(p.app.loaded.lock()[&tickets()], (i.package_digest, None));
    assert!(told(&p, "city-admin").await.contains("灰度发布已中止"));
}

#[tokio::test]
async fn a_paused_installation_of_a_recalled_version_stays_paused_and_is_not_resumed() {
    let p = city().await;
    let operations = p.gateway.operations();
    operations.stop(&tickets(), "city-admin").await.unwrap();
    recall(&p, now(&p).package_digest).await;
    assert!(told(&p, "city-admin").await.contains("不能再恢复服务"));
    let refused = operations.start(&tickets(), "city-admin").await.unwrap_err();
    assert!(refused.text().zh.contains("召回") && refused.text().en.contains("recalled"), "{refused}");
    assert_eq!(now(&p).status, Status::Stopped, "the upgrade that comes does not resume what a person paused");
}

#[tokio::test]
async fn a_yank_or_a_key_in_doubt_stops_nothing_and_those_who_run_it_are_told() {
    let p = city().await;
    let running = now(&p).package_digest;
    p.clock.advance(60_000);
    let key = p.key.public().id().to_string();
    p.gateway.operations().revoke_key(&key, Reason::Compromised, "stolen", "city-security").await.unwrap();
    assert!(told(&p, "city-admin").await.contains("签名密钥已吊销"));
    p.gateway.operations().end_version(&running, "prices", false, "city-admin").await.unwrap();
    let told = told(&p, "city-admin").await;
    assert!(told.contains("1.0.0 已下架") && told.contains("prices"), "{told}");
    assert_eq!((now(&p).status.clone(), p.get(APP, "/").await.status), (Status::Running, StatusCode::OK));
}

/// Waits until something that was asked for is held up.
async fn held_up(p: &Platform) {
    soon("the wait", async || *p.app.held_up.lock() > 0).await;
}

fn withdrawn(refused: &OperationError) -> bool {
    matches!(refused, OperationError::Installation(InstallationError::Withdrawn(_)))
}

#[tokio::test]
async fn what_is_recalled_while_it_compiles_is_not_installed() {
    let p = Arc::new(Platform::empty(Default::default(), "http://localhost:8080").await);
    let package = published(&p, "1.0.0", V1).await;
    let compiling = Arc::new(Notify::new());
    *p.app.compiling.lock() = Some(compiling.clone());
    let asked = p.clone();
    let installing = tokio::spawn(async move { install(&asked, package, "tickets", "320300").await });
    held_up(&p).await;
    recall(&p, package).await;
    compiling.notify_one();
    let refused = installing.await.unwrap().unwrap_err();
    assert!(withdrawn(&refused) && refused.text().en.contains("recalled by the city"), "{refused}");
    assert_eq!(p.installations.get(&tickets()), None);
    assert_eq!(p.app.loaded.lock().get(&tickets()), None);
}

#[tokio::test]
async fn what_is_yanked_or_loses_its_key_while_it_compiles_is_not_upgraded_to() {
    for by_key in [false, true] {
        let p = Arc::new(city().await);
        let package = published(&p, "1.1.0", V1).await;
        p.clock.advance(60_000);
        let compiling = Arc::new(Notify::new());
        *p.app.compiling.lock() = Some(compiling.clone());
        let asked = p.clone();
        let upgrading = tokio::spawn(async move { upgrade(&asked, package, None).await });
        held_up(&p).await;
        let operations = p.gateway.operations();
        if by_key {
            let key = p.key.public().id().to_string();
            operations.revoke_key(&key, Reason::Compromised, "stolen", "city-security").await.unwrap();
        } else {
            operations.end_version(&package, "prices", false, "city-admin").await.unwrap();
        }
        compiling.notify_one();
        let refused = upgrading.await.unwrap().unwrap_err();
        assert!(withdrawn(&refused), "{refused}");
        assert_eq!((version(&p), now(&p).status.clone()), ("1.0.0".to_owned(), Status::Running));
    }
}

#[tokio::test]
async fn what_is_recalled_while_it_is_tried_out_does_not_take_charge() {
    let p = Arc::new(city().await);
    let first = now(&p).package_digest;
    let package = published(&p, "1.1.0", V1).await;
    let staging = Arc::new(Notify::new());
    *p.app.staging.lock() = Some(staging.clone());
    let asked = p.clone();
    let upgrading = tokio::spawn(async move { upgrade(&asked, package, None).await });
    held_up(&p).await;
    recall(&p, package).await;
    staging.notify_one();
    assert!(withdrawn(&upgrading.await.unwrap().unwrap_err()));
    assert_eq!((version(&p), now(&p).status.clone()), ("1.0.0".to_owned(), Status::Running));
    assert_eq!(p.app.loaded.lock()[&tickets()], (first, None), "what was tried is put away");
}

#[tokio::test]
async fn an_upgrade_away_from_a_version_that_is_recalled_meanwhile_serves() {
    let p = Arc::new(city().await);
    let first = now(&p).package_digest;
    let package = published(&p, "1.1.0", V1).await;
    let staging = Arc::new(Notify::new());
    *p.app.staging.lock() = Some(staging.clone());
    let asked = p.clone();
    let upgrading = tokio::spawn(async move { upgrade(&asked, package, None).await });
    held_up(&p).await;
    recall(&p, first).await;
    staging.notify_one();
    upgrading.await.unwrap().unwrap();
    assert_eq!((version(&p), now(&p).status.clone()), ("1.1.0".to_owned(), Status::Running));
    assert_eq!(p.app.loaded.lock()[&tickets()].0, package);
}

#[tokio::test]
async fn a_start_that_cannot_be_is_told_to_those_who_look_after_it() {
    let p = city().await;
    let name: InstallationName = tickets();
    p.app.ill.lock().insert(now(&p).package_digest, "no paper".into());
    p.gateway.operations().start_all(|_| {}).await.unwrap();
    assert!(matches!(p.installations.get(&name).unwrap().status, Status::Failed(_)));
    let told = told(&p, "city-admin").await;
    assert!(told.contains("未能启动") && told.contains("no paper"), "{told}");
}
