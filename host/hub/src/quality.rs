//! The quality of a dataset: how complete, how fresh, how valid, and what is in doubt.
//!
//! Completeness comes from counters that are kept in the commit of each record; nothing is scanned.

use crate::{Hub, HubError, UpdateCycle, days, keys};
use serde::Serialize;
use yunlong_model::{Text, Timestamp};

/// What is known of a dataset's quality.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quality {
    /// The dataset's code.
    pub dataset: String,
    /// Records, ended ones among them.
    pub records: u64,
    /// How complete each item is.
    pub items: Vec<ItemQuality>,
    /// How fresh it is.
    pub freshness: Freshness,
    /// How many of its newest imports the figures of rows are about.
    pub imports: u64,
    /// Rows that those imports brought.
    pub rows: u64,
    /// Of them, rows that were refused.
    pub refused: u64,
    /// Of the refused rows, those whose record stood in its file twice.
    pub duplicates: u64,
    /// Corrections that wait for an answer.
    pub open_corrections: u64,
}

/// How complete an item is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ItemQuality {
    /// The item.
    pub name: String,
    /// What people read.
    pub title: Text,
    /// Records that have it.
    pub filled: u64,
    /// The share of all records, 0 to 1; 1 when there are none.
    pub share: f64,
}

/// How fresh a dataset is, by its update cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Freshness {
    /// When its provider brought it up to date last: a file that was loaded to its end, though it said nothing
    /// new, or a write of its own. A correction of one record says nothing of the others.
    pub updated: Option<Timestamp>,
    /// Days until the next update is late, after the day of the last one; `None`: it is updated as needed.
    pub cycle_days: Option<u32>,
    /// Days by which it is late; 0 when it is fresh, and when there is nothing yet.
    pub late_days: u32,
}

/// Imports that are looked at.
const IMPORTS: usize = 10;

impl Hub {
    /// The quality of a dataset.
    ///
    /// # Errors
    /// [`HubError::NoSuchDataset`]; when the store fails.
    pub async fn quality(&self, id: &str) -> Result<Quality, HubError> {
        let records = self.records(id)?;
        let dataset = records.dataset();
        let total = records.count().await?;
        let mut items = Vec::with_capacity(dataset.items.len());
        for item in &dataset.items {
            let filled = self.inner.store.counter(&keys::count_of(id, &item.name)).await?;
            let filled = u64::try_from(filled).unwrap_or(0);
            items.push(ItemQuality {
                name: item.name.clone(),
                title: item.title.clone(),
                filled,
                share: share(filled, total),
            });
        }
        let imports = self.imports(id, IMPORTS).await?;
        let sum = |of: fn(&crate::Import) -> u64| imports.iter().map(of).sum::<u64>();
        Ok(Quality {
            dataset: id.to_owned(),
            records: total,
            items,
            freshness: self.freshness(id, dataset.update_cycle).await?,
            imports: imports.len() as u64,
            rows: sum(|i| i.loaded + i.unchanged + i.refused),
            refused: sum(|i| i.refused),
            duplicates: sum(|i| i.duplicates),
            open_corrections: self.open_corrections(id).await?,
        })
    }

    async fn freshness(&self, id: &str, cycle: UpdateCycle) -> Result<Freshness, HubError> {
        let key = keys::renewed(id);
        let found = self.inner.store.get(&key).await?;
        let updated = found.map(|f| yunlong_store::txn::from_json::<Timestamp>(&key, &f.value)).transpose()?;
        let cycle_days = cycle_days(cycle);
        let late_days = match (updated, cycle_days) {
            (Some(updated), Some(cycle)) => days::days_between(updated, self.inner.now()).saturating_sub(cycle),
            _ => 0,
        };
        Ok(Freshness { updated, cycle_days, late_days })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share of less than 2^52 records")]
fn share(filled: u64, total: u64) -> f64 {
    if total == 0 { 1.0 } else { filled as f64 / total as f64 }
}

/// The longest month, quarter and year.
fn cycle_days(cycle: UpdateCycle) -> Option<u32> {
    match cycle {
        UpdateCycle::RealTime | UpdateCycle::Daily => Some(1),
        UpdateCycle::Weekly => Some(7),
        UpdateCycle::Monthly => Some(31),
        UpdateCycle::Quarterly => Some(92),
        UpdateCycle::Yearly => Some(366),
        UpdateCycle::AsNeeded => None,
    }
}
