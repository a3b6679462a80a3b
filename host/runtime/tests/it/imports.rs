//! What a component may import, and what standard imports answer.

use crate::guest::Guest;
use crate::platform::Platform;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use yunlong_runtime::{InspectError, LoadError, Profile, inspect};

const ANSWERING: &str = "(call $answer (local.get $out) (i32.const 200) (i32.const 0))";

async fn refused(extra: &str, component: &[u8]) -> (String, String) {
    match Platform::new().await.install("lesson", extra, component).await {
        Err(LoadError::Refused(r)) => (r.name, r.why),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_unknown_import_is_refused_and_named() {
    let body = r#"(func (export "wasi:http/incoming-handler@0.2.10#handle") (param i32 i32) (call $f))"#;
    let component = Guest { imports: r#"(import "test:guest/unknown" "f" (func $f))"#, body, ..Guest::default() }
        .wrapped("import unknown;");
    let (name, why) = refused("", &component).await;
    assert_eq!((name.as_str(), why.as_str()), ("test:guest/unknown", "the platform has no such interface"));
}

#[tokio::test]
async fn a_city_import_that_nothing_declares_is_refused_and_named() {
    let intents = r#"(import "city:payments/intents@1.1.0" "get" (func $get (param i32 i32 i32)))"#;
    let component = Guest::handling(intents, "(call $get (i32.const 0) (i32.const 1) (i32.const 16))");
    let (name, why) = refused("", &component).await;
    assert_eq!(name, "city:payments/intents@1.1.0");
    assert!(why.contains("[payments]"), "{why}");
    // Declared, it wants the consumer that outcomes go to.
    let (name, _) = refused("payments = { reason = { zh = \"售票\", en = \"Tickets\" } }", &component).await;
    assert_eq!(name, "city:app/consumer");
}

#[tokio::test]
async fn what_the_manifest_promises_must_be_exported() {
    let component = Guest::handling("", ANSWERING);
    let (name, _) = refused("[[jobs]]\nname = \"nightly\"\ncron = \"0 3 * * *\"", &component).await;
    assert_eq!(name, "city:app/jobs");
}

#[test]
fn what_is_no_component_is_refused() {
    for bad in [&b""[..], b"\0asm", b"\0asm\x0d\0\x01\0garbage", b"MZ"] {
        assert!(matches!(inspect(bad), Err(InspectError::Malformed(_))), "{bad:?}");
    }
    let module = wat::parse_str("(module)").unwrap();
    let e = inspect(&module).unwrap_err().to_string();
    assert!(e.contains("core module") && e.contains("wasm32-wasip2"), "{e}");
}

#[test]
fn a_component_is_inspected() {
    let found = inspect(&Guest::handling("", ANSWERING)).unwrap();
    assert!(found.exports_interface("wasi:http/incoming-handler"));
    assert!(!found.exports_interface("wasi:http/incoming"));
    assert_eq!((found.profile, found.initial_memory), (Profile::Small, 65_536));
    let import = |name: &str| found.imports.iter().find(|i| i.name.starts_with(name)).map(|i| i.types_only);
    assert_eq!(import("wasi:http/types@"), Some(false));
    assert_eq!(import("wasi:io/error@"), Some(true), "types of an interface whose functions are not called");
}

#[test]
fn an_interpreter_gets_the_large_engine() {
    let component = wat::parse_str("(component (core module (table 60000 funcref) (memory 1)))").unwrap();
    assert_eq!(inspect(&component).unwrap().profile, Profile::Large);
    let component = wat::parse_str("(component (core module (table 900000 funcref)))").unwrap();
    assert!(matches!(inspect(&component), Err(InspectError::TooLarge(_))));
}

#[tokio::test]
async fn standard_imports_link_and_deny_at_the_call() {
    let p = Platform::new().await;
    // Answers with the byte of the error, or traps on success.
    let error = |call: &str| {
        format!(
            "{call} (if (i32.eqz (i32.load8_u (i32.const 512))) (then unreachable)) (call $answer (local.get $out) (i32.const 200) (i32.load8_u (i32.const 516)))"
        )
    };
    let none = |call: &str| format!("{call} (if (i32.load (i32.const 516)) (then unreachable)) {ANSWERING}");
    let access_denied = 1;
    for (name, imports, body, want) in [
        (
            "tcp",
            r#"(import "wasi:sockets/tcp-create-socket@0.2.10" "create-tcp-socket" (func $f (param i32 i32)))"#,
            error("(call $f (i32.const 0) (i32.const 512))"),
            access_denied,
        ),
        (
            "udp",
            r#"(import "wasi:sockets/udp-create-socket@0.2.10" "create-udp-socket" (func $f (param i32 i32)))"#,
            error("(call $f (i32.const 0) (i32.const 512))"),
            access_denied,
        ),
        (
            "folders",
            r#"(import "wasi:filesystem/preopens@0.2.10" "get-directories" (func $f (param i32)))"#,
            none("(call $f (i32.const 512))"),
            0,
        ),
        (
            "environment",
            r#"(import "wasi:cli/environment@0.2.10" "get-environment" (func $f (param i32)))"#,
            none("(call $f (i32.const 512))"),
            0,
        ),
        (
            "arguments",
            r#"(import "wasi:cli/environment@0.2.10" "get-arguments" (func $f (param i32)))"#,
            none("(call $f (i32.const 512))"),
            0,
        ),
    ] {
        p.install(name, "", &Guest::handling(imports, &body)).await.unwrap();
        assert_eq!(p.get(name).await.unwrap().body().len(), want, "{name}");
    }
}

/// Sends a GET to `api.example.test` and answers with its status, or with the error's number as
/// the length of the body.
fn outgoing() -> Vec<u8> {
    let imports = r#"
        (import "wasi:http/types@0.2.10" "[constructor]outgoing-request" (func $request-new (param i32) (result i32)))
        (import "wasi:http/types@0.2.10" "[method]outgoing-request.set-authority" (func $authority (param i32 i32 i32 i32) (result i32)))
        (import "wasi:http/types@0.2.10" "[method]outgoing-request.set-scheme" (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
        (import "wasi:http/types@0.2.10" "[method]outgoing-request.set-path-with-query" (func $path (param i32 i32 i32 i32) (result i32)))
        (import "wasi:http/outgoing-handler@0.2.10" "handle" (func $send (param i32 i32 i32 i32)))
        (import "wasi:http/types@0.2.10" "[method]future-incoming-response.subscribe" (func $subscribe (param i32) (result i32)))
        (import "wasi:io/poll@0.2.10" "[method]pollable.block" (func $block (param i32)))
        (import "wasi:http/types@0.2.10" "[method]future-incoming-response.get" (func $get (param i32 i32)))
        (import "wasi:http/types@0.2.10" "[method]incoming-response.status" (func $upstream (param i32) (result i32)))"#;
    let body = r#"
        (local.set $i (call $request-new (call $fields)))
        (i64.store (i32.const 300) (i64.const 0x6178652e69706100)) ;; "\0api.exa"
        (i64.store (i32.const 308) (i64.const 0x7365742e656c706d)) ;; "mple.tes"
        (i32.store8 (i32.const 316) (i32.const 0x74))              ;; "t"
        (drop (call $authority (local.get $i) (i32.const 1) (i32.const 301) (i32.const 16)))
        (i32.store8 (i32.const 320) (i32.const 0x2f))              ;; "/"
        (drop (call $path (local.get $i) (i32.const 1) (i32.const 320) (i32.const 1)))
        (drop (call $scheme (local.get $i) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
        (call $send (local.get $i) (i32.const 0) (i32.const 0) (i32.const 512))
        (if (i32.load8_u (i32.const 512)) (then unreachable))
        (local.set $i (i32.load (i32.const 520)))
        (call $block (call $subscribe (local.get $i)))
        (call $get (local.get $i) (i32.const 512))
        (if (i32.load8_u (i32.const 528))
            (then (call $answer (local.get $out) (i32.const 200) (i32.load8_u (i32.const 536))))
            (else (call $answer (local.get $out) (call $upstream (i32.load (i32.const 536))) (i32.const 0))))"#;
    Guest::handling(imports, body)
}

#[tokio::test]
async fn outgoing_http_goes_only_where_it_was_granted() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut s, _) = listener.accept().await.unwrap();
            let mut buf = [0; 1024];
            let n = s.read(&mut buf).await.unwrap();
            let asked = String::from_utf8_lossy(&buf[..n]).to_ascii_lowercase();
            let status = if asked.starts_with("get / http/1.1") && asked.contains("host: api.example.test") {
                "203 Fine"
            } else {
                "400 Bad"
            };
            s.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).await.unwrap();
        }
    });
    let p = Platform::with(|c| {
        c.outbound.pinned.insert("api.example.test".into(), addr);
    })
    .await;
    let http_request_denied = 15;
    p.install("undeclared", "", &outgoing()).await.unwrap();
    assert_eq!(p.get("undeclared").await.unwrap().body().len(), http_request_denied);
    assert!(p.log_text("undeclared").await.contains("api.example.test is refused"));
    let i = p.install("declared", "outbound = [\"api.example.test\"]", &outgoing()).await.unwrap();
    assert_eq!(p.get("declared").await.unwrap().status(), 203);
    // A revocation takes effect at the next call.
    let grant = i.grants.iter().map(|g| g.capability.clone()).find(|c| c.to_string().starts_with("outbound")).unwrap();
    p.installations.revoke_grant(&i.name, &grant, "city-admin").await.unwrap();
    assert_eq!(p.get("declared").await.unwrap().body().len(), http_request_denied);
}
