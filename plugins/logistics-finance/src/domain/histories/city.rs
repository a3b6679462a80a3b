//! The model: what is on stable storage, and what must hold of it at any time.

use super::hands::Hands;
use crate::domain::effect::Effect;
use crate::domain::ledger::{Account, Entry};
use crate::domain::loan::{Deal, DisbursementState, Loan, State};
use crate::domain::money::{part_down, whole_up};
use crate::domain::pledge::{self, Pledge};
use crate::domain::quote::Prices;
use crate::domain::receipt::{self, Receipt};
use crate::domain::warehouse::{Lot, coal};
use std::collections::{BTreeMap, BTreeSet};

/// What the lot holds at first, in kilograms.
pub(super) const STOCK: u64 = 1_000_000;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct City {
    pub(super) lot: Lot,
    pub(super) receipts: BTreeMap<String, Receipt>,
    pub(super) pledges: BTreeMap<String, Pledge>,
    pub(super) loans: BTreeMap<String, Loan>,
    pub(super) entries: BTreeMap<String, Entry>,
    /// The unique index over the banks' own numbers.
    numbers: BTreeSet<(String, String)>,
    pub(super) hands: Hands,
    /// Fen for a tonne.
    pub(super) price: u64,
    /// Kilograms that passed the gate and did not come back.
    pub(super) gone: u64,
    pub(super) now: i64,
    pub(super) next: u32,
}

/// A commit that the store refuses.
#[derive(Debug, PartialEq)]
pub(super) struct Conflict;

impl City {
    pub(super) fn new() -> Self {
        Self {
            lot: coal(STOCK),
            receipts: BTreeMap::new(),
            pledges: BTreeMap::new(),
            loans: BTreeMap::new(),
            entries: BTreeMap::new(),
            numbers: BTreeSet::new(),
            hands: Hands::default(),
            price: 100_000,
            gone: 0,
            now: crate::domain::loan::tests::START,
            next: 0,
        }
    }

    pub(super) fn number(&mut self, prefix: &str) -> String {
        self.next += 1;
        format!("{prefix}{}", self.next)
    }

    pub(super) fn prices(&self) -> Prices {
        let mut prices = crate::domain::loan::tests::prices(self.price);
        prices.values_mut().for_each(|q| q.at = self.now);
        prices
    }

    pub(super) fn deal(&self, loan: &str) -> Option<Deal> {
        let loan = self.loans.get(loan)?.clone();
        let pledges: Vec<Pledge> =
            self.pledges.values().filter(|p| p.loan == loan.id && p.state.stands()).cloned().collect();
        let receipts = pledges.iter().filter_map(|p| self.receipts.get(&p.receipt)).cloned().collect();
        Some(Deal { loan, pledges, receipts })
    }

    /// One transaction: everything, or nothing. `read` is the deal as it was read, if there was one.
    pub(super) fn commit(&mut self, read: Option<&Deal>, deal: &Deal, effects: Vec<Effect>) -> Result<(), Conflict> {
        if read.is_some_and(|r| self.deal(&r.loan.id).as_ref() != Some(r)) {
            return Err(Conflict);
        }
        let mut next = self.clone();
        next.loans.insert(deal.loan.id.clone(), deal.loan.clone());
        for receipt in &deal.receipts {
            next.receipts.insert(receipt.id.clone(), receipt.clone());
        }
        for pledge in &deal.pledges {
            next.pledges.insert(pledge.id.clone(), pledge.clone());
        }
        // The unique index.
        let mut standing: Vec<&String> = next.pledges.values().filter_map(|p| p.standing.as_ref()).collect();
        let all = standing.len();
        standing.sort();
        standing.dedup();
        if standing.len() != all {
            return Err(Conflict);
        }
        for effect in effects {
            if let Effect::Book(entry) = effect {
                let number = entry.number().map(|n| (entry.bank().to_owned(), n.to_owned()));
                let is_new = number.is_none_or(|n| next.numbers.insert(n));
                if !is_new || next.entries.insert(entry.id().to_owned(), entry).is_some() {
                    return Err(Conflict);
                }
            }
        }
        *self = next;
        Ok(())
    }

    pub(super) fn balance(&self, account: &Account) -> i64 {
        let postings = self.entries.values().flat_map(Entry::postings);
        postings.filter(|p| p.account == *account).map(|p| p.amount).sum()
    }

    /// Everything that never happens.
    pub(super) fn check(&self) {
        self.check_receipts();
        self.check_pledges();
        self.check_numbers();
        for loan in self.loans.values() {
            self.check_loan(loan);
        }
        for entry in self.entries.values() {
            assert_eq!(entry.postings().iter().map(|p| p.amount).sum::<i64>(), 0, "an entry that does not balance");
        }
    }

