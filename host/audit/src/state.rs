//! What the sequencer goes on from, and how long payloads are kept: under a keyed hash.

use crate::error::AuditError;
use crate::keys::Position;
use crate::leaf::{self, Leaf};
use crate::{Book, Entry, Inner, keys};
use data_encoding::HEXLOWER;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use yunlong_model::{Kind, Timestamp};
use yunlong_store::{Direction, Key, transact};

/// The tree and how far the books were followed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Leaves.
    pub(crate) size: u64,
    /// All rows up to here are leaves.
    pub(crate) seq: u64,
    pub(crate) place: u64,
    /// Leaves that an order hid from their persons when they were written.
    pub(crate) hidden: u64,
    /// The size of the newest checkpoint; 0 when there is none.
    pub(crate) checkpoint: u64,
}

/// How far payloads have expired.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Expiry {
    pub(crate) to: u64,
}

/// The retention that was set last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retention {
    days: u32,
}

impl State {
    pub(crate) fn position(&self) -> Position {
        Position { seq: self.seq, place: self.place }
    }

    /// Where the next row may stand.
    pub(crate) fn next(&self) -> Position {
        if self.size == 0 && self.seq == 0 { Position::default() } else { self.position().next() }
    }
}

impl Inner {
    /// JSON, a line's end, and the keyed hash of both the row's key and the JSON.
    pub(crate) fn under_hash<T: Serialize>(&self, row: &Key, value: &T) -> Result<Vec<u8>, AuditError> {
        let mut json = serde_json::to_vec(value).map_err(|e| AuditError::Invalid(e.to_string()))?;
        let mac = leaf::hmac(self.secrets.state.as_slice(), &[row.as_bytes(), &json]);
        json.push(b'\n');
        json.extend_from_slice(HEXLOWER.encode(&mac).as_bytes());
        Ok(json)
    }

    /// What [`Inner::under_hash`] wrote.
    pub(crate) fn read_under_hash<T: DeserializeOwned>(&self, row: &Key, bytes: &[u8]) -> Result<T, AuditError> {
        let changed = || {
            let why = format!("the row {row:?} was changed, or written under another signing key");
            AuditError::Damaged(why)
        };
        let at = bytes.len().checked_sub(65).ok_or_else(changed)?;
        let json = &bytes[..at];
        let mac = leaf::hmac(self.secrets.state.as_slice(), &[row.as_bytes(), json]);
        if bytes[at] != b'\n' || bytes[at + 1..] != *HEXLOWER.encode(&mac).as_bytes() {
            return Err(changed());
        }
        serde_json::from_slice(json).map_err(|_| changed())
    }

    pub(crate) async fn state(&self) -> Result<State, AuditError> {
        let row = keys::state();
        match self.store.get(&row).await? {
            Some(found) => self.read_under_hash(&row, &found.value),
            None => self.first_state().await,
        }
    }

    /// The state of a log that has not begun. One that has begun and lost its state is not begun again:
    /// that would sign a second tree.
    pub(crate) async fn first_state(&self) -> Result<State, AuditError> {
        let checkpoints = self.store.scan(&keys::checkpoints().children(), Direction::Ascending, 1).await?;
        match checkpoints.first() {
            None => Ok(State::default()),
            Some(_) => Err(AuditError::Damaged("there are checkpoints, and the state is gone".into())),
        }
    }

    /// Where the log stands. Where its state cannot be followed: why, and where the newest checkpoint and the last
    /// pointer say that it stands. Nothing grows from those; they are for whoever shows what there is.
    pub(crate) async fn state_or_rest(&self) -> Result<(State, Option<String>), AuditError> {
        let why = match self.state().await {
            Ok(state) => return Ok((state, None)),
            Err(AuditError::Damaged(why)) => why,
            Err(e) => return Err(e),
        };
        let size = self.newest_checkpoint().await?.map_or(0, |(size, _)| size);
        let Position { seq, place } = match self.pointer(size.saturating_sub(1)).await {
            Ok(pointer) => pointer.position,
            // Any row may belong to the log then.
            Err(AuditError::Damaged(_)) => Position { seq: u64::MAX, place: u64::MAX },
            Err(e) => return Err(e),
        };
        Ok((State { size, seq, place, hidden: 0, checkpoint: size }, Some(why)))
    }

