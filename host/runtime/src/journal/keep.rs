//! What is kept of a request that failed, and who keeps it.

use super::file::{self, Asker, Head, Journal, Request};
use super::{Data, Tape};
use crate::engine::Profile;
use crate::error::InvocationError;
use crate::interceptor::Interceptor;
use crate::runtime::{Loaded, Runtime};
use crate::state::Invocation;
use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use std::pin::pin;
use std::sync::Arc;
use yunlong_installations::{Installation, Level};
use yunlong_model::{InstallationName, Presentation, Principal, Timestamp};

/// The largest body of an answer that is kept whole.
const ANSWER: usize = 256 << 10;

/// Who wants journals of requests that failed.
pub trait Journals: Send + Sync + 'static {
    /// Whether the calls of this installation's requests are written down. Asked before each: must not wait.
    fn wanted(&self, installation: &InstallationName) -> bool;

    /// Keeps the journal of a request that failed. It holds what the app was told, personal data and derived keys
    /// among it. Called on the task that serves the request: must not wait.
    fn keep(&self, journal: Journal);
}

/// A request whose calls are written down.
pub(crate) struct Recording {
    installation: Arc<Installation>,
    request: Request,
    asker: Asker,
    at: Timestamp,
}

impl Asker {
    fn of(principal: &Principal, presentation: Presentation) -> Self {
        Self {
            subject: principal.subject.clone(),
            kind: principal.kind,
            assurance: principal.assurance,
            roles: principal.roles.clone(),
            organization: principal.organization.clone(),
            lang: presentation.lang,
            elder: presentation.elder,
        }
    }

    /// The principal of a replay. Nothing asks who it is: the journal answers for it.
    pub(super) fn principal(&self) -> (Principal, Presentation) {
        let principal = Principal {
            subject: self.subject.clone(),
            account: None,
            kind: self.kind,
            assurance: self.assurance,
            roles: self.roles.clone(),
            organization: self.organization.clone(),
            acting_for: None,
        };
        (principal, Presentation { lang: self.lang, elder: self.elder })
    }
}

impl Runtime {
    /// Whether requests of this release are written down.
    pub(crate) fn records(&self, loaded: &Loaded) -> bool {
        // In an engine of WASI 0.3 calls may interleave: a journal has them in one order.
        let one_at_a_time = loaded.handler.is_some() && loaded.profile() != Profile::Concurrent;
        one_at_a_time && self.config().journals.as_ref().is_some_and(|j| j.wanted(&loaded.name))
    }

    /// Begins to write a request down.
    pub(crate) fn recording(&self, invocation: &Invocation, request: &http::Request<Bytes>) -> Recording {
        Recording {
            installation: invocation.installation.clone(),
            request: Request::of(request),
            asker: Asker::of(&invocation.principal, invocation.presentation),
            at: self.services().clock.now(),
        }
    }
}

impl Recording {
    /// What its calls are written on.
    pub(crate) fn tape(&self, limit: usize) -> Tape {
        let headers: usize = self.request.headers.iter().map(|(name, value)| name.len() + value.0.len()).sum();
        Tape::record(limit, self.request.target.len() + headers + self.request.body.0.len())
    }

    /// The request has ended. Of one that failed the journal is kept.
    pub(crate) fn end(
        self,
        runtime: &Runtime,
        loaded: &Loaded,
        interceptor: &Interceptor,
        ended: &Result<http::Response<Bytes>, InvocationError>,
    ) {
        let (Some(tape), Some(journals)) = (&interceptor.tape, &runtime.config().journals) else { return };
        if !failed(ended) || interceptor.was_memory_short() {
            return;
        }
        let Some(calls) = tape.calls() else {
            let limit = runtime.config().journal_limit >> 10;
            let text = format!("the journal of this request is larger than {limit} KiB and is not kept");
            runtime.services().log.append(&loaded.name, Level::Warn, &text, Some(&interceptor.request_id));
            return;
        };
        let (told, i) = (tape.told(), &self.installation);
        let head = Head {
            format: Head::FORMAT,
            installation: i.name.clone(),
            version: i.version.clone(),
            component: loaded.digest(),
            package: i.package_digest,
            host: env!("CARGO_PKG_VERSION").to_owned(),
            profile: loaded.profile().name().to_owned(),
            request_id: interceptor.request_id.clone(),
            at: self.at,
            scheme: runtime.services().origins.scheme().to_owned(),
            manifest: (*i.manifest).clone(),
        };
        let end = super::end(ended, told.backtrace, ANSWER);
        journals.keep(Journal { head, request: self.request, asker: self.asker, calls, log: told.log, end });
    }
}

/// Whether the app had its try and failed.
fn failed(ended: &Result<http::Response<Bytes>, InvocationError>) -> bool {
    use InvocationError as E;
    match ended {
        Ok(response) => response.status().is_server_error(),
        Err(E::NotLoaded(_) | E::NotExported(_) | E::Overloaded(_) | E::BadRequest(_)) => false,
        Err(_) => true,
    }
}

/// A request with its whole body in one piece, as a replay has it too.
///
/// # Errors
/// [`InvocationError::BadRequest`] when the body does not arrive.
pub(crate) async fn one_piece<B>(request: http::Request<B>) -> Result<http::Request<Bytes>, InvocationError>
where
    B: Body<Data = Bytes> + Send,
    B::Error: std::fmt::Display,
{
    let (parts, body) = request.into_parts();
    let mut body = pin!(body);
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| InvocationError::BadRequest(format!("its body did not arrive: {e}")))?;
        if let Ok(data) = frame.into_data() {
            whole.extend_from_slice(&data);
        }
    }
    Ok(http::Request::from_parts(parts, whole.freeze()))
}

impl Request {
    /// Of a request whose body is there.
    fn of(request: &http::Request<Bytes>) -> Self {
        Self {
            method: request.method().as_str().to_owned(),
            target: request.uri().to_string(),
            headers: file::headers(request.headers()),
            body: Data(request.body().to_vec()),
        }
    }

    /// The request again.
    ///
    /// # Errors
    /// In words, when the file holds no HTTP.
    pub(super) fn again(&self) -> Result<http::Request<Full<Bytes>>, String> {
        let mut request = http::Request::builder().method(self.method.as_str()).uri(self.target.as_str());
        for (name, value) in &self.headers {
            request = request.header(name.as_str(), value.0.as_slice());
        }
        request.body(Full::new(Bytes::from(self.body.0.clone()))).map_err(|e| e.to_string())
    }
}
