//! Escrow's "never" lines over random histories, with providers that fail and processes that are killed between
//! any two steps: what was captured is held, released, on its way back or back, in the record and in the
//! ledger alike; nothing is paid twice, and nothing that is not held.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

mod support;

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use support::stepped::{Stepped, killed_after};
use support::*;
use yunlong_model::clock::ManualClock;
use yunlong_model::{Clock, Text, Timestamp};
use yunlong_payments::*;
use yunlong_store::memory::MemoryStore;
use yunlong_store::{CommitError, Txn};

fn new_escrow(reference: &str, amount: u64, now: Timestamp) -> NewEscrow {
    NewEscrow {
        reference: reference.into(),
        description: Text { zh: "实木床".into(), en: "A bed".into() },
        amount,
        expires_at: now.plus_millis(900_000),
        return_path: "/orders/1".into(),
    }
}

fn give(reference: &str, a: u64, b: u64) -> NewRelease {
    let NewRefund { reference, lines, .. } = refund(reference, a, b);
    NewRelease { reference, lines, reason: "confirmed".into() }
}

fn back(reference: &str, amount: u64) -> HeldRefund {
    HeldRefund { reference: reference.into(), amount, reason: "asked".into() }
}

async fn create(city: &City, reference: &str, amount: u64) -> Result<Intent, PaymentError> {
    let mut txn = city.txn();
    let new = new_escrow(reference, amount, city.clock.now());
    let intent = city.payments.create_escrow(&mut txn, &city.app, Some("citizen"), new).await?;
    txn.commit().await?;
    Ok(intent)
}

async fn release(city: &City, id: &str, new: NewRelease) -> Result<(), PaymentError> {
    city.stage(async |txn| city.payments.release(txn, &city.app, id, new).await).await
}

async fn refund_held(city: &City, id: &str, new: HeldRefund) -> Result<(), PaymentError> {
    city.stage(async |txn| city.payments.refund_held(txn, &city.app, id, new).await).await
}

/// An escrow of 100 fen that is paid.
async fn paid(city: &City, reference: &str, behaviour: Behaviour) -> Intent {
    let intent = create(city, reference, 100).await.unwrap();
    city.payments.pay_at_cashier(&intent.id, "citizen", behaviour).await.unwrap();
    city.settle().await;
    intent
}

/// Held, released, refunding, refunded.
async fn state(city: &City, id: &str) -> [u64; 4] {
    let s = city.payments.escrow(&city.app, id).await.unwrap();
    assert_eq!(s.captured, s.held + s.released + s.refunding + s.refunded);
    [s.held, s.released, s.refunding, s.refunded]
}

#[derive(Clone, Debug)]
enum Step {
    Create(u8),
    Pay(u8, Behaviour),
    Cancel(u8),
    Release(u8, u8, u64, u64),
    RefundHeld(u8, u8, u64),
    /// Staged, and never committed.
    Abandon(u8, u64),
    /// Two releases at once.
    Race(u8, u8, u64, u64),
    Poll,
    Deliver,
    DeliverTwice,
    Lose,
    Break(bool),
    Wait(i64),
    /// Killed behind that many steps of what is done there, and started anew.
    Kill(Killed, usize),
    Close,
}

#[derive(Clone, Debug)]
enum Killed {
    Poll,
    Deliver,
    Release(u8, u8, u64),
    RefundHeld(u8, u8, u64),
    Close,
}

fn behaviours() -> impl Strategy<Value = Behaviour> {
    prop_oneof![
        4 => Just(Behaviour::Succeed),
        1 => Just(Behaviour::Fail),
        1 => (1_u64..2_000_000).prop_map(|millis| Behaviour::Delay { millis }),
        1 => (1_u32..4).prop_map(|times| Behaviour::Repeat { times }),
        2 => Just(Behaviour::FailRefund),
        1 => Just(Behaviour::Lose),
    ]
}

