//! Which origin answers.

use crate::platform::*;
use axum::body::Body;
use http::{Request, StatusCode};

#[tokio::test]
async fn the_portal_the_console_and_each_app_have_origins_of_their_own() {
    let p = Platform::start().await;
    let portal = p.get(PORTAL, "/").await;
    assert_eq!(portal.status, StatusCode::OK);
    assert!(portal.text().contains("景区门票"));
    // The console is for officials: others are led to sign in.
    assert!(p.get(CONSOLE, "/").await.location().starts_with("/_city/sign-on?return=/"));
    assert_eq!(p.get(APP, "/").await.text(), "<p>hello</p>");
}

#[tokio::test]
async fn a_host_of_somebody_else_is_misdirected() {
    let p = Platform::start().await;
    for host in
        ["evil.example", "127.0.0.1:8080", "localhost", "localhost:9999", "tickets.localhost", "localhost.:8080"]
    {
        let answer = p.get(host, "/").await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        assert!(answer.text().contains("http://localhost:8080/"), "the page leads to the portal");
    }
    assert!(p.app.seen.lock().is_empty());
}

#[tokio::test]
async fn a_name_that_nothing_is_installed_under_is_not_found() {
    let p = Platform::start().await;
    for host in ["nothing.localhost:8080", "admin.localhost:8080", "a.tickets.localhost:8080", "xn--a.localhost:8080"] {
        assert_eq!(p.get(host, "/").await.status, StatusCode::NOT_FOUND, "{host}");
    }
}

#[tokio::test]
async fn no_host_or_two_hosts_are_malformed() {
    let p = Platform::start().await;
    assert_eq!(p.send(Request::get("/").body(Body::empty()).unwrap()).await.status, StatusCode::BAD_REQUEST);
    let two = Request::get("/").header("host", PORTAL).header("host", APP).body(Body::empty()).unwrap();
    assert_eq!(p.send(two).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_absolute_target_stands_over_the_host_header() {
    let p = Platform::start().await;
    let request = Request::get("http://tickets.localhost:8080/x").header("host", PORTAL).body(Body::empty()).unwrap();
    assert_eq!(p.send(request).await.text(), "<p>hello</p>");
    assert_eq!(p.last_seen().uri, "/x");
}

#[tokio::test]
async fn every_answer_carries_its_protection_and_an_id_made_here() {
    let p = Platform::start().await;
    for (host, path) in [
        (PORTAL, "/"),
        (PORTAL, "/nothing"),
        (CONSOLE, "/"),
        (APP, "/"),
        ("evil.example", "/"),
        (PORTAL, "/_city/theme.css"),
        (APP, "/assets/site.css"),
    ] {
        let answer = p.send(get(host, path).header("x-request-id", "forged").body(Body::empty()).unwrap()).await;
        let csp = answer.header("content-security-policy");
        for part in ["default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(csp.contains(part), "{host}{path}: {csp}");
        }
        // An app's page may run the platform's own files, and nothing of this origin's otherwise.
        let page = answer.header("content-type").starts_with("text/html") && host == APP;
        assert_eq!(csp.contains("script-src"), page, "{host}{path}: {csp}");
        assert!(!csp.contains("script-src 'self'") && !csp.contains("unsafe"), "{csp}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        let id = answer.header("x-request-id");
        assert!(id.len() == 16 && id != "forged", "{id}");
    }
}

#[tokio::test]
async fn pages_may_send_forms_only_within_the_platform() {
    let p = Platform::start().await;
    let csp = |a: &Answered| a.header("content-security-policy").to_owned();
    assert!(
        csp(&p.get(PORTAL, "/").await)
            .contains("form-action 'self' http://console.localhost:8080 http://*.localhost:8080;")
    );
    assert!(csp(&p.get(APP, "/").await).contains("form-action 'self' http://localhost:8080;"));
}

#[tokio::test]
async fn the_stylesheet_is_the_same_everywhere_and_never_fetched_twice() {
    let p = Platform::start().await;
    let sheet = p.get(PORTAL, "/_city/theme.css").await;
    assert_eq!(sheet.header("content-type"), "text/css; charset=utf-8");
    for host in [CONSOLE, APP, "evil.example"] {
        assert_eq!(p.get(host, "/_city/theme.css").await.body, sheet.body, "{host}");
    }
    let again = p
        .send(get(APP, "/_city/theme.css").header("if-none-match", sheet.header("etag")).body(Body::empty()).unwrap())
        .await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    let page = p.get(PORTAL, "/").await.text();
    let printed = page.split('"').find(|s| s.starts_with("/_city/theme.")).unwrap().to_owned();
    assert!(p.get(PORTAL, &printed).await.header("cache-control").contains("immutable"));
}

#[tokio::test]
async fn pages_are_compressed_for_those_who_ask() {
    let p = Platform::start().await;
    for coding in ["gzip", "br"] {
        let answer = p.send(get(PORTAL, "/help").header("accept-encoding", coding).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.header("content-encoding"), coding);
    }
    assert_eq!(p.get(PORTAL, "/help").await.header("content-encoding"), "");
}
