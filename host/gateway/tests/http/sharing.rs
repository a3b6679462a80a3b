//! The information hub at the portal and the console: what people see, ask for and decide, and who may not.

use crate::platform::*;
use axum::body::Body;
use http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use yunlong_audit::{Entry, EntryFilter, HiddenBy, Outcome};
use yunlong_gateway::{Install, Publisher};
use yunlong_hub::{Actor, ImportRow, NewImport, RequestFilter};
use yunlong_identity::{AccountKind, Attributes, NewAccount, PlatformRole};
use yunlong_model::{InstallationName, Kind, PersonId, Timestamp};
use yunlong_store::documents::Schema;
use yunlong_store::{Key, Txn};

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
    [collections.personal]
    title = { zh = "您的优待证", en = "Your cards" }
    subject = "owner"
    index = "by-owner"
    fields = ["holder.name"]
    labels = { "holder.name" = { zh = "持证人", en = "Holder" } }
    on_erasure = "clear"
    [[collections.indexes]]
    name = "by-owner"
    fields = ["owner"]
    [[collections]]
    name = "drafts"
    [collections.personal]
    title = { zh = "您的草稿", en = "Your drafts" }
    subject = "owner"
    index = "by-owner"
    on_erasure = "delete"
    [[collections.indexes]]
    name = "by-owner"
    fields = ["owner"]
    [[collections]]
    name = "bills"
    [collections.personal]
    title = { zh = "您的账单", en = "Your bills" }
    subject = "owner"
    index = "by-owner"
    on_erasure = "keep"
    law = "会计法第二十三条"
    [[collections.indexes]]
    name = "by-owner"
    fields = ["owner"]
"#;

