//! The departments' desk.

use crate::platform::*;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use yunlong_installations::{New, RoleDue, Status};
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
    let (token, vendor) = (p.token("city-admin").await, p.token("han-developer").await);
    let upload = post(CONSOLE, "/api/v1/packages")
        .header("authorization", format!("Bearer {vendor}"))
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
    let findings = p.library.publications().submission(number).await.unwrap().checked.unwrap().findings;
    for account in ["city-admin", "han-developer"] {
        let token = p.token(account).await;
        let own = call(&p, &token, Method::POST, &of("approve"), json!({"findings": findings})).await;
        assert!([StatusCode::CONFLICT, StatusCode::FORBIDDEN].contains(&own.status), "{account}: {}", own.text());
    }
    let reviewer = p.token("city-reviewer").await;
    assert_eq!(call(&p, &reviewer, Method::POST, &of("assign"), json!({})).await.status, StatusCode::OK);
    let seen = call(&p, &reviewer, Method::GET, &format!("/api/v1/submissions/{number}"), Value::Null).await.json();
    assert_eq!((&seen["state"], seen["findings"]["checks"].as_array().unwrap().len()), (&json!("assigned"), 11));
    assert_eq!(seen["checked"]["findings"], json!(findings));
    // Nobody approves what they have not seen.
    let unseen = call(&p, &reviewer, Method::POST, &of("approve"), json!({"remark": "sound"})).await;
    assert_eq!(unseen.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(unseen.json()["errors"][0]["field"], "findings");
    let other = json!({"remark": "sound", "findings": digest});
    assert_eq!(call(&p, &reviewer, Method::POST, &of("approve"), other).await.status, StatusCode::CONFLICT);
    let sound = json!({"remark": "sound", "findings": findings});
    let approved = call(&p, &reviewer, Method::POST, &of("approve"), sound).await;
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
        call(&p, &token, Method::DELETE, "/api/v1/installations/tickets?data=erase", Value::Null).await.status,
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
    assert_eq!(
        submit("/apps/tickets/uninstall", "confirm=ticket&data=erase").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(submit("/apps/tickets/uninstall", "confirm=tickets&data=erase").await.location(), "/?removed=1");
    assert_eq!(p.get(APP, "/").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_package_is_uploaded_by_a_form_and_installed_after_its_review() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let cookie = p.console("city-admin").await;
    let vendor = p.console("han-developer").await;
    let uploaded = p.upload("/reviews", &vendor, &package(MANIFEST, &p.key)).await;
    let submission = uploaded.location();
    assert!(submission.starts_with("/reviews/1"), "{submission}");
    let digest = p.library.publications().submission(1).await.unwrap().digest;
    let review = format!("/install/{digest}");
    let approve = "approve=identity&approve=attributes:concession&approve=data&approve=payments";
    let fields = format!("name=tickets&organization=320300&config.hold_minutes=7&{approve}");
    let early = p.submit(&review, &cookie, &fields).await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY, "nobody installs what nobody reviewed");
    assert!(!early.text().contains("批准并安装") && early.text().contains("不能安装"), "{}", early.text());
    p.approve(1).await;
    let page = p.see(CONSOLE, &review, &cookie).await.text();
    assert!(page.contains("核对优惠票资格") && page.contains("收取门票款") && page.contains("签名有效"));
    let wrong = format!("name=Console&organization=320300&config.hold_minutes=7&{approve}");
    let refused = p.submit(&review, &cookie, &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = refused.text();
    for kept in [r#"value="Console""#, r#"value="7""#, "aria-invalid", r#"id="name-error""#] {
        assert!(page.contains(kept), "{kept}: {page}");
    }
    let done = p.submit(&review, &cookie, &fields).await;
    assert_eq!(done.location(), "/apps/tickets?saved=1");
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn each_permission_is_approved_by_itself() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let digest = p.publish(package(MANIFEST, &p.key)).await.digest;
    let cookie = p.console("city-admin").await;
    let page = p.see(CONSOLE, &format!("/install/{digest}"), &cookie).await.text();
    assert_eq!(page.matches(r#"type="checkbox" name="approve""#).count(), 4, "{page}");
    assert!(!page.contains(r#"type="hidden" name="approve""#), "nobody approves what they have not ticked");
    assert!(page.contains("个人信息"), "what is about people is marked");
    let some = "name=tickets&organization=320300&approve=identity&approve=data";
    let refused = p.submit(&format!("/install/{digest}"), &cookie, some).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = refused.text();
    assert!(page.contains("attributes:concession") && page.contains(r#"value="identity" required checked"#), "{page}");
    assert!(p.installations.list().is_empty());
}

#[tokio::test]
async fn roles_are_assigned_with_the_installation_to_the_departments_own_people() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let digest = p.publish(package(MANIFEST, &p.key)).await.digest;
    let (review, cookie) = (format!("/install/{digest}"), p.console("city-admin").await);
    let approve = "approve=identity&approve=attributes:concession&approve=data&approve=payments";
    // A citizen, somebody of the city above the district, and nobody at all.
    for account in ["li-hua", "city-reviewer", "nobody", "%3Cscript%3Ealert(1)%3C/script%3E"] {
        let fields = format!("name=tickets&organization=320311&role.gate={account}&{approve}");
        let refused = p.submit(&review, &cookie, &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{account}");
        let page = refused.text();
        assert!(page.contains(r#"id="role.gate-error""#) && !page.contains("<script>"), "{account}: {page}");
        assert!(p.installations.list().is_empty(), "{account}: nothing is installed");
    }
    let fields = format!("name=tickets&organization=320311&role.gate=quanshan-admin%EF%BC%8Cquanshan-admin&{approve}");
    assert_eq!(p.submit(&review, &cookie, &fields).await.location(), "/apps/tickets?saved=1");
    assert_eq!(p.identity.roles(&"tickets".parse().unwrap(), "quanshan-admin").await.unwrap(), ["gate"]);
}

#[tokio::test]
async fn a_role_that_could_not_be_assigned_is_told_and_the_rest_is_done() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let digest = p.publish(package(MANIFEST, &p.key)).await.digest;
    let cookie = p.console("city-admin").await;
    *p.recorded.fails.lock() = Some("role");
    let fields = "name=tickets&organization=320300&role.gate=city-reviewer&approve=identity&approve=attributes:concession&approve=data&approve=payments";
    let told = p.submit(&format!("/install/{digest}"), &cookie, fields).await.location();
    *p.recorded.fails.lock() = None;
    let page = p.see(CONSOLE, &told, &cookie).await;
    assert_eq!((page.status, page.header("refresh")), (StatusCode::OK, ""));
    let page = page.text();
    for said in ["已安装", "未能指派", "city-reviewer", "gate", "href=\"/apps/tickets\""] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK, "it serves");
    assert!(p.identity.roles(&"tickets".parse().unwrap(), "city-reviewer").await.unwrap().is_empty());
}

#[tokio::test]
async fn roles_chosen_with_an_installation_outlive_a_stop_before_they_were_assigned() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let review = p.publish(package(MANIFEST, &p.key)).await;
    let tickets: yunlong_model::InstallationName = "tickets".parse().unwrap();
    let new = New {
        name: tickets.clone(),
        organization: "320300".into(),
        organization_name: "徐州市".into(),
        package_digest: review.digest,
        signer: review.signer.key.to_string(),
        manifest: review.manifest.clone(),
        grants: review.capabilities.clone(),
        config: Default::default(),
        by: "city-admin".into(),
    };
    let due = |account: &str| RoleDue { account: account.into(), role: "gate".into() };
    // It runs, and the platform is killed before the first role is assigned. One account has been closed since.
    p.installations.install_with_roles(new, vec![due("city-reviewer"), due("nobody")]).await.unwrap();
    p.installations.set_status(&tickets, Status::Running, "city-admin").await.unwrap();
    assert!(p.identity.roles(&tickets, "city-reviewer").await.unwrap().is_empty());
    p.gateway.operations().start_all(|_| {}).await.unwrap();
    assert_eq!(p.identity.roles(&tickets, "city-reviewer").await.unwrap(), ["gate"]);
    let assigned = &p.identity.role_assignments(&tickets).await.unwrap()[0];
    assert_eq!(assigned.assigned_by, "city-admin", "who chose it, not who finished it");
    assert!(p.installations.get(&tickets).unwrap().roles_due.is_empty());
    // What was taken away afterwards does not come back with the next start.
    p.identity.revoke_role(&tickets, "city-reviewer", "gate", "city-admin").await.unwrap();
    p.gateway.operations().start_all(|_| {}).await.unwrap();
    assert!(p.identity.roles(&tickets, "city-reviewer").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_role_that_was_taken_away_does_not_come_back_though_the_list_of_the_due_ones_was_not_cleared() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let review = p.publish(package(MANIFEST, &p.key)).await;
    let tickets: yunlong_model::InstallationName = "tickets".parse().unwrap();
    let new = New {
        name: tickets.clone(),
        organization: "320300".into(),
        organization_name: "徐州市".into(),
        package_digest: review.digest,
        signer: review.signer.key.to_string(),
        manifest: review.manifest.clone(),
        grants: review.capabilities.clone(),
        config: Default::default(),
        by: "city-admin".into(),
    };
    let due = RoleDue { account: "city-reviewer".into(), role: "gate".into() };
    p.installations.install_with_roles(new, vec![due]).await.unwrap();
    p.installations.set_status(&tickets, Status::Running, "city-admin").await.unwrap();
    let roles = async || p.identity.roles(&tickets, "city-reviewer").await.unwrap();
    let by_hand = async |assigned: bool| {
        p.gateway.operations().set_role(&tickets, "city-reviewer", "gate", assigned, "city-admin").await
    };
    // The list cannot be written.
    *p.recorded.fails.lock() = Some("installation");
    p.gateway.operations().start_all(|_| {}).await.unwrap();
    assert!(roles().await.is_empty(), "it is assigned and struck off, or neither");
    by_hand(true).await.unwrap_err();
    assert!(roles().await.is_empty(), "what would come back by itself is not changed by hand");
    *p.recorded.fails.lock() = None;
    by_hand(true).await.unwrap();
    assert_eq!(roles().await, ["gate"]);
    by_hand(false).await.unwrap();
    p.gateway.operations().start_all(|_| {}).await.unwrap();
    assert!(roles().await.is_empty());
}

#[tokio::test]
async fn settings_are_labelled_in_the_readers_language_in_the_form_and_on_the_apps_page() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let labels = "x-title = { zh = \"名额保留（分钟）\", en = \"Keep places (minutes)\" }\nx-description = { zh = \"未付款时\", en = \"While nobody has paid\" }";
    let labelled = MANIFEST.replace("title = \"保留分钟数\"", labels);
    let digest = p.publish(package(&labelled, &p.key)).await.digest;
    p.install_package(digest, "tickets").await;
    let cookie = p.console("city-admin").await;
    for path in [format!("/install/{digest}"), "/apps/tickets".to_owned()] {
        for (lang, said, others) in [
            ("zh-CN", ["名额保留（分钟）", "未付款时"], ["Keep places", "nobody has paid"]),
            ("en", ["Keep places (minutes)", "While nobody has paid"], ["名额保留", "未付款"]),
        ] {
            let request = get(CONSOLE, &path).header("cookie", &cookie).header("accept-language", lang);
            let page = p.send(request.body(Body::empty()).unwrap()).await.text();
            assert!(said.iter().all(|s| page.contains(s)), "{path} {lang}: {page}");
            assert!(!others.iter().any(|o| page.contains(o)), "{path} {lang}: {page}");
        }
    }
}

#[tokio::test]
async fn an_installation_that_takes_long_shows_how_far_it_is_and_goes_on() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let digest = p.publish(package(MANIFEST, &p.key)).await.digest;
    let cookie = p.console("city-admin").await;
    let held = std::sync::Arc::new(tokio::sync::Notify::new());
    *p.app.compiling.lock() = Some(held.clone());
    let fields =
        "name=tickets&organization=320300&approve=identity&approve=attributes:concession&approve=data&approve=payments";
    let begun = p.submit(&format!("/install/{digest}"), &cookie, fields).await;
    let progress = begun.location();
    assert_eq!(progress, format!("/install/{digest}/progress?name=tickets"));
    let page = p.see(CONSOLE, &progress, &cookie).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("refresh"), "3; url=?name=tickets&look=1");
    assert!(page.text().contains("<progress") && page.text().contains("编译组件"), "{}", page.text());
    // It is asked no more by itself after a while, and another person does not see it.
    assert_eq!(p.see(CONSOLE, &format!("{progress}&look=60"), &cookie).await.header("refresh"), "");
    let other = p.console("quanshan-admin").await;
    assert!(!p.see(CONSOLE, &progress, &other).await.text().contains("编译组件"));
    let again = p.submit(&format!("/install/{digest}"), &cookie, fields).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "one of this name is under way");
    held.notify_one();
    crate::releases::soon("the installation", async || p.get(APP, "/").await.status == StatusCode::OK).await;
    crate::releases::soon("the progress is over", async || {
        let seen = p.see(CONSOLE, &progress, &cookie).await;
        seen.status == StatusCode::SEE_OTHER && seen.location() == "/apps/tickets?saved=1"
    })
    .await;
}

#[tokio::test]
async fn an_installation_that_fails_late_says_why_and_leaves_nothing() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let digest = p.publish(package(MANIFEST, &p.key)).await.digest;
    let cookie = p.console("city-admin").await;
    let held = std::sync::Arc::new(tokio::sync::Notify::new());
    *p.app.compiling.lock() = Some(held.clone());
    *p.app.refuse_install.lock() = true;
    let fields =
        "name=tickets&organization=320300&approve=identity&approve=attributes:concession&approve=data&approve=payments";
    let progress = p.submit(&format!("/install/{digest}"), &cookie, fields).await.location();
    held.notify_one();
    crate::releases::soon("the failure", async || {
        p.see(CONSOLE, &progress, &cookie).await.text().contains("no attractions")
    })
    .await;
    let page = p.see(CONSOLE, &progress, &cookie).await;
    assert_eq!(page.header("refresh"), "", "there is nothing to wait for");
    assert!(page.text().contains(&format!("href=\"/install/{digest}\"")), "the way back to the form");
    assert!(p.installations.list().is_empty());
}

#[tokio::test]
async fn data_is_exported_whole_before_an_app_is_removed() {
    use yunlong_store::Txn;
    use yunlong_store::documents::Schema;
    let p = crate::releases::city().await;
    let name = crate::releases::tickets();
    let i = p.installations.get(&name).unwrap();
    let schema = Schema::new(&name, &i.manifest);
    for n in 0..450 {
        let mut txn = Txn::new(p.store.clone());
        schema.insert(&mut txn, "orders", &format!("{n:04}"), &format!("{{\"number\":{n}}}")).await.unwrap();
        txn.commit().await.unwrap();
    }
    for account in ["li-hua", "quanshan-admin"] {
        let cookie = p.console(account).await;
        assert_eq!(p.submit("/apps/tickets/export", &cookie, "").await.status, StatusCode::FORBIDDEN, "{account}");
    }
    let cookie = p.console("city-admin").await;
    let offered = p.see(CONSOLE, "/apps/tickets/uninstall", &cookie).await.text();
    assert!(offered.contains(r#"href="/apps/tickets/export""#), "the export stands before the removal");
    let file = p.submit("/apps/tickets/export", &cookie, "").await;
    assert_eq!(file.header("content-type"), "application/jsonl; charset=utf-8");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"tickets.jsonl\"");
    assert_eq!(file.header("cache-control"), "no-store");
    let lines: Vec<Value> = file.text().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.first().unwrap()["export"]["installation"], "tickets");
    let end = &lines.last().unwrap()["end"];
    assert_eq!((&end["documents"], &end["counters"]), (&json!(450), &json!(0)));
    let numbers: Vec<_> = lines[1..lines.len() - 1].iter().map(|l| l["document"]["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..450).collect::<Vec<_>>(), "each once, in order");
    let trail = p.installations.audit(20).await.unwrap();
    assert!(trail.iter().any(|r| r.action == "exported" && r.actor == "city-admin"));
    let token = p.token("city-admin").await;
    let twin = call(&p, &token, Method::POST, "/api/v1/installations/tickets/export", json!({})).await;
    assert_eq!(twin.text().lines().count(), 452, "programs get the same");
    for (fields, error) in [
        ("confirm=tickets", "data-error"),
        ("confirm=tickets&data=keep", "data-error"),
        ("confirm=ticket&data=erase", "confirm-error"),
    ] {
        let refused = p.submit("/apps/tickets/uninstall", &cookie, fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields}");
        assert!(refused.text().contains(&format!("id=\"{error}\"")), "{fields}: {}", refused.text());
    }
    p.gateway.operations().stop(&name, "city-admin").await.unwrap();
    let digest = end["digest"].as_str().unwrap();
    let fields = format!("confirm=tickets&data=exported&digest={digest}");
    assert_eq!(p.submit("/apps/tickets/uninstall", &cookie, &fields).await.location(), "/?removed=1");
    let trail = p.installations.audit(20).await.unwrap();
    let told = format!("exported {digest}");
    assert!(trail.iter().any(|r| r.action == "uninstall.confirmed" && r.detail == told));
}
