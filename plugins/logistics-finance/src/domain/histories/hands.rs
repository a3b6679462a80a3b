//! Who did what: a log beside what loans and receipts remember, so that the promise of two hands is not checked by what
//! keeps it.

use crate::domain::loan::{Deal, DisbursementState};
use std::collections::{BTreeMap, BTreeSet};

/// The people of the trade. Any of them tries any step.
pub(super) const PEOPLE: [&str; 3] = ["one", "two", "three"];

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Hands {
    /// Who did a step with something.
    did: BTreeMap<(&'static str, String), BTreeSet<String>>,
    /// The steps that somebody was kept from for what they had done before.
    pub(super) refused: BTreeSet<&'static str>,
}

impl Hands {
    /// Somebody has done a step with something, and none of the steps that it checks.
    pub(super) fn did(&mut self, by: &str, step: &'static str, with: &str, checks: &[&'static str]) {
        for made in checks {
            let by_them = self.did.get(&(*made, with.to_owned())).is_some_and(|who| who.contains(by));
            assert!(!by_them, "`{by}` did `{made}` and then `{step}` with {with}");
        }
        self.did.entry((step, with.to_owned())).or_default().insert(by.to_owned());
    }

    /// A step is undone, or its last time alone counts.
    pub(super) fn forget(&mut self, step: &'static str, with: &str) {
        self.did.remove(&(step, with.to_owned()));
    }

    /// What somebody has done with a loan, read off what has changed of it.
    pub(super) fn changed(&mut self, by: &str, read: &Deal, now: &Deal) {
        let (before, loan) = (&read.loan, &now.loan);
        let id = loan.id.as_str();
        if before.credit != loan.credit {
            self.forget("check-credit", id);
            self.did(by, "check-credit", id, &[]);
        }
        if before.valuation.is_none() && loan.valuation.is_some() {
            self.did(by, "approve", id, &["open-file", "apply", "check-credit"]);
        }
        if before.bank_signed_at != loan.bank_signed_at {
            self.did(by, "sign-for-bank", id, &["sign-for-borrower"]);
        }
        if before.borrower_signed_at != loan.borrower_signed_at {
            self.did(by, "sign-for-borrower", id, &["sign-for-bank"]);
        }
        if before.repayments.len() < loan.repayments.len() {
            self.did(by, "book-money", id, &[]);
        }
        self.payment(by, read, now);
        self.sales(by, read, now);
    }

    fn payment(&mut self, by: &str, read: &Deal, now: &Deal) {
        let Some(payment) = &now.loan.disbursement else { return };
        let before = read.loan.disbursement.as_ref().filter(|d| d.reference == payment.reference);
        let said = |s: DisbursementState| matches!(s, DisbursementState::Confirmed | DisbursementState::Refused);
        if said(payment.state) && !before.is_some_and(|d| said(d.state)) {
            self.did(by, "confirm-disbursement", &payment.reference, &["ask-disbursement"]);
        }
    }

    fn sales(&mut self, by: &str, read: &Deal, now: &Deal) {
        let (before, loan) = (&read.loan, &now.loan);
        for sale in loan.pending_sales.iter().filter(|s| before.pending_sales.iter().all(|b| b.number != s.number)) {
            self.did(by, "enter-sale", &sale.number, &[]);
        }
        for sale in loan.sales.iter().skip(before.sales.len()) {
            self.did(by, "confirm-sale", &sale.number, &["enter-sale"]);
            let entered = self.did.get(&("enter-sale", sale.number.clone())).cloned().unwrap_or_default();
            for who in entered.iter().map(String::as_str).chain([by]) {
                self.did(who, "book-money", &loan.id, &[]);
            }
        }
    }
}
