//! "My data" as the law has it: all that is held, whether it still holds or not; nothing sensitive uncovered for
//! whoever has the browser in hand; and an entry of the log for each part, before it leaves.

use crate::my_data::keep;
use crate::platform::*;
use crate::sharing::{city, console, form, page, person, resident_id};
use axum::body::Body;
use http::StatusCode;
use serde_json::{Value, json};
use tower::ServiceExt;
use yunlong_audit::{Entry, EntryFilter};
use yunlong_hub::{Authority, Fresh, Provenance};
use yunlong_store::Txn;

const RESIDENTS: &str = "population.person";

fn wang() -> String {
    resident_id("32030219600101999")
}

fn by_police(p: &Platform) -> Provenance {
    Provenance {
        organization: "320300".into(),
        by: "city-data".into(),
        through: "test".into(),
        at: yunlong_model::Clock::now(&*p.clock),
    }
}

/// Writes fields of Wang's record, from a day on.
async fn put(p: &Platform, from: &str, fields: Value) {
    let mut txn = Txn::new(p.store.clone());
    let mut writer = p.hub.writer(&mut txn, RESIDENTS).await.unwrap();
    let fresh = Fresh {
        key: wang(),
        fields: fields.as_object().unwrap().clone(),
        valid_from: from.parse().unwrap(),
        valid_to: None,
        provenance: by_police(p),
        based_on: None,
    };
    writer.put(&mut txn, &Authority::All, fresh).await.unwrap();
    writer.finish(&mut txn);
    txn.commit().await.unwrap();
}

/// Ends Wang's record.
async fn close(p: &Platform, to: &str) {
    let mut txn = Txn::new(p.store.clone());
    let mut writer = p.hub.writer(&mut txn, RESIDENTS).await.unwrap();
    writer.close(&mut txn, &Authority::All, &wang(), to.parse().unwrap(), by_police(p)).await.unwrap();
    writer.finish(&mut txn);
    txn.commit().await.unwrap();
}

