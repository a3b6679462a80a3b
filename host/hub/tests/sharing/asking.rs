//! Answers that tell something about a person by finding nothing, or by counting, are in the log as reads are.

use crate::city::{ASKED, City, TOURISM, Who, a_use, by_division, object, resident_id, strings};
use serde_json::json;
use yunlong_audit::Entry;
use yunlong_hub::Query;

const FIELDS: [&str; 4] = ["resident_id", "name", "birth_date", "division"];

async fn city() -> City {
    let city = City::new().await;
    let uses = a_use(ASKED, "check", &FIELDS, "rows = \"all\"\naccess = [\"get\", \"query\", \"bulk\"]");
    city.install("tickets", TOURISM, &uses).await;
    city.grant("tickets", ASKED, "check").await;
    city
}

async fn about(city: &City, id: &str) -> Vec<Entry> {
    let person = Some(city.person(id));
    city.log("data.read").await.into_iter().filter(|e| e.about == person).collect()
}

fn whether(id: &str, division: &str) -> Query {
    Query { filter: object(json!({ "resident_id": id })), ..by_division(division, 10) }
}

#[tokio::test]
async fn whoever_is_named_by_a_filter_and_not_found_sees_that_they_were_asked_about() {
    let city = city().await;
    let open = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    let (li, nobody) = (city.residents.li.clone(), resident_id("320321", "20010101", 77));
    // Li does not live in 320322: to be told so is to be told something about Li.
    assert!(open.query(&whether(&li, "320322"), &[]).await.unwrap().records.is_empty());
    let [entry] = about(&city, &li).await.try_into().unwrap();
    assert!(entry.detail.ends_with("; nothing found"), "{}", entry.detail);
    assert!(open.query(&whether(&nobody, "320321"), &[]).await.unwrap().records.is_empty());
    assert_eq!(about(&city, &nobody).await.len(), 1);
    // Who is found is told once, and others who fit the page are no less.
    assert_eq!(open.query(&whether(&li, "320321"), &[]).await.unwrap().records.len(), 1);
    assert_eq!(about(&city, &li).await.len(), 2);
    let written = format!(" {} ", li.to_lowercase());
    assert_eq!(open.query(&whether(&written, "320321"), &[]).await.unwrap().records.len(), 1, "as people write it");
    assert_eq!(about(&city, &city.residents.wang).await.len(), 0);
}

#[tokio::test]
async fn a_jobs_count_is_told_behind_an_entry_about_each_whom_it_counts() {
    let city = city().await;
    let open = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    let (li, zhao) = (city.residents.li.clone(), city.residents.zhao.clone());
    let born = Query { filter: object(json!({ "birth_date": "1990-01-01" })), ..by_division("320321", 1) };
    let id = open.start_job(&born, &strings(&["name"])).await.unwrap();
    assert_eq!(about(&city, &li).await.len(), 0);
    city.hub.work().await.unwrap();
    assert_eq!(open.job(&id).await.unwrap().records, 1, "somebody of that day lives there");
    let [entry] = about(&city, &li).await.try_into().unwrap();
    assert_eq!(entry.fields, ["birth_date", "division"], "what the count tells");
    assert!(entry.detail.ends_with("; counted"), "{}", entry.detail);
    assert_eq!(about(&city, &zhao).await.len(), 0);
    open.job_page(&id, 0).await.unwrap();
    assert_eq!(about(&city, &li).await.len(), 2, "the page is a read of its own");
    // A job that asks whether somebody is there.
    let id = open.start_job(&whether(&zhao, "320321"), &[]).await.unwrap();
    city.hub.work().await.unwrap();
    assert_eq!(open.job(&id).await.unwrap().records, 0);
    let [entry] = about(&city, &zhao).await.try_into().unwrap();
    assert!(entry.detail.contains("nothing found"), "{}", entry.detail);
}