fn killed() -> impl Strategy<Value = Killed> {
    let (n, r) = (0_u8..3, 0_u8..4);
    prop_oneof![
        3 => Just(Killed::Poll),
        3 => Just(Killed::Deliver),
        2 => (n.clone(), r.clone(), 0_u64..60).prop_map(|(n, r, a)| Killed::Release(n, r, a)),
        2 => (n, r, 0_u64..60).prop_map(|(n, r, a)| Killed::RefundHeld(n, r, a)),
        1 => Just(Killed::Close),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    let (n, r) = (0_u8..3, 0_u8..4);
    prop_oneof![
        2 => n.clone().prop_map(Step::Create),
        5 => (n.clone(), behaviours()).prop_map(|(n, b)| Step::Pay(n, b)),
        1 => n.clone().prop_map(Step::Cancel),
        4 => (n.clone(), r.clone(), 0_u64..60, 0_u64..60).prop_map(|(n, r, a, b)| Step::Release(n, r, a, b)),
        4 => (n.clone(), r.clone(), 0_u64..110).prop_map(|(n, r, a)| Step::RefundHeld(n, r, a)),
        1 => (n.clone(), 0_u64..110).prop_map(|(n, a)| Step::Abandon(n, a)),
        2 => (n, r, 1_u64..60, 1_u64..60).prop_map(|(n, r, a, b)| Step::Race(n, r, a, b)),
        5 => Just(Step::Poll),
        5 => Just(Step::Deliver),
        1 => Just(Step::DeliverTwice),
        1 => Just(Step::Lose),
        1 => any::<bool>().prop_map(Step::Break),
        2 => (1_i64..1_000_000).prop_map(Step::Wait),
        4 => (killed(), 0_usize..24).prop_map(|(k, n)| Step::Kill(k, n)),
        1 => Just(Step::Close),
    ]
}

/// A history as it goes on.
struct History {
    city: City,
    intents: BTreeMap<u8, String>,
    /// Whether the installation was removed.
    closed: bool,
}

impl History {
    fn new() -> Self {
        let store = Arc::new(Stepped(Arc::new(MemoryStore::new())));
        let city = City::on(store, ManualClock::new(Timestamp(1_800_000_000_000)), Arc::default());
        Self { city, intents: BTreeMap::new(), closed: false }
    }

    async fn step(&mut self, step: Step) {
        let city = &self.city;
        let id = |n: u8| self.intents.get(&n).map_or("pi-none", String::as_str);
        match step {
            Step::Create(n) => self.create(n).await,
            Step::Pay(n, behaviour) => drop(city.payments.pay_at_cashier(id(n), "citizen", behaviour).await),
            Step::Cancel(n) => {
                drop(city.stage(async |txn| city.payments.cancel(txn, &city.app, id(n)).await).await);
            }
            Step::Release(n, r, a, b) => drop(release(city, id(n), give(&format!("s-{r}"), a, b)).await),
            Step::RefundHeld(n, r, a) => drop(refund_held(city, id(n), back(&format!("r-{r}"), a)).await),
            Step::Abandon(n, a) => {
                let mut txn = city.txn();
                let _ = city.payments.release(&mut txn, &city.app, id(n), give("gone", a, 1)).await;
                let _ = city.payments.refund_held(&mut txn, &city.app, id(n), back("gone", a)).await;
            }
            Step::Race(n, r, a, b) => race(city, id(n), r, a, b).await,
            Step::Poll => drop(city.payments.poll_once().await.unwrap()),
            Step::Deliver => drop(city.deliver().await),
            Step::DeliverTwice => {
                let again = city.wire.sent.lock().unwrap().clone();
                city.deliver().await;
                *city.wire.sent.lock().unwrap() = again;
                city.deliver().await;
            }
            Step::Lose => city.wire.sent.lock().unwrap().clear(),
            Step::Break(broken) => *city.wire.broken.lock().unwrap() = broken,
            Step::Wait(millis) => city.clock.advance(millis),
            Step::Kill(what, after) => self.kill(what, after).await,
            Step::Close => self.close().await,
        }
    }

    async fn create(&mut self, n: u8) {
        let created = create(&self.city, &format!("order-{n}"), 100).await;
        if self.closed {
            assert_eq!(created, Err(PaymentError::Closed));
            return;
        }
        let intent = created.unwrap();
        let first = self.intents.entry(n).or_insert_with(|| intent.id.clone());
        assert_eq!(*first, intent.id, "one reference has one intent");
    }

    async fn kill(&mut self, what: Killed, after: usize) {
        let city = &self.city;
        let id = |n: u8| self.intents.get(&n).map_or("pi-none", String::as_str);
        match what {
            Killed::Poll => drop(killed_after(after, city.payments.poll_once()).await),
            Killed::Deliver => drop(killed_after(after, city.deliver()).await),
            Killed::Release(n, r, a) => {
                drop(killed_after(after, release(city, id(n), give(&format!("s-{r}"), a, 1))).await);
            }
            Killed::RefundHeld(n, r, a) => {
                drop(killed_after(after, refund_held(city, id(n), back(&format!("r-{r}"), a))).await);
            }
            Killed::Close => drop(killed_after(after, city.payments.close(&city.app)).await),
        }
        let fresh = Self::new().city;
        self.city = std::mem::replace(&mut self.city, fresh).crash();
        self.closed = self.city.payments.was_closed(&self.city.app).await.unwrap();
    }

    /// An installation is closed when it holds nothing for anybody, and only then.
    async fn close(&mut self) {
        let held = self.city.payments.held(&self.city.app).await.unwrap();
        let answer = self.city.payments.close(&self.city.app).await;
        if self.closed || held.is_nothing() {
            assert_eq!(answer, Ok(()));
            self.closed = true;
        } else {
            assert_eq!(answer, Err(PaymentError::StillHeld { held: held.held, refunding: held.refunding }));
            assert!(!self.city.payments.was_closed(&self.city.app).await.unwrap(), "refused, and closed all the same");
        }
    }

    async fn check(&self) {
        let city = &self.city;
        let report = city.payments.verify_ledger().await.unwrap();
        assert!(report.is_sound(), "{report:?}");
        let outcomes = city.outcomes().await;
        let (mut clearing, mut given, mut held) = (0, BTreeMap::new(), Held::default());
        for id in self.intents.values() {
            let intent = city.payments.get(&city.app, id).await.unwrap();
            let s = intent.escrow_state().unwrap();
            assert!(s.captured == 0 || s.captured == s.amount);
            assert_eq!(s.captured, s.held + s.released + s.refunding + s.refunded, "{intent:?}");
            let part = report.escrows.get(id).copied().unwrap_or_default();
            assert_eq!(
                (part.held, part.refunding),
                (i64::try_from(s.held).unwrap(), i64::try_from(s.refunding).unwrap()),
                "the record and the ledger differ: {intent:?}"
            );
            told(&intent, outcomes.get(id).map_or(&[], Vec::as_slice));
            clearing += i64::try_from(s.captured - s.refunded).unwrap();
            held.held += s.held;
            held.refunding += s.refunding;
            for line in intent.escrow.iter().flat_map(|e| e.releases.values()).flat_map(|r| &r.lines) {
                *given.entry(line.payee.clone()).or_insert(0) += i64::try_from(line.amount).unwrap();
            }
        }
        let balance = |account: &str| report.balances.get(account).copied().unwrap_or(0);
        assert_eq!(balance("clearing:sandbox"), clearing);
        for payee in [A, B] {
            let got = given.get(payee).copied().unwrap_or(0);
            assert_eq!(-balance(&format!("payee:tickets:{payee}")), got, "{payee} has what was released to it");
        }
        assert_eq!(city.payments.held(&city.app).await.unwrap(), held);
        assert_eq!(-balance("escrow:tickets"), i64::try_from(held.held).unwrap());
        assert_eq!(-balance("returning:tickets"), i64::try_from(held.refunding).unwrap());
    }

    /// What was accepted comes to an end, however long it was delayed.
    async fn end(&mut self) {
        *self.city.wire.broken.lock().unwrap() = false;
        for _ in 0..24 {
            self.city.clock.advance(300_000);
            self.city.payments.poll_once().await.unwrap();
            self.city.deliver().await;
        }
        self.check().await;
        for id in self.intents.values() {
            let intent = self.city.payments.intent_by_id(id).await.unwrap();
            let s = intent.escrow_state().unwrap();
            assert_ne!(intent.status, Status::Processing);
            assert_eq!(s.refunding, 0, "{intent:?}");
            assert_eq!(intent.status == Status::Refunded, s.captured > 0 && s.refunded == s.captured);
            if self.closed && s.held > 0 {
                let refused = intent.refunds.get("closed").is_some_and(|r| r.status == RefundStatus::Failed);
                assert!(refused, "an app that is gone keeps money: {intent:?}");
            }
        }
    }
}

/// Each outcome reached the app once, and no other.
fn told(intent: &Intent, told: &[(String, u64)]) {
    let count = |what: &str| told.iter().filter(|(o, _)| o == what).count();
    let by = |s: RefundStatus| intent.refunds.values().filter(move |r| r.status == s);
    assert_eq!(count("captured"), usize::from(intent.captured > 0), "{told:?}");
    assert_eq!(count("refunded"), by(RefundStatus::Done).count(), "{told:?}");
    assert_eq!(count("refund-failed"), by(RefundStatus::Failed).count(), "{told:?}");
    let back: u64 = told.iter().filter(|(o, _)| o == "refunded").map(|(_, a)| a).sum();
    assert_eq!(back, by(RefundStatus::Done).map(|r| r.amount).sum::<u64>());
}

/// Two releases that were staged before either committed: never both move the money.
async fn race(city: &City, id: &str, r: u8, a: u64, b: u64) {
    let Ok(before) = city.payments.intent_by_id(id).await else { return };
    let (mut first, mut second) = (city.txn(), city.txn());
    let (one, two) = (format!("race-{r}-1"), format!("race-{r}-2"));
    let _ = city.payments.release(&mut first, &city.app, id, give(&one, a, 1)).await;
    let _ = city.payments.release(&mut second, &city.app, id, give(&two, b, 1)).await;
    first.commit().await.unwrap();
    let late = second.commit().await;
    let after = city.payments.intent_by_id(id).await.unwrap();
    let given = |of: &Intent, reference: &str| of.escrow.as_ref().is_some_and(|e| e.releases.contains_key(reference));
    let won = [&one, &two].map(|r| given(&after, r) && !given(&before, r));
    assert_ne!(won, [true, true], "both releases committed");
    assert!(!won[0] || late.is_ok() || late == Err(CommitError::Conflict), "{late:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_loses_or_doubles_what_is_held(history in prop::collection::vec(steps(), 1..60)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let mut h = History::new();
            for step in history {
                h.step(step).await;
                h.check().await;
            }
            h.end().await;
        });
    }
}

