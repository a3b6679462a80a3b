//! Releases of one installation beside each other.

use crate::guest::Guest;
use crate::platform::Platform;
use std::sync::Arc;
use std::time::Duration;
use yunlong_installations::{Installation, Switch, Upgrade};
use yunlong_model::{Digest, Manifest, Timestamp};
use yunlong_runtime::{InvocationError, Outcomes, Shortage};

const MINUTE: Duration = Duration::from_secs(60);

/// Answers with a status.
fn answering(status: u16) -> Vec<u8> {
    Guest::handling("", &format!("(call $answer (local.get $out) (i32.const {status}) (i32.const 8))"))
}

fn manifest(version: &str) -> Arc<Manifest> {
    let text = format!(
        "name = \"lesson\"\nversion = \"{version}\"\nvendor = \"v\"\ntitle = {{ zh = \"甲\", en = \"A\" }}\ndescription = {{ zh = \"甲\", en = \"A\" }}\n"
    );
    Arc::new(Manifest::parse(&text).unwrap())
}

fn newer(component: &[u8]) -> Upgrade {
    Upgrade {
        package_digest: Digest::of(component),
        signer: "key".into(),
        manifest: manifest("2.0.0"),
        grants: Vec::new(),
        by: "city-admin".into(),
    }
}

async fn status(p: &Platform) -> u16 {
    p.get("lesson").await.unwrap().status().as_u16()
}

