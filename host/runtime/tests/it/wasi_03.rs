//! Guests of `wasi:http/handler@0.3`: one request an instance, within the same limits and through the same
//! interceptor as those of 0.2. What needs a whole language is tested end to end (`tests/foreign`).

use crate::platform::Platform;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;
use yunlong_runtime::{HostCall, InvocationError, LoadError, Observer, Profile, Verdict};

const FEATURE: &str = "[features]\nwasi-http-03 = true\n";

/// The parts of WASI 0.3 that these guests use, as it is published.
const WIT: &str = "
package test:guest;
package wasi:clocks@0.3.0 {
    interface types { type duration = u64; }
    interface monotonic-clock {
        use types.{duration};
        type mark = u64;
        now: func() -> mark;
        wait-for: async func(how-long: duration);
    }
}
package wasi:random@0.3.0 {
    interface random { get-random-bytes: func(max-len: u64) -> list<u8>; }
    interface insecure-seed { get-insecure-seed: func() -> tuple<u64, u64>; }
}
package wasi:http@0.3.0 {
    interface types {
        record DNS-error-payload { rcode: option<string>, info-code: option<u16> }
        record TLS-alert-received-payload { alert-id: option<u8>, alert-message: option<string> }
        record field-size-payload { field-name: option<string>, field-size: option<u32> }
        variant error-code {
            DNS-timeout,
            DNS-error(DNS-error-payload),
            destination-not-found,
            destination-unavailable,
            destination-IP-prohibited,
            destination-IP-unroutable,
            connection-refused,
            connection-terminated,
            connection-timeout,
            connection-read-timeout,
            connection-write-timeout,
            connection-limit-reached,
            TLS-protocol-error,
            TLS-certificate-error,
            TLS-alert-received(TLS-alert-received-payload),
            HTTP-request-denied,
            HTTP-request-length-required,
            HTTP-request-body-size(option<u64>),
            HTTP-request-method-invalid,
            HTTP-request-URI-invalid,
            HTTP-request-URI-too-long,
            HTTP-request-header-section-size(option<u32>),
            HTTP-request-header-size(option<field-size-payload>),
            HTTP-request-trailer-section-size(option<u32>),
            HTTP-request-trailer-size(field-size-payload),
            HTTP-response-incomplete,
            HTTP-response-header-section-size(option<u32>),
            HTTP-response-header-size(field-size-payload),
            HTTP-response-body-size(option<u64>),
            HTTP-response-trailer-section-size(option<u32>),
            HTTP-response-trailer-size(field-size-payload),
            HTTP-response-transfer-coding(option<string>),
            HTTP-response-content-coding(option<string>),
            HTTP-response-timeout,
            HTTP-upgrade-failed,
            HTTP-protocol-error,
            loop-detected,
            configuration-error,
            internal-error(option<string>),
        }
        resource fields { constructor(); }
        resource request;
        resource response {
            new: static func(headers: fields, contents: option<stream<u8>>, trailers: future<result<option<fields>, error-code>>) -> tuple<response, future<result<_, error-code>>>;
        }
    }
    interface handler {
        use types.{request, response, error-code};
        handle: async func(request: request) -> result<response, error-code>;
    }
}
world guest {
    import wasi:clocks/monotonic-clock@0.3.0;
    import wasi:random/random@0.3.0;
    import wasi:random/insecure-seed@0.3.0;
    import wasi:http/types@0.3.0;
    export wasi:http/handler@0.3.0;
}
";

const IMPORTS: &str = r#"
    (import "wasi:http/types@0.3.0" "[constructor]fields" (func $fields (result i32)))
    (import "wasi:http/types@0.3.0" "[static]response.new" (func $response (param i32 i32 i32 i32 i32)))
    (import "wasi:http/types@0.3.0" "[future-new-1][static]response.new" (func $future (result i64)))
    (import "wasi:http/types@0.3.0" "[async-lower][future-write-1][static]response.new" (func $write (param i32 i32) (result i32)))
    (import "wasi:clocks/monotonic-clock@0.3.0" "now" (func $now (result i64)))
    (import "wasi:clocks/monotonic-clock@0.3.0" "wait-for" (func $wait (param i64)))
    (import "wasi:random/random@0.3.0" "get-random-bytes" (func $random (param i64 i32)))
    (import "wasi:random/insecure-seed@0.3.0" "get-insecure-seed" (func $seed (param i32)))"#;

