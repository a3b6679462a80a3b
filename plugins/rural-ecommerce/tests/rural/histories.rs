//! Random histories over the services and the consumer: conflicts, duplicates, messages that come late
//! or again, refused payments and refunds, villages that change their code, stations with a commission, and processes
//! that die in front of any call of the host. The rules have such a test in `domain::histories`; this one holds the
//! adapter to them: documents, counters and the ledger of the city say the same.

use crate::support::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rural_ecommerce::Rural;
use rural_ecommerce::domain::commission::MAX_STATION;
use rural_ecommerce::domain::listing::Listing;
use rural_ecommerce::domain::order::{Back, Order, State};
use rural_ecommerce::domain::product::Category;
use rural_ecommerce::domain::returns::{Asked, Reason, Return, State as ReturnState};
use rural_ecommerce::domain::shipment::{Carrier, ClaimState, Units};
use rural_ecommerce::domain::station::Station;
use rural_ecommerce::domain::statistics::{Figures, Period};
use rural_ecommerce::domain::time::{Date, Month};
use rural_ecommerce::service::statistics::ChangeInput;
use rural_ecommerce::service::{Refusal, batches, checkout, orders, returns, shipping, stations, statistics};
use rural_ecommerce::store::{BATCHES, RETURNS, RETURNS_BY_ORDER};
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use yunlong_sdk::{Event, Failure, Query};

#[derive(Clone, Debug)]
enum Step {
    Buy {
        garlic: bool,
        quantity: u32,
        key: Option<u8>,
    },
    /// The station orders for somebody.
    Sell {
        garlic: bool,
        quantity: u32,
        client: u8,
    },
    /// A manager sets what the station gets of orders to come, in basis points.
    Commission(u16),
    Pay(usize),
    /// What usually comes next to an order, and the messages of it: without it few would be settled.
    Next(usize),
    Deliver,
    Again(usize),
    Wait(u64),
    Cancel(usize),
    Accept(usize),
    /// By the store, or by the city's carrier.
    Ship(usize, bool),
    Brought(usize),
    /// The city's carrier says something of a shipment of an order.
    Carrier(usize, Word),
    /// A manager decides an open claim of an order: with a unit that goes back, or with none.
    Decide(usize, bool),
    Confirm(usize),
    Reduce(usize, u64),
    Ask(usize),
    /// Somebody takes a step of an order's newest return.
    Return(usize, Move),
    /// The same, one that its state allows: this one of them, and so many fen where it is the arbiter's.
    ReturnOn(usize, usize, u64),
    Refunds {
        refused: bool,
    },
    Retry(usize),
    Conflicts(u32),
    Recall,
    Village,
}

/// What a carrier says.
#[derive(Clone, Copy, Debug)]
enum Word {
    Answered,
    NotServed,
    InTransit,
    Delivered,
    /// One parcel is lost.
    Lost(u8),
}

/// A step of a return.
#[derive(Clone, Copy, Debug)]
enum Move {
    Withdraw,
    Approve,
    Reject,
    Send,
    Inspect,
    Refund,
    Appeal,
    /// The arbiter awards so many fen.
    Arbitrate(u64),
}

fn word() -> impl Strategy<Value = Word> {
    prop_oneof![
        1 => Just(Word::Answered),
        1 => Just(Word::NotServed),
        1 => Just(Word::InTransit),
        2 => Just(Word::Delivered),
        2 => (1_u8..5).prop_map(Word::Lost),
    ]
}

/// The steps that a return's state allows, the arbiter awarding so many fen.
fn steps_on(state: ReturnState, fen: u64) -> Vec<Move> {
    match state {
        ReturnState::Asked => vec![Move::Approve, Move::Approve, Move::Reject, Move::Reject, Move::Withdraw],
        ReturnState::Approved => vec![Move::Send],
        ReturnState::Sent => vec![Move::Inspect],
        ReturnState::Inspected => vec![Move::Refund, Move::Refund, Move::Reject],
        ReturnState::Rejected => vec![Move::Appeal],
        ReturnState::Disputed => vec![Move::Arbitrate(fen)],
        _ => vec![],
    }
}

