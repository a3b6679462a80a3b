//! The feed of changes: told once, to those who may know, and never a value.

use crate::city::{ASKED, City, HALF_AN_HOUR, POLICE, TOURISM, Who, a_use, name, official};
use serde_json::{Value, json};
use yunlong_store::{Direction, Key};

const FOLLOW: &str = "rows = \"all\"\naccess = [\"get\", \"changes\"]";

async fn city(fields: &[&str], extra: &str) -> City {
    let city = City::new().await;
    city.install("tickets", TOURISM, &a_use(ASKED, "follow", fields, extra)).await;
    // What happened before anybody asked is not told.
    city.hub.work().await.unwrap();
    city
}

fn wang(name: &str, mobile: &str) -> Value {
    json!({ "name": name, "division": "320321", "birth_date": "1960-03-01", "mobile": mobile })
}

async fn changed(city: &City) -> Vec<Value> {
    city.clock.advance(HALF_AN_HOUR);
    let got = city.messages().await;
    got.into_iter().filter(|(_, topic, _)| topic == "city.hub.changed").map(|(_, _, data)| data).collect()
}

#[tokio::test]
async fn a_change_of_a_granted_field_is_told_by_its_name_and_the_apps_own_reference() {
    let city = city(&["name", "mobile"], FOLLOW).await;
    city.grant("tickets", ASKED, "follow").await;
    city.put_from(ASKED, &city.residents.wang, wang("王改名", "19900000001"), "2026-11-26").await;
    city.hub.work().await.unwrap();
    city.hub.work().await.unwrap();
    let open = city.open("tickets", Who::Job, ASKED, "follow").await.unwrap();
    let read = open.get(&city.residents.wang, &[], None).await.unwrap().unwrap();
    let (reference, version) = (read.reference, read.version);
    assert_eq!(
        changed(&city).await,
        [json!({
            "dataset": ASKED, "purpose": "follow", "reference": reference, "version": version, "fields": ["name"],
            "ended": false,
        })],
        "once, and without the value"
    );
    let told = city.log("data.read").await.into_iter().find(|e| e.detail.starts_with("changes")).unwrap();
    assert_eq!((told.about, told.fields), (Some(city.person(&city.residents.wang)), vec!["name".to_owned()]));
}

#[tokio::test]
async fn what_changed_before_the_grant_stood_is_not_told_however_late_it_is_looked_at() {
    let city = city(&["name", "mobile"], FOLLOW).await;
    city.put_from(ASKED, &city.residents.wang, wang("王改名", "19900000001"), "2026-11-26").await;
    city.clock.advance(1);
    city.grant("tickets", ASKED, "follow").await;
    city.put_from(ASKED, &city.residents.wang, wang("王改名", "19900000009"), "2026-11-26").await;
    city.hub.work().await.unwrap();
    let told = changed(&city).await;
    assert_eq!((told.len(), &told[0]["fields"]), (1, &json!(["mobile"])));
}

#[tokio::test]
async fn a_grant_that_replaces_one_that_stands_misses_no_change_between_them() {
    let city = city(&["name", "mobile"], FOLLOW).await;
    city.grant("tickets", ASKED, "follow").await;
    city.put_from(ASKED, &city.residents.wang, wang("王改名", "19900000001"), "2026-11-26").await;
    city.clock.advance(1);
    city.grant("tickets", ASKED, "follow").await;
    city.hub.work().await.unwrap();
    assert_eq!(changed(&city).await.len(), 1);
}

#[tokio::test]
async fn a_change_of_other_fields_is_not_told() {
    let city = city(&["name"], FOLLOW).await;
    city.grant("tickets", ASKED, "follow").await;
    city.put_from(ASKED, &city.residents.wang, wang("王示例", "19900000009"), "2026-11-26").await;
    city.hub.work().await.unwrap();
    assert_eq!(changed(&city).await, Vec::<Value>::new());
}

#[tokio::test]
async fn rows_access_and_revocation_bound_the_feed_as_they_bound_a_read() {
    let city = city(&["name"], "rows = { divisions = [\"320322\"] }\naccess = [\"get\", \"changes\"]").await;
    let reads = a_use(ASKED, "reads", &["name"], "rows = \"all\"");
    city.install("parks", TOURISM, &reads).await;
    city.grant("tickets", ASKED, "follow").await;
    city.grant("parks", ASKED, "reads").await;
    city.put_from(ASKED, &city.residents.wang, wang("王改名", "19900000001"), "2026-11-26").await;
    let zhao = |name: &str| json!({ "name": name, "division": "320322", "birth_date": "1990-01-01" });
    city.put_from(ASKED, &city.residents.zhao, zhao("赵改名"), "2026-11-26").await;
    city.hub.work().await.unwrap();
    assert_eq!(changed(&city).await.len(), 1, "Zhao alone, to the one that follows");
    city.hub.revoke_grant(&name("tickets"), ASKED, "follow", "撤销", &official("police-admin", POLICE)).await.unwrap();
    city.put_from(ASKED, &city.residents.zhao, zhao("赵再改"), "2026-11-26").await;
    city.hub.work().await.unwrap();
    assert_eq!(changed(&city).await.len(), 0);
}

