//! The platform's interfaces, called by guests.

use crate::guest::Guest;
use crate::platform::Platform;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;
use yunlong_installations::{Capability, Level};
use yunlong_runtime::{HostCall, Interface, InvocationError, Observer, Verdict};

pub(crate) const COLLECTIONS: &str = r#"
    (import "city:data/collections@1.1.0" "counter" (func $counter (param i32 i32 i32 i32 i32)))
    (import "city:data/collections@1.1.0" "[static]transaction.begin" (func $begin (param i32)))
    (import "city:data/collections@1.1.0" "[method]transaction.adjust" (func $adjust (param i32 i32 i32 i32 i32 i64 i64 i64 i32)))
    (import "city:data/collections@1.1.0" "[method]transaction.commit" (func $commit (param i32 i32)))"#;

/// `seats` at 300; the counter's key is empty.
pub(crate) const SEATS: &str = "(i64.store (i32.const 300) (i64.const 0x7374616573))";
/// Answers with 100 bytes more than the counter, or with as many as the error's number.
const READ: &str = "(call $counter (i32.const 300) (i32.const 5) (i32.const 300) (i32.const 0) (i32.const 512))
    (call $answer (local.get $out) (i32.const 200)
        (if (result i32) (i32.load8_u (i32.const 512)) (then (i32.load8_u (i32.const 520))) (else (i32.add (i32.const 100) (i32.load (i32.const 520))))))";
pub(crate) const ADJUST: &str = "(call $begin (i32.const 512)) (local.set $i (i32.load (i32.const 520)))
    (call $adjust (local.get $i) (i32.const 300) (i32.const 5) (i32.const 300) (i32.const 0) (i64.const 5) (i64.const 0) (i64.const 8) (i32.const 512))
    (if (i32.load8_u (i32.const 512)) (then unreachable))";
pub(crate) const COMMIT: &str = "(call $commit (local.get $i) (i32.const 512))";

const UNDECLARED: usize = 4;
const UNAVAILABLE: usize = 8;
const OTHER: usize = 9;

async fn length(p: &Platform, name: &str) -> usize {
    p.get(name).await.unwrap().body().len()
}

#[tokio::test]
async fn a_committed_transaction_is_seen_and_another_installation_is_not() {
    let p = Platform::new().await;
    let counters = "counters = [\"seats\"]";
    let guest = Guest::handling(COLLECTIONS, &format!("{SEATS}{ADJUST}{COMMIT}{READ}"));
    p.install("one", counters, &guest).await.unwrap();
    p.install("two", counters, &Guest::handling(COLLECTIONS, &format!("{SEATS}{READ}"))).await.unwrap();
    assert_eq!(length(&p, "one").await, 105);
    // The bound of 8 refuses the second one; nothing changes.
    assert_eq!(length(&p, "one").await, 105);
    assert_eq!(length(&p, "two").await, 100);
}

#[tokio::test]
async fn a_transaction_that_is_left_open_is_rolled_back() {
    let p = Platform::new().await;
    p.install("forgetful", "counters = [\"seats\"]", &Guest::handling(COLLECTIONS, &format!("{SEATS}{ADJUST}{READ}")))
        .await
        .unwrap();
    for _ in 0..2 {
        assert_eq!(length(&p, "forgetful").await, 100);
    }
    assert!(p.log_text("forgetful").await.contains("rolled back"));
}

#[tokio::test]
async fn a_name_that_the_manifest_lacks_is_undeclared() {
    let p = Platform::new().await;
    p.install("lesson", "counters = [\"other\"]", &Guest::handling(COLLECTIONS, &format!("{SEATS}{READ}")))
        .await
        .unwrap();
    assert_eq!(length(&p, "lesson").await, UNDECLARED);
}

#[tokio::test]
async fn a_revoked_grant_takes_effect_at_the_next_call() {
    let p = Platform::new().await;
    let i = p
        .install("lesson", "counters = [\"seats\"]", &Guest::handling(COLLECTIONS, &format!("{SEATS}{READ}")))
        .await
        .unwrap();
    assert_eq!(length(&p, "lesson").await, 100);
    p.installations.revoke_grant(&i.name, &Capability::Data, "city-admin").await.unwrap();
    assert_eq!(length(&p, "lesson").await, OTHER);
    p.installations.restore_grant(&i.name, &Capability::Data, "city-admin").await.unwrap();
    assert_eq!(length(&p, "lesson").await, 100);
}

