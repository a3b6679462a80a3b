//! Administrators' work with accounts and organizations, and one's own account at the portal.

use crate::platform::*;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use yunlong_gateway::GatewayConfig;

async fn call(p: &Platform, account: &str, method: Method, path: &str, body: Value) -> Answered {
    let token = p.token(account).await;
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", CONSOLE)
        .header("authorization", format!("Bearer {token}"));
    let request = if body.is_null() {
        request.body(Body::empty())
    } else {
        request.header("content-type", "application/json").body(body.to_string().into())
    };
    p.send(request.unwrap()).await
}

async fn console(p: &Platform, account: &str) -> String {
    let portal = p.cookie(account).await;
    p.sign_on(&portal, CONSOLE, "/").await.0
}

#[tokio::test]
async fn an_account_is_opened_without_a_password_that_an_administrator_knows() {
    let p = Platform::empty(GatewayConfig::default(), "http://localhost:8080").await;
    let new = json!({"name": "quanshan-1", "kind": "official", "organization": "320311", "real_name": "张三"});
    let opened = call(&p, "quanshan-admin", Method::POST, "/api/v1/accounts", new.clone()).await;
    assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.text());
    let code = opened.json()["code"].as_str().unwrap().to_owned();
    let taken = call(&p, "quanshan-admin", Method::POST, "/api/v1/accounts", new).await;
    assert_eq!((taken.status, taken.json()["errors"][0]["field"].clone()), (StatusCode::CONFLICT, "name".into()));
    let set = |password: &str| {
        let form = format!("code={code}&new_password={password}&repeat={password}");
        p.send(form_post(PORTAL, "/reset").body(form.into()).unwrap())
    };
    let weak = set("short").await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(weak.text().contains("new_password-error") && weak.text().contains(&code), "what was typed is kept");
    assert_eq!(set("a+long+enough+password").await.location(), "/sign-in?reset=1");
    p.token("quanshan-1").await;
    assert_eq!(set("another+long+password").await.status, StatusCode::UNPROCESSABLE_ENTITY, "once");
}

#[tokio::test]
async fn every_administrator_does_what_is_theirs_and_nothing_else() {
    let p = Platform::start().await;
    let official = |org: &str| json!({"name": "new-1", "kind": "official", "organization": org});
    let role = json!({"role": "system-admin"});
    let organization = json!({"level": "department", "code": "11320300MB000TX42P", "name": "某局", "parent": "320311"});
    let policy = json!({"administrators_need_second_factor": false, "officials_need_second_factor": false, "step_up_minutes": 10});
    let no = StatusCode::FORBIDDEN;
    for (who, method, path, body, want) in [
        ("city-security", Method::POST, "/api/v1/accounts", official("320300"), no),
        ("city-audit", Method::POST, "/api/v1/accounts", official("320300"), no),
        ("li-hua", Method::POST, "/api/v1/accounts", official("320300"), no),
        ("quanshan-admin", Method::POST, "/api/v1/accounts", official("320300"), no),
        ("quanshan-admin", Method::POST, "/api/v1/accounts", json!({"name": "new-1", "kind": "citizen"}), no),
        ("city-admin", Method::POST, "/api/v1/accounts/quanshan-admin/role", role.clone(), no),
        ("quanshan-admin", Method::POST, "/api/v1/accounts/quanshan-admin/role", role.clone(), no),
        ("city-security", Method::POST, "/api/v1/accounts/city-security/role", role.clone(), no),
        ("city-admin", Method::POST, "/api/v1/accounts/li-hua/reset", json!({}), no),
        ("city-admin", Method::POST, "/api/v1/accounts/city-security/disable", json!({}), no),
        ("quanshan-admin", Method::POST, "/api/v1/accounts/li-hua/reset", json!({}), StatusCode::NOT_FOUND),
        ("quanshan-admin", Method::GET, "/api/v1/accounts/city-admin", Value::Null, StatusCode::NOT_FOUND),
        (
            "quanshan-admin",
            Method::POST,
            "/api/v1/organizations",
            json!({"level": "department", "code": "11320300MB000TX42P", "name": "某局", "parent": "320300"}),
            no,
        ),
        ("city-security", Method::POST, "/api/v1/organizations", organization.clone(), no),
        ("city-security", Method::GET, "/api/v1/installations", Value::Null, no),
        ("city-security", Method::DELETE, "/api/v1/installations/tickets", Value::Null, no),
        ("city-audit", Method::GET, "/api/v1/installations/tickets/log", Value::Null, no),
        ("city-admin", Method::GET, "/api/v1/audit", Value::Null, no),
        ("city-security", Method::GET, "/api/v1/audit", Value::Null, no),
        ("city-admin", Method::PUT, "/api/v1/policy", policy.clone(), no),
        (
            "city-security",
            Method::POST,
            "/api/v1/signers",
            json!({"vendor": "v", "organization": VENDOR, "public_key": "x"}),
            no,
        ),
        ("city-security", Method::PUT, "/api/v1/policy", policy, StatusCode::OK),
        ("quanshan-admin", Method::POST, "/api/v1/organizations", organization, StatusCode::CREATED),
        ("city-security", Method::GET, "/api/v1/accounts/li-hua", Value::Null, StatusCode::OK),
        ("city-security", Method::POST, "/api/v1/accounts/li-hua/unlock", json!({}), StatusCode::NO_CONTENT),
        ("city-security", Method::POST, "/api/v1/accounts/quanshan-admin/role", role, StatusCode::NO_CONTENT),
        ("city-audit", Method::GET, "/api/v1/audit", Value::Null, StatusCode::OK),
        ("city-audit", Method::GET, "/api/v1/audit?of=apps", Value::Null, StatusCode::OK),
    ] {
        let answer = call(&p, who, method.clone(), path, body).await;
        assert_eq!(answer.status, want, "{who} {method} {path}: {}", answer.text());
    }
    let accounts = call(&p, "city-security", Method::GET, "/api/v1/accounts?q=quan", Value::Null).await.json();
    assert_eq!(accounts["accounts"][0]["platform_roles"], json!(["system-admin"]));
}

