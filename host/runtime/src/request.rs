//! HTTP requests: `wasi:http/incoming-handler`.
//!
//! Guest and response body are driven together, on the task that serves the request: no task is
//! spawned and woken across threads. The whole body is gathered before anything is answered, so a
//! guest that fails halfway, or answers too much, becomes a clean error page.

use crate::error::InvocationError;
use crate::inspect::HANDLER;
use crate::interceptor::Interceptor;
use crate::journal::one_piece;
use crate::runtime::{Failure, Loaded, Runtime};
use crate::service;
use crate::state::{Invocation, Kind, State};
use crate::waiting::UnderWay;
use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;
use yunlong_model::{InstallationName, Presentation, Principal};

type Answer = Result<http::Response<HyperOutgoingBody>, ErrorCode>;

impl Runtime {
    /// Serves a request in a fresh instance and answers with the whole response.
    ///
    /// The caller has taken out of `request` what a guest must not see. A body that fails to
    /// arrive fails the guest's read of it.
    ///
    /// # Errors
    /// Every [`InvocationError`]; what it was stands in the app's log with `request_id`.
    pub async fn request<B>(
        &self,
        name: &InstallationName,
        principal: Principal,
        presentation: Presentation,
        request_id: &str,
        request: http::Request<B>,
    ) -> Result<http::Response<Bytes>, InvocationError>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: std::fmt::Display,
    {
        // A person stays with one release for as long as a canary lasts; who is nobody yet is met by
        // either.
        let who = principal.subject.as_deref().unwrap_or(request_id);
        let (loaded, installation) = self.serving(name, Some(who))?;
        if loaded.handler.is_none() && loaded.service.is_none() {
            return Err(InvocationError::NotExported(HANDLER));
        }
        let _place = self.admit(&loaded).await?;
        let under_way = loaded.flights.requests.begin();
        let invocation = Invocation { installation, principal, presentation };
        let request = self.addressed(name, request)?;
        let (scheme, id) = (self.services().origins.scheme(), request_id.to_owned());
        let (ended, interceptor) = if self.records(&loaded) {
            let request = one_piece(request).await?;
            let recording = self.recording(&invocation, &request);
            let tape = recording.tape(self.config().journal_limit);
            let (store, interceptor) = self.store_with(&loaded, Kind::Request, invocation, id, Some(tape));
            let request = request.map(Full::new);
            let ended = self.serve(&loaded, store, interceptor.clone(), request, scheme, &under_way).await;
            recording.end(self, &loaded, &interceptor, &ended);
            (ended, interceptor)
        } else {
            let (store, interceptor) = self.store(&loaded, Kind::Request, invocation, id);
            (self.serve(&loaded, store, interceptor.clone(), request, scheme, &under_way).await, interceptor)
        };
        match &ended {
            // It had no memory to answer with, and says so in its own way.
            Ok(response) if response.status().is_server_error() && interceptor.was_memory_short() => {}
            Ok(response) => loaded.outcomes.record_request(response.status().is_server_error(), under_way.took()),
            Err(e) if e.is_platforms() => {}
            Err(_) => loaded.outcomes.record(true),
        }
        ended
    }

    /// Drives a request in an instance of its own to its end.
    pub(crate) async fn serve<B>(
        &self,
        loaded: &Loaded,
        store: Store<State>,
        interceptor: Arc<Interceptor>,
        request: http::Request<B>,
        scheme: &str,
        under_way: &UnderWay<'_>,
    ) -> Result<http::Response<Bytes>, InvocationError>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: std::fmt::Display,
    {
        let limit = loaded.response_limit();
        if loaded.handler.is_some() {
            let (sender, receiver) = oneshot::channel();
            let guest = handle(loaded, store, request, scheme, sender);
            // Pinned here: it is large, and each wrapper around it would move it.
            let guest = pin!(together(guest, gather(receiver, limit)));
            self.watch(loaded, interceptor, unless(under_way.too_long(), guest)).await
        } else {
            let guest = pin!(service::handle(loaded, store, request, limit));
            self.watch(loaded, interceptor, unless(under_way.too_long(), guest)).await
        }
    }

