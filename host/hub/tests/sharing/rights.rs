//! The effective right: whatever was granted, narrowed, consented and asked, what is released is within all
//! of it.

use crate::city::{ASKED, City, POLICE, TOURISM, Who, a_use, name, official, strings};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;
use std::collections::BTreeMap;
use yunlong_hub::{Access, Mask, Query, ReadError, Released, Rows};

const FIELDS: [&str; 5] = ["resident_id", "name", "birth_date", "division", "mobile"];

#[derive(Clone, Debug)]
struct Case {
    declared: Vec<&'static str>,
    asked_rows: Rows,
    consent: bool,
    granted: Vec<(usize, Mask)>,
    rows: Rows,
    only_wang: bool,
    clerk_only: bool,
    caller: u8,
    consented: bool,
    fields: Vec<&'static str>,
    key: u8,
}

fn rows() -> impl Strategy<Value = Rows> {
    prop::sample::select(vec![
        Rows::Own,
        Rows::All,
        Rows::Divisions(strings(&["320321"])),
        Rows::Divisions(strings(&["320300"])),
    ])
}

fn case() -> impl Strategy<Value = Case> {
    let mask = prop::sample::select(vec![Mask::Plain, Mask::Presence]);
    let some = || prop::sample::subsequence(FIELDS.to_vec(), 1..=FIELDS.len());
    let granted = prop::collection::vec((0..FIELDS.len(), mask), 1..5);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (some(), rows(), granted, rows(), flags, 0_u8..5, prop::sample::subsequence(FIELDS.to_vec(), 0..3), 0_u8..3)
        .prop_map(
            |(
                declared,
                asked_rows,
                granted,
                rows,
                (consent, only_wang, clerk_only, consented),
                caller,
                fields,
                key,
            )| Case {
                declared,
                asked_rows,
                consent,
                granted,
                rows,
                only_wang,
                clerk_only,
                caller,
                consented,
                fields,
                key,
            },
        )
}

fn toml_rows(rows: &Rows) -> String {
    match rows {
        Rows::Own => "rows = \"own\"".into(),
        Rows::All => "rows = \"all\"".into(),
        Rows::Divisions(codes) => format!("rows = {{ divisions = {codes:?} }}"),
    }
}

