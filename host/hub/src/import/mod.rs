//! Loading files: batches of rows that are validated, committed with their report, and never loaded twice.
//!
//! A batch is one commit or a few. Each carries how far the batch is, so that the same batch sent again,
//! after a kill on either side, goes on where it was and answers what it would have answered.

mod batch;
mod export;

pub use export::{Export, ExportPage, NewExport};

use crate::catalogue::audit_entry;
use crate::records::Authority;
use crate::sharing::new_id;
use crate::{Actor, Dataset, Hub, HubError, days, keys};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::HashMap;
use yunlong_formats::Date;
use yunlong_model::{Text, Timestamp};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Key, KeyRange, Txn, transact};

/// A file that is to be loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewImport {
    /// The dataset's code.
    pub dataset: String,
    /// The file's name.
    pub file: String,
    /// Its size in bytes.
    pub size: u64,
    /// What tells it from other files of this name and size: a hash.
    pub fingerprint: String,
    /// The day from which rows hold that do not say so themselves, `YYYY-MM-DD`; `None`: the day on which the
    /// import begins.
    #[serde(default)]
    pub valid_from: Option<String>,
}

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImportState {
    /// It takes batches.
    Running,
    /// It has ended.
    Finished,
    /// Nobody went on with it.
    Abandoned,
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Its id.
    pub id: String,
    /// The dataset's code.
    pub dataset: String,
    /// The file's name.
    pub file: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its hash.
    pub fingerprint: String,
    /// The day from which rows hold that do not say so themselves.
    pub valid_from: String,
    /// Where it stands.
    pub state: ImportState,
    /// The batch that it waits for; the first one is 0.
    pub next_batch: u64,
    /// Rows that were written.
    pub loaded: u64,
    /// Rows that said nothing new.
    pub unchanged: u64,
    /// Rows that were refused.
    pub refused: u64,
    /// Of the refused rows, those whose key stood in the file before.
    pub duplicates: u64,
    /// When it began.
    pub started: Timestamp,
    /// Who began it.
    pub started_by: String,
    /// In whose office.
    pub organization: Option<String>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<Timestamp>,
}

/// A row of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportRow {
    /// Its line in the file.
    pub line: u64,
    /// Its fields. What is not there stays as it is; `null` takes a value away.
    pub record: Map<String, Value>,
    /// The day from which it holds, when it is not that of the import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// The first day on which it no longer holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<String>,
}

/// Why a row was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowError {
    /// Its line in the file.
    pub line: u64,
    /// The field; `None` when it is the row as a whole.
    #[serde(default)]
    pub field: Option<String>,
    /// What is wrong and what to do.
    pub reason: Text,
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchReport {
    /// Rows that were written.
    pub loaded: u64,
    /// Rows that said nothing new.
    pub unchanged: u64,
    /// What is wrong with the rows that were refused; a row can have several errors.
    pub refused: Vec<RowError>,
    /// How many rows were refused.
    #[serde(default)]
    pub refused_rows: u64,
    /// Of them, those whose key stood in the file before.
    #[serde(default)]
    pub duplicates: u64,
}

/// At which line of which running import a key stood. What is forgotten here at a restart, the source of
/// the record still tells, without the line.
#[derive(Default)]
pub(crate) struct Lines {
    by_import: HashMap<String, HashMap<u64, u64>>,
    held: usize,
    pub(crate) hasher: std::hash::RandomState,
}

/// Keys that are remembered over all imports: 64 MiB or so.
const MAX_LINES: usize = 4_000_000;

impl Lines {
    fn line(&self, import: &str, key: u64) -> Option<u64> {
        self.by_import.get(import)?.get(&key).copied()
    }

    fn add(&mut self, import: &str, lines: HashMap<u64, u64>) {
        if self.held + lines.len() > MAX_LINES {
            return;
        }
        self.held += lines.len();
        self.by_import.entry(import.to_owned()).or_default().extend(lines);
    }

    fn forget(&mut self, import: &str) {
        let gone = self.by_import.remove(import).map_or(0, |l| l.len());
        self.held = self.held.saturating_sub(gone);
    }
}

/// Running imports that nobody has gone on with for so long are abandoned.
const ABANDONED_AFTER_DAYS: u32 = 7;
/// Imports that one tick looks at, and batches that it removes.
const TIDY: usize = 200;

