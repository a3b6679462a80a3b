//! Payments whose outcomes the test decides.

use super::escrow::Book;
use crate::payments::{
    EscrowState, HeldRefund, Intent, Line, NewEscrow, NewIntent, NewRefund, Outcome, PaymentError, PaymentOutcome,
    Release, Status,
};
use std::collections::BTreeMap;

/// What a transaction asks of the payments.
#[derive(Clone, Debug)]
pub(crate) enum PaymentOp {
    /// The intent, its split (none is an escrow), and who is to pay: anybody when that is absent.
    Create(Intent, Option<Vec<Line>>, Option<String>),
    Confirm(String),
    Cancel(String),
    Refund(String, NewRefund),
    Release(String, Release),
    RefundHeld(String, HeldRefund),
}

impl PaymentOp {
    /// The intent that it is about.
    pub(crate) fn intent(&self) -> &str {
        match self {
            Self::Create(intent, ..) => &intent.id,
            Self::Confirm(id)
            | Self::Cancel(id)
            | Self::Refund(id, _)
            | Self::Release(id, _)
            | Self::RefundHeld(id, _) => id,
        }
    }
}

struct Record {
    intent: Intent,
    payer: Option<String>,
    /// How often it changed: a transaction that saw another version has a conflict.
    version: u64,
    /// What became of the money, when it is held.
    escrow: Option<Book>,
    /// What each payee has received and not returned.
    left: BTreeMap<String, u64>,
    refunds: BTreeMap<String, (NewRefund, bool)>,
}

#[derive(Default)]
pub(crate) struct Ledger {
    records: BTreeMap<String, Record>,
}

fn sum(lines: &[Line]) -> u64 {
    lines.iter().map(|l| l.amount).sum()
}

fn wrong(status: Status, what: &str) -> PaymentError {
    PaymentError::WrongStatus(format!("the intent is {status:?} and cannot be {what}"))
}

impl Ledger {
    pub(crate) fn get(&self, id: &str) -> Result<Intent, PaymentError> {
        self.record(id).map(|r| r.intent.clone())
    }

    fn record(&self, id: &str) -> Result<&Record, PaymentError> {
        self.records.get(id).ok_or_else(|| PaymentError::UnknownIntent(id.to_owned()))
    }

    pub(crate) fn escrow(&self, id: &str) -> Result<EscrowState, PaymentError> {
        let record = self.record(id)?;
        let book = record.escrow.as_ref().ok_or_else(|| no_escrow("read as one: use get"))?;
        Ok(book.state(&record.intent))
    }

    /// The version of an intent, for a transaction that builds on it; none while there is none.
    pub(crate) fn version(&self, id: &str) -> Option<u64> {
        self.records.get(id).map(|r| r.version)
    }

    /// The intent that `new` would become, or the first one with its reference.
    pub(crate) fn prepare(&self, new: &NewIntent, staged: &[PaymentOp]) -> Result<Intent, PaymentError> {
        if new.lines.is_empty() {
            return Err(PaymentError::Invalid("there are no lines".into()));
        }
        if new.lines.iter().any(|l| l.payee.len() != 18) {
            return Err(PaymentError::Invalid("a payee is a unified social credit code of 18 characters".into()));
        }
        self.first(&new.reference, new.amount(), false, staged)
    }

    /// The escrow that `new` would become, or the first one with its reference.
    pub(crate) fn prepare_escrow(&self, new: &NewEscrow, staged: &[PaymentOp]) -> Result<Intent, PaymentError> {
        if new.amount == 0 {
            return Err(PaymentError::Invalid("there is nothing to pay: the amount is 0".into()));
        }
        self.first(&new.reference, new.amount, true, staged)
    }

    /// The intent of a reference, or one that begins.
    fn first(&self, reference: &str, amount: u64, escrow: bool, staged: &[PaymentOp]) -> Result<Intent, PaymentError> {
        let committed = self.records.values().map(|r| (&r.intent, r.escrow.is_some()));
        let pending = staged.iter().filter_map(|op| match op {
            PaymentOp::Create(i, lines, _) => Some((i, lines.is_none())),
            _ => None,
        });
        if let Some((first, held)) = committed.chain(pending).find(|(i, _)| i.reference == reference) {
            return if first.amount != amount {
                Err(PaymentError::Invalid(format!("the reference {reference} was used with another amount")))
            } else if held != escrow {
                let (is, wanted) = if held { ("an escrow", "an intent") } else { ("an intent", "an escrow") };
                Err(PaymentError::Invalid(format!("the reference {reference} has {is}: use a new one for {wanted}")))
            } else {
                Ok(first.clone())
            };
        }
        let id = format!("intent-{reference}");
        Ok(Intent {
            cashier_url: format!("http://localhost:8080/cashier/{id}"),
            id,
            reference: reference.to_owned(),
            amount,
            captured: 0,
            refunded: 0,
            status: Status::Pending,
        })
    }

