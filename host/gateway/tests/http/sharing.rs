//! The information hub at the portal and the console: what people see, ask for and decide, and who may not.

use crate::platform::*;
use axum::body::Body;
use http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use yunlong_audit::Entry;
use yunlong_gateway::Install;
use yunlong_hub::{Actor, ImportRow, NewImport, RequestFilter};
use yunlong_identity::{AccountKind, Attributes, NewAccount, PlatformRole};
use yunlong_model::{InstallationName, Kind, PersonId};

/// An app that asks for residents' data, and keeps documents of its own.
pub const READER: &str = r#"
    name = "reader"
    version = "1.0.0"
    vendor = "han-software"
    title = { zh = "优待证", en = "Concession card" }
    description = { zh = "核对优待资格", en = "Checks concessions" }
    [[datasets]]
    dataset = "population.person"
    purpose = "concession-check"
    reason = { zh = "核对优惠票资格", en = "To check a concession" }
    basis = "consent"
    fields = ["birth_date", "name"]
    rows = "own"
    access = ["get"]
    [[collections]]
    name = "cards"
    sealed = true
    [[collections.personal]]
    title = { zh = "您的优待证", en = "Your cards" }
    subject = "owner"
    index = "by-owner"
    fields = [
        { path = "holder.name", title = { zh = "持证人", en = "Holder" } },
        { path = "class", title = { zh = "类别", en = "Class" }, values = { s = { zh = "老年", en = "senior" } } },
        { path = "holder.hash", title = { zh = "证件摘要", en = "Digest" }, kind = "digest" },
        { path = "fee", title = { zh = "工本费", en = "Fee" }, kind = "fen" },
    ]
    on_erasure = "clear"
    [[collections.personal]]
    title = { zh = "您监护的优待证", en = "Cards that you look after" }
    subject = "guardian.subject"
    index = "by-guardian"
    fields = [{ path = "guardian.phone", title = { zh = "监护人手机", en = "Guardian’s phone" } }]
    on_erasure = "clear"
    [[collections.indexes]]
    name = "by-owner"
    fields = ["owner"]
    [[collections.indexes]]
    name = "by-guardian"
    fields = ["guardian.subject"]
    [[collections]]
    name = "drafts"
    [[collections.personal]]
    title = { zh = "您的草稿", en = "Your drafts" }
    subject = "owner"
    index = "by-owner"
    fields = [{ path = "price", title = { zh = "价格", en = "Price" } }]
    on_erasure = "delete"
    [[collections.indexes]]
    name = "by-owner"
    fields = ["owner"]
    [[collections]]
    name = "bills"
    [[collections.personal]]
    title = { zh = "您的账单", en = "Your bills" }
    subject = "owner"
    index = "by-owner"
    fields = [{ path = "price", title = { zh = "价格", en = "Price" } }]
    on_erasure = "keep"
    law = "会计法第二十三条"
    [[collections.indexes]]
    name = "by-owner"
    fields = ["owner"]
"#;

/// A synthetic number with its check digit (GB 11643).
pub fn resident_id(first: &str) -> String {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = first.bytes().zip(weights).map(|(d, w)| u32::from(d - b'0') * w).sum();
    format!("{first}{}", ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][(sum % 11) as usize])
}

pub fn reader() -> InstallationName {
    "reader".parse().unwrap()
}

async fn account(p: &Platform, name: &str, kind: AccountKind, organization: Option<&str>, id: Option<&str>) {
    let attributes = Attributes {
        resident_id: id.map(|i| i.parse().unwrap()),
        real_name: id.map(|_| "王小明".into()),
        ..Attributes::default()
    };
    let roles = if organization.is_some() { vec![PlatformRole::DepartmentAdmin] } else { vec![] };
    let new = NewAccount {
        name: name.into(),
        kind,
        password: PASSWORD.into(),
        organization: organization.map(str::to_owned),
        attributes,
        platform_roles: roles,
    };
    p.identity.create_account(new).await.unwrap();
}

