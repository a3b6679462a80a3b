//! What is kept, and what must hold of it: read off the documents, the balances and the audit trail alone.

use super::links;
use logistics_finance::domain::alert::{self, Alert};
use logistics_finance::domain::borrower::{Borrower, Consent};
use logistics_finance::domain::flow::Flow;
use logistics_finance::domain::freight::{FreightOrder, Waybill};
use logistics_finance::domain::ledger::{Account, Entry, Kind};
use logistics_finance::domain::loan::{DisbursementState, Loan, State};
use logistics_finance::domain::pledge::{self, Pledge};
use logistics_finance::domain::receipt::{self, Receipt};
use logistics_finance::domain::sensor::Event;
use logistics_finance::domain::warehouse::Lot;
use logistics_finance::store::{
    ALERTS, BORROWERS, CONSENTS, ENTRIES, FLOWS, FREIGHT_ORDERS, LEDGER_BALANCE, LEDGER_SUM, LOANS, LOTS, PLEDGES,
    QUOTES, RECEIPTS, SENSOR_EVENTS, WAYBILLS,
};
use std::collections::{BTreeMap, BTreeSet};
use yunlong_sdk::testing::{AuditRow, TestCity};
use yunlong_sdk::{Collection, Document, Query, data};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Papers {
    pub(super) lot: Lot,
    pub(super) receipts: BTreeMap<String, Receipt>,
    pub(super) pledges: BTreeMap<String, Pledge>,
    pub(super) loans: BTreeMap<String, Loan>,
    pub(super) events: BTreeMap<String, Event>,
    pub(super) audit: Vec<AuditRow>,
    pub(super) entries: BTreeMap<String, Entry>,
    pub(super) alerts: BTreeMap<String, Alert>,
    pub(super) files: BTreeMap<String, Borrower>,
    pub(super) consents: BTreeMap<String, Consent>,
    pub(super) freight: BTreeMap<String, FreightOrder>,
    pub(super) waybills: BTreeMap<String, Waybill>,
    pub(super) flows: BTreeMap<String, Flow>,
    /// Fen for a tonne.
    pub(super) price: u64,
}

fn all<T: Document>(of: Collection<T>) -> BTreeMap<String, T> {
    let page = of.find(Query::by_id().limit(500)).unwrap();
    assert!(page.next.is_none(), "more than a history makes");
    page.into_iter().map(|d| (d.id.clone(), d.value)).collect()
}

impl Papers {
    pub(super) fn read(city: &TestCity, lot: &str) -> Self {
        Self {
            lot: LOTS.get(lot).unwrap().unwrap().into_value(),
            receipts: all(RECEIPTS),
            pledges: all(PLEDGES),
            loans: all(LOANS),
            events: all(SENSOR_EVENTS),
            audit: city.audit(),
            entries: all(ENTRIES),
            alerts: all(ALERTS),
            files: all(BORROWERS),
            consents: all(CONSENTS),
            freight: all(FREIGHT_ORDERS),
            waybills: all(WAYBILLS),
            flows: all(FLOWS),
            price: QUOTES.get("coal-5500").unwrap().unwrap().price,
        }
    }

    /// Kilograms that lie in the yard, by the books.
    pub(super) fn there(&self) -> u64 {
        self.lot.quantity + self.lot.leaving - self.lot.missing
    }

    fn standing<'a>(&'a self, loan: &'a str) -> impl Iterator<Item = &'a Pledge> {
        self.pledges.values().filter(move |p| p.loan == loan && p.state.stands())
    }

    /// Fen that goods are worth.
    fn worth<'a>(&self, pledges: impl Iterator<Item = &'a Pledge>) -> u64 {
        pledges.map(|p| p.quantity).sum::<u64>() * self.price / 1_000
    }

    /// After a release: what stays pledged is worth enough for what is owed.
    pub(super) fn goods_cover_what_is_owed(&self) {
        let last = self.audit.last().filter(|a| a.action == "loan.release").expect("a release is audited");
        let loan = &self.loans[&last.target];
        let left = self.worth(self.standing(&loan.id).filter(|p| p.state == pledge::State::Registered));
        let owed = loan.balance.owed();
        assert!(owed * 10_000 <= left * loan.terms.ltv_bps, "{}: {owed} on {left} after a release", loan.id);
    }

    fn sum(&self, account: &Account) -> i64 {
        let postings = self.entries.values().flat_map(Entry::postings);
        postings.filter(|p| p.account == *account).map(|p| p.amount).sum()
    }
}

