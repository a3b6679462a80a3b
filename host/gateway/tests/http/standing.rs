//! What becomes of approved versions: who keeps, yanks and recalls them, on pages and by programs.

use crate::platform::*;
use axum::body::Body;
use http::StatusCode;
use serde_json::{Value, json};
use yunlong_model::Digest;
use yunlong_publications::Status;
use yunlong_registry::Reason;

async fn standing(p: &Platform, package: Digest) -> Status {
    p.gateway.operations().review(package).await.unwrap().standing
}

/// `tickets` 1.0.0, approved, and then in doubt: its key was stolen.
async fn in_doubt() -> (Platform, Digest) {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let package = p.publish(package(MANIFEST, &p.key)).await.digest;
    p.clock.advance(60_000);
    let key = p.key.public().id().to_string();
    p.gateway.operations().revoke_key(&key, Reason::Compromised, "stolen", "city-security").await.unwrap();
    assert_eq!(standing(&p, package).await, Status::InDoubt);
    (p, package)
}

async fn call(p: &Platform, account: &str, path: &str, body: Value) -> Answered {
    let token = p.token(account).await;
    let request = post(CONSOLE, path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    p.send(request.body(body.to_string().into()).unwrap()).await
}

#[tokio::test]
async fn the_security_administrator_finds_what_is_in_doubt_beside_its_key_and_keeps_it() {
    let (p, package) = in_doubt().await;
    let cookie = p.console("city-security").await;
    let path = format!("/versions/{package}");
    let keys = p.see(CONSOLE, "/signers", &cookie).await.text();
    assert!(keys.contains("以下版本待市级决定") && keys.contains(&format!("href=\"{path}\"")), "{keys}");
    let page = p.see(CONSOLE, &path, &cookie).await.text();
    for said in ["value=\"keep\"", "value=\"yank\"", "value=\"recall\"", "name=\"reason\"", "签名密钥已吊销"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    for (form, why) in [
        ("decision=keep&reason=sound", "not confirmed"),
        ("decision=keep&confirmed=true&reason=", "no reason"),
        ("decision=approve&confirmed=true&reason=sound", "no decision of ours"),
    ] {
        let refused = p.submit(&path, &cookie, form).await;
        assert!(refused.status.is_client_error() && refused.text().contains("role=\"alert\""), "{why}");
        assert_eq!(standing(&p, package).await, Status::InDoubt, "{why}");
    }
    let kept = p.submit(&path, &cookie, "decision=keep&confirmed=true&reason=%3Cb%3Eolder%3C/b%3E").await;
    assert_eq!(kept.location(), format!("{path}?done=1"));
    assert_eq!(standing(&p, package).await, Status::Approved);
    p.install_package(package, "tickets").await;
    let page = p.see(CONSOLE, &path, &cookie).await.text();
    assert!(page.contains("&lt;b&gt;older") && !page.contains("value=\"keep\""), "{page}");
    let keys = p.see(CONSOLE, "/signers", &cookie).await.text();
    assert!(!keys.contains("以下版本待市级决定"), "{keys}");
}

#[tokio::test]
async fn a_version_is_yanked_and_then_recalled_from_the_way_on_its_own_page() {
    let p = Platform::start().await;
    let package = p.installations.get(&"tickets".parse().unwrap()).unwrap().package_digest;
    let cookie = p.console("city-admin").await;
    let path = format!("/versions/{package}");
    let app = p.see(CONSOLE, &format!("/install/{package}"), &cookie).await.text();
    assert!(app.contains(&format!("href=\"{path}\"")), "{app}");
    assert!(p.see(CONSOLE, &path, &cookie).await.text().contains("正在使用它的部门"), "whom it meets");
    p.submit(&path, &cookie, "decision=yank&confirmed=true&reason=prices").await;
    assert_eq!(standing(&p, package).await, Status::Yanked);
    let own = p.see(CONSOLE, "/apps/tickets", &cookie).await.text();
    assert!(own.contains(&format!("href=\"{path}\"")), "{own}");
    let again = p.submit(&path, &cookie, "decision=yank&confirmed=true&reason=prices").await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    p.submit(&path, &cookie, "decision=recall&confirmed=true&reason=steals").await;
    assert_eq!(standing(&p, package).await, Status::Recalled);
    let page = p.see(CONSOLE, &path, &cookie).await.text();
    assert!(page.contains("steals") && !page.contains("name=\"decision\""), "nothing is left to decide: {page}");
}

#[tokio::test]
async fn a_vendor_yanks_its_own_and_nobody_decides_about_what_is_not_theirs() {
    let (p, package) = in_doubt().await;
    let path = format!("/versions/{package}");
    for (account, expected) in [
        ("other-developer", StatusCode::NOT_FOUND),
        ("city-reviewer", StatusCode::FORBIDDEN),
        ("quanshan-admin", StatusCode::FORBIDDEN),
        ("li-hua", StatusCode::FORBIDDEN),
    ] {
        let cookie = p.console(account).await;
        assert_eq!(p.see(CONSOLE, &path, &cookie).await.status, expected, "{account}");
        for decision in ["keep", "yank", "recall"] {
            let form = format!("decision={decision}&confirmed=true&reason=x");
            assert_eq!(p.submit(&path, &cookie, &form).await.status, expected, "{account} {decision}");
        }
    }
    let vendor = p.console("han-developer").await;
    let page = p.see(CONSOLE, &path, &vendor).await.text();
    assert!(page.contains("value=\"yank\""), "{page}");
    assert!(!page.contains("value=\"keep\"") && !page.contains("value=\"recall\""), "{page}");
    for decision in ["keep", "recall"] {
        let refused = p.submit(&path, &vendor, &format!("decision={decision}&confirmed=true&reason=x")).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{decision}");
    }
    assert_eq!(standing(&p, package).await, Status::InDoubt);
    p.submit(&path, &vendor, "decision=yank&confirmed=true&reason=x").await;
    assert_eq!(standing(&p, package).await, Status::Yanked);
}

#[tokio::test]
async fn programs_keep_and_recall_for_the_security_administrator_and_for_nobody_without_the_duty() {
    let (p, package) = in_doubt().await;
    let key = format!("/api/v1/signers/{}", p.key.public().id());
    let token = p.token("city-security").await;
    let asked = get(CONSOLE, &key).header("authorization", format!("Bearer {token}"));
    let told = p.send(asked.body(Body::empty()).unwrap()).await.json();
    assert_eq!(told["in_doubt"], json!([{ "digest": package, "app": "tickets", "version": "1.0.0" }]));
    let (keep, yank) = (format!("/api/v1/packages/{package}/keep"), format!("/api/v1/packages/{package}/yank"));
    let recall = json!({ "reason": "why", "recall": true });
    for account in ["quanshan-admin", "city-reviewer", "han-developer", "li-hua"] {
        let kept = call(&p, account, &keep, json!({ "reason": "why" })).await;
        assert_eq!(kept.status, StatusCode::FORBIDDEN, "{account}: {}", kept.text());
        let recalled = call(&p, account, &yank, recall.clone()).await;
        assert_eq!(recalled.status, StatusCode::FORBIDDEN, "{account}: {}", recalled.text());
    }
    assert_eq!(standing(&p, package).await, Status::InDoubt);
    let kept = call(&p, "city-security", &keep, json!({ "reason": "older" })).await;
    assert_eq!((kept.status, &kept.json()["kept"]["by"]), (StatusCode::OK, &json!("city-security")));
    assert_eq!(call(&p, "city-admin", &keep, json!({ "reason": "older" })).await.status, StatusCode::CONFLICT);
    let recalled = call(&p, "city-security", &yank, recall).await;
    assert_eq!((recalled.status, &recalled.json()["yank"]["recalled"]), (StatusCode::OK, &json!(true)));
    assert_eq!(standing(&p, package).await, Status::Recalled);
}
