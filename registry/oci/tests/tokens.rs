//! Who gets in: challenges, tokens, scopes, anonymous pull.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use serde_json::{Value, json};
use std::sync::Arc;
use support::{Client, PASSWORD, Parts, Server, basic};
use yunlong_model::{Timestamp, clock::ManualClock};
use yunlong_oci::digest::Algorithm;

async fn token(from: &Client, scopes: &str) -> Value {
    from.get(&format!("/token?service={}{scopes}", from.base.trim_start_matches("http://"))).await.expect(200).json()
}

fn bearer(server: &Server, answer: &Value) -> Client {
    Client::new(&server.url(), Some(format!("Bearer {}", answer["token"].as_str().unwrap())))
}

#[tokio::test]
async fn the_base_challenges_whoever_has_not_said_who_they_are() {
    let server = Server::start().await;
    let reply = server.anonymous().get("/v2/").await.expect_error(401, "UNAUTHORIZED");
    let expected = format!(r#"Bearer realm="{0}/token",service="{1}""#, server.url(), server.at);
    reply.has("www-authenticate", expected).has("docker-distribution-api-version", "registry/2.0");
    server.vendor().get("/v2/").await.expect(200);
    let anonymous = bearer(&server, &token(&server.anonymous(), "").await);
    anonymous.get("/v2/").await.expect(200);
}

#[tokio::test]
async fn a_refusal_names_the_scope_that_would_help_and_that_token_helps() {
    let server = Server::start().await;
    server.vendor().push("vendor/app", "1", b"layer", json!({})).await;
    let reply = server.anonymous().get("/v2/vendor/app/manifests/1").await.expect_error(401, "UNAUTHORIZED");
    assert!(reply.header("www-authenticate").unwrap().contains(r#"scope="repository:vendor/app:pull""#));
    let reply = server.anonymous().post("/v2/vendor/app/blobs/uploads/").await.expect_error(401, "UNAUTHORIZED");
    assert!(reply.header("www-authenticate").unwrap().contains(r#"scope="repository:vendor/app:pull,push""#));
    // Who asks whether a blob is there is about to push: one token serves for both.
    let layer = format!("/v2/vendor/app/blobs/{}", Algorithm::Sha256.digest(b"layer"));
    let reply = server.anonymous().head(&layer).await.expect(401);
    assert!(reply.header("www-authenticate").unwrap().contains(r#"scope="repository:vendor/app:pull,push""#));

    let answer = token(&server.vendor(), "&scope=repository:vendor/app:pull,push").await;
    assert_eq!(answer["scope"], "repository:vendor/app:pull,push");
    assert_eq!(answer["expires_in"], 300);
    assert_eq!(answer["token"], answer["access_token"]);
    let client = bearer(&server, &answer);
    client.get("/v2/vendor/app/manifests/1").await.expect(200);
    client.push("vendor/app", "2", b"by token", json!({})).await;
}

#[tokio::test]
async fn a_token_reaches_as_far_as_it_says_and_no_further_than_its_account() {
    let server = Server::start().await;
    let image = server.vendor().push("vendor/app", "", b"layer", json!({})).await;
    server.vendor().push("vendor/second", "1", b"layer", json!({})).await;
    let pull = bearer(&server, &token(&server.vendor(), "&scope=repository:vendor/app:pull").await);
    let path = format!("/v2/vendor/app/manifests/{}", image.digest);
    pull.get(&path).await.expect(200);
    pull.get("/v2/vendor/second/manifests/1").await.expect_error(401, "UNAUTHORIZED");
    pull.post("/v2/vendor/app/blobs/uploads/").await.expect_error(401, "UNAUTHORIZED");
    pull.delete(&path).await.expect_error(401, "UNAUTHORIZED");

    // Asked for too much: granted what the account may.
    let answer = token(&server.as_who("other"), "&scope=repository:vendor/app:*&scope=repository:other/app:*").await;
    assert_eq!(answer["scope"], "repository:other/app:pull,push,delete");
    let other = bearer(&server, &answer);
    other.get(&path).await.expect_error(403, "DENIED");
    other.push("other/app", "1", b"x", json!({})).await;
}

#[tokio::test]
async fn a_public_repository_can_be_pulled_by_anybody_and_pushed_by_its_owner() {
    let server = Server::start().await;
    server.vendor().push("open/app", "1", b"layer", json!({})).await;
    let answer = token(&server.anonymous(), "&scope=repository:open/app:pull,push").await;
    assert_eq!(answer["scope"], "repository:open/app:pull");
    let anonymous = bearer(&server, &answer);
    for client in [&server.anonymous(), &anonymous, &server.as_who("other")] {
        client.get("/v2/open/app/manifests/1").await.expect(200);
        client.get("/v2/open/app/tags/list").await.expect(200);
    }
    anonymous.post("/v2/open/app/blobs/uploads/").await.expect_error(401, "UNAUTHORIZED");
    server.as_who("other").post("/v2/open/app/blobs/uploads/").await.expect_error(403, "DENIED");
    server.anonymous().get("/v2/vendor/app/tags/list").await.expect_error(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn whether_a_private_repository_exists_is_not_told() {
    let server = Server::start().await;
    server.vendor().push("vendor/app", "1", b"layer", json!({})).await;
    for client in [server.anonymous(), server.as_who("other")] {
        let there = client.get("/v2/vendor/app/manifests/1").await;
        let not = client.get("/v2/vendor/none/manifests/1").await;
        assert_eq!(there.status, not.status);
        assert_eq!(there.json()["errors"][0]["code"], not.json()["errors"][0]["code"]);
    }
}

#[tokio::test]
async fn a_token_ends_with_its_time() {
    let clock = ManualClock::new(Timestamp(1_800_000_000_000));
    let mut parts = Parts::in_memory();
    parts.clock = Arc::new(clock.clone());
    let server = parts.listen().await;
    let client = bearer(&server, &token(&server.vendor(), "").await);
    clock.advance(299_000);
    client.get("/v2/").await.expect(200);
    clock.advance(1_000);
    let reply = client.get("/v2/").await.expect_error(401, "UNAUTHORIZED");
    assert!(reply.header("www-authenticate").unwrap().contains(r#"error="invalid_token""#));
}

#[tokio::test]
async fn tokens_are_given_for_passwords_in_a_form_and_never_for_wrong_ones() {
    let server = Server::start().await;
    let form = |password: &str| {
        format!(
            "grant_type=password&username=vendor&password={password}&service={}&scope=repository:vendor/app:pull",
            server.at
        )
    };
    let anonymous = server.anonymous();
    let reply = anonymous.ask("POST", "/token", &[], form("correct%20horse")).await.expect(200);
    assert_eq!(reply.json()["scope"], "repository:vendor/app:pull");
    reply.has("cache-control", "no-store");
    anonymous.ask("POST", "/token", &[], form("wrong")).await.expect_error(401, "UNAUTHORIZED");
    anonymous.ask("POST", "/token", &[], "grant_type=refresh_token").await.expect_error(400, "UNSUPPORTED");
    anonymous.ask("POST", "/token", &[], vec![b'a'; 100_000]).await.expect(413);
    let wrong = Client::new(&server.url(), Some(basic("vendor", "wrong")));
    wrong.get("/token").await.expect_error(401, "UNAUTHORIZED");
    let elsewhere = server.vendor().get("/token?service=elsewhere.example").await;
    elsewhere.expect_error(400, "UNSUPPORTED");
    let many = "&scope=repository:vendor/app:pull".repeat(17);
    server.vendor().get(&format!("/token?x=y{many}")).await.expect_error(400, "UNSUPPORTED");
    // Scopes that are none are passed over.
    let odd = token(&server.vendor(), "&scope=x&scope=repository:..:pull&scope=plugin:vendor/app:pull").await;
    assert_eq!(odd["scope"], "");
    assert_ne!(PASSWORD, "wrong");
}

#[tokio::test]
async fn the_catalog_wants_a_token_of_its_own() {
    let server = Server::start().await;
    server.vendor().push("vendor/app", "1", b"layer", json!({})).await;
    server.vendor().push("open/app", "1", b"layer", json!({})).await;
    let reply = server.anonymous().get("/v2/_catalog").await.expect_error(401, "UNAUTHORIZED");
    assert!(reply.header("www-authenticate").unwrap().contains(r#"scope="registry:catalog:*""#));
    let pull = bearer(&server, &token(&server.vendor(), "&scope=repository:vendor/app:pull").await);
    pull.get("/v2/_catalog").await.expect_error(401, "UNAUTHORIZED");
    for (who, seen) in [
        (server.anonymous(), json!(["open/app"])),
        (server.as_who("other"), json!(["open/app"])),
        (server.vendor(), json!(["open/app", "vendor/app"])),
    ] {
        let client = bearer(&server, &token(&who, "&scope=registry:catalog:*").await);
        assert_eq!(client.get("/v2/_catalog").await.expect(200).json()["repositories"], seen);
    }
}

#[tokio::test]
async fn wkg_finds_where_packages_are() {
    let mut parts = Parts::in_memory();
    parts.config.namespace_prefix = Some("wasm/".into());
    let server = parts.listen().await;
    let reply = server.anonymous().get("/.well-known/wasm-pkg/registry.json").await.expect(200);
    let expected = json!({
        "preferredProtocol": "oci",
        "oci": { "registry": server.at.to_string(), "namespacePrefix": "wasm/" },
    });
    assert_eq!(reply.json(), expected);
    reply.has("content-type", "application/json");
}

#[tokio::test]
async fn what_was_pushed_never_runs_in_a_browser() {
    let server = Server::start().await;
    let digest = server.vendor().blob("open/app", b"<script>alert(1)</script>").await;
    let reply = server.anonymous().get(&format!("/v2/open/app/blobs/{digest}")).await.expect(200);
    assert!(reply.header("content-security-policy").unwrap().contains("sandbox"));
    reply.has("x-content-type-options", "nosniff").has("content-type", "application/octet-stream");
}
