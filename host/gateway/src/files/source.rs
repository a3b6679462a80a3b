//! Bytes of a request on their way into a file. Whoever sends nothing for a while has gone; what they sent is kept.

use crate::GatewayConfig;
use async_trait::async_trait;
use axum::body::Body;
use axum::extract::multipart::Field;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use yunlong_files::{Cut, Source};

/// How long the next bytes are waited for, and all of them.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    pause: Duration,
    end: Instant,
}

impl Patience {
    pub(super) fn new(config: &GatewayConfig) -> Self {
        Self { pause: config.idle_timeout, end: Instant::now() + config.upload_timeout }
    }

    /// When what does not arrive is given up.
    pub(super) fn until(self) -> Instant {
        self.end.min(Instant::now() + self.pause)
    }
}

/// A request's body.
pub(super) struct BodySource {
    pub(super) body: Body,
    pub(super) patience: Patience,
}

#[async_trait]
impl Source for BodySource {
    async fn next(&mut self) -> Result<Option<Bytes>, Cut> {
        loop {
            let frame = timeout_at(self.patience.until(), self.body.frame()).await.map_err(|_| Cut)?;
            match frame {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
                Some(Err(_)) => return Err(Cut),
            }
        }
    }
}

/// A field of a form.
pub(super) struct FieldSource<'a> {
    pub(super) field: Field<'a>,
    pub(super) patience: Patience,
}

#[async_trait]
impl Source for FieldSource<'_> {
    async fn next(&mut self) -> Result<Option<Bytes>, Cut> {
        timeout_at(self.patience.until(), self.field.chunk()).await.map_err(|_| Cut)?.map_err(|_| Cut)
    }
}
