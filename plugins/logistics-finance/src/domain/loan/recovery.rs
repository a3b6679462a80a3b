//! When money does not come back: overdue, the goods are sold, and the rest is written off.
//!
//! A sale takes two persons: one enters it, another confirms it. One alone could sell the goods to a friend for a fen.

use super::super::alert::{self, Alert};
use super::super::ledger::{Account, Entry, Head, Kind, fen, post};
use super::super::pledge;
use super::super::refused::Refused;
use super::super::time::Date;
use super::{Deal, Effect, Loan, State, Step};
use serde::{Deserialize, Serialize};

/// Goods that are sold for the loan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// The loan's number of it, under which nothing of it changes; none where it was booked before sales had numbers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub number: String,
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
    /// Who entered it.
    pub by: String,
    /// Who confirmed it: nobody yet, or nobody where it was booked before two persons were needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<String>,
    /// When it was entered, and once it is confirmed, when that was: milliseconds of UTC.
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

    /// An officer enters for what the goods of a receipt are sold. Nothing moves before another one confirms it; for one
    /// receipt the last counts. The same bank's number again changes nothing.
    ///
    /// # Errors
    /// [`Refused::ReferenceReused`], [`Refused::NotRegistered`], [`Refused::ReceiptFrozen`], a wrong state.
    pub fn enter_sale(&mut self, sale: &Sale, now: i64) -> Result<(), Refused> {
        let mut known = self.loan.sales.iter().chain(&self.loan.pending_sales);
        if let Some(first) = known.find(|s| s.reference == sale.reference) {
            let same = (&first.receipt, &first.buyer, first.proceeds) == (&sale.receipt, &sale.buyer, sale.proceeds);
            let reused = || Refused::ReferenceReused { reference: sale.reference.clone() };
            return if same { Ok(()) } else { Err(reused()) };
        }
        self.loan.check(Step::Sell)?;
        if sale.proceeds == 0 || sale.reference.is_empty() {
            return Err(Refused::Nothing(if sale.proceeds == 0 { "proceeds" } else { "bank_reference" }));
        }
        let (pledge, receipt) = self.pair(&sale.receipt)?;
        if pledge.state != pledge::State::Registered {
            return Err(Refused::NotRegistered { receipt: sale.receipt.clone() });
        }
        receipt.check(super::super::receipt::Step::Release)?;
        let loan = &mut self.loan;
        loan.pending_sales.retain(|s| s.receipt != sale.receipt);
        loan.sales_entered += 1;
        let number = format!("{}-S{}", loan.id, loan.sales_entered);
        loan.pending_sales.push(Sale { number, surplus: 0, confirmed_by: None, at: now, ..sale.clone() });
        Ok(())
    }

    /// Another officer confirms a sale: the goods are the buyer's, and what they brought pays interest, then principal.
    /// What is over is the borrower's. Said again, it changes nothing.
    ///
    /// # Errors
    /// [`Refused::NoSale`], [`Refused::SameHands`] for whoever entered it, [`Refused::ReceiptFrozen`], a wrong state.
    pub fn confirm_sale(&mut self, number: &str, by: &str, now: i64) -> Result<Vec<Effect>, Refused> {
        if !number.is_empty() && self.loan.sales.iter().any(|s| s.number == number) {
            return Ok(Vec::new());
        }
        let sale = self.pending_sale(number)?;
        Loan::other_hands("confirm-sale", by, &[("enter-sale", Some(&sale.by))])?;
        self.loan.check(Step::Sell)?;
        let (pledge, receipt) = self.pair(&sale.receipt)?;
        receipt.enforce(&sale.buyer, now)?;
        pledge.end(pledge::State::Enforced, now)?;
        let mut effects = self.loan.accrue(now);
        let (interest, principal, entry) = self.loan.book_money(Kind::Proceeds, &sale.reference, sale.proceeds, now);
        effects.extend(entry);
        let surplus = sale.proceeds - interest - principal;
        self.loan.pending_sales.retain(|s| s.number != number);
        self.loan.sales.push(Sale { surplus, at: now, confirmed_by: Some(by.to_owned()), ..sale });
        if self.loan.balance.owed() == 0 {
            self.settle(now)?;
        }
        Ok(effects)
    }

    /// A sale that was entered comes to nothing: whoever entered it takes it back, or another one does not agree.
    ///
    /// # Errors
    /// [`Refused::NoSale`].
    pub fn refuse_sale(&mut self, number: &str) -> Result<(), Refused> {
        self.pending_sale(number)?;
        self.loan.pending_sales.retain(|s| s.number != number);
        Ok(())
    }

    fn pending_sale(&self, number: &str) -> Result<Sale, Refused> {
        let found = self.loan.pending_sales.iter().find(|s| s.number == number);
        found.cloned().ok_or_else(|| Refused::NoSale(number.to_owned()))
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
