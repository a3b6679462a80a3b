//! The review of a package: its states and the steps between them. Plain rules without store or time.
//!
//! ```text
//! submitted → checking → checks-failed
//!                 │            ↓ recheck (→ submitted)
//!                 └→ waiting → assigned → changes-asked | approved | rejected
//! any of them before the decision → withdrawn
//! ```
//!
//! After *changes asked* the vendor pushes the version again, with other bytes: that is a submission of its
//! own. A decision is about one digest and names who took it; nobody of the vendor's
//! organization takes it, nor anybody of the organization whose account published it.

use crate::accounts::{Duty, Person};
pub use crate::state::{State, StepKind};
use serde::{Deserialize, Serialize};
use std::fmt;
use yunlong_model::{AppName, Digest, Text, Timestamp};
use yunlong_registry::KeyId;

/// The longest remark or comment, in characters.
pub const MAX_REMARK: usize = 4_000;

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// See [`StepKind::BeginChecks`].
    BeginChecks,
    /// See [`StepKind::FinishChecks`].
    FinishChecks {
        /// Whether none failed.
        passed: bool,
        /// How many remarked something.
        warnings: u32,
        /// The digest of the findings as they are kept.
        findings: Digest,
    },
    /// See [`StepKind::Recheck`].
    Recheck,
    /// See [`StepKind::Assign`].
    Assign(Person),
    /// See [`StepKind::AskChanges`].
    AskChanges(String),
    /// See [`StepKind::Approve`]: the remark, and the digest of the findings that the reviewer saw.
    Approve(String, Digest),
    /// See [`StepKind::Reject`].
    Reject(String),
    /// See [`StepKind::Withdraw`].
    Withdraw,
}

impl Step {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> StepKind {
        match self {
            Self::BeginChecks => StepKind::BeginChecks,
            Self::FinishChecks { .. } => StepKind::FinishChecks,
            Self::Recheck => StepKind::Recheck,
            Self::Assign(_) => StepKind::Assign,
            Self::AskChanges(_) => StepKind::AskChanges,
            Self::Approve(..) => StepKind::Approve,
            Self::Reject(_) => StepKind::Reject,
            Self::Withdraw => StepKind::Withdraw,
        }
    }
}

/// Who takes a step.
#[derive(Clone, Copy, Debug)]
pub enum Actor<'a> {
    /// The platform itself: the checks.
    Platform,
    /// A person.
    Person(&'a Person),
}

/// Why a step is not taken. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReviewError {
    /// Not from where it stands.
    NotPossible {
        /// The step.
        step: StepKind,
        /// Where it stands.
        state: State,
    },
    /// The reviewer belongs to the vendor's organization, or to that of whoever published it.
    OwnWork {
        /// The reviewer.
        account: String,
    },
    /// The reviewer has no organization, so that nobody can tell whether it is the vendor's.
    NoOrganization {
        /// The reviewer.
        account: String,
    },
    /// The account lacks a duty.
    NotYourDuty {
        /// The account.
        account: String,
        /// The duty.
        duty: Duty,
    },
    /// Another reviewer has it.
    NotYours {
        /// Who has it.
        reviewer: String,
    },
    /// Only the vendor's people take it back.
    NotYourOrganization,
    /// Its version was submitted again since: that submission alone goes on.
    Superseded {
        /// The newer submission.
        by: u64,
    },
    /// The checks ran again since the reviewer looked at what they found.
    StaleFindings,
    /// What it was compared with is not the last approved version any more.
    StaleDifference,
    /// A decision against a package needs its reason.
    NoRemark,
    /// A remark is too long.
    RemarkTooLong,
}

