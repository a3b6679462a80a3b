//! Carts, stock, coupons, idempotency, and who may see what.

use crate::support::*;
use rural_ecommerce::Rural;
use rural_ecommerce::domain::cart::CartLine;
use rural_ecommerce::domain::coupon::{Coupon, Off};
use rural_ecommerce::domain::order::State;
use rural_ecommerce::domain::product::Category;
use rural_ecommerce::service::checkout::Item;
use rural_ecommerce::service::orders::Wanted;
use rural_ecommerce::service::{Refusal, cart, checkout, coupons, listings, orders};

/// Acceptance line 1.
#[test]
fn of_fifty_buyers_of_ten_beds_ten_have_an_order() {
    let x = Xuzhou::new();
    let bed = x.bed(10);
    let mut refused = 0;
    for n in 0..50 {
        // Commits that meet others, as they do at once.
        x.conflict_next(n % 3);
        match x.buy(&format!("buyer-{n}"), &purchase(&bed.id, 1)) {
            Ok(o) => assert_eq!((o.total, o.state), (108_000, State::Placed)),
            Err(Refusal::SoldOut { left: 0, .. }) => refused += 1,
            Err(e) => panic!("{e:?}"),
        }
    }
    assert_eq!((x.all_orders().len(), refused, x.stock(&bed.id)), (10, 40, 0));
}

#[test]
fn an_unpaid_order_gives_its_goods_back_when_its_time_is_over() {
    let x = Xuzhou::new();
    let bed = x.bed(2);
    let o = x.buy("anna", &purchase(&bed.id, 2)).unwrap();
    x.later(30 * MINUTE);
    assert_eq!(kind(x.by("anna", |w| orders::pay(w, &o.id, false))), "wrong-state", "before its message, too");
    x.later(MINUTE);
    assert_eq!((x.order(&o.id).state, x.stock(&bed.id)), (State::Cancelled, 2));
    // Money that was on its way goes back by itself.
    x.pay(&format!("intent-{}", o.id));
    x.settle();
    let late = x.order(&o.id);
    assert_eq!((late.state, late.escrow.refunded(), x.stock(&bed.id)), (State::Refunded, 108_000 * 2, 2));
    assert_eq!(x.escrow(&late).refunded, 216_000);
}

#[test]
fn money_in_the_last_moment_counts_although_its_word_comes_later() {
    let x = Xuzhou::new();
    let bed = x.bed(1);
    let o = x.buy("anna", &purchase(&bed.id, 1)).unwrap();
    x.advance(30 * MINUTE - 1);
    x.pay(&format!("intent-{}", o.id));
    x.later(30_000);
    assert_eq!(x.order(&o.id).state, State::Paid);
}

#[test]
fn one_key_makes_one_purchase_and_another_request_under_it_is_refused() {
    let x = Xuzhou::new();
    let bed = x.bed(5);
    let place = |n| x.by("anna", |w| checkout::place(w, Some("key-1"), &purchase(&bed.id, n)));
    let first = place(2).unwrap();
    assert_eq!(place(2).unwrap()[0].id, first[0].id);
    assert_eq!(kind(place(3)), "idempotency-key-reused");
    assert_eq!((x.all_orders().len(), x.stock(&bed.id)), (1, 3));
    let other = x.by("bo", |w| checkout::place(w, Some("key-1"), &purchase(&bed.id, 2))).unwrap();
    assert_ne!(other[0].id, first[0].id, "another's key");
}

#[test]
fn a_cart_of_two_stores_makes_two_orders_or_none() {
    let x = Xuzhou::new();
    let bed = x.bed(1);
    x.garlic_store();
    let craft = x.listed("garlic-grower", &product(Category::Craft, 1_500), None, 3);
    for (id, n) in [(&bed.id, 1), (&craft.id, 4)] {
        x.by("anna", |w| cart::set(w, &CartLine { listing: id.clone(), sku: "a".into(), quantity: n })).unwrap();
    }
    let shown = x.by("anna", cart::get).unwrap();
    assert_eq!((shown.len(), shown[0].refused.is_none(), shown[1].refused.is_some()), (2, true, true));
    let mut both = purchase(&bed.id, 1);
    both.items.push(Item { listing: craft.id.clone(), sku: "a".into(), quantity: 4 });
    let refused = x.by("anna", |w| checkout::place(w, None, &both)).unwrap_err();
    assert!(matches!(refused, Refusal::SoldOut { left: 3, ref key } if key.starts_with(&craft.id)), "{refused:?}");
    assert_eq!((x.all_orders().len(), x.stock(&bed.id)), (0, 1), "nothing was taken");
    both.items[1].quantity = 3;
    both.expected_total = Some(1);
    assert_eq!(kind(x.by("anna", |w| checkout::place(w, None, &both))), "price-changed");
    both.expected_total = Some(112_500);
    let made = x.by("anna", |w| checkout::place(w, None, &both)).unwrap();
    assert_eq!(made.iter().map(|o| o.total).collect::<Vec<_>>(), [108_000, 4_500]);
    assert!(x.by("anna", cart::get).unwrap().is_empty(), "what was bought left the cart");
}