    /// Whether `op` is allowed to `person` as things stand; `staged` may hold the intent's creation.
    pub(crate) fn check(&self, op: &PaymentOp, staged: &[PaymentOp], person: Option<&str>) -> Result<(), PaymentError> {
        let id = op.intent();
        let created_here = staged.iter().find_map(|s| match s {
            PaymentOp::Create(i, lines, payer) if i.id == *id => Some((i, lines, payer)),
            _ => None,
        });
        let payer = match (self.records.get(id), created_here) {
            (Some(record), _) => record.payer.as_deref(),
            (None, Some((.., payer))) => payer.as_deref(),
            (None, None) => None,
        };
        if matches!(op, PaymentOp::Confirm(_)) && payer.is_some() && payer != person {
            return Err(PaymentError::Other(
                "this payment belongs to another account: confirm it in a call of the one who placed the order".into(),
            ));
        }
        if let Some((intent, lines, _)) = created_here
            && !self.records.contains_key(id)
        {
            return match op {
                PaymentOp::Confirm(_) | PaymentOp::Cancel(_) | PaymentOp::Create(..) => Ok(()),
                PaymentOp::Refund(..) if lines.is_some() => Err(wrong(Status::Pending, "refunded")),
                PaymentOp::Refund(..) => Err(is_escrow()),
                PaymentOp::Release(..) | PaymentOp::RefundHeld(..) => {
                    move_held(intent, lines.is_none().then(Book::default), op)
                }
            };
        }
        let record = self.record(id)?;
        let status = record.intent.status;
        match op {
            PaymentOp::Refund(..) if record.escrow.is_some() => Err(is_escrow()),
            PaymentOp::Release(..) | PaymentOp::RefundHeld(..) => {
                let mut book = record.escrow.clone();
                for earlier in staged.iter().filter(|s| s.intent() == id) {
                    if let Some(book) = &mut book {
                        apply_held(&record.intent, book, earlier)?;
                    }
                }
                move_held(&record.intent, book, op)
            }
            PaymentOp::Confirm(_) if !matches!(status, Status::Pending | Status::Failed) => {
                Err(wrong(status, "confirmed"))
            }
            PaymentOp::Cancel(_) if !matches!(status, Status::Pending | Status::Failed | Status::Processing) => {
                Err(wrong(status, "cancelled"))
            }
            PaymentOp::Refund(_, refund) => check_refund(record, refund, staged, id),
            _ => Ok(()),
        }
    }

    /// Applies a staged operation; a cancellation has its outcome at once.
    pub(crate) fn apply(&mut self, op: PaymentOp) -> Option<PaymentOutcome> {
        if let Some(record) = self.records.get_mut(op.intent()) {
            record.version += 1;
        }
        match op {
            PaymentOp::Create(intent, lines, payer) => {
                let mut left = BTreeMap::new();
                let escrow = lines.is_none().then(Book::default);
                for line in lines.into_iter().flatten() {
                    *left.entry(line.payee).or_insert(0) += line.amount;
                }
                self.records.entry(intent.id.clone()).or_insert(Record {
                    intent,
                    payer,
                    version: 0,
                    escrow,
                    left,
                    refunds: BTreeMap::new(),
                });
                None
            }
            PaymentOp::Confirm(id) => {
                self.records.get_mut(&id)?.intent.status = Status::Processing;
                None
            }
            PaymentOp::Cancel(id) => {
                let record = self.records.get_mut(&id)?;
                record.intent.status = Status::Cancelled;
                Some(outcome(&record.intent, Outcome::Cancelled, 0, None, None))
            }
            PaymentOp::Refund(id, refund) => {
                let record = self.records.get_mut(&id)?;
                if record.refunds.contains_key(&refund.reference) {
                    return None;
                }
                record.intent.refunded += sum(&refund.lines);
                for line in &refund.lines {
                    if let Some(left) = record.left.get_mut(&line.payee) {
                        *left = left.saturating_sub(line.amount);
                    }
                }
                record.refunds.insert(refund.reference.clone(), (refund, false));
                None
            }
            PaymentOp::Release(ref id, _) | PaymentOp::RefundHeld(ref id, _) => {
                let record = self.records.get_mut(id)?;
                let book = record.escrow.as_mut()?;
                // It was checked against this very version: nothing is refused any more.
                apply_held(&record.intent, book, &op).ok()?;
                record.intent.refunded = returned(&record.intent, book);
                None
            }
        }
    }

    /// The provider took the money. Also after a cancellation: money that arrives is reported.
    pub(crate) fn capture(&mut self, id: &str) -> Option<PaymentOutcome> {
        let record = self.records.get_mut(id)?;
        if record.intent.captured > 0 {
            return None;
        }
        record.version += 1;
        record.intent.captured = record.intent.amount;
        record.intent.status = Status::Captured;
        Some(outcome(&record.intent, Outcome::Captured, record.intent.amount, None, None))
    }

