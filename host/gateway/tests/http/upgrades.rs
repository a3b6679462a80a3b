//! Upgrades by a person's hand, with the difference of permissions, and upgrades by themselves.

use crate::platform::*;
use crate::releases::{V1, asked, city, published, release, soon, tickets, upgrade, version};
use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use yunlong_model::Digest;

/// [`V1`] and payments: wider.
fn wider() -> String {
    format!("payments = {{ reason = {{ zh = \"收取门票款\", en = \"The price\" }} }}\n{V1}")
}

async fn switch(p: &Platform, on: bool) {
    p.gateway.operations().set_automatic(&tickets(), on, "city-admin").await.unwrap();
}

async fn tick(p: &Platform) {
    p.gateway.operations().upgrade_automatically().await.unwrap();
}

/// The trial of the last upgrade is over.
async fn settle(p: &Platform) {
    p.installations.settle(&tickets()).await.unwrap();
}

#[tokio::test]
async fn it_is_off_until_the_department_switches_it_on() {
    let p = city().await;
    published(&p, "1.1.0", V1).await;
    tick(&p).await;
    assert_eq!(version(&p), "1.0.0");
    let cookie = p.console("city-admin").await;
    let front = p.see(CONSOLE, "/", &cookie).await.text();
    assert!(front.contains("等待您决定的新版本") && front.contains("1.0.0 → 1.1.0"), "{front}");
    let page = p.see(CONSOLE, "/apps/tickets/versions", &cookie).await.text();
    assert!(page.contains("已关闭") && page.contains("可以；开关未打开"), "{page}");
    let done = p.submit("/apps/tickets/automatic", &cookie, "automatic=true").await;
    assert_eq!(done.location(), "/apps/tickets/versions?done=1");
    let page = p.see(CONSOLE, "/apps/tickets/versions", &cookie).await.text();
    assert!(page.contains("已打开") && page.contains("将自动升级"), "{page}");
    let front = p.see(CONSOLE, "/", &cookie).await.text();
    assert!(!front.contains("等待您决定的新版本"), "nobody has to decide: {front}");
    tick(&p).await;
    assert_eq!(version(&p), "1.1.0");
    let trail = p.installations.audit(20).await.unwrap();
    assert!(trail.iter().any(|r| r.action == "upgrade.automatic" && r.actor == "city-admin"));
    assert!(trail.iter().any(|r| r.action == "upgraded" && r.actor == "platform"));
}

#[tokio::test]
async fn a_version_is_taken_as_soon_as_it_is_approved() {
    let p = city().await;
    switch(&p, true).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = tokio::spawn(p.gateway.operations().clone().run(async move { _ = stopped.await }));
    // It has looked and found nothing: from here on it must be told, since it looks again in ten seconds only.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let tar = package(&release("1.1.0", V1), &p.key);
    let number = p.gateway.operations().publish(tar, "han-developer").await.unwrap().submission.number;
    p.library.check_waiting().await.unwrap();
    let reviewer = p.console("city-reviewer").await;
    let path = format!("/reviews/{number}");
    p.submit(&path, &reviewer, "step=assign").await;
    assert_eq!(version(&p), "1.0.0", "nothing is taken before it is approved");
    let approved = std::time::Instant::now();
    let seen = p.library.publications().submission(number).await.unwrap().checked.unwrap().findings;
    p.submit(&path, &reviewer, &format!("step=approve&confirmed=true&findings={seen}")).await;
    soon("the upgrade", async || version(&p) == "1.1.0").await;
    assert!(approved.elapsed() < std::time::Duration::from_secs(5), "{:?}", approved.elapsed());
    soon("the note", async || {
        let inbox = p.messaging.inbox("city-admin", None, 10).await.unwrap();
        inbox.notes.iter().any(|n| n.title.en.contains("Upgraded by itself to version 1.1.0"))
    })
    .await;
    stop.send(()).unwrap();
    worker.await.unwrap();
}

