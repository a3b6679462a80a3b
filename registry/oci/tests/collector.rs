//! The collector: what nobody needs goes, and nothing that anybody needs ever does.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use proptest::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use support::client::{EMPTY_TYPE, image_of, index_of, subject};
use support::{Client, Image, Parts, Server, noise};
use yunlong_model::{Timestamp, clock::ManualClock};
use yunlong_oci::Collected;
use yunlong_oci::Digest;
use yunlong_oci::digest::Algorithm;
use yunlong_oci::manifest::{OCI_INDEX, OCI_MANIFEST};

const DAY: i64 = 24 * 3_600_000;

async fn start() -> (Server, ManualClock) {
    let clock = ManualClock::new(Timestamp(1_800_000_000_000));
    let mut parts = Parts::in_memory();
    parts.clock = Arc::new(clock.clone());
    (parts.listen().await, clock)
}

async fn has(client: &Client, name: &str, digest: &Digest) -> bool {
    // As somebody who may only pull: asking as the owner would make the blob stay.
    let anonymous = Client::new(&client.base, None);
    anonymous.head(&format!("/v2/{name}/blobs/{digest}")).await.status == 200
}

#[tokio::test]
async fn a_blob_that_no_manifest_refers_to_goes_after_the_grace_and_its_bytes_with_it() {
    let (server, clock) = start().await;
    let client = server.vendor();
    client.push("open/app", "1", b"needed", json!({})).await;
    let loose = client.blob("open/app", b"loose").await;
    let needed = Algorithm::Sha256.digest(b"needed");
    let before = server.registry.usage("open").await.unwrap().bytes;

    clock.advance(DAY);
    assert_eq!(server.registry.collect().await.unwrap(), Collected::default(), "not before the grace is over");
    assert!(has(&client, "open/app", &loose).await);
    clock.advance(1);
    let done = server.registry.collect().await.unwrap();
    assert_eq!(done, Collected { links: 1, blobs: 1, ..Collected::default() });
    assert!(!has(&client, "open/app", &loose).await);
    assert!(has(&client, "open/app", &needed).await);
    assert_eq!(server.registry.usage("open").await.unwrap().bytes, before - 5, "the quota is given back");
    assert_eq!(server.registry.collect().await.unwrap(), Collected::default());
}

#[tokio::test]
async fn what_somebody_who_may_push_asks_for_stays_for_another_while() {
    let (server, clock) = start().await;
    let client = server.vendor();
    let digest = client.blob("open/app", b"wanted").await;
    clock.advance(DAY - 1_000);
    // A client that finds the blob leaves it out of the push.
    client.head(&format!("/v2/open/app/blobs/{digest}")).await.expect(200);
    clock.advance(DAY - 1_000);
    server.registry.collect().await.unwrap();
    assert!(has(&client, "open/app", &digest).await);
    clock.advance(2_000);
    server.registry.collect().await.unwrap();
    assert!(!has(&client, "open/app", &digest).await, "that others ask changes nothing");
}

#[tokio::test]
async fn a_mounted_blob_stays_when_its_first_repository_lets_it_go() {
    let (server, clock) = start().await;
    let client = server.vendor();
    let digest = client.blob("open/first", b"shared").await;
    clock.advance(DAY);
    client.post(&format!("/v2/open/second/blobs/uploads/?mount={digest}&from=open/first")).await.expect(201);
    clock.advance(1);
    let done = server.registry.collect().await.unwrap();
    assert_eq!(done, Collected { links: 1, ..Collected::default() });
    assert!(!has(&client, "open/first", &digest).await);
    let path = format!("/v2/open/second/blobs/{digest}");
    assert_eq!(client.get(&path).await.expect(200).body, "shared");
}

