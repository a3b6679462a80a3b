//! What is known of a file or an upload: one row, always sealed, since names and digests tell of persons.

use crate::{FileError, keys};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use yunlong_blobs::{Digest, Place, UploadId};
use yunlong_model::{InstallationName, Timestamp};
use yunlong_sealing::{Keyring, SealError};
use yunlong_store::{Key, StoreError, Txn};

/// A file that is there whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its id.
    pub id: UploadId,
    /// Its area.
    pub area: String,
    /// The name that the person's computer gave it, without a path.
    pub name: String,
    /// Its media type, by its bytes.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// When it was complete.
    pub created: Timestamp,
    /// The subject of whoever uploaded it; `None` for what the app wrote.
    pub uploader: Option<String>,
    /// What it is attached to.
    pub attached_to: Option<String>,
    /// Until when it stays when it is not attached.
    pub expires: Option<Timestamp>,
}

/// The row of a file or an upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) area: String,
    pub(crate) name: String,
    pub(crate) uploader: Option<String>,
    /// `None` once it is attached.
    pub(crate) expires: Option<Timestamp>,
    pub(crate) to: Option<String>,
    /// The key of its content, in base64; `None` where the content is not sealed.
    pub(crate) key: Option<String>,
    /// Bytes of the quota that are taken for it.
    pub(crate) reserved: u64,
    pub(crate) state: State,
}

/// How far it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum State {
    /// It grows.
    Growing(Growing),
    /// All its bytes are durable, and their place is about to be made.
    Placing(Whole),
    /// Its bytes have their place.
    Placed(Whole),
}

/// An upload that grows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Growing {
    /// The most bytes that it may have.
    pub(crate) max: u64,
    /// The types that are taken.
    pub(crate) accept: Vec<String>,
    /// The bytes that it will have, if that was said.
    pub(crate) length: Option<u64>,
    /// The bytes that arrived and are durable, those of `tail` among them.
    pub(crate) received: u64,
    /// The bytes that are stored.
    pub(crate) stored: u64,
    /// The state of the hash of what arrived, and of what is stored, in base64.
    pub(crate) plain: String,
    pub(crate) sealed: String,
    /// The first bytes, in base64, until the type is recognized.
    pub(crate) head: String,
    /// What arrived and fills no piece yet, in base64.
    pub(crate) tail: String,
    /// The type, once it is recognized.
    pub(crate) media_type: Option<String>,
}

/// All there is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Whole {
    pub(crate) media_type: String,
    pub(crate) size: u64,
    pub(crate) sha256: String,
    /// The digest and the number of the bytes that are stored.
    pub(crate) digest: Digest,
    pub(crate) stored: u64,
    pub(crate) at: Timestamp,
}

/// Whose an id is, and where its bytes are once they have a place: for whoever removes, checks or backs up bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) installation: InstallationName,
    pub(crate) stored: Option<(Digest, u64)>,
}

impl Row {
    /// The file, if its bytes have their place and it has not expired.
    pub(crate) fn file(&self, id: UploadId, now: Timestamp) -> Option<(File, &Whole)> {
        let State::Placed(whole) = &self.state else { return None };
        if self.has_expired(now) {
            return None;
        }
        let file = File {
            id,
            area: self.area.clone(),
            name: self.name.clone(),
            media_type: whole.media_type.clone(),
            size: whole.size,
            sha256: whole.sha256.clone(),
            created: whole.at,
            uploader: self.uploader.clone(),
            attached_to: self.to.clone(),
            expires: self.expires,
        };
        Some((file, whole))
    }

    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    pub(crate) fn place(&self, id: UploadId) -> Option<Place> {
        match &self.state {
            State::Growing(_) => None,
            State::Placing(w) | State::Placed(w) => Some(Place { digest: w.digest.clone(), upload: id }),
        }
    }
}

fn failed(key: &Key, e: &SealError) -> FileError {
    FileError::Store(StoreError::Sealed(format!("the file {key:?}: {e}")))
}

/// Opens a row.
pub(crate) fn opened(ring: &Keyring, key: &Key, sealed: &[u8]) -> Result<Row, FileError> {
    let json = ring.open(key.as_bytes(), sealed).map_err(|e| failed(key, &e))?;
    serde_json::from_slice(&json).map_err(|e| StoreError::Corrupt(format!("the file {key:?}: {e}")).into())
}

/// Seals a row.
pub(crate) fn closed(ring: &Keyring, key: &Key, row: &Row) -> Result<Bytes, FileError> {
    let json = serde_json::to_vec(row).map_err(|e| StoreError::Corrupt(format!("the file {key:?}: {e}")))?;
    ring.seal(key.as_bytes(), &json).map(Bytes::from).map_err(|e| failed(key, &e))
}

/// Reads a row within a transaction.
pub(crate) async fn get(
    txn: &mut Txn,
    ring: &Keyring,
    installation: &InstallationName,
    id: UploadId,
) -> Result<Option<Row>, FileError> {
    let key = keys::file(installation, id);
    txn.get(&key).await?.map(|sealed| opened(ring, &key, &sealed)).transpose()
}

/// Stages a row.
pub(crate) fn put(
    txn: &mut Txn,
    ring: &Keyring,
    installation: &InstallationName,
    id: UploadId,
    row: &Row,
) -> Result<(), FileError> {
    let key = keys::file(installation, id);
    let sealed = closed(ring, &key, row)?;
    txn.put(key, sealed);
    let stored = match &row.state {
        State::Growing(_) | State::Placing(_) => None,
        State::Placed(w) => Some((w.digest.clone(), w.stored)),
    };
    txn.put_as(keys::known_as(id), &Known { installation: installation.clone(), stored });
    Ok(())
}
