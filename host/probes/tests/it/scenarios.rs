//! The scenarios of a package: played in cities of their own, with faults, within their time.

use crate::apps::FOREVER;
use crate::guest::Guest;
use crate::{city, manifest, says};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use yunlong_probes::{Probes, ProbesConfig};
use yunlong_publications::checks::{Measured, Outcome, Probe, ProbeKind};
use yunlong_registry::Package;
use yunlong_registry::package::Materials;

const COLLECTIONS: &str = r#"
    (import "city:data/collections@1.1.0" "[static]transaction.begin" (func $begin (param i32)))
    (import "city:data/collections@1.1.0" "[method]transaction.adjust" (func $adjust (param i32 i32 i32 i32 i32 i64 i64 i64 i32)))
    (import "city:data/collections@1.1.0" "[method]transaction.commit" (func $commit (param i32 i32)))
    (data (i32.const 300) "seats") (data (i32.const 310) "coins")"#;
const COUNTERS: &str = "counters = [\"seats\", \"coins\"]";
/// Leaves with 500 when the last call answered an error.
const OR_FAIL: &str =
    "(if (i32.load8_u (i32.const 512)) (then (call $answer (local.get $out) (i32.const 500) (i32.const 1)) (return)))";

fn begin() -> String {
    format!("(call $begin (i32.const 512)) {OR_FAIL} (local.set $i (i32.load (i32.const 520)))")
}

/// One more of the counter whose name stands there.
fn adjust(name: u32) -> String {
    format!(
        "(call $adjust (local.get $i) (i32.const {name}) (i32.const 5) (i32.const 300) (i32.const 0) (i64.const 1) (i64.const 0) (i64.const 100) (i32.const 512)) {OR_FAIL}"
    )
}

fn commit() -> String {
    format!("(call $commit (local.get $i) (i32.const 512)) {OR_FAIL}")
}

const SOLD: &str = "(call $answer (local.get $out) (i32.const 200) (i32.const 3))";

/// Takes a seat and a coin in one transaction.
fn careful() -> Vec<u8> {
    Guest::handling(COLLECTIONS, &[begin(), adjust(300), adjust(310), commit(), SOLD.to_owned()].concat())
}

/// Takes the seat, then the coin.
fn careless() -> Vec<u8> {
    let parts = [begin(), adjust(300), commit(), begin(), adjust(310), commit(), SOLD.to_owned()];
    Guest::handling(COLLECTIONS, &parts.concat())
}

