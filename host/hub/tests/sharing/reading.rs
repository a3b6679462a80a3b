//! Reading: what is released, what is written down first, and what nobody can find out.

use crate::city::{
    ASKED, City, LAW, POLICE, TOURISM, Who, a_use, by_division, day, name, object, official, resident_id, strings,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use yunlong_audit::Outcome;
use yunlong_hub::{Bound, Caller, Denial, Mask, Query, ReadError, ReleasedPage, Rows};
use yunlong_model::PersonId;
use yunlong_model::manifest::DatasetUse;

const ALL: &str = "rows = \"all\"\naccess = [\"get\", \"query\"]";
const FIELDS: [&str; 4] = ["resident_id", "name", "birth_date", "division"];

async fn city(extra: &str) -> City {
    let city = City::new().await;
    city.install("tickets", TOURISM, &a_use(ASKED, "check", &FIELDS, extra)).await;
    city
}

fn body(value: Value) -> serde_json::Map<String, Value> {
    object(value)
}

fn names(page: &ReleasedPage) -> Vec<&str> {
    page.records.iter().filter_map(|r| r.body.get("name").and_then(Value::as_str)).collect()
}

#[tokio::test]
async fn a_field_that_is_not_granted_is_absent_and_one_that_is_not_on_record_is_named() {
    let city = City::new().await;
    city.install("tickets", TOURISM, &a_use(ASKED, "check", &["name", "mobile"], ALL)).await;
    city.grant_some("tickets", ASKED, "check", |d| {
        d.terms.fields.insert("mobile".into(), Mask::Partial);
    })
    .await;
    let open = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    let wang = open.get(&city.residents.wang, &[], None).await.unwrap().unwrap();
    assert_eq!(wang.body, body(json!({ "name": "王示例", "mobile": "199****0001" })));
    assert_eq!(wang.unrecorded.len(), 0);
    assert_eq!(
        wang.sources.iter().map(|s| (s.field.as_str(), s.organization.as_str())).collect::<Vec<_>>(),
        [("name", POLICE), ("mobile", POLICE)]
    );
    let li = open.get(&city.residents.li, &[], None).await.unwrap().unwrap();
    assert_eq!((li.body, li.unrecorded), (body(json!({ "name": "李示例" })), strings(&["mobile"])));
    let few = open.get(&city.residents.wang, &strings(&["name"]), None).await.unwrap().unwrap();
    assert_eq!(few.body, body(json!({ "name": "王示例" })), "only what is asked for");
    let entry = city.log("data.read").await.swap_remove(0);
    assert_eq!(entry.fields, ["name"], "and only that is in the log");
    assert_eq!(entry.basis, Some(format!("statutory-duty: {LAW}")));
    assert_eq!(entry.actor, "service:tickets");
}

#[tokio::test]
async fn every_read_about_a_person_is_an_entry_about_that_person() {
    let city = city(ALL).await;
    city.grant("tickets", ASKED, "check").await;
    let open = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    open.query(&by_division("320321", 10), &[]).await.unwrap();
    let about = |id: &str| {
        let (audit, person) = (city.audit.clone(), city.person(id));
        async move { audit.entries_about(&person, &[], None, 10).await.unwrap().entries }
    };
    assert_eq!((about(&city.residents.wang).await.len(), about(&city.residents.li).await.len()), (1, 1));
    assert!(about(&city.residents.zhao).await.is_empty());
    let nobody = resident_id("320321", "20010101", 77);
    assert_eq!(open.get(&nobody, &[], None).await.unwrap(), None);
    let asked = about(&nobody).await;
    assert_eq!(asked.len(), 1, "asked, and nothing found");
    assert!(asked[0].entry.detail.contains("nothing found"), "{:?}", asked[0].entry);
}

#[tokio::test]
async fn two_apps_cannot_tell_that_they_hold_the_same_person() {
    let city = city(ALL).await;
    city.install("parks", TOURISM, &a_use(ASKED, "check", &FIELDS, ALL)).await;
    let mut seen = Vec::new();
    for app in ["tickets", "parks"] {
        city.grant_some(app, ASKED, "check", |d| _ = d.terms.fields.remove("resident_id")).await;
        let open = city.open(app, Who::Job, ASKED, "check").await.unwrap();
        let one = open.get(&city.residents.wang, &[], None).await.unwrap().unwrap().reference;
        let page = open.query(&by_division("320321", 1), &[]).await.unwrap();
        seen.push((one, page.records[0].reference.clone(), page.next.unwrap()));
        let again = open.get(&city.residents.wang, &[], None).await.unwrap().unwrap().reference;
        assert_eq!(seen.last().map(|s| &s.0), Some(&again), "the same within one app");
    }
    let [(wang, first, cursor), (other_wang, other_first, other_cursor)] = &seen[..] else { panic!() };
    assert!(wang != other_wang && first != other_first && cursor != other_cursor);
    for text in [wang, first, cursor, other_wang, other_first, other_cursor] {
        assert!(!text.contains(&city.residents.wang) && !text.contains(city.person(&city.residents.wang).as_str()));
    }
    let parks = city.open("parks", Who::Job, ASKED, "check").await.unwrap();
    let foreign = Query { cursor: Some(cursor.clone()), ..by_division("320321", 1) };
    assert!(matches!(parks.query(&foreign, &[]).await, Err(ReadError::Invalid(_))), "another app's cursor");
}

#[tokio::test]
async fn a_citizen_sees_their_own_record_and_cannot_tell_whether_there_are_others() {
    let city = city(ALL).await;
    city.grant("tickets", ASKED, "check").await;
    let wang = Who::Citizen("wang", &city.residents.wang);
    let open = city.open("tickets", wang, ASKED, "check").await.unwrap();
    assert_eq!(open.me(&strings(&["name"])).await.unwrap().unwrap().body, body(json!({ "name": "王示例" })));
    let nobody = resident_id("320321", "20010101", 77);
    for key in [&city.residents.li, &city.residents.zhao, &nobody] {
        assert_eq!(open.get(key, &[], None).await, Err(ReadError::Denied(Denial::Row)), "{key}");
        let (_, entry) = city.last_denial().await;
        assert_eq!(entry.about, Some(city.person(key)), "whoever was asked about sees it");
    }
    let page = open.query(&by_division("320321", 10), &[]).await.unwrap();
    assert_eq!(names(&page), ["王示例"]);
    let elsewhere = open.query(&by_division("320322", 10), &[]).await.unwrap();
    assert_eq!((names(&elsewhere).len(), elsewhere.next), (0, None));
    assert_eq!(
        city.open("tickets", Who::Nobody, ASKED, "check").await.unwrap().me(&[]).await,
        Err(ReadError::Denied(Denial::NotSignedIn))
    );
    let job = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    assert_eq!(job.me(&[]).await, Err(ReadError::Denied(Denial::NotSignedIn)));
}

#[tokio::test]
async fn what_lies_outside_of_the_rows_looks_like_what_does_not_exist() {
    let uses = "rows = { divisions = [\"320321\"] }\naccess = [\"get\", \"query\"]\nroles = [\"clerk\"]";
    let city = city(uses).await;
    city.grant("tickets", ASKED, "check").await;
    let open = city.open("tickets", Who::Official(&["clerk"]), ASKED, "check").await.unwrap();
    let (zhao, nobody) = (city.residents.zhao.clone(), resident_id("320322", "20010101", 77));
    let answers = [open.get(&zhao, &[], None).await, open.get(&nobody, &[], None).await];
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], Err(ReadError::Denied(Denial::Row)));
    assert_eq!(open.query(&by_division("320322", 10), &[]).await, Err(ReadError::Denied(Denial::Row)));
    let all = Query { index: strings(&["division"]), limit: 10, ..Query::default() };
    assert_eq!(names(&open.query(&all, &[]).await.unwrap()).len(), 2);
    let born =
        Query { index: strings(&["birth_date"]), equals: vec![json!("1990-01-01")], limit: 10, ..Query::default() };
    assert_eq!(names(&open.query(&born, &[]).await.unwrap()), ["李示例"], "of two that were born that day");
}

