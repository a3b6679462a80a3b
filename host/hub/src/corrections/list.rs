//! Finding corrections.

use super::desk::not_theirs;
use super::{Correction, CorrectionState, open, unknown};
use crate::{Actor, Hub, HubError, keys};
use serde::Serialize;
use yunlong_model::{Kind, Timestamp};
use yunlong_store::{Direction, KeyRange};

/// Which corrections somebody looks for.
#[derive(Clone, Debug, Default)]
pub struct CorrectionFilter {
    /// Of this dataset; empty: of any.
    pub dataset: String,
    /// In this state.
    pub state: Option<CorrectionState>,
    /// Only those that wait for somebody.
    pub open: bool,
}

impl CorrectionFilter {
    fn fits(&self, correction: &Correction) -> bool {
        (self.dataset.is_empty() || correction.dataset == self.dataset)
            && self.state.is_none_or(|s| correction.state == s)
            && (!self.open || correction.state.is_open())
    }
}

/// Some corrections, the newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct CorrectionPage<T = CorrectionSummary> {
    /// The corrections.
    pub corrections: Vec<T>,
    /// Give this as `before` for older ones; `None` at the end.
    pub next: Option<String>,
}

impl<T> Default for CorrectionPage<T> {
    fn default() -> Self {
        Self { corrections: Vec::new(), next: None }
    }
}

/// What a list tells of a correction: nothing that is in the record, and not whom it is about. To open one
/// is a read, and is logged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CorrectionSummary {
    /// Its id.
    pub id: String,
    /// The dataset's code.
    pub dataset: String,
    /// The item.
    pub item: Option<String>,
    /// Where it stands.
    pub state: CorrectionState,
    /// When it was filed.
    pub filed: Timestamp,
    /// Until when it is to be answered.
    pub due: Timestamp,
    /// The account of the official who filed it; `None` when the person did.
    pub official: Option<String>,
}

impl From<Correction> for CorrectionSummary {
    fn from(c: Correction) -> Self {
        let official = (c.filer.kind == Kind::Official).then_some(c.filer.account);
        Self { id: c.id, dataset: c.dataset, item: c.item, state: c.state, filed: c.filed, due: c.due, official }
    }
}

impl CorrectionPage<Correction> {
    /// The page as a list tells it.
    #[must_use]
    pub fn summary(self) -> CorrectionPage {
        CorrectionPage { corrections: self.corrections.into_iter().map(Into::into).collect(), next: self.next }
    }
}

/// Rows that one page looks at.
const SCANNED: usize = 2_000;

impl Hub {
    /// A correction, without a check of who asks.
    ///
    /// # Errors
    /// [`HubError::Unknown`].
    pub async fn correction(&self, id: &str) -> Result<Correction, HubError> {
        let key = keys::correction(id);
        let found = self.inner.store.get(&key).await?.ok_or_else(|| unknown(id))?;
        open(&self.inner.keys, &key, &found.value)
    }

    /// A correction, for its filer and for those who handle it. Whoever may not see it is told that there is
    /// none; a filer from elsewhere is not told what the record says.
    ///
    /// # Errors
    /// [`HubError::Unknown`].
    pub async fn correction_for(&self, id: &str, by: &Actor) -> Result<Correction, HubError> {
        let found = self.correction(id).await?;
        let theirs = found.filer.account == by.account || by.acts_for(&found.provider) || by.acts_for(&found.authority);
        if theirs { Ok(found.seen_by(by)) } else { Err(unknown(id)) }
    }

    /// What somebody filed, the newest first: as themself, or in their office.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn corrections_filed_by(
        &self,
        by: &Actor,
        before: Option<&str>,
        limit: usize,
    ) -> Result<CorrectionPage<Correction>, HubError> {
        let in_office = by.kind == Kind::Official;
        let fits = |c: &Correction| (c.filer.kind == Kind::Official) == in_office;
        let mut page = self.corrections_under(&keys::corrections_by(&by.account), fits, before, limit).await?;
        page.corrections = page.corrections.into_iter().map(|c| c.seen_by(by)).collect();
        Ok(page)
    }

    /// What an organization handles, as provider or as authority, the newest first. For its officials. It
    /// tells nothing about persons: what does is opened one by one ([`Hub::correction_for`]).
    ///
    /// # Errors
    /// [`HubError::Forbidden`] for others.
    pub async fn corrections_of(
        &self,
        organization: &str,
        filter: &CorrectionFilter,
        before: Option<&str>,
        limit: usize,
        by: &Actor,
    ) -> Result<CorrectionPage, HubError> {
        if !by.acts_for(organization) {
            return Err(not_theirs());
        }
        let fits = |c: &Correction| filter.fits(c);
        Ok(self.corrections_under(&keys::corrections_for(organization), fits, before, limit).await?.summary())
    }

    async fn corrections_under(
        &self,
        under: &yunlong_store::Key,
        fits: impl Fn(&Correction) -> bool,
        before: Option<&str>,
        limit: usize,
    ) -> Result<CorrectionPage<Correction>, HubError> {
        let mut range = under.children();
        if let Some(before) = before {
            range.end = under.clone().text(before);
        }
        let rows = self.inner.store.scan(&range, Direction::Descending, SCANNED).await?;
        let mut page = CorrectionPage::default();
        let more = rows.len() == SCANNED;
        for id in rows.iter().filter_map(|r| r.key.last_text()) {
            if page.corrections.len() == limit.clamp(1, 100) {
                return Ok(page);
            }
            let correction = self.correction(&id).await?;
            page.next = Some(id);
            if fits(&correction) {
                page.corrections.push(correction);
            }
        }
        if !more {
            page.next = None;
        }
        Ok(page)
    }

    /// The ids of what should have been answered by now and has not been reminded of.
    pub(super) async fn overdue_corrections(&self, now: Timestamp) -> Result<Vec<String>, HubError> {
        let under = keys::open_corrections();
        let range = KeyRange { start: under.clone(), end: under.u64(now.as_u64()).after_children() };
        let rows = self.inner.store.scan(&range, Direction::Ascending, SCANNED).await?;
        Ok(rows.iter().filter_map(|r| r.key.last_text()).collect())
    }

    /// How many corrections of a dataset wait for somebody.
    pub(crate) async fn open_corrections(&self, dataset: &str) -> Result<u64, HubError> {
        let open = self.inner.store.counter(&keys::open_count(dataset)).await?;
        Ok(u64::try_from(open).unwrap_or(0))
    }
}
