//! Runs: compiled within limits, shared by the three, bounded, given up, and cut off from everything.

use crate::apps::{Does, FINE, FOREVER};
use crate::guest::Guest;
use crate::{city, package, said, says};
use std::time::{Duration, Instant};
use yunlong_probes::{Probes, ProbesConfig};
use yunlong_publications::checks::Outcome;

/// A component whose compilation takes several seconds of CPU time.
fn slow_to_compile() -> Vec<u8> {
    let work = "local.get 0 i64.mul local.get 0 i64.add ".repeat(20);
    let functions = format!("(func (param i64) (result i64) local.get 0 {work})").repeat(30_000);
    let body = format!(r#"{functions} (func (export "wasi:http/incoming-handler@0.2.10#handle") (param i32 i32))"#);
    Guest { body: &body, ..Guest::default() }.component()
}

#[tokio::test]
async fn a_component_that_takes_long_to_compile_is_refused_with_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = ProbesConfig::new(city(dir.path()));
    assert!(config.sandbox.compiler.cpu_seconds <= 120, "minutes are refused by default");
    config.sandbox.compiler.cpu_seconds = 1;
    let said = said(config, &package("", &slow_to_compile())).await;
    assert_eq!(said.outcomes(), [Outcome::Fail; 3]);
    for measured in [&said.looping, &said.memory, &said.answer] {
        assert!(
            measured.text.zh.contains("编译") && measured.text.zh.contains("超过 1 秒 CPU 时间"),
            "{}",
            measured.text.zh
        );
        assert!(measured.text.en.contains("took more than 1 s of CPU time"), "{}", measured.text.en);
        assert_eq!((&measured.data["stage"], &measured.data["limits"]["cpu_seconds"]), (&"compile".into(), &1.into()));
    }
    let cached = std::fs::read_dir(dir.path().join("cache")).unwrap().count();
    assert_eq!(cached, 0, "nothing is left behind");
}

#[tokio::test]
async fn what_cannot_be_loaded_fails_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let unknown = Guest {
        body: r#"(func (export "wasi:http/incoming-handler@0.2.10#handle") (param i32 i32) (call $f))"#,
        imports: r#"(import "test:guest/unknown" "f" (func $f))"#,
        ..Guest::default()
    };
    let said = said(ProbesConfig::new(city(dir.path())), &package("", &unknown.wrapped("import unknown;"))).await;
    assert_eq!(said.outcomes(), [Outcome::Fail; 3]);
    says(&said.looping, &["test:guest/unknown"]);
    assert_eq!(said.looping.data["stage"], "load");
}

#[tokio::test]
async fn one_run_serves_the_three_and_a_second_check_runs_again() {
    let dir = tempfile::tempdir().unwrap();
    // The compiler behind a script, so that it can be taken away.
    let script = dir.path().join("compiler");
    let compiler = env!("CARGO_BIN_EXE_yunlong-probes-compile");
    std::fs::write(&script, format!("exec '{compiler}' \"$@\"\n")).unwrap();
    let mut city = city(dir.path());
    city.compiler.command = Some(("/bin/sh".into(), vec![script.to_str().unwrap().to_owned()]));
    let all = Probes::new(ProbesConfig::new(city)).all();
    let package = package("", &Guest::handling("", FINE));
    let first = all[0].run(&package).await.unwrap();
    assert_eq!(first.outcome, Outcome::Pass);
    std::fs::remove_dir_all(dir.path().join("cache")).unwrap();
    std::fs::write(&script, "exit 1\n").unwrap();
    for probe in &all[1..3] {
        let measured = probe.run(&package).await.unwrap();
        assert_eq!((measured.outcome, &measured.data["called_ms"]), (Outcome::Pass, &first.data["called_ms"]));
    }
    // The probes' own failure is none of the package's.
    let again = all[0].run(&package).await.unwrap_err();
    assert!(again.to_string().contains("the compiler could not be run"), "{again}");
}

#[tokio::test]
async fn compiled_code_is_shared_with_the_city_and_with_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let package = package("", &Guest::handling("", FINE));
    assert_eq!(said(ProbesConfig::new(city(dir.path())), &package).await.outcomes(), [Outcome::Pass; 3]);
    let mut later = city(dir.path());
    later.compiler.command = Some(("/bin/false".into(), Vec::new()));
    assert_eq!(said(ProbesConfig::new(later.clone()), &package).await.outcomes(), [Outcome::Pass; 3]);
    later.secret = [8; 32];
    let other = Probes::new(ProbesConfig::new(later)).all();
    assert!(other[0].run(&package).await.is_err());
}

#[tokio::test]
async fn the_keys_of_the_citys_installations_are_not_those_of_the_probes() {
    let dir = tempfile::tempdir().unwrap();
    let city = city(dir.path());
    let [one, two] = [ProbesConfig::new(city.clone()), ProbesConfig::new(city.clone())];
    assert_eq!((one.sandbox.cache_secret, two.sandbox.cache_secret), (Some(city.secret), Some(city.secret)));
    assert!(one.sandbox.secret != city.secret && one.sandbox.secret != two.sandbox.secret);
}

