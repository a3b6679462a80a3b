//! Comparing the ledger with the balances while payments go on.

use crate::ledger::{Entry, LedgerReport};
use crate::{Payments, keys};
use std::collections::{BTreeMap, BTreeSet};
use yunlong_store::{Direction, KeyRange, StoreError};

/// Entries read at once.
const PAGE: usize = 1_000;

impl Payments {
    /// Reads the whole ledger and compares it with the balances.
    ///
    /// Nothing is held still for it. The entries are read to their end, then the balances, then the
    /// entries that came meanwhile: a balance was read somewhere between the two ends, and is right
    /// when the entries up to some place between them sum to it.
    ///
    /// # Errors
    /// When the store fails, or holds an entry that does not balance.
    pub async fn verify_ledger(&self) -> Result<LedgerReport, StoreError> {
        let mut report = LedgerReport::default();
        let mut range = keys::ledger().children();
        self.walk(&mut range, |entry| report.add(entry)).await?;

        let stored: BTreeMap<String, i64> = self
            .store
            .counters(&keys::balances().children(), usize::MAX)
            .await?
            .into_iter()
            .filter_map(|(key, stored)| Some((key.last_text()?, stored)))
            .collect();
        // A counter that was never moved reads as 0.
        let stands_at = |account: &str| stored.get(account).copied().unwrap_or(0);
        let mut right: BTreeSet<String> =
            report.balances.iter().filter(|(a, b)| stands_at(a) == **b).map(|(a, _)| a.clone()).collect();
        self.walk(&mut range, |entry| {
            for account in entry.postings().iter().map(|p| &p.account) {
                // Before its first entry an account stands at 0.
                if !report.balances.contains_key(account) && stands_at(account) == 0 {
                    right.insert(account.clone());
                }
            }
            report.add(entry);
            for account in entry.postings().iter().map(|p| &p.account) {
                if report.balances.get(account) == Some(&stands_at(account)) {
                    right.insert(account.clone());
                }
            }
        })
        .await?;

        for account in report.balances.keys().chain(stored.keys()).collect::<BTreeSet<_>>() {
            let (stored, computed) = (stands_at(account), report.balances.get(account).copied());
            let wrong = match computed {
                Some(_) => !right.contains(account),
                None => stored != 0,
            };
            if wrong {
                report.differences.insert(account.clone(), (stored, computed.unwrap_or(0)));
            }
        }
        Ok(report)
    }

    /// Shows `each` the entries of `range` up to the end that it has when it is reached; `range` is
    /// what comes behind.
    async fn walk(&self, range: &mut KeyRange, mut each: impl FnMut(&Entry)) -> Result<(), StoreError> {
        loop {
            let rows = self.store.scan(range, Direction::Ascending, PAGE).await?;
            let Some(last) = rows.last().map(|r| r.key.clone()) else { return Ok(()) };
            for row in &rows {
                each(&yunlong_store::txn::from_json::<Entry>(&row.key, &row.value)?);
            }
            range.start = last.next();
            if rows.len() < PAGE {
                return Ok(());
            }
        }
    }
}