fn step_of_return() -> impl Strategy<Value = Move> {
    prop_oneof![
        1 => Just(Move::Withdraw),
        4 => Just(Move::Approve),
        2 => Just(Move::Reject),
        4 => Just(Move::Send),
        4 => Just(Move::Inspect),
        4 => Just(Move::Refund),
        3 => Just(Move::Appeal),
        3 => (0_u64..120_000).prop_map(Move::Arbitrate),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let i = any::<usize>;
    prop_oneof![
        6 => (any::<bool>(), 1_u32..4, prop::option::weighted(0.3, 0_u8..3)).prop_map(|(garlic, quantity, key)| Step::Buy { garlic, quantity, key }),
        4 => (any::<bool>(), 1_u32..4, 0_u8..6).prop_map(|(garlic, quantity, client)| Step::Sell { garlic, quantity, client }),
        1 => (0..=MAX_STATION).prop_map(Step::Commission),
        5 => i().prop_map(Step::Pay),
        24 => i().prop_map(Step::Next),
        6 => Just(Step::Deliver),
        2 => i().prop_map(Step::Again),
        2 => (0_u64..4_000).prop_map(Step::Wait),
        1 => i().prop_map(Step::Cancel),
        4 => i().prop_map(Step::Accept),
        5 => (i(), prop::bool::weighted(0.4)).prop_map(|(o, city)| Step::Ship(o, city)),
        4 => i().prop_map(Step::Brought),
        4 => (i(), word()).prop_map(|(o, word)| Step::Carrier(o, word)),
        2 => (i(), any::<bool>()).prop_map(|(o, back)| Step::Decide(o, back)),
        3 => i().prop_map(Step::Confirm),
        2 => (i(), 0_u64..5_000).prop_map(|(o, fen)| Step::Reduce(o, fen)),
        5 => i().prop_map(Step::Ask),
        2 => (i(), step_of_return()).prop_map(|(o, step)| Step::Return(o, step)),
        10 => (i(), i(), 0_u64..120_000).prop_map(|(o, n, fen)| Step::ReturnOn(o, n, fen)),
        2 => prop::bool::weighted(0.3).prop_map(|refused| Step::Refunds { refused }),
        1 => i().prop_map(Step::Retry),
        1 => (0_u32..3).prop_map(Step::Conflicts),
        1 => Just(Step::Recall),
        1 => Just(Step::Village),
    ]
}

struct Run {
    x: Xuzhou,
    bed: Listing,
    garlic: Listing,
    batch: String,
    station: Station,
    seen: RefCell<Vec<Event>>,
    /// How often the bed maker's village has changed its code.
    changes: Cell<usize>,
}

fn by_the_city(o: &Order) -> bool {
    o.shipments.iter().any(|s| s.carrier == Carrier::City)
}

/// The code of the bed maker's village after so many changes.
fn village(changes: usize) -> String {
    if changes == 0 { DONGFENG.to_owned() } else { format!("320324109{}", 900 + changes) }
}

/// What is written down: all orders and returns, the stock, the city's figures.
type Written = (Vec<Order>, Vec<Return>, [i64; 2], Figures);

const STOCK: i64 = 8;

impl Run {
    fn new() -> Self {
        let x = Xuzhou::new();
        let bed = x.bed(STOCK);
        x.garlic_store();
        let batch = x.batch("garlic-grower", PIZHOU).id;
        let garlic = x.listed("garlic-grower", &product(Category::FreshFood, 4_999), Some(&batch), STOCK);
        let station = crate::stations::station(&x);
        Self { x, bed, garlic, batch, station, seen: RefCell::default(), changes: Cell::new(0) }
    }

    fn pick(&self, i: usize) -> Option<Order> {
        self.pick_of(i, |_| true)
    }

    /// One of those orders with which something can be done.
    fn pick_of(&self, i: usize, fits: impl Fn(&Order) -> bool) -> Option<Order> {
        let all: Vec<Order> = self.x.all_orders().into_iter().filter(fits).collect();
        let n = all.len();
        all.into_iter().nth(i % n.max(1))
    }

    fn returns_of(&self, o: &Order) -> Vec<Return> {
        RETURNS.find(RETURNS_BY_ORDER.equals(o.id.as_str()).limit(50)).unwrap().into_iter().map(|r| r.value).collect()
    }

    /// Runs something as whoever speaks for an order's buyer.
    fn as_buyer<T>(&self, o: &Order, f: impl FnOnce(&yunlong_sdk::Principal) -> T) -> T {
        if o.station.is_some() { crate::stations::keeper(&self.x, f) } else { self.x.by(&o.placed_by, f) }
    }

    /// Takes a step of an order as its buyer or its seller; a refusal changes nothing.
    fn with(&self, i: usize, seller: bool, f: impl FnOnce(&yunlong_sdk::Principal, &Order) -> bool) {
        if let Some(o) = self.pick(i) {
            self.with_order(&o, seller, f);
        }
    }

    fn with_order(&self, o: &Order, seller: bool, f: impl FnOnce(&yunlong_sdk::Principal, &Order) -> bool) {
        let done = if seller { self.x.by(&o.seller, |w| f(w, o)) } else { self.as_buyer(o, |w| f(w, o)) };
        if !done {
            assert_eq!(self.x.order(&o.id), *o, "a refusal changed something");
        }
    }

    fn take(&self, step: &Step) {
        let x = &self.x;
        match step {
            Step::Buy { garlic, quantity, key } => {
                let l = if *garlic { &self.garlic } else { &self.bed };
                let key = key.map(|k| format!("key-{k}-{garlic}-{quantity}"));
                let before = x.all_orders().len();
                let made = x.by("anna", |w| checkout::place(w, key.as_deref(), &purchase(&l.id, *quantity)));
                assert!(made.is_ok() || x.all_orders().len() == before);
            }
            Step::Sell { garlic, quantity, client } => {
                let l = if *garlic { &self.garlic } else { &self.bed };
                let mut sale = crate::stations::sale(&l.id, &format!("client-{client}-{garlic}-{quantity}"));
                sale.purchase.items[0].quantity = *quantity;
                let before = x.all_orders().len();
                let made = crate::stations::keeper(x, |w| stations::sell(w, &self.station.id, &sale));
                assert!(made.is_ok() || x.all_orders().len() == before);
            }
            Step::Commission(bps) => {
                x.role("manager", |w| stations::set_commission(w, &self.station.id, *bps)).unwrap();
            }
            Step::Pay(i) => drop(self.pick(*i).map(|o| x.pay(&format!("intent-{}", o.id)))),
            Step::Deliver => {
                self.seen.borrow_mut().extend(x.queued());
                assert_eq!(x.deliver::<Rural>().dead, 0, "{:?}", x.dead_letters());
            }
            Step::Again(i) => {
                let seen = self.seen.borrow().clone();
                if let Some(e) = seen.get(i % seen.len().max(1)).filter(|e| e.topic != "order.due") {
                    let again = x.deliver_event::<Rural>(e);
                    assert!(matches!(again, Ok(()) | Err(Failure::Retry(_))), "{again:?}");
                }
            }
            Step::Wait(minutes) => x.advance(minutes * MINUTE),
            Step::Cancel(i) => self.with(*i, false, |w, o| orders::cancel(w, &o.id).is_ok()),
            Step::Accept(i) => self.with(*i, true, |w, o| orders::accept(w, &o.id).is_ok()),
            Step::Ship(i, city) => self.with(*i, true, |w, o| {
                let units = (0..o.lines.len()).map(|line| Units { line, units: o.to_ship(line) }).collect();
                let carrier = if *city { Carrier::City } else { Carrier::Store };
                let what = shipping::Shipping { units, parcels: Vec::new(), carrier, key: None };
                shipping::ship(w, &o.id, &what).is_ok()
            }),
            Step::Brought(i) => self.with(*i, true, |w, o| {
                o.shipments.first().is_some_and(|s| shipping::brought(w, &o.id, &s.request).is_ok())
            }),
            Step::Confirm(i) => self.with(*i, false, |w, o| orders::confirm(w, &o.id).is_ok()),
            Step::Reduce(i, fen) => self.with(*i, true, |w, o| {
                let back = Back { line: 0, units: 0, shipped: false, amount: Some(*fen) };
                orders::give_back(w, &o.id, &[back], "让价").is_ok()
            }),
            Step::Carrier(i, word) => drop(self.pick_of(*i, by_the_city).map(|o| self.carrier_says(&o, *word))),
            Step::Decide(i, back) => {
                let claimed = |o: &Order| o.claims.iter().any(|c| c.state == ClaimState::Open);
                let Some(o) = self.pick_of(*i, claimed) else { return };
                let Some(claim) = o.claims.iter().find(|c| c.state == ClaimState::Open) else { return };
                let unit = Back { line: 0, units: 1, shipped: true, amount: None };
                let backs = if *back { vec![unit] } else { Vec::new() };
                let done = x.role("manager", |w| orders::decide_claim(w, &o.id, &claim.id, &backs, "核实"));
                assert!(done.is_ok() || x.order(&o.id) == o, "a refusal changed something");
            }
            Step::Ask(i) => {
                let Some(o) = self.pick_of(*i, |o| o.state == State::Delivered) else { return };
                self.with_order(&o, false, |w, o| {
                    let units = vec![Units { line: 0, units: 1 }];
                    let asked = Asked { units, reason: Reason::Damaged, text: String::new() };
                    returns::ask(w, &o.id, &asked).is_ok()
                });
            }
            Step::Next(i) => self.next(*i),
            Step::ReturnOn(i, n, fen) => {
                // A rejected one may be appealed.
                let open = |o: &Order| o.open_return.is_some() || !self.returns_of(o).is_empty();
                let Some(o) = self.pick_of(*i, open) else { return };
                let Some(r) = self.returns_of(&o).pop() else { return };
                let on = steps_on(r.state, *fen);
                if let Some(step) = on.get(n % on.len().max(1)) {
                    self.step_of_return(&o, *step);
                }
            }
            Step::Return(i, step) => drop(self.pick(*i).map(|o| self.step_of_return(&o, *step))),
            Step::Refunds { refused: true } => x.refuse_refunds("declined"),
            Step::Refunds { refused: false } => x.pay_refunds(),
            Step::Retry(i) => self.with(*i, false, |w, o| orders::retry_refunds(w, &o.id).is_ok()),
            Step::Conflicts(n) => x.conflict_next(*n),
            Step::Recall => drop(x.role("manager", |w| batches::recall(w, &self.batch, &text("召回")))),
            Step::Village => self.change_village(),
        }
    }

    /// Takes the step that an order waits for, and lets the messages of it arrive.
    fn next(&self, i: usize) {
        let Some(o) = self.pick(i) else { return };
        match o.state {
            State::Placed => self.take(&Step::Pay(i)),
            State::Paid => self.take(&Step::Accept(i)),
            State::Accepted | State::PartShipped => self.take(&Step::Ship(i, o.lines[0].quantity > 2)),
            State::Shipped if by_the_city(&o) => {
                self.carrier_says(&o, if i.is_multiple_of(3) { Word::Lost(1) } else { Word::Delivered });
            }
            State::Shipped => self.take(&Step::Brought(i)),
            State::Delivered if !self.returns_of(&o).is_empty() && !i.is_multiple_of(3) => {
                self.take(&Step::ReturnOn(i, i / 7, 50_000));
            }
            State::Delivered if i.is_multiple_of(2) => self.take(&Step::Ask(i)),
            State::Delivered => self.take(&Step::Confirm(i)),
            _ => self.take(&Step::Wait(1_440)),
        }
        self.take(&Step::Deliver);
    }

    /// The message waits for its delivery.
    fn carrier_says(&self, o: &Order, word: Word) {
        let Some(s) = o.shipments.iter().find(|s| s.carrier == Carrier::City) else { return };
        let request = s.request.as_str();
        let changed = |parcel: Option<String>, state: &str, reason: Option<&str>| {
            let at = yunlong_sdk::now();
            let data = json!({"waybill": "W-1", "request": request, "parcel": parcel, "state": state, "reason": reason, "at": at});
            ("waybill.changed", data)
        };
        let (topic, data) = match word {
            Word::Answered => ("shipment.answered", json!({"request": request, "waybill": "W-1"})),
            Word::NotServed => {
                let refused = json!({"code": "not-served", "zh": "不在服务区", "en": "not served"});
                ("shipment.answered", json!({"request": request, "refused": refused}))
            }
            Word::InTransit => changed(None, "in-transit", None),
            Word::Delivered => changed(None, "delivered", None),
            Word::Lost(n) => changed(Some(n.to_string()), "exception", Some("lost")),
        };
        self.x.arrive("logistics-finance", topic, Some(request), &data);
    }

    /// Of the newest return; a refusal changes neither it nor its order.
    fn step_of_return(&self, o: &Order, step: Move) {
        let Some(r) = self.returns_of(o).pop() else { return };
        let seller = |f: &dyn Fn(&yunlong_sdk::Principal) -> Result<Return, Refusal>| self.x.by(&o.seller, |w| f(w));
        let done = match step {
            Move::Withdraw => self.as_buyer(o, |w| returns::withdraw(w, &r.id)),
            Move::Approve => seller(&|w| returns::approve(w, &r.id, "")),
            Move::Reject => seller(&|w| returns::reject(w, &r.id, "不同意")),
            Move::Send => self.as_buyer(o, |w| returns::send(w, &r.id, "SF0001")),
            Move::Inspect => seller(&|w| returns::inspect(w, &r.id)),
            Move::Refund => seller(&|w| returns::refund(w, &r.id)),
            Move::Appeal => self.as_buyer(o, |w| returns::appeal(w, &r.id)),
            Move::Arbitrate(fen) => self.x.role("arbiter", |w| returns::arbitrate(w, &r.id, fen, "裁决")),
        };
        if done.is_err() {
            assert_eq!(
                (self.x.order(&o.id), self.returns_of(o).pop()),
                (o.clone(), Some(r)),
                "a refusal changed something"
            );
        }
    }

    /// The bed maker's village has another code from today on; twice on one day is refused.
    fn change_village(&self) {
        let change = ChangeInput {
            village: village(self.changes.get()),
            into: village(self.changes.get() + 1),
            name: Some("新村".into()),
            on: Date::at(yunlong_sdk::now() as i64),
        };
        let made = self.x.role("manager", |w| statistics::change_division(w, &change));
        self.changes.set(self.changes.get() + usize::from(made.is_ok()));
    }

    fn written(&self) -> Written {
        let x = &self.x;
        let city = statistics::drill("320300", Period::Year(2026)).unwrap();
        let returns = RETURNS.find(Query::by_id().limit(500)).unwrap().into_iter().map(|r| r.value).collect();
        (x.all_orders(), returns, [x.stock(&self.bed.id), x.stock(&self.garlic.id)], city.of.figures)
    }

    /// Takes a step whose process dies after so many calls of the host. Nothing of what it was at is there, and a message
    /// that was being handled comes again. Answers whether it died.
    fn dying(&self, step: &Step, calls: u32) -> bool {
        let before = self.written();
        let died = self.x.cut_after(calls, || self.take(step)).is_none();
        // Messages come one by one: each of them is there or not.
        let one = !matches!(step, Step::Deliver | Step::Next(_));
        assert!(!died || !one || self.written() == before, "half of {step:?} was written");
        died
    }

    /// Every promise that can be read from documents, counters and the ledger.
    fn check(&self, quiet: bool, figures: bool) {
        let all = self.x.all_orders();
        for l in [&self.bed, &self.garlic] {
            let in_orders = |o: &Order| -> i64 {
                let mine = o.lines.iter().filter(|k| k.listing == l.id);
                mine.map(|k| i64::from(k.quantity - k.cancelled)).sum()
            };
            let taken: i64 = all.iter().filter(|o| o.reserved).map(in_orders).sum();
            let left = self.x.stock(&l.id);
            assert!(left >= 0 && left + taken == STOCK, "{left} + {taken}");
        }
        for o in &all {
            let ledger = self.x.escrow(o);
            assert!(o.escrow.is_whole());
            assert_eq!(ledger.captured, ledger.held + ledger.released + ledger.refunding + ledger.refunded);
            assert_eq!(ledger.released, o.escrow.released(), "{}", o.id);
            if quiet {
                assert_eq!((ledger.captured, ledger.held), (o.escrow.captured(), o.escrow.held()), "{}", o.id);
            }
            assert!(o.escrow.refunded() <= o.escrow.captured());
            check_commission(o);
            self.check_what_is_open(o);
        }
        if !figures {
            return;
        }
        let year = Period::Year(2026);
        for period in [year, Period::Month(Month::at(yunlong_sdk::now() as i64))] {
            for level in ["320300", "320324", "320324109", "320382", "320382106"] {
                let drill = statistics::drill(level, period).unwrap();
                assert!(drill.adds_up(), "{level} {period}: {drill:?}");
            }
        }
        let counted = all.iter().filter(|o| o.counted.as_ref().is_some_and(|p| p.month.year() == 2026)).count();
        let city = statistics::drill("320300", year).unwrap();
        assert_eq!(city.of.figures.orders, counted as i64, "an order is counted once");
        if batch_is_bad(&self.batch) {
            let bought = self.x.buy("anna", &purchase(&self.garlic.id, 1));
            assert!(bought.is_err(), "a recalled batch is on sale");
        }
    }
}

impl Run {
    /// What nobody has decided holds the money, and no more is decided for the buyer than was paid.
    fn check_what_is_open(&self, o: &Order) {
        let returns = self.returns_of(o);
        let ended = |r: &Return| {
            matches!(
                r.state,
                ReturnState::Refunded | ReturnState::Rejected | ReturnState::Arbitrated | ReturnState::Withdrawn
            )
        };
        let open_return = o.open_return.is_some() || returns.iter().any(|r| !ended(r));
        let open_claim = o.claims.iter().any(|c| c.state == ClaimState::Open);
        assert!(
            o.release.is_none() || !(open_return || open_claim),
            "{}: paid out before what is open was decided",
            o.id
        );
        let decided: u64 =
            returns.iter().map(|r| r.refunded).sum::<u64>() + o.claims.iter().map(|c| c.amount).sum::<u64>();
        assert!(decided <= o.escrow.captured(), "{}: {decided} were decided of {}", o.id, o.escrow.captured());
    }
}

fn batch_is_bad(code: &str) -> bool {
    BATCHES.get(code).unwrap().unwrap().is_bad()
}

/// What the platform and the station keep is their rates' part, to the fen, and no line bears more of it than its part.
fn check_commission(o: &Order) {
    let Some(r) = &o.release else { return };
    let (id, d) = (&o.id, r.division);
    assert_eq!(d.platform + d.station + d.seller, o.escrow.released(), "{id}: all that was held is paid out");
    assert!(o.station.is_some() || o.rates.station == 0, "{id}: a rate of no station");
    for (part, rate) in [(d.platform, o.rates.platform), (d.station, o.rates.station)] {
        let exact = o.escrow.released() * u64::from(rate);
        assert!((part * 10_000).abs_diff(exact) < 10_000, "{id}: {part} at {rate} of {}", o.escrow.released());
    }
    assert_eq!(r.commission_by_line.iter().sum::<u64>(), d.platform + d.station, "{id}: the lines bear all of it");
    for (c, l) in r.commission_by_line.iter().zip(&o.lines) {
        let worth = l.paid() - l.given_back;
        let part = worth * u64::from(o.rates.platform + o.rates.station);
        // Each of the two, and the line, may be rounded up.
        assert!(*c <= worth && c * 10_000 < part + 30_000, "{id}: {c} on a line of {worth}");
    }
}

/// Each history opens a city of its own and reads all of it after each step, its figures after each fifth.
const CASES: u32 = 2_000;
/// How often each of these must have come about: a generator that never gets anywhere would keep every promise. Each is
/// half of what usually comes about or less, further from it than chance goes.
const FLOORS: [(&str, u32); 7] = [
    ("died", 2_000),
    ("settled", 350),
    ("a station was paid", 220),
    ("a return was refunded", 35),
    ("an arbiter awarded", 20),
    ("a claim was decided", 15),
    ("a batch was recalled", 350),
];

#[test]
fn documents_counters_and_ledger_agree_in_every_history() {
    let config = Config { cases: CASES, max_shrink_iters: 200, ..Config::with_source_file(file!()) };
    // Before which call of the host the process of a step dies, if it does.
    let life = prop::option::weighted(0.2, 0_u32..30);
    let ends = RefCell::new(BTreeMap::<&'static str, u32>::new());
    let add = |end| *ends.borrow_mut().entry(end).or_default() += 1;
    let told = TestRunner::new(config).run(&prop::collection::vec((step(), life), 20..80), |steps| {
        let run = Run::new();
        for (n, (s, life)) in steps.iter().enumerate() {
            match life {
                Some(calls) if run.dying(s, *calls) => add("died"),
                Some(_) => {}
                None => run.take(s),
            }
            run.check(false, n % 5 == 4);
        }
        run.x.conflict_next(0);
        // Time passes, so that what waits for somebody who does nothing ends as the clock ends it.
        for _ in 0..8 {
            run.x.advance(7 * DAY);
            run.x.deliver::<Rural>();
            run.x.pay_refunds();
        }
        run.x.deliver::<Rural>();
        run.check(true, true);
        let all = run.x.all_orders();
        let recalled = batch_is_bad(&run.batch);
        for o in all.iter().filter(|o| recalled && o.has_batch(&run.batch)) {
            let waits = matches!(o.state, State::Placed | State::Paid | State::Accepted);
            prop_assert!(!waits, "{} of a recalled batch rests in {:?}", o.id, o.state);
        }
        let releases = all.iter().filter_map(|o| o.release.as_ref());
        releases.for_each(|r| add(if r.division.station > 0 { "a station was paid" } else { "settled" }));
        for o in &all {
            o.claims.iter().filter(|c| c.state != ClaimState::Open).for_each(|_| add("a claim was decided"));
            for r in run.returns_of(o) {
                match r.state {
                    ReturnState::Refunded => add("a return was refunded"),
                    ReturnState::Arbitrated if r.refunded > 0 => add("an arbiter awarded"),
                    _ => {}
                }
            }
        }
        if recalled {
            add("a batch was recalled");
        }
        Ok(())
    });
    told.unwrap_or_else(|e| panic!("{e}"));
    let ends = ends.into_inner();
    for (what, least) in FLOORS {
        let seen = ends.get(what).copied().unwrap_or(0);
        assert!(seen >= least, "{what} {seen} times, fewer than {least}: the histories try too little: {ends:?}");
    }
}