#[tokio::test]
async fn time_that_runs_out_fails_what_was_not_seen_to_end() {
    let dir = tempfile::tempdir().unwrap();
    let config = ProbesConfig { budget: Duration::from_millis(400), ..ProbesConfig::new(city(dir.path())) };
    let stuck = Does { health: FOREVER, ..Does::default() };
    let package = package("[limits]\ncpu_ms = 30000\nwall_ms = 60000", &stuck.component());
    let said = said(config, &package).await;
    assert_eq!(said.outcomes(), [Outcome::Fail, Outcome::Warn, Outcome::Warn]);
    says(&said.looping, &["lifecycle.health", "400 ms"]);
    let called = said.looping.data["called_ms"].as_u64().unwrap();
    assert!((400..5_000).contains(&called), "{called}");
    let missed = said.looping.data["not_reached"].as_array().unwrap();
    assert!(missed.contains(&"lifecycle.health".into()) && missed.contains(&"GET /".into()), "{missed:?}");
    assert!(!missed.contains(&"lifecycle.install".into()), "{missed:?}");
}

#[tokio::test]
async fn a_run_that_is_given_up_keeps_nobody_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let all = Probes::new(ProbesConfig::new(city(dir.path()))).all();
    let stuck = package("[limits]\ncpu_ms = 30000\nwall_ms = 60000", &Guest::handling("", FOREVER));
    // Compiled before, so that the time below is a call's.
    let mut short = ProbesConfig::new(city(dir.path()));
    short.budget = Duration::from_millis(50);
    said(short, &stuck).await;
    let given_up = tokio::time::timeout(Duration::from_millis(500), all[0].run(&stuck)).await;
    assert!(given_up.is_err(), "{given_up:?}");
    let started = Instant::now();
    let fine = all[0].run(&package("", &Guest::handling("", FINE))).await.unwrap();
    assert_eq!(fine.outcome, Outcome::Pass);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[tokio::test]
async fn no_declared_host_hears_of_it() {
    let imports = r#"
        (import "wasi:http/types@0.2.10" "[constructor]outgoing-request" (func $request-new (param i32) (result i32)))
        (import "wasi:http/types@0.2.10" "[method]outgoing-request.set-authority" (func $authority (param i32 i32 i32 i32) (result i32)))
        (import "wasi:http/types@0.2.10" "[method]outgoing-request.set-scheme" (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
        (import "wasi:http/outgoing-handler@0.2.10" "handle" (func $send (param i32 i32 i32 i32)))
        (import "wasi:http/types@0.2.10" "[method]future-incoming-response.subscribe" (func $subscribe (param i32) (result i32)))
        (import "wasi:io/poll@0.2.10" "[method]pollable.block" (func $block (param i32)))
        (import "wasi:http/types@0.2.10" "[method]future-incoming-response.get" (func $get (param i32 i32)))
        (data (i32.const 300) "api.example.test")"#;
    // Answers with 100 bytes more than the number of the error that it met; with one byte when it met none.
    let body = "(local.set $i (call $request-new (call $fields)))
        (drop (call $authority (local.get $i) (i32.const 1) (i32.const 300) (i32.const 16)))
        (drop (call $scheme (local.get $i) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
        (call $send (local.get $i) (i32.const 0) (i32.const 0) (i32.const 512))
        (if (i32.load8_u (i32.const 512))
            (then (call $answer (local.get $out) (i32.const 200) (i32.add (i32.const 100) (i32.load8_u (i32.const 520)))))
            (else
                (local.set $i (i32.load (i32.const 520)))
                (call $block (call $subscribe (local.get $i)))
                (call $get (local.get $i) (i32.const 512))
                (call $answer (local.get $out) (i32.const 200)
                    (if (result i32) (i32.load8_u (i32.const 528)) (then (i32.add (i32.const 100) (i32.load8_u (i32.const 536)))) (else (i32.const 1))))))";
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut city = city(dir.path());
    city.outbound.pinned.insert("api.example.test".into(), listener.local_addr().unwrap());
    let package = package("outbound = [\"api.example.test\"]", &Guest::handling(imports, body));
    let said = said(ProbesConfig::new(city), &package).await;
    assert_eq!(said.outcomes(), [Outcome::Pass; 3], "{:?}", said.looping);
    let entries = said.answer.data["entry_points"].as_array().unwrap();
    let get = entries.iter().find(|e| e["entry_point"] == "GET /").unwrap();
    assert!(get["answered_bytes"].as_u64().unwrap() >= 100, "it met no error: {get}");
    let knocked = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
    assert!(knocked.is_err(), "{knocked:?}");
}
