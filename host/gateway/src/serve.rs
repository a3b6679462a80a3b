//! Listening: connections, their limits, and ending in order.

use crate::GatewayConfig;
use axum::Router;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower::ServiceExt;

/// Serves `router` on `listener` until `shutdown` completes; then takes no more connections, lets
/// the requests that are under way end ([`GatewayConfig::drain`] at most) and returns.
pub async fn serve(listener: TcpListener, router: Router, config: GatewayConfig, shutdown: impl Future<Output = ()>) {
    let mut shutdown = pin!(shutdown);
    let places = Arc::new(Semaphore::new(config.connections));
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &places) => accepted,
            Some(_) = open.join_next() => continue,
        };
        let Some((stream, peer, place)) = accepted else { continue };
        let (router, config, stopping) = (router.clone(), config.clone(), stopping.clone());
        open.spawn(async move {
            connection(stream, peer, router, &config, stopping).await;
            drop(place);
        });
    }
    drop(listener);
    // No receiver means that no connection is open.
    let _ = stop.send(true);
    let all_done = async { while open.join_next().await.is_some() {} };
    if tokio::time::timeout(config.drain, all_done).await.is_err() {
        tracing::warn!("requests that did not end in time are cut off");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, place)),
        Err(error) => {
            // Out of file descriptors, usually: wait until some connections have closed.
            tracing::warn!(%error, "a connection cannot be accepted");
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    config: &GatewayConfig,
    mut stopping: tokio::sync::watch::Receiver<bool>,
) {
    // Answers are written in one piece: waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    let service =
        TowerToHyperService::new(router.map_request(move |mut request: http::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request.map(axum::body::Body::new)
        }));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // Runs while a connection is idle as well.
        .header_read_timeout(config.idle_timeout)
        .max_headers(config.header_count + 20)
        .max_buf_size((config.header_limit + config.uri_limit).max(64 * 1024))
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(config.header_limit).unwrap_or(u32::MAX))
        .max_concurrent_streams(100)
        .keep_alive_interval(Some(config.idle_timeout))
        .keep_alive_timeout(Duration::from_secs(20));
    let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = &mut serving => ended,
        // Also when the sender is gone: then the server is.
        () = async { while !*stopping.borrow_and_update() && stopping.changed().await.is_ok() {} } => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended");
    }
}
