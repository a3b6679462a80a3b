//! The export: what any language's binding of `wasi:http/proxy` looks like.

#![allow(unsafe_op_in_unsafe_fn, clippy::all)]

wit_bindgen::generate!({
    path: [
        "../../wit/deps/io",
        "../../wit/deps/clocks",
        "../../wit/deps/random",
        "../../wit/deps/filesystem",
        "../../wit/deps/sockets",
        "../../wit/deps/cli",
        "../../wit/deps/http",
    ],
    world: "wasi:http/proxy",
    generate_all,
});

use exports::wasi::http::incoming_handler::Guest;
use wasi::http::types::{Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam};

struct Hello;
export!(Hello);

impl Guest for Hello {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let method = match request.method() {
            Method::Get => "GET",
            Method::Head => "HEAD",
            _ => "",
        };
        let target = request.path_with_query().unwrap_or_else(|| "/".to_owned());
        let language = request.headers().get("accept-language").into_iter().next().unwrap_or_default();
        let answer = super::answer(method, &target, &String::from_utf8_lossy(&language));
        let body: &[u8] = if method == "HEAD" { b"" } else { answer.body.as_bytes() };

        let headers = Fields::new();
        let _ = headers.append("content-type", answer.content_type.as_bytes());
        let response = OutgoingResponse::new(headers);
        let _ = response.set_status_code(answer.status);
        let Ok(outgoing) = response.body() else { return };
        ResponseOutparam::set(out, Ok(response));
        if write(&outgoing, body).is_ok() {
            let _ = OutgoingBody::finish(outgoing, None);
        }
    }
}

fn write(body: &OutgoingBody, mut rest: &[u8]) -> Result<(), ()> {
    if rest.is_empty() {
        return Ok(());
    }
    let stream = body.write()?;
    while !rest.is_empty() {
        let room = usize::try_from(stream.check_write().map_err(|_| ())?).unwrap_or(usize::MAX);
        if room == 0 {
            stream.subscribe().block();
            continue;
        }
        let (now, later) = rest.split_at(rest.len().min(room));
        stream.write(now).map_err(|_| ())?;
        rest = later;
    }
    Ok(())
}
