//! The protocol (distribution-spec, "API"): from requests to the registry and back.

mod answer;
mod auth;
mod blobs;
mod body;
mod clients;
mod listing;
mod manifests;
mod range;
mod route;
mod token;
mod uploads;
mod well_known;

pub(crate) use clients::Clients;

use crate::access::Action;
use crate::error::OciError;
use crate::registry::{Inner, Registry};
use answer::{Answer, refuse};
use auth::Caller;
use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use axum::routing::any;
use body::Incoming;
use http::{HeaderMap, Method, header};
use route::{Endpoint, Query, Route};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

impl Registry {
    /// The protocol, for an origin of its own: `/v2/`, `/token` and
    /// `/.well-known/wasm-pkg/registry.json`. Requests should carry a
    /// [`ConnectInfo`] with the client's address, as [`serve`](crate::serve::serve) adds it.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/v2", any(protocol))
            .route("/v2/", any(protocol))
            .route("/v2/{*path}", any(protocol))
            .route("/token", any(token::token))
            .route("/.well-known/wasm-pkg/registry.json", any(well_known::wasm_pkg))
            .fallback(async |State(registry): State<Registry>| refuse(&registry.0, &OciError::NoEndpoint))
            .with_state(self.clone())
    }
}

/// A request of the protocol, by whom, to what.
struct Ask<'a> {
    inner: &'a Arc<Inner>,
    method: Method,
    headers: HeaderMap,
    query: Query,
    caller: Caller,
    client: Option<IpAddr>,
}

impl Ask<'_> {
    /// The value of a header that may stand there once.
    fn header(&self, name: impl header::AsHeaderName) -> Result<Option<&str>, OciError> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().map(Some).map_err(|_| OciError::Parameter("header")),
            (Some(_), Some(_)) => Err(OciError::Parameter("header")),
        }
    }

    /// The announced length of the body.
    fn content_length(&self) -> Result<Option<u64>, OciError> {
        let value = self.header(header::CONTENT_LENGTH)?;
        value.map(|v| v.parse().map_err(|_| OciError::UploadInvalid("Content-Length"))).transpose()
    }

    /// A place among the transfers of this client, which is held until it is dropped.
    fn transfer(&self) -> Result<clients::Seat, OciError> {
        let client = match (&self.caller.account, self.client) {
            (Some(account), _) => format!("account {}", account.name),
            (None, Some(ip)) => format!("address {}", clients::network(ip)),
            (None, None) => String::new(),
        };
        self.inner.clients.enter(client)
    }
}

async fn protocol(State(registry): State<Registry>, request: Request) -> Response {
    let client = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
    let (parts, body) = request.into_parts();
    let limits = &registry.0.config.limits;
    let mut body = Incoming::new(body, limits.idle, limits.request);
    match answer(&registry.0, parts, client, &mut body).await {
        Ok(answer) => answer,
        Err(error) => {
            // A client that is still sending would not see the answer: take in what is nearly there.
            body.drain().await;
            refuse(&registry.0, &error)
        }
    }
}

async fn answer(
    inner: &Arc<Inner>,
    parts: http::request::Parts,
    client: Option<IpAddr>,
    body: &mut Incoming,
) -> Answer {
    let Route { repository, endpoint } = Route::parse(parts.uri.path())?;
    let caller = auth::caller(inner, &parts.headers, client).await?;
    let query = Query::parse(parts.uri.query())?;
    let ask = Ask { inner, method: parts.method, headers: parts.headers, query, caller, client };
    let Some(name) = repository else {
        return match endpoint {
            Endpoint::Catalog => listing::catalog(&ask).await,
            _ => auth::base(&ask),
        };
    };
    let action = endpoint.action(&ask.method)?;
    let ask_for = match endpoint {
        // Whoever asks whether a blob is there wants to push it; some clients (the `oras` SDK) ask for a
        // token once, by this first refusal.
        Endpoint::Blob(_) if ask.method == Method::HEAD => Action::Push,
        _ => action,
    };
    ask.caller.authorize(inner, &name, action, ask_for).await?;
    match endpoint {
        Endpoint::Blob(digest) => blobs::blob(&ask, &name, &digest).await,
        Endpoint::Uploads => uploads::open(&ask, &name, body).await,
        Endpoint::Upload(id) => uploads::upload(&ask, &name, &id, body).await,
        Endpoint::Manifest(reference) => manifests::manifest(&ask, &name, &reference, body).await,
        Endpoint::Tags => listing::tags(&ask, &name).await,
        Endpoint::Referrers(digest) => listing::referrers(&ask, &name, &digest).await,
        Endpoint::Base | Endpoint::Catalog => Err(OciError::NoEndpoint),
    }
}