#[tokio::test]
async fn a_bed_is_paid_held_partly_returned_and_settled_with_a_commission() {
    let city = City::new();
    let intent = create(&city, "order-1", 108_000).await.unwrap();
    city.payments.pay_at_cashier(&intent.id, "citizen", Behaviour::Succeed).await.unwrap();
    city.settle().await;
    assert_eq!(state(&city, &intent.id).await, [108_000, 0, 0, 0]);
    assert_eq!(city.payments.held(&city.app).await.unwrap(), Held { held: 108_000, refunding: 0 });
    refund_held(&city, &intent.id, back("less", 20_000)).await.unwrap();
    assert_eq!(state(&city, &intent.id).await, [88_000, 0, 20_000, 0], "neither held nor back");
    city.settle().await;
    release(&city, &intent.id, give("settle", 2_640, 85_360)).await.unwrap();
    assert_eq!(state(&city, &intent.id).await, [0, 88_000, 0, 20_000]);
    let report = city.payments.verify_ledger().await.unwrap();
    assert!(report.is_sound() && report.escrows.is_empty(), "{report:?}");
    let balance = |account: String| report.balances[&account];
    assert_eq!(balance(format!("payee:tickets:{A}")), -2_640);
    assert_eq!(balance(format!("payee:tickets:{B}")), -85_360);
    assert_eq!((balance("clearing:sandbox".into()), balance("escrow:tickets".into())), (88_000, 0));
    assert_eq!(
        city.outcomes().await[&intent.id],
        [("captured".to_owned(), 108_000), ("refunded".to_owned(), 20_000)],
        "a release is no event: it is done with its commit"
    );
    assert!(city.payments.held(&city.app).await.unwrap().is_nothing());
}

