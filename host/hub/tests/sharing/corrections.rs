//! Doubting a record by a grant: it tells nothing that the grant does not let somebody read.

use crate::city::{ASKED, City, OPEN, POLICE, TOURISM, Who, a_use, name, official, resident_id, strings};
use serde_json::json;
use std::collections::BTreeMap;
use yunlong_audit::{Entry, Outcome};
use yunlong_hub::{Actor, Claim, Correction, CorrectionFilter, HubError, Mask, NewCorrection, Rows};

const USE: &str = "rows = { divisions = [\"320321\"] }\naccess = [\"get\"]\nroles = [\"clerk\"]";

fn clerk() -> Actor {
    official("tourism-clerk", TOURISM)
}

fn of(key: &str, item: &str, claim: Claim) -> NewCorrection {
    NewCorrection {
        dataset: ASKED.into(),
        key: Some(key.into()),
        item: Some(item.into()),
        claim,
        reason: "窗口核对时发现".into(),
        evidence: String::new(),
    }
}

fn says(key: &str, item: &str, value: &str) -> NewCorrection {
    of(key, item, Claim::Value(json!(value)))
}

/// The tourism office reads names of 320321, and a mobile number in part; one of its clerks has the role.
async fn city() -> City {
    let city = City::new().await;
    city.install("tickets", TOURISM, &a_use(ASKED, "check", &["name", "mobile"], USE)).await;
    city.grant_some("tickets", ASKED, "check", |d| {
        d.terms.fields = BTreeMap::from([("name".to_owned(), Mask::Plain), ("mobile".to_owned(), Mask::Partial)]);
    })
    .await;
    city.identity.assign_role(&name("tickets"), "tourism-clerk", "clerk", "tourism-admin").await.unwrap();
    city
}

/// The newest entry about a correction, and why it says that it was refused.
async fn last(city: &City) -> (Option<String>, Entry) {
    let entry = city.log("correction.").await.into_iter().next().expect("an entry");
    match &entry.outcome {
        Outcome::Denied(code) => (Some(code.clone()), entry),
        Outcome::Answered => (None, entry),
    }
}

fn told_nothing(filed: &Correction) {
    assert_eq!((&filed.was, &filed.person.is_some()), (&None, &true), "whom it is about is for the log alone");
    let sent = serde_json::to_value(filed).unwrap();
    assert!(sent.get("was").is_none() && sent.get("person").is_none() && sent.get("about").is_none(), "{sent}");
}

#[tokio::test]
async fn a_guess_by_a_grant_is_filed_whether_it_is_right_or_not() {
    let city = city().await;
    let wang = &city.residents.wang;
    for guess in ["王示例", "汪示例"] {
        city.clock.advance(1_000);
        let filed = city.hub.file_correction(says(wang, "name", guess), &clerk()).await.unwrap();
        told_nothing(&filed);
        let (refused, entry) = last(&city).await;
        assert_eq!((refused, entry.action.as_str()), (None, "correction.filed"));
        assert_eq!((entry.about, entry.fields), (Some(city.person(wang)), strings(&["name"])));
        // Nor later, by looking at it, by listing it or by taking it back.
        told_nothing(&city.hub.correction_for(&filed.id, &clerk()).await.unwrap());
        let own = city.hub.corrections_filed_by(&clerk(), None, 10).await.unwrap();
        assert!(own.corrections.iter().all(|c| c.was.is_none()));
        let desk = city.hub.correction_for(&filed.id, &official("police-clerk", POLICE)).await.unwrap();
        assert_eq!(desk.was, Some(json!("王示例")), "the desk sees what it said");
        told_nothing(&city.hub.withdraw_correction(&filed.id, &clerk()).await.unwrap());
    }
}

#[tokio::test]
async fn what_the_grant_does_not_cover_has_one_answer_whatever_is_there() {
    let city = city().await;
    let (wang, zhao) = (city.residents.wang.clone(), city.residents.zhao.clone());
    let nobody = resident_id("320321", "20010101", 77);
    let outsider = official("police-clerk", "320300");
    let no_role = official("tourism-admin", TOURISM);
    let mut answers = Vec::new();
    for (new, by, code) in [
        (says(&nobody, "name", "王示例"), clerk(), "row-not-granted"),
        (says(&zhao, "name", "赵示例"), clerk(), "row-not-granted"),
        (says(&zhao, "name", "别人"), clerk(), "row-not-granted"),
        (says(&wang, "birth_date", "1960-03-01"), clerk(), "fields-not-granted"),
        (says(&wang, "birth_date", "1961-03-01"), clerk(), "fields-not-granted"),
        (says(&wang, "mobile", "19900000001"), clerk(), "fields-not-granted"),
        (of(&city.residents.li, "mobile", Claim::Nothing), clerk(), "fields-not-granted"),
        (says(&wang, "name", "王示例"), no_role, "role-required"),
        (says(&wang, "name", "王示例"), outsider, "not-granted"),
    ] {
        // Refusals that are the same share an entry for a minute.
        city.clock.advance(61_000);
        let before = city.log("correction.refused").await.len();
        answers.push(city.hub.file_correction(new.clone(), &by).await.unwrap_err());
        assert_eq!(city.log("correction.refused").await.len(), before + 1, "{code}");
        let (refused, entry) = last(&city).await;
        assert_eq!(refused.as_deref(), Some(code), "{new:?}");
        assert_eq!(entry.about, new.key.as_deref().map(|k| city.person(k)), "whom they asked about");
        assert_eq!((entry.actor, entry.fields), (by.account, strings(&[new.item.as_deref().unwrap()])));
    }
    assert!(matches!(answers[0], HubError::Forbidden(_)), "{answers:?}");
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
    // A revoked grant is none.
    let by = official("police-admin", POLICE);
    city.hub.revoke_grant(&name("tickets"), ASKED, "check", "不再需要", &by).await.unwrap();
    assert_eq!(city.hub.file_correction(says(&wang, "name", "王示例"), &clerk()).await.unwrap_err(), answers[0]);
    assert_eq!(last(&city).await.0.as_deref(), Some("not-granted"));
}

