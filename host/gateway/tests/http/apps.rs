//! What an app is given and what it may answer.

use crate::platform::*;
use axum::body::Body;
use bytes::Bytes;
use http::{Response, StatusCode};
use yunlong_runtime::InvocationError;

#[tokio::test]
async fn an_app_never_sees_credentials_and_is_told_the_persons_language() {
    let p = Platform::start().await;
    let token = p.token("li-hua").await;
    let request = get(APP, "/api/slots?day=1")
        .header("authorization", format!("Bearer {token}"))
        .header("cookie", "session=aaaaaaaaaaaaaaaaaaaa; other=1")
        .header("x-forwarded-for", "10.0.0.1")
        .header("forwarded", "for=10.0.0.1")
        .header("user-agent", "browser")
        .header("accept", "application/json")
        .header("accept-language", "en-GB, fr;q=0.5");
    p.send(request.body(Body::empty()).unwrap()).await;
    let seen = p.last_seen();
    let mut names: Vec<_> = seen.headers.keys().map(|k| k.as_str().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["accept", "accept-language"]);
    assert_eq!(seen.headers["accept-language"], "en");
    assert_eq!((seen.method.as_str(), seen.uri.as_str()), ("GET", "/api/slots?day=1"));
    let told = format!("{:?} {:?}", seen.headers, seen.uri);
    assert!(!told.contains(&token));
}

#[tokio::test]
async fn the_request_id_is_the_same_for_app_and_client() {
    let p = Platform::start().await;
    let answer = p.get(APP, "/").await;
    assert_eq!(p.last_seen().request_id, answer.header("x-request-id"));
}

#[tokio::test]
async fn an_app_sets_no_cookie_no_policy_and_no_header_of_the_host() {
    let p = Platform::start().await;
    p.answer_with(|| {
        Ok(Response::builder()
            .status(201)
            .header("set-cookie", "session=planted")
            .header("content-security-policy", "default-src *")
            .header("access-control-allow-origin", "*")
            .header("x-request-id", "forged")
            .header("content-type", "application/json")
            .header("etag", "\"7\"")
            .body(Bytes::from_static(b"{}"))
            .unwrap())
    });
    let answer = p.get(APP, "/api/x").await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!((answer.header("content-type"), answer.header("etag")), ("application/json", "\"7\""));
    assert!(!answer.headers.contains_key("set-cookie") && !answer.headers.contains_key("access-control-allow-origin"));
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
    assert_ne!(answer.header("x-request-id"), "forged");
    assert_eq!(answer.headers.get_all("content-security-policy").iter().count(), 1);
}

#[tokio::test]
async fn an_app_leads_nobody_outside_the_platform() {
    let p = Platform::start().await;
    p.answer_with(|| {
        Ok(Response::builder().status(303).header("location", "https://evil.example/").body(Bytes::new()).unwrap())
    });
    let answer = p.get(APP, "/out").await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert!(!answer.headers.contains_key("location"));
    p.answer_with(|| {
        Ok(Response::builder()
            .status(303)
            .header("location", "http://localhost:8080/cashier/1")
            .body(Bytes::new())
            .unwrap())
    });
    assert_eq!(p.get(APP, "/pay").await.location(), "http://localhost:8080/cashier/1");
}

#[tokio::test]
async fn a_failure_is_a_clean_page_with_the_request_id_in_two_languages() {
    let p = Platform::start().await;
    let cases: [(fn() -> InvocationError, StatusCode); 6] = [
        (|| InvocationError::Trap("unreachable at secret.rs:7".into()), StatusCode::INTERNAL_SERVER_ERROR),
        (|| InvocationError::Deadline { limit_ms: 10 }, StatusCode::GATEWAY_TIMEOUT),
        (|| InvocationError::Memory { limit_mib: 64 }, StatusCode::INTERNAL_SERVER_ERROR),
        (|| InvocationError::ResponseTooLarge { limit_kib: 8192 }, StatusCode::INTERNAL_SERVER_ERROR),
        (|| InvocationError::Overloaded(yunlong_runtime::Shortage::Memory), StatusCode::SERVICE_UNAVAILABLE),
        (|| InvocationError::NotLoaded("tickets".parse().unwrap()), StatusCode::SERVICE_UNAVAILABLE),
    ];
    for (error, status) in cases {
        p.answer_with(move || Err(error()));
        for (lang, word) in [("zh", "请求编号"), ("en", "Request number")] {
            let answer = p.send(get(APP, "/").header("accept-language", lang).body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, status);
            let page = answer.text();
            assert!(page.contains(word) && page.contains(answer.header("x-request-id")), "{page}");
            assert!(!page.contains("secret.rs"), "what went wrong is for the log alone");
        }
        let problem = p.get(APP, "/api/x").await;
        assert_eq!((problem.status, problem.header("content-type")), (status, "application/problem+json"));
        assert_eq!(problem.json()["request_id"], problem.header("x-request-id"));
        assert_eq!(problem.json()["status"], status.as_u16());
    }
}