/// A resident whose ID has these first digits.
pub async fn resident(p: &Platform, name: &str, first: &str) {
    account(p, name, AccountKind::Citizen, None, Some(&resident_id(first))).await;
}

/// The city's data administrator, the residents `wang` and `zhao`, and the reader installed by Quanshan.
pub async fn city() -> Platform {
    let p = Platform::start().await;
    account(&p, "city-data", AccountKind::Official, Some("320300"), None).await;
    let (wang, zhao) = (resident_id("32030219600101999"), resident_id("32030219900101998"));
    account(&p, "wang", AccountKind::Citizen, None, Some(&wang)).await;
    account(&p, "zhao", AccountKind::Citizen, None, Some(&zhao)).await;
    let by = official("city-data", "320300");
    let new = NewImport {
        dataset: "population.person".into(),
        file: "residents.csv".into(),
        size: 1,
        fingerprint: "f".into(),
        valid_from: Some("2026-01-01".into()),
    };
    let import = p.hub.start_import(new, &by).await.unwrap();
    let row = |line: u64, id: &str, name: &str, birth: &str| {
        let record = json!({
            "resident_id": id, "name": name, "sex": if line == 2 { "1" } else { "2" }, "birth_date": birth, "division": "320302", "status": "normal",
        });
        ImportRow { line, record: record.as_object().unwrap().clone(), valid_from: None, valid_to: None }
    };
    let rows = vec![row(2, &wang, "王小明", "1960-01-01"), row(3, &zhao, "赵小红", "1990-01-01")];
    let report = p.hub.import_batch(&import.id, 0, rows, &by).await.unwrap();
    assert!(report.refused.is_empty(), "{report:?}");
    p.hub.finish_import(&import.id, &by).await.unwrap();
    let operations = p.gateway.operations();
    let review = p.publish(package(READER, &p.key)).await;
    let wanted = Install {
        package: review.digest,
        name: None,
        organization: "320311".into(),
        config: BTreeMap::new(),
        approve: review.capabilities.iter().map(ToString::to_string).collect(),
        by: "quanshan-admin".into(),
    };
    operations.install(wanted).await.unwrap();
    p
}

fn official(account: &str, organization: &str) -> Actor {
    Actor {
        account: account.into(),
        kind: Kind::Official,
        organization: Some(organization.into()),
        system_admin: false,
        security_admin: false,
        audit_admin: false,
        request_id: String::new(),
    }
}

pub async fn person(p: &Platform, account: &str) -> PersonId {
    p.identity.person_of_account(account).await.unwrap()
}

pub fn read_of(person: PersonId) -> Entry {
    Entry {
        organization: Some("320311".into()),
        installation: Some(reader()),
        about: Some(person),
        dataset: Some("population.person".into()),
        purpose: Some("concession-check".into()),
        basis: Some("consent".into()),
        reason: Some(yunlong_model::Text { zh: "核对优惠票资格".into(), en: "To check a concession".into() }),
        fields: vec!["birth_date".into()],
        ..Entry::new("data.read", "service:reader", Kind::Service)
    }
}

