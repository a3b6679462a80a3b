//! Listening: connections and their limits. For a registry that has a port of its own, alone or beside
//! the platform's.

use axum::Router;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt as _;

/// Bounds of connections.
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    /// How many may be open.
    pub most: usize,
    /// How long the headers of a request may take, and a connection may be idle.
    pub headers: Duration,
    /// How long a client may leave an answer unread.
    pub unread: Duration,
    /// How long requests that are under way may go on after the end was asked for.
    pub drain: Duration,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            most: 1_024,
            headers: Duration::from_secs(30),
            unread: Duration::from_secs(60),
            drain: Duration::from_secs(20),
        }
    }
}

/// Serves `router` until `stop` completes; then takes no more connections, lets the requests that are
/// under way end, and returns.
pub async fn serve(listener: TcpListener, router: Router, limits: Connections, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    let places = Arc::new(Semaphore::new(limits.most));
    let (stopping, stopped) = watch::channel(false);
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &places) => accepted,
            Some(_) = open.join_next() => continue,
        };
        let Some((stream, peer, place)) = accepted else { continue };
        let (router, stopped) = (router.clone(), stopped.clone());
        open.spawn(async move {
            connection(stream, peer, router, limits, stopped).await;
            drop(place);
        });
    }
    drop(listener);
    // No receiver means that no connection is open.
    let _ = stopping.send(true);
    let all_done = async { while open.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.drain, all_done).await.is_err() {
        tracing::warn!("requests that did not end in time are cut off");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
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
    limits: Connections,
    mut stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    // Reading is bounded where bodies are received; who does not read is noticed here.
    let mut stream = Box::pin(TimeoutStream::new(stream));
    stream.as_mut().set_write_timeout_pinned(Some(limits.unread));
    let service =
        TowerToHyperService::new(router.map_request(move |mut request: http::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request.map(axum::body::Body::new)
        }));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.headers).keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .keep_alive_interval(Some(limits.headers))
        .keep_alive_timeout(Duration::from_secs(20));
    let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = &mut serving => ended,
        // Also when the sender is gone: then the server is.
        () = async { while !*stopped.borrow_and_update() && stopped.changed().await.is_ok() {} } => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended");
    }
}