#[tokio::test]
async fn a_call_without_an_error_to_answer_with_is_stopped_when_it_is_not_granted() {
    let p = Platform::new().await;
    let guest = Guest::handling(
        r#"(import "city:identity/principal@1.1.0" "current" (func $current (param i32)))"#,
        "(call $current (i32.const 512)) (call $answer (local.get $out) (i32.const 200) (i32.load8_u (i32.const 524)))",
    );
    let i = p.install("lesson", "", &guest).await.unwrap();
    assert_eq!(length(&p, "lesson").await, 0, "kind: anonymous");
    p.installations.revoke_grant(&i.name, &Capability::Identity, "city-admin").await.unwrap();
    assert_eq!(p.get("lesson").await.unwrap_err(), InvocationError::NotGranted("identity".into()));
    assert!(p.log_text("lesson").await.contains("capability not granted: identity"));
}

#[tokio::test]
async fn a_guest_of_an_older_minor_version_runs_as_before() {
    let p = Platform::new().await;
    let guest = Guest::handling_with(
        r#"(import "city:identity/principal@1.0.0" "current" (func $current (param i32)))"#,
        "(call $current (i32.const 512)) (call $answer (local.get $out) (i32.const 200) (i32.add (i32.const 7) (i32.load8_u (i32.const 524))))",
        true,
    );
    p.install("lesson", "", &guest).await.unwrap();
    assert_eq!(length(&p, "lesson").await, 7, "kind: anonymous");
}

/// Own data and its transactions came with 1.0.0: what was built then is not built again.
#[tokio::test]
async fn a_guest_of_the_first_data_contract_writes_and_reads_as_before() {
    let p = Platform::new().await;
    let first = COLLECTIONS.replace("@1.1.0", "@1.0.0");
    let guest = Guest::handling_with(&first, &format!("{SEATS}{ADJUST}{COMMIT}{READ}"), true);
    p.install("lesson", "counters = [\"seats\"]", &guest).await.unwrap();
    assert_eq!(length(&p, "lesson").await, 105);
}

#[tokio::test]
async fn a_guest_is_told_for_whom_its_visitor_acts_and_that_nobody_is_acted_for() {
    let p = Platform::new().await;
    // The answer's length is what the option's tag says.
    let guest = Guest::handling(
        r#"(import "city:identity/representation@1.1.0" "acting-for" (func $acting (param i32)))"#,
        "(call $acting (i32.const 512)) (call $answer (local.get $out) (i32.const 200) (i32.add (i32.const 7) (i32.load8_u (i32.const 512))))",
    );
    let i = p.install("lesson", "", &guest).await.unwrap();
    assert_eq!(length(&p, "lesson").await, 7);
    let mut principal = yunlong_model::Principal::anonymous();
    principal.acting_for = Some(yunlong_model::ActingFor {
        subject: "p-1".into(),
        grantor: yunlong_model::Grantor::Company { code: "91320300MA000TX14G".into(), name: "示范".into() },
        mandate: "m-1".into(),
    });
    assert_eq!(p.get_as("lesson", principal).await.unwrap().body().len(), 8);
    p.installations.revoke_grant(&i.name, &Capability::Identity, "city-admin").await.unwrap();
    assert_eq!(p.get("lesson").await.unwrap_err(), InvocationError::NotGranted("identity".into()));
}

#[derive(Default)]
struct Seen {
    calls: Mutex<BTreeSet<(&'static str, &'static str)>>,
    fault: Option<Interface>,
}

impl Observer for Seen {
    fn observe(&self, call: &HostCall<'_>) -> Verdict {
        assert_eq!((call.installation.as_str(), call.request_id), ("lesson", "request-1"));
        self.calls.lock().insert((call.interface.name(), call.function));
        if self.fault == Some(call.interface) { Verdict::Stop("for a test".into()) } else { Verdict::Proceed }
    }
}

