//! Intents: what is to be paid, and the states it goes through. Pure rules; the service stages
//! what they say.
//!
//! ```text
//! pending ─attempt→ processing ─succeeded→ captured ─all returned→ refunded
//!    │                  │ └─failed→ failed ─attempt→ processing
//!    └─cancel→ cancelled ←─cancel┘        └─cancel→ cancelled
//! ```
//! Money that arrives for `pending`, `failed` or `cancelled` is captured all the same: it is there.

use crate::{Behaviour, Escrow, PaymentError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use yunlong_formats::Uscc;
use yunlong_model::{InstallationName, Text, Timestamp};

/// Where an intent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Waiting for the payer.
    Pending,
    /// The provider was asked and has not answered.
    Processing,
    /// The money is taken.
    Captured,
    /// The provider refused; the payer may try again.
    Failed,
    /// Given up before it was paid.
    Cancelled,
    /// Everything was returned.
    Refunded,
}

impl Status {
    /// As the contract writes it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Captured => "captured",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Refunded => "refunded",
        }
    }
}

/// Who receives, or gives back, a part of the money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// A unified social credit code (GB 32100).
    pub payee: String,
    /// Fen.
    pub amount: u64,
    /// What for.
    pub description: String,
}

/// What to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIntent {
    /// The app's own number.
    pub reference: String,
    /// What the payer reads.
    pub description: Text,
    /// Fen; the sum of the lines.
    pub amount: u64,
    /// The split.
    pub lines: Vec<Line>,
    /// No attempt begins after this.
    pub expires_at: Timestamp,
    /// A path of the app.
    pub return_path: String,
}

/// A part to return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRefund {
    /// The app's own number for the refund.
    pub reference: String,
    /// Who gives back what.
    pub lines: Vec<Line>,
    /// Why.
    pub reason: String,
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefundStatus {
    /// The provider has not confirmed it.
    Staged,
    /// The money is back.
    Done,
    /// The provider refused.
    Failed,
}

/// A refund of an intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Who gives back what; nobody does where the money is held.
    pub lines: Vec<Line>,
    /// Fen.
    pub amount: u64,
    /// Why.
    pub reason: String,
    /// Where it stands.
    pub status: RefundStatus,
}

/// An intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Unique on the platform.
    pub id: String,
    /// Whose it is.
    pub installation: InstallationName,
    /// The app's own number.
    pub reference: String,
    /// The account that is to pay; anybody when absent.
    pub payer: Option<String>,
    /// The provider.
    pub provider: String,
    /// What the payer reads.
    pub description: Text,
    /// Fen asked for.
    pub amount: u64,
    /// The split; empty for an escrow.
    pub lines: Vec<Line>,
    /// What became of the money, when it is held instead of paid to the lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escrow: Option<Escrow>,
    /// Where it stands.
    pub status: Status,
    /// How often the provider was asked.
    pub attempt: u32,
    /// Fen taken.
    pub captured: u64,
    /// The attempts whose money arrived: the first pays; of what comes behind it the platform owes each fen back.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub arrived: BTreeSet<u32>,
    /// Why the last attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Refunds by the app's number.
    #[serde(default)]
    pub refunds: BTreeMap<String, Refund>,
    /// When it was staged.
    pub created_at: Timestamp,
    /// No attempt begins after this.
    pub expires_at: Timestamp,
    /// A path of the app.
    pub return_path: String,
    /// What the sandbox was told to do with the last attempt; other providers ignore it.
    #[serde(default)]
    pub behaviour: Behaviour,
}

/// What money that arrives is to its payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It pays it.
    Paid,
    /// It was paid by another attempt: a provider had called this one failed and changed its mind.
    Surplus,
    /// It is known.
    Known,
}

const ATTEMPTABLE: &[Status] = &[Status::Pending, Status::Failed];
const CANCELLABLE: &[Status] = &[Status::Pending, Status::Processing, Status::Failed];
const REFUNDABLE: &[Status] = &[Status::Captured];
/// More lines than any statement would show.
pub(crate) const MAX_LINES: usize = 50;
/// Bytes of a text that people read on a statement.
const MAX_TEXT: usize = 500;
/// Refunds of one payment, those that failed among them.
pub(crate) const MAX_REFUNDS: usize = 200;

