use crate::city::{
    City, DAY, HOUSEHOLD, PERSON, TOURISM, citizen, id, official, person, police, police_admin, tourism,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use yunlong_hub::{Claim, CorrectionFilter, CorrectionState, HubError, NewCorrection};

fn wrong(item: &str, claim: Claim) -> NewCorrection {
    NewCorrection {
        dataset: PERSON.into(),
        key: None,
        item: Some(item.into()),
        claim,
        reason: "登记时写错".into(),
        evidence: "户口簿第 3 页".into(),
    }
}

fn name_is(name: &str) -> NewCorrection {
    wrong("name", Claim::Value(json!(name)))
}

async fn city() -> City {
    let city = City::new().await;
    for n in [1, 2] {
        city.put(PERSON, city.fresh(&id(n), person(n), "2020-01-01")).await.unwrap();
    }
    city
}

async fn notes(city: &City, account: &str) -> Vec<String> {
    let page = city.messaging.inbox(account, None, 50).await.unwrap();
    page.notes.into_iter().rev().map(|n| n.body.zh).collect()
}

#[tokio::test]
async fn a_citizen_says_what_is_wrong_and_the_record_is_corrected_in_the_same_commit() {
    let city = city().await;
    let filed = city.hub.file_correction(name_is("示例真名"), &citizen("ann")).await.unwrap();
    assert_eq!((filed.state, filed.was.as_ref()), (CorrectionState::Filed, Some(&json!("示例1"))));
    city.hub.accept_correction(&filed.id, &police()).await.unwrap();
    let before = city.store.watch().borrow().0;
    let corrected = city.hub.correct(&filed.id, None, None, "已核实", &police()).await.unwrap();
    assert_eq!(city.store.watch().borrow().0, before + 1, "one commit");
    assert_eq!((corrected.state, corrected.version), (CorrectionState::Corrected, Some(2)));
    let records = city.records(PERSON);
    let record = records.current(&records.id(&id(1))).await.unwrap().unwrap();
    assert_eq!((record.body["name"].as_str(), record.valid_from.as_str()), (Some("示例真名"), "2020-01-01"));
    assert_eq!(record.sources["name"].through, format!("correction/{}", filed.id));
    assert_eq!(records.replaced(&records.id(&id(1))).await.unwrap()[0].body["name"], "示例1");
    let told = notes(&city, "ann").await;
    assert!(told.len() == 2 && told[0].contains("已受理") && told[1].contains("记录已更正：已核实"), "{told:?}");
    assert!(told.iter().all(|t| !t.contains("示例真名")), "notes name no value");
    assert!(notes(&city, "police-admin").await[0].contains("请在控制台受理"));
    let actions: Vec<String> = city.audited("correction.").await.into_iter().map(|e| e.action).collect();
    assert_eq!(actions, ["correction.filed", "correction.accepted", "correction.corrected"]);
    let ann = city.identity.person_of_account("ann").await.unwrap();
    assert!(city.audited("correction.").await.iter().all(|e| e.about.as_ref() == Some(&ann)));
}

#[tokio::test]
async fn it_is_to_be_answered_by_the_end_of_the_tenth_working_day() {
    let city = city().await;
    let filed = city.hub.file_correction(name_is("示例真名"), &citizen("ann")).await.unwrap();
    assert_eq!(filed.due.to_shanghai(), "2026-12-11 00:00");
    city.clock.advance(15 * DAY);
    for _ in 0..2 {
        city.hub.tick().await.unwrap();
    }
    let overdue = |told: Vec<String>| told.iter().filter(|t| t.contains("逾期")).count();
    assert_eq!(overdue(notes(&city, "police-admin").await), 1, "they are reminded once");
    assert!(city.hub.correction(&filed.id).await.unwrap().is_overdue(city.hub_now()));
    assert_eq!(city.audited("correction.overdue").await.len(), 1);
    let answered = city.hub.reject_correction(&filed.id, "与档案一致", &police()).await.unwrap();
    assert!(!answered.is_overdue(city.hub_now()));
}

#[tokio::test]
async fn it_is_forwarded_to_the_authority_of_the_item_which_alone_answers() {
    let city = city().await;
    city.hub.set_authority(PERSON, "mobile", Some(TOURISM), &police_admin()).await.unwrap();
    let new = wrong("mobile", Claim::Value(json!("19900000001")));
    let filed = city.hub.file_correction(new, &citizen("ann")).await.unwrap();
    assert_eq!(filed.authority, TOURISM);
    city.hub.accept_correction(&filed.id, &police()).await.unwrap();
    assert!(notes(&city, "tourism-admin").await[0].contains("转交"));
    let refused = city.hub.correct(&filed.id, None, None, "", &police()).await;
    assert!(matches!(refused, Err(HubError::Forbidden(_))), "{refused:?}");
    assert!(matches!(city.hub.reject_correction(&filed.id, "x", &police()).await, Err(HubError::Forbidden(_))));
    let found = json!("19900000002");
    city.hub.correct(&filed.id, Some(found.clone()), None, "", &tourism()).await.unwrap();
    let records = city.records(PERSON);
    let record = records.current(&records.id(&id(1))).await.unwrap().unwrap();
    assert_eq!((&record.body["mobile"], record.sources["mobile"].organization.as_str()), (&found, TOURISM));
    let desk = city.hub.corrections_of(TOURISM, &CorrectionFilter::default(), None, 10, &tourism()).await.unwrap();
    assert_eq!(desk.corrections.len(), 1);
}

#[tokio::test]
async fn a_citizen_says_so_of_their_own_records_only() {
    let city = city().await;
    let of = |key: String| NewCorrection { key: Some(key), ..name_is("x") };
    let other = city.hub.file_correction(of(id(2)), &citizen("ann")).await;
    assert_eq!(other, Err(HubError::NoSuchRecord(PERSON.into())));
    let nobody = city.hub.file_correction(of(id(3)), &citizen("ann")).await;
    assert_eq!(nobody, other, "whether there is one is not told");
    city.hub.file_correction(of(id(1)), &citizen("ann")).await.unwrap();
    // A household is found by its head.
    let household = json!({ "household": "H1", "head": id(1), "division": "320321", "address": "示例路", "size": 3 });
    city.put(HOUSEHOLD, city.fresh("H1", household, "2026-01-01")).await.unwrap();
    let size = NewCorrection { dataset: HOUSEHOLD.into(), ..wrong("size", Claim::Value(json!(4))) };
    assert_eq!(city.hub.file_correction(size.clone(), &citizen("ann")).await.unwrap().key, "H1");
    assert_eq!(city.hub.file_correction(size, &citizen("bob")).await, Err(HubError::NoSuchRecord(HOUSEHOLD.into())));
}

#[tokio::test]
async fn an_official_says_so_of_what_their_department_provides_or_may_read() {
    let city = city().await;
    let of_bob = || NewCorrection { key: Some(id(2)), ..name_is("示例乙") };
    let refused = city.hub.file_correction(of_bob(), &tourism()).await;
    assert!(matches!(refused, Err(HubError::Forbidden(_))), "{refused:?}");
    let filed = city.hub.file_correction(of_bob(), &police()).await.unwrap();
    assert_eq!(filed.filer.organization.as_deref(), Some(crate::city::POLICE));
    assert!(matches!(city.hub.file_correction(name_is("x"), &police()).await, Err(HubError::Invalid { .. })));
}

#[tokio::test]
async fn a_claim_that_cannot_be_is_refused_when_it_is_filed() {
    let city = city().await;
    let ann = citizen("ann");
    for (new, field) in [
        (wrong("colour", Claim::Value(json!("red"))), "item"),
        (wrong("birth_date", Claim::Value(json!("1990-02-30"))), "birth_date"),
        (wrong("name", Claim::Value(json!("示例1"))), "name"),
        (wrong("name", Claim::Nothing), "name"),
        (wrong("mobile", Claim::Nothing), "mobile"),
        (wrong("resident_id", Claim::Value(json!(id(3)))), "resident_id"),
        (wrong("name", Claim::NoRecord), "item"),
        (NewCorrection { item: None, ..name_is("x") }, "item"),
        (NewCorrection { reason: " ".into(), ..name_is("x") }, "reason"),
        (NewCorrection { evidence: "证".repeat(2_001), ..name_is("x") }, "evidence"),
    ] {
        match city.hub.file_correction(new, &ann).await {
            Err(HubError::Invalid { field: at, problem }) => {
                assert!(at == field && !problem.zh.is_empty(), "{at} instead of {field}");
            }
            other => panic!("{field}: {other:?}"),
        }
    }
    // What the whole record contradicts is refused when it is written, and the correction stays open.
    let filed = city.hub.file_correction(wrong("birth_date", Claim::Value(json!("1991-01-01"))), &ann).await.unwrap();
    city.hub.accept_correction(&filed.id, &police()).await.unwrap();
    assert!(matches!(city.hub.correct(&filed.id, None, None, "", &police()).await, Err(HubError::Record(_))));
    assert_eq!(city.hub.correction(&filed.id).await.unwrap().state, CorrectionState::Accepted);
}

#[tokio::test]
async fn a_record_about_nobody_is_erased() {
    let city = city().await;
    let new = NewCorrection { item: None, claim: Claim::NoRecord, ..name_is("") };
    let filed = city.hub.file_correction(new, &citizen("ann")).await.unwrap();
    city.hub.accept_correction(&filed.id, &police()).await.unwrap();
    let done = city.hub.correct(&filed.id, None, None, "", &police()).await.unwrap();
    assert_eq!(done.version, None);
    let records = city.records(PERSON);
    assert!(records.history(&records.id(&id(1))).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_record_that_is_missing_is_asked_for_and_answered_once_it_is_there() {
    let city = City::new().await;
    city.put(PERSON, city.fresh(&id(2), person(2), "2020-01-01")).await.unwrap();
    let missing = || NewCorrection { item: None, claim: Claim::Missing, ..name_is("") };
    let refused = city.hub.file_correction(missing(), &police()).await;
    assert!(matches!(refused, Err(HubError::Invalid { .. })), "an official enters it: {refused:?}");
    let with_item = NewCorrection { claim: Claim::Missing, ..name_is("") };
    assert!(matches!(city.hub.file_correction(with_item, &citizen("ann")).await, Err(HubError::Invalid { .. })));
    let filed = city.hub.file_correction(missing(), &citizen("ann")).await.unwrap();
    assert_eq!((filed.key.as_str(), filed.item.as_ref()), (id(1).as_str(), None), "the desk knows whose it is");
    city.hub.accept_correction(&filed.id, &police()).await.unwrap();
    let too_early = city.hub.correct(&filed.id, None, None, "", &police()).await;
    assert!(matches!(too_early, Err(HubError::Invalid { .. })), "nothing was entered: {too_early:?}");
    city.put(PERSON, city.fresh(&id(1), person(1), "2020-01-01")).await.unwrap();
    let done = city.hub.correct(&filed.id, None, None, "已补登", &police()).await.unwrap();
    assert_eq!((done.state, done.version), (CorrectionState::Corrected, Some(1)));
    let again = city.hub.file_correction(missing(), &citizen("ann")).await;
    assert!(matches!(again, Err(HubError::Invalid { .. })), "there is one now: {again:?}");
}

#[tokio::test]
async fn who_is_not_part_of_it_does_not_learn_that_it_exists() {
    let city = city().await;
    let filed = city.hub.file_correction(name_is("示例真名"), &citizen("ann")).await.unwrap();
    for by in [citizen("ann"), police()] {
        assert_eq!(city.hub.correction_for(&filed.id, &by).await.unwrap().id, filed.id);
    }
    for by in [citizen("bob"), tourism()] {
        let unknown = city.hub.correction_for(&filed.id, &by).await;
        assert!(matches!(unknown, Err(HubError::Unknown { what: "correction", .. })), "{unknown:?}");
    }
    for step in [
        city.hub.accept_correction(&filed.id, &tourism()).await,
        city.hub.withdraw_correction(&filed.id, &citizen("bob")).await,
        city.hub.withdraw_correction(&filed.id, &police()).await,
    ] {
        assert!(matches!(step, Err(HubError::Forbidden(_))), "{step:?}");
    }
    let outsider = official("tourism-clerk", TOURISM);
    let list = city.hub.corrections_of(crate::city::POLICE, &CorrectionFilter::default(), None, 10, &outsider).await;
    assert!(matches!(list, Err(HubError::Forbidden(_))));
}

#[tokio::test]
async fn lists_come_newest_first_in_pages() {
    let city = city().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        city.clock.advance(1_000);
        ids.insert(0, city.hub.file_correction(name_is(&format!("示例第{n}")), &citizen("ann")).await.unwrap().id);
    }
    city.hub.withdraw_correction(&ids[2], &citizen("ann")).await.unwrap();
    let filter = CorrectionFilter { open: true, ..CorrectionFilter::default() };
    let (mut seen, mut before) = (Vec::new(), None::<String>);
    loop {
        let page =
            city.hub.corrections_of(crate::city::POLICE, &filter, before.as_deref(), 2, &police()).await.unwrap();
        seen.extend(page.corrections.into_iter().map(|c| c.id));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, [0, 1, 3, 4].map(|n: usize| ids[n].clone()));
    let own = city.hub.corrections_filed_by(&citizen("ann"), None, 10).await.unwrap();
    assert_eq!(own.corrections.into_iter().map(|c| c.id).collect::<Vec<_>>(), ids);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Accept,
    Correct,
    Reject,
    Withdraw,
}

async fn take(city: &City, id: &str, step: Step) -> Result<CorrectionState, HubError> {
    let done = match step {
        Step::Accept => city.hub.accept_correction(id, &police()).await,
        Step::Correct => city.hub.correct(id, None, None, "", &police()).await,
        Step::Reject => city.hub.reject_correction(id, "否", &police()).await,
        Step::Withdraw => city.hub.withdraw_correction(id, &citizen("ann")).await,
    };
    done.map(|c| c.state)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Whatever is tried in whatever order: the record changes exactly when the correction ends as
    /// corrected, one note is written for each step that the filer is told of, and what is open is counted.
    #[test]
    fn the_record_changes_only_when_it_was_corrected(
        steps in prop::collection::vec(prop_oneof![
            Just(Step::Accept), Just(Step::Correct), Just(Step::Reject), Just(Step::Withdraw)
        ], 0..8)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let city = city().await;
            let filed = city.hub.file_correction(name_is("示例真名"), &citizen("ann")).await.unwrap();
            let (mut state, mut told) = (CorrectionState::Filed, 0);
            for step in steps {
                match take(&city, &filed.id, step).await {
                    Ok(next) => {
                        assert!(state.is_open());
                        state = next;
                        told += usize::from(!matches!(step, Step::Withdraw));
                    }
                    Err(HubError::Transition { state: is, .. }) => assert_eq!(is, state.name()),
                    Err(other) => panic!("{step:?}: {other}"),
                }
            }
            let found = city.hub.correction(&filed.id).await.unwrap();
            assert_eq!(found.state, state);
            let records = city.records(PERSON);
            let name = records.current(&records.id(&id(1))).await.unwrap().unwrap().body["name"].clone();
            let wanted = if state == CorrectionState::Corrected { "示例真名" } else { "示例1" };
            assert_eq!(name, Value::String(wanted.into()));
            assert_eq!(notes(&city, "ann").await.len(), told);
            assert_eq!(city.hub.quality(PERSON).await.unwrap().open_corrections, u64::from(state.is_open()));
        });
    }
}
