//! Failures are counted for each name that somebody tries, whether it is an account or not.
//!
//! A lock must not tell which names exist, nor may strangers fill the store with names. So all names
//! share one table of fixed size: a keyed hash of the name chooses one of 65,536 rows, each of which
//! has sixteen places. When a row is full, the failure that matters least makes room; strangers, who
//! do not know the key, need some millions of tries to push out a lock, far more than the lock keeps
//! them from.

use crate::config::IdentityConfig;
use crate::secret::Secrets;
use crate::sessions::millis;
use crate::{Inner, keys};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use yunlong_model::Timestamp;
use yunlong_store::txn::from_json;
use yunlong_store::{Key, StoreError, Txn};

const ROWS: u64 = 65_536;
const PLACES: usize = 16;
/// Failures that are this old are forgotten, with the locks before them.
const FORGOTTEN_MILLIS: i64 = 30 * 24 * 3600 * 1000;

/// The failures of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Attempts {
    /// Whose: a keyed hash.
    tag: String,
    /// Consecutive failures since the last success or lock.
    failures: u32,
    /// Locks since the last success.
    locks: u32,
    locked_until: Option<Timestamp>,
    last: Timestamp,
}

impl Attempts {
    fn locked(&self, now: Timestamp) -> Option<Timestamp> {
        self.locked_until.filter(|until| now < *until)
    }

    /// Counts a failure; answers the end of the lock that it caused.
    fn fail(&mut self, now: Timestamp, config: &IdentityConfig) -> Option<Timestamp> {
        self.failures += 1;
        self.last = now;
        if self.failures < config.failures_before_lock {
            return None;
        }
        let doubled = millis(config.first_lock).saturating_mul(1_i64 << self.locks.min(30));
        let until = now.plus_millis(doubled.min(millis(config.longest_lock)));
        self.failures = 0;
        self.locks = self.locks.saturating_add(1);
        self.locked_until = Some(until);
        Some(until)
    }
}

/// A row of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Row(Vec<Attempts>);

impl Row {
    fn locked(&self, tag: &str, now: Timestamp) -> Option<Timestamp> {
        self.0.iter().find(|a| a.tag == tag)?.locked(now)
    }

    fn fail(&mut self, tag: &str, now: Timestamp, config: &IdentityConfig) -> Option<Timestamp> {
        self.0.retain(|a| a.locked(now).is_some() || now < a.last.plus_millis(FORGOTTEN_MILLIS));
        if let Some(known) = self.0.iter_mut().find(|a| a.tag == tag) {
            return known.fail(now, config);
        }
        while self.0.len() >= PLACES {
            // Who is not locked before who is; then whose lock ends, or who failed, first.
            let least = (0..self.0.len()).min_by_key(|i| {
                let a = &self.0[*i];
                (a.locked(now), a.last)
            });
            self.0.remove(least.unwrap_or(0));
        }
        let mut new = Attempts { tag: tag.to_owned(), ..Attempts::default() };
        let locked = new.fail(now, config);
        self.0.push(new);
        locked
    }
}

/// Where the failures of a name stand.
pub(crate) struct Place {
    key: Key,
    tag: String,
}

impl Place {
    /// Of a name that somebody typed as an account's, of any length and content.
    pub(crate) fn of_name(secrets: &Secrets, name: &str) -> Self {
        Self::new(secrets, "password", name)
    }

    /// Of the second factor of an account.
    pub(crate) fn of_second_factor(secrets: &Secrets, account: &str) -> Self {
        Self::new(secrets, "second-factor", account)
    }

    fn new(secrets: &Secrets, what: &str, name: &str) -> Self {
        let digest = HEXLOWER.encode(&Sha256::digest(name.as_bytes()));
        let tag = secrets.derive("attempts", &[what, &digest]);
        let row = tag[16..24].iter().fold(0_u64, |n, b| n << 8 | u64::from(*b)) % ROWS;
        Self { key: keys::attempts(row), tag: HEXLOWER.encode(&tag[..16]) }
    }

    /// The end of a lock that stands, for a transaction that depends on it.
    pub(crate) async fn locked(&self, txn: &mut Txn, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.row(txn).await?.locked(&self.tag, now))
    }

    /// As [`Place::locked`], outside of a transaction.
    pub(crate) async fn locked_now(&self, inner: &Inner) -> Result<Option<Timestamp>, StoreError> {
        let Some(found) = inner.store.get(&self.key).await? else { return Ok(None) };
        Ok(from_json::<Row>(&self.key, &found.value)?.locked(&self.tag, inner.now()))
    }

    /// Stages one more failure; answers the end of the lock that it causes.
    pub(crate) async fn fail(&self, txn: &mut Txn, inner: &Inner) -> Result<Option<Timestamp>, StoreError> {
        let mut row = self.row(txn).await?;
        let locked = row.fail(&self.tag, inner.now(), &inner.config);
        txn.put_as(self.key.clone(), &row);
        Ok(locked)
    }

    /// Stages that nothing is held against the name.
    pub(crate) async fn forgive(&self, txn: &mut Txn) -> Result<(), StoreError> {
        let mut row = self.row(txn).await?;
        let before = row.0.len();
        row.0.retain(|a| a.tag != self.tag);
        if row.0.is_empty() && before > 0 {
            txn.delete(self.key.clone());
        } else if row.0.len() < before {
            txn.put_as(self.key.clone(), &row);
        }
        Ok(())
    }

    async fn row(&self, txn: &mut Txn) -> Result<Row, StoreError> {
        Ok(txn.get_as(&self.key).await?.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    #[test]
    fn the_fifth_failure_locks_and_each_lock_lasts_twice_as_long() {
        let config = IdentityConfig::default();
        let mut a = Attempts::default();
        let mut now = Timestamp(0);
        for minutes in [15, 30, 60, 120, 240, 480, 960, 1440, 1440] {
            for _ in 0..4 {
                assert_eq!(a.fail(now, &config), None);
            }
            let until = now.plus_millis(minutes * MINUTE);
            assert_eq!(a.fail(now, &config), Some(until));
            assert_eq!(a.locked(until.plus_millis(-1)), Some(until));
            assert_eq!(a.locked(until), None);
            now = until;
        }
    }

    #[test]
    fn a_row_never_grows_over_its_places_and_strangers_push_out_no_lock() {
        let config = IdentityConfig::default();
        let (mut row, now) = (Row::default(), Timestamp(0));
        for _ in 0..5 {
            row.fail("victim", now, &config);
        }
        let until = row.locked("victim", now).unwrap();
        for stranger in 0..1_000 {
            row.fail(&format!("stranger-{stranger}"), now.plus_millis(stranger), &config);
            assert!(row.0.len() <= PLACES);
        }
        assert_eq!(row.locked("victim", now.plus_millis(1_000)), Some(until));
    }

    #[test]
    fn old_failures_are_forgotten() {
        let config = IdentityConfig::default();
        let mut row = Row::default();
        for _ in 0..4 {
            row.fail("a", Timestamp(0), &config);
        }
        assert_eq!(row.fail("a", Timestamp(FORGOTTEN_MILLIS), &config), None, "the first again");
    }

    #[test]
    fn a_place_is_found_by_the_key_alone_and_holds_no_name() {
        let (a, b) = (Secrets::new([1; 32]), Secrets::new([2; 32]));
        let place = |s: &Secrets| Place::of_name(s, "citizen\0-1").tag;
        assert_eq!(place(&a), place(&a));
        assert_ne!(place(&a), place(&b));
        assert_ne!(Place::of_second_factor(&a, "citizen-1").tag, Place::of_name(&a, "citizen-1").tag);
    }
}
