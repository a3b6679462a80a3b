//! A hostile app. Each path tries one thing that must not work, or must harm nobody else; the
//! answers say how far it got.

mod bindings {
    #![allow(missing_docs, unreachable_pub, clippy::all)]
    wit_bindgen::generate!({
        path: [
            "../../../wit/deps/io", "../../../wit/deps/clocks", "../../../wit/deps/random", "../../../wit/deps/filesystem",
            "../../../wit/deps/sockets", "../../../wit/deps/cli", "../../../wit/deps/http", "../../../wit/city-identity",
            "../../../wit/city-data", "../../../wit/city-base", "../../../wit/city-messaging", "../../../wit/city-payments", "../../../wit/city-files", "../../../wit/city-app",
        ],
        world: "city:app/app",
        generate_all,
    });
}

use bindings::city::app::context;
use bindings::city::data::collections::{self, Transaction};
use bindings::city::identity::{attributes, principal};
use bindings::city::messaging::publisher;
use bindings::exports::wasi::http::incoming_handler::Guest;
use bindings::wasi::clocks::monotonic_clock;
use bindings::wasi::http::outgoing_handler;
use bindings::wasi::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingRequest, OutgoingResponse, ResponseOutparam, Scheme,
};
use serde_json::{Value, json};

struct Abuser;

impl Guest for Abuser {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        match path.split('?').next().unwrap_or_default() {
            "/loop" => spin(),
            "/sleep" => monotonic_clock::subscribe_duration(3_600_000_000_000).block(),
            "/alloc" => allocate(),
            "/trap" => std::process::abort(),
            "/calls" => flood_calls(),
            "/shout" => shout(),
            "/silent" => return,
            "/huge" => return huge(out),
            "/trap-in-body" => return trap_in_body(out),
            "/headers" => return answer(out, &header_names(&request)),
            "/response-headers" => return response_headers(out),
            "/socket" => return answer(out, &sockets(&path)),
            "/files" => return answer(out, &files()),
            "/outbound" => return answer(out, &outbound(&path)),
            "/principal" => return answer(out, &who()),
            "/attributes" => return answer(out, &personal()),
            "/foreign" => return answer(out, &foreign()),
            "/write" => return answer(out, &write()),
            _ => {}
        }
        answer(out, &json!({"abuser": "here"}));
    }
}

bindings::export!(Abuser with_types_in bindings);

fn spin() {
    let mut n: u64 = 0;
    loop {
        n = std::hint::black_box(n.wrapping_add(1));
    }
}