    /// Money that moved under one number of a bank moved once, for one loan.
    fn check_numbers(&self) {
        let moved = |e: &&Entry| e.postings().iter().any(|p| matches!(p.account, Account::Cash(_)));
        let mut numbers: Vec<_> =
            self.entries.values().filter(moved).map(|e| (e.bank(), e.number().unwrap())).collect();
        let all = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), all, "one number of a bank stands for two movements of its money");
    }

    fn check_receipts(&self) {
        let live: u64 = self.receipts.values().filter(|r| r.is_live()).map(|r| r.quantity).sum();
        assert_eq!(live, self.lot.receipted, "the lot counts its live receipts");
        let frozen: u64 =
            self.receipts.values().filter(|r| r.is_live() && r.frozen.is_some()).map(|r| r.quantity).sum();
        let there = self.lot.quantity.saturating_sub(self.lot.missing);
        assert!(live - frozen <= there, "receipts that are not frozen promise more than lies there");
        assert!(live <= self.lot.quantity + self.lot.written_off, "live receipts over what ever lay there");
        let withdrawn: u64 = STOCK - self.lot.quantity - self.lot.written_off;
        assert!(self.lot.leaving <= withdrawn, "more may leave than was withdrawn");
        assert_eq!(
            self.gone,
            withdrawn - self.lot.leaving + self.lot.missing + self.lot.written_off,
            "what is gone was allowed, is missing or is written off"
        );
    }

    fn check_pledges(&self) {
        for receipt in self.receipts.values() {
            let standing: Vec<_> =
                self.pledges.values().filter(|p| p.receipt == receipt.id && p.state.stands()).collect();
            assert!(standing.len() <= 1, "two pledges stand on {}", receipt.id);
            let from = receipt.frozen.as_ref().map_or(receipt.state, |f| f.from);
            let expected = match from {
                receipt::State::PledgePending => Some(pledge::State::Requested),
                receipt::State::Pledged => Some(pledge::State::Registered),
                _ => None,
            };
            assert_eq!(standing.first().map(|p| p.state), expected, "{}: {:?}", receipt.id, receipt.state);
            let to = receipt.pledged_to.as_ref().map(|p| p.loan.as_str());
            assert_eq!(standing.first().map(|p| p.loan.as_str()), to, "the receipt names its pledge");
        }
    }

    fn check_loan(&self, loan: &Loan) {
        let id = || loan.id.clone();
        let fen = |n: u64| i64::try_from(n).unwrap();
        assert_eq!(self.balance(&Account::Principal(id())), fen(loan.balance.principal), "the ledger's principal");
        assert_eq!(self.balance(&Account::Interest(id())), fen(loan.balance.interest), "the ledger's interest");
        let payments = self.entries.keys().filter(|k| k.starts_with(&format!("{}/disbursement/", loan.id))).count();
        let paid = loan.disbursement.as_ref().is_some_and(|d| d.state == DisbursementState::Confirmed);
        assert_eq!(payments, usize::from(paid), "exactly one disbursement, or none");
        if paid {
            assert!(loan.bank_signed_at.is_some() && loan.borrower_signed_at.is_some(), "paid out unsigned");
            let once = |p: &&Pledge| p.loan == loan.id && p.registered_at.is_some();
            assert!(self.pledges.values().any(|p| once(&p)), "paid out without a registered pledge");
        }
        if let Some(value) = loan.valuation.as_ref() {
            assert!(loan.principal <= part_down(value.value, loan.terms.ltv_bps), "lent over the limit");
            let hands = &loan.hands;
            let approved = hands.approved.as_deref();
            assert!(approved != Some(&hands.applied) && approved != Some(&hands.opened_file), "maker and checker");
            assert_ne!(approved, hands.checked.as_deref(), "maker and checker");
        }
        if let Some(payment) = loan.disbursement.as_ref() {
            let asked = payment.askers().any(|who| Some(who) == payment.answered_by.as_deref());
            assert!(!asked, "one person asked for the money and said that it is paid");
        }
        for sale in &loan.sales {
            assert!(sale.confirmed_by.as_ref().is_some_and(|by| *by != sale.by), "one person sold the goods");
        }
        for sale in &loan.pending_sales {
            let pledge = &self.pledges[&Pledge::key(&loan.id, &sale.receipt)];
            assert!(pledge.state.stands(), "a sale waits of goods that are not pledged any more");
            assert!(loan.state == State::Disposal, "a sale waits, and nothing is to be sold");
        }
        if matches!(loan.state, State::Settled | State::WrittenOff) {
            assert_eq!(loan.balance.owed(), 0, "over, and something is owed");
        }
    }

    /// After a release: what stays pledged is worth enough.
    pub(super) fn check_release(&self, loan: &str) {
        let deal = self.deal(loan).unwrap();
        let owed = deal.loan.balance.owed();
        if owed > 0 {
            let value = deal.secured(&self.prices(), 30, self.now).unwrap().value;
            assert!(value >= whole_up(owed, deal.loan.terms.ltv_bps), "a release left the loan over its limit");
        }
    }
}
