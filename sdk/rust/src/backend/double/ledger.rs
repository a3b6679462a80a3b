//! Payments whose outcomes the test decides.

use crate::payments::{Intent, Line, NewIntent, NewRefund, Outcome, PaymentError, PaymentOutcome, Status};
use std::collections::BTreeMap;

/// What a transaction asks of the payments.
#[derive(Clone, Debug)]
pub(crate) enum PaymentOp {
    /// The intent, its split, and who is to pay: anybody when that is absent.
    Create(Intent, Vec<Line>, Option<String>),
    Confirm(String),
    Cancel(String),
    Refund(String, NewRefund),
}

struct Record {
    intent: Intent,
    payer: Option<String>,
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

    /// The intent that `new` would become, or the first one with its reference.
    pub(crate) fn prepare(&self, new: &NewIntent, staged: &[PaymentOp]) -> Result<(Intent, Vec<Line>), PaymentError> {
        if new.lines.is_empty() {
            return Err(PaymentError::Invalid("there are no lines".into()));
        }
        if new.lines.iter().any(|l| l.payee.len() != 18) {
            return Err(PaymentError::Invalid("a payee is a unified social credit code of 18 characters".into()));
        }
        let pending = staged.iter().filter_map(|op| if let PaymentOp::Create(i, ..) = op { Some(i) } else { None });
        let same = self.records.values().map(|r| &r.intent).chain(pending).find(|i| i.reference == new.reference);
        if let Some(first) = same {
            return if first.amount == new.amount() {
                Ok((first.clone(), new.lines.clone()))
            } else {
                Err(PaymentError::Invalid(format!("the reference {} was used with another amount", new.reference)))
            };
        }
        let id = format!("intent-{}", new.reference);
        let intent = Intent {
            cashier_url: format!("http://localhost:8080/cashier/{id}"),
            id,
            reference: new.reference.clone(),
            amount: new.amount(),
            captured: 0,
            refunded: 0,
            status: Status::Pending,
        };
        Ok((intent, new.lines.clone()))
    }

    /// Whether `op` is allowed to `person` as things stand; `staged` may hold the intent's creation.
    pub(crate) fn check(&self, op: &PaymentOp, staged: &[PaymentOp], person: Option<&str>) -> Result<(), PaymentError> {
        let (PaymentOp::Confirm(id) | PaymentOp::Cancel(id) | PaymentOp::Refund(id, _)) = op else { return Ok(()) };
        let created_here = staged.iter().find_map(|s| match s {
            PaymentOp::Create(i, _, payer) if i.id == *id => Some(payer),
            _ => None,
        });
        let payer = self.records.get(id).map(|r| &r.payer).or(created_here).and_then(Option::as_deref);
        if matches!(op, PaymentOp::Confirm(_)) && payer.is_some() && payer != person {
            return Err(PaymentError::Other(
                "this payment belongs to another account: confirm it in a call of the one who placed the order".into(),
            ));
        }
        if created_here.is_some() && !self.records.contains_key(id) {
            return if matches!(op, PaymentOp::Refund(..)) { Err(wrong(Status::Pending, "refunded")) } else { Ok(()) };
        }
        let record = self.record(id)?;
        let status = record.intent.status;
        match op {
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
        match op {
            PaymentOp::Create(intent, lines, payer) => {
                let mut left = BTreeMap::new();
                for line in lines {
                    *left.entry(line.payee).or_insert(0) += line.amount;
                }
                self.records.entry(intent.id.clone()).or_insert(Record {
                    intent,
                    payer,
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
        }
    }

    /// The provider took the money. Also after a cancellation: money that arrives is reported.
    pub(crate) fn capture(&mut self, id: &str) -> Option<PaymentOutcome> {
        let record = self.records.get_mut(id)?;
        if record.intent.captured > 0 {
            return None;
        }
        record.intent.captured = record.intent.amount;
        record.intent.status = Status::Captured;
        Some(outcome(&record.intent, Outcome::Captured, record.intent.amount, None, None))
    }

    /// The provider refused.
    pub(crate) fn fail(&mut self, id: &str, reason: &str) -> Option<PaymentOutcome> {
        let record = self.records.get_mut(id)?;
        record.intent.status = Status::Failed;
        Some(outcome(&record.intent, Outcome::Failed, 0, None, Some(reason)))
    }

    /// The provider paid the open refunds out, or refused them all.
    pub(crate) fn settle_refunds(&mut self, refused: Option<&str>) -> Vec<PaymentOutcome> {
        let mut out = Vec::new();
        for record in self.records.values_mut() {
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