const WORLDLY: &str = r#"
    (import "wasi:clocks/monotonic-clock@0.2.10" "now" (func $now (result i64)))
    (import "wasi:clocks/wall-clock@0.2.10" "now" (func $wall (param i32)))
    (import "wasi:random/random@0.2.10" "get-random-u64" (func $random (result i64)))
    (import "wasi:cli/stdout@0.2.10" "get-stdout" (func $stdout (result i32)))"#;

fn worldly() -> Vec<u8> {
    let body = "(drop (call $now)) (call $wall (i32.const 512))
        (if (i64.ne (i64.load (i32.const 512)) (i64.const 1790000000)) (then unreachable))
        (if (i64.eq (call $random) (call $random)) (then unreachable))
        (i64.store (i32.const 300) (i64.const 0x6f770a6f6c6c6568)) (i32.store (i32.const 308) (i32.const 0x646c72)) ;; hello, wor, ld
        (call $flush (call $stdout) (i32.const 300) (i32.const 11) (i32.const 16))
        (call $answer (local.get $out) (i32.const 200) (i32.const 0))";
    Guest::handling(WORLDLY, body)
}

#[tokio::test]
async fn clocks_random_and_output_pass_the_interceptor() {
    let seen = Arc::new(Seen::default());
    let p = Platform::with(|c| c.observer = Some(seen.clone())).await;
    p.install("lesson", "", &worldly()).await.unwrap();
    assert_eq!(p.get("lesson").await.unwrap().status(), 200);
    let want = [
        ("wasi:cli", "write"),
        ("wasi:clocks", "monotonic-clock.now"),
        ("wasi:clocks", "wall-clock.now"),
        ("wasi:random", "get-random-u64"),
    ];
    assert_eq!(seen.calls.lock().iter().copied().collect::<Vec<_>>(), want);
    let log = p.log("lesson").await;
    let lines: Vec<_> = log.iter().map(|l| (l.level, l.text.as_str(), l.request_id.as_deref())).collect();
    assert_eq!(lines, [(Level::Info, "hello", Some("request-1")), (Level::Info, "world", Some("request-1"))]);
}

#[tokio::test]
async fn an_observer_can_stop_calls_that_cannot_fail() {
    for fault in [Interface::Clocks, Interface::Random, Interface::Output] {
        let p = Platform::with(|c| c.observer = Some(Arc::new(Seen { fault: Some(fault), ..Seen::default() }))).await;
        p.install("lesson", "", &worldly()).await.unwrap();
        assert_eq!(
            p.get("lesson").await.unwrap_err(),
            InvocationError::Internal("fault: for a test".into()),
            "{fault:?}"
        );
    }
}

/// Has one function fail.
struct Failing(&'static str);

impl Observer for Failing {
    fn observe(&self, call: &HostCall<'_>) -> Verdict {
        if call.function == self.0 { Verdict::Fail("for a test".into()) } else { Verdict::Proceed }
    }
}

#[tokio::test]
async fn an_observer_can_have_a_call_answer_its_error_and_then_nothing_was_done() {
    let p = Platform::with(|c| c.observer = Some(Arc::new(Failing("counter")))).await;
    let counters = "counters = [\"seats\"]";
    p.install("reading", counters, &Guest::handling(COLLECTIONS, &format!("{SEATS}{READ}"))).await.unwrap();
    assert_eq!(length(&p, "reading").await, UNAVAILABLE);

    let p = Platform::with(|c| c.observer = Some(Arc::new(Failing("transaction.commit")))).await;
    let guest = Guest::handling(COLLECTIONS, &format!("{SEATS}{ADJUST}{COMMIT}{READ}"));
    p.install("writing", counters, &guest).await.unwrap();
    assert_eq!(length(&p, "writing").await, 100, "the commit was done");
}

#[tokio::test]
async fn a_call_that_has_no_error_to_answer_with_goes_on() {
    let p = Platform::with(|c| c.observer = Some(Arc::new(Failing("wall-clock.now")))).await;
    p.install("lesson", "", &worldly()).await.unwrap();
    assert_eq!(p.get("lesson").await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_platforms_clock_is_the_guests_clock() {
    let p = Platform::new().await;
    p.install("lesson", "", &worldly()).await.unwrap();
    assert_eq!(p.get("lesson").await.unwrap().status(), 200);
    p.clock.advance(1_000);
    assert!(matches!(p.get("lesson").await.unwrap_err(), InvocationError::Trap(_)));
}
