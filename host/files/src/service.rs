//! The service.

use crate::{FileError, TicketKey};
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::RwLock;
use yunlong_blobs::{BlobStore, ObjectBlobs, UploadId};
use yunlong_model::manifest::FileArea;
use yunlong_model::{Clock, InstallationName, Manifest};
use yunlong_sealing::Keyring;
use yunlong_store::SharedStore;

/// The files of all installations.
pub struct Files {
    pub(crate) store: SharedStore,
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keys: Arc<Keyring>,
    pub(crate) ticket_key: TicketKey,
    /// Uploads that somebody works on in this process.
    busy: Mutex<HashSet<UploadId>>,
    /// Held by whoever must not have bytes removed, as a backup does.
    pub(crate) removing: RwLock<()>,
}

/// An installation, as this service needs to know it.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// Its name.
    pub name: &'a InstallationName,
    /// What it declares.
    pub manifest: &'a Manifest,
    /// The bytes that its files may take together.
    pub quota: u64,
}

impl<'a> Owner<'a> {
    /// An area that is declared.
    ///
    /// # Errors
    /// [`FileError::Undeclared`].
    pub fn area(&self, name: &str) -> Result<&'a FileArea, FileError> {
        self.manifest.file_area(name).ok_or_else(|| FileError::Undeclared(name.chars().take(60).collect()))
    }
}

impl Files {
    /// A service. `keys` seal what is known of files; tickets are signed with `ticket_key`.
    #[must_use]
    pub fn new(
        store: SharedStore,
        blobs: Arc<dyn BlobStore>,
        clock: Arc<dyn Clock>,
        keys: Arc<Keyring>,
        ticket_key: TicketKey,
    ) -> Self {
        Self { store, blobs, clock, keys, ticket_key, busy: Mutex::default(), removing: RwLock::default() }
    }

    /// A service whose bytes are in this process's memory, for cities that are founded for a test.
    #[must_use]
    pub fn in_memory(store: SharedStore, clock: Arc<dyn Clock>, keys: Arc<Keyring>) -> Arc<Self> {
        let blobs = Arc::new(ObjectBlobs::in_memory());
        Arc::new(Self::new(store, blobs, clock, keys, TicketKey::new(rand::random())))
    }

    /// Takes an upload, so that nobody else works on it in this process.
    pub(crate) fn turn(&self, id: UploadId) -> Result<Turn<'_>, FileError> {
        if self.busy.lock().insert(id) { Ok(Turn { files: self, id }) } else { Err(FileError::Busy) }
    }
}

/// Held by whoever works on an upload.
pub(crate) struct Turn<'a> {
    files: &'a Files,
    id: UploadId,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.files.busy.lock().remove(&self.id);
    }
}
