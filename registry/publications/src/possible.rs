//! What somebody may do with a submission where it stands. The steps themselves are asked, so that no page has rules
//! of its own and shows what is refused afterwards.

use crate::accounts::{Duty, Person};
use crate::error::PublicationError;
use crate::keys;
use crate::release::VersionRecord;
use crate::service::Publications;
use crate::submission::{Actor, Step, StepKind, Submission};
use yunlong_model::{Kind, Timestamp};
use yunlong_store::txn::from_json;

/// What a person may do with a submission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Possible {
    /// The newer submission of the same version, which alone goes on.
    pub superseded_by: Option<u64>,
    /// The person's own steps; to be assigned is to take it.
    pub steps: Vec<StepKind>,
    /// Whether they may give it to another reviewer.
    pub assigns: bool,
    /// Whether they may comment on it.
    pub comments: bool,
}

impl Possible {
    /// Whether this is one of their own steps.
    #[must_use]
    pub fn may(&self, step: StepKind) -> bool {
        self.steps.contains(&step)
    }
}

impl Submission {
    /// What a person may do with it, given the newer submission of its version.
    #[must_use]
    pub fn possible(&self, person: &Person, superseded_by: Option<u64>, now: Timestamp) -> Possible {
        let leads = |step: Step| {
            let mut after = self.clone();
            let taken = after.take(step, Actor::Person(person), now);
            taken.is_ok() && (superseded_by.is_none() || !after.must_be_newest())
        };
        let reason = || "-".to_owned();
        let own = |kind: StepKind| {
            Some(match kind {
                // The platform's own.
                StepKind::BeginChecks | StepKind::FinishChecks => return None,
                StepKind::Recheck => Step::Recheck,
                StepKind::Assign => Step::Assign(person.clone()),
                StepKind::AskChanges => Step::AskChanges(reason()),
                StepKind::Approve => Step::Approve(String::new(), self.checked.as_ref()?.findings),
                StepKind::Reject => Step::Reject(reason()),
                StepKind::Withdraw => Step::Withdraw,
            })
        };
        // Somebody who may review it, whoever that is.
        let other = Person {
            account: String::new(),
            kind: Kind::Official,
            organization: Some(String::new()),
            duties: [Duty::Review].into(),
        };
        let steps = self.state.possible().iter().copied().filter(|kind| own(*kind).is_some_and(leads)).collect();
        Possible {
            superseded_by,
            steps,
            assigns: leads(Step::Assign(other)),
            comments: self.may_comment(person, &reason()).is_ok(),
        }
    }
}

impl Publications {
    /// What an account may do with a submission.
    ///
    /// # Errors
    /// [`PublicationError::NoSuchAccount`]; when the store fails.
    pub async fn possible(&self, submission: &Submission, account: &str) -> Result<Possible, PublicationError> {
        let person = self.inner.person(account).await?;
        let superseded_by = self.superseded_by(submission).await?;
        Ok(submission.possible(&person, superseded_by, self.inner.clock.now()))
    }

    /// The newer submission of the same version.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn superseded_by(&self, submission: &Submission) -> Result<Option<u64>, PublicationError> {
        let key = keys::version(&submission.app, &submission.version);
        let label =
            self.inner.store.get(&key).await?.map(|v| from_json::<VersionRecord>(&key, &v.value)).transpose()?;
        Ok(newer(label.as_ref(), submission.number))
    }
}

/// The submission that a version's label names, if it is another one.
pub(crate) fn newer(label: Option<&VersionRecord>, number: u64) -> Option<u64> {
    label.map(|l| l.submission).filter(|named| *named != number)
}