impl ReviewError {
    /// What is wrong and what to do, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let (zh, en) = match self {
            Self::NotPossible { step, state } => {
                let steps = |zh: bool| -> String {
                    let titles = state.possible().iter().map(|s| if zh { s.title().zh } else { s.title().en });
                    let all = titles.collect::<Vec<_>>();
                    match (all.is_empty(), zh) {
                        (true, true) => "无".into(),
                        (true, false) => "nothing more".into(),
                        (false, true) => all.join("、"),
                        (false, false) => all.join(", "),
                    }
                };
                (
                    format!("当前状态为“{}”，不能“{}”。可以：{}", state.title().zh, step.title().zh, steps(true)),
                    format!(
                        "it is not possible to {} while it is in the state `{}`; possible: {}",
                        step.title().en,
                        state.title().en,
                        steps(false)
                    ),
                )
            }
            Self::OwnWork { account } => (
                format!("“{account}”与开发商或上传者同属一个单位，不能审核：请由其他单位的审核员审核"),
                format!(
                    "`{account}` belongs to the organization of the vendor or of whoever published it: somebody of another one reviews it"
                ),
            ),
            Self::NoOrganization { account } => (
                format!("“{account}”没有所属单位，不能审核"),
                format!("`{account}` belongs to no organization and cannot review"),
            ),
            Self::NotYourDuty { account, duty } => (
                format!("“{account}”没有“{}”的职责", duty.title().zh),
                format!("`{account}` has not the duty to {}", duty.title().en),
            ),
            Self::NotYours { reviewer } => (
                format!("审核人是“{reviewer}”：请由其决定，或重新分配"),
                format!("`{reviewer}` reviews it: let them decide, or assign it anew"),
            ),
            Self::NotYourOrganization => (
                "只有开发商本单位的账号可以撤回".into(),
                "only accounts of the vendor's organization can withdraw it".into(),
            ),
            Self::Superseded { by } => (
                format!("此版本已重新提交（第 {by} 号）：请办理第 {by} 号，本次提交只能撤回"),
                format!(
                    "this version was submitted again as submission {by}: go on there; this one can only be withdrawn"
                ),
            ),
            Self::StaleFindings => (
                "您查看之后又检查过：请先看过新的检查结果再决定".into(),
                "the checks ran again since you looked: look at what they found now, then decide".into(),
            ),
            Self::StaleDifference => (
                "检查之后，最近通过的版本变了，页面上的差异已不准确：请重新检查，看过新的差异再决定".into(),
                "another version is the last approved one since the checks, so the difference that they show is out of date: have them run again, look at the difference, then decide".into(),
            ),
            Self::NoRemark => ("请写明理由".into(), "give the reason".into()),
            Self::RemarkTooLong => {
                (format!("意见最多 {MAX_REMARK} 个字"), format!("a remark has at most {MAX_REMARK} characters"))
            }
        };
        Text { zh, en }
    }
}

impl fmt::Display for ReviewError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        write!(f, "{} / {}", text.zh, text.en)
    }
}

impl std::error::Error for ReviewError {}

/// A package that was published and is, or was, to be reviewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Its number, in the order of publication.
    pub number: u64,
    /// The app.
    pub app: AppName,
    /// The version.
    pub version: semver::Version,
    /// The package.
    pub digest: Digest,
    /// The app's title.
    pub title: Text,
    /// The vendor.
    pub vendor: String,
    /// The vendor's organization.
    pub organization: String,
    /// The key that signed it.
    pub key: KeyId,
    /// Who published it.
    pub by: String,
    /// The organization of whoever published it, then: another one than the vendor's when the city did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_organization: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Where it stands.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// The reviewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<Reviewer>,
    /// The last whole run of the checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<Checked>,
    /// The decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// The submission of this version before, to which changes were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<u64>,
}

/// Who reviews.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewer {
    /// The account.
    pub account: String,
    /// Its organization.
    pub organization: String,
    /// Since when.
    pub at: Timestamp,
}

/// A run of the checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// When it ended.
    pub at: Timestamp,
    /// Whether no check failed.
    pub passed: bool,
    /// How many checks remarked something.
    pub warnings: u32,
    /// The digest of the findings.
    pub findings: Digest,
}

/// A reviewer's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Who decided.
    pub by: String,
    /// Their organization.
    pub organization: String,
    /// When.
    pub at: Timestamp,
    /// What they say to it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remark: String,
    /// The digest of the findings that stood then: of an approval, those that its reviewer saw.
    pub findings: Digest,
}

impl Submission {
    /// Takes a step.
    ///
    /// # Errors
    /// [`ReviewError`]; then nothing has changed.
    pub fn take(&mut self, step: Step, by: Actor<'_>, now: Timestamp) -> Result<(), ReviewError> {
        let kind = step.kind();
        if !self.state.possible().contains(&kind) {
            return Err(ReviewError::NotPossible { step: kind, state: self.state });
        }
        let next = match step {
            Step::BeginChecks => {
                platform(by)?;
                State::Checking
            }
            Step::FinishChecks { passed, warnings, findings } => {
                platform(by)?;
                self.checked = Some(Checked { at: now, passed, warnings, findings });
                match (passed, &self.reviewer) {
                    (false, _) => State::ChecksFailed,
                    (true, Some(_)) => State::Assigned,
                    (true, None) => State::Waiting,
                }
            }
            Step::Recheck => {
                let person = person(by, Duty::Review).or_else(|_| person(by, Duty::Govern))?;
                if !person.has(Duty::Govern) {
                    self.may_review(person)?;
                }
                State::Submitted
            }
            Step::Assign(reviewer) => {
                self.may_review(&reviewer)?;
                // A reviewer takes it; another one is assigned by whoever governs.
                if !matches!(by, Actor::Person(p) if p.account == reviewer.account) {
                    person(by, Duty::Govern)?;
                }
                let organization = reviewer.organization.unwrap_or_default();
                self.reviewer = Some(Reviewer { account: reviewer.account, organization, at: now });
                State::Assigned
            }
            Step::AskChanges(remark) => {
                self.decide(by, &remark, true, None, now)?;
                State::ChangesAsked
            }
            Step::Approve(remark, seen) => {
                self.decide(by, &remark, false, Some(seen), now)?;
                State::Approved
            }
            Step::Reject(remark) => {
                self.decide(by, &remark, true, None, now)?;
                State::Rejected
            }
            Step::Withdraw => {
                let person = person(by, Duty::Publish)?;
                if !person.is_of(&self.organization) {
                    return Err(ReviewError::NotYourOrganization);
                }
                State::Withdrawn
            }
        };
        if next != self.state {
            self.state = next;
            self.since = now;
        }
        Ok(())
    }

