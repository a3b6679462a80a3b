//! The operators' listener: is it alive, is it ready, what does it count. It is bound apart from
//! the public one and answers nothing else.

use crate::Metrics;
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use std::sync::Arc;

/// Whether the server can do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Everything that should run does.
    Ready,
    /// It serves, but not everything: what an operator should look at. Whoever sends traffic here
    /// goes on to.
    Degraded(Vec<String>),
    /// Not yet, or no longer: what is missing.
    NotReady(Vec<String>),
}

/// The routes `/healthz` (the process answers), `/readyz` (200 with `ready`, or with `degraded` and
/// what an operator should look at; 503 with what is missing) and
/// `/metrics` (OpenMetrics text).
pub fn admin_router(metrics: Arc<Metrics>, ready: Arc<dyn Fn() -> Readiness + Send + Sync>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { text(StatusCode::OK, "ok\n".to_owned()) }))
        .route(
            "/readyz",
            get(move || async move {
                match ready() {
                    Readiness::Ready => text(StatusCode::OK, "ready\n".to_owned()),
                    Readiness::Degraded(why) => text(StatusCode::OK, format!("degraded\n{}\n", why.join("\n"))),
                    Readiness::NotReady(missing) => {
                        text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready\n{}\n", missing.join("\n")))
                    }
                }
            }),
        )
        .route(
            "/metrics",
            get(move || async move {
                let mut response = text(StatusCode::OK, metrics.encode());
                response.headers_mut().insert(
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8"),
                );
                response
            }),
        )
}

fn text(status: StatusCode, body: String) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    async fn get(ready: Readiness, path: &str) -> (StatusCode, String) {
        let router = admin_router(Arc::default(), Arc::new(move || ready.clone()));
        let response = router.oneshot(http::Request::get(path).body(axum::body::Body::empty()).unwrap()).await.unwrap();
        let status = response.status();
        (status, String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn says_what_is_missing() {
        assert_eq!(get(Readiness::Ready, "/readyz").await, (StatusCode::OK, "ready\n".into()));
        let (status, body) = get(Readiness::NotReady(vec!["tickets: failed".into()]), "/readyz").await;
        assert_eq!((status, body.contains("tickets: failed")), (StatusCode::SERVICE_UNAVAILABLE, true));
        let degraded = Readiness::Degraded(vec!["tickets has failed".into()]);
        assert_eq!(get(degraded, "/readyz").await, (StatusCode::OK, "degraded\ntickets has failed\n".into()));
        // A server that is not ready is still alive.
        assert_eq!(get(Readiness::NotReady(vec![]), "/healthz").await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn metrics_are_openmetrics_text() {
        let (status, body) = get(Readiness::Ready, "/metrics").await;
        assert_eq!(status, StatusCode::OK);
        assert!(body.contains("# TYPE yunlong_http_requests_in_flight gauge") && body.ends_with("# EOF\n"), "{body}");
    }
}
