//! Random histories over the services and the consumer: conflicts, duplicates, messages that come late
//! or again, refused payments and refunds, villages that change their code, and steps whose process stops before their
//! commit. The rules have such a test in `domain::histories`; this one
//! holds the adapter to them: documents, counters and the ledger of the city say the same.

use crate::support::*;
use proptest::prelude::*;
use rural_ecommerce::Rural;
use rural_ecommerce::domain::listing::Listing;
use rural_ecommerce::domain::order::{Back, Order, State};
use rural_ecommerce::domain::product::Category;
use rural_ecommerce::domain::returns::{Asked, Reason};
use rural_ecommerce::domain::shipment::{Carrier, Units};
use rural_ecommerce::domain::statistics::{Figures, Period};
use rural_ecommerce::domain::time::{Date, Month};
use rural_ecommerce::service::statistics::ChangeInput;
use rural_ecommerce::service::{batches, checkout, orders, returns, shipping, statistics};
use rural_ecommerce::store::BATCHES;
use yunlong_sdk::{Event, Failure};

#[derive(Clone, Debug)]
enum Step {
    Buy { garlic: bool, quantity: u32, key: Option<u8> },
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
    Refunds { refused: bool },
    Retry(usize),
    Conflicts(u32),
    Recall,
    Village,
}

fn step() -> impl Strategy<Value = Step> {
    let i = any::<usize>;
    prop_oneof![
        6 => (any::<bool>(), 1_u32..4, prop::option::weighted(0.3, 0_u8..3)).prop_map(|(garlic, quantity, key)| Step::Buy { garlic, quantity, key }),
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
    seen: Vec<Event>,
    /// How often the bed maker's village has changed its code.
    changes: usize,
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
        Self { x, bed, garlic, batch, seen: Vec::new(), changes: 0 }
    }

    fn pick(&self, i: usize) -> Option<Order> {
        let all = self.x.all_orders();
        let n = all.len();
        (n > 0).then(|| all.into_iter().nth(i % n)).flatten()
    }

    /// Takes a step of an order as its buyer or its seller; a refusal changes nothing.
    fn with(&self, i: usize, seller: bool, f: impl FnOnce(&yunlong_sdk::Principal, &Order) -> bool) {
        let Some(o) = self.pick(i) else { return };
        let who = if seller { o.seller.clone() } else { o.placed_by.clone() };
        if !self.x.by(&who, |w| f(w, &o)) {
            assert_eq!(self.x.order(&o.id), o, "a refusal changed something");
        }
    }

    fn take(&mut self, step: &Step) {
        let x = &self.x;
        match step {
            Step::Buy { garlic, quantity, key } => {
                let l = if *garlic { &self.garlic } else { &self.bed };
                let key = key.map(|k| format!("key-{k}-{garlic}-{quantity}"));
                let before = x.all_orders().len();
                let made = x.by("anna", |w| checkout::place(w, key.as_deref(), &purchase(&l.id, *quantity)));
                assert!(made.is_ok() || x.all_orders().len() == before);
            }
            Step::Pay(i) => drop(self.pick(*i).map(|o| x.pay(&format!("intent-{}", o.id)))),
            Step::Deliver => {
                self.seen.extend(x.queued());
                assert_eq!(x.deliver::<Rural>().dead, 0, "{:?}", x.dead_letters());
            }
            Step::Again(i) => {
                if let Some(e) = self.seen.get(i % self.seen.len().max(1)).filter(|e| e.topic != "order.due").cloned() {
                    let again = x.deliver_event::<Rural>(&e);
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
    fn change_village(&mut self) {
        let change = ChangeInput {
            village: village(self.changes),
            into: village(self.changes + 1),
            name: Some("新村".into()),
            on: Date::at(yunlong_sdk::now() as i64),
        };
        let made = self.x.role("manager", |w| statistics::change_division(w, &change));
        self.changes += usize::from(made.is_ok());
    }

    fn written(&self) -> Written {
        let x = &self.x;
        let city = statistics::drill("320300", Period::Year(2026)).unwrap();
        (x.all_orders(), [x.stock(&self.bed.id), x.stock(&self.garlic.id)], city.of.figures)
    }

    /// Takes a step whose process stops before any of its commits: nothing of it is there, and a message that it was
    /// at comes again.
    fn stopped(&mut self, step: &Step) {
        let before = self.written();
        self.x.conflict_next(u32::MAX);
        self.take(step);
        self.x.conflict_next(0);
        assert_eq!(self.written(), before, "half of {step:?} was written");
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn documents_counters_and_ledger_agree_in_every_history(
        steps in prop::collection::vec((step(), prop::bool::weighted(0.12)), 1..50)
    ) {
        let mut run = Run::new();
        for (s, stops) in &steps {
            if *stops { run.stopped(s) } else { run.take(s) }
            run.check(false);
        }
        run.x.conflict_next(0);
        for _ in 0..4 {
            run.x.deliver::<Rural>();
            run.x.pay_refunds();
        }
        run.x.deliver::<Rural>();
        run.check(true);
        let bad = run.x.all_orders().into_iter().filter(|o| o.has_batch(&run.batch));
        let recalled = batch_is_bad(&run.batch);
        for o in bad.filter(|_| recalled) {
            let waits = matches!(o.state, State::Placed | State::Paid | State::Accepted);
            prop_assert!(!waits, "{} of a recalled batch rests in {:?}", o.id, o.state);
        }
    }
}