    /// The newest stored checkpoint that this log wrote: its size and its note.
    async fn newest_checkpoint(&self) -> Result<Option<(u64, String)>, AuditError> {
        let mut range = keys::checkpoints().children();
        loop {
            let rows = self.store.scan(&range, Direction::Descending, 50).await?;
            let Some(last) = rows.last() else { return Ok(None) };
            range.end = last.key.clone();
            let ours = rows.iter().find_map(|row| {
                let size = keys::checkpoint_size(&row.key)?;
                Some((size, self.read_checkpoint(size, &row.value).ok()?.1))
            });
            if ours.is_some() {
                return Ok(ours);
            }
        }
    }

    /// At opening: that the log is ours, which its newest checkpoint tells; and what an earlier process left without
    /// leaves. A log whose state somebody changed is opened: it does not grow and says so, and who else would export it?
    pub(crate) async fn check_state(&self) -> Result<(), AuditError> {
        let newest = self.newest_checkpoint().await?;
        if let Some((_, note)) = &newest
            && note.lines().next() != Some(self.key.origin())
        {
            let why = format!("this log's origin is {:?}, not `{}`", note.lines().next(), self.key.origin());
            return Err(AuditError::Config(why));
        }
        let state = match self.state().await {
            // Without anything that this key wrote it is the wrong key, and must write nothing here.
            Err(damaged @ AuditError::Damaged(_)) if newest.is_some() || self.keeps_retention().await? => {
                tracing::error!(error = %damaged, "the audit's log does not grow");
                self.progress.failed(&self.progress.attempt(), &damaged);
                return Ok(());
            }
            other => other?,
        };
        let until = *self.store.watch().borrow();
        let mut oldest: Option<Timestamp> = None;
        for book in Book::ALL {
            let range = keys::rows(&keys::leaves(book), state.next(), until);
            if let Some(row) = self.store.scan(&range, Direction::Ascending, 1).await?.first() {
                let leaf = self.our_row(book, &row.value).and_then(|row| Leaf::parse(row.leaf));
                let at = leaf.map_or_else(|| self.clock.now(), |l| l.at);
                oldest = Some(oldest.map_or(at, |o| o.min(at)));
            }
        }
        self.progress.found(oldest, state.size);
        Ok(())
    }

    /// At opening: that the retention was changed is an entry of its own, so that nobody shortens it
    /// unseen. A row that somebody changed or took away stays as it is: each export names it.
    pub(crate) async fn keep_retention(&self) -> Result<(), AuditError> {
        match self.try_keep_retention().await {
            Err(damaged @ AuditError::Damaged(_)) => {
                tracing::error!(error = %damaged, "whether the audit's retention was changed cannot be told");
                Ok(())
            }
            done => done,
        }
    }

    async fn try_keep_retention(&self) -> Result<(), AuditError> {
        let (row, now) = (keys::retention(), Retention { days: self.config.retention_days });
        transact!(&self.store, |txn| {
            let found = txn.get(&row).await?;
            if found.is_none() && txn.get(&keys::state()).await?.is_some() {
                return Err(AuditError::Damaged("the row of the retention is gone".into()));
            }
            let before = found.map(|f| self.read_under_hash::<Retention>(&row, &f)).transpose()?;
            if before.as_ref() == Some(&now) {
                return Ok(());
            }
            if let Some(before) = before {
                let lowered = now.days < before.days;
                let action = if lowered { "audit.retention-lowered" } else { "audit.retention-raised" };
                let mut entry = Entry::new(action, "-", Kind::Service);
                entry.detail = format!("{} -> {} days", before.days, now.days);
                tracing::warn!(before = before.days, now = now.days, "the audit's retention was changed");
                self.stage(Book::Data, txn, &entry, |_| {}).await?;
            }
            txn.put(row.clone(), self.under_hash(&row, &now)?.into());
            Ok::<_, AuditError>(())
        })
    }

    /// Whether the retention that was set last is there.
    pub(crate) async fn keeps_retention(&self) -> Result<bool, AuditError> {
        let row = keys::retention();
        let found = self.store.get(&row).await?;
        Ok(found.is_some_and(|found| self.read_under_hash::<Retention>(&row, &found.value).is_ok()))
    }
}
