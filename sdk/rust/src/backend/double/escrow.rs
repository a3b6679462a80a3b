//! What an escrow of the double has done with its money.

use crate::payments::{EscrowState, HeldRefund, Intent, Line, PaymentError, Release, Status};
use std::collections::BTreeMap;

/// Where a refund of held money stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Return {
    UnderWay,
    Done,
    Refused,
}

/// Releases and refunds by the app's numbers. What is held is what is in neither.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    releases: BTreeMap<String, Vec<Line>>,
    refunds: BTreeMap<String, (u64, Return)>,
}

fn sum(lines: &[Line]) -> u64 {
    lines.iter().fold(0, |sum, l| sum.saturating_add(l.amount))
}

impl Book {
    pub(crate) fn state(&self, intent: &Intent) -> EscrowState {
        let of = |what: Return| self.refunds.values().filter(|(_, r)| *r == what).map(|(amount, _)| amount).sum();
        let (released, refunding, refunded) =
            (self.releases.values().map(|l| sum(l)).sum(), of(Return::UnderWay), of(Return::Done));
        EscrowState {
            amount: intent.amount,
            captured: intent.captured,
            held: intent.captured - released - refunding - refunded,
            released,
            refunding,
            refunded,
        }
    }

    /// Pays a part of what is held.
    pub(crate) fn release(&mut self, intent: &Intent, release: &Release) -> Result<(), PaymentError> {
        check_reference(&release.reference)?;
        if let Some(before) = self.releases.get(&release.reference) {
            return same(*before == release.lines, "release", &release.reference, "lines");
        }
        captured(intent, "released")?;
        if release.lines.iter().any(|l| l.payee.len() != 18) {
            return Err(PaymentError::Invalid("a payee is a unified social credit code of 18 characters".into()));
        }
        self.room(intent, sum(&release.lines), "released")?;
        self.releases.insert(release.reference.clone(), release.lines.clone());
        Ok(())
    }

    /// Begins to return a part of what is held.
    pub(crate) fn refund(&mut self, intent: &Intent, refund: &HeldRefund) -> Result<(), PaymentError> {
        check_reference(&refund.reference)?;
        if let Some((before, _)) = self.refunds.get(&refund.reference) {
            return same(*before == refund.amount, "refund", &refund.reference, "amount");
        }
        captured(intent, "refunded")?;
        self.room(intent, refund.amount, "refunded")?;
        self.refunds.insert(refund.reference.clone(), (refund.amount, Return::UnderWay));
        Ok(())
    }

    fn room(&self, intent: &Intent, amount: u64, what: &str) -> Result<(), PaymentError> {
        if amount == 0 {
            return Err(PaymentError::Invalid(format!("there is nothing to be {what}: the amount is 0")));
        }
        let EscrowState { held, refunding, .. } = self.state(intent);
        if amount > held {
            return Err(PaymentError::Invalid(format!(
                "{held} fen of this payment are held and {amount} cannot be {what}; {refunding} are on their way back"
            )));
        }
        Ok(())
    }

    /// The provider answers all that is under way: references and amounts.
    pub(crate) fn settle(&mut self, refused: bool) -> Vec<(String, u64)> {
        let mut settled = Vec::new();
        for (reference, (amount, standing)) in self.refunds.iter_mut().filter(|(_, (_, r))| *r == Return::UnderWay) {
            *standing = if refused { Return::Refused } else { Return::Done };
            settled.push((reference.clone(), *amount));
        }
        settled
    }
}

fn check_reference(reference: &str) -> Result<(), PaymentError> {
    if (1..=128).contains(&reference.len()) {
        Ok(())
    } else {
        Err(PaymentError::Invalid("the reference must have 1 to 128 bytes".into()))
    }
}

fn same(same: bool, what: &str, reference: &str, of: &str) -> Result<(), PaymentError> {
    if same {
        Ok(())
    } else {
        Err(PaymentError::Invalid(format!(
            "the {what} `{reference}` was staged before with another {of}: use a new reference"
        )))
    }
}

fn captured(intent: &Intent, what: &str) -> Result<(), PaymentError> {
    if intent.status == Status::Captured {
        Ok(())
    } else {
        Err(PaymentError::WrongStatus(format!("the intent is {:?} and nothing of it can be {what}", intent.status)))
    }
}
