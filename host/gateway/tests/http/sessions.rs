//! Signing in, signing on at an app, signing out.

use crate::platform::*;
use axum::body::Body;
use http::StatusCode;

#[tokio::test]
async fn the_session_cookie_is_host_only_and_out_of_reach_of_scripts() {
    let p = Platform::start().await;
    let form = format!("account=li-hua&password={}&return=/orders%3Fpage%3D2", PASSWORD.replace(' ', "+"));
    let answer = p.send(form_post(PORTAL, "/sign-in").body(form.into()).unwrap()).await;
    assert_eq!((answer.status, answer.location().as_str()), (StatusCode::SEE_OTHER, "/orders?page=2"));
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.starts_with("session=") && cookie.contains("; Path=/; ") && cookie.contains("HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    assert!(!cookie.to_ascii_lowercase().contains("domain"), "{cookie}");
}

#[tokio::test]
async fn over_tls_the_cookie_is_bound_to_its_host_by_name() {
    let p = Platform::with(Default::default(), "https://city.example").await;
    let form = format!("account=li-hua&password={}", PASSWORD.replace(' ', "+"));
    let answer = p.send(form_post("city.example", "/sign-in").body(form.into()).unwrap()).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-session=") && cookie.ends_with("; Secure"), "{cookie}");
    assert!(answer.header("strict-transport-security").contains("max-age"));
}

#[tokio::test]
async fn a_wrong_password_keeps_the_account_and_never_the_password() {
    let p = Platform::start().await;
    let answer = p
        .send(
            form_post(PORTAL, "/sign-in")
                .header("accept-language", "en")
                .body("account=li-hua&password=sesame-open".into())
                .unwrap(),
        )
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let page = answer.text();
    assert!(page.contains(r#"value="li-hua""#) && page.contains("role=\"alert\"") && !page.contains("sesame"));
    assert!(answer.cookie("session").is_none());
}

#[tokio::test]
async fn an_empty_form_names_each_field() {
    let p = Platform::start().await;
    let answer = p.send(form_post(PORTAL, "/sign-in").body("account=&password=".into()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = answer.text();
    for id in ["account-error", "password-error"] {
        assert!(
            page.contains(&format!("id=\"{id}\"")) && page.contains(&format!("aria-describedby=\"{id}\"")),
            "{page}"
        );
    }
}

#[tokio::test]
async fn repeated_failures_lock_the_account_and_say_until_when() {
    let p = Platform::start().await;
    for _ in 0..5 {
        p.send(form_post(PORTAL, "/sign-in").body("account=li-hua&password=wrong-password".into()).unwrap()).await;
    }
    let form = format!("account=li-hua&password={}", PASSWORD.replace(' ', "+"));
    let answer = p.send(form_post(PORTAL, "/sign-in").body(form.into()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::LOCKED);
    assert!(answer.text().contains("2026-09-21"), "{}", answer.text());
}

#[tokio::test]
async fn tries_are_limited_by_client_even_over_many_accounts() {
    let config = yunlong_gateway::GatewayConfig { sign_in_failures_per_client: 3, ..Default::default() };
    let p = Platform::with(config, "http://localhost:8080").await;
    let attempt = |n: usize| {
        p.send(
            form_post(PORTAL, "/sign-in").body(format!("account=nobody-{n}&password=wrong-password").into()).unwrap(),
        )
    };
    for n in 0..3 {
        assert_eq!(attempt(n).await.status, StatusCode::UNAUTHORIZED);
    }
    let refused = attempt(3).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.header("retry-after").parse::<u32>().unwrap() <= 60);
}

#[tokio::test]
async fn an_address_in_a_header_counts_only_behind_a_load_balancer() {
    let limited = |client_header| yunlong_gateway::GatewayConfig {
        sign_in_failures_per_client: 1,
        client_header,
        ..Default::default()
    };
    let attempt = |p: &Platform, n: usize, from: &str| {
        let request = form_post(PORTAL, "/sign-in").header("x-forwarded-for", format!("10.9.9.9, {from}"));
        let (router, body) = (p.router(), format!("account=nobody-{n}&password=wrong-password"));
        async move { tower::ServiceExt::oneshot(router, request.body(Body::from(body)).unwrap()).await.unwrap().status() }
    };
    let direct = Platform::with(limited(None), "http://localhost:8080").await;
    assert_eq!(attempt(&direct, 0, "10.0.0.1").await, StatusCode::UNAUTHORIZED);
    assert_eq!(attempt(&direct, 1, "10.0.0.2").await, StatusCode::TOO_MANY_REQUESTS);
    let balanced =
        Platform::with(limited(Some(http::HeaderName::from_static("x-forwarded-for"))), "http://localhost:8080").await;
    assert_eq!(attempt(&balanced, 0, "10.0.0.1").await, StatusCode::UNAUTHORIZED);
    assert_eq!(attempt(&balanced, 1, "10.0.0.2").await, StatusCode::UNAUTHORIZED);
    assert_eq!(attempt(&balanced, 2, "10.0.0.1").await, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn after_signing_in_a_form_leads_to_the_page_it_stood_on() {
    let p = Platform::start().await;
    let form = |referer: &'static str| {
        p.send(
            form_post(PORTAL, "/consents/withdraw")
                .header("referer", referer)
                .body("installation=tickets&scope=concession".into())
                .unwrap(),
        )
    };
    assert!(form("http://localhost:8080/consents").await.location().ends_with("/sign-in?return=/consents"));
    assert!(form("http://evil.example/").await.location().ends_with("/sign-in?return=/"));
    assert!(form("http://localhost:8080//evil.example/").await.location().ends_with("/sign-in?return=/"));
}

#[tokio::test]
async fn a_program_gets_a_token_that_works_on_every_origin() {
    let p = Platform::start().await;
    let body = format!(r#"{{"account":"city-admin","password":"{PASSWORD}"}}"#);
    let answer = p
        .send(post(PORTAL, "/api/v1/sessions").header("content-type", "application/json").body(body.into()).unwrap())
        .await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert!(answer.headers.get("set-cookie").is_none());
    let session = answer.json();
    assert!(session["expires_at"].as_str().unwrap().ends_with('Z'));
    let token = format!("Bearer {}", session["token"].as_str().unwrap());
    for (host, path) in [(PORTAL, "/api/v1/sessions/current"), (CONSOLE, "/api/v1/installations"), (APP, "/api/slots")]
    {
        assert_eq!(
            p.send(get(host, path).header("authorization", &token).body(Body::empty()).unwrap()).await.status,
            StatusCode::OK,
            "{host}{path}"
        );
    }
    let ended = http::Request::delete("/api/v1/sessions/current")
        .header("host", PORTAL)
        .header("authorization", &token)
        .body(Body::empty())
        .unwrap();
    assert_eq!(p.send(ended).await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        p.send(get(PORTAL, "/api/v1/sessions/current").header("authorization", &token).body(Body::empty()).unwrap())
            .await
            .status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_token_is_no_cookie_and_a_cookie_no_token() {
    let p = Platform::start().await;
    let token = p.token("li-hua").await;
    let cookie = p.cookie("li-hua").await;
    let as_cookie =
        p.send(get(PORTAL, "/orders").header("cookie", format!("session={token}")).body(Body::empty()).unwrap()).await;
    assert!(as_cookie.location().contains("/sign-in"));
    assert!(as_cookie.header("set-cookie").starts_with("session=; "), "a cookie of no session is removed");
    let as_token = get(PORTAL, "/api/v1/sessions/current")
        .header("authorization", format!("Bearer {}", cookie.strip_prefix("session=").unwrap()));
    assert_eq!(p.send(as_token.body(Body::empty()).unwrap()).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn somebody_who_is_signed_in_at_the_portal_is_signed_on_at_an_app() {
    let p = Platform::start().await;
    let portal = p.cookie("li-hua").await;
    let (app, answer) = p.sign_on(&portal, APP, "/orders").await;
    assert_eq!((answer.status, answer.location().as_str()), (StatusCode::SEE_OTHER, "/orders"));
    assert_ne!(app, portal);
    p.send(get(APP, "/orders").header("cookie", &app).body(Body::empty()).unwrap()).await;
    assert!(p.last_seen().principal.subject.unwrap().starts_with("p-"));
    // The portal's cookie says nothing at the app, nor the app's at the portal.
    p.send(get(APP, "/orders").header("cookie", &portal).body(Body::empty()).unwrap()).await;
    assert_eq!(p.last_seen().principal.subject, None);
    assert!(
        p.send(get(PORTAL, "/orders").header("cookie", &app).body(Body::empty()).unwrap())
            .await
            .location()
            .contains("/sign-in")
    );
}

#[tokio::test]
async fn the_way_through_sign_in_leads_back_to_the_app() {
    let p = Platform::start().await;
    // The address that apps are given has no state: the flow is begun at the app's origin.
    let begun = p.get(PORTAL, "/sign-on?installation=tickets&return=/orders").await;
    assert_eq!(begun.location(), "http://tickets.localhost:8080/_city/sign-on?return=/orders");
    let at_app = p.get(APP, "/_city/sign-on?return=/orders").await;
    let at_portal = at_app.location();
    let to_sign_in = p.get(PORTAL, at_portal.strip_prefix("http://localhost:8080").unwrap()).await.location();
    assert!(to_sign_in.starts_with("http://localhost:8080/sign-in?return=/sign-on"), "{to_sign_in}");
}

#[tokio::test]
async fn a_code_serves_once_one_origin_and_the_browser_that_asked() {
    let p = Platform::start().await;
    let portal = p.cookie("li-hua").await;
    let started = p.get(APP, "/_city/sign-on?return=/").await;
    let state = started.cookie("sign-on").unwrap();
    let issue = || p.send(get(PORTAL, &started_path(&started)).header("cookie", &portal).body(Body::empty()).unwrap());
    fn started_path(a: &Answered) -> String {
        a.location().strip_prefix("http://localhost:8080").unwrap().to_owned()
    }
    let code = || async { issue().await.location().strip_prefix("http://tickets.localhost:8080").unwrap().to_owned() };
    let redeem = |host: &'static str, path: String, cookie: String| {
        p.send(get(host, &path).header("cookie", cookie).body(Body::empty()).unwrap())
    };

    // Somebody else's link: this browser never asked.
    let stranger = redeem(APP, code().await, String::new()).await;
    assert_eq!(stranger.status, StatusCode::BAD_REQUEST);
    assert!(stranger.cookie("session").is_none() && stranger.text().contains("/_city/sign-on?return=/"));
    let path = code().await;
    assert_eq!(redeem(APP, path.clone(), state.clone()).await.status, StatusCode::SEE_OTHER);
    assert_eq!(redeem(APP, path, state.clone()).await.status, StatusCode::BAD_REQUEST, "used up");
    let path = code().await;
    assert_eq!(redeem(CONSOLE, path.clone(), state.clone()).await.status, StatusCode::BAD_REQUEST, "another origin");
    let path = code().await;
    p.clock.advance(61_000);
    assert_eq!(redeem(APP, path, state).await.status, StatusCode::BAD_REQUEST, "too late");
}

#[tokio::test]
async fn no_return_path_leads_away() {
    let p = Platform::start().await;
    let portal = p.cookie("li-hua").await;
    for evil in [
        "https://evil.example/",
        "//evil.example/",
        "/%5Cevil.example",
        "%2F%2Fevil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
    ] {
        let sign_in = p
            .send(
                get(PORTAL, &format!("/sign-in?return={evil}")).header("cookie", &portal).body(Body::empty()).unwrap(),
            )
            .await;
        assert_eq!(sign_in.location(), "/", "{evil}");
        let started = p.get(APP, &format!("/_city/sign-on?return={evil}")).await;
        assert!(started.location().ends_with("&return=/"), "{evil}: {}", started.location());
        let preferences = p
            .send(form_post(PORTAL, "/_city/preferences").body(format!("lang=en&return={evil}").into()).unwrap())
            .await;
        assert_eq!(preferences.location(), "/", "{evil}");
        let page = p
            .send(form_post(PORTAL, "/sign-in").body(format!("account=x&password=&return={evil}").into()).unwrap())
            .await
            .text();
        assert!(page.contains(r#"name="return" value="/""#), "{evil}");
    }
}

#[tokio::test]
async fn signing_out_at_the_portal_ends_what_began_there() {
    let p = Platform::start().await;
    let portal = p.cookie("li-hua").await;
    let (app, _) = p.sign_on(&portal, APP, "/").await;
    let out = p.send(form_post(PORTAL, "/_city/sign-out").header("cookie", &portal).body(Body::empty()).unwrap()).await;
    assert_eq!(out.location(), "http://localhost:8080/signed-out");
    assert!(out.header("set-cookie").starts_with("session=; ") && out.header("set-cookie").contains("Max-Age=0"));
    p.send(get(APP, "/").header("cookie", &app).body(Body::empty()).unwrap()).await;
    assert_eq!(p.last_seen().principal.subject, None);
}

#[tokio::test]
async fn language_and_elder_mode_are_kept_by_cookie_and_then_by_account() {
    let p = Platform::start().await;
    assert!(p.get(PORTAL, "/").await.text().contains(r#"<html lang="zh-CN">"#), "Chinese first");
    let set = p.send(form_post(PORTAL, "/_city/preferences").body("lang=en&return=/help".into()).unwrap()).await;
    assert_eq!(set.location(), "/help");
    let cookie = set.cookie("preferences").unwrap();
    assert!(
        p.send(get(PORTAL, "/").header("cookie", &cookie).body(Body::empty()).unwrap())
            .await
            .text()
            .contains(r#"<html lang="en">"#)
    );
    let portal = p.cookie("li-hua").await;
    p.send(form_post(PORTAL, "/_city/preferences").header("cookie", &portal).body("elder=true".into()).unwrap()).await;
    let (app, _) = p.sign_on(&portal, APP, "/").await;
    p.send(get(APP, "/").header("cookie", &app).body(Body::empty()).unwrap()).await;
    assert!(p.last_seen().presentation.elder, "the account's choice holds at every origin");
    let page = p.send(get(PORTAL, "/").header("cookie", &portal).body(Body::empty()).unwrap()).await.text();
    assert!(page.contains(r#"<html lang="zh-CN" data-elder>"#));
}

#[tokio::test]
async fn what_was_chosen_before_signing_in_goes_along_between_origins() {
    let p = Platform::start().await;
    let chosen = "preferences=en.elder";
    // Not signed in: the services' links bring it to the app.
    let home = p.send(get(PORTAL, "/").header("cookie", chosen).body(Body::empty()).unwrap()).await.text();
    let link = "/_city/preferences?presentation=en.elder&amp;return=/";
    assert!(home.contains(&format!("http://{APP}{link}")), "{home}");
    let arrived = p.get(APP, &link.replace("&amp;", "&")).await;
    assert_eq!((arrived.location().as_str(), arrived.cookie("preferences").as_deref()), ("/", Some(chosen)));
    // As a picture of some page, or as nonsense, it sets nothing.
    let picture = get(APP, "/_city/preferences?presentation=en.elder").header("sec-fetch-dest", "image");
    assert_eq!(p.send(picture.body(Body::empty()).unwrap()).await.cookie("preferences"), None);
    assert_eq!(p.get(APP, "/_city/preferences?presentation=fr.tall").await.cookie("preferences"), None);
    assert_eq!(p.get(APP, "/_city/preferences?presentation=en.elder&return=//evil.example").await.location(), "/");

    // From an app to the portal's sign-in page, and into the account, which had no choice yet.
    let started =
        p.send(get(APP, "/_city/sign-on?return=/").header("cookie", chosen).body(Body::empty()).unwrap()).await;
    let at_portal = started.location();
    let at_portal = at_portal.strip_prefix("http://localhost:8080").unwrap();
    let asked = p.get(PORTAL, at_portal).await;
    assert!(asked.location().starts_with("http://localhost:8080/sign-in?"), "{}", asked.location());
    assert_eq!(asked.cookie("preferences").as_deref(), Some(chosen));
    let form = format!("account=li-hua&password={}&return=/", PASSWORD.replace(' ', "+"));
    let signed_in = p.send(form_post(PORTAL, "/sign-in").header("cookie", chosen).body(form.into()).unwrap()).await;
    let session = signed_in.cookie("session").unwrap();
    let page = p.send(get(PORTAL, "/").header("cookie", &session).body(Body::empty()).unwrap()).await.text();
    assert!(page.contains(r#"<html lang="en" data-elder>"#));
    // An account that has chosen stays as it is.
    let other = form_post(PORTAL, "/sign-in").header("cookie", "preferences=zh.standard");
    let form = format!("account=li-hua&password={}&return=/", PASSWORD.replace(' ', "+"));
    p.send(other.body(form.into()).unwrap()).await;
    let page = p.send(get(PORTAL, "/").header("cookie", &session).body(Body::empty()).unwrap()).await.text();
    assert!(page.contains(r#"<html lang="en" data-elder>"#));
}

#[tokio::test]
async fn a_stolen_session_of_one_origin_is_worth_nothing_at_another() {
    let p = Platform::start().await;
    p.install("market").await;
    let market = "market.localhost:8080";
    let portal = p.cookie("city-admin").await;
    let mut stolen = vec![(PORTAL, portal.clone())];
    for host in [CONSOLE, APP, market] {
        stolen.push((host, p.sign_on(&portal, host, "/").await.0));
    }
    for (own, cookie) in &stolen {
        for at in [PORTAL, CONSOLE, APP, market] {
            let path = if at == CONSOLE { "/accounts" } else { "/account" };
            let answer = p.send(get(at, path).header("cookie", cookie).body(Body::empty()).unwrap()).await;
            let known = match at {
                PORTAL | CONSOLE => answer.status == StatusCode::OK,
                _ => p.last_seen().principal.subject.is_some(),
            };
            assert_eq!(known, at == *own, "the session of {own} at {at}");
        }
        let token = cookie.strip_prefix("session=").unwrap();
        let bearer = get(PORTAL, "/api/v1/sessions/current").header("authorization", format!("Bearer {token}"));
        assert_eq!(p.send(bearer.body(Body::empty()).unwrap()).await.status, StatusCode::UNAUTHORIZED, "{own}");
    }
}
