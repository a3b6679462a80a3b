//! When money does not come back: overdue, the goods are sold, and the rest is written off.

use super::super::alert::{self, Alert};
use super::super::ledger::{Account, Entry, Head, Kind, fen, post};
use super::super::pledge;
use super::super::refused::Refused;
use super::super::time::Date;
use super::{Deal, Effect, Loan, State, Step};
use serde::{Deserialize, Serialize};

/// Goods that were sold for the loan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// The receipt.
    pub receipt: String,
    /// The buyer's USCC.
    pub buyer: String,
    /// Fen.
    pub proceeds: u64,
    /// The bank's own number.
    pub reference: String,
    /// Fen over what was owed: the borrower's.
    pub surplus: u64,
    /// Who booked it.
    pub by: String,
    /// Milliseconds of UTC.
    pub at: i64,
}

impl Deal {
    /// The due day has passed: what is not back is overdue. Before that day, and for what is back, nothing happens.
    pub fn fall_due(&mut self, now: i64) -> Vec<Effect> {
        let loan = &mut self.loan;
        let passed = loan.due.is_some_and(|due| Date::at(now) > due);
        if !passed || !loan.state.allows().contains(&Step::FallDue) {
            return Vec::new();
        }
        let mut effects = loan.accrue(now);
        loan.pass(State::Overdue, now);
        let due = loan.due.map(|d| d.to_string()).unwrap_or_default();
        effects.push(Effect::Alert(Alert::new(loan, alert::Kind::Overdue, &due, now).amount(loan.balance.owed())));
        effects
    }

    /// The bank begins to sell the goods: of an overdue loan, or after a margin call that was not met.
    ///
    /// # Errors
    /// [`Refused::TooEarly`], a wrong state.
    pub fn dispose(&mut self, by: &str, now: i64) -> Result<Vec<Effect>, Refused> {
        self.has_reason_to_sell()?;
        let effects = self.loan.accrue(now);
        self.loan.hands.disposed = Some(by.to_owned());
        self.loan.pass(State::Disposal, now);
        Ok(effects)
    }

    /// The goods of a receipt were sold: they are the buyer's, and what they brought pays interest, then principal. What
    /// is over is the borrower's. The same number again changes nothing.
    ///
    /// # Errors
    /// [`Refused::ReferenceReused`], [`Refused::NotRegistered`], [`Refused::ReceiptFrozen`], a wrong state.
    pub fn sell(&mut self, sale: &Sale, now: i64) -> Result<Vec<Effect>, Refused> {
        if let Some(first) = self.loan.sales.iter().find(|s| s.reference == sale.reference) {
            let same = (&first.receipt, &first.buyer, first.proceeds) == (&sale.receipt, &sale.buyer, sale.proceeds);
            let reused = || Refused::ReferenceReused { reference: sale.reference.clone() };
            return if same { Ok(Vec::new()) } else { Err(reused()) };
        }
        self.loan.check(Step::Sell)?;
        if sale.proceeds == 0 || sale.reference.is_empty() {
            return Err(Refused::Nothing(if sale.proceeds == 0 { "proceeds" } else { "bank_reference" }));
        }
        let (pledge, receipt) = self.pair(&sale.receipt)?;
        if pledge.state != pledge::State::Registered {
            return Err(Refused::NotRegistered { receipt: sale.receipt.clone() });
        }
        receipt.enforce(&sale.buyer, now)?;
        pledge.end(pledge::State::Enforced, now)?;
        let mut effects = self.loan.accrue(now);
        let (interest, principal, entry) = self.loan.book_money(Kind::Proceeds, &sale.reference, sale.proceeds, now);
        effects.extend(entry);
        let surplus = sale.proceeds - interest - principal;
        self.loan.sales.push(Sale { surplus, at: now, ..sale.clone() });
        if self.loan.balance.owed() == 0 {
            self.settle(now)?;
        }
        Ok(effects)
    }

    /// The bank gives up what is left. Whoever approved the loan or began the disposal does not decide it, and nothing
    /// that is pledged may be left unsold.
    ///
    /// # Errors
    /// [`Refused::SameHands`], [`Refused::Pledged`] for goods that are left, a wrong state.
    pub fn write_off(&mut self, by: &str, now: i64) -> Result<Vec<Effect>, Refused> {
        let loan = &self.loan;
        loan.check(Step::WriteOff)?;
        let before = [("approve", loan.hands.approved.as_deref()), ("dispose", loan.hands.disposed.as_deref())];
        Loan::other_hands("write-off", by, &before)?;
        if let Some(left) = self.standing().find(|p| p.state == pledge::State::Registered) {
            return Err(Refused::Pledged { receipt: left.receipt.clone(), bank: left.bank.clone() });
        }
        self.drop_requests(now)?;
        let loan = &mut self.loan;
        let mut effects = loan.accrue(now);
        let (interest, principal) = (loan.balance.interest, loan.balance.principal);
        loan.balance.take(interest + principal);
        loan.balance.rest = 0;
        let head = Head { loan: &loan.id, bank: &loan.bank, at: now };
        let postings = vec![
            post(Account::Losses(loan.bank.clone()), fen(interest + principal)),
            post(Account::Interest(loan.id.clone()), -fen(interest)),
            post(Account::Principal(loan.id.clone()), -fen(principal)),
        ];
        effects.extend(Entry::new(&head, Kind::WriteOff, "1", postings).ok().map(Effect::Book));
        loan.pass(State::WrittenOff, now);
        Ok(effects)
    }
}
