//! What two apps hold of one person cannot be put together, and what an app holds does not tell it of changes
//! of what it was not given.

use crate::city::{ASKED, City, TOURISM, Who, a_use, by_division, day, strings};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use yunlong_hub::{Open, Released};

const ALL: &str = "rows = \"all\"\naccess = [\"get\", \"query\"]";

async fn city(apps: &[(&str, &[&str])]) -> City {
    let city = City::new().await;
    for (app, fields) in apps {
        city.install(app, TOURISM, &a_use(ASKED, "check", fields, ALL)).await;
        city.grant(app, ASKED, "check").await;
    }
    city
}

async fn open(city: &City, app: &str) -> Open {
    city.open(app, Who::Job, ASKED, "check").await.unwrap()
}

/// Every way to read a record: whole answers.
async fn read(city: &City, app: &str) -> Vec<Released> {
    let (open, wang) = (open(city, app).await, &city.residents.wang);
    let mut all = vec![open.get(wang, &[], None).await.unwrap().unwrap()];
    all.extend(open.get(wang, &[], Some(day("2026-03-01"))).await.unwrap());
    let (page, reference) = (open.query(&by_division("320321", 10), &[]).await, all[0].reference.clone());
    all.extend(page.into_iter().flat_map(|p| p.records).filter(|r| r.reference == reference));
    all
}

async fn change(city: &City, body: Value, from: &str) {
    city.clock.advance(1_234_567);
    city.put_from(ASKED, &city.residents.wang, body, from).await;
}

#[tokio::test]
async fn a_change_of_what_is_not_granted_changes_nothing_in_the_whole_answer() {
    let city = city(&[
        ("tickets", &["name", "division"]),
        ("parks", &["name", "division", "resident_id"]),
        ("library", &["mobile"]),
    ])
    .await;
    let apps = ["tickets", "parks"];
    let mut before = Vec::new();
    for app in apps {
        before.push(read(&city, app).await);
        assert!(before.last().unwrap().len() >= 2, "{app}");
    }
    let mobile = read(&city, "library").await[0].version;
    change(&city, json!({ "mobile": "19900000007" }), "2026-06-01").await;
    change(&city, json!({ "note": "迁入登记" }), "2026-08-01").await;
    for (app, before) in apps.into_iter().zip(&before) {
        assert_eq!(read(&city, app).await, *before, "{app}: version, days, sources, everything");
    }
    assert_ne!(read(&city, "library").await[0].version, mobile, "whose own field it is sees it");
    change(&city, json!({ "name": "王改名" }), "2026-09-01").await;
    for (app, before) in apps.into_iter().zip(&before) {
        let after = read(&city, app).await;
        assert_ne!(after[0].version, before[0].version, "{app}");
        assert_eq!(after[1].body, before[1].body, "{app}: as it was in March");
        assert_eq!(after[1].version, before[1].version, "{app}: what was said then is what is said of then");
    }
}

/// Every scalar in an answer.
fn scalars(released: &Released) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = released.body.values().map(Value::to_string).collect();
    all.extend([released.reference.clone(), released.version.to_string(), released.valid_from.clone()]);
    all.extend(released.valid_to.clone());
    all.extend(released.sources.iter().map(|s| s.recorded.clone()));
    all.remove("");
    all
}

#[tokio::test]
async fn two_apps_have_nothing_in_common_but_values_that_both_were_given() {
    let city = city(&[("tickets", &["name", "birth_date"]), ("parks", &["mobile", "division"])]).await;
    change(&city, json!({ "mobile": "19900000007", "name": "王改名" }), "2026-06-01").await;
    let (tickets, parks) = (read(&city, "tickets").await, read(&city, "parks").await);
    let common: Vec<_> = scalars(&tickets[0]).intersection(&scalars(&parks[0])).cloned().collect();
    assert_eq!(common, Vec::<String>::new());
    assert!(tickets[0].sources.iter().all(|s| ["name", "birth_date"].contains(&s.field.as_str())));
    // Nor where both are given the same: only that is the same.
    let city = self::city(&[("tickets", &["name"]), ("parks", &["name"])]).await;
    let (tickets, parks) = (read(&city, "tickets").await, read(&city, "parks").await);
    let common: Vec<_> = scalars(&tickets[0]).intersection(&scalars(&parks[0])).cloned().collect();
    assert_eq!(common, [json!("王示例").to_string()]);
}

#[tokio::test]
async fn an_app_that_is_given_the_number_is_told_days_and_never_a_moment() {
    let city = city(&[("desk", &["resident_id", "name"])]).await;
    change(&city, json!({ "mobile": "19900000007" }), "2026-06-01").await;
    let first = &read(&city, "desk").await[0];
    assert_eq!((first.valid_from.as_str(), &first.valid_to), ("2026-01-01", &None), "since when it is on record");
    assert_eq!(first.sources.iter().map(|s| s.recorded.len()).collect::<Vec<_>>(), [10, 10], "{:?}", first.sources);
    let open = open(&city, "desk").await;
    let few = open.get(&city.residents.wang, &strings(&["name"]), None).await.unwrap().unwrap();
    assert_eq!(few.version, first.version, "it does not depend on what is asked for");
}
