//! "Pull": manifests, blobs, ranges, and whether they exist.

use crate::support::noise;
use crate::{Rule, rule};
use serde_json::json;
use yunlong_oci::digest::Algorithm;
use yunlong_oci::manifest::OCI_MANIFEST;

pub(crate) fn rules() -> Vec<Rule> {
    vec![
        rule!("Determining Support", "GET /v2/ answers 200 to whoever has signed in", |c| {
            c.client.get("/v2/").await.expect(200);
        }),
        rule!("Pulling manifests", "GET by tag answers 200, the bytes, their type and their digest", |c| {
            let image = c.client.push(&c.name, "1.0.0", b"layer", json!({})).await;
            let reply = c.client.get(&format!("/v2/{}/manifests/1.0.0", c.name)).await.expect(200);
            assert_eq!(reply.body, image.bytes);
            reply
                .has("content-type", OCI_MANIFEST)
                .has("docker-content-digest", &image.digest)
                .has("content-length", image.bytes.len());
        }),
        rule!("Pulling manifests", "GET by digest answers 200, the bytes, their type and their digest", |c| {
            let image = c.client.push(&c.name, "", b"layer", json!({})).await;
            let reply = c.client.get(&format!("/v2/{}/manifests/{}", c.name, image.digest)).await.expect(200);
            assert_eq!(reply.body, image.bytes);
            reply.has("content-type", OCI_MANIFEST).has("docker-content-digest", &image.digest);
        }),
        rule!("Pulling manifests", "the Content-Type carries no parameters, whatever it was pushed with", |c| {
            let image = c.client.image(&c.name, b"layer", json!({})).await;
            let with = format!("{OCI_MANIFEST}; charset=utf-8");
            c.client.put_manifest(&c.name, "1", &with, &image.bytes).await.expect(201);
            c.client.get(&format!("/v2/{}/manifests/1", c.name)).await.expect(200).has("content-type", OCI_MANIFEST);
        }),
        rule!("Pulling manifests", "an unknown tag is 404 MANIFEST_UNKNOWN", |c| {
            c.client.push(&c.name, "1", b"layer", json!({})).await;
            c.client.get(&format!("/v2/{}/manifests/2", c.name)).await.expect_error(404, "MANIFEST_UNKNOWN");
        }),
        rule!("Pulling manifests", "an unknown digest is 404 MANIFEST_UNKNOWN", |c| {
            c.client.push(&c.name, "1", b"layer", json!({})).await;
            let other = Algorithm::Sha256.digest(b"nothing");
            let path = format!("/v2/{}/manifests/{other}", c.name);
            c.client.get(&path).await.expect_error(404, "MANIFEST_UNKNOWN");
        }),
        rule!("Pulling manifests", "a manifest of another repository is not found", |c| {
            let image = c.client.push(&c.second, "1", b"layer", json!({})).await;
            c.client.push(&c.name, "2", b"layer 2", json!({})).await;
            c.client.get(&format!("/v2/{}/manifests/{}", c.name, image.digest)).await.expect(404);
        }),
        rule!("Pushing Manifests", "a repository that does not exist is 404 NAME_UNKNOWN, and that alone", |c| {
            let digest = Algorithm::Sha256.digest(b"nothing");
            for path in ["manifests/latest", &format!("manifests/{digest}"), &format!("blobs/{digest}"), "tags/list"] {
                let reply = c.client.get(&format!("/v2/{}/{path}", c.name)).await.expect_error(404, "NAME_UNKNOWN");
                assert_eq!(reply.json()["errors"].as_array().unwrap().len(), 1);
            }
        }),
        rule!("Pulling blobs", "GET answers 200, the bytes and their digest", |c| {
            let bytes = noise(700_001, 1);
            let digest = c.client.blob(&c.name, &bytes).await;
            let reply = c.client.get(&format!("/v2/{}/blobs/{digest}", c.name)).await.expect(200);
            assert_eq!(reply.body, bytes);
            reply.has("docker-content-digest", &digest).has("content-length", bytes.len());
        }),
        rule!("Pulling blobs", "an unknown blob is 404 BLOB_UNKNOWN", |c| {
            c.client.blob(&c.name, b"one").await;
            let other = Algorithm::Sha256.digest(b"nothing");
            c.client.get(&format!("/v2/{}/blobs/{other}", c.name)).await.expect_error(404, "BLOB_UNKNOWN");
        }),
        rule!("Pulling blobs", "a blob of another repository is not found", |c| {
            let digest = c.client.blob(&c.second, b"theirs").await;
            c.client.blob(&c.name, b"mine").await;
            c.client.get(&format!("/v2/{}/blobs/{digest}", c.name)).await.expect_error(404, "BLOB_UNKNOWN");
        }),
        rule!("Pulling blobs", "the empty blob and the empty JSON object are blobs like others", |c| {
            for bytes in [&b""[..], b"{}"] {
                let digest = c.client.blob(&c.name, bytes).await;
                let reply = c.client.get(&format!("/v2/{}/blobs/{digest}", c.name)).await.expect(200);
                assert_eq!(reply.body, bytes);
            }
        }),
        rule!("Content Digests", "sha512 is a digest like sha256, of blobs and of manifests", |c| {
            let digest = Algorithm::Sha512.digest(b"by sha512");
            let location = c.client.open_upload(&c.name).await;
            c.client.finish(&location, &digest, b"by sha512").await.expect(201);
            let path = format!("/v2/{}/blobs/{digest}", c.name);
            c.client.get(&path).await.expect(200).has("docker-content-digest", &digest);
            let image = c.client.image(&c.name, b"layer", json!({})).await;
            let by = Algorithm::Sha512.digest(&image.bytes);
            let reply = c.client.put_manifest(&c.name, &by.to_string(), OCI_MANIFEST, &image.bytes).await.expect(201);
            reply.has("docker-content-digest", &by);
            c.client.get(&format!("/v2/{}/manifests/{by}", c.name)).await.expect(200);
        }),
        rule!("Checking if content exists", "HEAD of a manifest answers 200 with size and digest, and no body", |c| {
            let image = c.client.push(&c.name, "1", b"layer", json!({})).await;
            for reference in ["1".to_owned(), image.digest.to_string()] {
                let reply = c.client.head(&format!("/v2/{}/manifests/{reference}", c.name)).await.expect(200);
                assert!(reply.body.is_empty());
                reply.has("content-length", image.bytes.len()).has("docker-content-digest", &image.digest);
            }
        }),
        rule!("Checking if content exists", "HEAD of a blob answers 200 with size and digest, and no body", |c| {
            let digest = c.client.blob(&c.name, b"twelve bytes").await;
            let reply = c.client.head(&format!("/v2/{}/blobs/{digest}", c.name)).await.expect(200);
            assert!(reply.body.is_empty());
            reply.has("content-length", 12).has("docker-content-digest", &digest);
        }),
        rule!("Checking if content exists", "HEAD of what is not there answers 404", |c| {
            c.client.blob(&c.name, b"one").await;
            let other = Algorithm::Sha256.digest(b"nothing");
            for path in [format!("blobs/{other}"), format!("manifests/{other}"), "manifests/none".into()] {
                c.client.head(&format!("/v2/{}/{path}", c.name)).await.expect(404);
            }
        }),
        rule!("Pulling blobs, RFC 9110 14", "a range that can be satisfied answers 206 and that part", |c| {
            let bytes = noise(2_048, 3);
            let digest = c.client.blob(&c.name, &bytes).await;
            for (range, start, end) in [
                ("bytes=500-1499", 500, 1_500),
                ("bytes=500-", 500, 2_048),
                ("bytes=-500", 1_548, 2_048),
                ("bytes=2000-5000", 2_000, 2_048),
                ("bytes=0-0", 0, 1),
            ] {
                let path = format!("/v2/{}/blobs/{digest}", c.name);
                let reply = c.client.ask("GET", &path, &[("range", range)], "").await.expect(206);
                assert_eq!(reply.body, bytes[start..end], "{range}");
                reply
                    .has("content-range", format!("bytes {start}-{}/2048", end - 1))
                    .has("content-length", end - start);
            }
        }),
        rule!("Pulling blobs, RFC 9110 14", "a range that cannot be satisfied answers 416", |c| {
            let digest = c.client.blob(&c.name, &noise(2_048, 4)).await;
            for range in ["bytes=500-0", "bytes=5000-10000", "bytes=2048-", "bytes=x-y"] {
                let path = format!("/v2/{}/blobs/{digest}", c.name);
                let reply = c.client.ask("GET", &path, &[("range", range)], "").await;
                reply.expect_error(416, "SIZE_INVALID").has("content-range", "bytes */2048");
            }
        }),
        rule!("Resumable Pull", "two parts put together are the blob", |c| {
            let bytes = noise(300_000, 5);
            let digest = c.client.blob(&c.name, &bytes).await;
            let path = format!("/v2/{}/blobs/{digest}", c.name);
            let first = c.client.ask("GET", &path, &[("range", "bytes=0-123455")], "").await.expect(206).body;
            let second = c.client.ask("GET", &path, &[("range", "bytes=123456-")], "").await.expect(206).body;
            assert_eq!([first, second].concat(), bytes);
        }),
        rule!("RFC 9110 13.1", "If-None-Match answers 304, and If-Range with another tag the whole", |c| {
            let digest = c.client.blob(&c.name, b"cached").await;
            let path = format!("/v2/{}/blobs/{digest}", c.name);
            let tag = c.client.get(&path).await.header("etag").unwrap();
            c.client.ask("GET", &path, &[("if-none-match", &tag)], "").await.expect(304);
            let stale = [("range", "bytes=0-1"), ("if-range", "\"other\"")];
            c.client.ask("GET", &path, &stale, "").await.expect(200);
            let fresh = [("range", "bytes=0-1"), ("if-range", &*tag)];
            c.client.ask("GET", &path, &fresh, "").await.expect(206);
        }),
    ]
}
