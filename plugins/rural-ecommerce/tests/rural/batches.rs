//! Batches: acceptance lines 2 and 3, recalls, traces.

use crate::support::*;
use rural_ecommerce::Rural;
use rural_ecommerce::domain::batch::State as BatchState;
use rural_ecommerce::domain::listing::State as ListingState;
use rural_ecommerce::domain::order::State;
use rural_ecommerce::domain::product::Category;
use rural_ecommerce::domain::shipment::{Carrier, Units};
use rural_ecommerce::service::{batches, listings, orders, shipping, stores, trace};
use serde_json::json;

/// Acceptance line 2.
#[test]
fn apples_of_fengxian_without_a_batch_are_refused_and_the_rule_is_named() {
    let x = Xuzhou::new();
    x.store("apple-grower", "32032119900101998X", "320321111201");
    let p = x.by("apple-grower", |w| stores::put_product(w, None, &product(Category::FreshFood, 4_980))).unwrap();
    let l = x.by("apple-grower", |w| listings::draft(w, &p.id, None, &[("a".into(), 10)])).unwrap();
    let refused = x.by("apple-grower", |w| listings::submit(w, &l.id)).unwrap_err();
    assert_eq!(refused.kind(), "batch-required");
    assert!(refused.detail().zh.contains("规则：食品") && refused.detail().en.contains("The rule: food"));
    // Registered, and not tested: not yet either.
    let b = x.by("apple-grower", |w| batches::register(w, &batch_input("320321111201"))).unwrap();
    let l = x.by("apple-grower", |w| listings::draft(w, &p.id, Some(&b.id), &[("a".into(), 10)])).unwrap();
    assert_eq!(kind(x.by("apple-grower", |w| listings::submit(w, &l.id))), "batch-not-live");
    x.test(&b.id, "JC0001", true).unwrap();
    x.by("apple-grower", |w| listings::submit(w, &l.id)).unwrap();
}

/// Acceptance line 3.
#[test]
fn a_batch_that_fails_is_off_sale_at_once_and_twelve_paid_orders_are_refunded_in_full() {
    let x = Xuzhou::new();
    x.garlic_store();
    let b = x.batch("garlic-grower", PIZHOU);
    let l = x.listed("garlic-grower", &product(Category::FreshFood, 3_980), Some(&b.id), 100);
    let paid: Vec<String> = (0..12).map(|n| x.bought(&format!("buyer-{n}"), &l.id, 2).id).collect();
    for id in paid.iter().take(5) {
        x.by("garlic-grower", |w| orders::accept(w, id)).unwrap();
    }
    let unpaid = x.buy("waiting", &purchase(&l.id, 1)).unwrap();
    let sent = x.delivered(&l, "garlic-grower", "early", 1);
    x.test(&b.id, "JC0002", false).unwrap();
    // In the same commit, before any message.
    assert_eq!(kind(x.buy("after", &purchase(&l.id, 1))), "not-on-sale");
    assert_eq!(x.by("anna", |w| listings::offer(w, &l.id)).unwrap().listing.state, ListingState::Recalled);
    let told = x.published().into_iter().filter(|e| e.topic == "batch.failed").count();
    assert_eq!(told, 1, "every department is told once");
    x.settle();
    for id in &paid {
        let o = x.order(id);
        assert_eq!((o.state, o.refunds.len(), x.escrow(&o).refunded), (State::Refunded, 1, 7_960));
    }
    assert_eq!(x.order(&unpaid.id).state, State::Cancelled);
    assert_eq!(x.order(&sent.id).state, State::Delivered, "what has arrived is returned, not swept");
    // The same again changes nothing.
    for e in x.published().iter().filter(|e| e.topic.starts_with("batch.")) {
        x.deliver_event::<Rural>(e).unwrap();
    }
    x.settle();
    assert!(paid.iter().all(|id| x.order(id).refunds.len() == 1));
    assert_eq!(kind(x.test(&b.id, "JC0003", true)), "wrong-state", "nothing makes it good again");
}

