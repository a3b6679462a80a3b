//! Loans on warehouse receipts.
//!
//! ```text
//! applied ─CheckCredit→ credit-checked ─Approve→ approved ─Sign, both→ signed ─Disburse→ disbursed ─Repay→ repaying ─Repay→ settled
//!    └Reject→ rejected (until the money is asked for)                                 │ FallDue→ overdue ─Dispose→ disposal ─Sell→ settled
//!                                                    disbursed, repaying ─Dispose→ disposal (a margin call lapsed)     └WriteOff→ written-off
//! ```
//! A loan goes with its pledges and receipts: a [`Deal`] holds all three, since no step may change one of them alone.
//! The adapter loads a deal, takes a step, and writes what has changed together with the step's [`Effect`]s, or nothing.

mod deal;
mod interest;
mod margin;
mod origination;
mod payout;
mod recovery;
mod servicing;
mod state;

pub use deal::Deal;
pub use interest::{Balance, DayCount, Rate};
pub use margin::{MarginCall, MarginState};
pub use origination::{Application, Approval, Limits};
pub use payout::{ANSWER_WITHIN, Disbursement, DisbursementState, Outcome};
pub use recovery::Sale;
pub use servicing::{Part, Repayment};
pub use state::{State, Step};

pub use super::effect::Effect;

use super::borrower::CreditCheck;
use super::quote::Valuation;
use super::refused::{Refused, Thing, WrongState};
use super::time::Date;
use serde::{Deserialize, Serialize};

/// A state with the time at which it was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// The state.
    pub state: State,
    /// Milliseconds of UTC.
    pub at: i64,
}

/// What is agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// At what rate interest runs.
    pub rate: Rate,
    /// Days from the payment to the due day, before it moves over holidays.
    pub term_days: u32,
    /// The most that may be lent on the goods, in basis points of their value.
    pub ltv_bps: u64,
    /// What is owed may be so much of the goods' value before the bank calls for more, in basis points.
    pub margin_bps: u64,
}

/// Who did what: nobody checks what they made themselves. Subjects in this installation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hands {
    /// Who opened the company's file at the bank.
    pub opened_file: String,
    /// Who applied.
    pub applied: String,
    /// Who looked at the credit record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<String>,
    /// Who approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<String>,
    /// Who signed for the company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_borrower: Option<String>,
    /// Who signed for the bank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_bank: Option<String>,
    /// Who began the disposal, if a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposed: Option<String>,
}

/// Why and since when a loan is frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// Why, by a code such as `representative-changed`.
    pub reason: String,
    /// Milliseconds of UTC.
    pub at: i64,
}

/// A loan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loan {
    /// Its number.
    pub id: String,
    /// The bank's organization.
    pub bank: String,
    /// The borrower's USCC.
    pub borrower: String,
    /// The borrower's name when it applied.
    pub borrower_name: String,
    /// What for.
    pub purpose: String,
    /// Fen: asked for, and once it is approved what is lent.
    pub principal: u64,
    /// What is agreed on.
    pub terms: Terms,
    /// Where it stands.
    pub state: State,
    /// Who did what.
    pub hands: Hands,
    /// What the credit record said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<CreditCheck>,
    /// What the goods were worth at approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valuation: Option<Valuation>,
    /// When the company signed: milliseconds of UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub borrower_signed_at: Option<i64>,
    /// When the bank signed: milliseconds of UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bank_signed_at: Option<i64>,
    /// The payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disbursement: Option<Disbursement>,
    /// What is owed.
    #[serde(default)]
    pub balance: Balance,
    /// The due day, moved to a business day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Date>,
    /// The last margin call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<MarginCall>,
    /// What came back, the first first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repayments: Vec<Repayment>,
    /// What goods brought.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sales: Vec<Sale>,
    /// Sales that an officer entered, and that wait for another one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending_sales: Vec<Sale>,
    /// How many sales were entered so far: their numbers are never used again.
    #[serde(default)]
    pub sales_entered: u32,
    /// Set while it is frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<Frozen>,
    /// Since when it is over and goods are still pledged: milliseconds of UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_since: Option<i64>,
    /// Why it was refused or given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<String>,
    /// When it was asked for: milliseconds of UTC.
    pub created_at: i64,
    /// A digest of what was asked for.
    #[serde(default)]
    pub request: String,
    /// Every state that it passed.
    pub history: Vec<Passage>,
}

impl Loan {
    /// # Errors
    /// [`Refused::LoanFrozen`] or [`WrongState`].
    pub fn check(&self, step: Step) -> Result<(), Refused> {
        if !self.state.allows().contains(&step) {
            return Err(self.wrong(step).into());
        }
        match &self.frozen {
            Some(f) if step.waits_while_frozen() => Err(Refused::LoanFrozen { reason: f.reason.clone() }),
            _ => Ok(()),
        }
    }

    pub(crate) fn wrong(&self, step: Step) -> WrongState {
        WrongState {
            thing: Thing::Loan,
            id: self.id.clone(),
            state: self.state.code(),
            step: step.code(),
            allowed: self.state.allows().iter().map(|s| s.code()).collect(),
        }
    }

    pub(crate) fn pass(&mut self, state: State, now: i64) {
        if self.state != state {
            self.state = state;
            self.history.push(Passage { state, at: now });
        }
    }

    /// # Errors
    /// [`Refused::SameHands`] when the person did one of these before.
    pub(crate) fn other_hands(
        step: &'static str,
        by: &str,
        before: &[(&'static str, Option<&str>)],
    ) -> Result<(), Refused> {
        match before.iter().find(|(_, who)| *who == Some(by)) {
            Some((first, _)) => Err(Refused::SameHands { step, first }),
            None => Ok(()),
        }
    }

    /// The bank's people who worked on it: who is told when something happens to it.
    #[must_use]
    pub fn bank_officers(&self) -> Vec<&str> {
        let hands = [
            Some(self.hands.opened_file.as_str()),
            self.hands.checked.as_deref(),
            self.hands.approved.as_deref(),
            self.hands.signed_bank.as_deref(),
        ];
        let asked = self.disbursement.iter().flat_map(Disbursement::askers);
        let mut officers: Vec<&str> = hands.into_iter().flatten().chain(asked).filter(|s| !s.is_empty()).collect();
        officers.sort_unstable();
        officers.dedup();
        officers
    }

    /// Freezes it, for its first reason. A loan that is over is left as it is.
    pub fn freeze(&mut self, reason: &str, now: i64) -> bool {
        if !self.state.is_open() || self.frozen.is_some() {
            return false;
        }
        self.frozen = Some(Frozen { reason: reason.to_owned(), at: now });
        true
    }

    /// Lets it go on.
    pub fn unfreeze(&mut self) -> bool {
        self.frozen.take().is_some()
    }
}

#[cfg(test)]
pub(crate) mod tests;
