//! What must hold of companies' files at banks, of waybills and of the links between goods, orders and money: read off the
//! documents alone.

use super::papers::{Papers, file_of};
use logistics_finance::domain::alert::{self, Alert};
use logistics_finance::domain::flow::{Carried, Flow, State};
use logistics_finance::domain::freight::{Reason, State as Way, Waybill};
use logistics_finance::domain::loan;
use logistics_finance::domain::receipt::State::{Issued, Released, Withdrawn};
use std::collections::BTreeSet;

pub(super) fn check(before: &Papers, after: &Papers) {
    files(before, after);
    consents_taken_back(before, after);
    orders(after);
    for (id, waybill) in &after.waybills {
        check_waybill(before.waybills.get(id), waybill);
    }
    flows(before, after);
}

/// A file is opened once, and a bank looks and lends by a consent that stands.
fn files(before: &Papers, after: &Papers) {
    for (id, was) in &before.files {
        assert_eq!(after.files.get(id), Some(was), "{id}: a file is opened once");
    }
    let now = i64::try_from(yunlong_sdk::now()).unwrap();
    for (id, loan) in &after.loans {
        let file = file_of(loan);
        assert!(after.files.contains_key(&file), "{id}: a loan of a company without a file");
        let was = before.loans.get(id);
        let looked = loan.credit.is_some() && loan.credit != was.and_then(|l| l.credit.clone());
        let approved = loan.state == loan::State::Approved && was.is_none_or(|l| l.state != loan.state);
        if looked || approved {
            assert!(after.consents.get(&file).is_some_and(|c| c.stands(now)), "{id}: without a consent that stands");
        }
    }
}

/// The bank is told once of each loan that it has not approved yet.
fn consents_taken_back(before: &Papers, after: &Papers) {
    let stood = |id: &String| before.consents.get(id).is_some_and(|c| c.withdrawn_at.is_none());
    for (id, consent) in after.consents.iter().filter(|(id, c)| c.withdrawn_at.is_some() && stood(id)) {
        let waits = |l: &&loan::Loan| matches!(l.state, loan::State::Applied | loan::State::CreditChecked);
        for loan in after.loans.values().filter(|l| file_of(l) == *id).filter(waits) {
            let mine = |a: &&Alert| a.kind == alert::Kind::ConsentWithdrawn && a.loan == loan.id;
            let told = after.alerts.values().filter(mine).filter(|a| Some(a.at) == consent.withdrawn_at);
            assert_eq!(told.count(), 1, "{}: {} is told", loan.id, consent.bank);
        }
    }
}

/// An order has one waybill, or waits for one.
fn orders(after: &Papers) {
    let taken: Vec<_> = after.freight.values().filter_map(|f| Some((&f.id, f.waybill.as_ref()?))).collect();
    for (order, waybill) in &taken {
        assert_eq!(after.waybills[*waybill].freight, **order, "{order} names another's waybill");
    }
    assert_eq!(taken.len(), after.waybills.len(), "a waybill that no order names");
    for order in after.freight.values() {
        assert_ne!(order.open.is_some(), order.waybill.is_some(), "{}: waits, or is taken", order.id);
    }
}

fn gone(state: Way, reason: Option<Reason>) -> bool {
    state == Way::Exception && reason != Some(Reason::Delayed)
}

fn check_waybill(was: Option<&Waybill>, now: &Waybill) {
    let id = &now.id;
    assert_eq!(now.proof.is_some(), now.state == Way::Signed, "{id}: signed with a proof, and by nothing else");
    let loaded = now.history.iter().any(|p| p.state == Way::Loaded && p.parcel.is_none());
    assert!(loaded || matches!(now.state, Way::Booked | Way::Exception), "{id}: {:?} and never loaded", now.state);
    let Some(was) = was else { return };
    assert!(now.history.starts_with(&was.history), "{id}: what it passed is rewritten");
    if was.state == Way::Signed {
        assert_eq!(now, was, "{id}: what the receiver signed has changed");
    }
    if gone(was.state, was.reason) {
        assert_eq!((now.state, now.reason), (was.state, was.reason), "{id}: what is gone has come back");
    }
    for (old, new) in was.parcels.iter().zip(&now.parcels) {
        if gone(old.state, old.reason) {
            assert!(gone(new.state, new.reason), "{id}: the parcel {} has come back", old.parcel);
        }
    }
}

fn flows(before: &Papers, after: &Papers) {
    let mut papers = BTreeSet::new();
    for (id, flow) in &after.flows {
        let was = before.flows.get(id);
        match (was.map_or(State::Open, |f| f.state), flow.state) {
            (State::Open, State::Open) => {}
            (State::Open, State::Released) => all_agree(after, flow),
            (State::Open, State::Settled) => panic!("{id}: an invoice settled and no funds were released"),
            (State::Released, State::Settled) => {
                let as_it_was = Flow { state: State::Released, invoice: None, ..flow.clone() };
                assert_eq!(Some(&as_it_was), was, "{id}: the invoice changed what the funds rested on");
            }
            _ => assert_eq!(Some(flow), was, "{id}: what the funds rested on changed"),
        }
        assert_eq!(flow.invoice.is_some(), flow.state == State::Settled, "{id}");
        if let Some(carried) = &flow.carried {
            let waybill = &after.waybills[&carried.waybill];
            assert_eq!(*carried, Carried::of(waybill), "{id}: the link says something else than its waybill");
        }
        let linked = [
            flow.carried.as_ref().map(|c| c.waybill.clone()),
            flow.stored.as_ref().map(|s| s.receipt.clone()),
            flow.paid.as_ref().map(|p| format!("{}/{}", p.bank, p.reference)),
        ];
        for paper in linked.into_iter().flatten() {
            assert!(papers.insert(paper.clone()), "{paper} is in two links");
        }
    }
}

/// The order, the waybill, the receipt and the payment say the same.
fn all_agree(after: &Papers, flow: &Flow) {
    let (id, order) = (&flow.id, &flow.order);
    let waybill = &after.waybills[&flow.carried.as_ref().expect("released without a waybill").waybill];
    assert_eq!((&waybill.shipper, &waybill.order), (&order.seller, &order.number), "{id}: a waybill of another order");
    let arrived = (waybill.state, &waybill.goods, waybill.proof.as_ref().map(|p| p.quantity));
    assert_eq!(arrived, (Way::Signed, &order.goods, Some(order.quantity)), "{id}: what arrived");
    let receipt = &after.receipts[&flow.stored.as_ref().expect("released without a receipt").receipt];
    assert_eq!((&receipt.goods, receipt.quantity), (&order.goods, order.quantity), "{id}: what was stored");
    assert!([&order.seller, &order.buyer].contains(&&receipt.holder), "{id}: the goods are {}'s", receipt.holder);
    let free = matches!(receipt.state, Issued | Released | Withdrawn) && receipt.pledged_to.is_none();
    assert!(free && receipt.frozen.is_none(), "{id}: the goods are {:?}", receipt.state);
    let paid = flow.paid.as_ref().expect("released without a payment");
    assert_eq!(
        (&paid.payer, &paid.payee, paid.amount),
        (&order.buyer, &order.seller, order.amount),
        "{id}: what was paid"
    );
    assert_ne!(Some(&paid.by), flow.released_by.as_ref(), "{id}: one person confirmed the payment and released it");
}