#[tokio::test]
async fn changes_about_somebody_who_has_not_consented_are_not_told() {
    let city = city(&["name"], &format!("basis = \"consent\"\n{FOLLOW}")).await;
    city.grant("tickets", ASKED, "follow").await;
    let declared = city.manifest_of("tickets").datasets[0].clone();
    city.identity.consent_to_use("wang", &name("tickets"), &declared).await.unwrap();
    city.put_from(ASKED, &city.residents.wang, wang("王改名", "19900000001"), "2026-11-26").await;
    let li = json!({ "name": "李改名", "division": "320321", "birth_date": "1990-01-01" });
    city.put_from(ASKED, &city.residents.li, li, "2026-11-26").await;
    city.hub.work().await.unwrap();
    assert_eq!(changed(&city).await.len(), 1);
}

#[tokio::test]
async fn many_changes_of_one_commit_are_told_each_once_across_a_stop_at_any_place() {
    let city = city(&["name"], FOLLOW).await;
    city.grant("tickets", ASKED, "follow").await;
    let mut keys = Vec::new();
    for n in 0..250_u16 {
        keys.push(crate::city::resident_id("320321", "19700101", n));
    }
    city.put_many(ASKED, &keys).await;
    // Work is dropped wherever it stands, again and again, as a stop of the platform would.
    for polls in 0..400 {
        let work = city.hub.work();
        tokio::pin!(work);
        for _ in 0..polls {
            if futures_step(work.as_mut()).await {
                break;
            }
        }
    }
    city.hub.work().await.unwrap();
    let mut told: Vec<String> =
        changed(&city).await.iter().map(|d| d["reference"].as_str().unwrap().to_owned()).collect();
    let count = told.len();
    told.sort();
    told.dedup();
    assert_eq!((count, told.len()), (250, 250));
}

/// Polls once; whether it has ended.
async fn futures_step<F: Future>(mut future: std::pin::Pin<&mut F>) -> bool {
    std::future::poll_fn(|cx| std::task::Poll::Ready(future.as_mut().poll(cx).is_ready())).await
}

/// Rows that keep what is left of removed records.
async fn remains(city: &City) -> usize {
    let range = Key::space("@hub").text("e").children();
    city.store.scan(&range, Direction::Ascending, 10).await.unwrap().len()
}

#[tokio::test]
async fn a_record_that_was_removed_is_told_to_whoever_may_hold_a_copy() {
    let city = city(&["name"], &format!("basis = \"consent\"\n{FOLLOW}")).await;
    let near = a_use(ASKED, "near", &["name"], "rows = { divisions = [\"320321\"] }\naccess = [\"get\", \"changes\"]");
    let far = a_use(ASKED, "far", &["name"], "rows = { divisions = [\"320322\"] }\naccess = [\"get\", \"changes\"]");
    city.install("parks", TOURISM, &[near, far].concat()).await;
    city.grant("tickets", ASKED, "follow").await;
    for purpose in ["near", "far"] {
        city.grant("parks", ASKED, purpose).await;
    }
    let wang = city.residents.wang.clone();
    let declared = city.manifest_of("tickets").datasets[0].clone();
    city.identity.consent_to_use("wang", &name("tickets"), &declared).await.unwrap();
    let mut references = Vec::new();
    for (app, purpose) in [("tickets", "follow"), ("parks", "near")] {
        let open = city.open(app, Who::Job, ASKED, purpose).await.unwrap();
        references.push(open.get(&wang, &[], None).await.unwrap().unwrap().reference);
    }
    // The consent may go with the account; the copy is still there.
    city.identity.withdraw("wang", &name("tickets"), "follow").await.unwrap();
    city.erase(ASKED, &wang).await;
    assert_eq!(remains(&city).await, 1);
    city.hub.work().await.unwrap();
    let mut told: Vec<Value> = changed(&city).await;
    told.sort_by_key(|d| d["purpose"].as_str().unwrap().to_owned());
    let of = |purpose: &str, reference: &str| {
        json!({
            "dataset": ASKED, "purpose": purpose, "reference": reference, "version": 0, "fields": [], "ended": true,
        })
    };
    assert_eq!(told, [of("follow", &references[0]), of("near", &references[1])], "not to who could not see it");
    assert_eq!(remains(&city).await, 0, "nothing is kept once it is told");
    let entries = city.log("data.read").await.into_iter().filter(|e| e.detail.ends_with("; removed"));
    assert_eq!(entries.filter(|e| e.about == Some(city.person(&wang))).count(), 2);
    city.hub.work().await.unwrap();
    assert_eq!(changed(&city).await, Vec::<Value>::new(), "once");
}

#[tokio::test]
async fn what_is_left_of_a_removed_record_goes_when_nobody_follows() {
    let city = city(&["name"], FOLLOW).await;
    city.erase(ASKED, &city.residents.wang).await;
    let rows = city.store.scan(&Key::space("@hub").text("e").children(), Direction::Ascending, 10).await.unwrap();
    assert!(!String::from_utf8_lossy(&rows[0].value).contains(&city.residents.wang), "it is sealed");
    city.hub.work().await.unwrap();
    assert_eq!(remains(&city).await, 0);
}
