//! Where a submission can stand, and which steps lead from there.

use serde::{Deserialize, Serialize};
use yunlong_model::Text;

/// Where a submission stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The vendor published it; the checks have not begun.
    Submitted,
    /// The checks run.
    Checking,
    /// A check failed: nobody reviews it as it is.
    ChecksFailed,
    /// The checks passed, and a reviewer is to be found.
    Waiting,
    /// A reviewer has it.
    Assigned,
    /// The reviewer asked for changes: the vendor pushes the version again.
    ChangesAsked,
    /// It may be installed.
    Approved,
    /// It may not, and will not.
    Rejected,
    /// The vendor took it back.
    Withdrawn,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Submitted,
        Self::Checking,
        Self::ChecksFailed,
        Self::Waiting,
        Self::Assigned,
        Self::ChangesAsked,
        Self::Approved,
        Self::Rejected,
        Self::Withdrawn,
    ];

    /// The name in links and answers.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Checking => "checking",
            Self::ChecksFailed => "checks-failed",
            Self::Waiting => "waiting",
            Self::Assigned => "assigned",
            Self::ChangesAsked => "changes-asked",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of this slug.
    #[must_use]
    pub fn find(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.slug() == slug)
    }

    /// What people read.
    #[must_use]
    pub fn title(self) -> Text {
        let (zh, en) = match self {
            Self::Submitted => ("已提交", "submitted"),
            Self::Checking => ("检查中", "checks are running"),
            Self::ChecksFailed => ("检查未通过", "checks failed"),
            Self::Waiting => ("待分配审核人", "waiting for a reviewer"),
            Self::Assigned => ("审核中", "under review"),
            Self::ChangesAsked => ("要求修改", "changes asked for"),
            Self::Approved => ("已通过", "approved"),
            Self::Rejected => ("已驳回", "rejected"),
            Self::Withdrawn => ("已撤回", "withdrawn"),
        };
        Text { zh: zh.into(), en: en.into() }
    }

    /// Whether it is on its way to a decision.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Submitted | Self::Checking | Self::Waiting | Self::Assigned)
    }

    /// The steps that are possible from here.
    #[must_use]
    pub fn possible(self) -> &'static [StepKind] {
        use StepKind as S;
        match self {
            Self::Submitted => &[S::BeginChecks, S::Withdraw],
            // The checks begin again when the platform stopped in their midst.
            Self::Checking => &[S::BeginChecks, S::FinishChecks, S::Withdraw],
            Self::ChecksFailed => &[S::Recheck, S::Withdraw],
            Self::Waiting => &[S::Assign, S::Recheck, S::Withdraw],
            Self::Assigned => &[S::Assign, S::Recheck, S::AskChanges, S::Approve, S::Reject, S::Withdraw],
            Self::ChangesAsked => &[S::Withdraw],
            Self::Approved | Self::Rejected | Self::Withdrawn => &[],
        }
    }
}

/// A kind of step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// The platform begins the checks.
    BeginChecks,
    /// The platform has their results.
    FinishChecks,
    /// The checks are to run again, with newer advisories for instance.
    Recheck,
    /// A reviewer gets it, or takes it.
    Assign,
    /// The reviewer asks for changes.
    AskChanges,
    /// The reviewer approves.
    Approve,
    /// The reviewer rejects.
    Reject,
    /// The vendor takes it back.
    Withdraw,
}

impl StepKind {
    /// The name in links and answers.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::BeginChecks => "begin-checks",
            Self::FinishChecks => "finish-checks",
            Self::Recheck => "recheck",
            Self::Assign => "assign",
            Self::AskChanges => "ask-changes",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Withdraw => "withdraw",
        }
    }

    /// What people read.
    #[must_use]
    pub fn title(self) -> Text {
        let (zh, en) = match self {
            Self::BeginChecks => ("开始检查", "begin the checks"),
            Self::FinishChecks => ("完成检查", "finish the checks"),
            Self::Recheck => ("重新检查", "check again"),
            Self::Assign => ("分配审核人", "assign a reviewer"),
            Self::AskChanges => ("要求修改", "ask for changes"),
            Self::Approve => ("通过", "approve"),
            Self::Reject => ("驳回", "reject"),
            Self::Withdraw => ("撤回", "withdraw"),
        };
        Text { zh: zh.into(), en: en.into() }
    }
}
