//! A program for any wasi:http host, with nothing but the bindings of wasip2.

use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use wasip2::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

wasip2::http::proxy::export!(Program);

struct Program;

/// Requests that this instance has served.
static SERVED: AtomicU32 = AtomicU32::new(0);

impl wasip2::exports::http::incoming_handler::Guest for Program {
    fn handle(request: IncomingRequest, answer: ResponseOutparam) {
        let served = SERVED.fetch_add(1, Ordering::Relaxed) + 1;
        let path = request.path_with_query().unwrap_or_default();
        let headers = Fields::new();
        headers.set("content-type", &[b"text/plain".to_vec()]).unwrap();
        let response = OutgoingResponse::new(headers);
        let body = response.body().unwrap();
        ResponseOutparam::set(answer, Ok(response));
        let mut out = body.write().unwrap();
        writeln!(out, "{path} is request {served} of this instance").unwrap();
        out.flush().unwrap();
        drop(out);
        OutgoingBody::finish(body, None).unwrap();
    }
}
