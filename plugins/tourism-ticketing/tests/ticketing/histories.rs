//! Random histories over the API and the consumer: conflicts, duplicates, late and repeated
//! messages, clocks that jump, calls that die before their commit or before their answer. The rules themselves have such a test in `domain::histories`; this
//! one holds the adapter to them.

use crate::support::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tourism_ticketing::Ticketing;
use tourism_ticketing::domain::catalogue::Session;
use tourism_ticketing::domain::entitlement::{self, Entitlement};
use tourism_ticketing::domain::order::{Order, RefundState, State};
use tourism_ticketing::domain::refund::Ticket;
use tourism_ticketing::store::{ATTRACTIONS, DAY_PLANS, ENTITLEMENTS, ORDERS};
use yunlong_sdk::{Event, Failure, Query, data, payments};

#[derive(Clone, Debug)]
enum Step {
    Buy {
        joint: bool,
        slot: bool,
        people: Vec<u32>,
        key: Option<u8>,
    },
    Pay(usize),
    Capture(usize),
    Refuse(usize),
    Deliver,
    Repeat(usize),
    Wait(u64),
    Cancel(usize),
    Refund(usize),
    Refunds {
        refused: bool,
    },
    Admit {
        order: usize,
        ticket: usize,
        terracotta: bool,
    },
    /// A gate without a network brings a scan back.
    Offline {
        order: usize,
        ticket: usize,
        terracotta: bool,
        west: bool,
    },
    Conflicts(u32),
    SetCap {
        cap: u32,
        daily: u32,
    },
    /// The process dies before the commit: nothing happened, and the caller tries again.
    Lost(Box<Step>),
    /// The process dies after the commit and before the answer: the caller, who does not know,
    /// sends the same again.
    Unknown(Box<Step>),
    /// The department closes a day, whatever is sold for it, or opens it again.
    Day {
        terracotta: bool,
        closed: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => simple(),
        1 => simple().prop_filter("a call of the app", is_call).prop_map(|s| Step::Lost(Box::new(s))),
        1 => simple().prop_filter("a call of the app", is_call).prop_map(|s| Step::Unknown(Box::new(s))),
    ]
}

/// Whether a step calls the app, and so can die with it.
fn is_call(step: &Step) -> bool {
    !matches!(
        step,
        Step::Capture(_)
            | Step::Refuse(_)
            | Step::Wait(_)
            | Step::Refunds { .. }
            | Step::Conflicts(_)
            | Step::SetCap { .. }
    )
}

fn simple() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (any::<bool>(), any::<bool>(), prop::collection::btree_set(0_u32..9, 1..3), prop::option::weighted(0.3, 0_u8..3))
            .prop_map(|(joint, slot, people, key)| Step::Buy { joint, slot, people: people.into_iter().collect(), key }),
        3 => any::<usize>().prop_map(Step::Pay),
        5 => any::<usize>().prop_map(Step::Capture),
        1 => any::<usize>().prop_map(Step::Refuse),
        5 => Just(Step::Deliver),
        2 => any::<usize>().prop_map(Step::Repeat),
        2 => (0_u64..20).prop_map(Step::Wait),
        1 => any::<usize>().prop_map(Step::Cancel),
        2 => any::<usize>().prop_map(Step::Refund),
        2 => prop::bool::weighted(0.3).prop_map(|refused| Step::Refunds { refused }),
        4 => (any::<usize>(), 0_usize..3, any::<bool>()).prop_map(|(order, ticket, terracotta)| Step::Admit { order, ticket, terracotta }),
        2 => (any::<usize>(), 0_usize..3, any::<bool>(), any::<bool>()).prop_map(|(order, ticket, terracotta, west)| Step::Offline { order, ticket, terracotta, west }),
        1 => (0_u32..3).prop_map(Step::Conflicts),
        1 => (0_u32..5, 0_u32..9).prop_map(|(cap, daily)| Step::SetCap { cap, daily }),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(terracotta, closed)| Step::Day { terracotta, closed }),
    ]
}

/// The caps in force.
#[derive(Clone, Copy)]
struct Caps {
    slot: u32,
    day: u32,
}

struct Run {
    x: Xuzhou,
    caps: Caps,
    seen: Vec<Event>,
    keys: BTreeMap<u8, (Value, String)>,
}

