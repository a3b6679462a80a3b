//! Where an order can stand, and the steps that each state allows.

use serde::{Deserialize, Serialize};

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Written down, holding nothing.
    Draft,
    /// Its places are kept until the hold ends.
    Held,
    /// The hold ended unpaid, or was given up.
    Expired,
    /// The money is taken.
    Paid,
    /// The tickets are valid.
    Issued,
    /// Some admissions have happened.
    PartUsed,
    /// Every admission has happened.
    Used,
    /// Nothing is left to enter, and money is on its way back.
    Refunding,
    /// Some tickets are given back; the others are valid or used.
    PartRefunded,
    /// Every ticket is given back.
    Refunded,
}

/// What can happen to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Keep places.
    Hold,
    /// End the hold.
    Expire,
    /// Take the money.
    Pay,
    /// Make the tickets valid.
    Issue,
    /// Let a visitor in.
    Admit,
    /// Give tickets back.
    Refund,
    /// The money is back.
    Settle,
}

impl State {
    /// Every state, in the order of an order's life.
    pub const ALL: [Self; 10] = [
        Self::Draft,
        Self::Held,
        Self::Expired,
        Self::Paid,
        Self::Issued,
        Self::PartUsed,
        Self::Used,
        Self::Refunding,
        Self::PartRefunded,
        Self::Refunded,
    ];

    /// The steps that this state allows.
    #[must_use]
    pub fn allows(self) -> &'static [Step] {
        match self {
            Self::Draft => &[Step::Hold],
            Self::Held => &[Step::Pay, Step::Expire],
            Self::Expired => &[Step::Pay],
            Self::Paid => &[Step::Issue, Step::Refund],
            Self::Issued | Self::PartUsed | Self::PartRefunded => &[Step::Admit, Step::Refund],
            Self::Refunding => &[Step::Settle],
            Self::Used | Self::Refunded => &[],
        }
    }

    /// As documents and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Held => "held",
            Self::Expired => "expired",
            Self::Paid => "paid",
            Self::Issued => "issued",
            Self::PartUsed => "part-used",
            Self::Used => "used",
            Self::Refunding => "refunding",
            Self::PartRefunded => "part-refunded",
            Self::Refunded => "refunded",
        }
    }
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 7] =
        [Self::Hold, Self::Expire, Self::Pay, Self::Issue, Self::Admit, Self::Refund, Self::Settle];

    /// As the API writes it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Expire => "expire",
            Self::Pay => "pay",
            Self::Issue => "issue",
            Self::Admit => "admit",
            Self::Refund => "refund",
            Self::Settle => "settle",
        }
    }
}

/// A step that an order's state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the order is {}, which does not allow `{}`; allowed: {}", .state.code(), .step.code(), codes(.state.allows()))]
pub struct WrongState {
    /// Where the order stands.
    pub state: State,
    /// What was asked.
    pub step: Step,
}

fn codes(steps: &[Step]) -> String {
    if steps.is_empty() { "nothing".to_owned() } else { steps.iter().map(|s| s.code()).collect::<Vec<_>>().join(", ") }
}
