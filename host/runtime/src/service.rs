//! HTTP requests in WASI 0.3: `wasi:http/handler`.
//!
//! An instance could serve many requests at once here. It serves one, as everywhere on this platform:
//! a host call must belong to the request that made it.

use crate::error::InvocationError;
use crate::request::collect;
use crate::runtime::{Failure, Loaded};
use crate::state::State;
use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use std::future::poll_fn;
use wasmtime::Store;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p3::Request;

/// Runs the guest and gathers its response. What the guest has started beside it goes on to its end within
/// its limits, as a guest of WASI 0.2 goes on behind its answer; what has not ended by then ends with the store.
pub(crate) async fn handle<B>(
    loaded: &Loaded,
    mut store: Store<State>,
    request: http::Request<B>,
    limit: usize,
) -> Result<http::Response<Bytes>, Failure>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: std::fmt::Display,
{
    let absent = || Failure::Known(InvocationError::NotExported(crate::inspect::HANDLER_03));
    let indices = loaded.service.as_ref().ok_or_else(absent)?;
    let instance = loaded.instantiate(&mut store).await?;
    let service = indices.load(&mut store, &instance)?;
    let request = request.map(|b| b.map_err(|e| wasmtime_wasi_http::Error::InternalError(Some(e.to_string()))));
    let request = absolute(request, store.data().services.origins.scheme());
    // Whether the body was taken whole is nobody's business but the guest's.
    let (request, _) = Request::from_http(store.data_mut().http().hooks, request);
    let gathered = store
        .run_concurrent(async |accessor| {
            let response = match service.handle(accessor, request).await? {
                Ok(response) => response,
                Err(code) => {
                    let why = format!("it answered with the error {code:?}");
                    return Ok(Err(InvocationError::NoResponse(why)));
                }
            };
            let response = accessor.with(|mut access| response.into_http(&mut access, async { Ok(()) }))?;
            let answered = collect(response, limit).await;
            if answered.is_ok() {
                // A transaction that is committed behind the answer is not to be lost.
                poll_fn(|cx| accessor.poll_no_interesting_tasks(cx)).await;
            }
            Ok::<_, wasmtime::Error>(answered)
        })
        .await??;
    store.data().end();
    gathered.map_err(Failure::Known)
}

/// With scheme and authority in the target, where WASI 0.3 looks for them.
fn absolute<B>(mut request: http::Request<B>, scheme: &str) -> http::Request<B> {
    let host = request.headers().get(http::header::HOST).and_then(|h| h.to_str().ok()).map(str::to_owned);
    let mut target = http::Uri::builder().scheme(scheme);
    if let Some(host) = request.uri().authority().map(ToString::to_string).or(host) {
        target = target.authority(host);
    }
    let path = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    // A name that is no authority leaves the target as it came: the guest sees a path alone.
    if let Ok(uri) = target.path_and_query(path).build() {
        *request.uri_mut() = uri;
    }
    request
}
