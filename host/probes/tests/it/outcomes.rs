//! How apps end: by themselves, or at which limit.

use crate::apps::{DECLARED, Does, FINE, FOREVER};
use crate::guest::Guest;
use crate::{probed, says};
use serde_json::{Value, json};
use yunlong_publications::checks::{Measured, Outcome};

fn stopped(measured: &Measured) -> Vec<(&str, &str)> {
    let all = measured.data["stopped"].as_array().unwrap().iter();
    all.map(|s| (s["entry_point"].as_str().unwrap(), s["limit"].as_str().unwrap())).collect()
}

fn entry<'a>(measured: &'a Measured, name: &str) -> &'a Value {
    let all = measured.data["entry_points"].as_array().unwrap();
    all.iter().find(|e| e["entry_point"] == name).unwrap_or_else(|| panic!("{name} is not among {all:?}"))
}

fn names(measured: &Measured) -> Vec<&str> {
    measured.data["entry_points"].as_array().unwrap().iter().map(|e| e["entry_point"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_honest_app_passes_all_and_every_export_was_called() {
    let said = probed(&format!("orders = \"/orders\"\n{DECLARED}"), &Does::default().component()).await;
    assert_eq!(said.outcomes(), [Outcome::Pass; 3], "{:?} {:?} {:?}", said.looping, said.memory, said.answer);
    for name in ["lifecycle.install", "lifecycle.health", "GET /", "GET /orders", "POST /", "GET /…", "PROPFIND /"] {
        assert!(names(&said.looping).contains(&name), "{name}: {:?}", names(&said.looping));
    }
    // Two that fit the schema, and what is wrong with four others.
    assert_eq!(entry(&said.looping, "consumer order.paid")["calls"], 6);
    assert_eq!(entry(&said.looping, "jobs nightly")["calls"], 1);
    for e in said.looping.data["entry_points"].as_array().unwrap() {
        assert_eq!(
            (&e["ended"], &e["calls_late"], &e["calls_left_out"]),
            (&json!(["ok"]), &json!(0), &json!(0)),
            "{e}"
        );
    }
    assert_eq!(said.looping.data["limits"], json!({ "cpu_ms": 2_000, "wall_ms": 10_000, "host_calls": 10_000 }));
    // Sixteen pages, and tables.
    assert!(entry(&said.memory, "GET /")["memory_bytes"].as_u64().unwrap() >= 1 << 20);
    assert_eq!(entry(&said.answer, "GET /")["answered_bytes"], 1_000);
    says(&said.memory, &["1.0 MiB", "64.0 MiB"]);
    says(&said.answer, &["1 KiB", "8.0 MiB"]);
}

#[tokio::test]
async fn a_loop_on_requests_is_named_with_its_limit() {
    let said = probed("[limits]\ncpu_ms = 50", &Guest::handling("", FOREVER)).await;
    // What was stopped at one limit has not passed the others.
    assert_eq!(said.outcomes(), [Outcome::Fail, Outcome::Warn, Outcome::Warn]);
    says(&said.looping, &["GET /", "50 ms", "cpu_ms"]);
    let stops = stopped(&said.looping);
    // Three are enough: each costs its whole limit.
    assert_eq!(stops.len(), 3, "{stops:?}");
    assert_eq!(stops[0], ("GET /", "cpu"));
    assert!(said.looping.data["stopped"][0]["cpu_ms"].as_u64().unwrap() >= 50);
    assert!(entry(&said.looping, "GET /")["calls_left_out"].as_u64().unwrap() > 0);
    says(&said.memory, &["GET /"]);
}

#[tokio::test]
async fn a_loop_in_the_consumer_or_a_job_alone_is_found() {
    let limits = format!("{DECLARED}[limits]\ncpu_ms = 200");
    for (does, name) in [
        (Does { event: FOREVER, ..Does::default() }, "consumer order.paid"),
        (Does { job: FOREVER, ..Does::default() }, "jobs nightly"),
        (Does { install: FOREVER, ..Does::default() }, "lifecycle.install"),
        (Does { health: FOREVER, ..Does::default() }, "lifecycle.health"),
    ] {
        let said = probed(&limits, &does.component()).await;
        assert_eq!(said.looping.outcome, Outcome::Fail, "{name}");
        assert_eq!(stopped(&said.looping), [(name, "cpu")]);
        says(&said.looping, &[name, "200 ms"]);
        assert_eq!(entry(&said.looping, "GET /")["ended"], json!(["ok"]));
    }
}

#[tokio::test]
async fn whoever_waits_without_end_is_stopped_at_the_wall_time() {
    let imports = r#"(import "wasi:clocks/monotonic-clock@0.2.10" "subscribe-duration" (func $sleep (param i64) (result i32)))
        (import "wasi:io/poll@0.2.10" "[method]pollable.block" (func $block (param i32)))"#;
    let guest = Guest::handling(imports, "(call $block (call $sleep (i64.const 60000000000)))");
    let said = probed("[limits]\nwall_ms = 50", &guest).await;
    assert_eq!(said.looping.outcome, Outcome::Fail);
    assert_eq!(stopped(&said.looping)[0], ("GET /", "deadline"));
    assert!(said.looping.data["stopped"][0]["wall_ms"].as_u64().unwrap() >= 50);
    says(&said.looping, &["GET /", "50 ms", "wall_ms"]);
}

#[tokio::test]
async fn a_loop_of_host_calls_is_a_loop() {
    let clock = r#"(import "wasi:clocks/monotonic-clock@0.2.10" "now" (func $now (result i64)))"#;
    let guest = Guest::handling(clock, "(loop $l (drop (call $now)) (br $l))");
    let said = probed("[limits]\nhost_calls = 100\ncpu_ms = 20000", &guest).await;
    assert_eq!((said.looping.outcome, stopped(&said.looping)[0]), (Outcome::Fail, ("GET /", "host-calls")));
    says(&said.looping, &["GET /", "100", "host_calls"]);
}

#[tokio::test]
async fn memory_without_end_is_named_with_its_limit() {
    let greedy = "(loop $l (drop (memory.grow (i32.const 1))) (br $l))";
    let said = probed("[limits]\nmemory_mib = 4", &Guest::handling("", greedy)).await;
    assert_eq!(said.outcomes(), [Outcome::Warn, Outcome::Fail, Outcome::Warn]);
    assert_eq!(stopped(&said.memory)[0], ("GET /", "memory"));
    says(&said.memory, &["GET /", "4 MiB", "memory_mib"]);
    let held = said.memory.data["stopped"][0]["memory_bytes"].as_u64().unwrap();
    assert!((3 << 20..=4 << 20).contains(&held), "{held}");
    // In a job as well as in a request.
    let hoarder = Does { job: "(loop $l (drop (memory.grow (i32.const 1))) (br $l))", ..Does::default() };
    let said = probed(&format!("{DECLARED}[limits]\nmemory_mib = 4"), &hoarder.component()).await;
    assert_eq!(stopped(&said.memory), [("jobs nightly", "memory")]);
}

#[tokio::test]
async fn memory_near_the_limit_is_remarked() {
    let large = "(if (i32.eq (memory.grow (i32.const 57)) (i32.const -1)) (then unreachable))";
    let said = probed("[limits]\nmemory_mib = 4", &Guest::handling("", &format!("{large}{FINE}"))).await;
    assert_eq!(said.outcomes(), [Outcome::Pass, Outcome::Warn, Outcome::Pass]);
    says(&said.memory, &["GET /", "3.6 MiB", "4.0 MiB"]);
}

#[tokio::test]
async fn an_answer_without_end_is_named_with_its_limit() {
    let gigabyte = Guest::handling("", "(call $answer (local.get $out) (i32.const 200) (i32.const 0x40000000))");
    let said = probed("[limits]\nresponse_kib = 64\nhost_calls = 100000", &gigabyte).await;
    assert_eq!(said.outcomes(), [Outcome::Warn, Outcome::Warn, Outcome::Fail]);
    assert_eq!(stopped(&said.answer)[0], ("GET /", "response-too-large"));
    says(&said.answer, &["GET /", "64 KiB", "response_kib"]);
    let nearly = Guest::handling("", "(call $answer (local.get $out) (i32.const 200) (i32.const 60000))");
    let said = probed("[limits]\nresponse_kib = 64", &nearly).await;
    assert_eq!(said.outcomes(), [Outcome::Pass, Outcome::Pass, Outcome::Warn]);
    says(&said.answer, &["GET /", "59 KiB", "64 KiB"]);
}

#[tokio::test]
async fn whoever_fails_by_itself_passes() {
    // A trap, a refusal, no answer at all: all of it ends.
    let refuses = "(i32.store8 (i32.const 700) (i32.const 1))";
    let does = Does { request: "unreachable", event: refuses, job: "unreachable", install: refuses, health: refuses };
    let said = probed(DECLARED, &does.component()).await;
    assert_eq!(said.outcomes(), [Outcome::Pass; 3], "{:?} {:?} {:?}", said.looping, said.memory, said.answer);
    assert_eq!(entry(&said.looping, "GET /")["ended"], json!(["trap"]));
    assert_eq!(entry(&said.looping, "lifecycle.install")["ended"], json!(["refused"]));
    let silent = probed("", &Guest::handling("", "")).await;
    assert_eq!(entry(&silent.looping, "GET /")["ended"], json!(["no-response"]));
    assert_eq!(silent.outcomes(), [Outcome::Pass; 3]);
}

/// A page that links to another, on which it loops.
#[tokio::test]
async fn what_the_first_page_links_to_is_called_too() {
    let imports = r#"(import "wasi:http/types@0.2.10" "[method]incoming-request.path-with-query" (func $path (param i32 i32)))
        (data (i32.const 8192) "<a href=\"/deep\">")"#;
    // An optional text: whether there is one, where, and how long.
    let body = "(call $path (local.get $request) (i32.const 512))
        (if (i32.eq (i32.load (i32.const 520)) (i32.const 5)) (then (loop $l (br $l))))
        (call $answer (local.get $out) (i32.const 200) (i32.const 16))";
    let said = probed("[limits]\ncpu_ms = 200", &Guest::handling(imports, body)).await;
    assert_eq!(stopped(&said.looping), [("GET /deep", "cpu")]);
    says(&said.looping, &["GET /deep"]);
}

#[tokio::test]
async fn what_must_be_set_and_cannot_be_made_up_is_remarked() {
    let config = "[config]\ntype = \"object\"\nrequired = [\"code\"]\n[config.properties.code]\ntype = \"string\"\npattern = \"^[0-9]{12}$\"\n";
    let guest = Guest::handling("", FINE);
    let said = probed(config, &guest).await;
    assert_eq!(said.outcomes(), [Outcome::Warn, Outcome::Pass, Outcome::Pass]);
    says(&said.looping, &["[config]", "examples"]);
    assert_eq!(said.looping.data["configured"], false);
    let said = probed(&format!("{config}examples = [\"320303001001\"]\n"), &guest).await;
    assert_eq!((said.outcomes(), &said.looping.data["configured"]), ([Outcome::Pass; 3], &true.into()));
}