#[tokio::test]
async fn a_manifest_without_a_tag_goes_after_its_time_unless_something_holds_it_or_refers_to_it() {
    let clock = ManualClock::new(Timestamp(1_800_000_000_000));
    let mut parts = Parts::in_memory();
    parts.clock = Arc::new(clock.clone());
    parts.config.collection.untagged = Some(Duration::from_secs(7 * 24 * 3_600));
    let server = parts.listen().await;
    let client = server.vendor();
    let tagged = client.push("open/app", "1", b"tagged", json!({})).await;
    let signature = client.push("open/app", "", b"signs it", json!({ "subject": subject(&tagged) })).await;
    let child = client.push("open/app", "", b"child", json!({})).await;
    client.put_manifest("open/app", "2", OCI_INDEX, &index_of(&[&child], json!({})).bytes).await.expect(201);
    let given_up = client.push("open/app", "", b"given up", json!({})).await;
    clock.advance(6 * DAY);
    let of_it = client.push("open/app", "", b"signs nothing", json!({ "subject": subject(&given_up) })).await;
    let there = async |image: &Image| client.get(&format!("/v2/open/app/manifests/{}", image.digest)).await.status;
    // Somebody is still at it: what refers to it is young.
    clock.advance(2 * DAY);
    assert_eq!(server.registry.collect().await.unwrap().manifests, 0);
    assert_eq!((there(&of_it).await, there(&given_up).await), (200, 200));
    clock.advance(5 * DAY + 1);
    // What refers to it goes before it, in the same run or in the one before.
    let mut gone = 0;
    for _ in 0..2 {
        gone += server.registry.collect().await.unwrap().manifests;
    }
    assert_eq!((gone, there(&of_it).await, there(&given_up).await), (2, 404, 404));
    assert!(!has(&client, "open/app", &Algorithm::Sha256.digest(b"given up")).await);
    assert_eq!(server.registry.collect().await.unwrap(), Collected::default());
    for image in [&tagged, &signature, &child] {
        assert_eq!(there(image).await, 200);
    }
}

/// Who copies the bytes that the store names at some moment needs all of them, also those that are given up
/// meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn no_bytes_go_while_somebody_holds_the_collector_and_pushes_go_on() {
    let (server, clock) = start().await;
    let client = server.vendor();
    let loose = client.blob("open/app", b"loose").await;
    client.push("open/app", "1", b"needed", json!({})).await;
    clock.advance(DAY + 1);
    let registry = server.registry.clone();
    let (held, is_held) = tokio::sync::oneshot::channel();
    let (let_go, may_go) = std::sync::mpsc::channel::<()>();
    let holder = tokio::task::spawn_blocking(move || {
        let _held = registry.hold_collector();
        held.send(()).unwrap();
        let _ = may_go.recv();
    });
    is_held.await.unwrap();
    let registry = server.registry.clone();
    let collecting = tokio::spawn(async move { registry.collect().await.unwrap() });
    client.push("open/app", "2", b"pushed meanwhile", json!({})).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!collecting.is_finished());
    assert!(has(&client, "open/app", &loose).await);
    drop(let_go);
    holder.await.unwrap();
    assert_eq!(collecting.await.unwrap().blobs, 1);
    assert!(!has(&client, "open/app", &loose).await);
}

#[tokio::test]
async fn uploads_that_were_given_up_go_and_others_do_not() {
    let (server, clock) = start().await;
    let client = server.vendor();
    let old = client.open_upload("vendor/app").await;
    client.chunk(&old, 0, b"some bytes").await.expect(202);
    clock.advance(DAY - 1_000);
    let new = client.open_upload("vendor/app").await;
    client.chunk(&new, 0, b"other bytes").await.expect(202);
    clock.advance(2_000);
    assert_eq!(server.registry.collect().await.unwrap(), Collected { sessions: 1, ..Collected::default() });
    client.get(&old).await.expect_error(404, "BLOB_UPLOAD_UNKNOWN");
    client.finish(&new, &Algorithm::Sha256.digest(b"other bytes"), b"").await.expect(201);
}

#[tokio::test]
async fn bytes_that_a_dead_process_left_go_and_the_same_content_elsewhere_stays() {
    let (server, _) = start().await;
    let client = server.vendor();
    let digest = client.blob("open/app", b"content").await;
    // As if a process had died after placing and before its commit, and in the middle of an upload.
    let upload = yunlong_oci::blobs::UploadId::random();
    let mut append = server.parts.blobs.append(upload, 0, Algorithm::Sha256).await.unwrap();
    append.write(b"content".to_vec().into()).await.unwrap();
    let length = append.sync().await.unwrap();
    drop(append);
    server.parts.blobs.place(upload, length, &digest).await.unwrap();
    let half = yunlong_oci::blobs::UploadId::random();
    let mut append = server.parts.blobs.append(half, 0, Algorithm::Sha256).await.unwrap();
    append.write(b"half".to_vec().into()).await.unwrap();
    append.sync().await.unwrap();
    drop(append);
    assert_eq!(server.registry.collect().await.unwrap(), Collected { strays: 2, ..Collected::default() });
    assert_eq!(client.get(&format!("/v2/open/app/blobs/{digest}")).await.expect(200).body, "content");
}