/// The number of the file that a loan rests on.
pub(super) fn file_of(loan: &Loan) -> String {
    Borrower::key(&loan.bank, &loan.borrower)
}

/// Everything that never happens.
pub(super) fn check(before: &Papers, after: &Papers) {
    goods(before, after);
    receipts(after);
    pledges(before, after);
    for loan in after.loans.values() {
        check_loan(before, after, loan);
    }
    money(after);
    links::check(before, after);
    hands(after);
}

/// Goods come and go by what a gate or a count says, and none that are pledged leave.
fn goods(before: &Papers, after: &Papers) {
    let counts = |p: &Papers| p.audit.iter().filter(|a| a.action == "lot.clear-missing").count();
    let moved: i64 =
        after.events.iter().filter(|(id, _)| !before.events.contains_key(*id)).map(|(_, e)| e.reading.quantity).sum();
    if counts(before) == counts(after) {
        assert_eq!(before.there().checked_add_signed(moved), Some(after.there()), "goods came or went unseen");
    }
    for was in before.receipts.values().filter(|r| r.pledged_to.is_some()) {
        let now = &after.receipts[&was.id];
        assert_ne!(now.state, receipt::State::Withdrawn, "{}: pledged goods may leave", now.id);
        if after.lot.missing > before.lot.missing && was.state == receipt::State::Pledged {
            assert_eq!(now.state, receipt::State::Frozen, "{}: pledged goods left, and nothing is frozen", now.id);
            let told = after.alerts.values().filter(|a| !before.alerts.contains_key(&a.id));
            let mine = |a: &&Alert| a.kind == alert::Kind::GoodsMissing && a.receipt.as_ref() == Some(&was.id);
            assert_eq!(told.filter(mine).count(), 1, "{}: the bank is told", now.id);
        }
    }
}

/// Receipts promise what is there, splits and merges among them.
fn receipts(after: &Papers) {
    let live = || after.receipts.values().filter(|r| r.is_live());
    let promised: u64 = live().map(|r| r.quantity).sum();
    assert_eq!(promised, after.lot.receipted, "the lot counts its live receipts");
    assert!(promised <= after.lot.quantity + after.lot.written_off, "receipts over what ever lay there");
    let free: u64 = live().filter(|r| r.frozen.is_none()).map(|r| r.quantity).sum();
    assert!(free <= after.lot.quantity.saturating_sub(after.lot.missing), "receipts that move, over what lies there");
    for r in live().filter(|r| r.issued_at.is_some()) {
        assert!(r.signature.is_some(), "{}: no signature", r.id);
    }
}

fn pledges(before: &Papers, after: &Papers) {
    for r in after.receipts.values() {
        let standing: Vec<&Pledge> = after.pledges.values().filter(|p| p.receipt == r.id && p.state.stands()).collect();
        assert!(standing.len() <= 1, "two pledges stand on {}", r.id);
        let named = r.pledged_to.as_ref().map(|p| (p.loan.as_str(), p.bank.as_str()));
        assert_eq!(standing.first().map(|p| (p.loan.as_str(), p.bank.as_str())), named, "{} names its pledge", r.id);
    }
    for (id, was) in before.pledges.iter().filter(|(_, p)| p.state == pledge::State::Registered) {
        let ends =
            [pledge::State::Registered, pledge::State::Released, pledge::State::Enforced, pledge::State::Divided];
        assert!(ends.contains(&after.pledges[id].state), "{}: {:?}", was.id, after.pledges[id].state);
    }
}

