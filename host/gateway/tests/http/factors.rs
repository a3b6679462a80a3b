//! The second factor over HTTP: signing in, stepping up, the policy.

use crate::platform::*;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::json;
use yunlong_identity::SecurityPolicy;
use yunlong_model::Clock as _;

/// Somebody's phone: it shows the code of the clock's moment.
pub struct Phone(Vec<u8>);

impl Phone {
    fn shows(&self, p: &Platform) -> String {
        let totp = totp_rs::Builder::new().with_secret(self.0.clone()).build().unwrap();
        totp.generate(p.clock.now().as_u64() / 1000).to_string()
    }
}

async fn at_portal(p: &Platform, cookie: &str, path: &str, body: String) -> Answered {
    p.send(form_post(PORTAL, path).header("cookie", cookie).body(body.into()).unwrap()).await
}

/// Enrolls a phone by the pages; answers it and a recovery code.
async fn enroll(p: &Platform, account: &str) -> (Phone, String) {
    let cookie = p.cookie(account).await;
    let offer = at_portal(p, &cookie, "/account/second-factor/totp", String::new()).await;
    let page = offer.text();
    assert!(page.contains("<svg") && !page.contains("<script"), "the code to scan needs no script");
    let secret = page.split("code class=\"secret\">").nth(1).unwrap().split('<').next().unwrap().replace(' ', "");
    let phone = Phone(data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap());
    let password = PASSWORD.replace(' ', "+");
    let (code, right) = (phone.shows(p), format!("code=000000&password={password}"));
    // An open session alone sets nothing up, nor does a code that the phone does not show.
    for (form, field) in [(format!("code={code}&password=wrong"), "password-error"), (right, "code-error")] {
        let wrong = at_portal(p, &cookie, "/account/second-factor/totp/confirm", form).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.text().contains(field) && wrong.text().contains("<svg"), "the offer stands");
    }
    let form = format!("code={code}&password={password}");
    let confirmed = at_portal(p, &cookie, "/account/second-factor/totp/confirm", form).await;
    let page = confirmed.text();
    assert_eq!(page.matches("code class=\"secret\">").count(), 10, "{page}");
    let code = page.split("code class=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    p.clock.advance(30_000);
    (phone, code)
}

/// The cookie that waits for the second factor.
async fn password(p: &Platform, account: &str) -> String {
    let form = format!("account={account}&password={}&return=/orders", PASSWORD.replace(' ', "+"));
    let answer = p.send(form_post(PORTAL, "/sign-in").body(form.into()).unwrap()).await;
    assert_eq!(answer.location(), "/sign-in/second?return=/orders");
    assert!(answer.cookie("session").is_none(), "nobody is signed in yet");
    answer.cookie("second-step").unwrap()
}

async fn second_step(p: &Platform, account: &str, code: &str) -> Answered {
    let waiting = password(p, account).await;
    at_portal(p, &waiting, "/sign-in/second", format!("return=/orders&code={code}")).await
}

/// Somebody with a phone, who has shown its code: the portal's cookie.
pub async fn signed_in_with_a_phone(p: &Platform, account: &str) -> (Phone, String) {
    let (phone, _) = enroll(p, account).await;
    let cookie = second_step(p, account, &phone.shows(p)).await.cookie("session").unwrap();
    (phone, cookie)
}