/// Many clients push the same few layers to the same few repositories, delete what they may, and push
/// again, while the collector runs without pause and the clock leaps past the grace: whatever manifest
/// was answered with 201 and not deleted, its blobs can be read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_blob_of_a_kept_manifest_is_ever_collected_under_racing_pushes() {
    let (server, clock) = start().await;
    let server = Arc::new(server);
    let running = Arc::new(AtomicBool::new(true));
    let pushed = Arc::new(AtomicUsize::new(0));
    let collector = {
        let (registry, running, pushed) = (server.registry.clone(), running.clone(), pushed.clone());
        tokio::spawn(async move {
            let (mut runs, mut total, mut seen) = (0, Collected::default(), 0);
            while running.load(Ordering::Relaxed) {
                total += registry.collect().await.unwrap();
                runs += 1;
                // A third of the grace passes with each two pushes: what is not wanted any more goes
                // soon, and what is being pushed is seldom given up by its own client.
                if pushed.load(Ordering::Relaxed) >= seen + 2 {
                    seen = pushed.load(Ordering::Relaxed);
                    clock.advance(DAY / 3);
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            (runs, total)
        })
    };
    let pushers: Vec<_> = (0..6_u64)
        .map(|pusher| {
            let (server, pushed) = (server.clone(), pushed.clone());
            tokio::spawn(async move {
                let client = server.vendor();
                let (mut kept, mut retried) = (Vec::new(), 0);
                for round in 0..40_u64 {
                    let name = format!("open/repo-{}", round % 2);
                    // Each layer belongs to one repository.
                    let layer = noise(2_000, round % 6);
                    let (config, layer_digest) = (Algorithm::Sha256.digest(b"{}"), Algorithm::Sha256.digest(&layer));
                    let manifest = image_of(&json!({
                        "schemaVersion": 2, "mediaType": OCI_MANIFEST,
                        "config": { "mediaType": EMPTY_TYPE, "digest": config, "size": 2 },
                        "layers": [{ "mediaType": "application/wasm", "digest": layer_digest, "size": 2_000 }],
                        "annotations": { "pusher": pusher.to_string(), "round": round.to_string() },
                    }));
                    let by = manifest.digest.to_string();
                    // Where the clock leaps over the whole grace in the middle of a push, an open upload or a blob
                    // that nothing refers to yet is given up: then the push begins anew.
                    'push: loop {
                        for (digest, bytes) in [(&config, &b"{}"[..]), (&layer_digest, &layer[..])] {
                            // As clients do: what is there is not sent.
                            if client.head(&format!("/v2/{name}/blobs/{digest}")).await.status == 404 {
                                let location = client.open_upload(&name).await;
                                let reply = client.finish(&location, digest, bytes).await;
                                if reply.status != 201 {
                                    reply.expect_error(404, "BLOB_UPLOAD_UNKNOWN");
                                    retried += 1;
                                    continue 'push;
                                }
                            }
                        }
                        match client.put_manifest(&name, &by, OCI_MANIFEST, &manifest.bytes).await {
                            reply if reply.status == 201 => break,
                            reply => _ = reply.expect_error(400, "MANIFEST_BLOB_UNKNOWN"),
                        }
                        retried += 1;
                    }
                    pushed.fetch_add(1, Ordering::Relaxed);
                    let layer_path = format!("/v2/{name}/blobs/{layer_digest}");
                    assert!(client.get(&layer_path).await.expect(200).body == layer);
                    if round % 4 == 3 {
                        kept.push((name, manifest.digest, layer_digest, layer));
                    } else {
                        client.delete(&format!("/v2/{name}/manifests/{by}")).await.expect(202);
                    }
                }
                (kept, retried)
            })
        })
        .collect();
    let (mut kept, mut retried) = (Vec::new(), 0);
    for pusher in pushers {
        let (mine, again) = pusher.await.unwrap();
        kept.extend(mine);
        retried += again;
    }
    running.store(false, Ordering::Relaxed);
    let (runs, total) = collector.await.unwrap();
    let client = server.vendor();
    for (name, manifest, layer, bytes) in &kept {
        client.get(&format!("/v2/{name}/manifests/{manifest}")).await.expect(200);
        assert!(client.get(&format!("/v2/{name}/blobs/{layer}")).await.expect(200).body == *bytes);
    }
    println!("{runs} runs, {total:?}; {} manifests kept, {retried} pushes repeated", kept.len());
    assert!(total.blobs > 0, "nothing was ever collected: the test shows too little");
}

