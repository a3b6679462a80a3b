//! Escrow: money that was captured and that nobody has yet. Pure rules; [`crate::holding`] stages what
//! they say.
//!
//! ```text
//! captured = held + released + refunding + refunded
//!
//! held ──release→ released
//!   │ ↖─failed──┐
//!   └─refund──→ refunding ─succeeded→ refunded
//! ```

use crate::intent::{MAX_LINES, MAX_REFUNDS, check_amount, check_lines, check_return_path, check_text, check_word};
use crate::{Intent, Line, PaymentError, Refund, RefundStatus, Status};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use yunlong_model::{Text, Timestamp};

/// Releases of one escrow.
const MAX_RELEASES: usize = 200;
/// Lines in all releases of one escrow: they are one record with it.
const MAX_RELEASED_LINES: usize = 4 * MAX_LINES;

/// What to hold once it is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEscrow {
    /// The app's own number.
    pub reference: String,
    /// What the payer reads.
    pub description: Text,
    /// Fen.
    pub amount: u64,
    /// No attempt begins after this.
    pub expires_at: Timestamp,
    /// A path of the app.
    pub return_path: String,
}

/// A part of what is held, for payees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRelease {
    /// The app's own number for the release.
    pub reference: String,
    /// Who gets what.
    pub lines: Vec<Line>,
    /// Why.
    pub reason: String,
}

/// A part of what is held, to return to the payer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldRefund {
    /// The app's own number for the refund.
    pub reference: String,
    /// Fen.
    pub amount: u64,
    /// Why.
    pub reason: String,
}

/// A release of an escrow. It was final with its commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Who got what.
    pub lines: Vec<Line>,
    /// Fen.
    pub amount: u64,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// What an intent has more when its money is held. Its refunds stand with those of any intent, without lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escrow {
    /// Releases by the app's number.
    #[serde(default)]
    pub releases: BTreeMap<String, Release>,
}

/// Where the money of an escrow is, in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscrowState {
    /// Asked for.
    pub amount: u64,
    /// Taken.
    pub captured: u64,
    /// Held, to be released or refunded.
    pub held: u64,
    /// Paid to payees.
    pub released: u64,
    /// On its way back to the payer.
    pub refunding: u64,
    /// Back at the payer.
    pub refunded: u64,
}

impl Intent {
    /// Where the money is, if it is held at all.
    #[must_use]
    pub fn escrow_state(&self) -> Option<EscrowState> {
        let escrow = self.escrow.as_ref()?;
        let by = |s: RefundStatus| self.refunds.values().filter(|r| r.status == s).map(|r| r.amount).sum::<u64>();
        let released = escrow.releases.values().map(|r| r.amount).sum::<u64>();
        let (refunding, refunded) = (by(RefundStatus::Staged), by(RefundStatus::Done));
        Some(EscrowState {
            amount: self.amount,
            captured: self.captured,
            held: self.captured.saturating_sub(released + refunding + refunded),
            released,
            refunding,
            refunded,
        })
    }

    /// As [`Intent::escrow_state`], for a step that only an escrow has.
    pub(crate) fn held_for(&self, step: &'static str, instead: &'static str) -> Result<EscrowState, PaymentError> {
        self.escrow_state().ok_or(PaymentError::WrongKind { is: "no escrow", step, instead })
    }

    /// Pays a part of what is held. Answers whether that is new: the same number with the same lines is the same.
    pub(crate) fn release(&mut self, new: NewRelease, now: Timestamp) -> Result<bool, PaymentError> {
        let state =
            self.held_for("release", "its payees have the money since it was captured; `create-escrow` has it held")?;
        check_word("reference", &new.reference)?;
        if let Some(known) = self.escrow.as_ref().and_then(|e| e.releases.get(&new.reference)) {
            return same(known.lines == new.lines, "release", &new.reference, "lines");
        }
        self.allow("release", &[Status::Captured])?;
        let amount = check_lines(&new.lines)?;
        check_text("reason", &new.reason)?;
        room(&state, amount, "released")?;
        let releases = &mut self.escrow.get_or_insert_default().releases;
        let lines = releases.values().map(|r| r.lines.len()).sum::<usize>() + new.lines.len();
        if releases.len() >= MAX_RELEASES || lines > MAX_RELEASED_LINES {
            return Err(PaymentError::Invalid(format!(
                "an escrow has at most {MAX_RELEASES} releases of {MAX_RELEASED_LINES} lines in all: release the rest in fewer lines"
            )));
        }
        releases.insert(new.reference, Release { lines: new.lines, amount, reason: new.reason, at: now });
        Ok(true)
    }

    /// Stages the return of a part of what is held. Answers whether that is new.
    pub(crate) fn refund_held(&mut self, new: HeldRefund) -> Result<bool, PaymentError> {
        let state = self.held_for("refund what is held", "use `refund` with the lines to return")?;
        check_word("reference", &new.reference)?;
        if let Some(known) = self.refunds.get(&new.reference) {
            return same(known.amount == new.amount, "refund", &new.reference, "amount");
        }
        self.allow("refund", &[Status::Captured])?;
        check_amount(new.amount)?;
        check_text("reason", &new.reason)?;
        room(&state, new.amount, "refunded")?;
        if self.refunds.len() >= MAX_REFUNDS {
            return Err(PaymentError::Invalid(format!("a payment has at most {MAX_REFUNDS} refunds")));
        }
        let refund = Refund { lines: Vec::new(), amount: new.amount, reason: new.reason, status: RefundStatus::Staged };
        self.refunds.insert(new.reference, refund);
        Ok(true)
    }
}

fn room(state: &EscrowState, amount: u64, step: &'static str) -> Result<(), PaymentError> {
    if amount > state.held {
        return Err(PaymentError::OverHeld { asked: amount, held: state.held, refunding: state.refunding, step });
    }
    Ok(())
}

/// What a number that was used before means: the same again, or a mistake.
fn same(same: bool, what: &str, reference: &str, of: &str) -> Result<bool, PaymentError> {
    if same {
        Ok(false)
    } else {
        Err(PaymentError::Invalid(format!(
            "the {what} `{reference}` was staged before with another {of}: use a new reference"
        )))
    }
}

impl NewEscrow {
    /// Checks what an app asks for.
    pub(crate) fn check(&self) -> Result<(), PaymentError> {
        check_word("reference", &self.reference)?;
        check_amount(self.amount)?;
        crate::intent::check_description(&self.description)?;
        check_return_path(&self.return_path)
    }
}
