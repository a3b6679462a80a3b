//! A program for any host of `wasi:http/handler@0.3`, with the wasip3 crate.

use std::sync::atomic::{AtomicU32, Ordering};
use wasip3::http::types::{self, ErrorCode};
use wasip3::http_compat::{IncomingRequestBody, http_from_wasi_request, http_into_wasi_response};

wasip3::http::service::export!(Program);

struct Program;

/// Requests that this instance has served.
static SERVED: AtomicU32 = AtomicU32::new(0);

impl wasip3::exports::http::handler::Guest for Program {
    async fn handle(request: types::Request) -> Result<types::Response, ErrorCode> {
        http_into_wasi_response(serve(http_from_wasi_request(request)?).await?)
    }
}

async fn serve(request: http::Request<IncomingRequestBody>) -> Result<http::Response<String>, ErrorCode> {
    let served = SERVED.fetch_add(1, Ordering::Relaxed) + 1;
    if request.uri().path() == "/wait" {
        wasip3::clocks::monotonic_clock::wait_for(50_000_000).await;
    }
    Ok(http::Response::new(format!("{} is request {served} of this instance\n", request.uri().path())))
}
