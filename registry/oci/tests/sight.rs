//! What readers see of a repository of which only a part is published.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use async_trait::async_trait;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use support::client::{index_of, subject};
use support::{Client, Image, Parts, People};
use yunlong_oci::access::{Access, Account, Action, Shown, Sight, SignInError};
use yunlong_oci::digest::Algorithm;
use yunlong_oci::manifest::OCI_INDEX;
use yunlong_oci::{Digest, RepositoryName};

/// The owner sees everything of `open/...`, others what is written down here.
#[derive(Default)]
struct Published(Mutex<BTreeMap<Digest, Shown>>);

#[async_trait]
impl Access for Published {
    async fn sign_in(&self, user: &str, password: &str, client: Option<IpAddr>) -> Result<Account, SignInError> {
        People.sign_in(user, password, client).await
    }

    async fn may(&self, who: Option<&Account>, repository: &RepositoryName, action: Action) -> bool {
        People.may(who, repository, action).await
    }

    async fn sight(&self, who: Option<&Account>, repository: &RepositoryName) -> Sight {
        if People.may(who, repository, Action::Push).await { Sight::Whole } else { Sight::Published }
    }

    async fn shown(&self, _repository: &RepositoryName, digest: &Digest) -> Shown {
        self.0.lock().unwrap().get(digest).copied().unwrap_or(Shown::Hidden)
    }
}

async fn tags(client: &Client) -> Value {
    client.get("/v2/open/app/tags/list").await.expect(200).json()["tags"].clone()
}

async fn referrers(client: &Client, image: &Image) -> usize {
    let listed = client.get(&format!("/v2/open/app/referrers/{}", image.digest)).await.expect(200).json();
    listed["manifests"].as_array().unwrap().len()
}

fn manifest(of: impl std::fmt::Display) -> String {
    format!("/v2/open/app/manifests/{of}")
}

fn blob(content: &[u8]) -> String {
    format!("/v2/open/app/blobs/{}", Algorithm::Sha256.digest(content))
}

#[tokio::test]
async fn whoever_may_not_push_sees_what_is_published_and_what_belongs_to_it_and_nothing_else() {
    let published = Arc::new(Published::default());
    let mut parts = Parts::in_memory();
    parts.access = published.clone();
    let server = parts.listen().await;
    let owner = server.vendor();
    let good = owner.push("open/app", "1.0.0", b"good", json!({})).await;
    let old = owner.push("open/app", "0.9.0", b"old", json!({})).await;
    let bad = owner.push("open/app", "2.0.0", b"bad", json!({})).await;
    owner.blob("open/app", b"of no manifest").await;
    let mut signatures = Vec::new();
    for (image, layer) in [(&good, b"signs good"), (&bad, b"signs a ba")] {
        signatures.push(owner.push("open/app", "", layer, json!({ "subject": subject(image) })).await);
        // As cosign did before there were referrers.
        let tag = format!("sha256-{}.sig", image.digest.hex());
        owner.push("open/app", &tag, format!("cosign of {}", image.digest).as_bytes(), json!({})).await;
    }
    let cosign = |image: &Image| format!("sha256-{}.sig", image.digest.hex());
    let index = index_of(&[&bad], json!({}));
    owner.put_manifest("open/app", "all", OCI_INDEX, &index.bytes).await.expect(201);
    published.0.lock().unwrap().extend([(good.digest.clone(), Shown::Listed), (old.digest.clone(), Shown::ByDigest)]);

    for reader in [server.anonymous(), server.as_who("other")] {
        assert_eq!(tags(&reader).await, json!(["1.0.0", cosign(&good)]));
        // A page at a time: what is hidden takes no place.
        let first = reader.get("/v2/open/app/tags/list?n=1").await.expect(200);
        assert_eq!(first.json()["tags"], json!(["1.0.0"]));
        let rest = reader.get("/v2/open/app/tags/list?n=5&last=1.0.0").await.expect(200);
        assert_eq!(rest.json()["tags"], json!([cosign(&good)]));
        for shown in [
            manifest("1.0.0"),
            manifest(&good.digest),
            manifest(&old.digest),
            manifest(&signatures[0].digest),
            manifest(cosign(&good)),
            blob(b"good"),
            blob(b"old"),
            blob(b"signs good"),
            blob(format!("cosign of {}", good.digest).as_bytes()),
            blob(b"{}"),
        ] {
            reader.get(&shown).await.expect(200);
            reader.head(&shown).await.expect(200);
        }
        for hidden in [
            manifest("0.9.0"),
            manifest("2.0.0"),
            manifest("all"),
            manifest(&bad.digest),
            manifest(&index.digest),
            manifest(&signatures[1].digest),
            manifest(cosign(&bad)),
        ] {
            reader.get(&hidden).await.expect_error(404, "MANIFEST_UNKNOWN");
            reader.head(&hidden).await.expect(404);
        }
        for hidden in [blob(b"bad"), blob(b"signs a ba"), blob(b"of no manifest")] {
            reader.get(&hidden).await.expect_error(404, "BLOB_UNKNOWN");
            reader.head(&hidden).await.expect(404);
        }
        assert_eq!((referrers(&reader, &good).await, referrers(&reader, &bad).await), (1, 0));
    }
    // Nor is it got by mounting, wherever it is said or not said to be.
    let other = server.as_who("other");
    let mount = |content: &[u8], from: &str| {
        format!("/v2/other/app/blobs/uploads/?mount={}{from}", Algorithm::Sha256.digest(content))
    };
    for from in ["", "&from=open/app"] {
        other.post(&mount(b"bad", from)).await.expect(202);
        other.post(&mount(b"good", from)).await.expect(201);
    }
    // Its owner sees everything; when what an index lists belongs to it, so do others.
    assert_eq!(tags(&owner).await.as_array().unwrap().len(), 6);
    for path in [manifest("0.9.0"), manifest(&bad.digest), blob(b"bad"), blob(b"of no manifest")] {
        owner.get(&path).await.expect(200);
    }
    assert_eq!(referrers(&owner, &bad).await, 1);
    published.0.lock().unwrap().insert(index.digest.clone(), Shown::Listed);
    for path in [manifest("all"), manifest(&bad.digest), manifest(&signatures[1].digest), blob(b"bad")] {
        server.anonymous().get(&path).await.expect(200);
    }
    server.anonymous().get(&manifest("2.0.0")).await.expect(404);
}

