//! A model of store, ledger and messages: effects are applied to a copy, all or nothing.

use crate::domain::batch::{self, Batch};
use crate::domain::effect::Effect;
use crate::domain::group::{self, GroupBuy};
use crate::domain::listing::{self, Listing};
use crate::domain::money;
use crate::domain::order::{Due, Order, OrderError, Terms, Times};
use crate::domain::product::{Category, Product, Sku};
use crate::domain::returns::Return;
use crate::domain::statistics::Figures;
use crate::domain::store::Store;
use crate::domain::time::{DAY, HOUR};
use std::collections::BTreeMap;
use yunlong_sdk::Text;

/// 2026-11-24, 08:00 in Shanghai.
pub(super) const START: i64 = 1_795_478_400_000;
pub(super) const TIMES: Times = Times {
    pay_minutes: 30,
    accept_days: 3,
    confirm_days: 7,
    settle_days: 0,
    terms: Terms { ship_days: 7, carrier_hours: 48, arrive_days: 15, return_days: 7 },
};
/// What the platform keeps, in basis points.
pub(super) const PLATFORM: u16 = 300;
/// Units of each listing to begin with.
pub(super) const STOCK: i64 = 12;
pub(super) const BATCHES: [&str; 2] = ["AAAAAAAAAAAAA", "BBBBBBBBBBBBB"];

/// What waits for its delivery.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Message {
    Captured(String, i64),
    Refunded(String, String),
    Due(String, Due),
    GroupDue,
    SweepGroup,
    SweepBatch(&'static str),
}

/// What the ledger knows of an order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Money {
    pub(super) captured: u64,
    pub(super) held: u64,
    pub(super) released: u64,
    /// By reference: the amount, and whether it is back, refused, or on its way.
    pub(super) refunds: BTreeMap<String, (u64, Option<bool>)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct City {
    pub(super) products: Vec<Product>,
    pub(super) listings: Vec<Listing>,
    pub(super) stores: Vec<Store>,
    pub(super) batches: BTreeMap<&'static str, Batch>,
    pub(super) group: GroupBuy,
    pub(super) stock: BTreeMap<String, i64>,
    pub(super) orders: BTreeMap<String, Order>,
    pub(super) returns: BTreeMap<String, Return>,
    pub(super) money: BTreeMap<String, Money>,
    pub(super) figures: BTreeMap<String, Figures>,
    /// How often each order was counted as one.
    pub(super) counted: BTreeMap<String, i64>,
    pub(super) requests: Vec<String>,
    pub(super) queue: Vec<(i64, Message)>,
}

/// Why a commit was refused.
#[derive(Debug, PartialEq)]
pub(super) struct OutOfStock;

fn product(n: usize, store: usize, category: Category, price: u64, parcels: u8) -> Product {
    Product {
        id: format!("p{n}"),
        store: format!("s{store}"),
        title: Text::new("货", "goods"),
        description: Text::default(),
        category,
        skus: vec![Sku { id: "a".into(), name: Text::default(), price, grams: 1_000, parcels }],
        licences: Vec::new(),
        picture: None,
        created_at: 0,
    }
}

