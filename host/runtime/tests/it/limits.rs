//! A guest that misbehaves harms nobody else, and its department reads why.

use crate::guest::Guest;
use crate::platform::Platform;
use std::time::{Duration, Instant};
use yunlong_runtime::{InvocationError, Outcomes, Shortage};

const FOREVER: &str = "(loop $l (br $l))";

#[tokio::test]
async fn a_guest_that_answers_is_answered_for() {
    let p = Platform::new().await;
    p.install("hello", "", &Guest::handling("", "(call $answer (local.get $out) (i32.const 201) (i32.const 10000))"))
        .await
        .unwrap();
    let response = p.get("hello").await.unwrap();
    assert_eq!((response.status().as_u16(), response.body().len()), (201, 10_000));
    assert!(p.log("hello").await.is_empty());
}

#[tokio::test]
async fn a_loop_ends_at_the_cpu_limit_and_the_log_says_where() {
    let p = Platform::new().await;
    p.install("looper", "[limits]\ncpu_ms = 50", &Guest::handling("", FOREVER)).await.unwrap();
    let started = Instant::now();
    assert_eq!(p.get("looper").await.unwrap_err(), InvocationError::Cpu { limit_ms: 50 });
    assert!(started.elapsed() < Duration::from_secs(10));
    let log = p.log("looper").await;
    assert_eq!(log[0].request_id.as_deref(), Some("request-1"));
    assert!(log[0].text.contains("50 ms of CPU") && log[0].text.contains("wasm backtrace"), "{}", log[0].text);
}

#[tokio::test]
async fn a_loop_ends_at_the_deadline_when_that_comes_first() {
    let p = Platform::new().await;
    p.install("looper", "[limits]\nwall_ms = 50\ncpu_ms = 30000", &Guest::handling("", FOREVER)).await.unwrap();
    assert_eq!(p.get("looper").await.unwrap_err(), InvocationError::Deadline { limit_ms: 50 });
}

#[tokio::test]
async fn a_guest_that_sleeps_ends_at_the_deadline() {
    let p = Platform::new().await;
    let imports = r#"(import "wasi:clocks/monotonic-clock@0.2.10" "subscribe-duration" (func $sleep (param i64) (result i32)))
        (import "wasi:io/poll@0.2.10" "[method]pollable.block" (func $block (param i32)))"#;
    let guest = Guest::handling(imports, "(call $block (call $sleep (i64.const 60000000000)))");
    p.install("sleeper", "[limits]\nwall_ms = 50", &guest).await.unwrap();
    assert_eq!(p.get("sleeper").await.unwrap_err(), InvocationError::Deadline { limit_ms: 50 });
    assert!(p.log_text("sleeper").await.contains("longer than 50 ms"));
}

#[tokio::test]
async fn memory_of_the_whole_instance_is_capped() {
    let p = Platform::new().await;
    let limit = "[limits]\nmemory_mib = 4";
    let greedy = "(loop $l (drop (memory.grow (i32.const 1))) (br $l))";
    p.install("greedy", limit, &Guest::handling("", greedy)).await.unwrap();
    assert_eq!(p.get("greedy").await.unwrap_err(), InvocationError::Memory { limit_mib: 4 });
    // A guest that gives up on the first refusal, as allocators do.
    let aborting = "(loop $l (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable)) (br $l))";
    p.install("aborting", limit, &Guest::handling("", aborting)).await.unwrap();
    assert_eq!(p.get("aborting").await.unwrap_err(), InvocationError::Memory { limit_mib: 4 });
    // One that wants too much from the start.
    let large = Guest {
        pages: 100,
        body: r#"(func (export "wasi:http/incoming-handler@0.2.10#handle") (param i32 i32))"#,
        ..Guest::default()
    };
    p.install("large", limit, &large.component()).await.unwrap();
    assert_eq!(p.get("large").await.unwrap_err(), InvocationError::Memory { limit_mib: 4 });
    // One that stays below goes on.
    let modest = "(if (i32.eq (memory.grow (i32.const 40)) (i32.const -1)) (then unreachable)) (call $answer (local.get $out) (i32.const 200) (i32.const 0))";
    p.install("modest", limit, &Guest::handling("", modest)).await.unwrap();
    assert_eq!(p.get("modest").await.unwrap().status(), 200);
}

