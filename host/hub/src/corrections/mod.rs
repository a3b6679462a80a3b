//! Corrections (疑义核查): somebody says that a record is wrong, and the authority answers.
//!
//! ```text
//! filed ── accept ──► accepted ── correct ──► corrected
//!   │                   │
//!   ├── reject ─────────┼─────── reject ────► rejected
//!   └── withdraw ───────┴────── withdraw ───► withdrawn
//! ```
//!
//! The provider accepts it, which forwards it to the authority of the item; the authority corrects or
//! rejects it. What is corrected is written into the record in the same commit.
//!
//! Invariants:
//! - Nobody learns by a correction what they may not read: neither what the record says, nor whether there
//!   is one. Whatever was looked up is in the log before it is answered.
//! - A list of corrections tells nothing that is in a record or about a person.
//! - Whom a record is about is written down for the log, and never serialized for anybody.

mod desk;
mod doubt;
mod list;

pub use list::{CorrectionFilter, CorrectionPage, CorrectionSummary};

use crate::{Actor, HubError, keys};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use yunlong_model::{Kind, PersonId, Timestamp};
use yunlong_sealing::Keyring;
use yunlong_store::txn::from_json;
use yunlong_store::{StoreError, Txn};

/// What somebody says that the record should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what", content = "value")]
pub enum Claim {
    /// The item should have this value.
    Value(Value),
    /// The item should have no value.
    Nothing,
    /// The record should not be there at all: it is about somebody else or nobody, or the law demands its
    /// erasure.
    NoRecord,
    /// A record about the filer should be there and is not. Whoever provides the dataset enters it; it is
    /// answered as corrected once it is there.
    Missing,
}

/// What somebody files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCorrection {
    /// The dataset's code.
    pub dataset: String,
    /// The record's key. A citizen may leave it out: it is then the record about themself.
    #[serde(default)]
    pub key: Option<String>,
    /// The item; `None` with [`Claim::NoRecord`] and [`Claim::Missing`].
    #[serde(default)]
    pub item: Option<String>,
    /// What it should be.
    pub claim: Claim,
    /// Why.
    pub reason: String,
    /// What shows it: which document, where it can be seen.
    #[serde(default)]
    pub evidence: String,
}

/// Who filed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filer {
    /// The account.
    pub account: String,
    /// What kind of principal.
    pub kind: Kind,
    /// An official's organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

/// Where a correction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CorrectionState {
    /// 已提出. The provider has not looked at it yet.
    Filed,
    /// 已受理. It lies with the authority.
    Accepted,
    /// 已更正. The record was changed.
    Corrected,
    /// 不予更正. The record stays as it is.
    Rejected,
    /// 已撤回. The filer took it back.
    Withdrawn,
}

/// What somebody does with a correction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CorrectionStep {
    Accept,
    Correct,
    Reject,
    Withdraw,
}

impl CorrectionStep {
    const ALL: [Self; 4] = [Self::Accept, Self::Correct, Self::Reject, Self::Withdraw];

    fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Correct => "correct",
            Self::Reject => "reject",
            Self::Withdraw => "withdraw",
        }
    }
}

impl CorrectionState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Filed, Self::Accepted, Self::Corrected, Self::Rejected, Self::Withdrawn];

    /// The state as it is written: `filed`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Filed => "filed",
            Self::Accepted => "accepted",
            Self::Corrected => "corrected",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether it waits for somebody.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Filed | Self::Accepted)
    }

    fn to(self, step: CorrectionStep) -> Option<Self> {
        use CorrectionStep::{Accept, Correct, Reject, Withdraw};
        match (self, step) {
            (Self::Filed, Accept) => Some(Self::Accepted),
            (Self::Accepted, Correct) => Some(Self::Corrected),
            (Self::Filed | Self::Accepted, Reject) => Some(Self::Rejected),
            (Self::Filed | Self::Accepted, Withdraw) => Some(Self::Withdrawn),
            _ => None,
        }
    }

    /// The state after a step.
    pub(crate) fn after(self, step: CorrectionStep) -> Result<Self, HubError> {
        self.to(step).ok_or_else(|| {
            let possible = CorrectionStep::ALL.into_iter().filter(|s| self.to(*s).is_some());
            HubError::Transition {
                step: step.name(),
                state: self.name(),
                possible: possible.map(CorrectionStep::name).collect(),
            }
        })
    }
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// When.
    pub at: Timestamp,
    /// The account.
    pub by: String,
    /// In whose office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// What the filer reads: why it was rejected, or a word about what was corrected.
    pub text: String,
}

