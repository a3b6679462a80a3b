//! Shared data on the test double: what a grant, a role and a consent let through.
#![allow(clippy::unwrap_used)]

use serde_json::json;
use yunlong_sdk::shared::{Dataset, Index, SharedError};
use yunlong_sdk::testing::{SharedRead, TestCity};
use yunlong_sdk::{App, Request, Response, Router, web};

const MANIFEST: &str = include_str!("app.toml");
const RESIDENTS: &str = "population.person";
const CHECK: &str = "age-check";
const LIST: &str = "class-list";

/// A city that holds a record about Li and one about Wang, and one about a room.
fn city() -> TestCity {
    let city = TestCity::new(MANIFEST);
    for (key, person, birth) in [("A", "li", "1960-02-03"), ("B", "wang", "2019-05-06")] {
        let body = json!({"name": person, "division": "320311", "birth_date": birth});
        city.put_record(RESIDENTS, key, Some(person), &body);
    }
    city.put_record("school.room", "R-1", None, &json!({"seats": 40}));
    city
}

fn me() -> Result<Option<String>, SharedError> {
    let record = Dataset::open(RESIDENTS, CHECK)?.me(&["birth_date"])?;
    Ok(record.and_then(|r| r.text("birth_date").map(ToOwned::to_owned)))
}

#[test]
fn a_person_is_read_with_a_grant_and_their_consent_and_no_longer_than_both_stand() {
    let city = city();
    city.sign_in("li");
    assert!(matches!(me(), Err(SharedError::NotGranted(_))));
    city.grant(RESIDENTS, CHECK);
    assert_eq!(me(), Err(SharedError::ConsentRequired(CHECK.into())));
    assert_eq!(city.shared_reads(), [], "what is denied is not read");
    city.consent("li", CHECK);
    assert_eq!(me(), Ok(Some("1960-02-03".into())));
    let (dataset, purpose) = (RESIDENTS.to_owned(), CHECK.to_owned());
    assert_eq!(
        city.shared_reads(),
        [SharedRead { dataset, purpose, key: "A".into(), fields: vec!["birth_date".into()] }]
    );
    city.withdraw("li", CHECK);
    assert_eq!(me(), Err(SharedError::ConsentRequired(CHECK.into())));
    city.consent("li", CHECK);
    city.expire(RESIDENTS, CHECK);
    assert!(matches!(me(), Err(SharedError::Expired(_))));
    city.revoke(RESIDENTS, CHECK);
    assert!(matches!(me(), Err(SharedError::Revoked(_))));
}

#[test]
fn a_field_that_is_not_granted_is_refused_by_name_and_absent_from_what_is_read_whole() {
    let city = city();
    city.grant_fields(RESIDENTS, CHECK, &["birth_date"]);
    city.consent("li", CHECK);
    city.sign_in("li");
    let residents = Dataset::open(RESIDENTS, CHECK).unwrap();
    assert_eq!(residents.fields().unwrap(), ["birth_date"]);
    assert_eq!(residents.me(&["name"]), Err(SharedError::FieldsNotGranted(vec!["name".into()])));
    let whole = residents.me(&[]).unwrap().unwrap();
    assert_eq!(serde_json::to_value(&whole.body).unwrap(), json!({"birth_date": "1960-02-03"}));
    assert_ne!(whole.reference, "A", "the key is a person's own");
}

#[test]
fn records_of_others_are_closed_to_citizens_and_open_to_whoever_holds_the_role() {
    let city = city();
    city.grant(RESIDENTS, CHECK);
    city.grant(RESIDENTS, LIST);
    city.consent("li", CHECK);
    let get = |purpose: &str, key: &str| Dataset::open(RESIDENTS, purpose)?.get(key, &["name"]);
    assert_eq!(get(CHECK, "A"), Err(SharedError::NotSignedIn));
    assert_eq!(get(LIST, "A"), Err(SharedError::NotSignedIn));
    city.sign_in("li");
    assert!(get(LIST, "A").unwrap().is_some());
    assert_eq!(get(LIST, "B"), Err(SharedError::RowNotGranted));
    city.sign_in_official("zhao", &[]);
    assert_eq!(get(LIST, "B"), Err(SharedError::RoleRequired(vec!["teacher".into()])));
    city.sign_in_official("zhao", &["teacher"]);
    assert_eq!(get(LIST, "B").unwrap().unwrap().text("name"), Some("wang"));
    assert_eq!(get(LIST, "C"), Ok(None));
}

