//! What decides on the hub's data at the console: for administrators alone, who show their second factor; and
//! what its programs' API never tells.

use crate::platform::*;
use crate::sharing::{city, console, form, json_call, page, person, resident_id};
use axum::body::Body;
use http::StatusCode;
use serde_json::json;
use yunlong_audit::EntryFilter;
use yunlong_identity::{AccountKind, Attributes, NewAccount};

const RESIDENTS: &str = "population.person";

/// A clerk of an organization, who administers nothing.
async fn clerk(p: &Platform, name: &str, organization: &str) {
    let new = NewAccount {
        name: name.into(),
        kind: AccountKind::Official,
        password: PASSWORD.into(),
        organization: Some(organization.into()),
        attributes: Attributes::default(),
        platform_roles: vec![],
    };
    p.identity.create_account(new).await.unwrap();
}

#[tokio::test]
async fn a_clerk_of_the_provider_neither_chooses_the_class_nor_reads_the_register_out() {
    let p = city().await;
    clerk(&p, "data-clerk", "320300").await;
    let before = p.hub.catalogue_entry(RESIDENTS).unwrap();
    let why = json!({ "dataset": RESIDENTS, "reason": "年度核对", "law": "《示例条例》第九条" });
    let conditional = json!({ "sharing": "conditional", "condition_zh": "任意", "condition_en": "any" });
    let at = |act: &str| format!("/api/v1/hub/catalogue/{RESIDENTS}/{act}");
    for (path, body) in [
        (at("sharing"), conditional.clone()),
        (at("authority"), json!({ "item": "mobile", "authority": "320311" })),
        (at("withdraw"), json!({ "reason": "测试" })),
        ("/api/v1/hub/exports".to_owned(), why.clone()),
    ] {
        let refused = json_call(&p, "data-clerk", "POST", &path, body).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}: {}", refused.text());
    }
    let mut general = serde_json::to_value(&*before.dataset).unwrap();
    general["openness"] = "conditional".into();
    let edit = json!({ "version": before.version, "dataset": general });
    let refused = json_call(&p, "data-clerk", "PUT", &format!("/api/v1/hub/catalogue/{RESIDENTS}"), edit).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text());
    assert_eq!(p.hub.catalogue_entry(RESIDENTS).unwrap(), before);
    let html = page(&p, CONSOLE, &format!("/hub/datasets/{RESIDENTS}"), &console(&p, "data-clerk").await).await;
    assert!(html.contains("管理员决定") && !html.contains("/withdraw\""), "{html}");

    let set = json_call(&p, "city-data", "POST", &at("sharing"), conditional).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text());
    let open = json_call(&p, "city-data", "POST", &at("sharing"), json!({ "sharing": "unconditional" })).await;
    assert_eq!(open.status, StatusCode::UNPROCESSABLE_ENTITY, "it is about persons: {}", open.text());

    let begun = json_call(&p, "city-data", "POST", "/api/v1/hub/exports", why).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text());
    let records = format!("/api/v1/hub/exports/{}/records", begun.json()["id"].as_str().unwrap());
    let read = json_call(&p, "city-data", "GET", &records, json!({})).await.json();
    assert_eq!(read["records"].as_array().unwrap().len(), 2);
    let other = json_call(&p, "data-clerk", "GET", &records, json!({})).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND, "{}", other.text());
    let told = page(&p, PORTAL, "/my-data/reads", &p.cookie("wang").await).await;
    assert!(told.contains("导出了") && told.contains("年度核对") && told.contains("《示例条例》第九条"), "{told}");
}

#[tokio::test]
async fn what_decides_on_the_data_asks_for_the_second_factor() {
    let p = city().await;
    let (_, cookie) = crate::factors::signed_in_with_a_phone(&p, "city-data").await;
    let console = p.sign_on(&cookie, CONSOLE, "/").await.0;
    p.clock.advance(11 * 60_000);
    let base = format!("/hub/datasets/{RESIDENTS}");
    for (act, body) in [
        ("sharing", "sharing=conditional&condition_zh=a&condition_en=b"),
        ("authority", "item=mobile&authority=320311"),
        ("withdraw", "reason=x"),
    ] {
        let asked = form(&p, CONSOLE, &format!("{base}/{act}"), &console, body).await;
        assert!(asked.location().contains("/step-up?"), "{act}: {} {}", asked.status, asked.text());
    }
    let html = page(&p, CONSOLE, &format!("{base}/edit"), &console).await;
    assert!(html.contains("/step-up?"), "it is said before the form is filled in");
}

#[tokio::test]
async fn a_list_of_corrections_is_no_read_and_a_guess_from_elsewhere_is_told_nothing() {
    let p = city().await;
    let wang = resident_id("32030219600101999");
    let body = "dataset=population.person&item=name&claimed=%E7%8E%8B%E5%B0%8F%E9%B8%A3&reason=typo&evidence=";
    let filed = form(&p, PORTAL, "/my-data/corrections/new", &p.cookie("wang").await, body).await;
    assert_eq!(filed.status, StatusCode::SEE_OTHER, "{}", filed.text());
    let list = json_call(&p, "city-data", "GET", "/api/v1/hub/corrections", json!({})).await;
    let one = list.json()["corrections"][0].clone();
    let id = one["id"].as_str().unwrap();
    let names: Vec<&str> = one.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["dataset", "due", "filed", "id", "item", "official", "state"]);
    for secret in ["王小", "typo", &wang] {
        assert!(!list.text().contains(secret), "{}", list.text());
    }
    // To open one is a read, whose entry is about its person; who that is, is told nobody.
    let opened = json_call(&p, "city-data", "GET", &format!("/api/v1/hub/corrections/{id}"), json!({})).await;
    let person = person(&p, "wang").await;
    assert_eq!(opened.json()["was"], "王小明");
    assert!(!opened.text().contains(person.as_str()), "{}", opened.text());
    let log = async |action: &str| {
        let filter = EntryFilter { action: action.into(), ..EntryFilter::default() };
        p.audit.search(&filter, None, 50).await.unwrap().entries
    };
    assert_eq!(log("correction.opened").await[0].entry.about, Some(person.clone()));

    // Quanshan has a request for this dataset, and no grant by which its officials read names.
    let mut answers = Vec::new();
    for (key, claimed) in [(&wang, "王小明"), (&wang, "别人"), (&resident_id("32030219700101997"), "王小明")] {
        p.clock.advance(61_000);
        let guess = json!({ "dataset": RESIDENTS, "key": key, "item": "name", "claimed": claimed, "reason": "核对" });
        let refused = json_call(&p, "quanshan-admin", "POST", "/api/v1/hub/corrections", guess).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text());
        let mut said = refused.json();
        said.as_object_mut().unwrap().retain(|name, _| ["type", "title", "detail", "code"].contains(&name.as_str()));
        answers.push(said);
    }
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
    let refused = log("correction.refused").await;
    assert_eq!(refused.len(), 3);
    assert_eq!(refused[2].entry.about, Some(person));
    let looks = p
        .send(
            get(CONSOLE, &format!("/hub/corrections/{id}"))
                .header("cookie", console(&p, "quanshan-admin").await)
                .body(Body::empty())
                .unwrap(),
        )
        .await;
    assert_eq!(looks.status, StatusCode::NOT_FOUND);
}
