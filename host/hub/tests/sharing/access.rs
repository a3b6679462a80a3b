//! The table of who may: three sharing classes × six states of the grant and the call × three callers, once
//! for the decision alone, and once through a dataset that is opened, with the log read afterwards.

use crate::city::{ASKED, CLOSED, City, DAY, LAW, OPEN, POLICE, TOURISM, Who, a_use, name, official, strings};
use std::collections::BTreeMap;
use yunlong_hub::{
    Access, Ask, Caller, Dataset, Denial, Grant, LegalBasis, Mask, ReadError, Revoked, Rows, Sharing, Terms, decide,
};
use yunlong_model::manifest::DatasetUse;
use yunlong_model::{Kind, PersonId, Text, Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Unconditional,
    Conditional,
    NotShared,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Granted,
    Expired,
    Revoked,
    OtherPurpose,
    OtherField,
    OtherRow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Citizen,
    Official,
    Job,
}

const CLASSES: [Class; 3] = [Class::Unconditional, Class::Conditional, Class::NotShared];
const CASES: [Case; 6] =
    [Case::Granted, Case::Expired, Case::Revoked, Case::OtherPurpose, Case::OtherField, Case::OtherRow];
const CALLERS: [By; 3] = [By::Citizen, By::Official, By::Job];

/// What the specification says of a cell: the code of the denial, or that it is answered. The caller makes
/// no difference here: each asks for a record that is theirs to ask for, but in the last column.
fn expected(class: Class, case: Case) -> Option<&'static str> {
    match (class, case) {
        (Class::NotShared, _) => Some("not-shared"),
        (_, Case::Granted) => None,
        (_, Case::Expired) => Some("expired"),
        (_, Case::Revoked) => Some("revoked"),
        (_, Case::OtherPurpose) => Some("other-purpose"),
        (_, Case::OtherField) => Some("fields-not-granted"),
        (_, Case::OtherRow) => Some("row-not-granted"),
    }
}

const NOW: Timestamp = Timestamp(1_000_000);

fn text(t: &str) -> Text {
    Text { zh: t.into(), en: t.into() }
}

fn dataset(class: Class) -> Dataset {
    let sharing = match class {
        Class::Unconditional => Sharing::Unconditional,
        Class::Conditional => Sharing::Conditional { condition: text("c") },
        Class::NotShared => Sharing::NotShared { law: LAW.into() },
    };
    let person: Dataset = toml::from_str(include_str!("../../data/datasets/population.person.toml")).unwrap();
    Dataset { sharing, provider: POLICE.into(), ..person }
}

fn declared() -> DatasetUse {
    DatasetUse {
        dataset: "population.person".into(),
        purpose: "check".into(),
        reason: text("r"),
        basis: LegalBasis::StatutoryDuty,
        law: Some(LAW.into()),
        fields: strings(&["name", "birth_date", "mobile"]),
        rows: Rows::Divisions(strings(&["320321"])),
        access: vec![Access::Get, Access::Query],
        roles: strings(&["clerk"]),
        days: 365,
    }
}

fn grant() -> Grant {
    let fields = [("name", Mask::Plain), ("birth_date", Mask::Year)];
    Grant {
        request: "1".into(),
        installation: name("tickets"),
        dataset: "population.person".into(),
        purpose: "check".into(),
        terms: Terms {
            fields: fields.map(|(f, m)| (f.to_owned(), m)).into(),
            rows: Rows::Divisions(strings(&["320321"])),
            only: BTreeMap::new(),
            access: vec![Access::Get, Access::Query],
            roles: strings(&["clerk"]),
            basis: LegalBasis::StatutoryDuty,
            law: Some(LAW.into()),
        },
        from: Timestamp(0),
        until: Timestamp(2_000_000),
        granted_by: "police-admin".into(),
        revoked: None,
        warned_of: None,
    }
}

fn caller(by: By) -> Caller {
    let (kind, account, person) = match by {
        By::Citizen => (Kind::Citizen, Some("wang"), Some(PersonId::new("wang"))),
        By::Official => (Kind::Official, Some("clerk"), None),
        By::Job => (Kind::Service, None, None),
    };
    Caller {
        installation: name("tickets"),
        organization: TOURISM.into(),
        kind,
        account: account.map(str::to_owned),
        person,
        roles: strings(&["clerk"]),
        invocation: "request",
        request_id: String::new(),
    }
}