#[test]
fn only_the_unsent_part_of_an_order_goes_back_when_its_batch_fails() {
    let x = Xuzhou::new();
    x.garlic_store();
    let b = x.batch("garlic-grower", PIZHOU);
    let l = x.listed("garlic-grower", &product(Category::FreshFood, 1_001), Some(&b.id), 100);
    let o = x.bought("anna", &l.id, 3);
    x.by("garlic-grower", |w| orders::accept(w, &o.id)).unwrap();
    let one = shipping::Shipping {
        units: vec![Units { line: 0, units: 1 }],
        parcels: Vec::new(),
        carrier: Carrier::Store,
        key: Some("first".into()),
    };
    let o = x.by("garlic-grower", |w| shipping::ship(w, &o.id, &one)).unwrap();
    assert_eq!(o.state, State::PartShipped);
    x.role("manager", |w| batches::recall(w, &b.id, &text("包装破损"))).unwrap();
    x.settle();
    let o = x.order(&o.id);
    assert_eq!((o.state, o.escrow.refunded(), o.escrow.held()), (State::Shipped, 2_002, 1_001));
}

#[test]
fn a_batch_that_fails_in_another_department_goes_off_sale_here_and_is_remembered() {
    let x = Xuzhou::new();
    x.garlic_store();
    let mut input = batch_input(PIZHOU);
    input.trace_code = Some("PZ32038200007".into());
    let b = x.by("garlic-grower", |w| batches::register(w, &input)).unwrap();
    x.test(&b.id, "JC0001", true).unwrap();
    let l = x.listed("garlic-grower", &product(Category::FreshFood, 3_980), Some(&b.id), 10);
    let o = x.bought("anna", &l.id, 1);
    let failed =
        |code: &str| json!({"trace_code": code, "reason": {"zh": "农残超标", "en": "residues"}, "at": TUESDAY});
    x.arrive("rural-ecommerce-pizhou", "batch.failed", Some(&b.id), &failed(&b.id));
    x.arrive("rural-ecommerce-pizhou", "batch.failed", None, &failed("PZ32038200008"));
    x.settle();
    assert_eq!(x.order(&o.id).state, State::Refunded);
    assert_eq!(trace::by_code(&b.id).unwrap().state, BatchState::Recalled);
    // A code that is known by its recall alone cannot be registered any more.
    input.trace_code = Some("PZ32038200008".into());
    assert_eq!(kind(x.by("garlic-grower", |w| batches::register(w, &input))), "invalid-fields");
    x.arrive("rural-ecommerce-pizhou", "batch.failed", None, &failed("no code"));
    x.deliver::<Rural>();
    assert_eq!(x.dead_letters().len(), 1, "nonsense is no trace code");
}

#[test]
fn a_batch_past_its_last_day_is_not_sold_whether_or_not_the_job_has_run() {
    let x = Xuzhou::new();
    x.garlic_store();
    let mut input = batch_input(PIZHOU);
    input.best_before = Some("2026-11-24".parse().unwrap());
    let b = x.by("garlic-grower", |w| batches::register(w, &input)).unwrap();
    x.test(&b.id, "JC0001", true).unwrap();
    let l = x.listed("garlic-grower", &product(Category::FreshFood, 3_980), Some(&b.id), 10);
    x.buy("anna", &purchase(&l.id, 1)).unwrap();
    x.advance(DAY);
    assert_eq!(kind(x.buy("anna", &purchase(&l.id, 1))), "batch-not-live");
    x.run_job::<Rural>("expire-batches").unwrap();
    let l = x.by("garlic-grower", |w| listings::offer(w, &l.id)).unwrap();
    assert_eq!((l.listing.state, l.batch.unwrap().state), (ListingState::Draft, BatchState::Expired));
}

#[test]
fn a_trace_is_public_and_names_nobody() {
    let x = Xuzhou::new();
    x.garlic_store();
    let b = x.batch("garlic-grower", PIZHOU);
    x.sign_out();
    let typed = format!(" {}-{} ", &b.id[..6].to_lowercase(), &b.id[6..]);
    let t = trace::by_code(&typed).unwrap();
    assert_eq!((t.code.as_str(), t.tests.len(), t.tests[0].passed), (b.id.as_str(), 1, true));
    assert!(t.origin.1.starts_with("徐州市邳州市八义集镇"), "{}", t.origin.1);
    let shown = format!("{t:?}");
    for secret in ["garlic-grower", "320324199001019997", "19900000002", "the-inspector"] {
        assert!(!shown.contains(secret), "{secret}");
    }
    assert_eq!(kind(trace::by_code("0000000000000")), "not-found");
    assert_eq!(kind(trace::by_code("<script>")), "not-found");
}