fn set_caps(caps: Caps) {
    for id in ["guishan", "bingmayong"] {
        let mut a = ATTRACTIONS.get(id).unwrap().unwrap().into_value();
        a.sessions = a.sessions.iter().map(|s| Session { cap: caps.slot, ..*s }).collect();
        a.daily_cap = caps.day;
        ATTRACTIONS.put(&a).unwrap();
    }
}

fn orders() -> Vec<Order> {
    ORDERS.find(Query::by_id().limit(500)).unwrap().into_iter().map(|o| o.value).collect()
}

impl Run {
    fn pick(&self, i: usize) -> Option<Order> {
        let all = orders();
        let n = all.len();
        (n > 0).then(|| all.into_iter().nth(i % n)).flatten()
    }

    fn post(&self, order: &Order, what: &str) -> u16 {
        self.x.call(&format!("/api/orders/{}/{what}", order.id), &json!({})).code().as_u16()
    }

    fn buy(&mut self, joint_ticket: bool, slot: bool, people: &[u32], key: Option<u8>) {
        let mut body = if joint_ticket { joint(0) } else { guishan(0) };
        if !joint_ticket && slot {
            body["slot"] = json!("11:00");
        }
        body["visitors"] = people.iter().map(|p| visitor(*p)).collect();
        let mut request = yunlong_sdk::Request::post("/api/orders").json(&body);
        if let Some(k) = key {
            request = request.header("idempotency-key", &format!("key-{k}"));
        }
        let (before, answer) = (orders().len(), self.x.operation("post", "/api/orders", request));
        match (answer.code().as_u16(), key.and_then(|k| self.keys.get(&k))) {
            (201, Some((first, id))) => {
                assert_eq!((first, &answer.body_json()["id"]), (&body, &json!(id)), "one key, one order")
            }
            (201, None) => {
                assert_eq!(orders().len(), before + 1);
                if let Some(k) = key {
                    self.keys.insert(k, (body, text(&answer.body_json(), "/id")));
                }
            }
            (409 | 422 | 503, _) => assert_eq!(orders().len(), before, "a refusal reserves nothing"),
            (status, _) => panic!("{status}: {}", answer.body_text()),
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Buy { joint, slot, people, key } => self.buy(*joint, *slot, people, *key),
            Step::Pay(i) => drop(self.pick(*i).map(|o| self.post(&o, "pay"))),
            Step::Capture(i) => drop(self.pick(*i).map(|o| self.x.city.pay(&format!("intent-{}", o.id)))),
            Step::Refuse(i) => {
                if let Some(o) = self
                    .pick(*i)
                    .filter(|o| payments::intent(&format!("intent-{}", o.id)).is_ok_and(|i| i.captured == 0))
                {
                    self.x.refuse_payment(&format!("intent-{}", o.id), "no funds");
                }
            }
            Step::Deliver => {
                self.seen.extend(self.x.queued());
                let done = self.x.deliver::<Ticketing>();
                assert_eq!(done.dead, 0, "{:?}", self.x.dead_letters());
            }
            Step::Repeat(i) => {
                // Events of the platform only: a repeated `hold.expired` is one that is due.
                if let Some(e) = self.seen.get(i % self.seen.len().max(1)).filter(|e| e.topic == "city.payments") {
                    let again = self.x.deliver_event::<Ticketing>(&e.clone());
                    assert!(matches!(again, Ok(()) | Err(Failure::Retry(_))), "{again:?}");
                }
            }
            Step::Wait(minutes) => self.x.advance(minutes * MINUTE),
            Step::Cancel(i) => drop(self.pick(*i).map(|o| self.post(&o, "cancel"))),
            Step::Refund(i) => drop(self.pick(*i).map(|o| self.post(&o, "refund"))),
            Step::Refunds { refused: true } => self.x.refuse_refunds("declined"),
            Step::Refunds { refused: false } => self.x.pay_refunds(),
            Step::Admit { order, ticket, terracotta } => self.admit(*order, *ticket, *terracotta),
            Step::Offline { order, ticket, terracotta, west } => self.bring_back(*order, *ticket, *terracotta, *west),
            Step::Conflicts(n) => self.x.conflict_next(*n),
            Step::SetCap { cap, daily } => {
                self.caps = Caps { slot: *cap, day: *daily };
                set_caps(self.caps);
            }
            Step::Lost(step) => {
                let before = self.stored();
                self.x.conflict_next(u32::MAX);
                self.take(step);
                self.x.conflict_next(0);
                assert_eq!(self.stored(), before, "a call that died left something behind: {step:?}");
                self.take(step);
            }
            Step::Unknown(step) => {
                self.take(step);
                self.take(step);
            }
            Step::Day { terracotta, closed } => {
                let attraction = if *terracotta { "bingmayong" } else { "guishan" };
                let plan = if *closed { json!({"open": false, "refund_sold": true}) } else { json!({}) };
                let path = format!("/api/manage/attractions/{attraction}/days/{}", day(1));
                let answer = self.x.as_manager(|| self.x.put(&path, &plan));
                assert!(matches!(answer.code().as_u16(), 200 | 503), "{}", answer.body_text());
            }
        }
    }