impl City {
    pub(super) fn new() -> Self {
        let products = vec![
            product(0, 0, Category::Furniture, 108_000, 3),
            product(1, 1, Category::FreshFood, 4_999, 1),
            product(2, 1, Category::FreshFood, 333, 1),
            product(3, 0, Category::Craft, 1_000, 1),
        ];
        let batch = |code: &'static str| Batch { store: "s1".into(), ..batch::sample(code, batch::State::Passed) };
        let of = |n: usize| match n {
            1 => Some(BATCHES[0].to_owned()),
            2 => Some(BATCHES[1].to_owned()),
            _ => None,
        };
        let listing = |(n, p): (usize, &Product)| Listing {
            id: format!("l{n}"),
            product: p.id.clone(),
            store: p.store.clone(),
            title: p.title.clone(),
            category: p.category,
            price_from: p.price_from(),
            village: String::new(),
            batch: of(n),
            state: listing::State::OnSale,
            reason: None,
            reviewer: None,
            created_at: 0,
            changed_at: 0,
        };
        let store = |n: usize, village: &str| Store {
            id: format!("s{n}"),
            owner: format!("seller-{n}"),
            name: Text::new("店", "store"),
            intro: Text::default(),
            village: village.into(),
            address: "村部".into(),
            payee: "92320324MA000TX221".into(),
            open: true,
            created_at: 0,
        };
        let listings: Vec<Listing> = products.iter().enumerate().map(listing).collect();
        Self {
            stock: listings.iter().map(|l| (Listing::stock_key(&l.id, "a"), STOCK)).collect(),
            products,
            listings,
            stores: vec![store(0, "320324109002"), store(1, "320382106201")],
            batches: BATCHES.into_iter().map(|c| (c, batch(c))).collect(),
            group: GroupBuy { listing: "l3".into(), ..group::sample(3, START + 2 * HOUR) },
            orders: BTreeMap::new(),
            returns: BTreeMap::new(),
            money: BTreeMap::new(),
            figures: BTreeMap::new(),
            counted: BTreeMap::new(),
            requests: Vec::new(),
            queue: vec![(START + 2 * HOUR + 60_000, Message::GroupDue)],
        }
    }

    /// Commits an order with the effects of a step, or changes nothing.
    pub(super) fn commit(&mut self, order: &Order, effects: Vec<Effect>, now: i64) -> Result<(), OutOfStock> {
        let mut next = self.clone();
        next.orders.insert(order.id.clone(), order.clone());
        for effect in effects {
            next.apply(order, effect, now)?;
        }
        *self = next;
        Ok(())
    }

    fn apply(&mut self, order: &Order, effect: Effect, now: i64) -> Result<(), OutOfStock> {
        let id = order.id.clone();
        match effect {
            Effect::Reserve { key, units } => {
                let left = self.stock.get_mut(&key).unwrap();
                *left -= i64::from(units);
                if *left < 0 {
                    return Err(OutOfStock);
                }
            }
            Effect::Restock { key, units } => *self.stock.get_mut(&key).unwrap() += i64::from(units),
            Effect::OpenPayment => drop(self.money.insert(id, Money::default())),
            Effect::Remind(what, at) => self.queue.push((at, Message::Due(id, what))),
            Effect::Refund(r) => {
                let m = self.money.get_mut(&id).unwrap();
                assert!(r.amount > 0, "the provider is asked for nothing");
                m.held = m.held.checked_sub(r.amount).expect("more is refunded than is held");
                let before = m.refunds.insert(r.reference.clone(), (r.amount, None));
                assert_eq!(before, None, "one reference is one refund");
                self.queue.push((now, Message::Refunded(id, r.reference)));
            }
            Effect::Release(r) => {
                let m = self.money.get_mut(&id).unwrap();
                let sum = r.division.platform + r.division.station + r.division.seller;
                m.held = m.held.checked_sub(sum).expect("more is released than is held");
                assert_eq!(m.released, 0, "an order is paid out once");
                m.released += sum;
            }
            Effect::Request(r) => {
                assert!(!self.requests.contains(&r), "a shipment is asked for once");
                self.requests.push(r);
            }
            Effect::Count(place, figures) => {
                for key in place.keys() {
                    *self.figures.entry(key).or_default() += figures;
                }
                *self.counted.entry(id).or_default() += figures.orders;
            }
            Effect::LeaveGroup => {
                if self.group.state == group::State::Open {
                    self.group.leave();
                }
            }
            Effect::OpenHold | Effect::CloseHold | Effect::CancelPayment | Effect::FreeClaims | Effect::Notify(..) => {}
        }
        Ok(())
    }