impl Intent {
    /// Fen returned, or staged to be returned.
    #[must_use]
    pub fn refunded(&self) -> u64 {
        self.refunds.values().filter(|r| r.status != RefundStatus::Failed).map(|r| r.amount).sum()
    }

    pub(crate) fn allow(&self, step: &'static str, allowed: &'static [Status]) -> Result<(), PaymentError> {
        if allowed.contains(&self.status) {
            Ok(())
        } else {
            Err(PaymentError::WrongStatus { status: self.status, step, allowed })
        }
    }

    /// Begins an attempt to take the money.
    pub(crate) fn begin(&mut self, now: Timestamp) -> Result<(), PaymentError> {
        self.allow("pay", ATTEMPTABLE)?;
        if now >= self.expires_at {
            return Err(PaymentError::Expired);
        }
        self.attempt += 1;
        self.status = Status::Processing;
        self.failure = None;
        Ok(())
    }

    /// The money of an attempt arrived.
    pub(crate) fn succeed(&mut self, attempt: u32) -> Arrival {
        if !self.arrived.insert(attempt) {
            return Arrival::Known;
        }
        if matches!(self.status, Status::Captured | Status::Refunded) {
            return Arrival::Surplus;
        }
        self.status = Status::Captured;
        self.captured = self.amount;
        self.failure = None;
        Arrival::Paid
    }

    /// An attempt failed. Answers whether that is news: a late failure of an earlier attempt is not.
    pub(crate) fn fail(&mut self, attempt: u32, reason: &str) -> bool {
        if self.status != Status::Processing || self.attempt != attempt {
            return false;
        }
        self.status = Status::Failed;
        self.failure = Some(reason.to_owned());
        true
    }

    /// Gives up.
    pub(crate) fn cancel(&mut self) -> Result<(), PaymentError> {
        self.allow("cancel", CANCELLABLE)?;
        self.status = Status::Cancelled;
        Ok(())
    }

    /// Stages a refund. Answers whether it is new: the same number with the same lines is the same.
    pub(crate) fn refund(&mut self, new: NewRefund) -> Result<bool, PaymentError> {
        if self.escrow.is_some() {
            return Err(PaymentError::WrongKind {
                is: "an escrow",
                step: "refund by lines",
                instead: "use `refund-held` for what is held; what was released belongs to its payees",
            });
        }
        check_word("reference", &new.reference)?;
        if let Some(known) = self.refunds.get(&new.reference) {
            return if known.lines == new.lines {
                Ok(false)
            } else {
                Err(PaymentError::Invalid(format!(
                    "the refund `{}` was staged before with other lines: use a new reference",
                    new.reference
                )))
            };
        }
        self.allow("refund", REFUNDABLE)?;
        let amount = check_lines(&new.lines)?;
        check_text("reason", &new.reason)?;
        if self.refunds.len() >= MAX_REFUNDS {
            return Err(PaymentError::Invalid(format!("a payment has at most {MAX_REFUNDS} refunds")));
        }
        for line in &new.lines {
            let payee = &line.payee;
            let asked = of_payee(&new.lines, payee);
            let left = self.left(payee);
            if asked > left {
                return Err(PaymentError::Invalid(format!(
                    "{payee} has {left} fen of this payment left and cannot return {asked}"
                )));
            }
        }
        self.refunds.insert(
            new.reference,
            Refund { lines: new.lines, amount, reason: new.reason, status: RefundStatus::Staged },
        );
        Ok(true)
    }

    /// What a payee received and has neither returned nor staged to return.
    #[must_use]
    pub fn left(&self, payee: &str) -> u64 {
        let returned: u64 =
            self.refunds.values().filter(|r| r.status != RefundStatus::Failed).map(|r| of_payee(&r.lines, payee)).sum();
        of_payee(&self.lines, payee).saturating_sub(returned)
    }

