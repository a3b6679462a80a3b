//! Origins, sessions, cross-site requests, hosts and sizes.

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::json;
use yunlong_tests::{Answer, City, Plan};

#[tokio::test]
async fn a_session_is_a_token_with_an_expiry() -> Result<()> {
    let city = Plan::with(&["hello"]).start().await?;
    let portal = city.client("")?;
    let a = portal
        .post("/api/v1/sessions", &json!({"account": "citizen-001", "password": yunlong_tests::PASSWORD}))
        .await?;
    ensure!(a.status == 201, "{} {}", a.status, a.text);
    let json = a.json()?;
    ensure!(json["token"].as_str().is_some_and(|t| t.len() >= 32) && json["expires_at"].is_string(), "{json}");
    let apps = city.signed_in("", "citizen-001").await?.get("/api/v1/apps").await?;
    ensure!(apps.status == 200 && apps.text.contains("hello"), "{} {}", apps.status, apps.text);
    Ok(())
}

#[tokio::test]
async fn wrong_passwords_and_unknown_accounts_get_one_answer_and_a_lock_out() -> Result<()> {
    let city = Plan::with(&[]).start().await?;
    let portal = city.client("")?;
    let try_it = async |account: &str, password: &str| {
        portal.post("/api/v1/sessions", &json!({"account": account, "password": password})).await
    };
    let unknown = try_it("nobody-at-all", "x").await?.problem(401)?;
    let wrong = try_it("citizen-002", "x").await?.problem(401)?;
    ensure!(
        unknown["title"] == wrong["title"] && unknown["detail"] == wrong["detail"],
        "they differ: {unknown} {wrong}"
    );
    let mut locked = None;
    for _ in 0..10 {
        let a = try_it("citizen-002", "x").await?;
        if a.status != 401 {
            locked = Some(a);
            break;
        }
    }
    let locked = locked.context("no lock-out after ten failures")?;
    ensure!(matches!(locked.status, 423 | 429), "{}", locked.status);
    locked.problem(locked.status)?;
    let right = try_it("citizen-002", yunlong_tests::PASSWORD).await?;
    ensure!(right.status == locked.status, "the right password opened a locked account: {}", right.status);
    ensure!(try_it("citizen-003", yunlong_tests::PASSWORD).await?.status == 201, "others are locked out too");
    Ok(())
}

#[tokio::test]
async fn bad_sign_ins_are_4xx_problem_documents() -> Result<()> {
    let city = Plan::with(&[]).start().await?;
    let portal = city.client("")?;
    for body in ["", "{", "[]", "{\"account\":1}", "{\"account\":\"\",\"password\":\"\"}"] {
        let r = portal
            .request(Method::POST, "/api/v1/sessions")
            .header("content-type", "application/json")
            .body(body.to_owned());
        let a = Answer::read(r.send().await?).await?;
        ensure!((400..500).contains(&a.status), "{body}: {}", a.status);
        a.problem(a.status)?;
    }
    Ok(())
}

#[tokio::test]
async fn unknown_hosts_are_refused() -> Result<()> {
    let city = Plan::with(&["hello"]).start().await?;
    let portal = city.client("")?;
    for host in [
        "example.org",
        "nobody.localhost",
        "hello.localhost.example.org",
        "a.hello.localhost",
        "127.0.0.1:1",
        "%00",
        "hello.localhost:99999",
    ] {
        let r = portal.request(Method::GET, "/").header("host", host);
        let Ok(r) = r.send().await else { continue };
        ensure!((400..500).contains(&r.status().as_u16()), "{host}: {}", r.status());
    }
    Ok(())
}

#[tokio::test]
async fn unsafe_methods_need_the_same_origin_or_a_token() -> Result<()> {
    let city = Plan::with(&["guestbook"]).start().await?;
    let client = city.client("guestbook")?;
    for site in [None, Some("cross-site"), Some("same-site"), Some("none")] {
        let mut r = client
            .request(Method::POST, "/")
            .header("cookie", "session=x")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("name=a&text=b");
        if let Some(s) = site {
            r = r.header("sec-fetch-site", s);
        }
        let a = Answer::read(r.send().await?).await?;
        ensure!(a.status == 403, "{site:?}: {} {}", a.status, a.text);
    }
    // A program brings nothing a browser would: it reaches the app, as nobody, who may do nothing here.
    let program = client.request(Method::POST, "/").header("content-type", "application/x-www-form-urlencoded");
    let a = Answer::read(program.body("name=a&text=b").send().await?).await?;
    ensure!([303, 401, 405].contains(&a.status), "{} {}", a.status, a.text);
    Ok(())
}

#[tokio::test]
async fn oversize_bodies_headers_and_paths_are_refused() -> Result<()> {
    let city = Plan::with(&["guestbook"]).start().await?;
    let client = city.signed_in("guestbook", "citizen-001").await?;
    let large = client.request(Method::POST, "/").body("x".repeat(8 << 20)).send().await;
    if let Ok(a) = large {
        ensure!(a.status() == 413, "{}", a.status());
    }
    let long = client.request(Method::GET, &format!("/{}", "x".repeat(20_000))).send().await?;
    ensure!(matches!(long.status().as_u16(), 400 | 414 | 431), "{}", long.status());
    let mut many = client.request(Method::GET, "/");
    for n in 0..300 {
        many = many.header(format!("x-{n}"), "x".repeat(500));
    }
    if let Ok(a) = many.send().await {
        ensure!(matches!(a.status().as_u16(), 400 | 431), "{}", a.status());
    }
    ensure!(client.page("/", "zh").await?.status == 200);
    Ok(())
}

