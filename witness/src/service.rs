//! The witness over HTTP.

use crate::witness::{Refusal, Witness};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// A checkpoint with sixteen large signatures and 63 hashes is smaller.
const LARGEST: usize = 128 * 1024;
/// A body must arrive within this time.
const ARRIVES: Duration = Duration::from_secs(10);
/// Requests at once; each holds a thread while it writes.
const AT_ONCE: usize = 64;

#[derive(Clone)]
struct Service {
    witness: Arc<Witness>,
    places: Arc<Semaphore>,
}

/// The routes of C2SP tlog-witness: `add-checkpoint`, and the newest checkpoint of each log for
/// monitors.
pub fn router(witness: Arc<Witness>) -> Router {
    let service = Service { witness, places: Arc::new(Semaphore::new(AT_ONCE)) };
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{hash}/checkpoint", get(newest))
        .with_state(service)
}

/// Serves until `stop` completes; requests under way are answered.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    witness: Arc<Witness>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(witness)).with_graceful_shutdown(stop).await
}

fn text(status: StatusCode, kind: &'static str, body: String) -> Response {
    let kind = HeaderValue::from_static(kind);
    (status, [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], body)
        .into_response()
}

fn plain(status: StatusCode, body: String) -> Response {
    text(status, "text/plain; charset=utf-8", body)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Malformed(_) | Self::OldLarger { .. } => StatusCode::BAD_REQUEST,
            Self::UnknownLog => StatusCode::NOT_FOUND,
            Self::Unsigned(_) => StatusCode::FORBIDDEN,
            Self::Conflict(size) => return text(StatusCode::CONFLICT, "text/x.tlog.size", format!("{size}\n")),
            Self::Inconsistent(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Memory(error) => {
                tracing::error!(%error, "a checkpoint was not cosigned");
                return plain(StatusCode::INTERNAL_SERVER_ERROR, "the witness cannot remember it now\n".into());
            }
        };
        plain(status, format!("{self}\n"))
    }
}

async fn add_checkpoint(State(service): State<Service>, body: Body) -> Response {
    let Ok(_place) = service.places.clone().try_acquire_owned() else {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "too many requests at once\n".into());
    };
    let body = match tokio::time::timeout(ARRIVES, to_bytes(body, LARGEST)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return plain(StatusCode::PAYLOAD_TOO_LARGE, format!("at most {LARGEST} bytes\n")),
        Err(_) => return plain(StatusCode::REQUEST_TIMEOUT, "the body took too long\n".into()),
    };
    let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |t| t.as_secs());
    let witness = service.witness.clone();
    match tokio::task::spawn_blocking(move || witness.add_checkpoint(&body, time)).await {
        Ok(Ok(line)) => plain(StatusCode::OK, line),
        Ok(Err(refusal)) => refusal.into_response(),
        Err(error) => {
            tracing::error!(%error, "a checkpoint was not cosigned");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "the witness failed\n".into())
        }
    }
}

async fn newest(State(service): State<Service>, Path(hash): Path<String>) -> Response {
    let witness = service.witness.clone();
    match tokio::task::spawn_blocking(move || witness.newest(&hash)).await {
        Ok(Ok(Some(note))) => plain(StatusCode::OK, note),
        Ok(Ok(None)) => plain(StatusCode::NOT_FOUND, "no checkpoint of such a log was cosigned here\n".into()),
        Ok(Err(error)) => Refusal::from(error).into_response(),
        Err(error) => {
            tracing::error!(%error, "a checkpoint cannot be shown");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "the witness failed\n".into())
        }
    }
}
