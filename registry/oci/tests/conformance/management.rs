//! "Content Management": what can be deleted, and what is published.

use crate::support::client::{index_of, subject};
use crate::{Case, Rule, rule};
use serde_json::json;
use yunlong_model::Timestamp;
use yunlong_oci::digest::Algorithm;
use yunlong_oci::manifest::{OCI_INDEX, OCI_MANIFEST};
use yunlong_oci::publication::{self, Yank};
use yunlong_oci::{OciError, RepositoryName, Tag};
use yunlong_store::transact;

async fn yank(c: &Case, tag: &str) {
    let (name, tag): (RepositoryName, Tag) = (c.name.parse().unwrap(), tag.parse().unwrap());
    let how = Yank { at: Timestamp(0), by: "city-reviewer".into(), reason: "a leak".into() };
    transact!(&c.server.parts.store, |txn| {
        publication::yank(txn, &name, &tag, how.clone()).await?;
        Ok::<_, OciError>(())
    })
    .unwrap();
}

pub(crate) fn rules() -> Vec<Rule> {
    vec![
        rule!("Deleting Manifests", "one that is not published answers 202, and 404 from then on", |c| {
            let image = c.client.push(&c.name, "", b"layer", json!({})).await;
            let path = format!("/v2/{}/manifests/{}", c.name, image.digest);
            c.client.delete(&path).await.expect(202);
            c.client.get(&path).await.expect_error(404, "MANIFEST_UNKNOWN");
            c.client.delete(&path).await.expect_error(404, "MANIFEST_UNKNOWN");
        }),
        rule!("Deleting Manifests", "in a repository that does not exist it is 404", |c| {
            let path = format!("/v2/{}/manifests/{}", c.name, Algorithm::Sha256.digest(b"x"));
            c.client.delete(&path).await.expect_error(404, "NAME_UNKNOWN");
        }),
        rule!("Deleting Manifests", "one with a tag is 405 UNSUPPORTED, and stays", |c| {
            let image = c.client.push(&c.name, "1.0.0", b"layer", json!({})).await;
            let path = format!("/v2/{}/manifests/{}", c.name, image.digest);
            c.client.delete(&path).await.expect_error(405, "UNSUPPORTED");
            c.client.get(&path).await.expect(200);
        }),
        rule!("Deleting tags", "a tag is 405 UNSUPPORTED, and stays; one that is not there is 404", |c| {
            c.client.push(&c.name, "1.0.0", b"layer", json!({})).await;
            let path = format!("/v2/{}/manifests/1.0.0", c.name);
            c.client.delete(&path).await.expect_error(405, "UNSUPPORTED");
            c.client.get(&path).await.expect(200);
            let none = format!("/v2/{}/manifests/2.0.0", c.name);
            c.client.delete(&none).await.expect_error(404, "MANIFEST_UNKNOWN");
        }),
        rule!("Deleting Manifests", "one that is marked as published is 405 without any tag", |c| {
            let image = c.client.push(&c.name, "", b"layer", json!({})).await;
            let name: RepositoryName = c.name.parse().unwrap();
            transact!(&c.server.parts.store, |txn| {
                publication::hold(txn, &name, &image.digest, Timestamp(0)).await
            })
            .unwrap();
            let path = format!("/v2/{}/manifests/{}", c.name, image.digest);
            c.client.delete(&path).await.expect_error(405, "UNSUPPORTED");
        }),
        rule!("Deleting Manifests", "what refers to something published belongs to it: 405", |c| {
            let image = c.client.push(&c.name, "1.0.0", b"layer", json!({})).await;
            let sbom = c.client.push(&c.name, "", b"sbom", json!({ "subject": subject(&image) })).await;
            let signature = c.client.push(&c.name, "", b"signature", json!({ "subject": subject(&sbom) })).await;
            for referrer in [&sbom, &signature] {
                let path = format!("/v2/{}/manifests/{}", c.name, referrer.digest);
                c.client.delete(&path).await.expect_error(405, "UNSUPPORTED");
            }
        }),
        rule!("Deleting Manifests", "a referrer of what is not published can be deleted, and leaves the list", |c| {
            let image = c.client.push(&c.name, "", b"layer", json!({})).await;
            let sbom = c.client.push(&c.name, "", b"sbom", json!({ "subject": subject(&image) })).await;
            c.client.delete(&format!("/v2/{}/manifests/{}", c.name, sbom.digest)).await.expect(202);
            let listed = c.client.get(&format!("/v2/{}/referrers/{}", c.name, image.digest)).await.json();
            assert_eq!(listed["manifests"], json!([]));
        }),
        rule!("Deleting Manifests", "one that an index refers to is 405 until the index is gone", |c| {
            let image = c.client.push(&c.name, "", b"layer", json!({})).await;
            let index = index_of(&[&image], json!({}));
            let by = index.digest.to_string();
            c.client.put_manifest(&c.name, &by, OCI_INDEX, &index.bytes).await.expect(201);
            let path = format!("/v2/{}/manifests/{}", c.name, image.digest);
            c.client.delete(&path).await.expect_error(405, "UNSUPPORTED");
            c.client.delete(&format!("/v2/{}/manifests/{by}", c.name)).await.expect(202);
            c.client.delete(&path).await.expect(202);
        }),
        rule!("Deleting Blobs", "one that nothing refers to answers 202, and 404 from then on", |c| {
            let digest = c.client.blob(&c.name, b"loose").await;
            let path = format!("/v2/{}/blobs/{digest}", c.name);
            c.client.delete(&path).await.expect(202);
            c.client.get(&path).await.expect_error(404, "BLOB_UNKNOWN");
            c.client.delete(&path).await.expect_error(404, "BLOB_UNKNOWN");
        }),
        rule!("Deleting Blobs", "one that a manifest refers to is 405 UNSUPPORTED, and stays", |c| {
            c.client.push(&c.name, "", b"needed", json!({})).await;
            let path = format!("/v2/{}/blobs/{}", c.name, Algorithm::Sha256.digest(b"needed"));
            c.client.delete(&path).await.expect_error(405, "UNSUPPORTED");
            c.client.get(&path).await.expect(200);
        }),
        rule!("Deleting Blobs", "another repository keeps its own right to the blob", |c| {
            let digest = c.client.blob(&c.name, b"in two").await;
            c.client.blob(&c.second, b"in two").await;
            c.client.delete(&format!("/v2/{}/blobs/{digest}", c.name)).await.expect(202);
            c.client.get(&format!("/v2/{}/blobs/{digest}", c.second)).await.expect(200);
        }),
        rule!("Yanking", "a yanked tag is neither listed nor resolved, and its digest can be pulled", |c| {
            let image = c.client.push(&c.name, "1.0.0", b"layer", json!({})).await;
            c.client.put_manifest(&c.name, "1.0.1", OCI_MANIFEST, &image.bytes).await.expect(201);
            yank(&c, "1.0.0").await;
            let listed = c.client.get(&format!("/v2/{}/tags/list", c.name)).await.json();
            assert_eq!(listed["tags"], json!(["1.0.1"]));
            let reply = c.client.get(&format!("/v2/{}/manifests/1.0.0", c.name)).await;
            let reply = reply.expect_error(404, "MANIFEST_UNKNOWN");
            assert_eq!(reply.json()["errors"][0]["detail"]["reason"], "a leak");
            c.client.get(&format!("/v2/{}/manifests/{}", c.name, image.digest)).await.expect(200);
        }),
        rule!("Yanking", "what was published is not deleted because it is yanked", |c| {
            let image = c.client.push(&c.name, "1.0.0", b"layer", json!({})).await;
            yank(&c, "1.0.0").await;
            for reference in ["1.0.0".to_owned(), image.digest.to_string()] {
                let path = format!("/v2/{}/manifests/{reference}", c.name);
                c.client.delete(&path).await.expect_error(405, "UNSUPPORTED");
            }
        }),
        rule!("Yanking", "a yanked label is not used again, not even for the same bytes", |c| {
            let image = c.client.push(&c.name, "1.0.0", b"layer", json!({})).await;
            yank(&c, "1.0.0").await;
            let other = c.client.image(&c.name, b"other", json!({})).await;
            for bytes in [&image.bytes, &other.bytes] {
                let reply = c.client.put_manifest(&c.name, "1.0.0", OCI_MANIFEST, bytes).await;
                let reply = reply.expect_error(409, "DENIED");
                assert_eq!(reply.json()["errors"][0]["detail"]["reason"], "TAG_YANKED");
            }
        }),
        rule!("RFC 9110 15.5.6", "a method that an end-point does not have is 405 with Allow", |c| {
            let digest = Algorithm::Sha256.digest(b"x");
            for (method, path, allow) in [
                ("POST", "manifests/1", "GET, HEAD, PUT, DELETE"),
                ("PUT", &format!("blobs/{digest}"), "GET, HEAD, DELETE"),
                ("DELETE", "tags/list", "GET, HEAD"),
                ("GET", "blobs/uploads/", "POST"),
            ] {
                let reply = c.client.ask(method, &format!("/v2/{}/{path}", c.name), &[], "").await;
                reply.expect_error(405, "UNSUPPORTED").has("allow", allow);
            }
        }),
    ]
}
