//! The model: the papers of a small trade on stable storage, and what can happen to them.

use crate::domain::flow::{Carried, Flow, Order, Paid, State, Stored};
use crate::domain::freight::{self, FreightOrder, Place, Proof, Reason, Waybill};
use crate::domain::receipt::{PledgedTo, Receipt};
use crate::domain::refused::Refused;
use crate::domain::warehouse::{Lot, coal};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const GOODS: [&str; 2] = ["coal-5500", "steel"];
/// The seller, the buyer, and somebody else.
const COMPANIES: [&str; 3] = ["A", "B", "Z"];
const OFFICERS: [&str; 2] = ["teller", "officer"];
/// What a link, an order or a receipt is about: they agree half of the time.
const QUANTITIES: [u64; 2] = [10, 20];
const AMOUNTS: [u64; 2] = [1_000, 2_000];

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trade {
    lots: BTreeMap<String, Lot>,
    pub(super) receipts: BTreeMap<String, Receipt>,
    pub(super) freight: BTreeMap<String, FreightOrder>,
    pub(super) waybills: BTreeMap<String, Waybill>,
    pub(super) flows: BTreeMap<String, Flow>,
    /// What the bank says of each link's payment.
    pub(super) booked: BTreeMap<String, Paid>,
    /// The points that alone kept somebody's funds back.
    pub(super) refused: BTreeSet<&'static str>,
}