#[tokio::test]
async fn what_is_staged_serves_nobody_before_it_has_charge() {
    let p = Platform::new().await;
    let old = p.install("lesson", "", &answering(200)).await.unwrap();
    let next = answering(202);
    let planned = p.installations.plan(&old.name, &newer(&next)).await.unwrap();
    p.runtime.stage(&planned, &next).await.unwrap();
    // Asked by its package it answers, though it is on no record.
    p.runtime.health(&old.name, Some(&planned.package_digest)).await.unwrap();
    assert_eq!(status(&p).await, 200);
    let switch = Switch { hold: false, until: Timestamp(i64::MAX), total: 0, errors: 0, slowest_ms: 0 };
    p.installations.take_charge(&old.name, newer(&next), switch).await.unwrap();
    // The record leads: between commit and switch nobody is served by the old one any more.
    assert_eq!(status(&p).await, 202);
    assert!(p.runtime.switch(&old.name, &planned.package_digest));
    assert_eq!(status(&p).await, 202);
    p.runtime.unstage(&old.name, &old.package_digest);
    assert!(!p.runtime.switch(&old.name, &old.package_digest), "it is loaded no longer");
    assert_eq!(status(&p).await, 202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_releases_of_an_installation_share_its_places() {
    let p = Platform::with(|c| {
        c.per_installation = 1;
        c.queue_timeout = Duration::from_millis(50);
    })
    .await;
    let busy = Guest::handling("", "(loop $l (br $l))");
    let old = p.install("lesson", "[limits]\nwall_ms = 2000\ncpu_ms = 30000", &busy).await.unwrap();
    let next = answering(200);
    let planned = p.installations.plan(&old.name, &newer(&next)).await.unwrap();
    p.runtime.stage(&planned, &next).await.unwrap();
    p.installations.start_canary(&old.name, newer(&next), 50).await.unwrap();
    let ids: Vec<String> = (0..100).map(|n| format!("request-{n}")).collect();
    let is_canarys = |id: &&String| p.installations.get(&old.name).unwrap().canary().unwrap().takes(id);
    let (of_new, of_old) = (ids.iter().find(is_canarys).unwrap(), ids.iter().find(|id| !is_canarys(id)).unwrap());
    assert_eq!(p.get_with_id("lesson", of_new).await.unwrap().status(), 200);
    let (held, refused) = tokio::join!(p.get_with_id("lesson", of_old), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        p.get_with_id("lesson", of_new).await
    });
    assert_eq!(held.unwrap_err(), InvocationError::Deadline { limit_ms: 2_000 });
    assert_eq!(refused.unwrap_err(), InvocationError::Overloaded(Shortage::Instances { waited_ms: 50 }));
}

#[tokio::test]
async fn a_canary_serves_its_share_and_both_are_counted_apart() {
    let p = Platform::new().await;
    let old = p.install("lesson", "", &answering(200)).await.unwrap();
    let next = answering(500);
    let planned = p.installations.plan(&old.name, &newer(&next)).await.unwrap();
    p.runtime.stage(&planned, &next).await.unwrap();
    p.installations.start_canary(&old.name, newer(&next), 50).await.unwrap();
    let (mut of_old, mut of_new) = (0, 0);
    for n in 0..200 {
        match p.get_with_id("lesson", &format!("request-{n}")).await.unwrap().status().as_u16() {
            200 => of_old += 1,
            500 => of_new += 1,
            other => panic!("{other}"),
        }
    }
    assert!((60..140).contains(&of_new), "{of_new} of 200");
    let counted = |i: &Installation| p.runtime.outcomes(&i.name, &i.package_digest, MINUTE);
    assert_eq!(counted(&old), Outcomes { total: of_old, errors: 0 });
    assert_eq!(counted(&planned), Outcomes { total: of_new, errors: of_new });
}

#[tokio::test]
async fn waiting_for_calls_to_end_sees_those_of_a_release_that_has_no_slot_any_more() {
    let p = Platform::new().await;
    let slow = Guest::handling(
        r#"(import "wasi:clocks/monotonic-clock@0.2.10" "subscribe-duration" (func $sleep (param i64) (result i32)))
           (import "wasi:io/poll@0.2.10" "[method]pollable.block" (func $block (param i32)))"#,
        "(call $block (call $sleep (i64.const 500000000))) (call $answer (local.get $out) (i32.const 200) (i32.const 8))",
    );
    let i = p.install("lesson", "", &slow).await.unwrap();
    let p = Arc::new(p);
    let calling = tokio::spawn({
        let p = p.clone();
        async move { p.get("lesson").await }
    });
    tokio::time::sleep(Duration::from_millis(150)).await;
    p.runtime.unload(&i.name);
    assert!(!p.runtime.idle(&i.name, None, Duration::from_millis(20)).await, "the call is under way");
    assert!(p.runtime.idle(&i.name, Some(&i.package_digest), Duration::ZERO).await, "no other release has one");
    assert!(p.runtime.idle(&i.name, None, Duration::from_secs(20)).await);
    assert_eq!(calling.await.unwrap().unwrap().status(), 200, "it ended as if nothing had happened");
}

#[tokio::test]
async fn a_request_that_hangs_is_seen_before_it_ends_and_gives_its_place_back_when_it_is_hastened() {
    let p = Platform::with(|c| {
        c.per_installation = 1;
        c.queue_timeout = Duration::from_millis(50);
    })
    .await;
    let hanging = Guest::handling(
        r#"(import "wasi:clocks/monotonic-clock@0.2.10" "subscribe-duration" (func $sleep (param i64) (result i32)))
           (import "wasi:io/poll@0.2.10" "[method]pollable.block" (func $block (param i32)))"#,
        "(call $block (call $sleep (i64.const 25000000000))) (call $answer (local.get $out) (i32.const 200) (i32.const 8))",
    );
    let i = p.install("lesson", "[limits]\nwall_ms = 30000", &hanging).await.unwrap();
    let next = answering(200);
    let planned = p.installations.plan(&i.name, &newer(&next)).await.unwrap();
    p.runtime.stage(&planned, &next).await.unwrap();
    let p = Arc::new(p);
    let calling = tokio::spawn({
        let p = p.clone();
        async move { p.get("lesson").await }
    });
    let began = std::time::Instant::now();
    while p.runtime.waiting(&i.name, &i.package_digest, Duration::from_millis(300)) == 0 {
        assert!(began.elapsed() < Duration::from_secs(10), "it is under way");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(p.runtime.outcomes(&i.name, &i.package_digest, MINUTE), Outcomes::default(), "it has not ended");
    // Another release has charge, and finds the one place taken.
    let switch = Switch { hold: false, until: Timestamp(i64::MAX), total: 0, errors: 0, slowest_ms: 0 };
    p.installations.take_charge(&i.name, newer(&next), switch).await.unwrap();
    p.runtime.switch(&i.name, &planned.package_digest);
    let shortage = InvocationError::Overloaded(Shortage::Instances { waited_ms: 50 });
    assert_eq!(p.get("lesson").await.unwrap_err(), shortage);
    p.runtime.hasten(&i.name, &i.package_digest, Some(Duration::from_millis(500)));
    assert_eq!(calling.await.unwrap().unwrap_err(), InvocationError::Deadline { limit_ms: 500 });
    assert!(began.elapsed() < Duration::from_secs(10), "long before its own limit");
    assert_eq!(p.runtime.outcomes(&i.name, &i.package_digest, MINUTE), Outcomes { total: 1, errors: 1 });
    assert_eq!(p.runtime.waiting(&i.name, &i.package_digest, Duration::ZERO), 0);
    assert_eq!(status(&p).await, 200, "the place is free");
}

#[tokio::test]
async fn a_request_whose_haste_is_taken_back_has_its_own_time() {
    let p = Platform::new().await;
    let slow = Guest::handling(
        r#"(import "wasi:clocks/monotonic-clock@0.2.10" "subscribe-duration" (func $sleep (param i64) (result i32)))
           (import "wasi:io/poll@0.2.10" "[method]pollable.block" (func $block (param i32)))"#,
        "(call $block (call $sleep (i64.const 1000000000))) (call $answer (local.get $out) (i32.const 200) (i32.const 8))",
    );
    let i = p.install("lesson", "", &slow).await.unwrap();
    for limit in [Some(Duration::from_millis(100)), None] {
        p.runtime.hasten(&i.name, &i.package_digest, limit);
    }
    assert_eq!(status(&p).await, 200);
    let slowest = p.runtime.slowest(&i.name, &i.package_digest, MINUTE);
    assert!((Duration::from_secs(1)..Duration::from_secs(10)).contains(&slowest), "{slowest:?}");
}
