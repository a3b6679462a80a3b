//! One batch of an import.

use super::{BatchReport, Import, ImportRow, ImportState, RowError, unknown};
use crate::catalogue::audit_entry;
use crate::records::{Authority, Fresh, Writer, Written};
use crate::{Actor, FieldError, Hub, HubError, Provenance, keys};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use yunlong_formats::{Date, Explain};
use yunlong_model::Text;
use yunlong_store::{Key, StoreError, Txn, transact};

/// A commit ends when it has so many rows of the store, or so many bytes: half of what a batch may have.
const PART_ROWS: usize = 10_000;
const PART_BYTES: usize = 24 << 20;
/// A commit reads each record, and the former versions of few.
const PART_RECORDS: usize = 4_000;
/// Errors that are reported of one row.
const ROW_ERRORS: usize = 3;
/// Beyond this, one error of a row is reported, and shortly: the report of the largest batch has to fit into one
/// value of the store, or the import would stand still there.
const REPORT_ERRORS: usize = 1_000;
/// Characters of a reason and of a field's name, in words and shortly.
const WORDS: (usize, usize) = (300, 60);
const SHORT: (usize, usize) = (60, 30);

/// How far a batch is.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Progress {
    /// Rows of it that are done.
    done: usize,
    /// Whether all are.
    complete: bool,
    report: BatchReport,
}

/// What stays the same over the parts of a batch.
struct Batch<'a> {
    hub: &'a Hub,
    import: &'a Import,
    n: u64,
    rows: &'a [ImportRow],
    authority: Authority,
    provenance: Provenance,
    valid_from: Date,
    hasher: RandomState,
    by: &'a Actor,
}

impl Hub {
    /// Loads a batch. The same batch again answers what it answered the first time, and loads nothing.
    ///
    /// # Errors
    /// [`HubError::Invalid`] for a batch that is not the next one, or too large; [`HubError::Transition`]
    /// when the import has ended; [`HubError::Forbidden`]; [`HubError::Unknown`].
    pub async fn import_batch(
        &self,
        id: &str,
        n: u64,
        rows: Vec<ImportRow>,
        by: &Actor,
    ) -> Result<BatchReport, HubError> {
        let import = self.import(id).await?;
        let authority = self.may_import(&import, by)?;
        if rows.len() > self.inner.config.import_batch_rows {
            let most = self.inner.config.import_batch_rows;
            return Err(HubError::invalid(
                "rows",
                format!("一批最多 {most} 行：请减小批次"),
                format!("a batch has at most {most} rows: send smaller ones"),
            ));
        }
        let valid_from = import.valid_from.parse::<Date>().map_err(|e| StoreError::Corrupt(e.en()))?;
        let organization = match &authority {
            Authority::Of(organization) => organization.clone(),
            Authority::All => self.live_or_refused(&import.dataset)?.dataset().provider.clone(),
        };
        let through = format!("import/{id}");
        let provenance = Provenance { organization, by: by.account.clone(), through, at: self.inner.now() };
        let hasher = self.inner.import_lines.lock().hasher.clone();
        let batch = Batch { hub: self, import: &import, n, rows: &rows, authority, provenance, valid_from, hasher, by };
        loop {
            let progress = batch.part().await?;
            if progress.complete {
                return Ok(progress.report);
            }
        }
    }
}

