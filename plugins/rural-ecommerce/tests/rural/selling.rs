//! Farmers, stores, products and listings.

use crate::support::*;
use rural_ecommerce::domain::farmer::{Registration, Status, Step};
use rural_ecommerce::domain::listing::State;
use rural_ecommerce::domain::product::Category;
use rural_ecommerce::service::{farmers, listings, stores};

fn registration(document: &str) -> Registration {
    Registration {
        document: document.into(),
        name: "农户".into(),
        phone: "19900000003".into(),
        village: DONGFENG.into(),
    }
}

#[test]
fn a_document_is_registered_once_and_nothing_of_it_is_in_an_index_or_an_audit_row() {
    let x = Xuzhou::new();
    let r = registration("320311199001019995");
    let f = x.by("one", |w| farmers::register(w, &r)).unwrap();
    assert_eq!((f.status, f.payee.as_str()), (Status::Applied, "93320382MA000TX30Q"), "a cooperative collects");
    assert_eq!(kind(x.by("two", |w| farmers::register(w, &r))), "document-taken");
    assert!(!f.document_hash.contains("320311"));
    assert!(x.audit().iter().all(|a| !format!("{a:?}").contains("320311199001019995")));
    assert_eq!(f.masked(), "320311********9995");
    for bad in ["320302199001019990", "320302199002299996", ""] {
        assert_eq!(kind(x.by("three", |w| farmers::register(w, &registration(bad)))), "invalid-fields", "{bad}");
    }
    // A county that was abolished in 2010 still stands in people's numbers.
    x.by("four", |w| farmers::register(w, &registration("320323199001019990"))).unwrap();
}

#[test]
fn a_farmer_sells_after_a_manager_has_approved_and_stops_when_suspended() {
    let x = Xuzhou::new();
    let f = x.by("one", |w| farmers::register(w, &registration("92320324MA000TX221"))).unwrap();
    let input = stores::StoreInput { name: text("店"), intro: text("介绍"), address: "村部".into() };
    assert_eq!(kind(x.by("one", |w| stores::open_or_edit(w, &input))), "not-selling");
    assert_eq!(kind(x.by("one", |w| farmers::decide(w, &f.id, Step::Approve, ""))), "role-required");
    assert_eq!(kind(x.role("manager", |w| farmers::decide(w, &f.id, Step::Refuse, " "))), "invalid-fields");
    x.role("manager", |w| farmers::decide(w, &f.id, Step::Refuse, "照片不清")).unwrap();
    x.by("one", |w| farmers::register(w, &registration("92320324MA000TX221"))).unwrap();
    x.role("manager", |w| farmers::decide(w, &f.id, Step::Approve, "")).unwrap();
    let s = x.by("one", |w| stores::open_or_edit(w, &input)).unwrap();
    assert_eq!(s.payee, "92320324MA000TX221", "a trader is paid under their own code");
    let l = x.listed("one", &product(Category::Craft, 900), None, 5);
    x.role("manager", |w| farmers::decide(w, &f.id, Step::Suspend, "投诉核查")).unwrap();
    assert_eq!(kind(x.buy("anna", &purchase(&l.id, 1))), "not-selling");
    assert_eq!(kind(x.by("one", |w| listings::withdraw(w, &l.id, None))), "not-selling");
    x.sign_in_official("one", &["manager"]);
    assert_eq!(kind(farmers::decide(&x.who(), &f.id, Step::Approve, "")), "own-goods", "not on oneself");
}

#[test]
fn a_listing_goes_from_draft_over_review_to_sale_and_back() {
    let x = Xuzhou::new();
    x.furniture_store();
    let p = x.by("bed-maker", |w| stores::put_product(w, None, &product(Category::Furniture, 108_000))).unwrap();
    let l = x.by("bed-maker", |w| listings::draft(w, &p.id, None, &[("a".into(), 10)])).unwrap();
    assert_eq!(kind(x.by("anna", |w| listings::offer(w, &l.id))), "not-found", "a draft is its seller's");
    assert_eq!(kind(x.approved(&l.id)), "wrong-state");
    x.by("bed-maker", |w| listings::submit(w, &l.id)).unwrap();
    assert_eq!(x.role("manager", |w| listings::waiting(w, 10, None)).unwrap().items.len(), 1);
    x.role("manager", |w| listings::send_back(w, &l.id, &text("补充尺寸"))).unwrap();
    x.by("bed-maker", |w| listings::submit(w, &l.id)).unwrap();
    assert_eq!(x.approved(&l.id).unwrap().state, State::OnSale);
    assert_eq!(x.by("anna", |w| listings::offer(w, &l.id)).unwrap().skus[0].1, 10);
    x.by("bed-maker", |w| listings::withdraw(w, &l.id, None)).unwrap();
    assert_eq!(kind(x.buy("anna", &purchase(&l.id, 1))), "not-on-sale");
}