async fn json_of(p: &Platform, path: &str, cookie: &str) -> Answered {
    let asked = get(PORTAL, path).header("cookie", cookie).header("accept", "application/json");
    p.send(asked.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn what_ended_was_replaced_or_stands_in_a_withdrawn_dataset_is_held_and_shown() {
    let p = city().await;
    let cookie = p.cookie("wang").await;
    put(&p, "2026-05-01", json!({ "name": "王晓明" })).await;
    put(&p, "2026-05-01", json!({ "name": "王笑明" })).await;
    let html = page(&p, PORTAL, "/my-data", &cookie).await;
    for part in ["王笑明", "以前的登记", "王小明", "至 2026-05-01 前有效", "已被更正或替换的登记", "王晓明"]
    {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(!html.contains(&wang()), "what is sensitive is covered in every version: {html}");
    assert!(page(&p, PORTAL, "/my-data?show=all", &cookie).await.matches(&wang()).count() >= 3);

    close(&p, "2026-08-01").await;
    let html = page(&p, PORTAL, "/my-data", &cookie).await;
    assert!(html.contains("王笑明") && html.contains("已失效"), "{html}");
    assert!(!html.contains("没有关于您的登记") && !html.contains("/my-data/corrections/new?"), "{html}");

    let desk = console(&p, "city-data").await;
    let withdrawn = form(&p, CONSOLE, "/hub/datasets/population.person/withdraw", &desk, "reason=x").await;
    assert_eq!(withdrawn.status, StatusCode::SEE_OTHER, "{}", withdrawn.text());
    let html = page(&p, PORTAL, "/my-data", &cookie).await;
    assert!(html.contains("王笑明") && html.contains("信息资源已撤回"), "{html}");

    let held = json_of(&p, "/my-data", &cookie).await.json();
    let copy = json_of(&p, "/my-data/copy/my-data.json", &cookie).await.json();
    for records in [&held["records"], &copy["records"]] {
        let record = &records[0];
        assert_eq!(records.as_array().unwrap().len(), 1, "{records}");
        assert_eq!((&record["publication"], &record["ended"]), (&json!("withdrawn"), &json!(true)));
        assert_eq!((&record["fields"]["name"], &record["valid_to"]), (&json!("王笑明"), &json!("2026-08-01")));
        assert_eq!(record["former"][0]["fields"]["name"], "王小明");
        assert_eq!(record["replaced"][0]["fields"]["name"], "王晓明");
    }
    let csv = json_of(&p, "/my-data/copy/my-data.csv", &cookie).await.text();
    for (part, name) in [("已失效", "王笑明"), ("以前", "王小明"), ("已替换", "王晓明")] {
        let has = |line: &str| line.starts_with(&format!("\"部门登记（{part}）\"")) && line.contains(name);
        assert!(csv.lines().any(has), "{part}: {csv}");
    }
}

/// What people looked at themselves, the newest first.
async fn shown(p: &Platform) -> Vec<Entry> {
    let filter = EntryFilter { action: "data.shown".into(), ..EntryFilter::default() };
    p.audit.search(&filter, None, 100).await.unwrap().entries.into_iter().map(|s| s.entry).collect()
}

#[tokio::test]
async fn each_part_of_ones_own_data_that_is_shown_is_an_entry_of_the_log() {
    let p = city().await;
    let cookie = p.cookie("wang").await;
    keep(&p, "cards", "c1", "wang").await;
    let claim = "dataset=population.person&item=name&claimed=%E7%8E%8B%E5%B0%8F%E9%B8%A3&reason=typo&evidence=";
    let filed = form(&p, PORTAL, "/my-data/corrections/new", &cookie, claim).await;
    assert_eq!(filed.status, StatusCode::SEE_OTHER, "{}", filed.text());

    page(&p, PORTAL, "/my-data/apps/reader", &cookie).await;
    let app = shown(&p).await.remove(0);
    assert_eq!((app.installation.unwrap().as_str(), app.target.as_str()), ("reader", "cards/by-owner"));
    assert_eq!(app.fields, ["holder.name", "class", "holder.hash", "fee"]);
    for json in [false, true] {
        let before = shown(&p).await.len();
        p.clock.advance(1_000);
        match json {
            true => drop(json_of(&p, "/my-data/corrections", &cookie).await.json()),
            false => drop(page(&p, PORTAL, "/my-data/corrections", &cookie).await),
        }
        let now = shown(&p).await;
        assert_eq!(now.len(), before + 1);
        assert_eq!((now[0].target.as_str(), now[0].dataset.as_deref()), ("corrections", Some(RESIDENTS)));
        assert_eq!(now[0].fields, ["name"]);
    }
    p.clock.advance(1_000);
    page(&p, PORTAL, "/account", &cookie).await;
    assert_eq!(shown(&p).await[0].fields, ["real-name", "resident-id"], "what the account holds");

    p.clock.advance(1_000);
    let (before, me) = (shown(&p).await.len(), person(&p, "wang").await);
    assert_eq!(json_of(&p, "/my-data/copy/my-data.json", &cookie).await.status, StatusCode::OK);
    let mut copied = shown(&p).await;
    copied.truncate(copied.len() - before);
    assert!(copied.iter().all(|e| e.about.as_ref() == Some(&me) && e.actor == "wang"), "{copied:?}");
    let mut parts: Vec<String> =
        copied.iter().map(|e| format!("{} {}", e.dataset.as_deref().unwrap_or("-"), e.target)).collect();
    parts.sort();
    assert_eq!(
        parts,
        ["- account", "- cards/by-owner", "- copy", "population.person ", "population.person corrections"]
    );
    let told = page(&p, PORTAL, "/my-data/reads?app=-", &cookie).await;
    for part in ["您本人查看了您的全部信息（下载副本）", "您本人查看了应用“优待证”保存的“您的优待证”"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[tokio::test]
async fn a_copy_is_written_down_before_its_first_byte_even_where_nothing_is_held() {
    let p = city().await;
    let cookie = p.cookie("li-hua").await;
    for format in ["json", "csv"] {
        p.clock.advance(1_000);
        let asked = get(PORTAL, &format!("/my-data/copy/my-data.{format}")).header("cookie", &cookie);
        let answer = p.router().oneshot(asked.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        // Nothing of the body was read yet.
        let first = shown(&p).await.remove(0);
        assert_eq!((first.target.as_str(), first.detail.as_str()), ("copy", format));
        assert_eq!(first.about, Some(person(&p, "li-hua").await));
    }
}

#[tokio::test]
async fn a_correction_covers_what_is_sensitive_and_uncovers_it_for_the_second_factor_alone() {
    let p = city().await;
    put(&p, "2026-05-01", json!({ "ethnicity": "彝族支系" })).await;
    let (_, cookie) = crate::factors::signed_in_with_a_phone(&p, "wang").await;
    let new = "/my-data/corrections/new?dataset=population.person&item=ethnicity";
    let asked = page(&p, PORTAL, new, &cookie).await;
    assert!(!asked.contains("彝族支系") && asked.contains("****"), "{asked}");
    let link = asked.split("href=\"").find(|l| l.contains("show=all")).unwrap().split('"').next().unwrap();
    let link = link.replace("&amp;", "&");
    assert!(page(&p, PORTAL, &link, &cookie).await.contains("彝族支系"), "it was shown a moment ago");

    p.clock.advance(11 * 60_000);
    let look =
        async |path: &str| p.send(get(PORTAL, path).header("cookie", &cookie).body(Body::empty()).unwrap()).await;
    assert!(look(&link).await.location().contains("/step-up?"));
    assert!(!page(&p, PORTAL, new, &cookie).await.contains("彝族支系"));
    let claim = "dataset=population.person&item=ethnicity&claimed=%E7%99%BD%E6%97%8F%E6%94%AF&reason=typo&evidence=";
    let program = form_post(PORTAL, "/my-data/corrections/new").header("cookie", &cookie);
    let filed = p.send(program.header("accept", "application/json").body(claim.to_owned().into()).unwrap()).await;
    assert_eq!(filed.status, StatusCode::CREATED, "{}", filed.text());
    assert_eq!(filed.json()["was"], "****", "it is filed, and tells nothing that is covered");
    let list = page(&p, PORTAL, "/my-data/corrections", &cookie).await;
    assert!(!list.contains("彝族支系") && !list.contains("白族支"), "what was claimed is as sensitive: {list}");
    assert!(list.contains("/my-data/corrections?show=all"), "{list}");
}