#[tokio::test]
async fn nobody_searches_by_what_they_may_not_see() {
    let city = city(ALL).await;
    city.grant_some("tickets", ASKED, "check", |d| {
        d.terms.fields.insert("birth_date".into(), Mask::Year);
        d.terms.fields.remove("name");
    })
    .await;
    let open = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    let by = |index: &[&str]| Query { index: strings(index), limit: 10, ..Query::default() };
    for (query, item) in [
        (by(&["birth_date"]), "birth_date"),
        (by(&["name"]), "name"),
        (Query { filter: body(json!({ "mobile": "19900000001" })), ..by_division("320321", 10) }, "mobile"),
        (Query { filter: body(json!({ "birth_date": "1990-01-01" })), ..by_division("320321", 10) }, "birth_date"),
    ] {
        let refused = open.query(&query, &[]).await;
        assert_eq!(refused, Err(ReadError::Denied(Denial::Fields(strings(&[item])))), "{query:?}");
    }
    let fit = Query { filter: body(json!({ "resident_id": city.residents.li })), ..by_division("320321", 10) };
    assert_eq!(open.query(&fit, &[]).await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn pages_follow_each_other_and_their_limits_are_kept() {
    let city = city(ALL).await;
    for n in 0..25_u16 {
        let key = resident_id("320321", "19800101", 100 + n);
        city.put(ASKED, &key, json!({ "name": "示例", "division": "320321", "birth_date": "1980-01-01" })).await;
    }
    city.grant("tickets", ASKED, "check").await;
    let open = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    for limit in [0, 501] {
        assert!(matches!(open.query(&by_division("320321", limit), &[]).await, Err(ReadError::Invalid(_))));
    }
    let (mut query, mut references) = (by_division("320321", 10), Vec::new());
    loop {
        let page = open.query(&query, &strings(&["name"])).await.unwrap();
        assert!(page.records.len() <= 10);
        references.extend(page.records.into_iter().map(|r| r.reference));
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    let count = references.len();
    references.sort();
    references.dedup();
    assert_eq!((count, references.len()), (27, 27));
    let born = Query {
        index: strings(&["birth_date"]),
        lower: Some(Bound { value: json!("1980-01-01"), inclusive: false }),
        upper: Some(Bound { value: json!("1990-01-01"), inclusive: true }),
        limit: 100,
        ..Query::default()
    };
    assert_eq!(open.query(&born, &[]).await.unwrap().records.len(), 2);
    let unknown = Query { index: strings(&["division", "name"]), limit: 10, ..Query::default() };
    assert!(matches!(open.query(&unknown, &[]).await, Err(ReadError::Invalid(_))), "no such index");
}

#[tokio::test]
async fn consent_is_asked_of_each_person_at_each_read() {
    let city = city("basis = \"consent\"\nrows = \"all\"\naccess = [\"get\", \"query\"]").await;
    city.grant("tickets", ASKED, "check").await;
    let tickets = name("tickets");
    let declared: DatasetUse = city.manifest_of("tickets").datasets[0].clone();
    let open = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    let denied = Err(ReadError::Denied(Denial::Consent("check".into())));
    let (wang, zhao) = (city.residents.wang.clone(), city.residents.zhao.clone());
    let nobody = resident_id("320321", "20010101", 77);
    for key in [&wang, &zhao, &nobody] {
        assert_eq!(open.get(key, &[], None).await, denied, "{key}: consented or not, there or not");
    }
    city.identity.consent_to_use("wang", &tickets, &declared).await.unwrap();
    assert!(open.get(&wang, &[], None).await.unwrap().is_some());
    assert_eq!(open.get(&zhao, &[], None).await, denied, "who has no account has not consented");
    assert_eq!(names(&open.query(&by_division("320321", 10), &[]).await.unwrap()), ["王示例"], "Li has not");
    let entry = city.log("data.read").await.swap_remove(0);
    assert_eq!(entry.basis.as_deref(), Some("consent"));
    city.identity.withdraw("wang", &tickets, "check").await.unwrap();
    assert_eq!(open.get(&wang, &[], None).await, denied, "the next read");
    let me = city.open("tickets", Who::Citizen("wang", &wang), ASKED, "check").await.unwrap();
    assert_eq!(me.me(&[]).await, denied);
}

#[tokio::test]
async fn a_consent_covers_what_the_person_was_shown_and_nothing_else() {
    let city = city("basis = \"consent\"\nrows = \"all\"\naccess = [\"get\"]").await;
    let (tickets, identity) = (name("tickets"), &city.identity);
    let shown: DatasetUse = city.manifest_of("tickets").datasets[0].clone();
    identity.consent_to_use("wang", &tickets, &shown).await.unwrap();
    let covers = async |of: &DatasetUse| identity.use_consented("wang", &tickets, of).await.unwrap();
    assert!(covers(&shown).await);
    let fewer = DatasetUse { fields: strings(&["name"]), ..shown.clone() };
    assert!(covers(&fewer).await, "a part of it");
    let reason = yunlong_model::Text { zh: "别的".into(), en: "else".into() };
    for other in [
        DatasetUse { reason, ..shown.clone() },
        DatasetUse { fields: strings(&["name", "mobile"]), ..shown.clone() },
        DatasetUse { access: vec![yunlong_hub::Access::Get, yunlong_hub::Access::Bulk], ..shown.clone() },
        DatasetUse { rows: Rows::Own, ..shown.clone() },
        DatasetUse { dataset: "police.open".into(), ..shown.clone() },
        DatasetUse { purpose: "other".into(), ..shown.clone() },
    ] {
        assert!(!covers(&other).await, "{other:?}");
    }
    assert!(!identity.use_consented("li-1", &tickets, &shown).await.unwrap());
    let duty = DatasetUse { basis: yunlong_hub::LegalBasis::StatutoryDuty, ..shown };
    assert!(identity.consent_to_use("li-1", &tickets, &duty).await.is_err(), "what does not rest on consent");
    assert!(identity.consents("wang").await.unwrap().iter().any(|c| c.dataset.as_deref() == Some(ASKED)));
}

#[tokio::test]
async fn a_version_of_another_day_is_read_as_it_held_then() {
    let city = city(ALL).await;
    city.grant("tickets", ASKED, "check").await;
    let changed = json!({ "name": "王改名", "division": "320321", "birth_date": "1960-03-01" });
    city.put_from(ASKED, &city.residents.wang, changed, "2026-06-01").await;
    let open = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    let read = async |on: &str| {
        let found = open.get(&city.residents.wang, &strings(&["name"]), Some(day(on))).await.unwrap();
        found.map(|r| r.body["name"].as_str().unwrap().to_owned())
    };
    assert_eq!(read("2026-05-31").await.as_deref(), Some("王示例"));
    assert_eq!(read("2026-06-01").await.as_deref(), Some("王改名"));
    assert_eq!(read("2025-12-31").await, None, "before it held");
}

#[tokio::test]
async fn identical_denials_share_an_entry_and_are_counted() {
    let city = city(ALL).await;
    for _ in 0..40 {
        assert!(city.open("tickets", Who::Job, ASKED, "check").await.is_err());
    }
    assert_eq!(city.log("data.denied").await.len(), 1);
    city.clock.advance(61_000);
    city.hub.tick().await.unwrap();
    let log = city.log("data.denied").await;
    assert_eq!(log.len(), 2);
    assert!(log[0].detail.contains("39 more"), "{}", log[0].detail);
}

#[tokio::test]
async fn a_use_that_its_department_took_away_is_refused_at_the_next_call() {
    let city = city(ALL).await;
    city.grant("tickets", ASKED, "check").await;
    let open = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    let capability = "dataset:police.asked@check".parse().unwrap();
    city.installations.revoke_grant(&name("tickets"), &capability, "tourism-admin").await.unwrap();
    let refused = open.get(&city.residents.wang, &[], None).await;
    assert_eq!(refused, Err(ReadError::Denied(Denial::TakenBack)));
    let log = city.log("data.denied").await;
    assert_eq!(log[0].outcome, Outcome::Denied("taken-back".into()));
    assert!(log[0].reason.is_some(), "what for it was to be read, all the same");
}

#[tokio::test]
async fn keys_that_cannot_be_are_invalid_and_a_closed_class_is_closed_at_once() {
    let city = city(ALL).await;
    city.grant("tickets", ASKED, "check").await;
    let open = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    let mut digit = city.residents.wang.clone().into_bytes();
    digit[13] = if digit[13] == b'0' { b'1' } else { b'0' };
    let made_up = String::from_utf8(digit).unwrap();
    let before = city.log("data.").await.len();
    for key in [String::new(), "x".repeat(300), "a\0b".to_owned(), "12".to_owned(), made_up.clone()] {
        assert!(matches!(open.get(&key, &[], None).await, Err(ReadError::Invalid(_))), "{key:?}");
        let write = open.write(&key, body(json!({ "name": "x" })), 0, day("2026-11-26")).await;
        assert!(matches!(write, Err(ReadError::Invalid(_))), "{key:?}: {write:?}");
    }
    for filter in [json!({ "resident_id": made_up }), json!({ "resident_id": 7 })] {
        let query = Query { filter: body(filter), ..by_division("320321", 10) };
        assert!(matches!(open.query(&query, &[]).await, Err(ReadError::Invalid(_))));
    }
    assert_eq!(city.log("data.").await.len(), before, "nothing is written about whoever they might name");
    let lower = format!(" {} ", city.residents.wang.to_lowercase());
    assert!(open.get(&lower, &[], None).await.unwrap().is_some(), "as people write it");
    let closed = yunlong_hub::Sharing::NotShared { law: LAW.into() };
    city.hub.set_sharing(ASKED, closed, &official("police-admin", POLICE)).await.unwrap();
    let refused = open.get(&city.residents.wang, &[], None).await;
    assert_eq!(refused, Err(ReadError::Denied(Denial::NotShared(LAW.into()))), "though the grant stands");
}

#[tokio::test]
async fn the_provider_can_limit_rows_by_items_that_it_does_not_give() {
    let city = city(ALL).await;
    city.grant_some("tickets", ASKED, "check", |d| {
        d.terms.fields = BTreeMap::from([("name".to_owned(), Mask::Plain)]);
        d.terms.only = BTreeMap::from([("birth_date".to_owned(), json!("1960-03-01"))]);
    })
    .await;
    let open = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    assert_eq!(
        open.get(&city.residents.wang, &[], None).await.unwrap().unwrap().body,
        body(json!({ "name": "王示例" }))
    );
    assert_eq!(open.get(&city.residents.li, &[], None).await, Err(ReadError::Denied(Denial::Row)));
}

/// Whom a refusal to write told about, the newest first.
async fn compared(city: &City) -> Vec<(Option<PersonId>, Vec<String>)> {
    city.log("data.compared").await.into_iter().map(|e| (e.about, e.fields)).collect()
}

#[tokio::test]
async fn the_authority_writes_through_its_app_and_nobody_else_does() {
    let city = city("rows = \"all\"\naccess = [\"get\", \"write\"]").await;
    let write = a_use(
        ASKED,
        "keep",
        &["name", "division", "note"],
        "rows = { divisions = [\"320321\"] }\naccess = [\"get\", \"write\"]",
    );
    city.install("registers", POLICE, &write).await;
    let police = official("police-admin", POLICE);
    let request = city.hub.ask(&name("registers"), ASKED, "keep", &police).await.unwrap();
    city.hub.approve_request(&request.id, request.everything(city.now()), &police).await.unwrap();
    city.grant("tickets", ASKED, "check").await;

    let tickets = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    let change = body(json!({ "name": "王新名" }));
    let refused = tickets.write(&city.residents.wang, change.clone(), 1, day("2026-11-26")).await;
    assert_eq!(refused, Err(ReadError::Denied(Denial::NotAuthority(strings(&["name"])))));

    let caller = Caller { organization: POLICE.into(), ..city.caller("registers", Who::Job) };
    let registry = city.hub.open_dataset(caller, ASKED, "keep").await.unwrap();
    let stands = registry.get(&city.residents.wang, &[], None).await.unwrap().unwrap().version;
    assert_eq!(compared(&city).await, []);
    let wrong = registry.write(&city.residents.wang, change.clone(), 1, day("2026-11-26")).await;
    assert_eq!(wrong, Err(ReadError::Conflict), "the number that counts the changes is nothing to go by");
    let of_wang = (Some(city.person(&city.residents.wang)), strings(&["name"]));
    assert_eq!(
        compared(&city).await,
        std::slice::from_ref(&of_wang),
        "that there is another version is told, and written down"
    );
    let written = registry.write(&city.residents.wang, change.clone(), stands, day("2026-11-26")).await.unwrap();
    assert_ne!(written, stands);
    assert_eq!(
        registry.write(&city.residents.wang, body(json!({ "name": "x" })), stands, day("2026-11-26")).await,
        Err(ReadError::Conflict)
    );
    assert_eq!(compared(&city).await, vec![of_wang.clone(); 2]);
    // A day before the version that stands: refused for what is on record, whose day the app is not told.
    let Err(ReadError::Invalid(why)) =
        registry.write(&city.residents.wang, body(json!({ "name": "x" })), written, day("2026-11-25")).await
    else {
        panic!("before the version that stands")
    };
    assert!(!why.contains("2026") && why.contains("valid_from"), "{why}");
    assert_eq!(compared(&city).await, vec![of_wang; 3]);
    let nobody = resident_id("320321", "20010101", 77);
    let new = registry.write(&nobody, body(json!({ "division": "320321" })), 7, day("2026-11-26")).await;
    assert_eq!(new, Err(ReadError::Conflict));
    let entry = city.log("data.compared").await.swap_remove(0);
    assert_eq!(entry.about, Some(city.person(&nobody)), "that there is no record is told as well");
    assert!(entry.detail.ends_with("; nothing found"), "{}", entry.detail);
    // What others change beside it is nothing that the app's change is based on.
    city.put_from(ASKED, &city.residents.wang, json!({ "mobile": "19900000008" }), "2026-11-26").await;
    let note = registry.write(&city.residents.wang, body(json!({ "note": "x" })), written, day("2026-11-26")).await;
    let noted = note.unwrap();
    let entries = city.log("data.written").await;
    let whose = |fields: &[&str]| (Some(city.person(&city.residents.wang)), strings(fields));
    let written: Vec<_> = entries.into_iter().map(|e| (e.about, e.fields)).collect();
    assert_eq!(written, [whose(&["note"]), whose(&["name"])]);
    let read = registry.get(&city.residents.wang, &[], None).await.unwrap().unwrap();
    assert_eq!((read.version, &read.body["name"]), (noted, &json!("王新名")));

    let outside = registry.write(&city.residents.zhao, change, 1, day("2026-11-26")).await;
    assert_eq!(outside, Err(ReadError::Denied(Denial::Row)));
    let moved =
        registry.write(&city.residents.wang, body(json!({ "division": "320322" })), noted, day("2026-11-26")).await;
    assert_eq!(moved, Err(ReadError::Denied(Denial::Row)), "out of the rows by a change");
    let field =
        registry.write(&city.residents.wang, body(json!({ "mobile": "19900000009" })), 2, day("2026-11-26")).await;
    assert_eq!(field, Err(ReadError::Denied(Denial::Fields(strings(&["mobile"])))));
    let bad = registry.write(&city.residents.wang, body(json!({ "division": "no" })), 2, day("2026-11-26")).await;
    assert_eq!(bad, Err(ReadError::Denied(Denial::Row)));
}
