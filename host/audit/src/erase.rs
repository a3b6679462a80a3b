//! Erasure and expiry: the two ways in which a payload may go, each told by a leaf of its own.

use crate::error::AuditError;
use crate::leaf::Expired;
use crate::people::{CITY, is_conflict, name_under};
use crate::state::Expiry;
use crate::{Audit, Book, Entry, Inner, keys, payload_key};
use serde::{Deserialize, Serialize};
use yunlong_model::{Kind, PersonId};
use yunlong_store::key::Part;
use yunlong_store::{Direction, Key, Txn};

/// Payloads that are removed in one commit.
const STEP: usize = 5_000;
const ATTEMPTS: u32 = 32;
const DAY: i64 = 86_400_000;

/// An erasure that waits for the end of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Waiting {
    reason: String,
    by: String,
}

/// Why something is erased.
#[derive(Clone, Copy)]
struct Ground<'a> {
    reason: &'a str,
    by: &'a str,
}

impl Audit {
    /// Erases what is written about a person, for a reason and on somebody's order: the key is
    /// destroyed and the leaf is written in one commit, from which on nothing opens any more; then the
    /// payloads are removed. The leaves stay, and the log stays whole. Answers how many payloads went;
    /// 0 when nothing was written about them.
    ///
    /// What one of the `standing_orders` hides is under a key of its own and stays; it goes when the
    /// order has ended ([`Audit::finish_waiting`]), and the tag that is published now selects none of
    /// its leaves.
    ///
    /// # Errors
    /// [`AuditError::Invalid`] for what is no person; when the store fails. Once the key is destroyed, the next start or the next hour removes what is left.
    pub async fn erase(
        &self,
        person: &PersonId,
        standing_orders: &[String],
        reason: &str,
        by: &str,
    ) -> Result<u64, AuditError> {
        if person.as_str() == CITY || person.as_str().contains(' ') {
            return Err(AuditError::Invalid("this is no person: what is about nobody is not erased".into()));
        }
        let _alone = self.inner.exporting.write().await;
        let mut gone = 0;
        for (order, name) in self.inner.people.names_of(person).await? {
            match order.filter(|order| standing_orders.contains(order)) {
                Some(order) => self.inner.wait_for_end(person, &order, Ground { reason, by }).await?,
                None => gone += self.inner.erase_name(&name, Ground { reason, by }, None).await?,
            }
        }
        Ok(gone)
    }

    /// Carries out the erasures that waited for orders which do not stand any more; answers how many
    /// payloads went.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn finish_waiting(&self, standing_orders: &[String]) -> Result<u64, AuditError> {
        let rows = self.inner.store.scan(&keys::waiting().children(), Direction::Ascending, usize::MAX).await?;
        let mut gone = 0;
        for row in rows {
            let parts: Vec<Part> = row.key.parts().skip(2).collect();
            let [Part::Text(person), Part::Text(order)] = &parts[..] else { continue };
            if standing_orders.contains(order) {
                continue;
            }
            let waiting: Waiting = self.inner.read_under_hash(&row.key, &row.value)?;
            let _alone = self.inner.exporting.write().await;
            let ground = Ground { reason: &waiting.reason, by: &waiting.by };
            let name = name_under(&PersonId::new(person.as_str()), order);
            gone += self.inner.erase_name(&name, ground, Some(&row.key)).await?;
        }
        Ok(gone)
    }

    /// Removes what is left of erasures that were cut short; answers how many payloads.
    pub(crate) async fn finish_erasures(&self) -> Result<u64, AuditError> {
        let _alone = self.inner.exporting.write().await;
        let mut gone = 0;
        for row in self.inner.store.scan(&keys::erasing().children(), Direction::Ascending, usize::MAX).await? {
            if let Some(tag) = row.key.last_text() {
                gone += self.inner.remove_payloads(&tag).await?;
            }
        }
        Ok(gone)
    }

    /// Removes the payloads that are older than the retention, in steps that each write a leaf which
    /// names the leaves whose payloads went. Answers how many leaves that were.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn expire(&self) -> Result<u64, AuditError> {
        let _alone = self.inner.exporting.write().await;
        let (mut gone, mut attempt) = (0, 0);
        loop {
            match self.inner.expire_step().await {
                Ok(0) => return Ok(gone),
                Ok(n) => (gone, attempt) = (gone + n, 0),
                Err(e) if is_conflict(&e) && attempt < ATTEMPTS => attempt += 1,
                Err(e) => return Err(e),
            }
        }
    }
}