#[derive(Clone, Debug)]
enum Step {
    Blob { repository: u8, content: u8 },
    Mount { from: u8, to: u8, content: u8 },
    Manifest { repository: u8, content: u8 },
    Delete { repository: u8, content: u8 },
    Wait { hours: u8 },
    Collect,
}

fn step() -> impl Strategy<Value = Step> {
    let (repository, content) = (0..2_u8, 0..3_u8);
    prop_oneof![
        (repository.clone(), content.clone()).prop_map(|(repository, content)| Step::Blob { repository, content }),
        (repository.clone(), repository.clone(), content.clone()).prop_map(|(from, to, content)| Step::Mount {
            from,
            to,
            content
        }),
        (repository.clone(), content.clone()).prop_map(|(repository, content)| Step::Manifest { repository, content }),
        (repository, content).prop_map(|(repository, content)| Step::Delete { repository, content }),
        (1..30_u8).prop_map(|hours| Step::Wait { hours }),
        Just(Step::Collect),
    ]
}

/// What must be there, worked out by a few lines that know no store: when each repository last wanted a
/// blob, and which manifests it has.
#[derive(Default)]
struct Model {
    hour: u64,
    wanted: BTreeMap<(u8, u8), u64>,
    manifests: BTreeSet<(u8, u8)>,
}

impl Model {
    fn collect(&mut self) {
        let (hour, manifests) = (self.hour, &self.manifests);
        self.wanted.retain(|key, at| manifests.contains(key) || hour - *at <= 24);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_collector_removes_exactly_what_nobody_needs(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let (server, clock) = start().await;
            let client = server.vendor();
            client.push("open/config", "1", b"holds the empty config", json!({})).await;
            let config = Algorithm::Sha256.digest(b"{}");
            let content = |c: u8| vec![b'a' + c; 100 + usize::from(c)];
            let name = |r: u8| format!("open/r{r}");
            let image = |c: u8| image_of(&json!({
                "schemaVersion": 2, "mediaType": OCI_MANIFEST,
                "config": {
                    "mediaType": "application/wasm", "size": content(c).len(),
                    "digest": Algorithm::Sha256.digest(&content(c)),
                },
                "layers": [],
            }));
            let mut model = Model::default();
            for step in &steps {
                match *step {
                    Step::Blob { repository, content: c } => {
                        client.blob(&name(repository), &content(c)).await;
                        model.wanted.insert((repository, c), model.hour);
                    }
                    Step::Mount { from, to, content: c } => {
                        let digest = Algorithm::Sha256.digest(&content(c));
                        let path = format!("/v2/{}/blobs/uploads/?mount={digest}&from={}", name(to), name(from));
                        let reply = client.post(&path).await;
                        assert_eq!(reply.status == 201, model.wanted.contains_key(&(from, c)), "{step:?}");
                        if reply.status == 201 {
                            model.wanted.insert((to, c), model.hour);
                        } else {
                            client.delete(&reply.location()).await.expect(204);
                        }
                    }
                    Step::Manifest { repository, content: c } => {
                        let image = image(c);
                        let by = image.digest.to_string();
                        let reply = client.put_manifest(&name(repository), &by, OCI_MANIFEST, &image.bytes).await;
                        assert_eq!(reply.status == 201, model.wanted.contains_key(&(repository, c)), "{step:?}");
                        if reply.status == 201 {
                            model.manifests.insert((repository, c));
                        }
                    }
                    Step::Delete { repository, content: c } => {
                        let path = format!("/v2/{}/manifests/{}", name(repository), image(c).digest);
                        let there = model.manifests.remove(&(repository, c));
                        client.delete(&path).await.expect(if there { 202 } else { 404 });
                    }
                    Step::Wait { hours } => {
                        model.hour += u64::from(hours);
                        clock.advance(i64::from(hours) * 3_600_000);
                    }
                    Step::Collect => {
                        server.registry.collect().await.unwrap();
                        model.collect();
                    }
                }
                for r in 0..2 {
                    for c in 0..3 {
                        let digest = Algorithm::Sha256.digest(&content(c));
                        let there = has(&client, &name(r), &digest).await;
                        assert_eq!(there, model.wanted.contains_key(&(r, c)), "after {step:?}: {r} {c}");
                    }
                }
            }
            assert!(has(&client, "open/config", &config).await);
        });
    }
}
