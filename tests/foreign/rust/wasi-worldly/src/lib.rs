//! A program for any wasi:http host, with the wasi crate: it looks around, as programs do that were
//! written for an operating system.

use std::io::Write as _;
use wasi::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

wasi::http::proxy::export!(Program);

struct Program;

impl wasi::exports::http::incoming_handler::Guest for Program {
    fn handle(_: IncomingRequest, answer: ResponseOutparam) {
        let found = [
            format!("environment {}", std::env::vars().count()),
            format!("arguments {}", std::env::args().count()),
            format!("folders {}", wasi::filesystem::preopens::get_directories().len()),
            format!("a file {}", std::fs::read("/etc/hostname").is_ok()),
            format!("a socket {}", std::net::TcpStream::connect("127.0.0.1:1").is_ok()),
            format!("time {}", wasi::clocks::wall_clock::now().seconds > 1_600_000_000),
            format!("random {}", wasi::random::random::get_random_u64() != wasi::random::random::get_random_u64()),
        ];
        let response = OutgoingResponse::new(Fields::new());
        let body = response.body().unwrap();
        ResponseOutparam::set(answer, Ok(response));
        let mut out = body.write().unwrap();
        out.write_all(found.join("\n").as_bytes()).unwrap();
        drop(out);
        OutgoingBody::finish(body, None).unwrap();
    }
}