impl Inner {
    /// Destroys the key of a name and removes its payloads; `waited` is the row that asked for it.
    async fn erase_name(&self, name: &str, ground: Ground<'_>, waited: Option<&Key>) -> Result<u64, AuditError> {
        let mut attempt = 0;
        let tag = loop {
            match self.destroy(name, ground, waited).await {
                Err(e) if is_conflict(&e) && attempt < ATTEMPTS => attempt += 1,
                done => break done?,
            }
        };
        let Some(tag) = tag else { return Ok(0) };
        self.people.forget(std::iter::once(name.into()));
        self.people.forget_tag(&tag);
        self.remove_payloads(&tag).await
    }

    /// Writes down that what an order hides is to be erased when it ends.
    async fn wait_for_end(&self, person: &PersonId, order: &str, ground: Ground<'_>) -> Result<(), AuditError> {
        let row = keys::waiting_for(person.as_str(), order);
        let waiting = Waiting { reason: ground.reason.to_owned(), by: ground.by.to_owned() };
        let mut txn = Txn::new(self.store.clone());
        txn.put(row.clone(), self.under_hash(&row, &waiting)?.into());
        txn.commit().await?;
        Ok(())
    }

    /// Whether a row of an erasure that waits is one that this log wrote.
    pub(crate) fn is_waiting(&self, row: &Key, value: &[u8]) -> bool {
        self.read_under_hash::<Waiting>(row, value).is_ok()
    }

    /// Destroys the key of a name and writes the leaf; answers the tag.
    async fn destroy(
        &self,
        name: &str,
        ground: Ground<'_>,
        waited: Option<&Key>,
    ) -> Result<Option<String>, AuditError> {
        let mut txn = Txn::new(self.store.clone());
        if let Some(row) = waited {
            txn.delete(row.clone());
        }
        if txn.get(&keys::person(name)).await?.is_none() {
            txn.commit().await?;
            return Ok(None);
        }
        let tag = self.people.in_txn(&mut txn, name).await?.tag_text;
        txn.delete(keys::person(name));
        txn.delete(keys::person_key(&tag));
        txn.put(keys::erasing().text(&tag), bytes::Bytes::new());
        let mut entry = Entry::new("erasure.carried-out", ground.by, Kind::Official);
        entry.detail = ground.reason.to_owned();
        self.stage(Book::Data, &mut txn, &entry, |leaf| {
            leaf.kind = "erasure".into();
            leaf.erased = Some(tag.clone());
        })
        .await?;
        txn.commit().await?;
        Ok(Some(tag))
    }

    async fn remove_payloads(&self, tag: &str) -> Result<u64, AuditError> {
        let mut gone = 0;
        loop {
            let rows = self.store.scan(&keys::payloads_under(tag).children(), Direction::Ascending, STEP).await?;
            let mut txn = Txn::new(self.store.clone());
            let last = rows.len() < STEP;
            gone += rows.len() as u64;
            rows.into_iter().for_each(|r| txn.delete(r.key));
            if last {
                txn.delete(keys::erasing().text(tag));
            }
            txn.commit().await?;
            if last {
                return Ok(gone);
            }
        }
    }

    /// Lets the next leaves expire that are old enough; answers how many.
    async fn expire_step(&self) -> Result<u64, AuditError> {
        let state = self.state().await?;
        let now = self.clock.now();
        let before = now.plus_millis(-(i64::from(self.config.retention_days) * DAY));
        let mut txn = Txn::new(self.store.clone());
        let row = keys::expired();
        let from = match txn.get(&row).await? {
            Some(found) => self.read_under_hash::<Expiry>(&row, &found)?.to,
            None => 0,
        };
        let mut to = from;
        while to < state.size && (to - from) < STEP as u64 && self.time_of_leaf(to).await? < before {
            let pointer = self.pointer(to).await?;
            let (tag, _) = self.own_leaf(pointer).await?;
            txn.delete(payload_key(&tag, pointer));
            to += 1;
        }
        if to == from {
            return Ok(0);
        }
        txn.put(row.clone(), self.under_hash(&row, &Expiry { to })?.into());
        let mut entry = Entry::new("expiry.carried-out", "-", Kind::Service);
        entry.detail = format!("{} days", self.config.retention_days);
        self.stage(Book::Data, &mut txn, &entry, |leaf| {
            leaf.kind = "expiry".into();
            leaf.expired = Some(Expired { from, to, before });
        })
        .await?;
        txn.commit().await?;
        Ok(to - from)
    }
}
