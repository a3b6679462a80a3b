//! "My data" at the portal: what people see of themselves, copy, have corrected and erased.

use crate::platform::*;
use crate::sharing::{city, console, form, page, person, read_of, reader, resident_id};
use axum::body::Body;
use http::StatusCode;
use serde_json::{Value, json};
use yunlong_audit::{Entry, EntryFilter, HiddenBy, Outcome};
use yunlong_model::Timestamp;
use yunlong_store::documents::Schema;
use yunlong_store::{Key, Txn};

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
    p.gateway.operations().uninstall(&reader(), "quanshan-admin").await.unwrap();
    let html = page(&p, PORTAL, "/my-data/reads", &cookie).await;
    assert!(html.contains("核对优惠票资格") && !html.contains("concession-check"), "the words of then: {html}");
}

#[tokio::test]
async fn the_proof_of_an_entry_is_for_its_person_alone() {
    let p = city().await;
    p.audit.record(vec![read_of(person(&p, "wang").await)]).await.unwrap();
    p.audit.sequence_once().await.unwrap();
    let page_of = p.audit.entries_about(&person(&p, "wang").await, &[], None, 10).await.unwrap();
    let index = page_of.entries[0].index.unwrap();
    let cookie = p.cookie("wang").await;
    let html = page(&p, PORTAL, &format!("/my-data/reads/{index}"), &cookie).await;
    for part in ["核验通过", "还没有平台以外的见证方", "给专业人士", &p.audit.vkey()] {
        assert!(html.contains(part), "{part}: {html}");
    }
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

pub async fn keep(p: &Platform, collection: &str, id: &str, account: &str) {
    let body = json!({
        "owner": p.identity.subject(&reader(), account), "holder": { "name": "王小明", "no": 7, "hash": "ab12" }, "price": 3,
        "class": "s", "fee": 1080,
    });
    put(p, collection, id, &body).await;
}

async fn put(p: &Platform, collection: &str, id: &str, body: &Value) {
    let i = p.installations.get(&reader()).unwrap();
    let schema = Schema::new(&i.name, &i.manifest).with_keys(p.identity.field_keys().clone());
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
    for part in ["持证人", "会计法第二十三条", "<dd>老年</dd>", "¥10.80", "加密后的摘要"] {
        assert!(app.contains(part), "{part}: {app}");
    }
    assert!(!app.contains("&quot;") && !app.contains("ab12"), "what means nothing to a person: {app}");
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
async fn each_of_two_people_in_a_document_sees_copies_and_erases_their_own_part() {
    let p = city().await;
    let (wang, zhao) = (p.cookie("wang").await, p.cookie("zhao").await);
    let body = json!({
        "owner": p.identity.subject(&reader(), "wang"), "holder": { "name": "王小明", "no": 7 },
        "guardian": { "subject": p.identity.subject(&reader(), "zhao"), "phone": "19900000001" },
    });
    put(&p, "cards", "c1", &body).await;
    let path = "/my-data/apps/reader";
    let (owner, guardian) = (page(&p, PORTAL, path, &wang).await, page(&p, PORTAL, path, &zhao).await);
    assert!(owner.contains("王小明") && !owner.contains("19900000001"), "{owner}");
    assert!(guardian.contains("您监护的优待证") && guardian.contains("19900000001"), "{guardian}");
    assert!(!guardian.contains("王小明"), "the owner’s name is not the guardian’s: {guardian}");
    assert!(page(&p, PORTAL, "/my-data", &zhao).await.contains("您监护的优待证：1 条"));
    let copy = get(PORTAL, "/my-data/copy/my-data.json").header("cookie", &zhao).body(Body::empty()).unwrap();
    let copy = p.send(copy).await.json();
    assert_eq!(copy["apps"].as_array().unwrap().len(), 1);
    assert_eq!(copy["apps"][0]["data"], json!({ "guardian": { "phone": "19900000001" } }));

    let erased = form(&p, PORTAL, &format!("{path}/erase"), &zhao, "agree=true").await;
    assert_eq!(erased.status, StatusCode::SEE_OTHER, "{}", erased.text());
    let card = kept(&p, "cards", "c1").await.unwrap();
    assert_eq!(card["holder"], json!({ "name": "王小明", "no": 7 }), "the owner’s part stays");
    assert_eq!(card["owner"], body["owner"]);
    assert!(
        card["guardian"]["phone"].is_null() && card["guardian"]["subject"] != body["guardian"]["subject"],
        "{card}"
    );
    assert!(page(&p, PORTAL, path, &wang).await.contains("王小明"));
    assert!(page(&p, PORTAL, path, &zhao).await.contains("没有保存关于您的记录"));
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

async fn download(p: &Platform, cookie: &str, file: &str) -> Answered {
    let path = format!("/my-data/copy/{file}");
    p.send(get(PORTAL, &path).header("cookie", cookie).body(Body::empty()).unwrap()).await
}

/// The rows of a CSV, each with its cells.
fn cells(csv: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let (mut quoted, mut all) = (false, csv.trim_start_matches('\u{feff}').chars().peekable());
    while let Some(c) = all.next() {
        let cell = rows.last_mut().unwrap().last_mut().unwrap();
        match (c, quoted) {
            ('"', true) if all.peek() == Some(&'"') => cell.push(all.next().unwrap()),
            ('"', _) => quoted = !quoted,
            (',', false) => rows.last_mut().unwrap().push(String::new()),
            ('\r', false) => {}
            ('\n', false) => rows.push(vec![String::new()]),
            (c, _) => cell.push(c),
        }
    }
    rows.retain(|r| r.len() > 1);
    rows
}

#[tokio::test]
async fn a_copy_holds_everything_and_is_no_formula() {
    let p = city().await;
    let cookie = p.cookie("wang").await;
    keep(&p, "cards", "=1+1", "wang").await;
    p.audit.record(vec![read_of(person(&p, "wang").await)]).await.unwrap();
    form(&p, PORTAL, "/consent", &cookie, "installation=reader&scope=concession-check&return=/&decision=give").await;
    let claim = "dataset=population.person&item=name&claimed=%E7%8E%8B%E5%B0%8F%E9%B8%A3&reason=typo&evidence=book";
    let filed = form(&p, PORTAL, "/my-data/corrections/new", &cookie, claim).await;
    assert_eq!(filed.status, StatusCode::SEE_OTHER, "{}", filed.text());
    let copy = download(&p, &cookie, "my-data.json").await;
    assert!(copy.header("content-disposition").contains("attachment"));
    let copy = copy.json();
    let csv = download(&p, &cookie, "my-data.csv").await.text();
    assert!(csv.starts_with('\u{feff}') && csv.contains("\"'=1+1\""), "{csv}");
    let rows = cells(&csv);
    let part = |name: &str| rows.iter().filter(|r| r[0] == name).collect::<Vec<_>>();
    let told = |name: &str, item: &str| {
        let found = part(name).into_iter().find(|r| r[3] == item).unwrap_or_else(|| panic!("{name} {item}: {csv}"));
        found[4].clone()
    };
    // The two formats side by side, part for part.
    let parts: Vec<&str> = copy
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, v)| v.is_array() || v.is_object())
        .map(|(k, _)| k.as_str())
        .collect();
    let mut known = ["account", "apps", "consents", "corrections", "reads", "records"].to_vec();
    known.sort_unstable();
    let mut sorted = parts.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, known, "a part that is new in one format is to be in both");
    let account = &copy["account"];
    assert_eq!(account["name"], told("账号", "账号"));
    assert_eq!(account["real_name"], told("账号", "姓名"));
    assert_eq!(account["resident_id"], told("账号", "公民身份号码"));
    assert_eq!(account["resident_id"], resident_id("32030219600101999"));
    let fields = copy["records"][0]["fields"].as_object().unwrap();
    assert_eq!(fields["name"], told("部门登记", "姓名"));
    let recorded: usize =
        copy["records"].as_array().unwrap().iter().map(|r| r["fields"].as_object().unwrap().len()).sum();
    assert_eq!(recorded, part("部门登记").len());
    assert_eq!((copy["consents"].as_array().unwrap().len(), part("授权").len()), (1, 1));
    assert_eq!(copy["consents"][0]["scope"], "concession-check");
    let correction = &copy["corrections"][0];
    assert_eq!(correction["id"], part("更正")[0][2].as_str());
    assert_eq!(correction["was"], told("更正", "原登记"));
    assert_eq!(correction["claim"]["value"], told("更正", "您认为应为"));
    assert_eq!(correction["reason"], told("更正", "为什么"));
    assert_eq!(correction["evidence"], told("更正", "证明材料"));
    assert_eq!(
        copy["apps"][0]["data"],
        json!({ "holder": { "name": "王小明", "hash": "ab12" }, "class": "s", "fee": 1080 })
    );
    let app: Vec<_> = part("应用").into_iter().map(|r| (r[3].as_str(), r[4].as_str())).collect();
    assert_eq!(app, [("持证人", "王小明"), ("证件摘要", "ab12"), ("类别", "老年"), ("工本费", "¥10.80")]);
    let reads = copy["reads"].as_array().unwrap();
    assert_eq!(reads.len(), part("谁看过").len());
    let sentences: Vec<&str> = part("谁看过").into_iter().map(|r| r[1].as_str()).collect();
    assert_eq!(sentences, reads.iter().map(|r| r["sentence"]["zh"].as_str().unwrap()).collect::<Vec<_>>());
    assert!(sentences.iter().any(|s| s.contains("读取了您的出生日期")));
    assert_eq!(download(&p, &cookie, "other.txt").await.status, StatusCode::NOT_FOUND);
}

