//! The app that is tested: its manifest and its component.

use crate::WorkbenchError;
use bytes::Bytes;
use std::path::Path;
use std::sync::Arc;
use yunlong_model::{Digest, Manifest};

/// An app, as it would be packaged.
#[derive(Clone)]
pub struct App {
    /// Its `app.toml`.
    pub manifest: Arc<Manifest>,
    /// Its component.
    pub component: Bytes,
    /// The component's digest.
    pub digest: Digest,
}

impl App {
    /// Reads `app.toml` of a folder, and the component from its own file.
    ///
    /// # Errors
    /// [`WorkbenchError::Io`], [`WorkbenchError::Manifest`].
    pub fn read(folder: &Path, component: &Path) -> Result<Self, WorkbenchError> {
        let toml = folder.join("app.toml");
        let text = std::fs::read_to_string(&toml).map_err(WorkbenchError::io(toml.display()))?;
        let manifest = Manifest::parse(&text).map_err(|e| WorkbenchError::Manifest(e.to_string()))?;
        let component: Bytes = std::fs::read(component).map_err(WorkbenchError::io(component.display()))?.into();
        Ok(Self { manifest: Arc::new(manifest), digest: Digest::of(&component), component })
    }
}
