//! The portal's pages.

use crate::platform::*;
use axum::body::Body;
use http::StatusCode;

async fn page(p: &Platform, host: &str, path: &str, cookie: &str) -> String {
    let answer = p.send(get(host, path).header("cookie", cookie).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.text()
}

#[tokio::test]
async fn every_page_has_language_landmarks_a_skip_link_one_heading_and_help() {
    let p = Platform::start().await;
    let portal = p.cookie("city-admin").await;
    let (console, _) = p.sign_on(&portal, CONSOLE, "/").await;
    for (host, path, cookie) in [
        (PORTAL, "/", &portal),
        (PORTAL, "/sign-in", &String::new()),
        (PORTAL, "/apps", &String::new()),
        (PORTAL, "/apps/tickets", &String::new()),
        (PORTAL, "/consent?installation=tickets&scope=concession&return=/", &portal),
        (PORTAL, "/consents", &portal),
        (PORTAL, "/orders", &portal),
        (PORTAL, "/inbox", &portal),
        (PORTAL, "/help", &portal),
        (PORTAL, "/help/problems", &portal),
        (PORTAL, "/signed-out", &portal),
        (CONSOLE, "/", &console),
        (CONSOLE, "/apps/tickets", &console),
        (CONSOLE, "/apps/tickets/log", &console),
        (CONSOLE, "/apps/tickets/dead-letters", &console),
        (CONSOLE, "/apps/tickets/uninstall", &console),
        (CONSOLE, "/apps/tickets/export", &console),
        (CONSOLE, "/apps/tickets/versions", &console),
        (CONSOLE, "/reviews", &console),
        (CONSOLE, "/reviews/1", &console),
        (CONSOLE, "/install", &console),
        (CONSOLE, "/signers", &console),
        (CONSOLE, "/help", &console),
    ] {
        let html = page(&p, host, path, cookie).await;
        assert!(html.starts_with("<!DOCTYPE html><html lang=\"zh-CN\""), "{path}");
        for part in [
            "class=\"skip-link\" href=\"#main\"",
            "<header class=\"city-header\"",
            "id=\"main\"",
            "<footer",
            "<title>",
            "/help",
        ] {
            assert!(html.contains(part), "{host}{path}: {part}");
        }
        assert_eq!(html.matches("<h1").count(), 1, "{path}");
        // Our own files at most: the policy of the page lets nothing that stands in it run.
        assert_eq!(html.matches("<script").count(), html.matches("<script src=\"/").count(), "{path}");
        assert!(!html.contains("style=\"") && !html.contains("onclick"), "{path}");
    }
}

#[tokio::test]
async fn services_are_found_by_name_and_department_and_an_empty_result_says_what_to_do() {
    let p = Platform::start().await;
    for q in ["门票", "TICKETS", "%E5%BE%90%E5%B7%9E%E5%B8%82"] {
        let path = if q.is_ascii() { format!("/?q={q}") } else { "/?q=%E9%97%A8%E7%A5%A8".to_owned() };
        assert!(page(&p, PORTAL, &path, "").await.contains("http://tickets.localhost:8080/"), "{q}");
    }
    let none = page(&p, PORTAL, "/?q=nothing-like-it", "").await;
    assert!(!none.contains("tickets.localhost") && none.contains("class=\"empty\""));
}

#[tokio::test]
async fn what_people_type_is_never_markup() {
    let p = Platform::start().await;
    let html = page(&p, PORTAL, "/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "").await;
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;"));
}

#[tokio::test]
async fn a_consent_names_who_what_and_what_for_and_can_be_taken_back() {
    let p = Platform::start().await;
    let cookie = p.cookie("li-hua").await;
    let asked =
        page(&p, PORTAL, "/consent?installation=tickets&scope=concession&return=/buy%3Fslot%3D1", &cookie).await;
    for part in ["景区门票", "徐州市", "核对优惠票资格", "出生日期"] {
        assert!(asked.contains(part), "{part}");
    }
    let decide = |decision: &str| {
        p.send(
            form_post(PORTAL, "/consent")
                .header("cookie", &cookie)
                .body(
                    format!("installation=tickets&scope=concession&return=/buy%3Fslot%3D1&decision={decision}").into(),
                )
                .unwrap(),
        )
    };
    let name = "tickets".parse().unwrap();
    assert_eq!(decide("refuse").await.location(), "http://tickets.localhost:8080/buy?slot=1");
    assert!(p.identity.consented("li-hua", &name).await.unwrap().is_empty());
    assert_eq!(decide("give").await.location(), "http://tickets.localhost:8080/buy?slot=1");
    assert_eq!(p.identity.consented("li-hua", &name).await.unwrap(), ["concession"]);
    assert!(page(&p, PORTAL, "/consents", &cookie).await.contains("核对优惠票资格"));
    p.send(
        form_post(PORTAL, "/consents/withdraw")
            .header("cookie", &cookie)
            .body("installation=tickets&scope=concession".into())
            .unwrap(),
    )
    .await;
    assert!(p.identity.consented("li-hua", &name).await.unwrap().is_empty());
}

#[tokio::test]
async fn nobody_is_asked_to_consent_to_what_the_app_may_not_ask() {
    let p = Platform::start().await;
    let cookie = p.cookie("li-hua").await;
    for query in [
        "installation=tickets&scope=everything",
        "installation=tickets&scope=concession&scope=everything",
        "installation=tickets",
        "installation=nothing&scope=concession",
    ] {
        let answer = p
            .send(
                get(PORTAL, &format!("/consent?{query}&return=/"))
                    .header("cookie", &cookie)
                    .body(Body::empty())
                    .unwrap(),
            )
            .await;
        assert!(answer.status.is_client_error(), "{query}");
    }
    // What the department revoked cannot be consented to either.
    p.gateway
        .operations()
        .set_grant(&"tickets".parse().unwrap(), "attributes:concession", false, "city-admin")
        .await
        .unwrap();
    let answer = p
        .send(
            get(PORTAL, "/consent?installation=tickets&scope=concession&return=/")
                .header("cookie", &cookie)
                .body(Body::empty())
                .unwrap(),
        )
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_portal_lists_its_apps_for_programs() {
    let p = Platform::start().await;
    let apps = p.get(PORTAL, "/api/v1/apps").await.json();
    let app = &apps["apps"][0];
    assert_eq!((app["name"].as_str(), app["status"].as_str()), (Some("tickets"), Some("running")));
    assert_eq!(app["url"], "http://tickets.localhost:8080/");
    assert_eq!(app["title"]["en"], "Attraction tickets");
}

#[tokio::test]
async fn an_unknown_page_is_a_page_for_people_and_a_problem_for_programs() {
    let p = Platform::start().await;
    let html = p.get(PORTAL, "/nothing").await;
    assert_eq!((html.status, html.header("content-type")), (StatusCode::NOT_FOUND, "text/html; charset=utf-8"));
    for (path, accept) in [("/api/v1/nothing", "*/*"), ("/nothing", "application/json")] {
        let json = p.send(get(PORTAL, path).header("accept", accept).body(Body::empty()).unwrap()).await;
        assert_eq!((json.status, json.header("content-type")), (StatusCode::NOT_FOUND, "application/problem+json"));
        assert_eq!(json.json()["code"], "not-found");
    }
    assert_eq!(
        p.send(form_post(PORTAL, "/help").body(Body::empty()).unwrap()).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_readers_language() {
    let p = Platform::start().await;
    let (citizen, official) = (p.token("li-hua").await, p.token("city-admin").await);
    let package = format!("/api/v1/packages/sha256:{}", "a".repeat(64));
    for (host, token, method, path, body, zh) in [
        (PORTAL, &citizen, "GET", "/orders?cursor=nonsense", "", "我的订单"),
        (PORTAL, &citizen, "POST", "/inbox/read", "id=none", "消息"),
        (CONSOLE, &official, "GET", package.as_str(), "", "安装包"),
        (CONSOLE, &official, "POST", "/api/v1/installations/tickets/dead-letters/none/redrive", "", "未送达消息"),
        (CONSOLE, &official, "POST", "/api/v1/installations/tickets/jobs/none/run", "", "任务"),
        (CONSOLE, &official, "POST", "/api/v1/signers", r#"{"vendor":"x","organization":"320300"}"#, "public_key"),
    ] {
        let kind = if body.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
        let ask = |lang: &str| {
            let request = http::Request::builder()
                .method(method)
                .uri(path)
                .header("host", host)
                .header("authorization", format!("Bearer {token}"))
                .header("accept", "application/json")
                .header("accept-language", lang)
                .header("content-type", kind);
            p.send(request.body(body.to_owned().into()).unwrap())
        };
        let (chinese, english) =
            (ask("zh-CN").await.json()["detail"].clone(), ask("en").await.json()["detail"].clone());
        let (chinese, english) = (chinese.as_str().unwrap(), english.as_str().unwrap());
        assert!(chinese.contains(zh) && english.chars().all(|c| c < '\u{3000}'), "{path}: {chinese} / {english}");
    }
}