impl Batch<'_> {
    /// One commit of the batch.
    async fn part(&self) -> Result<Progress, HubError> {
        let store = &self.hub.inner.store;
        let (progress, lines) = transact!(store, |txn| {
            let mut lines = HashMap::new();
            let mut progress = self.progress(txn).await?.unwrap_or_default();
            if progress.complete {
                return Ok((progress, lines));
            }
            let mut import: Import =
                txn.get_as(&keys::import(&self.import.id)).await?.ok_or_else(|| unknown(&self.import.id))?;
            self.is_next(&import)?;
            let (from, before) = (progress.done, progress.report.clone());
            self.load(txn, &mut progress, &mut lines).await?;
            progress.complete = progress.done == self.rows.len();
            count(&mut import, &before, &progress.report);
            if progress.complete {
                import.next_batch = self.n + 1;
            }
            txn.put_as(keys::import(&import.id), &import);
            self.put_progress(txn, &progress)?;
            self.audit(txn, from, &before, &progress).await?;
            Ok::<_, HubError>((progress, lines))
        })?;
        // After the commit: a part that is tried again must not meet itself.
        self.hub.inner.import_lines.lock().add(&self.import.id, lines);
        Ok(progress)
    }

    fn is_next(&self, import: &Import) -> Result<(), HubError> {
        match import.state {
            ImportState::Running if import.next_batch == self.n => Ok(()),
            ImportState::Running => Err(HubError::invalid(
                "batch",
                format!("下一批应为第 {} 批", import.next_batch),
                format!("the next batch is {}: batches come in their order", import.next_batch),
            )),
            ImportState::Finished | ImportState::Abandoned => {
                Err(HubError::Transition { step: "load", state: "finished", possible: vec![] })
            }
        }
    }

    async fn load(
        &self,
        txn: &mut Txn,
        progress: &mut Progress,
        lines: &mut HashMap<u64, u64>,
    ) -> Result<(), HubError> {
        let mut writer = self.hub.writer(txn, &self.import.dataset).await?.once();
        let first = progress.done;
        for row in &self.rows[first..] {
            let full = txn.len() >= PART_ROWS || txn.staged_bytes() >= PART_BYTES;
            if full || progress.done - first >= PART_RECORDS {
                break;
            }
            progress.done += 1;
            match self.row(txn, &mut writer, row, lines).await {
                Ok(Written::Unchanged(_)) => progress.report.unchanged += 1,
                Ok(_) => progress.report.loaded += 1,
                Err(Refusal::Duplicate(error)) => {
                    progress.report.duplicates += 1;
                    refuse(&mut progress.report, row.line, vec![error]);
                }
                Err(Refusal::Row(errors)) => refuse(&mut progress.report, row.line, errors),
                Err(Refusal::Whole(error)) => return Err(error),
            }
        }
        writer.finish(txn);
        Ok(())
    }

    async fn row(
        &self,
        txn: &mut Txn,
        writer: &mut Writer,
        row: &ImportRow,
        lines: &mut HashMap<u64, u64>,
    ) -> Result<Written, Refusal> {
        let dataset = writer.dataset();
        let Some(key) = row.record.get(&dataset.key).and_then(Value::as_str) else {
            let zh = format!("缺少标识项 {}", dataset.key);
            let en = format!("`{}` identifies the record: it is a text and required", dataset.key);
            return Err(Refusal::Row(vec![FieldError::new(&dataset.key, zh, en)]));
        };
        let (valid_from, valid_to) = self.days(row)?;
        let key_item = dataset.key.clone();
        let place = self.hasher.hash_one((&*writer.normal(key), valid_from));
        let before = lines.get(&place).copied().or_else(|| self.line(place)).filter(|l| *l != row.line);
        if let Some(line) = before {
            return Err(Refusal::Duplicate(duplicate(&key_item, Some(line))));
        }
        let fresh = Fresh {
            key: key.to_owned(),
            fields: row.record.clone(),
            valid_from,
            valid_to,
            provenance: self.provenance.clone(),
            based_on: None,
        };
        let written = writer.put(txn, &self.authority, fresh).await;
        self.log_comparison(txn, writer, (key, row), &written).await.map_err(Refusal::Whole)?;
        let written = written.map_err(|e| Refusal::of(e, &key_item))?;
        lines.insert(place, row.line);
        Ok(written)
    }

    /// What becomes of a row tells what is on record of the person: whether it says the same, something
    /// else, or whether there is nothing. That is in the log with the report. A new record tells nothing
    /// but what the file says, and a row that is refused for itself tells nothing at all.
    async fn log_comparison(
        &self,
        txn: &mut Txn,
        writer: &Writer,
        (key, row): (&str, &ImportRow),
        written: &Result<Written, HubError>,
    ) -> Result<(), HubError> {
        let dataset = writer.dataset();
        let (action, is_compared) = match written {
            Ok(Written::New) => return Ok(()),
            Ok(Written::Changed(_)) => ("data.written", true),
            Ok(Written::Unchanged(_)) => ("data.compared", true),
            Err(e) => ("data.compared", e.is_callers() && !writer.refuses(&self.authority, key, &row.record)),
        };
        if !dataset.is_personal() || !is_compared {
            return Ok(());
        }
        let record = writer.newest(txn, key).await?;
        let told_of_none = matches!(written, Err(HubError::Forbidden(_)));
        let about = match &record {
            Some(record) => writer.person(record),
            None if told_of_none && dataset.person.as_ref() == Some(&dataset.key) => Some(self.hub.inner.person(key)),
            None => None,
        };
        let Some(about) = about else { return Ok(()) };
        let entry = yunlong_audit::Entry {
            about: Some(about),
            target: writer.id(key),
            purpose: Some("import".into()),
            reason: Some(Text {
                zh: "导入文件，更新登记".into(),
                en: "To bring the register up to date from a file".into(),
            }),
            fields: row.record.keys().filter(|f| dataset.item(f).is_some()).cloned().collect(),
            ..audit_entry(action, self.by, &dataset.id, &format!("import/{} line {}", self.import.id, row.line))
        };
        Ok(self.hub.inner.audit.stage(txn, &entry).await?)
    }

    fn line(&self, place: u64) -> Option<u64> {
        self.hub.inner.import_lines.lock().line(&self.import.id, place)
    }

    fn days(&self, row: &ImportRow) -> Result<(Date, Option<Date>), Refusal> {
        let parse = |field: &str, text: &str| {
            text.parse::<Date>().map_err(|e| Refusal::Row(vec![FieldError::explained(field, &e)]))
        };
        let from = row.valid_from.as_deref().map(|t| parse("valid_from", t)).transpose()?;
        let to = row.valid_to.as_deref().map(|t| parse("valid_to", t)).transpose()?;
        Ok((from.unwrap_or(self.valid_from), to))
    }

    fn key(&self) -> Key {
        keys::batch(&self.import.id, self.n)
    }

    /// Reports are sealed: what was refused can be about a person.
    async fn progress(&self, txn: &mut Txn) -> Result<Option<Progress>, HubError> {
        let key = self.key();
        let Some(sealed) = txn.get(&key).await? else { return Ok(None) };
        let plain = self.hub.inner.keys.open(key.as_bytes(), &sealed)?;
        Ok(Some(yunlong_store::txn::from_json(&key, &plain)?))
    }

    fn put_progress(&self, txn: &mut Txn, progress: &Progress) -> Result<(), HubError> {
        let key = self.key();
        let json = serde_json::to_vec(progress).map_err(|e| StoreError::Corrupt(e.to_string()))?;
        let sealed = self.hub.inner.keys.seal(key.as_bytes(), &json)?;
        txn.put(key, sealed.into());
        Ok(())
    }

    /// One entry for what a commit wrote. What was compared with a record has its own
    /// ([`Batch::log_comparison`]).
    async fn audit(&self, txn: &mut Txn, from: usize, before: &BatchReport, now: &Progress) -> Result<(), HubError> {
        let report = &now.report;
        if report.loaded == before.loaded {
            return Ok(());
        }
        let detail = format!(
            "batch {} rows {from} to {}: {} written, {} refused",
            self.n,
            now.done,
            report.loaded - before.loaded,
            report.refused_rows - before.refused_rows
        );
        let entry = audit_entry("data.written", self.by, &self.import.dataset, &detail);
        let target = format!("import/{}", self.import.id);
        Ok(self.hub.inner.audit.stage(txn, &yunlong_audit::Entry { target, ..entry }).await?)
    }
}

