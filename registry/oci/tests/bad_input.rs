//! What hostile clients send: each is answered with an error document of the right code, and nothing of
//! it is kept.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use base64::Engine as _;
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use support::client::EMPTY_TYPE;
use support::{PASSWORD, Parts, Server, basic, noise};
use yunlong_oci::digest::Algorithm;
use yunlong_oci::manifest::{OCI_INDEX, OCI_MANIFEST};

/// Sends bytes as they are, since clients tidy up paths and headers; answers status and body.
fn raw(at: SocketAddr, head: &str, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let authorization = basic("vendor", PASSWORD);
    let head = format!("{head}\r\nhost: {at}\r\nauthorization: {authorization}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    (status, answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn tricks_in_paths_lead_to_errors() {
    let server = Server::start().await;
    server.vendor().push("vendor/app", "1", b"layer", json!({})).await;
    let digest = Algorithm::Sha256.digest(b"layer");
    for (request, status, code) in [
        ("GET /v2/../../etc/passwd/manifests/1".to_owned(), 400, "NAME_INVALID"),
        ("GET /v2/vendor/../other/manifests/1".into(), 400, "NAME_INVALID"),
        ("GET /v2/vendor%2F..%2Fother/manifests/1".into(), 400, "NAME_INVALID"),
        ("GET /v2/vendor//app/manifests/1".into(), 400, "NAME_INVALID"),
        ("GET /v2/Vendor/app/manifests/1".into(), 400, "NAME_INVALID"),
        ("GET /v2/vendor/app%00/manifests/1".into(), 400, "NAME_INVALID"),
        ("GET /v2/%E4%BA%91%E9%BE%99/app/manifests/1".into(), 400, "NAME_INVALID"),
        (format!("GET /v2/{}/manifests/1", "a".repeat(300)), 400, "NAME_INVALID"),
        (format!("GET /v2/{}/manifests/1", "a/".repeat(2_000)), 404, "UNSUPPORTED"),
        ("GET /v2/vendor/app/manifests/..%2F1".into(), 400, "MANIFEST_INVALID"),
        ("GET /v2/vendor/app/manifests/%2e%2e".into(), 400, "MANIFEST_INVALID"),
        (format!("GET /v2/vendor/app/manifests/{}", "t".repeat(129)), 400, "MANIFEST_INVALID"),
        (format!("GET /v2/vendor/app/blobs/{}%2F", digest), 400, "DIGEST_INVALID"),
        (format!("GET /v2/vendor/app/blobs/sha256:..%2F..%2F{}", &digest.hex()[6..]), 400, "DIGEST_INVALID"),
        (format!("GET /v2/vendor/app/blobs/{}", digest.to_string().to_uppercase()), 400, "DIGEST_INVALID"),
        ("GET /v2/vendor/app/blobs/sha256:".into(), 400, "DIGEST_INVALID"),
        ("GET /v2/vendor/app/blobs/uploads/..".into(), 404, "BLOB_UPLOAD_UNKNOWN"),
        ("GET /v2/vendor/app/nothing".into(), 404, "UNSUPPORTED"),
        ("GET /v2/vendor/app/manifests/%ff".into(), 404, "UNSUPPORTED"),
        ("GET /elsewhere".into(), 404, "UNSUPPORTED"),
        ("BREW /v2/vendor/app/manifests/1".into(), 405, "UNSUPPORTED"),
    ] {
        let sent = request.clone();
        let at = server.at;
        let answered = tokio::task::spawn_blocking(move || raw(at, &format!("{sent} HTTP/1.1"), b""));
        let (found, answer) = answered.await.unwrap();
        assert_eq!(found, status, "{request}: {answer}");
        assert!(answer.contains(&format!("\"code\":\"{code}\"")), "{request}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_that_lie_or_explode_are_refused_and_not_kept() {
    let server = Server::start().await;
    let client = server.vendor();
    let image = client.push("vendor/app", "1", b"layer", json!({})).await;
    let text = String::from_utf8(image.bytes.clone()).unwrap();
    let layer = Algorithm::Sha256.digest(b"layer");
    let with = |more: &str| format!("{{{more},{}", &text[1..]);
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    let empty = json!({ "mediaType": EMPTY_TYPE, "digest": Algorithm::Sha256.digest(b"{}"), "size": 2 });
    let many = json!({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": empty, "layers": vec![empty.clone(); 1_001],
    });
    let rows: Vec<(&str, String, &str)> = vec![
        ("nothing", String::new(), OCI_MANIFEST),
        ("no JSON", "not json".into(), OCI_MANIFEST),
        ("no object", "[]".into(), OCI_MANIFEST),
        ("half of it", text[..text.len() / 2].into(), OCI_MANIFEST),
        ("something behind it", format!("{text}{{}}"), OCI_MANIFEST),
        ("no UTF-8 marker is skipped", format!("\u{feff}{text}"), OCI_MANIFEST),
        ("another schema version", text.replace("\"schemaVersion\":2", "\"schemaVersion\":1"), OCI_MANIFEST),
        ("an index that is an image", text.clone(), OCI_INDEX),
        ("an image and an index", with("\"manifests\":[]"), OCI_MANIFEST),
        ("layers twice", with("\"layers\":[]"), OCI_MANIFEST),
        ("layers in capitals, too", with("\"LAYERS\":[]"), OCI_MANIFEST),
        ("a page", "<html><script>alert(1)</script></html>".into(), "text/html"),
        ("a media type of no grammar", text.replace("application/wasm", "application/<wasm>"), OCI_MANIFEST),
        ("a long media type", text.replace("application/wasm", &format!("a/{}", "b".repeat(300))), OCI_MANIFEST),
        ("a layer's digest that is none", text.replace(&layer.to_string(), "sha256:../../etc"), OCI_MANIFEST),
        ("a layer's size that lies", text.replace("\"size\":5", "\"size\":6"), OCI_MANIFEST),
        ("a negative size", text.replace("\"size\":5", "\"size\":-5"), OCI_MANIFEST),
        ("a size beyond numbers", text.replace("\"size\":5", "\"size\":1e99"), OCI_MANIFEST),
        ("deep JSON", with(&format!("\"x\":{}", deep(50_000))), OCI_MANIFEST),
        ("very many descriptors", many.to_string(), OCI_MANIFEST),
        ("annotations that are no texts", with("\"annotations\":{\"a\":{}}"), OCI_MANIFEST),
        ("a subject without digest", with("\"subject\":{\"mediaType\":\"a/b\",\"size\":1}"), OCI_MANIFEST),
    ];
    for (what, body, media_type) in &rows {
        let reply = client.put_manifest("vendor/app", "bad", media_type, body.as_bytes()).await;
        reply.expect_error(400, "MANIFEST_INVALID");
        let by = Algorithm::Sha256.digest(body.as_bytes());
        assert_eq!(
            client.get(&format!("/v2/vendor/app/manifests/{by}")).await.status == 200,
            by == image.digest,
            "{what}"
        );
    }
    let tags = client.get("/v2/vendor/app/tags/list").await.json();
    assert_eq!(tags["tags"], json!(["1"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn lengths_and_headers_that_lie_change_nothing() {
    let server = Server::start().await;
    let client = server.vendor();
    let location = client.open_upload("vendor/app").await;
    client.chunk(&location, 0, b"0123456789").await.expect(202);
    for (what, head, body, status, code) in [
        ("a range shorter than the body", "content-range: 10-12\r\ncontent-length: 5", "abcde", 400, "SIZE_INVALID"),
        ("a range longer than the body", "content-range: 10-99\r\ncontent-length: 5", "abcde", 400, "SIZE_INVALID"),
        ("two ranges", "content-range: 10-14\r\ncontent-range: 0-4\r\ncontent-length: 5", "abcde", 400, "UNSUPPORTED"),
        (
            "fewer bytes than announced, in a stream",
            "content-range: 10-99\r\ntransfer-encoding: chunked",
            "5\r\nabcde\r\n0\r\n\r\n",
            400,
            "SIZE_INVALID",
        ),
        (
            "more bytes than announced, in a stream",
            "content-range: 10-11\r\ntransfer-encoding: chunked",
            "5\r\nabcde\r\n0\r\n\r\n",
            400,
            "SIZE_INVALID",
        ),
    ] {
        let (head, at) = (format!("PATCH {location} HTTP/1.1\r\n{head}"), server.at);
        let answered = tokio::task::spawn_blocking(move || raw(at, &head, body.as_bytes()));
        let (found, answer) = answered.await.unwrap();
        assert_eq!(found, status, "{what}: {answer}");
        assert!(answer.contains(code), "{what}: {answer}");
        client.get(&location).await.expect(204).has("range", "0-9");
    }
    client.finish(&location, &Algorithm::Sha256.digest(b"0123456789abcde"), b"abcde").await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_over_the_limit_are_413_and_not_kept() {
    let mut parts = Parts::in_memory();
    parts.config.limits.blob_bytes = 1_000_000;
    let server = parts.listen().await;
    let client = server.vendor();
    let bytes = noise(1_000_001, 9);
    let digest = Algorithm::Sha256.digest(&bytes);
    let path = format!("/v2/vendor/app/blobs/uploads/?digest={digest}");
    client.ask("POST", &path, &[], bytes.clone()).await.expect_error(413, "SIZE_INVALID");
    let location = client.open_upload("vendor/app").await;
    client.chunk(&location, 0, &bytes[..900_000]).await.expect(202);
    client.chunk(&location, 900_000, &bytes[900_000..]).await.expect_error(413, "SIZE_INVALID");
    client.get(&location).await.expect_error(404, "BLOB_UPLOAD_UNKNOWN");
    // In a stream nobody knows before.
    let location = client.open_upload("vendor/app").await;
    let pieces: Vec<_> = bytes.chunks(100_000).map(|p| Ok::<_, std::io::Error>(p.to_vec())).collect();
    let body = reqwest::Body::wrap_stream(futures::stream::iter(pieces));
    client.ask("PATCH", &location, &[], body).await.expect_error(413, "SIZE_INVALID");
    client.head(&format!("/v2/vendor/app/blobs/{digest}")).await.expect(404);
    client.blob("vendor/app", &bytes[..1_000_000]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_are_none_are_401_and_nobody_is_let_in() {
    let server = Server::start().await;
    server.vendor().push("vendor/app", "1", b"layer", json!({})).await;
    let encode = |s: &str| base64::engine::general_purpose::STANDARD.encode(s);
    for authorization in [
        "".to_owned(),
        "Basic".into(),
        "Basic !!!".into(),
        format!("Basic {}", encode("vendor")),
        format!("Basic {}", encode("vendor:wrong")),
        format!("Basic {}", encode(":")),
        format!("Basic {}", encode(&format!("nobody:{PASSWORD}"))),
        "Bearer".into(),
        "Bearer x".into(),
        "Bearer a.b.c".into(),
        format!("Bearer {}", "a".repeat(9_000)),
        "Digest username=\"vendor\"".into(),
    ] {
        let client = support::Client::new(&server.url(), Some(authorization.clone()));
        for path in ["/v2/", "/v2/vendor/app/manifests/1", "/v2/_catalog"] {
            let reply = client.get(path).await.expect_error(401, "UNAUTHORIZED");
            assert!(
                reply.header("www-authenticate").is_some_and(|h| h.starts_with("Bearer realm=")),
                "{authorization}"
            );
        }
    }
    let locked = support::Client::new(&server.url(), Some(basic("locked", PASSWORD)));
    locked.get("/v2/").await.expect_error(429, "TOOMANYREQUESTS").has("retry-after", 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_stand_there_twice_or_are_none_are_400() {
    let server = Server::start().await;
    let client = server.vendor();
    client.push("vendor/app", "1", b"layer", json!({})).await;
    let digest = Algorithm::Sha256.digest(b"layer");
    for (method, path) in [
        ("GET", "/v2/vendor/app/tags/list?n=1&n=2".to_owned()),
        ("GET", format!("/v2/vendor/app/tags/list?last={}", "x".repeat(500))),
        ("GET", format!("/v2/vendor/app/referrers/{digest}?artifactType=a&artifactType=b")),
        ("GET", format!("/v2/vendor/app/tags/list?{}", "a=b&".repeat(100))),
        ("POST", format!("/v2/vendor/app/blobs/uploads/?digest={digest}&digest={digest}")),
        ("POST", format!("/v2/vendor/app/blobs/uploads/?mount={digest}&from=vendor/app&from=second/app")),
    ] {
        client.ask(method, &path, &[], "").await.expect_error(400, "UNSUPPORTED");
    }
    let path = format!("/v2/vendor/app/blobs/uploads/?mount={digest}&from=../app");
    client.post(&path).await.expect_error(400, "NAME_INVALID");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_has_so_many_transfers_and_sessions_and_others_have_theirs() {
    let mut parts = Parts::in_memory();
    parts.config.limits.transfers_per_client = 2;
    parts.config.limits.sessions_per_account = 3;
    // So that the offset tells that a transfer has begun.
    parts.config.limits.checkpoint_bytes = 10;
    let server = parts.listen().await;
    let client = server.vendor();
    let mut locations = Vec::new();
    for _ in 0..3 {
        locations.push(client.open_upload("vendor/app").await);
    }
    client.post("/v2/vendor/app/blobs/uploads/").await.expect_error(429, "TOOMANYREQUESTS");
    server.as_who("other").open_upload("other/app").await;
    // Two transfers that do not end, and a third.
    let never = || {
        let first = futures::stream::once(async { Ok::<_, std::io::Error>(vec![0_u8; 10]) });
        reqwest::Body::wrap_stream(futures::StreamExt::chain(first, futures::stream::pending()))
    };
    let held: Vec<_> = locations[..2]
        .iter()
        .map(|l| {
            let (client, location, body) = (client.clone(), l.clone(), never());
            tokio::spawn(async move { client.try_ask("PATCH", &location, &[], body).await.map(|_| ()) })
        })
        .collect();
    for location in &locations[..2] {
        while client.get(location).await.expect(204).header("range").as_deref() != Some("0-9") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    client.ask("PATCH", &locations[2], &[], "x").await.expect_error(429, "TOOMANYREQUESTS");
    for task in held {
        task.abort();
        let _ = task.await;
    }
    let mut served = false;
    for _ in 0..100 {
        if client.ask("PATCH", &locations[2], &[], "x").await.status == 202 {
            served = true;
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(served, "places come back when clients go away");
    client.delete(&locations[0]).await.expect(204);
    client.open_upload("vendor/app").await;
}
