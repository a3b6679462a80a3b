//! What the roster does, as a specification.
#![allow(clippy::unwrap_used)]

use residents::{Changed, Residents, denied};
use serde_json::json;
use std::collections::BTreeSet;
use yunlong_sdk::shared::SharedError;
use yunlong_sdk::testing::TestCity;
use yunlong_sdk::{App, Error, Event, Failure, Lang, now};

const PEOPLE: &str = "population.person";
const ROSTER: &str = "community-roster";
const OWN: &str = "own-entry";

/// A community of so many residents, of whom the first is Li.
fn city(residents: usize) -> TestCity {
    let city = TestCity::new(include_str!("../app.toml"));
    for n in 0..residents {
        let person = if n == 0 { "li".to_owned() } else { format!("p-{n}") };
        let body = json!({
            "name": format!("居民{n:02}"), "birth_date": "1960-02-03", "division": "320303001001", "address": "示例路 1 号",
        });
        city.put_record(PEOPLE, &format!("K{n:02}"), Some(&person), &body);
    }
    city
}

fn page(city: &TestCity, target: &str) -> (u16, String) {
    let page = city.get::<Residents>(target);
    (page.code().as_u16(), page.body_text())
}

/// The event that the hub publishes.
fn changed(reference: &str, fields: &[&str], ended: bool, purpose: &str) -> Event {
    let data = json!({
        "dataset": PEOPLE, "purpose": purpose, "reference": reference, "version": 2, "fields": fields, "ended": ended,
    });
    Event {
        id: format!("{reference}-{ended}"),
        source: "/platform/hub".into(),
        topic: "city.hub.changed".into(),
        subject: Some(reference.into()),
        time: now(),
        key: Some(reference.into()),
        data: data.to_string(),
        attempt: 1,
    }
}

#[test]
fn routes_do_not_stand_in_each_others_way() {
    Residents::router().check().unwrap();
}

#[test]
fn a_roster_is_read_page_by_page_and_no_more_than_it_shows() {
    let city = city(25);
    city.grant(PEOPLE, ROSTER);
    city.sign_in_official("zhao", &["clerk"]);
    let (status, first) = page(&city, "/");
    assert!(status == 200 && first.contains("居民19") && !first.contains("居民20"), "{first}");
    let reads = city.shared_reads();
    assert_eq!(reads.len(), 20);
    assert!(reads.iter().all(|r| r.purpose == ROSTER && r.fields == ["name", "birth_date"]), "{reads:?}");
    let next = first.split("href=\"/?after=").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let (_, second) = page(&city, &format!("/?after={next}"));
    assert!(second.contains("居民24") && !second.contains("居民19"), "{second}");
    assert!(!first.contains("K00") && !first.contains("示例路"), "no key, and nothing that was not asked for");
}

#[test]
fn what_the_provider_masks_or_leaves_out_is_told_as_it_is() {
    let city = city(0);
    city.put_record(PEOPLE, "A", Some("li"), &json!({ "name": "李*", "birth_date": 66, "division": "320303001001" }));
    city.put_record(PEOPLE, "B", Some("wang"), &json!({ "name": "王*", "division": "320303001001" }));
    city.grant(PEOPLE, ROSTER);
    city.sign_in_official("zhao", &["clerk"]);
    let (_, text) = page(&city, "/");
    assert!(text.contains("李*") && text.contains("66 岁") && text.contains("未提供"), "{text}");
}

#[test]
fn denials_are_told_in_words_and_nothing_is_read() {
    let city = city(3);
    city.sign_in_official("zhao", &["clerk"]);
    let told = |words: &str| {
        let (status, text) = page(&city, "/");
        assert!(status == 403 && text.contains(words), "{status} {text}");
        assert_eq!(city.shared_reads(), []);
    };
    told("尚未批准");
    city.expire(PEOPLE, ROSTER);
    told("已于 2026-05-01 到期");
    city.revoke(PEOPLE, ROSTER);
    told("收回数据授权");
    city.grant_fields(PEOPLE, ROSTER, &["name", "division"]);
    told("没有授权这些信息项：birth_date");
    city.grant(PEOPLE, ROSTER);
    city.sign_in_official("qian", &[]);
    told("只有社区工作人员");
    city.prefer(Lang::En, false);
    told("for community clerks");
}