impl Hub {
    /// Begins to load a file, or finds the import of the same file that has not ended, to go on with it.
    ///
    /// # Errors
    /// [`HubError::NoSuchDataset`]; [`HubError::Forbidden`] unless the actor's organization provides the
    /// dataset or is an authority in it, or the actor is a system administrator; [`HubError::Invalid`], also
    /// for another day than that from which the rows hold that the unfinished import has loaded.
    pub async fn start_import(&self, new: NewImport, by: &Actor) -> Result<Import, HubError> {
        let dataset = self.live_or_refused(&new.dataset)?.dataset().clone();
        authority(&dataset, by)?;
        check_new(&new)?;
        let now = self.inner.now();
        let valid_from = match &new.valid_from {
            None => days::day(now),
            Some(text) => text.parse::<Date>().map_err(|e| {
                HubError::invalid("valid_from", yunlong_formats::Explain::zh(&e), yunlong_formats::Explain::en(&e))
            })?,
        };
        let given_day = new.valid_from.is_some();
        let file = file_tag(&self.inner.tags(), &new.file, new.size, &new.fingerprint);
        let id = new_id(now);
        let import = Import {
            id: id.clone(),
            dataset: new.dataset.clone(),
            file: new.file,
            size: new.size,
            fingerprint: new.fingerprint,
            valid_from: valid_from.to_string(),
            state: ImportState::Running,
            next_batch: 0,
            loaded: 0,
            unchanged: 0,
            refused: 0,
            duplicates: 0,
            started: now,
            started_by: by.account.clone(),
            organization: by.organization.clone(),
            finished: None,
        };
        transact!(&self.inner.store, |txn| {
            let of_file = keys::import_of(&import.dataset, &file);
            if let Some(found) = unfinished(txn, &of_file).await? {
                // Rows of one file that hold from different days, and nobody was told: never.
                return if given_day && found.valid_from != import.valid_from {
                    Err(other_day(&found.valid_from, &import.valid_from))
                } else {
                    Ok(found)
                };
            }
            txn.put_as(of_file, &id);
            txn.put_as(keys::import(&id), &import);
            txn.put_as(keys::imports_by(&import.dataset).u64(now.as_u64()).text(&id), &());
            let entry = audit_entry("import.started", by, &import.dataset, &import.file);
            self.inner.audit.stage(txn, &yunlong_audit::Entry { target: id.clone(), ..entry }).await?;
            Ok::<_, HubError>(import.clone())
        })
    }

    /// The import of a file that has not ended, for whoever might go on with it. Of `file` the day counts for
    /// nothing.
    ///
    /// # Errors
    /// As [`Hub::start_import`].
    pub async fn unfinished_import(&self, file: &NewImport, by: &Actor) -> Result<Option<Import>, HubError> {
        authority(self.live_or_refused(&file.dataset)?.dataset(), by)?;
        check_new(file)?;
        let tag = file_tag(&self.inner.tags(), &file.file, file.size, &file.fingerprint);
        unfinished(&mut Txn::new(self.inner.store.clone()), &keys::import_of(&file.dataset, &tag)).await
    }

    /// Gives an import up, so that the same file can be loaded anew. What it has loaded stays.
    ///
    /// # Errors
    /// [`HubError::Unknown`]; [`HubError::Forbidden`]; [`HubError::Transition`] when it has finished.
    pub async fn abandon_import(&self, id: &str, by: &Actor) -> Result<Import, HubError> {
        self.may_import(&self.import(id).await?, by)?;
        let ended = self.end_import(id, ImportState::Abandoned, by).await?;
        if ended.state == ImportState::Finished {
            return Err(HubError::Transition { step: "abandon", state: "finished", possible: vec![] });
        }
        Ok(ended)
    }

    /// Ends an import. Ending it again changes nothing.
    ///
    /// # Errors
    /// [`HubError::Unknown`]; [`HubError::Forbidden`].
    pub async fn finish_import(&self, id: &str, by: &Actor) -> Result<Import, HubError> {
        self.may_import(&self.import(id).await?, by)?;
        let ended = self.end_import(id, ImportState::Finished, by).await?;
        Ok(ended)
    }

    async fn end_import(&self, id: &str, state: ImportState, by: &Actor) -> Result<Import, HubError> {
        let ended = transact!(&self.inner.store, |txn| {
            let mut import: Import = txn.get_as(&keys::import(id)).await?.ok_or_else(|| unknown(id))?;
            if import.state != ImportState::Running {
                return Ok(import);
            }
            import.state = state;
            import.finished = Some(self.inner.now());
            if state == ImportState::Finished && import.loaded + import.unchanged > 0 {
                txn.put_as(keys::renewed(&import.dataset), &self.inner.now());
            }
            let file = file_tag(&self.inner.tags(), &import.file, import.size, &import.fingerprint);
            txn.delete(keys::import_of(&import.dataset, &file));
            txn.put_as(keys::import(id), &import);
            let action = if state == ImportState::Finished { "import.finished" } else { "import.abandoned" };
            let detail = format!(
                "{}: {} loaded, {} unchanged, {} refused",
                import.file, import.loaded, import.unchanged, import.refused
            );
            let entry = audit_entry(action, by, &import.dataset, &detail);
            self.inner.audit.stage(txn, &yunlong_audit::Entry { target: id.to_owned(), ..entry }).await?;
            Ok::<_, HubError>(import)
        })?;
        self.inner.import_lines.lock().forget(id);
        Ok(ended)
    }