#[test]
fn every_cell_of_the_table_is_decided_as_it_says() {
    for class in CLASSES {
        for case in CASES {
            for by in CALLERS {
                let (dataset, declared, caller) = (dataset(class), declared(), caller(by));
                let mut grant = Some(grant());
                let (mut now, mut fields, mut others) = (NOW, strings(&["name"]), Vec::new());
                let (mut person, mut division) = ("wang", "320321");
                match case {
                    Case::Granted => {}
                    Case::Expired => now = Timestamp(2_000_000),
                    Case::Revoked => {
                        let revoked = Revoked { at: NOW, by: "police-admin".into(), reason: "r".into() };
                        grant = grant.map(|g| Grant { revoked: Some(revoked), ..g });
                    }
                    Case::OtherPurpose => (grant, others) = (None, strings(&["other"])),
                    Case::OtherField => fields = strings(&["name", "mobile"]),
                    Case::OtherRow if by == By::Citizen => person = "li",
                    Case::OtherRow => division = "320322",
                }
                let ask = Ask {
                    caller: &caller,
                    dataset: &dataset,
                    purpose: "check",
                    declared: Some(&declared),
                    grant: grant.as_ref(),
                    other_purposes: &others,
                    access: Access::Get,
                    fields: &fields,
                    now,
                };
                let body = serde_json::json!({ "division": division }).as_object().cloned().unwrap();
                let decided = decide(&ask).and_then(|a| a.row(&dataset, Some(&PersonId::new(person)), &body));
                let code = decided.as_ref().err().map(Denial::code);
                assert_eq!(code, expected(class, case), "{class:?} {case:?} {by:?}");
            }
        }
    }
}

/// One purpose in each state, of one dataset and one app.
async fn app(city: &City, class: Class) -> &'static str {
    let (app, dataset) = match class {
        Class::Unconditional => ("app-open", OPEN),
        Class::Conditional => ("app-asked", ASKED),
        Class::NotShared => ("app-closed", CLOSED),
    };
    let more = |days: u32| format!("rows = {{ divisions = [\"320321\"] }}\nroles = [\"clerk\"]\ndays = {days}");
    let fields = ["name", "birth_date"];
    let uses = [("granted", 365), ("expired", 1), ("revoked", 365), ("unasked", 365)];
    let uses: String = uses.iter().map(|(purpose, days)| a_use(dataset, purpose, &fields, &more(*days))).collect();
    city.install(app, TOURISM, &uses).await;
    for purpose in ["granted", "expired", "revoked"] {
        city.grant(app, dataset, purpose).await;
    }
    app
}