#[tokio::test]
async fn assets_come_straight_from_the_package() {
    let p = Platform::start().await;
    let css = p.get(APP, "/assets/site.css").await;
    assert_eq!((css.status, css.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
    let etag = css.header("etag");
    assert!(etag.starts_with('"'), "strong: {etag}");
    let again = p.send(get(APP, "/assets/site.css").header("if-none-match", etag).body(Body::empty()).unwrap()).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    let small =
        p.send(get(APP, "/assets/site.css").header("accept-encoding", "br, gzip").body(Body::empty()).unwrap()).await;
    assert_eq!(small.header("content-encoding"), "br");
    assert!(small.body.len() < css.body.len() && small.header("etag") != etag);
    assert_eq!(p.get(APP, "/assets/logo.png").await.header("content-type"), "image/png");
    for missing in ["/assets/nothing.css", "/assets/../site.css", "/assets/%2e%2e/site.css", "/assets/"] {
        assert_eq!(p.get(APP, missing).await.status, StatusCode::NOT_FOUND, "{missing}");
    }
    assert!(p.app.seen.lock().is_empty(), "no guest was started");
}

/// Where the registry keeps its blobs, and where they are out of reach.
fn blobs(p: &Platform) -> (std::path::PathBuf, std::path::PathBuf) {
    (p.content.path().join("blobs/sha256"), p.content.path().join("blobs/away"))
}

#[tokio::test]
async fn a_package_that_could_not_be_read_once_is_read_again() {
    let p = Platform::start().await;
    let (there, away) = blobs(&p);
    std::fs::rename(&there, &away).unwrap();
    assert_eq!(p.get(APP, "/assets/site.css").await.status, StatusCode::NOT_FOUND);
    std::fs::rename(&away, &there).unwrap();
    // Not at once: reading is work, and anybody can ask.
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    assert_eq!(p.get(APP, "/assets/site.css").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_files_of_a_removed_app_are_forgotten_whichever_way_it_was_removed() {
    let p = Platform::start().await;
    assert_eq!(p.get(APP, "/assets/site.css").await.status, StatusCode::OK);
    let package = p.installations.list()[0].package_digest;
    let token = p.token("city-admin").await;
    let request = http::Request::delete("/api/v1/installations/tickets?data=erase")
        .header("host", CONSOLE)
        .header("authorization", format!("Bearer {token}"));
    assert_eq!(p.send(request.body(Body::empty()).unwrap()).await.status, StatusCode::NO_CONTENT);
    // The same package again: what it serves is read anew, so it shows that nothing was kept.
    p.install_package(package, "again").await;
    let (there, away) = blobs(&p);
    std::fs::rename(&there, &away).unwrap();
    assert_eq!(p.get("again.localhost:8080", "/assets/site.css").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_stopped_app_says_so_and_comes_back() {
    let p = Platform::start().await;
    let name = "tickets".parse().unwrap();
    p.gateway.operations().stop(&name, "city-admin").await.unwrap();
    let answer = p.get(APP, "/").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text().contains("徐州市") && answer.text().contains("暂停"), "{}", answer.text());
    p.gateway.operations().start(&name, "city-admin").await.unwrap();
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_a_signed_in_person_sees_is_kept_by_no_cache() {
    let p = Platform::start().await;
    let portal = p.cookie("li-hua").await;
    let (app, _) = p.sign_on(&portal, APP, "/").await;
    for (host, cookie) in [(PORTAL, &portal), (APP, &app)] {
        let answer = p.send(get(host, "/").header("cookie", cookie).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.header("cache-control"), "private, no-store", "{host}");
    }
}
