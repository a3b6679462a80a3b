//! Reading a dataset out, page by page, for whoever provides it.

use crate::records::Find;
use crate::{Actor, Hub, HubError, Record};
use yunlong_audit::Entry;

/// A page of an export.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportPage {
    /// The records that hold today.
    pub records: Vec<Record>,
    /// Give this as `after` for the next page; `None` at the end.
    pub next: Option<String>,
}

impl Hub {
    /// A page of the records, in the order of their ids, at most `limit` (1 to 500). Each record about a
    /// person is a read of their data, and is written into the audit log before the page is answered.
    ///
    /// # Errors
    /// [`HubError::Forbidden`] unless the actor is an official of the provider; a system administrator may
    /// read out what is not about persons. [`HubError::Invalid`] for a cursor from elsewhere;
    /// [`HubError::Audit`] when the reads cannot be written down.
    pub async fn export_page(
        &self,
        dataset: &str,
        after: Option<&str>,
        limit: usize,
        by: &Actor,
    ) -> Result<ExportPage, HubError> {
        let records = self.records(dataset)?;
        let described = records.dataset();
        let may = by.acts_for(&described.provider) || (by.system_admin && !described.is_personal());
        if !may {
            return Err(HubError::forbidden(
                "只有提供方的工作人员可以导出该数据集",
                "officials of the provider export its datasets: act in its office",
            ));
        }
        let find = Find { limit, cursor: after.map(ToOwned::to_owned), ..Find::default() };
        let page = records.find(&find).await?;
        let entries: Vec<Entry> = page
            .records
            .iter()
            .filter_map(|found| {
                let about = records.person(&found.record)?;
                Some(Entry {
                    organization: by.organization.clone(),
                    about: Some(about),
                    dataset: Some(dataset.to_owned()),
                    target: found.id.clone(),
                    purpose: Some("export".into()),
                    fields: found.record.body.keys().cloned().collect(),
                    request_id: by.request_id.clone(),
                    ..Entry::new("data.read", by.account.clone(), by.kind)
                })
            })
            .collect();
        if !entries.is_empty() {
            self.inner.audit.record(entries).await?;
        }
        Ok(ExportPage { records: page.records.into_iter().map(|f| f.record).collect(), next: page.next })
    }
}
