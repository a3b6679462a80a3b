//! What owners may keep, and what whoever embeds the registry lets in.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use async_trait::async_trait;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use support::client::subject;
use support::{Image, Parts, noise};
use yunlong_oci::Digest;
use yunlong_oci::Usage;
use yunlong_oci::admission::{Admission, AdmitAll, Admitted, HookError, Publication, Push, Refusal, Retag};
use yunlong_oci::config::Quota;
use yunlong_oci::digest::Algorithm;
use yunlong_oci::manifest::OCI_MANIFEST;
use yunlong_store::{CommitError, Direction, Key, Txn, transact};

#[tokio::test]
async fn bytes_are_counted_for_the_owner_and_end_at_the_quota() {
    let mut parts = Parts::in_memory();
    parts.config.quotas.owners.insert("vendor".into(), Quota { bytes: 200_000, repositories: 10, tags: 10 });
    let server = parts.listen().await;
    let client = server.vendor();
    client.blob("vendor/one", &noise(60_000, 1)).await;
    client.blob("vendor/one", &noise(60_000, 1)).await;
    let usage = server.registry.usage("vendor").await.unwrap();
    assert_eq!(usage, Usage { bytes: 60_000, repositories: 1, tags: 0 }, "the same content counts once");
    let too_much = noise(150_000, 2);
    let digest = Algorithm::Sha256.digest(&too_much);
    let location = client.open_upload("vendor/two").await;
    let reply = client.finish(&location, &digest, &too_much).await.expect_error(403, "DENIED");
    assert_eq!(reply.json()["errors"][0]["detail"]["reason"], "QUOTA");
    client.head(&format!("/v2/vendor/two/blobs/{digest}")).await.expect(404);
    client.get(&location).await.expect_error(404, "BLOB_UPLOAD_UNKNOWN");
    // Others have quotas of their own.
    client.blob("second/two", &too_much).await;
    // Mounting into the full quota is refused as well.
    let mount = format!("/v2/vendor/two/blobs/uploads/?mount={digest}&from=second/two");
    client.post(&mount).await.expect_error(403, "DENIED");
    // Room comes back.
    let first = Algorithm::Sha256.digest(&noise(60_000, 1));
    client.delete(&format!("/v2/vendor/one/blobs/{first}")).await.expect(202);
    client.blob("vendor/two", &too_much).await;
}

#[tokio::test]
async fn racing_pushes_do_not_get_past_the_quota_together() {
    let mut parts = Parts::in_memory();
    parts.config.quotas.owners.insert("vendor".into(), Quota { bytes: 50_000, repositories: 10, tags: 10 });
    let server = parts.listen().await;
    let client = server.vendor();
    let pushes = (0..12_u64).map(|i| {
        let client = client.clone();
        async move {
            let bytes = noise(10_000, 50 + i);
            let path = format!("/v2/vendor/app/blobs/uploads/?digest={}", Algorithm::Sha256.digest(&bytes));
            client.ask("POST", &path, &[], bytes).await.status
        }
    });
    let statuses = futures::future::join_all(pushes).await;
    assert_eq!(statuses.iter().filter(|s| **s == 201).count(), 5, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|s| **s == 403).count(), 7, "{statuses:?}");
    assert_eq!(server.registry.usage("vendor").await.unwrap().bytes, 50_000);
}

#[tokio::test]
async fn what_is_never_finished_takes_room_until_it_is_given_up() {
    let mut parts = Parts::in_memory();
    parts.config.quotas.owners.insert("vendor".into(), Quota { bytes: 100_000, repositories: 10, tags: 10 });
    let server = parts.listen().await;
    let client = server.vendor();
    let usage = async || server.registry.usage("vendor").await.unwrap().bytes;
    let (first, second) = (client.open_upload("vendor/one").await, client.open_upload("vendor/two").await);
    client.ask("PATCH", &first, &[], noise(50_000, 1)).await.expect(202);
    client.ask("PATCH", &first, &[], noise(40_000, 2)).await.expect(202);
    assert_eq!(usage().await, 90_000);
    // Another session does not get past it, whether it says how much comes or not.
    let reply = client.ask("PATCH", &second, &[], noise(20_000, 3)).await.expect_error(403, "DENIED");
    assert_eq!(reply.json()["errors"][0]["detail"]["reason"], "QUOTA");
    client.get(&second).await.expect_error(404, "BLOB_UPLOAD_UNKNOWN");
    assert_eq!(usage().await, 90_000);
    // Finished, the same bytes are counted once; given up, they are not.
    let whole = [noise(50_000, 1), noise(40_000, 2)].concat();
    let digest = Algorithm::Sha256.digest(&whole);
    client.finish(&first, &digest, &[]).await.expect(201);
    assert_eq!(usage().await, 90_000);
    let third = client.open_upload("vendor/two").await;
    client.ask("PATCH", &third, &[], noise(10_000, 4)).await.expect(202);
    assert_eq!(usage().await, 100_000);
    client.ask("DELETE", &third, &[], "").await.expect(204);
    assert_eq!(usage().await, 90_000);
}

