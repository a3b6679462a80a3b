//! Where bytes come from, whatever brings them.

use async_trait::async_trait;
use bytes::Bytes;

/// Whoever sent the bytes is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut;

/// Bytes that arrive piece by piece.
#[async_trait]
pub trait Source: Send {
    /// The next bytes; `None` behind the last.
    ///
    /// # Errors
    /// [`Cut`] when no more will come although more were to.
    async fn next(&mut self) -> Result<Option<Bytes>, Cut>;
}

/// Bytes that are there as a whole.
#[derive(Debug)]
pub struct Whole(Option<Bytes>);

impl Whole {
    /// These.
    #[must_use]
    pub fn new(bytes: Bytes) -> Self {
        Self(Some(bytes))
    }
}

#[async_trait]
impl Source for Whole {
    async fn next(&mut self) -> Result<Option<Bytes>, Cut> {
        Ok(self.0.take())
    }
}
