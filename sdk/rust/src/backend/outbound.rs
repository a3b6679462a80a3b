//! `wasi:http/outgoing-handler`.

use super::bindings::app::wasi::http::outgoing_handler;
use super::bindings::app::wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, Method as WasiMethod, OutgoingRequest, RequestOptions,
    Scheme,
};
use super::streams::{self, Broken};
use crate::http::{HttpError, OutboundRequest, OutboundResponse, Parts};
use crate::web::{Method, StatusCode};

/// Sends a request and reads its answer whole.
pub(super) fn send(request: &OutboundRequest, parts: &Parts) -> Result<OutboundResponse, HttpError> {
    let refused = |why: &str| HttpError::Refused { host: parts.authority.clone(), why: why.to_owned() };
    let out = outgoing(request, parts).map_err(|why| refused(&why))?;
    let body = out.body().map_err(|()| refused("the request has no body to write"))?;
    let future =
        outgoing_handler::handle(out, Some(options(request.timeout))).map_err(|code| told(&code, request, parts))?;
    // A host that has answered already need not read the body: what it says counts.
    let _ = streams::write(body, &request.body);
    let response = wait(&future).ok_or_else(|| refused("the platform gave no answer"))?;
    let response = response.map_err(|code| told(&code, request, parts))?;
    let status = StatusCode::from_u16(response.status()).map_err(|e| refused(&e.to_string()))?;
    let headers = response.headers().entries();
    let headers = headers.into_iter().map(|(n, v)| (n.to_lowercase(), String::from_utf8_lossy(&v).into_owned()));
    let headers = headers.collect();
    let incoming = response.consume().map_err(|()| refused("the answer has no body to read"))?;
    let body = streams::read(incoming, request.most).map_err(|broken| match broken {
        Broken::Off => refused("the answer broke off"),
        Broken::TooLong => HttpError::TooLarge { host: parts.authority.clone(), bytes: request.most },
    })?;
    Ok(OutboundResponse { status, headers, body })
}

fn outgoing(request: &OutboundRequest, parts: &Parts) -> Result<OutgoingRequest, String> {
    let fields = Fields::new();
    for (name, value) in &request.headers {
        fields.append(name, value.as_bytes()).map_err(|e| format!("the header {name}: {e:?}"))?;
    }
    let out = OutgoingRequest::new(fields);
    let scheme = if parts.https { Scheme::Https } else { Scheme::Http };
    out.set_method(&method(&request.method)).map_err(|()| "the method is refused".to_owned())?;
    out.set_scheme(Some(&scheme)).map_err(|()| "the scheme is refused".to_owned())?;
    out.set_authority(Some(&parts.authority)).map_err(|()| "the host's name is refused".to_owned())?;
    out.set_path_with_query(Some(&parts.path)).map_err(|()| "the path is refused".to_owned())?;
    Ok(out)
}

fn method(method: &Method) -> WasiMethod {
    match method.as_str() {
        "GET" => WasiMethod::Get,
        "HEAD" => WasiMethod::Head,
        "POST" => WasiMethod::Post,
        "PUT" => WasiMethod::Put,
        "DELETE" => WasiMethod::Delete,
        "PATCH" => WasiMethod::Patch,
        "OPTIONS" => WasiMethod::Options,
        other => WasiMethod::Other(other.to_owned()),
    }
}

fn options(milliseconds: u32) -> RequestOptions {
    let options = RequestOptions::new();
    let nanoseconds = Some(u64::from(milliseconds) * 1_000_000);
    // A host that cannot keep one of these keeps its own: the call's deadline ends it in any case.
    let _ = options.set_connect_timeout(nanoseconds);
    let _ = options.set_first_byte_timeout(nanoseconds);
    let _ = options.set_between_bytes_timeout(nanoseconds);
    options
}

/// The answer, when the host has one.
fn wait(future: &FutureIncomingResponse) -> Option<Result<IncomingResponse, ErrorCode>> {
    future.subscribe().block();
    future.get()?.ok()
}

fn told(code: &ErrorCode, request: &OutboundRequest, parts: &Parts) -> HttpError {
    let host = parts.authority.clone();
    match code {
        ErrorCode::DnsTimeout
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => HttpError::Late { host, milliseconds: request.timeout },
        other => {
            let why = format!("{other:?}");
            HttpError::Refused { host, why: why.strip_prefix("ErrorCode::").unwrap_or(&why).to_owned() }
        }
    }
}