/// A synthetic number with its check digit (GB 11643).
fn resident_id(first: &str) -> String {
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
    let review = operations.publish(package(READER, &p.key), &Publisher::administrator("city-admin")).await.unwrap();
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

async fn person(p: &Platform, account: &str) -> PersonId {
    p.identity.person_of_account(account).await.unwrap()
}

fn read_of(person: PersonId) -> Entry {
    Entry {
        organization: Some("320311".into()),
        installation: Some(reader()),
        about: Some(person),
        dataset: Some("population.person".into()),
        purpose: Some("concession-check".into()),
        basis: Some("consent".into()),
        fields: vec!["birth_date".into()],
        ..Entry::new("data.read", "service:reader", Kind::Service)
    }
}

async fn page(p: &Platform, host: &str, path: &str, cookie: &str) -> String {
    let answer = p.send(get(host, path).header("cookie", cookie).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    let html = answer.text();
    assert_eq!(html.matches("<h1").count(), 1, "{path}");
    assert!(!html.contains("<script") && !html.contains("style=\"") && html.contains("/help"), "{path}");
    html
}

async fn form(p: &Platform, host: &str, path: &str, cookie: &str, body: &str) -> Answered {
    p.send(form_post(host, path).header("cookie", cookie).body(body.to_owned().into()).unwrap()).await
}

async fn console(p: &Platform, account: &str) -> String {
    let portal = p.cookie(account).await;
    p.sign_on(&portal, CONSOLE, "/").await.0
}

async fn json_call(p: &Platform, account: &str, method: &str, path: &str, body: Value) -> Answered {
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

async fn only_request(p: &Platform) -> yunlong_hub::Request {
    let filter = RequestFilter { installation: Some(reader()), ..RequestFilter::default() };
    p.hub.requests(&filter, None, 10).await.unwrap().requests.remove(0)
}

async fn approve(p: &Platform) {
    let (console, r) = (console(p, "city-data").await, only_request(p).await);
    let body =
        "field=birth_date&mask.birth_date=age&field=name&mask.name=plain&access=get&rows=own&roles=&only=&until=";
    let done = form(p, CONSOLE, &format!("/hub/requests/{}/approve", r.id), &console, body).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
}

#[tokio::test]
async fn a_person_sees_what_is_held_about_them_and_nobody_elses() {
    let p = city().await;
    let cookie = p.cookie("wang").await;
    let html = page(&p, PORTAL, "/my-data", &cookie).await;
    for part in ["人口基本信息", "王小明", "1960-01-01", "男", "徐州市", "申请更正"] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("赵小红"), "another person’s record");
    let id = resident_id("32030219600101999");
    assert!(!html.contains(&id), "a sensitive value stands uncovered on the screen");
    assert!(page(&p, PORTAL, "/my-data?show=all", &cookie).await.contains(&id));
    assert!(page(&p, PORTAL, "/my-data", &p.cookie("li-hua").await).await.contains("没有登记身份证号码"));
}

#[tokio::test]
async fn a_read_is_listed_at_once_in_words_and_a_refusal_as_such() {
    let p = city().await;
    let cookie = p.cookie("wang").await;
    let wang = person(&p, "wang").await;
    let denied = Entry {
        outcome: Outcome::Denied("consent-required".into()),
        action: "data.denied".into(),
        ..read_of(wang.clone())
    };
    p.audit.record(vec![denied, read_of(wang), read_of(person(&p, "zhao").await)]).await.unwrap();
    let html = page(&p, PORTAL, "/my-data/reads", &cookie).await;
    for part in [
        "泉山区的应用“优待证”读取了您的出生日期（人口基本信息）",
        "核对优惠票资格",
        "本人同意",
        "已拒绝",
        "您没有同意，或者已经撤回",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert_eq!(html.matches("<li><p").count(), 2, "one read, one refusal");
    let english = p
        .send(
            get(PORTAL, "/my-data/reads")
                .header("cookie", &cookie)
                .header("accept-language", "en")
                .body(Body::empty())
                .unwrap(),
        )
        .await
        .text();
    assert!(english.contains("read your Date of birth (Residents)"), "{english}");
    assert!(page(&p, PORTAL, "/my-data/reads?app=tickets", &cookie).await.contains("没有符合的记录"));
    assert!(page(&p, PORTAL, "/my-data/reads?app=-", &cookie).await.contains("查看"), "what the person looked at");
}

#[tokio::test]
async fn the_proof_of_an_entry_is_for_its_person_alone() {
    let p = city().await;
    p.audit.record(vec![read_of(person(&p, "wang").await)]).await.unwrap();
    p.audit.sequence_once().await.unwrap();
    let page_of = p.audit.entries_about(&person(&p, "wang").await, &[], None, 10).await.unwrap();
    let index = page_of.entries[0].index.unwrap();
    let cookie = p.cookie("wang").await;
    assert!(page(&p, PORTAL, &format!("/my-data/reads/{index}"), &cookie).await.contains(&p.audit.vkey()));
    let path = format!("/my-data/reads/{index}.json");
    let mine = p.send(get(PORTAL, &path).header("cookie", &cookie).body(Body::empty()).unwrap()).await.json();
    assert_eq!((mine["index"].as_u64(), mine["opened"]["salt"].is_string()), (Some(index), true));
    let other = p.send(get(PORTAL, &path).header("cookie", p.cookie("zhao").await).body(Body::empty()).unwrap()).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_a_legal_order_hides_appears_when_it_ends() {
    let p = city().await;
    let security = console(&p, "city-security").await;
    let body = "reference=%E5%BE%90%E5%85%AC2026-1&authority=X&law=Y&installation=reader&dataset=population.person&resident_id=&until=2026-10-01";
    let registered = form(&p, CONSOLE, "/hub/orders", &security, body).await;
    assert_eq!(registered.status, StatusCode::SEE_OTHER, "{}", registered.text());
    let order = p.hub.standing_orders().await.unwrap().remove(0);
    let hidden = HiddenBy { order: order.clone(), until: Timestamp(i64::MAX) };
    p.audit.record(vec![Entry { hidden: Some(hidden), ..read_of(person(&p, "wang").await) }]).await.unwrap();
    let cookie = p.cookie("wang").await;
    assert!(page(&p, PORTAL, "/my-data/reads", &cookie).await.contains("没有符合的记录"));
    assert!(page(&p, CONSOLE, "/hub/orders", &security).await.contains("徐公2026-1"));
    let ended = form(&p, CONSOLE, &format!("/hub/orders/{order}/end"), &security, "reason=over").await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER);
    assert!(page(&p, PORTAL, "/my-data/reads", &cookie).await.contains("优待证"));
    for who in ["city-admin", "city-data", "city-audit"] {
        let cookie = console(&p, who).await;
        let refused = p.send(get(CONSOLE, "/hub/orders").header("cookie", &cookie).body(Body::empty()).unwrap()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{who}");
    }
}

#[tokio::test]
async fn each_use_of_a_dataset_is_consented_to_alone_and_taken_back_at_once() {
    let p = city().await;
    let cookie = p.cookie("wang").await;
    let asked = page(&p, PORTAL, "/consent?installation=reader&scope=concession-check&return=/card", &cookie).await;
    for part in ["泉山区", "优待证", "人口基本信息", "核对优惠票资格", "出生日期", "姓名", "只在您本人使用该服务时"]
    {
        assert!(asked.contains(part), "{part}");
    }
    let decide =
        |decision: &str| format!("installation=reader&scope=concession-check&return=/card&decision={decision}");
    let given = form(&p, PORTAL, "/consent", &cookie, &decide("give")).await;
    assert_eq!(given.location(), "http://reader.localhost:8080/card");
    assert_eq!(p.identity.consented("wang", &reader()).await.unwrap(), ["concession-check"]);
    let listed = page(&p, PORTAL, "/consents", &cookie).await;
    assert!(listed.contains("人口基本信息：出生日期、姓名"), "{listed}");
    form(&p, PORTAL, "/consents/withdraw", &cookie, "installation=reader&scope=concession-check").await;
    assert!(p.identity.consented("wang", &reader()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_correction_is_filed_by_its_person_and_answered_by_the_authority() {
    let p = city().await;
    let cookie = p.cookie("wang").await;
    let html = page(&p, PORTAL, "/my-data", &cookie).await;
    let start = html.find("/my-data/corrections/new?").unwrap();
    let link = html[start..].split('"').next().unwrap().replace("&amp;", "&");
    let link = link.split("&item=").next().unwrap().to_owned();
    let record = html[start..].split("record=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(page(&p, PORTAL, &format!("{link}&item=name&record={record}"), &cookie).await.contains("王小明"));
    let body = |claimed: &str| {
        format!("dataset=population.person&record={record}&item=name&claimed={claimed}&reason=typo&evidence=")
    };
    let same = form(&p, PORTAL, "/my-data/corrections/new", &cookie, &body("%E7%8E%8B%E5%B0%8F%E6%98%8E")).await;
    assert_eq!(same.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(same.text().contains("id=\"claimed-error\""), "{}", same.text());
    let filed = form(&p, PORTAL, "/my-data/corrections/new", &cookie, &body("%E7%8E%8B%E5%B0%8F%E9%B8%A3")).await;
    assert_eq!(filed.location(), "/my-data/corrections?done=1");
    assert!(page(&p, PORTAL, "/my-data/corrections", &cookie).await.contains("待受理"));
    // Nobody files one about somebody else’s record.
    let other = form(&p, PORTAL, "/my-data/corrections/new", &p.cookie("zhao").await, &body("X")).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);

    let desk = console(&p, "city-data").await;
    let queue = page(&p, CONSOLE, "/hub/corrections?open=true", &desk).await;
    let id = queue
        .split("/hub/corrections/")
        .skip(1)
        .find_map(|s| s.split('"').next().filter(|i| i.len() > 20))
        .unwrap()
        .to_owned();
    let path = format!("/hub/corrections/{id}");
    assert!(page(&p, CONSOLE, &path, &desk).await.contains("王小鸣"));
    for (act, body) in [("accept", ""), ("correct", "value=%E7%8E%8B%E5%B0%8F%E9%B8%A3&valid_from=&answer=checked")] {
        let done = form(&p, CONSOLE, &format!("{path}/{act}"), &desk, body).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{act}: {}", done.text());
    }
    let answered = page(&p, PORTAL, "/my-data/corrections", &cookie).await;
    assert!(answered.contains("已更正") && answered.contains("checked"));
    assert!(page(&p, PORTAL, "/my-data", &cookie).await.contains("王小鸣"));
    let strange = console(&p, "quanshan-admin").await;
    let refused = p.send(get(CONSOLE, &path).header("cookie", &strange).body(Body::empty()).unwrap()).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "another department’s correction is not there");
}

async fn keep(p: &Platform, collection: &str, id: &str, account: &str) {
    let i = p.installations.get(&reader()).unwrap();
    let schema = Schema::new(&i.name, &i.manifest).with_keys(p.identity.field_keys().clone());
    let body =
        json!({ "owner": p.identity.subject(&reader(), account), "holder": { "name": "王小明", "no": 7 }, "price": 3 });
    let mut txn = Txn::new(p.store.clone());
    schema.put(&mut txn, collection, id, &body.to_string()).await.unwrap();
    txn.commit().await.unwrap();
}

async fn kept(p: &Platform, collection: &str, id: &str) -> Option<Value> {
    let i = p.installations.get(&reader()).unwrap();
    let schema = Schema::new(&i.name, &i.manifest).with_keys(p.identity.field_keys().clone());
    let found = schema.get_committed(&p.store, collection, id).await.unwrap();
    found.map(|d| serde_json::from_str(&d.body).unwrap())
}

#[tokio::test]
async fn what_an_app_keeps_is_shown_and_erased_as_its_manifest_says() {
    let p = city().await;
    let cookie = p.cookie("wang").await;
    for n in 0..120 {
        keep(&p, "drafts", &format!("d{n}"), "wang").await;
    }
    keep(&p, "cards", "c1", "wang").await;
    keep(&p, "cards", "c2", "zhao").await;
    keep(&p, "bills", "b1", "wang").await;
    let html = page(&p, PORTAL, "/my-data", &cookie).await;
    assert!(html.contains("您的优待证：1 条") && html.contains("您的草稿：120 条"), "{html}");
    let app = page(&p, PORTAL, "/my-data/apps/reader", &cookie).await;
    assert!(app.contains("持证人") && !app.contains("&quot;") && app.contains("会计法第二十三条"));
    assert!(page(&p, PORTAL, "/my-data/apps/reader/erase", &cookie).await.contains("不能撤销"));
    let unconfirmed = form(&p, PORTAL, "/my-data/apps/reader/erase", &cookie, "").await;
    assert_eq!(unconfirmed.status, StatusCode::UNPROCESSABLE_ENTITY);
    let erased = form(&p, PORTAL, "/my-data/apps/reader/erase", &cookie, "agree=true").await;
    assert_eq!(erased.location(), "/my-data/apps/reader?done=1");
    assert_eq!(kept(&p, "drafts", "d0").await, None);
    let card = kept(&p, "cards", "c1").await.unwrap();
    assert_eq!((&card["holder"], &card["price"]), (&json!({ "no": 7 }), &json!(3)), "the rest stays");
    assert_ne!(card["owner"], json!(p.identity.subject(&reader(), "wang")));
    assert_eq!(kept(&p, "cards", "c2").await.unwrap()["holder"]["name"], "王小明", "another person’s");
    assert!(kept(&p, "bills", "b1").await.is_some(), "what a law keeps");
    let done = page(&p, PORTAL, "/my-data/apps/reader", &cookie).await;
    assert!(done.contains("删除 120 条，清除个人信息 1 条，依法保留 1 条"), "{done}");
    let filter = EntryFilter { action: "personal.".into(), ..EntryFilter::default() };
    let log = p.audit.search(&filter, None, 50).await.unwrap();
    assert_eq!(log.entries.len(), 4, "one for each step: three of deleting, one of clearing");
}

#[tokio::test]
async fn an_erasure_that_was_cut_short_is_finished_at_the_next_start() {
    let p = city().await;
    for n in 0..3 {
        keep(&p, "drafts", &format!("d{n}"), "wang").await;
    }
    // As it stands when the server is killed right behind the first commit.
    let table = |name: &str| Key::space("@personal").text(name).text("wang").text("reader");
    let begun = json!({
        "account": "wang", "installation": "reader", "asked_at": 1, "finished_at": null, "deleted": 50, "cleared": 0,
        "kept": 0, "request_id": "r",
    });
    let mut txn = Txn::new(p.store.clone());
    txn.put_as(table("erasure"), &begun);
    txn.put_as(table("open-erasure"), &("wang", "reader"));
    txn.commit().await.unwrap();
    p.gateway.operations().finish_erasures().await.unwrap();
    assert_eq!(kept(&p, "drafts", "d0").await, None);
    let html = page(&p, PORTAL, "/my-data/apps/reader", &p.cookie("wang").await).await;
    assert!(html.contains("删除 53 条"), "what was counted before the kill is counted once: {html}");
    assert_eq!(p.store.get(&table("open-erasure")).await.unwrap(), None);
}

#[tokio::test]
async fn a_copy_holds_everything_and_is_no_formula() {
    let p = city().await;
    let cookie = p.cookie("wang").await;
    keep(&p, "cards", "=1+1", "wang").await;
    p.audit.record(vec![read_of(person(&p, "wang").await)]).await.unwrap();
    form(&p, PORTAL, "/consent", &cookie, "installation=reader&scope=concession-check&return=/&decision=give").await;
    let download = |file: &str| {
        let request =
            get(PORTAL, &format!("/my-data/copy/{file}")).header("cookie", &cookie).body(Body::empty()).unwrap();
        p.send(request)
    };
    let copy = download("my-data.json").await;
    assert!(copy.header("content-disposition").contains("attachment"));
    let copy = copy.json();
    assert_eq!(copy["records"][0]["fields"]["name"], "王小明");
    assert_eq!(copy["apps"][0]["data"], json!({ "holder": { "name": "王小明" } }));
    assert_eq!(copy["consents"][0]["scope"], "concession-check");
    assert_eq!(copy["reads"][0]["fields"], json!(["birth_date"]));
    let csv = download("my-data.csv").await.text();
    assert!(csv.starts_with('\u{feff}') && csv.contains("\"持证人\"") && csv.contains("\"'=1+1\""), "{csv}");
    assert!(csv.contains("读取了您的出生日期"));
    assert_eq!(download("other.txt").await.status, StatusCode::NOT_FOUND);
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