    /// Handles a message as the consumer does; the caller throws the result away for a crash.
    pub(super) fn handle(&mut self, message: &Message, now: i64, refuse: bool) {
        match message {
            Message::Captured(id, at) => {
                let mut order = self.orders[id].clone();
                let mut group = self.group.clone();
                let of = order.group.is_some().then_some(&mut group);
                let effects = order.captured(of, *at, TIMES, now).unwrap();
                self.group = group;
                self.commit(&order, effects, now).unwrap();
            }
            Message::Refunded(id, reference) => {
                let mut order = self.orders[id].clone();
                let m = self.money.get_mut(id).unwrap();
                let (amount, state) = m.refunds.get_mut(reference).unwrap();
                // The provider says one thing, however often its word arrives.
                let (amount, done) = (*amount, *state.get_or_insert(!refuse));
                let asked = order
                    .refunds
                    .iter()
                    .any(|r| r.reference == *reference && r.state == crate::domain::order::RefundState::Asked);
                if !done && asked {
                    m.held += amount;
                }
                let effects = if done {
                    order.refund_settled(reference, now)
                } else {
                    order.refund_failed(reference, "declined", now)
                };
                self.commit(&order, effects, now).unwrap();
            }
            Message::Due(id, Due::Return) => self.return_due(id, now),
            Message::Due(id, what) => self.step(&id.clone(), now, |o| o.due(*what, now)),
            Message::GroupDue => {
                if self.group.end() {
                    self.queue.push((now, Message::SweepGroup));
                }
            }
            Message::SweepGroup => {
                for id in self.orders.keys().cloned().collect::<Vec<_>>() {
                    if self.orders[&id].group.is_some() {
                        self.step(&id, now, |o| o.group_failed(now));
                    }
                }
            }
            Message::SweepBatch(code) => {
                for l in self.listings.iter_mut().filter(|l| l.batch.as_deref() == Some(code)) {
                    l.recall(Text::new("召回", "recalled"), now);
                }
                for id in self.orders.keys().cloned().collect::<Vec<_>>() {
                    self.step(&id, now, |o| o.batch_failed(code, now));
                }
            }
        }
    }

    fn return_due(&mut self, id: &str, now: i64) {
        let mut order = self.orders[id].clone();
        let Some(mut r) = order.open_return.as_ref().map(|open| self.returns[open].clone()) else { return };
        let effects = r.overdue(&mut order, now);
        self.returns.insert(r.id.clone(), r);
        self.commit(&order, effects, now).unwrap();
    }

    fn step(&mut self, id: &str, now: i64, f: impl FnOnce(&mut Order) -> Result<Vec<Effect>, OrderError>) {
        let mut order = self.orders[id].clone();
        let effects = f(&mut order).unwrap();
        self.commit(&order, effects, now).unwrap();
    }

    /// What of the stock is in orders.
    pub(super) fn in_orders(&self, key: &str) -> i64 {
        let of = |o: &Order| -> i64 {
            let mine = o.lines.iter().filter(|l| Listing::stock_key(&l.listing, &l.sku) == key);
            mine.map(|l| i64::from(l.quantity - l.cancelled)).sum()
        };
        self.orders.values().filter(|o| o.reserved).map(of).sum()
    }

    /// The figures that the orders themselves say.
    pub(super) fn expected(&self, division: &str) -> Figures {
        let mut sum = Figures::default();
        for o in self.orders.values() {
            let Some(place) = o.counted.as_ref().filter(|p| p.village.starts_with(division)) else { continue };
            assert!(place.is_village());
            let back = |counted: bool| -> u64 {
                use crate::domain::order::RefundState::Settled;
                o.refunds.iter().filter(|r| r.counted == counted && r.state == Settled).map(|r| r.amount).sum()
            };
            let before: u64 = o.refunds.iter().filter(|r| !r.counted).map(|r| r.amount).sum();
            sum += Figures {
                orders: 1,
                amount: money::signed(o.escrow.captured() - before),
                refunded: money::signed(back(true)),
                station: i64::from(o.station.is_some()),
            };
        }
        sum
    }
}

/// Long after everything: each message has come due.
pub(super) const END: i64 = START + 400 * DAY;
