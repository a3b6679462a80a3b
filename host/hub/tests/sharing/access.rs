//! The table of who may: three sharing classes × six states of the grant and the call × three callers, and an
//! official of another department as the fourth: once for the decision alone, and once through a dataset that is opened, with the log read afterwards.

use crate::city::{
    ASKED, CLOSED, City, DAY, LAW, OPEN, POLICE, TOURISM, Who, a_use, by_division, name, official, strings,
};
use std::collections::BTreeMap;
use yunlong_audit::{Entry, Outcome};
use yunlong_hub::{
    Access, Ask, Caller, Dataset, Denial, Grant, LegalBasis, Mask, ReadError, Revoked, Rows, Sharing, Terms, decide,
};
use yunlong_identity::{Organization, OrganizationLevel};
use yunlong_model::manifest::DatasetUse;
use yunlong_model::{Kind, PersonId, Principal, Text, Timestamp};

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
    /// An official of another department, who holds the role all the same.
    Outsider,
}

const CLASSES: [Class; 3] = [Class::Unconditional, Class::Conditional, Class::NotShared];
const CASES: [Case; 6] =
    [Case::Granted, Case::Expired, Case::Revoked, Case::OtherPurpose, Case::OtherField, Case::OtherRow];
const CALLERS: [By; 4] = [By::Citizen, By::Official, By::Job, By::Outsider];

/// What the specification says of a cell: the code of the denial, or that it is answered. Each of the three
/// callers asks for a record that is theirs to ask for, but in the last column. An official of another
/// department is answered nothing about persons; what is shared unconditionally is about nobody. What is not
/// shared is asked for by an app of its provider, which alone can be granted it.
fn expected(class: Class, case: Case, by: By) -> Option<&'static str> {
    match (class, case) {
        (_, Case::Expired) => Some("expired"),
        (_, Case::Revoked) => Some("revoked"),
        (_, Case::OtherPurpose) => Some("other-purpose"),
        (Class::Conditional | Class::NotShared, _) if by == By::Outsider => Some("other-department"),
        (_, Case::Granted) => None,
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
    // What is about persons is not shared unconditionally.
    let about = person.person.clone().filter(|_| class != Class::Unconditional);
    Dataset { sharing, provider: POLICE.into(), person: about, ..person }
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
        unbroken_from: None,
        until: Timestamp(2_000_000),
        granted_by: "police-admin".into(),
        revoked: None,
        warned_of: None,
    }
}

fn caller(by: By) -> Caller {
    let (kind, account, person) = match by {
        By::Citizen => (Kind::Citizen, Some("wang"), Some(PersonId::new("wang"))),
        By::Official | By::Outsider => (Kind::Official, Some("clerk"), None),
        By::Job => (Kind::Service, None, None),
    };
    Caller {
        installation: name("tickets"),
        organization: TOURISM.into(),
        office: (kind == Kind::Official).then(|| if by == By::Official { TOURISM } else { POLICE }.to_owned()),
        kind,
        account: account.map(str::to_owned),
        person,
        roles: strings(&["clerk"]),
        invocation: "request",
        request_id: String::new(),
    }
}

/// The organization that installed the app which asks: of what is not shared, the provider.
fn organization(class: Class) -> &'static str {
    if class == Class::NotShared { POLICE } else { TOURISM }
}

/// The same caller, of an app of that organization.
fn of_class(class: Class, by: By, caller: Caller) -> Caller {
    let (own, other) = if class == Class::NotShared { (POLICE, TOURISM) } else { (TOURISM, POLICE) };
    let office = caller.office.is_some().then(|| if by == By::Official { own } else { other }.to_owned());
    Caller { organization: organization(class).into(), office, ..caller }
}