#[tokio::test]
async fn where_the_use_rests_on_consent_the_person_has_to_agree() {
    let city = City::new().await;
    let uses = "basis = \"consent\"\nrows = \"all\"\naccess = [\"get\"]\nroles = [\"clerk\"]";
    city.install("tickets", TOURISM, &a_use(ASKED, "check", &["name"], uses)).await;
    city.grant("tickets", ASKED, "check").await;
    city.identity.assign_role(&name("tickets"), "tourism-clerk", "clerk", "tourism-admin").await.unwrap();
    let doubt = || says(&city.residents.wang, "name", "汪示例");
    assert!(matches!(city.hub.file_correction(doubt(), &clerk()).await, Err(HubError::Forbidden(_))));
    assert_eq!(last(&city).await.0.as_deref(), Some("consent-required"));
    let declared = city.manifest_of("tickets").datasets[0].clone();
    city.identity.consent_to_use("wang", &name("tickets"), &declared).await.unwrap();
    city.hub.file_correction(doubt(), &clerk()).await.unwrap();
}

#[tokio::test]
async fn those_who_answer_for_an_item_are_told_more_and_it_is_in_the_log() {
    let city = city().await;
    let by = official("police-clerk", POLICE);
    let wang = &city.residents.wang;
    let same = city.hub.file_correction(says(wang, "name", "王示例"), &by).await;
    assert!(matches!(&same, Err(HubError::Invalid { problem, .. }) if problem.en.contains("says already")), "{same:?}");
    let (refused, entry) = last(&city).await;
    assert_eq!((refused.as_deref(), entry.about), (Some("says-the-same"), Some(city.person(wang))));
    let nobody = resident_id("320321", "20010101", 77);
    let none = city.hub.file_correction(says(&nobody, "name", "x"), &by).await;
    assert_eq!(none, Err(HubError::NoSuchRecord(ASKED.into())));
    let (refused, entry) = last(&city).await;
    assert_eq!((refused.as_deref(), entry.about), (Some("no-such-record"), Some(city.person(&nobody))));
    // The authority of one item knows that one, and not the others.
    city.hub.set_authority(ASKED, "mobile", Some(TOURISM), &official("police-admin", POLICE)).await.unwrap();
    let mobile = city.hub.file_correction(says(wang, "mobile", "19900000001"), &clerk()).await;
    assert!(matches!(mobile, Err(HubError::Invalid { .. })), "{mobile:?}");
    let born = city.hub.file_correction(says(wang, "birth_date", "1960-03-01"), &clerk()).await;
    assert!(matches!(born, Err(HubError::Forbidden(_))), "{born:?}");
}

#[tokio::test]
async fn a_list_names_neither_record_nor_person_and_a_place_is_doubted_by_everybody() {
    let city = city().await;
    city.hub.file_correction(says(&city.residents.wang, "name", "汪示例"), &clerk()).await.unwrap();
    let desk = official("police-clerk", POLICE);
    let list = city.hub.corrections_of(POLICE, &CorrectionFilter::default(), None, 10, &desk).await.unwrap();
    let sent = serde_json::to_value(&list.corrections).unwrap();
    let keys: Vec<&str> = sent[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["dataset", "due", "filed", "id", "item", "official", "state"]);
    assert!(!sent.to_string().contains("示例") && !sent.to_string().contains(&city.residents.wang), "{sent}");
    let place = city.key(OPEN, &city.residents.wang);
    let new = NewCorrection { dataset: OPEN.into(), ..says(&place, "name", "东站") };
    let filed = city.hub.file_correction(new, &official("some-clerk", "320300")).await.unwrap();
    assert_eq!(filed.key, place);
}

#[tokio::test]
async fn own_rows_are_no_key_to_those_of_others() {
    let city = City::new().await;
    city.install("tickets", TOURISM, &a_use(ASKED, "own", &["name"], "rows = \"own\"\naccess = [\"get\"]")).await;
    let request = city.grant("tickets", ASKED, "own").await;
    assert_eq!(request.asked.rows, Rows::Own);
    let doubt = says(&city.residents.wang, "name", "汪示例");
    assert!(matches!(city.hub.file_correction(doubt, &clerk()).await, Err(HubError::Forbidden(_))));
    let open = city.open("tickets", Who::Citizen("wang", &city.residents.wang), ASKED, "own").await.unwrap();
    assert!(open.me(&[]).await.unwrap().is_some(), "which the grant is for");
}