#[tokio::test]
async fn what_is_wider_waits_for_a_person_and_shows_on_the_front_page() {
    let p = city().await;
    switch(&p, true).await;
    // One that asks for nothing more is taken; the wider one behind it waits.
    published(&p, "1.0.1", V1).await;
    let wide = published(&p, "1.1.0", &wider()).await;
    tick(&p).await;
    assert_eq!(version(&p), "1.0.1");
    settle(&p).await;
    tick(&p).await;
    assert_eq!(version(&p), "1.0.1", "a person must approve the rest");
    let cookie = p.console("city-admin").await;
    for path in ["/", "/apps/tickets/versions"] {
        let page = p.see(CONSOLE, path, &cookie).await.text();
        let link = format!("/apps/tickets/upgrade/{wide}");
        assert!(page.contains("新增或放宽 1 项") && page.contains(&link), "{path}: {page}");
    }
    let elsewhere = p.console("quanshan-admin").await;
    assert!(!p.see(CONSOLE, "/", &elsewhere).await.text().contains("1.1.0"), "another department's is not there");
}

#[tokio::test]
async fn what_is_narrower_is_taken_and_what_was_revoked_stays_revoked() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let first = published(&p, "1.0.0", &wider()).await;
    p.install_package(first, "tickets").await;
    p.gateway.operations().set_grant(&tickets(), "jobs:sweep", false, "city-admin").await.unwrap();
    switch(&p, true).await;
    published(&p, "1.1.0", V1).await;
    tick(&p).await;
    assert_eq!(version(&p), "1.1.0");
    let i = p.installations.get(&tickets()).unwrap();
    let granted: Vec<_> = i.grants.iter().map(|g| g.capability.to_string()).collect();
    assert_eq!(granted, ["identity", "data"], "neither what it gave up nor what was revoked");
}

#[tokio::test]
async fn a_version_that_is_not_well_is_set_aside_told_and_not_tried_again() {
    let p = city().await;
    switch(&p, true).await;
    let next = published(&p, "1.1.0", V1).await;
    p.app.ill.lock().insert(next, "the scanner has no driver".into());
    tick(&p).await;
    assert_eq!(version(&p), "1.0.0");
    let inbox = p.messaging.inbox("city-admin", None, 10).await.unwrap();
    assert!(inbox.notes.iter().any(|n| n.body.en.contains("no driver")), "{:?}", inbox.notes);
    let history = p.installations.history(&tickets(), 20).await.unwrap().len();
    tick(&p).await;
    assert_eq!(p.installations.history(&tickets(), 20).await.unwrap().len(), history, "it is not tried again");
    let cookie = p.console("city-admin").await;
    let page = p.see(CONSOLE, "/apps/tickets/versions", &cookie).await.text();
    assert!(page.contains("the scanner has no driver") && page.contains("未能自动升级到"), "{page}");
    assert!(p.see(CONSOLE, "/", &cookie).await.text().contains("等待您决定的新版本"), "a person decides");
    // A newer one is another matter, and so is switching it on anew.
    p.app.ill.lock().clear();
    published(&p, "1.2.0", V1).await;
    tick(&p).await;
    assert_eq!(version(&p), "1.2.0");
}

#[tokio::test]
async fn of_two_versions_that_are_not_well_each_is_tried_once() {
    let p = city().await;
    switch(&p, true).await;
    for (n, ill) in [("1.1.0", "no driver"), ("1.2.0", "no paper")] {
        let next = published(&p, n, V1).await;
        p.app.ill.lock().insert(next, ill.into());
    }
    let tried = async || {
        let history = p.installations.history(&tickets(), 50).await.unwrap();
        history.iter().filter(|r| r.event == "refused").count()
    };
    for expected in [1, 2, 2, 2] {
        tick(&p).await;
        assert_eq!((version(&p), tried().await), ("1.0.0".to_owned(), expected));
    }
    let cookie = p.console("city-admin").await;
    let page = p.see(CONSOLE, "/apps/tickets/versions", &cookie).await.text();
    assert!(page.contains("no driver") && page.contains("no paper"), "{page}");
    published(&p, "1.3.0", V1).await;
    tick(&p).await;
    assert_eq!(version(&p), "1.3.0", "a newer one is another matter");
}