pub async fn page(p: &Platform, host: &str, path: &str, cookie: &str) -> String {
    let answer = p.send(get(host, path).header("cookie", cookie).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    let html = answer.text();
    assert_eq!(html.matches("<h1").count(), 1, "{path}");
    assert!(!html.contains("<script") && !html.contains("style=\"") && html.contains("/help"), "{path}");
    html
}

pub async fn form(p: &Platform, host: &str, path: &str, cookie: &str, body: &str) -> Answered {
    p.send(form_post(host, path).header("cookie", cookie).body(body.to_owned().into()).unwrap()).await
}

pub async fn console(p: &Platform, account: &str) -> String {
    let portal = p.cookie(account).await;
    p.sign_on(&portal, CONSOLE, "/").await.0
}

pub async fn json_call(p: &Platform, account: &str, method: &str, path: &str, body: Value) -> Answered {
    let token = p.token(account).await;
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("host", CONSOLE)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("accept-language", "en");
    p.send(request.body(body.to_string().into()).unwrap()).await
}

pub async fn only_request(p: &Platform) -> yunlong_hub::Request {
    let filter = RequestFilter { installation: Some(reader()), ..RequestFilter::default() };
    p.hub.requests(&filter, None, 10).await.unwrap().requests.remove(0)
}

pub async fn approve(p: &Platform) {
    let (console, r) = (console(p, "city-data").await, only_request(p).await);
    let body =
        "field=birth_date&mask.birth_date=age&field=name&mask.name=plain&access=get&rows=own&roles=&only=&until=";
    let done = form(p, CONSOLE, &format!("/hub/requests/{}/approve", r.id), &console, body).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
}

#[tokio::test]
async fn a_request_is_filed_by_installing_and_narrowed_by_the_provider_alone() {
    let p = city().await;
    let r = only_request(&p).await;
    assert_eq!((r.organization.as_str(), r.state.name()), ("320311", "filed"));
    let asking = console(&p, "quanshan-admin").await;
    assert!(page(&p, CONSOLE, "/apps/reader", &asking).await.contains("待受理"));
    let review = page(&p, CONSOLE, "/install", &asking).await;
    let digest = review.split("/install/sha256:").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(page(&p, CONSOLE, &format!("/install/sha256:{digest}"), &asking).await.contains("提供部门"));
    let path = format!("/hub/requests/{}", r.id);
    let mine = page(&p, CONSOLE, &path, &asking).await;
    assert!(mine.contains("核对优惠票资格") && !mine.contains("/approve"), "the side that asks does not decide");
    let forbidden =
        form(&p, CONSOLE, &format!("{path}/approve"), &asking, "field=name&access=get&rows=own&until=").await;
    assert_eq!(forbidden.status, StatusCode::FORBIDDEN);
    let system = form(&p, CONSOLE, &format!("{path}/refuse"), &console(&p, "city-admin").await, "reason=x").await;
    assert_eq!(system.status, StatusCode::FORBIDDEN, "nor does the system administrator");

    let provider = console(&p, "city-data").await;
    let inbox = page(&p, CONSOLE, "/hub/requests", &provider).await;
    assert!(inbox.contains("还剩") && inbox.contains("优待证"));
    p.clock.advance(20 * 86_400_000);
    assert!(page(&p, CONSOLE, "/hub/requests", &console(&p, "city-data").await).await.contains("已逾期"));
    let provider = console(&p, "city-data").await;
    let wide =
        form(&p, CONSOLE, &format!("{path}/approve"), &provider, "field=name&field=mobile&access=get&rows=own&until=")
            .await;
    assert_eq!(wide.status, StatusCode::UNPROCESSABLE_ENTITY, "more than was asked for");
    approve(&p).await;
    let after = page(&p, CONSOLE, &path, &provider).await;
    assert!(after.contains("部分批准") && after.contains("只给周岁"));
    let again = form(&p, CONSOLE, &format!("{path}/refuse"), &provider, "reason=x").await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.text().contains("当前状态"));
}

#[tokio::test]
async fn a_grant_is_revoked_with_a_reason_by_its_provider() {
    let p = city().await;
    approve(&p).await;
    let provider = console(&p, "city-data").await;
    let body = |reason: &str| {
        format!("installation=reader&dataset=population.person&purpose=concession-check&act=revoke&reason={reason}")
    };
    let silent = form(&p, CONSOLE, "/hub/grants/revoke", &provider, &body("")).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY, "a reason is needed");
    let strange = form(&p, CONSOLE, "/hub/grants/revoke", &console(&p, "quanshan-admin").await, &body("x")).await;
    assert_eq!(strange.status, StatusCode::FORBIDDEN, "who holds it cannot say that it is revoked");
    assert_eq!(
        form(&p, CONSOLE, "/hub/grants/revoke", &provider, &body("misuse")).await.location(),
        "/hub/grants?done=1"
    );
    assert!(page(&p, CONSOLE, "/hub/grants", &provider).await.contains("misuse"));
    let all = json_call(&p, "city-data", "GET", "/api/v1/hub/grants", json!({})).await.json();
    assert_eq!(all["grants"][0]["state"], "revoked");
}

