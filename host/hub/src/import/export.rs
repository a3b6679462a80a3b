//! Reading a dataset out, page by page, for whoever answers for it: for a reason that is stated first.

use crate::catalogue::audit_entry;
use crate::read::MAX_PAGE;
use crate::records::Find;
use crate::sharing::{basis_text, new_id, said};
use crate::{Actor, Dataset, Hub, HubError, LegalBasis, Record, keys};
use serde::{Deserialize, Serialize};
use yunlong_audit::Entry;
use yunlong_model::{Text, Timestamp};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Txn, transact};

/// What is to be read out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewExport {
    /// The dataset's code.
    pub dataset: String,
    /// What for, as those read it whose data it is.
    pub reason: String,
    /// The provision that it rests on; required for a dataset about persons.
    #[serde(default)]
    pub law: String,
}

/// An export that was begun. Its pages are read by whoever began it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// Its id.
    pub id: String,
    /// The dataset's code.
    pub dataset: String,
    /// What for.
    pub reason: String,
    /// The provision that it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<String>,
    /// When it began.
    pub at: Timestamp,
    /// Until when pages are read.
    pub until: Timestamp,
    /// Who began it.
    pub by: String,
}

/// A page of an export.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportPage {
    /// The records that hold today.
    pub records: Vec<Record>,
    /// Give this as `after` for the next page; `None` at the end.
    pub next: Option<String>,
    /// How many records there are in all pages, at most: those that no longer hold are among them.
    pub total: u64,
}

/// A page ends before the record with which it has more bytes in the store; as JSON they are a few times more.
const PAGE_BYTES: usize = 3 << 20;
/// Records that are read and logged at once.
const STEP: usize = 100;

/// How long pages of an export can be read.
const HOURS: i64 = 24;
/// Exports that one tick looks at.
const TIDY: usize = 200;

impl Hub {
    /// Begins to read a dataset out. The reason and the law stand in the log with each person's record.
    ///
    /// # Errors
    /// [`HubError::Forbidden`] unless the actor is an administrator of the provider; a system administrator
    /// may read out what is not about persons. [`HubError::Invalid`] for a reason, or a law, that is missing.
    pub async fn start_export(&self, new: NewExport, by: &Actor) -> Result<Export, HubError> {
        let dataset = self.records(&new.dataset)?.dataset().clone();
        self.may_export(&dataset, by).await?;
        let reason = said(&new.reason)?;
        let law = match new.law.trim() {
            "" if dataset.is_personal() => {
                return Err(HubError::invalid(
                    "law",
                    "请写明导出个人信息所依据的法律条款",
                    "cite the provision that reading out personal data rests on",
                ));
            }
            "" => None,
            law => Some(said(law)?),
        };
        let now = self.inner.now();
        let until = now.plus_millis(HOURS * 3_600_000);
        let (id, by_account) = (new_id(now), by.account.clone());
        let export = Export { id, dataset: new.dataset, reason, law, at: now, until, by: by_account };
        transact!(&self.inner.store, |txn| {
            txn.put_as(keys::export(&export.id), &export);
            let entry = Entry {
                target: export.id.clone(),
                purpose: Some(export.reason.clone()),
                basis: export.basis(),
                ..audit_entry("export.started", by, &export.dataset, "")
            };
            self.inner.audit.stage(txn, &entry).await?;
            Ok::<_, HubError>(())
        })?;
        Ok(export)
    }

    /// A page of the records, in the order of their ids, at most `limit` (1 to 500). Each record about a
    /// person is a read of their data, and is written into the audit log before the page is answered.
    ///
    /// # Errors
    /// [`HubError::Unknown`] for an export that has ended or that somebody else began;
    /// [`HubError::Forbidden`] for whoever no longer may; [`HubError::Invalid`] for a cursor from elsewhere;
    /// [`HubError::Audit`] when the reads cannot be written down.
    pub async fn export_page(
        &self,
        id: &str,
        after: Option<&str>,
        limit: usize,
        by: &Actor,
    ) -> Result<ExportPage, HubError> {
        let export = self.export(id).await?.filter(|e| e.by == by.account && self.inner.now() < e.until);
        let export = export.ok_or_else(|| unknown(id))?;
        let records = self.records(&export.dataset)?;
        self.may_export(records.dataset(), by).await?;
        let mut page =
            ExportPage { records: Vec::new(), next: after.map(ToOwned::to_owned), total: records.count().await? };
        let (most, mut room) = (limit.clamp(1, MAX_PAGE), PAGE_BYTES);
        loop {
            let find = Find { limit: STEP.min(most - page.records.len()), cursor: page.next.take(), ..Find::default() };
            let (read, left) = records.find_within(&find, room).await?;
            let entries: Vec<Entry> = read
                .records
                .iter()
                .filter_map(|found| {
                    let about = records.person(&found.record)?;
                    Some(Entry {
                        about: Some(about),
                        target: found.id.clone(),
                        purpose: Some(export.reason.clone()),
                        // An official states it in one language: the person reads it as it was stated.
                        reason: Some(Text { zh: export.reason.clone(), en: export.reason.clone() }),
                        basis: export.basis(),
                        fields: found.record.body.keys().cloned().collect(),
                        ..audit_entry("data.exported", by, &export.dataset, &export.id)
                    })
                })
                .collect();
            if !entries.is_empty() {
                self.inner.audit.record(entries).await?;
            }
            page.records.extend(read.records.into_iter().map(|f| f.record));
            page.next = read.next;
            match left.filter(|left| *left > 0 && page.next.is_some() && page.records.len() < most) {
                Some(left) => room = left,
                None => return Ok(page),
            }
        }
    }

    async fn may_export(&self, dataset: &Dataset, by: &Actor) -> Result<(), HubError> {
        if by.system_admin && !dataset.is_personal() {
            return Ok(());
        }
        self.administers_provider(dataset, by).await.map_err(|e| match e {
            HubError::Forbidden(_) => HubError::forbidden(
                "只有提供方的部门管理员可以导出该数据集",
                "department administrators of the provider export its datasets: ask yours",
            ),
            other => other,
        })
    }

    async fn export(&self, id: &str) -> Result<Option<Export>, HubError> {
        let key = keys::export(id);
        Ok(self.inner.store.get(&key).await?.map(|found| from_json(&key, &found.value)).transpose()?)
    }

    /// Forgets exports whose pages can no longer be read. What was read is in the log.
    pub(crate) async fn tidy_exports(&self) -> Result<(), HubError> {
        let rows = self.inner.store.scan(&keys::exports().children(), Direction::Ascending, TIDY).await?;
        let (now, mut txn) = (self.inner.now(), Txn::new(self.inner.store.clone()));
        for row in rows {
            if now >= from_json::<Export>(&row.key, &row.value)?.until {
                txn.delete(row.key);
            }
        }
        if !txn.is_empty() {
            txn.commit().await?;
        }
        Ok(())
    }
}

impl Export {
    /// The basis as the log has it.
    fn basis(&self) -> Option<String> {
        self.law.as_deref().map(|law| basis_text(LegalBasis::StatutoryDuty, Some(law)))
    }
}

fn unknown(id: &str) -> HubError {
    HubError::Unknown { what: "export", id: id.chars().take(64).collect() }
}