#[test]
fn every_case_of_the_contract_has_words_or_a_way_on() {
    let some = || vec!["a".to_owned()];
    let (text, time) = (|| "x".to_owned(), || "2026-05-01T01:00:00Z".to_owned());
    let all = [
        SharedError::UnknownDataset(text()),
        SharedError::NotGranted(text()),
        SharedError::Expired(time()),
        SharedError::Revoked(time()),
        SharedError::OtherPurpose(some()),
        SharedError::FieldsNotGranted(some()),
        SharedError::AccessNotGranted(some()),
        SharedError::RowNotGranted,
        SharedError::RoleRequired(some()),
        SharedError::NotShared(text()),
        SharedError::NotAuthority(some()),
        SharedError::Conflict,
        SharedError::Unavailable(text()),
    ];
    let count = all.len();
    let words: BTreeSet<String> = all.into_iter().map(|e| denied(e).unwrap().title.zh.into_owned()).collect();
    assert_eq!(words.len(), count, "no two say the same: {words:?}");
    assert_eq!(denied(SharedError::NotSignedIn), Err(Error::SignIn));
    assert!(matches!(denied(SharedError::ConsentRequired(OWN.into())), Err(Error::Consent(c)) if c.scope() == OWN));
}

#[test]
fn ones_own_entry_is_read_with_consent_and_no_longer() {
    let city = city(2);
    city.grant(PEOPLE, OWN);
    assert_eq!(page(&city, "/me").0, 303, "to sign in");
    city.sign_in("li");
    assert_eq!(page(&city, "/me").0, 303, "to be asked");
    assert_eq!(city.shared_reads(), []);
    city.consent("li", OWN);
    let (status, text) = page(&city, "/me");
    assert!(status == 200 && text.contains("居民00") && text.contains("示例路 1 号"), "{text}");
    assert_eq!(city.get::<Residents>("/").header_value("location"), Some("/me"), "the roster is no citizen's");
    city.withdraw("li", OWN);
    assert_eq!(page(&city, "/me").0, 303);
    city.sign_in("nobody");
    city.consent("nobody", OWN);
    assert!(page(&city, "/me").1.contains("没有您的登记"));
}

#[test]
fn what_is_not_on_record_and_what_is_not_given_are_two_things() {
    let city = city(0);
    city.put_record(PEOPLE, "A", Some("li"), &json!({ "name": "李" }));
    city.consent("li", OWN);
    city.sign_in("li");
    city.grant(PEOPLE, OWN);
    assert!(page(&city, "/me").1.contains("未登记"));
}

#[test]
fn a_change_is_marked_by_reference_and_gone_with_the_record() {
    let city = city(2);
    city.grant(PEOPLE, ROSTER);
    city.sign_in_official("zhao", &["clerk"]);
    let reference = {
        use yunlong_sdk::shared::{Dataset, Index};
        let people = Dataset::open(PEOPLE, ROSTER).unwrap();
        people.query(&Index(&["division"]).all(), &["name"]).unwrap().records[0].reference.clone()
    };
    let badge = "2026-05-01 09:00";
    assert!(!page(&city, "/").1.contains(badge));
    city.deliver_event::<Residents>(&changed(&reference, &["name"], false, "another-purpose")).unwrap();
    assert!(!page(&city, "/").1.contains(badge), "not this roster's");
    for _ in 0..2 {
        city.deliver_event::<Residents>(&changed(&reference, &["name"], false, ROSTER)).unwrap();
        assert_eq!(page(&city, "/").1.matches(badge).count(), 1, "delivered again, marked once");
    }
    city.deliver_event::<Residents>(&changed(&reference, &[], true, ROSTER)).unwrap();
    assert!(!page(&city, "/").1.contains(badge));
}

#[test]
fn marks_are_forgotten_after_a_month() {
    let city = city(1);
    city.deliver_event::<Residents>(&changed("r-1", &["name"], false, ROSTER)).unwrap();
    city.advance(31 * 24 * 60 * 60 * 1000);
    city.deliver_event::<Residents>(&changed("r-2", &["name"], false, ROSTER)).unwrap();
    let kept = yunlong_sdk::Collection::<residents::Change>::new();
    let kept = |id: &str| kept.get(id).unwrap().is_some();
    assert_eq!((kept("r-1"), kept("r-2")), (false, true));
}

#[test]
fn an_event_that_cannot_be_read_is_rejected_and_a_foreign_one_left_alone() {
    let city = city(0);
    let mut event = changed("r-1", &[], false, ROSTER);
    event.data = "[]".into();
    assert!(matches!(city.deliver_event::<Residents>(&event), Err(Failure::Reject(_))));
    event.source = "/installations/somebody".into();
    city.deliver_event::<Residents>(&event).unwrap();
    let changed: Changed = serde_json::from_str(&changed("r-1", &["name"], false, ROSTER).data).unwrap();
    assert_eq!(changed.fields, ["name"]);
}
