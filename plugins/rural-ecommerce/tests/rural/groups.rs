//! Group buys: acceptance line 4.

use crate::support::*;
use rural_ecommerce::domain::group::{GroupBuy, State as GroupState};
use rural_ecommerce::domain::listing::Listing;
use rural_ecommerce::domain::order::State;
use rural_ecommerce::domain::product::Category;
use rural_ecommerce::service::checkout::Purchase;
use rural_ecommerce::service::groups::NewGroup;
use rural_ecommerce::service::{groups, orders};

fn begun(x: &Xuzhou) -> (Listing, GroupBuy) {
    x.configure("pay_minutes", 120);
    x.garlic_store();
    let l = x.listed("garlic-grower", &product(Category::Craft, 1_000), None, 100);
    let new =
        NewGroup { listing: l.id.clone(), sku: "a".into(), price: 900, minimum: 20, deadline: (TUESDAY + HOUR) as i64 };
    let g = x.by("garlic-grower", |w| groups::open(w, &new)).unwrap();
    (l, g)
}

fn join(l: &Listing, g: &GroupBuy) -> Purchase {
    Purchase { group: Some(g.id.clone()), ..purchase(&l.id, 1) }
}

fn joined(x: &Xuzhou, l: &Listing, g: &GroupBuy, people: usize) -> Vec<String> {
    (0..people).map(|n| x.paid(&x.buy(&format!("member-{n}"), &join(l, g)).unwrap().id).id).collect()
}

#[test]
fn nineteen_at_the_deadline_are_all_refunded_once() {
    let x = Xuzhou::new();
    let (l, g) = begun(&x);
    let members = joined(&x, &l, &g, 19);
    assert_eq!(kind(x.by("garlic-grower", |w| orders::accept(w, &members[0]))), "group-open");
    // One more has placed an order and not paid.
    let unpaid = x.buy("late", &join(&l, &g)).unwrap();
    x.later(HOUR + MINUTE);
    assert_eq!(groups::get(&g.id).unwrap().state, GroupState::Failed);
    let sweeps: Vec<_> = x.published().into_iter().filter(|e| e.topic.starts_with("group.")).collect();
    x.settle();
    // Whatever arrives again changes nothing.
    for event in sweeps {
        x.deliver_event::<rural_ecommerce::Rural>(&event).unwrap();
    }
    x.settle();
    for id in &members {
        let o = x.order(id);
        assert_eq!((o.state, o.refunds.len(), x.escrow(&o).refunded), (State::Refunded, 1, 900));
    }
    assert_eq!((x.order(&unpaid.id).state, x.stock(&l.id)), (State::Cancelled, 100));
}

#[test]
fn the_twentieth_in_the_last_millisecond_forms_the_group() {
    let x = Xuzhou::new();
    let (l, g) = begun(&x);
    let members = joined(&x, &l, &g, 19);
    let last = x.buy("twentieth", &join(&l, &g)).unwrap();
    x.set_now(TUESDAY + HOUR - 1);
    x.pay(&format!("intent-{}", last.id));
    // Its word comes when the deadline is over.
    x.later(10_000);
    assert_eq!(groups::get(&g.id).unwrap().state, GroupState::Formed);
    x.later(2 * MINUTE);
    assert_eq!(x.order(&last.id).state, State::Paid);
    for id in members.iter().chain([&last.id]) {
        x.by("garlic-grower", |w| orders::accept(w, id)).unwrap();
    }
}

#[test]
fn money_at_the_deadline_is_too_late_and_goes_back() {
    let x = Xuzhou::new();
    let (l, g) = begun(&x);
    joined(&x, &l, &g, 19);
    let late = x.buy("late", &join(&l, &g)).unwrap();
    x.set_now(TUESDAY + HOUR);
    x.pay(&format!("intent-{}", late.id));
    x.settle();
    let o = x.order(&late.id);
    assert_eq!((o.state, o.refunds[0].reason.as_str()), (State::Refunded, "group-over"));
    x.later(2 * MINUTE);
    assert_eq!(groups::get(&g.id).unwrap().state, GroupState::Failed);
    assert_eq!(kind(x.buy("later", &join(&l, &g))), "group-over");
}

#[test]
fn one_person_joins_once_alone_and_may_leave_and_come_back() {
    let x = Xuzhou::new();
    let (l, g) = begun(&x);
    let first = joined(&x, &l, &g, 1).remove(0);
    assert_eq!(kind(x.buy("member-0", &join(&l, &g))), "group-joined");
    x.by("member-0", |w| orders::cancel(w, &first)).unwrap();
    assert_eq!(groups::get(&g.id).unwrap().paid, 0);
    x.buy("member-0", &join(&l, &g)).unwrap();
    let mut mixed = join(&l, &g);
    mixed.coupon = Some("YUN1000".into());
    assert_eq!(kind(x.buy("other", &mixed)), "group-other-goods");
}

#[test]
fn an_open_group_is_found_however_many_are_over() {
    let x = Xuzhou::new();
    let (l, g) = begun(&x);
    let open = |n: u64| {
        let deadline = (TUESDAY + n * MINUTE) as i64;
        let new = NewGroup { listing: l.id.clone(), sku: "a".into(), price: 900, minimum: 20, deadline };
        x.by("garlic-grower", |w| groups::open(w, &new)).unwrap();
    };
    (1..=55).for_each(open);
    assert_eq!(groups::of_listing(&l.id).unwrap()[0].deadline, (TUESDAY + MINUTE) as i64, "the first deadline first");
    x.later(57 * MINUTE);
    let found: Vec<_> = groups::of_listing(&l.id).unwrap().into_iter().map(|g| g.id).collect();
    assert_eq!(found, [g.id]);
}
