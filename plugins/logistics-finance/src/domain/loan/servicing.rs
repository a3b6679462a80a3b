//! While money is out: interest, repayments, and goods that come free again.

use super::super::ledger::{Account, Entry, Head, Kind, fen, post};
use super::super::money::whole_up;
use super::super::pledge::{self, Pledge};
use super::super::quote::Prices;
use super::super::refused::Refused;
use super::super::time::Date;
use super::{Deal, Effect, Loan, State, Step};
use serde::{Deserialize, Serialize};

/// A payment of the borrower, as the bank has booked it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repayment {
    /// The bank's own number.
    pub reference: String,
    /// Fen.
    pub amount: u64,
    /// Fen of it that paid interest.
    pub interest: u64,
    /// Fen of it that paid principal.
    pub principal: u64,
    /// Who booked it.
    pub by: String,
    /// Milliseconds of UTC.
    pub at: i64,
}

/// A part of a receipt that comes free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The receipt.
    pub receipt: String,
    /// How much of it comes free; all of it when it is not said.
    pub quantity: Option<u64>,
    /// The number of the receipt for what stays pledged, if any does.
    pub kept: String,
    /// The number of the receipt for what comes free, if something stays.
    pub freed: String,
}

impl Part {
    /// A whole receipt.
    #[must_use]
    pub fn whole(receipt: &str) -> Self {
        Self { receipt: receipt.to_owned(), quantity: None, kept: String::new(), freed: String::new() }
    }
}

impl Loan {
    /// Lets interest run until today.
    pub(crate) fn accrue(&mut self, now: i64) -> Vec<Effect> {
        let today = Date::at(now);
        if !self.state.is_out() {
            return Vec::new();
        }
        let came = self.balance.run(&self.terms.rate, self.due, today);
        let head = Head { loan: &self.id, bank: &self.bank, at: now };
        let postings = vec![
            post(Account::Interest(self.id.clone()), fen(came)),
            post(Account::Income(self.bank.clone()), -fen(came)),
        ];
        // Less than a fen is no entry: it is carried on.
        Entry::new(&head, Kind::Accrual, &today.to_string(), postings).ok().map(Effect::Book).into_iter().collect()
    }

    /// What is owed at a time, without changing anything.
    #[must_use]
    pub fn owed_at(&self, now: i64) -> u64 {
        let mut balance = self.balance;
        if self.state.is_out() {
            balance.run(&self.terms.rate, self.due, Date::at(now));
        }
        balance.owed()
    }

    /// Books money that came in, interest first.
    pub(crate) fn book_money(
        &mut self,
        kind: Kind,
        reference: &str,
        amount: u64,
        now: i64,
    ) -> (u64, u64, Option<Effect>) {
        let (interest, principal) = self.balance.take(amount);
        let head = Head { loan: &self.id, bank: &self.bank, at: now };
        let surplus = amount - interest - principal;
        let postings = vec![
            post(Account::Cash(self.bank.clone()), fen(amount)),
            post(Account::Interest(self.id.clone()), -fen(interest)),
            post(Account::Principal(self.id.clone()), -fen(principal)),
            post(Account::Surplus(self.id.clone()), -fen(surplus)),
        ];
        let entry = Entry::new(&head, kind, reference, postings).ok();
        let entry = entry.map(|e| Effect::Book(e.numbered(reference)));
        (interest, principal, entry)
    }
}

impl Deal {
    /// The bank books a payment of the borrower under its own number. The same number again changes nothing.
    ///
    /// # Errors
    /// [`Refused::OverOwed`] for a fen too much, [`Refused::ReferenceReused`] for another amount under the same number,
    /// a wrong state.
    pub fn repay(&mut self, reference: &str, amount: u64, by: &str, now: i64) -> Result<Vec<Effect>, Refused> {
        if let Some(first) = self.loan.repayments.iter().find(|r| r.reference == reference) {
            let same = first.amount == amount;
            return if same {
                Ok(Vec::new())
            } else {
                Err(Refused::ReferenceReused { reference: reference.to_owned() })
            };
        }
        self.loan.check(Step::Repay)?;
        if amount == 0 || reference.is_empty() {
            return Err(Refused::Nothing(if amount == 0 { "amount" } else { "bank_reference" }));
        }
        let owed = self.loan.owed_at(now);
        if amount > owed {
            return Err(Refused::OverOwed { owed, paid: amount });
        }
        let mut effects = self.loan.accrue(now);
        let (interest, principal, entry) = self.loan.book_money(Kind::Repayment, reference, amount, now);
        effects.extend(entry);
        let (reference, by) = (reference.to_owned(), by.to_owned());
        self.loan.repayments.push(Repayment { reference, amount, interest, principal, by, at: now });
        if self.loan.balance.owed() == 0 {
            self.settle(now)?;
        } else if self.loan.state == State::Disbursed {
            self.loan.pass(State::Repaying, now);
        }
        Ok(effects)
    }