#[tokio::test]
async fn a_vendors_key_is_enrolled_by_one_administrator_and_revoked_by_another() {
    let p = Platform::start().await;
    let key = call(&p, "city-admin", Method::GET, "/api/v1/signers", Value::Null).await.json()["signers"][0]["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/v1/signers/{key}");
    assert_eq!(call(&p, "city-admin", Method::DELETE, &path, Value::Null).await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        call(&p, "city-security", Method::DELETE, &format!("{path}?reason=compromised&remark=lost"), Value::Null)
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    let trail = call(&p, "city-audit", Method::GET, "/api/v1/audit?of=apps", Value::Null).await.json();
    assert_eq!((&trail["rows"][0]["actor"], &trail["rows"][0]["target"]), (&json!("city-security"), &json!(key)));
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once_on_every_origin() {
    let p = Platform::start().await;
    let (portal, bearer) = (p.cookie("li-hua").await, p.token("li-hua").await);
    let (app, _) = p.sign_on(&portal, APP, "/").await;
    let done = call(&p, "city-security", Method::POST, "/api/v1/accounts/li-hua/disable", json!({})).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    p.send(get(APP, "/").header("cookie", &app).body(Body::empty()).unwrap()).await;
    assert_eq!(p.last_seen().principal.subject, None);
    let current = get(PORTAL, "/api/v1/sessions/current").header("authorization", format!("Bearer {bearer}"));
    assert_eq!(p.send(current.body(Body::empty()).unwrap()).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_pages_do_what_the_api_does() {
    let p = Platform::start().await;
    let security = console(&p, "city-security").await;
    let admin = console(&p, "city-admin").await;
    let page = |cookie: &str, path: &str| {
        p.send(get(CONSOLE, path).header("cookie", cookie).header("accept-language", "en").body(Body::empty()).unwrap())
    };
    let submit = |cookie: &str, path: &str, body: &str| {
        p.send(form_post(CONSOLE, path).header("cookie", cookie).body(body.to_owned().into()).unwrap())
    };
    let opened = submit(&admin, "/accounts/new", "name=gate-2&kind=official&organization=320300").await;
    assert_eq!(opened.status, StatusCode::OK, "{}", opened.text());
    assert!(opened.text().contains("code class=\"secret\"") && opened.text().contains("/reset"));
    let refused = submit(&admin, "/accounts/new", "name=Gate&kind=official&organization=999999").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains(r#"value="Gate""#) && refused.text().contains(r#"id="name-error""#));
    let listed = page(&security, "/accounts?q=gate").await.text();
    assert!(listed.contains("/accounts/gate-2") && !listed.contains("/accounts/li-hua"));
    let reset = submit(&security, "/accounts/gate-2/reset", "").await;
    assert!(reset.text().contains("code class=\"secret\""), "{}", reset.text());
    let saved = submit(&security, "/accounts/gate-2/role", "role=audit-admin").await;
    assert_eq!(saved.location(), "/accounts/gate-2?saved=1");
    assert!(page(&security, "/accounts/gate-2").await.text().contains("Audit administrator"));
    submit(&admin, "/apps/tickets/roles", "account=li-hua&role=gate&assign=true").await;
    assert!(page(&security, "/roles").await.text().contains("li-hua"));
    for (cookie, first) in [(&security, "/accounts"), (&console(&p, "city-audit").await, "/audit")] {
        assert_eq!(page(cookie, "/").await.location(), first, "everybody begins with what is theirs");
    }
    let trail = page(&console(&p, "city-audit").await, "/audit?action=account.").await.text();
    assert!(trail.contains("account.role-set") && trail.contains("city-security"));
}

#[tokio::test]
async fn ones_own_password_is_changed_at_the_portal() {
    let p = Platform::start().await;
    let cookie = p.cookie("li-hua").await;
    let old = PASSWORD.replace(' ', "+");
    let submit = |body: String| {
        p.send(form_post(PORTAL, "/account/password").header("cookie", &cookie).body(body.into()).unwrap())
    };
    for (body, field) in [
        ("old_password=wrong&new_password=another+password&repeat=another+password".to_owned(), "old_password-error"),
        (format!("old_password={old}&new_password=short&repeat=short"), "new_password-error"),
        (format!("old_password={old}&new_password=another+password&repeat=others"), "repeat-error"),
    ] {
        let refused = submit(body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(refused.text().contains(field) && !refused.text().contains("another password"), "{field}");
    }
    let changed = submit(format!("old_password={old}&new_password=another+password&repeat=another+password")).await;
    assert_eq!(changed.location(), "/account?saved=1");
    let new = changed.cookie("session").unwrap();
    let page = |cookie: String| p.send(get(PORTAL, "/account").header("cookie", cookie).body(Body::empty()).unwrap());
    assert_eq!(page(new).await.status, StatusCode::OK);
    assert!(page(cookie.clone()).await.location().contains("/sign-in"), "the session before the change is over");
}

#[tokio::test]
async fn sessions_are_seen_and_ended_at_the_portal() {
    let p = Platform::start().await;
    let cookie = p.cookie("li-hua").await;
    let bearer = p.token("li-hua").await;
    let list = || p.send(get(PORTAL, "/account/sessions").header("cookie", &cookie).body(Body::empty()).unwrap());
    let page = list().await.text();
    assert_eq!(page.matches(r#"name="session" value=""#).count(), 2);
    assert!(!page.contains(&bearer), "no token stands on a page");
    let all =
        p.send(form_post(PORTAL, "/account/sessions/end-all").header("cookie", &cookie).body(Body::empty()).unwrap());
    assert_eq!(all.await.location(), "/signed-out");
    assert!(list().await.location().contains("/sign-in"));
    let current = get(PORTAL, "/api/v1/sessions/current").header("authorization", format!("Bearer {bearer}"));
    assert_eq!(p.send(current.body(Body::empty()).unwrap()).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn citizens_register_only_where_the_city_opened_it() {
    let form = "name=wang-wu&real_name=王五&resident_id=320311199001019995&mobile=19900000009&new_password=a+long+password&repeat=a+long+password";
    let closed = Platform::empty(GatewayConfig::default(), "http://localhost:8080").await;
    assert_eq!(closed.get(PORTAL, "/register").await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        closed.send(form_post(PORTAL, "/register").body(form.into()).unwrap()).await.status,
        StatusCode::NOT_FOUND
    );
    let config = GatewayConfig { self_registration: true, ..GatewayConfig::default() };
    let open = Platform::empty(config, "http://localhost:8080").await;
    let submit = |form: String| open.send(form_post(PORTAL, "/register").body(form.into()).unwrap());
    for (from, to, field) in [
        ("199001019995", "199001019990", "resident_id-error"),
        ("mobile=199", "mobile=99", "mobile-error"),
        ("name=wang-wu", "name=W", "name-error"),
    ] {
        let refused = submit(form.replace(from, to)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(refused.text().contains(field) && refused.text().contains("王五"), "{field}: {}", refused.text());
    }
    assert_eq!(submit(form.to_owned()).await.location(), "/sign-in?registered=1");
    let account = open.identity.account("wang-wu").await.unwrap().unwrap();
    assert!(account.platform_roles.is_empty() && account.organization.is_none());
    assert_eq!(submit(form.replace("wang-wu", "wang-liu")).await.status, StatusCode::CONFLICT, "the same number");
}
