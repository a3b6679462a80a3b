//! Erasure and expiry: the two ways in which a payload may go, each told by a leaf of its own.

use crate::error::AuditError;
use crate::leaf::Expired;
use crate::people::{CITY, is_conflict};
use crate::state::Expiry;
use crate::{Audit, Entry, Inner, keys, payload_key};
use yunlong_model::{Kind, PersonId};
use yunlong_store::{Direction, Txn};

/// Payloads that are removed in one commit.
const STEP: usize = 5_000;
const ATTEMPTS: u32 = 32;
const DAY: i64 = 86_400_000;

impl Audit {
    /// Erases what is written about a person, for a reason and on somebody's order: the key is
    /// destroyed and the leaf is written in one commit, from which on nothing opens any more; then the
    /// payloads are removed. The leaves stay, and the log stays whole. Answers how many payloads went;
    /// 0 when nothing was written about them.
    ///
    /// Trails of other services keep their rows. It waits for an export that is under way.
    ///
    /// # Errors
    /// [`AuditError::Invalid`] for what is no person; when the store fails. Once the key is destroyed, the next start or the next hour removes what is left.
    pub async fn erase(&self, person: &PersonId, reason: &str, by: &str) -> Result<u64, AuditError> {
        if person.as_str() == CITY {
            return Err(AuditError::Invalid("this is no person: what is about nobody is not erased".into()));
        }
        let _alone = self.inner.exporting.write().await;
        let mut attempt = 0;
        let tag = loop {
            match self.inner.destroy(person, reason, by).await {
                Err(e) if is_conflict(&e) && attempt < ATTEMPTS => attempt += 1,
                done => break done?,
            }
        };
        let Some(tag) = tag else { return Ok(0) };
        self.inner.people.forget(std::iter::once(person.as_str()));
        self.inner.people.forget_tag(&tag);
        self.inner.remove_payloads(&tag).await
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
    /// Destroys a person's key and writes the leaf; answers their tag.
    async fn destroy(&self, person: &PersonId, reason: &str, by: &str) -> Result<Option<String>, AuditError> {
        let mut txn = Txn::new(self.store.clone());
        let name = person.as_str();
        if txn.get(&keys::person(name)).await?.is_none() {
            return Ok(None);
        }
        let tag = self.people.in_txn(&mut txn, name).await?.tag_text;
        txn.delete(keys::person(name));
        txn.delete(keys::person_key(&tag));
        txn.put(keys::erasing().text(&tag), bytes::Bytes::new());
        let mut entry = Entry::new("erasure.carried-out", by, Kind::Official);
        entry.detail = reason.to_owned();
        let city = self.people.in_txn(&mut txn, CITY).await?;
        let prepared = self.prepare(&city, &entry, |leaf| {
            leaf.kind = "erasure".into();
            leaf.erased = Some(tag.clone());
        })?;
        txn.append(prepared.leaf.prefix, prepared.leaf.value);
        txn.append(prepared.payload.prefix, prepared.payload.value);
        txn.commit().await?;
        Ok(Some(tag))
    }

    async fn remove_payloads(&self, tag: &str) -> Result<u64, AuditError> {
        let mut gone = 0;
        loop {
            let rows = self.store.scan(&keys::payloads_of(tag).children(), Direction::Ascending, STEP).await?;
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
        while to < state.size && (to - from) < STEP as u64 && self.time_of_leaf(&state, to).await? < before {
            let pointer = self.pointer(to).await?;
            // Rows of trails belong to their services.
            if pointer.source == 0 {
                let (tag, _) = self.own_leaf(pointer.position).await?;
                txn.delete(payload_key(&tag, pointer.position));
            }
            to += 1;
        }
        if to == from {
            return Ok(0);
        }
        txn.put(row.clone(), self.under_hash(&row, &Expiry { to })?.into());
        let mut entry = Entry::new("expiry.carried-out", "-", Kind::Service);
        entry.detail = format!("{} days", self.config.retention_days);
        let city = self.people.in_txn(&mut txn, CITY).await?;
        let prepared = self.prepare(&city, &entry, |leaf| {
            leaf.kind = "expiry".into();
            leaf.expired = Some(Expired { from, to, before });
        })?;
        txn.append(prepared.leaf.prefix, prepared.leaf.value);
        txn.append(prepared.payload.prefix, prepared.payload.value);
        txn.commit().await?;
        Ok(to - from)
    }
}