#[tokio::test]
async fn no_installation_gets_more_than_half_of_all_memory() {
    let p = Platform::with(|c| c.total_memory = Some(8 << 20)).await;
    let greedy = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (call $answer (local.get $out) (i32.const 200) (memory.size))";
    p.install("greedy", "", &Guest::handling("", greedy)).await.unwrap();
    for _ in 0..3 {
        // 64 pages of 64 KiB, tables aside: what an instance took is given back with it.
        let pages = p.get("greedy").await.unwrap().body().len();
        assert!((60..=64).contains(&pages), "{pages}");
    }
}

#[tokio::test]
async fn an_app_that_finds_the_common_memory_taken_is_not_to_blame() {
    let p = Platform::with(|c| c.total_memory = Some(8 << 20)).await;
    let asking = "(loop $l (drop (memory.grow (i32.const 1))) (br $l))";
    let aborting = "(loop $l (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable)) (br $l))";
    let failing = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (call $answer (local.get $out) (i32.const 500) (i32.const 1))";
    // Each is within its own limit, which is more than the half of the memory that it may have.
    for (name, body) in [("asking", asking), ("aborting", aborting), ("failing", failing)] {
        let app = p.install(name, "[limits]\nmemory_mib = 64", &Guest::handling("", body)).await.unwrap();
        match p.get(name).await {
            Ok(response) => assert_eq!(response.status(), 500),
            Err(e) => {
                assert_eq!(e, InvocationError::Overloaded(Shortage::Memory), "{name}");
                assert!(e.is_platforms());
            }
        }
        let counted = p.runtime.outcomes(&app.name, &app.package_digest, Duration::from_secs(60));
        assert_eq!(counted, Outcomes::default(), "{name}");
    }
}

#[tokio::test]
async fn a_trap_before_the_response_does_not_hang() {
    let p = Platform::new().await;
    p.install("trapper", "", &Guest::handling("", "unreachable")).await.unwrap();
    let e = p.get("trapper").await.unwrap_err();
    assert!(matches!(&e, InvocationError::Trap(why) if why.contains("unreachable")), "{e}");
    let log = p.log("trapper").await;
    assert!(log[0].text.contains("wasm backtrace") && log[0].request_id.as_deref() == Some("request-1"), "{log:?}");
}

#[tokio::test]
async fn a_trap_behind_half_a_response_is_an_error() {
    let p = Platform::new().await;
    let half = "(call $set (local.get $out) (i32.const 0) (call $response (call $fields)) (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) unreachable";
    p.install("half", "", &Guest::handling("", half)).await.unwrap();
    assert!(matches!(p.get("half").await.unwrap_err(), InvocationError::Trap(_)));
}

#[tokio::test]
async fn ending_without_a_response_does_not_hang() {
    let p = Platform::new().await;
    p.install("silent", "", &Guest::handling("", "")).await.unwrap();
    assert!(matches!(p.get("silent").await.unwrap_err(), InvocationError::NoResponse(_)));
    // The body is opened, never written and never finished: what there is of it is the answer.
    let open = "(local.set $i (call $response (call $fields))) (call $body (local.get $i) (i32.const 16))
        (call $set (local.get $out) (i32.const 0) (local.get $i) (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))";
    p.install("open", "", &Guest::handling("", open)).await.unwrap();
    assert!(p.get("open").await.unwrap().body().is_empty());
    // Dropped, it is an answer that was given up.
    let drop = r#"(import "wasi:http/types@0.2.10" "[resource-drop]outgoing-body" (func $drop-body (param i32)))"#;
    p.install("dropped", "", &Guest::handling(drop, &format!("{open} (call $drop-body (i32.load (i32.const 20)))")))
        .await
        .unwrap();
    assert!(matches!(p.get("dropped").await.unwrap_err(), InvocationError::NoResponse(_)));
}