#[test]
fn an_undeclared_use_is_unknown_and_a_grant_for_another_purpose_is_named() {
    let city = city();
    city.sign_in("li");
    assert!(matches!(Dataset::open(RESIDENTS, "marketing").err(), Some(SharedError::UnknownDataset(_))));
    city.grant(RESIDENTS, LIST);
    assert_eq!(me(), Err(SharedError::OtherPurpose(vec![LIST.into()])));
}

#[test]
fn records_are_found_page_by_page_and_in_jobs() {
    let city = city();
    city.grant(RESIDENTS, LIST);
    city.sign_in_official("zhao", &["teacher"]);
    let list = Dataset::open(RESIDENTS, LIST).unwrap();
    let all = Index(&["birth_date"]).all().limit(1);
    let first = list.query(&all, &["name"]).unwrap();
    assert_eq!(serde_json::to_value(&first.records[0].body).unwrap(), json!({"name": "li"}), "what is not asked for");
    city.grant_fields(RESIDENTS, LIST, &["name"]);
    let hidden = list.query(&all, &[]);
    assert_eq!(hidden, Err(SharedError::FieldsNotGranted(vec!["birth_date".into()])), "what is found by would be told");
    city.grant(RESIDENTS, LIST);
    let second = list.query(&all.clone().after(first.next), &[]).unwrap();
    assert_eq!((second.records[0].text("name"), second.next), (Some("wang"), None));
    let young = Index(&["birth_date"]).all().at_least("2015-01-01").below("2020-01-01").only("division", "320311");
    assert_eq!(list.query(&young, &[]).unwrap().records.len(), 1);
    assert!(matches!(list.query(&young.clone().limit(501), &[]), Err(SharedError::Invalid(_))));
    let job = list.start_job(&all, &[]).unwrap();
    let state = list.job(&job).unwrap();
    assert_eq!((state.ready, state.records, state.pages), (true, 2, 1));
    assert_eq!(list.job_page(&job, 0).unwrap().len(), 2);
    assert_eq!(list.job_page(&job, 1), Err(SharedError::NotFound));
    assert_eq!(list.job("job-9"), Err(SharedError::NotFound));
}

#[test]
fn a_write_is_based_on_the_version_that_was_read() {
    let city = city();
    city.grant("school.room", "rooms");
    let rooms = Dataset::open("school.room", "rooms").unwrap();
    let read = rooms.get("R-1", &[]).unwrap().unwrap();
    assert_eq!((read.integer("seats"), read.reference.as_str()), (Some(40), "R-1"));
    assert_eq!(rooms.write("R-1", &json!({"seats": 42}), read.version, "2026-05-01"), Ok(2));
    assert_eq!(rooms.write("R-1", &json!({"seats": 44}), read.version, "2026-05-01"), Err(SharedError::Conflict));
    assert_eq!(rooms.write("R-2", &json!({"seats": 10}), 0, "2026-05-01"), Ok(1));
    let query = rooms.query(&Index(&["seats"]).all(), &[]);
    assert_eq!(query, Err(SharedError::AccessNotGranted(vec!["get".into(), "write".into()])));
}

struct Lesson;

impl App for Lesson {
    fn router() -> Router {
        Router::new().get("/age", |_: &Request| -> web::Result<Response> {
            let me = Dataset::open(RESIDENTS, CHECK)?.me(&["birth_date"])?;
            Ok(Response::json(&json!({ "known": me.is_some() })))
        })
    }
}

#[test]
fn a_visitor_is_led_to_sign_in_then_to_consent_and_told_when_the_city_does_not_share() {
    let city = city();
    city.grant(RESIDENTS, CHECK);
    let location = || city.get::<Lesson>("/age").header_value("location").unwrap_or_default().to_owned();
    assert!(location().contains("/sign-on?"));
    city.sign_in("li");
    assert!(location().contains("/consent?installation=lesson&scope=age-check&return=%2Fage"), "{}", location());
    city.consent("li", CHECK);
    assert_eq!(city.get::<Lesson>("/age").body_json()["known"], true);
    city.revoke(RESIDENTS, CHECK);
    let refused = city.get::<Lesson>("/age");
    assert_eq!(refused.code(), 403);
    assert!(refused.body_text().contains("授权已到期、已撤销"), "{}", refused.body_text());
}