#[tokio::test]
async fn uninstalling_ends_what_was_granted() {
    let p = city().await;
    approve(&p).await;
    p.gateway.operations().uninstall(&reader(), "quanshan-admin").await.unwrap();
    let all = json_call(&p, "city-data", "GET", "/api/v1/hub/grants", json!({})).await.json();
    assert_eq!(all["grants"][0]["state"], "revoked", "{all}");
}

const BUS_STOPS: &str = "id=transport.bus-stop&title_zh=%E5%85%AC%E4%BA%A4%E7%AB%99&title_en=Bus+stops&summary_zh=%E7%AB%99&summary_en=Stops\
    &category=department&provider=320311&format=json&key=code&indexes=&schema=&sharing=unconditional&openness=open&level=general&update_cycle=weekly\
    &item_name=code&item_zh=%E4%BB%A3%E7%A0%81&item_en=Code&item_type=text&item_required=true&item_sensitivity=general&item_authority=&item_codes=";

#[tokio::test]
async fn a_department_registers_and_publishes_its_own_dataset_and_no_others() {
    let p = city().await;
    let own = console(&p, "quanshan-admin").await;
    page(&p, CONSOLE, "/hub/datasets/new", &own).await;
    let more = form(&p, CONSOLE, "/hub/datasets/new", &own, &format!("{BUS_STOPS}&act=rows")).await;
    assert!(more.text().contains("value=\"code\""), "more rows keep what was typed");
    let created = form(&p, CONSOLE, "/hub/datasets/new", &own, &format!("{BUS_STOPS}&act=save")).await;
    assert_eq!(created.location(), "/hub/datasets/transport.bus-stop?saved=1");
    let path = "/hub/datasets/transport.bus-stop";
    assert!(page(&p, CONSOLE, path, &own).await.contains("草稿"));
    let city = console(&p, "city-data").await;
    let hidden = p.send(get(CONSOLE, path).header("cookie", &city).body(Body::empty()).unwrap()).await;
    assert_eq!(hidden.status, StatusCode::NOT_FOUND, "a draft is its provider’s");
    assert_eq!(form(&p, CONSOLE, &format!("{path}/publish"), &own, "").await.status, StatusCode::SEE_OTHER);
    let found = page(&p, CONSOLE, "/hub?q=bus", &city).await;
    assert!(found.contains("公交站") && !found.contains("人口基本信息"));
    let foreign = form(&p, CONSOLE, &format!("{path}/withdraw"), &city, "reason=x").await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    let edit = form(&p, CONSOLE, &format!("{path}/edit"), &own, &format!("{BUS_STOPS}&version=1&act=save")).await;
    assert_eq!(edit.status, StatusCode::CONFLICT, "somebody changed it meanwhile: it was published");
    let core = BUS_STOPS.replace("level=general", "level=core").replace("bus-stop", "secret");
    let core = form(&p, CONSOLE, "/hub/datasets/new", &own, &format!("{core}&act=save")).await;
    assert!(core.status == StatusCode::UNPROCESSABLE_ENTITY && core.text().contains("id=\"level-error\""));
    let guide =
        json_call(&p, "city-data", "GET", "/api/v1/hub/catalogue/transport.bus-stop/guide", json!({})).await.json();
    assert_eq!(
        (guide["信息资源名称"].as_str(), guide["共享属性"]["共享类型"].as_str()),
        (Some("公交站"), Some("无条件共享"))
    );
}

