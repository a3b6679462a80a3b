//! The departments' desk.

use crate::platform::*;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use yunlong_registry::{Algorithm, KeyPair};

async fn call(p: &Platform, token: &str, method: Method, path: &str, body: Value) -> Answered {
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

#[tokio::test]
async fn it_is_closed_to_citizens_and_to_other_departments() {
    let p = Platform::start().await;
    let citizen = p.token("li-hua").await;
    let department = p.token("quanshan-admin").await;
    for (method, path) in [
        (Method::GET, "/api/v1/installations"),
        (Method::GET, "/api/v1/packages"),
        (Method::GET, "/api/v1/signers"),
        (Method::POST, "/api/v1/installations/tickets/stop"),
        (Method::DELETE, "/api/v1/installations/tickets"),
    ] {
        assert_eq!(
            call(&p, &citizen, method.clone(), path, Value::Null).await.status,
            StatusCode::FORBIDDEN,
            "{method} {path}"
        );
    }
    // The city's installation is not the district's.
    for (method, path) in [
        (Method::GET, "/api/v1/installations/tickets"),
        (Method::POST, "/api/v1/installations/tickets/stop"),
        (Method::DELETE, "/api/v1/installations/tickets"),
    ] {
        assert_eq!(
            call(&p, &department, method.clone(), path, Value::Null).await.status,
            StatusCode::FORBIDDEN,
            "{method} {path}"
        );
    }
    assert_eq!(
        call(&p, &department, Method::GET, "/api/v1/installations", Value::Null).await.json()["installations"],
        json!([])
    );
    assert_eq!(
        call(
            &p,
            &department,
            Method::POST,
            "/api/v1/signers",
            json!({"vendor": "v", "organization": VENDOR, "public_key": "x"})
        )
        .await
        .status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_package_is_published_reviewed_and_installed() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let token = p.token("city-admin").await;
    let upload = post(CONSOLE, "/api/v1/packages")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/x-tar");
    let published = p.send(upload.body(package(MANIFEST, &p.key).into()).unwrap()).await;
    assert_eq!(published.status, StatusCode::CREATED, "{}", published.text());
    let (digest, number) = (published.json()["digest"].clone(), published.json()["number"].as_u64().unwrap());
    // Nobody installs what nobody reviewed, and nobody reviews what they published.
    let early = json!({"package": digest, "organization": "320300", "approve": []});
    let refused = call(&p, &token, Method::POST, "/api/v1/installations", early).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    p.library.check_waiting().await.unwrap();
    let of = |step: &str| format!("/api/v1/submissions/{number}/{step}");
    for account in ["city-admin", "han-developer"] {
        let token = p.token(account).await;
        let own = call(&p, &token, Method::POST, &of("approve"), json!({})).await;
        assert!([StatusCode::CONFLICT, StatusCode::FORBIDDEN].contains(&own.status), "{account}: {}", own.text());
    }
    let reviewer = p.token("city-reviewer").await;
    assert_eq!(call(&p, &reviewer, Method::POST, &of("assign"), json!({})).await.status, StatusCode::OK);
    let seen = call(&p, &reviewer, Method::GET, &format!("/api/v1/submissions/{number}"), Value::Null).await.json();
    assert_eq!((&seen["state"], seen["findings"]["checks"].as_array().unwrap().len()), (&json!("assigned"), 9));
    let approved = call(&p, &reviewer, Method::POST, &of("approve"), json!({"remark": "sound"})).await;
    assert_eq!(approved.json()["state"], "approved", "{}", approved.text());
    let path = format!("/api/v1/packages/{}", digest.as_str().unwrap());
    let review = call(&p, &token, Method::GET, &path, Value::Null).await.json();
    assert_eq!(review["approval"]["remark"], "sound");
    let ids: Vec<&str> = review["permissions"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["identity", "attributes:concession", "data", "payments"]);
    let wanted = |approve: Value, organization: &str| json!({"package": review["digest"], "organization": organization, "approve": approve, "config": {"hold_minutes": 10}});
    // Nobody approves by leaving out, nor installs for an organization that is not there.
    let partly = call(&p, &token, Method::POST, "/api/v1/installations", wanted(json!(["identity"]), "320300")).await;
    assert_eq!(
        (partly.status, partly.json()["errors"][0]["field"].as_str().map(str::to_owned)),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("approve".into()))
    );
    let nowhere = call(&p, &token, Method::POST, "/api/v1/installations", wanted(json!(ids), "999999")).await;
    assert_eq!(nowhere.json()["errors"][0]["field"], "organization");
    let wrong =
        json!({"package": review["digest"], "organization": "320300", "approve": ids, "config": {"hold_minutes": 100}});
    let wrong = call(&p, &token, Method::POST, "/api/v1/installations", wrong).await;
    assert_eq!(
        (wrong.status, wrong.json()["errors"][0]["field"].as_str().map(str::to_owned)),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("config.hold_minutes".into()))
    );
    let installed = call(&p, &token, Method::POST, "/api/v1/installations", wanted(json!(ids), "320300")).await;
    assert_eq!(installed.status, StatusCode::CREATED, "{}", installed.text());
    assert_eq!(
        (installed.json()["status"].as_str(), installed.json()["config"]["hold_minutes"].as_i64()),
        (Some("running"), Some(10))
    );
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK);
    let taken = call(&p, &token, Method::POST, "/api/v1/installations", wanted(json!(ids), "320300")).await;
    assert_eq!(
        (taken.status, taken.json()["errors"][0]["field"].as_str().map(str::to_owned)),
        (StatusCode::CONFLICT, Some("name".into()))
    );
}

