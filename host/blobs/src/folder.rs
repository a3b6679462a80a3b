//! Blobs in a folder. It is opened once as a capability (cap-std): no name can lead out of it.
//!
//! `uploads/<id>` grows; placing it is fsync, rename to `blobs/<algorithm>/<2 digits>/<hex>.<id>`, and
//! fsync of both folders. One process uses the folder at a time.

use super::{Append, BlobError, BlobStore, ByteStream, Place, Stored, UploadId};
use crate::digest::{Algorithm, Digest, Hasher};
use async_trait::async_trait;
use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

/// Bytes that are gathered before a thread that may block is asked to hash and write them.
const GATHER: usize = 1 << 20;
/// The piece in which blobs are read.
const PIECE: usize = 256 << 10;

/// Blobs in a folder.
#[derive(Clone)]
pub struct FolderBlobs(Arc<Inner>);

struct Inner {
    uploads: Dir,
    blobs: Dir,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Uploads that a request works on.
    busy: HashSet<UploadId>,
    /// The hash of the first so many bytes of an upload. It is lost with the process, and computed
    /// anew from the file then.
    hashed: HashMap<UploadId, (u64, Hasher)>,
}

/// Held by whoever works on an upload. Threads that write hold it as well, so that a request that was
/// given up cannot write into the file of the one that follows.
struct Turn {
    inner: Arc<Inner>,
    upload: UploadId,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.inner.state.lock().busy.remove(&self.upload);
    }
}

impl FolderBlobs {
    /// Opens the folder; makes it when it is not there.
    ///
    /// # Errors
    /// [`BlobError::Io`].
    pub fn open(path: &Path) -> Result<Self, BlobError> {
        let open = || -> io::Result<Inner> {
            std::fs::create_dir_all(path)?;
            let root = Dir::open_ambient_dir(path, ambient_authority())?;
            root.create_dir_all("uploads")?;
            root.create_dir_all("blobs")?;
            sync_dir(&root)?;
            Ok(Inner { uploads: root.open_dir("uploads")?, blobs: root.open_dir("blobs")?, state: Mutex::default() })
        };
        Ok(Self(Arc::new(open().map_err(|e| BlobError::Io(format!("{}: {e}", path.display())))?)))
    }

    fn turn(&self, upload: UploadId) -> Result<Arc<Turn>, BlobError> {
        if self.0.state.lock().busy.insert(upload) {
            Ok(Arc::new(Turn { inner: self.0.clone(), upload }))
        } else {
            Err(BlobError::Busy)
        }
    }

    /// Does something where blocking is allowed, while `turn` is held.
    async fn blocking<T: Send + 'static>(
        &self,
        turn: Option<Arc<Turn>>,
        f: impl FnOnce(&Inner) -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        let inner = self.0.clone();
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            f(&inner)
        })
        .await
        .map_err(BlobError::io)?
    }
}

/// Makes the names in a folder durable.
fn sync_dir(dir: &Dir) -> io::Result<()> {
    dir.open(".")?.sync_all()
}

fn is_missing(e: &io::Error) -> bool {
    e.kind() == io::ErrorKind::NotFound
}

impl Inner {
    fn open_upload(&self, upload: UploadId, at: u64) -> Result<File, BlobError> {
        let name = upload.to_string();
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let mut file = match self.uploads.open_with(&name, &options) {
            Ok(file) => file,
            Err(e) if is_missing(&e) && at == 0 => {
                let file = self.uploads.open_with(&name, options.create_new(true)).map_err(BlobError::io)?;
                sync_dir(&self.uploads).map_err(BlobError::io)?;
                file
            }
            Err(e) if is_missing(&e) => return Err(BlobError::Lost { wanted: at, found: 0 }),
            Err(e) => return Err(BlobError::io(e)),
        };
        let found = file.metadata().map_err(BlobError::io)?.len();
        if found < at {
            return Err(BlobError::Lost { wanted: at, found });
        }
        file.set_len(at).and_then(|()| file.seek(SeekFrom::Start(at))).map_err(BlobError::io)?;
        Ok(file)
    }