#[tokio::test]
async fn an_oversize_answer_is_stopped_at_the_cap() {
    let p = Platform::new().await;
    let gigabyte = Guest::handling("", "(call $answer (local.get $out) (i32.const 200) (i32.const 0x40000000))");
    p.install("talker", "[limits]\nresponse_kib = 64\nhost_calls = 100000", &gigabyte).await.unwrap();
    let e = p.get("talker").await.unwrap_err();
    assert_eq!(e, InvocationError::ResponseTooLarge { limit_kib: 64 });
    assert!(p.log_text("talker").await.contains("64 KiB"));
}

#[tokio::test]
async fn host_calls_of_any_interface_spend_the_budget() {
    let p = Platform::new().await;
    let clock = r#"(import "wasi:clocks/monotonic-clock@0.2.10" "now" (func $now (result i64)))"#;
    let resource = r#"(import "wasi:http/types@0.2.10" "[resource-drop]fields" (func $drop-fields (param i32)))"#;
    for (name, imports, call) in
        [("clock", clock, "(drop (call $now))"), ("fields", resource, "(call $drop-fields (call $fields))")]
    {
        p.install(
            name,
            "[limits]\nhost_calls = 100\ncpu_ms = 20000",
            &Guest::handling(imports, &format!("(loop $l {call} (br $l))")),
        )
        .await
        .unwrap();
        assert_eq!(p.get(name).await.unwrap_err(), InvocationError::HostCalls { limit: 100 }, "{name}");
    }
}

#[tokio::test]
async fn what_a_guest_hoards_in_the_host_is_bounded() {
    let p = Platform::new().await;
    p.install(
        "hoarder",
        "[limits]\nhost_calls = 100000\ncpu_ms = 20000",
        &Guest::handling("", "(loop $l (drop (call $fields)) (br $l))"),
    )
    .await
    .unwrap();
    assert!(matches!(p.get("hoarder").await.unwrap_err(), InvocationError::Trap(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_app_that_holds_all_its_places_stops_no_other() {
    let p = Platform::with(|c| {
        c.small.instances = 2;
        c.per_installation = 1;
        c.queue_timeout = Duration::from_millis(50);
    })
    .await;
    p.install("looper", "[limits]\nwall_ms = 2000\ncpu_ms = 30000", &Guest::handling("", FOREVER)).await.unwrap();
    p.install("hello", "", &Guest::handling("", "(call $answer (local.get $out) (i32.const 200) (i32.const 1))"))
        .await
        .unwrap();
    let busy = p.get("looper");
    let others = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(
            p.get("looper").await.unwrap_err(),
            InvocationError::Overloaded(Shortage::Instances { waited_ms: 50 })
        );
        for _ in 0..20 {
            assert_eq!(p.get("hello").await.unwrap().status(), 200);
        }
    };
    let (busy, ()) = tokio::join!(busy, others);
    assert_eq!(busy.unwrap_err(), InvocationError::Deadline { limit_ms: 2_000 });
    // Its place is free again.
    assert_eq!(p.get("looper").await.unwrap_err(), InvocationError::Deadline { limit_ms: 2_000 });
}

#[tokio::test]
async fn nothing_is_left_of_one_request_in_the_next() {
    let p = Platform::new().await;
    // Answers with as many bytes as the counter in memory says, and counts up.
    let counting = "(i32.store (i32.const 256) (i32.add (i32.load (i32.const 256)) (i32.const 1))) (call $answer (local.get $out) (i32.const 200) (i32.load (i32.const 256)))";
    p.install("counter", "", &Guest::handling("", counting)).await.unwrap();
    for _ in 0..50 {
        assert_eq!(p.get("counter").await.unwrap().body().len(), 1);
    }
}
