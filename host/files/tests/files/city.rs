//! A store and a place for bytes, with one installation.

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt as _;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use yunlong_blobs::{BlobStore, FolderBlobs, ObjectBlobs, Stored, UploadId};
use yunlong_files::{Cut, File, FileError, Files, NewUpload, Owner, Piece, Received, Source, TicketKey, Whole};
use yunlong_model::clock::ManualClock;
use yunlong_model::{InstallationName, Manifest, Timestamp};
use yunlong_sealing::{Algorithm, DataKey, Keyring};
use yunlong_store::SharedStore;
use yunlong_store::memory::MemoryStore;

pub(crate) const LI_HUA: &str = "p-li-hua";
pub(crate) const WANG: &str = "p-wang";
const MANIFEST: &str = r#"
    name = "potholes"
    version = "1.0.0"
    vendor = "v"
    title = { zh = "随手拍", en = "Potholes" }
    description = { zh = "随手拍", en = "Potholes" }
    [[files]]
    name = "photos"
    title = { zh = "现场照片", en = "Photographs" }
    accept = ["image/*", "application/pdf"]
    max_mib = 20
    [[files]]
    name = "papers"
    title = { zh = "证件", en = "Papers" }
    accept = ["*/*"]
    max_mib = 20
    [files.personal]
    on_erasure = "delete"
"#;
/// What a PNG begins with.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

/// Bytes that begin like a picture.
pub(crate) fn picture(size: usize) -> Vec<u8> {
    let noise = (PNG.len()..size).map(|i| u8::try_from(i.wrapping_mul(2_654_435_761) >> 13 & 0xFF).unwrap());
    PNG.iter().copied().chain(noise).take(size).collect()
}

pub(crate) struct City {
    pub(crate) store: SharedStore,
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) clock: ManualClock,
    pub(crate) keys: Arc<Keyring>,
    /// The text of the key.
    pub(crate) key: String,
    pub(crate) files: Arc<Files>,
    pub(crate) name: InstallationName,
    pub(crate) manifest: Manifest,
    pub(crate) quota: u64,
}

impl City {
    pub(crate) fn over(blobs: Arc<dyn BlobStore>) -> Self {
        let store: SharedStore = Arc::new(MemoryStore::new());
        let key = DataKey::generate(Algorithm::Aes256Gcm).unwrap().to_string();
        let keys = Arc::new(Keyring::new(DataKey::from_file(&key).unwrap(), vec![]));
        let clock = ManualClock::new(Timestamp(1_790_000_000_000));
        let files = service(&store, &blobs, &clock, &keys);
        let (name, manifest) = ("potholes".parse().unwrap(), Manifest::parse(MANIFEST).unwrap());
        Self { store, blobs, clock, keys, key, files, name, manifest, quota: 100 << 20 }
    }

    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self::over(Arc::new(FolderBlobs::open(folder).unwrap()))
    }

    pub(crate) fn in_memory() -> Self {
        Self::over(Arc::new(ObjectBlobs::in_memory()))
    }

    /// As a server that was killed and started again: the same store, and the folder as it lies.
    pub(crate) fn restarted(self, folder: &Path) -> Self {
        let blobs: Arc<dyn BlobStore> = Arc::new(FolderBlobs::open(folder).unwrap());
        let files = service(&self.store, &blobs, &self.clock, &self.keys);
        Self { blobs, files, ..self }
    }

    pub(crate) fn owner(&self) -> Owner<'_> {
        Owner { name: &self.name, manifest: &self.manifest, quota: self.quota }
    }

    pub(crate) async fn begin(&self, area: &str, length: Option<u64>) -> Result<UploadId, FileError> {
        self.begin_as(LI_HUA, area, length).await
    }

    pub(crate) async fn begin_as(&self, who: &str, area: &str, length: Option<u64>) -> Result<UploadId, FileError> {
        let new = NewUpload {
            area: area.into(),
            name: "坑洼.png".into(),
            uploader: Some(who.into()),
            max_bytes: u64::MAX,
            accept: vec![],
            length,
        };
        self.files.begin(self.owner(), new).await
    }

    pub(crate) async fn send(&self, id: UploadId, at: u64, bytes: &[u8]) -> Result<Received, FileError> {
        let piece = Piece { at, checksum: None, last: false };
        self.files.receive(&self.name, id, piece, &mut Whole::new(Bytes::copy_from_slice(bytes))).await
    }

    /// Sends bytes and is cut off behind them.
    pub(crate) async fn cut(&self, id: UploadId, at: u64, bytes: &[u8]) {
        let mut source = Breaking(bytes.chunks(50_001).map(Bytes::copy_from_slice).rev().collect());
        let piece = Piece { at, checksum: None, last: false };
        let refused = self.files.receive(&self.name, id, piece, &mut source).await;
        assert!(matches!(refused, Err(FileError::Cut)), "{refused:?}");
    }

    pub(crate) async fn upload(&self, area: &str, bytes: &[u8]) -> Result<File, FileError> {
        self.upload_as(LI_HUA, area, bytes).await
    }

    pub(crate) async fn upload_as(&self, who: &str, area: &str, bytes: &[u8]) -> Result<File, FileError> {
        let id = self.begin_as(who, area, Some(bytes.len() as u64)).await?;
        Ok(self.send(id, 0, bytes).await?.file.unwrap())
    }

    pub(crate) async fn read(&self, id: UploadId) -> Vec<u8> {
        let content = self.files.open(&self.name, id).await.unwrap();
        let stream = content.read(0..u64::MAX).await.unwrap();
        stream.try_collect::<Vec<Bytes>>().await.unwrap().concat()
    }

    pub(crate) async fn stored(&self) -> BTreeSet<Stored> {
        self.blobs.list().try_collect().await.unwrap()
    }
}

fn service(store: &SharedStore, blobs: &Arc<dyn BlobStore>, clock: &ManualClock, keys: &Arc<Keyring>) -> Arc<Files> {
    let clock = Arc::new(clock.clone());
    Arc::new(Files::new(store.clone(), blobs.clone(), clock, keys.clone(), TicketKey::new([5; 32])))
}

/// Pieces, the first one last, and then nobody.
struct Breaking(Vec<Bytes>);

#[async_trait]
impl Source for Breaking {
    async fn next(&mut self) -> Result<Option<Bytes>, Cut> {
        self.0.pop().map(Some).ok_or(Cut)
    }
}
