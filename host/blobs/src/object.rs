//! Blobs in an object store: S3 and what speaks its protocol.
//!
//! An upload is a row of segments, `uploads/<id>/<offset>`: any chunk can be made durable at once,
//! while the protocol's own multi-part uploads want pieces of 5 MiB. Placing an upload copies the
//! segments to `blobs/<algorithm>/<2 digits>/<hex>.<id>` and completes that object only when the
//! digest is right. An object appears whole or not at all.

use super::{Append, BlobError, BlobStore, ByteStream, Place, Stored, UploadId};
use crate::digest::{Algorithm, Digest};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, MultipartUpload, ObjectStore, ObjectStoreExt as _, PutPayload};
use std::ops::Range;
use std::sync::Arc;

/// The largest segment, and the part in which a blob is written. S3 wants 5 MiB at least and 10,000
/// parts at most: this reaches to 80 GiB.
const PART: usize = 8 << 20;
/// The most segments of one upload: whoever sends thousands of tiny chunks cannot fill the store with
/// objects.
const MAX_SEGMENTS: usize = 20_000;

/// Blobs in an object store.
#[derive(Clone)]
pub struct ObjectBlobs {
    store: Arc<dyn ObjectStore>,
    prefix: String,
}

impl ObjectBlobs {
    /// Blobs in this process's memory, which end with it: for cities that are founded for a test.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::new(Arc::new(object_store::memory::InMemory::new()), "")
    }

    /// Blobs under `prefix` (which may be empty) of a bucket.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Self {
        let prefix = prefix.trim_matches('/');
        Self { store, prefix: if prefix.is_empty() { String::new() } else { format!("{prefix}/") } }
    }

    fn segments_of(&self, upload: UploadId) -> Path {
        Path::from(format!("{}uploads/{upload}", self.prefix))
    }

    fn segment(&self, upload: UploadId, offset: u64) -> Path {
        // Twenty digits hold every offset, so that names sort by offset.
        Path::from(format!("{}uploads/{upload}/{offset:020}", self.prefix))
    }

    fn blob(&self, place: &Place) -> Path {
        Path::from(format!("{}blobs/{}", self.prefix, place.path()))
    }

    /// The segments by offset, with their lengths.
    async fn segments(&self, upload: UploadId) -> Result<Vec<(u64, u64)>, BlobError> {
        let mut found = Vec::new();
        let mut listed = self.store.list(Some(&self.segments_of(upload)));
        while let Some(meta) = listed.try_next().await.map_err(BlobError::io)? {
            if let Some(offset) = meta.location.filename().and_then(|n| n.parse().ok()) {
                found.push((offset, meta.size));
            }
            if found.len() > MAX_SEGMENTS {
                return Err(BlobError::io("the upload has too many chunks: send larger ones"));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    async fn delete(&self, path: &Path) -> Result<(), BlobError> {
        match self.store.delete(path).await {
            Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
            Err(e) => Err(BlobError::io(e)),
        }
    }
}

/// The segments that make up the first `length` bytes without a gap.
fn leading(segments: &[(u64, u64)], length: u64) -> Result<Vec<(u64, u64)>, BlobError> {
    let mut reached = 0;
    let mut out = Vec::new();
    for &(offset, size) in segments {
        if reached == length || offset != reached {
            break;
        }
        reached += size;
        out.push((offset, size));
    }
    if reached == length { Ok(out) } else { Err(BlobError::Lost { wanted: length, found: reached.min(length) }) }
}

struct ObjectAppend {
    blobs: ObjectBlobs,
    upload: UploadId,
    /// What is stored.
    length: u64,
    segments: usize,
    gathered: BytesMut,
}

impl ObjectAppend {
    async fn put(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.segments += 1;
        if self.segments > MAX_SEGMENTS {
            return Err(BlobError::io("the upload has too many chunks: send larger ones"));
        }
        let size = bytes.len() as u64;
        let path = self.blobs.segment(self.upload, self.length);
        self.blobs.store.put(&path, PutPayload::from_bytes(bytes)).await.map_err(BlobError::io)?;
        self.length += size;
        Ok(())
    }
}

#[async_trait]
impl Append for ObjectAppend {
    async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.gathered.extend_from_slice(&bytes);
        while self.gathered.len() >= PART {
            let part = self.gathered.split_to(PART).freeze();
            self.put(part).await?;
        }
        Ok(())
    }

    async fn sync(&mut self) -> Result<u64, BlobError> {
        if !self.gathered.is_empty() {
            let rest = self.gathered.split().freeze();
            self.put(rest).await?;
        }
        Ok(self.length)
    }
}

/// Writes one object in parts, or at once when it is small; it appears when [`Writer::finish`] is done.
struct Writer<'a> {
    store: &'a dyn ObjectStore,
    path: Path,
    parts: Option<Box<dyn MultipartUpload>>,
    gathered: BytesMut,
}

