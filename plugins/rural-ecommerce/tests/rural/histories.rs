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
use rural_ecommerce::domain::returns::{Asked, Reason};
use rural_ecommerce::domain::shipment::{Carrier, Units};
use rural_ecommerce::domain::station::Station;
use rural_ecommerce::domain::statistics::{Figures, Period};
use rural_ecommerce::domain::time::{Date, Month};
use rural_ecommerce::service::statistics::ChangeInput;
use rural_ecommerce::service::{batches, checkout, orders, returns, shipping, stations, statistics};
use rural_ecommerce::store::BATCHES;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use yunlong_sdk::{Event, Failure};

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
    Deliver,
    Again(usize),
    Wait(u64),
    Cancel(usize),
    Accept(usize),
    Ship(usize),
    Brought(usize),
    Confirm(usize),
    Reduce(usize, u64),
    Return(usize),
    Refunds {
        refused: bool,
    },
    Retry(usize),
    Conflicts(u32),
    Recall,
    Village,
}

fn step() -> impl Strategy<Value = Step> {
    let i = any::<usize>;
    prop_oneof![
        6 => (any::<bool>(), 1_u32..4, prop::option::weighted(0.3, 0_u8..3)).prop_map(|(garlic, quantity, key)| Step::Buy { garlic, quantity, key }),
        4 => (any::<bool>(), 1_u32..4, 0_u8..6).prop_map(|(garlic, quantity, client)| Step::Sell { garlic, quantity, client }),
        1 => (0..=MAX_STATION).prop_map(Step::Commission),
        5 => i().prop_map(Step::Pay),
        6 => Just(Step::Deliver),
        2 => i().prop_map(Step::Again),
        2 => (0_u64..4_000).prop_map(Step::Wait),
        1 => i().prop_map(Step::Cancel),
        4 => i().prop_map(Step::Accept),
        4 => i().prop_map(Step::Ship),
        4 => i().prop_map(Step::Brought),
        3 => i().prop_map(Step::Confirm),
        2 => (i(), 0_u64..5_000).prop_map(|(o, fen)| Step::Reduce(o, fen)),
        1 => i().prop_map(Step::Return),
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

/// The code of the bed maker's village after so many changes.
fn village(changes: usize) -> String {
    if changes == 0 { DONGFENG.to_owned() } else { format!("320324109{}", 900 + changes) }
}

/// What is written down: all orders, the stock, the city's figures.
type Written = (Vec<Order>, [i64; 2], Figures);

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
        let all = self.x.all_orders();
        let n = all.len();
        (n > 0).then(|| all.into_iter().nth(i % n)).flatten()
    }

    /// Takes a step of an order as its buyer or its seller; a refusal changes nothing.
    fn with(&self, i: usize, seller: bool, f: impl FnOnce(&yunlong_sdk::Principal, &Order) -> bool) {
        let Some(o) = self.pick(i) else { return };
        let done = match (seller, &o.station) {
            (true, _) => self.x.by(&o.seller, |w| f(w, &o)),
            (false, Some(_)) => crate::stations::keeper(&self.x, |w| f(w, &o)),
            (false, None) => self.x.by(&o.placed_by, |w| f(w, &o)),
        };
        if !done {
            assert_eq!(self.x.order(&o.id), o, "a refusal changed something");
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
            Step::Ship(i) => self.with(*i, true, |w, o| {
                let units = (0..o.lines.len()).map(|line| Units { line, units: o.to_ship(line) }).collect();
                let what = shipping::Shipping { units, parcels: Vec::new(), carrier: Carrier::Store, key: None };
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
            Step::Return(i) => self.with(*i, false, |w, o| {
                let units = vec![Units { line: 0, units: 1 }];
                let asked = Asked { units, reason: Reason::Damaged, text: String::new() };
                let Ok(r) = returns::ask(w, &o.id, &asked) else { return false };
                x.by(&o.seller, |s| returns::reject(s, &r.id, "不同意")).unwrap();
                true
            }),
            Step::Refunds { refused: true } => x.refuse_refunds("declined"),
            Step::Refunds { refused: false } => x.pay_refunds(),
            Step::Retry(i) => self.with(*i, false, |w, o| orders::retry_refunds(w, &o.id).is_ok()),
            Step::Conflicts(n) => x.conflict_next(*n),
            Step::Recall => drop(x.role("manager", |w| batches::recall(w, &self.batch, &text("召回")))),
            Step::Village => self.change_village(),
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
        (x.all_orders(), [x.stock(&self.bed.id), x.stock(&self.garlic.id)], city.of.figures)
    }

    /// Takes a step whose process dies after so many calls of the host. Nothing of what it was at is there, and a message
    /// that was being handled comes again. Answers whether it died.
    fn dying(&self, step: &Step, calls: u32) -> bool {
        let before = self.written();
        let died = self.x.cut_after(calls, || self.take(step)).is_none();
        // Messages come one by one, and a return is asked for and rejected: each of them is there or not.
        let one = !matches!(step, Step::Deliver | Step::Return(_));
        assert!(!died || !one || self.written() == before, "half of {step:?} was written");
        died
    }

    /// Every promise that can be read from documents, counters and the ledger.
    fn check(&self, quiet: bool) {
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

/// As many as run in well under a minute: each history opens a city of its own, and reads all of it after each step.
const CASES: u32 = 100;

#[test]
fn documents_counters_and_ledger_agree_in_every_history() {
    let config = Config { cases: CASES, max_shrink_iters: 200, ..Config::with_source_file(file!()) };
    // Before which call of the host the process of a step dies, if it does.
    let life = prop::option::weighted(0.2, 0_u32..30);
    let ends = RefCell::new(BTreeMap::<&'static str, u32>::new());
    let add = |end| *ends.borrow_mut().entry(end).or_default() += 1;
    let told = TestRunner::new(config).run(&prop::collection::vec((step(), life), 1..50), |steps| {
        let run = Run::new();
        for (s, life) in &steps {
            match life {
                Some(calls) if run.dying(s, *calls) => add("died"),
                Some(_) => {}
                None => run.take(s),
            }
            run.check(false);
        }
        run.x.conflict_next(0);
        for _ in 0..4 {
            run.x.deliver::<Rural>();
            run.x.pay_refunds();
        }
        run.x.deliver::<Rural>();
        run.check(true);
        let all = run.x.all_orders();
        let recalled = batch_is_bad(&run.batch);
        for o in all.iter().filter(|o| recalled && o.has_batch(&run.batch)) {
            let waits = matches!(o.state, State::Placed | State::Paid | State::Accepted);
            prop_assert!(!waits, "{} of a recalled batch rests in {:?}", o.id, o.state);
        }
        let releases = all.iter().filter_map(|o| o.release.as_ref());
        releases.for_each(|r| add(if r.division.station > 0 { "a station was paid" } else { "settled" }));
        Ok(())
    });
    told.unwrap_or_else(|e| panic!("{e}"));
    // A generator that never gets anywhere would keep every promise.
    let ends = ends.into_inner();
    let died = ends.get("died").copied().unwrap_or(0);
    assert!(died >= 30, "{died} processes died: the histories try too little: {ends:?}");
}