/// Walks the sign-on of an app's origin up to the address that carries the code. Answers that
/// address' path and the cookie that binds it to this browser.
async fn code_for(city: &City, app: &str, back: &str) -> Result<(String, String)> {
    let start = city.client(app)?.page(&format!("/_city/sign-on?return={back}"), "zh").await?;
    ensure!(start.status == 303, "{} {}", start.status, start.text);
    let state = start.header("set-cookie").split(';').next().unwrap_or("").to_owned();
    let portal = format!("http://localhost:{}", city.port());
    let path = start.header("location").strip_prefix(&portal).context("leads elsewhere")?.to_owned();
    let sent = city.signed_in("", "citizen-001").await?.page(&path, "zh").await?;
    ensure!(sent.status == 303, "{} {}", sent.status, sent.text);
    let base = format!("http://{app}.localhost:{}", city.port());
    let to = sent.header("location");
    Ok((to.strip_prefix(&base).with_context(|| format!("leads elsewhere: {to}"))?.to_owned(), state))
}

async fn redeem(city: &City, app: &str, path: &str, cookie: &str) -> Result<Answer> {
    let r = city.client(app)?.request(Method::GET, path).header("accept", "text/html").header("cookie", cookie);
    Answer::read(r.send().await?).await
}

/// Whether an answer starts a session, rather than clearing or keeping other cookies.
fn opens_a_session(a: &Answer) -> bool {
    a.headers
        .get_all("set-cookie")
        .iter()
        .filter_map(|v| v.to_str().ok())
        .any(|c| c.starts_with("session=") && !c.starts_with("session=;"))
}

#[tokio::test]
async fn sign_on_codes_work_once_at_one_origin_in_one_browser() -> Result<()> {
    let city = Plan::with(&["guestbook", "hello"]).start().await?;
    let (path, state) = code_for(&city, "guestbook", "%2F").await?;
    ensure!(!opens_a_session(&redeem(&city, "hello", &path, &state).await?), "a code worked at another origin");
    let (path, _) = code_for(&city, "guestbook", "%2F").await?;
    ensure!(!opens_a_session(&redeem(&city, "guestbook", &path, "").await?), "a code worked in another browser");
    let (path, state) = code_for(&city, "guestbook", "%2F").await?;
    let first = redeem(&city, "guestbook", &path, &state).await?;
    ensure!(first.status == 303 && opens_a_session(&first), "{} {:?}", first.status, first.headers);
    for cookie in first.headers.get_all("set-cookie") {
        let cookie = cookie.to_str()?.to_lowercase();
        ensure!(cookie.contains("httponly") && !cookie.contains("domain="), "{cookie}");
    }
    ensure!(!opens_a_session(&redeem(&city, "guestbook", &path, &state).await?), "a code worked twice");
    Ok(())
}

#[tokio::test]
async fn return_paths_stay_inside() -> Result<()> {
    let city = Plan::with(&["guestbook"]).start().await?;
    for evil in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", "javascript%3Aalert(1)"] {
        let (path, state) = code_for(&city, "guestbook", evil).await?;
        let landed = redeem(&city, "guestbook", &path, &state).await?;
        ensure!(landed.header("location") == "/", "{evil} leads to {}", landed.header("location"));
    }
    Ok(())
}

#[tokio::test]
async fn health_readiness_and_metrics_are_on_the_admin_listener_only() -> Result<()> {
    let city = Plan::with(&["hello"]).start().await?;
    ensure!(city.client("hello")?.page("/", "zh").await?.status == 200);
    for path in ["/healthz", "/readyz", "/metrics"] {
        ensure!(city.admin(path).await?.status == 200, "{path}");
        ensure!(city.client("")?.get(path).await?.status == 404, "{path} is public");
    }
    let metrics = city.admin("/metrics").await?.text;
    ensure!(metrics.contains("hello") && metrics.contains("# TYPE"), "{metrics}");
    Ok(())
}

#[tokio::test]
async fn every_origin_has_the_strict_headers() -> Result<()> {
    let city = Plan::with(&["guestbook"]).start().await?;
    for label in ["", "guestbook", "console"] {
        let a = city.client(label)?.page("/", "zh").await?;
        let csp = a.header("content-security-policy");
        ensure!(csp.contains("default-src 'none'") && csp.contains("frame-ancestors 'none'"), "{label}: {csp}");
        ensure!(!csp.contains("unsafe"), "{label}: {csp}");
        ensure!(a.header("x-content-type-options") == "nosniff" && !a.header("referrer-policy").is_empty(), "{label}");
    }
    Ok(())
}

#[tokio::test]
async fn the_portal_leads_to_what_was_booked_for_nothing_as_well() -> Result<()> {
    let city = Plan::with(&["tourism-ticketing", "guestbook"]).citizens(1).start().await?;
    let portal = city.signed_in("", "citizen-001").await?;
    let page = portal.page("/orders", "zh").await?;
    ensure!(page.status == 200, "{}", page.status);
    // The app that declares a page of orders, and no other.
    ensure!(
        page.text.contains("tourism-ticketing.localhost") && page.text.contains("/_city/sign-on?return=/orders"),
        "{}",
        page.text
    );
    ensure!(!page.text.contains("guestbook.localhost"), "{}", page.text);
    Ok(())
}