/// Why a row is not written.
enum Refusal {
    /// What is wrong with it.
    Row(Vec<FieldError>),
    /// Its key stood in the file before.
    Duplicate(FieldError),
    /// Nothing can be written.
    Whole(HubError),
}

impl Refusal {
    fn of(error: HubError, key: &str) -> Self {
        match error {
            HubError::Record(errors) => Self::Row(errors),
            HubError::Twice => Self::Duplicate(duplicate(key, None)),
            HubError::Forbidden(reason) => Self::Row(vec![FieldError { field: None, reason }]),
            HubError::Invalid { field, problem } => Self::Row(vec![FieldError { field: Some(field), reason: problem }]),
            other => Self::Whole(other),
        }
    }
}

fn duplicate(key: &str, line: Option<u64>) -> FieldError {
    match line {
        Some(line) => FieldError::new(
            key,
            format!("与第 {line} 行重复：同一记录在文件中只能出现一次（或写明不同的生效日期）"),
            format!("the same record stands in line {line}: once a file, or with different days of validity"),
        ),
        None => FieldError::new(
            key,
            "同一记录在文件前面已出现：一个文件中只能出现一次（或写明不同的生效日期）",
            "the same record stands in the file before: once a file, or with different days of validity",
        ),
    }
}

fn refuse(report: &mut BatchReport, line: u64, errors: Vec<FieldError>) {
    report.refused_rows += 1;
    let is_short = report.refused.len() >= REPORT_ERRORS;
    let (most, (reason, name)) = if is_short { (1, SHORT) } else { (ROW_ERRORS, WORDS) };
    report.refused.extend(errors.into_iter().take(most).map(|e| RowError {
        line,
        field: e.field.map(|f| cut(f, name)),
        reason: Text { zh: cut(e.reason.zh, reason), en: cut(e.reason.en, reason) },
    }));
}

fn cut(text: String, most: usize) -> String {
    if text.chars().count() > most { text.chars().take(most).collect() } else { text }
}

fn count(import: &mut Import, before: &BatchReport, now: &BatchReport) {
    import.loaded += now.loaded - before.loaded;
    import.unchanged += now.unchanged - before.unchanged;
    import.refused += now.refused_rows - before.refused_rows;
    import.duplicates += now.duplicates - before.duplicates;
}
