//! What goes by time, and bytes that nothing refers to.
//!
//! Bytes are removed behind the commit that forgets them, and never before. A row `gone` remembers that until it is
//! done. What a process left behind that died at any other place is found by going through everything that is stored:
//! an id is written down before its first byte, and never used twice, so bytes of an id that is not written down are
//! nobody's and never will be.

use crate::FileError;
use crate::attach::{Gone, id_of};
use crate::keys;
use crate::row::{Known, State};
use crate::service::Files;
use futures::TryStreamExt as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::RwLockReadGuard;
use yunlong_blobs::{BlobError, Place, Stored, UploadId};
use yunlong_model::InstallationName;
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Key, KeyRange, Txn};

/// Rows of one step.
const STEP: usize = 100;
/// Minutes from one collection to the next.
const COLLECTED: u32 = 360;

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Uploads and files that expired.
    pub expired: u64,
    /// Bytes of files that were deleted.
    pub removed: u64,
    /// What a process left behind that died.
    pub strays: u64,
}

impl Files {
    /// Forgets what has expired, and removes the bytes of all that was deleted: to be called every minute.
    ///
    /// # Errors
    /// When the store or the folder fails; what was done is done.
    pub async fn sweep(&self) -> Result<Swept, FileError> {
        let _turn = self.removing.write().await;
        Ok(Swept { expired: self.expire().await?, removed: self.remove_gone().await?, strays: 0 })
    }

    /// Goes through everything that is stored, and removes what nothing refers to: to be called at the start, and
    /// from time to time.
    ///
    /// # Errors
    /// As [`Files::sweep`].
    pub async fn collect(&self) -> Result<Swept, FileError> {
        let _turn = self.removing.write().await;
        let mut swept = Swept::default();
        let mut all = self.blobs.list();
        while let Some(stored) = all.try_next().await? {
            let id = match &stored {
                Stored::Upload(id) => *id,
                Stored::Blob(place) => place.upload,
            };
            if self.belongs(&stored, id).await? {
                continue;
            }
            match stored {
                Stored::Upload(id) => self.blobs.discard(id).await?,
                Stored::Blob(place) => self.blobs.remove(&place).await?,
            }
            swept.strays += 1;
        }
        Ok(swept)
    }

    /// Sweeps every minute, and collects at the start and every six hours, until `stop` completes.
    pub async fn run(self: Arc<Self>, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        let mut minutes = 0_u32;
        loop {
            let work = async {
                let mut done = if minutes.is_multiple_of(COLLECTED) { self.collect().await? } else { Swept::default() };
                let swept = self.sweep().await?;
                (done.expired, done.removed) = (swept.expired, swept.removed);
                Ok::<_, FileError>(done)
            };
            tokio::select! {
                () = &mut stop => return,
                done = work => match done {
                    Ok(done) if done != Swept::default() => tracing::info!(?done, "files were swept"),
                    Ok(_) => {}
                    Err(error) => tracing::warn!(%error, "files were not swept; it is tried again"),
                },
            }
            minutes = minutes.wrapping_add(1);
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(Duration::from_secs(60)) => {}
            }
        }
    }

    /// Waits until nothing is removed, and keeps it so as long as the answer lives. Blocks: call it where that is
    /// allowed.
    pub fn hold(&self) -> RwLockReadGuard<'_, ()> {
        self.removing.blocking_read()
    }

    async fn belongs(&self, stored: &Stored, id: UploadId) -> Result<bool, FileError> {
        let key = keys::known_as(id);
        let Some(found) = self.store.get(&key).await? else { return Ok(false) };
        let known: Known = from_json(&key, &found.value)?;
        let Some(row) = self.row(&known.installation, id).await? else {
            // Its installation went, and its rows with it.
            let mut txn = Txn::new(self.store.clone());
            txn.delete(key);
            txn.commit().await?;
            return Ok(false);
        };
        Ok(match stored {
            // Until its bytes have their place, they are what it is copied from.
            Stored::Upload(_) => !matches!(row.state, State::Placed(_)),
            Stored::Blob(place) => row.place(id).as_ref() == Some(place),
        })
    }

    async fn expire(&self) -> Result<u64, FileError> {
        let range =
            KeyRange { start: keys::expiring(), end: keys::expiring().u64(self.clock.now().as_u64()).after_children() };
        let mut expired = 0;
        loop {
            let rows = self.store.scan(&range, Direction::Ascending, STEP).await?;
            if rows.is_empty() {
                return Ok(expired);
            }
            for row in rows {
                let installation: InstallationName = from_json(&row.key, &row.value)?;
                let Some(id) = id_of(&row.key) else { continue };
                // Somebody works on it at this moment: it has expired for them, too, with their next request.
                let Ok(_turn) = self.turn(id) else { return Ok(expired) };
                let mut txn = Txn::new(self.store.clone());
                self.stage_forget(&mut txn, &installation, id).await?;
                txn.delete(row.key);
                match txn.commit().await {
                    Ok(_) => expired += 1,
                    // It was attached meanwhile, and its row of this list is gone.
                    Err(yunlong_store::CommitError::Conflict) => {}
                    Err(e) => return Err(e.into()),
                }
            }
        }
    }

    async fn remove_gone(&self) -> Result<u64, FileError> {
        let mut range = keys::gone().children();
        let mut removed = 0;
        loop {
            let rows = self.store.scan(&range, Direction::Ascending, STEP).await?;
            let Some(last) = rows.last() else { return Ok(removed) };
            range.start = last.key.next();
            for row in &rows {
                let Some(id) = id_of(&row.key) else { continue };
                self.remove_bytes(id).await?;
                removed += 1;
            }
        }
    }

    /// Removes the bytes of what was just forgotten. While bytes are held they stay, and go with the next sweep.
    pub(crate) async fn remove_soon(&self, id: UploadId) -> Result<(), FileError> {
        match self.removing.try_write() {
            Ok(_turn) => self.remove_bytes(id).await,
            Err(_) => Ok(()),
        }
    }

    async fn remove_bytes(&self, id: UploadId) -> Result<(), FileError> {
        let key = keys::gone_as(id);
        let Some(found) = self.store.get(&key).await? else { return Ok(()) };
        let gone: Gone = from_json(&key, &found.value)?;
        match self.blobs.discard(id).await {
            // Whoever works on it ends first.
            Err(BlobError::Busy) => return Ok(()),
            discarded => discarded?,
        }
        if let Some(place) = gone.place {
            self.blobs.remove(&place).await?;
        }
        let mut txn = Txn::new(self.store.clone());
        txn.delete(key);
        txn.commit().await?;
        Ok(())
    }
}

/// The rows that say where the bytes of all files are, for whoever copies or checks them.
#[must_use]
pub fn stored_rows() -> KeyRange {
    keys::known().children()
}

/// The place of a file's bytes and how many there are, out of one of [`stored_rows`]; `None` for an upload that grows.
///
/// # Errors
/// When it is no such row.
pub fn stored_at(key: &Key, value: &[u8]) -> Result<Option<(Place, u64)>, FileError> {
    let known: Known = from_json(key, value)?;
    let upload = id_of(key).ok_or_else(|| yunlong_store::StoreError::Corrupt(format!("{key:?} names no file")))?;
    Ok(known.stored.map(|(digest, size)| (Place { digest, upload }, size)))
}