#[test]
fn every_cell_of_the_table_is_decided_as_it_says() {
    for class in CLASSES {
        for case in CASES {
            for by in CALLERS {
                let (dataset, declared, caller) = (dataset(class), declared(), of_class(class, by, caller(by)));
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
                    Case::OtherRow if by == By::Citizen && class != Class::Unconditional => person = "li",
                    Case::OtherRow => division = "320322",
                }
                let ask = Ask {
                    caller: &caller,
                    dataset: &dataset,
                    purpose: "check",
                    declared: Some(&declared),
                    taken_back: false,
                    grant: grant.as_ref(),
                    other_purposes: &others,
                    of_department: by == By::Official,
                    access: Access::Get,
                    fields: &fields,
                    now,
                };
                let body = serde_json::json!({ "division": division }).as_object().cloned().unwrap();
                let decided = decide(&ask).and_then(|a| a.row(&dataset, Some(&PersonId::new(person)), &body));
                let code = decided.as_ref().err().map(Denial::code);
                assert_eq!(code, expected(class, case, by), "{class:?} {case:?} {by:?}");
                if class == Class::NotShared {
                    let foreign = of_class(Class::Conditional, by, caller.clone());
                    let refused = decide(&Ask { caller: &foreign, ..ask }).err().map(|d| d.code());
                    assert_eq!(refused, Some("not-shared"), "{case:?} {by:?}, of another organization");
                }
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
    city.install(app, organization(class), &uses).await;
    for purpose in ["granted", "expired", "revoked"] {
        if class != Class::NotShared {
            city.grant(app, dataset, purpose).await;
            continue;
        }
        let by = official("police-admin", POLICE);
        let request = city.hub.ask(&name(app), dataset, purpose, &by).await.unwrap();
        city.hub.approve_request(&request.id, request.everything(city.now()), &by).await.unwrap();
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
    for (app, dataset) in apps.iter().zip([OPEN, ASKED, CLOSED]) {
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
                    By::Outsider => Who::Outsider(&["clerk"]),
                };
                let purpose = match case {
                    Case::Expired => "expired",
                    Case::Revoked => "revoked",
                    Case::OtherPurpose => "unasked",
                    _ => "granted",
                };
                let field = if case == Case::OtherField { "mobile" } else { "name" };
                let key = match (case, by) {
                    (Case::OtherRow, By::Citizen) if class != Class::Unconditional => li,
                    (Case::OtherRow, _) => zhao,
                    _ => wang,
                };
                let at = format!("{class:?} {case:?} {by:?}");
                let caller = Caller { request_id: at.clone(), ..of_class(class, by, city.caller(app, who)) };
                let read = match city.hub.open_dataset(caller, dataset, purpose).await {
                    Ok(open) => open.get(&city.key(dataset, key), &strings(&[field]), None).await,
                    Err(e) => Err(e),
                };
                // By the request alone: what an earlier cell wrote counts for nothing.
                let logged: Vec<Entry> = city.log("data.").await.into_iter().filter(|e| e.request_id == at).collect();
                let Some(code) = expected(class, case, by) else {
                    let released = read.expect(&at).expect(&at);
                    assert_eq!(serde_json::Value::from(released.body), serde_json::json!({ "name": "王示例" }), "{at}");
                    if class == Class::Unconditional {
                        assert!(logged.is_empty(), "{at}: it is about nobody");
                        continue;
                    }
                    let [entry] = logged.try_into().expect(&at);
                    assert_eq!((entry.action.as_str(), &entry.outcome), ("data.read", &Outcome::Answered), "{at}");
                    assert_eq!(entry.about, Some(city.person(wang)), "{at}");
                    assert_eq!((entry.fields, entry.purpose.as_deref()), (strings(&["name"]), Some("granted")), "{at}");
                    continue;
                };
                let Err(ReadError::Denied(denial)) = read else { panic!("{at}: {read:?}") };
                assert_eq!(denial.code(), code, "{at}");
                let [entry] = logged.try_into().expect(&at);
                assert_eq!(entry.outcome, Outcome::Denied(code.into()), "{at}");
                assert_eq!(entry.installation, Some(name(app)), "{at}");
                assert_eq!(entry.dataset.as_deref(), Some(dataset), "{at}");
                assert_eq!(entry.purpose.as_deref(), Some(purpose), "{at}");
                let service = format!("service:{app}");
                let actor = ["wang", "tourism-clerk", &*service, "police-clerk"][by as usize].to_owned();
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
            taken_back: false,
            grant: Some(&grant),
            other_purposes: &[],
            of_department: true,
            access,
            fields: &fields,
            now: NOW,
        })
        .map(|a| a.fields.keys().cloned().collect::<Vec<_>>())
    };
    assert_eq!(
        decide_with(None, &[], Access::Get),
        Err(Denial::UnknownDataset("population.person".into())),
        "it declares no such use"
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
            taken_back: false,
            grant: Some(&grant),
            other_purposes: &[],
            of_department: true,
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

#[test]
fn no_official_reads_about_others_by_a_grant_that_names_no_role() {
    let (dataset, declared) = (dataset(Class::Conditional), declared());
    let decided = |dataset: &Dataset, rows: Rows, roles: &[&str], by: By| {
        let terms = Terms { rows: rows.clone(), roles: strings(roles), ..grant().terms };
        let (grant, declared) = (Grant { terms, ..grant() }, DatasetUse { rows, roles: vec![], ..declared.clone() });
        let person = (by == By::Official).then(|| PersonId::new("clerk"));
        let caller = caller(by);
        let caller = Caller { person: person.or_else(|| caller.person.clone()), ..caller };
        let ask = Ask {
            caller: &caller,
            dataset,
            purpose: "check",
            declared: Some(&declared),
            taken_back: false,
            grant: Some(&grant),
            other_purposes: &[],
            of_department: true,
            access: Access::Get,
            fields: &[],
            now: NOW,
        };
        decide(&ask)
    };
    let refused = decided(&dataset, Rows::All, &[], By::Official).unwrap_err();
    assert!(matches!(&refused, Denial::NotGranted(why) if why.contains("no role")), "{refused:?}");
    assert!(decided(&dataset, Rows::All, &["clerk"], By::Official).is_ok(), "the provider names one");
    assert!(decided(&dataset, Rows::All, &[], By::Job).is_ok(), "a job is nobody's curiosity");
    let own = decided(&dataset, Rows::Own, &[], By::Official).unwrap();
    assert_eq!(own.own_of(), Some(&PersonId::new("clerk")), "an official is a person, too");
    let places = self::dataset(Class::Unconditional);
    assert!(decided(&places, Rows::All, &[], By::Official).is_ok(), "it is about nobody");
}

#[tokio::test]
async fn an_official_of_another_department_who_signs_in_at_the_app_reads_nobodys_record() {
    let city = City::new().await;
    city.install(
        "tickets",
        TOURISM,
        &a_use(ASKED, "check", &["name"], "rows = \"all\"\naccess = [\"get\", \"query\"]\nroles = [\"clerk\"]"),
    )
    .await;
    city.grant("tickets", ASKED, "check").await;
    let principal = |account: &str, office: &str| Principal {
        account: Some(account.into()),
        kind: Kind::Official,
        roles: strings(&["clerk"]),
        organization: Some(office.into()),
        ..Principal::anonymous()
    };
    let district = Organization {
        code: "11320300MB000YL23J".into(),
        level: OrganizationLevel::Department,
        name: "文旅局一处（示例）".into(),
        parent: Some(TOURISM.into()),
        valid_from: None,
        valid_to: None,
    };
    for (account, office, may) in
        [("tourism-clerk", TOURISM, true), ("police-clerk", POLICE, false), ("city-system", "320300", false)]
    {
        let caller = city.hub.caller(&name("tickets"), &principal(account, office), "request", "r").await.unwrap();
        assert_eq!((caller.organization.as_str(), caller.office.as_deref()), (TOURISM, Some(office)));
        let open = city.hub.open_dataset(caller, ASKED, "check").await.unwrap();
        let read = open.get(&city.residents.zhao, &[], None).await;
        if may {
            assert!(read.unwrap().is_some(), "{account}");
            continue;
        }
        assert_eq!(read, Err(ReadError::Denied(Denial::Department)), "{account}");
        let (code, entry) = city.last_denial().await;
        assert_eq!((code.as_str(), entry.actor.as_str()), ("other-department", account));
        assert!(entry.detail.contains(office), "where they are from: {}", entry.detail);
        assert_eq!(entry.about, Some(city.person(&city.residents.zhao)));
        let page = open.query(&by_division("320321", 10), &[]).await;
        assert_eq!(page, Err(ReadError::Denied(Denial::Department)), "{account}");
    }
    // A part of the department is of the department.
    let code = district.code.clone();
    city.identity.add_organization(district, "-").await.unwrap();
    let caller = city.hub.caller(&name("tickets"), &principal("tourism-clerk", &code), "request", "r").await;
    let open = city.hub.open_dataset(caller.unwrap(), ASKED, "check").await.unwrap();
    assert!(open.get(&city.residents.zhao, &[], None).await.unwrap().is_some());
}