    /// The provider answered a refund. Answers the refund when that is news.
    pub(crate) fn settle(&mut self, reference: &str, done: bool) -> Option<Refund> {
        let refund = self.refunds.get_mut(reference)?;
        if refund.status != RefundStatus::Staged {
            return None;
        }
        refund.status = if done { RefundStatus::Done } else { RefundStatus::Failed };
        let refund = refund.clone();
        let back: u64 = self.refunds.values().filter(|r| r.status == RefundStatus::Done).map(|r| r.amount).sum();
        if back == self.captured {
            self.status = Status::Refunded;
        }
        Some(refund)
    }
}

fn of_payee(lines: &[Line], payee: &str) -> u64 {
    lines.iter().filter(|l| l.payee == payee).map(|l| l.amount).sum()
}

pub(crate) fn check_word(what: &str, s: &str) -> Result<(), PaymentError> {
    if (1..=128).contains(&s.len()) {
        Ok(())
    } else {
        Err(PaymentError::Invalid(format!("the {what} must have 1 to 128 bytes")))
    }
}

pub(crate) fn check_text(what: &str, s: &str) -> Result<(), PaymentError> {
    if s.len() <= MAX_TEXT {
        Ok(())
    } else {
        Err(PaymentError::Invalid(format!("the {what} has {} bytes: at most {MAX_TEXT} are possible", s.len())))
    }
}

/// Checks lines and answers their sum.
pub(crate) fn check_lines(lines: &[Line]) -> Result<u64, PaymentError> {
    if lines.is_empty() || lines.len() > MAX_LINES {
        return Err(PaymentError::Invalid(format!("a payment has 1 to {MAX_LINES} lines, not {}", lines.len())));
    }
    let mut sum: u64 = 0;
    for line in lines {
        line.payee.parse::<Uscc>().map_err(|e| {
            PaymentError::Invalid(format!("the payee `{}` is no unified social credit code: {e}", line.payee))
        })?;
        check_text("description of a line", &line.description)?;
        sum = sum.checked_add(line.amount).ok_or_else(|| PaymentError::Invalid("the lines overflow".into()))?;
    }
    check_amount(sum)?;
    Ok(sum)
}

/// Checks an amount, or the sum of lines.
pub(crate) fn check_amount(amount: u64) -> Result<(), PaymentError> {
    if amount == 0 {
        return Err(PaymentError::Invalid("there is nothing to pay: the amount is 0".into()));
    }
    // The ledger's balances are signed 64-bit numbers; this leaves room for millions of payments.
    if amount > 1_000_000_000_000 {
        return Err(PaymentError::Invalid("more than 10,000,000,000.00 yuan in one payment".into()));
    }
    Ok(())
}

pub(crate) fn check_description(description: &Text) -> Result<(), PaymentError> {
    for (what, text) in [("zh", &description.zh), ("en", &description.en)] {
        if text.trim().is_empty() || text.len() > MAX_TEXT {
            return Err(PaymentError::Invalid(format!("the description ({what}) must have 1 to 500 bytes")));
        }
    }
    Ok(())
}

/// The cashier leads back by it: `//host` and `/\host` would lead elsewhere.
pub(crate) fn check_return_path(p: &str) -> Result<(), PaymentError> {
    if !p.starts_with('/')
        || p.starts_with("//")
        || p.contains('\\')
        || p.chars().any(char::is_control)
        || p.len() > 1_000
    {
        return Err(PaymentError::Invalid("the return path must be a path of this app, such as `/orders/1`".into()));
    }
    Ok(())
}

impl NewIntent {
    /// Checks what an app asks for.
    pub(crate) fn check(&self) -> Result<(), PaymentError> {
        check_word("reference", &self.reference)?;
        let sum = check_lines(&self.lines)?;
        if sum != self.amount {
            return Err(PaymentError::Invalid(format!("the lines sum to {sum} fen, the amount is {}", self.amount)));
        }
        check_description(&self.description)?;
        check_return_path(&self.return_path)
    }
}