    /// The provider refused.
    pub(crate) fn fail(&mut self, id: &str, reason: &str) -> Option<PaymentOutcome> {
        let record = self.records.get_mut(id)?;
        record.version += 1;
        record.intent.status = Status::Failed;
        Some(outcome(&record.intent, Outcome::Failed, 0, None, Some(reason)))
    }

    /// The provider paid the open refunds out, or refused them all.
    pub(crate) fn settle_refunds(&mut self, refused: Option<&str>) -> Vec<PaymentOutcome> {
        let mut out = Vec::new();
        for record in self.records.values_mut() {
            record.version += 1;
            if let Some(book) = &mut record.escrow {
                let settled = book.settle(refused.is_some());
                record.intent.refunded = returned(&record.intent, book);
                if book.state(&record.intent).refunded == record.intent.captured && record.intent.captured > 0 {
                    record.intent.status = Status::Refunded;
                }
                let what = if refused.is_some() { Outcome::RefundFailed } else { Outcome::Refunded };
                out.extend(
                    settled
                        .iter()
                        .map(|(reference, amount)| outcome(&record.intent, what, *amount, Some(reference), refused)),
                );
            }
            for (reference, (refund, done)) in record.refunds.iter_mut().filter(|(_, (_, done))| !done) {
                *done = true;
                let amount = sum(&refund.lines);
                if let Some(why) = refused {
                    record.intent.refunded -= amount;
                    for line in &refund.lines {
                        *record.left.entry(line.payee.clone()).or_insert(0) += line.amount;
                    }
                    out.push(outcome(&record.intent, Outcome::RefundFailed, amount, Some(reference), Some(why)));
                } else {
                    if record.intent.refunded == record.intent.captured {
                        record.intent.status = Status::Refunded;
                    }
                    out.push(outcome(&record.intent, Outcome::Refunded, amount, Some(reference), None));
                }
            }
        }
        out
    }
}

/// What of an escrow went back or is on its way.
fn returned(intent: &Intent, book: &Book) -> u64 {
    let state = book.state(intent);
    state.refunding + state.refunded
}

fn is_escrow() -> PaymentError {
    PaymentError::WrongStatus(
        "the intent is an escrow and cannot be refunded by `refund`: use `refund-held` for what is held; what was \
         released belongs to its payees"
            .into(),
    )
}

fn no_escrow(what: &str) -> PaymentError {
    PaymentError::WrongStatus(format!("the intent is no escrow and cannot be {what}"))
}

/// A release or a refund of held money, on an escrow as it stands.
fn move_held(intent: &Intent, book: Option<Book>, op: &PaymentOp) -> Result<(), PaymentError> {
    let Some(mut book) = book else {
        return Err(no_escrow(match op {
            PaymentOp::Release(..) => "released: its payees have the money since it was captured",
            _ => "refunded by `refund-held`: use `refund`",
        }));
    };
    apply_held(intent, &mut book, op)
}

fn apply_held(intent: &Intent, book: &mut Book, op: &PaymentOp) -> Result<(), PaymentError> {
    match op {
        PaymentOp::Release(_, release) => book.release(intent, release),
        PaymentOp::RefundHeld(_, refund) => book.refund(intent, refund),
        _ => Ok(()),
    }
}

fn check_refund(record: &Record, refund: &NewRefund, staged: &[PaymentOp], id: &str) -> Result<(), PaymentError> {
    if let Some((before, _)) = record.refunds.get(&refund.reference) {
        let same = sum(&before.lines) == sum(&refund.lines);
        return if same {
            Ok(())
        } else {
            Err(PaymentError::Invalid(format!("the reference {} was used with another amount", refund.reference)))
        };
    }
    if record.intent.captured == 0 {
        return Err(wrong(record.intent.status, "refunded"));
    }
    if refund.lines.is_empty() {
        return Err(PaymentError::Invalid("there are no lines".into()));
    }
    let mut left = record.left.clone();
    let earlier =
        staged.iter().filter_map(|op| if let PaymentOp::Refund(i, r) = op { (i == id).then_some(r) } else { None });
    for line in earlier.chain([refund]).flat_map(|r| &r.lines) {
        let payee = left.entry(line.payee.clone()).or_insert(0);
        *payee = payee.checked_sub(line.amount).ok_or_else(|| {
            PaymentError::Invalid(format!("{} has less than {} left to return", line.payee, line.amount))
        })?;
    }
    Ok(())
}

fn outcome(intent: &Intent, what: Outcome, amount: u64, refund: Option<&str>, reason: Option<&str>) -> PaymentOutcome {
    PaymentOutcome {
        outcome: what,
        intent: intent.id.clone(),
        reference: intent.reference.clone(),
        amount,
        refund: refund.map(ToOwned::to_owned),
        reason: reason.map(ToOwned::to_owned),
    }
}