    /// Nothing is owed any more. What is pledged waits for other hands than those that booked the money: one person
    /// alone could say that it came, and have the goods.
    pub(crate) fn settle(&mut self, now: i64) -> Result<(), Refused> {
        self.drop_requests(now)?;
        self.loan.pending_sales.clear();
        self.loan.balance.rest = 0;
        if let Some(call) = self.loan.margin.as_mut() {
            call.met(now);
        }
        self.loan.pass(State::Settled, now);
        self.note_held(now);
        Ok(())
    }

    /// Takes note of whether a loan that is over still holds goods.
    pub(crate) fn note_held(&mut self, now: i64) {
        let held = self.pledges.iter().any(|p| p.state == pledge::State::Registered);
        let since = self.loan.held_since.unwrap_or(now);
        self.loan.held_since = (held && !self.loan.state.is_open()).then_some(since);
    }

    /// The bank lets go of goods, as far as what stays pledged is worth enough for what is owed. Whoever booked money
    /// that came back does not decide it.
    ///
    /// # Errors
    /// [`Refused::SameHands`], [`Refused::LeavesOverLtv`] with what must stay, [`Refused::ReceiptFrozen`],
    /// [`Refused::NoQuote`], a wrong state.
    pub fn release(
        &mut self,
        by: &str,
        parts: &[Part],
        prices: &Prices,
        price_days: u32,
        now: i64,
    ) -> Result<Vec<Effect>, Refused> {
        self.loan.check(Step::Release)?;
        if parts.is_empty() {
            return Err(Refused::Nothing("receipts"));
        }
        let repaid = self.loan.repayments.iter().map(|r| ("repay", Some(r.by.as_str())));
        let sold = self.loan.sales.iter().map(|s| ("enter-sale", Some(s.by.as_str())));
        let agreed = self.loan.sales.iter().map(|s| ("confirm-sale", s.confirmed_by.as_deref()));
        Loan::other_hands("release", by, &repaid.chain(sold).chain(agreed).collect::<Vec<_>>())?;
        // Tried on a copy: a refusal changes nothing, interest included.
        let mut next = self.clone();
        let effects = next.loan.accrue(now);
        for part in parts {
            next.release_part(part, now)?;
        }
        let owed = next.loan.balance.owed();
        if owed > 0 {
            let needed = whole_up(owed, next.loan.terms.ltv_bps);
            let left = next.secured(prices, price_days, now)?.value;
            if left < needed {
                return Err(Refused::LeavesOverLtv { left, needed });
            }
        }
        next.note_held(now);
        *self = next;
        Ok(effects)
    }

    fn release_part(&mut self, part: &Part, now: i64) -> Result<(), Refused> {
        let (bank, loan) = (self.loan.bank.clone(), self.loan.id.clone());
        let (pledge, receipt) = self.pair(&part.receipt)?;
        if pledge.state != pledge::State::Registered {
            return Err(Refused::NotRegistered { receipt: part.receipt.clone() });
        }
        let freed = part.quantity.unwrap_or(receipt.quantity);
        if freed == receipt.quantity {
            receipt.release(now)?;
            return pledge.end(pledge::State::Released, now);
        }
        receipt.check(super::super::receipt::Step::Release)?;
        if freed == 0 || freed > receipt.quantity {
            return Err(Refused::Parts { sum: freed, quantity: receipt.quantity });
        }
        let kept = receipt.quantity - freed;
        let children = receipt.divide(&[(part.kept.clone(), kept), (part.freed.clone(), freed)], now)?;
        pledge.end(pledge::State::Divided, now)?;
        for mut child in children {
            if child.id == part.freed {
                child.release(now)?;
            } else {
                let mut successor = Pledge::request(&child, &bank, &loan, now);
                successor.register(now)?;
                self.pledges.push(successor);
            }
            self.receipts.push(child);
        }
        Ok(())
    }
}