#[tokio::test]
async fn the_same_number_is_the_same_release_and_refund_and_another_content_is_refused() {
    let city = City::new();
    let intent = paid(&city, "order-1", Behaviour::Succeed).await;
    for _ in 0..3 {
        release(&city, &intent.id, give("s", 10, 20)).await.unwrap();
        refund_held(&city, &intent.id, back("r", 30)).await.unwrap();
        city.settle().await;
    }
    assert_eq!(state(&city, &intent.id).await, [40, 30, 0, 30]);
    for again in [
        release(&city, &intent.id, give("s", 10, 21)).await,
        release(&city, &intent.id, give("s", 20, 10)).await,
        refund_held(&city, &intent.id, back("r", 31)).await,
    ] {
        assert!(matches!(&again, Err(PaymentError::Invalid(why)) if why.contains("new reference")), "{again:?}");
    }
    // A release and a refund may have the same number: they are two things.
    refund_held(&city, &intent.id, back("s", 1)).await.unwrap();
    assert_eq!(city.payments.verify_ledger().await.unwrap().entries, 5);
}

#[tokio::test]
async fn over_what_is_held_says_how_much_that_is() {
    let city = City::new();
    let intent = paid(&city, "order-1", Behaviour::Succeed).await;
    refund_held(&city, &intent.id, back("r", 30)).await.unwrap();
    assert_eq!(
        release(&city, &intent.id, give("s", 41, 30)).await,
        Err(PaymentError::OverHeld { asked: 71, held: 70, refunding: 30, step: "released" })
    );
    let over = refund_held(&city, &intent.id, back("r-2", 71)).await.unwrap_err();
    assert!(over.to_string().contains("70 fen") && over.to_string().contains("30 are on their way"), "{over}");
    // Within one transaction too.
    let both = city
        .stage(async |txn| {
            city.payments.release(txn, &city.app, &intent.id, give("s", 40, 0)).await?;
            city.payments.refund_held(txn, &city.app, &intent.id, back("r-3", 31)).await
        })
        .await;
    assert!(matches!(both, Err(PaymentError::OverHeld { held: 30, .. })), "{both:?}");
    assert_eq!(state(&city, &intent.id).await, [70, 0, 30, 0]);
    release(&city, &intent.id, give("s", 40, 30)).await.unwrap();
}