    fn bring_back(&self, order: usize, ticket: usize, terracotta: bool, west: bool) {
        let Some(o) = self.pick(order) else { return };
        let answer = self.x.api(&format!("/api/orders/{}/tickets/{ticket}/code", o.id)).body_json();
        let Some(code) = answer["code"].as_str() else { return };
        let (attraction, gate) =
            (if terracotta { "bingmayong" } else { "guishan" }, if west { "西门" } else { "东门" });
        // The same scan may be brought back again, under a number of its own.
        let number = format!("batch-{:06}", self.x.now_ms() % 1_000_000 + u64::from(west));
        let scan = json!({"code": code, "at": self.x.now_ms()});
        let body = json!({"number": number, "attraction": attraction, "gate": gate, "scans": [scan, scan]});
        let answer = self.x.at_the_gate(|| self.x.call("/api/gates/batches", &body));
        assert!(matches!(answer.code().as_u16(), 202 | 422 | 503), "{}", answer.body_text());
    }

    /// Everything that is on stable storage and could be left half done.
    fn stored(&self) -> (Vec<Order>, Vec<Entitlement>, Vec<i64>, usize, usize, usize) {
        let published = self.x.published().len();
        (orders(), entitlements(), taken(), published, self.x.audit().len(), self.x.inbox("anna").len())
    }

    fn admit(&self, order: usize, ticket: usize, terracotta: bool) {
        let Some(o) = self.pick(order) else { return };
        let answer = self.x.api(&format!("/api/orders/{}/tickets/{ticket}/code", o.id)).body_json();
        let Some(code) = answer["code"].as_str() else { return };
        let attraction = if terracotta { "bingmayong" } else { "guishan" };
        let answer = self.x.admit(&json!({"code": code, "attraction": attraction}));
        if answer.code().as_u16() == 200 {
            let again = self.x.admit(&json!({"code": code, "attraction": attraction}));
            assert_eq!(kind(&again), "already-used");
        }
    }
}

/// The tickets of an order that hold a place.
fn holding(o: &Order) -> Vec<Ticket> {
    let settled = |t: &Ticket| {
        let back = o.refunds.iter().filter(|r| r.state == RefundState::Settled);
        back.flat_map(|r| &r.items).any(|i| i.ticket == *t)
    };
    match o.state {
        State::Held => o.tickets().collect(),
        _ if o.was_issued() => o.tickets().filter(|t| !settled(t)).collect(),
        _ => Vec::new(),
    }
}

const SLOTS: [(&str, &str); 3] = [("guishan", "0900"), ("guishan", "1100"), ("bingmayong", "1300")];
const PLACES: [&str; 2] = ["guishan", "bingmayong"];

/// The keys of what is bounded: the slots' counters, and the days'.
fn keys() -> impl Iterator<Item = (&'static str, String)> {
    let slots = SLOTS.iter().map(|(a, s)| ("slot-taken", format!("{a}/{}/{s}", day(1))));
    slots.chain(PLACES.iter().map(|a| ("day-taken", format!("{a}/{}", day(1)))))
}

fn taken() -> Vec<i64> {
    keys().map(|(counter, key)| data::counter(counter, &key).unwrap()).collect()
}

fn entitlements() -> Vec<Entitlement> {
    ENTITLEMENTS.find(Query::by_id().limit(500)).unwrap().into_iter().map(|e| e.value).collect()
}