fn allocate() {
    let mut hoard = Vec::new();
    loop {
        hoard.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
}

fn flood_calls() {
    loop {
        std::hint::black_box(context::request_id());
    }
}

fn shout() {
    for n in 0..100_000 {
        println!("{n} {}", "x".repeat(1_000));
    }
}

fn respond(out: ResponseOutparam, headers: &[(&str, &str)]) -> Option<OutgoingBody> {
    let fields = Fields::new();
    for (name, value) in headers {
        let _ = fields.append(name, value.as_bytes());
    }
    let response = OutgoingResponse::new(fields);
    let body = response.body().ok();
    ResponseOutparam::set(out, Ok(response));
    body
}

fn answer(out: ResponseOutparam, value: &Value) {
    if let Some(body) = respond(out, &[("content-type", "application/json")]) {
        if let Ok(stream) = body.write() {
            let _ = stream.blocking_write_and_flush(value.to_string().as_bytes());
        }
        let _ = OutgoingBody::finish(body, None);
    }
}

fn huge(out: ResponseOutparam) {
    let Some(body) = respond(out, &[("content-type", "text/plain")]) else { return };
    if let Ok(stream) = body.write() {
        let chunk = [b'x'; 4096];
        for _ in 0..(1 << 30) / chunk.len() {
            if stream.blocking_write_and_flush(&chunk).is_err() {
                return;
            }
        }
    }
    let _ = OutgoingBody::finish(body, None);
}

fn trap_in_body(out: ResponseOutparam) {
    let Some(body) = respond(out, &[("content-type", "text/plain")]) else { return };
    if let Ok(stream) = body.write() {
        let _ = stream.blocking_write_and_flush(b"half of an answer");
    }
    std::process::abort();
}

fn header_names(request: &IncomingRequest) -> Value {
    let all: Vec<Value> = request
        .headers()
        .entries()
        .into_iter()
        .map(|(name, value)| json!([name, String::from_utf8_lossy(&value)]))
        .collect();
    json!({"headers": all, "authority": request.authority()})
}

fn response_headers(out: ResponseOutparam) {
    let headers = [
        ("content-type", "text/html"),
        ("set-cookie", "session=stolen; Domain=localhost"),
        ("content-security-policy", "default-src *"),
        ("access-control-allow-origin", "*"),
        ("strict-transport-security", "max-age=0"),
        ("x-request-id", "forged"),
        ("server", "abuser"),
        ("service-worker-allowed", "/"),
    ];
    if let Some(body) = respond(out, &headers) {
        let _ = OutgoingBody::finish(body, None);
    }
}

fn outcome<T, E: std::fmt::Debug>(r: Result<T, E>) -> Value {
    match r {
        Ok(_) => json!("ok"),
        Err(e) => json!(format!("{e:?}")),
    }
}

fn files() -> Value {
    json!({
        "read": outcome(std::fs::read("/etc/passwd")),
        "write": outcome(std::fs::write("/tmp/abuser", "x")),
        "list": outcome(std::fs::read_dir("/")),
        "environment": std::env::vars().map(|(k, _)| k).collect::<Vec<_>>(),
        "arguments": std::env::args().collect::<Vec<_>>(),
    })
}

/// The address after `?`, where the test listens.
fn target(path: &str) -> &str {
    path.split_once('?').map_or("127.0.0.1:1", |(_, target)| target)
}

fn sockets(path: &str) -> Value {
    json!({
        "tcp": outcome(std::net::TcpStream::connect(target(path))),
        "udp": outcome(std::net::UdpSocket::bind("127.0.0.1:0").and_then(|s| s.send_to(b"x", target(path)))),
        "listen": outcome(std::net::TcpListener::bind("127.0.0.1:0")),
        "lookup": outcome(std::net::ToSocketAddrs::to_socket_addrs("localhost:80")),
    })
}

fn outbound(path: &str) -> Value {
    let request = OutgoingRequest::new(Fields::new());
    let _ = request.set_scheme(Some(&Scheme::Http));
    let _ = request.set_authority(Some(target(path)));
    let _ = request.set_path_with_query(Some("/"));
    let sent = outgoing_handler::handle(request, None);
    let answer = sent.map(|future| {
        future.subscribe().block();
        match future.get() {
            Some(Ok(Ok(r))) => format!("status {}", r.status()),
            other => format!("{other:?}"),
        }
    });
    match answer {
        Ok(text) => json!({"outbound": text}),
        Err(e) => json!({"outbound": format!("{e:?}")}),
    }
}

fn who() -> Value {
    let p = principal::current();
    json!({"subject": p.subject, "kind": format!("{:?}", p.kind), "roles": p.roles, "organization": p.organization,
        "key": context::derive_key("test", 32)})
}

fn personal() -> Value {
    json!({
        "mobile": outcome(attributes::get(attributes::Attribute::Mobile)),
        "resident_id": outcome(attributes::get(attributes::Attribute::ResidentId)),
        "real_name": outcome(attributes::get(attributes::Attribute::RealName)),
    })
}

/// Another app's collections, keys that try to climb out, and money that nobody granted.
fn foreign() -> Value {
    let mut found = serde_json::Map::new();
    for name in [
        "orders",
        "entries",
        "tourism-ticketing/orders",
        "../tourism-ticketing/orders",
        "notes\u{0}",
        "@identity",
        "",
        "d",
    ] {
        found.insert(format!("get {name:?}"), outcome(collections::get(name, "x")));
    }
    found.insert("counter".into(), outcome(collections::counter("slots", "x")));
    // Ids are data, whatever they look like: this must find nothing rather than somebody else's.
    for id in ["../../guestbook/d/entries/1", "\u{0}\u{2}tourism-ticketing", &"x".repeat(300)] {
        let got = collections::get("notes", id);
        found.insert(
            format!("id {:?}", &id[..id.len().min(20)]),
            match got {
                Ok(None) => json!("nothing"),
                other => outcome(other),
            },
        );
    }
    if let Ok(tx) = Transaction::begin() {
        let event = publisher::Outgoing {
            topic: "city.payments".into(),
            subject: None,
            key: None,
            data: "{\"outcome\":\"captured\"}".into(),
            not_before: None,
            deduplication_key: None,
        };
        found.insert("forged outcome".into(), outcome(publisher::publish(&tx, &event)));
        let note = publisher::Notification {
            recipient: "citizen-001".into(),
            title_zh: "x".into(),
            title_en: "x".into(),
            body_zh: "x".into(),
            body_en: "x".into(),
            path: None,
        };
        found.insert("notify an account".into(), outcome(publisher::notify(&tx, &note)));
    }
    Value::Object(found)
}

fn write() -> Value {
    let Ok(tx) = Transaction::begin() else { return json!({"begin": "refused"}) };
    let put = outcome(tx.put("notes", "n", "{\"text\":\"mine\"}"));
    let array = outcome(tx.put("notes", "m", "[1]"));
    let large = outcome(tx.put("notes", "l", &format!("{{\"x\":\"{}\"}}", "y".repeat(2 << 20))));
    let bound = outcome(tx.adjust("mine", "k", 5, 0, 10));
    let committed = outcome(tx.commit());
    let again = outcome(tx.commit());
    json!({"put": put, "array": array, "large": large, "adjust": bound, "commit": committed, "again": again})
}
