//! Where a loan can stand, and the steps that each state allows.

use serde::{Deserialize, Serialize};

/// Where a loan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The company has asked, and its receipts wait for the bank.
    Applied,
    /// The bank has looked at the credit record.
    CreditChecked,
    /// The bank will lend.
    Approved,
    /// Both sides have signed.
    Signed,
    /// The money is paid out.
    Disbursed,
    /// Some of it is back.
    Repaying,
    /// All is back.
    Settled,
    /// It came to nothing.
    Rejected,
    /// The due day has passed.
    Overdue,
    /// The goods are sold for it.
    Disposal,
    /// The bank gave up the rest.
    WrittenOff,
}

/// What can happen to a loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Look at the credit record.
    CheckCredit,
    /// Decide to lend.
    Approve,
    /// Refuse, or give up.
    Reject,
    /// Sign the contract.
    Sign,
    /// Register the pledges.
    RegisterPledges,
    /// Pay out.
    Disburse,
    /// Pay back.
    Repay,
    /// Let go of goods.
    Release,
    /// Pledge more goods.
    AddCollateral,
    /// The due day has passed.
    FallDue,
    /// Begin to sell the goods.
    Dispose,
    /// Sell a receipt's goods.
    Sell,
    /// Give up the rest.
    WriteOff,
}

impl State {
    /// Every state, in the order of a loan's life.
    pub const ALL: [Self; 11] = [
        Self::Applied,
        Self::CreditChecked,
        Self::Approved,
        Self::Signed,
        Self::Disbursed,
        Self::Repaying,
        Self::Settled,
        Self::Rejected,
        Self::Overdue,
        Self::Disposal,
        Self::WrittenOff,
    ];

    /// The steps that this state allows.
    #[must_use]
    pub fn allows(self) -> &'static [Step] {
        use Step::{
            AddCollateral, Approve, CheckCredit, Disburse, Dispose, FallDue, RegisterPledges, Reject, Release, Repay,
            Sell, Sign, WriteOff,
        };
        match self {
            Self::Applied => &[CheckCredit, AddCollateral, Reject],
            Self::CreditChecked => &[CheckCredit, AddCollateral, Approve, Reject],
            Self::Approved => &[Sign, RegisterPledges, Reject],
            Self::Signed => &[RegisterPledges, Disburse, Reject],
            Self::Disbursed | Self::Repaying => &[Repay, Release, AddCollateral, RegisterPledges, FallDue, Dispose],
            Self::Overdue => &[Repay, AddCollateral, RegisterPledges, Dispose],
            Self::Disposal => &[Sell, Repay, WriteOff],
            // A receipt that was frozen when the loan ended comes free afterwards.
            Self::Settled | Self::Rejected => &[Release],
            Self::WrittenOff => &[],
        }
    }

    /// Whether it is neither over nor refused.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Settled | Self::Rejected | Self::WrittenOff)
    }

    /// Whether money is out.
    #[must_use]
    pub fn is_out(self) -> bool {
        matches!(self, Self::Disbursed | Self::Repaying | Self::Overdue | Self::Disposal)
    }

    /// As documents and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::CreditChecked => "credit-checked",
            Self::Approved => "approved",
            Self::Signed => "signed",
            Self::Disbursed => "disbursed",
            Self::Repaying => "repaying",
            Self::Settled => "settled",
            Self::Rejected => "rejected",
            Self::Overdue => "overdue",
            Self::Disposal => "disposal",
            Self::WrittenOff => "written-off",
        }
    }
}

impl Step {
    /// As the API writes it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::CheckCredit => "check-credit",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Sign => "sign",
            Self::RegisterPledges => "register-pledges",
            Self::Disburse => "disburse",
            Self::Repay => "repay",
            Self::Release => "release",
            Self::AddCollateral => "add-collateral",
            Self::FallDue => "fall-due",
            Self::Dispose => "dispose",
            Self::Sell => "sell",
            Self::WriteOff => "write-off",
        }
    }

    /// Whether it waits while the loan is frozen. Money may always come back.
    #[must_use]
    pub fn waits_while_frozen(self) -> bool {
        matches!(self, Self::Approve | Self::Sign | Self::RegisterPledges | Self::Disburse | Self::Release)
    }
}
