//! Reading files.

use crate::content::{self, FileKey};
use crate::limits::{MAX_READ, MAX_WRITTEN};
use crate::receive::Piece;
use crate::row::{File, State};
use crate::service::{Files, Owner};
use crate::{FileError, NewUpload, Whole};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, TryStreamExt as _};
use std::ops::Range;
use std::sync::Arc;
use yunlong_blobs::{BlobStore, ByteStream, Place, UploadId};
use yunlong_model::InstallationName;

/// A file that can be read.
pub struct Content {
    /// The file.
    pub file: File,
    blobs: Arc<dyn BlobStore>,
    place: Place,
    stored: u64,
    key: Option<FileKey>,
}

impl Content {
    /// A part of it; what lies behind its end is left out.
    ///
    /// # Errors
    /// When its bytes cannot be read.
    pub async fn read(&self, part: Range<u64>) -> Result<ByteStream, FileError> {
        let end = part.end.min(self.file.size);
        let part = part.start.min(end)..end;
        if part.is_empty() {
            return Ok(futures::stream::empty().boxed());
        }
        let Some(key) = &self.key else { return Ok(self.blobs.read(&self.place, self.stored, part).await?) };
        let stored = content::stored_range(self.file.size, &part);
        let bytes = self.blobs.read(&self.place, self.stored, stored).await?;
        Ok(content::opened(key.clone(), bytes, part))
    }
}

impl Files {
    /// Looks at a file.
    ///
    /// # Errors
    /// [`FileError::NotFound`].
    pub async fn stat(&self, installation: &InstallationName, id: UploadId) -> Result<File, FileError> {
        Ok(self.open(installation, id).await?.file)
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// [`FileError::NotFound`].
    pub async fn open(&self, installation: &InstallationName, id: UploadId) -> Result<Content, FileError> {
        let mut row = self.row(installation, id).await?.ok_or(FileError::NotFound)?;
        if matches!(row.state, State::Placing(_)) {
            // A crash, or somebody who finishes it at this moment, came between.
            let _turn = self.turn(id)?;
            self.placed(installation, id, row).await?;
            row = self.row(installation, id).await?.ok_or(FileError::NotFound)?;
        }
        let (file, whole) = row.file(id, self.clock.now()).ok_or(FileError::NotFound)?;
        Ok(Content {
            file,
            blobs: self.blobs.clone(),
            place: Place { digest: whole.digest.clone(), upload: id },
            stored: whole.stored,
            key: row.key.as_deref().map(FileKey::of).transpose()?,
        })
    }

    /// Reads at most `length` bytes from `offset` on.
    ///
    /// # Errors
    /// [`FileError::NotFound`]; [`FileError::Invalid`] for more than [`MAX_READ`] bytes.
    pub async fn read(
        &self,
        installation: &InstallationName,
        id: UploadId,
        offset: u64,
        length: u32,
    ) -> Result<Bytes, FileError> {
        if length > MAX_READ {
            return Err(FileError::Invalid(format!("{length} bytes at once: at most {MAX_READ} are possible")));
        }
        let content = self.open(installation, id).await?;
        let mut stream = content.read(offset..offset.saturating_add(length.into())).await?;
        let mut all = BytesMut::new();
        while let Some(bytes) = stream.try_next().await? {
            all.extend_from_slice(&bytes);
        }
        Ok(all.freeze())
    }

    /// Writes a file for the app itself, in the area's types and limits. It is not attached yet.
    ///
    /// # Errors
    /// As [`Files::begin`] and [`Files::receive`]; [`FileError::Invalid`] for a name that is none.
    pub async fn write(&self, owner: Owner<'_>, area: &str, name: &str, bytes: Bytes) -> Result<File, FileError> {
        if name.is_empty() || crate::upload::cleaned(name) != name {
            return Err(FileError::Invalid(format!(
                "the name of a file has 1 to {} bytes, without a path and without control characters",
                crate::MAX_NAME
            )));
        }
        if bytes.len() > MAX_WRITTEN {
            return Err(FileError::TooLarge { limit: MAX_WRITTEN as u64 });
        }
        let new = NewUpload {
            area: area.to_owned(),
            name: name.to_owned(),
            uploader: None,
            max_bytes: u64::MAX,
            accept: Vec::new(),
            length: Some(bytes.len() as u64),
        };
        let id = self.begin(owner, new).await?;
        let received = self.receive(owner.name, id, Piece::default(), &mut Whole::new(bytes)).await?;
        received.file.ok_or(FileError::NotFound)
    }
}
