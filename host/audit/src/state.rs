//! What the sequencer goes on from, under a keyed hash.

use crate::error::AuditError;
use crate::keys::Position;
use crate::{Inner, Trail, keys, leaf};
use data_encoding::HEXLOWER;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use yunlong_store::{Direction, Key};

/// A trail that is followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Followed {
    pub(crate) name: String,
    /// Rows behind this are covered: where the log stood when the trail was first given.
    pub(crate) after: (u64, u64),
}

/// The tree and how far the sources were followed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Leaves.
    pub(crate) size: u64,
    /// All rows up to here are leaves.
    pub(crate) seq: u64,
    pub(crate) place: u64,
    /// Trails by their numbers in pointers, from 1 on.
    pub(crate) trails: Vec<Followed>,
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

impl State {
    pub(crate) fn position(&self) -> Position {
        Position { seq: self.seq, place: self.place }
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

    /// At opening: that the state is ours, and that no followed trail is missing.
    pub(crate) async fn check_state(&self) -> Result<(), AuditError> {
        let state = self.state().await?;
        for followed in &state.trails {
            self.trail(&followed.name)?;
        }
        if state.checkpoint > 0 {
            let (_, note) = self.checkpoint(state.checkpoint).await?;
            if note.lines().next() != Some(self.key.origin()) {
                let why = format!("this log's origin is {:?}, not `{}`", note.lines().next(), self.key.origin());
                return Err(AuditError::Config(why));
            }
        }
        Ok(())
    }

    pub(crate) fn trail(&self, name: &str) -> Result<&Trail, AuditError> {
        self.trails.iter().find(|t| t.name == name).ok_or_else(|| {
            AuditError::Config(format!("the trail `{name}` has leaves in the log: give it, or they cannot be proven"))
        })
    }

    /// The rows that a pointer's source number means: their prefix, and from where on they are leaves.
    pub(crate) fn source(&self, state: &State, number: u16) -> Result<(Key, Position), AuditError> {
        let Some(n) = usize::from(number).checked_sub(1) else { return Ok((keys::leaves(), Position::default())) };
        let followed = state
            .trails
            .get(n)
            .ok_or_else(|| AuditError::Damaged(format!("a pointer names the source {number}, which there is not")))?;
        let (seq, place) = followed.after;
        Ok((self.trail(&followed.name)?.prefix.clone(), Position { seq, place }))
    }
}
