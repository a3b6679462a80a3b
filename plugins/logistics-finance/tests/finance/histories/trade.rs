//! What companies, carriers and officers do beside loans: files at banks and consents, carriage, and trades with their
//! links.

use super::papers::Papers;
use super::steps::{Act, BANKS, PEOPLE, Step, act, pick, subject};
use crate::support::*;
use logistics_finance::domain::flow::{Flow, State};
use logistics_finance::domain::freight::{Place, Reason, State as Way, Waybill};
use logistics_finance::domain::receipt::State::Issued;
use logistics_finance::service::borrowers;
use logistics_finance::service::flows::{self, NewFlow, NewPayment};
use logistics_finance::service::freight::{self, NewFreight};
use logistics_finance::service::receipts::{self, NewReceipt};
use proptest::prelude::*;

/// Trades and waybills are of few orders and quantities, so that they often meet, and often do not.
const TONNES: [u64; 2] = [100, 150];

#[derive(Clone, Debug)]
pub(super) enum Move {
    /// A bank opens the file of the manufacturer, or of who buys of it.
    OpenFile(bool, usize, usize),
    /// The manufacturer lets a bank look at its credit record, or no longer.
    Consent(bool, usize, usize),
    Freight {
        order: usize,
        tonnes: u64,
        parcels: bool,
        by: usize,
        key: u32,
    },
    Book(usize),
    /// The carrier's step with a waybill.
    Way(usize, On),
    /// The next step of a waybill's way.
    NextWay(usize),
    Open {
        order: usize,
        tonnes: u64,
        bank: usize,
        by: usize,
        key: u32,
    },
    /// Somebody's step with a link.
    Link(usize, With, usize),
    /// What a link lacks, by whoever may bring it; anybody of the bank tries to release its funds.
    NextLink(usize, usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum On {
    Load,
    Advance(Way, Option<Reason>),
    Parcel(usize, Reason),
    Sign(u64, u8),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum With {
    Waybill(usize),
    /// A receipt, by the manufacturer or by who buys of it.
    Receipt(usize, bool),
    /// A payment under a number that other links use, too, or under one of its own; of the order's amount, or of another.
    Payment(u8, bool),
    Release,
    Settle(u8),
}

fn on() -> impl Strategy<Value = On> {
    let reason = || prop::sample::select(Reason::ALL.to_vec());
    prop_oneof![
        1 => Just(On::Load),
        2 => (prop::sample::select(Way::ALL.to_vec()), prop::option::weighted(0.3, reason()))
            .prop_map(|(to, reason)| On::Advance(to, reason)),
        2 => (0_usize..3, reason()).prop_map(|(parcel, reason)| On::Parcel(parcel, reason)),
        1 => (prop::sample::select(TONNES.to_vec()), 0_u8..2).prop_map(|(tonnes, n)| On::Sign(tonnes, n)),
    ]
}

fn with() -> impl Strategy<Value = With> {
    prop_oneof![
        1 => (0_usize..4).prop_map(With::Waybill),
        2 => (0_usize..6, any::<bool>()).prop_map(|(receipt, buyer)| With::Receipt(receipt, buyer)),
        1 => (0_u8..3, any::<bool>()).prop_map(|(n, right)| With::Payment(n, right)),
        2 => Just(With::Release),
        1 => (0_u8..2).prop_map(With::Settle),
    ]
}

fn movement() -> impl Strategy<Value = Move> {
    let person = || 0..PEOPLE.len();
    let bank = || 0..BANKS.len();
    let tonnes = || prop::sample::select(TONNES.to_vec());
    prop_oneof![
        2 => (any::<bool>(), bank(), person()).prop_map(|(maker, bank, by)| Move::OpenFile(maker, bank, by)),
        2 => (any::<bool>(), bank(), person()).prop_map(|(gives, bank, by)| Move::Consent(gives, bank, by)),
        2 => (0_usize..2, tonnes(), any::<bool>(), person(), any::<u32>())
            .prop_map(|(order, tonnes, parcels, by, key)| Move::Freight { order, tonnes, parcels, by, key }),
        1 => (0_usize..3).prop_map(Move::Book),
        3 => (0_usize..3, on()).prop_map(|(waybill, on)| Move::Way(waybill, on)),
        2 => (0_usize..3).prop_map(Move::NextWay),
        3 => (0_usize..2, tonnes(), bank(), person(), any::<u32>())
            .prop_map(|(order, tonnes, bank, by, key)| Move::Open { order, tonnes, bank, by, key }),
        4 => (0_usize..2, with(), person()).prop_map(|(link, with, by)| Move::Link(link, with, by)),
        16 => (0_usize..2, person()).prop_map(|(link, by)| Move::NextLink(link, by)),
    ]
}

/// Mostly trades, and enough of loans and receipts that goods are pledged, frozen and gone when they are to be sold.
pub(super) fn step() -> impl Strategy<Value = Step> {
    let receipt = || 0_usize..6;
    let person = || 0..PEOPLE.len();
    prop_oneof![
        2 => (prop::sample::select(TONNES.to_vec()), any::<u32>()).prop_map(|(tonnes, key)| Step::Issue(tonnes, key)),
        1 => (receipt(), any::<bool>()).prop_map(|(r, back)| Step::Transfer(r, back)),
        1 => receipt().prop_map(Step::Withdraw),
        1 => (receipt(), person()).prop_map(|(r, by)| Step::Freeze(r, by)),
        1 => (receipt(), person()).prop_map(|(r, by)| Step::Unfreeze(r, by)),
        2 => (receipt(), 0..BANKS.len(), person(), any::<u32>()).prop_map(|(r, bank, by, key)| Step::Apply {
            receipts: vec![r],
            principal: 5_000_000,
            bank,
            by,
            key,
        }),
        5 => (0_usize..2).prop_map(Step::Next),
        1 => (1_u64..4).prop_map(Step::Wait),
        1 => Just(Step::Deliver),
        36 => movement().prop_map(Step::Trade),
    ]
}

/// What a step comes to as things stand; nothing when there is nothing to do it to.
pub(super) fn plan(now: &Papers, lot: &str, step: Move) -> Option<Act> {
    match step {
        Move::OpenFile(maker, bank, by) => {
            let (bank, uscc) = (BANKS[bank], if maker { A } else { C });
            act(move |x| borrowers::open_file(&x.official(&subject(by), bank, "bank"), uscc))
        }
        Move::Consent(gives, bank, by) => act(move |x| {
            let company = x.acting(&subject(by), A);
            let ask = if gives { borrowers::consent } else { borrowers::withdraw_consent };
            ask(&company, BANKS[bank])
        }),
        Move::Freight { order, tonnes, parcels, by, key } => {
            carry(&format!("SO-{order}"), tonnes * TONNE, parcels, subject(by), format!("freight-{key}"))
        }
        Move::Book(n) => book(&pick(&now.freight, n)?.id),
        Move::Way(n, on) => way(pick(&now.waybills, n)?, on),
        Move::NextWay(n) => next_way(pick(&now.waybills, n)?),
        Move::Open { order, tonnes, bank, by, key } => act(move |x| {
            let new = NewFlow {
                number: format!("SO-{order}"),
                buyer: C.into(),
                bank: BANKS[bank].into(),
                goods: "coal-5500".into(),
                quantity: tonnes * TONNE,
                amount: tonnes * 100_000,
            };
            flows::open(&x.acting(&subject(by), A), Some(&format!("flow-{key}")), &new)
        }),
        Move::Link(n, with, by) => link(now, pick(&now.flows, n)?, with, by),
        Move::NextLink(n, by) => next_link(now, lot, pick(&now.flows, n)?, by),
    }
}

fn carry(order: &str, quantity: u64, parcels: bool, by: String, key: String) -> Option<Act> {
    let place = |division: &str| Place { division: division.into(), address: String::new() };
    let new = NewFreight {
        carrier: CARRIER.into(),
        order: order.into(),
        goods: "coal-5500".into(),
        quantity,
        from: place("320305"),
        to: place("320324"),
        value: 10_000_000,
        not_after: i64::try_from(yunlong_sdk::now() + 5 * DAY).ok()?,
        parcels: (0..3).take(if parcels { 3 } else { 0 }).map(|n| (n.to_string(), "煤样".into(), 1_000)).collect(),
    };
    act(move |x| freight::order(&x.acting(&by, A), Some(&key), &new))
}

fn book(order: &str) -> Option<Act> {
    let order = order.to_owned();
    act(move |x| freight::book(&x.carrier(), &order))
}

fn way(waybill: &Waybill, on: On) -> Option<Act> {
    let id = waybill.id.clone();
    match on {
        On::Load => act(move |x| freight::load(&x.carrier(), &id, "苏C·00001", "D-1")),
        On::Advance(to, reason) => act(move |x| freight::advance(&x.carrier(), &id, to, reason)),
        On::Parcel(n, reason) => act(move |x| freight::parcel_exception(&x.carrier(), &id, &n.to_string(), reason)),
        On::Sign(tonnes, n) => {
            act(move |x| freight::sign(&x.carrier(), &id, "收货岗", &format!("POD-{n}"), tonnes * TONNE))
        }
    }
}

fn next_way(waybill: &Waybill) -> Option<Act> {
    let on = match waybill.next().first()? {
        Way::Loaded => On::Load,
        Way::Signed => On::Sign(waybill.quantity / TONNE, 0),
        to => On::Advance(*to, None),
    };
    way(waybill, on)
}

fn link(now: &Papers, flow: &Flow, with: With, by: usize) -> Option<Act> {
    let (id, bank) = (flow.id.clone(), flow.bank.clone());
    match with {
        With::Waybill(n) => {
            let waybill = pick(&now.waybills, n)?.id.clone();
            act(move |x| flows::link_waybill(&x.acting(&subject(by), A), &id, &waybill))
        }
        With::Receipt(n, buyer) => {
            let receipt = pick(&now.receipts, n)?.id.clone();
            act(move |x| flows::link_receipt(&x.acting(&subject(by), if buyer { C } else { A }), &id, &receipt))
        }
        With::Payment(n, right) => {
            let payment = NewPayment {
                bank_reference: if n == 0 { "PM-0".into() } else { format!("PM-{id}-{n}") },
                payer: C.into(),
                payee: A.into(),
                amount: if right { flow.order.amount } else { flow.order.amount - 1 },
            };
            act(move |x| flows::confirm_payment(&x.official(&subject(by), &bank, "bank"), &id, &payment))
        }
        With::Release => act(move |x| flows::release_funds(&x.official(&subject(by), &bank, "bank"), &id)),
        With::Settle(n) => act(move |x| flows::settle(&x.acting(&subject(by), A), &id, &format!("INV-{n}"))),
    }
}

/// What a link lacks, so that its funds are released and its invoice settles.
fn next_link(now: &Papers, lot: &str, flow: &Flow, by: usize) -> Option<Act> {
    if flow.state == State::Released {
        return link(now, flow, With::Settle(0), 0);
    }
    let order = &flow.order;
    let carried = |w: &Waybill| now.flows.values().any(|f| f.carried.as_ref().is_some_and(|c| c.waybill == w.id));
    let mine = match &flow.carried {
        Some(c) => now.waybills.get(&c.waybill),
        None => now.waybills.values().find(|w| !carried(w) && w.order == order.number && w.quantity == order.quantity),
    };
    let Some(waybill) = mine else {
        let asked = now
            .freight
            .values()
            .find(|f| f.waybill.is_none() && f.order == order.number && f.quantity == order.quantity);
        return match asked {
            Some(asked) => book(&asked.id),
            None => carry(&order.number, order.quantity, false, subject(0), format!("next-{}", flow.id)),
        };
    };
    if flow.carried.is_none() {
        let n = now.waybills.keys().position(|id| *id == waybill.id)?;
        return link(now, flow, With::Waybill(n), 0);
    }
    if waybill.proof.is_none() {
        return next_way(waybill);
    }
    if flow.stored.is_none() {
        let stored = |id: &String| now.flows.values().any(|f| f.stored.as_ref().is_some_and(|s| s.receipt == *id));
        let found = now
            .receipts
            .iter()
            .position(|(id, r)| r.state == Issued && r.holder == A && r.quantity == order.quantity && !stored(id));
        return match found {
            Some(n) => link(now, flow, With::Receipt(n, false), 0),
            None => {
                let new = NewReceipt { lot: lot.to_owned(), quantity: order.quantity, holder: None };
                let key = format!("stored-{}", flow.id);
                act(move |x| receipts::issue_new(&x.clerk(), Some(&key), &new))
            }
        };
    }
    let with = if flow.paid.is_none() { With::Payment(1, true) } else { With::Release };
    link(now, flow, with, by)
}
