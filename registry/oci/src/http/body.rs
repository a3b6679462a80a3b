//! Bodies of requests: they arrive in time and within their bounds, or the request ends.

use crate::error::OciError;
use crate::registry::Source;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// What is taken in after an error, so that the client reads the answer, and for how long.
const DRAIN_BYTES: usize = 8 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// A body under way.
pub(super) struct Incoming {
    /// `None` when nothing more comes.
    body: Option<Body>,
    idle: Duration,
    deadline: Instant,
}

impl Incoming {
    /// A body that may pause for `idle` and has to be there after `whole`.
    pub(super) fn new(body: Body, idle: Duration, whole: Duration) -> Self {
        Self { body: Some(body), idle, deadline: Instant::now() + whole }
    }

    /// Whether it is known that nothing comes (RFC 9112, section 6.3: a request that announces no body has none).
    pub(super) fn is_empty(&self) -> bool {
        self.body.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    /// Everything, at most `limit` bytes of it.
    pub(super) async fn all(&mut self, what: &'static str, limit: usize) -> Result<Bytes, OciError> {
        let mut all = BytesMut::new();
        while let Some(bytes) = self.next().await? {
            if all.len() + bytes.len() > limit {
                return Err(OciError::TooLarge { what, limit: limit as u64 });
            }
            all.extend_from_slice(&bytes);
        }
        Ok(all.freeze())
    }

    /// Takes in what is left, if it is little and comes soon.
    pub(super) async fn drain(&mut self) {
        let mut left = DRAIN_BYTES;
        self.deadline = self.deadline.min(Instant::now() + DRAIN_TIME);
        while let Ok(Some(bytes)) = self.next().await {
            match left.checked_sub(bytes.len()) {
                Some(less) => left = less,
                None => return,
            }
        }
    }
}

impl Source for Incoming {
    async fn next(&mut self) -> Result<Option<Bytes>, OciError> {
        let Some(body) = &mut self.body else { return Ok(None) };
        loop {
            let until = self.deadline.min(Instant::now() + self.idle);
            let error = match timeout_at(until, body.frame()).await {
                Ok(None) => {
                    self.body = None;
                    return Ok(None);
                }
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(bytes) => return Ok(Some(bytes)),
                    // Trailers say nothing here.
                    Err(_) => continue,
                },
                Ok(Some(Err(error))) => {
                    tracing::debug!(%error, "a request broke off");
                    OciError::Aborted
                }
                Err(_) => OciError::Timeout,
            };
            self.body = None;
            return Err(error);
        }
    }
}