#[tokio::test]
async fn what_was_left_by_a_roll_back_is_not_taken_again_by_itself() {
    let p = city().await;
    switch(&p, true).await;
    published(&p, "1.1.0", V1).await;
    tick(&p).await;
    p.gateway.operations().roll_back(&tickets(), asked(None, false)).await.unwrap();
    assert_eq!(version(&p), "1.0.0");
    tick(&p).await;
    assert_eq!(version(&p), "1.0.0");
    let cookie = p.console("city-admin").await;
    assert!(p.see(CONSOLE, "/apps/tickets/versions", &cookie).await.text().contains("曾运行过并退回"));
}

#[tokio::test]
async fn a_stopped_app_and_one_on_trial_are_left_alone() {
    let p = city().await;
    switch(&p, true).await;
    p.gateway.operations().stop(&tickets(), "city-admin").await.unwrap();
    published(&p, "1.1.0", V1).await;
    tick(&p).await;
    assert_eq!(version(&p), "1.0.0", "it is stopped");
    p.gateway.operations().start(&tickets(), "city-admin").await.unwrap();
    tick(&p).await;
    assert_eq!(version(&p), "1.1.0");
    published(&p, "1.2.0", V1).await;
    tick(&p).await;
    assert_eq!(version(&p), "1.1.0", "its trial is not over");
    settle(&p).await;
    tick(&p).await;
    assert_eq!(version(&p), "1.2.0");
}

#[tokio::test]
async fn what_could_not_be_brought_back_by_itself_waits() {
    let p = city().await;
    switch(&p, true).await;
    published(&p, "1.1.0-rc.1", V1).await;
    published(&p, "1.1.0", &format!("data = {{ schema = 2, reads = [1] }}\n{V1}")).await;
    tick(&p).await;
    assert_eq!(version(&p), "1.0.0");
    let cookie = p.console("city-admin").await;
    let page = p.see(CONSOLE, "/apps/tickets/versions", &cookie).await.text();
    assert!(page.contains("数据结构由 1 改为 2") && page.contains("这是试用版本"), "{page}");
}