#[tokio::test]
async fn signing_in_takes_the_password_and_then_the_code() {
    let p = Platform::start().await;
    let (phone, recovery) = enroll(&p, "city-admin").await;
    let wrong = second_step(&p, "city-admin", "000000").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("code-error"));
    let code = phone.shows(&p);
    let done = second_step(&p, "city-admin", &code).await;
    assert_eq!(done.location(), "/orders");
    let cookie = done.cookie("session").unwrap();
    let replayed = second_step(&p, "city-admin", &code).await;
    assert_eq!(replayed.status, StatusCode::UNPROCESSABLE_ENTITY, "a code is good once");
    assert_eq!(second_step(&p, "city-admin", &recovery).await.status, StatusCode::SEE_OTHER);
    p.sign_on(&cookie, APP, "/").await;
    let (app, _) = p.sign_on(&cookie, APP, "/").await;
    p.send(get(APP, "/").header("cookie", &app).body(Body::empty()).unwrap()).await;
    assert_eq!(p.last_seen().principal.assurance, yunlong_model::Assurance::MultiFactor);
    let nobody = p.get(PORTAL, "/sign-in/second").await;
    assert_eq!(nobody.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_program_sends_the_code_along() {
    let p = Platform::start().await;
    let (phone, _) = enroll(&p, "city-admin").await;
    let sign_in = |code: Option<String>| {
        let body = json!({"account": "city-admin", "password": PASSWORD, "code": code});
        let request = post(PORTAL, "/api/v1/sessions").header("content-type", "application/json");
        p.send(request.body(body.to_string().into()).unwrap())
    };
    let without = sign_in(None).await;
    assert_eq!(
        (without.status, without.json()["code"].clone()),
        (StatusCode::UNAUTHORIZED, "second-factor-required".into())
    );
    assert_eq!(sign_in(Some("000000".into())).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(sign_in(Some(phone.shows(&p))).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn dangerous_acts_ask_for_the_second_factor_again_and_come_back() {
    let p = Platform::start().await;
    let (phone, _) = enroll(&p, "city-admin").await;
    let done = second_step(&p, "city-admin", &phone.shows(&p)).await;
    let portal = done.cookie("session").unwrap();
    let (console, _) = p.sign_on(&portal, CONSOLE, "/").await;
    p.clock.advance(11 * 60_000);
    let uninstall = |cookie: String| {
        let request = form_post(CONSOLE, "/apps/tickets/uninstall")
            .header("cookie", cookie)
            .header("referer", format!("http://{CONSOLE}/apps/tickets/uninstall"));
        p.send(request.body("confirm=tickets&data=erase".into()).unwrap())
    };
    let asked = uninstall(console).await.location();
    assert_eq!(asked, format!("http://{PORTAL}/step-up?installation=console&return=/apps/tickets/uninstall"));
    assert!(p.gateway.operations().published().await.is_ok() && p.get(APP, "/").await.status == StatusCode::OK);
    let page = p.send(get(PORTAL, &asked[21..]).header("cookie", &portal).body(Body::empty()).unwrap()).await;
    assert!(page.text().contains(r#"name="installation" value="console""#));
    let form = format!("installation=console&return=/apps/tickets/uninstall&code={}", phone.shows(&p));
    let back = at_portal(&p, &portal, "/step-up", form).await.location();
    assert_eq!(back, format!("http://{CONSOLE}/_city/sign-on?return=/apps/tickets/uninstall"));
    let (strong, _) = p.sign_on(&portal, CONSOLE, "/").await;
    assert_eq!(uninstall(strong).await.location(), "/?removed=1");
}

#[tokio::test]
async fn a_programs_old_token_is_told_to_sign_in_again_before_something_dangerous() {
    let p = Platform::start().await;
    let token = p.token("city-admin").await;
    enroll(&p, "city-admin").await;
    let request = Request::builder()
        .method(Method::DELETE)
        .uri("/api/v1/installations/tickets")
        .header("host", CONSOLE)
        .header("authorization", format!("Bearer {token}"));
    let refused = p.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!((refused.status, refused.json()["code"].clone()), (StatusCode::FORBIDDEN, "step-up-required".into()));
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn whatever_gives_an_app_power_asks_for_the_second_factor_again() {
    let p = Platform::start().await;
    let token = p.token("city-admin").await;
    enroll(&p, "city-admin").await;
    let package = format!("sha256:{}", "a".repeat(64));
    let ask = |method: Method, path: &str, body: serde_json::Value| {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("host", CONSOLE)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {token}"));
        p.send(request.body(body.to_string().into()).unwrap())
    };
    for (method, path, body) in [
        (Method::POST, "/installations", json!({"package": package, "organization": "320300"})),
        (Method::POST, "/installations/tickets/upgrade", json!({"package": package})),
        (Method::POST, "/installations/tickets/rollback", json!({"accept_unreadable": true})),
        (Method::PUT, "/installations/tickets/grants/payments", json!({})),
        (Method::PUT, "/installations/tickets/roles", json!({"account": "li-hua", "roles": ["gate"]})),
        (Method::POST, "/signers", json!({"vendor": "han-software", "organization": VENDOR, "public_key": "a key"})),
    ] {
        let refused = ask(method, path, body).await;
        assert_eq!(
            (refused.status, refused.json()["code"].clone()),
            (StatusCode::FORBIDDEN, "step-up-required".into()),
            "{path}"
        );
    }
    // What makes an app do less is never in the way.
    assert_eq!(ask(Method::DELETE, "/installations/tickets/grants/payments", json!({})).await.status, StatusCode::OK);
    assert_eq!(ask(Method::POST, "/installations/tickets/stop", json!({})).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_page_that_asks_for_the_second_factor_leads_back_to_where_the_form_stands() {
    let p = Platform::start().await;
    let (phone, _) = enroll(&p, "city-admin").await;
    let portal = second_step(&p, "city-admin", &phone.shows(&p)).await.cookie("session").unwrap();
    let (console, _) = p.sign_on(&portal, CONSOLE, "/").await;
    p.clock.advance(11 * 60_000);
    let digest = format!("sha256:{}", "a".repeat(64));
    for (path, body, form) in [
        ("/apps/tickets/grants".to_owned(), "capability=payments&granted=true", "/apps/tickets".to_owned()),
        ("/apps/tickets/roles".into(), "account=li-hua&role=gate&assign=true", "/apps/tickets".into()),
        (format!("/install/{digest}/upgrade"), "name=tickets", format!("/apps/tickets/upgrade/{digest}")),
        (format!("/install/{digest}"), "organization=320300", format!("/install/{digest}")),
        ("/signers".into(), "vendor=x&public_key=y", "/signers".into()),
        (
            "/apps/tickets/versions".into(),
            "action=roll-back&version=1.0.0&accept_unreadable=true",
            "/apps/tickets/versions".into(),
        ),
    ] {
        let request = form_post(CONSOLE, &path).header("cookie", &console);
        let asked = p.send(request.body(body.to_owned().into()).unwrap()).await.location();
        let back = url::Url::parse(&asked).unwrap();
        let (_, back) = back.query_pairs().find(|(name, _)| name == "return").unwrap();
        assert!(asked.starts_with(&format!("http://{PORTAL}/step-up?installation=console&")), "{asked}");
        assert_eq!(back, form, "{path}");
    }
    let page = p.send(get(CONSOLE, "/signers").header("cookie", &console).body(Body::empty()).unwrap()).await.text();
    assert!(page.contains("/step-up?installation=console"), "before anything is typed");
}

#[tokio::test]
async fn an_official_without_the_factor_that_the_policy_wants_is_led_to_set_one_up() {
    let p = Platform::start().await;
    let policy = SecurityPolicy { officials_need_second_factor: true, ..SecurityPolicy::default() };
    p.identity.set_policy(policy, "city-security").await.unwrap();
    let cookie = p.cookie("city-admin").await;
    let go = |path: &str| p.send(get(PORTAL, path).header("cookie", &cookie).body(Body::empty()).unwrap());
    for path in ["/", "/orders", "/sign-on?installation=console&return=/&state=aaaaaaaaaaaaaaaaaaaa"] {
        assert_eq!(go(path).await.location(), "/account/second-factor?must=1", "{path}");
    }
    assert_eq!(go("/account/second-factor?must=1").await.status, StatusCode::OK);
    let body = json!({"account": "city-admin", "password": PASSWORD});
    let program = post(PORTAL, "/api/v1/sessions").header("content-type", "application/json");
    let refused = p.send(program.body(body.to_string().into()).unwrap()).await;
    assert_eq!((refused.status, refused.json()["code"].clone()), (StatusCode::FORBIDDEN, "enroll-first".into()));
    p.token("li-hua").await;
}

#[tokio::test]
async fn only_pages_that_ask_for_a_passkey_may_run_the_platforms_script_and_no_other() {
    let p = Platform::start().await;
    let cookie = p.cookie("city-admin").await;
    let go = |path: &str| p.send(get(PORTAL, path).header("cookie", &cookie).body(Body::empty()).unwrap());
    let page = go("/account/second-factor").await;
    let script = page.text().split("script src=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(
        page.header("content-security-policy").split("; ").find(|d| d.starts_with("script-src")),
        Some(format!("script-src http://localhost:8080{script}").as_str())
    );
    let file = p.get(PORTAL, &script).await;
    assert_eq!((file.status, file.header("content-type")), (StatusCode::OK, "text/javascript; charset=utf-8"));
    assert!(!go("/account").await.header("content-security-policy").contains("script-src"));
    let form = format!("answer=%7B%7D&passkey_name=x&password={}", PASSWORD.replace(' ', "+"));
    let nonsense = at_portal(&p, &cookie, "/account/second-factor/passkey", form).await;
    assert_eq!(nonsense.status, StatusCode::UNPROCESSABLE_ENTITY, "an answer to nothing");
    assert!(p.identity.factors("city-admin").await.unwrap().passkeys.is_empty());
}

#[tokio::test]
async fn a_persons_own_data_uncovered_asks_for_the_second_factor_again() {
    let p = Platform::start().await;
    let (phone, _) = enroll(&p, "li-hua").await;
    let cookie = second_step(&p, "li-hua", &phone.shows(&p)).await.cookie("session").unwrap();
    let look =
        async |path: &str| p.send(get(PORTAL, path).header("cookie", &cookie).body(Body::empty()).unwrap()).await;
    let all = [
        "/my-data?show=all",
        "/my-data/corrections?show=all",
        "/my-data/copy/my-data.json",
        "/my-data/copy/my-data.csv",
    ];
    for path in all {
        assert_eq!(look(path).await.status, StatusCode::OK, "{path}: it was shown a moment ago");
    }
    p.clock.advance(11 * 60_000);
    for path in all {
        let asked = look(path).await;
        assert!(asked.location().contains("/step-up?"), "{path}: {}", asked.text());
    }
    for path in ["/my-data", "/my-data/corrections"] {
        assert_eq!(look(path).await.status, StatusCode::OK, "{path}: what is covered is shown");
    }
    let page = look("/my-data/copy").await.text();
    assert!(page.contains("/step-up?") && page.contains("再次验证身份"), "before a download is begun: {page}");
    for path in ["/my-data", "/my-data/corrections"] {
        let json = get(PORTAL, path).header("cookie", &cookie).header("accept", "application/json");
        assert_eq!(p.send(json.body(Body::empty()).unwrap()).await.json()["code"], "step-up-required", "{path}");
    }
}