#[test]
fn a_coupon_is_divided_to_the_fen_and_used_once_a_person() {
    let x = Xuzhou::new();
    x.garlic_store();
    let l = x.listed("garlic-grower", &product(Category::Craft, 3_333), None, 30);
    let day = |s: &str| s.parse().unwrap();
    let coupon = Coupon {
        id: "YUN1000".into(),
        store: String::new(),
        title: text("满减"),
        off: Off::Amount { fen: 1_000 },
        from_amount: 5_000,
        from: day("2026-11-01"),
        until: day("2026-11-30"),
        uses: 2,
        active: true,
    };
    x.by("garlic-grower", |w| coupons::put(w, &coupon)).unwrap();
    let mut p = purchase(&l.id, 1);
    p.coupon = Some("YUN1000".into());
    assert_eq!(kind(x.buy("anna", &p)), "coupon-too-small");
    p.items[0].quantity = 3;
    let o = x.buy("anna", &p).unwrap();
    assert_eq!((o.total, o.lines[0].discount), (8_999, 1_000));
    assert_eq!(kind(x.buy("anna", &p)), "coupon-used");
    x.buy("bo", &p).unwrap();
    assert_eq!(kind(x.buy("cara", &p)), "coupon-used-up");
    // Who gives the order up can use it again.
    x.by("anna", |w| orders::cancel(w, &o.id)).unwrap();
    assert_eq!(x.buy("anna", &p).unwrap().total, 8_999);
}

#[test]
fn nobody_sees_or_changes_an_order_that_is_not_theirs() {
    let x = Xuzhou::new();
    let bed = x.bed(3);
    let o = x.bought("anna", &bed.id, 1);
    x.garlic_store();
    for other in ["bo", "garlic-grower"] {
        assert_eq!(kind(x.by(other, |w| orders::get(w, &o.id))), "not-found");
        assert_eq!(kind(x.by(other, |w| orders::cancel(w, &o.id))), "not-found");
        assert_eq!(kind(x.by(other, |w| orders::accept(w, &o.id))), "not-found");
        assert_eq!(kind(x.by(other, |w| orders::confirm(w, &o.id))), "not-found");
        assert_eq!(kind(x.by(other, |w| listings::add_stock(w, &bed.id, "a", 5))), {
            if other == "bo" { "not-selling" } else { "not-found" }
        });
    }
    assert_eq!(kind(x.role("arbiter", |w| orders::get(w, &o.id))), "not-found", "nothing is in dispute");
    assert_eq!(kind(x.by("bed-maker", |w| orders::cancel(w, &o.id))), "role-required");
    x.sign_out();
    assert_eq!(kind(orders::list(&x.who(), &Wanted::default(), 10, None)), "other", "sign in first");
    assert_eq!(x.by("anna", |w| orders::list(w, &Wanted::default(), 10, None)).unwrap().items.len(), 1);
}

#[test]
fn a_buyer_holds_so_many_unpaid_orders_and_no_more() {
    let x = Xuzhou::new();
    x.configure("max_open_orders", 2);
    let bed = x.bed(9);
    let first = x.buy("anna", &purchase(&bed.id, 1)).unwrap();
    x.buy("anna", &purchase(&bed.id, 1)).unwrap();
    assert_eq!(kind(x.buy("anna", &purchase(&bed.id, 1))), "too-many-open-orders");
    x.paid(&first.id);
    x.buy("anna", &purchase(&bed.id, 1)).unwrap();
}

#[test]
fn bad_input_is_refused_field_by_field_and_takes_nothing() {
    let x = Xuzhou::new();
    let bed = x.bed(9);
    let mut p = purchase(&bed.id, 0);
    assert_eq!(kind(x.buy("anna", &p)), "invalid-fields");
    p.items[0].quantity = 1_000;
    assert_eq!(kind(x.buy("anna", &p)), "invalid-fields");
    p.items[0].quantity = 1;
    p.items.push(p.items[0].clone());
    assert_eq!(kind(x.buy("anna", &p)), "invalid-fields");
    p.items.truncate(1);
    p.recipient.division = "320324109999".into();
    assert_eq!(kind(x.buy("anna", &p)), "unknown-village");
    p.recipient = recipient();
    p.recipient.phone = "12345".into();
    assert_eq!(kind(x.buy("anna", &p)), "invalid-fields");
    p.recipient = recipient();
    p.items[0].listing = "../x".into();
    assert_eq!(kind(x.buy("anna", &p)), "not-found");
    assert_eq!((x.stock(&bed.id), x.all_orders().len()), (9, 0));
    assert_eq!(x.deliver::<Rural>().dead, 0);
}
