//! What a restart leaves: uploads go on, and whatever was answered stands.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use serde_json::json;
use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;
use support::{Parts, basic, noise};
use yunlong_oci::digest::Algorithm;

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_after_a_restart_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = noise(5_000_000, 1);
    let digest = Algorithm::Sha256.digest(&bytes);

    let server = Parts::in_folder(folder.path()).listen().await;
    let client = server.vendor();
    let image = client.push("vendor/app", "1.0.0", b"layer", json!({})).await;
    let location = client.open_upload("vendor/app").await;
    client.chunk(&location, 0, &bytes[..2_000_000]).await.expect(202);
    server.stop().await;

    let server = Parts::in_folder(folder.path()).listen().await;
    let client = server.vendor();
    client.get(&location).await.expect(204).has("range", "0-1999999");
    client.chunk(&location, 1_999_999, b"x").await.expect_error(416, "BLOB_UPLOAD_INVALID");
    client.chunk(&location, 2_000_000, &bytes[2_000_000..3_000_000]).await.expect(202);
    server.stop().await;

    let server = Parts::in_folder(folder.path()).listen().await;
    let client = server.vendor();
    client.finish(&location, &digest, &bytes[3_000_000..]).await.expect(201);
    assert!(client.get(&format!("/v2/vendor/app/blobs/{digest}")).await.expect(200).body == bytes);
    let manifest = client.get("/v2/vendor/app/manifests/1.0.0").await.expect(200);
    assert_eq!(manifest.body, image.bytes);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_bytes_were_placed_before_a_crash_is_finished_after_it() {
    for headers in [&[][..], &[("content-length", "0")]] {
        let server = Parts::in_memory().listen().await;
        let client = server.vendor();
        let bytes = noise(100_000, 3);
        let digest = Algorithm::Sha256.digest(&bytes);
        let location = client.open_upload("vendor/app").await;
        client.chunk(&location, 0, &bytes).await.expect(202);
        // What a process does before it dies: the blob is in its place, and no row tells of it.
        let upload = location.rsplit('/').next().unwrap().parse().unwrap();
        server.parts.blobs.place(upload, 100_000, &digest).await.unwrap();
        client.get(&location).await.expect(204).has("range", "0-99999");
        client.ask("PUT", &format!("{location}?digest={digest}"), headers, "").await.expect(201);
        assert!(client.get(&format!("/v2/vendor/app/blobs/{digest}")).await.expect(200).body == bytes);
    }
}

/// Sends the head of a request, a part of its body, and no more.
fn half_a_request(at: std::net::SocketAddr, path: &str, announced: usize, body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(at).unwrap();
    let authorization = basic("vendor", support::PASSWORD);
    write!(
        stream,
        "PATCH {path} HTTP/1.1\r\nhost: {at}\r\nauthorization: {authorization}\r\ncontent-length: {announced}\r\n\
         content-range: 0-{}\r\n\r\n",
        announced - 1
    )
    .unwrap();
    stream.write_all(body).unwrap();
    stream.flush().unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_broke_off_counts_as_far_as_it_came() {
    let server = Parts::in_memory().listen().await;
    let client = server.vendor();
    let bytes = noise(1_000_000, 2);
    let location = client.open_upload("vendor/app").await;
    drop(half_a_request(server.at, &location, 1_000_000, &bytes[..600_000]));
    let mut offset = 0;
    for _ in 0..100 {
        let reply = client.get(&location).await.expect(204);
        offset = reply.header("range").unwrap().trim_start_matches("0-").parse::<usize>().unwrap() + 1;
        if offset > 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!((2..=600_000).contains(&offset), "{offset}");
    client.chunk(&location, offset, &bytes[offset..]).await.expect(202);
    client.finish(&location, &Algorithm::Sha256.digest(&bytes), b"").await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_nothing_more_is_sent_away_in_time() {
    let mut parts = Parts::in_memory();
    parts.config.limits.idle = Duration::from_millis(300);
    let server = parts.listen().await;
    let client = server.vendor();
    let location = client.open_upload("vendor/app").await;
    let at = server.at;
    let path = location.clone();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = half_a_request(at, &path, 100_000, b"slow");
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut answer = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    });
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    client.get(&location).await.expect(204).has("range", "0-3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_a_byte_now_and_then_is_sent_away_in_time() {
    let mut parts = Parts::in_memory();
    parts.config.limits.idle = Duration::from_millis(400);
    parts.config.limits.request = Duration::from_millis(1_500);
    let server = parts.listen().await;
    let client = server.vendor();
    let location = client.open_upload("vendor/app").await;
    let drip = futures::stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Some((Ok::<_, std::io::Error>(vec![b'.']), ()))
    });
    let begun = std::time::Instant::now();
    let reply = client.try_ask("PATCH", &location, &[], reqwest::Body::wrap_stream(drip)).await;
    assert!(begun.elapsed() < Duration::from_secs(10));
    // The connection may be gone before the client has read the answer.
    if let Ok(reply) = reply {
        reply.expect_error(408, "BLOB_UPLOAD_INVALID");
    }
}