    /// An import.
    ///
    /// # Errors
    /// [`HubError::Unknown`].
    pub async fn import(&self, id: &str) -> Result<Import, HubError> {
        let key = keys::import(id);
        let found = self.inner.store.get(&key).await?.ok_or_else(|| unknown(id))?;
        Ok(from_json(&key, &found.value)?)
    }

    /// The imports of a dataset, the newest first, at most `limit`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn imports(&self, dataset: &str, limit: usize) -> Result<Vec<Import>, HubError> {
        let rows = self.inner.store.scan(&keys::imports_by(dataset).children(), Direction::Descending, limit).await?;
        let mut imports = Vec::with_capacity(rows.len());
        for id in rows.iter().filter_map(|r| r.key.last_text()) {
            imports.push(self.import(&id).await?);
        }
        Ok(imports)
    }

    /// Removes the reports of batches that are old, and ends imports that nobody goes on with.
    pub(crate) async fn tidy_imports(&self) -> Result<(), HubError> {
        let now = self.inner.now();
        // Its own copy: the lock is not held over what waits.
        let all = self.inner.catalogue.read().clone();
        for live in all.all() {
            for import in self.imports(&live.dataset().id, TIDY).await? {
                let age = days::days_between(import.finished.unwrap_or(import.started), now);
                match import.state {
                    ImportState::Running if age > ABANDONED_AFTER_DAYS => {
                        self.end_import(&import.id, ImportState::Abandoned, &Actor::platform()).await?;
                    }
                    ImportState::Running => {}
                    _ if age > self.inner.config.import_report_days => {
                        self.remove(keys::batches(&import.id).children()).await?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    async fn remove(&self, range: KeyRange) -> Result<(), HubError> {
        let rows = self.inner.store.scan(&range, Direction::Ascending, TIDY).await?;
        let mut txn = Txn::new(self.inner.store.clone());
        for row in rows {
            txn.delete(row.key);
        }
        if !txn.is_empty() {
            txn.commit().await?;
        }
        Ok(())
    }

    fn may_import(&self, import: &Import, by: &Actor) -> Result<Authority, HubError> {
        authority(self.live_or_refused(&import.dataset)?.dataset(), by)
    }
}

fn file_tag(tags: &keys::Tags<'_>, file: &str, size: u64, fingerprint: &str) -> String {
    tags.tag(&["file", file, &size.to_string(), fingerprint])
}

/// The running import of a file.
async fn unfinished(txn: &mut Txn, of_file: &Key) -> Result<Option<Import>, HubError> {
    let Some(id) = txn.get_as::<String>(of_file).await? else { return Ok(None) };
    let found = txn.get_as::<Import>(&keys::import(&id)).await?;
    Ok(found.filter(|i| i.state == ImportState::Running))
}

fn other_day(stands: &str, wanted: &str) -> HubError {
    HubError::invalid(
        "valid_from",
        format!(
            "该文件有一次未完成的导入，其数据自 {stands} 起生效，而现在给出的是 {wanted}：请按 {stands} 继续，或先放弃那次导入（yunlong hub import … --abandon）再重新导入；已写入的数据会保留"
        ),
        format!(
            "an import of this file has not ended, whose rows hold from {stands}, and now {wanted} is given: go on with {stands}, or give that import up first (`yunlong hub import … --abandon`) and begin anew; what it has loaded stays"
        ),
    )
}

fn unknown(id: &str) -> HubError {
    HubError::Unknown { what: "import", id: id.chars().take(64).collect() }
}

fn check_new(new: &NewImport) -> Result<(), HubError> {
    for (field, text) in [("file", &new.file), ("fingerprint", &new.fingerprint)] {
        if text.is_empty() || text.len() > 256 || text.chars().any(char::is_control) {
            return Err(HubError::invalid(
                field,
                "应为 1 至 256 字节，且不含控制字符",
                "it has 1 to 256 bytes and no control characters",
            ));
        }
    }
    Ok(())
}

/// For which fields an actor writes into a dataset.
pub(crate) fn authority(dataset: &Dataset, by: &Actor) -> Result<Authority, HubError> {
    if by.system_admin {
        return Ok(Authority::All);
    }
    let own = by.organization.as_ref().filter(|o| by.acts_for(o));
    let answers =
        |o: &&String| dataset.provider == **o || dataset.items.iter().any(|i| i.authority.as_ref() == Some(*o));
    match own.filter(answers) {
        Some(own) => Ok(Authority::Of(own.clone())),
        None => Err(HubError::forbidden(
            "只有提供方或字段的权威来源部门可以写入该数据集",
            "the provider and the authorities of its items write into this dataset: act in the office of one",
        )),
    }
}
