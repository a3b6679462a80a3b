//! Requests that somebody else's page makes the browser send.

use crate::platform::*;
use axum::body::Body;
use http::{Request, StatusCode};

#[tokio::test]
async fn a_cookie_alone_changes_nothing() {
    let p = Platform::start().await;
    let cookie = p.cookie("li-hua").await;
    let (app_cookie, _) = p.sign_on(&cookie, APP, "/").await;
    for (host, path, cookie) in [
        (PORTAL, "/consent", &cookie),
        (PORTAL, "/_city/sign-out", &cookie),
        (PORTAL, "/_city/preferences", &cookie),
        (APP, "/orders", &app_cookie),
    ] {
        for site in [None, Some("cross-site"), Some("same-site"), Some("none"), Some("")] {
            let mut request =
                post(host, path).header("cookie", cookie).header("content-type", "application/x-www-form-urlencoded");
            if let Some(site) = site {
                request = request.header("sec-fetch-site", site);
            }
            let answer = p.send(request.body("a=b".into()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {site:?}");
        }
    }
    assert!(p.app.seen.lock().is_empty());
}

#[tokio::test]
async fn every_unsafe_method_of_a_browser_is_held_back_from_apps() {
    let p = Platform::start().await;
    let request = |method: &str| Request::builder().method(method).uri("/x").header("host", APP);
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for (name, value) in [("origin", "https://elsewhere.example"), ("origin", "null"), ("cookie", "a=b")] {
            let answer = p.send(request(method).header(name, value).body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {name}");
        }
    }
    assert_eq!(p.send(request("TRACE").body(Body::empty()).unwrap()).await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(p.app.seen.lock().is_empty());
}

#[tokio::test]
async fn a_program_without_cookie_and_origin_reaches_an_app_as_nobody() {
    let p = Platform::start().await;
    let reading = post(APP, "/api/readings").header("content-type", "application/json").body("{}".into()).unwrap();
    assert_eq!(p.send(reading).await.status, StatusCode::OK);
    let seen = p.last_seen();
    assert!(seen.body == "{}" && seen.principal.subject.is_none());
}

#[tokio::test]
async fn the_same_origin_and_a_bearer_token_pass() {
    let p = Platform::start().await;
    let same = form_post(APP, "/orders").body("slot=1".into()).unwrap();
    assert_eq!(p.send(same).await.status, StatusCode::OK);
    assert_eq!(p.last_seen().body, "slot=1");
    let token = p.token("li-hua").await;
    let program =
        post(APP, "/api/orders").header("authorization", format!("Bearer {token}")).body("{}".into()).unwrap();
    assert_eq!(p.send(program).await.status, StatusCode::OK);
    assert!(p.last_seen().principal.subject.is_some());
}

#[tokio::test]
async fn a_wrong_token_is_refused_even_where_nobody_must_be_signed_in() {
    let p = Platform::start().await;
    for value in ["Bearer nonsense", "Basic bGk6aHVh", "Bearer"] {
        let answer = p.send(get(APP, "/api/slots").header("authorization", value).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{value}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
    assert!(p.app.seen.lock().is_empty());
}

#[tokio::test]
async fn another_page_cannot_ask_for_a_session() {
    let p = Platform::start().await;
    let body = format!(r#"{{"account":"li-hua","password":"{PASSWORD}"}}"#);
    for site in ["cross-site", "same-site", "none"] {
        let request =
            post(PORTAL, "/api/v1/sessions").header("content-type", "application/json").header("sec-fetch-site", site);
        assert_eq!(p.send(request.body(body.clone().into()).unwrap()).await.status, StatusCode::FORBIDDEN, "{site}");
    }
    // What a page of another origin can send without a preflight is not JSON.
    let form = post(PORTAL, "/api/v1/sessions").header("content-type", "text/plain").body(body.into()).unwrap();
    assert_eq!(p.send(form).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}