/// What the page offers to correct, and the record that it is about.
fn correction_link(html: &str, item: &str) -> Option<String> {
    let links = html.split("href=\"/my-data/corrections/new?").skip(1);
    let found = links.map(|l| l.split('"').next().unwrap().replace("&amp;", "&"));
    found.into_iter().find(|l| l.contains(&format!("item={item}&")))
}

#[tokio::test]
async fn what_is_missing_or_should_be_empty_or_is_not_ones_own_can_be_said() {
    let p = city().await;
    let cookie = p.cookie("wang").await;
    let html = page(&p, PORTAL, "/my-data", &cookie).await;
    assert!(html.contains("未登记"), "items without a value are listed, too");
    let absent = correction_link(&html, "mobile").expect("an item without a value has its form");
    let asked = page(&p, PORTAL, &format!("/my-data/corrections/new?{absent}"), &cookie).await;
    assert!(asked.contains("（未登记）") && !asked.contains("应当为空"), "there is nothing to empty: {asked}");
    let new = "/my-data/corrections/new";
    let body = |more: &str| format!("dataset=population.person&reason=why&evidence=&{more}");
    let filed = form(&p, PORTAL, new, &cookie, &body("item=mobile&claimed=19900000777")).await;
    assert_eq!(filed.status, StatusCode::SEE_OTHER, "{}", filed.text());
    // An optional item that has a value: it may be that there should be none.
    let number = resident_id("32030219600101999");
    let held = p.hub.records("population.person").unwrap();
    let body_of = held.current(&held.id(&number)).await.unwrap().unwrap().body;
    let dataset = p.hub.dataset("population.person").unwrap();
    let optional = dataset.items.iter().find(|i| !i.required && i.name != dataset.key && body_of.contains_key(&i.name));
    p.clock.advance(1_000);
    if let Some(item) = optional {
        let empty = form(&p, PORTAL, new, &cookie, &body(&format!("item={}&what=nothing&claimed=", item.name))).await;
        assert_eq!(empty.status, StatusCode::SEE_OTHER, "{}", empty.text());
        assert!(page(&p, PORTAL, "/my-data/corrections", &cookie).await.contains("（应为空）"));
    }
    let nothing = form(&p, PORTAL, new, &cookie, &body("item=name&what=value&claimed=")).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        nothing.text().contains("claimed-error") && nothing.text().contains(">why</textarea>"),
        "{}",
        nothing.text()
    );
    let not_mine = page(&p, PORTAL, "/my-data/corrections/new?dataset=population.person", &cookie).await;
    assert!(not_mine.contains("这条登记不是我的") && not_mine.contains("value=\"no-record\""), "{not_mine}");
    p.clock.advance(1_000);
    let filed = form(&p, PORTAL, new, &cookie, &body("what=no-record")).await;
    assert_eq!(filed.status, StatusCode::SEE_OTHER, "{}", filed.text());
    let listed = page(&p, PORTAL, "/my-data/corrections", &cookie).await;
    assert!(listed.contains("整条记录不应存在") && listed.contains("10 个工作日"), "{listed}");

    // Somebody who should be registered and is not.
    let missing = "/my-data/corrections/missing";
    let is_there = form(&p, PORTAL, missing, &cookie, "dataset=population.person&reason=why").await;
    assert!(is_there.status == StatusCode::UNPROCESSABLE_ENTITY && is_there.text().contains("dataset-error"));
    assert!(is_there.text().contains(">why</textarea>"), "what was typed stays: {}", is_there.text());
    crate::sharing::resident(&p, "sun", "32030219700101999").await;
    let cookie = p.cookie("sun").await;
    assert!(page(&p, PORTAL, "/my-data", &cookie).await.contains(missing));
    assert!(page(&p, PORTAL, missing, &cookie).await.contains("人口基本信息"));
    let filed = form(&p, PORTAL, missing, &cookie, "dataset=population.person&reason=why&evidence=").await;
    assert_eq!(filed.location(), "/my-data/corrections?done=1", "{}", filed.text());
    assert!(page(&p, PORTAL, "/my-data/corrections", &cookie).await.contains("应当有登记"));
    let desk = console(&p, "city-data").await;
    let queue = page(&p, CONSOLE, "/hub/corrections?open=true", &desk).await;
    assert!(queue.contains("整条记录"), "{queue}");
}

#[tokio::test]
async fn entries_of_one_app_are_found_behind_many_others() {
    let p = city().await;
    let wang = person(&p, "wang").await;
    p.audit.record(vec![read_of(wang.clone())]).await.unwrap();
    let other = |_| Entry { installation: Some("tickets".parse().unwrap()), ..read_of(wang.clone()) };
    p.audit.record((0..250).map(other).collect()).await.unwrap();
    let html = page(&p, PORTAL, "/my-data/reads?app=reader", &p.cookie("wang").await).await;
    assert_eq!(html.matches("<li><p").count(), 1, "{html}");
    assert!(!html.contains("更早的记录"), "there is no more of it");
}