    fn place(&self, upload: UploadId, length: u64, digest: &Digest) -> Result<(), BlobError> {
        let place = Place { digest: digest.clone(), upload };
        let path = place.path();
        let name = upload.to_string();
        let missing = |e: &io::Error| is_missing(e) && length > 0;
        let mut file = match self.open_upload_for_reading(upload, length) {
            Err(e) if missing(&e) && self.blobs.exists(&path) => return Ok(()),
            Err(e) if missing(&e) => return Err(BlobError::Lost { wanted: length, found: 0 }),
            opened => opened.map_err(BlobError::io)?,
        };
        let found = file.metadata().map_err(BlobError::io)?.len();
        if found < length {
            return Err(BlobError::Lost { wanted: length, found });
        }
        let known = self.state.lock().hashed.get(&upload).cloned();
        let hash = match known {
            Some((at, hasher)) if at == length && hasher.algorithm() == digest.algorithm() => hasher.finish(),
            _ => hash_file(&mut file, length, digest.algorithm()).map_err(BlobError::io)?,
        };
        if hash != *digest {
            return Err(BlobError::Digest { found: hash });
        }
        let publish = || -> io::Result<()> {
            file.set_len(length)?;
            file.sync_all()?;
            let (shelf, file_name) = path.rsplit_once('/').unwrap_or((".", &path));
            self.open_shelf(shelf).and_then(|shelf| {
                self.uploads.rename(&name, &shelf, file_name)?;
                sync_dir(&shelf)
            })?;
            sync_dir(&self.uploads)
        };
        publish().map_err(BlobError::io)?;
        self.state.lock().hashed.remove(&upload);
        Ok(())
    }

    /// The file of an upload; an empty upload may never have had one.
    fn open_upload_for_reading(&self, upload: UploadId, length: u64) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(length == 0);
        self.uploads.open_with(upload.to_string(), &options)
    }

    /// The folder that a blob's file is in.
    fn open_shelf(&self, shelf: &str) -> io::Result<Dir> {
        match self.blobs.open_dir(shelf) {
            Err(e) if is_missing(&e) => {
                self.blobs.create_dir_all(shelf)?;
                if let Some((algorithm, _)) = shelf.split_once('/') {
                    sync_dir(&self.blobs.open_dir(algorithm)?)?;
                }
                sync_dir(&self.blobs)?;
                self.blobs.open_dir(shelf)
            }
            opened => opened,
        }
    }

    fn list(&self) -> io::Result<Vec<Stored>> {
        let mut found = Vec::new();
        for entry in self.uploads.entries()? {
            if let Some(id) = entry?.file_name().to_str().and_then(|n| n.parse().ok()) {
                found.push(Stored::Upload(id));
            }
        }
        for algorithm in ["sha256", "sha512"] {
            let shelves = match self.blobs.open_dir(algorithm) {
                Err(e) if is_missing(&e) => continue,
                opened => opened?,
            };
            for shelf in shelves.entries()? {
                for entry in shelf?.open_dir()?.entries()? {
                    let name = entry?.file_name();
                    found.extend(name.to_str().and_then(|n| Place::from_path(algorithm, n)).map(Stored::Blob));
                }
            }
        }
        Ok(found)
    }
}

fn hash_file(file: &mut File, length: u64, algorithm: Algorithm) -> io::Result<Digest> {
    let mut hasher = algorithm.hasher();
    let mut buffer = vec![0; GATHER];
    let mut left = length;
    file.seek(SeekFrom::Start(0))?;
    while left > 0 {
        let want = usize::try_from(left).unwrap_or(GATHER).min(GATHER);
        let Some(part) = buffer.get_mut(..want) else { break };
        file.read_exact(part)?;
        hasher.update(part);
        left -= want as u64;
    }
    Ok(hasher.finish())
}

/// An upload that grows.
struct FolderAppend {
    blobs: FolderBlobs,
    upload: UploadId,
    turn: Arc<Turn>,
    /// `None` while a thread has it, and for good when that thread failed.
    open: Option<Open>,
    gathered: Vec<Bytes>,
    bytes: usize,
}

struct Open {
    file: File,
    length: u64,
    /// The hash of all `length` bytes, if it is known from the start.
    hasher: Option<Hasher>,
}

