//! What a person uploaded, all that an installation keeps, and a change of the city's key.

use crate::attach::id_of;
use crate::row::{self, File};
use crate::service::Files;
use crate::{FileError, keys};
use yunlong_blobs::UploadId;
use yunlong_model::InstallationName;
use yunlong_store::{Direction, transact};

/// Rows of one step.
const STEP: usize = 100;

impl Files {
    /// What a person uploaded into these areas and is whole: at most `limit` of it behind `after`, and where the next
    /// page begins.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn of_person(
        &self,
        installation: &InstallationName,
        subject: &str,
        areas: &[&str],
        after: Option<UploadId>,
        limit: usize,
    ) -> Result<(Vec<File>, Option<UploadId>), FileError> {
        let mut range = keys::by(installation, subject).children();
        if let Some(after) = after {
            range.start = keys::by(installation, subject).text(&after.to_string()).next();
        }
        let mut found: Vec<File> = Vec::new();
        loop {
            let entries = self.store.scan(&range, Direction::Ascending, STEP).await?;
            let Some(last) = entries.last() else { return Ok((found, None)) };
            range.start = last.key.next();
            for id in entries.iter().filter_map(|e| id_of(&e.key)) {
                let Some(row) = self.row(installation, id).await? else { continue };
                let Some((file, _)) = row.file(id, self.clock.now()) else { continue };
                if !areas.contains(&row.area.as_str()) {
                    continue;
                }
                if found.len() >= limit {
                    let next = found.last().map(|f| f.id);
                    return Ok((found, next));
                }
                found.push(file);
            }
        }
    }

    /// Deletes what a person uploaded into these areas, finished or not. Answers how many there were. Cut short, it may
    /// be called again.
    ///
    /// # Errors
    /// When the store or the folder fails.
    pub async fn erase(
        &self,
        installation: &InstallationName,
        subject: &str,
        areas: &[&str],
    ) -> Result<u64, FileError> {
        let mut range = keys::by(installation, subject).children();
        let mut erased = 0;
        loop {
            let entries = self.store.scan(&range, Direction::Ascending, STEP).await?;
            let Some(last) = entries.last() else { return Ok(erased) };
            range.start = last.key.next();
            for id in entries.iter().filter_map(|e| id_of(&e.key)) {
                let Some(row) = self.row(installation, id).await? else { continue };
                if areas.contains(&row.area.as_str()) {
                    self.forget(installation, id).await?;
                    erased += 1;
                }
            }
        }
    }

    /// The files of an installation that are attached, by their ids: at most `limit` of those behind `after`, and
    /// where the next page begins.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(
        &self,
        installation: &InstallationName,
        after: Option<UploadId>,
        limit: usize,
    ) -> Result<(Vec<File>, Option<UploadId>), FileError> {
        let mut range = keys::files(installation).children();
        if let Some(after) = after {
            range.start = keys::file(installation, after).next();
        }
        let entries = self.store.scan(&range, Direction::Ascending, limit).await?;
        let next = if entries.len() < limit { None } else { entries.last().and_then(|e| id_of(&e.key)) };
        let mut found = Vec::new();
        for entry in &entries {
            let Some(id) = id_of(&entry.key) else { continue };
            let row = row::opened(&self.keys, &entry.key, &entry.value)?;
            if row.to.is_some() {
                found.extend(row.file(id, self.clock.now()).map(|(file, _)| file));
            }
        }
        Ok((found, next))
    }

    /// The bytes that an installation's files take, and what its uploads have reserved.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn usage(&self, installation: &InstallationName) -> Result<u64, FileError> {
        Ok(u64::try_from(self.store.counter(&keys::bytes(installation)).await?).unwrap_or(0))
    }

    /// Closes the files of an installation that is removed: from here on nothing is uploaded, and all that there is
    /// goes. Done twice, it is done.
    ///
    /// # Errors
    /// When the store or the folder fails; it can be called again then.
    pub async fn close(&self, installation: &InstallationName) -> Result<(), FileError> {
        let marker = keys::closed(installation);
        transact!(&self.store, |txn| {
            // Read, so that closing again writes nothing.
            if txn.get(&marker).await?.is_none() {
                txn.put_as(marker.clone(), &self.clock.now());
            }
            Ok::<_, FileError>(())
        })?;
        let range = keys::files(installation).children();
        loop {
            let entries = self.store.scan(&range, Direction::Ascending, STEP).await?;
            if entries.is_empty() {
                return Ok(());
            }
            for id in entries.iter().filter_map(|e| id_of(&e.key)) {
                self.forget(installation, id).await?;
            }
        }
    }

    /// Seals with the city's current key every row that is sealed with a former one. Contents have keys of their own,
    /// which stand in the rows. Answers how many there were.
    ///
    /// # Errors
    /// When a row does not open with any key that is given; the store's.
    pub async fn seal_anew(&self, installation: &InstallationName) -> Result<u64, FileError> {
        let (mut range, mut done) = (keys::files(installation).children(), 0);
        loop {
            let entries = self.store.scan(&range, Direction::Ascending, STEP).await?;
            let Some(last) = entries.last() else { return Ok(done) };
            range.start = last.key.next();
            for entry in entries.iter().filter(|e| !self.keys.is_current(&e.value)) {
                let Some(id) = id_of(&entry.key) else { continue };
                done += transact!(&self.store, |txn| {
                    let Some(row) = row::get(txn, &self.keys, installation, id).await? else { return Ok(0) };
                    row::put(txn, &self.keys, installation, id, &row)?;
                    Ok::<u64, FileError>(1)
                })?;
            }
        }
    }
}