#[tokio::test]
async fn repositories_and_tags_end_at_the_quota() {
    let mut parts = Parts::in_memory();
    parts.config.quotas.default = Quota { bytes: 1 << 30, repositories: 2, tags: 3 };
    let server = parts.listen().await;
    let client = server.vendor();
    for tag in ["1", "2", "3"] {
        client.push("vendor/app", tag, tag.as_bytes(), json!({})).await;
    }
    let image = client.image("vendor/app", b"4", json!({})).await;
    let reply = client.put_manifest("vendor/app", "4", OCI_MANIFEST, &image.bytes).await.expect_error(403, "DENIED");
    assert_eq!(reply.json()["errors"][0]["detail"]["quota"], "tags");
    client.get(&format!("/v2/vendor/app/manifests/{}", image.digest)).await.expect(404);
    client.blob("vendor/second", b"x").await;
    let path = format!("/v2/vendor/third/blobs/uploads/?digest={}", Algorithm::Sha256.digest(b"x"));
    let reply = client.ask("POST", &path, &[], "x").await.expect_error(403, "DENIED");
    assert_eq!(reply.json()["errors"][0]["detail"]["quota"], "repositories");
}

/// Lets in what has a layer that says `good`, and writes a row for each publication.
struct Reviewer;

struct Reviewed {
    layer: Digest,
}

fn log() -> Key {
    Key::space("@test-log").text("publications")
}

#[async_trait]
impl Admission for Reviewer {
    async fn check(&self, push: &Push<'_>) -> Result<Box<dyn Admitted>, Refusal> {
        let layer = &push.manifest.layers[0].digest;
        let bytes = push.contents.blob(layer, 1_000).await.map_err(|e| Refusal::Invalid(e.text()))?;
        match &bytes[..] {
            b"slow" => tokio::time::sleep(Duration::from_secs(60)).await,
            b"evil" => return Err(Refusal::denied("含有恶意代码", "it is malware")),
            b"wrong" => return Err(Refusal::invalid("没有签名", "it is not signed")),
            _ => {}
        }
        Ok(Box::new(Reviewed { layer: layer.clone() }))
    }
}

#[async_trait]
impl Admitted for Reviewed {
    async fn published(&self, txn: &mut Txn, publication: &Publication) -> Result<(), HookError> {
        if publication.tags.iter().any(|t| t.as_str() == "forbidden") {
            return Err(Refusal::denied("该版本号已保留", "this version is reserved").into());
        }
        let tags: Vec<_> = publication.tags.iter().map(ToString::to_string).collect();
        txn.append_as(log(), &json!({ "tags": tags, "layer": self.layer, "first": publication.first }));
        Ok(())
    }
}

#[tokio::test]
async fn a_push_is_kept_if_it_is_admitted_and_its_log_entry_commits_with_it() {
    let mut parts = Parts::in_memory();
    parts.admission = Arc::new(Reviewer);
    parts.config.limits.admission = Duration::from_secs(1);
    let server = parts.listen().await;
    let client = server.vendor();
    let rows = async || {
        let found = server.parts.store.scan(&log().children(), Direction::Ascending, 100).await.unwrap();
        found.iter().map(|e| serde_json::from_slice::<serde_json::Value>(&e.value).unwrap()).collect::<Vec<_>>()
    };
    for (layer, tag, status, code, words) in [
        ("evil", "1", 403, "DENIED", "it is malware"),
        ("wrong", "1", 400, "MANIFEST_INVALID", "it is not signed"),
        ("slow", "1", 403, "DENIED", "longer than 1 second"),
        ("good", "forbidden", 403, "DENIED", "this version is reserved"),
    ] {
        let image = client.image("vendor/app", layer.as_bytes(), json!({})).await;
        let reply = client.put_manifest("vendor/app", tag, OCI_MANIFEST, &image.bytes).await;
        let message = reply.expect_error(status, code).json()["errors"][0]["message"].to_string();
        assert!(message.contains(words), "{message}");
        client.get(&format!("/v2/vendor/app/manifests/{}", image.digest)).await.expect(404);
        client.get(&format!("/v2/vendor/app/manifests/{tag}")).await.expect(404);
        assert!(rows().await.is_empty(), "nothing is logged that was not published");
    }
    let image = client.push("vendor/app", "1.0.0", b"good", json!({})).await;
    let first = json!({ "tags": ["1.0.0"], "layer": Algorithm::Sha256.digest(b"good"), "first": true });
    assert_eq!(rows().await, std::slice::from_ref(&first));
    // The same again is no publication; another tag is one.
    client.put_manifest("vendor/app", "1.0.0", OCI_MANIFEST, &image.bytes).await.expect(201);
    assert_eq!(rows().await.len(), 1);
    client.put_manifest("vendor/app", "1.0.1", OCI_MANIFEST, &image.bytes).await.expect(201);
    assert_eq!(rows().await[1]["first"], false);
    // Referrers are publications without tags.
    client.push("vendor/app", "", b"sbom", json!({ "subject": subject(&image) })).await;
    assert_eq!(rows().await[2]["tags"], json!([]));
}