#[tokio::test]
async fn a_refund_that_the_provider_refuses_is_held_again() {
    let city = City::new();
    let intent = paid(&city, "order-1", Behaviour::FailRefund).await;
    refund_held(&city, &intent.id, back("r", 60)).await.unwrap();
    city.settle().await;
    assert_eq!(state(&city, &intent.id).await, [100, 0, 0, 0]);
    assert_eq!(city.outcomes().await[&intent.id][1], ("refund-failed".to_owned(), 60));
    refund_held(&city, &intent.id, back("r", 60)).await.unwrap();
    city.settle().await;
    assert_eq!(city.outcomes().await[&intent.id].len(), 2, "a number is used once, whatever became of it");
    release(&city, &intent.id, give("s", 60, 40)).await.unwrap();
    assert_eq!(state(&city, &intent.id).await, [0, 100, 0, 0]);
    assert!(city.payments.verify_ledger().await.unwrap().is_sound());
}

#[tokio::test]
async fn each_kind_of_intent_says_which_words_it_has() {
    let city = City::new();
    let held = paid(&city, "order-1", Behaviour::Succeed).await;
    let plain = city.create("order-2", 60, 40).await.unwrap();
    let says = |refused: PaymentError, word: &str| {
        assert!(matches!(refused, PaymentError::WrongKind { .. }) && refused.to_string().contains(word), "{refused}");
    };
    let refunded = city.stage(async |txn| city.payments.refund(txn, &city.app, &held.id, refund("r", 1, 0)).await);
    says(refunded.await.unwrap_err(), "refund-held");
    says(release(&city, &plain.id, give("s", 1, 0)).await.unwrap_err(), "create-escrow");
    says(refund_held(&city, &plain.id, back("r", 1)).await.unwrap_err(), "`refund`");
    says(city.payments.escrow(&city.app, &plain.id).await.unwrap_err(), "`get`");
    assert!(matches!(create(&city, "order-2", 100).await, Err(PaymentError::Invalid(_))), "one kind a reference");
    assert!(matches!(city.create("order-1", 60, 40).await, Err(PaymentError::Invalid(_))));
    assert_eq!(create(&city, "order-1", 100).await.unwrap().id, held.id);
    let stranger = "stranger".parse().unwrap();
    assert!(matches!(city.payments.escrow(&stranger, &held.id).await, Err(PaymentError::UnknownIntent(_))));
    let early = create(&city, "order-3", 100).await.unwrap();
    let early = release(&city, &early.id, give("s", 1, 0)).await.unwrap_err().to_string();
    assert!(early.contains("pending") && early.contains("captured"), "{early}");
    for (reference, amount) in [("", 100), ("order-9", 0), ("order-9", 1_000_000_000_001)] {
        assert!(matches!(create(&city, reference, amount).await, Err(PaymentError::Invalid(_))), "{amount}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hundred_releases_at_once_as_many_commit_as_there_is_money_for() {
    let city = Arc::new(City::new());
    let intent = paid(&city, "order-1", Behaviour::Succeed).await;
    let racing = (0..200).map(|n| {
        let (city, id) = (city.clone(), intent.id.clone());
        tokio::spawn(async move {
            loop {
                let mut txn = Txn::new(city.store.clone());
                let new = give(&format!("s-{n}"), 4, 3);
                match city.payments.release(&mut txn, &city.app, &id, new).await {
                    Err(e) => return Err(e),
                    Ok(()) => match txn.commit().await {
                        Ok(_) => return Ok(()),
                        Err(CommitError::Conflict) => tokio::task::yield_now().await,
                        Err(e) => panic!("{e}"),
                    },
                }
            }
        })
    });
    let mut won = 0;
    for ended in racing.collect::<Vec<_>>() {
        match ended.await.unwrap() {
            Ok(()) => won += 1,
            Err(e) => assert!(matches!(e, PaymentError::OverHeld { asked: 7, .. }), "{e}"),
        }
    }
    assert_eq!(won, 14);
    assert_eq!(state(&city, &intent.id).await, [2, 98, 0, 0]);
    assert!(city.payments.verify_ledger().await.unwrap().is_sound());
}

#[tokio::test]
async fn an_app_that_holds_money_is_not_closed() {
    let city = City::new();
    let intent = paid(&city, "order-1", Behaviour::Succeed).await;
    let close = async || city.payments.close(&city.app).await;
    assert_eq!(close().await, Err(PaymentError::StillHeld { held: 100, refunding: 0 }));
    create(&city, "order-2", 100).await.expect("it goes on as before");
    release(&city, &intent.id, give("s", 60, 0)).await.unwrap();
    refund_held(&city, &intent.id, back("r", 40)).await.unwrap();
    assert_eq!(close().await, Err(PaymentError::StillHeld { held: 0, refunding: 40 }));
    city.settle().await;
    assert_eq!(close().await, Ok(()));
    assert_eq!(create(&city, "order-3", 100).await, Err(PaymentError::Closed));
}

#[tokio::test]
async fn held_money_that_arrives_for_an_app_that_is_gone_returns_by_itself() {
    let city = City::new();
    let intent = create(&city, "order-1", 100).await.unwrap();
    city.payments.pay_at_cashier(&intent.id, "citizen", Behaviour::Delay { millis: 100_000 }).await.unwrap();
    city.payments.poll_once().await.unwrap();
    city.payments.close(&city.app).await.unwrap();
    let city = city.crash();
    city.clock.advance(100_000);
    city.settle().await;
    assert_eq!(state(&city, &intent.id).await, [0, 0, 0, 100]);
    assert_eq!(city.payments.intent_by_id(&intent.id).await.unwrap().status, Status::Refunded);
    let report = city.payments.verify_ledger().await.unwrap();
    assert!(report.is_sound() && report.balances.values().all(|b| *b == 0), "{report:?}");
}

#[tokio::test]
async fn a_capture_that_commits_first_keeps_the_app_from_being_closed() {
    let city = City::new();
    let intent = create(&city, "order-1", 100).await.unwrap();
    city.payments.pay_at_cashier(&intent.id, "citizen", Behaviour::Succeed).await.unwrap();
    city.payments.poll_once().await.unwrap();
    city.payments.poll_once().await.unwrap();
    // The removal looked while nothing was held.
    assert!(city.payments.held(&city.app).await.unwrap().is_nothing());
    assert_eq!(city.deliver().await, []);
    assert_eq!(city.payments.close(&city.app).await, Err(PaymentError::StillHeld { held: 100, refunding: 0 }));
}