/// Answers with an empty body whose trailers never come.
const UNFINISHED: &str = "(local.set $f (call $future))
    (call $response (call $fields) (i32.const 0) (i32.const 0) (i32.wrap_i64 (local.get $f)) (i32.const 640))
    (i32.store (i32.const 712) (i32.load (i32.const 640)))";
/// Says that there are none: what lies at 768 is zero.
const FINISHED: &str = "(drop (call $write (i32.wrap_i64 (i64.shr_u (local.get $f) (i64.const 32))) (i32.const 768)))";

fn answering() -> String {
    format!("{UNFINISHED} {FINISHED}")
}

/// A guest whose handler is `body`, a list of instructions. What it answers is at 704: zero there is `ok`, and the
/// response stands at 712.
fn handling(body: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str(PathBuf::from("guest.wit"), WIT).unwrap();
    let world = resolve.select_world(&[package], Some("guest")).unwrap();
    let module = format!(
        r#"(module {IMPORTS} (memory (export "memory") 64)
            (global $heap (mut i32) (i32.const 32768))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $p i32)
                (local.set $p (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
                (global.set $heap (i32.add (local.get $p) (local.get 3)))
                (local.get $p))
            (func (export "wasi:http/handler@0.3.0#handle") (param $request i32) (result i32) (local $f i64)
                {body} (i32.const 704)))"#
    );
    let mut module = wat::parse_str(&module).unwrap();
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
}

async fn installed(limits: &str, body: &str) -> Platform {
    let p = Platform::new().await;
    p.install("lesson", &format!("{FEATURE}{limits}"), &handling(body)).await.unwrap();
    p
}

#[tokio::test]
async fn a_guest_of_03_answers_on_an_engine_of_its_own() {
    let p = installed("", &answering()).await;
    for _ in 0..3 {
        let response = p.get("lesson").await.unwrap();
        assert_eq!((response.status().as_u16(), response.body().len()), (200, 0));
    }
    assert_eq!(p.runtime.inspection(&"lesson".parse().unwrap()).unwrap().profile, Profile::Concurrent);
    assert!(p.log("lesson").await.is_empty());
}