/// What somebody does; what it is done to is counted through.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Open {
        link: u8,
        goods: usize,
        quantity: usize,
        amount: usize,
    },
    Ask {
        freight: u8,
        order: u8,
        goods: usize,
        quantity: usize,
        shipper: usize,
    },
    Book(usize),
    Carry(usize, usize, usize),
    Sign(usize, usize),
    Issue {
        receipt: u8,
        goods: usize,
        quantity: usize,
        holder: usize,
    },
    Receipt(usize, Paper),
    LinkWaybill(usize, usize),
    LinkReceipt(usize, usize, usize),
    Pay {
        link: usize,
        number: u8,
        payer: usize,
        payee: usize,
        amount: usize,
        by: usize,
    },
    ReleaseFunds(usize, usize),
    Settle(usize, u8),
    /// What a link needs so that its funds can go; what one paper says may be wrong.
    Onward {
        link: usize,
        wrong: usize,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Paper {
    Transfer(usize),
    Pledge,
    Register,
    Release,
    Withdraw,
    Freeze,
    Unfreeze,
    Cancel,
}

pub(super) fn op() -> impl Strategy<Value = Op> {
    use Paper::{Cancel, Freeze, Pledge, Register, Release, Transfer, Unfreeze, Withdraw};
    let (any, two) = (|| 0_usize..6, || 0_usize..2);
    let mostly = |n: usize| prop_oneof![4 => Just(0_usize), 1 => 0..n];
    let paper = prop_oneof![
        2 => (0_usize..3).prop_map(Transfer),
        3 => prop::sample::select(vec![Pledge, Register, Release, Withdraw, Freeze, Unfreeze, Cancel]),
    ];
    prop_oneof![
        4 => (0_u8..4, two(), two(), two()).prop_map(|(link, goods, quantity, amount)| Op::Open { link, goods, quantity, amount }),
        2 => (0_u8..6, 0_u8..4, two(), two(), mostly(3)).prop_map(|(freight, order, goods, quantity, shipper)| Op::Ask { freight, order, goods, quantity, shipper }),
        2 => any().prop_map(Op::Book),
        6 => (any(), 0_usize..6, 0_usize..5).prop_map(|(w, to, why)| Op::Carry(w, to, why)),
        2 => (any(), two()).prop_map(|(w, q)| Op::Sign(w, q)),
        2 => (0_u8..6, two(), two(), mostly(3)).prop_map(|(receipt, goods, quantity, holder)| Op::Issue { receipt, goods, quantity, holder }),
        3 => (any(), paper).prop_map(|(r, what)| Op::Receipt(r, what)),
        2 => (any(), any()).prop_map(|(f, w)| Op::LinkWaybill(f, w)),
        2 => (any(), any(), two()).prop_map(|(f, r, who)| Op::LinkReceipt(f, r, who)),
        2 => (any(), 0_u8..3, 0_usize..3, 0_usize..3, two(), two())
            .prop_map(|(link, number, payer, payee, amount, by)| Op::Pay { link, number, payer, payee, amount, by }),
        5 => (any(), two()).prop_map(|(f, by)| Op::ReleaseFunds(f, by)),
        3 => (any(), 0_u8..2).prop_map(|(f, invoice)| Op::Settle(f, invoice)),
        5 => (any(), 0_usize..24).prop_map(|(link, wrong)| Op::Onward { link, wrong }),
    ]
}

/// The papers that a link rests on, of which each belongs to one link.
pub(super) fn papers(flow: &Flow) -> Vec<String> {
    let waybill = flow.carried.as_ref().map(|c| c.waybill.clone());
    let receipt = flow.stored.as_ref().map(|s| s.receipt.clone());
    let payment = flow.paid.as_ref().map(|p| format!("{}/{}", p.bank, p.reference));
    waybill.into_iter().chain(receipt).chain(payment).collect()
}

fn pick<T>(map: &BTreeMap<String, T>, n: usize) -> Option<String> {
    map.keys().nth(n % map.len().max(1)).cloned()
}

impl Trade {
    pub(super) fn new() -> Self {
        let lot = |goods: &str| Lot { id: format!("LT-{goods}"), goods: goods.into(), ..coal(1_000_000) };
        Self {
            lots: GOODS.into_iter().map(|g| (g.to_owned(), lot(g))).collect(),
            receipts: BTreeMap::new(),
            freight: BTreeMap::new(),
            waybills: BTreeMap::new(),
            flows: BTreeMap::new(),
            booked: BTreeMap::new(),
            refused: BTreeSet::new(),
        }
    }

    pub(super) fn take(&mut self, op: &Op) {
        match op {
            Op::Open { link, goods, quantity, amount } => {
                self.open(*link, GOODS[*goods], QUANTITIES[*quantity], AMOUNTS[*amount]);
            }
            Op::Ask { freight, order, goods, quantity, shipper } => {
                let order = format!("SO-{order}");
                self.ask(&freight.to_string(), &order, GOODS[*goods], QUANTITIES[*quantity], COMPANIES[*shipper]);
            }
            Op::Book(i) => drop(pick(&self.freight, *i).map(|id| self.book(&id))),
            Op::Carry(i, to, why) => {
                let (to, why) = (freight::State::ALL[*to], Reason::ALL.get(*why).copied());
                self.carry(*i, |w| w.advance(to, why, 0));
            }
            Op::Sign(i, quantity) => self.carry(*i, |w| w.sign(proof(QUANTITIES[*quantity]), 0)),
            Op::Issue { receipt, goods, quantity, holder } => {
                self.issue(&receipt.to_string(), GOODS[*goods], QUANTITIES[*quantity], COMPANIES[*holder]);
            }
            Op::Receipt(i, what) => self.paper(*i, *what),
            Op::LinkWaybill(f, w) => {
                if let Some(waybill) = pick(&self.waybills, *w) {
                    self.link_waybill(*f, &waybill);
                }
            }
            Op::LinkReceipt(f, r, who) => {
                if let Some(receipt) = pick(&self.receipts, *r) {
                    self.link_receipt(*f, &receipt, COMPANIES[*who]);
                }
            }
            Op::Pay { link, number, payer, payee, amount, by } => {
                let parties = (COMPANIES[*payer], COMPANIES[*payee]);
                self.pay(*link, &format!("P{number}"), parties, AMOUNTS[*amount], OFFICERS[*by]);
            }
            Op::ReleaseFunds(f, by) => self.release(*f, OFFICERS[*by]),
            Op::Settle(f, invoice) => self.settle(*f, &format!("INV-{invoice}")),
            Op::Onward { link, wrong } => self.onward(*link, *wrong),
        }
    }

    fn open(&mut self, link: u8, goods: &str, quantity: u64, amount: u64) {
        let id = format!("FL{link}");
        let (seller, buyer, goods) = (COMPANIES[0].to_owned(), COMPANIES[1].to_owned(), goods.to_owned());
        let number = format!("SO-{link}");
        let order = Order { number, buyer: buyer.clone(), seller: seller.clone(), goods, quantity, amount };
        let (carried, stored, paid) = (None, None, None);
        let new = Flow { id: id.clone(), order, buyer, seller, carried, stored, paid, ..super::super::tests::agreed() };
        self.flows.entry(id).or_insert(new);
    }

    fn ask(&mut self, id: &str, order: &str, goods: &str, quantity: u64, shipper: &str) {
        let (id, order, goods, shipper) = (format!("FO{id}"), order.into(), goods.into(), shipper.into());
        let sample = freight::tests::order(&[]);
        let new = FreightOrder { id: id.clone(), order, goods, quantity, shipper, to: Place::default(), ..sample };
        self.freight.entry(id).or_insert(new);
    }

    fn book(&mut self, id: &str) {
        let mut order = self.freight[id].clone();
        if let Ok(waybill) = order.book(format!("WB-{id}"), 0) {
            self.freight.insert(id.to_owned(), order);
            self.waybills.insert(waybill.id.clone(), waybill);
        }
    }

    /// A step of the carrier: the link that names the waybill learns of it in the same commit.
    fn carry(&mut self, i: usize, take: impl FnOnce(&mut Waybill) -> Result<bool, Refused>) {
        let Some(mut waybill) = pick(&self.waybills, i).map(|id| self.waybills[&id].clone()) else { return };
        if take(&mut waybill) != Ok(true) {
            return;
        }
        let names = |f: &&mut Flow| f.carried.as_ref().is_some_and(|c| c.waybill == waybill.id);
        self.flows.values_mut().filter(names).for_each(|f| f.refresh(Some(&waybill), None));
        self.waybills.insert(waybill.id.clone(), waybill);
    }

    fn issue(&mut self, id: &str, goods: &str, quantity: u64, holder: &str) {
        let id = format!("WR{id}");
        if self.receipts.contains_key(&id) {
            return;
        }
        let lot = self.lots.get_mut(goods).unwrap();
        let mut receipt = Receipt::draft(id.clone(), lot, quantity, holder, "clerk", 0).unwrap();
        receipt.issue(lot, 0).unwrap();
        self.receipts.insert(id, receipt);
    }

    fn paper(&mut self, i: usize, what: Paper) {
        let Some(mut receipt) = pick(&self.receipts, i).map(|id| self.receipts[&id].clone()) else { return };
        let mut lot = self.lots[&receipt.goods].clone();
        let done = match what {
            Paper::Transfer(to) => receipt.transfer(COMPANIES[to], 0),
            Paper::Pledge => receipt.request_pledge(PledgedTo { bank: "K".into(), loan: "LN".into() }, 0),
            Paper::Register => receipt.register_pledge(0),
            Paper::Release => receipt.release(0),
            Paper::Withdraw => receipt.withdraw(&mut lot, 0),
            Paper::Freeze => receipt.freeze("by hand", "regulator", 0),
            Paper::Unfreeze => receipt.unfreeze("officer", &lot, 0),
            Paper::Cancel => receipt.cancel(&mut lot, 0),
        };
        if done.is_ok() {
            self.lots.insert(receipt.goods.clone(), lot);
            self.receipts.insert(receipt.id.clone(), receipt);
        }
    }

    /// One transaction over a link: everything or nothing. A paper of another link is refused by the unique index.
    fn link(&mut self, i: usize, take: impl FnOnce(&Self, &mut Flow) -> Result<(), Refused>) -> Result<(), Refused> {
        let Some(mut flow) = pick(&self.flows, i).map(|id| self.flows[&id].clone()) else { return Ok(()) };
        take(self, &mut flow)?;
        let mine = papers(&flow);
        let mut others = self.flows.values().filter(|f| f.id != flow.id).flat_map(papers);
        if let Some(reference) = others.find(|paper| mine.contains(paper)) {
            return Err(Refused::ReferenceReused { reference });
        }
        self.flows.insert(flow.id.clone(), flow);
        Ok(())
    }

    fn link_waybill(&mut self, i: usize, waybill: &str) {
        let found = self.waybills[waybill].clone();
        let _ = self.link(i, |_, flow| {
            flow.may_change()?;
            if found.shipper == flow.seller {
                flow.carried = Some(Carried::of(&found));
            }
            Ok(())
        });
    }

    fn link_receipt(&mut self, i: usize, receipt: &str, by: &str) {
        let found = self.receipts[receipt].clone();
        let _ = self.link(i, |_, flow| {
            flow.may_change()?;
            if found.holder == by {
                flow.stored = Some(Stored::of(&found));
            }
            Ok(())
        });
    }

    fn pay(&mut self, i: usize, number: &str, (payer, payee): (&str, &str), amount: u64, by: &str) {
        let Some(id) = pick(&self.flows, i) else { return };
        let paid = Paid {
            reference: format!("{number}-{id}"),
            payer: payer.into(),
            payee: payee.into(),
            amount,
            bank: "K".into(),
            by: by.into(),
            at: 0,
        };
        if self.flows[&id].paid.as_ref().is_some_and(|first| first.reference == paid.reference) {
            // Its number again: the same values change nothing, others are refused.
            return;
        }
        let booked = paid.clone();
        let done = self.link(i, |_, flow| {
            flow.may_change()?;
            flow.paid = Some(paid);
            Ok(())
        });
        if done.is_ok() {
            self.booked.insert(id, booked);
        }
    }

    fn read_again(&self, flow: &mut Flow) {
        let waybill = flow.carried.as_ref().map(|c| &self.waybills[&c.waybill]);
        let receipt = flow.stored.as_ref().map(|s| &self.receipts[&s.receipt]);
        flow.refresh(waybill, receipt);
    }

    fn release(&mut self, i: usize, by: &str) {
        let done = self.link(i, |trade, flow| {
            trade.read_again(flow);
            flow.release(by, 0).map(drop)
        });
        match done {
            Err(Refused::Disagree(points)) if points.len() == 1 => self.refused.extend(points.iter().map(|p| p.code())),
            Err(Refused::SameHands { .. }) => drop(self.refused.insert("same-hands")),
            _ => {}
        }
    }

    fn settle(&mut self, i: usize, invoice: &str) {
        let _ = self.link(i, |trade, flow| {
            trade.read_again(flow);
            flow.settle(invoice).map(drop)
        });
    }

    /// Every paper that a link needs; by `wrong`, at most one of them says something else, or is not there.
    fn onward(&mut self, i: usize, wrong: usize) {
        let Some(flow) = pick(&self.flows, i).map(|id| self.flows[&id].clone()) else { return };
        let other = |these: [u64; 2], right: u64, is_wrong: bool| if is_wrong { these[0] + these[1] } else { right };
        let goods = |is_wrong: bool| if is_wrong { GOODS.into_iter().find(|g| *g != flow.order.goods) } else { None };
        let (order, id) = (&flow.order, format!("-{}-{wrong}", flow.id));
        let number = if wrong == 1 { "SO-9" } else { order.number.as_str() };
        self.ask(&id, number, goods(wrong == 2).unwrap_or(&order.goods), order.quantity, &order.seller);
        self.book(&format!("FO{id}"));
        let waybill = format!("WB-FO{id}");
        let at = |map: &BTreeMap<String, Waybill>| map.keys().position(|k| *k == waybill).unwrap();
        use freight::State::{Delivered, InTransit, Loaded};
        for to in [Loaded, InTransit, Delivered] {
            self.carry(at(&self.waybills), |w| w.advance(to, None, 0));
        }
        if wrong != 3 {
            let arrived = proof(other(QUANTITIES, order.quantity, wrong == 4));
            self.carry(at(&self.waybills), |w| w.sign(arrived, 0));
        }
        let stored = goods(wrong == 5).unwrap_or(&order.goods);
        let holder = if wrong == 6 { COMPANIES[2] } else { order.seller.as_str() };
        self.issue(&id, stored, other(QUANTITIES, order.quantity, wrong == 7), &order.seller);
        if wrong != 8 {
            self.link_waybill(i, &waybill);
        }
        if wrong != 9 {
            self.link_receipt(i, &format!("WR{id}"), &order.seller);
        }
        let receipt = self.receipts.keys().position(|k| *k == format!("WR{id}")).unwrap();
        if holder != order.seller {
            self.paper(receipt, Paper::Transfer(2));
        }
        let payer = if wrong == 10 { COMPANIES[2] } else { order.buyer.as_str() };
        if wrong != 11 {
            let amount = other(AMOUNTS, order.amount, wrong == 12);
            self.pay(i, &format!("P-{wrong}"), (payer, &order.seller), amount, OFFICERS[0]);
        }
        if flow.state == State::Open && wrong == 13 {
            self.paper(receipt, Paper::Freeze);
        }
    }
}

fn proof(quantity: u64) -> Proof {
    Proof { received_by: "收货岗".into(), document: format!("D-{quantity}"), quantity, at: 0 }
}