/// Sets the case up as app number `n`, reads, and answers the fields that may be released, with what was.
async fn run(city: &City, n: usize, case: &Case) -> Result<(), TestCaseError> {
    let app = format!("app{n}");
    let basis = if case.consent { "basis = \"consent\"" } else { "" };
    let extra = format!("{basis}\n{}\naccess = [\"get\", \"query\"]", toml_rows(&case.asked_rows));
    city.install(&app, TOURISM, &a_use(ASKED, "check", &case.declared, &extra)).await;
    let request = city.ask(&app, ASKED, "check").await;
    let mut decision = request.everything(city.now());
    let wanted: BTreeMap<String, Mask> = case.granted.iter().map(|(i, m)| (FIELDS[*i].to_owned(), *m)).collect();
    decision.terms.fields.retain(|f, mask| wanted.get(f).inspect(|m| *mask = **m).is_some());
    decision.terms.rows = case.rows.clone();
    if case.only_wang {
        decision.terms.only = BTreeMap::from([("name".to_owned(), json!("王示例"))]);
    }
    if case.clerk_only {
        decision.terms.roles = strings(&["clerk"]);
    }
    let granted = decision.terms.clone();
    let widens = !case.rows.is_within(&case.asked_rows) || granted.fields.is_empty();
    let by = official("police-admin", POLICE);
    let approved = city.hub.approve_request(&request.id, decision, &by).await;
    prop_assert_eq!(approved.is_err(), widens, "{:?}", approved);
    if case.consented && case.consent {
        let declared = city.manifest_of(&app).datasets[0].clone();
        city.identity.consent_to_use("wang", &name(&app), &declared).await.unwrap();
    }
    let r = &city.residents;
    let who = match case.caller {
        0 => Who::Nobody,
        1 => Who::Citizen("wang", &r.wang),
        2 => Who::Citizen("li-1", &r.li),
        3 => Who::Official(&["clerk"]),
        _ => Who::Job,
    };
    let Ok(open) = city.open(&app, who, ASKED, "check").await else {
        prop_assert!(widens, "a grant that stands opens");
        return Ok(());
    };
    prop_assert!(!widens);
    let people = [(&r.wang, "wang", "320321"), (&r.li, "li-1", "320321"), (&r.zhao, "zhao", "320322")];
    let may = |person: usize| {
        let (_, account, division) = people[person];
        let own = granted.rows == Rows::Own;
        let by_caller = match case.caller {
            0 => false,
            1 => account == "wang",
            2 => account == "li-1",
            // An official needs a role that the grant names.
            3 => !own && case.clerk_only,
            _ => !own,
        };
        let by_rows = match &granted.rows {
            Rows::Divisions(codes) => codes.iter().any(|c| c == "320300" || c == division),
            _ => true,
        };
        let by_consent = !case.consent || case.consented && account == "wang";
        by_caller && by_rows && by_consent && (!case.only_wang || account == "wang")
    };
    let fields = strings(&case.fields);
    let fits = case.fields.iter().all(|f| granted.fields.contains_key(*f));
    let check = |released: &Released| {
        for field in released.body.keys().chain(&released.unrecorded) {
            prop_assert!(granted.fields.contains_key(field), "{field} was not granted");
            prop_assert!(case.declared.contains(&field.as_str()), "{field} was not declared");
            prop_assert!(fields.is_empty() || fields.contains(field), "{field} was not asked for");
            if granted.fields[field] == Mask::Presence {
                prop_assert!(released.body.get(field).is_none_or(|v| *v == json!(true)), "{field} is not masked");
            }
        }
        Ok(())
    };
    let person = usize::from(case.key);
    match open.get(people[person].0, &fields, None).await {
        Ok(Some(released)) => {
            prop_assert!(may(person) && fits, "{case:?}");
            check(&released)?;
        }
        Ok(None) => prop_assert!(false, "all three are on record"),
        Err(ReadError::Denied(_)) => prop_assert!(!may(person) || !fits, "{case:?}"),
        Err(e) => prop_assert!(false, "{e}"),
    }
    prop_assert!(granted.access.contains(&Access::Query));
    // Over all records, by whichever index the app may use.
    let searchable = |item: &&&str| granted.fields.get(**item) == Some(&Mask::Plain);
    let index: Vec<String> =
        ["division", "birth_date", "name"].iter().find(searchable).map(ToString::to_string).into_iter().collect();
    let has_index = !index.is_empty();
    match open.query(&Query { index, limit: 10, ..Query::default() }, &fields).await {
        Ok(page) => {
            let allowed = (0..3).filter(|p| may(*p)).count();
            prop_assert_eq!(page.records.len(), allowed, "{:?}", case);
            for released in &page.records {
                check(released)?;
            }
        }
        Err(ReadError::Denied(_)) => prop_assert!(!fits || (0..3).all(|p| !may(p)), "{case:?}"),
        // A job would read them; who reads their own record alone needs no index.
        Err(ReadError::Invalid(e)) => prop_assert!(!has_index && case.caller > 2, "{e}"),
        Err(e) => prop_assert!(false, "{e}"),
    }
    Ok(())
}

#[test]
fn what_is_released_is_within_the_grant_the_manifest_the_caller_the_consent_and_the_question() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let city = runtime.block_on(City::new());
    let n = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig { cases: 200, ..ProptestConfig::default() });
    runner
        .run(&case(), |case| {
            n.set(n.get() + 1);
            runtime.block_on(run(&city, n.get(), &case))
        })
        .unwrap();
}