#[tokio::test]
async fn nothing_is_left_of_one_request_in_the_next() {
    // Traps when it is not the first request of its instance.
    let first = "(if (i32.load (i32.const 256)) (then unreachable)) (i32.store (i32.const 256) (i32.const 1))";
    let p = installed("", &format!("{first} {}", answering())).await;
    for _ in 0..20 {
        assert_eq!(p.get("lesson").await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn without_the_feature_it_is_refused_by_name() {
    let p = Platform::new().await;
    match p.install("lesson", "", &handling(&answering())).await {
        Err(LoadError::Refused(refused)) => assert!(refused.why.contains("wasi-http-03"), "{refused:?}"),
        other => panic!("{:?}", other.map(drop)),
    }
}

#[tokio::test]
async fn a_loop_ends_at_the_cpu_limit() {
    let p = installed("[limits]\ncpu_ms = 50", "(loop $l (br $l))").await;
    let started = Instant::now();
    assert_eq!(p.get("lesson").await.unwrap_err(), InvocationError::Cpu { limit_ms: 50 });
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn whoever_waits_ends_at_the_deadline() {
    let p = installed("[limits]\nwall_ms = 50", "(call $wait (i64.const 60000000000))").await;
    assert_eq!(p.get("lesson").await.unwrap_err(), InvocationError::Deadline { limit_ms: 50 });
}

#[tokio::test]
async fn a_body_that_is_never_finished_ends_at_the_deadline() {
    let p = installed("[limits]\nwall_ms = 50", UNFINISHED).await;
    assert_eq!(p.get("lesson").await.unwrap_err(), InvocationError::Deadline { limit_ms: 50 });
}

#[tokio::test]
async fn a_trap_does_not_hang_and_its_place_is_free_again() {
    let p = installed("", "unreachable").await;
    for _ in 0..8 {
        let e = p.get("lesson").await.unwrap_err();
        assert!(matches!(&e, InvocationError::Trap(why) if why.contains("unreachable")), "{e}");
    }
}

#[tokio::test]
async fn memory_is_capped() {
    let greedy = "(loop $l (drop (memory.grow (i32.const 1))) (br $l))";
    let p = installed("[limits]\nmemory_mib = 8", greedy).await;
    assert_eq!(p.get("lesson").await.unwrap_err(), InvocationError::Memory { limit_mib: 8 });
}

#[tokio::test]
async fn host_calls_spend_the_budget_and_those_of_futures_among_them() {
    for call in ["(drop (call $fields))", "(drop (call $now))", "(drop (call $future))"] {
        let p = installed("[limits]\nhost_calls = 100\ncpu_ms = 20000", &format!("(loop $l {call} (br $l))")).await;
        assert_eq!(p.get("lesson").await.unwrap_err(), InvocationError::HostCalls { limit: 100 }, "{call}");
    }
}

#[tokio::test]
async fn what_a_guest_hoards_in_the_host_is_bounded() {
    for call in ["(drop (call $fields))", "(drop (call $future))"] {
        let p = installed("[limits]\nhost_calls = 100000\ncpu_ms = 20000", &format!("(loop $l {call} (br $l))")).await;
        let e = p.get("lesson").await.unwrap_err();
        assert!(matches!(e, InvocationError::Trap(_)), "{call}: {e}");
    }
}

/// Counts the named calls, and stops at one.
#[derive(Default)]
struct Seen {
    calls: Mutex<BTreeMap<(&'static str, &'static str), u32>>,
    stops: Option<&'static str>,
}

impl Observer for Seen {
    fn observe(&self, call: &HostCall<'_>) -> Verdict {
        *self.calls.lock().entry((call.interface.name(), call.function)).or_default() += 1;
        if self.stops == Some(call.function) { Verdict::Stop("for a test".into()) } else { Verdict::Proceed }
    }
}

/// Asks for more bytes than one call gives, for a seed and for the time, and waits a millisecond.
fn worldly() -> Vec<u8> {
    handling(&format!(
        "(call $random (i64.const 2097152) (i32.const 512))
        (if (i32.ne (i32.load (i32.const 516)) (i32.const 1048576)) (then unreachable))
        (call $seed (i32.const 512)) (drop (call $now)) (call $wait (i64.const 1000000)) {}",
        answering()
    ))
}

#[tokio::test]
async fn clocks_waiting_and_random_pass_the_interceptor_once_a_call() {
    let seen = Arc::new(Seen::default());
    let p = Platform::with(|c| c.observer = Some(seen.clone())).await;
    p.install("lesson", FEATURE, &worldly()).await.unwrap();
    assert_eq!(p.get("lesson").await.unwrap().status(), 200);
    let want = [
        (("wasi:clocks", "monotonic-clock.now"), 1),
        (("wasi:clocks", "monotonic-clock.wait-for"), 1),
        (("wasi:random", "get-random-bytes"), 1),
        (("wasi:random", "insecure-seed"), 1),
    ];
    assert_eq!(seen.calls.lock().iter().map(|(call, n)| (*call, *n)).collect::<Vec<_>>(), want);
}

#[tokio::test]
async fn an_observer_can_stop_each_of_them() {
    for stops in ["get-random-bytes", "insecure-seed", "monotonic-clock.now", "monotonic-clock.wait-for"] {
        let seen = Arc::new(Seen { stops: Some(stops), ..Seen::default() });
        let p = Platform::with(|c| c.observer = Some(seen)).await;
        p.install("lesson", FEATURE, &worldly()).await.unwrap();
        assert_eq!(
            p.get("lesson").await.unwrap_err(),
            InvocationError::Internal("fault: for a test".into()),
            "{stops}"
        );
    }
}