impl FolderAppend {
    /// Hashes and writes what was gathered, and syncs when that is wanted.
    async fn flush(&mut self, sync: bool) -> Result<u64, BlobError> {
        let mut open = self.open.take().ok_or_else(|| BlobError::io("an earlier write failed"))?;
        let gathered = std::mem::take(&mut self.gathered);
        self.bytes = 0;
        let open = self
            .blobs
            .blocking(Some(self.turn.clone()), move |_| {
                for bytes in gathered {
                    if let Some(hasher) = &mut open.hasher {
                        hasher.update(&bytes);
                    }
                    open.file.write_all(&bytes).map_err(BlobError::io)?;
                    open.length += bytes.len() as u64;
                }
                if sync {
                    open.file.sync_data().map_err(BlobError::io)?;
                }
                Ok(open)
            })
            .await?;
        let length = open.length;
        self.open = Some(open);
        Ok(length)
    }
}

#[async_trait]
impl Append for FolderAppend {
    async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.bytes += bytes.len();
        self.gathered.push(bytes);
        if self.bytes >= GATHER {
            self.flush(false).await?;
        }
        Ok(())
    }

    async fn sync(&mut self) -> Result<u64, BlobError> {
        let length = self.flush(true).await?;
        if let Some(hasher) = self.open.as_ref().and_then(|o| o.hasher.clone()) {
            self.blobs.0.state.lock().hashed.insert(self.upload, (length, hasher));
        }
        Ok(length)
    }
}

#[async_trait]
impl BlobStore for FolderBlobs {
    async fn append(&self, upload: UploadId, at: u64, algorithm: Algorithm) -> Result<Box<dyn Append>, BlobError> {
        let turn = self.turn(upload)?;
        let open = self
            .blocking(Some(turn.clone()), move |inner| {
                let file = inner.open_upload(upload, at)?;
                let hasher = match inner.state.lock().hashed.remove(&upload) {
                    _ if at == 0 => Some(algorithm.hasher()),
                    Some((hashed, hasher)) if hashed == at => Some(hasher),
                    _ => None,
                };
                Ok(Open { file, length: at, hasher })
            })
            .await?;
        Ok(Box::new(FolderAppend {
            blobs: self.clone(),
            upload,
            turn,
            open: Some(open),
            gathered: Vec::new(),
            bytes: 0,
        }))
    }

    async fn place(&self, upload: UploadId, length: u64, digest: &Digest) -> Result<(), BlobError> {
        let turn = self.turn(upload)?;
        let digest = digest.clone();
        self.blocking(Some(turn), move |inner| inner.place(upload, length, &digest)).await
    }

    async fn discard(&self, upload: UploadId) -> Result<(), BlobError> {
        let turn = self.turn(upload)?;
        self.blocking(Some(turn), move |inner| {
            inner.state.lock().hashed.remove(&upload);
            match inner.uploads.remove_file(upload.to_string()) {
                Err(e) if !is_missing(&e) => Err(BlobError::io(e)),
                _ => Ok(()),
            }
        })
        .await
    }

    async fn read(&self, place: &Place, size: u64, range: Range<u64>) -> Result<ByteStream, BlobError> {
        let place = place.clone();
        let start = range.start;
        let file = self
            .blocking(None, move |inner| {
                let mut file = inner.blobs.open(place.path()).map_err(|e| match e {
                    e if is_missing(&e) => BlobError::Missing,
                    e => BlobError::io(e),
                })?;
                if file.metadata().map_err(BlobError::io)?.len() != size {
                    return Err(BlobError::Damaged(place.digest));
                }
                file.seek(SeekFrom::Start(start)).map_err(BlobError::io)?;
                Ok(file.into_std())
            })
            .await?;
        let part = tokio::fs::File::from_std(file).take(range.end.saturating_sub(range.start));
        Ok(ReaderStream::with_capacity(part, PIECE).map(|r| r.map_err(BlobError::io)).boxed())
    }

    async fn remove(&self, place: &Place) -> Result<(), BlobError> {
        let path = place.path();
        self.blocking(None, move |inner| match inner.blobs.remove_file(path) {
            Err(e) if !is_missing(&e) => Err(BlobError::io(e)),
            _ => Ok(()),
        })
        .await
    }

    fn list(&self) -> BoxStream<'static, Result<Stored, BlobError>> {
        let this = self.clone();
        stream::once(async move { this.blocking(None, |inner| inner.list().map_err(BlobError::io)).await })
            .flat_map(|listed| match listed {
                Ok(all) => stream::iter(all.into_iter().map(Ok).collect::<Vec<_>>()),
                Err(e) => stream::iter(vec![Err(e)]),
            })
            .boxed()
    }
}