const BUYING: &str = "title = { zh = \"买票\", en = \"Buying\" }
[[steps]]
request = \"POST /\"
expect = { status = 200 }
[[steps]]
counter = \"seats\"
value = 1
";
const INVARIANTS: &str = "[[invariants]]
name = \"paid\"
title = { zh = \"每个座位都付了钱\", en = \"Each seat is paid\" }
left = { counter = \"seats\", key = \"\" }
is = \"=\"
right = { counter = \"coins\", key = \"\" }
";

fn package(more: &str, component: &[u8], files: &[(&str, &str)]) -> Package {
    let scenarios: BTreeMap<_, _> = files.iter().map(|(n, t)| ((*n).to_owned(), (*t).to_owned())).collect();
    let manifest_toml = &manifest(more);
    let materials = Materials { manifest_toml, component, scenarios: Some(&scenarios), ..Materials::default() };
    Package::assemble(materials).unwrap()
}

/// The probe that plays them.
fn player(config: ProbesConfig) -> Arc<dyn Probe> {
    Probes::new(config).all().into_iter().find(|p| p.kind() == ProbeKind::Scenarios).unwrap()
}

async fn played_in(dir: &Path, package: &Package) -> Measured {
    player(ProbesConfig::new(city(dir))).run(package).await.unwrap()
}

async fn played(package: &Package) -> Measured {
    let dir = tempfile::tempdir().unwrap();
    played_in(dir.path(), package).await
}

#[tokio::test]
async fn an_app_that_keeps_its_word_passes_with_a_fault_at_each_host_call() {
    let files = [("buying.toml", BUYING), ("invariants.toml", INVARIANTS)];
    let said = played(&package(COUNTERS, &careful(), &files)).await;
    assert_eq!(said.outcome, Outcome::Pass, "{said:?}");
    // Four calls cut off, those that can fail failed, and the answer lost.
    let runs = said.data["fault_runs"].as_u64().unwrap();
    assert!(runs >= 6, "{runs}");
    assert_eq!((&said.data["invariants"], &said.data["fault_runs_late"]), (&json!(1), &json!(0)));
    assert_eq!(said.data["results"][0]["outcome"], "passed");
}

#[tokio::test]
async fn an_invariant_that_a_fault_breaks_fails_and_says_where() {
    let files = [("buying.toml", BUYING), ("invariants.toml", INVARIANTS)];
    let said = played(&package(COUNTERS, &careless(), &files)).await;
    assert_eq!(said.outcome, Outcome::Fail, "{said:?}");
    says(&said, &["buying.toml", "POST /", "paid", "1 = 0", "city:data/collections"]);
    assert!(said.text.zh.contains("每个座位都付了钱") && said.text.en.contains("Each seat is paid"), "{:?}", said.text);
    let finding = &said.data["results"][0]["findings"][0];
    assert_eq!((&finding["kind"], &finding["line"]), (&json!("broken-by-fault"), &json!(2)), "{finding}");
    assert_eq!(finding["violations"][0]["name"], "paid");
}

#[tokio::test]
async fn a_scenario_that_does_not_hold_fails_with_what_was_there() {
    let wrong = BUYING.replace("status = 200", "status = 201");
    let said = played(&package(COUNTERS, &careful(), &[("buying.toml", &wrong)])).await;
    assert_eq!(said.outcome, Outcome::Fail);
    says(&said, &["buying.toml", "POST /", "201", "200"]);
    assert_eq!((&said.data["failed"], &said.data["fault_runs"]), (&json!(1), &json!(0)), "faults wait for a pass");
}

#[tokio::test]
async fn an_app_without_scenarios_is_remarked_and_not_refused() {
    for files in [&[][..], &[("invariants.toml", INVARIANTS)]] {
        let said = played(&package(COUNTERS, &careful(), files)).await;
        assert_eq!((said.outcome, &said.data["ran"]), (Outcome::Warn, &json!(false)));
        says(&said, &["scenarios/", "yunlong test"]);
    }
}

#[tokio::test]
async fn a_file_that_says_something_else_fails_with_its_line() {
    let broken = format!("{BUYING}[[steps]]\nrequests = \"GET /\"\n");
    let said = played(&package(COUNTERS, &careful(), &[("buying.toml", &broken)])).await;
    assert_eq!(said.outcome, Outcome::Fail);
    says(&said, &["buying.toml:9", "`request`"]);
}

#[tokio::test]
async fn what_takes_too_long_is_cut_off_and_remarked() {
    let dir = tempfile::tempdir().unwrap();
    let stuck = Guest::handling("", FOREVER);
    let files = [("stuck.toml", "title = { zh = \"甲\", en = \"A\" }\n[[steps]]\nrequest = \"GET /\"\n")];
    let package = package("[limits]\ncpu_ms = 30000\nwall_ms = 60000", &stuck, &files);
    let short = || ProbesConfig { budget: Duration::from_millis(500), ..ProbesConfig::new(city(dir.path())) };
    // Compiled before, so that the time below is a call's.
    Probes::new(short()).all()[0].run(&package).await.unwrap();
    let started = Instant::now();
    let said = player(short()).run(&package).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!((said.outcome, &said.data["late"], &said.data["failed"]), (Outcome::Warn, &json!(1), &json!(0)));
}

#[tokio::test]
async fn a_loop_is_stopped_at_the_apps_own_limit_and_fails_its_scenario() {
    let files = [("stuck.toml", "title = { zh = \"甲\", en = \"A\" }\n[[steps]]\nrequest = \"GET /\"\n")];
    let said = played(&package("[limits]\ncpu_ms = 50", &Guest::handling("", FOREVER), &files)).await;
    assert_eq!(said.outcome, Outcome::Fail);
    says(&said, &["stuck.toml", "50 ms"]);
}

#[tokio::test]
async fn faults_that_there_is_no_time_for_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let files = [("buying.toml", BUYING), ("invariants.toml", INVARIANTS)];
    let package = package(COUNTERS, &careful(), &files);
    assert_eq!(played_in(dir.path(), &package).await.outcome, Outcome::Pass);
    let without = ProbesConfig { faults: Duration::ZERO, ..ProbesConfig::new(city(dir.path())) };
    let said = player(without).run(&package).await.unwrap();
    assert_eq!((said.outcome, &said.data["fault_runs"]), (Outcome::Pass, &json!(0)));
    assert!(said.text.zh.contains("不做故障运行"), "{}", said.text.zh);
}
