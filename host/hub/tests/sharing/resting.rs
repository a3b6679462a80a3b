//! What an answer rests on is checked in the commit that writes it down: a grant that is revoked, or a consent
//! that is withdrawn, between the decision and the commit stops the read. The memory of this process is behind
//! the store here, as it is between such a commit and what follows it.

use crate::city::{ASKED, City, HALF_AN_HOUR, POLICE, TOURISM, Who, a_use, day, name, object, official, strings};
use serde_json::{Value, json};
use yunlong_hub::{Caller, Denial, Query, ReadError};
use yunlong_store::{Direction, Key, Txn};

const USES: &str = "rows = \"all\"\naccess = [\"get\", \"query\", \"bulk\", \"changes\", \"write\"]";

/// Changes the rows of a space that fit, behind the back of whoever keeps them in memory; answers how many.
pub(crate) async fn change(city: &City, space: &str, change: impl Fn(&mut Value) -> bool) -> usize {
    let rows = city.store.scan(&Key::space(space).children(), Direction::Ascending, usize::MAX).await.unwrap();
    let mut changed = 0;
    for row in rows {
        let Ok(mut value) = serde_json::from_slice::<Value>(&row.value) else { continue };
        if value.is_object() && change(&mut value) {
            let mut txn = Txn::new(city.store.clone());
            txn.put_as(row.key, &value);
            txn.commit().await.unwrap();
            changed += 1;
        }
    }
    changed
}

async fn revoke(city: &City) {
    let revoked = change(city, "@hub", |row| {
        let is_grant = row["granted_by"].is_string() && row["purpose"] == "check";
        if is_grant {
            row["revoked"] = json!({ "at": 1_795_658_400_000_i64, "by": "police-admin", "reason": "撤销" });
        }
        is_grant
    });
    assert_eq!(revoked.await, 1);
}

async fn withdraw(city: &City) {
    let withdrawn = change(city, "@identity", |row| {
        let is_consent = row["scope"] == "check" && row["given_at"].is_number();
        if is_consent {
            row["withdrawn_at"] = json!(1_795_658_400_000_i64);
        }
        is_consent
    });
    assert_eq!(withdrawn.await, 1);
}

async fn city(extra: &str, organization: &str) -> City {
    let city = City::new().await;
    let uses = a_use(ASKED, "check", &["name", "division", "note"], extra);
    city.install("tickets", organization, &uses).await;
    let by = official(if organization == POLICE { "police-admin" } else { "tourism-admin" }, organization);
    let request = city.hub.ask(&name("tickets"), ASKED, "check", &by).await.unwrap();
    let decision = request.everything(city.now());
    city.hub.approve_request(&request.id, decision, &official("police-admin", POLICE)).await.unwrap();
    city
}

fn by_division() -> Query {
    crate::city::by_division("320321", 10)
}

#[tokio::test]
async fn a_grant_that_is_revoked_while_it_is_read_stops_every_way_to_read() {
    for way in ["get", "query", "page", "nothing", "write", "open"] {
        let city = city(USES, POLICE).await;
        let caller = Caller { organization: POLICE.into(), ..city.caller("tickets", Who::Job) };
        let open = city.hub.open_dataset(caller, ASKED, "check").await.unwrap();
        let wang = &city.residents.wang;
        let version = open.get(wang, &[], None).await.unwrap().unwrap().version;
        let job = open.start_job(&by_division(), &[]).await.unwrap();
        city.hub.work().await.unwrap();
        let before = city.log("data.read").await.len();
        revoke(&city).await;
        let answer = match way {
            "get" => open.get(wang, &[], None).await.map(drop),
            "query" => open.query(&by_division(), &[]).await.map(drop),
            "page" => open.job_page(&job, 0).await.map(drop),
            "nothing" => open.get(&crate::city::resident_id("320321", "20010101", 77), &[], None).await.map(drop),
            "write" => open.write(wang, object(json!({ "note": "x" })), version, day("2026-11-26")).await.map(drop),
            _ => {
                // Memory is loaded anew where a commit met the change, so that the next call sees it at once.
                drop(open.get(wang, &[], None).await);
                open.fields().await.map(drop)
            }
        };
        assert!(matches!(answer, Err(ReadError::Denied(Denial::Revoked(_)))), "{way}: {answer:?}");
        assert_eq!(city.log("data.read").await.len(), before, "{way}: nothing was read");
        assert_eq!(city.log("data.written").await.len(), 0, "{way}");
    }
}

#[tokio::test]
async fn a_consent_that_is_withdrawn_while_it_is_read_stops_the_read_and_the_feed() {
    let city = city(&format!("basis = \"consent\"\n{USES}"), TOURISM).await;
    city.hub.work().await.unwrap();
    let declared = city.manifest_of("tickets").datasets[0].clone();
    city.identity.consent_to_use("wang", &name("tickets"), &declared).await.unwrap();
    let open = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    assert!(open.get(&city.residents.wang, &[], None).await.unwrap().is_some());
    let before = city.log("data.read").await.len();
    city.put_from(ASKED, &city.residents.wang, json!({ "name": "王改名" }), "2026-11-26").await;
    withdraw(&city).await;
    city.hub.work().await.unwrap();
    city.clock.advance(HALF_AN_HOUR);
    assert_eq!(city.messages().await.len(), 0, "nothing is told by a consent that is gone");
    let refused = open.get(&city.residents.wang, &[], None).await;
    assert_eq!(refused, Err(ReadError::Denied(Denial::Consent("check".into()))));
    let page = open.query(&by_division(), &[]).await.unwrap();
    assert_eq!(page.records.len(), 0);
    assert_eq!(city.log("data.read").await.len(), before);
}

#[tokio::test]
async fn a_consent_that_is_withdrawn_leaves_its_person_out_of_a_query() {
    let city = city(&format!("basis = \"consent\"\n{USES}"), TOURISM).await;
    let declared = city.manifest_of("tickets").datasets[0].clone();
    city.identity.consent_to_use("wang", &name("tickets"), &declared).await.unwrap();
    let open = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    assert_eq!(open.query(&by_division(), &strings(&["name"])).await.unwrap().records.len(), 1);
    withdraw(&city).await;
    assert_eq!(open.query(&by_division(), &strings(&["name"])).await.unwrap().records.len(), 0);
}

#[tokio::test]
async fn a_grant_that_changes_without_ending_is_decided_on_anew_and_the_read_goes_on() {
    let city = city(USES, TOURISM).await;
    let open = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    assert!(open.get(&city.residents.wang, &[], None).await.unwrap().is_some());
    let narrowed = change(&city, "@hub", |row| {
        let is_grant = row["granted_by"].is_string() && row["purpose"] == "check";
        if is_grant {
            row["terms"]["fields"].as_object_mut().unwrap().remove("name");
        }
        is_grant
    });
    assert_eq!(narrowed.await, 1);
    let read = open.get(&city.residents.wang, &[], None).await.unwrap().unwrap();
    assert!(!read.body.contains_key("name") && read.body.contains_key("division"), "as it stands now: {read:?}");
}