#[tokio::test]
async fn the_audit_is_searched_and_exported_by_its_administrator_alone() {
    let p = city().await;
    p.audit.record(vec![read_of(person(&p, "wang").await)]).await.unwrap();
    p.audit.sequence_once().await.unwrap();
    let audit = console(&p, "city-audit").await;
    let found = page(
        &p,
        CONSOLE,
        "/audit/entries?dataset=population.person&action=data.&from=2026-09-01&until=2026-12-31",
        &audit,
    )
    .await;
    assert!(found.contains("data.read") && found.contains("concession-check"));
    assert!(page(&p, CONSOLE, "/audit/entries?about=zhao&action=data.", &audit).await.contains("没有符合的记录"));
    assert!(page(&p, CONSOLE, "/audit/entries", &audit).await.contains("audit.searched"), "a search is an entry");
    let known =
        p.send(get(CONSOLE, "/audit/entries?request=x").header("cookie", &audit).body(Body::empty()).unwrap()).await;
    assert_eq!(known.status, StatusCode::UNPROCESSABLE_ENTITY, "a condition that there is not fits nothing");
    assert!(known.text().contains("没有“request”这个查询条件"), "{}", known.text());
    let by_api = json_call(&p, "city-audit", "GET", "/api/v1/audit/entries?request=x", json!({})).await;
    assert_eq!(
        (by_api.status, by_api.json()["errors"][0]["field"].clone()),
        (StatusCode::UNPROCESSABLE_ENTITY, "request".into())
    );
    let strange = p
        .send(get(CONSOLE, "/audit/entries?from=yesterday").header("cookie", &audit).body(Body::empty()).unwrap())
        .await;
    assert!(strange.status == StatusCode::UNPROCESSABLE_ENTITY && strange.text().contains("id=\"from-error\""));
    assert!(page(&p, CONSOLE, "/audit/log", &audit).await.contains("test.example/320300/audit"));
    let export = p.send(get(CONSOLE, "/audit/export").header("cookie", &audit).body(Body::empty()).unwrap()).await;
    assert!(export.header("content-disposition").contains("audit-log.jsonl"));
    let lines: Vec<Value> = export.text().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(lines[0]["log"] == "yunlong-audit" && lines.last().unwrap()["end"].is_object());
    for who in ["city-admin", "city-security", "city-data"] {
        let cookie = console(&p, who).await;
        for path in ["/audit/entries", "/audit/export", "/audit/log", "/audit/erasure", "/audit/entries/0"] {
            let refused = p.send(get(CONSOLE, path).header("cookie", &cookie).body(Body::empty()).unwrap()).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{who} {path}");
        }
    }
}

#[tokio::test]
async fn a_search_keeps_all_its_conditions_from_page_to_page() {
    let p = city().await;
    let identity = &p.identity;
    // Both of the persons that one account stands for: the resident, and the account from before.
    let both = identity.persons_of_account("wang").await.unwrap();
    assert_eq!(both.len(), 2);
    let of = |person: &PersonId, target: &str, n: usize| {
        let entry = Entry { target: target.into(), request_id: "r-1".into(), ..read_of(person.clone()) };
        vec![entry; n]
    };
    for person in &both {
        p.audit.record(of(person, "wanted", 40)).await.unwrap();
        p.audit.record(of(person, "other", 40)).await.unwrap();
    }
    let audit = console(&p, "city-audit").await;
    let asked = "about=wang&action=data.&target=wanted&organization=320311&request_id=r-1";
    let first = page(&p, CONSOLE, &format!("/audit/entries?{asked}"), &audit).await;
    for name in ["target", "organization", "request_id"] {
        assert!(first.contains(&format!("name=\"{name}\"")), "the form shows {name}");
    }
    let next = first.split("href=\"/audit/entries?").find(|l| l.contains("before=")).unwrap();
    let next = next.split('"').next().unwrap().replace("&amp;", "&");
    let second = page(&p, CONSOLE, &format!("/audit/entries?{next}"), &audit).await;
    let rows = |html: &str| (html.matches("<tr>").count() - 1, html.matches(">other<").count());
    assert_eq!((rows(&first), rows(&second)), ((50, 0), (30, 0)), "{next}");
}