/// Counts how often it is asked.
#[derive(Default)]
struct Asked {
    lists: AtomicUsize,
    pulls: AtomicUsize,
}

#[async_trait]
impl Access for Asked {
    async fn sign_in(&self, user: &str, password: &str, client: Option<IpAddr>) -> Result<Account, SignInError> {
        People.sign_in(user, password, client).await
    }

    async fn may(&self, who: Option<&Account>, repository: &RepositoryName, action: Action) -> bool {
        self.pulls.fetch_add(usize::from(action == Action::Pull), Ordering::Relaxed);
        People.may(who, repository, action).await
    }

    async fn may_pull(&self, who: Option<&Account>, repositories: &[RepositoryName]) -> Vec<bool> {
        self.lists.fetch_add(1, Ordering::Relaxed);
        People.may_pull(who, repositories).await
    }
}

/// Whoever decides looks an account and its keys up once for a list, and not for each line of it.
#[tokio::test]
async fn a_list_of_repositories_asks_once_whose_they_are() {
    let asked = Arc::new(Asked::default());
    let mut parts = Parts::in_memory();
    parts.access = asked.clone();
    let server = parts.listen().await;
    let (vendor, other) = (server.vendor(), server.as_who("other"));
    for n in 0..30 {
        vendor.push(&format!("vendor/app-{n:02}"), "1", b"app", json!({})).await;
    }
    other.push("other/hidden", "1", b"app", json!({})).await;
    let listed = async |client: &Client, path: &str| {
        asked.lists.store(0, Ordering::Relaxed);
        asked.pulls.store(0, Ordering::Relaxed);
        let list = client.get(path).await.expect(200).json()["repositories"].as_array().unwrap().len();
        (list, asked.lists.load(Ordering::Relaxed), asked.pulls.load(Ordering::Relaxed))
    };
    assert_eq!(listed(&vendor, "/v2/_catalog").await, (30, 1, 0));
    assert_eq!(listed(&other, "/v2/_catalog").await, (1, 1, 0), "what is hidden is passed over in one step, too");
    assert_eq!(listed(&vendor, "/v2/_catalog?n=3").await, (3, 1, 0));
}