#[tokio::test]
async fn who_may_switch_it_and_what_remains_when_the_app_goes() {
    let p = city().await;
    for account in ["li-hua", "quanshan-admin", "han-developer"] {
        let cookie = p.console(account).await;
        let refused = p.submit("/apps/tickets/automatic", &cookie, "automatic=true").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{account}");
    }
    let cookie = p.console("city-admin").await;
    assert_eq!(p.submit("/apps/tickets/automatic", &cookie, "automatic=perhaps").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(p.gateway.operations().automatic(&tickets()).await.unwrap(), None);
    let token = p.token("city-admin").await;
    let call = async |method: Method, body: Value| {
        let request = Request::builder()
            .method(method)
            .uri("/api/v1/installations/tickets/automatic")
            .header("host", CONSOLE)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        p.send(request).await.json()
    };
    assert_eq!(call(Method::GET, Value::Null).await["automatic"], false);
    let wide = published(&p, "1.1.0", &wider()).await;
    let set = call(Method::PUT, json!({"automatic": true})).await;
    assert_eq!((&set["automatic"], &set["by"]), (&json!(true), &json!("city-admin")));
    assert_eq!(set["newer"][0]["digest"], wide.to_string());
    assert_eq!(set["newer"][0]["added"][0]["id"], "payments");
    assert!(set["newer"][0]["waits"]["en"].as_str().unwrap().contains("asks for more"));
    p.gateway.operations().uninstall(&tickets(), "city-admin").await.unwrap();
    assert_eq!(p.gateway.operations().automatic(&tickets()).await.unwrap(), None, "nothing is left of it");
    tick(&p).await;
}

#[tokio::test]
async fn once_it_is_switched_off_nothing_is_taken_by_itself_that_was_being_compiled() {
    let p = std::sync::Arc::new(city().await);
    switch(&p, true).await;
    published(&p, "1.1.0", V1).await;
    let compiled = std::sync::Arc::new(tokio::sync::Notify::new());
    *p.app.compiling.lock() = Some(compiled.clone());
    let ticking = tokio::spawn({
        let p = p.clone();
        async move { tick(&p).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(!ticking.is_finished(), "it compiles");
    switch(&p, false).await;
    compiled.notify_one();
    ticking.await.unwrap();
    assert_eq!(version(&p), "1.0.0");
    let inbox = p.messaging.inbox("city-admin", None, 10).await.unwrap();
    assert!(!inbox.notes.iter().any(|n| n.title.en.contains("1.1.0")), "nobody is told of what was not done");
}

/// The page of an upgrade.
async fn upgrade_page(p: &Platform, cookie: &str, digest: &Digest) -> String {
    p.see(CONSOLE, &format!("/apps/tickets/upgrade/{digest}"), cookie).await.text()
}

#[tokio::test]
async fn an_upgrade_shows_what_is_new_gone_and_unchanged_and_each_new_one_is_approved() {
    let p = city().await;
    let changed = wider().replace("[[jobs]]\n    name = \"sweep\"\n    cron = \"0 3 * * *\"\n", "");
    assert_ne!(changed, wider());
    let next = published(&p, "1.1.0", &changed).await;
    let cookie = p.console("city-admin").await;
    let page = upgrade_page(&p, &cookie, &next).await;
    for said in ["新增或放宽的权限", "收款和退款：收取门票款", "不再需要的权限", "定时运行任务“sweep”", "不变的权限"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    let path = format!("/install/{next}/upgrade");
    let refused = p.submit(&path, &cookie, "name=tickets").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("role=\"alert\"") && refused.text().contains("payments"), "{}", refused.text());
    assert_eq!(version(&p), "1.0.0");
    let done = p.submit(&path, &cookie, "name=tickets&approve=payments").await;
    assert_eq!(done.location(), "/apps/tickets/versions?done=1");
    assert_eq!(version(&p), "1.1.0");
    assert!(upgrade_page(&p, &cookie, &next).await.contains("已在运行这个版本"), "it is done");
    let other = p.console("quanshan-admin").await;
    let refused = p.see(CONSOLE, &format!("/apps/tickets/upgrade/{next}"), &other).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_upgrade_to_another_app_is_not_there() {
    let p = city().await;
    let other = release("1.0.0", V1).replace("name = \"tickets\"", "name = \"coach\"");
    let other = p.publish(package(&other, &p.key)).await.digest;
    let cookie = p.console("city-admin").await;
    let page = p.see(CONSOLE, &format!("/apps/tickets/upgrade/{other}"), &cookie).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(upgrade(&p, other, None).await.is_err());
}

#[tokio::test]
async fn the_department_is_told_that_the_version_it_runs_was_yanked_and_why() {
    let p = city().await;
    let running = p.installations.get(&tickets()).unwrap().package_digest;
    let cookie = p.console("city-admin").await;
    assert!(!p.see(CONSOLE, "/apps/tickets", &cookie).await.text().contains("已下架"));
    p.library.yank(&running, "<b>票价算错</b>", false, "city-admin").await.unwrap();
    let page = p.see(CONSOLE, "/apps/tickets", &cookie).await.text();
    assert!(page.contains("已下架") && page.contains("&lt;b&gt;票价算错&lt;/b&gt;"), "{page}");
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK, "it goes on running");
    // It upgrades by itself from there, as from any other.
    switch(&p, true).await;
    published(&p, "1.1.0", V1).await;
    tick(&p).await;
    assert_eq!(version(&p), "1.1.0");
}
