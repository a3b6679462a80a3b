//! Escrow, commission, settlement, refunds: the order's account and the ledger agree.

use crate::support::*;
use rural_ecommerce::domain::order::{Back, Order, RefundState, State};
use rural_ecommerce::service::orders;

fn agree(x: &Xuzhou, o: &Order) {
    let ledger = x.escrow(o);
    assert!(o.escrow.is_whole());
    assert_eq!(
        (ledger.captured, ledger.held, ledger.released, ledger.refunding + ledger.refunded),
        (o.escrow.captured(), o.escrow.held(), o.escrow.released(), o.escrow.refunded())
    );
}

fn reduction(fen: u64) -> Back {
    Back { line: 0, units: 0, shipped: false, amount: Some(fen) }
}

/// Acceptance line 5.
#[test]
fn of_1080_in_escrow_32_40_are_kept_and_1047_60_paid_and_after_a_refund_of_200_26_40_and_853_60() {
    let x = Xuzhou::new();
    let bed = x.bed(5);
    let plain = x.delivered(&bed, "bed-maker", "anna", 1);
    agree(&x, &plain);
    x.by("anna", |w| orders::confirm(w, &plain.id)).unwrap();
    x.later(7 * DAY);
    let plain = x.order(&plain.id);
    let d = plain.release.as_ref().unwrap().division;
    assert_eq!((plain.state, d.platform, d.seller), (State::Settled, 3_240, 104_760));
    agree(&x, &plain);
    assert_eq!(x.escrow(&plain).released, 108_000);

    let reduced = x.delivered(&bed, "bed-maker", "bo", 1);
    x.by("bed-maker", |w| orders::give_back(w, &reduced.id, &[reduction(20_000)], "划痕")).unwrap();
    x.settle();
    x.by("bo", |w| orders::confirm(w, &reduced.id)).unwrap();
    x.later(7 * DAY);
    let reduced = x.order(&reduced.id);
    let d = reduced.release.as_ref().unwrap().division;
    assert_eq!((reduced.escrow.refunded(), d.platform, d.seller), (20_000, 2_640, 85_360));
    agree(&x, &reduced);
}

#[test]
fn one_fen_too_much_is_refused_and_nothing_is_lost() {
    let x = Xuzhou::new();
    let bed = x.bed(5);
    let o = x.delivered(&bed, "bed-maker", "anna", 1);
    assert_eq!(kind(x.by("bed-maker", |w| orders::give_back(w, &o.id, &[reduction(108_001)], "x"))), "over-line");
    let two = [reduction(60_000), reduction(60_000)];
    assert_eq!(kind(x.by("bed-maker", |w| orders::give_back(w, &o.id, &two, "x"))), "over-line");
    assert_eq!(x.order(&o.id), o);
    agree(&x, &o);
}

#[test]
fn an_order_confirms_and_settles_by_itself_and_only_once() {
    let x = Xuzhou::new();
    let bed = x.bed(5);
    let o = x.delivered(&bed, "bed-maker", "anna", 1);
    x.later(7 * DAY - 1);
    assert_eq!(x.order(&o.id).state, State::Delivered);
    let due: Vec<_> = x.queued().into_iter().filter(|e| e.topic == "order.due").collect();
    x.later(1);
    assert_eq!(x.order(&o.id).state, State::Settled);
    for event in due {
        x.deliver_event::<rural_ecommerce::Rural>(&event).unwrap();
    }
    x.by("anna", |w| orders::confirm(w, &o.id)).unwrap();
    x.run();
    let o = x.order(&o.id);
    assert_eq!((o.escrow.released(), o.escrow.held()), (108_000, 0));
    agree(&x, &o);
}