#[tokio::test]
async fn every_cell_of_the_table_is_answered_as_it_says_and_each_denial_is_in_the_log() {
    let city = City::new().await;
    let mut apps = Vec::new();
    for class in CLASSES {
        apps.push(app(&city, class).await);
    }
    city.clock.advance(2 * DAY);
    for app in apps.iter().take(2) {
        let dataset = if *app == "app-open" { OPEN } else { ASKED };
        let by = official("police-admin", POLICE);
        city.hub.revoke_grant(&name(app), dataset, "revoked", "不再需要", &by).await.unwrap();
    }
    let (wang, li, zhao) = (&city.residents.wang, &city.residents.li, &city.residents.zhao);
    for (class, app) in CLASSES.into_iter().zip(&apps) {
        let dataset = [OPEN, ASKED, CLOSED][class as usize];
        for case in CASES {
            for by in CALLERS {
                // Denials that are the same share an entry for a minute.
                city.clock.advance(61_000);
                let who = match by {
                    By::Citizen => Who::Citizen("wang", wang),
                    By::Official => Who::Official(&["clerk"]),
                    By::Job => Who::Job,
                };
                let purpose = match case {
                    Case::Expired => "expired",
                    Case::Revoked => "revoked",
                    Case::OtherPurpose => "unasked",
                    _ => "granted",
                };
                let field = if case == Case::OtherField { "mobile" } else { "name" };
                let key = match (case, by) {
                    (Case::OtherRow, By::Citizen) => li,
                    (Case::OtherRow, _) => zhao,
                    _ => wang,
                };
                let read = match city.open(app, who, dataset, purpose).await {
                    Ok(open) => open.get(key, &strings(&[field]), None).await,
                    Err(e) => Err(e),
                };
                let at = format!("{class:?} {case:?} {by:?}");
                let Some(code) = expected(class, case) else {
                    let released = read.expect(&at).expect(&at);
                    assert_eq!(serde_json::Value::from(released.body), serde_json::json!({ "name": "王示例" }), "{at}");
                    let entry = city.log("data.read").await.swap_remove(0);
                    assert_eq!(entry.about, Some(city.person(wang)), "{at}");
                    assert_eq!((entry.fields, entry.purpose.as_deref()), (strings(&["name"]), Some("granted")), "{at}");
                    continue;
                };
                let Err(ReadError::Denied(denial)) = read else { panic!("{at}: {read:?}") };
                assert_eq!(denial.code(), code, "{at}");
                let (logged, entry) = city.last_denial().await;
                assert_eq!(logged, code, "{at}");
                assert_eq!(entry.installation, Some(name(app)), "{at}");
                assert_eq!(entry.dataset.as_deref(), Some(dataset), "{at}");
                assert_eq!(entry.purpose.as_deref(), Some(purpose), "{at}");
                let actor = [("wang"), ("tourism-clerk"), (&*format!("service:{app}"))][by as usize].to_owned();
                assert_eq!(entry.actor, actor, "{at}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_shared_is_the_providers_own_to_use() {
    let city = City::new().await;
    let uses = a_use(CLOSED, "own", &["name"], "rows = \"all\"");
    city.install("police-app", POLICE, &uses).await;
    let admin = official("police-admin", POLICE);
    let request = city.hub.ask(&name("police-app"), CLOSED, "own", &admin).await.unwrap();
    assert!(request.state.is_open(), "its own administrators decide");
    let decision = request.everything(city.now());
    city.hub.approve_request(&request.id, decision, &admin).await.unwrap();
    let caller = Caller { organization: POLICE.into(), ..city.caller("police-app", Who::Job) };
    let open = city.hub.open_dataset(caller, CLOSED, "own").await.unwrap();
    assert!(open.get(&city.residents.wang, &[], None).await.unwrap().is_some());
}

#[test]
fn what_the_app_no_longer_declares_is_not_given_however_it_was_granted() {
    let (dataset, caller) = (dataset(Class::Conditional), caller(By::Official));
    let grant = grant();
    let decide_with = |declared: Option<&DatasetUse>, fields: &[&str], access| {
        let fields = strings(fields);
        decide(&Ask {
            caller: &caller,
            dataset: &dataset,
            purpose: "check",
            declared,
            grant: Some(&grant),
            other_purposes: &[],
            access,
            fields: &fields,
            now: NOW,
        })
        .map(|a| a.fields.keys().cloned().collect::<Vec<_>>())
    };
    assert_eq!(
        decide_with(None, &[], Access::Get),
        Err(Denial::UnknownDataset("population.person".into())),
        "its department took the permission away"
    );
    let fewer = DatasetUse { fields: strings(&["name"]), access: vec![Access::Query], ..declared() };
    assert_eq!(
        decide_with(Some(&fewer), &["birth_date"], Access::Query),
        Err(Denial::Fields(strings(&["birth_date"])))
    );
    assert_eq!(decide_with(Some(&fewer), &[], Access::Query), Ok(strings(&["name"])));
    assert_eq!(decide_with(Some(&fewer), &[], Access::Get), Err(Denial::Access(vec![Access::Query])));
    let other = DatasetUse { basis: LegalBasis::Emergency, ..declared() };
    assert!(matches!(decide_with(Some(&other), &[], Access::Get), Err(Denial::NotGranted(_))));
    let narrower = DatasetUse { rows: Rows::Own, ..declared() };
    assert_eq!(decide_with(Some(&narrower), &[], Access::Get), Err(Denial::Row), "an official without a record");
}

#[test]
fn a_role_that_the_grant_demands_is_demanded_of_officials() {
    let (dataset, declared, grant) = (dataset(Class::Conditional), declared(), grant());
    let with = |by: By, roles: &[&str]| {
        let caller = Caller { roles: strings(roles), ..caller(by) };
        let ask = Ask {
            caller: &caller,
            dataset: &dataset,
            purpose: "check",
            declared: Some(&declared),
            grant: Some(&grant),
            other_purposes: &[],
            access: Access::Get,
            fields: &[],
            now: NOW,
        };
        decide(&ask).err()
    };
    assert_eq!(with(By::Official, &["auditor"]), Some(Denial::Role(strings(&["clerk"]))));
    assert_eq!(with(By::Official, &["clerk"]), None);
    assert_eq!(with(By::Job, &[]), None, "a job holds no roles: its department approved what it does");
    assert_eq!(with(By::Citizen, &[]), None, "a citizen sees their own record, and no other");
}