/// Lets a tag be set anew while a row says so.
struct Again;

fn again() -> Key {
    Key::space("@test-log").text("again")
}

#[async_trait]
impl Admission for Again {
    async fn check(&self, _push: &Push<'_>) -> Result<Box<dyn Admitted>, Refusal> {
        Ok(Box::new(AdmitAll))
    }

    async fn may_retag(&self, txn: &mut Txn, retag: &Retag<'_>) -> Result<bool, HookError> {
        assert_ne!(retag.from, retag.to);
        Ok(txn.get(&again()).await?.is_some())
    }
}

#[tokio::test]
async fn a_tag_is_set_anew_only_while_the_admission_says_so_and_what_it_stood_for_stays() {
    let mut parts = Parts::in_memory();
    parts.admission = Arc::new(Again);
    parts.config.quotas.default.tags = 1;
    let server = parts.listen().await;
    let (client, store) = (server.vendor(), &server.parts.store);
    let first = client.push("vendor/app", "1.0.0", b"first", json!({})).await;
    let signature = client.push("vendor/app", "", b"signs it", json!({ "subject": subject(&first) })).await;
    let second = client.image("vendor/app", b"second", json!({})).await;
    let put = async |image: &Image| client.put_manifest("vendor/app", "1.0.0", OCI_MANIFEST, &image.bytes).await;
    let reply = put(&second).await.expect_error(409, "DENIED");
    assert_eq!(reply.json()["errors"][0]["detail"]["reason"], "TAG_IMMUTABLE");

    transact!(store, |txn| {
        txn.put_as(again(), &true);
        Ok::<_, CommitError>(())
    })
    .unwrap();
    for _ in 0..2 {
        put(&second).await.expect(201);
        assert_eq!(client.get("/v2/vendor/app/manifests/1.0.0").await.expect(200).body, second.bytes);
    }
    assert_eq!(client.get("/v2/vendor/app/tags/list").await.expect(200).json()["tags"], json!(["1.0.0"]));
    assert_eq!(server.registry.usage("vendor").await.unwrap().tags, 1, "it is the same tag");
    // Somebody decided about it: neither it nor what belongs to it is deleted.
    for image in [&first, &signature, &second] {
        client.get(&format!("/v2/vendor/app/manifests/{}", image.digest)).await.expect(200);
        client.delete(&format!("/v2/vendor/app/manifests/{}", image.digest)).await.expect_error(405, "UNSUPPORTED");
    }

    transact!(store, |txn| {
        txn.delete(again());
        Ok::<_, CommitError>(())
    })
    .unwrap();
    put(&first).await.expect_error(409, "DENIED");
    put(&second).await.expect(201);
}

#[tokio::test]
async fn damaged_bytes_are_never_served_as_the_blob() {
    let folder = tempfile::tempdir().unwrap();
    let server = Parts::in_folder(folder.path()).listen().await;
    let client = server.vendor();
    let bytes = noise(1_000_000, 5);
    let digest = client.blob("vendor/app", &bytes).await;
    let shelf = folder.path().join("content/blobs/sha256").join(&digest.hex()[..2]);
    let file = std::fs::read_dir(shelf).unwrap().next().unwrap().unwrap().path();
    let mut changed = bytes.clone();
    changed[999_999] ^= 1;
    std::fs::write(&file, &changed).unwrap();
    let path = format!("/v2/vendor/app/blobs/{digest}");
    assert!(client.try_ask("GET", &path, &[], "").await.is_err(), "the answer breaks off");
    std::fs::write(&file, &bytes[..999_999]).unwrap();
    client.get(&path).await.expect_error(500, "UNAVAILABLE");
    std::fs::write(&file, &bytes).unwrap();
    assert!(client.get(&path).await.expect(200).body == bytes);
    // What is cut short or gone is healed by whoever pushes it again.
    std::fs::write(&file, &bytes[..999_999]).unwrap();
    client.blob("vendor/app", &bytes).await;
    assert!(client.get(&path).await.expect(200).body == bytes);
    for file in std::fs::read_dir(file.parent().unwrap()).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    client.get(&path).await.expect_error(500, "UNAVAILABLE");
    client.blob("vendor/second", &bytes).await;
    assert!(client.get(&path).await.expect(200).body == bytes);
    let usage = server.registry.usage("vendor").await.unwrap().bytes;
    assert_eq!(usage, 2_000_000, "it is counted once for each repository");
    server.stop().await;
}