#[test]
fn a_refund_that_the_provider_refuses_is_held_again_until_somebody_asks_again() {
    let x = Xuzhou::new();
    let bed = x.bed(5);
    let o = x.delivered(&bed, "bed-maker", "anna", 1);
    x.by("bed-maker", |w| orders::give_back(w, &o.id, &[reduction(8_000)], "划痕")).unwrap();
    x.refuse_refunds("declined");
    x.run();
    let failed = x.order(&o.id);
    assert_eq!((failed.refunds[0].state, failed.escrow.held()), (RefundState::Failed, 108_000));
    agree(&x, &failed);
    assert_eq!(kind(x.by("anna", |w| orders::confirm(w, &o.id))), "escrow-held");
    x.by("anna", |w| orders::retry_refunds(w, &o.id)).unwrap();
    assert_eq!(kind(x.by("anna", |w| orders::retry_refunds(w, &o.id))), "nothing-chosen");
    x.settle();
    x.by("anna", |w| orders::confirm(w, &o.id)).unwrap();
    x.later(7 * DAY);
    let o = x.order(&o.id);
    assert_eq!((o.state, o.escrow.refunded(), o.escrow.released()), (State::Settled, 8_000, 100_000));
    agree(&x, &o);
}

#[test]
fn a_store_that_does_not_accept_gives_the_money_back_by_the_clock() {
    let x = Xuzhou::new();
    let bed = x.bed(1);
    let o = x.bought("anna", &bed.id, 1);
    x.later(3 * DAY);
    x.settle();
    let o = x.order(&o.id);
    assert_eq!((o.state, o.escrow.refunded(), x.stock(&bed.id)), (State::Refunded, 108_000, 1));
    agree(&x, &o);
}

#[test]
fn a_payment_of_another_amount_becomes_a_dead_letter_and_changes_nothing() {
    let x = Xuzhou::new();
    let bed = x.bed(1);
    let o = x.buy("anna", &purchase(&bed.id, 1)).unwrap();
    x.pay(&format!("intent-{}", o.id));
    let mut event = x.queued().into_iter().find(|e| e.topic == "city.payments").unwrap();
    event.data = event.data.replace("108000", "108001");
    assert!(x.deliver_event::<rural_ecommerce::Rural>(&event).is_err());
    assert_eq!(x.order(&o.id).state, State::Placed);
}

#[test]
fn the_same_payment_a_hundred_times_is_one() {
    let x = Xuzhou::new();
    let bed = x.bed(1);
    let o = x.buy("anna", &purchase(&bed.id, 1)).unwrap();
    x.pay(&format!("intent-{}", o.id));
    let event = x.queued().into_iter().find(|e| e.topic == "city.payments").unwrap();
    for _ in 0..100 {
        x.deliver_event::<rural_ecommerce::Rural>(&event).unwrap();
    }
    let o = x.order(&o.id);
    assert_eq!((o.escrow.captured(), o.escrow.entries().len()), (108_000, 1));
    assert_eq!(x.inbox("bed-maker").len(), 1, "the seller is told once");
}

#[test]
fn a_manager_who_is_a_party_of_an_order_decides_nothing_of_it() {
    let x = Xuzhou::new();
    let bed = x.bed(5);
    let o = x.delivered(&bed, "bed-maker", "anna", 1);
    x.sign_in_official("anna", &["manager"]);
    assert_eq!(kind(orders::give_back(&x.who(), &o.id, &[reduction(108_000)], "x")), "own-goods");
    assert!(x.audit().iter().any(|r| r.action == "order.own" && r.target == o.id), "the attempt is recorded");
    assert_eq!(x.order(&o.id), o);
    // The seller gives back as the seller, whatever else they are.
    x.sign_in_official("bed-maker", &["manager"]);
    orders::give_back(&x.who(), &o.id, &[reduction(1)], "让价").unwrap();
    x.role("manager", |w| orders::give_back(w, &o.id, &[reduction(1)], "投诉")).unwrap();
}

#[test]
fn units_and_an_amount_for_one_line_are_refused_at_the_amount() {
    let x = Xuzhou::new();
    let bed = x.bed(5);
    let o = x.bought("anna", &bed.id, 2);
    let both = [reduction(1), Back { line: 0, units: 1, shipped: false, amount: Some(500) }];
    let refused = x.by("bed-maker", |w| orders::give_back(w, &o.id, &both, "缺货")).unwrap_err();
    let rural_ecommerce::service::Refusal::Fields(fields) = refused else { panic!("{refused:?}") };
    assert_eq!(fields.iter().map(|f| f.pointer.as_str()).collect::<Vec<_>>(), ["/backs/1/amount"]);
    assert_eq!(x.order(&o.id), o);
}
