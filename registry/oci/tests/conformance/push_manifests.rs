//! "Push": manifests, their tags, and their subjects.

use crate::support::client::{image_of, index_of, subject};
use crate::{Rule, rule};
use serde_json::json;
use yunlong_oci::config::MAX_MANIFEST;
use yunlong_oci::digest::Algorithm;
use yunlong_oci::manifest::{DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};

pub(crate) fn rules() -> Vec<Rule> {
    vec![
        rule!("Pushing Manifests", "PUT by tag answers 201, the digest, and a Location that ends in it", |c| {
            let image = c.client.image(&c.name, b"layer", json!({})).await;
            let reply = c.client.put_manifest(&c.name, "1.0.0", OCI_MANIFEST, &image.bytes).await.expect(201);
            assert!(reply.location().ends_with(&format!("/{}", image.digest)), "{}", reply.location());
            assert_eq!(c.client.get(&reply.location()).await.expect(200).body, image.bytes);
            reply.has("docker-content-digest", &image.digest);
        }),
        rule!("Pushing Manifests", "PUT by digest answers 201 and the digest", |c| {
            let image = c.client.image(&c.name, b"layer", json!({})).await;
            let reference = image.digest.to_string();
            let reply = c.client.put_manifest(&c.name, &reference, OCI_MANIFEST, &image.bytes).await.expect(201);
            reply.has("docker-content-digest", &image.digest);
            c.client.get(&format!("/v2/{}/tags/list", c.name)).await.expect(200);
        }),
        rule!("Pushing Manifests", "the bytes are kept exactly", |c| {
            let image = c.client.image(&c.name, b"layer", json!({})).await;
            let odd = format!("\n  {}\t\n", String::from_utf8(image.bytes).unwrap().replace(",", " ,\r\n "));
            c.client.put_manifest(&c.name, "odd", OCI_MANIFEST, odd.as_bytes()).await.expect(201);
            let reply = c.client.get(&format!("/v2/{}/manifests/odd", c.name)).await.expect(200);
            assert_eq!(reply.body, odd.as_bytes());
        }),
        rule!("Pushing Manifests", "another digest than that of the bytes is 400 DIGEST_INVALID", |c| {
            let image = c.client.image(&c.name, b"layer", json!({})).await;
            for reference in [Algorithm::Sha256.digest(b"other").to_string(), "sha256:baddigeststring".into()] {
                let reply = c.client.put_manifest(&c.name, &reference, OCI_MANIFEST, &image.bytes).await;
                reply.expect_error(400, "DIGEST_INVALID");
                let path = format!("/v2/{}/manifests/{reference}", c.name);
                assert!(matches!(c.client.get(&path).await.status, 400 | 404));
            }
        }),
        rule!("Push", "each blob that is not there is one MANIFEST_BLOB_UNKNOWN", |c| {
            let image = c.client.image(&c.name, b"layer", json!({})).await;
            let mut manifest: serde_json::Value = serde_json::from_slice(&image.bytes).unwrap();
            let missing: Vec<_> = (0..3).map(|i| Algorithm::Sha256.digest(&[i])).collect();
            for digest in &missing {
                let layer = json!({ "mediaType": "application/wasm", "digest": digest, "size": 1 });
                manifest["layers"].as_array_mut().unwrap().push(layer);
            }
            let bytes = serde_json::to_vec(&manifest).unwrap();
            let reply = c.client.put_manifest(&c.name, "1", OCI_MANIFEST, &bytes).await;
            let errors = reply.expect_error(400, "MANIFEST_BLOB_UNKNOWN").json()["errors"].clone();
            let named: Vec<_> = errors.as_array().unwrap().iter().map(|e| e["detail"]["digest"].clone()).collect();
            assert_eq!(named, missing.iter().map(|d| json!(d)).collect::<Vec<_>>());
        }),
        rule!("Push", "a blob of another repository does not count", |c| {
            let image = c.client.image(&c.second, b"only there", json!({})).await;
            let reply = c.client.put_manifest(&c.name, "1", OCI_MANIFEST, &image.bytes).await;
            reply.expect_error(400, "MANIFEST_BLOB_UNKNOWN");
        }),
        rule!("Pushing Manifests", "an image without layers is one", |c| {
            let config = c.client.blob(&c.name, b"{}").await;
            let manifest = json!({
                "schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": "application/vnd.example+type",
                "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2 },
                "layers": [],
            });
            let bytes = image_of(&manifest).bytes;
            c.client.put_manifest(&c.name, "1", OCI_MANIFEST, &bytes).await.expect(201);
        }),
        rule!("Pushing Manifests", "indexes of manifests, of indexes, and of nothing are kept", |c| {
            let one = c.client.push(&c.name, "", b"one", json!({})).await;
            let two = c.client.push(&c.name, "", b"two", json!({})).await;
            let index = index_of(&[&one, &two], json!({}));
            c.client
                .put_manifest(&c.name, "index", OCI_INDEX, &index.bytes)
                .await
                .expect(201)
                .has("docker-content-digest", &index.digest);
            let outer = index_of(&[&index], json!({ "artifactType": "application/vnd.example" }));
            c.client.put_manifest(&c.name, "outer", OCI_INDEX, &outer.bytes).await.expect(201);
            let empty = index_of(&[], json!({}));
            c.client.put_manifest(&c.name, "empty", OCI_INDEX, &empty.bytes).await.expect(201);
            c.client.get(&format!("/v2/{}/manifests/outer", c.name)).await.expect(200).has("content-type", OCI_INDEX);
        }),
        rule!("Push", "an index over a manifest that is not there is MANIFEST_BLOB_UNKNOWN", |c| {
            let elsewhere = c.client.push(&c.second, "", b"one", json!({})).await;
            let index = index_of(&[&elsewhere], json!({}));
            let reply = c.client.put_manifest(&c.name, "index", OCI_INDEX, &index.bytes).await;
            reply.expect_error(400, "MANIFEST_BLOB_UNKNOWN");
        }),
        rule!("Pushing Manifests", "manifests of 4 MiB are kept, and larger ones are 413", |c| {
            let room = |padding: usize| json!({ "annotations": { "padding": "x".repeat(padding) } });
            let small = c.client.image(&c.name, b"layer", room(0)).await.bytes.len();
            let largest = c.client.image(&c.name, b"layer", room(MAX_MANIFEST - small)).await;
            assert_eq!(largest.bytes.len(), MAX_MANIFEST);
            c.client.put_manifest(&c.name, "largest", OCI_MANIFEST, &largest.bytes).await.expect(201);
            let reply = c.client.get(&format!("/v2/{}/manifests/largest", c.name)).await.expect(200);
            assert!(reply.body == largest.bytes);
            let over = c.client.image(&c.name, b"layer", room(MAX_MANIFEST - small + 1)).await;
            c.client
                .put_manifest(&c.name, "over", OCI_MANIFEST, &over.bytes)
                .await
                .expect_error(413, "MANIFEST_INVALID");
        }),
        rule!("Pushing Manifests", "manifests of Docker's type are kept under it", |c| {
            let image = c.client.image(&c.name, b"layer", json!({ "mediaType": DOCKER_MANIFEST })).await;
            c.client.put_manifest(&c.name, "docker", DOCKER_MANIFEST, &image.bytes).await.expect(201);
            let reply = c.client.get(&format!("/v2/{}/manifests/docker", c.name)).await.expect(200);
            reply.has("content-type", DOCKER_MANIFEST);
        }),
        rule!("Pushing Manifests", "a Content-Type that is not the mediaType is MANIFEST_INVALID", |c| {
            let image = c.client.image(&c.name, b"layer", json!({})).await;
            for lie in [OCI_INDEX, DOCKER_MANIFEST, "application/json", "text/html", "nonsense"] {
                let reply = c.client.put_manifest(&c.name, "1", lie, &image.bytes).await;
                reply.expect_error(400, "MANIFEST_INVALID");
            }
        }),
        rule!("Pushing Manifests", "tags in the query are set with a push by digest, and named in OCI-Tag", |c| {
            let image = c.client.image(&c.name, b"layer", json!({})).await;
            let reference = format!("{}?tag=1.2.3&tag=1.2&tag=1", image.digest);
            let reply = c.client.put_manifest(&c.name, &reference, OCI_MANIFEST, &image.bytes).await.expect(201);
            reply.has("oci-tag", "1.2.3, 1.2, 1");
            let listed = c.client.get(&format!("/v2/{}/tags/list", c.name)).await.json();
            assert_eq!(listed["tags"], json!(["1", "1.2", "1.2.3"]));
        }),
        rule!(
            "Pushing Manifests with Subject",
            "OCI-Subject names the subject, and without one it is not there",
            |c| {
                let image = c.client.push(&c.name, "1", b"layer", json!({})).await;
                let referrer = c.client.image(&c.name, b"sbom", json!({ "subject": subject(&image) })).await;
                let reference = referrer.digest.to_string();
                let reply = c.client.put_manifest(&c.name, &reference, OCI_MANIFEST, &referrer.bytes).await.expect(201);
                reply.has("oci-subject", &image.digest);
                let plain = c.client.image(&c.name, b"plain", json!({})).await;
                let reply = c.client.put_manifest(&c.name, "plain", OCI_MANIFEST, &plain.bytes).await.expect(201);
                assert_eq!(reply.header("oci-subject"), None);
            }
        ),
        rule!("Push", "a subject need not be there, and may come later", |c| {
            let image = c.client.image(&c.name, b"layer", json!({})).await;
            let referrer = c.client.push(&c.name, "", b"early", json!({ "subject": subject(&image) })).await;
            c.client.put_manifest(&c.name, "1", OCI_MANIFEST, &image.bytes).await.expect(201);
            let listed = c.client.get(&format!("/v2/{}/referrers/{}", c.name, image.digest)).await.expect(200).json();
            assert_eq!(listed["manifests"][0]["digest"], json!(referrer.digest));
        }),
        rule!("Pushing Manifests with Subject", "an index may have a subject", |c| {
            let image = c.client.push(&c.name, "1", b"layer", json!({})).await;
            let index = index_of(&[], json!({ "subject": subject(&image) }));
            let reference = index.digest.to_string();
            let reply = c.client.put_manifest(&c.name, &reference, OCI_INDEX, &index.bytes).await.expect(201);
            reply.has("oci-subject", &image.digest);
        }),
        rule!("Immutable tags", "the same bytes under the same tag are 201 again", |c| {
            let image = c.client.push(&c.name, "1.0.0", b"layer", json!({})).await;
            for _ in 0..2 {
                c.client.put_manifest(&c.name, "1.0.0", OCI_MANIFEST, &image.bytes).await.expect(201);
            }
        }),
        rule!("Immutable tags", "other bytes under the same tag are 409 DENIED, and change nothing", |c| {
            let image = c.client.push(&c.name, "1.0.0", b"layer", json!({})).await;
            let other = c.client.image(&c.name, b"other layer", json!({})).await;
            let reply = c.client.put_manifest(&c.name, "1.0.0", OCI_MANIFEST, &other.bytes).await;
            let reply = reply.expect_error(409, "DENIED");
            assert_eq!(reply.json()["errors"][0]["detail"]["reason"], "TAG_IMMUTABLE");
            let path = format!("/v2/{}/manifests/1.0.0", c.name);
            c.client.get(&path).await.expect(200).has("docker-content-digest", &image.digest);
            c.client.get(&format!("/v2/{}/manifests/{}", c.name, other.digest)).await.expect(404);
        }),
        rule!("Immutable tags", "of many that race for a tag with other bytes, one wins and the rest are 409", |c| {
            let images = futures::future::join_all((0..8).map(|i| {
                let c = c.clone();
                async move { c.client.image(&c.name, format!("racer {i}").as_bytes(), json!({})).await }
            }));
            let images = images.await;
            let puts = images.iter().map(|i| c.client.put_manifest(&c.name, "race", OCI_MANIFEST, &i.bytes));
            let mut statuses: Vec<_> = futures::future::join_all(puts).await.iter().map(|r| r.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
        }),
    ]
}
