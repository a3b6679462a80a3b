//! The lists of mandates: those that somebody gave, page by page, and those that they hold.

use crate::error::IdentityError;
use crate::mandates::{Grantor, Mandate};
use crate::{Identity, keys};
use std::collections::BTreeSet;
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Key};

/// Rows that are read at a time.
const STEP: usize = 200;

/// Some of the mandates that somebody gave, the newest first.
#[derive(Clone, Debug, Default)]
pub struct MandatePage {
    /// The mandates.
    pub mandates: Vec<Mandate>,
    /// Where the next page begins.
    pub next: Option<String>,
}

impl Identity {
    /// The mandates that somebody gave, and those of the companies whose legal representative they
    /// are, those that are over among them: at most `limit` of them, behind `before`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn mandates_given(
        &self,
        account: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<MandatePage, IdentityError> {
        let held = self.mandates_held(account).await?;
        // One's own office is not a mandate that one gave.
        let own: BTreeSet<&str> = held.iter().filter(|m| m.legal_representative).map(|m| m.id.as_str()).collect();
        let mut ids = BTreeSet::new();
        for index in offices(&held).into_iter().chain([account.to_owned()]) {
            let index = keys::mandates_by(&index);
            let mut range = index.children();
            if let Some(before) = before {
                range.end = index.text(before);
            }
            let rows = self.inner.store.scan(&range, Direction::Descending, limit + own.len() + 1).await?;
            ids.extend(rows.iter().filter_map(|r| r.key.last_text()).filter(|id| !own.contains(id.as_str())));
        }
        let mut page = MandatePage::default();
        for id in ids.into_iter().rev() {
            if page.mandates.len() == limit {
                page.next = page.mandates.last().map(|m| m.id.clone());
                break;
            }
            page.mandates.extend(self.mandate(&id).await?);
        }
        Ok(page)
    }

    /// The mandates under which somebody may act now, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn mandates_held(&self, account: &str) -> Result<Vec<Mandate>, IdentityError> {
        let (mut found, now) = (Vec::new(), self.inner.now());
        let mut range = keys::mandates_to(account).children();
        loop {
            let rows = self.inner.store.scan(&range, Direction::Descending, STEP).await?;
            let Some(last) = rows.last().map(|r| r.key.clone()) else { return Ok(found) };
            range.end = last;
            for id in rows.iter().filter_map(|r| r.key.last_text()) {
                let mandate = self.mandate(&id).await?;
                found.extend(mandate.filter(|m| m.stands(now) && m.grantee.as_deref() == Some(account)));
            }
        }
    }

    /// Under what the mandates of those are found whose legal representative somebody is.
    pub(crate) async fn offices(&self, account: &str) -> Result<BTreeSet<String>, IdentityError> {
        Ok(offices(&self.mandates_held(account).await?))
    }

    async fn mandate(&self, id: &str) -> Result<Option<Mandate>, IdentityError> {
        let key: Key = keys::mandate(id);
        Ok(self.inner.store.get(&key).await?.map(|found| from_json(&key, &found.value)).transpose()?)
    }
}

fn offices(held: &[Mandate]) -> BTreeSet<String> {
    held.iter().filter(|m| m.legal_representative).map(|m| Grantor::index(&m.grantor)).collect()
}