fn check_loan(before: &Papers, after: &Papers, loan: &Loan) {
    let id = &loan.id;
    let was = before.loans.get(id).map(|l| l.state);
    if loan.state == State::Approved && was != Some(State::Approved) {
        let value = after.worth(after.standing(id));
        assert!(loan.principal * 10_000 <= value * loan.terms.ltv_bps, "{id}: {} on {value}", loan.principal);
    }
    let payments: Vec<&Entry> =
        after.entries.values().filter(|e| e.loan() == id && e.kind() == Kind::Disbursement).collect();
    let paid = loan.disbursement.as_ref().is_some_and(|d| d.state == DisbursementState::Confirmed);
    assert_eq!(payments.len(), usize::from(paid), "{id}: exactly one disbursement, or none");
    if paid && was == Some(State::Signed) {
        let all_registered = after.standing(id).all(|p| p.state == pledge::State::Registered);
        assert!(all_registered && after.standing(id).next().is_some(), "{id}: paid out without a registered pledge");
        assert!(loan.bank_signed_at.is_some() && loan.borrower_signed_at.is_some(), "{id}: paid out unsigned");
    }
    let fen = |n: u64| i64::try_from(n).unwrap();
    let accounts = [
        (Account::Principal(id.clone()), loan.balance.principal),
        (Account::Interest(id.clone()), loan.balance.interest),
    ];
    for (account, owed) in accounts {
        assert_eq!(after.sum(&account), fen(owed), "{account}: the entries against the loan");
        assert_eq!(data::counter(LEDGER_BALANCE, &account.to_string()), Ok(fen(owed)), "{account}: the balance");
    }
    if matches!(loan.state, State::Settled | State::WrittenOff) {
        assert_eq!(loan.balance.owed(), 0, "{id}: over, and something is owed");
    }
}

/// Every entry sums to nothing, and a bank's number stands for one movement of its money.
fn money(after: &Papers) {
    let mut numbers = BTreeSet::new();
    for entry in after.entries.values() {
        assert_eq!(entry.postings().iter().map(|p| p.amount).sum::<i64>(), 0, "{}", entry.id());
        let moved = entry.postings().iter().any(|p| matches!(p.account, Account::Cash(_)));
        assert!(!moved || numbers.insert((entry.bank(), entry.number())), "{}: the number is used twice", entry.id());
    }
    assert_eq!(data::counter(LEDGER_SUM, "all"), Ok(0));
}

/// Nobody checks what they made: by the audit trail, which knows who did what in which order.
fn hands(after: &Papers) {
    // Who did what with what since it counts.
    let mut did: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for row in &after.audit {
        let (with, step) = (row.target.as_str(), row.action.as_str());
        let Some(who) = row.actor.as_deref() else { continue };
        let checks: &[&str] = match step {
            "loan.approve" => &["loan.apply", "loan.check-credit"],
            "loan.confirm-disbursement" => &["loan.ask-disbursement"],
            "loan.release" => &["loan.repay", "loan.sold"],
            "loan.write-off" => &["loan.approve", "loan.dispose"],
            "receipt.unfreeze" => &["receipt.freeze"],
            "flow.release-funds" => &["flow.confirm-payment"],
            _ => &[],
        };
        for made in checks {
            let same = did.get(&(*made, with)).is_some_and(|them| them.contains(who));
            assert!(!same, "`{who}` did `{made}` and then `{step}` with {with}");
        }
        match step {
            "loan.approve" => {
                let file = &after.files[&file_of(&after.loans[with])];
                assert_ne!(file.opened_by, who, "who opened the file approved {with}");
            }
            // Its last time alone counts.
            "loan.check-credit" | "flow.confirm-payment" => drop(did.remove(&(step, with))),
            // What follows is another payment, another freeze.
            "loan.confirm-disbursement" => drop(did.remove(&("loan.ask-disbursement", with))),
            "receipt.unfreeze" => drop(did.remove(&("receipt.freeze", with))),
            "loan.confirm-sale" if row.detail["confirmed"] == true => {
                let sold = after.loans[with].sales.iter().find(|s| row.detail["sale"] == s.number.as_str());
                let by = sold.map(|s| s.by.as_str()).expect("a sale that was confirmed is the loan's");
                assert_ne!(by, who, "one person sold the goods");
                did.entry(("loan.sold", with)).or_default().extend([by, who]);
            }
            _ => {}
        }
        did.entry((step, with)).or_default().insert(who);
    }
    for loan in after.loans.values() {
        let (bank, company) = (&loan.hands.signed_bank, &loan.hands.signed_borrower);
        assert!(bank.is_none() || bank != company, "{}: one person signed for both", loan.id);
    }
}