#[tokio::test]
async fn a_vendor_publishes_what_its_own_key_signed_and_does_nothing_else() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let upload = async |account: &str| {
        let token = p.token(account).await;
        let request = post(CONSOLE, "/api/v1/packages")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/x-tar");
        p.send(request.body(package(MANIFEST, &p.key).into()).unwrap()).await
    };
    for account in ["other-developer", "li-hua"] {
        assert_eq!(upload(account).await.status, StatusCode::FORBIDDEN, "{account}");
    }
    assert!(p.gateway.operations().published().await.unwrap().is_empty());
    let published = upload("han-developer").await;
    assert_eq!(published.status, StatusCode::CREATED, "{}", published.text());

    let token = p.token("han-developer").await;
    let wanted = json!({"package": published.json()["digest"], "organization": "320300", "approve": []});
    for (method, path, body) in [
        (Method::POST, "/api/v1/installations", wanted),
        (Method::GET, "/api/v1/packages", Value::Null),
        (Method::POST, "/api/v1/signers", json!({"vendor": "v", "organization": VENDOR, "public_key": "x"})),
    ] {
        assert_eq!(call(&p, &token, method, path, body).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn whether_somebody_may_ask_is_checked_before_what_they_sent() {
    let p = Platform::start().await;
    let (citizen, department) = (p.token("li-hua").await, p.token("quanshan-admin").await);
    for (method, path) in [
        (Method::POST, "/api/v1/installations"),
        (Method::PUT, "/api/v1/installations/tickets/roles"),
        (Method::PUT, "/api/v1/installations/tickets/config"),
        (Method::POST, "/api/v1/signers"),
    ] {
        let nonsense = json!(["nonsense"]);
        assert_eq!(call(&p, &citizen, method.clone(), path, nonsense.clone()).await.status, StatusCode::FORBIDDEN);
        if path != "/api/v1/installations" {
            assert_eq!(call(&p, &department, method, path, nonsense).await.status, StatusCode::FORBIDDEN, "{path}");
        }
    }
}

#[tokio::test]
async fn unsigned_strange_and_broken_packages_are_refused() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let token = p.token("city-admin").await;
    let stranger = KeyPair::generate(Algorithm::EcdsaP256);
    let mut changed = package(MANIFEST, &p.key).to_vec();
    let at = changed.windows(5).position(|w| w == b"color").unwrap();
    changed[at] = b'C';
    for (what, tar) in [
        ("strange", package(MANIFEST, &stranger).to_vec()),
        ("changed", changed),
        ("nonsense", b"nonsense".to_vec()),
        ("empty", vec![]),
    ] {
        let upload = post(CONSOLE, "/api/v1/packages").header("authorization", format!("Bearer {token}"));
        let answer = p.send(upload.body(tar.into()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{what}: {}", answer.text());
        assert_eq!(answer.json()["errors"][0]["field"], "package", "{what}");
    }
    assert_eq!(call(&p, &token, Method::GET, "/api/v1/packages", Value::Null).await.json()["packages"], json!([]));
}

#[tokio::test]
async fn an_app_that_refuses_to_be_installed_leaves_nothing_behind() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let token = p.token("city-admin").await;
    let review = p.publish(package(MANIFEST, &p.key)).await;
    let ids: Vec<String> = review.capabilities.iter().map(ToString::to_string).collect();
    let wanted = json!({"package": review.digest, "organization": "320300", "approve": ids});
    *p.app.refuse_install.lock() = true;
    let refused = call(&p, &token, Method::POST, "/api/v1/installations", wanted.clone()).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text().contains("no attractions"));
    assert_eq!(p.get(APP, "/").await.status, StatusCode::NOT_FOUND);
    *p.app.refuse_install.lock() = false;
    assert_eq!(call(&p, &token, Method::POST, "/api/v1/installations", wanted).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn an_app_is_stopped_started_and_removed_for_good() {
    let p = Platform::start().await;
    let token = p.token("city-admin").await;
    assert_eq!(
        call(&p, &token, Method::POST, "/api/v1/installations/tickets/stop", json!({})).await.json()["status"],
        "stopped"
    );
    assert_eq!(p.get(APP, "/").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        call(&p, &token, Method::POST, "/api/v1/installations/tickets/start", json!({})).await.json()["status"],
        "running"
    );
    assert_eq!(
        call(&p, &token, Method::DELETE, "/api/v1/installations/tickets", Value::Null).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(p.get(APP, "/").await.status, StatusCode::NOT_FOUND);
    let digest = p.gateway.operations().published().await.unwrap()[0].digest;
    let again = json!({"package": digest, "organization": "320300", "approve": ["identity", "attributes:concession", "data", "payments"]});
    assert_eq!(
        call(&p, &token, Method::POST, "/api/v1/installations", again).await.status,
        StatusCode::CONFLICT,
        "a name is never used again"
    );
}

#[tokio::test]
async fn permissions_are_taken_back_and_given_again() {
    let p = Platform::start().await;
    let token = p.token("city-admin").await;
    let state = |answer: &Answered| {
        answer.json()["permissions"].as_array().unwrap().iter().find(|c| c["id"] == "payments").unwrap()["granted"]
            .clone()
    };
    let revoked = call(&p, &token, Method::DELETE, "/api/v1/installations/tickets/grants/payments", Value::Null).await;
    assert_eq!(state(&revoked), false);
    let restored = call(&p, &token, Method::PUT, "/api/v1/installations/tickets/grants/payments", Value::Null).await;
    assert_eq!(state(&restored), true);
    assert_eq!(
        call(&p, &token, Method::DELETE, "/api/v1/installations/tickets/grants/outbound:evil.example", Value::Null)
            .await
            .status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn roles_are_those_of_the_app_and_reach_it() {
    let p = Platform::start().await;
    let token = p.token("city-admin").await;
    let set = |body: Value| call(&p, &token, Method::PUT, "/api/v1/installations/tickets/roles", body);
    assert_eq!(set(json!({"account": "li-hua", "roles": ["gate"]})).await.status, StatusCode::OK);
    assert_eq!(set(json!({"account": "li-hua", "roles": ["root"]})).await.json()["errors"][0]["field"], "roles");
    assert_eq!(set(json!({"account": "nobody", "roles": ["gate"]})).await.json()["errors"][0]["field"], "account");
    let citizen = p.token("li-hua").await;
    p.send(get(APP, "/gate").header("authorization", format!("Bearer {citizen}")).body(Body::empty()).unwrap()).await;
    assert_eq!(p.last_seen().principal.roles, ["gate"]);
    set(json!({"account": "li-hua", "roles": []})).await;
    p.send(get(APP, "/gate").header("authorization", format!("Bearer {citizen}")).body(Body::empty()).unwrap()).await;
    assert!(p.last_seen().principal.roles.is_empty());
}

#[tokio::test]
async fn the_pages_do_what_the_api_does() {
    let p = Platform::start().await;
    let portal = p.cookie("city-admin").await;
    let (cookie, _) = p.sign_on(&portal, CONSOLE, "/").await;
    let submit = |path: &str, body: &str| {
        p.send(form_post(CONSOLE, path).header("cookie", &cookie).body(body.to_owned().into()).unwrap())
    };
    assert_eq!(submit("/apps/tickets/config", "config.hold_minutes=20").await.location(), "/apps/tickets?saved=1");
    let refused = submit("/apps/tickets/config", "config.hold_minutes=999").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("hold_minutes"), "{}", refused.text());
    assert_eq!(
        submit("/apps/tickets/roles", "account=li-hua&role=gate&assign=true").await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(submit("/apps/tickets/grants", "capability=payments&granted=false").await.status, StatusCode::SEE_OTHER);
    // A role that another administrator gave, or that the app declared once, stays as it is.
    let tickets = "tickets".parse().unwrap();
    p.identity.assign_role(&tickets, "li-hua", "former", "city-admin").await.unwrap();
    for (form, roles) in [
        ("account=li-hua&role=gate&assign=false", &["former"][..]),
        ("account=li-hua&role=gate&assign=true", &["former", "gate"]),
        ("account=li-hua&role=former&assign=false", &["gate"]),
    ] {
        assert_eq!(submit("/apps/tickets/roles", form).await.location(), "/apps/tickets?saved=1", "{form}");
        assert_eq!(p.identity.roles(&tickets, "li-hua").await.unwrap(), roles, "{form}");
    }
    let page =
        p.send(get(CONSOLE, "/apps/tickets").header("cookie", &cookie).body(Body::empty()).unwrap()).await.text();
    assert!(page.contains("li-hua") && page.contains("未批准") && page.contains(r#"value="20""#));
    assert_eq!(submit("/apps/tickets/uninstall", "confirm=ticket").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(submit("/apps/tickets/uninstall", "confirm=tickets").await.location(), "/?removed=1");
    assert_eq!(p.get(APP, "/").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_package_is_uploaded_by_a_form_and_keeps_what_was_typed() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let portal = p.cookie("city-admin").await;
    let (cookie, _) = p.sign_on(&portal, CONSOLE, "/").await;
    let mut body = b"--b\r\ncontent-disposition: form-data; name=\"package\"; filename=\"a.tar\"\r\n\r\n".to_vec();
    body.extend_from_slice(&package(MANIFEST, &p.key));
    body.extend_from_slice(b"\r\n--b--\r\n");
    let upload = post(CONSOLE, "/install")
        .header("sec-fetch-site", "same-origin")
        .header("cookie", &cookie)
        .header("content-type", "multipart/form-data; boundary=b");
    let uploaded = p.send(upload.body(body.into()).unwrap()).await;
    let review = uploaded.location();
    let page = p.send(get(CONSOLE, &review).header("cookie", &cookie).body(Body::empty()).unwrap()).await.text();
    assert!(page.contains("核对优惠票资格") && page.contains("收取门票款") && page.contains("签名有效"));
    let approve = "approve=identity&approve=attributes:concession&approve=data&approve=payments";
    let submit =
        |fields: String| p.send(form_post(CONSOLE, &review).header("cookie", &cookie).body(fields.into()).unwrap());
    let refused = submit(format!("name=Console&organization=320300&config.hold_minutes=7&{approve}")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = refused.text();
    assert!(
        page.contains(r#"value="Console""#) && page.contains(r#"value="7""#) && page.contains("aria-invalid"),
        "{page}"
    );
    let done = submit(format!("name=tickets&organization=320300&config.hold_minutes=7&{approve}")).await;
    assert_eq!(done.location(), "/apps/tickets?saved=1");
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK);
}