#[tokio::test]
async fn what_is_written_about_somebody_is_destroyed_only_when_their_account_is_closed() {
    let p = city().await;
    let wang = person(&p, "wang").await;
    p.audit.record(vec![read_of(wang.clone())]).await.unwrap();
    let audit = console(&p, "city-audit").await;
    let body = "account=wang&reason=letter+7&agree=true";
    let open = form(&p, CONSOLE, "/audit/erasure", &audit, body).await;
    assert!(open.status == StatusCode::UNPROCESSABLE_ENTITY && open.text().contains("id=\"account-error\""));
    p.identity.set_disabled("wang", true, "city-security").await.unwrap();
    let done = form(&p, CONSOLE, "/audit/erasure", &audit, body).await;
    assert!(done.location().starts_with("/audit/erasure?erased="), "{}", done.text());
    assert!(p.audit.entries_about(&wang, &[], None, 10).await.unwrap().entries.is_empty());
}

#[tokio::test]
async fn the_json_api_names_the_wrong_field() {
    let p = city().await;
    let wrong = |answer: &Answered| {
        let body = answer.json();
        body["errors"].as_array().map(|e| e.iter().map(|e| e["field"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    let r = only_request(&p).await;
    for (path, body, field) in [
        (format!("/api/v1/hub/requests/{}/refuse", r.id), json!({}), "reason"),
        (format!("/api/v1/hub/requests/{}/approve", r.id), json!({ "field": "name", "mask.name": "x" }), "mask.name"),
        (
            format!("/api/v1/hub/requests/{}/approve", r.id),
            json!({ "field": "name", "access": "get", "until": "x" }),
            "until",
        ),
        (format!("/api/v1/hub/requests/{}/approve", r.id), json!({ "field": "address", "access": "get" }), "fields"),
        (
            "/api/v1/hub/corrections".to_owned(),
            json!({ "dataset": "population.person", "key": "1", "item": "name" }),
            "reason",
        ),
    ] {
        let answer = json_call(&p, "city-data", "POST", &path, body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(wrong(&answer).unwrap(), [field], "{path}");
    }
    let unknown =
        json_call(&p, "city-data", "POST", "/api/v1/hub/catalogue", json!({ "id": "a.b", "colour": 1 })).await;
    assert!(unknown.status == StatusCode::UNPROCESSABLE_ENTITY && unknown.text().contains("colour"));
    let citizen = json_call(&p, "wang", "GET", "/api/v1/hub/catalogue", json!({})).await;
    assert_eq!(citizen.status, StatusCode::FORBIDDEN);
    let quality = json_call(&p, "city-data", "GET", "/api/v1/hub/quality", json!({})).await.json();
    let people = quality["datasets"].as_array().unwrap().iter().find(|d| d["dataset"] == "population.person").unwrap();
    assert_eq!(people["records"], 2);
    assert!(people["items"].as_array().unwrap().iter().any(|i| i["name"] == "birth_date" && i["filled"] == 2));
}

#[tokio::test]
async fn every_new_page_stands_in_its_frame() {
    let p = city().await;
    let cookie = p.cookie("wang").await;
    for path in [
        "/my-data",
        "/my-data/reads",
        "/consents",
        "/my-data/corrections",
        "/my-data/copy",
        "/my-data/erasure",
        "/my-data/apps/reader",
    ] {
        page(&p, PORTAL, path, &cookie).await;
    }
    let data = console(&p, "city-data").await;
    for path in [
        "/hub",
        "/hub/datasets/new",
        "/hub/datasets/population.person",
        "/hub/datasets/population.person/edit",
        "/hub/requests",
        "/hub/requests?box=out",
        "/hub/grants",
        "/hub/corrections",
        "/hub/corrections/new",
        "/hub/quality",
    ] {
        page(&p, CONSOLE, path, &data).await;
    }
    let audit = console(&p, "city-audit").await;
    for path in ["/audit", "/audit/entries", "/audit/log", "/audit/erasure"] {
        page(&p, CONSOLE, path, &audit).await;
    }
    for path in ["/my-data", "/my-data/reads", "/my-data/copy/my-data.json"] {
        assert!(p.get(PORTAL, path).await.location().contains("/sign-in"), "{path}");
    }
}
