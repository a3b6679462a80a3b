//! Where a receipt can stand, and the steps that each state allows.

use serde::{Deserialize, Serialize};

/// Where a receipt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Written down, promising nothing.
    Drafted,
    /// In the world.
    Issued,
    /// A bank was asked to take it in pledge.
    PledgePending,
    /// Pledged, and registered.
    Pledged,
    /// The bank has let go of it.
    Released,
    /// Its goods may leave, or have left.
    Withdrawn,
    /// Ended, or others took its place.
    Cancelled,
    /// Nothing happens until it is unfrozen.
    Frozen,
}

/// What can happen to a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Put it into the world.
    Issue,
    /// Give it to another holder.
    Transfer,
    /// Make several of it.
    Split,
    /// Make one of several.
    Merge,
    /// Ask a bank to take it in pledge.
    RequestPledge,
    /// Register the pledge.
    RegisterPledge,
    /// Give up the pledge that was asked for.
    DropPledge,
    /// Let go of it.
    Release,
    /// Let it change hands again.
    Reissue,
    /// Let its goods leave.
    Withdraw,
    /// End it.
    Cancel,
    /// Stop everything.
    Freeze,
    /// Let it go on.
    Unfreeze,
}

impl State {
    /// Every state, in the order of a receipt's life.
    pub const ALL: [Self; 8] = [
        Self::Drafted,
        Self::Issued,
        Self::PledgePending,
        Self::Pledged,
        Self::Released,
        Self::Withdrawn,
        Self::Cancelled,
        Self::Frozen,
    ];

    /// The steps that this state allows.
    #[must_use]
    pub fn allows(self) -> &'static [Step] {
        use Step::{
            Cancel, DropPledge, Freeze, Issue, Merge, RegisterPledge, Reissue, Release, RequestPledge, Split, Transfer,
            Unfreeze, Withdraw,
        };
        match self {
            Self::Drafted => &[Issue, Cancel, Freeze],
            Self::Issued => &[Transfer, Split, Merge, RequestPledge, Withdraw, Cancel, Freeze],
            Self::PledgePending => &[RegisterPledge, DropPledge, Freeze],
            Self::Pledged => &[Release, Freeze],
            Self::Released => &[Reissue, Withdraw, Freeze],
            // Goods that may leave are frozen, too: the receipt is not ended before it is cleared up, and no funds of a
            // trade go for it. What is cancelled has ended: nothing is left of it that could go on.
            Self::Withdrawn => &[Cancel, Freeze],
            Self::Cancelled => &[],
            Self::Frozen => &[Unfreeze],
        }
    }

    /// Whether a receipt in this state promises a part of its lot; of a frozen one its state before tells.
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::Issued | Self::PledgePending | Self::Pledged | Self::Released)
    }

    /// As documents and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Drafted => "drafted",
            Self::Issued => "issued",
            Self::PledgePending => "pledge-pending",
            Self::Pledged => "pledged",
            Self::Released => "released",
            Self::Withdrawn => "withdrawn",
            Self::Cancelled => "cancelled",
            Self::Frozen => "frozen",
        }
    }
}

impl Step {
    /// As the API writes it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Transfer => "transfer",
            Self::Split => "split",
            Self::Merge => "merge",
            Self::RequestPledge => "request-pledge",
            Self::RegisterPledge => "register-pledge",
            Self::DropPledge => "drop-pledge",
            Self::Release => "release",
            Self::Reissue => "reissue",
            Self::Withdraw => "withdraw",
            Self::Cancel => "cancel",
            Self::Freeze => "freeze",
            Self::Unfreeze => "unfreeze",
        }
    }
}