    /// wasi:http wants to know scheme and authority.
    fn addressed<B>(
        &self,
        name: &InstallationName,
        mut request: http::Request<B>,
    ) -> Result<http::Request<B>, InvocationError> {
        if request.uri().authority().is_none() && !request.headers().contains_key(http::header::HOST) {
            let authority = self.services().origins.app_authority(name);
            let value = authority
                .parse()
                .map_err(|_| InvocationError::BadRequest("the installation has no valid authority".into()))?;
            request.headers_mut().insert(http::header::HOST, value);
        }
        Ok(request)
    }
}

/// Runs the guest. The store is dropped at the end, and with it every end of a channel that the
/// guest may have kept: nobody waits for a response that cannot come.
async fn handle<B>(
    loaded: &Loaded,
    mut store: Store<State>,
    request: http::Request<B>,
    scheme: &str,
    sender: oneshot::Sender<Answer>,
) -> Result<(), wasmtime::Error>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: std::fmt::Display,
{
    let Some(indices) = &loaded.handler else { return Ok(()) };
    let instance = loaded.instantiate(&mut store).await?;
    let handler = indices.load(&mut store, &instance)?;
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    let request = request.map(|b| b.map_err(|e| wasmtime_wasi_http::Error::InternalError(Some(e.to_string()))));
    let request = store.data_mut().http().new_incoming_request(scheme, request)?;
    let outparam = store.data_mut().http().new_response_outparam(sender)?;
    handler.call_handle(&mut store, request, outparam).await?;
    store.data().end();
    Ok(())
}

/// Drives a guest that is ended when `too_long` answers how long it may take.
async fn unless<T>(
    too_long: impl Future<Output = std::time::Duration>,
    guest: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        ended = guest => ended,
        limit = too_long => {
            let limit_ms = limit.as_millis().try_into().unwrap_or(u64::MAX);
            Err(Failure::Known(InvocationError::Deadline { limit_ms }))
        }
    }
}

/// Polls both until both are done, or one has failed for good.
async fn together<T>(
    guest: impl Future<Output = Result<(), wasmtime::Error>>,
    response: impl Future<Output = Result<T, InvocationError>>,
) -> Result<T, Failure> {
    let mut guest = pin!(guest);
    let mut response = pin!(response);
    let (mut ended, mut answered) = (false, None);
    poll_fn(|cx| {
        if !ended && let Poll::Ready(result) = guest.as_mut().poll(cx) {
            result?;
            ended = true;
        }
        if answered.is_none()
            && let Poll::Ready(result) = response.as_mut().poll(cx)
        {
            answered = Some(result.map_err(Failure::Known)?);
        }
        // A guest may go on working after it has answered, within its limits.
        match (ended, answered.take()) {
            (true, Some(answer)) => Poll::Ready(Ok(answer)),
            (_, answer) => {
                answered = answer;
                Poll::Pending
            }
        }
    })
    .await
}

/// Waits for the response and gathers its body, up to `limit` bytes.
async fn gather(receiver: oneshot::Receiver<Answer>, limit: usize) -> Result<http::Response<Bytes>, InvocationError> {
    let response = match receiver.await {
        Ok(Ok(response)) => response,
        Ok(Err(code)) => return Err(InvocationError::NoResponse(format!("it answered with the error {code:?}"))),
        Err(_) => return Err(InvocationError::NoResponse("it ended without setting a response".into())),
    };
    collect(response, limit).await
}

/// The whole response, whose body has at most `limit` bytes.
pub(crate) async fn collect<B>(
    response: http::Response<B>,
    limit: usize,
) -> Result<http::Response<Bytes>, InvocationError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let (parts, mut body) = response.into_parts();
    let too_large = || InvocationError::ResponseTooLarge { limit_kib: (limit >> 10) as u64 };
    // Most bodies are one frame, which is not copied.
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| InvocationError::NoResponse(format!("its body was not finished: {e}")))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + rest.len() + data.len() > limit {
            return Err(too_large());
        }
        if first.is_empty() && rest.is_empty() {
            first = data;
            continue;
        }
        if rest.is_empty() {
            rest.extend_from_slice(&std::mem::take(&mut first));
        }
        rest.extend_from_slice(&data);
    }
    let body = if rest.is_empty() { first } else { rest.freeze() };
    Ok(http::Response::from_parts(parts, body))
}
