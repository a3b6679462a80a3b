//! Binding files to documents, within the transaction that writes the document.

use crate::limits::{MAX_ATTACHED, MAX_TO};
use crate::row::{self, File, State};
use crate::service::Files;
use crate::{FileError, keys};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use yunlong_blobs::{Place, UploadId};
use yunlong_model::InstallationName;
use yunlong_store::{Direction, Key, Txn};

/// Who attaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who<'a> {
    /// Whoever makes the request, by their subject; nobody who is signed in without one.
    Person(Option<&'a str>),
    /// The installation itself, in a message, a job or a lifecycle call.
    Installation,
}

/// What is to be removed once its row is gone.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Gone {
    pub(crate) place: Option<Place>,
}

fn is_word(to: &str) -> Result<(), FileError> {
    if to.is_empty() || to.len() > MAX_TO || to.chars().any(char::is_control) {
        return Err(FileError::Invalid(format!("what a file is attached to has a name of 1 to {MAX_TO} bytes")));
    }
    Ok(())
}

impl Files {
    /// Stages that a file belongs to a document. With the commit it stays.
    ///
    /// # Errors
    /// [`FileError::NotFound`], [`FileError::NotYours`], [`FileError::Attached`], [`FileError::Invalid`].
    pub async fn attach(
        &self,
        txn: &mut Txn,
        installation: &InstallationName,
        who: Who<'_>,
        id: UploadId,
        to: &str,
    ) -> Result<File, FileError> {
        is_word(to)?;
        let mut row = row::get(txn, &self.keys, installation, id).await?.ok_or(FileError::NotFound)?;
        let now = self.clock.now();
        if row.file(id, now).is_none() {
            return Err(FileError::NotFound);
        }
        match &row.to {
            Some(there) if there == to => {}
            Some(other) => return Err(FileError::Attached(other.clone())),
            None => {
                match (who, &row.uploader) {
                    (Who::Person(person), Some(uploader)) if person != Some(uploader) => {
                        return Err(FileError::NotYours);
                    }
                    _ => {}
                }
                if let Some(expires) = row.expires.take() {
                    txn.delete(keys::expires(expires, id));
                }
                if let Some(subject) = &row.uploader {
                    txn.delete(keys::open(installation, subject).text(&id.to_string()));
                }
                row.to = Some(to.to_owned());
                txn.put(keys::attached(installation, to).text(&id.to_string()), Bytes::new());
                row::put(txn, &self.keys, installation, id, &row)?;
            }
        }
        row.file(id, now).map(|(file, _)| file).ok_or(FileError::NotFound)
    }

    /// The files of a document, by their ids; at most [`MAX_ATTACHED`].
    ///
    /// # Errors
    /// [`FileError::Invalid`]; when the store fails.
    pub async fn attached(&self, installation: &InstallationName, to: &str) -> Result<Vec<File>, FileError> {
        is_word(to)?;
        let range = keys::attached(installation, to).children();
        let mut found = Vec::new();
        for entry in self.store.scan(&range, Direction::Ascending, MAX_ATTACHED).await? {
            let Some(id) = id_of(&entry.key) else { continue };
            // Deleted since the list was read.
            let Some(row) = self.row(installation, id).await? else { continue };
            found.extend(row.file(id, self.clock.now()).map(|(file, _)| file));
        }
        Ok(found)
    }

    /// Stages that a file is deleted; one that is absent is no error. An upload that is not whole is left to expire.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete(&self, txn: &mut Txn, installation: &InstallationName, id: UploadId) -> Result<(), FileError> {
        match row::get(txn, &self.keys, installation, id).await? {
            Some(row) if matches!(row.state, State::Placed(_)) => self.stage_forget(txn, installation, id).await,
            _ => Ok(()),
        }
    }

    /// Stages that nothing is known of a file any more, and that its bytes are to go.
    pub(crate) async fn stage_forget(
        &self,
        txn: &mut Txn,
        installation: &InstallationName,
        id: UploadId,
    ) -> Result<(), FileError> {
        let Some(row) = row::get(txn, &self.keys, installation, id).await? else { return Ok(()) };
        let name = id.to_string();
        txn.delete(keys::file(installation, id));
        txn.delete(keys::known_as(id));
        if let Some(expires) = row.expires {
            txn.delete(keys::expires(expires, id));
        }
        if let Some(subject) = &row.uploader {
            txn.delete(keys::by(installation, subject).text(&name));
            txn.delete(keys::open(installation, subject).text(&name));
        }
        if let Some(to) = &row.to {
            txn.delete(keys::attached(installation, to).text(&name));
        }
        let freed = i64::try_from(row.reserved).unwrap_or(0);
        txn.adjust(keys::bytes(installation), -freed, i64::MIN, i64::MAX);
        txn.put_as(keys::gone_as(id), &Gone { place: row.place(id) });
        Ok(())
    }
}

/// The id at the end of a key.
pub(crate) fn id_of(key: &Key) -> Option<UploadId> {
    key.last_text()?.parse().ok()
}