impl Writer<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), object_store::Error> {
        self.gathered.extend_from_slice(bytes);
        while self.gathered.len() >= PART {
            let part = self.gathered.split_to(PART).freeze();
            self.part(part).await?;
        }
        Ok(())
    }

    async fn part(&mut self, part: Bytes) -> Result<(), object_store::Error> {
        let parts = match &mut self.parts {
            Some(parts) => parts,
            none => none.insert(self.store.put_multipart(&self.path).await?),
        };
        parts.put_part(PutPayload::from_bytes(part)).await
    }

    async fn finish(mut self) -> Result<(), object_store::Error> {
        let rest = self.gathered.split().freeze();
        if self.parts.is_none() {
            self.store.put(&self.path, PutPayload::from_bytes(rest)).await?;
            return Ok(());
        }
        if !rest.is_empty() {
            self.part(rest).await?;
        }
        if let Some(parts) = &mut self.parts {
            parts.complete().await?;
        }
        Ok(())
    }

    async fn abort(mut self) {
        if let Some(parts) = &mut self.parts
            && let Err(error) = parts.abort().await
        {
            tracing::warn!(%error, path = %self.path, "an unfinished object cannot be taken back");
        }
    }
}

#[async_trait]
impl BlobStore for ObjectBlobs {
    async fn append(&self, upload: UploadId, at: u64, _algorithm: Algorithm) -> Result<Box<dyn Append>, BlobError> {
        let found = self.segments(upload).await?;
        let kept = leading(&found, at)?;
        for &(offset, _) in found.iter().filter(|(offset, _)| *offset >= at) {
            self.delete(&self.segment(upload, offset)).await?;
        }
        let segments = kept.len();
        Ok(Box::new(ObjectAppend { blobs: self.clone(), upload, length: at, segments, gathered: BytesMut::new() }))
    }

    async fn place(&self, upload: UploadId, length: u64, digest: &Digest) -> Result<(), BlobError> {
        let place = Place { digest: digest.clone(), upload };
        let path = self.blob(&place);
        let segments = match leading(&self.segments(upload).await?, length) {
            Err(lost) => {
                // Placed before, and its segments discarded?
                let there = self.store.head(&path).await.is_ok_and(|m| m.size == length);
                return if there { Ok(()) } else { Err(lost) };
            }
            Ok(segments) => segments,
        };
        let mut hasher = digest.algorithm().hasher();
        let mut writer = Writer { store: &*self.store, path, parts: None, gathered: BytesMut::new() };
        let copy = async || {
            for (offset, _) in segments {
                let segment = self.store.get(&self.segment(upload, offset)).await?;
                let mut bytes = segment.into_stream();
                while let Some(bytes) = bytes.try_next().await? {
                    hasher.update(&bytes);
                    writer.write(&bytes).await?;
                }
            }
            Ok::<_, object_store::Error>(())
        };
        let copied = copy().await;
        if let Err(e) = copied {
            writer.abort().await;
            return Err(BlobError::io(e));
        }
        let found = hasher.finish();
        if found != *digest {
            writer.abort().await;
            return Err(BlobError::Digest { found });
        }
        writer.finish().await.map_err(BlobError::io)
    }

    async fn discard(&self, upload: UploadId) -> Result<(), BlobError> {
        let mut listed = self.store.list(Some(&self.segments_of(upload)));
        while let Some(meta) = listed.try_next().await.map_err(BlobError::io)? {
            self.delete(&meta.location).await?;
        }
        Ok(())
    }

    async fn read(&self, place: &Place, size: u64, range: Range<u64>) -> Result<ByteStream, BlobError> {
        if size == 0 || range.is_empty() {
            return Ok(stream::empty().boxed());
        }
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        match self.store.get_opts(&self.blob(place), options).await {
            Ok(found) if found.meta.size != size => Err(BlobError::Damaged(place.digest.clone())),
            Ok(found) => Ok(found.into_stream().map_err(BlobError::io).boxed()),
            Err(object_store::Error::NotFound { .. }) => Err(BlobError::Missing),
            Err(e) => Err(BlobError::io(e)),
        }
    }

    async fn remove(&self, place: &Place) -> Result<(), BlobError> {
        self.delete(&self.blob(place)).await
    }

    fn list(&self) -> BoxStream<'static, Result<Stored, BlobError>> {
        let root = (!self.prefix.is_empty()).then(|| Path::from(&*self.prefix));
        let prefix = self.prefix.clone();
        let mut last = None;
        self.store
            .list(root.as_ref())
            .try_filter_map(move |meta| {
                let stored = stored(meta.location.as_ref().strip_prefix(&*prefix).unwrap_or_default());
                // The segments of an upload follow each other in most stores: say each once.
                let new = stored.filter(|s| last.as_ref() != Some(s));
                last = new.clone().or_else(|| last.take());
                futures::future::ready(Ok(new))
            })
            .map_err(BlobError::io)
            .boxed()
    }
}

fn stored(path: &str) -> Option<Stored> {
    let parts: Vec<_> = path.split('/').collect();
    match parts[..] {
        ["uploads", upload, _] => Some(Stored::Upload(upload.parse().ok()?)),
        ["blobs", algorithm, _, file] => Place::from_path(algorithm, file).map(Stored::Blob),
        _ => None,
    }
}