#[test]
fn stock_is_added_and_taken_and_never_below_none() {
    let x = Xuzhou::new();
    let bed = x.bed(3);
    let add = |n| x.by("bed-maker", |w| listings::add_stock(w, &bed.id, "a", n));
    assert_eq!(add(4).unwrap(), 7);
    assert_eq!(kind(add(-8)), "sold-out");
    assert_eq!(add(-7).unwrap(), 0);
    assert_eq!(kind(x.by("bed-maker", |w| listings::add_stock(w, &bed.id, "no-such", 1))), "invalid-fields");
}

#[test]
fn processed_food_needs_the_licence_besides_the_batch() {
    let x = Xuzhou::new();
    x.garlic_store();
    let b = x.batch("garlic-grower", PIZHOU);
    let mut p = product(Category::Food, 2_990);
    p.licences[0].until = "2026-11-23".parse().unwrap();
    let p = x.by("garlic-grower", |w| stores::put_product(w, None, &p)).unwrap();
    let l = x.by("garlic-grower", |w| listings::draft(w, &p.id, Some(&b.id), &[])).unwrap();
    assert_eq!(kind(x.by("garlic-grower", |w| listings::submit(w, &l.id))), "licence-required", "it ran out yesterday");
    // Another store's batch and product are none of one's own.
    x.furniture_store();
    assert_eq!(kind(x.by("bed-maker", |w| listings::draft(w, &p.id, None, &[]))), "not-found");
    let own = x.by("bed-maker", |w| stores::put_product(w, None, &product(Category::FreshFood, 500))).unwrap();
    assert_eq!(kind(x.by("bed-maker", |w| listings::draft(w, &own.id, Some(&b.id), &[]))), "invalid-fields");
    assert_eq!(
        kind(x.by("bed-maker", |w| stores::put_product(w, Some(&p.id), &product(Category::Craft, 1)))),
        "not-found"
    );
}

#[test]
fn what_was_reviewed_is_what_is_sold_and_a_change_is_reviewed_again() {
    let x = Xuzhou::new();
    let bed = x.bed(5);
    let p = stores::product(&bed.product).unwrap();
    let put = |p: &rural_ecommerce::domain::product::Product| {
        x.by("bed-maker", |w| stores::put_product(w, Some(&p.id), p)).unwrap();
        let l = x.by("bed-maker", |w| listings::offer(w, &bed.id)).unwrap().listing;
        (l.state, l.price_from)
    };
    let mut dearer = p.clone();
    dearer.skus[0].price = 118_000;
    assert_eq!(put(&dearer), (State::OnSale, 118_000), "a price is the seller's own");
    let change: [fn(&mut rural_ecommerce::domain::product::Product); 4] = [
        |p| p.title = text("另一种货"),
        |p| p.description = text("另一种说明"),
        |p| p.skus[0].grams = 5,
        |p| p.skus.push(rural_ecommerce::domain::product::Sku { id: "b".into(), ..sku(1, 1) }),
    ];
    let mut now = dearer;
    for f in change {
        f(&mut now);
        assert_eq!(put(&now).0, State::Review);
        assert_eq!(kind(x.buy("anna", &purchase(&bed.id, 1))), "not-on-sale");
        assert_eq!(put(&now).0, State::Review, "the same again");
        x.approved(&bed.id).unwrap();
    }
    assert_eq!(x.by("anna", |w| listings::offer(w, &bed.id)).unwrap().listing.title, text("另一种货"));
}

#[test]
fn a_manager_approves_what_they_looked_at_and_nothing_that_was_changed_since() {
    let x = Xuzhou::new();
    x.furniture_store();
    let p = x.by("bed-maker", |w| stores::put_product(w, None, &product(Category::Furniture, 108_000))).unwrap();
    let l = x.by("bed-maker", |w| listings::draft(w, &p.id, None, &[("a".into(), 10)])).unwrap();
    x.by("bed-maker", |w| listings::submit(w, &l.id)).unwrap();
    let looked = || x.role("manager", |w| listings::offer(w, &l.id)).unwrap().version;
    let approve = |seen: &str| x.role("manager", |w| listings::publish(w, &l.id, seen));
    let seen = looked();
    let other = rural_ecommerce::domain::product::Product { title: text("另一种货"), ..p.clone() };
    x.by("bed-maker", |w| stores::put_product(w, Some(&p.id), &other)).unwrap();
    assert_eq!(kind(approve(&seen)), "changed-since-seen");
    assert_eq!(kind(x.buy("anna", &purchase(&l.id, 1))), "not-on-sale", "nothing came of it");
    // Also by way of another manager, who sent it back meanwhile.
    let seen = looked();
    x.role("manager", |w| listings::send_back(w, &l.id, &text("补充尺寸"))).unwrap();
    x.by("bed-maker", |w| stores::put_product(w, Some(&p.id), &p)).unwrap();
    x.by("bed-maker", |w| listings::submit(w, &l.id)).unwrap();
    assert_eq!(kind(approve(&seen)), "changed-since-seen");
    assert_eq!(approve(&looked()).unwrap().state, State::OnSale);
}