#[test]
fn who_tests_or_reviews_has_no_part_in_the_goods() {
    let x = Xuzhou::new();
    x.garlic_store();
    let b = x.by("garlic-grower", |w| batches::register(w, &batch_input(PIZHOU))).unwrap();
    x.sign_in_official("garlic-grower", &["inspector", "manager"]);
    let input = rural_ecommerce::service::batches::TestInput {
        report: "JC0001".into(),
        item: text("农残"),
        laboratory: "检测中心".into(),
        day: "2026-11-24".parse().unwrap(),
        passed: true,
    };
    assert_eq!(kind(batches::record_test(&x.who(), &b.id, &input)), "own-goods");
    let l = x.by("garlic-grower", |w| {
        let p = stores::put_product(w, None, &product(Category::Craft, 900)).unwrap();
        let l = listings::draft(w, &p.id, None, &[]).unwrap();
        listings::submit(w, &l.id).unwrap()
    });
    x.sign_in_official("garlic-grower", &["manager"]);
    assert_eq!(kind(listings::publish(&x.who(), &l.id, "")), "own-goods");
    assert_eq!(kind(x.by("anna", |w| listings::publish(w, &l.id, ""))), "role-required");
    // The same report twice is one test; with another result it is refused.
    x.test(&b.id, "JC0009", true).unwrap();
    assert_eq!(x.test(&b.id, "JC0009", true).unwrap().tests.len(), 1);
    assert_eq!(kind(x.test(&b.id, "JC0009", false)), "invalid-fields");
}

#[test]
fn who_has_goods_of_a_recalled_batch_is_told_once() {
    let x = Xuzhou::new();
    x.configure("return_days", 0);
    x.garlic_store();
    let b = x.batch("garlic-grower", PIZHOU);
    let l = x.listed("garlic-grower", &product(Category::FreshFood, 3_980), Some(&b.id), 100);
    for buyer in ["early", "done"] {
        x.delivered(&l, "garlic-grower", buyer, 1);
    }
    let done = x.all_orders().into_iter().find(|o| o.owner.as_deref() == Some("done")).unwrap();
    x.by("done", |w| orders::confirm(w, &done.id)).unwrap();
    x.bought("unsent", &l.id, 1);
    x.run();
    assert_eq!(x.order(&done.id).state, State::Settled);
    x.role("manager", |w| batches::recall(w, &b.id, &text("重金属超标"))).unwrap();
    x.settle();
    for e in x.published().iter().filter(|e| e.topic.starts_with("batch.")) {
        x.deliver_event::<Rural>(e).unwrap();
    }
    x.settle();
    let told = |who: &str| x.inbox(who).iter().filter(|n| n.title.zh.contains("已召回")).count();
    assert_eq!((told("early"), told("done"), told("unsent")), (1, 1, 0), "what was not sent is refunded instead");
}

#[test]
fn the_night_meets_every_listing_of_a_batch_whose_days_are_over_and_no_other() {
    let x = Xuzhou::new();
    x.garlic_store();
    let batch = |last: Option<&str>, report: &str| {
        let input = batches::BatchInput { best_before: last.map(|d| d.parse().unwrap()), ..batch_input(PIZHOU) };
        let b = x.by("garlic-grower", |w| batches::register(w, &input)).unwrap();
        x.test(&b.id, report, true).unwrap().id
    };
    let (over, later, keeps) =
        (batch(Some("2026-11-24"), "JC01"), batch(Some("2026-12-24"), "JC02"), batch(None, "JC03"));
    let p = x.by("garlic-grower", |w| stores::put_product(w, None, &product(Category::FreshFood, 500))).unwrap();
    for _ in 0..120 {
        let l = x.by("garlic-grower", |w| listings::draft(w, &p.id, Some(&over), &[])).unwrap();
        x.by("garlic-grower", |w| listings::submit(w, &l.id)).unwrap();
        x.approved(&l.id).unwrap();
    }
    x.advance(DAY);
    x.run_job::<Rural>("expire-batches").unwrap();
    let on_sale = listings::search(&listings::Filter::default(), 200, None).unwrap().items.len();
    assert_eq!(on_sale, 0, "more than one page of them");
    let states = [over, later, keeps].map(|code| trace::by_code(&code).unwrap().state);
    assert_eq!(states, [BatchState::Expired, BatchState::Passed, BatchState::Passed]);
}
