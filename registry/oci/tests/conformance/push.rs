//! "Push": blobs at once, in chunks, and by mounting.

use crate::support::{Client, noise};
use crate::{Rule, rule};
use yunlong_oci::Digest;
use yunlong_oci::digest::Algorithm;

fn sha(bytes: &[u8]) -> Digest {
    Algorithm::Sha256.digest(bytes)
}

async fn is_there(client: &Client, name: &str, digest: &Digest, bytes: &[u8]) {
    let reply = client.get(&format!("/v2/{name}/blobs/{digest}")).await.expect(200);
    assert!(reply.body == bytes, "the blob has other bytes");
}

async fn is_missing(client: &Client, name: &str, digest: &Digest) {
    client.head(&format!("/v2/{name}/blobs/{digest}")).await.expect(404);
}

pub(crate) fn rules() -> Vec<Rule> {
    vec![
        rule!("POST then PUT", "POST answers 202 and a Location with a UUID", |c| {
            let reply = c.client.post(&format!("/v2/{}/blobs/uploads/", c.name)).await.expect(202);
            let id = reply.location().rsplit('/').next().unwrap().to_owned();
            assert!(uuid::Uuid::parse_str(&id).is_ok(), "{id}");
        }),
        rule!("POST then PUT", "PUT answers 201 and a Location that can be pulled", |c| {
            let location = c.client.open_upload(&c.name).await;
            let reply = c.client.finish(&location, &sha(b"bytes"), b"bytes").await.expect(201);
            assert_eq!(c.client.get(&reply.location()).await.expect(200).body, "bytes");
            reply.has("docker-content-digest", sha(b"bytes"));
        }),
        rule!("POST then PUT", "other bytes than the digest says are 400 DIGEST_INVALID, and nothing is kept", |c| {
            let location = c.client.open_upload(&c.name).await;
            c.client.finish(&location, &sha(b"bytes"), b"bytes, oh no").await.expect_error(400, "DIGEST_INVALID");
            is_missing(&c.client, &c.name, &sha(b"bytes")).await;
            is_missing(&c.client, &c.name, &sha(b"bytes, oh no")).await;
            c.client.get(&location).await.expect_error(404, "BLOB_UPLOAD_UNKNOWN");
        }),
        rule!("Pushing blobs", "a digest that is none, or of another algorithm, is 400 DIGEST_INVALID", |c| {
            for digest in ["sha256:baddigeststring", "md5:d41d8cd98f00b204e9800998ecf8427e", "sha256", "%00", "../x"] {
                let location = c.client.open_upload(&c.name).await;
                let put = c.client.ask("PUT", &format!("{location}?digest={digest}"), &[], "x").await;
                put.expect_error(400, "DIGEST_INVALID");
                let path = format!("/v2/{}/blobs/uploads/?digest={digest}", c.name);
                c.client.ask("POST", &path, &[], "x").await.expect_error(400, "DIGEST_INVALID");
            }
        }),
        rule!("Single POST", "POST with a digest answers 201 and a Location that can be pulled", |c| {
            let path = format!("/v2/{}/blobs/uploads/?digest={}", c.name, sha(b"at once"));
            let reply = c.client.ask("POST", &path, &[], "at once").await.expect(201);
            assert_eq!(c.client.get(&reply.location()).await.expect(200).body, "at once");
        }),
        rule!("Single POST", "other bytes than the digest says are 400 DIGEST_INVALID, and nothing is kept", |c| {
            let path = format!("/v2/{}/blobs/uploads/?digest={}", c.name, sha(b"promised"));
            c.client.ask("POST", &path, &[], "delivered").await.expect_error(400, "DIGEST_INVALID");
            is_missing(&c.client, &c.name, &sha(b"promised")).await;
        }),
        rule!(
            "Pushing a blob in chunks",
            "chunks in order answer 202 with Location and Range; PUT closes with 201",
            |c| {
                let bytes = noise(30_000, 11);
                let mut location = c.client.open_upload(&c.name).await;
                for (i, chunk) in bytes.chunks(10_000).enumerate() {
                    let reply = c.client.chunk(&location, i * 10_000, chunk).await.expect(202);
                    location = reply.location();
                    reply.has("range", format!("0-{}", i * 10_000 + 9_999));
                }
                let reply = c.client.finish(&location, &sha(&bytes), b"").await.expect(201);
                assert_eq!(reply.location(), format!("/v2/{}/blobs/{}", c.name, sha(&bytes)));
                is_there(&c.client, &c.name, &sha(&bytes), &bytes).await;
            }
        ),
        rule!("Pushing a blob in chunks", "the last chunk may come with the PUT", |c| {
            let bytes = noise(15_000, 12);
            let location = c.client.open_upload(&c.name).await;
            c.client.chunk(&location, 0, &bytes[..10_000]).await.expect(202);
            let put = format!("{location}?digest={}", sha(&bytes));
            let headers = [("content-range", "10000-14999")];
            c.client.ask("PUT", &put, &headers, bytes[10_000..].to_vec()).await.expect(201);
            is_there(&c.client, &c.name, &sha(&bytes), &bytes).await;
        }),
        rule!("Pushing a blob in chunks", "a PATCH without Content-Range streams the bytes", |c| {
            let bytes = noise(3_000_000, 13);
            let location = c.client.open_upload(&c.name).await;
            let pieces: Vec<_> = bytes.chunks(70_000).map(|p| Ok::<_, std::io::Error>(p.to_vec())).collect();
            let body = reqwest::Body::wrap_stream(futures::stream::iter(pieces));
            c.client.ask("PATCH", &location, &[], body).await.expect(202).has("range", "0-2999999");
            c.client.finish(&location, &sha(&bytes), b"").await.expect(201);
            is_there(&c.client, &c.name, &sha(&bytes), &bytes).await;
        }),
        rule!("Pushing a blob in chunks", "a chunk out of order is 416 and changes nothing", |c| {
            let bytes = noise(30_000, 14);
            let location = c.client.open_upload(&c.name).await;
            c.client.chunk(&location, 10_000, &bytes[10_000..20_000]).await.expect_error(416, "BLOB_UPLOAD_INVALID");
            c.client.chunk(&location, 0, &bytes[..10_000]).await.expect(202);
            for start in [0, 9_999, 10_001, 20_000] {
                let reply = c.client.chunk(&location, start, &bytes[start..start + 5_000]).await;
                reply.expect_error(416, "BLOB_UPLOAD_INVALID").has("range", "0-9999").has("location", &location);
            }
            c.client.get(&location).await.expect(204).has("range", "0-9999");
            c.client.chunk(&location, 10_000, &bytes[10_000..]).await.expect(202);
            c.client.finish(&location, &sha(&bytes), b"").await.expect(201);
            is_there(&c.client, &c.name, &sha(&bytes), &bytes).await;
        }),
        rule!("Pushing a blob in chunks", "a last chunk out of order is 416", |c| {
            let location = c.client.open_upload(&c.name).await;
            c.client.chunk(&location, 0, b"0123456789").await.expect(202);
            let put = format!("{location}?digest={}", sha(b"0123456789abcde"));
            let reply = c.client.ask("PUT", &put, &[("content-range", "11-15")], "abcde").await;
            reply.expect_error(416, "BLOB_UPLOAD_INVALID");
            c.client.ask("PUT", &put, &[("content-range", "10-14")], "abcde").await.expect(201);
        }),
        rule!("Pushing a blob in chunks", "a Content-Range that is none is 400", |c| {
            let location = c.client.open_upload(&c.name).await;
            for range in ["bytes 0-4/5", "0-", "-5", "5-4", "a-b", "0-18446744073709551615"] {
                let reply = c.client.ask("PATCH", &location, &[("content-range", range)], "12345").await;
                reply.expect_error(400, "BLOB_UPLOAD_INVALID");
            }
            c.client.get(&location).await.expect(204).has("range", "0-0");
        }),
        rule!(
            "Pushing a blob in chunks",
            "wrong bytes in chunks are 400 DIGEST_INVALID at the end, and nothing is kept",
            |c| {
                let location = c.client.open_upload(&c.name).await;
                c.client.chunk(&location, 0, b"wrong").await.expect(202);
                c.client.finish(&location, &sha(b"right"), b"").await.expect_error(400, "DIGEST_INVALID");
                is_missing(&c.client, &c.name, &sha(b"right")).await;
                is_missing(&c.client, &c.name, &sha(b"wrong")).await;
            }
        ),
        rule!("Pushing a blob in chunks", "a session for sha512 is opened with digest-algorithm", |c| {
            let bytes = noise(20_000, 15);
            let digest = Algorithm::Sha512.digest(&bytes);
            let path = format!("/v2/{}/blobs/uploads/?digest-algorithm=sha512", c.name);
            let location = c.client.post(&path).await.expect(202).location();
            c.client.chunk(&location, 0, &bytes[..10_000]).await.expect(202);
            c.client.chunk(&location, 10_000, &bytes[10_000..]).await.expect(202);
            c.client.finish(&location, &digest, b"").await.expect(201);
            is_there(&c.client, &c.name, &digest, &bytes).await;
            let path = format!("/v2/{}/blobs/uploads/?digest-algorithm=md5", c.name);
            c.client.post(&path).await.expect_error(400, "DIGEST_INVALID");
        }),
        rule!("Pushing a blob in chunks", "GET of an upload answers 204 with Location and Range", |c| {
            let location = c.client.open_upload(&c.name).await;
            c.client.chunk(&location, 0, b"0123456789").await.expect(202);
            c.client.get(&location).await.expect(204).has("location", &location).has("range", "0-9");
        }),
        rule!(
            "Cancel a blob upload",
            "DELETE answers 204, and the upload is 404 BLOB_UPLOAD_UNKNOWN from then on",
            |c| {
                let location = c.client.open_upload(&c.name).await;
                c.client.chunk(&location, 0, b"0123456789").await.expect(202);
                c.client.delete(&location).await.expect(204);
                c.client.get(&location).await.expect_error(404, "BLOB_UPLOAD_UNKNOWN");
                c.client.chunk(&location, 10, b"0").await.expect_error(404, "BLOB_UPLOAD_UNKNOWN");
                c.client.delete(&location).await.expect_error(404, "BLOB_UPLOAD_UNKNOWN");
            }
        ),
        rule!("Pushing blobs", "an upload that never was is 404 BLOB_UPLOAD_UNKNOWN", |c| {
            for id in ["00000000-0000-4000-8000-000000000000", "x", "..%2f..%2fetc"] {
                let path = format!("/v2/{}/blobs/uploads/{id}", c.name);
                c.client.chunk(&path, 0, b"0").await.expect_error(404, "BLOB_UPLOAD_UNKNOWN");
            }
        }),
        rule!("Pushing blobs", "an upload belongs to its repository and its account", |c| {
            let location = c.client.open_upload(&c.name).await;
            let elsewhere = location.replace(&c.name, &c.second);
            c.client.chunk(&elsewhere, 0, b"0").await.expect_error(404, "BLOB_UPLOAD_UNKNOWN");
            c.server.as_who("other").chunk(&location, 0, b"0").await.expect_error(403, "DENIED");
        }),
        rule!("Mounting a blob", "mounting answers 201 and a Location that can be pulled", |c| {
            let digest = c.client.blob(&c.second, b"shared").await;
            let path = format!("/v2/{}/blobs/uploads/?mount={digest}&from={}", c.name, c.second);
            let reply = c.client.post(&path).await.expect(201);
            assert_eq!(reply.location(), format!("/v2/{}/blobs/{digest}", c.name));
            is_there(&c.client, &c.name, &digest, b"shared").await;
        }),
        rule!("Mounting a blob", "without `from`, it is mounted from wherever the caller may read it", |c| {
            let digest = c.client.blob(&c.second, b"shared by anybody").await;
            c.client.post(&format!("/v2/{}/blobs/uploads/?mount={digest}", c.name)).await.expect(201);
            is_there(&c.client, &c.name, &digest, b"shared by anybody").await;
        }),
        rule!("Mounting a blob", "what cannot be mounted opens an upload with 202", |c| {
            let digest = sha(b"nowhere");
            let path = format!("/v2/{}/blobs/uploads/?mount={digest}&from={}", c.name, c.second);
            let location = c.client.post(&path).await.expect(202).location();
            c.client.finish(&location, &digest, b"nowhere").await.expect(201);
        }),
        rule!("Mounting a blob", "nothing is mounted from where the caller may not read", |c| {
            let secret = format!("secret of {}", c.name);
            let theirs = c.server.as_who("other").blob("other/private", secret.as_bytes()).await;
            for query in [format!("mount={theirs}&from=other/private"), format!("mount={theirs}")] {
                c.client.post(&format!("/v2/{}/blobs/uploads/?{query}", c.name)).await.expect(202);
            }
            is_missing(&c.client, &c.name, &theirs).await;
        }),
        rule!("Layer Upload De-duplication", "the same content may be pushed again, and at the same time", |c| {
            let bytes = noise(400_000, 16);
            let pushes = (0..8).map(|_| c.client.blob(&c.name, &bytes));
            for digest in futures::future::join_all(pushes).await {
                assert_eq!(digest, sha(&bytes));
            }
            is_there(&c.client, &c.name, &sha(&bytes), &bytes).await;
        }),
    ]
}