    /// Whether it may come to stand where it does only as the last submission of its version: an older one can be
    /// taken back and nothing else.
    pub(crate) fn must_be_newest(&self) -> bool {
        self.state != State::Withdrawn
    }

    /// Whether this person may review it.
    ///
    /// # Errors
    /// Why not.
    pub fn may_review(&self, person: &Person) -> Result<(), ReviewError> {
        let account = || person.account.clone();
        if !person.has(Duty::Review) {
            return Err(ReviewError::NotYourDuty { account: account(), duty: Duty::Review });
        }
        match &person.organization {
            None => Err(ReviewError::NoOrganization { account: account() }),
            Some(own) if *own == self.organization || self.by_organization.as_ref() == Some(own) => {
                Err(ReviewError::OwnWork { account: account() })
            }
            // Whoever published it may have changed organizations since.
            Some(_) if person.account == self.by => Err(ReviewError::OwnWork { account: account() }),
            Some(_) => Ok(()),
        }
    }

    fn decide(
        &mut self,
        by: Actor<'_>,
        remark: &str,
        needed: bool,
        seen: Option<Digest>,
        now: Timestamp,
    ) -> Result<(), ReviewError> {
        let person = person(by, Duty::Review)?;
        self.may_review(person)?;
        match &self.reviewer {
            Some(r) if r.account == person.account => {}
            Some(r) => return Err(ReviewError::NotYours { reviewer: r.account.clone() }),
            None => return Err(ReviewError::NotPossible { step: StepKind::Approve, state: self.state }),
        }
        check_remark(remark, needed)?;
        let Some(checked) = self.checked.as_ref().filter(|c| c.passed) else {
            return Err(ReviewError::NotPossible { step: StepKind::Approve, state: self.state });
        };
        if seen.is_some_and(|seen| seen != checked.findings) {
            return Err(ReviewError::StaleFindings);
        }
        self.decision = Some(Decision {
            by: person.account.clone(),
            organization: person.organization.clone().unwrap_or_default(),
            at: now,
            remark: remark.trim().to_owned(),
            findings: checked.findings,
        });
        Ok(())
    }

    /// Whether this person may comment on it, and what is wrong with the comment.
    ///
    /// # Errors
    /// [`ReviewError`].
    pub fn may_comment(&self, person: &Person, text: &str) -> Result<(), ReviewError> {
        let theirs = person.has(Duty::Publish) && person.is_of(&self.organization);
        if !theirs && !person.has(Duty::Govern) {
            self.may_review(person)?;
        }
        check_remark(text, true)
    }
}

/// Checks a text that a person gives as a reason.
pub(crate) fn check_remark(text: &str, needed: bool) -> Result<(), ReviewError> {
    if needed && text.trim().is_empty() {
        return Err(ReviewError::NoRemark);
    }
    if text.chars().count() > MAX_REMARK { Err(ReviewError::RemarkTooLong) } else { Ok(()) }
}

fn platform(by: Actor<'_>) -> Result<(), ReviewError> {
    match by {
        Actor::Platform => Ok(()),
        Actor::Person(p) => Err(ReviewError::NotYourDuty { account: p.account.clone(), duty: Duty::Govern }),
    }
}

pub(crate) fn person(by: Actor<'_>, duty: Duty) -> Result<&Person, ReviewError> {
    match by {
        Actor::Person(p) if p.has(duty) => Ok(p),
        Actor::Person(p) => Err(ReviewError::NotYourDuty { account: p.account.clone(), duty }),
        Actor::Platform => Err(ReviewError::NotYourDuty { account: "platform".into(), duty }),
    }
}

/// A remark of somebody, between the steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Their organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The text, as it was written: plain text.
    pub text: String,
    /// Where the submission stood.
    pub state: State,
}
