//! Shared data, called by guests: what stands against a use reaches the guest by its case, and the log.

use crate::guest::Guest;
use crate::platform::Platform;
use yunlong_audit::{EntryFilter, Outcome};
use yunlong_installations::Capability;
use yunlong_runtime::LoadError;

/// `population.person` at 300, `desk` at 320.
const OPEN: &str = r#"
    (import "city:data/shared@1.1.0" "[static]dataset.open" (func $open-dataset (param i32 i32 i32 i32 i32)))
    (data (i32.const 300) "population.person") (data (i32.const 320) "desk")"#;

/// Answers with 100 bytes more than the number of the error's case, or with one byte.
const ANSWER: &str = "(call $open-dataset (i32.const 300) (i32.const 17) (i32.const 320) (i32.const 4) (i32.const 512))
    (call $answer (local.get $out) (i32.const 200)
        (if (result i32) (i32.load8_u (i32.const 512)) (then (i32.add (i32.const 100) (i32.load8_u (i32.const 516)))) (else (i32.const 1))))";

const DESK: &str = "[[datasets]]\ndataset = \"population.person\"\npurpose = \"desk\"\nbasis = \"statutory-duty\"\nlaw = \"第一条\"\nfields = [\"name\"]\nrows = \"all\"\nreason = { zh = \"核对\", en = \"To check\" }";

const NOT_GRANTED: usize = 101;

async fn denials(p: &Platform) -> Vec<String> {
    let filter = EntryFilter { installation: "lesson".into(), denied: true, ..EntryFilter::default() };
    let page = p.audit.search(&filter, None, 100).await.unwrap();
    let code = |outcome| match outcome {
        Outcome::Denied(code) => code,
        Outcome::Answered => "answered".to_owned(),
    };
    page.entries.into_iter().map(|seen| code(seen.entry.outcome)).collect()
}

#[tokio::test]
async fn an_import_of_shared_data_needs_a_declared_use() {
    let p = Platform::new().await;
    let guest = Guest::handling(OPEN, ANSWER);
    match p.install("lesson", "", &guest).await {
        Err(LoadError::Refused(r)) => {
            assert_eq!(r.name, "city:data/shared@1.1.0");
            assert!(r.why.contains("[[datasets]]"), "{}", r.why);
        }
        other => panic!("{other:?}"),
    }
    // A base database needs a use of that one.
    let credit = r#"(import "city:base/credit@1.0.0" "summary" (func $summary (param i32 i32 i32 i32 i32)))"#;
    let body = "(call $summary (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 512))";
    match Platform::new().await.install("lesson", DESK, &Guest::handling(credit, body)).await {
        Err(LoadError::Refused(r)) => assert_eq!(r.name, "city:base/credit@1.0.0"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_denial_reaches_the_guest_by_its_case_and_stands_in_the_log() {
    let p = Platform::new().await;
    let i = p.install("lesson", DESK, &Guest::handling(OPEN, ANSWER)).await.unwrap();
    assert_eq!(p.get("lesson").await.unwrap().body().len(), NOT_GRANTED, "the provider has not decided");
    assert_eq!(denials(&p).await, ["not-granted"]);
    // The department takes its own permission back: nothing is granted, and the log says why.
    let permission = Capability::Dataset { dataset: "population.person".into(), purpose: "desk".into() };
    p.installations.revoke_grant(&i.name, &permission, "city-admin").await.unwrap();
    assert_eq!(p.get("lesson").await.unwrap().body().len(), NOT_GRANTED);
    assert_eq!(denials(&p).await, ["taken-back", "not-granted"]);
}