/// The promises, read from what is stored; `before` is what was taken before the step, and `caps`
/// those that were in force during it.
fn check(caps: Caps, before: &[i64]) {
    let all = orders();
    let mut held: BTreeMap<String, i64> = BTreeMap::new();
    for o in &all {
        for t in holding(o) {
            let slot = &o.parts[t.part].slot.id;
            *held.entry(slot.to_string()).or_default() += 1;
            *held.entry(slot.day_key()).or_default() += 1;
        }
    }
    for (((counter, key), now), before) in keys().zip(taken()).zip(before) {
        let cap = if counter == "day-taken" { caps.day } else { caps.slot };
        assert_eq!(now, held.get(&key).copied().unwrap_or(0), "{key}");
        // A cap that is lowered takes nothing away, and lets nobody in.
        assert!(now <= *before || now <= i64::from(cap), "{key} is oversold");
    }
    let open = all.iter().filter(|o| o.state == State::Held).count();
    assert_eq!(data::counter("open-orders", "anna").unwrap(), i64::try_from(open).unwrap());
    assert!(open <= 5, "one buyer holds too much");
    let entitlements = entitlements();
    let mut claims = BTreeSet::new();
    for e in &entitlements {
        if let Some(c) = &e.claim {
            assert!(
                claims.insert((c.id.clone(), c.attraction.clone(), c.slot.clone())),
                "two entitlements for one claim"
            );
        }
        let uses = data::counter("entitlement-uses", &e.id).unwrap();
        assert_eq!(uses, i64::from(e.state == entitlement::State::Used));
        assert!(uses <= i64::from(e.uses));
    }
    for o in &all {
        let mine = entitlements.iter().filter(|e| e.order == o.id).count();
        let whole = if o.state == State::Held || o.was_issued() { o.visitors.len() * o.parts.len() } else { 0 };
        assert_eq!(mine, whole, "{} is {}", o.id, o.state.code());
        assert_eq!(o.lines().iter().map(|l| l.amount).sum::<u64>(), o.total);
        assert!(o.refunded <= o.captured);
        if o.was_issued() {
            assert_eq!(o.settlement().iter().map(|l| l.amount).sum::<u64>(), o.captured - o.refunded);
        }
    }
}

/// After everything has arrived nobody's money is without a ticket or on its way back, and nobody
/// holds a ticket for a day that is closed.
fn check_settled(x: &Xuzhou) {
    for o in orders() {
        let (captured, refunded) =
            payments::intent(&format!("intent-{}", o.id)).map(|i| (i.captured, i.refunded)).unwrap_or((0, 0));
        assert_eq!(captured, o.captured, "{}", o.id);
        match o.state {
            State::Issued | State::PartUsed | State::Used | State::PartRefunded | State::Refunded => {
                assert_eq!(refunded, o.refunded, "{}", o.id)
            }
            State::Expired => assert_eq!(captured, 0, "{} {}", o.id, o.state.code()),
            State::Refunding => assert!(o.refund_failure().is_some()),
            s => panic!("{} rests in {}", o.id, s.code()),
        }
        for t in o.unused().iter().filter(|_| o.was_issued()) {
            let id = &o.parts[t.part].slot.id;
            let open = DAY_PLANS.get(&id.day_key()).unwrap().is_none_or(|p| p.open != Some(false));
            assert!(open, "{} holds a ticket for a closed day", o.id);
        }
    }
    assert!(x.dead_letters().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, max_shrink_iters: 500, ..ProptestConfig::default() })]
    #[test]
    fn no_history_breaks_a_promise(cap in 1_u32..5, daily in 1_u32..9, steps in prop::collection::vec(step(), 1..50)) {
        let x = Xuzhou::new();
        x.configure("admission_window", "any-time");
        let caps = Caps { slot: cap, day: daily };
        set_caps(caps);
        let mut run = Run { x, caps, seen: Vec::new(), keys: BTreeMap::new() };
        for step in &steps {
            let before = taken();
            run.take(step);
            check(run.caps, &before);
        }
        let before = taken();
        run.x.conflict_next(0);
        run.x.advance(60 * MINUTE);
        for _ in 0..4 {
            run.x.deliver::<Ticketing>();
            run.x.pay_refunds();
        }
        check(run.caps, &before);
        check_settled(&run.x);
    }
}
