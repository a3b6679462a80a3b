//! From where a request comes.

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use http::{HeaderMap, HeaderName};
use std::net::{IpAddr, SocketAddr};

/// The client's address in the header of a load balancer: the last one, which the balancer itself has seen. Those
/// before it are what the client says.
pub(crate) fn in_header(headers: &HeaderMap, name: &HeaderName) -> Option<IpAddr> {
    let last = headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next()?;
    last.trim().parse().ok()
}

/// Has a router that asks for [`ConnectInfo`] see the client that the load balancer's header names, rather than
/// the balancer. Without a header clients connect directly, and nobody chooses an address by one.
pub fn seen_through(header: Option<HeaderName>, router: Router) -> Router {
    let Some(name) = header else { return router };
    router.layer(from_fn(move |mut request: Request, next: Next| {
        let client = in_header(request.headers(), &name);
        if let Some(ip) = client {
            request.extensions_mut().insert(ConnectInfo(SocketAddr::new(ip, 0)));
        }
        next.run(request)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt as _;

    async fn seen(header: Option<&'static str>) -> String {
        let told = async |ConnectInfo(from): ConnectInfo<SocketAddr>| from.ip().to_string();
        let router = seen_through(header.map(HeaderName::from_static), Router::new().route("/", get(told)));
        let request = Request::get("/")
            .header("x-forwarded-for", "198.51.100.1")
            .header("x-forwarded-for", "203.0.113.9, 192.0.2.7")
            .extension(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 5_000))));
        let answer = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        String::from_utf8(axum::body::to_bytes(answer.into_body(), 100).await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn the_balancers_word_counts_where_there_is_a_balancer_and_the_clients_never_does() {
        assert_eq!(seen(Some("x-forwarded-for")).await, "192.0.2.7");
        assert_eq!(seen(None).await, "10.0.0.1");
        assert_eq!(seen(Some("x-real-ip")).await, "10.0.0.1");
    }
}