/// A correction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correction {
    /// Its id; ids sort by the time of filing.
    pub id: String,
    /// The dataset's code.
    pub dataset: String,
    /// The record's key; the resident ID of whom it should be about, where there is no record.
    pub key: String,
    /// Whom the record is about. It never leaves the platform: see [`Kept`].
    #[serde(skip)]
    pub person: Option<PersonId>,
    /// The item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// What the item was when the correction was filed; `None` when it was nothing, and for whoever may not
    /// read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<Value>,
    /// What it should be.
    pub claim: Claim,
    /// Why.
    pub reason: String,
    /// What shows it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub evidence: String,
    /// Who filed it.
    pub filer: Filer,
    /// When.
    pub filed: Timestamp,
    /// The organization that provides the dataset.
    pub provider: String,
    /// The organization that answers: the authority of the item.
    pub authority: String,
    /// Where it stands.
    pub state: CorrectionState,
    /// Until when it is to be answered.
    pub due: Timestamp,
    /// When it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Timestamp>,
    /// When whoever is to answer was reminded that it is overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded: Option<Timestamp>,
    /// What was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// The version of the record that it led to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

impl Correction {
    /// Whether it should have been answered by now.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.state.is_open() && now >= self.due
    }

    /// Whether this person reads what the record says: the desks that handle it, and the person themself.
    #[must_use]
    pub fn shows_record_to(&self, by: &Actor) -> bool {
        let themself = by.account == self.filer.account && self.filer.kind != Kind::Official;
        themself || by.acts_for(&self.provider) || by.acts_for(&self.authority)
    }

    /// As this person may see it.
    pub(crate) fn seen_by(mut self, by: &Actor) -> Self {
        self.was = self.was.take().filter(|_| self.shows_record_to(by));
        self
    }
}

/// A correction as it is stored.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    about: Option<PersonId>,
    #[serde(flatten)]
    correction: Correction,
}

/// Reads a correction in a transaction. They are sealed: what somebody claims is about a person.
pub(crate) async fn read(txn: &mut Txn, keys: &Keyring, id: &str) -> Result<Correction, HubError> {
    let key = keys::correction(id);
    let sealed = txn.get(&key).await?.ok_or_else(|| unknown(id))?;
    open(keys, &key, &sealed)
}

pub(crate) fn open(keys: &Keyring, key: &yunlong_store::Key, sealed: &[u8]) -> Result<Correction, HubError> {
    let Kept { about, correction } = from_json(key, &keys.open(key.as_bytes(), sealed)?)?;
    Ok(Correction { person: about, ..correction })
}

pub(crate) fn put(txn: &mut Txn, keys: &Keyring, correction: &Correction) -> Result<(), HubError> {
    let key = keys::correction(&correction.id);
    let kept = Kept { about: correction.person.clone(), correction: correction.clone() };
    let json = serde_json::to_vec(&kept).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    let sealed = keys.seal(key.as_bytes(), &json)?;
    txn.put(key, sealed.into());
    Ok(())
}

pub(crate) fn unknown(id: &str) -> HubError {
    HubError::Unknown { what: "correction", id: id.chars().take(64).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_state_allows_these_steps_and_no_others() {
        use CorrectionStep::{Accept, Correct, Reject, Withdraw};
        for (state, allowed) in [
            (CorrectionState::Filed, vec![Accept, Reject, Withdraw]),
            (CorrectionState::Accepted, vec![Correct, Reject, Withdraw]),
            (CorrectionState::Corrected, vec![]),
            (CorrectionState::Rejected, vec![]),
            (CorrectionState::Withdrawn, vec![]),
        ] {
            for step in CorrectionStep::ALL {
                match state.after(step) {
                    Ok(_) => assert!(allowed.contains(&step), "{state:?} {step:?}"),
                    Err(HubError::Transition { possible, .. }) => {
                        assert!(!allowed.contains(&step), "{state:?} {step:?}");
                        assert_eq!(possible, allowed.iter().map(|s| s.name()).collect::<Vec<_>>());
                    }
                    Err(other) => panic!("{other}"),
                }
            }
        }
    }

    #[test]
    fn a_step_that_is_not_possible_says_where_it_stands_and_what_is() {
        let error = CorrectionState::Filed.after(CorrectionStep::Correct).unwrap_err();
        assert_eq!(error.to_string(), "correct is not possible while it is filed; possible: accept, reject, withdraw");
        assert_eq!(error.text().zh, "当前状态为“已提出”，不能这样处理；可以：受理、不予更正、撤回");
        let ended = CorrectionState::Rejected.after(CorrectionStep::Accept).unwrap_err();
        assert!(ended.to_string().ends_with("nothing more"), "{ended}");
    }

    proptest! {
        /// Whatever is tried in whatever order: it is corrected only after it was accepted, it ends once,
        /// and nothing happens to it afterwards.
        #[test]
        fn any_order_of_steps_ends_at_most_once(steps in prop::collection::vec(0_usize..4, 0..20)) {
            let (mut state, mut path) = (CorrectionState::Filed, vec![CorrectionState::Filed]);
            for step in steps.into_iter().map(|n| CorrectionStep::ALL[n]) {
                if let Ok(next) = state.after(step) {
                    prop_assert!(state.is_open(), "{state:?} had ended");
                    prop_assert!(next > state, "no way leads back");
                    state = next;
                    path.push(next);
                }
            }
            prop_assert!(path.len() <= 3);
            if state == CorrectionState::Corrected {
                prop_assert_eq!(path[1], CorrectionState::Accepted);
            }
        }
    }
}
